//! `ir/`: the text of the IR after a stage, and IR texts that must be refused.
//!
//! `name.mochi` starts with `// test: built`, `optimized` or `legalized`, perhaps followed by
//! `show: f g`, the functions to show; `name.mir` next to it is the expectation. In `ir/verify/`, `name.mir` is refused
//! with the messages in `name.err`.

use std::path::Path;

use libtest_mimic::{Failed, Trial};
use mochi_emitter::ir::{Spans, parse, print_module};
use mochi_emitter::{Language, Options, Stage};

use crate::{files, programs};

pub(crate) fn trials() -> Vec<Trial> {
    let stages = files::find("ir", "mochi").into_iter();
    let refused = files::find("ir/verify", "mir").into_iter();
    let stages = stages.map(|path| Trial::test(files::name(&path), move || check_stage(&path)));
    let refused = refused.map(|path| Trial::test(files::name(&path), move || check_refused(&path)));
    stages.chain(refused).collect()
}

fn check_stage(path: &Path) -> Result<(), Failed> {
    let source = programs::load(path)?;
    let first = source.text.lines().next().unwrap_or_default();
    let (stage, functions) = first.split_once("show:").unwrap_or((first, ""));
    let stage = match stage.trim_start_matches("// test:").trim() {
        "built" => Stage::Built,
        "optimized" => Stage::Optimized,
        "legalized" => Stage::Legalized,
        other => return Err(format!("`{other}` is not a stage").into()),
    };
    let text = mochi_emitter::print_ir(&source, &Options::default(), stage)
        .map_err(|failure| format!("{:?}", failure.diagnostics))?;
    let shown = select(&text, &functions.split_whitespace().collect::<Vec<_>>());
    files::expect_snapshot("the IR", &shown, &path.with_extension("mir"))?;
    // What is printed can be read back and prints the same.
    let parsed = parse(&text).map_err(|errors| format!("the printed IR is refused: {errors:?}"))?;
    let again = print_module(&parsed.module, Spans::Omit);
    files::expect_same("IR printed, read and printed", again.as_bytes(), text.as_bytes())
}

/// The functions of the names; all text without any.
fn select(text: &str, names: &[&str]) -> String {
    if names.is_empty() {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut showing = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("func ") {
            let name: String = rest.chars().take_while(|&c| c.is_alphanumeric() || "_.".contains(c)).collect();
            showing = names.contains(&name.as_str());
        }
        if showing {
            shown += line;
            shown += "\n";
        }
        showing &= line != "}";
    }
    shown
}

fn check_refused(path: &Path) -> Result<(), Failed> {
    let source = programs::load(path)?;
    let options = Options { language: Language::Ir, ..Options::default() };
    match mochi_emitter::compile(&source, &options) {
        Ok(_) => Err("the IR was accepted".into()),
        Err(failure) => {
            let messages: Vec<String> = failure
                .diagnostics
                .iter()
                .map(|found| {
                    let (line, column) = source.line_column(found.span.start);
                    format!("{line}:{column}: {}\n", found.message)
                })
                .collect();
            files::expect_snapshot("the list of findings", &messages.concat(), &path.with_extension("err"))
        }
    }
}
