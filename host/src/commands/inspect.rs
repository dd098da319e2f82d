//! `inspect`: what an artifact is, who made it, and whether it would run here.

use crate::artifact::{self, Refusal};
use crate::engine::Settings;
use crate::failure::{Exit, Failure, Result};
use crate::input::{self, Input, Kind, Origin, describe};
use crate::keys::{Trust, hex};
use crate::output;
use crate::places::Places;
use std::fmt::Write;
use std::path::Path;
use wasmparser::{Parser, Payload};

pub(crate) fn inspect(file: &Path) -> Result<()> {
    let input = input::read(Origin::new(file), None, u64::MAX - 1, Exit::CannotExecute)?;
    let name = input.origin.shown();
    let text = match input.kind {
        Kind::Text => {
            return Err(Failure::cannot_execute(format!("{name} is not an artifact")).because(describe(&input.bytes)));
        }
        Kind::Component => format!("{name}: component, {} bytes\n", input.bytes.len()),
        Kind::Wasm => module(&name, &input.bytes)
            .map_err(|error| Failure::cannot_execute(format!("{name} is not a valid module")).because(error))?,
        Kind::Elf => precompiled(&name, &input)?,
    };
    output::write_stdout(text.as_bytes())
}

fn module(name: &str, wasm: &[u8]) -> std::result::Result<String, wasmparser::BinaryReaderError> {
    let mut text = format!("{name}: core module, {} bytes\n", wasm.len());
    let mut line = |what: &str, value: String| writeln!(text, "  {what:<10} {value}").unwrap_or_default();
    line("sha256", hex(&artifact::sha256(wasm)));
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    line("import", format!("{}.{}", import.module, import.name));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    line("export", export?.name.to_owned());
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    line("memory", format!("{} pages", memory?.initial));
                }
            }
            Payload::CodeSectionStart { count, size, .. } => line("code", format!("{count} functions, {size} bytes")),
            Payload::CustomSection(section) => {
                line("custom", format!("{}, {} bytes", section.name(), section.data().len()))
            }
            _ => {}
        }
    }
    Ok(text)
}

fn precompiled(name: &str, input: &Input) -> Result<String> {
    let places = Places::of_user()?;
    let trust = Trust::load(&places)?;
    let verified = artifact::verify(&input.bytes, |_| true).map_err(|refusal: Refusal| refusal.into_failure(name))?;
    let metadata = &verified.metadata;
    let signer = if trust.own == Some(metadata.key) {
        "own key"
    } else if trust.contains(&metadata.key) {
        "trusted"
    } else {
        "not trusted"
    };
    let runs = if verified.engine_like(&Settings::default())?.is_some() { "yes" } else { "no" };
    let cpu = if metadata.native { " (this kind of processor)" } else { "" };
    Ok(format!(
        "{name}: precompiled module, {} bytes\n  target     {}{cpu}\n  made by    mochi-wasm {} with Wasmtime {}\n  of module  {}\n  signer     {} ({signer})\n  fits here  {runs}\n",
        input.bytes.len(),
        metadata.triple,
        metadata.tool,
        metadata.wasmtime,
        hex(&metadata.wasm_sha256),
        hex(&metadata.key.0),
    ))
}
