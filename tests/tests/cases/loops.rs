//! Random loops over lists: whatever passes do with what a loop reads again and again, a program prints the same.
//!
//! Programs have a few lists that may be one and the same under several names, also in rows and in records, read and
//! write them by indexes that are mostly in range, add to them, cut pieces out of them and hand them to functions, in
//! loops within loops. What a program prints without any pass, and the failure that may end it, is what every other build
//! has to show: with all passes, and without those that move reads and facts of lists out of loops.

use std::fmt::Write;

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{OptLevel, Options, SourceFile, opt};
use mochi_wasm::RunOptions;

use crate::programs;

const PROGRAMS: u64 = 24;

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("properties/loops", check)]
}

/// What every program begins with: a record that has a list, and functions that write to and read what they are given.
const BEGINNING: &str = "type Box { held: list<int>, n: int }
var steps = 0
fun put(xs: list<int>, i: int, v: int): int {
  xs[i] = v
  return len(xs)
}
fun total(xs: list<int>): int {
  var sum = 0
  for i in 0..len(xs) { sum = sum + xs[i] * (i + 1) }
  return sum
}
";

/// The next number of a sequence that depends on the seed alone (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len() as u64) as usize]
    }
}

struct Writer {
    random: Random,
    text: String,
    /// Loops that are open, each with a counter of its own.
    loops: usize,
}

impl Writer {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{:1$}{line}", "", 2 + 2 * self.loops);
    }

    /// A list of ints, as a place.
    fn list(&mut self) -> String {
        match self.random.below(9) {
            0..=2 => "a".to_owned(),
            3 | 4 => "b".to_owned(),
            5 => "c".to_owned(),
            6 => "box.held".to_owned(),
            _ => format!("rows[{}]", self.random.pick(&["0", "1", "2", "-1"])),
        }
    }

    /// An index that is out of range once in a while.
    fn index(&mut self, list: &str) -> String {
        let counter = self.random.below(self.loops.max(1) as u64);
        match self.random.below(24) {
            0 => format!("i{counter}"),
            1 => "len(a) - 1".to_owned(),
            2..=4 => self.random.pick(&["0", "1", "-1"]).to_owned(),
            5..=7 => format!("(n + {}) % len({list})", self.random.below(4)),
            _ if self.loops > 0 => format!("(i{counter} + {}) % len({list})", self.random.below(3)),
            _ => "0".to_owned(),
        }
    }

    fn value(&mut self, depth: u32) -> String {
        let list = self.list();
        match self.random.below(if depth == 0 { 6 } else { 9 }) {
            0 => self.random.below(50).to_string(),
            1 => "n".to_owned(),
            2 if self.loops > 0 => format!("i{}", self.random.below(self.loops as u64)),
            3 => format!("len({list})"),
            2 | 4 | 5 => format!("{list}[{}]", self.index(&list)),
            6 => format!("total({list})"),
            _ => {
                let operator = self.random.pick(&["+", "-", "*"]);
                format!("({} {operator} {}) % 1000", self.value(depth - 1), self.value(depth - 1))
            }
        }
    }

    fn statement(&mut self, room: u32) {
        let list = self.list();
        let value = self.value(2);
        match self.random.below(if room == 0 { 11 } else { 15 }) {
            0..=2 => {
                let index = self.index(&list);
                // An element of a field is no place to assign to.
                match list.as_str() {
                    "box.held" => self.line(&format!("put({list}, {index}, {value})")),
                    _ => self.line(&format!("{list}[{index}] = {value}")),
                }
            }
            3 => self.line(&format!("if len({list}) < 24 {{ {list} = append({list}, {value}) }}")),
            // The same list under another name, or a copy of a part of one.
            4 => {
                let other = self.list();
                self.line(&format!("{list} = {other}"));
            }
            5 => {
                let other = self.list();
                let end = 2 + self.random.below(3);
                self.line(&format!("if len({other}) > {end} {{ {list} = {other}[1:{end}] }}"));
            }
            6 => {
                let index = self.index(&list);
                self.line(&format!("n = (n + put({list}, {index}, {value})) % 1000"));
            }
            7 => self.line(&format!("n = {value}")),
            8 => self.line("rows = append(rows[0:2], [n, 1, 2])"),
            9 => self.line(&format!("box = Box {{ held: {list}, n: n }}")),
            10 => self.line("box.n = box.n + n"),
            11 => {
                self.line(&format!("if n % 2 == {} {{", self.random.0 % 2));
                self.statement(room - 1);
                self.line("}");
            }
            _ => self.repeat(&list, room - 1),
        }
    }

    fn repeat(&mut self, list: &str, room: u32) {
        let counter = format!("i{}", self.loops);
        let over = match self.random.below(3) {
            0 => format!("0..len({list})"),
            1 => list.to_owned(),
            _ => format!("0..{}", 1 + self.random.below(6)),
        };
        self.line(&format!("for {counter} in {over} {{"));
        self.loops += 1;
        self.line("steps = steps + 1");
        self.line("if steps > 400 { break }");
        for _ in 0..=self.random.below(3) {
            self.statement(room);
        }
        self.loops -= 1;
        self.line("}");
    }
}

/// The program of a seed: three names of lists of ints, two of one list maybe, a table that has some of them as rows,
/// and a record. All is in a function, or at the top level, where variables are global.
fn program(seed: u64) -> String {
    let mut writer = Writer { random: Random(seed), text: BEGINNING.to_owned(), loops: 0 };
    let in_function = seed.is_multiple_of(2);
    if in_function {
        writer.text.push_str("fun run() {\n");
    }
    writer.line("var n = 3");
    writer.line("var a = [1, 2, 3, 4, 5]");
    writer.line(["var b = a", "var b = [10, 20, 30]"][(seed / 2 % 2) as usize]);
    writer.line("var c = [7, 8, 9, 10]");
    writer.line("var rows = [a, [5, 6, 7], c]");
    writer.line("var box = Box { held: b, n: 1 }");
    for _ in 0..6 {
        writer.repeat("a", 2);
        writer.line("print(steps, n, a, b, c, rows, box)");
    }
    if in_function {
        writer.text.push_str("}\nrun()\n");
    }
    writer.text
}

fn check() -> Result<(), Failed> {
    let engine = RunOptions::default().engine().map_err(|error| format!("{error:?}"))?;
    for seed in 0..PROGRAMS {
        let text = program(seed);
        let source = SourceFile::new("loops.mochi", text.clone());
        let run = |options: &Options| -> Result<(i32, String, String), Failed> {
            let wasm = programs::compile(&source, options)
                .map_err(|error| format!("{}\n{text}", error.message().unwrap_or_default()))?;
            let outcome = mochi_wasm::run_module(&engine, &wasm, &RunOptions::default())
                .map_err(|error| format!("{error:?}\n{text}"))?;
            let stderr = String::from_utf8_lossy(&outcome.stderr);
            let failure = stderr.lines().take(2).collect::<Vec<&str>>().join("\n");
            Ok((outcome.exit.into(), String::from_utf8_lossy(&outcome.stdout).into_owned(), failure))
        };
        let standard = Options::default();
        let plain = run(&Options { opt: OptLevel::None, ..standard.clone() })?;
        let without = |passes: &[&str]| Options {
            skip_passes: passes.iter().map(|&pass| pass.to_owned()).collect(),
            ..standard.clone()
        };
        let builds = [
            ("optimised", standard.clone()),
            ("optimised, with memory debugged", Options { debug_memory: true, ..standard.clone() }),
            ("without hoist", without(&["hoist"])),
            ("without facts of lists", without(&[opt::LIST_FACTS])),
            ("without both", without(&["hoist", opt::LIST_FACTS])),
        ];
        for (build, options) in builds {
            let ran = run(&options)?;
            if ran != plain {
                return Err(format!("{build}: {ran:?}\nunoptimised: {plain:?}\n{text}").into());
            }
        }
    }
    Ok(())
}
