//! Tools of `generate`: functions of the program that a model calls before it answers.

use crate::server::{Reply, Server};
use crate::support::Bench;
use serde_json::{Value, json};
use std::sync::Mutex;

fn output(bench: &Bench, text: &str, flags: &[&str]) -> String {
    let done = bench.run(text, flags);
    // Strict checking would have tools of one type.
    let is_silent = done.stderr.lines().all(|line| !line.starts_with("error"));
    assert!(done.code == Some(0) && is_silent, "{text}\n{}{}", done.stdout, done.stderr);
    done.stdout
}

fn failure(bench: &Bench, text: &str, flags: &[&str]) -> String {
    let done = bench.run(text, flags);
    assert_eq!(done.code, Some(1), "{text}\n{}{}", done.stdout, done.stderr);
    done.stderr.lines().find(|line| line.starts_with("error")).unwrap_or_default().to_owned()
}

/// A message with calls of tools: id, name, arguments.
fn calls(calls: &[(&str, &str, &str)]) -> Value {
    let call = |&(id, name, arguments): &(&str, &str, &str)| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    json!({"role": "assistant", "content": null, "tool_calls": calls.iter().map(call).collect::<Vec<_>>()})
}

fn text(content: &str) -> Value {
    json!({"role": "assistant", "content": content})
}

/// A service that says these messages one after the other.
fn service(messages: Vec<Value>) -> Server {
    let messages = Mutex::new(messages.into_iter());
    Server::new(move |_| match messages.lock().expect("a lock").next() {
        Some(message) => Reply::Json(200, json!({"choices": [{"message": message}]}).to_string()),
        None => Reply::Json(500, "{}".to_owned()),
    })
}

fn bodies(server: &Server) -> Vec<Value> {
    server.asked().iter().map(|asked| serde_json::from_str(&asked.body).expect("JSON")).collect()
}

const WEATHER: &str = r#"/// What the weather is
/// at some place.
fun weather(city: string, days: int, unit: string?): map<string, any> {
  print("asked for", city, days, unit)
  return { "city": city, "degrees": 20.5 + float(days), "unit": unit }
}
fun now() { }
let said = generate text {
  prompt: "Is it warm?",
  tools: [weather, now { description: "The " + "time" }],
  temperature: 0.5,
  tool_choice: "required"
}
print(said)
"#;

#[test]
fn a_model_calls_functions_before_it_answers() {
    let bench = Bench::new();
    let first = calls(&[
        ("c1", "weather", r#"{"city": "Oslo", "days": 2.0}"#),
        ("c2", "weather", r#"{"unit": "C", "days": 3, "city": "Rome", "more": [1]}"#),
        ("c3", "now", ""),
    ]);
    let server = service(vec![first.clone(), calls(&[("c4", "now", "{}")]), text("It is.")]);
    let said = output(&bench, WEATHER, &["--llm", &server.url("")]);
    assert_eq!(said, "asked for Oslo 2 nil\nasked for Rome 3 C\nIt is.\n");
    let asked = bodies(&server);
    let schema = json!({
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"type": "string"}},
        "required": ["city", "days"],
    });
    let nothing = json!({"type": "object", "properties": {}, "required": []});
    let tool = |name: &str, description: &str, parameters: &Value| json!({"type": "function", "function": {"name": name, "description": description, "parameters": parameters}});
    let tools = [tool("weather", "What the weather is\nat some place.", &schema), tool("now", "The time", &nothing)];
    let user = json!({"role": "user", "content": "Is it warm?"});
    assert_eq!(asked[0], json!({"messages": [user], "tools": tools, "tool_choice": "required", "temperature": 0.5}));
    // What a model must call, it must call once.
    let result = |id: &str, content: &str| json!({"role": "tool", "tool_call_id": id, "content": content});
    let mut messages = vec![
        user,
        json!({"role": "assistant", "content": "", "tool_calls": first["tool_calls"]}),
        result("c1", r#"{"city":"Oslo","degrees":22.5,"unit":null}"#),
        result("c2", r#"{"city":"Rome","degrees":23.5,"unit":"C"}"#),
        result("c3", "null"),
    ];
    assert_eq!(asked[1], json!({"messages": messages, "tools": tools, "temperature": 0.5}));
    let second = calls(&[("c4", "now", "{}")]);
    messages.push(json!({"role": "assistant", "content": "", "tool_calls": second["tool_calls"]}));
    messages.push(result("c4", "null"));
    assert_eq!(asked[2]["messages"], json!(messages));
    assert_eq!(asked.len(), 3);
}

#[test]
fn arguments_become_what_the_parameters_say() {
    let bench = Bench::new();
    let program = r#"type Point { x: int, y: float }
type Shape { name: string, corners: list<Point> }
fun area(of: Shape, by: map<string, float>, exact: bool, more): string {
  print(of.name, len(of.corners), of.corners[1].x / 2, by["w"] + 0.5, exact, more)
  return "text \"as\" it is"
}
fun total(xs: list<int>): list<int> { return xs + [sum(xs)] }
type Answer { area: float, note: string }
let a = generate Answer { prompt: "?", tools: [area, total] }
print(a.area / 2.0, a.note)
"#;
    let arguments = r#"{"of": {"name": "square", "corners": [{"x": 1, "y": 2}, {"x": 7.0, "y": 0.5}], "tag": 1},
        "by": {"w": 2}, "exact": true, "more": [1, "two"]}"#;
    let server = service(vec![
        calls(&[("1", "area", arguments), ("2", "total", r#"{"xs": [1, 2.0, 3]}"#)]),
        text(r#"{"area": 3, "note": "n"}"#),
    ]);
    assert_eq!(output(&bench, program, &["--llm", &server.url("")]), "square 2 3 2.5 true [1.0, \"two\"]\n1.5 n\n");
    let asked = bodies(&server);
    let messages = asked[1]["messages"].as_array().expect("messages");
    assert_eq!(messages[2]["content"], "text \"as\" it is");
    assert_eq!(messages[3]["content"], "[1,2,3,6]");
    let point = json!({
        "type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "number"}}, "required": ["x", "y"],
    });
    let properties = &asked[0]["tools"][0]["function"]["parameters"]["properties"];
    assert_eq!(properties["of"]["properties"]["corners"], json!({"type": "array", "items": point}));
    assert_eq!(properties["by"], json!({"type": "object", "additionalProperties": {"type": "number"}}));
    assert_eq!(properties["more"], json!({}));
    assert_eq!(asked[0]["tools"][0]["function"]["description"], "Call the area function");
    assert_eq!(asked[1]["response_format"]["type"], "json_schema");
}

#[test]
fn tools_see_what_functions_see() {
    let bench = Bench::new();
    bench.write(
        "units.mochi",
        "type Length { meters: float }\nvar asked = 0\nexport fun feet(of: Length): float { asked = asked + 1 return of.meters * 3.0 + float(asked) }\n",
    );
    let program = r#"import "./units" as units
var calls = 0
fun search(word: string): string {
  calls = calls + 1
  fun inner(n: int): int { calls = calls + n return n + len(word) }
  // A question of its own, while another one waits.
  return generate text { prompt: "{\"n\": 5}", tools: [inner], tool_choice: "inner" }
}
print(generate text { prompt: "{\"word\": \"tea\"}", tools: [search], tool_choice: "search" }, calls)
print(generate text { prompt: "{\"of\": {\"meters\": 2}}", tools: [units.feet], tool_choice: "feet" })
let described = generate text {
  prompt: "{\"of\": {\"meters\": 2}}",
  tools: [search { description: "Finds" }, units.feet],
  tool_choice: "feet"
}
print(described)
print(generate text { prompt: "as it is", tools: [search], tool_choice: "auto" })
print(generate text { prompt: "without", tools: [] })
"#;
    let expected = "8 6\n7\n8\nas it is\nwithout\n";
    assert_eq!(output(&bench, program, &["--llm", "echo"]), expected);
    assert_eq!(output(&bench, program, &["--llm", "echo", "--record", "said.jsonl"]), expected);
    assert_eq!(output(&bench, program, &["--replay", "said.jsonl"]), expected);
}

#[test]
fn calls_are_recorded_as_people_write_them() {
    let bench = Bench::new();
    let program = "fun add(a: int, b: int): int { return a + b }\nprint(generate text { prompt: \"?\", tools: [add] })";
    bench.write(
        "own.json",
        r#"{"request": {"method": "GENERATE", "url": "llm:"},
            "answer": {"calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}, {"name": "add", "arguments": "{\"a\": 3, \"b\": 4}"}]}}
           {"request": {"method": "GENERATE", "url": "llm:"}, "answer": {"text": "done"}}"#,
    );
    assert_eq!(output(&bench, program, &["--replay", "own.json"]), "done\n");
}

#[test]
fn calls_that_make_no_sense_end_the_program() {
    let bench = Bench::new();
    let program = "fun f(a: int, b: string): int { return a }\nprint(generate text { prompt: \"?\", tools: [f] })";
    for (name, arguments, said) in [
        ("g", "{}", "cannot generate: unknown tool g"),
        ("f", r#"{"a": 1}"#, "cannot generate: the model calls f without `b`"),
        ("f", "[1]", "cannot generate: the arguments of f are no object"),
        ("f", r#"{"a": 1, "b": 2}"#, "cannot cast float64 to string"),
        ("f", r#"{"a": 1, "b": "#, ""),
    ] {
        let server = service(vec![calls(&[("1", name, arguments)]), text("no")]);
        let failed = failure(&bench, program, &["--llm", &server.url("")]);
        assert!(failed.starts_with(&format!("error: {said}")), "{name} {arguments}: {failed}");
        assert_eq!(server.asked().len(), 1);
    }
    let endless = Server::new(|_| {
        let message = calls(&[("1", "f", r#"{"a": 1, "b": "x"}"#)]);
        Reply::Json(200, json!({"choices": [{ "message": message }]}).to_string())
    });
    let failed = failure(&bench, program, &["--llm", &endless.url("")]);
    assert_eq!(failed, "error: cannot generate: the model still calls tools after 100 answers");
    assert_eq!(endless.asked().len(), 101);
}
