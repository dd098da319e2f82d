//! Functions that are written in the language itself: a use makes the program have them.
//!
//! There are two sorts. The prelude has builtins, which are resolved once; a library has the members of
//! a foreign module, which are resolved anew for each use, because they can fail and all of
//! their code stands at that place. They see nothing of the program and can call builtins, each
//! other, and what no program can name: internal builtins, the operations of [`Intrinsic`], `fail("message")`, and
//! functions of the prelude whose names begin with an underscore, which operators and some builtins are made of, too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Resolver;
use crate::builtins::{Builtin, NOT_YET};
use crate::check::resolved::{Block, ExprId, ExprKind, FuncId, Function, Stmt, StmtKind};
use crate::diagnostic::Code;
use crate::intrinsics::Intrinsic;
use crate::source::{SourceFile, Span};
use crate::syntax::{self, Dialect, ast};

static PRELUDE: LazyLock<ast::Program> = LazyLock::new(|| parse("prelude.mochi", include_str!("../../prelude.mochi")));

/// Parses a file that is part of the compiler.
pub(super) fn parse(name: &str, text: &str) -> ast::Program {
    let file = SourceFile::new(name, text);
    let (program, diagnostics) = syntax::parse(&file, 0, Dialect::Mochi);
    debug_assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    program
}

/// Whether programs know a function of the name without declaring it.
pub(super) fn is_builtin(name: &str) -> bool {
    let is_public = !name.starts_with('_') && functions(&PRELUDE, name).next().is_some();
    is_public || Builtin::from_name(name).is_some_and(|builtin| !builtin.is_internal()) || NOT_YET.contains(&name)
}

/// The functions that the program uses.
#[derive(Clone, Default)]
pub(super) struct Called<'a> {
    /// Those of the prelude, by name and number of parameters.
    functions: BTreeMap<(&'static str, usize), FuncId>,
    /// Those that calls of builtins and methods may turn out to be.
    pub(super) helpers: BTreeMap<ExprId, FuncId>,
    /// Those to be resolved, with the library that they see, if any, and the place of their use.
    pending: Vec<(FuncId, &'a ast::FunDecl, Option<&'static ast::Program>, Span)>,
    /// Whether one of them is being resolved.
    pub(super) is_open: bool,
    /// The library of the one that is being resolved.
    library: Option<&'static ast::Program>,
    /// Where the program uses the one that is being resolved.
    place: Option<Span>,
}

impl<'a> Resolver<'a> {
    /// A call of a builtin of the name. The declaration with the most parameters that there are arguments for
    /// counts; further arguments are evaluated and dropped.
    pub(super) fn call_prelude(&mut self, name: &str, args: &'a [ast::Expr], span: Span) -> Option<ExprId> {
        if functions(&PRELUDE, name).next().is_none() || (name.starts_with('_') && !self.prelude.is_open) {
            return None;
        }
        let fitting = functions(&PRELUDE, name)
            .filter(|decl| decl.params.len() <= args.len())
            .max_by_key(|decl| decl.params.len());
        let Some(decl) = fitting else {
            let arity = functions(&PRELUDE, name).map(|decl| decl.params.len()).min().unwrap_or_default();
            self.error(Code::T039, span, format!("function {name} expects {arity} arguments, got {}", args.len()));
            return Some(self.push(ExprKind::Refused, span));
        };
        let args = self.exprs(args);
        Some(self.call_declared(decl, args, span))
    }

    /// A call of a function that stands for an operator.
    pub(super) fn call_helper(&mut self, name: &str, args: Vec<ExprId>, span: Span) -> ExprId {
        match functions(&PRELUDE, name).find(|decl| decl.params.len() == args.len()) {
            Some(decl) => self.call_declared(decl, args, span),
            None => unreachable!("the prelude has no `{name}`"),
        }
    }

    /// Notes the function that a call of a builtin or a method may turn out to be.
    pub(super) fn add_helper(&mut self, call: ExprId, name: &str, arity: usize, span: Span) {
        let Some(decl) = functions(&PRELUDE, name).find(|decl| decl.params.len() == arity) else {
            unreachable!("the prelude has no `{name}`")
        };
        let function = self.declared(decl, span);
        self.func.callees.insert(function);
        self.prelude.helpers.insert(call, function);
    }

    /// The number of a function that is resolved later: one for all calls, unless it can fail itself.
    fn declared(&mut self, decl: &'static ast::FunDecl, span: Span) -> FuncId {
        let key = (decl.name.text.as_str(), decl.params.len());
        if let Some(&function) = self.prelude.functions.get(&key) {
            return function;
        }
        let function = self.reserve(decl.params.len());
        let span = self.prelude.place.unwrap_or(span);
        if !can_fail(&decl.body) {
            self.prelude.functions.insert(key, function);
        }
        self.prelude.pending.push((function, decl, None, span));
        function
    }

    fn call_declared(&mut self, decl: &'static ast::FunDecl, args: Vec<ExprId>, span: Span) -> ExprId {
        let function = self.declared(decl, span);
        self.func.callees.insert(function);
        let call = self.push(ExprKind::Call { function, args }, span);
        self.nested.calls.push((self.func_id(), function, call));
        call
    }

    /// Whether the prelude has a function of the name that programs can call.
    pub(super) fn is_in_prelude(&self, name: &str) -> bool {
        !name.starts_with('_') && functions(&PRELUDE, name).next().is_some()
    }

    /// A builtin of the name, to be used as a value.
    pub(super) fn prelude_value(&mut self, name: &str, span: Span) -> Option<FuncId> {
        let decl = functions(&PRELUDE, name).next().filter(|_| !name.starts_with('_'))?;
        Some(self.declared(decl, span))
    }

    /// A function of a library for one use of it.
    pub(super) fn library_function(
        &mut self,
        library: &'static ast::Program,
        decl: &'static ast::FunDecl,
        span: Span,
    ) -> FuncId {
        let id = self.reserve(decl.params.len());
        let span = self.prelude.place.unwrap_or(span);
        self.prelude.pending.push((id, decl, Some(library), span));
        id
    }

    /// A call of a library's function by code that the resolver writes.
    pub(super) fn call_library(
        &mut self,
        library: &'static ast::Program,
        name: &str,
        args: Vec<ExprId>,
        span: Span,
    ) -> ExprId {
        let Some(decl) = functions(library, name).find(|decl| decl.params.len() == args.len()) else {
            unreachable!("the library has no `{name}`")
        };
        let function = self.library_function(library, decl, span);
        self.func.callees.insert(function);
        let call = self.push(ExprKind::Call { function, args }, span);
        self.nested.calls.push((self.func_id(), function, call));
        call
    }

    /// A call of what only libraries and the prelude can name.
    pub(super) fn call_in_library(&mut self, name: &str, args: &'a [ast::Expr], span: Span) -> Option<ExprId> {
        if let Some(library) = self.prelude.library
            && let Some(decl) = functions(library, name).find(|decl| decl.params.len() == args.len())
        {
            let function = self.library_function(library, decl, span);
            return Some(self.call_function(function, args, span));
        }
        if name == "fail"
            && let [ast::Expr { kind: ast::ExprKind::Str(message), span: _ }] = args
        {
            return Some(self.push(ExprKind::Fail(message), span));
        }
        let intrinsic = Intrinsic::from_name(name)?;
        let args = self.exprs(args);
        assert_eq!(args.len(), intrinsic.params().len(), "arguments of {name}");
        Some(self.push(ExprKind::Intrinsic { intrinsic, args }, span))
    }

    /// Has a function that is written for the program resolved like those of the prelude.
    pub(super) fn resolve_later(&mut self, function: FuncId, decl: &'a ast::FunDecl, span: Span) {
        self.prelude.pending.push((function, decl, None, span));
    }

    pub(super) fn resolve_prelude(&mut self) {
        self.prelude.is_open = true;
        while let Some((id, decl, library, span)) = self.prelude.pending.pop() {
            self.prelude.library = library;
            self.prelude.place = Some(span);
            let first = self.program.exprs.len();
            let mut function = self.function_in(id, Vec::new(), decl, span);
            for expr in &mut self.program.exprs[first..] {
                expr.span = span;
            }
            place(&mut function, span);
            self.program.functions[id.index()] = function;
        }
        self.prelude.is_open = false;
        self.prelude.place = None;
    }
}

/// Whether a body has a call of `fail`, which stands in no loop.
fn can_fail(body: &[ast::Stmt]) -> bool {
    body.iter().any(|stmt| match &stmt.kind {
        ast::StmtKind::If(stmt) => can_fail(&stmt.then),
        ast::StmtKind::Expr(ast::Expr { kind: ast::ExprKind::Call { callee, args: _ }, span: _ }) => {
            matches!(&callee.kind, ast::ExprKind::Name(name) if name == "fail")
        }
        _ => false,
    })
}

/// The functions of a library with a name: they differ in how many parameters they have.
pub(super) fn functions<'l>(library: &'l ast::Program, name: &str) -> impl Iterator<Item = &'l ast::FunDecl> {
    library.stmts.iter().filter_map(move |stmt| match &stmt.kind {
        ast::StmtKind::Fun(decl) if decl.name.text == name => Some(decl),
        _ => None,
    })
}

/// Makes all of the function stand at a place of the program.
fn place(function: &mut Function<'_>, span: Span) {
    function.is_prelude = true;
    // What a failure shows is the name that programs know.
    function.name = function.name.trim_start_matches("_checked").trim_start_matches('_');
    function.name_span = span;
    for local in &mut function.locals {
        local.span = span;
    }
    place_block(&mut function.body, span);
}

fn place_block(block: &mut Block, span: Span) {
    for Stmt { kind, span: at } in block {
        *at = span;
        match kind {
            StmtKind::If { arms, otherwise } => {
                for arm in arms {
                    arm.span = span;
                    place_block(&mut arm.body, span);
                }
                place_block(otherwise, span);
            }
            StmtKind::While { body, .. }
            | StmtKind::ForRange { body, .. }
            | StmtKind::ForIn { body, .. }
            | StmtKind::Block(body) => place_block(body, span),
            StmtKind::AssignElement { name, .. } | StmtKind::AssignField { name, .. } => *name = span,
            StmtKind::Declare { .. }
            | StmtKind::Assign { .. }
            | StmtKind::Expr(_)
            | StmtKind::Return(_)
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Expect { .. } => {}
        }
    }
}
