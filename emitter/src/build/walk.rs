//! What expressions contain.

use mochi_frontend::typed::{Expr, ExprKind};

/// The operand that is evaluated first, of expressions that start with one.
pub(super) fn first_operand(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Arith { op: _, lhs, rhs: _ }
        | ExprKind::Concat { lhs, rhs: _ }
        | ExprKind::ListConcat { lhs, rhs: _ }
        | ExprKind::Compare { op: _, lhs, rhs: _ }
        | ExprKind::And { lhs, rhs: _ }
        | ExprKind::Or { lhs, rhs: _ }
        | ExprKind::Choose { op: _, lhs, rhs: _ } => Some(lhs),
        ExprKind::Contains { of, part: _ }
        | ExprKind::Neg(of)
        | ExprKind::Not(of)
        | ExprKind::Truthy(of)
        | ExprKind::IsNone(of)
        | ExprKind::Cast { of, to: _ }
        | ExprKind::Convert(of)
        | ExprKind::StringIndex { of, index: _ }
        | ExprKind::StringSlice { of, start: _, end: _ }
        | ExprKind::ListIndex { of, index: _ }
        | ExprKind::ListSlice { of, start: _, end: _ }
        | ExprKind::ListContains { of, item: _ }
        | ExprKind::MapIndex { of, key: _ }
        | ExprKind::MapContains { of, key: _ }
        | ExprKind::MapKeys(of)
        | ExprKind::MapValues(of)
        | ExprKind::Field { of, index: _ }
        | ExprKind::IsVariant { of, record: _ }
        | ExprKind::CallValue { of, args: _ }
        | ExprKind::AnyIndex { of, index: _ }
        | ExprKind::AnySlice { of, start: _, end: _ }
        | ExprKind::AnyField { of, name: _ }
        | ExprKind::AnyContains { of, item: _ }
        | ExprKind::AnyIter(of)
        | ExprKind::Copy(of)
        | ExprKind::CastElements { of, target: _ }
        | ExprKind::CastKeys { of, target: _ }
        | ExprKind::AnyKey(of)
        | ExprKind::SortedRows(of)
        | ExprKind::AnyCall { of, args: _ } => Some(of),
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Bool(_)
        | ExprKind::Str(_)
        | ExprKind::None
        | ExprKind::Local(_)
        | ExprKind::Global(_)
        | ExprKind::Cell(_)
        | ExprKind::List(_)
        | ExprKind::Map(_)
        | ExprKind::Record { record: _, fields: _ }
        | ExprKind::Closure { function: _, captures: _ }
        | ExprKind::Block { body: _, then: _ }
        | ExprKind::If { cond: _, then: _, otherwise: _ }
        | ExprKind::Call { function: _, args: _ }
        | ExprKind::Builtin { builtin: _, args: _ }
        | ExprKind::Intrinsic { intrinsic: _, args: _ }
        | ExprKind::Load { .. }
        | ExprKind::Save { .. }
        | ExprKind::Sequence { first: _, then: _ }
        | ExprKind::Let { local: _, value: _, then: _ }
        | ExprKind::Fail { message: _ } => None,
    }
}

/// Shows `visit` the expression and all that it contains but for the statements of blocks, in no
/// particular order, until it says false; then that is the result. Without recursion, as chains are long.
pub(super) fn walk(expr: &Expr, mut visit: impl FnMut(&Expr) -> bool) -> bool {
    let mut work = vec![expr];
    while let Some(expr) = work.pop() {
        if !visit(expr) {
            return false;
        }
        work.extend(first_operand(expr));
        match &expr.kind {
            ExprKind::Arith { op: _, lhs: _, rhs }
            | ExprKind::Concat { lhs: _, rhs }
            | ExprKind::ListConcat { lhs: _, rhs }
            | ExprKind::Compare { op: _, lhs: _, rhs }
            | ExprKind::And { lhs: _, rhs }
            | ExprKind::Or { lhs: _, rhs }
            | ExprKind::Choose { op: _, lhs: _, rhs } => work.push(rhs),
            ExprKind::Contains { of: _, part } => work.push(part),
            ExprKind::ListContains { of: _, item } | ExprKind::AnyContains { of: _, item } => work.push(item),
            ExprKind::MapIndex { of: _, key } | ExprKind::MapContains { of: _, key } => work.push(key),
            ExprKind::List(elements) => work.extend(elements),
            ExprKind::Map(entries) => work.extend(entries.iter().flat_map(|(key, value)| [key, value])),
            ExprKind::Record { record: _, fields } => work.extend(fields),
            ExprKind::Closure { function: _, captures } => work.extend(captures),
            ExprKind::CallValue { of: _, args } | ExprKind::AnyCall { of: _, args } => work.extend(args),
            ExprKind::Block { body: _, then } => work.push(then),
            ExprKind::StringIndex { of: _, index }
            | ExprKind::ListIndex { of: _, index }
            | ExprKind::AnyIndex { of: _, index } => work.push(index),
            ExprKind::StringSlice { of: _, start, end }
            | ExprKind::ListSlice { of: _, start, end }
            | ExprKind::AnySlice { of: _, start, end } => {
                work.extend(start.as_deref());
                work.extend(end.as_deref());
            }
            ExprKind::If { cond, then, otherwise } => work.extend([&**cond, &**then, &**otherwise]),
            ExprKind::Call { function: _, args }
            | ExprKind::Builtin { builtin: _, args }
            | ExprKind::Intrinsic { intrinsic: _, args } => work.extend(args),
            ExprKind::Load { path: _, format, shape: _ } => {
                work.extend(format.options().into_iter().map(|part| &**part))
            }
            ExprKind::Save { value, path: _, format } => {
                work.push(value);
                work.extend(format.options().into_iter().map(|part| &**part));
            }
            ExprKind::Sequence { first, then } => work.extend([&**first, &**then]),
            ExprKind::Let { local: _, value, then } => work.extend([&**value, &**then]),
            ExprKind::Neg(_)
            | ExprKind::Not(_)
            | ExprKind::Truthy(_)
            | ExprKind::IsNone(_)
            | ExprKind::Convert(_)
            | ExprKind::Cast { of: _, to: _ }
            | ExprKind::MapKeys(_)
            | ExprKind::MapValues(_)
            | ExprKind::Field { of: _, index: _ }
            | ExprKind::IsVariant { of: _, record: _ }
            | ExprKind::AnyField { of: _, name: _ }
            | ExprKind::AnyIter(_)
            | ExprKind::Copy(_)
            | ExprKind::CastElements { of: _, target: _ }
            | ExprKind::CastKeys { of: _, target: _ }
            | ExprKind::AnyKey(_)
            | ExprKind::SortedRows(_)
            | ExprKind::Cell(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::None
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::Fail { message: _ } => {}
        }
    }
    true
}
