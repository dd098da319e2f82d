//! Builds IR in its pure phase from the typed program.
//!
//! This is the only stage that knows both worlds. It decides nothing about representation and
//! counts no references: it turns variables into SSA values, statements into blocks, and each
//! kind of expression into the operations that mean the same. Loops come out inverted (a
//! guard, the body, and the condition once more at its end), as later passes expect them.
//!
//! Places that can hold nothing but none have no variable, parameter or result: reading one
//! makes the constant. Where an expression cannot come back (a failure, a call that never
//! returns) its value is absent (`Option<Value>`), the block is finished, and what would
//! follow is not built.

use std::collections::BTreeMap;

use mochi_frontend::source::SourceFile;
use mochi_frontend::typed;

use crate::ir::{
    Block, DataBlob, DataId, FuncId, Function, FunctionBuilder, GlobalData, GlobalId, Imm, Init, MochiOp, Module, Op,
    Param, Phase, Signature, Type, Value, Variable,
};

mod any;
mod builtins;
mod closures;
mod compare;
mod convert;
mod data;
mod expr;
mod intrinsics;
mod lists;
mod loops;
mod maps;
mod places;
mod print;
mod records;
mod stmt;
#[cfg(test)]
mod tests;
mod types;
mod walk;

use closures::Codes;
use loops::Loop;
use types::lower_type;

/// Builds the module of a checked program, runtime functions not included.
///
/// Function and global ids are the typed program's indexes; the code of function values comes after
/// the functions.
pub fn build(program: &typed::Program, files: &[SourceFile]) -> Module {
    let mut module = Module { files: files.iter().map(|file| file.name.clone()).collect(), ..Module::default() };
    records::lower_records(program, &mut module);
    types::lower_lists(program, &mut module);
    types::lower_maps(program, &mut module);
    closures::lower_func_types(program, &mut module);
    data::lower_shapes(program, &mut module);
    for global in &program.globals {
        // Nothing reads a global without kind, but its index must be taken.
        let ty = lower_type(global.ty).unwrap_or(Type::ANY);
        module.globals.push(GlobalData { name: global.name.clone(), ty, init: Init::none_or_zero(ty) });
    }
    let names = function_names(program);
    let codes = Codes::new(program.functions.len());
    let mut pool = DataPool { module: &mut module, strings: BTreeMap::new(), names: &names, codes };
    let mut functions: Vec<Function> = program
        .functions
        .iter()
        .enumerate()
        .map(|(index, func)| {
            let id = typed::FunctionId(index as u32);
            FunctionCtx::new(program, &mut pool, id, func).build()
        })
        .collect();
    functions.append(&mut pool.codes.functions);
    module.functions = functions;
    closures::add_generic_codes(&mut module);
    module.start = Some(FuncId::new(program.main.index()));
    module
}

/// What a function takes, captured values first, and gives.
fn signature_of(module: &mut Module, func: &typed::Function) -> Signature {
    let params = func.params.iter().enumerate().filter_map(|(position, &param)| {
        let local = &func.locals[param.index()];
        let ty = lower_type(local.ty)?;
        let in_cell = local.is_cell && position < func.captures;
        Some(if in_cell { records::cell_of(module, ty) } else { ty })
    });
    let params = params.map(|ty| Param { ty, owned: ty.is_counted() }).collect();
    Signature { params, results: lower_type(func.result).into_iter().collect() }
}

/// One name for each function: its own where that is free, with a number for further copies.
fn function_names(program: &typed::Program) -> Vec<String> {
    let main = &program.functions[program.main.index()].name;
    let mut taken: BTreeMap<&str, u32> = BTreeMap::from([(main.as_str(), 1)]);
    let functions = program.functions.iter().enumerate();
    functions
        .map(|(index, func)| {
            if index == program.main.index() {
                return func.name.clone();
            }
            let copies = taken.entry(&func.name).or_default();
            *copies += 1;
            if *copies == 1 { func.name.clone() } else { format!("{}.{copies}", func.name) }
        })
        .collect()
}

/// Removes constants without use, such as first values of variables that are always set first.
fn remove_unused_consts(func: &mut Function) {
    let mut uses = vec![0; func.values.len()];
    for block in &func.blocks {
        let args = block.insts.iter().flat_map(|&inst| func.inst(inst).args.iter().copied());
        args.chain(block.term.uses()).for_each(|value| uses[value.index()] += 1);
    }
    let Function { blocks, insts, .. } = func;
    for block in blocks {
        // From the end, as a constant may be used by a conversion that is not.
        block.insts.reverse();
        block.insts.retain(|inst| {
            let data = &insts[inst.index()];
            let is_const = matches!(
                data.op,
                Op::Mochi(
                    MochiOp::IntConst
                        | MochiOp::FloatConst
                        | MochiOp::BoolConst
                        | MochiOp::StrConst
                        | MochiOp::None
                        | MochiOp::Convert
                        | MochiOp::ListNew
                        | MochiOp::ListOf
                        | MochiOp::RecordNew
                        | MochiOp::MapNew
                )
            );
            let is_used = !is_const || data.results.iter().any(|result| uses[result.index()] > 0);
            if !is_used {
                data.args.iter().for_each(|arg| uses[arg.index()] -= 1);
            }
            is_used
        });
        block.insts.reverse();
    }
}

/// What functions add to the module: static bytes, each distinct content once, types of cells and the code
/// of function values.
struct DataPool<'a> {
    module: &'a mut Module,
    strings: BTreeMap<Vec<u8>, DataId>,
    /// Those of the program's functions.
    names: &'a [String],
    codes: Codes,
}

impl DataPool<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> DataId {
        if let Some(&id) = self.strings.get(bytes) {
            return id;
        }
        let blob = DataBlob { bytes: bytes.to_vec(), size: bytes.len() as u32, align: 1, ..DataBlob::default() };
        let id = self.module.add_data(blob);
        self.strings.insert(bytes.to_vec(), id);
        id
    }
}

/// One function while it is built.
struct FunctionCtx<'a, 'm> {
    program: &'a typed::Program,
    pool: &'a mut DataPool<'m>,
    id: typed::FunctionId,
    func: &'a typed::Function,
    fb: FunctionBuilder,
    /// Absent for locals that hold nothing but none.
    locals: Vec<Option<Variable>>,
    loops: Vec<Loop>,
    /// Where a self tail call continues, if there is one.
    restart: Option<Block>,
}

impl<'a, 'm> FunctionCtx<'a, 'm> {
    fn new(
        program: &'a typed::Program,
        pool: &'a mut DataPool<'m>,
        id: typed::FunctionId,
        func: &'a typed::Function,
    ) -> FunctionCtx<'a, 'm> {
        let sig = signature_of(pool.module, func);
        let name = pool.names[id.index()].clone();
        let fb = FunctionBuilder::new(Function::new(name, sig, Phase::Pure));
        let mut ctx = FunctionCtx { program, pool, id, func, fb, locals: Vec::new(), loops: Vec::new(), restart: None };
        for index in 0..func.locals.len() {
            let ty = ctx.local_type(typed::LocalId(index as u32));
            let variable = ty.map(|ty| ctx.fb.declare_variable(ty));
            ctx.locals.push(variable);
        }
        ctx
    }

    fn build(mut self) -> Function {
        let func = self.func;
        let values = self.fb.func().params().to_vec();
        self.define_params(values);
        if stmt::has_self_tail_call(&func.body, self.id) {
            let block = self.fb.create_block();
            self.fb.jump(block, Vec::new());
            self.fb.switch_to(block);
            self.restart = Some(block);
        }
        self.define_locals();
        self.body(&func.body);
        if !self.fb.is_unreachable() {
            self.fb.set_span(None);
            self.return_none();
        }
        if let Some(block) = self.restart {
            self.fb.seal(block);
        }
        let mut func = self.fb.finish();
        remove_unused_consts(&mut func);
        func
    }

    /// Gives the parameters their values. A captured variable is passed in its cell, any other gets one here.
    fn define_params(&mut self, values: Vec<Value>) {
        let func = self.func;
        let mut values = values.into_iter();
        for (position, &param) in func.params.iter().enumerate() {
            let Some(variable) = self.locals[param.index()] else { continue };
            let value = values.next().expect("a value for each parameter with a type");
            match position < func.captures {
                true => self.fb.def_var(variable, value),
                false => self.declare_local(param, value),
            }
        }
    }

    /// Gives every local but the parameters a value, as some paths may read one before it is
    /// set (what the checker allows only where none or the type's first value is right).
    fn define_locals(&mut self) {
        let func = self.func;
        let mut defaults: BTreeMap<Type, Value> = BTreeMap::new();
        for index in 0..func.locals.len() {
            let Some(variable) = self.locals[index] else { continue };
            if func.params.contains(&typed::LocalId(index as u32)) {
                continue;
            }
            let ty = self.local_type(typed::LocalId(index as u32)).expect("a variable has a type");
            let value = match defaults.get(&ty) {
                Some(&value) => value,
                None => {
                    let value = self.default_value(ty);
                    defaults.insert(ty, value);
                    value
                }
            };
            self.fb.def_var(variable, value);
        }
    }

    /// Continues in `block`, to which all jumps have been made; if there are none, nowhere.
    fn enter(&mut self, block: Block) {
        self.fb.seal(block);
        if self.fb.is_reached(block) {
            self.fb.switch_to(block);
        }
    }

    fn jump_if_reachable(&mut self, block: Block) {
        if !self.fb.is_unreachable() {
            self.fb.jump(block, Vec::new());
        }
    }

    fn none(&mut self, ty: Type) -> Value {
        self.fb.value(MochiOp::None, Vec::new(), Imm::None, ty)
    }

    fn string(&mut self, bytes: &[u8]) -> Value {
        let data = self.pool.bytes(bytes);
        self.fb.value(MochiOp::StrConst, Vec::new(), Imm::Data(data), Type::STR)
    }

    fn global(id: typed::GlobalId) -> Imm {
        Imm::Global(GlobalId::new(id.index()))
    }
}
