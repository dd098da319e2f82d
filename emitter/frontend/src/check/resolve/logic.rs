//! Facts, rules and queries: they call the functions that [`crate::logic`] writes for the program.
//!
//! What is met while names are resolved is collected; when all is known, the text of the functions is parsed, and they
//! are resolved like the prelude, with global variables that only they can name. All happens when its
//! statement runs, as in the reference: a query knows the facts and rules whose statements ran before.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::Resolver;
use super::prelude::parse;
use crate::check::resolved::{Block, ExprId, ExprKind, FuncId, Global, Place, Stmt, StmtKind, Variable};
use crate::logic::Constant;
use crate::logic::Logic;
use crate::logic::code::{self, First};
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::GlobalId;

/// What is made of the program's logic: the functions, and the variables that they share.
pub(in crate::check) struct Generated {
    functions: ast::Program,
    globals: Vec<(String, First)>,
}

/// What is known about the program's logic so far.
#[derive(Clone, Default)]
pub(super) struct Known<'a> {
    logic: Logic<'a>,
    /// The functions that are written for it, by name, with the place that they stand at.
    functions: BTreeMap<String, (FuncId, Span)>,
    pub(super) globals: BTreeMap<&'a str, GlobalId>,
}

impl<'a> Resolver<'a> {
    pub(super) fn fact(&mut self, of: &'a ast::Predicate, span: Span, out: &mut Block) {
        let Some((relation, numbers)) = self.logic.logic.fact(of) else { return };
        let function = self.logic_function(code::facts_name(relation, numbers.len()), 1, span);
        // An empty tuple counts as one number.
        let numbers = if numbers.is_empty() { vec![0] } else { numbers };
        let terms: Vec<ExprId> =
            numbers.into_iter().map(|number| self.push(ExprKind::Int(number as i64), span)).collect();
        // Facts that follow each other are added by one call.
        if let Some(Stmt { kind: StmtKind::Expr(before), span: _ }) = out.last()
            && let ExprKind::Call { function: called, args } = &self.program.expr(*before).kind
            && *called == function
        {
            let table = args[0];
            if let ExprKind::List(known) = &mut self.program.exprs[table.index()].kind {
                return known.extend(terms);
            }
        }
        let table = self.push(ExprKind::List(terms), span);
        self.logic_statement(function, table, span, out);
    }

    pub(super) fn rule(&mut self, head: &'a ast::Predicate, body: &'a [ast::Condition], span: Span, out: &mut Block) {
        let number = self.logic.logic.rule(head, body);
        let function = self.logic_function(code::RULE.to_owned(), 1, span);
        let number = self.push(ExprKind::Int(number as i64), span);
        self.logic_statement(function, number, span, out);
    }

    fn logic_statement(&mut self, function: FuncId, arg: ExprId, span: Span, out: &mut Block) {
        self.func.callees.insert(function);
        let call = self.push(ExprKind::Call { function, args: vec![arg] }, span);
        out.push(Stmt { kind: StmtKind::Expr(call), span });
    }

    pub(super) fn logic_query(&mut self, of: &'a ast::Predicate, span: Span) -> ExprId {
        let number = self.logic.logic.query(of);
        let function = self.logic_function(code::query_name(number), 0, span);
        self.func.callees.insert(function);
        self.push(ExprKind::Call { function, args: Vec::new() }, span)
    }

    /// The number of a function that is written later.
    fn logic_function(&mut self, name: String, arity: usize, span: Span) -> FuncId {
        if let Some(&(function, _)) = self.logic.functions.get(&name) {
            return function;
        }
        let function = self.reserve(arity);
        self.logic.functions.insert(name, (function, span));
        function
    }

    /// A call by one of these functions of another one.
    pub(super) fn logic_callee(&self, name: &str) -> Option<FuncId> {
        self.logic.functions.get(name).map(|&(function, _)| function)
    }

    /// Takes the functions into the program, and the variables before all else that it does.
    pub(super) fn connect_logic(&mut self, into: &'a OnceCell<Generated>) {
        if self.logic.logic.is_empty() {
            return;
        }
        let generated = into.get_or_init(|| {
            let code = code::code(&self.logic.logic);
            Generated { functions: parse("logic.mochi", &code.text), globals: code.globals }
        });
        let place = self.logic.functions.values().map(|&(_, span)| span).min().unwrap_or_default();
        for stmt in &generated.functions.stmts {
            if let ast::StmtKind::Fun(decl) = &stmt.kind {
                self.logic_function(decl.name.text.clone(), decl.params.len(), place);
                let (function, span) = self.logic.functions[&decl.name.text];
                self.resolve_later(function, decl, span);
            }
        }
        let mut first = Block::new();
        for (name, holds) in &generated.globals {
            let global = GlobalId(self.program.globals.len() as u32);
            let variable = Variable { name, span: place, is_cell: false };
            self.program.globals.push(Global { variable, read_early: false });
            self.logic.globals.insert(name, global);
            let value = Some(self.first_value(*holds, place));
            first.push(Stmt { kind: StmtKind::Declare { place: Place::Global(global), value }, span: place });
        }
        let main = &mut self.program.functions[self.program.main.index()];
        main.body.splice(0..0, first);
        // What the list of a fact's terms is added by is called there, too.
        let unlinked = self.logic.functions.get(code::UNLINKED).map(|&(function, _)| function);
        main.callees.extend(unlinked);
    }

    fn first_value(&mut self, holds: First, span: Span) -> ExprId {
        let constants = self.logic.logic.constants().to_vec();
        let kind = match holds {
            First::Zero => ExprKind::Int(0),
            First::False => ExprKind::Bool(false),
            First::True => ExprKind::Bool(true),
            First::List => ExprKind::List(Vec::new()),
            First::Map => ExprKind::Map(Vec::new()),
            First::Unlinked => {
                let Some(function) = self.logic_callee(code::UNLINKED) else {
                    unreachable!("the function is always written")
                };
                let length = self.push(ExprKind::Int(constants.len() as i64 + 1), span);
                ExprKind::Call { function, args: vec![length] }
            }
            First::Strings | First::Ints | First::Values => {
                let mut values: Vec<ExprId> = Vec::with_capacity(constants.len() + 1);
                for constant in &constants {
                    let kind = match (holds, constant) {
                        (First::Strings, Constant::Int(_)) => ExprKind::Str(b""),
                        (First::Ints, Constant::Str(_)) => ExprKind::Int(0),
                        (_, Constant::Str(text)) => ExprKind::Str(text.as_bytes()),
                        (_, Constant::Int(value)) => ExprKind::Int(*value),
                    };
                    values.push(self.push(kind, span));
                }
                if holds == First::Values {
                    values.push(self.push(ExprKind::None, span));
                }
                ExprKind::List(values)
            }
        };
        self.push(kind, span)
    }
}
