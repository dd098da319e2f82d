//! Natural loops: headers, bodies and nesting.
//!
//! An edge to a block that dominates its source closes a loop; the loop is what reaches the source
//! without passing the header. Headers are visited innermost first and a finished loop is stepped
//! over as one, so that a block is looked at once for each loop around it at most.

use super::{Cfg, Dominators};
use crate::ir::{Block, Function};

/// A loop of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Loop(pub u32);

impl Loop {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug)]
pub struct LoopData {
    pub header: Block,
    /// The loop right around this one.
    pub parent: Option<Loop>,
    /// 1 for an outermost loop.
    pub depth: u32,
    /// The blocks that jump back to the header, in reverse postorder.
    pub latches: Vec<Block>,
    /// All blocks in reverse postorder, those of inner loops included; the header comes first.
    pub blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
pub struct Loops {
    loops: Vec<LoopData>,
    /// The innermost loop of each block.
    innermost: Vec<Option<Loop>>,
    reducible: bool,
}

impl Loops {
    pub fn new(func: &Function, cfg: &Cfg, dom: &Dominators) -> Loops {
        let mut loops: Vec<LoopData> = Vec::new();
        let mut innermost: Vec<Option<Loop>> = vec![None; cfg.block_count()];
        let mut reducible = true;
        // A header comes before the headers in its body, so from the back inner loops come first.
        for header in cfg.postorder() {
            let position = cfg.position(header);
            let mut latches: Vec<Block> = Vec::new();
            for &pred in cfg.preds(header) {
                if dom.dominates(header, pred) {
                    latches.push(pred);
                } else if cfg.position(pred) > position {
                    reducible = false;
                }
            }
            if latches.is_empty() {
                continue;
            }
            latches.sort_by_key(|&latch| cfg.position(latch));
            latches.dedup();
            let this = Loop(loops.len() as u32);
            loops.push(LoopData { header, parent: None, depth: 0, latches: latches.clone(), blocks: Vec::new() });
            let mut work = latches;
            while let Some(block) = work.pop() {
                let Some(inner) = innermost[block.index()] else {
                    innermost[block.index()] = Some(this);
                    if block != header {
                        work.extend_from_slice(cfg.preds(block));
                    }
                    continue;
                };
                let outer = outermost(&mut loops, inner);
                if outer != this {
                    loops[outer.index()].parent = Some(this);
                    let inner_header = loops[outer.index()].header;
                    work.extend(cfg.preds(inner_header).iter().filter(|&&pred| !dom.dominates(inner_header, pred)));
                }
            }
        }
        // Outer loops first, in the order of their headers.
        let count = loops.len() as u32;
        let renumber = |id: Loop| Loop(count - 1 - id.0);
        loops.reverse();
        innermost.iter_mut().flatten().for_each(|id| *id = renumber(*id));
        for index in 0..loops.len() {
            loops[index].parent = loops[index].parent.map(renumber);
            loops[index].depth = 1 + loops[index].parent.map_or(0, |parent| loops[parent.index()].depth);
        }
        for &block in cfg.rpo() {
            let mut next = innermost[block.index()];
            while let Some(id) = next {
                loops[id.index()].blocks.push(block);
                next = loops[id.index()].parent;
            }
        }
        debug_assert!(func.blocks.len() == cfg.block_count(), "the graph is of another function than {}", func.name);
        Loops { loops, innermost, reducible }
    }

    /// All loops, each after the loops around it.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Loop, &LoopData)> {
        self.loops.iter().enumerate().map(|(index, data)| (Loop(index as u32), data))
    }

    /// The loops that have no other in them.
    pub fn without_inner(&self) -> impl Iterator<Item = &LoopData> {
        let mut has_inner = vec![false; self.loops.len()];
        for parent in self.loops.iter().filter_map(|data| data.parent) {
            has_inner[parent.index()] = true;
        }
        self.loops.iter().zip(has_inner).filter_map(|(data, has_inner)| (!has_inner).then_some(data))
    }

    pub fn data(&self, id: Loop) -> &LoopData {
        &self.loops[id.index()]
    }

    /// The innermost loop around `block`.
    pub fn innermost(&self, block: Block) -> Option<Loop> {
        self.innermost[block.index()]
    }

    /// How many loops are around `block`.
    pub fn depth(&self, block: Block) -> u32 {
        self.innermost(block).map_or(0, |id| self.data(id).depth)
    }

    /// The loop that `block` is the header of.
    pub fn headed_by(&self, block: Block) -> Option<Loop> {
        self.innermost(block).filter(|&id| self.data(id).header == block)
    }

    pub fn is_header(&self, block: Block) -> bool {
        self.headed_by(block).is_some()
    }

    pub fn contains(&self, id: Loop, block: Block) -> bool {
        let depth = self.data(id).depth;
        let mut at = self.innermost(block);
        while let Some(inner) = at {
            if self.data(inner).depth <= depth {
                return inner == id;
            }
            at = self.data(inner).parent;
        }
        false
    }

    /// Whether every loop is entered through its header alone.
    pub fn is_reducible(&self) -> bool {
        self.reducible
    }
}

/// The loop around `id` that has no parent yet. Nests are shallow, so the path is not compressed.
fn outermost(loops: &mut [LoopData], id: Loop) -> Loop {
    let mut at = id;
    while let Some(parent) = loops[at.index()].parent {
        at = parent;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{graph, random_graph};
    use super::*;

    fn loops(func: &Function) -> Loops {
        let cfg = Cfg::new(func);
        Loops::new(func, &cfg, &Dominators::new(&cfg))
    }

    #[test]
    fn inner_loops_lie_in_outer_ones() {
        // 1 { 2 { 3 } 4 { 4 } 5 } 6, left from 3 as well.
        let func = graph(&[&[1], &[2], &[3], &[2, 7], &[4, 5], &[1, 6], &[], &[4, 6]]);
        let loops = loops(&func);
        assert!(loops.is_reducible());
        let outer = loops.innermost(Block(1)).expect("in a loop");
        let inner = loops.innermost(Block(3)).expect("in a loop");
        assert_eq!(loops.data(outer).header, Block(1));
        assert_eq!(loops.data(outer).blocks, [1, 2, 3, 7, 4, 5].map(Block));
        assert_eq!(loops.data(inner).parent, Some(outer));
        assert_eq!(loops.data(inner).blocks, [2, 3].map(Block));
        assert_eq!(loops.data(inner).latches, [Block(3)]);
        assert_eq!((loops.depth(Block(0)), loops.depth(Block(5)), loops.depth(Block(4))), (0, 1, 2));
        assert!(
            loops.contains(outer, Block(3)) && !loops.contains(inner, Block(4)) && !loops.contains(outer, Block(6))
        );
        assert!(loops.is_header(Block(4)) && !loops.is_header(Block(3)));
        let innermost: Vec<Block> = loops.without_inner().map(|data| data.header).collect();
        assert_eq!(innermost, [2, 4].map(Block));
    }

    #[test]
    fn a_second_entry_makes_the_graph_irreducible() {
        assert!(!loops(&graph(&[&[1, 2], &[2], &[1, 3], &[]])).is_reducible());
    }

    proptest! {
        #[test]
        fn a_loop_is_what_reaches_a_latch(func in random_graph(12)) {
            let cfg = Cfg::new(&func);
            let dom = Dominators::new(&cfg);
            let loops = Loops::new(&func, &cfg, &dom);
            prop_assume!(loops.is_reducible());
            for &header in cfg.rpo() {
                let mut work: Vec<Block> =
                    cfg.preds(header).iter().copied().filter(|&pred| dom.dominates(header, pred)).collect();
                prop_assert_eq!(loops.is_header(header), !work.is_empty());
                let Some(id) = loops.headed_by(header) else { continue };
                let mut inside = vec![false; func.blocks.len()];
                inside[header.index()] = true;
                while let Some(block) = work.pop() {
                    if !std::mem::replace(&mut inside[block.index()], true) {
                        work.extend_from_slice(cfg.preds(block));
                    }
                }
                for &block in cfg.rpo() {
                    prop_assert_eq!(loops.contains(id, block), inside[block.index()]);
                    prop_assert_eq!(loops.data(id).blocks.contains(&block), inside[block.index()]);
                }
            }
        }
    }
}
