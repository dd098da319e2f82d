//! Calls of builtins.

use mochi_frontend::builtins::Builtin;
use mochi_frontend::typed::{CastTo, Expr};
use mochi_frontend::types;

use crate::ir::{AnyKind, ElementKind, Imm, MochiOp, Type, Value};

use super::FunctionCtx;
use super::convert::NoneText;
use super::types::lower_type;

/// The operation that a builtin is, of those that are one.
fn operation(builtin: Builtin) -> (MochiOp, Imm) {
    let of_kind = |kind: AnyKind| (MochiOp::AnyIs, Imm::I32(kind as i32));
    let op = match builtin {
        Builtin::IsInt => return of_kind(AnyKind::Int),
        Builtin::IsFloat => return of_kind(AnyKind::Float),
        Builtin::IsBool => return of_kind(AnyKind::Bool),
        Builtin::IsString => return of_kind(AnyKind::String),
        Builtin::IsList => return of_kind(AnyKind::List),
        Builtin::IsMap => return of_kind(AnyKind::Map),
        Builtin::HoldsInts => return (MochiOp::AnyHolds, Imm::I32(ElementKind::Ints as i32)),
        Builtin::HoldsFloats => return (MochiOp::AnyHolds, Imm::I32(ElementKind::Floats as i32)),
        Builtin::ToJson => MochiOp::AnyToJson,
        Builtin::Mem => MochiOp::Mem,
        Builtin::TextIndex => MochiOp::StrIndex,
        Builtin::TextSplit => MochiOp::StrSplit,
        Builtin::TextRepeat => MochiOp::StrRepeat,
        Builtin::TextTrim => MochiOp::StrTrim,
        Builtin::TextShown => return (MochiOp::AnyToStr, Imm::I32(NoneText::Print as i32)),
        Builtin::Digest => MochiOp::AnyDigest,
        other => panic!("{other:?} is more than one operation"),
    };
    (op, Imm::None)
}

impl FunctionCtx<'_, '_> {
    pub(super) fn builtin(&mut self, expr: &Expr, builtin: Builtin, args: &[Expr]) -> Option<Value> {
        let value = match (builtin, args) {
            (Builtin::Json, [of]) => {
                let value = self.expr(of)?;
                self.fb.set_span(Some(expr.span));
                self.fb.effect(MochiOp::Json, vec![value], Imm::None);
                self.none(Type::ANY)
            }
            (
                Builtin::ToJson
                | Builtin::Mem
                | Builtin::IsInt
                | Builtin::IsFloat
                | Builtin::IsBool
                | Builtin::IsString
                | Builtin::IsList
                | Builtin::IsMap
                | Builtin::HoldsInts
                | Builtin::HoldsFloats
                | Builtin::TextIndex
                | Builtin::TextSplit
                | Builtin::TextRepeat
                | Builtin::TextTrim
                | Builtin::TextShown
                | Builtin::Digest,
                _,
            ) => {
                let (op, imm) = operation(builtin);
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    values.push(self.expr(arg)?);
                }
                self.fb.set_span(Some(expr.span));
                let ty = lower_type(expr.ty).expect("what the operations give has a type");
                self.fb.value(op, values, imm, ty)
            }
            (Builtin::Print, _) => {
                let first = self.print(args, expr.span)?;
                match (first, args.first()) {
                    _ if lower_type(expr.ty).is_none() => self.none_of(expr.ty),
                    (Some(value), _) => value,
                    // A constant, which was printed as text.
                    (None, Some(constant)) => self.expr(constant)?,
                    (None, None) => self.none_of(expr.ty),
                }
            }
            (Builtin::Len, [of]) => {
                let value = self.expr(of)?;
                self.fb.set_span(Some(expr.span));
                match of.ty.kind {
                    types::Kind::Never => self.fb.int_const(0),
                    types::Kind::String => self.fb.value(MochiOp::StrLen, vec![value], Imm::None, Type::INT),
                    types::Kind::List(_) => self.fb.value(MochiOp::ListLen, vec![value], Imm::None, Type::INT),
                    types::Kind::Int => self.unless_none(
                        value,
                        Type::INT,
                        |ctx, value| ctx.fb.value(MochiOp::IntLen, vec![value], Imm::None, Type::INT),
                        |ctx| ctx.fb.int_const(0),
                    ),
                    types::Kind::Float => self.unless_none(
                        value,
                        Type::INT,
                        |ctx, value| ctx.fb.value(MochiOp::FloatLen, vec![value], Imm::None, Type::INT),
                        |ctx| ctx.fb.int_const(0),
                    ),
                    types::Kind::Any => self.fb.value(MochiOp::AnyLen, vec![value], Imm::None, Type::INT),
                    types::Kind::Map(_) => self.fb.value(MochiOp::MapLen, vec![value], Imm::None, Type::INT),
                    types::Kind::Bool
                    | types::Kind::Record(_)
                    | types::Kind::Row(_)
                    | types::Kind::Union(_)
                    | types::Kind::Func(_) => {
                        panic!("len of {} is refused when checking", of.ty)
                    }
                }
            }
            (Builtin::Append, [of, value]) => {
                let list = self.expr(of)?;
                let value = self.expr(value)?;
                self.fb.set_span(Some(expr.span));
                let list = self.list_or_new(list);
                self.append(list, value)
            }
            (Builtin::Str, [of]) => {
                let value = self.expr(of)?;
                self.fb.set_span(Some(expr.span));
                match lower_type(of.ty) {
                    None => self.string(b"<nil>"),
                    Some(_) => self.text_of(value, NoneText::Str),
                }
            }
            (Builtin::Int, [of]) => {
                let value = self.expr(of)?;
                self.fb.set_span(Some(expr.span));
                self.cast(of.ty, value, CastTo::Int)
            }
            (Builtin::Float, [of]) => {
                let value = self.expr(of)?;
                self.fb.set_span(Some(expr.span));
                self.cast(of.ty, value, CastTo::Float)
            }
            (Builtin::Num | Builtin::Denom, [of]) => {
                let value = self.expr(of)?;
                self.fb.set_span(Some(expr.span));
                let op = if builtin == Builtin::Num { MochiOp::AnyNumerator } else { MochiOp::AnyDenominator };
                self.fb.value(op, vec![value], Imm::None, Type::INT)
            }
            (Builtin::Substring, [of, start, end]) => {
                let values = vec![self.expr(of)?, self.expr(start)?, self.expr(end)?];
                self.fb.set_span(Some(expr.span));
                self.fb.value(MochiOp::StrSlice, values, Imm::None, Type::STR)
            }
            (Builtin::Upper, [of]) => {
                let value = self.expr(of)?;
                self.fb.set_span(Some(expr.span));
                self.fb.value(MochiOp::StrUpper, vec![value], Imm::None, Type::STR)
            }
            (Builtin::Lower, [of]) => {
                let value = self.expr(of)?;
                self.fb.set_span(Some(expr.span));
                self.fb.value(MochiOp::StrLower, vec![value], Imm::None, Type::STR)
            }
            (Builtin::Input, []) if expr.ty.nullable => {
                self.fb.value(MochiOp::InputOrNone, Vec::new(), Imm::None, Type::STR.or_none())
            }
            (Builtin::Input, []) => self.fb.value(MochiOp::Input, Vec::new(), Imm::None, Type::STR),
            (Builtin::Now, []) => self.fb.value(MochiOp::Now, Vec::new(), Imm::None, Type::INT),
            (
                Builtin::Concat
                | Builtin::Count
                | Builtin::First
                | Builtin::Exists
                | Builtin::Sum
                | Builtin::Avg
                | Builtin::Min
                | Builtin::Max
                | Builtin::Keys
                | Builtin::Values,
                _,
            ) => panic!("{builtin:?} is made of other operations when checking"),
            (
                Builtin::Len
                | Builtin::Append
                | Builtin::Str
                | Builtin::Int
                | Builtin::Float
                | Builtin::Num
                | Builtin::Denom
                | Builtin::Substring
                | Builtin::Upper
                | Builtin::Lower
                | Builtin::Input
                | Builtin::Now
                | Builtin::Json,
                _,
            ) => panic!("{builtin:?} with {} arguments is refused when checking", args.len()),
        };
        Some(value)
    }
}
