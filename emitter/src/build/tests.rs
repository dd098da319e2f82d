//! Each case in `cases/` is a program, with the IR that it becomes in the file beside it.
//! `BLESS=1` writes what is there now.

use std::path::Path;

use mochi_frontend::check::{CheckOptions, check};
use mochi_frontend::source::{SourceFile, Span};
use mochi_frontend::syntax::{Dialect, parse};
use mochi_frontend::typed::{ArithOp, CompareOp, Expr, ExprKind, Function, FunctionId, Local, LocalId, Program};
use mochi_frontend::typed::{Stmt, StmtKind};
use mochi_frontend::types::Type;

use crate::ir::{Spans, print_module, verify_module};

fn build_source(file: &SourceFile) -> String {
    let (ast, found) = parse(file, 0, Dialect::Mochi);
    assert!(found.is_empty(), "{}: {found:#?}", file.name);
    let (program, found) = check(file, &ast, &CheckOptions::default());
    let module =
        super::build(&program.unwrap_or_else(|| panic!("{}: {found:#?}", file.name)), std::slice::from_ref(file));
    let text = print_module(&module, Spans::Omit);
    verify_module(&module).unwrap_or_else(|errors| panic!("{}: {errors:#?}\n{text}", file.name));
    text
}

#[test]
fn programs_become_the_ir_beside_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/build/cases");
    let entries = std::fs::read_dir(&folder).expect("the folder of cases is there");
    let mut cases: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "mochi"));
    cases.sort();
    let mut wrong = Vec::new();
    for path in cases {
        let text = std::fs::read_to_string(&path).expect("a case is text");
        let name = path.file_name().expect("a case has a name").to_string_lossy().into_owned();
        let found = build_source(&SourceFile::new(name.as_str(), text));
        let expectation = path.with_extension("mir");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expectation, &found).expect("the expectation can be written");
        } else if std::fs::read_to_string(&expectation).is_ok_and(|expected| expected == found) {
            continue;
        } else {
            wrong.push(format!("{name}:\n{found}"));
        }
    }
    assert!(wrong.is_empty() || std::env::var_os("BLESS").is_some(), "{}", wrong.join("\n"));
}

fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, span: Span::default() }
}

fn stmt(kind: StmtKind) -> Stmt {
    Stmt { kind, span: Span::default() }
}

/// A program of top-level statements with one int variable.
fn program(body: Vec<Stmt>) -> Program {
    let local = Local { name: "n".into(), ty: Type::INT, is_cell: false, span: Span::default() };
    let main = Function {
        name: "main".into(),
        params: Vec::new(),
        captures: 0,
        result: Type::NONE,
        locals: vec![local],
        body,
        span: Span::default(),
    };
    Program {
        functions: vec![main],
        main: FunctionId(0),
        globals: Vec::new(),
        lists: Vec::new(),
        maps: Vec::new(),
        records: Vec::new(),
        unions: Vec::new(),
        funcs: Vec::new(),
    }
}

#[test]
fn long_chains_need_no_deep_stack() {
    const LENGTH: usize = 100_000;
    let n = || Box::new(expr(ExprKind::Local(LocalId(0)), Type::INT));
    let mut sum = *n();
    let mut all = expr(ExprKind::Bool(true), Type::BOOL);
    for _ in 0..LENGTH {
        sum = expr(ExprKind::Arith { op: ArithOp::Add, lhs: Box::new(sum), rhs: n() }, Type::INT);
        let positive = expr(ExprKind::Compare { op: CompareOp::Gt, lhs: n(), rhs: n() }, Type::BOOL);
        all = expr(ExprKind::And { lhs: Box::new(all), rhs: Box::new(positive) }, Type::BOOL);
    }
    let mut otherwise = Vec::new();
    for _ in 0..LENGTH {
        let cond = expr(ExprKind::Compare { op: CompareOp::Eq, lhs: n(), rhs: n() }, Type::BOOL);
        let value = expr(ExprKind::Int(1), Type::INT);
        let then = vec![stmt(StmtKind::SetLocal { local: LocalId(0), value })];
        otherwise = vec![stmt(StmtKind::If { cond, then, otherwise })];
    }
    let mut body = vec![
        stmt(StmtKind::SetLocal { local: LocalId(0), value: sum }),
        stmt(StmtKind::While { cond: all, body: vec![stmt(StmtKind::Break)] }),
    ];
    body.extend(otherwise);
    // Paths that part and meet again and again, with a variable read only at their end.
    for _ in 0..LENGTH {
        let cond = expr(ExprKind::Compare { op: CompareOp::Eq, lhs: n(), rhs: n() }, Type::BOOL);
        body.push(stmt(StmtKind::If { cond, then: Vec::new(), otherwise: Vec::new() }));
    }
    let program = program(body);
    let module = super::build(&program, &[]);
    assert!(module.functions[0].insts.len() > 4 * LENGTH);
    // Freeing the tree is what would recurse here.
    std::mem::forget(program);
}
