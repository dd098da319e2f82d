//! Writes results: whole or not at all, and never over what they are made from.
//!
//! A regular file is written to a temporary one in the same directory, synced and renamed. Devices, pipes and
//! `-` are written through. Temporary files in flight are registered, so that an interrupted process removes them.

use crate::failure::{Exit, Failure, Result, show};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Temporary files that exist right now.
static IN_FLIGHT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Writes `bytes` to `path`, or to standard output if that is `-`.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if path == Path::new("-") {
        return write_stdout(bytes);
    }
    let failed = |error: io::Error| io_failure(format!("cannot write {}", show(path)), &error);
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Err(Failure::new(Exit::Errors, format!("cannot write {}", show(path))).because("it is a directory"))
        }
        Ok(metadata) if !metadata.is_file() => {
            let mut file = File::options().write(true).open(path).map_err(failed)?;
            ignore_broken_pipe(file.write_all(bytes).and_then(|()| file.flush())).map_err(failed)
        }
        Ok(_) | Err(_) => write_atomically(path, bytes).map_err(failed),
    }
}

/// Writes to standard output; a reader that went away is no failure.
pub(crate) fn write_stdout(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    ignore_broken_pipe(out.write_all(bytes).and_then(|()| out.flush()))
        .map_err(|error| io_failure("cannot write standard output", &error))
}

/// Refuses outputs that are the input itself: by name, through links, or one file under two names.
pub(crate) fn refuse_overwriting(output: &Path, input: &Path) -> Result<()> {
    if same_file(output, input) {
        return Err(
            Failure::usage(format!("the output {} would replace the input", show(output))).help("name another with -o")
        );
    }
    Ok(())
}

/// Removes the temporary files in flight; for a process that is about to end.
pub(crate) fn remove_temporaries() {
    for path in IN_FLIGHT.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = fs::remove_file(path);
    }
}

fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link is followed, so that the rename replaces the file that it names.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = temporary_prefix(&path);
    sweep(dir, &prefix);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    #[cfg(unix)]
    {
        // The mode that an ordinary new file gets; the kernel applies the umask. A replaced file keeps its own.
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let mode = fs::metadata(&path).map_or(0o666, |metadata| metadata.mode() & 0o777);
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    let mut file = builder.tempfile_in(dir)?;
    let temporary = file.path().to_owned();
    in_flight(|paths| paths.push(temporary.clone()));
    let result = file
        .write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .and_then(|()| file.persist(&path).map(drop).map_err(|error| error.error));
    in_flight(|paths| paths.retain(|path| *path != temporary));
    result
}

/// What the temporary files for `path` begin with.
fn temporary_prefix(path: &Path) -> OsString {
    // A name near the system's limit of 255 bytes leaves no room for more.
    const LONG: usize = 200;
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().filter(|name| name.len() < LONG).unwrap_or_default());
    prefix.push(".mochi-wasm-");
    prefix
}

/// Removes what a killed process left of an earlier attempt at the same output. Best effort.
fn sweep(dir: &Path, prefix: &OsStr) {
    const ABANDONED: Duration = Duration::from_secs(3600);
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes());
        let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if is_ours && age().is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn in_flight(change: impl FnOnce(&mut Vec<PathBuf>)) {
    change(&mut IN_FLIGHT.lock().unwrap_or_else(PoisonError::into_inner));
}

#[cfg(unix)]
fn same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs::metadata(a), fs::metadata(b)) {
        // Writing to the terminal that is being read from is fine.
        (Ok(a), Ok(b)) => a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// A full disk is the host's failure; a missing directory or permission is the caller's mistake.
fn io_failure(message: impl Into<String>, error: &io::Error) -> Failure {
    let exit = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::WriteZero | ErrorKind::OutOfMemory => Exit::Host,
        _ => Exit::Errors,
    };
    Failure::new(exit, message).because(error)
}

fn ignore_broken_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
