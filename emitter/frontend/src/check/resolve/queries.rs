//! Queries: the scopes of their variables, and the plan of their steps.
//!
//! Row variables are locals of the function around the query. What names several values – the row of
//! a group of joined rows, a group, a group's key of several parts – is no value at all: it is a
//! [`Shape`] over locals, and only where the program uses it as a whole is a map made of it. So
//! neither a group nor its rows cost anything but their columns.

mod accumulate;
mod plan;
mod shapes;
pub(super) mod update;

use std::collections::{BTreeSet, HashMap};

pub(super) use self::shapes::Shape;

use super::{Bound, Resolver};
use crate::builtins::Builtin;
use crate::check::resolved::{Column, ExprId, ExprKind, GroupKey, Grouping, Join, Place, Query, SortKey, Step, Table};
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::LocalId;

/// A step of a query whose conditions are not placed yet.
struct Source<'a> {
    step: Step,
    shape: Shape<'a>,
    name: &'a str,
    conds: Vec<plan::Cond>,
    /// Evaluating the source neither fails nor has an effect.
    is_harmless: bool,
    /// The locals that the source mentions.
    uses: plan::Uses,
}

impl<'a> Resolver<'a> {
    pub(super) fn query(&mut self, query: &'a ast::Query, span: Span) -> ExprId {
        let aggregate = self.aggregate(query);
        let first = self.program.exprs.len();
        let outer = self.func.locals.len();
        self.func.blocks.push(HashMap::new());
        let mut sources: Vec<Source<'a>> = Vec::new();
        let mut rows_from = first;
        for from in &query.froms {
            let source = self.source(&from.var, &from.source, Join::Inner);
            if sources.is_empty() {
                rows_from = self.program.exprs.len();
            }
            sources.push(source);
        }
        let is_single = query.froms.len() == 1 && query.joins.len() == 1;
        for join in &query.joins {
            let kind = match (join.kind, is_single) {
                (ast::JoinKind::Left, _) | (ast::JoinKind::Right, true) | (ast::JoinKind::Outer, false) => Join::Left,
                (ast::JoinKind::Outer, true) => Join::Outer,
                (ast::JoinKind::Inner, _) | (ast::JoinKind::Right, false) => Join::Inner,
            };
            let mut source = self.source(&join.var, &join.source, kind);
            if is_single {
                rows_from = self.program.exprs.len();
            }
            self.conds(&join.on, &mut source.conds);
            sources.push(source);
        }
        let mut conds = Vec::new();
        if let Some(cond) = &query.cond {
            self.conds(cond, &mut conds);
        }
        let is_right = is_single && query.joins[0].kind == ast::JoinKind::Right;
        let shape = Shape::row(sources.iter().map(|source| (source.name, source.shape.clone())).collect());
        let steps = plan::place(sources, conds, query.joins.len(), is_right);
        let grouped = self.program.exprs.len();
        let group = query.group.as_ref().map(|group| self.group(group, shape));
        let (keys, select) = self.results(query, aggregate, query.joins.len() > 1);
        let (skip, take) = (self.optional_expr(query.skip.as_ref()), self.optional_expr(query.take.as_ref()));
        self.func.blocks.pop();
        let mut resolved = Query {
            span: (!self.prelude.is_open).then_some(span),
            parts: [first, self.program.exprs.len()],
            steps,
            is_swapped: is_right,
            group,
            sort: keys,
            keys_first: query.joins.len() > 1,
            skip,
            take,
            is_distinct: query.distinct,
            select,
            columns: self.own_container(span),
            order: self.own_container(span),
            seen: self.own_container(span),
            seen_key: self.own_container(span),
        };
        self.drop_unused_columns(&mut resolved, first, grouped);
        if let Some(group) = &mut resolved.group {
            self.accumulate(group, [rows_from, grouped], outer);
        }
        let rows = self.push(ExprKind::Query(Box::new(resolved)), span);
        match aggregate {
            Some((builtin, _)) => self.builtin(builtin, vec![rows], span),
            None => rows,
        }
    }

    /// What the sort key and the select clause say, in the order in which they are evaluated.
    fn results(
        &mut self,
        query: &'a ast::Query,
        aggregate: Option<(Builtin, &'a ast::Expr)>,
        keys_first: bool,
    ) -> (Vec<SortKey>, ExprId) {
        let select = aggregate.map_or(&query.select, |(_, of)| of);
        let mut result = None;
        if !keys_first {
            result = Some(self.expr(select));
        }
        let keys = query.sort.as_ref().map(|key| self.sort_keys(key)).unwrap_or_default();
        (keys, result.unwrap_or_else(|| self.expr(select)))
    }

    /// A list of keys orders as its elements do, one after the other.
    fn sort_keys(&mut self, key: &'a ast::Expr) -> Vec<SortKey> {
        let keys: Vec<&'a ast::Expr> = match &key.kind {
            ast::ExprKind::List(keys) if !keys.is_empty() => keys.iter().collect(),
            _ => vec![key],
        };
        let mut resolved = Vec::with_capacity(keys.len());
        let outer = std::mem::replace(&mut self.is_sort_key, true);
        for key in keys {
            let value = self.expr(key);
            resolved.push(SortKey { value, held: self.own_container(key.span) });
        }
        self.is_sort_key = outer;
        resolved
    }

    /// The builtin that is the whole of the select clause, with what it is about.
    fn aggregate(&self, query: &'a ast::Query) -> Option<(Builtin, &'a ast::Expr)> {
        let ast::ExprKind::Call { callee, args } = &query.select.kind else { return None };
        let (ast::ExprKind::Name(name), [of]) = (&callee.kind, args.as_slice()) else { return None };
        let builtin = match name.as_str() {
            "sum" => Builtin::Sum,
            "avg" => Builtin::Avg,
            "min" => Builtin::Min,
            "max" => Builtin::Max,
            "count" => Builtin::Count,
            _ => return None,
        };
        let is_of_rows = query.group.is_none() && !matches!(of.kind, ast::ExprKind::Query(_));
        let is_builtin = !self.is_bound(name)
            && !self.names().functions.contains_key(name.as_str())
            && !self.names().variables.contains(name.as_str());
        (is_of_rows && is_builtin).then_some((builtin, of))
    }

    /// A source with its variable, which is in scope from here on.
    fn source(&mut self, var: &'a ast::Name, source: &'a ast::Expr, join: Join) -> Source<'a> {
        let first = self.program.exprs.len();
        let (table, shape) = match self.group_of(source) {
            Some(element) => {
                let lists = element.locals();
                let mut rows = HashMap::new();
                for &list in &lists {
                    rows.insert(list, self.hidden_local(var.span));
                }
                (Table::Group(lists), element.map(&|list| rows[&list]))
            }
            None => {
                let of = self.expr(source);
                (Table::Expr(of), Shape::Value(self.hidden_local(var.span)))
            }
        };
        let uses = self.uses(first);
        let is_harmless = self.is_harmless(first);
        let rows = shape.locals();
        self.bind_shape(&var.text, shape.clone());
        let step = Step {
            join,
            table,
            rows,
            text: [var.span, source.span],
            is_fixed: false,
            keys: Vec::new(),
            on: Vec::new(),
            filters: Vec::new(),
            heads: self.own_container(var.span),
            nexts: self.own_container(var.span),
        };
        Source { step, shape, name: &var.text, conds: Vec::new(), is_harmless, uses }
    }

    /// `group by`: from here on the group is in scope and the rows are not.
    fn group(&mut self, group: &'a ast::QueryGroup, row: Shape<'a>) -> Grouping {
        let parts = key_parts(&group.keys);
        let mut keys = Vec::new();
        let mut named = Vec::new();
        for (name, value) in &parts.values {
            let value = self.expr(value);
            let local = self.hidden_local(group.into.span);
            keys.push(GroupKey { value, local, held: self.own_container(group.into.span) });
            named.push((*name, Shape::Value(local)));
        }
        let mut lists = HashMap::new();
        let mut columns = Vec::new();
        for row in row.locals() {
            let list = self.hidden_local(group.into.span);
            lists.insert(row, list);
            let (values, held) = (self.own_container(group.into.span), self.own_container(group.into.span));
            columns.push(Column { row, list, values, held, is_listed: true });
        }
        let element = row.map(&|row| lists[&row]);
        self.func.blocks.pop();
        self.func.blocks.push(HashMap::new());
        let exposed = if parts.is_exposed { named.clone() } else { Vec::new() };
        let key = match named.as_slice() {
            [(_, only)] if parts.is_single => only.clone(),
            _ => Shape::Map { fields: named, is_row: false },
        };
        self.bind_shape(&group.into.text, Shape::group(key, exposed, element));
        let mut having = Vec::new();
        if let Some(cond) = &group.having {
            having.push(self.expr(cond));
        }
        Grouping { keys, columns, aggregates: Vec::new(), having, index: self.own_container(group.into.span) }
    }

    /// The locals that the expressions from number `first` on look at; none if that is not known.
    pub(super) fn used_since(&self, first: usize) -> Option<BTreeSet<LocalId>> {
        let mut used: BTreeSet<LocalId> = BTreeSet::new();
        for expr in &self.program.exprs[first..] {
            match &expr.kind {
                ExprKind::Local(local) => {
                    used.insert(*local);
                }
                ExprKind::Query(query) => {
                    for step in &query.steps {
                        if let Table::Group(lists) = &step.table {
                            used.extend(lists);
                        }
                    }
                    used.extend(query.group.iter().flat_map(|group| group.columns.iter().map(|column| column.row)));
                }
                // What nested functions capture is known later.
                ExprKind::Closure { .. } | ExprKind::Refused => return None,
                ExprKind::Call { function, args: _ } if self.nested.parents.contains_key(function) => return None,
                _ => {}
            }
        }
        Some(used)
    }

    /// Leaves out the values of groups that nothing looks at: of the group of this query, of which all uses have been
    /// resolved from number `grouped` on, and of groups that it goes through, from number `first` on.
    fn drop_unused_columns(&self, query: &mut Query, first: usize, grouped: usize) {
        if let (Some(group), Some(used)) = (&mut query.group, self.used_since(grouped)) {
            group.columns.retain(|column| used.contains(&column.list));
        }
        let Some(mut used) = self.used_since(first) else { return };
        used.extend(query.group.iter().flat_map(|group| group.columns.iter().map(|column| column.row)));
        for step in &mut query.steps {
            if let Table::Group(lists) = &mut step.table {
                let pairs = lists.iter().copied().zip(step.rows.iter().copied());
                let mut kept: Vec<(LocalId, LocalId)> = pairs.filter(|(_, row)| used.contains(row)).collect();
                if kept.is_empty() {
                    // One tells how many there are.
                    kept.push((lists[0], step.rows[0]));
                }
                (*lists, step.rows) = kept.into_iter().unzip();
            }
        }
    }

    fn bind_shape(&mut self, name: &'a str, shape: Shape<'a>) {
        let to = match shape {
            Shape::Value(local) => Bound::Variable(Place::Local(local)),
            shape => {
                self.shapes.push(shape);
                Bound::Shape(self.shapes.len() - 1)
            }
        };
        self.bind(name, to);
    }

    /// An expression that stands for a container which only the query sees.
    pub(super) fn own_container(&mut self, span: Span) -> ExprId {
        self.push(ExprKind::None, span)
    }
}

/// The values that make a group's key, with their names.
struct KeyParts<'a> {
    values: Vec<(&'a str, &'a ast::Expr)>,
    /// The key is the only value itself.
    is_single: bool,
    /// The group has the parts under their names, too.
    is_exposed: bool,
}

fn key_parts(keys: &[ast::Expr]) -> KeyParts<'_> {
    if let [ast::Expr { kind: ast::ExprKind::Map(entries), span: _ }] = keys {
        let named = entries.iter().map(|entry| match &entry.key {
            ast::MapKey::Name(name) => Some((name.text.as_str(), &entry.value)),
            ast::MapKey::Expr(ast::Expr { kind: ast::ExprKind::Str(bytes), span: _ }) => {
                Some((std::str::from_utf8(bytes).ok()?, &entry.value))
            }
            ast::MapKey::Expr(_) => None,
        });
        let named: Option<Vec<_>> = named.collect();
        if let Some(values) = named
            && !values.is_empty()
            && (1..values.len()).all(|at| values[..at].iter().all(|(name, _)| *name != values[at].0))
        {
            return KeyParts { values, is_single: false, is_exposed: false };
        }
    }
    if let [key] = keys {
        return KeyParts { values: vec![("key", key)], is_single: true, is_exposed: false };
    }
    let mut values: Vec<(&str, &ast::Expr)> = Vec::new();
    const UNNAMED: [&str; 8] = ["k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"];
    for (at, key) in keys.iter().enumerate() {
        let name = match &key.kind {
            ast::ExprKind::Field { of: _, name, optional: _ } => name.text.as_str(),
            ast::ExprKind::Name(name) => name.as_str(),
            _ => UNNAMED[at.min(UNNAMED.len() - 1)],
        };
        // Of two parts with one name the later counts.
        values.retain(|(known, _)| *known != name);
        values.push((name, key));
    }
    KeyParts { values, is_single: false, is_exposed: true }
}
