//! What names stand for where strict checking is: variables, types and streams by scope.
//!
//! A scope may also say that a variable is narrower there than it was declared, as after
//! `if x != none`. The narrower type hides the declared one until the scope ends, something is
//! assigned, or something that might assign is called.

use std::collections::HashMap;

use super::types::{StructId, Type};
use crate::syntax::ast::TypeExpr;

#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) ty: Type,
    pub(super) mutable: bool,
    /// Whether this is no declaration but what a test has shown about one.
    is_narrowed: bool,
    /// Whether the declaration has an error, so that the type is not known.
    pub(super) is_failed: bool,
}

impl Variable {
    pub(super) fn new(ty: Type, mutable: bool) -> Variable {
        Variable { ty, mutable, is_narrowed: false, is_failed: false }
    }
}

/// What the name of a type stands for.
#[derive(Clone, Debug)]
pub(super) enum Named<'a> {
    Type(Type),
    /// An alias that nothing has asked for yet.
    Alias(&'a TypeExpr),
    /// An alias whose target is being looked at: it must not lead here.
    Open,
}

/// Variables whose type a test has narrowed, in the order of the tests.
pub(super) type Narrowed = Vec<(String, Type)>;

#[derive(Debug, Default)]
struct Scope<'a> {
    variables: HashMap<String, Variable>,
    types: HashMap<String, Named<'a>>,
    streams: HashMap<String, StructId>,
    /// The narrowed variables among `variables`, by name.
    narrowed: Vec<String>,
}

/// The open scopes, the innermost last. There is always one, that of the file.
#[derive(Debug)]
pub(super) struct Scopes<'a> {
    open: Vec<Scope<'a>>,
}

impl<'a> Scopes<'a> {
    pub(super) fn new() -> Scopes<'a> {
        Scopes { open: vec![Scope::default()] }
    }

    pub(super) fn enter(&mut self) {
        self.open.push(Scope::default());
    }

    pub(super) fn leave(&mut self) {
        self.open.pop();
    }

    /// Whether no scope but the file's is open.
    pub(super) fn is_file(&self) -> bool {
        self.open.len() == 1
    }

    fn innermost(&mut self) -> &mut Scope<'a> {
        self.open.last_mut().expect("the scope of the file is never left")
    }

    pub(super) fn declare(&mut self, name: &str, ty: Type, mutable: bool) {
        self.innermost().variables.insert(name.to_owned(), Variable::new(ty, mutable));
    }

    /// Declares a variable whose declaration has an error.
    pub(super) fn declare_failed(&mut self, name: &str) {
        let variable = Variable { is_failed: true, ..Variable::new(Type::Any, true) };
        self.innermost().variables.insert(name.to_owned(), variable);
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Variable> {
        self.open.iter().rev().find_map(|scope| scope.variables.get(name))
    }

    /// The variable as it was declared or last assigned, whatever tests have shown.
    pub(super) fn declared(&self, name: &str) -> Option<&Variable> {
        self.open.iter().rev().filter_map(|scope| scope.variables.get(name)).find(|variable| !variable.is_narrowed)
    }

    pub(super) fn declare_type(&mut self, name: &str, named: Named<'a>) {
        self.innermost().types.insert(name.to_owned(), named);
    }

    pub(super) fn named(&mut self, name: &str) -> Option<&mut Named<'a>> {
        self.open.iter_mut().rev().find_map(|scope| scope.types.get_mut(name))
    }

    /// The type of that name, unless it is an alias.
    pub(super) fn declared_type(&self, name: &str) -> Option<&Type> {
        match self.open.iter().rev().find_map(|scope| scope.types.get(name))? {
            Named::Type(ty) => Some(ty),
            Named::Alias(_) | Named::Open => None,
        }
    }

    pub(super) fn declare_stream(&mut self, name: &str, id: StructId) {
        self.innermost().streams.insert(name.to_owned(), id);
    }

    pub(super) fn stream(&self, name: &str) -> Option<StructId> {
        self.open.iter().rev().find_map(|scope| scope.streams.get(name)).copied()
    }

    /// Gives variables the types that a test has shown, until the innermost scope is left.
    pub(super) fn narrow(&mut self, narrowed: &Narrowed) {
        for (name, ty) in narrowed {
            let mutable = self.variable(name).is_some_and(|variable| variable.mutable);
            let scope = self.innermost();
            scope.variables.insert(name.clone(), Variable { is_narrowed: true, ..Variable::new(ty.clone(), mutable) });
            scope.narrowed.push(name.clone());
        }
    }

    /// Forgets what tests have shown: a function value may run when it no longer holds.
    pub(super) fn forget(&mut self) {
        self.forget_if(|_| true);
    }

    /// Forgets what tests have shown about what a called function might assign.
    pub(super) fn forget_mutable(&mut self) {
        self.forget_if(|variable| variable.mutable);
    }

    fn forget_if(&mut self, is_forgotten: impl Fn(&Variable) -> bool) {
        let names: Vec<String> = self.open.iter().flat_map(|scope| &scope.narrowed).cloned().collect();
        for name in names {
            let is_narrowed = self.variable(&name).is_some_and(|found| found.is_narrowed && is_forgotten(found));
            if let Some(declared) = self.declared(&name).filter(|_| is_narrowed).cloned() {
                self.innermost().variables.insert(name, declared);
            }
        }
    }
}
