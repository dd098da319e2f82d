//! Each case in `cases/` is a program, with the IR that it becomes in the file beside it.
//! `BLESS=1` writes what is there now.

use std::path::Path;

use mochi_frontend::builtins::Builtin;
use mochi_frontend::check::{CheckOptions, check};
use mochi_frontend::modules::Unit;
use mochi_frontend::source::{SourceFile, Span};
use mochi_frontend::syntax::{Dialect, parse};
use mochi_frontend::typed::{
    ArithOp, CompareOp, Expr, ExprKind, Field, FuncType, Function, FunctionId, Global, GlobalId, ListType, Local,
    LocalId, Program, RecordType, Stmt, StmtKind,
};
use mochi_frontend::types::{FuncTypeId, Kind, ListId, RecordId, Type};

use crate::ir::interp::Interpreter;
use crate::ir::{CapturingWasi, Spans, print_module, verify_module};

fn build_source(file: &SourceFile) -> String {
    let (ast, found) = parse(file, 0, Dialect::Mochi);
    assert!(found.is_empty(), "{}: {found:#?}", file.name);
    let (program, found) = check(&Unit::single(file.clone(), ast), &CheckOptions::default());
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
        shapes: Vec::new(),
        plans: Vec::new(),
        blocks: Vec::new(),
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

/// What a program of typed nodes prints, built without the checker.
fn output(program: &Program) -> String {
    let mut module = super::build(program, &[]);
    let text = print_module(&module, Spans::Omit);
    verify_module(&module).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
    crate::opt::count(&mut module);
    let options = crate::legalize::LegalizeOptions { debug_memory: true, line: &|_| 0, list_facts: true };
    crate::legalize::legalize(&mut module, &options);
    verify_module(&module).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
    let mut interpreter = Interpreter::new(&module, CapturingWasi::default());
    let result = interpreter.run_start();
    assert!(result.is_ok(), "{result:?} {}\n{text}", interpreter.host.errors());
    interpreter.host.output()
}

fn int(value: i64) -> Expr {
    expr(ExprKind::Int(value), Type::INT)
}

fn local(name: &str, ty: Type, is_cell: bool) -> Local {
    Local { name: name.into(), ty, is_cell, span: Span::default() }
}

fn function(name: &str, captures: usize, params: u32, result: Type, locals: Vec<Local>, body: Vec<Stmt>) -> Function {
    let params = (0..params).map(LocalId).collect();
    Function { name: name.into(), params, captures, result, locals, body, span: Span::default() }
}

fn print(value: Expr) -> Stmt {
    let ty = value.ty;
    stmt(StmtKind::Expr(expr(ExprKind::Builtin { builtin: Builtin::Print, args: vec![value] }, ty)))
}

fn add(lhs: Expr, rhs: Expr) -> Expr {
    expr(ExprKind::Arith { op: ArithOp::Add, lhs: Box::new(lhs), rhs: Box::new(rhs) }, Type::INT)
}

#[test]
fn a_captured_variable_lives_in_a_cell() {
    let func = Type { kind: Kind::Func(FuncTypeId(0)), nullable: false };
    let read = |local| expr(ExprKind::Local(LocalId(local)), Type::INT);
    // It adds its argument to the captured variable, and forgets a third one that is only none.
    let inc = function(
        "inc",
        1,
        3,
        Type::INT,
        vec![local("x", Type::INT, true), local("n", Type::INT.or_none(), true), local("no", Type::NONE, false)],
        vec![
            stmt(StmtKind::SetLocal {
                local: LocalId(0),
                value: add(
                    read(0),
                    expr(
                        ExprKind::Convert(Box::new(expr(ExprKind::Local(LocalId(1)), Type::INT.or_none()))),
                        Type::INT,
                    ),
                ),
            }),
            stmt(StmtKind::Return(Some(read(0)))),
        ],
    );
    let call = || {
        let of = Box::new(expr(ExprKind::Local(LocalId(1)), func));
        let none = expr(ExprKind::None, Type::NONE);
        expr(ExprKind::CallValue { of, args: vec![int(3), none] }, Type::INT.or_none())
    };
    let closure =
        ExprKind::Closure { function: FunctionId(1), captures: vec![expr(ExprKind::Cell(LocalId(0)), Type::INT)] };
    let main = function(
        "main",
        0,
        0,
        Type::NONE,
        vec![local("x", Type::INT, true), local("f", func, false)],
        vec![
            stmt(StmtKind::NewCell { local: LocalId(0), value: int(5) }),
            stmt(StmtKind::SetLocal { local: LocalId(1), value: expr(closure, func) }),
            print(call()),
            stmt(StmtKind::SetLocal { local: LocalId(0), value: add(read(0), int(100)) }),
            print(call()),
            print(read(0)),
        ],
    );
    let program = Program {
        functions: vec![main, inc],
        funcs: vec![FuncType { params: vec![Type::INT, Type::NONE], result: Type::INT.or_none() }],
        ..program(Vec::new())
    };
    assert_eq!(output(&program), "8\n111\n111\n");
}

#[test]
fn fields_grow_in_place_also_when_a_call_says_by_what() {
    let record = Type { kind: Kind::Record(RecordId(0)), nullable: false };
    let list = Type { kind: Kind::List(ListId(0)), nullable: false };
    let point = || expr(ExprKind::Global(GlobalId(0)), record);
    let field = |index, ty| expr(ExprKind::Field { of: Box::new(point()), index }, ty);
    let append = |value| {
        let args = vec![field(1, list), value];
        let value = expr(ExprKind::Builtin { builtin: Builtin::Append, args }, list);
        stmt(StmtKind::SetField { of: point(), index: 1, value })
    };
    let call = || expr(ExprKind::Call { function: FunctionId(1), args: vec![] }, Type::INT);
    // Appends itself, and gives what is appended after that to what there was before.
    let next = function(
        "next",
        0,
        0,
        Type::INT,
        vec![],
        vec![
            append(int(7)),
            stmt(StmtKind::SetField { of: point(), index: 0, value: add(field(0, Type::INT), int(1)) }),
            stmt(StmtKind::Return(Some(field(0, Type::INT)))),
        ],
    );
    let fields = vec![int(0), expr(ExprKind::List(vec![int(1)]), list), expr(ExprKind::None, Type::NONE)];
    let made = expr(ExprKind::Record { record: RecordId(0), fields }, record);
    let main = function(
        "main",
        0,
        0,
        Type::NONE,
        vec![],
        vec![
            stmt(StmtKind::SetGlobal { global: GlobalId(0), value: made }),
            append(int(2)),
            append(call()),
            append(call()),
            print(field(1, list)),
            print(field(2, Type::NONE)),
        ],
    );
    let typed_field = |name: &str, ty| Field { name: name.into(), ty };
    let program = Program {
        functions: vec![main, next],
        globals: vec![Global { name: "p".into(), ty: record, span: Span::default() }],
        lists: vec![ListType { element: Type::INT }],
        records: vec![RecordType {
            name: "Point".into(),
            fields: vec![typed_field("n", Type::INT), typed_field("xs", list), typed_field("no", Type::NONE)],
            methods: vec![],
            union: None,
            is_row: false,
        }],
        ..program(Vec::new())
    };
    assert_eq!(output(&program), "[1, 2, 1, 2]\nnil\n");
}
