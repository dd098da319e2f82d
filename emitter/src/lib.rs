//! Lowers Mochi to one small, portable, self-contained WebAssembly module.
//!
//! The crate is a pure function of its input: it touches no file, clock or
//! environment. [`compile`] is what most callers want; [`check`] stops after the
//! frontend and [`print_ir`] shows a stage.

pub mod analysis;
pub mod build;
mod hash;
pub mod ir;
pub mod legalize;
pub mod opt;
mod parallel;
pub mod pipeline;
pub mod runtime;
pub mod wasm;

pub use mochi_frontend::check::Blocks;
pub use mochi_frontend::diagnostic::{Code, Diagnostic, Severity};
pub use mochi_frontend::modules::{LoadError, Loader, Modules};
pub use mochi_frontend::source::SourceFile;
pub use pipeline::{
    Compiled, Failure, Findings, Language, OptLevel, Options, Stage, check, compile, explain, legalized, print_ir,
};
