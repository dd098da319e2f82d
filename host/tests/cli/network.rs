//! `fetch`: what it asks, what becomes of the answer, and what it is not allowed.

use crate::server::{AUTHORITY, Reply, Server};
use crate::support::{Bench, Done};
use std::time::{Duration, Instant};

/// The output of a program that ends well.
fn output(bench: &Bench, text: &str, flags: &[&str]) -> String {
    let done = bench.run(text, flags);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{text}\n{}", done.stdout);
    done.stdout
}

/// The first line of what a program says that fails in its first line.
fn failure(bench: &Bench, text: &str, flags: &[&str]) -> String {
    let done = bench.run(text, flags);
    assert_eq!(done.code, Some(1), "{text}\n{}{}", done.stdout, done.stderr);
    let mut lines = done.stderr.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    // What was read may have a place of its own.
    let place = lines.find(|line| !line.starts_with("  in "));
    assert_eq!(place, Some("  at p.mochi:1"), "{}", done.stderr);
    first
}

#[test]
fn an_answer_is_a_value() {
    let bench = Bench::new();
    let answer = r#"{"id": 7, "title": "tea", "done": true, "parts": [1, 2.5, null], "who": {"name": "Ann"}}"#;
    let server = Server::new(move |_| Reply::Json(200, answer.to_owned()));
    let text = format!(
        r#"type Who {{ name: string }}
type Todo {{ id: int, title: string, who: Who }}
let url = "{}"
let t = fetch url
print(t.id, t.title, t["done"], t.parts[1], len(t.parts), t.parts[2] == none)
let u = fetch url as Todo
print(u.id / 2, u.who.name)
let v = (fetch url with {{ timeout: 5 }}) as Todo
print(v)
"#,
        server.url("/todos/7?full")
    );
    let expected = "7 tea true 2.5 3 true\n3 Ann\n{\"__name\": \"Todo\", \"id\": 7, \"title\": \"tea\", \"who\": {\"__name\": \"Who\", \"name\": \"Ann\"}}\n";
    assert_eq!(output(&bench, &text, &["--allow-net", &server.host()]), expected);
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].line, "GET /todos/7?full");
    assert_eq!(asked[0].header("host"), Some(server.host().as_str()));
}

#[test]
fn options_make_the_request() {
    let bench = Bench::new();
    let server = Server::new(|_| Reply::Json(201, "[]".to_owned()));
    let text = format!(
        r#"type New {{ title: string, tags: list<string> }}
let r = fetch "{}" with {{
  method: "PUT",
  headers: {{ "X-Test": "yes", "Authorization": "Bearer t", "n": 5 }},
  query: {{ b: "x y&z", a: 1, "ä": true, c: 1.5 }},
  body: New {{ title: "tea", tags: ["a", "b"] }},
  timeout: 2.5
}}
print(r)
"#,
        server.url("/things?z=1&a=0#part")
    );
    assert_eq!(output(&bench, &text, &["--allow-net", &server.host()]), "[]\n");
    let asked = &server.asked()[0];
    assert_eq!(asked.line, "PUT /things?%C3%A4=true&a=1&b=x+y%26z&c=1.5&z=1");
    assert_eq!(asked.header("x-test"), Some("yes"));
    assert_eq!(asked.header("authorization"), Some("Bearer t"));
    // Values that are no strings are no headers.
    assert_eq!(asked.header("n"), None);
    assert!(asked.header("user-agent").is_some_and(|agent| agent.starts_with("mochi-wasm/")));
    assert!(asked.body.contains(r#""tags":["a","b"],"title":"tea""#), "{}", asked.body);
}

#[test]
fn bodies_and_paths_may_be_large_and_odd() {
    let bench = Bench::new();
    let server = Server::new(|asked| Reply::Json(200, format!("[{}, \"{}\"]", asked.body.len(), "x".repeat(200_000))));
    let text = format!(
        r#"let many = repeat("abc", 50000)
for method in ["POST", "DELETE", "GET", "FROB"] {{
  let r = fetch "{}/a b/ü" with {{ method: method, body: [many, none] }}
  print(r[0], len(r[1]))
}}
"#,
        server.url("")
    );
    assert_eq!(output(&bench, &text, &["--allow-net", &server.host()]), "150009 200000\n".repeat(4));
    let lines: Vec<String> = server.asked().iter().map(|asked| asked.line.clone()).collect();
    assert_eq!(lines, ["POST", "DELETE", "GET", "FROB"].map(|method| format!("{method} /a%20b/%C3%BC")));
}

#[test]
fn the_status_decides_nothing() {
    let bench = Bench::new();
    let server = Server::new(|asked| {
        let status = asked.line.trim_start_matches("GET /").parse().expect("a status");
        Reply::Json(status, format!("{{\"said\": {status}}}"))
    });
    let text = format!(
        "for status in [200, 201, 404, 418, 500, 503] {{\n  print((fetch \"{}/\" + str(status)).said)\n}}\n",
        server.url("")
    );
    assert_eq!(output(&bench, &text, &["--allow-net", &server.host()]), "200\n201\n404\n418\n500\n503\n");
}

#[test]
fn statements_declare_a_name_and_functions_ask_many_times() {
    let bench = Bench::new();
    let server = Server::new(|asked| Reply::Json(200, format!("\"{}\"", asked.line)));
    let text = format!(
        r#"fun ask(path: string): string {{
  return fetch "{0}" + path
}}
fetch "{0}/into" into got
fetch "{0}/other" into other with {{ method: "POST" }}
print(got, other)
fun later() {{ print(got) }}
var total = 0
for i in 0..20 {{
  total = total + len(ask("/" + str(i)))
}}
print(total)
later()
"#,
        server.url("")
    );
    assert_eq!(output(&bench, &text, &["--allow-net", "127.0.0.1"]), "GET /into POST /other\n130\nGET /into\n");
}

#[test]
fn the_network_is_denied_by_default() {
    let bench = Bench::new();
    let server = Server::new(|_| Reply::Json(200, "1".to_owned()));
    let text = format!("print(fetch \"{}\")", server.url("/secret"));
    let expected = format!(
        "error: cannot fetch {}: the network is denied; --allow-net {} permits it",
        server.url("/secret"),
        server.host()
    );
    let other_port = format!("127.0.0.1:{}", 1);
    // A name that leads here does not permit the address either.
    for flags in [&[][..], &["--allow-net", "example.com"], &["--allow-net", &other_port]] {
        assert_eq!(failure(&bench, &text, flags), expected, "{flags:?}");
    }
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn addresses_of_the_machine_must_be_named() {
    let bench = Bench::new();
    let server = Server::new(|_| Reply::Json(200, "1".to_owned()));
    let (_, port) =
        server.host().rsplit_once(':').map(|(host, port)| (host.to_owned(), port.to_owned())).expect("a port");
    let text = format!("print(fetch \"{}\")", server.url("/"));
    assert!(failure(&bench, &text, &["--allow-net", "*"]).contains("not a public one"));
    for odd in ["2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"] {
        let text = format!("print(fetch \"http://{odd}:{port}/\")");
        let said = failure(&bench, &text, &["--allow-net", "*"]);
        assert!(said.contains("not a public one") || said.contains("cannot fetch"), "{said}");
    }
    assert_eq!(server.asked().len(), 0);
    assert_eq!(output(&bench, &text, &["--allow-net", "*", "--allow-net", &server.host()]), "1\n");
    let text = format!("print(fetch \"http://localhost:{port}/\")");
    assert_eq!(output(&bench, &text, &["--allow-net", "localhost"]), "1\n");
}

#[test]
fn redirects_are_followed_as_far_as_they_may() {
    let bench = Bench::new();
    let elsewhere = Server::new(|asked| Reply::Json(200, format!("{:?}", asked.line)));
    let there = elsewhere.url("/there");
    let server = Server::new(move |asked| match asked.line.split(['/', ' ', '?']).nth(2).unwrap_or_default() {
        _ if asked.line.contains("again") => Reply::Json(200, format!("{:?}", asked.line)),
        "relative" => Reply::Redirect(302, "b/c?d=1".to_owned()),
        "absolute" => Reply::Redirect(301, "/end".to_owned()),
        "see" => Reply::Redirect(303, "/end".to_owned()),
        "keep" => Reply::Redirect(307, "kept".to_owned()),
        "query" => Reply::Redirect(308, "?again".to_owned()),
        "away" => Reply::Redirect(302, there.clone()),
        "loop" => Reply::Redirect(302, "/loop".to_owned()),
        "file" => Reply::Redirect(302, "file:///etc/passwd".to_owned()),
        _ => Reply::Json(200, format!("{:?}", format!("{} {}", asked.line, asked.body))),
    });

    let ask = |path: &str, with: &str| format!("print(fetch \"{}\"{with})", server.url(path));
    let post = " with { method: \"POST\", body: 1, headers: {\"Authorization\": \"x\", \"X-A\": \"y\"} }";
    let flags = ["--allow-net", &server.host()];
    for (path, with, expected) in [
        ("/relative", "", "GET /b/c?d=1 "),
        ("/absolute", "", "GET /end "),
        ("/see", post, "GET /end "),
        ("/absolute", post, "GET /end "),
        ("/keep", post, "POST /kept 1"),
        ("/query?x", "", "GET /query?again"),
    ] {
        assert_eq!(output(&bench, &ask(path, with), &flags), format!("{expected}\n"), "{path}");
    }
    let text = ask("/loop", "");
    assert_eq!(failure(&bench, &text, &flags), "error: fetch stopped after 10 redirects");
    assert_eq!(server.asked().iter().filter(|asked| asked.line == "GET /loop").count(), 11);
    assert_eq!(failure(&bench, &ask("/file", ""), &flags), "error: fetch supports http, https and file URLs only");
    // Each host on the way needs to be granted, and what proves who asks stays with the first.
    assert!(failure(&bench, &ask("/away", post), &flags).contains(&format!("--allow-net {}", elsewhere.host())));
    let flags = ["--allow-net", &server.host(), "--allow-net", &elsewhere.host()];
    assert_eq!(output(&bench, &ask("/away", post), &flags), "GET /there\n");
    let asked = &elsewhere.asked()[0];
    assert_eq!((asked.header("authorization"), asked.header("x-a")), (None, Some("y")));
}

#[test]
fn answers_that_are_no_json_fail() {
    let bench = Bench::new();
    let server = Server::new(|asked| match asked.line.as_str() {
        "GET /html" => Reply::Json(404, "<html>not found</html>".to_owned()),
        "GET /cut" => Reply::Json(200, "{\"a\": [1, 2".to_owned()),
        "GET /two" => Reply::Json(200, "1 2".to_owned()),
        "GET /short" => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\": 1}".to_vec()),
        "GET /nonsense" => Reply::Raw(b"hello\r\n\r\n".to_vec()),
        _ => Reply::Json(200, String::new()),
    });
    for path in ["/html", "/cut", "/two", "/short", "/nonsense", "/empty"] {
        let said = failure(&bench, &format!("print(fetch \"{}\")", server.url(path)), &["--allow-net", &server.host()]);
        assert!(said.starts_with("error: "), "{path}: {said}");
    }
}

#[test]
fn silent_and_endless_servers_are_left() {
    let bench = Bench::new();
    let server = Server::new(|asked| match asked.line.as_str() {
        "GET /endless" => Reply::Endless,
        "GET /head" => Reply::Never(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1,".to_vec()),
        _ => Reply::Never(Vec::new()),
    });
    let flags = ["--allow-net", &server.host()];
    let text = format!("print(fetch \"{}\")", server.url("/endless"));
    assert!(failure(&bench, &text, &flags).ends_with("the answer is larger than 64 MiB"));
    let started = Instant::now();
    let text = format!("print(fetch \"{}\" with {{ timeout: 0.3 }})", server.url("/head"));
    assert!(failure(&bench, &text, &flags).ends_with("response time-out"));
    // The program's own limit also holds while it waits.
    let text = format!("print(\"asking\")\nprint(fetch \"{}\")", server.url("/never"));
    let done = bench.run(&text, &["--timeout", "500ms", "--allow-net", &server.host()]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(124), "asking\n"), "{}", done.stderr);
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}

#[test]
fn nobody_there_is_a_failure() {
    let bench = Bench::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let text = format!("print(fetch \"http://{address}/a?key=secret\")");
    let expected = format!("error: cannot fetch http://{address}/a: connection refused");
    assert_eq!(failure(&bench, &text, &["--allow-net", &address]), expected);
}

#[test]
fn what_is_no_request_fails() {
    let bench = Bench::new();
    for (text, said) in [
        ("print(fetch 5)", "fetch URL must be string"),
        ("print(fetch \"ftp://a.test/\")", "fetch supports http, https and file URLs only"),
        ("print(fetch \"http:///a\")", "fetch URL has no host"),
        ("print(fetch \"http://u:p@a.test/\")", "fetch URL must hold no password: a header can"),
        ("print(fetch \"http://a.test/\" with [1])", "fetch options must be a map"),
        ("print(fetch \"http://a.test/\" with { headers: {\"a b\": \"c\"} })", "fetch cannot send an invalid header"),
        (
            "print(fetch \"http://a.test/\" with { headers: {\"a\": \"c\\nd: e\"} })",
            "fetch cannot send an invalid header",
        ),
        ("print(fetch \"http://a.test/\" with { headers: {\"Host\": \"b\"} })", "fetch cannot send an invalid header"),
        ("print(fetch \"http://a.test/\" with { method: \"A B\" })", "cannot fetch http://a.test/: invalid method"),
        ("print(fetch \"http://a b/\")", "cannot fetch http://a b/: invalid URL"),
    ] {
        assert_eq!(failure(&bench, text, &["--allow-net", "*"]), format!("error: {said}"), "{text}");
    }
}

#[test]
fn answers_can_be_recorded_and_replayed() {
    let bench = Bench::new();
    let server = Server::new(|asked| match asked.line.as_str() {
        "GET /moved" => Reply::Redirect(302, "/a".to_owned()),
        _ => Reply::Json(404, format!("{{\"line\": \"{}\", \"n\": 1.50}}", asked.line)),
    });
    let text = format!(
        "print(fetch \"{0}/moved\")\nprint(fetch \"{0}/b\" with {{ method: \"POST\", body: {{x: 1}}, headers: {{\"Authorization\": \"hush\"}} }})\n",
        server.url("")
    );
    let first = output(&bench, &text, &["--allow-net", &server.host(), "--record", "answers.jsonl"]);
    let asked = server.asked().len();
    assert_eq!(asked, 3);
    let recorded = String::from_utf8(bench.read("answers.jsonl")).expect("UTF-8");
    assert_eq!(recorded.lines().count(), 3);
    assert!(!recorded.contains("hush"), "{recorded}");
    assert_eq!(output(&bench, &text, &["--replay", "answers.jsonl"]), first);
    assert_eq!(server.asked().len(), asked);
    let text = format!("print(fetch \"{}/other\")", server.url(""));
    let said = failure(&bench, &text, &["--replay", "answers.jsonl"]);
    assert!(said.ends_with(&format!("answers.jsonl has no answer to GET {}/other", server.url(""))), "{said}");
    // With the network granted, what is not recorded is asked.
    assert!(output(&bench, &text, &["--replay", "answers.jsonl", "--allow-net", &server.host()]).contains("/other"));
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    let bench = Bench::new();
    bench.write("p.mochi", "print(1)");
    bench.write("bad.json", "{\"request\": 1}");
    for flags in [
        ["--allow-net", "http://a.test"],
        ["--allow-net", ""],
        ["--allow-net", "a:b"],
        ["--replay", "missing.json"],
        ["--replay", "bad.json"],
        ["--record", "no/such/folder"],
        ["--llm", "openai"],
    ] {
        let done = bench.tool(["run", flags[0], flags[1], "p.mochi"]);
        assert_eq!(done.code, Some(2), "{flags:?}: {}", done.stderr);
    }
}

const HTTP: &str = "wasi:http/types@0.2.12";

/// A module that imports these functions and runs this.
fn foreign(imports: &[(&str, &str, &str)], body: &str) -> String {
    let imports: String =
        imports.iter().map(|(module, name, ty)| format!("(import \"{module}\" \"{name}\" (func {ty}))\n")).collect();
    format!("(module {imports}(memory (export \"memory\") 1) (func (export \"_start\") {body}))")
}

#[test]
fn modules_that_misuse_the_interfaces_end_alone() {
    let bench = Bench::new();
    let new = (HTTP, "[constructor]fields", "$new (result i32)");
    let append = (HTTP, "[method]fields.append", "$append (param i32 i32 i32 i32 i32 i32)");
    let drop = (HTTP, "[resource-drop]fields", "$drop (param i32)");
    let status = (HTTP, "[method]incoming-response.status", "$status (param i32) (result i32)");
    let generate = ("mochi:host/llm@0.1.0", "generate", "$generate (param i32 i32)");
    let question = "(i32.store (i32.const 16) (i32.const 0x7fffffff)) (i32.store (i32.const 12) (i32.const 100))";
    let cases = [
        (
            foreign(
                &[new, append],
                "(call $append (call $new) (i32.const -1) (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 0))",
            ),
            "memory that it does not have",
        ),
        (
            foreign(
                &[new, append],
                "(call $append (call $new) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 0))",
            ),
            "longer than 16 MiB",
        ),
        (
            foreign(
                &[new, append],
                "(call $append (call $new) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const -1))",
            ),
            "memory that it does not have",
        ),
        (foreign(&[new], "(loop $again (drop (call $new)) (br $again))"), "more than 1000 resources"),
        (foreign(&[drop], "(call $drop (i32.const -5))"), "no resource -5"),
        (
            foreign(
                &[new, drop],
                "(local $f i32) (local.set $f (call $new)) (call $drop (local.get $f)) (call $drop (local.get $f))",
            ),
            "no resource 1",
        ),
        (foreign(&[new, status], "(drop (call $status (call $new)))"), "no resource 1 of that kind"),
        (
            foreign(
                &[new, append],
                "(local $f i32) (local.set $f (call $new)) (i32.store8 (i32.const 0) (i32.const 97)) (memory.fill (i32.const 1) (i32.const 98) (i32.const 60000)) (loop $again (call $append (local.get $f) (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 60000) (i32.const 65000)) (br $again))",
            ),
            "keep more than 256 MiB",
        ),
        (
            foreign(
                &[generate],
                &format!(
                    "(i32.store8 (i32.const 100) (i32.const 9)) {question} (call $generate (i32.const 0) (i32.const 0))"
                ),
            ),
            "a message has no role",
        ),
        (
            foreign(&[generate], &format!("{question} (call $generate (i32.const 0) (i32.const 0))")),
            "memory that it does not have",
        ),
    ];
    for (text, said) in cases {
        bench.wasm("m.wasm", &text);
        let done = bench.tool(["run", "--no-cache", "--allow-net", "*", "--llm", "echo", "m.wasm"]);
        assert_eq!(done.code, Some(134), "{text}\n{}", done.stderr);
        assert!(done.stderr.contains(said), "{text}\n{}", done.stderr);
    }
    // What is not provided is said before anything runs.
    bench.wasm("m.wasm", &foreign(&[(HTTP, "[method]fields.clone", "(param i32) (result i32)")], ""));
    bench.tool(["run", "m.wasm"]).expect(126).says("wasi:http/types@0.2.12.[method]fields.clone");
    bench.wasm("m.wasm", &foreign(&[(HTTP, "[constructor]fields", "(param i64)")], ""));
    bench.tool(["run", "m.wasm"]).expect(126);
}

#[test]
fn https_reaches_whom_a_trusted_authority_vouches_for() {
    let bench = Bench::new();
    let server = Server::secure(|_| Reply::Json(200, "[1, 2]".to_owned()));
    bench.write("p.mochi", format!("print(fetch \"{}\")", server.url("/")));
    let args = ["run", "--no-cache", "--allow-net", &server.host(), "p.mochi"];
    let done = bench.tool(args);
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""));
    assert!(done.stderr.contains("certificate"), "{}", done.stderr);
    assert!(server.asked().is_empty());

    bench.write("trusted.pem", AUTHORITY);
    let trusting =
        |file: &str| Done::of(bench.command(args).env("SSL_CERT_FILE", file).output().expect("the tool runs"));
    let done = trusting("trusted.pem");
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "[1.0, 2.0]\n"), "{}", done.stderr);
    assert_eq!(server.asked()[0].line, "GET /");
    let done = trusting("missing.pem");
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.starts_with("error: cannot use the certificates in missing.pem"), "{}", done.stderr);
    bench.write("empty.pem", "");
    assert!(trusting("empty.pem").stderr.contains("there are none"));
}
