//! Values of which the kind is not known before the program runs.

use mochi_frontend::source::Span;
use mochi_frontend::typed::{ArithOp, CastTo, CompareOp, Expr, ExprKind};

use crate::ir::{Imm, MochiOp, Type, Value};

use super::FunctionCtx;
use super::types::lower_type;

impl FunctionCtx<'_, '_> {
    /// An operation on `first`, evaluating the other operands.
    pub(super) fn any_operation(&mut self, expr: &Expr, first: Value) -> Option<Value> {
        let (op, args, imm, ty) = match &expr.kind {
            ExprKind::AnyIndex { of: _, index } => {
                let index = self.expr(index)?;
                (MochiOp::AnyGet, vec![first, index], Imm::None, Type::ANY)
            }
            ExprKind::AnySlice { of: _, start, end } => {
                let start = self.bound(start.as_deref(), 0)?;
                let end = self.bound(end.as_deref(), i32::MAX.into())?;
                (MochiOp::AnySlice, vec![first, start, end], Imm::None, Type::ANY)
            }
            ExprKind::AnyField { of: _, name } => {
                let name = Imm::Data(self.pool.bytes(name.as_bytes()));
                (MochiOp::AnyGetField, vec![first], name, Type::ANY)
            }
            ExprKind::AnyContains { of: _, item } => {
                let item = self.expr(item)?;
                (MochiOp::AnyHas, vec![first, item], Imm::None, Type::BOOL)
            }
            ExprKind::AnyIter(_) => {
                let ty = lower_type(expr.ty).expect("a list has a type");
                (MochiOp::AnyIter, vec![first], Imm::None, ty)
            }
            ExprKind::CastElements { of: _, target } | ExprKind::CastKeys { of: _, target } => {
                let is_list = matches!(expr.kind, ExprKind::CastElements { .. });
                let op = if is_list { MochiOp::AnyElements } else { MochiOp::AnyKeys };
                let ty = lower_type(expr.ty).expect("a list has a type");
                (op, vec![first], Imm::Data(self.pool.bytes(target.as_bytes())), ty)
            }
            ExprKind::AnyKey(_) => (MochiOp::AnyKey, vec![first], Imm::None, Type::INT),
            ExprKind::SortedRows(_) => {
                let ty = lower_type(expr.ty).expect("a list has a type");
                (MochiOp::AnyOrder, vec![first], Imm::None, ty)
            }
            ExprKind::AnyCall { of: _, args } => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    values.push(self.expr(arg)?);
                }
                let ty = self.pool.module.list_of(Type::ANY);
                let mut list = self.new_list(ty, values.len());
                for value in values {
                    list = self.append(list, value);
                }
                (MochiOp::AnyCall, vec![first, list], Imm::None, Type::ANY)
            }
            other => unreachable!("{other:?} is not about values of any kind"),
        };
        self.fb.set_span(Some(expr.span));
        Some(self.fb.value(op, args, imm, ty))
    }

    /// A bound of a slice; `missing` where it is left out.
    fn bound(&mut self, bound: Option<&Expr>, missing: i64) -> Option<Value> {
        match bound {
            Some(bound) => self.expr(bound),
            None => {
                let missing = self.fb.int_const(missing);
                Some(self.convert(missing, Type::ANY))
            }
        }
    }

    /// `of[index] = value`: the container, the value, the index.
    pub(super) fn any_set_index(&mut self, of: &Expr, index: &Expr, value: &Expr, span: Span) {
        let Some(of) = self.expr(of) else { return };
        let Some(value) = self.expr(value) else { return };
        let Some(index) = self.expr(index) else { return };
        self.fb.set_span(Some(span));
        self.fb.effect(MochiOp::AnySet, vec![of, index, value], Imm::None);
    }

    /// `of.name = value`: the container, then the value.
    pub(super) fn any_set_field(&mut self, of: &Expr, name: &str, value: &Expr, span: Span) {
        let Some(of) = self.expr(of) else { return };
        let Some(value) = self.expr(value) else { return };
        self.fb.set_span(Some(span));
        let name = Imm::Data(self.pool.bytes(name.as_bytes()));
        self.fb.effect(MochiOp::AnySetField, vec![of, value], name);
    }

    pub(super) fn compare_any(&mut self, op: CompareOp, first: Value, second: Value) -> Value {
        let (op, args) = match op {
            CompareOp::Eq => (MochiOp::AnyEq, vec![first, second]),
            CompareOp::Ne => (MochiOp::AnyNe, vec![first, second]),
            CompareOp::Lt => (MochiOp::AnyLt, vec![first, second]),
            CompareOp::Le => (MochiOp::AnyLe, vec![first, second]),
            CompareOp::Gt => (MochiOp::AnyLt, vec![second, first]),
            CompareOp::Ge => (MochiOp::AnyLe, vec![second, first]),
        };
        self.fb.value(op, args, Imm::None, Type::BOOL)
    }

    pub(super) fn cast_any(&mut self, value: Value, to: CastTo) -> Value {
        let (op, ty) = match to {
            CastTo::Int => (MochiOp::AnyToInt, Type::INT),
            CastTo::BigInt => (MochiOp::AnyToBigint, Type::INT),
            CastTo::Float => (MochiOp::AnyToFloat, Type::FLOAT),
            CastTo::BigRat => (MochiOp::AnyToRational, Type::ANY),
            CastTo::Bool => (MochiOp::AnyToBool, Type::BOOL),
            CastTo::String => (MochiOp::AnyToText, Type::STR),
        };
        self.fb.value(op, vec![value], Imm::None, ty)
    }
}

pub(super) fn any_arith(op: ArithOp) -> MochiOp {
    match op {
        ArithOp::Add => MochiOp::AnyAdd,
        ArithOp::Sub => MochiOp::AnySub,
        ArithOp::Mul => MochiOp::AnyMul,
        ArithOp::Div => MochiOp::AnyDiv,
        ArithOp::Rem => MochiOp::AnyRem,
    }
}
