//! Nested functions and function values.

use super::expect_types;

#[test]
fn variables_that_nested_functions_set_live_in_cells() {
    expect_types(
        "fun f() { var n = 1
         fun g(k) { n = n + k }
         g(2)
         return n }
         f()",
        "main() -> none
         f() -> int { cell n: int }
         g(cell n: int, k: int) -> none",
    );
    expect_types(
        "fun f(n) { return fun() { n = n + 1
         return n } }
         f(1)()",
        "main() -> none
         f(cell n: int) -> fun
         fun(cell n: int) -> int",
    );
}

#[test]
fn what_another_function_sets_a_cell_to_counts_for_all() {
    expect_types(
        "fun f() { var n = 1
         var m = 1
         fun set(x) { n = x }
         fun both() { set(\"s\")
         m = 2.5 }
         both()
         return n }
         f()",
        "main() -> none
         f() -> any { cell n: any, cell m: any }
         both(cell m: any, cell n: any) -> none
         set(cell n: any, x: string) -> none",
    );
}

#[test]
fn a_copy_is_enough_where_it_says_the_same() {
    // Only the owner sets it, and nothing but calls reaches the function.
    expect_types(
        "fun f() { var n = 1
         fun g() { return n }
         n = 2
         return g() }
         f()",
        "main() -> none
         f() -> int { n: int }
         g(n: int) -> int",
    );
    // It is not set any more when the function is made.
    expect_types(
        "fun f() { var n = 1
         n = 2
         for i in 0..2 { var m = i
         m = n
         let g = fun() => m + n
         g() } }
         f()",
        "main() -> none
         f() -> none { n: int, i: int, m: int, g: fun }
         fun(m: int, n: int) -> int",
    );
    // The next round sets it after the function was made.
    expect_types(
        "fun f() { var n = 1
         for i in 0..2 { n = i
         let g = fun() => n
         g() } }
         f()",
        "main() -> none
         f() -> none { cell n: int, i: int, g: fun }
         fun(cell n: int) -> int",
    );
}

#[test]
fn top_level_variables_are_shared_as_globals() {
    expect_types(
        "var n = 1
         let f = fun() { n = n + 1 }
         f()",
        "global n: int
         main() -> none { f: fun }
         fun() -> none",
    );
    expect_types(
        "for i in 0..2 { var n = i
         let f = fun() { n = n + 1 }
         f() }",
        "main() -> none { i: int, cell n: int, f: fun }
         fun(cell n: int) -> none",
    );
}

#[test]
fn too_few_arguments_give_a_function_of_the_rest() {
    expect_types(
        "fun f(a, b) { return a }
         let g = f(1)
         let x = g(2.5)",
        "main() -> none { g: fun, x: int }
         partial(: int, : float) -> int
         f(a: int, b: float) -> int",
    );
    // Each expression has a function of its own.
    expect_types(
        "let k = fun(a, b) => b
         let x = k(1)(\"s\")
         let h = fun(n, m) => [n, m]
         let y = h(true)(false)",
        "main() -> none { k: fun, x: string, h: fun, y: list<bool> }
         fun(a: int, b: string) -> string
         partial(: fun, : int, : string) -> string
         fun(n: bool, m: bool) -> list<bool>
         partial(: fun, : bool, : bool) -> list<bool>",
    );
}

#[test]
fn methods_and_builtins_are_values() {
    expect_types(
        "type P { x: int
         fun get() { return x } }
         let f = P { x: 1 }.get
         let g = len
         let n = f() + g([1])",
        "type P { x: int }
         main() -> none { f: fun, g: fun, n: int }
         get(: int) -> int
         len(: list<int>) -> int
         P.get(x: int) -> int",
    );
}
