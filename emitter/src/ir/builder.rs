//! Builds a function block by block, turning variables into block parameters on the way.
//!
//! "Simple and Efficient Construction of Static Single Assignment Form" (Braun et al., CC 2013):
//! a block is *sealed* when all its predecessors are known; a variable read in an unsealed block
//! gets a parameter whose arguments are filled in at sealing. Parameters that turn out to be
//! trivial (one value besides themselves) are removed when the function is finished.

use std::collections::VecDeque;

use mochi_frontend::source::Span;

use super::{Block, ENTRY, Function, Imm, Inst, MochiOp, Op, Target, Terminator, Type, Value, ValueDef, WasmOp};
use crate::hash::HashMap;

/// A source variable while building. Its reads and writes become values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variable(u32);

pub struct FunctionBuilder {
    func: Function,
    current: Option<Block>,
    span: Option<Span>,
    variables: Vec<Type>,
    /// The value of a variable at the end of a block.
    definitions: HashMap<(Block, Variable), Value>,
    /// Parameters made for reads in a block that is not sealed yet.
    incomplete: HashMap<Block, Vec<(Variable, Value)>>,
    sealed: Vec<bool>,
    /// Parameters made for reads in sealed blocks whose arguments are not filled in yet.
    unfilled: VecDeque<(Block, Variable)>,
    /// Predecessors, once an edge; the flag tells which target of the terminator it is.
    preds: Vec<Vec<(Block, usize)>>,
}

impl FunctionBuilder {
    /// Starts in the entry block of `func`, which is sealed.
    pub fn new(func: Function) -> FunctionBuilder {
        let blocks = func.blocks.len();
        let mut builder = FunctionBuilder {
            func,
            current: Some(ENTRY),
            span: None,
            variables: Vec::new(),
            definitions: HashMap::default(),
            incomplete: HashMap::default(),
            sealed: vec![false; blocks],
            unfilled: VecDeque::new(),
            preds: vec![Vec::new(); blocks],
        };
        builder.sealed[0] = true;
        builder
    }

    pub fn func(&self) -> &Function {
        &self.func
    }

    pub fn func_mut(&mut self) -> &mut Function {
        &mut self.func
    }

    /// The span given to the instructions that follow.
    pub fn set_span(&mut self, span: Option<Span>) {
        self.span = span;
    }

    pub fn ty(&self, value: Value) -> Type {
        self.func.ty(value)
    }

    pub fn create_block(&mut self) -> Block {
        self.sealed.push(false);
        self.preds.push(Vec::new());
        self.func.add_block()
    }

    /// A block off the usual path.
    pub fn create_cold_block(&mut self) -> Block {
        let block = self.create_block();
        self.func.block_mut(block).cold = true;
        block
    }

    pub fn add_block_param(&mut self, block: Block, ty: Type) -> Value {
        self.func.add_param(block, ty)
    }

    /// Continues in `block`; the current one must have been finished.
    pub fn switch_to(&mut self, block: Block) {
        assert!(self.current.is_none(), "block {:?} was left unfinished", self.current);
        self.current = Some(block);
    }

    /// The block being filled; none after a terminator.
    pub fn current(&self) -> Option<Block> {
        self.current
    }

    pub fn is_unreachable(&self) -> bool {
        self.current.is_none()
    }

    /// Whether some jump to `block` has been made.
    pub fn is_reached(&self, block: Block) -> bool {
        block == ENTRY || !self.preds[block.index()].is_empty()
    }

    fn expect_current(&self) -> Block {
        self.current.expect("no block is being filled")
    }

    /// Adds an instruction of any family.
    pub fn inst(&mut self, op: Op, args: Vec<Value>, imm: Imm, results: &[Type]) -> Inst {
        let block = self.expect_current();
        self.func.append_inst(block, op, args, imm, results, self.span)
    }

    /// Adds an instruction with one result.
    pub fn value(&mut self, op: impl Into<Op>, args: Vec<Value>, imm: Imm, ty: Type) -> Value {
        let inst = self.inst(op.into(), args, imm, &[ty]);
        self.func.inst(inst).results[0]
    }

    /// Adds an instruction without result.
    pub fn effect(&mut self, op: impl Into<Op>, args: Vec<Value>, imm: Imm) {
        self.inst(op.into(), args, imm, &[]);
    }

    pub fn i32_const(&mut self, value: i32) -> Value {
        self.value(WasmOp::I32Const, vec![], Imm::I32(value), Type::I32)
    }

    pub fn i64_const(&mut self, value: i64) -> Value {
        self.value(WasmOp::I64Const, vec![], Imm::I64(value), Type::I64)
    }

    pub fn f64_const(&mut self, value: f64) -> Value {
        self.value(WasmOp::F64Const, vec![], Imm::F64(value.to_bits()), Type::F64)
    }

    pub fn int_const(&mut self, value: i64) -> Value {
        self.value(MochiOp::IntConst, vec![], Imm::I64(value), Type::INT)
    }

    pub fn bool_const(&mut self, value: bool) -> Value {
        self.value(MochiOp::BoolConst, vec![], Imm::I32(value as i32), Type::BOOL)
    }

    /// Calls a function of the module; gives its result if it has one.
    pub fn call(&mut self, func: super::FuncId, args: Vec<Value>, results: &[Type]) -> Option<Value> {
        let inst = self.inst(Op::Call, args, Imm::Func(func), results);
        self.func.inst(inst).results.first().copied()
    }

    pub fn declare_variable(&mut self, ty: Type) -> Variable {
        self.variables.push(ty);
        Variable(self.variables.len() as u32 - 1)
    }

    pub fn def_var(&mut self, variable: Variable, value: Value) {
        debug_assert_eq!(self.func.ty(value), self.variables[variable.0 as usize], "a variable keeps its type");
        let block = self.expect_current();
        self.definitions.insert((block, variable), value);
    }

    /// The variable's value here. It must have been defined on every path.
    pub fn use_var(&mut self, variable: Variable) -> Value {
        let block = self.expect_current();
        let value = self.read(block, variable);
        self.fill_all();
        value
    }

    /// Reads; the parameters that this makes wait in `unfilled`, as paths can be long and
    /// recursion would follow them to their end.
    fn read(&mut self, block: Block, variable: Variable) -> Value {
        // Chains of single predecessors are followed in a loop, as straight-line code can be long.
        let mut passed = Vec::new();
        let mut at = block;
        let value = loop {
            if let Some(&value) = self.definitions.get(&(at, variable)) {
                break value;
            }
            let ty = self.variables[variable.0 as usize];
            if !self.sealed[at.index()] {
                let value = self.func.add_param(at, ty);
                self.incomplete.entry(at).or_default().push((variable, value));
                self.definitions.insert((at, variable), value);
                break value;
            }
            match self.preds[at.index()][..] {
                [] => panic!("variable {variable:?} of {} is read before it is defined", self.func.name),
                [(pred, _)] => {
                    passed.push(at);
                    at = pred;
                }
                _ => {
                    let value = self.func.add_param(at, ty);
                    self.definitions.insert((at, variable), value);
                    self.unfilled.push_back((at, variable));
                    break value;
                }
            }
        };
        for block in passed {
            self.definitions.insert((block, variable), value);
        }
        value
    }

    /// Appends the variable's value to the arguments of every edge into `block`.
    fn fill(&mut self, block: Block, variable: Variable) {
        for (pred, which) in self.preds[block.index()].clone() {
            let value = self.read(pred, variable);
            let target = self.func.blocks[pred.index()].term.targets_mut().nth(which).expect("the edge exists");
            target.args.push(value);
        }
    }

    /// Fills in parameters in the order in which they were made, which is that of the arguments.
    fn fill_all(&mut self) {
        while let Some((block, variable)) = self.unfilled.pop_front() {
            self.fill(block, variable);
        }
    }

    /// Declares that all jumps to `block` have been made.
    pub fn seal(&mut self, block: Block) {
        assert!(!self.sealed[block.index()], "{block} is sealed twice");
        self.sealed[block.index()] = true;
        for (variable, _) in self.incomplete.remove(&block).unwrap_or_default() {
            self.fill(block, variable);
        }
        self.fill_all();
    }

    fn terminate(&mut self, term: Terminator) {
        let block = self.expect_current();
        for (which, target) in term.targets().enumerate() {
            assert!(!self.sealed[target.block.index()], "a jump to the sealed {}", target.block);
            self.preds[target.block.index()].push((block, which));
        }
        self.func.block_mut(block).term = term;
        self.current = None;
    }

    pub fn jump(&mut self, block: Block, args: Vec<Value>) {
        self.terminate(Terminator::Jump(Target { block, args }));
    }

    /// Goes to `then` when `cond` is not zero.
    pub fn branch(&mut self, cond: Value, then: Block, otherwise: Block) {
        self.terminate(Terminator::Branch {
            cond,
            then: Target { block: then, args: Vec::new() },
            otherwise: Target { block: otherwise, args: Vec::new() },
        });
    }

    pub fn ret(&mut self, values: Vec<Value>) {
        self.terminate(Terminator::Return(values));
    }

    pub fn unreachable(&mut self) {
        self.terminate(Terminator::Unreachable);
    }

    /// Removes what cannot be reached and parameters that always get one value.
    pub fn finish(mut self) -> Function {
        if self.current.is_some() {
            self.unreachable();
        }
        assert!(self.incomplete.is_empty(), "blocks of {} were not sealed", self.func.name);
        remove_unreachable_blocks(&mut self.func);
        super::remove_trivial_params(&mut self.func);
        self.func
    }
}

/// Drops the blocks that no path from the entry reaches and renumbers the rest in their order.
pub fn remove_unreachable_blocks(func: &mut Function) {
    let mut reached = vec![false; func.blocks.len()];
    let mut work = vec![ENTRY];
    reached[0] = true;
    while let Some(block) = work.pop() {
        for target in func.block(block).term.targets() {
            if !std::mem::replace(&mut reached[target.block.index()], true) {
                work.push(target.block);
            }
        }
    }
    if reached.iter().all(|&reached| reached) {
        return;
    }
    let mut renumbered = Vec::with_capacity(reached.len());
    let mut next = 0;
    for &reached in &reached {
        renumbered.push(Block(next));
        next += reached as u32;
    }
    let mut at = 0;
    func.blocks.retain(|_| {
        at += 1;
        reached[at - 1]
    });
    for index in 0..func.blocks.len() {
        for target in func.blocks[index].term.targets_mut() {
            target.block = renumbered[target.block.index()];
        }
        for (position, param) in func.blocks[index].params.clone().into_iter().enumerate() {
            func.values[param.index()].def = ValueDef::Param(Block::new(index), position as u32);
        }
    }
}
