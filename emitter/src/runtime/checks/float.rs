//! Floats as text and back, against Rust's own shortest digits and correctly rounded reading.

use super::{Machine, Random, module_of};

const FUNCTIONS: &[&str] = &["float_to_string", "string_to_float", "float_rem", "float_length"];
const NONE: u64 = 0x7FF8_6E6F_6E65_0000;

fn printed(machine: &mut Machine<'_>, x: f64) -> String {
    let string = machine.call("float_to_string", &[x.to_bits(), 0]);
    String::from_utf8(machine.take(string)).expect("ASCII")
}

fn read(machine: &mut Machine<'_>, text: &str) -> u64 {
    let string = machine.string(text.as_bytes());
    let result = machine.call("string_to_float", &[string, 1]);
    machine.call("string_release", &[string]);
    result
}

/// Go's %v: as many digits as Rust says are needed, rounded to even where two are as near. (Below a
/// power of two the nearest ones may be those of the next float.)
fn expected(x: f64) -> String {
    let shortest = format!("{x:e}");
    let count = shortest.split('e').next().map_or(0, |digits| digits.bytes().filter(u8::is_ascii_digit).count());
    let nearest = format!("{x:.*e}", count - 1);
    let scientific = if nearest.parse() == Ok(x) { nearest } else { shortest };
    let (digits, exponent) = scientific.split_once('e').expect("an exponent");
    let exponent: i32 = exponent.parse().expect("a number");
    if (-4..6).contains(&exponent) || x == 0.0 {
        return format!("{x}");
    }
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn samples() -> Vec<f64> {
    let mut samples =
        vec![0.0, -0.0, 1e22, 1e23, 9_007_199_254_740_993.0, 123_456.0, 9.5e-5, f64::MAX, f64::MIN_POSITIVE];
    for exponent in 0..2047_u64 {
        // Powers of two, where the neighbors are not equally far away.
        samples.extend([exponent << 52, (exponent << 52) + 1, ((exponent + 1) << 52) - 1].map(f64::from_bits));
    }
    let mut random = Random(1);
    for _ in 0..1500 {
        samples.push(f64::from_bits(random.next()));
        samples.push(random.below(1_000_000) as f64 / random.pick(&[1.0, 10.0, 1000.0]));
        samples.push(f64::from_bits(random.next() >> (12 + random.below(50))));
    }
    samples.retain(|x| x.is_finite());
    samples
}

#[test]
fn printing_is_shortest_and_reads_back() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    for x in samples() {
        assert_eq!(printed(&mut machine, x), expected(x));
        assert_eq!(machine.call("float_length", &[x.to_bits()]), format!("{x}").len() as u64, "{x}");
        assert_eq!(read(&mut machine, &format!("{x:e}")), x.to_bits(), "{x:e}");
    }
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn the_language_references_examples_print_as_it_says() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    for (x, text) in [
        (2.0, "2"),
        (0.1 + 0.2, "0.30000000000000004"),
        (100_000.0, "100000"),
        (999_999.9, "999999.9"),
        (1_000_000.0, "1e+06"),
        (1_234_567.8, "1.2345678e+06"),
        (1e21, "1e+21"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e300, "1e+300"),
        (-0.0, "-0"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
        (f64::from_bits(NONE), "nil"),
    ] {
        assert_eq!(printed(&mut machine, x), text);
    }
    let string = machine.call("float_to_string", &[NONE, 1]);
    assert_eq!(machine.take(string), b"<nil>");
    assert_eq!(machine.call("float_length", &[NONE]), 0);
}

#[test]
fn reading_is_correctly_rounded() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut random = Random(2);
    for _ in 0..3000 {
        let mut digits: String = (0..1 + random.below(40)).map(|_| char::from(b'0' + random.below(10) as u8)).collect();
        digits.insert(random.below(digits.len() as u64 + 1) as usize, '.');
        let exponent = if random.below(2) == 0 { random.below(60) as i64 - 30 } else { random.below(640) as i64 - 350 };
        let text = format!("{}{digits}e{exponent}", random.pick(&["", "-", "+"]));
        let value: f64 = text.parse().expect("a float");
        if value.is_finite() {
            assert_eq!(read(&mut machine, &text), value.to_bits(), "{text}");
        }
    }
    assert_eq!(machine.live_objects(), 0);
}

/// The decimal expansion of the middle between a float and the next.
fn middle(x: f64) -> String {
    // The middle of two subnormals has 1,075 places.
    let next = f64::from_bits(x.to_bits() + 1);
    let mut sum: Vec<u8> = Vec::new();
    let (low, high) = (format!("{x:.1080}"), format!("{next:.1080}"));
    let width = low.len().max(high.len());
    let (low, high) = (format!("{low:0>width$}"), format!("{high:0>width$}"));
    let mut rest = 0;
    let mut carry = 0;
    let mut digits: Vec<u8> = Vec::new();
    for (a, b) in low.bytes().rev().zip(high.bytes().rev()) {
        if a == b'.' {
            digits.push(b'.');
            continue;
        }
        let value = (a - b'0') + (b - b'0') + carry;
        digits.push(value % 10);
        carry = value / 10;
    }
    digits.push(carry);
    for &digit in digits.iter().rev() {
        if digit == b'.' {
            sum.push(b'.');
            continue;
        }
        let value = rest * 10 + digit;
        sum.push(b'0' + value / 2);
        rest = value % 2;
    }
    String::from_utf8(sum).expect("ASCII")
}

#[test]
fn the_middle_between_two_floats_goes_to_the_even_one() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut random = Random(3);
    let mut samples: Vec<f64> = (0..40).map(|_| f64::from_bits(random.next() & !(1 << 63))).collect();
    samples.extend([0.0, 5e-324, f64::MIN_POSITIVE, 1.0, 9_007_199_254_740_992.0, 1e22]);
    for x in samples.into_iter().filter(|x| x.is_finite() && *x < f64::MAX) {
        let text = middle(x);
        let even = x.to_bits() + (x.to_bits() & 1);
        assert_eq!(read(&mut machine, &text), even, "{text}");
        assert_eq!(read(&mut machine, &format!("{text}{}1", "0".repeat(900))), x.to_bits() + 1, "above {text}");
        let below = text.trim_end_matches('0');
        let last = below.len() - 1;
        if below.as_bytes()[last] != b'.' {
            let digit = below.as_bytes()[last] - 1;
            let below = format!("{}{}99", &below[..last], char::from(digit));
            assert_eq!(read(&mut machine, &below), x.to_bits(), "{below}");
        }
    }
}

#[test]
fn what_is_no_float_cannot_be_read() {
    let module = module_of(FUNCTIONS);
    for (text, value) in
        [("inf", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY), (".5", 0.5), ("5.", 5.0), ("1E3", 1000.0)]
    {
        let mut machine = Machine::new(&module);
        assert_eq!(read(&mut machine, text), value.to_bits(), "{text}");
    }
    for text in ["", "-", ".", "x", "1e", "1e+", " 1", "1 ", "1_0", "1e400", "infinit", "-nan", "1.5.2"] {
        let mut machine = Machine::new(&module);
        let string = machine.string(text.as_bytes());
        let (code, errors) = machine.fail("string_to_float", &[string, 1]);
        assert_eq!((code, errors.lines().next()), (1, Some(&*format!("error: cannot cast \"{text}\" to float"))));
    }
}

#[test]
fn the_remainder_is_exact() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut random = Random(4);
    for _ in 0..3000 {
        let mut float = || match random.below(4) {
            0 => f64::from_bits(random.next()),
            1 => f64::from_bits(random.next() >> 12),
            2 => random.below(1000) as f64,
            _ => random.below(1 << 60) as f64 / 10.0,
        };
        let (a, b) = (float(), float());
        let (result, expected) = (f64::from_bits(machine.call("float_rem", &[a.to_bits(), b.to_bits()])), a % b);
        assert!(result.to_bits() == expected.to_bits() || (result.is_nan() && expected.is_nan()), "{a:e} % {b:e}");
    }
    let not_a_number = machine.call("float_rem", &[f64::INFINITY.to_bits(), 2.0_f64.to_bits()]);
    assert_eq!(not_a_number, 0x7FF8_0000_0000_0000);
}
