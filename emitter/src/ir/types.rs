//! The types of values, and what the module says about those that are made of others.
//!
//! Types of lists, maps and functions are interned: the module has a table of each, and equal
//! ones have one index. Records and unions are declared; each is itself only. As a type that
//! contains itself has a record in between, everything else about a type is finite.

use std::fmt;

use super::printer::name;
use super::{FuncType, ListType, MapType, Module, RecordType, UnionType};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Machine types; the only ones after legalization.
    I32,
    I64,
    F64,
    /// Mochi types.
    Bool,
    Int,
    Float,
    Str,
    List(ListType),
    Map(MapType),
    Record(RecordType),
    Union(UnionType),
    Func(FuncType),
    Any,
}

/// The type of a value. Machine types and `any` have no nullable form of their own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Type {
    pub kind: Kind,
    /// Whether none is among the values.
    pub nullable: bool,
}

impl Type {
    pub const I32: Type = Type::of(Kind::I32);
    pub const I64: Type = Type::of(Kind::I64);
    pub const F64: Type = Type::of(Kind::F64);
    pub const BOOL: Type = Type::of(Kind::Bool);
    pub const INT: Type = Type::of(Kind::Int);
    pub const FLOAT: Type = Type::of(Kind::Float);
    pub const STR: Type = Type::of(Kind::Str);
    pub const ANY: Type = Type::of(Kind::Any);

    pub const fn of(kind: Kind) -> Type {
        Type { kind, nullable: false }
    }

    pub const fn or_none(self) -> Type {
        Type { nullable: true, ..self }
    }

    pub const fn without_none(self) -> Type {
        Type { nullable: false, ..self }
    }

    /// Whether none is among the values; it always is for `any`.
    pub const fn has_none(self) -> bool {
        self.nullable || matches!(self.kind, Kind::Any)
    }

    /// The machine type that carries values of this type.
    pub const fn machine(self) -> Type {
        match self.kind {
            Kind::I32
            | Kind::Bool
            | Kind::Str
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Record(_)
            | Kind::Union(_)
            | Kind::Func(_) => Type::I32,
            Kind::I64 | Kind::Int | Kind::Any => Type::I64,
            Kind::F64 | Kind::Float => Type::F64,
        }
    }

    pub const fn is_machine(self) -> bool {
        matches!(self.kind, Kind::I32 | Kind::I64 | Kind::F64)
    }

    /// Whether values of this type hold a share in an object, so that they are dup'ed and dropped.
    pub const fn is_counted(self) -> bool {
        match self.kind {
            Kind::Int | Kind::Any => true,
            Kind::I32 | Kind::I64 | Kind::F64 | Kind::Bool | Kind::Float => false,
            Kind::Str | Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => true,
        }
    }

    /// Whether values of this type are addresses of objects, none being 0.
    pub const fn is_pointer(self) -> bool {
        match self.kind {
            Kind::Str | Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => true,
            Kind::I32 | Kind::I64 | Kind::F64 | Kind::Bool | Kind::Int | Kind::Float | Kind::Any => false,
        }
    }
}

/// Of a list, map, record, union or function only its number, as the module knows the rest: see
/// [`Module::type_text`].
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::I32 => "i32",
            Kind::I64 => "i64",
            Kind::F64 => "f64",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Str => "str",
            Kind::List(list) => &list.to_string(),
            Kind::Map(map) => &map.to_string(),
            Kind::Record(record) => &record.to_string(),
            Kind::Union(union) => &union.to_string(),
            Kind::Func(func) => &func.to_string(),
            Kind::Any => "any",
        };
        f.write_str(name)?;
        if self.nullable { f.write_str("?") } else { Ok(()) }
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a function value takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuncSig {
    pub params: Vec<Type>,
    pub result: Option<Type>,
}

/// What a record is to those who look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordForm {
    /// What a program declares: it has a name.
    #[default]
    Struct,
    /// A map of which all keys are known: nothing tells it from a map.
    Row,
    /// Holds a variable that closures share, its only field. It is no value of the program.
    Cell,
}

/// A record as it was declared, a row, or a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Unique among the records; of structs also what the program sees as its name, but for a dot and a number,
    /// which tell structs of one name apart.
    pub name: String,
    pub fields: Vec<(String, Type)>,
    /// The names of its methods, which are fields that read as none where types are not known.
    pub methods: Vec<String>,
    pub union: Option<UnionType>,
    pub form: RecordForm,
}

impl Record {
    /// The name that the program sees.
    pub fn shown_name(&self) -> &str {
        self.name.split_once('.').map_or(&self.name, |(name, _)| name)
    }
}

/// A type of several records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Union {
    /// Unique among the unions.
    pub name: String,
    pub variants: Vec<RecordType>,
}

/// The place of `item` in a table where equal ones are the same.
pub(super) fn intern<T: PartialEq>(table: &mut Vec<T>, item: T) -> usize {
    let known = table.iter().position(|known| *known == item);
    known.unwrap_or_else(|| {
        table.push(item);
        table.len() - 1
    })
}

impl Module {
    /// The type of lists of `element`; the same for the same element.
    pub fn list_of(&mut self, element: Type) -> Type {
        Type::of(Kind::List(ListType::new(intern(&mut self.lists, element))))
    }

    /// The type of maps to `value`; the same for the same value.
    pub fn map_of(&mut self, value: Type) -> Type {
        Type::of(Kind::Map(MapType::new(intern(&mut self.maps, value))))
    }

    /// The type of function values; the same for the same parameters and result.
    pub fn func_of(&mut self, params: Vec<Type>, result: Option<Type>) -> Type {
        Type::of(Kind::Func(FuncType::new(intern(&mut self.func_types, FuncSig { params, result }))))
    }

    /// What a type of the language is a list of, if it is one.
    pub fn element(&self, ty: Type) -> Option<Type> {
        match ty.kind {
            Kind::List(list) => self.lists.get(list.index()).copied(),
            _ => None,
        }
    }

    /// What a type of the language maps keys to, if it is one of maps.
    pub fn map_value(&self, ty: Type) -> Option<Type> {
        match ty.kind {
            Kind::Map(map) => self.maps.get(map.index()).copied(),
            _ => None,
        }
    }

    /// The record that a type is, if it is one.
    pub fn record(&self, ty: Type) -> Option<&Record> {
        match ty.kind {
            Kind::Record(record) => self.records.get(record.index()),
            _ => None,
        }
    }

    /// What values of a type take and give, if they are functions.
    pub fn func_sig(&self, ty: Type) -> Option<&FuncSig> {
        match ty.kind {
            Kind::Func(func) => self.func_types.get(func.index()),
            _ => None,
        }
    }

    /// A type as the text form writes it.
    pub fn type_text(&self, ty: Type) -> String {
        // A broken module may have a ring of types, which no text would end.
        let parts = self.lists.len() + self.maps.len() + self.func_types.len();
        self.type_text_within(ty, parts).unwrap_or_else(|| ty.to_string())
    }

    /// The text of a type that is made of others at most `depth` deep.
    fn type_text_within(&self, ty: Type, depth: usize) -> Option<String> {
        let mut scalar = ty;
        let mut starts = String::new();
        let mut ends = Vec::new();
        let mut depth_left = depth;
        while let Some((start, inner)) = self.list_or_map(scalar) {
            ends.push(if scalar.nullable { ">?" } else { ">" });
            starts.push_str(start);
            scalar = inner;
            depth_left = depth_left.checked_sub(1)?;
        }
        ends.reverse();
        let mark = if scalar.nullable { "?" } else { "" };
        let inner = match scalar.kind {
            Kind::Record(record) => format!("@{}{mark}", name(&self.records.get(record.index())?.name)),
            Kind::Union(union) => format!("@@{}{mark}", name(&self.unions.get(union.index())?.name)),
            Kind::Func(func) => {
                let FuncSig { params, result } = self.func_types.get(func.index())?;
                let depth_left = depth_left.checked_sub(1)?;
                let mut texts = Vec::with_capacity(params.len());
                for &param in params {
                    texts.push(self.type_text_within(param, depth_left)?);
                }
                let mut text = texts.join(", ");
                if let &Some(result) = result {
                    text.push_str(if text.is_empty() { "-> " } else { " -> " });
                    text.push_str(&self.type_text_within(result, depth_left)?);
                }
                format!("fun<{text}>{mark}")
            }
            _ => scalar.to_string(),
        };
        Some(format!("{starts}{inner}{}", ends.concat()))
    }

    /// How the text of a list or map begins, and what it holds.
    fn list_or_map(&self, ty: Type) -> Option<(&'static str, Type)> {
        let list = self.element(ty).map(|element| ("list<", element));
        list.or_else(|| self.map_value(ty).map(|value| ("map<", value)))
    }
}
