//! The syntax tree: what the grammar of Mochi says, before any meaning.
//!
//! Every node has a span. Names are plain strings here; the checker resolves them.
//! The tree also holds the few forms of the runtime's dialect (marked so); the
//! parser produces them only in `Dialect::Runtime`.

use std::collections::BTreeSet;

use crate::source::Span;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    pub span: Span,
}

#[derive(Clone, Debug, Default)]
pub struct Program {
    pub package: Option<Name>,
    /// The names of types and variables with `export` before them; functions say it themselves.
    pub exports: BTreeSet<String>,
    pub stmts: Vec<Stmt>,
}

#[derive(Clone, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

pub type Block = Vec<Stmt>;

#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `let x: T = e` and `var x: T = e`.
    Let {
        mutable: bool,
        name: Name,
        ty: Option<TypeExpr>,
        value: Option<Expr>,
    },
    /// `a[i][j].f.g = e`: all indexes first, then all fields.
    Assign {
        target: Name,
        indexes: Vec<Expr>,
        fields: Vec<Name>,
        value: Expr,
    },
    Fun(FunDecl),
    Return(Option<Expr>),
    If(IfStmt),
    While {
        cond: Expr,
        body: Block,
    },
    /// `for x in a..b`; the end is exclusive.
    ForRange {
        var: Name,
        start: Expr,
        end: Expr,
        body: Block,
    },
    ForIn {
        var: Name,
        iter: Expr,
        body: Block,
    },
    Break,
    Continue,
    Expr(Expr),
    Test {
        name: String,
        name_span: Span,
        body: Block,
    },
    Bench {
        name: String,
        name_span: Span,
        body: Block,
    },
    Expect(Expr),
    Type(TypeDecl),
    Import {
        language: Option<Name>,
        path: String,
        path_span: Span,
        alias: Option<Name>,
        auto: bool,
    },
    ExternType {
        name: Name,
    },
    ExternVar {
        mutable: bool,
        path: Vec<Name>,
        ty: TypeExpr,
    },
    ExternFun {
        path: Vec<Name>,
        params: Vec<Param>,
        result: Option<TypeExpr>,
    },
    ExternObject {
        name: Name,
    },
    Fact(Predicate),
    Rule {
        head: Predicate,
        body: Vec<Condition>,
    },
    Stream {
        name: Name,
        fields: Vec<Field>,
    },
    Model {
        name: Name,
        settings: Vec<(Name, Expr)>,
    },
    On {
        stream: Name,
        var: Name,
        body: Block,
    },
    Emit {
        stream: Name,
        fields: Vec<(Name, Expr)>,
    },
    Agent {
        name: Name,
        body: Vec<AgentItem>,
    },
    Fetch {
        url: Expr,
        into: Name,
        with: Option<Expr>,
    },
    Update {
        target: Name,
        set: Vec<MapEntry>,
        cond: Option<Expr>,
    },
    /// Runtime dialect: `const NAME: i64 = …`.
    Const {
        name: Name,
        ty: TypeExpr,
        value: Expr,
    },
    /// Runtime dialect: `import wasi fd_write(fd: i32, …): i32`, or `import "MODULE" "FIELD" name(…): …`.
    ImportHost {
        /// Module and field, unless they are WASI preview 1 and the name.
        from: Option<(String, String)>,
        name: Name,
        params: Vec<Param>,
        result: Option<TypeExpr>,
    },
}

/// The declarations that hold for the whole program, of types and of what is foreign, also those inside of
/// blocks and functions.
pub(crate) fn whole_program_declarations<'a>(stmts: &'a [Stmt], out: &mut Vec<&'a Stmt>) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Type(_)
            | StmtKind::Import { .. }
            | StmtKind::ExternType { name: _ }
            | StmtKind::ExternVar { .. }
            | StmtKind::ExternFun { .. }
            | StmtKind::ExternObject { name: _ }
            | StmtKind::Stream { .. }
            | StmtKind::Agent { .. } => out.push(stmt),
            StmtKind::Fun(decl) => whole_program_declarations(&decl.body, out),
            StmtKind::If(first) => {
                let mut stmt = first;
                loop {
                    whole_program_declarations(&stmt.then, out);
                    match &stmt.otherwise {
                        Some(Else::If(next, _)) => stmt = next,
                        Some(Else::Block(block)) => break whole_program_declarations(block, out),
                        None => break,
                    }
                }
            }
            StmtKind::While { cond: _, body }
            | StmtKind::ForRange { var: _, start: _, end: _, body }
            | StmtKind::ForIn { var: _, iter: _, body }
            | StmtKind::Test { name: _, name_span: _, body }
            | StmtKind::Bench { name: _, name_span: _, body }
            | StmtKind::On { stream: _, var: _, body } => whole_program_declarations(body, out),
            _ => {}
        }
    }
}

#[derive(Clone, Debug)]
pub struct IfStmt {
    pub cond: Expr,
    pub then: Block,
    pub otherwise: Option<Else>,
}

#[derive(Clone, Debug)]
pub enum Else {
    If(Box<IfStmt>, Span),
    Block(Block),
}

#[derive(Clone, Debug)]
pub struct FunDecl {
    pub exported: bool,
    pub name: Name,
    pub type_params: Vec<Name>,
    pub params: Vec<Param>,
    pub result: Option<TypeExpr>,
    pub effects: Option<Vec<Name>>,
    pub body: Block,
    /// Text of the `///` lines above the declaration, one line an entry.
    pub doc: Vec<String>,
    /// Runtime dialect: words between `fun` and the name, such as `cold` or `inline`.
    pub marks: Vec<Name>,
}

#[derive(Clone, Debug)]
pub struct Param {
    pub name: Name,
    pub ty: Option<TypeExpr>,
    /// Runtime dialect: `own p: string`.
    pub owned: bool,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: Name,
    pub ty: TypeExpr,
}

#[derive(Clone, Debug)]
pub struct TypeExpr {
    pub kind: TypeExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TypeExprKind {
    /// One with a dot in it is the type of a module.
    Name(Name),
    Generic {
        name: Name,
        args: Vec<TypeExpr>,
    },
    Fun {
        params: Vec<TypeExpr>,
        result: Option<Box<TypeExpr>>,
    },
    Struct(Vec<Field>),
    Optional(Box<TypeExpr>),
}

#[derive(Clone, Debug)]
pub struct TypeDecl {
    pub name: Name,
    pub kind: TypeDeclKind,
    pub doc: Vec<String>,
}

#[derive(Clone, Debug)]
pub enum TypeDeclKind {
    Struct(Vec<Member>),
    Union(Vec<Variant>),
    Alias(TypeExpr),
}

#[derive(Clone, Debug)]
pub enum Member {
    Field(Field),
    Method(FunDecl, Span),
}

#[derive(Clone, Debug)]
pub struct Variant {
    pub name: Name,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub enum AgentItem {
    Stmt(Stmt),
    Intent { name: Name, params: Vec<Param>, result: Option<TypeExpr>, body: Block, span: Span },
}

impl AgentItem {
    pub fn span(&self) -> Span {
        match self {
            AgentItem::Stmt(stmt) => stmt.span,
            AgentItem::Intent { span, .. } => *span,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Predicate {
    pub name: Name,
    pub terms: Vec<Term>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Term {
    Var(Name),
    Str(String, Span),
    Int(i64, Span),
}

#[derive(Clone, Debug)]
pub enum Condition {
    Holds(Predicate),
    Differ(Name, Name),
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Int(i64),
    Float(f64),
    Bool(bool),
    /// Decoded bytes: `\x80` and octal escapes can make text that is not UTF-8.
    Str(Vec<u8>),
    None,
    Name(String),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `f(x)`, `a.b(x)`, `xs[0](x)`: the callee is any expression.
    Call {
        callee: Box<Expr>,
        args: Vec<Expr>,
    },
    /// `e.name`; `optional` for `e?.name`.
    Field {
        of: Box<Expr>,
        name: Name,
        optional: bool,
    },
    /// `e[i]`; `optional` for `e?[i]`.
    Index {
        of: Box<Expr>,
        index: Box<Expr>,
        optional: bool,
    },
    /// `e[a:b:c]`, each part optional.
    Slice {
        of: Box<Expr>,
        start: Option<Box<Expr>>,
        end: Option<Box<Expr>>,
        step: Option<Box<Expr>>,
    },
    Cast {
        of: Box<Expr>,
        ty: TypeExpr,
    },
    /// Without `otherwise` the value is none when the condition fails.
    If {
        cond: Box<Expr>,
        then: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
    List(Vec<Expr>),
    Map(Vec<MapEntry>),
    /// `Name { field: e, … }`; a name with a dot in it is a type of a module.
    Struct {
        name: Name,
        fields: Vec<(Name, Expr)>,
    },
    Lambda(Box<Lambda>),
    Match {
        target: Box<Expr>,
        arms: Vec<MatchArm>,
    },
    Query(Box<Query>),
    LogicQuery(Predicate),
    Generate {
        target: Name,
        fields: Vec<(Name, Expr)>,
    },
    Fetch {
        url: Box<Expr>,
        with: Option<Box<Expr>>,
    },
    Load {
        path: Option<String>,
        ty: TypeExpr,
        with: Option<Box<Expr>>,
    },
    Save {
        value: Box<Expr>,
        path: Option<String>,
        with: Option<Box<Expr>>,
    },
    /// Runtime dialect: `f<T>(…)`, a call with explicit type arguments.
    GenericCall {
        callee: Name,
        type_args: Vec<TypeExpr>,
        args: Vec<Expr>,
    },
}

#[derive(Clone, Debug)]
pub struct MapEntry {
    pub key: MapKey,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub enum MapKey {
    /// `{name: v}`: the key is the text of the identifier, never a variable.
    Name(Name),
    Expr(Expr),
}

#[derive(Clone, Debug)]
pub struct Lambda {
    pub type_params: Vec<Name>,
    pub params: Vec<Param>,
    pub result: Option<TypeExpr>,
    pub effects: Option<Vec<Name>>,
    pub body: LambdaBody,
}

#[derive(Clone, Debug)]
pub enum LambdaBody {
    Expr(Expr),
    Block(Block),
}

#[derive(Clone, Debug)]
pub struct MatchArm {
    pub pattern: Pattern,
    pub body: ArmBody,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ArmBody {
    Expr(Expr),
    Block(Block),
}

#[derive(Clone, Debug)]
pub enum Pattern {
    Wildcard(Span),
    /// Never binds: it matches a variant or struct of that name.
    Name(Name),
    /// Each argument that is a plain name binds the field at its position; others are ignored.
    Constructor {
        name: Name,
        args: Vec<Pattern>,
        span: Span,
    },
    /// An int, float, bool, string or none literal.
    Literal(Expr),
}

#[derive(Clone, Debug)]
pub struct Query {
    pub froms: Vec<QueryFrom>,
    pub joins: Vec<QueryJoin>,
    pub cond: Option<Expr>,
    pub group: Option<QueryGroup>,
    pub sort: Option<Expr>,
    pub skip: Option<Expr>,
    pub take: Option<Expr>,
    pub distinct: bool,
    pub select: Expr,
}

#[derive(Clone, Debug)]
pub struct QueryFrom {
    pub var: Name,
    pub source: Expr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    Inner,
    Left,
    Right,
    Outer,
}

#[derive(Clone, Debug)]
pub struct QueryJoin {
    pub kind: JoinKind,
    pub var: Name,
    pub source: Expr,
    pub on: Expr,
}

#[derive(Clone, Debug)]
pub struct QueryGroup {
    pub keys: Vec<Expr>,
    pub into: Name,
    pub having: Option<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Neg,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    And,
    Or,
    /// `??`
    Else,
    Union,
    UnionAll,
    Except,
    Intersect,
    /// Runtime dialect from here on. Comparisons and shifts without a mark are signed.
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    /// `>>`, arithmetic.
    Shr,
    /// `>>>`, logical.
    ShrU,
}
