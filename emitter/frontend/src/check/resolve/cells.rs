//! Which captured variables live in cells, which the functions that capture them share.
//!
//! A variable that only its own function ever sets needs none where a copy says the same: no function
//! that captures it is a value, so that each of them runs while its owner waits; or it is never set
//! once there may be such a value. All others that are set do.
//!
//! A variable of the top level is better shared as a global: that takes no memory for each cell, and
//! a function that it holds cannot keep it alive by capturing it.

use std::collections::{BTreeMap, BTreeSet};

use super::Resolver;
use super::nested::Nested;
use crate::check::resolved::{ExprKind, FuncId, Function};
use crate::source::Span;
use crate::typed::LocalId;

/// A variable, by the function that declares it.
type Owned = (FuncId, LocalId);

/// Assignments to a variable by one function.
#[derive(Clone, Copy)]
pub(super) struct Assigned {
    /// Where the last one ends.
    pub(super) end: u32,
}

impl<'a> Resolver<'a> {
    /// Makes a function of the top-level statements. They are resolved again when it turns out that variables of
    /// theirs had better be globals.
    pub(super) fn start_function(&mut self) {
        let main = self.program.main;
        loop {
            let (nested, prelude, casts) = (self.nested.clone(), self.prelude.clone(), self.casts.clone());
            let method_values = self.program.method_values.clone();
            let (agents, logic, globals) = (self.agents.clone(), self.logic.clone(), self.program.globals.len());
            let (functions, exprs) = (self.program.functions.len(), self.program.exprs.len());
            let diagnostics = self.diagnostics.len();
            self.top_level.clear();
            self.program.functions[main.index()] = self.main();
            self.complete_captures();
            let shared = self.variables_in_cells();
            let top_level = self.top_level.iter().filter(|(_, declared)| {
                let is_shared = |local: &LocalId| shared.contains(&(main, *local));
                let is_captured = |local: &LocalId| self.nested.is_captured(main, *local);
                declared.iter().any(is_shared) || declared.len() > 1 && declared.iter().any(is_captured)
            });
            let names: Vec<&str> = top_level.map(|(&name, _)| name).collect();
            // What makes an agent is a function, which may turn variables into globals after they were declared.
            if names.is_empty() && self.program.globals.len() == globals {
                return;
            }
            (self.nested, self.prelude, self.casts) = (nested, prelude, casts);
            (self.agents, self.logic) = (agents, logic);
            self.program.method_values = method_values;
            self.program.functions.truncate(functions);
            self.arities.truncate(functions);
            self.program.exprs.truncate(exprs);
            self.diagnostics.truncate(diagnostics);
            for name in names {
                self.global(name, Span::new(self.program.file, 0, 0));
            }
        }
    }

    /// The captured variables that have to live in cells.
    pub(super) fn variables_in_cells(&self) -> BTreeSet<Owned> {
        let nested = &self.nested;
        let mut set_inside = BTreeSet::new();
        let mut set_by_owner: BTreeMap<Owned, Assigned> = BTreeMap::new();
        let is_empty_container = |place: &Owned| nested.without_value.contains(&nested.owner_of(*place));
        let element = nested.element_assigned.iter().filter(|(place, _)| is_empty_container(place));
        for (&place, &assigned) in nested.assigned.iter().chain(element) {
            let owned = nested.owner_of(place);
            if owned == place {
                let end = set_by_owner.get(&owned).map_or(0, |before| before.end);
                set_by_owner.insert(owned, Assigned { end: assigned.end.max(end) });
            } else {
                set_inside.insert(owned);
            }
        }
        let is_value = |call: &&(FuncId, FuncId, _)| matches!(self.program.expr(call.2).kind, ExprKind::Closure { .. });
        let values: BTreeSet<FuncId> = nested.calls.iter().filter(is_value).map(|call| call.1).collect();
        let mut kept = BTreeSet::new();
        for (&function, captures) in &nested.captures {
            for &(_, local) in captures {
                let owned = nested.owner_of((function, local));
                let Some(assigned) = set_by_owner.get(&owned) else { continue };
                let owner = &self.program.functions[owned.0.index()];
                if values.contains(&function) && !nested.is_set_before(owned, owner, function, *assigned) {
                    kept.insert(owned);
                }
            }
        }
        kept.extend(set_inside.into_iter().filter(|&(function, local)| nested.is_captured(function, local)));
        kept
    }
}

impl Nested {
    /// The variable that a local is, or that it is a captured one of.
    pub(super) fn owner_of(&self, (mut function, mut local): Owned) -> Owned {
        while let Some(captures) = self.captures.get(&function)
            && let Some(&(outer, _)) = captures.iter().find(|(_, own)| *own == local)
        {
            (function, local) = (self.parents[&function].function, outer);
        }
        (function, local)
    }

    /// Whether a function in `function` captures its variable.
    fn is_captured(&self, function: FuncId, local: LocalId) -> bool {
        self.captures.iter().any(|(inner, captures)| {
            self.parents[inner].function == function && captures.iter().any(|&(outer, _)| outer == local)
        })
    }

    /// Whether its owner does not set the variable any more once there may be a value that runs `inner`.
    fn is_set_before(&self, (owner, local): Owned, function: &Function<'_>, inner: FuncId, assigned: Assigned) -> bool {
        let mut child = inner;
        while self.parents[&child].function != owner {
            child = self.parents[&child].function;
        }
        let declared = function.locals[local.index()].span.start;
        let place = &self.parents[&child];
        // A loop around both, but not around the declaration, sets it again.
        let is_around = |start: &u32| declared < *start && *start < assigned.end;
        !function.is_prelude && assigned.end <= place.start && !place.loops.iter().any(is_around)
    }
}
