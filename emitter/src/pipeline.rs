//! The stages by name: run to one, print one.

use mochi_frontend::check::{self, CheckOptions};
use mochi_frontend::diagnostic::{Diagnostic, Severity};
use mochi_frontend::source::SourceFile;
use mochi_frontend::syntax::{self, Dialect};
use mochi_frontend::typed;

use crate::build::build;
use crate::ir::Module;

/// What the text of a compilation is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    Mochi,
    /// Mochi IR text, the public input for other front ends.
    Ir,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OptLevel {
    None,
    Size,
    #[default]
    Speed,
}

/// Where the pipeline can be stopped and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Built,
    Optimized,
    Legalized,
}

#[derive(Clone, Debug, Default)]
pub struct Options {
    pub language: Language,
    pub opt: OptLevel,
    /// Names of passes left out.
    pub skip_passes: Vec<String>,
    pub strict: bool,
    /// Poison freed memory and report live objects at exit.
    pub debug_memory: bool,
    /// Leave out function names and line tables.
    pub strip: bool,
}

/// A finished module and what there is to say about it.
#[derive(Clone, Debug)]
pub struct Compiled {
    pub wasm: Vec<u8>,
    pub warnings: Vec<Diagnostic>,
}

/// Why there is no module: every error that was found, warnings among them.
#[derive(Clone, Debug)]
pub struct Failure {
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles one program to a WebAssembly module.
pub fn compile(source: &SourceFile, options: &Options) -> Result<Compiled, Failure> {
    let (_module, warnings) = start(source, options)?;
    Err(Failure { diagnostics: warnings })
}

/// All findings of the frontend, in source order.
pub fn check(source: &SourceFile, options: &Options) -> Vec<Diagnostic> {
    front(source, options).1
}

/// The text form of the IR after `stage`.
pub fn print_ir(source: &SourceFile, options: &Options, stage: Stage) -> Result<String, Failure> {
    let _ = stage;
    let (_module, warnings) = start(source, options)?;
    Err(Failure { diagnostics: warnings })
}

/// Parses and checks; there is a program when nothing found is an error.
fn front(source: &SourceFile, options: &Options) -> (Option<typed::Program>, Vec<Diagnostic>) {
    let (ast, mut diagnostics) = syntax::parse(source, 0, Dialect::Mochi);
    if options.strict {
        // The parser's only warnings are what the reference's checker rejects.
        diagnostics.iter_mut().for_each(|diagnostic| diagnostic.severity = Severity::Error);
    }
    let (program, found) = check::check(source, &ast, &CheckOptions { strict: options.strict });
    diagnostics.extend(found);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    let is_sound = diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error);
    (program.filter(|_| is_sound), diagnostics)
}

/// The module in the pure phase, and the warnings on the way there.
fn start(source: &SourceFile, options: &Options) -> Result<(Module, Vec<Diagnostic>), Failure> {
    match options.language {
        Language::Mochi => match front(source, options) {
            (Some(program), warnings) => Ok((build(&program, std::slice::from_ref(source)), warnings)),
            (None, diagnostics) => Err(Failure { diagnostics }),
        },
        Language::Ir => Err(Failure { diagnostics: Vec::new() }),
    }
}
