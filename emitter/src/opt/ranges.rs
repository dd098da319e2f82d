//! ranges – finds ints that always lie in the small range and drops their checks.
//!
//!     v2 = int.add v0, v1        =>   v2 = small.add v0, v1
//!
//! Legal when the intervals of the operands and of the exact result lie in [-2^61, 2^61) and none of
//! them can be none. Worth it because a check costs the tightest loops a factor of two, and Cranelift
//! cannot know that a counter stays below its bound.
//!
//! Interval analysis by abstract interpretation (Cousot & Cousot, POPL 1977) of the whole module: a
//! function's parameters join the arguments of all its calls, results and globals flow back. Bounds
//! may be infinite, since ints have no limits: a counter of which only the start is known is
//! `[0, +inf]`, and the loop's own test against a known end makes it finite. Conditions refine a
//! value in the blocks that their branch dominates and on the branch's edges. Intervals that keep
//! growing are widened to thresholds, then two sweeps without widening narrow them again. An index that
//! an operation on a list did not refuse is known to be near the lengths that lists have.
//!
//!     v2 = list.get v0, v1       =>   v2 = list.index v0, v1    if v1 is not negative
//!                                     v2 = list.at v0, v1       if it is also less than v0's length
//!
//! The second, for elements that are not words, is found by following v1 back to comparisons with the
//! length: a list may grow behind a value, but never shrinks.

use std::collections::BTreeSet;

use super::inline::callees_first;
use super::{Pass, Run};
use crate::analysis::{Cfg, Dominators};
use crate::hash::HashMap;
use crate::ir::{
    Block, ENTRY, FuncId, Function, Imm, Init, InstData, Kind, MochiOp, Module, Op, Phase, Target, Terminator, Type,
    Value, ValueDef,
};

const SMALL_MIN: i128 = -(1 << 61);
const SMALL_MAX: i128 = (1 << 61) - 1;
/// Stands for infinity: far above anything that finite bounds reach in one operation.
const INF: i128 = 1 << 100;
/// No index of a list lies further from zero.
const MOST_INDEX: i128 = 1 << 32;
/// How many block parameters deep a comparison with a length is looked for.
const LENGTH_DEPTH: usize = 3;
/// A place behind all instructions of a block.
const END: usize = usize::MAX;

/// The ints from `lo` to `hi`, both included, and perhaps none. Empty when `lo > hi` and no none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    lo: i128,
    hi: i128,
    none: bool,
}

impl Range {
    const EMPTY: Range = Range { lo: INF, hi: -INF, none: false };
    const NONE: Range = Range { none: true, ..Range::EMPTY };

    fn new(lo: i128, hi: i128) -> Range {
        Range { lo: lo.clamp(-INF, INF), hi: hi.clamp(-INF, INF), none: false }
    }

    /// Every value of the type.
    fn any(ty: Type) -> Range {
        Range { lo: -INF, hi: INF, none: ty.nullable }
    }

    fn has_ints(self) -> bool {
        self.lo <= self.hi
    }

    fn is_small(self) -> bool {
        !self.none && self.lo >= SMALL_MIN && self.hi <= SMALL_MAX
    }

    fn join(self, other: Range) -> Range {
        Range { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi), none: self.none || other.none }
    }

    /// `self`, which includes `old`, moved out to the next thresholds where it has grown.
    fn widened(self, old: Range) -> Range {
        const LOW: [i128; 4] = [0, -(1 << 31), SMALL_MIN, -INF];
        const HIGH: [i128; 4] = [0, 1 << 31, SMALL_MAX, INF];
        let lo = if self.lo < old.lo { LOW.into_iter().find(|&t| t <= self.lo).unwrap_or(-INF) } else { self.lo };
        let hi = if self.hi > old.hi { HIGH.into_iter().find(|&t| t >= self.hi).unwrap_or(INF) } else { self.hi };
        Range { lo, hi, none: self.none }
    }

    /// The interval of `op` over all pairs of corners; none if an operand may be none.
    fn combine(self, other: Range, op: impl Fn(i128, i128) -> i128) -> Range {
        let none = self.none || other.none;
        if !self.has_ints() || !other.has_ints() {
            return Range { none, ..Range::EMPTY };
        }
        let corners = [op(self.lo, other.lo), op(self.lo, other.hi), op(self.hi, other.lo), op(self.hi, other.hi)];
        let lo = corners.into_iter().fold(INF, i128::min);
        let hi = corners.into_iter().fold(-INF, i128::max);
        Range { none, ..Range::new(lo, hi) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Eq,
    Lt,
    Le,
}

/// `value relation other` (or, if `flipped`, `other relation value`) holds.
#[derive(Clone, Copy)]
struct Fact {
    value: Value,
    relation: Relation,
    other: Value,
    flipped: bool,
}

/// What does not change about a function while the module is analysed.
struct Shape {
    cfg: Cfg,
    dom: Dominators,
    /// Facts about a value, each with the block from which on it holds.
    facts: HashMap<Value, Vec<(Block, Fact)>>,
    /// Where values were used as an index of a list, by position in the block: behind that they are one.
    indexes: HashMap<Value, Vec<(Block, usize)>>,
    /// The block of each instruction.
    homes: Vec<Block>,
}

/// A growing interval that is widened once it has grown a few times.
#[derive(Clone, Copy)]
struct Slot {
    range: Range,
    grown: u8,
}

impl Slot {
    const GROWTHS: u8 = 4;

    fn new(range: Range) -> Slot {
        Slot { range, grown: 0 }
    }

    /// Tells whether the interval grew.
    fn join(&mut self, range: Range) -> bool {
        let joined = self.range.join(range);
        if joined == self.range {
            return false;
        }
        self.grown = self.grown.saturating_add(1);
        self.range = if self.grown > Slot::GROWTHS { joined.widened(self.range) } else { joined };
        true
    }
}

struct Ctx<'a> {
    module: &'a Module,
    /// Absent for functions that are not in the pure phase: nothing is known of them.
    shapes: Vec<Option<Shape>>,
    values: Vec<Vec<Slot>>,
    params: Vec<Vec<Slot>>,
    results: Vec<Slot>,
    globals: Vec<Slot>,
    callers: Vec<Vec<FuncId>>,
    readers: Vec<Vec<FuncId>>,
    reached: Vec<bool>,
}

pub const PASS: Pass = Pass { name: "ranges", run: Run::OnModule(run) };

/// Rewrites int operations whose operands and results are proven small.
fn run(module: &mut Module) {
    let facts = analyse(module);
    for (func, (shape, values)) in module.functions.iter_mut().zip(facts) {
        if let Some(shape) = shape {
            rewrite(func, &shape, &values);
        }
    }
}

/// For each function, the interval of each value where it is defined.
fn analyse(module: &Module) -> Vec<(Option<Shape>, Vec<Slot>)> {
    let count = module.functions.len();
    let is_pure = |func: &Function| func.phase == Phase::Pure && func.import.is_none();
    let empty = Slot::new(Range::EMPTY);
    let mut ctx = Ctx {
        module,
        shapes: module.functions.iter().map(|func| is_pure(func).then(|| shape(func))).collect(),
        values: module.functions.iter().map(|func| vec![empty; func.values.len()]).collect(),
        params: module.functions.iter().map(|func| vec![empty; func.sig.params.len()]).collect(),
        results: vec![empty; count],
        globals: module.globals.iter().map(|global| Slot::new(initial(global.ty, global.init))).collect(),
        callers: vec![Vec::new(); count],
        readers: vec![Vec::new(); module.globals.len()],
        reached: vec![false; count],
    };
    for (index, func) in module.functions.iter().enumerate() {
        for data in &func.insts {
            match (data.op, data.imm) {
                (Op::Call, Imm::Func(callee)) => ctx.callers[callee.index()].push(FuncId::new(index)),
                (Op::Mochi(MochiOp::LoadGlobal), Imm::Global(global)) => {
                    ctx.readers[global.index()].push(FuncId::new(index));
                }
                _ => {}
            }
        }
        if !is_pure(func) {
            ctx.results[index].range = func.sig.results.first().map_or(Range::EMPTY, |&ty| Range::any(ty));
        }
    }
    // Callees first, or a function that calls many would be looked at again after each of them.
    let (order, _) = callees_first(module);
    let mut place = vec![0; count];
    order.iter().enumerate().for_each(|(at, id)| place[id.index()] = at);
    let mut work: BTreeSet<usize> = BTreeSet::new();
    match module.start {
        Some(start) => {
            work.insert(place[start.index()]);
        }
        // Without a start others call the functions: nothing is known of their arguments.
        None => {
            for (index, func) in module.functions.iter().enumerate() {
                for (slot, param) in ctx.params[index].iter_mut().zip(&func.sig.params) {
                    slot.range = Range::any(param.ty);
                }
                work.insert(place[index]);
            }
        }
    }
    for (index, _) in module.called_by_value().into_iter().enumerate().filter(|&(_, called)| called) {
        for (slot, param) in ctx.params[index].iter_mut().zip(&module.functions[index].sig.params) {
            slot.range = Range::any(param.ty);
        }
        work.insert(place[index]);
    }
    while let Some(first) = work.pop_first() {
        let id = order[first];
        ctx.reached[id.index()] = true;
        let Some(shape) = ctx.shapes[id.index()].take() else { continue };
        while ctx.sweep(id, &shape, Sweep::Widen) {}
        for _ in 0..2 {
            ctx.sweep(id, &shape, Sweep::Narrow);
        }
        work.extend(ctx.flow_out(id, &shape).into_iter().map(|id| place[id.index()]));
        ctx.shapes[id.index()] = Some(shape);
    }
    let Ctx { module: _, shapes, values, params: _, results: _, globals: _, callers: _, readers: _, reached: _ } = ctx;
    shapes.into_iter().zip(values).collect()
}

fn initial(ty: Type, init: Init) -> Range {
    match init {
        Init::I64(value) if ty.kind == Kind::Int && !ty.nullable => Range::new(value.into(), value.into()),
        Init::I32(_) | Init::I64(_) | Init::F64(_) => Range::any(ty),
    }
}

fn shape(func: &Function) -> Shape {
    let cfg = Cfg::new(func);
    let dom = Dominators::new(&cfg);
    let mut facts: HashMap<Value, Vec<(Block, Fact)>> = HashMap::default();
    for block in func.block_ids() {
        for (which, target) in func.block(block).term.targets().enumerate() {
            if cfg.preds(target.block).len() == 1 {
                for fact in edge_facts(func, block, which) {
                    facts.entry(fact.value).or_default().push((target.block, fact));
                }
            }
        }
    }
    let mut indexes: HashMap<Value, Vec<(Block, usize)>> = HashMap::default();
    let mut homes = vec![ENTRY; func.insts.len()];
    for &block in cfg.rpo() {
        for (position, &inst) in func.block(block).insts.iter().enumerate() {
            homes[inst.index()] = block;
            let data = func.inst(inst);
            if let Op::Mochi(MochiOp::ListGet | MochiOp::ListSet) = data.op {
                indexes.entry(data.args[1]).or_default().push((block, position));
            }
        }
    }
    Shape { cfg, dom, facts, indexes, homes }
}

/// What is known when control leaves `block` by its terminator's target number `which`.
fn edge_facts(func: &Function, block: Block, which: usize) -> Vec<Fact> {
    let Terminator::Branch { cond, then: _, otherwise: _ } = func.block(block).term else { return Vec::new() };
    let ValueDef::Result(inst, _) = func.def(cond) else { return Vec::new() };
    let data = func.inst(inst);
    let Op::Mochi(op) = data.op else { return Vec::new() };
    let holds = which == 0;
    // A comparison that failed says the opposite only if none is out of the question.
    let never_none = data.args.iter().all(|&arg| func.ty(arg) == Type::INT);
    let (relation, swapped) = match (op, holds) {
        (MochiOp::IntEq | MochiOp::SmallEq, true) | (MochiOp::IntNe | MochiOp::SmallNe, false) => (Relation::Eq, false),
        (MochiOp::IntLt | MochiOp::SmallLt, true) => (Relation::Lt, false),
        (MochiOp::IntLe | MochiOp::SmallLe, true) => (Relation::Le, false),
        (MochiOp::IntGt | MochiOp::SmallGt, true) => (Relation::Lt, true),
        (MochiOp::IntGe | MochiOp::SmallGe, true) => (Relation::Le, true),
        (MochiOp::IntLt | MochiOp::SmallLt, false) if never_none => (Relation::Le, true),
        (MochiOp::IntLe | MochiOp::SmallLe, false) if never_none => (Relation::Lt, true),
        (MochiOp::IntGt | MochiOp::SmallGt, false) if never_none => (Relation::Le, false),
        (MochiOp::IntGe | MochiOp::SmallGe, false) if never_none => (Relation::Lt, false),
        _ => return Vec::new(),
    };
    let (a, b) = (data.args[0], data.args[1]);
    vec![
        Fact { value: a, relation, other: b, flipped: swapped },
        Fact { value: b, relation, other: a, flipped: !swapped },
    ]
}

fn apply(range: Range, fact: Fact, other: Range) -> Range {
    let refined = match (fact.relation, fact.flipped) {
        (Relation::Eq, _) => {
            return Range { lo: range.lo.max(other.lo), hi: range.hi.min(other.hi), none: range.none && other.none };
        }
        (Relation::Lt, false) => Range { hi: range.hi.min(other.hi - (other.hi < INF) as i128), ..range },
        (Relation::Le, false) => Range { hi: range.hi.min(other.hi), ..range },
        (Relation::Lt, true) => Range { lo: range.lo.max(other.lo + (other.lo > -INF) as i128), ..range },
        (Relation::Le, true) => Range { lo: range.lo.max(other.lo), ..range },
    };
    // An ordering that holds has no none on either side.
    Range { none: false, ..refined }
}

/// The interval of `value` as seen from the instruction at a position of `block`.
fn range_at(func: &Function, shape: &Shape, values: &[Slot], value: Value, (block, at): (Block, usize)) -> Range {
    if func.ty(value).kind != Kind::Int {
        return Range::any(func.ty(value));
    }
    let mut range = values[value.index()].range;
    for &(from, fact) in shape.facts.get(&value).into_iter().flatten() {
        if shape.dom.dominates(from, block) {
            range = apply(range, fact, values[fact.other.index()].range);
        }
    }
    for &(from, position) in shape.indexes.get(&value).into_iter().flatten() {
        if if from == block { position < at } else { shape.dom.dominates(from, block) } {
            range = Range { lo: range.lo.max(-MOST_INDEX), hi: range.hi.min(MOST_INDEX), ..range };
        }
    }
    range
}

/// Whether `value` is less than the length of `list` at the end of `block`, or earlier.
fn is_below_length(func: &Function, shape: &Shape, value: Value, list: Value, block: Block, depth: usize) -> bool {
    let is_length =
        |fact: &Fact| fact.relation == Relation::Lt && !fact.flipped && length_of(func, fact.other) == Some(list);
    let facts = shape.facts.get(&value).into_iter().flatten();
    if facts.filter(|(from, _)| shape.dom.dominates(*from, block)).any(|(_, fact)| is_length(fact)) {
        return true;
    }
    let list_home = match func.def(list) {
        ValueDef::Param(home, _) => home,
        ValueDef::Result(inst, _) => shape.homes[inst.index()],
    };
    match func.def(value) {
        // The list must be the same one on the edges as behind them.
        ValueDef::Param(home, position) if depth > 0 && home != list_home && shape.dom.dominates(list_home, home) => {
            shape.cfg.preds(home).iter().all(|&pred| {
                let mut edges = func.block(pred).term.targets().enumerate().filter(|(_, target)| target.block == home);
                edges.all(|(which, target)| {
                    let arg = target.args[position as usize];
                    let on_edge = edge_facts(func, pred, which).iter().any(|fact| fact.value == arg && is_length(fact));
                    on_edge || is_below_length(func, shape, arg, list, pred, depth - 1)
                })
            })
        }
        ValueDef::Param(..) | ValueDef::Result(..) => false,
    }
}

/// The list that a value is the length of.
fn length_of(func: &Function, value: Value) -> Option<Value> {
    let ValueDef::Result(inst, _) = func.def(value) else { return None };
    let data = func.inst(inst);
    match data.op {
        Op::Mochi(MochiOp::ListLen) => Some(data.args[0]),
        Op::Mochi(MochiOp::RangeEnd) => length_of(func, data.args[0]),
        _ => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sweep {
    /// Intervals only grow.
    Widen,
    /// Intervals are replaced by what their inputs give now.
    Narrow,
}

impl Ctx<'_> {
    /// Recomputes every value of the function once; tells whether one changed.
    fn sweep(&mut self, id: FuncId, shape: &Shape, sweep: Sweep) -> bool {
        let func = self.module.func(id);
        let mut changed = false;
        for &block in shape.cfg.rpo() {
            for (position, &param) in func.block(block).params.iter().enumerate() {
                if func.ty(param).kind != Kind::Int {
                    continue;
                }
                let range = match block {
                    ENTRY => self.params[id.index()][position].range,
                    _ => self.incoming(func, shape, id, block, position),
                };
                changed |= self.update(id, param, range, sweep);
            }
            for (position, &inst) in func.block(block).insts.iter().enumerate() {
                let data = func.inst(inst);
                let [result] = data.results[..] else { continue };
                if func.ty(result).kind == Kind::Int {
                    let range = self.result(func, shape, id, (block, position), data, func.ty(result));
                    changed |= self.update(id, result, range, sweep);
                }
            }
        }
        changed
    }

    fn update(&mut self, id: FuncId, value: Value, range: Range, sweep: Sweep) -> bool {
        let slot = &mut self.values[id.index()][value.index()];
        match sweep {
            Sweep::Widen => slot.join(range),
            Sweep::Narrow => std::mem::replace(&mut slot.range, range) != range,
        }
    }

    /// What all edges give parameter `position` of `block`.
    fn incoming(&self, func: &Function, shape: &Shape, id: FuncId, block: Block, position: usize) -> Range {
        let values = &self.values[id.index()];
        let mut joined = Range::EMPTY;
        for &pred in shape.cfg.preds(block) {
            for (which, target) in func.block(pred).term.targets().enumerate() {
                let Target { block: to, args } = target;
                if *to != block {
                    continue;
                }
                let arg = args[position];
                let mut range = range_at(func, shape, values, arg, (pred, END));
                for fact in edge_facts(func, pred, which) {
                    if fact.value == arg {
                        range = apply(range, fact, values[fact.other.index()].range);
                    }
                }
                if range.has_ints() || range.none {
                    joined = joined.join(range);
                }
            }
        }
        joined
    }

    fn result(
        &self,
        func: &Function,
        shape: &Shape,
        id: FuncId,
        at: (Block, usize),
        data: &InstData,
        ty: Type,
    ) -> Range {
        let values = &self.values[id.index()];
        let arg = |index: usize| range_at(func, shape, values, data.args[index], at);
        let op = match (data.op, data.imm) {
            (Op::Call, Imm::Func(callee)) => return self.results[callee.index()].range,
            (Op::Mochi(MochiOp::LoadGlobal), Imm::Global(global)) => return self.globals[global.index()].range,
            (Op::Mochi(MochiOp::IntConst), Imm::I64(value)) => return Range::new(value.into(), value.into()),
            (Op::Mochi(op), _) => op,
            (Op::Call | Op::CallIndirect | Op::CallValue | Op::Wasm(_), _) => return Range::any(ty),
        };
        match op {
            MochiOp::IntAdd | MochiOp::SmallAdd => arg(0).combine(arg(1), |a, b| a + b),
            MochiOp::IntSub | MochiOp::SmallSub => arg(0).combine(arg(1), |a, b| a - b),
            MochiOp::IntMul | MochiOp::SmallMul => arg(0).combine(arg(1), i128::saturating_mul),
            MochiOp::IntNeg | MochiOp::SmallNeg => arg(0).combine(Range::new(0, 0), |a, _| -a),
            MochiOp::IntDiv | MochiOp::SmallDiv => divide(arg(0), arg(1)),
            MochiOp::IntRem | MochiOp::SmallRem => remainder(arg(0), arg(1)),
            MochiOp::BoolToInt if !ty.nullable => Range::new(0, 1),
            MochiOp::IntLen | MochiOp::FloatLen | MochiOp::StrLen | MochiOp::ListLen | MochiOp::MapLen => {
                Range::new(0, 1 << 32)
            }
            MochiOp::RangeStart => bound(arg(0), SMALL_MAX),
            MochiOp::RangeEnd => bound(arg(0), SMALL_MIN),
            MochiOp::None => Range::NONE,
            MochiOp::Convert if func.ty(data.args[0]).kind == Kind::Int => {
                let range = arg(0);
                Range { none: range.none && ty.nullable, ..range }
            }
            _ => Range::any(ty),
        }
    }

    /// Hands arguments, results and stores on; gives the functions to be analysed (again) for it.
    fn flow_out(&mut self, id: FuncId, shape: &Shape) -> Vec<FuncId> {
        let func = self.module.func(id);
        let mut again = Vec::new();
        for &block in shape.cfg.rpo() {
            for (position, &inst) in func.block(block).insts.iter().enumerate() {
                let data = func.inst(inst);
                let at = (block, position);
                let values = &self.values[id.index()];
                match (data.op, data.imm) {
                    (Op::Call, Imm::Func(callee)) => {
                        let mut grew = !self.reached[callee.index()];
                        for (slot, &arg) in self.params[callee.index()].iter_mut().zip(&data.args) {
                            grew |= slot.join(range_at(func, shape, values, arg, at));
                        }
                        if grew {
                            again.push(callee);
                        }
                    }
                    (Op::Mochi(MochiOp::StoreGlobal | MochiOp::InitGlobal), Imm::Global(global)) => {
                        let range = range_at(func, shape, values, data.args[0], at);
                        if self.globals[global.index()].join(range) {
                            again.extend(&self.readers[global.index()]);
                        }
                    }
                    _ => {}
                }
            }
            if let Terminator::Return(returned) = &func.block(block).term
                && let [value] = returned[..]
                && self.results[id.index()].join(range_at(func, shape, &self.values[id.index()], value, (block, END)))
            {
                again.extend(&self.callers[id.index()]);
            }
        }
        again.retain(|id| self.reached[id.index()] || self.shapes[id.index()].is_some());
        again
    }
}

/// Quotients, truncated toward zero; the exact interval only where the divisor is positive.
fn divide(a: Range, b: Range) -> Range {
    if b.has_ints() && b.lo <= 0 {
        return Range { none: a.none || b.none, ..Range::new(-INF, INF) };
    }
    a.combine(b, |a, b| if b == 0 { a } else { a / b })
}

/// Remainders have the dividend's sign and are smaller than the divisor.
fn remainder(a: Range, b: Range) -> Range {
    let none = a.none || b.none;
    if !a.has_ints() || !b.has_ints() {
        return Range { none, ..Range::EMPTY };
    }
    let most = b.lo.abs().max(b.hi.abs()) - 1;
    let hi = if a.hi <= 0 { 0 } else { most.min(a.hi) };
    let lo = if a.lo >= 0 { 0 } else { (-most).max(a.lo) };
    Range { none, ..Range::new(lo, hi) }
}

/// A bound of a range loop: ints in the small range pass, none becomes `for_none`, others fail.
fn bound(range: Range, for_none: i128) -> Range {
    let ints = Range { lo: range.lo.max(SMALL_MIN), hi: range.hi.min(SMALL_MAX), none: false };
    let ints = if ints.has_ints() { ints } else { Range::EMPTY };
    if range.none { ints.join(Range::new(for_none, for_none)) } else { ints }
}

fn rewrite(func: &mut Function, shape: &Shape, values: &[Slot]) {
    for &block in shape.cfg.rpo() {
        for at in 0..func.block(block).insts.len() {
            let inst = func.block(block).insts[at];
            let data = func.inst(inst);
            let Op::Mochi(op) = data.op else { continue };
            if op == MochiOp::ListGet {
                let index = data.args[1];
                let range = range_at(func, shape, values, index, (block, at));
                if func.ty(index) == Type::INT && range.is_small() && range.lo >= 0 {
                    let (list, result) = (data.args[0], data.results[0]);
                    let is_word = func.ty(result).machine() == Type::I64;
                    let is_below = !is_word && is_below_length(func, shape, index, list, block, LENGTH_DEPTH);
                    func.inst_mut(inst).op = if is_below { MochiOp::ListAt } else { MochiOp::ListIndex }.into();
                }
                continue;
            }
            let Some((small, divides)) = unchecked(op) else { continue };
            let ranges: Vec<Range> =
                data.args.iter().map(|&arg| range_at(func, shape, values, arg, (block, at))).collect();
            let is_small = |value: Value, range: Range| func.ty(value) == Type::INT && range.is_small();
            let legal = data.args.iter().zip(&ranges).all(|(&arg, &range)| is_small(arg, range))
                && (!divides || ranges[1].lo > 0)
                && data
                    .results
                    .iter()
                    .all(|&result| func.ty(result).kind != Kind::Int || is_small(result, values[result.index()].range));
            if legal {
                func.inst_mut(inst).op = small.into();
            }
        }
    }
}

/// The unchecked counterpart of an int operation, and whether it asks for a positive divisor.
fn unchecked(op: MochiOp) -> Option<(MochiOp, bool)> {
    Some(match op {
        MochiOp::IntAdd => (MochiOp::SmallAdd, false),
        MochiOp::IntSub => (MochiOp::SmallSub, false),
        MochiOp::IntMul => (MochiOp::SmallMul, false),
        MochiOp::IntNeg => (MochiOp::SmallNeg, false),
        MochiOp::IntDiv => (MochiOp::SmallDiv, true),
        MochiOp::IntRem => (MochiOp::SmallRem, true),
        MochiOp::IntEq => (MochiOp::SmallEq, false),
        MochiOp::IntNe => (MochiOp::SmallNe, false),
        MochiOp::IntLt => (MochiOp::SmallLt, false),
        MochiOp::IntLe => (MochiOp::SmallLe, false),
        MochiOp::IntGt => (MochiOp::SmallGt, false),
        MochiOp::IntGe => (MochiOp::SmallGe, false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::opt::testing::after;

    /// Counts from 0 to a bound; `{bound}` is the instruction that makes it.
    fn counter(bound: &str) -> String {
        let text = format!(
            "start main\nfunc main() {{\nb0:\nv0: int = int.const 0\nv1: int = {bound}\nv2: int = int.const 1\nv3 = int.lt v0, v1\n\
             branch v3, b1(v0), b2\nb1(v4: int):\nprint v4\nv5: int = int.add v4, v2\nv6 = int.lt v5, v1\nbranch v6, b1(v5), b2\n\
             b2:\nreturn\n}}\n"
        );
        after(&text, run)
    }

    #[test]
    fn a_counter_below_a_known_bound_needs_no_check() {
        let text = counter("int.const 1000");
        assert!(text.contains("small.add") && text.contains("small.lt"), "{text}");
        assert!(!text.contains("int.add"), "{text}");
    }

    #[test]
    fn a_counter_below_an_unknown_bound_keeps_it() {
        let text = counter("now");
        assert!(text.contains("int.add") && !text.contains("small"), "{text}");
    }

    #[test]
    fn a_bound_at_the_edge_of_the_small_range_is_told_apart() {
        // The counter itself reaches 2^61 - 1 at most; one more would leave the range.
        assert!(counter("int.const 2305843009213693951").contains("small.add"));
        assert!(counter("int.const 2305843009213693952").contains("int.add"));
    }

    #[test]
    fn arguments_of_all_calls_bound_a_parameter() {
        let text = after(
            "start main\nfunc down(v0: int) -> int {\nb0:\nv1: int = int.const 2\nv2 = int.lt v0, v1\nbranch v2, b1, b2\n\
             b1:\nreturn v0\nb2:\nv3: int = int.const 1\nv4: int = int.sub v0, v3\nv5: int = call down(v4)\nv6: int = int.add v5, v0\nreturn v6\n}\n\
             func main() {\nb0:\nv0: int = int.const 40\nv1: int = call down(v0)\nprint v1\nreturn\n}\n",
            run,
        );
        // The argument counts down from 40; the sum is not bounded by this analysis.
        assert!(text.contains("small.sub") && text.contains("int.add"), "{text}");
    }

    #[test]
    fn a_remainder_is_smaller_than_its_divisor() {
        let text = after(
            "start main\nfunc main() {\nb0:\nv0: int = now\nv1: int = int.const 1000\nv2: int = int.rem v0, v1\nv3: int = int.add v2, v2\n\
             print v3\nreturn\n}\n",
            run,
        );
        assert!(text.contains("int.rem") && text.contains("small.add"), "{text}");
    }

    #[test]
    fn none_is_never_small() {
        let text = after(
            "start main\nglobal g0 x: int? = i64 4899916394579099648\nfunc main() {\nb0:\nv0: int? = global.load g0\nv1: int = int.const 1\n\
v2: int? = int.add v0, v1\nprint v2\nreturn\n}\n",
            run,
        );
        assert!(text.contains("int.add"), "{text}");
    }

    /// What becomes of a function of a list, its length, an index from a range loop, and these lines.
    fn walked(lines: &str) -> String {
        let text = format!(
            "start main\nfunc main() {{\nb0:\nv0: list<float> = list.new 0\nv1: int = now\ncall f(v0, v1)\nreturn\n}}\n\
             func f(v0: list<float>, v1: int) pure {{\nb0:\nv2: int = int.const 0\nv3 = list.len v0\nv4 = small.lt v2, v3\n\
             branch v4, b1(v2), b2\nb1(v5: int):\n{lines}\nv6: int = int.const 1\nv7 = small.add v5, v6\nv8 = small.lt v7, v3\n\
             branch v8, b1(v7), b2\nb2:\nreturn\n}}\n"
        );
        after(&text, run)
    }

    #[test]
    fn an_index_below_the_length_needs_no_check() {
        let text = walked("v9: float = list.get v0, v5\nprint v9");
        assert!(text.contains("list.at") && !text.contains("list.get"), "{text}");
    }

    #[test]
    fn an_index_that_is_not_negative_is_told_apart() {
        let text = walked("v10: int = int.const 1\nv11: int = int.add v5, v10\nv9: float = list.get v0, v11\nprint v9");
        assert!(text.contains("list.index") && !text.contains("list.get"), "{text}");
        let text = walked("v10: int = int.const 1\nv11: int = int.sub v5, v10\nv9: float = list.get v0, v11\nprint v9");
        assert!(text.contains("list.get") && text.contains("small.sub"), "{text}");
    }

    #[test]
    fn the_length_of_another_list_says_nothing() {
        let text = walked("v9: list<float> = list.new 1\nv10: float = list.get v9, v5\nprint v10");
        assert!(text.contains("list.index"), "{text}");
    }

    #[test]
    fn what_was_an_index_is_near_lengths() {
        let text = walked(
            "v10: int = int.const 1\nv11: int = int.sub v1, v10\nv9: float = list.get v0, v1\nprint v9\nv12: int = int.sub v1, v10\nprint v12\nprint v11",
        );
        // Only behind the operation.
        assert!(text.contains("int.sub") && text.contains("small.sub"), "{text}");
    }
}
