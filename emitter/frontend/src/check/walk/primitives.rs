//! The operations that only the prelude calls.
//!
//! A test of a value's kind is known while compiling where its type says it; the walk then takes one side of
//! the `if` alone. So one text in the prelude serves values of known and of unknown kinds, and each copy of it
//! is no more than what its arguments need.

use super::operators::nullable_local;
use super::{Value, Walk};
use crate::builtins::Builtin;
use crate::check::classes::Shape;
use crate::check::resolved::{CastTarget, ExprId};
use crate::check::shape;
use crate::source::Span;
use crate::typed::{Expr, ExprKind, Stmt, StmtKind};
use crate::types::{Kind, Type};

impl Walk<'_, '_, '_> {
    /// A call of an internal builtin, the expression `id`.
    pub(super) fn primitive(&mut self, id: ExprId, builtin: Builtin, mut args: Vec<Expr>, span: Span) -> Value {
        match builtin {
            Builtin::IsInt
            | Builtin::IsFloat
            | Builtin::IsBool
            | Builtin::IsString
            | Builtin::IsList
            | Builtin::IsMap => is_of_kind(builtin, args.remove(0), span),
            _ => self.operation(id, builtin, args, span).into(),
        }
    }

    /// An operation on values that the prelude has looked at.
    fn operation(&mut self, id: ExprId, builtin: Builtin, args: Vec<Expr>, span: Span) -> Expr {
        if args.iter().any(|arg| arg.ty == Type::NEVER) {
            return shape::unknown(span);
        }
        let overload = &builtin.row().overloads[0];
        let args = overload.params.iter().zip(args).map(|(param, arg)| {
            let target = match param.kind {
                Kind::Int => CastTarget::Int,
                Kind::Float => CastTarget::Float,
                Kind::String => CastTarget::String,
                _ => return self.view(arg),
            };
            let of = shape::present(arg);
            self.cast(of, target, span)
        });
        let args = args.collect();
        let element = match builtin {
            Builtin::TextSplit => Type::STRING,
            Builtin::Digest => Type::INT,
            _ => return shape::builtin(builtin, args, overload.result, span),
        };
        let ty = self.infer.new_container(self.id, id, Shape::List, 1);
        self.infer.join_part(ty.kind, 0, element, span);
        let ty = self.infer.canonical(ty);
        shape::builtin(builtin, args, ty, span)
    }
}

/// Whether the value is of the kind that the builtin asks for. A value that may be none is not none then.
fn is_of_kind(builtin: Builtin, of: Expr, span: Span) -> Value {
    let is_asked_for = match of.ty.kind {
        Kind::Never if !of.ty.nullable => return shape::unknown(span).into(),
        Kind::Any => return shape::builtin(builtin, vec![of], Type::BOOL, span).into(),
        Kind::Int => builtin == Builtin::IsInt,
        Kind::Float => builtin == Builtin::IsFloat,
        Kind::Bool => builtin == Builtin::IsBool,
        Kind::String => builtin == Builtin::IsString,
        Kind::List(_) => builtin == Builtin::IsList,
        Kind::Map(_) | Kind::Row(_) | Kind::Record(_) | Kind::Union(_) => builtin == Builtin::IsMap,
        Kind::Never | Kind::Func(_) => false,
    };
    if is_asked_for && of.ty.nullable {
        let yes = nullable_local(&of).into_iter().collect();
        return Value { expr: shape::not(shape::is_none(of)), yes, no: Vec::new() };
    }
    shape::sequence(of, shape::bool(is_asked_for, span), span).into()
}

/// Whether a block that does not complete ends the program, whatever its variables hold.
pub(super) fn always_fails(body: &[Stmt]) -> bool {
    match body.last().map(|stmt| &stmt.kind) {
        Some(StmtKind::Expr(Expr { kind: ExprKind::Fail { message: _ }, .. })) => true,
        Some(StmtKind::Block(body)) => always_fails(body),
        _ => false,
    }
}
