//! Which int words are proven small, that is in `[-2^61, 2^61)`.
//!
//! A fact for legalization: what is small needs no counting, and comparisons and divisions of it
//! need fewer checks. Found optimistically: everything is small until something that may not be
//! reaches it through block parameters or operations that keep smallness. Values get smaller
//! ranges than this elsewhere (the range pass turns such operations into `small.*`, whose results
//! are small by definition).

use super::BitSet;
use crate::ir::{Function, Imm, MochiOp, Op, Type, Value, ValueDef};

/// The values of kind int or any that are small on every path.
#[derive(Clone, Debug)]
pub struct SmallInts {
    others: BitSet,
}

impl SmallInts {
    pub fn new(func: &Function) -> SmallInts {
        let mut finder =
            Finder { others: BitSet::new(), work: Vec::new(), dependents: vec![Vec::new(); func.values.len()] };
        for &param in func.params() {
            finder.refute(param);
        }
        for block in &func.blocks {
            for &inst in &block.insts {
                finder.visit(func, inst);
            }
            for target in block.term.targets() {
                for (&param, &arg) in func.block(target.block).params.iter().zip(&target.args) {
                    finder.depend(param, arg);
                }
            }
        }
        while let Some(value) = finder.work.pop() {
            for dependent in std::mem::take(&mut finder.dependents[value.index()]) {
                finder.refute(dependent);
            }
        }
        SmallInts { others: finder.others }
    }

    /// Whether `value`, an int or any, is proven small; such a value is not none either.
    pub fn contains(&self, value: Value) -> bool {
        !self.others.contains(value.index())
    }
}

/// The int that `value` is a constant of.
pub fn constant_int(func: &Function, value: Value) -> Option<i64> {
    match func.def(value) {
        ValueDef::Result(inst, _) => match (func.inst(inst).op, func.inst(inst).imm) {
            (Op::Mochi(MochiOp::IntConst), Imm::I64(constant)) => Some(constant),
            _ => None,
        },
        ValueDef::Param(..) => None,
    }
}

const LIMIT: i64 = 1 << 61;

struct Finder {
    others: BitSet,
    /// Found not to be small, dependents not yet told.
    work: Vec<Value>,
    /// Values that are small only if this one is.
    dependents: Vec<Vec<Value>>,
}

impl Finder {
    fn refute(&mut self, value: Value) {
        if !self.others.contains(value.index()) {
            self.others.insert(value.index());
            self.work.push(value);
        }
    }

    fn depend(&mut self, value: Value, on: Value) {
        self.dependents[on.index()].push(value);
    }

    fn visit(&mut self, func: &Function, inst: crate::ir::Inst) {
        let data = func.inst(inst);
        let Op::Mochi(op) = data.op else {
            return data.results.iter().for_each(|&result| self.refute(result));
        };
        let [result] = data.results[..] else { return };
        match op {
            MochiOp::IntConst => {
                if !matches!(data.imm, Imm::I64(value) if (-LIMIT..LIMIT).contains(&value)) {
                    self.refute(result);
                }
            }
            MochiOp::Convert => self.depend(result, data.args[0]),
            // A remainder is closer to zero than its divisor; the quotient than its dividend,
            // but for a divisor of -1.
            MochiOp::IntRem if func.ty(data.args[0]) == Type::INT => self.depend(result, data.args[1]),
            MochiOp::IntDiv if constant_int(func, data.args[1]).is_some_and(|divisor| !matches!(divisor, -1 | 0)) => {
                self.depend(result, data.args[0]);
            }
            MochiOp::BoolToInt if func.ty(result).nullable => self.refute(result),
            MochiOp::BoolToInt
            | MochiOp::SmallAdd
            | MochiOp::SmallSub
            | MochiOp::SmallMul
            | MochiOp::SmallDiv
            | MochiOp::SmallRem
            | MochiOp::SmallNeg
            | MochiOp::IntLen
            | MochiOp::FloatLen
            | MochiOp::StrLen
            | MochiOp::RangeStart
            | MochiOp::RangeEnd => {}
            _ => self.refute(result),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{FunctionBuilder, Param, Phase, Signature};

    #[test]
    fn counters_of_small_steps_are_small_and_sums_are_not() {
        let param = Param { ty: Type::INT, owned: false };
        let sig = Signature { params: vec![param], results: vec![Type::INT] };
        let mut b = FunctionBuilder::new(Function::new("f", sig, Phase::Counted));
        let n = b.func().params()[0];
        let zero = b.int_const(0);
        let (head, exit) = (b.create_block(), b.create_block());
        let counter = b.add_block_param(head, Type::INT);
        let sum = b.add_block_param(head, Type::INT);
        b.jump(head, vec![zero, zero]);
        b.switch_to(head);
        let one = b.int_const(1);
        let next = b.value(MochiOp::SmallAdd, vec![counter, one], Imm::None, Type::INT);
        let more = b.value(MochiOp::IntAdd, vec![sum, counter], Imm::None, Type::INT);
        let hundred = b.int_const(100);
        let rest = b.value(MochiOp::IntRem, vec![more, hundred], Imm::None, Type::INT);
        let half = b.value(MochiOp::IntDiv, vec![rest, hundred], Imm::None, Type::INT);
        let go_on = b.value(MochiOp::IntLt, vec![next, n], Imm::None, Type::BOOL);
        let back = b.create_block();
        b.branch(go_on, back, exit);
        b.seal(back);
        b.switch_to(back);
        b.jump(head, vec![next, more]);
        b.seal(head);
        b.seal(exit);
        b.switch_to(exit);
        b.ret(vec![sum]);
        let small = SmallInts::new(&b.finish());
        assert_eq!([counter, next, rest, half, zero].map(|value| small.contains(value)), [true; 5]);
        assert_eq!([n, sum, more].map(|value| small.contains(value)), [false; 3]);
    }
}
