//! The runtime's sources, cut into items without parsing them.
//!
//! A program reaches few of the runtime's functions, so each is parsed and lowered when it is
//! first needed, and both results are kept for the life of the process. Cutting relies on how the
//! files are written: an item starts at the beginning of a line with its keyword, everything
//! inside is indented.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use mochi_frontend::diagnostic::Severity;
use mochi_frontend::source::SourceFile;
use mochi_frontend::syntax::{self, Dialect, ast};

use super::features::Features;
use super::lower::{self, Template};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Names and texts of the files, in the order of the folder.
        pub(super) const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../runtime/", $name)))),*];
    };
}

files!(
    "alloc.mochi",
    "answer.mochi",
    "any.mochi",
    "bignum.mochi",
    "case.mochi",
    "copy.mochi",
    "csv.mochi",
    "cycle.mochi",
    "data.mochi",
    "decode.mochi",
    "divide.mochi",
    "environment.mochi",
    "exponential.mochi",
    "fail.mochi",
    "file.mochi",
    "float.mochi",
    "format.mochi",
    "http.mochi",
    "int.mochi",
    "io.mochi",
    "json.mochi",
    "limbs.mochi",
    "list.mochi",
    "llm.mochi",
    "map.mochi",
    "md5.mochi",
    "object.mochi",
    "order.mochi",
    "pair.mochi",
    "rational.mochi",
    "read_json.mochi",
    "read_yaml.mochi",
    "sha256.mochi",
    "show.mochi",
    "string.mochi",
    "text.mochi",
    "trace.mochi",
    "trigonometric.mochi",
    "word.mochi",
    "write_csv.mochi",
    "write_json.mochi",
    "write_yaml.mochi",
    "yaml_events.mochi",
    "yaml_text.mochi"
);

/// A mistake in the runtime's sources, which are part of the compiler: tests look for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DialectError {
    pub(super) file: &'static str,
    pub(super) line: u32,
    pub(super) message: String,
}

impl fmt::Display for DialectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemKind {
    Function,
    Import,
    Constant,
    Variable,
}

/// One declaration at file level.
pub(super) struct Item {
    pub(super) kind: ItemKind,
    pub(super) name: &'static str,
    file: &'static str,
    line: u32,
    text: &'static str,
    stmt: OnceLock<Result<ast::Stmt, DialectError>>,
    constant: OnceLock<Result<lower::Constant, DialectError>>,
    /// Lowered with those sets of features that were asked for.
    templates: Mutex<Vec<(Features, Lowered)>>,
}

/// A lowered function, kept for the life of the process.
type Lowered = &'static Result<Template, DialectError>;

impl Item {
    pub(super) fn error(&self, offset: u32, message: impl Into<String>) -> DialectError {
        let before = &self.text.as_bytes()[..(offset as usize).min(self.text.len())];
        let line = self.line + before.iter().filter(|&&byte| byte == b'\n').count() as u32;
        DialectError { file: self.file, line, message: message.into() }
    }

    pub(super) fn stmt(&self) -> Result<&ast::Stmt, DialectError> {
        self.stmt.get_or_init(|| self.parse()).as_ref().map_err(Clone::clone)
    }

    fn parse(&self) -> Result<ast::Stmt, DialectError> {
        let file = SourceFile::new(self.file, self.text);
        let (mut program, diagnostics) = syntax::parse(&file, 0, Dialect::Runtime);
        if let Some(first) = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
            return Err(self.error(first.span.start, first.message.clone()));
        }
        match (program.stmts.pop(), program.stmts.last()) {
            (Some(stmt), None) => Ok(stmt),
            (Some(stmt), Some(_)) => Err(self.error(stmt.span.start, "a second item where one was expected")),
            (None, _) => Err(self.error(0, "an item was expected")),
        }
    }

    /// The value of a constant.
    pub(super) fn constant(&'static self) -> Result<lower::Constant, DialectError> {
        self.constant.get_or_init(|| lower::constant(self)).clone()
    }

    /// The lowered function.
    pub(super) fn template(&'static self, features: Features) -> Result<&'static Template, DialectError> {
        // What a thread that panicked has left behind is whole: the list only grows.
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let known = templates.iter().find(|&&(set, _)| set == features).map(|&(_, lowered)| lowered);
        let lowered = known.unwrap_or_else(|| {
            let lowered: Lowered = Box::leak(Box::new(lower::function(self, features)));
            templates.push((features, lowered));
            lowered
        });
        lowered.as_ref().map_err(Clone::clone)
    }
}

/// All items of all files.
pub(super) struct Source {
    pub(super) items: Vec<Item>,
    by_name: HashMap<&'static str, usize>,
}

impl Source {
    pub(super) fn get(&self, name: &str) -> Option<&Item> {
        self.by_name.get(name).map(|&index| &self.items[index])
    }
}

pub(super) fn source() -> &'static Source {
    static SOURCE: OnceLock<Source> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let mut items = Vec::new();
        for (file, text) in FILES {
            cut(file, text, &mut items);
        }
        let mut by_name = HashMap::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            if by_name.insert(item.name, index).is_some() {
                panic!("{}", item.error(0, format!("{} is declared twice", item.name)));
            }
        }
        Source { items, by_name }
    })
}

fn cut(file: &'static str, text: &'static str, items: &mut Vec<Item>) {
    let mut start: Option<(usize, u32, ItemKind, &'static str)> = None;
    let mut at = 0;
    let mut line = 0;
    let mut finish = |start: Option<(usize, u32, ItemKind, &'static str)>, end: usize| {
        if let Some((from, line, kind, name)) = start {
            items.push(Item {
                kind,
                name,
                file,
                line,
                text: &text[from..end],
                stmt: OnceLock::new(),
                constant: OnceLock::new(),
                templates: Mutex::new(Vec::new()),
            });
        }
    };
    for content in text.split_inclusive('\n') {
        line += 1;
        if let Some((kind, name)) = head(content) {
            finish(start, at);
            start = Some((at, line, kind, name));
        }
        at += content.len();
    }
    finish(start, text.len());
}

/// Kind and name of the item that a line begins.
fn head(line: &str) -> Option<(ItemKind, &str)> {
    let (keyword, rest) = line.split_once(' ')?;
    let (kind, last_word_before) = match keyword {
        "fun" => (ItemKind::Function, ['(', '<'].as_slice()),
        "import" => (ItemKind::Import, ['('].as_slice()),
        "const" => (ItemKind::Constant, [':'].as_slice()),
        "var" => (ItemKind::Variable, [':'].as_slice()),
        _ => return None,
    };
    let words = &rest[..rest.find(last_word_before)?];
    Some((kind, words.trim_end().rsplit(' ').next()?))
}
