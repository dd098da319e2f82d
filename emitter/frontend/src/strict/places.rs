//! Positions that the syntax tree does not keep: of operators, brackets and clauses.
//!
//! Between two parts of an expression stand white space, comments and the token in question,
//! so it is found by skipping the former from the end of the part before it.

use super::Checker;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};

impl Checker<'_> {
    /// The text of the file in which a part lies.
    pub(super) fn text(&self, part: Span) -> &str {
        self.files.get(part.file as usize).map_or("", |file| &file.text)
    }

    /// The first `length` bytes of the token that follows a part of the text.
    pub(super) fn after(&self, part: Span, length: usize) -> Span {
        let start = self.skip_blank(part, part.end as usize);
        Span::new(part.file, start, (start + length).min(self.text(part).len()))
    }

    /// The operator of a binary expression.
    pub(super) fn operator(&self, left: &Expr, op: BinaryOp) -> Span {
        self.after(left.span, spelling(op).split(' ').next().unwrap_or_default().len())
    }

    /// The word that follows a part of the text.
    pub(super) fn word_after(&self, part: Span) -> Span {
        let start = self.skip_blank(part, part.end as usize);
        let word = self.text(part)[start..].find(|c: char| !c.is_alphanumeric()).unwrap_or(0);
        Span::new(part.file, start, start + word)
    }

    fn skip_blank(&self, part: Span, mut at: usize) -> usize {
        let text = self.text(part);
        loop {
            let rest = &text[at..];
            let length = match rest.as_bytes() {
                [b' ' | b'\t' | b'\r' | b'\n' | b';', ..] => 1,
                [b'#', ..] | [b'/', b'/', ..] => rest.find('\n').unwrap_or(rest.len()),
                [b'/', b'*', ..] => rest.find("*/").map_or(rest.len(), |end| end + 2),
                _ => return at,
            };
            at += length;
        }
    }

    /// The expression without the parentheses around it.
    pub(super) fn inside(&self, expr: &Expr) -> Span {
        let first = first_operand(expr).map_or(u32::MAX, |operand| operand.span.start);
        let mut span = expr.span;
        while span.start < first && self.text(span)[span.start as usize..].starts_with('(') {
            span.start = self.skip_blank(span, span.start as usize + 1) as u32;
            let inner = &self.text(span)[span.start as usize..span.end as usize];
            span.end -=
                inner.len() as u32 - inner.trim_end().strip_suffix(')').unwrap_or(inner).trim_end().len() as u32;
        }
        span
    }
}

/// The part with which an expression starts, if it starts with one.
pub(super) fn first_operand(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Binary(_, first, _)
        | ExprKind::Call { callee: first, args: _ }
        | ExprKind::Field { of: first, name: _, optional: _ }
        | ExprKind::Index { of: first, index: _, optional: _ }
        | ExprKind::Slice { of: first, start: _, end: _, step: _ }
        | ExprKind::Cast { of: first, ty: _ } => Some(first),
        ExprKind::Unary(..)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Bool(_)
        | ExprKind::Str(_)
        | ExprKind::None
        | ExprKind::Name(_)
        | ExprKind::If { .. }
        | ExprKind::List(_)
        | ExprKind::Map(_)
        | ExprKind::Struct { .. }
        | ExprKind::Lambda(_)
        | ExprKind::Match { .. }
        | ExprKind::Query(_)
        | ExprKind::LogicQuery(_)
        | ExprKind::Generate { .. }
        | ExprKind::Fetch { .. }
        | ExprKind::Load { .. }
        | ExprKind::Save { .. }
        | ExprKind::GenericCall { .. } => None,
    }
}

/// The name, if the expression is one that is written without parentheses.
pub(super) fn bare_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) if expr.span.end - expr.span.start == name.len() as u32 => Some(name),
        _ => None,
    }
}

/// How an operator is written.
pub(super) fn spelling(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::In => "in",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
        BinaryOp::Else => "??",
        BinaryOp::Union => "union",
        BinaryOp::UnionAll => "union all",
        BinaryOp::Except => "except",
        BinaryOp::Intersect => "intersect",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitOr => "|",
        BinaryOp::BitXor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::ShrU => ">>>",
    }
}
