//! Function values: objects with the number of their code in the table of indirect calls, and what
//! they capture.
//!
//! A function value that captures nothing is static data.

use super::layout::{CLOSURE_CAPTURES, CLOSURE_CODE, CLOSURE_GENERIC, Format, closure_size};
use super::lower::Ctx;
use crate::ir::{FuncId, Imm, Inst, InstData, MochiOp, Op, Param, Signature, Type, Value, WasmOp};

impl Ctx<'_> {
    /// The operations on function values that have a result.
    pub(super) fn closure_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        match (op, data.imm) {
            (MochiOp::ClosureNew, Imm::Func(code)) => self.closure_new(code, self.old.ty(data.results[0])),
            (MochiOp::ClosureConst, Imm::Func(code)) => {
                let closure = self.closure(code).generic;
                let arity = self.arity(code);
                let object = self.runtime.statics.closure(self.module, code, closure, arity);
                self.op_with(WasmOp::DataAddr, &[], Imm::Data(object))
            }
            (MochiOp::ClosureGet | MochiOp::ClosurePeek, Imm::I32(index)) => {
                let closure = self.get(data.args[0]);
                let ty = self.old.ty(data.results[0]);
                let value = self.op_with(Format::of(ty).load(), &[closure], capture(index));
                if op == MochiOp::ClosureGet {
                    self.dup(ty, value);
                }
                value
            }
            _ => unreachable!("{} is not about closures", op.name()),
        }
    }

    pub(super) fn closure_init(&mut self, data: &InstData) {
        let Imm::I32(index) = data.imm else { unreachable!("a captured value is counted off") };
        let (closure, value) = (self.get(data.args[0]), self.get(data.args[1]));
        let format = Format::of(self.old.ty(data.args[1]));
        self.effect(format.store(), &[closure, value], capture(index));
    }

    /// Parameters but for the closure.
    fn arity(&self, code: FuncId) -> u32 {
        self.module.func(code).sig.params.len() as u32 - 1
    }

    fn closure_new(&mut self, code: FuncId, ty: Type) -> Value {
        let closure = self.closure(code).clone();
        let formats: Vec<Format> = closure.captures.iter().map(|&ty| Format::of(ty)).collect();
        let mark = self.runtime.ring_mark(ty);
        let descriptor = self.runtime.statics.closure_descriptor(self.module, self.arity(code), &formats, mark);
        let object = self.new_object(closure_size(formats.len()), descriptor);
        let number = self.op_with(WasmOp::FuncIndex, &[], Imm::Func(code));
        self.effect(WasmOp::I32Store, &[object, number], Imm::Offset(CLOSURE_CODE));
        let generic = match closure.generic {
            Some(generic) => self.op_with(WasmOp::FuncIndex, &[], Imm::Func(generic)),
            None => self.i32(0),
        };
        self.effect(WasmOp::I32Store, &[object, generic], Imm::Offset(CLOSURE_GENERIC));
        object
    }

    /// Calls the code of a function value; gives the call, whose results are those of the old one.
    pub(super) fn call_closure(&mut self, data: &InstData) -> Inst {
        let mut args: Vec<Value> = data.args.iter().map(|&arg| self.get(arg)).collect();
        let results: Vec<Type> = data.results.iter().map(|&result| self.old.ty(result).machine()).collect();
        let param = |&arg: &Value| Param { ty: self.func.ty(arg), owned: false };
        let sig = Signature { params: args.iter().map(param).collect(), results: results.clone() };
        let sig = self.module.sig_of(&sig);
        args.push(self.op_with(WasmOp::I32Load, &[args[0]], Imm::Offset(CLOSURE_CODE)));
        self.append(Op::CallIndirect, args, Imm::Sig(sig), &results)
    }
}

fn capture(index: i32) -> Imm {
    Imm::Offset(CLOSURE_CAPTURES + 8 * index as u32)
}
