//! Gives values their locals.
//!
//! First, a jump's argument and the parameter that it becomes get one local wherever their
//! lifetimes allow it, so that a loop variable is counted up in place and most edges move nothing;
//! the deepest loops choose first. Lifetimes are exact lists of stretches of code ("Linear Scan
//! Register Allocation on SSA Form", Wimmer & Franz, CGO 2010), so that a value in one arm of a
//! branch does not mind what happens in the other. Then a linear scan shares locals of one type
//! among values that follow one another.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::needed::Needed;
use super::schedule::{Schedule, Step, is_constant};
use crate::analysis::{Cfg, Loops};
use crate::ir::{Block, ENTRY, Function, Kind, Terminator, Value, ValueDef};

pub(super) struct Locals {
    /// The local of each value that has one.
    of: Vec<Option<u32>>,
    /// How many locals of which type come after the parameters.
    pub(super) declared: Vec<(u32, Kind)>,
    pub(super) count: usize,
    /// When each local holds something that is needed later.
    busy: Vec<Ranges>,
    /// The moment at which each block begins.
    starts: Vec<u32>,
}

impl Locals {
    pub(super) fn expect(&self, value: Value) -> u32 {
        self.of[value.index()].unwrap_or_else(|| panic!("{value} has no local"))
    }

    /// Whether the local holds something at the start of `block` that may be needed there.
    pub(super) fn is_busy(&self, local: u32, block: Block) -> bool {
        self.busy[local as usize].contains(self.starts[block.index()])
    }
}

/// Stretches of code from a definition to a last use, both included, in rising order.
#[derive(Clone, Debug, Default)]
struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    fn contains(&self, moment: u32) -> bool {
        let at = self.0.partition_point(|&(_, end)| end < moment);
        self.0.get(at).is_some_and(|&(start, _)| start <= moment)
    }

    fn overlaps(&self, other: &Ranges) -> bool {
        let (few, many) = if self.0.len() < other.0.len() { (self, other) } else { (other, self) };
        let mut from = 0;
        few.0.iter().any(|&(start, end)| {
            from += many.0[from..].partition_point(|&(_, other_end)| other_end < start);
            many.0.get(from).is_some_and(|&(other_start, _)| other_start <= end)
        })
    }

    /// Adds the stretches of `other`, which must not overlap.
    fn join(&mut self, mut other: Ranges) {
        self.0.append(&mut other.0);
        // The stable sort merges two runs that are in order already.
        self.0.sort();
        self.join_touching();
    }

    /// Joins stretches that touch; they are in order.
    fn join_touching(&mut self) {
        self.0.dedup_by(|next, last| {
            let touch = next.0 <= last.1 + 1;
            if touch {
                last.1 = last.1.max(next.1);
            }
            touch
        });
    }
}

pub(super) fn assign(
    func: &Function,
    cfg: &Cfg,
    loops: &Loops,
    order: &[Block],
    needed: &Needed,
    schedule: &Schedule,
) -> Locals {
    let moments = Moments::new(func, order, needed, schedule);
    let mut classes = Classes::new(func, cfg, &moments);
    classes.join_moves(func, loops, order, needed);
    scan(func, classes, moments.starts)
}

/// When values are defined and used, counting the steps of the code in order. A block also has
/// a moment before its steps, when its parameters get their values, and one after them, when its
/// terminator uses the arguments of its edges.
struct Moments {
    starts: Vec<u32>,
    ends: Vec<u32>,
    /// The definition of each value that has one.
    defs: Vec<u32>,
    homes: Vec<Block>,
    /// Uses of values that need a local, by value, in the order of the code.
    uses: Vec<(Value, Block, u32)>,
}

impl Moments {
    fn new(func: &Function, order: &[Block], needed: &Needed, schedule: &Schedule) -> Moments {
        let mut moments = Moments {
            starts: vec![0; func.blocks.len()],
            ends: vec![0; func.blocks.len()],
            defs: vec![0; func.values.len()],
            homes: vec![ENTRY; func.values.len()],
            uses: Vec::new(),
        };
        let mut now = 0;
        for &block in order {
            let data = func.block(block);
            moments.starts[block.index()] = now;
            for &param in &data.params {
                moments.defs[param.index()] = now;
                moments.homes[param.index()] = block;
            }
            for &step in schedule.steps(block) {
                now += 1;
                match step {
                    Step::Get(value) | Step::Pass { arg: value, param: _ } => moments.add_use(func, value, block, now),
                    Step::Set(value) | Step::Tee(value) => {
                        moments.defs[value.index()] = now;
                        moments.homes[value.index()] = block;
                    }
                    Step::Inst(_) | Step::Drop | Step::Receive { .. } => {}
                }
            }
            now += 1;
            if let Terminator::Branch { .. } = data.term {
                for target in data.term.targets() {
                    for (&param, &arg) in func.block(target.block).params.iter().zip(&target.args) {
                        if needed.is_needed(param) {
                            moments.add_use(func, arg, block, now);
                        }
                    }
                }
            }
            moments.ends[block.index()] = now;
            now += 1;
        }
        moments.uses.sort_by_key(|&(value, _, _)| value);
        moments
    }

    fn add_use(&mut self, func: &Function, value: Value, block: Block, now: u32) {
        if !is_constant(func, value) {
            self.uses.push((value, block, now));
        }
    }
}

/// Sets of values that share a local because moves connect them.
struct Classes {
    /// The next value on the way to a set's representative; itself if it is that.
    parents: Vec<Value>,
    /// At a representative: when the local is in use. No stretches if the value needs no local.
    ranges: Vec<Ranges>,
    /// At a representative: the function's parameter among the values.
    pinned: Vec<Option<u32>>,
}

impl Classes {
    /// One class a value, with its lifetime.
    fn new(func: &Function, cfg: &Cfg, moments: &Moments) -> Classes {
        let count = func.values.len();
        let mut classes = Classes {
            parents: (0..count).map(Value::new).collect(),
            ranges: vec![Ranges::default(); count],
            pinned: vec![None; count],
        };
        for (position, param) in func.params().iter().enumerate() {
            classes.pinned[param.index()] = Some(position as u32);
        }
        let mut walk = Walk {
            into: vec![None; func.blocks.len()],
            out_of: vec![None; func.blocks.len()],
            last_use: vec![0; func.blocks.len()],
        };
        for uses in moments.uses.chunk_by(|a, b| a.0 == b.0) {
            classes.ranges[uses[0].0.index()] = walk.lifetime(cfg, moments, uses);
        }
        classes
    }

    fn find(&mut self, value: Value) -> Value {
        let mut root = value;
        while self.parents[root.index()] != root {
            root = self.parents[root.index()];
        }
        let mut at = value;
        while at != root {
            at = std::mem::replace(&mut self.parents[at.index()], root);
        }
        root
    }

    /// Joins what moves connect, where it is possible, the most frequent moves first.
    fn join_moves(&mut self, func: &Function, loops: &Loops, order: &[Block], needed: &Needed) {
        let mut moves = Vec::new();
        for &block in order {
            for target in func.block(block).term.targets() {
                let to = func.block(target.block);
                for (&param, &arg) in to.params.iter().zip(&target.args) {
                    if needed.is_needed(param) {
                        let cold = func.block(block).cold || to.cold;
                        moves.push(((cold, Reverse(loops.depth(block))), param, arg));
                    }
                }
            }
        }
        moves.sort_by_key(|&(rank, _, _)| rank);
        for (_, param, arg) in moves {
            self.try_join(func, param, arg);
        }
    }

    fn try_join(&mut self, func: &Function, a: Value, b: Value) {
        let (a, b) = (self.find(a), self.find(b));
        let (pin_a, pin_b) = (self.pinned[a.index()], self.pinned[b.index()]);
        if a == b
            || func.ty(a).machine() != func.ty(b).machine()
            || self.ranges[b.index()].0.is_empty()
            || self.ranges[a.index()].0.is_empty()
            || (pin_a.is_some() && pin_b.is_some())
            || self.ranges[a.index()].overlaps(&self.ranges[b.index()])
        {
            return;
        }
        let ranges = std::mem::take(&mut self.ranges[b.index()]);
        self.ranges[a.index()].join(ranges);
        self.parents[b.index()] = a;
        self.pinned[a.index()] = pin_a.or(pin_b);
    }
}

/// Marks for walking values back from their uses, valid if they name the value in question.
struct Walk {
    into: Vec<Option<Value>>,
    out_of: Vec<Option<Value>>,
    /// The last use in a block that the value is live into.
    last_use: Vec<u32>,
}

impl Walk {
    fn lifetime(&mut self, cfg: &Cfg, moments: &Moments, uses: &[(Value, Block, u32)]) -> Ranges {
        let value = uses[0].0;
        let home = moments.homes[value.index()];
        let def = moments.defs[value.index()];
        let mut last_at_home = def;
        let mut passed: Vec<Block> = Vec::new();
        let mut work: Vec<Block> = Vec::new();
        for &(_, block, now) in uses {
            if block == home {
                last_at_home = last_at_home.max(now);
            } else {
                self.last_use[block.index()] = now;
                if self.into[block.index()].replace(value) != Some(value) {
                    passed.push(block);
                    work.push(block);
                }
            }
        }
        while let Some(block) = work.pop() {
            for &pred in cfg.preds(block) {
                if self.out_of[pred.index()].replace(value) != Some(value)
                    && pred != home
                    && self.into[pred.index()].replace(value) != Some(value)
                {
                    passed.push(pred);
                    work.push(pred);
                }
            }
        }
        let end = |block: Block, last: u32| {
            if self.out_of[block.index()] == Some(value) { moments.ends[block.index()] } else { last }
        };
        let mut ranges = Ranges(vec![(def, end(home, last_at_home))]);
        ranges.0.extend(
            passed.iter().map(|&block| (moments.starts[block.index()], end(block, self.last_use[block.index()]))),
        );
        ranges.0.sort_unstable();
        ranges.join_touching();
        ranges
    }
}

/// Gives each class a local, reusing those whose classes have ended.
fn scan(func: &Function, mut classes: Classes, starts: Vec<u32>) -> Locals {
    let params = func.params().len();
    // Types and contents of all locals, those after the parameters in the order of need.
    let mut kinds: Vec<Kind> = func.params().iter().map(|&param| func.ty(param).machine().kind).collect();
    let mut busy: Vec<Ranges> = vec![Ranges::default(); params];
    let mut free: BTreeMap<Kind, BinaryHeap<Reverse<u32>>> = BTreeMap::new();
    let mut ends: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    let mut chosen: Vec<Option<u32>> = vec![None; func.values.len()];

    let mut by_start: Vec<(u32, Value)> = Vec::new();
    for index in 0..func.values.len() {
        let value = Value::new(index);
        if let Some(&(start, _)) = classes.ranges[index].0.first() {
            by_start.push((start, value));
        }
    }
    by_start.sort_unstable();
    for (position, &param) in func.params().iter().enumerate() {
        let root = classes.find(param);
        if classes.ranges[root.index()].0.is_empty() {
            free.entry(kinds[position]).or_default().push(Reverse(position as u32));
        }
    }
    for (start, root) in by_start {
        while let Some(&Reverse((end, local))) = ends.peek()
            && end < start
        {
            ends.pop();
            free.entry(kinds[local as usize]).or_default().push(Reverse(local));
        }
        let kind = func.ty(root).machine().kind;
        let local = classes.pinned[root.index()].unwrap_or_else(|| {
            free.entry(kind).or_default().pop().map_or_else(
                || {
                    kinds.push(kind);
                    busy.push(Ranges::default());
                    kinds.len() as u32 - 1
                },
                |Reverse(local)| local,
            )
        });
        let ranges = std::mem::take(&mut classes.ranges[root.index()]);
        ends.push(Reverse((ranges.0.last().map_or(start, |&(_, end)| end), local)));
        // Classes of one local follow one another, so the stretches stay in order.
        busy[local as usize].0.extend(ranges.0);
        chosen[root.index()] = Some(local);
    }

    // Locals are declared in runs of one type.
    let mut order: Vec<usize> = (params..kinds.len()).collect();
    order.sort_by_key(|&local| kinds[local]);
    let mut number: Vec<u32> = (0..kinds.len() as u32).collect();
    let mut declared: Vec<(u32, Kind)> = Vec::new();
    let mut sorted_busy: Vec<Ranges> = busy[..params].to_vec();
    for (position, &local) in order.iter().enumerate() {
        number[local] = (params + position) as u32;
        sorted_busy.push(std::mem::take(&mut busy[local]));
        match declared.last_mut() {
            Some((count, kind)) if *kind == kinds[local] => *count += 1,
            _ => declared.push((1, kinds[local])),
        }
    }
    let of = (0..func.values.len())
        .map(|index| {
            let value = Value::new(index);
            let root = classes.find(value);
            let needs_one = root != value || chosen[index].is_some();
            chosen[root.index()].filter(|_| needs_one).map(|local| number[local as usize])
        })
        .collect();
    debug_assert!(func.params().iter().all(|&param| matches!(func.def(param), ValueDef::Param(ENTRY, _))));
    Locals { of, declared, count: kinds.len(), busy: sorted_busy, starts }
}
