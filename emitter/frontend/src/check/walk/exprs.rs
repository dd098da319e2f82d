//! Expressions other than operators, builtins and casts.

use std::collections::BTreeSet;

use super::{Value, Walk};
use crate::builtins::Builtin;
use crate::check::infer::settled;
use crate::check::resolved::{ExprId, ExprKind, FuncId};
use crate::check::shape;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::typed::{self, LocalId};
use crate::types::{Kind, Type};

impl Walk<'_, '_, '_> {
    pub(super) fn expr(&mut self, id: ExprId) -> typed::Expr {
        self.evaluate(id, false).expr
    }

    pub(super) fn optional_expr(&mut self, id: Option<ExprId>) -> Option<typed::Expr> {
        id.map(|id| self.expr(id))
    }

    /// The truth of an expression, as a bool.
    pub(super) fn cond(&mut self, id: ExprId) -> Value {
        self.evaluate(id, true)
    }

    /// As a condition (`is_cond`) the result is the truth of the value: then operands of `&&` and `||` need not be
    /// of one type. Long chains of operators lean to the left and are walked in a loop.
    pub(super) fn evaluate(&mut self, id: ExprId, is_cond: bool) -> Value {
        let mut chain = Vec::new();
        let (mut leaf, mut leaf_is_cond) = (id, is_cond);
        loop {
            let kind = &self.program.expr(leaf).kind;
            let Some(first) = kind.first_operand() else { break };
            chain.push((leaf, leaf_is_cond));
            leaf_is_cond = match kind {
                ExprKind::Binary(BinaryOp::And | BinaryOp::Or, _, _) => leaf_is_cond,
                ExprKind::Unary(UnaryOp::Not, _) => true,
                _ => false,
            };
            leaf = first;
        }
        self.infer.depth += 1;
        let mut value = self.operand(leaf);
        value = tested(value, leaf_is_cond);
        while let Some((id, is_cond)) = chain.pop() {
            let next = chain.last().copied();
            if let Some(element) = self.element_of_cast(id, next.map(|(next, _)| next), &value) {
                let (_, is_cond) = chain.pop().unwrap_or((id, is_cond));
                value = tested(element, is_cond);
                continue;
            }
            value = self.step(id, value, is_cond);
        }
        self.infer.depth -= 1;
        value
    }

    /// An expression whose first operand is walked.
    fn step(&mut self, id: ExprId, first: Value, is_cond: bool) -> Value {
        let span = self.program.expr(id).span;
        let value = match self.program.expr(id).kind {
            ExprKind::Unary(UnaryOp::Not, _) => Value { expr: shape::not(first.expr), yes: first.no, no: first.yes },
            ExprKind::Unary(UnaryOp::Neg, _) => self.negate(first.expr, span).into(),
            ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), _, rhs) => {
                return self.logic(op == BinaryOp::And, first, rhs, is_cond, span);
            }
            ExprKind::Binary(BinaryOp::Else, _, rhs) => self.or_else(first.expr, rhs, span),
            ExprKind::Binary(op, _, rhs) => {
                let rhs = self.expr(rhs);
                self.binary(op, first.expr, rhs, span)
            }
            ExprKind::Index { of: _, index } => {
                let index = self.expr(index);
                self.index(first.expr, index, span).into()
            }
            ExprKind::Slice { of: _, start, end } => {
                let (start, end) = (self.optional_expr(start), self.optional_expr(end));
                self.slice(first.expr, start, end, span).into()
            }
            ExprKind::Field { of: _, name } => self.field(first.expr, name, span).into(),
            ExprKind::Method { of: _, name, ref args } => {
                let args = args.iter().map(|&arg| self.expr(arg)).collect();
                self.method(id, first.expr, name, args, span).into()
            }
            ExprKind::CallValue { of: _, ref args } => {
                let args = args.iter().map(|&arg| self.expr(arg)).collect();
                self.call_value(id, first.expr, args, span).into()
            }
            ExprKind::CastRecord { of: _, local, record, new } => {
                self.cast_to_record(first.expr, local, record, new, span).into()
            }
            ExprKind::CastList { of: _, part, value, ref target } => {
                self.cast_to_list(id, first.expr, part, value, target, span).into()
            }
            ExprKind::CastMap { of: _, part, value, int_keys, ref target } => {
                self.cast_to_map(id, first.expr, part, value, int_keys, target, span).into()
            }
            ExprKind::Cast { of: _, to } => self.cast(first.expr, to, span).into(),
            _ => unreachable!("an expression without a first operand"),
        };
        tested(value, is_cond)
    }

    /// An expression that has no first operand.
    fn operand(&mut self, id: ExprId) -> Value {
        let span = self.program.expr(id).span;
        match self.program.expr(id).kind {
            ExprKind::Int(value) => shape::int(value, span).into(),
            ExprKind::Float(value) => shape::float(value, span).into(),
            ExprKind::Bool(value) => shape::bool(value, span).into(),
            ExprKind::Text(ref text) => shape::string(text, span).into(),
            ExprKind::Str(bytes) => shape::expr(typed::ExprKind::Str(bytes.to_vec()), Type::STRING, span).into(),
            ExprKind::None | ExprKind::Absent => shape::none(span).into(),
            ExprKind::Local(local) => self.local(local, span),
            ExprKind::Cell(local) => {
                let ty = self.slot(local).ty;
                shape::expr(typed::ExprKind::Cell(local), ty, span).into()
            }
            ExprKind::Global(global) => {
                let ty = self.infer.global(global, self.id);
                shape::expr(typed::ExprKind::Global(global), ty, span).into()
            }
            ExprKind::List(ref elements) => {
                let elements = elements.iter().map(|&element| self.expr(element)).collect();
                self.list(id, elements, span).into()
            }
            ExprKind::Map(ref entries) => {
                let entries = entries.iter().map(|&(key, value)| (self.expr(key), self.expr(value))).collect();
                self.map_literal(id, entries, span).into()
            }
            ExprKind::Record { record, ref fields } => self.record(record, fields, span).into(),
            ExprKind::Entry { of, record, index } => self.entry(of, record, index, span).into(),
            ExprKind::Member { of, name, otherwise } => self.member(of, name, otherwise, span).into(),
            ExprKind::If { ref arms, otherwise } => self.choice(arms, otherwise, span).into(),
            ExprKind::Match { target, ref arms } => self.match_value(target, arms, span).into(),
            ExprKind::Query(ref query) => self.query(id, query, span).into(),
            ExprKind::Row(ref values) => self.row_map(id, values, span).into(),
            ExprKind::Lookup { ref of, name } => self.lookup(of, name, span).into(),
            ExprKind::Call { function, ref args } => {
                let args = args.iter().map(|&arg| self.expr(arg)).collect();
                self.call(id, function, args, span).into()
            }
            ExprKind::Closure { function, ref captures } => {
                let captures = captures.iter().map(|&capture| self.expr(capture)).collect();
                self.closure(function, None, captures, span).into()
            }
            ExprKind::Builtin { builtin, ref args } => {
                if let Some(result) = self.accumulated.get(&id) {
                    return result.clone().into();
                }
                if let [of] = args.as_slice()
                    && let Some(result) = self.aggregate_of_query(builtin, *of, span)
                {
                    return result.into();
                }
                if let (Builtin::Len, [of]) = (builtin, args.as_slice())
                    && let Some(result) = self.length_of_cast(*of, span)
                {
                    return result.into();
                }
                let mut args: Vec<typed::Expr> = args.iter().map(|&arg| self.expr(arg)).collect();
                if let Builtin::Len | Builtin::Count | Builtin::Exists | Builtin::Sum | Builtin::Avg = builtin {
                    args.iter_mut().for_each(uncopied);
                }
                if builtin.is_internal() {
                    return self.primitive(id, builtin, args, span);
                }
                self.builtin(id, builtin, args, span).into()
            }
            ExprKind::Intrinsic { intrinsic, ref args } => {
                let args = args.iter().map(|&arg| self.expr(arg)).collect();
                self.intrinsic(intrinsic, args, span).into()
            }
            ExprKind::Load { path, ref format, ref row } => self.load(id, path, format, row, span).into(),
            ExprKind::Save { value, path, ref format } => self.save(value, path, format, span).into(),
            ExprKind::Let { local, value, then } => {
                let value = self.expr(value);
                let slot = self.join_local(local, value.ty, value.span);
                let value = shape::convert(value, settled(slot.ty));
                let then = self.expr(then);
                wrap(vec![(local, value)], then).into()
            }
            ExprKind::Fail(message) => shape::fail(String::from_utf8_lossy(message), Type::NONE, span).into(),
            // A type that flows anywhere without consequences; the program is not built.
            ExprKind::Refused => shape::unknown(span).into(),
            ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::Field { .. }
            | ExprKind::Method { .. }
            | ExprKind::CallValue { .. }
            | ExprKind::CastRecord { .. }
            | ExprKind::CastList { .. }
            | ExprKind::CastMap { .. }
            | ExprKind::Cast { .. } => unreachable!("an expression with a first operand"),
        }
    }

    pub(super) fn local(&mut self, local: LocalId, span: Span) -> Value {
        let ty = self.slot(local).ty;
        let expr = shape::expr(typed::ExprKind::Local(local), ty, span);
        if !ty.nullable || ty == Type::NONE || self.is_cell(local) {
            expr.into()
        } else if self.present.contains(&local) {
            shape::present(expr).into()
        } else {
            Value { expr, yes: vec![local], no: Vec::new() }
        }
    }

    /// Evaluates with more locals known to be present.
    pub(super) fn given<T>(&mut self, locals: &[LocalId], f: impl FnOnce(&mut Self) -> T) -> T {
        if locals.is_empty() {
            return f(self);
        }
        let before: BTreeSet<LocalId> = self.present.clone();
        self.present.extend(locals);
        let result = f(self);
        self.present = before;
        result
    }

    fn choice(&mut self, arms: &[(ExprId, ExprId)], otherwise: Option<ExprId>, span: Span) -> typed::Expr {
        let before = self.present.clone();
        let mut walked: Vec<(typed::Expr, typed::Expr)> = Vec::with_capacity(arms.len());
        let mut ty = Type::NEVER;
        let mut join = |walk: &mut Self, value: &typed::Expr| {
            ty = walk.infer.join_types(ty, value.ty);
        };
        for &(cond, then) in arms {
            let cond = self.cond(cond);
            let then = self.given(&cond.yes, |walk| walk.expr(then));
            join(self, &then);
            self.present.extend(&cond.no);
            walked.push((cond.expr, then));
        }
        let otherwise = self.optional_expr(otherwise).unwrap_or_else(|| shape::none(span));
        join(self, &otherwise);
        self.present = before;
        walked.into_iter().rfold(shape::convert(otherwise, ty), |otherwise, (cond, then)| {
            let choice = shape::choice(cond, shape::convert(then, ty), otherwise, span);
            shape::expr(choice.kind, ty, span)
        })
    }

    pub(super) fn call(&mut self, id: ExprId, function: FuncId, mut args: Vec<typed::Expr>, span: Span) -> typed::Expr {
        let callee = &self.program.functions[function.index()];
        let types: Vec<(Type, Span)> = args.iter().take(callee.params.len()).map(|arg| (arg.ty, arg.span)).collect();
        let Some(id) = self.infer.call(self.id, id, function, &types) else {
            return shape::unknown(span);
        };
        let extra = args.split_off(callee.params.len());
        let mut sets = Vec::new();
        if extra.iter().any(|extra| !shape::is_droppable(extra)) {
            // All arguments are evaluated before the call, also those that it drops.
            args = args.into_iter().map(|arg| self.bind(arg, &mut sets)).collect();
        }
        self.share_cells(id, &args, &callee.params);
        for (arg, &param) in args.iter_mut().zip(&callee.params) {
            let slot = self.infer.get(id).slots[param.index()];
            let from = arg.span;
            *arg = shape::convert(std::mem::replace(arg, shape::none(from)), slot.ty);
        }
        let result = self.infer.result(id);
        let function = self.infer.function_id(id);
        let mut call = shape::expr(typed::ExprKind::Call { function, args }, result, span);
        for extra in extra.into_iter().rev() {
            call = shape::sequence(extra, call, span);
        }
        wrap(sets, call)
    }

    // Operands that are tested before they are used.

    /// Whether evaluating it later, after other operands, or twice gives the same.
    pub(super) fn is_movable(&self, of: &typed::Expr) -> bool {
        let mut inner = of;
        while let typed::ExprKind::Convert(of) = &inner.kind {
            inner = of;
        }
        let is_shared = matches!(inner.kind, typed::ExprKind::Local(local) if self.is_cell(local));
        shape::is_movable(of) && !is_shared
    }

    /// A value that can be used several times and later: itself, or the local that `sets` will set to it.
    pub(super) fn bind(&mut self, of: typed::Expr, sets: &mut Vec<(LocalId, typed::Expr)>) -> typed::Expr {
        if self.is_movable(&of) {
            return of;
        }
        let (ty, span) = (of.ty, of.span);
        let local = self.temporary(ty, span);
        sets.push((local, of));
        shape::expr(typed::ExprKind::Local(local), ty, span)
    }

    /// `f` of the value without none, or `otherwise` (of the same type) when it is none.
    pub(super) fn unless_none(
        &mut self,
        of: typed::Expr,
        otherwise: typed::Expr,
        f: impl FnOnce(&mut Self, typed::Expr) -> typed::Expr,
    ) -> typed::Expr {
        if of.ty == Type::NONE {
            let span = of.span;
            return shape::sequence(of, otherwise, span);
        }
        self.unless_any_none(vec![of], otherwise, |walk, mut of| f(walk, of.remove(0)))
    }

    /// `f` of the values without none, or `otherwise` (of the same type) when one of them is none. All are
    /// evaluated first, in order.
    pub(super) fn unless_any_none(
        &mut self,
        of: Vec<typed::Expr>,
        otherwise: typed::Expr,
        f: impl FnOnce(&mut Self, Vec<typed::Expr>) -> typed::Expr,
    ) -> typed::Expr {
        if of.iter().all(|of| !of.ty.nullable) {
            return f(self, of);
        }
        let mut sets = Vec::new();
        let of: Vec<typed::Expr> = of.into_iter().map(|of| self.bind(of, &mut sets)).collect();
        let tests = of.iter().filter(|of| of.ty.nullable).map(|of| shape::is_none(of.clone()));
        let is_absent = tests.reduce(|lhs, rhs| {
            let span = lhs.span;
            let kind = typed::ExprKind::Or { lhs: Box::new(lhs), rhs: Box::new(rhs) };
            shape::expr(kind, Type::BOOL, span)
        });
        let then = f(self, of.into_iter().map(shape::present).collect());
        let span = then.span;
        let result = match is_absent {
            Some(cond) => {
                let ty = then.ty;
                let mut choice = shape::choice(cond, shape::convert(otherwise, ty), then, span);
                choice.ty = ty;
                choice
            }
            None => then,
        };
        wrap(sets, result)
    }
}

/// `then` with locals set before it, the first one first.
pub(super) fn wrap(sets: Vec<(LocalId, typed::Expr)>, then: typed::Expr) -> typed::Expr {
    sets.into_iter().rev().fold(then, |then, (local, value)| {
        let (ty, span) = (then.ty, then.span);
        shape::expr(typed::ExprKind::Let { local, value: Box::new(value), then: Box::new(then) }, ty, span)
    })
}

/// Leaves out a copy that is only looked at.
pub(super) fn uncopied(of: &mut typed::Expr) {
    let inner = std::mem::replace(&mut of.kind, typed::ExprKind::None);
    match inner {
        typed::ExprKind::Copy(inner) => *of = *inner,
        inner => of.kind = inner,
    }
}

/// Makes a bool of the value when it is a condition.
fn tested(value: Value, is_cond: bool) -> Value {
    if is_cond { Value { expr: truth(value.expr), ..value } } else { value }
}

/// The truth of a value.
fn truth(of: typed::Expr) -> typed::Expr {
    let span = of.span;
    if of.ty == Type::BOOL {
        of
    } else if let Kind::Row(_) | Kind::Record(_) | Kind::Union(_) = of.ty.kind {
        // A struct is never empty: it has its name. Rows have keys.
        if of.ty.nullable { shape::not(shape::is_none(of)) } else { shape::sequence(of, shape::bool(true, span), span) }
    } else if of.ty.kind == Kind::Never {
        shape::sequence(of, shape::bool(false, span), span)
    } else {
        shape::expr(typed::ExprKind::Truthy(Box::new(of)), Type::BOOL, span)
    }
}
