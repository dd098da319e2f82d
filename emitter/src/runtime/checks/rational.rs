//! Rational numbers against fractions of 128-bit integers.

use super::{Machine, Random, module_of};

const FUNCTIONS: &[&str] = &[
    "any_to_rational",
    "any_add",
    "any_sub",
    "any_mul",
    "any_div",
    "any_neg",
    "any_less",
    "any_equal",
    "any_to_string",
    "rational_to_float",
    "word_retain",
    "word_release",
];

fn rational(machine: &mut Machine<'_>, text: &str) -> u64 {
    let string = machine.string(text.as_bytes());
    let word = machine.call("any_to_rational", &[(0x4000_0001 << 32) | string, 1]);
    machine.call("string_release", &[string]);
    word
}

fn text(machine: &mut Machine<'_>, word: u64) -> String {
    let string = machine.call("any_to_string", &[word, 1]);
    String::from_utf8(machine.take(string)).expect("ASCII")
}

fn reduced(n: i128, d: i128) -> String {
    let (mut a, mut b) = (n.abs(), d.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let sign = d.signum();
    format!("{}/{}", sign * n / a, sign * d / a)
}

#[test]
fn arithmetic_is_that_of_fractions() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut random = Random(3);
    for _ in 0..200 {
        let bits = random.pick(&[3, 30, 60]);
        let mut term = || (random.next() >> (64 - bits)) as i128 + 1;
        let (a, b, c, d) = (term() - (1 << (bits - 1)), term(), term(), term());
        let (x, y) = (rational(&mut machine, &format!("{a}/{b}")), rational(&mut machine, &format!("{c}/{d}")));
        for (name, n, of) in
            [("any_add", a * d + c * b, b * d), ("any_sub", a * d - c * b, b * d), ("any_mul", a * c, b * d)]
        {
            if name == "any_add" {
                // It takes over the first operand.
                machine.call("word_retain", &[x]);
            }
            let result = machine.call(name, &[x, y]);
            assert_eq!(text(&mut machine, result), reduced(n, of), "{name} of {a}/{b} and {c}/{d}");
            machine.call("word_release", &[result]);
        }
        let quotient = machine.call("any_div", &[x, y, 1]);
        assert_eq!(text(&mut machine, quotient), reduced(a * d, b * c), "{a}/{b} by {c}/{d}");
        machine.call("word_release", &[quotient]);
        assert_eq!(machine.call("any_less", &[x, y]), u64::from(a * d < c * b), "{a}/{b} < {c}/{d}");
        assert_eq!(machine.call("any_equal", &[x, y]), u64::from(a * d == c * b), "{a}/{b} == {c}/{d}");
        if a.abs() < 1 << 53 && b < 1 << 53 {
            let float = f64::from_bits(machine.call("rational_to_float", &[x]));
            assert_eq!(float, a as f64 / b as f64, "{a}/{b}");
        }
        machine.call("word_release", &[x]);
        machine.call("word_release", &[y]);
    }
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn texts_of_numbers_are_read_exactly() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    for (from, to) in [
        ("0", "0/1"),
        ("-0/7", "0/1"),
        ("6/4", "3/2"),
        (".5", "1/2"),
        ("2.", "2/1"),
        ("-12.500", "-25/2"),
        ("1.5e-3", "3/2000"),
        ("5E+2", "500/1"),
        ("123456789012345678901234567890/3", "41152263004115226300411522630/1"),
    ] {
        let word = rational(&mut machine, from);
        assert_eq!(text(&mut machine, word), to, "{from}");
        machine.call("word_release", &[word]);
    }
    for bad in ["", "-", "/", "1/", "/2", "1/0", "1/-2", "1.5/2", ".", "1e", "e5", "1e9999999", "0x10", "1 ", "½"] {
        let string = machine.string(bad.as_bytes());
        let (code, message) = machine.fail("any_to_rational", &[(0x4000_0001 << 32) | string, 1]);
        assert!(code == 1 && message.contains("cannot cast") && message.contains("to bigrat"), "{bad}: {message}");
        machine = Machine::new(&module);
    }
}

#[test]
fn large_fractions_become_the_nearest_float() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let zeros = "0".repeat(300);
    for (from, expected) in [
        (format!("1{zeros}/3"), 1e300 / 3.0),
        (format!("1/1{zeros}"), 1e-300),
        (format!("-7{zeros}{zeros}/2{zeros}{zeros}"), -3.5),
        (format!("1{zeros}{zeros}/1"), f64::INFINITY),
        (format!("1/1{zeros}{zeros}"), 0.0),
        // The denominator is no float.
        ("2/9007199254740993".to_owned(), f64::EPSILON - f64::EPSILON / 9_007_199_254_740_992.0),
        // Halfway between two floats, and just above.
        ("18014398509481986/2".to_owned(), 9_007_199_254_740_992.0),
        ("180143985094819860000000001/20000000000".to_owned(), 9_007_199_254_740_994.0),
    ] {
        let word = rational(&mut machine, &from);
        let found = f64::from_bits(machine.call("rational_to_float", &[word]));
        assert_eq!(found, expected, "{from}");
        machine.call("word_release", &[word]);
    }
    assert_eq!(machine.live_objects(), 0);
}
