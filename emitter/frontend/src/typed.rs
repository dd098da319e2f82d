//! The typed program: what the checker hands to the builder.
//!
//! Names are resolved to indexes, every expression knows its type, every change of
//! representation is an explicit [`ExprKind::Convert`], and functions appear once for each
//! distinct tuple of argument types. Nothing here needs the syntax tree any more.

use crate::builtins::Builtin;
use crate::data::{Format, Shape, ShapeId};
use crate::intrinsics::Intrinsic;
use crate::plan::Plan;
use crate::source::Span;
use crate::types::{FuncTypeId, ListId, MapId, RecordId, Type, UnionId};

macro_rules! index {
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

index!(
    /// Into [`Program::functions`].
    FunctionId
);
index!(
    /// Into [`Function::locals`] of the enclosing function.
    LocalId
);
index!(
    /// Into [`Program::globals`].
    GlobalId
);

#[derive(Clone, Debug)]
pub struct Program {
    /// Reachable functions only, in a fixed order; `main` runs the top-level statements.
    pub functions: Vec<Function>,
    pub main: FunctionId,
    /// Top-level variables that some function mentions. Others are locals of `main`.
    pub globals: Vec<Global>,
    /// The list types, each element type once: lists are of one type when their ids are equal.
    pub lists: Vec<ListType>,
    /// The map types, each value type once.
    pub maps: Vec<MapType>,
    /// Structs and variants, one for each declaration: their names tell them apart, not their fields. Then rows,
    /// each content once.
    pub records: Vec<RecordType>,
    pub unions: Vec<UnionType>,
    /// The types of function values, each content once.
    pub funcs: Vec<FuncType>,
    /// What is loaded becomes these: lists of rows, and all that is in them.
    pub shapes: Vec<Shape>,
    /// How queries are run, in the order of the text.
    pub plans: Vec<Plan>,
    /// The blocks of which a run is one, by the numbers that choose them.
    pub blocks: Vec<NamedBlock>,
}

/// A `test` or `bench` block of the top level.
#[derive(Clone, Debug)]
pub struct NamedBlock {
    pub name: String,
    pub span: Span,
}

impl Program {
    pub fn element(&self, list: ListId) -> Type {
        self.lists[list.index()].element
    }

    /// The type of a map's values.
    pub fn value(&self, map: MapId) -> Type {
        self.maps[map.index()].value
    }

    pub fn record(&self, record: RecordId) -> &RecordType {
        &self.records[record.index()]
    }

    pub fn func(&self, func: FuncTypeId) -> &FuncType {
        &self.funcs[func.index()]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListType {
    pub element: Type,
}

/// Any map takes ints, strings and other values as keys; which of them it has is known when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapType {
    pub value: Type,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordType {
    /// Unique. Nobody sees that of a row.
    pub name: String,
    /// In the order of the declaration.
    pub fields: Vec<Field>,
    /// Methods are no fields, but those who look at the record by name see them as none.
    pub methods: Vec<String>,
    /// The union that it is a variant of.
    pub union: Option<UnionId>,
    /// To all who look at it, it is a map of its fields, which are in the order of their names.
    pub is_row: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub ty: Type,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnionType {
    pub name: String,
    pub variants: Vec<RecordId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuncType {
    pub params: Vec<Type>,
    pub result: Type,
}

#[derive(Clone, Debug)]
pub struct Function {
    /// As written; copies for other argument types share it. `main` for the top level.
    pub name: String,
    /// What it captures comes first.
    pub params: Vec<LocalId>,
    /// How many of the parameters are captures.
    pub captures: usize,
    /// `Type::NONE` when no value ever comes back.
    pub result: Type,
    pub locals: Vec<Local>,
    pub body: Block,
    pub span: Span,
}

/// A variable of one function, one per declaration. A declaration without value holds none.
#[derive(Clone, Debug)]
pub struct Local {
    pub name: String,
    pub ty: Type,
    /// It lives in a cell, because a function captures it and it is assigned. Reading and setting it go
    /// through the cell; a parameter that is a captured cell is one too.
    pub is_cell: bool,
    pub span: Span,
}

/// Holds none until its declaration has run, which its type accounts for when that can be seen.
#[derive(Clone, Debug)]
pub struct Global {
    pub name: String,
    pub ty: Type,
    pub span: Span,
}

pub type Block = Vec<Stmt>;

#[derive(Clone, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum StmtKind {
    /// A declaration or an assignment; the value's type is the place's.
    SetLocal {
        local: LocalId,
        value: Expr,
    },
    SetGlobal {
        global: GlobalId,
        value: Expr,
    },
    /// `of[index] = value`: `of` is evaluated first, then the value, then the index. The value's
    /// type is the list's element.
    SetIndex {
        of: Expr,
        index: Expr,
        value: Expr,
    },
    /// `of[key] = value` of a map that is not none, in the order of `SetIndex`. The value is of the
    /// map's type of values, the key as in [`ExprKind::MapIndex`].
    SetEntry {
        of: Expr,
        key: Expr,
        value: Expr,
    },
    /// `of.field = value` of a record or row that is not none.
    SetField {
        of: Expr,
        index: u32,
        value: Expr,
    },
    /// `of[index] = value`, all of them `any`, in the order of `SetIndex`.
    AnySetIndex {
        of: Expr,
        index: Expr,
        value: Expr,
    },
    /// `of.name = value`, both `any`.
    AnySetField {
        of: Expr,
        name: String,
        value: Expr,
    },
    /// The declaration of a local that lives in a cell: makes a new cell with the value.
    NewCell {
        local: LocalId,
        value: Expr,
    },
    /// Evaluated for its effect; the value is dropped.
    Expr(Expr),
    /// The value's type is the function's result; absent when that is `Type::NONE`.
    Return(Option<Expr>),
    /// `cond` is of type bool (truth tests are explicit).
    If {
        cond: Expr,
        then: Block,
        otherwise: Block,
    },
    While {
        cond: Expr,
        body: Block,
    },
    /// Bounds are ints or none, evaluated once, start first. The variable is the counter:
    /// `assigned` tells that the body assigns it (it then behaves as any int, and its local has that type).
    ForRange {
        var: LocalId,
        assigned: bool,
        start: Expr,
        end: Expr,
        body: Block,
    },
    /// Over the code points of a string; none runs zero times.
    ForString {
        var: LocalId,
        of: Expr,
        body: Block,
    },
    /// Over the elements of a list; none runs zero times. The list and its length are taken once. The
    /// variable's type is the list's element.
    ForList {
        var: LocalId,
        of: Expr,
        body: Block,
    },
    Break,
    Continue,
    /// Fails unless `cond` (a bool, true only for exactly `true`) holds; `text` is the trimmed source line.
    Expect {
        cond: Expr,
        text: String,
    },
    /// An inline `test` block; scoping is already resolved.
    Block(Block),
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Type,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Int(i64),
    Float(f64),
    Bool(bool),
    /// Bytes, not always UTF-8.
    Str(Vec<u8>),
    /// Of any nullable type.
    None,
    Local(LocalId),
    Global(GlobalId),
    /// The cell itself that the local lives in, as an argument or a capture that is a cell too.
    Cell(LocalId),
    /// A new list of these elements.
    List(Vec<Expr>),
    /// A new map of these keys (as in [`ExprKind::MapIndex`]) and values, evaluated in the order of the text.
    Map(Vec<(Expr, Expr)>),
    /// A new record or row with all its fields in the order of the declaration.
    Record {
        record: RecordId,
        fields: Vec<Expr>,
    },
    /// Operands are both ints or both floats (nullable or not; none gives none), or both `any`, for `Rem`
    /// and the others alike.
    Arith {
        op: ArithOp,
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    /// Of an int, a float or an `any`.
    Neg(Box<Expr>),
    /// Strings, neither none.
    Concat {
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    /// Operands have the same kind; either may be none, which makes orderings false. Lists, maps, rows, records and
    /// functions are only compared for equality.
    Compare {
        op: CompareOp,
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    /// `part in of`, both strings, neither none.
    Contains {
        of: Box<Expr>,
        part: Box<Expr>,
    },
    /// A bool from a bool.
    Not(Box<Expr>),
    /// The truth of a value of any type as a bool.
    Truthy(Box<Expr>),
    /// Whether the value, of any nullable type, is none.
    IsNone(Box<Expr>),
    /// `lhs && rhs` where both are bools.
    And {
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    /// `lhs || rhs` where both are bools.
    Or {
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    /// `lhs && rhs` or `lhs || rhs` that yields one of its operands, both of this expression's type.
    Choose {
        op: ChooseOp,
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    /// `cond` is a bool, both branches have this expression's type.
    If {
        cond: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// Arguments have the types of the callee's parameters.
    Call {
        function: FunctionId,
        args: Vec<Expr>,
    },
    /// Arguments as the builtin's row says. `len` and `append` take an `any` too, `len` a map, and `append` counts
    /// none as an empty list.
    Builtin {
        builtin: Builtin,
        args: Vec<Expr>,
    },
    /// Arguments of exactly its parameters' types.
    Intrinsic {
        intrinsic: Intrinsic,
        args: Vec<Expr>,
    },
    /// `of[index]`: a string of one code point.
    StringIndex {
        of: Box<Expr>,
        index: Box<Expr>,
    },
    /// `of[start:end]` of a string; ints.
    StringSlice {
        of: Box<Expr>,
        start: Option<Box<Expr>>,
        end: Option<Box<Expr>>,
    },
    /// `of[index]` of a list and an int, neither none.
    ListIndex {
        of: Box<Expr>,
        index: Box<Expr>,
    },
    /// `of[start:end]` of a list; ints.
    ListSlice {
        of: Box<Expr>,
        start: Option<Box<Expr>>,
        end: Option<Box<Expr>>,
    },
    /// Lists of one type, neither none.
    ListConcat {
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    /// `item in of`: a list that is not none and a value of its element type.
    ListContains {
        of: Box<Expr>,
        item: Box<Expr>,
    },
    /// `of[key]` of a map that is not none; none when there is no such key. The key is an int or a string,
    /// neither none, or an `any`.
    MapIndex {
        of: Box<Expr>,
        key: Box<Expr>,
    },
    /// `key in of`.
    MapContains {
        of: Box<Expr>,
        key: Box<Expr>,
    },
    /// The keys of a map that is not none as a new list of strings, in their order.
    MapKeys(Box<Expr>),
    /// The values of a map that is not none as a new list, in the order of the keys.
    MapValues(Box<Expr>),
    /// A field of a record or row that is not none.
    Field {
        of: Box<Expr>,
        index: u32,
    },
    /// Whether a value of a union, which is not none, is of the variant.
    IsVariant {
        of: Box<Expr>,
        record: RecordId,
    },
    /// A function value. The captures are the callee's first arguments.
    Closure {
        function: FunctionId,
        captures: Vec<Expr>,
    },
    /// A call of a function value that is not none; the arguments are of its parameters' types.
    CallValue {
        of: Box<Expr>,
        args: Vec<Expr>,
    },
    /// `of[index]`. Operands and results of this and the following are `any`, but for truths.
    AnyIndex {
        of: Box<Expr>,
        index: Box<Expr>,
    },
    AnySlice {
        of: Box<Expr>,
        start: Option<Box<Expr>>,
        end: Option<Box<Expr>>,
    },
    /// `of.name`.
    AnyField {
        of: Box<Expr>,
        name: String,
    },
    /// `item in of`.
    AnyContains {
        of: Box<Expr>,
        item: Box<Expr>,
    },
    /// What a loop over the value runs over, as a new list of `any`: elements, keys, or characters.
    AnyIter(Box<Expr>),
    /// What values that are equal have in common, as a key of a map, which others may have too; from
    /// any to int.
    AnyKey(Box<Expr>),
    /// The numbers of rows in their order as a new list of ints. The operand, an any, is the list of the columns that
    /// they are sorted by, lists of one length, the most important first.
    SortedRows(Box<Expr>),
    /// `of(args)`.
    AnyCall {
        of: Box<Expr>,
        args: Vec<Expr>,
    },
    /// `e as T` where a conversion can fail or change the value.
    Cast {
        of: Box<Expr>,
        to: CastTo,
    },
    /// The elements of an `any` as a new list of `any`; what is no list cannot be cast to the type with the name
    /// `target`.
    CastElements {
        of: Box<Expr>,
        target: String,
    },
    /// The keys of an `any` as a new list of strings, in their order; what is no map or record cannot be cast to the
    /// type with the name `target`.
    CastKeys {
        of: Box<Expr>,
        target: String,
    },
    /// A value of the same type that shares no list, map or record with any other.
    Copy(Box<Expr>),
    /// A change of representation that keeps the value: `T` to `T?`, `T?` known not to be none to `T`,
    /// none to any `T?`, and anything to `any`. Also int to float where arithmetic or comparison mixes them, a
    /// record to its union, and a union to the record that it is known to be.
    Convert(Box<Expr>),
    /// Evaluates `first` for its effect, then yields `then`.
    Sequence {
        first: Box<Expr>,
        then: Box<Expr>,
    },
    /// Sets `local`, whose type the value has, then yields `then`. The local is the checker's own:
    /// it holds an operand that is tested before it is used, and is set and read nowhere else.
    Let {
        local: LocalId,
        value: Box<Expr>,
        then: Box<Expr>,
    },
    /// Statements, then a value.
    Block {
        body: Block,
        then: Box<Expr>,
    },
    /// The rows of a file, or of standard input, as a new list of the shape's type.
    Load {
        path: Option<String>,
        format: Format<Box<Expr>>,
        shape: ShapeId,
    },
    /// Writes a list or an `any`, neither none, to a file, or to standard output. It fails before there is a file
    /// if that is no list of maps or records. None.
    Save {
        value: Box<Expr>,
        path: Option<String>,
        format: Format<Box<Expr>>,
    },
    /// Ends the program with `message` as a failure at this place. Its type is what the context wants.
    Fail {
        message: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArithOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChooseOp {
    /// The right operand when the left is truthy, else the left.
    And,
    /// The left operand when it is truthy, else the right.
    Or,
    /// The left operand unless it is none, else the right (`??`).
    Else,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CastTo {
    /// From int, float, bool, string or `any`, nullable or not (none gives 0). A string that does not fit
    /// 64 bits fails.
    Int,
    /// The same, but a string can be of any length.
    BigInt,
    /// From int, float, string or `any` (none gives 0.0).
    Float,
    /// From `any` (none gives 0) to an `any` that is a rational number.
    BigRat,
    /// From `any`; what is not a bool fails.
    Bool,
    /// From `any`; what is not a string fails.
    String,
}
