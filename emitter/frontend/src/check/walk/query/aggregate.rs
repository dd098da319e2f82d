//! Aggregates of a query: what comes of its rows is added up on the way, and no list is made.

use super::*;

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
        let counts = matches!(builtin, Builtin::Count | Builtin::Exists);
        let adds = matches!(builtin, Builtin::Sum | Builtin::Avg | Builtin::Min | Builtin::Max);
        if !(counts || adds && matches!(element.kind, Kind::Int | Kind::Float)) {
            return None;
        }
        let before = self.present.clone();
        let enough = self.enough.take();
        self.infer.depth += 1;
        let mut body = Block::new();
        let number = element.without_none();
        let zero = |ty: Type| if ty.kind == Kind::Float { shape::float(0.0, span) } else { shape::int(0, span) };
        let (then, step): (Expr, Box<Step<'_>>) = match builtin {
            Builtin::Count => {
                let count = self.set_new(shape::int(0, span), &mut body);
                let more = arith(ArithOp::Add, count.clone(), shape::int(1, span));
                (count.clone(), Box::new(move |_, _| vec![assign(&count, more.clone())]))
            }
            Builtin::Exists => {
                let found = self.set_new(shape::bool(false, span), &mut body);
                self.enough = Some(local_of(&found));
                (found.clone(), Box::new(move |_, _| vec![assign(&found, shape::bool(true, span))]))
            }
            Builtin::Sum => {
                let total = self.set_new(zero(number), &mut body);
                let sum = total.clone();
                let step = move |walk: &mut Walk<'_, '_, '_>, value: Expr| {
                    let value = walk.unless_none(value, zero(number), |_, value| value);
                    vec![assign(&total, plus(total.clone(), value))]
                };
                (sum, Box::new(step))
            }
            Builtin::Avg => {
                let total = self.set_new(shape::float(0.0, span), &mut body);
                let count = self.set_new(shape::float(0.0, span), &mut body);
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
                let best = self.set_new(shape::convert(shape::none(span), number.or_none()), &mut body);
                let op = if builtin == Builtin::Min { CompareOp::Lt } else { CompareOp::Gt };
                let known = best.clone();
                let step = move |walk: &mut Walk<'_, '_, '_>, value: Expr| {
                    let mut out = Block::new();
                    let value = walk.unless_none(value, zero(number), |_, value| value);
                    let value = if shape::is_movable(&value) { value } else { walk.set_new(value, &mut out) };
                    let is_better = compare(op, value.clone(), shape::present(best.clone()));
                    let (lhs, rhs) = (Box::new(shape::is_none(best.clone())), Box::new(is_better));
                    let cond = shape::expr(ExprKind::Or { lhs, rhs }, Type::BOOL, span);
                    let then = vec![assign(&best, shape::convert(value, number.or_none()))];
                    out.push(Stmt { kind: StmtKind::If { cond, then, otherwise: Block::new() }, span });
                    out
                };
                (self.unless_none(known, zero(number), |_, best| best), Box::new(step))
            }
        };
        self.each_result(query, &mut body, span, &mut |walk, out| {
            let value = walk.expr(query.select);
            walk.infer.join_part(results.kind, 0, value.ty, value.span);
            if value.ty == Type::NEVER {
                return;
            }
            let held = walk.infer.part(results.kind, 0, walk.id);
            if counts {
                if !shape::is_droppable(&value) {
                    out.push(Stmt { kind: StmtKind::Expr(value.clone()), span });
                }
                out.append(&mut step(walk, value));
            } else if held.kind == element.kind {
                let value = shape::convert(value, held);
                // A none that stands there is no number under any test.
                let is_plain = shape::is_movable(&value) && !matches!(value.kind, ExprKind::None);
                let value = if is_plain { value } else { walk.set_new(value, out) };
                out.append(&mut step(walk, value));
            }
        });
        self.infer.depth -= 1;
        self.enough = enough;
        self.present = before;
        let ty = then.ty;
        Some(shape::expr(ExprKind::Block { body, then: Box::new(then) }, ty, span))
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

/// What is done with the result of a row.
type Step<'s> = dyn Fn(&mut Walk<'_, '_, '_>, Expr) -> Block + 's;

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
