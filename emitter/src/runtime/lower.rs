//! The runtime's dialect to legalized functions.
//!
//! The dialect's types are machine types and its operators are single Wasm operations, so there
//! is nothing to legalize. A function becomes a [`Template`]: everything but the numbers that
//! other functions, globals and data have in a particular module.
//!
//! Operations on constants are evaluated (by the interpreter, like everywhere), which is what
//! makes named constants free and `DEBUG_MEMORY` vanish. Loops are inverted: the condition
//! stands before the loop and again at its end.

mod intrinsic;

use mochi_frontend::source::Span;
use mochi_frontend::syntax::ast::{self, BinaryOp, ExprKind, StmtKind, TypeExprKind, UnaryOp};

use super::features::Features;
use super::source::{DialectError, Item, ItemKind, Source, source};
use crate::ir::{
    Block, DataId, FuncId, Function, FunctionBuilder, GlobalId, Imm, Init, InlineHint, Op, Param, Phase, Signature,
    Type, Value, Variable, WasmOp, interp,
};

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

    // Statements.

    fn block(&mut self, stmts: &'a [ast::Stmt]) -> Result<()> {
        let scope = self.names.len();
        for stmt in stmts {
            // What follows a return or `unreachable()` is never reached.
            if self.builder.is_unreachable() {
                break;
            }
            self.stmt(stmt)?;
        }
        self.names.truncate(scope);
        Ok(())
    }

    fn stmt(&mut self, stmt: &'a ast::Stmt) -> Result<()> {
        match &stmt.kind {
            StmtKind::Let { mutable, name, ty, value: Some(value) } => {
                let wanted = ty.as_ref().map(|ty| declared_type(self.item, ty)).transpose()?.map(DialectType::plain);
                let mut operand = self.expr(value, wanted)?;
                if let Some(wanted) = wanted {
                    self.expect_type(wanted, operand, value.span)?;
                    operand.ty = wanted;
                }
                self.declare(&name.text, !mutable, operand);
                Ok(())
            }
            StmtKind::Assign { target, indexes, fields, value } if indexes.is_empty() && fields.is_empty() => {
                self.assign(target, value)
            }
            StmtKind::Return(value) => match (value, self.result) {
                (None, None) => {
                    self.builder.ret(Vec::new());
                    Ok(())
                }
                (Some(value), Some(ty)) => {
                    let operand = self.expr(value, Some(ty))?;
                    self.expect_type(ty, operand, value.span)?;
                    let value = self.materialize(operand);
                    self.builder.ret(vec![value]);
                    Ok(())
                }
                _ => self.error(stmt.span, "a return that does not fit the result type"),
            },
            StmtKind::If(if_stmt) => self.if_stmt(if_stmt),
            StmtKind::While { cond, body } => self.while_stmt(cond, body),
            StmtKind::ForRange { var, start, end, body } => self.for_range(var, start, end, body),
            StmtKind::Break | StmtKind::Continue => {
                let Some(innermost) = self.loops.last_mut() else {
                    return self.error(stmt.span, "not in a loop");
                };
                let target = if matches!(stmt.kind, StmtKind::Break) {
                    innermost.exit_used = true;
                    innermost.exit
                } else {
                    innermost.next_used = true;
                    innermost.next
                };
                self.builder.jump(target, Vec::new());
                Ok(())
            }
            StmtKind::Expr(expr) => match &expr.kind {
                ExprKind::Call { callee, args } => self.call(callee, args, None, expr.span).map(|_| ()),
                _ => self.error(expr.span, "an expression without effect"),
            },
            _ => self.error(stmt.span, "no statement of the dialect"),
        }
    }

    fn assign(&mut self, target: &'a ast::Name, value: &'a ast::Expr) -> Result<()> {
        match self.local(&target.text) {
            Some(Binding::Variable(variable, ty)) => {
                let operand = self.expr(value, Some(ty))?;
                self.expect_type(ty, operand, value.span)?;
                let value = self.materialize(operand);
                self.builder.def_var(variable, value);
                Ok(())
            }
            Some(Binding::Value(_) | Binding::Counter(..)) => {
                self.error(target.span, format!("{} cannot be assigned", target.text))
            }
            None => match self.source.get(&target.text) {
                Some(item) if item.kind == ItemKind::Variable => {
                    let ty = item.constant()?.ty;
                    let operand = self.expr(value, Some(ty))?;
                    self.expect_type(ty, operand, value.span)?;
                    let value = self.materialize(operand);
                    let global = self.global(item.name);
                    self.builder.effect(WasmOp::GlobalSet, vec![value], global);
                    Ok(())
                }
                _ => self.error(target.span, format!("{} is no variable", target.text)),
            },
        }
    }

    fn global(&mut self, name: &'static str) -> Imm {
        Imm::Global(GlobalId::new(intern(&mut self.globals, name)))
    }

    fn if_stmt(&mut self, stmt: &'a ast::IfStmt) -> Result<()> {
        let then = self.builder.create_block();
        let join = self.builder.create_block();
        let otherwise = if stmt.otherwise.is_some() { self.builder.create_block() } else { join };
        let edges = self.condition(&stmt.cond, then, otherwise)?;
        let mut join_used = stmt.otherwise.is_none() && edges.otherwise;
        if edges.then {
            self.enter(then);
            self.block(&stmt.then)?;
            join_used |= self.leave_to(join);
        }
        if let (Some(branch), true) = (&stmt.otherwise, edges.otherwise) {
            self.enter(otherwise);
            match branch {
                ast::Else::If(nested, _) => self.if_stmt(nested)?,
                ast::Else::Block(block) => self.block(block)?,
            }
            join_used |= self.leave_to(join);
        }
        if join_used {
            self.enter(join);
        }
        Ok(())
    }

    /// Continues in a block that no further jumps lead to.
    fn enter(&mut self, block: Block) {
        self.builder.seal(block);
        self.builder.switch_to(block);
    }

    /// Goes on to `block` unless this place cannot be reached; tells whether it can.
    fn leave_to(&mut self, block: Block) -> bool {
        let reached = !self.builder.is_unreachable();
        if reached {
            self.builder.jump(block, Vec::new());
        }
        reached
    }

    fn while_stmt(&mut self, cond: &'a ast::Expr, body: &'a [ast::Stmt]) -> Result<()> {
        self.inverted_loop(body, |this, body, exit| this.condition(cond, body, exit), |_| Ok(()))
    }

    fn for_range(
        &mut self,
        var: &'a ast::Name,
        start: &'a ast::Expr,
        end: &'a ast::Expr,
        body: &'a [ast::Stmt],
    ) -> Result<()> {
        let (start, end_operand) = self.pair(start, end, None)?;
        let (less, add) = match start.ty {
            Ty::I32 | Ty::Ptr => (WasmOp::I32LtS, WasmOp::I32Add),
            Ty::I64 => (WasmOp::I64LtS, WasmOp::I64Add),
            Ty::F64 | Ty::Bool => return self.error(end.span, "a range of integers is wanted"),
        };
        let ty = start.ty;
        let counter = self.builder.declare_variable(ty.machine());
        let first = self.materialize(start);
        self.builder.def_var(counter, first);
        let scope = self.names.len();
        let test = |this: &mut Lowering<'a>, body: Block, exit: Block| {
            let value = Operand::value(ty, this.builder.use_var(counter));
            let more = this.emit(less, &[value, end_operand], Imm::None, Ty::Bool);
            this.names.truncate(scope);
            this.names.push((&var.text, Binding::Counter(counter, ty)));
            Ok(this.branch_on(more, body, exit))
        };
        let step = |this: &mut Lowering<'a>| {
            let value = Operand::value(ty, this.builder.use_var(counter));
            let next = this.emit(add, &[value, Operand::constant(ty, 1)], Imm::None, ty);
            let next = this.materialize(next);
            this.builder.def_var(counter, next);
            Ok(())
        };
        self.inverted_loop(body, test, step)?;
        self.names.truncate(scope);
        Ok(())
    }

    /// `if test { do { body; step } while test }`.
    fn inverted_loop(
        &mut self,
        body: &'a [ast::Stmt],
        mut test: impl FnMut(&mut Self, Block, Block) -> Result<Edges>,
        step: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let head = self.builder.create_block();
        let next = self.builder.create_block();
        let exit = self.builder.create_block();
        let edges = test(self, head, exit)?;
        let mut exit_used = edges.otherwise;
        if edges.then {
            self.builder.switch_to(head);
            self.loops.push(Loop { next, exit, next_used: false, exit_used });
            self.block(body)?;
            let reached = self.leave_to(next);
            let Some(Loop { next_used, exit_used: left, .. }) = self.loops.pop() else {
                unreachable!("the loop was pushed above")
            };
            exit_used = left;
            if reached || next_used {
                self.enter(next);
                step(self)?;
                exit_used |= test(self, head, exit)?.otherwise;
            }
            self.builder.seal(head);
        }
        if exit_used {
            self.enter(exit);
        }
        Ok(())
    }

    /// Branches on an expression without making a value of `&&`, `||` and `!`.
    fn condition(&mut self, cond: &'a ast::Expr, then: Block, otherwise: Block) -> Result<Edges> {
        match &cond.kind {
            ExprKind::Unary(UnaryOp::Not, of) => {
                let edges = self.condition(of, otherwise, then)?;
                Ok(Edges { then: edges.otherwise, otherwise: edges.then })
            }
            ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), lhs, rhs) => {
                let middle = self.builder.create_block();
                let and = *op == BinaryOp::And;
                let (first, goes_on) = if and {
                    let edges = self.condition(lhs, middle, otherwise)?;
                    (Edges { then: false, ..edges }, edges.then)
                } else {
                    let edges = self.condition(lhs, then, middle)?;
                    (Edges { otherwise: false, ..edges }, edges.otherwise)
                };
                if !goes_on {
                    return Ok(first);
                }
                self.enter(middle);
                let second = self.condition(rhs, then, otherwise)?;
                Ok(Edges { then: first.then || second.then, otherwise: first.otherwise || second.otherwise })
            }
            _ => {
                let operand = self.expr(cond, Some(Ty::Bool))?;
                self.expect_type(Ty::Bool, operand, cond.span)?;
                Ok(self.branch_on(operand, then, otherwise))
            }
        }
    }

    fn branch_on(&mut self, cond: Operand, then: Block, otherwise: Block) -> Edges {
        match cond.kind {
            OperandKind::Constant(word) => {
                self.builder.jump(if word != 0 { then } else { otherwise }, Vec::new());
                Edges { then: word != 0, otherwise: word == 0 }
            }
            OperandKind::Value(value) => {
                self.builder.branch(value, then, otherwise);
                Edges { then: true, otherwise: true }
            }
        }
    }

    // Expressions.

    /// `wanted` gives literals their type; it is for the caller to check.
    fn expr(&mut self, expr: &'a ast::Expr, wanted: Option<Ty>) -> Result<Operand> {
        match &expr.kind {
            ExprKind::Int(value) => self.int_literal(*value, wanted, expr.span),
            ExprKind::Float(value) => Ok(Operand::constant(Ty::F64, value.to_bits())),
            ExprKind::Bool(value) => Ok(Operand::constant(Ty::Bool, *value as u64)),
            ExprKind::Str(bytes) => Ok(self.data(DataSource::Bytes(bytes.clone()))),
            ExprKind::Name(name) => self.name(name, expr.span),
            ExprKind::Unary(UnaryOp::Neg, of) => {
                let of = self.expr(of, wanted)?;
                match of.ty {
                    Ty::I32 => Ok(self.emit(WasmOp::I32Sub, &[Operand::constant(Ty::I32, 0), of], Imm::None, Ty::I32)),
                    Ty::I64 => Ok(self.emit(WasmOp::I64Sub, &[Operand::constant(Ty::I64, 0), of], Imm::None, Ty::I64)),
                    Ty::F64 => Ok(self.emit(WasmOp::F64Neg, &[of], Imm::None, Ty::F64)),
                    Ty::Ptr | Ty::Bool => self.error(expr.span, "a number is wanted here"),
                }
            }
            ExprKind::Unary(UnaryOp::Not, of) => {
                let operand = self.expr(of, Some(Ty::Bool))?;
                self.expect_type(Ty::Bool, operand, of.span)?;
                Ok(self.emit(WasmOp::I32Eqz, &[operand], Imm::None, Ty::Bool))
            }
            ExprKind::Binary(BinaryOp::And | BinaryOp::Or, lhs, rhs) => self.logical(expr, lhs, rhs),
            ExprKind::Binary(op, lhs, rhs) => self.binary(*op, lhs, rhs, wanted, expr.span),
            ExprKind::Call { callee, args } => match self.call(callee, args, wanted, expr.span)? {
                Some(operand) => Ok(operand),
                None => self.error(expr.span, "the function has no result"),
            },
            ExprKind::Cast { of, ty } => {
                let to = declared_type(self.item, ty)?.plain();
                self.cast(of, to)
            }
            ExprKind::If { cond, then, otherwise: Some(otherwise) } => self.if_expr(cond, then, otherwise, wanted),
            _ => self.error(expr.span, "no expression of the dialect"),
        }
    }

    fn int_literal(&self, value: i64, wanted: Option<Ty>, span: Span) -> Result<Operand> {
        match wanted {
            Some(Ty::I64) => Ok(Operand::constant(Ty::I64, value as u64)),
            Some(Ty::F64 | Ty::Bool) => self.error(span, format!("{value} is an integer")),
            None | Some(Ty::I32 | Ty::Ptr) => {
                if !(i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&value) {
                    return self.error(span, format!("{value} does not fit 32 bits"));
                }
                Ok(Operand::constant(wanted.unwrap_or(Ty::I32), u64::from(value as u32)))
            }
        }
    }

    fn name(&mut self, name: &str, span: Span) -> Result<Operand> {
        match self.local(name) {
            Some(Binding::Value(operand)) => return Ok(operand),
            Some(Binding::Variable(variable, ty) | Binding::Counter(variable, ty)) => {
                return Ok(Operand::value(ty, self.builder.use_var(variable)));
            }
            None => {}
        }
        if let Some(item) = self.source.get(name) {
            return match item.kind {
                ItemKind::Constant => item.constant().map(|constant| Operand::constant(constant.ty, constant.word)),
                ItemKind::Variable => {
                    let ty = item.constant()?.ty;
                    let global = self.global(item.name);
                    Ok(Operand::value(ty, self.builder.value(WasmOp::GlobalGet, vec![], global, ty.machine())))
                }
                ItemKind::Function | ItemKind::Import => self.error(span, format!("{name} is a function")),
            };
        }
        match name {
            "HEAP_BASE" => {
                let base = self.builder.value(WasmOp::HeapBase, vec![], Imm::None, Type::I32);
                Ok(Operand::value(Ty::Ptr, base))
            }
            "DEBUG_MEMORY" => Ok(Operand::constant(Ty::Bool, self.features.debug_memory as u64)),
            "HAS_ANY" => Ok(Operand::constant(Ty::Bool, self.features.any as u64)),
            "HAS_MAPS" => Ok(Operand::constant(Ty::Bool, self.features.maps as u64)),
            "HAS_FIELDS" => Ok(Operand::constant(Ty::Bool, self.features.fields as u64)),
            "HAS_RATIONALS" => Ok(Operand::constant(Ty::Bool, self.features.rationals as u64)),
            "HAS_LONG_INTS" => Ok(Operand::constant(Ty::Bool, self.features.long_ints as u64)),
            "HAS_CYCLES" => Ok(Operand::constant(Ty::Bool, self.features.cycles as u64)),
            "FILE_TABLE" => Ok(self.data(DataSource::FileTable)),
            _ => self.error(span, format!("{name} is not declared")),
        }
    }

    /// The address of static data.
    fn data(&mut self, source: DataSource) -> Operand {
        let index = match source {
            DataSource::Scratch(_) => {
                self.data.push(source);
                self.data.len() - 1
            }
            DataSource::Bytes(_) | DataSource::String(_) | DataSource::FileTable => intern(&mut self.data, source),
        };
        let address = self.builder.value(WasmOp::DataAddr, vec![], Imm::Data(DataId::new(index)), Type::I32);
        Operand::value(Ty::Ptr, address)
    }

    /// An operation; its result when all operands are constants.
    fn emit(&mut self, op: WasmOp, operands: &[Operand], imm: Imm, ty: Ty) -> Operand {
        let constants: Option<Vec<u64>> = operands
            .iter()
            .map(|operand| match operand.kind {
                OperandKind::Constant(word) => Some(word),
                OperandKind::Value(_) => None,
            })
            .collect();
        if let Some(word) = constants.and_then(|words| interp::evaluate(op, &words, imm)) {
            return Operand::constant(ty, word);
        }
        let args = operands.iter().map(|&operand| self.materialize(operand)).collect();
        Operand::value(ty, self.builder.value(op, args, imm, ty.machine()))
    }

    /// Two operands of one type: what is only a literal takes the other's.
    fn pair(&mut self, lhs: &'a ast::Expr, rhs: &'a ast::Expr, wanted: Option<Ty>) -> Result<(Operand, Operand)> {
        let (left, right) = if is_literal(lhs) && !is_literal(rhs) {
            let right = self.expr(rhs, wanted)?;
            (self.expr(lhs, Some(right.ty))?, right)
        } else {
            let left = self.expr(lhs, wanted)?;
            (left, self.expr(rhs, Some(left.ty))?)
        };
        self.expect_type(left.ty, right, rhs.span)?;
        Ok((left, right))
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        lhs: &'a ast::Expr,
        rhs: &'a ast::Expr,
        wanted: Option<Ty>,
        span: Span,
    ) -> Result<Operand> {
        let compares = is_comparison(op);
        let (left, right) = self.pair(lhs, rhs, if compares { None } else { wanted })?;
        let Some(wasm) = binary_op(op, left.ty) else {
            return self.error(span, format!("{op:?} is not an operation of {:?}", left.ty));
        };
        let ty = match (compares, left.ty, right.ty) {
            (true, ..) => Ty::Bool,
            (false, Ty::Ptr, Ty::Ptr) if op == BinaryOp::Sub => Ty::I32,
            (false, Ty::I32, Ty::Ptr) => Ty::Ptr,
            (false, ty, _) => ty,
        };
        Ok(self.emit(wasm, &[left, right], Imm::None, ty))
    }

    /// `&&` and `||` as values: without a branch where the right side costs nothing.
    fn logical(&mut self, expr: &'a ast::Expr, lhs: &'a ast::Expr, rhs: &'a ast::Expr) -> Result<Operand> {
        if is_cheap(rhs) {
            let left = self.expr(lhs, Some(Ty::Bool))?;
            self.expect_type(Ty::Bool, left, lhs.span)?;
            let right = self.expr(rhs, Some(Ty::Bool))?;
            self.expect_type(Ty::Bool, right, rhs.span)?;
            let and = matches!(expr.kind, ExprKind::Binary(BinaryOp::And, ..));
            let op = if and { WasmOp::I32And } else { WasmOp::I32Or };
            return Ok(self.emit(op, &[left, right], Imm::None, Ty::Bool));
        }
        let then = self.builder.create_block();
        let otherwise = self.builder.create_block();
        let edges = self.condition(expr, then, otherwise)?;
        self.merge(edges, then, otherwise, |_, holds| Ok(Operand::constant(Ty::Bool, holds as u64)))
    }

    fn if_expr(
        &mut self,
        cond: &'a ast::Expr,
        then: &'a ast::Expr,
        otherwise: &'a ast::Expr,
        wanted: Option<Ty>,
    ) -> Result<Operand> {
        let then_block = self.builder.create_block();
        let otherwise_block = self.builder.create_block();
        let edges = self.condition(cond, then_block, otherwise_block)?;
        let mut ty = wanted;
        self.merge(edges, then_block, otherwise_block, |this, holds| {
            let branch = if holds { then } else { otherwise };
            let operand = this.expr(branch, ty)?;
            this.expect_type(*ty.get_or_insert(operand.ty), operand, branch.span)?;
            Ok(operand)
        })
    }

    /// The value that the reached branches compute, in a block after them.
    fn merge(
        &mut self,
        edges: Edges,
        then: Block,
        otherwise: Block,
        mut branch: impl FnMut(&mut Self, bool) -> Result<Operand>,
    ) -> Result<Operand> {
        let join = self.builder.create_block();
        let mut merged = None;
        for (reached, block, holds) in [(edges.then, then, true), (edges.otherwise, otherwise, false)] {
            if reached {
                self.enter(block);
                let operand = branch(self, holds)?;
                let value = self.materialize(operand);
                if merged.is_none() {
                    let param = self.builder.add_block_param(join, operand.ty.machine());
                    merged = Some(Operand::value(operand.ty, param));
                }
                self.builder.jump(join, vec![value]);
            }
        }
        self.enter(join);
        Ok(merged.expect("one branch is reached"))
    }

    fn cast(&mut self, of: &'a ast::Expr, to: Ty) -> Result<Operand> {
        let wanted = if is_literal(of) && to == Ty::I64 { Some(Ty::I64) } else { None };
        let from = self.expr(of, wanted)?;
        let op = match (from.ty, to) {
            (Ty::I32, Ty::I64) => WasmOp::I64ExtendI32S,
            (Ty::Ptr | Ty::Bool, Ty::I64) => WasmOp::I64ExtendI32U,
            (Ty::I64, Ty::I32 | Ty::Ptr) => WasmOp::I32WrapI64,
            (Ty::I32, Ty::F64) => WasmOp::F64ConvertI32S,
            (Ty::I64, Ty::F64) => WasmOp::F64ConvertI64S,
            (Ty::I32 | Ty::Ptr | Ty::Bool, Ty::I32 | Ty::Ptr) => return Ok(Operand { ty: to, ..from }),
            (from_ty, _) if from_ty == to => return Ok(from),
            (from_ty, _) => return self.error(of.span, format!("{from_ty:?} cannot become {to:?}")),
        };
        Ok(self.emit(op, &[from], Imm::None, to))
    }

    /// A call of an intrinsic or of a function of the runtime.
    fn call(
        &mut self,
        callee: &'a ast::Expr,
        args: &'a [ast::Expr],
        wanted: Option<Ty>,
        span: Span,
    ) -> Result<Option<Operand>> {
        let ExprKind::Name(name) = &callee.kind else {
            return self.error(span, "a function's name is wanted");
        };
        let Some(item) = self.source.get(name) else {
            return self.intrinsic(name, args, wanted, span);
        };
        let (params, result) = declared(item)?;
        if params.len() != args.len() {
            return self.error(span, format!("{name} takes {} arguments, not {}", params.len(), args.len()));
        }
        let mut operands = Vec::with_capacity(args.len());
        for (&(ty, _), arg) in params.iter().zip(args) {
            let operand = self.expr(arg, Some(ty.plain()))?;
            self.expect_type(ty.plain(), operand, arg.span)?;
            operands.push(operand);
        }
        let args = operands.into_iter().map(|operand| self.materialize(operand)).collect();
        let func = Imm::Func(FuncId::new(intern(&mut self.callees, item.name)));
        let results: Vec<Type> = result.iter().map(|ty| ty.machine()).collect();
        let inst = self.builder.inst(Op::Call, args, func, &results);
        let value = self.builder.func().inst(inst).results.first().copied();
        Ok(value.zip(result).map(|(value, ty)| Operand::value(ty.plain(), value)))
    }
}

/// Whether the type of an integer expression comes from its surroundings.
fn is_literal(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ExprKind::Int(_) => true,
        ExprKind::Unary(UnaryOp::Neg, of) => is_literal(of),
        ExprKind::Binary(op, lhs, rhs) => !is_comparison(*op) && is_literal(lhs) && is_literal(rhs),
        _ => false,
    }
}

/// Whether evaluating an expression in vain is harmless and fast.
fn is_cheap(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Name(_) => true,
        ExprKind::Unary(_, of) | ExprKind::Cast { of, ty: _ } => is_cheap(of),
        ExprKind::Binary(op, lhs, rhs) => {
            !matches!(op, BinaryOp::Div | BinaryOp::Rem) && is_cheap(lhs) && is_cheap(rhs)
        }
        _ => false,
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge)
}

/// The operation of an operator on a type, if there is one.
fn binary_op(op: BinaryOp, ty: Ty) -> Option<WasmOp> {
    let [i32, i64, f64] = match op {
        BinaryOp::Add => [Some(WasmOp::I32Add), Some(WasmOp::I64Add), Some(WasmOp::F64Add)],
        BinaryOp::Sub => [Some(WasmOp::I32Sub), Some(WasmOp::I64Sub), Some(WasmOp::F64Sub)],
        BinaryOp::Mul => [Some(WasmOp::I32Mul), Some(WasmOp::I64Mul), Some(WasmOp::F64Mul)],
        BinaryOp::Div => [Some(WasmOp::I32DivS), Some(WasmOp::I64DivS), Some(WasmOp::F64Div)],
        BinaryOp::Rem => [Some(WasmOp::I32RemS), Some(WasmOp::I64RemS), None],
        BinaryOp::Eq => [Some(WasmOp::I32Eq), Some(WasmOp::I64Eq), Some(WasmOp::F64Eq)],
        BinaryOp::Ne => [Some(WasmOp::I32Ne), Some(WasmOp::I64Ne), Some(WasmOp::F64Ne)],
        BinaryOp::Lt => [Some(WasmOp::I32LtS), Some(WasmOp::I64LtS), Some(WasmOp::F64Lt)],
        BinaryOp::Le => [Some(WasmOp::I32LeS), Some(WasmOp::I64LeS), Some(WasmOp::F64Le)],
        BinaryOp::Gt => [Some(WasmOp::I32GtS), Some(WasmOp::I64GtS), Some(WasmOp::F64Gt)],
        BinaryOp::Ge => [Some(WasmOp::I32GeS), Some(WasmOp::I64GeS), Some(WasmOp::F64Ge)],
        BinaryOp::BitAnd => [Some(WasmOp::I32And), Some(WasmOp::I64And), None],
        BinaryOp::BitOr => [Some(WasmOp::I32Or), Some(WasmOp::I64Or), None],
        BinaryOp::BitXor => [Some(WasmOp::I32Xor), Some(WasmOp::I64Xor), None],
        BinaryOp::Shl => [Some(WasmOp::I32Shl), Some(WasmOp::I64Shl), None],
        BinaryOp::Shr => [Some(WasmOp::I32ShrS), Some(WasmOp::I64ShrS), None],
        BinaryOp::ShrU => [Some(WasmOp::I32ShrU), Some(WasmOp::I64ShrU), None],
        BinaryOp::In
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::Else
        | BinaryOp::Union
        | BinaryOp::UnionAll
        | BinaryOp::Except
        | BinaryOp::Intersect => [None; 3],
    };
    match ty {
        Ty::I32 | Ty::Ptr => i32,
        Ty::I64 => i64,
        Ty::F64 => f64,
        Ty::Bool => match op {
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor => i32,
            _ => None,
        },
    }
}
