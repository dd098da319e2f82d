//! Which places that hold shares functions may give another value, by class.
//!
//! A place is known by its class only: a field of the records of a type, the elements of lists of a
//! type, a global. Two lists are of one type if they can be the same list, so writing one class
//! never changes what another holds. What a function writes includes what those write that it calls;
//! who calls a function value may get any function that is one.

use std::collections::BTreeSet;

use crate::ir::{
    Block, Effect, FuncId, Function, GlobalId, Imm, Inst, Kind, ListType, MochiOp, Module, Op, RecordType,
};

/// A class of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    Field(RecordType, u32),
    Elements(ListType),
    Global(GlobalId),
    /// What a closure captures, which is never written.
    Capture,
}

impl Slot {
    /// What the operation reads the value of.
    pub fn read_by(func: &Function, inst: Inst) -> Option<Slot> {
        let data = func.inst(inst);
        match (data.op, data.imm) {
            (Op::Mochi(MochiOp::LoadGlobal), Imm::Global(global)) => Some(Slot::Global(global)),
            (Op::Mochi(MochiOp::ClosureGet), _) => Some(Slot::Capture),
            (Op::Mochi(MochiOp::RecordGet | MochiOp::ListGet | MochiOp::ListIndex | MochiOp::ListAt), _) => {
                Slot::of_operand(func, inst)
            }
            _ => None,
        }
    }

    /// The places that the first operand has and the immediate names.
    fn of_operand(func: &Function, inst: Inst) -> Option<Slot> {
        let data = func.inst(inst);
        match (func.ty(*data.args.first()?).kind, data.imm) {
            (Kind::Record(record), Imm::I32(index)) => Some(Slot::Field(record, index as u32)),
            (Kind::List(list), _) => Some(Slot::Elements(list)),
            _ => None,
        }
    }
}

/// The places that something may write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteSet {
    everything: bool,
    slots: BTreeSet<Slot>,
}

impl WriteSet {
    pub fn contains(&self, slot: Slot) -> bool {
        slot != Slot::Capture && (self.everything || self.slots.contains(&slot))
    }

    pub fn is_empty(&self) -> bool {
        !self.everything && self.slots.is_empty()
    }

    /// Adds what another has; whether anything is new.
    fn add(&mut self, other: &WriteSet) -> bool {
        let before = (self.everything, self.slots.len());
        self.everything |= other.everything;
        if !self.everything {
            self.slots.extend(&other.slots);
        }
        before != (self.everything, self.slots.len())
    }
}

/// What the functions of a module write.
#[derive(Clone, Debug)]
pub struct Writes {
    functions: Vec<WriteSet>,
    /// What a function value may write.
    values: WriteSet,
}

impl Writes {
    pub fn new(module: &Module) -> Writes {
        let count = module.functions.len();
        let mut writes = Writes { functions: vec![WriteSet::default(); count], values: WriteSet::default() };
        let by_value = module.called_by_value();
        // Who calls each function; the last place is for those that call values.
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); count + 1];
        for (index, func) in module.functions.iter().enumerate() {
            for &inst in func.blocks.iter().flat_map(|block| &block.insts) {
                match (func.inst(inst).op, func.inst(inst).imm) {
                    (Op::Call, Imm::Func(callee)) => callers[callee.index()].push(index),
                    (Op::CallValue, _) => callers[count].push(index),
                    _ => {
                        let own = writes.of_inst(func, inst);
                        writes.functions[index].add(&own);
                    }
                }
            }
            if func.import.is_some() {
                writes.functions[index].everything = true;
            }
        }
        let mut work: Vec<usize> = (0..count).collect();
        while let Some(index) = work.pop() {
            let set = writes.functions[index].clone();
            for &caller in &callers[index] {
                if writes.functions[caller].add(&set) {
                    work.push(caller);
                }
            }
            if by_value[index] && writes.values.add(&set) {
                for &caller in &callers[count] {
                    if writes.functions[caller].add(&set) {
                        work.push(caller);
                    }
                }
            }
        }
        writes
    }

    /// What one instruction may write.
    pub fn of_inst(&self, func: &Function, inst: Inst) -> WriteSet {
        let data = func.inst(inst);
        let one = |slot: Option<Slot>| WriteSet { everything: slot.is_none(), slots: slot.into_iter().collect() };
        let op = match (data.op, data.imm) {
            (Op::Call, Imm::Func(callee)) => return self.of_func(callee).clone(),
            (Op::CallValue, _) => return self.values.clone(),
            (Op::Mochi(op), _) => op,
            (Op::Call | Op::CallIndirect | Op::Wasm(_), _) => {
                return WriteSet { everything: data.op.effect() == Effect::Write, slots: BTreeSet::new() };
            }
        };
        match (op, data.imm) {
            (MochiOp::StoreGlobal | MochiOp::TakeGlobal, Imm::Global(global)) => one(Some(Slot::Global(global))),
            (MochiOp::RecordSet | MochiOp::RecordTake | MochiOp::ListSet, _) => one(Slot::of_operand(func, inst)),
            // Places that hold nothing are filled, others told or read.
            (
                MochiOp::InitGlobal
                | MochiOp::RecordInit
                | MochiOp::ClosureInit
                // Nothing is lent by a map.
                | MochiOp::MapSet
                | MochiOp::AnyLen
                | MochiOp::AnyGet
                | MochiOp::AnySlice
                | MochiOp::AnyGetField
                | MochiOp::AnyHas
                | MochiOp::AnyPush
                | MochiOp::AnyIter
                | MochiOp::AnyDigest
                | MochiOp::AnyToInt
                | MochiOp::AnyToBigint
                | MochiOp::AnyToFloat
                | MochiOp::AnyToBool
                | MochiOp::AnyToText
                | MochiOp::AnyElements
                | MochiOp::AnyKeys
                | MochiOp::MapTake
                | MochiOp::ListGet
                | MochiOp::ListPeek
                | MochiOp::ListIndex
                | MochiOp::ListPeekIndex
                | MochiOp::Dup
                | MochiOp::Drop
                | MochiOp::Print
                | MochiOp::Json
                | MochiOp::Mem
                | MochiOp::PrintData
                | MochiOp::Input
                | MochiOp::InputOrNone
                | MochiOp::Now
                | MochiOp::Clock
                | MochiOp::FileOpen
                | MochiOp::FileCreate
                | MochiOp::LoadCsv
                | MochiOp::LoadJson
                | MochiOp::LoadJsonl
                | MochiOp::LoadYaml
                | MochiOp::RowsCheck
                | MochiOp::SaveCsv
                | MochiOp::SaveJson
                | MochiOp::SaveJsonl
                | MochiOp::SaveYaml
                | MochiOp::Expect
                | MochiOp::Fail,
                _,
            ) => WriteSet::default(),
            _ => WriteSet { everything: op.effect() == Effect::Write, slots: BTreeSet::new() },
        }
    }

    /// What any of the instructions of some blocks may write.
    pub fn of_blocks(&self, func: &Function, blocks: &[Block]) -> WriteSet {
        let mut all = WriteSet::default();
        for &inst in blocks.iter().flat_map(|&block| &func.block(block).insts) {
            all.add(&self.of_inst(func, inst));
        }
        all
    }

    pub fn of_func(&self, func: FuncId) -> &WriteSet {
        &self.functions[func.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse;

    #[test]
    fn calls_write_what_the_called_write() {
        let module = parse(
            "record R { a: str, b: str }
            global g0 kept: str = i32 0
            func set(v0: @R, v1: str) {
            b0:
                record.set 1 v0, v1
                return
            }
            func code(v0: fun<@R, str>, v1: @R, v2: str) captures () {
            b0:
                call set(v1, v2)
                return
            }
            func keep(v0: fun<@R, str>, v1: @R, v2: str) {
            b0:
                global.store g0 v2
                call_value(v0, v1, v2)
                return
            }
            func fill(v0: @R, v1: list<str>, v2: str) {
            b0:
                v3: list<str> = list.append v1, v2
                v4: int = int.const 0
                list.set v3, v4, v2
                return
            }",
        );
        let module = module.expect("well-formed text").module;
        let writes = Writes::new(&module);
        let slots = |index: usize| writes.functions[index].slots.iter().copied().collect::<Vec<_>>();
        let field = Slot::Field(RecordType(0), 1);
        assert_eq!(slots(0), [field]);
        assert_eq!(slots(1), [field]);
        assert_eq!(slots(2), [field, Slot::Global(GlobalId(0))]);
        assert_eq!(slots(3), [Slot::Elements(ListType(0))]);
        assert!(!writes.functions[2].contains(Slot::Field(RecordType(0), 0)));
    }
}
