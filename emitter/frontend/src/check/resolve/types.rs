//! Declared types: what their names stand for, and the values that are made of them.
//!
//! Types have one scope, the whole program, whatever block declares them; of two types with
//! one name the later counts. Declarations say which fields there are and in which order.
//! What they say about the types of fields is annotation, which decides nothing but
//! diagnostics and what a cast to the struct does.

use std::collections::BTreeSet;

use super::Resolver;
use super::imports::Imported;
use crate::check::resolved::{ExprId, ExprKind, FuncId, Function, Record, RecordField, Union, Variable};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{RecordId, UnionId};

/// How many aliases are followed: more than a program has in one chain, unless they go in a circle.
pub(super) const MAX_ALIASES: usize = 100;

/// What the name of a type stands for.
#[derive(Clone, Copy)]
pub(super) enum Named<'a> {
    /// A struct or a variant of a union.
    Record(RecordId),
    Union,
    Alias(&'a ast::TypeExpr),
    /// `extern type`.
    Foreign,
}

/// A method, its number, and the struct that it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Method<'a> {
    pub(super) function: FuncId,
    record: RecordId,
    pub(super) decl: &'a ast::FunDecl,
    span: Span,
}

impl<'a> Resolver<'a> {
    /// Gives a type its name and its fields. Its methods are to be resolved later.
    pub(super) fn declare_type(&mut self, decl: &'a ast::TypeDecl, methods: &mut Vec<Method<'a>>) {
        let name = decl.name.text.as_str();
        match &decl.kind {
            ast::TypeDeclKind::Struct(members) => {
                let fields = members.iter().filter_map(|member| match member {
                    ast::Member::Field(field) => Some(field),
                    ast::Member::Method(..) => None,
                });
                let record = self.declare_record(&decl.name, fields, None);
                for member in members {
                    if let ast::Member::Method(decl, span) = member {
                        let fields = self.program.records[record.index()].fields.len();
                        let function = self.reserve(fields + decl.params.len());
                        methods.push(Method { function, record, decl, span: *span });
                        let record = &mut self.program.records[record.index()];
                        record.methods.retain(|&(name, _)| name != decl.name.text);
                        record.methods.push((&decl.name.text, function));
                    }
                }
            }
            ast::TypeDeclKind::Union(variants) => {
                let union = UnionId(self.program.unions.len() as u32);
                self.program.unions.push(Union { name, variants: Vec::new() });
                self.names_mut().types.insert(name, Named::Union);
                let variants = variants
                    .iter()
                    .map(|variant| self.declare_record(&variant.name, variant.fields.iter(), Some(union)))
                    .collect();
                self.program.unions[union.index()].variants = variants;
            }
            ast::TypeDeclKind::Alias(ty) => {
                self.names_mut().types.insert(name, Named::Alias(ty));
            }
        }
    }

    pub(super) fn declare_record(
        &mut self,
        name: &'a ast::Name,
        declared: impl Iterator<Item = &'a ast::Field>,
        union: Option<UnionId>,
    ) -> RecordId {
        let fields = declared.map(|field| RecordField { name: &field.name.text, ty: Some(&field.ty) });
        self.declare_record_of(name, fields, union)
    }

    pub(super) fn declare_record_of(
        &mut self,
        name: &'a ast::Name,
        declared: impl Iterator<Item = RecordField<'a>>,
        union: Option<UnionId>,
    ) -> RecordId {
        let id = RecordId(self.program.records.len() as u32);
        let mut fields: Vec<RecordField<'a>> = Vec::new();
        for new in declared {
            match fields.iter_mut().find(|known| known.name == new.name) {
                Some(known) => *known = new,
                None => fields.push(new),
            }
        }
        self.program.records.push(Record { name: &name.text, fields, methods: Vec::new(), union, is_agent: false });
        self.names_mut().types.insert(&name.text, Named::Record(id));
        id
    }

    /// A method: a function whose first parameters are the fields.
    pub(super) fn method(&mut self, method: Method<'a>) -> Function<'a> {
        let decl = method.decl;
        let fields = self.program.records[method.record.index()].fields.clone();
        let variable = |field: &RecordField<'a>| Variable { name: field.name, span: decl.name.span, is_cell: false };
        let variables = fields.iter().map(variable).collect();
        self.function_in(method.function, variables, decl, method.span)
    }

    // Names of types.

    /// The type behind aliases that a name in a file means; nothing for a type that is not declared or has no name.
    pub(super) fn named_type(&self, name: &ast::Name) -> Option<Named<'a>> {
        let mut at = self.declared_type(name)?;
        for _ in 0..MAX_ALIASES {
            let Named::Alias(ty) = at else { return Some(at) };
            let ast::TypeExprKind::Name(name) = &ty.kind else { return Some(at) };
            let Some(next) = self.declared_type(name) else { return Some(at) };
            at = next;
        }
        None
    }

    /// What a name of a type, perhaps of another module's, stands for in the file where it is written.
    fn declared_type(&self, name: &ast::Name) -> Option<Named<'a>> {
        let module = self.module_of(name.span);
        let names = &self.names[module];
        let Some((alias, member)) = name.text.split_once('.') else {
            return names.types.get(name.text.as_str()).copied();
        };
        match names.modules.get(alias)? {
            &Imported::Module(module) => self.exported_type(module, member),
            Imported::Foreign(_) | Imported::Refused => None,
        }
    }

    pub(super) fn named_record(&self, name: &ast::Name) -> Option<RecordId> {
        match self.named_type(name)? {
            Named::Record(record) => Some(record),
            Named::Union | Named::Alias(_) | Named::Foreign => None,
        }
    }

    /// The struct that a type in the text is.
    pub(super) fn record_of(&self, ty: &ast::TypeExpr) -> Option<RecordId> {
        match &ty.kind {
            ast::TypeExprKind::Name(name) => self.named_record(name),
            ast::TypeExprKind::Optional(inner) => self.record_of(inner),
            ast::TypeExprKind::Generic { .. } | ast::TypeExprKind::Fun { .. } | ast::TypeExprKind::Struct(_) => None,
        }
    }

    /// The variant of a union that a module declares under a name, perhaps another one.
    fn variant(&self, module: usize, name: &str) -> Option<RecordId> {
        let record = match *self.names[module].types.get(name)? {
            Named::Record(record) => record,
            Named::Alias(ty) => self.record_of(ty)?,
            Named::Union | Named::Foreign => return None,
        };
        self.program.records[record.index()].union.is_some().then_some(record)
    }

    // Values.

    /// `Name { field: value, … }`.
    pub(super) fn struct_literal(
        &mut self,
        name: &'a ast::Name,
        values: &'a [(ast::Name, ast::Expr)],
        span: Span,
    ) -> ExprId {
        let Some(record) = self.named_record(name) else {
            if name.text.contains('.') {
                return self.unknown_type_of_module(name, values);
            }
            return self.unknown_struct(name, values);
        };
        let fields = self.field_values(record, values);
        if self.program.records[record.index()].is_agent {
            return self.new_agent(record, fields, span);
        }
        self.push(ExprKind::Record { record, fields }, span)
    }

    /// The values with the numbers of their fields, in the order of the text.
    pub(super) fn field_values(
        &mut self,
        record: RecordId,
        values: &'a [(ast::Name, ast::Expr)],
    ) -> Vec<(u32, ExprId)> {
        let mut fields = Vec::with_capacity(values.len());
        for (field, value) in values {
            let value = self.expr(value);
            let declared = &self.program.records[record.index()];
            match declared.field(&field.text) {
                Some(index) => fields.push((index, value)),
                None => {
                    let message = format!("unknown field `{}` on {}", field.text, declared.name);
                    self.error(Code::T026, field.span, message);
                }
            }
        }
        fields
    }

    /// A struct of a type that is not declared.
    fn unknown_struct(&mut self, name: &'a ast::Name, values: &'a [(ast::Name, ast::Expr)]) -> ExprId {
        let key = self.push(ExprKind::Str(b"__name"), name.span);
        let value = self.push(ExprKind::Str(name.text.as_bytes()), name.span);
        let mut entries = vec![(key, value)];
        for (field, value) in values {
            let key = self.push(ExprKind::Str(field.text.as_bytes()), field.span);
            entries.push((key, self.expr(value)));
        }
        self.push(ExprKind::Map(entries), name.span)
    }

    /// A bare name, or one with arguments, that is a variant's.
    pub(super) fn construct(&mut self, module: usize, name: &str, args: &'a [ast::Expr], span: Span) -> Option<ExprId> {
        let record = self.variant(module, name)?;
        let args = self.exprs(args);
        let arity = self.program.records[record.index()].fields.len();
        if args.len() > arity {
            let message = format!("too many arguments: expected {arity}, got {}", args.len());
            self.error(Code::T006, span, message);
            return Some(self.push(ExprKind::Refused, span));
        }
        if args.len() < arity {
            return Some(self.constructor(record, args, span));
        }
        let fields = (0..).zip(args).collect();
        Some(self.push(ExprKind::Record { record, fields }, span))
    }

    /// `of.name(args)`. Which function that is, the type of `of` decides.
    pub(super) fn method_call(&mut self, of: ExprId, name: &'a str, args: &'a [ast::Expr], span: Span) -> ExprId {
        let args = self.exprs(args);
        self.method_values(name, Some(args.len()), span);
        let methods = self.program.records.iter().filter_map(|record| record.method(name));
        self.func.callees.extend(methods.collect::<BTreeSet<FuncId>>());
        let count = args.len();
        let call = self.push(ExprKind::Method { of, name, args }, span);
        match (name, count) {
            ("starts_with", 1) => self.add_helper(call, "_starts_with", 2, span),
            ("padStart", 2) => self.add_helper(call, "padStart", 3, span),
            _ => {}
        }
        call
    }
}
