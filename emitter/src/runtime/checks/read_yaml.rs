//! What YAML says, and where it is malformed.

use super::decode::Target::{self, Any, Float, Int, List, Map, Text};
use super::decode::{FUNCTIONS, failure, load};
use super::module_of;

#[test]
fn maps_and_lists_go_by_indentation() {
    let module = module_of(FUNCTIONS);
    for (text, rows) in [
        ("a: 1\n", r#"[{"a": 1}]"#),
        ("a: 1", r#"[{"a": 1}]"#),
        ("- a: 1\n  b: x\n- a: 2\n  b: y\n", r#"[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]"#),
        ("-   a: 1\n    b: 2\n-\n  a: 3\n- {}\n", r#"[{"a": 1, "b": 2}, {"a": 3}, {}]"#),
        ("a:\n  b:\n    c: 1\n  d: 2\ne: 3\n", r#"[{"a": {"b": {"c": 1}, "d": 2}, "e": 3}]"#),
        // A list may be as far left as its key.
        ("a:\n- 1\n- 2\nb:\n  - 3\n", r#"[{"a": [1, 2], "b": [3]}]"#),
        ("a:\n- b:\n  - 1\n  c: 2\n- d\n", r#"[{"a": [{"b": [1], "c": 2}, "d"]}]"#),
        ("a:\n- - 1\n  - 2\n- - - 3\n", r#"[{"a": [[1, 2], [[3]]]}]"#),
        ("a:\n-\n  - 1\n-\n- b:\n", r#"[{"a": [[1], nil, {"b": nil}]}]"#),
        // Nothing is none.
        ("a:\nb:\nc:\n  d:\n", r#"[{"a": nil, "b": nil, "c": {"d": nil}}]"#),
        // Comments, empty lines, markers.
        (
            "# first\n%YAML 1.2\n---\n\na: 1 # one\n  # deeper\nb: x#y\n\n# last\n...\nc: 2\n",
            r#"[{"a": 1, "b": "x#y"}]"#,
        ),
        ("--- # here\n- a: 1\n---\n- b: 2\n", r#"[{"a": 1}]"#),
        ("--- {a: 1}\n", r#"[{"a": 1}]"#),
        ("a: 1\r\nb:\r\n  - x\r\n", r#"[{"a": 1, "b": ["x"]}]"#),
        ("[]", "[]"),
        // Keys are texts as they are written.
        (
            "1: a\ntrue: b\n\"q: r\": c\n'it''s': d\nx y: e\n?: f\n",
            r#"[{"1": "a", "?": "f", "it's": "d", "q: r": "c", "true": "b", "x y": "e"}]"#,
        ),
        ("a:b: 1\nhttp://x: y\n", r#"[{"a:b": 1, "http://x": "y"}]"#),
    ] {
        assert_eq!(load(&module, "load_yaml", text.as_bytes(), &Any), rows, "{text}");
    }
}

#[test]
fn brackets_are_as_in_json_and_more() {
    let module = module_of(FUNCTIONS);
    for (text, value) in [
        ("[]", "[]"),
        ("{}", "{}"),
        ("[1, 2]", "[1, 2]"),
        ("[1, 2,]", "[1, 2]"),
        ("[ a b , 'c', \"d\\n\" ]", r#"["a b", "c", "d\n"]"#),
        ("{b: 1, c: [x, {d: }], e, \"f\":2, g: }", r#"{"b": 1, "c": ["x", {"d": nil}], "e": nil, "f": 2, "g": nil}"#),
        ("{b 1, ?c: 2}", r#"{"?c": 2, "b 1": nil}"#),
        ("{b: {c: {}}, }", r#"{"b": {"c": {}}}"#),
        ("[1,\n  2, # two\n\n  3\n  ]", "[1, 2, 3]"),
        ("[http://x:1, a:b]", r#"["http://x:1", "a:b"]"#),
    ] {
        let text = format!("a: {text} # end\n");
        assert_eq!(load(&module, "load_yaml", text.as_bytes(), &Any), format!("[{{\"a\": {value}}}]"), "{text}");
    }
    assert_eq!(load(&module, "load_yaml", b"[{a: 1},\n {a: 2}]\n", &Any), r#"[{"a": 1}, {"a": 2}]"#);
}

#[test]
fn plain_text_means_what_the_core_schema_says() {
    let module = module_of(FUNCTIONS);
    for (text, value) in [
        ("~", "nil"),
        ("null", "nil"),
        ("Null", "nil"),
        ("NULL", "nil"),
        ("nULL", "\"nULL\""),
        ("true", "true"),
        ("True", "true"),
        ("FALSE", "false"),
        ("yes", "\"yes\""),
        ("on", "\"on\""),
        ("0", "0"),
        ("-12", "-12"),
        ("+12", "12"),
        ("1_000", "1000"),
        ("0x1F", "31"),
        ("-0b101", "-5"),
        ("0o17", "15"),
        ("017", "15"),
        ("08", "8.0"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1.5", "1.5"),
        ("-.5", "-0.5"),
        ("1.", "1.0"),
        ("1e3", "1000.0"),
        ("1_0.2_5", "10.25"),
        (".inf", "+Inf.0"),
        ("-.INF", "-Inf.0"),
        (".NaN", "NaN.0"),
        (".infinity", "\".infinity\""),
        ("1e999", "\"1e999\""),
        ("1.2.3", "\"1.2.3\""),
        ("--1", "\"--1\""),
        ("+inf", "\"+inf\""),
        ("0x", "\"0x\""),
        ("12:30", "\"12:30\""),
        // Dates stay text.
        ("2024-01-31", "\"2024-01-31\""),
        ("a b  c", "\"a b  c\""),
        ("-a", "\"-a\""),
        ("a'b\"c", "\"a'b\\\"c\""),
        ("\"12\"", "\"12\""),
        ("'true'", "\"true\""),
        ("é€😀", "\"é€😀\""),
    ] {
        let text = format!("a: {text}\n");
        assert_eq!(load(&module, "load_yaml", text.as_bytes(), &Any), format!("[{{\"a\": {value}}}]"), "{text}");
    }
}

#[test]
fn text_in_quotes_and_in_lines_is_folded() {
    let module = module_of(FUNCTIONS);
    for (text, value) in [
        ("''", r#""""#),
        ("\"\"", r#""""#),
        ("'it''s'", r#""it's""#),
        ("'a\\n'", r#""a\\n""#),
        (r#""\0\a\b\t\n\v\f\r\e\"\/\\""#, r#""\x00\a\b\t\n\v\f\r\x1b\"/\\""#),
        (r#""\x41\u00e9\U0001F600\N\_""#, "\"Aé😀\\u0085\\u00a0\""),
        ("'a\n  b\n\n  c'", r#""a b\nc""#),
        ("\"a  \n  b\\\n  c\\n\n\n  d\"", r#""a bc\n\nd""#),
        ("a\n  b\n\n  c # end", r#""a b\nc""#),
        ("a\n # a comment ends it", r#""a""#),
        ("|\n  a\n   b\n\n  c\n", r#""a\n b\n\nc\n""#),
        ("|-\n  a\n\n", r#""a""#),
        ("|+\n  a\n", r#""a\n\n""#),
        ("|2-\n    a\n  b", r#""  a\nb""#),
        ("| # text\n\n  a\n", r#""\na\n""#),
        (">\n  a\n  b\n\n  c\n   d\n  e\n", r#""a b\nc\n d\ne\n""#),
        (">-\n  a\n  b\n", r#""a b""#),
        ("|\n", r#""""#),
        ("|\n  a: b\n  - c # no comment\n", "\"a: b\\n- c # no comment\\n\""),
    ] {
        let text = format!("k: {text}\nz: 1\n");
        assert_eq!(
            load(&module, "load_yaml", text.as_bytes(), &Any),
            format!("[{{\"k\": {value}, \"z\": 1}}]"),
            "{text}"
        );
    }
    // In items, and as far left as a document allows.
    let text = "a:\n  - |\n    x\n    y\n  - >\n    z\n\n  - p\n    q\n";
    assert_eq!(load(&module, "load_yaml", text.as_bytes(), &Any), "[{\"a\": [\"x\\ny\\n\", \"z\\n\", \"p q\"]}]");
}

#[test]
fn rows_become_what_the_type_says() {
    let module = module_of(FUNCTIONS);
    let fields =
        vec![("name", Text), ("n", Int), ("x", Float), ("tags", List(Box::new(Text))), ("m", Map(Box::new(Int)))];
    let row = Target::Record("P", fields);
    let text = "- name: a\n  other: {b: [1]}\n  n: 3.9\n  x: 2\n  tags: [p, 'q']\n  m:\n    k: '7'\n- {name: b, n: , x: 0.5, tags: [], m: {}, more: [x, y]}\n";
    let shown = r#"[{"__name": "P", "m": {"k": 7}, "n": 3, "name": "a", "tags": ["p", "q"], "x": 2.0}, {"__name": "P", "m": {}, "n": 0, "name": "b", "tags": [], "x": 0.5}]"#;
    assert_eq!(load(&module, "load_yaml", text.as_bytes(), &row), shown);
    let row = Target::Record("P", vec![("name", Text)]);
    for (text, message) in [
        ("- name: a\n- nam: b\n", "missing field name for P @ 2:3"),
        ("- name: 1\n", "cannot cast int to string @ 1:9"),
        ("- name: [a]\n", "cannot cast []interface {} to string @ 1:9"),
        ("- name:\n    a: b\n", "cannot cast map[string]interface {} to string @ 2:5"),
        ("- name:\n- name: b\n", "cannot cast <nil> to string @ 2:1"),
    ] {
        assert_eq!(failure(&module, "load_yaml", text.as_bytes(), &row), message, "{text}");
    }
}

#[test]
fn malformed_yaml_fails_at_its_place() {
    let module = module_of(FUNCTIONS);
    for (text, message) in [
        ("", "unexpected end of the data @ 1:1"),
        ("# nothing\n", "unexpected end of the data @ 2:1"),
        ("a\n", "expected a list of maps, or a map @ 1:1"),
        ("- 1\n", "expected a map @ 1:3"),
        ("- a: 1\n-\n", "unexpected end of the data @ 3:1"),
        ("- - a: 1\n", "expected a map @ 1:3"),
        ("[{a: 1}, 2]\n", "expected a map @ 1:10"),
        ("a: 1\n b: 2\n", "a map cannot begin here @ 2:2"),
        ("a:\n  b: 1\n c: 2\n", "unexpected indentation @ 3:2"),
        ("a: 1\n- b\n", "a list cannot begin here @ 2:1"),
        ("a: b: c\n", "a map cannot begin here @ 1:4"),
        ("a: - b\n", "a list cannot begin here @ 1:4"),
        ("a: 1\nb\n", "expected ':' @ 2:2"),
        ("a:\n\tb: 1\n", "tab in the indentation @ 2:1"),
        ("a: 1\na: 2\n", "this key is in the map already @ 2:1"),
        ("a: 'x\n", "unexpected end of the data @ 2:1"),
        ("a: \"\\q\"\n", "unknown escape @ 1:5"),
        ("a: \"\\xg1\"\n", "expected hexadecimal digits @ 1:5"),
        ("a: \"\\ud800\"\n", "no such character @ 1:5"),
        ("a: 'x' y\n", "expected the end of the line @ 1:8"),
        ("a: [1, 2\nb: 3\n", "expected ',' or ']' @ 2:1"),
        ("a: [1 }\n", "expected ',' or ']' @ 1:7"),
        ("a: {b: 1]\n", "expected ',' or '}' @ 1:9"),
        ("a: {b 1\n", "unexpected end of the data @ 2:1"),
        ("a: [b: 1]\n", "a key in a list is not supported @ 1:6"),
        ("a: [1] 2\n", "expected the end of the line @ 1:8"),
        ("[a]: 1\n", "expected a map @ 1:2"),
        ("- [a]: 1\n", "expected a map @ 1:3"),
        ("a: *b\n", "anchors and aliases are not supported @ 1:4"),
        ("a: &b 1\n", "anchors and aliases are not supported @ 1:4"),
        ("a: !!str 1\n", "tags are not supported @ 1:4"),
        ("? a\n", "keys behind '?' are not supported @ 1:1"),
        ("<<: x\n", "merged maps are not supported @ 1:1"),
        ("%TAG ! x\n---\n", "this directive is not supported @ 1:1"),
        ("a: @b\n", "a value cannot begin with this character @ 1:4"),
        ("a: |x\n", "expected '+', '-' or a digit @ 1:5"),
        ("a: \u{1}\n", "character that cannot be in YAML @ 1:4"),
        ("{a: 1}\nb: 2\n", "expected the end of the document @ 2:1"),
    ] {
        assert_eq!(failure(&module, "load_yaml", text.as_bytes(), &Any), message, "{text:?}");
    }
    assert_eq!(failure(&module, "load_yaml", b"a: \xff\n", &Any), "character that cannot be in YAML @ 1:4");
}

#[test]
fn yaml_nests_without_a_limit() {
    let module = module_of(FUNCTIONS);
    let depth = 2_000;
    let text = format!("a: {}1{}\n", "[{b: ".repeat(depth), "}]".repeat(depth));
    assert_eq!(load(&module, "load_yaml", text.as_bytes(), &Any).matches("{\"b\": ").count(), depth);
    let text = format!("a:\n  {}1\n", "- ".repeat(depth));
    assert_eq!(load(&module, "load_yaml", text.as_bytes(), &Any).matches('[').count(), depth + 1);
}
