//! Objects of all kinds: how they are shown and compared, and that all is freed.

use super::{Machine, Random, module_of, module_with};
use crate::ir::{Kind, Record, RecordForm, Type};
use crate::legalize::layout::{
    Format, KIND_POINTER_LIST, KIND_WORD_LIST, RingMark, closure_descriptor, record_descriptor,
};
use crate::runtime::Features;

const FUNCTIONS: &[&str] = &[
    "list_new",
    "list_append_word",
    "list_append_ptr",
    "list_append_f64",
    "list_append_u8",
    "list_contains_any",
    "map_new",
    "map_slot_int",
    "map_slot_string",
    "map_find_string",
    "object_release",
    "object_to_string",
    "object_equal",
    "object_word",
    "format_word",
    "any_equal",
    "any_same",
    "any_to_string",
    "any_to_json",
    "any_key_text",
    "print_any",
    "json_any",
    "flush_stdout",
    "float_box",
    "int_from_magnitude",
    "word_release",
    "word_retain",
];

const WORD_LIST: u64 = KIND_WORD_LIST as u64;
const FLOAT_LIST: u64 = 17;
const BOOL_LIST: u64 = 18;
const POINTER_LIST: u64 = KIND_POINTER_LIST as u64;
const WORD_MAP: u64 = 32;
const NONE_WORD: u64 = 17 << 58;
const NONE_FLOAT: u64 = 0x7FF8_6E6F_6E65_0000;

fn tagged(kind: u64, address: u64) -> u64 {
    (0x4000_0000 + kind) << 32 | address
}

/// A value as it is written in a test.
#[derive(Clone, Debug)]
enum Item {
    None,
    Bool(bool),
    Int(i64),
    /// This, times 2^70.
    Big(i64),
    Float(f64),
    Text(&'static str),
    Ratio(i64, i64),
    List(Vec<Item>),
    Floats(Vec<Option<f64>>),
    Bools(Vec<Option<bool>>),
    Texts(Vec<&'static str>),
    Map(Vec<(&'static str, Item)>),
    IntMap(Vec<(i64, Item)>),
    /// `P { x: any, ok: bool, y: float, A: string }` with a method `m`.
    Record(Box<Item>, bool, f64, &'static str),
    Function,
}

use Item::{Big, Bool, Bools, Float, Floats, Function, Int, IntMap, List, Map, None as Nothing, Ratio, Text, Texts};

fn record_of(x: Item) -> Item {
    Item::Record(Box::new(x), true, 2.5, "a")
}

struct Objects<'m> {
    machine: Machine<'m>,
    record: u64,
    closure: u64,
}

impl<'m> Objects<'m> {
    fn new(module: &'m crate::ir::Module) -> Objects<'m> {
        Objects::with_mark(module, RingMark::Never)
    }

    fn with_mark(module: &'m crate::ir::Module, mark: RingMark) -> Objects<'m> {
        let mut machine = Machine::new(module);
        let ty = |kind| Type { kind, nullable: false };
        let fields = [("x", Kind::Any), ("ok", Kind::Bool), ("y", Kind::Float), ("A", Kind::Str)];
        let declared = Record {
            name: "P".to_owned(),
            fields: fields.map(|(name, kind)| (name.to_owned(), ty(kind))).to_vec(),
            methods: vec!["m".to_owned()],
            union: None,
            form: RecordForm::Struct,
        };
        let mut names = Vec::new();
        let blob = record_descriptor(&declared, mark, |name| {
            names.push(machine.string(name.as_bytes()));
            crate::ir::DataId::new(names.len() - 1)
        });
        let mut place = |blob: crate::ir::DataBlob| {
            let address = machine.call("alloc", &[u64::from(blob.size)]);
            machine.write(address, &blob.bytes);
            for (at, data) in blob.relocs {
                machine.write(address + u64::from(at), &(names[data.index()] as u32).to_le_bytes());
            }
            address
        };
        let record = place(blob);
        let closure = place(closure_descriptor(1, &[Format::Pointer, Format::Word], mark));
        Objects { machine, record, closure }
    }

    fn call(&mut self, name: &str, args: &[u64]) -> u64 {
        self.machine.call(name, args)
    }

    fn object(&mut self, size: u64, descriptor: u64) -> u64 {
        let object = self.call("alloc", &[size]);
        self.machine.write(object, &1_u32.to_le_bytes());
        self.machine.write(object + 4, &(descriptor as u32).to_le_bytes());
        object
    }

    fn list(&mut self, kind: u64, append: &str, items: Vec<u64>) -> u64 {
        let list = self.call("list_new", &[kind, 0]);
        let list = items.into_iter().fold(list, |list, item| self.call(append, &[list, item]));
        tagged(4, list)
    }

    /// A share of a new value.
    fn word(&mut self, item: &Item) -> u64 {
        match item {
            Item::None => NONE_WORD,
            &Item::Bool(value) => tagged(2, u64::from(value)),
            &Item::Int(value) => value as u64,
            &Item::Big(value) => self.call("int_from_magnitude", &[0, value.unsigned_abs() << 6, u64::from(value < 0)]),
            &Item::Float(value) => self.call("float_box", &[value.to_bits()]),
            Item::Text(text) => tagged(1, self.machine.string(text.as_bytes())),
            &Item::Ratio(numerator, denominator) => {
                let object = self.object(24, 4);
                self.machine.write(object + 8, &numerator.to_le_bytes());
                self.machine.write(object + 16, &denominator.to_le_bytes());
                tagged(8, object)
            }
            Item::List(items) => {
                let words = items.iter().map(|item| self.word(item)).collect();
                self.list(WORD_LIST, "list_append_word", words)
            }
            Item::Floats(items) => {
                let bits = items.iter().map(|item| item.map_or(NONE_FLOAT, f64::to_bits)).collect();
                self.list(FLOAT_LIST, "list_append_f64", bits)
            }
            Item::Bools(items) => {
                let bytes = items.iter().map(|item| item.map_or(2, u64::from)).collect();
                self.list(BOOL_LIST, "list_append_u8", bytes)
            }
            Item::Texts(items) => {
                let strings = items.iter().map(|item| self.machine.string(item.as_bytes())).collect();
                self.list(POINTER_LIST, "list_append_ptr", strings)
            }
            Item::Map(pairs) => {
                let map = self.call("map_new", &[WORD_MAP]);
                for (key, value) in pairs {
                    let value = self.word(value);
                    let key = self.machine.string(key.as_bytes());
                    let slot = self.call("map_slot_string", &[map, key]);
                    self.machine.write(slot, &value.to_le_bytes());
                }
                tagged(5, map)
            }
            Item::IntMap(pairs) => {
                let map = self.call("map_new", &[WORD_MAP]);
                for (key, value) in pairs {
                    let value = self.word(value);
                    let slot = self.call("map_slot_int", &[map, *key as u64]);
                    self.machine.write(slot, &value.to_le_bytes());
                }
                tagged(5, map)
            }
            Item::Record(x, ok, y, text) => {
                let x = self.word(x);
                let text = self.machine.string(text.as_bytes()) as u32;
                let object = self.object(u64::from(self.machine.u32(self.record + 4)), self.record);
                self.machine.write(object + 8, &x.to_le_bytes());
                self.machine.write(object + 16, &y.to_le_bytes());
                self.machine.write(object + 24, &u32::from(*ok).to_le_bytes());
                self.machine.write(object + 28, &text.to_le_bytes());
                tagged(6, object)
            }
            Item::Function => {
                let string = self.machine.string(b"captured") as u32;
                let object = self.object(32, self.closure);
                self.machine.write(object + 8, &5_u64.to_le_bytes());
                self.machine.write(object + 16, &u64::from(string).to_le_bytes());
                let word = self.word(&Item::Float(0.5));
                self.machine.write(object + 24, &word.to_le_bytes());
                tagged(7, object)
            }
        }
    }

    /// What print writes, and the texts of str, of a key and of JSON.
    fn texts(&mut self, item: &Item) -> [String; 4] {
        let word = self.word(item);
        let printed = self.printed("print_any", word);
        let for_print = self.text("any_to_string", &[word, 0]);
        assert_eq!(for_print, printed);
        let texts = [
            printed,
            self.text("any_to_string", &[word, 1]),
            self.text("any_key_text", &[word]),
            self.printed("json_any", word),
        ];
        self.call("word_release", &[word]);
        texts
    }

    fn text(&mut self, name: &str, args: &[u64]) -> String {
        let string = self.call(name, args);
        String::from_utf8(self.machine.take(string)).expect("UTF-8")
    }

    fn printed(&mut self, name: &str, word: u64) -> String {
        let before = self.machine.interp.host.stdout.len();
        self.call(name, &[word]);
        self.call("flush_stdout", &[]);
        String::from_utf8(self.machine.interp.host.stdout[before..].to_vec()).expect("UTF-8")
    }

    fn relation(&mut self, name: &str, a: &Item, b: &Item) -> bool {
        let (a, b) = (self.word(a), self.word(b));
        let holds = self.call(name, &[a, b]) == 1;
        assert_eq!(self.call(name, &[b, a]) == 1, holds);
        self.call("word_release", &[a]);
        self.call("word_release", &[b]);
        holds
    }
}

#[test]
fn values_of_all_kinds_are_shown() {
    let module = module_of(FUNCTIONS);
    let mut objects = Objects::new(&module);
    let live = objects.machine.live_objects();
    for (item, print, str, key, json) in [
        (Nothing, "nil", "<nil>", "nil", "null"),
        (Bool(true), "true", "true", "true", "true"),
        (Int(-5), "-5", "-5", "-5", "-5"),
        (
            Big(-1),
            "-1180591620717411303424",
            "-1180591620717411303424",
            "-1180591620717411303424",
            "-1180591620717411303424",
        ),
        (Float(2.0), "2", "2", "2.0", "2"),
        (Float(1e21), "1e+21", "1e+21", "1000000000000000000000.0", "1e+21"),
        (Float(1.5e-7), "1.5e-07", "1.5e-07", "0.00000015", "1.5e-7"),
        (Float(1e20), "1e+20", "1e+20", "100000000000000000000.0", "100000000000000000000"),
        (Float(-0.0), "-0", "-0", "-0.0", "-0"),
        (Float(1e-300), "1e-300", "1e-300", &format!("0.{}1", "0".repeat(299)), "1e-300"),
        (Float(f64::NAN), "NaN", "NaN", "NaN.0", ""),
        (Text("a\"b"), "a\"b", "a\"b", "a\"b", r#""a\"b""#),
        (
            Text("<&>\n\u{8}\u{b}\u{c}\\é\u{2028}\u{7f}"),
            "<&>\n\u{8}\u{b}\u{c}\\é\u{2028}\u{7f}",
            "<&>\n\u{8}\u{b}\u{c}\\é\u{2028}\u{7f}",
            "<&>\n\u{8}\u{b}\u{c}\\é\u{2028}\u{7f}",
            "\"\\u003c\\u0026\\u003e\\n\\b\\u000b\\f\\\\é\\u2028\u{7f}\"",
        ),
        (Ratio(-2, 3), "-2/3", "-2/3", "nil", r#""-2/3""#),
        (Function, "&{5 []}", "&{5 []}", "nil", "{}"),
        (List(vec![]), "[]", "[]", "[]", "[]"),
        (Map(vec![]), "{}", "map[]", "{}", "{}"),
        (
            List(vec![Int(1), Float(1.0), Text("x"), Nothing, Bool(false), Ratio(1, 3), Function, List(vec![Int(2)])]),
            r#"[1, 1.0, "x", nil, false, nil, nil, [2]]"#,
            "[1 1 x <nil> false 1/3 &{5 []} [2]]",
            r#"[1, 1.0, "x", nil, false, nil, nil, [2]]"#,
            "[\n  1,\n  1,\n  \"x\",\n  null,\n  false,\n  \"1/3\",\n  {},\n  [\n    2\n  ]\n]",
        ),
        (
            List(vec![Floats(vec![Some(1.0), None]), Bools(vec![Some(true), None]), Texts(vec!["a b", ""])]),
            r#"[[1.0, nil], [true, nil], ["a b", ""]]"#,
            "[[1 <nil>] [true <nil>] [a b ]]",
            r#"[[1.0, nil], [true, nil], ["a b", ""]]"#,
            "[\n  [\n    1,\n    null\n  ],\n  [\n    true,\n    null\n  ],\n  [\n    \"a b\",\n    \"\"\n  ]\n]",
        ),
        (List(vec![Float(1.0), Float(f64::INFINITY)]), "[1.0, +Inf.0]", "[1 +Inf]", "[1.0, +Inf.0]", ""),
        (
            Map(vec![("b\n", List(vec![Int(1)])), ("a", IntMap(vec![(10, Nothing), (2, Text("t")), (-1, Int(0))]))]),
            r#"{"a": {"-1": 0, "10": nil, "2": "t"}, "b\n": [1]}"#,
            "map[a:map[-1:0 10:<nil> 2:t] b\n:[1]]",
            r#"{"a": {"-1": 0, "10": nil, "2": "t"}, "b\n": [1]}"#,
            "{\n  \"a\": {\n    \"-1\": 0,\n    \"10\": null,\n    \"2\": \"t\"\n  },\n  \"b\\n\": [\n    1\n  ]\n}",
        ),
        (
            record_of(Map(vec![("k", Float(3.0))])),
            r#"{"A": "a", "__name": "P", "m": nil, "ok": true, "x": {"k": 3.0}, "y": 2.5}"#,
            "map[A:a __name:P m:<nil> ok:true x:map[k:3] y:2.5]",
            r#"{"A": "a", "__name": "P", "m": nil, "ok": true, "x": {"k": 3.0}, "y": 2.5}"#,
            "{\n  \"A\": \"a\",\n  \"__name\": \"P\",\n  \"m\": {},\n  \"ok\": true,\n  \"x\": {\n    \"k\": 3\n  },\n  \"y\": 2.5\n}",
        ),
    ] {
        let json = format!("{json}\n");
        assert_eq!(objects.texts(&item), [print, str, key, json.as_str()], "{item:?}");
    }
    let word = objects.word(&List(vec![Int(1), Map(vec![("a", Text("<"))]), List(vec![])]));
    assert_eq!(objects.text("any_to_json", &[word]), r#"[1,{"a":"\u003c"},[]]"#);
    objects.call("word_release", &[word]);
    assert_eq!(objects.machine.live_objects(), live);
}

#[test]
fn values_are_equal_by_what_they_hold() {
    let module = module_of(FUNCTIONS);
    let mut objects = Objects::new(&module);
    let live = objects.machine.live_objects();
    let record_as_map = |x: Item| {
        let pairs = [("A", Text("a")), ("__name", Text("P")), ("ok", Bool(true)), ("x", x), ("y", Float(2.5))];
        Map(pairs.to_vec())
    };
    for (a, b, equal, same) in [
        (Int(1), Int(1), true, true),
        (Int(1), Int(2), false, false),
        (Int(1), Float(1.0), true, false),
        (Int(0), Nothing, false, false),
        (Nothing, Nothing, true, true),
        (Big(1), Big(1), true, true),
        (Big(1), Big(-1), false, false),
        (Big(1), Float(2.0_f64.powi(70)), true, false),
        (Bool(true), Int(1), false, false),
        (Bool(true), Bool(true), true, true),
        (Bool(true), Bool(false), false, false),
        (Float(f64::NAN), Float(f64::NAN), false, false),
        (Float(0.0), Float(-0.0), true, true),
        (Text("ab"), Text("ab"), true, true),
        (Text("ab"), Text("ac"), false, false),
        (Text("1"), Int(1), false, false),
        (Ratio(1, 2), Ratio(1, 2), true, true),
        (Ratio(1, 2), Ratio(1, 3), false, false),
        (Ratio(1, 2), Float(0.5), true, false),
        (Ratio(3, 1), Int(3), true, false),
        (Ratio(3, 2), Int(3), false, false),
        (Function, Function, false, false),
        (List(vec![Int(1), Float(2.0)]), List(vec![Int(1), Float(2.0)]), true, true),
        (List(vec![Int(1), Int(2)]), Floats(vec![Some(1.0), Some(2.0)]), true, false),
        (List(vec![Float(1.0), Nothing]), Floats(vec![Some(1.0), None]), true, true),
        (List(vec![Text("a")]), Texts(vec!["a"]), true, true),
        (List(vec![Bool(true)]), Bools(vec![Some(true)]), true, true),
        (List(vec![Int(1)]), List(vec![Int(1), Int(1)]), false, false),
        (List(vec![]), Map(vec![]), false, false),
        (List(vec![Function]), List(vec![Function]), false, false),
        (List(vec![List(vec![Int(1)]), Int(2)]), List(vec![List(vec![Int(1)]), Int(2)]), true, true),
        (List(vec![List(vec![Int(1)]), Int(2)]), List(vec![List(vec![Int(1)]), Int(3)]), false, false),
        (List(vec![List(vec![Int(1)])]), List(vec![List(vec![Float(1.0)])]), true, false),
        (Map(vec![("a", Int(1)), ("b", Int(2))]), Map(vec![("b", Int(2)), ("a", Int(1))]), true, true),
        (Map(vec![("a", Int(1)), ("b", Int(2))]), Map(vec![("b", Int(2)), ("c", Int(1))]), false, false),
        (Map(vec![("10", List(vec![]))]), IntMap(vec![(10, List(vec![]))]), true, true),
        (Map(vec![("010", Int(1))]), IntMap(vec![(10, Int(1))]), false, false),
        (record_of(Int(1)), record_of(Int(1)), true, true),
        (record_of(Int(1)), record_of(Float(1.0)), true, false),
        (record_of(Int(1)), record_of(Int(2)), false, false),
        (record_of(Int(1)), record_as_map(Int(1)), false, false),
        (record_of(Int(1)), Map(vec![]), false, false),
        (record_of(Int(1)), List(vec![]), false, false),
    ] {
        assert_eq!(objects.relation("any_equal", &a, &b), equal, "{a:?} {b:?}");
        assert_eq!(objects.relation("any_same", &a, &b), same, "{a:?} {b:?}");
    }
    let list = objects.word(&List(vec![Int(1), Text("a")])) & 0xFFFF_FFFF;
    for (item, found) in [(Text("a"), 1), (Text("b"), 0), (Int(1), 1), (Float(1.0), 0)] {
        let item = objects.word(&item);
        assert_eq!(objects.call("list_contains_any", &[list, item]), found);
        objects.call("word_release", &[item]);
    }
    objects.call("object_release", &[list]);
    assert_eq!(objects.machine.live_objects(), live);
}

#[test]
fn what_is_inside_itself_is_shown_once() {
    let module = module_of(FUNCTIONS);
    let mut objects = Objects::new(&module);
    let map = objects.word(&Map(vec![("n", Int(1))]));
    let list = objects.word(&List(vec![]));
    objects.call("word_retain", &[list]);
    let key = objects.machine.string(b"l");
    let slot = objects.call("map_slot_string", &[map & 0xFFFF_FFFF, key]);
    objects.machine.write(slot, &list.to_le_bytes());
    let key = objects.machine.string(b"self");
    let slot = objects.call("map_slot_string", &[map & 0xFFFF_FFFF, key]);
    objects.machine.write(slot, &map.to_le_bytes());
    let address = list & 0xFFFF_FFFF;
    objects.machine.write(address, &1_u32.to_le_bytes());
    objects.call("list_append_word", &[address, list]);
    assert_eq!(objects.printed("print_any", map), r#"{"l": [[...]], "n": 1, "self": {...}}"#);
    assert_eq!(objects.printed("print_any", list), "[[...]]");
    assert_eq!(objects.text("any_to_string", &[map, 1]), "map[l:[[...]] n:1 self:{...}]");
    assert_eq!(objects.printed("json_any", map), "\n");
    // The same twice side by side is no cycle.
    let twice = objects.word(&List(vec![]));
    let inner = objects.word(&List(vec![Int(7)]));
    objects.call("word_retain", &[inner]);
    let twice =
        [inner, inner].iter().fold(twice & 0xFFFF_FFFF, |list, &item| objects.call("list_append_word", &[list, item]));
    assert_eq!(objects.printed("print_any", tagged(4, twice)), "[[7], [7]]");
}

#[test]
fn words_know_what_their_objects_are() {
    let module = module_of(FUNCTIONS);
    let mut objects = Objects::new(&module);
    let live = objects.machine.live_objects();
    for item in [Text("a"), Ratio(1, 2), List(vec![]), Floats(vec![]), Map(vec![]), record_of(Nothing), Function] {
        let word = objects.word(&item);
        assert_eq!(objects.call("object_word", &[word & 0xFFFF_FFFF]), word, "{item:?}");
        objects.call("word_release", &[word]);
    }
    assert_eq!(objects.call("object_word", &[0]), NONE_WORD);
    let record = objects.word(&record_of(Big(1)));
    let address = record & 0xFFFF_FFFF;
    for (offset, format, text) in
        [(8, 0, "1180591620717411303424"), (16, 1, "2.5"), (24, 2, "true"), (28, 3, "a"), (0, 4, "P"), (0, 5, "nil")]
    {
        let word = objects.call("format_word", &[address + offset, format]);
        assert_eq!(objects.text("any_to_string", &[word, 0]), text);
        objects.call("word_release", &[word]);
    }
    objects.call("word_release", &[record]);
    assert_eq!(objects.machine.live_objects(), live);
}

#[test]
fn nesting_of_all_kinds_has_no_limit() {
    let module = module_of(FUNCTIONS);
    let mut objects = Objects::new(&module);
    let live = objects.machine.live_objects();
    let mut words = [1, 1];
    let depth = 30_000;
    for _ in 0..depth {
        for word in &mut words {
            let list = objects.call("list_new", &[WORD_LIST, 1]);
            let list = objects.call("list_append_word", &[list, *word]);
            let map = objects.call("map_new", &[WORD_MAP]);
            let slot = objects.call("map_slot_int", &[map, 7]);
            objects.machine.write(slot, &tagged(4, list).to_le_bytes());
            let record = objects.word(&record_of(Nothing));
            objects.machine.write((record & 0xFFFF_FFFF) + 8, &tagged(5, map).to_le_bytes());
            *word = record;
        }
    }
    assert_eq!(objects.call("any_equal", &words), 1);
    let shown = objects.text("any_to_string", &[words[0], 0]);
    assert_eq!(shown.matches("{\"7\": [").count(), depth);
    assert!(objects.text("any_to_json", &[words[1]]).ends_with("]},\"y\":2.5}"));
    for word in words {
        objects.call("word_release", &[word]);
    }
    assert_eq!(objects.machine.live_objects(), live);
}

/// All that a module may need of the runtime.
const EVERYTHING: Features = Features {
    debug_memory: true,
    any: true,
    maps: true,
    fields: true,
    rationals: true,
    cycles: true,
    texts: true,
    long_ints: true,
};

#[test]
fn rings_are_freed_and_nothing_else() {
    let functions: Vec<&'static str> = FUNCTIONS
        .iter()
        .copied()
        .chain(["object_retain", "object_suspect", "collect_cycles", "collect_at_end"])
        .collect();
    let module = module_with(&functions, EVERYTHING);
    let mut objects = Objects::with_mark(&module, RingMark::Maybe);
    let live = objects.machine.live_objects();
    let mut numbers = Random(5);
    // Records and maps that hold each other at random, and what is reached from those still held.
    let size = 300;
    let nodes: Vec<u64> = (0..size)
        .map(|index| objects.word(&if index % 3 == 0 { Map(vec![("x", Nothing)]) } else { record_of(Nothing) }))
        .collect();
    let mut edges: Vec<Option<usize>> = vec![None; size];
    for (index, &node) in nodes.iter().enumerate() {
        let target = numbers.below(size as u64) as usize;
        objects.call("word_retain", &[nodes[target]]);
        edges[index] = Some(target);
        let slot = match index % 3 {
            0 => {
                let key = objects.machine.string(b"x");
                let slot = objects.call("map_find_string", &[node & 0xFFFF_FFFF, key]);
                objects.call("object_release", &[key]);
                slot
            }
            _ => (node & 0xFFFF_FFFF) + 8,
        };
        objects.machine.write(slot, &nodes[target].to_le_bytes());
    }
    let held: Vec<usize> = (0..size).filter(|_| numbers.below(40) == 0).collect();
    for index in (0..size).filter(|index| !held.contains(index)) {
        objects.call("word_release", &[nodes[index]]);
    }
    objects.call("collect_cycles", &[]);
    objects.call("collect_at_end", &[]);
    let mut reached = vec![false; size];
    for &start in &held {
        let mut next = Some(start);
        while let Some(index) = next.filter(|&index| !reached[index]) {
            reached[index] = true;
            next = edges[index];
        }
    }
    // A map has its entries, its table and a key; a record a string.
    let expected: u64 = (0..size).filter(|&index| reached[index]).map(|index| if index % 3 == 0 { 4 } else { 2 }).sum();
    assert_eq!(objects.machine.live_objects() - live, expected);
    for index in held {
        objects.call("word_release", &[nodes[index]]);
    }
    objects.call("collect_at_end", &[]);
    assert_eq!(objects.machine.live_objects(), live);
}

#[test]
fn long_rings_are_freed_by_and_by() {
    let functions: Vec<&'static str> =
        FUNCTIONS.iter().copied().chain(["object_suspect", "collect_cycles", "collect_at_end"]).collect();
    let module = module_with(&functions, EVERYTHING);
    let mut objects = Objects::with_mark(&module, RingMark::Maybe);
    let live = objects.machine.live_objects();
    for round in 0..6000 {
        let first = objects.word(&record_of(Nothing));
        let mut last = first;
        for _ in 0..if round == 0 { 30_000 } else { 1 } {
            let next = objects.word(&record_of(Nothing));
            objects.machine.write((next & 0xFFFF_FFFF) + 8, &last.to_le_bytes());
            last = next;
        }
        // The ring is closed with the only share of the last one that was held here.
        objects.machine.write((first & 0xFFFF_FFFF) + 8, &last.to_le_bytes());
        objects.call("object_suspect", &[first & 0xFFFF_FFFF]);
    }
    assert!(objects.machine.live_objects() - live < 100_000);
    objects.call("collect_at_end", &[]);
    assert_eq!(objects.machine.live_objects(), live);
}
