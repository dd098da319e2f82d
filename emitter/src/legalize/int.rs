//! Ints: fast paths on small words, the runtime for everything else.
//!
//! Words of big numbers and none lie where one check often covers two operands (see `layout`):
//! if the sum of two words is small, so were both. If both operands of a subtraction may not be
//! small, its left one and the result are checked, which is as good: were the right one not
//! small, it could not be the difference of two small ones.
//!
//! Comparisons are never turned into the negation of their opposite, because none is neither
//! less than, equal to nor greater than anything else.

use super::layout::{NEGATIVE_TAG, NONE_WORD, POSITIVE_TAG, SMALL_LIMIT, is_small};
use super::lower::{Ctx, to};
use crate::analysis::constant_int;
use crate::ir::{Imm, InstData, MochiOp, Op, Target, Value, ValueDef, WasmOp};
use crate::runtime::RuntimeFn;

/// The bits of a small int but for its sign: the sign and two copies of it lead every small word.
const SMALL_SHIFT: i64 = 2;
/// The product of two ints below 2^30 in magnitude is small.
const FACTOR_BITS: i64 = 30;

/// How a comparison is made: of small words by `op`; by `slow` of the operands, swapped or not,
/// otherwise.
struct Comparison {
    op: WasmOp,
    slow: RuntimeFn,
    /// `a > b` is `b < a` to the runtime.
    swapped: bool,
    /// The slow result is negated: only for "not equal", which is the opposite even with none.
    negated: bool,
}

fn comparison(op: MochiOp) -> Option<Comparison> {
    let (wasm, slow, swapped, negated) = match op {
        MochiOp::IntEq => (WasmOp::I64Eq, RuntimeFn::IntEqSlow, false, false),
        MochiOp::IntNe => (WasmOp::I64Ne, RuntimeFn::IntEqSlow, false, true),
        MochiOp::IntLt => (WasmOp::I64LtS, RuntimeFn::IntLtSlow, false, false),
        MochiOp::IntLe => (WasmOp::I64LeS, RuntimeFn::IntLeSlow, false, false),
        MochiOp::IntGt => (WasmOp::I64GtS, RuntimeFn::IntLtSlow, true, false),
        MochiOp::IntGe => (WasmOp::I64GeS, RuntimeFn::IntLeSlow, true, false),
        _ => return None,
    };
    Some(Comparison { op: wasm, slow, swapped, negated })
}

impl Ctx<'_> {
    pub(super) fn int_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        if let Some(comparison) = comparison(op) {
            return self.int_compare(&comparison, data);
        }
        match op {
            MochiOp::IntConst => self.int_const(data.imm),
            MochiOp::IntAdd => self.int_add(data),
            MochiOp::IntSub => self.int_sub(data),
            MochiOp::IntMul => self.product(data, |this| this.int_slow(RuntimeFn::IntMulSlow, data)),
            MochiOp::IntDiv => self.quotient(data, WasmOp::I64DivS, |this| this.int_slow(RuntimeFn::IntDivSlow, data)),
            MochiOp::IntRem => self.quotient(data, WasmOp::I64RemS, |this| this.int_slow(RuntimeFn::IntRemSlow, data)),
            MochiOp::IntNeg => self.int_neg(data),
            MochiOp::SmallAdd => self.plain(WasmOp::I64Add, data),
            MochiOp::SmallSub => self.plain(WasmOp::I64Sub, data),
            MochiOp::SmallMul => self.plain(WasmOp::I64Mul, data),
            MochiOp::SmallDiv => self.plain(WasmOp::I64DivS, data),
            MochiOp::SmallRem => self.plain(WasmOp::I64RemS, data),
            MochiOp::SmallNeg => {
                let (zero, a) = (self.i64(0), self.get(data.args[0]));
                self.op(WasmOp::I64Sub, &[zero, a])
            }
            MochiOp::SmallEq => self.plain(WasmOp::I64Eq, data),
            MochiOp::SmallNe => self.plain(WasmOp::I64Ne, data),
            MochiOp::SmallLt => self.plain(WasmOp::I64LtS, data),
            MochiOp::SmallLe => self.plain(WasmOp::I64LeS, data),
            MochiOp::SmallGt => self.plain(WasmOp::I64GtS, data),
            MochiOp::SmallGe => self.plain(WasmOp::I64GeS, data),
            MochiOp::IntToFloat => self.int_to_float(data),
            MochiOp::IntToStr => {
                let mode = self.mode(data.imm);
                let a = self.get(data.args[0]);
                self.call_value(RuntimeFn::IntToString, &[a, mode])
            }
            MochiOp::IntLen => {
                let a = self.get(data.args[0]);
                self.call_value(RuntimeFn::IntLength, &[a])
            }
            MochiOp::RangeStart => self.range_bound(data, SMALL_LIMIT - 1),
            MochiOp::RangeEnd => self.range_bound(data, -SMALL_LIMIT),
            other => unreachable!("{} is not about ints", other.name()),
        }
    }

    /// The same operation on the operands' words.
    pub(super) fn plain(&mut self, op: WasmOp, data: &InstData) -> Value {
        let args: Vec<Value> = data.args.iter().map(|&arg| self.get(arg)).collect();
        self.op(op, &args)
    }

    /// Which text of none an operation makes.
    pub(super) fn mode(&mut self, imm: Imm) -> Value {
        let Imm::I32(mode) = imm else { unreachable!("a mode is an i32") };
        self.i32(mode)
    }

    fn operands(&self, data: &InstData) -> (Value, Value) {
        (self.get(data.args[0]), self.get(data.args[1]))
    }

    fn int_const(&mut self, imm: Imm) -> Value {
        let Imm::I64(value) = imm else { unreachable!("an int constant is an i64") };
        if is_small(value) {
            return self.i64(value);
        }
        let object = self.runtime.statics.bignum(self.module, value);
        let address = self.op_with(WasmOp::DataAddr, &[], Imm::Data(object));
        let address = self.op(WasmOp::I64ExtendI32U, &[address]);
        let tag = self.i64(if value < 0 { NEGATIVE_TAG } else { POSITIVE_TAG });
        self.op(WasmOp::I64Add, &[address, tag])
    }

    /// Whether a word is small.
    pub(super) fn small_check(&mut self, word: Value) -> Value {
        let shift = self.i64(SMALL_SHIFT);
        let up = self.op(WasmOp::I64Shl, &[word, shift]);
        let shift = self.i64(SMALL_SHIFT);
        let back = self.op(WasmOp::I64ShrS, &[up, shift]);
        self.op(WasmOp::I64Eq, &[back, word])
    }

    /// A word whose two leading bits are zero exactly if `word` is small.
    fn sign_changes(&mut self, word: Value) -> Value {
        let one = self.i64(1);
        let up = self.op(WasmOp::I64Shl, &[word, one]);
        self.op(WasmOp::I64Xor, &[up, word])
    }

    /// Whether two words are small.
    pub(super) fn both_small(&mut self, a: Value, b: Value) -> Value {
        let (a, b) = (self.sign_changes(a), self.sign_changes(b));
        let both = self.op(WasmOp::I64Or, &[a, b]);
        self.fits_below(both, 64 - SMALL_SHIFT)
    }

    /// Whether no bit from `bit` up is set.
    fn fits_below(&mut self, word: Value, bit: i64) -> Value {
        let shift = self.i64(bit);
        let rest = self.op(WasmOp::I64ShrU, &[word, shift]);
        self.op(WasmOp::I64Eqz, &[rest])
    }

    /// Calls a checked operation's slow path, which also gives up the operands that die here.
    fn int_slow(&mut self, func: RuntimeFn, data: &InstData) -> Value {
        let mut args: Vec<Value> = data.args.iter().map(|&arg| self.get(arg)).collect();
        args.push(self.i32(data.consumed as i32));
        if func.params().len() > args.len() {
            let site = self.site();
            args.push(self.i32(site));
        }
        self.call_value(func, &args)
    }

    fn int_add(&mut self, data: &InstData) -> Value {
        if self.cold {
            return self.int_slow(RuntimeFn::IntAddSlow, data);
        }
        let (a, b) = self.operands(data);
        let sum = self.op(WasmOp::I64Add, &[a, b]);
        let holds = self.small_check(sum);
        self.unless_slow(holds, sum, |this| this.int_slow(RuntimeFn::IntAddSlow, data))
    }

    fn int_sub(&mut self, data: &InstData) -> Value {
        if self.cold {
            return self.int_slow(RuntimeFn::IntSubSlow, data);
        }
        let (a, b) = self.operands(data);
        let difference = self.op(WasmOp::I64Sub, &[a, b]);
        let holds = if self.is_small(data.args[0]) || self.is_small(data.args[1]) {
            self.small_check(difference)
        } else {
            self.both_small(a, difference)
        };
        self.unless_slow(holds, difference, |this| this.int_slow(RuntimeFn::IntSubSlow, data))
    }

    fn int_neg(&mut self, data: &InstData) -> Value {
        if self.cold {
            return self.int_slow(RuntimeFn::IntNegSlow, data);
        }
        let (zero, a) = (self.i64(0), self.get(data.args[0]));
        let negated = self.op(WasmOp::I64Sub, &[zero, a]);
        let holds = self.small_check(negated);
        self.unless_slow(holds, negated, |this| this.int_slow(RuntimeFn::IntNegSlow, data))
    }

    pub(super) fn product(&mut self, data: &InstData, slow: impl FnOnce(&mut Self) -> Value) -> Value {
        if self.cold {
            return slow(self);
        }
        let (a, b) = self.operands(data);
        let small_constant = |old| self.constant_word(old).filter(|&value| is_small(value));
        let holds = match (small_constant(data.args[0]), small_constant(data.args[1])) {
            (_, Some(factor)) => self.fits_times(a, factor),
            (Some(factor), None) => self.fits_times(b, factor),
            (None, None) => {
                let half = self.i64(1 << FACTOR_BITS);
                let left = self.op(WasmOp::I64Add, &[a, half]);
                let half = self.i64(1 << FACTOR_BITS);
                let right = self.op(WasmOp::I64Add, &[b, half]);
                let both = self.op(WasmOp::I64Or, &[left, right]);
                self.fits_below(both, FACTOR_BITS + 1)
            }
        };
        let product = self.op(WasmOp::I64Mul, &[a, b]);
        self.unless_slow(holds, product, slow)
    }

    /// The int that a value is known to be, which may be one of any kind.
    fn constant_word(&self, old: Value) -> Option<i64> {
        let of = match self.old.def(old) {
            ValueDef::Result(inst, _) if self.old.inst(inst).op == Op::Mochi(MochiOp::Convert) => {
                self.old.inst(inst).args[0]
            }
            ValueDef::Result(..) | ValueDef::Param(..) => old,
        };
        constant_int(self.old, of)
    }

    /// Whether `word` is small and so is its product with `factor`; sometimes no if so.
    fn fits_times(&mut self, word: Value, factor: i64) -> Value {
        let limit = SMALL_LIMIT.unsigned_abs();
        let magnitude = factor.unsigned_abs().max(1);
        let largest = (limit - 1) / magnitude;
        if largest >> 31 == 0 {
            // A factor so large leaves few numbers; a shift would cut off too many of them.
            let offset = self.i64(largest as i64);
            let shifted = self.op(WasmOp::I64Add, &[word, offset]);
            let bound = self.i64(2 * largest as i64);
            return self.op(WasmOp::I64LeU, &[shifted, bound]);
        }
        // The smallest number of `[-2^bits, 2^bits)` may have the smallest small int as product
        // but not its opposite.
        let bits = if factor < 0 { largest.ilog2() } else { (limit / magnitude).ilog2() };
        let shift = 63 - i64::from(bits);
        let amount = self.i64(shift);
        let up = self.op(WasmOp::I64Shl, &[word, amount]);
        let amount = self.i64(shift);
        let back = self.op(WasmOp::I64ShrS, &[up, amount]);
        self.op(WasmOp::I64Eq, &[back, word])
    }

    /// A quotient or remainder.
    pub(super) fn quotient(&mut self, data: &InstData, op: WasmOp, slow: impl FnOnce(&mut Self) -> Value) -> Value {
        let (a, b) = self.operands(data);
        let divisor = self.constant_word(data.args[1]).filter(|&value| is_small(value));
        let (a_small, b_small) = (self.is_small(data.args[0]), self.is_small(data.args[1]));
        let holds = match divisor {
            // Zero fails, and the smallest small int has no small opposite.
            Some(0 | -1) => return slow(self),
            Some(_) if a_small => return self.op(op, &[a, b]),
            _ if self.cold => return slow(self),
            Some(_) => self.small_check(a),
            None if a_small && b_small => {
                let zero = self.i64(0);
                self.op(WasmOp::I64GtS, &[b, zero])
            }
            None => {
                // A divisor from 1 to 2^61, less one, has three leading zeros.
                let one = self.i64(1);
                let mut bits = self.op(WasmOp::I64Sub, &[b, one]);
                if !a_small {
                    let changes = self.sign_changes(a);
                    let one = self.i64(1);
                    let changes = self.op(WasmOp::I64ShrU, &[changes, one]);
                    bits = self.op(WasmOp::I64Or, &[bits, changes]);
                }
                self.fits_below(bits, 61)
            }
        };
        self.fast_or_slow(holds, |this| this.op(op, &[a, b]), slow)
    }

    /// What decides whether a comparison of words is the comparison of ints: nothing (`None`
    /// within), the old value that must be small, or that the old value must not be none.
    fn int_compare(&mut self, comparison: &Comparison, data: &InstData) -> Value {
        let (a, b) = self.operands(data);
        match self.comparison_check(comparison, data) {
            Check::Nothing => self.op(comparison.op, &[a, b]),
            Check::NotNone(old) => {
                let holds = self.op(comparison.op, &[a, b]);
                let some = self.is_not_none(old);
                self.op(WasmOp::I32And, &[holds, some])
            }
            Check::Small(_) if self.cold => self.int_compare_slow(comparison, data),
            Check::Small(old) => {
                let result = self.op(comparison.op, &[a, b]);
                let word = self.get(old);
                let holds = self.small_check(word);
                self.unless_slow(holds, result, |this| this.int_compare_slow(comparison, data))
            }
        }
    }

    /// A comparison that needs a slow path as the condition of a branch.
    pub(super) fn int_compare_and_branch(
        &mut self,
        op: MochiOp,
        data: &InstData,
        then: Target,
        otherwise: Target,
    ) -> bool {
        let Some(comparison) = comparison(op) else { return false };
        let Check::Small(old) = self.comparison_check(&comparison, data) else { return false };
        if self.cold {
            return false;
        }
        let (a, b) = self.operands(data);
        let word = self.get(old);
        let holds = self.small_check(word);
        let (slow, ()) = self.aside(|this| {
            let result = this.int_compare_slow(&comparison, data);
            this.branch(result, then.clone(), otherwise.clone());
        });
        let fast = self.new_block();
        self.branch(holds, to(fast, &[]), to(slow, &[]));
        self.current = fast;
        let result = self.op(comparison.op, &[a, b]);
        self.branch(result, then, otherwise);
        true
    }

    /// A comparison of words is right if the greater side of an ordering, or one side of an
    /// equality, is small: big numbers and none lie outside the small words on their side. With
    /// the lesser side small it is right but for none, which lies above.
    fn comparison_check(&self, comparison: &Comparison, data: &InstData) -> Check {
        let [a, b] = data.args[..] else { unreachable!("comparisons have two operands") };
        let (lesser, greater) = if comparison.swapped { (b, a) } else { (a, b) };
        if self.is_small(greater) {
            return Check::Nothing;
        }
        match (self.is_small(lesser), comparison.slow == RuntimeFn::IntEqSlow) {
            (true, true) => Check::Nothing,
            (true, false) if !self.old.ty(greater).nullable => Check::Nothing,
            (true, false) => Check::NotNone(greater),
            (false, _) => Check::Small(greater),
        }
    }

    fn int_compare_slow(&mut self, comparison: &Comparison, data: &InstData) -> Value {
        let (a, b) = self.operands(data);
        let args = if comparison.swapped { [b, a] } else { [a, b] };
        let result = self.call_value(comparison.slow, &args);
        if comparison.negated { self.op(WasmOp::I32Eqz, &[result]) } else { result }
    }

    fn is_not_none(&mut self, old: Value) -> Value {
        let word = self.get(old);
        let none = self.i64(NONE_WORD);
        self.op(WasmOp::I64Ne, &[word, none])
    }

    fn int_to_float(&mut self, data: &InstData) -> Value {
        let word = self.get(data.args[0]);
        if self.cold && !self.is_small(data.args[0]) {
            return self.call_value(RuntimeFn::IntToFloat, &[word]);
        }
        let converted = self.op(WasmOp::F64ConvertI64S, &[word]);
        if self.is_small(data.args[0]) {
            return converted;
        }
        let holds = self.small_check(word);
        self.unless_slow(holds, converted, |this| this.call_value(RuntimeFn::IntToFloat, &[word]))
    }

    /// A small word is itself; none is `none_bound`, with which a loop does not run.
    fn range_bound(&mut self, data: &InstData, none_bound: i64) -> Value {
        let old = data.args[0];
        let word = self.get(old);
        if self.is_small(old) {
            return word;
        }
        let holds = self.small_check(word);
        let join = self.new_block();
        let bound = self.func.add_param(join, self.func.ty(word));
        let nullable = self.old.ty(old).nullable;
        let (slow, ()) = self.aside(|this| {
            if nullable {
                let fails = this.new_cold_block();
                let is_some = this.is_not_none(old);
                let none_bound = this.i64(none_bound);
                this.branch(is_some, to(fails, &[]), to(join, &[none_bound]));
                this.current = fails;
            }
            this.fail_with("the bound of a range is too large");
        });
        self.branch(holds, to(join, &[word]), to(slow, &[]));
        self.current = join;
        bound
    }
}

/// What makes a comparison of words the comparison of ints.
enum Check {
    /// It is.
    Nothing,
    /// That this old value is not none; the comparison is false otherwise.
    NotNone(Value),
    /// That this old value is small; the runtime knows otherwise.
    Small(Value),
}
