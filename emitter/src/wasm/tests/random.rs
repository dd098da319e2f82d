//! Random functions mean the same before and after emission.

use proptest::prelude::*;

use super::machine::Machine;
use super::module_of;
use crate::analysis::testing::random_module;
use crate::ir::interp::{Interpreter, NoHost};
use crate::ir::{
    DATA_START, Function, FunctionBuilder, GlobalData, GlobalId, Imm, Init, Phase, Signature, Terminator, Type,
    Variable, WasmOp,
};
use crate::wasm::{EmitError, EmitOptions, emit, validate};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn emitted_code_means_what_the_ir_means(module in random_module(), a in any::<i64>(), b in any::<bool>(), c in -3i64..3) {
        let args = [a as u64, u64::from(b), c as u64];
        let mut interpreter = Interpreter::new(&module, NoHost);
        let expected = interpreter.run_by_name("random", &args);
        let bytes = emit(&module, &EmitOptions::default()).unwrap();
        prop_assert_eq!(validate(&bytes), Ok(()));
        prop_assert_eq!(&emit(&module, &EmitOptions::default()).unwrap(), &bytes);
        let text = crate::wasm::print(&bytes);
        // The random function is the last one, and nothing calls it.
        let count = text.matches("\n  (func $").count();
        let mut machine = Machine::new(&bytes);
        let result = machine.run(count - 1, &args);
        let data = DATA_START as usize..DATA_START as usize + 24;
        match (&expected, &result) {
            (Ok(expected), Ok(result)) => {
                prop_assert_eq!(expected, result, "{}", text);
                // Without a mention in the module's code there is no data either.
                if text.contains("(data") {
                    prop_assert_eq!(&interpreter.memory()[data.clone()], &machine.memory[data], "{}", text);
                }
                if machine.globals.len() == 2 {
                    prop_assert_eq!(interpreter.globals(), &machine.globals, "{}", text);
                }
            }
            (Err(_), Err(_)) => {}
            _ => prop_assert!(false, "{:?} and {:?}\n{}", expected, result, text),
        }
    }
}

/// A function of many blocks and values takes time in proportion to them.
#[test]
fn large_functions_are_emitted() {
    let sig = Signature { params: vec![], results: vec![Type::I64] };
    let mut b = FunctionBuilder::new(Function::new("large", sig, Phase::Legalized));
    let variables: Vec<Variable> = (0..200).map(|_| b.declare_variable(Type::I64)).collect();
    for &variable in &variables {
        let value = b.value(WasmOp::GlobalGet, vec![], Imm::Global(GlobalId(0)), Type::I64);
        b.def_var(variable, value);
    }
    for step in 0..5_000 {
        let (one, other) = (variables[step % 200], variables[(step * 7 + 3) % 200]);
        let (a, c) = (b.use_var(one), b.use_var(other));
        let sum = b.value(WasmOp::I64Add, vec![a, c], Imm::None, Type::I64);
        let cond = b.value(WasmOp::I64LtS, vec![sum, a], Imm::None, Type::I32);
        let (slow, next) = (b.create_cold_block(), b.create_block());
        b.def_var(one, sum);
        b.branch(cond, slow, next);
        b.seal(slow);
        b.switch_to(slow);
        let changed = b.value(WasmOp::I64Mul, vec![sum, c], Imm::None, Type::I64);
        b.def_var(one, changed);
        b.jump(next, vec![]);
        b.seal(next);
        b.switch_to(next);
    }
    let result = b.use_var(variables[7]);
    b.ret(vec![result]);
    let func = b.finish();
    assert!(matches!(func.blocks[0].term, Terminator::Branch { .. }));
    let mut module = module_of(func);
    module.globals.push(GlobalData { name: "g".to_owned(), ty: Type::I64, init: Init::I64(1) });
    let bytes = emit(&module, &EmitOptions { strip: true }).unwrap();
    assert_eq!(validate(&bytes), Ok(()));
    assert!(bytes.len() < 150_000, "{} bytes", bytes.len());
}

#[test]
fn more_values_at_once_than_locals_are_an_error() {
    let mut b = FunctionBuilder::new(Function::new("wide", Signature::default(), Phase::Legalized));
    let read = |b: &mut FunctionBuilder| b.value(WasmOp::GlobalGet, vec![], Imm::Global(GlobalId(0)), Type::I64);
    let values: Vec<_> = (0..50_001).map(|_| read(&mut b)).collect();
    b.effect(WasmOp::GlobalSet, vec![values[0]], Imm::Global(GlobalId(0)));
    for &value in &values {
        b.effect(WasmOp::GlobalSet, vec![value], Imm::Global(GlobalId(0)));
    }
    b.ret(vec![]);
    let mut module = module_of(b.finish());
    module.globals.push(GlobalData { name: "g".to_owned(), ty: Type::I64, init: Init::I64(1) });
    let error = emit(&module, &EmitOptions::default()).unwrap_err();
    assert_eq!(error, EmitError::TooManyLocals { function: "wide".to_owned(), count: 50_001 });
}
