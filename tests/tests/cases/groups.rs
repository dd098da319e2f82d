//! Aggregates of groups that keep no rows against the same aggregates of lists, over random tables.
//!
//! A program reads tables and prints each query twice: as it is, and with something in its result that looks at a
//! group's rows, so that they are kept. The two lines have to be the same. Each kind of values is a program of its
//! own, as what is kept depends on what the compiler knows of them.

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{OptLevel, Options, SourceFile};
use mochi_wasm::RunOptions;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::programs;

/// How many runs of a program there are, and how many tables each reads at most.
const RUNS: u32 = 8;
const TABLES: usize = 100;

/// Kinds of values, and what the program makes of a number.
const KINDS: [(&str, &str); 6] = [
    ("ints", "return int(text)"),
    ("ints-or-none", "if text == \"3\" { return none }\n  return int(text)"),
    ("large-ints", "return int(text) * 1000000000000000000"),
    ("floats", "return int(text) * 0.1"),
    ("floats-or-none", "if text == \"3\" { return none }\n  return int(text) * 1000000000000000.3"),
    ("values", "if text == \"3\" { return none }\n  if text == \"4\" { return 4.5 }\n  return int(text)"),
];

const PROGRAM: &str = r#"
fun value_of(text) {
  VALUE
}
fun read(line) {
  if line == "-" { return [] }
  return from part in split(line, " ") select {key: substring(part, 0, 1), value: value_of(substring(part, 1, len(part)))}
}
fun show(found) { print(from f in found select f[1:]) }
var line = input()
while line != "" {
  let rows = read(line)
  let low = value_of("2")
QUERIES
  line = input()
}
"#;

/// `W` is a condition and `E` what is looked at; `K` is something that keeps rows in the second of two lines.
const QUERIES: [&str; 4] = [
    "from r in rows group by r.key into g select [K, g.key, count(g), sum(from x in g W select E), avg(from x in g W select E)]",
    "from r in rows group by r.key into g select [K, min(from x in g W select E), max(from x in g W select E), len(g)]",
    "from r in rows group by r.key into g having sum(from x in g W select E) > low
      sort by max(from x in g W select E) select [K, count(from x in g W select E), exists(from x in g W select E)]",
    "from r in rows join s in rows on s.value == r.value group by r.key into h
      select [J, h.key, count(h), sum(from y in h select y.s.value), min(from y in h select y.r.value)]",
];

const CONDS: [&str; 3] = ["", "where x.value > low", "where x.value != none && x.key != \"a\""];
const EXPRS: [&str; 2] = ["x.value", "-x.value * 2 + x.value"];

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |&(name, value): &(&'static str, &'static str)| {
        Trial::test(format!("properties/groups-of-{name}"), move || check(value))
    };
    KINDS.iter().map(trial).collect()
}

fn program(value: &str) -> String {
    let mut queries = String::new();
    for query in QUERIES {
        for (cond, expr) in CONDS.iter().flat_map(|cond| EXPRS.map(|expr| (cond, expr))) {
            let query = query.replace('W', cond).replace('E', expr);
            let kept = [("1", "1"), ("len(from x in g sort by x.key select x)", "h.items[0] == none")];
            for (k, j) in kept {
                queries.push_str(&format!("  show({})\n", query.replace('K', k).replace('J', j)));
            }
            if !query.contains(expr) {
                break;
            }
        }
    }
    PROGRAM.replace("VALUE", value).replace("QUERIES", &queries)
}

fn check(value: &str) -> Result<(), Failed> {
    let source = SourceFile::new("groups.mochi", program(value));
    let builds = [OptLevel::Speed, OptLevel::None]
        .map(|opt| programs::compile(&source, &Options { opt, debug_memory: true, ..Options::default() }));
    let engine = RunOptions::default().engine().map_err(|error| format!("{error:?}"))?;
    let config = Config { cases: RUNS, failure_persistence: None, ..Config::default() };
    let row = (prop::sample::select(vec!['a', 'b', 'c']), -2i64..7).prop_map(|(key, value)| format!("{key}{value}"));
    let table = prop::collection::vec(row, 0..7);
    let tables = prop::collection::vec(table, 1..=TABLES);
    for wasm in builds {
        let wasm = wasm?;
        let mut runner = TestRunner::new_with_rng(config.clone(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        runner
            .run(&tables, |tables| {
                let line = |rows: &Vec<String>| if rows.is_empty() { "-".to_owned() } else { rows.join(" ") };
                let stdin: String = tables.iter().map(|rows| line(rows) + "\n").collect();
                let options = RunOptions { stdin: stdin.into_bytes(), ..RunOptions::default() };
                let outcome = mochi_wasm::run_module(&engine, &wasm, &options)
                    .map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
                let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
                prop_assert_eq!(outcome.exit, 0, "{}", stderr);
                let stdout = String::from_utf8_lossy(&outcome.stdout).into_owned();
                let lines: Vec<&str> = stdout.lines().collect();
                prop_assert!(lines.len() >= 2 * tables.len());
                for (at, pair) in lines.chunks(2).enumerate() {
                    prop_assert_eq!(pair[0], pair[1], "query {}", at);
                }
                Ok(())
            })
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}
