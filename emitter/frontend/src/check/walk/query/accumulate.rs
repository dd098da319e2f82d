//! Aggregates of groups that are added up while the rows are grouped: columns with what each group has come to.

use super::aggregate::{Accumulator, State, can_add_up};
use super::*;
use crate::check::resolved::{self, Aggregate, Column, Grouping, Table};

/// An aggregate with what it has come to in each group.
pub(super) struct Sum<'p> {
    pub(super) aggregate: &'p Aggregate,
    accumulator: Accumulator<'p>,
    /// A column for each state of the accumulator.
    states: Vec<Expr>,
    /// Whether any value was counted in, where that does not go without saying.
    any: Option<Expr>,
    /// The type of the lists that the values would be in, and that of the values.
    results: (Type, Type),
}

impl<'p> Walk<'_, 'p, '_> {
    /// Whether the aggregate needs no list as far as its values are known.
    pub(super) fn adds_up(&mut self, group: &'p Grouping, aggregate: &'p Aggregate) -> bool {
        let aggregate = aggregate.same_as.map_or(aggregate, |same| &group.aggregates[same]);
        let (_, element) = self.results_of(group, aggregate);
        can_add_up(aggregate.builtin, element)
    }

    /// The columns of a group that have to be lists.
    pub(super) fn listed_columns(&mut self, group: &'p Grouping) -> Vec<&'p Column> {
        let mut listed: Vec<LocalId> = Vec::new();
        for aggregate in &group.aggregates {
            if !self.adds_up(group, aggregate) {
                match &self.program.expr(aggregate.of).kind {
                    resolved::ExprKind::Query(query) => {
                        for step in &query.steps {
                            if let Table::Group(lists) = &step.table {
                                listed.extend(lists);
                            }
                        }
                    }
                    resolved::ExprKind::Local(list) => listed.push(*list),
                    _ => {}
                }
            }
        }
        group.columns.iter().filter(|column| column.is_listed || listed.contains(&column.list)).collect()
    }

    /// The aggregates that need no lists, with empty columns.
    pub(super) fn sums(&mut self, group: &'p Grouping, out: &mut Block) -> Vec<Sum<'p>> {
        let mut sums: Vec<Sum<'p>> = Vec::new();
        for aggregate in &group.aggregates {
            if aggregate.same_as.is_some() || !self.adds_up(group, aggregate) {
                continue;
            }
            let span = self.program.expr(aggregate.call).span;
            let results = self.results_of(group, aggregate);
            let accumulator = self.accumulator(aggregate.builtin, results.1.without_none(), span);
            let mut held = aggregate.held.into_iter();
            let mut column = |walk: &mut Self, ty: Type| {
                let Some(held) = held.next() else { unreachable!("no aggregate has more than two columns") };
                walk.new_column(held, ty, out, span)
            };
            let states = accumulator.states.iter().map(|state| column(self, state.initial.ty)).collect();
            let is_certain = self.conds_of(aggregate).is_empty();
            let any = match &accumulator.any {
                Some(any) if !is_certain => Some(column(self, any.ty)),
                _ => None,
            };
            sums.push(Sum { aggregate, accumulator, states, any, results });
        }
        sums
    }

    /// Nothing has come to a new group yet.
    pub(super) fn begin(&mut self, sums: &[Sum<'p>], out: &mut Block) {
        for sum in sums {
            for (column, State { local: _, initial }) in sum.states.iter().zip(&sum.accumulator.states) {
                self.push(column, initial.clone(), out);
            }
            if let Some(any) = &sum.any {
                self.push(any, shape::bool(false, any.span), out);
            }
        }
    }

    /// Counts a row in that belongs to the group of this number. `is_new` holds for the first row of a group.
    pub(super) fn add_up(
        &mut self,
        group: &'p Grouping,
        sums: &[Sum<'p>],
        (number, is_new): (&Expr, &Expr),
        out: &mut Block,
    ) {
        for sum in sums {
            let aggregate = sum.aggregate;
            let conds = self.conds_of(aggregate);
            let before = self.present.clone();
            let row = |list: LocalId| {
                let Some(column) = group.columns.iter().find(|column| column.list == list) else {
                    unreachable!("aggregates are about columns of their group")
                };
                column.row
            };
            match &self.program.expr(aggregate.of).kind {
                resolved::ExprKind::Query(query) => {
                    for step in &query.steps {
                        let Table::Group(lists) = &step.table else { continue };
                        for (&list, &element) in lists.iter().zip(&step.rows) {
                            let value = self.local(row(list), step.text[0]).expr;
                            if value.ty != Type::NEVER {
                                self.set_row(element, value, out);
                            }
                        }
                    }
                    self.filtered(conds, out, &mut |walk, out| {
                        let value = walk.expr(query.select);
                        walk.count_in_group(sum, value, (number, is_new), out);
                    });
                }
                resolved::ExprKind::Local(list) => {
                    let value = self.local(row(*list), is_new.span).expr;
                    self.count_in_group(sum, value, (number, is_new), out);
                }
                _ => {}
            }
            self.present = before;
        }
    }

    fn count_in_group(&mut self, sum: &Sum<'p>, value: Expr, (number, is_new): (&Expr, &Expr), out: &mut Block) {
        let span = value.span;
        let Accumulator { states, any, .. } = &sum.accumulator;
        let mut step = Block::new();
        self.count_in((sum.aggregate.builtin, &sum.accumulator), value, sum.results, &mut step);
        if step.is_empty() {
            return;
        }
        for (column, State { local, initial: _ }) in sum.states.iter().zip(states) {
            out.push(assign(local, element(column, number, local.ty)));
        }
        if let Some(any) = any {
            let known = match &sum.any {
                Some(column) => element(column, number, Type::BOOL),
                None => shape::not(is_new.clone()),
            };
            out.push(assign(any, known));
        }
        out.append(&mut step);
        let mut store = |column: &Expr, value: &Expr| {
            let kind = StmtKind::SetIndex { of: column.clone(), index: number.clone(), value: value.clone() };
            out.push(Stmt { kind, span });
        };
        for (column, State { local, initial: _ }) in sum.states.iter().zip(states) {
            store(column, local);
        }
        if let (Some(column), Some(any)) = (&sum.any, any) {
            store(column, any);
        }
    }

    /// What the aggregates of the group of this number have come to.
    pub(super) fn totals(&mut self, group: &'p Grouping, sums: &[Sum<'p>], at: &Expr, out: &mut Block) {
        for sum in sums {
            let Accumulator { states, any, result, .. } = &sum.accumulator;
            for (column, State { local, initial: _ }) in sum.states.iter().zip(states) {
                out.push(assign(local, element(column, at, local.ty)));
            }
            if let Some(any) = any {
                let known = sum.any.as_ref().map(|column| element(column, at, Type::BOOL));
                out.push(assign(any, known.unwrap_or_else(|| shape::bool(true, any.span))));
            }
            let total = self.set_new(result.clone(), out);
            self.accumulated.insert(sum.aggregate.call, total);
        }
        for aggregate in &group.aggregates {
            let same = aggregate.same_as.and_then(|at| self.accumulated.get(&group.aggregates[at].call));
            if let Some(total) = same.cloned() {
                self.accumulated.insert(aggregate.call, total);
            }
        }
    }

    /// The type of the lists that the values of an aggregate would be in, and that of the values.
    fn results_of(&mut self, group: &'p Grouping, aggregate: &'p Aggregate) -> (Type, Type) {
        let container = match &self.program.expr(aggregate.of).kind {
            resolved::ExprKind::Local(list) => {
                group.columns.iter().find(|column| column.list == *list).map(|column| column.values)
            }
            _ => None,
        };
        let results = self.infer.new_container(self.id, container.unwrap_or(aggregate.of), Shape::List, 1);
        (results, self.infer.part(results.kind, 0, self.id))
    }

    fn conds_of(&self, aggregate: &Aggregate) -> &'p [ExprId] {
        let program = self.program;
        match &program.expr(aggregate.of).kind {
            resolved::ExprKind::Query(query) => query.steps.first().map_or(&[], |step| step.on.as_slice()),
            _ => &[],
        }
    }
}

fn element(column: &Expr, at: &Expr, ty: Type) -> Expr {
    let kind = ExprKind::ListIndex { of: Box::new(column.clone()), index: Box::new(at.clone()) };
    shape::expr(kind, ty, column.span)
}
