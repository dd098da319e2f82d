//! `group by`: groups in the order in which their keys first appear, and their rows as columns.

use super::accumulate::Sum;
use super::*;
use crate::check::resolved::{Column, Grouping};

/// The groups that there are so far, in locals.
struct Groups<'p> {
    /// The number of each by its key.
    index: Expr,
    /// By number: the parts of their keys, the lists of their rows' variables, what aggregates have come to.
    keys: Vec<Expr>,
    columns: Vec<(&'p Column, Expr)>,
    sums: Vec<Sum<'p>>,
}

impl<'w, 'p, 'a> Walk<'w, 'p, 'a> {
    /// The groups of a query's rows, each given to `sink`.
    pub(super) fn each_group(
        &mut self,
        query: &'p Query,
        group: &'p Grouping,
        out: &mut Block,
        sink: &mut Sink<'_, 'w, 'p, 'a>,
        span: Span,
    ) {
        let index = self.new_numbers(group.index, out, span);
        let keys: Vec<Expr> = group.keys.iter().map(|key| self.new_column(key.held, Type::NEVER, out, span)).collect();
        let sums = self.sums(group, out);
        let columns: Vec<(&Column, Expr)> = self
            .listed_columns(group)
            .into_iter()
            .map(|column| {
                let values = self.infer.new_container(self.id, column.values, Shape::List, 1);
                (column, self.new_column(column.held, values, out, span))
            })
            .collect();
        let groups = Groups { index, keys, columns, sums };
        // Groups need all rows.
        let enough = self.enough.take();
        self.each_row(query, out, &mut |walk, out| {
            walk.add_to_group(group, &groups, out, span);
        });
        self.enough = enough;
        let Groups { index: _, keys, columns, sums } = groups;
        self.count_up(&keys[0], out, span, |walk, at, body| {
            for (key, held) in group.keys.iter().zip(&keys) {
                walk.set_to_element(key.local, held, &at, body);
            }
            for (column, held) in &columns {
                walk.set_to_element(column.list, held, &at, body);
            }
            walk.totals(group, &sums, &at, body);
            walk.filtered(&group.having, body, sink);
            walk.stop(body, span);
            for aggregate in &group.aggregates {
                walk.accumulated.remove(&aggregate.call);
            }
        });
    }

    fn set_to_element(&mut self, local: LocalId, list: &Expr, at: &Expr, out: &mut Block) {
        let element = self.held(list);
        if element == Type::NEVER {
            return;
        }
        let kind = ExprKind::ListIndex { of: Box::new(list.clone()), index: Box::new(at.clone()) };
        self.set_row(local, shape::expr(kind, element, list.span), out);
    }

    /// Adds the row to its group, which is made if it is the first one.
    fn add_to_group(
        &mut self,
        group: &'p Grouping,
        Groups { index, keys, columns, sums }: &Groups<'p>,
        out: &mut Block,
        span: Span,
    ) {
        let mut values = Vec::with_capacity(keys.len());
        for key in &group.keys {
            let value = self.expr(key.value);
            values.push(if shape::is_movable(&value) { value } else { self.set_new(value, out) });
        }
        if values.iter().any(|value| value.ty == Type::NEVER) {
            return;
        }
        let key = self.group_key(&values, span);
        let key = if shape::is_movable(&key) { key } else { self.set_new(key, out) };
        let kind = ExprKind::MapIndex { of: Box::new(index.clone()), key: Box::new(key.clone()) };
        let found = self.set_new(shape::expr(kind, Type::INT.or_none(), span), out);
        let number = self.new_local(Type::INT, span);
        let mut new = vec![assign(&number, length(&keys[0]))];
        let kind = StmtKind::SetEntry { of: index.clone(), key, value: number.clone() };
        new.push(Stmt { kind, span });
        for (held, value) in keys.iter().zip(values) {
            self.push(held, value, &mut new);
        }
        for (_, held) in columns {
            let ty = self.held(held);
            self.push(held, shape::expr(ExprKind::List(Vec::new()), ty, span), &mut new);
        }
        self.begin(sums, &mut new);
        let known = vec![assign(&number, shape::present(found.clone()))];
        let is_new = shape::is_none(found);
        out.push(Stmt { kind: StmtKind::If { cond: is_new.clone(), then: new, otherwise: known }, span });
        self.add_up(group, sums, (&number, &is_new), out);
        for (column, held) in columns {
            let value = self.local(column.row, span).expr;
            let ty = self.held(held);
            self.infer.join_part(ty.kind, 0, value.ty, span);
            let ty = self.infer.canonical(ty);
            let element = self.infer.part(ty.kind, 0, self.id);
            if value.ty == Type::NEVER || element == Type::NEVER {
                continue;
            }
            let of = ExprKind::ListIndex { of: Box::new(held.clone()), index: Box::new(number.clone()) };
            let of = shape::expr(of, ty, span);
            let value = shape::builtin(Builtin::Append, vec![of, shape::convert(value, element)], ty, span);
            let kind = StmtKind::SetIndex { of: held.clone(), index: number.clone(), value };
            out.push(Stmt { kind, span });
        }
    }

    /// What groups with equal keys have in common. Parts of a key are separated by a byte that texts do not have.
    fn group_key(&mut self, values: &[Expr], span: Span) -> Expr {
        let mut key: Option<Expr> = None;
        for value in values {
            let part = if values.len() == 1 { self.key_text(value.clone()) } else { self.as_text(value.clone(), span) };
            let concat = |lhs: Expr, rhs: Expr| {
                let (lhs, rhs) = (Box::new(lhs), Box::new(rhs));
                shape::expr(ExprKind::Concat { lhs, rhs }, Type::STRING, span)
            };
            key = Some(match key {
                Some(first) => concat(concat(first, shape::string("\0", span)), part),
                None => part,
            });
        }
        key.unwrap_or_else(|| shape::int(0, span))
    }
}
