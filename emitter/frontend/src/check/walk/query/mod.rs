//! Queries as loops: each step a loop in the one before, and in the innermost what becomes of a row.
//!
//! There are no rows as values: their variables are locals that the loops set. What has to see all rows
//! before it can go on keeps columns, lists with one value of each row: grouping ([`group`]), sorting
//! ([`order`]), and joins that give rows in another order than they find them ([`join`]). Columns are
//! lists like others to inference, so a value in them has the type that it had before.

mod accumulate;
mod aggregate;
mod explain;
mod group;
mod join;
mod order;
mod rows;

use super::Walk;
use crate::builtins::Builtin;
use crate::check::classes::Shape;
use crate::check::resolved::{ExprId, Query};
use crate::check::shape;
use crate::source::Span;
use crate::typed::{ArithOp, Block, CompareOp, Expr, ExprKind, LocalId, Stmt, StmtKind};
use crate::types::{Kind, Type};

/// What is done with each row, in the block that it is given.
type Sink<'s, 'w, 'p, 'a> = dyn FnMut(&mut Walk<'w, 'p, 'a>, &mut Block) + 's;

impl<'w, 'p, 'a> Walk<'w, 'p, 'a> {
    /// The list that a query, the expression `id`, makes.
    pub(super) fn query(&mut self, id: ExprId, query: &'p Query, span: Span) -> Expr {
        let before = self.present.clone();
        let enough = self.enough.take();
        self.infer.depth += 1;
        let mut body = Block::new();
        let results = self.results(id, query, &mut body, span);
        self.infer.depth -= 1;
        self.enough = enough;
        self.present = before;
        let ty = results.ty;
        let mut result = shape::expr(ExprKind::Block { body, then: Box::new(results) }, ty, span);
        if let Some(skip) = query.skip {
            let skip = self.expr(skip);
            result = self.slice(result, Some(skip), None, span);
        }
        if let Some(take) = query.take {
            let take = self.expr(take);
            result = self.slice(result, Some(shape::int(0, span)), Some(take), span);
        }
        result
    }

    /// The rows of all steps, each given to `sink`.
    fn each_row(&mut self, query: &'p Query, out: &mut Block, sink: &mut Sink<'_, 'w, 'p, 'a>) {
        let tables = self.tables(query, out);
        self.explain(query, &tables);
        self.join_step(query, &tables, 0, out, sink);
    }

    /// Leaves a loop over rows when no more of them are wanted.
    fn stop(&mut self, body: &mut Block, span: Span) {
        if let Some(local) = self.enough {
            let cond = shape::expr(ExprKind::Local(local), Type::BOOL, span);
            let then = vec![Stmt { kind: StmtKind::Break, span }];
            body.push(Stmt { kind: StmtKind::If { cond, then, otherwise: Block::new() }, span });
        }
    }

    // Columns and other containers of the query's own.

    /// An empty list that is the container `id`, in a local of its own.
    fn new_column(&mut self, id: ExprId, element: Type, out: &mut Block, span: Span) -> Expr {
        let ty = self.infer.new_container(self.id, id, Shape::List, 1);
        self.infer.join_part(ty.kind, 0, element, span);
        let ty = self.infer.canonical(ty);
        self.set_new(shape::expr(ExprKind::List(Vec::new()), ty, span), out)
    }

    /// An empty map of ints that is the container `id`, in a local of its own.
    fn new_numbers(&mut self, id: ExprId, out: &mut Block, span: Span) -> Expr {
        let ty = self.infer.new_container(self.id, id, Shape::Map, 1);
        self.infer.join_part(ty.kind, 0, Type::INT, span);
        let ty = self.infer.canonical(ty);
        self.set_new(shape::expr(ExprKind::Map(Vec::new()), ty, span), out)
    }

    /// A value in a local of its own, which can be set again.
    fn set_new(&mut self, value: Expr, out: &mut Block) -> Expr {
        let (ty, span) = (value.ty, value.span);
        let local = self.temporary(ty, span);
        out.push(Stmt { kind: StmtKind::SetLocal { local, value }, span });
        shape::expr(ExprKind::Local(local), ty, span)
    }

    /// A local of the query's own.
    fn new_local(&mut self, ty: Type, span: Span) -> Expr {
        shape::expr(ExprKind::Local(self.temporary(ty, span)), ty, span)
    }

    /// Adds a value to the list in a local of the query's own.
    fn push(&mut self, column: &Expr, value: Expr, out: &mut Block) {
        let ExprKind::Local(local) = column.kind else { unreachable!("columns are locals") };
        let span = value.span;
        self.infer.join_part(column.ty.kind, 0, value.ty, span);
        let held = self.infer.part(column.ty.kind, 0, self.id);
        let value = shape::convert(value, held);
        let ty = self.infer.canonical(column.ty);
        let value = shape::builtin(Builtin::Append, vec![column.clone(), value], ty, span);
        out.push(Stmt { kind: StmtKind::SetLocal { local, value }, span });
    }

    /// The type of what a column holds.
    fn held(&mut self, column: &Expr) -> Type {
        self.infer.part(column.ty.kind, 0, self.id)
    }

    /// Sets a row variable.
    fn set_row(&mut self, row: LocalId, value: Expr, out: &mut Block) {
        let span = value.span;
        let kind = self.set(super::Place::Local(row), value);
        out.push(Stmt { kind, span });
    }

    /// `body` for each number below the length of a list.
    fn count_up(&mut self, list: &Expr, out: &mut Block, span: Span, body: impl FnOnce(&mut Self, Expr, &mut Block)) {
        let var = self.temporary(Type::INT, span);
        let mut inner = Block::new();
        body(self, shape::expr(ExprKind::Local(var), Type::INT, span), &mut inner);
        let (start, end) = (shape::int(0, span), length(list));
        out.push(Stmt { kind: StmtKind::ForRange { var, assigned: false, start, end, body: inner }, span });
    }

    /// What comes next for what meets all conditions.
    fn filtered(&mut self, conds: &[ExprId], out: &mut Block, sink: &mut Sink<'_, 'w, 'p, 'a>) {
        let Some((&first, rest)) = conds.split_first() else { return sink(self, out) };
        let cond = self.cond(first);
        let before = self.present.clone();
        self.present.extend(&cond.yes);
        let mut then = Block::new();
        self.filtered(rest, &mut then, sink);
        self.present = before;
        let span = cond.expr.span;
        out.push(Stmt { kind: StmtKind::If { cond: cond.expr, then, otherwise: Block::new() }, span });
    }

    /// The condition of all conditions.
    fn all_of(&mut self, conds: &[ExprId], span: Span) -> Expr {
        let before = self.present.clone();
        let mut all: Option<Expr> = None;
        for &cond in conds {
            let cond = self.cond(cond);
            self.present.extend(&cond.yes);
            all = Some(match all {
                Some(lhs) => {
                    let (lhs, rhs) = (Box::new(lhs), Box::new(cond.expr));
                    shape::expr(ExprKind::And { lhs, rhs }, Type::BOOL, span)
                }
                None => cond.expr,
            });
        }
        self.present = before;
        all.unwrap_or_else(|| shape::bool(true, span))
    }

    /// A value as what finds it among keys: an int or a string as it is, another value by the text that `str` gives.
    fn key_text(&mut self, of: Expr) -> Expr {
        if of.ty == Type::INT || of.ty == Type::STRING {
            return of;
        }
        let span = of.span;
        self.as_text(of, span)
    }
}

fn length(list: &Expr) -> Expr {
    shape::builtin(Builtin::Len, vec![list.clone()], Type::INT, list.span)
}

fn arith(op: ArithOp, lhs: Expr, rhs: Expr) -> Expr {
    let span = lhs.span;
    shape::expr(ExprKind::Arith { op, lhs: Box::new(lhs), rhs: Box::new(rhs) }, Type::INT, span)
}

fn compare(op: CompareOp, lhs: Expr, rhs: Expr) -> Expr {
    let span = lhs.span;
    shape::expr(ExprKind::Compare { op, lhs: Box::new(lhs), rhs: Box::new(rhs) }, Type::BOOL, span)
}

fn local_of(expr: &Expr) -> LocalId {
    match expr.kind {
        ExprKind::Local(local) => local,
        _ => unreachable!("{expr:?} is no local"),
    }
}

fn assign(to: &Expr, value: Expr) -> Stmt {
    let span = value.span;
    Stmt { kind: StmtKind::SetLocal { local: local_of(to), value }, span }
}
