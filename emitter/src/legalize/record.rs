//! Records, unions and cells: fields inline, what is the same for all objects in the runtime.
//!
//! A record's second word is the address of its descriptor, which tells records of a union apart
//! and the runtime where the fields lie and what they are called (see `layout`).

use super::layout::{Format, OBJECT_COUNT, OBJECT_KIND, RecordLayout};
use super::lower::Ctx;
use crate::ir::{DataId, Imm, InstData, Kind, MochiOp, Op, RecordType, Type, Value, WasmOp};
use crate::runtime::RuntimeFn;

impl Format {
    pub(super) fn load(self) -> WasmOp {
        match self {
            Format::Word => WasmOp::I64Load,
            Format::Float => WasmOp::F64Load,
            Format::Bool | Format::Pointer => WasmOp::I32Load,
        }
    }

    pub(super) fn store(self) -> WasmOp {
        match self {
            Format::Word => WasmOp::I64Store,
            Format::Float => WasmOp::F64Store,
            Format::Bool | Format::Pointer => WasmOp::I32Store,
        }
    }
}

/// Where a field lies.
struct Field {
    ty: Type,
    offset: Imm,
}

impl Field {
    fn load(&self) -> WasmOp {
        Format::of(self.ty).load()
    }

    fn store(&self) -> WasmOp {
        Format::of(self.ty).store()
    }
}

impl Ctx<'_> {
    /// The operations on records that have a result.
    pub(super) fn record_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        match op {
            MochiOp::RecordNew => self.record_new(data),
            MochiOp::RecordGet | MochiOp::RecordPeek => {
                let (record, field) = self.field(data);
                let value = self.op_with(field.load(), &[record], field.offset);
                if op == MochiOp::RecordGet {
                    self.dup(field.ty, value);
                }
                value
            }
            MochiOp::RecordTake => {
                let (record, field) = self.field(data);
                let value = self.op_with(field.load(), &[record], field.offset);
                self.clear(record, &field);
                value
            }
            MochiOp::RecordIs => {
                let Imm::Record(wanted) = data.imm else { unreachable!("a variant is named") };
                let union = self.get(data.args[0]);
                let found = self.op_with(WasmOp::I32Load, &[union], Imm::Offset(OBJECT_KIND));
                let descriptor = self.record_descriptor(wanted);
                let wanted = self.op_with(WasmOp::DataAddr, &[], Imm::Data(descriptor));
                self.op(WasmOp::I32Eq, &[found, wanted])
            }
            MochiOp::ObjectEq => self.runtime_op(RuntimeFn::ObjectEqual, data),
            MochiOp::ObjectNe => {
                let equal = self.runtime_op(RuntimeFn::ObjectEqual, data);
                self.op(WasmOp::I32Eqz, &[equal])
            }
            MochiOp::ObjectToStr => self.object_to_str(data),
            other => unreachable!("{} is not about records", other.name()),
        }
    }

    /// Sets a field. The old value is given up when the new one is in place: what is freed then
    /// may be anything.
    pub(super) fn set_field(&mut self, op: MochiOp, data: &InstData) {
        let (record, field) = self.field(data);
        let value = self.get(data.args[1]);
        let replaced = (op == MochiOp::RecordSet && field.ty.is_counted())
            .then(|| self.op_with(field.load(), &[record], field.offset));
        self.effect(field.store(), &[record, value], field.offset);
        if let Some(replaced) = replaced {
            self.drop(field.ty, replaced);
        }
    }

    fn record_type(&self, old: Value) -> RecordType {
        match self.old.ty(old).kind {
            Kind::Record(record) => record,
            _ => unreachable!("{old} of {} is no record", self.old.name),
        }
    }

    /// The record of an operation and the field that it names.
    fn field(&self, data: &InstData) -> (Value, Field) {
        let Imm::I32(index) = data.imm else { unreachable!("a field is counted off") };
        let record = &self.module.records[self.record_type(data.args[0]).index()];
        let offset = Imm::Offset(RecordLayout::of(record).offsets[index as usize]);
        (self.get(data.args[0]), Field { ty: record.fields[index as usize].1, offset })
    }

    fn clear(&mut self, record: Value, field: &Field) {
        let zero = match Format::of(field.ty) {
            Format::Word => self.i64(0),
            Format::Float => self.f64(0),
            Format::Bool | Format::Pointer => self.i32(0),
        };
        self.effect(field.store(), &[record, zero], field.offset);
    }

    fn record_new(&mut self, data: &InstData) -> Value {
        let ty = self.record_type(data.results[0]);
        if self.module.records[ty.index()].fields.is_empty() {
            // All are the same: nothing tells them apart.
            let object = self.runtime.statics.empty_record(self.module, ty);
            let record = self.op_with(WasmOp::DataAddr, &[], Imm::Data(object));
            self.change_count(record, 1);
            return record;
        }
        let layout = RecordLayout::of(&self.module.records[ty.index()]);
        let descriptor = self.record_descriptor(ty);
        let record = self.new_object(layout.size, descriptor);
        let filled = self.filled_at_once(data.results[0]);
        for (index, offset) in layout.offsets.into_iter().enumerate() {
            if !filled.contains(&(index as i32)) {
                let ty = self.module.records[ty.index()].fields[index].1;
                self.clear(record, &Field { ty, offset: Imm::Offset(offset) });
            }
        }
        record
    }

    /// A new object with one share, of which only the header is set.
    pub(super) fn new_object(&mut self, size: u32, descriptor: DataId) -> Value {
        let size = self.i32(size as i32);
        let object = self.call_value(RuntimeFn::AllocKnown, &[size]);
        let one = self.i32(1);
        self.effect(WasmOp::I32Store, &[object, one], Imm::Offset(OBJECT_COUNT));
        let descriptor = self.op_with(WasmOp::DataAddr, &[], Imm::Data(descriptor));
        self.effect(WasmOp::I32Store, &[object, descriptor], Imm::Offset(OBJECT_KIND));
        object
    }

    /// The places of a new record that are given their values before anything can read them.
    fn filled_at_once(&self, new: Value) -> Vec<i32> {
        let mut filled = Vec::new();
        for &inst in self.following {
            let data = self.old.inst(inst);
            match (data.op, data.imm) {
                (Op::Mochi(MochiOp::RecordInit), Imm::I32(index)) if data.args[0] == new => filled.push(index),
                (Op::Mochi(MochiOp::RecordInit | MochiOp::Dup), _) if !data.args.contains(&new) => {}
                _ => break,
            }
        }
        filled
    }

    fn record_descriptor(&mut self, record: RecordType) -> DataId {
        let mark = self.runtime.ring_mark(Type::of(Kind::Record(record)));
        self.runtime.statics.record_descriptor(self.module, record, mark)
    }

    fn object_to_str(&mut self, data: &InstData) -> Value {
        let object = self.get(data.args[0]);
        let text = |this: &mut Self| {
            let mode = this.mode(data.imm);
            this.call_value(RuntimeFn::ObjectToString, &[object, mode])
        };
        if !self.old.ty(data.args[0]).nullable {
            return text(self);
        }
        self.fast_or_slow(object, text, |this| this.none_text(data.imm))
    }
}
