//! Finds what the start function reaches: functions, globals and data.
//!
//! Only instructions that will be emitted count, so what only dead code mentions is left out.

use super::needed::Needed;
use crate::analysis::Cfg;
use crate::ir::{DataId, FuncId, Imm, Module};

/// What of a module is emitted, by the numbers of the module.
pub(super) struct Reached {
    pub(super) functions: Vec<bool>,
    pub(super) globals: Vec<bool>,
    pub(super) data: Vec<bool>,
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
        bodies: module.functions.iter().map(|_| None).collect(),
    };
    let mut functions: Vec<FuncId> = module.start.into_iter().collect();
    let mut data: Vec<DataId> = module.stdout_state.into_iter().collect();
    while let Some(id) = functions.pop() {
        if std::mem::replace(&mut reached.functions[id.index()], true) {
            continue;
        }
        let func = module.func(id);
        if func.import.is_some() {
            continue;
        }
        let cfg = Cfg::new(func);
        let needed = Needed::new(func, &cfg);
        for &block in cfg.rpo() {
            for &inst in func.block(block).insts.iter().filter(|&&inst| needed.has_inst(inst)) {
                match func.inst(inst).imm {
                    Imm::Func(callee) => functions.push(callee),
                    Imm::Global(global) => reached.globals[global.index()] = true,
                    Imm::Data(id) => data.push(id),
                    Imm::None | Imm::I32(_) | Imm::I64(_) | Imm::F64(_) | Imm::Offset(_) => {}
                }
            }
        }
        reached.bodies[id.index()] = Some(Body { cfg, needed });
    }
    while let Some(id) = data.pop() {
        if !std::mem::replace(&mut reached.data[id.index()], true) {
            let blob = &module.data[id.index()];
            data.extend(blob.relocs.iter().chain(&blob.word_relocs).map(|&(_, to)| to));
        }
    }
    reached
}
