//! `wasm/`: the instructions that functions become, as text, and the sizes of modules.
//!
//! `name.mochi` starts with `// show: f g`; `name.wat` next to it holds these functions as optimised.

use std::path::Path;

use libtest_mimic::{Failed, Trial};
use mochi_emitter::{Options, SourceFile};

use crate::{files, programs};

pub(crate) fn trials() -> Vec<Trial> {
    let cases = files::find("wasm", "mochi").into_iter();
    let cases = cases.map(|path| Trial::test(files::name(&path), move || check(&path)));
    let sizes = SMALL
        .into_iter()
        .map(|(name, text, limit)| Trial::test(format!("wasm/size-of-{name}"), move || small(text, limit)));
    cases.chain(sizes).collect()
}

fn check(path: &Path) -> Result<(), Failed> {
    let source = programs::load(path)?;
    let first = source.text.lines().next().unwrap_or_default();
    let names: Vec<&str> = first.trim_start_matches("// show:").split_whitespace().collect();
    let wasm = programs::compile(&source, &Options::default())?;
    let text = wasmprinter::print_bytes(&wasm).map_err(|error| format!("{error}"))?;
    let mut shown = String::new();
    let mut showing = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("  (func $") {
            let name: String = rest.chars().take_while(|&c| c.is_alphanumeric() || "_.".contains(c)).collect();
            showing = names.contains(&name.as_str());
        }
        if showing {
            shown += line;
            shown += "\n";
        }
        showing &= line != "  )";
    }
    files::expect_snapshot("the module's text", &shown, &path.with_extension("wat"))
}

/// Programs and what they must stay below, in bytes: what else could be printed, freed or computed is not in them.
const SMALL: [(&str, &str, usize); 4] = [
    ("hello", "print(\"Hello, world!\")", 2048),
    ("length", "print(len([1, 2, 3]))", 4096),
    ("sum", "print(sum([1, 2, 3]))", 6144),
    ("map", "let m = {\"a\": 1}\nprint(m[\"a\"] == 1)", 8192),
];

/// The promise that a module carries only what it uses.
fn small(text: &str, limit: usize) -> Result<(), Failed> {
    let source = SourceFile::new("small.mochi", text);
    let wasm = programs::compile(&source, &Options { strip: true, ..Options::default() })?;
    if wasm.len() >= limit {
        return Err(format!("it takes {} bytes, not less than {limit}", wasm.len()).into());
    }
    Ok(())
}
