//! What running a program does and how it ends.

use crate::support::{Bench, Done, FOREVER, HELLO, program};
use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn a_module_runs() {
    let bench = Bench::new();
    let file = bench.wasm("hello.wasm", &program(HELLO));
    bench.tool(["run", file]).expect(0).prints("hello\n").says("");
}

#[test]
fn artifacts_are_told_apart_by_content() {
    let bench = Bench::new();
    bench.wasm("a.wasm", &program(HELLO));
    bench.tool(["compile", "a.wasm"]).expect(0);
    std::fs::rename(bench.path("a.cwasm"), bench.path("b.wasm")).expect("renamed");
    std::fs::rename(bench.path("a.wasm"), bench.path("c.cwasm")).expect("renamed");
    bench.tool(["run", "b.wasm"]).expect(0).prints("hello\n");
    bench.tool(["run", "c.cwasm"]).expect(0).prints("hello\n");
}

#[test]
fn exit_codes_up_to_125_pass_and_others_become_one() {
    let bench = Bench::new();
    for (given, expected, warns) in
        [(0, 0, false), (1, 1, false), (7, 7, false), (125, 125, false), (126, 1, true), (256, 1, true), (-1, 1, true)]
    {
        bench.wasm("exit.wasm", &program(&format!("(call $proc_exit (i32.const {given}))")));
        let done = bench.tool(["run", "exit.wasm"]).expect(expected);
        assert_eq!(done.stderr.contains("warning"), warns, "{done:?}");
    }
}

#[test]
fn pending_output_is_written_after_a_trap() {
    let bench = Bench::new();
    bench.wasm("trap.wasm", &program("(call $pend) unreachable"));
    bench.tool(["run", "trap.wasm"]).expect(134).prints("pending\n").says("unreachable");
}

#[test]
fn pending_output_that_claims_too_much_is_clamped() {
    let bench = Bench::new();
    bench.wasm(
        "lie.wasm",
        &program("(i32.store (i32.const 16) (i32.const 65530)) (i32.store (i32.const 20) (i32.const -1)) unreachable"),
    );
    let done = bench.tool(["run", "lie.wasm"]).expect(134);
    assert_eq!(done.stdout.len(), 6, "{done:?}");
    bench.wasm(
        "lie.wasm",
        &program("(i32.store (i32.const 16) (i32.const -1)) (i32.store (i32.const 20) (i32.const -1)) unreachable"),
    );
    bench.tool(["run", "lie.wasm"]).expect(134).prints("");
}

#[test]
fn pending_output_is_written_when_the_program_just_returns() {
    let bench = Bench::new();
    bench.wasm("return.wasm", &program("(call $pend)"));
    bench.tool(["run", "return.wasm"]).expect(0).prints("pending\n");
}

#[test]
fn unbounded_recursion_is_a_stack_overflow_that_names_the_function() {
    let bench = Bench::new();
    bench.wasm("deep.wasm", &program("(call $pend) (drop (call $deep (i32.const 0)))"));
    bench.tool(["run", "deep.wasm"]).expect(134).prints("pending\n").says("stack overflow at deep");
    bench.tool(["run", "--max-stack", "128K", "deep.wasm"]).expect(134).says("stack overflow at deep");
}

#[test]
fn arguments_after_the_program_are_the_programs() {
    let bench = Bench::new();
    // Prints the bytes of all arguments, each ending in NUL.
    let body = "(drop (call $args_sizes (i32.const 48) (i32.const 52)))
        (drop (call $args (i32.const 1024) (i32.const 2048)))
        (call $write (i32.const 1) (i32.const 2048) (i32.load (i32.const 52)))";
    bench.wasm("args.wasm", &program(body));
    bench.tool(["run", "args.wasm", "--timeout", "x", "-e"]).expect(0).prints("args.wasm\0--timeout\0x\0-e\0");
    bench.tool(["run", "--", "args.wasm", "--", "y"]).expect(0).prints("args.wasm\0--\0y\0");
}

#[test]
fn the_environment_is_not_passed_on_unless_named() {
    let bench = Bench::new();
    let body = "(drop (call $environ_sizes (i32.const 48) (i32.const 52)))
        (drop (call $environ (i32.const 1024) (i32.const 2048)))
        (call $write (i32.const 1) (i32.const 2048) (i32.load (i32.const 52)))";
    bench.wasm("env.wasm", &program(body));
    let run = |args: &[&str]| {
        let mut command = bench.command(["run"].iter().chain(args).chain(&["env.wasm"]));
        command.env("SECRET", "planted").env("COLOR", "red").env("MOCHI_NOW_SEED", "5");
        Done::of(command.output().expect("the tool runs"))
    };
    run(&[]).expect(0).prints("MOCHI_NOW_SEED=5\0");
    run(&["--env", "COLOR", "--env", "A=b=c"]).expect(0).prints("MOCHI_NOW_SEED=5\0COLOR=red\0A=b=c\0");
    run(&["--env", "MOCHI_NOW_SEED=9"]).expect(0).prints("MOCHI_NOW_SEED=9\0");
    run(&["--env", "UNSET"]).expect(0).prints("MOCHI_NOW_SEED=5\0");
}

#[test]
fn standard_input_reaches_the_program() {
    let bench = Bench::new();
    let body = "(i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.const 100))
        (drop (call $fd_read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 44)))
        (call $write (i32.const 1) (i32.const 1024) (i32.load (i32.const 44)))";
    bench.wasm("echo.wasm", &program(body));
    bench.tool_with_stdin(["run", "echo.wasm"], b"line\n").expect(0).prints("line\n");
    bench.tool(["run", "echo.wasm"]).expect(0).prints("");
}

#[test]
fn streams_that_are_no_terminals_say_so() {
    let bench = Bench::new();
    let text = r#"(module
      (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (i32.store8 (i32.const 64) (i32.const 9))
        (if (call $stat (i32.const 1) (i32.const 64)) (then (call $proc_exit (i32.const 10))))
        (if (i32.ne (call $stat (i32.const 1) (i32.const -8)) (i32.const 21)) (then (call $proc_exit (i32.const 11))))
        (if (i32.ne (call $stat (i32.const 9) (i32.const 64)) (i32.const 8)) (then (call $proc_exit (i32.const 12))))
        (call $proc_exit (i32.load8_u (i32.const 64)))))"#;
    bench.wasm("stat.wasm", text);
    bench.tool(["run", "stat.wasm"]).expect(0);
}

#[test]
fn deterministic_runs_are_the_same_twice() {
    let bench = Bench::new();
    let body = "(drop (call $clock (i32.const 0) (i64.const 1) (i32.const 1024)))
        (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 1032)))
        (drop (call $random (i32.const 1040) (i32.const 16)))
        (call $write (i32.const 1) (i32.const 1024) (i32.const 32))";
    bench.wasm("chance.wasm", &program(body));
    let once = |flags: &[&str]| {
        bench.command(["run"].iter().chain(flags).chain(&["chance.wasm"])).output().expect("runs").stdout
    };
    let fixed = once(&["--deterministic"]);
    assert_eq!(fixed.len(), 32);
    assert_eq!(fixed, once(&["--deterministic", "--no-cache"]));
    assert_ne!(once(&[]), once(&[]));
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let bench = Bench::new();
    bench.wasm("yes.wasm", &program("(loop $again (call $hello) (br $again))"));
    let mut child = bench.command(["run", "yes.wasm"]).spawn().expect("the tool starts");
    let mut first = [0; 6];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("output");
    assert_eq!(&first, b"hello\n");
    let done = Done::of_child(child).expect(0);
    assert_eq!(done.stderr, "");
}

#[test]
fn a_full_disk_is_the_hosts_failure() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let mut command = bench.command(["run", "hello.wasm"]);
    Done::of(command.stdout(full).output().expect("the tool runs")).expect(125).says("standard output");
}

#[test]
fn closed_standard_streams_do_no_harm() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    let tool = env!("CARGO_BIN_EXE_mochi-wasm");
    for (redirection, code) in [(">&-", 0), ("2>&-", 0), ("<&-", 0), ("<&- >&- 2>&-", 0)] {
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(format!("'{tool}' run hello.wasm {redirection}")).current_dir(bench.path(""));
        command.env("MOCHI_WASM_HOME", bench.home());
        Done::of(command.output().expect("a shell")).expect(code);
    }
    let mut command = std::process::Command::new("sh");
    command.arg("-c").arg(format!("'{tool}' run missing.wasm 2>&-")).current_dir(bench.path(""));
    Done::of(command.output().expect("a shell")).expect(127);
}

#[cfg(unix)]
#[test]
fn signals_end_the_run_and_drain_its_output() {
    let bench = Bench::new();
    bench.wasm("forever.wasm", &program(&format!("(call $hello) {FOREVER}")));
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut child = bench.command(["run", "forever.wasm"]).spawn().expect("the tool starts");
        let mut first = [0; 6];
        let mut stdout = child.stdout.take().expect("a pipe");
        stdout.read_exact(&mut first).expect("output");
        std::thread::sleep(Duration::from_millis(20));
        let kill = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill");
        assert!(kill.success());
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).expect("output");
        Done::of_child(child).expect(code);
        #[cfg(target_os = "linux")]
        assert_eq!(rest, "pending\n");
    }
}

#[test]
fn the_deadline_holds_inside_host_calls_and_blocked_writes() {
    let bench = Bench::new();
    // Reads from a pipe that nobody writes to.
    let body = "(call $pend) (i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.const 100))
        (drop (call $fd_read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 44)))";
    bench.wasm("wait.wasm", &program(body));
    let mut command = bench.command(["run", "--timeout", "200ms", "wait.wasm"]);
    let started = Instant::now();
    let child = command.stdin(Stdio::piped()).spawn().expect("the tool starts");
    let mut child = child;
    let stdin = child.stdin.take();
    let done = Done::of_child(child).expect(124).says("time limit");
    drop(stdin);
    #[cfg(target_os = "linux")]
    let done = done.prints("pending\n");
    assert!(started.elapsed() < Duration::from_secs(20), "{done:?}");

    // Writes to a pipe that nobody reads.
    bench.wasm("flood.wasm", &program("(loop $again (call $hello) (br $again))"));
    let mut child = bench.command(["run", "--timeout", "200ms", "flood.wasm"]).spawn().expect("the tool starts");
    let status = child.wait().expect("the tool ends");
    assert_eq!(status.code(), Some(124));
}

#[test]
fn a_foreign_modules_imports_are_listed_when_missing() {
    let bench = Bench::new();
    bench.wasm(
        "foreign.wasm",
        r#"(module (import "env" "magic" (func)) (import "wasi_snapshot_preview1" "fd_frob" (func)) (func (export "_start")))"#,
    );
    bench.tool(["run", "foreign.wasm"]).expect(126).says("env.magic").says("wasi_snapshot_preview1.fd_frob");
}

#[test]
fn a_module_without_start_is_a_library() {
    let bench = Bench::new();
    bench.wasm("library.wasm", "(module (func (export \"f\")))");
    bench.tool(["run", "library.wasm"]).expect(126).says("_start");
}

#[test]
fn simd_reference_types_and_tail_calls_of_foreign_modules_are_accepted() {
    let bench = Bench::new();
    bench.wasm(
        "modern.wasm",
        r#"(module (table 1 funcref)
          (func $f (result i32) (return_call $g)) (func $g (result i32) (i32.const 1))
          (func (export "_start") (drop (v128.any_true (v128.const i64x2 0 0))) (drop (table.get 0 (i32.const 0))) (drop (call $f))))"#,
    );
    bench.tool(["run", "modern.wasm"]).expect(0);
}

#[test]
fn features_that_are_off_are_named() {
    let bench = Bench::new();
    for (text, name) in [
        ("(module (memory i64 1))", "memory64"),
        ("(module (memory 1 1 shared))", "threads"),
        ("(module (memory 1) (memory 1))", "multi"),
        ("(module (type (struct)))", "gc"),
        ("(module (tag))", "exceptions"),
    ] {
        bench.wasm("new.wasm", text);
        bench.tool(["run", "new.wasm"]).expect(126).says(name);
    }
}

#[test]
fn directories_are_granted_one_by_one() {
    let bench = Bench::new();
    // Opens "f" in the first granted directory, copies it to standard output, then tries to create "g".
    let text = r#"(module
      (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 64) "fg")
      (func (export "_start") (local $error i32)
        (local.set $error (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8)))
        (if (local.get $error) (then (call $proc_exit (i32.const 10))))
        (i32.store (i32.const 16) (i32.const 256)) (i32.store (i32.const 20) (i32.const 100))
        (if (call $fd_read (i32.load (i32.const 8)) (i32.const 16) (i32.const 1) (i32.const 20)) (then (call $proc_exit (i32.const 11))))
        (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
        (local.set $error (call $open (i32.const 3) (i32.const 0) (i32.const 65) (i32.const 1) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 8)))
        (if (local.get $error) (then (call $proc_exit (i32.const 12))))
        (if (call $fd_write (i32.load (i32.const 8)) (i32.const 16) (i32.const 1) (i32.const 24)) (then (call $proc_exit (i32.const 13))))))"#;
    bench.wasm("files.wasm", text);
    std::fs::create_dir(bench.path("d")).expect("a directory");
    bench.write("d/f", "contents");
    bench.tool(["run", "files.wasm"]).expect(10).prints("");
    bench.tool(["run", "--dir", "d", "files.wasm"]).expect(12).prints("contents");
    assert!(!bench.exists("d/g"));
    bench.tool(["run", "--dir", "d::/work:rw", "files.wasm"]).expect(0).prints("contents");
    assert_eq!(bench.read("d/g"), b"contents");
}

/// Opens `path` in the granted directory and exits with 0 if that works.
fn opens(path: &str) -> String {
    format!(
        r#"(module
      (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 64) "{path}")
      (func (export "_start")
        (call $open (i32.const 3) (i32.const 1) (i32.const 64) (i32.const {length}) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8))
        (call $proc_exit (i32.ne (i32.const 0)))))"#,
        length = path.len()
    )
}

#[cfg(unix)]
#[test]
fn a_granted_directory_is_not_left() {
    use std::os::unix::fs::symlink;
    let bench = Bench::new();
    std::fs::create_dir(bench.path("d")).expect("a directory");
    bench.write("secret", "secret");
    bench.write("d/open", "open");
    symlink("../secret", bench.path("d/up")).expect("a link");
    symlink(bench.path("secret"), bench.path("d/absolute")).expect("a link");
    symlink("open", bench.path("d/inside")).expect("a link");
    symlink("..", bench.path("d/parent")).expect("a link");
    let absolute = bench.path("secret").display().to_string();
    let outside =
        ["../secret", "up", "up/", "absolute", "absolute/", "parent/secret", "./../secret", "/etc/passwd", &absolute];
    for (paths, code) in [(&["open", "inside", "./open"][..], 0), (&outside, 1)] {
        for path in paths {
            bench.wasm("open.wasm", &opens(path));
            let done = bench.tool(["run", "--dir", "d:rw", "open.wasm"]);
            assert_eq!(done.code, Some(code), "{path}: {done:?}");
        }
    }
}

#[test]
fn directories_with_keys_are_not_granted() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    bench.tool(["run", "hello.wasm"]).expect(0);
    for dir in [".", "home", "home/cache", "/"] {
        bench.tool(["run", "--dir", dir, "hello.wasm"]).expect(2).says("not granted");
    }
    bench.tool(["run", "--dir", "missing", "hello.wasm"]).expect(2);
}
