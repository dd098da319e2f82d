//! Integers of any size, against Rust's of 128 bits and against each other.

use super::{Machine, Random, module_of, module_with};
use crate::runtime::Features;

const FUNCTIONS: &[&str] = &[
    "int_from_magnitude",
    "int_add_slow",
    "int_sub_slow",
    "int_mul_slow",
    "int_div_slow",
    "int_rem_slow",
    "int_neg_slow",
    "int_lt_slow",
    "int_le_slow",
    "int_eq_slow",
    "int_to_string",
    "int_to_float",
    "int_length",
    "float_to_int",
    "string_to_int",
    "string_to_bigint",
    "word_release",
];
const NONE: u64 = 17 << 58;
const U: i128 = 1 << 61;

/// The word of an integer; the caller owns it.
fn word(machine: &mut Machine<'_>, value: i128) -> u64 {
    let magnitude = value.unsigned_abs();
    machine.call("int_from_magnitude", &[magnitude as u64, (magnitude >> 64) as u64, u64::from(value < 0)])
}

/// The decimal text of a word, which is released.
fn text(machine: &mut Machine<'_>, word: u64) -> String {
    let string = machine.call("int_to_string", &[word, 0]);
    let small = (word as i64) << 2 >> 2 == word as i64;
    assert_eq!(small, (-U..U).contains(&(word as i64 as i128)));
    machine.call("word_release", &[word]);
    String::from_utf8(machine.take(string)).expect("ASCII")
}

fn random(random: &mut Random) -> i128 {
    let value = match random.below(4) {
        0 => random.below(200) as i128 - 100,
        1 => {
            let edge = random.pick(&[0, U, -U, 1 << 31, 1 << 32, 1 << 63, 1 << 64, (1 << 64) - 1, 1 << 96]);
            edge + random.below(5) as i128 - 2
        }
        2 => 1 << random.below(126),
        _ => {
            let wide = (i128::from(random.next()) << 63) | i128::from(random.next() >> 1);
            (wide & i128::MAX) >> random.below(125)
        }
    };
    if random.below(2) == 0 { value } else { -value }
}

#[test]
fn arithmetic_is_exact() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut numbers = Random(1);
    for _ in 0..4000 {
        let (a, b) = (random(&mut numbers), random(&mut numbers));
        let (x, y) = (word(&mut machine, a), word(&mut machine, b));
        let mut check = |name: &str, extra: &[u64], expected: Option<i128>| {
            if let Some(expected) = expected {
                let args: Vec<u64> = [x, y].iter().chain(extra).copied().collect();
                let result = machine.call(name, &args);
                assert_eq!(text(&mut machine, result), expected.to_string(), "{name} of {a} and {b}");
            }
        };
        check("int_add_slow", &[0], a.checked_add(b));
        check("int_sub_slow", &[0], a.checked_sub(b));
        check("int_mul_slow", &[0], a.checked_mul(b));
        check("int_div_slow", &[0, 1], a.checked_div(b));
        check("int_rem_slow", &[0, 1], a.checked_rem(b));
        let negated = machine.call("int_neg_slow", &[x, 0]);
        assert_eq!(text(&mut machine, negated), (-a).to_string());
        assert_eq!(machine.call("int_lt_slow", &[x, y]) == 1, a < b, "{a} < {b}");
        assert_eq!(machine.call("int_le_slow", &[x, y]) == 1, a <= b, "{a} <= {b}");
        assert_eq!(machine.call("int_eq_slow", &[x, y]) == 1, a == b, "{a} == {b}");
        assert_eq!(machine.call("int_length", &[x]), a.to_string().len() as u64);
        assert_eq!(f64::from_bits(machine.call("int_to_float", &[x])), a as f64, "{a}");
        assert_eq!(text(&mut machine, x), a.to_string());
        assert_eq!(text(&mut machine, y), b.to_string());
    }
    assert_eq!(machine.live_objects(), 0);
}

/// A product of numbers of these lengths in words of 64 bits, each bit pattern at random.
fn long(machine: &mut Machine<'_>, numbers: &mut Random, words: u64) -> u64 {
    let mut value = 0;
    for _ in 0..words {
        let next = match numbers.below(3) {
            0 => u64::MAX,
            1 => 0,
            _ => numbers.next(),
        };
        let shift = word(machine, 1 << 64);
        let part = word(machine, i128::from(next));
        value = machine.call("int_mul_slow", &[value, shift, 3]);
        value = machine.call("int_add_slow", &[value, part, 3]);
    }
    value
}

#[test]
fn division_undoes_multiplication_at_any_length() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut numbers = Random(2);
    for _ in 0..150 {
        // Lengths on both sides of where Karatsuba's method starts.
        let lengths = [1, 2, 3, 10, 19, 20, 21, 40, 61];
        let (n, m) = (numbers.pick(&lengths), numbers.pick(&lengths));
        let (a, b) = (long(&mut machine, &mut numbers, n), long(&mut machine, &mut numbers, m));
        let a = machine.call("int_add_slow", &[a, 7, 1]);
        let b = machine.call("int_add_slow", &[b, 5, 1]);
        let rest = machine.call("int_rem_slow", &[a, b, 0, 1]);
        let product = machine.call("int_mul_slow", &[a, b, 0]);
        let sum = machine.call("int_add_slow", &[product, rest, 1]);
        let quotient = machine.call("int_div_slow", &[sum, b, 0, 1]);
        assert_eq!(machine.call("int_eq_slow", &[quotient, a]), 1);
        let again = machine.call("int_rem_slow", &[sum, b, 0, 1]);
        assert_eq!(machine.call("int_eq_slow", &[again, rest]), 1);
        for owned in [a, b, rest, sum, quotient, again] {
            machine.call("word_release", &[owned]);
        }
    }
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn long_numbers_print_in_full() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut power = 1;
    for _ in 0..200 {
        power = machine.call("int_mul_slow", &[power, 10, 1]);
    }
    let below = machine.call("int_sub_slow", &[power, 1, 0]);
    assert_eq!(text(&mut machine, power), format!("1{}", "0".repeat(200)));
    let negated = machine.call("int_neg_slow", &[below, 1]);
    assert_eq!(machine.call("int_length", &[negated]), 201);
    assert_eq!(text(&mut machine, negated), format!("-{}", "9".repeat(200)));
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn a_generator_of_64_bits_reuses_its_memory() {
    // Freed blocks would wait where memory is debugged.
    let module = module_with(FUNCTIONS, Features { long_ints: true, ..Features::default() });
    let mut machine = Machine::new(&module);
    let factor = word(&mut machine, 6_364_136_223_846_793_005);
    let addend = word(&mut machine, 1_442_695_040_888_963_407);
    let modulus = word(&mut machine, 1 << 64);
    let (mut state, mut expected) = (1, 1_u64);
    let pages = machine.interp.memory().len();
    for _ in 0..2000 {
        let product = machine.call("int_mul_slow", &[state, factor, 1]);
        let sum = machine.call("int_add_slow", &[product, addend, 1]);
        state = machine.call("int_rem_slow", &[sum, modulus, 1, 1]);
        expected = expected.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    }
    assert_eq!(text(&mut machine, state), expected.to_string());
    assert_eq!(machine.interp.memory().len(), pages);
}

#[test]
fn none_spreads_through_arithmetic_and_compares_with_nothing() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    for name in ["int_add_slow", "int_sub_slow", "int_mul_slow"] {
        assert_eq!(machine.call(name, &[NONE, 5, 0]), NONE);
        assert_eq!(machine.call(name, &[5, NONE, 3]), NONE);
    }
    for name in ["int_div_slow", "int_rem_slow"] {
        assert_eq!(machine.call(name, &[NONE, 0, 0, 1]), NONE);
        assert_eq!(machine.call(name, &[5, NONE, 0, 1]), NONE);
    }
    assert_eq!(machine.call("int_neg_slow", &[NONE, 1]), NONE);
    assert_eq!(machine.call("int_lt_slow", &[NONE, 5]), 0);
    assert_eq!(machine.call("int_le_slow", &[NONE, NONE]), 0);
    assert_eq!(machine.call("int_eq_slow", &[NONE, NONE]), 1);
    assert_eq!(machine.call("int_eq_slow", &[NONE, 0]), 0);
    assert_eq!(machine.call("int_length", &[NONE]), 0);
    let printed = machine.call("int_to_string", &[NONE, 0]);
    assert_eq!(machine.take(printed), b"nil");
    let str_text = machine.call("int_to_string", &[NONE, 1]);
    assert_eq!(machine.take(str_text), b"<nil>");
}

#[test]
fn floats_become_integers_by_truncation() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut numbers = Random(3);
    for round in 0..2000 {
        let exponent = 1023 + numbers.below(125);
        let x = f64::from_bits((numbers.next() >> 12) | (exponent << 52) | ((round & 1) << 63));
        let result = machine.call("float_to_int", &[x.to_bits(), 1]);
        assert_eq!(text(&mut machine, result), (x as i128).to_string(), "{x}");
    }
    assert_eq!(machine.call("float_to_int", &[0.9_f64.to_bits(), 1]), 0);
    assert_eq!(machine.call("float_to_int", &[0x7FF8_6E6F_6E65_0000, 1]), 0);
    let largest = machine.call("float_to_int", &[f64::MAX.to_bits(), 1]);
    assert_eq!(machine.call("int_to_float", &[largest]), f64::MAX.to_bits());
    assert_eq!(text(&mut machine, largest), format!("{:.0}", f64::MAX));
    let (code, errors) = machine.fail("float_to_int", &[f64::NAN.to_bits(), 7]);
    assert_eq!((code, errors.lines().next()), (1, Some("error: cannot cast float64 to int")));
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn text_becomes_an_integer_by_the_rules_of_atoi() {
    let module = module_of(FUNCTIONS);
    for (written, value) in [
        ("0", 0),
        ("-0", 0),
        ("+007", 7),
        ("2305843009213693952", U),
        ("9223372036854775807", i128::from(i64::MAX)),
        ("-9223372036854775808", i128::from(i64::MIN)),
    ] {
        let mut machine = Machine::new(&module);
        let string = machine.string(written.as_bytes());
        for function in ["string_to_int", "string_to_bigint"] {
            let result = machine.call(function, &[string, 1]);
            assert_eq!(text(&mut machine, result), value.to_string());
        }
    }
    for written in ["", "+", "x", " 1", "1 ", "1_0", "1.0", "0x1", "9223372036854775808", "-9223372036854775809"] {
        let mut machine = Machine::new(&module);
        let string = machine.string(written.as_bytes());
        let (code, errors) = machine.fail("string_to_int", &[string, 1]);
        assert_eq!((code, errors.lines().next()), (1, Some(&*format!("error: cannot cast \"{written}\" to int"))));
    }
}

#[test]
fn big_integers_are_read_whatever_their_length() {
    let module = module_of(FUNCTIONS);
    let long = "12345678901234567890".repeat(20);
    for written in ["9223372036854775808", "-9223372036854775809", "1000000000000000000000000000000000000", &long] {
        let mut machine = Machine::new(&module);
        let string = machine.string(written.as_bytes());
        let result = machine.call("string_to_bigint", &[string, 1]);
        assert_eq!(text(&mut machine, result), written);
    }
    for written in ["", "-", "9223372036854775808x", "1.0"] {
        let mut machine = Machine::new(&module);
        let string = machine.string(written.as_bytes());
        let (code, errors) = machine.fail("string_to_bigint", &[string, 1]);
        assert_eq!((code, errors.lines().next()), (1, Some(&*format!("error: cannot cast \"{written}\" to bigint"))));
    }
}

#[test]
fn dividing_by_zero_fails_at_its_line() {
    let module = module_of(FUNCTIONS);
    for name in ["int_div_slow", "int_rem_slow"] {
        let mut machine = Machine::new(&module);
        let large = word(&mut machine, 1 << 70);
        let (code, errors) = machine.fail(name, &[large, 0, 1, 12]);
        assert_eq!((code, &*errors), (1, "error: division by zero\n  at test.mochi:12\n"));
    }
}

#[test]
fn long_division_and_long_text_undo_multiplication() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut random = Random(11);
    // A number of so many digits, and its text; one of them is often all nines, which makes quotients too large.
    let mut long = |machine: &mut Machine<'_>, digits: usize| {
        let nines = random.below(3) == 0;
        let mut digit =
            |at: usize| if nines && at < digits - 3 { '9' } else { char::from(b'1' + random.below(9) as u8) };
        let digits: String = (0..digits).map(&mut digit).collect();
        let string = machine.string(digits.as_bytes());
        let word = machine.call("string_to_bigint", &[string, 1]);
        machine.call("string_release", &[string]);
        (word, digits)
    };
    for (n, m) in [(1000, 2800), (1900, 930), (2500, 2500), (7000, 1850), (40, 650), (3000, 20)] {
        let ((a, a_text), (b, b_text)) = (long(&mut machine, n), long(&mut machine, m));
        assert_eq!(text_of(&mut machine, a), a_text);
        assert_eq!(machine.call("int_length", &[b]), b_text.len() as u64);
        let c = machine.call("int_sub_slow", &[a, 7, 0]);
        let product = machine.call("int_mul_slow", &[a, b, 0]);
        let sum = machine.call("int_add_slow", &[product, c, 0]);
        let quotient = machine.call("int_div_slow", &[sum, a, 0, 1]);
        assert_eq!(machine.call("int_eq_slow", &[quotient, b]), 1, "quotient of {n} and {m} digits");
        let rest = machine.call("int_rem_slow", &[sum, a, 0, 1]);
        assert_eq!(machine.call("int_eq_slow", &[rest, c]), 1, "remainder of {n} and {m} digits");
        for word in [a, b, c, product, sum, quotient, rest] {
            machine.call("word_release", &[word]);
        }
    }
    assert_eq!(machine.live_objects(), 0);
}

fn text_of(machine: &mut Machine<'_>, word: u64) -> String {
    let string = machine.call("int_to_string", &[word, 0]);
    String::from_utf8(machine.take(string)).expect("ASCII")
}
