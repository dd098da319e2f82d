//! The types of expressions.
//!
//! A chain such as `a + b + …` or `a[i].f(x)…` leans to the left and can be long, so it is
//! walked in a loop from its first operand; everything else is recursion. What recursion passes
//! through is `inline(never)` where a merged frame would hold the locals of every alternative.

use super::places::{bare_name, first_operand};
use super::scopes::Narrowed;
use super::types::{Field, Signature, Type};
use super::{Checked, Checker, Stop, fail};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Lambda, LambdaBody, MapEntry, MapKey, Name};

/// What a condition tells about variables where it holds, and where it does not.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) yes: Narrowed,
    pub(super) no: Narrowed,
}

/// An operand with all that the operation around it may ask.
struct Operand {
    ty: Type,
    shown: Shown,
    /// `a.b.c`, if that is how it is written.
    path: Option<String>,
}

impl Operand {
    fn new(ty: Type) -> Operand {
        Operand { ty, shown: Shown::default(), path: None }
    }
}

impl<'a> Checker<'a> {
    /// The type of an expression that nothing is expected of.
    pub(super) fn expr(&mut self, expr: &'a Expr) -> Checked<Type> {
        self.operand(expr, None).map(|operand| operand.ty)
    }

    /// The type of an expression in a place for values of type `expected`.
    pub(super) fn expect(&mut self, expr: &'a Expr, expected: &Type) -> Checked<Type> {
        let actual = self.operand(expr, Some(expected))?.ty;
        if self.nominals.fits(&actual, expected) {
            return Ok(actual);
        }
        self.mismatch(self.inside(expr), expected, &actual)
    }

    pub(super) fn expect_if(&mut self, expr: &'a Expr, expected: Option<&Type>) -> Checked<Type> {
        match expected {
            Some(expected) => self.expect(expr, expected),
            None => self.expr(expr),
        }
    }

    pub(super) fn mismatch<T>(&self, span: Span, expected: &Type, actual: &Type) -> Checked<T> {
        let (expected, actual) = (self.nominals.show(expected), self.nominals.show(actual));
        fail(Code::T008, span, format!("type mismatch: expected {expected}, got {actual}"))
    }

    /// A condition of `if` or `while`, and what it shows.
    pub(super) fn condition(&mut self, cond: &'a Expr) -> Checked<Shown> {
        let Operand { ty, shown, path: _ } = self.operand(cond, None)?;
        if self.is_bool(&ty) { Ok(shown) } else { fail(Code::T040, cond.span, "`if` condition must be boolean") }
    }

    /// An expression that asks for a bool, by the clause's code.
    pub(super) fn bool_clause(&mut self, expr: &'a Expr, code: Code, clause: &str) -> Checked<()> {
        let ty = self.expr(expr)?;
        if self.is_bool(&ty) { Ok(()) } else { fail(code, expr.span, format!("`{clause}` condition must be boolean")) }
    }

    fn operand(&mut self, expr: &'a Expr, expected: Option<&Type>) -> Checked<Operand> {
        let mut chain = Vec::new();
        let mut leaf = expr;
        while let Some(first) = first_operand(leaf).filter(|_| !is_plain_call(leaf)) {
            chain.push(leaf);
            leaf = first;
        }
        // What is expected of the whole says nothing about its first operand.
        let expected = if chain.is_empty() { expected } else { None };
        let mut operand = Operand::new(self.leaf(leaf, expected)?);
        operand.path = bare_name(leaf).map(str::to_owned);
        while let Some(next) = chain.pop() {
            operand = self.step(next, operand)?;
        }
        Ok(operand)
    }

    /// One link of a chain, whose first operand is known.
    #[inline(never)]
    fn step(&mut self, expr: &'a Expr, first: Operand) -> Checked<Operand> {
        match &expr.kind {
            ExprKind::Binary(op, left, right) => self.binary(*op, left, first, right),
            ExprKind::Call { callee, args } => {
                let at = self.after(callee.span, 1);
                self.call_value(&first.ty, args, at).map(Operand::new)
            }
            ExprKind::Field { of, name, optional: false } => self.field_step(expr, of, first, name),
            ExprKind::Field { of, name, optional: true } => {
                let at = self.after(of.span, 2);
                self.safe_field(&first.ty, name, at).map(Operand::new)
            }
            ExprKind::Index { of, index, optional: false } => {
                self.index(of, &first.ty, &[Some(index)], false).map(Operand::new)
            }
            ExprKind::Index { of, index, optional: true } => {
                let at = self.after(of.span, 2);
                self.safe_index(&first.ty, index, at).map(Operand::new)
            }
            ExprKind::Slice { of, start, end, step } => {
                self.index(of, &first.ty, &[start.as_deref(), end.as_deref(), step.as_deref()], true).map(Operand::new)
            }
            ExprKind::Cast { of, ty } => {
                let to = self.resolve(ty);
                if self.can_cast(&first.ty, &to) {
                    return Ok(Operand::new(to));
                }
                let (from, to) = (self.nominals.show(&first.ty), self.nominals.show(&to));
                let message = format!("invalid cast: `{from}` as `{to}` is not allowed");
                fail(Code::T046, self.after(of.span, "as".len()), message)
            }
            _ => unreachable!("an expression without a first operand"),
        }
    }

    #[inline(never)]
    fn binary(&mut self, op: BinaryOp, left: &'a Expr, first: Operand, right: &'a Expr) -> Checked<Operand> {
        let at = self.operator(left, op);
        if !matches!(op, BinaryOp::And | BinaryOp::Or) {
            let second = self.expr(right)?;
            let shown = self.shown_by_comparison(op, left, right);
            return Ok(Operand { ty: self.operation(op, &first.ty, &second, at)?, shown, path: None });
        }
        let lhs = first.shown;
        let second = self.scoped(|checker| {
            checker.scopes.narrow(if op == BinaryOp::And { &lhs.yes } else { &lhs.no });
            checker.operand(right, None)
        })?;
        let rhs = second.shown;
        let shown = if op == BinaryOp::And {
            Shown { yes: [lhs.yes, rhs.yes].concat(), no: Vec::new() }
        } else {
            Shown { yes: Vec::new(), no: [lhs.no, rhs.no].concat() }
        };
        Ok(Operand { ty: self.operation(op, &first.ty, &second.ty, at)?, shown, path: None })
    }

    /// What a comparison of a variable with `none` shows.
    fn shown_by_comparison(&self, op: BinaryOp, left: &Expr, right: &Expr) -> Shown {
        let name = match (&left.kind, &right.kind) {
            (ExprKind::Name(name), ExprKind::None) | (ExprKind::None, ExprKind::Name(name)) => name,
            _ => return Shown::default(),
        };
        let Some(Type::Option(of)) = self.scopes.variable(name).map(|variable| &variable.ty) else {
            return Shown::default();
        };
        let narrowed = vec![(name.clone(), (**of).clone())];
        match op {
            BinaryOp::Ne => Shown { yes: narrowed, no: Vec::new() },
            BinaryOp::Eq => Shown { yes: Vec::new(), no: narrowed },
            _ => Shown::default(),
        }
    }

    /// An expression that starts with no other.
    #[inline(never)]
    fn leaf(&mut self, expr: &'a Expr, expected: Option<&Type>) -> Checked<Type> {
        match &expr.kind {
            ExprKind::Int(_) => Ok(Type::Int),
            ExprKind::Float(_) => Ok(Type::Float),
            ExprKind::Bool(_) => Ok(Type::Bool),
            ExprKind::Str(_) => Ok(Type::String),
            ExprKind::None => Ok(Type::option(Type::Any)),
            ExprKind::Name(name) => match self.scopes.variable(name) {
                Some(variable) if variable.is_failed => Err(Stop::Known),
                Some(variable) => Ok(variable.ty.clone()),
                None => match super::builtins::signature(name) {
                    Some(signature) => Ok(Type::Func(signature.into())),
                    None => fail(Code::T002, self.inside(expr), format!("undefined variable: {name}")),
                },
            },
            // The operators that stand before their operand are not checked.
            ExprKind::Unary(_, of) => self.expr(of),
            ExprKind::Call { callee, args } => match bare_name(callee) {
                Some(name) => self.call(expr, name, args),
                None => unreachable!("a call of a value is a link of a chain"),
            },
            ExprKind::If { cond, then, otherwise } => {
                self.choice(self.inside(expr), (cond, then), otherwise.as_deref(), expected)
            }
            ExprKind::List(elements) => self.list(elements),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Struct { name, fields } => self.struct_literal(self.inside(expr), name, fields),
            ExprKind::Lambda(lambda) => self.lambda(self.inside(expr), lambda, expected),
            ExprKind::Match { target, arms } => self.match_expr(self.inside(expr), target, arms, expected),
            ExprKind::Query(query) => self.query(self.inside(expr), query, expected),
            ExprKind::LogicQuery(_) => Ok(Type::list(Type::map(Type::String, Type::Any))),
            ExprKind::Generate { target, fields } => self.generate(self.inside(expr), target, fields),
            ExprKind::Fetch { url, with } => self.fetch(self.inside(expr), url, with.as_deref(), expected),
            ExprKind::Load { path: _, ty, with: _ } => Ok(Type::list(self.resolve(ty))),
            ExprKind::Save { value, path: _, with } => {
                self.expr(value)?;
                with.as_deref().map_or(Ok(Type::Unit), |with| self.expr(with))?;
                Ok(Type::Unit)
            }
            ExprKind::GenericCall { .. } => fail(Code::T014, expr.span, "invalid primary expression"),
            ExprKind::Binary(..)
            | ExprKind::Field { .. }
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::Cast { .. } => unreachable!("an expression with a first operand"),
        }
    }

    #[inline(never)]
    fn list(&mut self, elements: &'a [Expr]) -> Checked<Type> {
        let Some((first, rest)) = elements.split_first() else {
            return Ok(Type::list(Type::Any));
        };
        let ty = self.expr(first)?;
        for element in rest {
            let other = self.expr(element)?;
            if !self.nominals.unify(&ty, &other) {
                return self.mismatch(element.span, &ty, &other);
            }
        }
        Ok(Type::list(ty))
    }

    #[inline(never)]
    fn map(&mut self, entries: &'a [MapEntry]) -> Checked<Type> {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            let key = match &entry.key {
                MapKey::Name(_) => Type::String,
                MapKey::Expr(key) => self.expr(key)?,
            };
            let value = self.expr(&entry.value)?;
            self.meet(&mut keys, key);
            self.meet(&mut values, value);
        }
        Ok(Type::map(keys.unwrap_or(Type::Any), values.unwrap_or(Type::Any)))
    }

    /// The type of all so far and one more: any as soon as two differ.
    fn meet(&self, all: &mut Option<Type>, ty: Type) {
        *all = Some(match all.take() {
            None => ty,
            Some(all) if self.nominals.unify(&all, &ty) => all,
            Some(_) => Type::Any,
        });
    }

    #[inline(never)]
    fn struct_literal(&mut self, span: Span, name: &Name, fields: &'a [(Name, Expr)]) -> Checked<Type> {
        let Some(&Type::Struct(id)) = self.scopes.declared_type(&name.text) else {
            // A record of a type that nothing declares is a map.
            for (_, value) in fields {
                self.expr(value)?;
            }
            if name.text.contains('.') {
                return Ok(Type::Any);
            }
            return Ok(Type::map(Type::String, Type::Any));
        };
        let span = Span { end: name.span.end, ..span };
        for (field, value) in fields {
            let Some(ty) = self.nominals.of(id).field(&field.text).cloned() else {
                return self.unknown_field(span.to(field.span), &field.text, &Type::Struct(id));
            };
            let actual = self.expr(value)?;
            if !self.nominals.fits(&actual, &ty) {
                return self.mismatch(value.span, &ty, &actual);
            }
        }
        let data = self.nominals.of(id);
        let is_missing = |field: &&Field| !data.has_values && fields.iter().all(|(given, _)| given.text != field.0);
        let missing: Vec<&str> = data.fields.iter().filter(is_missing).map(|(field, _)| field.as_str()).collect();
        if missing.is_empty() {
            return Ok(Type::Struct(id));
        }
        let message = format!("struct literal `{}` is missing required field(s) {}", name.text, enumerate(&missing));
        fail(Code::T053, span, message)
    }

    pub(super) fn unknown_field<T>(&self, span: Span, field: &str, on: &Type) -> Checked<T> {
        fail(Code::T026, span, format!("unknown field `{field}` on {}", self.nominals.show(on)))
    }

    /// `if` as an expression: each branch is expected to be what the one before it is.
    #[inline(never)]
    fn choice(
        &mut self,
        span: Span,
        (cond, then): (&'a Expr, &'a Expr),
        otherwise: Option<&'a Expr>,
        expected: Option<&Type>,
    ) -> Checked<Type> {
        let shown = self.condition(cond)?;
        let ty = self.scoped(|checker| {
            checker.scopes.narrow(&shown.yes);
            checker.expect_if(then, expected)
        })?;
        let other = match otherwise {
            None => Type::Any,
            Some(otherwise) => self.scoped(|checker| {
                checker.scopes.narrow(&shown.no);
                checker.expect(otherwise, &ty)
            })?,
        };
        let ty = if self.nominals.unify(&ty, &other) { ty } else { Type::Any };
        match expected {
            Some(expected) if !self.nominals.unify(&ty, expected) => self.mismatch(span, expected, &ty),
            _ => Ok(ty),
        }
    }

    /// A function expression. Without a declared result its expression says what that is.
    #[inline(never)]
    fn lambda(&mut self, span: Span, lambda: &'a Lambda, expected: Option<&Type>) -> Checked<Type> {
        let params: Vec<Type> = lambda.params.iter().map(|param| self.annotated(param.ty.as_ref())).collect();
        let declared = match (&lambda.result, expected) {
            (Some(result), _) => Some(self.resolve(result)),
            (None, Some(Type::Func(signature))) => Some(signature.result.clone()),
            (None, _) => None,
        };
        let head = Span { end: span.start + "fun".len() as u32, ..span };
        let result = self.scoped(|checker| {
            checker.scopes.forget();
            for (param, ty) in lambda.params.iter().zip(&params) {
                checker.scopes.declare(&param.name.text, ty.clone(), true);
            }
            match &lambda.body {
                LambdaBody::Expr(value) => {
                    let actual = checker.expr(value)?;
                    match declared {
                        Some(declared) if checker.nominals.fits(&actual, &declared) => Ok(declared),
                        Some(declared) => checker.mismatch(head, &declared, &actual),
                        None => Ok(actual),
                    }
                }
                LambdaBody::Block(block) => {
                    let result = declared.unwrap_or_else(|| Type::var("R"));
                    checker.block(block, &result, false)?;
                    Ok(result)
                }
            }
        })?;
        let effects = self.lambda_effects(head, lambda);
        Ok(Type::Func(Signature { params, rest: None, result, effects, type_params: Vec::new() }.into()))
    }

    // Fields and elements.

    fn field_step(&mut self, expr: &'a Expr, of: &'a Expr, first: Operand, name: &Name) -> Checked<Operand> {
        let path = first.path.map(|path| format!("{path}.{}", name.text));
        // `extern var math.pi: float` declares a name with a dot in it.
        if let Some(variable) = path.as_ref().and_then(|path| self.scopes.variable(path)) {
            return Ok(Operand { ty: variable.ty.clone(), shown: Shown::default(), path });
        }
        let span = self.inside(expr);
        let span = Span { end: name.span.end, ..span };
        let ty = match &first.ty {
            Type::Option(_) => {
                let of = &self.text(of.span)[of.span.start as usize..of.span.end as usize];
                return fail(Code::T058, span, format!("dereference of optional `{of}` requires a none guard"));
            }
            Type::Group(parts) => match name.text.as_str() {
                "key" => parts.0.clone(),
                "items" => Type::list(parts.1.clone()),
                _ => Type::Any,
            },
            ty => match self.member(ty, &name.text) {
                Some(member) => member,
                None if matches!(ty, Type::Struct(_)) => return self.unknown_field(span, &name.text, ty),
                None => return self.not_a_struct(span, ty),
            },
        };
        Ok(Operand { ty, shown: Shown::default(), path })
    }

    pub(super) fn not_a_struct<T>(&self, span: Span, ty: &Type) -> Checked<T> {
        fail(Code::T027, span, format!("{} is not a struct", self.nominals.show(ty)))
    }

    /// The type of `.name` of a value that is neither optional nor a group.
    fn member(&self, ty: &Type, name: &str) -> Option<Type> {
        match (ty, name) {
            (&Type::Struct(id), _) => {
                let data = self.nominals.of(id);
                data.field(name).or_else(|| data.method(name)).cloned()
            }
            (Type::Any, _) => Some(Type::Any),
            (Type::String, "contains") => Some(Type::func(vec![Type::String], Type::Bool)),
            (Type::String, "padStart") => Some(Type::func(vec![Type::Int, Type::String], Type::String)),
            (Type::Map(_), "keys") => Some(Type::func(Vec::new(), Type::list(Type::Any))),
            (Type::Map(parts), "get") => Some(Type::func(vec![parts.0.clone(), parts.1.clone()], parts.1.clone())),
            (Type::Map(parts), _) if self.nominals.unify(&parts.0, &Type::String) => Some(parts.1.clone()),
            _ => None,
        }
    }

    fn safe_field(&mut self, of: &Type, name: &Name, at: Span) -> Checked<Type> {
        let at = at.to(name.span);
        let of = match of {
            Type::Option(of) => of,
            Type::Any => return Ok(Type::option(Type::Any)),
            _ => {
                let (name, of) = (&name.text, self.nominals.show(of));
                let message = format!("safe-call `?.{name}` requires an option-typed receiver, got {of}");
                return fail(Code::T060, at, message);
            }
        };
        let member = match &**of {
            Type::Struct(_) | Type::Any => self.member(of, &name.text),
            Type::Map(parts) if self.nominals.unify(&parts.0, &Type::String) => Some(parts.1.clone()),
            _ => None,
        };
        match member {
            Some(member) => Ok(Type::option(member)),
            None if matches!(**of, Type::Struct(_)) => self.unknown_field(at, &name.text, of),
            None => {
                let (name, of) = (&name.text, self.nominals.show(of));
                fail(Code::T061, at, format!("safe-call `?.{name}` requires the wrapped type to be a struct, got {of}"))
            }
        }
    }

    #[inline(never)]
    fn safe_index(&mut self, of: &Type, index: &'a Expr, at: Span) -> Checked<Type> {
        let of = match of {
            Type::Option(of) => of,
            Type::Any => {
                self.expr(index)?;
                return Ok(Type::option(Type::Any));
            }
            _ => {
                let of = self.nominals.show(of);
                let message = format!("safe-index `?[ ]` requires an option-typed receiver, got {of}");
                return fail(Code::T062, at, message);
            }
        };
        match &**of {
            Type::List(element) => {
                let ty = self.expr(index)?;
                if !self.is_index(&ty) {
                    return fail(Code::T015, at, "index must be an integer");
                }
                Ok(Type::option((**element).clone()))
            }
            Type::Map(parts) => {
                let ty = self.expr(index)?;
                self.map_key(&parts.0, &ty, at)?;
                Ok(Type::option(parts.1.clone()))
            }
            Type::Any => {
                self.expr(index)?;
                Ok(Type::option(Type::Any))
            }
            of => {
                let of = self.nominals.show(of);
                let message = format!("safe-index `?[ ]` requires the wrapped type to be a list or map, got {of}");
                fail(Code::T063, at, message)
            }
        }
    }

    pub(super) fn map_key(&self, expected: &Type, key: &Type, at: Span) -> Checked<()> {
        if self.nominals.unify(key, expected) {
            return Ok(());
        }
        let (expected, key) = (self.nominals.show(expected), self.nominals.show(key));
        fail(Code::T019, at, format!("map key type mismatch: expected {expected}, got {key}"))
    }

    /// `of[index]`, or a slice of it. An element of a map may be missing.
    #[inline(never)]
    fn index(&mut self, of: &'a Expr, ty: &Type, parts: &[Option<&'a Expr>], is_slice: bool) -> Checked<Type> {
        let at = self.after(of.span, 1);
        match ty {
            Type::List(_) | Type::String => {
                for part in parts.iter().flatten() {
                    let bound = self.expr(part)?;
                    if !self.is_index(&bound) {
                        return fail(Code::T015, at, "index must be an integer");
                    }
                }
                match ty {
                    Type::List(element) if !is_slice => Ok((**element).clone()),
                    _ => Ok(ty.clone()),
                }
            }
            Type::Map(_) if is_slice => fail(Code::T017, at, "slicing not allowed on map"),
            Type::Map(entry) => {
                for part in parts.iter().flatten() {
                    let key = self.expr(part)?;
                    self.map_key(&entry.0, &key, at)?;
                }
                Ok(Type::option(entry.1.clone()))
            }
            Type::Any => {
                for part in parts.iter().flatten() {
                    self.expr(part)?;
                }
                Ok(Type::Any)
            }
            _ => self.not_indexable(of.span, ty),
        }
    }

    pub(super) fn not_indexable<T>(&self, span: Span, ty: &Type) -> Checked<T> {
        fail(Code::T018, span, format!("type {} does not support indexing", self.nominals.show(ty)))
    }

    // Constructs that reach outside of the program.

    #[inline(never)]
    fn generate(&mut self, span: Span, target: &Name, fields: &'a [(Name, Expr)]) -> Checked<Type> {
        for (name, value) in fields {
            let expected = match name.text.as_str() {
                "prompt" | "model" | "text" => Some(Type::String),
                "temperature" | "top_p" => Some(Type::Float),
                "max_tokens" => Some(Type::Int),
                "stop" => Some(Type::list(Type::String)),
                "normalize" => Some(Type::Bool),
                _ => None,
            };
            self.expect_if(value, expected.as_ref())?;
        }
        match (target.text.as_str(), self.scopes.declared_type(&target.text)) {
            ("text", _) => Ok(Type::String),
            ("embedding", _) => Ok(Type::list(Type::Float)),
            (_, Some(ty @ Type::Struct(_))) => Ok(ty.clone()),
            (name, _) => fail(Code::T025, Span { end: target.span.end, ..span }, format!("unknown type: {name}")),
        }
    }

    #[inline(never)]
    fn fetch(&mut self, span: Span, url: &'a Expr, with: Option<&'a Expr>, expected: Option<&Type>) -> Checked<Type> {
        let span = Span { end: span.start + "fetch".len() as u32, ..span };
        let ty = self.expr(url)?;
        if !self.nominals.unify(&ty, &Type::String) {
            return fail(Code::T028, span, "fetch URL must be a string");
        }
        if let Some(with) = with {
            match self.expr(with)? {
                Type::Map(parts) if self.nominals.unify(&parts.0, &Type::String) => {}
                _ => return fail(Code::T029, span, "fetch options must be a map"),
            }
            if let ExprKind::Map(entries) = &with.kind {
                entries.iter().try_for_each(|entry| self.fetch_option(entry))?;
            }
        }
        Ok(expected.cloned().unwrap_or(Type::Any))
    }

    fn fetch_option(&mut self, entry: &'a MapEntry) -> Checked<()> {
        let expected = match key_text(&entry.key).as_deref() {
            Some("method") => Type::String,
            Some("headers" | "query") => Type::map(Type::String, Type::String),
            Some("timeout") => Type::Float,
            _ => return Ok(()),
        };
        let actual = self.expr(&entry.value)?;
        if self.nominals.unify(&actual, &expected) {
            return Ok(());
        }
        let (name, expected, actual) =
            (key_text(&entry.key).unwrap_or_default(), self.nominals.show(&expected), self.nominals.show(&actual));
        let message = format!("invalid type for fetch option `{name}`: expected {expected}, got {actual}");
        fail(Code::T030, entry.value.span, message)
    }
}

/// A call of a name, which is no link of a chain: functions have rules of their own.
fn is_plain_call(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Call { callee, args: _ } if bare_name(callee).is_some())
}

/// The text of a key that is written as a name or as a string.
pub(super) fn key_text(key: &MapKey) -> Option<String> {
    match key {
        MapKey::Name(name) => Some(name.text.clone()),
        MapKey::Expr(Expr { kind: ExprKind::Str(text), span: _ }) => Some(String::from_utf8_lossy(text).into_owned()),
        MapKey::Expr(_) => None,
    }
}

/// Names in a sentence: `a`, `b`, and `c`.
pub(super) fn enumerate(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
    }
}
