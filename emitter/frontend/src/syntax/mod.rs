//! Text to syntax tree.
//!
//! The grammar is the reference implementation's: statements without separators, an
//! ordered choice wherever two readings are possible. Where the reference tries one
//! alternative after the other, this parser looks ahead by at most three tokens, so
//! that its time is linear in the length of the text.

pub mod ast;
mod lexer;
mod literal;
mod parser;
mod symbols;
#[cfg(test)]
mod tests;
mod token;

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Findings, Severity};
use crate::source::{SourceFile, Span};

/// The language of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// What users write.
    Mochi,
    /// What the compiler's own runtime is written in: bit operators, `const`, `own`,
    /// marks on functions, WASI imports and explicit type arguments in addition.
    Runtime,
}

/// Reads a whole file. The tree is complete when no diagnostic is an error; else the
/// statements that could not be read are missing from it.
///
/// Lexical errors come first, then those of the grammar, then shapes that the grammar
/// admits and the language does not, each group in the order of the text: this is the
/// order in which the reference implementation finds them.
///
/// An effect-free expression statement is a warning (P065) here; the reference, and
/// therefore strict checking, makes it an error.
pub fn parse(file: &SourceFile, file_index: u32, dialect: Dialect) -> (ast::Program, Vec<Diagnostic>) {
    let lexed = lexer::lex(&file.text, file_index, dialect);
    let (program, found) = parser::parse(file, file_index, dialect, lexed.tokens, lexed.docs);
    let lexical = lexed.findings.into_vec();
    let errors = lexical.iter().filter(|d| d.severity == Severity::Error);
    let lines_at_fault: BTreeSet<u32> = errors.map(|d| file.line(d.span.start)).collect();
    // What the grammar says about a line that could not even be cut into tokens is noise.
    let found = found.into_iter().filter(|d| !lines_at_fault.contains(&file.line(d.span.start)));
    let mut findings = Findings::default();
    lexical.into_iter().chain(found).for_each(|finding| findings.push(finding));
    (program, findings.into_vec())
}

/// Names such as `make2D`, which the reference's scan for numbers that run into names refuses
/// (P043) because it does not know where names start. Strict checking does the same.
pub fn numbers_in_names(file: &SourceFile, file_index: u32) -> Vec<Diagnostic> {
    let names = lexer::lex(&file.text, file_index, Dialect::Mochi).tokens.into_iter();
    names
        .filter(|token| token.kind == token::Kind::Ident)
        .filter_map(|token| {
            let name = &file.text[token.start as usize..token.end as usize];
            let number = lexer::number_in_name(name)?;
            let span = Span::new(file_index, token.start as usize + number.start, token.end as usize);
            let message = format!("the number {} runs into the name `{}`", &name[number.clone()], &name[number.end..]);
            Some(Diagnostic::error(Code::P043, span, message))
        })
        .collect()
}

/// Makes a source file of bytes that should be UTF-8. When they are not, the
/// diagnostic says where, and the file holds a readable approximation to show.
pub fn decode(name: impl Into<String>, bytes: Vec<u8>, file_index: u32) -> (SourceFile, Option<Diagnostic>) {
    match String::from_utf8(bytes) {
        Ok(text) => (SourceFile::new(name, text), None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes()[at];
            let has_mark = error.as_bytes().starts_with(crate::source::BYTE_ORDER_MARK.as_bytes());
            let shown = at - if has_mark { crate::source::BYTE_ORDER_MARK.len() } else { 0 };
            let file = SourceFile::new(name, String::from_utf8_lossy(error.as_bytes()));
            let span = Span::new(file_index, shown, shown + '\u{fffd}'.len_utf8());
            let message = format!("the source is not valid UTF-8: byte 0x{byte:02x} at offset {at}");
            (file, Some(Diagnostic::error(Code::M003, span, message)))
        }
    }
}
