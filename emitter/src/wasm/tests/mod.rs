//! What emission makes of functions: the shape of small ones, the meaning of random ones, the lines of all.

mod lines;
mod machine;
mod random;
mod shapes;

use crate::ir::{Function, Module};

/// A module that is nothing but `func`, and starts with it.
fn module_of(func: Function) -> Module {
    let mut module = Module::default();
    module.start = Some(module.add_function(func));
    module
}
