//! Turns what Mochi means into what the machine does: the border between the two families of
//! operations.
//!
//! Each function of the counted phase is written anew in one walk: an operation becomes Wasm
//! operations, often with the rare case in a cold block beside them, or a call of the runtime,
//! which comes into the module on the way. One file a kind of value; `layout` alone knows how
//! values lie in words and memory.
//!
//!     v2 = int.add v0, v1     =>      v2 = i64.add v0, v1
//!                                     small(v2) ? goto b1(v2) : goto b2
//!                                 b1(v3):  …
//!                                 b2 cold: v4 = call int_add_slow(v0, v1, 0); goto b1(v4)

mod any;
mod closure;
mod counts;
mod data;
mod facts;
mod fail;
mod float;
mod int;
pub mod layout;
mod list;
mod lower;
mod map;
mod print;
mod record;
mod scalar;
mod start;
mod string;
#[cfg(test)]
mod tests;

use mochi_frontend::source::Span;

use crate::analysis::{SmallInts, Writes};
use crate::ir::{Closure, FuncId, Function, Module, Phase, Signature};
use crate::runtime::Runtime;

/// What legalization must know besides the module.
pub struct LegalizeOptions<'a> {
    /// Use the runtime that poisons what is freed, and report live objects at the end.
    pub debug_memory: bool,
    /// The line of a span, for failure messages.
    pub line: &'a dyn Fn(Span) -> u32,
    /// Load facts about lists before loops.
    pub list_facts: bool,
}

/// Takes every function from the counted to the legalized phase, and wraps the start function in
/// one that ends the program properly.
pub fn legalize(module: &mut Module, options: &LegalizeOptions<'_>) {
    let mut runtime = Runtime::for_module(module, options.debug_memory);
    let small = SmallInts::new(module);
    let writes = options.list_facts.then(|| Writes::new(module));
    for func in &mut module.functions {
        func.sig = machine_signature(&func.sig);
    }
    let closures: Vec<Option<Closure>> = module.functions.iter_mut().map(|func| func.closure.take()).collect();
    let known = lower::Known { small: &small, writes: writes.as_ref(), closures: &closures, line: options.line };
    let program_functions = module.functions.len();
    for id in (0..program_functions).map(FuncId::new) {
        let func = module.func_mut(id);
        if func.import.is_some() || func.phase == Phase::Legalized {
            continue;
        }
        assert_eq!(func.phase, Phase::Counted, "{} has not been counted", func.name);
        let placeholder = Function::new("", Signature::default(), Phase::Legalized);
        let old = std::mem::replace(func, placeholder);
        *module.func_mut(id) = lower::function(id, &old, &known, module, &mut runtime);
    }
    if module.start.is_some() {
        module.start = Some(start::wrap(module, &mut runtime));
    }
    module.stdout_state = runtime.stdout_state(module);
    module.realloc = runtime.realloc(module);
    for global in &mut module.globals {
        global.ty = global.ty.machine();
    }
}

fn machine_signature(sig: &Signature) -> Signature {
    let mut sig = sig.clone();
    sig.params.iter_mut().for_each(|param| param.ty = param.ty.machine());
    sig.results.iter_mut().for_each(|ty| *ty = ty.machine());
    sig
}
