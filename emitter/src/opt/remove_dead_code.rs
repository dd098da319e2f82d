//! remove-dead-code – takes out what nobody needs.
//!
//!     b1(v1: i32, v2: i32):           b1(v1: i32):
//!       v3 = i32.load v1         =>     branch v1, b1(v1), b2
//!       branch v1, b1(v1, v3), b2
//!
//! Instructions without effect whose results nobody needs, and the block parameters that only
//! such instructions use, with the arguments of every edge. Emission leaves dead code out by
//! itself; this pass is for those that come between, who count instructions and uses.

use super::{Pass, Run};
use crate::analysis::{Cfg, Needed};
use crate::ir::{ENTRY, Function, ValueDef, remove_unreachable_blocks};

pub const PASS: Pass = Pass { name: "remove-dead-code", run: Run::OnFunction(run) };

fn run(func: &mut Function) {
    remove_unreachable_blocks(func);
    clean(func);
}

fn clean(func: &mut Function) {
    let cfg = Cfg::new(func);
    let needed = Needed::new(func, &cfg);
    let kept: Vec<Vec<bool>> = func
        .blocks
        .iter()
        .enumerate()
        .map(|(index, block)| {
            let is_entry = index == ENTRY.index();
            block.params.iter().map(|&param| is_entry || needed.is_needed(param)).collect()
        })
        .collect();
    for block in func.block_ids() {
        let data = func.block_mut(block);
        data.insts.retain(|&inst| needed.has_inst(inst));
        keep(&mut data.params, &kept[block.index()]);
        for target in data.term.targets_mut() {
            keep(&mut target.args, &kept[target.block.index()]);
        }
        for (position, param) in func.block(block).params.clone().into_iter().enumerate() {
            func.values[param.index()].def = ValueDef::Param(block, position as u32);
        }
    }
}

fn keep<T>(items: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    items.retain(|_| *kept.next().expect("one flag an item"));
}

#[cfg(test)]
mod tests {
    use super::super::testing::after_legalized;
    use super::PASS;

    #[test]
    fn a_variable_that_only_feeds_itself_goes() {
        let text = after_legalized(
            r#"
func f(v0: i32) -> i32 legalized {
b0:
    jump b1(v0, v0)
b1(v1: i32, v2: i32):
    v3 = i32.load offset=4 v1
    v4 = i32.add v1, v3
    v5 = i32.shr_u v2, v2
    branch v5, b1(v4, v5), b2
b2:
    return v5
}
"#,
            PASS,
        );
        assert_eq!(
            text,
            "\
func f(v0: i32) -> i32 legalized {
b0:
    jump b1(v0)
b1(v1: i32):
    v2 = i32.shr_u v1, v1
    branch v2, b1(v2), b2
b2:
    return v2
}
"
        );
    }
}
