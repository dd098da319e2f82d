//! Static data that runtime functions and legalized code share, each piece once a module.

use std::collections::HashMap;

use crate::ir::{DataBlob, DataId, FuncId, Kind, Module, RecordType, Shape, ShapeId, Type};
use crate::legalize::layout::{self, Format, RingMark};

/// What has been made so far in one module.
#[derive(Debug, Default)]
pub(crate) struct Statics {
    bytes: HashMap<Vec<u8>, DataId>,
    strings: HashMap<Vec<u8>, DataId>,
    bignums: HashMap<i64, DataId>,
    file_table: Option<DataId>,
    record_descriptors: HashMap<RecordType, DataId>,
    empty_records: HashMap<RecordType, DataId>,
    closure_descriptors: HashMap<(u32, Vec<Format>, RingMark), DataId>,
    closures: HashMap<FuncId, DataId>,
    /// By shape; all of a module are made together.
    shapes: Vec<DataId>,
}

impl Statics {
    /// Plain bytes without header.
    pub(crate) fn bytes(&mut self, module: &mut Module, bytes: &[u8]) -> DataId {
        if let Some(&data) = self.bytes.get(bytes) {
            return data;
        }
        let size = bytes.len() as u32;
        let blob = DataBlob { bytes: bytes.to_vec(), size, align: 1, ..DataBlob::default() };
        let data = module.add_data(blob);
        self.bytes.insert(bytes.to_vec(), data);
        data
    }

    /// A string object.
    pub(crate) fn string(&mut self, module: &mut Module, text: &[u8]) -> DataId {
        if let Some(&data) = self.strings.get(text) {
            return data;
        }
        let data = module.add_data(layout::static_string(text));
        self.strings.insert(text.to_vec(), data);
        data
    }

    /// The object of an integer that is not small.
    pub(crate) fn bignum(&mut self, module: &mut Module, value: i64) -> DataId {
        *self.bignums.entry(value).or_insert_with(|| module.add_data(layout::static_bignum(value)))
    }

    /// What the runtime knows of the records of a type.
    pub(crate) fn record_descriptor(&mut self, module: &mut Module, record: RecordType, mark: RingMark) -> DataId {
        if let Some(&data) = self.record_descriptors.get(&record) {
            return data;
        }
        let declared = module.records[record.index()].clone();
        let blob = layout::record_descriptor(&declared, mark, |name| self.string(module, name.as_bytes()));
        let data = module.add_data(blob);
        self.record_descriptors.insert(record, data);
        data
    }

    /// The one record of a type without fields.
    pub(crate) fn empty_record(&mut self, module: &mut Module, record: RecordType) -> DataId {
        let descriptor = self.record_descriptor(module, record, RingMark::Never);
        *self.empty_records.entry(record).or_insert_with(|| module.add_data(layout::static_record(descriptor)))
    }

    /// What the runtime knows of function values.
    pub(crate) fn closure_descriptor(
        &mut self,
        module: &mut Module,
        arity: u32,
        formats: &[Format],
        mark: RingMark,
    ) -> DataId {
        let descriptor = self.closure_descriptors.entry((arity, formats.to_vec(), mark));
        *descriptor.or_insert_with(|| module.add_data(layout::closure_descriptor(arity, formats, mark)))
    }

    /// The function value that captures nothing.
    pub(crate) fn closure(&mut self, module: &mut Module, code: FuncId, generic: Option<FuncId>, arity: u32) -> DataId {
        let descriptor = self.closure_descriptor(module, arity, &[], RingMark::Never);
        let closure = self.closures.entry(code);
        *closure.or_insert_with(|| module.add_data(layout::static_closure(descriptor, code, generic)))
    }

    /// What tells the runtime what loaded data becomes.
    pub(crate) fn shape(&mut self, module: &mut Module, shape: ShapeId, mark: impl Fn(Type) -> RingMark) -> DataId {
        if self.shapes.is_empty() {
            // Shapes may lie in themselves, so all have a number before any has a content.
            self.shapes = (0..module.shapes.len()).map(|_| module.add_data(DataBlob::default())).collect();
            for (index, shape) in module.shapes.clone().iter().enumerate() {
                let blob = self.shape_blob(module, shape, &mark);
                module.data[self.shapes[index].index()] = blob;
            }
        }
        self.shapes[shape.index()]
    }

    fn shape_blob(&mut self, module: &mut Module, shape: &Shape, mark: impl Fn(Type) -> RingMark) -> DataBlob {
        let kind = layout::shape_kind(shape);
        match shape {
            Shape::List { list, element } => {
                let format = Format::of(module.lists[list.index()]);
                layout::shape_of_list(kind, format, self.shapes[element.index()])
            }
            Shape::Map { map, value, int_keys } => {
                let format = Format::of(module.maps[map.index()]);
                layout::shape_of_map(kind, format, self.shapes[value.index()], *int_keys)
            }
            Shape::Record { record, fields } => {
                let mark = mark(Type::of(Kind::Record(*record)));
                let descriptor = self.record_descriptor(module, *record, mark);
                let declared = module.records[record.index()].clone();
                let fields: Vec<DataId> = fields.iter().map(|field| self.shapes[field.index()]).collect();
                layout::shape_of_record(kind, &declared, descriptor, &fields, |name| {
                    self.string(module, name.as_bytes())
                })
            }
            Shape::Any | Shape::Int | Shape::BigInt | Shape::BigRat | Shape::Float | Shape::Bool | Shape::Str => {
                layout::shape_of_scalar(kind)
            }
        }
    }

    /// Zeroed memory, new with each call.
    pub(crate) fn scratch(module: &mut Module, size: u32) -> DataId {
        module.add_data(DataBlob { size, align: 16, ..DataBlob::default() })
    }

    /// Address and length of the name of each source file, by the index that sites have.
    pub(crate) fn file_table(&mut self, module: &mut Module) -> DataId {
        if let Some(data) = self.file_table {
            return data;
        }
        let mut table = DataBlob { align: 4, ..DataBlob::default() };
        for name in module.files.clone() {
            let data = self.bytes(module, name.as_bytes());
            table.relocs.push((table.bytes.len() as u32, data));
            table.bytes.extend(0u32.to_le_bytes());
            table.bytes.extend((name.len() as u32).to_le_bytes());
        }
        table.size = table.bytes.len() as u32;
        let data = module.add_data(table);
        self.file_table = Some(data);
        data
    }
}
