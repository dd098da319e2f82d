//! Lists: their making, reading and writing.
//!
//! What an operation makes of a list (a slice, a longer list) is of the list's own class, as
//! it holds the same elements.

use super::Walk;
use super::exprs::wrap;
use super::operators::are_alike;
use crate::builtins::Builtin;
use crate::check::classes::Shape;
use crate::check::resolved::{ExprId, Place};
use crate::check::shape;
use crate::source::Span;
use crate::typed::{self, Expr, ExprKind, LocalId, StmtKind};
use crate::types::{Kind, ListId, Type};

impl Walk<'_, '_, '_> {
    /// `[a, b, …]`, the expression `id`.
    pub(super) fn list(&mut self, id: ExprId, elements: Vec<Expr>, span: Span) -> Expr {
        let ty = self.infer.new_container(self.id, id, Shape::List, 1);
        for element in &elements {
            self.infer.join_part(ty.kind, 0, element.ty, element.span);
        }
        let element = self.infer.part(ty.kind, 0, self.id);
        let elements = elements.into_iter().map(|value| shape::convert(value, element)).collect();
        shape::expr(ExprKind::List(elements), self.infer.canonical(ty), span)
    }

    /// The type of a list's elements.
    pub(super) fn element(&mut self, list: ListId) -> Type {
        self.infer.element(list, self.id)
    }

    /// An index of a list that is not none: what is not an int counts as 0.
    fn list_index(&mut self, index: Expr, span: Span) -> Expr {
        let zero = shape::int(0, span);
        match index.ty.kind {
            Kind::Int => self.unless_none(index, zero, |_, index| index),
            Kind::Any => {
                let mut sets = Vec::new();
                let index = self.bind(index, &mut sets);
                let is_int = shape::builtin(Builtin::IsInt, vec![index.clone()], Type::BOOL, span);
                let int = self.number_of_any(index);
                wrap(sets, shape::choice(is_int, int, zero, span))
            }
            _ => shape::sequence(index, zero, span),
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
                // It may be an entry that only this appending gives a value: a list of it is all there is to know.
                return self.list(id, vec![value], span);
            }
            let mut sets = Vec::new();
            let of = self.bind(of, &mut sets);
            let value = self.bind(value, &mut sets);
            let result = if of.ty.kind == Kind::Any {
                let (of, value) = (of, self.boxed(value));
                shape::builtin(Builtin::Append, vec![of, value], Type::ANY, span)
            } else if of.ty == Type::NONE {
                shape::sequence(of, self.list(id, vec![value], span), span)
            } else {
                let fails = shape::fail("append expects list", Type::NONE, span);
                shape::sequence(of, shape::sequence(value, fails, span), span)
            };
            return wrap(sets, result);
        };
        self.infer.join_part(of.ty.kind, 0, value.ty, value.span);
        let element = self.element(list);
        let ty = self.infer.canonical(of.ty).without_none();
        let value = shape::convert(value, element);
        shape::builtin(Builtin::Append, vec![of, value], ty, span)
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
        self.infer.unify_similar(element, item.ty, self.id);
        let (element, ty) = (self.element(list), self.infer.canonical(item.ty));
        if ty == Type::NEVER || element == Type::NEVER {
            return shape::bool(false, span);
        }
        let (item, ty) = match (ty.kind, element.kind) {
            (Kind::Record(record), Kind::Union(union)) if self.program.records[record.index()].union == Some(union) => {
                let ty = Type { kind: element.kind, ..ty };
                (shape::convert(item, ty), ty)
            }
            _ => (item, ty),
        };
        let never = shape::sequence(of.clone(), shape::bool(false, span), span);
        let contains = |item: Expr, of: Expr| {
            let item = shape::convert(item, element);
            shape::expr(ExprKind::ListContains { of: Box::new(of), item: Box::new(item) }, Type::BOOL, span)
        };
        if (ty == Type::NONE && element.nullable) || element.kind == Kind::Any {
            return contains(item, of);
        }
        if ty.kind != element.kind {
            let may_be_equal = ty.kind == Kind::Any
                || (ty.nullable && element.nullable)
                || self.infer.classes.is_one_shape(ty.kind, element.kind)
                || are_alike(ty.kind, element.kind)
                || matches!((ty.kind, element.kind), (Kind::Union(_), Kind::Record(_)));
            return if may_be_equal { self.any_contains(item, of, span) } else { never };
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
        let mut keyed = None;
        if let ([], true) = (outer, of.ty.nullable) {
            // A variable without a container gets one; of which kind the index says when the type does not.
            let ty = match of.ty.kind {
                Kind::List(_) | Kind::Map(_) => Some(of.ty.without_none()),
                // It may get an empty one.
                Kind::Row(_) => Some(self.infer.open_row(of.ty).without_none()),
                Kind::Never => {
                    let index = self.expr(last);
                    let ty = match index.ty.kind {
                        Kind::Never if !index.ty.nullable => None,
                        Kind::Int => {
                            let ty = self.infer.new_container(self.id, last, Shape::List, 1);
                            if !matches!(index.kind, ExprKind::Int(0)) {
                                // The elements before the first one are none.
                                self.infer.join_part(ty.kind, 0, Type::NONE, span);
                            }
                            Some(ty)
                        }
                        _ => Some(self.infer.new_container(self.id, last, Shape::Map, 1)),
                    };
                    keyed = Some(index);
                    ty
                }
                _ => None,
            };
            if let Some(ty) = ty {
                let kind = match ty.kind {
                    Kind::List(_) => ExprKind::List(Vec::new()),
                    _ => ExprKind::Map(Vec::new()),
                };
                let set = typed::Stmt { kind: self.set(place, shape::expr(kind, ty, span)), span };
                let cond = shape::is_none(of);
                out.push(typed::Stmt { kind: StmtKind::If { cond, then: vec![set], otherwise: Vec::new() }, span });
                // The variable is present whether that statement has set it or found it so.
                of = shape::present(self.place(place, name));
            }
        }
        for &index in outer {
            let index = self.expr(index);
            of = self.index(of, index, span);
        }
        let value = self.expr(value);
        let index = match keyed {
            Some(index) => index,
            None => self.expr(last),
        };
        self.set_element(of, index, value, span, out);
    }

    /// `of[index] = value`.
    pub(super) fn set_element(&mut self, of: Expr, index: Expr, value: Expr, span: Span, out: &mut typed::Block) {
        let invalid = "invalid index target";
        let mut of = self.renewed(of);
        if let Kind::Row(_) = of.ty.kind {
            if let ExprKind::Str(key) = &index.kind
                && let Ok(key) = String::from_utf8(key.clone())
            {
                return self.set_field(of, &key, value, span, out);
            }
            of.ty = self.infer.open_row(of.ty);
        }
        match of.ty.kind {
            Kind::List(list) => {
                self.infer.join_part(of.ty.kind, 0, value.ty, value.span);
                let element = self.element(list);
                let mut of = self.settle(of, invalid, span);
                let mut value = shape::convert(value, element);
                if index.ty != Type::INT && index.ty != Type::NEVER {
                    // The test of the index comes after the evaluation of the others.
                    of = self.keep(of, out);
                    value = self.keep(value, out);
                }
                let index = if index.ty == Type::NEVER { index } else { self.list_index(index, span) };
                if index.ty == Type::INT && value.ty != Type::NEVER {
                    out.push(typed::Stmt { kind: StmtKind::SetIndex { of, index, value }, span });
                }
            }
            Kind::Map(map) => {
                self.infer.join_part(of.ty.kind, 0, value.ty, value.span);
                let element = self.infer.value(map, self.id);
                let value = shape::convert(value, element);
                let (of, key) = (self.settle(of, invalid, span), self.key(index));
                if value.ty != Type::NEVER && key.ty != Type::NEVER {
                    out.push(typed::Stmt { kind: StmtKind::SetEntry { of, key, value }, span });
                }
            }
            Kind::Any | Kind::Row(_) | Kind::Record(_) | Kind::Union(_) => {
                if let (ExprKind::Str(name), true) = (&index.kind, of.ty.kind != Kind::Any)
                    && let Ok(name) = String::from_utf8(name.clone())
                {
                    return self.set_field(of, &name, value, span, out);
                }
                self.infer.store_through_any(value.ty, index.ty.kind == Kind::Int);
                let (of, index, value) = (self.boxed(of), self.view(index), self.boxed(value));
                if [&of, &index, &value].iter().all(|part| part.ty == Type::ANY) {
                    out.push(typed::Stmt { kind: StmtKind::AnySetIndex { of, index, value }, span });
                }
            }
            Kind::Never if !of.ty.nullable => {}
            Kind::Never | Kind::Int | Kind::Float | Kind::Bool | Kind::String | Kind::Func(_) => {
                let fails = shape::fail(invalid, Type::NONE, span);
                let of =
                    [of, value, index].into_iter().rev().fold(fails, |then, first| shape::sequence(first, then, span));
                out.push(typed::Stmt { kind: StmtKind::Expr(of), span });
            }
        }
    }

    /// The variable's value.
    pub(super) fn place(&mut self, place: Place, span: Span) -> Expr {
        match place {
            Place::Local(local) => self.local(local, span).expr,
            Place::Global(global) => {
                let ty = self.infer.global(global, self.id);
                shape::expr(ExprKind::Global(global), ty, span)
            }
        }
    }

    /// The value without none, which fails.
    pub(super) fn settle(&mut self, of: Expr, message: &str, span: Span) -> Expr {
        if !of.ty.nullable || of.ty.kind == Kind::Never {
            return of;
        }
        let fails = shape::fail(message, of.ty.without_none(), span);
        self.unless_none(of, fails, |_, of| of)
    }

    /// A value that was evaluated by a statement of its own.
    pub(super) fn keep(&mut self, of: Expr, out: &mut typed::Block) -> Expr {
        let mut sets: Vec<(LocalId, Expr)> = Vec::new();
        let bound = self.bind(of, &mut sets);
        for (local, value) in sets {
            let span = value.span;
            out.push(typed::Stmt { kind: StmtKind::SetLocal { local, value }, span });
        }
        bound
    }
}
