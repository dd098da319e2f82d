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

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::printer::Numbering;
use super::{
    Block, Closure, DataBlob, ENTRY, FuncId, FuncType, Function, Imm, ImmKind, Init, Inst, InstData, Kind, ListType,
    MapType, MochiOp, Module, NONE_FLOAT, Op, Ownership, Param, Phase, Record, RecordType, Target, Terminator, Type,
    TypePattern, Union, UnionType, Value, ValueDef, WasmOp, is_uncounted,
};

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

fn is_well_formed(module: &Module, ty: Type) -> bool {
    match ty.kind {
        Kind::List(list) => list.index() < module.lists.len(),
        Kind::Map(map) => map.index() < module.maps.len(),
        Kind::Record(record) => record.index() < module.records.len(),
        Kind::Union(union) => union.index() < module.unions.len(),
        Kind::Func(func) => func.index() < module.func_types.len(),
        Kind::I32 | Kind::I64 | Kind::F64 | Kind::Any => !ty.nullable,
        Kind::Bool | Kind::Int | Kind::Float | Kind::Str => true,
    }
}

fn verify_items(module: &Module, errors: &mut Vec<VerifyError>) {
    let mut fault = |func: Option<usize>, message: String| {
        let context = func.map_or(String::new(), |index| module.functions[index].name.clone());
        errors.push(VerifyError { func: func.map(FuncId::new), place: Place::Whole, context, message });
    };
    let mut names: HashMap<&str, usize> = HashMap::new();
    for (index, func) in module.functions.iter().enumerate() {
        if func.name.is_empty() {
            fault(Some(index), format!("function {index} has no name"));
        } else if names.insert(&func.name, index).is_some() {
            fault(Some(index), format!("there are two functions {}", func.name));
        }
    }
    if let Some(start) = module.start {
        match module.functions.get(start.index()) {
            None => fault(None, format!("the start function {start} does not exist")),
            Some(func) if func.import.is_some() => {
                fault(Some(start.index()), "the start function is imported".to_owned());
            }
            Some(func) if !func.sig.params.is_empty() || !func.sig.results.is_empty() => {
                fault(Some(start.index()), "the start function has parameters or results".to_owned());
            }
            Some(_) => {}
        }
    }
    verify_types(module, &mut |message| fault(None, message));
    for (index, global) in module.globals.iter().enumerate() {
        if !is_well_formed(module, global.ty) {
            fault(None, format!("g{index}: {} does not exist", global.ty));
        }
        let init = match global.init {
            Init::I32(_) => Type::I32,
            Init::I64(_) => Type::I64,
            Init::F64(_) => Type::F64,
        };
        if init != global.ty.machine() {
            fault(None, format!("g{index}: the initial value of a {} cannot be a {init}", global.ty));
        }
    }
    for (index, sig) in module.sigs.iter().enumerate() {
        let types = sig.params.iter().map(|param| param.ty).chain(sig.results.iter().copied());
        for ty in types.filter(|ty| !ty.is_machine()) {
            fault(None, format!("s{index}: {} is no machine type", module.type_text(ty)));
        }
    }
    let count = module.data.len();
    if let Some(data) = module.stdout_state.filter(|data| data.index() >= count) {
        fault(None, format!("the description of standard output, {data}, does not exist"));
    }
    let mut total = 0;
    for (index, blob) in module.data.iter().enumerate() {
        if blob.bytes.len() > blob.size as usize {
            fault(None, format!("d{index}: {} bytes do not fit its size {}", blob.bytes.len(), blob.size));
        }
        if !blob.align.is_power_of_two() || u64::from(blob.align) > DATA_LIMIT {
            fault(None, format!("d{index}: the alignment {} is not a (possible) power of two", blob.align));
            continue;
        }
        total += u64::from(blob.size) + u64::from(blob.align);
        for &(offset, func) in &blob.func_relocs {
            if offset.checked_add(4).is_none_or(|end| end > blob.size) {
                fault(None, format!("d{index}: the number at {offset} is not inside its {} bytes", blob.size));
            }
            if func.index() >= module.functions.len() {
                fault(None, format!("d{index}: {func} at {offset} does not exist"));
            }
        }
        let places = blob.relocs.iter().map(|place| (place, 4)).chain(blob.word_relocs.iter().map(|place| (place, 8)));
        for (&(offset, data), width) in places {
            if offset.checked_add(width).is_none_or(|end| end > blob.size) {
                fault(None, format!("d{index}: the address at {offset} is not inside its {} bytes", blob.size));
            }
            if data.index() >= count {
                fault(None, format!("d{index}: {data} at {offset} does not exist"));
            }
        }
    }
    if total > DATA_LIMIT {
        fault(None, format!("{total} bytes of static data are more than {DATA_LIMIT}"));
    }
}

/// Checks the tables of types.
fn verify_types(module: &Module, fault: &mut impl FnMut(String)) {
    let exists = |ty: Type| is_well_formed(module, ty) && !ty.is_machine();
    let holds = |part: Type, whole: &str, fault: &mut dyn FnMut(String)| {
        if !exists(part) {
            fault(format!("{whole} cannot hold {part}"));
        }
    };
    for (index, &element) in module.lists.iter().enumerate() {
        holds(element, &ListType::new(index).to_string(), fault);
        if module.lists[..index].contains(&element) {
            fault(format!("{} and an earlier type are the same", ListType::new(index)));
        }
    }
    for (index, &value) in module.maps.iter().enumerate() {
        holds(value, &MapType::new(index).to_string(), fault);
        if module.maps[..index].contains(&value) {
            fault(format!("{} and an earlier type are the same", MapType::new(index)));
        }
    }
    for (index, sig) in module.func_types.iter().enumerate() {
        for &part in sig.params.iter().chain(&sig.result) {
            holds(part, &FuncType::new(index).to_string(), fault);
        }
        if module.func_types[..index].contains(sig) {
            fault(format!("{} and an earlier type are the same", FuncType::new(index)));
        }
    }
    verify_finite(module, fault);
    let mut names = BTreeSet::new();
    for (index, Record { name, fields, methods: _, union, is_cell }) in module.records.iter().enumerate() {
        if name.is_empty() || !names.insert(name) {
            fault(format!("the name {name:?} of {} is empty or taken", RecordType::new(index)));
        }
        let mut field_names = BTreeSet::new();
        for (field, ty) in fields {
            holds(*ty, &format!("the field {field} of {name}"), fault);
            if !field_names.insert(field) {
                fault(format!("the record {name} has two fields {field}"));
            }
        }
        if *is_cell && fields.len() != 1 {
            fault(format!("the cell {name} has {} fields", fields.len()));
        }
        let variants = union.map(|union| module.unions.get(union.index()).map(|union| &union.variants));
        if variants.is_some_and(|known| known.is_none_or(|known| !known.contains(&RecordType::new(index)))) {
            fault(format!("the record {name} is no variant of its union"));
        }
    }
    let mut names = BTreeSet::new();
    for (index, Union { name, variants }) in module.unions.iter().enumerate() {
        if name.is_empty() || !names.insert(name) {
            fault(format!("the name {name:?} of {} is empty or taken", UnionType::new(index)));
        }
        let is_ours = |variant: &RecordType| {
            module.records.get(variant.index()).is_some_and(|record| record.union == Some(UnionType::new(index)))
        };
        if variants.is_empty() || !variants.iter().all(is_ours) {
            fault(format!("the union {name} has no variants, or some that are not its own"));
        }
    }
}

/// Finds types of lists, maps and functions that contain themselves with no record in between.
fn verify_finite(module: &Module, fault: &mut impl FnMut(String)) {
    let (lists, maps) = (module.lists.len(), module.maps.len());
    let number = |ty: Type| match ty.kind {
        Kind::List(list) => Some(list.index()),
        Kind::Map(map) => Some(lists + map.index()),
        Kind::Func(func) => Some(lists + maps + func.index()),
        _ => None,
    };
    let singles = module.lists.iter().chain(&module.maps).map(|&part| vec![part]);
    let functions = module.func_types.iter().map(|sig| sig.params.iter().chain(&sig.result).copied().collect());
    let parts: Vec<Vec<usize>> =
        singles.chain(functions).map(|parts: Vec<Type>| parts.into_iter().filter_map(number).collect()).collect();
    // Those whose parts are all finite are; each round finds those one level up.
    let mut finite = vec![false; parts.len()];
    loop {
        let mut found = false;
        for (index, parts) in parts.iter().enumerate() {
            if !finite[index] && parts.iter().all(|&part| finite.get(part).is_none_or(|&finite| finite)) {
                finite[index] = true;
                found = true;
            }
        }
        if !found {
            break;
        }
    }
    let infinite = finite.iter().filter(|&&finite| !finite).count();
    if infinite > 0 {
        fault(format!("{infinite} types of lists, maps or functions contain themselves"));
    }
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
            (Op::Mochi(_), Imm::I32(value)) if !(0..=1).contains(&value) => {
                self.fault(place, format!("the immediate is {value}, neither 0 nor 1"));
            }
            _ => {}
        }
        if let (Op::Mochi(_), Imm::Data(data)) = (op, imm) {
            let DataBlob { bytes, size, align: _, relocs, word_relocs, func_relocs } = &module.data[data.index()];
            let has_addresses = !(relocs.is_empty() && word_relocs.is_empty() && func_relocs.is_empty());
            let is_plain = bytes.len() == *size as usize && !has_addresses;
            if !is_plain || std::str::from_utf8(bytes).is_err() {
                self.fault(place, format!("{data} is not text"));
            }
        }
        if (op, imm) == (Op::Mochi(MochiOp::FloatConst), Imm::F64(NONE_FLOAT)) {
            self.fault(place, "the constant is the NaN that stands for none".to_owned());
        }
        true
    }

    /// Compares operands or results with what they should be.
    fn fit(&mut self, inst: Inst, patterns: impl ExactSizeIterator<Item = TypePattern>, results: bool) -> bool {
        let data = self.func.inst(inst);
        let (values, what) = if results { (&data.results, "result") } else { (&data.args, "operand") };
        let place = Place::Inst(inst);
        if values.len() != patterns.len() {
            self.fault(place, format!("{} {what}s instead of {}", values.len(), patterns.len()));
            return false;
        }
        let mut all_fit = true;
        for (index, (&value, pattern)) in values.iter().zip(patterns).enumerate() {
            let ty = self.func.ty(value);
            if !pattern.accepts(ty) {
                all_fit = false;
                let (ty, wanted) = (self.module.type_text(ty), describe(self.module, pattern));
                self.fault(place, format!("{what} {index} is {ty}, not {wanted}"));
            }
        }
        all_fit
    }

    fn mochi(&mut self, inst: Inst, op: MochiOp) {
        let args_fit = self.fit(inst, op.params().iter().map(|&(_, pattern)| pattern), false);
        let results_fit = self.fit(inst, op.results().iter().copied(), true);
        if !args_fit || !results_fit {
            return;
        }
        let func = self.func;
        let data = func.inst(inst);
        let place = Place::Inst(inst);
        let ty = |values: &[Value]| values.first().map(|&value| func.ty(value));
        let (from, to) = (ty(&data.args), ty(&data.results));
        if let Some(to) = to
            && keeps_none(op)
            && !to.nullable
            && data.args.iter().any(|&arg| func.ty(arg).nullable)
        {
            self.fault(place, format!("an operand can be none, so the result is {to}?"));
        }
        if let (MochiOp::Convert, Some(from), Some(to)) = (op, from, to)
            && to != Type::ANY
            && from.kind != to.kind
            && !self.is_variant(from, to)
            && !self.is_variant(to, from)
        {
            let (from, to) = (self.module.type_text(from), self.module.type_text(to));
            self.fault(place, format!("{from} cannot be converted to {to}"));
        }
        if let (MochiOp::Dup | MochiOp::Drop, Some(from)) = (op, from)
            && !from.is_counted()
        {
            self.fault(place, format!("a {from} is not counted"));
        }
        self.lists(inst, op);
        self.fields(inst, op);
        self.entries(inst, op);
        self.any_lists(inst, op);
        self.closures(inst, op);
        if op.imm() == ImmKind::Global {
            self.global(inst, !op.params().is_empty(), false);
        }
    }

    /// Whether the first type is a record that is a variant of the second.
    fn is_variant(&self, record: Type, union: Type) -> bool {
        self.module.record(record).and_then(|record| record.union).is_some_and(|known| Kind::Union(known) == union.kind)
    }

    /// Compares the record of an operation and the field that it names, and what variants there are.
    fn fields(&mut self, inst: Inst, op: MochiOp) {
        let func = self.func;
        let data = func.inst(inst);
        let place = Place::Inst(inst);
        if let (MochiOp::RecordIs, Imm::Record(record)) = (op, data.imm) {
            let union = func.ty(data.args[0]);
            if !self.is_variant(Type::of(Kind::Record(record)), union) {
                let union = self.module.type_text(union);
                self.fault(place, format!("{union} is never that"));
            }
        }
        let (Some(&value), Imm::I32(index)) = (data.args.first(), data.imm) else { return };
        let Some(record) = self.module.record(func.ty(value)) else { return };
        if op.imm() != ImmKind::I32 || op == MochiOp::ObjectToStr {
            return;
        }
        let field = usize::try_from(index).ok().and_then(|index| record.fields.get(index));
        let Some(&(_, wanted)) = field else {
            return self.fault(place, format!("{} has no field {index}", record.name));
        };
        let params = op.params().iter().map(|&(_, pattern)| pattern).zip(&data.args);
        let results = op.results().iter().copied().zip(&data.results);
        for (pattern, &value) in params.chain(results) {
            let ty = func.ty(value);
            if pattern == TypePattern::Field && ty != wanted {
                let (found, wanted) = (self.module.type_text(ty), self.module.type_text(wanted));
                self.fault(place, format!("{} is {found}, but the field is {wanted}", self.name(value)));
            }
        }
    }

    /// What values of any kind are gone through as, and called with, are lists of such values.
    fn any_lists(&mut self, inst: Inst, op: MochiOp) {
        let data = self.func.inst(inst);
        let list = match op {
            MochiOp::AnyIter => data.results[0],
            MochiOp::AnyCall => data.args[1],
            _ => return,
        };
        let ty = self.func.ty(list);
        if self.module.element(ty) != Some(Type::ANY) {
            let ty = self.module.type_text(ty);
            self.fault(Place::Inst(inst), format!("{} is {ty}, not list<any>", self.name(list)));
        }
    }

    /// Compares the map of an operation with its values, and lists of keys or values with the map.
    fn entries(&mut self, inst: Inst, op: MochiOp) {
        let func = self.func;
        let data = func.inst(inst);
        let Some(held) = data.args.first().and_then(|&map| self.module.map_value(func.ty(map))) else { return };
        let params = op.params().iter().map(|&(_, pattern)| pattern).zip(&data.args);
        let results = op.results().iter().copied().zip(&data.results);
        for (pattern, &value) in params.chain(results) {
            let ty = func.ty(value);
            let entry = if held == Type::ANY { held } else { held.or_none() };
            let (found, wanted) = match (pattern, op) {
                (TypePattern::Held, _) => (Some(ty), held),
                (TypePattern::Entry, _) => (Some(ty), entry),
                (TypePattern::List, MochiOp::MapKeys) => (self.module.element(ty), Type::STR),
                (TypePattern::List, MochiOp::MapValues) => (self.module.element(ty), held),
                _ => continue,
            };
            if found != Some(wanted) {
                let (found, wanted) = (self.module.type_text(ty), self.module.type_text(wanted));
                let message = format!("{} is {found}, but the map is one of {wanted}", self.name(value));
                self.fault(Place::Inst(inst), message);
            }
        }
    }

    /// The code of a closure, if that is known: it was made here, or it is the one that runs here.
    fn code(&self, closure: Value) -> Option<FuncId> {
        match self.func.def(closure) {
            ValueDef::Param(ENTRY, 0) => self.func.closure.is_some().then_some(self.id),
            ValueDef::Param(..) => None,
            ValueDef::Result(inst, _) => {
                let InstData { op, imm, .. } = self.func.inst(inst);
                match (op, imm) {
                    (Op::Mochi(MochiOp::ClosureNew | MochiOp::ClosureConst), Imm::Func(code)) => Some(*code),
                    _ => None,
                }
            }
        }
    }

    /// Compares closures, their code and what they capture.
    fn closures(&mut self, inst: Inst, op: MochiOp) {
        let (func, module) = (self.func, self.module);
        let data = func.inst(inst);
        let place = Place::Inst(inst);
        if let (MochiOp::ClosureNew | MochiOp::ClosureConst, Imm::Func(code)) = (op, data.imm) {
            let code = module.func(code);
            let ty = func.ty(data.results[0]);
            match &code.closure {
                Some(closure) if op == MochiOp::ClosureConst && !closure.captures.is_empty() => {
                    self.fault(place, format!("{} captures something", code.name));
                }
                Some(_) if code.sig.params.first().map(|param| param.ty) == Some(ty) => {}
                _ => self.fault(place, format!("{} is no code of a {}", code.name, module.type_text(ty))),
            }
        }
        let (MochiOp::ClosureInit | MochiOp::ClosureGet | MochiOp::ClosurePeek, Imm::I32(index)) = (op, data.imm)
        else {
            return;
        };
        let captures = self.code(data.args[0]).and_then(|code| module.functions.get(code.index()));
        let Some(captures) = captures.and_then(|code| code.closure.as_ref()).map(|closure| &closure.captures) else {
            return self.fault(place, format!("what {} captures is not known here", self.name(data.args[0])));
        };
        if op == MochiOp::ClosureInit && matches!(func.def(data.args[0]), ValueDef::Param(..)) {
            self.fault(place, "only a new closure is filled".to_owned());
        }
        let value = if op == MochiOp::ClosureInit { data.args[1] } else { data.results[0] };
        let ty = func.ty(value);
        match usize::try_from(index).ok().and_then(|index| captures.get(index)) {
            None => self.fault(place, format!("there is nothing captured at {index}")),
            Some(&wanted) if wanted != ty => {
                let (found, wanted) = (module.type_text(ty), module.type_text(wanted));
                self.fault(place, format!("{} is {found}, but what is captured there is {wanted}", self.name(value)));
            }
            Some(_) => {}
        }
    }

    /// Compares the lists of an operation and their elements.
    fn lists(&mut self, inst: Inst, op: MochiOp) {
        let func = self.func;
        let data = func.inst(inst);
        let params = op.params().iter().map(|&(_, pattern)| pattern).zip(&data.args);
        let results = op.results().iter().copied().zip(&data.results);
        let mut list: Option<Type> = None;
        for (pattern, &value) in params.chain(results) {
            let ty = func.ty(value);
            let wanted = match (pattern, list) {
                (TypePattern::List | TypePattern::NullableList, Some(list)) => Type { nullable: ty.nullable, ..list },
                (TypePattern::List | TypePattern::NullableList, None) => *list.insert(ty),
                (TypePattern::Element, Some(list)) => self.module.element(list).unwrap_or(list),
                _ => continue,
            };
            // Of lists that are compared, one may have elements that are none and the other not.
            let fits = match op {
                MochiOp::ListEq | MochiOp::ListNe => self.is_same_but_for_none(ty, wanted),
                _ => ty == wanted,
            };
            if !fits {
                let name = self.name(value);
                let (found, wanted) = (self.module.type_text(ty), self.module.type_text(wanted));
                self.fault(Place::Inst(inst), format!("{name} is {found}, but the list makes it {wanted}"));
            }
        }
    }

    fn is_same_but_for_none(&self, a: Type, b: Type) -> bool {
        let (mut a, mut b) = (a.without_none(), b.without_none());
        while a != b {
            let (Some(a_element), Some(b_element)) = (self.module.element(a), self.module.element(b)) else {
                return false;
            };
            (a, b) = (a_element.without_none(), b_element.without_none());
        }
        true
    }

    fn global(&mut self, inst: Inst, store: bool, machine: bool) {
        let Imm::Global(global) = self.func.inst(inst).imm else { unreachable!("the immediate was checked") };
        let ty = self.module.globals[global.index()].ty;
        let ty = TypePattern::Exact(if machine { ty.machine() } else { ty });
        self.fit(inst, std::iter::repeat_n(ty, usize::from(store)), false);
        self.fit(inst, std::iter::repeat_n(ty, usize::from(!store)), true);
    }

    fn call(&mut self, inst: Inst) {
        let Imm::Func(callee) = self.func.inst(inst).imm else { unreachable!("the immediate was checked") };
        let callee = self.module.func(callee);
        let sig = &callee.sig;
        // A signature speaks of machine types as soon as its function is legalized; the rest of
        // the module may not have got there.
        let legalized = |func: &Function| func.import.is_some() || func.phase == Phase::Legalized;
        let machine = legalized(self.func) != legalized(callee);
        let expected = |ty: Type| {
            let ty = if machine { ty.machine() } else { ty };
            if machine && !legalized(self.func) { TypePattern::Machine(ty) } else { TypePattern::Exact(ty) }
        };
        self.fit(inst, sig.params.iter().map(|param| expected(param.ty)), false);
        self.fit(inst, sig.results.iter().map(|&ty| expected(ty)), true);
        let Imm::Func(id) = self.func.inst(inst).imm else { unreachable!("the immediate was checked") };
        let closure = self.func.inst(inst).args.first().copied();
        if callee.closure.is_some() && closure.and_then(|closure| self.code(closure)) != Some(id) {
            self.fault(Place::Inst(inst), format!("this is no closure that {} is the code of", callee.name));
        }
    }

    fn call_value(&mut self, inst: Inst) {
        let func = self.func;
        let data = func.inst(inst);
        let place = Place::Inst(inst);
        let callee = data.args.first().map(|&value| func.ty(value));
        let sig = callee.filter(|callee| !callee.nullable).and_then(|callee| self.module.func_sig(callee));
        let Some(sig) = sig else {
            return self.fault(place, "the first operand is no function".to_owned());
        };
        let params: Vec<TypePattern> =
            callee.into_iter().chain(sig.params.iter().copied()).map(TypePattern::Exact).collect();
        self.fit(inst, params.into_iter(), false);
        let results: Vec<TypePattern> = sig.result.into_iter().map(TypePattern::Exact).collect();
        self.fit(inst, results.into_iter(), true);
    }

    fn call_indirect(&mut self, inst: Inst) {
        let Imm::Sig(sig) = self.func.inst(inst).imm else { unreachable!("the immediate was checked") };
        let sig = &self.module.sigs[sig.index()];
        let params: Vec<TypePattern> =
            sig.params.iter().map(|param| param.ty).chain([Type::I32]).map(TypePattern::Exact).collect();
        self.fit(inst, params.into_iter(), false);
        self.fit(inst, sig.results.iter().copied().map(TypePattern::Exact), true);
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

fn describe(module: &Module, pattern: TypePattern) -> String {
    match pattern {
        TypePattern::Exact(ty) => module.type_text(ty),
        TypePattern::Kind(kind) => format!("{0} or {0}?", Type::of(kind)),
        TypePattern::Machine(ty) => format!("carried by {ty}"),
        TypePattern::Mochi | TypePattern::Element | TypePattern::Field | TypePattern::Held | TypePattern::Entry => {
            "a type of the language".to_owned()
        }
        TypePattern::Record => "a record that is never none".to_owned(),
        TypePattern::Object => "a record, union, function or map".to_owned(),
        TypePattern::Map => "a map that is never none".to_owned(),
        TypePattern::NullableMap => "a map".to_owned(),
        TypePattern::Key => "a key: int, str or any".to_owned(),
        TypePattern::Union => "a union that is never none".to_owned(),
        TypePattern::Func => "a function that is never none".to_owned(),
        TypePattern::List => "a list that is never none".to_owned(),
        TypePattern::NullableList => "a list".to_owned(),
        TypePattern::Nullable => "a type that has none".to_owned(),
    }
}

/// Whether an operand that is none makes the result none.
fn keeps_none(op: MochiOp) -> bool {
    use MochiOp::{
        FloatAdd, FloatDiv, FloatMul, FloatNeg, FloatRem, FloatSub, IntAdd, IntDiv, IntMul, IntNeg, IntRem, IntSub,
        IntToFloat,
    };
    matches!(
        op,
        IntAdd
            | IntSub
            | IntMul
            | IntDiv
            | IntRem
            | IntNeg
            | IntToFloat
            | FloatAdd
            | FloatSub
            | FloatMul
            | FloatDiv
            | FloatRem
            | FloatNeg
    )
}

fn flex_operands(op: MochiOp) -> u32 {
    let flex = |&(ownership, _): &(Ownership, TypePattern)| ownership == Ownership::Flex;
    op.params().iter().enumerate().filter(|(_, param)| flex(param)).fold(0, |bits, (index, _)| bits | 1 << index)
}

/// The reachable blocks in reverse postorder and their dominator tree ("A Simple, Fast Dominance
/// Algorithm", Cooper et al.). The verifier has its own, so as not to trust what it checks.
struct Order {
    reached: Vec<Block>,
    /// Place in `reached`, by block.
    numbers: Vec<Option<u32>>,
    /// When a walk of the tree enters and leaves the block at each place in `reached`.
    spans: Vec<(u32, u32)>,
    preds: Vec<Vec<u32>>,
}

impl Order {
    fn new(func: &Function) -> Order {
        let mut seen = vec![false; func.blocks.len()];
        let mut postorder = Vec::new();
        let targets = |block: Block| func.block(block).term.targets().map(|target| target.block).collect::<Vec<_>>();
        let mut stack = vec![(ENTRY, targets(ENTRY))];
        seen[0] = true;
        while let Some((block, left)) = stack.last_mut() {
            match left.pop() {
                Some(next) if seen[next.index()] => {}
                Some(next) => {
                    seen[next.index()] = true;
                    stack.push((next, targets(next)));
                }
                None => {
                    postorder.push(*block);
                    stack.pop();
                }
            }
        }
        let reached: Vec<Block> = postorder.into_iter().rev().collect();
        let mut numbers = vec![None; func.blocks.len()];
        for (index, block) in reached.iter().enumerate() {
            numbers[block.index()] = Some(index as u32);
        }
        let mut preds = vec![Vec::new(); reached.len()];
        for (index, &block) in reached.iter().enumerate() {
            for target in targets(block) {
                preds[numbers[target.index()].map_or(0, |number: u32| number as usize)].push(index as u32);
            }
        }
        let mut order = Order { spans: Vec::new(), numbers, preds, reached };
        order.spans = order.tree_spans(&order.immediate_dominators());
        order
    }

    fn immediate_dominators(&self) -> Vec<u32> {
        let mut idom: Vec<Option<u32>> = vec![None; self.reached.len()];
        idom[0] = Some(0);
        let mut changed = true;
        while changed {
            changed = false;
            for index in 1..self.reached.len() {
                let mut common: Option<u32> = None;
                for &pred in self.preds[index].iter().filter(|&&pred| idom[pred as usize].is_some()) {
                    common = Some(match common {
                        None => pred,
                        Some(mut a) => {
                            let mut b = pred;
                            while a != b {
                                let later = if a > b { &mut a } else { &mut b };
                                *later = idom[*later as usize].unwrap_or(0);
                            }
                            a
                        }
                    });
                }
                if idom[index] != common {
                    idom[index] = common;
                    changed = true;
                }
            }
        }
        idom.into_iter().map(|idom| idom.unwrap_or(0)).collect()
    }

    fn tree_spans(&self, idom: &[u32]) -> Vec<(u32, u32)> {
        let count = self.reached.len();
        // A child comes after its parent, so sizes of subtrees add up backwards.
        let mut sizes = vec![1; count];
        for index in (1..count).rev() {
            sizes[idom[index] as usize] += sizes[index];
        }
        let mut spans = vec![(0, 0); count];
        let mut next_child = vec![1; count];
        spans[0] = (0, sizes[0]);
        for index in 1..count {
            let parent = idom[index] as usize;
            let start = spans[parent].0 + next_child[parent];
            next_child[parent] += sizes[index];
            spans[index] = (start, start + sizes[index]);
        }
        spans
    }

    /// Place in reverse postorder; none for a block that cannot be reached.
    fn number(&self, block: Block) -> Option<u32> {
        self.numbers[block.index()]
    }

    fn dominates(&self, above: Block, below: Block) -> bool {
        let Some(below) = self.number(below) else { return true };
        let Some(above) = self.number(above) else { return false };
        let (start, end) = self.spans[above as usize];
        (start..end).contains(&self.spans[below as usize].0)
    }
}

/// The shares of the values at the place that is being checked.
type Shares = BTreeMap<Value, u32>;

/// Checks the ownership rule in one walk: as the shares must agree wherever paths meet, those of
/// the first path to a block are those of all.
struct Counts<'v, 'm> {
    verifier: &'v mut Verifier<'m>,
    func: &'m Function,
    /// Shares at the start of a block and whence they came: from the first path that led there
    /// until the last edge was compared.
    entries: Vec<Option<(Shares, Block)>>,
    /// The edges to each block that are yet to be seen.
    edges_left: Vec<usize>,
    /// Values that were complained about.
    blamed: Vec<bool>,
}

impl<'v, 'm> Counts<'v, 'm> {
    fn new(verifier: &'v mut Verifier<'m>, order: &Order) -> Counts<'v, 'm> {
        let func = verifier.func;
        let mut edges_left = vec![0; func.blocks.len()];
        for (&block, preds) in order.reached.iter().zip(&order.preds) {
            edges_left[block.index()] = preds.len();
        }
        Counts {
            entries: vec![None; func.blocks.len()],
            edges_left,
            blamed: vec![false; func.values.len()],
            verifier,
            func,
        }
    }

    fn check(mut self, order: &Order) {
        let func = self.func;
        self.entries[0] = Some((Shares::new(), ENTRY));
        for &block in &order.reached {
            let entry = &mut self.entries[block.index()];
            let entry = if self.edges_left[block.index()] == 0 { entry.take() } else { entry.clone() };
            let Some((mut shares, _)) = entry else {
                unreachable!("reverse postorder has a predecessor before each block")
            };
            for (index, &param) in func.block(block).params.iter().enumerate() {
                let owned = block != ENTRY || func.sig.params[index].owned;
                if owned && !is_uncounted(func, param) {
                    shares.insert(param, 1);
                }
            }
            for &inst in &func.block(block).insts {
                self.inst(inst, &mut shares);
            }
            self.terminator(order, block, shares);
        }
    }

    fn blame(&mut self, place: Place, value: Value, message: impl FnOnce(String) -> String) {
        if !std::mem::replace(&mut self.blamed[value.index()], true) {
            let name = self.verifier.name(value);
            self.verifier.fault(place, message(name));
        }
    }

    fn is_borrowed(&self, value: Value) -> bool {
        match self.func.def(value) {
            ValueDef::Param(block, index) => block == ENTRY && !self.func.sig.params[index as usize].owned,
            ValueDef::Result(inst, _) => self.is_lent(inst),
        }
    }

    /// Whether the result of the instruction is lent by the place that it was read from.
    fn is_lent(&self, inst: Inst) -> bool {
        matches!(self.func.inst(inst).op, Op::Mochi(op) if op.result_is_lent())
    }

    fn consume(&mut self, place: Place, value: Value, shares: &mut Shares) {
        if is_uncounted(self.func, value) {
            return;
        }
        match shares.get_mut(&value) {
            Some(1) => {
                shares.remove(&value);
            }
            Some(count) => *count -= 1,
            None if self.is_borrowed(value) => {
                let what = match self.func.def(value) {
                    ValueDef::Param(..) => "borrowed parameter",
                    ValueDef::Result(..) => "lent",
                };
                self.blame(place, value, |name| format!("the {what} {name} is consumed without a dup"));
            }
            None => self.blame(place, value, |name| format!("{name} is consumed, but no share of it is left")),
        }
    }

    fn borrow(&mut self, place: Place, value: Value, shares: &Shares) {
        if !is_uncounted(self.func, value) && !shares.contains_key(&value) && !self.is_borrowed(value) {
            self.blame(place, value, |name| format!("{name} is used, but no share of it is left"));
        }
    }

    fn inst(&mut self, inst: Inst, shares: &mut Shares) {
        let func = self.func;
        let place = Place::Inst(inst);
        let data = func.inst(inst);
        let ownership = |index: usize| match data.op {
            Op::Mochi(op) => op.params()[index].0,
            Op::Wasm(_) | Op::CallIndirect => Ownership::Borrow,
            Op::CallValue if index > 0 => Ownership::Own,
            Op::CallValue => Ownership::Borrow,
            Op::Call => match data.imm {
                Imm::Func(callee) if self.verifier.module.func(callee).sig.params[index].owned => Ownership::Own,
                _ => Ownership::Borrow,
            },
        };
        let ownership: Vec<Ownership> = (0..data.args.len()).map(ownership).collect();
        for (&arg, &ownership) in data.args.iter().zip(&ownership) {
            if ownership == Ownership::Own {
                self.consume(place, arg, shares);
            }
        }
        for (&arg, &ownership) in data.args.iter().zip(&ownership) {
            if ownership != Ownership::Own {
                self.borrow(place, arg, shares);
            }
        }
        for (index, &arg) in data.args.iter().enumerate() {
            if ownership[index] == Ownership::Flex && data.consumed >> index & 1 != 0 {
                self.consume(place, arg, shares);
            }
        }
        if data.op == Op::Mochi(MochiOp::Dup) && !is_uncounted(func, data.args[0]) {
            *shares.entry(data.args[0]).or_default() += 1;
        }
        for &result in &data.results {
            if !is_uncounted(func, result) && !self.is_lent(inst) {
                shares.insert(result, 1);
            }
        }
    }

    fn terminator(&mut self, order: &Order, block: Block, mut shares: Shares) {
        let func = self.func;
        let place = Place::Term(block);
        match &func.block(block).term {
            Terminator::Return(values) => {
                for &value in values {
                    self.consume(place, value, &mut shares);
                }
                for &value in shares.keys() {
                    self.blame(place, value, |name| format!("{name} is never consumed on a path to this return"));
                }
            }
            Terminator::Jump(target) => self.edge(order, block, target, shares),
            Terminator::Branch { cond: _, then, otherwise } => {
                self.edge(order, block, then, shares.clone());
                self.edge(order, block, otherwise, shares);
            }
            Terminator::Unreachable => {}
        }
    }

    fn edge(&mut self, order: &Order, from: Block, Target { block: target, args }: &Target, mut shares: Shares) {
        let place = Place::Term(from);
        for &arg in args {
            self.consume(place, arg, &mut shares);
        }
        self.edges_left[target.index()] -= 1;
        let Some((expected, other)) = &self.entries[target.index()] else {
            self.entries[target.index()] = Some((shares, from));
            return;
        };
        let mut different = Vec::new();
        if shares != *expected {
            let count = |shares: &Shares, value: &Value| shares.get(value).copied().unwrap_or(0);
            let all = shares.keys().chain(expected.keys()).copied();
            different.extend(all.map(|value| (value, count(&shares, &value), count(expected, &value))));
            different.retain(|&(_, here, there)| here != there);
        }
        let other = *other;
        for (value, here, there) in different {
            self.blame(place, value, |name| {
                format!("{name} has {here} shares on the way from here to {target}, {there} on the way from {other}")
            });
        }
        // Nothing compares with the start of a loop after its last way back.
        if self.edges_left[target.index()] == 0 && order.number(*target) <= order.number(from) {
            self.entries[target.index()] = None;
        }
    }
}
