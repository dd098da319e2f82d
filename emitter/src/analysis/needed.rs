//! Which instructions and values a function cannot do without.
//!
//! Operations that do something besides computing are needed, and so is what they use. The rest –
//! a sum that nobody reads, a loop variable that only feeds itself – is not.

use super::Cfg;
use crate::ir::{Effect, Function, Inst, Op, Terminator, Value, ValueDef};

#[derive(Clone, Debug)]
pub struct Needed {
    insts: Vec<bool>,
    values: Vec<bool>,
}

impl Needed {
    pub fn new(func: &Function, cfg: &Cfg) -> Needed {
        let mut insts = vec![false; func.insts.len()];
        let mut values = vec![false; func.values.len()];
        let mut work: Vec<Value> = Vec::new();
        for &block in cfg.rpo() {
            let data = func.block(block);
            for &inst in &data.insts {
                if has_effect(func.inst(inst).op) {
                    insts[inst.index()] = true;
                    work.extend_from_slice(&func.inst(inst).args);
                }
            }
            match &data.term {
                Terminator::Branch { cond, then: _, otherwise: _ } => work.push(*cond),
                Terminator::Return(values) => work.extend_from_slice(values),
                Terminator::Jump(_) | Terminator::Unreachable => {}
            }
        }
        while let Some(value) = work.pop() {
            if std::mem::replace(&mut values[value.index()], true) {
                continue;
            }
            match func.def(value) {
                ValueDef::Result(inst, _) => {
                    if !std::mem::replace(&mut insts[inst.index()], true) {
                        work.extend_from_slice(&func.inst(inst).args);
                    }
                }
                ValueDef::Param(block, position) => {
                    for &pred in cfg.preds(block) {
                        let edges = func.block(pred).term.targets().filter(|target| target.block == block);
                        work.extend(edges.map(|target| target.args[position as usize]));
                    }
                }
            }
        }
        Needed { insts, values }
    }

    /// Whether anything needed uses the value.
    pub fn is_needed(&self, value: Value) -> bool {
        self.values[value.index()]
    }

    pub fn has_inst(&self, inst: Inst) -> bool {
        self.insts[inst.index()]
    }
}

/// Whether the operation must stay although nobody uses its results.
fn has_effect(op: Op) -> bool {
    match op.effect() {
        Effect::Pure | Effect::Alloc | Effect::Read => false,
        Effect::Fail | Effect::Write => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::random_function;
    use super::*;

    proptest::proptest! {
        /// Nothing needed uses what is not.
        #[test]
        fn what_the_needed_use_is_needed(func in random_function(10)) {
            let cfg = Cfg::new(&func);
            let needed = Needed::new(&func, &cfg);
            for &block in cfg.rpo() {
                for &inst in func.block(block).insts.iter().filter(|&&inst| needed.has_inst(inst)) {
                    assert!(func.inst(inst).args.iter().all(|&arg| needed.is_needed(arg)));
                }
                for target in func.block(block).term.targets() {
                    for (&param, &arg) in func.block(target.block).params.iter().zip(&target.args) {
                        assert!(!needed.is_needed(param) || needed.is_needed(arg));
                    }
                }
            }
        }
    }
}
