//! Compiled modules of earlier runs.
//!
//! ```text
//! CACHE/v1/<engine fingerprint>/<SHA-256 of the module>.cwasm
//! ```
//!
//! An entry is an artifact like any other and is checked like one, against the user's own key only. Whatever is
//! wrong with an entry, it is a miss and is rewritten; whatever is wrong with the directory, the run goes on
//! without it. Entries are replaced by renaming and never written in place, so that readers see whole files.

use crate::artifact::{self, Verified};
use crate::engine::{Settings, fingerprint};
use crate::keys::{SigningKey, hex};
use crate::load;
use crate::places::{Places, make_private_dir};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use wasmtime::{Engine, Module};

const VERSION: &str = "v1";
/// The oldest entries go when all of one engine's together exceed this.
const SIZE_LIMIT: u64 = 512 << 20;

/// The entries for one engine.
pub(crate) struct Cache {
    dir: PathBuf,
    key: SigningKey,
    fingerprint: [u8; 32],
}

impl Cache {
    /// Opens the cache, or says in a sentence why it is not used.
    pub(crate) fn open(places: &Places, engine: &Engine) -> Result<Cache, String> {
        let key = SigningKey::load_or_create(places).map_err(|failure| failure.message)?;
        let fingerprint = fingerprint(engine);
        let dir = places.cache.join(VERSION).join(hex(&fingerprint[..16]));
        for dir in [&places.cache, &places.cache.join(VERSION), &dir] {
            make_private_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
            check_private(dir)?;
        }
        Ok(Cache { dir, key, fingerprint })
    }

    /// The module with this digest, if it is there and sound.
    pub(crate) fn get(&self, engine: &Engine, wasm_sha256: &[u8; 32]) -> Option<Module> {
        let path = self.entry(wasm_sha256);
        let file = fs::read(&path).ok()?;
        let module = self.check(&file, wasm_sha256).and_then(|artifact| load::load(engine, &artifact).ok());
        if module.is_none() {
            // A failure to remove it is no worse than the bad entry: it will be renamed over.
            let _ = fs::remove_file(&path);
        }
        module
    }

    fn check<'a>(&self, file: &'a [u8], wasm_sha256: &[u8; 32]) -> Option<Verified<'a>> {
        artifact::verify(file, |key| *key == self.key.public()).ok().filter(|artifact| {
            artifact.metadata.wasm_sha256 == *wasm_sha256 && artifact.metadata.engine == self.fingerprint
        })
    }

    /// Keeps a module that was just compiled from `wasm`.
    pub(crate) fn put(&self, engine: &Engine, settings: &Settings, wasm: &[u8], module: &Module) -> Result<(), String> {
        let elf = module.serialize().map_err(|error| error.to_string())?;
        let file = artifact::seal(elf, wasm, engine, settings, &self.key).map_err(|failure| failure.message)?;
        self.write(&self.entry(&artifact::sha256(wasm)), &file).map_err(|error| error.to_string())?;
        trim(&self.dir, SIZE_LIMIT);
        Ok(())
    }

    fn write(&self, path: &Path, file: &[u8]) -> io::Result<()> {
        let mut temporary = tempfile::Builder::new().prefix(".new").tempfile_in(&self.dir)?;
        temporary.write_all(file)?;
        temporary.as_file().sync_all()?;
        temporary.persist(path)?;
        Ok(())
    }

    fn entry(&self, wasm_sha256: &[u8; 32]) -> PathBuf {
        self.dir.join(format!("{}.cwasm", hex(wasm_sha256)))
    }
}

/// Removes all entries of all engines; how many files that were.
pub(crate) fn clean(places: &Places) -> io::Result<usize> {
    let dir = places.cache.join(VERSION);
    let mut removed = 0;
    let engines = match fs::read_dir(&dir) {
        Ok(engines) => engines,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    for engine in engines {
        let engine = engine?;
        if engine.file_type()?.is_dir() {
            removed += fs::read_dir(engine.path())?.count();
            fs::remove_dir_all(engine.path())?;
        }
    }
    Ok(removed)
}

/// A directory that others can write to, or that is theirs, could be filled with surprises. (They would be refused
/// for want of a signature; this keeps them from filling the disk in our name or learning what runs.)
#[cfg(unix)]
fn check_private(dir: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let fault = if !metadata.is_dir() {
        "is a symbolic link"
    } else if metadata.uid() != rustix::process::geteuid().as_raw() {
        "belongs to someone else"
    } else if metadata.mode() & 0o022 != 0 {
        "can be written by others"
    } else {
        return Ok(());
    };
    Err(format!("{} {fault}", dir.display()))
}

#[cfg(not(unix))]
fn check_private(_dir: &Path) -> Result<(), String> {
    Ok(())
}

/// Removes the oldest files of `dir` until at most `limit` bytes are left, among them in time what a killed process
/// left behind. Best effort: others may be at it too.
fn trim(dir: &Path, limit: u64) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
    files.sort();
    for (_, size, path) in files {
        if total <= limit {
            return;
        }
        if fs::remove_file(path).is_ok() {
            total -= size;
        }
    }
}
