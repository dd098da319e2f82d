//! Rows of several variables where the program uses them as a whole.

use super::super::exprs::wrap;
use super::*;

/// The field that tells a group.
const MARK: &str = "__group__";

impl Walk<'_, '_, '_> {
    /// A row as a map, the expression `id`: its variables by their names, and the fields of those that are structs.
    pub(in crate::check::walk) fn row_map(&mut self, id: ExprId, values: &[(&str, ExprId)], span: Span) -> Expr {
        let mut entries: Vec<(String, Expr)> = Vec::new();
        let mut fields = Vec::new();
        for &(name, value) in values {
            let value = self.expr(value);
            if let Kind::Record(record) = value.ty.kind {
                for field in &self.program.records[record.index()].fields {
                    fields.push((field.name.to_owned(), self.field(value.clone(), field.name, span)));
                }
            }
            entries.push((name.to_owned(), value));
        }
        for (name, value) in fields {
            if entries.iter().all(|(known, _)| *known != name) {
                entries.push((name, value));
            }
        }
        let entries = entries.into_iter().map(|(name, value)| (shape::string(&name, span), value)).collect();
        self.map_literal(id, entries, span)
    }

    /// Whether values of the type may be groups that a query has made: maps of a key, rows and their count.
    pub(in crate::check::walk) fn may_be_group(&mut self, ty: Type) -> bool {
        match ty.kind {
            Kind::Map(map) if self.program.has_groups => self.infer.value(map, self.id).kind == Kind::Any,
            _ => false,
        }
    }

    /// The rows of what a builtin is called with, the expression `id`, if that may be a group; else the value itself.
    pub(in crate::check::walk) fn rows_of(&mut self, id: ExprId, of: Expr, name: &str, span: Span) -> Expr {
        if !self.may_be_group(of.ty) {
            return of;
        }
        let mut sets = Vec::new();
        let of = self.bind(of, &mut sets);
        let is_group = self.contains(shape::string(MARK, span), of.clone(), span);
        let items = self.field(of, "items", span);
        if items.ty == Type::NEVER {
            return shape::unknown(span);
        }
        let rows = self.any_iter(id, items, span);
        let fails = shape::fail(format!("{name} expects list"), rows.ty, span);
        wrap(sets, shape::choice(is_group, rows, fails, span))
    }

    /// How many rows a group has, or entries another map.
    pub(in crate::check::walk) fn group_len(&mut self, id: ExprId, of: Expr, span: Span) -> Expr {
        let mut sets = Vec::new();
        let of = self.bind(of, &mut sets);
        let is_group = self.contains(shape::string(MARK, span), of.clone(), span);
        let items = self.field(of.clone(), "items", span);
        let entries = self.len(of, span);
        if items.ty == Type::NEVER {
            return shape::unknown(span);
        }
        let rows = self.any_iter(id, items, span);
        let rows = self.len(rows, span);
        wrap(sets, shape::choice(is_group, rows, entries, span))
    }

    /// What the first of the values that has it holds under the name, structs before others; none if there is none.
    pub(in crate::check::walk) fn lookup(&mut self, of: &[ExprId], name: &str, span: Span) -> Expr {
        let mut found: Vec<(Option<Expr>, Expr)> = Vec::new();
        let mut ty = Type::NEVER;
        let mut of: Vec<Expr> = of.iter().map(|&of| self.expr(of)).collect();
        // The fields of structs are fields of the row.
        of.sort_by_key(|of| !matches!(of.ty.kind, Kind::Record(_)));
        for of in of {
            let Some(has) = self.has_field(&of, name, span) else { continue };
            let value = self.field(of, name, span);
            ty = self.infer.join_types(ty, value.ty);
            let is_certain = matches!(has.kind, ExprKind::Bool(true));
            found.push((Some(has).filter(|_| !is_certain), value));
            if is_certain {
                break;
            }
        }
        let is_certain = found.last().is_some_and(|(has, _)| has.is_none());
        if !is_certain {
            ty = self.infer.join_types(ty, Type::NONE);
        }
        let mut result = shape::convert(shape::none(span), ty);
        for (has, value) in found.into_iter().rev() {
            let value = shape::convert(value, ty);
            result = match has {
                Some(has) => {
                    let choice = shape::choice(has, value, result, span);
                    shape::expr(choice.kind, ty, span)
                }
                None => value,
            };
        }
        result
    }

    /// Whether the value of a variable has the field; absent if it never has.
    fn has_field(&mut self, of: &Expr, name: &str, span: Span) -> Option<Expr> {
        let is_present = of.ty.nullable.then(|| shape::not(shape::is_none(of.clone())));
        let has = match of.ty.kind {
            Kind::Record(record) => {
                self.program.records[record.index()].field(name)?;
                shape::bool(true, span)
            }
            Kind::Row(row) => {
                if !self.row_has(row, name) {
                    return None;
                }
                shape::bool(true, span)
            }
            Kind::Map(_) => {
                let kind = ExprKind::MapContains {
                    of: Box::new(shape::present(of.clone())),
                    key: Box::new(shape::string(name, span)),
                };
                shape::expr(kind, Type::BOOL, span)
            }
            Kind::Any | Kind::Union(_) => {
                let (of, item) = (self.view(of.clone()), self.view(shape::string(name, span)));
                let kind = ExprKind::AnyContains { of: Box::new(of), item: Box::new(item) };
                shape::expr(kind, Type::BOOL, span)
            }
            Kind::Never | Kind::Int | Kind::Float | Kind::Bool | Kind::String | Kind::List(_) | Kind::Func(_) => {
                return None;
            }
        };
        Some(match (is_present, &has.kind) {
            (None, _) => has,
            (Some(is_present), ExprKind::Bool(true)) => is_present,
            (Some(lhs), _) => {
                let kind = ExprKind::And { lhs: Box::new(lhs), rhs: Box::new(has) };
                shape::expr(kind, Type::BOOL, span)
            }
        })
    }
}
