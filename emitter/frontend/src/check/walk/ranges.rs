//! Loops over ranges.
//!
//! The variable of such a loop is its counter. As long as that is an int, the typed tree has a loop for it. A body can
//! make it anything else, though, and the reference also counts from and to what is no int: then it is as if
//!
//! ```text
//! for i in a..b { … }        var i = a    while i < b { …  i = i + 1 }
//! ```
//!
//! were written, only that `continue` adds one as well.

use std::collections::BTreeSet;

use super::Walk;
use crate::check::resolved::{self, ExprId};
use crate::check::shape;
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use crate::typed::{self, Expr, ExprKind, LocalId, StmtKind};
use crate::types::{Kind, Type};

impl<'p> Walk<'_, 'p, '_> {
    pub(super) fn for_range(
        &mut self,
        var: LocalId,
        (start, end): (ExprId, ExprId),
        body: &'p [resolved::Stmt],
        assigns: &BTreeSet<LocalId>,
        span: Span,
        out: &mut typed::Block,
    ) -> bool {
        let (mut start, mut end) = (self.expr(start), self.expr(end));
        let is_counted =
            [&start, &end].iter().all(|bound| matches!(bound.ty.kind, Kind::Int | Kind::Never | Kind::Any));
        let at = self.func.locals[var.index()].span;
        if is_counted {
            (start, end) = (self.int_bound(start), self.int_bound(end));
            self.join_local(var, Type::INT, at);
        } else {
            self.join_local(var, start.ty, at);
        }
        self.forget(assigns);
        let before = self.present.clone();
        let (body, _) = self.loop_body(body);
        self.present = before;
        if is_counted && self.slot(var).ty == Type::INT {
            let assigned = assigns.contains(&var) || self.is_cell(var);
            out.push(typed::Stmt { kind: StmtKind::ForRange { var, assigned, start, end, body }, span });
            return true;
        }
        self.count_any(var, (start, end), body, at, out);
        true
    }

    fn int_bound(&mut self, bound: Expr) -> Expr {
        if bound.ty.kind == Kind::Any { self.number_of_any(bound) } else { bound }
    }

    /// The loop whose counter may be of any type.
    fn count_any(
        &mut self,
        var: LocalId,
        (start, end): (Expr, Expr),
        mut body: typed::Block,
        span: Span,
        out: &mut typed::Block,
    ) {
        let (start, end) = (self.keep(start, out), self.keep(end, out));
        let held = self.slot(var).ty;
        let counter = shape::expr(ExprKind::Local(var), held, span);
        let sum = self.binary(BinaryOp::Add, counter, shape::int(1, span), span).expr;
        self.join_local(var, sum.ty, span);
        let held = self.slot(var).ty;
        let (next, is_first) = (self.temporary(held, span), self.temporary(Type::BOOL, span));
        let read = |local: LocalId, ty: Type| shape::expr(ExprKind::Local(local), ty, span);
        let set = |local: LocalId, value: Expr| typed::Stmt { kind: StmtKind::SetLocal { local, value }, span };
        let own = match self.is_cell(var) {
            true => |local: LocalId, value: Expr| StmtKind::NewCell { local, value },
            false => |local: LocalId, value: Expr| StmtKind::SetLocal { local, value },
        };
        out.push(set(next, shape::convert(start, held)));
        out.push(set(is_first, shape::bool(true, span)));
        // The first round does not look at it.
        out.push(typed::Stmt { kind: own(var, read(next, held)), span });
        let advance = StmtKind::If {
            cond: read(is_first, Type::BOOL),
            then: vec![set(is_first, shape::bool(false, span))],
            otherwise: vec![set(next, shape::convert(sum, held))],
        };
        let cond = self.binary(BinaryOp::Lt, read(next, held), end, span).expr;
        body.insert(0, typed::Stmt { kind: own(var, read(next, held)), span });
        let otherwise = vec![typed::Stmt { kind: StmtKind::Break, span }];
        let round = StmtKind::If { cond, then: body, otherwise };
        let body = [advance, round].map(|kind| typed::Stmt { kind, span }).into();
        out.push(typed::Stmt { kind: StmtKind::While { cond: shape::bool(true, span), body }, span });
    }
}
