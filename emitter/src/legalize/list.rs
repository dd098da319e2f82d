//! Lists: lengths and elements inline, the runtime for growing and for what goes wrong.
//!
//! An index is compared as an unsigned word, so that one comparison refuses what is negative,
//! too large, a big number or none. In lists of words it is compared with the length that holds
//! only while all elements are small: the word behind it then needs no share, and writing a
//! small one keeps that so.
//!
//! None is a null pointer, and loading a length through it gives 0 (see `layout`).

use super::layout::{
    KIND_BOOL_LIST, KIND_FLOAT_LIST, KIND_POINTER_LIST, KIND_WORD_LIST, LIST_CAP, LIST_DATA, LIST_FAST_LENGTH,
    LIST_LENGTH,
};
use super::lower::{Ctx, to};
use crate::ir::{Imm, InstData, Kind, MochiOp, Type, Value, WasmOp};
use crate::runtime::RuntimeFn;

/// How the elements of a list lie in its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Words,
    Floats,
    Bools,
    Pointers,
}

impl Layout {
    fn of(element: Type) -> Layout {
        match element.kind {
            Kind::Int | Kind::Any => Layout::Words,
            Kind::Float => Layout::Floats,
            Kind::Bool => Layout::Bools,
            Kind::Str | Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => {
                Layout::Pointers
            }
            Kind::I32 | Kind::I64 | Kind::F64 => unreachable!("there are no lists of {element}"),
        }
    }

    pub(super) fn descriptor(self) -> u32 {
        match self {
            Layout::Words => KIND_WORD_LIST,
            Layout::Floats => KIND_FLOAT_LIST,
            Layout::Bools => KIND_BOOL_LIST,
            Layout::Pointers => KIND_POINTER_LIST,
        }
    }

    /// The logarithm of an element's size.
    fn shift(self) -> i32 {
        match self {
            Layout::Words | Layout::Floats => 3,
            Layout::Bools => 0,
            Layout::Pointers => 2,
        }
    }

    fn load(self) -> WasmOp {
        match self {
            Layout::Words => WasmOp::I64Load,
            Layout::Floats => WasmOp::F64Load,
            Layout::Bools => WasmOp::I32Load8U,
            Layout::Pointers => WasmOp::I32Load,
        }
    }

    fn store(self) -> WasmOp {
        match self {
            Layout::Words => WasmOp::I64Store,
            Layout::Floats => WasmOp::F64Store,
            Layout::Bools => WasmOp::I32Store8,
            Layout::Pointers => WasmOp::I32Store,
        }
    }

    fn append(self) -> RuntimeFn {
        match self {
            Layout::Words => RuntimeFn::ListAppendWord,
            Layout::Floats => RuntimeFn::ListAppendF64,
            Layout::Bools => RuntimeFn::ListAppendU8,
            Layout::Pointers => RuntimeFn::ListAppendPtr,
        }
    }

    fn get_slow(self) -> RuntimeFn {
        match self {
            Layout::Words => RuntimeFn::ListGetSlowWord,
            Layout::Floats => RuntimeFn::ListGetSlowF64,
            Layout::Bools => RuntimeFn::ListGetSlowU8,
            Layout::Pointers => RuntimeFn::ListGetSlowPtr,
        }
    }

    fn set_slow(self) -> RuntimeFn {
        match self {
            Layout::Words => RuntimeFn::ListSetSlowWord,
            Layout::Floats => RuntimeFn::ListSetSlowF64,
            Layout::Bools => RuntimeFn::ListSetSlowU8,
            Layout::Pointers => RuntimeFn::ListSetSlowPtr,
        }
    }

    fn contains(self) -> RuntimeFn {
        match self {
            Layout::Words => RuntimeFn::ListContainsWord,
            Layout::Floats => RuntimeFn::ListContainsF64,
            Layout::Bools => RuntimeFn::ListContainsU8,
            Layout::Pointers => RuntimeFn::ListContainsPtr,
        }
    }
}

/// A list that only the operations that fill it have seen: its length and room are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct FreshList {
    pub(super) length: i32,
    pub(super) room: i32,
}

impl Ctx<'_> {
    pub(super) fn list_op(&mut self, op: MochiOp, data: &InstData) -> Value {
        match op {
            MochiOp::ListNew => self.list_new(data),
            MochiOp::ListOf => self.list_of(data),
            MochiOp::ListPush => self.list_push(data),
            MochiOp::ListGet | MochiOp::ListPeek | MochiOp::ListIndex | MochiOp::ListPeekIndex => {
                self.list_get(op, data)
            }
            MochiOp::ListLen => {
                let list = self.get(data.args[0]);
                let length = self.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_LENGTH));
                self.op(WasmOp::I64ExtendI32U, &[length])
            }
            MochiOp::ListAt | MochiOp::ListPeekAt => self.list_at(op, data),
            MochiOp::ListSlice => self.runtime_op(RuntimeFn::ListSlice, data),
            MochiOp::ListConcat => self.runtime_op(RuntimeFn::ListConcat, data),
            MochiOp::ListContains if self.element(data).kind == Kind::Any => {
                self.runtime_op(RuntimeFn::ListContainsAny, data)
            }
            MochiOp::ListContains => self.runtime_op(self.layout(data).contains(), data),
            MochiOp::ListEq => self.runtime_op(RuntimeFn::ObjectEqual, data),
            MochiOp::ListNe => {
                let equal = self.runtime_op(RuntimeFn::ObjectEqual, data);
                self.op(WasmOp::I32Eqz, &[equal])
            }
            MochiOp::ListToStr => self.list_to_str(data),
            other => unreachable!("{} is not about lists", other.name()),
        }
    }

    /// The type of the elements of an operation's list: its first operand, or its result.
    fn element(&self, data: &InstData) -> Type {
        let list = self.old.ty(data.args.first().copied().unwrap_or_else(|| data.results[0]));
        self.module.element(list).unwrap_or_else(|| panic!("{list} is no list in {}", self.old.name))
    }

    fn layout(&self, data: &InstData) -> Layout {
        Layout::of(self.element(data))
    }

    /// The kind of the list that an operation on other things gives.
    pub(super) fn list_kind(&mut self, list: Type) -> Value {
        let element = self.module.element(list).unwrap_or_else(|| panic!("{list} is no list in {}", self.old.name));
        self.i32(Layout::of(element).descriptor() as i32)
    }

    fn list_new(&mut self, data: &InstData) -> Value {
        let Imm::I32(room) = data.imm else { unreachable!("a capacity is an i32") };
        self.fresh_lists.insert(data.results[0], FreshList { length: 0, room });
        let descriptor = self.i32(self.layout(data).descriptor() as i32);
        let room = self.i32(room);
        self.call_value(RuntimeFn::ListNew, &[descriptor, room])
    }

    fn list_of(&mut self, data: &InstData) -> Value {
        let Imm::Data(elements) = data.imm else { unreachable!("constants are static data") };
        let layout = self.layout(data);
        let length = self.module.data[elements.index()].size >> layout.shift();
        let elements = self.op_with(WasmOp::DataAddr, &[], Imm::Data(elements));
        let [descriptor, length] = [layout.descriptor(), length].map(|number| self.i32(number as i32));
        self.call_value(RuntimeFn::ListOf, &[descriptor, length, elements])
    }

    /// The length of a list that nothing else has seen or will see, if there is room for one more.
    fn fresh_length(&self, old: Value) -> Option<FreshList> {
        let fresh = *self.fresh_lists.get(&old)?;
        (self.uses.is_single(old) && fresh.length < fresh.room).then_some(fresh)
    }

    fn list_push(&mut self, data: &InstData) -> Value {
        let layout = self.layout(data);
        let (list, value) = (self.get(data.args[0]), self.get(data.args[1]));
        if let Some(FreshList { length, room }) = self.fresh_length(data.args[0]) {
            self.fresh_lists.insert(data.results[0], FreshList { length: length + 1, room });
            self.fill(layout, list, length, data.args[1]);
            return list;
        }
        if self.cold {
            return self.call_value(layout.append(), &[list, value]);
        }
        let count = self.share_count(list);
        let one = self.i32(1);
        let unshared = self.op(WasmOp::I32Eq, &[count, one]);
        let length = self.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_LENGTH));
        let room = self.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_CAP));
        let has_room = self.op(WasmOp::I32LtU, &[length, room]);
        let mut holds = self.op(WasmOp::I32And, &[unshared, has_room]);
        if layout == Layout::Words {
            let fast_length = self.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_FAST_LENGTH));
            let all_small = self.op(WasmOp::I32Eq, &[fast_length, length]);
            holds = self.op(WasmOp::I32And, &[holds, all_small]);
            if !self.is_small(data.args[1]) {
                let small = self.small_check(value);
                holds = self.op(WasmOp::I32And, &[holds, small]);
            }
        }
        self.fast_or_slow(
            holds,
            |this| {
                let buffer = this.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_DATA));
                let address = this.element_address(layout, buffer, length);
                this.effect(layout.store(), &[address, value], Imm::Offset(0));
                let one = this.i32(1);
                let longer = this.op(WasmOp::I32Add, &[length, one]);
                this.effect(WasmOp::I32Store, &[list, longer], Imm::Offset(LIST_LENGTH));
                this.effect(WasmOp::I32Store, &[list, longer], Imm::Offset(LIST_FAST_LENGTH));
                list
            },
            |this| this.call_value(layout.append(), &[list, value]),
        )
    }

    /// Adds an element to a list of a known length that has room for it.
    fn fill(&mut self, layout: Layout, list: Value, length: i32, old: Value) {
        let value = self.get(old);
        let buffer = self.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_DATA));
        self.effect(layout.store(), &[buffer, value], Imm::Offset((length as u32) << layout.shift()));
        let longer = self.i32(length + 1);
        self.effect(WasmOp::I32Store, &[list, longer], Imm::Offset(LIST_LENGTH));
        let mut fast_length = longer;
        if layout == Layout::Words {
            let before = self.op_with(WasmOp::I32Load, &[list], Imm::Offset(LIST_FAST_LENGTH));
            let length = self.i32(length);
            let mut all_small = self.op(WasmOp::I32Eq, &[before, length]);
            if !self.is_small(old) {
                let small = self.small_check(value);
                all_small = self.op(WasmOp::I32And, &[all_small, small]);
            }
            let zero = self.i32(0);
            fast_length = self.op(WasmOp::I32Select, &[longer, zero, all_small]);
        }
        self.effect(WasmOp::I32Store, &[list, fast_length], Imm::Offset(LIST_FAST_LENGTH));
    }

    /// The address of the element at a position that lies inside.
    fn element_address(&mut self, layout: Layout, buffer: Value, position: Value) -> Value {
        let mut offset = position;
        if layout.shift() > 0 {
            let shift = self.i32(layout.shift());
            offset = self.op(WasmOp::I32Shl, &[position, shift]);
        }
        self.op(WasmOp::I32Add, &[buffer, offset])
    }

    fn load_element(&mut self, layout: Layout, old_list: Value, position: Value) -> Value {
        let buffer = self.list_buffer(old_list);
        let address = self.element_address(layout, buffer, position);
        self.op_with(layout.load(), &[address], Imm::Offset(0))
    }

    /// Whether an index lies inside a list; inside one of words, whether all of these are small too.
    fn is_inside(&mut self, old_list: Value, index: Value) -> Value {
        let length = self.list_fast_length(old_list);
        self.op(WasmOp::I64LtU, &[index, length])
    }

    fn list_get(&mut self, op: MochiOp, data: &InstData) -> Value {
        let element = self.element(data);
        let layout = Layout::of(element);
        let (list, index) = (self.get(data.args[0]), self.get(data.args[1]));
        let inside = self.is_inside(data.args[0], index);
        let is_up = matches!(op, MochiOp::ListIndex | MochiOp::ListPeekIndex);
        if layout != Layout::Words && is_up && self.is_small(data.args[0]) {
            self.require_inside(inside, list, index);
            return self.list_at(op, data);
        }
        self.fast_or_slow(
            inside,
            |this| {
                let position = this.op(WasmOp::I32WrapI64, &[index]);
                let value = this.load_element(layout, data.args[0], position);
                // A word that is found here is small.
                if layout != Layout::Words && matches!(op, MochiOp::ListGet | MochiOp::ListIndex) {
                    this.dup(element, value);
                }
                value
            },
            |this| {
                let site = this.site();
                let site = this.i32(site);
                if layout != Layout::Words && is_up {
                    // Any index of none is none; nothing comes back from the failure.
                    let no_list = this.is_index_of_none(list, index);
                    this.require_inside(no_list, list, index);
                    return this.none(element);
                }
                let value = this.call_value(layout.get_slow(), &[list, index, site]);
                if op == MochiOp::ListPeek {
                    // The list has a share too: nothing is freed.
                    this.undo_dup(element, value);
                }
                value
            },
        )
    }

    fn list_at(&mut self, op: MochiOp, data: &InstData) -> Value {
        let element = self.element(data);
        let index = self.get(data.args[1]);
        let position = self.op(WasmOp::I32WrapI64, &[index]);
        let value = self.load_element(Layout::of(element), data.args[0], position);
        if matches!(op, MochiOp::ListAt | MochiOp::ListIndex) {
            self.dup(element, value);
        }
        value
    }

    /// The old element is given up when the new one is in place: what is freed then may be anything.
    pub(super) fn list_set(&mut self, data: &InstData) {
        let element = self.element(data);
        let layout = Layout::of(element);
        let [list, index, value] = [0, 1, 2].map(|at| self.get(data.args[at]));
        let Kind::List(ty) = self.old.ty(data.args[0]).kind else { unreachable!("a list is written to") };
        let mut holds = self.is_inside(data.args[0], index);
        if layout == Layout::Words && !self.is_small(data.args[2]) {
            let small = self.small_check(value);
            holds = self.op(WasmOp::I32And, &[holds, small]);
        }
        let (fast, join) = (self.new_block(), self.new_block());
        let facts = self.facts_of(ty);
        let params: Vec<Value> = facts.iter().map(|&fact| self.func.add_param(join, self.func.ty(fact))).collect();
        let (slow, ()) = self.aside(|this| {
            let site = this.site();
            let (holes, site) = (this.i32(element.has_none() as i32), this.i32(site));
            this.call(layout.set_slow(), &[list, index, value, holes, site]);
            this.collect_if_many(element);
            let facts = this.reload_facts(ty);
            this.jump(join, &facts);
        });
        self.branch(holds, to(fast, &[]), to(slow, &[]));
        self.current = fast;
        let position = self.op(WasmOp::I32WrapI64, &[index]);
        let buffer = self.list_buffer(data.args[0]);
        let address = self.element_address(layout, buffer, position);
        let replaced = (layout == Layout::Pointers).then(|| self.op_with(WasmOp::I32Load, &[address], Imm::Offset(0)));
        self.effect(layout.store(), &[address, value], Imm::Offset(0));
        if let Some(replaced) = replaced {
            self.drop(element, replaced);
        }
        self.jump(join, &facts);
        self.current = join;
        self.replace_facts(ty, &params);
    }

    fn list_to_str(&mut self, data: &InstData) -> Value {
        let list = self.get(data.args[0]);
        let text = |this: &mut Self| {
            let mode = this.mode(data.imm);
            this.call_value(RuntimeFn::ObjectToString, &[list, mode])
        };
        if !self.old.ty(data.args[0]).nullable {
            return text(self);
        }
        self.fast_or_slow(list, text, |this| this.none_text(data.imm))
    }
}
