//! Finds what the start function reaches: functions, globals, data and signatures.
//!
//! Only instructions that will be emitted count, so what only dead code mentions is left out.

use super::needed::Needed;
use crate::analysis::Cfg;
use crate::ir::{DataId, FuncId, Imm, Module, Op, Table, WasmOp};

/// What of a module is emitted, by the numbers of the module.
pub(super) struct Reached {
    pub(super) functions: Vec<bool>,
    pub(super) globals: Vec<bool>,
    pub(super) data: Vec<bool>,
    pub(super) sigs: Vec<bool>,
    /// The functions that code or data of these calls indirectly.
    pub(super) table: Table,
    /// What is known about the reached functions with a body.
    pub(super) bodies: Vec<Option<Body>>,
}

pub(super) struct Body {
    pub(super) cfg: Cfg,
    pub(super) needed: Needed,
}

pub(super) fn reach(module: &Module) -> Reached {
    let mut reached = Reached {
        functions: vec![false; module.functions.len()],
        globals: vec![false; module.globals.len()],
        data: vec![false; module.data.len()],
        sigs: vec![false; module.sigs.len()],
        table: Table::default(),
        bodies: module.functions.iter().map(|_| None).collect(),
    };
    let mut functions: Vec<FuncId> = module.start.into_iter().chain(module.realloc).collect();
    let mut data: Vec<DataId> = module.stdout_state.into_iter().collect();
    let mut in_table: Vec<FuncId> = Vec::new();
    // Data may hold numbers of functions, and functions addresses of data.
    loop {
        if let Some(id) = functions.pop() {
            reached.function(module, id, &mut functions, &mut data, &mut in_table);
        } else if let Some(id) = data.pop() {
            if !std::mem::replace(&mut reached.data[id.index()], true) {
                let blob = &module.data[id.index()];
                data.extend(blob.relocs.iter().chain(&blob.word_relocs).map(|&(_, to)| to));
                in_table.extend(blob.func_relocs.iter().map(|&(_, func)| func));
                functions.extend(blob.func_relocs.iter().map(|&(_, func)| func));
            }
        } else {
            break;
        }
    }
    reached.table = Table::new(in_table.into_iter());
    reached
}

impl Reached {
    fn function(
        &mut self,
        module: &Module,
        id: FuncId,
        functions: &mut Vec<FuncId>,
        data: &mut Vec<DataId>,
        in_table: &mut Vec<FuncId>,
    ) {
        if std::mem::replace(&mut self.functions[id.index()], true) {
            return;
        }
        let func = module.func(id);
        if func.import.is_some() {
            return;
        }
        let cfg = Cfg::new(func);
        let needed = Needed::new(func, &cfg);
        for &block in cfg.rpo() {
            for &inst in func.block(block).insts.iter().filter(|&&inst| needed.has_inst(inst)) {
                let inst = func.inst(inst);
                match inst.imm {
                    Imm::Func(callee) => {
                        functions.push(callee);
                        in_table.extend((inst.op == Op::Wasm(WasmOp::FuncIndex)).then_some(callee));
                    }
                    Imm::Sig(sig) => self.sigs[sig.index()] = true,
                    Imm::Global(global) => self.globals[global.index()] = true,
                    Imm::Data(id) => data.push(id),
                    Imm::None
                    | Imm::I32(_)
                    | Imm::I64(_)
                    | Imm::F64(_)
                    | Imm::Offset(_)
                    | Imm::Record(_)
                    | Imm::Shape(_) => {}
                }
            }
        }
        self.bodies[id.index()] = Some(Body { cfg, needed });
    }
}
