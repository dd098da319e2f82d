//! `generate`: who is asked what, what becomes of the answer, and what it is not allowed.

use crate::server::{AUTHORITY, Reply, Server};
use crate::support::{Bench, Done};
use serde_json::{Value, json};

fn run(bench: &Bench, text: &str, flags: &[&str], key: Option<&str>) -> Done {
    bench.write("p.mochi", text);
    let mut args = vec!["run", "--no-cache", "--debug-memory"];
    args.extend(flags);
    args.push("p.mochi");
    let mut command = bench.command(args);
    if let Some(key) = key {
        command.env("MOCHI_LLM_KEY", key);
    }
    Done::of(command.output().expect("the tool runs"))
}

fn output(bench: &Bench, text: &str, flags: &[&str]) -> String {
    let done = run(bench, text, flags, None);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{text}\n{}", done.stdout);
    done.stdout
}

fn failure(bench: &Bench, text: &str, flags: &[&str]) -> String {
    let done = run(bench, text, flags, None);
    assert_eq!(done.code, Some(1), "{text}\n{}{}", done.stdout, done.stderr);
    done.stderr.lines().next().unwrap_or_default().to_owned()
}

/// A service that answers with this text.
fn service(text: &'static str) -> Server {
    Server::new(move |_| Reply::Json(200, json!({"choices": [{"message": {"content": text}}]}).to_string()))
}

#[test]
fn no_model_is_granted_by_default() {
    let bench = Bench::new();
    for text in ["print(generate text { prompt: \"a\" })", "print(generate embedding { text: \"a\" })"] {
        let said = failure(&bench, text, &["--allow-net", "*"]);
        assert_eq!(said, "error: cannot generate: no model is granted; --llm PROVIDER grants one");
    }
}

#[test]
fn echo_gives_the_prompt_back() {
    let bench = Bench::new();
    let text = r#"type Person { name: string, age: int }
model quick {
  provider: "echo"
  name: "test"
}
print(generate text { model: "quick", prompt: "spring" + " rain" })
let p = generate Person { prompt: "{\"name\": \"Ann\", \"age\": 30.0}" }
print(p.name, p.age / 4)
let v = generate embedding { text: "hi" }
print(len(v), v[0] + 0.5)
print(generate embedding { text: "aaaa", normalize: true })
"#;
    let expected = "spring rain\nAnn 7\n2 104.5\n[0.5, 0.5, 0.5, 0.5]\n";
    assert_eq!(output(&bench, text, &["--llm", "echo"]), expected);
}

#[test]
fn a_service_is_asked_in_its_words() {
    let bench = Bench::new();
    let server = service("{\"name\": \"Ann\", \"tags\": [\"a\"], \"home\": {\"city\": \"Oslo\"}}");
    let text = r#"type Home { city: string }
type Person { name: string, tags: list<string>, home: Home, scores: map<string, float> }
model big {
  provider: "openai"
  name: "big-1"
  temperature: 0.25
  seed: 7
}
let p = generate Person { model: "big", prompt: "who?", seed: 8, stop: ["\n", "."], max_tokens: 50 }
print(p)
"#;
    let done = run(&bench, text, &["--llm", &server.url("/v1/")], Some("k-123"));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.starts_with("error: missing field scores for Person"), "{}", done.stderr);
    let asked = &server.asked()[0];
    assert_eq!(asked.line, "POST /v1/chat/completions");
    assert_eq!(asked.header("authorization"), Some("Bearer k-123"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_str(&asked.body).expect("JSON");
    let schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "home": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            "scores": {"type": "object", "additionalProperties": {"type": "number"}},
        },
        "required": ["home", "name", "scores", "tags"],
    });
    let expected = json!({
        "model": "big-1",
        "messages": [{"role": "user", "content": "who?"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
        "max_tokens": 50,
        "temperature": 0.25,
        "stop": ["\n", "."],
        "seed": 8,
    });
    assert_eq!(body, expected);
}

#[test]
fn the_operator_names_a_model_where_the_program_does_not() {
    let bench = Bench::new();
    let server = service("fine");
    let text = r#"model small { provider: "x" name: "s-1" }
let names = ["small", "other:o-2", ""]
for name in names {
  print(generate text { model: name, prompt: "how?" })
}
print(generate text { prompt: "how?" })
"#;
    assert_eq!(output(&bench, text, &["--llm", &server.url(""), "--llm-model", "m-0"]), "fine\n".repeat(4));
    let models: Vec<Value> = server
        .asked()
        .iter()
        .map(|asked| serde_json::from_str::<Value>(&asked.body).expect("JSON")["model"].clone())
        .collect();
    assert_eq!(models, ["s-1", "o-2", "m-0", "m-0"]);
}

#[test]
fn embeddings_are_lists_of_floats() {
    let bench = Bench::new();
    let server = Server::new(|_| Reply::Json(200, json!({"data": [{"embedding": [0.25, -3, 1e-3]}]}).to_string()));
    let text = "let v = generate embedding { model: \"e\", text: \"tea\" }\nprint(v, v[1] * 2.0)\n";
    assert_eq!(output(&bench, text, &["--llm", &server.url("")]), "[0.25, -3.0, 0.001] -6\n");
    let body: Value = serde_json::from_str(&server.asked()[0].body).expect("JSON");
    assert_eq!((server.asked()[0].line.as_str(), body), ("POST /embeddings", json!({"model": "e", "input": "tea"})));
}

#[test]
fn what_a_service_refuses_is_a_failure_that_keeps_the_key() {
    let bench = Bench::new();
    let server = Server::new(|asked| {
        let key = asked.header("authorization").unwrap_or_default().trim_start_matches("Bearer ").to_owned();
        Reply::Json(401, json!({"error": {"message": format!("wrong key {key}")}}).to_string())
    });
    let text = "print(generate text { prompt: \"a\" })";
    let done = run(&bench, text, &["--verbose", "--llm", &server.url("")], Some("k-secret"));
    assert_eq!(done.code, Some(1));
    assert!(
        done.stderr
            .starts_with("error: cannot generate: the provider answers 401: wrong key (the key)\n  at p.mochi:1"),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("k-secret") && !done.stdout.contains("k-secret"));
}

#[test]
fn answers_that_say_nothing_fail() {
    let bench = Bench::new();
    let server = Server::new(|asked| match asked.body.contains("\"html\"") {
        true => Reply::Json(200, "<html>".to_owned()),
        false => Reply::Json(500, "{}".to_owned()),
    });
    let flags = ["--llm", &server.url("")];
    let said = failure(&bench, "print(generate text { prompt: \"html\" })", &flags);
    assert_eq!(said, "error: cannot generate: the provider's answer is no JSON");
    let said = failure(&bench, "print(generate text { prompt: \"b\" })", &flags);
    assert_eq!(said, "error: cannot generate: the provider answers 500");
    let said = failure(&bench, "print(generate embedding { text: \"html\" })", &flags);
    assert_eq!(said, "error: cannot generate: the provider's answer is no JSON");
    let prose = service("I am Ann.");
    let text = "type P { name: string }\nprint(generate P { prompt: \"who?\" })";
    assert!(failure(&bench, text, &["--llm", &prose.url("")]).starts_with("error: "));
}

#[test]
fn answers_are_recorded_and_replayed() {
    let bench = Bench::new();
    let server = service("by hand");
    let text = "print(generate text { model: \"x:m\", prompt: \"how?\" })";
    let first = output(&bench, text, &["--llm", &server.url(""), "--record", "answers.jsonl"]);
    assert_eq!(output(&bench, text, &["--replay", "answers.jsonl"]), first);
    assert_eq!(server.asked().len(), 1);
    let said = failure(&bench, "print(generate text { prompt: \"why?\" })", &["--replay", "answers.jsonl"]);
    assert!(said.ends_with("answers.jsonl has no answer to GENERATE llm:"), "{said}");
    // As a person writes it.
    bench.write(
        "own.json",
        r#"{ "request": { "method": "GENERATE", "url": "llm:" }, "answer": { "text": "anything" } }
           { "request": { "method": "EMBED", "url": "llm:" }, "answer": { "json": [1, 2.5] } }"#,
    );
    let text = "print(generate text { prompt: \"why?\" })\nprint(generate embedding { text: \"why?\" })\n";
    assert_eq!(output(&bench, text, &["--replay", "own.json"]), "anything\n[1.0, 2.5]\n");
}

#[test]
fn what_cannot_be_generated_is_said_when_compiling() {
    let bench = Bench::new();
    for (text, said) in [
        ("print(generate Nobody { prompt: \"a\" })", "unknown type: Nobody"),
        ("type U = A { x: int } | B { y: int }\nprint(generate A { prompt: \"a\" })", "unknown type: A"),
        ("let t = []\nprint(generate text { prompt: \"a\", tools: t })", "tools other than a list of functions"),
        ("print(generate text { prompt: \"a\", tools: [upper] })", "tools that are not functions"),
        ("print(generate text { prompt: \"a\", tools: [fun(x) => x] })", "tools that are not functions"),
        ("fun f() {}\nlet g = f\nprint(generate text { tools: [g] })", "tools that are not functions"),
        ("fun f() {}\nprint(generate text { tools: [f, f] })", "two tools of the name `f`"),
        ("fun f() {}\nprint(generate text { tools: [f { doc: \"x\" }] })", "fields of tools other than `description`"),
        ("fun f() {}\nprint(generate embedding { text: \"x\", tools: [f] })", "tools of embeddings"),
    ] {
        bench.write("p.mochi", text);
        let done = bench.tool(["check", "p.mochi"]);
        assert_eq!(done.code, Some(1), "{text}");
        assert!(done.stderr.contains(said), "{text}: {}", done.stderr);
    }
}

#[test]
fn a_whole_answer_of_a_service_is_understood() {
    let bench = Bench::new();
    let answer = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "m-1-2026",
        "choices": [
            {
                "index": 0, "finish_reason": "stop", "logprobs": null,
                "message": {"role": "assistant", "content": "Grün & <fine>\n", "refusal": null, "tool_calls": []},
            },
            {"index": 1, "finish_reason": "stop", "message": {"role": "assistant", "content": "another"}},
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
        "system_fingerprint": "fp",
    });
    let server = Server::new(move |_| Reply::Json(200, answer.to_string()));
    let text = "let t = generate text { prompt: \"how?\" }\nprint(t + \"!\", len(t))\n";
    assert_eq!(output(&bench, text, &["--llm", &server.url("")]), "Grün & <fine>\n! 14\n");
}

#[test]
fn conversations_begin_as_the_program_says() {
    let bench = Bench::new();
    let server = service("yes");
    let text = r#"model careful { name: "c" system: "Be brief." }
print(generate text { model: "careful", prompt: "a?" })
print(generate text {
  messages: [{ role: "user", content: "one?" }, { role: "assistant", content: "two" }, { role: "user" }],
  prompt: "three?"
})
print(generate text { messages: [{ role: "user", content: "alone" }] })
print(generate text { top_p: 0.5 })
"#;
    assert_eq!(output(&bench, text, &["--llm", &server.url("")]), "yes\n".repeat(4));
    let bodies: Vec<Value> =
        server.asked().iter().map(|asked| serde_json::from_str(&asked.body).expect("JSON")).collect();
    let said = |role: &str, content: &str| json!({"role": role, "content": content});
    assert_eq!(bodies[0], json!({"model": "c", "messages": [said("system", "Be brief."), said("user", "a?")]}));
    let messages = [said("user", "one?"), said("assistant", "two"), said("user", "three?")];
    assert_eq!(bodies[1], json!({ "messages": messages }));
    assert_eq!(bodies[2], json!({"messages": [said("user", "alone")]}));
    assert_eq!(bodies[3], json!({"messages": [said("user", "")], "top_p": 0.5}));
}

#[test]
fn models_that_the_program_chooses_bring_their_settings() {
    let bench = Bench::new();
    let server = service("fine");
    let text = r#"var seed = 1
model small { provider: "x" name: "s-1" seed: seed stop: "." base_url: "http://elsewhere" }
model large { temperature: 0.5 max_tokens: 7 }
for name in ["small", "large", "other"] {
  seed = seed + 1
  print(generate text { model: name, prompt: "how?", max_tokens: 9 })
}
fun chosen(): any { return none }
print(generate text { model: chosen(), prompt: "how?" })
"#;
    assert_eq!(output(&bench, text, &["--llm", &server.url("")]), "fine\n".repeat(4));
    let bodies: Vec<Value> =
        server.asked().iter().map(|asked| serde_json::from_str(&asked.body).expect("JSON")).collect();
    let messages = json!([{"role": "user", "content": "how?"}]);
    assert_eq!(
        bodies,
        [
            json!({"model": "s-1", "messages": messages, "max_tokens": 9, "seed": 2, "stop": ["."]}),
            json!({"model": "large", "messages": messages, "max_tokens": 9, "temperature": 0.5}),
            json!({"model": "other", "messages": messages, "max_tokens": 9}),
            json!({ "messages": messages }),
        ]
    );
}

#[test]
fn embeddings_have_parameters() {
    let bench = Bench::new();
    let answer = json!({
        "object": "list", "model": "e", "usage": {"prompt_tokens": 1, "total_tokens": 1},
        "data": [{"object": "embedding", "index": 0, "embedding": [3, 4]}],
    });
    let server = Server::new(move |_| Reply::Json(200, answer.to_string()));
    let text = r#"model e { dimensions: 2 user: "u" }
for name in ["e", "f"] {
  print(generate embedding { model: name, text: "tea", normalize: name == "e" })
}
print(generate embedding { text: "tea", dimensions: 1 + 1, encoding_format: "float" })
"#;
    assert_eq!(output(&bench, text, &["--llm", &server.url("")]), "[0.6, 0.8]\n[3.0, 4.0]\n[3.0, 4.0]\n");
    let bodies: Vec<Value> =
        server.asked().iter().map(|asked| serde_json::from_str(&asked.body).expect("JSON")).collect();
    assert_eq!(
        bodies,
        [
            json!({"model": "e", "input": "tea", "dimensions": 2, "user": "u"}),
            json!({"model": "f", "input": "tea"}),
            json!({"input": "tea", "dimensions": 2, "encoding_format": "float"}),
        ]
    );
}

#[test]
fn what_goes_wrong_at_a_service_is_told() {
    let bench = Bench::new();
    let server = Server::new(|asked| match asked.body {
        ref body if body.contains("often") => {
            Reply::Json(429, json!({"error": {"message": "Rate limit reached", "type": "requests"}}).to_string())
        }
        ref body if body.contains("cut") => Reply::Json(200, "{\"choices\": [{\"message\":".to_owned()),
        ref body if body.contains("nothing") => Reply::Json(200, "{\"choices\": []}".to_owned()),
        ref body if body.contains("nameless") => {
            let calls = json!([{"id": "1", "type": "function", "function": {"arguments": "{}"}}]);
            Reply::Json(200, json!({"choices": [{"message": {"tool_calls": calls}}]}).to_string())
        }
        _ => Reply::Never(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec()),
    });
    let flags = ["--llm", &server.url(""), "--llm-timeout", "300ms"];
    for (prompt, said) in [
        ("often", "the provider answers 429: Rate limit reached"),
        ("cut", "the provider's answer is no JSON"),
        ("nothing", "the provider's answer has no text"),
        ("nameless", "the provider's answer has no text"),
        ("slow", "time-out"),
    ] {
        let text = format!("print(generate text {{ prompt: \"{prompt}\" }})");
        assert_eq!(failure(&bench, &text, &flags), format!("error: cannot generate: {said}"));
    }
    let refusing = Server::new(|_| Reply::Json(401, "Unauthorized".to_owned()));
    let text = "print(generate embedding { text: \"a\" })";
    let said = failure(&bench, text, &["--llm", &refusing.url("")]);
    assert_eq!(said, "error: cannot generate: the provider answers 401");
    let done = run(&bench, text, &["--llm", "echo", "--llm-timeout", "soon"], None);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
}

#[test]
fn a_provider_can_be_asked_over_https() {
    let bench = Bench::new();
    let server =
        Server::secure(|_| Reply::Json(200, json!({"choices": [{"message": {"content": "safe"}}]}).to_string()));
    bench.write("trusted.pem", AUTHORITY);
    bench.write("p.mochi", "print(generate text { prompt: \"a\" })");
    let ask = |certificates: &str| {
        let mut command = bench.command(["run", "--no-cache", "--llm", &server.url("/v1"), "p.mochi"]);
        command.env("MOCHI_LLM_KEY", "k-1").env("SSL_CERT_FILE", certificates);
        Done::of(command.output().expect("the tool runs"))
    };
    let done = ask("trusted.pem");
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "safe\n"), "{}", done.stderr);
    assert_eq!(server.asked()[0].header("authorization"), Some("Bearer k-1"));
    // The public authorities do not vouch for it.
    let done = ask("");
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.starts_with("error: cannot generate: ") && done.stderr.contains("certificate"));
    assert_eq!(server.asked().len(), 1);
}
