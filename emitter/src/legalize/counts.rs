//! Shares: taking one more, giving one up, and the globals that hold some.
//!
//! Words that are proven small have none. Static objects are counted like others, which is
//! cheaper than asking.

use super::layout::{OBJECT_COUNT, SHARES};
use super::lower::{Ctx, to};
use crate::ir::{Imm, InstData, Kind, MochiOp, Type, Value, WasmOp};
use crate::runtime::RuntimeFn;

impl Ctx<'_> {
    pub(super) fn dup_old(&mut self, old: Value) {
        let (ty, value) = (self.old.ty(old), self.get(old));
        if ty.machine() == Type::I32 || !self.is_small(old) {
            self.dup(ty, value);
        }
    }

    pub(super) fn drop_old(&mut self, old: Value) {
        let (ty, value) = (self.old.ty(old), self.get(old));
        if ty.machine() == Type::I32 || !self.is_small(old) {
            self.drop(ty, value);
        }
    }

    pub(super) fn dup(&mut self, ty: Type, value: Value) {
        match ty.kind {
            Kind::Str | Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_)
                if ty.nullable =>
            {
                self.if_some(value, |this| {
                    this.change_count(value, 1);
                })
            }
            Kind::Str | Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => {
                self.change_count(value, 1);
            }
            Kind::Int | Kind::Any => self.unless_small(value, RuntimeFn::WordRetain),
            Kind::Bool | Kind::Float | Kind::I32 | Kind::I64 | Kind::F64 => {}
        }
    }

    /// Gives up a share of something that has more.
    pub(super) fn undo_dup(&mut self, ty: Type, pointer: Value) {
        assert!(ty.is_pointer(), "a share of {ty} is given up without asking in {}", self.old.name);
        if ty.nullable {
            self.if_some(pointer, |this| {
                this.change_count(pointer, -1);
            });
        } else {
            self.change_count(pointer, -1);
        }
    }

    pub(super) fn drop(&mut self, ty: Type, value: Value) {
        // Where memory is debugged, the runtime looks at what it is given.
        let by_call = self.cold || self.runtime.features().debug_memory;
        match ty.kind {
            Kind::Str if by_call => self.call(RuntimeFn::StringRelease, &[value]),
            Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) if by_call => {
                let may_be_in_ring = self.runtime.has_rings_of(ty);
                let release = if may_be_in_ring { RuntimeFn::ObjectDrop } else { RuntimeFn::ObjectRelease };
                self.call(release, &[value])
            }
            Kind::Str if ty.nullable => self.if_some(value, |this| this.drop_object(ty, value)),
            Kind::Str => self.drop_object(ty, value),
            Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) if ty.nullable => {
                self.if_some(value, |this| this.drop_object(ty, value))
            }
            Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => {
                self.drop_object(ty, value)
            }
            Kind::Int => self.unless_small(value, RuntimeFn::IntRelease),
            Kind::Any if self.runtime.has_rings_of(ty) => self.unless_small(value, RuntimeFn::WordDrop),
            Kind::Any => self.unless_small(value, RuntimeFn::WordRelease),
            Kind::Bool | Kind::Float | Kind::I32 | Kind::I64 | Kind::F64 => {}
        }
    }

    fn drop_object(&mut self, ty: Type, object: Value) {
        let free = if ty.kind == Kind::Str { RuntimeFn::StringFree } else { RuntimeFn::ObjectFree };
        let count = self.change_count(object, -1);
        if !self.runtime.has_rings_of(ty) {
            let unused = self.op(WasmOp::I32Eqz, &[count]);
            return self.rarely(unused, |this| this.call(free, &[object]));
        }
        let (shared, unused, join) = (self.new_block(), self.new_block(), self.new_block());
        self.branch(count, to(shared, &[]), to(unused, &[]));
        self.current = shared;
        self.call(RuntimeFn::ObjectSuspect, &[object]);
        self.jump(join, &[]);
        self.current = unused;
        self.call(free, &[object]);
        self.jump(join, &[]);
        self.current = join;
    }

    /// After a call in which the runtime may have given up shares of values of this type.
    pub(super) fn collect_if_many(&mut self, ty: Type) {
        if self.runtime.has_rings_of(ty) {
            self.call(RuntimeFn::CollectIfMany, &[]);
        }
    }

    /// How many shares there are of an object.
    pub(super) fn share_count(&mut self, object: Value) -> Value {
        let count = self.op_with(WasmOp::I32Load, &[object], Imm::Offset(OBJECT_COUNT));
        if !self.runtime.features().cycles {
            return count;
        }
        let shares = self.i32(SHARES as i32);
        self.op(WasmOp::I32And, &[count, shares])
    }

    fn unless_small(&mut self, word: Value, func: RuntimeFn) {
        if self.cold {
            return self.call(func, &[word]);
        }
        let join = self.new_block();
        let small = self.small_check(word);
        let (block, ()) = self.aside(|this| {
            this.call(func, &[word]);
            this.jump(join, &[]);
        });
        self.branch(small, to(join, &[]), to(block, &[]));
        self.current = join;
    }

    /// Does `write` unless the pointer is none.
    fn if_some(&mut self, pointer: Value, write: impl FnOnce(&mut Self)) {
        let (some, join) = (self.new_block(), self.new_block());
        self.branch(pointer, to(some, &[]), to(join, &[]));
        self.current = some;
        write(self);
        self.jump(join, &[]);
        self.current = join;
    }

    pub(super) fn load_global(&mut self, op: MochiOp, data: &InstData) -> Value {
        let ty = self.old.ty(data.results[0]);
        let value = self.read_global(data.imm, ty.machine());
        if op == MochiOp::LoadGlobal {
            self.dup(ty, value);
        }
        value
    }

    /// The old value is given up when the new one is in place: what is freed then may be anything.
    pub(super) fn store_global(&mut self, op: MochiOp, data: &InstData) {
        let ty = self.old.ty(data.args[0]);
        let replaced =
            (op == MochiOp::StoreGlobal && ty.is_counted()).then(|| self.read_global(data.imm, ty.machine()));
        let value = self.get(data.args[0]);
        self.effect(WasmOp::GlobalSet, &[value], data.imm);
        if let Some(replaced) = replaced {
            // Before its first assignment a global holds none, whatever its type says.
            self.drop(ty.or_none(), replaced);
        }
    }
}
