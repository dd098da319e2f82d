//! Which types operators take, and what they make of them.

use super::places::spelling;
use super::types::Type;
use super::{Checked, Checker, fail};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast::BinaryOp;

impl Checker<'_> {
    /// The type of an operation whose operator stands `at`.
    pub(super) fn operation(&self, op: BinaryOp, left: &Type, right: &Type, at: Span) -> Checked<Type> {
        let types = &self.nominals;
        let has_any = *left == Type::Any || *right == Type::Any;
        let has_string = types.unify(left, &Type::String) || types.unify(right, &Type::String);
        let mismatch = || {
            let (left, right) = (types.show(left), types.show(right));
            let message = format!("operator `{}` cannot be used on types {left} and {right}", spelling(op));
            fail(Code::T020, at, message)
        };
        match op {
            BinaryOp::Add if has_any && has_string => Ok(Type::String),
            BinaryOp::Eq
            | BinaryOp::Ne
            | BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge
            | BinaryOp::In
            | BinaryOp::And
            | BinaryOp::Or
                if has_any =>
            {
                Ok(Type::Bool)
            }
            _ if has_any => Ok(Type::Any),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => match (left, right) {
                (Type::List(a), Type::List(b)) if op == BinaryOp::Add && types.unify(a, b) => Ok(left.clone()),
                _ if op == BinaryOp::Add && has_string => Ok(Type::String),
                _ => left.join(right).map_or_else(mismatch, Ok),
            },
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                self.comparison(op, left, right, at)
            }
            BinaryOp::In => {
                let is_fine = match right {
                    Type::Map(parts) => types.unify(left, &parts.0),
                    Type::List(of) => types.unify(left, of),
                    _ => types.unify(left, &Type::String) && types.unify(right, &Type::String),
                };
                if is_fine { Ok(Type::Bool) } else { mismatch() }
            }
            BinaryOp::And | BinaryOp::Or => {
                let is_fine = types.unify(left, &Type::Bool) && types.unify(right, &Type::Bool);
                if is_fine { Ok(Type::Bool) } else { mismatch() }
            }
            BinaryOp::Else => match (left, right) {
                (Type::Option(a), Type::Option(b)) => {
                    Ok(if types.unify(a, b) { left.clone() } else { Type::option(Type::Any) })
                }
                (Type::Option(of), _) if types.unify(of, right) => Ok((**of).clone()),
                (Type::Option(of), _) => of.join(right).map_or_else(mismatch, Ok),
                _ => mismatch(),
            },
            BinaryOp::Union | BinaryOp::UnionAll | BinaryOp::Except | BinaryOp::Intersect => match (left, right) {
                (Type::List(a), Type::List(b)) if types.unify(a, b) => Ok(left.clone()),
                (Type::List(_), Type::List(_)) => mismatch(),
                _ => fail(Code::T021, at, format!("unsupported operator: `{}`", spelling(op))),
            },
            // Only the runtime's dialect has these, and it is not checked here.
            BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor | BinaryOp::Shl | BinaryOp::Shr | BinaryOp::ShrU => {
                fail(Code::T021, at, format!("unsupported operator: `{}`", spelling(op)))
            }
        }
    }

    fn comparison(&self, op: BinaryOp, left: &Type, right: &Type, at: Span) -> Checked<Type> {
        if self.nominals.unify(left, right) || left.is_number() && right.is_number() {
            return Ok(Type::Bool);
        }
        let other = match (left, right) {
            (Type::Option(_), Type::Option(_)) => None,
            (Type::Option(_), other) | (other, Type::Option(_)) => Some(other),
            _ => None,
        };
        match other.filter(|_| matches!(op, BinaryOp::Eq | BinaryOp::Ne)) {
            Some(other) => {
                let other = self.nominals.show(other);
                fail(Code::T059, at, format!("comparison with `none` requires an optional operand, got {other}"))
            }
            None => fail(Code::T013, at, "incompatible types in comparison"),
        }
    }

    /// Whether a value may stand where a bool is asked for.
    pub(super) fn is_bool(&self, ty: &Type) -> bool {
        self.nominals.unify(ty, &Type::Bool)
    }

    /// Whether a value may be an index, a bound of a slice or of a range.
    pub(super) fn is_index(&self, ty: &Type) -> bool {
        self.nominals.unify(ty, &Type::Int) || self.nominals.unify(ty, &Type::Int64)
    }

    /// Whether a cast exists. Others have no meaning at run time, except that of a string to a
    /// bool, which the reference's tests accept.
    pub(super) fn can_cast(&self, from: &Type, to: &Type) -> bool {
        match (from, to) {
            (Type::Any, _) | (_, Type::Any) | (Type::Map(_), Type::Struct(_)) | (Type::String, Type::Bool) => true,
            (&Type::Union(union), &Type::Struct(variant)) => self.nominals.of(variant).union == Some(union),
            (&Type::Struct(variant), &Type::Union(union)) => self.nominals.of(variant).union == Some(union),
            _ => from.is_number() && to.is_number() || self.nominals.is_same(from, to),
        }
    }
}
