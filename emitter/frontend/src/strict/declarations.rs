//! Declarations: types, signatures, and what comes from outside of the program.
//!
//! Types of the file are announced by name before anything looks at one, so that they may
//! mention each other; an alias is looked up when it is first asked for.

use super::scopes::Named;
use super::types::{Effects, Signature, StructData, StructId, Type, UnionId};
use super::{Checked, Checker, fail};
use crate::diagnostic::{Code, Diagnostic};
use crate::modules::alias_of;
use crate::source::Span;
use crate::syntax::ast::{
    AgentItem, Field, FunDecl, Member, Name, Param, Program, StmtKind, TypeDecl, TypeDeclKind, TypeExpr, TypeExprKind,
    Variant,
};

/// A declared type whose name is known and whose parts are not.
pub(super) struct Announced<'a> {
    decl: &'a TypeDecl,
    id: Nominal,
}

enum Nominal {
    Struct(StructId),
    Union(UnionId),
    Alias,
}

impl<'a> Checker<'a> {
    /// Makes the name of a type known.
    pub(super) fn announce(&mut self, decl: &'a TypeDecl) -> Announced<'a> {
        let name = &decl.name.text;
        let id = match &decl.kind {
            TypeDeclKind::Struct(_) => Nominal::Struct(self.announce_struct(name)),
            TypeDeclKind::Union(variants) => {
                let id = self.nominals.add_union(name);
                self.scopes.declare_type(name, Named::Type(Type::Union(id)));
                for variant in variants {
                    // A variant may be called like its union; the name is the union's then.
                    let is_shadowed = variant.name.text == *name;
                    let data = StructData { name: variant.name.text.clone(), union: Some(id), ..StructData::default() };
                    let member = self.nominals.add_struct(data);
                    self.nominals.union_mut(id).variants.push(member);
                    if !is_shadowed {
                        self.scopes.declare_type(&variant.name.text, Named::Type(Type::Struct(member)));
                    }
                }
                Nominal::Union(id)
            }
            TypeDeclKind::Alias(ty) => {
                self.scopes.declare_type(name, Named::Alias(ty));
                Nominal::Alias
            }
        };
        Announced { decl, id }
    }

    fn announce_struct(&mut self, name: &str) -> StructId {
        let id = self.nominals.add_struct(StructData { name: name.to_owned(), ..StructData::default() });
        self.scopes.declare_type(name, Named::Type(Type::Struct(id)));
        id
    }

    /// Finds out the parts of an announced type and checks its methods.
    pub(super) fn define(&mut self, announced: Announced<'a>) -> Checked<()> {
        match (&announced.decl.kind, announced.id) {
            (TypeDeclKind::Struct(members), Nominal::Struct(id)) => self.define_struct(id, members),
            (TypeDeclKind::Union(variants), Nominal::Union(id)) => {
                self.define_union(id, variants);
                Ok(())
            }
            (TypeDeclKind::Alias(_), _) => {
                self.named_type(&announced.decl.name);
                Ok(())
            }
            (TypeDeclKind::Struct(_) | TypeDeclKind::Union(_), _) => unreachable!("announced as what it is"),
        }
    }

    fn define_struct(&mut self, id: StructId, members: &'a [Member]) -> Checked<()> {
        for member in members {
            if let Member::Field(Field { name, ty }) = member {
                let ty = self.resolve(ty);
                self.nominals.of_mut(id).fields.push((name.text.clone(), ty));
            }
        }
        let methods = members.iter().filter_map(|member| match member {
            Member::Method(decl, span) => Some((decl, *span)),
            Member::Field(_) => None,
        });
        for (decl, span) in methods.clone() {
            if let Some(Param { name, .. }) = decl.params.iter().find(|param| param.ty.is_none()) {
                let head = Span { end: decl.name.span.end, ..span };
                return fail(Code::T005, head, format!("parameter `{}` is missing a type", name.text));
            }
            let signature = self.signature(decl, Type::Unit, Effects::NONE);
            self.nominals.of_mut(id).methods.push((decl.name.text.clone(), Type::Func(signature.into())));
        }
        for (decl, _) in methods {
            self.method(id, decl)?;
        }
        Ok(())
    }

    /// The body of a method, where the fields and the other methods are variables.
    fn method(&mut self, id: StructId, decl: &'a FunDecl) -> Checked<()> {
        let signature = match self.nominals.of(id).method(&decl.name.text) {
            Some(Type::Func(signature)) => signature.clone(),
            _ => return Ok(()),
        };
        let effects = self.scoped(|checker| {
            let data = checker.nominals.of(id);
            let members: Vec<_> = data.fields.iter().chain(&data.methods).cloned().collect();
            for (name, ty) in members {
                checker.scopes.declare(&name, ty, true);
            }
            for (param, ty) in decl.params.iter().zip(&signature.params) {
                checker.scopes.declare(&param.name.text, ty.clone(), true);
            }
            checker.block(&decl.body, &signature.result, false).map(|()| checker.nested_effects(decl))
        })?;
        let method = Type::Func(Signature { effects, ..(*signature).clone() }.into());
        let methods = &mut self.nominals.of_mut(id).methods;
        methods.iter_mut().filter(|(name, _)| *name == decl.name.text).for_each(|(_, ty)| *ty = method.clone());
        Ok(())
    }

    /// The variants' fields and the functions, or constants, that make them.
    fn define_union(&mut self, id: UnionId, variants: &'a [Variant]) {
        for (variant, member) in variants.iter().zip(self.nominals.union(id).variants.clone()) {
            let fields: Vec<(String, Type)> =
                variant.fields.iter().map(|field| (field.name.text.clone(), self.resolve(&field.ty))).collect();
            let params: Vec<Type> = fields.iter().map(|(_, ty)| ty.clone()).collect();
            self.nominals.of_mut(member).fields = fields;
            let union = Type::Union(id);
            let made = if params.is_empty() { union } else { Type::func(params, union) };
            self.scopes.declare(&variant.name.text, made, false);
        }
    }

    // Functions.

    /// Declares the functions of the file, which see each other.
    pub(super) fn signatures(&mut self, program: &'a Program) {
        for stmt in &program.stmts {
            if let StmtKind::Fun(decl) = &stmt.kind {
                let signature = self.signature(decl, Type::Unit, Effects::NONE);
                self.scopes.declare(&decl.name.text, Type::Func(signature.into()), false);
            }
        }
        self.file_effects(program);
    }

    /// The signature of a declared function, with the result it has if it declares none.
    pub(super) fn signature(&mut self, decl: &'a FunDecl, result: Type, effects: Effects) -> Signature {
        self.scoped(|checker| {
            checker.declare_type_params(&decl.type_params);
            Signature {
                params: decl.params.iter().map(|param| checker.annotated(param.ty.as_ref())).collect(),
                rest: None,
                result: decl.result.as_ref().map_or(result, |ty| checker.resolve(ty)),
                effects,
                type_params: decl.type_params.iter().map(|param| param.text.as_str().into()).collect(),
            }
        })
    }

    pub(super) fn declare_type_params(&mut self, params: &[Name]) {
        for param in params {
            self.scopes.declare_type(&param.text, Named::Type(Type::var(&param.text)));
        }
    }

    // What types are written as.

    /// The type of something that may have an annotation.
    pub(super) fn annotated(&mut self, ty: Option<&'a TypeExpr>) -> Type {
        ty.map_or(Type::Any, |ty| self.resolve(ty))
    }

    pub(super) fn resolve(&mut self, ty: &'a TypeExpr) -> Type {
        match &ty.kind {
            TypeExprKind::Name(name) => self.named_type(name),
            TypeExprKind::Generic { name, args } => match (name.text.as_str(), args.as_slice()) {
                ("list", [of]) => Type::list(self.resolve(of)),
                ("map", [key, value]) => Type::map(self.resolve(key), self.resolve(value)),
                _ => Type::Any,
            },
            TypeExprKind::Fun { params, result } => {
                let params = params.iter().map(|param| self.resolve(param)).collect();
                Type::func(params, result.as_ref().map_or(Type::Unit, |result| self.resolve(result)))
            }
            TypeExprKind::Struct(fields) => {
                let fields = fields.iter().map(|field| (field.name.text.clone(), self.resolve(&field.ty))).collect();
                Type::Struct(self.nominals.add_struct(StructData { fields, ..StructData::default() }))
            }
            TypeExprKind::Optional(of) => Type::option(self.resolve(of)),
        }
    }

    fn named_type(&mut self, name: &Name) -> Type {
        match name.text.as_str() {
            "int" => return Type::Int,
            "int64" => return Type::Int64,
            "float" => return Type::Float,
            "bigint" => return Type::BigInt,
            "bigrat" => return Type::BigRat,
            "string" => return Type::String,
            "bool" => return Type::Bool,
            "unit" => return Type::Unit,
            "any" => return Type::Any,
            // A type of a module: imports are not typed.
            text if text.contains('.') => return Type::Any,
            _ => {}
        }
        let alias = match self.scopes.named(&name.text) {
            Some(Named::Type(ty)) => return ty.clone(),
            Some(named @ Named::Alias(_)) => match std::mem::replace(named, Named::Open) {
                Named::Alias(target) => Some(target),
                Named::Type(_) | Named::Open => None,
            },
            Some(Named::Open) | None => None,
        };
        let Some(target) = alias else {
            if name.text.len() == 1 && name.text.starts_with(|c: char| c.is_ascii_uppercase()) {
                return Type::Any;
            }
            self.found.push(Diagnostic::error(Code::T025, name.span, format!("unknown type: {}", name.text)));
            return Type::Any;
        };
        let ty = self.resolve(target);
        if let Some(named) = self.scopes.named(&name.text) {
            *named = Named::Type(ty.clone());
        }
        ty
    }

    // What comes from outside.

    /// Declares what an `import`, `extern`, `stream` or `agent` makes known.
    pub(super) fn outside(&mut self, stmt: &'a StmtKind) {
        match stmt {
            StmtKind::Import { language: _, path, path_span: _, alias, auto: _ } => {
                let name = alias.as_ref().map_or_else(|| alias_of(path), |alias| &alias.text);
                self.scopes.declare(name, Type::Any, false);
            }
            StmtKind::ExternVar { mutable: _, path, ty } => {
                let ty = self.resolve(ty);
                self.scopes.declare(&dotted(path), ty, false);
            }
            StmtKind::ExternFun { path, params, result } => {
                let params = params.iter().map(|param| self.annotated(param.ty.as_ref())).collect();
                let result = self.annotated(result.as_ref());
                self.scopes.declare(&dotted(path), Type::func(params, result), false);
            }
            StmtKind::ExternObject { name } => self.scopes.declare(&name.text, Type::Any, false),
            StmtKind::ExternType { name } => self.scopes.declare_type(&name.text, Named::Type(Type::Any)),
            StmtKind::Stream { name, fields } => {
                let id = self.announce_struct(&name.text);
                for field in fields {
                    let ty = self.resolve(&field.ty);
                    self.nominals.of_mut(id).fields.push((field.name.text.clone(), ty));
                }
                self.scopes.declare_stream(&name.text, id);
            }
            StmtKind::Agent { name, body } => {
                let id = self.announce_struct(&name.text);
                self.nominals.of_mut(id).has_values = true;
                body.iter().for_each(|item| self.agent_item(id, item));
            }
            _ => unreachable!("a statement of the program itself"),
        }
    }

    fn agent_item(&mut self, id: StructId, item: &'a AgentItem) {
        match item {
            AgentItem::Stmt(stmt) => {
                if let StmtKind::Let { mutable: _, name, ty, value: _ } = &stmt.kind {
                    let ty = self.annotated(ty.as_ref());
                    self.nominals.of_mut(id).fields.push((name.text.clone(), ty));
                }
            }
            AgentItem::Intent { name, params, result, body: _, span: _ } => {
                let params = params.iter().map(|param| self.annotated(param.ty.as_ref())).collect();
                let intent = Type::func(params, self.annotated(result.as_ref()));
                self.nominals.of_mut(id).methods.push((name.text.clone(), intent));
            }
        }
    }
}

fn dotted(path: &[Name]) -> String {
    path.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".")
}
