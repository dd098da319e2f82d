//! split-loops – gives a loop a copy without the tests that a range of its counter answers.
//!
//!     b1(i): branch i >=u n, c, b2        b0(i): m = min(n, k)
//!     b2: …  branch i + 1 < k, b1, b3            branch i <u m, q1(i), b1(i)
//!     c cold: …  jump b2                  q1(i): jump q2
//!                                   =>    q2: …  branch i + 1 <u m, q1, b4
//!                                         b4: branch i + 1 < k, b0, b3
//!                                         b1(i): branch i >=u n, c, b2
//!                                         b2: …  branch i + 1 < k, b0, b3
//!                                         c cold: …  jump b2
//!
//! The quick copy has the blocks of the loop that are not cold. A branch of it that leaves it is gone where it
//! compares a sum of the counter with something that no quick round changes: `m` says how far all of these tests
//! have the answer that stays in the copy. A test of nothing but such values is asked once, with `m`. Rounds whose counter is
//! out of range, and rounds in which something else leads to a cold block, go on in the old blocks, whose next round
//! is a quick one if it can be.
//!
//! Worth it because what a checked read costs in a small loop is mostly its test; and as the copy calls
//! nothing, its values stay in registers.
//!
//! Legal for any change of the counter: the range is asked in each round, in place of the loop's own test where that is one
//! of those that `m` answers. Done in innermost loops that are small, for the parameter of the header that answers most, and
//! only with tests that every round makes (others never make the range smaller), unless the copy would
//! lose no test. Words wrap, so ranges lie far from the ends of 64 bits, which is asked too where it is not known.
//!
//! After "Array Bounds Check Elimination for the Java HotSpot Client Compiler" (Würthinger, Wimmer, Mössenböck, PPPJ 2007) and
//! the range checks of the server compiler, which split loops into three.

mod quick;
#[cfg(test)]
mod tests;

use quick::{QuickPart, Test, leads_to_cold};

use super::copies::Copies;
use super::merge_blocks::straighten;
use super::{Pass, Run};
use crate::analysis::{Cfg, Dominators, LoopData, Loops};
use crate::hash::{HashMap, HashSet};
use crate::ir::{
    Block, Function, Imm, Inst, InstData, Target, Terminator, Type, Value, ValueDef, WasmOp, remove_trivial_params,
};

pub const PASS: Pass = Pass { name: "split-loops", run: Run::OnFunction(run) };

/// Most instructions of the copy.
const COPY_LIMIT: usize = 100;
/// No function grows beyond this many instructions.
const FUNCTION_LIMIT: usize = 20_000;
/// Most operations on the way from what a value is made of.
const DEPTH: u32 = 8;
/// Constants that are added to the counter are smaller, either way.
const OFFSET_LIMIT: i64 = 1 << 31;
/// Bounds are smaller and not negative, so that sums with offsets do not wrap.
const BOUND_LIMIT: i64 = 1 << 40;

fn run(func: &mut Function) {
    if func.cold || !func.blocks.iter().any(|block| block.cold) {
        return;
    }
    let cfg = Cfg::new(func);
    let loops = Loops::new(func, &cfg, &Dominators::new(&cfg));
    let has_check = |block: Block| loops.innermost(block).is_some() && leads_to_cold(func, block);
    if !loops.is_reducible() || !func.block_ids().any(has_check) {
        return;
    }
    // Edges that go back through blocks of their own would hide where rounds end.
    straighten(func);
    let cfg = Cfg::new(func);
    let loops = Loops::new(func, &cfg, &Dominators::new(&cfg));
    let mut changed = false;
    for data in loops.without_inner() {
        if func.insts.len() < FUNCTION_LIMIT {
            changed |= split(func, &cfg, data);
        }
    }
    if changed {
        remove_trivial_params(func);
    }
}

/// Changes one loop that has no other in it; whether there was anything to do.
fn split(func: &mut Function, cfg: &Cfg, data: &LoopData) -> bool {
    let Some(copy) = QuickPart::find(func, cfg, data) else { return false };
    let Some(plan) = Plan::find(&copy) else { return false };
    let QuickPart { func: _, header: _, blocks, inside, is_in_every_round: _, same, unchanged: _ } = copy;
    let before = Before { block: func.add_block(), params: Vec::new(), made: HashMap::default(), func, same, inside };
    apply(before, data, &blocks, &plan);
    true
}

/// `counter + fixed + offset < bound`.
#[derive(Clone, Copy, Debug)]
struct Upper {
    bound: Value,
    fixed: Option<Value>,
    offset: i64,
}

/// What is done with one loop.
struct Plan {
    counter: Value,
    /// Where the counter is among the header's parameters.
    index: usize,
    /// The counter is at least this.
    lower: i64,
    uppers: Vec<Upper>,
    /// What must not be negative and below [`BOUND_LIMIT`], and is not known to be.
    bounded: Vec<Value>,
    /// What is asked once, and which answer lets rounds be quick.
    once: Vec<(Value, bool)>,
    /// The branches that are gone, each with the block that it always goes to.
    decided: Vec<(Block, Block)>,
    /// The blocks that go back or out of the loop, where the range of the next round's counter decides which.
    turns: Vec<Block>,
}

impl Plan {
    fn find(copy: &QuickPart) -> Option<Plan> {
        let tests = copy.tests();
        // The counter that decides most of the tests that lead to cold blocks; the first of several.
        let mut best: Option<(usize, Value)> = None;
        for &counter in &copy.func.block(copy.header).params {
            let decides = |(at, block, test): &&(usize, Block, Test)| {
                copy.is_in_every_round[*at] && copy.is_check(*block) && test.counter() == Some(counter)
            };
            let count = tests.iter().filter(decides).count();
            if count > best.map_or(0, |(most, _)| most) {
                best = Some((count, counter));
            }
        }
        let (_, counter) = best?;
        let index = copy.func.block(copy.header).params.iter().position(|&param| param == counter)?;
        let mut plan = Plan {
            counter,
            index,
            lower: i64::MIN,
            uppers: Vec::new(),
            bounded: Vec::new(),
            once: Vec::new(),
            decided: Vec::new(),
            turns: Vec::new(),
        };
        for &(_, block, test) in tests.iter().filter(|(at, ..)| copy.is_in_every_round[*at]) {
            plan.decide(copy, block, test, true);
        }
        for &(_, block, test) in tests.iter().filter(|(at, ..)| !copy.is_in_every_round[*at]) {
            plan.decide(copy, block, test, false);
        }
        plan.find_turns(copy);
        if plan.uppers.is_empty() {
            return None;
        }
        let of_uppers = plan.uppers.iter().flat_map(|upper| [Some(upper.bound), upper.fixed]).flatten();
        plan.bounded.extend(of_uppers);
        plan.bounded.retain(|&value| !copy.is_bound(value));
        plan.bounded.sort_unstable();
        plan.bounded.dedup();
        // Most counters begin with 0, which needs no subtraction in each round.
        plan.lower = plan.lower.max(0);
        let checks = plan.decided.iter().filter(|&&(block, _)| copy.is_check(block)).count();
        let asks_less = plan.decided.len() > checks || !plan.turns.is_empty();
        (checks > usize::from(!asks_less)).then_some(plan)
    }

    /// Takes a test into the range, if it may change that or need not.
    fn decide(&mut self, copy: &QuickPart, block: Block, test: Test, may_narrow: bool) {
        let is_decided = match test {
            Test::Fixed { cond, stays } => {
                if may_narrow && !self.once.contains(&(cond, stays)) {
                    self.once.push((cond, stays));
                }
                self.once.contains(&(cond, stays))
            }
            Test::Small(sum) if may_narrow && sum.counter == self.counter => {
                self.bounded.extend(sum.fixed);
                true
            }
            Test::Small(sum) => {
                sum.counter == self.counter && sum.fixed.is_none_or(|fixed| self.bounded.contains(&fixed))
            }
            Test::From { counter, from } => counter == self.counter && self.at_least(from, may_narrow),
            Test::Below { sum, bound, or_equal, is_signed } => {
                sum.counter == self.counter
                    && (is_signed || self.at_least(-sum.offset - i64::from(or_equal), may_narrow))
                    && self.below(Upper { bound, fixed: sum.fixed, offset: sum.offset }, may_narrow)
            }
        };
        if is_decided && let Some(stays) = copy.stays(block) {
            self.decided.push((block, stays));
        }
    }

    fn at_least(&mut self, from: i64, may_narrow: bool) -> bool {
        if may_narrow {
            self.lower = self.lower.max(from);
        }
        self.lower >= from
    }

    fn below(&mut self, upper: Upper, may_narrow: bool) -> bool {
        let same = |known: &&mut Upper| known.bound == upper.bound && known.fixed == upper.fixed;
        match self.uppers.iter_mut().find(same) {
            Some(known) if may_narrow => known.offset = known.offset.max(upper.offset),
            Some(known) => return known.offset >= upper.offset,
            None if may_narrow => self.uppers.push(upper),
            None => return false,
        }
        true
    }

    /// The tests at the ends of rounds that ask how far the next round's counter is.
    fn find_turns(&mut self, copy: &QuickPart) {
        for &block in &copy.blocks {
            let Terminator::Branch { cond, ref then, ref otherwise } = copy.func.block(block).term else { continue };
            let (back, stays) = match (then.block == copy.header, otherwise.block == copy.header) {
                (true, false) => (then, true),
                (false, true) => (otherwise, false),
                _ => continue,
            };
            let Some(Test::Below { sum, bound, or_equal: _, is_signed: true }) = copy.test(cond, stays) else {
                continue;
            };
            let Some(next) = copy.sum(back.args[self.index], DEPTH) else { continue };
            if (sum.counter, sum.fixed) != (next.counter, next.fixed) {
                continue;
            }
            if self.below(Upper { bound, fixed: None, offset: sum.offset - next.offset }, true) {
                self.turns.push(block);
            }
        }
    }
}

fn apply(mut ahead: Before, data: &LoopData, blocks: &[Block], plan: &Plan) {
    let header = data.header;
    let copies = Copies::make(ahead.func, blocks, false);
    let quick = copies.blocks[&header];
    let before = ahead.block;
    for param in ahead.func.block(header).params.clone() {
        let value = ahead.func.add_param(before, ahead.func.ty(param));
        ahead.params.push(value);
        ahead.made.insert(param, value);
    }
    let in_copy: HashSet<Block> = copies.blocks.values().copied().collect();
    for block in ahead.func.block_ids().filter(|block| !in_copy.contains(block)) {
        let to_header = ahead.func.block_mut(block).term.targets_mut().filter(|target| target.block == header);
        to_header.for_each(|target| target.block = before);
    }
    let range = ahead.range(plan);
    let Before { func, params, .. } = ahead;
    let in_range = range.has(func, before, params[plan.index]);
    func.block_mut(before).term = Terminator::Branch {
        cond: in_range,
        then: Target { block: quick, args: params.clone() },
        otherwise: Target { block: header, args: params },
    };
    for &(block, stays) in &plan.decided {
        let block = copies.blocks[&block];
        let stays = copies.blocks[&stays];
        let only = func.block(block).term.targets().find(|target| target.block == stays).cloned();
        if let Some(only) = only {
            func.block_mut(block).term = Terminator::Jump(only);
        }
    }
    for &old in blocks {
        let block = copies.blocks[&old];
        let to_next = |target: &&Target| target.block == quick;
        let Some(next) = func.block(block).term.targets().find(to_next).cloned() else { continue };
        let mut term = func.block(block).term.clone();
        let is_turn = plan.turns.contains(&old);
        let asks = match term {
            // The test is made where the answer is not known.
            Terminator::Branch { .. } if is_turn => block,
            Terminator::Jump(_) => block,
            _ => {
                let edge = func.add_block();
                let to_next = term.targets_mut().filter(|target| target.block == quick);
                to_next.for_each(|target| *target = Target { block: edge, args: vec![] });
                func.block_mut(block).term = term.clone();
                edge
            }
        };
        let mut again = Target { block: before, args: next.args.clone() };
        if is_turn {
            let turn = func.add_block();
            let to_next = term.targets_mut().filter(|target| target.block == quick);
            to_next.for_each(|target| target.block = before);
            func.block_mut(turn).term = term;
            again = Target { block: turn, args: vec![] };
        }
        let cond = range.has(func, asks, next.args[plan.index]);
        func.block_mut(asks).term = Terminator::Branch { cond, then: next, otherwise: again };
    }
    for &block in &data.blocks {
        func.block_mut(block).cold = true;
    }
    copies.repair(func);
}

/// The block from which rounds of either kind begin.
struct Before<'a> {
    func: &'a mut Function,
    block: Block,
    /// What stands for the header's parameters.
    params: Vec<Value>,
    /// What values of quick rounds are here.
    made: HashMap<Value, Value>,
    /// As in [`QuickPart`].
    same: HashMap<Value, Value>,
    inside: HashSet<Inst>,
}

impl Before<'_> {
    /// What every quick round finds in a fixed value.
    fn value(&mut self, value: Value) -> Value {
        let value = self.same.get(&value).copied().unwrap_or(value);
        if let Some(&made) = self.made.get(&value) {
            return made;
        }
        let ValueDef::Result(inst, index) = self.func.def(value) else { return value };
        if !self.inside.contains(&inst) {
            return value;
        }
        let InstData { op, args, imm, results, consumed: _ } = self.func.inst(inst).clone();
        let args = args.into_iter().map(|arg| self.value(arg)).collect();
        let types: Vec<Type> = results.iter().map(|&result| self.func.ty(result)).collect();
        let copy = self.func.append_inst(self.block, op, args, imm, &types, None);
        let made = self.func.inst(copy).results[index as usize];
        self.made.insert(value, made);
        made
    }

    /// Computes how far the counter is in range, to the end of the block.
    fn range(&mut self, plan: &Plan) -> Range {
        let mut width: Option<Value> = None;
        let mut may_be_negative = false;
        for upper in &plan.uppers {
            let mut of_this = self.value(upper.bound);
            if let Some(fixed) = upper.fixed {
                let fixed = self.value(fixed);
                of_this = append(self.func, self.block, WasmOp::I64Sub, vec![of_this, fixed]);
            }
            let less = upper.offset + plan.lower;
            if less != 0 {
                let less = word(self.func, self.block, less);
                of_this = append(self.func, self.block, WasmOp::I64Sub, vec![of_this, less]);
            }
            may_be_negative |= upper.fixed.is_some() || less > 0;
            width = Some(match width {
                None => of_this,
                Some(width) => {
                    let is_less = append(self.func, self.block, WasmOp::I64LtS, vec![of_this, width]);
                    append(self.func, self.block, WasmOp::I64Select, vec![of_this, width, is_less])
                }
            });
        }
        let mut width = width.unwrap_or_else(|| word(self.func, self.block, 0));
        let mut must_hold: Vec<Value> = Vec::new();
        for &(cond, stays) in &plan.once {
            let cond = self.value(cond);
            let is_zero = append(self.func, self.block, WasmOp::I32Eqz, vec![cond]);
            must_hold.push(match stays {
                true => append(self.func, self.block, WasmOp::I32Eqz, vec![is_zero]),
                false => is_zero,
            });
        }
        for &value in &plan.bounded {
            let value = self.value(value);
            let limit = word(self.func, self.block, BOUND_LIMIT);
            must_hold.push(append(self.func, self.block, WasmOp::I64LtU, vec![value, limit]));
        }
        if may_be_negative {
            let zero = word(self.func, self.block, 0);
            must_hold.push(append(self.func, self.block, WasmOp::I64GtS, vec![width, zero]));
        }
        let all =
            must_hold.into_iter().reduce(|all, next| append(self.func, self.block, WasmOp::I32And, vec![all, next]));
        if let Some(all) = all {
            let zero = word(self.func, self.block, 0);
            width = append(self.func, self.block, WasmOp::I64Select, vec![width, zero, all]);
        }
        Range { lower: plan.lower, width }
    }
}
/// The range of one loop, in the block before it.
struct Range {
    lower: i64,
    /// How many values of the counter are in it.
    width: Value,
}

impl Range {
    /// Whether a value is in the range, asked at the end of `block`.
    fn has(&self, func: &mut Function, block: Block, value: Value) -> Value {
        let from_lower = match self.lower {
            0 => value,
            lower => {
                let lower = word(func, block, lower);
                append(func, block, WasmOp::I64Sub, vec![value, lower])
            }
        };
        append(func, block, WasmOp::I64LtU, vec![from_lower, self.width])
    }
}

fn append(func: &mut Function, block: Block, op: WasmOp, args: Vec<Value>) -> Value {
    let inst = func.append_inst(block, op.into(), args, Imm::None, op.results(), None);
    func.inst(inst).results[0]
}

fn word(func: &mut Function, block: Block, constant: i64) -> Value {
    let inst = func.append_inst(block, WasmOp::I64Const.into(), vec![], Imm::I64(constant), &[Type::I64], None);
    func.inst(inst).results[0]
}
