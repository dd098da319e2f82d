//! The invariants of the IR, each broken once.

use super::super::{
    Block, Function, FunctionBuilder, Imm, Inst, Kind, ListType, MochiOp, Module, Op, Param, Phase, Signature, Target,
    Terminator, Type, Value, ValueData, ValueDef, parse, verify_module,
};
use super::module;

/// The first thing that the verifier says about a module.
fn complaint(module: &Module) -> Option<String> {
    verify_module(module).err().map(|errors| errors[0].to_string())
}

#[track_caller]
fn rejects(text: &str, expected: &str) {
    let module = module(text);
    match complaint(&module) {
        None => panic!("accepted:\n{text}"),
        Some(found) => assert_eq!(found, expected, "in:\n{text}"),
    }
}

#[track_caller]
fn accepts(text: &str) {
    if let Some(complaint) = complaint(&module(text)) {
        panic!("{complaint}\nin:\n{text}");
    }
}

/// A function `f` whose body is one block that ends in a return of nothing.
fn body(head: &str, lines: &str) -> String {
    format!("func f{head} {{\nb0:\n{lines}\nreturn\n}}")
}

#[test]
fn modules() {
    rejects("func \"\"() {\nb0:\nreturn\n}", ": function 0 has no name".trim_start_matches(": "));
    rejects("import f \"m\" \"f\" (int)", "f: its signature has int, which is not a machine type");
    rejects("import f \"m\" \"f\" ()\nstart f", "f: the start function is imported");
    rejects("func f(v0: int) {\nb0:\nreturn\n}\nstart f", "f: the start function has parameters or results");
    rejects("global g0 x: int = i32 0", "g0: the initial value of a int cannot be a i32");
    rejects("data d0 size 2 \"abc\"", "d0: 3 bytes do not fit its size 2");
    rejects("data d0 align 3 \"abc\"", "d0: the alignment 3 is not a (possible) power of two");
    rejects("data d0 align 0 \"abc\"", "d0: the alignment 0 is not a (possible) power of two");
    rejects("data d0 \"abcd\" at 1 d0", "d0: the address at 1 is not inside its 4 bytes");
    rejects("data d0 \"abcd\" word 0 d0", "d0: the address at 0 is not inside its 4 bytes");
    rejects("data d0 \"abcd\" at 4294967295 d0", "d0: the address at 4294967295 is not inside its 4 bytes");
    rejects("data d0 size 4294967295", "4294967296 bytes of static data are more than 268435456");
}

#[test]
fn lists() {
    let check = |lists: &[Type], expected: &str| {
        let module = Module { lists: lists.to_vec(), ..Module::default() };
        assert_eq!(complaint(&module), Some(expected.to_owned()));
    };
    let list = |index| Type::of(Kind::List(ListType(index)));
    check(&[list(0)], "1 types of lists, maps or functions contain themselves");
    check(&[Type::INT, list(3), list(0)], "list1 cannot hold list3");
    check(&[Type::I64], "list0 cannot hold i64");
    check(&[Type::INT, Type::INT], "list1 and an earlier type are the same");
    let rejects_line = |params: &str, line: &str, why: &str| {
        rejects(&body(params, line), &format!("f, b0, {line}: {why}"));
    };
    let get = "v2: int? = list.get v0, v1";
    rejects_line("(v0: list<int>, v1: int)", get, "v2 is int?, but the list makes it int");
    rejects_line("(v0: list<int?>?, v1: int)", get, "operand 0 is list<int?>?, not a list that is never none");
    rejects_line("(v0: str, v1: int)", get, "operand 0 is str, not a list that is never none");
    let set = "list.set v0, v1, v2";
    rejects_line("(v0: list<list<int>>, v1: int, v2: int)", set, "v2 is int, but the list makes it list<int>");
    let concat = "v2: list<int> = list.concat v0, v1";
    rejects_line("(v0: list<int>, v1: list<int?>)", concat, "v1 is list<int?>, but the list makes it list<int>");
    let new = "v0: list<int> = list.new -1";
    rejects_line("()", new, "there is no room for -1 elements, at most for 1048576");
    let equal = "v2 = list.eq v0, v1";
    accepts(&body("(v0: list<list<int>?>, v1: list<list<int?>>?)", equal));
    rejects_line("(v0: list<int>, v1: list<float>)", equal, "v1 is list<float>, but the list makes it list<int>");
}

#[test]
fn operands_and_results() {
    rejects(&body("(v0: int)", "v1: int = int.add v0"), "f, b0, v1: int = int.add v0: 1 operands instead of 2");
    rejects(&body("(v0: int)", "v1: int = print v0"), "f, b0, v1: int = print v0: 1 results instead of 0");
    rejects(&body("(v0: int)", "int.neg v0"), "f, b0, int.neg v0: 0 results instead of 1");
    rejects(&body("(v0: i32) legalized", "v1 = i32.add v0"), "f, b0, v1 = i32.add v0: 1 operands instead of 2");
}

#[test]
fn types() {
    rejects(
        &body("(v0: int, v1: str)", "v2: int = int.add v0, v1"),
        "f, b0, v2: int = int.add v0, v1: operand 1 is str, not int or int?",
    );
    rejects(&body("(v0: int?)", "v1 = small.neg v0"), "f, b0, v1 = small.neg v0: operand 0 is int?, not int");
    rejects(
        &body("(v0: int)", "v1: str = int.neg v0"),
        "f, b0, v1: str = int.neg v0: result 0 is str, not int or int?",
    );
    rejects(&body("(v0: int)", "v1: int = int.lt v0, v0"), "f, b0, v1: int = int.lt v0, v0: result 0 is int, not bool");
    rejects(&body("()", "v0: int = none"), "f, b0, v0: int = none: result 0 is int, not a type that has none");
    rejects(&body("(v0: i32)", "print v0"), "f, b0, print v0: operand 0 is i32, not a type of the language");
    rejects(
        &body("(v0: int?)", "v1: int = int.neg v0"),
        "f, b0, v1: int = int.neg v0: an operand can be none, so the result is int?",
    );
    accepts(&body("(v0: int?)", "v1: int? = int.neg v0\nv2 = int.lt v0, v1"));
    rejects(
        &body("(v0: int?)", "v1: float = int.to_float v0"),
        "f, b0, v1: float = int.to_float v0: an operand can be none, so the result is float?",
    );
    rejects(&body("(v0: int)", "v1: str = convert v0"), "f, b0, v1: str = convert v0: int cannot be converted to str");
    rejects(&body("(v0: any)", "v1: int = convert v0"), "f, b0, v1: int = convert v0: any cannot be converted to int");
    accepts(&body("(v0: int, v1: bool)", "v2: int? = convert v0\nv3: int = convert v2\nv4: any = convert v1"));
    rejects(&body("(v0: i32)", "v1 = i64.eqz v0"), "f, b0, v1 = i64.eqz v0: operand 0 is i32, not i64");
    rejects(&body("() -> int", ""), "f, b0, return: 0 values for the 1 results of the function");
    rejects(
        "func f(v0: int) -> str {\nb0:\nreturn v0\n}",
        "f, b0, return v0: v0 is int, but the results of the function want str",
    );
    rejects(
        "func f(v0: int) {\nb0:\nbranch v0, b1, b1\nb1:\nreturn\n}",
        "f, b0, branch v0, b1, b1: the condition is int, neither bool nor i32",
    );
    rejects(
        "func f(v0: bool?) {\nb0:\nbranch v0, b1, b1\nb1:\nreturn\n}",
        "f, b0, branch v0, b1, b1: the condition is bool?, neither bool nor i32",
    );
    rejects(
        "func f(v0: int) {\nb0:\njump b1\nb1(v1: int):\nreturn\n}",
        "f, b0, jump b1: 0 values for the 1 parameters of b1",
    );
    rejects(
        "func f(v0: int) {\nb0:\njump b1(v0)\nb1(v1: int?):\nreturn\n}",
        "f, b0, jump b1(v0): v0 is int, but the parameters of b1 want int?",
    );
}

#[test]
fn globals() {
    let global = "global g0 x: int = i64 0\n";
    rejects(
        &format!("{global}{}", body("(v0: str)", "global.store g0 v0")),
        "f, b0, global.store g0 v0: operand 0 is str, not int",
    );
    rejects(
        &format!("{global}{}", body("()", "v0: str = global.load g0")),
        "f, b0, v0: str = global.load g0: result 0 is str, not int",
    );
    rejects(
        &format!("{global}{}", body("()", "v0: i32 = global.get g0")),
        "f, b0, v0: i32 = global.get g0: result 0 is i32, not i64",
    );
    rejects(&format!("{global}{}", body("()", "global.set g0")), "f, b0, global.set g0: 0 operands instead of 1");
    accepts(&format!("{global}{}", body("(v0: i64) legalized", "global.set g0 v0\nv1: i64 = global.get g0")));
}

#[test]
fn calls() {
    let callee = "func g(v0: int, v1: bool) -> str pure {\nb0:\nunreachable\n}\n";
    accepts(&format!("{callee}{}", body("(v0: int, v1: bool)", "v2: str = call g(v0, v1)")));
    rejects(
        &format!("{callee}{}", body("(v0: int)", "v1: str = call g(v0)")),
        "f, b0, v1: str = call g(v0): 1 operands instead of 2",
    );
    rejects(
        &format!("{callee}{}", body("(v0: int, v1: bool)", "call g(v0, v1)")),
        "f, b0, call g(v0, v1): 0 results instead of 1",
    );
    rejects(
        &format!("{callee}{}", body("(v0: int)", "v1: str = call g(v0, v0)")),
        "f, b0, v1: str = call g(v0, v0): operand 1 is int, not bool",
    );
    let machine = "func g(v0: i64, v1: i32) -> i32 legalized {\nb0:\nreturn v1\n}\n";
    accepts(&format!("{machine}{}", body("(v0: int, v1: bool)", "v2: str = call g(v0, v1)")));
    rejects(
        &format!("{machine}{}", body("(v0: int)", "v1: str = call g(v0, v0)")),
        "f, b0, v1: str = call g(v0, v0): operand 1 is int, not carried by i32",
    );
    accepts(&format!("{callee}{}", body("(v0: i64, v1: i32) legalized", "v2: i32 = call g(v0, v1)")));
    rejects(
        &format!("{callee}{}", body("(v0: i64) legalized", "v1: i32 = call g(v0, v0)")),
        "f, b0, v1: i32 = call g(v0, v0): operand 1 is i64, not i32",
    );
}

#[test]
fn immediates() {
    rejects(&body("()", "v0 = bool.const 2"), "f, b0, v0 = bool.const 2: the immediate is 2, neither 0 nor 1");
    rejects(
        &body("(v0: int)", "v1 = int.to_str -1 v0"),
        "f, b0, v1 = int.to_str -1 v0: the immediate is -1, neither 0 nor 1",
    );
    rejects(
        &body("()", "v0: float? = float.const nan:0x7ff86e6f6e650000"),
        "f, b0, v0: float? = float.const nan:0x7ff86e6f6e650000: the constant is the NaN that stands for none",
    );
    for data in ["size 3 \"ab\"", "\"\\ff\"", "\"abcd\" at 0 d0"] {
        rejects(
            &format!("data d0 {data}\n{}", body("()", "v0 = str.const d0")),
            "f, b0, v0 = str.const d0: d0 is not text",
        );
    }
    for (data, element) in [
        ("\"abc\"", "int"),
        ("\"\\00\\00\\00\\00\\00\\00\\00\\20\"", "any"),
        ("\"\\00\\00\\65\\6e\\6f\\6e\\f8\\7f\"", "float?"),
        ("\"\\02\"", "bool"),
        ("\"\"", "str"),
    ] {
        rejects(
            &format!("data d0 {data}\n{}", body("()", &format!("v0: list<{element}> = list.of d0"))),
            &format!("f, b0, v0: list<{element}> = list.of d0: d0 has not the elements of a list<{element}>"),
        );
    }
    rejects(
        &format!("data d0 size 8 \"abcd\"\n{}", body("()", "v0: list<int> = list.of d0")),
        "f, b0, v0: list<int> = list.of d0: d0 is not plain",
    );
    let mut built = module("data d0 \"\"\nglobal g0 x: int = i64 0\nfunc f() {\nb0:\nprint.data d0\nreturn\n}");
    let mut with = |op: Op, imm: Imm| {
        built.functions[0].insts[0].op = op;
        built.functions[0].insts[0].imm = imm;
        complaint(&built).unwrap_or_default()
    };
    let print = Op::Mochi(MochiOp::PrintData);
    let data = super::super::DataId(1);
    assert_eq!(with(print, Imm::Data(data)), "f, b0, print.data d1: the data d1 does not exist");
    assert_eq!(with(print, Imm::I32(3)), "f, b0, print.data 3: the immediate is I32(3), not Data");
    let func = super::super::FuncId(7);
    assert_eq!(with(Op::Call, Imm::Func(func)), "f, b0, call f?7(): the function f7 does not exist");
    let sig = super::super::SigId(0);
    assert_eq!(with(Op::CallIndirect, Imm::Sig(sig)), "f, b0, call_indirect s0(): the signature s0 does not exist");
    let global = super::super::GlobalId(1);
    let load = Op::Mochi(MochiOp::LoadGlobal);
    assert_eq!(with(load, Imm::Global(global)), "f, b0, global.load g1: the global g1 does not exist");
    assert_eq!(with(load, Imm::None), "f, b0, global.load: the immediate is None, not Global");
}

#[test]
fn indirect_calls() {
    let text = |sig: &str, call: &str| format!("sig s0 {sig}\n{}", body("(v0: i32, v1: f64) legalized", call));
    accepts(&text("(f64)", "call_indirect s0(v1, v0)"));
    rejects(&text("(int)", "call_indirect s0(v0, v0)"), "s0: int is no machine type");
    rejects(&text("(f64)", "call_indirect s0(v0)"), "f, b0, call_indirect s0(v0): 1 operands instead of 2");
    rejects(&text("(f64)", "call_indirect s0(v0, v1)"), "f, b0, call_indirect s0(v0, v1): operand 0 is i32, not f64");
    rejects(&body("()", "v0 = func.index f"), "f, b0, v0 = func.index f: only legalized functions call indirectly");
    rejects("data d0 size 4 func 2 f\nfunc f() {\nb0:\nreturn\n}", "d0: the number at 2 is not inside its 4 bytes");
}

#[test]
fn phases() {
    rejects(&body("(v0: own int)", "drop v0"), "f, b0, drop v0: the pure phase does not count");
    rejects(&body("(v0: own int)", "dup v0"), "f, b0, dup v0: the pure phase does not count");
    rejects(
        &body("(v0: int)", "v1: int = int.neg !v0"),
        "f, b0, v1: int = int.neg !v0: the pure phase marks no operand",
    );
    rejects(
        &body("(v0: int) counted", "v1 = int.lt !v0, v0"),
        "f, b0, v1 = int.lt !v0, v0: an operand that is not flex is marked as consumed",
    );
    rejects(
        &body("(v0: i32) legalized", "v1 = i32.eqz !v0"),
        "f, b0, v1 = i32.eqz !v0: the legalized phase marks no operand",
    );
    rejects(
        &body("() legalized", "v0 = bool.const 1"),
        "f, b0, v0 = bool.const 1: v0 has the type bool after legalization",
    );
    rejects(&body("(v0: int) legalized", ""), "f: its signature has int, which is not a machine type");
    rejects(
        &body("() legalized", "fail d0\nv0 = i32.const 1").replace("func", "data d0 \"\"\nfunc"),
        "f, b0, fail d0: fail is left after legalization",
    );
    rejects(&body("(v0: float) counted", "dup v0"), "f, b0, dup v0: a float is not counted");
}

#[test]
fn graphs() {
    rejects("func f() {\nb0:\njump b0\n}", "f, b0, jump b0: no edge may lead to the entry");
    rejects(
        "func f(v0: bool) {\nb0:\nbranch v0, b1, b2\nb1:\njump b2\nb2:\nbranch v0, b1, b3\nb3:\nreturn\n}",
        "f, b1, jump b2: the graph is not reducible: b2 does not dominate this way back to it",
    );
    accepts(
        "func f(v0: bool) {\nb0:\njump b1\nb1:\nbranch v0, b2, b4\nb2:\nbranch v0, b2, b3\nb3:\nbranch v0, b1, b4\nb4:\nreturn\n}",
    );
    // What cannot be reached is not in the way.
    accepts("func f() {\nb0:\nreturn\nb1:\njump b2\nb2:\njump b1\n}");
}

#[test]
fn dominance() {
    rejects(
        &body("()", "v0: int = int.neg v1\nv1: int = int.const 1"),
        "f, b0, v0: int = int.neg v1: v1 is not defined on every way here",
    );
    rejects(&body("()", "v0: int = int.neg v0"), "f, b0, v0: int = int.neg v0: v0 is not defined on every way here");
    rejects(
        "func f(v0: bool) -> int {\nb0:\nbranch v0, b1, b2\nb1:\nv1: int = int.const 1\njump b2\nb2:\nreturn v1\n}",
        "f, b2, return v1: v1 is not defined on every way here",
    );
    rejects(
        "func f(v0: bool) {\nb0:\nbranch v0, b1, b2\nb1:\njump b3\nb2:\nv1: int = int.const 1\njump b3\nb3:\nprint v1\nreturn\n}",
        "f, b3, print v1: v1 is not defined on every way here",
    );
    accepts("func f(v0: bool) -> int {\nb0:\njump b2\nb1:\nreturn v1\nb2:\nv1: int = int.const 1\njump b1\n}");
    accepts(
        "func f(v0: bool) -> int {\nb0:\njump b1\nb1:\nv1: int = int.const 1\nbranch v0, b1, b2\nb2:\nprint v1\nbranch v0, b3, b4\nb3:\njump b5\nb4:\njump b5\nb5:\nreturn v1\n}",
    );
}

/// Shapes that text cannot express.
#[test]
fn structure() {
    let fresh = || {
        let sig = Signature { params: vec![Param { ty: Type::INT, owned: false }], results: vec![] };
        let mut b = FunctionBuilder::new(Function::new("f", sig, Phase::Pure));
        let param = b.func().params()[0];
        b.effect(MochiOp::Print, vec![param], Imm::None);
        b.ret(vec![]);
        b.finish()
    };
    let check = |change: &dyn Fn(&mut Function), expected: &str| {
        let mut func = fresh();
        change(&mut func);
        let mut module = Module::default();
        module.add_function(func);
        assert_eq!(complaint(&module).as_deref(), Some(expected));
    };
    check(&|func| func.blocks.clear(), "f: it has no blocks");
    check(&|func| func.spans.clear(), "f: 0 spans for 1 instructions");
    check(&|func| func.sig.params.clear(), "f, b0: the entry's parameters differ from the signature's");
    check(&|func| func.values[0].ty = Type::STR, "f, b0: the entry's parameters differ from the signature's");
    check(
        &|func| {
            func.values[0].ty = Type::ANY.or_none();
            func.sig.params[0].ty = Type::ANY.or_none();
        },
        "f: the type any? does not exist",
    );
    check(&|func| func.insts[0].args[0] = Value(9), "f, b0, print v?9: the value 9 has no definition");
    check(&|func| func.blocks[0].insts.push(Inst(4)), "f, b0: the instruction i4 does not exist");
    check(&|func| func.blocks[0].insts.push(Inst(0)), "f, b0, print v0: the instruction is placed twice");
    check(&|func| func.insts[0].results.push(Value(5)), "f, b0, v?5 = print v0: the value 5 does not exist");
    check(
        &|func| func.insts[0].results.push(Value(0)),
        "f, b0, v1: int = print v1: v1 is said to be defined elsewhere (Param(b0, 0))",
    );
    check(
        &|func| {
            func.values.push(ValueData { ty: Type::INT, def: ValueDef::Param(Block(0), 1) });
            func.insts[0].args[0] = Value(1);
        },
        "f, b0, print v?1: the value 1 has no definition",
    );
    check(
        &|func| func.blocks[0].term = Terminator::Jump(Target { block: Block(3), args: vec![] }),
        "f, b0, jump b3: b3 does not exist",
    );
    check(
        &|func| {
            // An operand whose instruction is in no block.
            let inst = func.make_inst(Op::Mochi(MochiOp::IntConst), vec![], Imm::I64(1), &[Type::INT], None);
            func.insts[0].args[0] = func.insts[inst.index()].results[0];
        },
        "f, b0, print v?1: v?1 is not defined on every way here",
    );
    check(
        &|func| func.import = Some(("m".to_owned(), "f".to_owned())),
        "f: its signature has int, which is not a machine type",
    );
}

#[test]
fn ownership_holds() {
    accepts(&body("(v0: int, v1: own str) counted", "print v0\ndrop v1"));
    accepts("func f(v0: str) -> str counted {\nb0:\ndup v0\nreturn v0\n}");
    accepts("func f(v0: own str) -> str counted {\nb0:\nreturn v0\n}");
    accepts("func f(v0: own str) -> str counted {\nb0:\ndup v0\nv1 = str.concat v0, v0\ndrop v0\nreturn v1\n}");
    accepts("func f(v0: own int) -> int counted {\nb0:\nv1: int = int.add !v0, v0\nreturn v1\n}");
    accepts("func f(v0: own int) -> int counted {\nb0:\ndup v0\nv1: int = int.add !v0, !v0\nreturn v1\n}");
    // Constants and small numbers may be used at will.
    accepts(
        "data d0 \"x\"\nfunc f(v0: str) -> str, str, int counted {\nb0:\nv1 = str.const d0\nv2 = str.len v0\n\
         v3 = small.add v2, v2\nv4: int = int.add v3, !v2\ndrop v1\ndrop v1\ndrop v4\nreturn v1, v1, v2\n}",
    );
    // A path that fails owes nothing.
    accepts("func f(v0: own str) counted {\nb0:\nunreachable\n}");
    accepts(
        "func f(v0: bool, v1: own str) -> str counted {\nb0:\nbranch v0, b1, b2\nb1:\nreturn v1\nb2 cold:\nunreachable\n}",
    );
    // Each edge of a branch is a path of its own.
    accepts(
        "func f(v0: bool, v1: own str) -> str counted {\nb0:\nbranch v0, b1(v1), b2(v1)\nb1(v2: str):\nreturn v2\n\
         b2(v3: str):\nreturn v3\n}",
    );
    // Around a loop: one share comes in, one goes round.
    accepts(
        "func f(v0: bool, v1: own str, v2: str) -> str counted {\nb0:\njump b1(v1)\nb1(v3: str):\n\
         v4 = str.concat v3, v2\nbranch v0, b1(v4), b2\nb2:\nreturn v4\n}",
    );
    // Owned before a loop and dropped after it.
    accepts(
        "func f(v0: bool, v1: own str) counted {\nb0:\njump b1\nb1:\nprint v1\nbranch v0, b1, b2\nb2:\ndrop v1\nreturn\n}",
    );
    accepts(
        "func g(v0: own str, v1: str) counted {\nb0:\ndrop v0\nreturn\n}\nfunc f(v0: own str, v1: str) counted {\nb0:\ncall g(v0, v1)\nreturn\n}",
    );
}

#[test]
fn ownership_is_broken() {
    rejects(&body("(v0: own str) counted", "print v0"), "f, b0, return: v0 is never consumed on a path to this return");
    rejects(
        &body("(v0: own str) counted", "drop v0\ndrop v0"),
        "f, b0, drop v0: v0 is consumed, but no share of it is left",
    );
    rejects(
        &body("(v0: own str) counted", "drop v0\nprint v0"),
        "f, b0, print v0: v0 is used, but no share of it is left",
    );
    rejects(
        &body("(v0: str) counted", "drop v0"),
        "f, b0, drop v0: the borrowed parameter v0 is consumed without a dup",
    );
    rejects(&body("(v0: str) counted", "dup v0"), "f, b0, return: v0 is never consumed on a path to this return");
    rejects(
        "func f(v0: str) -> str counted {\nb0:\nreturn v0\n}",
        "f, b0, return v0: the borrowed parameter v0 is consumed without a dup",
    );
    rejects(
        "func f(v0: own str) -> str, str counted {\nb0:\nreturn v0, v0\n}",
        "f, b0, return v0, v0: v0 is consumed, but no share of it is left",
    );
    rejects(
        &body("(v0: int) counted", "v1: int = int.neg v0"),
        "f, b0, return: v1 is never consumed on a path to this return",
    );
    rejects(
        &body("(v0: int) counted", "v1: int = int.neg !v0\ndrop v1"),
        "f, b0, v1: int = int.neg !v0: the borrowed parameter v0 is consumed without a dup",
    );
    rejects(
        &body("(v0: own int) counted", "v1: int = int.add !v0, !v0\ndrop v1"),
        "f, b0, v1: int = int.add !v0, !v0: v0 is consumed, but no share of it is left",
    );
    // Concatenation in place would change what it appends.
    rejects(
        &body("(v0: own str) counted", "v1 = str.concat v0, v0\ndrop v1"),
        "f, b0, v1 = str.concat v0, v0: v0 is used, but no share of it is left",
    );
    rejects(
        "func f(v0: bool, v1: own str) counted {\nb0:\nbranch v0, b1, b2\nb1:\ndrop v1\njump b2\nb2:\nreturn\n}",
        "f, b1, jump b2: v1 has 0 shares on the way from here to b2, 1 on the way from b0",
    );
    rejects(
        "func f(v0: bool, v1: own str) counted {\nb0:\njump b1\nb1:\ndrop v1\nbranch v0, b1, b2\nb2:\nreturn\n}",
        "f, b1, branch v0, b1, b2: v1 has 0 shares on the way from here to b1, 1 on the way from b0",
    );
    rejects(
        "func f(v0: bool, v1: str) -> str counted {\nb0:\njump b1(v1)\nb1(v2: str):\nreturn v2\n}",
        "f, b0, jump b1(v1): the borrowed parameter v1 is consumed without a dup",
    );
    rejects(
        "func f(v0: bool, v1: own str) counted {\nb0:\njump b1(v1)\nb1(v2: str):\nreturn\n}",
        "f, b1, return: v2 is never consumed on a path to this return",
    );
    rejects(
        "func f(v0: bool) counted {\nb0:\nbranch v0, b1, b2\nb1:\nv1 = input\njump b2\nb2:\nreturn\n}",
        "f, b1, jump b2: v1 has 1 shares on the way from here to b2, 0 on the way from b0",
    );
    rejects(
        "func g(v0: own str) counted {\nb0:\ndrop v0\nreturn\n}\nfunc f(v0: str) counted {\nb0:\ncall g(v0)\nreturn\n}",
        "f, b0, call g(v0): the borrowed parameter v0 is consumed without a dup",
    );
    rejects(
        "global g0 x: str = i32 0\nfunc f(v0: str) counted {\nb0:\nglobal.store g0 v0\nreturn\n}",
        "f, b0, global.store g0 v0: the borrowed parameter v0 is consumed without a dup",
    );
}

#[test]
fn errors_are_limited_and_placed() {
    let lines = "v1: str = int.neg v0\n".repeat(100);
    let lines: String =
        lines.lines().enumerate().map(|(n, line)| line.replace("v1", &format!("v{}", n + 1)) + "\n").collect();
    let text = body("(v0: int)", &lines);
    let parsed = parse(&text).unwrap();
    let errors = verify_module(&parsed.module).unwrap_err();
    assert_eq!(errors.len(), 20);
    let (start, end) = parsed.place(&errors[3]);
    assert_eq!(&text[start as usize..end as usize], "v4: str = int.neg v0");
}

#[test]
fn records() {
    let text = |lines: &str| {
        format!(
            "record R {{ a: int, b: str? }}\nrecord S {{}}\nrecord T {{}}\nunion U = R | S\n{}",
            body("(v0: @R, v1: @@U, v2: @R?, v3: int, v4: @T)", lines)
        )
    };
    accepts(&text(
        "v5: @R = record.new\nv6: int = record.get 0 v0\nv7: str? = record.take 1 v0\nrecord.init 1 v0, v7\n\
         record.set 0 v5, v6\nv8 = record.is @S v1\nv9: @S = convert v1\nv10: @@U = convert v9\n\
         v11 = object.eq v1, v10\nv12: str = object.to_str 0 v2",
    ));
    rejects(&text("v5: int = record.get 2 v0"), "f, b0, v5: int = record.get 2 v0: R has no field 2");
    rejects(&text("v5: str = record.get 1 v0"), "f, b0, v5: str = record.get 1 v0: v5 is str, but the field is str?");
    rejects(&text("record.set 1 v0, v3"), "f, b0, record.set 1 v0, v3: v3 is int, but the field is str?");
    rejects(
        &text("v5: int = record.get 0 v2"),
        "f, b0, v5: int = record.get 0 v2: operand 0 is @R?, not a record that is never none",
    );
    rejects("row R {}", "the row R has no fields, a name or a union");
    rejects("row R { a: int, __name: str }", "the row R has no fields, a name or a union");
    rejects(&text("v5 = record.is @T v1"), "f, b0, v5 = record.is @T v1: @@U is never that");
    rejects(&text("v5: @@U = convert v4"), "f, b0, v5: @@U = convert v4: @T cannot be converted to @@U");
    rejects(&text("v5: @S = convert v0"), "f, b0, v5: @S = convert v0: @R cannot be converted to @S");
}

#[test]
fn closures() {
    let text = |lines: &str| {
        format!(
            "{}\nfunc code(v0: fun<int -> int>, v1: int) -> int captures (str) generic any {{\nb0:\n\
             v2: str = closure.get 0 v0\nreturn v1\n}}\n\
             func plain(v0: fun<int -> int>, v1: int) -> int captures () {{\nb0:\nreturn v1\n}}\n\
             func any(v0: fun<int -> int>, v1: list<any>) -> any {{\nb0:\nv2: any = none\nreturn v2\n}}\n",
            body("(v0: str, v1: int, v2: fun<int -> int>)", lines)
        )
    };
    let make = "v3: fun<int -> int> = closure.new code\n";
    accepts(&text(&format!(
        "{make}closure.init 0 v3, v0\nv4: str = closure.get 0 v3\nv5: int = call code(v3, v1)\n\
         v6: fun<int -> int> = closure.const plain\nv7: int = call_value(v6, v1)"
    )));
    rejects(
        &text("v3: fun<int> = closure.new code"),
        "f, b0, v3: fun<int> = closure.new code: code is no code of a fun<int>",
    );
    rejects(
        &text("v3: fun<int -> int> = closure.new any"),
        "f, b0, v3: fun<int -> int> = closure.new any: any is no code of a fun<int -> int>",
    );
    rejects(
        &text("v3: fun<int -> int> = closure.const code"),
        "f, b0, v3: fun<int -> int> = closure.const code: code captures something",
    );
    rejects(
        &text(&format!("{make}closure.init 0 v3, v1")),
        "f, b0, closure.init 0 v3, v1: v1 is int, but what is captured there is str",
    );
    rejects(
        &text(&format!("{make}closure.init 1 v3, v0")),
        "f, b0, closure.init 1 v3, v0: there is nothing captured at 1",
    );
    rejects(
        &text("v3: str = closure.get 0 v2"),
        "f, b0, v3: str = closure.get 0 v2: what v2 captures is not known here",
    );
    rejects(
        &text("v3: int = call code(v2, v1)"),
        "f, b0, v3: int = call code(v2, v1): this is no closure that code is the code of",
    );
    rejects(&text("v3: int = call_value(v2, v0)"), "f, b0, v3: int = call_value(v2, v0): operand 1 is str, not int");
    rejects(&text("v3: int = call_value(v1)"), "f, b0, v3: int = call_value(v1): the first operand is no function");
    rejects(
        "func f(v0: fun<int>, v1: str) captures () {\nb0:\nreturn\n}",
        "f: its signature is not that of the code of a closure",
    );
    rejects(
        "func f(v0: fun<int>, v1: int) captures () generic f {\nb0:\nreturn\n}",
        "f: f0 does not take a closure and its arguments",
    );
    rejects(
        "func f(v0: fun<int>, v1: int) counted captures () {\nb0:\nreturn\n}",
        "f: the code of a closure owns its arguments and nothing else",
    );
}
