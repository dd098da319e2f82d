//! Aggregates of a query: what comes of its rows is added up on the way, and no list is made.

use super::*;

/// A builtin of values that are counted in one after the other.
pub(super) struct Accumulator<'s> {
    /// What it has come to, in locals.
    pub(super) states: Vec<State>,
    /// Whether any value was counted in, if the builtin has to know: a local, false at first.
    pub(super) any: Option<Expr>,
    /// Counts a value in.
    pub(super) step: Box<StepIn<'s>>,
    /// What the builtin gives.
    pub(super) result: Expr,
}

/// A local of an accumulator with what it holds at first.
pub(super) struct State {
    pub(super) local: Expr,
    pub(super) initial: Expr,
}

/// What is done with a value.
type StepIn<'s> = dyn Fn(&mut Walk<'_, '_, '_>, Expr) -> Block + 's;

impl<'p> Walk<'_, 'p, '_> {
    /// A builtin of the results of a query, the expression `of`; none where those have to be a list: because they are
    /// sorted or cut, or no numbers.
    pub(in crate::check::walk) fn aggregate_of_query(
        &mut self,
        builtin: Builtin,
        of: ExprId,
        span: Span,
    ) -> Option<Expr> {
        let query = self.plain_query(of)?;
        let results = self.infer.new_container(self.id, of, Shape::List, 1);
        let element = self.infer.part(results.kind, 0, self.id);
        if !can_add_up(builtin, element) {
            return None;
        }
        let before = self.present.clone();
        let enough = self.enough.take();
        self.infer.depth += 1;
        let mut body = Block::new();
        let sum = self.accumulator(builtin, element.without_none(), span);
        for State { local, initial } in &sum.states {
            body.push(assign(local, initial.clone()));
        }
        if let Some(any) = &sum.any {
            body.push(assign(any, shape::bool(false, span)));
        }
        if builtin == Builtin::Exists {
            self.enough = sum.any.as_ref().map(local_of);
        }
        self.each_result(query, &mut body, span, &mut |walk, out| {
            let value = walk.expr(query.select);
            walk.count_in((builtin, &sum), value, (results, element), out);
        });
        self.infer.depth -= 1;
        self.enough = enough;
        self.present = before;
        let ty = sum.result.ty;
        Some(shape::expr(ExprKind::Block { body, then: Box::new(sum.result) }, ty, span))
    }

    /// Counts a value in, which is one of `results`, whose elements are known to be of type `element`.
    pub(super) fn count_in(
        &mut self,
        (builtin, sum): (Builtin, &Accumulator<'_>),
        value: Expr,
        (results, element): (Type, Type),
        out: &mut Block,
    ) {
        let span = value.span;
        self.infer.join_part(results.kind, 0, value.ty, span);
        if value.ty == Type::NEVER {
            return;
        }
        let held = self.infer.part(results.kind, 0, self.id);
        if counts(builtin) {
            if !shape::is_droppable(&value) {
                out.push(Stmt { kind: StmtKind::Expr(value.clone()), span });
            }
        } else if held.kind != element.kind {
            // The next walk knows better.
            return;
        }
        let value = if counts(builtin) { value } else { shape::convert(value, held) };
        // A none that stands there is no number under any test.
        let is_plain = counts(builtin) || shape::is_movable(&value) && !matches!(value.kind, ExprKind::None);
        let value = if is_plain { value } else { self.set_new(value, out) };
        out.append(&mut (sum.step)(self, value));
        if let Some(any) = &sum.any {
            out.push(assign(any, shape::bool(true, span)));
        }
    }

    /// How a builtin of values of type `number`, or of none, comes about.
    pub(super) fn accumulator<'s>(&mut self, builtin: Builtin, number: Type, span: Span) -> Accumulator<'s> {
        let zero = if number.kind == Kind::Float { shape::float(0.0, span) } else { shape::int(0, span) };
        let mut states = Vec::new();
        let mut state = |walk: &mut Self, initial: Expr| {
            let local = walk.new_local(initial.ty, span);
            states.push(State { local: local.clone(), initial });
            local
        };
        let mut any = None;
        let (result, step): (Expr, Box<StepIn<'s>>) = match builtin {
            Builtin::Count | Builtin::Len => {
                let count = state(self, shape::int(0, span));
                let more = arith(ArithOp::Add, count.clone(), shape::int(1, span));
                (count.clone(), Box::new(move |_, _| vec![assign(&count, more.clone())]))
            }
            Builtin::Exists => {
                let found = self.new_local(Type::BOOL, span);
                any = Some(found.clone());
                (found, Box::new(|_, _| Block::new()))
            }
            Builtin::Sum => {
                let total = state(self, zero.clone());
                let sum = total.clone();
                let step = move |walk: &mut Walk<'_, '_, '_>, value: Expr| {
                    let value = walk.unless_none(value, zero.clone(), |_, value| value);
                    vec![assign(&total, plus(total.clone(), value))]
                };
                (sum, Box::new(step))
            }
            Builtin::Avg => {
                let total = state(self, shape::float(0.0, span));
                let count = state(self, shape::float(0.0, span));
                let is_empty = compare(CompareOp::Eq, count.clone(), shape::float(0.0, span));
                let (lhs, rhs) = (Box::new(total.clone()), Box::new(count.clone()));
                let quotient = shape::expr(ExprKind::Arith { op: ArithOp::Div, lhs, rhs }, Type::FLOAT, span);
                let average = shape::choice(is_empty, shape::float(0.0, span), quotient, span);
                let step = move |_: &mut Walk<'_, '_, '_>, value: Expr| {
                    let number = shape::to_float(shape::present(value.clone()));
                    let then = vec![
                        assign(&total, plus(total.clone(), number)),
                        assign(&count, plus(count.clone(), shape::float(1.0, span))),
                    ];
                    unless_none(value, then)
                };
                (average, Box::new(step))
            }
            _ => {
                let best = state(self, zero.clone());
                let found = self.new_local(Type::BOOL, span);
                any = Some(found.clone());
                let op = if builtin == Builtin::Min { CompareOp::Lt } else { CompareOp::Gt };
                let known = best.clone();
                let step = move |walk: &mut Walk<'_, '_, '_>, value: Expr| {
                    let mut out = Block::new();
                    let value = walk.unless_none(value, zero.clone(), |_, value| value);
                    let value = if shape::is_movable(&value) { value } else { walk.set_new(value, &mut out) };
                    let is_better = compare(op, value.clone(), best.clone());
                    let (lhs, rhs) = (Box::new(shape::not(found.clone())), Box::new(is_better));
                    let cond = shape::expr(ExprKind::Or { lhs, rhs }, Type::BOOL, span);
                    let then = vec![assign(&best, value)];
                    out.push(Stmt { kind: StmtKind::If { cond, then, otherwise: Block::new() }, span });
                    out
                };
                (known, Box::new(step))
            }
        };
        Accumulator { states, any, step, result }
    }

    /// The query that the expression is, if its results are those of its rows as they come.
    fn plain_query(&self, id: ExprId) -> Option<&'p Query> {
        let program = self.program;
        match &program.expr(id).kind {
            crate::check::resolved::ExprKind::Query(query) => {
                let is_plain =
                    query.sort.is_empty() && query.skip.is_none() && query.take.is_none() && !query.is_distinct;
                is_plain.then_some(&**query)
            }
            _ => None,
        }
    }
}

/// Whether the builtin of values of the type needs no list of them.
pub(super) fn can_add_up(builtin: Builtin, element: Type) -> bool {
    let adds = matches!(builtin, Builtin::Sum | Builtin::Avg | Builtin::Min | Builtin::Max);
    counts(builtin) || adds && matches!(element.kind, Kind::Int | Kind::Float)
}

/// Whether the values themselves do not matter to the builtin.
fn counts(builtin: Builtin) -> bool {
    matches!(builtin, Builtin::Count | Builtin::Len | Builtin::Exists)
}

fn plus(lhs: Expr, rhs: Expr) -> Expr {
    let (ty, span) = (lhs.ty, lhs.span);
    shape::expr(ExprKind::Arith { op: ArithOp::Add, lhs: Box::new(lhs), rhs: Box::new(rhs) }, ty, span)
}

/// The statements for a value that may be none.
fn unless_none(value: Expr, then: Block) -> Block {
    if !value.ty.nullable {
        return then;
    }
    let span = value.span;
    let cond = shape::not(shape::is_none(value));
    vec![Stmt { kind: StmtKind::If { cond, then, otherwise: Block::new() }, span }]
}
