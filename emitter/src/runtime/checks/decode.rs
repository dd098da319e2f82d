//! Texts of data formats and what is made of them.

use super::{Machine, module_of};
use crate::ir::{DataId, Kind, Module, Record, RecordForm, Type};
use crate::legalize::layout::{Format, RecordLayout, RingMark, record_descriptor};

pub(super) const FUNCTIONS: &[&str] = &[
    "load_json",
    "load_jsonl",
    "load_yaml",
    "save_json",
    "save_jsonl",
    "save_yaml",
    "flush_stdout",
    "object_to_string",
    "object_release",
];

/// What a value becomes, as `decode.mochi` numbers the targets.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Any,
    Int,
    Float,
    Bool,
    Text,
    List(Box<Target>),
    Map(Box<Target>),
    IntMap(Box<Target>),
    Record(&'static str, Vec<(&'static str, Target)>),
}

use Target::{Any, Bool, Float, Int, IntMap, List, Map, Text};

impl Target {
    fn kind(&self) -> Kind {
        match self {
            Any => Kind::Any,
            Int => Kind::Int,
            Float => Kind::Float,
            Bool => Kind::Bool,
            // What they point to does not matter here.
            Text | List(_) | Map(_) | IntMap(_) | Target::Record(..) => Kind::Str,
        }
    }

    fn format(&self) -> u32 {
        Format::of(Type { kind: self.kind(), nullable: false }) as u32
    }
}

pub(super) struct Reader<'m> {
    pub(super) machine: Machine<'m>,
}

impl<'m> Reader<'m> {
    pub(super) fn new(module: &'m Module) -> Reader<'m> {
        Reader { machine: Machine::new(module) }
    }

    fn place(&mut self, words: &[u64]) -> u64 {
        let address = self.machine.call("alloc", &[4 * words.len() as u64]);
        let bytes: Vec<u8> = words.iter().flat_map(|&word| (word as u32).to_le_bytes()).collect();
        self.machine.write(address, &bytes);
        address
    }

    fn shape(&mut self, target: &Target) -> u64 {
        let words = match target {
            Any => vec![0],
            Int => vec![1],
            Float => vec![4],
            Bool => vec![5],
            Text => vec![6],
            List(element) => vec![7, 16 + u64::from(element.format()), self.shape(element)],
            Map(value) => vec![8, 32 + u64::from(value.format()), self.shape(value), 0],
            IntMap(value) => vec![8, 32 + u64::from(value.format()), self.shape(value), 1],
            Target::Record(name, fields) => {
                let ty = |target: &Target| Type { kind: target.kind(), nullable: false };
                let declared = Record {
                    name: (*name).to_owned(),
                    fields: fields.iter().map(|(name, target)| ((*name).to_owned(), ty(target))).collect(),
                    methods: Vec::new(),
                    union: None,
                    form: RecordForm::Struct,
                };
                let mut names = Vec::new();
                let blob = record_descriptor(&declared, RingMark::Never, |name| {
                    names.push(self.machine.string(name.as_bytes()));
                    DataId::new(names.len() - 1)
                });
                let descriptor = self.machine.call("alloc", &[u64::from(blob.size)]);
                self.machine.write(descriptor, &blob.bytes);
                for (at, data) in blob.relocs {
                    self.machine.write(descriptor + u64::from(at), &(names[data.index()] as u32).to_le_bytes());
                }
                let mut words = vec![9, descriptor, fields.len() as u64];
                let offsets = RecordLayout::of(&declared).offsets;
                for (((field, target), offset), next) in fields.iter().zip(offsets).zip(1..) {
                    let name = self.machine.string(field.as_bytes());
                    let shape = self.shape(target);
                    words.extend([name, shape, u64::from(target.format()), u64::from(offset), next]);
                }
                words
            }
        };
        self.place(&words)
    }

    /// The shape of rows of this type.
    pub(super) fn rows(&mut self, row: &Target) -> u64 {
        self.shape(&List(Box::new(row.clone())))
    }
}

/// What print shows of the rows that a text gives.
pub(super) fn load(module: &Module, function: &str, text: &[u8], row: &Target) -> String {
    load_by(module, function, text, row, 1000)
}

/// The same of a text that comes in pieces of so many bytes.
fn load_by(module: &Module, function: &str, text: &[u8], row: &Target, piece: usize) -> String {
    let mut reader = Reader::new(module);
    let shape = reader.rows(row);
    let Reader { mut machine } = reader;
    machine.interp.host.stdin = text.to_vec();
    machine.interp.host.read_limit = Some(piece);
    let live = machine.live_objects();
    let rows = machine.call(function, &[0, shape, 7]);
    let shown = machine.call("object_to_string", &[rows, 0]);
    let shown = String::from_utf8(machine.take(shown)).expect("UTF-8");
    machine.call("object_release", &[rows]);
    assert_eq!(machine.live_objects(), live, "{shown}");
    shown
}

/// What is saved of the rows that a text in another format gives.
pub(super) fn saved(module: &Module, load: &str, text: &[u8], row: &Target, save: &str) -> String {
    let mut reader = Reader::new(module);
    let shape = reader.rows(row);
    let Reader { mut machine } = reader;
    machine.interp.host.stdin = text.to_vec();
    let live = machine.live_objects();
    let rows = machine.call(load, &[0, shape, 7]);
    machine.call(save, &[rows, 1, 7]);
    machine.call("object_release", &[rows]);
    machine.call("flush_stdout", &[]);
    assert_eq!(machine.live_objects(), live);
    machine.interp.host.output()
}

/// What is written to standard error, without the place in the program: the place in the data and the message.
pub(super) fn failure(module: &Module, function: &str, text: &[u8], row: &Target) -> String {
    let mut reader = Reader::new(module);
    let shape = reader.rows(row);
    reader.machine.interp.host.stdin = text.to_vec();
    let (code, errors) = reader.machine.fail(function, &[0, shape, 7]);
    assert_eq!(code, 1);
    let errors = errors.strip_suffix("\n  at test.mochi:7\n").expect("the place in the program");
    let errors = errors.strip_prefix("error: standard input:").expect("the source");
    let (place, message) = errors.split_once(": ").expect("a message");
    format!("{message} @ {place}")
}

#[test]
fn json_values_of_all_kinds_become_words() {
    let module = module_of(FUNCTIONS);
    for (text, rows) in [
        ("[]", "[]"),
        (" [ ] \r\n\t", "[]"),
        ("{}", "[{}]"),
        ("[{}, {}]", "[{}, {}]"),
        (r#"[{"a":1}]"#, r#"[{"a": 1.0}]"#),
        (r#"{"n": null, "t": true, "f": false}"#, r#"[{"f": false, "n": nil, "t": true}]"#),
        (r#"{"l": [1, [], [[2]], {"x": [3]}], "e": ""}"#, r#"[{"e": "", "l": [1.0, [], [[2.0]], {"x": [3.0]}]}]"#),
        // The last of two values counts.
        (r#"{"a": [1], "b": "x", "a": {"c": 2}, "b": 1}"#, r#"[{"a": {"c": 2.0}, "b": 1.0}]"#),
        // Keys may be written with escapes, and look like numbers.
        (r#"{"\u0061b": 1, "ab": 2, "10": 3, "": 4}"#, r#"[{"": 4.0, "10": 3.0, "ab": 2.0}]"#),
        (
            r#"{"a":-0,"b":0.5,"c":1e3,"d":1.5E-3,"e":12345678901234567890,"f":-1e-400}"#,
            r#"[{"a": -0.0, "b": 0.5, "c": 1000.0, "d": 0.0015, "e": 12345678901234567000.0, "f": -0.0}]"#,
        ),
        (
            r#"{"a":9007199254740993,"b":2.2250738585072014e-308,"c":1.7976931348623157e308,"d":0.1}"#,
            &format!(
                r#"[{{"a": 9007199254740992.0, "b": 0.{}22250738585072014, "c": 17976931348623157{}.0, "d": 0.1}}]"#,
                "0".repeat(307),
                "0".repeat(292)
            ),
        ),
    ] {
        assert_eq!(load(&module, "load_json", text.as_bytes(), &Any), rows, "{text}");
    }
}

#[test]
fn json_strings_have_all_escapes() {
    let module = module_of(FUNCTIONS);
    let row = Map(Box::new(Text));
    for (text, shown) in [
        (&br#""plain text of more than eight bytes""#[..], "plain text of more than eight bytes"),
        (br#""\"\\\/\b\f\n\r\t""#, r#"\"\\/\b\f\n\r\t"#),
        ("\"é€😀 and ASCII\"".as_bytes(), "é€😀 and ASCII"),
        (br#""\u00e9\u20AC""#, "é€"),
        (br#""\ud83d\ude00""#, "😀"),
        // Halves of pairs, alone or in the wrong order.
        (br#""\ud83d""#, "\u{fffd}"),
        (br#""\ude00\ud83dx""#, "\u{fffd}\u{fffd}x"),
        (br#""\ud83d\u0041""#, "\u{fffd}A"),
        (br#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (br#""\u0000\u001f""#, r"\x00\x1f"),
        // Bytes that are no UTF-8.
        (b"\"a\xffb\xe2\x82c\"", "a\u{fffd}b\u{fffd}\u{fffd}c"),
        (b"\"\xed\xa0\x80\"", "\u{fffd}\u{fffd}\u{fffd}"),
    ] {
        let document = [b"[{\"k\": ", text, b"}]"].concat();
        let expected = format!("[{{\"k\": \"{shown}\"}}]");
        assert_eq!(load(&module, "load_json", &document, &row), expected, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn malformed_json_fails_at_its_place() {
    let module = module_of(FUNCTIONS);
    for (text, message) in [
        ("", "unexpected end of the data @ 1:1"),
        ("  ", "unexpected end of the data @ 1:3"),
        ("1", "expected an array of objects, or an object @ 1:1"),
        ("[1]", "expected an object @ 1:2"),
        ("[{}, null]", "expected an object @ 1:6"),
        ("[{}", "unexpected end of the data @ 1:4"),
        ("[{},]", "expected an object @ 1:5"),
        ("[{} {}]", "expected ',' or ']' @ 1:5"),
        ("[{}]\n]", "expected the end of the data @ 2:1"),
        ("{} {}", "expected the end of the data @ 1:4"),
        ("{", "unexpected end of the data @ 1:2"),
        ("{a: 1}", "expected a key in quotes @ 1:2"),
        ("{\"a\" 1}", "expected ':' @ 1:6"),
        ("{\"a\": }", "expected a value @ 1:7"),
        ("{\"a\": 1,}", "expected a key in quotes @ 1:9"),
        ("{\"a\": 1 \"b\": 2}", "expected ',' or '}' @ 1:9"),
        ("{\n \"a\": 1\n \"b\"}", "expected ',' or '}' @ 3:2"),
        ("{\"a\": [1 2]}", "expected ',' or ']' @ 1:10"),
        ("{\"a\": [1,]}", "expected a value @ 1:10"),
        ("{\"a\": [}", "expected a value @ 1:8"),
        ("{\"a\": [1}", "expected ',' or ']' @ 1:9"),
        ("{\"a\": 1]", "expected ',' or '}' @ 1:8"),
        ("{\"é\": x}", "expected a value @ 1:8"),
        ("{\"a\": nul}", "expected a value @ 1:7"),
        ("{\"a\": True}", "expected a value @ 1:7"),
        ("{\"a\": NaN}", "expected a value @ 1:7"),
        ("{\"a\": 'b'}", "expected a value @ 1:7"),
        ("{\"a\": 01}", "a number begins with a zero @ 1:7"),
        ("{\"a\": -01}", "a number begins with a zero @ 1:8"),
        ("{\"a\": -}", "expected a digit @ 1:8"),
        ("{\"a\": +1}", "expected a value @ 1:7"),
        ("{\"a\": .5}", "expected a value @ 1:7"),
        ("{\"a\": 1.}", "expected a digit @ 1:9"),
        ("{\"a\": 1e}", "expected a digit @ 1:9"),
        ("{\"a\": 1e+}", "expected a digit @ 1:10"),
        ("{\"a\": 1e999}", "number out of range @ 1:7"),
        ("{\"a\": 0x10}", "expected ',' or '}' @ 1:8"),
        ("{\"a\": \"b}", "unexpected end of the data @ 1:10"),
        ("{\"a\": \"b\\", "unexpected end of the data @ 1:10"),
        ("{\"a\": \"b\nc\"}", "expected '\"' @ 1:9"),
        ("{\"a\": \"b\tc\"}", "control character in a string @ 1:9"),
        ("{\"a\": \"b\\x\"}", "unknown escape @ 1:9"),
        ("{\"a\": \"b\\u12g4\"}", "expected four hexadecimal digits @ 1:9"),
        ("{\"a\": \"b\\u12\"}", "expected four hexadecimal digits @ 1:9"),
        ("{\"a\": 1} // no", "expected the end of the data @ 1:10"),
    ] {
        assert_eq!(failure(&module, "load_json", text.as_bytes(), &Any), message, "{text}");
    }
}

#[test]
fn json_lines_are_objects() {
    let module = module_of(FUNCTIONS);
    for (text, rows) in [
        ("", "[]"),
        ("\n\r\n", "[]"),
        ("{\"a\":1}", r#"[{"a": 1.0}]"#),
        ("{\"a\":1}\n\n {\"a\" : 2 }\r\n{}\n", r#"[{"a": 1.0}, {"a": 2.0}, {}]"#),
    ] {
        assert_eq!(load(&module, "load_jsonl", text.as_bytes(), &Any), rows, "{text}");
    }
    for (text, message) in [
        ("{}\n[]\n", "expected an object @ 2:1"),
        ("{}\n{} {}\n", "expected the end of the line @ 2:4"),
        ("{}\n{\"a\":\n1}\n", "unexpected end of the line @ 2:6"),
        ("{\"a\": \"\n\"}", "unexpected end of the line @ 1:8"),
        ("{}\n{\"a\"", "unexpected end of the line @ 2:5"),
    ] {
        assert_eq!(failure(&module, "load_jsonl", text.as_bytes(), &Any), message, "{text}");
    }
}

fn person() -> Target {
    let inner = Target::Record("Inner", vec![("ok", Bool), ("xs", List(Box::new(Float)))]);
    Target::Record(
        "Person",
        vec![
            ("name", Text),
            ("age", Int),
            ("height", Float),
            ("inner", inner),
            ("flags", List(Box::new(Bool))),
            ("counts", Map(Box::new(Int))),
            ("rest", Any),
        ],
    )
}

#[test]
fn rows_become_records_without_anything_between() {
    let module = module_of(FUNCTIONS);
    let shown = r#"[{"__name": "Person", "age": 30, "counts": {"a": 1, "b": 2}, "flags": [true, false], "height": 1.5, "inner": {"__name": "Inner", "ok": true, "xs": [1.0, 2.5]}, "name": "Alice", "rest": {"x": [nil]}}]"#;
    for text in [
        r#"{"name":"Alice","age":30,"height":1.5,"inner":{"ok":true,"xs":[1,2.5]},"flags":[true,false],"counts":{"a":1,"b":2},"rest":{"x":[null]}}"#,
        // In another order, with fields that are not declared.
        r#"{"zz":[{"age":{}},"\u0041",1e5,true,null],"rest":{"x":[null]},"counts":{"b":2,"a":1},"y":"","flags":[true,false],"inner":{"xs":[1,2.5],"no":[],"ok":true},"height":1.5,"age":30,"name":"Alice","z":{}}"#,
        // Twice: the last one counts. What numbers and strings can become is converted.
        r#"{"name":"x","name":"Alice","counts":{"q":9},"age":"7","age":"30","height":"1.5","inner":{"xs":[],"ok":false,"xs":[1,2.5],"ok":true},"flags":[true,false],"counts":{"a":1.9,"b":"2","a":true},"rest":[1,"a"],"rest":{"x":[null]}}"#,
    ] {
        assert_eq!(load(&module, "load_json", text.as_bytes(), &person()), shown, "{text}");
    }
    let many = "1234567890123456789012345678901234567890";
    let text = format!("[{{\"a\":{many},\"b\":-{many},\"c\":1e3,\"d\":-2.9,\"e\":null,\"f\":9007199254740993}}]");
    let fields = ["a", "b", "c", "d", "e", "f"].map(|name| (name, Int)).to_vec();
    let shown = format!(
        "[{{\"__name\": \"N\", \"a\": {many}, \"b\": -{many}, \"c\": 1000, \"d\": -2, \"e\": 0, \"f\": 9007199254740993}}]"
    );
    assert_eq!(load(&module, "load_json", text.as_bytes(), &Target::Record("N", fields)), shown);
    let text = r#"[{"1":"x","-5":"y"}]"#;
    assert_eq!(load(&module, "load_json", text.as_bytes(), &IntMap(Box::new(Text))), r#"[{"-5": "y", "1": "x"}]"#);
}

#[test]
fn rows_of_many_fields_know_which_are_missing() {
    let module = module_of(FUNCTIONS);
    let names: Vec<&'static str> = (0..100).map(|index| format!("f{index}").leak() as &str).collect();
    let row = Target::Record("Wide", names.iter().map(|&name| (name, Int)).collect());
    let fields = |skip: usize| -> String {
        let fields = names.iter().enumerate().rev().filter(|&(index, _)| index != skip);
        let fields: Vec<String> = fields.map(|(index, name)| format!("\"{name}\":{index}")).collect();
        format!("{{{}}}", fields.join(","))
    };
    let text = format!("[{},{}]", fields(100), fields(100));
    let shown = load(&module, "load_json", text.as_bytes(), &row);
    assert_eq!(shown.matches("\"f99\": 99").count(), 2);
    for missing in [0, 31, 32, 63, 99] {
        let text = format!("[{},\n {}]", fields(100), fields(missing));
        let expected = format!("missing field f{missing} for Wide @ 2:2");
        assert_eq!(failure(&module, "load_json", text.as_bytes(), &row), expected);
    }
}

#[test]
fn values_that_no_cast_takes_fail_at_their_place() {
    let module = module_of(FUNCTIONS);
    let row = |target: Target| Target::Record("P", vec![("x", target)]);
    let list = List(Box::new(Int));
    for (value, target, message) in [
        ("\"a\"", Int, "cannot cast \"a\" to int @ 1:7"),
        ("[1]", Int, "cannot cast []interface {} to int @ 1:7"),
        ("{}", Int, "cannot cast map[string]interface {} to int @ 1:7"),
        ("\"\"", Float, "cannot cast \"\" to float @ 1:7"),
        ("true", Float, "cannot cast bool to float @ 1:7"),
        ("1", Bool, "cannot cast float64 to bool @ 1:7"),
        ("null", Bool, "cannot cast <nil> to bool @ 1:7"),
        ("null", Text, "cannot cast <nil> to string @ 1:7"),
        ("1.5", Text, "cannot cast float64 to string @ 1:7"),
        ("1", list.clone(), "cannot cast float64 to list<int> @ 1:7"),
        ("{}", list.clone(), "cannot cast map[string]interface {} to list<int> @ 1:7"),
        ("[1, \"b\"]", list, "cannot cast \"b\" to int @ 1:11"),
        ("[]", Map(Box::new(Any)), "cannot cast []interface {} to map<string, any> @ 1:7"),
        ("{\"k\": 1}", IntMap(Box::new(Any)), "cannot cast \"k\" to int @ 1:8"),
        ("null", row(Int), "cannot cast <nil> to P @ 1:7"),
        ("{\"y\": 1}", row(Int), "missing field x for P @ 1:7"),
    ] {
        let text = format!("{{\"x\": {value}}}");
        assert_eq!(failure(&module, "load_json", text.as_bytes(), &row(target)), message, "{value}");
    }
    assert_eq!(failure(&module, "load_json", b"[{}]", &Int), "cannot cast map[string]interface {} to int @ 1:2");
}

#[test]
fn texts_come_in_pieces_of_any_size() {
    let module = module_of(FUNCTIONS);
    let row = Target::Record("P", vec![("id", Int), ("text", Text)]);
    let lines: Vec<String> = (0..2200).map(|id| format!("{{\"text\":\"line of {id} é\",\"id\":{id}}}")).collect();
    let rows = (0..2200).map(|id| format!("{{\"__name\": \"P\", \"id\": {id}, \"text\": \"line of {id} é\"}}"));
    let shown = format!("[{}]", rows.collect::<Vec<_>>().join(", "));
    // More than the buffer of a source has room for at first.
    let text = lines.join("\n");
    assert!(text.len() > 70_000);
    for limit in [999, 65_536] {
        assert!(load_by(&module, "load_jsonl", text.as_bytes(), &row, limit) == shown, "{limit}");
        let text = format!("[{}]", lines.join(","));
        assert!(load_by(&module, "load_json", text.as_bytes(), &row, limit) == shown, "{limit}");
    }
    let short = "{\"id\":1,\"text\":\"\"}\n\n{\"id\":2,\"text\":\"é\"}";
    let shown = "[{\"__name\": \"P\", \"id\": 1, \"text\": \"\"}, {\"__name\": \"P\", \"id\": 2, \"text\": \"é\"}]";
    for limit in 1..9 {
        assert_eq!(load_by(&module, "load_jsonl", short.as_bytes(), &row, limit), shown, "{limit}");
    }
}

#[test]
fn json_nests_without_a_limit() {
    let module = module_of(FUNCTIONS);
    let depth = 3_000;
    let text = format!("{{\"a\": {}1{}}}", "[{\"b\":".repeat(depth), "}]".repeat(depth));
    let shown = load(&module, "load_json", text.as_bytes(), &Any);
    assert_eq!(shown.matches("{\"b\": ").count(), depth);
    // Also in what is ignored.
    let row = Target::Record("P", vec![("x", Int)]);
    let text = format!("{{\"a\": {}1{}, \"x\": 2}}", "[{\"b\":".repeat(depth), "}]".repeat(depth));
    assert_eq!(load(&module, "load_json", text.as_bytes(), &row), r#"[{"__name": "P", "x": 2}]"#);
}
