//! Which builtins of a group's rows can be added up while the rows are grouped, so that the group needs no lists.
//!
//! A row is then looked at when it joins its group, not when the group is complete. Nobody can tell if what is
//! looked at neither fails nor has an effect, knows nothing of the query but the row itself, and is not changed in
//! between. All builtins over a list have to be such, or the list is there and they go through it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Resolver;
use crate::builtins::Builtin;
use crate::check::resolved::{Aggregate, ArmBody, Expr, ExprId, ExprKind, Grouping, Join, Query, Table};
use crate::typed::LocalId;

impl Resolver<'_> {
    /// Notes the aggregates of a group of which all uses are resolved. From number `from` on expressions are
    /// evaluated for each row or later, from number `grouped` on for each group; locals from number `outer` on are
    /// the query's own.
    pub(super) fn accumulate(&mut self, group: &mut Grouping, [from, grouped]: [usize; 2], outer: usize) {
        let lists: BTreeSet<LocalId> = group.columns.iter().map(|column| column.list).collect();
        if lists.is_empty() || self.used_since(grouped).is_none() {
            return;
        }
        let is_still = self.has_no_effects(from);
        // By the argument: the builtin and the call.
        let mut found: BTreeMap<ExprId, (Builtin, ExprId)> = BTreeMap::new();
        for (at, expr) in self.program.exprs.iter().enumerate().skip(grouped) {
            let ExprKind::Builtin { builtin, args } = &expr.kind else { continue };
            let [of] = args.as_slice() else { continue };
            if is_aggregate(*builtin) && self.can_accumulate(*of, &lists, is_still, outer) {
                found.insert(*of, (*builtin, ExprId(at as u32)));
            }
        }
        let mut listed: BTreeSet<LocalId> = BTreeSet::new();
        loop {
            let before = found.len();
            for at in grouped..self.program.exprs.len() {
                let at = ExprId(at as u32);
                if !found.contains_key(&at) {
                    listed.extend(self.lists_of(at, &lists));
                }
            }
            found.retain(|&of, _| self.lists_of(of, &lists).is_disjoint(&listed));
            if found.len() == before {
                break;
            }
        }
        for column in &mut group.columns {
            column.is_listed = listed.contains(&column.list);
        }
        for (of, (builtin, call)) in found {
            let span = self.program.expr(call).span;
            let held = [self.own_container(span), self.own_container(span)];
            group.aggregates.push(Aggregate { builtin, call, of, same_as: None, held });
        }
        group.aggregates.sort_by_key(|aggregate| aggregate.call);
        for at in 1..group.aggregates.len() {
            let Aggregate { builtin, of, .. } = group.aggregates[at];
            let is_same = |known: &Aggregate| known.builtin == builtin && self.says_the_same(known.of, of);
            group.aggregates[at].same_as = group.aggregates[..at].iter().position(is_same);
        }
    }

    /// Whether two arguments of aggregates are the same but for the names of their variables.
    fn says_the_same(&self, a: ExprId, b: ExprId) -> bool {
        let (a, b) = match (&self.program.expr(a).kind, &self.program.expr(b).kind) {
            (ExprKind::Local(a), ExprKind::Local(b)) => return a == b,
            (ExprKind::Query(a), ExprKind::Query(b)) => (a, b),
            _ => return false,
        };
        let ([a_step], [b_step]) = (a.steps.as_slice(), b.steps.as_slice()) else { return false };
        let (Table::Group(a_lists), Table::Group(b_lists)) = (&a_step.table, &b_step.table) else { return false };
        let ([a_first, a_end], [b_first, b_end]) = (a.parts, b.parts);
        // Equal texts are resolved to equal expressions one after the other.
        let from_first = |of: &[ExprId], first: usize| of.iter().map(|id| id.index() - first).collect::<Vec<_>>();
        let row = |local: &LocalId| b_step.rows.iter().position(|row| row == local).map(|at| a_step.rows[at]);
        let is_same = |(a, b): (&Expr<'_>, &Expr<'_>)| {
            let id = |a: &ExprId, b: &ExprId| a.index() - a_first == b.index() - b_first;
            match (&a.kind, &b.kind) {
                (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
                (ExprKind::Float(a), ExprKind::Float(b)) => a.to_bits() == b.to_bits(),
                (ExprKind::Bool(a), ExprKind::Bool(b)) => a == b,
                (ExprKind::Str(a), ExprKind::Str(b)) => a == b,
                (ExprKind::None, ExprKind::None) => true,
                (ExprKind::Local(a), ExprKind::Local(b)) => *a == row(b).unwrap_or(*b),
                (ExprKind::Global(a), ExprKind::Global(b)) => a == b,
                (ExprKind::Unary(op, a), ExprKind::Unary(other, b)) => op == other && id(a, b),
                (ExprKind::Binary(op, a, c), ExprKind::Binary(other, b, d)) => op == other && id(a, b) && id(c, d),
                (ExprKind::Field { of: a, name }, ExprKind::Field { of: b, name: other }) => name == other && id(a, b),
                _ => false,
            }
        };
        a_lists == b_lists
            && a_step.rows.len() == b_step.rows.len()
            && a_end - a_first == b_end - b_first
            && from_first(&a_step.on, a_first) == from_first(&b_step.on, b_first)
            && a.select.index() - a_first == b.select.index() - b_first
            && self.program.exprs[a_first..a_end].iter().zip(&self.program.exprs[b_first..b_end]).all(is_same)
    }

    /// Which of the lists an expression itself looks at.
    fn lists_of(&self, at: ExprId, lists: &BTreeSet<LocalId>) -> BTreeSet<LocalId> {
        let mut used = BTreeSet::new();
        match &self.program.expr(at).kind {
            ExprKind::Local(local) => used.extend([*local]),
            ExprKind::Query(query) => {
                for step in &query.steps {
                    if let Table::Group(of) = &step.table {
                        used.extend(of);
                    }
                }
                used.extend(query.group.iter().flat_map(|group| group.columns.iter().map(|column| column.row)));
            }
            _ => {}
        }
        used.retain(|local| lists.contains(local));
        used
    }

    /// Whether a builtin of this argument can be added up. If `is_still`, nothing is changed while the query runs.
    fn can_accumulate(&self, of: ExprId, lists: &BTreeSet<LocalId>, is_still: bool, outer: usize) -> bool {
        let query = match &self.program.expr(of).kind {
            ExprKind::Local(list) => return lists.contains(list),
            ExprKind::Query(query) => query,
            _ => return false,
        };
        let [step] = query.steps.as_slice() else { return false };
        let Table::Group(of) = &step.table else { return false };
        if !of.iter().all(|list| lists.contains(list)) || step.join != Join::Inner || !is_plain(query) {
            return false;
        }
        let [first, end] = query.parts;
        let parts = &self.program.exprs[first..end];
        let knows_its_row = parts.iter().all(|expr| match &expr.kind {
            ExprKind::Local(local) => step.rows.contains(local) || local.0 < outer as u32,
            ExprKind::Query(_) => false,
            _ => true,
        });
        // Numbers that are rows themselves stay what they are.
        let is_row =
            matches!(self.program.expr(query.select).kind, ExprKind::Local(local) if step.rows.contains(&local));
        let stays = is_still || is_row && step.on.is_empty();
        first < end && stays && knows_its_row && self.are_harmless(parts)
    }

    /// Whether evaluating the expressions from number `first` on changes nothing that anything could look at. They
    /// may fail.
    fn has_no_effects(&self, first: usize) -> bool {
        self.program.exprs[first..].iter().all(|expr| match &expr.kind {
            ExprKind::Builtin { builtin, args: _ } => builtin.row().effect.label().is_none(),
            ExprKind::Match { target: _, arms } => arms.iter().all(|arm| matches!(arm.body, ArmBody::Expr(_))),
            ExprKind::Call { .. }
            | ExprKind::CallValue { .. }
            | ExprKind::Method { .. }
            | ExprKind::Closure { .. }
            | ExprKind::Cell(_)
            | ExprKind::Intrinsic { .. }
            | ExprKind::Load { .. }
            | ExprKind::Save { .. }
            | ExprKind::Refused => false,
            _ => true,
        })
    }
}

fn is_aggregate(builtin: Builtin) -> bool {
    matches!(
        builtin,
        Builtin::Count | Builtin::Len | Builtin::Exists | Builtin::Sum | Builtin::Avg | Builtin::Min | Builtin::Max
    )
}

/// Whether a query's results are those of its rows, as they come.
fn is_plain(query: &Query) -> bool {
    query.group.is_none() && query.sort.is_empty() && query.skip.is_none() && query.take.is_none() && !query.is_distinct
}
