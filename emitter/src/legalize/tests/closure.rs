//! Function values: what programs in IR text see of them, and that nothing is left at the end.

use super::prints;

/// A program whose start function is these lines. `d0` is a line end.
fn program(lines: &str) -> String {
    format!(
        "data d0 \"\\n\"\ndata d1 \"x\"\ncell counter {{ value: int }}\nglobal g0 kept: fun<int -> int>? = i32 0\n\
             start main\nfunc main() pure {{\nb0:\n{lines}\nreturn\n}}\n{CODE}"
    )
}

const CODE: &str = "
func add(v0: fun<int -> int>, v1: int) -> int pure captures (int) {
b0:
    v2: int = closure.get 0 v0
    v3: int = int.add v1, v2
    return v3
}
func twice(v0: fun<int -> int>, v1: int) -> int pure captures () {
b0:
    v2: int = int.add v1, v1
    return v2
}
func apply(v0: fun<int -> int>, v1: int) -> int pure noinline {
b0:
    v2: int = call_value(v0, v1)
    v3: int = call_value(v0, v2)
    return v3
}
func compose(v0: fun<int -> int>, v1: int) -> int pure captures (fun<int -> int>, fun<int -> int>?) {
b0:
    v2: fun<int -> int> = closure.get 0 v0
    v3: int = call_value(v2, v1)
    v4: fun<int -> int>? = closure.get 1 v0
    v5: fun<int -> int> = convert v4
    v6: int = call_value(v5, v3)
    return v6
}
func count(v0: fun<-> str>) -> str pure captures (@counter, str, float, bool) {
b0:
    v1: @counter = closure.get 0 v0
    v2: int = record.get 0 v1
    v3: int = int.const 1
    v4: int = int.add v2, v3
    record.set 0 v1, v4
    v5: str = closure.get 1 v0
    v6: float = closure.get 2 v0
    v7: bool = closure.get 3 v0
    v8: str = float.to_str 0 v6
    v9: str = bool.to_str 0 v7
    v10: str = str.concat v5, v8
    v11: str = str.concat v10, v9
    v12: str = int.to_str 0 v2
    v13: str = str.concat v11, v12
    return v13
}
func log(v0: fun<str, float?>, v1: str, v2: float?) pure captures () {
b0:
    print v1
    print v2
    return
}
func forget(v0: fun<str, float?>, v1: str, v2: float?) pure captures () {
b0:
    return
}
func itself(v0: fun<int -> int>, v1: int) -> int pure captures (int) {
b0:
    v2: int = closure.get 0 v0
    v3: int = int.const 0
    v4 = int.gt v1, v3
    branch v4, b1, b2
b1:
    v5: int = int.sub v1, v2
    v6: int = call itself(v0, v5)
    return v6
b2:
    return v1
}
func any_args(v0: fun<int -> int>, v1: own list<any>) -> any pure {
b0:
    v2: any = none
    return v2
}
";

fn shown(values: &[&str]) -> String {
    values.iter().map(|value| format!("print {value}\nprint.data d0\n")).collect()
}

#[test]
fn functions_remember_what_they_capture() {
    for (number, sum) in [("5", "17"), ("9223372036854775807", "18446744073709551621")] {
        let text = format!(
            "v0: int = int.const {number}\nv1: fun<int -> int> = closure.new add\nclosure.init 0 v1, v0\n\
             v2: int = int.const 7\nv3: int = call apply(v1, v2)\nv4: fun<int -> int>? = convert v1\n\
             global.store g0 v4\n{}",
            shown(&["v3"])
        );
        prints(&program(&text), &format!("{sum}\n"));
    }
}

#[test]
fn functions_that_capture_nothing_are_static() {
    let text = format!(
        "v0: fun<int -> int> = closure.const twice\nv1: int = int.const 7\nv2: int = call apply(v0, v1)\n\
         v3: fun<int -> int>? = convert v0\nglobal.store g0 v3\nglobal.store g0 v3\nv4: fun<int -> int>? = global.load g0\n\
         v5: fun<int -> int> = convert v4\nv6: int = call_value(v5, v1)\nv7 = truthy v4\nv8 = is_none v4\n{}",
        shown(&["v2", "v6", "v7", "v8"])
    );
    prints(&program(&text), "28\n14\nfalse\nfalse\n");
}

#[test]
fn functions_capture_functions() {
    let text = format!(
        "v0: int = int.const 3\nv1: fun<int -> int> = closure.new add\nclosure.init 0 v1, v0\n\
         v2: fun<int -> int>? = convert v1\nv3: fun<int -> int> = closure.const twice\n\
         v4: fun<int -> int> = closure.new compose\nclosure.init 0 v4, v3\nclosure.init 1 v4, v2\n\
         v5: int = int.const 10\nv6: int = call_value(v4, v5)\nv7: int = call apply(v4, v5)\n\
         v8: list<fun<int -> int>> = list.new 1\nv9: list<fun<int -> int>> = list.append v8, v4\nv10: int = int.const 0\n\
         v11: fun<int -> int> = list.get v9, v10\nv12: int = call_value(v11, v6)\n{}",
        shown(&["v6", "v7", "v12"])
    );
    prints(&program(&text), "23\n49\n49\n");
}

#[test]
fn a_captured_variable_is_shared_through_its_cell() {
    let text = format!(
        "v0: @counter = record.new\nv1: int = int.const 8\nrecord.init 0 v0, v1\nv2: str = str.const d1\n\
         v3: str = str.upper v2\nv4: float = float.const 0.5\nv5 = bool.const 1\nv6: fun<-> str> = closure.new count\n\
         closure.init 0 v6, v0\nclosure.init 1 v6, v3\nclosure.init 2 v6, v4\nclosure.init 3 v6, v5\n\
         v7: str = call_value(v6)\nv8: str = call_value(v6)\nv9: int = record.get 0 v0\n{}",
        shown(&["v7", "v8", "v9"])
    );
    prints(&program(&text), "X0.5true8\nX0.5true9\n10\n");
}

#[test]
fn arguments_are_given_up_by_whom_they_are_given_to() {
    let text = "v0: str = str.const d1\nv1: str = str.upper v0\nv2: float? = none\nv3: fun<str, float?> = closure.const log\n\
                v4: fun<str, float?> = closure.const forget\ncall_value(v3, v1, v2)\ncall_value(v4, v1, v2)\ncall_value(v3, v1, v2)";
    prints(&program(text), "XnilXnil");
}

#[test]
fn the_code_of_a_known_closure_is_called_directly() {
    let text = "v0: int = int.const 3\nv1: fun<int -> int> = closure.new itself\nclosure.init 0 v1, v0\n\
                v2: int = int.const 10\nv3: int = call itself(v1, v2)\nv4: int = call_value(v1, v3)\nprint v3\nprint v4";
    prints(&program(text), "-2-2");
}
