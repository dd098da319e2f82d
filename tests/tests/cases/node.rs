//! The same modules under Node's WASI, when Node is there.

use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::{files, programs};

/// Programs that recurse deeper than Node's stack allows a module by default.
const TOO_DEEP: [&str; 2] = ["programs/functions/deep-recursion", "programs/streams/deep-emits"];

pub(crate) fn trials() -> Vec<Trial> {
    let present = Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success());
    if !present {
        eprintln!("skipped: node/programs, as there is no `node` on this machine");
    }
    vec![Trial::test("node/programs", check).with_ignored_flag(!present)]
}

/// Whether Node has what a module imports: `fetch` and `generate` ask for more.
fn needs_only_wasi(wasm: &[u8]) -> Result<bool, Failed> {
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::ImportSection(imports) = payload? {
            for import in imports.into_imports() {
                if import?.module != "wasi_snapshot_preview1" {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

/// How many programs run in one Node, which keeps the memory of all of them.
const AT_ONCE: usize = 40;

/// The exit codes of programs, which are described in JSON.
fn in_node(folder: &Path, runs: &[String]) -> Result<Vec<i32>, Failed> {
    let path = folder.join("runs.json");
    fs::write(&path, format!("[{}]", runs.join(",")))?;
    let script = files::root().join("node/run.mjs");
    let output = Command::new("node").arg("--no-warnings").arg(script).arg(&path).output()?;
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    let codes = String::from_utf8(output.stdout)?;
    let codes = codes.trim().trim_matches(['[', ']']).split(',').map(|code| code.trim().parse());
    Ok(codes.collect::<Result<_, _>>()?)
}

fn check() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut list = Vec::new();
    let mut cases = files::find("programs", "mochi");
    cases.retain(|path| !TOO_DEEP.contains(&files::name(path).as_str()));
    let mut modules = Vec::new();
    for path in cases {
        let source = programs::load(&path)?;
        let wasm = programs::compile(&source, &programs::options(&path, &source))?;
        if needs_only_wasi(&wasm)? {
            modules.push((path, wasm));
        }
    }
    for (index, (path, wasm)) in modules.iter().enumerate() {
        let file = |extension: &str| folder.path().join(format!("{index}.{extension}"));
        fs::write(file("wasm"), wasm)?;
        fs::write(file("in"), fs::read(path.with_extension("in")).unwrap_or_default())?;
        let directory = file("files");
        let given = programs::given_files(path)?;
        if let Some(given) = &given {
            fs::create_dir(&directory)?;
            for (name, contents) in given {
                fs::write(directory.join(name), contents)?;
            }
        }
        let directory = given.map_or("null".to_owned(), |_| format!("{directory:?}"));
        list.push(format!(
            "{{\"wasm\": {:?}, \"stdin\": {:?}, \"stdout\": {:?}, \"stderr\": {:?}, \"directory\": {directory}}}",
            file("wasm"),
            file("in"),
            file("out"),
            file("err")
        ));
    }
    let mut codes: Vec<i32> = Vec::new();
    for runs in list.chunks(AT_ONCE) {
        codes.append(&mut in_node(folder.path(), runs)?);
    }
    for (index, ((path, _), code)) in modules.iter().zip(codes).enumerate() {
        let name = files::name(path);
        let expected = i32::from(path.with_extension("err").exists());
        if code != expected {
            return Err(format!("{name} ends with code {code} in Node").into());
        }
        let got = files::read(&folder.path().join(format!("{index}.out")))?;
        files::expect_same(&format!("{name} in Node"), &got, &files::read(&path.with_extension("out"))?)?;
    }
    Ok(())
}
