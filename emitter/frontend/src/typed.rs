//! The typed program: what the checker hands to the builder.
//!
//! Names are resolved to indexes, every expression knows its type, every change of
//! representation is an explicit [`ExprKind::Convert`], and functions appear once for each
//! distinct tuple of argument types. Nothing here needs the syntax tree any more.

use crate::builtins::Builtin;
use crate::source::Span;
use crate::types::{ListId, Type};

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
}

impl Program {
    pub fn element(&self, list: ListId) -> Type {
        self.lists[list.index()].element
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListType {
    pub element: Type,
}

#[derive(Clone, Debug)]
pub struct Function {
    /// As written; copies for other argument types share it. `main` for the top level.
    pub name: String,
    pub params: Vec<LocalId>,
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
    /// A new list of these elements.
    List(Vec<Expr>),
    /// Operands are both ints or both floats (nullable or not; none gives none), for `Rem` and the others alike.
    Arith {
        op: ArithOp,
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    /// Of an int or a float.
    Neg(Box<Expr>),
    /// Strings, neither none.
    Concat {
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    /// Operands have the same kind; either may be none, which makes orderings false. Lists are only compared
    /// for equality.
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
    /// Arguments as the builtin's row says.
    Builtin {
        builtin: Builtin,
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
    /// `e as T` where a conversion can fail or change the value.
    Cast {
        of: Box<Expr>,
        to: CastTo,
    },
    /// A change of representation that keeps the value: `T` to `T?`, `T?` known not to be none to `T`,
    /// none to any `T?`, and anything to `any`. Also int to float where arithmetic or comparison mixes them.
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
    /// From int, float, bool or string, nullable or not (none gives 0). A string that does not fit
    /// 64 bits fails.
    Int,
    /// The same, but a string can be of any length.
    BigInt,
    /// From int, float or string (none gives 0.0).
    Float,
}
