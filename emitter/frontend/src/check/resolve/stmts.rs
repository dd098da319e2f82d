//! Statements.

use std::collections::{BTreeSet, HashMap};

use super::cells::Assigned;
use super::{Bound, Resolver};
use crate::check::resolved::{Arm, Block, CastTarget, ExprKind, Place, Stmt, StmtKind};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::LocalId;

impl<'a> Resolver<'a> {
    pub(super) fn block(&mut self, stmts: &'a [ast::Stmt]) -> Block {
        self.func.blocks.push(HashMap::new());
        let mut block = Block::new();
        for stmt in stmts {
            self.stmt(stmt, &mut block);
        }
        self.func.blocks.pop();
        block
    }

    pub(super) fn stmt(&mut self, stmt: &'a ast::Stmt, out: &mut Block) {
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
}
