//! Strings of valid and invalid UTF-8, against plain functions on bytes.

use super::{Machine, Random, code_points, module_of};

const FUNCTIONS: &[&str] = &[
    "string_concat",
    "string_eq",
    "string_cmp",
    "string_at",
    "string_slice",
    "string_contains",
    "string_trim",
    "string_upper",
    "string_lower",
    "string_index",
    "string_repeat",
];

fn random(random: &mut Random) -> Vec<u8> {
    let length = random.pick(&[0, 1, 2, 3, 7, 8, 9, 20, 40]);
    match random.below(4) {
        0 => (0..length).map(|_| random.pick(b"ab c")).collect(),
        1 => (0..length)
            .map(|_| random.pick(&['a', 'é', '€', '😀', '\u{3000}', ' ', '\u{85}']))
            .collect::<String>()
            .into_bytes(),
        // Fragments that meet to make code points when strings are joined.
        2 => (0..length).map(|_| random.pick(b"\xe2\x82\xac\xf0\x9f\x98\x80a\xed\xa0\xc0\xf4\x90")).collect(),
        _ => (0..length).map(|_| random.next() as u8).collect(),
    }
}

/// The bounds of a slice as indexes of code points.
fn bound(index: i64, length: usize) -> usize {
    let index = if index < 0 { index + length as i64 } else { index };
    index.clamp(0, length as i64) as usize
}

fn trimmed(bytes: &[u8]) -> Vec<u8> {
    let is_space = |part: &&[u8]| std::str::from_utf8(part).is_ok_and(|text| text.chars().all(char::is_whitespace));
    let parts = code_points(bytes);
    let start = parts.iter().take_while(|part| is_space(part)).count();
    let end = parts[start..].iter().rev().skip_while(|part| is_space(part)).count();
    parts[start..start + end].concat()
}

#[test]
fn operations_count_code_points() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut numbers = Random(1);
    for _ in 0..3000 {
        let (a, b) = (random(&mut numbers), random(&mut numbers));
        let (x, y, same) = (machine.string(&a), machine.string(&b), machine.string(&a));
        assert_eq!(machine.call("string_cmp", &[x, y]) as i32, a.cmp(&b) as i32);
        assert_eq!(machine.call("string_eq", &[x, y]) == 1, a == b);
        assert_eq!(machine.call("string_eq", &[x, same]), 1);
        let found = b.is_empty() || a.windows(b.len()).any(|window| window == b);
        assert_eq!(machine.call("string_contains", &[x, y]) == 1, found);
        let at = (0..=a.len()).find(|&at| a[at..].starts_with(&b));
        let index = at.map_or(-1, |at| code_points(&a[..at]).len() as i64);
        assert_eq!(machine.call("string_index", &[x, y]) as i64, index);
        let times = numbers.below(4) as i64 - 1;
        let repeated = machine.call("string_repeat", &[x, times as u64]);
        assert_eq!(machine.take(repeated), a.repeat(times.max(0) as usize));
        let parts = code_points(&a);
        if !parts.is_empty() {
            let index = numbers.below(2 * parts.len() as u64) as i64 - parts.len() as i64;
            let at = machine.call("string_at", &[x, index as u64, 1]);
            assert_eq!(machine.take(at), parts[bound(index, parts.len())]);
        }
        let (start, end) = (numbers.below(100) as i64 - 50, numbers.below(100) as i64 - 50);
        let slice = machine.call("string_slice", &[x, start as u64, end as u64]);
        let (from, to) = (bound(start, parts.len()), bound(end, parts.len()));
        assert_eq!(machine.take(slice), parts[from.min(to)..to].concat());
        let joined = machine.call("string_concat", &[x, y]);
        let joined = machine.call("string_concat", &[joined, y]);
        let all = [&a[..], &b, &b].concat();
        let out = machine.call("string_trim", &[joined]);
        assert_eq!(machine.take(out), trimmed(&all), "{all:?}");
        machine.call("string_release", &[y]);
        machine.call("string_release", &[same]);
    }
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn a_string_with_one_owner_grows_in_place() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let part = machine.string(b"xyz");
    let mut whole = machine.string(b"");
    for _ in 0..5000 {
        whole = machine.call("string_concat", &[whole, part]);
    }
    assert!(machine.interp.memory().len() <= 4 << 16);
    assert_eq!(machine.take(whole), b"xyz".repeat(5000));
    let shared = machine.string(b"shared");
    machine.call("string_slice", &[shared, 0, 6]);
    let longer = machine.call("string_concat", &[shared, part]);
    assert_eq!(machine.take(longer), b"sharedxyz");
    assert_eq!(machine.take(shared), b"shared");
}

#[test]
fn none_is_no_string() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let text = machine.string(b"text");
    assert_eq!(machine.call("string_eq", &[0, 0]), 1);
    assert_eq!(machine.call("string_eq", &[text, 0]), 0);
    assert_eq!(machine.call("string_at", &[0, 0, 1]), 0);
    assert_eq!(machine.call("string_contains", &[0, text]), 0);
    assert_eq!(machine.call("string_concat", &[0, text]), 0);
    assert_eq!(machine.call("string_concat", &[text, 0]), 0);
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn an_index_outside_fails_with_itself_and_the_length() {
    let module = module_of(FUNCTIONS);
    for (index, message) in [
        (3_i64, "string index out of range: 3 (len 3)"),
        (-4, "string index out of range: -4 (len 3)"),
        (1 << 60, "string index out of range: 1152921504606846976 (len 3)"),
        (17 << 58, "string index must be int"),
    ] {
        let mut machine = Machine::new(&module);
        let text = machine.string("añb".as_bytes());
        let (code, errors) = machine.fail("string_at", &[text, index as u64, 4]);
        assert_eq!((code, errors.lines().next()), (1, Some(&*format!("error: {message}"))));
    }
}

#[test]
fn case_follows_unicodes_simple_mappings() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    for (text, upper, lower) in [
        ("", "", ""),
        ("plain 09 TEXT", "PLAIN 09 TEXT", "plain 09 text"),
        ("straße", "STRAßE", "straße"),
        ("Àéĳ", "ÀÉĲ", "àéĳ"),
        ("Привет, МИР", "ПРИВЕТ, МИР", "привет, мир"),
        ("ΣΑΣ σας", "ΣΑΣ ΣΑΣ", "σασ σας"),
        ("ǆ ǅ Ǆ", "Ǆ Ǆ Ǆ", "ǆ ǆ ǆ"),
        ("ᾳ ı İ ſ ÿ", "ᾼ I İ S Ÿ", "ᾳ ı i ſ ÿ"),
        ("ȿ ⅷ ⓐ 𐐨 𞤢", "Ȿ Ⅷ Ⓐ 𐐀 𞤀", "ȿ ⅷ ⓐ 𐐨 𞤢"),
        ("漢字 😀", "漢字 😀", "漢字 😀"),
    ] {
        let string = machine.string(text.as_bytes());
        let result = machine.call("string_upper", &[string]);
        assert_eq!(machine.take(result), upper.as_bytes(), "{text}");
        let result = machine.call("string_lower", &[string]);
        assert_eq!(machine.take(result), lower.as_bytes(), "{text}");
        machine.call("string_release", &[string]);
    }
    // Bytes outside UTF-8 become U+FFFD, as in Go.
    let string = machine.string(b"a\xff\xc3");
    let result = machine.call("string_upper", &[string]);
    assert_eq!(machine.take(result), "A\u{FFFD}\u{FFFD}".as_bytes());
}

#[test]
fn every_letter_with_one_other_case_has_it() {
    let module = module_of(&["map_case"]);
    let mut machine = Machine::new(&module);
    for c in '\u{80}'..'\u{1F000}' {
        for (way, expected) in [(1, c.to_uppercase().collect::<Vec<_>>()), (2, c.to_lowercase().collect())] {
            // Every letter with another case, and some of the other code points.
            let [expected] = expected[..] else { continue };
            if expected == c && u32::from(c) % 64 != 0 {
                continue;
            }
            let result = machine.call("map_case", &[u64::from(c), way]) as u32;
            // Unicode 16 added cases to a few letters after the table was made.
            assert!(result == u32::from(expected) || (result == u32::from(c) && is_newer(c)), "U+{:04X}", u32::from(c));
        }
    }
}

fn is_newer(c: char) -> bool {
    matches!(c, '\u{19B}' | '\u{264}' | '\u{1C89}' | '\u{1C8A}' | '\u{A7CB}'..='\u{A7DC}' | '\u{10D50}'..='\u{10D85}' | '\u{16EA0}'..='\u{16ED3}')
}
