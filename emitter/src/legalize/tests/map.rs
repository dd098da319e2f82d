//! Maps and values of any kind: what programs in IR text see of them, and that nothing is left at the end.

use super::prints;

/// A program whose start function is these lines. `d0` is a line end.
fn program(lines: &str) -> String {
    format!(
        "data d0 \"\\n\"\ndata d1 \"x\"\ndata d2 \"10\"\nrecord P {{ name: str, n: int? }}\nrecord L {{}}\nunion U = P | L\n\
         global g0 kept: map<list<str>>? = i32 0\nglobal g1 any: any = i64 4899916394579099648\nstart main\n\
         func main() pure {{\nb0:\n{lines}\nreturn\n}}\n\
         func code(v0: fun<int>, v1: int) captures () {{\nb0:\nreturn\n}}\n"
    )
}

/// Lines that print values, each on a line of its own.
fn shown(values: &[&str]) -> String {
    values.iter().map(|value| format!("print {value}\nprint.data d0\n")).collect()
}

#[test]
fn values_are_found_by_all_kinds_of_keys() {
    let text = |ty: &str, value: &str| {
        program(&format!(
            "v0: map<{ty}> = map.new\nv1: int = int.const 10\nv2 = str.const d1\nv3: {ty} = {value}\n\
             map.set v0, v1, v3\nv4 = str.const d2\nv5: {ty}? = map.get v0, v4\nv6: {ty}? = map.get v0, v2\n\
             map.set v0, v2, v3\nmap.set v0, v2, v3\nv7: any = convert v2\nv8: {ty}? = map.get v0, v7\n\
             v9 = map.has v0, v1\nv10: int = int.const 11\nv11 = map.has v0, v10\nv12 = map.len v0\nv13: list<str> = map.keys v0\n\
             v14: list<{ty}> = map.values v0\nv15 = truthy v0\n{}",
            shown(&["v5", "v6", "v8", "v9", "v11", "v12", "v13", "v14", "v0", "v15"])
        ))
    };
    let after = "true\nfalse\n2\n[\"10\", \"x\"]\n";
    prints(&text("int", "int.const 7"), &format!("7\nnil\n7\n{after}[7, 7]\n{{\"10\": 7, \"x\": 7}}\ntrue\n"));
    let big = "9223372036854775807";
    prints(
        &text("int", &format!("int.const {big}")),
        &format!("{big}\nnil\n{big}\n{after}[{big}, {big}]\n{{\"10\": {big}, \"x\": {big}}}\ntrue\n"),
    );
    prints(
        &text("float", "float.const 0.5"),
        &format!("0.5\nnil\n0.5\n{after}[0.5, 0.5]\n{{\"10\": 0.5, \"x\": 0.5}}\ntrue\n"),
    );
    prints(
        &text("bool", "bool.const 1"),
        &format!("true\nnil\ntrue\n{after}[true, true]\n{{\"10\": true, \"x\": true}}\ntrue\n"),
    );
    prints(
        &text("str", "str.upper v2"),
        &format!("X\nnil\nX\n{after}[\"X\", \"X\"]\n{{\"10\": \"X\", \"x\": \"X\"}}\ntrue\n"),
    );
}

#[test]
fn a_taken_value_grows_in_place() {
    let text = program(&format!(
        "v0: map<list<str>> = map.new\nv1: int = int.const 5\nv2: list<str> = list.new 0\nmap.set v0, v1, v2\n\
         v3: map<list<str>>? = convert v0\nglobal.store g0 v3\nv4: int = int.const 0\nv5 = str.const d1\njump b1(v4)\n\
         b1(v6: int):\nv7: list<str>? = map.take v0, v1\nv8: list<str> = convert v7\nv9: list<str> = list.append v8, v5\n\
         map.set v0, v1, v9\nv10: int = int.const 1\nv11: int = int.add v6, v10\nv12: int = int.const 1000\n\
         v13 = int.lt v11, v12\nbranch v13, b1(v11), b2\nb2:\nv14: list<str>? = map.get v0, v1\nv15 = list.len v14\n{}",
        shown(&["v15"])
    ));
    prints(&text, "1000\n");
}

#[test]
fn values_of_any_kind_are_shown_and_compared() {
    let text = program(&format!(
        "v0: int = int.const 1\nv1: any = convert v0\nv2: float = float.const 1\nv3: any = convert v2\n\
         v4 = bool.const 1\nv5: any = convert v4\nv6 = str.const d1\nv7 = str.upper v6\nv8: any = convert v7\n\
         v9: str? = none\nv10: any = convert v9\nv11: list<any> = list.new 6\nv12: list<any> = list.append v11, v1\n\
         v13: list<any> = list.append v12, v3\nv14: list<any> = list.append v13, v5\n\
         v15: list<any> = list.append v14, v8\nv16: list<any> = list.append v15, v10\nv17: any = convert v16\n\
         v18: map<any> = map.new\nmap.set v18, v8, v17\nv19: any = convert v18\nv20 = any.eq v1, v3\nv21 = any.ne v1, v5\n\
         v22 = any.eq v19, v19\nv23 = list.contains v16, v8\nv24 = any.to_str 1 v19\nglobal.store g1 v19\n\
         v25 = truthy v10\nv26 = truthy v19\nv27 = truthy v3\n{}",
        shown(&["v17", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27"])
    ));
    prints(
        &text,
        "[1, 1.0, true, \"X\", nil]\n{\"X\": [1, 1.0, true, \"X\", nil]}\ntrue\ntrue\ntrue\ntrue\n\
         map[X:[1 1 true X <nil>]]\nfalse\ntrue\ntrue\n",
    );
}

#[test]
fn records_are_shown_and_compared() {
    let text = program(&format!(
        "v0 = str.const d1\nv1: int? = none\nv2: @P = record.new\nrecord.init 0 v2, v0\nrecord.init 1 v2, v1\n\
         v3: @P = record.new\nv4 = str.upper v0\nrecord.init 0 v3, v4\nrecord.init 1 v3, v1\n\
         v5 = object.eq v2, v3\nv6 = str.lower v4\nrecord.set 0 v3, v6\nv7 = object.eq v2, v3\nv8 = object.ne v2, v3\n\
         v9: @@U = convert v2\nv10: @L = record.new\nv11: @@U = convert v10\nv12 = object.eq v9, v11\nv13 = object.eq v11, v11\n\
         v14: @P? = none\nv15 = object.eq v14, v2\nv16 = object.to_str 1 v2\nv17 = object.to_str 0 v14\n\
         v18: list<@@U> = list.new 2\nv19: list<@@U> = list.append v18, v9\nv20: list<@@U> = list.append v19, v11\n\
         v21: fun<int> = closure.const code\nv22 = object.eq v21, v21\nv23: any = convert v9\nv24: any = convert v21\n\
         v25 = any.eq v23, v24\nglobal.store g1 v23\n{}",
        shown(&["v5", "v7", "v8", "v12", "v13", "v15", "v16", "v17", "v20", "v2", "v14", "v22", "v23", "v25"])
    ));
    prints(
        &text,
        "false\ntrue\nfalse\nfalse\ntrue\nfalse\nmap[__name:P n:<nil> name:x]\nnil\n\
         [{\"__name\": \"P\", \"n\": nil, \"name\": \"x\"}, {\"__name\": \"L\"}]\n\
         {\"__name\": \"P\", \"n\": nil, \"name\": \"x\"}\nnil\nfalse\n\
         {\"__name\": \"P\", \"n\": nil, \"name\": \"x\"}\nfalse\n",
    );
}

#[test]
fn values_of_any_kind_are_computed_with() {
    let text = "data d9 \"k\"\n".to_owned()
        + &program(&format!(
            "v0: int = int.const 9223372036854775807\nv1: any = convert v0\nv2: float = float.const 0.5\nv3: any = convert v2\n\
             v4 = str.const d1\nv5: any = convert v4\nv6: any = any.add v1, v1\nv7: any = any.add v1, v3\n\
             v8: any = any.add v5, v3\nv9: any = any.sub v3, v3\nv10: any = any.mul v6, v6\nv11: any = any.div v6, v1\n\
             v12: any = any.rem v10, v1\nv13: any = any.neg v6\nv14 = any.lt v1, v6\nv15 = any.le v5, v5\n\
             v16: map<any> = map.new\nv17: any = convert v16\nany.set v17, v5, v6\nv18: any = any.get v17, v5\n\
             any.set_field d9 v17, v8\nv19: any = any.get_field d9 v17\nv20 = any.has v17, v5\n\
             v21: list<any> = any.iter v17\nv22: any = none\nv23: any = any.append v22, v6\nv24: any = any.append v23, v5\n\
             v25: int = any.len v24\nv26: int = int.const 0\nv27: any = convert v26\nv28: int = int.const 1\n\
             v29: any = convert v28\nv30: any = any.slice v24, v27, v29\nv31: int = any.to_int v11\nv32: float = any.to_float v29\n\
             v33 = any.to_text v5\nv34: any = any.add v24, v30\nv35: any = any.neg v22\n{}",
            shown(&[
                "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v18", "v19", "v20", "v21", "v24",
                "v25", "v30", "v31", "v32", "v33", "v34", "v35"
            ])
        ));
    prints(
        &text,
        "18446744073709551614\n9.223372036854776e+18\nx0.5\n0\n340282366920938463389587631136930004996\n2\n0\n\
         -18446744073709551614\ntrue\ntrue\n18446744073709551614\nx0.5\ntrue\n[\"k\", \"x\"]\n[18446744073709551614, \"x\"]\n2\n\
         [18446744073709551614]\n2\n1\nx\n[18446744073709551614, \"x\", 18446744073709551614]\nnil\n",
    );
}

#[test]
fn functions_are_called_without_knowing_their_type() {
    let text = "data d0 \"\\n\"\nglobal g0 f: any = i64 4899916394579099648\nstart main\nfunc main() pure {\nb0:\n\
                v0: int = int.const 9223372036854775807\nv1: any = convert v0\nv2: fun<any, any -> any> = closure.new code\n\
                closure.init 0 v2, v1\nv3: any = convert v2\nglobal.store g0 v3\nv4: any = global.load g0\n\
                v5: list<any> = list.new 3\nv6: list<any> = list.append v5, v1\nv7: list<any> = list.append v6, v1\n\
                v8: list<any> = list.append v7, v1\nv9: any = any.call v4, v8\nprint v9\nreturn\n}\n\
                func code(v0: fun<any, any -> any>, v1: any, v2: any) -> any captures (any) generic call {\nb0:\n\
                v3: any = closure.get 0 v0\nv4: any = any.add v1, v2\nv5: any = any.add v3, v4\nreturn v5\n}\n\
                func call(v0: fun<any, any -> any>, v1: own list<any>) -> any {\nb0:\nv2: int = int.const 0\n\
                v3: any = list.at v1, v2\nv4: int = int.const 1\nv5: any = list.at v1, v4\n\
                v6: any = call_value(v0, v3, v5)\nreturn v6\n}\n";
    prints(text, "27670116110564327421");
}

#[test]
fn small_words_are_computed_with_inline_and_others_are_not_taken_for_them() {
    let text = program(&format!(
        "v0: int = int.const 2305843009213693951\nv1: any = convert v0\nv2: int = int.const -2305843009213693952\n\
         v3: any = convert v2\nv4: int = int.const 3\nv5: any = convert v4\nv6 = bool.const 1\nv7: any = convert v6\n\
         v8: any = none\nv9: any = any.add v5, v3\nv10: any = any.add v1, v5\nv11: any = any.add v3, v3\n\
         v12: any = any.sub v5, v1\nv13: any = any.sub v3, v5\nv14: any = any.sub v10, v1\nv15: any = any.sub v5, v8\n\
         v16 = any.lt v3, v1\nv17 = any.lt v10, v1\nv18 = any.le v5, v5\nv19 = any.le v8, v5\nv20 = any.eq v5, v5\n\
         v21 = any.eq v7, v5\nv22 = any.ne v1, v3\nv23 = any.ne v8, v8\nv24: any = any.add v8, v5\n{}",
        shown(&[
            "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
            "v24"
        ])
    ));
    prints(
        &text,
        "-2305843009213693949\n2305843009213693954\n-4611686018427387904\n-2305843009213693948\n-2305843009213693955\n3\n\
         nil\ntrue\nfalse\ntrue\nfalse\ntrue\nfalse\ntrue\nfalse\nnil\n",
    );
}
