//! Effects: what calls do besides giving a value, and where that is not allowed.
//!
//! A function has the effects of what its body calls. The functions of the file may call each
//! other, so theirs are found together; those of a function expression when it is met. A
//! function that is passed to another counts as called.

use std::collections::BTreeMap;

use super::places::bare_name;
use super::types::{Effects, Signature, Type};
use super::{Checked, Checker, builtins, fail};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{
    ArmBody, Block, Else, Expr, ExprKind, FunDecl, IfStmt, Lambda, LambdaBody, MapEntry, MapKey, Name, Param, Program,
    Stmt, StmtKind,
};

/// Something with effects, by the name of what is called.
struct Act<'a> {
    name: &'a str,
    span: Span,
    /// The effects of a construct of the language; those of a function are looked up.
    own: Option<Effects>,
}

impl<'a> Checker<'a> {
    /// Finds the effects of all functions of the file, whose signatures are declared.
    pub(super) fn file_effects(&mut self, program: &'a Program) {
        let mut functions: BTreeMap<&str, Summary<'a>> = BTreeMap::new();
        for stmt in &program.stmts {
            if let StmtKind::Fun(decl) = &stmt.kind {
                let summary = self.summary(decl, stmt.span);
                functions.insert(&decl.name.text, summary);
            }
        }
        let mut callers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (&name, function) in &functions {
            for &callee in &function.callees {
                callers.entry(callee).or_default().push(name);
            }
        }
        let mut changed: Vec<&str> = functions.keys().copied().collect();
        while let Some(name) = changed.pop() {
            let theirs = functions[name].visible();
            for caller in callers.get(name).into_iter().flatten() {
                let function = functions.get_mut(caller).expect("callers are functions of the file");
                let before = function.visible();
                function.found = function.found.union(theirs);
                if function.visible() != before {
                    changed.push(caller);
                }
            }
        }
        for (name, function) in functions {
            if let Some(Type::Func(signature)) = self.scopes.variable(name).map(|variable| &variable.ty) {
                let signature = Signature { effects: function.visible(), ..(**signature).clone() };
                self.scopes.declare(name, Type::Func(signature.into()), false);
            }
            if let Some(declared) = function.declared {
                self.within_declared(function.head, name, declared, function.found);
            }
        }
    }

    fn summary(&mut self, decl: &'a FunDecl, span: Span) -> Summary<'a> {
        let head = Span { end: decl.name.span.end, ..span };
        let declared = decl.effects.as_ref().map(|labels| self.labels(labels, head));
        let mut summary = Summary { head, declared, found: Effects::NONE, callees: Vec::new() };
        let mut walk = Walk::default();
        walk.function(&decl.params, &decl.body);
        for act in walk.acts {
            let is_declared_here = self.scopes.variable(act.name).is_some();
            match act.own.or_else(|| builtins::signature(act.name).filter(|_| !is_declared_here).map(|s| s.effects)) {
                Some(effects) => summary.found = summary.found.union(effects),
                None => summary.callees.push(act.name),
            }
        }
        summary
    }

    /// The set that an effect list names.
    pub(super) fn labels(&mut self, labels: &[Name], at: Span) -> Effects {
        let mut set = Effects::NONE;
        for label in labels {
            match Effects::named(&label.text) {
                Some(effect) => set = set.union(effect),
                None => {
                    let message = format!("unknown effect label `{}`", label.text);
                    self.found.push(Diagnostic::error(Code::T064, at, message));
                }
            }
        }
        set
    }

    fn within_declared(&mut self, at: Span, name: &str, declared: Effects, found: Effects) {
        if !found.is_subset(declared) {
            let message = format!("function `{name}` declares effects {declared} but its body produces {found}");
            self.found.push(Diagnostic::error(Code::T065, at, message));
        }
    }

    /// The effects of a function expression, compared with those that it declares.
    pub(super) fn lambda_effects(&mut self, at: Span, lambda: &'a Lambda) -> Effects {
        let mut walk = Walk::default();
        walk.lambda(lambda);
        let found = self.sum(&walk);
        match &lambda.effects {
            None => found,
            Some(labels) => {
                let declared = self.labels(labels, at);
                self.within_declared(at, "<fun>", declared, found);
                declared
            }
        }
    }

    /// The effects of a function that is declared where others are known already.
    pub(super) fn nested_effects(&mut self, decl: &'a FunDecl) -> Effects {
        let mut walk = Walk::default();
        walk.function(&decl.params, &decl.body);
        self.sum(&walk)
    }

    fn sum(&self, walk: &Walk<'_>) -> Effects {
        walk.acts.iter().fold(Effects::NONE, |sum, act| sum.union(self.effects_of(act)))
    }

    fn effects_of(&self, act: &Act<'_>) -> Effects {
        act.own.unwrap_or_else(|| match self.scopes.variable(act.name).map(|variable| &variable.ty) {
            Some(Type::Func(signature)) => signature.effects,
            Some(_) => Effects::NONE,
            None => builtins::signature(act.name).map_or(Effects::NONE, |signature| signature.effects),
        })
    }

    /// Refuses effects in a condition of a query, which may run any number of times.
    pub(super) fn is_pure(&self, clause: &str, cond: &'a Expr) -> Checked<()> {
        let mut walk = Walk::default();
        walk.expr(cond);
        for act in &walk.acts {
            let (name, effects) = (act.name, self.effects_of(act));
            if !effects.is_empty() {
                let message =
                    format!("call to `{name}` produces effect(s) {effects}, not allowed in `{clause}` predicate");
                return fail(Code::T044, act.span, message);
            }
        }
        Ok(())
    }

    /// Whether a statement may assign variables behind the reader's back. What its blocks do is
    /// their own affair.
    pub(super) fn has_effects(&self, stmt: &'a Stmt) -> bool {
        let mut walk = Walk::default();
        walk.head(stmt);
        !self.sum(&walk).is_empty()
    }
}

struct Summary<'a> {
    head: Span,
    declared: Option<Effects>,
    found: Effects,
    callees: Vec<&'a str>,
}

impl Summary<'_> {
    /// What callers see.
    fn visible(&self) -> Effects {
        self.declared.unwrap_or(self.found)
    }
}

/// Collects what is called, in the order of the text.
#[derive(Default)]
struct Walk<'a> {
    acts: Vec<Act<'a>>,
    /// Parameters, which hide functions of the same name.
    hidden: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn function(&mut self, params: &'a [Param], body: &'a Block) {
        let mark = self.hide(params);
        self.block(body);
        self.hidden.truncate(mark);
    }

    fn lambda(&mut self, lambda: &'a Lambda) {
        let mark = self.hide(&lambda.params);
        match &lambda.body {
            LambdaBody::Expr(value) => self.expr(value),
            LambdaBody::Block(block) => self.block(block),
        }
        self.hidden.truncate(mark);
    }

    fn hide(&mut self, params: &'a [Param]) -> usize {
        let mark = self.hidden.len();
        self.hidden.extend(params.iter().map(|param| param.name.text.as_str()));
        mark
    }

    fn act(&mut self, name: &'a str, span: Span, own: Option<Effects>) {
        if own.is_some() || !self.hidden.contains(&name) {
            self.acts.push(Act { name, span, own });
        }
    }

    fn block(&mut self, block: &'a Block) {
        for stmt in block {
            self.head(stmt);
            match &stmt.kind {
                StmtKind::If(stmt) => self.branches(stmt),
                StmtKind::While { cond: _, body }
                | StmtKind::ForRange { var: _, start: _, end: _, body }
                | StmtKind::ForIn { var: _, iter: _, body }
                | StmtKind::Test { name: _, name_span: _, body }
                | StmtKind::Bench { name: _, name_span: _, body } => self.block(body),
                _ => {}
            }
        }
    }

    fn branches(&mut self, stmt: &'a IfStmt) {
        self.block(&stmt.then);
        match &stmt.otherwise {
            Some(Else::If(stmt, _)) => {
                self.expr(&stmt.cond);
                self.branches(stmt);
            }
            Some(Else::Block(block)) => self.block(block),
            None => {}
        }
    }

    /// The expressions of a statement that are not in its blocks.
    fn head(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Let { mutable: _, name: _, ty: _, value } | StmtKind::Return(value) => self.exprs(value),
            StmtKind::Assign { target: _, indexes, fields: _, value } => {
                self.exprs(indexes);
                self.expr(value);
            }
            StmtKind::Expr(value) | StmtKind::Expect(value) => self.expr(value),
            StmtKind::If(stmt) => self.expr(&stmt.cond),
            StmtKind::While { cond, body: _ } => self.expr(cond),
            StmtKind::ForRange { var: _, start, end, body: _ } => {
                self.expr(start);
                self.expr(end);
            }
            StmtKind::ForIn { var: _, iter, body: _ } => self.expr(iter),
            StmtKind::Fetch { url, into: _, with } => {
                self.act("fetch", stmt.span, Some(Effects::NET));
                self.expr(url);
                self.exprs(with);
            }
            StmtKind::Update { target: _, set, cond } => {
                self.entries(set);
                self.exprs(cond);
            }
            StmtKind::Emit { stream: _, fields } => self.exprs(fields.iter().map(|(_, value)| value)),
            StmtKind::Fun(_)
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Test { .. }
            | StmtKind::Bench { .. }
            | StmtKind::Type(_)
            | StmtKind::Import { .. }
            | StmtKind::ExternType { .. }
            | StmtKind::ExternVar { .. }
            | StmtKind::ExternFun { .. }
            | StmtKind::ExternObject { .. }
            | StmtKind::Fact(_)
            | StmtKind::Rule { .. }
            | StmtKind::Stream { .. }
            | StmtKind::Model { .. }
            | StmtKind::On { .. }
            | StmtKind::Agent { .. }
            | StmtKind::Const { .. }
            | StmtKind::ImportHost { .. } => {}
        }
    }

    fn exprs(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn entries(&mut self, entries: &'a [MapEntry]) {
        for entry in entries {
            if let MapKey::Expr(key) = &entry.key {
                self.expr(key);
            }
            self.expr(&entry.value);
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::None
            | ExprKind::Name(_)
            | ExprKind::Lambda(_)
            | ExprKind::LogicQuery(_) => {}
            ExprKind::Call { callee, args } => {
                match bare_name(callee) {
                    Some(name) => self.act(name, expr.span, None),
                    None => self.expr(callee),
                }
                for arg in args {
                    self.expr(arg);
                    match &arg.kind {
                        ExprKind::Name(name) => self.act(name, arg.span, None),
                        ExprKind::Lambda(lambda) => self.lambda(lambda),
                        _ => {}
                    }
                }
            }
            ExprKind::Unary(_, of) | ExprKind::Field { of, name: _, optional: _ } | ExprKind::Cast { of, ty: _ } => {
                self.expr(of)
            }
            ExprKind::Binary(_, left, right) => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Index { of, index, optional: _ } => {
                self.expr(of);
                self.expr(index);
            }
            ExprKind::Slice { of, start, end, step } => {
                self.expr(of);
                self.exprs([start, end, step].into_iter().flatten().map(|part| &**part));
            }
            ExprKind::If { cond, then, otherwise } => {
                self.expr(cond);
                self.expr(then);
                self.exprs(otherwise.as_deref());
            }
            ExprKind::List(elements) => self.exprs(elements),
            ExprKind::Map(entries) => self.entries(entries),
            ExprKind::Struct { name: _, fields } | ExprKind::Generate { target: _, fields } => {
                self.exprs(fields.iter().map(|(_, value)| value));
            }
            ExprKind::Match { target, arms } => {
                self.expr(target);
                for arm in arms {
                    match &arm.body {
                        ArmBody::Expr(value) => self.expr(value),
                        ArmBody::Block(block) => self.block(block),
                    }
                }
            }
            ExprKind::Query(query) => {
                self.exprs(query.froms.iter().map(|from| &from.source));
                self.exprs(query.joins.iter().flat_map(|join| [&join.source, &join.on]));
                self.exprs(&query.cond);
                self.exprs(query.group.iter().flat_map(|group| group.keys.iter().chain(&group.having)));
                self.exprs(query.sort.iter().chain(&query.skip).chain(&query.take));
                self.expr(&query.select);
            }
            ExprKind::Fetch { url, with } => {
                self.act("fetch", expr.span, Some(Effects::NET));
                self.expr(url);
                self.exprs(with.as_deref());
            }
            ExprKind::Load { path: _, ty: _, with } => {
                self.act("load", expr.span, Some(Effects::FS));
                self.exprs(with.as_deref());
            }
            ExprKind::Save { value, path: _, with } => {
                self.act("save", expr.span, Some(Effects::FS));
                self.expr(value);
                self.exprs(with.as_deref());
            }
            ExprKind::GenericCall { callee: _, type_args: _, args } => self.exprs(args),
        }
    }
}
