//! Runs one pass over a module written as text.

use crate::ir::{Module, Spans, parse_program, print_module, verify_module};

/// The module's text after `pass`, verified before and after.
pub(super) fn after(text: &str, pass: impl FnOnce(&mut Module)) -> String {
    let mut module = parse_program(text).unwrap_or_else(|errors| panic!("{errors:?}"));
    pass(&mut module);
    if let Err(errors) = verify_module(&module) {
        panic!("{errors:?}\n{}", print_module(&module, Spans::Omit));
    }
    print_module(&module, Spans::Omit)
}
