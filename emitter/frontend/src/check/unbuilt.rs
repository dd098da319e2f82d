//! Refuses what the checker types but the builder does not build yet: operations that look at what a value of no
//! known kind is.

use super::shape::operands;
use crate::builtins::Builtin;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::typed::{Block, CompareOp, Expr, ExprKind, Program, StmtKind};
use crate::types::Kind;

/// What is found in the program, each construct at its line.
pub(super) fn refusals(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for function in &program.functions {
        block(&function.body, &mut found);
    }
    found.dedup_by_key(|diagnostic: &mut Diagnostic| diagnostic.span);
    found
}

fn block(body: &Block, found: &mut Vec<Diagnostic>) {
    let mut open: Vec<&Block> = vec![body];
    while let Some(body) = open.pop() {
        for stmt in body {
            match &stmt.kind {
                StmtKind::SetLocal { local: _, value }
                | StmtKind::SetGlobal { global: _, value }
                | StmtKind::NewCell { local: _, value }
                | StmtKind::Expr(value)
                | StmtKind::Return(Some(value))
                | StmtKind::Expect { cond: value, text: _ } => expr(value, found),
                StmtKind::SetIndex { of, index: at, value } | StmtKind::SetEntry { of, key: at, value } => {
                    [of, at, value].into_iter().for_each(|part| expr(part, found));
                }
                StmtKind::AnySetIndex { .. } | StmtKind::AnySetField { .. } => refuse(stmt.span, found),
                StmtKind::SetField { of, index: _, value } => {
                    [of, value].into_iter().for_each(|part| expr(part, found));
                }
                StmtKind::If { cond, then, otherwise } => {
                    expr(cond, found);
                    open.extend([otherwise, then]);
                }
                StmtKind::While { cond: of, body }
                | StmtKind::ForString { var: _, of, body }
                | StmtKind::ForList { var: _, of, body } => {
                    expr(of, found);
                    open.push(body);
                }
                StmtKind::ForRange { var: _, assigned: _, start, end, body } => {
                    expr(start, found);
                    expr(end, found);
                    open.push(body);
                }
                StmtKind::Block(body) => open.push(body),
                StmtKind::Return(None) | StmtKind::Break | StmtKind::Continue => {}
            }
        }
    }
}

fn expr(of: &Expr, found: &mut Vec<Diagnostic>) {
    let mut open = vec![of];
    while let Some(of) = open.pop() {
        let is_refused = match &of.kind {
            ExprKind::Arith { .. } | ExprKind::Neg(_) => of.ty.kind == Kind::Any,
            ExprKind::Compare { op, lhs, rhs: _ } => {
                lhs.ty.kind == Kind::Any && !matches!(op, CompareOp::Eq | CompareOp::Ne)
            }
            ExprKind::Cast { of, to: _ } => of.ty.kind == Kind::Any,
            ExprKind::Builtin { builtin: Builtin::Len | Builtin::Append, args } => {
                args.iter().any(|arg| arg.ty.kind == Kind::Any) && args[0].ty.kind == Kind::Any
            }
            ExprKind::AnyIndex { .. }
            | ExprKind::AnySlice { .. }
            | ExprKind::AnyField { .. }
            | ExprKind::AnyContains { .. }
            | ExprKind::AnyIter(_)
            | ExprKind::AnyCall { .. } => true,
            _ => false,
        };
        if is_refused {
            refuse(of.span, found);
        }
        if let ExprKind::Block { body, then: _ } = &of.kind {
            block(body, found);
        }
        open.extend(operands(of));
    }
}

fn refuse(span: Span, found: &mut Vec<Diagnostic>) {
    let message = "operations on values of more than one type are not supported yet";
    found.push(Diagnostic::error(Code::M001, span, message));
}
