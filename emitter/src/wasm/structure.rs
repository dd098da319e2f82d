//! Turns the block graph of a function into nested Wasm control.
//!
//! A forward edge into a block with several predecessors leaves a `block`; a back edge re-enters a
//! `loop`; all other blocks are placed where they are first reached. Needs a reducible graph, so
//! there is no helper variable and nothing is copied. ("Beyond Relooper", Ramsey, ICFP 2022.)
//!
//! On top of the paper:
//! - What lies behind a loop is placed after its `end` instead of inside it, so that nesting does
//!   not grow with the number of loops; only short exits (a failure, a return) stay inside.
//! - Cold code with several predecessors that does not come back lies at the function's end, and
//!   cold successors come last everywhere: the hot path is straight and leaves it by `br_if`.
//! - Control falls through where it can, and a `block` that nobody leaves early is not made.
//!   `cond; if; A; end` is preferred to a `block` when the label would have no other use.
//!
//! What comes out is a list and not a tree: functions nest as deep as their sources.

use crate::analysis::{Cfg, Dominators, Loop, Loops};
use crate::ir::{Block, ENTRY, Function, Terminator};

/// One step of a function's nested control, in the order of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Opens a `block` that ends where this block begins.
    Block(Block),
    /// Opens the `loop` of this header.
    Loop(Block),
    /// The code of a block; its [`Shape`] tells what its terminator becomes.
    Body(Block),
    /// The second arm of the `if` that this block ends with.
    Else(Block),
    /// The end of the `if` that this block ends with.
    EndIf(Block),
    /// The end of the innermost `block` or `loop`.
    End,
}

/// What a block's terminator becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Control falls into `next` (the function's end if none) and branches to any other target.
    Flat { next: Option<Block> },
    /// An `if` with one target inside; the other one follows it.
    If {
        arm: Arm,
        /// Whether control can come out of the arm at its end.
        falls: bool,
    },
    /// An `if` with a target in each arm.
    IfElse,
}

/// A target of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arm {
    Then,
    Otherwise,
}

pub(super) struct Structure {
    pub(super) tokens: Vec<Token>,
    shapes: Vec<Shape>,
}

impl Structure {
    pub(super) fn shape(&self, block: Block) -> Shape {
        self.shapes[block.index()]
    }

    /// The blocks in the order of their code.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block> {
        self.tokens.iter().filter_map(|token| match *token {
            Token::Body(block) => Some(block),
            Token::Block(_) | Token::Loop(_) | Token::Else(_) | Token::EndIf(_) | Token::End => None,
        })
    }
}

pub(super) fn structure(func: &Function, cfg: &Cfg, dom: &Dominators, loops: &Loops) -> Structure {
    assert!(loops.is_reducible(), "the block graph of {} is irreducible", func.name);
    let order = placement_order(func, loops);
    let mut ctx = Ctx {
        func,
        dom,
        loops,
        labelled: vec![false; func.blocks.len()],
        inner: vec![Vec::new(); func.blocks.len()],
        behind: vec![Vec::new(); func.blocks.len()],
        next: vec![None; func.blocks.len()],
        falls: vec![false; func.blocks.len()],
        sizes: vec![0; func.blocks.len()],
        shapes: vec![Shape::Flat { next: None }; func.blocks.len()],
    };
    ctx.place(cfg, &order);
    ctx.find_next(&order);
    ctx.find_falls(&order);
    let used = ctx.choose_shapes(&order);
    Structure { tokens: ctx.tokens(&used), shapes: ctx.shapes }
}

/// Reverse postorder of a walk that visits first what should come last: cold blocks, then exits of
/// loops, then second targets.
fn placement_order(func: &Function, loops: &Loops) -> Vec<Block> {
    let mut order = Vec::with_capacity(func.blocks.len());
    let mut seen = vec![false; func.blocks.len()];
    seen[ENTRY.index()] = true;
    let visits = |block: Block| {
        let mut targets: Vec<Block> = func.block(block).term.targets().map(|target| target.block).collect();
        // Stable, and the walk takes from the end.
        targets.sort_by_key(|&target| (func.block(target).cold, std::cmp::Reverse(loops.depth(target))));
        targets
    };
    let mut work = vec![(ENTRY, visits(ENTRY))];
    while let Some((block, rest)) = work.last_mut() {
        match rest.pop() {
            Some(target) => {
                if !std::mem::replace(&mut seen[target.index()], true) {
                    work.push((target, visits(target)));
                }
            }
            None => {
                order.push(*block);
                work.pop();
            }
        }
    }
    order.reverse();
    order
}

struct Ctx<'a> {
    func: &'a Function,
    dom: &'a Dominators,
    loops: &'a Loops,
    /// Blocks that are reached by leaving a `block`, or by falling out of its end. Others stand
    /// where their only forward edge is.
    labelled: Vec<bool>,
    /// The labelled blocks that follow the code of a block, inside its loop if it has one.
    inner: Vec<Vec<Block>>,
    /// The labelled blocks that follow the loop of a header.
    behind: Vec<Vec<Block>>,
    /// What follows a block's own code: where control falls to from its terminator.
    next: Vec<Option<Block>>,
    /// Whether control can fall out of the end of all that was placed with a block.
    falls: Vec<bool>,
    /// How many instructions were placed with a block.
    sizes: Vec<usize>,
    shapes: Vec<Shape>,
}

impl Ctx<'_> {
    fn is_back_edge(&self, from: Block, to: Block) -> bool {
        self.dom.dominates(to, from)
    }

    /// Whether `to` stands right where `from` goes to it.
    fn is_inline(&self, from: Block, to: Block) -> bool {
        !self.labelled[to.index()] && !self.is_back_edge(from, to)
    }

    fn ends_here(&self, block: Block) -> bool {
        matches!(self.func.block(block).term, Terminator::Return(_) | Terminator::Unreachable)
    }

    /// Whether `block`, the exit of a loop that `from` leaves for it, is best left inside the loop:
    /// it is the end of a path, and something other than the next turn comes behind the branch.
    fn is_short_exit(&self, from: Block, block: Block) -> bool {
        let closes_loop = self.func.block(from).term.targets().any(|target| self.is_back_edge(from, target.block));
        self.ends_here(block) && !closes_loop
    }

    /// Decides which blocks are labelled, and after which block's code they come.
    fn place(&mut self, cfg: &Cfg, order: &[Block]) {
        let mut last = Vec::new();
        for &block in &order[1..] {
            let idom = self.dom.idom(block).expect("every block but the entry has a dominator");
            let entries = cfg.preds(block).iter().filter(|&&pred| !self.is_back_edge(pred, block)).count();
            let cold = self.func.block(block).cold;
            let left = self.outermost_left(idom, block);
            let is_join = entries > 1;
            if is_join && cold && self.ends_here(block) {
                last.push(block);
            } else if let Some(left) = left
                && (is_join || !(cold || self.is_short_exit(idom, block)))
            {
                self.behind[self.loops.data(left).header.index()].push(block);
            } else if is_join {
                self.inner[idom.index()].push(block);
            } else {
                continue;
            }
            self.labelled[block.index()] = true;
        }
        let whole = if self.loops.is_header(ENTRY) { &mut self.behind } else { &mut self.inner };
        whole[ENTRY.index()].append(&mut last);
    }

    /// The outermost loop around `from` that `to` does not belong to.
    fn outermost_left(&self, from: Block, to: Block) -> Option<Loop> {
        let mut left = None;
        let mut at = self.loops.innermost(from);
        while let Some(id) = at {
            if self.loops.contains(id, to) {
                break;
            }
            left = Some(id);
            at = self.loops.data(id).parent;
        }
        left
    }

    /// From the outside in: what comes after a block's own code.
    fn find_next(&mut self, order: &[Block]) {
        // What comes after all that is placed with a block.
        let mut after: Vec<Option<Block>> = vec![None; self.func.blocks.len()];
        for &block in order {
            let mut next = after[block.index()];
            for &child in self.behind[block.index()].iter().rev().chain(self.inner[block.index()].iter().rev()) {
                after[child.index()] = next;
                next = Some(child);
            }
            self.next[block.index()] = next;
            for target in self.func.block(block).term.targets() {
                if self.is_inline(block, target.block) {
                    after[target.block.index()] = next;
                }
            }
        }
    }

    /// From the inside out: where control can fall out at the end, and how much code there is.
    fn find_falls(&mut self, order: &[Block]) {
        for &block in order.iter().rev() {
            let children = || self.inner[block.index()].iter().chain(&self.behind[block.index()]);
            let mut own = false;
            let mut size = self.func.block(block).insts.len() + 1;
            for target in self.func.block(block).term.targets() {
                if self.is_inline(block, target.block) {
                    own |= self.falls[target.block.index()];
                    size += self.sizes[target.block.index()];
                } else {
                    own |= self.next[block.index()] == Some(target.block);
                }
            }
            size += children().map(|child| self.sizes[child.index()]).sum::<usize>();
            self.falls[block.index()] = children().last().map_or(own, |child| self.falls[child.index()]);
            self.sizes[block.index()] = size;
        }
    }

    /// Chooses all shapes; gives for each block whether a label in front of it is used.
    fn choose_shapes(&mut self, order: &[Block]) -> Vec<bool> {
        let mut used = vec![false; self.func.blocks.len()];
        // Branches that may become an `if` around one target, as the other one follows anyway.
        let mut guards: Vec<(Block, Arm, Block)> = Vec::new();
        let mut guard_counts = vec![0u32; self.func.blocks.len()];
        for &block in order {
            let next = self.next[block.index()];
            let shape = match &self.func.block(block).term {
                Terminator::Return(_) | Terminator::Unreachable => Shape::Flat { next },
                Terminator::Jump(target) => {
                    let inline = self.is_inline(block, target.block);
                    Shape::Flat { next: if inline { Some(target.block) } else { next } }
                }
                Terminator::Branch { cond: _, then, otherwise } => {
                    let (then, otherwise) = (then.block, otherwise.block);
                    match (self.is_inline(block, then), self.is_inline(block, otherwise)) {
                        (true, true) => self.two_arms(then, otherwise),
                        (false, false) => Shape::Flat { next },
                        (true, false) if self.guards(next, otherwise) => {
                            guards.push((block, Arm::Then, otherwise));
                            guard_counts[otherwise.index()] += 1;
                            continue;
                        }
                        (false, true) if self.guards(next, then) => {
                            guards.push((block, Arm::Otherwise, then));
                            guard_counts[then.index()] += 1;
                            continue;
                        }
                        (true, false) => Shape::Flat { next: Some(then) },
                        (false, true) => Shape::Flat { next: Some(otherwise) },
                    }
                }
            };
            self.set_shape(block, shape, &mut used);
        }
        // Four `if`s take more bytes than a `block` that four `br_if`s leave.
        const MOST_NESTED: u32 = 3;
        for (block, arm, follower) in guards {
            let inside = match (arm, &self.func.block(block).term) {
                (Arm::Then, Terminator::Branch { cond: _, then, otherwise: _ }) => then.block,
                (_, Terminator::Branch { cond: _, then: _, otherwise }) => otherwise.block,
                (_, term) => panic!("{block} ends with {term:?} and not with a branch"),
            };
            let nested = !used[follower.index()] && guard_counts[follower.index()] <= MOST_NESTED;
            let shape = if nested {
                Shape::If { arm, falls: self.falls[inside.index()] }
            } else {
                Shape::Flat { next: Some(inside) }
            };
            self.shapes[block.index()] = shape;
        }
        for &block in order {
            self.set_shape(block, self.shapes[block.index()], &mut used);
        }
        used
    }

    /// Whether a branch to `follower`, with the other target in place, may become an `if`.
    fn guards(&self, next: Option<Block>, follower: Block) -> bool {
        next == Some(follower) && !self.func.block(follower).cold
    }

    fn set_shape(&mut self, block: Block, shape: Shape, used: &mut [bool]) {
        self.shapes[block.index()] = shape;
        if let Shape::Flat { next } = shape {
            for target in self.func.block(block).term.targets() {
                if Some(target.block) != next {
                    used[target.block.index()] = true;
                }
            }
        }
    }

    /// The shape of a branch both of whose targets stand right there.
    fn two_arms(&self, then: Block, otherwise: Block) -> Shape {
        let weight = |block: Block| (!self.func.block(block).cold, self.sizes[block.index()]);
        match (self.falls[then.index()], self.falls[otherwise.index()]) {
            (true, true) => Shape::IfElse,
            // What is cold had better not stand where the hot path goes on.
            (true, false) if self.func.block(then).cold => Shape::IfElse,
            (false, true) if self.func.block(otherwise).cold => Shape::IfElse,
            (true, false) => Shape::If { arm: Arm::Otherwise, falls: false },
            (false, true) => Shape::If { arm: Arm::Then, falls: false },
            (false, false) if weight(otherwise) < weight(then) => Shape::If { arm: Arm::Otherwise, falls: false },
            (false, false) => Shape::If { arm: Arm::Then, falls: false },
        }
    }

    fn tokens(&self, used: &[bool]) -> Vec<Token> {
        enum Task {
            Tree(Block),
            Token(Token),
        }
        let mut tokens = Vec::new();
        let mut work = vec![Task::Tree(ENTRY)];
        // What comes later is pushed earlier.
        while let Some(task) = work.pop() {
            let block = match task {
                Task::Token(token) => {
                    tokens.push(token);
                    continue;
                }
                Task::Tree(block) => block,
            };
            let (inner, behind) = (&self.inner[block.index()], &self.behind[block.index()]);
            let is_header = self.loops.is_header(block);
            let open = |children: &[Block], tokens: &mut Vec<Token>| {
                let labels = children.iter().rev().filter(|child| used[child.index()]);
                tokens.extend(labels.map(|&child| Token::Block(child)));
            };
            let close = |children: &[Block], work: &mut Vec<Task>| {
                for &child in children.iter().rev() {
                    work.push(Task::Tree(child));
                    if used[child.index()] {
                        work.push(Task::Token(Token::End));
                    }
                }
            };
            open(behind, &mut tokens);
            close(behind, &mut work);
            if is_header {
                tokens.push(Token::Loop(block));
                work.push(Task::Token(Token::End));
            }
            open(inner, &mut tokens);
            close(inner, &mut work);
            tokens.push(Token::Body(block));
            let targets: Vec<Block> = self.func.block(block).term.targets().map(|target| target.block).collect();
            match self.shapes[block.index()] {
                Shape::Flat { next } => {
                    work.extend(
                        next.filter(|&next| targets.contains(&next) && self.is_inline(block, next)).map(Task::Tree),
                    );
                }
                Shape::If { arm, falls: _ } => {
                    let (inside, after) = match arm {
                        Arm::Then => (targets[0], targets[1]),
                        Arm::Otherwise => (targets[1], targets[0]),
                    };
                    if self.is_inline(block, after) {
                        work.push(Task::Tree(after));
                    }
                    work.push(Task::Token(Token::EndIf(block)));
                    work.push(Task::Tree(inside));
                }
                Shape::IfElse => {
                    work.push(Task::Token(Token::EndIf(block)));
                    work.push(Task::Tree(targets[1]));
                    work.push(Task::Token(Token::Else(block)));
                    work.push(Task::Tree(targets[0]));
                }
            }
        }
        tokens
    }
}
