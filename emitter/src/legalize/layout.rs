//! How values lie in words and memory: the encodings, headers and offsets that the rest of the
//! emitter does not know. The runtime's sources repeat those that they use; a test compares.
//!
//! An `int` or `any` is a 64-bit word. With u = 2^61, a word in `[-u, u)` is itself (*small*);
//! others are a tag plus the address of an object, or none. The tags lie so that the sum of two
//! words that are not both small is never small, which is what makes one check of an addition's
//! result enough.

use crate::ir::{DataBlob, DataId, FuncId, Record, RecordForm, Shape, Type};
pub use crate::ir::{NONE_BOOL, NONE_FLOAT, NONE_WORD, SMALL_LIMIT};

/// Added to the address of a big number that is positive.
pub const POSITIVE_TAG: i64 = 1 << 62;
/// Added to the address of a big number that is negative.
pub const NEGATIVE_TAG: i64 = -13 * (1 << 59);
/// No object lies below the static data, and the first bytes of memory are never written: a
/// load of a length through none gives 0.
pub const NONE_POINTER: i32 = 0;

/// Every object: how many shares of it there are.
pub const OBJECT_COUNT: u32 = 0;
/// Every object: its kind.
pub const OBJECT_KIND: u32 = 4;
pub const KIND_STRING: u32 = 1;
pub const KIND_BIGNUM: u32 = 2;
/// Lists of ints (or any words), floats, bools and pointers.
pub const KIND_WORD_LIST: u32 = 16;
pub const KIND_FLOAT_LIST: u32 = 17;
pub const KIND_BOOL_LIST: u32 = 18;
pub const KIND_POINTER_LIST: u32 = 19;
/// The count of a static object. The runtime restores it should it ever be used up.
pub const STATIC_COUNT: u32 = 0x4000_0000;

/// The bits of a count that count, where rings are looked for: those above have marks.
pub const SHARES: u32 = 0x0FFF_FFFF;

pub const STRING_BYTES: u32 = 8;
pub const STRING_CHARS: u32 = 12;
pub const STRING_CAP: u32 = 16;
pub const STRING_DATA: u32 = 20;

pub const BIGNUM_LENGTH: u32 = 8;
pub const BIGNUM_CAP: u32 = 12;
pub const BIGNUM_LIMBS: u32 = 16;

/// Elements.
pub const LIST_LENGTH: u32 = 8;
/// The length while all elements are small or need not be (only words do), else 0.
pub const LIST_FAST_LENGTH: u32 = 12;
/// Elements that there is room for.
pub const LIST_CAP: u32 = 16;
/// The address of the elements.
pub const LIST_DATA: u32 = 20;

/// Every index that an operation on lists does not refuse lies between the opposite of this and this.
pub const LIST_INDEXES: i64 = 1 << 32;

/// How a value lies in a field of a record or in a closure; descriptors say it by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// An int or any.
    Word = 0,
    Float = 1,
    /// 32 bits.
    Bool = 2,
    Pointer = 3,
}

/// What descriptors of records say of the field `__name`, which is in the descriptor itself.
pub const FORMAT_NAME: u32 = 4;
/// What they have in place of the name where records are rows.
pub const NAME_OF_ROW: u32 = 1;
/// What they say of methods, which read as none.
pub const FORMAT_METHOD: u32 = 5;

impl Format {
    pub fn of(ty: Type) -> Format {
        match ty.machine() {
            Type::I64 => Format::Word,
            Type::F64 => Format::Float,
            _ if ty.is_pointer() => Format::Pointer,
            _ => Format::Bool,
        }
    }

    fn size(self) -> u32 {
        match self {
            Format::Word | Format::Float => 8,
            Format::Bool | Format::Pointer => 4,
        }
    }
}

/// Maps to ints (or any words), floats, bools and pointers.
pub const KIND_WORD_MAP: u32 = 32;
pub const KIND_FLOAT_MAP: u32 = 33;
pub const KIND_BOOL_MAP: u32 = 34;
pub const KIND_POINTER_MAP: u32 = 35;
/// Entries.
pub const MAP_LENGTH: u32 = 8;

pub const KIND_RECORD: u32 = 64;
pub const KIND_CLOSURE: u32 = 65;

/// Every descriptor: the kind of the objects that have it, instead of their own.
pub const DESCRIPTOR_KIND: u32 = 0;
/// Every descriptor: the size of the objects, and the mark of those that may be in rings.
pub const DESCRIPTOR_SIZE: u32 = 4;
pub const RING_MARK: u32 = 1;
/// A string object; none for cells.
pub const DESCRIPTOR_NAME: u32 = 8;
/// The number of entries, and the first of them.
pub const DESCRIPTOR_COUNT: u32 = 12;
pub const DESCRIPTOR_ENTRIES: u32 = 16;
/// The number of values captured, the number of parameters, and the first format.
pub const DESCRIPTOR_CAPTURES: u32 = 8;
pub const DESCRIPTOR_ARITY: u32 = 12;
pub const DESCRIPTOR_FORMATS: u32 = 16;

/// The fields of a record.
const RECORD_FIELDS: u32 = 8;

/// The numbers, in the table of indirect calls, of a function value's code: for callers that know the
/// type, and for those that do not (0 if there are none).
pub const CLOSURE_CODE: u32 = 8;
pub const CLOSURE_GENERIC: u32 = 12;
/// What it captures, 8 bytes each.
pub const CLOSURE_CAPTURES: u32 = 16;

pub fn closure_size(captures: usize) -> u32 {
    CLOSURE_CAPTURES + 8 * captures as u32
}

/// Whether objects with a descriptor may be in rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RingMark {
    Never,
    Maybe,
}

impl RingMark {
    fn bits(self) -> u32 {
        match self {
            RingMark::Never => 0,
            RingMark::Maybe => RING_MARK,
        }
    }
}

/// Where the fields of a record lie: those of 8 bytes first, otherwise in their order.
pub struct RecordLayout {
    pub offsets: Vec<u32>,
    pub size: u32,
}

impl RecordLayout {
    pub fn of(record: &Record) -> RecordLayout {
        let mut offsets = vec![0; record.fields.len()];
        let mut next = RECORD_FIELDS;
        for size in [8, 4] {
            for (&(_, ty), offset) in record.fields.iter().zip(&mut offsets) {
                if Format::of(ty).size() == size {
                    *offset = next;
                    next += size;
                }
            }
        }
        RecordLayout { offsets, size: next.next_multiple_of(8) }
    }
}

/// What the runtime knows of the records of one type; `name` gives the string object of a text. The
/// entries are sorted by name, so that they can be searched and are printed in order.
pub fn record_descriptor(record: &Record, rings: RingMark, mut name: impl FnMut(&str) -> DataId) -> DataBlob {
    let RecordLayout { offsets, size } = RecordLayout::of(record);
    let mut entries: Vec<(&str, u32, u32)> = Vec::new();
    for ((field, ty), offset) in record.fields.iter().zip(offsets) {
        entries.push((field, Format::of(*ty) as u32, offset));
    }
    if record.form == RecordForm::Struct {
        entries.push(("__name", FORMAT_NAME, 0));
        entries.extend(record.methods.iter().map(|method| (method.as_str(), FORMAT_METHOD, 0)));
    }
    entries.sort_unstable();
    let mut bytes = Vec::new();
    let mut relocs = Vec::new();
    let mut put = |word: u32, at: Option<DataId>| {
        relocs.extend(at.map(|data| (bytes.len() as u32, data)));
        bytes.extend(word.to_le_bytes());
    };
    let mut name = |text| (record.form != RecordForm::Cell).then(|| name(text));
    put(KIND_RECORD, None);
    put(size | rings.bits(), None);
    match record.form {
        RecordForm::Row => put(NAME_OF_ROW, None),
        RecordForm::Struct | RecordForm::Cell => put(0, name(record.shown_name())),
    }
    put(entries.len() as u32, None);
    for (field, format, offset) in entries {
        put(0, name(field));
        put(format, None);
        put(offset, None);
    }
    DataBlob { relocs, ..blob(bytes, 4) }
}

/// The record without fields that has this descriptor.
pub fn static_record(descriptor: DataId) -> DataBlob {
    let bytes: Vec<u8> = [STATIC_COUNT, 0].into_iter().flat_map(u32::to_le_bytes).collect();
    DataBlob { relocs: vec![(OBJECT_KIND, descriptor)], ..blob(bytes, 4) }
}

/// What the runtime knows of function values that capture values of these formats.
pub fn closure_descriptor(arity: u32, formats: &[Format], rings: RingMark) -> DataBlob {
    let head = [KIND_CLOSURE, closure_size(formats.len()) | rings.bits(), formats.len() as u32, arity];
    let words = head.into_iter().chain(formats.iter().map(|&format| format as u32));
    blob(words.flat_map(u32::to_le_bytes).collect(), 4)
}

/// A function value that captures nothing and is never freed.
pub fn static_closure(descriptor: DataId, code: FuncId, generic: Option<FuncId>) -> DataBlob {
    let bytes: Vec<u8> = [STATIC_COUNT, 0, 0, 0].into_iter().flat_map(u32::to_le_bytes).collect();
    let mut func_relocs = vec![(CLOSURE_CODE, code)];
    func_relocs.extend(generic.map(|generic| (CLOSURE_GENERIC, generic)));
    DataBlob { relocs: vec![(OBJECT_KIND, descriptor)], func_relocs, ..blob(bytes, 8) }
}

// Shapes, which say what loaded data becomes: the kind; for lists and maps the kind of the object and the shape
// of the parts, for maps whether keys are ints; for records the descriptor, the number of fields, and for each field
// in the order of the declaration its name (a string object), shape, format, place, and the number of the field that
// is expected after it, which the runtime changes.

pub const SHAPE_ANY: u32 = 0;
pub const SHAPE_INT: u32 = 1;
pub const SHAPE_BIGINT: u32 = 2;
pub const SHAPE_BIGRAT: u32 = 3;
pub const SHAPE_FLOAT: u32 = 4;
pub const SHAPE_BOOL: u32 = 5;
pub const SHAPE_STRING: u32 = 6;
pub const SHAPE_LIST: u32 = 7;
pub const SHAPE_MAP: u32 = 8;
pub const SHAPE_RECORD: u32 = 9;

pub fn shape_kind(shape: &Shape) -> u32 {
    match shape {
        Shape::Any => SHAPE_ANY,
        Shape::Int => SHAPE_INT,
        Shape::BigInt => SHAPE_BIGINT,
        Shape::BigRat => SHAPE_BIGRAT,
        Shape::Float => SHAPE_FLOAT,
        Shape::Bool => SHAPE_BOOL,
        Shape::Str => SHAPE_STRING,
        Shape::List { .. } => SHAPE_LIST,
        Shape::Map { .. } => SHAPE_MAP,
        Shape::Record { .. } => SHAPE_RECORD,
    }
}

/// A part of static data: a number, or the address of other data.
enum Word {
    Number(u32),
    Address(DataId),
}

fn words(words: impl IntoIterator<Item = Word>) -> DataBlob {
    let (mut bytes, mut relocs) = (Vec::new(), Vec::new());
    for word in words {
        let number = match word {
            Word::Number(number) => number,
            Word::Address(data) => {
                relocs.push((bytes.len() as u32, data));
                0
            }
        };
        bytes.extend(number.to_le_bytes());
    }
    DataBlob { relocs, ..blob(bytes, 4) }
}

pub fn shape_of_scalar(kind: u32) -> DataBlob {
    words([Word::Number(kind)])
}

pub fn shape_of_list(kind: u32, format: Format, element: DataId) -> DataBlob {
    words([Word::Number(kind), Word::Number(KIND_WORD_LIST + format as u32), Word::Address(element)])
}

pub fn shape_of_map(kind: u32, format: Format, value: DataId, int_keys: bool) -> DataBlob {
    let object = Word::Number(KIND_WORD_MAP + format as u32);
    words([Word::Number(kind), object, Word::Address(value), Word::Number(int_keys.into())])
}

/// `fields` are the shapes of the record's fields; `name` gives the string object of a text.
pub fn shape_of_record(
    kind: u32,
    record: &Record,
    descriptor: DataId,
    fields: &[DataId],
    mut name: impl FnMut(&str) -> DataId,
) -> DataBlob {
    let offsets = RecordLayout::of(record).offsets;
    let mut parts = vec![Word::Number(kind), Word::Address(descriptor), Word::Number(fields.len() as u32)];
    for ((((field, ty), shape), offset), next) in record.fields.iter().zip(fields).zip(offsets).zip(1..) {
        let format = Word::Number(Format::of(*ty) as u32);
        let place = Word::Number(offset);
        parts.extend([Word::Address(name(field)), Word::Address(*shape), format, place, Word::Number(next)]);
    }
    words(parts)
}

/// Whether a word of this value is the integer itself.
pub fn is_small(value: i64) -> bool {
    (-SMALL_LIMIT..SMALL_LIMIT).contains(&value)
}

/// A string object that is never freed.
pub fn static_string(text: &[u8]) -> DataBlob {
    let mut bytes = Vec::with_capacity(STRING_DATA as usize + text.len());
    for field in [STATIC_COUNT, KIND_STRING, text.len() as u32, count_chars(text), 0] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(text);
    blob(bytes, 4)
}

/// The object of an integer outside the small range; its sign is in the word.
pub fn static_bignum(value: i64) -> DataBlob {
    assert!(!is_small(value), "{value} is small");
    let mut bytes = Vec::with_capacity(BIGNUM_LIMBS as usize + 8);
    for field in [STATIC_COUNT, KIND_BIGNUM, 2, 0] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(value.unsigned_abs().to_le_bytes());
    blob(bytes, 8)
}

fn blob(bytes: Vec<u8>, align: u32) -> DataBlob {
    let size = bytes.len() as u32;
    DataBlob { bytes, size, align, ..DataBlob::default() }
}

/// Code points; a byte that belongs to none counts as one.
fn count_chars(text: &[u8]) -> u32 {
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum::<usize>() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_words_that_are_not_both_small_are_not_small() {
        let ends = [
            (-SMALL_LIMIT, SMALL_LIMIT - 1, true),
            (NEGATIVE_TAG, NEGATIVE_TAG + u32::MAX as i64, false),
            (POSITIVE_TAG, NONE_WORD, false),
        ];
        for (low, high, small) in ends {
            for (other_low, other_high, other_small) in ends {
                if small && other_small {
                    continue;
                }
                // The sum's range, unwrapped, must not meet the small range modulo 2^64.
                let (low, high) = (low as i128 + other_low as i128, high as i128 + other_high as i128);
                for turn in -1..=1 {
                    let (from, to) = (low + (turn << 64), high + (turn << 64));
                    assert!(to < -(SMALL_LIMIT as i128) || from >= SMALL_LIMIT as i128, "{low}..{high}");
                }
            }
        }
    }

    #[test]
    fn bytes_outside_code_points_count_one_each() {
        assert_eq!(count_chars("aé€😀".as_bytes()), 4);
        assert_eq!(count_chars(b"a\xff\xe2\x82z"), 5);
    }
}
