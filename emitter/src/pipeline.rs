//! The stages by name: run to one, print one.

use mochi_frontend::diagnostic::Diagnostic;
use mochi_frontend::source::SourceFile;

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
    let _ = (source, options);
    Err(Failure { diagnostics: Vec::new() })
}

/// All findings of the frontend, in source order.
pub fn check(source: &SourceFile, options: &Options) -> Vec<Diagnostic> {
    let _ = (source, options);
    Vec::new()
}

/// The text form of the IR after `stage`.
pub fn print_ir(source: &SourceFile, options: &Options, stage: Stage) -> Result<String, Failure> {
    let _ = (source, options, stage);
    Err(Failure { diagnostics: Vec::new() })
}
