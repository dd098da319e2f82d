//! The grammar as tables of small sources. Each row is one production, one way in which
//! the grammar could be read otherwise, or one mistake.

mod dump;
mod errors;
mod robust;

use super::{Dialect, parse};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceFile;

fn parse_text(source: &str, dialect: Dialect) -> (SourceFile, super::ast::Program, Vec<Diagnostic>) {
    let file = SourceFile::new("test.mochi", source);
    let (program, diagnostics) = parse(&file, 0, dialect);
    (file, program, diagnostics)
}

fn check_tree(dialect: Dialect, rows: &[(&str, &str)]) {
    for (source, expected) in rows {
        let (_, program, diagnostics) = parse_text(source, dialect);
        let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{source}\n{errors:?}");
        assert_eq!(dump::program(&program), *expected, "{source}");
    }
}

#[test]
fn statements() {
    check_tree(
        Dialect::Mochi,
        &[
            ("", ""),
            ("// only\n# comments /* and */\n/* end */ ;", ""),
            ("package demo let x = 1", "package demo; let x = 1"),
            ("let x: int", "let x: int"),
            ("let x", "let x"),
            ("var x: list<int> = []", "var x: list<int> = []"),
            ("x = 1 y[0][i+1].f.g = 2", "x = 1; y[0][(i + 1)].f.g = 2"),
            ("return", "return"),
            ("fun f() { return } return 1", "fun f() {return}; return 1"),
            ("if f(a) {} ", "if f(a) {}"),
            ("if a == 1 { b() } else if c { d() } else { e() }", "if (a == 1) {b()} else if c {d()} else {e()}"),
            ("while i < 3 { i = i + 1 break continue }", "while (i < 3) {i = (i + 1); break; continue}"),
            ("for i in 0..n { f(i) }", "for i in 0..n {f(i)}"),
            ("for x in f(xs) { g(x) }", "for x in f(xs) {g(x)}"),
            ("f(1);g(2)", "f(1); g(2)"),
            ("test \"adds\" { expect 1 + 1 == 2 }", "test \"adds\" {expect ((1 + 1) == 2)}"),
            ("bench \"b\" { f() }", "bench \"b\" {f()}"),
            ("import \"math\"", "import \"math\""),
            ("import go \"math\" as m auto", "import go \"math\" as m auto"),
            (
                "extern type T extern var a.b: int extern let c: T",
                "extern type T; extern var a.b: int; extern let c: T",
            ),
            (
                "extern fun a.f(x: int, y): string extern fun g() extern object o",
                "extern fun a.f(x: int, y): string; extern fun g(); extern object o",
            ),
            ("fact parent(\"a\", x, 3)", "fact parent(\"a\", x, 3)"),
            ("rule g(x, z) :- p(x, y), p(y, z), x != z", "rule g(x, z) :- p(x, y), p(y, z), x != z"),
            ("stream S { id: string n: int }", "stream S {id: string, n: int}"),
            ("model m { provider: \"p\" name: f(1) }", "model m {provider: \"p\", name: f(1)}"),
            ("on S as e { f(e.id) }", "on S as e {f(e.id)}"),
            ("emit S { id: 1, n: 2, }", "emit S {id: 1, n: 2}"),
            ("emit S {}", "emit S {}"),
            (
                "agent A { let a = 1 var b: int = 2 on S as e { b = 3 } b = 4 intent i(x: int): int { return x } }",
                "agent A {let a = 1; var b: int = 2; on S as e {b = 3}; b = 4; intent i(x: int): int {return x}}",
            ),
            ("fetch u into x with { method: \"GET\" }", "fetch u into x with {'method': \"GET\"}"),
            ("fetch \"u\" + p into x", "fetch (\"u\" + p) into x"),
            ("fetch \"u\" with o", "fetch \"u\" with o"),
            (
                "update ps set { a: 1, \"b\": a + 1 } where a > 2",
                "update ps set {'a': 1, \"b\": (a + 1)} where (a > 2)",
            ),
            ("update ps set {}", "update ps set {}"),
        ],
    );
}

#[test]
fn functions_and_types() {
    check_tree(
        Dialect::Mochi,
        &[
            ("fun f() {}", "fun f() {}"),
            ("export fun f(x: int, y): int { return x }", "export fun f(x: int, y): int {return x}"),
            ("fun f<T, U>(x: T): U ! io, net { g() }", "fun f<T, U>(x: T): U ! io, net {g()}"),
            ("fun f(g: fun(int, fun(): T): bool, o: int?) {}", "fun f(g: fun(int, fun(): T): bool, o: (int)?) {}"),
            ("/// Doc of f.\n///\n///  two\nfun f() {}", "/// Doc of f.\n/// \n///  two\nfun f() {}"),
            ("/// away\n\nfun f() {}", "fun f() {}"),
            ("/// away\n// plain\nfun f() {}", "fun f() {}"),
            ("/// of T\ntype T = int", "/// of T\ntype T alias int"),
            ("let m: map<string, list<list<int>>> = {}", "let m: map<string, list<list<int>>> = {}"),
            ("let p: { a: int, b: string? }? = none", "let p: ({a: int, b: (string)?})? = none"),
            ("let p: {} = {}", "let p: {} = {}"),
            ("type P { x: int y: int }", "type P {x: int, y: int}"),
            ("type P = { x: int, y: int, }", "type P {x: int, y: int}"),
            (
                "type P { x: int fun m(k: int): int { return x } export fun n() {} }",
                "type P {x: int, fun m(k: int): int {return x}, export fun n() {}}",
            ),
            (
                "type T = A | B(x: int, y: T,) | C { z: int w: T } | D {}",
                "type T union A() | B(x: int, y: T) | C(z: int, w: T) | D()",
            ),
            ("type T = A(f: int)", "type T union A(f: int)"),
            ("type T = A { f: int }", "type T union A(f: int)"),
            ("type T = A {}", "type T union A()"),
            ("type T = map<string, int>", "type T alias map<string, int>"),
            ("type T = fun(int): int", "type T alias fun(int): int"),
            ("type T = {}", "type T alias {}"),
            ("type T = int\n(f)(x)", "type T alias int; f(x)"),
        ],
    );
}

#[test]
fn expressions() {
    check_tree(
        Dialect::Mochi,
        &[
            (
                "f(1, 0x1F, 0b101, 0o17, 1.5, 2e3, 1.5e-3, true, false, none, \"a\\n\\u00e9\")",
                "f(1, 31, 5, 15, 1.5, 2000.0, 0.0015, true, false, none, \"a\\n\\xc3\\xa9\")",
            ),
            (
                "f([], [1,], [1, 2], {}, {,}, {a: 1}, {\"a\": 1, 2: 3, (a): 4,})",
                "f([], [1], [1, 2], {}, {}, {'a': 1}, {\"a\": 1, 2: 3, a: 4})",
            ),
            ("f(P { x: 1, y: 2 }, P {}, P {x: 1,})", "f(P {x: 1, y: 2}, P {}, P {x: 1})"),
            ("a.b.c(x)(y)[0].d[1:2]", "a.b.c(x)(y)[0].d[1:2]"),
            (
                "f(xs[a:b:c], xs[a:], xs[:b], xs[::c], xs[: -1], xs[-1])",
                "f(xs[a:b:c], xs[a:], xs[:b], xs[::c], xs[:(-1)], xs[(-1)])",
            ),
            ("f(a?.b, a ? . b, a?[i].c)", "f(a?.b, a?.b, a?[i].c)"),
            (
                "f(x as int, x as list<int>, -x as float, x as int as float)",
                "f((x as int), (x as list<int>), (-(x as float)), ((x as int) as float))",
            ),
            (
                "f(fun(x) => x + 1, fun(x: int): int { return x }, fun<T>(): T ! io => g(), fun() {})",
                "f((fun(x) => (x + 1)), (fun(x: int): int {return x}), (fun<T>(): T ! io => g()), (fun() {}))",
            ),
            ("let v = if c { 1 } else { 2 }", "let v = (if c then 1 else 2)"),
            ("let v = if c then 1 else if d then 2 else 3", "let v = (if c then 1 else (if d then 2 else 3))"),
            ("let v = if c { 1 } else if d { 2 }", "let v = (if c then 1 else (if d then 2))"),
            ("let v = if c then if d then 1 else 2", "let v = (if c then (if d then 1 else 2))"),
            ("let v = if c { {a: 1} } else { {b: 2} }", "let v = (if c then {'a': 1} else {'b': 2})"),
            ("let v = if c then {a: 1} else {b: 2}", "let v = (if c then {'a': 1} else {'b': 2})"),
            (
                "let v = if c then x else {b: 2, c: 3}[\"b\"] + 1",
                "let v = (if c then x else ({'b': 2, 'c': 3}[\"b\"] + 1))",
            ),
            ("let v = if c then x else {}", "let v = (if c then x else {})"),
            ("let v = if c { a } else { b } + 1", "let v = ((if c then a else b) + 1)"),
            (
                "let v = match x { 1 => \"a\" \"s\" => 2 none => 3 true => 4 A => 5 N(l, _, 1, M(x)) => 6 _ => 8 }",
                "let v = match x {1 => \"a\", \"s\" => 2, none => 3, true => 4, A => 5, N(l, _, 1, M(x)) => 6, _ => 8}",
            ),
            ("let v = match x { (y) => 7 }", "let v = match x {y => 7}"),
            ("match f(x) {}", "match f(x) {}"),
            ("let v = generate text { prompt: \"p\", }", "let v = generate text {prompt: \"p\"}"),
            ("let v = load as P let w = load \"f\" as P with o", "let v = load as P; let w = load \"f\" as P with o"),
            ("save x save x to \"f\" save x to \"f\" with o", "save x; save x to \"f\"; save x to \"f\" with o"),
            ("let v = query p(x, \"a\", 1)", "let v = query p(x, \"a\", 1)"),
        ],
    );
}

#[test]
fn precedence() {
    check_tree(
        Dialect::Mochi,
        &[
            ("f(a + b * c - d / e % g)", "f(((a + (b * c)) - ((d / e) % g)))"),
            ("f(a < b + 1 == c >= d)", "f(((a < (b + 1)) == (c >= d)))"),
            ("f(a < b < c)", "f(((a < b) < c))"),
            ("f(a || b && c == d in e)", "f((a || (b && ((c == d) in e))))"),
            ("f(a ?? b || c ?? d)", "f(((a ?? (b || c)) ?? d))"),
            (
                "f(a union b ?? c union all d except e intersect g)",
                "f(((((a union (b ?? c)) union all d) except e) intersect g))",
            ),
            (
                "f(-x.y, !f(x), -x * y, !x in m, --x, -!x)",
                "f((-x.y), (!f(x)), ((-x) * y), ((!x) in m), (-(-x)), (-(!x)))",
            ),
            ("f((a + b) * c)", "f(((a + b) * c))"),
            (
                "f(x as int < y, (x as int) < y, x as list<int>)",
                "f(((x as int) < y), ((x as int) < y), (x as list<int>))",
            ),
            ("f(x as int? == none)", "f(((x as (int)?) == none))"),
            ("f(-1 - -1)", "f(((-1) - (-1)))"),
        ],
    );
}

#[test]
fn queries() {
    check_tree(
        Dialect::Mochi,
        &[
            ("let v = from x in xs select x", "let v = (from x in xs select x)"),
            (
                "let v = from x in xs from y in ys join z in zs on x == z left join from w in ws on w == x \
             right join a in as_ on a outer join b in bs on b where x > 1 group by x.k, y into g having count(g) > 1 \
             sort by -g.key skip 1 take 2 select distinct {k: g.key}",
                "let v = (from x in xs from y in ys Inner join z in zs on (x == z) Left join w in ws on (w == x) \
             Right join a in as_ on a Outer join b in bs on b where (x > 1) group by x.k, y into g having (count(g) > 1) \
             sort by (-g.key) skip 1 take 2 select distinct {'k': g.key})",
            ),
            ("let v = from x in xs order by x select f(x)", "let v = (from x in xs sort by x select f(x))"),
            (
                "let v = from x in (from y in ys select y) select P { a: x }",
                "let v = (from x in (from y in ys select y) select P {a: x})",
            ),
            (
                "let v = (from x in xs select x) union (from y in ys select y)",
                "let v = ((from x in xs select x) union (from y in ys select y))",
            ),
            ("let v = from x in xs select x union ys", "let v = (from x in xs select (x union ys))"),
            ("let v = from x in xs select distinct", "let v = (from x in xs select distinct)"),
        ],
    );
}

/// The rows of the reference's list of ambiguities, with what it makes of them.
#[test]
fn ambiguities() {
    check_tree(
        Dialect::Mochi,
        &[
            ("if x { a: 1 } {}", "if x {a: 1} {}"),
            ("if x { y = 1 }", "if x {y = 1}"),
            ("let v = match x { A => 1 }", "let v = match x {A => 1}"),
            (
                "let v = match x { A => { k: 1 } B => {} C => { (k): 1, \"d\": 2, }[k] }",
                "let v = match x {A => {'k': 1}, B => {}, C => {k: 1, \"d\": 2}[k]}",
            ),
            (
                "let v = match x { A => { f(1) g(2) } B => { k = 1 } C => { return 1 } D => { 1 } }",
                "let v = match x {A => block {f(1); g(2)}, B => block {k = 1}, C => block {return 1}, D => block {1}}",
            ),
            ("let v = fun(x) => {a: x}", "let v = (fun(x) => {'a': x})"),
            ("let v = fun(x) { f(x) }", "let v = (fun(x) {f(x)})"),
            ("if c { f(1) } else { g(2) }", "if c {f(1)} else {g(2)}"),
            ("if c then f(1) else g(2)", "(if c then f(1) else g(2))"),
            ("let v = Foo { a: 1 }", "let v = Foo {a: 1}"),
            ("{a: f()}", "{'a': f()}"),
            ("let a = b\n(c)", "let a = b(c)"),
            ("let a = b\n[1]", "let a = b[1]"),
            ("let a = b\n-c", "let a = (b - c)"),
            ("fun f() { return } fun g() {}", "fun f() {return}; fun g() {}"),
            ("return fun() => 1", "return (fun() => 1)"),
            ("fun f() { return\nfun g() {} }", "fun f() {return; fun g() {}}"),
        ],
    );
}

/// Words that mean something in one place only are names everywhere else.
#[test]
fn contextual_words() {
    check_tree(
        Dialect::Mochi,
        &[
            (
                "let bench = model + update(set, from, where, join) bench = 1 model = 2 update = 3 from = 4",
                "let bench = (model + update(set, from, where, join)); bench = 1; model = 2; update = 3; from = 4",
            ),
            (
                "let group = by let into = query let object = auto to = with",
                "let group = by; let into = query; let object = auto; to = with",
            ),
            (
                "f(left, right, outer, having, sort, order, skip, take, select, distinct, union, except, intersect, as)",
                "f(left, right, outer, having, sort, order, skip, take, select, distinct, union, except, intersect, as)",
            ),
            ("let x = a\nunion = 3\nas = 4", "let x = a; union = 3; as = 4"),
            ("f(x)\nunion(a, b)\nunion()", "f(x); union(a, b); union()"),
            ("let x = a union (b)", "let x = (a union b)"),
            ("query(1) from(2)", "query(1); from(2)"),
            ("f({from: 1, select: 2})", "f({'from': 1, 'select': 2})"),
            ("let null = nil let const = own", "let null = nil; let const = own"),
        ],
    );
}

#[test]
fn words_and_white_space() {
    check_tree(
        Dialect::Mochi,
        &[
            ("\u{feff}let x = 1", "let x = 1"),
            ("let\tx\r\n=\r1;;let y=2", "let x = 1; let y = 2"),
            ("let é = naïve_2 let 变量 = x² let 🚀 = ©1", "let é = naïve_2; let 变量 = x²; let 🚀 = ©1"),
            ("let make2D = h2o + x1y", "let make2D = (h2o + x1y)"),
            ("let lets = truest + _in + fun_", "let lets = ((truest + _in) + fun_)"),
            // A keyword ends at the first character outside ASCII.
            ("for x iné.y {}", "for x in é.y {}"),
            ("f(1 /* a */ + // b\n 2 # c\n)", "f((1 + 2))"),
            ("f(\"// no comment\", \"/*\") /**/ /***/ /*a**/ g()", "f(\"// no comment\", \"/*\"); g()"),
            ("f(007, 1.50, 1E2)", "f(7, 1.5, 100.0)"),
        ],
    );
}

#[test]
fn runtime_dialect() {
    check_tree(
        Dialect::Runtime,
        &[
            ("const N: i64 = 1 << 3 + 1", "const N: i64 = (1 << (3 + 1))"),
            ("var n: i32 = 0xFFFFFFFFFFFFFFFF", "var n: i32 = -1"),
            ("import wasi fd_write(fd: i32, iovs: ptr): i32", "import wasi fd_write(fd: i32, iovs: ptr): i32"),
            (
                "fun cold noinline f(own a: string, own: i32): i32 { return 1 }",
                "fun cold noinline f(own a: string, own: i32): i32 {return 1}",
            ),
            ("fun inline() {}", "fun inline() {}"),
            ("f(a >> 1 >>> 2 < b << 3)", "f((((a >> 1) >>> 2) < (b << 3)))"),
            (
                "f(a & b == c, a | b ^ c & d << 1, a && b & c)",
                "f(((a & b) == c), (a | (b ^ (c & (d << 1)))), (a && (b & c)))",
            ),
            ("f<i64, list<T>>(a, b)", "f<i64, list<T>>(a, b)"),
            ("f(a < b, c > d)", "f((a < b), (c > d))"),
            ("g(f(a < b, c > (d)))", "g(f(a<b, c>(d)))"),
            ("while i < n { i = i + 1 }", "while (i < n) {i = (i + 1)}"),
        ],
    );
}

#[test]
fn spans_cover_what_was_read() {
    let source = "let x = (a + b) * c\nif y { f( 1 ) } else { g() }\n";
    let (_, program, _) = parse_text(source, Dialect::Mochi);
    let slice = |span: crate::source::Span| &source[span.start as usize..span.end as usize];
    assert_eq!(slice(program.stmts[0].span), "let x = (a + b) * c");
    assert_eq!(slice(program.stmts[1].span), "if y { f( 1 ) } else { g() }");
    let super::ast::StmtKind::Let { value: Some(value), .. } = &program.stmts[0].kind else { panic!() };
    assert_eq!(slice(value.span), "(a + b) * c");
    let super::ast::ExprKind::Binary(_, left, right) = &value.kind else { panic!() };
    assert_eq!((slice(left.span), slice(right.span)), ("(a + b)", "c"));
}
