//! Shares: taking one more, giving one up, and the globals that hold some.
//!
//! Words that are proven small have none. Static objects are counted like others, which is
//! cheaper than asking.

use super::lower::{Ctx, to};
use crate::ir::{InstData, Kind, MochiOp, Type, Value, WasmOp};
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
        match ty.kind {
            Kind::Str if self.cold => self.call(RuntimeFn::StringRelease, &[value]),
            Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) if self.cold => {
                self.call(RuntimeFn::ObjectRelease, &[value])
            }
            Kind::Str if ty.nullable => self.if_some(value, |this| this.drop_object(value, RuntimeFn::StringFree)),
            Kind::Str => self.drop_object(value, RuntimeFn::StringFree),
            Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) if ty.nullable => {
                self.if_some(value, |this| this.drop_object(value, RuntimeFn::ObjectFree))
            }
            Kind::List(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => {
                self.drop_object(value, RuntimeFn::ObjectFree)
            }
            Kind::Int | Kind::Any => self.unless_small(value, RuntimeFn::WordRelease),
            Kind::Bool | Kind::Float | Kind::I32 | Kind::I64 | Kind::F64 => {}
        }
    }

    fn drop_object(&mut self, object: Value, free: RuntimeFn) {
        let count = self.change_count(object, -1);
        let unused = self.op(WasmOp::I32Eqz, &[count]);
        self.rarely(unused, |this| this.call(free, &[object]));
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
