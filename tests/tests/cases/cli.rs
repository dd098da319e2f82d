//! `cli/`: whole commands as a user types them.
//!
//! The first line of `name.test` is the command line after `mochi-wasm`; the rest is what it did: exit code,
//! standard output, standard error. It runs in a fresh folder that holds copies of `cli/files/`, with no key, cache or
//! settings of the user in sight. A second line `stdin: text` is fed to it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};

use crate::files;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_mochi-wasm-under-test");

pub(crate) fn trials() -> Vec<Trial> {
    let cases = files::find("cli", "test");
    cases.into_iter().map(|path| Trial::test(files::name(&path), move || check(&path))).collect()
}

fn check(path: &Path) -> Result<(), Failed> {
    let case = String::from_utf8(files::read(path)?)?;
    let mut lines = case.lines();
    let command = lines.next().unwrap_or_default();
    let stdin = lines.next().and_then(|line| line.strip_prefix("stdin: "));
    let folder = tempfile::tempdir()?;
    let work = folder.path().join("work");
    fs::create_dir(&work)?;
    for entry in fs::read_dir(files::root().join("cli/files"))? {
        let entry = entry?;
        fs::copy(entry.path(), work.join(entry.file_name()))?;
    }
    let mut child = Command::new(BINARY)
        .args(command.split_whitespace())
        .current_dir(&work)
        .env_clear()
        .env("HOME", folder.path())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    // A command that reads nothing may be gone already.
    let _ = input.write_all(stdin.unwrap_or_default().replace("\\n", "\n").as_bytes());
    drop(input);
    let output = child.wait_with_output()?;
    let code = output.status.code().map_or("a signal".to_owned(), |code| code.to_string());
    let stdin = stdin.map(|text| format!("stdin: {text}\n")).unwrap_or_default();
    let got = format!(
        "{command}\n{stdin}exit: {code}\n--- stdout\n{}--- stderr\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    files::expect_snapshot("the command's behaviour", &got, path)
}
