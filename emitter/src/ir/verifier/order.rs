//! The reachable blocks and which dominate which.

use crate::ir::{Block, ENTRY, Function};

/// The reachable blocks in reverse postorder and their dominator tree ("A Simple, Fast Dominance
/// Algorithm", Cooper et al.). The verifier has its own, so as not to trust what it checks.
pub(super) struct Order {
    pub(super) reached: Vec<Block>,
    /// Place in `reached`, by block.
    numbers: Vec<Option<u32>>,
    /// When a walk of the tree enters and leaves the block at each place in `reached`.
    pub(super) spans: Vec<(u32, u32)>,
    pub(super) preds: Vec<Vec<u32>>,
}

impl Order {
    pub(super) fn new(func: &Function) -> Order {
        let mut seen = vec![false; func.blocks.len()];
        let mut postorder = Vec::new();
        let targets = |block: Block| func.block(block).term.targets().map(|target| target.block).collect::<Vec<_>>();
        let mut stack = vec![(ENTRY, targets(ENTRY))];
        seen[0] = true;
        while let Some((block, left)) = stack.last_mut() {
            match left.pop() {
                Some(next) if seen[next.index()] => {}
                Some(next) => {
                    seen[next.index()] = true;
                    stack.push((next, targets(next)));
                }
                None => {
                    postorder.push(*block);
                    stack.pop();
                }
            }
        }
        let reached: Vec<Block> = postorder.into_iter().rev().collect();
        let mut numbers = vec![None; func.blocks.len()];
        for (index, block) in reached.iter().enumerate() {
            numbers[block.index()] = Some(index as u32);
        }
        let mut preds = vec![Vec::new(); reached.len()];
        for (index, &block) in reached.iter().enumerate() {
            for target in targets(block) {
                preds[numbers[target.index()].map_or(0, |number: u32| number as usize)].push(index as u32);
            }
        }
        let mut order = Order { spans: Vec::new(), numbers, preds, reached };
        order.spans = order.tree_spans(&order.immediate_dominators());
        order
    }

    fn immediate_dominators(&self) -> Vec<u32> {
        let mut idom: Vec<Option<u32>> = vec![None; self.reached.len()];
        idom[0] = Some(0);
        let mut changed = true;
        while changed {
            changed = false;
            for index in 1..self.reached.len() {
                let mut common: Option<u32> = None;
                for &pred in self.preds[index].iter().filter(|&&pred| idom[pred as usize].is_some()) {
                    common = Some(match common {
                        None => pred,
                        Some(mut a) => {
                            let mut b = pred;
                            while a != b {
                                let later = if a > b { &mut a } else { &mut b };
                                *later = idom[*later as usize].unwrap_or(0);
                            }
                            a
                        }
                    });
                }
                if idom[index] != common {
                    idom[index] = common;
                    changed = true;
                }
            }
        }
        idom.into_iter().map(|idom| idom.unwrap_or(0)).collect()
    }

    fn tree_spans(&self, idom: &[u32]) -> Vec<(u32, u32)> {
        let count = self.reached.len();
        // A child comes after its parent, so sizes of subtrees add up backwards.
        let mut sizes = vec![1; count];
        for index in (1..count).rev() {
            sizes[idom[index] as usize] += sizes[index];
        }
        let mut spans = vec![(0, 0); count];
        let mut next_child = vec![1; count];
        spans[0] = (0, sizes[0]);
        for index in 1..count {
            let parent = idom[index] as usize;
            let start = spans[parent].0 + next_child[parent];
            next_child[parent] += sizes[index];
            spans[index] = (start, start + sizes[index]);
        }
        spans
    }

    /// Place in reverse postorder; none for a block that cannot be reached.
    pub(super) fn number(&self, block: Block) -> Option<u32> {
        self.numbers[block.index()]
    }

    pub(super) fn dominates(&self, above: Block, below: Block) -> bool {
        let Some(below) = self.number(below) else { return true };
        let Some(above) = self.number(above) else { return false };
        let (start, end) = self.spans[above as usize];
        (start..end).contains(&self.spans[below as usize].0)
    }
}
