//! What goes wrong on the host's side: one sentence, its causes, a way out, and the exit code.
//!
//! Mistakes in a program's text are diagnostics of the frontend and do not pass through here;
//! failures of a running program are printed by the program itself.

use std::fmt;
use std::path::Path;

/// Every exit code that the command line gives on its own account (a program's own code passes through).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// Diagnostics with errors, or a program that failed.
    Errors = 1,
    Usage = 2,
    /// A bug of ours.
    Bug = 101,
    TimeLimit = 124,
    /// Our own failure: disk, memory of the host, keys.
    Host = 125,
    /// Invalid, refused, or made for another machine.
    CannotExecute = 126,
    NotFound = 127,
    Interrupted = 130,
    /// A resource is exhausted, or a trap.
    Trap = 134,
    Terminated = 143,
}

impl Exit {
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// Why a command ends early.
#[derive(Clone, Debug)]
pub struct Failure {
    pub exit: Exit,
    pub message: String,
    /// From the nearest cause to the deepest.
    pub causes: Vec<String>,
    /// What the reader can do about it.
    pub help: Vec<String>,
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), causes: Vec::new(), help: Vec::new() }
    }

    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, message)
    }

    pub fn host(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Host, message)
    }

    pub fn cannot_execute(message: impl Into<String>) -> Failure {
        Failure::new(Exit::CannotExecute, message)
    }

    /// A part of the command line that is decided on but does not exist yet, refused by its name.
    pub fn not_available(what: impl fmt::Display) -> Failure {
        Failure::usage(format!("{what} is not available yet"))
    }

    pub fn because(mut self, cause: impl fmt::Display) -> Failure {
        self.causes.push(cause.to_string());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help.push(help.into());
        self
    }

    /// The chain of a Wasmtime error, outermost sentence first.
    pub fn with_chain(mut self, error: &wasmtime::Error) -> Failure {
        self.causes.extend(error.chain().map(|cause| cause.to_string()));
        self
    }

    /// Draws the failure for people, ending in a newline.
    pub fn render(&self, color: bool) -> String {
        let (red, bold, off) = if color { ("\x1b[1;31m", "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
        let mut text = format!("{red}error{off}{bold}: {}{off}\n", printable(&self.message));
        for cause in &self.causes {
            text.push_str(&format!("  because: {}\n", printable(cause)));
        }
        for help in &self.help {
            text.push_str(&format!("  help: {}\n", printable(help)));
        }
        text
    }

    /// The failure as one line of JSON for tools, its fields named as in diagnostics.
    pub fn render_json(&self) -> String {
        let mut line = serde_json::json!({
            "severity": "error",
            "message": self.message,
            "causes": self.causes,
            "help": self.help.join("\n"),
            "exit": self.exit.code(),
        })
        .to_string();
        line.push('\n');
        line
    }
}

/// A path as it may stand in a message: control characters and bad UTF-8 are shown escaped.
pub(crate) fn show(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text.chars().any(|c| c.is_control() || steers(c)) { format!("{text:?}") } else { text.into_owned() }
}

/// Text from outside as it may reach a terminal: line ends are indented, other controls escaped.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.trim_end().chars() {
        match c {
            '\n' => shown.push_str("\n    "),
            c if c.is_control() || steers(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Text from outside that stays on one line of a terminal: every control is shown escaped, a tab as a space.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push(' '),
            c if c.is_control() || steers(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Whether a character changes the direction of the text around it, or is not seen at all.
fn steers(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
