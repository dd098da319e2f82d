//! Records, unions and cells: what programs in IR text see of them, and that nothing is left at the end.

use super::{legalized, prints};
use crate::ir::MochiOp;

/// A program whose start function is these lines. `d0` is a line end.
fn program(lines: &str) -> String {
    format!(
        "data d0 \"\\n\"\ndata d1 \"x\"\ndata d2 \"yz\"\n\
         record Point {{ x: float, y: float }}\n\
         record Mixed {{ on: bool?, name: str?, count: int, items: list<int>, ratio: float, more: @Mixed? }} methods show\n\
         record Leaf {{}}\nrecord Node {{ left: @@Tree, value: int, right: @@Tree }}\nunion Tree = Leaf | Node\n\
         cell counter {{ value: int }}\nglobal g0 kept: @Mixed? = i32 0\nglobal g1 tree: @@Tree? = i32 0\n\
         start main\nfunc main() pure {{\nb0:\n{lines}\nreturn\n}}\n{TREE}"
    )
}

const TREE: &str = "
func tree(v0: int) -> @@Tree pure {
b0:
    v1: int = int.const 0
    v2 = int.eq v0, v1
    branch v2, b1, b2
b1:
    v3: @Leaf = record.new
    v4: @@Tree = convert v3
    return v4
b2:
    v5: int = int.const 1
    v6: int = int.sub v0, v5
    v7: @@Tree = call tree(v6)
    v8: @@Tree = call tree(v6)
    v9: @Node = record.new
    record.init 0 v9, v7
    record.init 1 v9, v0
    record.init 2 v9, v8
    v10: @@Tree = convert v9
    return v10
}
func total(v0: @@Tree) -> int pure {
b0:
    v1 = record.is @Leaf v0
    branch v1, b1, b2
b1:
    v2: int = int.const 0
    return v2
b2:
    v3: @Node = convert v0
    v4: @@Tree = record.get 0 v3
    v5: int = call total(v4)
    v6: int = record.get 1 v3
    v7: @@Tree = record.get 2 v3
    v8: int = call total(v7)
    v9: int = int.add v5, v6
    v10: int = int.add v9, v8
    return v10
}
";

/// Lines that print values, each on a line of its own.
fn shown(values: &[&str]) -> String {
    values.iter().map(|value| format!("print {value}\nprint.data d0\n")).collect()
}

const BIG: &str = "int.const 9223372036854775807";

#[test]
fn fields_hold_what_they_were_given_last() {
    prints(
        &program(&format!(
            "v0: float = float.const 1.5\nv1: float = float.const 2.5\nv2: @Point = record.new\nrecord.init 0 v2, v0\n\
             record.init 1 v2, v1\nv3: float = record.get 1 v2\nrecord.set 0 v2, v3\nv4: float = record.get 0 v2\n{}",
            shown(&["v3", "v4"])
        )),
        "2.5\n2.5\n",
    );
}

/// Lines that make a `Mixed` of everything that needs counting; it is `v9`.
fn mixed() -> String {
    format!(
        "v0: bool? = none\nv1 = str.const d1\nv2 = str.upper v1\nv3: str? = convert v2\nv4: int = {BIG}\n\
         v5: list<int> = list.new 2\nv6: list<int> = list.append v5, v4\nv7: float = float.const 0.25\n\
         v8: @Mixed? = none\nv9: @Mixed = record.new\nrecord.init 0 v9, v0\nrecord.init 1 v9, v3\n\
         record.init 2 v9, v4\nrecord.init 3 v9, v6\nrecord.init 4 v9, v7\nrecord.init 5 v9, v8\n"
    )
}

#[test]
fn fields_of_all_kinds_are_shared_and_freed() {
    let text = format!(
        "{}v10: @Mixed? = convert v9\nglobal.store g0 v10\nv11: @Mixed = record.new\nrecord.init 3 v11, v6\n\
         record.init 5 v11, v10\nv12: @Mixed? = record.get 5 v11\nv13: @Mixed = convert v12\n\
         v14: bool? = record.get 0 v13\nv15: str? = record.get 1 v13\nv16: int = record.get 2 v13\n\
         v17: list<int> = record.get 3 v13\nv18: float = record.get 4 v13\nv19: int = int.add v16, v16\n\
         record.set 2 v11, v19\nrecord.set 2 v11, v16\nrecord.set 1 v13, v15\nv20: int = record.get 2 v11\n\
         v21: @Mixed? = record.get 5 v13\nv22 = is_none v21\nv23 = truthy v12\nv24 = truthy v21\nv25 = truthy v9\n{}",
        mixed(),
        shown(&["v14", "v15", "v16", "v17", "v18", "v20", "v22", "v23", "v24", "v25"])
    );
    prints(
        &program(&text),
        "nil\nX\n9223372036854775807\n[9223372036854775807]\n0.25\n9223372036854775807\ntrue\ntrue\nfalse\ntrue\n",
    );
}

#[test]
fn fields_without_first_value_are_zero_and_can_be_freed() {
    let text = "v0: @Mixed = record.new\nv1: int = int.const 7\nrecord.init 2 v0, v1\nv2: int = record.get 2 v0\n\
                print v2\nv3: @Mixed = record.new\nv4: int = record.get 2 v3\nprint v4";
    prints(&program(text), "70");
}

#[test]
fn a_taken_field_grows_in_place() {
    let text = format!(
        "{}v10: int = int.const 0\njump b1(v10)\nb1(v11: int):\nv12: list<int> = record.take 3 v9\n\
         v13: list<int> = list.append v12, v11\nrecord.init 3 v9, v13\nv14: str? = record.take 1 v9\n\
         v15: str = convert v14\nv16: str = str.concat v15, v1\nv17: str? = convert v16\nrecord.init 1 v9, v17\n\
         v18: int = int.const 1\nv19: int = int.add v11, v18\nv20: int = int.const 1000\nv21 = int.lt v19, v20\n\
         branch v21, b1(v19), b2\nb2:\nv22: list<int> = record.get 3 v9\nv23 = list.len v22\nv24: str? = record.get 1 v9\n\
         v25 = str.len v24\n{}",
        mixed(),
        shown(&["v23", "v25"])
    );
    prints(&program(&text), "1001\n1001\n");
    // Copying would have cost a step for each element each time.
    let module = legalized(&program(&text));
    let mut interpreter = crate::ir::interp::Interpreter::new(&module, crate::ir::CapturingWasi::default());
    interpreter.run_start().expect("the program runs");
    assert!(interpreter.steps() < 200_000, "{} steps", interpreter.steps());
}

#[test]
fn variants_are_told_apart() {
    let text = format!(
        "v0: int = int.const 10\nv1: @@Tree = call tree(v0)\nv2: int = call total(v1)\nv3: @@Tree? = convert v1\n\
         global.store g1 v3\nv4: int = int.const 3\nv5: @@Tree = call tree(v4)\nv6: int = call total(v5)\n\
         v7: @@Tree? = convert v5\nglobal.store g1 v7\n{}",
        shown(&["v2", "v6"])
    );
    prints(&program(&text), "2036\n11\n");
}

#[test]
fn cells_are_records_with_one_field() {
    let text = "v0: @counter = record.new\nv1: int = int.const 1\nrecord.init 0 v0, v1\njump b1\nb1:\n\
                v2: int = record.get 0 v0\nv3: int = int.mul v2, v2\nv4: int = int.add v3, v1\nrecord.set 0 v0, v4\n\
                v5: int = int.const 99999999999\nv6 = int.lt v4, v5\nbranch v6, b1, b2\nb2:\nv7: int = record.get 0 v0\n\
                print v7";
    prints(&program(text), "210066388901");
}

#[test]
fn operations_on_records_are_of_the_table() {
    // A row that has no case above is forgotten.
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/legalize/tests/record.rs"));
    let text = text.expect("this file is there");
    for op in MochiOp::ALL.iter().filter(|op| op.name().starts_with("record.") && !op.result_is_lent()) {
        assert!(text.contains(op.name()), "{}", op.name());
    }
}

#[test]
fn records_without_fields_are_one() {
    let text = "v0: int = int.const 0\njump b1(v0)\nb1(v1: int):\nv2: @Leaf = record.new\nv3: @@Tree? = convert v2\n\
                global.store g1 v3\nv4: @Leaf = record.new\nv5: int = int.const 1\nv6: int = int.add v1, v5\n\
                v7: int = int.const 100\nv8 = int.lt v6, v7\nbranch v8, b1(v6), b2\nb2:\nprint v6";
    prints(&program(text), "100");
}
