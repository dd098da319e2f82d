//! Bools, none, and what applies to values of every kind.

use super::layout::{LIST_LENGTH, MAP_LENGTH, NONE_BOOL, NONE_FLOAT, NONE_POINTER, NONE_WORD, STRING_BYTES};
use super::lower::Ctx;
use crate::ir::{Imm, InstData, Kind, MochiOp, Type, Value, WasmOp};
use crate::runtime::RuntimeFn;

impl Ctx<'_> {
    pub(super) fn scalar_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        match op {
            MochiOp::BoolConst => {
                let Imm::I32(value) = data.imm else { unreachable!("a bool constant is an i32") };
                self.i32(value)
            }
            MochiOp::BoolNot => self.plain(WasmOp::I32Eqz, data),
            MochiOp::BoolEq => self.plain(WasmOp::I32Eq, data),
            MochiOp::BoolNe => self.plain(WasmOp::I32Ne, data),
            MochiOp::BoolIsTrue => self.is_true(data.args[0]),
            MochiOp::BoolToInt => self.bool_to_int(data),
            MochiOp::BoolToStr => self.bool_to_str(data),
            MochiOp::None => self.none(self.old.ty(data.results[0])),
            MochiOp::Convert => self.convert(data),
            MochiOp::Copy => self.copy(data),
            MochiOp::IsNone => {
                let value = self.get(data.args[0]);
                self.is_none(self.old.ty(data.args[0]), value)
            }
            MochiOp::Truthy => self.truthy(data.args[0]),
            MochiOp::Input => self.call_value(RuntimeFn::Input, &[]),
            MochiOp::InputOrNone => self.call_value(RuntimeFn::InputOrNone, &[]),
            MochiOp::Now => self.call_value(RuntimeFn::Now, &[]),
            MochiOp::Clock => self.call_value(RuntimeFn::Clock, &[]),
            MochiOp::Environment => self.call_value(RuntimeFn::Environment, &[]),
            MochiOp::HttpHeader => self.runtime_op(RuntimeFn::HttpHeader, data),
            MochiOp::HttpExchange => self.runtime_op(RuntimeFn::HttpExchange, data),
            MochiOp::HttpLocation => self.runtime_op(RuntimeFn::HttpLocation, data),
            MochiOp::HttpStatus => self.runtime_op(RuntimeFn::HttpStatus, data),
            MochiOp::LlmStop => self.runtime_op(RuntimeFn::LlmStop, data),
            MochiOp::LlmParameter => self.runtime_op(RuntimeFn::LlmParameter, data),
            MochiOp::LlmMessage => self.runtime_op(RuntimeFn::LlmMessage, data),
            MochiOp::LlmTool => self.runtime_op(RuntimeFn::LlmTool, data),
            MochiOp::LlmCalls => self.runtime_op(RuntimeFn::LlmCalls, data),
            MochiOp::LlmCallText => self.runtime_op(RuntimeFn::LlmCallText, data),
            MochiOp::LlmFail => self.runtime_op(RuntimeFn::LlmFail, data),
            MochiOp::LlmGenerate => self.runtime_op(RuntimeFn::LlmGenerate, data),
            MochiOp::LlmEmbed => self.runtime_op(RuntimeFn::LlmEmbed, data),
            MochiOp::LlmNumber => self.runtime_op(RuntimeFn::LlmNumber, data),
            MochiOp::ReadJson => self.runtime_op(RuntimeFn::JsonRead, data),
            MochiOp::ReadFile => self.runtime_op(RuntimeFn::FileRead, data),
            MochiOp::Mem => self.call_value(RuntimeFn::Mem, &[]),
            other => unreachable!("{} is not about scalars", other.name()),
        }
    }

    pub(super) fn none(&mut self, ty: Type) -> Value {
        match ty.kind {
            Kind::Int | Kind::Any => self.i64(NONE_WORD),
            Kind::Float => self.f64(NONE_FLOAT),
            Kind::Bool => self.i32(NONE_BOOL),
            Kind::Str | Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => {
                self.i32(NONE_POINTER)
            }
            Kind::I32 | Kind::I64 | Kind::F64 => unreachable!("{ty} has no none"),
        }
    }

    fn is_none(&mut self, ty: Type, value: Value) -> Value {
        match ty.kind {
            Kind::Int | Kind::Any => {
                let none = self.i64(NONE_WORD);
                self.op(WasmOp::I64Eq, &[value, none])
            }
            Kind::Float => self.is_none_float(value),
            Kind::Bool => {
                let none = self.i32(NONE_BOOL);
                self.op(WasmOp::I32Eq, &[value, none])
            }
            Kind::Str | Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => {
                self.op(WasmOp::I32Eqz, &[value])
            }
            Kind::I32 | Kind::I64 | Kind::F64 => unreachable!("{ty} has no none"),
        }
    }

    /// A change of nullability, or of an int to any, changes no bit.
    fn convert(&mut self, data: &InstData) -> Value {
        let (from, to) = (self.old.ty(data.args[0]), self.old.ty(data.results[0]));
        if to == Type::ANY {
            let value = self.get(data.args[0]);
            return self.word(from, value);
        }
        let same_word = from.kind == to.kind
            || matches!((from.kind, to.kind), (Kind::Record(_), Kind::Union(_)) | (Kind::Union(_), Kind::Record(_)));
        assert!(same_word, "{from} cannot become {to} in {}: no object holds it yet", self.old.name);
        self.get(data.args[0])
    }

    /// Values without parts are their own copies.
    fn copy(&mut self, data: &InstData) -> Value {
        let (ty, value) = (self.old.ty(data.args[0]), self.get(data.args[0]));
        let func = match ty.kind {
            Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) => RuntimeFn::ObjectCopy,
            Kind::Any => RuntimeFn::AnyCopy,
            Kind::Int | Kind::Float | Kind::Bool | Kind::Str | Kind::Func(_) | Kind::I32 | Kind::I64 | Kind::F64 => {
                return value;
            }
        };
        let copy = self.call_value(func, &[value]);
        self.collect_if_many(ty);
        copy
    }

    fn is_true(&mut self, old: Value) -> Value {
        let value = self.get(old);
        if !self.old.ty(old).nullable {
            return value;
        }
        let one = self.i32(1);
        self.op(WasmOp::I32Eq, &[value, one])
    }

    fn truthy(&mut self, old: Value) -> Value {
        let (ty, value) = (self.old.ty(old), self.get(old));
        let holds = match ty.kind {
            Kind::Bool => return self.is_true(old),
            Kind::Str | Kind::List(_) | Kind::Map(_) => {
                // Through none this loads 0.
                let offset = match ty.kind {
                    Kind::Str => STRING_BYTES,
                    Kind::List(_) => LIST_LENGTH,
                    _ => MAP_LENGTH,
                };
                let length = self.op_with(WasmOp::I32Load, &[value], Imm::Offset(offset));
                let zero = self.i32(0);
                return self.op(WasmOp::I32Ne, &[length, zero]);
            }
            Kind::Int => {
                let zero = self.i64(0);
                self.op(WasmOp::I64Ne, &[value, zero])
            }
            Kind::Float => {
                let zero = self.f64(0);
                self.op(WasmOp::F64Ne, &[value, zero])
            }
            // A function is false, as none is.
            Kind::Func(_) => return self.i32(0),
            Kind::Record(_) | Kind::Union(_) if !ty.nullable => return self.i32(1),
            Kind::Record(_) | Kind::Union(_) => {
                let zero = self.i32(0);
                return self.op(WasmOp::I32Ne, &[value, zero]);
            }
            Kind::Any => return self.call_value(RuntimeFn::AnyTruthy, &[value]),
            Kind::I32 | Kind::I64 | Kind::F64 => {
                unreachable!("{ty} is no type of the language")
            }
        };
        if !ty.nullable || (ty.kind == Kind::Int && self.is_small(old)) {
            return holds;
        }
        let is_none = self.is_none(ty, value);
        let is_some = self.op(WasmOp::I32Eqz, &[is_none]);
        self.op(WasmOp::I32And, &[holds, is_some])
    }

    /// 1 for true, 0 for false; none stays none if it can, and is 0 if not.
    fn bool_to_int(&mut self, data: &InstData) -> Value {
        let old = data.args[0];
        let is_true = self.is_true(old);
        let word = self.op(WasmOp::I64ExtendI32U, &[is_true]);
        if !(self.old.ty(old).nullable && self.old.ty(data.results[0]).nullable) {
            return word;
        }
        let value = self.get(old);
        let is_none = self.is_none(Type::BOOL, value);
        let none = self.i64(NONE_WORD);
        self.op(WasmOp::I64Select, &[none, word, is_none])
    }

    fn bool_to_str(&mut self, data: &InstData) -> Value {
        let old = data.args[0];
        let is_true = self.is_true(old);
        let (yes, no) = (self.static_string(b"true"), self.static_string(b"false"));
        let text = self.op(WasmOp::I32Select, &[yes, no, is_true]);
        if !self.old.ty(old).nullable {
            return text;
        }
        let value = self.get(old);
        let is_none = self.is_none(Type::BOOL, value);
        let none_text = self.none_text(data.imm);
        self.op(WasmOp::I32Select, &[none_text, text, is_none])
    }

    /// How `print` (mode 0) or `str` (mode 1) writes none, as a string.
    pub(super) fn none_text(&mut self, mode: Imm) -> Value {
        match mode {
            Imm::I32(0) => self.static_string(b"nil"),
            Imm::I32(1) => self.static_string(b"<nil>"),
            other => unreachable!("{other:?} is no mode"),
        }
    }
}
