//! The command line as its users meet it: exit codes, files, refusals, limits.
//!
//! One binary, since every test binary links Wasmtime. Programs are WebAssembly text, so that these tests depend on
//! the host alone.

mod artifacts;
mod blocks;
mod cache;
mod compile;
mod embedded;
mod inputs;
mod keys;
mod limits;
mod programs;
mod run;
mod support;
mod wit;
