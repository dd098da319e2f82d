//! Programs in IR text, counted, legalized, verified and run by the interpreter.

mod closure;
mod debug;
mod list;
mod map;
mod record;

use std::fmt::Write;

use super::layout::SMALL_LIMIT;
use super::{LegalizeOptions, legalize};
use crate::ir::interp::{Interpreter, TrapKind};
use crate::ir::{CapturingWasi, Module, Phase, parse, verify_module};
use crate::opt::{Pass, count, optimize};

/// Counts and legalizes a program in the pure phase.
#[track_caller]
fn legalized(text: &str) -> Module {
    let mut module = parsed(text);
    to_wasm_operations(&mut module, text);
    module
}

#[track_caller]
fn to_wasm_operations(module: &mut Module, text: &str) {
    count(module);
    verify(module, text);
    legalize(module, &LegalizeOptions { debug_memory: true, line: &|span| span.start, list_facts: true });
    verify(module, text);
}

#[track_caller]
fn parsed(text: &str) -> Module {
    let module = match parse(text) {
        Ok(parsed) => parsed.module,
        Err(errors) => panic!("{}\n{text}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    };
    verify(&module, text);
    module
}

#[track_caller]
fn verify(module: &Module, text: &str) {
    if let Err(errors) = verify_module(module) {
        panic!("{}\n{text}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
}

/// Runs a program, as it is and with all passes; its exit code and what it wrote to standard
/// output and standard error.
#[track_caller]
fn run(text: &str) -> (i32, String, String) {
    let result = run_module(&legalized(text), text);
    let mut module = parsed(text);
    let mut verify = |_: &Pass, module: &Module| verify(module, text);
    optimize(&mut module, Phase::Pure, &[], Some(&mut verify));
    to_wasm_operations(&mut module, text);
    optimize(&mut module, Phase::Legalized, &[], Some(&mut verify));
    assert_eq!(run_module(&module, text), result, "with all passes:\n{text}");
    result
}

#[track_caller]
fn run_module(module: &Module, text: &str) -> (i32, String, String) {
    let mut interpreter = Interpreter::new(module, CapturingWasi::default());
    let code = match interpreter.run_start() {
        Ok(_) => 0,
        Err(trap) => match trap.kind {
            TrapKind::Exit(code) => code,
            _ => panic!("{trap}\n{text}"),
        },
    };
    (code, interpreter.host.output(), interpreter.host.errors())
}

#[track_caller]
fn prints(text: &str, expected: &str) {
    assert_eq!(run(text), (0, expected.to_owned(), String::new()), "{text}");
}

#[track_caller]
fn fails(text: &str, expected: &str) {
    let (code, _, errors) = run(text);
    assert_eq!((code, errors.as_str()), (1, expected), "{text}");
}

const SMALLEST: i64 = -SMALL_LIMIT;
const LARGEST: i64 = SMALL_LIMIT - 1;

/// Around every boundary that a fast path has.
const INTS: &[i64] = &[
    0,
    1,
    -1,
    2,
    -2,
    7,
    -7,
    10,
    1 << 30,
    (1 << 30) - 1,
    -(1 << 30),
    -(1 << 30) - 1,
    1 << 31,
    1_103_515_245,
    1 << 59,
    1 << 60,
    -(1 << 60),
    LARGEST,
    LARGEST - 1,
    SMALLEST,
    SMALLEST + 1,
    SMALL_LIMIT,
    SMALLEST - 1,
    i64::MAX,
    i64::MIN,
    i64::MIN + 1,
    4_899_916_394_579_099_648,
];

/// A program that makes `cases` of operands and prints the result of `op` on each: with both
/// operands unknown, in a cold block, as the condition of a branch, with either one a constant and
/// with what is small known to be so.
fn binary_cases(op: &str, result: &str, cases: &[(Option<i64>, Option<i64>)]) -> String {
    let mut text = String::from("data d0 \"\\n\"\nstart main\n");
    let operand = |value: Option<i64>| match value {
        Some(value) => format!("int.const {value}"),
        None => "none".to_owned(),
    };
    let arithmetic = result == "int";
    let mut main = format!("func main() pure {{\nb0:\nv1: int = int.const {}\nv2: int? = convert v1\n", i64::MAX);
    // Types in a function's text follow the operands: those of none can be none.
    for (nullable, name) in [(false, "plain"), (true, "nullable")] {
        let ty = if nullable { "int?" } else { "int" };
        let result = if nullable && arithmetic { "int?" } else { result };
        let _ = write!(
            text,
            "func {name}(v0: {ty}, v1: {ty}) -> {result} pure {{\nb0:\nv2: {result} = {op} v0, v1\nreturn v2\n}}\n\
             func {name}_cold(v0: {ty}, v1: {ty}) -> {result} pure cold {{\nb0:\nv2: {result} = {op} v0, v1\nreturn v2\n}}\n\
             func {name}_branch(v0: {ty}, v1: {ty}) -> {result} pure {{\nb0:\n{branch}\n}}\n",
            branch = if arithmetic {
                format!("v2: {result} = {op} v0, v1\nreturn v2")
            } else {
                format!(
                    "v2 = {op} v0, v1\nbranch v2, b1, b2\nb1:\nv3 = bool.const 1\nreturn v3\nb2:\nv4 = bool.const 0\nreturn v4"
                )
            },
        );
    }
    for (&(a, b), index) in cases.iter().zip(1..) {
        let nullable = a.is_none() || b.is_none();
        let (ty, name) = if nullable { ("int?", "nullable") } else { ("int", "plain") };
        let result = if nullable && arithmetic { "int?" } else { result };
        // Values are named by the case and a digit.
        let convert = |digit: u32, value: Option<i64>| match (nullable, value) {
            (true, Some(value)) => {
                let (name, plain) = (format!("v{index}{digit}"), format!("v{}{digit}", index + 900));
                format!("{plain}: int = int.const {value}\n{name}: int? = convert {plain}\n")
            }
            (_, value) => format!("v{index}{digit}: {ty} = {}\n", operand(value)),
        };
        let (left, right) = (convert(0, a), convert(1, b));
        let _ = write!(
            text,
            "func right{index}(v{index}0: {ty}) -> {result} pure {{\nb0:\n{right}v9: {result} = {op} v{index}0, v{index}1\nreturn v9\n}}\n\
             func left{index}(v{index}1: {ty}) -> {result} pure {{\nb0:\n{left}v9: {result} = {op} v{index}0, v{index}1\nreturn v9\n}}\n",
        );
        let _ = write!(main, "{left}{right}");
        for (at, callee, args) in [
            (2, name.to_owned(), format!("v{index}0, v{index}1")),
            (3, format!("{name}_cold"), format!("v{index}0, v{index}1")),
            (4, format!("{name}_branch"), format!("v{index}0, v{index}1")),
            (5, format!("right{index}"), format!("v{index}0")),
            (6, format!("left{index}"), format!("v{index}1")),
        ] {
            // Called with a number that is not small, too, so that nothing is known about the parameters.
            let large = args.split(", ").map(|_| "v1").collect::<Vec<_>>().join(", ");
            let large = if nullable { large.replace("v1", "v2") } else { large };
            let _ = write!(
                main,
                "v{index}{at}: {result} = call {callee}({args})\nprint v{index}{at}\nprint.data d0\n\
                 v{}{at}: {result} = call {callee}({large})\n",
                index + 500
            );
        }
        let _ = write!(
            text,
            "func facts{index}(v0: {ty}, v1: {ty}) -> {result} pure {{\nb0:\nv2: {result} = {op} v0, v1\nreturn v2\n}}\n"
        );
        let _ = write!(
            main,
            "v{index}9: {result} = call facts{index}(v{index}0, v{index}1)\nprint v{index}9\nprint.data d0\n"
        );
    }
    main.push_str("return\n}\n");
    text + &main
}

/// Compares an operation on pairs of ints with `expected`.
#[track_caller]
fn agrees<T: ToString>(op: &str, result: &str, expected: impl Fn(Option<i64>, Option<i64>) -> Option<T>) {
    let values = || INTS.iter().map(|&value| Some(value)).chain([None]);
    for a in values() {
        let cases: Vec<_> = values().map(|b| (a, b)).filter(|&(a, b)| expected(a, b).is_some()).collect();
        let (code, out, errors) = run(&binary_cases(op, result, &cases));
        assert_eq!((code, errors.as_str()), (0, ""), "{op} {a:?}");
        let mut lines = out.lines();
        for (a, b) in cases {
            let wanted = expected(a, b).map(|value| value.to_string());
            for form in ["unknown", "cold", "branch", "right constant", "left constant", "smallness known"] {
                assert_eq!(lines.next().map(str::to_owned), wanted, "{op} {a:?}, {b:?}, {form}");
            }
        }
    }
}

fn arithmetic(f: impl Fn(i128, i128) -> Option<i128>) -> impl Fn(Option<i64>, Option<i64>) -> Option<String> {
    move |a, b| match (a, b) {
        (Some(a), Some(b)) => f(a.into(), b.into()).map(|value| value.to_string()),
        // What fails for a number is left out for none: the same code runs on numbers, too.
        (_, b) => f(1, b.map_or(1, i128::from)).map(|_| "nil".to_owned()),
    }
}

#[test]
fn sums_are_exact() {
    agrees("int.add", "int", arithmetic(|a, b| Some(a + b)));
}

#[test]
fn differences_are_exact() {
    agrees("int.sub", "int", arithmetic(|a, b| Some(a - b)));
}

#[test]
fn products_are_exact() {
    agrees("int.mul", "int", arithmetic(|a, b| Some(a * b)));
}

#[test]
fn quotients_truncate() {
    agrees("int.div", "int", arithmetic(|a, b| a.checked_div(b)));
}

#[test]
fn remainders_have_the_sign_of_the_dividend() {
    agrees("int.rem", "int", arithmetic(|a, b| a.checked_rem(b)));
}

#[test]
fn comparisons_of_ints_know_none() {
    type Case = (&'static str, fn(Option<i64>, Option<i64>) -> bool);
    let both = |f: fn(i64, i64) -> bool| move |a: Option<i64>, b: Option<i64>| a.zip(b).is_some_and(|(a, b)| f(a, b));
    let equalities: [Case; 2] = [("int.eq", |a, b| a == b), ("int.ne", |a, b| a != b)];
    for (op, expected) in equalities {
        agrees(op, "bool", |a, b| Some(expected(a, b)));
    }
    agrees("int.lt", "bool", |a, b| Some(both(|a, b| a < b)(a, b)));
    agrees("int.le", "bool", |a, b| Some(both(|a, b| a <= b)(a, b)));
    agrees("int.gt", "bool", |a, b| Some(both(|a, b| a > b)(a, b)));
    agrees("int.ge", "bool", |a, b| Some(both(|a, b| a >= b)(a, b)));
}

/// A program with one function `f` of one parameter that is called with each of the values.
fn unary(param: &str, result: &str, body: &str, values: &[&str]) -> String {
    let mut text = format!("data d0 \"\\n\"\nstart main\nfunc f(v0: {param}) -> {result} pure {{\nb0:\n{body}\n}}\n");
    text.push_str("func main() pure {\nb0:\n");
    for (value, index) in values.iter().zip(1..) {
        let (a, r) = (format!("v{index}0"), format!("v{index}1"));
        let _ = write!(text, "{a}: {param} = {value}\n{r}: {result} = call f({a})\nprint {r}\nprint.data d0\n");
    }
    text.push_str("return\n}\n");
    text
}

#[test]
fn negation_is_exact() {
    let values: Vec<String> = INTS.iter().map(|value| format!("int.const {value}")).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let expected: String = INTS.iter().map(|&value| format!("{}\n", -i128::from(value))).collect();
    prints(&unary("int", "int", "v1: int = int.neg v0\nreturn v1", &values), &expected);
    prints(&unary("int?", "int?", "v1: int? = int.neg v0\nreturn v1", &["none"]), "nil\n");
}

#[test]
fn ints_become_floats_and_text() {
    let values = ["int.const 3", "int.const 9223372036854775807", "int.const -2305843009213693953"];
    prints(
        &unary("int", "float", "v1: float = int.to_float v0\nreturn v1", &values),
        "3\n9.223372036854776e+18\n-2.305843009213694e+18\n",
    );
    prints(&unary("int?", "float?", "v1: float? = int.to_float v0\nreturn v1", &["none"]), "nil\n");
    prints(
        &unary("int", "str", "v1: str = int.to_str 1 v0\nreturn v1", &values),
        "3\n9223372036854775807\n-2305843009213693953\n",
    );
    prints(&unary("int?", "str", "v1: str = int.to_str 1 v0\nreturn v1", &["none"]), "<nil>\n");
    prints(&unary("int", "int", "v1: int = int.len v0\nreturn v1", &values), "1\n19\n20\n");
}

#[test]
fn truth() {
    let body = "v1 = truthy v0\nreturn v1";
    prints(&unary("int", "bool", body, &["int.const 0", "int.const -1"]), "false\ntrue\n");
    prints(&unary("int?", "bool", body, &["none"]), "false\n");
    prints(
        &unary("float", "bool", body, &["float.const 0", "float.const nan:0x7ff8000000000000", "float.const -0.5"]),
        "false\ntrue\ntrue\n",
    );
    prints(&unary("float?", "bool", body, &["none"]), "false\n");
    prints(&unary("bool?", "bool", body, &["none"]), "false\n");
    prints(&unary("str?", "bool", body, &["none"]), "false\n");
    prints(
        &format!("data d1 \"\"\ndata d2 \"x\"\n{}", unary("str", "bool", body, &["str.const d1", "str.const d2"])),
        "false\ntrue\n",
    );
}

#[test]
fn zero_divisors_fail_at_their_line() {
    let program = |op: &str, ty: &str, zero: &str| {
        format!(
            "file \"a.mochi\"\nstart main\nfunc main() pure {{\nb0:\nv0: {ty} = {zero}\nv1: {ty} = call f(v0)\nreturn\n}}\n\
             func f(v0: {ty}) -> {ty} pure {{\nb0:\nv1: {ty} = {op} v0, v0 @0:7..9\nreturn v1\n}}\n"
        )
    };
    let expected = "error: division by zero\n  at a.mochi:7\n";
    for (op, ty, zero) in [
        ("int.div", "int", "int.const 0"),
        ("int.rem", "int", "int.const 0"),
        ("float.div", "float", "float.const -0.0"),
        ("float.rem", "float", "float.const 0.0"),
    ] {
        fails(&program(op, ty, zero), expected);
    }
}

/// A program with one function `f` of two parameters, called with each pair of values.
fn binary(param: &str, result: &str, body: &str, pairs: &[(&str, &str)]) -> String {
    let mut text = format!(
        "data d0 \"\\n\"\ndata d1 \"\"\ndata d2 \"ab\"\ndata d3 \"\\c3\\a9x\"\nstart main\n\
         func f(v0: {param}, v1: {param}) -> {result} pure {{\nb0:\n{body}\n}}\nfunc main() pure {{\nb0:\n"
    );
    let base = param.trim_end_matches('?');
    for (&(a, b), index) in pairs.iter().zip(1..) {
        let mut operands = Vec::new();
        for (value, digit) in [(a, 0), (b, 1)] {
            let name = format!("v{index}{digit}");
            if base != param && value != "none" {
                let _ = write!(
                    text,
                    "v{index}{}: {base} = {value}\n{name}: {param} = convert v{index}{}\n",
                    digit + 7,
                    digit + 7
                );
            } else {
                let _ = writeln!(text, "{name}: {param} = {value}");
            }
            operands.push(name);
        }
        let _ = write!(text, "v{index}2: {result} = call f({})\nprint v{index}2\nprint.data d0\n", operands.join(", "));
    }
    text.push_str("return\n}\n");
    text
}

#[test]
fn floats_that_may_be_none() {
    let (one, nan, none, zero) = ("float.const 1.0", "float.const nan:0x7ff8000000000000", "none", "float.const 0.0");
    let all = [(one, one), (one, nan), (nan, nan), (one, none), (none, nan), (none, none)];
    let check = |op: &str, expected: &str| {
        let result = if expected.contains("true") || expected.contains("false") { "bool" } else { "float?" };
        let body = format!("v2: {result} = {op} v0, v1\nreturn v2");
        prints(&binary("float?", result, &body, &all), expected);
    };
    check("float.add", "2\nNaN\nNaN\nnil\nnil\nnil\n");
    check("float.sub", "0\nNaN\nNaN\nnil\nnil\nnil\n");
    check("float.mul", "1\nNaN\nNaN\nnil\nnil\nnil\n");
    check("float.div", "1\nNaN\nNaN\nnil\nnil\nnil\n");
    check("float.rem", "0\nNaN\nNaN\nnil\nnil\nnil\n");
    check("float.eq", "true\nfalse\nfalse\nfalse\nfalse\ntrue\n");
    check("float.ne", "false\ntrue\ntrue\ntrue\ntrue\nfalse\n");
    check("float.le", "true\nfalse\nfalse\nfalse\nfalse\nfalse\n");
    check("float.ge", "true\nfalse\nfalse\nfalse\nfalse\nfalse\n");
    // None divided by zero is none.
    let body = "v2: float? = float.div v0, v1\nreturn v2";
    prints(&binary("float?", "float?", body, &[(none, zero)]), "nil\n");
    let body = body.replace("float", "int");
    prints(&binary("int?", "int?", &body, &[(none, "int.const 0"), ("int.const 0", none)]), "nil\nnil\n");
    let body = "v1: float? = float.neg v0\nreturn v1";
    prints(&unary("float?", "float?", body, &["none"]), "nil\n");
    prints(&unary("float", "float", "v1: float = float.neg v0\nreturn v1", &[one, zero]), "-1\n-0\n");
}

#[test]
fn floats_become_ints() {
    let body = "v1: int = float.to_int v0\nreturn v1";
    let values =
        ["-1.9", "2305843009213693951.0", "2305843009213693952.0", "-1e20"].map(|value| format!("float.const {value}"));
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    prints(
        &unary("float", "int", body, &values),
        "-1\n2305843009213693952\n2305843009213693952\n-100000000000000000000\n",
    );
    prints(&unary("float?", "int", body, &["none"]), "0\n");
}

#[test]
fn bools() {
    let pairs = [("bool.const 1", "bool.const 1"), ("bool.const 0", "none"), ("none", "none")];
    prints(&binary("bool?", "bool", "v2 = bool.eq v0, v1\nreturn v2", &pairs), "true\nfalse\ntrue\n");
    prints(&binary("bool?", "bool", "v2 = bool.is_true v0\nreturn v2", &pairs), "true\nfalse\nfalse\n");
    prints(&binary("bool?", "str", "v2: str = bool.to_str 1 v0\nreturn v2", &pairs), "true\nfalse\n<nil>\n");
    prints(&binary("bool?", "bool", "v2 = is_none v0\nreturn v2", &pairs), "false\nfalse\ntrue\n");
    prints(&binary("bool?", "bool?", "return v0", &pairs), "true\nfalse\nnil\n");
    let body = "v1 = bool.not v0\nv2: int = bool.to_int v1\nreturn v2";
    prints(&unary("bool", "int", body, &["bool.const 1", "bool.const 0"]), "0\n1\n");
}

#[test]
fn strings_and_none() {
    let (empty, ab, ex) = ("str.const d1", "str.const d2", "str.const d3");
    let all = [(ab, ab), (ab, ex), (ex, ab), (empty, "none"), ("none", empty), ("none", "none")];
    let check = |op: &str, expected: &str| {
        prints(&binary("str?", "bool", &format!("v2 = {op} v0, v1\nreturn v2"), &all), expected);
    };
    check("str.eq", "true\nfalse\nfalse\nfalse\nfalse\ntrue\n");
    check("str.ne", "false\ntrue\ntrue\ntrue\ntrue\nfalse\n");
    check("str.lt", "false\ntrue\nfalse\nfalse\nfalse\nfalse\n");
    check("str.le", "true\ntrue\nfalse\nfalse\nfalse\nfalse\n");
    check("str.gt", "false\nfalse\ntrue\nfalse\nfalse\nfalse\n");
    check("str.ge", "true\nfalse\ntrue\nfalse\nfalse\nfalse\n");
    prints(&binary("str?", "int", "v2: int = str.len v0\nreturn v2", &[(ex, ab), ("none", ab)]), "2\n0\n");
    prints(&binary("str?", "str", "v2: str = str.to_str 0 v0\nreturn v2", &[(ex, ab), ("none", ab)]), "éx\nnil\n");
    let body = "v2: str = str.concat v0, v1\nv3: str = str.concat v2, v2\nreturn v3";
    prints(&binary("str", "str", body, &[(ab, ex), (empty, empty)]), "abéxabéx\n\n");
    let body = "v2: int = int.const -1\nv3: str = str.at v0, v2\nv4: str = str.trim v3\nreturn v4";
    prints(&binary("str", "str", body, &[(ab, ex), (ex, ab)]), "b\nx\n");
}

#[test]
fn code_points_one_after_the_other() {
    let text = "data d0 \"\\n\"\ndata d1 \"a\\c3\\a9\\f0\\9f\\98\\80\"\nstart main\nfunc main() pure {\n\
                b0:\nv0: str = str.const d1\nv1 = i32.const 0\nv2 = str.bytes v0\njump b1(v1)\n\
                b1(v3: i32):\nv4: str = str.char v0, v3\nprint v4\nprint.data d0\nv5 = str.next v0, v3\n\
                v6 = i32.lt_s v5, v2\nbranch v6, b1(v5), b2\nb2:\nreturn\n}\n";
    prints(text, "a\né\n😀\n");
}

#[test]
fn globals_own_their_values() {
    let text = "data d0 \"a\"\nglobal g0 s: str = i32 0\nglobal g1 n: int = i64 4899916394579099648\nstart main\n\
                func main() pure {\nb0:\nv0: str = str.const d0\nv1: str = str.concat v0, v0\nglobal.store g0 v1\n\
                v2: str = global.load g0\nv3: str = str.concat v2, v0\nglobal.store g0 v3\nprint v3\n\
                v4: int = int.const 9223372036854775807\nv5: int = int.add v4, v4\nglobal.store g1 v5\n\
                v6: int = global.load g1\nv7: int = int.add v6, v4\nglobal.store g1 v7\nprint v7\n\
                v8: str = global.take g0\nv9: str = str.concat v8, v0\nglobal.init g0 v9\nprint v9\nreturn\n}\n";
    prints(text, "aaa27670116110564327421aaaa");
}

#[test]
fn bounds_of_ranges() {
    let body = "v1: int = range.end v0\nreturn v1";
    let small = ["int.const 5"];
    prints(&unary("int", "int", body, &small), "5\n");
    prints(&unary("int?", "int", body, &["none"]), "-2305843009213693952\n");
    prints(&unary("int?", "int", &body.replace("end", "start"), &["none"]), "2305843009213693951\n");
    let large = unary("int?", "int", body, &["none"]).replace("int? = none", "int = int.const 4611686018427387904");
    fails(
        &format!("file \"a\"\n{}", large.replace("int?", "int").replace("v0\n", "v0 @0:3..4\n")),
        "error: the bound of a range is too large\n  at a:3\n",
    );
}

#[test]
fn expectations_share_their_way_out() {
    let text = "file \"a\"\ndata d0 \"x == 1\"\ndata d1 \"no\"\nstart main\nfunc main() pure {\nb0:\nv0 = bool.const 1\n\
                expect d1 v0 @0:2..3\nv1 = bool.const 0\nexpect d0 v1 @0:4..5\nreturn\n}\n";
    fails(text, "error: expect condition failed at a:4: x == 1\n  at a:4\n");
    let module = legalized(text);
    let main = &module.functions[0];
    assert_eq!(main.blocks.iter().filter(|block| block.cold).count(), 1);
    fails(
        &text.replace("bool.const 1\nexpect d1 v0 @0:2..3", "bool.const 1\nfail d1 @0:9..9"),
        "error: no\n  at a:9\n",
    );
}

#[test]
fn static_objects_outlive_the_shares_that_nobody_took() {
    let mut module =
        legalized("data d0 \"x\"\nstart main\nfunc main() pure {\nb0:\nv0: str = str.const d0\nprint v0\nreturn\n}\n");
    let string = module.data.iter_mut().find(|blob| blob.bytes.starts_with(&[0, 0, 0, 0x40])).expect("a string object");
    string.bytes[..4].copy_from_slice(&1u32.to_le_bytes());
    let mut runtime =
        crate::runtime::Runtime::new(crate::runtime::Features { debug_memory: true, ..Default::default() });
    let release = runtime.func(&mut module, crate::runtime::RuntimeFn::StringRelease);
    let mut interpreter = Interpreter::new(&module, CapturingWasi::default());
    let object = module.data.iter().position(|blob| blob.bytes.starts_with(&[1, 0, 0, 0, 1])).expect("a string object");
    let address = interpreter.placement().addresses[object];
    interpreter.run(release, &[address.into()]).expect("the string is released");
    assert_eq!(interpreter.memory()[address as usize..][..4], [0, 0, 0, 0x40]);
}
