//! Inputs that are not what they should be.

use crate::support::{Bench, HELLO, assemble, program};
use std::fs;

#[test]
fn missing_files_directories_and_unreadable_files() {
    let bench = Bench::new();
    bench.tool(["run", "missing.mochi"]).expect(127).says("missing.mochi");
    bench.tool(["compile", "missing.mochi"]).expect(127).says("missing.mochi");
    bench.tool(["check", "missing.mochi"]).expect(127);
    bench.tool(["run", "."]).expect(126).says("directory");
    bench.tool(["compile", "."]).expect(1).says("directory");
}

#[test]
fn artifacts_that_are_something_else_say_what() {
    let bench = Bench::new();
    for (bytes, part) in [
        (&b""[..], "empty"),
        (b"\0as", "cut off"),
        (b"\0ASM\x01\0\0\0", "unknown"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"(module)", "WebAssembly text"),
        (b"print(1)", "text"),
        (b"PK\x03\x04....", "zip"),
    ] {
        bench.write("bad.wasm", bytes);
        bench.tool(["run", "bad.wasm"]).expect(126).says(part);
        bench.tool(["compile", "bad.wasm"]).expect(126).says(part);
    }
}

#[test]
fn a_component_is_recognized() {
    let bench = Bench::new();
    bench.write("c.wasm", b"\0asm\x0d\0\x01\0");
    bench.tool(["run", "c.wasm"]).expect(126).says("component");
}

#[test]
fn a_module_cut_anywhere_is_refused_or_runs() {
    let bench = Bench::new();
    let good = assemble(&program(HELLO));
    for length in (4..good.len()).step_by(23) {
        bench.write("cut.wasm", &good[..length]);
        let done = bench.tool(["run", "--no-cache", "cut.wasm"]);
        assert!(matches!(done.code, Some(0 | 126)), "{length}: {done:?}");
    }
}

#[test]
fn text_that_is_not_utf8_is_a_diagnostic_with_the_offset() {
    let bench = Bench::new();
    bench.write("bad.mochi", b"print(1)\n\xff");
    for command in ["run", "compile", "check"] {
        bench.tool([command, "bad.mochi"]).expect(1).says("bad.mochi:2").says("offset 9");
    }
    assert_eq!(bench.names(), ["bad.mochi"]);
}

#[test]
fn large_sources_are_refused() {
    let bench = Bench::new();
    bench.write("large.mochi", " ".repeat(2000));
    bench.tool(["check", "--max-source", "1K", "large.mochi"]).expect(1).says("larger than 1 KiB");
    bench.tool_with_stdin(["check", "--max-source", "1K", "-"], &[b' '; 2000]).expect(1).says("larger");
    bench.write("huge.mochi", vec![b'\n'; (16 << 20) + 1]);
    bench.tool(["check", "huge.mochi"]).expect(1).says("16 MiB");
}

#[test]
fn an_artifact_is_not_bound_by_the_limit_for_sources() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    bench.tool(["run", "--max-source", "10", "hello.wasm"]).expect(0).prints("hello\n");
}

#[test]
fn modules_come_through_standard_input_too() {
    let bench = Bench::new();
    bench.tool_with_stdin(["run", "-"], &assemble(&program(HELLO))).expect(0).prints("hello\n");
}

#[cfg(unix)]
#[test]
fn odd_file_names() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::new();
    let module = assemble(&program(HELLO));
    fs::write(bench.path("--help"), &module).expect("written");
    bench.tool(["run", "--", "--help"]).expect(0).prints("hello\n");
    let odd = OsStr::from_bytes(b"a\xff\n%.wasm");
    fs::write(bench.path(odd), &module).expect("written");
    bench.tool([OsStr::new("run"), odd]).expect(0).prints("hello\n");
    let done = bench.tool([OsStr::new("run"), OsStr::from_bytes(b"no\nsuch\x1b[31m.wasm")]).expect(127);
    assert!(!done.stderr.contains('\x1b') && done.stderr.contains("no\\nsuch"), "{done:?}");
    bench.wasm("hello.wasm", &program(HELLO));
    bench.tool([OsStr::new("run"), OsStr::new("hello.wasm"), OsStr::from_bytes(b"\xff")]).expect(2).says("UTF-8");
}

#[test]
fn wrong_usage() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    for args in [
        &["run"][..],
        &["compile"],
        &["frobnicate"],
        &["compile", "--frobnicate", "x.mochi"],
        &["compile", "hello.wasm", "-e", "print(1)"],
        &["compile", "hello.wasm", "--emit", "exe"],
        &["compile", "hello.wasm", "--emit", "component"],
        &["compile", "hello.wasm", "--report"],
        &["compile", "hello.wasm", "--emit", "ir"],
        &["serve-http", "x"],
        &["check", "hello.wasm"],
    ] {
        bench.tool(args).expect(2);
    }
    bench.tool(["profile", "x.mochi"]).expect(2).says("`mochi-wasm profile` is not available yet");
    bench.tool(["compile", "hello.wasm", "--emit", "oci"]).expect(2).says("--emit oci");
    bench.tool(["--version"]).expect(0);
    bench.tool(["--help"]).expect(0);
}

#[test]
fn failures_of_the_host_are_json_when_asked() {
    let bench = Bench::new();
    let done = bench.tool(["check", "--error-format", "json", "missing.mochi"]).expect(127);
    assert!(done.stderr.starts_with('{') && done.stderr.ends_with("}\n"), "{done:?}");
}

#[test]
fn no_colors_without_a_terminal() {
    let bench = Bench::new();
    let done = bench.tool(["run", "missing.mochi"]).expect(127);
    assert!(!done.stderr.contains('\x1b'), "{done:?}");
}
