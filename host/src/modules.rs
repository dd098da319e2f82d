//! Finds the files of modules that programs import.
//!
//! A file is named by the way to it from the program's folder, put behind that folder's name as it was given: artifacts do
//! not depend on where all of it lies. Only files named `*.mochi` are ever read.

use crate::input::Origin;
use mochi_emitter::{LoadError, Loader, SourceFile};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What files of modules end in.
const EXTENSION: &str = "mochi";

/// Files of a directory that end so are tests of its module and no part of it.
const TESTS: &str = "_test.mochi";

/// The file that marks the root of bare paths, as the reference has it.
const ROOT_MARK: &str = "go.mod";

/// The modules that a program can import: from the file system around it.
pub struct ModuleFiles {
    /// The program's folder.
    base: PathBuf,
    /// Its name as it was given.
    shown: PathBuf,
    /// Larger files are refused.
    max_source: u64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// By name: where a module, or a file of one, is.
    paths: BTreeMap<String, PathBuf>,
    /// By place, links followed: the name of a module.
    names: BTreeMap<PathBuf, String>,
}

impl ModuleFiles {
    /// Modules around the program that comes from `origin`.
    pub(crate) fn beside(origin: &Origin, max_source: u64) -> ModuleFiles {
        match origin {
            Origin::Path(path) => ModuleFiles::around(path, &origin.name(), max_source),
            Origin::Stdin | Origin::CommandLine => ModuleFiles::around(Path::new("-"), "-", max_source),
        }
    }

    /// Modules around a program in a file, which is called `name`.
    pub fn around(path: &Path, name: &str, max_source: u64) -> ModuleFiles {
        let path = normal(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
        let base = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        let shown = Path::new(name).parent().map_or_else(PathBuf::new, Path::to_owned);
        let mut known = Known::default();
        known.names.insert(real(&path), name.to_owned());
        known.paths.insert(name.to_owned(), path);
        ModuleFiles { base, shown, max_source, known: Mutex::new(known) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder of a file that is known.
    fn folder_of(&self, file: &str) -> PathBuf {
        let known = self.known();
        known.paths.get(file).and_then(|path| path.parent()).unwrap_or(&self.base).to_owned()
    }

    /// The folder that a path in a file starts from.
    fn start(&self, from: &str, path: &str) -> Result<PathBuf, LoadError> {
        match Path::new(path).components().next() {
            Some(Component::CurDir | Component::ParentDir) => Ok(self.folder_of(from)),
            Some(Component::Normal(_)) => {
                let root = self.base.ancestors().find(|folder| folder.join(ROOT_MARK).is_file());
                Ok(root.unwrap_or(&self.base).to_owned())
            }
            _ => Err(error("its path is not relative", "Start it with `./` or `../`.")),
        }
    }

    /// The name of what lies at a place.
    fn name(&self, path: &Path) -> String {
        let name = normal(&self.shown.join(relative(path, &self.base)));
        let parts: Vec<_> = name.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
    }

    fn file(&self, name: String, path: &Path) -> Result<SourceFile, LoadError> {
        let failed = |cause: &dyn std::fmt::Display| error(&format!("{name}: {cause}"), "");
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(self.max_source + 1).read_to_end(&mut bytes));
        read.map_err(|cause| failed(&cause))?;
        if bytes.len() as u64 > self.max_source {
            return Err(error(&format!("{name} is too large"), "--max-source raises the limit."));
        }
        let text = String::from_utf8(bytes).map_err(|_| failed(&"it is not UTF-8 text"))?;
        self.known().paths.insert(name.clone(), path.to_owned());
        Ok(SourceFile::new(name, text))
    }

    /// Why nothing was found at a place, or beside it with the extension.
    fn missing(&self, from: &str, path: &str, place: &Path, with_extension: &Path) -> LoadError {
        let folder = self.name(place);
        if place.is_file() {
            return error(&format!("{folder} is no Mochi file"), "Files of modules end in `.mochi`.");
        }
        let beside = self.folder_of(from).join(path);
        let is_beside = beside.is_dir() || beside.with_added_extension(EXTENSION).is_file();
        let help = if is_beside && !path.starts_with('.') {
            format!("Write \"./{path}\": other paths start at the module root.")
        } else {
            String::new()
        };
        let message = if path.ends_with(".mochi") {
            format!("not found: there is no {folder}")
        } else {
            format!("not found: there is neither {} nor a folder {folder}", self.name(with_extension))
        };
        error(&message, &help)
    }
}

impl Loader for ModuleFiles {
    fn find(&self, from: &str, path: &str) -> Result<String, LoadError> {
        let place = normal(&self.start(from, path)?.join(path));
        let with_extension = place.with_added_extension(EXTENSION);
        let is_source = place.is_file() && place.extension().is_some_and(|extension| extension == EXTENSION);
        let found = if place.is_dir() || is_source {
            place
        } else if with_extension.is_file() {
            with_extension
        } else {
            return Err(self.missing(from, path, &place, &with_extension));
        };
        let identity = real(&found);
        if let Some(name) = self.known().names.get(&identity) {
            return Ok(name.clone());
        }
        let name = self.name(&found);
        let mut known = self.known();
        known.names.insert(identity, name.clone());
        known.paths.insert(name.clone(), found);
        Ok(name)
    }

    fn read(&self, module: &str) -> Result<Vec<SourceFile>, LoadError> {
        let path = self.known().paths.get(module).cloned().unwrap_or_default();
        if !path.is_dir() {
            return Ok(vec![self.file(module.to_owned(), &path)?]);
        }
        let names = files_of(&path).map_err(|cause| error(&format!("{module}: {cause}"), ""))?;
        if names.is_empty() {
            return Err(error(&format!("the folder {module} has no Mochi files"), "Files of modules end in `.mochi`."));
        }
        names.into_iter().map(|name| self.file(self.name(&path.join(&name)), &path.join(&name))).collect()
    }
}

/// The names of the files of a folder that are its module's, in order.
fn files_of(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_part = Path::new(&name).extension().is_some_and(|extension| extension == EXTENSION);
        if is_part && !name.ends_with(TESTS) && entry.path().is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn error(message: &str, help: &str) -> LoadError {
    LoadError { message: message.to_owned(), help: help.to_owned() }
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The path without `.` and without `..` behind a name.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            Component::ParentDir if out.has_root() => {}
            Component::ParentDir | Component::Normal(_) | Component::RootDir | Component::Prefix(_) => out.push(part),
        }
    }
    out
}

/// The way from one folder to a path; both are absolute.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let common = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    up.chain(path.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ways_from_the_program_s_folder() {
        for (name, path, expected) in [
            ("app/main.mochi", "/p/app/lib/a.mochi", "app/lib/a.mochi"),
            ("app/main.mochi", "/p/lib/a.mochi", "lib/a.mochi"),
            ("main.mochi", "/p/lib/a.mochi", "../lib/a.mochi"),
            ("../app/main.mochi", "/p/lib", "../lib"),
            ("./main.mochi", "/p/app/a.mochi", "a.mochi"),
            ("main.mochi", "/p/app", "."),
        ] {
            let files = ModuleFiles { base: PathBuf::from("/p/app"), ..ModuleFiles::around(Path::new("x"), name, 0) };
            assert_eq!(files.name(Path::new(path)), expected);
        }
    }
}
