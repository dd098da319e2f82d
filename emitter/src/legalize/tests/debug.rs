//! What is left at the end, where memory is debugged: objects of each kind say where they were made.

use super::{LegalizeOptions, legalize, parsed, run_module, verify};
use crate::ir::{MochiOp, Op};
use crate::opt::count;

const TEXT: &str = "file \"p\"
record R { x: int }
data d0 \"x\"
start main
func code(v0: fun<int -> int>, v1: int) -> int captures (int) {
b0:
    return v1
}
func main() {
b0:
    v0: str = str.const d0 @0:1..1
    v1: str = str.concat v0, v0 @0:2..2
    v2: int = int.const 4611686018427387904 @0:3..3
    v3: int = int.add v2, v2 @0:3..3
    v4: list<int> = list.new 8 @0:4..4
    v5: map<int> = map.new @0:5..5
    v6: @R = record.new @0:6..6
    record.init 0 v6, v2 @0:6..6
    v7: fun<int -> int> = closure.new code @0:7..7
    closure.init 0 v7, v2 @0:7..7
    v8: float = float.const 1.5 @0:8..8
    v9: any = convert v8 @0:8..8
    return
}
";

#[test]
fn objects_that_are_left_say_where_they_were_made() {
    let mut module = parsed(TEXT);
    count(&mut module);
    let options = LegalizeOptions { debug_memory: true, line: &|span| span.start, list_facts: true };
    let mut sound = module.clone();
    legalize(&mut sound, &options);
    verify(&sound, TEXT);
    assert_eq!(run_module(&sound, TEXT), (0, String::new(), String::new()));
    for func in &mut module.functions {
        for block in &mut func.blocks {
            block.insts.retain(|inst| func.insts[inst.index()].op != Op::Mochi(MochiOp::Drop));
        }
    }
    legalize(&mut module, &options);
    let lines = [
        ("float", 8),
        ("function value", 7),
        ("R", 6),
        ("map", 5),
        ("buffer", 4),
        ("list", 4),
        ("big int", 3),
        ("string", 2),
    ];
    let lines: String = lines.iter().map(|(kind, line)| format!("  {kind}: 1 made at p:{line}\n")).collect();
    assert_eq!(run_module(&module, TEXT), (1, String::new(), format!("live objects: 8\n{lines}")));
}
