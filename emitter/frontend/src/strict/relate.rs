//! How types relate: questions that the reference asks at different places.
//!
//! [`Nominals::unify`] is the loose one: `any` agrees with everything on either side, and it is
//! not symmetric among numbers. [`Nominals::is_assignable`] is the strict one: an `any` reaches
//! only `any`, unless it stands for the elements of an empty literal. [`Nominals::fits`] is
//! either, [`Nominals::is_same`] equality. [`Nominals::bind`] is unification that chooses type parameters.

use super::types::{Nominals, Signature, StructId, Type, Var};

/// What calls have chosen for type parameters.
#[derive(Clone, Debug, Default)]
pub(super) struct Choices(Vec<(Var, Type)>);

impl Nominals {
    /// Whether values of both types can meet in an operation.
    pub(super) fn unify(&self, left: &Type, right: &Type) -> bool {
        self.unify_in(left, right, &mut Vec::new())
    }

    fn unify_in(&self, left: &Type, right: &Type, open: &mut Vec<(StructId, StructId)>) -> bool {
        match (left, right) {
            (Type::Any, _) | (_, Type::Any) => true,
            (Type::List(a), Type::List(b)) | (Type::Option(a), Type::Option(b)) => self.unify_in(a, b, open),
            (Type::Map(a), Type::Map(b)) | (Type::Group(a), Type::Group(b)) => {
                self.unify_in(&a.0, &b.0, open) && self.unify_in(&a.1, &b.1, open)
            }
            (&Type::Struct(a), &Type::Struct(b)) => self.unify_structs(a, b, open),
            (&Type::Struct(variant), &Type::Union(of)) | (&Type::Union(of), &Type::Struct(variant)) => {
                self.of(variant).union == Some(of)
            }
            (&Type::Union(a), &Type::Union(b)) => a == b || self.union(a).name == self.union(b).name,
            (Type::Func(a), Type::Func(b)) => self.unify_signatures(a, b, open),
            (Type::Int, Type::Int | Type::BigInt)
            | (Type::Int64, Type::Int64 | Type::Int)
            | (Type::BigInt, Type::BigInt | Type::Int | Type::Int64)
            | (Type::BigRat, Type::BigRat | Type::Float | Type::Int | Type::Int64 | Type::BigInt) => true,
            _ => left == right,
        }
    }

    fn unify_structs(&self, a: StructId, b: StructId, open: &mut Vec<(StructId, StructId)>) -> bool {
        if a == b || open.contains(&(a, b)) {
            return true;
        }
        let (left, right) = (self.of(a), self.of(b));
        let are_named = !left.name.is_empty() && !right.name.is_empty();
        if are_named && left.name != right.name || left.fields.len() != right.fields.len() {
            return false;
        }
        open.push((a, b));
        left.fields.iter().all(|(name, ty)| right.field(name).is_some_and(|other| self.unify_in(ty, other, open)))
    }

    fn unify_signatures(&self, a: &Signature, b: &Signature, open: &mut Vec<(StructId, StructId)>) -> bool {
        let rests = match (&a.rest, &b.rest) {
            (Some(a), Some(b)) => self.unify_in(a, b, open),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        rests
            && a.params.len() == b.params.len()
            && a.params.iter().zip(&b.params).all(|(a, b)| self.unify_in(a, b, open))
            && self.unify_in(&a.result, &b.result, open)
    }

    /// Whether a value of type `from` may flow into a place that is declared to be `to`.
    pub(super) fn is_assignable(&self, from: &Type, to: &Type) -> bool {
        self.assignable(from, to, false)
    }

    /// Whether a value of type `from` may stand in a place for `to` that is not a variable's:
    /// either relation will do, so that an `any` may pass, and a value where there may be none.
    pub(super) fn fits(&self, from: &Type, to: &Type) -> bool {
        self.unify(from, to) || self.is_assignable(from, to)
    }

    /// `is_part` holds inside of collections and options, where the `any` of an empty literal fits.
    fn assignable(&self, from: &Type, to: &Type, is_part: bool) -> bool {
        match (from, to) {
            (_, Type::Any) => true,
            (Type::Any, _) if is_part => true,
            (Type::List(from), Type::List(to)) | (Type::Option(from), Type::Option(to)) => {
                self.assignable(from, to, true)
            }
            (Type::Map(from), Type::Map(to)) => {
                self.assignable(&from.0, &to.0, true) && self.assignable(&from.1, &to.1, true)
            }
            (_, Type::Option(to)) => self.assignable(from, to, is_part),
            _ => self.is_subtype(from, to),
        }
    }

    fn is_subtype(&self, sub: &Type, of: &Type) -> bool {
        match (sub, of) {
            (_, Type::Any) => true,
            (Type::Int, Type::Int64 | Type::BigInt | Type::BigRat)
            | (Type::Int64, Type::BigInt | Type::BigRat)
            | (Type::BigInt | Type::Float, Type::BigRat) => true,
            (Type::List(sub), Type::List(of)) | (Type::Option(sub), Type::Option(of)) => self.is_subtype(sub, of),
            (&Type::Struct(variant), &Type::Union(of)) => self.of(variant).union == Some(of),
            (Type::Func(sub), Type::Func(of)) => {
                let rests = match (&sub.rest, &of.rest) {
                    (Some(sub), Some(of)) => self.is_subtype(of, sub),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
                rests
                    && sub.params.len() == of.params.len()
                    && sub.params.iter().zip(&of.params).all(|(sub, of)| self.is_subtype(of, sub))
                    && self.is_subtype(&sub.result, &of.result)
            }
            _ => self.is_same(sub, of),
        }
    }

    /// Whether both are one type. A redeclared struct is the same by its name.
    pub(super) fn is_same(&self, a: &Type, b: &Type) -> bool {
        match (a, b) {
            (Type::List(a), Type::List(b)) | (Type::Option(a), Type::Option(b)) => self.is_same(a, b),
            (Type::Map(a), Type::Map(b)) | (Type::Group(a), Type::Group(b)) => {
                self.is_same(&a.0, &b.0) && self.is_same(&a.1, &b.1)
            }
            (&Type::Struct(a), &Type::Struct(b)) => {
                let (left, right) = (self.of(a), self.of(b));
                if a == b || !left.name.is_empty() || !right.name.is_empty() {
                    return left.name == right.name;
                }
                left.fields.len() == right.fields.len()
                    && left.fields.iter().zip(&right.fields).all(|(a, b)| a.0 == b.0 && self.is_same(&a.1, &b.1))
            }
            (&Type::Union(a), &Type::Union(b)) => self.union(a).name == self.union(b).name,
            (Type::Func(a), Type::Func(b)) => {
                let rests = match (&a.rest, &b.rest) {
                    (Some(a), Some(b)) => self.is_same(a, b),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
                rests
                    && a.params.len() == b.params.len()
                    && a.params.iter().zip(&b.params).all(|(a, b)| self.is_same(a, b))
                    && self.is_same(&a.result, &b.result)
            }
            _ => a == b,
        }
    }

    /// Makes both types equal by choosing type parameters; chooses nothing if that is impossible.
    pub(super) fn bind(&self, a: &Type, b: &Type, choices: &mut Choices) -> bool {
        let before = choices.0.len();
        let is_equal = self.bind_parts(a, b, choices);
        if !is_equal {
            choices.0.truncate(before);
        }
        is_equal
    }

    fn bind_parts(&self, a: &Type, b: &Type, choices: &mut Choices) -> bool {
        let (a, b) = (choices.apply(a), choices.apply(b));
        match (&a, &b) {
            (Type::Var(a), Type::Var(b)) if a == b => true,
            (Type::Var(var), ty) | (ty, Type::Var(var)) => {
                let is_finite = !choices.mentions(ty, var);
                if is_finite {
                    choices.0.push((var.clone(), ty.clone()));
                }
                is_finite
            }
            // Whatever is inside a value of no known type is of no known type.
            (Type::Any, ty) | (ty, Type::Any) => {
                for var in choices.free(ty) {
                    choices.0.push((var, Type::Any));
                }
                true
            }
            (Type::List(a), Type::List(b)) | (Type::Option(a), Type::Option(b)) => self.bind_parts(a, b, choices),
            (Type::Map(a), Type::Map(b)) | (Type::Group(a), Type::Group(b)) => {
                self.bind_parts(&a.0, &b.0, choices) && self.bind_parts(&a.1, &b.1, choices)
            }
            (Type::Func(a), Type::Func(b)) => {
                let rests = match (&a.rest, &b.rest) {
                    (Some(a), Some(b)) => self.bind_parts(a, b, choices),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
                rests
                    && a.params.len() == b.params.len()
                    && a.params.iter().zip(&b.params).all(|(a, b)| self.bind_parts(a, b, choices))
                    && self.bind_parts(&a.result, &b.result, choices)
            }
            (a, b) => self.is_same(a, b),
        }
    }
}

impl Choices {
    /// The type with what was chosen in place of its type parameters.
    pub(super) fn apply(&self, ty: &Type) -> Type {
        match ty {
            Type::Var(var) => {
                self.0.iter().find(|(chosen, _)| chosen == var).map_or(ty.clone(), |(_, ty)| self.apply(ty))
            }
            Type::List(of) => Type::list(self.apply(of)),
            Type::Option(of) => Type::option(self.apply(of)),
            Type::Map(parts) => Type::map(self.apply(&parts.0), self.apply(&parts.1)),
            Type::Group(parts) => Type::Group((self.apply(&parts.0), self.apply(&parts.1)).into()),
            Type::Func(signature) => Type::Func(
                Signature {
                    params: signature.params.iter().map(|param| self.apply(param)).collect(),
                    rest: signature.rest.as_ref().map(|rest| self.apply(rest)),
                    result: self.apply(&signature.result),
                    effects: signature.effects,
                    type_params: signature.type_params.clone(),
                }
                .into(),
            ),
            Type::Int
            | Type::Int64
            | Type::Float
            | Type::BigInt
            | Type::BigRat
            | Type::String
            | Type::Bool
            | Type::Unit
            | Type::Any
            | Type::Struct(_)
            | Type::Union(_) => ty.clone(),
        }
    }

    pub(super) fn choose(&mut self, var: Var, ty: Type) {
        self.0.push((var, ty));
    }

    fn mentions(&self, ty: &Type, var: &Var) -> bool {
        self.free(ty).contains(var)
    }

    /// The type parameters in a type that nothing was chosen for, by their names.
    pub(super) fn free(&self, ty: &Type) -> Vec<Var> {
        let mut vars = Vec::new();
        collect(&self.apply(ty), &mut vars);
        vars.sort_by(|a, b| (&a.name, a.copy).cmp(&(&b.name, b.copy)));
        vars.dedup();
        vars
    }
}

fn collect(ty: &Type, vars: &mut Vec<Var>) {
    match ty {
        Type::Var(var) => vars.push(var.clone()),
        Type::List(of) | Type::Option(of) => collect(of, vars),
        Type::Map(parts) | Type::Group(parts) => {
            collect(&parts.0, vars);
            collect(&parts.1, vars);
        }
        Type::Func(signature) => {
            signature.params.iter().chain(&signature.rest).for_each(|param| collect(param, vars));
            collect(&signature.result, vars);
        }
        Type::Int
        | Type::Int64
        | Type::Float
        | Type::BigInt
        | Type::BigRat
        | Type::String
        | Type::Bool
        | Type::Unit
        | Type::Any
        | Type::Struct(_)
        | Type::Union(_) => {}
    }
}
