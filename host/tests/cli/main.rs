//! The command line as its users meet it: exit codes, files, refusals, limits.
//!
//! One binary, since every test binary links Wasmtime. Most programs are WebAssembly text, so that these tests
//! depend on the host alone.

mod artifacts;
mod blocks;
mod cache;
mod compile;
mod embedded;
mod generate;
mod inputs;
mod keys;
mod limits;
mod modules;
mod network;
mod programs;
mod run;
mod server;
mod support;
mod tools;
mod wit;
