//! Printing: the runtime writes each kind of value.

use super::lower::Ctx;
use crate::ir::{DataBlob, Imm, Kind, Value, WasmOp};
use crate::runtime::RuntimeFn;

impl Ctx<'_> {
    pub(super) fn print(&mut self, old: Value) {
        let (ty, value) = (self.old.ty(old), self.get(old));
        let func = match ty.kind {
            Kind::Int => RuntimeFn::PrintInt,
            Kind::Float => RuntimeFn::PrintFloat,
            Kind::Bool => RuntimeFn::PrintBool,
            Kind::Str => RuntimeFn::PrintString,
            Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => RuntimeFn::PrintObject,
            Kind::Any => RuntimeFn::PrintAny,
            Kind::I32 | Kind::I64 | Kind::F64 => unreachable!("{ty} is no type of the language"),
        };
        self.call(func, &[value]);
    }

    pub(super) fn json(&mut self, old: Value) {
        let (ty, value) = (self.old.ty(old), self.get(old));
        let func = match ty.kind {
            Kind::Int | Kind::Any => RuntimeFn::JsonAny,
            Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => RuntimeFn::JsonObject,
            Kind::Float | Kind::Bool | Kind::Str | Kind::I32 | Kind::I64 | Kind::F64 => {
                unreachable!("a value of type {ty} becomes a word first")
            }
        };
        self.call(func, &[value]);
    }

    /// A line end is written by a function of its own, which knows whether somebody waits for it.
    pub(super) fn print_data(&mut self, text: Imm) {
        let Imm::Data(data) = text else { unreachable!("a text is static data") };
        let DataBlob { bytes, size, .. } = &self.module.data[data.index()];
        debug_assert_eq!(bytes.len(), *size as usize, "texts are spelled out");
        let ends_line = bytes.last() == Some(&b'\n');
        let rest = bytes[..bytes.len() - ends_line as usize].to_vec();
        if !rest.is_empty() {
            let shared = self.runtime.statics.bytes(self.module, &rest);
            let address = self.op_with(WasmOp::DataAddr, &[], Imm::Data(shared));
            let length = self.i32(rest.len() as i32);
            self.call(RuntimeFn::WriteStdout, &[address, length]);
        }
        if ends_line {
            self.call(RuntimeFn::PrintNewline, &[]);
        }
    }
}
