//! Text to tokens.
//!
//! The reference tries a list of rules at each position and takes the first that
//! matches, not the longest: `:-` is always one token, and a keyword directly before a
//! letter outside ASCII is still a keyword. One difference is deliberate: the
//! reference's check for a number that runs into a name also looks inside names and so
//! refuses `make2D`.
//!
//! Everything that is not a token is reported here, with the scan resumed behind it.

use std::ops::Range;

use super::Dialect;
use super::literal;
use super::symbols::is_other_symbol;
use super::token::{Doc, Kind, Token};
use crate::diagnostic::{Code, Diagnostic, Findings, push_visible};
use crate::source::Span;

pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    /// In the order of their tokens.
    pub(super) docs: Vec<Doc>,
    /// In the order of the text.
    pub(super) findings: Findings,
}

pub(super) fn lex(text: &str, file: u32, dialect: Dialect) -> Lexed {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        file,
        dialect,
        last_quote: text.rfind('"').unwrap_or(0),
        starts_line: true,
        line_is_blank: true,
        doc: Vec::new(),
        out: Lexed { tokens: Vec::with_capacity(text.len() / 4 + 1), docs: Vec::new(), findings: Findings::default() },
    };
    lexer.run();
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    file: u32,
    dialect: Dialect,
    /// Where the last `"` of the file is: a string opened there cannot be closed.
    last_quote: usize,
    starts_line: bool,
    /// Whether nothing but white space was seen on the current line, comments included.
    line_is_blank: bool,
    doc: Vec<String>,
    out: Lexed,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => self.end_line(),
                b' ' | b'\t' | b'\r' | b';' => self.at += 1,
                b'#' => self.line_comment(),
                b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
                b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
                b'0'..=b'9' => self.number(),
                b'"' => self.string(),
                _ => match self.punctuation(byte) {
                    Some((kind, length)) => self.push(kind, length),
                    None => self.outside_ascii(),
                },
            }
        }
        self.push(Kind::End, 0);
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn end_line(&mut self) {
        if self.line_is_blank {
            self.doc.clear();
        }
        self.starts_line = true;
        self.line_is_blank = true;
        self.at += 1;
    }

    fn push(&mut self, kind: Kind, length: usize) {
        if !self.doc.is_empty() {
            let lines = std::mem::take(&mut self.doc);
            self.out.docs.push(Doc { token: self.out.tokens.len(), lines });
        }
        let (start, end) = (self.at as u32, (self.at + length) as u32);
        self.out.tokens.push(Token { kind, starts_line: self.starts_line, start, end });
        self.starts_line = false;
        self.line_is_blank = false;
        self.at += length;
    }

    fn report(&mut self, code: Code, start: usize, end: usize, message: String) {
        self.out.findings.push(Diagnostic::error(code, Span::new(self.file, start, end), message));
    }

    fn line_comment(&mut self) {
        let rest = &self.text[self.at..];
        let comment = rest.find('\n').map_or(rest, |end| &rest[..end]);
        match comment.strip_prefix("///") {
            Some(doc) if self.starts_line => {
                let doc = doc.trim_end_matches('\r');
                self.doc.push(doc.strip_prefix(' ').unwrap_or(doc).to_string());
            }
            _ => self.doc.clear(),
        }
        self.warn_about_direction(self.at, self.at + comment.len());
        self.line_is_blank = false;
        self.at += comment.len();
    }

    fn block_comment(&mut self) {
        self.doc.clear();
        let start = self.at;
        let end = match self.text[start + 2..].find("*/") {
            Some(length) => start + 2 + length + 2,
            None => {
                self.report(Code::P042, start, start + 2, "this block comment is never closed".to_string());
                self.bytes.len()
            }
        };
        self.warn_about_direction(start, end);
        self.starts_line |= self.bytes[start..end].contains(&b'\n');
        self.line_is_blank = false;
        self.at = end;
    }

    /// A keyword or a name that starts with an ASCII letter.
    fn word(&mut self) {
        let rest = &self.bytes[self.at..];
        let ascii = rest.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_').count();
        let word = &self.text[self.at..self.at + ascii];
        match Kind::keyword(word) {
            Some(kind) => self.push(kind, ascii),
            None => self.push(Kind::Ident, ascii + name_length(&self.text[self.at + ascii..])),
        }
    }

    fn number(&mut self) {
        let start = self.at;
        let (kind, length) = number(&self.bytes[start..]);
        if is_bare_prefix(&self.text[start..start + length]) {
            let prefix = &self.text[start..start + length];
            self.report(Code::P046, start, start + length, format!("`{prefix}` needs at least one digit of its base"));
            let tail = name_length(&self.text[start + length..]);
            return self.push(Kind::Int, length + tail);
        }
        let tail = name_length(&self.text[start + length..]);
        if tail > 0 {
            let (digits, name) = (&self.text[start..start + length], &self.text[start + length..start + length + tail]);
            let message = format!("the number {} runs into the name `{}`", shorten(digits, 32), shorten(name, 32));
            self.report(Code::P043, start, start + length + tail, message);
        }
        self.push(kind, length + tail);
    }

    fn string(&mut self) {
        let start = self.at;
        let mut end = start + 1;
        let is_closed = loop {
            match self.bytes.get(end) {
                Some(b'"') => {
                    end += 1;
                    break true;
                }
                // The line end after a backslash ends the search as well.
                Some(b'\\') if !matches!(self.bytes.get(end + 1), None | Some(b'\n')) => end += 2,
                Some(b'\n') | None => break false,
                Some(_) => end += 1,
            }
        };
        self.warn_about_direction(start, end);
        if is_closed {
            let literal = &self.text[start..end];
            if let Err(bad) = literal::string(literal) {
                let escape = shorten(&literal[bad.start..bad.end], 12);
                // As in the reference, the place is that of the whole string.
                self.report(Code::P041, start, end, format!("the escape `{escape}` does not exist"));
            }
        } else if end > self.last_quote {
            self.report(Code::P040, start, end, "this string is never closed".to_string());
        } else {
            // The reference pairs quotes across lines and then refuses the line end as it
            // does an escape. Reading on at the next line finds more of what is wrong.
            self.report(Code::P041, start, end, "a string cannot contain a line end".to_string());
        }
        self.push(Kind::Str, end - start);
    }

    fn punctuation(&self, byte: u8) -> Option<(Kind, usize)> {
        let next = self.peek(1);
        let runtime = self.dialect == Dialect::Runtime;
        Some(match (byte, next) {
            (b'=', Some(b'=')) => (Kind::EqEq, 2),
            (b'!', Some(b'=')) => (Kind::NotEq, 2),
            (b'<', Some(b'=')) => (Kind::LessEq, 2),
            (b'>', Some(b'=')) => (Kind::GreaterEq, 2),
            (b'&', Some(b'&')) => (Kind::AndAnd, 2),
            (b'|', Some(b'|')) => (Kind::OrOr, 2),
            (b'=', Some(b'>')) => (Kind::Arrow, 2),
            (b':', Some(b'-')) => (Kind::Turnstile, 2),
            (b'.', Some(b'.')) => (Kind::DotDot, 2),
            (b'?', Some(b'?')) => (Kind::QuestionQuestion, 2),
            (b'-', _) => (Kind::Minus, 1),
            (b'+', _) => (Kind::Plus, 1),
            (b'*', _) => (Kind::Star, 1),
            (b'/', _) => (Kind::Slash, 1),
            (b'%', _) => (Kind::Percent, 1),
            (b'=', _) => (Kind::Eq, 1),
            (b'<', _) => (Kind::Less, 1),
            (b'>', _) => (Kind::Greater, 1),
            (b'!', _) => (Kind::Not, 1),
            (b'|', _) => (Kind::Bar, 1),
            (b'{', _) => (Kind::OpenBrace, 1),
            (b'}', _) => (Kind::CloseBrace, 1),
            (b'[', _) => (Kind::OpenBracket, 1),
            (b']', _) => (Kind::CloseBracket, 1),
            (b'(', _) => (Kind::OpenParen, 1),
            (b')', _) => (Kind::CloseParen, 1),
            (b',', _) => (Kind::Comma, 1),
            (b'.', _) => (Kind::Dot, 1),
            (b':', _) => (Kind::Colon, 1),
            (b'?', _) => (Kind::Question, 1),
            (b'&', _) if runtime => (Kind::And, 1),
            (b'^', _) if runtime => (Kind::Caret, 1),
            _ => return None,
        })
    }

    /// A name that starts outside ASCII, or a run of characters that are no part of the language.
    fn outside_ascii(&mut self) {
        let rest = &self.text[self.at..];
        let length = name_length(rest);
        if length > 0 && rest.starts_with(starts_name) {
            return self.push(Kind::Ident, length);
        }
        let (length, help) = foreign(rest);
        let span = Span::new(self.file, self.at, self.at + length);
        let message = format!("`{}` is not part of the language", shorten(&rest[..length], 12));
        self.out.findings.push(Diagnostic::error(Code::P040, span, message).with_help(help));
        self.line_is_blank = false;
        self.at += length;
    }

    /// Comments and strings may hold any character; those that reorder the text around
    /// them can hide what a program does (CVE-2021-42574).
    fn warn_about_direction(&mut self, start: usize, end: usize) {
        let found = self.text[start..end]
            .char_indices()
            .find(|&(_, c)| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
        if let Some((at, c)) = found {
            let span = Span::new(self.file, start + at, start + at + c.len_utf8());
            let message = format!("the invisible character U+{:04X} changes the direction of the text", c as u32);
            self.out.findings.push(Diagnostic::warning(Code::M004, span, message));
        }
    }
}

/// How much of `text` from its start is no part of the language, and what to do about it.
fn foreign(text: &str) -> (usize, &'static str) {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let rest = &text[first..];
    match text.as_bytes()[0] {
        quote @ (b'\'' | b'`') => {
            let line = rest.split('\n').next().unwrap_or(rest);
            let length = line.find(quote as char).map_or(first, |end| first + end + 1);
            (length, "Strings are written in double quotes.")
        }
        b'&' | b'^' | b'~' => (first, "Mochi has no bitwise operators; `&&` and `||` combine conditions."),
        _ => {
            let is_foreign = |c: char| c.is_control() || "@$\\".contains(c) || !c.is_ascii() && !starts_name(c);
            let is_space = |c: char| matches!(c, '\t' | '\r' | '\n');
            let more = rest.find(|c| !is_foreign(c) || is_space(c)).unwrap_or(rest.len());
            (first + more, "Remove it; only strings and comments hold any character.")
        }
    }
}

/// The number that a text starts with: its kind and length. A prefix such as `0x` is one without digits.
fn number(text: &[u8]) -> (Kind, usize) {
    let count = |from: usize, is_digit: fn(&u8) -> bool| {
        text[from.min(text.len())..].iter().take_while(|byte| is_digit(byte)).count()
    };
    let base: Option<fn(&u8) -> bool> = match text {
        [b'0', b'x' | b'X', ..] => Some(u8::is_ascii_hexdigit),
        [b'0', b'b' | b'B', ..] => Some(|byte| matches!(byte, b'0' | b'1')),
        [b'0', b'o' | b'O', ..] => Some(|byte| matches!(byte, b'0'..=b'7')),
        _ => None,
    };
    if let Some(is_digit) = base {
        return (Kind::Int, 2 + count(2, is_digit));
    }
    let mut kind = Kind::Int;
    let mut length = count(0, u8::is_ascii_digit);
    if text.get(length) == Some(&b'.') && text.get(length + 1).is_some_and(u8::is_ascii_digit) {
        kind = Kind::Float;
        length += 1 + count(length + 1, u8::is_ascii_digit);
    }
    if matches!(text.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(length + 1), Some(b'+' | b'-')));
        let digits = count(length + 1 + sign, u8::is_ascii_digit);
        if digits > 0 {
            kind = Kind::Float;
            length += 1 + sign + digits;
        }
    }
    (kind, length)
}

/// Whether a number is the prefix of a base and nothing else.
fn is_bare_prefix(number: &str) -> bool {
    number.len() == 2 && number.as_bytes()[1].is_ascii_alphabetic()
}

/// A number inside of a name that is followed by more of the name.
pub(super) fn number_in_name(name: &str) -> Option<Range<usize>> {
    let start = name.find(|c: char| c.is_ascii_digit())?;
    let (_, length) = number(&name.as_bytes()[start..]);
    let end = start + length;
    if end < name.len() { Some(start..end) } else { None }
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_' || is_other_symbol(c)
}

/// How many bytes of `text`, from its start, can continue a name.
fn name_length(text: &str) -> usize {
    text.find(|c: char| !(starts_name(c) || c.is_numeric())).unwrap_or(text.len())
}

/// The start of a text, fit for a message.
fn shorten(text: &str, most: usize) -> String {
    let mut chars = text.chars();
    let mut short = String::new();
    chars.by_ref().take(most).for_each(|c| push_visible(&mut short, c));
    if chars.next().is_some() {
        short.push('…');
    }
    short
}
