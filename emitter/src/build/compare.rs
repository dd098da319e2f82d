//! Comparisons of values of one type, and of those with none.

use mochi_frontend::typed::CompareOp;

use crate::ir::{Imm, Kind, MochiOp, Type, Value};

use super::FunctionCtx;

impl FunctionCtx<'_, '_> {
    pub(super) fn compare(&mut self, op: CompareOp, first: Value, second: Value) -> Value {
        let kind = |ctx: &Self, value| ctx.fb.ty(value).kind;
        match (kind(self, first), kind(self, second)) {
            (Kind::Any, Kind::Any) => self.compare_any(op, first, second),
            // Only none is an `any` here: it equals none alone and has no place in an order.
            (Kind::Any, _) => self.compare_with_none(op, second),
            (_, Kind::Any) => self.compare_with_none(op, first),
            (Kind::Bool, Kind::Bool) => self.compare_bools(op, first, second),
            (kind, other) => {
                assert_eq!(kind, other, "both sides of a comparison have one kind");
                self.fb.value(compare_op(op, kind), vec![first, second], Imm::None, Type::BOOL)
            }
        }
    }

    fn compare_with_none(&mut self, op: CompareOp, value: Value) -> Value {
        match op {
            CompareOp::Eq => self.is_none(value),
            CompareOp::Ne => {
                let is_none = self.is_none(value);
                self.fb.value(MochiOp::BoolNot, vec![is_none], Imm::None, Type::BOOL)
            }
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => self.fb.bool_const(false),
        }
    }

    /// Bools are ordered as 0 and 1.
    fn compare_bools(&mut self, op: CompareOp, first: Value, second: Value) -> Value {
        let equality = match op {
            CompareOp::Eq => Some(MochiOp::BoolEq),
            CompareOp::Ne => Some(MochiOp::BoolNe),
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => None,
        };
        if let Some(equality) = equality {
            return self.fb.value(equality, vec![first, second], Imm::None, Type::BOOL);
        }
        self.unless_none(
            first,
            Type::BOOL,
            |ctx, first| {
                ctx.unless_none(
                    second,
                    Type::BOOL,
                    |ctx, second| {
                        let first = ctx.fb.value(MochiOp::BoolToInt, vec![first], Imm::None, Type::INT);
                        let second = ctx.fb.value(MochiOp::BoolToInt, vec![second], Imm::None, Type::INT);
                        ctx.fb.value(compare_op(op, Kind::Int), vec![first, second], Imm::None, Type::BOOL)
                    },
                    |ctx| ctx.fb.bool_const(false),
                )
            },
            |ctx| ctx.fb.bool_const(false),
        )
    }
}

fn compare_op(op: CompareOp, kind: Kind) -> MochiOp {
    match (kind, op) {
        (Kind::Int, CompareOp::Eq) => MochiOp::IntEq,
        (Kind::Int, CompareOp::Ne) => MochiOp::IntNe,
        (Kind::Int, CompareOp::Lt) => MochiOp::IntLt,
        (Kind::Int, CompareOp::Le) => MochiOp::IntLe,
        (Kind::Int, CompareOp::Gt) => MochiOp::IntGt,
        (Kind::Int, CompareOp::Ge) => MochiOp::IntGe,
        (Kind::Float, CompareOp::Eq) => MochiOp::FloatEq,
        (Kind::Float, CompareOp::Ne) => MochiOp::FloatNe,
        (Kind::Float, CompareOp::Lt) => MochiOp::FloatLt,
        (Kind::Float, CompareOp::Le) => MochiOp::FloatLe,
        (Kind::Float, CompareOp::Gt) => MochiOp::FloatGt,
        (Kind::Float, CompareOp::Ge) => MochiOp::FloatGe,
        (Kind::Str, CompareOp::Eq) => MochiOp::StrEq,
        (Kind::Str, CompareOp::Ne) => MochiOp::StrNe,
        (Kind::Str, CompareOp::Lt) => MochiOp::StrLt,
        (Kind::Str, CompareOp::Le) => MochiOp::StrLe,
        (Kind::Str, CompareOp::Gt) => MochiOp::StrGt,
        (Kind::Str, CompareOp::Ge) => MochiOp::StrGe,
        (Kind::List(_), CompareOp::Eq) => MochiOp::ListEq,
        (Kind::List(_), CompareOp::Ne) => MochiOp::ListNe,
        (Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_), CompareOp::Eq) => MochiOp::ObjectEq,
        (Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_), CompareOp::Ne) => MochiOp::ObjectNe,
        _ => panic!("{op:?} of {kind:?} has an operation of its own"),
    }
}
