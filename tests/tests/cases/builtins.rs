//! The example of every builtin's row prints what the row says.

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{Options, SourceFile};
use mochi_frontend::builtins::Builtin;
use mochi_wasm::RunOptions;

use crate::{files, programs};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |&builtin: &Builtin| Trial::test(format!("builtins/{}", builtin.row().name), move || check(builtin));
    Builtin::ALL.iter().filter(|builtin| !builtin.is_internal()).map(trial).collect()
}

fn check(builtin: Builtin) -> Result<(), Failed> {
    let (program, output) = builtin.row().example;
    let wasm = programs::compile(&SourceFile::new("example.mochi", program), &Options::default())?;
    let engine = RunOptions::default().engine().map_err(|error| format!("{error:?}"))?;
    let outcome =
        mochi_wasm::run_module(&engine, &wasm, &RunOptions::default()).map_err(|error| format!("{error:?}"))?;
    files::expect_same("the example's output", &outcome.stdout, format!("{output}\n").as_bytes())
}
