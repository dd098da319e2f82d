//! Running modules inside this process.

use crate::support::{FOREVER, HELLO, assemble, program};
use mochi_wasm::{RunOptions, run_module};
use std::time::Duration;

#[test]
fn outcomes_are_captured() {
    let options = RunOptions { stdin: b"in".to_vec(), ..RunOptions::default() };
    let engine = options.engine().expect("an engine");
    let outcome = run_module(&engine, &assemble(&program(HELLO)), &options).expect("it runs");
    assert_eq!((outcome.stdout.as_slice(), outcome.exit), (&b"hello\n"[..], 0));
    let outcome = run_module(&engine, &assemble(&program("(call $pend) unreachable")), &options).expect("it runs");
    assert_eq!((outcome.stdout.as_slice(), outcome.exit), (&b"pending\n"[..], 134));
    assert!(String::from_utf8_lossy(&outcome.stderr).contains("unreachable"));
}

#[test]
fn an_endless_loop_is_interrupted_and_the_process_goes_on() {
    let options = RunOptions::with_timeout(Duration::from_millis(100));
    let engine = options.engine().expect("an engine");
    for _ in 0..2 {
        let outcome = run_module(&engine, &assemble(&program(FOREVER)), &options).expect("it runs");
        assert_eq!((outcome.stdout.as_slice(), outcome.exit), (&b"pending\n"[..], 124));
        let outcome = run_module(&engine, &assemble(&program(HELLO)), &options).expect("it runs");
        assert_eq!(outcome.exit, 0);
    }
}

#[test]
fn the_wasmtime_version_is_the_locked_one() {
    let lock = include_str!("../../../Cargo.lock");
    let version = format!("name = \"wasmtime\"\nversion = \"{}\"", mochi_wasm::engine::WASMTIME);
    assert!(lock.contains(&version), "engine::WASMTIME is not the version in Cargo.lock");
}
