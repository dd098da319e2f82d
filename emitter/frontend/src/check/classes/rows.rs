//! Rows: maps whose keys are known from first to last.
//!
//! The argument that a row may be a record: a map shows its keys where it is read by a key, given
//! one, looped over, measured, printed, compared or copied. A program reads a row by a key that it
//! names, or it is a map; a key that the row does not have gives none, as it does in a map. Only
//! stores could add a key: one under a name that the row has is a store in its field, and any other
//! makes the class a map, as does meeting a map. A store through `any` may be in whatever has
//! escaped, so it does the same to all rows that have. Everything else only looks, and the
//! runtime shows a row's entries in the order of their keys, which is that of maps.

use super::*;
use crate::typed::Field;

/// A set of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::check) struct KeysId(pub(super) u32);

/// The sets of keys that rows have.
#[derive(Default)]
pub(super) struct Keys {
    /// In the order of their bytes.
    sets: Vec<Rc<[String]>>,
    ids: BTreeMap<Rc<[String]>, KeysId>,
}

impl Keys {
    fn id(&mut self, keys: &[String]) -> KeysId {
        if let Some(&id) = self.ids.get(keys) {
            return id;
        }
        let keys: Rc<[String]> = keys.into();
        let id = KeysId(self.sets.len() as u32);
        self.sets.push(keys.clone());
        self.ids.insert(keys, id);
        id
    }

    fn get(&self, keys: KeysId) -> &Rc<[String]> {
        &self.sets[keys.0 as usize]
    }

    /// The record that a row is to the machine.
    pub(super) fn record(&self, keys: KeysId, id: usize, slots: &[Type]) -> RecordType {
        let fields = self.get(keys).iter().zip(slots).map(|(name, &ty)| Field { name: name.clone(), ty });
        RecordType {
            name: format!("row.{id}"),
            fields: fields.collect(),
            methods: Vec::new(),
            union: None,
            is_row: true,
        }
    }
}

impl Classes {
    /// A new class of rows with these keys, which are in order.
    pub(in crate::check) fn make_row(&mut self, keys: &[String]) -> Kind {
        let id = self.keys.id(keys);
        self.make(Shape::Row(id), keys.len())
    }

    /// The keys of a row in their order; absent when it has become a map.
    pub(in crate::check) fn row_keys(&mut self, row: RowId, reader: CopyId) -> Option<Rc<[String]>> {
        if let Some(interned) = &self.interned {
            return Some(interned.row(row).fields.iter().map(|field| field.name.clone()).collect());
        }
        let class = self.find(row.0);
        let class = &mut self.classes[class as usize];
        class.readers.insert(reader);
        match class.shape {
            Shape::Row(keys) => Some(self.keys.get(keys).clone()),
            Shape::List | Shape::Map | Shape::Func => None,
        }
    }

    /// The number of the slot that a row has for a key.
    pub(in crate::check) fn row_slot(&mut self, row: RowId, key: &str, reader: CopyId) -> Option<u32> {
        let keys = self.row_keys(row, reader)?;
        keys.iter().position(|name| name == key).map(|index| index as u32)
    }

    /// Makes maps of the rows of the type.
    pub(in crate::check) fn open_row(&mut self, ty: Type) {
        if let (Kind::Row(row), None) = (ty.kind, &self.interned) {
            self.open_class(row.0);
        }
    }

    /// Makes the class one of maps if it is one of rows.
    pub(super) fn open_class(&mut self, class: u32) {
        let class = self.find(class);
        let data = &mut self.classes[class as usize];
        let Shape::Row(_) = data.shape else { return };
        data.shape = Shape::Map;
        let slots = std::mem::replace(&mut data.slots, vec![Slot::default()]);
        let escapes = data.escapes;
        self.stale.extend(&data.readers);
        let kind = Shape::Map.kind(class);
        for slot in slots {
            self.join_slot(kind, 0, slot.ty, slot.first);
        }
        if escapes && self.stored != Type::NEVER {
            self.join_slot(kind, 0, self.stored, Span::default());
        }
    }

    /// A value is stored through `any` in a row that has escaped.
    pub(super) fn store_in_row(&mut self, class: u32, name: Option<&str>, ty: Type) {
        let class = self.find(class);
        let shape = self.classes[class as usize].shape;
        let Shape::Row(keys) = shape else { return };
        match name.and_then(|name| self.keys.get(keys).iter().position(|key| key == name)) {
            Some(index) => self.join_slot(shape.kind(class), index, ty, Span::default()),
            None => self.open_class(class),
        }
    }
}
