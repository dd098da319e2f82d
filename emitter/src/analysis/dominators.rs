//! The dominator tree.
//!
//! "A Simple, Fast Dominance Algorithm" (Cooper, Harvey, Kennedy, 2001): block graphs made from
//! structured programs settle in two rounds, whatever their size.

use super::Cfg;
use crate::ir::{Block, ENTRY};

/// Which block every path to a block goes through.
#[derive(Clone, Debug)]
pub struct Dominators {
    /// The immediate dominator of each block; its own number for the entry and unreachable blocks.
    idoms: Vec<Block>,
    /// Each block's stretch in a preorder walk of the tree: `a` dominates `b` if and only if `b`'s
    /// stretch lies in `a`'s. Empty for unreachable blocks.
    stretches: Vec<(u32, u32)>,
    preorder: Vec<Block>,
}

impl Dominators {
    pub fn new(cfg: &Cfg) -> Dominators {
        let positions = idom_positions(cfg);
        let mut idoms: Vec<Block> = (0..cfg.block_count()).map(Block::new).collect();
        for (position, &block) in cfg.rpo().iter().enumerate() {
            idoms[block.index()] = cfg.rpo()[positions[position] as usize];
        }
        // Sizes of subtrees from the leaves up, then places from the root down. A block's place
        // starts behind the subtrees of the siblings that come before it in reverse postorder.
        let mut sizes = vec![1u32; positions.len()];
        for position in (1..positions.len()).rev() {
            sizes[positions[position] as usize] += sizes[position];
        }
        let mut stretches = vec![(0, 0); cfg.block_count()];
        let mut preorder = vec![ENTRY; positions.len()];
        let mut next_child = vec![0u32; positions.len()];
        for (position, &block) in cfg.rpo().iter().enumerate() {
            let parent = positions[position] as usize;
            let start = if position == 0 { 0 } else { next_child[parent] };
            if position > 0 {
                next_child[parent] += sizes[position];
            }
            next_child[position] = start + 1;
            stretches[block.index()] = (start, start + sizes[position]);
            preorder[start as usize] = block;
        }
        Dominators { idoms, stretches, preorder }
    }

    /// The closest block other than itself that every path to `block` goes through.
    pub fn idom(&self, block: Block) -> Option<Block> {
        let idom = self.idoms[block.index()];
        (idom != block).then_some(idom)
    }

    /// Whether every path to `b` goes through `a`; a block dominates itself. Unreachable blocks
    /// neither dominate nor are dominated.
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        let (start, end) = self.stretches[a.index()];
        let (at, at_end) = self.stretches[b.index()];
        start <= at && at < end && at < at_end
    }

    /// The reachable blocks, each after its dominators, subtrees unbroken.
    pub fn preorder(&self) -> &[Block] {
        &self.preorder
    }

    /// The blocks that `block` dominates, itself first.
    pub fn subtree(&self, block: Block) -> &[Block] {
        let (start, end) = self.stretches[block.index()];
        &self.preorder[start as usize..end as usize]
    }
}

/// The immediate dominators in terms of positions in reverse postorder.
fn idom_positions(cfg: &Cfg) -> Vec<u32> {
    const UNKNOWN: u32 = u32::MAX;
    let mut idoms = vec![UNKNOWN; cfg.rpo().len()];
    if let Some(entry) = idoms.first_mut() {
        *entry = 0;
    }
    let mut changed = true;
    while changed {
        changed = false;
        for (position, &block) in cfg.rpo().iter().enumerate().skip(1) {
            let mut idom = UNKNOWN;
            for &pred in cfg.preds(block) {
                let mut other = cfg.position(pred).expect("a predecessor is reachable") as u32;
                if idoms[other as usize] == UNKNOWN {
                    continue;
                }
                if idom == UNKNOWN {
                    idom = other;
                    continue;
                }
                while idom != other {
                    while other > idom {
                        other = idoms[other as usize];
                    }
                    while idom > other {
                        idom = idoms[idom as usize];
                    }
                }
            }
            if idoms[position] != idom {
                idoms[position] = idom;
                changed = true;
            }
        }
    }
    idoms
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{graph, random_graph};
    use super::*;

    #[test]
    fn a_join_is_dominated_by_the_fork() {
        let func = graph(&[&[1, 2], &[3], &[3], &[4, 5], &[3], &[], &[5]]);
        let dom = Dominators::new(&Cfg::new(&func));
        assert_eq!(dom.idom(Block(0)), None);
        assert_eq!(dom.idom(Block(3)), Some(Block(0)));
        assert_eq!(dom.idom(Block(5)), Some(Block(3)));
        assert!(dom.dominates(Block(3), Block(4)) && !dom.dominates(Block(1), Block(3)));
        assert!(!dom.dominates(Block(6), Block(5)) && !dom.dominates(Block(0), Block(6)));
        assert!(!dom.dominates(Block(6), Block(6)));
        assert_eq!(dom.subtree(Block(3)), [3, 4, 5].map(Block));
    }

    proptest! {
        /// `a` dominates `b` if and only if `b` cannot be reached once `a` is taken out.
        #[test]
        fn agrees_with_the_definition(func in random_graph(12)) {
            let cfg = Cfg::new(&func);
            let dom = Dominators::new(&cfg);
            for &a in cfg.rpo() {
                let mut reached = vec![false; func.blocks.len()];
                let mut work = if a == ENTRY { vec![] } else { vec![ENTRY] };
                while let Some(block) = work.pop() {
                    if block != a && !std::mem::replace(&mut reached[block.index()], true) {
                        work.extend(func.block(block).term.targets().map(|target| target.block));
                    }
                }
                for &b in cfg.rpo() {
                    prop_assert_eq!(dom.dominates(a, b), !reached[b.index()], "{} {}", a, b);
                    prop_assert_eq!(dom.subtree(a).contains(&b), !reached[b.index()]);
                }
            }
            prop_assert_eq!(dom.preorder().len(), cfg.rpo().len());
        }
    }
}
