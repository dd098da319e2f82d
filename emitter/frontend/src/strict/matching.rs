//! `match`: patterns, exhaustive and irredundant arms.
//!
//! There are no guards, so an arm that repeats an earlier one, or follows a catch-all, can
//! never run; and a union without a catch-all must have an arm for each variant.

use super::expressions::enumerate;
use super::places::bare_name;
use super::types::{StructId, Type};
use super::{Body, Checked, Checker, fail};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast::{ArmBody, Expr, ExprKind, MatchArm, Pattern};

/// The arms so far.
#[derive(Default)]
struct Covered {
    variants: Vec<StructId>,
    literals: Vec<String>,
    /// A `_` takes whatever is left.
    is_complete: bool,
}

impl<'a> Checker<'a> {
    #[inline(never)]
    pub(super) fn match_expr(
        &mut self,
        span: Span,
        target: &'a Expr,
        arms: &'a [MatchArm],
        expected: Option<&Type>,
    ) -> Checked<Type> {
        let ty = self.expr(target)?;
        let mut covered = Covered::default();
        let mut result: Option<Type> = None;
        for arm in arms {
            let actual = self.scoped(|checker| {
                checker.pattern(&ty, arm, &mut covered)?;
                // An arm other than `none` has something to work with.
                if let (Type::Option(of), Some(name)) = (&ty, bare_name(target))
                    && !is_none(&arm.pattern)
                {
                    checker.scopes.narrow(&vec![(name.to_owned(), (**of).clone())]);
                }
                checker.arm_body(&arm.body, expected)
            })?;
            match (&result, actual) {
                (_, None) => {}
                (None, actual) => result = actual,
                (Some(result), Some(actual)) => {
                    if !self.nominals.unify(result, &actual) {
                        return self.mismatch(pattern_span(arm), result, &actual);
                    }
                }
            }
        }
        let head = Span { end: span.start + "match".len() as u32, ..span };
        self.is_exhaustive(head, &ty, &covered)?;
        let result = result.unwrap_or(Type::Any);
        match expected {
            Some(expected) if !self.nominals.unify(&result, expected) => self.mismatch(head, expected, &result),
            _ => Ok(result),
        }
    }

    /// The value of an arm; a block has none.
    fn arm_body(&mut self, body: &'a ArmBody, expected: Option<&Type>) -> Checked<Option<Type>> {
        match body {
            ArmBody::Expr(value) => self.expect_if(value, expected).map(Some),
            ArmBody::Block(block) => {
                let Body { result, is_loop } = self.body.clone();
                self.block(block, &result, is_loop)?;
                Ok(None)
            }
        }
    }

    /// Checks a pattern against what was covered before, and declares what it binds.
    #[inline(never)]
    fn pattern(&mut self, target: &Type, arm: &'a MatchArm, covered: &mut Covered) -> Checked<()> {
        let span = pattern_span(arm);
        let redundant = |reason: &str| fail(Code::T054, span, format!("redundant match arm: {reason}"));
        if covered.is_complete {
            return redundant("arm after catch-all is unreachable");
        }
        let (name, args) = match &arm.pattern {
            Pattern::Wildcard(_) => {
                covered.is_complete = true;
                return Ok(());
            }
            Pattern::Literal(literal) => {
                let ty = self.expr(literal)?;
                if !self.nominals.unify(target, &ty) {
                    return self.mismatch(span, target, &ty);
                }
                let key = literal_key(literal);
                if covered.literals.contains(&key) {
                    return redundant("duplicate literal pattern");
                }
                covered.literals.push(key);
                return Ok(());
            }
            Pattern::Name(name) => (name, None),
            Pattern::Constructor { name, args, span: _ } => (name, Some(args)),
        };
        let Some(variant) = self.variant(target, &name.text) else {
            if args.is_none() {
                match self.scopes.variable(&name.text) {
                    None => return fail(Code::T002, span, format!("undefined variable: {}", name.text)),
                    Some(variable) if variable.is_failed => {}
                    Some(variable) if self.nominals.unify(target, &variable.ty) => {}
                    Some(variable) => return self.mismatch(span, target, &variable.ty),
                }
            }
            return Ok(());
        };
        let ty = Type::Struct(variant);
        let fields = self.nominals.of(variant).fields.clone();
        let is_arity_wrong = args.is_some_and(|args| args.len() != fields.len());
        if is_arity_wrong || !self.nominals.unify(target, &ty) {
            return self.mismatch(span, target, &ty);
        }
        if covered.variants.contains(&variant) {
            return redundant(&format!("duplicate variant `{}`", name.text));
        }
        covered.variants.push(variant);
        for (arg, (_, ty)) in args.into_iter().flatten().zip(fields) {
            if let Pattern::Name(name) = arg {
                self.scopes.declare(&name.text, ty, true);
            }
        }
        Ok(())
    }

    /// The variant of that name: of the target's union, or of any other.
    fn variant(&self, target: &Type, name: &str) -> Option<StructId> {
        let of_target = match target {
            &Type::Union(id) => {
                self.nominals.union(id).variants.iter().copied().find(|&variant| self.nominals.of(variant).name == name)
            }
            _ => None,
        };
        of_target.or_else(|| match self.scopes.declared_type(name) {
            Some(&Type::Struct(id)) if self.nominals.of(id).union.is_some() => Some(id),
            _ => None,
        })
    }

    fn is_exhaustive(&self, span: Span, target: &Type, covered: &Covered) -> Checked<()> {
        let &Type::Union(id) = target else { return Ok(()) };
        if covered.is_complete {
            return Ok(());
        }
        let union = self.nominals.union(id);
        let missing: Vec<&str> = union
            .variants
            .iter()
            .filter(|variant| !covered.variants.contains(variant))
            .map(|&variant| self.nominals.of(variant).name.as_str())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let (name, missing) = (&union.name, enumerate(&missing));
        fail(Code::T050, span, format!("non-exhaustive match on union `{name}`: missing variant(s) {missing}"))
    }
}

fn is_none(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::Literal(Expr { kind: ExprKind::None, span: _ }))
}

fn pattern_span(arm: &MatchArm) -> Span {
    match &arm.pattern {
        Pattern::Wildcard(span) | Pattern::Constructor { name: _, args: _, span } => *span,
        Pattern::Name(name) => name.span,
        Pattern::Literal(literal) => literal.span,
    }
}

/// A text that two literals share if they match the same values.
fn literal_key(literal: &Expr) -> String {
    match &literal.kind {
        ExprKind::Int(value) => format!("int {value}"),
        ExprKind::Float(value) => format!("float {value}"),
        ExprKind::Bool(value) => format!("bool {value}"),
        ExprKind::Str(text) => format!("string {text:?}"),
        _ => "none".to_owned(),
    }
}
