//! What the quick copy of a loop has, and what its branches ask for.

use super::{BOUND_LIMIT, COPY_LIMIT, DEPTH, OFFSET_LIMIT};
use crate::analysis::{Cfg, LoopData};
use crate::hash::{HashMap, HashSet};
use crate::ir::{Block, ENTRY, Effect, Function, Imm, Inst, Op, Target, Terminator, Type, Value, ValueDef, WasmOp};

/// What the copy will consist of, seen in the old blocks.
pub(super) struct QuickPart<'a> {
    pub(super) func: &'a Function,
    pub(super) header: Block,
    /// In an order in which all edges but those to the header lead forward.
    pub(super) blocks: Vec<Block>,
    /// What the blocks do.
    pub(super) inside: HashSet<Inst>,
    /// Whether each of the blocks is a part of every round.
    pub(super) is_in_every_round: Vec<bool>,
    /// Which value alone a parameter is in the copy.
    pub(super) same: HashMap<Value, Value>,
    /// Parameters of the header that quick rounds do not change.
    pub(super) unchanged: Vec<Value>,
}

impl QuickPart<'_> {
    pub(super) fn find<'a>(func: &'a Function, cfg: &Cfg, data: &LoopData) -> Option<QuickPart<'a>> {
        let header = data.header;
        if header == ENTRY || func.block(header).cold {
            return None;
        }
        let mut blocks: Vec<Block> = Vec::new();
        for &block in &data.blocks {
            let is_led_to = |pred: &Block| blocks.contains(pred);
            if block == header || (!func.block(block).cold && cfg.preds(block).iter().any(is_led_to)) {
                blocks.push(block);
            }
        }
        let size: usize = blocks.iter().map(|&block| func.block(block).insts.len()).sum();
        let goes_back = |&&block: &&Block| func.block(block).term.targets().any(|target| target.block == header);
        let has_check = blocks.iter().any(|&block| leads_to_cold(func, block));
        if !has_check || size > COPY_LIMIT || blocks.iter().find(goes_back).is_none() {
            return None;
        }
        let mut copy = QuickPart {
            func,
            header,
            inside: blocks.iter().flat_map(|&block| func.block(block).insts.iter().copied()).collect(),
            is_in_every_round: Vec::with_capacity(blocks.len()),
            blocks,
            same: HashMap::default(),
            unchanged: Vec::new(),
        };
        // A block that an edge leads past is left out by some rounds.
        let mut furthest = 0;
        for (at, &block) in copy.blocks.iter().enumerate() {
            copy.is_in_every_round.push(furthest <= at);
            for target in func.block(block).term.targets() {
                if target.block == header {
                    furthest = copy.blocks.len();
                } else if let Some(position) = copy.position(target.block) {
                    furthest = furthest.max(position);
                }
            }
        }
        copy.find_same();
        Some(copy)
    }

    fn position(&self, block: Block) -> Option<usize> {
        self.blocks.iter().position(|&other| other == block)
    }

    /// What the edges of the copy give to a parameter.
    fn arguments(&self, block: Block, index: usize) -> impl Iterator<Item = Value> {
        let targets = self.blocks.iter().flat_map(|&pred| self.func.block(pred).term.targets());
        targets.filter(move |target| target.block == block).map(move |target| self.resolve(target.args[index]))
    }

    fn find_same(&mut self) {
        for at in 1..self.blocks.len() {
            let block = self.blocks[at];
            for (index, &param) in self.func.block(block).params.iter().enumerate() {
                let mut arguments = self.arguments(block, index);
                let first = arguments.next();
                let is_same = arguments.all(|argument| Some(argument) == first);
                drop(arguments);
                if let Some(first) = first.filter(|_| is_same) {
                    self.same.insert(param, first);
                }
            }
        }
        for (index, &param) in self.func.block(self.header).params.iter().enumerate() {
            if self.arguments(self.header, index).all(|argument| argument == param) {
                self.unchanged.push(param);
            }
        }
    }

    fn resolve(&self, value: Value) -> Value {
        self.same.get(&value).copied().unwrap_or(value)
    }

    /// The operation of the copy that gives a value, if one does.
    fn inst_of(&self, value: Value) -> Option<Inst> {
        match self.func.def(value) {
            ValueDef::Result(inst, _) => self.inside.contains(&inst).then_some(inst),
            ValueDef::Param(..) => None,
        }
    }

    fn operation(&self, value: Value) -> Option<(WasmOp, &[Value])> {
        let ValueDef::Result(inst, _) = self.func.def(self.resolve(value)) else { return None };
        let data = self.func.inst(inst);
        match data.op {
            Op::Wasm(op) => Some((op, &data.args)),
            _ => None,
        }
    }

    fn constant(&self, value: Value) -> Option<i64> {
        let ValueDef::Result(inst, _) = self.func.def(self.resolve(value)) else { return None };
        match self.func.inst(inst).imm {
            Imm::I64(constant) => Some(constant),
            _ => None,
        }
    }

    /// Whether all rounds of the copy see one value, which can be computed before them.
    fn is_fixed(&self, value: Value, depth: u32) -> bool {
        let value = self.resolve(value);
        match self.func.def(value) {
            ValueDef::Param(block, _) => self.position(block).is_none() || self.unchanged.contains(&value),
            ValueDef::Result(..) => match self.inst_of(value) {
                None => true,
                Some(inst) => {
                    let data = self.func.inst(inst);
                    let is_pure = matches!(data.op, Op::Wasm(op) if op.effect() == Effect::Pure);
                    is_pure && depth > 0 && data.args.iter().all(|&arg| self.is_fixed(arg, depth - 1))
                }
            },
        }
    }

    /// A value as a sum with a parameter of the header that rounds change.
    pub(super) fn sum(&self, value: Value, depth: u32) -> Option<Sum> {
        let value = self.resolve(value);
        if let ValueDef::Param(block, _) = self.func.def(value) {
            let is_counter =
                block == self.header && self.func.ty(value) == Type::I64 && !self.unchanged.contains(&value);
            return is_counter.then_some(Sum { counter: value, fixed: None, offset: 0 });
        }
        self.inst_of(value)?;
        let (op, args) = self.operation(value)?;
        let (&[left, right], Some(depth)) = (args, depth.checked_sub(1)) else { return None };
        let is_offset = |offset: &i64| offset.unsigned_abs() < OFFSET_LIMIT as u64;
        match op {
            WasmOp::I64Add => {
                let (sum, other) = match self.sum(left, depth) {
                    Some(sum) => (sum, right),
                    None => (self.sum(right, depth)?, left),
                };
                match self.constant(other) {
                    Some(constant) => sum.plus(constant).filter(|sum| is_offset(&sum.offset)),
                    None if sum.fixed.is_none() && self.is_fixed(other, DEPTH) => {
                        Some(Sum { fixed: Some(self.resolve(other)), ..sum })
                    }
                    None => None,
                }
            }
            WasmOp::I64Sub => {
                let constant = self.constant(right)?.checked_neg()?;
                self.sum(left, depth)?.plus(constant).filter(|sum| is_offset(&sum.offset))
            }
            _ => None,
        }
    }

    /// What a branch on `cond` that stays in the copy where `cond` is as `stays` says asks for.
    pub(super) fn test(&self, cond: Value, stays: bool) -> Option<Test> {
        let cond = self.resolve(cond);
        if self.is_fixed(cond, DEPTH) {
            return Some(Test::Fixed { cond, stays });
        }
        let (op, args) = self.operation(cond)?;
        let &[left, right] = args else { return None };
        use WasmOp::{I64Eq, I64GeS, I64GeU, I64GtS, I64GtU, I64LeS, I64LeU, I64LtS, I64LtU, I64Ne};
        if let (I64Eq, true) | (I64Ne, false) = (op, stays) {
            let of = self.shortened(left).filter(|&of| of == self.resolve(right));
            let of = of.or_else(|| self.shortened(right).filter(|&of| of == self.resolve(left)))?;
            return Some(Test::Small(self.sum(of, DEPTH)?));
        }
        // As `low < high`, or `low <= high`.
        let (low, high, or_equal, is_signed) = match (op, stays) {
            (I64LtS, true) | (I64GeS, false) => (left, right, false, true),
            (I64LtU, true) | (I64GeU, false) => (left, right, false, false),
            (I64LeS, true) | (I64GtS, false) => (left, right, true, true),
            (I64LeU, true) | (I64GtU, false) => (left, right, true, false),
            (I64GtS, true) | (I64LeS, false) => (right, left, false, true),
            (I64GtU, true) | (I64LeU, false) => (right, left, false, false),
            (I64GeS, true) | (I64LtS, false) => (right, left, true, true),
            (I64GeU, true) | (I64LtU, false) => (right, left, true, false),
            _ => return None,
        };
        if let Some(sum) = self.sum(low, DEPTH) {
            let bound = self.resolve(high);
            let sum = if or_equal { sum.plus(-1)? } else { sum };
            let may_be_above = self.constant(bound).is_none() || self.is_bound(bound);
            return (may_be_above && self.is_fixed(bound, DEPTH)).then_some(Test::Below {
                sum,
                bound,
                or_equal,
                is_signed,
            });
        }
        let (sum, from) = (self.sum(high, DEPTH)?, self.constant(low)?);
        let is_near = sum.fixed.is_none() && is_signed && from.unsigned_abs() < OFFSET_LIMIT as u64;
        is_near.then(|| Test::From { counter: sum.counter, from: from + i64::from(!or_equal) - sum.offset })
    }

    /// The value of which this one is the number with the upper bits that ints have no use for cut off.
    fn shortened(&self, value: Value) -> Option<Value> {
        let (WasmOp::I64ShrS, &[shifted, back]) = self.operation(value)? else { return None };
        let (WasmOp::I64Shl, &[of, by]) = self.operation(shifted)? else { return None };
        (self.constant(back)? == 2 && self.constant(by)? == 2).then(|| self.resolve(of))
    }

    /// Whether a value is never negative and below [`BOUND_LIMIT`].
    pub(super) fn is_bound(&self, value: Value) -> bool {
        match (self.constant(value), self.operation(value)) {
            (Some(constant), _) => (0..BOUND_LIMIT).contains(&constant),
            (None, Some((op, _))) => op == WasmOp::I64ExtendI32U,
            (None, None) => false,
        }
    }
}

/// A parameter of the header with something added that quick rounds do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) counter: Value,
    pub(super) fixed: Option<Value>,
    pub(super) offset: i64,
}

impl Sum {
    fn plus(self, constant: i64) -> Option<Sum> {
        Some(Sum { offset: self.offset.checked_add(constant)?, ..self })
    }
}

/// What must be for a branch to stay in the copy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Test {
    Fixed {
        cond: Value,
        stays: bool,
    },
    /// `sum < bound`; if not signed, the sum is also not negative. With `or_equal`, one has been taken off the sum.
    Below {
        sum: Sum,
        bound: Value,
        or_equal: bool,
        is_signed: bool,
    },
    /// The counter is at least this.
    From {
        counter: Value,
        from: i64,
    },
    /// The sum is a small int.
    Small(Sum),
}

impl Test {
    pub(super) fn counter(self) -> Option<Value> {
        match self {
            Test::Fixed { .. } => None,
            Test::Below { sum, .. } | Test::Small(sum) => Some(sum.counter),
            Test::From { counter, from: _ } => Some(counter),
        }
    }
}

impl QuickPart<'_> {
    /// The branches that leave the copy on one side, and what each asks for. The side that goes back is none of these.
    pub(super) fn tests(&self) -> Vec<(usize, Block, Test)> {
        let mut tests = Vec::new();
        for (at, &block) in self.blocks.iter().enumerate() {
            let Terminator::Branch { cond, ref then, otherwise: _ } = self.func.block(block).term else { continue };
            let Some(stays) = self.stays(block) else { continue };
            if let Some(test) = self.test(cond, then.block == stays) {
                tests.push((at, block, test));
            }
        }
        tests
    }

    /// The one target of a branch that is in the copy and not the next round.
    pub(super) fn stays(&self, block: Block) -> Option<Block> {
        let is_in_round = |target: &Target| target.block != self.header && self.position(target.block).is_some();
        let leaves = |target: &Target| self.position(target.block).is_none();
        match &self.func.block(block).term {
            Terminator::Branch { cond: _, then, otherwise } if is_in_round(then) && leaves(otherwise) => {
                Some(then.block)
            }
            Terminator::Branch { cond: _, then, otherwise } if is_in_round(otherwise) && leaves(then) => {
                Some(otherwise.block)
            }
            _ => None,
        }
    }

    /// Whether a block ends with a branch to a cold block.
    pub(super) fn is_check(&self, block: Block) -> bool {
        leads_to_cold(self.func, block)
    }
}

/// Whether a block ends with an edge to a cold block.
pub(super) fn leads_to_cold(func: &Function, block: Block) -> bool {
    func.block(block).term.targets().any(|target| func.block(target.block).cold)
}
