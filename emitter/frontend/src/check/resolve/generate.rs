//! `generate`: what a model is asked, and the functions of the program that it can call.
//!
//! The conversation itself is written in the language (`libraries/llm.mochi`), as `fetch` is. Made here is what only
//! the text of the program tells: schemas, the settings of models, and the function that calls a tool by its name,
//!
//! ```text
//! fun(name, arguments) => if name == "f" then f(arguments.x as int, …) else …
//! ```
//!
//! so that tools are calls like any other.

use std::sync::LazyLock;

use super::{Bound, Imported, Resolver, prelude};
use crate::check::resolved::{ExprId, ExprKind, FuncId};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::LocalId;
use crate::types::RecordId;

static LLM: LazyLock<ast::Program> =
    LazyLock::new(|| prelude::parse("llm.mochi", include_str!("../../libraries/llm.mochi")));

/// Settings that say whom to ask, which the operator decides.
const PROVIDER: [&str; 4] = ["provider", "name", "base_url", "api_key_env"];

type Settings<'a> = &'a [(ast::Name, ast::Expr)];

/// The model that a question names.
struct Model<'a> {
    name: ExprId,
    settings: Chosen<'a>,
    /// The local that holds the name where the program computes it, with its value.
    local: Option<(LocalId, ExprId)>,
}

/// What the declaration of a model sets.
enum Chosen<'a> {
    Known(Settings<'a>),
    /// The entries are known when the program runs.
    Computed(ExprId),
}

/// A function that is offered to a model.
struct Tool<'a> {
    function: FuncId,
    decl: &'a ast::FunDecl,
    /// The module that the function is declared in.
    module: usize,
    /// What the program says of it.
    description: Option<&'a ast::Expr>,
}

impl<'a> Resolver<'a> {
    /// `generate target { fields }`.
    pub(super) fn generate(
        &mut self,
        target: &'a ast::Name,
        fields: &'a [(ast::Name, ast::Expr)],
        span: Span,
    ) -> ExprId {
        let is_embedding = target.text == "embedding";
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
        let mut model = None;
        let mut tools = Vec::new();
        let mut asked = [("prompt", None), ("text", None), ("normalize", None), ("tool_choice", None)];
        let mut parameters = Vec::new();
        for (name, value) in fields {
            match name.text.as_str() {
                "model" => model = Some(self.model(value)),
                "tools" if is_embedding => return self.refused(name.span, "tools of embeddings"),
                "tools" => match self.tools(value) {
                    Some(found) => tools = found,
                    None => return self.push(ExprKind::Refused, span),
                },
                text => {
                    let value = self.expr(value);
                    match asked.iter_mut().find(|(known, _)| *known == text) {
                        Some((_, asked)) => *asked = Some(value),
                        None => parameters.push((name, value)),
                    }
                }
            }
        }
        let mut local = None;
        let (mut model_name, mut computed) = (None, None);
        if let Some(model) = model {
            (model_name, local) = (Some(model.name), model.local);
            match model.settings {
                // What the program asks for comes before what its model is declared with.
                Chosen::Known(settings) => {
                    for (name, value) in settings {
                        let is_given = parameters.iter().any(|(given, _)| given.text == name.text);
                        if !is_given && !PROVIDER.contains(&name.text.as_str()) {
                            let value = self.expr(value);
                            parameters.push((name, value));
                        }
                    }
                }
                Chosen::Computed(settings) => computed = Some(settings),
            }
        }
        let has_parameters = !parameters.is_empty() || computed.is_some();
        let mut parameters = self.entries(parameters, span);
        if let Some(settings) = computed {
            parameters = self.call_library(&LLM, "_with", vec![parameters, settings], span);
        }
        let [prompt, text, normalize, choice] = asked.map(|(_, value)| value);
        let mut or_none = |value: Option<ExprId>| value.unwrap_or_else(|| self.push(ExprKind::None, span));
        let (model_name, prompt, text) = (or_none(model_name), or_none(prompt), or_none(text));
        let (normalize, choice) = (or_none(normalize), or_none(choice));
        let value = if is_embedding {
            let mut args = vec![model_name, text, normalize];
            args.extend(has_parameters.then_some(parameters));
            self.call_library(&LLM, "_embed", args, span)
        } else {
            let schema = record.map(|record| self.record_schema(record, &mut Vec::new())).unwrap_or_default();
            let schema = self.push(ExprKind::Text(schema), span);
            let mut args = vec![model_name, prompt, schema];
            let answer = if tools.is_empty() {
                args.extend(has_parameters.then_some(parameters));
                self.call_library(&LLM, "_generate", args, span)
            } else {
                let offered = self.offered(&tools, span);
                let call = self.caller(&tools, span);
                args.extend([parameters, offered, choice, call]);
                self.call_library(&LLM, "_converse", args, span)
            };
            self.answered(answer, record, span)
        };
        match local {
            Some((local, name)) => self.push(ExprKind::Let { local, value: name, then: value }, span),
            None => value,
        }
    }

    fn answered(&mut self, answer: ExprId, record: Option<RecordId>, span: Span) -> ExprId {
        match record {
            Some(record) => {
                let value = self.call_library(&LLM, "_answer", vec![answer], span);
                self.cast_to_record(value, record, span)
            }
            None => answer,
        }
    }

    /// A map of values by name.
    fn entries(&mut self, values: Vec<(&'a ast::Name, ExprId)>, span: Span) -> ExprId {
        let entries = values
            .into_iter()
            .map(|(name, value)| (self.push(ExprKind::Str(name.text.as_bytes()), name.span), value))
            .collect();
        self.push(ExprKind::Map(entries), span)
    }

    // Models.

    /// What a question asks whom: an alias, or a name that the host is to know.
    fn model(&mut self, value: &'a ast::Expr) -> Model<'a> {
        if let ast::ExprKind::Str(name) = &value.kind {
            let declared = std::str::from_utf8(name).ok().and_then(|name| self.names().models.get_key_value(name));
            let (name, settings): (_, Settings<'a>) = match declared {
                Some((alias, settings)) => (ExprKind::Text(full_name(alias, settings)), settings),
                None => (ExprKind::Str(name), &[]),
            };
            return Model { name: self.push(name, value.span), settings: Chosen::Known(settings), local: None };
        }
        let span = value.span;
        let name = self.expr(value);
        let models = self.names().models.clone();
        if models.is_empty() {
            return Model { name, settings: Chosen::Known(&[]), local: None };
        }
        let local = self.hidden_local(span);
        let (mut names, mut chosen) = (Vec::new(), Vec::new());
        for (alias, settings) in models {
            names
                .push((self.is_alias(local, alias, span), self.push(ExprKind::Text(full_name(alias, settings)), span)));
            let settings: Vec<_> =
                settings.iter().filter(|(name, _)| !PROVIDER.contains(&name.text.as_str())).collect();
            if !settings.is_empty() {
                let is_chosen = self.is_alias(local, alias, span);
                let values = settings.into_iter().map(|(name, value)| (name, self.expr(value))).collect();
                chosen.push((is_chosen, self.entries(values, span)));
            }
        }
        let otherwise = Some(self.push(ExprKind::Local(local), span));
        let full = self.push(ExprKind::If { arms: names, otherwise }, span);
        let settings = if chosen.is_empty() {
            Chosen::Known(&[])
        } else {
            let otherwise = Some(self.push(ExprKind::Map(Vec::new()), span));
            Chosen::Computed(self.push(ExprKind::If { arms: chosen, otherwise }, span))
        };
        Model { name: full, settings, local: Some((local, name)) }
    }

    fn is_alias(&mut self, local: LocalId, alias: &'a str, span: Span) -> ExprId {
        let name = self.push(ExprKind::Local(local), span);
        let alias = self.push(ExprKind::Str(alias.as_bytes()), span);
        self.push(ExprKind::Binary(ast::BinaryOp::Eq, name, alias), span)
    }

    // Tools.

    /// The functions that a list names, unless something of it was refused.
    fn tools(&mut self, list: &'a ast::Expr) -> Option<Vec<Tool<'a>>> {
        let ast::ExprKind::List(elements) = &list.kind else {
            self.refuse(list.span, "tools other than a list of functions, written where it is used,");
            return None;
        };
        let mut tools: Vec<Tool<'a>> = Vec::new();
        for element in elements {
            let tool = self.tool(element)?;
            if tools.iter().any(|known| known.decl.name.text == tool.decl.name.text) {
                self.refuse(element.span, &format!("two tools of the name `{}`", tool.decl.name.text));
                return None;
            }
            tools.push(tool);
        }
        Some(tools)
    }

    /// `f`, `module.f`, or one of these with `{ description: "…" }`.
    fn tool(&mut self, element: &'a ast::Expr) -> Option<Tool<'a>> {
        let mut description = None;
        let function = match &element.kind {
            ast::ExprKind::Name(name) => self.function_named(name, element.span),
            ast::ExprKind::Struct { name, fields } => {
                for (field, value) in fields {
                    if field.text != "description" {
                        self.refuse(field.span, "fields of tools other than `description`");
                        return None;
                    }
                    description = Some(value);
                }
                match name.text.split_once('.') {
                    Some((module, member)) => self.function_of_module(module, member),
                    None => self.function_named(&name.text, name.span),
                }
            }
            ast::ExprKind::Field { of, name, optional: false } => match &of.kind {
                ast::ExprKind::Name(module) => self.function_of_module(module, &name.text),
                _ => None,
            },
            _ => None,
        };
        let Some((module, function)) = function else {
            self.refuse(element.span, "tools that are not functions which the program declares");
            return None;
        };
        let decl = *self.declarations.get(&function)?;
        Some(Tool { function, decl, module, description })
    }

    fn function_named(&mut self, name: &'a str, span: Span) -> Option<(usize, FuncId)> {
        if !self.is_bound(name)
            && let Some(&function) = self.names().functions.get(name)
        {
            return Some((self.module, function));
        }
        match self.lookup(name, span) {
            Some(Bound::Function(function)) => Some((self.module, function)),
            Some(Bound::Variable(_) | Bound::Shape(_) | Bound::Part(_)) | None => None,
        }
    }

    fn function_of_module(&self, module: &str, name: &str) -> Option<(usize, FuncId)> {
        if self.is_bound(module) || self.names().variables.contains(module) {
            return None;
        }
        match self.names().modules.get(module).copied()? {
            Imported::Module(module) if self.names[module].exports.contains(name) => {
                self.names[module].functions.get(name).map(|&function| (module, function))
            }
            Imported::Module(_) | Imported::Foreign(_) | Imported::Refused => None,
        }
    }

    /// The list of names, descriptions and schemas.
    fn offered(&mut self, tools: &[Tool<'a>], span: Span) -> ExprId {
        let mut texts = Vec::with_capacity(tools.len() * 3);
        for tool in tools {
            texts.push(self.push(ExprKind::Str(tool.decl.name.text.as_bytes()), span));
            let documented = match tool.decl.doc.as_slice() {
                [] => format!("Call the {} function", tool.decl.name.text),
                lines => lines.join("\n"),
            };
            let documented = self.push(ExprKind::Text(documented), span);
            texts.push(match tool.description {
                Some(description) => {
                    let description = self.expr(description);
                    self.call_library(&LLM, "_description", vec![description, documented], span)
                }
                None => documented,
            });
            let schema = self.in_module(tool.module, |this| this.arguments_schema(tool.decl));
            texts.push(self.push(ExprKind::Text(schema), span));
        }
        self.push(ExprKind::List(texts), span)
    }

    /// The JSON Schema of what a function takes.
    fn arguments_schema(&self, decl: &'a ast::FunDecl) -> String {
        let property = |param: &'a ast::Param| {
            let schema = param.ty.as_ref().map_or_else(|| "{}".to_owned(), |ty| self.schema(ty, &mut Vec::new()));
            format!("\"{}\":{schema}", param.name.text)
        };
        let properties: Vec<String> = decl.params.iter().map(property).collect();
        let required = decl.params.iter().filter(|param| !is_optional(param));
        let required: Vec<String> = required.map(|param| format!("\"{}\"", param.name.text)).collect();
        let (properties, required) = (properties.join(","), required.join(","));
        format!(r#"{{"type":"object","properties":{{{properties}}},"required":[{required}]}}"#)
    }

    /// The function that calls the tool with a name.
    fn caller(&mut self, tools: &[Tool<'a>], span: Span) -> ExprId {
        let id = self.reserve_nested(2, span);
        self.made_function(id, "tools", (0, 2), span, |cx, params| {
            let [name, text] = params[..] else { unreachable!("the function has two parameters") };
            let mut arms = Vec::with_capacity(tools.len());
            for tool in tools {
                let known = cx.push(ExprKind::Str(tool.decl.name.text.as_bytes()), span);
                let cond = cx.push(ExprKind::Binary(ast::BinaryOp::Eq, name, known), span);
                arms.push((cond, cx.tool_call(tool, text, span)));
            }
            let otherwise = Some(cx.call_library(&LLM, "_unknown", vec![name], span));
            cx.push(ExprKind::If { arms, otherwise }, span)
        });
        self.made_value(id, Vec::new(), span)
    }

    /// The text of what a function makes of arguments that are a JSON text.
    fn tool_call(&mut self, tool: &Tool<'a>, text: ExprId, span: Span) -> ExprId {
        let name = tool.decl.name.text.as_bytes();
        let tool_name = self.push(ExprKind::Str(name), span);
        let value = self.call_library(&LLM, "_arguments", vec![text, tool_name], span);
        let local = self.hidden_local(span);
        let mut args = Vec::with_capacity(tool.decl.params.len());
        for param in &tool.decl.params {
            let given = self.push(ExprKind::Local(local), span);
            let key = self.push(ExprKind::Str(param.name.text.as_bytes()), span);
            args.push(if is_optional(param) {
                let value = self.call_library(&LLM, "_optional", vec![given, key], span);
                self.optional_argument(tool, value, param, span)
            } else {
                let value = self.call_library(&LLM, "_argument", vec![given, key, tool_name], span);
                self.argument(tool, value, param, span)
            });
        }
        self.func.callees.insert(tool.function);
        let call = self.push(ExprKind::Call { function: tool.function, args }, span);
        self.nested.calls.push((self.func_id(), tool.function, call));
        let result = self.call_library(&LLM, "_result", vec![call], span);
        self.push(ExprKind::Let { local, value, then: result }, span)
    }

    fn argument(&mut self, tool: &Tool<'a>, value: ExprId, param: &'a ast::Param, span: Span) -> ExprId {
        match &param.ty {
            Some(ty) => self.in_module(tool.module, |this| this.cast(value, ty, span)),
            None => value,
        }
    }

    /// A cast makes something of none, which an optional parameter can take as it is.
    fn optional_argument(&mut self, tool: &Tool<'a>, value: ExprId, param: &'a ast::Param, span: Span) -> ExprId {
        let local = self.hidden_local(span);
        let given = self.push(ExprKind::Local(local), span);
        let none = self.push(ExprKind::None, span);
        let cond = self.push(ExprKind::Binary(ast::BinaryOp::Ne, given, none), span);
        let given = self.push(ExprKind::Local(local), span);
        let cast = self.argument(tool, given, param, span);
        let otherwise = Some(self.push(ExprKind::None, span));
        let then = self.push(ExprKind::If { arms: vec![(cond, cast)], otherwise }, span);
        self.push(ExprKind::Let { local, value, then }, span)
    }

    /// Does something with the names of a module.
    fn in_module<T>(&mut self, module: usize, act: impl FnOnce(&mut Self) -> T) -> T {
        let own = std::mem::replace(&mut self.module, module);
        let result = act(self);
        self.module = own;
        result
    }
}

fn is_optional(param: &ast::Param) -> bool {
    matches!(&param.ty, Some(ast::TypeExpr { kind: ast::TypeExprKind::Optional(_), span: _ }))
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
