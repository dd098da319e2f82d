//! Mochi programs through the command line: what is compiled, named and reported.

use crate::support::Bench;
use std::fs;

const DIVIDES: &str = "let a = 5\nfun divide(b: int): int {\n  return a / b\n}\nprint(\"before\")\nprint(divide(0))\n";

#[test]
fn a_program_is_compiled_and_run() {
    let bench = Bench::new();
    bench.write("sum.mochi", "print(1 + 2)\n");
    bench.tool(["run", "sum.mochi"]).expect(0).prints("3\n");
    bench.tool(["compile", "sum.mochi"]).expect(0).prints("");
    assert_eq!(bench.names(), ["sum.cwasm", "sum.mochi", "sum.wasm"]);
    bench.tool(["run", "sum.wasm"]).expect(0).prints("3\n");
    bench.tool(["run", "sum.cwasm"]).expect(0).prints("3\n");
    bench.tool(["-v", "run", "sum.mochi"]).expect(0).prints("3\n").says("from the cache");
}

#[test]
fn empty_programs_do_nothing() {
    let bench = Bench::new();
    for text in ["", "\n", "// nothing"] {
        bench.write("empty.mochi", text);
        bench.tool(["run", "empty.mochi"]).expect(0).prints("");
        bench.tool(["compile", "empty.mochi"]).expect(0);
    }
    bench.tool(["run", "-"]).expect(0).prints("");
}

#[test]
fn text_comes_from_the_command_line_and_standard_input() {
    let bench = Bench::new();
    bench.tool(["run", "-e", "print(\"x\")"]).expect(0).prints("x\n");
    bench.tool_with_stdin(["run", "-"], b"print(\"y\")").expect(0).prints("y\n");
    bench.tool(["compile", "-e", "print(1)"]).expect(2).says("-o");
    bench.tool(["compile", "-e", "print(1)", "-o", "x.wasm"]).expect(0);
    bench.tool(["run", "x.wasm"]).expect(0).prints("1\n");
}

#[test]
fn targets_are_named_in_the_outputs() {
    let bench = Bench::new();
    bench.write("p.mochi", "print(1)");
    bench
        .tool([
            "compile",
            "p.mochi",
            "--target",
            "aarch64-unknown-linux-gnu",
            "--target",
            "riscv64gc-unknown-linux-gnu",
        ])
        .expect(0);
    assert_eq!(
        bench.names(),
        ["p.aarch64-unknown-linux-gnu.cwasm", "p.mochi", "p.riscv64gc-unknown-linux-gnu.cwasm", "p.wasm"]
    );
    bench.tool(["compile", "p.mochi", "--emit", "wasm", "--target", "aarch64-unknown-linux-gnu"]).expect(2);
}

#[test]
fn mistakes_are_drawn_and_nothing_is_written() {
    let bench = Bench::new();
    bench.write("bad.mochi", "print(1)\nlet = 5\n");
    for command in ["run", "compile", "check"] {
        bench.tool([command, "bad.mochi"]).expect(1).prints("").says("bad.mochi:2").says("1 error");
    }
    assert_eq!(bench.names(), ["bad.mochi"]);
    let done = bench.tool(["check", "--error-format", "json", "bad.mochi"]).expect(1);
    assert!(done.stderr.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{done:?}");
    bench.tool(["check", "-e", "print(1)"]).expect(0).prints("").says("");
}

#[test]
fn many_mistakes_are_cut_off_and_counted() {
    let bench = Bench::new();
    bench.write("bad.mochi", "let = 1\n".repeat(100));
    let errors = |flags: &[&str]| {
        let done = bench.tool(["check", "bad.mochi"].iter().chain(flags)).expect(1);
        (done.stderr.matches("error[").count(), done.stderr)
    };
    let (shown, text) = errors(&[]);
    assert!(shown == 20 && text.contains("errors (the first 20"), "{text}");
    assert_eq!(errors(&["--error-limit", "3"]).0, 3);
    assert!(errors(&["--error-limit", "0"]).0 > 20);
}

/// Calls that the optimizer would put in each other stay what they are in the source.
const AS_WRITTEN: [&str; 2] = ["--skip-pass", "inline"];

#[test]
fn a_failing_program_says_where() {
    let bench = Bench::new();
    bench.write("d.mochi", DIVIDES);
    let own = "error: division by zero\n  at d.mochi:3\n";
    let stack = "stack: divide (d.mochi:3) < main (d.mochi:6)\n";
    let done = bench.tool(["run", "d.mochi"]).expect(1).prints("before\n");
    // The optimizer has put the one function into the other; the stack still tells both.
    assert_eq!(done.stderr, format!("{own}  |  return a / b\n{stack}"));
    let done = bench.tool(["run"].iter().chain(&AS_WRITTEN).chain(&["d.mochi"])).expect(1).prints("before\n");
    assert_eq!(done.stderr, format!("{own}  |  return a / b\n{stack}"));

    bench.tool(["compile", "d.mochi"].iter().chain(&AS_WRITTEN)).expect(0);
    for artifact in ["d.wasm", "d.cwasm"] {
        let done = bench.tool(["run", artifact]).expect(1).prints("before\n");
        assert_eq!(done.stderr, format!("{own}{stack}"), "{artifact}");
    }
    bench.tool(["compile", "--strip", "d.mochi"]).expect(0);
    for artifact in ["d.wasm", "d.cwasm"] {
        assert_eq!(bench.tool(["run", artifact]).expect(1).prints("before\n").stderr, own, "{artifact}");
    }
}

#[test]
fn the_line_of_a_failure_is_that_of_the_check_that_failed() {
    let bench = Bench::new();
    let run = |arguments: &str| {
        let program = "fun divide(n: int, a: int, b: int): int {\n  if n > 0 { return divide(n - 1, a, b) + n }\n  let x = 10 / a\n  return x / b\n}\nprint(divide(N, A, B))\n";
        bench.write("p.mochi", program.replace("N, A, B", arguments));
        bench.tool(["run"].iter().chain(&AS_WRITTEN).chain(&["p.mochi"])).expect(1)
    };
    run("0, 0, 1").says("  |  let x = 10 / a\nstack: divide (p.mochi:3) < main (p.mochi:6)\n");
    run("2, 1, 0")
        .says("  |  return x / b\nstack: divide (p.mochi:4) < divide (p.mochi:2) 2 times < main (p.mochi:6)\n");
    run("1000, 1, 0").says("stack: divide (p.mochi:4) < divide (p.mochi:2) ").says(" times < …\n");
}

#[test]
fn artifacts_do_not_depend_on_where_the_source_lies() {
    let bench = Bench::new();
    bench.write("d.mochi", DIVIDES);
    fs::create_dir(bench.path("elsewhere")).expect("a directory");
    fs::copy(bench.path("d.mochi"), bench.path("elsewhere/d.mochi")).expect("copied");
    let absolute = bench.path("elsewhere/d.mochi");
    bench.tool([std::ffi::OsStr::new("compile"), absolute.as_os_str()]).expect(0);
    bench.tool(["compile", "d.mochi"]).expect(0);
    assert!(bench.read("d.wasm") == bench.read("elsewhere/d.wasm"));
    assert!(bench.read("d.cwasm") == bench.read("elsewhere/d.cwasm"));
}

#[test]
fn stages_are_shown() {
    let bench = Bench::new();
    bench.write("p.mochi", "print(1)");
    for phase in ["built", "optimized", "legalized"] {
        let done = bench.tool(["compile", "p.mochi", "--emit", "ir", "--phase", phase]).expect(0);
        assert!(!done.stdout.is_empty());
    }
    let done = bench.tool(["compile", "p.mochi", "--emit", "wat"]).expect(0);
    assert!(done.stdout.starts_with("(module"), "{done:?}");
    bench.tool(["compile", "p.mochi", "--emit", "ir", "-o", "p.mir"]).expect(0);
    assert_eq!(bench.names(), ["p.mir", "p.mochi"]);
}

#[test]
fn ir_text_is_a_program_too() {
    let bench = Bench::new();
    bench.write("p.mochi", "print(41 + 1)");
    bench.tool(["compile", "p.mochi", "--emit", "ir", "--phase", "built", "-o", "p.mir"]).expect(0);
    bench.tool(["run", "p.mir"]).expect(0).prints("42\n");
    bench.tool_with_stdin(["run", "--lang", "mir", "-"], &bench.read("p.mir")).expect(0).prints("42\n");
    bench.write("bad.mir", "nonsense");
    bench.tool(["run", "bad.mir"]).expect(1).says("bad.mir:1");
}

#[test]
fn unknown_passes_are_wrong_usage() {
    let bench = Bench::new();
    bench.write("p.mochi", "print(1)");
    bench.tool(["compile", "p.mochi", "--skip-pass", "magic"]).expect(2).says("magic").says("inline");
    bench.tool(["run", "--skip-pass", "inline", "p.mochi"]).expect(0).prints("1\n");
}

#[test]
fn exhausted_programs_end_as_documented() {
    let bench = Bench::new();
    bench.write(
        "deep.mochi",
        "fun deep(n: int): int {\n  return 1 + deep(n + 1)\n}\nprint(\"before\")\nprint(deep(0))\n",
    );
    bench.tool(["run", "deep.mochi"]).expect(134).prints("before\n").says(
        "error: stack overflow at deep (deep.mochi:2)\n  |  return 1 + deep(n + 1)\nstack: deep (deep.mochi:2) 64 times < …\n",
    );
    bench.tool(["compile", "deep.mochi"]).expect(0);
    bench.tool(["run", "deep.cwasm"]).expect(134).says("error: stack overflow at deep (deep.mochi:2)\nstack: deep");
    bench.write("grow.mochi", "var s = \"x\"\nprint(\"before\")\nwhile true {\n  s = s + s\n}\n");
    bench
        .tool(["run", "--max-memory", "16M", "grow.mochi"])
        .expect(134)
        .prints("before\n")
        .says("out of memory (limit 16 MiB)\n  at grow.mochi:4\n  |  s = s + s\nstack: main (grow.mochi:4)\n");
    bench.write("long.mochi", "print(\"before\")\nvar n = 0\nwhile true {\n  n = n + 1\n}\n");
    let done = bench.tool(["run", "--timeout", "200ms", "long.mochi"]).expect(124).says("time limit");
    #[cfg(target_os = "linux")]
    done.prints("before\n");
}
