//! The passes, by name and in order.
//!
//! Each pass is one file with one subject. Passes on the pure phase know what Mochi means; those on the
//! legalized phase see the runtime's bodies too. Cranelift merges common subexpressions, forwards loads and moves
//! pure operations out of loops, so no pass here does; it removes no checks, inlines nothing and moves no loads out of
//! loops, so these do.

mod closures;
pub mod count;
pub mod detour;
pub mod fold_constants;
pub mod hoist;
pub mod inline;
pub mod merge_blocks;
pub mod ranges;
pub mod remove_dead_code;
pub mod simplify;
#[cfg(test)]
mod testing;

pub use count::count;

use crate::ir::{Module, Phase};

/// A transformation of the module that keeps what it means.
#[derive(Clone, Copy)]
pub struct Pass {
    /// As the command line's `--skip-pass` spells it.
    pub name: &'static str,
    pub run: fn(&mut Module),
}

/// What runs before counting, in this order.
pub const PURE: &[Pass] = &[inline::PASS, hoist::PASS, ranges::PASS];

/// What runs after legalizing, in this order.
pub const LEGALIZED: &[Pass] = &[
    inline::RUNTIME_PASS,
    fold_constants::PASS,
    simplify::PASS,
    remove_dead_code::PASS,
    detour::PASS,
    merge_blocks::PASS,
];

/// What legalizing does besides if optimizing, by the same kind of name: facts about lists are loaded before loops.
pub const LIST_FACTS: &str = "list-facts";

/// Runs the passes of `phase` but for the names in `skip`; `after` sees the module after each.
pub fn optimize(module: &mut Module, phase: Phase, skip: &[String], mut after: impl FnMut(&Pass, &Module)) {
    let passes = match phase {
        Phase::Pure => PURE,
        Phase::Counted => &[],
        Phase::Legalized => LEGALIZED,
    };
    for pass in passes {
        if skip.iter().all(|name| name != pass.name) {
            (pass.run)(module);
            after(pass, module);
        }
    }
}

/// The names of all passes.
pub fn names() -> impl Iterator<Item = &'static str> {
    PURE.iter().map(|pass| pass.name).chain([LIST_FACTS]).chain(LEGALIZED.iter().map(|pass| pass.name))
}

#[cfg(test)]
mod tests {
    use super::names;

    /// Pairs that must run in this order, each with its reason.
    const BEFORE: &[(&str, &str, &str)] = &[
        ("inline", "ranges", "arguments that are constants bound the copied body's values"),
        ("inline-runtime", "fold-constants", "arguments that are constants decide the copied body's branches"),
        ("fold-constants", "simplify", "an operation with one constant operand is left for the identities"),
        ("simplify", "remove-dead-code", "what a simpler operation does not use any more is dead"),
        ("inline", "hoist", "what a called body reads may be the same in all rounds of the caller's loop"),
        ("hoist", "ranges", "elements that are read with a check are told by their operation"),
        ("inline-runtime", "detour", "a slow path that was inlined has its blocks"),
        ("detour", "merge-blocks", "a copied block often follows one alone"),
        ("remove-dead-code", "merge-blocks", "a block with dead code does more than go on"),
    ];

    #[test]
    fn passes_run_in_the_order_that_the_reasons_ask_for() {
        let at = |name: &str| names().position(|pass| pass == name).unwrap_or_else(|| panic!("no pass {name}"));
        for (first, second, reason) in BEFORE {
            assert!(at(first) < at(second), "{first} must run before {second}: {reason}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut all: Vec<&str> = names().collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
