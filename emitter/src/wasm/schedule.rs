//! Orders the code of each block for Wasm's operand stack.
//!
//! A value that is used once sits under its user if nothing between the two places minds; one that
//! is used more often sits under its first user and is kept with `local.tee`. Everything else is
//! computed where it stands and kept in a local. Constants have no place at all: each use makes
//! its own.
//!
//! The code is written from the end to the beginning, as in LLVM's RegStackify: an instruction,
//! then its operands from the last to the first, each as the code that computes it or as a read
//! of a local. So it is known at every moment what comes later – all that is written – and what
//! comes earlier – all that is not. An instruction may move down to a place if no instruction that
//! stands behind it and is not written yet conflicts with it.

use super::needed::Needed;
use crate::ir::{Block, Effect, Function, Imm, Inst, Op, Terminator, Value, ValueDef, WasmOp};

/// One step of straight-line code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The instruction, its operands being on the stack.
    Inst(Inst),
    /// Reads a value's local, or makes the constant again.
    Get(Value),
    Set(Value),
    Tee(Value),
    Drop,
    /// Reads what becomes `param` of the next block; nothing to do if both have the same local.
    Pass {
        arg: Value,
        param: Value,
    },
    /// Writes a parameter of the next block. `passed` is what a [`Step::Pass`] has read for it; none
    /// if it was computed on the stack.
    Receive {
        param: Value,
        passed: Option<Value>,
    },
}

pub(super) struct Schedule {
    steps: Vec<Step>,
    /// Which steps belong to each block.
    ranges: Vec<(usize, usize)>,
}

impl Schedule {
    /// The code of a block up to its terminator: the operands of the terminator are on the stack
    /// at the end. A jump has passed its arguments; those of a branch are left to its edges.
    pub(super) fn steps(&self, block: Block) -> &[Step] {
        let (start, end) = self.ranges[block.index()];
        &self.steps[start..end]
    }
}

pub(super) fn schedule(func: &Function, needed: &Needed, blocks: impl Iterator<Item = Block>) -> Schedule {
    let mut scheduler = Scheduler {
        func,
        needed,
        unwritten_uses: (0..func.values.len()).map(|index| needed.uses_at_home(Value::new(index))).collect(),
        written: Vec::new(),
        unwritten: Default::default(),
        steps: Vec::new(),
        operands: Vec::new(),
    };
    let mut ranges = vec![(0, 0); func.blocks.len()];
    for block in blocks {
        let start = scheduler.steps.len();
        scheduler.block(block);
        scheduler.steps[start..].reverse();
        ranges[block.index()] = (start, scheduler.steps.len());
    }
    Schedule { steps: scheduler.steps, ranges }
}

/// Whether each use of the value makes it anew.
pub(super) fn is_constant(func: &Function, value: Value) -> bool {
    match func.def(value) {
        ValueDef::Param(..) => false,
        ValueDef::Result(inst, _) => is_constant_inst(func, inst),
    }
}

fn is_constant_inst(func: &Function, inst: Inst) -> bool {
    let data = func.inst(inst);
    match data.op {
        Op::Wasm(
            WasmOp::I32Const
            | WasmOp::I64Const
            | WasmOp::F64Const
            | WasmOp::DataAddr
            | WasmOp::FuncIndex
            | WasmOp::HeapBase,
        ) => true,
        Op::Wasm(_) | Op::Call | Op::CallIndirect | Op::CallValue | Op::Mochi(_) => place_in_data(func, inst).is_some(),
    }
}

/// The operation that makes an address and the distance from there, if `inst` is their sum: as
/// good as a constant, once data has been placed.
pub(super) fn place_in_data(func: &Function, inst: Inst) -> Option<(Inst, i32)> {
    let data = func.inst(inst);
    let (Op::Wasm(WasmOp::I32Add), &[base, distance]) = (data.op, &data.args[..]) else { return None };
    let (ValueDef::Result(base, _), ValueDef::Result(distance, _)) = (func.def(base), func.def(distance)) else {
        return None;
    };
    let is_address = matches!(func.inst(base).op, Op::Wasm(WasmOp::DataAddr | WasmOp::HeapBase));
    match func.inst(distance).imm {
        Imm::I32(distance) if is_address => Some((base, distance)),
        _ => None,
    }
}

/// What an instruction touches, as bits.
mod touches {
    pub(super) const MEMORY_READ: u8 = 1;
    pub(super) const MEMORY_WRITE: u8 = 2;
    pub(super) const GLOBAL_READ: u8 = 4;
    pub(super) const GLOBAL_WRITE: u8 = 8;
    /// May end the program.
    pub(super) const TRAP: u8 = 16;
    pub(super) const ALL: u8 = 31;
    pub(super) const COUNT: usize = 5;
}

fn touched(op: Op) -> u8 {
    match op {
        Op::Wasm(WasmOp::GlobalGet) => touches::GLOBAL_READ,
        Op::Wasm(WasmOp::GlobalSet) => touches::GLOBAL_WRITE,
        Op::Wasm(WasmOp::MemoryGrow) => touches::MEMORY_READ | touches::MEMORY_WRITE,
        Op::Wasm(op) => match op.effect() {
            Effect::Pure => 0,
            Effect::Fail => touches::TRAP,
            Effect::Read => touches::MEMORY_READ,
            Effect::Alloc | Effect::Write => touches::MEMORY_WRITE,
        },
        Op::Call | Op::CallIndirect => touches::ALL,
        Op::CallValue => refuse(op),
        Op::Mochi(_) => refuse(op),
    }
}

/// What must not change places with something that touches `touched`.
fn conflicts(touched: u8) -> u8 {
    use touches::*;
    let of = |kind: u8, others: u8| if touched & kind != 0 { others } else { 0 };
    of(MEMORY_READ, MEMORY_WRITE)
        | of(MEMORY_WRITE, MEMORY_READ | MEMORY_WRITE | TRAP)
        | of(GLOBAL_READ, GLOBAL_WRITE)
        | of(GLOBAL_WRITE, GLOBAL_READ | GLOBAL_WRITE | TRAP)
        | of(TRAP, MEMORY_WRITE | GLOBAL_WRITE)
}

/// Panics: emission takes legalized functions.
pub(super) fn refuse(op: Op) -> ! {
    panic!("{} has not been legalized", op.name())
}

struct Scheduler<'a> {
    func: &'a Function,
    needed: &'a Needed,
    /// For each value its uses in its own block that are not written yet.
    unwritten_uses: Vec<u32>,
    /// Whether each instruction of the current block is written, by place.
    written: Vec<bool>,
    /// For each way to touch something the places of the current block's instructions that do, in
    /// rising order; of the written ones, those at the end are taken off when they are in the way.
    unwritten: [Vec<u32>; touches::COUNT],
    /// All code, each block's from its end.
    steps: Vec<Step>,
    /// Operands yet to be written; the last one is next.
    operands: Vec<Value>,
}

impl Scheduler<'_> {
    fn block(&mut self, block: Block) {
        let data = self.func.block(block);
        self.written.clear();
        self.written.resize(data.insts.len(), false);
        self.unwritten.iter_mut().for_each(Vec::clear);
        for (place, &inst) in data.insts.iter().enumerate() {
            if self.needed.has_inst(inst) {
                let touched = touched(self.func.inst(inst).op);
                for (kind, places) in self.unwritten.iter_mut().enumerate() {
                    if touched & (1 << kind) != 0 {
                        places.push(place as u32);
                    }
                }
            } else {
                self.written[place] = true;
            }
        }
        self.terminator(block, &data.term);
        for (place, &inst) in data.insts.iter().enumerate().rev() {
            if !self.written[place] {
                self.root(inst, place);
            }
        }
    }

    fn terminator(&mut self, block: Block, term: &Terminator) {
        match term {
            Terminator::Jump(target) => {
                let params = self.func.block(target.block).params.iter();
                let moves: Vec<(Value, Value)> = params
                    .zip(&target.args)
                    .map(|(&param, &arg)| (param, arg))
                    .filter(|&(param, _)| self.needed.is_needed(param))
                    .collect();
                // The writes are in place before it is known where their values come from.
                let first = self.steps.len();
                self.steps.extend(moves.iter().map(|&(param, arg)| Step::Receive { param, passed: Some(arg) }));
                for (index, &(param, arg)) in moves.iter().enumerate().rev() {
                    // A value that is used elsewhere too gets a local anyway, hopefully the same.
                    if self.needed.uses(arg) == 1 && self.take(block, arg) {
                        self.steps[first + index] = Step::Receive { param, passed: None };
                        self.write_operands(block);
                    } else {
                        self.skip_use(block, arg);
                        self.steps.push(Step::Pass { arg, param });
                    }
                }
            }
            Terminator::Branch { cond, then: _, otherwise: _ } => {
                for target in term.targets() {
                    for (&param, &arg) in self.func.block(target.block).params.iter().zip(&target.args) {
                        if self.needed.is_needed(param) {
                            self.skip_use(block, arg);
                        }
                    }
                }
                self.operands.push(*cond);
                self.write_operands(block);
            }
            Terminator::Return(values) => {
                self.operands.extend_from_slice(values);
                self.write_operands(block);
            }
            Terminator::Unreachable => {}
        }
    }

    /// Writes an instruction where it stands.
    fn root(&mut self, inst: Inst, place: usize) {
        let data = self.func.inst(inst);
        if is_constant_inst(self.func, inst) {
            return;
        }
        for &result in &data.results {
            let is_used = self.needed.is_needed(result);
            self.steps.push(if is_used { Step::Set(result) } else { Step::Drop });
        }
        self.written[place] = true;
        self.steps.push(Step::Inst(inst));
        self.operands.extend_from_slice(&data.args);
        let block = self.needed.place(inst).0;
        self.write_operands(block);
    }

    fn write_operands(&mut self, block: Block) {
        while let Some(value) = self.operands.pop() {
            if !self.take(block, value) {
                self.skip_use(block, value);
                self.steps.push(Step::Get(value));
            }
        }
    }

    fn is_at_home(&self, block: Block, value: Value) -> bool {
        match self.func.def(value) {
            ValueDef::Result(inst, _) => self.needed.place(inst).0 == block,
            ValueDef::Param(home, _) => home == block,
        }
    }

    /// Notes a use that reads a local.
    fn skip_use(&mut self, block: Block, value: Value) {
        if self.is_at_home(block, value) {
            self.unwritten_uses[value.index()] -= 1;
        }
    }

    /// Writes the instruction that computes `value` at its use here, if it may come here and no
    /// use is left that would come before. Its operands are written next.
    fn take(&mut self, block: Block, value: Value) -> bool {
        let ValueDef::Result(inst, _) = self.func.def(value) else { return false };
        let (home, place) = self.needed.place(inst);
        let data = self.func.inst(inst);
        if home != block
            || self.unwritten_uses[value.index()] != 1
            || data.results.len() != 1
            || is_constant_inst(self.func, inst)
            || !self.may_move(place, touched(data.op))
        {
            return false;
        }
        debug_assert!(!self.written[place as usize], "{inst} is written twice");
        self.unwritten_uses[value.index()] = 0;
        self.written[place as usize] = true;
        if self.needed.uses(value) > 1 {
            self.steps.push(Step::Tee(value));
        }
        self.steps.push(Step::Inst(inst));
        self.operands.extend_from_slice(&data.args);
        true
    }

    /// Whether the instruction at `place` may move down past all that is not written yet.
    fn may_move(&mut self, place: u32, touched: u8) -> bool {
        let conflicts = conflicts(touched);
        for (kind, places) in self.unwritten.iter_mut().enumerate() {
            if conflicts & (1 << kind) == 0 {
                continue;
            }
            while places.last().is_some_and(|&last| self.written[last as usize]) {
                places.pop();
            }
            if places.last().is_some_and(|&last| last > place) {
                return false;
            }
        }
        true
    }
}
