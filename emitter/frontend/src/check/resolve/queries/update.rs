//! `update xs set { f: e, … } where c`: a loop over the structs in a list, with their fields in scope by name.

use std::collections::{BTreeSet, HashMap};

use super::super::{Bound, Resolver};
use crate::check::resolved::{Arm, Block, ExprKind, Place, Stmt, StmtKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::RecordId;

impl<'a> Resolver<'a> {
    pub(in crate::check::resolve) fn update(
        &mut self,
        target: &'a ast::Name,
        set: &'a [ast::MapEntry],
        cond: Option<&'a ast::Expr>,
        span: Span,
        out: &mut Block,
    ) {
        let names: Option<Vec<&'a str>> = set.iter().map(|entry| entry_name(&entry.key)).collect();
        let Some(names) = names else { return self.refuse(span, "updates of fields without a name") };
        let Some(record) = self.updated_record(&names) else {
            return self.refuse(target.span, "updates of lists of what is no declared struct with these fields");
        };
        let list = self.name(&target.text, target.span);
        self.func.blocks.push(HashMap::new());
        let element = self.hidden_local(target.span);
        let fields: Vec<&'a str> = self.program.records[record.index()].fields.iter().map(|field| field.name).collect();
        let mut body = Block::new();
        // What the fields hold before any of them is set.
        for name in fields {
            let of = self.push(ExprKind::Local(element), target.span);
            let value = self.push(ExprKind::Field { of, name }, target.span);
            let local = self.hidden_local(target.span);
            self.bind(name, Bound::Variable(Place::Local(local)));
            body.push(Stmt { kind: StmtKind::Declare { place: Place::Local(local), value: Some(value) }, span });
        }
        let cond = cond.map(|cond| self.expr(cond));
        let mut sets = Block::new();
        for (name, entry) in names.into_iter().zip(set) {
            let value = self.expr(&entry.value);
            let (place, fields) = (Place::Local(element), vec![name.to_owned()]);
            let kind = StmtKind::AssignField { place, name: target.span, indexes: Vec::new(), fields, value };
            sets.push(Stmt { kind, span: entry.value.span });
        }
        match cond {
            Some(cond) => {
                let arms = vec![Arm { cond, body: sets, span }];
                body.push(Stmt { kind: StmtKind::If { arms, otherwise: Block::new() }, span });
            }
            None => body.append(&mut sets),
        }
        self.func.blocks.pop();
        let assigns = BTreeSet::new();
        out.push(Stmt { kind: StmtKind::ForIn { var: element, iter: list, body, assigns }, span });
    }

    /// The first declared struct that has all the fields.
    fn updated_record(&self, names: &[&str]) -> Option<RecordId> {
        let has_all =
            |record: &crate::check::resolved::Record<'_>| names.iter().all(|name| record.field(name).is_some());
        let at = self.program.records.iter().position(has_all)?;
        Some(RecordId(at as u32))
    }
}

fn entry_name(key: &ast::MapKey) -> Option<&str> {
    match key {
        ast::MapKey::Name(name) => Some(&name.text),
        ast::MapKey::Expr(ast::Expr { kind: ast::ExprKind::Str(bytes), span: _ }) => std::str::from_utf8(bytes).ok(),
        ast::MapKey::Expr(_) => None,
    }
}
