//! Builtins on whole lists and maps that are made of other operations: loops over elements of a known type,
//! lengths, joined lists.
//!
//! The reference counts a none element as 0 in `sum`, `min` and `max` and leaves it out of `avg`; a none
//! instead of a list is as an empty one. Where the type says less than that, a function of the prelude does it.

use super::Walk;
use super::exprs::wrap;
use crate::builtins::Builtin;
use crate::check::resolved::ExprId;
use crate::check::shape;
use crate::source::Span;
use crate::typed::{ArithOp, Block, CompareOp, Expr, ExprKind, LocalId, Stmt, StmtKind};
use crate::types::{Kind, Type};

impl Walk<'_, '_, '_> {
    /// The call, which is the expression `id`, of the prelude's function that the resolver has noted for it.
    pub(super) fn call_helper(&mut self, id: ExprId, args: Vec<Expr>, span: Span) -> Expr {
        let Some(&function) = self.program.helpers.get(&id) else { unreachable!("the call has no function") };
        self.call(id, function, args, span)
    }

    /// `concat(a, b, …)`, the expression `id`: a new list; a none is an empty list.
    pub(super) fn concat_lists(&mut self, id: ExprId, args: Vec<Expr>, span: Span) -> Expr {
        if args.iter().any(|arg| arg.ty.kind == Kind::Any) {
            return self.call_helper(id, args, span);
        }
        let mut sets = Vec::new();
        let mut joined = self.list(id, Vec::new(), span);
        let args: Vec<Expr> = args.into_iter().map(|of| self.bind(of, &mut sets)).collect();
        let last = args.iter().rposition(|of| matches!(of.ty.kind, Kind::List(_)));
        for (index, of) in args.into_iter().enumerate() {
            let is_empty = matches!(&joined.kind, ExprKind::List(elements) if elements.is_empty());
            match of.ty.kind {
                // What is joined to it makes a new list of it.
                Kind::List(_) if is_empty && !of.ty.nullable && last.is_some_and(|last| index < last) => {
                    self.infer.unify(joined.ty, of.ty);
                    joined = of;
                }
                Kind::List(_) => {
                    self.infer.unify(joined.ty, of.ty);
                    let ty = self.infer.canonical(of.ty).without_none();
                    joined.ty = self.infer.canonical(joined.ty);
                    let empty = shape::expr(ExprKind::List(Vec::new()), ty, span);
                    let of = self.unless_none(of, empty, |_, of| of);
                    let (lhs, rhs) = (Box::new(joined), Box::new(of));
                    joined = shape::expr(ExprKind::ListConcat { lhs, rhs }, ty, span);
                }
                Kind::Never => joined = shape::sequence(of, joined, span),
                _ => {
                    let fails = shape::fail("union expects lists", joined.ty, span);
                    joined = shape::sequence(joined, shape::sequence(of, fails, span), span);
                }
            }
        }
        wrap(sets, joined)
    }

    /// `count(of)`, `first(of)` or `exists(of)`.
    pub(super) fn look_at_list(&mut self, id: ExprId, builtin: Builtin, of: Expr, span: Span) -> Expr {
        let name = builtin.row().name;
        if of.ty.kind == Kind::Any {
            return self.call_helper(id, vec![of], span);
        }
        if builtin == Builtin::Exists {
            return match of.ty.kind {
                Kind::List(_) | Kind::Map(_) | Kind::String => {
                    shape::expr(ExprKind::Truthy(Box::new(of)), Type::BOOL, span)
                }
                Kind::Row(_) | Kind::Record(_) | Kind::Union(_) => {
                    let exists = shape::not(shape::is_none(of.clone()));
                    if of.ty.nullable { exists } else { shape::sequence(of, shape::bool(true, span), span) }
                }
                _ => shape::sequence(of, shape::bool(false, span), span),
            };
        }
        let is_count = builtin == Builtin::Count;
        match of.ty.kind {
            Kind::List(_) if is_count => {
                let length = |of| shape::builtin(Builtin::Len, vec![of], Type::INT, span);
                self.unless_none(of, shape::int(0, span), |_, of| length(of))
            }
            Kind::List(list) => {
                let ty = self.element(list).or_none();
                if ty.kind == Kind::Never {
                    return shape::sequence(of, shape::none(span), span);
                }
                let mut sets = Vec::new();
                let of = self.settle(of, "first expects list", span);
                let of = self.bind(of, &mut sets);
                let is_present = shape::expr(ExprKind::Truthy(Box::new(of.clone())), Type::BOOL, span);
                let (element, index) = (self.element(list), Box::new(shape::int(0, span)));
                let first = ExprKind::ListIndex { of: Box::new(of), index };
                let first = shape::convert(shape::expr(first, element, span), ty);
                let none = shape::convert(shape::none(span), ty);
                wrap(sets, shape::choice(is_present, first, none, span))
            }
            Kind::Never if is_count => shape::sequence(of, shape::int(0, span), span),
            _ => {
                let ty = if is_count { Type::INT } else { Type::NONE };
                shape::sequence(of, shape::fail(format!("{name} expects list"), ty, span), span)
            }
        }
    }

    /// `sum(of)`, `avg(of)`, `min(of)` or `max(of)`.
    pub(super) fn aggregate(&mut self, id: ExprId, builtin: Builtin, of: Expr, span: Span) -> Expr {
        let name = builtin.row().name;
        let Kind::List(list) = of.ty.kind else {
            return match of.ty.kind {
                Kind::Never => shape::sequence(of, shape::int(0, span), span),
                Kind::Any => self.call_helper(id, vec![of], span),
                _ => {
                    let fails = shape::fail(format!("{name} expects list"), Type::INT, span);
                    shape::sequence(of, fails, span)
                }
            };
        };
        let element = self.element(list);
        match element.kind {
            Kind::Never => shape::unknown(span),
            Kind::Int | Kind::Float => {
                if builtin == Builtin::Avg && of.ty.nullable {
                    // The average of none is the int 0, that of an empty list the float 0.0.
                    return self.call_helper(id, vec![of], span);
                }
                match builtin {
                    Builtin::Sum => self.sum(of, element, span),
                    Builtin::Avg => self.average(of, element, span),
                    _ => self.extreme(builtin, of, element, span),
                }
            }
            Kind::String if matches!(builtin, Builtin::Min | Builtin::Max) && !element.nullable => {
                let mut sets = Vec::new();
                let of = self.bind(of, &mut sets);
                // That of an empty list is the int 0.
                let is_present = shape::expr(ExprKind::Truthy(Box::new(of.clone())), Type::BOOL, span);
                let zero = self.boxed(shape::int(0, span));
                let extreme = self.extreme(builtin, of, element, span);
                let extreme = self.boxed(extreme);
                wrap(sets, shape::choice(is_present, extreme, zero, span))
            }
            _ => self.call_helper(id, vec![of], span),
        }
    }

    /// A loop over a list that changes `local`, then its value.
    fn fold(&mut self, of: Expr, local: LocalId, start: Expr, variable: LocalId, body: Block, span: Span) -> Expr {
        let ty = start.ty;
        let set = Stmt { kind: StmtKind::SetLocal { local, value: start }, span };
        let each = Stmt { kind: StmtKind::ForList { var: variable, of, body }, span };
        let then = Box::new(shape::expr(ExprKind::Local(local), ty, span));
        shape::expr(ExprKind::Block { body: vec![set, each], then }, ty, span)
    }

    /// The element that a loop is at, with 0 for none.
    fn number_or_zero(&mut self, variable: LocalId, element: Type, span: Span) -> Expr {
        let value = shape::expr(ExprKind::Local(variable), element, span);
        self.unless_none(value, zero(element, span), |_, value| value)
    }

    fn sum(&mut self, of: Expr, element: Type, span: Span) -> Expr {
        let ty = element.without_none();
        let (total, variable) = (self.temporary(ty, span), self.temporary(element, span));
        let value = self.number_or_zero(variable, element, span);
        let next = add(shape::expr(ExprKind::Local(total), ty, span), value, span);
        let step = Stmt { kind: StmtKind::SetLocal { local: total, value: next }, span };
        self.fold(of, total, zero(ty, span), variable, vec![step], span)
    }

    /// The sum as a float divided by the number of elements that are not none; 0.0 without any.
    fn average(&mut self, of: Expr, element: Type, span: Span) -> Expr {
        let (total, count) = (self.temporary(Type::FLOAT, span), self.temporary(Type::FLOAT, span));
        let variable = self.temporary(element, span);
        let local = |local: LocalId| shape::expr(ExprKind::Local(local), Type::FLOAT, span);
        let value = shape::expr(ExprKind::Local(variable), element, span);
        let number = shape::to_float(shape::present(value.clone()));
        let mut step = vec![
            Stmt { kind: StmtKind::SetLocal { local: total, value: add(local(total), number, span) }, span },
            Stmt {
                kind: StmtKind::SetLocal { local: count, value: add(local(count), shape::float(1.0, span), span) },
                span,
            },
        ];
        if element.nullable {
            let cond = shape::not(shape::is_none(value));
            step = vec![Stmt { kind: StmtKind::If { cond, then: step, otherwise: Vec::new() }, span }];
        }
        let set = Stmt { kind: StmtKind::SetLocal { local: count, value: shape::float(0.0, span) }, span };
        let sum = self.fold(of, total, shape::float(0.0, span), variable, step, span);
        let whole = self.temporary(Type::FLOAT, span);
        let is_empty = compare(CompareOp::Eq, local(count), shape::float(0.0, span), span);
        let (lhs, rhs) = (Box::new(local(whole)), Box::new(local(count)));
        let quotient = shape::expr(ExprKind::Arith { op: ArithOp::Div, lhs, rhs }, Type::FLOAT, span);
        let result = wrap(vec![(whole, sum)], shape::choice(is_empty, local(whole), quotient, span));
        shape::expr(ExprKind::Block { body: vec![set], then: Box::new(result) }, Type::FLOAT, span)
    }

    /// The least or greatest element, of equal ones the first; 0 of an empty list.
    fn extreme(&mut self, builtin: Builtin, of: Expr, element: Type, span: Span) -> Expr {
        let ty = element.without_none();
        let (best, variable) = (self.temporary(ty.or_none(), span), self.temporary(element, span));
        let value = if ty.kind == Kind::String {
            shape::expr(ExprKind::Local(variable), element, span)
        } else {
            self.number_or_zero(variable, element, span)
        };
        let mut sets = Vec::new();
        let value = self.bind(value, &mut sets);
        let known = shape::expr(ExprKind::Local(best), ty.or_none(), span);
        let op = if builtin == Builtin::Min { CompareOp::Lt } else { CompareOp::Gt };
        let (lhs, rhs) = (
            Box::new(shape::is_none(known.clone())),
            Box::new(compare(op, value.clone(), shape::present(known.clone()), span)),
        );
        let cond = shape::expr(ExprKind::Or { lhs, rhs }, Type::BOOL, span);
        let value = shape::convert(value, ty.or_none());
        let then = vec![Stmt { kind: StmtKind::SetLocal { local: best, value }, span }];
        let mut step: Block = Vec::new();
        step.extend(sets.into_iter().map(|(local, value)| Stmt { kind: StmtKind::SetLocal { local, value }, span }));
        step.push(Stmt { kind: StmtKind::If { cond, then, otherwise: Vec::new() }, span });
        let start = shape::convert(shape::none(span), ty.or_none());
        let best = self.fold(of, best, start, variable, step, span);
        let none = if ty.kind == Kind::String { shape::string("", span) } else { zero(ty, span) };
        self.unless_none(best, none, |_, best| best)
    }
}

fn zero(ty: Type, span: Span) -> Expr {
    if ty.kind == Kind::Float { shape::float(0.0, span) } else { shape::int(0, span) }
}

fn add(lhs: Expr, rhs: Expr, span: Span) -> Expr {
    let ty = lhs.ty;
    shape::expr(ExprKind::Arith { op: ArithOp::Add, lhs: Box::new(lhs), rhs: Box::new(rhs) }, ty, span)
}

fn compare(op: CompareOp, lhs: Expr, rhs: Expr, span: Span) -> Expr {
    shape::expr(ExprKind::Compare { op, lhs: Box::new(lhs), rhs: Box::new(rhs) }, Type::BOOL, span)
}
