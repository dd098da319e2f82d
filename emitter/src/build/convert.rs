//! Values as others: their text, wider types, casts, truth, and what is done where they are none.

use mochi_frontend::typed::CastTo;
use mochi_frontend::types;

use crate::ir::{Imm, Kind, MochiOp, Type, Value};

use super::FunctionCtx;
use super::expr::float_bits;

/// How none is written.
#[derive(Clone, Copy)]
pub(super) enum NoneText {
    /// `nil`
    Print = 0,
    /// `<nil>`
    Str = 1,
}

impl FunctionCtx<'_, '_> {
    /// The text of a value other than `any`.
    pub(super) fn text_of(&mut self, value: Value, none: NoneText) -> Value {
        let ty = self.fb.ty(value);
        let op = match ty.kind {
            Kind::Int => MochiOp::IntToStr,
            Kind::Float => MochiOp::FloatToStr,
            Kind::Bool => MochiOp::BoolToStr,
            Kind::Str if ty.nullable => MochiOp::StrToStr,
            Kind::Str => return value,
            Kind::List(_) => MochiOp::ListToStr,
            Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => MochiOp::ObjectToStr,
            Kind::Any => MochiOp::AnyToStr,
            Kind::I32 | Kind::I64 | Kind::F64 => panic!("the text of a value of type {ty}"),
        };
        self.fb.value(op, vec![value], Imm::I32(none as i32), Type::STR)
    }

    /// Changes the representation of a value, not the value (but an int may become a float).
    pub(super) fn convert(&mut self, value: Value, to: Type) -> Value {
        let from = self.fb.ty(value);
        if from == to {
            return value;
        }
        if from.kind == Kind::Int && to.kind == Kind::Float {
            let ty = Type { kind: Kind::Float, nullable: from.nullable };
            let value = self.fb.value(MochiOp::IntToFloat, vec![value], Imm::None, ty);
            return self.convert(value, to);
        }
        let of_union =
            matches!((from.kind, to.kind), (Kind::Record(_), Kind::Union(_)) | (Kind::Union(_), Kind::Record(_)));
        assert!(from.kind == to.kind || to.kind == Kind::Any || of_union, "a conversion of {from} to {to}");
        self.fb.value(MochiOp::Convert, vec![value], Imm::None, to)
    }

    pub(super) fn cast(&mut self, from: types::Type, value: Value, to: CastTo) -> Value {
        if from.kind == types::Kind::Any {
            return self.cast_any(value, to);
        }
        let zero = |ctx: &mut Self| match to {
            CastTo::Int | CastTo::BigInt => ctx.fb.int_const(0),
            CastTo::Float => ctx.fb.value(MochiOp::FloatConst, Vec::new(), float_bits(0.0), Type::FLOAT),
            CastTo::BigRat | CastTo::Bool | CastTo::String => unreachable!("{to:?} is refused by the checker"),
        };
        let (op, ty) = match (from.kind, to) {
            (types::Kind::Never, _) => return zero(self),
            (types::Kind::Int, CastTo::Int | CastTo::BigInt) => {
                return self.unless_none(value, Type::INT, |_, value| value, zero);
            }
            (types::Kind::Float, CastTo::Float) => {
                return self.unless_none(value, Type::FLOAT, |_, value| value, zero);
            }
            (types::Kind::Int, CastTo::Float) => (MochiOp::IntToFloat, Type::FLOAT),
            (types::Kind::Float, CastTo::Int | CastTo::BigInt) => (MochiOp::FloatToInt, Type::INT),
            (types::Kind::Bool, CastTo::Int | CastTo::BigInt) => (MochiOp::BoolToInt, Type::INT),
            (types::Kind::String, CastTo::Int) => (MochiOp::StrToInt, Type::INT),
            (types::Kind::String, CastTo::BigInt) => (MochiOp::StrToBigint, Type::INT),
            (types::Kind::String, CastTo::Float) => (MochiOp::StrToFloat, Type::FLOAT),
            (_, CastTo::BigRat | CastTo::Bool | CastTo::String)
            | (types::Kind::Bool, CastTo::Float)
            | (
                types::Kind::List(_)
                | types::Kind::Map(_)
                | types::Kind::Record(_)
                | types::Kind::Row(_)
                | types::Kind::Union(_)
                | types::Kind::Func(_)
                | types::Kind::Any,
                _,
            ) => {
                panic!("a cast of {from} to {to:?} is refused when checking")
            }
        };
        self.unless_none(value, ty, |ctx, value| ctx.fb.value(op, vec![value], Imm::None, ty), zero)
    }

    /// `some` of the value, of a type without none, or `none` where the value is none.
    pub(super) fn unless_none(
        &mut self,
        value: Value,
        result: Type,
        some: impl FnOnce(&mut Self, Value) -> Value,
        none: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let ty = self.fb.ty(value);
        if !ty.nullable {
            return some(self, value);
        }
        let variable = self.fb.declare_variable(result);
        let is_none = self.is_none(value);
        let (absent, present, join) = (self.fb.create_block(), self.fb.create_block(), self.fb.create_block());
        self.fb.branch(is_none, absent, present);
        self.enter(absent);
        let otherwise = none(self);
        self.fb.def_var(variable, otherwise);
        self.fb.jump(join, Vec::new());
        self.enter(present);
        let value = self.convert(value, ty.without_none());
        let value = some(self, value);
        self.fb.def_var(variable, value);
        self.fb.jump(join, Vec::new());
        self.enter(join);
        self.fb.use_var(variable)
    }

    pub(super) fn is_none(&mut self, value: Value) -> Value {
        if self.fb.ty(value).has_none() {
            self.fb.value(MochiOp::IsNone, vec![value], Imm::None, Type::BOOL)
        } else {
            self.fb.bool_const(false)
        }
    }

    pub(super) fn truth(&mut self, ty: types::Type, value: Value) -> Value {
        match ty {
            types::Type { kind: types::Kind::Never, nullable: _ } => self.fb.bool_const(false),
            types::Type::BOOL => value,
            _ => self.fb.value(MochiOp::Truthy, vec![value], Imm::None, Type::BOOL),
        }
    }
}
