//! Reads what the command line names, once, and tells what it is from its contents.

use crate::failure::{Exit, Failure, Result, show};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Where the input comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Path(PathBuf),
    Stdin,
    /// The text of `-e`.
    CommandLine,
}

/// What the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Mochi source or IR text; which of them, the name or `--lang` says.
    Text,
    /// A core module.
    Wasm,
    Component,
    /// An ELF file, which a `.cwasm` is.
    Elf,
}

pub(crate) struct Input {
    pub origin: Origin,
    pub bytes: Vec<u8>,
    pub kind: Kind,
}

const WASM_MAGIC: &[u8] = b"\0asm";
const COMPONENT_LAYER: &[u8] = b"\x0d\0\x01\0";
const ELF_MAGIC: &[u8] = b"\x7fELF";
/// Artifacts beyond this are refused rather than read.
const ARTIFACT_LIMIT: u64 = 1 << 30;

impl Origin {
    pub(crate) fn new(file: &Path) -> Origin {
        if file == Path::new("-") { Origin::Stdin } else { Origin::Path(file.to_owned()) }
    }

    /// The name in diagnostics and artifacts. A relative path is kept as given; of an absolute one only the file name
    /// stays, so that bytes do not depend on the machine.
    pub(crate) fn name(&self) -> String {
        match self {
            Origin::Path(path) if path.is_absolute() => {
                path.file_name().map_or_else(|| show(path), |name| show(Path::new(name)))
            }
            Origin::Path(path) => show(path),
            Origin::Stdin => "<stdin>".to_owned(),
            Origin::CommandLine => "<text>".to_owned(),
        }
    }

    /// The name in messages of the host.
    pub(crate) fn shown(&self) -> String {
        match self {
            Origin::Path(path) => show(path),
            Origin::Stdin | Origin::CommandLine => self.name(),
        }
    }

    fn has_extension(&self, wanted: &[&str]) -> bool {
        match self {
            Origin::Path(path) => path
                .extension()
                .is_some_and(|extension| wanted.iter().any(|wanted| extension.eq_ignore_ascii_case(wanted))),
            Origin::Stdin | Origin::CommandLine => false,
        }
    }

    /// Whether the name promises an artifact.
    pub(crate) fn is_named_artifact(&self) -> bool {
        self.has_extension(&["wasm", "cwasm"])
    }

    /// Whether the name promises IR text.
    pub(crate) fn is_named_ir(&self) -> bool {
        self.has_extension(&["mir"])
    }
}

impl Kind {
    fn of(bytes: &[u8]) -> Kind {
        if let Some(rest) = bytes.strip_prefix(WASM_MAGIC) {
            if rest.starts_with(COMPONENT_LAYER) { Kind::Component } else { Kind::Wasm }
        } else if bytes.starts_with(ELF_MAGIC) {
            Kind::Elf
        } else {
            Kind::Text
        }
    }
}

/// Reads `origin`; text of more than `max_source` bytes is refused. `unreadable` is the exit code
/// for what exists but cannot be read.
pub(crate) fn read(origin: Origin, text: Option<&str>, max_source: u64, unreadable: Exit) -> Result<Input> {
    let name = origin.shown();
    let failed = |error: io::Error| {
        let exit = if error.kind() == ErrorKind::NotFound { Exit::NotFound } else { unreadable };
        Failure::new(exit, format!("cannot read {name}")).because(error)
    };
    let mut bytes = Vec::new();
    match &origin {
        Origin::Path(path) => {
            let mut file = File::open(path).map_err(failed)?;
            let metadata = file.metadata().map_err(failed)?;
            bytes.reserve(usize::try_from(metadata.len().min(max_source)).unwrap_or_default());
            if metadata.is_dir() {
                return Err(Failure::new(unreadable, format!("cannot read {name}")).because("it is a directory"));
            }
            read_limited(&mut file, max_source, &mut bytes).map_err(failed)?;
        }
        Origin::Stdin => read_limited(&mut io::stdin().lock(), max_source, &mut bytes).map_err(failed)?,
        Origin::CommandLine => bytes.extend_from_slice(text.unwrap_or_default().as_bytes()),
    }
    let kind = Kind::of(&bytes);
    let limit = if kind == Kind::Text { max_source } else { ARTIFACT_LIMIT };
    if bytes.len() as u64 > limit {
        let failure = Failure::new(Exit::Errors, format!("{name} is larger than {}", crate::limits::size(limit)));
        return Err(if kind == Kind::Text { failure.help("--max-source raises the limit") } else { failure });
    }
    Ok(Input { origin, bytes, kind })
}

/// Reads one byte past the limit for text, so that the caller can tell; artifacts are read on to their own limit.
fn read_limited(from: &mut dyn Read, max_source: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    from.take(max_source.saturating_add(1)).read_to_end(bytes)?;
    if bytes.len() as u64 > max_source && Kind::of(bytes) != Kind::Text {
        from.take(ARTIFACT_LIMIT + 1 - bytes.len().min(ARTIFACT_LIMIT as usize) as u64).read_to_end(bytes)?;
    }
    Ok(())
}

/// What a file that should have been an artifact looks like instead.
pub(crate) fn describe(bytes: &[u8]) -> &'static str {
    let start = &bytes[..bytes.len().min(512)];
    let text = std::str::from_utf8(start).unwrap_or("").trim_start();
    let lower = text.get(..15.min(text.len())).unwrap_or("").to_ascii_lowercase();
    if bytes.is_empty() {
        "it is empty"
    } else if WASM_MAGIC.starts_with(start) {
        "it is cut off within its first four bytes"
    } else if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        "it looks like a web page"
    } else if text.starts_with("(module") || text.starts_with("(component") {
        "it looks like WebAssembly text"
    } else if start.starts_with(b"PK\x03\x04") {
        "it looks like a zip archive"
    } else if start.starts_with(b"\x1f\x8b") {
        "it looks like a gzip file"
    } else if start.starts_with(b"MZ") {
        "it looks like a Windows program"
    } else if !text.is_empty() && !text.contains('\0') {
        "it looks like text"
    } else {
        "it starts with unknown bytes"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_lose_their_folders() {
        let name = |path: &str| Origin::new(Path::new(path)).name();
        assert_eq!(name("a/b.mochi"), "a/b.mochi");
        assert_eq!(name("../b.mochi"), "../b.mochi");
        assert_eq!(name("/home/me/b.mochi"), "b.mochi");
        assert_eq!(name("-"), "<stdin>");
    }

    #[test]
    fn kinds_are_told_by_the_first_bytes() {
        assert_eq!(Kind::of(b"\0asm\x01\0\0\0"), Kind::Wasm);
        assert_eq!(Kind::of(b"\0asm\x0d\0\x01\0"), Kind::Component);
        assert_eq!(Kind::of(b"\x7fELF\x02"), Kind::Elf);
        assert_eq!(Kind::of(b""), Kind::Text);
        assert_eq!(Kind::of(b"\0as"), Kind::Text);
    }

    #[test]
    fn descriptions_never_split_a_character() {
        for text in [
            "<html\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
            "\u{e9}".repeat(300).as_str(),
            "\u{1f980}\u{1f980}\u{1f980}\u{1f980}\u{1f980}",
        ] {
            assert!(!describe(text.as_bytes()).is_empty());
        }
    }
}
