//! Typed types as IR types.

use mochi_frontend::types;

use crate::ir::{Imm, Kind, MochiOp, Type, Value};

use super::FunctionCtx;

/// The IR type of a slot; absent for slots that hold nothing but none, or nothing at all.
pub(super) fn lower_type(ty: types::Type) -> Option<Type> {
    let kind = match ty.kind {
        types::Kind::Never => return None,
        types::Kind::Any => return Some(Type::ANY),
        types::Kind::Int => Kind::Int,
        types::Kind::Float => Kind::Float,
        types::Kind::Bool => Kind::Bool,
        types::Kind::String => Kind::Str,
    };
    Some(Type { kind, nullable: ty.nullable })
}

impl FunctionCtx<'_, '_> {
    /// None where the type has it, else the type's false or empty value.
    pub(super) fn default_value(&mut self, ty: Type) -> Value {
        if ty.nullable {
            return self.none(ty);
        }
        match ty.kind {
            Kind::Any => self.none(ty),
            Kind::Int => self.fb.int_const(0),
            Kind::Float => self.fb.value(MochiOp::FloatConst, Vec::new(), Imm::F64(0), ty),
            Kind::Bool => self.fb.bool_const(false),
            Kind::Str => self.string(b""),
            Kind::List(_) => self.fb.value(MochiOp::ListNew, Vec::new(), Imm::I32(0), ty),
            Kind::I32 => self.fb.i32_const(0),
            Kind::I64 => self.fb.i64_const(0),
            Kind::F64 => self.fb.f64_const(0.0),
        }
    }
}
