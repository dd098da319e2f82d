//! Structs, unions and `match`.

use super::{codes, expect_types, messages};

#[test]
fn fields_have_the_types_of_what_flows_into_them() {
    expect_types(
        "type P { x: float, y: int }\nlet p = P { y: 2, x: 1, }\np.y = none\nlet a = p.x\nlet b = p.y\nlet n = p.__name",
        "type P { x: int, y: int? }
         main() -> none { p: P, a: int, b: int?, n: string }",
    );
    expect_types(
        "type P { x: int, y: int }\nlet p = P { x: 1 }\nlet q = P {}\nlet a = p.y\nlet b = q.z",
        "type P { x: int?, y: int? }
         main() -> none { p: P, q: P, a: none, b: none }",
    );
}

#[test]
fn a_field_that_grows_is_read_again() {
    expect_types(
        "type P { x: int }
         fun get(p) { return p.x }
         let p = P { x: none }
         let a = get(p)
         p.x = \"s\"",
        "type P { x: string? }
         main() -> none { p: P, a: string? }
         get(p: P) -> string?",
    );
}

#[test]
fn structs_may_contain_themselves() {
    expect_types(
        "type Node { value: int, next: Node }
         fun push(n, v: int) { return Node { value: v, next: n } }
         var list = none
         for i in 0..3 { list = push(list, i) }
         var sum = 0
         var at = list
         while at != none { sum = sum + at.value\n at = at.next }
         let second = list.next.value",
        "type Node { value: int, next: Node? }
         main() -> none { list: Node?, i: int, sum: int, at: Node?, second: int? }
         push(n: Node?, v: int) -> Node",
    );
}

#[test]
fn fields_of_elements_and_results() {
    expect_types(
        "type P { x: int }
         type Q { p: P, ps: list<P> }
         fun f() { return Q { p: P { x: 1 }, ps: [] } }
         let q = f()
         q.ps = append(q.ps, P { x: 2 })
         q.p.x = q.ps[0].x + f().p.x
         let ps = q.ps
         ps[0].x = 3",
        "type P { x: int }
         type Q { p: P, ps: list<P> }
         main() -> none { q: Q, ps: list<P> }
         f() -> Q",
    );
}

#[test]
fn variants_of_one_union_join_to_it() {
    let tree = "type Tree = Leaf | Node(left: Tree, value: int, right: Tree)\n";
    expect_types(
        &format!(
            "{tree}
             fun sum(t: Tree) {{
               return match t {{ Leaf => 0 Node(l, v, r) => sum(l) + v + sum(r) }}
             }}
             let t = Node {{ left: Leaf, value: 1, right: Node(Leaf, 2, Leaf {{}}) }}
             let leaf = Leaf
             print(sum(t))
             let v = t.left.value"
        ),
        "type Node { left: Leaf, value: int, right: Tree }
         main() -> none { t: Node, leaf: Leaf, v: none }
         sum(t: Tree) -> int { l: Leaf, v: int, r: Tree }",
    );
    // Of variants that nothing makes there are no values.
    expect_types(
        "type T = A | B(x: int)\nfun f(t) { return match t { A => 1 B(x) => \"s\" } }\nlet a = f(A)",
        "type B { x: int? }
         main() -> none { a: int }
         f(t: A) -> int { x: none }",
    );
}

#[test]
fn methods_take_the_fields_first() {
    expect_types(
        "type C { n: int, fun add(k: int): int { n = n + k\n return n } }
         let c = C { n: 1 }
         let a = c.add(2)
         let b = [c][0].add(3)",
        "type C { n: int }
         main() -> none { c: C, a: int, b: int }
         C.add(n: int, k: int) -> int",
    );
}

#[test]
fn matches_tell_what_is_left() {
    expect_types(
        "fun f(n) { return match n { 1 => \"one\" 2 => \"two\" _ => \"many\" } }
         fun g(b) { return match b { true => 1 false => 0 } }
         fun h(n) { return match n { none => 0 } }
         let a = f(1)\nlet b = g(1 < 2)\nlet c = h(none)\nlet d = h(2)",
        "main() -> none { a: string, b: int, c: int, d: none }
         f(n: int) -> string
         g(b: bool) -> int
         h(n: none) -> int
         h(n: int) -> none",
    );
}

#[test]
fn blocks_of_a_match_are_statements() {
    expect_types(
        "type T = A | B(x: int)
         fun f(t) {
           match t { A => { return 1 } B(x) => { return x } }
         }
         var n = none
         match f(A) { 1 => { n = 2 } _ => { n = 3 } }
         let m = f(B(2)) + n",
        "type B { x: int }
         main() -> none { n: int?, m: int }
         f(t: A) -> int { x: none }
         f(t: B) -> int { x: int }",
    );
}

#[test]
fn aliases_stand_for_their_types() {
    assert!(codes("type Age = int\ntype Years = Age\nlet a: Years = 3\nlet b = 3.5 as Years", false).is_empty());
    assert_eq!(codes("type Age = int\nlet a: Age = \"s\"", true), ["T008 2:14"]);
    assert!(codes("type Aa = Bb\ntype Bb = Aa\nlet a: Aa = 1", false).contains(&"T025 2:11".to_owned()));
    assert!(codes("type A = A?\nlet a: A = 1", false).is_empty());
}

#[test]
fn casts_to_structs() {
    expect_types(
        "type T = A(x: int) | B(x: int)
         type P { x: int }
         fun f(t) { return t as A }
         let a = f(A(1))
         let b = P { x: 1 } as P
         let c = A(2) as P",
        "type A { x: int }
         type B { x: int? }
         type P { x: int }
         main() -> none { a: A, b: P, c: P }
         f(t: A) -> A",
    );
    expect_types(
        "type N { v: int, next: N }\ntype M { v: int, next: M }\nlet n = N { v: 1, next: N { v: 2 } } as M",
        "type N { v: int, next: N? }
         type M { v: int, next: M }
         main() -> none { n: M }
         M(: N?) -> M",
    );
}

#[test]
fn wrong_fields_are_named() {
    assert_eq!(codes("type P { x: int }\nlet p = P { y: 1 }", false), ["T026 2:13"]);
    assert_eq!(messages("type P { x: int }\nlet p = P { y: 1 }"), ["unknown field `y` on P"]);
    assert_eq!(codes("type T = A(x: int)\nlet a = A(1, 2)", false), ["T006 2:9"]);
}
