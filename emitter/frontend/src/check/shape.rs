//! Small pieces of typed tree that several constructs are made of.

use crate::builtins::Builtin;
use crate::source::Span;
use crate::typed::{Expr, ExprKind};
use crate::types::{Kind, Type};

pub(super) fn expr(kind: ExprKind, ty: Type, span: Span) -> Expr {
    Expr { kind, ty, span }
}

pub(super) fn bool(value: bool, span: Span) -> Expr {
    expr(ExprKind::Bool(value), Type::BOOL, span)
}

pub(super) fn int(value: i64, span: Span) -> Expr {
    expr(ExprKind::Int(value), Type::INT, span)
}

pub(super) fn float(value: f64, span: Span) -> Expr {
    expr(ExprKind::Float(value), Type::FLOAT, span)
}

pub(super) fn string(value: &str, span: Span) -> Expr {
    expr(ExprKind::Str(value.as_bytes().to_vec()), Type::STRING, span)
}

pub(super) fn none(span: Span) -> Expr {
    expr(ExprKind::None, Type::NONE, span)
}

/// A value whose type is not known yet, or never will be because it was refused.
pub(super) fn unknown(span: Span) -> Expr {
    expr(ExprKind::None, Type::NEVER, span)
}

/// A failure in a place where a value of type `ty` is wanted.
pub(super) fn fail(message: impl Into<String>, ty: Type, span: Span) -> Expr {
    expr(ExprKind::Fail { message: message.into() }, ty, span)
}

pub(super) fn not(of: Expr) -> Expr {
    let span = of.span;
    match of.kind {
        ExprKind::Bool(value) => bool(!value, span),
        _ => expr(ExprKind::Not(Box::new(of)), Type::BOOL, span),
    }
}

pub(super) fn is_none(of: Expr) -> Expr {
    let span = of.span;
    expr(ExprKind::IsNone(Box::new(of)), Type::BOOL, span)
}

pub(super) fn builtin(builtin: Builtin, args: Vec<Expr>, ty: Type, span: Span) -> Expr {
    expr(ExprKind::Builtin { builtin, args }, ty, span)
}

pub(super) fn choice(cond: Expr, then: Expr, otherwise: Expr, span: Span) -> Expr {
    let ty = then.ty;
    let kind = ExprKind::If { cond: Box::new(cond), then: Box::new(then), otherwise: Box::new(otherwise) };
    expr(kind, ty, span)
}

/// `then` after `first` was evaluated for its effect.
pub(super) fn sequence(first: Expr, then: Expr, span: Span) -> Expr {
    if is_droppable(&first) {
        return then;
    }
    let ty = then.ty;
    expr(ExprKind::Sequence { first: Box::new(first), then: Box::new(then) }, ty, span)
}

/// The value in the representation of `to`, which holds at least the values of its type, or is that
/// type without none where the value is known not to be none. Other types leave it as it is: such a
/// flow has been refused.
pub(super) fn convert(of: Expr, to: Type) -> Expr {
    let span = of.span;
    if let (Kind::Record(_), Kind::Union(_)) = (of.ty.kind, to.kind) {
        let ty = Type { kind: to.kind, ..of.ty };
        return convert(expr(ExprKind::Convert(Box::new(of)), ty, span), to);
    }
    if to == Type::NONE && of.ty.nullable && of.ty != Type::NONE {
        // It is of another type only because the type of a function value has room for a value.
        return sequence(of, none(span), span);
    }
    if to.nullable && of.ty == Type::INT.or_none() && !matches!(to.kind, Kind::Int | Kind::Any) {
        // Only none is given where a value of another type is taken, but the type of a container has room for an int.
        return sequence(of, expr(ExprKind::None, to, span), span);
    }
    let is_held = of.ty.kind == to.kind || of.ty == Type::NONE && to.nullable || to.kind == Kind::Any;
    if of.ty == to || of.ty == Type::NEVER || !is_held {
        return of;
    }
    match of.kind {
        ExprKind::None => expr(ExprKind::None, to, span),
        _ => expr(ExprKind::Convert(Box::new(of)), to, span),
    }
}

/// A value that is known not to be none, so typed.
pub(super) fn present(of: Expr) -> Expr {
    let to = of.ty.without_none();
    convert(of, to)
}

/// An int, nullable or not, as the float of the same value.
pub(super) fn to_float(of: Expr) -> Expr {
    if of.ty.kind != Kind::Int {
        return of;
    }
    let (ty, span) = (Type { kind: Kind::Float, ..of.ty }, of.span);
    expr(ExprKind::Convert(Box::new(of)), ty, span)
}

/// Whether nothing is lost when the value is not wanted.
pub(super) fn is_droppable(of: &Expr) -> bool {
    match &of.kind {
        ExprKind::Global(_) => true,
        ExprKind::Convert(of) => is_droppable(of),
        _ => is_movable(of),
    }
}

/// Whether evaluating it later, after other operands, or twice gives the same, if it is not a local that lives in
/// a cell. Only statements assign locals.
pub(super) fn is_movable(of: &Expr) -> bool {
    match &of.kind {
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::None | ExprKind::Local(_) => true,
        ExprKind::Str(bytes) => bytes.len() <= 16,
        ExprKind::Convert(of) => is_movable(of),
        _ => false,
    }
}

/// The expressions that an expression contains directly, those of statements not included.
#[cfg(any(test, debug_assertions))]
pub(super) fn operands(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Bool(_)
        | ExprKind::Str(_)
        | ExprKind::None
        | ExprKind::Local(_)
        | ExprKind::Global(_)
        | ExprKind::Cell(_)
        | ExprKind::Fail { message: _ } => Vec::new(),
        ExprKind::Neg(of)
        | ExprKind::Not(of)
        | ExprKind::Truthy(of)
        | ExprKind::IsNone(of)
        | ExprKind::Convert(of)
        | ExprKind::Cast { of, to: _ }
        | ExprKind::MapKeys(of)
        | ExprKind::MapValues(of)
        | ExprKind::Field { of, index: _ }
        | ExprKind::IsVariant { of, record: _ }
        | ExprKind::AnyField { of, name: _ }
        | ExprKind::AnyIter(of)
        | ExprKind::CastElements { of, target: _ }
        | ExprKind::CastKeys { of, target: _ }
        | ExprKind::Copy(of)
        | ExprKind::AnyKey(of)
        | ExprKind::SortedRows(of)
        | ExprKind::Block { body: _, then: of } => vec![of],
        ExprKind::Arith { op: _, lhs, rhs }
        | ExprKind::Concat { lhs, rhs }
        | ExprKind::ListConcat { lhs, rhs }
        | ExprKind::Compare { op: _, lhs, rhs }
        | ExprKind::And { lhs, rhs }
        | ExprKind::Or { lhs, rhs }
        | ExprKind::Choose { op: _, lhs, rhs } => vec![lhs, rhs],
        ExprKind::Contains { of, part } => vec![part, of],
        ExprKind::ListContains { of, item } | ExprKind::AnyContains { of, item } => vec![item, of],
        ExprKind::List(elements) => elements.iter().collect(),
        ExprKind::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
        ExprKind::Record { record: _, fields } => fields.iter().collect(),
        ExprKind::MapIndex { of, key } | ExprKind::MapContains { of, key } => vec![of, key],
        ExprKind::Closure { function: _, captures } => captures.iter().collect(),
        ExprKind::CallValue { of, args } | ExprKind::AnyCall { of, args } => {
            std::iter::once(&**of).chain(args).collect()
        }
        ExprKind::If { cond, then, otherwise } => vec![cond, then, otherwise],
        ExprKind::Call { function: _, args }
        | ExprKind::Builtin { builtin: _, args }
        | ExprKind::Intrinsic { intrinsic: _, args } => args.iter().collect(),
        ExprKind::StringIndex { of, index } | ExprKind::ListIndex { of, index } | ExprKind::AnyIndex { of, index } => {
            vec![of, index]
        }
        ExprKind::StringSlice { of, start, end }
        | ExprKind::ListSlice { of, start, end }
        | ExprKind::AnySlice { of, start, end } => {
            [Some(of), start.as_ref(), end.as_ref()].into_iter().flatten().map(|part| &**part).collect()
        }
        ExprKind::Load { path: _, format, shape: _ } => format.options().into_iter().map(|option| &**option).collect(),
        ExprKind::Save { value, path: _, format } => {
            std::iter::once(value).chain(format.options()).map(|part| &**part).collect()
        }
        ExprKind::Sequence { first, then } => vec![first, then],
        ExprKind::Let { local: _, value, then } => vec![value, then],
    }
}
