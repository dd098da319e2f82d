//! Lists of each layout, against vectors.

use std::collections::BTreeMap;

use super::{Machine, Random, module_of};

const FUNCTIONS: &[&str] = &[
    "list_new",
    "object_retain",
    "object_release",
    "list_append_word",
    "list_append_f64",
    "list_append_u8",
    "list_append_ptr",
    "list_get_slow_word",
    "list_get_slow_f64",
    "list_get_slow_u8",
    "list_get_slow_ptr",
    "list_set_slow_word",
    "list_set_slow_f64",
    "list_set_slow_u8",
    "list_set_slow_ptr",
    "list_slice",
    "list_concat",
    "object_equal",
    "print_object",
    "object_to_string",
    "flush_stdout",
    "list_contains_word",
    "list_contains_f64",
    "list_contains_u8",
    "list_contains_ptr",
    "int_from_magnitude",
    "int_eq_slow",
    "word_release",
];

const WORDS: u64 = 16;
const FLOATS: u64 = 17;
const BYTES: u64 = 18;
const POINTERS: u64 = 19;

const NONE_WORD: u64 = 17 << 58;
const NONE_FLOAT: u64 = 0x7FF8_6E6F_6E65_0000;

/// An element, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    None,
    Int(i128),
    /// The bits.
    Float(u64),
    Bool(bool),
    Text(Vec<u8>),
    List(u64, Vec<Item>),
}

/// What a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elements {
    Ints,
    Floats,
    Bools,
    Texts,
    Lists,
}

impl Elements {
    fn kind(self) -> u64 {
        match self {
            Elements::Ints => WORDS,
            Elements::Floats => FLOATS,
            Elements::Bools => BYTES,
            Elements::Texts | Elements::Lists => POINTERS,
        }
    }

    fn random(self, random: &mut Random, may_be_none: bool) -> Item {
        if may_be_none && random.below(8) == 0 {
            return Item::None;
        }
        match self {
            Elements::Ints if random.below(6) == 0 => Item::Int(i128::from(random.below(2) as i64 * 2 - 1) << 70),
            Elements::Ints => Item::Int(i128::from(random.below(5))),
            Elements::Floats => Item::Float((random.below(5) as f64 / 2.0).to_bits()),
            Elements::Bools => Item::Bool(random.below(2) == 0),
            Elements::Texts => Item::Text(b"xyz"[..random.below(4) as usize].to_vec()),
            Elements::Lists => {
                let length = random.below(3);
                Item::List(WORDS, (0..length).map(|_| Elements::Ints.random(random, may_be_none)).collect())
            }
        }
    }
}

/// The suffix of the functions for elements of a list of this kind.
fn suffix(kind: u64) -> &'static str {
    ["word", "f64", "u8", "ptr"][(kind - WORDS) as usize]
}

impl Machine<'_> {
    /// A share of a new value, as a list of this kind holds it.
    fn item(&mut self, kind: u64, item: &Item) -> u64 {
        match item {
            Item::None => [NONE_WORD, NONE_FLOAT, 2, 0][(kind - WORDS) as usize],
            &Item::Int(value) => {
                let magnitude = value.unsigned_abs();
                let args = [magnitude as u64, (magnitude >> 64) as u64, u64::from(value < 0)];
                self.call("int_from_magnitude", &args)
            }
            &Item::Float(bits) => bits,
            &Item::Bool(value) => u64::from(value),
            Item::Text(text) => self.string(text),
            Item::List(kind, items) => self.list(*kind, items),
        }
    }

    fn list(&mut self, kind: u64, items: &[Item]) -> u64 {
        let room = if items.len().is_multiple_of(2) { items.len() } else { 0 };
        let list = self.call("list_new", &[kind, room as u64]);
        items.iter().fold(list, |list, item| {
            let element = self.item(kind, item);
            self.call(&format!("list_append_{}", suffix(kind)), &[list, element])
        })
    }

    fn release(&mut self, kind: u64, value: u64) {
        match kind {
            WORDS => drop(self.call("word_release", &[value])),
            POINTERS => drop(self.call("object_release", &[value])),
            _ => (),
        }
    }

    fn u64(&self, address: u64) -> u64 {
        u64::from(self.u32(address)) | u64::from(self.u32(address + 4)) << 32
    }

    /// What a value of a list of this kind is; integers that are not small have 96 bits at most.
    fn read(&self, kind: u64, value: u64) -> Item {
        match kind {
            WORDS if value == NONE_WORD => Item::None,
            WORDS if (value as i64) << 2 >> 2 == value as i64 => Item::Int(i128::from(value as i64)),
            WORDS => {
                let limbs = value & 0xFFFF_FFFF;
                let magnitude = (0..u64::from(self.u32(limbs + 8)))
                    .map(|limb| i128::from(self.u32(limbs + 16 + limb * 4)) << (32 * limb))
                    .sum::<i128>();
                Item::Int(if (value as i64) < 0 { -magnitude } else { magnitude })
            }
            FLOATS if value == NONE_FLOAT => Item::None,
            FLOATS => Item::Float(value),
            BYTES if value == 2 => Item::None,
            BYTES => Item::Bool(value == 1),
            _ if value == 0 => Item::None,
            _ if self.u32(value + 4) == 1 => {
                let length = self.u32(value + 8) as usize;
                Item::Text(self.interp.memory()[value as usize + 20..][..length].to_vec())
            }
            _ => Item::List(u64::from(self.u32(value + 4)), self.elements(value)),
        }
    }

    /// The elements of a list, after checks of its header.
    fn elements(&self, list: u64) -> Vec<Item> {
        let [kind, length, fast, room, data] = [4, 8, 12, 16, 20].map(|offset| u64::from(self.u32(list + offset)));
        assert!(length <= room);
        let load = |index: u64| match kind {
            WORDS | FLOATS => self.u64(data + index * 8),
            BYTES => u64::from(self.interp.memory()[(data + index) as usize]),
            _ => u64::from(self.u32(data + index * 4)),
        };
        let small = |word: u64| (word as i64) << 2 >> 2 == word as i64;
        if kind != WORDS || (0..length).all(|index| small(load(index))) {
            // A word that was not small may have been replaced: that is not looked for.
            assert!(fast == length || (kind == WORDS && fast == 0));
        } else {
            assert_eq!(fast, 0);
        }
        (0..length).map(|index| self.read(kind, load(index))).collect()
    }
}

fn bound(index: i64, length: usize) -> usize {
    let index = if index < 0 { index + length as i64 } else { index };
    index.clamp(0, length as i64) as usize
}

/// Random operations on lists with several shares each.
fn operate(elements: Elements, seed: u64) {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut numbers = Random(seed);
    let kind = elements.kind();
    let (append, get, set, contains) = (
        format!("list_append_{}", suffix(kind)),
        format!("list_get_slow_{}", suffix(kind)),
        format!("list_set_slow_{}", suffix(kind)),
        format!("list_contains_{}", suffix(kind)),
    );
    let mut contents: BTreeMap<u64, Vec<Item>> = BTreeMap::new();
    let mut shares: Vec<u64> = Vec::new();
    for _ in 0..2000 {
        let nullable = numbers.below(4) == 0;
        if shares.is_empty() || (shares.len() < 12 && numbers.below(10) == 0) {
            let length = numbers.below(6);
            let items: Vec<Item> = (0..length).map(|_| elements.random(&mut numbers, nullable)).collect();
            let list = machine.list(kind, &items);
            contents.insert(list, items);
            shares.push(list);
        }
        let at = numbers.below(shares.len() as u64) as usize;
        let list = shares[at];
        let other = numbers.pick(&shares);
        let items = contents[&list].clone();
        let alone = shares.iter().filter(|&&share| share == list).count() == 1;
        let item = elements.random(&mut numbers, nullable);
        let index = numbers.below(2 * items.len() as u64 + 1) as i64 - items.len() as i64;
        match numbers.below(10) {
            0 => {
                machine.call("object_retain", &[list]);
                shares.push(list);
            }
            1 => {
                machine.call("object_release", &[list]);
                shares.swap_remove(at);
                if alone {
                    contents.remove(&list);
                }
            }
            2 | 3 => {
                let element = machine.item(kind, &item);
                let longer = machine.call(&append, &[list, element]);
                assert_eq!(longer == list, alone);
                shares[at] = longer;
                contents.insert(longer, [items, vec![item]].concat());
            }
            // What is borrowed is somebody's share.
            4 if alone && other == list => (),
            4 => {
                let joined = machine.call("list_concat", &[list, other]);
                assert_eq!(joined == list, alone);
                contents.insert(joined, [&items[..], &contents[&other]].concat());
                shares[at] = joined;
                if contents[&joined].len() > 40 {
                    machine.call("object_release", &[joined]);
                    contents.remove(&joined);
                    shares.swap_remove(at);
                }
            }
            5 => {
                let (start, end) = (numbers.below(30) as i64 - 15, numbers.below(30) as i64 - 15);
                let slice = machine.call("list_slice", &[list, start as u64, end as u64]);
                let (from, to) = (bound(start, items.len()), bound(end, items.len()));
                assert_eq!(machine.elements(slice), items[from.min(to)..to]);
                contents.insert(slice, items[from.min(to)..to].to_vec());
                shares.push(slice);
            }
            6 => {
                let element = machine.item(kind, &item);
                assert_eq!(machine.call(&contains, &[list, element]) == 1, items.contains(&item));
                machine.release(kind, element);
                let equal = machine.call("object_equal", &[list, other]) == 1;
                assert_eq!(equal, items == contents[&other]);
                let same = machine.list(kind, &items);
                assert_eq!(machine.call("object_equal", &[list, same]), 1);
                machine.call("object_release", &[same]);
            }
            7 | 8 => {
                let element = machine.item(kind, &item);
                let index = if nullable && numbers.below(4) == 0 { items.len() as i64 + 3 } else { index };
                machine.call(&set, &[list, index as u64, element, u64::from(nullable), 7]);
                let items = contents.get_mut(&list).expect("it is alive");
                let place = if index < 0 { index + items.len() as i64 } else { index } as usize;
                if place >= items.len() {
                    items.resize(place + 1, Item::None);
                }
                items[place] = item;
            }
            _ => {
                if index < items.len() as i64 {
                    let element = machine.call(&get, &[list, index as u64, 7]);
                    let place = if index < 0 { index + items.len() as i64 } else { index };
                    assert_eq!(machine.read(kind, element), items[place as usize]);
                    machine.release(kind, element);
                }
            }
        }
        for (&list, items) in &contents {
            assert_eq!(&machine.elements(list), items);
            assert_eq!(machine.u32(list) as usize, shares.iter().filter(|&&share| share == list).count());
        }
    }
    for list in shares {
        machine.call("object_release", &[list]);
    }
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn lists_of_ints_are_as_vectors() {
    operate(Elements::Ints, 1);
}

#[test]
fn lists_of_floats_are_as_vectors() {
    operate(Elements::Floats, 2);
}

#[test]
fn lists_of_bools_are_as_vectors() {
    operate(Elements::Bools, 3);
}

#[test]
fn lists_of_strings_are_as_vectors() {
    operate(Elements::Texts, 4);
}

#[test]
fn lists_of_lists_are_as_vectors() {
    operate(Elements::Lists, 5);
}

#[test]
fn appending_to_the_only_share_is_linear() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut list = machine.call("list_new", &[WORDS, 0]);
    for value in 0..20_000 {
        list = machine.call("list_append_word", &[list, value]);
    }
    assert!(machine.interp.memory().len() <= 7 << 16);
    assert_eq!(machine.u32(list + 12), 20_000);
    machine.call("object_release", &[list]);
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn lists_that_cannot_be_had_trap() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    machine.interp.limits.pages = 100;
    for (kind, length) in [(WORDS, 1 << 24), (BYTES, (1 << 27) + 1), (POINTERS, 1 << 30), (FLOATS, (1 << 29) + 1)] {
        assert!(machine.try_call("list_new", &[kind, length]).is_err());
    }
}

#[test]
fn a_list_that_is_none_has_nothing_in_it() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let list = machine.list(WORDS, &[Item::Int(1)]);
    assert_eq!(machine.call("list_get_slow_word", &[0, 3, 1]), NONE_WORD);
    assert_eq!(machine.call("list_get_slow_f64", &[0, 3, 1]), NONE_FLOAT);
    assert_eq!(machine.call("list_get_slow_u8", &[0, 3, 1]), 2);
    assert_eq!(machine.call("list_get_slow_ptr", &[0, 3, 1]), 0);
    assert_eq!(machine.call("list_slice", &[0, 0, 1]), 0);
    assert_eq!(machine.call("object_equal", &[0, 0]), 1);
    assert_eq!(machine.call("object_equal", &[0, list]), 0);
    assert_eq!(machine.call("object_equal", &[list, 0]), 0);
    assert_eq!(machine.call("list_concat", &[0, list]), 0);
    assert_eq!(machine.call("list_concat", &[list, 0]), 0);
    machine.call("object_release", &[0]);
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn an_index_outside_fails_with_itself_and_the_length() {
    let module = module_of(FUNCTIONS);
    for (index, read, write) in [
        (3_i64, "list index out of range: 3 (len 2)", "list would have a hole before index 3 (len 2)"),
        (-3, "list index out of range: -3 (len 2)", "index out of range"),
        (
            1 << 60,
            "list index out of range: 1152921504606846976 (len 2)",
            "list index out of range: 1152921504606846976 (len 2)",
        ),
    ] {
        for (name, args, message) in [("list_get_slow_word", &[5][..], read), ("list_set_slow_word", &[7, 0, 5], write)]
        {
            let mut machine = Machine::new(&module);
            let list = machine.list(WORDS, &[Item::Int(1), Item::Int(2)]);
            let args: Vec<u64> = [list, index as u64].iter().chain(args).copied().collect();
            let (code, errors) = machine.fail(name, &args);
            assert_eq!((code, errors), (1, format!("error: {message}\n  at test.mochi:5\n")));
        }
    }
    let mut machine = Machine::new(&module);
    let (_, errors) = machine.fail("list_set_slow_u8", &[0, 0, 1, 1, 5]);
    assert!(errors.starts_with("error: invalid index target\n"));
    let mut machine = Machine::new(&module);
    let list = machine.call("list_new", &[BYTES, 0]);
    let (_, errors) = machine.fail("list_set_slow_u8", &[list, 1 << 40, 1, 1, 5]);
    assert!(errors.starts_with("error: list index out of range: 1099511627776 (len 0)\n"));
}

/// A list in a list and so on, `depth` of them, around a list with one integer.
fn nested(machine: &mut Machine<'_>, depth: usize, value: u64) -> u64 {
    let mut list = machine.call("list_new", &[WORDS, 1]);
    list = machine.call("list_append_word", &[list, value]);
    for _ in 0..depth {
        let outer = machine.call("list_new", &[POINTERS, 1]);
        list = machine.call("list_append_ptr", &[outer, list]);
    }
    list
}

#[test]
fn nesting_has_no_limit() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let list = nested(&mut machine, 100_000, 5);
    let text = [&[b'['; 100_001][..], b"5", &[b']'; 100_001]].concat();
    let string = machine.call("object_to_string", &[list, 1]);
    assert_eq!(machine.take(string), text);
    machine.call("print_object", &[list]);
    machine.call("flush_stdout", &[]);
    assert_eq!(machine.interp.host.stdout, text);
    machine.call("object_release", &[list]);
    let (a, b, c) =
        (nested(&mut machine, 100_000, 1), nested(&mut machine, 100_000, 1), nested(&mut machine, 100_000, 2));
    assert_eq!(machine.call("object_equal", &[a, b]), 1);
    assert_eq!(machine.call("object_equal", &[a, c]), 0);
    for list in [a, b, c] {
        machine.call("object_release", &[list]);
    }
    assert_eq!(machine.live_objects(), 0);
}

/// What print and str show of a list, which is released.
fn texts(machine: &mut Machine<'_>, list: u64) -> [String; 3] {
    let before = machine.interp.host.stdout.len();
    machine.call("print_object", &[list]);
    machine.call("flush_stdout", &[]);
    let printed = machine.interp.host.stdout[before..].to_vec();
    let texts = [0, 1].map(|mode| {
        let string = machine.call("object_to_string", &[list, mode]);
        machine.take(string)
    });
    machine.call("object_release", &[list]);
    let [print, text] = texts;
    [printed, print, text].map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
}

#[test]
fn elements_are_shown_in_the_forms_of_print_and_str() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let float = |value: f64| Item::Float(value.to_bits());
    let text = |value: &str| Item::Text(value.as_bytes().to_vec());
    for (kind, items, print, str) in [
        (WORDS, vec![], "[]", "[]"),
        (
            WORDS,
            vec![Item::Int(-1), Item::None, Item::Int(1 << 70), Item::Int(0)],
            "[-1, nil, 1180591620717411303424, 0]",
            "[-1 <nil> 1180591620717411303424 0]",
        ),
        (
            FLOATS,
            [1.0, -0.0, 2.5, 1e21, 1e-7, -123_456_789.25, f64::INFINITY, -f64::INFINITY, f64::NAN, 0.001]
                .map(float)
                .to_vec(),
            "[1.0, -0.0, 2.5, 1000000000000000000000.0, 0.0000001, -123456789.25, +Inf.0, -Inf.0, NaN.0, 0.001]",
            "[1 -0 2.5 1e+21 1e-07 -1.2345678925e+08 +Inf -Inf NaN 0.001]",
        ),
        (FLOATS, vec![Item::None, float(0.0)], "[nil, 0.0]", "[<nil> 0]"),
        (BYTES, vec![Item::Bool(true), Item::None, Item::Bool(false)], "[true, nil, false]", "[true <nil> false]"),
        (
            POINTERS,
            vec![text("a b"), Item::None, text(""), text("q\"\\\n\t\u{7}\u{1}\u{7f}é€😀\u{a0}\u{e0001}'")],
            r#"["a b", nil, "", "q\"\\\n\t\a\x01\x7fé€😀\u00a0\U000e0001'"]"#,
            "[a b <nil>  q\"\\\n\t\u{7}\u{1}\u{7f}é€😀\u{a0}\u{e0001}']",
        ),
        (
            POINTERS,
            vec![
                Item::List(WORDS, vec![Item::Int(1), Item::Int(2)]),
                Item::None,
                Item::List(POINTERS, vec![Item::List(FLOATS, vec![float(3.0)]), Item::List(WORDS, vec![])]),
                Item::List(POINTERS, vec![text("x")]),
            ],
            r#"[[1, 2], nil, [[3.0], []], ["x"]]"#,
            "[[1 2] <nil> [[3] []] [x]]",
        ),
    ] {
        let list = machine.list(kind, &items);
        assert_eq!(texts(&mut machine, list), [print, print, str]);
    }
    assert_eq!(texts(&mut machine, 0), ["nil", "nil", "<nil>"]);
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn bytes_outside_utf_8_are_shown_in_hexadecimal() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let list = machine.list(POINTERS, &[Item::Text(b"a\xffb\xe2\x82".to_vec())]);
    let string = machine.call("object_to_string", &[list, 0]);
    assert_eq!(machine.take(string), br#"["a\xffb\xe2\x82"]"#);
}

#[test]
fn floats_in_lists_have_no_exponent() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut numbers = Random(6);
    let edges = [f64::MAX, f64::MIN_POSITIVE, 5e-324, -f64::MAX, -2.225_073_858_507_201e-308, 1e22, 1e23];
    let floats = edges.into_iter().chain((0..3000).map(|_| f64::from_bits(numbers.next())));
    for x in floats.filter(|x| x.is_finite()) {
        let list = machine.list(FLOATS, &[Item::Float(x.to_bits())]);
        // Rust's notation for debugging has an exponent, that for display has no point.
        let plain = x.to_string();
        let expected = if plain.contains('.') { format!("[{plain}]") } else { format!("[{plain}.0]") };
        let shown = &texts(&mut machine, list)[0];
        // Of two decimals as near the last digit is even here, and the upper one in Rust.
        let same = |text: &str| text[1..text.len() - 1].parse() == Ok(x);
        assert!(same(shown) && !shown.contains('e') && shown.contains('.'), "{shown} for {x}");
        assert_eq!(shown.len(), expected.len(), "{shown} for {x}");
    }
}
