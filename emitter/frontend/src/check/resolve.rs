//! Resolves names: scopes become indexes, and what is not supported is refused by name.
//!
//! Scopes are blocks. (The reference reuses the storage of any visible variable of the same
//! name; no golden needs that.) Top-level functions see each other and every top-level
//! variable regardless of order. A top-level variable that no function mentions is a local
//! of the start function; all declarations of a name that functions do mention are one
//! global, since a function could not tell them apart.

mod agents;
mod blocks;
mod calls;
mod casts;
mod cells;
mod data;
mod exprs;
mod foreign;
mod generate;
mod imports;
pub(super) mod logic;
mod matching;
mod nested;
mod outside;
mod prelude;
mod queries;
mod stmts;
mod streams;
mod types;
mod values;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use self::imports::Imported;
use self::types::Named;
use super::Blocks;
use super::resolved::{Block, ExprId, ExprKind, FuncId, Function, Global, Place, Program, Stmt, StmtKind, Variable};
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
}
