//! `targets`: what `--target` accepts.

use crate::engine::host_triple;
use crate::failure::Result;
use crate::output;

/// The triples that are compiled for in tests. Cranelift accepts more spellings of the same machines.
pub(crate) const TARGETS: &[&str] = &[
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "riscv64gc-unknown-linux-gnu",
    "s390x-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
];

pub(crate) fn list() -> Result<()> {
    let host = host_triple();
    let mut text = String::new();
    for target in TARGETS {
        text.push_str(target);
        if *target == host {
            text.push_str(" (this machine)");
        }
        text.push('\n');
    }
    output::write_stdout(text.as_bytes())
}
