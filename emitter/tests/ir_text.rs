//! IR text is a public input: whatever it says, the answer is a module or a list of errors.

use std::sync::LazyLock;

use mochi_emitter::ir::{Spans, Table, parse, parse_program, place_data, print_module, verify_module};
use mochi_emitter::{Language, Options, SourceFile, Stage, print_ir};
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

/// A program; with it, mistakes can get past the verifier.
const PROGRAM: &str = r#"file "main.mochi"
data d0 "hello"
data d1 "message"
global g0 total: int = i64 0
global g1 text: str? = i32 0
start main

func main() pure {
b0:
    v0: int = int.const 5
    v1: int = call fact(v0) @0:1..2
    print v1
    global.store g0 v1
    v2 = str.const d0
    v3: str = call repeat(v2, v0)
    v4: str? = convert v3
    global.store g1 v4
    v5: str? = global.load g1
    v6 = is_none v5
    branch v6, b1, b2
b1 cold:
    fail d1
    unreachable
b2:
    v7: str = convert v5
    print v7
    v8: int? = none
    v9: int? = int.add v8, v1
    v10: int = convert v9
    v11: float = int.to_float v1
    v12: float = float.div v11, v11
    print v12
    v13 = str.slice v7, v0, v1
    expect d1 v6
    v14: list<int?> = list.new 2
    v15: list<int?> = list.append v14, v8
    v16: list<list<int?>>? = call nest(v15)
    v17 = list.len v16
    v18: int? = list.get v15, v17
    list.set v15, v0, v18
    v19 = list.contains v15, v8
    v20 = list.ne v16, v16
    v21 = list.to_str 1 v16
    print v16
    return
}

func nest(v0: list<int?>) -> list<list<int?>>? pure {
b0:
    v1: list<list<int?>> = list.new 0
    v2: list<list<int?>> = list.append v1, v0
    v3 = list.len v2
    v4: list<list<int?>> = list.slice v2, v3, v3
    v5: list<list<int?>> = list.concat v4, v2
    v6: list<list<int?>>? = convert v5
    return v6
}

func fact(v0: int) -> int pure {
b0:
    v1: int = int.const 2
    v2 = int.lt v0, v1
    branch v2, b1(v1), b2
b1(v3: int):
    return v3
b2:
    v4: int = int.const 1
    v5: int = int.sub v0, v4
    v6: int = call fact(v5)
    v7: int = int.mul v0, v6
    jump b1(v7)
}

func repeat(v0: str, v1: int) -> str pure inline {
b0:
    v2: int = int.const 0
    v3: int = int.const 1
    jump b1(v2, v0)
b1(v4: int, v5: str):
    v6 = str.concat v5, v0
    v7: int = int.add v4, v3
    v8 = int.lt v7, v1
    branch v8, b1(v7, v6), b2
b2:
    v9 = i32.const 0
    v10 = str.next v6, v9
    v11 = str.char v6, v9
    v12 = str.concat v6, v11
    return v12
}
"#;

/// What the front end makes of records, unions, maps, function values and values of any type.
static BUILT: LazyLock<String> = LazyLock::new(|| {
    let source = r#"
type Shape = Circle(radius: int) | Square(side: int, tags: list<string>)
type Box { content: any next: Box }
fun area(shape: Shape): int { return match shape { Circle(r) => 3 * r * r Square(s, t) => s * s + len(t) } }
fun adder(by: int): fun(int): int { return fun(x: int): int => x + by }
var sizes: map<string, int> = {}
var mixed: list<any> = [1, "two", 3.5, none, {"four": 4}]
for shape in [Circle(1), Square(2, ["a"])] { sizes[str(area(shape))] = adder(1)(area(shape)) }
for key in sizes { mixed = append(mixed, sizes[key]) }
let chain = Box { content: mixed, next: Box { content: sizes, next: none } }
print(chain.next.content, mixed[1] == "two", "3" in sizes, mixed[4]["four"] + 1)
"#;
    let source = SourceFile::new("built.mochi", source);
    print_ir(&source, &Options::default(), Stage::Built).unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics))
});

/// No panic on the way, and what is accepted is written and read again as it is.
fn digest(text: &str) {
    let options = Options { language: Language::Ir, ..Options::default() };
    let legalized = print_ir(&SourceFile::new("main.mir", text), &options, Stage::Legalized);
    assert_eq!(legalized.is_ok(), parse_program(text).is_ok());
    if let Ok(parsed) = parse(text) {
        let written = print_module(&parsed.module, Spans::Write);
        let again = parse(&written).unwrap_or_else(|errors| panic!("{}\n{written}", errors[0]));
        assert_eq!(print_module(&again.module, Spans::Write), written);
        match verify_module(&parsed.module) {
            Ok(()) => drop(place_data(&parsed.module, Table::of(&parsed.module))),
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
    "list<int>",
    "list",
    "<",
    ">",
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

/// A place, something to put there, and how.
type Edit = (prop::sample::Index, prop::sample::Index, u8);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..6u8), 1..4)
}

fn mangle(seed: &str, edits: &[Edit]) -> String {
    // Words, and what separates them.
    let mut parts: Vec<String> = Vec::new();
    for char in seed.chars() {
        let in_word = |char: char| char.is_alphanumeric() || char == '.';
        match parts.last_mut() {
            Some(last) if in_word(char) && last.chars().all(in_word) => last.push(char),
            _ => parts.push(char.to_string()),
        }
    }
    for (at, other, how) in edits {
        let at = at.index(parts.len());
        match how {
            0 => drop(parts.remove(at)),
            1 => parts[at] = (*other.get(WORDS)).to_owned(),
            2 => parts.insert(at, (*other.get(WORDS)).to_owned()),
            // A word of the same sort, so that the change is not seen by the parser.
            _ => {
                let sort = parts[at].chars().next();
                let same: Vec<&String> = parts.iter().filter(|part| part.chars().next() == sort).collect();
                parts[at] = same[other.index(same.len())].clone();
            }
        }
    }
    parts.concat()
}

#[test]
fn the_seed_is_sound() {
    assert!(parse_program(PROGRAM).is_ok());
    parse_program(&BUILT).unwrap_or_else(|errors| panic!("{}\n{}", errors[0], *BUILT));
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
    fn mangled_text_is_digested(edits in edits()) {
        digest(&mangle(SEED, &edits));
    }

    #[test]
    fn mangled_programs_are_digested(edits in edits()) {
        digest(&mangle(PROGRAM, &edits));
    }

    #[test]
    fn mangled_built_programs_are_digested(edits in edits()) {
        digest(&mangle(&BUILT, &edits));
    }
}
