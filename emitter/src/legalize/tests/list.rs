//! Lists: what programs in IR text see of them, and that nothing of them is left at the end.

use super::{fails, legalized, prints};

/// A program whose start function is these lines, which may use `d0`, a line end, and more data.
fn program(lines: &str) -> String {
    format!(
        "file \"a.mochi\"\ndata d0 \"\\n\"\ndata d1 \"x\"\ndata d2 \"yz\"\nglobal g0 kept: list<int> = i32 0\n\
         global g1 rows: list<list<str>>? = i32 0\nstart main\nfunc main() pure {{\nb0:\n{lines}\nreturn\n}}\n"
    )
}

/// Lines that make `name` a list of `elements`, each a type and an operation.
fn list(name: u32, element: &str, elements: &[&str]) -> String {
    let mut lines = format!("v{name}00: list<{element}> = list.new {}\n", elements.len());
    for (index, value) in elements.iter().enumerate() {
        let (before, item, after) =
            (name * 100 + index as u32, name * 100 + index as u32 + 50, name * 100 + index as u32 + 1);
        lines += &format!("v{item}: {element} = {value}\nv{after}: list<{element}> = list.append v{before}, v{item}\n");
    }
    lines
}

/// Lines that print values, each on a line of its own.
fn shown(values: &[&str]) -> String {
    values.iter().map(|value| format!("print {value}\nprint.data d0\n")).collect()
}

const BIG: &str = "int.const 9223372036854775807";

#[test]
fn elements_are_found_from_both_ends() {
    let body = |element: &str, elements: &[&str]| {
        program(&format!(
            "{}v1: int = int.const 0\nv2: int = int.const -1\nv3: {element} = list.get v102, v1\n\
             v4: {element} = list.get v102, v2\nv5 = list.len v102\n{}",
            list(1, element, elements),
            shown(&["v3", "v4", "v5"])
        ))
    };
    prints(&body("int", &["int.const 7", "int.const -8"]), "7\n-8\n2\n");
    prints(&body("int", &["int.const 7", BIG]), "7\n9223372036854775807\n2\n");
    prints(&body("int", &[BIG, "int.const 7"]), "9223372036854775807\n7\n2\n");
    prints(&body("int?", &["none", "none"]), "nil\nnil\n2\n");
    prints(&body("float", &["float.const 0.5", "float.const -2"]), "0.5\n-2\n2\n");
    prints(&body("float?", &["none", "none"]), "nil\nnil\n2\n");
    prints(&body("bool", &["bool.const 1", "bool.const 0"]), "true\nfalse\n2\n");
    prints(&body("bool?", &["none", "none"]), "nil\nnil\n2\n");
    prints(&body("str", &["str.const d1", "str.upper v150"]), "x\nX\n2\n");
    prints(&body("str?", &["none", "none"]), "nil\nnil\n2\n");
}

#[test]
fn constants_come_from_static_data() {
    let printed = |data: &str, element: &str| {
        let lines = "v1: list<ELEMENT> = list.of d3\nv2 = list.len v1\nv3 = list.to_str 0 v1\nprint v2\nprint v3";
        let text = program(&lines.replace("ELEMENT", element));
        text.replace("data d2", &format!("data d3 {data}\ndata d2"))
    };
    prints(&printed("\"\\07\\00\\00\\00\\00\\00\\00\\00\\f8\\ff\\ff\\ff\\ff\\ff\\ff\\ff\"", "int"), "2[7, -8]");
    prints(&printed("\"\\00\\00\\00\\00\\00\\00\\e0\\3f\"", "float?"), "1[0.5]");
    prints(&printed("\"\\01\\00\\01\"", "bool"), "3[true, false, true]");
    prints(&printed("\"\"", "any"), "0[]");
}

#[test]
fn what_lies_outside_fails_with_the_index_and_the_length() {
    for (index, shown) in [("2", "2"), ("-3", "-3"), ("9223372036854775807", "9223372036854775807")] {
        for element in ["int.const 7", BIG] {
            let text = program(&format!(
                "{}v1: int = int.const {index}\nv2: int = list.get v102, v1 @0:4..5\nprint v2",
                list(1, "int", &[element, element])
            ));
            fails(&text, &format!("error: list index out of range: {shown} (len 2)\n  at a.mochi:4\n"));
        }
    }
    let text = program(&format!(
        "{}v1: int = int.const 3\nv2: str = str.const d1\nlist.set v102, v1, v2 @0:6..7",
        list(1, "str", &["str.const d1", "str.const d2"])
    ));
    fails(&text, "error: list would have a hole before index 3 (len 2)\n  at a.mochi:6\n");
}

#[test]
fn a_list_grows_in_place_and_a_shared_one_is_copied() {
    // Appends the squares below 1000, keeping the list of five elements as well.
    let text = program(
        "v1: list<int> = list.new 0\nv2: int = int.const 0\nv3: int = int.const 1\nv4: int = int.const 1000\n\
         v5: list<int> = list.new 0\njump b1(v1, v2, v5)\n\
         b1(v6: list<int>, v7: int, v8: list<int>):\nv9: int = int.mul v7, v7\nv10: list<int> = list.append v6, v9\n\
         v11: int = int.add v7, v3\nv12: int = int.const 5\nv13 = int.eq v11, v12\nbranch v13, b2(v10), b2(v8)\n\
         b2(v14: list<int>):\nv15 = int.lt v11, v4\nbranch v15, b1(v10, v11, v14), b3\n\
         b3:\nv16 = list.len v10\nv17 = list.len v14\nv18: int = int.const -1\nv19: int = list.get v10, v18\n\
         v20: int = list.get v14, v18\nprint v16\nprint.data d0\nprint v17\nprint.data d0\nprint v19\nprint.data d0\n\
         print v20\nprint.data d0",
    );
    prints(&text, "1000\n5\n998001\n16\n");
    // Powers are big before long: from then on every word is looked at.
    let steps: Vec<String> = (80..83).map(|at| format!("v{}: int = int.mul v{at}, v{at}\n", at + 1)).collect();
    let steps = format!("v80: int = int.mul v7, v7\n{}v9: int = int.mul v83, v80", steps.concat());
    let text = text.replace("v9: int = int.mul v7, v7", &steps);
    prints(&text, &format!("1000\n5\n{}\n{}\n", power(999, 18), power(4, 18)));
}

/// Decimal digits of a power.
fn power(base: u64, exponent: u32) -> String {
    let mut digits = vec![1u64];
    for _ in 0..exponent {
        let mut carry = 0;
        for digit in &mut digits {
            let product = *digit * base + carry;
            (*digit, carry) = (product % 10, product / 10);
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().map(u64::to_string).collect()
}

#[test]
fn whoever_shares_a_list_sees_its_elements_change() {
    let text = program(&format!(
        "{}jump b1(v103, v103)\nb1(v1: list<int>, v2: list<int>):\nv3: int = int.const -2\nv4: int = int.const 77\n\
         list.set v1, v3, v4\nv5: int = list.get v2, v3\nv6: int = int.const 3\n{}list.set v1, v6, v7\n\
         v8 = list.len v2\nv9: int = list.get v2, v6\nlist.set v2, v6, v4\nv10: int = list.get v1, v6\n{}",
        list(1, "int", &["int.const 1", "int.const 2", "int.const 3"]),
        format_args!("v7: int = {BIG}\n"),
        shown(&["v5", "v8", "v9", "v10"])
    ));
    prints(&text, "77\n4\n9223372036854775807\n77\n");
    let text = program(&format!(
        "{}v1: int = int.const 1\nv2: str = str.upper v150\nlist.set v102, v1, v2\nlist.set v102, v1, v2\n\
         v3: int = int.const -2\nlist.set v102, v3, v2\nv4: int = int.const 2\nlist.set v102, v4, v2\n\
         v5: str = list.get v102, v4\nv6: str = list.get v102, v3\nv7 = list.len v102\n{}",
        list(1, "str", &["str.const d1", "str.lower v150"]),
        shown(&["v5", "v6", "v7"])
    ));
    prints(&text, "X\nX\n3\n");
}

#[test]
fn holes_are_none_where_elements_can_be() {
    for (element, value) in
        [("int?", "none"), ("float?", "none"), ("bool?", "none"), ("str?", "none"), ("list<int>?", "none")]
    {
        let text = program(&format!(
            "v1: list<{element}> = list.new 0\nv2: int = int.const 3\nv3: {element} = {value}\nlist.set v1, v2, v3\n\
             v4 = list.len v1\nv5: int = int.const 1\nv6: {element} = list.get v1, v5\nv7 = is_none v6\n{}",
            shown(&["v4", "v7"])
        ));
        prints(&text, "4\ntrue\n");
    }
}

#[test]
fn nested_lists_die_together() {
    let inner = list(1, "str", &["str.const d1", "str.upper v150", "str.const d2"]);
    let text = program(&format!(
        "{inner}v1: list<list<str>> = list.new 0\nv2: list<list<str>> = list.append v1, v103\n\
         v3: list<list<str>> = list.append v2, v103\nv4: int = int.const 1\nv5: list<str> = list.get v3, v4\n\
         v6: str = list.get v5, v4\nlist.set v5, v4, v150\nv7: list<str> = list.at v3, v4\nv8: str = list.at v7, v4\n\
         v9: list<list<str>>? = convert v3\nglobal.store g1 v9\nglobal.store g1 v9\n\
         v10: list<list<str>>? = global.load g1\nv11 = list.len v10\n{}",
        shown(&["v6", "v8", "v11"])
    ));
    prints(&text, "X\nx\n2\n");
    // As deep as a list of lists of … gets, and freed without following it.
    let mut lines = "v1: list<int> = list.new 0\n".to_owned();
    let mut ty = "list<int>".to_owned();
    for depth in 2..500 {
        let outer = format!("list<{ty}>");
        lines += &format!(
            "v{depth}000: {outer} = list.new 1\nv{depth}: {outer} = list.append v{depth}000, v{}\n",
            depth - 1
        );
        ty = outer;
    }
    prints(&program(&format!("{lines}v1000 = list.len v499\n{}", shown(&["v1000"]))), "1\n");
}

#[test]
fn parts_and_sums() {
    let lists =
        [("int", ["int.const 1", "int.const 2", BIG]), ("str", ["str.const d1", "str.upper v150", "str.const d2"])];
    for (element, elements) in lists {
        let text = program(&format!(
            "{}v1: int = int.const 1\nv2: int = int.const -1\nv3: int = int.const 99\n\
             v4: list<{element}> = list.slice v103, v1, v3\nv5: list<{element}> = list.slice v103, v3, v1\n\
             v6: list<{element}> = list.concat v4, v103\nv7: list<{element}> = list.concat v6, v6\n\
             v8 = list.len v4\nv9 = list.len v5\nv10 = list.len v7\nv11: {element} = list.get v7, v2\n\
             v12 = list.contains v5, v11\nv13 = list.contains v7, v11\nv14 = list.eq v4, v5\nv15 = list.ne v4, v5\n\
             v16: list<{element}> = list.slice v7, v2, v3\nv17: list<{element}> = list.slice v4, v2, v3\n\
             v18 = list.eq v16, v17\nv19: list<{element}>? = none\nv20 = list.eq v19, v5\nv21 = list.eq v19, v19\n\
             v22 = truthy v5\nv23 = truthy v4\nv24 = truthy v19\nv25 = list.len v19\n{}",
            list(1, element, &elements),
            shown(&["v8", "v9", "v10", "v12", "v13", "v14", "v15", "v18", "v20", "v21", "v22", "v23", "v24", "v25"])
        ));
        prints(&text, "2\n0\n10\nfalse\ntrue\nfalse\ntrue\ntrue\nfalse\ntrue\nfalse\ntrue\nfalse\n0\n");
    }
}

#[test]
fn functions_borrow_and_own_lists() {
    let text = program(&format!(
        "{}call fill(v103)\nv1: list<int> = call more(v103)\nglobal.store g0 v1\nv2: int = int.const 0\n\
         v3: int = list.get v103, v2\nv4 = list.len v103\nv5: list<int> = global.take g0\n\
         v6: list<int> = list.append v5, v2\nglobal.init g0 v6\nv7: list<int> = global.load g0\nv8 = list.len v7\n{}",
        list(1, "int", &["int.const 1", "int.const 2", "int.const 3"]),
        shown(&["v3", "v4", "v8"])
    )) + "func fill(v0: list<int>) pure {\nb0:\nv1: int = int.const 0\nv2: int = int.const 9\nlist.set v0, v1, v2\nreturn\n}\n\
          func more(v0: list<int>) -> list<int> pure {\nb0:\nv1: int = int.const 8\nv2: list<int> = list.append v0, v1\nreturn v2\n}\n";
    prints(&text, "9\n3\n5\n");
}

#[test]
fn lists_are_written_as_print_and_str_write_them() {
    let text = program(&format!(
        "{}{}{}v1 = list.to_str 0 v103\nv2 = list.to_str 1 v103\nv3: list<list<str>> = list.new 1\n\
         v4: list<list<str>> = list.append v3, v303\nv5 = list.to_str 1 v4\nv6: list<int>? = none\nv7 = list.to_str 0 v6\n\
         v8 = list.to_str 1 v6\n{}",
        list(1, "int?", &["int.add v4000, v4000", "none", "int.add v4000, v4000"]).replacen(
            "v100",
            "v4000: int? = int.const 4\nv100",
            1
        ),
        list(2, "float", &["float.const 1", "float.const 2.5"]),
        list(3, "str", &["str.const d1", "str.upper v350", "str.const d0"]),
        shown(&["v103", "v1", "v2", "v202", "v4", "v5", "v6", "v7", "v8"])
    ));
    prints(
        &text,
        "[8, nil, 8]\n[8, nil, 8]\n[8 <nil> 8]\n[1.0, 2.5]\n[[\"x\", \"X\", \"\\n\"]]\n[[x X \n]]\nnil\nnil\n<nil>\n",
    );
}

#[test]
fn a_literal_is_filled_without_asking() {
    let small = program(&(list(1, "int", &["int.const 1", "int.const 2"]) + "print v102"));
    let blocks = |text: &str| legalized(text).functions[0].blocks.len();
    let filled = blocks(&small);
    // The same list with less room than elements asks before it grows.
    assert!(filled < blocks(&small.replace("list.new 2", "list.new 1")));
    // So does one that something has seen on the way.
    assert!(filled < blocks(&small.replace("print v102", "print v102\nprint v101")));
}
