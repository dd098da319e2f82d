//! The ownership rule of the counted phase.

use std::collections::BTreeMap;

use super::order::Order;
use super::{Place, Verifier};
use crate::ir::{
    Block, ENTRY, Function, Imm, Inst, MochiOp, Op, Ownership, Target, Terminator, Value, ValueDef, is_uncounted,
};

/// The shares of the values at the place that is being checked.
type Shares = BTreeMap<Value, u32>;

/// Checks the ownership rule in one walk: as the shares must agree wherever paths meet, those of
/// the first path to a block are those of all.
pub(super) struct Counts<'v, 'm> {
    pub(super) verifier: &'v mut Verifier<'m>,
    pub(super) func: &'m Function,
    /// Shares at the start of a block and whence they came: from the first path that led there
    /// until the last edge was compared.
    pub(super) entries: Vec<Option<(Shares, Block)>>,
    /// The edges to each block that are yet to be seen.
    edges_left: Vec<usize>,
    /// Values that were complained about.
    blamed: Vec<bool>,
}

impl<'v, 'm> Counts<'v, 'm> {
    pub(super) fn new(verifier: &'v mut Verifier<'m>, order: &Order) -> Counts<'v, 'm> {
        let func = verifier.func;
        let mut edges_left = vec![0; func.blocks.len()];
        for (&block, preds) in order.reached.iter().zip(&order.preds) {
            edges_left[block.index()] = preds.len();
        }
        Counts {
            entries: vec![None; func.blocks.len()],
            edges_left,
            blamed: vec![false; func.values.len()],
            verifier,
            func,
        }
    }

    pub(super) fn check(mut self, order: &Order) {
        let func = self.func;
        self.entries[0] = Some((Shares::new(), ENTRY));
        for &block in &order.reached {
            let entry = &mut self.entries[block.index()];
            let entry = if self.edges_left[block.index()] == 0 { entry.take() } else { entry.clone() };
            let Some((mut shares, _)) = entry else {
                unreachable!("reverse postorder has a predecessor before each block")
            };
            for (index, &param) in func.block(block).params.iter().enumerate() {
                let owned = block != ENTRY || func.sig.params[index].owned;
                if owned && !is_uncounted(func, param) {
                    shares.insert(param, 1);
                }
            }
            for &inst in &func.block(block).insts {
                self.inst(inst, &mut shares);
            }
            self.terminator(order, block, shares);
        }
    }

    fn blame(&mut self, place: Place, value: Value, message: impl FnOnce(String) -> String) {
        if !std::mem::replace(&mut self.blamed[value.index()], true) {
            let name = self.verifier.name(value);
            self.verifier.fault(place, message(name));
        }
    }

    fn is_borrowed(&self, value: Value) -> bool {
        match self.func.def(value) {
            ValueDef::Param(block, index) => block == ENTRY && !self.func.sig.params[index as usize].owned,
            ValueDef::Result(inst, _) => self.is_lent(inst),
        }
    }

    /// Whether the result of the instruction is lent by the place that it was read from.
    fn is_lent(&self, inst: Inst) -> bool {
        matches!(self.func.inst(inst).op, Op::Mochi(op) if op.result_is_lent())
    }

    fn consume(&mut self, place: Place, value: Value, shares: &mut Shares) {
        if is_uncounted(self.func, value) {
            return;
        }
        match shares.get_mut(&value) {
            Some(1) => {
                shares.remove(&value);
            }
            Some(count) => *count -= 1,
            None if self.is_borrowed(value) => {
                let what = match self.func.def(value) {
                    ValueDef::Param(..) => "borrowed parameter",
                    ValueDef::Result(..) => "lent",
                };
                self.blame(place, value, |name| format!("the {what} {name} is consumed without a dup"));
            }
            None => self.blame(place, value, |name| format!("{name} is consumed, but no share of it is left")),
        }
    }

    pub(super) fn borrow(&mut self, place: Place, value: Value, shares: &Shares) {
        if !is_uncounted(self.func, value) && !shares.contains_key(&value) && !self.is_borrowed(value) {
            self.blame(place, value, |name| format!("{name} is used, but no share of it is left"));
        }
    }

    pub(super) fn inst(&mut self, inst: Inst, shares: &mut Shares) {
        let func = self.func;
        let place = Place::Inst(inst);
        let data = func.inst(inst);
        let ownership = |index: usize| match data.op {
            Op::Mochi(op) => op.params()[index].0,
            Op::Wasm(_) | Op::CallIndirect => Ownership::Borrow,
            Op::CallValue if index > 0 => Ownership::Own,
            Op::CallValue => Ownership::Borrow,
            Op::Call => match data.imm {
                Imm::Func(callee) if self.verifier.module.func(callee).sig.params[index].owned => Ownership::Own,
                _ => Ownership::Borrow,
            },
        };
        let ownership: Vec<Ownership> = (0..data.args.len()).map(ownership).collect();
        for (&arg, &ownership) in data.args.iter().zip(&ownership) {
            if ownership == Ownership::Own {
                self.consume(place, arg, shares);
            }
        }
        for (&arg, &ownership) in data.args.iter().zip(&ownership) {
            if ownership != Ownership::Own {
                self.borrow(place, arg, shares);
            }
        }
        for (index, &arg) in data.args.iter().enumerate() {
            if ownership[index] == Ownership::Flex && data.consumed >> index & 1 != 0 {
                self.consume(place, arg, shares);
            }
        }
        if data.op == Op::Mochi(MochiOp::Dup) && !is_uncounted(func, data.args[0]) {
            *shares.entry(data.args[0]).or_default() += 1;
        }
        for &result in &data.results {
            if !is_uncounted(func, result) && !self.is_lent(inst) {
                shares.insert(result, 1);
            }
        }
    }

    pub(super) fn terminator(&mut self, order: &Order, block: Block, mut shares: Shares) {
        let func = self.func;
        let place = Place::Term(block);
        match &func.block(block).term {
            Terminator::Return(values) => {
                for &value in values {
                    self.consume(place, value, &mut shares);
                }
                for &value in shares.keys() {
                    self.blame(place, value, |name| format!("{name} is never consumed on a path to this return"));
                }
            }
            Terminator::Jump(target) => self.edge(order, block, target, shares),
            Terminator::Branch { cond: _, then, otherwise } => {
                self.edge(order, block, then, shares.clone());
                self.edge(order, block, otherwise, shares);
            }
            Terminator::Unreachable => {}
        }
    }

    pub(super) fn edge(
        &mut self,
        order: &Order,
        from: Block,
        Target { block: target, args }: &Target,
        mut shares: Shares,
    ) {
        let place = Place::Term(from);
        for &arg in args {
            self.consume(place, arg, &mut shares);
        }
        self.edges_left[target.index()] -= 1;
        let Some((expected, other)) = &self.entries[target.index()] else {
            self.entries[target.index()] = Some((shares, from));
            return;
        };
        let mut different = Vec::new();
        if shares != *expected {
            let count = |shares: &Shares, value: &Value| shares.get(value).copied().unwrap_or(0);
            let all = shares.keys().chain(expected.keys()).copied();
            different.extend(all.map(|value| (value, count(&shares, &value), count(expected, &value))));
            different.retain(|&(_, here, there)| here != there);
        }
        let other = *other;
        for (value, here, there) in different {
            self.blame(place, value, |name| {
                format!("{name} has {here} shares on the way from here to {target}, {there} on the way from {other}")
            });
        }
        // Nothing compares with the start of a loop after its last way back.
        if self.edges_left[target.index()] == 0 && order.number(*target) <= order.number(from) {
            self.entries[target.index()] = None;
        }
    }
}
