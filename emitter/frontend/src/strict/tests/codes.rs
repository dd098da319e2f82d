//! For each code of the checker a program that it rejects, with the place, and one like it that it accepts.

use std::collections::BTreeSet;

use super::{accepted, rejected};
use crate::diagnostic::Code;

/// Codes that no program gets, in the reference neither.
const NEVER: [(&str, &str); 6] = [
    ("T011", "what is expected to be a bool and is none has T008"),
    ("T014", "whatever the parser takes for an expression is one"),
    ("T016", "the parser says P060"),
    ("T043", "operators take `any`"),
    ("T049", "calls have no type arguments"),
    ("T066", "reserved"),
];

/// The code with its place, the program, and the program that is accepted.
const CASES: &[(&str, &str, &str)] = &[
    ("T000 2:3", "fun f() {\n  let x\n}", "fun f() {\n  let x: int\n}"),
    ("T001 2:3", "fun f() {\n  y = 1\n}", "var y = 2\nfun f() {\n  y = 1\n}"),
    ("T002 3:11", "let a = 1\n\nprint(a + b)", "let b = 2\nlet a = 1\nprint(a + b)"),
    ("T003 1:9", "let x = shout(\"a\")", "fun shout(s: string): string { return upper(s) }\nlet x = shout(\"a\")"),
    ("T004 2:10", "let n = {f: 1}\nprint(n.f(2))", "let n = {f: fun(x: int): int => x}\nprint(n.f)"),
    (
        "T005 3:3",
        "type P {\n  x: int\n  fun up(by) { print(x + by) }\n}",
        "type P {\n  x: int\n  fun up(by: int) { print(x + by) }\n}",
    ),
    ("T006 2:7", "fun f(a: int, b: int) {}\nprint(f(1, 2, 3))", "fun f(a: int, b: int) {}\nf(1, 2)\nlet rest = f(1)"),
    ("T007 1:9", "let x = int({a: 1})", "let x = int(\"1\") + int(2.5)"),
    (
        "T008 3:19",
        "fun f(n: int) {\n  let a = 1.5\n  let b: string = n\n}",
        "fun f(n: int) {\n  let a: float = 1.5\n  let b: int = n\n}",
    ),
    ("T009 3:1", "var t: int64 = 1\nlet b: bigint = 3\nt = b", "var t: bigint = 1\nlet b: int = 3\nt = b"),
    (
        "T010 2:14",
        "fun f(n: int): string {\n  if n > 0 { return }\n  return \"\"\n}",
        "fun f(n: int) {\n  if n > 0 { return }\n}",
    ),
    ("T013 1:14", "let b = true < 1", "let b = 1 < 2.5"),
    ("T015 2:14", "let xs = [[1]]\nlet x = xs[0][\"a\"]", "let xs = [[1]]\nlet x: int = xs[0][0]"),
    ("T017 2:13", "let m = {a: 1}\nlet part = m[\"a\":\"b\"]", "let l = [1]\nlet part: list<int> = l[0:1]"),
    ("T018 2:7", "let f = 1.5\nprint(f[0])", "let f = \"1.5\"\nprint(f[0])"),
    ("T019 3:2", "var m: map<string, int> = {}\nlet k = 1\nm[k] = 2", "var m: map<int, int> = {}\nlet k = 1\nm[k] = 2"),
    ("T020 2:13", "let m = {a: 1}\nlet n = m.a - \"x\"", "let m = {a: 1}\nlet n: int = m.a - 1"),
    ("T021 1:16", "let x = {a: 1} except [1]", "let x = [2] except [1]"),
    (
        "T022 2:3",
        "fun f(x: any) {\n  for y in x { print(y) }\n}",
        "fun f(x: list<any>) {\n  for y in x { print(y) }\n}",
    ),
    ("T023 2:1", "let end = \"9\"\nfor i in 0..end { print(i) }", "let end: int64 = 9\nfor i in 0..end { print(i) }"),
    (
        "T024 3:3",
        "let total = 0\nfor i in 0..3 {\n  total = total + i\n}",
        "var total = 0\nfor i in 0..3 {\n  total = total + i\n}",
    ),
    ("T025 1:18", "fun f(a: int, b: Wrong) {}", "type Right = int\nfun f(a: int, b: Right) {}"),
    (
        "T026 3:9",
        "type P { x: int }\nfun f(p: P) {\n  print(p.y)\n}",
        "type P { x: int }\nfun f(p: P) {\n  print(p.x)\n}",
    ),
    ("T027 2:7", "let n = [1]\nprint(n.first)", "let n = {first: 1}\nprint(n.first)"),
    ("T028 1:9", "let x = fetch [\"u\"]", "let x = fetch \"u\" + \"v\""),
    ("T029 2:9", "let o = [1]\nlet x = fetch \"u\" with o", "let o: map<string, any> = {}\nlet x = fetch \"u\" with o"),
    (
        "T030 1:34",
        "let x = fetch \"u\" with { method: 1 }",
        "let x = fetch \"u\" with { method: \"PUT\", timeout: 1.5 }",
    ),
    ("T031 2:1", "stream Tick { n: int }\nemit Tock { n: 1 }", "stream Tick { n: int }\nemit Tick { n: 1 }"),
    ("T032 1:9", "let q = from k in 1.5 select k", "let q = from k in [1.5] select k"),
    ("T033 1:29", "let q = from k in [1] where k + 1 select k", "let q = from k in [1] where k > 1 select k"),
    (
        "T034 1:23",
        "let q = from a in [1] join b in true on true select a",
        "let q = from a in [1] join b in [2] on true select a",
    ),
    (
        "T035 1:40",
        "let q = from a in [1] join b in [2] on a + b select a",
        "let q = from a in [1] join b in [2] on a == b select a",
    ),
    ("T036 2:13", "let n = 1.5\nlet l = 1 + len(n)", "let n = [1.5]\nlet l = 1 + len(n)"),
    ("T037 1:7", "print(count(\"abc\"))", "print(count([\"abc\"]))"),
    ("T038 1:7", "print(avg([{a: 1}]))", "print(avg([1, 2]))"),
    ("T039 1:7", "print(upper())", "print(upper(\"a\"))"),
    (
        "T040 3:9",
        "var n = 3\nfun f() {\n  while n { n = n - 1 }\n}",
        "var n = 3\nfun f() {\n  while n > 0 { n = n - 1 }\n}",
    ),
    ("T041 1:7", "print(sum(\"a\"))", "print(sum([1.5]))"),
    (
        "T042 1:48",
        "let q = from x in [1] group by x into g having count(g) select g.key",
        "let q = from x in [1] group by x into g having count(g) > 1 select g.key",
    ),
    (
        "T044 2:44",
        "fun loud(n: int): bool { print(n)\n return true } let q = from x in [1] where loud(x) select x",
        "fun calm(n: int): bool { return n > 0 }\nlet q = from x in [1] where calm(x) select x",
    ),
    ("T045 2:25", "while true {\n  let f = fun(): unit { break }\n}", "while true {\n  if true { break }\n}"),
    ("T046 1:17", "let x = [1, 2.5 as string]", "let x = [1, 2.5 as int]"),
    (
        "T047 2:7",
        "fun same<T>(a: T, b: T): T { return b }\nprint(same(1, true))",
        "fun same<T>(a: T, b: T): T { return b }\nprint(same(1, 2))",
    ),
    (
        "T048 2:7",
        "fun empty<T>(n: int): list<T> { return [] }\nprint(empty(1))",
        "fun empty<T>(n: T): list<T> { return [n] }\nprint(empty(1))",
    ),
    (
        "T050 3:9",
        "type T = A | B(n: int)\nfun f(t: T) {\n  print(match t { A => 1 })\n}",
        "type T = A | B(n: int)\nfun f(t: T) {\n  print(match t { A => 1\n  B(n) => n })\n}",
    ),
    ("T051 3:3", "let m = {a: 1}\nfun f() {\n  var n = m\n}", "let m = {a: 1}\nfun f() {\n  let n = m\n}"),
    ("T052 2:1", "var m = {a: 1}\nvar n: map<string, any> = m", "var m = {a: 1}\nvar n: map<string, int> = m"),
    ("T053 2:7", "type P { x: int, y: int }\nprint(P { y: 1 })", "type P { x: int, y: int }\nprint(P { y: 1, x: 2 })"),
    (
        "T054 3:1",
        "let n = match \"a\" {\n\"a\" => 1\n\"a\" => 2\n_ => 3 }",
        "let n = match \"a\" {\n\"a\" => 1\n\"b\" => 2\n_ => 3 }",
    ),
    ("T055 1:28", "let q = from x in [1] skip 1.5 select x", "let q = from x in [1] skip 1 take 2 select x"),
    ("T056 1:31", "let q = from x in [1] sort by {a: x} select x", "let q = from x in [1] sort by -x select x"),
    ("T057 1:39", "let q = from x in [1] select distinct fun(): int => x", "let q = from x in [1] select distinct x"),
    ("T058 3:7", "type P { x: int }\nlet p: P? = none\nprint(p.x)", "type P { x: int }\nlet p: P? = none\nprint(p?.x)"),
    ("T059 1:11", "print(\"a\" != none)", "let s: string? = \"a\"\nprint(s != none)"),
    ("T060 2:8", "let m = {a: 1}\nprint(m?.a)", "type P { x: int }\nlet p: P? = none\nprint(p?.x ?? 1)"),
    (
        "T061 2:8",
        "let m: list<int>? = [1]\nprint(m?.a)",
        "type P { x: int }\nlet p: P? = P { x: 1 }\nlet x: int? = p?.x",
    ),
    ("T062 2:8", "let l = [1]\nprint(l?[0])", "let l: list<int>? = [1]\nprint(l?[0] ?? 1)"),
    (
        "T063 3:8",
        "type P { x: int }\nlet p: P? = none\nprint(p?[0])",
        "let m: map<string, int>? = none\nprint(m?[\"a\"])",
    ),
    ("T064 1:1", "fun f() ! disk {}", "fun f() ! io, fs, net, time, meta { print(1) }"),
    (
        "T065 2:1",
        "fun g(): int64 { return now() }\nfun f() ! io { print(g()) }",
        "fun g(): int64 { return now() }\nfun f() ! io, time { print(g()) }",
    ),
];

#[test]
fn every_code_has_programs_on_either_side() {
    let mut codes: BTreeSet<&str> = NEVER.iter().map(|(code, _)| *code).collect();
    for (place, bad, good) in CASES {
        rejected(bad, place);
        accepted(good);
        codes.insert(&place[..4]);
    }
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).filter(|name| name.starts_with('T')).collect();
    assert_eq!(codes, all);
}
