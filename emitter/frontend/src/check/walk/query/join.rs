//! The steps of a query: loops over the elements of a source that belong to the rows of the steps before.
//!
//! A table that is the same for all rows and has a key is *hashed*: a map leads from each key to the
//! first element that has it, and a list from each element to the next one, so the elements of a key
//! come in their order and no list is made for any key.

use super::*;
use crate::check::resolved::{Join, Key, Step, Table};

/// A source whose elements are in lists, one for each of the row variables that it sets.
pub(super) struct Source {
    lists: Vec<Expr>,
    hash: Option<Hash>,
}

/// The elements by their keys.
struct Hash {
    /// The number of the first element by the key.
    heads: Expr,
    /// By number from the last element on: that of the next element with the key, or -1.
    nexts: Expr,
    /// Whether any key has a next element: where not, none is looked for.
    has_nexts: Expr,
    /// The keys of a row, and of which kind each is.
    keys: Vec<(ExprId, KeyKind)>,
    /// The equalities that the keys come from.
    conds: Vec<ExprId>,
    /// The condition that holds for what is found.
    implied: Option<ExprId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyKind {
    /// Ints or strings on both sides, and none on one at most.
    Exact,
    /// By what equal values have in common; what is found is looked at again.
    Mixed,
}

impl Source {
    /// Whether the elements are hashed, and the equalities that they are hashed by.
    pub(super) fn hashed(&self) -> Option<&[ExprId]> {
        self.hash.as_ref().map(|hash| hash.conds.as_slice())
    }

    /// The conditions that an element which is found has to meet.
    fn conds(&self, step: &Step) -> Vec<ExprId> {
        let implied = self.hash.as_ref().and_then(|hash| hash.implied);
        step.on.iter().copied().filter(|&cond| Some(cond) != implied).collect()
    }
}

impl<'w, 'p, 'a> Walk<'w, 'p, 'a> {
    /// Evaluates the sources that are the same for all rows.
    pub(super) fn tables(&mut self, query: &'p Query, out: &mut Block) -> Vec<Option<Source>> {
        let mut tables: Vec<Option<Source>> = query.steps.iter().map(|_| None).collect();
        let mut order: Vec<usize> = (0..query.steps.len()).collect();
        if query.is_swapped {
            order.reverse();
        }
        for &at in &order {
            let step = &query.steps[at];
            if step.is_fixed {
                let lists = self.table(&step.table, out);
                tables[at] = Some(Source { lists, hash: None });
            }
        }
        for (step, table) in query.steps.iter().zip(&mut tables) {
            if let Some(table) = table {
                table.hash = self.hash(step, &table.lists, out);
            }
        }
        tables
    }

    /// The lists of a source's elements, each in a local.
    fn table(&mut self, table: &Table, out: &mut Block) -> Vec<Expr> {
        match table {
            Table::Group(lists) => lists
                .iter()
                .map(|&list| {
                    let span = self.func.locals[list.index()].span;
                    self.local(list, span).expr
                })
                .collect(),
            Table::Expr(of) => {
                let of = self.elements(*of);
                vec![if shape::is_movable(&of) { of } else { self.set_new(of, out) }]
            }
        }
    }

    /// What a loop over the value of the expression runs over, as a list.
    fn elements(&mut self, id: ExprId) -> Expr {
        let of = self.expr(id);
        let span = of.span;
        match of.ty.kind {
            Kind::List(_) => {
                let empty = shape::expr(ExprKind::List(Vec::new()), of.ty.without_none(), span);
                self.unless_none(of, empty, |_, of| of)
            }
            Kind::Map(_) if !self.may_be_group(of.ty) => {
                let empty = self.list(id, Vec::new(), span);
                self.unless_none(of, empty, |walk, of| walk.map_keys(id, of, span))
            }
            Kind::Row(row) => {
                let empty = self.list(id, Vec::new(), span);
                self.unless_none(of, empty, |walk, of| walk.row_key_list(id, of, row, span))
            }
            Kind::Any | Kind::String | Kind::Map(_) | Kind::Record(_) | Kind::Union(_) => self.any_iter(id, of, span),
            Kind::Never => {
                let list = self.list(id, Vec::new(), span);
                shape::sequence(of, list, span)
            }
            Kind::Int | Kind::Float | Kind::Bool | Kind::Func(_) => {
                let list = self.list(id, Vec::new(), span);
                let ty = list.ty;
                self.unless_none(of, list, |_, of| shape::sequence(of, shape::fail("invalid iterator", ty, span), span))
            }
        }
    }

    /// Sets the row variables of a step to an element.
    fn set_rows(&mut self, step: &Step, lists: &[Expr], at: &Expr, out: &mut Block) {
        for (&row, list) in step.rows.iter().zip(lists) {
            let element = self.held(list);
            if element.kind == Kind::Never && !element.nullable {
                continue;
            }
            let index = ExprKind::ListIndex { of: Box::new(list.clone()), index: Box::new(at.clone()) };
            self.set_row(row, shape::expr(index, element, list.span), out);
        }
    }

    fn set_rows_to_none(&mut self, step: &Step, out: &mut Block, span: Span) {
        for &row in &step.rows {
            self.set_row(row, shape::none(span), out);
        }
    }

    /// The rows of a step and those after it, given to `sink`.
    pub(super) fn join_step(
        &mut self,
        query: &'p Query,
        tables: &[Option<Source>],
        at: usize,
        out: &mut Block,
        sink: &mut Sink<'_, 'w, 'p, 'a>,
    ) {
        let Some(step) = query.steps.get(at) else { return sink(self, out) };
        let here;
        let table = match &tables[at] {
            Some(table) => table,
            None => {
                here = Source { lists: self.table(&step.table, out), hash: None };
                &here
            }
        };
        let before = self.present.clone();
        let mut next = |walk: &mut Self, out: &mut Block| walk.join_step(query, tables, at + 1, out, sink);
        match query.steps.get(at + 1).map(|next| next.join) {
            Some(join @ (Join::LeftLast | Join::Outer)) => {
                self.paired(query, tables, join, out, sink);
            }
            _ => match step.join {
                Join::Inner => self.inner(step, table, out, &mut next),
                Join::Left | Join::LeftLast | Join::Outer => self.left(step, table, out, &mut next),
            },
        }
        self.present = before;
    }

    fn inner(&mut self, step: &'p Step, table: &Source, out: &mut Block, next: &mut Sink<'_, 'w, 'p, 'a>) {
        let span = table.lists[0].span;
        if table.hash.is_none() {
            if let ([list], [row]) = (table.lists.as_slice(), step.rows.as_slice()) {
                let element = self.held(list);
                let var = self.temporary(element, span);
                let mut body = Block::new();
                self.set_row(*row, shape::expr(ExprKind::Local(var), element, span), &mut body);
                self.filtered(&step.on, &mut body, next);
                self.stop(&mut body, span);
                out.push(Stmt { kind: StmtKind::ForList { var, of: list.clone(), body }, span });
                return;
            }
            let lists = table.lists.clone();
            self.count_up(&table.lists[0], out, span, |walk, at, body| {
                walk.set_rows(step, &lists, &at, body);
                walk.filtered(&step.on, body, next);
                walk.stop(body, span);
            });
            return;
        }
        let at = self.first(table, out, span);
        let mut body = Block::new();
        self.set_rows(step, &table.lists, &at, &mut body);
        self.advance(table, &at, &mut body);
        self.filtered(&table.conds(step), &mut body, next);
        self.stop(&mut body, span);
        let cond = compare(CompareOp::Ge, at, shape::int(0, span));
        out.push(Stmt { kind: StmtKind::While { cond, body }, span });
    }

    /// One round more than there are elements: in that a row without elements goes on with none.
    fn left(&mut self, step: &'p Step, table: &Source, out: &mut Block, next: &mut Sink<'_, 'w, 'p, 'a>) {
        let span = table.lists[0].span;
        let at = self.first(table, out, span);
        let is_open = self.set_new(shape::bool(true, span), out);
        let is_matched = self.set_new(shape::bool(false, span), out);
        let mut found = Block::new();
        self.set_rows(step, &table.lists, &at, &mut found);
        self.advance(table, &at, &mut found);
        let cond = self.all_of(&table.conds(step), span);
        let goes_on = self.temporary(Type::BOOL, span);
        let goes_on = shape::expr(ExprKind::Local(goes_on), Type::BOOL, span);
        found.push(assign(&goes_on, cond));
        let then = vec![assign(&is_matched, shape::bool(true, span))];
        found.push(Stmt { kind: StmtKind::If { cond: goes_on.clone(), then, otherwise: Block::new() }, span });
        let mut ended = vec![assign(&is_open, shape::bool(false, span))];
        ended.push(assign(&goes_on, shape::not(is_matched)));
        self.set_rows_to_none(step, &mut ended, span);
        for row in &step.rows {
            self.present.remove(row);
        }
        let cond = compare(CompareOp::Ge, at, shape::int(0, span));
        let mut body = vec![Stmt { kind: StmtKind::If { cond, then: found, otherwise: ended }, span }];
        let mut then = Block::new();
        self.filtered(&step.filters, &mut then, next);
        body.push(Stmt { kind: StmtKind::If { cond: goes_on, then, otherwise: Block::new() }, span });
        self.stop(&mut body, span);
        out.push(Stmt { kind: StmtKind::While { cond: is_open, body }, span });
    }

    /// The number of the first element to look at for a row, -1 without any, in a local.
    fn first(&mut self, table: &Source, out: &mut Block, span: Span) -> Expr {
        let Some(hash) = &table.hash else {
            let is_empty = compare(CompareOp::Eq, length(&table.lists[0]), shape::int(0, span));
            return self.set_new(shape::choice(is_empty, shape::int(-1, span), shape::int(0, span), span), out);
        };
        let key = self.hash_key(&hash.keys, span);
        let first = self.number_at(&hash.heads, key, span);
        self.set_new(first, out)
    }

    /// Goes on to the number of the next element, -1 after the last one.
    fn advance(&mut self, table: &Source, at: &Expr, out: &mut Block) {
        let span = at.span;
        let last = arith(ArithOp::Sub, length(&table.lists[0]), shape::int(1, span));
        let next = match &table.hash {
            Some(hash) => {
                let index = Box::new(arith(ArithOp::Sub, last, at.clone()));
                let kind = ExprKind::ListIndex { of: Box::new(hash.nexts.clone()), index };
                let next = shape::expr(kind, Type::INT, span);
                shape::choice(hash.has_nexts.clone(), next, shape::int(-1, span), span)
            }
            None => {
                let is_last = compare(CompareOp::Ge, at.clone(), last);
                let more = arith(ArithOp::Add, at.clone(), shape::int(1, span));
                shape::choice(is_last, shape::int(-1, span), more, span)
            }
        };
        out.push(assign(at, next));
    }

    /// The number that a map of the query's own has for a key; -1 without one, or if an int or a string is none.
    fn number_at(&mut self, map: &Expr, key: Expr, span: Span) -> Expr {
        let absent = shape::int(-1, span);
        let find = |walk: &mut Self, key: Expr| {
            let kind = ExprKind::MapIndex { of: Box::new(map.clone()), key: Box::new(key) };
            let found = shape::expr(kind, Type::INT.or_none(), span);
            walk.unless_none(found, absent.clone(), |_, found| found)
        };
        if key.ty.kind == Kind::Any { find(self, key) } else { self.unless_none(key, absent.clone(), find) }
    }

    /// What leads to the elements with these keys. Of several the texts count, with a byte between that they do not have.
    fn hash_key(&mut self, keys: &[(ExprId, KeyKind)], span: Span) -> Expr {
        let mut all: Option<Expr> = None;
        for &(key, kind) in keys {
            let mut value = self.expr(key);
            if kind == KeyKind::Mixed {
                let of = self.view(value);
                value = shape::expr(ExprKind::AnyKey(Box::new(of)), Type::INT, span);
            }
            if keys.len() > 1 {
                value = self.as_text(value, span);
            }
            let concat = |lhs: Expr, rhs: Expr| {
                let (lhs, rhs) = (Box::new(lhs), Box::new(rhs));
                shape::expr(ExprKind::Concat { lhs, rhs }, Type::STRING, span)
            };
            all = Some(match all {
                Some(first) => concat(concat(first, shape::string("\0", span)), value),
                None => value,
            });
        }
        all.unwrap_or_else(|| shape::int(0, span))
    }

    /// How a key finds elements, if it does.
    fn key_kind(&mut self, key: Key) -> Option<KeyKind> {
        let (row, element) = (self.expr(key.row).ty, self.expr(key.element).ty);
        let is_known = |ty: Type| ty != Type::NEVER;
        if row.kind == element.kind
            && matches!(row.kind, Kind::Int | Kind::String)
            && !(row.nullable && element.nullable)
        {
            Some(KeyKind::Exact)
        } else {
            (is_known(row) && is_known(element)).then_some(KeyKind::Mixed)
        }
    }

    /// Hashes the elements of a step that has a key.
    fn hash(&mut self, step: &'p Step, lists: &[Expr], out: &mut Block) -> Option<Hash> {
        let before = self.present.clone();
        let mut keys = Vec::new();
        let mut elements = Vec::new();
        let mut conds = Vec::new();
        for &key in &step.keys {
            if let Some(kind) = self.key_kind(key) {
                conds.push(key.cond);
                keys.push((key.row, kind));
                elements.push((key.element, kind));
            }
        }
        if keys.is_empty() {
            return None;
        }
        let implied = match (step.keys.as_slice(), keys.as_slice()) {
            ([key], [(_, KeyKind::Exact)]) => Some(key.cond),
            _ => None,
        };
        let span = lists[0].span;
        let heads = self.new_numbers(step.heads, out, span);
        let nexts = self.new_column(step.nexts, Type::INT, out, span);
        let has_nexts = self.set_new(shape::bool(false, span), out);
        let last = arith(ArithOp::Sub, length(&lists[0]), shape::int(1, span));
        let at = self.set_new(last, out);
        let mut body = Block::new();
        self.set_rows(step, lists, &at, &mut body);
        let value = self.hash_key(&elements, span);
        let value = self.set_new(value, &mut body);
        let known = self.number_at(&heads, value.clone(), span);
        let known = self.set_new(known, &mut body);
        self.push(&nexts, known.clone(), &mut body);
        let cond = compare(CompareOp::Ge, known, shape::int(0, span));
        let then = vec![assign(&has_nexts, shape::bool(true, span))];
        body.push(Stmt { kind: StmtKind::If { cond, then, otherwise: Block::new() }, span });
        let is_counted = value.ty.kind != Kind::Any && value.ty.nullable;
        let key = if is_counted { shape::present(value.clone()) } else { value.clone() };
        let set = Stmt { kind: StmtKind::SetEntry { of: heads.clone(), key, value: at.clone() }, span };
        if is_counted {
            let cond = shape::not(shape::is_none(value));
            body.push(Stmt { kind: StmtKind::If { cond, then: vec![set], otherwise: Block::new() }, span });
        } else {
            body.push(set);
        }
        body.push(assign(&at, arith(ArithOp::Sub, at.clone(), shape::int(1, span))));
        let cond = compare(CompareOp::Ge, at, shape::int(0, span));
        out.push(Stmt { kind: StmtKind::While { cond, body }, span });
        self.present = before;
        Some(Hash { heads, nexts, has_nexts, keys, conds, implied })
    }

    /// Two steps whose pairs are in another order than they are found in, so that they are kept first.
    fn paired(
        &mut self,
        query: &'p Query,
        tables: &[Option<Source>],
        join: Join,
        out: &mut Block,
        sink: &mut Sink<'_, 'w, 'p, 'a>,
    ) {
        let (first, second) = (&query.steps[0], &query.steps[1]);
        let (Some(left), Some(right)) = (&tables[0], &tables[1]) else {
            unreachable!("the sources of one join are fixed")
        };
        let span = left.lists[0].span;
        let minus_one = || shape::int(-1, span);
        // The pairs as numbers of elements, -1 for none.
        let lefts = self.new_column(first.nexts, Type::INT, out, span);
        let rights = self.new_column(first.heads, Type::INT, out, span);
        let is_used = self.new_column(query.seen, Type::BOOL, out, span);
        if join == Join::Outer {
            self.count_up(&right.lists[0], out, span, |walk, _, body| {
                walk.push(&is_used, shape::bool(false, span), body);
            });
        }
        let left_lists = left.lists.clone();
        self.count_up(&left.lists[0], out, span, |walk, at, body| {
            walk.set_rows(first, &left_lists, &at, body);
            let other = walk.first(right, body, span);
            let is_matched = walk.set_new(shape::bool(false, span), body);
            let mut inner = Block::new();
            let here = walk.set_new(other.clone(), &mut inner);
            walk.set_rows(second, &right.lists, &other, &mut inner);
            walk.advance(right, &other, &mut inner);
            let cond = walk.all_of(&right.conds(second), span);
            let mut then = vec![assign(&is_matched, shape::bool(true, span))];
            walk.push(&lefts, at.clone(), &mut then);
            walk.push(&rights, here.clone(), &mut then);
            if join == Join::Outer {
                let kind = StmtKind::SetIndex { of: is_used.clone(), index: here, value: shape::bool(true, span) };
                then.push(Stmt { kind, span });
            }
            inner.push(Stmt { kind: StmtKind::If { cond, then, otherwise: Block::new() }, span });
            let cond = compare(CompareOp::Ge, other, shape::int(0, span));
            body.push(Stmt { kind: StmtKind::While { cond, body: inner }, span });
            let mut then = Block::new();
            match join {
                // Noted for later.
                Join::LeftLast => walk.push(&is_used, shape::bool(true, span), &mut then),
                _ => {
                    walk.push(&lefts, at, &mut then);
                    walk.push(&rights, minus_one(), &mut then);
                }
            }
            let mut otherwise = Block::new();
            if join == Join::LeftLast {
                walk.push(&is_used, shape::bool(false, span), &mut otherwise);
            }
            body.push(Stmt { kind: StmtKind::If { cond: shape::not(is_matched), then, otherwise }, span });
        });
        // What has no partner yet.
        self.count_up(&is_used, out, span, |walk, at, body| {
            let of = ExprKind::ListIndex { of: Box::new(is_used.clone()), index: Box::new(at.clone()) };
            let marked = shape::expr(of, Type::BOOL, span);
            let mut then = Block::new();
            let cond = if join == Join::LeftLast {
                walk.push(&lefts, at, &mut then);
                walk.push(&rights, minus_one(), &mut then);
                marked
            } else {
                walk.push(&lefts, minus_one(), &mut then);
                walk.push(&rights, at, &mut then);
                shape::not(marked)
            };
            body.push(Stmt { kind: StmtKind::If { cond, then, otherwise: Block::new() }, span });
        });
        self.count_up(&lefts, out, span, |walk, at, body| {
            for (step, source, numbers) in [(first, left, &lefts), (second, right, &rights)] {
                let of = ExprKind::ListIndex { of: Box::new(numbers.clone()), index: Box::new(at.clone()) };
                let number = walk.set_new(shape::expr(of, Type::INT, span), body);
                let mut then = Block::new();
                walk.set_rows(step, &source.lists, &number, &mut then);
                if join == Join::Outer || std::ptr::eq(step, second) {
                    let mut otherwise = Block::new();
                    walk.set_rows_to_none(step, &mut otherwise, span);
                    for row in &step.rows {
                        walk.present.remove(row);
                    }
                    let cond = compare(CompareOp::Ge, number, shape::int(0, span));
                    body.push(Stmt { kind: StmtKind::If { cond, then, otherwise }, span });
                } else {
                    body.append(&mut then);
                }
            }
            let mut next = |walk: &mut Self, out: &mut Block| walk.join_step(query, tables, 2, out, sink);
            walk.filtered(&second.filters, body, &mut next);
            walk.stop(body, span);
        });
    }
}
