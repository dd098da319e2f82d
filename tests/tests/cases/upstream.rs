//! The reference implementation's own tests of its parser and checker, under strict checking.
//!
//! `MOCHI_UPSTREAM` names a checkout of the reference. Each of its programs in `tests/types/valid` must be
//! accepted, and each in `tests/types/errors` and `tests/parser/errors` rejected with the code, line and
//! column of the first diagnostic in the `.err` file beside it. Nothing of theirs is kept here.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{Options, Severity, SourceFile};

const VARIABLE: &str = "MOCHI_UPSTREAM";

pub(crate) fn trials() -> Vec<Trial> {
    let Some(root) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        eprintln!("skipped: upstream, as {VARIABLE} names no checkout of the reference implementation");
        return vec![Trial::test("upstream", || Ok(())).with_ignored_flag(true)];
    };
    let folders = ["tests/types/valid", "tests/types/errors", "tests/parser/errors"];
    let mut trials = Vec::new();
    for folder in folders {
        let programs = programs(&root.join(folder));
        assert!(!programs.is_empty(), "{VARIABLE}: no programs in {folder} of {}", root.display());
        for path in programs {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            trials.push(Trial::test(format!("upstream/{folder}/{stem}"), move || check(&path)));
        }
    }
    trials
}

fn programs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut programs: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|of| of == "mochi")).collect();
    programs.sort();
    programs
}

fn check(path: &Path) -> Result<(), Failed> {
    let source = SourceFile::new("program.mochi", fs::read_to_string(path)?);
    let options = Options { strict: true, ..Options::default() };
    let findings = mochi_emitter::check(&source, &options);
    let found = findings.iter().find(|finding| finding.severity == Severity::Error).map(|finding| {
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
