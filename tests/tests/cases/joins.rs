//! Joins of every type against nested loops, over random small tables.
//!
//! A program reads pairs of tables and prints, for each, the numbers of the rows that each type of join pairs. The
//! keys of a table are few, so that there are duplicates, rows without partners and keys that are none; each kind of
//! keys is a program of its own, as the compiler plans by what it knows of them.

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{OptLevel, Options, SourceFile};
use mochi_wasm::RunOptions;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::programs;

/// How many runs of a program there are, and how many pairs of tables each reads on average: over a thousand.
const RUNS: u32 = 13;
const TABLES: usize = 80;

/// What kinds of keys there are: what the program makes of a number, and which numbers it takes for equal.
const KINDS: [Kind; 6] = [
    Kind { name: "ints", key: "return int(text)", has_none: false, class: |number| number },
    Kind {
        name: "ints-or-none",
        key: "if text == \"n\" { return none }\n  return int(text)",
        has_none: true,
        class: |number| number,
    },
    Kind { name: "floats", key: "return int(text) * 0.5", has_none: false, class: |number| number },
    Kind {
        name: "strings",
        key: "if text == \"n\" { return none }\n  return \"k\" + text",
        has_none: true,
        class: |number| number,
    },
    Kind { name: "structs", key: "return Pair { a: int(text) / 2, b: text }", has_none: false, class: |number| number },
    Kind {
        name: "values",
        // Ints and floats of one value are equal, and nothing else of different kinds.
        key: "if text == \"n\" { return none }\n  let n = int(text)\n  if n % 4 == 0 { return n / 4 }\n  \
              if n % 4 == 1 { return n / 4 * 1.0 }\n  if n % 4 == 2 { return str(n / 4) }\n  return [n / 4]",
        has_none: true,
        class: |number| if number % 4 == 1 { number - 1 } else { number },
    },
];

struct Kind {
    name: &'static str,
    key: &'static str,
    has_none: bool,
    class: fn(i64) -> i64,
}

const PROGRAM: &str = r#"
type Pair { a: int, b: string }
fun key_of(text) {
  KEY
}
fun read(line) {
  if line == "-" { return [] }
  var keys = []
  for part in split(line, " ") { keys = append(keys, key_of(part)) }
  return keys
}
fun rows(keys) {
  return from id in range(len(keys)) select {id: id, key: keys[id]}
}
var line = input()
while line != "" {
  let ls = rows(read(line))
  let rs = rows(read(input()))
  print(from l in ls join r in rs on l.key == r.key select [l.id, r.id])
  print(from l in ls left join r in rs on l.key == r.key select [l.id, r.id])
  print(from l in ls right join r in rs on l.key == r.key select [l.id, r.id])
  print(from l in ls outer join r in rs on l.key == r.key select [l.id, r.id])
  print(from l in ls join r in rs on r.key == l.key && l.id <= r.id select [l.id, r.id])
  print(from l in ls left join r in rs on l.key == r.key && l.id <= r.id select [l.id, r.id])
  print(from l in ls join r in rs on l.key == r.key join k in ls on k.key == r.key where k.id != l.id select [l.id, k.id])
  line = input()
}
"#;

pub(crate) fn trials() -> Vec<Trial> {
    KINDS.iter().map(|kind| Trial::test(format!("properties/joins-of-{}", kind.name), move || check(kind))).collect()
}

type Table = Vec<Option<i64>>;

fn table(has_none: bool) -> impl Strategy<Value = Table> {
    let key = prop_oneof![if has_none { 1 } else { 0 } => Just(None), 6 => (0i64..8).prop_map(Some)];
    prop::collection::vec(key, 0..9)
}

fn check(kind: &'static Kind) -> Result<(), Failed> {
    let source = SourceFile::new("joins.mochi", PROGRAM.replace("KEY", kind.key));
    let builds = [OptLevel::Speed, OptLevel::None]
        .map(|opt| programs::compile(&source, &Options { opt, debug_memory: true, ..Options::default() }));
    let engine = RunOptions::default().engine().map_err(|error| format!("{error:?}"))?;
    let config = Config { cases: RUNS, failure_persistence: None, ..Config::default() };
    for wasm in builds {
        let wasm = wasm?;
        let mut runner = TestRunner::new_with_rng(config.clone(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let pairs = prop::collection::vec((table(kind.has_none), table(kind.has_none)), 1..=TABLES * 2);
        runner
            .run(&pairs, |pairs| {
                let stdin: String = pairs.iter().map(|(a, b)| format!("{}\n{}\n", text(a), text(b))).collect();
                let options = RunOptions { stdin: stdin.into_bytes(), ..RunOptions::default() };
                let outcome = mochi_wasm::run_module(&engine, &wasm, &options)
                    .map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
                let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
                prop_assert_eq!(outcome.exit, 0, "{}", stderr);
                let expected: String = pairs.iter().map(|(a, b)| expected(a, b, kind.class)).collect();
                prop_assert_eq!(String::from_utf8_lossy(&outcome.stdout), expected);
                Ok(())
            })
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn text(table: &Table) -> String {
    let keys: Vec<String> = table.iter().map(|key| key.map_or("n".to_owned(), |key| key.to_string())).collect();
    if keys.is_empty() { "-".to_owned() } else { keys.join(" ") }
}

/// What the program prints for two tables.
fn expected(left: &Table, right: &Table, class: fn(i64) -> i64) -> String {
    type Pairs = Vec<(Option<usize>, Option<usize>)>;
    let is_equal = |a: Option<i64>, b: Option<i64>| a.map(class) == b.map(class);
    let (all_left, all_right) = (0..left.len(), 0..right.len());
    let matches = |l: usize, r: usize| is_equal(left[l], right[r]);
    let inner: Pairs = all_left
        .clone()
        .flat_map(|l| all_right.clone().filter(move |&r| matches(l, r)).map(move |r| (Some(l), Some(r))))
        .collect();
    // An unmatched row stands where its pairs would.
    let mut left_join = Pairs::new();
    for l in all_left.clone() {
        let found = inner.iter().filter(|pair| pair.0 == Some(l));
        left_join.extend(found.clone());
        if found.count() == 0 {
            left_join.push((Some(l), None));
        }
    }
    // The right rows lead.
    let mut right_join = Pairs::new();
    for r in all_right.clone() {
        let found = inner.iter().filter(|pair| pair.1 == Some(r));
        right_join.extend(found.clone());
        if found.count() == 0 {
            right_join.push((None, Some(r)));
        }
    }
    let without_left = all_right.clone().filter(|&r| inner.iter().all(|pair| pair.1 != Some(r)));
    let outer: Pairs = left_join.iter().copied().chain(without_left.map(|r| (None, Some(r)))).collect();
    let later: Pairs = inner.iter().copied().filter(|(l, r)| l <= r).collect();
    // Without an equality alone, unmatched rows come last.
    let without_later = all_left.clone().filter(|&l| later.iter().all(|pair| pair.0 != Some(l)));
    let left_later: Pairs = later.iter().copied().chain(without_later.map(|l| (Some(l), None))).collect();
    let mut twice = Pairs::new();
    for &(l, r) in &inner {
        let (Some(l), Some(r)) = (l, r) else { continue };
        twice.extend(all_left.clone().filter(|&k| matches(k, r) && k != l).map(|k| (Some(l), Some(k))));
    }
    let show = |pairs: &Pairs| {
        let number = |number: Option<usize>| number.map_or("nil".to_owned(), |number| number.to_string());
        let pairs: Vec<String> = pairs.iter().map(|&(l, r)| format!("[{}, {}]", number(l), number(r))).collect();
        format!("[{}]\n", pairs.join(", "))
    };
    [inner, left_join, right_join, outer, later, left_later, twice].iter().map(show).collect()
}
