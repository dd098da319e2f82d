//! Statements.

use mochi_frontend::typed::{self, Expr, ExprKind, Stmt, StmtKind};

use crate::ir::{Block, Imm, MochiOp};

use super::FunctionCtx;
use super::places::Place;
use super::types::lower_type;
use super::walk::walk;

/// Whether some `return` in `body` is a call of `function` itself, which becomes a jump.
pub(super) fn has_self_tail_call(body: &[Stmt], function: typed::FunctionId) -> bool {
    // A stack of its own, as chains of `else if` nest deeply.
    let mut work: Vec<&[Stmt]> = vec![body];
    while let Some(block) = work.pop() {
        for (at, stmt) in block.iter().enumerate() {
            match &stmt.kind {
                StmtKind::Return(Some(value)) if returns_self_call(value, function) => return true,
                StmtKind::Expr(value) if is_returned(block, at) && is_call_of(value, function) => return true,
                StmtKind::If { cond: _, then, otherwise } => work.extend([then.as_slice(), otherwise.as_slice()]),
                StmtKind::While { cond: _, body }
                | StmtKind::ForRange { var: _, assigned: _, start: _, end: _, body }
                | StmtKind::ForString { var: _, of: _, body }
                | StmtKind::ForList { var: _, of: _, body }
                | StmtKind::Block(body) => work.push(body),
                StmtKind::SetLocal { local: _, value: _ }
                | StmtKind::SetGlobal { global: _, value: _ }
                | StmtKind::SetIndex { of: _, index: _, value: _ }
                | StmtKind::SetEntry { of: _, key: _, value: _ }
                | StmtKind::SetField { of: _, index: _, value: _ }
                | StmtKind::AnySetIndex { of: _, index: _, value: _ }
                | StmtKind::AnySetField { of: _, name: _, value: _ }
                | StmtKind::NewCell { local: _, value: _ }
                | StmtKind::Expr(_)
                | StmtKind::Return(_)
                | StmtKind::Break
                | StmtKind::Continue
                | StmtKind::Expect { cond: _, text: _ } => {}
            }
        }
    }
    false
}

/// Whether the statement at `at` is followed by a `return` without value.
fn is_returned(block: &[Stmt], at: usize) -> bool {
    block.get(at + 1).is_some_and(|next| matches!(next.kind, StmtKind::Return(None)))
}

fn is_call_of(expr: &Expr, called: typed::FunctionId) -> bool {
    matches!(&expr.kind, ExprKind::Call { function, args: _ } if *function == called)
}

/// Whether evaluating `expr` can run another function of the program, or statements.
pub(super) fn has_call(expr: &Expr) -> bool {
    !walk(expr, |expr| {
        !matches!(
            expr.kind,
            ExprKind::Call { .. } | ExprKind::CallValue { .. } | ExprKind::AnyCall { .. } | ExprKind::Block { .. }
        )
    })
}

fn returns_self_call(value: &Expr, function: typed::FunctionId) -> bool {
    match &value.kind {
        ExprKind::If { cond: _, then, otherwise } => {
            returns_self_call(then, function) || returns_self_call(otherwise, function)
        }
        ExprKind::Let { local: _, value: _, then } | ExprKind::Block { body: _, then } => {
            returns_self_call(then, function)
        }
        _ => is_call_of(value, function),
    }
}

impl FunctionCtx<'_, '_> {
    /// The statements of a block; what follows one that does not come back is left out.
    pub(super) fn body(&mut self, body: &[Stmt]) {
        for (at, stmt) in body.iter().enumerate() {
            if self.fb.is_unreachable() {
                return;
            }
            match &stmt.kind {
                StmtKind::Expr(value) if is_returned(body, at) && is_call_of(value, self.id) => {
                    self.return_value(value);
                }
                _ => self.stmt(stmt),
            }
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        self.fb.set_span(Some(stmt.span));
        match &stmt.kind {
            StmtKind::SetLocal { local, value } => self.set_local(*local, value, stmt.span),
            StmtKind::SetGlobal { global, value } => self.set_global(*global, value, stmt),
            StmtKind::SetIndex { of, index, value } => self.set_index(of, index, value, stmt.span),
            StmtKind::Expr(value) => self.effect(value),
            StmtKind::Return(Some(value)) => self.return_value(value),
            StmtKind::Return(None) => self.return_none(),
            StmtKind::If { cond, then, otherwise } => self.if_stmt(cond, then, otherwise),
            StmtKind::While { cond, body } => self.while_loop(cond, body),
            StmtKind::ForRange { var, assigned, start, end, body } => {
                self.range_loop(*var, *assigned, start, end, body, stmt.span);
            }
            StmtKind::ForString { var, of, body } => self.string_loop(*var, of, body, stmt.span),
            StmtKind::ForList { var, of, body } => self.list_loop(*var, of, body, stmt.span),
            StmtKind::SetEntry { of, key, value } => self.set_entry(of, key, value, stmt.span),
            StmtKind::AnySetIndex { of, index, value } => self.any_set_index(of, index, value, stmt.span),
            StmtKind::AnySetField { of, name, value } => self.any_set_field(of, name, value, stmt.span),
            StmtKind::SetField { of, index, value } => self.set_field(of, *index, value, stmt.span),
            StmtKind::NewCell { local, value } => match self.locals[local.index()] {
                Some(_) => {
                    if let Some(value) = self.expr(value) {
                        self.fb.set_span(Some(stmt.span));
                        self.new_cell(*local, value);
                    }
                }
                None => self.effect(value),
            },
            StmtKind::Break => self.leave_loop(),
            StmtKind::Continue => self.continue_loop(),
            StmtKind::Expect { cond, text } => {
                let Some(cond) = self.expr(cond) else { return };
                let text = self.pool.bytes(text.as_bytes());
                self.fb.set_span(Some(stmt.span));
                self.fb.effect(MochiOp::Expect, vec![cond], Imm::Data(text));
            }
            StmtKind::Block(body) => self.body(body),
        }
    }

    fn set_global(&mut self, global: typed::GlobalId, value: &Expr, stmt: &Stmt) {
        let Some(ty) = lower_type(self.program.globals[global.index()].ty) else { return self.effect(value) };
        let is_place = |expr: &Expr| matches!(&expr.kind, ExprKind::Global(read) if *read == global);
        self.set_place(Place::Global(global), ty, value, is_place, stmt.span);
    }

    /// Returns what `value` gives; a call of the function itself starts it over.
    fn return_value(&mut self, value: &Expr) {
        match &value.kind {
            ExprKind::Call { function, args } if *function == self.id && self.restart.is_some() => {
                self.self_tail_call(args);
            }
            ExprKind::If { cond, then, otherwise } => {
                let (yes, no) = (self.fb.create_block(), self.fb.create_block());
                self.condition(cond, yes, no);
                for (block, value) in [(yes, then), (no, otherwise)] {
                    self.enter(block);
                    if !self.fb.is_unreachable() {
                        self.return_value(value);
                    }
                }
            }
            ExprKind::Let { local, value: set, then } if self.restart.is_some() => {
                self.set_local(*local, set, value.span);
                if !self.fb.is_unreachable() {
                    self.return_value(then);
                }
            }
            ExprKind::Block { body, then } if self.restart.is_some() => {
                self.body(body);
                if !self.fb.is_unreachable() {
                    self.return_value(then);
                }
            }
            _ if lower_type(self.func.result).is_none() => {
                self.effect(value);
                if !self.fb.is_unreachable() {
                    self.fb.ret(Vec::new());
                }
            }
            _ => {
                if let Some(value) = self.expr(value) {
                    self.fb.ret(vec![value]);
                }
            }
        }
    }

    fn self_tail_call(&mut self, args: &[Expr]) {
        let restart = self.restart.expect("checked by the caller");
        let Some(values) = self.args(args) else { return };
        self.define_params(values);
        self.fb.jump(restart, Vec::new());
    }

    /// Returns none, for a function that ends without value. A function whose result is never
    /// none does not get here.
    pub(super) fn return_none(&mut self) {
        match lower_type(self.func.result) {
            None => self.fb.ret(Vec::new()),
            Some(ty) if ty.has_none() => {
                let none = self.none(ty);
                self.fb.ret(vec![none]);
            }
            Some(_) => self.fb.unreachable(),
        }
    }

    fn if_stmt(&mut self, cond: &Expr, then: &[Stmt], otherwise: &[Stmt]) {
        let join = self.fb.create_block();
        let (mut cond, mut then, mut otherwise) = (cond, then, otherwise);
        // A chain of `else if` is followed in a loop, as it can be long.
        loop {
            let yes = self.fb.create_block();
            let no = if otherwise.is_empty() { join } else { self.fb.create_block() };
            self.condition(cond, yes, no);
            self.arm(yes, then, join);
            if otherwise.is_empty() {
                break;
            }
            match otherwise {
                [Stmt { kind: StmtKind::If { cond: next, then: next_then, otherwise: next_otherwise }, span: _ }] => {
                    self.enter(no);
                    if self.fb.is_unreachable() {
                        break;
                    }
                    (cond, then, otherwise) = (next, next_then, next_otherwise);
                }
                _ => {
                    self.arm(no, otherwise, join);
                    break;
                }
            }
        }
        self.enter(join);
    }

    fn arm(&mut self, block: Block, body: &[Stmt], join: Block) {
        self.enter(block);
        self.body(body);
        self.jump_if_reachable(join);
    }
}
