//! Resolves names: scopes become indexes, and what is not supported is refused by name.
//!
//! Scopes are blocks. (The reference reuses the storage of any visible variable of the same
//! name; no golden needs that.) Top-level functions see each other and every top-level
//! variable regardless of order. A top-level variable that no function mentions is a local
//! of the start function; all declarations of a name that functions do mention are one
//! global, since a function could not tell them apart.

mod agents;
mod blocks;
mod casts;
mod cells;
mod data;
mod foreign;
mod generate;
mod imports;
pub(super) mod logic;
mod matching;
mod nested;
mod outside;
mod prelude;
mod queries;
mod streams;
mod types;
mod values;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use self::cells::Assigned;
use self::imports::Imported;
use self::types::Named;
use super::Blocks;
use super::resolved::{
    Arm, Block, CastTarget, Expr, ExprId, ExprKind, FuncId, Function, Global, Place, Program, Stmt, StmtKind, Variable,
};
use crate::builtins::{Builtin, NOT_YET};
use crate::diagnostic::{Code, Diagnostic};
use crate::modules::Unit;
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::{GlobalId, LocalId};

/// Resolves a program and what it imports. The result is complete when no diagnostic is an error. What is written for
/// its logic is put into `logic`.
pub(super) fn resolve<'a>(
    unit: &'a Unit,
    blocks: Blocks,
    logic: &'a OnceCell<logic::Generated>,
) -> (Program<'a>, Vec<Diagnostic>) {
    let mut assigned = AssignedFunctions::default();
    loop {
        match resolve_with(unit, blocks, logic, &assigned) {
            Ok(resolved) => return resolved,
            Err(more) => assigned = more,
        }
    }
}

/// Resolves a program in which just these functions are variables; it fails when others are assigned as well, and then
/// says all.
fn resolve_with<'a>(
    unit: &'a Unit,
    blocks: Blocks,
    logic: &'a OnceCell<logic::Generated>,
    assigned: &AssignedFunctions<'a>,
) -> Result<(Program<'a>, Vec<Diagnostic>), AssignedFunctions<'a>> {
    let mut cx = Resolver {
        unit,
        blocks,
        arities: Vec::new(),
        names: unit.modules.iter().map(|module| TopLevel::of(&module.ast)).collect(),
        module: 0,
        modules_of_files: unit.modules_of_files(),
        initialized: BTreeSet::new(),
        top_level: BTreeMap::new(),
        program: Program {
            file: 0,
            functions: Vec::new(),
            main: FuncId(0),
            globals: Vec::new(),
            blocks: Vec::new(),
            records: Vec::new(),
            unions: Vec::new(),
            has_groups: false,
            exprs: Vec::new(),
            tests_for_nil: false,
            method_values: BTreeMap::new(),
            partials: BTreeMap::new(),
            loaded: BTreeMap::new(),
            helpers: BTreeMap::new(),
        },
        casts: BTreeMap::new(),
        open_casts: Vec::new(),
        diagnostics: Vec::new(),
        func: Scope::default(),
        outer: Vec::new(),
        nested: nested::Nested::default(),
        prelude: prelude::Called::default(),
        shapes: Vec::new(),
        is_sort_key: false,
        streams: BTreeMap::new(),
        agents: agents::Agents::default(),
        logic: logic::Known::default(),
        assigned: assigned.clone(),
        function_variables: Vec::new(),
        declarations: BTreeMap::new(),
    };
    let mut methods = Vec::new();
    for (index, module) in unit.modules.iter().enumerate() {
        cx.module = index;
        let mut declarations = Vec::new();
        ast::whole_program_declarations(&module.ast.stmts, &mut declarations);
        for stmt in declarations {
            match &stmt.kind {
                ast::StmtKind::Type(decl) => cx.declare_type(decl, &mut methods),
                ast::StmtKind::ExternType { name } => {
                    cx.names_mut().types.insert(&name.text, Named::Foreign);
                }
                ast::StmtKind::Stream { name, fields } => cx.declare_stream(name, fields),
                ast::StmtKind::Agent { name, body } => cx.declare_agent(name, body),
                _ => cx.declare_import(stmt),
            }
        }
    }
    let mut functions = Vec::new();
    for (index, module) in unit.modules.iter().enumerate() {
        for stmt in &module.ast.stmts {
            if let ast::StmtKind::Fun(decl) = &stmt.kind {
                let id = cx.reserve(decl.params.len());
                // The later of two functions with one name is the one that calls reach.
                if assigned.top_level.contains(&(index, decl.name.text.as_str())) {
                    cx.names[index].variables.insert(&decl.name.text);
                    cx.function_variables.push((index, &decl.name, id));
                } else {
                    cx.names[index].functions.insert(&decl.name.text, id);
                }
                cx.declarations.insert(id, decl);
                functions.push((index, id, decl, stmt.span));
            }
        }
    }
    cx.program.main = cx.reserve(0);
    cx.share_variables();
    for method in methods {
        cx.module = cx.module_of(method.decl.name.span);
        cx.program.functions[method.function.index()] = cx.method(method);
    }
    cx.agent_functions();
    for (module, id, decl, span) in functions {
        cx.module = module;
        cx.program.functions[id.index()] = cx.function_in(id, Vec::new(), decl, span);
    }
    cx.module = 0;
    cx.start_function();
    if cx.assigned != *assigned {
        return Err(cx.assigned);
    }
    cx.connect_streams();
    cx.connect_logic(logic);
    cx.resolve_prelude();
    cx.program.helpers = std::mem::take(&mut cx.prelude.helpers);
    cx.make_partials();
    cx.pass_captures();
    Ok((cx.program, cx.diagnostics))
}

/// The functions whose names are assigned: they are variables that hold functions at first.
#[derive(Clone, Default, PartialEq, Eq)]
struct AssignedFunctions<'a> {
    /// With the module of each.
    top_level: BTreeSet<(usize, &'a str)>,
    /// Where those start that are nested in others.
    nested: BTreeSet<u32>,
}

#[derive(Default)]
struct TopLevel<'a> {
    functions: HashMap<&'a str, FuncId>,
    variables: HashSet<&'a str>,
    /// Declared types and their variants.
    types: HashMap<&'a str, Named<'a>>,
    /// What is imported, by the names that the imports give it.
    modules: HashMap<&'a str, Imported>,
    /// What `model` declares.
    models: BTreeMap<&'a str, &'a [(ast::Name, ast::Expr)]>,
    /// What is declared `extern`, of no module.
    externs: HashSet<&'a str>,
    /// What other modules can name.
    exports: HashSet<&'a str>,
    /// Variables that a function or another module mentions.
    globals: BTreeMap<&'a str, GlobalId>,
}

impl<'a> TopLevel<'a> {
    /// What is declared in all of the module's files. Types, functions and imports are still to be given their numbers.
    fn of(ast: &'a ast::Program) -> TopLevel<'a> {
        let mut names = TopLevel { exports: ast.exports.iter().map(String::as_str).collect(), ..TopLevel::default() };
        for stmt in &ast.stmts {
            match &stmt.kind {
                ast::StmtKind::Let { name, .. } | ast::StmtKind::Fetch { into: name, .. } => {
                    names.variables.insert(&name.text);
                }
                ast::StmtKind::Model { name, settings } => {
                    names.models.insert(&name.text, settings);
                }
                ast::StmtKind::Fun(decl) if decl.exported => drop(names.exports.insert(&decl.name.text)),
                _ => {}
            }
        }
        names
    }
}

struct Resolver<'a> {
    unit: &'a Unit,
    blocks: Blocks,
    /// By module; the program is the first.
    names: Vec<TopLevel<'a>>,
    /// The module of what is being resolved.
    module: usize,
    modules_of_files: Vec<usize>,
    /// The modules whose statements the start function has.
    initialized: BTreeSet<usize>,
    /// How many parameters each function has.
    arities: Vec<usize>,
    /// The program's top-level variables that no function mentions: a local of the start function for each declaration.
    top_level: BTreeMap<&'a str, Vec<LocalId>>,
    program: Program<'a>,
    diagnostics: Vec<Diagnostic>,
    func: Scope<'a>,
    /// The functions around the one that is being resolved, from the outside to the inside.
    outer: Vec<Scope<'a>>,
    nested: nested::Nested,
    prelude: prelude::Called<'a>,
    /// What names stand for that are several values.
    shapes: Vec<queries::Shape<'a>>,
    /// What is being resolved is the key that a query sorts by.
    is_sort_key: bool,
    streams: BTreeMap<&'a str, streams::Stream>,
    agents: agents::Agents<'a>,
    logic: logic::Known<'a>,
    assigned: AssignedFunctions<'a>,
    /// The functions of the top level that are variables, with their modules, and those that they hold at first.
    function_variables: Vec<(usize, &'a ast::Name, FuncId)>,
    /// The text of each function that has a name.
    declarations: BTreeMap<FuncId, &'a ast::FunDecl>,
    /// The functions that cast to types which contain themselves.
    casts: BTreeMap<casts::Recursive, FuncId>,
    /// The structs and containers whose casts are being resolved, from the outside to the inside.
    open_casts: Vec<casts::Recursive>,
}

/// What is being resolved: one function.
#[derive(Default)]
struct Scope<'a> {
    is_main: bool,
    /// The function itself, if it is nested.
    id: Option<FuncId>,
    type_params: &'a [ast::Name],
    blocks: Vec<HashMap<&'a str, Bound>>,
    locals: Vec<Variable<'a>>,
    /// For each open loop the locals that its body assigns.
    loops: Vec<BTreeSet<LocalId>>,
    /// Where those loops start.
    loop_starts: Vec<u32>,
    /// How many of those loops `break` cannot reach, because a `test` block lies between.
    closed_loops: usize,
    callees: BTreeSet<FuncId>,
    /// Top-level functions that are taken as values.
    values: BTreeSet<FuncId>,
    reads: BTreeSet<GlobalId>,
    /// Start function only: in a block that whoever runs the program chose.
    is_chosen_block: bool,
    /// The `update` whose expressions are being resolved.
    update: Option<queries::update::Update<'a>>,
    /// Start function only: globals whose declaration has run.
    declared: BTreeSet<GlobalId>,
    /// Start function only: functions that were called so far, directly or not.
    called: BTreeSet<FuncId>,
}

impl<'a> Scope<'a> {
    /// The function whose body was resolved in this scope; it captures nothing.
    fn function(
        self,
        (name, name_span): (&'a str, Span),
        params: Vec<LocalId>,
        body: Block,
        span: Span,
    ) -> Function<'a> {
        let Scope { locals, callees, values, reads, .. } = self;
        Function { name, name_span, params, captures: 0, locals, body, span, callees, values, reads, is_prelude: false }
    }
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Bound {
    Variable(Place),
    /// A nested function.
    Function(FuncId),
    /// Several values, by the number in [`Resolver::shapes`].
    Shape(usize),
    /// What the agent in the local has under that name.
    Part(LocalId),
}

impl<'a> Resolver<'a> {
    /// The number of a function that is resolved later.
    fn reserve(&mut self, arity: usize) -> FuncId {
        let id = FuncId(self.program.functions.len() as u32);
        self.program.functions.push(Function::default());
        self.arities.push(arity);
        id
    }

    /// The function with the number `id`, with parameters `first` before those that are declared.
    fn function_in(
        &mut self,
        id: FuncId,
        first: Vec<Variable<'a>>,
        decl: &'a ast::FunDecl,
        span: Span,
    ) -> Function<'a> {
        self.func = Scope { id: Some(id), type_params: &decl.type_params, ..Scope::default() };
        self.func.blocks.push(HashMap::new());
        let mut params = Vec::with_capacity(first.len() + decl.params.len());
        for variable in first {
            let local = LocalId(self.func.locals.len() as u32);
            self.func.locals.push(variable);
            self.bind(variable.name, Bound::Variable(Place::Local(local)));
            params.push(local);
        }
        for param in &decl.params {
            params.push(self.local(&param.name));
        }
        let body = self.block(&decl.body);
        let scope = std::mem::take(&mut self.func);
        scope.function((&decl.name.text, decl.name.span), params, body, span)
    }

    fn main(&mut self) -> Function<'a> {
        self.func = Scope { is_main: true, ..Scope::default() };
        self.func.blocks.push(HashMap::new());
        self.initialized.clear();
        self.program.blocks.clear();
        let mut body = Block::new();
        self.assigned_functions(&mut body);
        let mut blocks = Vec::new();
        for stmt in &self.unit.modules[0].ast.stmts {
            self.initialize_imports(stmt, &mut body);
            if !self.set_aside(stmt, &mut blocks) {
                self.top_level_stmt(stmt, &mut body);
            }
        }
        for (number, stmt) in blocks.into_iter().enumerate() {
            self.func.callees.clear();
            self.func.values.clear();
            self.chosen_block(number, stmt, &mut body);
            self.mark_early_reads();
        }
        let scope = std::mem::take(&mut self.func);
        let span = Span::new(self.program.file, 0, self.unit.files[0].text.len());
        Function {
            name: "main",
            name_span: span,
            params: Vec::new(),
            captures: 0,
            locals: scope.locals,
            body,
            span,
            callees: scope.called,
            values: scope.values,
            reads: scope.reads,
            is_prelude: false,
        }
    }

    /// Gives the functions that are variables to those, before all else runs.
    fn assigned_functions(&mut self, out: &mut Block) {
        for (module, name, function) in self.function_variables.clone() {
            self.module = module;
            let global = self.global(&name.text, name.span);
            let place = Place::Global(global);
            if module == 0 {
                self.bind(&name.text, Bound::Variable(place));
            }
            self.func.values.insert(function);
            self.func.declared.insert(global);
            let value = Some(self.push(ExprKind::Closure { function, captures: Vec::new() }, name.span));
            out.push(Stmt { kind: StmtKind::Declare { place, value }, span: name.span });
        }
        self.module = 0;
        self.mark_early_reads();
    }

    /// A statement of the top level. Functions are resolved on their own.
    fn top_level_stmt(&mut self, stmt: &'a ast::Stmt, out: &mut Block) {
        if matches!(stmt.kind, ast::StmtKind::Fun(_)) {
            return;
        }
        self.func.callees.clear();
        self.func.values.clear();
        self.stmt(stmt, out);
        self.mark_early_reads();
        if let ast::StmtKind::Let { name, .. } | ast::StmtKind::Fetch { into: name, .. } = &stmt.kind
            && let Some(&global) = self.names().globals.get(name.text.as_str())
        {
            self.func.declared.insert(global);
        }
    }

    /// Notes the globals that the functions which the statement just resolved may call read before
    /// their declaration. A function needs no second look: more is declared by then.
    fn mark_early_reads(&mut self) {
        let mut pending: Vec<FuncId> = self.func.callees.union(&self.func.values).copied().collect();
        while let Some(id) = pending.pop() {
            if self.func.called.insert(id) {
                let function = &self.program.functions[id.index()];
                for &global in function.reads.difference(&self.func.declared) {
                    self.program.globals[global.index()].read_early = true;
                }
                pending.extend(function.callees.union(&function.values));
            }
        }
    }

    // Diagnostics.

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, span, message));
    }

    /// `what` is a plural.
    fn refuse(&mut self, span: Span, what: &str) {
        self.error(Code::M001, span, format!("{what} are not supported"));
    }

    fn dialect_form(&mut self, span: Span) -> ExprId {
        self.error(Code::M001, span, "this form belongs to the runtime's dialect");
        self.push(ExprKind::Refused, span)
    }

    fn refused(&mut self, span: Span, what: &str) -> ExprId {
        self.refuse(span, what);
        self.push(ExprKind::Refused, span)
    }

    // Names.

    /// What the module at hand declares.
    fn names(&self) -> &TopLevel<'a> {
        &self.names[self.module]
    }

    fn names_mut(&mut self) -> &mut TopLevel<'a> {
        &mut self.names[self.module]
    }

    /// The source line on which something starts.
    fn line_text(&self, span: Span) -> String {
        let file = &self.unit.files[span.file as usize];
        file.line_text(file.line(span.start)).trim().to_owned()
    }

    fn local(&mut self, name: &'a ast::Name) -> LocalId {
        self.variable(&name.text, name.span)
    }

    fn variable(&mut self, name: &'a str, span: Span) -> LocalId {
        let local = LocalId(self.func.locals.len() as u32);
        self.func.locals.push(Variable { name, span, is_cell: false });
        self.bind(name, Bound::Variable(Place::Local(local)));
        local
    }

    fn bind(&mut self, name: &'a str, to: Bound) {
        if let Some(block) = self.func.blocks.last_mut() {
            block.insert(name, to);
        }
    }

    fn lookup(&mut self, name: &'a str, span: Span) -> Option<Bound> {
        let first = self.func.update.as_ref().map_or(0, |update| update.block);
        if let Some(&bound) = self.func.blocks[first..].iter().rev().find_map(|block| block.get(name)) {
            return Some(bound);
        }
        if let Some(bound) = self.updated_part(name, span) {
            return Some(bound);
        }
        if let Some(&bound) = self.func.blocks[..first].iter().rev().find_map(|block| block.get(name)) {
            return Some(bound);
        }
        if let Some(bound) = self.outer_binding(name, span) {
            return Some(bound);
        }
        if let Some(&global) = self.logic.globals.get(name).filter(|_| self.prelude.is_open) {
            return Some(Bound::Variable(Place::Global(global)));
        }
        if self.func.is_main {
            return None;
        }
        self.names().variables.get(name)?;
        let global = self.global(name, span);
        Some(Bound::Variable(Place::Global(global)))
    }

    /// The global `name`, made when a function mentions it for the first time.
    fn global(&mut self, name: &'a str, span: Span) -> GlobalId {
        let next = GlobalId(self.program.globals.len() as u32);
        let id = *self.names_mut().globals.entry(name).or_insert(next);
        if id == next {
            let variable = Variable { name, span, is_cell: false };
            self.program.globals.push(Global { variable, read_early: false });
        }
        id
    }

    fn declare(&mut self, name: &'a ast::Name) -> Place {
        if self.func.is_main
            && self.func.blocks.len() == 1
            && let Some(&global) = self.names().globals.get(name.text.as_str())
        {
            self.program.globals[global.index()].variable.span = name.span;
            self.bind(&name.text, Bound::Variable(Place::Global(global)));
            return Place::Global(global);
        }
        let local = self.local(name);
        if self.func.is_main && self.func.blocks.len() == 1 {
            self.top_level.entry(&name.text).or_default().push(local);
        }
        Place::Local(local)
    }

    // Statements.

    fn block(&mut self, stmts: &'a [ast::Stmt]) -> Block {
        self.func.blocks.push(HashMap::new());
        let mut block = Block::new();
        for stmt in stmts {
            self.stmt(stmt, &mut block);
        }
        self.func.blocks.pop();
        block
    }

    fn stmt(&mut self, stmt: &'a ast::Stmt, out: &mut Block) {
        let span = stmt.span;
        let kind = match &stmt.kind {
            ast::StmtKind::Let { mutable: _, name, ty, value } => self.let_stmt(name, ty.as_ref(), value.as_ref()),
            ast::StmtKind::Assign { target, indexes, fields, value } => {
                return self.assign(span, target, indexes, fields, value, out);
            }
            ast::StmtKind::Fun(decl) => {
                return self.nested_function(decl, span, out);
            }
            ast::StmtKind::Return(value) => {
                let value = value.as_ref().map(|value| self.expr(value));
                if self.ends_before_blocks() {
                    return self.no_block_ran(value, span, out);
                }
                StmtKind::Return(value)
            }
            ast::StmtKind::If(stmt) => self.if_stmt(stmt, span),
            ast::StmtKind::While { cond, body } => {
                let cond = self.expr(cond);
                let (body, assigns) = self.loop_body(body, span);
                StmtKind::While { cond, body, assigns }
            }
            ast::StmtKind::ForRange { var, start, end, body } => {
                let (start, end) = (self.expr(start), self.expr(end));
                let (var, body, assigns) = self.for_body(var, body, span);
                StmtKind::ForRange { var, start, end, body, assigns }
            }
            ast::StmtKind::ForIn { var, iter, body } => {
                let iter = self.expr(iter);
                let (var, body, assigns) = self.for_body(var, body, span);
                StmtKind::ForIn { var, iter, body, assigns }
            }
            ast::StmtKind::Break => {
                self.expect_loop(span, "break");
                StmtKind::Break
            }
            ast::StmtKind::Continue => {
                self.expect_loop(span, "continue");
                StmtKind::Continue
            }
            ast::StmtKind::Expr(expr) => StmtKind::Expr(self.expr(expr)),
            ast::StmtKind::Test { name: _, name_span: _, body } => StmtKind::Block(self.closed_block(body)),
            ast::StmtKind::Bench { name, name_span: _, body } => self.bench(name, body, span),
            ast::StmtKind::Expect(cond) => {
                let text = self.line_text(span);
                StmtKind::Expect { cond: self.expr(cond), text }
            }
            ast::StmtKind::Type(_) => return,
            ast::StmtKind::ExternVar { mutable: _, path, ty: _ } | ast::StmtKind::ExternFun { path, .. } => {
                return self.check_extern(path);
            }
            // They were looked at first.
            ast::StmtKind::Import { .. }
            | ast::StmtKind::ExternType { .. }
            | ast::StmtKind::ExternObject { .. }
            | ast::StmtKind::Stream { .. }
            | ast::StmtKind::Agent { .. }
            | ast::StmtKind::Model { .. } => return,
            ast::StmtKind::Fact(of) => return self.fact(of, span, out),
            ast::StmtKind::Rule { head, body } => return self.rule(head, body, span, out),
            ast::StmtKind::On { stream, var, body } => return self.on_handler(stream, var, body, span, out),
            ast::StmtKind::Emit { stream, fields } => return self.emit(stream, fields, span, out),
            ast::StmtKind::Fetch { url, into, with } => self.fetch_into(url, into, with.as_ref(), span),
            ast::StmtKind::Update { target, set, cond } => {
                return self.update(target, set, cond.as_ref(), span, out);
            }
            ast::StmtKind::Const { .. } | ast::StmtKind::ImportHost { .. } => {
                return self.error(Code::M001, span, "this form belongs to the runtime's dialect");
            }
        };
        out.push(Stmt { kind, span });
    }

    fn let_stmt(
        &mut self,
        name: &'a ast::Name,
        ty: Option<&'a ast::TypeExpr>,
        value: Option<&'a ast::Expr>,
    ) -> StmtKind {
        // The name is in scope only after its value: `let x = x + 1` reads the outer x.
        let mut value = value.map(|value| self.expr(value));
        if let (Some(of), Some(ast::TypeExprKind::Name(ty))) = (value, ty.map(|ty| &ty.kind))
            && ty.text == "bigint"
        {
            // The one annotation with an effect at run time.
            let span = self.program.expr(of).span;
            value = Some(self.push(ExprKind::Cast { of, to: CastTarget::BigInt }, span));
        }
        let place = self.declare(name);
        let is_none = value.is_none_or(|value| matches!(self.program.expr(value).kind, ExprKind::None));
        if let (Place::Local(local), true) = (place, is_none) {
            self.nested.without_value.insert((self.func_id(), local));
        }
        StmtKind::Declare { place, value }
    }

    fn assign(
        &mut self,
        span: Span,
        target: &'a ast::Name,
        indexes: &'a [ast::Expr],
        fields: &'a [ast::Name],
        value: &'a ast::Expr,
        out: &mut Block,
    ) {
        for part in fields {
            self.method_values(&part.text, None, span);
        }
        for index in indexes {
            self.methods_at(index);
        }
        let indexes = self.exprs(indexes);
        let value = self.expr(value);
        let (bound, fields) = match self.assigned_member(target, &indexes, fields) {
            Some(Some((global, fields))) => (Some(Bound::Variable(Place::Global(global))), fields),
            Some(None) => return,
            None => (self.lookup(&target.text, target.span), fields),
        };
        let Some(bound) = bound else {
            if self.names().functions.contains_key(target.text.as_str()) {
                // All is resolved again with this function as a variable.
                self.assigned.top_level.insert((self.module, &target.text));
                return;
            }
            let message = format!("assignment to undeclared variable: {}", target.text);
            return self.error(Code::T001, target.span, message);
        };
        let place = match bound {
            Bound::Variable(place) => place,
            Bound::Part(of) => return self.assign_part(of, target, indexes, fields, value, span, out),
            Bound::Function(function) => {
                self.assigned.nested.insert(self.nested.parents[&function].start);
                return;
            }
            Bound::Shape(_) => {
                let message = format!("the group `{}` stands for rows of the query and cannot be set", target.text);
                return self.error(Code::M001, target.span, message);
            }
        };
        if let Place::Local(local) = place {
            if let Some(assigns) = self.func.loops.last_mut() {
                assigns.insert(local);
            }
            let assigned = Assigned { end: span.end };
            match (indexes.as_slice(), fields) {
                ([], []) => drop(self.nested.assigned.insert((self.func_id(), local), assigned)),
                ([_], []) => drop(self.nested.element_assigned.insert((self.func_id(), local), assigned)),
                _ => {}
            }
        }
        if indexes.is_empty() && fields.is_empty() {
            return out.push(Stmt { kind: StmtKind::Assign { place, value }, span });
        }
        if let Place::Global(global) = place {
            self.func.reads.insert(global);
        }
        let name = target.span;
        let kind = if fields.is_empty() {
            StmtKind::AssignElement { place, name, indexes, value }
        } else {
            let fields = fields.iter().map(|field| field.text.clone()).collect();
            StmtKind::AssignField { place, name, indexes, fields, value }
        };
        out.push(Stmt { kind, span });
    }

    fn if_stmt(&mut self, first: &'a ast::IfStmt, span: Span) -> StmtKind {
        let mut arms = Vec::new();
        let (mut stmt, mut span) = (first, span);
        loop {
            let cond = self.expr(&stmt.cond);
            let body = self.block(&stmt.then);
            arms.push(Arm { cond, body, span });
            match &stmt.otherwise {
                Some(ast::Else::If(next, next_span)) => (stmt, span) = (next, *next_span),
                Some(ast::Else::Block(block)) => {
                    let otherwise = self.block(block);
                    return StmtKind::If { arms, otherwise };
                }
                None => return StmtKind::If { arms, otherwise: Block::new() },
            }
        }
    }

    fn loop_body(&mut self, body: &'a [ast::Stmt], span: Span) -> (Block, BTreeSet<LocalId>) {
        self.func.loops.push(BTreeSet::new());
        self.func.loop_starts.push(span.start);
        let body = self.block(body);
        self.func.loop_starts.pop();
        let assigns = self.func.loops.pop().unwrap_or_default();
        if let Some(outer) = self.func.loops.last_mut() {
            outer.extend(&assigns);
        }
        (body, assigns)
    }

    fn for_body(
        &mut self,
        var: &'a ast::Name,
        body: &'a [ast::Stmt],
        span: Span,
    ) -> (LocalId, Block, BTreeSet<LocalId>) {
        self.func.blocks.push(HashMap::new());
        let var = self.local(var);
        let (body, assigns) = self.loop_body(body, span);
        self.func.blocks.pop();
        (var, body, assigns)
    }

    fn expect_loop(&mut self, span: Span, word: &str) {
        if self.func.loops.len() == self.func.closed_loops {
            self.error(Code::T045, span, format!("`{word}` outside of loop"));
        }
    }

    // Expressions.

    fn push(&mut self, kind: ExprKind<'a>, span: Span) -> ExprId {
        let id = ExprId(self.program.exprs.len() as u32);
        self.program.exprs.push(Expr { kind, span });
        id
    }

    fn exprs(&mut self, exprs: &'a [ast::Expr]) -> Vec<ExprId> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn optional_expr(&mut self, expr: Option<&'a ast::Expr>) -> Option<ExprId> {
        expr.map(|expr| self.expr(expr))
    }

    /// Chains of operators, indexes and casts lean to the left and can be long, so they are walked in a loop.
    fn expr(&mut self, expr: &'a ast::Expr) -> ExprId {
        let mut chain = Vec::new();
        let mut leaf = expr;
        while let Some(next) = first_operand(leaf)
            && self.module_member(leaf).is_none()
            && !self.is_unknown_callee(leaf)
        {
            chain.push(leaf);
            leaf = next;
        }
        let mut result = match self.shaped(leaf, &mut chain) {
            Some(result) => result,
            None => self.operand(leaf),
        };
        while let Some(step) = chain.pop() {
            result = self.step(step, result);
        }
        result
    }

    /// An expression whose first operand, which [`first_operand`] names, is resolved.
    fn step(&mut self, expr: &'a ast::Expr, first: ExprId) -> ExprId {
        let span = expr.span;
        let kind = match &expr.kind {
            ast::ExprKind::Unary(op, _) => ExprKind::Unary(*op, first),
            ast::ExprKind::Binary(op, _, rhs) => return self.binary(*op, first, rhs, span),
            ast::ExprKind::Index { of: _, index, optional: _ } => {
                self.methods_at(index);
                ExprKind::Index { of: first, index: self.expr(index) }
            }
            ast::ExprKind::Slice { of: _, start, end, step } => {
                let start = self.optional_expr(start.as_deref());
                let end = self.optional_expr(end.as_deref());
                if let Some(step) = step {
                    let none = |this: &mut Self| this.push(ExprKind::None, span);
                    let (start, end) = (start.unwrap_or_else(|| none(self)), end.unwrap_or_else(|| none(self)));
                    let step = self.expr(step);
                    return self.call_helper("_checked_stepped", vec![first, start, end, step], span);
                }
                ExprKind::Slice { of: first, start, end }
            }
            // What is new and empty has no other type to be changed into.
            ast::ExprKind::Cast { of, ty } if casts::is_empty_of(of, ty) => return first,
            ast::ExprKind::Cast { of: _, ty } => return self.cast(first, ty, span),
            ast::ExprKind::Field { of: _, name, optional: _ } => return self.field(first, &name.text, span),
            ast::ExprKind::Call { callee, args } => match &callee.kind {
                ast::ExprKind::Field { of: _, name, optional: _ } => {
                    return self.method_call(first, &name.text, args, span);
                }
                _ => unreachable!("a call without a first operand: {expr:?}"),
            },
            _ => unreachable!("an expression without a first operand: {expr:?}"),
        };
        self.push(kind, span)
    }

    fn binary(&mut self, op: ast::BinaryOp, lhs: ExprId, rhs: &'a ast::Expr, span: Span) -> ExprId {
        self.program.tests_for_nil |=
            matches!(op, ast::BinaryOp::Eq | ast::BinaryOp::Ne) && is_nil(rhs) && !self.prelude.is_open;
        let rhs = self.expr(rhs);
        match op {
            ast::BinaryOp::Add
            | ast::BinaryOp::Sub
            | ast::BinaryOp::Mul
            | ast::BinaryOp::Div
            | ast::BinaryOp::Rem
            | ast::BinaryOp::Eq
            | ast::BinaryOp::Ne
            | ast::BinaryOp::Lt
            | ast::BinaryOp::Le
            | ast::BinaryOp::Gt
            | ast::BinaryOp::Ge
            | ast::BinaryOp::In
            | ast::BinaryOp::And
            | ast::BinaryOp::Or
            | ast::BinaryOp::Else => self.push(ExprKind::Binary(op, lhs, rhs), span),
            ast::BinaryOp::Union => self.call_helper("_checked_union", vec![lhs, rhs], span),
            ast::BinaryOp::UnionAll => self.concat(lhs, rhs, span),
            ast::BinaryOp::Except => self.call_helper("_checked_except", vec![lhs, rhs], span),
            ast::BinaryOp::Intersect => self.call_helper("_checked_intersect", vec![lhs, rhs], span),
            ast::BinaryOp::BitAnd
            | ast::BinaryOp::BitOr
            | ast::BinaryOp::BitXor
            | ast::BinaryOp::Shl
            | ast::BinaryOp::Shr
            | ast::BinaryOp::ShrU => self.dialect_form(span),
        }
    }

    /// The member of a module that an expression is or calls.
    fn module_member(&self, expr: &'a ast::Expr) -> Option<(Imported, &'a ast::Name)> {
        let (of, name) = foreign::member(expr)?;
        Some((self.imported(of)?, name))
    }

    /// Whether an expression is a call `a.f(…)` and nobody knows `a`.
    fn is_unknown_callee(&mut self, expr: &'a ast::Expr) -> bool {
        let ast::ExprKind::Call { callee: _, args: _ } = &expr.kind else { return false };
        let Some((of, _)) = foreign::member(expr) else { return false };
        let ast::ExprKind::Name(name) = &of.kind else { return false };
        let is_known = matches!(name.as_str(), "nil" | "null")
            || self.names().functions.contains_key(name.as_str())
            || self.names().types.contains_key(name.as_str())
            || self.is_module_name(name)
            || self.is_extern(name)
            || Builtin::from_name(name).is_some()
            || NOT_YET.contains(&name.as_str())
            || self.lookup(name, of.span).is_some();
        !is_known
    }

    /// An expression that has no first operand.
    fn operand(&mut self, expr: &'a ast::Expr) -> ExprId {
        let span = expr.span;
        if let Some((module, name)) = self.module_member(expr) {
            return match (module, &expr.kind) {
                (Imported::Foreign(module), ast::ExprKind::Call { callee: _, args }) => {
                    self.call_foreign(module, name, args, span)
                }
                (Imported::Foreign(module), _) => self.foreign_member(module, name, span),
                (Imported::Module(module), ast::ExprKind::Call { callee: _, args }) => {
                    self.call_member(module, name, args, span)
                }
                (Imported::Module(module), _) => self.module_value(module, name, span),
                (Imported::Refused, _) => self.push(ExprKind::Refused, span),
            };
        }
        if self.is_unknown_callee(expr) {
            // As for functions that nobody knows, the arguments are not evaluated.
            return self.push(ExprKind::Absent, span);
        }
        let kind = match &expr.kind {
            ast::ExprKind::Int(value) => ExprKind::Int(*value),
            ast::ExprKind::Float(value) => ExprKind::Float(*value),
            ast::ExprKind::Bool(value) => ExprKind::Bool(*value),
            ast::ExprKind::Str(bytes) => ExprKind::Str(bytes),
            ast::ExprKind::None => ExprKind::None,
            ast::ExprKind::Name(name) => return self.name(name, span),
            ast::ExprKind::Unary(..)
            | ast::ExprKind::Binary(..)
            | ast::ExprKind::Index { .. }
            | ast::ExprKind::Slice { .. }
            | ast::ExprKind::Cast { .. }
            | ast::ExprKind::Field { .. } => return self.expr(expr),
            ast::ExprKind::Call { callee, args } => return self.call(callee, args, span),
            ast::ExprKind::If { .. } => self.choice(expr),
            ast::ExprKind::List(elements) => ExprKind::List(self.exprs(elements)),
            ast::ExprKind::Map(entries) => {
                let mut resolved = Vec::with_capacity(entries.len());
                for entry in entries {
                    let key = match &entry.key {
                        ast::MapKey::Name(name) => self.push(ExprKind::Str(name.text.as_bytes()), name.span),
                        ast::MapKey::Expr(key) => self.expr(key),
                    };
                    resolved.push((key, self.expr(&entry.value)));
                }
                ExprKind::Map(resolved)
            }
            ast::ExprKind::Struct { name, fields } => return self.struct_literal(name, fields, span),
            ast::ExprKind::Lambda(lambda) => return self.lambda(lambda, span),
            ast::ExprKind::Match { target, arms } => return self.match_expr(target, arms, span),
            ast::ExprKind::Query(query) => return self.query(query, span),
            ast::ExprKind::LogicQuery(of) => return self.logic_query(of, span),
            ast::ExprKind::Generate { target, fields } => return self.generate(target, fields, span),
            ast::ExprKind::Fetch { url, with } => return self.fetch(url, with.as_deref(), span),
            ast::ExprKind::Load { path, ty, with } => return self.load(path.as_deref(), ty, with.as_deref(), span),
            ast::ExprKind::Save { value, path, with } => {
                return self.save(value, path.as_deref(), with.as_deref(), span);
            }
            ast::ExprKind::GenericCall { .. } => return self.dialect_form(span),
        };
        self.push(kind, span)
    }

    /// An `if` expression with all its `else if`s.
    fn choice(&mut self, expr: &'a ast::Expr) -> ExprKind<'a> {
        let mut arms = Vec::new();
        let mut rest = Some(expr);
        while let Some(ast::ExprKind::If { cond, then, otherwise }) = rest.map(|rest| &rest.kind) {
            arms.push((self.expr(cond), self.expr(then)));
            rest = otherwise.as_deref();
        }
        ExprKind::If { arms, otherwise: self.optional_expr(rest) }
    }

    fn name(&mut self, name: &'a str, span: Span) -> ExprId {
        if let Some(bound) = self.lookup(name, span) {
            let kind = match bound {
                Bound::Function(function) => return self.closure(function, span),
                Bound::Shape(_) => unreachable!("what stands for several values was resolved as a whole"),
                Bound::Part(of) => return self.part(of, name, span),
                Bound::Variable(Place::Local(local)) => ExprKind::Local(local),
                Bound::Variable(Place::Global(global)) => {
                    self.func.reads.insert(global);
                    ExprKind::Global(global)
                }
            };
            return self.push(kind, span);
        }
        if let Some(&function) = self.names().functions.get(name) {
            self.func.values.insert(function);
            return self.push(ExprKind::Closure { function, captures: Vec::new() }, span);
        }
        if let Some(variant) = self.construct(self.module, name, &[], span) {
            return variant;
        }
        if self.is_module_name(name) {
            let message = format!("`{name}` is a module, which is no value: name something that it exports");
            self.error(Code::M001, span, message);
            return self.push(ExprKind::Refused, span);
        }
        if self.is_extern(name) {
            return self.push(ExprKind::Absent, span);
        }
        let undefined = format!("undefined variable: {name}");
        if matches!(name, "nil" | "null") {
            return self.push(ExprKind::Absent, span);
        }
        if let Some(value) = self.builtin_value(name, span) {
            return value;
        }
        if NOT_YET.contains(&name) {
            return self.not_built_in(name, span);
        }
        if self.is_sort_key {
            // The reference sorts by a none then, which changes nothing.
            return self.push(ExprKind::Absent, span);
        }
        self.error(Code::T002, span, undefined);
        self.push(ExprKind::Refused, span)
    }

    fn call(&mut self, callee: &'a ast::Expr, args: &'a [ast::Expr], span: Span) -> ExprId {
        let name = match &callee.kind {
            ast::ExprKind::Name(name) => name.as_str(),
            _ => return self.call_value(callee, args, span),
        };
        if self.prelude.is_open {
            if self.func.blocks.iter().any(|block| block.contains_key(name)) {
                return self.call_value(callee, args, span);
            }
            if let Some(function) = self.logic_callee(name) {
                return self.call_function(function, args, span);
            }
            let own = self.call_in_library(name, args, span);
            return own.unwrap_or_else(|| self.call_of_builtin(name, callee.span, args, span));
        }
        if !self.is_bound(name)
            && let Some(&function) = self.names().functions.get(name)
        {
            return self.call_function(function, args, span);
        }
        let update = if self.is_called_outside(name) { self.func.update.take() } else { None };
        let bound = self.lookup(name, callee.span);
        self.func.update = update.or(self.func.update.take());
        match bound {
            Some(Bound::Function(function)) => return self.call_function(function, args, span),
            Some(Bound::Variable(_) | Bound::Shape(_)) => return self.call_value(callee, args, span),
            Some(Bound::Part(of)) => {
                let of = self.push(ExprKind::Local(of), callee.span);
                return self.method_call(of, name, args, span);
            }
            None => {}
        }
        if let Some(variant) = self.construct(self.module, name, args, span) {
            return variant;
        }
        self.call_of_builtin(name, callee.span, args, span)
    }

    /// A call of a name that the program does not declare.
    fn call_of_builtin(&mut self, name: &str, at: Span, args: &'a [ast::Expr], span: Span) -> ExprId {
        let is_open = self.prelude.is_open;
        if let Some(builtin) = Builtin::from_name(name).filter(|builtin| is_open || !builtin.is_internal()) {
            return self.call_builtin(builtin, name, args, span);
        }
        if let Some(call) = self.call_prelude(name, args, span) {
            return call;
        }
        if self.is_extern(name) {
            return self.push(ExprKind::Absent, span);
        }
        if NOT_YET.contains(&name) {
            self.exprs(args);
            return self.not_built_in(name, at);
        }
        // As in the reference, the arguments are not evaluated: programs call `panic(…)` for nothing.
        self.push(ExprKind::Absent, span)
    }

    /// The use of a builtin that the language has and compiled programs cannot have.
    fn not_built_in(&mut self, name: &str, span: Span) -> ExprId {
        let message =
            format!("the builtin function `{name}` is not supported: it needs the compiler when the program runs");
        self.error(Code::M001, span, message);
        self.push(ExprKind::Refused, span)
    }

    fn call_function(&mut self, function: FuncId, args: &'a [ast::Expr], span: Span) -> ExprId {
        let arity = self.arities[function.index()];
        let args = self.exprs(args);
        if args.len() < arity {
            return self.partial(function, args, span);
        }
        self.func.callees.insert(function);
        let call = self.push(ExprKind::Call { function, args }, span);
        self.nested.calls.push((self.func_id(), function, call));
        call
    }

    fn call_value(&mut self, callee: &'a ast::Expr, args: &'a [ast::Expr], span: Span) -> ExprId {
        let of = self.expr(callee);
        let args = self.exprs(args);
        self.push(ExprKind::CallValue { of, args }, span)
    }

    fn call_builtin(&mut self, builtin: Builtin, name: &str, args: &'a [ast::Expr], span: Span) -> ExprId {
        let arity = builtin.arity();
        let args = match self.group_argument(builtin, args) {
            Some(rows) => vec![rows],
            None => self.exprs(args),
        };
        if args.len() < arity {
            let message = format!("function {name} expects {arity} arguments, got {}", args.len());
            self.error(Code::T039, span, message);
            return self.push(ExprKind::Refused, span);
        }
        self.builtin(builtin, args, span)
    }

    /// A call of a builtin with as many arguments as it needs.
    fn builtin(&mut self, builtin: Builtin, args: Vec<ExprId>, span: Span) -> ExprId {
        if builtin == Builtin::Concat
            && let Some((&first, others)) = args.split_first()
        {
            // Two at a time, as each call may need a function of its own.
            let empty = self.push(ExprKind::List(Vec::new()), span);
            let (first, others) = if others.is_empty() { (empty, args.as_slice()) } else { (first, others) };
            return others.iter().fold(first, |left, &right| self.concat(left, right, span));
        }
        let Some(helper) = helper(builtin).filter(|_| !args.is_empty()) else {
            return self.push(ExprKind::Builtin { builtin, args }, span);
        };
        let call = self.push(ExprKind::Builtin { builtin, args }, span);
        self.add_helper(call, helper, builtin.arity(), span);
        call
    }

    fn concat(&mut self, left: ExprId, right: ExprId, span: Span) -> ExprId {
        let call = self.push(ExprKind::Builtin { builtin: Builtin::Concat, args: vec![left, right] }, span);
        self.add_helper(call, "_checked_concat", 2, span);
        call
    }
}

/// The function of the prelude that a builtin is on values of no known type.
fn helper(builtin: Builtin) -> Option<&'static str> {
    match builtin {
        Builtin::Sum => Some("_checked_sum"),
        Builtin::Avg => Some("_checked_avg"),
        Builtin::Min => Some("_checked_min"),
        Builtin::Max => Some("_checked_max"),
        Builtin::First => Some("_checked_first"),
        Builtin::Count => Some("_checked_count"),
        Builtin::Exists => Some("_exists"),
        Builtin::Keys => Some("_checked_keys"),
        Builtin::Values => Some("_checked_values"),
        Builtin::Concat => Some("_checked_concat"),
        _ => None,
    }
}

fn is_nil(expr: &ast::Expr) -> bool {
    matches!(&expr.kind, ast::ExprKind::Name(name) if matches!(name.as_str(), "nil" | "null"))
}

/// The operand that is evaluated first, of expressions that can form long chains.
fn first_operand(expr: &ast::Expr) -> Option<&ast::Expr> {
    match &expr.kind {
        ast::ExprKind::Unary(_, first)
        | ast::ExprKind::Binary(_, first, _)
        | ast::ExprKind::Index { of: first, index: _, optional: _ }
        | ast::ExprKind::Slice { of: first, start: _, end: _, step: _ }
        | ast::ExprKind::Field { of: first, name: _, optional: _ }
        | ast::ExprKind::Cast { of: first, ty: _ } => Some(first),
        ast::ExprKind::Call { callee, args: _ } => match &callee.kind {
            ast::ExprKind::Field { of: first, name: _, optional: _ } => Some(first),
            _ => None,
        },
        _ => None,
    }
}
