//! detour – gives what comes after a slow path in a loop a copy of its own.
//!
//!     b1: branch v0, b2, c                  b1: branch v0, b2, c
//!     b2: v1 = …  jump b3(v1)               b2: v1 = …  jump b3(v1)
//!     c cold: v2 = call slow()  jump b3(v2)    c cold: v2 = call slow()  jump b3'(v2)
//!     b3(v3): …  branch v4, b1, b5    =>    b3(v3): …  branch v4, b1, b5(v4)
//!                                           b3'(v5): …  branch v6, b1, b5(v6)
//!
//! Worth it because register allocation keeps what lives across a call in memory, and where the call's
//! block comes back in the middle of a loop, in memory for the rest of the round. With the copy, the round
//! that needs no slow path has no call in it; the other one ends where the next begins.
//!
//! Legal anywhere; done in innermost loops that are small, for the blocks that a cold block of the loop goes
//! back to and all that follow them up to the loop's header.

use super::copies::Copies;
use super::{Pass, Run};
use crate::analysis::{Cfg, Dominators, LoopData, Loops};
use crate::ir::{Block, Function, Op, remove_trivial_params};

pub const PASS: Pass = Pass { name: "detour", run: Run::OnFunction(run) };

/// Most instructions of a loop that is changed.
const LOOP_LIMIT: usize = 80;
/// No function grows beyond this many instructions.
const FUNCTION_LIMIT: usize = 20_000;

fn run(func: &mut Function) {
    if !func.cold && has_cold_block(func) {
        detour_loops(func);
    }
}

fn has_cold_block(func: &Function) -> bool {
    func.blocks.iter().any(|block| block.cold)
}

fn detour_loops(func: &mut Function) {
    let cfg = Cfg::new(func);
    let loops = Loops::new(func, &cfg, &Dominators::new(&cfg));
    if !loops.is_reducible() {
        return;
    }
    let mut changed = false;
    for data in loops.without_inner() {
        if func.insts.len() < FUNCTION_LIMIT {
            changed |= detour(func, data);
        }
    }
    if changed {
        remove_trivial_params(func);
    }
}

/// Changes one loop that has no other in it; whether there was anything to do.
fn detour(func: &mut Function, data: &LoopData) -> bool {
    let size: usize = data.blocks.iter().map(|&block| func.block(block).insts.len()).sum();
    if size > LOOP_LIMIT || func.block(data.header).cold {
        return false;
    }
    let goes_back = |target: Block| target != data.header && data.blocks.contains(&target) && !func.block(target).cold;
    let calls = |&&block: &&Block| {
        let data = func.block(block);
        data.cold && data.insts.iter().any(|&inst| !matches!(func.inst(inst).op, Op::Wasm(_)))
    };
    if data.blocks.iter().filter(calls).count() == 0 {
        return false;
    }
    let is_slow = |&block: &Block| {
        let data = func.block(block);
        data.cold && data.term.targets().any(|target| goes_back(target.block))
    };
    let slow: Vec<Block> = data.blocks.iter().copied().filter(is_slow).collect();
    if slow.is_empty() {
        return false;
    }
    // All that follows, in reverse postorder as the loop's blocks are.
    let mut follows: Vec<Block> = Vec::new();
    let mut work: Vec<Block> =
        slow.iter().flat_map(|&block| func.block(block).term.targets().map(|target| target.block)).collect();
    while let Some(block) = work.pop() {
        if block != data.header && data.blocks.contains(&block) && !follows.contains(&block) {
            follows.push(block);
            work.extend(func.block(block).term.targets().map(|target| target.block));
        }
    }
    let order: Vec<Block> = data.blocks.iter().copied().filter(|block| follows.contains(block)).collect();
    let copies = Copies::make(func, &order, true);
    for block in slow {
        // One that others lead to is copied too, and its copy goes on in copies already.
        func.block_mut(block).term.targets_mut().for_each(|target| {
            target.block = copies.blocks.get(&target.block).copied().unwrap_or(target.block);
        });
    }
    copies.repair(func);
    true
}

#[cfg(test)]
mod tests {
    use super::PASS;
    use crate::opt::testing::after_legalized;

    /// A loop whose second block is reached from a slow path too.
    fn program(slow: &str) -> String {
        format!(
            "func slow(v0: i64) -> i64 legalized {{
b0:
    return v0
}}
func f(v0: i64, v1: i64) -> i64 legalized {{
b0:
    jump b1(v1)
b1(v2: i64):
    v3 = i64.add v2, v0
    v4 = i64.lt_s v3, v1
    branch v4, b2, b3(v3)
b2 cold:
{slow}
b3(v6: i64):
    v7 = i64.sub v6, v1
    v8 = i64.lt_s v7, v0
    branch v8, b1(v7), b4
b4:
    v9 = i64.add v7, v3
    return v9
}}
"
        )
    }

    #[test]
    fn what_follows_a_slow_path_is_copied() {
        let text = after_legalized(&program("    v5: i64 = call slow(v3)\n    jump b3(v5)"), PASS);
        assert_eq!(text.matches("i64.sub").count(), 2, "{text}");
        // Where both rounds leave the loop, their values meet.
        assert!(text.contains("\nb4(v"), "{text}");
    }

    #[test]
    fn a_cold_block_without_calls_stays_a_part_of_the_round() {
        let text = program("    v5 = i64.add v3, v3\n    jump b3(v5)");
        assert_eq!(after_legalized(&text, PASS).matches("i64.sub").count(), 1);
    }

    #[test]
    fn what_only_slow_paths_lead_to_is_moved() {
        let text = after_legalized(
            "func slow(v0: i64) legalized {
b0:
    return
}
func f(v0: i64, v1: i64) -> i64 legalized {
b0:
    jump b1(v1)
b1(v2: i64):
    jump b2
b2 cold:
    call slow(v2)
    jump b3
b3:
    v3 = i64.sub v2, v0
    v4 = i64.lt_s v3, v1
    branch v4, b1(v3), b4
b4:
    return v3
}
",
            PASS,
        );
        assert!(text.contains("unreachable") && text.matches("i64.sub").count() == 1, "{text}");
    }
}
