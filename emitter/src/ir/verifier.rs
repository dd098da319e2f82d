//! Checks that a module is what the stages expect. The list that follows is the IR's definition.
//!
//! **Modules.** Names of functions are unique and not empty. A machine type and `any` have no
//! nullable form. The types of lists, of maps and of functions are different from each other;
//! elements, values, parameters and results are of types of the language, and none of these types
//! contains itself unless there is a record in between. Names of records are different and not
//! empty, as are those of unions; a record's fields are of types of the language and have
//! different names, a cell is a record with one. A union has variants, which are records that name
//! it as theirs; a record that names a union is one of its variants. An imported function has no blocks and only machine types. The start function
//! exists, is not imported and has neither parameters nor results. A global's initial value has
//! the machine type of the global. Data has at most as many bytes as its size, a power of two as
//! its alignment, and its places for addresses lie inside it and name data and functions that exist; all of it
//! together is at most [`DATA_LIMIT`] bytes.
//! The signatures of indirect calls have machine types only.
//!
//! The code of closures is not legalized yet; its first parameter is a function that is never none, the
//! others and the results are that type's, and what it captures are types of the language. The
//! function for callers that do not know the type takes the same first parameter and a `list<any>`
//! and gives an `any`.
//!
//! **Functions.** There is at least one block. Every value is defined once: as the parameter of
//! the one block, or the result of the one instruction, that its definition names. An instruction
//! is in at most one block. The entry's parameters have the types of the signature and no edge
//! leads to the entry. The graph is reducible: an edge backwards leads to a block that dominates
//! its source. A use is dominated by its definition: it comes later in the same block, or its
//! block is dominated by the definition's. (Blocks that cannot be reached are dominated by all.)
//!
//! **Types.** Operands and results of an operation have the number and types that its row says,
//! those of a call what the callee's signature says, of an indirect one the signature that it
//! names, with the function's number after the arguments, of a call of a value that value's type; a legalized callee or caller says it in
//! machine types. Globals are loaded and stored with their own type. What is computed from none
//! is none: if an operand of int or float arithmetic, or of `int.to_float`, is nullable, so is the
//! result. The lists of an operation are of one type but for nullability, and its elements are of
//! the type that they have. `convert` only changes whether a kind is nullable or widens to `any`. A branch tests a
//! `bool` that is never none, or an `i32`. An edge gives each parameter of its target a value of
//! the same type, a return each result of the function. The operand or result of an operation that
//! stands for a field has that field's type. `convert` also makes a record the union that it is a variant
//! of, and the reverse.
//!
//! **Closures.** `closure.init` sets what the code captures, in the result of a `closure.new`;
//! `closure.get` reads it there or, in the code itself, from the first parameter. `closure.const` names
//! code that captures nothing. A call of such code passes a closure that is known to be of this
//! code in the same way.
//!
//! **Immediates** have the form that the row says and name functions, signatures, globals and data that
//! exist. What a Mochi operation takes as text is spelled out to its last byte, is UTF-8 and holds no
//! addresses. `bool.const` has 0 or 1, as have the operations that make text from a value;
//! `list.new` has room for at most [`CAPACITY_LIMIT`] elements; and
//! `float.const` is never the NaN that stands for none.
//!
//! **Phases.** *Pure*: no `dup`, no `drop`, nothing is consumed. *Counted*: only flex operands are
//! marked as consumed, and the ownership rule holds. *Legalized*: only Wasm operations and calls,
//! indirect ones too, only machine types, nothing is marked as consumed.
//!
//! **Ownership** (counted phase). A value of a counted type is *uncounted* (see
//! [`is_uncounted`](super::is_uncounted)), *borrowed* (a parameter of the function that is not
//! owned), *lent* (the result of an operation that says so, borrowed from what it was read from) or
//! *owned* (every other, block parameters among them). An owned value begins with one
//! share, a borrowed or lent one with none; `dup` adds one. A share is given up by an `own` operand of a
//! row, an owned parameter of a callee, a flex operand that is marked, an argument of an edge and
//! a returned value: there must be one to give. Along every path to a return the shares of each
//! value end at zero, and wherever paths meet they agree; a path that ends in `unreachable` owes
//! nothing. An owned value is used only while it has a share. An instruction that borrows a value
//! which it also consumes as `own` needs a share for the borrow too, one that consumes it as flex
//! does not, as flex operands are released after the operation. Uncounted values are exempt.

mod items;
mod operations;
mod order;
mod shares;

use std::fmt;

use super::printer::Numbering;
use super::{
    AnyKind, Block, Closure, DataBlob, ENTRY, ElementKind, FuncId, Function, Imm, ImmKind, Inst, InstData, MochiOp,
    Module, NONE_FLOAT, Op, Ownership, Param, Phase, Target, Terminator, Type, TypePattern, Value, ValueDef, WasmOp,
};
use items::{is_well_formed, verify_items};
use order::Order;
use shares::Counts;

/// The most static data that a module may have, in bytes.
pub const DATA_LIMIT: u64 = 1 << 28;

/// The largest number of elements that `list.new` takes; the list may grow beyond it.
pub const CAPACITY_LIMIT: i32 = 1 << 20;

/// The part of a function that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Whole,
    Block(Block),
    Inst(Inst),
    Term(Block),
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// None when it is about the module.
    pub func: Option<FuncId>,
    pub place: Place,
    /// Function, block and instruction as the printer writes them; empty for the module.
    pub context: String,
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.context.is_empty() {
            write!(f, "{}: ", self.context)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for VerifyError {}

/// No more errors than this are reported for one function.
const ERROR_LIMIT: usize = 20;

/// Checks everything.
pub fn verify_module(module: &Module) -> Result<(), Vec<VerifyError>> {
    let mut errors = Vec::new();
    verify_items(module, &mut errors);
    for index in 0..module.functions.len() {
        errors.extend(verify_function(module, FuncId::new(index)).err().unwrap_or_default());
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Checks one function, but not the module around it.
pub fn verify_function(module: &Module, id: FuncId) -> Result<(), Vec<VerifyError>> {
    let func = module.func(id);
    let mut verifier = Verifier { module, func, id, errors: Vec::new() };
    verifier.function();
    if verifier.errors.is_empty() { Ok(()) } else { Err(verifier.errors) }
}

struct Verifier<'m> {
    module: &'m Module,
    func: &'m Function,
    id: FuncId,
    errors: Vec<VerifyError>,
}

impl Verifier<'_> {
    fn fault(&mut self, place: Place, message: String) {
        if self.errors.len() == ERROR_LIMIT {
            return;
        }
        let func = self.func;
        let numbering = Numbering::new(func);
        let context = match place {
            Place::Whole => func.name.clone(),
            Place::Block(block) => format!("{}, {block}", func.name),
            Place::Term(block) => {
                format!("{}, {block}, {}", func.name, numbering.terminator(&func.block(block).term))
            }
            Place::Inst(inst) => {
                let block = func.blocks.iter().position(|block| block.insts.contains(&inst));
                let block = block.map_or("no block".to_owned(), |index| Block::new(index).to_string());
                format!("{}, {block}, {}", func.name, numbering.inst(self.module, func, inst))
            }
        };
        self.errors.push(VerifyError { func: Some(self.id), place, context, message });
    }

    /// A value as the printer writes it.
    fn name(&self, value: Value) -> String {
        // Beyond the limit nobody reads it.
        if self.errors.len() == ERROR_LIMIT {
            return String::new();
        }
        Numbering::new(self.func).value(value)
    }

    fn function(&mut self) {
        self.signature();
        if self.func.import.is_some() {
            if !self.func.blocks.is_empty() {
                self.fault(Place::Whole, "an imported function has blocks".to_owned());
            }
            return;
        }
        self.structure();
        // What follows follows indices, and is only worth saying when they are right.
        if !self.errors.is_empty() {
            return;
        }
        for index in 0..self.func.blocks.len() {
            let block = Block::new(index);
            for &inst in &self.func.block(block).insts {
                self.inst(inst);
            }
            self.terminator(block);
        }
        let types_fit = self.errors.is_empty();
        let order = Order::new(self.func);
        self.graph(&order);
        self.dominance(&order);
        if types_fit && self.errors.is_empty() && self.func.phase == Phase::Counted {
            Counts::new(self, &order).check(&order);
        }
    }

    fn signature(&mut self) {
        let func = self.func;
        self.closure_signature();
        let machine_only = func.import.is_some() || func.phase == Phase::Legalized;
        for ty in func.sig.params.iter().map(|param| param.ty).chain(func.sig.results.iter().copied()) {
            if !is_well_formed(self.module, ty) {
                self.fault(Place::Whole, format!("the type {ty} does not exist"));
            } else if machine_only && !ty.is_machine() {
                let ty = self.module.type_text(ty);
                self.fault(Place::Whole, format!("its signature has {ty}, which is not a machine type"));
            }
        }
    }

    /// What the code of closures takes and gives.
    fn closure_signature(&mut self) {
        let (func, module) = (self.func, self.module);
        let Some(Closure { captures, generic }) = &func.closure else { return };
        if func.phase == Phase::Legalized {
            return self.fault(Place::Whole, "legalized functions do not say what they capture".to_owned());
        }
        let params: Vec<Type> = func.sig.params.iter().map(|param| param.ty).collect();
        let closure = params.first().copied().filter(|closure| !closure.nullable);
        let fits = closure.is_some_and(|closure| match module.func_sig(closure) {
            Some(sig) => params[1..] == sig.params && func.sig.results.iter().eq(&sig.result),
            None => false,
        });
        if !fits {
            self.fault(Place::Whole, "its signature is not that of the code of a closure".to_owned());
        }
        if let Some(&ty) = captures.iter().find(|&&ty| !is_well_formed(module, ty) || ty.is_machine()) {
            self.fault(Place::Whole, format!("a closure cannot capture {ty}"));
        }
        if func.phase == Phase::Counted
            && func
                .sig
                .params
                .iter()
                .enumerate()
                .any(|(index, param)| param.owned != (index > 0 && param.ty.is_counted()))
        {
            self.fault(Place::Whole, "the code of a closure owns its arguments and nothing else".to_owned());
        }
        let Some(generic) = generic else { return };
        let fits = module.functions.get(generic.index()).is_some_and(|generic| match generic.sig.params[..] {
            [Param { ty: first, owned: _ }, Param { ty: list, owned: _ }] => {
                Some(first) == closure && module.element(list) == Some(Type::ANY) && generic.sig.results == [Type::ANY]
            }
            _ => false,
        });
        if !fits {
            self.fault(Place::Whole, format!("{generic} does not take a closure and its arguments"));
        }
    }

    /// Every index leads somewhere, every value has one definition.
    fn structure(&mut self) {
        let func = self.func;
        let Some(entry) = func.blocks.first() else {
            return self.fault(Place::Whole, "it has no blocks".to_owned());
        };
        if func.spans.len() != func.insts.len() {
            self.fault(Place::Whole, format!("{} spans for {} instructions", func.spans.len(), func.insts.len()));
        }
        let scopes_exist = func.scopes.iter().all(|scope| scope.index() <= func.inlined.len());
        if func.scopes.len() != func.insts.len() || !scopes_exist {
            self.fault(Place::Whole, format!("{} scopes for {} instructions", func.scopes.len(), func.insts.len()));
        }
        let params = entry.params.iter().map(|value| func.values.get(value.index()).map(|data| data.ty));
        if !params.eq(func.sig.params.iter().map(|param| Some(param.ty))) {
            self.fault(Place::Block(ENTRY), "the entry's parameters differ from the signature's".to_owned());
        }
        let mut placed = vec![false; func.insts.len()];
        for index in 0..func.blocks.len() {
            let block = Block::new(index);
            let data = func.block(block);
            for (position, &param) in data.params.iter().enumerate() {
                self.definition(Place::Block(block), param, ValueDef::Param(block, position as u32));
            }
            for &inst in &data.insts {
                match placed.get_mut(inst.index()) {
                    None => {
                        self.fault(Place::Block(block), format!("the instruction {inst} does not exist"));
                        continue;
                    }
                    Some(true) => self.fault(Place::Inst(inst), "the instruction is placed twice".to_owned()),
                    Some(placed) => *placed = true,
                }
                let inst_data = func.inst(inst);
                for (position, &result) in inst_data.results.iter().enumerate() {
                    self.definition(Place::Inst(inst), result, ValueDef::Result(inst, position as u32));
                }
                for &arg in &inst_data.args {
                    self.existence(Place::Inst(inst), arg);
                }
            }
            for value in data.term.uses() {
                self.existence(Place::Term(block), value);
            }
            for Target { block: target, args: _ } in data.term.targets() {
                if target.index() >= func.blocks.len() {
                    self.fault(Place::Term(block), format!("{target} does not exist"));
                } else if *target == ENTRY {
                    self.fault(Place::Term(block), "no edge may lead to the entry".to_owned());
                }
            }
        }
    }

    fn definition(&mut self, place: Place, value: Value, def: ValueDef) {
        let Some(data) = self.func.values.get(value.index()) else {
            return self.fault(place, format!("the value {} does not exist", value.0));
        };
        if data.def != def {
            self.fault(place, format!("{} is said to be defined elsewhere ({:?})", self.name(value), data.def));
        }
        if !is_well_formed(self.module, data.ty) {
            self.fault(place, format!("{} has the type {}, which does not exist", self.name(value), data.ty));
        } else if self.func.phase == Phase::Legalized && !data.ty.is_machine() {
            self.fault(place, format!("{} has the type {} after legalization", self.name(value), data.ty));
        }
    }

    fn existence(&mut self, place: Place, value: Value) {
        let func = self.func;
        let exists = func.values.get(value.index()).is_some_and(|data| match data.def {
            ValueDef::Param(block, index) => {
                func.blocks.get(block.index()).and_then(|block| block.params.get(index as usize)) == Some(&value)
            }
            ValueDef::Result(inst, index) => {
                func.insts.get(inst.index()).and_then(|inst| inst.results.get(index as usize)) == Some(&value)
            }
        });
        if !exists {
            self.fault(place, format!("the value {} has no definition", value.0));
        }
    }

    fn inst(&mut self, inst: Inst) {
        let func = self.func;
        let place = Place::Inst(inst);
        let InstData { op, args: _, imm, results: _, consumed } = func.inst(inst);
        if !self.immediate(place, *op, *imm) {
            return;
        }
        match (op, func.phase) {
            (op @ (Op::Mochi(_) | Op::CallValue), Phase::Legalized) => {
                self.fault(place, format!("{} is left after legalization", op.name()));
            }
            // Before, nobody knows who owns what such a call passes.
            (Op::CallIndirect | Op::Wasm(WasmOp::FuncIndex), Phase::Pure | Phase::Counted) => {
                self.fault(place, "only legalized functions call indirectly".to_owned());
            }
            (Op::Mochi(op), Phase::Pure) if op.result_is_lent() => {
                self.fault(place, "the pure phase lends nothing".to_owned());
            }
            (Op::Mochi(MochiOp::Dup | MochiOp::Drop), Phase::Pure) => {
                self.fault(place, "the pure phase does not count".to_owned());
            }
            _ => {}
        }
        let flex = match (op, func.phase) {
            (Op::Mochi(op), Phase::Counted) => flex_operands(*op),
            _ => 0,
        };
        if consumed & !flex != 0 {
            let message = match func.phase {
                Phase::Pure | Phase::Legalized => format!("the {} phase marks no operand", phase_name(func.phase)),
                Phase::Counted => "an operand that is not flex is marked as consumed".to_owned(),
            };
            self.fault(place, message);
        }
        match *op {
            Op::Mochi(op) => self.mochi(inst, op),
            Op::Wasm(WasmOp::GlobalGet) => self.global(inst, false, true),
            Op::Wasm(WasmOp::GlobalSet) => self.global(inst, true, true),
            Op::Wasm(op) => {
                self.fit(inst, op.params().iter().copied().map(TypePattern::Exact), false);
                self.fit(inst, op.results().iter().copied().map(TypePattern::Exact), true);
            }
            Op::Call => self.call(inst),
            Op::CallIndirect => self.call_indirect(inst),
            Op::CallValue => self.call_value(inst),
        }
    }

    fn immediate(&mut self, place: Place, op: Op, imm: Imm) -> bool {
        let module = self.module;
        let fits = match (op.imm(), imm) {
            (ImmKind::None, Imm::None)
            | (ImmKind::I32, Imm::I32(_))
            | (ImmKind::I64, Imm::I64(_))
            | (ImmKind::F64, Imm::F64(_))
            | (ImmKind::Offset, Imm::Offset(_)) => None,
            (ImmKind::Func, Imm::Func(func)) if func.index() < module.functions.len() => None,
            (ImmKind::Global, Imm::Global(global)) if global.index() < module.globals.len() => None,
            (ImmKind::Data, Imm::Data(data)) if data.index() < module.data.len() => None,
            (ImmKind::Sig, Imm::Sig(sig)) if sig.index() < module.sigs.len() => None,
            (ImmKind::Shape, Imm::Shape(shape)) if shape.index() < module.shapes.len() => None,
            (ImmKind::Shape, Imm::Shape(shape)) => Some(format!("the shape {shape} does not exist")),
            (ImmKind::Record, Imm::Record(record)) if record.index() < module.records.len() => None,
            (ImmKind::Record, Imm::Record(record)) => Some(format!("the record {record} does not exist")),
            (ImmKind::Sig, Imm::Sig(sig)) => Some(format!("the signature {sig} does not exist")),
            (ImmKind::Func, Imm::Func(func)) => Some(format!("the function {func} does not exist")),
            (ImmKind::Global, Imm::Global(global)) => Some(format!("the global {global} does not exist")),
            (ImmKind::Data, Imm::Data(data)) => Some(format!("the data {data} does not exist")),
            (expected, found) => Some(format!("the immediate is {found:?}, not {expected:?}")),
        };
        if let Some(message) = fits {
            self.fault(place, message);
            return false;
        }
        // All other Mochi operations with a number as their immediate choose between two things.
        match (op, imm) {
            (Op::Mochi(MochiOp::ListNew), Imm::I32(value)) if !(0..=CAPACITY_LIMIT).contains(&value) => {
                self.fault(place, format!("there is no room for {value} elements, at most for {CAPACITY_LIMIT}"));
            }
            (Op::Mochi(MochiOp::ListNew), _) => {}
            // Compared with the operand later.
            (
                Op::Mochi(
                    MochiOp::RecordInit
                    | MochiOp::RecordGet
                    | MochiOp::RecordPeek
                    | MochiOp::RecordTake
                    | MochiOp::RecordSet
                    | MochiOp::ClosureInit
                    | MochiOp::ClosureGet
                    | MochiOp::ClosurePeek,
                ),
                _,
            ) => {}
            (Op::Mochi(MochiOp::AnyHolds), Imm::I32(kind)) if (0..=ElementKind::Floats as i32).contains(&kind) => {}
            (Op::Mochi(MochiOp::AnyIs), Imm::I32(kind)) if (0..=AnyKind::Map as i32).contains(&kind) => {}
            (Op::Mochi(MochiOp::AnyIs), Imm::I32(kind)) => {
                self.fault(place, format!("the immediate is {kind}, which is no kind of values"));
            }
            (Op::Mochi(_), Imm::I32(value)) if !(0..=1).contains(&value) => {
                self.fault(place, format!("the immediate is {value}, neither 0 nor 1"));
            }
            _ => {}
        }
        if let (Op::Mochi(op), Imm::Data(data)) = (op, imm) {
            let DataBlob { bytes, size, align: _, relocs, word_relocs, func_relocs } = &module.data[data.index()];
            let has_addresses = !(relocs.is_empty() && word_relocs.is_empty() && func_relocs.is_empty());
            let is_plain = bytes.len() == *size as usize && !has_addresses;
            // What lies in it is compared with the result later.
            let is_list = op == MochiOp::ListOf;
            if !is_plain || (!is_list && std::str::from_utf8(bytes).is_err()) {
                self.fault(place, format!("{data} is not {}", if is_list { "plain" } else { "text" }));
            }
        }
        if (op, imm) == (Op::Mochi(MochiOp::FloatConst), Imm::F64(NONE_FLOAT)) {
            self.fault(place, "the constant is the NaN that stands for none".to_owned());
        }
        true
    }

    fn terminator(&mut self, block: Block) {
        let func = self.func;
        let place = Place::Term(block);
        let term = &func.block(block).term;
        match term {
            Terminator::Branch { cond, then: _, otherwise: _ } => {
                let ty = func.ty(*cond);
                if ty != Type::BOOL && ty != Type::I32 {
                    self.fault(place, format!("the condition is {ty}, neither bool nor i32"));
                }
            }
            Terminator::Return(values) => {
                let expected: Vec<Type> = func.sig.results.clone();
                self.same_types(place, values, &expected, "results of the function");
            }
            Terminator::Jump(_) | Terminator::Unreachable => {}
        }
        for Target { block: target, args } in term.targets() {
            let expected: Vec<Type> = func.block(*target).params.iter().map(|&param| func.ty(param)).collect();
            self.same_types(place, args, &expected, &format!("parameters of {target}"));
        }
    }

    fn same_types(&mut self, place: Place, values: &[Value], expected: &[Type], what: &str) {
        if values.len() != expected.len() {
            return self.fault(place, format!("{} values for the {} {what}", values.len(), expected.len()));
        }
        for (&value, &expected) in values.iter().zip(expected) {
            let found = self.func.ty(value);
            if found != expected {
                let (found, expected) = (self.module.type_text(found), self.module.type_text(expected));
                self.fault(place, format!("{} is {found}, but the {what} want {expected}", self.name(value)));
            }
        }
    }

    fn graph(&mut self, order: &Order) {
        for &block in &order.reached {
            for Target { block: target, args: _ } in self.func.block(block).term.targets() {
                if order.number(*target) <= order.number(block) && !order.dominates(*target, block) {
                    let message = format!("the graph is not reducible: {target} does not dominate this way back to it");
                    self.fault(Place::Term(block), message);
                }
            }
        }
    }

    fn dominance(&mut self, order: &Order) {
        let func = self.func;
        // Where each instruction stands in its block, and which that is.
        let mut position: Vec<Option<(Block, usize)>> = vec![None; func.insts.len()];
        for block in func.block_ids() {
            for (index, inst) in func.block(block).insts.iter().enumerate() {
                position[inst.index()] = Some((block, index));
            }
        }
        let defined_before = |value: Value, block: Block, index: usize| match func.def(value) {
            ValueDef::Param(home, _) => home == block || order.dominates(home, block),
            ValueDef::Result(inst, _) => position[inst.index()]
                .is_some_and(|(home, at)| if home == block { at < index } else { order.dominates(home, block) }),
        };
        for block in func.block_ids() {
            let data = func.block(block);
            for (index, &inst) in data.insts.iter().enumerate() {
                for &arg in &func.inst(inst).args {
                    if !defined_before(arg, block, index) {
                        self.fault(Place::Inst(inst), format!("{} is not defined on every way here", self.name(arg)));
                    }
                }
            }
            for value in data.term.uses() {
                if !defined_before(value, block, usize::MAX) {
                    self.fault(Place::Term(block), format!("{} is not defined on every way here", self.name(value)));
                }
            }
        }
    }
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Pure => "pure",
        Phase::Counted => "counted",
        Phase::Legalized => "legalized",
    }
}

fn flex_operands(op: MochiOp) -> u32 {
    let flex = |&(ownership, _): &(Ownership, TypePattern)| ownership == Ownership::Flex;
    op.params().iter().enumerate().filter(|(_, param)| flex(param)).fold(0, |bits, (index, _)| bits | 1 << index)
}
