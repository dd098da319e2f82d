//! Lists: their making, reading and writing.
//!
//! What an operation makes of a list (a slice, a longer list) is of the list's own class, as
//! it holds the same elements.

use super::exprs::wrap;
use super::{Walk, article};
use crate::builtins::Builtin;
use crate::check::resolved::{ExprId, Place};
use crate::check::shape;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::typed::{self, Expr, ExprKind, LocalId, StmtKind};
use crate::types::{Kind, ListId, Type};

impl Walk<'_, '_, '_> {
    /// `[a, b, …]`, the expression `id`.
    pub(super) fn list(&mut self, id: ExprId, elements: Vec<Expr>, span: Span) -> Expr {
        let ty = self.infer.new_list(self.id, id);
        let Kind::List(list) = ty.kind else { unreachable!("a new list is a list") };
        for element in &elements {
            self.store(list, element.ty, element.span);
        }
        let element = self.element(list);
        let elements = elements.into_iter().map(|value| shape::convert(value, element)).collect();
        shape::expr(ExprKind::List(elements), self.infer.canonical(ty), span)
    }

    /// The type of a list's elements.
    pub(super) fn element(&mut self, list: ListId) -> Type {
        self.infer.element(list, self.id).ty
    }

    /// Lets a value flow into lists; the final walk refuses one of another kind.
    fn store(&mut self, list: ListId, ty: Type, from: Span) {
        let slot = self.infer.join_element(list, ty, from, self.id);
        if self.infer.is_final() && ty.kind != Kind::Never && ty.kind != slot.ty.kind {
            // Lists of one type are one by now, so where this one got its first element is not known.
            let message = format!(
                "an element of the list is {} here and {} elsewhere: values of more than one type in one place are not supported yet",
                article(ty.kind),
                article(slot.ty.kind),
            );
            self.infer.report(Diagnostic::error(Code::M001, from, message));
        }
    }

    /// An index of a list that is not none: what is not an int counts as 0.
    fn list_index(&mut self, index: Expr, span: Span) -> Expr {
        let zero = shape::int(0, span);
        if index.ty.kind == Kind::Int {
            self.unless_none(index, zero, |_, index| index)
        } else {
            shape::sequence(index, zero, span)
        }
    }

    /// `of[index]` of a list that is not none.
    pub(super) fn element_at(&mut self, of: Expr, list: ListId, index: Expr, span: Span) -> Expr {
        let ty = self.element(list);
        let mut sets = Vec::new();
        // The list is evaluated before the index, also when that takes a test.
        let of = if index.ty == Type::INT { of } else { self.bind(of, &mut sets) };
        let index = Box::new(self.list_index(index, span));
        wrap(sets, shape::expr(ExprKind::ListIndex { of: Box::new(of), index }, ty, span))
    }

    /// `append(of, value)`, the expression `id`; `of` is a list or none.
    pub(super) fn append(&mut self, id: ExprId, of: Expr, value: Expr, span: Span) -> Expr {
        let Kind::List(list) = of.ty.kind else {
            if of.ty == Type::NEVER {
                return shape::unknown(span);
            }
            let mut sets = Vec::new();
            let of = self.bind(of, &mut sets);
            let value = self.bind(value, &mut sets);
            let result = if of.ty == Type::NONE {
                shape::sequence(of, self.list(id, vec![value], span), span)
            } else {
                let fails = shape::fail("append expects list", Type::NONE, span);
                shape::sequence(of, shape::sequence(value, fails, span), span)
            };
            return wrap(sets, result);
        };
        self.store(list, value.ty, value.span);
        let element = self.element(list);
        let ty = self.infer.canonical(of.ty).without_none();
        let mut sets = Vec::new();
        let (of, value) = if of.ty.nullable {
            let of = self.bind(of, &mut sets);
            (of, self.bind(value, &mut sets))
        } else {
            (of, value)
        };
        let value = shape::convert(value, element);
        let first = shape::expr(ExprKind::List(vec![value.clone()]), ty, span);
        let result = self.unless_none(of, first, |_, of| shape::builtin(Builtin::Append, vec![of, value], ty, span));
        wrap(sets, result)
    }

    /// `lhs + rhs` where one of them is a list.
    pub(super) fn concat(&mut self, lhs: Expr, rhs: Expr, span: Span) -> Expr {
        self.infer.unify(lhs.ty, rhs.ty);
        let ty = Type { nullable: lhs.ty.nullable || rhs.ty.nullable, ..self.infer.canonical(lhs.ty) };
        self.unless_any_none(vec![lhs, rhs], shape::none(span), |_, mut operands| {
            let (rhs, lhs) = (operands.pop(), operands.pop());
            let (Some(lhs), Some(rhs)) = (lhs, rhs) else { unreachable!("two operands went in") };
            let (lhs, rhs) = (Box::new(lhs), Box::new(rhs));
            let concat = shape::expr(ExprKind::ListConcat { lhs, rhs }, ty.without_none(), span);
            shape::convert(concat, ty)
        })
    }

    /// `item in of` where `of` is a list that is not none; `item` can be evaluated at any time.
    pub(super) fn list_contains(&mut self, item: Expr, of: Expr, list: ListId, span: Span) -> Expr {
        let element = self.element(list);
        self.infer.unify(element, item.ty);
        let (element, ty) = (self.element(list), self.infer.canonical(item.ty));
        if ty == Type::NEVER || element == Type::NEVER {
            return shape::bool(false, span);
        }
        let never = shape::sequence(of.clone(), shape::bool(false, span), span);
        let contains = |item: Expr, of: Expr| {
            let item = shape::convert(item, element);
            shape::expr(ExprKind::ListContains { of: Box::new(of), item: Box::new(item) }, Type::BOOL, span)
        };
        if ty == Type::NONE && element.nullable {
            return contains(item, of);
        }
        if ty.kind != element.kind {
            if ty.nullable && element.nullable {
                self.refuse(span, "searches for a value that may be none in a list of another type");
            }
            return never;
        }
        if ty.nullable && !element.nullable {
            return self.unless_none(item, never, |_, item| contains(item, of));
        }
        contains(item, of)
    }

    /// `place[i]…[j] = value`. The containers and their indexes come first, then the value, then the last index.
    pub(super) fn assign_element(
        &mut self,
        place: Place,
        name: Span,
        indexes: &[ExprId],
        value: ExprId,
        span: Span,
        out: &mut typed::Block,
    ) {
        let mut of = self.place(place, name);
        let Some((&last, outer)) = indexes.split_last() else { return };
        if let (Kind::List(_) | Kind::Never, true, []) = (of.ty.kind, of.ty.nullable, outer) {
            // A variable without a list gets one.
            let ty = match of.ty.kind {
                Kind::List(_) => of.ty.without_none(),
                _ => self.infer.new_list(self.id, last),
            };
            let new = shape::expr(ExprKind::List(Vec::new()), ty, span);
            let set = typed::Stmt { kind: self.set(place, new), span };
            let cond = shape::is_none(of);
            out.push(typed::Stmt { kind: StmtKind::If { cond, then: vec![set], otherwise: Vec::new() }, span });
            // The variable is present whether that statement has set it or found it so.
            of = shape::present(self.place(place, name));
        }
        for &index in outer {
            let index = self.expr(index);
            of = self.index(of, index, span);
        }
        let value = self.expr(value);
        let index = self.expr(last);
        let Kind::List(list) = of.ty.kind else {
            if of.ty.kind != Kind::Never || of.ty.nullable {
                let fails = shape::fail("invalid index target", Type::NONE, span);
                let of =
                    [of, value, index].into_iter().rev().fold(fails, |then, first| shape::sequence(first, then, span));
                out.push(typed::Stmt { kind: StmtKind::Expr(of), span });
            }
            return;
        };
        self.store(list, value.ty, value.span);
        let element = self.element(list);
        if !matches!(index.ty.kind, Kind::Int | Kind::Never) {
            self.refuse(index.span, "assignments to elements whose index is not an int");
        }
        let mut of = self.settle(of, "invalid index target", span);
        let mut value = shape::convert(value, element);
        if index.ty.nullable {
            // The test of the index comes after the evaluation of the others.
            of = self.keep(of, out);
            value = self.keep(value, out);
        }
        let index = self.settle(index, "invalid index", span);
        if index.ty == Type::INT {
            out.push(typed::Stmt { kind: StmtKind::SetIndex { of, index, value }, span });
        }
    }

    /// The variable's value.
    fn place(&mut self, place: Place, span: Span) -> Expr {
        match place {
            Place::Local(local) => self.local(local, span).expr,
            Place::Global(global) => {
                let ty = self.infer.global(global, self.id);
                shape::expr(ExprKind::Global(global), ty, span)
            }
        }
    }

    /// The value without none, which fails.
    fn settle(&mut self, of: Expr, message: &str, span: Span) -> Expr {
        if !of.ty.nullable || of.ty.kind == Kind::Never {
            return of;
        }
        let fails = shape::fail(message, of.ty.without_none(), span);
        self.unless_none(of, fails, |_, of| of)
    }

    /// A value that was evaluated by a statement of its own.
    fn keep(&mut self, of: Expr, out: &mut typed::Block) -> Expr {
        let mut sets: Vec<(LocalId, Expr)> = Vec::new();
        let bound = self.bind(of, &mut sets);
        for (local, value) in sets {
            let span = value.span;
            out.push(typed::Stmt { kind: StmtKind::SetLocal { local, value }, span });
        }
        bound
    }
}
