//! Numbers the functions whose address is taken, for the interpreter and for emission alike.
//!
//! The numbers are indexes into the table that indirect calls look into. They begin at 1, so
//! that 0 stands for no function, as it does for addresses.

use super::{FuncId, Imm, Module, Op, WasmOp};

/// The functions that can be called indirectly, in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    functions: Vec<FuncId>,
}

impl Table {
    /// All functions whose address some function or some data of the module has.
    pub fn of(module: &Module) -> Table {
        let code = module.functions.iter().flat_map(|func| &func.insts).filter_map(|inst| match (inst.op, inst.imm) {
            (Op::Wasm(WasmOp::FuncIndex), Imm::Func(func)) => Some(func),
            _ => None,
        });
        let data = module.data.iter().flat_map(|blob| &blob.func_relocs).map(|&(_, func)| func);
        Table::new(code.chain(data))
    }

    pub fn new(functions: impl Iterator<Item = FuncId>) -> Table {
        let mut functions: Vec<FuncId> = functions.collect();
        functions.sort_unstable();
        functions.dedup();
        Table { functions }
    }

    /// In the order of their numbers, of which the first is 1.
    pub fn functions(&self) -> &[FuncId] {
        &self.functions
    }

    pub fn number(&self, func: FuncId) -> u32 {
        let at = self.functions.binary_search(&func);
        at.unwrap_or_else(|_| panic!("{func} is called indirectly, but is not in the table")) as u32 + 1
    }

    pub fn get(&self, number: u32) -> Option<FuncId> {
        let at = number.checked_sub(1)?;
        self.functions.get(at as usize).copied()
    }
}
