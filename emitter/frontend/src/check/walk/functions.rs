//! Function values and their calls.

use super::Walk;
use super::exprs::wrap;
use crate::check::infer::CopyId;
use crate::check::resolved::{ExprId, FuncId};
use crate::check::shape;
use crate::source::Span;
use crate::typed::{Expr, ExprKind, LocalId};
use crate::types::{Kind, Type};

impl Walk<'_, '_, '_> {
    /// What the callee may set the cells to that it gets, they may hold here as well.
    pub(super) fn share_cells(&mut self, callee: CopyId, args: &[Expr], params: &[LocalId]) {
        for (arg, &param) in args.iter().zip(params) {
            if let ExprKind::Cell(local) = arg.kind {
                let held = self.infer.get(callee).slots[param.index()];
                self.join_local(local, held.ty, held.first);
            }
        }
    }

    /// A function as a value. What it captures is copied into it, or the cells of that.
    pub(super) fn closure(
        &mut self,
        function: FuncId,
        site: Option<ExprId>,
        mut captures: Vec<Expr>,
        span: Span,
    ) -> Expr {
        let types: Vec<(Type, Span)> = captures.iter().map(|capture| (capture.ty, capture.span)).collect();
        let Some((id, ty)) = self.infer.function_value(self.id, function, site, &types) else {
            return shape::unknown(span);
        };
        let program = self.program;
        self.share_cells(id, &captures, &program.functions[function.index()].params);
        for (capture, &param) in captures.iter_mut().zip(&self.program.functions[function.index()].params) {
            let slot = self.infer.get(id).slots[param.index()];
            let from = capture.span;
            *capture = shape::convert(std::mem::replace(capture, shape::none(from)), slot.ty);
        }
        let function = self.infer.function_id(id);
        shape::expr(ExprKind::Closure { function, captures }, ty, span)
    }

    /// `of(args)`, the expression `id`.
    pub(super) fn call_value(&mut self, id: ExprId, of: Expr, mut args: Vec<Expr>, span: Span) -> Expr {
        let kind = of.ty.kind;
        if of.ty == Type::NEVER || args.iter().any(|arg| arg.ty == Type::NEVER) {
            return shape::unknown(span);
        }
        if kind == Kind::Any {
            let args = args.into_iter().map(|arg| self.boxed(arg)).collect();
            return shape::expr(ExprKind::AnyCall { of: Box::new(of), args }, Type::ANY, span);
        }
        let Kind::Func(_) = kind else {
            let fails = shape::fail(NOT_A_FUNCTION, Type::NONE, span);
            let all = args.into_iter().rfold(fails, |then, arg| shape::sequence(arg, then, span));
            return shape::sequence(of, all, span);
        };
        let arity = self.infer.classes.slot_count(kind) - 1;
        if args.len() < arity {
            let Some(&function) = self.program.partials.get(&(args.len(), arity - args.len())) else {
                unreachable!("no function takes {arity} arguments")
            };
            let mut captures = vec![self.settle(of, NOT_A_FUNCTION, span)];
            captures.append(&mut args);
            return self.closure(function, Some(id), captures, span);
        }
        let mut sets = Vec::new();
        let mut of = self.settle(of, NOT_A_FUNCTION, span);
        let extra = args.split_off(arity);
        if extra.iter().any(|extra| !shape::is_droppable(extra)) {
            // All arguments are evaluated before the call, also those that it drops.
            of = self.bind(of, &mut sets);
            args = args.into_iter().map(|arg| self.bind(arg, &mut sets)).collect();
        }
        for (index, arg) in args.iter_mut().enumerate() {
            self.infer.join_part(kind, index, arg.ty, arg.span);
            let ty = self.infer.part(kind, index, self.id);
            let from = arg.span;
            *arg = shape::convert(std::mem::replace(arg, shape::none(from)), ty);
        }
        let result = self.infer.part(kind, arity, self.id);
        if result == Type::NEVER {
            return shape::unknown(span);
        }
        let mut call = shape::expr(ExprKind::CallValue { of: Box::new(of), args }, result, span);
        for extra in extra.into_iter().rev() {
            call = shape::sequence(extra, call, span);
        }
        wrap(sets, call)
    }
}

const NOT_A_FUNCTION: &str = "call of non-function";
