//! The host: the command line, ahead-of-time compilation through Wasmtime, artifacts that can be trusted, and a
//! sandbox to run them in.
//!
//! The command line is [`main_with_args`]. For tests and benchmarks, [`engine`] compiles modules and
//! [`embed::run_module`] runs one inside this process with its streams captured.

#![deny(unsafe_code)]

pub mod artifact;
mod cache;
mod cli;
mod commands;
mod console;
pub mod embed;
pub mod engine;
mod failure;
mod input;
mod keys;
mod limits;
mod load;
mod modules;
mod output;
mod outside;
mod places;
mod report;
mod sandbox;
mod stdio;
mod supervisor;
mod trace;

pub use cli::main_with_args;
pub use embed::{Outcome, RunOptions, run_module};
pub use failure::{Exit, Failure, Result};
pub use keys::{PublicKey, SigningKey};
pub use limits::Limits;
pub use modules::ModuleFiles;
pub use outside::Outside;
pub use sandbox::{Directory, Grants};
