//! Types of slots: what a place in the program can hold, as found by inference.
//!
//! A slot's type is the join of everything that flows into it; annotations take no part
//! (they may lie: `let x: float = 3` holds the int 3). The order is
//! `Never < Int, Float, Bool, String, List, Row < Map, Record < Union, Func < Any`, with `nullable` beside
//! it. Lists do not join, nor do maps and functions: all that meet in one place are of one type.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// A list type: its element's type is in a table, so that types stay small and are compared quickly.
    ///
    /// In a typed program it is an index into [`crate::typed::Program::lists`]; during inference it stands
    /// for the lists that may meet, whose element type is not known yet. So do [`MapId`] and [`FuncTypeId`].
    ListId
);
id!(
    /// A map type, by the type of its values: [`crate::typed::Program::maps`].
    MapId
);
id!(
    /// A type of maps that have the same keys from first to last, so that they are records to the machine and maps to
    /// the program. In a typed program it is an index into [`crate::typed::Program::records`], too.
    RowId
);
id!(
    /// A struct type or a variant of a union, by declaration: [`crate::typed::Program::records`].
    RecordId
);
id!(
    /// A union type, by declaration: [`crate::typed::Program::unions`].
    UnionId
);
id!(
    /// The type of function values, by parameters and result: [`crate::typed::Program::funcs`].
    FuncTypeId
);

impl ListId {
    /// Lists of any element type, where a builtin's row takes them all.
    pub const ANY: ListId = ListId(u32::MAX);
}

impl MapId {
    /// Maps of any value type, where a builtin's row takes them all.
    pub const ANY: MapId = MapId(u32::MAX);
}

impl FuncTypeId {
    /// Functions of any type, where a builtin's row takes them all.
    pub const ANY: FuncTypeId = FuncTypeId(u32::MAX);
}

/// What a value is when it is not none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// No value but none has been seen.
    Never,
    Int,
    Float,
    Bool,
    String,
    List(ListId),
    Map(MapId),
    /// A map whose keys are known, of which nobody can tell that it is none.
    Row(RowId),
    Record(RecordId),
    /// A record of one of the union's variants.
    Union(UnionId),
    Func(FuncTypeId),
    /// More than one kind; a none is always possible.
    Any,
}

/// The type of a slot or an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Type {
    pub kind: Kind,
    /// Whether none is among the values.
    pub nullable: bool,
}

impl Type {
    /// Nothing flows here: the type of code that does not return, or was not reached yet.
    pub const NEVER: Type = Type { kind: Kind::Never, nullable: false };
    /// Only none.
    pub const NONE: Type = Type { kind: Kind::Never, nullable: true };
    pub const INT: Type = Type::of(Kind::Int);
    pub const FLOAT: Type = Type::of(Kind::Float);
    pub const BOOL: Type = Type::of(Kind::Bool);
    pub const STRING: Type = Type::of(Kind::String);
    pub const ANY: Type = Type { kind: Kind::Any, nullable: true };

    pub const fn of(kind: Kind) -> Type {
        Type { kind, nullable: false }
    }

    pub fn or_none(self) -> Type {
        Type { nullable: true, ..self }
    }

    pub fn without_none(self) -> Type {
        match self.kind {
            Kind::Any => self,
            Kind::Never
            | Kind::Int
            | Kind::Float
            | Kind::Bool
            | Kind::String
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Row(_)
            | Kind::Record(_)
            | Kind::Union(_)
            | Kind::Func(_) => Type { nullable: false, ..self },
        }
    }

    /// The least type that holds the values of both.
    pub fn join(self, other: Type) -> Type {
        let nullable = self.nullable || other.nullable;
        match (self.kind, other.kind) {
            (Kind::Never, kind) | (kind, Kind::Never) => Type { kind, nullable: nullable || kind == Kind::Any },
            (a, b) if a == b => Type { kind: a, nullable },
            _ => Type::ANY,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::Never if self.nullable => return f.write_str("none"),
            Kind::Never => return f.write_str("never"),
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Bool => "bool",
            Kind::String => "string",
            Kind::List(_) => "list",
            Kind::Map(_) | Kind::Row(_) => "map",
            Kind::Record(_) => "struct",
            Kind::Union(_) => "union",
            Kind::Func(_) => "fun",
            Kind::Any => return f.write_str("any"),
        };
        f.write_str(name)?;
        if self.nullable { f.write_str("?") } else { Ok(()) }
    }
}
