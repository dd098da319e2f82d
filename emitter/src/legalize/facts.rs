//! Facts about lists that hold in a whole loop: where the elements lie and how many there are.
//!
//!     b1: i = …                    b0': buffer = list.buffer, length = list.fast length
//!         load list.fast length    b1:  i = …
//!         load list.buffer    =>        compare i with length
//!         …                             load buffer + i
//!
//! The object behind a value that lives is changed by index writes only, as whoever appends to a list
//! that something else has a share of gets a new one. So the facts of a list that comes from outside of a
//! loop are loaded before it, unless something in the loop may write lists of its type
//! ([`Writes`]). An index write of the loop itself extends a list in a cold block; that block loads the
//! facts of all lists of the type again, which are then parameters of the loop's blocks that several
//! others go to.
//!
//! Cranelift, which sees machine loads and stores, moves no load out of a loop.

use std::collections::HashMap;

use super::layout::{LIST_DATA, LIST_FAST_LENGTH};
use super::lower::Ctx;
use crate::analysis::{Cfg, Dominators, Loop, Loops, Slot, Writes};
use crate::ir::{
    Block, Function, Imm, InstData, Kind, ListType, MochiOp, Op, Target, Terminator, Type, Value, ValueDef, WasmOp,
};

/// Lists of one loop whose facts are parameters of its blocks, at most: there are few registers.
const MOST_CARRIED: usize = 4;

/// A list that a loop asks for facts of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    list: Value,
    ty: ListType,
    /// Whether index writes of the loop may change them.
    carried: bool,
}

/// What is known of one list in the code that is being written.
#[derive(Clone, Copy, Debug)]
struct Known {
    of: Loop,
    wanted: Wanted,
    buffer: Value,
    /// The fast length, as 64 bits.
    length: Value,
}

/// The facts of one function on its way.
pub(super) struct Facts {
    cfg: Cfg,
    loops: Loops,
    /// By loop.
    wanted: Vec<Vec<Wanted>>,
    /// The loop before which each block goes, for those at whose end facts are loaded.
    loads_for: HashMap<Block, Loop>,
    current: Vec<Known>,
    /// What is known at the end of each old block that has been written.
    at_end: HashMap<Block, Vec<Known>>,
}

/// The list that an operation looks into or writes to.
fn list_of(func: &Function, data: &InstData) -> Option<(Value, ListType)> {
    let Op::Mochi(
        MochiOp::ListGet
        | MochiOp::ListPeek
        | MochiOp::ListIndex
        | MochiOp::ListPeekIndex
        | MochiOp::ListAt
        | MochiOp::ListPeekAt
        | MochiOp::ListSet,
    ) = data.op
    else {
        return None;
    };
    match func.ty(data.args[0]).kind {
        Kind::List(ty) => Some((data.args[0], ty)),
        _ => None,
    }
}

impl Facts {
    /// None if there is nothing to load before a loop.
    pub(super) fn find(func: &Function, cfg: &Cfg, writes: &Writes) -> Option<Facts> {
        let has_lists =
            |&block: &Block| func.block(block).insts.iter().any(|&inst| list_of(func, func.inst(inst)).is_some());
        if !cfg.rpo().iter().any(has_lists) {
            return None;
        }
        let dom = Dominators::new(cfg);
        let loops = Loops::new(func, cfg, &dom);
        if !loops.is_reducible() || loops.iter().next().is_none() {
            return None;
        }
        let mut homes = vec![crate::ir::ENTRY; func.insts.len()];
        for &block in cfg.rpo() {
            func.block(block).insts.iter().for_each(|inst| homes[inst.index()] = block);
        }
        let home = |value: Value| match func.def(value) {
            ValueDef::Result(inst, _) => homes[inst.index()],
            ValueDef::Param(block, _) => block,
        };
        let count = loops.iter().count();
        let mut wanted: Vec<Vec<Wanted>> = vec![Vec::new(); count];
        for &block in cfg.rpo() {
            let Some(inner) = loops.innermost(block) else { continue };
            if func.block(block).cold {
                continue;
            }
            for &inst in &func.block(block).insts {
                let Some((list, ty)) = list_of(func, func.inst(inst)) else { continue };
                let known = &mut wanted[inner.index()];
                if !loops.contains(inner, home(list)) && known.iter().all(|known| known.list != list) {
                    known.push(Wanted { list, ty, carried: false });
                }
            }
        }
        // What the loops write, each with those in it.
        for &block in cfg.rpo() {
            let Some(inner) = loops.innermost(block) else { continue };
            for &inst in &func.block(block).insts {
                let written = writes.of_inst(func, inst);
                if written.is_empty() {
                    continue;
                }
                let is_set = func.inst(inst).op == Op::Mochi(MochiOp::ListSet);
                let mut around = Some(inner);
                while let Some(id) = around {
                    let lists = &mut wanted[id.index()];
                    if is_set && id == inner {
                        for known in lists.iter_mut() {
                            known.carried |= written.contains(Slot::Elements(known.ty));
                        }
                    } else {
                        lists.retain(|known| !written.contains(Slot::Elements(known.ty)));
                    }
                    around = loops.data(id).parent;
                }
            }
        }
        let mut loads_for = HashMap::new();
        for (id, data) in loops.iter() {
            let lists = &mut wanted[id.index()];
            let mut carried = 0;
            lists.retain(|known| {
                carried += usize::from(known.carried);
                !known.carried || carried <= MOST_CARRIED
            });
            let mut entries = cfg.preds(data.header).iter().filter(|pred| !data.latches.contains(pred));
            match (entries.next(), entries.next()) {
                (Some(&entry), None) if matches!(func.block(entry).term, Terminator::Jump(_)) => {
                    if !lists.is_empty() {
                        loads_for.insert(entry, id);
                    }
                }
                _ => lists.clear(),
            }
        }
        if loads_for.is_empty() {
            return None;
        }
        Some(Facts { cfg: cfg.clone(), loops, wanted, loads_for, current: Vec::new(), at_end: HashMap::new() })
    }

    /// The lists whose facts are parameters of a block.
    fn carried_by(&self, block: Block) -> Vec<(Loop, Wanted)> {
        let Some(id) = self.loops.innermost(block) else { return Vec::new() };
        if !self.loops.is_header(block) && self.cfg.preds(block).len() < 2 {
            return Vec::new();
        }
        self.wanted[id.index()].iter().filter(|known| known.carried).map(|&known| (id, known)).collect()
    }

    fn known(&self, list: Value) -> Option<&Known> {
        self.current.iter().rev().find(|known| known.wanted.list == list)
    }
}

impl Ctx<'_> {
    /// Adds the parameters that facts are to the copy of an old block.
    pub(super) fn add_fact_params(facts: &Facts, func: &mut Function, old: Block, copy: Block) {
        for _ in facts.carried_by(old) {
            func.add_param(copy, Type::I32);
            func.add_param(copy, Type::I64);
        }
    }

    /// What is known where an old block begins.
    pub(super) fn enter_facts(&mut self, old: Block) {
        let copy = self.blocks[old.index()];
        let Some(facts) = &mut self.facts else { return };
        let before = facts.cfg.preds(old).iter().find_map(|pred| facts.at_end.get(pred));
        let mut known: Vec<Known> = before.cloned().unwrap_or_default();
        known.retain(|known| facts.loops.contains(known.of, old));
        let carried = facts.carried_by(old);
        let params = &self.func.block(copy).params;
        let params = params[params.len() - 2 * carried.len()..].chunks_exact(2);
        for ((of, wanted), param) in carried.into_iter().zip(params) {
            known.retain(|known| known.of != of || known.wanted != wanted);
            known.push(Known { of, wanted, buffer: param[0], length: param[1] });
        }
        facts.current = known;
    }

    /// Loads what the loop after an old block wants, where that block ends.
    pub(super) fn leave_facts(&mut self, old: Block) {
        let Some(facts) = &self.facts else { return };
        if let Some(&of) = facts.loads_for.get(&old) {
            for wanted in facts.wanted[of.index()].clone() {
                let (buffer, length) = self.load_facts(wanted.list);
                let facts = self.facts.as_mut().expect("facts do not vanish");
                facts.current.push(Known { of, wanted, buffer, length });
            }
        }
        let facts = self.facts.as_mut().expect("facts do not vanish");
        facts.at_end.insert(old, facts.current.clone());
    }

    /// The copy of a target, with the facts that are its block's parameters.
    pub(super) fn target(&self, target: &Target) -> Target {
        let mut args: Vec<Value> = target.args.iter().map(|&arg| self.get(arg)).collect();
        if let Some(facts) = &self.facts {
            for (of, wanted) in facts.carried_by(target.block) {
                let known = facts.current.iter().find(|known| known.of == of && known.wanted == wanted);
                let known =
                    known.unwrap_or_else(|| panic!("{} is known in its loop in {}", wanted.list, self.old.name));
                args.extend([known.buffer, known.length]);
            }
        }
        Target { block: self.blocks[target.block.index()], args }
    }

    fn load_facts(&mut self, old_list: Value) -> (Value, Value) {
        let list = self.get(old_list);
        let buffer = self.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_DATA));
        let length = self.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_FAST_LENGTH));
        (buffer, self.op(WasmOp::I64ExtendI32U, &[length]))
    }

    /// The address of an old list's elements.
    pub(super) fn list_buffer(&mut self, old_list: Value) -> Value {
        if let Some(known) = self.facts.as_ref().and_then(|facts| facts.known(old_list)) {
            return known.buffer;
        }
        let list = self.get(old_list);
        self.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_DATA))
    }

    /// The fast length of an old list, as 64 bits.
    pub(super) fn list_fast_length(&mut self, old_list: Value) -> Value {
        if let Some(known) = self.facts.as_ref().and_then(|facts| facts.known(old_list)) {
            return known.length;
        }
        let list = self.get(old_list);
        let length = self.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_FAST_LENGTH));
        self.op(WasmOp::I64ExtendI32U, &[length])
    }

    /// The facts of lists of a type that an index write here may change, as arguments.
    pub(super) fn facts_of(&self, ty: ListType) -> Vec<Value> {
        let known = self.facts.iter().flat_map(|facts| &facts.current);
        let known = known.filter(|known| known.wanted.carried && known.wanted.ty == ty);
        known.flat_map(|known| [known.buffer, known.length]).collect()
    }

    /// The same, loaded again.
    pub(super) fn reload_facts(&mut self, ty: ListType) -> Vec<Value> {
        let known: Vec<Known> = self.facts.iter().flat_map(|facts| facts.current.clone()).collect();
        let mut values = Vec::new();
        for known in known.iter().filter(|known| known.wanted.carried && known.wanted.ty == ty) {
            let (buffer, length) = self.load_facts(known.wanted.list);
            values.extend([buffer, length]);
        }
        values
    }

    /// From here on the values stand for what `facts_of` gave.
    pub(super) fn replace_facts(&mut self, ty: ListType, values: &[Value]) {
        let known = self.facts.iter_mut().flat_map(|facts| &mut facts.current);
        let known = known.filter(|known| known.wanted.carried && known.wanted.ty == ty);
        for (known, value) in known.zip(values.chunks_exact(2)) {
            (known.buffer, known.length) = (value[0], value[1]);
        }
    }
}
