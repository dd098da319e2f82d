//! Imports of Mochi modules: where files are found, what is said about them, and that artifacts do not depend on it.

use crate::support::Bench;
use std::fs;

/// A program in `app` and a module in `lib` beside it.
fn project() -> Bench {
    let bench = Bench::new();
    for dir in ["app", "lib/words"] {
        fs::create_dir_all(bench.path(dir)).expect("a directory");
    }
    bench.write(
        "app/main.mochi",
        "import \"../lib/words\" as words\nimport \"./own\" as own\nprint(words.at(own.place))\n",
    );
    bench.write("app/own.mochi", "export let place = 1\n");
    bench.write("lib/words/list.mochi", "package words\nlet list = [\"a\", \"b\"]\n");
    bench.write("lib/words/at.mochi", "package words\nexport fun at(i: int): string {\n  return list[i]\n}\n");
    bench
}

#[test]
fn artifacts_do_not_depend_on_where_the_files_lie() {
    let [one, two] = [project(), project()];
    for (bench, output) in [(&one, "one.wasm"), (&two, "two.wasm")] {
        bench.tool(["compile", "app/main.mochi", "-o", output]).expect(0);
    }
    assert_eq!(one.read("one.wasm"), two.read("two.wasm"));
    let paths = [one.path("app/main.mochi"), two.path("app/main.mochi")];
    for (bench, path) in [&one, &two].into_iter().zip(&paths) {
        let path = path.to_str().expect("a path in UTF-8");
        bench.tool(["compile", path, "-o", "absolute.wasm"]).expect(0);
    }
    assert_eq!(one.read("absolute.wasm"), two.read("absolute.wasm"));
    one.tool(["run", "app/main.mochi"]).expect(0).prints("b\n");
    one.tool(["run", "one.wasm"]).expect(0).prints("b\n");
}

#[test]
fn failures_and_stacks_name_the_files_of_modules() {
    let bench = project();
    bench.write("app/own.mochi", "export let place = 7\n");
    let failed = bench.tool(["run", "app/main.mochi"]).expect(1);
    failed.says(
        "error: list index out of range: 7 (len 2)\n  at lib/words/at.mochi:3\n  |  return list[i]\n\
         stack: at (lib/words/at.mochi:3) < main (app/main.mochi:3)\n",
    );
}

#[test]
fn findings_name_the_files_of_modules() {
    let bench = project();
    bench.write("lib/words/at.mochi", "export fun at(i: int): string {\n  return lost[i]\n}\n");
    for command in ["run", "check", "compile", "explain"] {
        let done = bench.tool([command, "app/main.mochi"]).expect(1);
        done.says("undefined variable: lost\n --> lib/words/at.mochi:2:10\n").says("2 |   return lost[i]\n");
    }
}

#[test]
fn a_missing_module_is_told_at_its_import_with_a_remedy() {
    let bench = project();
    bench.write("app/main.mochi", "print(1)\nimport \"./lost\" as lost\nimport \"own\" as own\nprint(lost.f())\n");
    bench.write("go.mod", "module example\n");
    let done = bench.tool(["check", "app/main.mochi"]).expect(1);
    let done =
        done.says("cannot import package \"./lost\": not found: there is neither app/lost.mochi nor a folder app/lost");
    let done = done.says(" --> app/main.mochi:2:8\n").says("Write \"./own\": other paths start at the module root.");
    assert!(done.stderr.ends_with("2 errors\n"), "{done:?}");
}

#[test]
fn bare_paths_start_at_the_module_root() {
    let bench = project();
    bench.write("app/main.mochi", "import \"lib/words\"\nprint(words.at(0))\n");
    bench.tool(["run", "app/main.mochi"]).expect(1).says("M008");
    bench.write("go.mod", "module example\n");
    bench.tool(["run", "app/main.mochi"]).expect(0).prints("a\n");
    bench.tool(["run", "-e", "import \"lib/words\" as w print(w.at(1))"]).expect(0).prints("b\n");
}

#[test]
fn circles_are_told_with_the_whole_way() {
    let bench = project();
    bench.write("lib/words/list.mochi", "import \"../../app/own\" as own\nlet list = [\"a\"]\n");
    bench.write("app/own.mochi", "import \"./main\" as main\nexport let place = 0\n");
    let done = bench.tool(["check", "app/main.mochi"]).expect(1);
    done.says("cyclic import: app/main.mochi imports lib/words imports app/own.mochi imports app/main.mochi\n")
        .says(" --> app/own.mochi:1:8\n");
}

#[test]
fn only_mochi_files_of_a_size_are_read() {
    let bench = project();
    bench.write("app/secret.txt", "password");
    bench.write("app/bytes.mochi", b"let x = \"\xff\"");
    for (path, part) in [
        ("./secret.txt", "app/secret.txt is no Mochi file"),
        ("./bytes", "app/bytes.mochi: it is not UTF-8 text"),
        ("/etc/hosts", "its path is not relative"),
    ] {
        bench.write("app/main.mochi", format!("import \"{path}\" as x\n"));
        let done = bench.tool(["check", "app/main.mochi"]).expect(1).says(part);
        assert!(!done.stderr.contains("password"), "{done:?}");
    }
    bench.write("app/main.mochi", "import \"./own\" as own\n");
    bench.write("app/own.mochi", format!("// {}\n", "x".repeat(200)));
    bench.tool(["check", "app/main.mochi", "--max-source", "100"]).expect(1).says("app/own.mochi is too large");
}

#[test]
fn tests_of_a_folder_import_it() {
    let bench = project();
    let text = "import \"../words\" as words\ntest \"finds words\" { expect words.at(1) == \"b\" }\n\
                test \"fails there\" { words.at(5) }\n";
    bench.write("lib/words/words_test.mochi", text);
    let done = bench.tool(["test", "lib"]).expect(1).says("at lib/words/at.mochi:3\n");
    assert!(done.stdout.contains("   test finds words                    ... ok ("), "{done:?}");
    bench.tool(["run", "app/main.mochi"]).expect(0).prints("b\n");
}
