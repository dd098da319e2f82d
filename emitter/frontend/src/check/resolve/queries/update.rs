//! `update xs set { f: e, … } where c`: a loop over the elements of a list, whose fields or keys are in scope by name.
//!
//! Which names an element has, only its type tells, and of maps the program when it runs. So each name that is used
//! gets a local, set for each element to what that has under the name, or else to what the name means outside.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::{Bound, Resolver};
use crate::builtins::Builtin;
use crate::check::resolved::{Arm, Block, ExprId, ExprKind, Place, Stmt, StmtKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::LocalId;

/// An `update` whose expressions are being resolved.
pub(in crate::check::resolve) struct Update<'a> {
    /// The index of the block that has the names of the element's parts.
    pub(in crate::check::resolve) block: usize,
    /// What is set.
    set: HashSet<&'a str>,
    /// The fields of structs that have all of what is set.
    fields: HashSet<&'a str>,
    /// The names that are used, with what they mean outside.
    used: Vec<(LocalId, &'a str, Option<ExprId>, Span)>,
}

impl<'a> Resolver<'a> {
    pub(in crate::check::resolve) fn update(
        &mut self,
        target: &'a ast::Name,
        set: &'a [ast::MapEntry],
        cond: Option<&'a ast::Expr>,
        span: Span,
        out: &mut Block,
    ) {
        let list = self.name(&target.text, target.span);
        let element = self.hidden_local(target.span);
        let names: HashSet<&'a str> = set.iter().filter_map(|entry| entry_name(&entry.key)).collect();
        let has_all = |fields: &HashSet<&'a str>| names.iter().all(|name| fields.contains(name));
        let records = self.program.records.iter();
        let fields = records.map(|record| record.fields.iter().map(|field| field.name).collect()).filter(has_all);
        let fields = fields.flatten().collect();
        let block = self.func.blocks.len();
        self.func.blocks.push(HashMap::new());
        self.func.update = Some(Update { block, set: names, fields, used: Vec::new() });
        let cond = cond.map(|cond| self.expr(cond));
        let mut sets = Block::new();
        for entry in set {
            let (place, name, span) = (Place::Local(element), target.span, entry.value.span);
            let kind = match entry_name(&entry.key) {
                Some(field) => {
                    let (value, fields) = (self.expr(&entry.value), vec![field.to_owned()]);
                    StmtKind::AssignField { place, name, indexes: Vec::new(), fields, value }
                }
                None => {
                    let ast::MapKey::Expr(key) = &entry.key else { continue };
                    let indexes = vec![self.expr(key)];
                    StmtKind::AssignElement { place, name, indexes, value: self.expr(&entry.value) }
                }
            };
            sets.push(Stmt { kind, span });
        }
        let mut body = Block::new();
        for (local, name, otherwise, span) in self.func.update.take().map_or(Vec::new(), |update| update.used) {
            let value = Some(self.push(ExprKind::Member { of: element, name, otherwise }, span));
            body.push(Stmt { kind: StmtKind::Declare { place: Place::Local(local), value }, span });
        }
        self.func.blocks.pop();
        match cond {
            Some(cond) => {
                let arms = vec![Arm { cond, body: sets, span }];
                body.push(Stmt { kind: StmtKind::If { arms, otherwise: Block::new() }, span });
            }
            None => body.append(&mut sets),
        }
        let assigns = BTreeSet::new();
        out.push(Stmt { kind: StmtKind::ForIn { var: element, iter: list, body, assigns }, span });
    }

    /// The local for what the element of the `update` around has under a name that nothing in its expressions declares.
    pub(in crate::check::resolve) fn updated_part(&mut self, name: &'a str, span: Span) -> Option<Bound> {
        let update = self.func.update.take()?;
        let may_be_part =
            update.fields.contains(name) || update.set.contains(name) || !self.is_declared_otherwise(name);
        let inner = self.func.blocks.split_off(update.block);
        let outside = if may_be_part { self.lookup(name, span) } else { None };
        let may_be_part = may_be_part && !matches!(outside, Some(Bound::Shape(_)));
        let otherwise = outside.filter(|_| may_be_part).map(|_| self.name(name, span));
        self.func.blocks.extend(inner);
        self.func.update = Some(update);
        if !may_be_part {
            return None;
        }
        let local = self.hidden_local(span);
        let bound = Bound::Variable(Place::Local(local));
        if let Some(update) = &mut self.func.update {
            update.used.push((local, name, otherwise, span));
            self.func.blocks[update.block].insert(name, bound);
        }
        Some(bound)
    }

    /// Whether a call of a name is one of what is declared outside of the `update` around.
    pub(in crate::check::resolve) fn is_called_outside(&self, name: &str) -> bool {
        let Some(update) = &self.func.update else { return false };
        !update.fields.contains(name) && self.is_declared_otherwise(name)
    }

    /// Whether a name means something that is no variable.
    fn is_declared_otherwise(&self, name: &str) -> bool {
        let names = self.names();
        matches!(name, "nil" | "null")
            || names.functions.contains_key(name)
            || names.types.contains_key(name)
            || self.is_module_name(name)
            || self.is_extern(name)
            || Builtin::from_name(name).is_some()
            || self.is_in_prelude(name)
    }
}

fn entry_name(key: &ast::MapKey) -> Option<&str> {
    match key {
        ast::MapKey::Name(name) => Some(&name.text),
        ast::MapKey::Expr(ast::Expr { kind: ast::ExprKind::Str(bytes), span: _ }) => std::str::from_utf8(bytes).ok(),
        ast::MapKey::Expr(_) => None,
    }
}
