//! The intermediate representation: typed SSA blocks with parameters.
//!
//! A function is blocks with parameters, instructions and values; each value has exactly one
//! type and one definition. Everything is a small typed index (`Block`, `Inst`, `Value`) into
//! the payload tables of [`Function`].
//!
//! Two families of operations live in one container: [`Op::Mochi`] means what the language
//! means (`int.add` never wraps), [`Op::Wasm`] is one WebAssembly instruction. A function goes
//! through three phases (see [`Phase`]): in *pure* form nothing counts references, in *counted*
//! form each owned value is consumed exactly once on every path, in *legalized* form only the
//! Wasm family and machine types are left.

mod builder;
pub mod interp;
mod ops;
mod parser;
mod placement;
mod printer;
mod shapes;
mod table;
#[cfg(test)]
mod tests;
mod trivial_params;
mod types;
mod verifier;
mod wasi;

use std::fmt;

pub use builder::{FunctionBuilder, Variable, remove_unreachable_blocks};
use mochi_frontend::source::Span;
pub use ops::{AnyKind, Effect, ElementKind, ImmKind, MochiOp, Op, Ownership, TypePattern, WasmOp, is_uncounted};
pub use parser::{Parsed, TextError, parse, parse_program, read_program};
pub use placement::{DATA_START, HEAP_ALIGN, PAGE_SIZE, Placement, place_data};
pub use printer::{Spans, print_function, print_module};
pub use shapes::Shape;
pub use table::Table;
pub use trivial_params::remove_trivial_params;
pub use types::{FuncSig, Kind, Record, RecordForm, Type, Union};
pub use verifier::{CAPACITY_LIMIT, DATA_LIMIT, Place, VerifyError, verify_function, verify_module};
pub use wasi::CapturingWasi;

macro_rules! entity {
    ($(#[$doc:meta])* $name:ident $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            pub fn new(index: usize) -> $name {
                $name(index as u32)
            }

            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

entity!(
    /// A basic block of one function.
    Block "b"
);
entity!(
    /// An instruction of one function.
    Inst "i"
);
entity!(
    /// A value of one function: a block parameter or an instruction's result.
    Value "v"
);
entity!(
    /// A function of the module, defined or imported.
    FuncId "f"
);
entity!(
    /// A global variable of the module.
    GlobalId "g"
);
entity!(
    /// A piece of static data of the module.
    DataId "d"
);
entity!(
    /// A type of lists: an index into [`Module::lists`], where equal ones are the same.
    ListType "list"
);
entity!(
    /// A type of maps: an index into [`Module::maps`], where equal ones are the same.
    MapType "map"
);
entity!(
    /// A type of functions as values: an index into [`Module::func_types`], where equal ones are the same.
    FuncType "fun"
);
entity!(
    /// A declared record: an index into [`Module::records`].
    RecordType "record"
);
entity!(
    /// A declared union: an index into [`Module::unions`].
    UnionType "union"
);
entity!(
    /// What loaded data becomes: an index into [`Module::shapes`].
    ShapeId "p"
);
entity!(
    /// Which of a function's code an instruction is: the function's own, 0, or that of the inlined call
    /// with this number in [`Function::inlined`], counted from 1.
    Scope "c"
);
entity!(
    /// The signature of an indirect call: an index into [`Module::sigs`].
    SigId "s"
);

/// How far a function has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Pure,
    Counted,
    Legalized,
}

/// What an instruction carries besides its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Imm {
    None,
    I32(i32),
    I64(i64),
    /// The bits of a float, so that equality means the same constant.
    F64(u64),
    /// The constant offset of a memory access.
    Offset(u32),
    Func(FuncId),
    Sig(SigId),
    Record(RecordType),
    Global(GlobalId),
    Data(DataId),
    Shape(ShapeId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstData {
    pub op: Op,
    pub args: Vec<Value>,
    pub imm: Imm,
    pub results: Vec<Value>,
    /// Counted phase: bit `i` is set when operand `i`, whose row says `flex`, is consumed.
    pub consumed: u32,
}

/// A jump to a block with values for its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub block: Block,
    pub args: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terminator {
    Jump(Target),
    /// `cond` is a bool or an i32; non-zero takes `then`.
    Branch {
        cond: Value,
        then: Target,
        otherwise: Target,
    },
    Return(Vec<Value>),
    /// Control never gets here: after a call that does not return.
    Unreachable,
}

impl Terminator {
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        let (first, second) = match self {
            Terminator::Jump(target) => (Some(target), None),
            Terminator::Branch { cond: _, then, otherwise } => (Some(then), Some(otherwise)),
            Terminator::Return(_) | Terminator::Unreachable => (None, None),
        };
        first.into_iter().chain(second)
    }

    pub fn targets_mut(&mut self) -> impl Iterator<Item = &mut Target> {
        let (first, second) = match self {
            Terminator::Jump(target) => (Some(target), None),
            Terminator::Branch { cond: _, then, otherwise } => (Some(then), Some(otherwise)),
            Terminator::Return(_) | Terminator::Unreachable => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// Every value that the terminator uses, in order.
    pub fn uses(&self) -> impl Iterator<Item = Value> {
        let own: &[Value] = match self {
            Terminator::Branch { cond, then: _, otherwise: _ } => std::slice::from_ref(cond),
            Terminator::Return(values) => values,
            Terminator::Jump(_) | Terminator::Unreachable => &[],
        };
        own.iter().copied().chain(self.targets().flat_map(|target| target.args.iter().copied()))
    }

    pub fn map_uses(&mut self, mut f: impl FnMut(Value) -> Value) {
        match self {
            Terminator::Branch { cond, then: _, otherwise: _ } => *cond = f(*cond),
            Terminator::Return(values) => values.iter_mut().for_each(|value| *value = f(*value)),
            Terminator::Jump(_) | Terminator::Unreachable => {}
        }
        for target in self.targets_mut() {
            target.args.iter_mut().for_each(|value| *value = f(*value));
        }
    }
}

#[derive(Clone, Debug)]
pub struct BlockData {
    pub params: Vec<Value>,
    pub insts: Vec<Inst>,
    /// `Unreachable` until the block is finished.
    pub term: Terminator,
    /// Hardly ever runs: failures and slow paths. Emission places it out of the way.
    pub cold: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueDef {
    Param(Block, u32),
    Result(Inst, u32),
}

#[derive(Clone, Copy, Debug)]
pub struct ValueData {
    pub ty: Type,
    pub def: ValueDef,
}

/// How a function treats a parameter's share: takes it over, or leaves it with the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    pub ty: Type,
    pub owned: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Signature {
    pub params: Vec<Param>,
    pub results: Vec<Type>,
}

impl Signature {
    /// Whether both have the same types; who owns what is not looked at.
    pub fn has_types_of(&self, other: &Signature) -> bool {
        let types = |sig: &Signature| sig.params.iter().map(|param| param.ty).collect::<Vec<_>>();
        self.results == other.results && types(self) == types(other)
    }
}

/// How readily the inliner takes a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum InlineHint {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Debug)]
pub struct Function {
    /// Unique in the module; ends up in the name section.
    pub name: String,
    pub sig: Signature,
    /// Module and field of an imported function, which has no blocks.
    pub import: Option<(String, String)>,
    pub phase: Phase,
    pub inline: InlineHint,
    /// The function and its calls lie on paths that hardly ever run.
    pub cold: bool,
    /// The entry is `blocks[0]`; its parameters are the function's.
    pub blocks: Vec<BlockData>,
    pub insts: Vec<InstData>,
    pub values: Vec<ValueData>,
    /// Where in the source each instruction comes from; indexed by `Inst`.
    pub spans: Vec<Option<Span>>,
    /// Which inlined call each instruction belongs to; indexed by `Inst`.
    pub scopes: Vec<Scope>,
    /// The calls that were replaced by what they called.
    pub inlined: Vec<InlinedCall>,
    /// What closures that begin here hold, if the function is how closures are called: its first
    /// parameter is the closure, the others are those of the function value.
    pub closure: Option<Closure>,
}

/// A call that is not made any more, so that whoever asks where the program is can be told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlinedCall {
    /// The name of the function.
    pub callee: String,
    /// Where it was called.
    pub span: Option<Span>,
    /// What it was called by.
    pub scope: Scope,
}

impl Scope {
    /// The function's own code.
    pub const OWN: Scope = Scope(0);
}

/// What is known about the closures that one function is the code of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    pub captures: Vec<Type>,
    /// Calls the same with a list of arguments of type `any` and gives an `any`; none if nobody
    /// calls these closures without knowing their type.
    pub generic: Option<FuncId>,
}

pub const ENTRY: Block = Block(0);

impl Function {
    /// A function with an empty entry block that has the signature's parameters.
    pub fn new(name: impl Into<String>, sig: Signature, phase: Phase) -> Function {
        let mut func = Function {
            name: name.into(),
            sig,
            import: None,
            phase,
            inline: InlineHint::Auto,
            cold: false,
            blocks: Vec::new(),
            insts: Vec::new(),
            values: Vec::new(),
            spans: Vec::new(),
            scopes: Vec::new(),
            inlined: Vec::new(),
            closure: None,
        };
        let entry = func.add_block();
        for index in 0..func.sig.params.len() {
            let ty = func.sig.params[index].ty;
            func.add_param(entry, ty);
        }
        func
    }

    /// A function that the host provides.
    pub fn imported(name: impl Into<String>, module: &str, field: &str, sig: Signature) -> Function {
        let mut func = Function::new(name, sig, Phase::Legalized);
        func.blocks.clear();
        func.values.clear();
        func.import = Some((module.to_owned(), field.to_owned()));
        func
    }

    pub fn add_block(&mut self) -> Block {
        let data = BlockData { params: Vec::new(), insts: Vec::new(), term: Terminator::Unreachable, cold: false };
        self.blocks.push(data);
        Block::new(self.blocks.len() - 1)
    }

    pub fn add_param(&mut self, block: Block, ty: Type) -> Value {
        let index = self.blocks[block.index()].params.len() as u32;
        let value = self.add_value(ty, ValueDef::Param(block, index));
        self.blocks[block.index()].params.push(value);
        value
    }

    fn add_value(&mut self, ty: Type, def: ValueDef) -> Value {
        self.values.push(ValueData { ty, def });
        Value::new(self.values.len() - 1)
    }

    /// Makes an instruction that is in no block yet.
    pub fn make_inst(&mut self, op: Op, args: Vec<Value>, imm: Imm, results: &[Type], span: Option<Span>) -> Inst {
        let inst = Inst::new(self.insts.len());
        self.insts.push(InstData { op, args, imm, results: Vec::new(), consumed: 0 });
        self.spans.push(span);
        self.scopes.push(Scope::OWN);
        for (index, &ty) in results.iter().enumerate() {
            let value = self.add_value(ty, ValueDef::Result(inst, index as u32));
            self.insts[inst.index()].results.push(value);
        }
        inst
    }

    /// Makes an instruction at the end of `block`.
    pub fn append_inst(
        &mut self,
        block: Block,
        op: Op,
        args: Vec<Value>,
        imm: Imm,
        results: &[Type],
        span: Option<Span>,
    ) -> Inst {
        let inst = self.make_inst(op, args, imm, results, span);
        self.blocks[block.index()].insts.push(inst);
        inst
    }

    pub fn block(&self, block: Block) -> &BlockData {
        &self.blocks[block.index()]
    }

    pub fn block_mut(&mut self, block: Block) -> &mut BlockData {
        &mut self.blocks[block.index()]
    }

    pub fn inst(&self, inst: Inst) -> &InstData {
        &self.insts[inst.index()]
    }

    pub fn inst_mut(&mut self, inst: Inst) -> &mut InstData {
        &mut self.insts[inst.index()]
    }

    pub fn span(&self, inst: Inst) -> Option<Span> {
        self.spans[inst.index()]
    }

    /// The inlined call that an instruction belongs to.
    pub fn scope(&self, inst: Inst) -> Scope {
        self.scopes[inst.index()]
    }

    /// The call that a scope stands for, unless that is the function's own code.
    pub fn inlined_call(&self, scope: Scope) -> Option<&InlinedCall> {
        self.inlined.get(scope.index().checked_sub(1)?)
    }

    /// A scope for code that takes the place of `call`.
    pub fn add_inlined(&mut self, call: InlinedCall) -> Scope {
        self.inlined.push(call);
        Scope::new(self.inlined.len())
    }

    pub fn ty(&self, value: Value) -> Type {
        self.values[value.index()].ty
    }

    pub fn def(&self, value: Value) -> ValueDef {
        self.values[value.index()].def
    }

    pub fn params(&self) -> &[Value] {
        self.blocks.first().map_or(&[], |entry| &entry.params)
    }

    pub fn block_ids(&self) -> impl Iterator<Item = Block> + use<> {
        (0..self.blocks.len()).map(Block::new)
    }
}

/// The initial value of a global, in its machine type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    I32(i32),
    I64(i64),
    F64(u64),
}

/// Ints in `[-SMALL_LIMIT, SMALL_LIMIT)` are *small*: their word is the number itself.
pub const SMALL_LIMIT: i64 = 1 << 61;
/// The int or `any` word that stands for none.
pub const NONE_WORD: i64 = 17 << 58;
/// The bits of the float that stands for none, a not-a-number that no operation makes.
pub const NONE_FLOAT: u64 = 0x7FF8_6E6F_6E65_0000;
/// The bool that stands for none.
pub const NONE_BOOL: i32 = 2;

impl Init {
    /// None where the type has it, else zero (for pointers, both are null).
    pub const fn none_or_zero(ty: Type) -> Init {
        match (ty.kind, ty.has_none()) {
            (Kind::Int | Kind::Any, true) => Init::I64(NONE_WORD),
            (Kind::Float, true) => Init::F64(NONE_FLOAT),
            (Kind::Bool, true) => Init::I32(NONE_BOOL),
            (Kind::I64 | Kind::Int | Kind::Any, _) => Init::I64(0),
            (Kind::F64 | Kind::Float, _) => Init::F64(0),
            (
                Kind::I32
                | Kind::Bool
                | Kind::Str
                | Kind::List(_)
                | Kind::Map(_)
                | Kind::Record(_)
                | Kind::Union(_)
                | Kind::Func(_),
                _,
            ) => Init::I32(0),
        }
    }
}

#[derive(Clone, Debug)]
pub struct GlobalData {
    pub name: String,
    pub ty: Type,
    pub init: Init,
}

/// Static data. Its address is chosen by emission; until then it is named by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataBlob {
    /// The first bytes; the rest of `size` is zero.
    pub bytes: Vec<u8>,
    pub size: u32,
    /// A power of two.
    pub align: u32,
    /// Places (byte offsets) that hold the 32-bit address of other data.
    pub relocs: Vec<(u32, DataId)>,
    /// Places (byte offsets) that hold a 64-bit word: the constant plus the address of other data.
    pub word_relocs: Vec<(u32, DataId)>,
    /// Places (byte offsets) that hold the 32-bit number of a function in the table.
    pub func_relocs: Vec<(u32, FuncId)>,
}

/// The byte offsets at which the lines of files begin, by `Span::file`; none where unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineStarts(pub Vec<Vec<u32>>);

impl LineStarts {
    /// The line that a span begins on, from 1; 0 when the lines of its file are unknown. Lines
    /// beyond the last one that a failure's site can hold (24 bits) count as that one.
    pub fn line(&self, span: Span) -> u32 {
        let starts = self.0.get(span.file as usize);
        starts.map_or(0, |starts| {
            let line = starts.partition_point(|&start| start <= span.start);
            line.min((1 << 24) - 1) as u32
        })
    }
}

#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The types of the elements, by [`ListType`].
    pub lists: Vec<Type>,
    /// The types of the values, by [`MapType`].
    pub maps: Vec<Type>,
    /// By [`FuncType`].
    pub func_types: Vec<FuncSig>,
    /// By [`RecordType`].
    pub records: Vec<Record>,
    /// By [`UnionType`].
    pub unions: Vec<Union>,
    /// By [`ShapeId`].
    pub shapes: Vec<Shape>,
    /// The signatures of indirect calls, each once, of machine types.
    pub sigs: Vec<Signature>,
    pub functions: Vec<Function>,
    pub globals: Vec<GlobalData>,
    pub data: Vec<DataBlob>,
    /// Runs the program.
    pub start: Option<FuncId>,
    /// Where the pending standard output is described; exported as `mochi_stdout`.
    pub stdout_state: Option<DataId>,
    /// Gives the host memory for what it returns by the canonical ABI; exported as `cabi_realloc`.
    pub realloc: Option<FuncId>,
    /// Source file names, by `Span::file`.
    pub files: Vec<String>,
    /// Where their lines begin; of files that IR text names, only when it told so.
    pub line_starts: LineStarts,
}

impl Module {
    /// Which functions are the code of closures, by `FuncId`: whoever calls a function value calls these.
    /// They borrow the closure, which is their first parameter, and own all others.
    pub fn called_by_value(&self) -> Vec<bool> {
        let mut called: Vec<bool> = self.functions.iter().map(|func| func.closure.is_some()).collect();
        for generic in self.functions.iter().filter_map(|func| func.closure.as_ref()?.generic) {
            called[generic.index()] = true;
        }
        called
    }

    /// The signature for indirect calls; the same for the same one.
    pub fn sig_of(&mut self, sig: &Signature) -> SigId {
        let known = self.sigs.iter().position(|known| known.has_types_of(sig));
        SigId::new(known.unwrap_or_else(|| {
            self.sigs.push(sig.clone());
            self.sigs.len() - 1
        }))
    }

    pub fn add_function(&mut self, func: Function) -> FuncId {
        self.functions.push(func);
        FuncId::new(self.functions.len() - 1)
    }

    /// Adds data, or finds the same data that is already there when `bytes` are all of it.
    pub fn add_data(&mut self, blob: DataBlob) -> DataId {
        self.data.push(blob);
        DataId::new(self.data.len() - 1)
    }

    pub fn func(&self, func: FuncId) -> &Function {
        &self.functions[func.index()]
    }

    pub fn func_mut(&mut self, func: FuncId) -> &mut Function {
        &mut self.functions[func.index()]
    }
}
