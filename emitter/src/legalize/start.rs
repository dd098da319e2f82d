//! The function that runs the program and ends it properly.

use crate::ir::{ENTRY, FuncId, Function, GlobalId, Imm, Kind, Module, Op, Phase, Signature, Terminator, WasmOp};
use crate::runtime::{Features, Runtime, RuntimeFn};

const NAME: &str = "runtime.start";

/// Adds a function that calls the module's start function, writes what is pending and, if memory
/// is debugged, gives up all globals and asks for what is left. Runs before globals lose their types.
pub(super) fn wrap(module: &mut Module, runtime: &mut Runtime) -> FuncId {
    let Features { debug_memory, cycles, .. } = runtime.features();
    let main = module.start.expect("a program has a start function");
    let mut func = Function::new(NAME, Signature::default(), Phase::Legalized);
    let results = module.func(main).sig.results.clone();
    func.append_inst(ENTRY, Op::Call, Vec::new(), Imm::Func(main), &results, None);
    let can_write = runtime.stdout_state(module).is_some();
    let mut call = |func: &mut Function, module: &mut Module, callee: RuntimeFn, args| {
        let callee = runtime.func(module, callee);
        func.append_inst(ENTRY, Op::Call, args, Imm::Func(callee), &[], None);
    };
    if debug_memory {
        for index in 0..module.globals.len() {
            let release = match module.globals[index].ty.kind {
                Kind::Str => RuntimeFn::StringRelease,
                Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => {
                    RuntimeFn::ObjectRelease
                }
                Kind::Int | Kind::Any => RuntimeFn::WordRelease,
                Kind::Bool | Kind::Float | Kind::I32 | Kind::I64 | Kind::F64 => continue,
            };
            let ty = module.globals[index].ty.machine();
            let global = Imm::Global(GlobalId::new(index));
            let get = func.append_inst(ENTRY, WasmOp::GlobalGet.into(), Vec::new(), global, &[ty], None);
            let value = func.inst(get).results[0];
            call(&mut func, module, release, vec![value]);
        }
        if cycles {
            call(&mut func, module, RuntimeFn::CollectAtEnd, Vec::new());
        }
    }
    if can_write {
        call(&mut func, module, RuntimeFn::FlushStdout, Vec::new());
    }
    if debug_memory {
        call(&mut func, module, RuntimeFn::ReportLive, Vec::new());
    }
    func.block_mut(ENTRY).term = Terminator::Return(Vec::new());
    module.add_function(func)
}
