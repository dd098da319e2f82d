//! Floats. None is a not-a-number with reserved bits, which as an operand gives a not-a-number
//! too: where none may come in, the usual path only checks that its result is a number.

use super::layout::NONE_FLOAT;
use super::lower::{Ctx, to};
use crate::ir::{Imm, InstData, MochiOp, Value, WasmOp};
use crate::runtime::RuntimeFn;

/// 2^61: nearer to zero, truncation gives a small int.
const SMALL_LIMIT: f64 = 2_305_843_009_213_693_952.0;

impl Ctx<'_> {
    pub(super) fn float_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        match op {
            MochiOp::FloatConst => {
                let Imm::F64(bits) = data.imm else { unreachable!("a float constant is an f64") };
                self.f64(bits)
            }
            MochiOp::FloatAdd => self.float_arithmetic(WasmOp::F64Add, data),
            MochiOp::FloatSub => self.float_arithmetic(WasmOp::F64Sub, data),
            MochiOp::FloatMul => self.float_arithmetic(WasmOp::F64Mul, data),
            MochiOp::FloatNeg => self.float_arithmetic(WasmOp::F64Neg, data),
            MochiOp::FloatDiv => self.float_divide(data, |this, a, b| this.op(WasmOp::F64Div, &[a, b])),
            MochiOp::FloatRem => self.float_divide(data, |this, a, b| this.call_value(RuntimeFn::FloatRem, &[a, b])),
            MochiOp::FloatEq => self.float_equal(data, WasmOp::F64Eq, WasmOp::I32Or),
            MochiOp::FloatNe => self.float_equal(data, WasmOp::F64Ne, WasmOp::I32And),
            // None compares false like any other not-a-number.
            MochiOp::FloatLt => self.plain(WasmOp::F64Lt, data),
            MochiOp::FloatLe => self.plain(WasmOp::F64Le, data),
            MochiOp::FloatGt => self.plain(WasmOp::F64Gt, data),
            MochiOp::FloatGe => self.plain(WasmOp::F64Ge, data),
            MochiOp::FloatToInt => self.float_to_int(data),
            MochiOp::FloatToStr => {
                let mode = self.mode(data.imm);
                let x = self.get(data.args[0]);
                self.call_value(RuntimeFn::FloatToString, &[x, mode])
            }
            MochiOp::FloatLen => {
                let x = self.get(data.args[0]);
                self.call_value(RuntimeFn::FloatLength, &[x])
            }
            MochiOp::FloatSqrt => self.plain(WasmOp::F64Sqrt, data),
            MochiOp::FloatFloor => self.plain(WasmOp::F64Floor, data),
            MochiOp::FloatCeil => self.plain(WasmOp::F64Ceil, data),
            MochiOp::FloatTrunc => self.plain(WasmOp::F64Trunc, data),
            MochiOp::FloatAbs => self.plain(WasmOp::F64Abs, data),
            MochiOp::FloatPow => self.runtime_op(RuntimeFn::FloatPow, data),
            MochiOp::FloatExp => self.runtime_op(RuntimeFn::FloatExp, data),
            MochiOp::FloatLog => self.runtime_op(RuntimeFn::FloatLog, data),
            MochiOp::FloatLog2 => self.runtime_op(RuntimeFn::FloatLog2, data),
            MochiOp::FloatLog10 => self.runtime_op(RuntimeFn::FloatLog10, data),
            MochiOp::FloatPower => self.runtime_op(RuntimeFn::FloatPower, data),
            MochiOp::FloatSin => self.runtime_op(RuntimeFn::FloatSin, data),
            MochiOp::FloatCos => self.runtime_op(RuntimeFn::FloatCos, data),
            MochiOp::FloatTan => self.runtime_op(RuntimeFn::FloatTan, data),
            MochiOp::FloatAsin => self.runtime_op(RuntimeFn::FloatAsin, data),
            MochiOp::FloatAcos => self.runtime_op(RuntimeFn::FloatAcos, data),
            MochiOp::FloatAtan2 => self.runtime_op(RuntimeFn::FloatAtan2, data),
            other => unreachable!("{} is not about floats", other.name()),
        }
    }

    /// The old operands that may be none.
    fn nullable_operands(&self, data: &InstData) -> Vec<Value> {
        data.args.iter().copied().filter(|&arg| self.old.ty(arg).nullable).collect()
    }

    pub(super) fn is_none_float(&mut self, value: Value) -> Value {
        let bits = self.op(WasmOp::I64ReinterpretF64, &[value]);
        let none = self.i64(NONE_FLOAT as i64);
        self.op(WasmOp::I64Eq, &[bits, none])
    }

    fn is_any_none(&mut self, olds: &[Value]) -> Value {
        let mut any = None;
        for &old in olds {
            let value = self.get(old);
            let is_none = self.is_none_float(value);
            any = Some(match any {
                Some(any) => self.op(WasmOp::I32Or, &[any, is_none]),
                None => is_none,
            });
        }
        any.expect("some operand may be none")
    }

    fn float_arithmetic(&mut self, op: WasmOp, data: &InstData) -> Value {
        let result = self.plain(op, data);
        let nullable = self.nullable_operands(data);
        if nullable.is_empty() {
            return result;
        }
        let is_number = self.op(WasmOp::F64Eq, &[result, result]);
        self.unless_slow(is_number, result, |this| {
            let any_none = this.is_any_none(&nullable);
            let none = this.f64(NONE_FLOAT);
            this.op(WasmOp::F64Select, &[none, result, any_none])
        })
    }

    /// Division or remainder: none if an operand is none, else a failure if the divisor is zero.
    fn float_divide(&mut self, data: &InstData, divide: impl FnOnce(&mut Self, Value, Value) -> Value) -> Value {
        let (a, b) = (self.get(data.args[0]), self.get(data.args[1]));
        let nullable = self.nullable_operands(data);
        let joined = (!nullable.is_empty()).then(|| {
            let join = self.new_block();
            let result = self.func.add_param(join, self.func.ty(a));
            let go_on = self.new_block();
            let any_none = self.is_any_none(&nullable);
            let (none_block, ()) = self.aside(|this| {
                let none = this.f64(NONE_FLOAT);
                this.jump(join, &[none]);
            });
            self.branch(any_none, to(none_block, &[]), to(go_on, &[]));
            self.current = go_on;
            (join, result)
        });
        let zero = self.f64(0);
        let is_not_zero = self.op(WasmOp::F64Ne, &[b, zero]);
        self.require_divisor(is_not_zero);
        let quotient = divide(self, a, b);
        match joined {
            Some((join, result)) => {
                self.jump(join, &[quotient]);
                self.current = join;
                result
            }
            None => quotient,
        }
    }

    /// None is equal to none, unlike any other not-a-number. `combine` puts the comparison of
    /// floats together with that of the bits of two nones.
    fn float_equal(&mut self, data: &InstData, op: WasmOp, combine: WasmOp) -> Value {
        let result = self.plain(op, data);
        let [a, b] = self.nullable_operands(data)[..] else { return result };
        let (a, b) = (self.get(a), self.get(b));
        let (a, b) = (self.is_none_float(a), self.is_none_float(b));
        let mut both = self.op(WasmOp::I32And, &[a, b]);
        if op == WasmOp::F64Ne {
            both = self.op(WasmOp::I32Eqz, &[both]);
        }
        self.op(combine, &[result, both])
    }

    fn float_to_int(&mut self, data: &InstData) -> Value {
        let x = self.get(data.args[0]);
        let truncated = self.op(WasmOp::I64TruncSatF64S, &[x]);
        let magnitude = self.op(WasmOp::F64Abs, &[x]);
        let limit = self.f64(SMALL_LIMIT.to_bits());
        let holds = self.op(WasmOp::F64Lt, &[magnitude, limit]);
        self.unless_slow(holds, truncated, |this| {
            let site = this.site();
            let site = this.i32(site);
            this.call_value(RuntimeFn::FloatToInt, &[x, site])
        })
    }
}
