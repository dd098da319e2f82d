//! The runtime's dialect to legalized functions.
//!
//! The dialect's types are machine types and its operators are single Wasm operations, so there
//! is nothing to legalize. A function becomes a [`Template`]: everything but the numbers that
//! other functions, globals and data have in a particular module.
//!
//! Operations on constants are evaluated (by the interpreter, like everywhere), which is what
//! makes named constants free and `DEBUG_MEMORY` vanish. Loops are inverted: the condition
//! stands before the loop and again at its end.

mod exprs;
mod intrinsic;
mod stmts;

use mochi_frontend::source::Span;
use mochi_frontend::syntax::ast::{self, StmtKind, TypeExprKind};

use super::features::Features;
use super::source::{DialectError, Item, Source, source};
use crate::ir::{Block, Function, FunctionBuilder, Init, InlineHint, Param, Phase, Signature, Type, Value, Variable};

/// A lowered function. Its `FuncId`, `GlobalId`, `DataId` and `SigId` immediates index the lists beside it.
pub(super) struct Template {
    pub(super) func: Function,
    pub(super) callees: Vec<&'static str>,
    pub(super) globals: Vec<&'static str>,
    pub(super) data: Vec<DataSource>,
    pub(super) sigs: Vec<Signature>,
}

/// Static data that a template needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DataSource {
    Bytes(Vec<u8>),
    String(Vec<u8>),
    Scratch(u32),
    FileTable,
}

/// A type as declarations of the runtime spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialectType {
    I32,
    I64,
    F64,
    Ptr,
    Bool,
    String,
    Int,
    Any,
}

impl DialectType {
    pub(super) fn of_name(name: &str) -> Option<DialectType> {
        Some(match name {
            "i32" => DialectType::I32,
            "i64" => DialectType::I64,
            "f64" => DialectType::F64,
            "ptr" => DialectType::Ptr,
            "bool" => DialectType::Bool,
            "string" => DialectType::String,
            "int" => DialectType::Int,
            "any" => DialectType::Any,
            _ => return None,
        })
    }

    /// What a body sees: managed types are what carries them.
    fn plain(self) -> Ty {
        match self {
            DialectType::I32 => Ty::I32,
            DialectType::I64 | DialectType::Int | DialectType::Any => Ty::I64,
            DialectType::F64 => Ty::F64,
            DialectType::Ptr | DialectType::String => Ty::Ptr,
            DialectType::Bool => Ty::Bool,
        }
    }

    pub fn machine(self) -> Type {
        self.plain().machine()
    }
}

/// Parameters, with their ownership, and result of a function or import.
pub(super) type Declared = (Vec<(DialectType, bool)>, Option<DialectType>);

/// The types of expressions in bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ty {
    I32,
    I64,
    F64,
    Ptr,
    Bool,
}

impl Ty {
    fn machine(self) -> Type {
        match self {
            Ty::I32 | Ty::Ptr | Ty::Bool => Type::I32,
            Ty::I64 => Type::I64,
            Ty::F64 => Type::F64,
        }
    }

    /// Addresses and `i32` mix.
    fn accepts(self, other: Ty) -> bool {
        self == other || matches!((self, other), (Ty::I32, Ty::Ptr) | (Ty::Ptr, Ty::I32))
    }
}

/// A value known while lowering: its type and its word as the interpreter represents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Constant {
    ty: Ty,
    word: u64,
}

impl Constant {
    pub(super) fn init(self) -> Init {
        match self.ty {
            Ty::I32 | Ty::Ptr | Ty::Bool => Init::I32(self.word as i32),
            Ty::I64 => Init::I64(self.word as i64),
            Ty::F64 => Init::F64(self.word),
        }
    }

    pub(super) fn ty(self) -> Type {
        self.ty.machine()
    }

    /// The bits, those of an `i32` zero-extended.
    #[cfg(test)]
    pub(super) fn word(self) -> u64 {
        self.word
    }
}

/// The value of an expression. Constants become instructions where they are used.
#[derive(Clone, Copy, Debug)]
struct Operand {
    ty: Ty,
    kind: OperandKind,
}

#[derive(Clone, Copy, Debug)]
enum OperandKind {
    Constant(u64),
    Value(Value),
}

impl Operand {
    fn constant(ty: Ty, word: u64) -> Operand {
        Operand { ty, kind: OperandKind::Constant(word) }
    }

    fn value(ty: Ty, value: Value) -> Operand {
        Operand { ty, kind: OperandKind::Value(value) }
    }
}

type Result<T> = std::result::Result<T, DialectError>;

/// What the declaration of a function or import says.
pub(super) fn declared(item: &Item) -> Result<Declared> {
    let (params, result) = match &item.stmt()?.kind {
        StmtKind::Fun(decl) => (&decl.params, &decl.result),
        StmtKind::ImportHost { from: _, name: _, params, result } => (params, result),
        _ => return Err(item.error(0, format!("{} is not a function", item.name))),
    };
    let mut types = Vec::new();
    for param in params {
        let ty = param.ty.as_ref().ok_or_else(|| item.error(param.name.span.start, "a parameter needs a type"))?;
        types.push((declared_type(item, ty)?, param.owned));
    }
    let result = result.as_ref().map(|ty| declared_type(item, ty)).transpose()?;
    Ok((types, result))
}

fn declared_type(item: &Item, ty: &ast::TypeExpr) -> Result<DialectType> {
    match &ty.kind {
        TypeExprKind::Name(name) => DialectType::of_name(&name.text),
        TypeExprKind::Generic { .. }
        | TypeExprKind::Fun { .. }
        | TypeExprKind::Struct(_)
        | TypeExprKind::Optional(_) => None,
    }
    .ok_or_else(|| item.error(ty.span.start, "no type of the dialect"))
}

fn signature((params, result): &Declared) -> Signature {
    Signature {
        params: params.iter().map(|&(ty, owned)| Param { ty: ty.machine(), owned }).collect(),
        results: result.iter().map(|ty| ty.machine()).collect(),
    }
}

/// How a runtime function is called in the module: no Mochi function has such a name.
pub(super) fn symbol(name: &str) -> String {
    format!("runtime.{name}")
}

/// What `import wasi` imports from.
const WASI: &str = "wasi_snapshot_preview1";

/// Lowers a function or import.
pub(super) fn function(item: &'static Item, features: Features) -> Result<Template> {
    let declared = declared(item)?;
    let sig = signature(&declared);
    let decl = match &item.stmt()?.kind {
        StmtKind::ImportHost { from, name: _, params: _, result: _ } => {
            let (module, field) = match from {
                Some((module, field)) => (module.as_str(), field.as_str()),
                None => (WASI, item.name),
            };
            let func = Function::imported(symbol(item.name), module, field, sig);
            return Ok(Template { func, callees: Vec::new(), globals: Vec::new(), data: Vec::new(), sigs: Vec::new() });
        }
        StmtKind::Fun(decl) => decl,
        _ => return Err(item.error(0, format!("{} is not a function", item.name))),
    };
    let mut func = Function::new(symbol(item.name), sig, Phase::Legalized);
    for mark in &decl.marks {
        match mark.text.as_str() {
            "cold" => (func.cold, func.inline) = (true, InlineHint::Never),
            "inline" => func.inline = InlineHint::Always,
            "noinline" => func.inline = InlineHint::Never,
            other => return Err(item.error(mark.span.start, format!("the mark {other} is not known"))),
        }
    }
    let mut lowering = Lowering::new(item, func, features, declared.1.map(DialectType::plain));
    let values = lowering.builder.func().params().to_vec();
    for ((param, &(ty, _)), value) in decl.params.iter().zip(&declared.0).zip(values) {
        lowering.declare(&param.name.text, true, Operand::value(ty.plain(), value));
    }
    lowering.block(&decl.body)?;
    if !lowering.builder.is_unreachable() {
        match lowering.result {
            None => lowering.builder.ret(Vec::new()),
            Some(_) => return Err(item.error(0, format!("{} can end without a value", item.name))),
        }
    }
    let Lowering { builder, callees, globals, data, sigs, .. } = lowering;
    Ok(Template { func: builder.finish(), callees, globals, data, sigs })
}

/// The value of a `const`, or the initial value of a `var`.
pub(super) fn constant(item: &'static Item) -> Result<Constant> {
    let (ty, value) = match &item.stmt()?.kind {
        StmtKind::Const { name: _, ty, value } => (ty, value),
        StmtKind::Let { mutable: true, name: _, ty: Some(ty), value: Some(value) } => (ty, value),
        _ => return Err(item.error(0, format!("{} needs a type and a value", item.name))),
    };
    let ty = declared_type(item, ty)?.plain();
    let func = Function::new("", Signature::default(), Phase::Legalized);
    let mut lowering = Lowering::new(item, func, Features::default(), None);
    let value_of = lowering.expr(value, Some(ty))?;
    lowering.expect_type(ty, value_of, value.span)?;
    let word = lowering.expect_constant(value_of, value.span)?;
    Ok(Constant { ty, word })
}

/// A name of a function body.
#[derive(Clone, Copy)]
enum Binding {
    /// `let`: stands for its value.
    Value(Operand),
    Variable(Variable, Ty),
    /// The variable of a range loop, which the body cannot assign.
    Counter(Variable, Ty),
}

struct Loop {
    next: Block,
    exit: Block,
    next_used: bool,
    exit_used: bool,
}

/// Which targets of a condition can be reached.
struct Edges {
    then: bool,
    otherwise: bool,
}

struct Lowering<'a> {
    item: &'static Item,
    source: &'static Source,
    builder: FunctionBuilder,
    features: Features,
    result: Option<Ty>,
    /// Innermost last.
    names: Vec<(&'a str, Binding)>,
    loops: Vec<Loop>,
    callees: Vec<&'static str>,
    globals: Vec<&'static str>,
    data: Vec<DataSource>,
    sigs: Vec<Signature>,
}

/// The index of `item` in `list`, at the end of which it is put if it is not there.
fn intern<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

impl<'a> Lowering<'a> {
    fn new(item: &'static Item, func: Function, features: Features, result: Option<Ty>) -> Lowering<'a> {
        Lowering {
            item,
            source: source(),
            builder: FunctionBuilder::new(func),
            features,
            result,
            names: Vec::new(),
            loops: Vec::new(),
            callees: Vec::new(),
            globals: Vec::new(),
            data: Vec::new(),
            sigs: Vec::new(),
        }
    }

    fn error<T>(&self, span: Span, message: impl Into<String>) -> Result<T> {
        Err(self.item.error(span.start, message))
    }

    fn declare(&mut self, name: &'a str, constant: bool, value: Operand) {
        let binding = if constant {
            Binding::Value(value)
        } else {
            let variable = self.builder.declare_variable(value.ty.machine());
            let value_of = self.materialize(value);
            self.builder.def_var(variable, value_of);
            Binding::Variable(variable, value.ty)
        };
        self.names.push((name, binding));
    }

    fn local(&self, name: &str) -> Option<Binding> {
        self.names.iter().rev().find(|(known, _)| *known == name).map(|&(_, binding)| binding)
    }

    /// The value of an operand, as an instruction if it is a constant.
    fn materialize(&mut self, operand: Operand) -> Value {
        match operand.kind {
            OperandKind::Value(value) => value,
            OperandKind::Constant(word) => match operand.ty {
                Ty::I32 | Ty::Ptr | Ty::Bool => self.builder.i32_const(word as i32),
                Ty::I64 => self.builder.i64_const(word as i64),
                Ty::F64 => self.builder.f64_const(f64::from_bits(word)),
            },
        }
    }

    fn expect_type(&self, wanted: Ty, operand: Operand, span: Span) -> Result<()> {
        if wanted.accepts(operand.ty) {
            Ok(())
        } else {
            self.error(span, format!("{wanted:?} is wanted here, not {:?}", operand.ty))
        }
    }

    fn expect_constant(&self, operand: Operand, span: Span) -> Result<u64> {
        match operand.kind {
            OperandKind::Constant(word) => Ok(word),
            OperandKind::Value(_) => self.error(span, "a constant is wanted here"),
        }
    }
}
