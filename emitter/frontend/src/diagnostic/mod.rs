//! What the compiler says about a program: facts first, words in one table, drawing in one place.

use crate::source::Span;

mod codes;
mod render;

pub use codes::Code;
pub(crate) use render::push_visible;
pub use render::{Format, render};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Warning,
    Error,
}

/// One finding. `message` is the finished sentence that the code's row in [`Code`] made from the facts.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    pub span: Span,
    pub message: String,
    /// A remedy; empty when the code's own help says enough.
    pub help: String,
}

impl Diagnostic {
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, severity: Severity::Error, span, message: message.into(), help: String::new() }
    }

    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = help.into();
        self
    }
}

/// The findings of one stage in the order in which it made them. Past the limit they are
/// dropped: no reader gets this far, and a file of noise should not fill the memory.
/// Errors and warnings are counted apart, so that no error is lost among warnings.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Findings {
    pub(crate) const LIMIT: usize = 200;

    pub(crate) fn push(&mut self, finding: Diagnostic) {
        let count = match finding.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if *count < Findings::LIMIT {
            *count += 1;
            self.list.push(finding);
        }
    }

    /// Whether further errors will be dropped.
    pub(crate) fn is_full(&self) -> bool {
        self.errors == Findings::LIMIT
    }

    pub(crate) fn into_vec(self) -> Vec<Diagnostic> {
        self.list
    }
}
