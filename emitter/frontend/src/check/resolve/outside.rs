//! What asks the world outside of the program: `fetch`, and the JSON Schemas of what `generate` asks for.
//!
//! What `fetch` does is written in the language itself, as foreign modules are: a library whose functions are resolved
//! anew for each use, so that their failures stand at its line.

use std::sync::LazyLock;

use super::casts::Container;
use super::{Resolver, prelude};
use crate::check::resolved::{CastTarget, ExprId, StmtKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::RecordId;

static FETCH: LazyLock<ast::Program> =
    LazyLock::new(|| prelude::parse("fetch.mochi", include_str!("../../libraries/fetch.mochi")));

impl<'a> Resolver<'a> {
    pub(super) fn fetch(&mut self, url: &'a ast::Expr, with: Option<&'a ast::Expr>, span: Span) -> ExprId {
        // `fetch u as T` and `fetch u with o as T` are parsed as casts of what stands before `as`.
        let (mut args, mut ty) = (Vec::new(), None);
        for operand in std::iter::once(url).chain(with) {
            let (value, cast) = self.without_cast(operand);
            args.push(value);
            ty = cast;
        }
        let answer = self.call_library(&FETCH, "_fetch", args, span);
        match ty {
            Some(ty) => self.cast(answer, ty, span),
            None => answer,
        }
    }

    /// `fetch url into name`: a declaration.
    pub(super) fn fetch_into(
        &mut self,
        url: &'a ast::Expr,
        into: &'a ast::Name,
        with: Option<&'a ast::Expr>,
        span: Span,
    ) -> StmtKind {
        let value = self.fetch(url, with, span);
        StmtKind::Declare { place: self.declare(into), value: Some(value) }
    }

    /// An operand without the cast at its end, whose type is meant for the answer: neither URL nor options are
    /// cast to anything but strings.
    fn without_cast(&mut self, operand: &'a ast::Expr) -> (ExprId, Option<&'a ast::TypeExpr>) {
        match &operand.kind {
            ast::ExprKind::Cast { of, ty } if !is_string(ty) => (self.expr(of), Some(ty)),
            ast::ExprKind::Binary(op @ ast::BinaryOp::Add, lhs, rhs) => match &rhs.kind {
                ast::ExprKind::Cast { of, ty } if !is_string(ty) => {
                    let lhs = self.expr(lhs);
                    (self.binary(*op, lhs, of, operand.span), Some(ty))
                }
                _ => (self.expr(operand), None),
            },
            _ => (self.expr(operand), None),
        }
    }

    /// The JSON Schema of a struct. A struct inside of itself is any object.
    pub(super) fn record_schema(&self, record: RecordId, open: &mut Vec<RecordId>) -> String {
        if open.contains(&record) {
            return r#"{"type":"object"}"#.to_owned();
        }
        open.push(record);
        let fields = &self.program.records[record.index()].fields;
        let mut properties = Vec::new();
        for field in fields {
            let schema = field.ty.map_or_else(|| "{}".to_owned(), |ty| self.schema(ty, open));
            properties.push(format!("\"{}\":{schema}", field.name));
        }
        let mut required: Vec<String> = fields.iter().map(|field| format!("\"{}\"", field.name)).collect();
        required.sort();
        open.pop();
        let (properties, required) = (properties.join(","), required.join(","));
        format!(r#"{{"type":"object","properties":{{{properties}}},"required":[{required}]}}"#)
    }

    pub(super) fn schema(&self, ty: &'a ast::TypeExpr, open: &mut Vec<RecordId>) -> String {
        if let Some(record) = self.record_of(ty) {
            return self.record_schema(record, open);
        }
        match self.container(ty) {
            Some(Container::List(element)) => {
                return format!(r#"{{"type":"array","items":{}}}"#, self.schema(element, open));
            }
            Some(Container::Map(_, value)) => {
                return format!(r#"{{"type":"object","additionalProperties":{}}}"#, self.schema(value, open));
            }
            None => {}
        }
        match self.cast_target(ty) {
            CastTarget::Int | CastTarget::BigInt => r#"{"type":"integer"}"#,
            CastTarget::Float => r#"{"type":"number"}"#,
            CastTarget::String => r#"{"type":"string"}"#,
            CastTarget::Bool => r#"{"type":"boolean"}"#,
            CastTarget::BigRat | CastTarget::Unchanged => "{}",
        }
        .to_owned()
    }
}

fn is_string(ty: &ast::TypeExpr) -> bool {
    matches!(&ty.kind, ast::TypeExprKind::Name(name) if name.text == "string")
}
