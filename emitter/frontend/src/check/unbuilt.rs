//! Refuses what the checker types but the builder does not build yet: maps, and values of more than one type in one
//! place.

use super::shape::operands;
use crate::diagnostic::{Code, Diagnostic};
use crate::typed::{Block, Expr, ExprKind, Program, StmtKind};
use crate::types::{Kind, Type};

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
                StmtKind::SetIndex { of, index: at, value }
                | StmtKind::SetEntry { of, key: at, value }
                | StmtKind::AnySetIndex { of, index: at, value } => {
                    [of, at, value].into_iter().for_each(|part| expr(part, found));
                }
                StmtKind::SetField { of, index: _, value } | StmtKind::AnySetField { of, name: _, value } => {
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
        let what = match &of.kind {
            ExprKind::Map(_) => Some("maps"),
            ExprKind::Convert(from) if of.ty.kind == Kind::Any && from.ty != Type::NONE => {
                Some("values of more than one type in one place")
            }
            _ => None,
        };
        if let Some(what) = what {
            found.push(Diagnostic::error(Code::M001, of.span, format!("{what} are not supported yet")));
        }
        if let ExprKind::Block { body, then: _ } = &of.kind {
            block(body, found);
        }
        open.extend(operands(of));
    }
}
