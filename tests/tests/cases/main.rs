//! Runs the cases of this package: each is a small program with its expectation next to it.
//!
//! `BLESS=1 cargo test -p mochi-tests` rewrites expectations that are snapshots (errors, IR, Wasm,
//! command line); what programs print is written by hand from the language reference and never blessed.

mod builtins;
mod cli;
mod errors;
mod files;
mod groups;
mod ir;
mod joins;
mod logic;
mod loops;
mod memory;
mod node;
mod programs;
mod properties;
mod robustness;
mod upstream;
mod wasm;

fn main() {
    let arguments = libtest_mimic::Arguments::from_args();
    let mut trials = Vec::new();
    trials.extend(programs::trials());
    trials.extend(builtins::trials());
    trials.extend(errors::trials());
    trials.extend(ir::trials());
    trials.extend(wasm::trials());
    trials.extend(cli::trials());
    trials.extend(memory::trials());
    trials.extend(node::trials());
    trials.extend(properties::trials());
    trials.extend(joins::trials());
    trials.extend(groups::trials());
    trials.extend(logic::trials());
    trials.extend(loops::trials());
    trials.extend(robustness::trials());
    trials.extend(upstream::trials());
    libtest_mimic::run(&arguments, trials).exit();
}
