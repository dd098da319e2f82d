//! Where the conditions of a query are tested, and which of them become keys of hash joins.
//!
//! A condition moves to the first step after which all that it mentions is known. It passes only what
//! neither fails nor has an effect, so that nothing that the reference shows is lost, and of conditions
//! at one step the order stays. An equality of something of the rows before and something of a step's
//! element is a key, if the step's source is the same for all rows.

use std::collections::BTreeSet;

use super::super::Resolver;
use super::Source;
use crate::builtins::Builtin;
use crate::check::resolved::{ArmBody, Expr, ExprId, ExprKind, Join, Key, Pattern, Step};
use crate::syntax::ast::{self, BinaryOp};
use crate::typed::LocalId;

/// The locals that an expression mentions.
#[derive(Clone)]
pub(super) enum Uses {
    Locals(BTreeSet<LocalId>),
    /// They are not known.
    All,
}

impl Uses {
    fn touches(&self, locals: &[LocalId]) -> bool {
        match self {
            Uses::Locals(uses) => locals.iter().any(|local| uses.contains(local)),
            Uses::All => true,
        }
    }
}

/// One of the conditions that all have to hold.
pub(super) struct Cond {
    expr: ExprId,
    uses: Uses,
    is_harmless: bool,
    /// The sides of an equality.
    equal: Option<[(ExprId, Uses); 2]>,
}

impl<'a> Resolver<'a> {
    /// The conditions that an expression is made of by `&&`.
    pub(super) fn conds(&mut self, expr: &'a ast::Expr, out: &mut Vec<Cond>) {
        let mut open = vec![expr];
        while let Some(expr) = open.pop() {
            if let ast::ExprKind::Binary(BinaryOp::And, lhs, rhs) = &expr.kind {
                open.extend([&**rhs, &**lhs]);
                continue;
            }
            let first = self.program.exprs.len();
            let (id, equal) = match &expr.kind {
                ast::ExprKind::Binary(BinaryOp::Eq, lhs, rhs) => {
                    let left = self.expr(lhs);
                    let left_uses = self.uses(first);
                    let middle = self.program.exprs.len();
                    let right = self.expr(rhs);
                    let right_uses = self.uses(middle);
                    let id = self.push(ExprKind::Binary(BinaryOp::Eq, left, right), expr.span);
                    (id, Some([(left, left_uses), (right, right_uses)]))
                }
                _ => (self.expr(expr), None),
            };
            out.push(Cond { expr: id, uses: self.uses(first), is_harmless: self.is_harmless(first), equal });
        }
    }

    /// What the expressions from number `first` on, which are all that was resolved since, mention.
    pub(super) fn uses(&self, first: usize) -> Uses {
        let mut uses = BTreeSet::new();
        for expr in &self.program.exprs[first..] {
            match expr.kind {
                ExprKind::Local(local) => {
                    uses.insert(local);
                }
                // What nested functions capture is not known yet.
                ExprKind::Closure { .. } | ExprKind::Refused => return Uses::All,
                ExprKind::Call { function, args: _ } if self.nested.parents.contains_key(&function) => {
                    return Uses::All;
                }
                _ => {}
            }
        }
        Uses::Locals(uses)
    }

    /// Whether those expressions can neither fail nor do anything.
    pub(super) fn is_harmless(&self, first: usize) -> bool {
        self.are_harmless(&self.program.exprs[first..])
    }

    /// Whether none of the expressions can fail or do anything.
    pub(super) fn are_harmless(&self, exprs: &[Expr<'a>]) -> bool {
        exprs.iter().all(|expr| match &expr.kind {
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::Text(_)
            | ExprKind::None
            | ExprKind::Absent
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::List(_)
            | ExprKind::Map(_)
            | ExprKind::Record { .. }
            | ExprKind::Unary(..)
            | ExprKind::If { .. }
            | ExprKind::Field { .. }
            | ExprKind::Row(_)
            | ExprKind::Lookup { .. }
            | ExprKind::Query(_) => true,
            ExprKind::Binary(BinaryOp::Div | BinaryOp::Rem, _, by) => match self.program.expr(*by).kind {
                ExprKind::Int(by) => by != 0,
                ExprKind::Float(by) => by != 0.0,
                _ => false,
            },
            ExprKind::Binary(BinaryOp::In, _, of) => matches!(self.program.expr(*of).kind, ExprKind::List(_)),
            ExprKind::Binary(..) => true,
            ExprKind::Match { target: _, arms } => arms.iter().all(|arm| {
                let is_constant = matches!(arm.pattern, Pattern::Wildcard | Pattern::Literal(_));
                is_constant && matches!(arm.body, ArmBody::Expr(_))
            }),
            ExprKind::Builtin { builtin, args } => match builtin {
                Builtin::Str => true,
                Builtin::Count
                | Builtin::Sum
                | Builtin::Avg
                | Builtin::Min
                | Builtin::Max
                | Builtin::Exists
                | Builtin::Len => args.iter().all(|&arg| matches!(self.program.expr(arg).kind, ExprKind::Query(_))),
                _ => false,
            },
            _ => false,
        })
    }
}

/// The steps of a query. The reference tests `conds`, those of `where`, after all joins; without joins, as soon as all
/// variables that any of them mentions are there.
pub(super) fn place(mut sources: Vec<Source<'_>>, conds: Vec<Cond>, joins: usize, is_right: bool) -> Vec<Step> {
    let is_single = joins == 1 && sources.len() == 2;
    let is_equi = sources.last().is_some_and(|source| source.conds.len() == 1 && source.conds[0].equal.is_some());
    if is_right {
        // Each element of the right source with the rows of the left one.
        sources.swap(0, 1);
        sources[1].conds = std::mem::take(&mut sources[0].conds);
        sources[1].step.join = std::mem::replace(&mut sources[0].step.join, Join::Inner);
    } else if is_single && !is_equi && sources[1].step.join == Join::Left {
        sources[1].step.join = Join::LeftLast;
    }
    let rows: Vec<Vec<LocalId>> = sources.iter().map(|source| source.step.rows.clone()).collect();
    let known = |cond: &Cond| (0..rows.len()).rfind(|&at| cond.uses.touches(&rows[at])).unwrap_or(0);
    let last = if joins > 0 { rows.len() - 1 } else { conds.iter().map(known).max().unwrap_or(0) };
    // No condition moves to before a step that may fail or do something.
    let mut first = 0;
    for (at, source) in sources.iter_mut().enumerate() {
        let is_apart = !rows[..at].iter().any(|locals| source.uses.touches(locals));
        source.step.is_fixed = at == 0 || is_single || (is_apart && source.is_harmless);
        let is_kept_whole = matches!(source.step.join, Join::LeftLast | Join::Outer);
        let is_harmless = source.is_harmless && source.conds.iter().all(|cond| cond.is_harmless);
        if at <= last && (!is_harmless || is_kept_whole) {
            first = at;
        }
    }
    let mut placed: Vec<Vec<Cond>> = sources.iter().map(|_| Vec::new()).collect();
    for cond in conds {
        if !cond.is_harmless {
            first = last;
        }
        placed[known(&cond).max(first)].push(cond);
    }
    let steps = sources.into_iter().zip(placed).enumerate().map(|(at, (source, filters))| {
        let mut step = source.step;
        let mut tests: Vec<Cond> = source.conds;
        let mut filters = filters;
        if step.join == Join::Inner {
            tests.append(&mut filters);
        }
        if at > 0 && step.is_fixed {
            step.keys = keys(&tests, &rows[..at], &rows[at]);
        }
        step.on = tests.iter().map(|cond| cond.expr).collect();
        step.filters = filters.iter().map(|cond| cond.expr).collect();
        step
    });
    steps.collect()
}

/// The equalities among the conditions of an element that lead to it; those after one that may fail do not count.
fn keys(conds: &[Cond], before: &[Vec<LocalId>], rows: &[LocalId]) -> Vec<Key> {
    let mut keys = Vec::new();
    for cond in conds.iter().take_while(|cond| cond.is_harmless) {
        let Some([(left, left_uses), (right, right_uses)]) = &cond.equal else { continue };
        let of_rows = |uses: &Uses| !uses.touches(rows) && before.iter().any(|locals| uses.touches(locals));
        let of_element = |uses: &Uses| uses.touches(rows) && !before.iter().any(|locals| uses.touches(locals));
        if of_rows(left_uses) && of_element(right_uses) {
            keys.push(Key { cond: cond.expr, row: *left, element: *right });
        } else if of_rows(right_uses) && of_element(left_uses) {
            keys.push(Key { cond: cond.expr, row: *right, element: *left });
        }
    }
    keys
}
