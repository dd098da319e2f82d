//! The results of a query: in the order of its rows or sorted, once each or all of them.

use super::*;

impl<'w, 'p, 'a> Walk<'w, 'p, 'a> {
    /// The results of a query, the expression `id`, as a list.
    pub(super) fn results(&mut self, id: ExprId, query: &'p Query, out: &mut Block, span: Span) -> Expr {
        let results = self.new_column(id, Type::NEVER, out, span);
        let seen = query.is_distinct.then(|| self.new_numbers(query.seen, out, span));
        if query.sort.is_empty() {
            self.each_result(query, out, span, &mut |walk, out| {
                let value = walk.expr(query.select);
                walk.add_result(query, value, &results, seen.as_ref(), out);
            });
        } else {
            self.sorted_results(id, query, (&results, seen.as_ref()), out, span);
        }
        let ty = self.infer.canonical(results.ty);
        shape::expr(results.kind, ty, span)
    }

    /// Adds the results in the order of their keys. The rows are kept as columns, their results and their keys; if
    /// only the first ones are wanted, the others are dropped whenever they have become as many again.
    fn sorted_results(
        &mut self,
        id: ExprId,
        query: &'p Query,
        (results, seen): (&Expr, Option<&Expr>),
        out: &mut Block,
        span: Span,
    ) {
        let mut columns = vec![self.new_column(id, Type::NEVER, out, span)];
        for key in &query.sort {
            columns.push(self.new_column(key.held, Type::NEVER, out, span));
        }
        let wanted = if seen.is_none() { self.wanted(query, out, span) } else { None };
        self.each_result(query, out, span, &mut |walk, out| {
            let select = |walk: &mut Self, out: &mut Block| {
                let value = walk.expr(query.select);
                if shape::is_movable(&value) { value } else { walk.set_new(value, out) }
            };
            let mut values = Vec::with_capacity(columns.len());
            if !query.keys_first {
                values.push(select(walk, out));
            }
            for key in &query.sort {
                let value = walk.expr(key.value);
                values.push(if shape::is_movable(&value) { value } else { walk.set_new(value, out) });
            }
            if query.keys_first {
                values.insert(0, select(walk, out));
            }
            if values.iter().any(|value| value.ty == Type::NEVER) {
                return;
            }
            for (column, value) in columns.iter().zip(values) {
                walk.push(column, value, out);
            }
            if let Some((wanted, limit)) = &wanted {
                let mut then = Block::new();
                let order = walk.row_order(query, &columns[1..], &mut then, span);
                let kept: Vec<Expr> = columns.iter().map(|column| walk.empty_like(column, &mut then)).collect();
                walk.each_in_order(&order, wanted.clone(), &mut then, span, |walk, at, body| {
                    for (column, kept) in columns.iter().zip(&kept) {
                        let value = walk.element_of(column, at);
                        walk.push(kept, value, body);
                    }
                });
                then.extend(columns.iter().zip(kept).map(|(column, kept)| assign(column, kept)));
                let cond = compare(CompareOp::Ge, length(&columns[0]), limit.clone());
                out.push(Stmt { kind: StmtKind::If { cond, then, otherwise: Block::new() }, span });
            }
        });
        if columns.iter().any(|column| self.held(column) == Type::NEVER) {
            return;
        }
        let order = self.row_order(query, &columns[1..], out, span);
        self.each_in_order(&order, length(&order), out, span, |walk, at, body| {
            let value = walk.element_of(&columns[0], at);
            walk.add_result(query, value, results, seen, body);
        });
    }

    /// The numbers of the rows in the order of their keys.
    fn row_order(&mut self, query: &'p Query, keys: &[Expr], out: &mut Block, span: Span) -> Expr {
        let held = self.infer.new_container(self.id, query.columns, Shape::List, 1);
        self.infer.join_part(held.kind, 0, Type::ANY, span);
        let keys = keys.iter().map(|key| self.view(key.clone())).collect();
        let keys = shape::expr(ExprKind::List(keys), self.infer.canonical(held), span);
        let keys = self.view(keys);
        let ty = self.infer.new_container(self.id, query.order, Shape::List, 1);
        self.infer.join_part(ty.kind, 0, Type::INT, span);
        self.set_new(shape::expr(ExprKind::SortedRows(Box::new(keys)), self.infer.canonical(ty), span), out)
    }

    /// How many of the sorted results are wanted at most, and the number of rows that is too many to keep.
    fn wanted(&mut self, query: &'p Query, out: &mut Block, span: Span) -> Option<(Expr, Expr)> {
        let take = self.expr(query.take?);
        let skip = query.skip.map_or_else(|| shape::int(0, span), |skip| self.expr(skip));
        if take.ty != Type::INT || skip.ty != Type::INT || !shape::is_movable(&take) || !shape::is_movable(&skip) {
            return None;
        }
        // From the end, all count.
        let is_known = [&skip, &take].map(|count| compare(CompareOp::Ge, count.clone(), shape::int(0, span)));
        let [lhs, rhs] = is_known.map(Box::new);
        let is_known = shape::expr(ExprKind::And { lhs, rhs }, Type::BOOL, span);
        let wanted = self.set_new(arith(ArithOp::Add, skip, take), out);
        let double = arith(ArithOp::Add, wanted.clone(), wanted.clone());
        let limit = arith(ArithOp::Add, double, shape::int(64, span));
        let limit = self.set_new(shape::choice(is_known, limit, shape::int(1 << 60, span), span), out);
        Some((wanted, limit))
    }

    fn empty_like(&mut self, column: &Expr, out: &mut Block) -> Expr {
        let ty = self.infer.canonical(column.ty);
        self.set_new(shape::expr(ExprKind::List(Vec::new()), ty, column.span), out)
    }

    /// `body` for the numbers of rows in an order, so many of them.
    fn each_in_order(
        &mut self,
        order: &Expr,
        end: Expr,
        out: &mut Block,
        span: Span,
        body: impl FnOnce(&mut Self, &Expr, &mut Block),
    ) {
        let var = self.temporary(Type::INT, span);
        let index = Box::new(shape::expr(ExprKind::Local(var), Type::INT, span));
        let mut inner = Block::new();
        let at = ExprKind::ListIndex { of: Box::new(order.clone()), index };
        let at = self.set_new(shape::expr(at, Type::INT, span), &mut inner);
        body(self, &at, &mut inner);
        let start = shape::int(0, span);
        out.push(Stmt { kind: StmtKind::ForRange { var, assigned: false, start, end, body: inner }, span });
    }

    fn element_of(&mut self, column: &Expr, at: &Expr) -> Expr {
        let element = self.held(column);
        let kind = ExprKind::ListIndex { of: Box::new(column.clone()), index: Box::new(at.clone()) };
        shape::expr(kind, element, column.span)
    }

    /// `sink` for what there is a result of: each row, or each group.
    pub(super) fn each_result(
        &mut self,
        query: &'p Query,
        out: &mut Block,
        span: Span,
        sink: &mut Sink<'_, 'w, 'p, 'a>,
    ) {
        match &query.group {
            Some(group) => self.each_group(query, group, out, sink, span),
            None => self.each_row(query, out, sink),
        }
    }

    /// Adds a value to the results, if they are not to be distinct or do not have it.
    fn add_result(&mut self, query: &'p Query, value: Expr, results: &Expr, seen: Option<&Expr>, out: &mut Block) {
        let span = value.span;
        let Some(seen) = seen else { return self.push(results, value, out) };
        if value.ty == Type::NEVER {
            return self.push(results, value, out);
        }
        let value = if shape::is_movable(&value) { value } else { self.set_new(value, out) };
        let key = if value.ty == Type::INT || value.ty == Type::STRING {
            value.clone()
        } else {
            // In a list, texts have quotes and tell their kinds apart.
            let list = self.list(query.seen_key, vec![value.clone()], span);
            let list = self.view(list);
            shape::builtin(Builtin::TextShown, vec![list], Type::STRING, span)
        };
        let key = if shape::is_movable(&key) { key } else { self.set_new(key, out) };
        let kind = ExprKind::MapContains { of: Box::new(seen.clone()), key: Box::new(key.clone()) };
        let cond = shape::not(shape::expr(kind, Type::BOOL, span));
        let kind = StmtKind::SetEntry { of: seen.clone(), key, value: shape::int(0, span) };
        let mut then = vec![Stmt { kind, span }];
        self.push(results, value, &mut then);
        out.push(Stmt { kind: StmtKind::If { cond, then, otherwise: Block::new() }, span });
    }
}
