//! `test` and `bench` blocks of the top level: run where they stand, or one of them chosen by whoever runs the program.
//!
//! Where they are chosen, all other statements of the top level run first, in their order, as in the reference's
//! test mode. One module has all blocks, so that a file is compiled once however many there are.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Resolver, prelude};
use crate::builtins::Builtin;
use crate::check::Blocks;
use crate::check::resolved::{Arm, Block, ExprId, ExprKind, Place, Stmt, StmtKind};
use crate::intrinsics::Intrinsic;
use crate::source::Span;
use crate::syntax::ast;
use crate::typed;

static LIBRARY: LazyLock<ast::Program> =
    LazyLock::new(|| prelude::parse("blocks.mochi", include_str!("../../libraries/blocks.mochi")));

impl<'a> Resolver<'a> {
    /// Whether a statement of the top level is left out where it stands. A block that can be chosen gets its number.
    pub(super) fn set_aside(&mut self, stmt: &'a ast::Stmt, blocks: &mut Vec<&'a ast::Stmt>) -> bool {
        let name = match (self.blocks, &stmt.kind) {
            (Blocks::Tests, ast::StmtKind::Test { name, name_span: _, body: _ })
            | (Blocks::Benches, ast::StmtKind::Bench { name, name_span: _, body: _ }) => name,
            // What is measured should not wait for tests.
            (Blocks::Benches, ast::StmtKind::Test { .. }) => return true,
            _ => return false,
        };
        self.program.blocks.push(typed::NamedBlock { name: name.clone(), span: stmt.span });
        blocks.push(stmt);
        true
    }

    /// A block that runs if it is the chosen one.
    pub(super) fn chosen_block(&mut self, number: usize, stmt: &'a ast::Stmt, out: &mut Block) {
        let span = stmt.span;
        let number = self.push(ExprKind::Int(number as i64), span);
        let cond = self.call_library(&LIBRARY, "is_chosen", vec![number], span);
        self.func.is_chosen_block = true;
        let body = match &stmt.kind {
            ast::StmtKind::Test { name: _, name_span: _, body } => self.closed_block(body),
            ast::StmtKind::Bench { name: _, name_span: _, body } => self.timed(body, span, |this, started, memory| {
                this.call_library(&LIBRARY, "measure", vec![started, memory], span)
            }),
            _ => unreachable!("no block that is chosen: {stmt:?}"),
        };
        self.func.is_chosen_block = false;
        let arms = vec![Arm { cond, body, span }];
        out.push(Stmt { kind: StmtKind::If { arms, otherwise: Block::new() }, span });
    }

    /// Whether a `return` here ends the program before the chosen block.
    pub(super) fn ends_before_blocks(&self) -> bool {
        self.blocks != Blocks::Inline && self.func.is_main && !self.func.is_chosen_block
    }

    /// Such a `return`: the block fails, since it did not run.
    pub(super) fn no_block_ran(&mut self, value: Option<ExprId>, span: Span, out: &mut Block) {
        let fails = self.push(ExprKind::Fail(b"the program returned before this block"), span);
        out.extend(value.into_iter().chain([fails]).map(|of| Stmt { kind: StmtKind::Expr(of), span }));
    }

    /// A `bench` block where it stands: it runs once and prints what that took.
    pub(super) fn bench(&mut self, name: &'a str, body: &'a [ast::Stmt], span: Span) -> StmtKind {
        StmtKind::Block(self.timed(body, span, |this, started, memory| {
            let name = this.push(ExprKind::Str(name.as_bytes()), span);
            this.call_library(&LIBRARY, "report", vec![name, started, memory], span)
        }))
    }

    /// The statements of a block, from which `break` and `continue` do not lead out.
    pub(super) fn closed_block(&mut self, body: &'a [ast::Stmt]) -> Block {
        let closed = std::mem::replace(&mut self.func.closed_loops, self.func.loops.len());
        let body = self.block(body);
        self.func.closed_loops = closed;
        body
    }

    /// A block between readings of memory and clock, and what is done with the first ones after it.
    fn timed(
        &mut self,
        body: &'a [ast::Stmt],
        span: Span,
        report: impl FnOnce(&mut Self, ExprId, ExprId) -> ExprId,
    ) -> Block {
        self.func.blocks.push(HashMap::new());
        let (memory, started) = (self.hidden_local(span), self.hidden_local(span));
        let bytes = self.builtin(Builtin::Mem, Vec::new(), span);
        let time = self.push(ExprKind::Intrinsic { intrinsic: Intrinsic::Clock, args: Vec::new() }, span);
        let body = self.closed_block(body);
        let values = [started, memory].map(|local| self.push(ExprKind::Local(local), span));
        let report = report(self, values[0], values[1]);
        self.func.blocks.pop();
        let kinds = [
            StmtKind::Declare { place: Place::Local(memory), value: Some(bytes) },
            StmtKind::Declare { place: Place::Local(started), value: Some(time) },
            StmtKind::Block(body),
            StmtKind::Expr(report),
        ];
        kinds.into_iter().map(|kind| Stmt { kind, span }).collect()
    }
}
