//! Aggregates over lists of values of any kind.
//!
//! As for lists of numbers a none counts as 0, but is left out of an average.

use super::Walk;
use crate::builtins::Builtin;
use crate::check::shape;
use crate::source::Span;
use crate::typed::{ArithOp, CastTo, CompareOp, Expr, ExprKind, LocalId, Stmt, StmtKind};
use crate::types::Type;

impl Walk<'_, '_, '_> {
    /// `sum(of)`, `avg(of)`, `min(of)` or `max(of)` of a list of values of any kind.
    pub(super) fn any_aggregate(&mut self, builtin: Builtin, of: Expr, span: Span) -> Expr {
        let variable = self.temporary(Type::ANY, span);
        let value = shape::expr(ExprKind::Local(variable), Type::ANY, span);
        let set = |local: LocalId, value: Expr| Stmt { kind: StmtKind::SetLocal { local, value }, span };
        let present = shape::not(shape::is_none(value.clone()));
        let unless_none =
            |then: Vec<Stmt>| Stmt { kind: StmtKind::If { cond: present, then, otherwise: Vec::new() }, span };
        let zero = shape::convert(shape::int(0, span), Type::ANY);
        let operands = |lhs: Expr, rhs: Expr| (Box::new(lhs), Box::new(rhs));
        match builtin {
            Builtin::Avg => {
                let (total, count) = (self.temporary(Type::FLOAT, span), self.temporary(Type::FLOAT, span));
                let float = |local: LocalId| shape::expr(ExprKind::Local(local), Type::FLOAT, span);
                let plus = |local: LocalId, more: Expr| {
                    let (lhs, rhs) = operands(float(local), more);
                    set(local, shape::expr(ExprKind::Arith { op: ArithOp::Add, lhs, rhs }, Type::FLOAT, span))
                };
                let number = ExprKind::Cast { of: Box::new(value), to: CastTo::Float };
                let number = shape::expr(number, Type::FLOAT, span);
                let step = unless_none(vec![plus(total, number), plus(count, shape::float(1.0, span))]);
                let start = [total, count].map(|local| set(local, shape::float(0.0, span)));
                let mut body = start.to_vec();
                body.push(Stmt { kind: StmtKind::ForList { var: variable, of, body: vec![step] }, span });
                let (lhs, rhs) = operands(float(count), shape::float(0.0, span));
                let is_empty = shape::expr(ExprKind::Compare { op: CompareOp::Eq, lhs, rhs }, Type::BOOL, span);
                let (lhs, rhs) = operands(float(total), float(count));
                let quotient = shape::expr(ExprKind::Arith { op: ArithOp::Div, lhs, rhs }, Type::FLOAT, span);
                let then = Box::new(shape::choice(is_empty, shape::float(0.0, span), quotient, span));
                shape::expr(ExprKind::Block { body, then }, Type::FLOAT, span)
            }
            Builtin::Min | Builtin::Max => {
                // A none so far is no element yet.
                let best = self.temporary(Type::ANY, span);
                let known = shape::expr(ExprKind::Local(best), Type::ANY, span);
                let number = shape::choice(shape::is_none(value.clone()), zero.clone(), value, span);
                let item = self.temporary(Type::ANY, span);
                let number_is = shape::expr(ExprKind::Local(item), Type::ANY, span);
                let op = if builtin == Builtin::Min { CompareOp::Lt } else { CompareOp::Gt };
                let (lhs, rhs) = operands(number_is.clone(), known.clone());
                let is_better = shape::expr(ExprKind::Compare { op, lhs, rhs }, Type::BOOL, span);
                let (lhs, rhs) = operands(shape::is_none(known.clone()), is_better);
                let cond = shape::expr(ExprKind::Or { lhs, rhs }, Type::BOOL, span);
                let then = vec![set(best, number_is)];
                let step = Stmt { kind: StmtKind::If { cond, then, otherwise: Vec::new() }, span };
                let mut body = vec![set(best, shape::convert(shape::none(span), Type::ANY))];
                let each = StmtKind::ForList { var: variable, of, body: vec![set(item, number), step] };
                body.push(Stmt { kind: each, span });
                let then = Box::new(shape::choice(shape::is_none(known.clone()), zero, known, span));
                shape::expr(ExprKind::Block { body, then }, Type::ANY, span)
            }
            _ => {
                let total = self.temporary(Type::ANY, span);
                let known = shape::expr(ExprKind::Local(total), Type::ANY, span);
                let (lhs, rhs) = operands(known.clone(), value);
                let sum = shape::expr(ExprKind::Arith { op: ArithOp::Add, lhs, rhs }, Type::ANY, span);
                let step = unless_none(vec![set(total, sum)]);
                let each = StmtKind::ForList { var: variable, of, body: vec![step] };
                let body = vec![set(total, zero), Stmt { kind: each, span }];
                shape::expr(ExprKind::Block { body, then: Box::new(known) }, Type::ANY, span)
            }
        }
    }
}
