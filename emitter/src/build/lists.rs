//! Lists: literals, places that grow and loops.
//!
//! `P = append(P, v)` grows the list in its place: a variable of the function gives it up by
//! being set; `places` has the others.

use mochi_frontend::source::Span;
use mochi_frontend::typed::{self, Expr, ExprKind, Stmt};

use crate::ir::{Imm, Kind, MochiOp, NONE_FLOAT, SMALL_LIMIT, Type, Value};

use super::FunctionCtx;
use super::loops::Loop;
use super::places::{Place, grows, is_fixed};
use super::types::lower_type;

/// A literal reserves room for no more elements than this; lists grow beyond.
const MAX_CAPACITY: usize = 1 << 20;

/// Fewer constants are appended one by one.
const LEAST_CONSTANTS: usize = 4;

/// The elements of a literal as they lie in a list, if all are constants that count nothing.
fn constants(element: Type, elements: &[Expr]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for expr in elements {
        match (element.kind, number(expr)?) {
            (Kind::Int | Kind::Any, Number::Int(value)) if (-SMALL_LIMIT..SMALL_LIMIT).contains(&value) => {
                bytes.extend(value.to_le_bytes());
            }
            (Kind::Float, Number::Float(value)) if value.to_bits() != NONE_FLOAT => bytes.extend(value.to_le_bytes()),
            (Kind::Bool, Number::Bool(value)) => bytes.push(u8::from(value)),
            _ => return None,
        }
    }
    Some(bytes)
}

enum Number {
    Int(i64),
    Float(f64),
    Bool(bool),
}

fn number(expr: &Expr) -> Option<Number> {
    match &expr.kind {
        ExprKind::Int(value) => Some(Number::Int(*value)),
        ExprKind::Float(value) => Some(Number::Float(*value)),
        ExprKind::Bool(value) => Some(Number::Bool(*value)),
        ExprKind::Neg(of) => match number(of)? {
            Number::Int(value) => value.checked_neg().map(Number::Int),
            Number::Float(value) => Some(Number::Float(-value)),
            Number::Bool(_) => None,
        },
        // An int is the same word as a value of any kind.
        ExprKind::Convert(of) => number(of).filter(|number| matches!(number, Number::Int(_))),
        _ => None,
    }
}

/// Whether both read the same place or give the same number, in whatever order they are evaluated.
pub(super) fn is_same(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
        (ExprKind::Local(a), ExprKind::Local(b)) => a == b,
        (ExprKind::Global(a), ExprKind::Global(b)) => a == b,
        (ExprKind::Convert(first), ExprKind::Convert(second)) => a.ty == b.ty && is_same(first, second),
        (ExprKind::ListIndex { of: a, index: i }, ExprKind::ListIndex { of: b, index: j }) => {
            is_same(a, b) && is_same(i, j)
        }
        (ExprKind::Str(a), ExprKind::Str(b)) => a == b,
        (ExprKind::MapIndex { of: a, key: i }, ExprKind::MapIndex { of: b, key: j }) => is_same(a, b) && is_same(i, j),
        (ExprKind::Field { of: a, index: i }, ExprKind::Field { of: b, index: j }) => i == j && is_same(a, b),
        (ExprKind::Arith { op: f, lhs: a, rhs: b }, ExprKind::Arith { op: g, lhs: c, rhs: d }) => {
            f == g && is_same(a, c) && is_same(b, d)
        }
        _ => false,
    }
}

impl FunctionCtx<'_, '_> {
    pub(super) fn new_list(&mut self, ty: Type, capacity: usize) -> Value {
        let capacity = capacity.min(MAX_CAPACITY) as i32;
        self.fb.value(MochiOp::ListNew, Vec::new(), Imm::I32(capacity), ty)
    }

    /// The list, or an empty one for none.
    pub(super) fn list_or_new(&mut self, list: Value) -> Value {
        let ty = self.fb.ty(list).without_none();
        self.unless_none(list, ty, |_, list| list, |ctx| ctx.new_list(ty, 0))
    }

    pub(super) fn append(&mut self, list: Value, value: Value) -> Value {
        let ty = self.fb.ty(list);
        let op = if ty == Type::ANY { MochiOp::AnyPush } else { MochiOp::ListPush };
        self.fb.value(op, vec![list, value], Imm::None, ty)
    }

    /// `[a, b, …]`: the elements are evaluated before there is a list, so that a failure leaves none.
    pub(super) fn list(&mut self, expr: &Expr, elements: &[Expr]) -> Option<Value> {
        let ty = lower_type(expr.ty).expect("a list has a type");
        if elements.len() >= LEAST_CONSTANTS
            && let Some(bytes) = constants(self.element(ty), elements)
        {
            let data = self.pool.bytes(&bytes);
            self.fb.set_span(Some(expr.span));
            return Some(self.fb.value(MochiOp::ListOf, Vec::new(), Imm::Data(data), ty));
        }
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            values.push(self.expr(element)?);
        }
        self.fb.set_span(Some(expr.span));
        let mut list = self.new_list(ty, elements.len());
        for value in values {
            list = self.append(list, value);
        }
        Some(list)
    }

    /// `of[index] = value`: the list, the value, the index.
    pub(super) fn set_index(&mut self, of: &Expr, index: &Expr, value: &Expr, span: Span) {
        let Some(list) = self.expr(of) else { return };
        let is_place = |expr: &Expr| match &expr.kind {
            ExprKind::ListIndex { of: read, index: at } => is_same(of, read) && is_same(index, at),
            _ => false,
        };
        // The index is evaluated once where it is the same before the value as after it.
        if grows(value, &is_place) && is_fixed(index, value, |local| self.is_cell(local)) {
            let Some(index) = self.expr(index) else { return };
            let ty = self.element(self.fb.ty(list));
            return self.set_place(Place::Element { list, index }, ty, value, is_place, span);
        }
        let Some(value) = self.expr(value) else { return };
        let Some(index) = self.expr(index) else { return };
        self.fb.set_span(Some(span));
        self.fb.effect(MochiOp::ListSet, vec![list, index, value], Imm::None);
    }

    /// Counts up to the length that the list has at the start.
    pub(super) fn list_loop(&mut self, var: typed::LocalId, of: &Expr, body: &[Stmt], span: Span) {
        let Some(of) = self.expr(of) else { return };
        let ty = self.fb.ty(of);
        if !matches!(ty.kind, Kind::List(_)) {
            return; // Only none, which runs zero times.
        }
        self.fb.set_span(Some(span));
        let (head, latch, exit) = (self.fb.create_block(), self.fb.create_block(), self.fb.create_block());
        if ty.nullable {
            let ahead = self.fb.create_block();
            let is_none = self.fb.value(MochiOp::IsNone, vec![of], Imm::None, Type::BOOL);
            self.fb.branch(is_none, exit, ahead);
            self.enter(ahead);
        }
        let list = self.convert(of, ty.without_none());
        let length = self.fb.value(MochiOp::ListLen, vec![list], Imm::None, Type::INT);
        let counter = self.fb.declare_variable(Type::INT);
        let zero = self.fb.int_const(0);
        self.fb.def_var(counter, zero);
        self.branch_while(MochiOp::SmallLt, zero, length, head, exit);

        self.fb.switch_to(head);
        if self.locals[var.index()].is_some() {
            let at = self.fb.use_var(counter);
            let element = self.element(ty);
            let value = self.fb.value(MochiOp::ListAt, vec![list, at], Imm::None, element);
            self.declare_local(var, value);
        }
        self.loop_body(body, Loop { latch, exit });
        if !self.fb.is_unreachable() {
            self.fb.set_span(Some(span));
            let at = self.fb.use_var(counter);
            let one = self.fb.int_const(1);
            let next = self.fb.value(MochiOp::SmallAdd, vec![at, one], Imm::None, Type::INT);
            self.fb.def_var(counter, next);
            self.branch_while(MochiOp::SmallLt, next, length, head, exit);
        }
        self.fb.seal(head);
        self.enter(exit);
    }
}
