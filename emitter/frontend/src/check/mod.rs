//! Names, types and conversions: syntax tree to typed program.
//!
//! [`resolve`] turns names into indexes and refuses what is not supported; [`infer`] finds the
//! types and drives [`walk`], which makes the typed tree. What the reference's checker rejects
//! and the reference nevertheless runs is a warning; [`strict`] finds it, and under strict
//! checking it is an error.

mod classes;
mod components;
mod fields;
mod infer;
mod resolve;
mod resolved;
mod shape;
#[cfg(test)]
mod tests;
#[cfg(any(test, debug_assertions))]
mod verify;
mod walk;

use std::cell::OnceCell;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::modules::{Module, Unit};
use crate::strict;
use crate::typed;

/// How many unsupported constructs are named one by one.
const MAX_REFUSALS: usize = 50;

/// How strictly to check.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckOptions {
    /// What the reference's checker rejects is an error; otherwise it is a warning and compiles.
    pub strict: bool,
    pub blocks: Blocks,
}

/// When the `test` and `bench` blocks of the top level run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blocks {
    /// In order with the statements around them.
    #[default]
    Inline,
    /// After all else, one test: the one whose number the environment variable `MOCHI_BLOCK` says.
    Tests,
    /// In the same way one `bench` block, without any test; what it took is printed at the end.
    Benches,
}

/// Checks a program that was parsed, with what it imports. The typed program is absent when an error was found.
///
/// Called by the pipeline right after parsing, also when parsing found errors that left a tree.
/// The findings are in the order of the text.
pub fn check(unit: &Unit, options: &CheckOptions) -> (Option<typed::Program>, Vec<Diagnostic>) {
    let strictly = |module: &Module| strict::check(&unit.files, &module.ast);
    // What is imported has no types there, so that warnings about its uses would be noise.
    let is_judged = |module: &&Module| options.strict || !module.imports_modules();
    let rejected: Vec<Diagnostic> = unit.modules.iter().filter(is_judged).flat_map(strictly).collect();
    if options.strict && !rejected.is_empty() {
        return (None, rejected.into_iter().chain(unit.failed.iter().cloned()).collect());
    }
    let logic = OnceCell::new();
    let (resolved, mut diagnostics) = resolve::resolve(unit, options.blocks, &logic);
    diagnostics.extend(unit.failed.iter().cloned());
    let is_complete = is_sound(&diagnostics);
    let (typed, more) = infer::infer(&resolved, is_complete);
    diagnostics.extend(more);
    if options.strict && diagnostics.iter().any(|diagnostic| diagnostic.code == Code::M001) {
        // Strict checking has found all names, so what is not found here was declared by what is refused.
        diagnostics.retain(|diagnostic| diagnostic.code == Code::M001);
    }
    for finding in rejected {
        // What cannot be compiled either has been said.
        let is_known = |known: &Diagnostic| known.code == finding.code && known.span.meets(finding.span);
        if !diagnostics.iter().any(is_known) {
            diagnostics.push(Diagnostic { severity: Severity::Warning, ..finding });
        }
    }
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
    limit_refusals(&mut diagnostics);
    let is_sound = is_sound(&diagnostics);
    #[cfg(any(test, debug_assertions))]
    if is_sound {
        verify::verify(&typed);
    }
    (is_sound.then_some(typed), diagnostics)
}

fn is_sound(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error)
}

/// A program that lives by an unsupported construct is told so, but not a thousand times.
fn limit_refusals(diagnostics: &mut Vec<Diagnostic>) {
    let mut count = 0;
    let mut last = None;
    diagnostics.retain(|diagnostic| {
        count += usize::from(diagnostic.code == Code::M001);
        let is_kept = diagnostic.code != Code::M001 || count <= MAX_REFUSALS;
        if !is_kept && last.is_none() {
            last = Some(diagnostic.span);
        }
        is_kept
    });
    if let Some(span) = last {
        let message = format!("{} more constructs from here on are not supported", count - MAX_REFUSALS);
        diagnostics.push(Diagnostic::error(Code::M001, span, message));
    }
}
