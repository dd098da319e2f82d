//! `print`: all arguments are evaluated, then the line is written.
//!
//! Constant strings, bools and none, the spaces between arguments and the line end are joined
//! into as few pieces of static text as possible. Numbers stay operations: only the runtime
//! writes them.
//!
//! With three or more arguments the line loses the white space at its ends. Where the text at
//! an end is static or comes from a number, that is done here. Where it comes from a string,
//! the line is put together and trimmed when the program runs.

use mochi_frontend::source::Span;
use mochi_frontend::typed::{Expr, ExprKind};

use crate::ir::{Imm, Kind, MochiOp, Type, Value};

use super::FunctionCtx;
use super::convert::NoneText;
use super::types::lower_type;

/// So many arguments make a line that is trimmed.
const TRIMMED_ARGS: usize = 3;

/// A part of the line.
enum Piece {
    Text(Vec<u8>),
    Value(Value),
}

/// The text of a constant that needs no formatting.
fn constant_text(expr: &Expr) -> Option<Vec<u8>> {
    match &expr.kind {
        ExprKind::Str(bytes) => Some(bytes.clone()),
        ExprKind::Bool(true) => Some(b"true".to_vec()),
        ExprKind::Bool(false) => Some(b"false".to_vec()),
        ExprKind::None => Some(b"nil".to_vec()),
        ExprKind::Convert(of) => constant_text(of),
        _ => None,
    }
}

/// Joins texts that stand side by side.
fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), piece) {
        (Some(Piece::Text(text)), Piece::Text(more)) => text.extend(more),
        (_, piece) => pieces.push(piece),
    }
}

/// Bytes that are not UTF-8 are not white space.
fn trim_start(bytes: &[u8]) -> &[u8] {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    &bytes[valid.len() - valid.trim_start().len()..]
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    match bytes.utf8_chunks().last() {
        Some(chunk) if chunk.invalid().is_empty() => {
            let valid = chunk.valid();
            &bytes[..bytes.len() - (valid.len() - valid.trim_end().len())]
        }
        _ => bytes,
    }
}

/// An end of the line.
#[derive(Clone, Copy)]
enum End {
    Start,
    Finish,
}

impl FunctionCtx<'_, '_> {
    /// Prints the line. Gives the first argument's value, which is the call's, unless that is
    /// constant text; absent when evaluation does not come back.
    pub(super) fn print(&mut self, args: &[Expr], span: Span) -> Option<Option<Value>> {
        let mut pieces = Vec::new();
        let mut first = None;
        for (index, arg) in args.iter().enumerate() {
            if index > 0 {
                push(&mut pieces, Piece::Text(b" ".to_vec()));
            }
            if let Some(text) = constant_text(arg) {
                push(&mut pieces, Piece::Text(text));
                continue;
            }
            let value = self.expr(arg)?;
            let is_none = lower_type(arg.ty).is_none();
            push(&mut pieces, if is_none { Piece::Text(b"nil".to_vec()) } else { Piece::Value(value) });
            if index == 0 {
                first = Some(value);
            }
        }
        self.fb.set_span(Some(span));
        let trimmed_here =
            args.len() < TRIMMED_ARGS || (self.trim(&mut pieces, End::Start) && self.trim(&mut pieces, End::Finish));
        if !trimmed_here {
            let line = self.join(pieces);
            let line = self.fb.value(MochiOp::StrTrim, vec![line], Imm::None, Type::STR);
            pieces = vec![Piece::Value(line)];
        }
        push(&mut pieces, Piece::Text(b"\n".to_vec()));
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    let data = self.pool.bytes(&text);
                    self.fb.effect(MochiOp::PrintData, Vec::new(), Imm::Data(data));
                }
                Piece::Value(value) => self.fb.effect(MochiOp::Print, vec![value], Imm::None),
            }
        }
        Some(first)
    }

    /// Removes the white space at one end of the line; false when that cannot be known here.
    fn trim(&self, pieces: &mut Vec<Piece>, end: End) -> bool {
        loop {
            let at = match end {
                End::Start => 0,
                End::Finish => pieces.len().wrapping_sub(1),
            };
            match pieces.get_mut(at) {
                None => return true,
                Some(Piece::Value(value)) => {
                    return match self.fb.ty(*value).kind {
                        Kind::Int
                        | Kind::Float
                        | Kind::Bool
                        | Kind::List(_)
                        | Kind::Map(_)
                        | Kind::Record(_)
                        | Kind::Union(_)
                        | Kind::Func(_) => true,
                        Kind::Str | Kind::Any => false,
                        Kind::I32 | Kind::I64 | Kind::F64 => panic!("{value} is not a value of the language"),
                    };
                }
                Some(Piece::Text(text)) => {
                    let rest = match end {
                        End::Start => trim_start(text),
                        End::Finish => trim_end(text),
                    };
                    *text = rest.to_vec();
                    if !text.is_empty() {
                        return true;
                    }
                    pieces.remove(at);
                }
            }
        }
    }

    fn join(&mut self, pieces: Vec<Piece>) -> Value {
        let mut line: Option<Value> = None;
        for piece in pieces {
            let text = match piece {
                Piece::Text(text) => self.string(&text),
                Piece::Value(value) => self.text_of(value, NoneText::Print),
            };
            line = Some(match line {
                None => text,
                Some(line) => self.fb.value(MochiOp::StrConcat, vec![line, text], Imm::None, Type::STR),
            });
        }
        line.unwrap_or_else(|| self.string(b""))
    }
}

#[cfg(test)]
mod tests {
    use super::{trim_end, trim_start};

    #[test]
    fn white_space_is_unicode_and_ends_at_bytes_that_are_not_text() {
        assert_eq!(trim_start("\u{a0}\t a ".as_bytes()), b"a ");
        assert_eq!(trim_end("a \u{3000}\n".as_bytes()), b"a");
        assert_eq!(trim_start(b" \xff a"), b"\xff a");
        assert_eq!(trim_end(b"a \xff "), b"a \xff");
        assert_eq!(trim_end(b"a \xff"), b"a \xff");
        assert_eq!(trim_end(b" "), b"");
    }
}
