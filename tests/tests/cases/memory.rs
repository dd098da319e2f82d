//! Programs that run out of memory, at every point where they can.
//!
//! Each program asks for memory in some way. With less than it needs, whatever the limit, it ends with the words
//! that say so and with what it had printed; with enough, it prints what it should.

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{Options, SourceFile};
use mochi_wasm::embed::run_compiled;
use mochi_wasm::{Outcome, RunOptions};
use wasmtime::Module;

const PAGE: u64 = 64 << 10;

/// Each prints a line first, and at the end the number of elements.
const PROGRAMS: &[(&str, &str)] = &[
    ("strings", "var s = \"a\"\nfor i in 0..18 { s = s + s }\nprint(len(s))"),
    ("lists", "var xs: list<int> = []\nfor i in 0..50000 { xs = append(xs, i) }\nprint(len(xs))"),
    ("lists-of-lists", "var xs: list<list<int>> = []\nfor i in 0..9000 { xs = append(xs, [i]) }\nprint(len(xs))"),
    ("maps", "var m: map<int, int> = {}\nfor i in 0..9000 { m[i] = i }\nprint(len(m))"),
    ("maps-by-text", "var m: map<string, string> = {}\nfor i in 0..5000 { m[str(i)] = str(i) }\nprint(len(m))"),
    (
        "structs",
        "type N { v: int, next: N }\nvar n: N = none\nfor i in 0..20000 { n = N { v: i, next: n } }\nprint(n.v + 1)",
    ),
    (
        "closures",
        "fun hold(g: any): any { return fun(): any => g }\nvar c: any = 0\nvar n = 0\nfor i in 0..20000 {\n  c = hold(c)\n  n = n + 1\n}\nprint(n)",
    ),
    ("big-numbers", "var n = 1\nfor i in 0..17 { n = n * 65536 * n }\nprint(n > 0)"),
    (
        "floats-of-any-kind",
        "var xs: list<any> = []\nfor i in 0..9000 { xs = append(xs, 0.5 + (i as float)) }\nprint(len(xs))",
    ),
    (
        "rings",
        "type R { other: R, parts: list<R> }\nvar rs: list<R> = []\nfor i in 0..4000 {\n  var r = R { other: none, parts: [] }\n  r.other = r\n  rs = append(rs, r)\n}\nrs = []\nprint(len(rs))",
    ),
    ("texts-of-lists", "var xs: list<any> = [1]\nfor i in 0..16 { xs = [xs, xs] }\nprint(len(str(xs)))"),
    (
        "walks",
        "var xs: list<any> = []\nfor i in 0..6000 { xs = [xs] }\nvar ys: list<any> = []\nfor i in 0..6000 { ys = [ys] }\nprint(xs == ys, len(str(xs)))",
    ),
];

pub(crate) fn trials() -> Vec<Trial> {
    let trial =
        |&(name, text): &(&str, &'static str)| Trial::test(format!("memory/{name}"), move || at_every_limit(text));
    PROGRAMS.iter().map(trial).collect()
}

fn at_every_limit(text: &str) -> Result<(), Failed> {
    let source = SourceFile::new("p.mochi", format!("print(\"started\")\n{text}\n"));
    let wasm = mochi_emitter::compile(&source, &Options::default()).map_err(|failure| format!("{failure:?}"))?.wasm;
    let options = RunOptions::default();
    let engine = options.engine().map_err(|error| format!("{error:?}"))?;
    let module = Module::new(&engine, &wasm)?;
    let run = |memory: u64| {
        let mut limited = options.clone();
        limited.limits.memory = memory;
        run_compiled(&engine, &module, &limited)
    };
    let whole = run(options.limits.memory).map_err(|error| format!("{error:?}"))?;
    if whole.exit != 0 || !whole.stdout.starts_with(b"started\n") {
        return Err(format!("without a limit: {whole:?}").into());
    }
    let (mut failed, mut limit) = (0, PAGE);
    loop {
        // Less than the memory that the module itself declares is refused by the host.
        if let Ok(Outcome { stdout, stderr, exit }) = run(limit) {
            if exit == 0 {
                break;
            }
            let words = format!("error: out of memory (limit {} KiB)", limit >> 10);
            let words_of_mib = format!("error: out of memory (limit {} MiB)", limit >> 20);
            let said = String::from_utf8_lossy(&stderr);
            if exit != 134 || !(said.starts_with(&words) || said.starts_with(&words_of_mib)) || stdout != b"started\n" {
                let stdout = String::from_utf8_lossy(&stdout);
                return Err(format!("with {limit} bytes: exit code {exit}\n{stdout}\n{said}").into());
            }
            failed += 1;
        }
        limit += PAGE;
    }
    if run(limit).is_ok_and(|ran| ran.stdout == whole.stdout) && failed > 0 {
        Ok(())
    } else {
        Err(format!("failed {failed} times, then printed something else").into())
    }
}
