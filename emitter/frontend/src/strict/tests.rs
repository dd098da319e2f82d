//! Programs with the first thing that strict checking finds in each.

mod codes;

use super::check;
use crate::source::SourceFile;
use crate::syntax::{Dialect, parse};

/// `CODE line:column` of each finding, with its message.
fn findings(text: &str) -> Vec<(String, String)> {
    let file = SourceFile::new("test.mochi", text);
    let (program, _) = parse(&file, 0, Dialect::Mochi);
    let place = |offset| file.line_column(offset);
    check(std::slice::from_ref(&file), &program)
        .into_iter()
        .map(|found| {
            let (line, column) = place(found.span.start);
            (format!("{} {line}:{column}", found.code.name()), found.message)
        })
        .collect()
}

#[track_caller]
fn rejected(text: &str, wanted: &str) {
    let found: Vec<String> = findings(text).into_iter().map(|(place, _)| place).collect();
    assert_eq!(found.join(", "), wanted, "{text}");
}

#[track_caller]
fn accepted(text: &str) {
    assert_eq!(findings(text), [], "{text}");
}

#[track_caller]
fn says(text: &str, message: &str) {
    let found: Vec<String> = findings(text).into_iter().map(|(_, message)| message).collect();
    assert_eq!(found, [message], "{text}");
}

#[test]
fn names() {
    rejected("let x", "T000 1:1");
    rejected("x = 1", "T001 1:1");
    rejected("print(x)", "T002 1:7");
    rejected("f()", "T003 1:1");
    rejected("let x = 1\nx()", "T004 2:1");
    rejected("type P { x: int }\nP(1)", "T004 2:1");
    rejected("type P { fun m(x) { print(x) } }", "T005 1:10");
    rejected("let x: Nope = 1\nlet y: list<Nope> = []", "T025 1:8, T025 2:13");
    rejected("type Ab = Ab", "T025 1:11");
    rejected("type Ab = Ba\ntype Ba = Ab\nlet x: Ab = 1", "T025 2:11");
    // A function sees only the variables above it.
    rejected("fun f(): int { return x }\nlet x = 1", "T002 1:23");
    accepted("let y = f(1)\nfun f(x: int): int { return g(x) }\nfun g(x: int): int { return x }");
    accepted("fun f(x: Id): Id { return x }\ntype Id = Number\ntype Number = int\nlet x: int = f(1)");
    accepted("let x: T = 1\nlet y: Foo<int> = \"any generic name\"");
    accepted("let len = 3\nprint(len + 1)\nfun count(a: int, b: int): int { return a }\nprint(count(1, 2))");
}

#[test]
fn values_fit_their_places() {
    rejected("let x: int = \"a\"", "T008 1:14");
    rejected("let x: int = (\"a\")", "T008 1:15");
    rejected("let x: int = ((\"a\" + \"b\") )", "T008 1:16");
    rejected("let x: any = 1\nlet y: int = x", "T008 2:1");
    rejected("let x: list<float> = [1]", "T008 1:22");
    rejected("let x: int = none", "T008 1:14");
    rejected("let x = [1, \"a\"]", "T008 1:13");
    rejected("let x = [[1], [2.5]]", "T008 1:15");
    rejected("let m: map<string, int> = {a: 1, b: \"x\"}\nlet n: map<string, int> = {1: 1}", "T008 2:27");
    rejected("let x: float = 3", "T008 1:16");
    rejected("var t = now()\nlet b: bigint = 3\nt = b", "T009 3:1");
    rejected("expect 1", "T008 1:8");
    accepted("let a: list<int> = []\nlet b: map<string, int> = {}\nlet c: int? = none\nlet d: int? = 3");
    accepted("let a: int64 = 1\nlet b: bigint = a\nlet c: bigrat = b\nlet d: bigrat = 1.5\nlet e: any = d");
    accepted("let f: fun(int): any = fun(x: int): int => x\nlet g: fun(): unit = fun() { print(1) }");
    says("let f: fun(int, string) = 1", "type mismatch: expected fun(int, string), got int");
    says("let f: fun(): map<int, string?> = 1", "type mismatch: expected fun(): {int: option[string]}, got int");
    says("let f: int = print", "type mismatch: expected int, got fun(...any) ! io");
}

#[test]
fn assignments() {
    rejected("let x = 1\nx = 2", "T024 2:1");
    rejected("let xs = [1]\nxs[0] = 2", "T024 2:1");
    rejected("var x = 1\nx = 2.5", "T008 2:5");
    rejected("var xs = [1]\nxs[\"a\"] = 2", "T015 2:3");
    rejected("var xs = [[1]]\nxs[0]/* [ */[true] = 2", "T015 2:13");
    rejected("var x = 1\nx[0] = 2", "T018 2:1");
    rejected("var m = {a: 1}\nm[1] = 2", "T019 2:2");
    rejected("type P { x: int }\nvar p = P { x: 1 }\np.y = 2", "T026 3:3");
    rejected("var n = 1\nn.y = 2", "T027 2:3");
    rejected("print(1 = 2)", "");
    accepted("var m = {a: {b: 1}}\nm[\"a\"][\"b\"] = 2\nm.a.b = 3\nm[\"new\"] = {}");
    // What is assigned is what the variable is known to be, if it is known at all.
    accepted("var x: any = 1\nx = \"a\"\nlet y: string = x");
    rejected("var x: any = 1\nif true { x = \"a\" }\nlet y: string = x", "T008 3:1");
    accepted("for i in 0..3 { i = i + 1 }\nfun f(n: int) { n = n + 1 }");
}

#[test]
fn functions() {
    rejected("fun f(x: int) {}\nf(1, 2)", "T006 2:1");
    rejected("fun f(x: int) {}\nf(\"a\")", "T008 2:3");
    rejected("fun f(): int { return }", "T010 1:16");
    accepted("fun f(x: int?): int? { return 1 }\nf(2)\nlet g = fun(x: int?): int? => 1\nprint(g(2))");
    rejected("fun f(): int { return \"a\" }", "T008 1:23");
    rejected("fun f(): unit { return 1 }", "T008 1:24");
    rejected("let f = fun(x: int): int => \"a\"", "T008 1:9");
    rejected("let f = fun(x: int) { return x }", "T008 1:30");
    rejected("let f = fun(x: int): int => x\nf(1)(2)", "T004 2:5");
    rejected("let fs = [fun(x: int): int => x]\nfs[0](1, 2)\nfs[0](\"a\")", "T006 2:6, T008 3:7");
    accepted(
        "fun add(a: int, b: int): int { return a + b }\nlet inc = add(1)\nlet n: int = inc(2)\nlet m: int = add(1)(2)",
    );
    // A function without result: nothing from above, anything from below and inside.
    rejected("fun g() { let x = f(1) + 1 }\nfun f(x) { return x }", "T020 1:24");
    accepted("fun f(x) { if x > 0 { return f(x - 1) + 1 } return 0 }\nlet y = f(1) + 1");
    rejected("fun f(x): int { fun g(y: int): int { return y }\nreturn g(\"a\") }", "T008 2:10");
    accepted("let apply = fun(f: fun(int): int, x: int): int => f(x)\nprint(apply(fun(x) => x * 2, 3))");
}

#[test]
fn type_parameters() {
    rejected("fun pair<T>(a: T, b: T): T { return a }\nlet x = pair(1, \"a\")", "T047 2:9");
    says("fun pair<T>(a: T, b: T): T { return a }\npair(1, \"a\")", "cannot unify type parameter `T`: int vs string");
    rejected("fun ghost<T>(x: any): T { return x as T }\nlet x = ghost(1)", "T048 2:9");
    rejected("fun make<T>(): list<T> { return [] }\nlet x = make()", "T048 2:9");
    rejected("let xs = append([1], \"a\")", "T047 1:10");
    rejected("let x = max(1)", "T047 1:9");
    rejected("let x: string = first([1]) ?? 0", "T008 1:17");
    accepted("fun id<T>(x: T): T { return x }\nlet a: int = id(1)\nlet b: string = id(\"a\")\nlet c: int = id(id(2))");
    accepted("fun swap<A, B>(m: map<A, B>): map<B, A> { return {} }\nlet m: map<int, string> = swap({a: 1})");
    accepted("fun f(xs) { let m = max(xs)\nlet k = keys(xs)\nlet h = first(xs) }");
    accepted("let n: int = reduce([1, 2], fun(a: int, b: int): int => a + b, 0)");
}

#[test]
fn builtin_functions() {
    rejected("print(len())", "T039 1:7");
    rejected("print(len(5))", "T036 1:7");
    rejected("print(count({a: 1}))", "T037 1:7");
    rejected("print(avg([[1]]))", "T038 1:7");
    rejected("print(sum(3))", "T041 1:7");
    rejected("let x = range(now())", "T007 1:9");
    rejected("let x = eval(1 as any)", "T007 1:9");
    rejected("let x = int([1])", "T007 1:9");
    rejected("print(pow(2, 3))", "T003 1:7");
    accepted("let a: int = len(\"a\") + count([1])\nlet b: float = avg([1, 2])\nlet s: string = reverse(\"ab\")");
    accepted("let xs: list<int> = concat([1], [2], [3])\nlet ys: list<int> = reverse(xs)\nlet zs = range(1, 10, 2)");
    accepted(
        "let s = \"abc\"\nlet b: bool = s.contains(\"b\")\nlet m = {a: 1}\nlet n: int = m.get(\"a\", 0)\nprint(m.keys())",
    );
}

#[test]
fn operators() {
    rejected("let x = 1 +\n  true", "T020 1:11");
    rejected("let x = 1 /* + */ - \"a\"", "T020 1:19");
    rejected("let x = (1 + 2) * \"a\"", "T020 1:17");
    rejected("let x = [1] + [\"a\"]", "T020 1:13");
    rejected("let x = 1 in \"abc\"", "T020 1:11");
    rejected("let x = 1 in {a: 1}", "T020 1:11");
    rejected("let x = 1 && true", "T020 1:11");
    rejected("let x = 1 ?? 2", "T020 1:11");
    rejected("let x = 1 union [2]", "T021 1:11");
    rejected("let x = [1] union all [\"a\"]", "T020 1:13");
    rejected("let x = 1 == \"a\"", "T013 1:11");
    rejected("let x = [1] < \"a\"", "T013 1:13");
    rejected("let x = 1 == none", "T059 1:11");
    rejected("let x: int? = 1\nlet y = x < 2", "T013 2:11");
    rejected("let n = 3\nif n { print(1) }", "T040 2:4");
    rejected("let n = 3\nlet x = if n { 1 } else { 2 }", "T040 2:12");
    rejected("let x = if true { 1 } else { \"a\" }", "T008 1:30");
    accepted(
        "let a: float = 1 + 2.5\nlet b: bigint = 1 as bigint + 2\nlet c: int = 7 / 2\nlet d: bigrat = 2.5 + (1 as bigint)",
    );
    accepted("let a: string = \"n\" + 1\nlet b: bool = 1 < 2.5 && !false\nlet c: int = -1\nlet d = \"a\" in {a: 1}");
    accepted("let x: any = 1\nlet y: bool = x == \"a\" || x < 2.5\nlet z = x - true\nlet s: string = x + \"a\"");
}

#[test]
fn elements_and_fields() {
    rejected("let xs = [1]\nlet x = xs[\"a\"]", "T015 2:11");
    rejected("let xs = [1]\nlet x = xs[0:1.5]", "T015 2:11");
    rejected("let m = {a: 1}\nlet x = m[0:1]", "T017 2:10");
    rejected("let x = 5\nlet y = x[0]", "T018 2:9");
    rejected("let m = {a: 1}\nlet x = m[1]", "T019 2:10");
    rejected("let m = {a: 1}\nlet x = m[\"a\"] + 1", "T020 2:16");
    rejected("let s = \"a\"\nlet x = s.length", "T027 2:9");
    rejected("type P { x: int }\nlet ps = [P { x: 1 }]\nlet x = ps[0].y", "T026 3:9");
    accepted(
        "type P { x: int\n fun twice(): int { return x * 2 } }\nlet ps = [P { x: 1 }]\nlet x: int = ps[0].x + ps[0].twice()",
    );
    accepted("let m = {a: 1}\nlet n: int = m.a + (m[\"a\"] ?? 0)\nlet s: string = \"abc\"[0] + \"abc\"[1:]");
    accepted(
        "import go \"math\" as m auto\nextern var os.args: list<string>\nlet x = m.pi + 1\nprint(m.sqrt(2.0).any.field)",
    );
    rejected(
        "import \"./lib/shapes.mochi\"\nlet x = shapes.area(1)\nextern fun math.sin(x: float): float\nmath.sin(1)",
        "T002 4:1",
    );
}

#[test]
fn structs() {
    rejected("type P { x: int, y: int }\nlet p = P { x: 1 }", "T053 2:9");
    says(
        "type P { x: int, y: int, z: int }\nlet p = P {}",
        "struct literal `P` is missing required field(s) `x`, `y`, and `z`",
    );
    rejected("type P { x: int }\nlet p = P { x: 1, y: 2 }", "T026 2:9");
    rejected("type P { x: int }\nlet p = P { x: \"a\" }", "T008 2:16");
    rejected("type P { x: int\n fun set(v: string) { x = v } }", "T008 2:27");
    rejected("type P { x: int }\ntype Q { x: int }\nvar p = P { x: 1 }\np = Q { x: 1 }", "T008 4:5");
    accepted("let p = Unknown { x: 1, y: \"a\" }\nprint(p.x)");
    accepted("type P { at: { x: int } }\nlet p: P\nlet q: { x: int } = p.at");
    accepted("type N { v: int, next: N? }\nlet n = N { v: 1, next: N { v: 2, next: none } }\nprint(n == n)");
    accepted(
        "agent Bot { var n: int = 0\n intent hi(): string { return \"hi\" } }\nlet b = Bot {}\nlet s: string = b.hi()",
    );
}

#[test]
fn casts() {
    rejected("let x = \"3\" as int", "T046 1:13");
    rejected("let x = 3 /* as */ as string", "T046 1:20");
    rejected("let x = [1] as list<float>", "T046 1:13");
    says("let m = {a: 1}\nlet x = m[\"a\"] as int", "invalid cast: `option[int]` as `int` is not allowed");
    accepted("let x: any = [1]\nlet y = x as list<float>\nlet z: int = 1.5 as int\nlet w = 3 as any");
    accepted(
        "type P { x: int }\ntype T = A(x: int) | B\nlet p = {x: 1} as P\nlet t: T = A(1)\nlet a = t as A\nlet b = a.x + 1",
    );
}

#[test]
fn matches() {
    let head = "type T = A(x: int) | B | C(y: string, z: int)\nlet t: T = A(1)\n";
    let cases = [
        ("let x = match t { A(n) => n\n B => 2 }", "T050 3:9"),
        ("let x = match t { A(n) => n\n A(m) => m\n _ => 0 }", "T054 4:2"),
        ("let x = match t { _ => 0\n A(n) => n }", "T054 4:2"),
        ("let x = match t { A => 1\n C(a) => 2\n _ => 0 }", "T008 4:2"),
        ("let x = match t { A(n) => n\n _ => \"a\" }", "T008 4:2"),
        ("let x = match 1 { 1 => 1\n 1 => 2\n _ => 0 }", "T054 4:2"),
        ("let x = match 1 { \"1\" => 1 }", "T008 3:19"),
        ("let x = match 1 { A(n) => n }", "T008 3:19"),
        ("let x = match t { nobody => 1 }", "T002 3:19"),
        ("let x: string = match t { A(n) => n\n _ => \"a\" }", "T008 3:35"),
        ("let x: int = match t { A(n) => n\n B => 2\n C(s, i) => i + len(s) }", ""),
        ("let x = match t { A(_) => 1\n B => 2\n C(_, _) => 3 }", ""),
        ("let a = A(1)\nlet x = match a { A(n) => n\n _ => 0 }", ""),
        ("let x = match t { A(n) => { print(n + 1) }\n _ => { break } }", "T045 4:9"),
    ];
    for (text, wanted) in cases {
        rejected(&format!("{head}{text}"), wanted);
    }
    // What an arm's block may do, the place of the match says.
    accepted(
        "fun f(n: int): string { for i in 0..n { let x: int = match i { 1 => { break }\n _ => 0 } }\n return \"a\" }",
    );
    accepted(
        "fun f(n: int): string { let x = match n { 1 => { return \"a\" }\n _ => { return \"b\" } }\n return \"c\" }",
    );
    rejected("fun f(n: int): string { let x = match n { 1 => { return 2 }\n _ => 0 } }", "T008 1:57");
    rejected("type T = A(x: int) | B\nlet a = A(\"a\")\nlet b = A(1, 2)", "T008 2:11, T006 3:9");
    says(
        "type T = A | B | C | D\nlet t: T = A\nlet x = match t { A => 1 }",
        "non-exhaustive match on union `T`: missing variant(s) `B`, `C`, and `D`",
    );
    accepted(
        "type Tree = Leaf | Node(left: Tree, v: int, right: Tree)\nlet t = Node(Leaf, 1, Node { left: Leaf, v: 2, right: Leaf {} })",
    );
}

#[test]
fn loops() {
    rejected("for x in 3 { print(x) }", "T022 1:1");
    rejected("fun f(xs) { for x in xs { print(x) } }", "T022 1:13");
    rejected("for i in 0..2.5 { print(i) }", "T023 1:1");
    rejected("break", "T045 1:1");
    rejected("while true { let f = fun(): unit { continue } }", "T045 1:36");
    rejected("while true { test \"t\" { break } }", "T045 1:25");
    rejected("while 1 { print(1) }", "T040 1:7");
    accepted(
        "for k in {a: 1} { let s: string = k }\nfor c in \"abc\" { let s: string = c }\nfor x in [1] { let n: int = x }",
    );
    accepted("for i in 0..now() { if true { break } else { continue } }");
}

#[test]
fn options() {
    let head =
        "type P { name: string }\nfun m(): int? { return none }\nvar x: int? = 1\nlet p: P? = none\nlet l: int? = 2\n";
    let cases = [
        ("let n = p.name", "T058 6:9"),
        ("let n = x + 1", "T020 6:11"),
        ("let n = l?.name", "T061 6:10"),
        ("let n = l?[0]", "T063 6:10"),
        ("let n = 1?.name", "T060 6:10"),
        ("let n = 1?[0]", "T062 6:10"),
        ("if x != none { let a = x + 1\n x = m()\n let b = x + 1 }", "T020 8:12"),
        ("if x != none { m()\n print(1)\n let b = x + 1 }", "T020 8:12"),
        ("if l != none { print(1)\n let b = l + 1 }", ""),
        ("if x != none { let f = fun(): int => x + 1 }", "T020 6:40"),
        ("if x == none { print(0) } else { print(x + 1) }", ""),
        ("if x == none { print(0) } else if x > 1 { print(x + 1) }", ""),
        ("let b = x != none && l != none && x + l > 0", ""),
        ("let b = x == none || x + 1 > 0", ""),
        ("let b = if none != x { x + 1 } else { 0 }", ""),
        ("let b: int = match x { none => 0\n _ => x + 1 }", ""),
        ("let b: int = match x { none => x + 1\n _ => 0 }", "T020 6:34"),
        ("let a: string? = p?.name\nlet b: string = p?.name ?? \"\"\nlet c: int = x ?? l ?? 0", ""),
        ("let q: list<P>? = none\nlet r: P? = q?[0]\nlet s: string? = q?[0]?.name", ""),
    ];
    for (text, wanted) in cases {
        rejected(&format!("{head}{text}"), wanted);
    }
}

#[test]
fn aliases() {
    rejected("let xs = [1]\nvar ys = xs", "T051 2:1");
    rejected("var xs = [1]\nvar ys: list<any> = xs", "T052 2:1");
    rejected("var xs = [[1]]\nvar ys: list<any> = xs[0]", "T052 2:1");
    rejected("var xs = [1]\nvar m: map<string, list<any>> = {a: xs}", "T052 2:37");
    rejected("var xs = [1]\nvar m: map<string, list<any>> = {}\nm[\"a\"] = xs", "T052 3:1");
    rejected("fun f(xs: list<any>) {}\nvar xs = [1]\nf(xs)", "T052 3:1");
    rejected("type P { xs: list<int> }\nvar p = P { xs: [1] }\nvar ys: list<any> = p.xs", "T052 3:1");
    accepted("let xs = [1]\nlet ys = xs\nlet s = \"a\"\nvar t = s\nvar n = xs[0]");
    accepted("var xs = [1]\nvar ys: list<any> = xs[0:1]\nvar zs: list<any> = concat(xs)\nlet ws: list<any> = xs");
}

#[test]
fn queries() {
    let head = "type R { id: int, v: float }\nlet rs: list<R> = []\nlet ns = [1, 2]\n";
    let cases = [
        ("let q = from x in 1 select x", "T032 4:9"),
        ("let q = from x in ns from y in x select y", "T034 4:22"),
        ("let q = from x in ns /* , */ join y in 1 on true select y", "T034 4:30"),
        ("let q = from x in ns left join y in rs on 1 select x", "T035 4:43"),
        ("let q = from x in ns where x select x", "T033 4:28"),
        ("let q = from x in ns group by x into g having g select g", "T042 4:47"),
        ("let q = from x in ns where x > now() select x", "T044 4:32"),
        ("let q = from x in ns group by x into g having print(1) == print(1) select g", "T044 4:47"),
        ("let q = from x in ns skip \"a\" select x", "T055 4:27"),
        ("let q = from x in ns take 1.5 select x", "T055 4:27"),
        ("let q = from r in rs sort by r select r", "T056 4:30"),
        ("let q = from x in ns select distinct fun(): int => x", "T057 4:38"),
        ("let q = from x in ns select sum(str(x))", "T041 4:29"),
        ("let q = from x in ns left join r in rs on r.id == x select r.v", "T058 4:60"),
        ("let q = from x in ns right join r in rs on r.id == x select x + 1", "T020 4:63"),
        ("let q: int = from x in ns select x", "T008 4:14"),
        ("let q: int = from x in ns select sum(x)\nlet p: float = from r in rs select max(r.v)", ""),
        ("let q = from x in ns outer join r in rs on r.id == x select if r != none { r.v } else { 0.0 }", ""),
        ("let q: list<int> = from x in ns group by x % 2 into g select max(g) + g.key + count(g.items)", ""),
        ("let q = from r in rs group by r.id, r.v into g sort by unknown select g.key", ""),
        ("let q: list<int> = from x in ns from y in ns where x < y sort by [x, -y] skip 1 take 2 select x * y", ""),
    ];
    for (text, wanted) in cases {
        rejected(&format!("{head}{text}"), wanted);
    }
}

#[test]
fn effects() {
    rejected("fun f() ! quantum {}", "T064 1:1");
    rejected("fun f() ! io { print(now()) }", "T065 1:1");
    says("fun f() ! io { print(now()) }", "function `f` declares effects io but its body produces io, time");
    rejected("fun f() ! io { h(1) }\nfun g(x: int) { print(now()) }\nfun h(x: int) { g(x) }", "T065 1:1");
    rejected("let f = fun(): int ! io => now() as int", "T065 1:9");
    rejected(
        "fun twice(f: fun(): int): int { return f() + f() }\nfun g() ! io { twice(fun(): int => now() as int) }",
        "T065 2:1",
    );
    accepted(
        "fun f() ! io, time { print(1) }\nfun g() ! io, time { f() }\nfun print(x: int) {}\nfun h() ! time { print(1) }",
    );
    accepted("fun f(print: fun(int): int): int ! time { return print(1) }");
    accepted(
        "fun even(n: int): bool { return n == 0 || odd(n - 1) }\nfun odd(n: int): bool { return n != 0 && even(n - 1) }\nlet q = from n in [1] where even(n) select n",
    );
}

#[test]
fn what_reaches_outside() {
    rejected("let x = fetch 1", "T028 1:9");
    rejected("let x = fetch \"u\" with 1", "T029 1:9");
    rejected("let x = fetch \"u\" with { timeout: \"a\" }", "T030 1:35");
    rejected("fetch 1 into x", "T008 1:7");
    rejected("emit S { x: 1 }", "T031 1:1");
    rejected("on S as s { print(s) }", "T031 1:1");
    rejected("stream S { x: int }\nemit S { y: 1 }\nemit S { x: \"a\" }", "T026 2:10, T008 3:13");
    rejected("let x = generate Nope {}", "T025 1:9");
    rejected("let x = generate text { prompt: 1 }", "T008 1:33");
    rejected("let n = 1\nupdate n set { x: 1 }", "T032 2:1");
    rejected(
        "type P { x: int }\nvar ps = [P { x: 1 }]\nupdate ps set { y: 1 }\nupdate ps set { x: \"a\" }\nupdate ps set { x: x + 1 } where x",
        "T026 3:17, T008 4:20, T008 5:34",
    );
    rejected("model m { name: 1 + true }", "T020 1:19");
    accepted(
        "type P { x: int }\nlet ps: list<P> = load \"a.csv\" as P with { format: \"csv\" }\nsave ps to \"b.json\"",
    );
    accepted(
        "stream S { x: int }\non S as s { let n: int = s.x }\nemit S { x: 1 }\nfact parent(\"a\", \"b\")\nrule p(x) :- parent(x, y)\nlet q = query p(x)",
    );
    accepted("let v: list<float> = generate embedding { text: \"a\" }\nlet r: string = fetch \"u\"");
}

#[test]
fn one_finding_a_statement() {
    rejected(
        "fun f() { let a: int = \"a\"\n let b: int = \"b\" }\nlet c = d\nprint(e)",
        "T008 1:24, T002 3:9, T002 4:7",
    );
}

#[test]
fn long_programs_are_checked_in_linear_time() {
    let mut text = String::from("fun f0(x: int): int { print(x)\n return x }\n");
    for n in 1..3000 {
        text.push_str(&format!("fun f{n}(x: int): int {{ return f{}(x + 1) }}\n", n - 1));
    }
    text.push_str(&format!("print({})\n", vec!["f1(1)"; 900].join(" + ")));
    accepted(&text);
}

#[test]
fn deep_programs_are_checked() {
    // A test's own thread has less room than the compiler gives itself.
    let worker = std::thread::Builder::new().stack_size(4 << 20).spawn(check_deep_programs);
    worker.unwrap().join().unwrap();
}

fn check_deep_programs() {
    let nested = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(200), close.repeat(200));
    accepted(&format!("let x = {}", nested("[", "1", "]")));
    accepted(&format!("let x = {}", nested("(1 + ", "1", ")")));
    accepted(&format!("let x = {}", nested("fun(): any => (", "1", ")")));
    accepted(&nested("if true { ", "print(1)", " }"));
    accepted(&format!("let x: int = {}", nested("match 1 { _ => ", "1", " }")));
    accepted(&format!("let x: int = {}1", "-".repeat(900)));
    accepted(&format!("let b = true\nif b {{ }}{}", " else if b { print(1) }".repeat(900)));
    accepted(&format!("let x: int = if true {{ 1 }}{} else {{ 1 }}", " else if false { 1 }".repeat(900)));
    accepted(&format!("let x: int? = 1\nlet b = x == none{}", " || x > 0".repeat(900)));
}
