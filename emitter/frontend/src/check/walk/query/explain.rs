//! What `explain` says about a query.

use super::join::Source;
use super::*;
use crate::check::resolved::Join;
use crate::plan::{Partners, Plan, Step, What};

impl<'p> Walk<'_, 'p, '_> {
    /// Notes how a query is run whose sources are in these tables, if they are the same for all rows.
    pub(super) fn explain(&mut self, query: &'p Query, tables: &[Option<Source>]) {
        let (Some(span), true) = (query.span, self.infer.is_final()) else { return };
        let spans = |exprs: &[ExprId]| exprs.iter().map(|&expr| self.program.expr(expr).span).collect::<Vec<Span>>();
        let mut steps = Vec::new();
        let mut add = |what: What, about: Vec<Span>| steps.push(Step { what, about });
        for (at, (step, table)) in query.steps.iter().zip(tables).enumerate() {
            let partners = match step.join {
                Join::Inner => Partners::Inner,
                Join::Left => Partners::Left,
                Join::LeftLast => Partners::LeftLast,
                Join::Outer => Partners::Outer,
            };
            let keys = table.as_ref().and_then(Source::hashed);
            add(
                match (table, keys) {
                    (Some(_), _) if at == 0 => What::Scan,
                    (None, _) if partners == Partners::Inner => What::ScanAgain,
                    (_, Some(_)) => What::Hashed(partners),
                    (_, None) => What::Nested(partners),
                },
                step.text.to_vec(),
            );
            let keys = keys.unwrap_or_default();
            if !keys.is_empty() {
                add(What::Keys, spans(keys));
            }
            let others: Vec<ExprId> = step.on.iter().copied().filter(|cond| !keys.contains(cond)).collect();
            let tests = if step.join == Join::Inner { What::Filter } else { What::On };
            for &cond in &others {
                add(tests, spans(&[cond]));
            }
            for &cond in &step.filters {
                add(What::Filter, spans(&[cond]));
            }
        }
        if let Some(group) = &query.group {
            add(What::Group, group.keys.iter().flat_map(|key| spans(&[key.value])).collect());
            let aggregates = group.aggregates.iter().filter(|aggregate| self.adds_up(group, aggregate));
            let aggregates = aggregates.filter(|aggregate| aggregate.same_as.is_none());
            let aggregates: Vec<ExprId> = aggregates.map(|aggregate| aggregate.call).collect();
            if !aggregates.is_empty() {
                add(What::AddUp, spans(&aggregates));
            }
            for &cond in &group.having {
                add(What::Having, spans(&[cond]));
            }
        }
        if !query.sort.is_empty() {
            let is_cut = query.take.is_some() && !query.is_distinct;
            let keys = query.sort.iter().flat_map(|key| spans(&[key.value])).collect();
            add(if is_cut { What::Top } else { What::Sort }, keys);
        }
        if query.is_distinct {
            add(What::Distinct, Vec::new());
        }
        if let Some(skip) = query.skip {
            add(What::Skip, spans(&[skip]));
        }
        if let Some(take) = query.take {
            add(What::Take, spans(&[take]));
        }
        add(What::Select, spans(&[query.select]));
        self.infer.plan(Plan { span, steps });
    }
}
