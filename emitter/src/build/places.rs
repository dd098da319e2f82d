//! Places that grow: `P = append(P, v)`, `P = P + t` and chains of these.
//!
//! A list or string grows in place while it has only one share, so the place must not keep its own
//! meanwhile. A variable of the function gives it up by being set; what any other place holds is
//! taken out of it, and put back when it has grown.
//!
//!     P = append(P, v)    =>      v1 = v
//!                                 v2 = take P
//!                                 v3 = list.append v2, v1
//!                                 init P, v3
//!
//! Where evaluating `v` runs other functions, they could look at the place or set it. Then the value is
//! read first, as it is written, and what the place holds afterwards is taken out and given up:
//! if that is still the same, the value read first has the only share. An element is always read first, as
//! that may fail, and is something empty meanwhile.
//!
//! What a place holds is tested before something is added to it where it may be none. It is taken out for the
//! test already if nothing that is evaluated then can look at the place.

use mochi_frontend::builtins::Builtin;
use mochi_frontend::source::Span;
use mochi_frontend::typed::{self, ArithOp, Expr, ExprKind};
use mochi_frontend::types;

use crate::ir::{Imm, Kind, MochiOp, Type, Value};

use super::FunctionCtx;
use super::stmt::has_call;
use super::types::lower_type;
use super::walk::walk;

/// A place other than a variable of the function.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Global(typed::GlobalId),
    /// A field of a record, or the variable in a cell.
    Field {
        record: Value,
        index: u32,
    },
    /// What a map has for a key. It is read with none among its values, and set without if the map is.
    Entry {
        map: Value,
        key: Value,
    },
    Element {
        list: Value,
        index: Value,
    },
}

/// What is added to a list or string.
enum Part<'e> {
    /// To a string.
    Text(&'e Expr),
    /// To a list, all elements of another.
    Elements(&'e Expr),
    /// To a list, one element.
    Element(&'e Expr),
    /// To a value of any kind.
    Any(&'e Expr),
}

impl<'e> Part<'e> {
    fn expr(&self) -> &'e Expr {
        match self {
            Part::Text(expr) | Part::Elements(expr) | Part::Element(expr) | Part::Any(expr) => expr,
        }
    }
}

/// What `value` adds to the list or string of a place, in order; none if it is something else.
/// `is_place` tells of an expression whether it reads the place.
fn growth<'e>(value: &'e Expr, is_place: &impl Fn(&Expr) -> bool) -> Option<Vec<Part<'e>>> {
    let mut parts = Vec::new();
    let mut at = value;
    loop {
        if is_place(at) {
            break;
        }
        at = match &at.kind {
            ExprKind::Concat { lhs, rhs } => {
                parts.push(Part::Text(rhs));
                lhs
            }
            ExprKind::ListConcat { lhs, rhs } => {
                parts.push(Part::Elements(rhs));
                lhs
            }
            ExprKind::Arith { op: ArithOp::Add, lhs, rhs } if at.ty.kind == types::Kind::Any && !is_number(rhs) => {
                parts.push(Part::Any(rhs));
                lhs
            }
            ExprKind::Builtin { builtin: Builtin::Append, args } => {
                let [of, item] = args.as_slice() else { return None };
                parts.push(Part::Element(item));
                of
            }
            ExprKind::Convert(of) if matches!(of.ty.kind, types::Kind::String | types::Kind::List(_)) => of,
            _ => return None,
        };
    }
    parts.reverse();
    (!parts.is_empty()).then_some(parts)
}

/// Whether a value of any kind is known to be a number, which makes nothing longer.
fn is_number(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Convert(of) => matches!(of.ty.kind, types::Kind::Int | types::Kind::Float | types::Kind::Bool),
        _ => false,
    }
}

/// Whether evaluating `expr` sets a variable of the checker's, or runs another function.
pub(super) fn is_quiet(expr: &Expr) -> bool {
    !has_call(expr) && walk(expr, |expr| !matches!(expr.kind, ExprKind::Let { .. } | ExprKind::Block { .. }))
}

/// Whether an index or a key is the same before `value` is evaluated as after it. Statements alone set the
/// variables of this function, but for those in cells.
pub(super) fn is_fixed(index: &Expr, value: &Expr, is_cell: impl Fn(typed::LocalId) -> bool) -> bool {
    let is_constant = |expr: &Expr| match expr.kind {
        ExprKind::Int(_) | ExprKind::Str(_) | ExprKind::Convert(_) => true,
        ExprKind::Arith { op, .. } => matches!(op, ArithOp::Add | ArithOp::Sub | ArithOp::Mul),
        ExprKind::Local(local) => !is_cell(local),
        _ => false,
    };
    is_quiet(value) || walk(index, is_constant) && walk(value, |expr| !matches!(expr.kind, ExprKind::Block { .. }))
}

/// Whether `value` begins with reading the place, and evaluating it looks at nothing else but variables of the
/// function and parts of strings. (The text of a value that contains its own place has no end.)
fn is_change(value: &Expr, is_place: &impl Fn(&Expr) -> bool) -> bool {
    let Some(held) = held_local(value, is_place) else { return false };
    let is_scalar = |expr: &Expr| {
        use types::Kind::{Bool, Float, Int, String};
        matches!(expr.ty.kind, Int | Float | Bool | String)
            || matches!(expr.kind, ExprKind::Local(local) if local == held)
    };
    let mut reads = 0;
    let mut work = vec![value];
    while let Some(expr) = work.pop() {
        if is_place(expr) {
            reads += 1;
            continue;
        }
        match &expr.kind {
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::None
            | ExprKind::Local(_) => {}
            ExprKind::Convert(of) | ExprKind::IsNone(of) | ExprKind::Not(of) => work.push(of),
            ExprKind::Concat { lhs, rhs }
            | ExprKind::ListConcat { lhs, rhs }
            | ExprKind::Or { lhs, rhs }
            | ExprKind::And { lhs, rhs }
            | ExprKind::Arith { op: _, lhs, rhs } => work.extend([&**lhs, &**rhs]),
            ExprKind::StringIndex { of, index } => work.extend([&**of, &**index]),
            ExprKind::If { cond, then, otherwise } => work.extend([&**cond, &**then, &**otherwise]),
            ExprKind::Let { local: _, value, then } => work.extend([&**value, &**then]),
            ExprKind::List(elements) => work.extend(elements),
            ExprKind::Builtin { builtin: Builtin::Append, args } => work.extend(args),
            ExprKind::Builtin { builtin: Builtin::Str | Builtin::Len, args } if args.iter().all(is_scalar) => {
                work.extend(args);
            }
            _ => return false,
        }
    }
    reads == 1
}

/// The variable of the checker's that `value` sets to what the place holds, if that is the first thing that it does.
fn held_local(value: &Expr, is_place: &impl Fn(&Expr) -> bool) -> Option<typed::LocalId> {
    let mut at = value;
    loop {
        at = match &at.kind {
            ExprKind::Let { local, value, then: _ } if is_place(value) => return Some(*local),
            ExprKind::Let { local: _, value: of, then: _ } | ExprKind::Convert(of) => of,
            _ => return None,
        }
    }
}

/// Whether setting the place to `value` is a change of what it holds.
pub(super) fn grows(value: &Expr, is_place: &impl Fn(&Expr) -> bool) -> bool {
    growth(value, is_place).is_some() || is_change(value, is_place)
}

impl FunctionCtx<'_, '_> {
    /// `place = value`, for a place of this type.
    pub(super) fn set_place(
        &mut self,
        place: Place,
        ty: Type,
        value: &Expr,
        is_place: impl Fn(&Expr) -> bool,
        span: Span,
    ) {
        match growth(value, &is_place) {
            Some(parts) => self.grow(place, ty, parts, span),
            None if is_change(value, &is_place) => {
                if let Some(value) = self.expr_of_taken(value, place, ty, &is_place) {
                    self.fb.set_span(Some(span));
                    self.put_back(place, ty, value);
                }
            }
            None => {
                if let Some(value) = self.expr(value) {
                    self.fb.set_span(Some(span));
                    self.store(place, value);
                }
            }
        }
    }

    fn grow(&mut self, place: Place, ty: Type, parts: Vec<Part<'_>>, span: Span) {
        self.fb.set_span(Some(span));
        let is_read = matches!(place, Place::Element { .. }) || !parts.iter().all(|part| is_quiet(part.expr()));
        let read = is_read.then(|| self.load(place, ty));
        let mut values = Vec::with_capacity(parts.len());
        for part in &parts {
            let Some(value) = self.expr(part.expr()) else { return };
            values.push(value);
        }
        self.fb.set_span(Some(span));
        let start = match read {
            Some(read) => {
                self.clear(place, ty);
                read
            }
            None => self.take(place, ty),
        };
        let mut value = match parts.first() {
            _ if ty == Type::ANY => start,
            Some(Part::Element(_)) => self.list_or_new(start),
            _ => self.convert(start, ty.without_none()),
        };
        let whole = self.fb.ty(value);
        for (part, added) in parts.iter().zip(values) {
            let op = match part {
                Part::Text(_) => MochiOp::StrConcat,
                Part::Elements(_) => MochiOp::ListConcat,
                Part::Any(_) => MochiOp::AnyAdd,
                Part::Element(_) if whole == Type::ANY => MochiOp::AnyPush,
                Part::Element(_) => MochiOp::ListPush,
            };
            value = self.fb.value(op, vec![value, added], Imm::None, whole);
        }
        self.put_back(place, ty, value);
    }

    /// The value of an expression that [`is_change`] tells of, with what the place holds taken out of it.
    fn expr_of_taken(
        &mut self,
        value: &Expr,
        place: Place,
        ty: Type,
        is_place: &impl Fn(&Expr) -> bool,
    ) -> Option<Value> {
        self.fb.set_span(Some(value.span));
        match &value.kind {
            ExprKind::Let { local, value: of, then } => {
                let of = match is_place(of) {
                    true if matches!(place, Place::Element { .. }) => {
                        let read = self.load(place, ty);
                        self.clear(place, ty);
                        read
                    }
                    true => self.take(place, ty),
                    false => self.expr_of_taken(of, place, ty, is_place)?,
                };
                self.declare_local(*local, of);
                self.expr(then)
            }
            ExprKind::Convert(of) => {
                let of = self.expr_of_taken(of, place, ty, is_place)?;
                let to = lower_type(value.ty).expect("a place has a type");
                self.fb.set_span(Some(value.span));
                Some(self.convert(of, to))
            }
            other => unreachable!("{other:?} does not begin with a place"),
        }
    }

    /// Gives a place that holds no share of its own, or something empty, a value.
    fn put_back(&mut self, place: Place, ty: Type, value: Value) {
        match place {
            Place::Global(global) => {
                let value = self.convert(value, ty);
                self.fb.effect(MochiOp::InitGlobal, vec![value], Self::global(global));
            }
            Place::Field { record, index } => {
                let value = self.convert(value, ty);
                self.fb.effect(MochiOp::RecordInit, vec![record, value], Imm::I32(index as i32));
            }
            Place::Entry { map, key } => {
                let held = self.pool.module.map_value(self.fb.ty(map)).expect("a map");
                let value = self.convert(value, held);
                self.fb.effect(MochiOp::MapSet, vec![map, key, value], Imm::None);
            }
            Place::Element { list, index } => {
                let value = self.convert(value, ty);
                self.fb.effect(MochiOp::ListSet, vec![list, index, value], Imm::None);
            }
        }
    }

    /// Gives up what the place holds, of which there is another share.
    fn clear(&mut self, place: Place, ty: Type) {
        match place {
            Place::Element { list, index } => {
                let empty = match ty.kind {
                    // Lists of small words are the fast ones.
                    Kind::Any => {
                        let zero = self.fb.int_const(0);
                        self.convert(zero, ty)
                    }
                    _ if ty.has_none() => self.none(ty),
                    Kind::List(_) => self.new_list(ty, 0),
                    _ => self.string(b""),
                };
                self.fb.effect(MochiOp::ListSet, vec![list, index, empty], Imm::None);
            }
            Place::Global(_) | Place::Field { .. } | Place::Entry { .. } => {
                self.take(place, ty);
            }
        }
    }

    /// What the place holds, a share of its own.
    pub(super) fn load(&mut self, place: Place, ty: Type) -> Value {
        match place {
            Place::Global(global) => self.fb.value(MochiOp::LoadGlobal, Vec::new(), Self::global(global), ty),
            Place::Field { record, index } => {
                self.fb.value(MochiOp::RecordGet, vec![record], Imm::I32(index as i32), ty)
            }
            Place::Entry { map, key } => self.fb.value(MochiOp::MapGet, vec![map, key], Imm::None, ty),
            Place::Element { list, index } => self.fb.value(MochiOp::ListGet, vec![list, index], Imm::None, ty),
        }
    }

    fn take(&mut self, place: Place, ty: Type) -> Value {
        match place {
            Place::Global(global) => self.fb.value(MochiOp::TakeGlobal, Vec::new(), Self::global(global), ty),
            Place::Field { record, index } => {
                self.fb.value(MochiOp::RecordTake, vec![record], Imm::I32(index as i32), ty)
            }
            Place::Entry { map, key } => self.fb.value(MochiOp::MapTake, vec![map, key], Imm::None, ty),
            Place::Element { .. } => unreachable!("an element is read, and then replaced"),
        }
    }

    fn store(&mut self, place: Place, value: Value) {
        match place {
            Place::Global(global) => self.fb.effect(MochiOp::StoreGlobal, vec![value], Self::global(global)),
            Place::Field { record, index } => {
                self.fb.effect(MochiOp::RecordSet, vec![record, value], Imm::I32(index as i32));
            }
            Place::Entry { map, key } => self.fb.effect(MochiOp::MapSet, vec![map, key, value], Imm::None),
            Place::Element { list, index } => self.fb.effect(MochiOp::ListSet, vec![list, index, value], Imm::None),
        }
    }
}
