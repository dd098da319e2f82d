//! Calls of functions, function values and builtins.

use super::{Bound, Resolver};
use crate::builtins::{Builtin, NOT_YET};
use crate::check::resolved::{ExprId, ExprKind, FuncId};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast;

impl<'a> Resolver<'a> {
    pub(super) fn call(&mut self, callee: &'a ast::Expr, args: &'a [ast::Expr], span: Span) -> ExprId {
        let name = match &callee.kind {
            ast::ExprKind::Name(name) => name.as_str(),
            _ => return self.call_value(callee, args, span),
        };
        if self.prelude.is_open {
            if self.func.blocks.iter().any(|block| block.contains_key(name)) {
                return self.call_value(callee, args, span);
            }
            if let Some(function) = self.logic_callee(name) {
                return self.call_function(function, args, span);
            }
            let own = self.call_in_library(name, args, span);
            return own.unwrap_or_else(|| self.call_of_builtin(name, callee.span, args, span));
        }
        if !self.is_bound(name)
            && let Some(&function) = self.names().functions.get(name)
        {
            return self.call_function(function, args, span);
        }
        let update = if self.is_called_outside(name) { self.func.update.take() } else { None };
        let bound = self.lookup(name, callee.span);
        self.func.update = update.or(self.func.update.take());
        match bound {
            Some(Bound::Function(function)) => return self.call_function(function, args, span),
            Some(Bound::Variable(_) | Bound::Shape(_)) => return self.call_value(callee, args, span),
            Some(Bound::Part(of)) => {
                let of = self.push(ExprKind::Local(of), callee.span);
                return self.method_call(of, name, args, span);
            }
            None => {}
        }
        if let Some(variant) = self.construct(self.module, name, args, span) {
            return variant;
        }
        self.call_of_builtin(name, callee.span, args, span)
    }

    /// A call of a name that the program does not declare.
    fn call_of_builtin(&mut self, name: &str, at: Span, args: &'a [ast::Expr], span: Span) -> ExprId {
        let is_open = self.prelude.is_open;
        if let Some(builtin) = Builtin::from_name(name).filter(|builtin| is_open || !builtin.is_internal()) {
            return self.call_builtin(builtin, name, args, span);
        }
        if let Some(call) = self.call_prelude(name, args, span) {
            return call;
        }
        if self.is_extern(name) {
            return self.push(ExprKind::Absent, span);
        }
        if NOT_YET.contains(&name) {
            self.exprs(args);
            return self.not_built_in(name, at);
        }
        // As in the reference, the arguments are not evaluated: programs call `panic(…)` for nothing.
        self.push(ExprKind::Absent, span)
    }

    /// The use of a builtin that the language has and compiled programs cannot have.
    pub(super) fn not_built_in(&mut self, name: &str, span: Span) -> ExprId {
        let message =
            format!("the builtin function `{name}` is not supported: it needs the compiler when the program runs");
        self.error(Code::M001, span, message);
        self.push(ExprKind::Refused, span)
    }

    pub(super) fn call_function(&mut self, function: FuncId, args: &'a [ast::Expr], span: Span) -> ExprId {
        let arity = self.arities[function.index()];
        let args = self.exprs(args);
        if args.len() < arity {
            return self.partial(function, args, span);
        }
        self.func.callees.insert(function);
        let call = self.push(ExprKind::Call { function, args }, span);
        self.nested.calls.push((self.func_id(), function, call));
        call
    }

    fn call_value(&mut self, callee: &'a ast::Expr, args: &'a [ast::Expr], span: Span) -> ExprId {
        let of = self.expr(callee);
        let args = self.exprs(args);
        self.push(ExprKind::CallValue { of, args }, span)
    }

    fn call_builtin(&mut self, builtin: Builtin, name: &str, args: &'a [ast::Expr], span: Span) -> ExprId {
        let arity = builtin.arity();
        let args = match self.group_argument(builtin, args) {
            Some(rows) => vec![rows],
            None => self.exprs(args),
        };
        if args.len() < arity {
            let message = format!("function {name} expects {arity} arguments, got {}", args.len());
            self.error(Code::T039, span, message);
            return self.push(ExprKind::Refused, span);
        }
        self.builtin(builtin, args, span)
    }

    /// A call of a builtin with as many arguments as it needs.
    pub(super) fn builtin(&mut self, builtin: Builtin, args: Vec<ExprId>, span: Span) -> ExprId {
        if builtin == Builtin::Concat
            && let Some((&first, others)) = args.split_first()
        {
            // Two at a time, as each call may need a function of its own.
            let empty = self.push(ExprKind::List(Vec::new()), span);
            let (first, others) = if others.is_empty() { (empty, args.as_slice()) } else { (first, others) };
            return others.iter().fold(first, |left, &right| self.concat(left, right, span));
        }
        let Some(helper) = helper(builtin).filter(|_| !args.is_empty()) else {
            return self.push(ExprKind::Builtin { builtin, args }, span);
        };
        let call = self.push(ExprKind::Builtin { builtin, args }, span);
        self.add_helper(call, helper, builtin.arity(), span);
        call
    }

    pub(super) fn concat(&mut self, left: ExprId, right: ExprId, span: Span) -> ExprId {
        let call = self.push(ExprKind::Builtin { builtin: Builtin::Concat, args: vec![left, right] }, span);
        self.add_helper(call, "_checked_concat", 2, span);
        call
    }
}

/// The function of the prelude that a builtin is on values of no known type.
fn helper(builtin: Builtin) -> Option<&'static str> {
    match builtin {
        Builtin::Sum => Some("_checked_sum"),
        Builtin::Avg => Some("_checked_avg"),
        Builtin::Min => Some("_checked_min"),
        Builtin::Max => Some("_checked_max"),
        Builtin::First => Some("_checked_first"),
        Builtin::Count => Some("_checked_count"),
        Builtin::Exists => Some("_exists"),
        Builtin::Keys => Some("_checked_keys"),
        Builtin::Values => Some("_checked_values"),
        Builtin::Concat => Some("_checked_concat"),
        _ => None,
    }
}
