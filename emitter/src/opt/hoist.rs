//! hoist – reads what no round of a loop changes once, before the loop.
//!
//!     b0: jump b1(v1)                         b0: v3 = list.get v0, v9
//!     b1(v2):                                     jump b1(v1)
//!         v3 = list.get v0, v9        =>      b1(v2):
//!         v4 = list.get v3, v2                    v4 = list.get v3, v2
//!
//! Worth it because Cranelift moves no load out of a loop, and none of what hangs on it: here the row of a
//! matrix, its buffer and its length.
//!
//! Legal when the operands come from outside of the loop, nothing in it may write such a place
//! ([`Writes`]), and every round of the loop gets to the instruction: those at its beginning, up to the
//! first branch. What may fail must also come before anything that is seen from outside or fails
//! otherwise, as the first round would do that first.

use super::{Pass, Run};
use crate::analysis::{Cfg, Dominators, LoopData, Loops, Slot, WriteSet, Writes};
use crate::ir::{
    Block, ENTRY, Effect, Function, Inst, Kind, MochiOp, Module, Op, Phase, Target, Terminator, Value, ValueDef,
};

pub const PASS: Pass = Pass { name: "hoist", run: Run::OnModule(run) };

fn run(module: &mut Module) {
    let reads = |func: &Function| {
        let insts = func.blocks.iter().flat_map(|block| &block.insts);
        func.phase == Phase::Pure && func.import.is_none() && insts.clone().any(|&inst| reads(func, inst).is_some())
    };
    if !module.functions.iter().any(reads) {
        return;
    }
    let writes = Writes::new(module);
    for func in &mut module.functions {
        if reads(func) {
            hoist_from_loops(func, &writes);
        }
    }
}

/// What an instruction that may be moved reads.
enum Read {
    /// What never changes.
    Constant,
    Place(Slot),
}

fn reads(func: &Function, inst: Inst) -> Option<Read> {
    let data = func.inst(inst);
    match data.op {
        Op::Mochi(MochiOp::StrLen) => Some(Read::Constant),
        Op::Mochi(MochiOp::ListLen) => match func.ty(data.args[0]).kind {
            Kind::List(list) => Some(Read::Place(Slot::Elements(list))),
            _ => None,
        },
        Op::Mochi(MochiOp::RecordGet | MochiOp::ListGet | MochiOp::ListAt | MochiOp::LoadGlobal) => {
            Slot::read_by(func, inst).map(Read::Place)
        }
        _ => None,
    }
}

fn hoist_from_loops(func: &mut Function, writes: &Writes) {
    let cfg = Cfg::new(func);
    let loops = Loops::new(func, &cfg, &Dominators::new(&cfg));
    if !loops.is_reducible() {
        return;
    }
    let mut homes = vec![ENTRY; func.insts.len()];
    for &block in cfg.rpo() {
        func.block(block).insts.iter().for_each(|inst| homes[inst.index()] = block);
    }
    for (_, data) in loops.iter() {
        let written = writes.of_blocks(func, &data.blocks);
        let found = find(func, &cfg, data, &written, &homes);
        if found.is_empty() {
            continue;
        }
        let Some(before) = block_before(func, &cfg, data) else { continue };
        for &inst in &found {
            func.block_mut(homes[inst.index()]).insts.retain(|&other| other != inst);
            homes[inst.index()] = before;
        }
        func.block_mut(before).insts.extend(found);
    }
}

/// The instructions of a loop that can stand before it, in their order.
fn find(func: &Function, cfg: &Cfg, data: &LoopData, written: &WriteSet, homes: &[Block]) -> Vec<Inst> {
    let mut found: Vec<Inst> = Vec::new();
    let mut something_happened = false;
    let mut block = data.header;
    loop {
        for &inst in &func.block(block).insts {
            // Constants come along.
            let mut constants: Vec<Inst> = Vec::new();
            let mut is_outside = |&arg: &Value| match func.def(arg) {
                ValueDef::Param(home, _) => !data.blocks.contains(&home),
                ValueDef::Result(by, _) if found.contains(&by) || !data.blocks.contains(&homes[by.index()]) => true,
                ValueDef::Result(by, _) => {
                    if !constants.contains(&by) {
                        constants.push(by);
                    }
                    func.inst(by).op == Op::Mochi(MochiOp::IntConst)
                }
            };
            let op = func.inst(inst).op;
            let is_same = match reads(func, inst) {
                Some(Read::Constant) => true,
                Some(Read::Place(slot)) => !written.contains(slot),
                None => false,
            };
            let may_fail = op == Op::Mochi(MochiOp::ListGet);
            if is_same && !(may_fail && something_happened) && func.inst(inst).args.iter().all(&mut is_outside) {
                found.extend(constants);
                found.push(inst);
            } else {
                something_happened |= matches!(op.effect(), Effect::Write | Effect::Fail);
            }
        }
        match func.block(block).term {
            Terminator::Jump(ref target)
                if target.block != data.header
                    && data.blocks.contains(&target.block)
                    && cfg.preds(target.block).len() == 1 =>
            {
                block = target.block;
            }
            _ => return found,
        }
    }
}

/// The block from which alone the loop is entered, and which goes nowhere else; made if it is an edge.
fn block_before(func: &mut Function, cfg: &Cfg, data: &LoopData) -> Option<Block> {
    let mut entries = cfg.preds(data.header).iter().filter(|pred| !data.latches.contains(pred));
    let (&entry, None) = (entries.next()?, entries.next()) else { return None };
    let term = &func.block(entry).term;
    if let Terminator::Jump(_) = term {
        return Some(entry);
    }
    if term.targets().filter(|target| target.block == data.header).count() != 1 {
        return None;
    }
    let before = func.add_block();
    func.block_mut(before).cold = func.block(data.header).cold;
    let mut inner = None;
    for target in func.block_mut(entry).term.targets_mut().filter(|target| target.block == data.header) {
        inner = Some(std::mem::replace(target, Target { block: before, args: Vec::new() }));
    }
    func.block_mut(before).term = Terminator::Jump(inner?);
    Some(before)
}

#[cfg(test)]
mod tests {
    use super::PASS;
    use crate::opt::testing::after;

    /// What a loop over `v3` with these lines in its body becomes; `v0` is a list of rows, `v1` an index.
    fn looped(lines: &str) -> String {
        let text = format!(
            "record R {{ a: list<float>, b: int }}
global g0 kept: list<float> = i32 0
start main
func main() {{
b0:
return
}}
func f(v0: list<list<float>>, v1: int, v2: @R, v9: list<float>) pure {{
b0:
    v3: int = int.const 0
    v4: int = int.const 10
    v5 = small.lt v3, v4
    branch v5, b1(v3), b2
b1(v6: int):
{lines}
    v7 = small.add v6, v4
    v8 = small.lt v7, v4
    branch v8, b1(v7), b2
b2:
    return
}}
"
        );
        let text = after(&text, |module| PASS.run_on(module));
        let start = text.find("func f").expect("a function f");
        text[start..].to_owned()
    }

    /// Whether the operation stands in a block without parameters before the loop.
    fn is_before_loop(text: &str, operation: &str) -> bool {
        let at = text.find(operation).unwrap_or_else(|| panic!("{text}"));
        // The block in front of the loop is the only one that goes to it with a jump.
        text[at..].find("jump b1(").is_some_and(|jump| !text[at..at + jump].contains("\nb"))
    }

    #[test]
    fn a_row_is_found_before_its_elements_are_walked() {
        let text = looped("    v10: list<float> = list.get v0, v1\n    v11: float = list.get v10, v6\n    print v11");
        assert!(is_before_loop(&text, "list.get v0"), "{text}");
    }

    #[test]
    fn a_constant_index_comes_along() {
        let text = looped("    v12: int = int.const 3\n    v10: list<float> = list.get v0, v12\n    print v10");
        assert!(is_before_loop(&text, "list.get v0"), "{text}");
    }

    #[test]
    fn fields_and_lengths_are_read_before_the_loop() {
        let text =
            looped("    print v6\n    v10: list<float> = record.get 0 v2\n    v11 = list.len v10\n    print v11");
        assert!(is_before_loop(&text, "record.get") && is_before_loop(&text, "list.len"), "{text}");
    }

    #[test]
    fn what_the_loop_writes_stays() {
        let text = looped("    v10: list<float> = list.get v0, v1\n    list.set v0, v1, v9\n    print v10");
        assert!(!is_before_loop(&text, "list.get v0"), "{text}");
        let text = looped("    v10: list<float> = record.get 0 v2\n    record.set 0 v2, v9\n    print v10");
        assert!(!is_before_loop(&text, "record.get"), "{text}");
        let text = looped("    v10: list<float> = global.load g0\n    global.store g0 v9\n    print v10");
        assert!(!is_before_loop(&text, "global.load"), "{text}");
    }

    #[test]
    fn what_may_fail_stays_behind_what_is_seen() {
        let text = looped("    print v6\n    v10: list<float> = list.get v0, v1\n    print v10");
        assert!(!is_before_loop(&text, "list.get v0"), "{text}");
    }
}
