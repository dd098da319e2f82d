//! Failing checks: one cold block a function and kind of failure, whatever the number of checks. Code of
//! inlined calls has blocks of its own, so that the place of the report says what called it.
//!
//! The block's parameters are what the reporter is told. It never returns, which the block says
//! with `unreachable`: a call that looked as if it came back would cost the checks' neighbours.

use std::collections::BTreeMap;

use super::layout::LIST_INDEXES;
use super::lower::Ctx;
use crate::ir::{Block, Imm, InstData, Scope, Terminator, Value, WasmOp};
use crate::runtime::RuntimeFn;

/// The blocks made so far in one function.
#[derive(Default)]
pub(super) struct FailBlocks {
    division: BTreeMap<Scope, Block>,
    index: BTreeMap<Scope, Block>,
    expect: BTreeMap<Scope, Block>,
    message: BTreeMap<Scope, Block>,
}

impl Ctx<'_> {
    /// Fails unless `divisor_is_not_zero`.
    pub(super) fn require_divisor(&mut self, divisor_is_not_zero: Value) {
        let block = match self.fail_blocks.division.get(&self.scope) {
            Some(&block) => block,
            None => self.fail_block(RuntimeFn::FailDivisionByZero),
        };
        self.fail_blocks.division.insert(self.scope, block);
        let site = self.site();
        let site = self.i32(site);
        self.require(divisor_is_not_zero, block, &[site]);
    }

    /// Whether `list` is none and the index, which is not negative, could be that of a list.
    pub(super) fn is_index_of_none(&mut self, list: Value, index: Value) -> Value {
        let is_none = self.op(WasmOp::I32Eqz, &[list]);
        let limit = self.i64(LIST_INDEXES);
        let is_index = self.op(WasmOp::I64LtU, &[index, limit]);
        self.op(WasmOp::I32And, &[is_none, is_index])
    }

    /// Fails, for an index that is not negative, unless `holds`.
    pub(super) fn require_inside(&mut self, holds: Value, list: Value, index: Value) {
        let block = match self.fail_blocks.index.get(&self.scope) {
            Some(&block) => block,
            None => self.fail_block(RuntimeFn::ListFail),
        };
        self.fail_blocks.index.insert(self.scope, block);
        let site = self.site();
        let site = self.i32(site);
        self.require(holds, block, &[list, index, site]);
    }

    pub(super) fn expect(&mut self, data: &InstData) {
        let block = match self.fail_blocks.expect.get(&self.scope) {
            Some(&block) => block,
            None => self.fail_block(RuntimeFn::FailExpect),
        };
        self.fail_blocks.expect.insert(self.scope, block);
        let cond = self.get(data.args[0]);
        let args = self.message(data.imm);
        self.require(cond, block, &args);
    }

    pub(super) fn fail(&mut self, message: Imm) {
        self.func.block_mut(self.current).cold = true;
        let args = self.message(message);
        self.call(RuntimeFn::FailMessage, &args);
    }

    /// Jumps to the block that fails with `text`.
    pub(super) fn fail_with(&mut self, text: &str) {
        let block = match self.fail_blocks.message.get(&self.scope) {
            Some(&block) => block,
            None => self.fail_block(RuntimeFn::FailMessage),
        };
        self.fail_blocks.message.insert(self.scope, block);
        let data = self.runtime.statics.bytes(self.module, text.as_bytes());
        let args = self.message(Imm::Data(data));
        self.jump(block, &args);
    }

    /// Address and length of a message, and the site.
    fn message(&mut self, message: Imm) -> [Value; 3] {
        let Imm::Data(data) = message else { unreachable!("a message is static data") };
        let length = self.module.data[data.index()].size as i32;
        let site = self.site();
        [self.op_with(WasmOp::DataAddr, &[], message), self.i32(length), self.i32(site)]
    }

    fn fail_block(&mut self, reporter: RuntimeFn) -> Block {
        let (block, ()) = self.aside(|this| {
            let params: Vec<Value> =
                reporter.params().iter().map(|(ty, _)| this.func.add_param(this.current, ty.machine())).collect();
            this.call(reporter, &params);
            this.terminate(Terminator::Unreachable);
        });
        block
    }
}
