//! The only `unsafe` code of the project: turning verified bytes into machine code that runs.

use crate::artifact::Verified;
use crate::failure::{Failure, Result};
use wasmtime::{Engine, Module};

/// Loads the code of a verified artifact.
#[allow(unsafe_code, reason = "Wasmtime cannot check machine code; the argument is given below")]
pub(crate) fn load(engine: &Engine, artifact: &Verified<'_>) -> Result<Module> {
    // SAFETY: `Module::deserialize` asks that the bytes were made by `Engine::precompile_module` or
    // `Module::serialize` and not changed since. A `Verified` exists only where `artifact` has checked, over
    // this very buffer, which is borrowed here and therefore cannot change in between, that
    // (1) its SHA-256 equals the one in the signed metadata, (2) the signature over the metadata is by a key
    // that this user trusts (or the user said with `--trust-cwasm` that the maker is trusted), and (3) the
    // metadata name this tool and an engine whose fingerprint is that of a `config()` of ours. Only `seal`
    // signs, and it is given only what Wasmtime has just compiled. Wasmtime itself then compares versions,
    // target, processor features and settings and copies the bytes into memory of its own.
    unsafe { Module::deserialize(engine, artifact.elf()) }
        .map_err(|error| Failure::cannot_execute("the precompiled code does not fit this machine").with_chain(&error))
}
