//! Says things on standard error. It may be closed, a file or a terminal; nothing here fails or panics for it.

use crate::failure::{Exit, Failure};
use mochi_frontend::diagnostic::{Diagnostic, Format, Severity, render};
use mochi_frontend::source::SourceFile;
use std::io::{self, IsTerminal, Write};

/// How messages are drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reporter {
    pub format: Format,
    pub color: bool,
    /// Say more.
    pub verbose: bool,
}

impl Reporter {
    /// Colors only on a terminal that wants them.
    pub(crate) fn new(format: Format, verbose: bool) -> Reporter {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = format == Format::Human && !dumb && !refused && io::stderr().is_terminal();
        Reporter { format, color, verbose }
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        say(&match self.format {
            Format::Human => failure.render(self.color),
            Format::Json => failure.render_json(),
        });
    }

    /// Something that only `--verbose` shows.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            say(&format!("{text}\n"));
        }
    }

    /// Draws the findings, errors first among those cut off by `limit` (0 is no limit). Warnings only if asked for.
    pub(crate) fn diagnostics(&self, found: &[Diagnostic], files: &[SourceFile], limit: usize, with_warnings: bool) {
        let wanted: Vec<&Diagnostic> =
            found.iter().filter(|diagnostic| with_warnings || diagnostic.severity == Severity::Error).collect();
        let limit = if limit == 0 { usize::MAX } else { limit };
        let (mut errors, mut warnings) = (0, 0);
        let mut text = String::new();
        for diagnostic in wanted {
            let count = match diagnostic.severity {
                Severity::Error => &mut errors,
                Severity::Warning => &mut warnings,
            };
            *count += 1;
            if *count <= limit {
                text.push_str(&render(diagnostic, files, self.format, self.color));
            }
        }
        if self.format == Format::Human {
            text.push_str(&summary(errors, warnings, limit));
        }
        say(&text);
    }
}

/// Whether one of the findings forbids going on.
pub(crate) fn has_errors(found: &[Diagnostic]) -> bool {
    found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Diagnostics have been drawn; nothing is left to say.
pub(crate) fn reported() -> Failure {
    Failure::new(Exit::Errors, String::new())
}

/// Writes to standard error, whether or not somebody reads it.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn summary(errors: usize, warnings: usize, limit: usize) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut parts = Vec::new();
    if errors > 0 {
        parts.push(count(errors, "error"));
    }
    if warnings > 0 {
        parts.push(count(warnings, "warning"));
    }
    if parts.is_empty() {
        return String::new();
    }
    let shown = if errors > limit || warnings > limit {
        format!(" (the first {limit} of each are shown)")
    } else {
        String::new()
    };
    format!("{}{shown}\n", parts.join(", "))
}
