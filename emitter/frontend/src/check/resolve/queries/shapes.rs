//! Names that stand for several locals: rows of joined sources, groups, and keys of several parts.

use std::collections::HashMap;

use super::super::{Bound, Resolver};
use crate::builtins::Builtin;
use crate::check::resolved::{ExprId, ExprKind, Join, Query, Step, Table};
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::LocalId;

/// What a name is made of.
#[derive(Clone)]
pub(in crate::check::resolve) enum Shape<'a> {
    Value(LocalId),
    /// By name; `is_row` if a field that is none of these is looked for in the values.
    Map {
        fields: Vec<(&'a str, Shape<'a>)>,
        is_row: bool,
    },
    Group(Box<Group<'a>>),
}

/// A group of rows.
#[derive(Clone)]
pub(in crate::check::resolve) struct Group<'a> {
    key: Shape<'a>,
    /// The parts of the key that are fields of the group.
    exposed: Vec<(&'a str, Shape<'a>)>,
    /// The rows, over the lists of their values.
    element: Shape<'a>,
}

impl<'a> Shape<'a> {
    /// What a row of a query's variables is.
    pub(super) fn row(mut variables: Vec<(&'a str, Shape<'a>)>) -> Shape<'a> {
        match variables.len() {
            1 => variables.remove(0).1,
            _ => Shape::Map { fields: variables, is_row: true },
        }
    }

    pub(super) fn group(key: Shape<'a>, exposed: Vec<(&'a str, Shape<'a>)>, element: Shape<'a>) -> Shape<'a> {
        Shape::Group(Box::new(Group { key, exposed, element }))
    }

    /// The locals that hold it.
    pub(in crate::check::resolve) fn locals(&self) -> Vec<LocalId> {
        let mut locals = Vec::new();
        // Maps one shape onto another; this one is thrown away.
        let cell = std::cell::RefCell::new(&mut locals);
        self.map(&|local| {
            let mut locals = cell.borrow_mut();
            if !locals.contains(&local) {
                locals.push(local);
            }
            local
        });
        locals
    }

    /// The same over other locals.
    pub(in crate::check::resolve) fn map(&self, f: &dyn Fn(LocalId) -> LocalId) -> Shape<'a> {
        let fields = |fields: &[(&'a str, Shape<'a>)]| fields.iter().map(|(name, of)| (*name, of.map(f))).collect();
        match self {
            Shape::Value(local) => Shape::Value(f(*local)),
            Shape::Map { fields: of, is_row } => Shape::Map { fields: fields(of), is_row: *is_row },
            Shape::Group(group) => Shape::Group(Box::new(Group {
                key: group.key.map(f),
                exposed: fields(&group.exposed),
                element: group.element.map(f),
            })),
        }
    }

    fn field(&self, name: &str) -> Option<&Shape<'a>> {
        let find = |fields: &'_ [(&'a str, Shape<'a>)]| fields.iter().position(|(field, _)| *field == name);
        match self {
            Shape::Value(_) => None,
            Shape::Map { fields, is_row: _ } => find(fields).map(|at| &fields[at].1),
            Shape::Group(group) if name == "key" => Some(&group.key),
            Shape::Group(group) => find(&group.exposed).map(|at| &group.exposed[at].1),
        }
    }
}

impl<'a> Resolver<'a> {
    fn shape_of(&mut self, expr: &'a ast::Expr) -> Option<Shape<'a>> {
        let ast::ExprKind::Name(name) = &expr.kind else { return None };
        match self.lookup(name, expr.span)? {
            Bound::Shape(shape) => Some(self.shapes[shape].clone()),
            Bound::Variable(_) | Bound::Function(_) | Bound::Part(_) => None,
        }
    }

    /// The rows of the group that the expression names, over the lists of their values.
    pub(super) fn group_of(&mut self, expr: &'a ast::Expr) -> Option<Shape<'a>> {
        let group = match &expr.kind {
            ast::ExprKind::Field { of, name, optional: _ } if name.text == "items" => of,
            _ => expr,
        };
        match self.shape_of(group)? {
            Shape::Group(group) => Some(group.element),
            Shape::Value(_) | Shape::Map { .. } => None,
        }
    }

    /// Resolves a name that stands for several values with as many of the fields that follow, the last one first, as
    /// it takes.
    pub(in crate::check::resolve) fn shaped(
        &mut self,
        leaf: &'a ast::Expr,
        chain: &mut Vec<&'a ast::Expr>,
    ) -> Option<ExprId> {
        let mut shape = self.shape_of(leaf)?;
        let mut span = leaf.span;
        while let Some(ast::Expr { kind: ast::ExprKind::Field { of: _, name, optional: _ }, span: at }) =
            chain.last().copied()
        {
            if let Some(field) = shape.field(&name.text) {
                shape = field.clone();
                span = *at;
                chain.pop();
                continue;
            }
            match &shape {
                Shape::Map { fields, is_row: true } => {
                    let of = fields.iter().map(|(_, field)| self.shape_value(field, *at)).collect();
                    chain.pop();
                    self.method_values(&name.text, None, *at);
                    return Some(self.push(ExprKind::Lookup { of, name: &name.text }, *at));
                }
                Shape::Group(group) if name.text == "items" => {
                    chain.pop();
                    return Some(self.items(&group.element, *at));
                }
                Shape::Group(group) if name.text == "count" => {
                    chain.pop();
                    return Some(self.group_len(&group.element, *at));
                }
                Shape::Value(_) | Shape::Map { .. } | Shape::Group(_) => break,
            }
        }
        Some(self.shape_value(&shape, span))
    }

    /// The argument of a builtin that looks at a group's rows.
    pub(in crate::check::resolve) fn group_argument(
        &mut self,
        builtin: Builtin,
        args: &'a [ast::Expr],
    ) -> Option<ExprId> {
        let [of] = args else { return None };
        let counts = matches!(builtin, Builtin::Count | Builtin::Len | Builtin::Exists);
        let looks = matches!(builtin, Builtin::Sum | Builtin::Avg | Builtin::Min | Builtin::Max | Builtin::First);
        if !counts && !looks {
            return None;
        }
        let element = self.group_of(of)?;
        if counts {
            let list = *element.locals().first()?;
            return Some(self.push(ExprKind::Local(list), of.span));
        }
        Some(self.items(&element, of.span))
    }

    fn group_len(&mut self, element: &Shape<'a>, span: Span) -> ExprId {
        let list = element.locals().first().copied();
        match list {
            Some(list) => {
                let list = self.push(ExprKind::Local(list), span);
                self.builtin(Builtin::Len, vec![list], span)
            }
            None => self.push(ExprKind::Int(0), span),
        }
    }

    /// The rows of a group as a list.
    fn items(&mut self, element: &Shape<'a>, span: Span) -> ExprId {
        if let Shape::Value(list) = element {
            return self.push(ExprKind::Local(*list), span);
        }
        let lists = element.locals();
        let rows: HashMap<LocalId, LocalId> = lists.iter().map(|&list| (list, self.hidden_local(span))).collect();
        let row = element.map(&|list| rows[&list]);
        let select = self.shape_value(&row, span);
        let mut container = || self.push(ExprKind::None, span);
        let step = Step {
            join: Join::Inner,
            rows: lists.iter().map(|list| rows[list]).collect(),
            table: Table::Group(lists),
            text: [span, span],
            is_fixed: true,
            keys: Vec::new(),
            on: Vec::new(),
            filters: Vec::new(),
            heads: container(),
            nexts: container(),
        };
        let query = Query {
            span: None,
            parts: [0, 0],
            steps: vec![step],
            is_swapped: false,
            group: None,
            sort: Vec::new(),
            keys_first: false,
            skip: None,
            take: None,
            is_distinct: false,
            select,
            columns: container(),
            order: container(),
            seen: container(),
            seen_key: container(),
        };
        self.push(ExprKind::Query(Box::new(query)), span)
    }

    /// All of it as one value.
    fn shape_value(&mut self, shape: &Shape<'a>, span: Span) -> ExprId {
        match shape {
            Shape::Value(local) => self.push(ExprKind::Local(*local), span),
            Shape::Map { fields, is_row } => {
                let values: Vec<_> =
                    fields.iter().map(|(name, field)| (*name, self.shape_value(field, span))).collect();
                if *is_row {
                    return self.push(ExprKind::Row(values), span);
                }
                self.named_values(values, span)
            }
            Shape::Group(group) => {
                self.program.has_groups = true;
                let marked = self.push(ExprKind::Bool(true), span);
                let key = self.shape_value(&group.key, span);
                let items = self.items(&group.element, span);
                let count = self.group_len(&group.element, span);
                let mut values = vec![("__group__", marked), ("key", key), ("items", items), ("count", count)];
                for (name, part) in &group.exposed {
                    values.push((*name, self.shape_value(part, span)));
                }
                self.named_values(values, span)
            }
        }
    }

    fn named_values(&mut self, values: Vec<(&'a str, ExprId)>, span: Span) -> ExprId {
        let entries = values.into_iter().map(|(name, value)| (self.push(ExprKind::Str(name.as_bytes()), span), value));
        let entries = entries.collect();
        self.push(ExprKind::Map(entries), span)
    }

    /// A shape of a function around this one, over this one's own locals for the same.
    pub(in crate::check::resolve) fn captured_shape(
        &mut self,
        shape: usize,
        mut capture: impl FnMut(&mut Self, LocalId) -> LocalId,
    ) -> Bound {
        let shape = self.shapes[shape].clone();
        let mut own = HashMap::new();
        for local in shape.locals() {
            own.insert(local, capture(self, local));
        }
        self.shapes.push(shape.map(&|local| own[&local]));
        Bound::Shape(self.shapes.len() - 1)
    }
}
