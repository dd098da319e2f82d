//! IR text is a public input: whatever it says, the answer is a module or a list of errors.

use mochi_emitter::ir::{Spans, parse, parse_program, place_data, print_module, verify_module};
use proptest::prelude::*;

const SEED: &str = r#"file "main.mochi"
data d0 "hello"
data d1 align 16 size 64
data d2 align 8 size 16 "\01\02" at 4 d0 word 8 d2
global g0 total: int = i64 -1
stdout d1
start main
import fd_write "wasi_snapshot_preview1" "fd_write" (i32, i32, i32, i32) -> i32 cold

func main() pure {
b0:
    v0 = str.const d0 @0:12..19
    v1: int = global.load g0
    v2 = int.lt v1, v1
    branch v2, b1(v1), b2
b1(v3: int):
    v4: int = int.add v1, v3
    v5: str = call "f<int>"(v0, v4)
    v6 = int.lt v4, v1
    branch v6, b1(v4), b2
b2 cold:
    print v0
    return
}

func "f<int>"(v0: own str, v1: int) -> str counted noinline {
b0:
    v2: int = int.add v1, v1
    v3: int = int.neg !v2
    drop v3
    v4: float = float.const nan:0x7ff8000000000000
    return v0
}

func machine(v0: i32) -> i64 legalized inline {
b0:
    v1 = i64.load offset=8 v0
    v2: i64 = global.get g0
    v3 = i64.add v1, v2
    return v3
}
"#;

/// No panic on the way, and what is accepted is written and read again as it is.
fn digest(text: &str) {
    let _ = parse_program(text);
    if let Ok(parsed) = parse(text) {
        let written = print_module(&parsed.module, Spans::Write);
        let again = parse(&written).unwrap_or_else(|errors| panic!("{}\n{written}", errors[0]));
        assert_eq!(print_module(&again.module, Spans::Write), written);
        match verify_module(&parsed.module) {
            Ok(()) => drop(place_data(&parsed.module)),
            Err(errors) => errors.iter().for_each(|error| drop((error.to_string(), parsed.place(error)))),
        }
    }
}

/// Words that the grammar knows, to be put where they may not belong.
const WORDS: &[&str] = &[
    "v0",
    "v1",
    "v9",
    "b0",
    "b1",
    "b9",
    "d0",
    "d9",
    "g0",
    "main",
    "int",
    "str?",
    "i32",
    "own",
    "cold",
    "pure",
    "counted",
    "legalized",
    "none",
    "dup",
    "drop",
    "call",
    "jump",
    "return",
    "unreachable",
    "branch",
    "=",
    ":",
    ",",
    "(",
    ")",
    "{",
    "}",
    "->",
    "!",
    "@",
    "\n",
    "\"",
    ";",
    "-1",
    "4294967295",
    "1e999",
    "size",
    "align",
    "at",
    "word",
    "file",
    "start",
    "\u{e9}",
];

#[test]
fn the_seed_is_sound() {
    let parsed = parse(SEED).unwrap_or_else(|errors| panic!("{}", errors[0]));
    verify_module(&parsed.module).unwrap_or_else(|errors| panic!("{}", errors[0]));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_is_digested(text in any::<String>()) {
        digest(&text);
    }

    #[test]
    fn mangled_text_is_digested(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4u8), 1..4)) {
        // Words, and what separates them.
        let mut parts: Vec<String> = Vec::new();
        for char in SEED.chars() {
            match parts.last_mut() {
                Some(last) if char.is_alphanumeric() && last.chars().all(char::is_alphanumeric) => last.push(char),
                _ => parts.push(char.to_string()),
            }
        }
        for (at, other, how) in edits {
            let at = at.index(parts.len());
            match how {
                0 => { parts.remove(at); }
                1 => parts[at] = (*other.get(WORDS)).to_owned(),
                2 => parts[at] = parts[other.index(parts.len())].clone(),
                _ => parts.insert(at, (*other.get(WORDS)).to_owned()),
            }
        }
        digest(&parts.concat());
    }
}
