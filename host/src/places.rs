//! Where the tool keeps its own files: keys, the trust list, the cache.
//!
//! The XDG directories, or everything below `MOCHI_WASM_HOME` if that is set.

use crate::failure::{Failure, Result};
use etcetera::BaseStrategy;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const NAME: &str = "mochi-wasm";

/// The directories of this user. They need not exist.
#[derive(Clone, Debug)]
pub struct Places {
    /// Holds `keys/`.
    pub data: PathBuf,
    /// Holds the trust list.
    pub config: PathBuf,
    pub cache: PathBuf,
}

impl Places {
    pub fn of_user() -> Result<Places> {
        if let Some(home) = std::env::var_os("MOCHI_WASM_HOME").filter(|home| !home.is_empty()) {
            let home = PathBuf::from(home);
            return Ok(Places { cache: home.join("cache"), config: home.clone(), data: home });
        }
        let xdg = etcetera::base_strategy::Xdg::new().map_err(|error| {
            Failure::host("there is no home directory to keep keys in")
                .because(error)
                .help("set HOME or MOCHI_WASM_HOME")
        })?;
        Ok(Places {
            data: xdg.data_dir().join(NAME),
            config: xdg.config_dir().join(NAME),
            cache: xdg.cache_dir().join(NAME),
        })
    }
}

/// Creates `path` and what is missing above it; the directory itself is for the owner only.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        result => result,
    }
}
