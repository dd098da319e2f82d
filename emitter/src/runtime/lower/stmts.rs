//! Statements of the dialect, and what conditions do to the flow of control.

use mochi_frontend::syntax::ast::{self, BinaryOp, ExprKind, StmtKind, UnaryOp};

use super::super::source::ItemKind;
use super::{Binding, DialectType, Edges, Loop, Lowering, Operand, OperandKind, Result, Ty, declared_type, intern};
use crate::ir::{Block, GlobalId, Imm, WasmOp};

impl<'a> Lowering<'a> {
    pub(super) fn block(&mut self, stmts: &'a [ast::Stmt]) -> Result<()> {
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

    pub(super) fn global(&mut self, name: &'static str) -> Imm {
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
    pub(super) fn enter(&mut self, block: Block) {
        self.builder.seal(block);
        self.builder.switch_to(block);
    }

    /// Goes on to `block` unless this place cannot be reached; tells whether it can.
    pub(super) fn leave_to(&mut self, block: Block) -> bool {
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
    pub(super) fn condition(&mut self, cond: &'a ast::Expr, then: Block, otherwise: Block) -> Result<Edges> {
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

    pub(super) fn branch_on(&mut self, cond: Operand, then: Block, otherwise: Block) -> Edges {
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
}
