//! Loops, inverted: a guard, the body, and the condition once more in the latch.
//!
//!     while c { body }    =>    guard: branch c, body, exit
//!                               body:  … jump latch
//!                               latch: branch c, body, exit
//!
//! `continue` goes to the latch and `break` to the exit. A condition that is too large to be
//! there twice is tested in one header instead.

use mochi_frontend::source::Span;
use mochi_frontend::typed::{self, Expr, ExprKind, Stmt};

use crate::ir::{Block, Imm, Kind, MochiOp, SMALL_LIMIT, Type, Value, WasmOp};

use super::FunctionCtx;
use super::types::lower_type;
use super::walk::walk;

/// A condition with more nodes than this is built once.
const DUPLICATED_NODES: usize = 40;

/// Where `continue` and `break` go.
pub(super) struct Loop {
    pub(super) latch: Block,
    pub(super) exit: Block,
}

impl FunctionCtx<'_, '_> {
    pub(super) fn while_loop(&mut self, cond: &Expr, body: &[Stmt]) {
        let (head, latch, exit) = (self.fb.create_block(), self.fb.create_block(), self.fb.create_block());
        if has_at_most_nodes(cond, DUPLICATED_NODES) {
            self.condition(cond, head, exit);
            if self.fb.is_reached(head) {
                self.fb.switch_to(head);
                self.loop_body(body, Loop { latch, exit });
                if !self.fb.is_unreachable() {
                    self.condition(cond, head, exit);
                }
            }
            self.fb.seal(head);
        } else {
            self.fb.jump(head, Vec::new());
            self.fb.switch_to(head);
            let first = self.fb.create_block();
            self.condition(cond, first, exit);
            self.enter(first);
            self.loop_body(body, Loop { latch, exit });
            self.jump_if_reachable(head);
            self.fb.seal(head);
        }
        self.enter(exit);
    }

    /// Builds the body in the current block and goes on in the latch, if anything gets there.
    pub(super) fn loop_body(&mut self, body: &[Stmt], targets: Loop) {
        let latch = targets.latch;
        self.loops.push(targets);
        self.body(body);
        self.loops.pop();
        self.jump_if_reachable(latch);
        self.enter(latch);
    }

    pub(super) fn leave_loop(&mut self) {
        let exit = self.loops.last().expect("`break` is inside a loop").exit;
        self.fb.jump(exit, Vec::new());
    }

    pub(super) fn continue_loop(&mut self) {
        let latch = self.loops.last().expect("`continue` is inside a loop").latch;
        self.fb.jump(latch, Vec::new());
    }

    /// The counter is small, and so is its successor, as it is less than the end. A variable
    /// that the body assigns is the counter itself and an int like any other.
    pub(super) fn range_loop(
        &mut self,
        var: typed::LocalId,
        assigned: bool,
        start: &Expr,
        end: &Expr,
        body: &[Stmt],
        span: Span,
    ) {
        let Some(first) = self.expr(start) else { return };
        let Some(last) = self.expr(end) else { return };
        let first = self.range_bound(start, first, MochiOp::RangeStart);
        let last = self.range_bound(end, last, MochiOp::RangeEnd);
        let local = self.locals[var.index()];
        let local_type = lower_type(self.func.locals[var.index()].ty).unwrap_or(Type::INT);
        self.fb.set_span(Some(span));
        let (head, latch, exit) = (self.fb.create_block(), self.fb.create_block(), self.fb.create_block());
        // In a cell, each round has its own variable, and what it holds at the end is the counter.
        let is_cell = self.is_cell(var) && local.is_some();
        let is_counter = assigned && !is_cell;
        let counter = match local {
            Some(local) if is_counter => {
                assert_eq!(local_type.kind, Kind::Int, "an assigned loop variable stays an int");
                local
            }
            _ if assigned => self.fb.declare_variable(local_type),
            _ => self.fb.declare_variable(Type::INT),
        };
        let initial = if assigned { self.convert(first, local_type) } else { first };
        self.fb.def_var(counter, initial);
        let test = if assigned { MochiOp::IntLt } else { MochiOp::SmallLt };
        self.branch_while(test, initial, last, head, exit);

        self.fb.switch_to(head);
        if local.is_some() && !is_counter {
            let value = self.fb.use_var(counter);
            let value = self.convert(value, local_type);
            self.declare_local(var, value);
        }
        self.loop_body(body, Loop { latch, exit });
        if !self.fb.is_unreachable() {
            self.fb.set_span(Some(span));
            let value = match is_cell && assigned {
                true => self.read_local(var).expect("the variable lives in a cell"),
                false => self.fb.use_var(counter),
            };
            let one = self.fb.int_const(1);
            let (op, ty) = if assigned { (MochiOp::IntAdd, local_type) } else { (MochiOp::SmallAdd, Type::INT) };
            let next = self.fb.value(op, vec![value, one], Imm::None, ty);
            self.fb.def_var(counter, next);
            self.branch_while(test, next, last, head, exit);
        }
        self.fb.seal(head);
        self.enter(exit);
    }

    pub(super) fn branch_while(&mut self, test: MochiOp, counter: Value, last: Value, head: Block, exit: Block) {
        let more = self.fb.value(test, vec![counter, last], Imm::None, Type::BOOL);
        self.fb.branch(more, head, exit);
    }

    fn range_bound(&mut self, bound: &Expr, value: Value, op: MochiOp) -> Value {
        match bound.kind {
            ExprKind::Int(literal) if (-SMALL_LIMIT..SMALL_LIMIT).contains(&literal) => value,
            _ => {
                let ty = self.fb.ty(value);
                self.fb.set_span(Some(bound.span));
                // A bound that is only none has no int type of its own.
                let value = if ty.kind == Kind::Int { value } else { self.none(Type::INT.or_none()) };
                self.fb.value(op, vec![value], Imm::None, Type::INT)
            }
        }
    }

    /// Walks the bytes from one code point to the next.
    pub(super) fn string_loop(&mut self, var: typed::LocalId, of: &Expr, body: &[Stmt], span: Span) {
        let Some(of) = self.expr(of) else { return };
        if self.fb.ty(of).kind != Kind::Str {
            return; // Only none, which runs zero times.
        }
        self.fb.set_span(Some(span));
        let bytes = self.fb.value(MochiOp::StrBytes, vec![of], Imm::None, Type::I32);
        let (ahead, exit) = (self.fb.create_block(), self.fb.create_block());
        self.fb.branch(bytes, ahead, exit);
        self.enter(ahead);
        let text = self.convert(of, Type::STR);
        let offset = self.fb.declare_variable(Type::I32);
        let zero = self.fb.i32_const(0);
        self.fb.def_var(offset, zero);
        let (head, latch) = (self.fb.create_block(), self.fb.create_block());
        self.fb.jump(head, Vec::new());

        self.fb.switch_to(head);
        if self.locals[var.index()].is_some() {
            let at = self.fb.use_var(offset);
            let char = self.fb.value(MochiOp::StrChar, vec![text, at], Imm::None, Type::STR);
            let ty = lower_type(self.func.locals[var.index()].ty).expect("a variable has a type");
            let char = self.convert(char, ty);
            self.declare_local(var, char);
        }
        self.loop_body(body, Loop { latch, exit });
        if !self.fb.is_unreachable() {
            self.fb.set_span(Some(span));
            let at = self.fb.use_var(offset);
            let next = self.fb.value(MochiOp::StrNext, vec![text, at], Imm::None, Type::I32);
            self.fb.def_var(offset, next);
            let more = self.fb.value(WasmOp::I32LtU, vec![next, bytes], Imm::None, Type::I32);
            self.fb.branch(more, head, exit);
        }
        self.fb.seal(head);
        self.enter(exit);
    }
}

/// Whether `expr` has no more than `limit` nodes.
fn has_at_most_nodes(expr: &Expr, limit: usize) -> bool {
    let mut seen = 0;
    walk(expr, |expr| {
        seen += 1;
        // What is inside a block is not walked.
        seen <= limit && !matches!(expr.kind, ExprKind::Block { .. })
    })
}
