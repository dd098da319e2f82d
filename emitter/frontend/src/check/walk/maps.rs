//! Maps: their making, reading and methods.
//!
//! Any map takes keys of all kinds: ints and strings as they are, others by their text.

use super::Walk;
use super::exprs::wrap;
use super::rows::row_keys;
use crate::check::classes::Shape;
use crate::check::resolved::ExprId;
use crate::check::shape;
use crate::source::Span;
use crate::typed::{ChooseOp, Expr, ExprKind};
use crate::types::{Kind, MapId, Type};

impl Walk<'_, '_, '_> {
    /// `{key: value, …}`, the expression `id`.
    pub(super) fn map_literal(&mut self, id: ExprId, entries: Vec<(Expr, Expr)>, span: Span) -> Expr {
        if let Some(keys) = row_keys(&entries)
            && let Kind::Row(row) = self.infer.new_row(self.id, id, &keys).kind
        {
            return self.row(row, &keys, entries, span);
        }
        let ty = self.infer.new_container(self.id, id, Shape::Map, 1);
        for (_, value) in &entries {
            self.infer.join_part(ty.kind, 0, value.ty, value.span);
        }
        let held = self.infer.part(ty.kind, 0, self.id);
        let entries: Vec<(Expr, Expr)> =
            entries.into_iter().map(|(key, value)| (self.key(key), shape::convert(value, held))).collect();
        shape::expr(ExprKind::Map(entries), self.infer.canonical(ty), span)
    }

    /// A key: an int or a string as it is, another value as `any`.
    pub(super) fn key(&mut self, of: Expr) -> Expr {
        if of.ty == Type::INT || of.ty == Type::STRING { of } else { self.view(of) }
    }

    /// `of[key]` of a map that is not none.
    pub(super) fn entry_at(&mut self, of: Expr, map: MapId, key: Expr, span: Span) -> Expr {
        let ty = self.infer.value(map, self.id).or_none();
        let key = self.key(key);
        if key.ty == Type::NEVER {
            return shape::unknown(span);
        }
        shape::expr(ExprKind::MapIndex { of: Box::new(of), key: Box::new(key) }, ty, span)
    }

    /// `key in of` of a map that is not none.
    pub(super) fn map_contains(&mut self, key: Expr, of: Expr, span: Span) -> Expr {
        let key = self.key(key);
        if key.ty == Type::NEVER {
            return shape::bool(false, span);
        }
        shape::expr(ExprKind::MapContains { of: Box::new(of), key: Box::new(key) }, Type::BOOL, span)
    }

    /// The keys of a map that is not none as the list that the expression `id` makes.
    pub(super) fn map_keys(&mut self, id: ExprId, of: Expr, span: Span) -> Expr {
        let ty = self.infer.new_container(self.id, id, Shape::List, 1);
        self.infer.join_part(ty.kind, 0, Type::STRING, span);
        let Kind::List(list) = ty.kind else { unreachable!("a new list is a list") };
        let ty = self.infer.canonical(ty);
        match self.element(list) {
            // The program puts other values into the list.
            element if element.kind == Kind::Any => {
                let of = self.view(of);
                shape::expr(ExprKind::AnyIter(Box::new(of)), ty, span)
            }
            // Or none.
            _ => shape::expr(ExprKind::MapKeys(Box::new(of)), ty, span),
        }
    }

    /// The values of a map that is not none as the list that the expression `id` makes.
    pub(super) fn map_values(&mut self, id: ExprId, of: Expr, map: MapId, span: Span) -> Expr {
        let ty = self.infer.new_container(self.id, id, Shape::List, 1);
        let value = self.infer.value(map, self.id);
        self.infer.join_part(ty.kind, 0, value, span);
        // What is put into the list later is none of the map's; it is made to hold that as well.
        let held = self.infer.part(ty.kind, 0, self.id);
        self.infer.join_part(of.ty.kind, 0, held, span);
        shape::expr(ExprKind::MapValues(Box::new(of)), self.infer.canonical(ty), span)
    }

    /// What a method that maps have gives, of a map or of what may be one (`contains` of strings and lists
    /// too); the operand when there is no such method.
    pub(super) fn map_method(
        &mut self,
        id: ExprId,
        of: Expr,
        name: &str,
        args: &[Expr],
        span: Span,
    ) -> Result<Expr, Expr> {
        let is_any = of.ty.kind == Kind::Any;
        let is_map = is_any || matches!(of.ty.kind, Kind::Map(_) | Kind::Row(_));
        match (name, args) {
            ("contains", [item]) => {
                let mut sets = Vec::new();
                let of = self.bind(of, &mut sets);
                let item = self.bind(item.clone(), &mut sets);
                let contains = self.contains(item, of, span);
                Ok(wrap(sets, contains))
            }
            ("starts_with", [part]) if is_any || of.ty.kind == Kind::String => {
                Ok(self.call_helper(id, vec![of, part.clone()], span))
            }
            ("padStart", [width, pad]) if is_any || of.ty.kind == Kind::String => {
                Ok(self.call_helper(id, vec![of, width.clone(), pad.clone()], span))
            }
            ("keys", []) if is_any => Ok(self.any_iter(id, of, span)),
            ("keys", []) if is_map => {
                let of = self.settle(of, "values expects map", span);
                Ok(match of.ty.kind {
                    Kind::Row(row) => self.row_key_list(id, of, row, span),
                    _ => self.map_keys(id, of, span),
                })
            }
            ("values", []) if is_map && !is_any => {
                let of = self.settle(of, "values expects map", span);
                Ok(match of.ty.kind {
                    Kind::Map(map) => self.map_values(id, of, map, span),
                    Kind::Row(row) => self.row_values(id, of, row, span),
                    _ => unreachable!("a method of maps"),
                })
            }
            ("get", [key]) if is_map => Ok(self.index(of, key.clone(), span)),
            ("get", [key, default]) if is_map => {
                let found = self.index(of, key.clone(), span);
                if found.ty == Type::NEVER {
                    return Ok(found);
                }
                if found.ty == Type::NONE {
                    return Ok(shape::sequence(found, default.clone(), span));
                }
                Ok(self.choose(ChooseOp::Else, found, default.clone(), span))
            }
            _ => Err(of),
        }
    }

    /// What a loop over a value of no known kind runs over, as the list that the expression `id` makes.
    pub(super) fn any_iter(&mut self, id: ExprId, of: Expr, span: Span) -> Expr {
        let ty = self.infer.new_container(self.id, id, Shape::List, 1);
        self.infer.join_part(ty.kind, 0, Type::ANY, span);
        let of = self.boxed(of);
        shape::expr(ExprKind::AnyIter(Box::new(of)), self.infer.canonical(ty), span)
    }
}
