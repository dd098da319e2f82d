//! Methods as values, and methods of objects whose type is not known.
//!
//! A method takes the fields of its object before its own arguments, by value. What is left of it after
//! some arguments captures both. An intent takes the agent instead, whose fields it shares.

use super::Walk;
use super::exprs::wrap;
use crate::check::resolved::{ExprId, FuncId};
use crate::check::shape;
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use crate::typed::{Expr, ExprKind};
use crate::types::{Kind, RecordId, Type};

impl Walk<'_, '_, '_> {
    /// A method of `of`, a record of the type or none, after some arguments.
    pub(super) fn method_value(
        &mut self,
        of: Expr,
        record: RecordId,
        (method, args): (FuncId, Vec<Expr>),
        span: Span,
    ) -> Expr {
        let function = self.program.method_values[&(method, args.len())];
        let mut sets = Vec::new();
        let of = self.bind(of, &mut sets);
        let is_nullable = of.ty.nullable;
        let args: Vec<Expr> =
            if is_nullable { args.into_iter().map(|arg| self.bind(arg, &mut sets)).collect() } else { args };
        let result = self.unless_none(of, shape::none(span), |walk, of| {
            let mut captures = walk.leading_values(&of, record, span);
            captures.extend(args);
            let value = walk.closure(function, None, captures, span);
            let ty = if is_nullable { value.ty.or_none() } else { value.ty };
            shape::convert(value, ty)
        });
        wrap(sets, result)
    }

    /// What methods of a record that is not none take before their arguments: the values of all fields, or
    /// the agent.
    pub(super) fn leading_values(&mut self, of: &Expr, record: RecordId, span: Span) -> Vec<Expr> {
        let program = self.program;
        let declared = &program.records[record.index()];
        if declared.is_agent {
            return vec![of.clone()];
        }
        declared.fields.iter().map(|field| self.field(of.clone(), field.name, span)).collect()
    }

    /// `of.name`, or `of.name(args)` with the number of that expression, of a value of no known kind: a method
    /// of the struct that it is, or else what it holds.
    pub(super) fn part_of_any(&mut self, of: Expr, name: &str, call: Option<(ExprId, Vec<Expr>)>, span: Span) -> Expr {
        let methods = self.methods_called(name, call.as_ref().map_or(0, |(_, args)| args.len()), call.is_none());
        let field = |of: Expr, name: &str| {
            shape::expr(ExprKind::AnyField { of: Box::new(of), name: name.to_owned() }, Type::ANY, span)
        };
        let mut sets = Vec::new();
        let of = if methods.is_empty() { of } else { self.bind(of, &mut sets) };
        let call = call.map(|(id, args)| {
            let bind = |arg| if methods.is_empty() { arg } else { self.bind(arg, &mut sets) };
            (id, args.into_iter().map(bind).collect::<Vec<Expr>>())
        });
        let mut result = field(of.clone(), name);
        if let Some((id, args)) = &call {
            result = self.call_value(*id, result, args.clone(), span);
        }
        let program = self.program;
        for (record, method) in methods.into_iter().rev() {
            let declared = &program.records[record.index()];
            let mut values: Vec<Expr> = match declared.is_agent {
                true => vec![of.clone()],
                false => declared.fields.iter().map(|part| field(of.clone(), part.name)).collect(),
            };
            values.extend(call.iter().flat_map(|(_, args)| args.iter().cloned()));
            let given = values.len() - declared.leading();
            let is_complete = values.len() >= program.functions[method.index()].params.len();
            let value = match (&call, program.method_values.get(&(method, given))) {
                (Some((id, _)), _) if is_complete => self.call(*id, method, values, span),
                (_, Some(&function)) => self.closure(function, None, values, span),
                (_, None) => unreachable!("only methods that are used as values were selected"),
            };
            if value.ty == Type::NEVER {
                return shape::unknown(span);
            }
            let value = self.boxed(value);
            let is_it = field(of.clone(), "__name");
            let is_it = self.binary(BinaryOp::Eq, is_it, shape::string(declared.name, span), span).expr;
            result = shape::choice(is_it, value, result, span);
        }
        wrap(sets, result)
    }

    /// `of[index]` of a struct: one of its methods, or what it holds.
    pub(super) fn part_of_record(&mut self, of: Expr, index: Expr, span: Span) -> Expr {
        let program = self.program;
        let (Kind::Record(record), Kind::String | Kind::Any) = (of.ty.kind, index.ty.kind) else {
            return self.any_index(of, index, span);
        };
        let methods = &program.records[record.index()].methods;
        let mut sets = Vec::new();
        let (of, index) = match methods.is_empty() {
            true => (of, index),
            false => (self.bind(of, &mut sets), self.bind(index, &mut sets)),
        };
        let mut result = self.any_index(of.clone(), index.clone(), span);
        for &(name, method) in methods {
            let value = self.method_value(of.clone(), record, (method, Vec::new()), span);
            if value.ty == Type::NEVER || result.ty == Type::NEVER {
                return shape::unknown(span);
            }
            let value = self.boxed(value);
            let is_it = self.binary(BinaryOp::Eq, index.clone(), shape::string(name, span), span).expr;
            result = shape::choice(is_it, value, result, span);
        }
        wrap(sets, result)
    }

    /// Whether structs that the program makes have methods of the name that are used as values.
    pub(super) fn has_methods(&mut self, name: &str) -> bool {
        !self.methods_called(name, 0, true).is_empty()
    }

    /// The methods of the name that the program's structs have, those whose structs it makes.
    fn methods_called(&mut self, name: &str, given: usize, as_values: bool) -> Vec<(RecordId, FuncId)> {
        let program = self.program;
        let methods = (0..).map(RecordId).zip(&program.records);
        let methods = methods.filter_map(|(record, declared)| Some((record, declared.method(name)?)));
        let is_known = |method| !as_values || program.method_values.contains_key(&(method, given));
        methods.filter(|&(record, method)| is_known(method) && self.infer.is_made(record, self.id)).collect()
    }
}
