//! Typed types as IR types.
//!
//! The list types of the typed program come first among the module's, in its order.

use mochi_frontend::{typed, types};

use crate::ir::{FuncType, Imm, Kind, ListType, MapType, MochiOp, Module, RecordType, Type, UnionType, Value};

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
        types::Kind::Map(map) => Kind::Map(MapType::new(map.index())),
        types::Kind::Record(record) => Kind::Record(RecordType::new(record.index())),
        types::Kind::Row(row) => Kind::Record(RecordType::new(row.index())),
        types::Kind::Union(union) => Kind::Union(UnionType::new(union.index())),
        types::Kind::Func(func) => Kind::Func(FuncType::new(func.index())),
    };
    Some(Type { kind, nullable: ty.nullable })
}

/// The IR type of a field of a record: one that holds nothing but none has a place all the same.
pub(super) fn lower_field(ty: types::Type) -> Type {
    lower_type(ty).unwrap_or(Type::ANY)
}

/// Adds the list types to the module, each with the number that it has in the typed program.
pub(super) fn lower_lists(program: &typed::Program, module: &mut Module) {
    for (index, list) in program.lists.iter().enumerate() {
        let element = lower_type(list.element).expect("the elements of a list have a type");
        let ty = module.list_of(element);
        assert_eq!(ty.kind, Kind::List(ListType::new(index)), "list types differ");
    }
}

/// Adds the map types to the module, each with the number that it has in the typed program.
pub(super) fn lower_maps(program: &typed::Program, module: &mut Module) {
    for (index, map) in program.maps.iter().enumerate() {
        let value = lower_type(map.value).expect("the values of a map have a type");
        let ty = module.map_of(value);
        assert_eq!(ty.kind, Kind::Map(MapType::new(index)), "map types differ");
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
            Kind::Record(_) => self.default_record(ty),
            Kind::Union(union) => {
                let variant = self.pool.module.unions[union.index()].variants[0];
                let record = self.default_record(Type::of(Kind::Record(variant)));
                self.convert(record, ty)
            }
            Kind::Func(_) => {
                // No function can stand for none here. Nobody reads it: variables that could be read
                // before they are set have a type with none.
                let none = self.none(ty.or_none());
                self.convert(none, ty)
            }
            Kind::Map(_) => self.new_map(ty),
            Kind::I32 => self.fb.i32_const(0),
            Kind::I64 => self.fb.i64_const(0),
            Kind::F64 => self.fb.f64_const(0.0),
        }
    }
}
