//! Expressions: operands by what they are, chains of operators without recursion.

use super::imports::Imported;
use super::{Bound, Resolver, casts, foreign};
use crate::builtins::{Builtin, NOT_YET};
use crate::check::resolved::{Expr, ExprId, ExprKind, Place};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast;

impl<'a> Resolver<'a> {
    pub(super) fn push(&mut self, kind: ExprKind<'a>, span: Span) -> ExprId {
        let id = ExprId(self.program.exprs.len() as u32);
        self.program.exprs.push(Expr { kind, span });
        id
    }

    pub(super) fn exprs(&mut self, exprs: &'a [ast::Expr]) -> Vec<ExprId> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    pub(super) fn optional_expr(&mut self, expr: Option<&'a ast::Expr>) -> Option<ExprId> {
        expr.map(|expr| self.expr(expr))
    }

    /// Chains of operators, indexes and casts lean to the left and can be long, so they are walked in a loop.
    pub(super) fn expr(&mut self, expr: &'a ast::Expr) -> ExprId {
        let mut chain = Vec::new();
        let mut leaf = expr;
        while let Some(next) = first_operand(leaf)
            && self.module_member(leaf).is_none()
            && !self.is_unknown_callee(leaf)
        {
            chain.push(leaf);
            leaf = next;
        }
        let mut result = match self.shaped(leaf, &mut chain) {
            Some(result) => result,
            None => self.operand(leaf),
        };
        while let Some(step) = chain.pop() {
            result = self.step(step, result);
        }
        result
    }

    /// An expression whose first operand, which [`first_operand`] names, is resolved.
    fn step(&mut self, expr: &'a ast::Expr, first: ExprId) -> ExprId {
        let span = expr.span;
        let kind = match &expr.kind {
            ast::ExprKind::Unary(op, _) => ExprKind::Unary(*op, first),
            ast::ExprKind::Binary(op, _, rhs) => return self.binary(*op, first, rhs, span),
            ast::ExprKind::Index { of: _, index, optional: _ } => {
                self.methods_at(index);
                ExprKind::Index { of: first, index: self.expr(index) }
            }
            ast::ExprKind::Slice { of: _, start, end, step } => {
                let start = self.optional_expr(start.as_deref());
                let end = self.optional_expr(end.as_deref());
                if let Some(step) = step {
                    let none = |this: &mut Self| this.push(ExprKind::None, span);
                    let (start, end) = (start.unwrap_or_else(|| none(self)), end.unwrap_or_else(|| none(self)));
                    let step = self.expr(step);
                    return self.call_helper("_checked_stepped", vec![first, start, end, step], span);
                }
                ExprKind::Slice { of: first, start, end }
            }
            // What is new and empty has no other type to be changed into.
            ast::ExprKind::Cast { of, ty } if casts::is_empty_of(of, ty) => return first,
            ast::ExprKind::Cast { of: _, ty } => return self.cast(first, ty, span),
            ast::ExprKind::Field { of: _, name, optional: _ } => return self.field(first, &name.text, span),
            ast::ExprKind::Call { callee, args } => match &callee.kind {
                ast::ExprKind::Field { of: _, name, optional: _ } => {
                    return self.method_call(first, &name.text, args, span);
                }
                _ => unreachable!("a call without a first operand: {expr:?}"),
            },
            _ => unreachable!("an expression without a first operand: {expr:?}"),
        };
        self.push(kind, span)
    }

    pub(super) fn binary(&mut self, op: ast::BinaryOp, lhs: ExprId, rhs: &'a ast::Expr, span: Span) -> ExprId {
        self.program.tests_for_nil |=
            matches!(op, ast::BinaryOp::Eq | ast::BinaryOp::Ne) && is_nil(rhs) && !self.prelude.is_open;
        let rhs = self.expr(rhs);
        match op {
            ast::BinaryOp::Add
            | ast::BinaryOp::Sub
            | ast::BinaryOp::Mul
            | ast::BinaryOp::Div
            | ast::BinaryOp::Rem
            | ast::BinaryOp::Eq
            | ast::BinaryOp::Ne
            | ast::BinaryOp::Lt
            | ast::BinaryOp::Le
            | ast::BinaryOp::Gt
            | ast::BinaryOp::Ge
            | ast::BinaryOp::In
            | ast::BinaryOp::And
            | ast::BinaryOp::Or
            | ast::BinaryOp::Else => self.push(ExprKind::Binary(op, lhs, rhs), span),
            ast::BinaryOp::Union => self.call_helper("_checked_union", vec![lhs, rhs], span),
            ast::BinaryOp::UnionAll => self.concat(lhs, rhs, span),
            ast::BinaryOp::Except => self.call_helper("_checked_except", vec![lhs, rhs], span),
            ast::BinaryOp::Intersect => self.call_helper("_checked_intersect", vec![lhs, rhs], span),
            ast::BinaryOp::BitAnd
            | ast::BinaryOp::BitOr
            | ast::BinaryOp::BitXor
            | ast::BinaryOp::Shl
            | ast::BinaryOp::Shr
            | ast::BinaryOp::ShrU => self.dialect_form(span),
        }
    }

    /// The member of a module that an expression is or calls.
    fn module_member(&self, expr: &'a ast::Expr) -> Option<(Imported, &'a ast::Name)> {
        let (of, name) = foreign::member(expr)?;
        Some((self.imported(of)?, name))
    }

    /// Whether an expression is a call `a.f(…)` and nobody knows `a`.
    fn is_unknown_callee(&mut self, expr: &'a ast::Expr) -> bool {
        let ast::ExprKind::Call { callee: _, args: _ } = &expr.kind else { return false };
        let Some((of, _)) = foreign::member(expr) else { return false };
        let ast::ExprKind::Name(name) = &of.kind else { return false };
        let is_known = matches!(name.as_str(), "nil" | "null")
            || self.names().functions.contains_key(name.as_str())
            || self.names().types.contains_key(name.as_str())
            || self.is_module_name(name)
            || self.is_extern(name)
            || Builtin::from_name(name).is_some()
            || NOT_YET.contains(&name.as_str())
            || self.lookup(name, of.span).is_some();
        !is_known
    }

    /// An expression that has no first operand.
    fn operand(&mut self, expr: &'a ast::Expr) -> ExprId {
        let span = expr.span;
        if let Some((module, name)) = self.module_member(expr) {
            return match (module, &expr.kind) {
                (Imported::Foreign(module), ast::ExprKind::Call { callee: _, args }) => {
                    self.call_foreign(module, name, args, span)
                }
                (Imported::Foreign(module), _) => self.foreign_member(module, name, span),
                (Imported::Module(module), ast::ExprKind::Call { callee: _, args }) => {
                    self.call_member(module, name, args, span)
                }
                (Imported::Module(module), _) => self.module_value(module, name, span),
                (Imported::Refused, _) => self.push(ExprKind::Refused, span),
            };
        }
        if self.is_unknown_callee(expr) {
            // As for functions that nobody knows, the arguments are not evaluated.
            return self.push(ExprKind::Absent, span);
        }
        let kind = match &expr.kind {
            ast::ExprKind::Int(value) => ExprKind::Int(*value),
            ast::ExprKind::Float(value) => ExprKind::Float(*value),
            ast::ExprKind::Bool(value) => ExprKind::Bool(*value),
            ast::ExprKind::Str(bytes) => ExprKind::Str(bytes),
            ast::ExprKind::None => ExprKind::None,
            ast::ExprKind::Name(name) => return self.name(name, span),
            ast::ExprKind::Unary(..)
            | ast::ExprKind::Binary(..)
            | ast::ExprKind::Index { .. }
            | ast::ExprKind::Slice { .. }
            | ast::ExprKind::Cast { .. }
            | ast::ExprKind::Field { .. } => return self.expr(expr),
            ast::ExprKind::Call { callee, args } => return self.call(callee, args, span),
            ast::ExprKind::If { .. } => self.choice(expr),
            ast::ExprKind::List(elements) => ExprKind::List(self.exprs(elements)),
            ast::ExprKind::Map(entries) => {
                let mut resolved = Vec::with_capacity(entries.len());
                for entry in entries {
                    let key = match &entry.key {
                        ast::MapKey::Name(name) => self.push(ExprKind::Str(name.text.as_bytes()), name.span),
                        ast::MapKey::Expr(key) => self.expr(key),
                    };
                    resolved.push((key, self.expr(&entry.value)));
                }
                ExprKind::Map(resolved)
            }
            ast::ExprKind::Struct { name, fields } => return self.struct_literal(name, fields, span),
            ast::ExprKind::Lambda(lambda) => return self.lambda(lambda, span),
            ast::ExprKind::Match { target, arms } => return self.match_expr(target, arms, span),
            ast::ExprKind::Query(query) => return self.query(query, span),
            ast::ExprKind::LogicQuery(of) => return self.logic_query(of, span),
            ast::ExprKind::Generate { target, fields } => return self.generate(target, fields, span),
            ast::ExprKind::Fetch { url, with } => return self.fetch(url, with.as_deref(), span),
            ast::ExprKind::Load { path, ty, with } => return self.load(path.as_deref(), ty, with.as_deref(), span),
            ast::ExprKind::Save { value, path, with } => {
                return self.save(value, path.as_deref(), with.as_deref(), span);
            }
            ast::ExprKind::GenericCall { .. } => return self.dialect_form(span),
        };
        self.push(kind, span)
    }

    /// An `if` expression with all its `else if`s.
    fn choice(&mut self, expr: &'a ast::Expr) -> ExprKind<'a> {
        let mut arms = Vec::new();
        let mut rest = Some(expr);
        while let Some(ast::ExprKind::If { cond, then, otherwise }) = rest.map(|rest| &rest.kind) {
            arms.push((self.expr(cond), self.expr(then)));
            rest = otherwise.as_deref();
        }
        ExprKind::If { arms, otherwise: self.optional_expr(rest) }
    }

    pub(super) fn name(&mut self, name: &'a str, span: Span) -> ExprId {
        if let Some(bound) = self.lookup(name, span) {
            let kind = match bound {
                Bound::Function(function) => return self.closure(function, span),
                Bound::Shape(_) => unreachable!("what stands for several values was resolved as a whole"),
                Bound::Part(of) => return self.part(of, name, span),
                Bound::Variable(Place::Local(local)) => ExprKind::Local(local),
                Bound::Variable(Place::Global(global)) => {
                    self.func.reads.insert(global);
                    ExprKind::Global(global)
                }
            };
            return self.push(kind, span);
        }
        if let Some(&function) = self.names().functions.get(name) {
            self.func.values.insert(function);
            return self.push(ExprKind::Closure { function, captures: Vec::new() }, span);
        }
        if let Some(variant) = self.construct(self.module, name, &[], span) {
            return variant;
        }
        if self.is_module_name(name) {
            let message = format!("`{name}` is a module, which is no value: name something that it exports");
            self.error(Code::M001, span, message);
            return self.push(ExprKind::Refused, span);
        }
        if self.is_extern(name) {
            return self.push(ExprKind::Absent, span);
        }
        let undefined = format!("undefined variable: {name}");
        if matches!(name, "nil" | "null") {
            return self.push(ExprKind::Absent, span);
        }
        if let Some(value) = self.builtin_value(name, span) {
            return value;
        }
        if NOT_YET.contains(&name) {
            return self.not_built_in(name, span);
        }
        if self.is_sort_key {
            // The reference sorts by a none then, which changes nothing.
            return self.push(ExprKind::Absent, span);
        }
        self.error(Code::T002, span, undefined);
        self.push(ExprKind::Refused, span)
    }
}

fn is_nil(expr: &ast::Expr) -> bool {
    matches!(&expr.kind, ast::ExprKind::Name(name) if matches!(name.as_str(), "nil" | "null"))
}

/// The operand that is evaluated first, of expressions that can form long chains.
fn first_operand(expr: &ast::Expr) -> Option<&ast::Expr> {
    match &expr.kind {
        ast::ExprKind::Unary(_, first)
        | ast::ExprKind::Binary(_, first, _)
        | ast::ExprKind::Index { of: first, index: _, optional: _ }
        | ast::ExprKind::Slice { of: first, start: _, end: _, step: _ }
        | ast::ExprKind::Field { of: first, name: _, optional: _ }
        | ast::ExprKind::Cast { of: first, ty: _ } => Some(first),
        ast::ExprKind::Call { callee, args: _ } => match &callee.kind {
            ast::ExprKind::Field { of: first, name: _, optional: _ } => Some(first),
            _ => None,
        },
        _ => None,
    }
}
