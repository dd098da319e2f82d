//! Streams: events are structs, the handlers of a stream are a global list of functions, and `emit` calls each.
//!
//! ```text
//! stream S { f: T }        type S { f: T }    var handlers = []
//! on S as e { … }          handlers = append(handlers, fun(e) { … })
//! emit S { f: v }          deliver(S { f: v })
//!                          fun deliver(e) { for handler in handlers { handler(e) } }
//! ```
//!
//! So an event is delivered where it is emitted, to the handlers that there are at that moment, in the order in
//! which their statements ran. (The reference delivers through a log and waits, which the program cannot tell
//! apart.) A loop holds the list that it began with: a handler that starts another one does not change whom
//! the event goes to.

use std::collections::BTreeSet;

use super::{Resolver, Scope};
use crate::builtins::Builtin;
use crate::check::resolved::{
    Block, ExprId, ExprKind, FuncId, Function, Global, Place, RecordField, Stmt, StmtKind, Variable,
};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::GlobalId;
use crate::types::RecordId;

/// What is declared by `stream`.
#[derive(Clone, Copy)]
pub(super) struct Stream {
    /// The type of its events.
    record: RecordId,
    /// The list of its handlers.
    handlers: GlobalId,
    has_handlers: bool,
    /// Calls the handlers with an event.
    deliver: FuncId,
    declared: Span,
}

impl<'a> Resolver<'a> {
    pub(super) fn declare_stream(&mut self, name: &'a ast::Name, fields: &'a [ast::Field]) {
        let fields = fields.iter().map(|field| RecordField { name: &field.name.text, ty: Some(&field.ty) });
        let record = self.declare_record_of(name, fields, None);
        let handlers = GlobalId(self.program.globals.len() as u32);
        let variable = Variable { name: &name.text, span: name.span, is_cell: false };
        self.program.globals.push(Global { variable, read_early: false });
        let deliver = self.reserve(1);
        let stream = Stream { record, handlers, has_handlers: false, deliver, declared: name.span };
        self.streams.insert(&name.text, stream);
    }

    /// Whether there is a stream of the name; `from` is where the statement that names it starts.
    pub(super) fn expect_stream(&mut self, name: &'a ast::Name, from: Span) -> Option<Stream> {
        let stream = self.streams.get(name.text.as_str()).copied();
        if stream.is_none() {
            let head = Span { end: name.span.end, ..from };
            self.error(Code::T031, head, format!("unknown stream: {}", name.text));
        }
        stream
    }

    /// `on S as e { … }`.
    pub(super) fn on_handler(
        &mut self,
        stream: &'a ast::Name,
        var: &'a ast::Name,
        body: &'a [ast::Stmt],
        span: Span,
        out: &mut Block,
    ) {
        let handler = self.nested_value("on", (&[], &[var]), span, |this| this.block(body));
        if self.expect_stream(stream, span).is_some() {
            self.subscribe(stream, handler, span, out);
        }
    }

    /// Adds a function value to the handlers of a stream.
    pub(super) fn subscribe(&mut self, stream: &'a ast::Name, handler: ExprId, span: Span, out: &mut Block) {
        let Some(stream) = self.streams.get_mut(stream.text.as_str()) else { return };
        stream.has_handlers = true;
        let handlers = stream.handlers;
        self.func.reads.insert(handlers);
        let so_far = self.push(ExprKind::Global(handlers), span);
        let value = self.push(ExprKind::Builtin { builtin: Builtin::Append, args: vec![so_far, handler] }, span);
        out.push(Stmt { kind: StmtKind::Assign { place: Place::Global(handlers), value }, span });
    }

    /// `emit S { f: v, … }`.
    pub(super) fn emit(
        &mut self,
        stream: &'a ast::Name,
        values: &'a [(ast::Name, ast::Expr)],
        span: Span,
        out: &mut Block,
    ) {
        let Some(Stream { record, deliver, .. }) = self.expect_stream(stream, span) else {
            for (_, value) in values {
                self.expr(value);
            }
            return;
        };
        let fields = self.field_values(record, values);
        let event = self.push(ExprKind::Record { record, fields }, span);
        self.func.callees.insert(deliver);
        let call = self.push(ExprKind::Call { function: deliver, args: vec![event] }, span);
        out.push(Stmt { kind: StmtKind::Expr(call), span });
    }

    /// Makes the functions that deliver events, when all handlers are known, and the lists before all else.
    pub(super) fn connect_streams(&mut self) {
        let streams: Vec<Stream> = self.streams.values().copied().collect();
        let mut first = Block::new();
        for stream in streams {
            let span = stream.declared;
            self.func = Scope::default();
            let event = self.hidden_local(span);
            let mut body = Block::new();
            if stream.has_handlers {
                let empty = self.push(ExprKind::List(Vec::new()), span);
                let place = Place::Global(stream.handlers);
                first.push(Stmt { kind: StmtKind::Declare { place, value: Some(empty) }, span });
                let handler = self.hidden_local(span);
                let iter = self.push(ExprKind::Global(stream.handlers), span);
                let of = self.push(ExprKind::Local(handler), span);
                let args = vec![self.push(ExprKind::Local(event), span)];
                let call = self.push(ExprKind::CallValue { of, args }, span);
                let call = vec![Stmt { kind: StmtKind::Expr(call), span }];
                let each = StmtKind::ForIn { var: handler, iter, body: call, assigns: BTreeSet::new() };
                body.push(Stmt { kind: each, span });
            }
            let scope = std::mem::take(&mut self.func);
            self.program.functions[stream.deliver.index()] = Function {
                name: "emit",
                name_span: span,
                params: vec![event],
                locals: scope.locals,
                body,
                span,
                is_prelude: true,
                ..Function::default()
            };
        }
        let main = self.program.main.index();
        self.program.functions[main].body.splice(0..0, first);
    }
}
