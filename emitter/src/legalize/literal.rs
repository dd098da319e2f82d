//! Lists whose first elements are constants: these are copied from static data in one go.

use super::layout::is_small;
use super::list::{FreshList, Layout};
use super::lower::Ctx;
use crate::ir::{Imm, InstData, Kind, MochiOp, Op, Value, ValueDef, WasmOp};
use crate::runtime::RuntimeFn;

/// Fewer elements are stored one by one.
const LEAST: usize = 4;

impl Ctx<'_> {
    /// The list of a `list.new` with the constants that are appended to it next, if they are many enough. What
    /// appends them is then written already: nothing else sees the list before it has them.
    pub(super) fn literal(&mut self, data: &InstData, layout: Layout, room: i32) -> Option<Value> {
        let mut bytes = Vec::new();
        let mut lists = vec![data.results[0]];
        for &inst in self.following {
            let next = self.old.inst(inst);
            let list = lists[lists.len() - 1];
            if !self.uses.is_single(list) || lists.len() > room as usize {
                break;
            }
            if !next.args.contains(&list) {
                continue;
            }
            let is_push = next.op == Op::Mochi(MochiOp::ListPush) && next.args[0] == list;
            if !is_push || !self.add_constant(layout, next.args[1], &mut bytes) {
                break;
            }
            lists.push(next.results[0]);
        }
        let length = lists.len() - 1;
        if length < LEAST {
            return None;
        }
        let elements = self.runtime.statics.bytes(self.module, &bytes);
        let elements = self.op_with(WasmOp::DataAddr, &[], Imm::Data(elements));
        let kind = self.i32(layout.descriptor() as i32);
        let [length_value, room_value] = [length as i32, room].map(|value| self.i32(value));
        let value = self.call_value(RuntimeFn::ListOf, &[kind, length_value, room_value, elements]);
        self.written_lists.extend(lists[1..].iter().copied());
        self.fresh_lists.insert(lists[length], FreshList { length: length as i32, room });
        Some(value)
    }

    /// Adds a constant as it lies in a list; whether it is one that counts nothing.
    fn add_constant(&self, layout: Layout, value: Value, bytes: &mut Vec<u8>) -> bool {
        let ValueDef::Result(inst, _) = self.old.def(value) else { return false };
        let data = self.old.inst(inst);
        match (layout, data.op, data.imm) {
            // An int is the same word as a value of any kind.
            (Layout::Words, Op::Mochi(MochiOp::Convert), _) if self.old.ty(data.args[0]).kind == Kind::Int => {
                return self.add_constant(layout, data.args[0], bytes);
            }
            (Layout::Words, Op::Mochi(MochiOp::IntConst), Imm::I64(value)) if is_small(value) => {
                bytes.extend(value.to_le_bytes());
            }
            (Layout::Floats, Op::Mochi(MochiOp::FloatConst), Imm::F64(bits)) => bytes.extend(bits.to_le_bytes()),
            (Layout::Bools, Op::Mochi(MochiOp::BoolConst), Imm::I32(value)) => bytes.push(value as u8),
            _ => return false,
        }
        true
    }
}
