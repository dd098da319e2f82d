//! Operations of the libraries: what they are given becomes what they take.

use super::Walk;
use super::exprs::wrap;
use crate::check::shape;
use crate::intrinsics::Intrinsic;
use crate::source::Span;
use crate::typed::{CastTo, Expr, ExprKind};
use crate::types::{Kind, Type};

impl Walk<'_, '_, '_> {
    pub(super) fn intrinsic(&mut self, intrinsic: Intrinsic, args: Vec<Expr>, span: Span) -> Expr {
        if args.iter().any(|arg| arg.ty == Type::NEVER) {
            return shape::unknown(span);
        }
        let mut sets = Vec::new();
        let mut taken = Vec::with_capacity(args.len());
        for (arg, &param) in args.into_iter().zip(intrinsic.params()) {
            let arg = self.bind(arg, &mut sets);
            taken.push(if param == Type::FLOAT { self.exact_number(arg, span) } else { arg });
        }
        wrap(sets, shape::expr(ExprKind::Intrinsic { intrinsic, args: taken }, intrinsic.result(), span))
    }

    /// A number as a float; what is no number fails.
    fn exact_number(&mut self, of: Expr, span: Span) -> Expr {
        let invalid = shape::fail("a number is expected", Type::FLOAT, span);
        match of.ty.kind {
            Kind::Int | Kind::Float => self.unless_none(of, invalid, |_, of| shape::to_float(of)),
            Kind::Bool => self.unless_none(of, invalid, |_, of| {
                let number = shape::expr(ExprKind::Cast { of: Box::new(of), to: CastTo::Int }, Type::INT, span);
                shape::to_float(number)
            }),
            Kind::Any => {
                let is_absent = shape::is_none(of.clone());
                let number = shape::expr(ExprKind::Cast { of: Box::new(of), to: CastTo::Float }, Type::FLOAT, span);
                shape::choice(is_absent, invalid, number, span)
            }
            Kind::Never
            | Kind::String
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Row(_)
            | Kind::Record(_)
            | Kind::Union(_)
            | Kind::Func(_) => shape::sequence(of, invalid, span),
        }
    }
}
