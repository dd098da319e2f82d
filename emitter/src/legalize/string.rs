//! Strings: lengths and counts inline, the rest by the runtime.
//!
//! None is a null pointer, and loading a length through it gives 0 (see `layout`), so that what
//! reads only lengths need not ask.

use super::layout::{NONE_POINTER, OBJECT_COUNT, STRING_BYTES, STRING_CHARS, STRING_DATA};
use super::lower::{Ctx, to};
use crate::ir::{Imm, InstData, MochiOp, Type, Value, WasmOp};
use crate::runtime::RuntimeFn;

impl Ctx<'_> {
    pub(super) fn string_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        match op {
            MochiOp::StrConst => {
                let Imm::Data(text) = data.imm else { unreachable!("a string constant is static data") };
                let text = self.module.data[text.index()].bytes.clone();
                self.static_string(&text)
            }
            MochiOp::StrConcat => self.runtime_op(RuntimeFn::StringConcat, data),
            MochiOp::StrEq => self.string_equal(data),
            MochiOp::StrNe => {
                let equal = self.string_equal(data);
                self.op(WasmOp::I32Eqz, &[equal])
            }
            MochiOp::StrLt => self.string_order(data, WasmOp::I32LtS),
            MochiOp::StrLe => self.string_order(data, WasmOp::I32LeS),
            MochiOp::StrGt => self.string_order(data, WasmOp::I32GtS),
            MochiOp::StrGe => self.string_order(data, WasmOp::I32GeS),
            MochiOp::StrContains => self.runtime_op(RuntimeFn::StringContains, data),
            MochiOp::StrLen => {
                let s = self.get(data.args[0]);
                let chars = self.op_with(WasmOp::I32Load, &[s], Imm::Offset(STRING_CHARS));
                self.op(WasmOp::I64ExtendI32U, &[chars])
            }
            MochiOp::StrBytes => {
                let s = self.get(data.args[0]);
                self.op_with(WasmOp::I32Load, &[s], Imm::Offset(STRING_BYTES))
            }
            MochiOp::StrAt => self.runtime_op(RuntimeFn::StringAt, data),
            MochiOp::StrSlice => self.runtime_op(RuntimeFn::StringSlice, data),
            MochiOp::StrChar => self.runtime_op(RuntimeFn::StringChar, data),
            MochiOp::StrNext => self.string_next(data),
            MochiOp::StrUpper => self.runtime_op(RuntimeFn::StringUpper, data),
            MochiOp::StrLower => self.runtime_op(RuntimeFn::StringLower, data),
            MochiOp::StrMd5 => self.runtime_op(RuntimeFn::StringMd5, data),
            MochiOp::StrTrim => {
                // The runtime takes a share over, to give it back where there is nothing to trim.
                self.dup_old(data.args[0]);
                self.runtime_op(RuntimeFn::StringTrim, data)
            }
            MochiOp::StrIndex => self.runtime_op(RuntimeFn::StringIndex, data),
            MochiOp::StrSplit => {
                let (text, separator) = (self.get(data.args[0]), self.get(data.args[1]));
                let kind = self.list_kind(self.old.ty(data.results[0]));
                self.call_value(RuntimeFn::StringSplit, &[text, separator, kind])
            }
            MochiOp::StrUnescapeUrl => self.runtime_op(RuntimeFn::UrlUnescape, data),
            MochiOp::StrEscapeUrl => self.runtime_op(RuntimeFn::UrlEscape, data),
            MochiOp::StrRepeat => self.runtime_op(RuntimeFn::StringRepeat, data),
            MochiOp::StrToInt => self.runtime_op(RuntimeFn::StringToInt, data),
            MochiOp::StrToBigint => self.runtime_op(RuntimeFn::StringToBigint, data),
            MochiOp::StrToFloat => self.runtime_op(RuntimeFn::StringToFloat, data),
            MochiOp::StrToStr => {
                let s = self.get(data.args[0]);
                if !self.old.ty(data.args[0]).nullable {
                    return s;
                }
                let none_text = self.none_text(data.imm);
                self.op(WasmOp::I32Select, &[s, none_text, s])
            }
            other => unreachable!("{} is not about strings", other.name()),
        }
    }

    /// The operation is a runtime function of the operands, and of the site if it takes one more.
    pub(super) fn runtime_op(&mut self, func: RuntimeFn, data: &InstData) -> Value {
        let mut args: Vec<Value> = data.args.iter().map(|&arg| self.get(arg)).collect();
        if func.params().len() > args.len() {
            let site = self.site();
            args.push(self.i32(site));
        }
        self.call_value(func, &args)
    }

    pub(super) fn static_string(&mut self, text: &[u8]) -> Value {
        let object = self.runtime.statics.string(self.module, text);
        self.op_with(WasmOp::DataAddr, &[], Imm::Data(object))
    }

    /// The same object is equal, other lengths are not; everything else is looked at.
    fn string_equal(&mut self, data: &InstData) -> Value {
        let (a, b) = (self.get(data.args[0]), self.get(data.args[1]));
        if self.cold {
            return self.call_value(RuntimeFn::StringEq, &[a, b]);
        }
        let (lengths, bytes, join) = (self.new_block(), self.new_block(), self.new_block());
        let result = self.func.add_param(join, Type::I32);
        let same = self.op(WasmOp::I32Eq, &[a, b]);
        self.branch(same, to(join, &[same]), to(lengths, &[]));
        self.current = lengths;
        let a_length = self.op_with(WasmOp::I32Load, &[a], Imm::Offset(STRING_BYTES));
        let b_length = self.op_with(WasmOp::I32Load, &[b], Imm::Offset(STRING_BYTES));
        let same_length = self.op(WasmOp::I32Eq, &[a_length, b_length]);
        self.branch(same_length, to(bytes, &[]), to(join, &[same_length]));
        self.current = bytes;
        let equal = self.call_value(RuntimeFn::StringEq, &[a, b]);
        self.jump(join, &[equal]);
        self.current = join;
        result
    }

    /// Bytewise; false if an operand is none, which the runtime takes for an empty string.
    fn string_order(&mut self, data: &InstData, op: WasmOp) -> Value {
        let (a, b) = (self.get(data.args[0]), self.get(data.args[1]));
        let order = self.call_value(RuntimeFn::StringCmp, &[a, b]);
        let zero = self.i32(0);
        let mut holds = self.op(op, &[order, zero]);
        for &old in &data.args {
            if self.old.ty(old).nullable {
                let (s, none) = (self.get(old), self.i32(NONE_POINTER));
                let is_some = self.op(WasmOp::I32Ne, &[s, none]);
                holds = self.op(WasmOp::I32And, &[holds, is_some]);
            }
        }
        holds
    }

    /// Behind a byte below 128 comes the next code point.
    fn string_next(&mut self, data: &InstData) -> Value {
        let (s, offset) = (self.get(data.args[0]), self.get(data.args[1]));
        let address = self.op(WasmOp::I32Add, &[s, offset]);
        let byte = self.op_with(WasmOp::I32Load8S, &[address], Imm::Offset(STRING_DATA));
        let zero = self.i32(0);
        let ascii = self.op(WasmOp::I32GeS, &[byte, zero]);
        let one = self.i32(1);
        let width = self.unless_slow(ascii, one, |this| this.call_value(RuntimeFn::StringWidth, &[s, offset]));
        self.op(WasmOp::I32Add, &[offset, width])
    }

    /// Adds `change` to the number of shares; gives the new number.
    pub(super) fn change_count(&mut self, object: Value, change: i32) -> Value {
        let count = self.op_with(WasmOp::I32Load, &[object], Imm::Offset(OBJECT_COUNT));
        let change = self.i32(change);
        let count = self.op(WasmOp::I32Add, &[count, change]);
        self.effect(WasmOp::I32Store, &[object, count], Imm::Offset(OBJECT_COUNT));
        count
    }
}
