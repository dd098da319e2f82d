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

mod expr;
mod lists;
mod loops;
mod print;
mod stmt;
#[cfg(test)]
mod tests;
mod types;

use loops::Loop;
use types::lower_type;

/// Builds the module of a checked program, runtime functions not included.
///
/// Function and global ids are the typed program's indexes.
pub fn build(program: &typed::Program, files: &[SourceFile]) -> Module {
    let mut module = Module { files: files.iter().map(|file| file.name.clone()).collect(), ..Module::default() };
    types::lower_lists(program, &mut module);
    for global in &program.globals {
        // Nothing reads a global without kind, but its index must be taken.
        let ty = lower_type(global.ty).unwrap_or(Type::ANY);
        module.globals.push(GlobalData { name: global.name.clone(), ty, init: Init::none_or_zero(ty) });
    }
    let names = function_names(program);
    let mut pool = DataPool { module: &mut module, strings: BTreeMap::new() };
    let functions: Vec<Function> = program
        .functions
        .iter()
        .enumerate()
        .zip(names)
        .map(|((index, func), name)| {
            let id = typed::FunctionId(index as u32);
            FunctionCtx::new(program, &mut pool, id, func, name).build()
        })
        .collect();
    module.functions = functions;
    module.start = Some(FuncId::new(program.main.index()));
    module
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
    let mut used = vec![false; func.values.len()];
    for block in &func.blocks {
        let args = block.insts.iter().flat_map(|&inst| func.inst(inst).args.iter().copied());
        args.chain(block.term.uses()).for_each(|value| used[value.index()] = true);
    }
    let Function { blocks, insts, .. } = func;
    for block in blocks {
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
                        | MochiOp::ListNew
                )
            );
            !is_const || data.results.iter().any(|result| used[result.index()])
        });
    }
}

/// The module's static bytes, each distinct content once.
struct DataPool<'a> {
    module: &'a mut Module,
    strings: BTreeMap<Vec<u8>, DataId>,
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
        name: String,
    ) -> FunctionCtx<'a, 'm> {
        let param_types = func.params.iter().filter_map(|&param| lower_type(func.locals[param.index()].ty));
        let sig = Signature {
            params: param_types.map(|ty| Param { ty, owned: ty.is_counted() }).collect(),
            results: lower_type(func.result).into_iter().collect(),
        };
        let mut fb = FunctionBuilder::new(Function::new(name, sig, Phase::Pure));
        let locals = func.locals.iter().map(|local| lower_type(local.ty).map(|ty| fb.declare_variable(ty))).collect();
        FunctionCtx { program, pool, id, func, fb, locals, loops: Vec::new(), restart: None }
    }

    fn build(mut self) -> Function {
        let func = self.func;
        let mut values = self.fb.func().params().to_vec().into_iter();
        for &param in &func.params {
            if let Some(variable) = self.locals[param.index()] {
                self.fb.def_var(variable, values.next().expect("a parameter for each local with a type"));
            }
        }
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

    /// Gives every local but the parameters a value, as some paths may read one before it is
    /// set (what the checker allows only where none or the type's first value is right).
    fn define_locals(&mut self) {
        let func = self.func;
        let mut defaults: BTreeMap<Type, Value> = BTreeMap::new();
        for (index, local) in func.locals.iter().enumerate() {
            let Some(variable) = self.locals[index] else { continue };
            if func.params.contains(&typed::LocalId(index as u32)) {
                continue;
            }
            let ty = lower_type(local.ty).expect("a variable has a type");
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
