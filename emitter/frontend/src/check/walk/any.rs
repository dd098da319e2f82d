//! Values of which the kind is not known: operations look at what they are when the program runs.

use super::Walk;
use super::exprs::wrap;
use crate::check::shape;
use crate::source::Span;
use crate::typed::{ArithOp, CastTo, CompareOp, Expr, ExprKind};
use crate::types::{Kind, Type};

impl Walk<'_, '_, '_> {
    /// The value in a place where values of any kind are.
    pub(super) fn boxed(&mut self, of: Expr) -> Expr {
        self.infer.escape(of.ty);
        shape::convert(of, Type::ANY)
    }

    /// The value for an operation that looks at it, but keeps no part of it.
    pub(super) fn view(&mut self, of: Expr) -> Expr {
        shape::convert(of, Type::ANY)
    }

    /// A value of no known kind as the int that an index or a bound wants; others as they are.
    pub(super) fn number_of_any(&mut self, of: Expr) -> Expr {
        if of.ty.kind != Kind::Any {
            return of;
        }
        let span = of.span;
        shape::expr(ExprKind::Cast { of: Box::new(of), to: CastTo::Int }, Type::INT, span)
    }

    pub(super) fn any_arith(&mut self, op: ArithOp, lhs: Expr, rhs: Expr, span: Span) -> Expr {
        // Lists may be added: the sum has the elements of both.
        let (lhs, rhs) = match op {
            ArithOp::Add => (self.boxed(lhs), self.boxed(rhs)),
            ArithOp::Sub | ArithOp::Mul | ArithOp::Div | ArithOp::Rem => (self.view(lhs), self.view(rhs)),
        };
        shape::expr(ExprKind::Arith { op, lhs: Box::new(lhs), rhs: Box::new(rhs) }, Type::ANY, span)
    }

    pub(super) fn any_compare(&mut self, op: CompareOp, lhs: Expr, rhs: Expr, span: Span) -> Expr {
        let (lhs, rhs) = (Box::new(self.view(lhs)), Box::new(self.view(rhs)));
        shape::expr(ExprKind::Compare { op, lhs, rhs }, Type::BOOL, span)
    }

    /// `item in of`; `item` can be evaluated at any time.
    pub(super) fn any_contains(&mut self, item: Expr, of: Expr, span: Span) -> Expr {
        let (of, item) = (Box::new(self.view(of)), Box::new(self.view(item)));
        shape::expr(ExprKind::AnyContains { of, item }, Type::BOOL, span)
    }

    /// `of[index]`.
    pub(super) fn any_index(&mut self, of: Expr, index: Expr, span: Span) -> Expr {
        if let (ExprKind::Str(name), Kind::Any) = (&index.kind, of.ty.kind)
            && let Ok(name) = String::from_utf8(name.clone())
            && self.has_methods(&name)
        {
            return self.part_of_any(of, &name, None, span);
        }
        let (of, index) = (self.boxed(of), self.view(index));
        if index.ty == Type::NEVER {
            return shape::unknown(span);
        }
        shape::expr(ExprKind::AnyIndex { of: Box::new(of), index: Box::new(index) }, Type::ANY, span)
    }

    /// `of[start:end]`.
    pub(super) fn any_slice(&mut self, of: Expr, start: Option<Expr>, end: Option<Expr>, span: Span) -> Expr {
        let mut sets = Vec::new();
        let of = self.boxed(of);
        let mut bound = |bound: Option<Expr>| bound.map(|bound| Box::new(self.view(bound)));
        let (start, end) = (bound(start), bound(end));
        if [&start, &end].into_iter().flatten().any(|bound| bound.ty == Type::NEVER) {
            return shape::unknown(span);
        }
        let of = self.bind(of, &mut sets);
        wrap(sets, shape::expr(ExprKind::AnySlice { of: Box::new(of), start, end }, Type::ANY, span))
    }
}
