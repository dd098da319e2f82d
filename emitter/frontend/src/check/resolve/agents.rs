//! Agents: structs whose functions share them.
//!
//! The state is the fields, an intent is a method that takes the agent itself rather than its fields, and a
//! literal is a call of a function which makes the agent and starts its handlers:
//!
//! ```text
//! agent A {                      type A { n: int }
//!   var n: int = 0
//!   on S as e { n = n + e.k }    fun on(self, e) { self.n = self.n + e.k }
//!   intent get(): int { … }      fun get(self) { … }
//! }
//! A { n: 5 }                     fun A(n) { let self = A { n: n }  on S as e { on(self, e) }  return self }
//! ```
//!
//! That function runs the statements of the declaration in their order; what they declare are its own variables until
//! all of them have run. It leaves out the first values of what the literal gives. An agent that waits for
//! events lives as long as the program does.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Bound, Resolver, Scope, prelude};
use crate::check::resolved::{Block, ExprId, ExprKind, FuncId, Function, Place, RecordField, Stmt, StmtKind, Variable};
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::LocalId;
use crate::types::RecordId;

/// What is known about agents so far.
#[derive(Clone, Default)]
pub(super) struct Agents<'a> {
    declared: BTreeMap<RecordId, Agent<'a>>,
    /// The functions that make agents, by the fields that they get.
    constructors: BTreeMap<(RecordId, Vec<u32>), FuncId>,
    /// The parts without a first value of the agent whose member is being resolved.
    without_value: BTreeSet<&'a str>,
}

#[derive(Clone)]
struct Agent<'a> {
    body: &'a [ast::AgentItem],
    /// The functions of its handlers, in the order of the text.
    handlers: Vec<FuncId>,
}

/// A function that an agent has: an intent, or the handler of events.
struct Member<'a> {
    function: FuncId,
    record: RecordId,
    name: &'a str,
    name_span: Span,
    /// What it declares besides the agent.
    params: Vec<&'a ast::Name>,
    body: &'a [ast::Stmt],
    span: Span,
}

impl<'a> Resolver<'a> {
    pub(super) fn declare_agent(&mut self, name: &'a ast::Name, body: &'a [ast::AgentItem]) {
        let fields = body.iter().filter_map(|item| match item {
            ast::AgentItem::Stmt(ast::Stmt { kind: ast::StmtKind::Let { name, ty, .. }, span: _ }) => {
                Some(RecordField { name: &name.text, ty: ty.as_ref() })
            }
            ast::AgentItem::Stmt(_) | ast::AgentItem::Intent { .. } => None,
        });
        let record = self.declare_record_of(name, fields, None);
        let mut handlers = Vec::new();
        for item in body {
            match item {
                ast::AgentItem::Stmt(ast::Stmt { kind: ast::StmtKind::On { .. }, span: _ }) => {
                    handlers.push(self.reserve(1));
                }
                ast::AgentItem::Stmt(_) => {}
                ast::AgentItem::Intent { name, params, .. } => {
                    let function = self.reserve(1 + params.len());
                    let methods = &mut self.program.records[record.index()].methods;
                    methods.retain(|&(known, _)| known != name.text);
                    methods.push((&name.text, function));
                }
            }
        }
        self.program.records[record.index()].is_agent = true;
        self.agents.declared.insert(record, Agent { body, handlers });
    }

    /// Resolves the intents and handlers of all agents.
    pub(super) fn agent_functions(&mut self) {
        let mut members = Vec::new();
        let mut streams = Vec::new();
        for (&record, agent) in &self.agents.declared {
            let mut handlers = agent.handlers.iter();
            for item in agent.body {
                match item {
                    ast::AgentItem::Stmt(ast::Stmt { kind: ast::StmtKind::On { stream, var, body }, span }) => {
                        streams.push((stream, *span));
                        if let Some(&function) = handlers.next() {
                            let (params, name_span) = (vec![var], stream.span);
                            members.push(Member { function, record, name: "on", name_span, params, body, span: *span });
                        }
                    }
                    ast::AgentItem::Stmt(_) => {}
                    ast::AgentItem::Intent { name, params, result: _, body, span } => {
                        let function = self.program.records[record.index()].method(&name.text);
                        let params = params.iter().map(|param| &param.name).collect();
                        if let Some(function) = function {
                            let (name, name_span) = (name.text.as_str(), name.span);
                            members.push(Member { function, record, name, name_span, params, body, span: *span });
                        }
                    }
                }
            }
        }
        for (stream, span) in streams {
            self.expect_stream(stream, span);
        }
        for member in members {
            let id = member.function;
            self.module = self.module_of(member.name_span);
            self.program.functions[id.index()] = self.member(member);
        }
    }

    fn member(&mut self, member: Member<'a>) -> Function<'a> {
        let Member { function, record, name, name_span, params, body, span } = member;
        self.func = Scope { id: Some(function), ..Scope::default() };
        self.func.blocks.push(HashMap::new());
        let agent = LocalId(0);
        self.func.locals.push(Variable { name: "", span: name_span, is_cell: false });
        let declared = &self.program.records[record.index()];
        let state: Vec<&'a str> = declared.fields.iter().map(|field| field.name).collect();
        let intents: Vec<&'a str> = declared.methods.iter().map(|&(name, _)| name).collect();
        if let Some(agent) = self.agents.declared.get(&record) {
            self.agents.without_value = agent.body.iter().filter_map(name_without_value).collect();
        }
        for intent in intents {
            // The reference knows other functions here, and no intents.
            let is_function = self.names().functions.contains_key(intent) || prelude::is_builtin(intent);
            if !is_function && !self.names().variables.contains(intent) {
                self.bind(intent, Bound::Part(agent));
            }
        }
        for part in state {
            self.bind(part, Bound::Part(agent));
        }
        let params = std::iter::once(agent).chain(params.into_iter().map(|param| self.local(param))).collect();
        let body = self.block(body);
        let scope = std::mem::take(&mut self.func);
        Function { captures: usize::from(name == "on"), ..scope.function((name, name_span), params, body, span) }
    }

    /// `A { field: value, … }`.
    pub(super) fn new_agent(&mut self, record: RecordId, fields: Vec<(u32, ExprId)>, span: Span) -> ExprId {
        let (given, args): (Vec<u32>, Vec<ExprId>) = fields.into_iter().unzip();
        let function = match self.agents.constructors.get(&(record, given.clone())) {
            Some(&function) => function,
            None => self.agent_constructor(record, given, span),
        };
        self.func.callees.insert(function);
        self.push(ExprKind::Call { function, args }, span)
    }

    /// The function that makes an agent of the values of some fields.
    fn agent_constructor(&mut self, record: RecordId, given: Vec<u32>, span: Span) -> FuncId {
        let id = self.reserve(given.len());
        self.agents.constructors.insert((record, given.clone()), id);
        let Some(agent) = self.agents.declared.get(&record).cloned() else {
            unreachable!("an agent is declared before it is made")
        };
        let declared = agent.body.first().map_or(span, ast::AgentItem::span);
        let own = self.module_of(declared);
        let module = std::mem::replace(&mut self.module, own);
        let outer = std::mem::take(&mut self.outer);
        let func = std::mem::replace(&mut self.func, Scope { id: Some(id), ..Scope::default() });
        let is_sort_key = std::mem::take(&mut self.is_sort_key);
        self.func.blocks.push(HashMap::new());
        let params: Vec<LocalId> = given.iter().map(|_| self.hidden_local(span)).collect();
        let mut state: HashMap<&'a str, Place> = HashMap::new();
        let mut body = Block::new();
        for item in agent.body {
            let ast::AgentItem::Stmt(stmt) = item else { continue };
            match &stmt.kind {
                ast::StmtKind::On { .. } => {}
                ast::StmtKind::Let { name, .. } => {
                    let index = self.program.records[record.index()].field(&name.text);
                    // Of two values for one field the later counts.
                    let at = given.iter().rposition(|&given| Some(given) == index);
                    let place = match at {
                        Some(at) => {
                            let place = Place::Local(params[at]);
                            self.bind(&name.text, Bound::Variable(place));
                            place
                        }
                        None => {
                            self.stmt(stmt, &mut body);
                            let Some(Bound::Variable(place)) = self.lookup(&name.text, name.span) else {
                                unreachable!("a declaration binds its name")
                            };
                            place
                        }
                    };
                    state.insert(&name.text, place);
                }
                _ => self.stmt(stmt, &mut body),
            }
        }
        let names: Vec<&'a str> = self.program.records[record.index()].fields.iter().map(|field| field.name).collect();
        let values: Vec<ExprId> = names
            .into_iter()
            .map(|name| {
                let kind = match state.get(name) {
                    Some(&Place::Local(local)) => ExprKind::Local(local),
                    Some(Place::Global(_)) | None => ExprKind::None,
                };
                self.push(kind, span)
            })
            .collect();
        let new = self.push(ExprKind::Record { record, fields: (0..).zip(values).collect() }, span);
        let made = self.hidden_local(span);
        body.push(Stmt { kind: StmtKind::Declare { place: Place::Local(made), value: Some(new) }, span });
        let mut handlers = agent.handlers.iter();
        for item in agent.body {
            let ast::AgentItem::Stmt(ast::Stmt { kind: ast::StmtKind::On { stream, .. }, span }) = item else {
                continue;
            };
            let Some(&handler) = handlers.next() else { continue };
            if self.streams.contains_key(stream.text.as_str()) {
                self.func.callees.insert(handler);
                let captures = vec![self.push(ExprKind::Local(made), *span)];
                let value = self.push(ExprKind::Closure { function: handler, captures }, *span);
                self.subscribe(stream, value, *span, &mut body);
            }
        }
        let result = self.push(ExprKind::Local(made), span);
        body.push(Stmt { kind: StmtKind::Return(Some(result)), span });
        self.is_sort_key = is_sort_key;
        self.module = module;
        self.outer = outer;
        let scope = std::mem::replace(&mut self.func, func);
        self.program.functions[id.index()] =
            scope.function((self.program.records[record.index()].name, span), params, body, span);
        id
    }

    // Inside of intents and handlers.

    /// What an agent has under the name: a part of its state, or an intent.
    pub(super) fn part(&mut self, of: LocalId, name: &'a str, span: Span) -> ExprId {
        let of = self.push(ExprKind::Local(of), span);
        self.field(of, name, span)
    }

    /// `name[i]….f = value` where the name is a part of the state.
    #[expect(clippy::too_many_arguments, reason = "the parts of one statement")]
    pub(super) fn assign_part(
        &mut self,
        of: LocalId,
        target: &'a ast::Name,
        indexes: Vec<ExprId>,
        fields: &'a [ast::Name],
        value: ExprId,
        span: Span,
        out: &mut Block,
    ) {
        let name = target.span;
        let fields = fields.iter().map(|field| field.text.clone());
        if indexes.is_empty() {
            let (place, fields) = (Place::Local(of), std::iter::once(target.text.clone()).chain(fields).collect());
            let kind = StmtKind::AssignField { place, name, indexes, fields, value };
            return out.push(Stmt { kind, span });
        }
        // Containers are shared, so what the part holds can be changed through another name for it.
        let held = self.part(of, &target.text, name);
        let local = self.hidden_local(name);
        let place = Place::Local(local);
        out.push(Stmt { kind: StmtKind::Declare { place, value: Some(held) }, span });
        let fields: Vec<String> = fields.collect();
        let is_element = fields.is_empty();
        let kind = match is_element {
            true => StmtKind::AssignElement { place, name, indexes, value },
            false => StmtKind::AssignField { place, name, indexes, fields, value },
        };
        out.push(Stmt { kind, span });
        if is_element && self.agents.without_value.contains(target.text.as_str()) {
            // The assignment makes a container where there is none.
            let value = self.push(ExprKind::Local(local), name);
            let (place, fields) = (Place::Local(of), vec![target.text.clone()]);
            let kind = StmtKind::AssignField { place, name, indexes: Vec::new(), fields, value };
            out.push(Stmt { kind, span });
        }
    }
}

fn name_without_value(item: &ast::AgentItem) -> Option<&str> {
    match item {
        ast::AgentItem::Stmt(ast::Stmt { kind: ast::StmtKind::Let { name, value, .. }, span: _ }) => {
            let is_none = value.as_ref().is_none_or(|value| matches!(value.kind, ast::ExprKind::None));
            is_none.then_some(&name.text)
        }
        ast::AgentItem::Stmt(_) | ast::AgentItem::Intent { .. } => None,
    }
}
