//! The program after name resolution: names are indexes, unsupported constructs are gone.
//!
//! Expressions live in one table and refer to each other by index, so that inference can
//! walk a function again and again cheaply and long operator chains need no deep recursion
//! to visit or to free.

use std::collections::{BTreeMap, BTreeSet};

use crate::builtins::Builtin;
use crate::data::Format;
use crate::intrinsics::Intrinsic;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, TypeExpr, UnaryOp};
use crate::typed::{self, GlobalId, LocalId};
use crate::types::{RecordId, UnionId};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(super) struct $name(pub(super) u32);

        impl $name {
            pub(super) fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(
    /// Into [`Program::functions`]: a function as written.
    FuncId
);
index!(
    /// Into [`Program::exprs`].
    ExprId
);

pub(super) struct Program<'a> {
    /// The number of the source file.
    pub(super) file: u32,
    pub(super) functions: Vec<Function<'a>>,
    /// The top-level statements as a function.
    pub(super) main: FuncId,
    pub(super) globals: Vec<Global<'a>>,
    /// The blocks of which a run is one, if the program has such.
    pub(super) blocks: Vec<typed::NamedBlock>,
    /// By [`RecordId`].
    pub(super) records: Vec<Record<'a>>,
    /// By [`UnionId`].
    pub(super) unions: Vec<Union<'a>>,
    /// Maps may be groups of a query.
    pub(super) has_groups: bool,
    pub(super) exprs: Vec<Expr<'a>>,
    /// Whether something is compared with `nil`, the none of programs that read until there is no more input.
    pub(super) tests_for_nil: bool,
    /// The function that is left of a method after so many arguments, the fields not counted.
    pub(super) method_values: BTreeMap<(FuncId, usize), FuncId>,
    /// The functions that take function values with so many arguments, and then so many more.
    pub(super) partials: BTreeMap<(usize, usize), FuncId>,
    /// What the fields of the structs become that are loaded.
    pub(super) loaded: BTreeMap<RecordId, Vec<Shape>>,
    /// The functions of the prelude that calls of builtins and methods may turn out to be.
    pub(super) helpers: BTreeMap<ExprId, FuncId>,
}

/// A struct type or a variant of a union as it is declared.
pub(super) struct Record<'a> {
    pub(super) name: &'a str,
    pub(super) fields: Vec<RecordField<'a>>,
    /// Their functions take the fields before what they declare, or the agent.
    pub(super) methods: Vec<(&'a str, FuncId)>,
    pub(super) union: Option<UnionId>,
    /// Its methods are the intents of an agent: they share its fields.
    pub(super) is_agent: bool,
}

#[derive(Clone, Copy)]
pub(super) struct RecordField<'a> {
    pub(super) name: &'a str,
    pub(super) ty: Option<&'a TypeExpr>,
}

impl Record<'_> {
    /// How many parameters of its methods come before those that they declare.
    pub(super) fn leading(&self) -> usize {
        if self.is_agent { 1 } else { self.fields.len() }
    }

    pub(super) fn field(&self, name: &str) -> Option<u32> {
        self.fields.iter().position(|field| field.name == name).map(|index| index as u32)
    }

    pub(super) fn method(&self, name: &str) -> Option<FuncId> {
        self.methods.iter().find(|(method, _)| *method == name).map(|&(_, function)| function)
    }
}

pub(super) struct Union<'a> {
    pub(super) name: &'a str,
    pub(super) variants: Vec<RecordId>,
}

impl<'a> Program<'a> {
    pub(super) fn expr(&self, id: ExprId) -> &Expr<'a> {
        &self.exprs[id.index()]
    }
}

#[derive(Default)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) name_span: Span,
    pub(super) params: Vec<LocalId>,
    /// How many of the parameters, the first ones, are captured variables.
    pub(super) captures: usize,
    pub(super) locals: Vec<Variable<'a>>,
    pub(super) body: Block,
    pub(super) span: Span,
    pub(super) callees: BTreeSet<FuncId>,
    /// Top-level functions that it takes as values.
    pub(super) values: BTreeSet<FuncId>,
    /// The globals that the body reads.
    pub(super) reads: BTreeSet<GlobalId>,
    /// The program does not contain it: a builtin that is written in the language itself, or a function made
    /// by the resolver.
    pub(super) is_prelude: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Variable<'a> {
    pub(super) name: &'a str,
    pub(super) span: Span,
    /// It lives in a cell, which is shared with the functions that capture it.
    pub(super) is_cell: bool,
}

pub(super) struct Global<'a> {
    pub(super) variable: Variable<'a>,
    /// Whether a function may read it before its declaration has run.
    pub(super) read_early: bool,
}

pub(super) type Block = Vec<Stmt>;

pub(super) struct Stmt {
    pub(super) kind: StmtKind,
    pub(super) span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Local(LocalId),
    Global(GlobalId),
}

pub(super) enum StmtKind {
    /// A declaration; without a value the variable holds none.
    Declare {
        place: Place,
        value: Option<ExprId>,
    },
    Assign {
        place: Place,
        value: ExprId,
    },
    /// `place[i]…[j] = value`; at least one index.
    AssignElement {
        place: Place,
        name: Span,
        indexes: Vec<ExprId>,
        value: ExprId,
    },
    /// `place[i]….f….g = value`; at least one field.
    AssignField {
        place: Place,
        name: Span,
        indexes: Vec<ExprId>,
        fields: Vec<String>,
        value: ExprId,
    },
    Expr(ExprId),
    Return(Option<ExprId>),
    /// The first arm whose condition holds.
    If {
        arms: Vec<Arm>,
        otherwise: Block,
    },
    While {
        cond: ExprId,
        body: Block,
        assigns: BTreeSet<LocalId>,
    },
    ForRange {
        var: LocalId,
        start: ExprId,
        end: ExprId,
        body: Block,
        assigns: BTreeSet<LocalId>,
    },
    ForIn {
        var: LocalId,
        iter: ExprId,
        body: Block,
        assigns: BTreeSet<LocalId>,
    },
    Break,
    Continue,
    Expect {
        cond: ExprId,
        text: String,
    },
    Block(Block),
}

pub(super) struct Arm {
    pub(super) cond: ExprId,
    pub(super) body: Block,
    pub(super) span: Span,
}

pub(super) struct Expr<'a> {
    pub(super) kind: ExprKind<'a>,
    pub(super) span: Span,
}

pub(super) enum ExprKind<'a> {
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(&'a [u8]),
    /// A string that the resolver made.
    Text(String),
    None,
    /// None in place of a name that nobody knows, which was reported.
    Absent,
    Local(LocalId),
    Global(GlobalId),
    /// The cell itself that a local lives in, for a function that captures it.
    Cell(LocalId),
    List(Vec<ExprId>),
    /// Keys with their values.
    Map(Vec<(ExprId, ExprId)>),
    /// Values with the numbers of their fields, in the order of the text; the other fields hold none.
    Record {
        record: RecordId,
        fields: Vec<(u32, ExprId)>,
    },
    Unary(UnaryOp, ExprId),
    Binary(BinaryOp, ExprId, ExprId),
    /// Conditions with their values, the first that holds counts; none without `otherwise`.
    If {
        arms: Vec<(ExprId, ExprId)>,
        otherwise: Option<ExprId>,
    },
    /// At least as many arguments as parameters.
    Call {
        function: FuncId,
        args: Vec<ExprId>,
    },
    /// A function value.
    Closure {
        function: FuncId,
        captures: Vec<ExprId>,
    },
    /// A call of a function value.
    CallValue {
        of: ExprId,
        args: Vec<ExprId>,
    },
    /// At least as many arguments as the builtin needs.
    Builtin {
        builtin: Builtin,
        args: Vec<ExprId>,
    },
    Index {
        of: ExprId,
        index: ExprId,
    },
    Slice {
        of: ExprId,
        start: Option<ExprId>,
        end: Option<ExprId>,
    },
    Field {
        of: ExprId,
        name: &'a str,
    },
    /// `of.name(args)`.
    Method {
        of: ExprId,
        name: &'a str,
        args: Vec<ExprId>,
    },
    Match {
        target: ExprId,
        arms: Vec<MatchArm<'a>>,
    },
    Query(Box<Query>),
    /// A row of several variables as a map: each by its name, and the fields of those that are structs.
    Row(Vec<(&'a str, ExprId)>),
    /// What the first of these values that has it holds under the name.
    Lookup {
        of: Vec<ExprId>,
        name: &'a str,
    },
    /// What `of` has under the name, or else `otherwise`; an error if there can be neither.
    Member {
        of: LocalId,
        name: &'a str,
        otherwise: Option<ExprId>,
    },
    /// `of` as a struct of the type: what it is already, or `new`, which is made of `local` set to it.
    CastRecord {
        of: ExprId,
        local: LocalId,
        record: RecordId,
        new: ExprId,
    },
    /// `of` as a list whose elements are what `value` makes of `part`, which is a local.
    CastList {
        of: ExprId,
        part: ExprId,
        value: ExprId,
        /// The type's name in messages.
        target: String,
    },
    /// The same of a map and its values.
    CastMap {
        of: ExprId,
        part: ExprId,
        value: ExprId,
        /// Whether the keys are made ints.
        int_keys: bool,
        target: String,
    },
    /// The part of `of` that becomes the field of a struct.
    Entry {
        of: LocalId,
        record: RecordId,
        index: u32,
    },
    Cast {
        of: ExprId,
        to: CastTarget,
    },
    /// As many arguments as the intrinsic has parameters.
    Intrinsic {
        intrinsic: Intrinsic,
        args: Vec<ExprId>,
    },
    /// A list of rows of a file, or of standard input.
    Load {
        path: Option<&'a str>,
        format: Format<ExprId>,
        row: Shape,
    },
    /// Writes rows to a file, or to standard output.
    Save {
        value: ExprId,
        path: Option<&'a str>,
        format: Format<ExprId>,
    },
    /// `then`, with `local` set to `value`.
    Let {
        local: LocalId,
        value: ExprId,
        then: ExprId,
    },
    /// Ends the program with a message.
    Fail(&'a [u8]),
    /// A construct that was refused; the program will not be built.
    Refused,
}

impl ExprKind<'_> {
    /// The operand that is evaluated first, of expressions that can form long chains.
    pub(super) fn first_operand(&self) -> Option<ExprId> {
        match *self {
            ExprKind::Unary(_, first)
            | ExprKind::Binary(_, first, _)
            | ExprKind::Index { of: first, index: _ }
            | ExprKind::Slice { of: first, start: _, end: _ }
            | ExprKind::Field { of: first, name: _ }
            | ExprKind::Method { of: first, name: _, args: _ }
            | ExprKind::CallValue { of: first, args: _ }
            | ExprKind::CastRecord { of: first, local: _, record: _, new: _ }
            | ExprKind::CastList { of: first, part: _, value: _, target: _ }
            | ExprKind::CastMap { of: first, part: _, value: _, int_keys: _, target: _ }
            | ExprKind::Cast { of: first, to: _ } => Some(first),
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::Text(_)
            | ExprKind::None
            | ExprKind::Absent
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::Cell(_)
            | ExprKind::List(_)
            | ExprKind::Map(_)
            | ExprKind::Record { .. }
            | ExprKind::If { .. }
            | ExprKind::Match { .. }
            | ExprKind::Query(_)
            | ExprKind::Row(_)
            | ExprKind::Lookup { .. }
            | ExprKind::Entry { .. }
            | ExprKind::Member { .. }
            | ExprKind::Call { .. }
            | ExprKind::Closure { .. }
            | ExprKind::Builtin { .. }
            | ExprKind::Intrinsic { .. }
            | ExprKind::Load { .. }
            | ExprKind::Save { .. }
            | ExprKind::Let { .. }
            | ExprKind::Fail(_)
            | ExprKind::Refused => None,
        }
    }
}

/// What a part of loaded data becomes.
#[derive(Clone)]
pub(super) enum Shape {
    Scalar(CastTarget),
    /// With the container of the lists.
    List(ExprId, Box<Shape>),
    /// With the container of the maps.
    Map {
        id: ExprId,
        value: Box<Shape>,
        int_keys: bool,
    },
    Record(RecordId),
    /// The shape around it that is of the container.
    Enclosing(ExprId),
}

impl Shape {
    /// Whether the shape of the container is a part of it.
    pub(super) fn has_enclosing(&self, container: ExprId) -> bool {
        match self {
            Shape::Scalar(_) | Shape::Record(_) => false,
            Shape::List(_, part) | Shape::Map { id: _, value: part, int_keys: _ } => part.has_enclosing(container),
            Shape::Enclosing(id) => *id == container,
        }
    }
}

pub(super) struct MatchArm<'a> {
    pub(super) pattern: Pattern<'a>,
    pub(super) body: ArmBody,
    pub(super) span: Span,
}

pub(super) enum Pattern<'a> {
    Wildcard,
    Literal(ExprId),
    /// What has that name, and the locals that take its first fields.
    Variant {
        name: &'a str,
        /// The type that the program calls so.
        record: Option<RecordId>,
        fields: Vec<Option<LocalId>>,
    },
}

pub(super) enum ArmBody {
    Expr(ExprId),
    /// Its value is none.
    Block(Block),
}

/// A query as it is to be run.
///
/// Rows come out of the steps, each a loop in the loop of the step before it, in the order of the reference.
pub(super) struct Query {
    /// Where it stands, unless it is none of the program's.
    pub(super) span: Option<Span>,
    /// The expressions between these numbers are its parts; empty if it is none of the program's.
    pub(super) parts: [usize; 2],
    pub(super) steps: Vec<Step>,
    /// The tables of the steps are evaluated from the last step to the first.
    pub(super) is_swapped: bool,
    pub(super) group: Option<Grouping>,
    /// What results are sorted by, the most important first; none leaves them in the order of the rows.
    pub(super) sort: Vec<SortKey>,
    /// Whether the keys of a row are evaluated before its result.
    pub(super) keys_first: bool,
    pub(super) skip: Option<ExprId>,
    pub(super) take: Option<ExprId>,
    pub(super) is_distinct: bool,
    pub(super) select: ExprId,
    /// Containers of the query's own, one for each number.
    pub(super) columns: ExprId,
    pub(super) order: ExprId,
    pub(super) seen: ExprId,
    pub(super) seen_key: ExprId,
}

/// One source of rows.
pub(super) struct Step {
    pub(super) join: Join,
    pub(super) table: Table,
    /// The variables that hold the source's element.
    pub(super) rows: Vec<LocalId>,
    /// The name of the row variable and the source, as they are written.
    pub(super) text: [Span; 2],
    /// The source is the same for all rows of the steps before, and evaluated once before them.
    pub(super) is_fixed: bool,
    /// Equal where an element belongs to a row: the value of the row, and that of the element. All are in `on` as well.
    pub(super) keys: Vec<Key>,
    /// What has to hold for an element to belong to a row.
    pub(super) on: Vec<ExprId>,
    /// What has to hold for the longer row to stay.
    pub(super) filters: Vec<ExprId>,
    /// Containers of the step's own.
    pub(super) heads: ExprId,
    pub(super) nexts: ExprId,
}

#[derive(Clone, Copy)]
pub(super) struct Key {
    /// The equality itself.
    pub(super) cond: ExprId,
    pub(super) row: ExprId,
    pub(super) element: ExprId,
}

/// What becomes of rows and elements that do not belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Inner,
    /// A row without elements stays, with none.
    Left,
    /// The same, but such rows come after all others. There are two steps.
    LeftLast,
    /// As `Left`, and then the elements without rows, with none. There are two steps.
    Outer,
}

pub(super) enum Table {
    /// What can be looped over.
    Expr(ExprId),
    /// The variables of a group, lists of one length, one for each variable of the row.
    Group(Vec<LocalId>),
}

pub(super) struct Grouping {
    /// Rows with equal keys form a group.
    pub(super) keys: Vec<GroupKey>,
    /// Each variable of the rows with the one that is the list of its values in a group.
    pub(super) columns: Vec<Column>,
    /// What could be added up while the rows are grouped.
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) having: Vec<ExprId>,
    /// The container of the groups' numbers by their keys.
    pub(super) index: ExprId,
}

pub(super) struct GroupKey {
    pub(super) value: ExprId,
    /// The variable that holds the key of a group.
    pub(super) local: LocalId,
    /// The container of the keys of all groups.
    pub(super) held: ExprId,
}

pub(super) struct Column {
    pub(super) row: LocalId,
    pub(super) list: LocalId,
    /// The container of a group's values, and that of all of these.
    pub(super) values: ExprId,
    pub(super) held: ExprId,
    /// Something other than the group's aggregates looks at it.
    pub(super) is_listed: bool,
}

/// A builtin of a group's rows that comes out the same if each row is counted in when it joins the group. The lists
/// that it is about are looked at by such builtins only.
pub(super) struct Aggregate {
    pub(super) builtin: Builtin,
    /// The call.
    pub(super) call: ExprId,
    /// Its argument: one of the group's lists, or a query of one step over them.
    pub(super) of: ExprId,
    /// The number of an earlier aggregate of the group that says the same.
    pub(super) same_as: Option<usize>,
    /// Containers of what it has come to in each group.
    pub(super) held: [ExprId; 2],
}

pub(super) struct SortKey {
    pub(super) value: ExprId,
    /// The container of the keys of all rows.
    pub(super) held: ExprId,
}

/// What `as` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CastTarget {
    Int,
    /// `bigint`: the same values as `int`, but a none stays.
    BigInt,
    /// An exact fraction, which is in a value of any kind.
    BigRat,
    Float,
    Bool,
    String,
    /// A type that every value has: `any`, or a name that nobody knows.
    Unchanged,
}
