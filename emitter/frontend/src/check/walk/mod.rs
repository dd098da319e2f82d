//! Walks one copy of a function: types each construct with the slot types known so far and
//! makes its typed tree.
//!
//! Statements are here, expressions in [`exprs`], operators in [`operators`], calls of
//! builtins in [`calls`], casts in [`casts`], what is particular to lists in [`lists`].
//!
//! Beside the slot's type the walk knows, at each point, which nullable locals are *present*
//! (not none): after a test, an ordering comparison that holds, or an assignment. Only
//! statements of the same function assign locals, so this knowledge ends at assignments and,
//! for a loop, covers only locals that its body leaves alone. Nothing is known of a local that
//! lives in a cell, as any call may set it.

mod any;
mod builtins;
mod calls;
mod casts;
mod data;
mod exprs;
mod functions;
mod intrinsics;
mod lent;
mod lists;
mod maps;
mod matching;
mod methods;
mod operators;
mod primitives;
mod query;
mod ranges;
mod records;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use super::classes::Shape;
use super::infer::{CopyId, Infer, Slot, settled};
use super::resolved::{self, Arm, ExprId, Place, Program};
use super::shape;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::typed::{self, CompareOp, ExprKind, LocalId, StmtKind};
use crate::types::{Kind, Type};

/// Walks a copy. The tree counts only in the final walk.
pub(super) fn function(infer: &mut Infer<'_, '_>, id: CopyId) -> typed::Function {
    let program = infer.program;
    let is_main = infer.get(id).function == program.main;
    let func = &program.functions[infer.get(id).function.index()];
    let mut walk = Walk {
        infer,
        program,
        func,
        id,
        is_main,
        present: BTreeSet::new(),
        was_read: vec![false; func.locals.len()],
        temporaries: Vec::new(),
        breaks: Vec::new(),
        enough: None,
        accumulated: BTreeMap::new(),
    };
    let (mut body, completes) = walk.block(&func.body);
    if completes {
        let end = Span { start: func.span.end, ..func.span };
        let result = walk.infer.join_result(id, Type::NONE, end).ty;
        if result != Type::NONE {
            let value = shape::convert(shape::none(end), result);
            body.push(typed::Stmt { kind: StmtKind::Return(Some(value)), span: end });
        }
    } else if func.is_prelude && primitives::always_fails(&body) {
        walk.infer.join_result(id, Type::NONE, func.span);
    }
    let temporaries = walk.temporaries;
    let copy = infer.get(id);
    let locals = func.locals.iter().zip(&copy.slots).map(|(variable, slot)| typed::Local {
        name: variable.name.to_owned(),
        ty: settled(slot.ty),
        is_cell: variable.is_cell,
        span: variable.span,
    });
    typed::Function {
        name: match program
            .records
            .iter()
            .find(|record| record.methods.iter().any(|&(_, method)| method == copy.function))
        {
            Some(record) => format!("{}.{}", record.name, func.name),
            None => func.name.to_owned(),
        },
        params: func.params.clone(),
        captures: func.captures,
        result: settled(copy.result.ty),
        locals: locals.chain(temporaries).collect(),
        body,
        span: func.span,
    }
}

struct Walk<'w, 'p, 'a> {
    infer: &'w mut Infer<'p, 'a>,
    program: &'p Program<'a>,
    func: &'p resolved::Function<'a>,
    id: CopyId,
    is_main: bool,
    /// Nullable locals that are not none here.
    present: BTreeSet<LocalId>,
    /// By local: whether this walk has used the slot's type.
    was_read: Vec<bool>,
    /// Locals beyond those of the program.
    temporaries: Vec<typed::Local>,
    /// For each open loop: whether a `break` leaves it.
    breaks: Vec<bool>,
    /// The local that says that a query wants no more rows, in a query of which the first ones are enough.
    enough: Option<LocalId>,
    /// What aggregates of the group that is at hand have come to, by their calls.
    accumulated: BTreeMap<ExprId, typed::Expr>,
}

/// An expression and the nullable locals that are present when it is truthy (`yes`), or when it is not (`no`).
struct Value {
    expr: typed::Expr,
    yes: Vec<LocalId>,
    no: Vec<LocalId>,
}

impl From<typed::Expr> for Value {
    fn from(expr: typed::Expr) -> Value {
        Value { expr, yes: Vec::new(), no: Vec::new() }
    }
}

impl<'p, 'a> Walk<'_, 'p, 'a> {
    /// The statements, and whether their end can be reached. What follows a jump is not walked.
    fn block(&mut self, stmts: &'p [resolved::Stmt]) -> (typed::Block, bool) {
        let mut out = Vec::with_capacity(stmts.len());
        self.infer.depth += 1;
        let completes = stmts.iter().all(|stmt| self.stmt(stmt, &mut out));
        self.infer.depth -= 1;
        (out, completes)
    }

    /// Whether the end of the statement can be reached.
    fn stmt(&mut self, stmt: &'p resolved::Stmt, out: &mut typed::Block) -> bool {
        let span = stmt.span;
        let mut completes = true;
        let kind = match &stmt.kind {
            resolved::StmtKind::Declare { place, value } => {
                let value = match *value {
                    Some(value) => self.expr(value),
                    None => shape::none(span),
                };
                self.declare(*place, value)
            }
            resolved::StmtKind::Assign { place, value } => {
                let value = self.expr(*value);
                self.set(*place, value)
            }
            resolved::StmtKind::AssignElement { place, name, indexes, value } => {
                self.assign_element(*place, *name, indexes, *value, span, out);
                return true;
            }
            resolved::StmtKind::AssignField { place, name, indexes, fields, value } => {
                self.assign_field((*place, *name), indexes, fields, *value, span, out);
                return true;
            }
            resolved::StmtKind::Expr(expr) => {
                if let resolved::ExprKind::Match { target, arms } = &self.program.expr(*expr).kind {
                    return self.match_stmt(*target, arms, span, out);
                }
                let expr = self.expr(*expr);
                if shape::is_droppable(&expr) {
                    return true;
                }
                completes = !(self.func.is_prelude && matches!(expr.kind, ExprKind::Fail { message: _ }));
                StmtKind::Expr(expr)
            }
            resolved::StmtKind::Return(value) => {
                self.return_stmt(*value, span, out);
                return false;
            }
            resolved::StmtKind::If { arms, otherwise } => {
                let (stmt, ends) = self.if_stmt(arms, otherwise, span);
                out.push(stmt);
                return ends;
            }
            resolved::StmtKind::While { cond, body, assigns } => {
                let is_endless = matches!(self.program.expr(*cond).kind, resolved::ExprKind::Bool(true));
                self.forget(assigns);
                let before = self.present.clone();
                let cond = self.cond(*cond);
                self.present.extend(&cond.yes);
                let (body, is_left) = self.loop_body(body);
                self.present = before;
                if !is_left {
                    self.present.extend(&cond.no);
                    completes = !is_endless;
                }
                StmtKind::While { cond: cond.expr, body }
            }
            resolved::StmtKind::ForRange { var, start, end, body, assigns } => {
                return self.for_range(*var, (*start, *end), body, assigns, span, out);
            }
            resolved::StmtKind::ForIn { var, iter, body, assigns } => {
                return self.for_in(*var, *iter, body, assigns, span, out);
            }
            resolved::StmtKind::Break => {
                if let Some(is_left) = self.breaks.last_mut() {
                    *is_left = true;
                }
                completes = false;
                StmtKind::Break
            }
            resolved::StmtKind::Continue => {
                completes = false;
                StmtKind::Continue
            }
            resolved::StmtKind::Expect { cond, text } => {
                let value = self.evaluate(*cond, false);
                self.present.extend(&value.yes);
                StmtKind::Expect { cond: Self::exactly_true(value.expr), text: text.clone() }
            }
            resolved::StmtKind::Block(body) => {
                let (body, ends) = self.block(body);
                completes = ends;
                StmtKind::Block(body)
            }
        };
        out.push(typed::Stmt { kind, span });
        completes
    }

    fn return_stmt(&mut self, value: Option<ExprId>, span: Span, out: &mut typed::Block) {
        let mut value = value.map(|value| self.expr(value));
        if !self.is_main {
            let ty = value.as_ref().map_or(Type::NONE, |value| value.ty);
            let from = value.as_ref().map_or(span, |value| value.span);
            let slot = self.infer.join_result(self.id, ty, from);
            if slot.ty != Type::NONE {
                let value = shape::convert(value.unwrap_or_else(|| shape::none(span)), slot.ty);
                out.push(typed::Stmt { kind: StmtKind::Return(Some(value)), span });
                return;
            }
        }
        if let Some(value) = value.take_if(|value| !shape::is_droppable(value)) {
            out.push(typed::Stmt { kind: StmtKind::Expr(value), span });
        }
        out.push(typed::Stmt { kind: StmtKind::Return(None), span });
    }

    /// In the prelude, arms that the types rule out are left out.
    fn if_stmt(&mut self, arms: &'p [Arm], mut otherwise: &'p [resolved::Stmt], span: Span) -> (typed::Stmt, bool) {
        let mut exits: Vec<BTreeSet<LocalId>> = Vec::new();
        let mut done = Vec::with_capacity(arms.len());
        for arm in arms {
            let cond = self.cond(arm.cond);
            if self.func.is_prelude
                && let ExprKind::Bool(holds) = cond.expr.kind
            {
                if holds {
                    otherwise = &arm.body;
                    break;
                }
                continue;
            }
            let mut failed = self.present.clone();
            failed.extend(&cond.no);
            self.present.extend(&cond.yes);
            let (body, completes) = self.block(&arm.body);
            let after = std::mem::replace(&mut self.present, failed);
            if completes {
                exits.push(after);
            }
            done.push((cond.expr, body, arm.span));
        }
        let (otherwise, completes) = self.block(otherwise);
        if completes {
            exits.push(std::mem::take(&mut self.present));
        }
        let completes = !exits.is_empty();
        self.present = exits.into_iter().reduce(|a, b| &a & &b).unwrap_or_default();
        let Some((cond, then, at)) = done.pop() else {
            return (typed::Stmt { kind: StmtKind::Block(otherwise), span }, completes);
        };
        let last = typed::Stmt { kind: StmtKind::If { cond, then, otherwise }, span: at };
        let stmt = done.into_iter().rfold(last, |last, (cond, then, span)| {
            let otherwise = vec![last];
            typed::Stmt { kind: StmtKind::If { cond, then, otherwise }, span }
        });
        (stmt, completes)
    }

    fn for_in(
        &mut self,
        var: LocalId,
        iter: ExprId,
        body: &'p [resolved::Stmt],
        assigns: &BTreeSet<LocalId>,
        span: Span,
        out: &mut typed::Block,
    ) -> bool {
        let mut of = self.expr(iter);
        match of.ty.kind {
            Kind::Row(row) => {
                let ty = self.infer.new_container(self.id, iter, Shape::List, 1).or_none();
                let none = shape::expr(ExprKind::None, ty, span);
                let is_nullable = of.ty.nullable;
                of = self.unless_none(of, none, |walk, of| {
                    let keys = walk.row_key_list(iter, of, row, span);
                    if is_nullable { shape::convert(keys, ty) } else { keys }
                });
            }
            Kind::Map(_) if !self.may_be_group(of.ty) => {
                let ty = self.infer.new_container(self.id, iter, Shape::List, 1).or_none();
                let none = shape::expr(ExprKind::None, ty, span);
                let is_nullable = of.ty.nullable;
                of = self.unless_none(of, none, |walk, of| {
                    let keys = walk.map_keys(iter, of, span);
                    if is_nullable { shape::convert(keys, ty) } else { keys }
                });
            }
            Kind::Any | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) => of = self.any_iter(iter, of, span),
            _ => {}
        }
        match of.ty.kind {
            Kind::String | Kind::List(_) => {}
            Kind::Never => {
                if !shape::is_droppable(&of) {
                    out.push(typed::Stmt { kind: StmtKind::Expr(of), span });
                }
                return true;
            }
            Kind::Int
            | Kind::Float
            | Kind::Bool
            | Kind::Map(_)
            | Kind::Row(_)
            | Kind::Record(_)
            | Kind::Union(_)
            | Kind::Func(_)
            | Kind::Any => {
                let fails = self.unless_none(of, shape::none(span), |_, of| {
                    shape::sequence(of, shape::fail("invalid iterator", Type::NONE, span), span)
                });
                out.push(typed::Stmt { kind: StmtKind::Expr(fails), span });
                return true;
            }
        }
        let from = self.func.locals[var.index()].span;
        let element = match of.ty.kind {
            Kind::List(list) => self.element(list),
            _ => Type::STRING,
        };
        self.join_local(var, element, from);
        self.forget(assigns);
        let before = self.present.clone();
        let (mut body, _) = self.loop_body(body);
        self.present = before;
        let slot = self.slot(var);
        let element = self.infer.canonical(element);
        let var = if slot.ty == element {
            var
        } else {
            // The body assigns it: the loop counts with a variable of its own.
            let counted = self.temporary(element, from);
            let value = shape::convert(shape::expr(ExprKind::Local(counted), element, from), slot.ty);
            let kind = match self.is_cell(var) {
                true => StmtKind::NewCell { local: var, value },
                false => StmtKind::SetLocal { local: var, value },
            };
            body.insert(0, typed::Stmt { kind, span: from });
            counted
        };
        let kind = match of.ty.kind {
            Kind::List(_) => StmtKind::ForList { var, of, body },
            _ => StmtKind::ForString { var, of, body },
        };
        out.push(typed::Stmt { kind, span });
        true
    }

    /// The body, and whether a `break` leaves the loop.
    fn loop_body(&mut self, body: &'p [resolved::Stmt]) -> (typed::Block, bool) {
        self.breaks.push(false);
        let (body, _) = self.block(body);
        (body, self.breaks.pop().unwrap_or_default())
    }

    /// What a loop assigns may be none again in its next round.
    fn forget(&mut self, assigns: &BTreeSet<LocalId>) {
        self.present.retain(|local| !assigns.contains(local));
    }

    /// True for exactly the value `true`.
    fn exactly_true(value: typed::Expr) -> typed::Expr {
        let span = value.span;
        match value.ty.kind {
            Kind::Bool if value.ty.nullable => {
                let kind = ExprKind::Compare {
                    op: CompareOp::Eq,
                    lhs: Box::new(value),
                    rhs: Box::new(shape::bool(true, span)),
                };
                shape::expr(kind, Type::BOOL, span)
            }
            Kind::Bool => value,
            Kind::Any => {
                let is_true = shape::convert(shape::bool(true, span), Type::ANY);
                let kind = ExprKind::Compare { op: CompareOp::Eq, lhs: Box::new(value), rhs: Box::new(is_true) };
                shape::expr(kind, Type::BOOL, span)
            }
            Kind::Never
            | Kind::Int
            | Kind::Float
            | Kind::String
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Row(_)
            | Kind::Record(_)
            | Kind::Union(_)
            | Kind::Func(_) => shape::sequence(value, shape::bool(false, span), span),
        }
    }

    // Slots.

    fn slot(&mut self, local: LocalId) -> Slot {
        self.was_read[local.index()] = true;
        let slot = self.infer.get(self.id).slots[local.index()];
        Slot { ty: self.infer.canonical(slot.ty), ..slot }
    }

    fn join_local(&mut self, local: LocalId, ty: Type, from: Span) -> Slot {
        let was_read = self.was_read[local.index()];
        let mut slot = self.infer.get(self.id).slots[local.index()];
        let has_grown = self.infer.join(&mut slot, ty, from);
        let copy = self.infer.get_mut(self.id);
        copy.slots[local.index()] = slot;
        copy.is_stale |= has_grown && was_read;
        if has_grown && self.is_cell(local) {
            self.infer.share_growth(self.id, local);
        }
        slot
    }

    /// Whether the local lives in a cell, which other functions set too.
    fn is_cell(&self, local: LocalId) -> bool {
        self.func.locals.get(local.index()).is_some_and(|variable| variable.is_cell)
    }

    /// Sets a variable where it is declared.
    fn declare(&mut self, place: Place, value: typed::Expr) -> StmtKind {
        match self.set(place, value) {
            StmtKind::SetLocal { local, value } if self.is_cell(local) => StmtKind::NewCell { local, value },
            set => set,
        }
    }

    fn set(&mut self, place: Place, value: typed::Expr) -> StmtKind {
        let (ty, from) = (value.ty, value.span);
        match place {
            Place::Local(local) => {
                let slot = self.join_local(local, ty, from);
                if slot.ty.nullable && !ty.nullable {
                    self.present.insert(local);
                } else {
                    self.present.remove(&local);
                }
                StmtKind::SetLocal { local, value: shape::convert(value, slot.ty) }
            }
            Place::Global(global) => {
                let slot = self.infer.join_global(global, ty, from);
                StmtKind::SetGlobal { global, value: shape::convert(value, slot.ty) }
            }
        }
    }

    fn temporary(&mut self, ty: Type, span: Span) -> LocalId {
        let local = LocalId((self.func.locals.len() + self.temporaries.len()) as u32);
        self.temporaries.push(typed::Local { name: String::new(), ty: settled(ty), is_cell: false, span });
        local
    }

    // Diagnostics. Only the final walk reports: before it, types may still be too small.

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        if self.infer.is_final() {
            self.infer.report(Diagnostic::error(code, span, message));
        }
    }
}
