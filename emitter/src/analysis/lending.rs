//! Which values read from a place need no share of their own, because the place keeps one for as
//! long as they are used.
//!
//!     v1: @Node = record.get 0 v0         v1 is lent by v0's field if, up to its last use,
//!     v2: int = call count(v1)       =>   nothing writes that field of any node, and v0 is
//!     return v2                           kept: it may not be moved away meanwhile
//!
//! A value that is lent lives, for who holds it, as long as its holder: a use of the one is a use of the
//! other ([`Lending::holders`]). Whoever borrows a parameter relies on its caller, which looks at
//! what the called function writes.

use super::writes::{Slot, Writes};
use super::{BitSet, Cfg, Liveness};
use crate::ir::{Block, ENTRY, Function, Inst, MochiOp, Op, Ownership, Type, Value};

/// What is lent in one function.
#[derive(Clone, Debug)]
pub struct Lending {
    lent: BitSet,
    /// By value: what must be kept while it is used.
    holders: Vec<Option<Value>>,
}

impl Lending {
    /// `ownership` tells how an instruction treats its operand of an index.
    pub fn new(func: &Function, cfg: &Cfg, writes: &Writes, ownership: impl Fn(Inst, usize) -> Ownership) -> Lending {
        let mut lending = Lending { lent: BitSet::new(), holders: vec![None; func.values.len()] };
        let mut slots: Vec<(Value, Slot)> = Vec::new();
        for &block in cfg.rpo() {
            for &inst in &func.block(block).insts {
                let data = func.inst(inst);
                let Some(slot) = Slot::read_by(func, inst) else { continue };
                let value = data.results[0];
                let ty = func.ty(value);
                // Words in lists are hardly ever counted: see legalization.
                let is_word = ty.machine() == Type::I64;
                if ty.is_counted() && !(is_word && matches!(slot, Slot::Elements(_))) {
                    slots.push((value, slot));
                    lending.lent.insert(value.index());
                    lending.holders[value.index()] = data.args.first().copied();
                }
            }
        }
        if slots.is_empty() {
            return lending;
        }
        let liveness = Liveness::with_holders(func, cfg, &lending.holders);
        let mut refused = BitSet::new();
        for &block in cfg.rpo() {
            lending.check_block(func, writes, &ownership, &liveness, &slots, block, &mut refused);
        }
        for &(value, _) in &slots {
            if refused.contains(value.index()) {
                lending.lent.remove(value.index());
                lending.holders[value.index()] = None;
            }
        }
        lending
    }

    pub fn is_lent(&self, value: Value) -> bool {
        self.lent.contains(value.index())
    }

    /// For each value that is lent who holds it; none for what a global holds.
    pub fn holders(&self) -> &[Option<Value>] {
        &self.holders
    }

    /// The value's holder, that one's holder and so on.
    pub fn chain(&self, value: Value) -> impl Iterator<Item = Value> {
        std::iter::successors(self.holders[value.index()], |holder| self.holders[holder.index()])
    }

    #[expect(clippy::too_many_arguments, reason = "one walk, with everything that it looks at")]
    fn check_block(
        &self,
        func: &Function,
        writes: &Writes,
        ownership: &impl Fn(Inst, usize) -> Ownership,
        liveness: &Liveness,
        slots: &[(Value, Slot)],
        block: Block,
        refused: &mut BitSet,
    ) {
        let data = func.block(block);
        let mut live = liveness.live_out(block).clone();
        let use_value = |live: &mut BitSet, value: Value| {
            live.insert(value.index());
            self.chain(value).for_each(|holder| {
                live.insert(holder.index());
            });
        };
        // What holds a lent value is not to be moved away, not even together with it.
        let refuse_moved = |live: &BitSet, moved: Value, refused: &mut BitSet| {
            for &(value, _) in slots {
                if self.holders[value.index()] == Some(moved) && live.contains(value.index()) {
                    refused.insert(value.index());
                }
            }
        };
        data.term.uses().for_each(|value| use_value(&mut live, value));
        data.term.uses().for_each(|value| refuse_moved(&live, value, refused));
        for &inst in data.insts.iter().rev() {
            let inst_data = func.inst(inst);
            inst_data.results.iter().for_each(|result| {
                live.remove(result.index());
            });
            inst_data.args.iter().for_each(|&arg| use_value(&mut live, arg));
            for (index, &arg) in inst_data.args.iter().enumerate() {
                if func.ty(arg).is_counted() && ownership(inst, index) == Ownership::Own {
                    refuse_moved(&live, arg, refused);
                }
            }
            let written = writes.of_inst(func, inst);
            if !written.is_empty() {
                for &(value, slot) in slots {
                    if written.contains(slot) && live.contains(value.index()) {
                        refused.insert(value.index());
                    }
                }
            }
        }
        debug_assert!(
            block != ENTRY || slots.iter().all(|&(value, _)| !live.contains(value.index())),
            "a value of {} lives before its definition",
            func.name
        );
    }
}

/// The operation that reads the same without taking a share.
pub fn lending_op(op: Op) -> Op {
    match op {
        Op::Mochi(MochiOp::RecordGet) => MochiOp::RecordPeek.into(),
        Op::Mochi(MochiOp::ListGet) => MochiOp::ListPeek.into(),
        Op::Mochi(MochiOp::ListIndex) => MochiOp::ListPeekIndex.into(),
        Op::Mochi(MochiOp::ListAt) => MochiOp::ListPeekAt.into(),
        Op::Mochi(MochiOp::LoadGlobal) => MochiOp::PeekGlobal.into(),
        Op::Mochi(MochiOp::ClosureGet) => MochiOp::ClosurePeek.into(),
        Op::Mochi(_) | Op::Wasm(_) | Op::Call | Op::CallIndirect | Op::CallValue => op,
    }
}
