//! Parts of lists that are cast on the way: `(x as list<int>)[i]`, `len(x as list<int>)`.
//!
//! The list that the cast makes is gone once the part is taken. Where the runtime knows of a list without looking
//! at its elements that they all are of the type, the part is taken from that list, so that a loop with such a
//! cast does not take the square of the list's length.

use super::exprs::{uncopied, wrap};
use super::{Value, Walk};
use crate::builtins::Builtin;
use crate::check::resolved::{self, CastTarget, ExprId, Program};
use crate::check::shape;
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use crate::typed::Expr;
use crate::types::{Kind, Type};

/// A cast to a list of numbers.
struct NumberCast<'a> {
    id: ExprId,
    part: ExprId,
    value: ExprId,
    target: &'a str,
    to: CastTarget,
    span: Span,
}

impl Walk<'_, '_, '_> {
    /// `first as list<T>` in the expression `cast` and then the element that the expression `index` takes of it.
    pub(super) fn element_of_cast(&mut self, cast: ExprId, index: Option<ExprId>, first: &Value) -> Option<Value> {
        let program = self.program;
        let index = program.expr(index?);
        let resolved::ExprKind::Index { of: _, index: at } = index.kind else { return None };
        if first.expr.ty.kind != Kind::Any {
            return None;
        }
        // The index is evaluated after what the cast finds.
        let cast = number_cast(program, cast).filter(|_| is_plain(program, at))?;
        let at = self.expr(at);
        let mut sets = Vec::new();
        let (of, at) = (self.bind(first.expr.clone(), &mut sets), self.bind(at, &mut sets));
        let fast = self.any_index(of.clone(), at.clone(), index.span);
        let fast = self.cast(fast, cast.to, cast.span);
        let list = self.cast_to_list(cast.id, of.clone(), cast.part, cast.value, cast.target, cast.span);
        let slow = self.index(list, at, index.span);
        Some(wrap(sets, lent(&cast, of, fast, slow)).into())
    }

    /// `len(of)` where `of` is such a cast.
    pub(super) fn length_of_cast(&mut self, of: ExprId, span: Span) -> Option<Expr> {
        let resolved::ExprKind::CastList { of: first, .. } = self.program.expr(of).kind else { return None };
        let cast = number_cast(self.program, of)?;
        let first = self.expr(first);
        let mut sets = Vec::new();
        let of = self.bind(first, &mut sets);
        let mut list = self.cast_to_list(cast.id, of.clone(), cast.part, cast.value, cast.target, cast.span);
        uncopied(&mut list);
        if list.ty == Type::NEVER {
            return Some(shape::unknown(span));
        }
        let slow = shape::builtin(Builtin::Len, vec![list], Type::INT, span);
        if of.ty.kind != Kind::Any {
            return Some(wrap(sets, slow));
        }
        let fast = shape::builtin(Builtin::Len, vec![of.clone()], Type::INT, span);
        Some(wrap(sets, lent(&cast, of, fast, slow)))
    }
}

fn number_cast<'a>(program: &'a Program<'_>, cast: ExprId) -> Option<NumberCast<'a>> {
    let expr = program.expr(cast);
    let resolved::ExprKind::CastList { of: _, part, value, ref target } = expr.kind else { return None };
    let resolved::ExprKind::Cast { of, to: to @ (CastTarget::Int | CastTarget::Float) } = program.expr(value).kind
    else {
        return None;
    };
    (of == part).then_some(NumberCast { id: cast, part, value, target, to, span: expr.span })
}

/// Whether an expression neither fails nor does anything.
fn is_plain(program: &Program<'_>, of: ExprId) -> bool {
    let mut work = vec![of];
    while let Some(of) = work.pop() {
        match program.expr(of).kind {
            resolved::ExprKind::Int(_) | resolved::ExprKind::Local(_) | resolved::ExprKind::Global(_) => {}
            resolved::ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, lhs, rhs) => {
                work.extend([lhs, rhs]);
            }
            _ => return false,
        }
    }
    true
}

/// What `fast` takes of `of` if its elements are of the type, and else what `slow` takes of the list that is made.
fn lent(cast: &NumberCast<'_>, of: Expr, fast: Expr, slow: Expr) -> Expr {
    if slow.ty == Type::NEVER || fast.ty == Type::NEVER {
        return shape::unknown(slow.span);
    }
    let holds = if cast.to == CastTarget::Int { Builtin::HoldsInts } else { Builtin::HoldsFloats };
    let span = slow.span;
    let cond = shape::builtin(holds, vec![of], Type::BOOL, span);
    shape::choice(cond, fast, slow, span)
}
