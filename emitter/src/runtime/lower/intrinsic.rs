//! What the dialect offers in the form of calls: operations without an operator, memory, statics.

use mochi_frontend::source::Span;
use mochi_frontend::syntax::ast::{self, ExprKind};

use super::{DataSource, Lowering, Operand, Result, Ty, intern};
use crate::ir::{Imm, Op, Param, SigId, Signature, Type, WasmOp};

/// How an intrinsic is lowered.
enum Shape {
    /// One operation on operands of these types.
    Plain(WasmOp, &'static [Ty], Ty),
    /// The same on `i32` and `i64`: as many operands, all of that type.
    Either {
        narrow: WasmOp,
        wide: WasmOp,
        operands: usize,
        truth: bool,
    },
    /// `(address, constant offset)`.
    Load(WasmOp, Ty),
    /// `(address, constant offset, value)`.
    Store(WasmOp, Ty),
    /// Three operands and no result.
    Effect(WasmOp, &'static [Ty]),
    Select,
    /// `(number of a generic entry, closure, list of arguments)`: any
    CallClosure,
    Unreachable,
    Scratch,
    StringLiteral,
}

fn shape(name: &str) -> Option<Shape> {
    use Shape::{Effect, Either, Load, Plain, Store};
    let either = |narrow, wide, operands| Either { narrow, wide, operands, truth: false };
    let compare = |narrow, wide| Either { narrow, wide, operands: 2, truth: true };
    Some(match name {
        "zext" => Plain(WasmOp::I64ExtendI32U, &[Ty::I32], Ty::I64),
        "trunc" => Plain(WasmOp::I64TruncSatF64S, &[Ty::F64], Ty::I64),
        "bits" => Plain(WasmOp::I64ReinterpretF64, &[Ty::F64], Ty::I64),
        "float_from_bits" => Plain(WasmOp::F64ReinterpretI64, &[Ty::I64], Ty::F64),
        "sqrt" => Plain(WasmOp::F64Sqrt, &[Ty::F64], Ty::F64),
        "floor" => Plain(WasmOp::F64Floor, &[Ty::F64], Ty::F64),
        "ceil" => Plain(WasmOp::F64Ceil, &[Ty::F64], Ty::F64),
        "trunc_float" => Plain(WasmOp::F64Trunc, &[Ty::F64], Ty::F64),
        "nearest" => Plain(WasmOp::F64Nearest, &[Ty::F64], Ty::F64),
        "abs_float" => Plain(WasmOp::F64Abs, &[Ty::F64], Ty::F64),
        "neg_float" => Plain(WasmOp::F64Neg, &[Ty::F64], Ty::F64),
        "copysign" => Plain(WasmOp::F64Copysign, &[Ty::F64, Ty::F64], Ty::F64),
        "memory_size" => Plain(WasmOp::MemorySize, &[], Ty::I32),
        "memory_grow" => Plain(WasmOp::MemoryGrow, &[Ty::I32], Ty::I32),
        "div_u" => either(WasmOp::I32DivU, WasmOp::I64DivU, 2),
        "rem_u" => either(WasmOp::I32RemU, WasmOp::I64RemU, 2),
        "rotl" => either(WasmOp::I32Rotl, WasmOp::I64Rotl, 2),
        "clz" => either(WasmOp::I32Clz, WasmOp::I64Clz, 1),
        "ctz" => either(WasmOp::I32Ctz, WasmOp::I64Ctz, 1),
        "popcnt" => either(WasmOp::I32Popcnt, WasmOp::I64Popcnt, 1),
        "lt_u" => compare(WasmOp::I32LtU, WasmOp::I64LtU),
        "le_u" => compare(WasmOp::I32LeU, WasmOp::I64LeU),
        "gt_u" => compare(WasmOp::I32GtU, WasmOp::I64GtU),
        "ge_u" => compare(WasmOp::I32GeU, WasmOp::I64GeU),
        "eqz" => Either { narrow: WasmOp::I32Eqz, wide: WasmOp::I64Eqz, operands: 1, truth: true },
        "load_i32" => Load(WasmOp::I32Load, Ty::I32),
        "load_i64" => Load(WasmOp::I64Load, Ty::I64),
        "load_f64" => Load(WasmOp::F64Load, Ty::F64),
        "load_u8" => Load(WasmOp::I32Load8U, Ty::I32),
        "load_s8" => Load(WasmOp::I32Load8S, Ty::I32),
        "load_u16" => Load(WasmOp::I32Load16U, Ty::I32),
        "load_u32" => Load(WasmOp::I64Load32U, Ty::I64),
        "store_i32" => Store(WasmOp::I32Store, Ty::I32),
        "store_i64" => Store(WasmOp::I64Store, Ty::I64),
        "store_f64" => Store(WasmOp::F64Store, Ty::F64),
        "store_u8" => Store(WasmOp::I32Store8, Ty::I32),
        "store_u16" => Store(WasmOp::I32Store16, Ty::I32),
        "store_u32" => Store(WasmOp::I64Store32, Ty::I64),
        "copy" => Effect(WasmOp::MemoryCopy, &[Ty::Ptr, Ty::Ptr, Ty::I32]),
        "fill" => Effect(WasmOp::MemoryFill, &[Ty::Ptr, Ty::I32, Ty::I32]),
        "select" => Shape::Select,
        "call_closure" => Shape::CallClosure,
        "unreachable" => Shape::Unreachable,
        "scratch" => Shape::Scratch,
        "string_literal" => Shape::StringLiteral,
        _ => return None,
    })
}

impl<'a> Lowering<'a> {
    pub(super) fn intrinsic(
        &mut self,
        name: &str,
        args: &'a [ast::Expr],
        wanted: Option<Ty>,
        span: Span,
    ) -> Result<Option<Operand>> {
        let Some(shape) = shape(name) else {
            return self.error(span, format!("{name} is not declared"));
        };
        let operand = match (shape, args) {
            (Shape::Plain(op, types, result), _) if types.len() == args.len() => {
                let operands = self.operands(types, args)?;
                self.emit(op, &operands, Imm::None, result)
            }
            (Shape::Either { narrow, wide, operands, truth }, [first, rest @ ..]) if operands == args.len() => {
                let wanted = if truth { None } else { wanted };
                let operands = match rest {
                    [second] => {
                        let (first, second) = self.pair(first, second, wanted)?;
                        vec![first, second]
                    }
                    _ => vec![self.expr(first, wanted)?],
                };
                let ty = operands[0].ty;
                let op = match ty {
                    Ty::I32 | Ty::Ptr => narrow,
                    Ty::I64 => wide,
                    Ty::F64 | Ty::Bool => return self.error(span, "an integer is wanted here"),
                };
                self.emit(op, &operands, Imm::None, if truth { Ty::Bool } else { ty })
            }
            (Shape::Load(op, ty), [address, offset]) => {
                let operands = self.operands(&[Ty::Ptr], std::slice::from_ref(address))?;
                let offset = self.offset(offset)?;
                self.emit(op, &operands, offset, ty)
            }
            (Shape::Store(op, ty), [address, offset, value]) => {
                let mut operands = self.operands(&[Ty::Ptr], std::slice::from_ref(address))?;
                let offset = self.offset(offset)?;
                operands.extend(self.operands(&[ty], std::slice::from_ref(value))?);
                self.effect(op, &operands, offset);
                return Ok(None);
            }
            (Shape::Effect(op, types), _) if types.len() == args.len() => {
                let operands = self.operands(types, args)?;
                self.effect(op, &operands, Imm::None);
                return Ok(None);
            }
            (Shape::Select, [cond, first, second]) => {
                let cond_operand = self.expr(cond, Some(Ty::Bool))?;
                self.expect_type(Ty::Bool, cond_operand, cond.span)?;
                let (first, second) = self.pair(first, second, wanted)?;
                let op = match first.ty {
                    Ty::I32 | Ty::Ptr | Ty::Bool => WasmOp::I32Select,
                    Ty::I64 => WasmOp::I64Select,
                    Ty::F64 => WasmOp::F64Select,
                };
                self.emit(op, &[first, second, cond_operand], Imm::None, first.ty)
            }
            (Shape::CallClosure, [_, _, _]) => {
                let operands = self.operands(&[Ty::I32, Ty::Ptr, Ty::Ptr], args)?;
                let [number, closure, list] = operands[..] else { unreachable!("three operands were lowered") };
                let args = [closure, list, number].map(|operand| self.materialize(operand)).to_vec();
                let param = |owned| Param { ty: Type::I32, owned };
                let sig = Signature { params: vec![param(false), param(true)], results: vec![Type::I64] };
                let sig = Imm::Sig(SigId::new(intern(&mut self.sigs, sig)));
                let inst = self.builder.inst(Op::CallIndirect, args, sig, &[Type::I64]);
                Operand::value(Ty::I64, self.builder.func().inst(inst).results[0])
            }
            (Shape::Unreachable, []) => {
                self.builder.unreachable();
                return Ok(None);
            }
            (Shape::Scratch, [size]) => {
                let operand = self.expr(size, Some(Ty::I32))?;
                let size = self.expect_constant(operand, size.span)?;
                self.data(DataSource::Scratch(size as u32))
            }
            (Shape::StringLiteral, [ast::Expr { kind: ExprKind::Str(text), span: _ }]) => {
                self.data(DataSource::String(text.clone()))
            }
            _ => return self.error(span, format!("these arguments do not fit {name}")),
        };
        Ok(Some(operand))
    }

    fn operands(&mut self, types: &[Ty], args: &'a [ast::Expr]) -> Result<Vec<Operand>> {
        let mut operands = Vec::with_capacity(args.len());
        for (&ty, arg) in types.iter().zip(args) {
            let operand = self.expr(arg, Some(ty))?;
            self.expect_type(ty, operand, arg.span)?;
            operands.push(operand);
        }
        Ok(operands)
    }

    fn offset(&mut self, expr: &'a ast::Expr) -> Result<Imm> {
        let operand = self.expr(expr, Some(Ty::I32))?;
        let word = self.expect_constant(operand, expr.span)?;
        match (operand.ty, u32::try_from(word)) {
            (Ty::I32 | Ty::Ptr, Ok(offset)) if offset <= i32::MAX as u32 => Ok(Imm::Offset(offset)),
            _ => self.error(expr.span, "a small constant is wanted here"),
        }
    }

    fn effect(&mut self, op: WasmOp, operands: &[Operand], imm: Imm) {
        let args = operands.iter().map(|&operand| self.materialize(operand)).collect();
        self.builder.effect(op, args, imm);
    }
}
