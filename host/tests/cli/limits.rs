//! What a program may use, and how exceeding it ends.

use crate::support::{Bench, FOREVER, HELLO, program};
use std::time::{Duration, Instant};

/// Grows memory by one page until that fails, then traps as Mochi's allocator does.
const GROW: &str =
    "(call $pend) (loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable";

#[test]
fn an_endless_loop_ends_at_its_deadline() {
    let bench = Bench::new();
    bench.wasm("forever.wasm", &program(FOREVER));
    // The first run fills the cache, so that the second measures the limit alone.
    bench.tool(["run", "--timeout", "10ms", "forever.wasm"]).expect(124);
    let started = Instant::now();
    let done =
        bench.tool(["run", "--timeout", "0.3", "forever.wasm"]).expect(124).says("time limit reached").says("300 ms");
    let elapsed = started.elapsed();
    #[cfg(target_os = "linux")]
    let done = done.prints("pending\n");
    assert!(elapsed >= Duration::from_millis(300) && elapsed < Duration::from_secs(10), "{elapsed:?} {done:?}");
}

#[test]
fn compiling_ends_at_its_deadline_too() {
    let bench = Bench::new();
    // Each condition gives all locals new values after it: far more work than text.
    let locals = "(local i64)".repeat(1000);
    let step = |at: usize| {
        let (a, b, c) = (at % 1000, at * 7 % 1000, at * 13 % 1000);
        format!("(if (i64.eqz (local.get {a})) (then (local.set {a} (i64.mul (local.get {b}) (local.get {c})))))")
    };
    let steps: String = (0..60_000).map(step).collect();
    bench.wasm("slow.wasm", &format!("(module (memory 1) (func (export \"_start\") {locals} {steps}))"));
    let started = Instant::now();
    let args = ["run", "--no-cache", "--compile-timeout", "0.3", "slow.wasm"];
    bench.tool(args).expect(124).says("compiling took more than 300 ms");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    bench.wasm("hello.wasm", &program(HELLO));
    bench.tool(["run", "--compile-timeout", "60", "hello.wasm"]).expect(0).prints("hello\n");
}

#[test]
fn a_program_in_time_is_not_disturbed() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    bench.tool(["run", "--timeout", "60", "hello.wasm"]).expect(0).prints("hello\n");
    bench.tool(["run", "--untrusted", "hello.wasm"]).expect(0).prints("hello\n");
}

#[test]
fn exhausted_memory_is_told_from_other_traps() {
    let bench = Bench::new();
    bench.wasm("grow.wasm", &program(GROW));
    bench
        .tool(["run", "--max-memory", "1M", "grow.wasm"])
        .expect(134)
        .prints("pending\n")
        .says("out of memory (limit 1 MiB)");
    bench.tool(["run", "grow.wasm"]).expect(134).says("out of memory (limit 1 GiB)");
    bench.tool(["run", "--untrusted", "grow.wasm"]).expect(134).says("out of memory (limit 256 MiB)");
    bench.tool(["run", "--max-memory", "8G", "grow.wasm"]).expect(134).says("out of memory (limit 8 GiB)");
}

#[test]
fn a_module_that_declares_too_much_is_refused() {
    let bench = Bench::new();
    bench.wasm("big.wasm", r#"(module (memory (export "memory") 65536) (func (export "_start")))"#);
    bench.tool(["run", "big.wasm"]).expect(126).says("--max-memory");
    bench.wasm("table.wasm", r#"(module (table 10000000 funcref) (func (export "_start")))"#);
    bench.tool(["run", "table.wasm"]).expect(126).says("table");
}

#[test]
fn output_is_limited() {
    let bench = Bench::new();
    bench.wasm("flood.wasm", &program("(loop $again (call $hello) (br $again))"));
    let done =
        bench.tool(["run", "--max-output", "1K", "flood.wasm"]).expect(134).says("output limit reached (limit 1 KiB)");
    assert_eq!(done.stdout.len(), 1024);
}

#[test]
fn fuel_is_limited_and_enough_fuel_changes_nothing() {
    let bench = Bench::new();
    bench.wasm("forever.wasm", &program(FOREVER));
    bench.tool(["run", "--fuel", "100000", "forever.wasm"]).expect(134).prints("pending\n").says("fuel");
    bench.wasm("hello.wasm", &program(HELLO));
    bench.tool(["run", "--fuel", "100000", "hello.wasm"]).expect(0).prints("hello\n");
}

#[test]
fn the_limits_are_explained() {
    let bench = Bench::new();
    let done = bench.tool(["run", "--explain-limits"]).expect(0);
    assert!(done.stdout.contains("1 GiB") && done.stdout.contains("--max-stack"), "{done:?}");
    let done = bench.tool(["run", "--untrusted", "--timeout", "7", "--explain-limits"]).expect(0);
    assert!(done.stdout.contains("256 MiB") && done.stdout.contains("7 s"), "{done:?}");
}

#[test]
fn nonsense_limits_are_usage_errors() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    for flags in [
        ["--compile-timeout", "soon"],
        ["--timeout", "soon"],
        ["--timeout", "0"],
        ["--timeout", "-1"],
        ["--max-memory", "much"],
        ["--max-stack", "1"],
        ["--fuel", "x"],
        ["--max-output", "99999999999G"],
    ] {
        bench.tool(["run"].iter().chain(&flags).chain(&["hello.wasm"])).expect(2);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_small_address_space_suffices() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    bench.wasm("deep.wasm", &program("(drop (call $deep (i32.const 0)))"));
    let tool = env!("CARGO_BIN_EXE_mochi-wasm");
    for (file, code) in [("hello.wasm", 0), ("deep.wasm", 134)] {
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(format!("ulimit -v 1000000; '{tool}' run {file}")).current_dir(bench.path(""));
        command.env("MOCHI_WASM_HOME", bench.home());
        crate::support::Done::of(command.output().expect("a shell")).expect(code);
    }
}

#[test]
fn a_few_aliases_cannot_fill_the_memory() {
    let bench = Bench::new();
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let again = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{again}]\n"));
    }
    bench.write("p.mochi", "print(load as map<string, any> with { format: \"yaml\" })");
    // 148,080 values are said again before that line, and 133,332 by each alias in it.
    bench
        .tool_with_stdin(["run", "--no-cache", "p.mochi"], text.as_bytes())
        .expect(1)
        .says("error: standard input:6:40: aliases repeat too many values\n  at p.mochi:1");
}
