//! Maps, against ordered ones.

use std::collections::BTreeMap;

use super::{Machine, Random, module_of};

const FUNCTIONS: &[&str] = &[
    "map_new",
    "map_find_int",
    "map_find_string",
    "map_find_any",
    "map_slot_int",
    "map_slot_string",
    "map_slot_any",
    "map_keys",
    "map_values",
    "object_release",
    "object_to_string",
    "object_equal",
    "json_object",
    "flush_stdout",
    "float_box",
    "int_from_magnitude",
    "word_release",
];

const WORD_MAP: u64 = 32;
const POINTER_MAP: u64 = 35;
const NONE_WORD: u64 = 17 << 58;
const STRING_TAG: u64 = 0x4000_0001 << 32;

impl Machine<'_> {
    fn set_string_key(&mut self, map: u64, key: &str, value: u64) {
        let key = self.string(key.as_bytes());
        let slot = self.call("map_slot_string", &[map, key]);
        self.write(slot, &value.to_le_bytes());
    }

    fn word_at(&self, slot: u64) -> Option<u64> {
        (slot != 0).then(|| u64::from(self.u32(slot)) | u64::from(self.u32(slot + 4)) << 32)
    }

    fn text_of(&mut self, object: u64, mode: u64) -> String {
        let string = self.call("object_to_string", &[object, mode]);
        String::from_utf8(self.take(string)).expect("UTF-8")
    }

    /// The strings of a list, which is released.
    fn take_texts(&mut self, list: u64) -> Vec<String> {
        let (length, data) = (u64::from(self.u32(list + 8)), u64::from(self.u32(list + 20)));
        let texts = (0..length)
            .map(|index| {
                let string = u64::from(self.u32(data + index * 4));
                let length = self.u32(string + 8) as usize;
                String::from_utf8(self.interp.memory()[string as usize + 20..][..length].to_vec()).expect("UTF-8")
            })
            .collect();
        self.call("object_release", &[list]);
        texts
    }
}

/// Keys as programs have them.
fn random_key(numbers: &mut Random, range: u64, only_ints: bool) -> Result<i64, String> {
    let number = numbers.below(range) as i64 - range as i64 / 3;
    match numbers.below(if only_ints { 3 } else { 5 }) {
        0 => Ok(number),
        1 => Ok(number * 4096),
        2 => Err(number.to_string()),
        3 => Err(format!("key number {number}")),
        _ => Err(["", "nil", "-", "-0", "01", "+1", "9999999999999999999", "é", "abcdefg", "abcdefgh"]
            [numbers.below(10) as usize]
            .to_owned()),
    }
}

fn operate(seed: u64, range: u64, strings_from: u64) {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut numbers = Random(seed);
    let mut model: BTreeMap<String, u64> = BTreeMap::new();
    let map = machine.call("map_new", &[WORD_MAP]);
    for step in 0..4000 {
        let key = random_key(&mut numbers, range, step < strings_from);
        let text = match &key {
            Ok(int) => int.to_string(),
            Err(text) => text.clone(),
        };
        let as_any = numbers.below(3) == 0;
        let (kind, word) = match &key {
            Ok(int) => ("int", *int as u64),
            Err(text) => ("string", machine.string(text.as_bytes())),
        };
        let (kind, word) = match (as_any, &key) {
            (true, Ok(_)) => ("any", word),
            (true, Err(_)) => ("any", word | STRING_TAG),
            (false, _) => (kind, word),
        };
        if numbers.below(2) == 0 {
            let slot = machine.call(&format!("map_find_{kind}"), &[map, word]);
            assert_eq!(machine.word_at(slot), model.get(&text).copied(), "{text}");
            if key.is_err() {
                machine.call("string_release", &[word & 0xFFFF_FFFF]);
            }
        } else {
            let slot = machine.call(&format!("map_slot_{kind}"), &[map, word]);
            assert_eq!(machine.word_at(slot), Some(model.get(&text).copied().unwrap_or(NONE_WORD)));
            machine.write(slot, &step.to_le_bytes());
            model.insert(text, step);
        }
        assert_eq!(u64::from(machine.u32(map + 8)), model.len() as u64);
        if step % 400 == 0 {
            check(&mut machine, map, &model);
        }
    }
    check(&mut machine, map, &model);
    let copy = machine.call("map_new", &[WORD_MAP]);
    for (key, &value) in model.iter().rev() {
        machine.set_string_key(copy, key, value);
    }
    assert_eq!(machine.call("object_equal", &[map, copy]), 1);
    assert_eq!(machine.call("object_equal", &[copy, map]), 1);
    machine.set_string_key(copy, model.keys().next().expect("not empty"), 1 << 40);
    assert_eq!(machine.call("object_equal", &[map, copy]), 0);
    machine.call("object_release", &[copy]);
    machine.call("object_release", &[map]);
    assert_eq!(machine.live_objects(), 0);
}

fn check(machine: &mut Machine<'_>, map: u64, model: &BTreeMap<String, u64>) {
    let keys = machine.call("map_keys", &[map]);
    assert_eq!(machine.take_texts(keys), model.keys().cloned().collect::<Vec<_>>());
    let values = machine.call("map_values", &[map]);
    let data = u64::from(machine.u32(values + 20));
    let found: Vec<u64> =
        (0..model.len() as u64).map(|index| machine.word_at(data + index * 8).expect("an address")).collect();
    assert_eq!(found, model.values().copied().collect::<Vec<_>>());
    machine.call("object_release", &[values]);
    let shown: Vec<String> = model.iter().map(|(key, value)| format!("{key:?}: {value}")).collect();
    assert_eq!(machine.text_of(map, 0), format!("{{{}}}", shown.join(", ")));
    let shown: Vec<String> = model.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    assert_eq!(machine.text_of(map, 1), format!("map[{}]", shown.join(" ")));
}

#[test]
fn maps_with_int_keys_are_as_ordered_maps() {
    operate(1, 1000, u64::MAX);
}

#[test]
fn maps_with_keys_of_all_kinds_are_as_ordered_maps() {
    operate(2, 500, 0);
}

#[test]
fn keys_become_strings_when_one_is_no_int() {
    operate(3, 800, 2000);
}

#[test]
fn ints_are_in_the_order_of_their_texts() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut numbers = Random(9);
    let limit = 1_i64 << 61;
    let mut keys = vec![0, 1, -1, 10, -10, 100, 2, limit - 1, -limit, limit - 2, 1 - limit, limit / 10, 999_999_999];
    for _ in 0..2000 {
        let key = (numbers.next() as i64) >> (3 + numbers.below(60));
        keys.extend([key, key / 10 * 10, key | 1].map(|key| key.clamp(-limit, limit - 1)));
    }
    let map = machine.call("map_new", &[WORD_MAP]);
    for &key in &keys {
        let slot = machine.call("map_slot_int", &[map, key as u64]);
        machine.write(slot, &0_u64.to_le_bytes());
    }
    let mut texts: Vec<String> = keys.iter().map(i64::to_string).collect();
    texts.sort();
    texts.dedup();
    let found = machine.call("map_keys", &[map]);
    assert_eq!(machine.take_texts(found), texts);
    machine.call("object_release", &[map]);
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn keys_of_other_kinds_go_by_their_text() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let map = machine.call("map_new", &[WORD_MAP]);
    let big = machine.call("int_from_magnitude", &[0, 64, 1]);
    let float = machine.call("float_box", &[1.5_f64.to_bits()]);
    for (value, key) in [big, float, NONE_WORD, 0x4000_0002 << 32 | 1, 7].into_iter().enumerate() {
        let slot = machine.call("map_slot_any", &[map, key]);
        machine.write(slot, &(value as u64).to_le_bytes());
    }
    assert_eq!(machine.text_of(map, 0), r#"{"-1180591620717411303424": 0, "1.5": 1, "7": 4, "nil": 2, "true": 3}"#);
    let big = machine.call("int_from_magnitude", &[0, 64, 1]);
    let slot = machine.call("map_find_any", &[map, big]);
    assert_eq!(machine.word_at(slot), Some(0));
    let slot = machine.call("map_find_int", &[map, big]);
    assert_eq!(machine.word_at(slot), Some(0));
    machine.call("word_release", &[big]);
    let slot = machine.call("map_find_string", &[map, 0]);
    assert_eq!(machine.word_at(slot), Some(2));
    for (find, key) in [("map_find_int", 3), ("map_find_string", 0), ("map_find_any", NONE_WORD)] {
        assert_eq!(machine.call(find, &[0, key]), 0);
    }
    assert_eq!(machine.text_of(0, 0), "nil");
    machine.call("object_release", &[map]);
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn elements_take_48_bytes_at_most() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let map = machine.call("map_new", &[WORD_MAP]);
    let count = 40_000;
    for key in 0..count {
        let slot = machine.call("map_slot_int", &[map, key * 7]);
        machine.write(slot, &key.to_le_bytes());
    }
    let room = u64::from(machine.u32(map + 16));
    assert!(room * 24 <= count * 48);
    // All memory, that of the smaller tables before included.
    assert!((machine.interp.memory().len() as u64) < count * 96 + (4 << 16));
    machine.call("object_release", &[map]);
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn maps_in_maps_die_with_them() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let mut map = machine.call("map_new", &[POINTER_MAP]);
    let mut other = machine.call("map_new", &[POINTER_MAP]);
    let depth = 100_000;
    for _ in 0..depth {
        for inner in [&mut map, &mut other] {
            let outer = machine.call("map_new", &[POINTER_MAP]);
            machine.set_string_key(outer, "a", *inner);
            *inner = outer;
        }
    }
    assert_eq!(machine.call("object_equal", &[map, other]), 1);
    assert_eq!(machine.text_of(map, 0), format!("{}{{}}{}", "{\"a\": ".repeat(depth), "}".repeat(depth)));
    machine.call("object_release", &[map]);
    machine.call("object_release", &[other]);
    assert_eq!(machine.live_objects(), 0);
}
