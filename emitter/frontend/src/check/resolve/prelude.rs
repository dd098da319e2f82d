//! The builtins that are written in the language itself: a call makes the program have them.
//!
//! They see nothing of the program, and all of their code stands at the first call of theirs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Resolver;
use crate::check::resolved::{Annotation, Block, FuncId, Function, Stmt, StmtKind};
use crate::source::{SourceFile, Span};
use crate::syntax::{self, Dialect, ast};

static PRELUDE: LazyLock<ast::Program> = LazyLock::new(|| {
    let file = SourceFile::new("prelude.mochi", include_str!("../../prelude.mochi"));
    syntax::parse(&file, 0, Dialect::Mochi).0
});

/// The functions that the program calls.
#[derive(Clone, Default)]
pub(super) struct Called {
    functions: BTreeMap<&'static str, FuncId>,
    /// Those to be resolved, with the place of the first call.
    pending: Vec<(FuncId, &'static ast::FunDecl, Span)>,
    /// Whether one of them is being resolved.
    pub(super) is_open: bool,
}

impl Resolver<'_> {
    /// The builtin of the name that takes as many arguments.
    pub(super) fn prelude_function(&mut self, name: &str, arity: usize, span: Span) -> Option<FuncId> {
        let decl = PRELUDE.stmts.iter().find_map(|stmt| match &stmt.kind {
            ast::StmtKind::Fun(decl) if decl.name.text == name && decl.params.len() == arity => Some(decl),
            _ => None,
        })?;
        if let Some(&id) = self.prelude.functions.get(decl.name.text.as_str()) {
            return Some(id);
        }
        let id = self.reserve(arity);
        self.prelude.functions.insert(&decl.name.text, id);
        self.prelude.pending.push((id, decl, span));
        Some(id)
    }

    /// A builtin of the name, to be used as a value.
    pub(super) fn prelude_value(&mut self, name: &str, span: Span) -> Option<FuncId> {
        let arity = PRELUDE.stmts.iter().find_map(|stmt| match &stmt.kind {
            ast::StmtKind::Fun(decl) if decl.name.text == name => Some(decl.params.len()),
            _ => None,
        })?;
        self.prelude_function(name, arity, span)
    }

    pub(super) fn resolve_prelude(&mut self) {
        self.prelude.is_open = true;
        while let Some((id, decl, span)) = self.prelude.pending.pop() {
            let first = self.program.exprs.len();
            let mut function = self.function_in(id, Vec::new(), decl, span);
            for expr in &mut self.program.exprs[first..] {
                expr.span = span;
            }
            place(&mut function, span);
            self.program.functions[id.index()] = function;
        }
        self.prelude.is_open = false;
    }
}

/// Makes all of the function stand at a place of the program.
fn place(function: &mut Function<'_>, span: Span) {
    function.is_prelude = true;
    function.result = Some(Annotation::UNKNOWN);
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
