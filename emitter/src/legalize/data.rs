//! Loading and saving: all of it is the runtime's, which is told what the program's types are.

use super::lower::Ctx;
use crate::ir::{Imm, InstData, MochiOp, Type, Value, WasmOp};
use crate::runtime::RuntimeFn;

impl Ctx<'_> {
    /// The operations that have a result.
    pub(super) fn data_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        let mut args: Vec<Value> = data.args.iter().map(|&arg| self.get(arg)).collect();
        let func = match op {
            MochiOp::FileOpen => RuntimeFn::FileOpen,
            MochiOp::FileCreate => RuntimeFn::FileCreate,
            MochiOp::LoadCsv => RuntimeFn::LoadCsv,
            MochiOp::LoadJson => RuntimeFn::LoadJson,
            MochiOp::LoadJsonl => RuntimeFn::LoadJsonl,
            MochiOp::LoadYaml => RuntimeFn::LoadYaml,
            other => unreachable!("{} loads nothing", other.name()),
        };
        if let Imm::Shape(shape) = data.imm {
            let shape = self.runtime.shape(self.module, shape);
            args.push(self.op_with(WasmOp::DataAddr, &[], Imm::Data(shape)));
        }
        let site = self.site();
        args.push(self.i32(site));
        self.call_value(func, &args)
    }

    /// The operations on rows that are saved.
    pub(super) fn save(&mut self, op: MochiOp, data: &InstData) {
        let func = match op {
            MochiOp::RowsCheck => RuntimeFn::RowsCheck,
            MochiOp::SaveCsv => RuntimeFn::SaveCsv,
            MochiOp::SaveJson => RuntimeFn::SaveJson,
            MochiOp::SaveJsonl => RuntimeFn::SaveJsonl,
            MochiOp::SaveYaml => RuntimeFn::SaveYaml,
            other => unreachable!("{} saves nothing", other.name()),
        };
        let mut args: Vec<Value> = data.args.iter().map(|&arg| self.get(arg)).collect();
        let site = self.site();
        if self.old.ty(data.args[0]) == Type::ANY {
            let site = self.i32(site);
            args[0] = self.call_value(RuntimeFn::AnyList, &[args[0], site]);
        }
        args.push(self.i32(site));
        self.call(func, &args);
    }
}
