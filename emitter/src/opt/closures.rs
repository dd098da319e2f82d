//! Function values whose code is known where they are used: part of `inline`, as each of the two makes work
//! for the other.
//!
//!     v1 = closure.new add                v2 = call add(v1, v0)
//!     closure.init 0 v1, v5          =>   … and, when that is in place: int.add v0, v5
//!     v2 = call_value(v1, v0)
//!
//! What a closure captures is known too where it is read beside the place that made it; a closure that
//! nothing else looks at is not made at all.

use std::collections::HashMap;

use crate::ir::{FuncId, Function, Imm, Inst, MochiOp, Op, Value, ValueDef};

/// Turns calls of known values into calls of their code; whether there were any.
pub(super) fn call_directly(func: &mut Function) -> bool {
    let mut found = false;
    for block in func.block_ids() {
        for at in 0..func.block(block).insts.len() {
            let inst = func.block(block).insts[at];
            if func.inst(inst).op != Op::CallValue {
                continue;
            }
            if let Some((closure, code)) = known_code(func, func.inst(inst).args[0]) {
                let data = func.inst_mut(inst);
                (data.op, data.imm, data.args[0]) = (Op::Call, Imm::Func(code), closure);
                found = true;
            }
        }
    }
    found
}

/// The closure that `value` is, and its code, if it was made in this function.
fn known_code(func: &Function, value: Value) -> Option<(Value, FuncId)> {
    let mut value = value;
    loop {
        let ValueDef::Result(inst, _) = func.def(value) else { return None };
        let data = func.inst(inst);
        match (data.op, data.imm) {
            (Op::Mochi(MochiOp::ClosureNew | MochiOp::ClosureConst), Imm::Func(code)) => return Some((value, code)),
            (Op::Mochi(MochiOp::Convert), _) => value = data.args[0],
            _ => return None,
        }
    }
}

/// Reads what is captured from where it came, and leaves out closures that nobody needs then.
pub(super) fn forward_captures(func: &mut Function) {
    let mut captured: HashMap<(Value, i32), Value> = HashMap::new();
    for block in &func.blocks {
        for (at, &inst) in block.insts.iter().enumerate() {
            if func.inst(inst).op == Op::Mochi(MochiOp::ClosureNew) {
                first_captures(func, func.inst(inst).results[0], &block.insts[at + 1..], &mut captured);
            }
        }
    }
    if captured.is_empty() {
        return;
    }
    let mut same: HashMap<Value, Value> = HashMap::new();
    for block in &mut func.blocks {
        let insts = &func.insts;
        block.insts.retain(|inst| {
            let data = &insts[inst.index()];
            let known = match (data.op, data.imm) {
                (Op::Mochi(MochiOp::ClosureGet), Imm::I32(index)) => captured.get(&(data.args[0], index)),
                _ => None,
            };
            same.extend(known.map(|&value| (data.results[0], value)));
            known.is_none()
        });
    }
    // What is captured may itself have been read from a closure.
    let resolve = |mut value: Value| {
        while let Some(&next) = same.get(&value) {
            value = next;
        }
        value
    };
    func.insts.iter_mut().for_each(|inst| inst.args.iter_mut().for_each(|arg| *arg = resolve(*arg)));
    func.blocks.iter_mut().for_each(|block| block.term.map_uses(resolve));
    remove_unread(func);
}

/// Notes what a new closure is given before anything else sees it.
fn first_captures(func: &Function, closure: Value, after: &[Inst], captured: &mut HashMap<(Value, i32), Value>) {
    for &inst in after {
        let data = func.inst(inst);
        match (data.op, data.imm) {
            (Op::Mochi(MochiOp::ClosureInit), Imm::I32(index)) if data.args[0] == closure => {
                captured.insert((closure, index), data.args[1]);
            }
            _ if data.args.contains(&closure) => return,
            _ => {}
        }
    }
}

/// Takes out closures that are only filled.
fn remove_unread(func: &mut Function) {
    let mut is_read = vec![false; func.values.len()];
    for block in &func.blocks {
        block.term.uses().for_each(|value| is_read[value.index()] = true);
        for &inst in &block.insts {
            let data = func.inst(inst);
            let filled = usize::from(data.op == Op::Mochi(MochiOp::ClosureInit));
            data.args[filled..].iter().for_each(|arg| is_read[arg.index()] = true);
        }
    }
    let insts = &func.insts;
    for block in &mut func.blocks {
        block.insts.retain(|inst| {
            let data = &insts[inst.index()];
            match data.op {
                Op::Mochi(MochiOp::ClosureNew) => is_read[data.results[0].index()],
                Op::Mochi(MochiOp::ClosureInit) => is_read[data.args[0].index()],
                _ => true,
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::opt::testing::after;

    const APPLY: &str = "start main\nfunc add(v0: fun<int -> int>, v1: int) -> int captures (int) {\nb0:\n\
        v2: int = closure.get 0 v0\nv3: int = int.add v1, v2\nreturn v3\n}\n\
        func apply(v0: fun<int -> int>, v1: int) -> int {\nb0:\nv2: int = call_value(v0, v1)\n\
        v3: int = call_value(v0, v2)\nreturn v3\n}\n";

    #[test]
    fn a_known_closure_is_not_made() {
        let text = after(
            &format!(
                "{APPLY}func main() {{\nb0:\nv0: int = int.const 5\nv1: fun<int -> int> = closure.new add\n\
                 closure.init 0 v1, v0\nv2: int = int.const 7\nv3: int = call apply(v1, v2)\nprint v3\nreturn\n}}\n"
            ),
            |module| super::super::inline::PASS.run_on(module),
        );
        let main = text.split("func main").nth(1).expect("main is printed");
        assert_eq!(main.matches("int.add").count(), 2, "{text}");
        assert!(!main.contains("closure") && !main.contains("call"), "{text}");
    }

    #[test]
    fn a_closure_that_others_see_is_called_directly_all_the_same() {
        let text = after(
            &format!(
                "global g0 kept: fun<int -> int>? = i32 0\n{APPLY}func main() {{\nb0:\nv0: int = int.const 5\n\
                 v1: fun<int -> int> = closure.new add\nclosure.init 0 v1, v0\n\
                 v2: fun<int -> int>? = convert v1\nglobal.store g0 v2\nv3: fun<int -> int> = convert v2\n\
                 v4: int = call_value(v3, v0)\nprint v4\nreturn\n}}\n"
            ),
            |module| super::super::inline::PASS.run_on(module),
        );
        let main = text.split("func main").nth(1).expect("main is printed");
        assert!(main.contains("closure.new add") && main.contains("int.add v0, v0"), "{text}");
    }
}
