//! The int word against an independent big-integer library, over every kind of operand.
//!
//! One program reads pairs of ints as decimal text and prints what each operation gives; the oracle
//! computes the same with `num-bigint`. Operands are small, near the edges of the machine word and of the fast paths,
//! big with either sign, and none.

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{OptLevel, Options, SourceFile};
use mochi_wasm::RunOptions;
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::programs;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("properties/int-word-optimised", || int_word(OptLevel::Speed)),
        Trial::test("properties/int-word-unoptimised", || int_word(OptLevel::None)),
    ]
}

/// Prints, for each pair: both operands, sum, difference, product, quotient and remainder (`-` where the
/// divisor is zero), negation, the six comparisons, truth of the first and its length.
const PROGRAM: &str = r#"

fun parse(text: string): int {
  if text == "none" { return none }
  var value = 0
  var negative = false
  for c in text {
    if c == "-" { negative = true } else { value = value * 10 + int(c) }
  }
  return if negative { -value } else { value }
}
fun quotient(a, b): string { return if b == 0 { "-" } else { str(a / b) } }
fun rest(a, b): string { return if b == 0 { "-" } else { str(a % b) } }
fun truth(a): string { return if a { "truthy" } else { "falsy" } }
var line = input()
while line != "" {
  let a = parse(line)
  let b = parse(input())
  print(a, b, a + b, a - b, a * b, quotient(a, b), rest(a, b), -a)
  print(a < b, a <= b, a > b, a >= b, a == b, a != b, truth(a), len(a))
  print(a * a - b * b == (a + b) * (a - b), a + b - b == a, a * b == b * a)
  line = input()
}
"#;

type Operand = Option<BigInt>;

fn operand() -> impl Strategy<Value = Operand> {
    let edges = prop::sample::select(vec![0u32, 1, 30, 31, 32, 60, 61, 62, 63, 64, 96, 122, 128]);
    prop_oneof![
        1 => Just(None),
        3 => any::<i64>().prop_map(|n| Some(BigInt::from(n >> 3))),
        2 => (-20i64..20).prop_map(|n| Some(BigInt::from(n))),
        2 => any::<i64>().prop_map(|n| Some(BigInt::from(n))),
        // Around a power of two, with either sign.
        4 => (edges, -3i64..4, any::<bool>()).prop_map(|(power, near, negative)| {
            let value = (BigInt::from(1) << power) + near;
            Some(if negative { -value } else { value })
        }),
        3 => (prop::collection::vec(any::<u32>(), 1..14), any::<bool>()).prop_map(|(limbs, negative)| {
            let value = limbs.iter().fold(BigInt::from(0), |value, &limb| (value << 32) + limb);
            Some(if negative { -value } else { value })
        }),
    ]
}

fn int_word(opt: OptLevel) -> Result<(), Failed> {
    let source = SourceFile::new("int-word.mochi", PROGRAM);
    let wasm = programs::compile(&source, &Options { opt, debug_memory: true, ..Options::default() })?;
    let engine = RunOptions::default().engine().map_err(|error| format!("{error:?}"))?;
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner
        .run(&prop::collection::vec((operand(), operand()), 1..120), |pairs| {
            let text = |value: &Operand| value.as_ref().map_or("none".to_owned(), BigInt::to_string);
            let stdin: String = pairs.iter().map(|(a, b)| format!("{}\n{}\n", text(a), text(b))).collect();
            let options = RunOptions { stdin: stdin.into_bytes(), ..RunOptions::default() };
            let outcome = mochi_wasm::run_module(&engine, &wasm, &options)
                .map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
            let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
            prop_assert_eq!(outcome.exit, 0, "{}", stderr);
            let expected: String = pairs.iter().map(|(a, b)| expected(a, b)).collect();
            prop_assert_eq!(String::from_utf8_lossy(&outcome.stdout), expected);
            Ok(())
        })
        .map_err(|error| error.to_string().into())
}

fn expected(a: &Operand, b: &Operand) -> String {
    let zero = BigInt::from(0);
    let show = |value: Option<BigInt>| value.map_or("nil".to_owned(), |value| value.to_string());
    let text = |value: Option<BigInt>| value.map_or("<nil>".to_owned(), |value| value.to_string());
    let both = |op: fn(&BigInt, &BigInt) -> BigInt| a.as_ref().zip(b.as_ref()).map(|(a, b)| op(a, b));
    let order = |op: fn(&BigInt, &BigInt) -> bool| a.as_ref().zip(b.as_ref()).is_some_and(|(a, b)| op(a, b));
    let divide = |op: fn(&BigInt, &BigInt) -> BigInt| {
        if b.as_ref() == Some(&zero) { "-".to_owned() } else { text(both(op)) }
    };
    let truth = if a.as_ref().is_some_and(|a| *a != zero) { "truthy" } else { "falsy" };
    let length = a.as_ref().map_or(0, |a| a.to_string().len());
    // With none on both sides, none equals none; with one, an expression that is none differs from an int.
    let identities = match (a, b) {
        (Some(_), Some(_)) | (None, None) => "true true true",
        (Some(_), None) => "true false true",
        (None, Some(_)) => "true true true",
    };
    format!(
        "{} {} {} {} {} {} {} {}\n{} {} {} {} {} {} {truth} {length}\n{identities}\n",
        show(a.clone()),
        show(b.clone()),
        show(both(|a, b| a + b)),
        show(both(|a, b| a - b)),
        show(both(|a, b| a * b)),
        divide(|a, b| a / b),
        divide(|a, b| a % b),
        show(a.as_ref().map(|a| -a)),
        order(|a, b| a < b),
        order(|a, b| a <= b),
        order(|a, b| a > b),
        order(|a, b| a >= b),
        a == b,
        a != b,
    )
}
