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
//! if that is still the same, the value read first has the only share.

use mochi_frontend::builtins::Builtin;
use mochi_frontend::source::Span;
use mochi_frontend::typed::{self, Expr, ExprKind};
use mochi_frontend::types;

use crate::ir::{Imm, MochiOp, Type, Value};

use super::FunctionCtx;
use super::expr::walk;
use super::stmt::has_call;

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
}

/// What is added to a list or string.
enum Part<'e> {
    /// To a string.
    Text(&'e Expr),
    /// To a list, all elements of another.
    Elements(&'e Expr),
    /// To a list, one element.
    Element(&'e Expr),
}

impl<'e> Part<'e> {
    fn expr(&self) -> &'e Expr {
        match self {
            Part::Text(expr) | Part::Elements(expr) | Part::Element(expr) => expr,
        }
    }
}

/// What `value` adds to the list or string of a place, in order; none if it is something else.
/// `is_place` tells of an expression whether it reads the place.
fn growth<'e>(value: &'e Expr, is_place: impl Fn(&Expr) -> bool) -> Option<Vec<Part<'e>>> {
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

/// Whether evaluating `expr` sets a variable of the checker's, or runs another function.
pub(super) fn is_quiet(expr: &Expr) -> bool {
    !has_call(expr) && walk(expr, |expr| !matches!(expr.kind, ExprKind::Let { .. } | ExprKind::Block { .. }))
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
        match growth(value, is_place) {
            Some(parts) => self.grow(place, ty, parts, span),
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
        let read = (!parts.iter().all(|part| is_quiet(part.expr()))).then(|| self.load(place, ty));
        let mut values = Vec::with_capacity(parts.len());
        for part in &parts {
            let Some(value) = self.expr(part.expr()) else { return };
            values.push(value);
        }
        self.fb.set_span(Some(span));
        let taken = self.take(place, ty);
        let start = read.unwrap_or(taken);
        let mut value = match parts.first() {
            Some(Part::Element(_)) => self.list_or_new(start),
            _ => self.convert(start, ty.without_none()),
        };
        let whole = self.fb.ty(value);
        for (part, added) in parts.iter().zip(values) {
            let op = match part {
                Part::Text(_) => MochiOp::StrConcat,
                Part::Elements(_) => MochiOp::ListConcat,
                Part::Element(_) if whole == Type::ANY => MochiOp::AnyPush,
                Part::Element(_) => MochiOp::ListPush,
            };
            value = self.fb.value(op, vec![value, added], Imm::None, whole);
        }
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
        }
    }

    fn take(&mut self, place: Place, ty: Type) -> Value {
        match place {
            Place::Global(global) => self.fb.value(MochiOp::TakeGlobal, Vec::new(), Self::global(global), ty),
            Place::Field { record, index } => {
                self.fb.value(MochiOp::RecordTake, vec![record], Imm::I32(index as i32), ty)
            }
            Place::Entry { map, key } => self.fb.value(MochiOp::MapTake, vec![map, key], Imm::None, ty),
        }
    }

    fn store(&mut self, place: Place, value: Value) {
        match place {
            Place::Global(global) => self.fb.effect(MochiOp::StoreGlobal, vec![value], Self::global(global)),
            Place::Field { record, index } => {
                self.fb.effect(MochiOp::RecordSet, vec![record, value], Imm::I32(index as i32));
            }
            Place::Entry { map, key } => self.fb.effect(MochiOp::MapSet, vec![map, key, value], Imm::None),
        }
    }
}
