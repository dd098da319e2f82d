//! Which values are still needed where blocks begin and end.
//!
//! In strict SSA form a value is live from its definition to its uses, so each use is walked back
//! to the definition and marks what it passes ("Computing Liveness Sets for SSA-Form Programs",
//! Brandner et al., 2011): the time is that of writing the answer down, with no rounds to a
//! fixpoint. Values are handled in rising order, which is the order that [`BitSet`] likes.

use super::{BitSet, Cfg};
use crate::ir::{Block, Function, Value, ValueDef};

/// The live values at the borders of blocks, as sets of value numbers.
///
/// A parameter is defined in its block, so it is not live-in there; an argument of a jump is used
/// at the end of the block that jumps, so that alone does not make it live-out there.
#[derive(Clone, Debug)]
pub struct Liveness {
    live_in: Vec<BitSet>,
    live_out: Vec<BitSet>,
}

impl Liveness {
    pub fn new(func: &Function, cfg: &Cfg) -> Liveness {
        Liveness::with_holders(func, cfg, &vec![None; func.values.len()])
    }

    /// A use of a value is one of its holder too, and of that one's.
    pub fn with_holders(func: &Function, cfg: &Cfg, holders: &[Option<Value>]) -> Liveness {
        let mut live_in = vec![BitSet::new(); func.blocks.len()];
        let mut live_out = vec![BitSet::new(); func.blocks.len()];
        let defining = defining_blocks(func, cfg);
        let (uses, starts) = uses_elsewhere(func, cfg, &defining, holders);
        let mut work: Vec<Block> = Vec::new();
        for index in 0..func.values.len() {
            let def = defining[index];
            for &user in &uses[starts[index] as usize..starts[index + 1] as usize] {
                if live_in[user.index()].insert(index) {
                    work.push(user);
                }
            }
            while let Some(block) = work.pop() {
                for &pred in cfg.preds(block) {
                    if live_out[pred.index()].insert(index) && Some(pred) != def && live_in[pred.index()].insert(index)
                    {
                        work.push(pred);
                    }
                }
            }
        }
        Liveness { live_in, live_out }
    }

    /// What is defined before `block` and used in it or after it.
    pub fn live_in(&self, block: Block) -> &BitSet {
        &self.live_in[block.index()]
    }

    /// What is used after `block` without being a parameter there.
    pub fn live_out(&self, block: Block) -> &BitSet {
        &self.live_out[block.index()]
    }

    pub fn is_live_in(&self, block: Block, value: Value) -> bool {
        self.live_in(block).contains(value.index())
    }

    pub fn is_live_out(&self, block: Block, value: Value) -> bool {
        self.live_out(block).contains(value.index())
    }
}

/// The block of each value's definition, if that can be reached.
fn defining_blocks(func: &Function, cfg: &Cfg) -> Vec<Option<Block>> {
    let mut defining = vec![None; func.values.len()];
    for &block in cfg.rpo() {
        let data = func.block(block);
        data.params.iter().for_each(|param| defining[param.index()] = Some(block));
        for &inst in &data.insts {
            func.inst(inst).results.iter().for_each(|result| defining[result.index()] = Some(block));
        }
    }
    debug_assert!(
        cfg.rpo().iter().all(|&block| func
            .block(block)
            .params
            .iter()
            .enumerate()
            .all(|(position, &param)| { func.def(param) == ValueDef::Param(block, position as u32) })),
        "a parameter of {} does not know its place",
        func.name
    );
    defining
}

/// For each value the blocks other than its own that use it, possibly several times: all lists in
/// one, and where each begins.
fn uses_elsewhere(
    func: &Function,
    cfg: &Cfg,
    defining: &[Option<Block>],
    holders: &[Option<Value>],
) -> (Vec<Block>, Vec<u32>) {
    let each = |f: &mut dyn FnMut(Block, Value)| {
        for &block in cfg.rpo() {
            let data = func.block(block);
            let operands = data.insts.iter().flat_map(|&inst| func.inst(inst).args.iter().copied());
            for value in operands.chain(data.term.uses()) {
                let chain = std::iter::successors(Some(value), |value| holders[value.index()]);
                for value in chain.filter(|value| defining[value.index()] != Some(block)) {
                    f(block, value);
                }
            }
        }
    };
    let mut starts = vec![0u32; func.values.len() + 1];
    each(&mut |_, value| starts[value.index() + 1] += 1);
    for index in 1..starts.len() {
        starts[index] += starts[index - 1];
    }
    let mut next = starts.clone();
    let mut uses = vec![Block(0); starts[func.values.len()] as usize];
    each(&mut |block, value| {
        uses[next[value.index()] as usize] = block;
        next[value.index()] += 1;
    });
    (uses, starts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::random_function;
    use super::*;
    use crate::ir::{FunctionBuilder, Imm, Phase, Signature, Type, WasmOp};

    #[test]
    fn a_value_used_in_a_loop_lives_all_around_it() {
        let sig = Signature { params: vec![], results: vec![Type::I32] };
        let mut b = FunctionBuilder::new(Function::new("f", sig, Phase::Legalized));
        let limit = b.i32_const(10);
        let zero = b.i32_const(0);
        let (head, exit) = (b.create_block(), b.create_block());
        let counter = b.declare_variable(Type::I32);
        b.def_var(counter, zero);
        b.jump(head, vec![]);
        b.switch_to(head);
        let before = b.use_var(counter);
        let after = b.value(WasmOp::I32Add, vec![before, limit], Imm::None, Type::I32);
        b.def_var(counter, after);
        b.branch(after, head, exit);
        b.seal(head);
        b.seal(exit);
        b.switch_to(exit);
        b.ret(vec![after]);
        let func = b.finish();
        let cfg = Cfg::new(&func);
        let live = Liveness::new(&func, &cfg);
        let set = |values: &[Value]| values.iter().map(|value| value.index()).collect::<BitSet>();
        assert_eq!(*live.live_out(Block(0)), set(&[limit]));
        assert_eq!(*live.live_in(head), set(&[limit]));
        assert_eq!(*live.live_out(head), set(&[limit, after]));
        assert_eq!(*live.live_in(exit), set(&[after]));
        assert!(live.is_live_in(exit, after) && !live.is_live_out(exit, after));
    }

    proptest! {
        /// The sets solve the data flow equations, and solve them with nothing to spare.
        #[test]
        fn agrees_with_the_equations(func in random_function(10)) {
            let cfg = Cfg::new(&func);
            let live = Liveness::new(&func, &cfg);
            let mut live_in = vec![BitSet::new(); func.blocks.len()];
            let mut live_out = live_in.clone();
            loop {
                let before = (live_in.clone(), live_out.clone());
                for block in cfg.postorder() {
                    let data = func.block(block);
                    let mut set: BitSet =
                        data.term.targets().flat_map(|target| live_in[target.block.index()].iter()).collect();
                    live_out[block.index()] = set.clone();
                    data.term.uses().for_each(|value| { set.insert(value.index()); });
                    for &inst in data.insts.iter().rev() {
                        func.inst(inst).results.iter().for_each(|value| { set.remove(value.index()); });
                        func.inst(inst).args.iter().for_each(|value| { set.insert(value.index()); });
                    }
                    data.params.iter().for_each(|value| { set.remove(value.index()); });
                    live_in[block.index()] = set;
                }
                if before == (live_in.clone(), live_out.clone()) {
                    break;
                }
            }
            for block in func.block_ids() {
                prop_assert_eq!(live.live_in(block), &live_in[block.index()], "into {}", block);
                prop_assert_eq!(live.live_out(block), &live_out[block.index()], "out of {}", block);
            }
        }
    }
}
