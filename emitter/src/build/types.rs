//! Typed types as IR types.
//!
//! The list types of the typed program come first among the module's, in its order.

use mochi_frontend::{typed, types};

use crate::ir::{Imm, Kind, ListType, MochiOp, Module, Type, Value};

use super::FunctionCtx;

/// The IR type of a slot; absent for slots that hold nothing but none, or nothing at all.
pub(super) fn lower_type(ty: types::Type) -> Option<Type> {
    let kind = match ty.kind {
        types::Kind::Never => return None,
        types::Kind::Any => return Some(Type::ANY),
        types::Kind::Int => Kind::Int,
        types::Kind::Float => Kind::Float,
        types::Kind::Bool => Kind::Bool,
        types::Kind::String => Kind::Str,
        types::Kind::List(list) => Kind::List(ListType::new(list.index())),
        types::Kind::Map(_) | types::Kind::Record(_) | types::Kind::Union(_) | types::Kind::Func(_) => {
            unreachable!("{ty} is refused by the checker")
        }
    };
    Some(Type { kind, nullable: ty.nullable })
}

/// Adds the list types to the module, each with the number that it has in the typed program.
pub(super) fn lower_lists(program: &typed::Program, module: &mut Module) {
    for (index, list) in program.lists.iter().enumerate() {
        let element = lower_type(list.element).expect("the elements of a list have a type");
        let ty = module.list_of(element);
        assert_eq!(ty.kind, Kind::List(ListType::new(index)), "list types differ");
    }
}

impl FunctionCtx<'_, '_> {
    /// The element type of a list type.
    pub(super) fn element(&self, list: Type) -> Type {
        let Kind::List(list) = list.kind else { panic!("{list:?} is not a list") };
        let element = self.program.lists[list.index()].element;
        lower_type(element).expect("the elements of a list have a type")
    }

    /// None where the type has it, else the type's false or empty value.
    pub(super) fn default_value(&mut self, ty: Type) -> Value {
        if ty.nullable {
            return self.none(ty);
        }
        match ty.kind {
            Kind::Any => self.none(ty),
            Kind::Int => self.fb.int_const(0),
            Kind::Float => self.fb.value(MochiOp::FloatConst, Vec::new(), Imm::F64(0), ty),
            Kind::Bool => self.fb.bool_const(false),
            Kind::Str => self.string(b""),
            Kind::List(_) => self.new_list(ty, 0),
            Kind::Map(_) | Kind::Record(_) | Kind::Union(_) | Kind::Func(_) => {
                panic!("no value of type {ty} is made here")
            }
            Kind::I32 => self.fb.i32_const(0),
            Kind::I64 => self.fb.i64_const(0),
            Kind::F64 => self.fb.f64_const(0.0),
        }
    }
}
