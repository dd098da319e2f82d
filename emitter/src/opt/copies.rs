//! Copies of blocks, and the values that then have two definitions.
//!
//! Where the definitions meet they get block parameters ("Simple and Efficient Construction of Static Single
//! Assignment Form", CC 2013).

use crate::analysis::Cfg;
use crate::hash::HashMap;
use crate::ir::{Block, Function, Inst, InstData, Target, Terminator, Value};

/// The copies of blocks, and of what they define.
pub(super) struct Copies {
    pub(super) blocks: HashMap<Block, Block>,
    values: HashMap<Value, Value>,
}

impl Copies {
    /// Copies blocks; edges among them lead from copy to copy, all others where they led. Nothing leads to the copies
    /// from elsewhere yet; once something does, [`Copies::repair`] makes the function whole again.
    pub(super) fn make(func: &mut Function, blocks: &[Block], cold: bool) -> Copies {
        let mut copies = Copies { blocks: HashMap::default(), values: HashMap::default() };
        for &block in blocks {
            copies.add_block(func, block, cold);
        }
        for &block in blocks {
            copies.fill_block(func, block);
        }
        copies
    }

    /// What a value is in the copies.
    pub(super) fn value(&self, value: Value) -> Value {
        self.values.get(&value).copied().unwrap_or(value)
    }

    /// Leads each use of a value that has two definitions to the one that reaches it.
    pub(super) fn repair(self, func: &mut Function) {
        Repair::new(func, self).run();
    }

    fn add_block(&mut self, func: &mut Function, block: Block, cold: bool) {
        let copy = func.add_block();
        func.block_mut(copy).cold = cold;
        self.blocks.insert(block, copy);
        for param in func.block(block).params.clone() {
            let value = func.add_param(copy, func.ty(param));
            self.values.insert(param, value);
        }
    }

    fn fill_block(&mut self, func: &mut Function, block: Block) {
        let copy = self.blocks[&block];
        for inst in func.block(block).insts.clone() {
            let InstData { op, args, imm, results, consumed: _ } = func.inst(inst).clone();
            let types: Vec<_> = results.iter().map(|&result| func.ty(result)).collect();
            let args = args.iter().map(|&arg| self.value(arg)).collect();
            let span = func.span(inst);
            let new: Inst = func.append_inst(copy, op, args, imm, &types, span);
            func.scopes[new.index()] = func.scope(inst);
            for (at, result) in results.into_iter().enumerate() {
                self.values.insert(result, func.inst(new).results[at]);
            }
        }
        let mut term = func.block(block).term.clone();
        term.map_uses(|value| self.value(value));
        for target in term.targets_mut() {
            target.block = self.blocks.get(&target.block).copied().unwrap_or(target.block);
        }
        func.block_mut(copy).term = term;
    }
}

/// Leads each use of a value that has two definitions to the one that reaches it, or to a new parameter.
struct Repair<'a> {
    func: &'a mut Function,
    preds: Vec<Vec<Block>>,
    /// The first of each pair of definitions, by either.
    pairs: HashMap<Value, Value>,
    /// What each first definition is at the end and at the beginning of blocks.
    at_end: HashMap<(Block, Value), Value>,
    at_start: HashMap<(Block, Value), Value>,
    /// The blocks of both definitions.
    homes: HashMap<Value, Block>,
}

impl Repair<'_> {
    fn new(func: &mut Function, copies: Copies) -> Repair<'_> {
        let cfg = Cfg::new(func);
        let preds = func.block_ids().map(|block| cfg.preds(block).to_vec()).collect();
        // What only slow paths led to is not reached any more, but its copy is.
        for block in func.block_ids().filter(|&block| !cfg.is_reachable(block)) {
            func.block_mut(block).insts.clear();
            func.block_mut(block).term = Terminator::Unreachable;
        }
        let mut repair = Repair {
            func,
            preds,
            pairs: HashMap::default(),
            at_end: HashMap::default(),
            at_start: HashMap::default(),
            homes: HashMap::default(),
        };
        let mut pairs: Vec<(Value, Value)> = copies.values.into_iter().collect();
        pairs.sort_unstable();
        for (first, second) in pairs {
            for value in [first, second] {
                repair.pairs.insert(value, first);
            }
        }
        for block in repair.func.block_ids() {
            let data = repair.func.block(block);
            let results = data.insts.iter().flat_map(|&inst| repair.func.inst(inst).results.iter().copied());
            for value in data.params.iter().copied().chain(results) {
                if let Some(&first) = repair.pairs.get(&value) {
                    repair.at_end.insert((block, first), value);
                    repair.homes.insert(value, block);
                }
            }
        }
        repair
    }

    fn run(&mut self) {
        for block in self.func.block_ids() {
            for index in 0..self.func.block(block).insts.len() {
                let inst = self.func.block(block).insts[index];
                for at in 0..self.func.inst(inst).args.len() {
                    let value = self.func.inst(inst).args[at];
                    let reaching = self.reaching(block, value);
                    self.func.inst_mut(inst).args[at] = reaching;
                }
            }
            let uses: Vec<Value> = self.func.block(block).term.uses().collect();
            let mut reaching: HashMap<Value, Value> = HashMap::default();
            for value in uses {
                let found = self.reaching(block, value);
                reaching.insert(value, found);
            }
            // Parameters that were added meanwhile have brought arguments, which reach already.
            self.func.block_mut(block).term.map_uses(|value| reaching.get(&value).copied().unwrap_or(value));
        }
    }

    /// What a use in `block` of a value means.
    fn reaching(&mut self, block: Block, value: Value) -> Value {
        match self.pairs.get(&value) {
            Some(_) if self.homes.get(&value) == Some(&block) => value,
            Some(&first) => self.start_of(block, first),
            None => value,
        }
    }

    fn start_of(&mut self, block: Block, first: Value) -> Value {
        if let Some(&known) = self.at_start.get(&(block, first)) {
            return known;
        }
        if let [only] = self.preds[block.index()][..] {
            let value = self.end_of(only, first);
            self.at_start.insert((block, first), value);
            return value;
        }
        let param = self.func.add_param(block, self.func.ty(first));
        self.at_start.insert((block, first), param);
        let mut preds = self.preds[block.index()].clone();
        preds.sort_unstable();
        preds.dedup();
        for pred in preds {
            let value = self.end_of(pred, first);
            let add = |target: &mut Target| {
                if target.block == block {
                    target.args.push(value);
                }
            };
            self.func.block_mut(pred).term.targets_mut().for_each(add);
        }
        param
    }

    fn end_of(&mut self, block: Block, first: Value) -> Value {
        match self.at_end.get(&(block, first)) {
            Some(&value) => value,
            None => self.start_of(block, first),
        }
    }
}
