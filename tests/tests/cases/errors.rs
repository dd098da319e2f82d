//! `errors/`: what the compiler says about wrong programs, and where.
//!
//! A comment of carets under a line stands for a finding there: `//   ^^^ T002` is an error at those
//! columns, `//   ^^^ warning T008` a warning. Findings and comments must match one to one; a finding
//! that covers several lines is marked on its first.

use std::path::Path;

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{Options, Severity};

use crate::{files, programs};

pub(crate) fn trials() -> Vec<Trial> {
    let cases = files::find("errors", "mochi");
    cases.into_iter().map(|path| Trial::test(files::name(&path), move || check(&path))).collect()
}

fn check(path: &Path) -> Result<(), Failed> {
    let source = programs::load(path)?;
    let options = Options { strict: source.text.starts_with("// strict"), ..Options::default() };
    let mut found: Vec<String> = mochi_emitter::check(&source, &options)
        .iter()
        .map(|finding| {
            let (line, column) = source.line_column(finding.span.start);
            let (end_line, end_column) = source.line_column(finding.span.end);
            let width = if end_line == line { (end_column - column).max(1) } else { 0 };
            let severity = match finding.severity {
                Severity::Error => "",
                Severity::Warning => "warning ",
            };
            format!("{line}:{column}+{width} {severity}{}", finding.code.name())
        })
        .collect();
    let mut wanted = annotations(&source.text);
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
