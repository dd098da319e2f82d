//! Copies: equal to what they are of, and sharing nothing with it; what is not shared stays as it is.

use super::{Machine, module_of};

const FUNCTIONS: &[&str] = &[
    "list_new",
    "list_append_ptr",
    "list_append_word",
    "map_new",
    "map_slot_string",
    "map_slot_int",
    "object_copy",
    "any_copy",
    "object_equal",
    "object_release",
    "word_release",
    "word_retain",
    "float_box",
];

const WORD_LIST: u64 = 16;
const POINTER_LIST: u64 = 19;
const WORD_MAP: u64 = 32;
const POINTER_MAP: u64 = 35;
const NONE_WORD: u64 = 17 << 58;
const LIST_TAG: u64 = 0x4000_0004 << 32;

impl Machine<'_> {
    fn share(&mut self, object: u64) {
        let count = self.u32(object) + 1;
        self.write(object, &count.to_le_bytes());
    }

    fn pointer_at(&self, list: u64, index: u64) -> u64 {
        u64::from(self.u32(u64::from(self.u32(list + 20)) + index * 4))
    }

    /// A list of lists of an int each.
    fn rows(&mut self, ints: &[u64]) -> u64 {
        let mut rows = self.call("list_new", &[POINTER_LIST, 0]);
        for &int in ints {
            let row = self.call("list_new", &[WORD_LIST, 1]);
            let row = self.call("list_append_word", &[row, int]);
            rows = self.call("list_append_ptr", &[rows, row]);
        }
        rows
    }

    fn release_all(&mut self, objects: &[u64]) {
        for &object in objects {
            self.call("object_release", &[object]);
        }
    }
}

#[test]
fn what_is_shared_is_copied_to_any_depth() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let rows = machine.rows(&[1, 2, 3]);
    machine.share(rows);
    let copy = machine.call("object_copy", &[rows]);
    assert_ne!(copy, rows);
    assert_eq!((machine.u32(rows), machine.u32(copy)), (1, 1));
    assert_eq!(machine.call("object_equal", &[rows, copy]), 1);
    for index in 0..3 {
        let (old, new) = (machine.pointer_at(rows, index), machine.pointer_at(copy, index));
        assert_ne!(old, new);
        assert_eq!((machine.u32(old), machine.u32(new)), (1, 1));
    }
    machine.release_all(&[rows, copy]);
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn what_nobody_else_holds_is_not_copied() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let rows = machine.rows(&[1, 2]);
    let (first, second) = (machine.pointer_at(rows, 0), machine.pointer_at(rows, 1));
    machine.share(second);
    assert_eq!(machine.call("object_copy", &[rows]), rows);
    assert_eq!(machine.pointer_at(rows, 0), first);
    // A part that others hold is given up for a copy.
    assert_ne!(machine.pointer_at(rows, 1), second);
    assert_eq!(machine.u32(second), 1);
    machine.release_all(&[rows, second]);
    assert_eq!(machine.call("object_copy", &[0]), 0);
    assert_eq!(machine.call("any_copy", &[NONE_WORD]), NONE_WORD);
    let text = machine.string(b"text");
    machine.share(text);
    assert_eq!(machine.call("object_copy", &[text]), text);
    machine.call("string_release", &[text]);
    machine.call("string_release", &[text]);
    assert_eq!(machine.live_objects(), 0);
}

#[test]
fn maps_keep_their_keys_and_words_of_every_kind() {
    let module = module_of(FUNCTIONS);
    let mut machine = Machine::new(&module);
    let map = machine.call("map_new", &[WORD_MAP]);
    for index in 0..100 {
        let key = machine.string(format!("key {index}").as_bytes());
        let slot = machine.call("map_slot_string", &[map, key]);
        let word = match index % 4 {
            0 => index,
            1 => NONE_WORD,
            2 => machine.call("float_box", &[1.5f64.to_bits()]),
            _ => LIST_TAG | machine.rows(&[index]),
        };
        machine.write(slot, &word.to_le_bytes());
    }
    let maps = machine.call("map_new", &[POINTER_MAP]);
    for key in 0..9 {
        machine.share(map);
        let slot = machine.call("map_slot_int", &[maps, key]);
        machine.write(slot, &(map as u32).to_le_bytes());
    }
    machine.share(maps);
    let copy = machine.call("object_copy", &[maps]);
    assert_ne!(copy, maps);
    // Nine copies of the map are one share of it less each.
    assert_eq!(machine.u32(map), 10);
    assert_eq!(machine.call("object_equal", &[maps, copy]), 1);
    machine.release_all(&[maps, copy]);
    assert_eq!(machine.u32(map), 1);
    machine.release_all(&[map]);
    assert_eq!(machine.live_objects(), 0);
}
