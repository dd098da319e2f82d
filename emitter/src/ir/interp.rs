//! Runs legalized functions: the one meaning of the Wasm family of operations.
//!
//! Tests compare it with Wasmtime, and passes that compute at compile time do it here and
//! nowhere else. What an operation does is in its row of the table (`ops.rs`); this file has
//! memory, calls and control. Frames lie in a vector, so that programs recurse as deep as the
//! option allows whatever the size of the host's stack.
//!
//! A value is one word: an `i32` zero-extended, an `f64` as its bits.

use std::fmt;

use super::placement::{DATA_START, PAGE_SIZE};
use super::{
    Block, ENTRY, FuncId, Imm, Init, Inst, Module, Op, Phase, Placement, Table, Target, Terminator, Value, WasmOp,
};

/// Why a run ended without results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrapKind {
    Unreachable,
    DivisionByZero,
    /// The quotient of the smallest integer and -1.
    IntegerOverflow,
    MemoryOutOfBounds,
    StackOverflow,
    /// An indirect call of what is no function, or one of another signature.
    IndirectCall,
    /// More steps than [`Limits::steps`].
    StepLimit,
    /// The program ended itself through `proc_exit`.
    Exit(i32),
    /// The host refused a call, or there is nothing to run.
    Host(String),
}

/// An end without results, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    pub kind: TrapKind,
    /// The functions that were running, innermost first; cut after [`TRACE_LENGTH`].
    pub trace: Vec<String>,
}

/// How many functions a [`Trap`] names.
pub const TRACE_LENGTH: usize = 32;

impl From<TrapKind> for Trap {
    fn from(kind: TrapKind) -> Trap {
        Trap { kind, trace: Vec::new() }
    }
}

impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrapKind::Unreachable => f.write_str("unreachable executed"),
            TrapKind::DivisionByZero => f.write_str("integer divide by zero"),
            TrapKind::IntegerOverflow => f.write_str("integer overflow"),
            TrapKind::MemoryOutOfBounds => f.write_str("out of bounds memory access"),
            TrapKind::StackOverflow => f.write_str("stack overflow"),
            TrapKind::IndirectCall => f.write_str("indirect call of something else"),
            TrapKind::StepLimit => f.write_str("step limit reached"),
            TrapKind::Exit(code) => write!(f, "exit with code {code}"),
            TrapKind::Host(message) => f.write_str(message),
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.kind, f)?;
        self.trace.iter().try_for_each(|name| write!(f, "\n  in {name}"))
    }
}

impl std::error::Error for Trap {}

/// What the imports of a module do.
pub trait Host {
    /// Calls the import `field` of `module`; `memory` is all of linear memory.
    fn call(&mut self, module: &str, field: &str, args: &[u64], memory: &mut [u8]) -> Result<Option<u64>, Trap>;
}

/// A host without any function.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn call(&mut self, module: &str, field: &str, _args: &[u64], _memory: &mut [u8]) -> Result<Option<u64>, Trap> {
        Err(TrapKind::Host(format!("{module}.{field} is not there")).into())
    }
}

/// How far a run may go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Instructions and terminators; none for no limit.
    pub steps: Option<u64>,
    /// Pages that memory can grow to.
    pub pages: u32,
    /// Values of all functions that are running.
    pub stack_words: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { steps: None, pages: 16384, stack_words: 1 << 24 }
    }
}

/// A Rust type that a word of the machine can hold.
pub(super) trait Word {
    fn from_word(word: u64) -> Self;
    fn to_word(self) -> u64;
}

impl Word for i32 {
    fn from_word(word: u64) -> i32 {
        word as i32
    }

    fn to_word(self) -> u64 {
        u64::from(self as u32)
    }
}

impl Word for i64 {
    fn from_word(word: u64) -> i64 {
        word as i64
    }

    fn to_word(self) -> u64 {
        self as u64
    }
}

impl Word for u64 {
    fn from_word(word: u64) -> u64 {
        word
    }

    fn to_word(self) -> u64 {
        self
    }
}

impl Word for f64 {
    fn from_word(word: u64) -> f64 {
        f64::from_bits(word)
    }

    fn to_word(self) -> u64 {
        self.to_bits()
    }
}

impl Word for bool {
    fn from_word(word: u64) -> bool {
        word != 0
    }

    fn to_word(self) -> u64 {
        u64::from(self)
    }
}

/// Operations without a result.
impl Word for () {
    fn from_word(_: u64) {}

    fn to_word(self) -> u64 {
        0
    }
}

/// What one operation sees while it runs.
pub(super) struct Machine<'a> {
    pub(super) args: [u64; 3],
    imm: Imm,
    memory: &'a mut Vec<u8>,
    max_pages: u32,
    globals: &'a mut [u64],
    /// None when a single operation is evaluated outside a module.
    placement: Option<&'a Placement>,
}

impl Machine<'_> {
    pub(super) fn i32(&self) -> i32 {
        match self.imm {
            Imm::I32(value) => value,
            other => unreachable!("an i32 immediate, not {other:?}"),
        }
    }

    pub(super) fn i64(&self) -> i64 {
        match self.imm {
            Imm::I64(value) => value,
            other => unreachable!("an i64 immediate, not {other:?}"),
        }
    }

    pub(super) fn f64(&self) -> f64 {
        match self.imm {
            Imm::F64(bits) => f64::from_bits(bits),
            other => unreachable!("an f64 immediate, not {other:?}"),
        }
    }

    fn placement(&self) -> Result<&Placement, TrapKind> {
        self.placement.ok_or_else(|| TrapKind::Host("addresses are not known yet".to_owned()))
    }

    pub(super) fn data_address(&self) -> Result<i32, TrapKind> {
        match self.imm {
            Imm::Data(data) => Ok(self.placement()?.address(data) as i32),
            other => unreachable!("a data immediate, not {other:?}"),
        }
    }

    pub(super) fn heap_base(&self) -> Result<i32, TrapKind> {
        Ok(self.placement()?.heap_base as i32)
    }

    pub(super) fn function_number(&self) -> Result<i32, TrapKind> {
        match self.imm {
            Imm::Func(func) => Ok(self.placement()?.table.number(func) as i32),
            other => unreachable!("a function immediate, not {other:?}"),
        }
    }

    fn global_index(&self) -> usize {
        match self.imm {
            Imm::Global(global) => global.index(),
            other => unreachable!("a global immediate, not {other:?}"),
        }
    }

    pub(super) fn global(&self) -> u64 {
        self.globals[self.global_index()]
    }

    pub(super) fn set_global(&mut self) {
        self.globals[self.global_index()] = self.args[0];
    }

    /// The `length` bytes at a 32-bit address plus a constant, if all of them exist.
    fn range(&mut self, address: i32, offset: u32, length: usize) -> Result<&mut [u8], TrapKind> {
        let start = u64::from(address as u32) + u64::from(offset);
        let end = start + length as u64;
        if end > self.memory.len() as u64 {
            return Err(TrapKind::MemoryOutOfBounds);
        }
        Ok(&mut self.memory[start as usize..end as usize])
    }

    fn offset(&self) -> u32 {
        match self.imm {
            Imm::Offset(offset) => offset,
            other => unreachable!("an offset immediate, not {other:?}"),
        }
    }

    pub(super) fn load<const N: usize>(&mut self, address: i32) -> Result<[u8; N], TrapKind> {
        let offset = self.offset();
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.range(address, offset, N)?);
        Ok(bytes)
    }

    pub(super) fn store<const N: usize>(&mut self, address: i32, bytes: [u8; N]) -> Result<(), TrapKind> {
        let offset = self.offset();
        self.range(address, offset, N)?.copy_from_slice(&bytes);
        Ok(())
    }

    pub(super) fn pages(&self) -> i32 {
        (self.memory.len() / PAGE_SIZE as usize) as i32
    }

    pub(super) fn grow(&mut self, more: i32) -> i32 {
        let before = self.pages();
        let after = u64::from(before as u32) + u64::from(more as u32);
        if after > u64::from(self.max_pages) {
            return -1;
        }
        self.memory.resize(after as usize * PAGE_SIZE as usize, 0);
        before
    }

    pub(super) fn copy(&mut self, to: i32, from: i32, length: i32) -> Result<(), TrapKind> {
        let length = length as u32 as usize;
        self.range(from, 0, length)?;
        self.range(to, 0, length)?;
        let from = from as u32 as usize;
        self.memory.copy_within(from..from + length, to as u32 as usize);
        Ok(())
    }

    pub(super) fn fill(&mut self, to: i32, byte: i32, length: i32) -> Result<(), TrapKind> {
        self.range(to, 0, length as u32 as usize)?.fill(byte as u8);
        Ok(())
    }
}

/// The result of one operation on constants; none when it traps, touches memory or a global, or
/// depends on addresses that are not chosen yet.
pub fn evaluate(op: WasmOp, args: &[u64], imm: Imm) -> Option<u64> {
    use super::Effect;
    match op.effect() {
        Effect::Pure | Effect::Fail => {}
        Effect::Alloc | Effect::Read | Effect::Write => return None,
    }
    let mut memory = Vec::new();
    let mut machine =
        Machine { args: three(args), imm, memory: &mut memory, max_pages: 0, globals: &mut [], placement: None };
    op.eval(&mut machine).ok()
}

fn three(args: &[u64]) -> [u64; 3] {
    let mut all = [0; 3];
    all[..args.len()].copy_from_slice(args);
    all
}

/// One call that has not returned.
struct Frame {
    func: FuncId,
    block: Block,
    /// The next instruction of the block.
    at: usize,
    /// The words of the function's values.
    base: usize,
}

/// A module that is being run: memory and globals live from one call to the next.
pub struct Interpreter<'m, H> {
    pub host: H,
    pub limits: Limits,
    module: &'m Module,
    placement: Placement,
    memory: Vec<u8>,
    globals: Vec<u64>,
    steps: u64,
}

impl<'m, H: Host> Interpreter<'m, H> {
    pub fn new(module: &'m Module, host: H) -> Interpreter<'m, H> {
        let placement = super::place_data(module, Table::of(module));
        let mut memory = vec![0; placement.initial_pages() as usize * PAGE_SIZE as usize];
        memory[DATA_START as usize..][..placement.image.len()].copy_from_slice(&placement.image);
        let globals = module.globals.iter().map(|global| match global.init {
            Init::I32(value) => value.to_word(),
            Init::I64(value) => value.to_word(),
            Init::F64(bits) => bits,
        });
        let globals = globals.collect();
        Interpreter { host, limits: Limits::default(), module, placement, memory, globals, steps: 0 }
    }

    pub fn memory(&self) -> &[u8] {
        &self.memory
    }

    pub fn memory_mut(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// The words of the globals, by `GlobalId`.
    pub fn globals(&self) -> &[u64] {
        &self.globals
    }

    /// Instructions and terminators run so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Runs the start function.
    pub fn run_start(&mut self) -> Result<Vec<u64>, Trap> {
        match self.module.start {
            Some(start) => self.run(start, &[]),
            None => Err(TrapKind::Host("the module has no start function".to_owned()).into()),
        }
    }

    /// Runs the function called `name`, for tests.
    pub fn run_by_name(&mut self, name: &str, args: &[u64]) -> Result<Vec<u64>, Trap> {
        match self.module.functions.iter().position(|func| func.name == name) {
            Some(index) => self.run(FuncId::new(index), args),
            None => Err(TrapKind::Host(format!("there is no function {name}")).into()),
        }
    }

    /// Runs a function to its return.
    pub fn run(&mut self, func: FuncId, args: &[u64]) -> Result<Vec<u64>, Trap> {
        let mut frames = Vec::new();
        let mut words = Vec::new();
        let result = self.enter(&mut frames, &mut words, func, args).and_then(|result| match result {
            Some(results) => Ok(results),
            None => self.run_frames(&mut frames, &mut words),
        });
        result.map_err(|mut trap| {
            let running = frames.iter().rev().take(TRACE_LENGTH);
            trap.trace.extend(running.map(|frame| self.module.func(frame.func).name.clone()));
            trap
        })
    }

    /// Pushes a frame for a call, or gives the results at once when the host has the function.
    fn enter(
        &mut self,
        frames: &mut Vec<Frame>,
        words: &mut Vec<u64>,
        id: FuncId,
        args: &[u64],
    ) -> Result<Option<Vec<u64>>, Trap> {
        let func = self.module.func(id);
        assert_eq!(args.len(), func.sig.params.len(), "arguments of {}", func.name);
        if let Some((module, field)) = &func.import {
            let result = self.host.call(module, field, args, &mut self.memory)?;
            assert_eq!(result.iter().len(), func.sig.results.len(), "results of {module}.{field}");
            return Ok(Some(result.into_iter().collect()));
        }
        assert_eq!(func.phase, Phase::Legalized, "{} is not legalized and cannot be run", func.name);
        let base = words.len();
        if base + func.values.len() > self.limits.stack_words {
            return Err(TrapKind::StackOverflow.into());
        }
        words.resize(base + func.values.len(), 0);
        for (&param, &arg) in func.params().iter().zip(args) {
            words[base + param.index()] = arg;
        }
        frames.push(Frame { func: id, block: ENTRY, at: 0, base });
        Ok(None)
    }

    fn run_frames(&mut self, frames: &mut Vec<Frame>, words: &mut Vec<u64>) -> Result<Vec<u64>, Trap> {
        let mut scratch = Vec::new();
        'frame: loop {
            let module = self.module;
            let Some(frame) = frames.last_mut() else { unreachable!("the first frame returns from here") };
            let func = module.func(frame.func);
            let base = frame.base;
            loop {
                let block = func.block(frame.block);
                while let Some(&inst) = block.insts.get(frame.at) {
                    frame.at += 1;
                    self.step()?;
                    let data = func.inst(inst);
                    match data.op {
                        Op::Wasm(op) => {
                            let mut args = [0; 3];
                            for (word, arg) in args.iter_mut().zip(&data.args) {
                                *word = words[base + arg.index()];
                            }
                            let mut machine = Machine {
                                args,
                                imm: data.imm,
                                memory: &mut self.memory,
                                max_pages: self.limits.pages,
                                globals: &mut self.globals,
                                placement: Some(&self.placement),
                            };
                            let word = op.eval(&mut machine)?;
                            if let Some(result) = data.results.first() {
                                words[base + result.index()] = word;
                            }
                        }
                        Op::Call => {
                            let Imm::Func(callee) = data.imm else { unreachable!("a call names a function") };
                            let args: Vec<u64> = data.args.iter().map(|arg| words[base + arg.index()]).collect();
                            if let Some(results) = self.enter(frames, words, callee, &args)? {
                                set(words, base, &data.results, &results);
                            }
                            continue 'frame;
                        }
                        Op::CallIndirect => {
                            let Imm::Sig(sig) = data.imm else { unreachable!("an indirect call has a signature") };
                            let mut args: Vec<u64> = data.args.iter().map(|arg| words[base + arg.index()]).collect();
                            let number = args.pop().unwrap_or_default() as u32;
                            let callee = self
                                .placement
                                .table
                                .get(number)
                                .filter(|&callee| module.func(callee).sig.has_types_of(&module.sigs[sig.index()]));
                            let callee = callee.ok_or(TrapKind::IndirectCall)?;
                            if let Some(results) = self.enter(frames, words, callee, &args)? {
                                set(words, base, &data.results, &results);
                            }
                            continue 'frame;
                        }
                        op @ (Op::Mochi(_) | Op::CallValue) => {
                            panic!("{} in the legalized {}", op.name(), func.name)
                        }
                    }
                }
                self.step()?;
                let target = match &block.term {
                    Terminator::Jump(target) => target,
                    Terminator::Branch { cond, then, otherwise } => {
                        if words[base + cond.index()] as u32 != 0 {
                            then
                        } else {
                            otherwise
                        }
                    }
                    Terminator::Unreachable => return Err(TrapKind::Unreachable.into()),
                    Terminator::Return(values) => {
                        scratch.clear();
                        scratch.extend(values.iter().map(|value| words[base + value.index()]));
                        words.truncate(base);
                        frames.pop();
                        let Some(caller) = frames.last() else { return Ok(scratch) };
                        let caller_func = module.func(caller.func);
                        let call = caller_func.inst(calling(caller_func.block(caller.block), caller.at));
                        set(words, caller.base, &call.results, &scratch);
                        continue 'frame;
                    }
                };
                // All arguments are read before a parameter is written: they may be the same.
                let Target { block: next, args } = target;
                scratch.clear();
                scratch.extend(args.iter().map(|arg| words[base + arg.index()]));
                set(words, base, &func.block(*next).params, &scratch);
                frame.block = *next;
                frame.at = 0;
            }
        }
    }

    fn step(&mut self) -> Result<(), Trap> {
        self.steps += 1;
        match self.limits.steps {
            Some(limit) if self.steps > limit => Err(TrapKind::StepLimit.into()),
            _ => Ok(()),
        }
    }
}

/// The call that a suspended frame is in.
fn calling(block: &super::BlockData, at: usize) -> Inst {
    block.insts[at - 1]
}

fn set(words: &mut [u64], base: usize, values: &[Value], contents: &[u64]) {
    for (value, &word) in values.iter().zip(contents) {
        words[base + value.index()] = word;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CapturingWasi, DataBlob, Function, FunctionBuilder, GlobalData, Param, Signature, Type};
    use super::*;

    fn sig(params: &[Type], results: &[Type]) -> Signature {
        Signature { params: params.iter().map(|&ty| Param { ty, owned: false }).collect(), results: results.to_vec() }
    }

    fn builder(name: &str, params: &[Type], results: &[Type]) -> FunctionBuilder {
        FunctionBuilder::new(Function::new(name, sig(params, results), Phase::Legalized))
    }

    fn one(op: WasmOp, args: &[u64]) -> Option<u64> {
        evaluate(op, args, Imm::None)
    }

    #[track_caller]
    fn i32s(op: WasmOp, args: &[i32], expected: i32) {
        let args: Vec<u64> = args.iter().map(|arg| arg.to_word()).collect();
        assert_eq!(one(op, &args), Some(expected.to_word()), "{}", op.name());
    }

    #[track_caller]
    fn i64s(op: WasmOp, args: &[i64], expected: i64) {
        let args: Vec<u64> = args.iter().map(|arg| arg.to_word()).collect();
        assert_eq!(one(op, &args), Some(expected.to_word()), "{}", op.name());
    }

    #[track_caller]
    fn f64s(op: WasmOp, args: &[f64], expected: f64) {
        let args: Vec<u64> = args.iter().map(|arg| arg.to_word()).collect();
        assert_eq!(one(op, &args).map(f64::from_bits).map(f64::to_bits), Some(expected.to_bits()), "{}", op.name());
    }

    #[test]
    fn integer_rows() {
        use WasmOp::*;
        i32s(I32Eqz, &[0], 1);
        i32s(I32Eqz, &[5], 0);
        i32s(I32Eq, &[5, 5], 1);
        i32s(I32Ne, &[5, 5], 0);
        i32s(I32LtS, &[-1, 1], 1);
        i32s(I32LtU, &[-1, 1], 0);
        i32s(I32GtS, &[-1, 1], 0);
        i32s(I32GtU, &[-1, 1], 1);
        i32s(I32LeS, &[-1, -1], 1);
        i32s(I32LeU, &[-1, 1], 0);
        i32s(I32GeS, &[-1, 1], 0);
        i32s(I32GeU, &[-1, 1], 1);
        i32s(I32Clz, &[0], 32);
        i32s(I32Ctz, &[8], 3);
        i32s(I32Ctz, &[0], 32);
        i32s(I32Popcnt, &[-1], 32);
        i32s(I32Add, &[i32::MAX, 1], i32::MIN);
        i32s(I32Sub, &[i32::MIN, 1], i32::MAX);
        i32s(I32Mul, &[65536, 65536], 0);
        i32s(I32DivS, &[-7, 2], -3);
        i32s(I32DivU, &[-1, 2], i32::MAX);
        i32s(I32RemS, &[-7, 2], -1);
        i32s(I32RemS, &[i32::MIN, -1], 0);
        i32s(I32RemU, &[-1, 10], 5);
        i32s(I32And, &[12, 10], 8);
        i32s(I32Or, &[12, 10], 14);
        i32s(I32Xor, &[12, 10], 6);
        i32s(I32Shl, &[1, 33], 2);
        i32s(I32ShrS, &[-8, 33], -4);
        i32s(I32ShrU, &[-8, 1], 0x7FFF_FFFC);
        i32s(I32Rotl, &[i32::MIN, 33], 1);
        i32s(I32Extend8S, &[0x1FF], -1);
        i32s(I32Extend16S, &[0x1_8000], -32768);
        assert_eq!(one(I32WrapI64, &[0x1_FFFF_FFFF]), Some(0xFFFF_FFFF));
        assert_eq!(one(I64ExtendI32S, &[0xFFFF_FFFF]), Some(u64::MAX));
        assert_eq!(one(I64ExtendI32U, &[0xFFFF_FFFF]), Some(0xFFFF_FFFF));
        i64s(I64Extend32S, &[0x8000_0000], -0x8000_0000);
        i64s(I64Eqz, &[0], 1);
        i64s(I64Eq, &[5, 6], 0);
        i64s(I64Ne, &[5, 6], 1);
        i64s(I64LtS, &[-1, 1], 1);
        i64s(I64LtU, &[-1, 1], 0);
        i64s(I64GtS, &[-1, 1], 0);
        i64s(I64GtU, &[-1, 1], 1);
        i64s(I64LeS, &[1, 1], 1);
        i64s(I64LeU, &[-1, 1], 0);
        i64s(I64GeS, &[-1, 1], 0);
        i64s(I64GeU, &[-1, 1], 1);
        i64s(I64Clz, &[1], 63);
        i64s(I64Ctz, &[0], 64);
        i64s(I64Popcnt, &[7], 3);
        i64s(I64Add, &[i64::MAX, 1], i64::MIN);
        i64s(I64Sub, &[0, 1], -1);
        i64s(I64Mul, &[1 << 62, 4], 0);
        i64s(I64DivS, &[-7, 2], -3);
        i64s(I64DivU, &[-1, 2], i64::MAX);
        i64s(I64RemS, &[i64::MIN, -1], 0);
        i64s(I64RemU, &[-1, 10], 5);
        i64s(I64And, &[12, 10], 8);
        i64s(I64Or, &[12, 10], 14);
        i64s(I64Xor, &[12, 10], 6);
        i64s(I64Shl, &[1, 65], 2);
        i64s(I64ShrS, &[-8, 65], -4);
        i64s(I64ShrU, &[-8, 1], 0x7FFF_FFFF_FFFF_FFFC);
        i64s(I64Rotl, &[i64::MIN, 65], 1);
        i32s(I32Select, &[1, 2, 0], 2);
        i32s(I32Select, &[1, 2, 7], 1);
        i64s(I64Select, &[1, 2, 0], 2);
        assert_eq!(one(F64Select, &[1, 2, 1]), Some(1));
    }

    #[test]
    fn division_traps() {
        use WasmOp::*;
        for op in [I32DivS, I32DivU, I32RemS, I32RemU, I64DivS, I64DivU, I64RemS, I64RemU] {
            assert_eq!(one(op, &[1, 0]), None, "{}", op.name());
        }
        assert_eq!(one(I32DivS, &[i32::MIN.to_word(), (-1i32).to_word()]), None);
        assert_eq!(one(I64DivS, &[i64::MIN.to_word(), (-1i64).to_word()]), None);
    }

    #[test]
    fn float_rows() {
        use WasmOp::*;
        f64s(F64Add, &[0.1, 0.2], 0.1 + 0.2);
        f64s(F64Sub, &[1.0, 3.0], -2.0);
        f64s(F64Mul, &[2.0, -0.0], -0.0);
        f64s(F64Div, &[1.0, -0.0], f64::NEG_INFINITY);
        f64s(F64Abs, &[-0.0], 0.0);
        f64s(F64Neg, &[0.0], -0.0);
        f64s(F64Sqrt, &[2.25], 1.5);
        f64s(F64Ceil, &[-0.5], -0.0);
        f64s(F64Floor, &[-0.5], -1.0);
        f64s(F64Trunc, &[-1.7], -1.0);
        f64s(F64Nearest, &[2.5], 2.0);
        f64s(F64Nearest, &[3.5], 4.0);
        f64s(F64Nearest, &[-0.4], -0.0);
        f64s(F64Copysign, &[1.0, -0.0], -1.0);
        let none = 0x7FF8_6E6F_6E65_0000;
        assert_eq!(one(F64Neg, &[none]), Some(none | 1 << 63));
        assert_eq!(one(F64Abs, &[none | 1 << 63]), Some(none));
        assert_eq!(one(F64Copysign, &[none, (-1.0f64).to_word()]), Some(none | 1 << 63));
        let nan = f64::NAN.to_word();
        let one_ = 1.0f64.to_word();
        for (op, less, equal, unordered) in
            [(F64Eq, 0, 1, 0), (F64Ne, 1, 0, 1), (F64Lt, 1, 0, 0), (F64Gt, 0, 0, 0), (F64Le, 1, 1, 0), (F64Ge, 0, 1, 0)]
        {
            assert_eq!(one(op, &[one_, 2.0f64.to_word()]), Some(less), "{}", op.name());
            assert_eq!(one(op, &[one_, one_]), Some(equal), "{}", op.name());
            assert_eq!(one(op, &[one_, nan]), Some(unordered), "{}", op.name());
        }
        assert_eq!(one(F64ConvertI32S, &[(-3i32).to_word()]), Some((-3.0f64).to_word()));
        assert_eq!(one(F64ConvertI64S, &[u64::MAX]), Some((-1.0f64).to_word()));
        assert_eq!(one(F64ConvertI64U, &[u64::MAX]), Some(18446744073709551616.0f64.to_word()));
        assert_eq!(one(F64ReinterpretI64, &[none]), Some(none));
        assert_eq!(one(I64ReinterpretF64, &[none]), Some(none));
        for (x, i32_, i64_) in
            [(f64::NAN, 0, 0), (f64::INFINITY, i32::MAX, i64::MAX), (-1e300, i32::MIN, i64::MIN), (-1.9, -1, -1)]
        {
            assert_eq!(one(I32TruncSatF64S, &[x.to_word()]), Some(i32_.to_word()));
            assert_eq!(one(I64TruncSatF64S, &[x.to_word()]), Some(i64_.to_word()));
        }
    }

    #[test]
    fn constants_are_evaluated_and_addresses_are_not() {
        assert_eq!(evaluate(WasmOp::I32Const, &[], Imm::I32(-1)), Some(0xFFFF_FFFF));
        assert_eq!(evaluate(WasmOp::I64Const, &[], Imm::I64(-1)), Some(u64::MAX));
        assert_eq!(evaluate(WasmOp::F64Const, &[], Imm::F64(7)), Some(7));
        assert_eq!(evaluate(WasmOp::HeapBase, &[], Imm::None), None);
        assert_eq!(evaluate(WasmOp::I32Load, &[0], Imm::Offset(0)), None);
    }

    #[test]
    fn a_loop_sums() {
        let mut b = builder("sum", &[Type::I64], &[Type::I64]);
        let n = b.func().params()[0];
        let (index, total) = (b.declare_variable(Type::I64), b.declare_variable(Type::I64));
        let zero = b.i64_const(0);
        b.def_var(index, zero);
        b.def_var(total, zero);
        let (head, body, end) = (b.create_block(), b.create_block(), b.create_block());
        b.jump(head, vec![]);
        b.switch_to(head);
        let i = b.use_var(index);
        let more = b.value(WasmOp::I64LtS, vec![i, n], Imm::None, Type::I32);
        b.branch(more, body, end);
        b.seal(body);
        b.seal(end);
        b.switch_to(body);
        let (i, t) = (b.use_var(index), b.use_var(total));
        let sum = b.value(WasmOp::I64Add, vec![t, i], Imm::None, Type::I64);
        b.def_var(total, sum);
        let step = b.i64_const(1);
        let next = b.value(WasmOp::I64Add, vec![i, step], Imm::None, Type::I64);
        b.def_var(index, next);
        b.jump(head, vec![]);
        b.seal(head);
        b.switch_to(end);
        let t = b.use_var(total);
        b.ret(vec![t]);
        let mut module = Module::default();
        let sum = module.add_function(b.finish());
        let mut interpreter = Interpreter::new(&module, NoHost);
        assert_eq!(interpreter.run(sum, &[100]), Ok(vec![4950]));
        interpreter.limits.steps = Some(interpreter.steps() + 50);
        assert_eq!(interpreter.run(sum, &[100]).map_err(|trap| trap.kind), Err(TrapKind::StepLimit));
    }

    /// `depth(n) = n == 0 ? 0 : depth(n - 1) + 1`
    fn recursion() -> Module {
        let mut b = builder("depth", &[Type::I32], &[Type::I32]);
        let n = b.func().params()[0];
        let (more, end) = (b.create_block(), b.create_block());
        b.branch(n, more, end);
        b.seal(more);
        b.seal(end);
        b.switch_to(more);
        let one = b.i32_const(1);
        let less = b.value(WasmOp::I32Sub, vec![n, one], Imm::None, Type::I32);
        let inner = b.call(FuncId(0), vec![less], &[Type::I32]).unwrap();
        let result = b.value(WasmOp::I32Add, vec![inner, one], Imm::None, Type::I32);
        b.ret(vec![result]);
        b.switch_to(end);
        b.ret(vec![n]);
        let mut module = Module::default();
        module.add_function(b.finish());
        module
    }

    #[test]
    fn recursion_is_as_deep_as_the_limit_allows() {
        let module = recursion();
        let mut interpreter = Interpreter::new(&module, NoHost);
        assert_eq!(interpreter.run_by_name("depth", &[1_000_000]), Ok(vec![1_000_000]));
        interpreter.limits.stack_words = 1000;
        let trap = interpreter.run_by_name("depth", &[1_000_000]).unwrap_err();
        assert_eq!(trap.kind, TrapKind::StackOverflow);
        assert_eq!(trap.trace.len(), TRACE_LENGTH);
        assert_eq!(trap.trace[0], "depth");
    }

    #[test]
    fn memory_and_globals() {
        use WasmOp::*;
        let mut module = Module::default();
        let zeros = DataBlob { bytes: vec![], size: 64, align: 8, ..DataBlob::default() };
        let data = module.add_data(zeros);
        module.globals.push(GlobalData { name: "g".to_owned(), ty: Type::F64, init: Init::F64(1.5f64.to_bits()) });
        let mut b = builder("go", &[], &[Type::I64, Type::F64, Type::I32]);
        let p = b.value(DataAddr, vec![], Imm::Data(data), Type::I32);
        let word = b.i64_const(-2);
        b.effect(I64Store, vec![p, word], Imm::Offset(8));
        b.effect(I64Store32, vec![p, word], Imm::Offset(16));
        let eight = b.i32_const(8);
        let source = b.value(I32Add, vec![p, eight], Imm::None, Type::I32);
        let to = b.value(I32Add, vec![source, eight], Imm::None, Type::I32);
        let twelve = b.i32_const(12);
        b.effect(MemoryCopy, vec![to, source, twelve], Imm::None);
        let byte = b.i32_const(0x1FF);
        let one = b.i32_const(1);
        b.effect(MemoryFill, vec![to, byte, one], Imm::None);
        let loaded = b.value(I64Load, vec![p], Imm::Offset(16), Type::I64);
        let global = b.value(GlobalGet, vec![], Imm::Global(super::super::GlobalId(0)), Type::F64);
        let double = b.value(F64Add, vec![global, global], Imm::None, Type::F64);
        b.effect(GlobalSet, vec![double], Imm::Global(super::super::GlobalId(0)));
        let pages = b.value(MemoryGrow, vec![one], Imm::None, Type::I32);
        b.ret(vec![loaded, global, pages]);
        let go = module.add_function(b.finish());
        for (name, address) in [("inside", 65532), ("outside", 65533)] {
            let mut b = builder(name, &[], &[Type::I32]);
            let address = b.i32_const(address);
            let loaded = b.value(I32Load, vec![address], Imm::Offset(0), Type::I32);
            b.ret(vec![loaded]);
            module.add_function(b.finish());
        }
        let mut interpreter = Interpreter::new(&module, NoHost);
        assert_eq!(interpreter.run_by_name("inside", &[]), Ok(vec![0]));
        let trap = interpreter.run_by_name("outside", &[]).unwrap_err();
        assert_eq!(trap, Trap { kind: TrapKind::MemoryOutOfBounds, trace: vec!["outside".to_owned()] });
        assert_eq!(interpreter.run(go, &[]), Ok(vec![0xFFFF_FFFF_FFFF_FFFF, 1.5f64.to_bits(), 1]));
        assert_eq!(interpreter.globals(), [3.0f64.to_bits()]);
        assert_eq!(interpreter.memory().len(), 2 * 65536);
    }

    #[test]
    fn wasi_is_captured() {
        let mut module = Module::default();
        let four = [Type::I32; 4];
        let wasi = "wasi_snapshot_preview1";
        let write = module.add_function(Function::imported("fd_write", wasi, "fd_write", sig(&four, &[Type::I32])));
        let exit = module.add_function(Function::imported("proc_exit", wasi, "proc_exit", sig(&[Type::I32], &[])));
        let text = DataBlob { bytes: b"hello".to_vec(), size: 5, align: 1, ..DataBlob::default() };
        let text = module.add_data(text);
        let mut vector = DataBlob { bytes: vec![0, 0, 0, 0, 5], size: 8, align: 4, ..DataBlob::default() };
        vector.relocs.push((0, text));
        let vector = module.add_data(vector);
        let mut b = builder("main", &[], &[]);
        let out = b.i32_const(1);
        let p = b.value(WasmOp::DataAddr, vec![], Imm::Data(vector), Type::I32);
        let scratch = b.i32_const(512);
        b.call(write, vec![out, p, out, scratch], &[Type::I32]);
        let code = b.i32_const(3);
        b.call(exit, vec![code], &[]);
        b.unreachable();
        module.start = Some(module.add_function(b.finish()));
        let mut interpreter = Interpreter::new(&module, CapturingWasi::default());
        assert_eq!(interpreter.run_start().map_err(|trap| trap.kind), Err(TrapKind::Exit(3)));
        assert_eq!(interpreter.host.output(), "hello");
        assert_eq!(interpreter.memory()[512], 5);
    }
}
