//! Queries: sources, joins, and what each clause asks of its expression.

use super::places::bare_name;
use super::types::{StructData, Type};
use super::{Checked, Checker, fail};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, JoinKind, Query, QueryGroup, QueryJoin};

impl<'a> Checker<'a> {
    #[inline(never)]
    pub(super) fn query(&mut self, span: Span, query: &'a Query, expected: Option<&Type>) -> Checked<Type> {
        let head = Span { end: query.froms[0].var.span.end, ..span };
        let ty = self.scoped(|checker| checker.query_rows(head, query))?;
        match expected {
            Some(expected) if !self.nominals.unify(&ty, expected) => self.mismatch(head, expected, &ty),
            _ => Ok(ty),
        }
    }

    #[inline(never)]
    fn query_rows(&mut self, head: Span, query: &'a Query) -> Checked<Type> {
        // All names bound so far: a join may make each of them optional.
        let mut bound: Vec<&str> = Vec::new();
        let mut rows = Type::Any;
        let mut before = head;
        for (at, from) in query.froms.iter().enumerate() {
            let ty = self.expr(&from.source)?;
            let Some(element) = ty.rows() else {
                let (code, message, span) = if at == 0 {
                    (Code::T032, "query source must be a list", head)
                } else {
                    (Code::T034, "join source must be a list", self.word_after(before))
                };
                return fail(code, span, message);
            };
            if at == 0 {
                rows = element.clone();
            }
            self.scopes.declare(&from.var.text, element, true);
            bound.push(&from.var.text);
            before = from.source.span;
        }
        for join in &query.joins {
            let at = self.word_after(before);
            self.join(at, join, &bound)?;
            bound.push(&join.var.text);
            before = join.on.span;
        }
        if let Some(cond) = &query.cond {
            self.bool_clause(cond, Code::T033, "where")?;
            self.is_pure("where", cond)?;
        }
        for (word, count) in [("skip", &query.skip), ("take", &query.take)] {
            if let Some(count) = count {
                let ty = self.expr(count)?;
                if !self.nominals.unify(&ty, &Type::Int) {
                    let ty = self.nominals.show(&ty);
                    return fail(Code::T055, count.span, format!("`{word}` operand must be `int`, got {ty}"));
                }
            }
        }
        if let Some(group) = &query.group {
            self.group(group, rows)?;
        }
        if let Some(key) = &query.sort {
            // Keys of a group may be named without it, which nothing here knows: a key that
            // cannot be typed is let pass.
            match self.expr(key) {
                Ok(ty) if ty != Type::Any && !ty.is_ordered() => {
                    let message =
                        format!("`sort by` expression must be an ordered type, got {}", self.nominals.show(&ty));
                    return fail(Code::T056, key.span, message);
                }
                _ => {}
            }
        }
        let aggregate = if query.group.is_none() { self.aggregate(&query.select)? } else { None };
        let is_aggregate = aggregate.is_some();
        let selected = match aggregate {
            Some(ty) => ty,
            None => self.expr(&query.select)?,
        };
        if query.distinct && !self.nominals.is_hashable(&selected) {
            let message =
                format!("`select distinct` expression must be a hashable type, got {}", self.nominals.show(&selected));
            return fail(Code::T057, query.select.span, message);
        }
        Ok(if is_aggregate { selected } else { Type::list(selected) })
    }

    /// A join. Its condition sees candidates; what may be missing from a row is optional after it.
    fn join(&mut self, at: Span, join: &'a QueryJoin, bound: &[&str]) -> Checked<()> {
        let ty = self.expr(&join.source)?;
        let Some(element) = ty.rows() else {
            return fail(Code::T034, at, "join source must be a list");
        };
        let var = join.var.text.as_str();
        self.scopes.declare(var, element, true);
        self.bool_clause(&join.on, Code::T035, "on")?;
        let optional: Vec<&str> = match join.kind {
            JoinKind::Inner => Vec::new(),
            JoinKind::Left => vec![var],
            JoinKind::Right => bound.to_vec(),
            JoinKind::Outer => bound.iter().copied().chain([var]).collect(),
        };
        for name in optional {
            match self.scopes.variable(name).map(|variable| variable.ty.clone()) {
                Some(Type::Option(_)) | None => {}
                Some(ty) => self.scopes.declare(name, Type::option(ty), true),
            }
        }
        Ok(())
    }

    fn group(&mut self, group: &'a QueryGroup, rows: Type) -> Checked<()> {
        let mut keys = Vec::new();
        for key in &group.keys {
            keys.push(self.expr(key)?);
        }
        let key = match keys.as_slice() {
            [one] => one.clone(),
            [Type::String, Type::String] => {
                let fields = ["a", "b"].map(|name| (name.to_owned(), Type::String)).to_vec();
                let pair = StructData { name: "pair_string".to_owned(), fields, ..StructData::default() };
                Type::Struct(self.nominals.add_struct(pair))
            }
            _ => Type::Any,
        };
        self.scopes.declare(&group.into.text, Type::Group((key, rows).into()), true);
        if let Some(having) = &group.having {
            self.bool_clause(having, Code::T042, "having")?;
            self.is_pure("having", having)?;
        }
        Ok(())
    }

    /// The type of `select sum(x)` and the like, which make one value of all rows.
    fn aggregate(&mut self, select: &'a Expr) -> Checked<Option<Type>> {
        let ExprKind::Call { callee, args } = &select.kind else { return Ok(None) };
        let (Some(name), [arg]) = (bare_name(callee), args.as_slice()) else { return Ok(None) };
        let is_aggregate = matches!(name, "sum" | "avg" | "min" | "max" | "count");
        if !is_aggregate || matches!(arg.kind, ExprKind::Query(_) | ExprKind::LogicQuery(_)) {
            return Ok(None);
        }
        let ty = self.expr(arg)?;
        let is_number = ty == Type::Any || ty.is_number();
        match name {
            "count" => Ok(Some(Type::Int)),
            "min" | "max" if is_number || ty == Type::String => Ok(Some(ty)),
            "sum" if is_number => Ok(Some(ty)),
            "avg" if is_number => Ok(Some(Type::Float)),
            _ => {
                let message = format!("{name}() expects numeric list or group, got {}", self.nominals.show(&ty));
                fail(Code::T041, select.span, message)
            }
        }
    }
}
