//! What is accepted as precompiled code: nothing that is not exactly what a trusted key has signed.

use crate::support::{Bench, Done, HELLO, program};
use std::fs;

const WAYS_OUT: [&str; 2] = ["run the .wasm instead", "--trust-cwasm"];

fn compiled() -> Bench {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    bench.tool(["compile", "hello.wasm"]).expect(0);
    bench
}

#[test]
fn own_code_runs() {
    let bench = compiled();
    bench.tool(["run", "hello.cwasm"]).expect(0).prints("hello\n");
}

#[test]
fn compiling_twice_gives_the_same_file() {
    let bench = compiled();
    let first = bench.read("hello.cwasm");
    bench.tool(["compile", "hello.wasm"]).expect(0);
    assert!(first == bench.read("hello.cwasm"));
}

/// Where an artifact's parts begin, from its end: magic, length, signature, metadata.
fn parts(file: &[u8]) -> [usize; 4] {
    let end = file.len();
    let length = u32::from_le_bytes(file[end - 12..end - 8].try_into().expect("four bytes")) as usize;
    [end - 8, end - 12, end - 76, end - 76 - length]
}

fn refused(bench: &Bench, file: &[u8], what: &str) {
    bench.write("bad.cwasm", file);
    let done = bench.tool(["run", "bad.cwasm"]);
    assert_eq!(done.code, Some(126), "{what}: {done:?}");
    for flag in ["--trust-cwasm", "--no-cache"] {
        let done = bench.tool(["run", flag, "bad.cwasm"]);
        assert_eq!(done.code, Some(126), "{what} {flag}: {done:?}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let bench = compiled();
    let good = bench.read("hello.cwasm");
    let [magic, length, signature, metadata] = parts(&good);
    let mut places = vec![5, 16, 64, metadata / 4, metadata / 2, metadata * 3 / 4, metadata - 1];
    places.extend((metadata..signature).step_by(11));
    places.extend((signature..length).step_by(9));
    places.extend(length..good.len());
    for place in places {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        refused(&bench, &bad, &format!("byte {place} of {} (trailer from {metadata}, magic at {magic})", good.len()));
    }
}

#[test]
fn a_truncated_file_is_refused_at_every_length() {
    let bench = compiled();
    let good = bench.read("hello.cwasm");
    let metadata = parts(&good)[3];
    let lengths = (0..48).map(|step| 4 + step * (metadata - 4) / 47).chain((1..=16).map(|back| good.len() - back * 5));
    for length in lengths {
        bench.write("bad.cwasm", &good[..length]);
        let done = bench.tool(["run", "bad.cwasm"]);
        assert_eq!(done.code, Some(126), "{length} of {}: {done:?}", good.len());
    }
}

#[test]
fn an_extended_file_is_refused() {
    let bench = compiled();
    let good = bench.read("hello.cwasm");
    let metadata = parts(&good)[3];
    refused(&bench, &[&good[..], b"x"].concat(), "a byte at the end");
    refused(&bench, &[&good[..], &good[metadata..]].concat(), "the trailer twice");
    refused(&bench, &[&good[..metadata], b"x", &good[metadata..]].concat(), "a byte before the trailer");
    refused(&bench, &good[..metadata], "no trailer");
}

#[test]
fn impossible_lengths_are_refused() {
    let bench = compiled();
    let good = bench.read("hello.cwasm");
    let at = good.len() - 12;
    for length in [0, 1, u32::MAX, 0x8000_0000, good.len() as u32, good.len() as u32 - 76] {
        let mut bad = good.clone();
        bad[at..at + 4].copy_from_slice(&length.to_le_bytes());
        refused(&bench, &bad, &format!("length {length}"));
    }
}

#[test]
fn a_foreign_key_is_refused_until_it_is_trusted() {
    let maker = compiled();
    let user = Bench::new();
    user.write("hello.cwasm", maker.read("hello.cwasm"));
    let mut done = user.tool(["run", "hello.cwasm"]).expect(126);
    for way in WAYS_OUT {
        done = done.says(way);
    }
    done.says("trust add");
    user.tool(["run", "--trust-cwasm", "hello.cwasm"]).expect(0).prints("hello\n");
    let key = maker.tool(["trust", "list"]).expect(0).stdout[..64].to_owned();
    user.tool(["trust", "add", &key, "the maker"]).expect(0);
    user.tool(["run", "hello.cwasm"]).expect(0).prints("hello\n");
    let listed = user.tool(["trust", "list"]).expect(0).stdout;
    assert!(listed.contains(&format!("{key} the maker")), "{listed}");
    user.tool(["trust", "remove", &key]).expect(0);
    user.tool(["run", "hello.cwasm"]).expect(126);
}

#[test]
fn an_unsigned_elf_file_is_refused() {
    let bench = Bench::new();
    let program = fs::read(env!("CARGO_BIN_EXE_mochi-wasm")).expect("the tool itself");
    if program.starts_with(b"\x7fELF") {
        bench.write("program.cwasm", &program[..100_000]);
        bench.tool(["run", "program.cwasm"]).expect(126).says("not signed");
    }
}

#[test]
fn code_for_another_machine_is_replaced_by_its_module_or_refused() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    let other = if cfg!(target_arch = "aarch64") { "x86_64-unknown-linux-gnu" } else { "aarch64-unknown-linux-gnu" };
    let artifact = format!("hello.{other}.cwasm");
    bench.tool(["compile", "hello.wasm", "--target", other]).expect(0);
    assert_eq!(bench.names(), [artifact.as_str(), "hello.wasm"]);
    bench.tool(["run", &artifact]).expect(0).prints("hello\n");
    // Another module under the same name is not what the artifact was made from.
    bench.wasm("hello.wasm", &program("(call $proc_exit (i32.const 3))"));
    bench.tool(["run", &artifact]).expect(126).says(other);
    fs::remove_file(bench.path("hello.wasm")).expect("removed");
    bench.tool(["run", &artifact]).expect(126).says(other).says(std::env::consts::ARCH);
}

#[test]
fn code_for_other_settings_is_replaced_by_its_module_or_refused() {
    let bench = compiled();
    bench.tool(["run", "--fuel", "100000", "hello.cwasm"]).expect(0).prints("hello\n");
    fs::remove_file(bench.path("hello.wasm")).expect("removed");
    bench.tool(["run", "--fuel", "100000", "hello.cwasm"]).expect(126).says("--fuel");
    bench.tool(["run", "--max-stack", "1M", "hello.cwasm"]).expect(0).prints("hello\n");
}

#[test]
fn code_made_without_optimization_runs() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    for opt in ["none", "size", "speed"] {
        bench.tool(["compile", "hello.wasm", "--opt", opt]).expect(0);
        fs::rename(bench.path("hello.cwasm"), bench.path("alone.cwasm")).expect("renamed");
        bench.tool(["run", "alone.cwasm"]).expect(0).prints("hello\n");
    }
}

#[test]
fn code_cross_compiled_for_this_machine_runs() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    let triple = mochi_wasm::engine::host_triple();
    bench.tool(["compile", "hello.wasm", "--target", &triple]).expect(0);
    fs::remove_file(bench.path("hello.wasm")).expect("removed");
    bench.tool(["run", &format!("hello.{triple}.cwasm")]).expect(0).prints("hello\n");
}

#[test]
fn every_listed_target_is_compiled_for() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    let targets = bench.tool(["targets"]).expect(0).stdout;
    let targets: Vec<&str> = targets.lines().map(|line| line.split(' ').next().unwrap_or(line)).collect();
    assert!(targets.len() >= 6);
    let flags = targets.iter().flat_map(|target| ["--target", target]);
    bench.tool(["compile", "hello.wasm"].into_iter().chain(flags)).expect(0);
    for target in targets {
        let done: Done = bench.tool(["inspect", &format!("hello.{target}.cwasm")]).expect(0);
        assert!(done.stdout.contains(target), "{done:?}");
    }
    bench.tool(["compile", "hello.wasm", "--target", "pdp11-dec-unix"]).expect(2).says("pdp11-dec-unix");
    bench.tool(["compile", "hello.wasm", "--target", "i686-unknown-linux-gnu"]).expect(2).says("i686");
}

#[test]
fn artifacts_are_inspected() {
    let bench = compiled();
    let done = bench.tool(["inspect", "hello.cwasm"]).expect(0);
    assert!(done.stdout.contains("own key") && done.stdout.contains("fits here  yes"), "{done:?}");
    let done = bench.tool(["inspect", "hello.wasm"]).expect(0);
    assert!(done.stdout.contains("wasi_snapshot_preview1.fd_write"), "{done:?}");
    bench.write("text", "text");
    bench.tool(["inspect", "text"]).expect(126);
}
