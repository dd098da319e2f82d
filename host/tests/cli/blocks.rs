//! `test` and `bench`: blocks that are run one by one.

use crate::support::{Bench, Done};
use std::fs;

const MIXED: &str = "\
fun ratio(a: int, b: int): int {
  return a / b
}
var seen: list<int> = []
print(\"top level\")
test \"passes\" {
  seen = append(seen, 1)
  expect ratio(6, 3) == 2
}
test \"fails <&>\" {
  print(\"about to fail\")
  expect ratio(6, 3) == 3
}
test \"traps\" {
  fun down(n: int): int { return 1 + down(n + 1) }
  print(down(0))
}
test \"divides\" {
  print(ratio(1, 0))
}
test \"has a fresh start\" {
  expect seen == [9]
}
seen = append(seen, 9)
";

/// A line of `test` without the time at its end.
fn untimed(line: &str) -> &str {
    line.rsplit_once(" (").map_or(line, |(start, _)| start)
}

fn lines(done: &Done) -> Vec<&str> {
    done.stdout.lines().map(untimed).collect()
}

#[test]
fn tests_that_the_program_returns_before_fail() {
    let bench = Bench::new();
    let text = "test \"a\" { return }\nfun f() { return }\nf()\nif 1 == 1 { return }\ntest \"b\" { expect true }\n";
    bench.write("returns.mochi", text);
    let done = bench.tool(["test", "returns.mochi"]).expect(1).says("at returns.mochi:4\n");
    assert_eq!(
        lines(&done),
        [
            "returns.mochi",
            "   test a                              ... fail the program returned before this block",
            "   test b                              ... fail the program returned before this block",
        ]
    );
    bench.write("returns.mochi", "test \"a\" { if true { return }\n  expect false }\n");
    bench.tool(["test", "returns.mochi"]).expect(0);
}

#[test]
fn one_failing_test_does_not_keep_the_others_from_running() {
    let bench = Bench::new();
    bench.write("mixed.mochi", MIXED);
    let done = bench.tool(["test", "mixed.mochi"]).expect(1).says("[FAIL] 3 test(s) failed.\n");
    let done = done.says("test failed: 3 test(s) failed").says("at mixed.mochi:12\n");
    assert_eq!(
        lines(&done),
        [
            "mixed.mochi",
            "   test passes                         ... ok",
            "   test fails <&>                      ... fail expect condition failed",
            "   test traps                          ... fail stack overflow at down (mixed.mochi:15)",
            "   test divides                        ... fail division by zero",
            "   test has a fresh start              ... ok",
        ]
    );
    assert!(done.stdout.lines().skip(1).all(|line| line.ends_with("s)")), "{done:?}");
    assert!(!done.stderr.contains("about to fail"), "{done:?}");
    bench.tool(["test", "mixed.mochi", "--show-output"]).expect(1).says("about to fail");
}

#[test]
fn a_filter_chooses_tests_by_their_names() {
    let bench = Bench::new();
    bench.write("mixed.mochi", MIXED);
    let done = bench.tool(["test", "mixed.mochi", "--filter", "ss"]).expect(0);
    assert_eq!(lines(&done), ["mixed.mochi", "   test passes                         ... ok"]);
    bench.tool(["test", "mixed.mochi", "--filter", "nothing"]).expect(0).prints("").says("no test has such a name");
}

#[test]
fn directories_are_searched_for_programs_in_the_order_of_their_paths() {
    let bench = Bench::new();
    for dir in ["all/b", "all/a/deep"] {
        fs::create_dir_all(bench.path(dir)).expect("a directory");
    }
    bench.write("all/b/two.mochi", "test \"two\" { expect 1 == 2 }");
    bench.write("all/a/deep/one.mochi", "test \"one\" { expect true }");
    bench.write("all/a/none.mochi", "print(1)");
    bench.write("all/a/notes.txt", "test \"no program\" { }");
    for name in ["all", "all/..."] {
        let done = bench.tool(["test", name]).expect(1).says("error: 1 file(s) failed");
        let names: Vec<&str> = done.stdout.lines().filter(|line| !line.starts_with(' ')).collect();
        assert_eq!(names, ["all/a/deep/one.mochi", "all/a/none.mochi", "all/b/two.mochi"]);
    }
    bench.tool(["test", "all/a"]).expect(0);
    bench.tool(["test", "missing"]).expect(127).says("cannot read missing");
}

#[test]
fn a_file_that_does_not_compile_fails_and_the_others_are_tested() {
    let bench = Bench::new();
    bench.write("bad.mochi", "let x = y\ntest \"never\" { expect true }");
    bench.write("good.mochi", "test \"good\" { expect true }");
    let done = bench.tool(["test", "bad.mochi", "good.mochi"]).expect(1).says("T002").says("1 file(s) failed");
    assert_eq!(lines(&done), ["good.mochi", "   test good                           ... ok"]);
    bench.write("m.wasm", "\0asm\x01\0\0\0");
    bench.tool(["test", "m.wasm"]).expect(2).says("artifact");
}

#[test]
fn json_has_an_object_for_each_test_and_one_for_all() {
    let bench = Bench::new();
    bench.write("mixed.mochi", MIXED);
    let done = bench.tool(["test", "mixed.mochi", "--format", "json"]).expect(1);
    let values: Vec<serde_json::Value> =
        done.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let status: Vec<&str> = values.iter().filter_map(|value| value["status"].as_str()).collect();
    assert_eq!(status, ["ok", "fail", "fail", "fail", "ok"]);
    assert_eq!(values[1]["name"], "fails <&>");
    assert_eq!(values[1]["line"], 10);
    assert_eq!(values[1]["message"], "expect condition failed");
    assert_eq!((values[5]["tests"].as_u64(), values[5]["failed"].as_u64()), (Some(5), Some(3)));
}

#[test]
fn junit_documents_are_well_formed() {
    let bench = Bench::new();
    bench.write("mixed.mochi", MIXED);
    bench.write("bad.mochi", "let x = y");
    bench.tool(["test", "mixed.mochi", "bad.mochi", "--junit", "out.xml"]).expect(1);
    let text = String::from_utf8(bench.read("out.xml")).expect("UTF-8");
    let names = elements(&text);
    let count = |name: &str| names.iter().filter(|found| *found == name).count();
    let counts = ["testsuites", "testsuite", "testcase", "failure", "error"].map(count);
    assert_eq!(counts, [1, 2, 6, 3, 1], "{text}");
    assert!(text.contains("<testsuites name=\"mochi-wasm test\" tests=\"6\" failures=\"3\" errors=\"1\""), "{text}");
    assert!(text.contains("name=\"fails &lt;&amp;&gt;\" classname=\"mixed.mochi\""), "{text}");
    bench.write("fine.mochi", "test \"fine\" { }");
    bench.tool(["test", "fine.mochi", "--junit", "out.xml"]).expect(0);
    assert_eq!(elements(&String::from_utf8(bench.read("out.xml")).expect("UTF-8")).len(), 3);
}

/// The names of the elements of a document, each of which is closed where it has to be. Attributes are quoted and
/// have no `<` in them.
fn elements(text: &str) -> Vec<String> {
    let body = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").expect("a declaration");
    let (mut names, mut open) = (Vec::new(), Vec::new());
    for tag in body.split('<').skip(1) {
        let (tag, content) = tag.split_once('>').expect("an end of the tag");
        assert!(!content.contains('>'), "{content}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default().to_owned();
        names.push(name.clone());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    names
}

#[test]
fn limits_and_grants_hold_for_each_test() {
    let bench = Bench::new();
    bench.write(
        "limits.mochi",
        "import go \"os\" as os\ntest \"endless\" { while true { } }\ntest \"home\" { expect os.Getenv(\"WHO\") == \"me\" }\n\
         test \"large\" { var xs = [1] while len(xs) < 100000000 { xs = append(xs, 1) } }",
    );
    let done =
        bench.tool(["test", "limits.mochi", "--timeout", "300ms", "--max-memory", "4M", "--env", "WHO=me"]).expect(1);
    let lines = lines(&done);
    assert!(lines[1].ends_with("... fail time limit reached: more than 300 ms"), "{done:?}");
    assert!(lines[2].ends_with("... ok"), "{done:?}");
    assert!(lines[3].contains("... fail out of memory"), "{done:?}");
}

#[test]
fn a_bench_block_is_measured_several_times() {
    let bench = Bench::new();
    bench.write(
        "sum.mochi",
        "print(\"ready\")\nbench \"sum\" { var s = 0 for i in 0..1000 { s = s + i } print(s) }\ntest \"not run\" { expect false }\n\
         bench \"other\" { }",
    );
    let done = bench.tool(["bench", "sum.mochi", "--runs", "5", "--format", "json"]).expect(0);
    let values: Vec<serde_json::Value> =
        done.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(values.len(), 2, "{done:?}");
    for (value, name) in values.iter().zip(["sum", "other"]) {
        let [least, median, most] =
            ["least_ns", "median_ns", "most_ns"].map(|key| value[key].as_u64().expect("a time"));
        assert!(least <= median && median <= most, "{value}");
        assert_eq!((value["name"].as_str(), value["runs"].as_u64()), (Some(name), Some(5)));
    }
    let done = bench.tool(["bench", "sum.mochi", "--filter", "oth"]).expect(0);
    assert!(done.stdout.starts_with("sum.mochi\n   bench other ") && done.stdout.ends_with("(10 runs)\n"), "{done:?}");
    bench.tool(["bench", "sum.mochi", "--runs", "0"]).expect(2);
    bench.tool(["bench", "sum.mochi", "--deterministic"]).expect(2);
    bench.tool(["bench", "-e", "print(1)"]).expect(0).says("no bench block");
    bench
        .tool(["bench", "-e", "bench \"x\" { expect false }"])
        .expect(1)
        .says("bench `x` failed: expect condition failed");
}

#[test]
fn running_a_program_runs_each_bench_block_once() {
    let bench = Bench::new();
    let text = "print(\"a\")\nbench \"a \\\"b\\\"\" { print(\"in\") }\nprint(\"z\")";
    let done = bench.tool(["run", "-e", text]).expect(0);
    let (before, rest) = done.stdout.split_once('{').expect("an object");
    let (object, after) = rest.split_once('}').expect("an end");
    assert_eq!((before, after), ("a\nin\n", "\nz\n"));
    let fields: Vec<&str> = object.lines().map(|line| line.trim().split(':').next().unwrap_or_default()).collect();
    assert_eq!(fields, ["", "\"duration_us\"", "\"memory_bytes\"", "\"name\""]);
    assert!(object.contains("\"name\": \"a \\\"b\\\"\""), "{object}");
}
