//! How long the stages take: source to validated `.wasm`, and `.wasm` to machine code.

use criterion::{Criterion, criterion_group, criterion_main};
use mochi_emitter::{Options, SourceFile, compile};
use mochi_wasm::RunOptions;
use mochi_wasm::engine::precompile;

/// About a hundred lines that use every part of the language that works.
const HUNDRED_LINES: &str = include_str!("hundred-lines.mochi");
const HELLO: &str = "print(\"Hello, world!\")\n";

fn wasm(text: &str) -> Vec<u8> {
    let source = SourceFile::new("bench.mochi", text);
    match compile(&source, &Options::default()) {
        Ok(compiled) => {
            mochi_emitter::wasm::validate(&compiled.wasm).expect("the module is valid");
            compiled.wasm
        }
        Err(failure) => panic!("the benchmark does not compile: {:?}", failure.diagnostics),
    }
}

fn source_to_wasm(criterion: &mut Criterion) {
    for (name, text) in [("hello", HELLO), ("100 lines", HUNDRED_LINES)] {
        criterion.bench_function(&format!("source to validated wasm, {name}"), |bencher| bencher.iter(|| wasm(text)));
    }
}

fn wasm_to_machine_code(criterion: &mut Criterion) {
    let engine = RunOptions::default().engine().expect("the host's own target is supported");
    for (name, text) in [("hello", HELLO), ("100 lines", HUNDRED_LINES)] {
        let wasm = wasm(text);
        criterion.bench_function(&format!("wasm to cwasm, {name}"), |bencher| {
            bencher.iter(|| precompile(&engine, &wasm).expect("the module is valid"));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = source_to_wasm, wasm_to_machine_code
}
criterion_main!(benches);
