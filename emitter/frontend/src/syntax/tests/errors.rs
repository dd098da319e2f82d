//! Mistakes: the code and the place of the first error, and how many there are in all.

use super::parse_text;
use crate::diagnostic::{Code, Severity};
use crate::syntax::Dialect;
use Code::*;

/// `(source, code, line, column, number of errors)`.
type Row = (&'static str, Code, u32, u32, usize);

fn check_errors(rows: &[Row]) {
    for &(source, code, line, column, count) in rows {
        let (file, _, diagnostics) = parse_text(source, Dialect::Mochi);
        let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        let first = errors.first().unwrap_or_else(|| panic!("no error in {source}"));
        let (found_line, found_column) = file.line_column(first.span.start);
        assert_eq!(
            (first.code, found_line, found_column, errors.len()),
            (code, line, column, count),
            "{source}\n{errors:#?}"
        );
    }
}

#[test]
fn blocks_and_parentheses() {
    check_errors(&[
        ("fun f() {\n  return 1\n", P001, 3, 1, 1),
        ("fun f(): int\n", P001, 2, 1, 1),
        ("if x return", P001, 1, 6, 1),
        ("let f = fun(x) + 1", P001, 1, 16, 1),
        ("fun f() { ) }\nlet x = 1", P001, 1, 11, 1),
        ("fun f(a: int, b: int: int {\n  return a\n}\nlet y = 1", P052, 1, 21, 1),
        ("f(1 2)", P052, 1, 5, 1),
        ("f(1,)", P999, 1, 5, 1),
        ("let x = (1", P052, 1, 11, 1),
        ("{a: 1 b: 2}", P001, 1, 7, 1),
        ("[1 2]", P999, 1, 4, 1),
        ("}", P999, 1, 1, 1),
        ("f() ) g()", P999, 1, 5, 1),
    ]);
}

#[test]
fn names_and_expressions() {
    check_errors(&[
        ("let : int = 5", P031, 1, 5, 1),
        ("let 5 = 5", P999, 1, 5, 1),
        ("let x = \nlet y = 1", P056, 2, 1, 1),
        ("let x = . y", P055, 1, 9, 1),
        ("f(a.)", P999, 1, 5, 1),
        ("let x = 1 + * 2", P999, 1, 13, 1),
        ("let x =", P999, 1, 8, 1),
        ("x =", P999, 1, 4, 1),
        ("return\nx = 1", P999, 2, 3, 1),
        ("a.b[0] = 1", P999, 1, 8, 1),
        ("fun f() { a.b[0] = 1 }", P001, 1, 18, 1),
        ("(x) = 1", P999, 1, 5, 1),
        ("xs[0:1] = ys", M001, 1, 1, 1),
        ("let x: = 1", P999, 1, 8, 1),
        ("let x: list<1> = 1", P999, 1, 13, 1),
        ("generate { a: 1 }", P999, 1, 10, 1),
        ("f(from x in xs where y)", P999, 1, 23, 1),
        ("f(from x in xs take 1 skip 2 select x)", P999, 1, 23, 1),
        ("type T = | A | B", P999, 1, 10, 1),
        ("type T {}", P999, 1, 9, 1),
        ("type T int", P001, 1, 8, 1),
        ("f(xs[:-1])", P999, 1, 6, 1),
    ]);
}

#[test]
fn ambiguities_that_end_in_errors() {
    check_errors(&[
        ("if x {}", P001, 1, 8, 1),
        ("while x {}\nlet y = 1", P001, 2, 1, 1),
        ("for v in xs {}", P001, 1, 15, 1),
        ("if x { a: 1 }", P001, 1, 14, 1),
        ("let v = 1..2", P999, 1, 10, 1),
        ("for i in 0..1..2 { }", P001, 1, 14, 1),
    ]);
}

#[test]
fn lexical() {
    check_errors(&[
        ("let s = \"Hello\n", P040, 1, 9, 1),
        ("let s = \"Hello\\\"", P040, 1, 9, 1),
        ("let s = \"a\nlet t = \"b\"", P041, 1, 9, 1),
        ("let s = \"a\\qb\"", P041, 1, 9, 1),
        ("let s = \"\\ud800\"", P041, 1, 9, 1),
        ("let s = 'a b' + `c`", P040, 1, 9, 2),
        ("let s = 'a\nlet t = '", P040, 1, 9, 2),
        ("let s = a @@$ b", P040, 1, 11, 1),
        ("let s = a & b\nlet t = a ^ b", P040, 1, 11, 2),
        ("let s = \0\u{1}\u{7f} 1", P040, 1, 9, 1),
        ("let a = 1\nlet s = \u{feff}1", P040, 2, 9, 1),
        ("let s = “a”", P040, 1, 9, 2),
        ("f()\n/* a\n", P042, 2, 1, 1),
        ("let n = 1e", P043, 1, 9, 1),
        ("let n = 1__0", P043, 1, 9, 1),
        ("let n = 12é + 0b12 + 0xfg", P043, 1, 9, 3),
        ("let n = 9223372036854775808", P045, 1, 8, 1),
        ("let n =\n 9223372036854775808", P045, 2, 2, 1),
        ("let n = 1e999", P045, 1, 8, 1),
        ("let n = 0x10000000000000000", P045, 1, 8, 1),
        ("let n = -9223372036854775808", P045, 1, 10, 1),
        ("let n = 0x\nlet m = 0b2 + 0O", P046, 1, 9, 3),
    ]);
}

#[test]
fn shapes() {
    check_errors(&[
        ("let x = a[]\nlet y = a[:]\nlet z = a[::]", P060, 1, 10, 3),
        ("let r = match v { 0 => }", P061, 1, 19, 1),
        ("let r = load \"\" as R save r to \"\"", P062, 1, 9, 2),
        ("let r = match p { p.x => 1 a[0] => 2 1 + 2 => 3 N(a.b) => 6 _ => 7 }", P063, 1, 19, 4),
        ("let r = match p { -1 => 1 {} => 2 P { a: 1 } => 3 }", P063, 1, 19, 3),
        ("import pythn \"m\" as m", P064, 1, 1, 1),
        // As in the reference, text outside the grammar is found before any of these.
        ("let x = a[]\nlet y = +", P999, 2, 9, 2),
    ]);
}

#[test]
fn useless_statements_are_warnings() {
    let rows = [
        ("x", true),
        ("x + 2", true),
        ("xs[0]", true),
        ("fun(x) => f(x)", true),
        ("fun f() { if a { b } else { c } }", true),
        ("(from x in xs select f(x))", true),
        ("f(x)", false),
        ("1 + f(x)", false),
        ("a.b(x)", false),
        ("xs[f(0)]", false),
        ("{a: f()}", false),
        ("save x", false),
        ("match x { A => f() }", false),
        ("match x { A => { y = 1 } }", false),
        ("match x { A => 1 B => y }", true),
        ("let v = x", false),
    ];
    for (source, expected) in rows {
        let (_, _, diagnostics) = parse_text(source, Dialect::Mochi);
        let found = diagnostics.iter().any(|d| d.code == P065 && d.severity == Severity::Warning);
        assert_eq!(found, expected, "{source} {diagnostics:?}");
    }
}

#[test]
fn direction_characters_are_warned_about() {
    for source in ["f(\"\u{202e}\")", "// \u{2066}\nf()", "/* \u{202a} */ f()"] {
        let (_, _, diagnostics) = parse_text(source, Dialect::Mochi);
        assert_eq!(
            diagnostics.iter().map(|d| (d.code, d.severity)).collect::<Vec<_>>(),
            [(M004, Severity::Warning)],
            "{source}"
        );
    }
}

#[test]
fn every_statement_with_a_mistake_is_reported_once() {
    let source = "let a = +\nlet b = 1\nfun f() {\n  let c = )\n  x = = 1\n  return 1\n}\nlet d = f(\nlet e = 2\n";
    let (file, program, diagnostics) = parse_text(source, Dialect::Mochi);
    let lines: Vec<u32> = diagnostics.iter().map(|d| file.line(d.span.start)).collect();
    assert_eq!(lines, [1, 4, 5, 9]);
    assert_eq!(super::dump::program(&program), "let b = 1; fun f() {return 1}; let e = 2");
}

#[test]
fn the_number_of_errors_is_limited() {
    for line in ["let x = +\n", "let x = @\n", "let x = a[]\n", "x\n"] {
        let (_, _, diagnostics) = parse_text(&line.repeat(10_000), Dialect::Mochi);
        assert_eq!(diagnostics.len(), 200, "{line}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_located() {
    for (bytes, offset) in [(&b"let x\xff = 1"[..], 5), (b"\xc3", 0), (b"ab\xe2\x82", 2), (b"\xef\xbb\xbfa\x80", 1)] {
        let (file, diagnostic) = crate::syntax::decode("a.mochi", bytes.to_vec(), 0);
        let diagnostic = diagnostic.unwrap();
        assert_eq!((diagnostic.code, diagnostic.span.start), (M003, offset));
        assert!(file.text[offset as usize..].starts_with('\u{fffd}'));
    }
    assert!(crate::syntax::decode("a.mochi", "é".into(), 0).1.is_none());
}
