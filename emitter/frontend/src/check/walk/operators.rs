//! Operators: which operation the types of the operands select.
//!
//! None makes arithmetic none and orderings false. Ints and floats mix as floats, bools count
//! as 0 and 1 in orderings and arithmetic, and `+` with a string is concatenation of the
//! texts. Values of different kinds are unequal, which is then known here.

use super::exprs::wrap;
use super::{Value, Walk};
use crate::builtins::Builtin;
use crate::check::resolved::ExprId;
use crate::check::shape;
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use crate::typed::{ArithOp, CastTo, ChooseOp, CompareOp, Expr, ExprKind, LocalId};
use crate::types::{Kind, Type};

impl Walk<'_, '_, '_> {
    /// An operator that always evaluates both operands.
    pub(super) fn binary(&mut self, op: BinaryOp, lhs: Expr, rhs: Expr, span: Span) -> Value {
        match op {
            BinaryOp::Add => self.add(lhs, rhs, span).into(),
            BinaryOp::Sub => self.arith(ArithOp::Sub, lhs, rhs, span).into(),
            BinaryOp::Mul => self.arith(ArithOp::Mul, lhs, rhs, span).into(),
            BinaryOp::Div => self.arith(ArithOp::Div, lhs, rhs, span).into(),
            BinaryOp::Rem => self.arith(ArithOp::Rem, lhs, rhs, span).into(),
            BinaryOp::Eq => self.equal(lhs, rhs, span),
            BinaryOp::Ne => {
                let equal = self.equal(lhs, rhs, span);
                let expr = match equal.expr.kind {
                    ExprKind::Compare { op: CompareOp::Eq, lhs, rhs } => {
                        shape::expr(ExprKind::Compare { op: CompareOp::Ne, lhs, rhs }, Type::BOOL, span)
                    }
                    _ => shape::not(equal.expr),
                };
                Value { expr, yes: equal.no, no: equal.yes }
            }
            BinaryOp::Lt => self.order(CompareOp::Lt, lhs, rhs, span),
            BinaryOp::Le => self.order(CompareOp::Le, lhs, rhs, span),
            BinaryOp::Gt => self.order(CompareOp::Gt, lhs, rhs, span),
            BinaryOp::Ge => self.order(CompareOp::Ge, lhs, rhs, span),
            BinaryOp::In => self.contains(lhs, rhs, span).into(),
            BinaryOp::And
            | BinaryOp::Or
            | BinaryOp::Else
            | BinaryOp::Union
            | BinaryOp::UnionAll
            | BinaryOp::Except
            | BinaryOp::Intersect
            | BinaryOp::BitAnd
            | BinaryOp::BitOr
            | BinaryOp::BitXor
            | BinaryOp::Shl
            | BinaryOp::Shr
            | BinaryOp::ShrU => unreachable!("{op:?} was resolved to something else"),
        }
    }

    // Arithmetic.

    fn add(&mut self, lhs: Expr, rhs: Expr, span: Span) -> Expr {
        if let (Kind::List(_), Kind::List(_)) = (lhs.ty.kind, rhs.ty.kind) {
            return self.concat(lhs, rhs, span);
        }
        if lhs.ty.kind != Kind::String && rhs.ty.kind != Kind::String {
            return self.arith(ArithOp::Add, lhs, rhs, span);
        }
        if let Some(unknown) = without_type([&lhs, &rhs], span) {
            return unknown;
        }
        if lhs.ty == Type::NONE || rhs.ty == Type::NONE {
            return self.none_of(lhs, rhs, span);
        }
        let is_nullable = lhs.ty.nullable || rhs.ty.nullable;
        self.unless_any_none(vec![lhs, rhs], shape::none(span), |walk, mut operands| {
            let (rhs, lhs) = (operands.pop(), operands.pop());
            let (Some(lhs), Some(rhs)) = (lhs, rhs) else { unreachable!("two operands went in") };
            let (lhs, rhs) = (Box::new(walk.text(lhs)), Box::new(walk.text(rhs)));
            let concat = shape::expr(ExprKind::Concat { lhs, rhs }, Type::STRING, span);
            let ty = if is_nullable { Type::STRING.or_none() } else { Type::STRING };
            shape::convert(concat, ty)
        })
    }

    /// A value that is not none as text.
    pub(super) fn text(&mut self, of: Expr) -> Expr {
        if of.ty.kind == Kind::String {
            return of;
        }
        let span = of.span;
        shape::builtin(Builtin::Str, vec![of], Type::STRING, span)
    }

    fn arith(&mut self, op: ArithOp, lhs: Expr, rhs: Expr, span: Span) -> Expr {
        if let Some(unknown) = without_type([&lhs, &rhs], span) {
            return unknown;
        }
        if lhs.ty.kind == Kind::Never || rhs.ty.kind == Kind::Never {
            return self.none_of(lhs, rhs, span);
        }
        if !is_number(lhs.ty.kind) || !is_number(rhs.ty.kind) {
            return self.any_arith(op, lhs, rhs, span);
        }
        let (lhs, rhs) = (self.number(lhs), self.number(rhs));
        let (lhs, rhs) = same_number(lhs, rhs);
        let ty = Type { nullable: lhs.ty.nullable || rhs.ty.nullable, ..lhs.ty };
        shape::expr(ExprKind::Arith { op, lhs: Box::new(lhs), rhs: Box::new(rhs) }, ty, span)
    }

    pub(super) fn negate(&mut self, of: Expr, span: Span) -> Expr {
        match of.ty.kind {
            Kind::Never => of,
            Kind::Int | Kind::Float | Kind::Bool => {
                let of = self.number(of);
                let ty = of.ty;
                shape::expr(ExprKind::Neg(Box::new(of)), ty, span)
            }
            Kind::String
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Row(_)
            | Kind::Record(_)
            | Kind::Union(_)
            | Kind::Func(_)
            | Kind::Any => {
                let of = self.view(of);
                shape::expr(ExprKind::Neg(Box::new(of)), Type::ANY, span)
            }
        }
    }

    /// A bool as the int 0 or 1; other values as they are.
    fn number(&mut self, of: Expr) -> Expr {
        if of.ty.kind != Kind::Bool {
            return of;
        }
        let span = of.span;
        let ty = Type { kind: Kind::Int, ..of.ty };
        self.unless_none(of, shape::none(span), |_, of| {
            let number = shape::expr(ExprKind::Cast { of: Box::new(of), to: CastTo::Int }, Type::INT, span);
            shape::convert(number, ty)
        })
    }

    /// None, after both operands were evaluated.
    fn none_of(&mut self, lhs: Expr, rhs: Expr, span: Span) -> Expr {
        shape::sequence(lhs, shape::sequence(rhs, shape::none(span), span), span)
    }

    // Comparisons.

    fn equal(&mut self, mut lhs: Expr, mut rhs: Expr, span: Span) -> Value {
        self.infer.unify_similar(lhs.ty, rhs.ty, self.id);
        (lhs.ty, rhs.ty) = (self.infer.canonical(lhs.ty), self.infer.canonical(rhs.ty));
        if let Some(kind @ Kind::Union(_)) = self.infer.classes.common_kind(lhs.ty.kind, rhs.ty.kind) {
            let of_union = |of: Expr| {
                let ty = Type { kind, ..of.ty };
                if of.ty.kind == Kind::Never { of } else { shape::convert(of, ty) }
            };
            (lhs, rhs) = (of_union(lhs), of_union(rhs));
        }
        let known = |lhs: Expr, rhs: Expr, equal: bool| {
            shape::sequence(lhs, shape::sequence(rhs, shape::bool(equal, span), span), span)
        };
        let (yes, no) = (both_present(&lhs, &rhs, CompareOp::Eq), tested_for_none(&lhs, &rhs));
        let expr = match (lhs.ty.kind, rhs.ty.kind) {
            (Kind::Never, Kind::Never) => known(lhs, rhs, true),
            (Kind::Never, _) if rhs.ty.nullable => {
                let test = shape::is_none(rhs);
                shape::sequence(lhs, test, span)
            }
            (_, Kind::Never) if lhs.ty.nullable && shape::is_droppable(&rhs) => shape::is_none(lhs),
            (_, Kind::Never) if lhs.ty.nullable => {
                let mut sets = Vec::new();
                let lhs = self.bind(lhs, &mut sets);
                wrap(sets, shape::sequence(rhs, shape::is_none(lhs), span))
            }
            (Kind::Never, _) | (_, Kind::Never) => known(lhs, rhs, false),
            (a, b) if a == b => compare(CompareOp::Eq, lhs, rhs, span),
            (Kind::Any, _) | (_, Kind::Any) => self.any_compare(CompareOp::Eq, lhs, rhs, span),
            (a, b) if self.infer.classes.is_one_shape(a, b) || are_alike(a, b) => {
                self.any_compare(CompareOp::Eq, lhs, rhs, span)
            }
            (Kind::Int, Kind::Float) | (Kind::Float, Kind::Int) => {
                compare(CompareOp::Eq, shape::to_float(lhs), shape::to_float(rhs), span)
            }
            _ => {
                if lhs.ty.nullable && rhs.ty.nullable {
                    // Equal only when both are none.
                    let mut sets = Vec::new();
                    let (lhs, rhs) = (self.bind(lhs, &mut sets), self.bind(rhs, &mut sets));
                    let (lhs, rhs) = (Box::new(shape::is_none(lhs)), Box::new(shape::is_none(rhs)));
                    wrap(sets, shape::expr(ExprKind::And { lhs, rhs }, Type::BOOL, span))
                } else {
                    known(lhs, rhs, false)
                }
            }
        };
        Value { expr, yes, no }
    }

    fn order(&mut self, op: CompareOp, lhs: Expr, rhs: Expr, span: Span) -> Value {
        let yes = both_present(&lhs, &rhs, op);
        let expr = match (lhs.ty.kind, rhs.ty.kind) {
            (Kind::Never, _) | (_, Kind::Never) => {
                shape::sequence(lhs, shape::sequence(rhs, shape::bool(false, span), span), span)
            }
            (Kind::String, Kind::String) => compare(op, lhs, rhs, span),
            (a, b) if is_number(a) && is_number(b) => {
                let (lhs, rhs) = (self.number(lhs), self.number(rhs));
                let (lhs, rhs) = same_number(lhs, rhs);
                compare(op, lhs, rhs, span)
            }
            _ => self.any_compare(op, lhs, rhs, span),
        };
        Value { expr, yes, no: Vec::new() }
    }

    /// `part in of`.
    pub(super) fn contains(&mut self, part: Expr, of: Expr, span: Span) -> Expr {
        let kind = of.ty.kind;
        if of.ty == Type::NEVER {
            return shape::bool(false, span);
        }
        let mut sets = Vec::new();
        let part = if self.is_movable(&of) { part } else { self.bind(part, &mut sets) };
        let invalid = shape::fail("invalid 'in' operand", Type::BOOL, span);
        let result = if let Kind::List(list) = kind {
            let part = self.bind(part, &mut sets);
            self.unless_none(of, invalid, |walk, of| walk.list_contains(part, of, list, span))
        } else if let Kind::Map(_) = kind {
            let part = self.bind(part, &mut sets);
            self.unless_none(of, invalid, |walk, of| walk.map_contains(part, of, span))
        } else if let Kind::Row(row) = kind {
            let part = self.bind(part, &mut sets);
            self.unless_none(of, invalid, |walk, of| walk.row_contains(part, of, row, span))
        } else if let Kind::Any | Kind::Record(_) | Kind::Union(_) = kind {
            let part = self.bind(part, &mut sets);
            if part.ty == Type::NEVER {
                return shape::bool(false, span);
            }
            self.any_contains(part, of, span)
        } else if kind == Kind::String {
            let part = self.as_text(part, span);
            self.unless_none(of, invalid, |_, of| {
                let kind = ExprKind::Contains { of: Box::new(of), part: Box::new(part) };
                shape::expr(kind, Type::BOOL, span)
            })
        } else {
            shape::sequence(part, shape::sequence(of, invalid, span), span)
        };
        wrap(sets, result)
    }

    // Logic.

    /// `&&` (`is_and`) or `||`: a bool when it is a condition or its operands are bools, else one of its operands.
    pub(super) fn logic(&mut self, is_and: bool, lhs: Value, rhs: ExprId, is_cond: bool, span: Span) -> Value {
        let known = if is_and { &lhs.yes } else { &lhs.no };
        let known = known.clone();
        let rhs = self.given(&known, |walk| walk.evaluate(rhs, is_cond));
        // The operator is decided by both operands, or by the left one alone.
        let both = |lhs: Vec<LocalId>, rhs: Vec<LocalId>| [lhs, rhs].concat();
        let either = |lhs: &[LocalId], rhs: &[LocalId], known: &[LocalId]| {
            lhs.iter().copied().filter(|local| rhs.contains(local) || known.contains(local)).collect()
        };
        let (yes, no) = if is_and {
            let no = either(&lhs.no, &rhs.no, &known);
            (both(lhs.yes, rhs.yes), no)
        } else {
            let yes = either(&lhs.yes, &rhs.yes, &known);
            (yes, both(lhs.no, rhs.no))
        };
        let (lhs, rhs) = (lhs.expr, rhs.expr);
        if let (true, ExprKind::Bool(holds)) = (self.func.is_prelude, &lhs.kind) {
            let expr = if *holds == is_and { rhs } else { lhs };
            return Value { expr, yes, no };
        }
        if lhs.ty == Type::BOOL && rhs.ty == Type::BOOL {
            let (lhs, rhs) = (Box::new(lhs), Box::new(rhs));
            let kind = if is_and { ExprKind::And { lhs, rhs } } else { ExprKind::Or { lhs, rhs } };
            return Value { expr: shape::expr(kind, Type::BOOL, span), yes, no };
        }
        if lhs.ty == Type::NONE {
            let expr = if is_and { lhs } else { shape::sequence(lhs, rhs, span) };
            return Value { expr, yes, no };
        }
        let op = if is_and { ChooseOp::And } else { ChooseOp::Or };
        Value { expr: self.choose(op, lhs, rhs, span), yes, no }
    }

    /// `lhs ?? rhs`.
    pub(super) fn or_else(&mut self, lhs: Expr, rhs: ExprId, span: Span) -> Value {
        let rhs = self.expr(rhs);
        if !lhs.ty.nullable {
            return lhs.into();
        }
        if lhs.ty == Type::NONE {
            return shape::sequence(lhs, rhs, span).into();
        }
        self.choose(ChooseOp::Else, lhs, rhs, span).into()
    }

    pub(super) fn choose(&mut self, op: ChooseOp, lhs: Expr, rhs: Expr, span: Span) -> Expr {
        let ty = self.infer.join_types(lhs.ty, rhs.ty);
        // A none on the left is falsy, so only `&&` can yield it.
        let is_nullable = rhs.ty.nullable || (op == ChooseOp::And && lhs.ty.nullable);
        let (lhs, rhs) = (shape::convert(lhs, ty), shape::convert(rhs, ty));
        let choice = shape::expr(ExprKind::Choose { op, lhs: Box::new(lhs), rhs: Box::new(rhs) }, ty, span);
        if is_nullable { choice } else { shape::present(choice) }
    }
}

/// The result when an operand's type is not known (yet).
fn without_type(operands: [&Expr; 2], span: Span) -> Option<Expr> {
    let is_unknown = operands.iter().any(|operand| operand.ty == Type::NEVER);
    is_unknown.then(|| shape::unknown(span))
}

/// Whether values of the kind are numbers, or bools, which count as 0 and 1.
fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Int | Kind::Float | Kind::Bool)
}

/// Two numbers as ints or as floats.
fn same_number(lhs: Expr, rhs: Expr) -> (Expr, Expr) {
    if lhs.ty.kind == rhs.ty.kind { (lhs, rhs) } else { (shape::to_float(lhs), shape::to_float(rhs)) }
}

fn compare(op: CompareOp, lhs: Expr, rhs: Expr, span: Span) -> Expr {
    shape::expr(ExprKind::Compare { op, lhs: Box::new(lhs), rhs: Box::new(rhs) }, Type::BOOL, span)
}

/// Whether one is a struct and the other a map, which may have the same entries. (Rows have no entry for a name.)
pub(super) fn are_alike(a: Kind, b: Kind) -> bool {
    let is_struct = |kind| matches!(kind, Kind::Record(_) | Kind::Union(_));
    let is_map = |kind| matches!(kind, Kind::Map(_));
    (is_struct(a) && is_map(b)) || (is_map(a) && is_struct(b))
}

/// The locals that are present when the comparison holds: none equals only none and is ordered with nothing.
fn both_present(lhs: &Expr, rhs: &Expr, op: CompareOp) -> Vec<LocalId> {
    let sides = [(lhs, rhs), (rhs, lhs)];
    let counts = |other: &Expr| op != CompareOp::Eq || !other.ty.nullable;
    sides.iter().filter(|(_, other)| counts(other)).filter_map(|(side, _)| nullable_local(side)).collect()
}

/// The locals that are present when the values are not equal, because the other side is none.
fn tested_for_none(lhs: &Expr, rhs: &Expr) -> Vec<LocalId> {
    let sides = [(lhs, rhs), (rhs, lhs)];
    sides.iter().filter(|(_, other)| other.ty == Type::NONE).filter_map(|(side, _)| nullable_local(side)).collect()
}

pub(super) fn nullable_local(of: &Expr) -> Option<LocalId> {
    match of.kind {
        ExprKind::Local(local) if of.ty.nullable && of.ty != Type::NONE => Some(local),
        _ => None,
    }
}
