//! The passes, by name and in order.
//!
//! Each pass is one file with one subject. Passes on the pure phase know what Mochi means; those on the
//! legalized phase see the runtime's bodies too. Cranelift merges common subexpressions, forwards loads and moves
//! pure operations out of loops, so no pass here does; it removes no checks, inlines nothing and moves no loads out of
//! loops, so these do.

mod closures;
mod copies;
pub mod count;
pub mod detour;
pub mod fold_constants;
pub mod hoist;
pub mod inline;
pub mod merge_blocks;
pub mod ranges;
pub mod remove_dead_code;
pub mod simplify;
pub mod split_loops;
#[cfg(test)]
mod testing;

pub use count::count;

use crate::ir::{Function, Module, Phase};
use crate::parallel;

/// A transformation of the module that keeps what it means.
#[derive(Clone, Copy)]
pub struct Pass {
    /// As the command line's `--skip-pass` spells it.
    pub name: &'static str,
    pub run: Run,
}

/// What a pass looks at.
#[derive(Clone, Copy)]
pub enum Run {
    OnModule(fn(&mut Module)),
    /// Each legalized function by itself.
    OnFunction(fn(&mut Function)),
}

#[cfg(test)]
impl Pass {
    fn run_on(&self, module: &mut Module) {
        match self.run {
            Run::OnModule(run) => run(module),
            Run::OnFunction(run) => on_functions(module, &[run]),
        }
    }
}

/// What runs before counting, in this order.
pub const PURE: &[Pass] = &[inline::PASS, hoist::PASS, ranges::PASS];

/// What runs after legalizing, in this order.
pub const LEGALIZED: &[Pass] = &[
    inline::RUNTIME_PASS,
    fold_constants::PASS,
    simplify::PASS,
    remove_dead_code::PASS,
    split_loops::PASS,
    detour::PASS,
    merge_blocks::PASS,
];

/// What legalizing does besides if optimizing, by the same kind of name: facts about lists are loaded before loops.
pub const LIST_FACTS: &str = "list-facts";

/// Who looks at the module after each pass.
pub type After<'a> = &'a mut dyn FnMut(&Pass, &Module);

/// Runs the passes of `phase` but for the names in `skip`; `after`, if there is one, sees the module after each.
pub fn optimize(module: &mut Module, phase: Phase, skip: &[String], mut after: Option<After>) {
    let passes = match phase {
        Phase::Pure => PURE,
        Phase::Counted => &[],
        Phase::Legalized => LEGALIZED,
    };
    let mut passes = passes.iter().filter(|pass| skip.iter().all(|name| name != pass.name)).peekable();
    while let Some(pass) = passes.next() {
        match pass.run {
            Run::OnModule(run) => run(module),
            Run::OnFunction(run) => {
                let mut runs = vec![run];
                // Whoever looks at the module does so after each pass.
                while let Some(Pass { name: _, run: Run::OnFunction(run) }) = passes.peek().filter(|_| after.is_none())
                {
                    runs.push(*run);
                    passes.next();
                }
                on_functions(module, &runs);
            }
        }
        if let Some(after) = &mut after {
            after(pass, module);
        }
    }
}

/// All of `runs` on each legalized function, one function after the other on each thread.
fn on_functions(module: &mut Module, runs: &[fn(&mut Function)]) {
    let functions = module.functions.iter_mut();
    let legalized = functions.filter(|func| func.import.is_none() && func.phase == Phase::Legalized);
    parallel::for_each(legalized.collect(), |func| func.insts.len(), |func| runs.iter().for_each(|run| run(func)));
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
        ("simplify", "split-loops", "tests of tests hide what a branch compares"),
        ("remove-dead-code", "split-loops", "a round that seems to do more than it does seems too large to copy"),
        ("split-loops", "detour", "a loop that has a quick copy needs no detours"),
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
