//! How often each value is used.

use crate::ir::{Function, Value};

/// Use counts of all values, from blocks that can be reached or not.
#[derive(Clone, Debug)]
pub struct Uses {
    counts: Vec<u32>,
}

impl Uses {
    pub fn new(func: &Function) -> Uses {
        let mut counts = vec![0; func.values.len()];
        for block in &func.blocks {
            for &inst in &block.insts {
                func.inst(inst).args.iter().for_each(|arg| counts[arg.index()] += 1);
            }
            block.term.uses().for_each(|value| counts[value.index()] += 1);
        }
        Uses { counts }
    }

    /// How many operands, conditions, arguments of jumps and returned values `value` is.
    pub fn count(&self, value: Value) -> u32 {
        self.counts[value.index()]
    }

    pub fn is_used(&self, value: Value) -> bool {
        self.count(value) > 0
    }

    /// Whether `value` is used exactly once.
    pub fn is_single(&self, value: Value) -> bool {
        self.count(value) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{FunctionBuilder, Imm, Phase, Signature, Type, WasmOp};

    #[test]
    fn every_place_of_a_use_counts() {
        let sig = Signature { params: vec![], results: vec![Type::I32] };
        let mut b = FunctionBuilder::new(Function::new("f", sig, Phase::Legalized));
        let one = b.i32_const(1);
        let two = b.value(WasmOp::I32Add, vec![one, one], Imm::None, Type::I32);
        let unused = b.i32_const(2);
        let (then, otherwise) = (b.create_block(), b.create_block());
        b.branch(one, then, otherwise);
        for block in [then, otherwise] {
            b.seal(block);
            b.switch_to(block);
            b.ret(vec![two]);
        }
        let uses = Uses::new(&b.finish());
        assert_eq!((uses.count(one), uses.count(two)), (3, 2));
        assert!(!uses.is_used(unused) && !uses.is_single(two));
    }
}
