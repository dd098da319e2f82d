//! Elementary functions: against the machine's own, which are right to one unit in the last place, and
//! at the points where rules decide.

use super::{Machine, Random, module_of};

/// A function of the runtime and the machine's.
type Unary = (&'static str, fn(f64) -> f64);

const UNARY: &[Unary] = &[
    ("float_exp", f64::exp),
    ("float_log", f64::ln),
    ("float_log2", f64::log2),
    ("float_sin", f64::sin),
    ("float_cos", f64::cos),
    ("float_tan", f64::tan),
    ("float_asin", f64::asin),
    ("float_acos", f64::acos),
];

fn distance(a: f64, b: f64) -> u64 {
    let place = |x: f64| if x.is_sign_negative() { -((x.to_bits() & !(1 << 63)) as i64) } else { x.to_bits() as i64 };
    if a.is_nan() && b.is_nan() { 0 } else { place(a).abs_diff(place(b)) }
}

#[test]
fn results_are_next_to_the_machines() {
    let names: Vec<&str> = UNARY.iter().map(|&(name, _)| name).chain(["float_power", "float_atan2"]).collect();
    let module = module_of(&names);
    let mut machine = Machine::new(&module);
    let mut random = Random(1);
    for _ in 0..300 {
        let fraction = random.below(1 << 40) as f64 / (1_u64 << 40) as f64;
        let wide = f64::from_bits(random.next());
        let x = random.pick(&[fraction * 2.0 - 1.0, fraction * 40.0 - 20.0, 1.0 + fraction * 1e-6, wide]);
        let y = fraction * 6.0 - 3.0;
        for &(name, expected) in UNARY {
            let found = f64::from_bits(machine.call(name, &[x.to_bits()]));
            assert!(distance(found, expected(x)) <= 1, "{name}({x:e}) = {found:e}, not {:e}", expected(x));
        }
        for (name, expected) in [("float_power", f64::powf as fn(f64, f64) -> f64), ("float_atan2", f64::atan2)] {
            let found = f64::from_bits(machine.call(name, &[x.to_bits(), y.to_bits()]));
            let expected = expected(x, y);
            assert!(distance(found, expected) <= 1, "{name}({x:e}, {y:e}) = {found:e}, not {expected:e}");
        }
    }
}

#[test]
fn powers_follow_the_rules_at_the_edges() {
    let module = module_of(&["float_power", "float_pow"]);
    let mut machine = Machine::new(&module);
    let points = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -3.0, 1e20, -1e300, f64::INFINITY, f64::NEG_INFINITY];
    for x in points {
        for y in points {
            let found = f64::from_bits(machine.call("float_power", &[x.to_bits(), y.to_bits()]));
            assert_eq!(found.to_bits() << 1 >> 1, x.powf(y).to_bits() << 1 >> 1, "{x:e}, {y:e}: {found:e}");
            if !found.is_nan() {
                assert_eq!(found.is_sign_negative(), x.powf(y).is_sign_negative(), "{x:e}, {y:e}: {found:e}");
                let rounded = f64::from_bits(machine.call("float_pow", &[x.to_bits(), y.to_bits()]));
                assert!(distance(rounded, found) <= 2, "{x:e}, {y:e}: {rounded:e}");
            }
        }
    }
}

#[test]
fn rounding_is_half_away_from_zero() {
    let module = module_of(&["float_round"]);
    let mut machine = Machine::new(&module);
    for (x, digits, expected) in
        [(2.5, 0, 3.0), (-2.5, 0, -3.0), (0.49999999999999994, 0, 0.0), (1.005, 2, 1.0), (1234.5, -2, 1200.0)]
    {
        let found = f64::from_bits(machine.call("float_round", &[f64::to_bits(x), i64::from(digits) as u64]));
        assert_eq!(found, expected, "{x} to {digits}");
    }
}
