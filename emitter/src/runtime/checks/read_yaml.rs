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
        ("a: *b\n", "there is no anchor of this name @ 1:4"),
        ("a: &b [1, *b]\n", "an alias cannot stand inside of what it names @ 1:11"),
        ("--- &d\na: *d\n", "an alias cannot stand inside of what it names @ 2:4"),
        ("a: &b &c 1\n", "a value has one anchor @ 1:7"),
        ("a: &b\n  &c 1\n", "a value has one anchor @ 2:3"),
        ("a: & 1\n", "expected a name @ 1:4"),
        ("a: &b 1\nc: &d *b\n", "an alias has neither anchor nor tag @ 2:7"),
        ("a: &b 1\nc: !!int *b\n", "an alias has neither anchor nor tag @ 2:10"),
        ("a: &b 1\n*b : 2\n", "aliases as keys are not supported @ 2:1"),
        ("a: &b 1\nc: {*b : 2}\n", "aliases as keys are not supported @ 2:5"),
        ("- &b a: 1\n", "anchors of keys are not supported @ 1:3"),
        ("a: {&b c: 1}\n", "anchors of keys are not supported @ 1:5"),
        ("a: &b - 1\n", "a list cannot begin here @ 1:7"),
        ("- &a 1\n- *a\n", "expected a map @ 1:6"),
        ("- {x: &a 1}\n- *a\n", "expected a map @ 2:3"),
        ("a: !!int x\n", "the value is not what its tag says @ 1:10"),
        ("a: !!int 1.5\n", "the value is not what its tag says @ 1:10"),
        ("a: !!bool yes\n", "the value is not what its tag says @ 1:11"),
        ("a: !!null x\n", "the value is not what its tag says @ 1:11"),
        ("a: !!float\nb: 1\n", "the value is not what its tag says @ 2:1"),
        ("a: !!str !!int 1\n", "a value has one tag @ 1:10"),
        ("a: !!binary aGk=\n", "binary data is not supported @ 1:4"),
        ("? a\n", "keys behind '?' are not supported @ 1:1"),
        ("<<: x\n", "only maps can be merged @ 1:5"),
        ("a: &b [1]\nc:\n  <<: *b\n", "only maps can be merged @ 3:7"),
        ("a: &b {x: 1}\nc:\n  <<: [*b, 2]\n", "only maps can be merged @ 3:13"),
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

#[test]
fn aliases_say_again_what_anchors_stand_for() {
    let module = module_of(FUNCTIONS);
    for (text, rows) in [
        ("a: &x 1\nb: *x\n", r#"[{"a": 1, "b": 1}]"#),
        (
            "a: &x text\nb: [*x, *x]\nc: {d: *x, e: *x }\n",
            r#"[{"a": "text", "b": ["text", "text"], "c": {"d": "text", "e": "text"}}]"#,
        ),
        (
            "a: &x 'it''s'\nb: &y |\n  two\n  lines\nc: [*y, *x]\n",
            r#"[{"a": "it's", "b": "two\nlines\n", "c": ["two\nlines\n", "it's"]}]"#,
        ),
        ("a: &x folded\n  text\nb: *x # again\n", r#"[{"a": "folded text", "b": "folded text"}]"#),
        ("a: &x\nb: *x\n", r#"[{"a": nil, "b": nil}]"#),
        ("a: &x [1, {b: 2}]\nc: *x\n", r#"[{"a": [1, {"b": 2}], "c": [1, {"b": 2}]}]"#),
        (
            "a: &x\n  b: 1\n  c:\n  - 2\n  - 3\nd:\n  e: *x\n",
            r#"[{"a": {"b": 1, "c": [2, 3]}, "d": {"e": {"b": 1, "c": [2, 3]}}}]"#,
        ),
        ("a: &x\n- 1\n- 2\nb: *x\n", r#"[{"a": [1, 2], "b": [1, 2]}]"#),
        ("a: &x # here\n\n  # and there\n  - 1\nb: *x\n", r#"[{"a": [1], "b": [1]}]"#),
        ("- &r {a: 1}\n- *r\n-\n  *r\n", r#"[{"a": 1}, {"a": 1}, {"a": 1}]"#),
        ("- &r\n  a: 1\n  b: 2\n- *r\n", r#"[{"a": 1, "b": 2}, {"a": 1, "b": 2}]"#),
        // Anchors in anchors; of two with one name the last one before the alias counts.
        ("a: &x [&y 1, &z [2, *y]]\nb: [*z, *y, *x]\n", r#"[{"a": [1, [2, 1]], "b": [[2, 1], 1, [1, [2, 1]]]}]"#),
        ("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", r#"[{"a": 1, "b": 1, "c": 2, "d": 2}]"#),
        ("a: &x\n  b: &x 1\n  c: *x\nd: *x\n", r#"[{"a": {"b": 1, "c": 1}, "d": 1}]"#),
        ("a: &a-1_b.é 1\nb: [*a-1_b.é,*a-1_b.é]\n", r#"[{"a": 1, "b": [1, 1]}]"#),
        ("{a: &x {b: 1}, c: *x, d: &y , e: *y}\n", r#"[{"a": {"b": 1}, "c": {"b": 1}, "d": nil, "e": nil}]"#),
        ("--- &d\na: 1\n", r#"[{"a": 1}]"#),
    ] {
        assert_eq!(load(&module, "load_yaml", text.as_bytes(), &Any), rows, "{text}");
    }
    // What an alias says becomes what the place says where it stands.
    let row = Target::Record(
        "P",
        vec![("n", Int), ("x", Float), ("m", Map(Box::new(Int))), ("l", List(Box::new(Float))), ("s", Text)],
    );
    let text = "- {other: &o {k: '7'}, n: &n 2, x: *n, m: *o, l: [*n, 0.5], s: &s t}\n- {s: *s, n: 1, x: 2, m: {}, l: &l [*n], more: *l}\n";
    let shown = r#"[{"__name": "P", "l": [2.0, 0.5], "m": {"k": 7}, "n": 2, "s": "t", "x": 2.0}, {"__name": "P", "l": [2.0], "m": {}, "n": 1, "s": "t", "x": 2.0}]"#;
    assert_eq!(load(&module, "load_yaml", text.as_bytes(), &row), shown);
    let text = b"- {n: &n [1], s: a}\n";
    assert_eq!(failure(&module, "load_yaml", text, &row), "cannot cast []interface {} to int @ 1:10");
    let text = b"- {other: &n [1],\n   s: *n}\n";
    assert_eq!(failure(&module, "load_yaml", text, &row), "cannot cast []interface {} to string @ 2:7");
}

#[test]
fn merged_maps_give_what_a_map_does_not_have_itself() {
    let module = module_of(FUNCTIONS);
    for (text, rows) in [
        ("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n", r#"[{"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}]"#),
        ("a: &x {p: 1, q: 2}\nb:\n  q: 3\n  <<: *x\n", r#"[{"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}]"#),
        (
            "a: &x {p: [1, {r: 2}]}\nb: {<<: *x, s: 3}\n",
            r#"[{"a": {"p": [1, {"r": 2}]}, "b": {"p": [1, {"r": 2}], "s": 3}}]"#,
        ),
        // The first of several counts.
        (
            "a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc:\n  <<: [*x, *y, {q: 9, r: 9}]\n  s: 4\n",
            r#"[{"a": {"p": 1}, "b": {"p": 2, "q": 2}, "c": {"p": 1, "q": 2, "r": 9, "s": 4}}]"#,
        ),
        ("a: &x {p: 1}\nc:\n  <<:\n  - *x\n  - p: 2\n    q: 2\n", r#"[{"a": {"p": 1}, "c": {"p": 1, "q": 2}}]"#),
        // What is merged may have merged others, which come after its own.
        (
            "a: &x {p: 1, q: 1, r: 1}\nb: &y {<<: *x, q: 2}\nc: {<<: *y, r: 3}\nd: *y\n",
            r#"[{"a": {"p": 1, "q": 1, "r": 1}, "b": {"p": 1, "q": 2, "r": 1}, "c": {"p": 1, "q": 2, "r": 3}, "d": {"p": 1, "q": 2, "r": 1}}]"#,
        ),
        (
            "a: &x {p: 1}\nb: &y {p: 2, s: 2}\nz: &z {<<: [*x, *y], t: {<<: *y, u: *x}}\nd: [*z, {<<: *z, t: 0}]\n",
            r#"[{"a": {"p": 1}, "b": {"p": 2, "s": 2}, "d": [{"p": 1, "s": 2, "t": {"p": 2, "s": 2, "u": {"p": 1}}}, {"p": 1, "s": 2, "t": 0}], "z": {"p": 1, "s": 2, "t": {"p": 2, "s": 2, "u": {"p": 1}}}}]"#,
        ),
        ("- &r {a: 1, b: 2}\n- <<: *r\n  b: 3\n", r#"[{"a": 1, "b": 2}, {"a": 1, "b": 3}]"#),
        ("<<: {a: 1}\nb: 2\n", r#"[{"a": 1, "b": 2}]"#),
        ("a: {<<: &x {p: 1}}\nb: *x\n", r#"[{"a": {"p": 1}, "b": {"p": 1}}]"#),
        // In quotes it is a key.
        ("'<<': 1\na: {\"<<\": 2}\n", r#"[{"<<": 1, "a": {"<<": 2}}]"#),
    ] {
        assert_eq!(load(&module, "load_yaml", text.as_bytes(), &Any), rows, "{text}");
    }
    let row = Target::Record("P", vec![("n", Int), ("m", Map(Box::new(Float)))]);
    let text = "- &r {n: 1, m: {x: 1}, o: 5}\n- {<<: *r, n: 2}\n- {m: {y: 2}, <<: *r, p: [1]}\n";
    let shown = r#"[{"__name": "P", "m": {"x": 1.0}, "n": 1}, {"__name": "P", "m": {"x": 1.0}, "n": 2}, {"__name": "P", "m": {"y": 2.0}, "n": 1}]"#;
    assert_eq!(load(&module, "load_yaml", text.as_bytes(), &row), shown);
    let text = b"- &r {n: 1}\n- {<<: *r, o: 2}\n";
    assert_eq!(failure(&module, "load_yaml", text, &row), "missing field m for P @ 1:6");
}

#[test]
fn tags_say_what_scalars_are() {
    let module = module_of(FUNCTIONS);
    for (text, value) in [
        ("!!str 12", r#""12""#),
        ("!!str", r#""""#),
        ("!!str true", r#""true""#),
        ("!!int '12'", "12"),
        ("!!int 0x1F", "31"),
        ("!!float 3", "3.0"),
        ("!!float \"2.5\"", "2.5"),
        ("!!float .inf", "+Inf.0"),
        ("!!bool 'True'", "true"),
        ("!!null ''", "nil"),
        ("!!null ~", "nil"),
        ("!!null", "nil"),
        ("!<tag:yaml.org,2002:int> '7'", "7"),
        ("! 12", r#""12""#),
        ("!own 12", r#""12""#),
        ("!own [1, !!str 2, !!float 3]", r#"[1, "2", 3.0]"#),
        ("!!timestamp 2024-01-31", r#""2024-01-31""#),
        ("!!map {b: 1}", r#"{"b": 1}"#),
        ("!!seq\n  - 1", "[1]"),
        ("!!str\n  12", r#""12""#),
        ("!!int |-\n  12", "12"),
        ("!!str &x 1", r#""1""#),
        ("&x !!str 1", r#""1""#),
        ("[&x !!str 1, *x]", r#"["1", "1"]"#),
        ("[&x !!int '1', *x]", "[1, 1]"),
        ("{!!str : 1}", ""),
    ] {
        let text = format!("a: {text}\n");
        if value.is_empty() {
            assert_eq!(failure(&module, "load_yaml", text.as_bytes(), &Any), "tags of keys are not supported @ 1:5");
            continue;
        }
        assert_eq!(load(&module, "load_yaml", text.as_bytes(), &Any), format!("[{{\"a\": {value}}}]"), "{text}");
    }
    assert_eq!(load(&module, "load_yaml", b"!!str a: 1\n", &Any), r#"[{"a": 1}]"#);
}

#[test]
fn aliases_of_aliases_are_told_again_as_well() {
    let module = module_of(FUNCTIONS);
    let mut text = "- &r {a: 1, b: [1, 2, 3]}\n".to_owned();
    text.push_str(&"- *r\n- {<<: *r, c: 2}\n".repeat(20));
    let shown = load(&module, "load_yaml", text.as_bytes(), &Any);
    assert_eq!(shown.matches("\"b\": [1, 2, 3]").count(), 41);
    let mut text = "a0: &a0 1\n".to_owned();
    for level in 1..40 {
        text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    let shown = load(&module, "load_yaml", text.as_bytes(), &Any);
    assert!(shown.contains(&format!("\"a39\": {}1{}", "[".repeat(39), "]".repeat(39))));
}
