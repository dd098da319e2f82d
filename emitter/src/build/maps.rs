//! Maps: literals, reading and writing.

use mochi_frontend::source::Span;
use mochi_frontend::typed::{Expr, ExprKind};

use crate::ir::{Imm, MochiOp, Type, Value};

use super::FunctionCtx;
use super::lists::is_same;
use super::places::{Place, is_fixed};
use super::types::lower_type;

impl FunctionCtx<'_, '_> {
    /// `{key: value, …}`: all are evaluated before there is a map, so that a failure leaves none.
    pub(super) fn map(&mut self, expr: &Expr, entries: &[(Expr, Expr)]) -> Option<Value> {
        let mut values = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            values.push((self.expr(key)?, self.expr(value)?));
        }
        self.fb.set_span(Some(expr.span));
        let ty = lower_type(expr.ty).expect("a map has a type");
        let map = self.new_map(ty);
        for (key, value) in values {
            self.fb.effect(MochiOp::MapSet, vec![map, key, value], Imm::None);
        }
        Some(map)
    }

    pub(super) fn new_map(&mut self, ty: Type) -> Value {
        self.fb.value(MochiOp::MapNew, Vec::new(), Imm::None, ty)
    }

    /// The type of what a map has for a key.
    pub(super) fn entry_type(&self, map: Value) -> Type {
        let held = self.pool.module.map_value(self.fb.ty(map)).expect("a map");
        if held == Type::ANY { held } else { held.or_none() }
    }

    pub(super) fn map_get(&mut self, map: Value, key: Value) -> Value {
        let ty = self.entry_type(map);
        self.fb.value(MochiOp::MapGet, vec![map, key], Imm::None, ty)
    }

    /// `of[key] = value`: the map, the value, the key.
    pub(super) fn set_entry(&mut self, of: &Expr, key: &Expr, value: &Expr, span: Span) {
        let Some(map) = self.expr(of) else { return };
        let is_place = |expr: &Expr| match &expr.kind {
            ExprKind::MapIndex { of: read, key: at } => is_same(of, read) && is_same(key, at),
            _ => false,
        };
        // The key is evaluated once where it is the same before the value as after it.
        if is_fixed(key, value, |local| self.is_cell(local)) {
            let Some(key) = self.expr(key) else { return };
            let ty = self.entry_type(map);
            self.set_place(Place::Entry { map, key }, ty, value, is_place, span);
            return;
        }
        let Some(value) = self.expr(value) else { return };
        let Some(key) = self.expr(key) else { return };
        self.fb.set_span(Some(span));
        self.fb.effect(MochiOp::MapSet, vec![map, key, value], Imm::None);
    }
}
