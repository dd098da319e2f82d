//! The fields of records: one slot each, for the whole program.
//!
//! A record type is its declaration, so what flows into a field anywhere counts for all records
//! of the type, and copies of functions that have read a field are walked again when it grows.

use std::collections::{BTreeMap, BTreeSet};

use super::infer::{CopyId, Infer, Slot};
use super::resolved::Program;
use crate::source::Span;
use crate::typed::{self, RecordType, UnionType};
use crate::types::{Kind, RecordId, Type};

pub(super) struct Fields {
    /// By record and number of the field.
    fields: Vec<Vec<Field>>,
    /// By record.
    made: Vec<Made>,
    /// By name, if that is known: what is stored in fields through `any`.
    stored: BTreeMap<Option<String>, Type>,
}

/// Whether there are records of a type.
#[derive(Clone, Default)]
struct Made {
    is_made: bool,
    /// The copies that have asked when it was not known.
    readers: BTreeSet<CopyId>,
}

#[derive(Clone, Default)]
struct Field {
    slot: Slot,
    /// The copies that have used the type.
    readers: BTreeSet<CopyId>,
}

impl Fields {
    pub(super) fn new(program: &Program<'_>) -> Fields {
        let fields = program.records.iter().map(|record| vec![Field::default(); record.fields.len()]);
        Fields { fields: fields.collect(), made: vec![Made::default(); program.records.len()], stored: BTreeMap::new() }
    }

    /// Puts another name for each type.
    pub(super) fn rename(&mut self, rename: impl Fn(Type) -> Type) {
        for field in self.fields.iter_mut().flatten() {
            field.slot.ty = rename(field.slot.ty);
        }
    }

    fn get_mut(&mut self, record: RecordId, index: u32) -> &mut Field {
        &mut self.fields[record.index()][index as usize]
    }
}

impl Infer<'_, '_> {
    /// Whether the program makes records of the type, as far as is known.
    pub(super) fn is_made(&mut self, record: RecordId, reader: CopyId) -> bool {
        let made = &mut self.fields.made[record.index()];
        if !made.is_made {
            made.readers.insert(reader);
        }
        made.is_made
    }

    pub(super) fn make_record(&mut self, record: RecordId) {
        let made = &mut self.fields.made[record.index()];
        made.is_made = true;
        for reader in std::mem::take(&mut made.readers) {
            self.again(reader);
        }
    }

    /// Lets none flow into the fields that nothing is known to flow into.
    pub(super) fn settle_fields(&mut self) {
        for index in 0..self.fields.fields.len() {
            for field in 0..self.fields.fields[index].len() {
                let (record, field) = (RecordId(index as u32), field as u32);
                if self.fields.made[index].is_made && self.field_type(record, field) == Type::NEVER {
                    self.join_field(record, field, Type::NONE, Span::default());
                }
            }
        }
    }

    pub(super) fn field(&mut self, record: RecordId, index: u32, reader: CopyId) -> Slot {
        let field = self.fields.get_mut(record, index);
        field.readers.insert(reader);
        let slot = field.slot;
        Slot { ty: self.canonical(slot.ty), ..slot }
    }

    /// The type that the field has at present, for those who only store.
    pub(super) fn field_type(&self, record: RecordId, index: u32) -> Type {
        self.canonical(self.fields.fields[record.index()][index as usize].slot.ty)
    }

    /// Lets a value flow into a field.
    pub(super) fn join_field(&mut self, record: RecordId, index: u32, ty: Type, from: Span) -> Slot {
        let mut slot = self.fields.get_mut(record, index).slot;
        let has_grown = self.join(&mut slot, ty, from);
        let field = self.fields.get_mut(record, index);
        field.slot = slot;
        if has_grown {
            for reader in field.readers.clone() {
                self.again(reader);
            }
        }
        if self.classes.has_escaped(record) {
            self.escape(slot.ty);
        }
        slot
    }

    /// Records of the type have flowed to where values of any kind are.
    pub(super) fn escape_fields(&mut self, record: RecordId) {
        for index in 0..self.fields.fields[record.index()].len() as u32 {
            let ty = self.field_type(record, index);
            self.escape(ty);
            let name = self.program.records[record.index()].fields[index as usize].name;
            let stored = [None, Some(name)].map(|name| self.fields.stored.get(&name.map(str::to_owned)).copied());
            for ty in stored.into_iter().flatten() {
                self.join_field(record, index, ty, Span::default());
            }
        }
    }

    /// A value is stored in the field, or (none) in some field, of something of which nothing is known.
    pub(super) fn store_field_through_any(&mut self, name: Option<&str>, ty: Type) {
        self.escape(ty);
        let key = name.map(str::to_owned);
        let before = self.fields.stored.get(&key).copied().unwrap_or(Type::NEVER);
        let stored = self.join_types(before, ty);
        if stored == before || self.is_final() {
            return;
        }
        self.fields.stored.insert(key, stored);
        let records: Vec<RecordId> = self.classes.escaped_records().collect();
        for record in records {
            for (index, field) in self.program.records[record.index()].fields.iter().enumerate() {
                if name.is_none_or(|name| name == field.name) {
                    self.join_field(record, index as u32, stored, Span::default());
                }
            }
        }
    }

    /// The record types of the typed program.
    pub(super) fn record_types(&self) -> Vec<RecordType> {
        let records = self.program.records.iter().zip(&self.fields.fields);
        let records = records.map(|(record, fields)| RecordType {
            name: record.name.to_owned(),
            fields: record
                .fields
                .iter()
                .zip(fields)
                .map(|(declared, field)| typed::Field { name: declared.name.to_owned(), ty: stored(field.slot.ty) })
                .collect(),
            methods: record.methods.iter().map(|&(name, _)| name.to_owned()).collect(),
            union: record.union,
            is_row: false,
        });
        records.collect()
    }

    pub(super) fn union_types(&self) -> Vec<UnionType> {
        let unions = self.program.unions.iter();
        unions.map(|union| UnionType { name: union.name.to_owned(), variants: union.variants.clone() }).collect()
    }
}

/// The type of a field in the typed program. Where only none ever is, it could be of any nullable type.
pub(super) fn stored(ty: Type) -> Type {
    if ty.kind == Kind::Never { Type::INT.or_none() } else { ty }
}
