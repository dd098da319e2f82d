//! The text form: what is written is read again, and mistakes are found where they are.

use super::super::{
    DataBlob, DataId, FuncType, Function, FunctionBuilder, Imm, ImmKind, Kind, ListType, MapType, MochiOp, Module, Op,
    Phase, RecordForm, RecordType, Shape, ShapeId, Signature, Spans, Type, TypePattern, UnionType, Value, WasmOp,
    interp, parse, parse_program, print_module, read_program,
};
use super::{module, round_trip};

const EVERYTHING: &str = r#"file "main.mochi" lines 0 12 30
file "a \"b\"\\\n\t\00\c3\a9"
data d0 "hello"
data d1 align 16 size 64
data d2 align 8 size 16 "\01\02" at 4 d0 at 8 d1 word 8 d2
data d3 ""
global g0 total: int = i64 -1
global g1 "odd name": float? = f64 nan:0x7ff86e6f6e650000
global g2 flag: i32 = i32 7
stdout d1
start main

import fd_write "wasi_snapshot_preview1" "fd_write" (i32, own i64) -> i32
import proc_exit "wasi_snapshot_preview1" "proc_exit" (i32) cold noinline

func main() pure {
b0:
    v0 = str.const d0 @0:12..19
    v1 = print.data d3 @1:0..4294967295
    print v0
    return
}

func "fib<int>"(v0: int, v1: own str?, v2: any) -> int?, bool counted cold inline {
b0:
    v3: int = int.const -9223372036854775808
    v4: float = float.const -0.0
    v5: float = float.const 1e300
    v6: float = float.const inf
    v7: float = float.const -inf
    v8: int? = none
    v9: int = int.add !v0, v3
    v10 = int.lt v9, v0
    branch v10, b1(v9, v1), b3
b1(v11: int, v12: str?) cold:
    v13: int?, v14: bool = call "fib<int>"(v11, v12, v2)
    global.store g0 v11
    jump b2
b2:
    return v13, v14
b3:
    fail d0
    unreachable
}

func machine(v0: i32) -> f64 legalized noinline {
b0:
    v1 = i64.load v0
    v2 = i64.load offset=8 v0
    i64.store offset=4294967295 v0, v2
    v3 = f64.const 0.1
    v4: i32 = global.get g2
    global.set g2 v4
    v5 = heap.base
    v6 = data.addr d2
    call proc_exit(v6)
    return v3
}
"#;

#[test]
fn everything_round_trips() {
    // `print.data` has no result; that is for the verifier to say, not for the parser.
    let text = EVERYTHING.replace("v1 = print.data", "print.data");
    round_trip(&text);
    let built = module(&text);
    assert_eq!(built.files[1].as_bytes(), b"a \"b\"\\\n\t\x00\xc3\xa9");
    assert_eq!(built.data[2].relocs, [(4, DataId(0)), (8, DataId(1))]);
    assert_eq!(built.data[2].word_relocs, [(8, DataId(2))]);
    assert_eq!((built.data[1].size, built.data[1].bytes.len()), (64, 0));
    assert!(built.functions[3].cold && built.functions[0].import.is_some());
    assert_eq!(
        print_module(&built, Spans::Omit),
        text.replace(" lines 0 12 30", "").replace(" @0:12..19", "").replace(" @1:0..4294967295", "")
    );
}

#[test]
fn labels_are_chosen_anew_and_order_is_free() {
    let text = "
        ; A comment.
        func f(v7: own int) -> int {   ; pure
        b9:
            jump b5
        b3:            ; uses a value that is defined further down
            return v40
        b5:
            v40: int = int.neg v7
            jump b3
        }
        start main
        func main() { b0:
    ";
    let errors = parse(text).unwrap_err();
    assert_eq!(errors[0].to_string(), "13:23: expected the end of the line, found `b0`");
    let text = text.replace("{ b0:", "{\nb0:\nv8 = int.to_str 0x1 v9\nv9: int = call f(v10)\nreturn\n}");
    let errors = parse(&text).unwrap_err();
    assert_eq!(errors[0].to_string(), "16:18: v10 is not defined");
    let text = text.replace("v10", "v9");
    let expected = "\
start main

func f(v0: own int) -> int pure {
b0:
    jump b2
b1:
    return v1
b2:
    v1: int = int.neg v0
    jump b1
}

func main() pure {
b0:
    v0 = int.to_str 1 v1
    v1: int = call f(v1)
    return
}
";
    assert_eq!(print_module(&module(&text), Spans::Write), expected);
}

#[test]
fn numbers_take_many_forms() {
    let text = "func f() legalized {\nb0:\nv0 = i32.const 0xffffffff\nv1 = i64.const 18446744073709551615\n\
                v2 = f64.const 5\nv3 = f64.const nan:0x7ff8000000000000\nreturn\n}";
    let module = module(text);
    let imms: Vec<Imm> = module.functions[0].insts.iter().map(|inst| inst.imm).collect();
    assert_eq!(imms, [Imm::I32(-1), Imm::I64(-1), Imm::F64(5f64.to_bits()), Imm::F64(0x7ff8 << 48)]);
}

#[test]
fn mistakes_are_found_where_they_are() {
    let inst = |line: &str| format!("func f(v0: int) {{\nb0:\n    {line}\n    return\n}}");
    let cases: &[(String, &str)] = &[
        (
            "fnc f() {".into(),
            "1:1: expected file, record, row, cell, union, data, sig, shape, global, stdout, realloc, start, import or func, found `fnc`",
        ),
        (
            "\n  \"x\"".into(),
            "2:3: expected file, record, row, cell, union, data, sig, shape, global, stdout, realloc, start, import or func, found a string",
        ),
        ("file \"x\" lines 0 5 5".into(), "1:20: expected an integer from 6 to 4294967295, found `5`"),
        ("file \"x".into(), "1:6: the string is not closed on its line"),
        ("file \"x\\q\"".into(), r#"1:8: expected \n, \t, \\, \" or two hex digits after the backslash"#),
        ("file \"\\ff\"".into(), "1:6: this string must be UTF-8"),
        ("file \"é\" \u{1F600}".into(), "1:10: the character '😀' means nothing here"),
        ("data d0".into(), "1:8: expected a string, found the end of the line"),
        ("data d0 size x".into(), "1:14: expected a number, found `x`"),
        ("data d0 size -1".into(), "1:14: expected an integer from 0 to 4294967295, found `-1`"),
        ("data d0 size 0x".into(), "1:14: expected an integer from 0 to 4294967295, found `0x`"),
        ("data d0 \"\"\ndata d0 \"\"".into(), "2:6: d0 is declared twice"),
        ("data d0 \"\" at 0 d1".into(), "1:17: there is no data d1"),
        ("global g0 x: i32? = i32 0".into(), "1:17: i32 has no nullable form"),
        (
            "global g0 x: void = i32 0".into(),
            "1:14: expected a type (i32, i64, f64, bool, int, float, str, list<…>, map<…>, fun<…>, @record, @@union or any), found `void`",
        ),
        ("func f(v0: list<i32>) {\nb0:\nreturn\n}".into(), "1:20: there are no lists of i32"),
        ("func f(v0: list int) {\nb0:\nreturn\n}".into(), "1:17: expected `<`, found `int`"),
        ("func f(v0: list<list<int>) {\nb0:\nreturn\n}".into(), "1:26: expected `>`, found `)`"),
        (
            format!("global g0 x: {}int{} = i32 0", "list<".repeat(1001), ">".repeat(1001)),
            "1:6022: there are more than 1000 types of lists, maps and functions",
        ),
        ("start f".into(), "1:7: there is no function f"),
        ("func f() {\nb0:\nreturn\n}\nfunc f() {\nb0:\nreturn\n}".into(), "5:6: there are two functions f"),
        ("func f() {\nb0:\nreturn".into(), "3:7: the last function is not closed with `}`"),
        ("func f() {\n}".into(), "2:1: a function has at least one block"),
        ("func f() {\nreturn\n}".into(), "2:1: expected a block label or `}`, found `return`"),
        (
            "func f() {\nb0:\n}".into(),
            "3:1: expected jump, branch, return or unreachable at the end of the block above",
        ),
        (
            "func f() {\nb0:\nb1:\nreturn\n}".into(),
            "3:1: expected jump, branch, return or unreachable at the end of the block above",
        ),
        ("func f() {\nb0:\nreturn\nreturn\n}".into(), "4:1: expected a block label or `}`, found `return`"),
        ("func f() {\nb0:\nreturn\nb0:\nreturn\n}".into(), "4:1: there are two blocks b0"),
        ("func f() {\nb0(v0: int):\nreturn\n}".into(), "2:3: the parameters of the entry are those of the function"),
        ("func f(v0: int, v0: int) {\nb0:\nreturn\n}".into(), "1:17: v0 is defined twice"),
        ("func f() hot {\nb0:\nreturn\n}".into(), "1:10: expected cold, inline or noinline, found `hot`"),
        (inst("v1 = int.frob v0"), "3:10: there is no operation int.frob"),
        (inst("v1 = int.add v0, v0"), "3:5: int.add does not fix the type of v1: write v1: type"),
        (inst("v0: int = int.neg v0"), "3:5: v0 is defined twice"),
        (inst("v1: int = int.neg v2"), "3:23: v2 is not defined"),
        (inst("v1: int = int.neg v0,"), "3:26: expected a value (v0, v1, …), found the end of the line"),
        (inst("v1: int = int.neg v0 v0"), "3:26: expected the end of the line, found `v0`"),
        (
            inst("v1: int = int.const 9223372036854775808000"),
            "3:25: expected an integer from -9223372036854775808 to 18446744073709551615, found `9223372036854775808000`",
        ),
        (inst("v1: float = float.const nan:0"), "3:33: 0x0 are not the bits of a NaN"),
        (inst("v1: float = float.const x"), "3:29: expected a float, found `x`"),
        (inst("call g()"), "3:10: there is no function g"),
        (inst("call f(v0"), "3:14: expected `,` or `)`, found the end of the line"),
        (inst("global.store g3 v0"), "3:18: there is no global g3"),
        (inst("print v0 @0:3"), "3:18: expected `..`, found the end of the line"),
        ("func f() {\nb0:\njump b7\n}".into(), "3:6: there is no block b7"),
        ("func f(v0: bool) {\nb0:\nbranch v0 b0\n}".into(), "3:11: expected `,`, found `b0`"),
    ];
    for (text, expected) in cases {
        match parse(text) {
            Ok(_) => panic!("accepted:\n{text}"),
            Err(errors) => assert_eq!(errors[0].to_string(), *expected, "in:\n{text}"),
        }
    }
}

#[test]
fn one_mistake_does_not_cause_others() {
    let text = "func f() -> int {\nb0:\nv0 = int.const x\nv1: int = int.neg v0\nreturn v1\n}\nstrt f\nstart f";
    let errors: Vec<String> = parse(text).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "3:16: expected a number, found `x`",
            "7:1: expected file, record, row, cell, union, data, sig, shape, global, stdout, realloc, start, import or func, found `strt`",
        ]
    );
    let many = "x\n".repeat(1000);
    assert_eq!(parse(&many).unwrap_err().len(), 20);
}

#[test]
fn programs_are_pure_and_verified() {
    let text = "start main\nfunc main() {\nb0:\nprint v1\nv1: int = int.const 1\nreturn\n}\n";
    let errors = parse_program(text).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].to_string(), "4:1: v0 is not defined on every way here");
    let cases = [
        ("func main() {\nb0:\nreturn\n}", "1:1: a program needs a start function"),
        ("func main() counted {\nb0:\nreturn\n}\nstart main", "1:1: the functions of a program are in the pure phase"),
        (
            "import x \"m\" \"f\" ()\nstart main\nfunc main() {\nb0:\nreturn\n}",
            "1:1: a program cannot import functions",
        ),
        ("func main() {\nb0:\nv0: int = now @0:1..2\nreturn\n}\nstart main", "3:1: the span 0:1..2 lies in no file"),
        ("func main() -> int {\nb0:\nunreachable\n}\nstart main", "1:1: the start function has parameters or results"),
    ];
    for (text, expected) in cases {
        let errors = parse_program(text).unwrap_err();
        assert_eq!(errors[0].to_string(), expected, "in:\n{text}");
    }
    let many = "file \"x\"\n".repeat(128) + "func main() {\nb0:\nreturn\n}\nstart main";
    assert_eq!(parse_program(&many).unwrap_err()[0].message, "more than 127 files cannot be told apart in failures");
    let text = "func main() {\nb0:\nreturn\nb1:\njump b2\nb2:\njump b1\n}\nstart main";
    let module = parse_program(text).expect("what cannot be reached does no harm");
    assert_eq!(module.functions[0].blocks.len(), 1);
}

#[test]
fn instructions_have_lines() {
    let text = "file \"a.mochi\" lines 0 10 20\nstart main\nfunc main() {\nb0:\n  v0: int = now @0:10..12\n  print v0\nreturn\n}";
    let module = read_program("b.mir", text).expect("the program is sound");
    assert_eq!(module.files, ["a.mochi", "b.mir"]);
    let lines: Vec<u32> =
        module.functions[0].spans.iter().flatten().map(|&span| module.line_starts.line(span)).collect();
    assert_eq!(lines, [2, 6]);
    let span = module.functions[0].spans[1].expect("its place in the text");
    assert_eq!((span.file, &text[span.start as usize..span.end as usize]), (1, "print v0"));
}

/// A type that a row's operand or result may have.
fn example(pattern: TypePattern) -> Type {
    match pattern {
        TypePattern::Exact(ty) | TypePattern::Machine(ty) => ty,
        TypePattern::Kind(kind) => Type::of(kind),
        TypePattern::Mochi => Type::INT,
        TypePattern::Nullable => Type::STR.or_none(),
        TypePattern::List => Type::of(Kind::List(ListType(0))),
        TypePattern::NullableList => Type::of(Kind::List(ListType(0))).or_none(),
        TypePattern::Element | TypePattern::Field | TypePattern::Held => Type::FLOAT,
        TypePattern::Entry => Type::FLOAT.or_none(),
        TypePattern::Map => Type::of(Kind::Map(MapType(0))),
        TypePattern::NullableMap => Type::of(Kind::Map(MapType(0))).or_none(),
        TypePattern::Key => Type::STR,
        TypePattern::Record => Type::of(Kind::Record(RecordType(0))),
        TypePattern::Union | TypePattern::Object => Type::of(Kind::Union(UnionType(0))),
        TypePattern::Func => Type::of(Kind::Func(FuncType(0))),
    }
}

/// A function that closures of the type `ty` are called by.
fn code_of_closure(ty: Type) -> Function {
    let sig = Signature { params: vec![super::super::Param { ty, owned: false }], results: vec![] };
    let mut b = FunctionBuilder::new(Function::new("code", sig, Phase::Pure));
    b.func_mut().closure = Some(super::super::Closure { captures: vec![], generic: None });
    b.ret(vec![]);
    b.finish()
}

/// Every operation but those that need a closure of known code, each in a function of its own with the operands as parameters.
fn every_op() -> Module {
    let mut module = Module::default();
    // Text, and a float.
    module.add_data(DataBlob { bytes: b"8 digits".to_vec(), size: 8, align: 1, ..DataBlob::default() });
    module.list_of(Type::FLOAT);
    let texts = module.list_of(Type::STR);
    let anys = module.list_of(Type::ANY);
    let ints = module.list_of(Type::INT);
    module.map_of(Type::FLOAT);
    let ty = module.func_of(vec![], None);
    module.records.push(super::super::Record {
        name: "R".to_owned(),
        fields: vec![("x".to_owned(), Type::FLOAT), ("y".to_owned(), Type::FLOAT)],
        methods: vec![],
        union: Some(UnionType(0)),
        form: RecordForm::Struct,
    });
    module.unions.push(super::super::Union { name: "U".to_owned(), variants: vec![RecordType(0)] });
    let (record, floats) = (RecordType(0), ShapeId(0));
    module.shapes.push(Shape::Float);
    module.shapes.push(Shape::List { list: ListType(0), element: floats });
    module.shapes.push(Shape::Record { record, fields: vec![floats, floats] });
    module.shapes.push(Shape::Map { map: MapType(0), value: floats, int_keys: true });
    module.add_function(code_of_closure(ty));
    let init = super::super::Init::I64(0);
    module.globals.push(super::super::GlobalData { name: "g".to_owned(), ty: Type::INT, init });
    let needs_code = |op: &&MochiOp| matches!(op, MochiOp::ClosureInit | MochiOp::ClosureGet | MochiOp::ClosurePeek);
    let ops = MochiOp::ALL
        .iter()
        .filter(|op| !needs_code(op))
        .map(|&op| Op::Mochi(op))
        .chain(WasmOp::ALL.iter().map(|&op| Op::Wasm(op)));
    for op in ops {
        let (mut params, mut results): (Vec<Type>, Vec<Type>) = match op {
            Op::Mochi(op) => (
                op.params().iter().map(|&(_, pattern)| example(pattern)).collect(),
                op.results().iter().copied().map(example).collect(),
            ),
            Op::Wasm(op) => (op.params().to_vec(), op.results().to_vec()),
            Op::Call | Op::CallIndirect | Op::CallValue => unreachable!(),
        };
        match op {
            Op::Wasm(WasmOp::GlobalGet) => results.push(Type::I64),
            Op::Wasm(WasmOp::GlobalSet) => params.push(Type::I64),
            _ => {}
        }
        match op {
            Op::Mochi(MochiOp::MapKeys | MochiOp::AnyKeys | MochiOp::StrSplit) => results = vec![texts],
            Op::Mochi(MochiOp::AnyIter | MochiOp::AnyElements) => results = vec![anys],
            Op::Mochi(MochiOp::AnyCall) => params[1] = anys,
            Op::Mochi(MochiOp::AnyOrder | MochiOp::AnyDigest) => results = vec![ints],
            _ => {}
        }
        let imm = match op.imm() {
            ImmKind::None => Imm::None,
            ImmKind::I32 => Imm::I32(1),
            ImmKind::I64 => Imm::I64(-5),
            ImmKind::F64 => Imm::F64(1.25f64.to_bits()),
            ImmKind::Offset => Imm::Offset(12),
            ImmKind::Func => Imm::Func(super::super::FuncId(0)),
            ImmKind::Sig => Imm::Sig(super::super::SigId(0)),
            ImmKind::Record => Imm::Record(RecordType(0)),
            ImmKind::Global => Imm::Global(super::super::GlobalId(0)),
            ImmKind::Data => Imm::Data(DataId(0)),
            ImmKind::Shape => Imm::Shape(ShapeId(1)),
        };
        let owned = matches!(op, Op::Mochi(MochiOp::Dup | MochiOp::Drop));
        let sig = Signature {
            params: params.iter().map(|&ty| super::super::Param { ty, owned }).collect(),
            results: results.clone(),
        };
        let phase = match op {
            Op::Mochi(MochiOp::Dup | MochiOp::Drop) => Phase::Counted,
            Op::Mochi(op) if op.result_is_lent() => Phase::Counted,
            Op::Mochi(_) => Phase::Pure,
            Op::Wasm(_) | Op::Call | Op::CallIndirect | Op::CallValue => Phase::Legalized,
        };
        let mut b = FunctionBuilder::new(Function::new(op.name(), sig, phase));
        let args: Vec<Value> = b.func().params().to_vec();
        let inst = b.inst(op, args.clone(), imm, &results);
        if op == Op::Mochi(MochiOp::Dup) {
            b.effect(MochiOp::Drop, args.clone(), Imm::None);
            b.effect(MochiOp::Drop, args, Imm::None);
        }
        let values = b.func().inst(inst).results.clone();
        let is_lent = matches!(op, Op::Mochi(op) if op.result_is_lent());
        for &value in values.iter().filter(|&&value| is_lent && b.ty(value).is_counted()).collect::<Vec<_>>() {
            b.effect(MochiOp::Dup, vec![value], Imm::None);
        }
        b.ret(values);
        module.add_function(b.finish());
    }
    module
}

#[test]
fn every_operation_round_trips_and_verifies() {
    let module = every_op();
    let text = print_module(&module, Spans::Write);
    round_trip(&text);
    if let Err(errors) = super::super::verify_module(&module) {
        panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn list_types_round_trip_and_equal_ones_are_one() {
    let text = "global g0 rows: list<list<float?>?>? = i32 0

func f(v0: list<int>, v1: own list<list<float?>?>) -> list<list<int>> pure {
b0:
    v2: list<list<int>> = list.new 2
    v3: list<list<int>> = list.append v2, v0
    jump b1(v3)
b1(v4: list<list<int>>):
    return v4
}
";
    round_trip(text);
    let module = module(text);
    assert_eq!(module.lists.len(), 4);
    assert_eq!(super::super::verify_module(&module), Ok(()));
}

/// Calls one of two functions, or what is none, through data that names them.
const INDIRECT: &str = "data d0 align 4 size 12 func 0 twice func 8 half
sig s0 (i32, own i32) -> i32

func twice(v0: i32, v1: own i32) -> i32 legalized {
b0:
    v2 = i32.add v1, v1
    return v2
}

func half(v0: i32, v1: i32) -> i32 legalized {
b0:
    v2 = i32.const 1
    v3 = i32.shr_u v1, v2
    return v3
}

func other(v0: i32) -> i32 legalized {
b0:
    return v0
}

func choose(v0: i32, v1: i32) -> i32 legalized {
b0:
    v2 = data.addr d0
    v3 = i32.add v2, v0
    v4 = i32.load v3
    v5: i32 = call_indirect s0(v0, v1, v4)
    return v5
}

func wrong() -> i32 legalized {
b0:
    v0 = func.index other
    v1: i32 = call_indirect s0(v0, v0, v0)
    return v1
}
";

#[test]
fn indirect_calls_round_trip_and_run() {
    round_trip(INDIRECT);
    let module = module(INDIRECT);
    assert_eq!(super::super::verify_module(&module), Ok(()));
    let mut interpreter = interp::Interpreter::new(&module, interp::NoHost);
    assert_eq!(interpreter.run_by_name("choose", &[0, 10]), Ok(vec![20]));
    assert_eq!(interpreter.run_by_name("choose", &[8, 10]), Ok(vec![5]));
    for (name, args) in [("choose", &[4, 10][..]), ("wrong", &[])] {
        let trap = interpreter.run_by_name(name, args).unwrap_err();
        assert_eq!(trap.kind, interp::TrapKind::IndirectCall, "{name}");
    }
}

#[test]
fn types_of_all_kinds_round_trip() {
    let text = "record Leaf {}
record Node { left: @@Tree, value: int?, next: fun<@Node, list<@Node?> -> map<any>>? } methods sum, depth
cell cell.int { value: int }
row row.4 { \"a b\": @row.4?, c: int }
union Tree = Leaf | Node
global g0 table: map<list<map<str?>>>? = i32 0

func f(v0: @Node, v1: own @@Tree?, v2: fun<>, v3: fun<-> fun<int>>) -> map<fun<int>?>, @\"Leaf\" pure {
b0:
    v4: map<fun<int>?> = none
    v5: @Leaf = none
    return v4, v5
}
";
    let text = text.replace("\"Leaf\"", "Leaf");
    round_trip(&text);
    let module = module(&text);
    assert_eq!((module.records.len(), module.maps.len(), module.func_types.len()), (4, 4, 4));
    assert_eq!(module.records[1].union, Some(super::super::UnionType(0)));
    assert!(module.records[2].form == RecordForm::Cell && module.records[2].union.is_none());
    assert_eq!(module.records[3].form, RecordForm::Row);
}

#[test]
fn text_runs() {
    let module = module(
        "func fact(v0: i64) -> i64 legalized {\nb0:\nv1 = i64.const 1\njump b1(v0, v1)\n\
         b1(v2: i64, v3: i64):\nv4 = i64.eqz v2\nbranch v4, b2, b3\nb2:\nreturn v3\n\
         b3:\nv5 = i64.mul v3, v2\nv6 = i64.sub v2, v1\njump b1(v6, v5)\n}",
    );
    let mut interpreter = interp::Interpreter::new(&module, interp::NoHost);
    assert_eq!(interpreter.run_by_name("fact", &[10]), Ok(vec![3628800]));
}
