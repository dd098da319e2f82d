//! Runs one pass over a module written as text, and all passes over random ones.

use proptest::prelude::*;

use super::{LEGALIZED, Pass};
use crate::analysis::testing::random_module;
use crate::ir::interp::{Interpreter, NoHost};
use crate::ir::{
    FuncId, Module, Spans, parse, parse_program, print_function, print_module, verify_function, verify_module,
};

/// The module's text after `pass`, verified before and after.
pub(super) fn after(text: &str, pass: impl FnOnce(&mut Module)) -> String {
    let mut module = parse_program(text).unwrap_or_else(|errors| panic!("{errors:?}"));
    pass(&mut module);
    if let Err(errors) = verify_module(&module) {
        panic!("{errors:?}\n{}", print_module(&module, Spans::Omit));
    }
    print_module(&module, Spans::Omit)
}

/// The text of legalized function `f` of a module, from its first line to its last, after `pass`.
pub(super) fn after_legalized(text: &str, pass: Pass) -> String {
    let mut module = parse(text).unwrap_or_else(|errors| panic!("{errors:?}")).module;
    pass.run_on(&mut module);
    let index = module.functions.iter().position(|func| func.name == "f").expect("a function f");
    if let Err(errors) = verify_function(&module, FuncId::new(index)) {
        panic!("{errors:?}\n{}", print_module(&module, Spans::Omit));
    }
    print_function(&module, &module.functions[index], Spans::Omit)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// What a random function returns, writes and leaves in globals is the same after each pass.
    #[test]
    fn passes_keep_what_functions_mean(module in random_module(), a in any::<i64>(), b in any::<bool>(), c in -3i64..3) {
        let args = [a as u64, u64::from(b), c as u64];
        let run = |module: &Module| {
            let mut interpreter = Interpreter::new(module, NoHost);
            let result = interpreter.run_by_name("random", &args).map_err(|_| ());
            (result, interpreter.globals().to_vec(), interpreter.memory().to_vec())
        };
        let mut module = module;
        let expected = run(&module);
        for pass in LEGALIZED {
            let before = module.clone();
            pass.run_on(&mut module);
            let text = || format!("{} made\n{}", pass.name, print_module(&module, Spans::Omit));
            for index in 0..module.functions.len() {
                let verified = verify_function(&module, FuncId::new(index));
                prop_assert!(verified.is_ok(), "{:?}\n{}\nfrom\n{}", verified, text(), print_module(&before, Spans::Omit));
            }
            prop_assert_eq!(&run(&module), &expected, "{}\nfrom\n{}", text(), print_module(&before, Spans::Omit));
        }
    }
}
