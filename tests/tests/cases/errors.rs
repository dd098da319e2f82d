//! `errors/`: what the compiler says about wrong programs, and where.
//!
//! A comment of carets under a line stands for a finding there: `//   ^^^ T002` is an error at those
//! columns, `//   ^^^ warning T008` a warning. Findings and comments must match one to one; a finding
//! that covers several lines is marked on its first. Findings in modules that are imported are marked in their files.

use std::path::Path;

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{Findings, Options, Severity};

use crate::{files, programs};

pub(crate) fn trials() -> Vec<Trial> {
    let cases = files::find("errors", "mochi");
    cases.into_iter().map(|path| Trial::test(files::name(&path), move || check(&path))).collect()
}

fn check(path: &Path) -> Result<(), Failed> {
    let source = programs::load(path)?;
    let options = Options { strict: source.text.starts_with("// strict"), ..programs::options(path, &source) };
    let Findings { diagnostics, files: sources } = mochi_emitter::check(&source, &options);
    let mut found: Vec<String> = diagnostics
        .iter()
        .map(|finding| {
            let source = &sources[finding.span.file as usize];
            let (line, column) = source.line_column(finding.span.start);
            let (end_line, end_column) = source.line_column(finding.span.end);
            let width = if end_line == line { (end_column - column).max(1) } else { 0 };
            let severity = match finding.severity {
                Severity::Error => "",
                Severity::Warning => "warning ",
            };
            format!("{}:{line}:{column}+{width} {severity}{}", source.name, finding.code.name())
        })
        .collect();
    let wanted = sources.iter().flat_map(|source| {
        annotations(&source.text).into_iter().map(|annotation| format!("{}:{annotation}", source.name))
    });
    let mut wanted: Vec<String> = wanted.collect();
    found.sort();
    wanted.sort();
    files::expect_same("the list of findings", found.join("\n").as_bytes(), wanted.join("\n").as_bytes())
}

/// The carets of a source as `line:column+width CODE`; `^...` marks a finding that goes on below (width 0).
fn annotations(text: &str) -> Vec<String> {
    let mut line_above = 0;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let carets = trimmed.strip_prefix("//").map(str::trim_start).filter(|rest| rest.starts_with('^'));
        let Some(carets) = carets else {
            line_above = index + 1;
            continue;
        };
        let column = line.chars().take_while(|&c| c != '^').count() + 1;
        let width = carets.chars().take_while(|&c| c == '^').count();
        let rest = &carets[width..];
        let (width, code) = match rest.strip_prefix("...") {
            Some(code) => (0, code),
            None => (width, rest),
        };
        found.push(format!("{line_above}:{column}+{width} {}", code.trim()));
    }
    found
}
