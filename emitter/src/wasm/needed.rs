//! What of a function is worth emitting, and how often its values are used there.
//!
//! Operations that do something besides computing are needed, and so is what they use. The rest –
//! a sum that nobody reads, a loop variable that only feeds itself – is left out, so that every
//! later step of emission may take each use it sees for a real one.

use crate::analysis::Cfg;
use crate::ir::{Block, Effect, Function, Inst, Op, Terminator, Value, ValueDef};

pub(super) struct Needed {
    insts: Vec<bool>,
    values: Vec<bool>,
    /// Where each needed instruction stands: its block, and its place among the instructions there.
    places: Vec<(Block, u32)>,
    /// Uses of each value by what is needed.
    uses: Vec<u32>,
    /// Of these, the ones in the block that defines the value.
    uses_at_home: Vec<u32>,
}

impl Needed {
    pub(super) fn new(func: &Function, cfg: &Cfg) -> Needed {
        let mut needed = Needed {
            insts: vec![false; func.insts.len()],
            values: vec![false; func.values.len()],
            places: vec![(Block(0), 0); func.insts.len()],
            uses: vec![0; func.values.len()],
            uses_at_home: vec![0; func.values.len()],
        };
        needed.mark(func, cfg);
        needed.count(func, cfg);
        needed
    }

    fn mark(&mut self, func: &Function, cfg: &Cfg) {
        let mut work: Vec<Value> = Vec::new();
        for &block in cfg.rpo() {
            let data = func.block(block);
            for &inst in &data.insts {
                if has_effect(func.inst(inst).op) {
                    self.insts[inst.index()] = true;
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
            if std::mem::replace(&mut self.values[value.index()], true) {
                continue;
            }
            match func.def(value) {
                ValueDef::Result(inst, _) => {
                    if !std::mem::replace(&mut self.insts[inst.index()], true) {
                        work.extend_from_slice(&func.inst(inst).args);
                    }
                }
                ValueDef::Param(block, position) => {
                    for &pred in cfg.preds(block) {
                        let targets = func.block(pred).term.targets();
                        work.extend(
                            targets.filter(|target| target.block == block).map(|target| target.args[position as usize]),
                        );
                    }
                }
            }
        }
    }

    fn count(&mut self, func: &Function, cfg: &Cfg) {
        // Places first: a use may come earlier in this order than the definition.
        for &block in cfg.rpo() {
            for (position, &inst) in func.block(block).insts.iter().enumerate() {
                self.places[inst.index()] = (block, position as u32);
            }
        }
        for &block in cfg.rpo() {
            let data = func.block(block);
            for &inst in &data.insts {
                if self.insts[inst.index()] {
                    func.inst(inst).args.iter().for_each(|&arg| self.add_use(func, block, arg));
                }
            }
            match &data.term {
                Terminator::Branch { cond, then: _, otherwise: _ } => self.add_use(func, block, *cond),
                Terminator::Return(values) => values.iter().for_each(|&value| self.add_use(func, block, value)),
                Terminator::Jump(_) | Terminator::Unreachable => {}
            }
            for target in data.term.targets() {
                for (&arg, &param) in target.args.iter().zip(&func.block(target.block).params) {
                    if self.is_needed(param) {
                        self.add_use(func, block, arg);
                    }
                }
            }
        }
    }

    fn add_use(&mut self, func: &Function, block: Block, value: Value) {
        self.uses[value.index()] += 1;
        let home = match func.def(value) {
            ValueDef::Result(inst, _) => self.places[inst.index()].0,
            ValueDef::Param(home, _) => home,
        };
        self.uses_at_home[value.index()] += (home == block) as u32;
    }

    /// Whether anything needed uses the value.
    pub(super) fn is_needed(&self, value: Value) -> bool {
        self.values[value.index()]
    }

    pub(super) fn has_inst(&self, inst: Inst) -> bool {
        self.insts[inst.index()]
    }

    /// The block of an instruction and its place there.
    pub(super) fn place(&self, inst: Inst) -> (Block, u32) {
        self.places[inst.index()]
    }

    pub(super) fn uses(&self, value: Value) -> u32 {
        self.uses[value.index()]
    }

    pub(super) fn uses_at_home(&self, value: Value) -> u32 {
        self.uses_at_home[value.index()]
    }
}

/// Whether the operation must stay although nobody uses its results.
fn has_effect(op: Op) -> bool {
    match op.effect() {
        Effect::Pure | Effect::Alloc | Effect::Read => false,
        Effect::Fail | Effect::Write => true,
    }
}
