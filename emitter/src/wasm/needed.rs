//! Counts the uses that emission has to serve.
//!
//! Only what is needed counts, so every later step may take each use it sees for a real one.

use crate::analysis::{self, Cfg};
use crate::ir::{Block, Function, Inst, Terminator, Value, ValueDef};

pub(super) struct Needed {
    needed: analysis::Needed,
    /// Where each instruction stands: its block, and its place among the instructions there.
    places: Vec<(Block, u32)>,
    /// Uses of each value by what is needed.
    uses: Vec<u32>,
    /// Of these, the ones in the block that defines the value.
    uses_at_home: Vec<u32>,
}

impl Needed {
    pub(super) fn new(func: &Function, cfg: &Cfg) -> Needed {
        let mut needed = Needed {
            needed: analysis::Needed::new(func, cfg),
            places: vec![(Block(0), 0); func.insts.len()],
            uses: vec![0; func.values.len()],
            uses_at_home: vec![0; func.values.len()],
        };
        // Places first: a use may come earlier in this order than the definition.
        for &block in cfg.rpo() {
            for (position, &inst) in func.block(block).insts.iter().enumerate() {
                needed.places[inst.index()] = (block, position as u32);
            }
        }
        for &block in cfg.rpo() {
            needed.count(func, block);
        }
        needed
    }

    fn count(&mut self, func: &Function, block: Block) {
        let data = func.block(block);
        for &inst in &data.insts {
            if self.has_inst(inst) {
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
        self.needed.is_needed(value)
    }

    pub(super) fn has_inst(&self, inst: Inst) -> bool {
        self.needed.has_inst(inst)
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
