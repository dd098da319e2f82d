//! Functions that are written in the language itself: a use makes the program have them.
//!
//! There are two sorts. The prelude has builtins, which are resolved once; a library has the members of
//! a foreign module, which are resolved anew for each use, because they can fail and all of
//! their code stands at that place. They see nothing of the program and can call builtins, each
//! other, and what no program can name: the operations of [`Intrinsic`] and `fail("message")`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Resolver;
use crate::check::resolved::{Block, ExprId, ExprKind, FuncId, Function, Stmt, StmtKind};
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

/// The functions that the program uses.
#[derive(Clone, Default)]
pub(super) struct Called {
    /// Those of the prelude, by name and number of parameters.
    functions: BTreeMap<(&'static str, usize), FuncId>,
    /// Those to be resolved, with the library that they see, if any, and the place of their use.
    pending: Vec<(FuncId, &'static ast::FunDecl, Option<&'static ast::Program>, Span)>,
    /// Whether one of them is being resolved.
    pub(super) is_open: bool,
    /// The library of the one that is being resolved.
    library: Option<&'static ast::Program>,
    /// Where the program uses the one that is being resolved.
    place: Option<Span>,
}

impl<'a> Resolver<'a> {
    /// The builtin of the name that takes as many arguments.
    pub(super) fn prelude_function(&mut self, name: &str, arity: usize, span: Span) -> Option<FuncId> {
        let decl = functions(&PRELUDE, name).find(|decl| decl.params.len() == arity)?;
        if let Some(&id) = self.prelude.functions.get(&(decl.name.text.as_str(), arity)) {
            return Some(id);
        }
        let id = self.reserve(arity);
        let span = self.prelude.place.unwrap_or(span);
        self.prelude.functions.insert((&decl.name.text, arity), id);
        self.prelude.pending.push((id, decl, None, span));
        Some(id)
    }

    /// A builtin of the name, to be used as a value.
    pub(super) fn prelude_value(&mut self, name: &str, span: Span) -> Option<FuncId> {
        let arity = functions(&PRELUDE, name).next()?.params.len();
        self.prelude_function(name, arity, span)
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

    /// A call of what only libraries can name.
    pub(super) fn call_in_library(&mut self, name: &str, args: &'a [ast::Expr], span: Span) -> Option<ExprId> {
        let library = self.prelude.library?;
        if let Some(decl) = functions(library, name).find(|decl| decl.params.len() == args.len()) {
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
