//! Finding cases and comparing what they gave with what is expected.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Failed;

/// The root of this package.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` with the extension, sorted. Folders named `imported` hold parts of cases.
pub(crate) fn find(folder: &str, extension: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && path.file_name().is_some_and(|name| name == "imported") {
                continue;
            }
            if path.is_dir() {
                walk(&path, extension, found);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), extension, &mut found);
    found.sort();
    assert!(!found.is_empty(), "no cases in {folder}");
    found
}

/// The case's name: its path below `tests/`, without extension.
pub(crate) fn name(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path).with_extension("");
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failed> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Whether snapshots are to be rewritten.
pub(crate) fn blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// Fails with both texts unless they are the same.
pub(crate) fn expect_same(what: &str, got: &[u8], want: &[u8]) -> Result<(), Failed> {
    if got == want {
        return Ok(());
    }
    let (got, want) = (String::from_utf8_lossy(got), String::from_utf8_lossy(want));
    let line = got.lines().zip(want.lines()).take_while(|(got, want)| got == want).count() + 1;
    Err(format!("{what} differs from line {line} on\n--- expected\n{want}\n--- got\n{got}").into())
}

/// Compares with the snapshot at `path`, or writes it when blessing.
pub(crate) fn expect_snapshot(what: &str, got: &str, path: &Path) -> Result<(), Failed> {
    if blessing() {
        return fs::write(path, got).map_err(|error| format!("{}: {error}", path.display()).into());
    }
    expect_same(what, got.as_bytes(), &read(path)?)
}
