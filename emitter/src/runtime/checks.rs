//! What the runtime's functions compute, run by the interpreter.
//!
//! Every check runs with the memory debugger, so that a result read after it was freed is
//! poison, and ends with as many live objects as it began with.

mod alloc;
mod copy;
mod csv;
mod decode;
mod elementary;
mod float;
mod http;
mod int;
mod io;
mod list;
mod map;
mod object;
mod rational;
mod read_yaml;
mod string;
mod write;

use super::{Features, Runtime};
use crate::ir::CapturingWasi;
use crate::ir::interp::{Interpreter, Trap, TrapKind};
use crate::ir::{FuncId, Module};

/// A module of these functions and what they reach.
fn module_of(names: &[&'static str]) -> Module {
    module_with(
        names,
        Features {
            debug_memory: true,
            any: true,
            maps: true,
            fields: true,
            rationals: true,
            cycles: false,
            texts: true,
            long_ints: true,
        },
    )
}

fn module_with(names: &[&'static str], features: Features) -> Module {
    let mut module = Module { files: vec!["test.mochi".to_owned()], ..Module::default() };
    let mut runtime = Runtime::new(features);
    let always = ["alloc", "free", "string_from_bytes", "string_release"];
    for name in always.iter().chain(names) {
        runtime.named(&mut module, name);
    }
    module
}

struct Machine<'m> {
    module: &'m Module,
    interp: Interpreter<'m, CapturingWasi>,
}

impl<'m> Machine<'m> {
    fn new(module: &'m Module) -> Machine<'m> {
        Machine { module, interp: Interpreter::new(module, CapturingWasi::default()) }
    }

    fn try_call(&mut self, name: &str, args: &[u64]) -> Result<u64, Trap> {
        let name = format!("runtime.{name}");
        let index = self.module.functions.iter().position(|func| func.name == name);
        let index = index.unwrap_or_else(|| panic!("{name} is not in the module"));
        Ok(self.interp.run(FuncId::new(index), args)?.first().copied().unwrap_or_default())
    }

    fn call(&mut self, name: &str, args: &[u64]) -> u64 {
        self.try_call(name, args).unwrap_or_else(|trap| panic!("{name}{args:?}: {trap}"))
    }

    /// The exit code and what was written to standard error.
    fn fail(&mut self, name: &str, args: &[u64]) -> (i32, String) {
        match self.try_call(name, args) {
            Err(Trap { kind: TrapKind::Exit(code), trace: _ }) => (code, self.interp.host.errors()),
            other => panic!("{name}{args:?} gave {other:?}"),
        }
    }

    fn u32(&self, address: u64) -> u32 {
        let bytes = &self.interp.memory()[address as usize..][..4];
        u32::from_le_bytes(bytes.try_into().expect("four bytes"))
    }

    fn write(&mut self, address: u64, bytes: &[u8]) {
        self.interp.memory_mut()[address as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    /// A new string.
    fn string(&mut self, text: &[u8]) -> u64 {
        let size = text.len().max(16) as u64;
        let bytes = self.call("alloc", &[size]);
        self.write(bytes, text);
        let string = self.call("string_from_bytes", &[bytes, text.len() as u64]);
        self.call("free", &[bytes, size]);
        string
    }

    /// The bytes of a string, which is released, after a check of its number of code points.
    fn take(&mut self, string: u64) -> Vec<u8> {
        let length = self.u32(string + 8) as usize;
        let bytes = self.interp.memory()[string as usize + 20..][..length].to_vec();
        assert_eq!(self.u32(string + 12) as usize, code_points(&bytes).len(), "{bytes:?}");
        assert!(self.u32(string) >= 1);
        self.call("string_release", &[string]);
        bytes
    }

    fn live_objects(&self) -> u64 {
        let index = self.module.globals.iter().position(|global| global.name == "runtime.live_objects");
        self.interp.globals()[index.expect("debugging memory")]
    }
}

/// Each code point, and each byte that is part of none.
fn code_points(bytes: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let width = (1..=rest.len().min(4)).find(|&width| std::str::from_utf8(&rest[..width]).is_ok()).unwrap_or(1);
        out.push(&rest[..width]);
        rest = &rest[width..];
    }
    out
}

/// SplitMix64: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}
