//! Writes the code of one function.
//!
//! Everything has been decided before: the nesting in [`structure`](super::structure), the order
//! of instructions in [`schedule`](super::schedule), the locals in [`locals`](super::locals). What
//! is left is what becomes of edges. The moves of an edge are pushed all together and then popped,
//! so that they happen at once without a local to help; where the other edge does not mind, they
//! come before the `br_if` instead of in an `if` around a `br`.

use wasm_encoder::{BlockType, BranchHint, Encode, Instruction};

use super::EmitError;
use super::encode::{self, Addresses};
use super::lines::Places;
use super::locals::{self, Locals};
use super::needed::Needed;
use super::schedule::{self, Schedule, Step, is_constant};
use super::structure::{Arm, Shape, Structure, Token, structure};
use crate::analysis::{Cfg, Dominators, Loops};
use crate::ir::{Block, FuncId, Function, Imm, Inst, Op, SigId, Target, Terminator, Value, ValueDef, WasmOp};

/// Engines refuse functions with more locals than this, parameters included.
const MOST_LOCALS: usize = 50_000;
/// Engines refuse functions with larger bodies than this.
const MOST_BYTES: usize = 7_654_321;

/// Where the module has put what code refers to.
pub(super) trait Symbols: Addresses {
    fn function(&self, func: FuncId) -> u32;
    /// The number of the type of an indirect call.
    fn signature(&self, sig: SigId) -> u32;
}

/// The body of a function: its locals and its code, which way branches hardly ever go, and where
/// the code comes from.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) hints: Vec<BranchHint>,
    pub(super) places: Places,
}

pub(super) fn body(func: &Function, cfg: &Cfg, needed: &Needed, symbols: &impl Symbols) -> Result<Body, EmitError> {
    let dom = Dominators::new(cfg);
    let loops = Loops::new(func, cfg, &dom);
    let structure = structure(func, cfg, &dom, &loops);
    let order: Vec<Block> = structure.blocks().collect();
    let schedule = schedule::schedule(func, needed, order.iter().copied());
    let locals = locals::assign(func, cfg, &loops, &order, needed, &schedule);
    if locals.count > MOST_LOCALS {
        return Err(EmitError::TooManyLocals { function: func.name.clone(), count: locals.count });
    }
    let mut writer = Writer {
        func,
        needed,
        symbols,
        structure: &structure,
        schedule: &schedule,
        locals: &locals,
        bytes: Vec::new(),
        hints: Vec::new(),
        places: Places::default(),
        unwritten_set: None,
        height: 0,
        labels: vec![0; func.blocks.len()],
        pending: vec![Pending::Nothing; func.blocks.len()],
        leaves: false,
    };
    locals.declared.len().encode(&mut writer.bytes);
    for &(count, kind) in &locals.declared {
        count.encode(&mut writer.bytes);
        encode::val_type(kind).encode(&mut writer.bytes);
    }
    writer.tokens();
    let Writer { bytes, hints, places, .. } = writer;
    if bytes.len() > MOST_BYTES {
        return Err(EmitError::FunctionTooLarge { function: func.name.clone(), bytes: bytes.len() });
    }
    Ok(Body { bytes, hints, places })
}

/// A move along an edge, into a local.
#[derive(Clone, Copy)]
struct Move {
    from: Value,
    to: u32,
}

/// What is to be written at the `end` of a block's `if` for the target that is not in it.
#[derive(Clone)]
enum Pending {
    Nothing,
    /// In an `else`, as the arm's end is reached too.
    InElse(Vec<Move>),
    /// After the `end`.
    Behind(Vec<Move>),
}

struct Writer<'a, S> {
    func: &'a Function,
    needed: &'a Needed,
    symbols: &'a S,
    structure: &'a Structure,
    schedule: &'a Schedule,
    locals: &'a Locals,
    bytes: Vec<u8>,
    hints: Vec<BranchHint>,
    places: Places,
    /// A `local.set` that becomes a `local.tee` if a read of the same local follows.
    unwritten_set: Option<u32>,
    /// How many labels are open.
    height: u32,
    /// For each block that has a label: how many labels are open inside of it, counted with it.
    labels: Vec<u32>,
    pending: Vec<Pending>,
    /// Whether the code so far ends by going elsewhere, as a validator sees it.
    leaves: bool,
}

impl<S: Symbols> Writer<'_, S> {
    fn tokens(&mut self) {
        let structure = self.structure;
        // After the last code of all, control only has to be let out.
        let last_code = structure.tokens.iter().rposition(|token| matches!(token, Token::Body(_))).unwrap_or(0);
        for (index, &token) in structure.tokens.iter().enumerate() {
            match token {
                Token::Block(block) => self.enter(Instruction::Block(BlockType::Empty), block),
                Token::Loop(block) => self.enter(Instruction::Loop(BlockType::Empty), block),
                Token::Body(block) => self.block(block, index == last_code),
                Token::Else(block) => self.otherwise(block),
                Token::EndIf(block) => self.end_if(block),
                Token::End => {
                    self.height -= 1;
                    self.write(&Instruction::End);
                }
            }
        }
        self.flush_set();
        if !self.leaves && !self.func.sig.results.is_empty() {
            // Control does not get here, but a validator cannot know.
            self.write(&Instruction::Unreachable);
        }
        self.write(&Instruction::End);
    }

    fn write(&mut self, instruction: &Instruction<'_>) {
        self.flush_set();
        instruction.encode(&mut self.bytes);
        self.leaves = match instruction {
            Instruction::Br(_) | Instruction::Return | Instruction::Unreachable => true,
            // What follows an `end` can be reached, as far as a validator sees.
            _ => false,
        };
    }

    fn flush_set(&mut self) {
        if let Some(local) = self.unwritten_set.take() {
            Instruction::LocalSet(local).encode(&mut self.bytes);
        }
    }

    fn get(&mut self, value: Value) {
        let func = self.func;
        match func.def(value) {
            ValueDef::Result(inst, _) if is_constant(func, value) => self.constant(inst),
            ValueDef::Result(..) | ValueDef::Param(..) => {
                let local = self.locals.expect(value);
                if self.unwritten_set == Some(local) {
                    self.unwritten_set = None;
                    self.write(&Instruction::LocalTee(local));
                } else {
                    self.write(&Instruction::LocalGet(local));
                }
            }
        }
    }

    fn constant(&mut self, inst: Inst) {
        let address = match schedule::place_in_data(self.func, inst) {
            Some((base, distance)) => (self.address(base) as i32).wrapping_add(distance),
            None => return self.inst(inst),
        };
        self.write(&Instruction::I32Const(address));
    }

    fn address(&self, inst: Inst) -> u32 {
        match self.func.inst(inst).imm {
            Imm::Data(data) => self.symbols.data(data),
            Imm::None
            | Imm::I32(_)
            | Imm::I64(_)
            | Imm::F64(_)
            | Imm::Offset(_)
            | Imm::Func(_)
            | Imm::Sig(_)
            | Imm::Record(_)
            | Imm::Global(_)
            | Imm::Shape(_) => self.symbols.heap_base(),
        }
    }

    fn set(&mut self, local: u32) {
        self.flush_set();
        self.unwritten_set = Some(local);
        self.leaves = false;
    }

    fn inst(&mut self, inst: Inst) {
        self.flush_set();
        self.places.note(self.bytes.len(), self.func.span(inst), self.func.scope(inst));
        let data = self.func.inst(inst);
        let instruction = match (data.op, data.imm) {
            (Op::Wasm(op), imm) => encode::instruction(op, imm, self.symbols),
            (Op::Call, Imm::Func(callee)) => Instruction::Call(self.symbols.function(callee)),
            (Op::CallIndirect, Imm::Sig(sig)) => {
                Instruction::CallIndirect { type_index: self.symbols.signature(sig), table_index: 0 }
            }
            (Op::Call | Op::CallIndirect, imm) => panic!("a call of {imm:?}"),
            (op @ (Op::CallValue | Op::Mochi(_)), _) => schedule::refuse(op),
        };
        self.write(&instruction);
    }

    fn enter(&mut self, instruction: Instruction<'_>, block: Block) {
        self.write(&instruction);
        self.height += 1;
        self.labels[block.index()] = self.height;
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Inst(inst) => self.inst(inst),
            Step::Get(value) => self.get(value),
            Step::Set(value) => self.set(self.locals.expect(value)),
            Step::Tee(value) => self.write(&Instruction::LocalTee(self.locals.expect(value))),
            Step::Drop => self.write(&Instruction::Drop),
            Step::Pass { arg, param } => {
                if !self.stays(arg, param) {
                    self.get(arg);
                }
            }
            Step::Receive { param, passed } => {
                if !passed.is_some_and(|arg| self.stays(arg, param)) {
                    self.set(self.locals.expect(param));
                }
            }
        }
    }

    /// Whether passing `arg` to `param` moves nothing.
    fn stays(&self, arg: Value, param: Value) -> bool {
        !is_constant(self.func, arg) && self.locals.expect(arg) == self.locals.expect(param)
    }

    fn block(&mut self, block: Block, is_last: bool) {
        let func = self.func;
        let schedule = self.schedule;
        let steps = schedule.steps(block);
        match &func.block(block).term {
            Terminator::Jump(target) => {
                steps.iter().for_each(|&step| self.step(step));
                let Shape::Flat { next } = self.structure.shape(block) else { panic!("a jump of {block} in an `if`") };
                if next != Some(target.block) {
                    self.br(target.block);
                }
            }
            Terminator::Branch { cond, then, otherwise } => {
                let (&last, rest) = steps.split_last().expect("the condition was scheduled");
                rest.iter().for_each(|&step| self.step(step));
                self.branch(block, Cond { value: *cond, last }, then, otherwise);
            }
            Terminator::Return(values) => {
                steps.iter().for_each(|&step| self.step(step));
                self.flush_set();
                if !is_last || (self.height > 0 && !values.is_empty()) {
                    self.write(&Instruction::Return);
                } else if self.height == 0 {
                    self.leaves = true;
                }
            }
            Terminator::Unreachable => {
                steps.iter().for_each(|&step| self.step(step));
                self.write(&Instruction::Unreachable);
            }
        }
    }

    /// The moves of an edge that change anything.
    fn moves(&self, target: &Target) -> Vec<Move> {
        let params = &self.func.block(target.block).params;
        let moves = params.iter().zip(&target.args).filter(|&(&param, _)| self.needed.is_needed(param));
        moves
            .filter(|&(&param, &arg)| !self.stays(arg, param))
            .map(|(&param, &arg)| Move { from: arg, to: self.locals.expect(param) })
            .collect()
    }

    fn write_moves(&mut self, moves: &[Move]) {
        moves.iter().for_each(|step| self.get(step.from));
        moves.iter().rev().for_each(|step| self.set(step.to));
    }

    /// Whether `moves` may also happen on the way to `other`: they must not overwrite what is
    /// needed there. A parameter there does not mind unless it stays where it is, as its own
    /// move comes later.
    fn may_hoist(&self, moves: &[Move], other: &Target) -> bool {
        let params = &self.func.block(other.block).params;
        let needed = || params.iter().zip(&other.args).filter(|&(&param, _)| self.needed.is_needed(param));
        let is_read =
            |local: u32| needed().any(|(_, &arg)| !is_constant(self.func, arg) && self.locals.expect(arg) == local);
        let is_written = |local: u32| needed().any(|(&param, _)| self.locals.expect(param) == local);
        moves
            .iter()
            .all(|&Move { from: _, to }| !is_read(to) && (is_written(to) || !self.locals.is_busy(to, other.block)))
    }

    /// Writes the end of the condition, as what is true when it is, or when it is not.
    fn cond(&mut self, cond: Cond, negate: bool) {
        if !negate {
            self.step(cond.last);
            return;
        }
        if let Step::Inst(inst) = cond.last
            && let Op::Wasm(op) = self.func.inst(inst).op
        {
            if op == WasmOp::I32Eqz {
                return;
            }
            if let Some(op) = op.negated() {
                self.write(&encode::instruction(op, Imm::None, self.symbols));
                return;
            }
        }
        self.step(cond.last);
        self.write(&Instruction::I32Eqz);
    }

    fn branch(&mut self, block: Block, cond: Cond, then: &Target, otherwise: &Target) {
        debug_assert!(self.func.ty(cond.value).machine() == crate::ir::Type::I32, "{} is no condition", cond.value);
        match self.structure.shape(block) {
            Shape::Flat { next } => self.flat_branch(cond, then, otherwise, next),
            Shape::If { arm, falls } => {
                let (inside, other) = match arm {
                    Arm::Then => (then, otherwise),
                    Arm::Otherwise => (otherwise, then),
                };
                self.cond(cond, arm == Arm::Otherwise);
                let moves = self.moves(other);
                self.pending[block.index()] = if !falls {
                    Pending::Behind(moves)
                } else if moves.is_empty() || self.may_hoist(&moves, inside) {
                    self.write_moves(&moves);
                    Pending::Nothing
                } else {
                    Pending::InElse(moves)
                };
                self.open_if(inside.block, other.block);
                let moves = self.moves(inside);
                self.write_moves(&moves);
            }
            Shape::IfElse => {
                self.cond(cond, false);
                self.open_if(then.block, otherwise.block);
                let moves = self.moves(then);
                self.write_moves(&moves);
            }
        }
    }

    /// Opens an `if` whose arm leads to `arm`, and which otherwise goes on to `other`.
    fn open_if(&mut self, arm: Block, other: Block) {
        self.hint(arm, other);
        self.write(&Instruction::If(BlockType::Empty));
        self.height += 1;
    }

    /// Says of the branch that is written next that it is hardly ever taken, or nearly always, when
    /// one of the blocks is cold: engines then move that block out of the way.
    fn hint(&mut self, taken: Block, other: Block) {
        let (taken, other) = (self.func.block(taken).cold, self.func.block(other).cold);
        if taken != other {
            self.flush_set();
            let branch_func_offset = self.bytes.len() as u32;
            self.hints.push(BranchHint { branch_func_offset, branch_hint_value: other.into() });
        }
    }

    fn otherwise(&mut self, block: Block) {
        self.write(&Instruction::Else);
        if let Terminator::Branch { cond: _, then: _, otherwise } = &self.func.block(block).term {
            let moves = self.moves(otherwise);
            self.write_moves(&moves);
        }
    }

    fn end_if(&mut self, block: Block) {
        let behind = match std::mem::replace(&mut self.pending[block.index()], Pending::Nothing) {
            Pending::Nothing => Vec::new(),
            Pending::InElse(moves) => {
                self.write(&Instruction::Else);
                self.write_moves(&moves);
                Vec::new()
            }
            Pending::Behind(moves) => moves,
        };
        self.height -= 1;
        self.write(&Instruction::End);
        self.write_moves(&behind);
    }

    fn flat_branch(&mut self, cond: Cond, then: &Target, otherwise: &Target, next: Option<Block>) {
        let (then_moves, otherwise_moves) = (self.moves(then), self.moves(otherwise));
        let simple = |moves: &[Move], other: &Target| moves.is_empty() || self.may_hoist(moves, other);
        match (next == Some(then.block), next == Some(otherwise.block)) {
            (true, true) => {
                self.cond(cond, false);
                if then_moves.is_empty() && otherwise_moves.is_empty() {
                    self.write(&Instruction::Drop);
                    return;
                }
                self.write(&Instruction::If(BlockType::Empty));
                self.write_moves(&then_moves);
                if !otherwise_moves.is_empty() {
                    self.write(&Instruction::Else);
                    self.write_moves(&otherwise_moves);
                }
                self.write(&Instruction::End);
            }
            (false, true) => {
                self.go_if(cond, false, then, &then_moves, otherwise);
                self.write_moves(&otherwise_moves);
            }
            (true, false) => {
                self.go_if(cond, true, otherwise, &otherwise_moves, then);
                self.write_moves(&then_moves);
            }
            (false, false) if simple(&then_moves, otherwise) || !simple(&otherwise_moves, then) => {
                self.go_if(cond, false, then, &then_moves, otherwise);
                self.write_moves(&otherwise_moves);
                self.br(otherwise.block);
            }
            (false, false) => {
                self.go_if(cond, true, otherwise, &otherwise_moves, then);
                self.write_moves(&then_moves);
                self.br(then.block);
            }
        }
    }

    /// Goes to `target` on the condition or on its opposite, and otherwise on.
    fn go_if(&mut self, cond: Cond, negate: bool, target: &Target, moves: &[Move], other: &Target) {
        self.cond(cond, negate);
        if moves.is_empty() || self.may_hoist(moves, other) {
            self.write_moves(moves);
            let depth = self.depth(target.block);
            self.hint(target.block, other.block);
            self.write(&Instruction::BrIf(depth));
        } else {
            self.open_if(target.block, other.block);
            self.write_moves(moves);
            self.br(target.block);
            self.height -= 1;
            self.write(&Instruction::End);
        }
    }

    fn depth(&self, block: Block) -> u32 {
        self.height - self.labels[block.index()]
    }

    fn br(&mut self, block: Block) {
        let depth = self.depth(block);
        self.write(&Instruction::Br(depth));
    }
}

/// The condition of a branch, of whose code the last step is still to be written.
#[derive(Clone, Copy)]
struct Cond {
    value: Value,
    last: Step,
}
