//! Maps: the runtime finds the place of a value, what happens there is inline.

use super::layout::{Format, KIND_BOOL_MAP, KIND_FLOAT_MAP, KIND_POINTER_MAP, KIND_WORD_MAP, MAP_LENGTH};
use super::lower::Ctx;
use crate::ir::{Imm, InstData, Kind, MochiOp, Type, Value, WasmOp};
use crate::runtime::RuntimeFn;

impl Format {
    /// The kind of maps whose values lie so.
    fn map_kind(self) -> u32 {
        match self {
            Format::Word => KIND_WORD_MAP,
            Format::Float => KIND_FLOAT_MAP,
            Format::Bool => KIND_BOOL_MAP,
            Format::Pointer => KIND_POINTER_MAP,
        }
    }
}

impl Ctx<'_> {
    /// The operations on maps that have a result.
    pub(super) fn map_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        match op {
            MochiOp::MapNew => {
                let held = self.held(data.results[0]);
                let kind = self.i32(Format::of(held).map_kind() as i32);
                self.call_value(RuntimeFn::MapNew, &[kind])
            }
            MochiOp::MapGet | MochiOp::MapTake => self.map_get(op, data),
            MochiOp::MapHas => {
                let place = self.find(data);
                let zero = self.i32(0);
                self.op(WasmOp::I32Ne, &[place, zero])
            }
            MochiOp::MapKeys => self.runtime_op(RuntimeFn::MapKeys, data),
            MochiOp::MapValues => self.runtime_op(RuntimeFn::MapValues, data),
            MochiOp::MapLen => {
                let map = self.get(data.args[0]);
                let length = self.op_with(WasmOp::I32Load, &[map], Imm::Offset(MAP_LENGTH));
                self.op(WasmOp::I64ExtendI32U, &[length])
            }
            other => unreachable!("{} is not about maps", other.name()),
        }
    }

    /// The type of a map's values.
    fn held(&self, map: Value) -> Type {
        let ty = self.old.ty(map);
        self.module.map_value(ty).unwrap_or_else(|| panic!("{ty} is no map in {}", self.old.name))
    }

    /// The address of the value that the operation's key has, or 0.
    fn find(&mut self, data: &InstData) -> Value {
        let func = match self.old.ty(data.args[1]).kind {
            Kind::Int => RuntimeFn::MapFindInt,
            Kind::Str => RuntimeFn::MapFindString,
            _ => RuntimeFn::MapFindAny,
        };
        let (map, key) = (self.get(data.args[0]), self.get(data.args[1]));
        self.call_value(func, &[map, key])
    }

    fn map_get(&mut self, op: MochiOp, data: &InstData) -> Value {
        let ty = self.old.ty(data.results[0]);
        let format = Format::of(ty);
        let place = self.find(data);
        let (found, missing, join) = (self.new_block(), self.new_block(), self.new_block());
        let result = self.func.add_param(join, ty.machine());
        self.branch(place, super::lower::to(found, &[]), super::lower::to(missing, &[]));
        self.current = found;
        let value = self.op_with(format.load(), &[place], Imm::Offset(0));
        match op {
            MochiOp::MapGet => self.dup(ty, value),
            _ => {
                let none = self.none(ty);
                self.effect(format.store(), &[place, none], Imm::Offset(0));
            }
        }
        self.jump(join, &[value]);
        self.current = missing;
        let none = self.none(ty);
        self.jump(join, &[none]);
        self.current = join;
        result
    }

    /// The old value is given up when the new one is in place: what is freed then may be anything.
    pub(super) fn map_set(&mut self, data: &InstData) {
        let func = match self.old.ty(data.args[1]).kind {
            Kind::Int => RuntimeFn::MapSlotInt,
            Kind::Str => RuntimeFn::MapSlotString,
            _ => RuntimeFn::MapSlotAny,
        };
        let held = self.held(data.args[0]);
        let format = Format::of(held);
        let [map, key, value] = [0, 1, 2].map(|index| self.get(data.args[index]));
        let place = self.call_value(func, &[map, key]);
        let replaced = held.is_counted().then(|| self.op_with(format.load(), &[place], Imm::Offset(0)));
        self.effect(format.store(), &[place, value], Imm::Offset(0));
        if let Some(replaced) = replaced {
            // A new entry holds none, whatever the type says.
            self.drop(held.or_none(), replaced);
        }
    }
}
