//! What asks the world outside of the program: `fetch` and `generate`.
//!
//! What they do is written in the language itself, as foreign modules are: libraries whose functions are resolved
//! anew for each use, so that their failures stand at its line.

use std::sync::LazyLock;

use super::casts::Container;
use super::{Resolver, StmtKind, prelude};
use crate::check::resolved::{CastTarget, ExprId, ExprKind};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast;
use crate::types::RecordId;

static FETCH: LazyLock<ast::Program> =
    LazyLock::new(|| prelude::parse("fetch.mochi", include_str!("../../libraries/fetch.mochi")));

static LLM: LazyLock<ast::Program> =
    LazyLock::new(|| prelude::parse("llm.mochi", include_str!("../../libraries/llm.mochi")));

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

    /// `generate target { fields }`.
    pub(super) fn generate(
        &mut self,
        target: &'a ast::Name,
        fields: &'a [(ast::Name, ast::Expr)],
        span: Span,
    ) -> ExprId {
        let record = match target.text.as_str() {
            "text" | "embedding" => None,
            name => {
                let known = self.named_record(target);
                let Some(record) = known.filter(|record| self.program.records[record.index()].union.is_none()) else {
                    self.error(Code::T025, target.span, format!("unknown type: {name}"));
                    return self.push(ExprKind::Refused, span);
                };
                Some(record)
            }
        };
        let (mut model, mut settings) = (None, None);
        let mut asked = [("prompt", None), ("text", None), ("normalize", None)];
        let mut parameters = Vec::new();
        for (name, value) in fields {
            if matches!(name.text.as_str(), "tools" | "tool_choice") {
                return self.refused(name.span, "tools of `generate`");
            }
            if name.text == "model" {
                let (value, found) = self.model(value);
                (model, settings) = (Some(value), found);
                continue;
            }
            let value = self.expr(value);
            match asked.iter_mut().find(|(known, _)| *known == name.text) {
                Some((_, asked)) => *asked = Some(value),
                None => parameters.push((name, value)),
            }
        }
        // What the program asks for comes before what its model is declared with.
        for (name, value) in settings.into_iter().flatten() {
            let is_given = parameters.iter().any(|(given, _)| given.text == name.text);
            if !is_given && !matches!(name.text.as_str(), "provider" | "name") {
                let value = self.expr(value);
                parameters.push((name, value));
            }
        }
        let [prompt, text, normalize] = asked.map(|(_, value)| value);
        let mut or_none = |value: Option<ExprId>| value.unwrap_or_else(|| self.push(ExprKind::None, span));
        let (model, prompt, text, normalize) = (or_none(model), or_none(prompt), or_none(text), or_none(normalize));
        if target.text == "embedding" {
            return self.call_library(&LLM, "_embed", vec![model, text, normalize], span);
        }
        let schema = record.map(|record| self.record_schema(record, &mut Vec::new())).unwrap_or_default();
        let schema = self.push(ExprKind::Text(schema), span);
        let mut args = vec![model, prompt, schema];
        if !parameters.is_empty() {
            let entries = parameters
                .into_iter()
                .map(|(name, value)| (self.push(ExprKind::Str(name.text.as_bytes()), name.span), value));
            let entries = entries.collect();
            args.push(self.push(ExprKind::Map(entries), span));
        }
        let answer = self.call_library(&LLM, "_generate", args, span);
        match record {
            Some(record) => {
                let value = self.call_library(&LLM, "_answer", vec![answer], span);
                self.cast_to_record(value, record, span)
            }
            None => answer,
        }
    }

    /// The name that the host is to know a model by, and what its declaration sets.
    fn model(&mut self, value: &'a ast::Expr) -> (ExprId, Option<&'a [(ast::Name, ast::Expr)]>) {
        if let ast::ExprKind::Str(name) = &value.kind {
            let declared = std::str::from_utf8(name).ok().and_then(|name| self.names().models.get_key_value(name));
            let (name, settings) = match declared {
                Some((alias, settings)) => (ExprKind::Text(full_name(alias, settings)), Some(*settings)),
                None => (ExprKind::Str(name), None),
            };
            return (self.push(name, value.span), settings);
        }
        let name = self.expr(value);
        let mut aliases = Vec::new();
        for (alias, settings) in self.names().models.clone() {
            if settings.iter().any(|(name, _)| !matches!(name.text.as_str(), "provider" | "name")) {
                self.refuse(value.span, "models that the program chooses while it runs, where one has settings,");
                return (name, None);
            }
            let key = self.push(ExprKind::Str(alias.as_bytes()), value.span);
            aliases.push((key, self.push(ExprKind::Text(full_name(alias, settings)), value.span)));
        }
        if aliases.is_empty() {
            return (name, None);
        }
        let aliases = self.push(ExprKind::Map(aliases), value.span);
        (self.call_library(&LLM, "_model", vec![name, aliases], value.span), None)
    }

    /// The JSON Schema of a struct. A struct inside of itself is any object.
    fn record_schema(&self, record: RecordId, open: &mut Vec<RecordId>) -> String {
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

    fn schema(&self, ty: &'a ast::TypeExpr, open: &mut Vec<RecordId>) -> String {
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

/// `provider:name` of a declared model, which has the name of its declaration if that gives it no other.
fn full_name(alias: &str, settings: &[(ast::Name, ast::Expr)]) -> String {
    let setting = |wanted: &str| {
        let (_, value) = settings.iter().rev().find(|(name, _)| name.text == wanted)?;
        match &value.kind {
            ast::ExprKind::Str(text) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        }
    };
    let name = setting("name").unwrap_or_else(|| alias.to_owned());
    setting("provider").map_or_else(|| name.clone(), |provider| format!("{provider}:{name}"))
}
