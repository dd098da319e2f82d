//! Rows that are saved: byte for byte as the reference's encoders write them.

use super::decode::Target::{self, Any, Bool, Float, Int, List, Text};
use super::decode::{FUNCTIONS, Reader, load, saved};
use super::module_of;

#[test]
fn json_is_on_one_line() {
    let module = module_of(FUNCTIONS);
    for (text, json, lines) in [
        ("[]", "[]\n", ""),
        ("[{}]", "{}\n", "{}\n"),
        (
            r#"[{"b":[1,2.5,{}],"a":null},{"a":"x"}]"#,
            "[{\"a\":null,\"b\":[1,2.5,{}]},{\"a\":\"x\"}]\n",
            "{\"a\":null,\"b\":[1,2.5,{}]}\n{\"a\":\"x\"}\n",
        ),
        (
            r#"[{"k<":"<&>\u2028\u0001\"\\\/\n","t":true,"n":1e21,"m":-0.0}]"#,
            "{\"k\\u003c\":\"\\u003c\\u0026\\u003e\\u2028\\u0001\\\"\\\\/\\n\",\"m\":-0,\"n\":1e+21,\"t\":true}\n",
            "{\"k\\u003c\":\"\\u003c\\u0026\\u003e\\u2028\\u0001\\\"\\\\/\\n\",\"m\":-0,\"n\":1e+21,\"t\":true}\n",
        ),
    ] {
        assert_eq!(saved(&module, "load_json", text.as_bytes(), &Any, "save_json"), json);
        assert_eq!(saved(&module, "load_json", text.as_bytes(), &Any, "save_jsonl"), lines);
    }
    let row = Target::Record("P", vec![("x", Int), ("A", Text)]);
    let text = br#"{"A":"a","x":123456789012345678901234567890}"#;
    let shown = "{\"A\":\"a\",\"__name\":\"P\",\"x\":123456789012345678901234567890}\n";
    assert_eq!(saved(&module, "load_json", text, &row, "save_json"), shown);
}

#[test]
fn what_has_no_json_fails() {
    let module = module_of(FUNCTIONS);
    let mut reader = Reader::new(&module);
    let shape = reader.rows(&Any);
    reader.machine.interp.host.stdin = b"- a: 1\n- a: .nan\n".to_vec();
    let rows = reader.machine.call("load_yaml", &[0, shape, 7]);
    let (code, errors) = reader.machine.fail("save_json", &[rows, 1, 7]);
    assert_eq!(code, 1);
    assert_eq!(errors, "error: json: a float that is not finite, or a value inside itself\n  at test.mochi:7\n");
}

#[test]
fn yaml_has_four_columns_a_level() {
    let module = module_of(FUNCTIONS);
    for (text, yaml) in [
        ("[]", "[]\n"),
        ("[{}]", "{}\n"),
        ("[{},{}]", "- {}\n- {}\n"),
        (r#"[{"b":1,"a":"x"}]"#, "a: x\nb: 1\n"),
        (r#"[{"b":1,"a":"x"},{"c":null}]"#, "- a: x\n  b: 1\n- c: null\n"),
        (
            r#"{"l":[1,[2,3],[],{"x":1,"y":[4]}],"m":{"n":{"o":true},"p":{}},"q":[]}"#,
            "l:\n    - 1\n    - - 2\n      - 3\n    - []\n    - x: 1\n      \"y\":\n        - 4\nm:\n    \"n\":\n        o: true\n    p: {}\nq: []\n",
        ),
        // Inside of an item levels are still multiples of four.
        (
            r#"[{"a":{"b":[{"c":1,"d":{"e":2}}]}},{}]"#,
            "- a:\n    b:\n        - c: 1\n          d:\n            e: 2\n- {}\n",
        ),
        (r#"[{"f":1000000,"g":0.5,"h":1e-7,"i":-0.0}]"#, "f: 1e+06\ng: 0.5\nh: 1e-07\ni: -0\n"),
    ] {
        assert_eq!(saved(&module, "load_json", text.as_bytes(), &Any, "save_yaml"), yaml, "{text}");
    }
    let fields = vec![("x", Float), ("ok", Bool), ("A", Int), ("t", List(Box::new(Text)))];
    let text = br#"{"x":2,"ok":true,"A":9223372036854775808,"t":["a"]}"#;
    let shown = "__name: P\nA: \"9223372036854775808\"\nok: true\nt:\n    - a\nx: 2\n";
    assert_eq!(saved(&module, "load_json", text, &Target::Record("P", fields), "save_yaml"), shown);
}

#[test]
fn yaml_keys_are_in_natural_order() {
    let module = module_of(FUNCTIONS);
    let order = ["", "_a", "1", "2", "10", "A", "a1", "a2", "a10", "a10b", "aB", "ab", "é"];
    let pairs: Vec<String> = order.iter().rev().map(|key| format!("\"{key}\":0")).collect();
    let text = format!("{{{}}}", pairs.join(","));
    let shown = saved(&module, "load_json", text.as_bytes(), &Any, "save_yaml");
    let keys: Vec<&str> = shown.lines().map(|line| line.trim_end_matches(": 0").trim_matches('"')).collect();
    assert_eq!(keys, order);
}

#[test]
fn yaml_texts_are_quoted_where_they_have_to_be() {
    let module = module_of(FUNCTIONS);
    for (text, shown) in [
        ("plain text", "plain text"),
        ("", "\"\""),
        ("é€", "é€"),
        ("a:b, c#d [x] {y} - z", "a:b, c#d [x] {y} - z"),
        // What would be read as something else.
        ("null", "\"null\""),
        ("~", "\"~\""),
        ("True", "\"True\""),
        ("yes", "\"yes\""),
        ("Off", "\"Off\""),
        ("y", "\"y\""),
        ("12", "\"12\""),
        ("-1.5", "\"-1.5\""),
        ("1e3", "\"1e3\""),
        ("0x1F", "\"0x1F\""),
        ("1_000", "\"1_000\""),
        (".inf", "\".inf\""),
        ("<<", "\"<<\""),
        ("12:30", "\"12:30\""),
        ("1:60", "1:60"),
        ("2024-01-31", "\"2024-01-31\""),
        ("2024-02-30", "2024-02-30"),
        ("2024-01-31 12:00:00", "\"2024-01-31 12:00:00\""),
        ("2024-01-31T12:00:00Z", "\"2024-01-31T12:00:00Z\""),
        ("2024-01-31T12:00:00", "2024-01-31T12:00:00"),
        ("1.2.3", "1.2.3"),
        ("nULL", "nULL"),
        // Marks and blanks.
        ("- a", "'- a'"),
        ("-a", "-a"),
        ("#a", "'#a'"),
        ("a #b", "'a #b'"),
        ("a: b", "'a: b'"),
        ("a:", "'a:'"),
        ("[a]", "'[a]'"),
        ("it's", "it's"),
        ("'a'", "'''a'''"),
        ("@a", "'@a'"),
        ("---", "'---'"),
        (" a", "' a'"),
        ("a ", "'a '"),
        // What only double quotes can have.
        ("a\\tb", "\"a\\tb\""),
        ("a\\u0000\\u0007\\u001b\\u0085\\u009f\\ufeff", "\"a\\0\\a\\e\\N\\x9F\\uFEFF\""),
        ("\u{1F600}\\\\", "\"\\U0001F600\\\\\""),
        // Lines.
        ("a\\nb", "|-\n    a\n    b"),
        ("a\\nb\\n", "|\n    a\n    b"),
        ("a\\n\\n", "|+\n    a\n"),
        ("\\na", "|4-\n\n    a"),
        ("  a\\nb", "|4-\n      a\n    b"),
        ("a\\n\\tb", "|-\n    a\n    \tb"),
        ("a \\nb", "\"a \\nb\""),
        ("a\\nb ", "\"a\\nb \""),
        ("a\\n\\u0001", "\"a\\n\\x01\""),
    ] {
        let json = format!("{{\"k\":\"{text}\"}}");
        let yaml = saved(&module, "load_json", json.as_bytes(), &Any, "save_yaml");
        assert_eq!(yaml, format!("k: {shown}\n"));
        // What is written is read as the same.
        assert_eq!(
            load(&module, "load_yaml", yaml.as_bytes(), &Any),
            load(&module, "load_json", json.as_bytes(), &Any),
            "{yaml}"
        );
    }
    let yaml = saved(&module, "load_json", br#"[{"a b: c":"x\ny","n":["\n z"]},{}]"#, &Any, "save_yaml");
    assert_eq!(yaml, "- 'a b: c': |-\n    x\n    y\n  \"n\":\n    - |2-\n\n       z\n- {}\n");
}
