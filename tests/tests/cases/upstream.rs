//! The reference implementation's own programs. `MOCHI_UPSTREAM` names a checkout of it; nothing of theirs is kept here
//! but paths.
//!
//! Under strict checking, each program in `tests/types/valid` must be accepted, and each in `tests/types/errors` and
//! `tests/parser/errors` rejected with the code, line and column of the first diagnostic in the `.err` file beside it.
//!
//! Each program that `upstream/programs.tsv` lists (corpus, path) must print what the reference recorded beside it. White
//! space around the whole and at the ends of lines does not count, nor does a closing record of how long it took; results
//! of dataset queries, and recordings that are JSON objects, are compared as JSON values.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{Code, Diagnostic, Options, Severity, SourceFile};
use mochi_wasm::{Directory, RunOptions};

use crate::{files, programs};

const VARIABLE: &str = "MOCHI_UPSTREAM";

/// Corpora whose programs print the result of a query as JSON.
const JSON_CORPORA: [&str; 3] = ["tpc-h", "tpc-ds", "job"];

pub(crate) fn trials() -> Vec<Trial> {
    let Some(root) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        eprintln!("skipped: upstream, as {VARIABLE} names no checkout of the reference implementation");
        return vec![Trial::test("upstream", || Ok(())).with_ignored_flag(true)];
    };
    let folders = ["tests/types/valid", "tests/types/errors", "tests/parser/errors"];
    let mut trials = Vec::new();
    for folder in folders {
        let programs = programs_of(&root.join(folder));
        assert!(!programs.is_empty(), "{VARIABLE}: no programs in {folder} of {}", root.display());
        for path in programs {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            trials.push(Trial::test(format!("upstream/{folder}/{stem}"), move || check(&path)));
        }
    }
    let listed = fs::read_to_string(files::root().join("upstream/programs.tsv")).unwrap_or_default();
    let rows: Vec<(&str, &str)> = listed.lines().skip(1).filter_map(|row| row.split_once('\t')).collect();
    assert!(!rows.is_empty(), "no programs in upstream/programs.tsv");
    for (corpus, path) in rows {
        let json = JSON_CORPORA.contains(&corpus);
        let (root, program) = (root.clone(), root.join(path));
        let stem = path.strip_suffix(".mochi").unwrap_or(path);
        trials.push(Trial::test(format!("upstream/{stem}"), move || golden(&root, &program, json)));
    }
    trials
}

fn programs_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut programs: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|of| of == "mochi")).collect();
    programs.sort();
    programs
}

fn check(path: &Path) -> Result<(), Failed> {
    let source = SourceFile::new("program.mochi", fs::read_to_string(path)?);
    let options = Options { strict: true, ..Options::default() };
    let findings = mochi_emitter::check(&source, &options).diagnostics;
    // That a module is not there is a finding of ours: the reference does not look for it.
    let is_error = |finding: &&Diagnostic| finding.severity == Severity::Error && finding.code != Code::M008;
    let found = findings.iter().find(is_error).map(|finding| {
        let (line, column) = source.line_column(finding.span.start);
        format!("{} {line}:{column}", finding.code.name())
    });
    let wanted = match fs::read_to_string(path.with_extension("err")) {
        Ok(text) => Some(first(&text).ok_or("the .err file has no diagnostic")?),
        Err(_) => None,
    };
    if found == wanted {
        return Ok(());
    }
    let show = |what: Option<String>| what.unwrap_or_else(|| "accepted".to_owned());
    Err(format!("expected: {}, got: {}", show(wanted), show(found)).into())
}

/// The first diagnostic of a transcript as `CODE line:column`: its lines are `error[CODE]: …` and `--> FILE:LINE:COLUMN`.
fn first(text: &str) -> Option<String> {
    let code = text.split_once("error[")?.1.split_once(']')?.0;
    let place = text.split_once("--> ")?.1.lines().next()?;
    let mut parts = place.rsplitn(3, ':');
    let (column, line) = (parts.next()?, parts.next()?);
    Some(format!("{code} {line}:{column}"))
}

/// Compares what the program prints with its recording; as JSON values if `json`. Files that it names lie below the root.
fn golden(root: &Path, path: &Path, json: bool) -> Result<(), Failed> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = |extension: &str| path.with_extension(extension);
    let recordings = [
        beside("out"),
        beside("output"),
        beside("mochi.out"),
        path.with_file_name("out").join(&name).with_extension("out"),
    ];
    let recording = recordings.iter().find(|path| path.exists()).ok_or("the reference has no recording of it")?;
    let wanted = fs::read_to_string(recording)?;
    let stdin = [beside("in"), beside("input")].into_iter().find(|path| path.exists()).map(fs::read).transpose()?;

    let source = SourceFile::new(name, fs::read_to_string(path)?);
    let wasm = programs::compile(&source, &Options::default())?;
    // The reference recorded with either seed of `now()`.
    let seeds: &[&str] = if source.text.contains("now(") { &["0", "1"] } else { &["1"] };
    let mut printed = String::new();
    for seed in seeds {
        let mut options = RunOptions { stdin: stdin.clone().unwrap_or_default(), ..RunOptions::default() };
        options.grants.dirs.push(Directory { host: root.to_owned(), guest: ".".to_owned(), writable: false });
        options.grants.env.push(("MOCHI_NOW_SEED".to_owned(), (*seed).to_owned()));
        let engine = options.engine().map_err(|error| format!("{error:?}"))?;
        let outcome = mochi_wasm::run_module(&engine, &wasm, &options).map_err(|error| format!("{error:?}"))?;
        if outcome.exit != 0 {
            let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
            return Err(format!("exit code {}\n{said}", outcome.exit).into());
        }
        printed = String::from_utf8(outcome.stdout)?;
        if same(&printed, &wanted, json) {
            return Ok(());
        }
    }
    files::expect_same("standard output", printed.as_bytes(), wanted.as_bytes())?;
    Ok(())
}

fn same(printed: &str, wanted: &str, json: bool) -> bool {
    let (printed, wanted) = (trimmed(printed), trimmed(wanted));
    let values = |text: &str| -> Option<Vec<serde_json::Value>> {
        serde_json::Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().ok()
    };
    let json = json || wanted.starts_with("{\"") || wanted.starts_with("[{");
    printed == wanted || (json && values(&printed).is_some_and(|found| Some(found) == values(&wanted)))
}

/// The text without white space around it and at the ends of its lines, and without the record of a benchmark at its end.
fn trimmed(text: &str) -> String {
    let mut text = text.trim_end();
    if let Some(at) = text.find("\"duration_us\"")
        && let Some(before) = text[..at].trim_end().strip_suffix('{')
        && text.ends_with('}')
    {
        text = before;
    }
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
