//! Turns a legalized module into the bytes of a WebAssembly module.
//!
//! What comes in has only Wasm operations and calls; what goes out is small: only what `start`
//! reaches is there, and the code of each function is laid out in steps, one file each.
//!
//!     needed      what is used, and how often
//!     structure   block graph → nested control
//!     schedule    instructions → order on the operand stack
//!     locals      values → locals
//!     body        all of that → bytes
//!     lines       where the bytes come from → line tables
//!
//! The same module gives the same bytes on every machine.

mod body;
mod encode;
mod lines;
mod locals;
mod needed;
mod reach;
mod schedule;
mod structure;
#[cfg(test)]
mod tests;

use thiserror::Error;
use wasm_encoder::{
    BranchHints, CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType, NameMap, NameSection,
    ProducersField, ProducersSection, RefType, TableSection, TableType, TypeSection, ValType,
};
use wasmparser::WasmFeatures;

use self::encode::{Addresses, const_expr, val_type};
use self::reach::Reached;
use crate::ir::{DATA_START, DataId, FuncId, GlobalId, Module, PAGE_SIZE, Placement, SigId, Signature, place_data};
use crate::parallel;

/// What an emitted module may use, exactly: what every engine in the field has.
pub const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::FLOATS);

#[derive(Clone, Copy, Debug, Default)]
pub struct EmitOptions {
    /// Leave out line tables and the names of functions and of the compiler.
    pub strip: bool,
}

/// A program too large for WebAssembly engines.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EmitError {
    #[error("`{function}` needs {count} variables at once, more than a WebAssembly function can have")]
    TooManyLocals { function: String, count: usize },
    #[error("`{function}` compiles to {bytes} bytes, more than a WebAssembly function can have")]
    FunctionTooLarge { function: String, bytes: usize },
    #[error("`{function}` has {count} parameters or results, more than a WebAssembly function can have")]
    TooManyParameters { function: String, count: usize },
    #[error("the program has {count} functions, more than a WebAssembly module can have")]
    TooManyFunctions { count: usize },
}

const MOST_FUNCTIONS: usize = 1_000_000;
const MOST_PARAMETERS: usize = 1_000;

/// Room for the heap that memory has at the start at least: small programs never ask for more.
const FIRST_HEAP: u32 = 4096;

/// The module's bytes: all that its start function reaches, and nothing else.
pub fn emit(module: &Module, options: &EmitOptions) -> Result<Vec<u8>, EmitError> {
    let reached = reach::reach(module);
    let mut types = Types::default();
    let symbols = Symbols::new(module, &reached, &mut types);
    if symbols.functions.len() > MOST_FUNCTIONS {
        return Err(EmitError::TooManyFunctions { count: symbols.functions.len() });
    }

    let mut imports = ImportSection::new();
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    let mut hints = BranchHints::new();
    let with_body = symbols.functions.iter().filter(|&&id| module.func(id).import.is_none());
    let with_body: Vec<FuncId> = with_body.copied().collect();
    let size = |id: &FuncId| module.func(*id).insts.len();
    let bodies = parallel::map(&with_body, size, |&id| {
        let reached = &reached.bodies[id.index()].as_ref().expect("what is emitted was reached");
        body::body(module.func(id), &reached.cfg, &reached.needed, &symbols)
    });
    let mut bodies = bodies.into_iter();
    let mut lines = lines::Lines::new(with_body.len());
    for &id in &symbols.functions {
        let func = module.func(id);
        let count = func.sig.params.len().max(func.sig.results.len());
        if count > MOST_PARAMETERS {
            return Err(EmitError::TooManyParameters { function: func.name.clone(), count });
        }
        let ty = types.index(&func.sig);
        match &func.import {
            Some((from, field)) => {
                imports.import(from, field, EntityType::Function(ty));
            }
            None => {
                functions.function(ty);
                let body = bodies.next().expect("each function has a body")?;
                code.raw(&body.bytes);
                lines.function(id, body.bytes.len(), body.places);
                if !body.hints.is_empty() {
                    hints.function_hints(body::Symbols::function(&symbols, id), body.hints);
                }
            }
        }
    }

    let mut memories = MemorySection::new();
    let pages = symbols.placement.heap_base.saturating_add(FIRST_HEAP).div_ceil(PAGE_SIZE);
    let minimum = u64::from(pages.max(symbols.placement.initial_pages()));
    memories.memory(MemoryType { minimum, maximum: None, memory64: false, shared: false, page_size_log2: None });

    let mut globals = GlobalSection::new();
    for &id in &symbols.globals {
        let data = &module.globals[id.index()];
        let val_type = val_type(data.ty.machine().kind);
        globals.global(GlobalType { val_type, mutable: true, shared: false }, &const_expr(data.init));
    }
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    if let Some(start) = module.start {
        exports.export("_start", ExportKind::Func, body::Symbols::function(&symbols, start));
    }
    if let Some(realloc) = module.realloc {
        exports.export("cabi_realloc", ExportKind::Func, body::Symbols::function(&symbols, realloc));
    }
    if let Some(data) = module.stdout_state {
        let address = ConstExpr::i32_const(symbols.placement.address(data) as i32);
        globals.global(GlobalType { val_type: ValType::I32, mutable: false, shared: false }, &address);
        exports.export("mochi_stdout", ExportKind::Global, symbols.globals.len() as u32);
    }

    let mut bytes = wasm_encoder::Module::new();
    bytes.section(&types.section());
    if !imports.is_empty() {
        bytes.section(&imports);
    }
    if !functions.is_empty() {
        bytes.section(&functions);
    }
    let table = symbols.placement.table.functions();
    if !table.is_empty() {
        bytes.section(&table_section(table.len() as u64));
    }
    bytes.section(&memories);
    if !globals.is_empty() {
        bytes.section(&globals);
    }
    bytes.section(&exports);
    if !table.is_empty() {
        let numbers: Vec<u32> = table.iter().map(|&func| body::Symbols::function(&symbols, func)).collect();
        let mut elements = ElementSection::new();
        elements.active(None, &ConstExpr::i32_const(FIRST_IN_TABLE), Elements::Functions(numbers.into()));
        bytes.section(&elements);
    }
    if !hints.is_empty() {
        bytes.section(&hints);
    }
    if !code.is_empty() {
        bytes.section(&code);
    }
    let data = data_section(&symbols.placement.image);
    if !data.is_empty() {
        bytes.section(&data);
    }
    if !options.strip {
        bytes.section(&names(module, &symbols.functions));
        bytes.section(&producers());
        for section in lines.sections(module) {
            bytes.section(&section);
        }
    }
    let bytes = bytes.finish();
    debug_assert_eq!(validate(&bytes), Ok(()), "the emitted module is invalid:\n{}", print(&bytes));
    Ok(bytes)
}

/// The first number in the table that is a function's.
const FIRST_IN_TABLE: i32 = 1;

/// The table of indirect calls, with room for no function before the first.
fn table_section(functions: u64) -> TableSection {
    let size = functions + FIRST_IN_TABLE as u64;
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: size,
        maximum: Some(size),
        shared: false,
    });
    tables
}

/// The text form of a module.
pub fn print(bytes: &[u8]) -> String {
    wasmprinter::print_bytes(bytes).unwrap_or_else(|error| format!(";; {error}\n"))
}

/// Checks a module against [`FEATURES`]; what is wrong with it, if anything.
pub fn validate(bytes: &[u8]) -> Result<(), String> {
    let mut validator = wasmparser::Validator::new_with_features(FEATURES);
    validator.validate_all(bytes).map(|_| ()).map_err(|error| error.to_string())
}

/// The numbers and addresses of everything that the module contains.
struct Symbols {
    /// Imports first, then by `FuncId`.
    functions: Vec<FuncId>,
    function_numbers: Vec<u32>,
    globals: Vec<GlobalId>,
    global_numbers: Vec<u32>,
    /// The types of indirect calls.
    sig_types: Vec<u32>,
    placement: Placement,
}

impl Symbols {
    /// Gives functions, and the signatures of indirect calls after them, their types.
    fn new(module: &Module, reached: &Reached, types: &mut Types) -> Symbols {
        let mut functions: Vec<FuncId> =
            (0..module.functions.len()).map(FuncId::new).filter(|id| reached.functions[id.index()]).collect();
        functions.sort_by_key(|&id| (module.func(id).import.is_none(), id));
        let globals: Vec<GlobalId> =
            (0..module.globals.len()).map(GlobalId::new).filter(|id| reached.globals[id.index()]).collect();
        // Numbers of what is not reached are never asked for.
        let mut function_numbers = vec![u32::MAX; module.functions.len()];
        for (number, id) in functions.iter().enumerate() {
            function_numbers[id.index()] = number as u32;
        }
        let mut global_numbers = vec![u32::MAX; module.globals.len()];
        for (number, id) in globals.iter().enumerate() {
            global_numbers[id.index()] = number as u32;
        }
        let data = module.data.iter().zip(&reached.data);
        let kept = data.map(|(blob, &reached)| if reached { blob.clone() } else { Default::default() }).collect();
        let placement = place_data(&Module { data: kept, ..Module::default() }, reached.table.clone());
        for &id in &functions {
            types.index(&module.func(id).sig);
        }
        let sigs = module.sigs.iter().zip(&reached.sigs);
        let sig_types = sigs.map(|(sig, &reached)| if reached { types.index(sig) } else { u32::MAX }).collect();
        Symbols { functions, function_numbers, globals, global_numbers, sig_types, placement }
    }
}

impl Addresses for Symbols {
    fn data(&self, data: DataId) -> u32 {
        self.placement.address(data)
    }

    fn heap_base(&self) -> u32 {
        self.placement.heap_base
    }

    fn function_number(&self, func: FuncId) -> u32 {
        self.placement.table.number(func)
    }

    fn global(&self, global: GlobalId) -> u32 {
        self.global_numbers[global.index()]
    }
}

impl body::Symbols for Symbols {
    fn function(&self, func: FuncId) -> u32 {
        self.function_numbers[func.index()]
    }

    fn signature(&self, sig: SigId) -> u32 {
        self.sig_types[sig.index()]
    }
}

/// Function types, each once, in the order of their first use.
#[derive(Default)]
struct Types {
    types: Vec<(Vec<ValType>, Vec<ValType>)>,
    numbers: std::collections::HashMap<(Vec<ValType>, Vec<ValType>), u32>,
}

impl Types {
    fn index(&mut self, sig: &Signature) -> u32 {
        let params = sig.params.iter().map(|param| val_type(param.ty.machine().kind)).collect();
        let results = sig.results.iter().map(|ty| val_type(ty.machine().kind)).collect();
        let ty = (params, results);
        *self.numbers.entry(ty).or_insert_with_key(|ty| {
            self.types.push(ty.clone());
            self.types.len() as u32 - 1
        })
    }

    fn section(&self) -> TypeSection {
        let mut section = TypeSection::new();
        for (params, results) in &self.types {
            section.ty().function(params.iter().copied(), results.iter().copied());
        }
        section
    }
}

/// The image as active segments, without the longer runs of zeros: memory starts as zeros.
fn data_section(image: &[u8]) -> DataSection {
    /// What a further segment costs: its flags, address and length.
    const SEGMENT_COST: usize = 8;
    let mut section = DataSection::new();
    let mut at = 0;
    while let Some(skipped) = image[at..].iter().position(|&byte| byte != 0) {
        let start = at + skipped;
        let mut end = start;
        at = start;
        while at < image.len() && at - end < SEGMENT_COST {
            at += 1;
            if image[at - 1] != 0 {
                end = at;
            }
        }
        at = end;
        section.active(
            0,
            &ConstExpr::i32_const((DATA_START as usize + start) as i32),
            image[start..end].iter().copied(),
        );
    }
    section
}

fn names(module: &Module, functions: &[FuncId]) -> NameSection {
    let mut map = NameMap::new();
    for (number, &id) in functions.iter().enumerate() {
        map.append(number as u32, &module.func(id).name);
    }
    let mut names = NameSection::new();
    names.functions(&map);
    names
}

fn producers() -> ProducersSection {
    let mut field = ProducersField::new();
    field.value("mochi-wasm", env!("CARGO_PKG_VERSION"));
    let mut section = ProducersSection::new();
    section.field("processed-by", &field);
    section
}
