//! Refuses what the checker types but the builder does not build yet: maps, values of more than one type in one
//! place, and structs where their contents are looked at as a whole.

use super::shape::operands;
use crate::builtins::Builtin;
use crate::diagnostic::{Code, Diagnostic};
use crate::typed::{Block, Expr, ExprKind, Program, StmtKind};
use crate::types::{Kind, Type};

/// What is found in the program, each construct at its line.
pub(super) fn refusals(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for function in &program.functions {
        block(program, &function.body, &mut found);
    }
    found.dedup_by_key(|diagnostic: &mut Diagnostic| diagnostic.span);
    found
}

fn block(program: &Program, body: &Block, found: &mut Vec<Diagnostic>) {
    let mut open: Vec<&Block> = vec![body];
    while let Some(body) = open.pop() {
        for stmt in body {
            match &stmt.kind {
                StmtKind::SetLocal { local: _, value }
                | StmtKind::SetGlobal { global: _, value }
                | StmtKind::NewCell { local: _, value }
                | StmtKind::Expr(value)
                | StmtKind::Return(Some(value))
                | StmtKind::Expect { cond: value, text: _ } => expr(program, value, found),
                StmtKind::SetIndex { of, index: at, value }
                | StmtKind::SetEntry { of, key: at, value }
                | StmtKind::AnySetIndex { of, index: at, value } => {
                    [of, at, value].into_iter().for_each(|part| expr(program, part, found));
                }
                StmtKind::SetField { of, index: _, value } | StmtKind::AnySetField { of, name: _, value } => {
                    [of, value].into_iter().for_each(|part| expr(program, part, found));
                }
                StmtKind::If { cond, then, otherwise } => {
                    expr(program, cond, found);
                    open.extend([otherwise, then]);
                }
                StmtKind::While { cond: of, body }
                | StmtKind::ForString { var: _, of, body }
                | StmtKind::ForList { var: _, of, body } => {
                    expr(program, of, found);
                    open.push(body);
                }
                StmtKind::ForRange { var: _, assigned: _, start, end, body } => {
                    expr(program, start, found);
                    expr(program, end, found);
                    open.push(body);
                }
                StmtKind::Block(body) => open.push(body),
                StmtKind::Return(None) | StmtKind::Break | StmtKind::Continue => {}
            }
        }
    }
}

fn expr(program: &Program, of: &Expr, found: &mut Vec<Diagnostic>) {
    let mut open = vec![of];
    while let Some(of) = open.pop() {
        let what = match &of.kind {
            ExprKind::Map(_) => Some("maps"),
            ExprKind::Convert(from) if of.ty.kind == Kind::Any && from.ty != Type::NONE => {
                Some("values of more than one type in one place")
            }
            ExprKind::Builtin { builtin: Builtin::Print | Builtin::Str, args }
                if args.iter().any(|arg| has_record(program, arg.ty)) =>
            {
                Some("texts of structs")
            }
            ExprKind::Compare { op: _, lhs: part, rhs: _ } | ExprKind::ListContains { of: part, item: _ }
                if has_record(program, part.ty) =>
            {
                Some("comparisons of structs")
            }
            _ => None,
        };
        if let Some(what) = what {
            found.push(Diagnostic::error(Code::M001, of.span, format!("{what} are not supported yet")));
        }
        if let ExprKind::Block { body, then: _ } = &of.kind {
            block(program, body, found);
        }
        open.extend(operands(of));
    }
}

/// Whether structs are among the values or what they hold.
fn has_record(program: &Program, ty: Type) -> bool {
    let mut at = ty;
    while let Kind::List(list) = at.kind {
        at = program.element(list);
    }
    matches!(at.kind, Kind::Record(_) | Kind::Union(_) | Kind::Func(_))
}
