//! What `load` reads and `save` writes: formats with their options, and what loaded parts become.

use crate::types::{ListId, MapId, RecordId};

/// A format with its options, of which the type is what a stage has for expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format<E> {
    /// Cells in lines. TSV is the same with another delimiter.
    Csv {
        /// A bool: whether the first line has the names of the columns.
        header: E,
        /// A string, of which the first character separates cells.
        delimiter: E,
    },
    Json,
    /// An object on each line.
    Jsonl,
    Yaml,
}

/// The formats by the names that programs have for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatName {
    Csv,
    Tsv,
    Json,
    Jsonl,
    Yaml,
}

impl<E> Format<E> {
    /// The expressions of its options.
    pub fn options(&self) -> Vec<&E> {
        match self {
            Format::Csv { header, delimiter } => vec![header, delimiter],
            Format::Json | Format::Jsonl | Format::Yaml => Vec::new(),
        }
    }
}

impl FormatName {
    /// In the order in which messages list them.
    pub const ALL: [FormatName; 5] =
        [FormatName::Csv, FormatName::Tsv, FormatName::Json, FormatName::Jsonl, FormatName::Yaml];

    pub fn text(self) -> &'static str {
        match self {
            FormatName::Csv => "csv",
            FormatName::Tsv => "tsv",
            FormatName::Json => "json",
            FormatName::Jsonl => "jsonl",
            FormatName::Yaml => "yaml",
        }
    }

    pub fn from_text(text: &[u8]) -> Option<FormatName> {
        FormatName::ALL.into_iter().find(|name| name.text().as_bytes() == text)
    }
}

/// What a part of loaded data becomes: the type behind `as`, or one inside of it, with the types that values
/// of it have in the program. What is stored where the program has a wider type is widened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// What it is in the data.
    Any,
    Int,
    /// As `Int`, but none is no number.
    BigInt,
    /// An exact fraction, which is an `any`.
    BigRat,
    Float,
    Bool,
    String,
    List {
        list: ListId,
        element: ShapeId,
    },
    Map {
        map: MapId,
        value: ShapeId,
        /// Whether keys are made ints.
        int_keys: bool,
    },
    Record {
        record: RecordId,
        /// In the order of the declaration.
        fields: Vec<ShapeId>,
    },
}

/// Into [`Program::shapes`](crate::typed::Program::shapes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShapeId(pub u32);

impl ShapeId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
