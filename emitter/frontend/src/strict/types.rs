//! The types that strict checking speaks of, as the reference's checker has them.
//!
//! They are not those of [`crate::types`]: an annotation `float` is a float here whatever the
//! variable holds, an unannotated parameter is `any`, and options, groups and type parameters
//! exist. Structs and unions are nominal, one number a declaration, so that recursive types
//! are finite.

use std::fmt::{self, Write};
use std::rc::Rc;

/// The number of a declared struct, a variant, or an anonymous struct type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StructId(u32);

/// The number of a declared union.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnionId(u32);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Int,
    Int64,
    Float,
    BigInt,
    BigRat,
    String,
    Bool,
    Unit,
    Any,
    List(Rc<Type>),
    /// Keys and values.
    Map(Rc<(Type, Type)>),
    Option(Rc<Type>),
    /// What `group by … into g` binds: the key and the rows.
    Group(Rc<(Type, Type)>),
    Struct(StructId),
    Union(UnionId),
    Func(Rc<Signature>),
    Var(Var),
}

/// A type parameter: 0 for a declared one, another number for the copy that one call made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Var {
    pub(super) name: Rc<str>,
    pub(super) copy: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signature {
    pub(super) params: Vec<Type>,
    /// The type of all further arguments, if there may be any number of them.
    pub(super) rest: Option<Type>,
    pub(super) result: Type,
    pub(super) effects: Effects,
    /// The type parameters that a call chooses.
    pub(super) type_params: Vec<Rc<str>>,
}

/// A set of effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects(u8);

impl Effects {
    const NAMES: [&'static str; 5] = ["io", "fs", "net", "time", "meta"];
    pub(super) const NONE: Effects = Effects(0);
    pub(super) const IO: Effects = Effects(1);
    pub(super) const FS: Effects = Effects(2);
    pub(super) const NET: Effects = Effects(4);
    pub(super) const TIME: Effects = Effects(8);
    pub(super) const META: Effects = Effects(16);

    pub(super) fn named(name: &str) -> Option<Effects> {
        Effects::NAMES.iter().position(|&known| known == name).map(|at| Effects(1 << at))
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn union(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }

    pub(super) fn is_subset(self, of: Effects) -> bool {
        self.0 & !of.0 == 0
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("pure");
        }
        let names: Vec<&str> = Effects::NAMES
            .into_iter()
            .enumerate()
            .filter(|(at, _)| self.0 & 1 << at != 0)
            .map(|(_, name)| name)
            .collect();
        f.write_str(&names.join(", "))
    }
}

/// One field: its name and its type.
pub(super) type Field = (String, Type);

#[derive(Debug, Default)]
pub(super) struct StructData {
    /// Empty for a type such as `{x: int}`.
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
    pub(super) methods: Vec<Field>,
    /// The union that it is a variant of.
    pub(super) union: Option<UnionId>,
    /// Whether the declaration gives the fields values, as an agent's does.
    pub(super) has_values: bool,
}

impl StructData {
    pub(super) fn field(&self, name: &str) -> Option<&Type> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, ty)| ty)
    }

    pub(super) fn method(&self, name: &str) -> Option<&Type> {
        self.methods.iter().find(|(method, _)| method == name).map(|(_, ty)| ty)
    }
}

#[derive(Debug)]
pub(super) struct UnionData {
    pub(super) name: String,
    /// In the order of the declaration.
    pub(super) variants: Vec<StructId>,
}

/// All structs and unions.
#[derive(Debug, Default)]
pub(super) struct Nominals {
    structs: Vec<StructData>,
    unions: Vec<UnionData>,
}

impl Nominals {
    pub(super) fn add_struct(&mut self, data: StructData) -> StructId {
        self.structs.push(data);
        StructId(self.structs.len() as u32 - 1)
    }

    pub(super) fn add_union(&mut self, name: &str) -> UnionId {
        self.unions.push(UnionData { name: name.to_owned(), variants: Vec::new() });
        UnionId(self.unions.len() as u32 - 1)
    }

    pub(super) fn of(&self, id: StructId) -> &StructData {
        &self.structs[id.0 as usize]
    }

    pub(super) fn of_mut(&mut self, id: StructId) -> &mut StructData {
        &mut self.structs[id.0 as usize]
    }

    pub(super) fn union(&self, id: UnionId) -> &UnionData {
        &self.unions[id.0 as usize]
    }

    pub(super) fn union_mut(&mut self, id: UnionId) -> &mut UnionData {
        &mut self.unions[id.0 as usize]
    }

    /// The type as messages name it.
    pub(super) fn show(&self, ty: &Type) -> String {
        let mut out = String::new();
        self.write(ty, &mut out);
        out
    }

    fn write(&self, ty: &Type, out: &mut String) {
        match ty {
            Type::Int => out.push_str("int"),
            Type::Int64 => out.push_str("int64"),
            Type::Float => out.push_str("float"),
            Type::BigInt => out.push_str("bigint"),
            Type::BigRat => out.push_str("bigrat"),
            Type::String => out.push_str("string"),
            Type::Bool => out.push_str("bool"),
            Type::Unit => out.push_str("unit"),
            Type::Any => out.push_str("any"),
            Type::List(of) => self.write_between("[", of, "]", out),
            Type::Option(of) => self.write_between("option[", of, "]", out),
            Type::Map(parts) => {
                self.write_between("{", &parts.0, ": ", out);
                self.write_between("", &parts.1, "}", out);
            }
            Type::Group(_) => out.push_str("group"),
            Type::Struct(id) => out.push_str(&self.of(*id).name),
            Type::Union(id) => out.push_str(&self.union(*id).name),
            Type::Var(var) => out.push_str(&var.name),
            Type::Func(signature) => self.write_signature(signature, out),
        }
    }

    fn write_between(&self, before: &str, ty: &Type, after: &str, out: &mut String) {
        out.push_str(before);
        self.write(ty, out);
        out.push_str(after);
    }

    fn write_signature(&self, signature: &Signature, out: &mut String) {
        out.push_str("fun(");
        for (at, param) in signature.params.iter().enumerate() {
            self.write_between(if at == 0 { "" } else { ", " }, param, "", out);
        }
        if let Some(rest) = &signature.rest {
            self.write_between(if signature.params.is_empty() { "..." } else { ", ..." }, rest, "", out);
        }
        out.push(')');
        if signature.result != Type::Unit {
            self.write_between(": ", &signature.result, "", out);
        }
        if !signature.effects.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(out, " ! {}", signature.effects);
        }
    }

    // Questions about one type.

    /// Whether `any` is the type or a part of it.
    pub(super) fn contains_any(&self, ty: &Type) -> bool {
        self.contains_any_in(ty, &mut Vec::new())
    }

    fn contains_any_in(&self, ty: &Type, open: &mut Vec<StructId>) -> bool {
        match ty {
            Type::Any => true,
            Type::List(of) | Type::Option(of) => self.contains_any_in(of, open),
            Type::Map(parts) | Type::Group(parts) => {
                self.contains_any_in(&parts.0, open) || self.contains_any_in(&parts.1, open)
            }
            &Type::Struct(id) => self.any_field(id, open, &mut |ty, open| self.contains_any_in(ty, open)),
            &Type::Union(id) => self
                .union(id)
                .variants
                .iter()
                .any(|&variant| self.any_field(variant, open, &mut |ty, open| self.contains_any_in(ty, open))),
            Type::Int
            | Type::Int64
            | Type::Float
            | Type::BigInt
            | Type::BigRat
            | Type::String
            | Type::Bool
            | Type::Unit
            | Type::Func(_)
            | Type::Var(_) => false,
        }
    }

    /// Whether `holds` for a field of a struct; each struct is looked at once.
    fn any_field(
        &self,
        id: StructId,
        open: &mut Vec<StructId>,
        holds: &mut dyn FnMut(&Type, &mut Vec<StructId>) -> bool,
    ) -> bool {
        if open.contains(&id) {
            return false;
        }
        open.push(id);
        self.of(id).fields.iter().any(|(_, ty)| holds(ty, open))
    }

    /// Whether `select distinct` can compare values of the type.
    pub(super) fn is_hashable(&self, ty: &Type) -> bool {
        !self.has_unhashable(ty, &mut Vec::new())
    }

    fn has_unhashable(&self, ty: &Type, open: &mut Vec<StructId>) -> bool {
        match ty {
            Type::Int
            | Type::Int64
            | Type::Float
            | Type::BigInt
            | Type::BigRat
            | Type::String
            | Type::Bool
            | Type::Unit
            | Type::Any => false,
            Type::List(of) | Type::Option(of) => self.has_unhashable(of, open),
            Type::Map(parts) => self.has_unhashable(&parts.0, open) || self.has_unhashable(&parts.1, open),
            &Type::Struct(id) => self.any_field(id, open, &mut |ty, open| self.has_unhashable(ty, open)),
            &Type::Union(id) => self
                .union(id)
                .variants
                .iter()
                .any(|&variant| self.any_field(variant, open, &mut |ty, open| self.has_unhashable(ty, open))),
            Type::Func(_) | Type::Group(_) | Type::Var(_) => true,
        }
    }
}

impl Type {
    pub(super) fn list(of: Type) -> Type {
        Type::List(Rc::new(of))
    }

    pub(super) fn map(key: Type, value: Type) -> Type {
        Type::Map(Rc::new((key, value)))
    }

    pub(super) fn option(of: Type) -> Type {
        Type::Option(Rc::new(of))
    }

    /// A function without effects or type parameters.
    pub(super) fn func(params: Vec<Type>, result: Type) -> Type {
        let signature = Signature { params, rest: None, result, effects: Effects::NONE, type_params: Vec::new() };
        Type::Func(Rc::new(signature))
    }

    /// A type parameter as it is declared.
    pub(super) fn var(name: &str) -> Type {
        Type::Var(Var { name: name.into(), copy: 0 })
    }

    pub(super) fn is_number(&self) -> bool {
        self.rank().is_some()
    }

    /// How wide a number type is; a float is beside the others.
    fn rank(&self) -> Option<u8> {
        match self {
            Type::Int => Some(0),
            Type::Int64 => Some(1),
            Type::BigInt => Some(2),
            Type::Float => Some(3),
            Type::BigRat => Some(4),
            _ => None,
        }
    }

    /// The type of arithmetic with two numbers: the wider one, except that a float and a
    /// big number meet in the rationals, which hold both exactly.
    pub(super) fn join(&self, other: &Type) -> Option<Type> {
        let (low, high) = (self.rank()?.min(other.rank()?), self.rank()?.max(other.rank()?));
        Some(match (low, high) {
            (2, 3) | (_, 4) => Type::BigRat,
            (_, 3) => Type::Float,
            (_, 2) => Type::BigInt,
            (_, 1) => Type::Int64,
            _ => Type::Int,
        })
    }

    /// Whether `sort by` can order values of the type.
    pub(super) fn is_ordered(&self) -> bool {
        match self {
            Type::String | Type::Bool => true,
            Type::List(of) => **of == Type::Any || of.is_ordered(),
            _ => self.is_number(),
        }
    }

    /// Whether values of the type are shared by those who hold them, so that a write through
    /// one name is seen through the others.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Type::List(_) | Type::Map(_) | Type::Struct(_))
    }

    /// What the elements of a query's source are.
    pub(super) fn rows(&self) -> Option<Type> {
        match self {
            Type::List(of) => Some((**of).clone()),
            Type::Group(parts) => Some(parts.1.clone()),
            _ => None,
        }
    }
}
