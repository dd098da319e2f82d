//! Values of any kind: how others become such, and what the runtime does with them.

use super::lower::Ctx;
use crate::ir::{InstData, Kind, MochiOp, Type, Value, WasmOp};
use crate::runtime::RuntimeFn;

impl Ctx<'_> {
    pub(super) fn any_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        match op {
            MochiOp::AnyEq => self.runtime_op(RuntimeFn::AnyEqual, data),
            MochiOp::AnyNe => {
                let equal = self.runtime_op(RuntimeFn::AnyEqual, data);
                self.op(WasmOp::I32Eqz, &[equal])
            }
            MochiOp::AnyToStr => {
                let (value, mode) = (self.get(data.args[0]), self.mode(data.imm));
                self.call_value(RuntimeFn::AnyToString, &[value, mode])
            }
            other => unreachable!("{} is not about values of any kind", other.name()),
        }
    }

    /// The word of a value of another type, which takes over its share.
    pub(super) fn word(&mut self, ty: Type, value: Value) -> Value {
        match ty.kind {
            Kind::Int | Kind::Any => value,
            Kind::Float => self.call_value(RuntimeFn::FloatBox, &[value]),
            Kind::Bool => self.call_value(RuntimeFn::BoolWord, &[value]),
            Kind::Str => self.call_value(RuntimeFn::StringWord, &[value]),
            Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => {
                self.call_value(RuntimeFn::ObjectWord, &[value])
            }
            Kind::I32 | Kind::I64 | Kind::F64 => unreachable!("{ty} is no type of the language"),
        }
    }
}
