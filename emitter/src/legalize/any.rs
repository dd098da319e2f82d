//! Values of any kind: how others become such, and what the runtime does with them.

use super::lower::Ctx;
use crate::ir::{Imm, InstData, Kind, MochiOp, Type, Value, WasmOp};
use crate::runtime::RuntimeFn;

impl Ctx<'_> {
    pub(super) fn any_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        match op {
            MochiOp::AnyEq => self.any_compare(WasmOp::I64Eq, data, |this| this.runtime_op(RuntimeFn::AnyEqual, data)),
            MochiOp::AnyNe => self.any_compare(WasmOp::I64Ne, data, |this| {
                let equal = this.runtime_op(RuntimeFn::AnyEqual, data);
                this.op(WasmOp::I32Eqz, &[equal])
            }),
            MochiOp::AnyToStr => {
                let (value, mode) = (self.get(data.args[0]), self.mode(data.imm));
                self.call_value(RuntimeFn::AnyToString, &[value, mode])
            }
            MochiOp::AnyAdd => self.any_add(data),
            MochiOp::AnySub => self.any_sub(data),
            MochiOp::AnyMul => self.product(data, |this| this.runtime_op(RuntimeFn::AnyMul, data)),
            MochiOp::AnyDiv => self.quotient(data, WasmOp::I64DivS, |this| this.any_call(RuntimeFn::AnyDiv, data)),
            MochiOp::AnyRem => self.quotient(data, WasmOp::I64RemS, |this| this.any_call(RuntimeFn::AnyRem, data)),
            MochiOp::AnyNeg => self.runtime_op(RuntimeFn::AnyNeg, data),
            MochiOp::AnyLt => self.any_compare(WasmOp::I64LtS, data, |this| this.runtime_op(RuntimeFn::AnyLess, data)),
            MochiOp::AnyLe => {
                self.any_compare(WasmOp::I64LeS, data, |this| this.runtime_op(RuntimeFn::AnyLessEqual, data))
            }
            MochiOp::AnyLen => self.any_call(RuntimeFn::AnyLength, data),
            MochiOp::AnyGet => self.any_call(RuntimeFn::AnyIndex, data),
            MochiOp::AnySlice => self.any_call(RuntimeFn::AnySlice, data),
            MochiOp::AnyGetField => self.any_named(RuntimeFn::AnyField, data),
            MochiOp::AnyElements => self.any_named(RuntimeFn::AnyElements, data),
            MochiOp::AnyKeys => self.any_named(RuntimeFn::AnyKeys, data),
            MochiOp::AnyHas => self.any_call(RuntimeFn::AnyContains, data),
            MochiOp::AnyPush => self.any_call(RuntimeFn::AnyAppend, data),
            MochiOp::AnyIter => self.any_call(RuntimeFn::AnyIterate, data),
            MochiOp::AnyOrder => self.runtime_op(RuntimeFn::SortRows, data),
            MochiOp::AnyKey => self.runtime_op(RuntimeFn::JoinKey, data),
            MochiOp::AnyCall => self.any_call(RuntimeFn::AnyCall, data),
            MochiOp::AnyIs => {
                let (value, kind) = (self.get(data.args[0]), self.mode(data.imm));
                self.call_value(RuntimeFn::AnyIs, &[value, kind])
            }
            MochiOp::AnyHolds => {
                let (value, kind) = (self.get(data.args[0]), self.mode(data.imm));
                self.call_value(RuntimeFn::AnyHolds, &[value, kind])
            }
            MochiOp::AnyDigest => self.any_call(RuntimeFn::AnyDigest, data),
            MochiOp::AnyToJson => self.runtime_op(RuntimeFn::AnyToJson, data),
            MochiOp::AnyToInt => self.any_call(RuntimeFn::AnyToInt, data),
            MochiOp::AnyToBigint => self.any_call(RuntimeFn::AnyToBigint, data),
            MochiOp::AnyToFloat => self.any_call(RuntimeFn::AnyToFloat, data),
            MochiOp::AnyToBool => self.any_call(RuntimeFn::AnyToBool, data),
            MochiOp::AnyToText => self.any_call(RuntimeFn::AnyToText, data),
            MochiOp::AnyToRational => self.any_call(RuntimeFn::AnyToRational, data),
            MochiOp::AnyNumerator => self.any_call(RuntimeFn::AnyNumerator, data),
            MochiOp::AnyDenominator => self.any_call(RuntimeFn::AnyDenominator, data),
            other => unreachable!("{} is not about values of any kind", other.name()),
        }
    }

    /// If the sum of two words is small, so were both: see `layout`.
    fn any_add(&mut self, data: &InstData) -> Value {
        if self.cold {
            return self.runtime_op(RuntimeFn::AnyAdd, data);
        }
        let sum = self.plain(WasmOp::I64Add, data);
        let holds = self.small_check(sum);
        self.unless_slow(holds, sum, |this| this.runtime_op(RuntimeFn::AnyAdd, data))
    }

    /// As for ints, the left operand and the result are checked.
    fn any_sub(&mut self, data: &InstData) -> Value {
        if self.cold {
            return self.runtime_op(RuntimeFn::AnySub, data);
        }
        let left = self.get(data.args[0]);
        let difference = self.plain(WasmOp::I64Sub, data);
        let holds = self.both_small(left, difference);
        self.unless_slow(holds, difference, |this| this.runtime_op(RuntimeFn::AnySub, data))
    }

    /// Compares small words by `op`, others as `slow` does.
    fn any_compare(&mut self, op: WasmOp, data: &InstData, slow: impl FnOnce(&mut Self) -> Value) -> Value {
        if self.cold {
            return slow(self);
        }
        let (a, b) = (self.get(data.args[0]), self.get(data.args[1]));
        let holds = self.both_small(a, b);
        let fast = self.op(op, &[a, b]);
        self.unless_slow(holds, fast, slow)
    }

    pub(super) fn any_set(&mut self, op: MochiOp, data: &InstData) {
        let mut args: Vec<Value> = data.args.iter().map(|&arg| self.get(arg)).collect();
        let func = match op {
            MochiOp::AnySet => RuntimeFn::AnySetIndex,
            _ => {
                args.insert(1, self.field_name(data));
                RuntimeFn::AnySetField
            }
        };
        let site = self.site();
        args.push(self.i32(site));
        self.call(func, &args);
        self.collect_if_many(Type::ANY);
    }

    /// An operation that may fail at its place.
    fn any_call(&mut self, func: RuntimeFn, data: &InstData) -> Value {
        let mut args: Vec<Value> = data.args.iter().map(|&arg| self.get(arg)).collect();
        let site = self.site();
        args.push(self.i32(site));
        self.call_value(func, &args)
    }

    /// The same with the name that the immediate is.
    fn any_named(&mut self, func: RuntimeFn, data: &InstData) -> Value {
        let (name, site) = (self.field_name(data), self.site());
        let (value, site) = (self.get(data.args[0]), self.i32(site));
        self.call_value(func, &[value, name, site])
    }

    /// The name that the immediate is, as a string.
    fn field_name(&mut self, data: &InstData) -> Value {
        let Imm::Data(name) = data.imm else { unreachable!("a name is static data") };
        let name = self.module.data[name.index()].bytes.clone();
        self.static_string(&name)
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
