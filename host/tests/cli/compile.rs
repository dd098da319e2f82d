//! What `compile` writes, and that it writes whole files or none.

use crate::support::{Bench, Done, HELLO, program};
use std::fs;
#[cfg(unix)]
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

fn module() -> Bench {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    bench
}

#[test]
fn a_module_becomes_machine_code_beside_it() {
    let bench = module();
    bench.tool(["compile", "hello.wasm"]).expect(0).prints("");
    assert_eq!(bench.names(), ["hello.cwasm", "hello.wasm"]);
}

#[test]
fn the_output_is_named_with_o() {
    let bench = module();
    bench.tool(["compile", "hello.wasm", "-o", "out.cwasm"]).expect(0);
    bench.tool(["compile", "hello.wasm", "-o", "out.wat"]).expect(0);
    bench.tool(["compile", "hello.wasm", "-o", "plain", "--emit", "wasm"]).expect(0);
    assert_eq!(bench.names(), ["hello.wasm", "out.cwasm", "out.wat", "plain"]);
    assert!(bench.read("out.wat").starts_with(b"(module"));
    assert_eq!(bench.read("plain"), bench.read("hello.wasm"));
    bench.tool(["compile", "hello.wasm", "-o", "plain"]).expect(2).says("--emit");
    bench.tool(["compile", "hello.wasm", "-o", "x", "--emit", "wasm,cwasm"]).expect(2);
}

#[test]
fn text_goes_to_standard_output() {
    let bench = module();
    let done = bench.tool(["compile", "hello.wasm", "--emit", "wat"]).expect(0);
    assert!(done.stdout.starts_with("(module"), "{done:?}");
    let done = bench.command(["compile", "hello.wasm", "--emit", "wasm", "-o", "-"]).output().expect("the tool runs");
    assert_eq!(done.stdout, bench.read("hello.wasm"));
    let done = bench
        .command(["compile", "hello.wasm", "--emit", "wasm", "-o", "/dev/stdout"])
        .output()
        .expect("the tool runs");
    assert_eq!(done.stdout, bench.read("hello.wasm"));
}

#[test]
fn the_input_is_never_the_output() {
    let bench = module();
    let before = bench.read("hello.wasm");
    bench.tool(["compile", "hello.wasm", "-o", "hello.wasm"]).expect(2).says("input");
    bench.tool(["compile", "hello.wasm", "-o", "./hello.wasm", "--emit", "cwasm"]).expect(2);
    #[cfg(unix)]
    {
        fs::hard_link(bench.path("hello.wasm"), bench.path("hard.cwasm")).expect("a link");
        std::os::unix::fs::symlink("hello.wasm", bench.path("soft.cwasm")).expect("a link");
        bench.tool(["compile", "hello.wasm", "-o", "hard.cwasm"]).expect(2);
        bench.tool(["compile", "hello.wasm", "-o", "soft.cwasm"]).expect(2);
    }
    assert_eq!(bench.read("hello.wasm"), before);
}

#[test]
fn impossible_outputs_leave_nothing_behind() {
    let bench = module();
    fs::create_dir(bench.path("dir.cwasm")).expect("a directory");
    bench.tool(["compile", "hello.wasm", "-o", "dir.cwasm"]).expect(1).says("directory");
    bench.tool(["compile", "hello.wasm", "-o", "missing/out.cwasm"]).expect(1);
    assert_eq!(bench.names(), ["dir.cwasm", "hello.wasm"]);
    if std::path::Path::new("/dev/full").exists() {
        bench.tool(["compile", "hello.wasm", "--emit", "cwasm", "-o", "/dev/full"]).expect(125);
    }
}

#[test]
fn a_failed_compile_keeps_the_old_output() {
    let bench = module();
    bench.write("hello.cwasm", "old");
    bench.write("hello.wasm", b"\0asm\x01\0\0\0\x01\xff");
    bench.tool(["compile", "hello.wasm"]).expect(126).says("not a valid module");
    assert_eq!(bench.read("hello.cwasm"), b"old");
    assert_eq!(bench.names(), ["hello.cwasm", "hello.wasm"]);
}

#[cfg(unix)]
#[test]
fn outputs_have_ordinary_permissions_and_links_are_followed() {
    use std::os::unix::fs::MetadataExt;
    let bench = module();
    bench.tool(["compile", "hello.wasm"]).expect(0);
    fs::write(bench.path("ordinary"), "").expect("written");
    let mode = |name: &str| fs::metadata(bench.path(name)).expect("a file").mode() & 0o777;
    assert_eq!(mode("hello.cwasm"), mode("ordinary"));
    bench.write("real.cwasm", "old");
    std::os::unix::fs::symlink("real.cwasm", bench.path("link.cwasm")).expect("a link");
    bench.tool(["compile", "hello.wasm", "-o", "link.cwasm"]).expect(0);
    assert!(fs::symlink_metadata(bench.path("link.cwasm")).expect("a link").is_symlink());
    assert_eq!(bench.read("real.cwasm"), bench.read("hello.cwasm"));
}

#[test]
fn two_compiles_to_one_output_leave_one_whole_result() {
    let bench = module();
    let children: Vec<_> = (0..8).map(|_| bench.command(["compile", "hello.wasm"]).spawn().expect("starts")).collect();
    for child in children {
        Done::of_child(child).expect(0);
    }
    assert_eq!(bench.names(), ["hello.cwasm", "hello.wasm"]);
    bench.tool(["run", "hello.cwasm"]).expect(0).prints("hello\n");
}

#[test]
fn what_a_killed_compile_left_is_swept() {
    let bench = module();
    for (name, age) in [(".hello.cwasm.mochi-wasm-old", 7200), (".hello.cwasm.mochi-wasm-new", 60), (".other", 7200)] {
        let file = fs::File::create(bench.path(name)).expect("created");
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).expect("a time");
    }
    bench.tool(["compile", "hello.wasm"]).expect(0);
    assert_eq!(bench.names(), [".hello.cwasm.mochi-wasm-new", ".other", "hello.cwasm", "hello.wasm"]);
}

#[test]
fn a_program_without_a_name_needs_one_for_its_output() {
    let bench = module();
    let module = bench.read("hello.wasm");
    bench.tool_with_stdin(["compile", "-"], &module).expect(2).says("-o");
    bench.tool_with_stdin(["compile", "-", "-o", "x.cwasm"], &module).expect(0);
    bench.tool(["run", "x.cwasm"]).expect(0).prints("hello\n");
}

#[cfg(unix)]
#[test]
fn an_interrupted_compile_leaves_nothing() {
    let bench = Bench::new();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        // It waits for the rest of its source.
        let mut child =
            bench.command(["compile", "-", "-o", "x.wasm"]).stdin(Stdio::piped()).spawn().expect("the tool starts");
        std::thread::sleep(Duration::from_millis(300));
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill");
        assert!(kill.success());
        let stdin = child.stdin.take();
        Done::of_child(child).expect(code);
        drop(stdin);
        assert!(bench.names().is_empty());
    }
}
