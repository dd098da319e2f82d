//! Statements: what they declare, assign and ask for.
//!
//! An assignment changes what its variable is known to be until the end of the block: that is
//! how a narrowed option becomes one again.

use super::expressions::key_text;
use super::scopes::Narrowed;
use super::types::Type;
use super::{Body, Checked, Checker, Stop, fail};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast::{Block, Else, Expr, FunDecl, IfStmt, MapEntry, MapKey, Name, Stmt, StmtKind, TypeExpr};

impl<'a> Checker<'a> {
    /// The statements of a block in the scope that is open; `return` gives a `result`.
    pub(super) fn block(&mut self, block: &'a Block, result: &Type, is_loop: bool) -> Checked<()> {
        let outer = std::mem::replace(&mut self.body, Body { result: result.clone(), is_loop });
        let checked = block.iter().try_for_each(|stmt| self.stmt(stmt, result, is_loop));
        self.body = outer;
        checked
    }

    pub(super) fn stmt(&mut self, stmt: &'a Stmt, result: &Type, is_loop: bool) -> Checked<()> {
        let span = stmt.span;
        match &stmt.kind {
            StmtKind::Let { mutable, name, ty, value } => {
                let head = Span { end: name.span.end, ..span };
                self.declare(head, *mutable, name, ty.as_ref(), value.as_ref())
            }
            StmtKind::Assign { target, indexes, fields, value } => self.assign(span, target, indexes, fields, value),
            StmtKind::Expr(value) => self.expr(value).map(drop),
            StmtKind::Expect(cond) => self.expect(cond, &Type::Bool).map(drop),
            StmtKind::Return(value) => self.returns(span, value.as_ref(), result),
            StmtKind::If(stmt) => self.if_stmt(stmt, result, is_loop),
            StmtKind::While { cond, body } => {
                self.condition(cond)?;
                self.scoped(|checker| checker.block(body, result, true))
            }
            StmtKind::ForRange { var, start, end, body } => {
                let (first, last) = (self.expr(start)?, self.expr(end)?);
                if !self.is_index(&first) || !self.is_index(&last) {
                    let head = Span { end: end.span.end, ..span };
                    return fail(Code::T023, head, "range loop requires integer start and end expressions");
                }
                let counter = if first == Type::Int64 { Type::Int64 } else { Type::Int };
                self.loop_body(var, counter, body, result)
            }
            StmtKind::ForIn { var, iter, body } => {
                let element = match self.expr(iter)? {
                    Type::List(of) => (*of).clone(),
                    Type::Map(parts) => parts.0.clone(),
                    Type::String => Type::String,
                    other => {
                        let head = Span { end: iter.span.end, ..span };
                        let message = format!("cannot iterate over type {}", self.nominals.show(&other));
                        return fail(Code::T022, head, message);
                    }
                };
                self.loop_body(var, element, body, result)
            }
            StmtKind::Break if !is_loop => fail(Code::T045, span, "`break` outside of loop"),
            StmtKind::Continue if !is_loop => fail(Code::T045, span, "`continue` outside of loop"),
            StmtKind::Break | StmtKind::Continue => Ok(()),
            StmtKind::Test { name: _, name_span: _, body } | StmtKind::Bench { name: _, name_span: _, body } => {
                self.scoped(|checker| checker.block(body, result, false))
            }
            StmtKind::Fun(decl) => self.function(decl, span),
            StmtKind::Type(decl) => {
                let announced = self.announce(decl);
                self.define(announced)
            }
            StmtKind::Update { target, set, cond } => self.update(span, target, set, cond.as_ref()),
            StmtKind::Fetch { url, into, with } => {
                self.expect(url, &Type::String)?;
                with.as_ref().map_or(Ok(Type::Unit), |with| self.expr(with))?;
                self.scopes.declare(&into.text, Type::Any, false);
                Ok(())
            }
            StmtKind::On { stream, var, body } => {
                let stream = self.stream(span, stream)?;
                self.scoped(|checker| {
                    checker.scopes.declare(&var.text, stream, true);
                    checker.block(body, result, false)
                })
            }
            StmtKind::Emit { stream, fields } => {
                let stream = self.stream(span, stream)?;
                fields.iter().try_for_each(|(name, value)| self.emitted(&stream, name, value))
            }
            StmtKind::Model { name: _, settings } => {
                settings.iter().try_for_each(|(_, value)| self.expr(value).map(drop))
            }
            StmtKind::Import { .. }
            | StmtKind::ExternVar { .. }
            | StmtKind::ExternFun { .. }
            | StmtKind::ExternObject { .. }
            | StmtKind::ExternType { .. }
            | StmtKind::Stream { .. }
            | StmtKind::Agent { .. } => {
                self.outside(&stmt.kind);
                Ok(())
            }
            // Logic is not typed, and the others are the runtime's dialect.
            StmtKind::Fact(_) | StmtKind::Rule { .. } | StmtKind::Const { .. } | StmtKind::ImportHost { .. } => Ok(()),
        }
    }

    /// `let` and `var`.
    #[inline(never)]
    fn declare(
        &mut self,
        span: Span,
        mutable: bool,
        name: &Name,
        ty: Option<&'a TypeExpr>,
        value: Option<&'a Expr>,
    ) -> Checked<()> {
        let declared = ty.map(|ty| self.resolve(ty));
        let result = self.initial(span, mutable, declared.as_ref(), value);
        match (&declared, &result) {
            (Some(ty), _) | (None, Ok(ty)) => self.scopes.declare(&name.text, ty.clone(), mutable),
            (None, Err(_)) => self.scopes.declare_failed(&name.text),
        }
        result.map(drop)
    }

    /// The type of a variable that starts with a value.
    #[inline(never)]
    fn initial(
        &mut self,
        span: Span,
        mutable: bool,
        declared: Option<&Type>,
        value: Option<&'a Expr>,
    ) -> Checked<Type> {
        if let Some(value) = value.filter(|_| mutable) {
            self.stays_immutable(span, value)?;
        }
        match (declared, value) {
            (Some(declared), Some(value)) => {
                let actual = self.expect(value, declared)?;
                if !self.nominals.is_assignable(&actual, declared) {
                    return self.mismatch(span, declared, &actual);
                }
                if mutable {
                    self.keeps_elements(span, value, &actual, declared)?;
                    self.literal_keeps_elements(value, declared)?;
                }
                Ok(declared.clone())
            }
            (None, Some(value)) => self.expr(value),
            (Some(declared), None) => Ok(declared.clone()),
            (None, None) => fail(Code::T000, span, "`let` requires a type or a value"),
        }
    }

    #[inline(never)]
    fn assign(
        &mut self,
        span: Span,
        target: &Name,
        indexes: &'a [Expr],
        fields: &[Name],
        value: &'a Expr,
    ) -> Checked<()> {
        let name = &target.text;
        let Some(variable) = self.scopes.declared(name).cloned() else {
            return fail(Code::T001, target.span, format!("assignment to undeclared variable: {name}"));
        };
        if variable.is_failed {
            return Err(Stop::Known);
        }
        if !variable.mutable {
            return fail(Code::T024, target.span, format!("cannot assign to `{name}` (immutable)"));
        }
        let mut place = variable.ty;
        let mut before = target.span;
        for index in indexes {
            let at = self.after(before, 1);
            place = self.assigned_element(target.span, &place, index, at)?;
            before = self.after(index.span, 1);
        }
        for field in fields {
            place = self.assigned_field(&place, field)?;
        }
        let actual = self.expect(value, &place)?;
        if !self.nominals.unify(&place, &actual) && !self.nominals.is_assignable(&actual, &place) {
            let (actual, place) = (self.nominals.show(&actual), self.nominals.show(&place));
            return fail(Code::T009, target.span, format!("cannot assign {actual} to `{name}` (expected {place})"));
        }
        if !indexes.is_empty() || !fields.is_empty() {
            self.keeps_elements(span, value, &actual, &place)?;
            return self.literal_keeps_elements(value, &place);
        }
        if place == Type::Any || !self.nominals.contains_any(&actual) {
            self.scopes.declare(name, actual, true);
        }
        Ok(())
    }

    /// The type of `place[index]` where it is assigned: an element of a map need not exist.
    fn assigned_element(&mut self, start: Span, place: &Type, index: &'a Expr, at: Span) -> Checked<Type> {
        match place {
            Type::Map(parts) => {
                let key = self.expr(index)?;
                self.map_key(&parts.0, &key, at)?;
                Ok(parts.1.clone())
            }
            Type::List(_) | Type::String => {
                let ty = self.expr(index)?;
                if !self.is_index(&ty) {
                    return fail(Code::T015, at, "index must be an integer");
                }
                match place {
                    Type::List(of) => Ok((**of).clone()),
                    _ => Ok(Type::String),
                }
            }
            Type::Any => self.expr(index).map(|_| Type::Any),
            _ => self.not_indexable(start, place),
        }
    }

    fn assigned_field(&mut self, place: &Type, field: &Name) -> Checked<Type> {
        match place {
            Type::Struct(id) => match self.nominals.of(*id).field(&field.text) {
                Some(ty) => Ok(ty.clone()),
                None => self.unknown_field(field.span, &field.text, place),
            },
            Type::Map(parts) if self.nominals.unify(&parts.0, &Type::String) => Ok(parts.1.clone()),
            Type::Any => Ok(Type::Any),
            _ => self.not_a_struct(field.span, place),
        }
    }

    fn returns(&mut self, span: Span, value: Option<&'a Expr>, result: &Type) -> Checked<()> {
        let actual = match value {
            Some(value) => self.expect(value, result)?,
            None => Type::Unit,
        };
        if self.nominals.fits(&actual, result) {
            return Ok(());
        }
        let (result, actual) = (self.nominals.show(result), self.nominals.show(&actual));
        fail(Code::T010, span, format!("return type mismatch: expected {result}, got {actual}"))
    }

    /// `if` as a statement. What a call in a branch may assign is not known to be narrow after it.
    #[inline(never)]
    fn if_stmt(&mut self, stmt: &'a IfStmt, result: &Type, is_loop: bool) -> Checked<()> {
        let shown = self.condition(&stmt.cond)?;
        self.branch(&stmt.then, &shown.yes, result, is_loop)?;
        match &stmt.otherwise {
            Some(Else::If(stmt, _)) => self.scoped(|checker| {
                checker.scopes.narrow(&shown.no);
                checker.if_stmt(stmt, result, is_loop)
            }),
            Some(Else::Block(block)) => self.branch(block, &shown.no, result, is_loop),
            None => Ok(()),
        }
    }

    #[inline(never)]
    fn branch(&mut self, block: &'a Block, shown: &Narrowed, result: &Type, is_loop: bool) -> Checked<()> {
        self.scoped(|checker| {
            checker.scopes.narrow(shown);
            checker.scoped(|checker| {
                block.iter().try_for_each(|stmt| {
                    checker.stmt(stmt, result, is_loop)?;
                    if checker.has_effects(stmt) {
                        checker.scopes.forget_mutable();
                    }
                    Ok(())
                })
            })
        })
    }

    #[inline(never)]
    fn loop_body(&mut self, var: &Name, ty: Type, body: &'a Block, result: &Type) -> Checked<()> {
        self.scoped(|checker| {
            checker.scopes.declare(&var.text, ty, true);
            checker.block(body, result, true)
        })
    }

    /// A function's declaration and body. Until here, its result is what the declaration says
    /// outside of it: nothing, if it says nothing. From here on it may be anything then.
    #[inline(never)]
    fn function(&mut self, decl: &'a FunDecl, span: Span) -> Checked<()> {
        let effects = match self.scopes.variable(&decl.name.text).map(|variable| &variable.ty) {
            Some(Type::Func(signature)) if self.scopes.is_file() => signature.effects,
            _ if decl.effects.is_some() => {
                let head = Span { end: decl.name.span.end, ..span };
                self.labels(decl.effects.as_deref().unwrap_or_default(), head)
            }
            _ => self.nested_effects(decl),
        };
        let signature = self.signature(decl, Type::Any, effects);
        self.scopes.declare(&decl.name.text, Type::Func(signature.clone().into()), false);
        self.scoped(|checker| {
            checker.declare_type_params(&decl.type_params);
            for (param, ty) in decl.params.iter().zip(&signature.params) {
                checker.scopes.declare(&param.name.text, ty.clone(), true);
            }
            checker.block(&decl.body, &signature.result, false)
        })
    }

    fn stream(&self, span: Span, name: &Name) -> Checked<Type> {
        match self.scopes.stream(&name.text) {
            Some(id) => Ok(Type::Struct(id)),
            None => {
                let head = Span { end: name.span.end, ..span };
                fail(Code::T031, head, format!("unknown stream: {}", name.text))
            }
        }
    }

    fn emitted(&mut self, stream: &Type, name: &Name, value: &'a Expr) -> Checked<()> {
        let field = match stream {
            Type::Struct(id) => self.nominals.of(*id).field(&name.text).cloned(),
            _ => None,
        };
        match field {
            Some(ty) => self.expect(value, &ty).map(drop),
            None => self.unknown_field(name.span, &name.text, stream),
        }
    }

    /// `update list set { … } where …`: the fields are variables in what follows.
    #[inline(never)]
    fn update(&mut self, span: Span, target: &Name, set: &'a [MapEntry], cond: Option<&'a Expr>) -> Checked<()> {
        let head = Span { end: target.span.end, ..span };
        let element = match self.scopes.variable(&target.text).map(|variable| &variable.ty) {
            Some(Type::List(of)) => (**of).clone(),
            Some(_) => return fail(Code::T032, head, "query source must be a list"),
            None => {
                return fail(Code::T001, head, format!("assignment to undeclared variable: {}", target.text));
            }
        };
        let Type::Struct(id) = element else {
            return self.not_a_struct(head, &element);
        };
        self.scoped(|checker| {
            for (name, ty) in checker.nominals.of(id).fields.clone() {
                checker.scopes.declare(&name, ty, true);
            }
            for entry in set {
                checker.updated(&element, entry)?;
            }
            match cond {
                Some(cond) => checker.expect(cond, &Type::Bool).map(drop),
                None => Ok(()),
            }
        })
    }

    fn updated(&mut self, element: &Type, entry: &'a MapEntry) -> Checked<()> {
        let Some(name) = key_text(&entry.key) else { return Ok(()) };
        let at = match &entry.key {
            MapKey::Name(name) => name.span,
            MapKey::Expr(key) => key.span,
        };
        let field = match element {
            Type::Struct(id) => self.nominals.of(*id).field(&name).cloned(),
            _ => None,
        };
        let Some(expected) = field else {
            return self.unknown_field(at, &name, element);
        };
        let actual = self.expr(&entry.value)?;
        if self.nominals.fits(&actual, &expected) {
            return Ok(());
        }
        self.mismatch(entry.value.span, &expected, &actual)
    }
}
