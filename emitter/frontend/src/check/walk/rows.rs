//! Rows: maps whose keys are known, so that they are records to the machine (see `classes::rows`).
//!
//! A type names a row for as long as nothing has made a map of it, which may be a later part of the same
//! walk: who is about to look at a row asks anew what its type is.

use std::rc::Rc;

use super::Walk;
use super::exprs::wrap;
use crate::check::resolved::ExprId;
use crate::check::shape;
use crate::source::Span;
use crate::typed::{Expr, ExprKind, StmtKind};
use crate::types::{Kind, RecordId, RowId, Type};

/// How many keys a row can have.
const MAX_KEYS: usize = 64;

/// Keys that maps are told by: what has one is always a map.
const MARKS: [&str; 2] = ["__name", "__group__"];

/// The keys of a map literal in their order, if it can make rows.
pub(super) fn row_keys(entries: &[(Expr, Expr)]) -> Option<Vec<String>> {
    let key = |(key, _): &(Expr, Expr)| match &key.kind {
        ExprKind::Str(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    };
    let mut keys: Vec<String> = entries.iter().map(key).collect::<Option<_>>()?;
    keys.sort_unstable();
    let is_plain = keys.windows(2).all(|pair| pair[0] != pair[1]) && !keys.iter().any(|key| MARKS.contains(&&**key));
    (is_plain && (1..=MAX_KEYS).contains(&keys.len())).then_some(keys)
}

/// The key that an index names.
fn constant_key(index: &Expr) -> Option<String> {
    match &index.kind {
        ExprKind::Str(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    }
}

impl Walk<'_, '_, '_> {
    /// The value with the type that it has by now.
    pub(super) fn renewed(&self, of: Expr) -> Expr {
        Expr { ty: self.infer.canonical(of.ty), ..of }
    }

    /// `{key: value, …}` that makes rows, with the keys in their order.
    pub(super) fn row(&mut self, row: RowId, keys: &[String], entries: Vec<(Expr, Expr)>, span: Span) -> Expr {
        let kind = Kind::Row(row);
        let mut sets = Vec::new();
        let numbers = entries
            .iter()
            .map(|(key, _)| constant_key(key))
            .map(|key| keys.iter().position(|k| Some(k) == key.as_ref()));
        let numbers: Vec<usize> = numbers.flatten().collect();
        let is_in_order = numbers.is_sorted();
        let mut fields: Vec<Option<Expr>> = vec![None; keys.len()];
        for (index, (_, value)) in numbers.into_iter().zip(entries) {
            self.infer.join_part(kind, index, value.ty, value.span);
            fields[index] = Some(if is_in_order { value } else { self.bind(value, &mut sets) });
        }
        let fields = fields.into_iter().flatten().enumerate().map(|(index, value)| {
            let held = self.infer.part(kind, index, self.id);
            shape::convert(value, held)
        });
        let fields = fields.collect();
        let ty = self.infer.canonical(Type::of(kind));
        wrap(sets, shape::expr(ExprKind::Record { record: RecordId(row.0), fields }, ty, span))
    }

    /// The keys of a row in their order; none of what has become a map.
    fn keys_of(&mut self, row: RowId) -> Rc<[String]> {
        self.infer.classes.row_keys(row, self.id).unwrap_or_default()
    }

    /// Whether a row has the key, and so all rows of its type.
    pub(super) fn row_has(&mut self, row: RowId, key: &str) -> bool {
        self.infer.classes.row_slot(row, key, self.id).is_some()
    }

    /// The type of what a row has for a key; that of none if it does not have it.
    pub(super) fn row_type(&mut self, row: RowId, key: &str) -> Type {
        match self.infer.classes.row_slot(row, key, self.id) {
            Some(index) => self.infer.part(Kind::Row(row), index as usize, self.id),
            None => Type::NONE,
        }
    }

    /// What a row that is not none has for a key.
    pub(super) fn row_field(&mut self, of: Expr, row: RowId, key: &str, span: Span) -> Expr {
        match self.infer.classes.row_slot(row, key, self.id) {
            Some(index) => {
                let ty = self.infer.part(Kind::Row(row), index as usize, self.id);
                shape::expr(ExprKind::Field { of: Box::new(of), index }, ty, span)
            }
            None => shape::sequence(of, shape::none(span), span),
        }
    }

    /// `of[index]` of a row, or of what becomes a map by that.
    pub(super) fn row_index(&mut self, mut of: Expr, index: Expr, span: Span) -> Expr {
        match constant_key(&index) {
            Some(key) => self.field(of, &key, span),
            None => {
                of.ty = self.infer.open_row(of.ty);
                self.index(of, index, span)
            }
        }
    }

    /// `of.key = value` of a row that is not none and has the key.
    pub(super) fn set_row_field(&mut self, of: Expr, row: RowId, key: &str, value: Expr) -> Option<StmtKind> {
        let index = self.infer.classes.row_slot(row, key, self.id)?;
        self.infer.join_part(Kind::Row(row), index as usize, value.ty, value.span);
        if value.ty == Type::NEVER {
            return None;
        }
        let held = self.infer.part(Kind::Row(row), index as usize, self.id);
        Some(StmtKind::SetField { of, index, value: shape::convert(value, held) })
    }

    /// `key in of` of a row that is not none.
    pub(super) fn row_contains(&mut self, key: Expr, of: Expr, row: RowId, span: Span) -> Expr {
        match constant_key(&key) {
            Some(name) => {
                let has = self.row_has(row, &name);
                shape::sequence(of, shape::bool(has, span), span)
            }
            None if key.ty == Type::NEVER => shape::bool(false, span),
            None => self.any_contains(key, of, span),
        }
    }

    /// How many keys a row that is not none has.
    pub(super) fn row_len(&mut self, of: Expr, row: RowId, span: Span) -> Expr {
        let len = self.keys_of(row).len() as i64;
        shape::sequence(of, shape::int(len, span), span)
    }

    /// The keys of a row that is not none as the list that the expression `id` makes.
    pub(super) fn row_key_list(&mut self, id: ExprId, of: Expr, row: RowId, span: Span) -> Expr {
        let keys = self.keys_of(row).iter().map(|key| shape::string(key, span)).collect();
        let list = self.list(id, keys, span);
        shape::sequence(of, list, span)
    }

    /// The values of a row that is not none as the list that the expression `id` makes, in the order of the keys.
    pub(super) fn row_values(&mut self, id: ExprId, of: Expr, row: RowId, span: Span) -> Expr {
        let mut sets = Vec::new();
        let of = self.bind(of, &mut sets);
        let keys = self.keys_of(row);
        let values = keys.iter().map(|key| self.row_field(of.clone(), row, key, span)).collect();
        wrap(sets, self.list(id, values, span))
    }
}
