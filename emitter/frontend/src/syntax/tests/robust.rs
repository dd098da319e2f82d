//! Nothing that can be in a file makes the parser panic, overflow its stack or take more
//! than linear time. Tests run with the small stack of a test thread.

use super::parse_text;
use crate::diagnostic::{Code, Format, render};
use crate::syntax::Dialect;

/// Marsaglia's xorshift: the same sequence on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Parses and draws all findings.
fn exercise(source: &str) -> Vec<Code> {
    let mut codes = Vec::new();
    for dialect in [Dialect::Mochi, Dialect::Runtime] {
        let (file, program, diagnostics) = parse_text(source, dialect);
        drop(program);
        let files = [file];
        for diagnostic in diagnostics.iter().take(3) {
            let span = diagnostic.span;
            assert!(span.start <= span.end && span.end as usize <= files[0].text.len(), "{source:?} {diagnostic:?}");
            render(diagnostic, &files, Format::Human, true);
            render(diagnostic, &files, Format::Json, false);
        }
        if dialect == Dialect::Mochi {
            codes = diagnostics.iter().map(|d| d.code).collect();
        }
    }
    codes
}

#[test]
fn random_bytes() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..1000 {
        let length = random.below(400);
        let printable = random.below(2) == 0;
        let bytes: Vec<u8> =
            (0..length).map(|_| if printable { 9 + random.below(118) } else { random.below(256) } as u8).collect();
        let (file, _) = crate::syntax::decode("random.mochi", bytes, 0);
        exercise(&file.text);
    }
}

/// One statement of every kind, to be cut up.
const SAMPLE: &str = r#"
package p import go "m" as m auto extern fun a.b(x: int): string
type T = A(x: int) | B { y: string } type S { n: int fun f(): int { return n } }
export fun f<T>(x: list<int>, y: T?): map<string, int> ! io { for i in 0..len(x) { if x[i] == 1 && !y { continue } else { break } } return {} }
let v = from x in xs left join y in ys on x.a == y.b where x > 1.5e3 group by x.k into g sort by -g.key skip 1 take 2 select distinct { k: g.key, "n": count(g) }
var w = match v { A(n, _) => fun(a) => a ?? none B => { print("b\n") } _ => if c then 0x1F else { q } }
w[0][1:2].f = (a as float?) union all S { n: 1, } rule r(a) :- p(a, "s"), a != b
test "t" { expect 1 in [1, 2] } on E as e { emit F { a: e?.b?[0] } } agent G { intent i() { save x to "p" with o } }
update ps set { a: 1 } where b while true { fetch "u" into z } model z { a: generate g { b: load as T } } const C: i64 = a << 1 >>> b & c
"#;

#[test]
fn mutated_tokens() {
    let pieces: Vec<&str> = SAMPLE.split_inclusive([' ', '\n', '(', '{', '[', ',', ':', '.']).collect();
    let mut random = Random(0xdead_beef_cafe_f00d);
    for _ in 0..3000 {
        let start = random.below(pieces.len());
        let mut cut: Vec<&str> = pieces[start..pieces.len().min(start + 1 + random.below(60))].to_vec();
        for _ in 0..1 + random.below(4) {
            let at = random.below(cut.len());
            match random.below(4) {
                0 => cut[at] = "",
                1 => cut[at] = pieces[random.below(pieces.len())],
                2 => cut.insert(at, pieces[random.below(pieces.len())]),
                _ => {
                    let other = random.below(cut.len());
                    cut.swap(at, other);
                }
            }
        }
        exercise(&cut.concat());
    }
}

#[test]
fn prefixes_of_a_program() {
    for end in (0..SAMPLE.len()).filter(|&end| SAMPLE.is_char_boundary(end)) {
        exercise(&SAMPLE[..end]);
    }
}

#[test]
fn deep_nesting_is_refused() {
    let n = 100_000;
    let sources = [
        format!("f({}1{})", "(".repeat(n), ")".repeat(n)),
        "(".repeat(n),
        "[".repeat(n),
        "{".repeat(n),
        "f(".repeat(n),
        "f(x[".repeat(n),
        format!("let x = {}y", "-".repeat(n)),
        format!("let x = {}y", "!".repeat(n)),
        "if a { ".repeat(n),
        "if a then ".repeat(n),
        format!("let x = {}", "if ".repeat(n)),
        "fun f() { ".repeat(n),
        "let f = fun() { ".repeat(n),
        format!("let f = {}1", "fun() => ".repeat(n)),
        "match x { A => ".repeat(n),
        "match x { A => { ".repeat(n),
        "{a: ".repeat(n),
        "P {a: ".repeat(n),
        "from x in ".repeat(n),
        format!("let x: {}int{}", "list<".repeat(n), ">".repeat(n)),
        format!("let x: {}int", "{a: ".repeat(n)),
        format!("let x: {}int", "fun(): ".repeat(n)),
        format!("f(x as {}int)", "list<".repeat(n)),
        "x as T < ".repeat(n),
        "while a { for x in xs { ".repeat(n),
        "type T { fun m() { ".repeat(n),
        "test \"t\" { ".repeat(n),
        "save ".repeat(n),
        "fetch ".repeat(n),
    ];
    for source in &sources {
        let codes = exercise(source);
        assert!(codes.contains(&Code::M002), "{} {codes:?}", &source[..40]);
        assert!(codes.len() < 4, "{} {codes:?}", &source[..40]);
    }
}

#[test]
fn long_chains_are_read_up_to_the_limit() {
    let chains: [fn(usize) -> String; 8] = [
        |n| format!("let x = a{}", " + a".repeat(n)),
        |n| format!("let x = a{}", " && a".repeat(n)),
        |n| format!("let x = f{}", "(1)".repeat(n)),
        |n| format!("let x = f{}", "[1]".repeat(n)),
        |n| format!("let x = f{}", ".a".repeat(n)),
        |n| format!("let x = f{}", " as T".repeat(n)),
        |n| format!("if f() {{}}{}", " else if a == b { f() }".repeat(n)),
        |n| format!("let x = if a then b{}", " else if a then b".repeat(n)),
    ];
    for chain in chains {
        assert_eq!(exercise(&chain(950)), []);
        assert_eq!(exercise(&chain(100_000)), [Code::M002]);
    }
    // Trees that stand side by side are no higher for it.
    assert_eq!(exercise(&"if a { f() } else if b { f() } else { f() }\n".repeat(5000)), []);
    // A high tree inside of a high tree is one high tree.
    let inner = |text: String| format!("({text}{})", " + a".repeat(100));
    let tower = (0..20).fold("a".to_string(), |text, _| inner(text));
    assert_eq!(exercise(&format!("let x = {tower}")), [Code::M002]);
}

#[test]
fn large_files_take_linear_time() {
    let sources = [
        format!("let x = [{}]", "1, ".repeat(1_000_000)),
        format!("let x = \"{}\"", "a".repeat(10_000_000)),
        "a ".repeat(1_000_000),
        "f(x, 1.5) ".repeat(500_000),
        "fun f(x: int): int { return x + 1 }\n".repeat(100_000),
        "@ ".repeat(1_000_000),
        "let x = )\n".repeat(300_000),
        "\"\n".repeat(500_000),
        "// c\n".repeat(1_000_000),
        "/* ".repeat(1_000_000),
        "a < b, c < ".repeat(300_000),
        "} ".repeat(1_000_000),
        "x union (".repeat(200_000),
    ];
    let start = std::time::Instant::now();
    for source in &sources {
        exercise(source);
    }
    // Generous: the tests of other crates may run at the same time, unoptimised.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
