//! The modules of a program: finding them, reading them, and the order in which they depend on each other.
//!
//! A module is a file or all files of a directory, which share one scope. The frontend touches no files: a [`Loader`]
//! finds and reads them. What `package NAME` says decides nothing, as in the reference.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{self, StmtKind};
use crate::syntax::{self, Dialect};

/// Finds and reads the files of modules.
pub trait Loader: Send + Sync {
    /// The name of the module that the path of an import in the file `from` means. Two paths mean one module
    /// when they give the same name.
    fn find(&self, from: &str, path: &str) -> Result<String, LoadError>;

    /// The files of a module, in the order in which they run.
    fn read(&self, module: &str) -> Result<Vec<SourceFile>, LoadError>;
}

/// Why there is no such module, and what to do about it.
#[derive(Clone, Debug)]
pub struct LoadError {
    pub message: String,
    pub help: String,
}

/// The loader of a compilation; by default there is none, and nothing can be imported.
#[derive(Clone, Default)]
pub struct Modules(Option<Arc<dyn Loader>>);

impl Modules {
    pub fn new(loader: impl Loader + 'static) -> Modules {
        Modules(Some(Arc::new(loader)))
    }
}

impl fmt::Debug for Modules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Modules(loader)" } else { "Modules(none)" })
    }
}

/// A program with all modules that it imports.
#[derive(Clone, Debug)]
pub struct Unit {
    /// By [`Span::file`]; the program's own is the first.
    pub files: Vec<SourceFile>,
    /// The program, then what is imported, in the order in which it is met.
    pub modules: Vec<Module>,
    /// By the place of an import's path: which module it means.
    pub(crate) imports: BTreeMap<Span, usize>,
    /// What is wrong with the other imports.
    pub(crate) failed: Vec<Diagnostic>,
}

/// One module: the statements of all of its files.
#[derive(Clone, Debug)]
pub struct Module {
    pub name: String,
    pub ast: ast::Program,
}

impl Module {
    /// Whether it uses other modules of the language.
    pub(crate) fn imports_modules(&self) -> bool {
        !imports(&self.ast).is_empty()
    }
}

/// More files could not be told apart in failures of the program.
const FILE_LIMIT: usize = 127;

impl Unit {
    /// A program that imports nothing.
    pub fn single(file: SourceFile, ast: ast::Program) -> Unit {
        let module = Module { name: file.name.clone(), ast };
        Unit { files: vec![file], modules: vec![module], imports: BTreeMap::new(), failed: Vec::new() }
    }

    /// By file: its module.
    pub(crate) fn modules_of_files(&self) -> Vec<usize> {
        let mut modules = vec![0; self.files.len()];
        for (index, module) in self.modules.iter().enumerate() {
            for stmt in &module.ast.stmts {
                modules[stmt.span.file as usize] = index;
            }
        }
        modules
    }
}

/// Parses a program and everything that it imports. The findings are the parser's, in the order in which files are
/// read.
pub fn load(program: SourceFile, modules: &Modules) -> (Unit, Vec<Diagnostic>) {
    let mut loading = Loading {
        unit: Unit { files: Vec::new(), modules: Vec::new(), imports: BTreeMap::new(), failed: Vec::new() },
        loader: modules.0.as_deref(),
        known: BTreeMap::new(),
        open: Vec::new(),
        found: Vec::new(),
    };
    let name = program.name.clone();
    loading.module(name, vec![program]);
    (loading.unit, loading.found)
}

struct Loading<'l> {
    unit: Unit,
    loader: Option<&'l dyn Loader>,
    /// The numbers of modules by their names.
    known: BTreeMap<String, usize>,
    /// The modules whose imports are being read, from the program inward.
    open: Vec<usize>,
    found: Vec<Diagnostic>,
}

impl Loading<'_> {
    fn module(&mut self, name: String, files: Vec<SourceFile>) -> usize {
        let mut ast = ast::Program::default();
        for file in files {
            let (mut parsed, found) = syntax::parse(&file, self.unit.files.len() as u32, Dialect::Mochi);
            self.unit.files.push(file);
            self.found.extend(found);
            ast.package = ast.package.or(parsed.package);
            ast.exports.append(&mut parsed.exports);
            ast.stmts.append(&mut parsed.stmts);
        }
        let index = self.unit.modules.len();
        let imports = imports(&ast);
        self.known.insert(name.clone(), index);
        self.unit.modules.push(Module { name, ast });
        self.open.push(index);
        for (path, span) in imports {
            match self.import(&path, span) {
                Ok(module) => drop(self.unit.imports.insert(span, module)),
                Err(finding) => self.unit.failed.push(finding),
            }
        }
        self.open.pop();
        index
    }

    fn import(&mut self, path: &str, span: Span) -> Result<usize, Diagnostic> {
        let failed = |error: LoadError| {
            let message = format!("cannot import package \"{path}\": {}", error.message);
            Diagnostic::error(Code::M008, span, message).with_help(error.help)
        };
        let Some(loader) = self.loader else {
            let message = "there are no files here".to_owned();
            return Err(failed(LoadError { message, help: String::new() }));
        };
        let from = &self.unit.files[span.file as usize].name;
        let name = loader.find(from, path).map_err(failed)?;
        if let Some(&module) = self.known.get(&name) {
            return match self.open.iter().position(|&open| open == module) {
                Some(at) => Err(self.circle(at, span)),
                None => Ok(module),
            };
        }
        let files = loader.read(&name).map_err(failed)?;
        if self.unit.files.len() + files.len() > FILE_LIMIT {
            let message = format!("the program has more than {FILE_LIMIT} files");
            return Err(Diagnostic::error(Code::M005, span, message));
        }
        Ok(self.module(name, files))
    }

    /// The import at `span` leads back to the module that is the `at`th of the open ones.
    fn circle(&self, at: usize, span: Span) -> Diagnostic {
        let names = self.open[at..].iter().chain([&self.open[at]]);
        let names: Vec<&str> = names.map(|&module| self.unit.modules[module].name.as_str()).collect();
        let message = match names.as_slice() {
            [name, _] => format!("cyclic import: {name} imports itself"),
            _ => format!("cyclic import: {}", names.join(" imports ")),
        };
        Diagnostic::error(Code::M009, span, message)
    }
}

/// The paths of all imports of Mochi modules, with their places.
fn imports(program: &ast::Program) -> Vec<(String, Span)> {
    let mut stmts = Vec::new();
    ast::whole_program_declarations(&program.stmts, &mut stmts);
    let imports = stmts.into_iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Import { language: None, path, path_span, .. } => Some((path.clone(), *path_span)),
        _ => None,
    });
    imports.collect()
}

/// The name of an import without `as`: the last part of its path, without extension.
pub(crate) fn alias_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Modules by name; a path means the one of its name.
    struct Texts(&'static [(&'static str, &'static [&'static str])]);

    impl Loader for Texts {
        fn find(&self, _from: &str, path: &str) -> Result<String, LoadError> {
            Ok(path.to_owned())
        }

        fn read(&self, module: &str) -> Result<Vec<SourceFile>, LoadError> {
            let found = self.0.iter().find(|(name, _)| *name == module);
            let texts = found.ok_or(LoadError { message: "not found".to_owned(), help: "Look.".to_owned() })?.1;
            Ok(texts.iter().map(|text| SourceFile::new(module, *text)).collect())
        }
    }

    fn load_text(text: &str, modules: &'static [(&'static str, &'static [&'static str])]) -> (Unit, Vec<Diagnostic>) {
        load(SourceFile::new("main", text), &Modules::new(Texts(modules)))
    }

    #[test]
    fn each_module_is_read_once_however_often_it_is_imported() {
        let modules: &[(&str, &[&str])] = &[("a", &["import \"b\""]), ("b", &["let x = 1", "let y = 2"])];
        let (unit, found) = load_text("import \"a\" import \"b\" fun f() { import \"b\" as again }", modules);
        assert!(found.is_empty() && unit.failed.is_empty(), "{found:?}");
        let names: Vec<&str> = unit.modules.iter().map(|module| module.name.as_str()).collect();
        assert_eq!(names, ["main", "a", "b"]);
        assert_eq!(unit.modules_of_files(), [0, 1, 2, 2]);
        assert_eq!(unit.imports.values().copied().collect::<Vec<_>>(), [1, 2, 2, 2]);
    }

    #[test]
    fn circles_are_told_with_all_of_their_modules() {
        let modules: &[(&str, &[&str])] =
            &[("a", &["import \"b\""]), ("b", &["\nimport \"a\""]), ("self", &["import \"self\""])];
        let (unit, _) = load_text("import \"a\"", modules);
        let [finding] = &unit.failed[..] else { panic!("{:?}", unit.failed) };
        assert_eq!(finding.message, "cyclic import: a imports b imports a");
        assert_eq!(unit.files[finding.span.file as usize].name, "b");
        let message = |text: &str| load_text(text, modules).0.failed[0].message.clone();
        assert_eq!(message("import \"self\""), "cyclic import: self imports itself");
        assert_eq!(message("import \"main\""), "cyclic import: main imports itself");
    }

    #[test]
    fn what_is_missing_is_said_at_its_import() {
        let found = load_text("print(1)\nimport \"gone\" as g", &[]).0.failed;
        assert_eq!(found[0].message, "cannot import package \"gone\": not found");
        assert_eq!((found[0].span.start, found[0].help.as_str()), (16, "Look."));
        let (unit, _) = load(SourceFile::new("main", "import \"a\""), &Modules::default());
        assert_eq!(unit.failed[0].code, Code::M008);
    }

    #[test]
    fn names_without_as_are_the_last_part_of_the_path() {
        for (path, name) in [("./a/b.mochi", "b"), ("b", "b"), ("../x.y/c-d", "c-d"), ("a.b.mochi", "a.b")] {
            assert_eq!(alias_of(path), name);
        }
    }
}
