//! Who jumps where: predecessors and reverse postorder.

use crate::ir::{Block, ENTRY, Function};

/// The block graph of a function, seen from its entry. Unreachable blocks have no place in it.
#[derive(Clone, Debug)]
pub struct Cfg {
    /// The predecessors of all blocks one after the other; `starts` tells whose begin where.
    preds: Vec<Block>,
    starts: Vec<u32>,
    rpo: Vec<Block>,
    /// Where each block stands in `rpo`.
    positions: Vec<u32>,
}

const UNREACHABLE: u32 = u32::MAX;

impl Cfg {
    pub fn new(func: &Function) -> Cfg {
        let rpo = reverse_postorder(func);
        let mut positions = vec![UNREACHABLE; func.blocks.len()];
        for (position, block) in rpo.iter().enumerate() {
            positions[block.index()] = position as u32;
        }
        let mut starts = vec![0; func.blocks.len() + 1];
        for &block in &rpo {
            func.block(block).term.targets().for_each(|target| starts[target.block.index() + 1] += 1);
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut preds = vec![ENTRY; starts[func.blocks.len()] as usize];
        for &block in &rpo {
            for target in func.block(block).term.targets() {
                let place = &mut next[target.block.index()];
                preds[*place as usize] = block;
                *place += 1;
            }
        }
        Cfg { preds, starts, rpo, positions }
    }

    /// The blocks with an edge to `block`, once an edge: a branch whose targets are the same
    /// block counts twice. Unreachable blocks are left out.
    pub fn preds(&self, block: Block) -> &[Block] {
        &self.preds[self.starts[block.index()] as usize..self.starts[block.index() + 1] as usize]
    }

    /// The reachable blocks, each before its successors except along the edges that close loops.
    pub fn rpo(&self) -> &[Block] {
        &self.rpo
    }

    /// The reachable blocks, each after its successors except along the edges that close loops.
    pub fn postorder(&self) -> impl DoubleEndedIterator<Item = Block> {
        self.rpo.iter().rev().copied()
    }

    /// Where `block` stands in [`Cfg::rpo`]; nowhere if it cannot be reached.
    pub fn position(&self, block: Block) -> Option<usize> {
        let position = self.positions[block.index()];
        (position != UNREACHABLE).then_some(position as usize)
    }

    pub fn is_reachable(&self, block: Block) -> bool {
        self.position(block).is_some()
    }

    /// How many blocks the function has, unreachable ones included.
    pub fn block_count(&self) -> usize {
        self.positions.len()
    }
}

fn reverse_postorder(func: &Function) -> Vec<Block> {
    let mut order = Vec::with_capacity(func.blocks.len());
    if func.blocks.is_empty() {
        return order;
    }
    let mut seen = vec![false; func.blocks.len()];
    seen[ENTRY.index()] = true;
    // A block and how many of its targets have been walked. The last target goes first, so that
    // the first one comes right after its block in the reversed order.
    let mut work = vec![(ENTRY, 0)];
    while let Some((block, walked)) = work.last_mut() {
        let term = &func.block(*block).term;
        let count = term.targets().count();
        if *walked == count {
            order.push(*block);
            work.pop();
            continue;
        }
        *walked += 1;
        let target = term.targets().nth(count - *walked).expect("a target not yet walked").block;
        if !std::mem::replace(&mut seen[target.index()], true) {
            work.push((target, 0));
        }
    }
    order.reverse();
    order
}

#[cfg(test)]
mod tests {
    use super::super::testing::graph;
    use super::*;

    #[test]
    fn a_block_comes_before_its_successors() {
        // A diamond with a loop after it, and a block that nothing reaches.
        let func = graph(&[&[1, 2], &[3], &[3], &[4, 5], &[3], &[], &[5]]);
        let cfg = Cfg::new(&func);
        assert_eq!(cfg.rpo(), [0, 1, 2, 3, 4, 5].map(Block));
        assert_eq!(cfg.preds(Block(3)), [1, 2, 4].map(Block));
        assert_eq!(cfg.preds(Block(5)), [Block(3)]);
        assert_eq!(cfg.position(Block(3)), Some(3));
        assert!(!cfg.is_reachable(Block(6)));
        assert!(cfg.postorder().eq([5, 4, 3, 2, 1, 0].map(Block)));
    }

    #[test]
    fn a_branch_to_one_block_is_two_edges() {
        let cfg = Cfg::new(&graph(&[&[1, 1], &[]]));
        assert_eq!(cfg.preds(Block(1)), [Block(0), Block(0)]);
    }

    #[test]
    fn long_chains_need_no_stack() {
        let edges: Vec<Vec<u32>> = (0..200_000).map(|at| if at < 199_999 { vec![at + 1] } else { vec![] }).collect();
        let edges: Vec<&[u32]> = edges.iter().map(Vec::as_slice).collect();
        assert_eq!(Cfg::new(&graph(&edges)).rpo().len(), 200_000);
    }
}
