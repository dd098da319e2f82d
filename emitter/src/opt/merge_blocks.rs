//! merge-blocks – straightens control.
//!
//!     b0: jump b1(v0)                 b0: v2 = i32.add v0, v0
//!     b1(v1): v2 = i32.add v1, v1         branch v2, b3, b3
//!         branch v2, b2, b3      =>   b3: …
//!     b2: jump b3
//!
//! - An edge into a block that only goes on is led to where that block goes; if the block branches
//!   on a parameter and the edge brings a constant for it, to where that leads.
//! - A branch whose targets are one is a jump; arguments that differ are selected.
//! - A block whose only edge comes from a jump becomes part of the block that jumps.
//! - A branch to a cold block names it first: Cranelift lays out what is named last next, and allocates
//!   registers in that order.
//!
//! Worth it for size, and because constants, loads and stores meet in one block: emission keeps
//! values on the stack within a block only. Headers of loops are not skipped: their loops would get
//! a second entry.

use super::{Pass, Run};
use crate::analysis::{Cfg, Dominators, Loops, Uses};
use crate::ir::{
    Block, ENTRY, Function, Imm, Inst, Op, Target, Terminator, Type, Value, ValueDef, WasmOp, remove_trivial_params,
    remove_unreachable_blocks,
};

pub const PASS: Pass = Pass { name: "merge-blocks", run: Run::OnFunction(run) };

fn run(func: &mut Function) {
    straighten(func);
    name_cold_first(func);
}

/// All of the pass but for the order of targets.
pub(super) fn straighten(func: &mut Function) {
    remove_trivial_params(func);
    skip_blocks(func);
    remove_unreachable_blocks(func);
    splice(func);
    remove_unreachable_blocks(func);
    remove_trivial_params(func);
}

fn name_cold_first(func: &mut Function) {
    let is_turned = |func: &Function, block: Block| match &func.block(block).term {
        Terminator::Branch { cond: _, then, otherwise } => {
            !func.block(then.block).cold && func.block(otherwise.block).cold
        }
        Terminator::Jump(_) | Terminator::Return(_) | Terminator::Unreachable => false,
    };
    let turned: Vec<Block> = func.block_ids().filter(|&block| is_turned(func, block)).collect();
    if turned.is_empty() {
        return;
    }
    let uses = Uses::new(func);
    for block in turned {
        let Terminator::Branch { cond, then, otherwise } = func.block(block).term.clone() else { continue };
        let test = match func.def(cond) {
            ValueDef::Result(inst, _) if uses.is_single(cond) => Some(inst),
            ValueDef::Result(..) | ValueDef::Param(..) => None,
        };
        let mut opposite = None;
        if let Some(inst) = test
            && let Op::Wasm(op) = func.inst(inst).op
        {
            if let Some(negated) = op.negated() {
                func.inst_mut(inst).op = negated.into();
                opposite = Some(cond);
            } else if op == WasmOp::I32Eqz {
                opposite = Some(func.inst(inst).args[0]);
            }
        }
        let cond = opposite.unwrap_or_else(|| {
            let inst = func.append_inst(block, WasmOp::I32Eqz.into(), vec![cond], Imm::None, &[Type::I32], None);
            func.inst(inst).results[0]
        });
        func.block_mut(block).term = Terminator::Branch { cond, then: otherwise, otherwise: then };
    }
}

/// Leads edges past blocks that only go on.
fn skip_blocks(func: &mut Function) {
    let mut may_skip = skippable(func);
    raise_constants(func, &may_skip);
    // Successors first, so that what an edge is led past has been shortened already.
    let order: Vec<Block> = Cfg::new(func).rpo().iter().rev().copied().collect();
    for block in order {
        let mut term = func.block(block).term.clone();
        for target in term.targets_mut() {
            // A ring of such blocks is a loop, whose header is not skipped.
            while let Some(next) = beyond(func, &may_skip, target) {
                *target = next;
            }
        }
        if let Terminator::Branch { cond, then, otherwise } = &term
            && then.block == otherwise.block
            && then.args.iter().zip(&otherwise.args).filter(|(a, b)| a != b).count() <= MOST_SELECTED
        {
            let args = then.args.iter().zip(&otherwise.args).map(|(&a, &b)| select(func, block, *cond, a, b)).collect();
            term = Terminator::Jump(Target { block: then.block, args });
            // A block that selects does more than go on.
            may_skip[block.index()] &= func.block(block).insts.is_empty();
        }
        func.block_mut(block).term = term;
    }
}

/// Most arguments that are selected in place of a branch: each costs about what a move does.
const MOST_SELECTED: usize = 2;

/// `a` if `cond` holds, else `b`; both are at hand at the end of `block`.
fn select(func: &mut Function, block: Block, cond: Value, a: Value, b: Value) -> Value {
    if a == b {
        return a;
    }
    let int = |value: Value| match func.def(value) {
        ValueDef::Result(inst, _) => match func.inst(inst).imm {
            Imm::I32(value) => Some(value),
            Imm::None
            | Imm::I64(_)
            | Imm::F64(_)
            | Imm::Offset(_)
            | Imm::Func(_)
            | Imm::Sig(_)
            | Imm::Record(_)
            | Imm::Global(_)
            | Imm::Data(_)
            | Imm::Shape(_) => None,
        },
        ValueDef::Param(..) => None,
    };
    let is_test = match func.def(cond) {
        ValueDef::Result(inst, _) => matches!(func.inst(inst).op, Op::Wasm(op) if op.is_test()),
        ValueDef::Param(..) => false,
    };
    let (op, args) = match (int(a), int(b)) {
        (Some(1), Some(0)) if is_test => return cond,
        (Some(0), Some(1)) => (WasmOp::I32Eqz, vec![cond]),
        _ => match func.ty(a) {
            Type::I32 => (WasmOp::I32Select, vec![a, b, cond]),
            Type::I64 => (WasmOp::I64Select, vec![a, b, cond]),
            _ => (WasmOp::F64Select, vec![a, b, cond]),
        },
    };
    let ty = func.ty(a);
    let inst = func.append_inst(block, op.into(), args, Imm::None, &[ty], None);
    func.inst(inst).results[0]
}

/// The blocks that have constants at most, do not head a loop, and whose parameters are used by
/// their own terminators only.
fn skippable(func: &Function) -> Vec<bool> {
    let cfg = Cfg::new(func);
    let loops = Loops::new(func, &cfg, &Dominators::new(&cfg));
    let mut skippable: Vec<bool> = func
        .block_ids()
        .map(|block| {
            let data = func.block(block);
            let goes_on = match data.term {
                Terminator::Jump(_) => true,
                Terminator::Branch { cond, then: _, otherwise: _ } => {
                    matches!(func.def(cond), ValueDef::Param(home, _) if home == block)
                }
                Terminator::Return(_) | Terminator::Unreachable => false,
            };
            block != ENTRY
                && goes_on
                && cfg.is_reachable(block)
                && !loops.is_header(block)
                && data.insts.iter().all(|&inst| is_constant(func, inst))
        })
        .collect();
    for block in func.block_ids() {
        let mut used_in = |value: Value| {
            if let ValueDef::Param(home, _) = func.def(value)
                && home != block
            {
                skippable[home.index()] = false;
            }
        };
        let data = func.block(block);
        for &inst in &data.insts {
            func.inst(inst).args.iter().for_each(|&arg| used_in(arg));
        }
        data.term.uses().for_each(used_in);
    }
    skippable
}

fn is_constant(func: &Function, inst: Inst) -> bool {
    let data = func.inst(inst);
    data.args.is_empty()
        && match (data.op, data.imm) {
            (Op::Wasm(_), Imm::I32(_) | Imm::I64(_) | Imm::F64(_) | Imm::Data(_)) => true,
            (Op::Wasm(op), _) => matches!(op, WasmOp::HeapBase | WasmOp::FuncIndex),
            (Op::Call | Op::CallIndirect | Op::CallValue | Op::Mochi(_), _) => false,
        }
}

/// Moves the constants of blocks that may be skipped to the entry, as the edges led past them
/// keep passing them on. Where a constant is made costs nothing: each use makes its own.
fn raise_constants(func: &mut Function, may_skip: &[bool]) {
    let mut raised = Vec::new();
    for block in func.block_ids().filter(|block| may_skip[block.index()]) {
        raised.append(&mut func.block_mut(block).insts);
    }
    func.block_mut(ENTRY).insts.splice(0..0, raised);
}

/// Where an edge may go instead of its target.
fn beyond(func: &Function, may_skip: &[bool], target: &Target) -> Option<Target> {
    if !may_skip[target.block.index()] {
        return None;
    }
    let data = func.block(target.block);
    let arg = |value: Value| match func.def(value) {
        ValueDef::Param(home, position) if home == target.block => target.args[position as usize],
        ValueDef::Param(..) | ValueDef::Result(..) => value,
    };
    let next = match &data.term {
        Terminator::Jump(next) => next,
        Terminator::Branch { cond, then, otherwise } => match func.def(arg(*cond)) {
            ValueDef::Result(inst, _) => match func.inst(inst).imm {
                Imm::I32(0) => otherwise,
                Imm::I32(_) => then,
                Imm::None
                | Imm::I64(_)
                | Imm::F64(_)
                | Imm::Offset(_)
                | Imm::Func(_)
                | Imm::Sig(_)
                | Imm::Record(_)
                | Imm::Global(_)
                | Imm::Data(_)
                | Imm::Shape(_) => {
                    return None;
                }
            },
            ValueDef::Param(..) => return None,
        },
        Terminator::Return(_) | Terminator::Unreachable => return None,
    };
    Some(Target { block: next.block, args: next.args.iter().map(|&value| arg(value)).collect() })
}

/// Joins each block to the one that jumps to it and nobody else does.
fn splice(func: &mut Function) {
    let mut edges = vec![0u32; func.blocks.len()];
    edges[ENTRY.index()] = 1;
    for block in &func.blocks {
        block.term.targets().for_each(|target| edges[target.block.index()] += 1);
    }
    let mut same: Vec<Value> = (0..func.values.len()).map(Value::new).collect();
    let mut joined = vec![false; func.blocks.len()];
    for block in func.block_ids() {
        if joined[block.index()] {
            continue;
        }
        while let Terminator::Jump(target) = &func.block(block).term
            && edges[target.block.index()] == 1
            && target.block != block
        {
            let Target { block: next, args } = target.clone();
            joined[next.index()] = true;
            let data = func.block_mut(next);
            let params = std::mem::take(&mut data.params);
            let mut insts = std::mem::take(&mut data.insts);
            let term = std::mem::replace(&mut data.term, Terminator::Unreachable);
            let cold = data.cold;
            for (param, arg) in params.into_iter().zip(args) {
                same[param.index()] = arg;
            }
            let data = func.block_mut(block);
            data.insts.append(&mut insts);
            data.term = term;
            // What only leads to a cold block runs no more often.
            data.cold |= cold;
        }
    }
    // Parameters of a chain stand for one another; each link is followed once.
    for index in 0..same.len() {
        let mut root = same[index];
        while same[root.index()] != root {
            root = same[root.index()];
        }
        let mut at = Value::new(index);
        while same[at.index()] != root {
            at = std::mem::replace(&mut same[at.index()], root);
        }
    }
    for inst in &mut func.insts {
        inst.args.iter_mut().for_each(|arg| *arg = same[arg.index()]);
    }
    for block in &mut func.blocks {
        block.term.map_uses(|value| same[value.index()]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::after_legalized;
    use super::PASS;

    #[test]
    fn a_condition_that_is_passed_on_is_decided_where_it_is_known() {
        // `a && b` as a condition.
        let text = after_legalized(
            r#"
func f(v0: i32, v1: i32) -> i32 legalized {
b0:
    branch v0, b1, b2
b1:
    jump b3(v1)
b2:
    v2 = i32.const 0
    jump b3(v2)
b3(v3: i32):
    branch v3, b4, b5
b4:
    return v0
b5:
    return v1
}
"#,
            PASS,
        );
        assert_eq!(
            text,
            "\
func f(v0: i32, v1: i32) -> i32 legalized {
b0:
    v2 = i32.const 0
    branch v0, b1, b3
b1:
    branch v1, b2, b3
b2:
    return v0
b3:
    return v1
}
"
        );
    }

    #[test]
    fn a_block_that_selects_is_not_skipped() {
        let text = after_legalized(
            r#"
func f(v0: i32, v1: i32) -> i32 legalized {
b0:
    branch v0, b1(v1), b2
b1(v2: i32):
    branch v2, b3(v0), b3(v1)
b2:
    jump b1(v0)
b3(v3: i32):
    return v3
}
"#,
            PASS,
        );
        assert!(text.contains("i32.select v0, v1, v2"), "{text}");
    }

    #[test]
    fn a_loop_keeps_its_header() {
        let loops = r#"
func f(v0: i32) legalized {
b0:
    v1 = i32.const 1
    jump b1(v1)
b1(v2: i32):
    branch v2, b2, b3
b2:
    jump b1(v0)
b3:
    return
}
"#;
        let text = after_legalized(loops, PASS);
        assert!(text.contains("branch v2, b1(v0), b2"), "{text}");
    }
}
