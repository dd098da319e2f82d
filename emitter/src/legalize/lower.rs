//! The walk over one function, and the means that the files of the several kinds of value share.

use std::collections::HashMap;

use mochi_frontend::source::Span;

use super::facts::Facts;
use super::fail::FailBlocks;
use super::list::FreshList;
use crate::analysis::{Cfg, SmallInts, Uses, Writes};
use crate::ir::{
    Block, Closure, FuncId, Function, Imm, Inst, InstData, MochiOp, Module, Op, Phase, Scope, Target, Terminator, Type,
    Value, WasmOp,
};
use crate::runtime::{Runtime, RuntimeFn};

/// What is known of the whole module before any of its functions is written anew.
pub(super) struct Known<'a> {
    pub(super) small: &'a SmallInts,
    /// If facts about lists are to be loaded before loops.
    pub(super) writes: Option<&'a Writes>,
    /// By function.
    pub(super) closures: &'a [Option<Closure>],
    /// The line of a span.
    pub(super) line: &'a dyn Fn(Span) -> u32,
}

/// Writes `old` anew in the Wasm family.
pub(super) fn function(
    id: FuncId,
    old: &Function,
    known: &Known<'_>,
    module: &mut Module,
    runtime: &mut Runtime,
) -> Function {
    let &Known { small, writes, closures, line } = known;
    let cfg = Cfg::new(old);
    let mut new = Function::new(old.name.clone(), old.sig.clone(), Phase::Legalized);
    (new.inline, new.cold) = (old.inline, old.cold);
    new.inlined = old.inlined.clone();
    let facts = writes.and_then(|writes| Facts::find(old, &cfg, writes));
    let mut values = vec![UNMAPPED; old.values.len()];
    let mut blocks = vec![Block(u32::MAX); old.blocks.len()];
    for (position, &block) in cfg.rpo().iter().enumerate() {
        let data = old.block(block);
        let copy = if position == 0 { crate::ir::ENTRY } else { new.add_block() };
        blocks[block.index()] = copy;
        for (index, &param) in data.params.iter().enumerate() {
            values[param.index()] = match position {
                0 => new.params()[index],
                _ => new.add_param(copy, old.ty(param).machine()),
            };
        }
        new.block_mut(copy).cold = data.cold || old.cold;
        if let Some(facts) = &facts {
            Ctx::add_fact_params(facts, &mut new, block, copy);
        }
    }
    let mut ctx = Ctx {
        id,
        old,
        small,
        closures,
        following: &[],
        uses: Uses::new(old),
        module,
        runtime,
        line,
        func: new,
        values,
        blocks,
        current: crate::ir::ENTRY,
        cold: false,
        span: None,
        scope: Scope::OWN,
        told_site: None,
        fail_blocks: FailBlocks::default(),
        fresh_lists: HashMap::new(),
        facts,
    };
    for &block in cfg.rpo() {
        ctx.block(block);
    }
    ctx.func
}

const UNMAPPED: Value = Value(u32::MAX);

/// One function on its way. Values and blocks of the old function have their copies in tables;
/// methods take and give values of the new function unless they say `old`.
pub(super) struct Ctx<'a> {
    id: FuncId,
    pub(super) old: &'a Function,
    small: &'a SmallInts,
    closures: &'a [Option<Closure>],
    /// What comes after the instruction that is being written, in its block.
    pub(super) following: &'a [Inst],
    pub(super) uses: Uses,
    pub(super) module: &'a mut Module,
    pub(super) runtime: &'a mut Runtime,
    line: &'a dyn Fn(Span) -> u32,
    pub(super) func: Function,
    values: Vec<Value>,
    pub(super) blocks: Vec<Block>,
    pub(super) current: Block,
    /// Whether what is being written hardly ever runs: calls are then better than fast paths.
    pub(super) cold: bool,
    span: Option<Span>,
    pub(super) scope: Scope,
    /// The line that the runtime knows of in this block.
    told_site: Option<i32>,
    pub(super) fail_blocks: FailBlocks,
    /// Old values that are new lists or such with elements added, as long as their room is known.
    pub(super) fresh_lists: HashMap<Value, FreshList>,
    /// What was loaded before loops.
    pub(super) facts: Option<Facts>,
}

impl<'a> Ctx<'a> {
    fn block(&mut self, old: Block) {
        let data = self.old.block(old);
        self.current = self.blocks[old.index()];
        self.told_site = None;
        self.cold = self.func.block(self.current).cold;
        self.enter_facts(old);
        for (index, &inst) in data.insts.iter().enumerate() {
            (self.span, self.scope) = (self.old.span(inst), self.old.scope(inst));
            if self.runtime.features().debug_memory {
                self.tell_site(inst);
            }
            self.following = &data.insts[index + 1..];
            if index + 1 == data.insts.len() && self.compare_and_branch(inst, &data.term) {
                self.leave_facts(old);
                return;
            }
            self.inst(inst);
        }
        self.leave_facts(old);
        let term = match &data.term {
            Terminator::Jump(target) => Terminator::Jump(self.target(target)),
            Terminator::Branch { cond, then, otherwise } => {
                let (then, otherwise) = (self.target(then), self.target(otherwise));
                Terminator::Branch { cond: self.get(*cond), then, otherwise }
            }
            Terminator::Return(values) => Terminator::Return(values.iter().map(|&value| self.get(value)).collect()),
            Terminator::Unreachable => Terminator::Unreachable,
        };
        self.terminate(term);
    }

    /// Fuses a comparison that may need a slow path with the branch on it, so that the usual
    /// path has a machine comparison to branch on.
    fn compare_and_branch(&mut self, inst: Inst, term: &Terminator) -> bool {
        let data = self.old.inst(inst);
        match (data.op, term) {
            (Op::Mochi(op), Terminator::Branch { cond, then, otherwise })
                if data.results[..] == [*cond] && self.uses.is_single(*cond) =>
            {
                let (then, otherwise) = (self.target(then), self.target(otherwise));
                self.int_compare_and_branch(op, data, then, otherwise)
            }
            _ => false,
        }
    }

    fn inst(&mut self, inst: Inst) {
        let data = self.old.inst(inst);
        match data.op {
            Op::Mochi(op) => {
                if let Some(value) = self.mochi(op, data) {
                    self.values[data.results[0].index()] = value;
                }
            }
            Op::Wasm(_) | Op::Call | Op::CallIndirect => {
                let args = data.args.iter().map(|&arg| self.get(arg)).collect();
                let types: Vec<Type> = data.results.iter().map(|&result| self.old.ty(result).machine()).collect();
                let copy = self.append(data.op, args, data.imm, &types);
                self.keep_results(data, copy);
            }
            Op::CallValue => {
                let copy = self.call_closure(data);
                self.keep_results(data, copy);
            }
        }
    }

    /// The results of `copy` stand for those of the old instruction.
    fn keep_results(&mut self, data: &InstData, copy: Inst) {
        for (index, result) in data.results.iter().enumerate() {
            self.values[result.index()] = self.func.inst(copy).results[index];
        }
    }

    /// Writes one operation; its result if it has one.
    fn mochi(&mut self, op: MochiOp, data: &'a InstData) -> Option<Value> {
        match op {
            MochiOp::IntConst
            | MochiOp::IntAdd
            | MochiOp::IntSub
            | MochiOp::IntMul
            | MochiOp::IntDiv
            | MochiOp::IntRem
            | MochiOp::IntNeg
            | MochiOp::SmallAdd
            | MochiOp::SmallSub
            | MochiOp::SmallMul
            | MochiOp::SmallDiv
            | MochiOp::SmallRem
            | MochiOp::SmallNeg
            | MochiOp::SmallEq
            | MochiOp::SmallNe
            | MochiOp::SmallLt
            | MochiOp::SmallLe
            | MochiOp::SmallGt
            | MochiOp::SmallGe
            | MochiOp::IntEq
            | MochiOp::IntNe
            | MochiOp::IntLt
            | MochiOp::IntLe
            | MochiOp::IntGt
            | MochiOp::IntGe
            | MochiOp::IntToFloat
            | MochiOp::IntToStr
            | MochiOp::IntLen
            | MochiOp::RangeStart
            | MochiOp::RangeEnd => Some(self.int_op(op, data)),

            MochiOp::FloatConst
            | MochiOp::FloatAdd
            | MochiOp::FloatSub
            | MochiOp::FloatMul
            | MochiOp::FloatDiv
            | MochiOp::FloatRem
            | MochiOp::FloatNeg
            | MochiOp::FloatEq
            | MochiOp::FloatNe
            | MochiOp::FloatLt
            | MochiOp::FloatLe
            | MochiOp::FloatGt
            | MochiOp::FloatGe
            | MochiOp::FloatToInt
            | MochiOp::FloatToStr
            | MochiOp::FloatLen
            | MochiOp::FloatSqrt
            | MochiOp::FloatFloor
            | MochiOp::FloatCeil
            | MochiOp::FloatTrunc
            | MochiOp::FloatAbs
            | MochiOp::FloatPow
            | MochiOp::FloatExp
            | MochiOp::FloatLog
            | MochiOp::FloatLog2
            | MochiOp::FloatLog10
            | MochiOp::FloatPower
            | MochiOp::FloatSin
            | MochiOp::FloatCos
            | MochiOp::FloatTan
            | MochiOp::FloatAsin
            | MochiOp::FloatAcos
            | MochiOp::FloatAtan2 => Some(self.float_op(op, data)),

            MochiOp::StrConst
            | MochiOp::StrConcat
            | MochiOp::StrEq
            | MochiOp::StrNe
            | MochiOp::StrLt
            | MochiOp::StrLe
            | MochiOp::StrGt
            | MochiOp::StrGe
            | MochiOp::StrContains
            | MochiOp::StrLen
            | MochiOp::StrAt
            | MochiOp::StrSlice
            | MochiOp::StrChar
            | MochiOp::StrNext
            | MochiOp::StrBytes
            | MochiOp::StrUpper
            | MochiOp::StrLower
            | MochiOp::StrTrim
            | MochiOp::StrMd5
            | MochiOp::StrIndex
            | MochiOp::StrSplit
            | MochiOp::StrEscapeUrl
            | MochiOp::StrUnescapeUrl
            | MochiOp::StrRepeat
            | MochiOp::StrToInt
            | MochiOp::StrToBigint
            | MochiOp::StrToFloat
            | MochiOp::StrToStr => Some(self.string_op(op, data)),

            MochiOp::BoolConst
            | MochiOp::BoolNot
            | MochiOp::BoolEq
            | MochiOp::BoolNe
            | MochiOp::BoolToInt
            | MochiOp::BoolToStr
            | MochiOp::BoolIsTrue
            | MochiOp::None
            | MochiOp::Convert
            | MochiOp::Copy
            | MochiOp::IsNone
            | MochiOp::Truthy
            | MochiOp::Input
            | MochiOp::InputOrNone
            | MochiOp::Mem
            | MochiOp::Now
            | MochiOp::Clock
            | MochiOp::HttpHeader
            | MochiOp::HttpLocation
            | MochiOp::HttpStatus
            | MochiOp::LlmStop
            | MochiOp::LlmParameter
            | MochiOp::LlmMessage
            | MochiOp::LlmTool
            | MochiOp::LlmCalls
            | MochiOp::LlmCallText
            | MochiOp::LlmFail
            | MochiOp::LlmGenerate
            | MochiOp::LlmEmbed
            | MochiOp::LlmNumber
            | MochiOp::ReadJson
            | MochiOp::ReadFile
            | MochiOp::HttpExchange
            | MochiOp::Environment => Some(self.scalar_op(op, data)),

            MochiOp::ListNew
            | MochiOp::ListOf
            | MochiOp::ListPush
            | MochiOp::ListGet
            | MochiOp::ListPeek
            | MochiOp::ListIndex
            | MochiOp::ListPeekIndex
            | MochiOp::ListPeekAt
            | MochiOp::ListLen
            | MochiOp::ListAt
            | MochiOp::ListSlice
            | MochiOp::ListConcat
            | MochiOp::ListContains
            | MochiOp::ListEq
            | MochiOp::ListNe
            | MochiOp::ListToStr => Some(self.list_op(op, data)),
            MochiOp::ListSet => {
                self.list_set(data);
                None
            }

            MochiOp::RecordNew
            | MochiOp::RecordGet
            | MochiOp::RecordPeek
            | MochiOp::RecordTake
            | MochiOp::RecordIs
            | MochiOp::ObjectEq
            | MochiOp::ObjectNe
            | MochiOp::ObjectToStr => Some(self.record_op(op, data)),
            MochiOp::MapNew
            | MochiOp::MapGet
            | MochiOp::MapTake
            | MochiOp::MapHas
            | MochiOp::MapKeys
            | MochiOp::MapValues
            | MochiOp::MapLen => Some(self.map_op(op, data)),
            MochiOp::MapSet => {
                self.map_set(data);
                None
            }
            MochiOp::AnyEq
            | MochiOp::AnyNe
            | MochiOp::AnyToStr
            | MochiOp::AnyAdd
            | MochiOp::AnySub
            | MochiOp::AnyMul
            | MochiOp::AnyDiv
            | MochiOp::AnyRem
            | MochiOp::AnyNeg
            | MochiOp::AnyLt
            | MochiOp::AnyLe
            | MochiOp::AnyLen
            | MochiOp::AnyGet
            | MochiOp::AnySlice
            | MochiOp::AnyGetField
            | MochiOp::AnyHas
            | MochiOp::AnyPush
            | MochiOp::AnyIter
            | MochiOp::AnyKey
            | MochiOp::AnyOrder
            | MochiOp::AnyCall
            | MochiOp::AnyIs
            | MochiOp::AnyHolds
            | MochiOp::AnyDigest
            | MochiOp::AnyToJson
            | MochiOp::AnyToInt
            | MochiOp::AnyToBigint
            | MochiOp::AnyToFloat
            | MochiOp::AnyToBool
            | MochiOp::AnyToText
            | MochiOp::AnyElements
            | MochiOp::AnyKeys
            | MochiOp::AnyToRational
            | MochiOp::AnyNumerator
            | MochiOp::AnyDenominator => Some(self.any_op(op, data)),
            MochiOp::AnySet | MochiOp::AnySetField => {
                self.any_set(op, data);
                None
            }
            MochiOp::RecordInit | MochiOp::RecordSet => {
                self.set_field(op, data);
                None
            }

            MochiOp::ClosureNew | MochiOp::ClosureConst | MochiOp::ClosureGet | MochiOp::ClosurePeek => {
                Some(self.closure_op(op, data))
            }
            MochiOp::ClosureInit => {
                self.closure_init(data);
                None
            }

            MochiOp::LoadGlobal | MochiOp::PeekGlobal | MochiOp::TakeGlobal => Some(self.load_global(op, data)),
            MochiOp::InitGlobal | MochiOp::StoreGlobal => {
                self.store_global(op, data);
                None
            }
            MochiOp::Dup => {
                self.dup_old(data.args[0]);
                None
            }
            MochiOp::Drop => {
                self.drop_old(data.args[0]);
                None
            }
            MochiOp::Print => {
                self.print(data.args[0]);
                None
            }
            MochiOp::Json => {
                self.json(data.args[0]);
                None
            }
            MochiOp::FileOpen
            | MochiOp::FileCreate
            | MochiOp::LoadCsv
            | MochiOp::LoadJson
            | MochiOp::LoadJsonl
            | MochiOp::LoadYaml => Some(self.data_op(op, data)),
            MochiOp::RowsCheck | MochiOp::SaveCsv | MochiOp::SaveJson | MochiOp::SaveJsonl | MochiOp::SaveYaml => {
                self.save(op, data);
                None
            }
            MochiOp::PrintData => {
                self.print_data(data.imm);
                None
            }
            MochiOp::Expect => {
                self.expect(data);
                None
            }
            MochiOp::Fail => {
                self.fail(data.imm);
                None
            }
        }
    }

    // Facts about the old function.

    /// The copy of an old value.
    pub(super) fn get(&self, old: Value) -> Value {
        let value = self.values[old.index()];
        debug_assert_ne!(value, UNMAPPED, "{old} of {} is used before its definition", self.old.name);
        value
    }

    /// What is known of the closures that a function is the code of.
    pub(super) fn closure(&self, code: FuncId) -> &'a Closure {
        let closure = self.closures[code.index()].as_ref();
        closure.unwrap_or_else(|| panic!("{} is not the code of closures", self.module.func(code).name))
    }

    pub(super) fn is_small(&self, old: Value) -> bool {
        self.small.contains(self.id, old)
    }

    /// The place of the operation being written, as failures report it.
    pub(super) fn site(&self) -> i32 {
        self.span.map_or(0, |span| ((span.file << 24) | (self.line)(span)) as i32)
    }

    /// Tells the runtime which line the objects are made for that the instruction makes.
    fn tell_site(&mut self, inst: Inst) {
        let site = self.site();
        if site != 0 && self.told_site != Some(site) {
            let global = self.runtime.current_site(self.module);
            let value = self.i32(site);
            self.append(WasmOp::GlobalSet.into(), vec![value], Imm::Global(global), &[]);
            self.told_site = Some(site);
        }
        if self.old.inst(inst).op.is_call() {
            self.told_site = None;
        }
    }

    // Writing.

    /// Adds an operation with a result.
    pub(super) fn op(&mut self, op: WasmOp, args: &[Value]) -> Value {
        self.op_with(op, args, Imm::None)
    }

    pub(super) fn op_with(&mut self, op: WasmOp, args: &[Value], imm: Imm) -> Value {
        let inst = self.append(op.into(), args.to_vec(), imm, op.results());
        self.func.inst(inst).results[0]
    }

    /// Adds an instruction of any family.
    pub(super) fn append(&mut self, op: Op, args: Vec<Value>, imm: Imm, results: &[Type]) -> Inst {
        let inst = self.func.append_inst(self.current, op, args, imm, results, self.span);
        self.func.scopes[inst.index()] = self.scope;
        inst
    }

    /// Adds an operation without result.
    pub(super) fn effect(&mut self, op: WasmOp, args: &[Value], imm: Imm) {
        self.append(op.into(), args.to_vec(), imm, &[]);
    }

    /// Reads a global of a machine type.
    pub(super) fn read_global(&mut self, global: Imm, ty: Type) -> Value {
        let inst = self.append(WasmOp::GlobalGet.into(), Vec::new(), global, &[ty]);
        self.func.inst(inst).results[0]
    }

    pub(super) fn i32(&mut self, value: i32) -> Value {
        self.op_with(WasmOp::I32Const, &[], Imm::I32(value))
    }

    pub(super) fn i64(&mut self, value: i64) -> Value {
        self.op_with(WasmOp::I64Const, &[], Imm::I64(value))
    }

    pub(super) fn f64(&mut self, bits: u64) -> Value {
        self.op_with(WasmOp::F64Const, &[], Imm::F64(bits))
    }

    /// Calls a runtime function without result.
    pub(super) fn call(&mut self, func: RuntimeFn, args: &[Value]) {
        self.call_inst(func, args);
    }

    /// Calls a runtime function with a result.
    pub(super) fn call_value(&mut self, func: RuntimeFn, args: &[Value]) -> Value {
        let inst = self.call_inst(func, args);
        self.func.inst(inst).results[0]
    }

    fn call_inst(&mut self, func: RuntimeFn, args: &[Value]) -> Inst {
        debug_assert_eq!(func.params().len(), args.len(), "arguments of {}", func.symbol());
        let callee: FuncId = self.runtime.func(self.module, func);
        let results = func.machine_results();
        self.append(Op::Call, args.to_vec(), Imm::Func(callee), &results)
    }

    pub(super) fn terminate(&mut self, term: Terminator) {
        self.func.block_mut(self.current).term = term;
    }

    pub(super) fn jump(&mut self, block: Block, args: &[Value]) {
        self.terminate(Terminator::Jump(Target { block, args: args.to_vec() }));
    }

    pub(super) fn branch(&mut self, cond: Value, then: Target, otherwise: Target) {
        self.terminate(Terminator::Branch { cond, then, otherwise });
    }

    /// A block as likely as the current one.
    pub(super) fn new_block(&mut self) -> Block {
        let block = self.func.add_block();
        self.func.block_mut(block).cold = self.cold;
        block
    }

    pub(super) fn new_cold_block(&mut self) -> Block {
        let block = self.func.add_block();
        self.func.block_mut(block).cold = true;
        block
    }

    /// Writes `write` in a new cold block and returns to where it was; the current block is left
    /// for the caller to finish. Gives the block and what `write` gave.
    pub(super) fn aside<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> (Block, T) {
        let block = self.new_cold_block();
        let (current, cold) = (self.current, self.cold);
        (self.current, self.cold) = (block, true);
        let result = write(self);
        (self.current, self.cold) = (current, cold);
        (block, result)
    }

    /// `fast` if `holds`, else what the cold `slow` gives.
    pub(super) fn unless_slow(&mut self, holds: Value, fast: Value, slow: impl FnOnce(&mut Self) -> Value) -> Value {
        let join = self.new_block();
        let result = self.func.add_param(join, self.func.ty(fast));
        let (slow_block, ()) = self.aside(|this| {
            let value = slow(this);
            this.jump(join, &[value]);
        });
        self.branch(holds, to(join, &[fast]), to(slow_block, &[]));
        self.current = join;
        result
    }

    /// What `fast` gives if `holds`, else what the cold `slow` gives; nothing of `fast` happens else.
    pub(super) fn fast_or_slow(
        &mut self,
        holds: Value,
        fast: impl FnOnce(&mut Self) -> Value,
        slow: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let (fast_block, join) = (self.new_block(), self.new_block());
        let (slow_block, slow_value) = self.aside(|this| {
            let value = slow(this);
            let ty = this.func.ty(value);
            this.jump(join, &[value]);
            ty
        });
        let result = self.func.add_param(join, slow_value);
        self.branch(holds, to(fast_block, &[]), to(slow_block, &[]));
        self.current = fast_block;
        let value = fast(self);
        self.jump(join, &[value]);
        self.current = join;
        result
    }

    /// Does `write` in a cold block if `cond`.
    pub(super) fn rarely(&mut self, cond: Value, write: impl FnOnce(&mut Self)) {
        let join = self.new_block();
        let (block, ()) = self.aside(|this| {
            write(this);
            this.jump(join, &[]);
        });
        self.branch(cond, to(block, &[]), to(join, &[]));
        self.current = join;
    }

    /// Goes on only if `cond`; else goes to `block`.
    pub(super) fn require(&mut self, cond: Value, block: Block, args: &[Value]) {
        let next = self.new_block();
        self.branch(cond, to(next, &[]), to(block, args));
        self.current = next;
    }
}

pub(super) fn to(block: Block, args: &[Value]) -> Target {
    Target { block, args: args.to_vec() }
}
