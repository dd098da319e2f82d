//! Functions that the program does not write, but uses as values: what is left of a function after some
//! arguments (a partial application), builtins, constructors of variants, and methods of an object.
//!
//! Each becomes a function expression that captures what is given already:
//!
//! ```text
//! f(1)      =>    fun(b) => f(1, b)
//! p.area    =>    fun() => area(p.x, p.y)
//! ```
//!
//! Of a function value only its type tells how many arguments are missing. So there is a function for
//! each number of given and missing arguments that the program may need ([`Resolver::make_partials`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Resolver, Scope};
use crate::builtins::Builtin;
use crate::check::resolved::{ExprId, ExprKind, FuncId, Function, Stmt, StmtKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::LocalId;
use crate::types::RecordId;

impl<'a> Resolver<'a> {
    /// Resolves the body of the function `id`, which captures `given` values and takes `missing` ones; it
    /// returns what `value` makes of all of these.
    pub(super) fn made_function(
        &mut self,
        id: FuncId,
        name: &'a str,
        (given, missing): (usize, usize),
        span: Span,
        value: impl FnOnce(&mut Self, Vec<ExprId>) -> ExprId,
    ) {
        let outer = std::mem::replace(&mut self.func, Scope { id: Some(id), ..Scope::default() });
        self.outer.push(outer);
        self.func.blocks.push(HashMap::new());
        let params: Vec<LocalId> = (0..given + missing).map(|_| self.hidden_local(span)).collect();
        let args = params.iter().map(|&param| self.push(ExprKind::Local(param), span)).collect();
        let value = value(self, args);
        let scope = match self.outer.pop() {
            Some(outer) => std::mem::replace(&mut self.func, outer),
            None => Scope::default(),
        };
        self.program.functions[id.index()] = Function {
            name,
            name_span: span,
            params,
            captures: given,
            locals: scope.locals,
            body: vec![Stmt { kind: StmtKind::Return(Some(value)), span }],
            span,
            callees: scope.callees,
            values: scope.values,
            reads: scope.reads,
            is_prelude: true,
        };
    }

    /// The rest of a function of the program after some arguments.
    pub(super) fn partial(&mut self, function: FuncId, given: Vec<ExprId>, span: Span) -> ExprId {
        let missing = self.arities[function.index()] - given.len();
        let id = self.reserve_nested(missing, span);
        self.made_function(id, "partial", (given.len(), missing), span, |cx, args| {
            cx.func.callees.insert(function);
            let call = cx.push(ExprKind::Call { function, args }, span);
            cx.nested.calls.push((id, function, call));
            call
        });
        self.made_value(id, given, span)
    }

    pub(super) fn made_value(&mut self, function: FuncId, captures: Vec<ExprId>, span: Span) -> ExprId {
        self.func.callees.insert(function);
        let value = self.push(ExprKind::Closure { function, captures }, span);
        self.nested.calls.push((self.func_id(), function, value));
        value
    }

    /// A builtin function as a value. One that takes any number of arguments takes one.
    pub(super) fn builtin_value(&mut self, name: &str, span: Span) -> Option<ExprId> {
        if let Some(builtin) = Builtin::from_name(name).filter(|builtin| !builtin.is_internal()) {
            let arity = if builtin.is_variadic() { 1 } else { builtin.arity() };
            let id = self.reserve_nested(arity, span);
            self.made_function(id, builtin.row().name, (0, arity), span, |cx, args| cx.builtin(builtin, args, span));
            return Some(self.made_value(id, Vec::new(), span));
        }
        let function = self.prelude_value(name, span)?;
        self.func.values.insert(function);
        Some(self.push(ExprKind::Closure { function, captures: Vec::new() }, span))
    }

    /// The rest of a variant's constructor after some arguments.
    pub(super) fn constructor(&mut self, record: RecordId, given: Vec<ExprId>, span: Span) -> ExprId {
        let declared = &self.program.records[record.index()];
        let (name, missing) = (declared.name, declared.fields.len() - given.len());
        let id = self.reserve_nested(missing, span);
        self.made_function(id, name, (given.len(), missing), span, |cx, args| {
            let fields = (0..).zip(args).collect();
            cx.push(ExprKind::Record { record, fields }, span)
        });
        self.made_value(id, given, span)
    }

    /// `of.name`, which may be a method as a value.
    pub(super) fn field(&mut self, of: ExprId, name: &'a str, span: Span) -> ExprId {
        self.method_values(name, None, span);
        self.push(ExprKind::Field { of, name }, span)
    }

    /// Makes functions of the methods that an element with the index may be.
    pub(super) fn methods_at(&mut self, index: &'a ast::Expr) {
        match &index.kind {
            ast::ExprKind::Str(name) => {
                if let Ok(name) = std::str::from_utf8(name) {
                    self.method_values(name, None, index.span);
                }
            }
            ast::ExprKind::Int(_) | ast::ExprKind::Float(_) | ast::ExprKind::Bool(_) => {}
            _ => {
                let records = self.program.records.iter().filter(|record| !record.is_agent);
                let names: BTreeSet<&'a str> =
                    records.flat_map(|record| record.methods.iter().map(|&(name, _)| name)).collect();
                for name in names {
                    self.method_values(name, None, index.span);
                }
            }
        }
    }

    /// Makes functions of the methods of the name: as values, or of those that a call gives too few arguments.
    pub(super) fn method_values(&mut self, name: &str, given: Option<usize>, span: Span) {
        let records = self.program.records.iter();
        let methods: Vec<(&'a str, FuncId, usize)> = records
            .filter_map(|record| {
                let &(name, method) = record.methods.iter().find(|(method, _)| *method == name)?;
                Some((name, method, record.leading()))
            })
            .collect();
        for (name, method, leading) in methods {
            let arity = self.arities[method.index()];
            if given.is_some_and(|given| leading + given >= arity) {
                continue;
            }
            let given = given.unwrap_or(0);
            let id = match self.program.method_values.get(&(method, given)) {
                Some(&id) => id,
                None => {
                    let id = self.reserve(arity - leading - given);
                    self.program.method_values.insert((method, given), id);
                    let counts = (leading + given, arity - leading - given);
                    self.made_function(id, name, counts, span, |cx, args| {
                        cx.func.callees.insert(method);
                        cx.push(ExprKind::Call { function: method, args }, span)
                    });
                    id
                }
            };
            self.func.callees.insert(id);
        }
    }

    /// Makes the functions that remain of function values after some arguments.
    pub(super) fn make_partials(&mut self) {
        let mut given = BTreeSet::new();
        let mut arity = 0;
        for expr in &self.program.exprs {
            match &expr.kind {
                ExprKind::CallValue { of: _, args } | ExprKind::Method { of: _, name: _, args } => {
                    given.insert(args.len());
                }
                ExprKind::Closure { function, captures: _ } => arity = arity.max(self.arities[function.index()]),
                _ => {}
            }
        }
        let methods: Vec<usize> = self.program.method_values.values().map(|id| self.arities[id.index()]).collect();
        let arity = methods.into_iter().fold(arity, usize::max);
        let span = Span::new(self.program.file, 0, 0);
        let mut partials = BTreeMap::new();
        for given in given {
            for missing in 1..=arity.saturating_sub(given) {
                let id = self.reserve(missing);
                self.made_function(id, "partial", (given + 1, missing), span, |cx, mut args| {
                    let of = args.remove(0);
                    cx.push(ExprKind::CallValue { of, args }, span)
                });
                partials.insert((given, missing), id);
            }
        }
        self.program.partials = partials;
    }
}
