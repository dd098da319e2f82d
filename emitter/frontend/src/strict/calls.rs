//! Calls: of names, with the type parameters that each call chooses, and of other values.

use super::relate::Choices;
use super::types::{Signature, Type, Var};
use super::{Checked, Checker, Stop, builtins, fail};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast::Expr;

/// The types of the arguments of a call.
pub(super) type Arguments<'t> = &'t [Type];

impl<'a> Checker<'a> {
    /// `name(args)`.
    #[inline(never)]
    pub(super) fn call(&mut self, expr: &'a Expr, name: &str, args: &'a [Expr]) -> Checked<Type> {
        let span = self.inside(expr);
        let head = Span { end: span.start + name.len() as u32, ..span };
        let declared = self.scopes.variable(name).map(|variable| (variable.ty.clone(), variable.is_failed));
        let is_builtin = declared.is_none();
        let signature = match declared {
            Some((_, true)) => return Err(Stop::Known),
            Some((Type::Func(signature), false)) => signature,
            Some((_, false)) => return fail(Code::T004, head, format!("`{name}` is not callable")),
            None => match builtins::signature(name) {
                Some(signature) => signature.into(),
                None if self.scopes.declared_type(name).is_some() => {
                    return fail(Code::T004, head, format!("`{name}` is not callable"));
                }
                None => return fail(Code::T003, head, format!("unknown function: {name}")),
            },
        };
        let mut choices = Choices::default();
        let signature = self.instantiate(&signature, &mut choices);
        if let Some(count) = builtins::arity(name).filter(|&count| is_builtin && count != args.len()) {
            let message = format!("function {name} expects {count} arguments, got {}", args.len());
            return fail(Code::T039, span, message);
        }
        if signature.rest.is_none() && args.len() > signature.params.len() {
            return self.too_many(span, signature.params.len(), args.len());
        }
        let mut types = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            let param = signature.params.get(at).or(signature.rest.as_ref());
            let ty = match param {
                Some(param) => self.argument(span, (at, arg), param, &mut choices, is_builtin.then_some(name))?,
                None => self.expr(arg)?,
            };
            types.push(ty);
        }
        if is_builtin {
            if name == "range" && !(1..=3).contains(&args.len()) {
                return fail(Code::T039, span, format!("function range expects 1 arguments, got {}", args.len()));
            }
            if let Some((code, message)) = builtins::objection(name, &types, &self.nominals) {
                return fail(code, span, message);
            }
        }
        let result = match (types.first(), name) {
            // What comes out is of the kind that went in.
            (Some(ty @ (Type::List(_) | Type::String)), "reverse") if is_builtin => ty.clone(),
            _ => choices.apply(&signature.result),
        };
        let given = args.len().min(signature.params.len());
        if given == signature.params.len() {
            return match choices.free(&result).first() {
                Some(var) if !signature.type_params.is_empty() && signature.rest.is_none() => {
                    let name = &var.name;
                    fail(Code::T048, span, format!("type parameter `{name}` escapes function result"))
                }
                _ => Ok(result),
            };
        }
        Ok(curried(&signature.params[given..], result))
    }

    /// The signature with type parameters of its own, so that calls do not choose for each other.
    fn instantiate(&mut self, signature: &Signature, choices: &mut Choices) -> Signature {
        let mut fresh = Choices::default();
        self.copies += 1;
        for name in &signature.type_params {
            let copy = Var { name: name.clone(), copy: self.copies };
            fresh.choose(Var { name: name.clone(), copy: 0 }, Type::Var(copy));
        }
        *choices = Choices::default();
        if signature.type_params.is_empty() {
            return signature.clone();
        }
        Signature {
            params: signature.params.iter().map(|param| fresh.apply(param)).collect(),
            rest: signature.rest.as_ref().map(|rest| fresh.apply(rest)),
            result: fresh.apply(&signature.result),
            effects: signature.effects,
            type_params: signature.type_params.clone(),
        }
    }

    /// One argument, for which nothing is expected where the type is the call's to choose.
    #[inline(never)]
    fn argument(
        &mut self,
        span: Span,
        (at, arg): (usize, &'a Expr),
        param: &Type,
        choices: &mut Choices,
        builtin: Option<&str>,
    ) -> Checked<Type> {
        let expected = choices.apply(param);
        let chosen = Choices::default().free(param);
        let actual = self.expect_if(arg, chosen.is_empty().then_some(&expected))?;
        let passed = match &actual {
            Type::Group(parts) if builtin.is_some_and(builtins::takes_group) => Type::list(parts.1.clone()),
            actual => actual.clone(),
        };
        if !self.nominals.bind(&passed, &expected, choices) && !self.nominals.fits(&passed, &expected) {
            let (wanted, got) = (self.nominals.show(&expected), self.nominals.show(&actual));
            return match chosen.first() {
                Some(var) => {
                    fail(Code::T047, span, format!("cannot unify type parameter `{}`: {wanted} vs {got}", var.name))
                }
                None => fail(Code::T007, span, format!("argument {}: expected {wanted}, got {got}", at + 1)),
            };
        }
        let param = choices.apply(param);
        self.keeps_elements(span, arg, &actual, &param)?;
        Ok(actual)
    }

    fn too_many<T>(&self, span: Span, expected: usize, got: usize) -> Checked<T> {
        fail(Code::T006, span, format!("too many arguments: expected {expected}, got {got}"))
    }

    /// A call of a value that is no name; its parenthesis stands `at`.
    #[inline(never)]
    pub(super) fn call_value(&mut self, callee: &Type, args: &'a [Expr], at: Span) -> Checked<Type> {
        let signature = match callee {
            Type::Func(signature) => signature,
            Type::Any => {
                for arg in args {
                    self.expr(arg)?;
                }
                return Ok(Type::Any);
            }
            _ => {
                return fail(Code::T004, at, format!("a value of type {} is not callable", self.nominals.show(callee)));
            }
        };
        if args.len() > signature.params.len() {
            return self.too_many(at, signature.params.len(), args.len());
        }
        for (arg, param) in args.iter().zip(&signature.params) {
            self.expect(arg, param)?;
        }
        Ok(curried(&signature.params[args.len()..], signature.result.clone()))
    }
}

/// What is left of a function when some arguments were given: one function a parameter.
fn curried(params: &[Type], result: Type) -> Type {
    params.iter().rfold(result, |result, param| Type::func(vec![param.clone()], result))
}
