//! Casts: what `as` and the type behind it do to a value.
//!
//! The parts of lists, maps and structs are cast one by one, by expressions for a part that is in a local:
//! a cast to `list<map<string, int>>` is as if it were written with loops.

use super::Resolver;
use super::types::{MAX_ALIASES, Named};
use crate::check::resolved::{CastTarget, ExprId, ExprKind, FuncId, Function, Stmt, StmtKind, Variable};
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::LocalId;
use crate::types::RecordId;

/// A type whose values have parts that are cast.
pub(super) enum Container<'a> {
    List(&'a ast::TypeExpr),
    /// The types of keys and values.
    Map(&'a ast::TypeExpr, &'a ast::TypeExpr),
}

/// A type that may contain itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Recursive {
    Struct(RecordId),
    /// A list or map, by the place where its type is written.
    Container(Span),
}

/// Whether `of` is an empty literal of the kind of container that the type names.
pub(super) fn is_empty_of(of: &ast::Expr, ty: &ast::TypeExpr) -> bool {
    let ast::TypeExprKind::Generic { name, args: _ } = &ty.kind else { return false };
    match &of.kind {
        ast::ExprKind::List(elements) => elements.is_empty() && name.text == "list",
        ast::ExprKind::Map(entries) => entries.is_empty() && name.text == "map",
        _ => false,
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn cast(&mut self, of: ExprId, ty: &'a ast::TypeExpr, span: Span) -> ExprId {
        if let Some(record) = self.record_of(ty) {
            return self.cast_to_record(of, record, span);
        }
        if let Some((container, at)) = self.container_with_span(ty) {
            if !self.open_casts.contains(&Recursive::Container(at)) {
                return self.cast_to_container(of, ty, &container, at, span);
            }
            return self.cast_by_function(of, Recursive::Container(at), "cast", span, |cx, of| {
                cx.cast_to_container(of, ty, &container, at, span)
            });
        }
        let to = self.cast_target(ty);
        self.push(ExprKind::Cast { of, to }, span)
    }

    /// What a cast to a type without parts does.
    pub(super) fn cast_target(&self, ty: &'a ast::TypeExpr) -> CastTarget {
        let mut ty = ty;
        for _ in 0..MAX_ALIASES {
            ty = match &ty.kind {
                // The reference ignores the mark of an optional type at run time: `none as int?` is 0.
                ast::TypeExprKind::Optional(inner) => inner,
                ast::TypeExprKind::Name(name) => match name.text.as_str() {
                    "int" | "int64" => return CastTarget::Int,
                    "bigint" => return CastTarget::BigInt,
                    "bigrat" => return CastTarget::BigRat,
                    "float" => return CastTarget::Float,
                    "bool" => return CastTarget::Bool,
                    "string" => return CastTarget::String,
                    text if self.is_type_param(text) => return CastTarget::Unchanged,
                    _ => match self.named_type(name) {
                        Some(Named::Alias(ty)) => ty,
                        Some(Named::Record(_) | Named::Union | Named::Foreign) | None => return CastTarget::Unchanged,
                    },
                },
                ast::TypeExprKind::Generic { .. } | ast::TypeExprKind::Fun { .. } | ast::TypeExprKind::Struct(_) => {
                    return CastTarget::Unchanged;
                }
            };
        }
        CastTarget::Unchanged
    }

    /// The container that a type in the text is, behind aliases too.
    pub(super) fn container(&self, ty: &'a ast::TypeExpr) -> Option<Container<'a>> {
        self.container_with_span(ty).map(|(container, _)| container)
    }

    /// The container with the place where it is written, which tells containers that contain themselves.
    pub(super) fn container_with_span(&self, ty: &'a ast::TypeExpr) -> Option<(Container<'a>, Span)> {
        let mut ty = ty;
        for _ in 0..MAX_ALIASES {
            ty = match &ty.kind {
                ast::TypeExprKind::Generic { name, args } => {
                    return match (name.text.as_str(), args.as_slice()) {
                        ("list", [element]) => Some((Container::List(element), ty.span)),
                        ("map", [key, value]) => Some((Container::Map(key, value), ty.span)),
                        _ => None,
                    };
                }
                ast::TypeExprKind::Optional(inner) => inner,
                ast::TypeExprKind::Name(name) => match self.named_type(name) {
                    Some(Named::Alias(ty)) => ty,
                    Some(Named::Record(_) | Named::Union | Named::Foreign) | None => return None,
                },
                ast::TypeExprKind::Fun { .. } | ast::TypeExprKind::Struct(_) => return None,
            };
        }
        None
    }

    fn cast_to_container(
        &mut self,
        of: ExprId,
        ty: &'a ast::TypeExpr,
        container: &Container<'a>,
        at: Span,
        span: Span,
    ) -> ExprId {
        let target = self.type_text(ty);
        let local = self.hidden_local(span);
        let part = self.push(ExprKind::Local(local), span);
        self.open_casts.push(Recursive::Container(at));
        let kind = match *container {
            Container::List(element) => {
                let value = self.cast(part, element, span);
                ExprKind::CastList { of, part, value, target }
            }
            Container::Map(key, value) => {
                let int_keys = self.cast_target(key) == CastTarget::Int;
                let value = self.cast(part, value, span);
                ExprKind::CastMap { of, part, value, int_keys, target }
            }
        };
        self.open_casts.pop();
        self.push(kind, span)
    }

    /// The name of a type in messages about values that cannot be cast to it.
    fn type_text(&self, ty: &'a ast::TypeExpr) -> String {
        self.type_text_inside(ty, &mut Vec::new())
    }

    /// Inside of the containers that are written at the places; one of those is called by its name.
    fn type_text_inside(&self, ty: &'a ast::TypeExpr, open: &mut Vec<Span>) -> String {
        if let Some((container, at)) = self.container_with_span(ty).filter(|(_, at)| !open.contains(at)) {
            open.push(at);
            let text = match container {
                Container::List(element) => format!("[{}]", self.type_text_inside(element, open)),
                Container::Map(key, value) => {
                    format!("{{{}: {}}}", self.type_text_inside(key, open), self.type_text_inside(value, open))
                }
            };
            open.pop();
            return text;
        }
        match &ty.kind {
            ast::TypeExprKind::Name(name) => name.text.clone(),
            ast::TypeExprKind::Optional(inner) => self.type_text_inside(inner, open),
            ast::TypeExprKind::Fun { params, result } => {
                let params: Vec<String> = params.iter().map(|param| self.type_text_inside(param, open)).collect();
                let result = result.as_ref().map_or("unit".to_owned(), |result| self.type_text_inside(result, open));
                format!("fun({}): {result}", params.join(", "))
            }
            ast::TypeExprKind::Generic { .. } | ast::TypeExprKind::Struct(_) => "any".to_owned(),
        }
    }

    // Structs.

    /// `of as ty` where the struct is what `ty` names: a struct of that type as it is, and else a new one of
    /// the entries of a map.
    pub(super) fn cast_to_record(&mut self, of: ExprId, record: RecordId, span: Span) -> ExprId {
        if !self.open_casts.contains(&Recursive::Struct(record)) {
            return self.new_record(of, record, span);
        }
        let name = self.program.records[record.index()].name;
        self.cast_by_function(of, Recursive::Struct(record), name, span, |cx, of| cx.new_record(of, record, span))
    }

    /// A cast to a type inside of that same type: by a function that calls itself.
    fn cast_by_function(
        &mut self,
        of: ExprId,
        to: Recursive,
        name: &'a str,
        span: Span,
        value: impl FnOnce(&mut Self, ExprId) -> ExprId,
    ) -> ExprId {
        let function = match self.casts.get(&to) {
            Some(&function) => function,
            None => self.cast_function(to, name, span, value),
        };
        self.func.callees.insert(function);
        self.push(ExprKind::Call { function, args: vec![of] }, span)
    }

    fn cast_function(
        &mut self,
        to: Recursive,
        name: &'a str,
        span: Span,
        value: impl FnOnce(&mut Self, ExprId) -> ExprId,
    ) -> FuncId {
        let id = self.reserve(1);
        self.casts.insert(to, id);
        let outer = std::mem::take(&mut self.func);
        let casts = std::mem::take(&mut self.open_casts);
        let param = self.hidden_local(span);
        let of = self.push(ExprKind::Local(param), span);
        let value = value(self, of);
        self.open_casts = casts;
        let scope = std::mem::replace(&mut self.func, outer);
        self.program.functions[id.index()] = Function {
            name,
            name_span: span,
            params: vec![param],
            locals: scope.locals,
            body: vec![Stmt { kind: StmtKind::Return(Some(value)), span }],
            span,
            callees: scope.callees,
            reads: scope.reads,
            ..Function::default()
        };
        id
    }

    fn new_record(&mut self, of: ExprId, record: RecordId, span: Span) -> ExprId {
        self.open_casts.push(Recursive::Struct(record));
        let local = self.hidden_local(span);
        let declared = self.program.records[record.index()].fields.clone();
        let mut fields = Vec::with_capacity(declared.len());
        for (index, field) in (0..).zip(declared) {
            let value = self.push(ExprKind::Entry { of: local, record, index }, span);
            let value = field.ty.map_or(value, |ty| self.cast(value, ty, span));
            fields.push((index, value));
        }
        self.open_casts.pop();
        let new = self.push(ExprKind::Record { record, fields }, span);
        self.push(ExprKind::CastRecord { of, local, record, new }, span)
    }

    pub(super) fn hidden_local(&mut self, span: Span) -> LocalId {
        let local = LocalId(self.func.locals.len() as u32);
        self.func.locals.push(Variable { name: "", span, is_cell: false });
        local
    }
}
