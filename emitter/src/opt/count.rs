//! count – makes sharing explicit: which function owns what, and where shares are taken and given up.
//!
//!     v2 = str.concat v0, v1          dup v0
//!     print v0                   =>   v2 = str.concat v0, v1
//!     return v2                       print v0
//!                                     drop v0
//!                                     return v2
//!
//! Two steps. *Borrow inference* decides for the whole module which parameters a function takes
//! over: one that some path consumes, stores or returns is owned, every other stays with the
//! caller (the smallest such set, found by iterating from "all borrowed"). *Insertion* then walks
//! each block backward with the set of live values: the last use of an owned value moves its share
//! into an operand that consumes, any earlier consuming use takes a new share first, and a value
//! that dies at a borrowing use, on an edge or unused is dropped right there. A flex operand that
//! dies is marked as consumed, which costs nothing on the hot path of a checked operation.
//! A block that ends in `unreachable` (the program fails there) drops nothing. What is read from a place
//! that keeps it for as long as it is used takes no share at all (see `analysis::Lending`).
//!
//! After "Perceus: Garbage Free Reference Counting with Reuse" (PLDI 2021) and "Counting
//! Immutable Beans" (IFL 2019). The unoptimised build runs this pass too: it is the meaning of
//! the counted phase, not an optimisation.

use crate::analysis::{BitSet, Cfg, Lending, Liveness, Writes, lending_op};
use crate::ir::{
    Block, BlockData, Function, Imm, Inst, MochiOp, Module, Op, Ownership, Phase, Signature, Target, Terminator, Value,
    ValueDef,
};

/// Takes every function of the module from the pure to the counted phase.
pub fn count(module: &mut Module) {
    infer_borrowed_params(module);
    let signatures: Vec<Signature> = module.functions.iter().map(|func| func.sig.clone()).collect();
    let writes = Writes::new(module);
    for func in &mut module.functions {
        if func.phase == Phase::Pure && func.import.is_none() {
            split_edges(func);
            insert(func, &signatures, &writes);
            func.phase = Phase::Counted;
        }
    }
}

/// How an instruction treats each of its operands.
fn ownership(op: Op, imm: Imm, index: usize, signatures: &[Signature]) -> Ownership {
    match (op, imm) {
        (Op::Mochi(op), _) => op.params()[index].0,
        (Op::Wasm(_) | Op::CallIndirect, _) => Ownership::Borrow,
        (Op::Call, Imm::Func(callee)) if signatures[callee.index()].params[index].owned => Ownership::Own,
        (Op::CallValue, _) if index > 0 => Ownership::Own,
        (Op::Call | Op::CallValue, _) => Ownership::Borrow,
    }
}

/// Marks the parameters of pure functions as owned where a path consumes them, else as borrowed.
fn infer_borrowed_params(module: &mut Module) {
    let mut signatures: Vec<Signature> = Vec::with_capacity(module.functions.len());
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); module.functions.len()];
    let mut work = Vec::new();
    let called_by_value = module.called_by_value();
    for (index, func) in module.functions.iter().enumerate() {
        let mut sig = func.sig.clone();
        if called_by_value[index] {
            // Whoever calls a function value does not know whose code it is.
            for (position, param) in sig.params.iter_mut().enumerate() {
                param.owned = position > 0 && param.ty.is_counted();
            }
        } else if func.phase == Phase::Pure && func.import.is_none() {
            sig.params.iter_mut().for_each(|param| param.owned = false);
            work.push(index);
            for data in &func.insts {
                if let (Op::Call, Imm::Func(callee)) = (data.op, data.imm) {
                    callers[callee.index()].push(index);
                }
            }
        }
        signatures.push(sig);
    }
    let mut queued = vec![true; module.functions.len()];
    while let Some(index) = work.pop() {
        queued[index] = false;
        let func = &module.functions[index];
        let mut consumed = vec![false; func.params().len()];
        let mut consume = |value: Value| {
            if let ValueDef::Param(block, position) = func.def(value)
                && block == crate::ir::ENTRY
                && func.ty(value).is_counted()
            {
                consumed[position as usize] = true;
            }
        };
        for block in &func.blocks {
            for &inst in &block.insts {
                let data = func.inst(inst);
                for (at, &arg) in data.args.iter().enumerate() {
                    if ownership(data.op, data.imm, at, &signatures) == Ownership::Own {
                        consume(arg);
                    }
                }
            }
            block.term.uses().for_each(&mut consume);
        }
        let mut changed = false;
        for (param, consumed) in signatures[index].params.iter_mut().zip(consumed) {
            changed |= consumed && !param.owned;
            param.owned |= consumed;
        }
        if changed {
            for &caller in &callers[index] {
                if !std::mem::replace(&mut queued[caller], true) {
                    work.push(caller);
                }
            }
        }
    }
    for (func, sig) in module.functions.iter_mut().zip(signatures) {
        func.sig = sig;
    }
}

/// Gives a block of its own to every branch edge that carries arguments or enters a block with
/// several predecessors, so that what happens on the edge has a place.
fn split_edges(func: &mut Function) {
    let mut preds = vec![0u32; func.blocks.len()];
    for block in &func.blocks {
        block.term.targets().for_each(|target| preds[target.block.index()] += 1);
    }
    for index in 0..func.blocks.len() {
        let Terminator::Branch { cond, then, otherwise } = &func.blocks[index].term else { continue };
        let (cond, mut then, mut otherwise) = (*cond, then.clone(), otherwise.clone());
        for target in [&mut then, &mut otherwise] {
            if !target.args.is_empty() || preds[target.block.index()] > 1 {
                let cold = func.block(target.block).cold;
                let edge = func.add_block();
                let inner = std::mem::replace(target, Target { block: edge, args: Vec::new() });
                let data = func.block_mut(edge);
                data.term = Terminator::Jump(inner);
                data.cold = cold;
            }
        }
        func.blocks[index].term = Terminator::Branch { cond, then, otherwise };
    }
}

/// What insertion knows about the function it works on.
struct Ctx<'a> {
    signatures: &'a [Signature],
    /// Values that hold a share of their own.
    owned: BitSet,
    /// Values whose share stays with the caller, or with what they were read from.
    borrowed: BitSet,
    lending: Lending,
}

fn insert(func: &mut Function, signatures: &[Signature], writes: &Writes) {
    let cfg = Cfg::new(func);
    let lending = Lending::new(func, &cfg, writes, |inst, index| {
        let data = func.inst(inst);
        ownership(data.op, data.imm, index, signatures)
    });
    let liveness = Liveness::with_holders(func, &cfg, lending.holders());
    let mut owned = BitSet::new();
    let mut borrowed = BitSet::new();
    for index in 0..func.values.len() {
        let value = Value::new(index);
        if !func.ty(value).is_counted() || is_uncounted(func, value) {
            continue;
        }
        match func.def(value) {
            ValueDef::Param(crate::ir::ENTRY, position) if !func.sig.params[position as usize].owned => {
                borrowed.insert(index);
            }
            ValueDef::Result(inst, _) if lending.is_lent(value) => {
                func.inst_mut(inst).op = lending_op(func.inst(inst).op);
                borrowed.insert(index);
            }
            ValueDef::Param(..) | ValueDef::Result(..) => {
                owned.insert(index);
            }
        }
    }
    let ctx = Ctx { signatures, owned, borrowed, lending };
    for block in func.block_ids() {
        insert_in_block(func, &ctx, &cfg, &liveness, block);
    }
}

/// Whether the value never needs counting although its type is counted: constants and small ints.
fn is_uncounted(func: &Function, value: Value) -> bool {
    match func.def(value) {
        ValueDef::Result(inst, _) => match func.inst(inst).op {
            Op::Mochi(op) => op.result_is_uncounted(),
            Op::Wasm(_) | Op::Call | Op::CallIndirect | Op::CallValue => false,
        },
        ValueDef::Param(..) => false,
    }
}

fn insert_in_block(func: &mut Function, ctx: &Ctx<'_>, cfg: &Cfg, liveness: &Liveness, block: Block) {
    let old = std::mem::take(&mut func.block_mut(block).insts);
    let term = func.block(block).term.clone();
    // Filled from the end.
    let mut new = Vec::with_capacity(old.len());
    let fails = term == Terminator::Unreachable;
    let mut live = liveness.live_out(block).clone();

    let mut consumed: Vec<Value> = term.uses().filter(|&value| func.ty(value).is_counted()).collect();
    consumed.sort_unstable();
    for group in consumed.chunk_by(|a, b| a == b) {
        let value = group[0];
        // A jump's arguments and a return's values are consumed; what lives on keeps a share too.
        let spare = ctx.owned.contains(value.index()) && !live.contains(value.index());
        add_dups(func, ctx, &mut new, value, group.len() - spare as usize);
        live.insert(value.index());
    }
    // Who holds what is used here is not needed any more; it goes when there are shares of that.
    let kept: Vec<Value> = consumed.iter().flat_map(|&value| ctx.lending.chain(value)).collect();
    let dups = new.len();
    kept.into_iter().for_each(|holder| drop_dead_holder(func, ctx, &mut new, &mut live, holder));
    new.rotate_left(dups);

    for &inst in old.iter().rev() {
        for at in 0..func.inst(inst).results.len() {
            let result = func.inst(inst).results[at];
            if !fails && ctx.owned.contains(result.index()) && !live.contains(result.index()) {
                add_drop(func, &mut new, result);
            }
            live.remove(result.index());
        }
        count_operands(func, ctx, &mut new, &mut live, inst, fails);
    }
    if fails {
        new.reverse();
        func.block_mut(block).insts = new;
        return;
    }

    // What arrives here with a share but is never used: parameters, and what died on this edge.
    let params: Vec<Value> = func.block(block).params.clone();
    for &param in &params {
        if ctx.owned.contains(param.index()) && !live.contains(param.index()) {
            add_drop(func, &mut new, param);
        }
    }
    if let [pred] = cfg.preds(block)[..]
        && matches!(func.block(pred).term, Terminator::Branch { .. })
    {
        let dead: Vec<usize> = liveness.live_out(pred).iter().filter(|&index| !live.contains(index)).collect();
        for index in dead {
            if ctx.owned.contains(index) {
                add_drop(func, &mut new, Value::new(index));
            }
        }
    }
    new.reverse();
    let data: &mut BlockData = func.block_mut(block);
    data.insts = new;
}

/// Adds `inst` and the counting around it; `live` goes from after it to before it.
fn count_operands(func: &mut Function, ctx: &Ctx<'_>, new: &mut Vec<Inst>, live: &mut BitSet, inst: Inst, fails: bool) {
    let data = func.inst(inst);
    let (op, imm) = (data.op, data.imm);
    let mut uses: Vec<(Value, Ownership, usize)> = data
        .args
        .iter()
        .enumerate()
        .filter(|&(_, &arg)| func.ty(arg).is_counted())
        .map(|(at, &arg)| (arg, ownership(op, imm, at, ctx.signatures), at))
        .collect();
    uses.sort_by_key(|&(value, _, at)| (value, at));
    let mut dups = Vec::new();
    for group in uses.chunk_by(|a, b| a.0 == b.0) {
        let value = group[0].0;
        let owning = group.iter().filter(|&&(_, own, _)| own == Ownership::Own).count();
        let dies = ctx.owned.contains(value.index()) && !live.contains(value.index());
        let only_owning = owning == group.len();
        let moved = dies && only_owning;
        dups.push((value, owning - (moved && owning > 0) as usize));
        if dies && !only_owning {
            let flex = group.iter().find(|&&(_, own, _)| own == Ownership::Flex);
            match flex {
                // Nothing else in the group borrows: the operation gives up the share when it is done.
                Some(&(_, _, at)) if owning == 0 => func.inst_mut(inst).consumed |= 1 << at,
                _ if fails => {}
                _ => add_drop(func, new, value),
            }
        }
        live.insert(value.index());
    }
    let held: Vec<Value> = func.inst(inst).args.iter().flat_map(|&arg| ctx.lending.chain(arg)).collect();
    for holder in held {
        if !fails {
            drop_dead_holder(func, ctx, new, live, holder);
        } else {
            live.insert(holder.index());
        }
    }
    new.push(inst);
    for (value, count) in dups {
        add_dups(func, ctx, new, value, count);
    }
}

/// Drops what held a value whose last use is here, if nothing else needs it afterwards.
fn drop_dead_holder(func: &mut Function, ctx: &Ctx<'_>, new: &mut Vec<Inst>, live: &mut BitSet, holder: Value) {
    if live.insert(holder.index()) && ctx.owned.contains(holder.index()) {
        add_drop(func, new, holder);
    }
}

fn add_dups(func: &mut Function, ctx: &Ctx<'_>, new: &mut Vec<Inst>, value: Value, count: usize) {
    if ctx.owned.contains(value.index()) || ctx.borrowed.contains(value.index()) {
        for _ in 0..count {
            new.push(func.make_inst(MochiOp::Dup.into(), vec![value], Imm::None, &[], None));
        }
    }
}

fn add_drop(func: &mut Function, new: &mut Vec<Inst>, value: Value) {
    new.push(func.make_inst(MochiOp::Drop.into(), vec![value], Imm::None, &[], None));
}

#[cfg(test)]
mod tests {
    use super::count;
    use crate::opt::testing::after;

    fn counted(body: &str) -> String {
        let text = after(&format!("start main\nfunc main() {{\nb0:\nreturn\n}}\n{body}"), count);
        text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_last_use_moves_and_an_earlier_one_takes_a_share() {
        let text =
            counted("func f(v0: own str, v1: str) -> str {\nb0:\nv2 = str.concat v0, v1\nprint v0\nreturn v2\n}\n");
        assert!(text.contains("dup v0\nv2 = str.concat v0, v1\nprint v0\ndrop v0\nreturn v2"), "{text}");
        let text = counted("func f(v0: own str, v1: str) -> str {\nb0:\nv2 = str.concat v0, v1\nreturn v2\n}\n");
        assert!(text.contains("b0:\nv2 = str.concat v0, v1\nreturn v2"), "{text}");
    }

    #[test]
    fn parameters_that_no_path_consumes_are_borrowed() {
        let text = counted("func f(v0: own str, v1: own int) -> bool {\nb0:\nv2 = truthy v0\nreturn v2\n}\n");
        assert!(text.contains("func f(v0: str, v1: int)"), "{text}");
        assert!(!text.contains("drop"), "{text}");
    }

    #[test]
    fn a_caller_of_an_owning_function_owns_too() {
        let text = counted(
            "func keep(v0: str) -> str {\nb0:\nreturn v0\n}\n\
             func f(v0: str) -> str {\nb0:\nv1: str = call keep(v0)\nreturn v1\n}\n",
        );
        assert!(text.contains("func f(v0: own str)"), "{text}");
        assert!(!text.contains("dup"), "{text}");
    }

    #[test]
    fn a_flex_operand_that_dies_is_consumed_by_the_operation() {
        let text = counted(
            "func f(v0: int) -> int {\nb0:\nv1: int = int.add v0, v0\nv2: int = int.mul v1, v1\nreturn v2\n}\n",
        );
        assert!(text.contains("int.add v0, v0"), "{text}");
        assert!(text.contains("int.mul !v1, v1"), "{text}");
    }

    #[test]
    fn what_dies_on_one_edge_is_dropped_there() {
        let text = counted(
            "func f(v0: str, v1: bool) -> str {\nb0:\nv2 = str.upper v0\nbranch v1, b1, b2\nb1:\nreturn v2\n\
             b2:\nv3 = str.lower v0\nreturn v3\n}\n",
        );
        assert!(text.contains("drop v2\nv3 = str.lower v0"), "{text}");
    }

    #[test]
    fn a_path_that_fails_drops_nothing() {
        let text = counted(
            "data d0 \"no\"\nfunc f(v0: str, v1: bool) -> str {\nb0:\nv2 = str.upper v0\nbranch v1, b1, b2\nb1:\n\
             return v2\nb2:\nfail d0\nunreachable\n}\n",
        );
        assert!(!text.contains("drop"), "{text}");
    }

    #[test]
    fn constants_are_never_counted() {
        let text = counted("func f() -> int {\nb0:\nv0: int = int.const 7\nprint v0\nprint v0\nreturn v0\n}\n");
        assert!(!text.contains("dup") && !text.contains("drop"), "{text}");
    }

    /// A record with a name, a next one and a list, and a function that gives a record a new name.
    const RECORDS: &str = "record R { name: str, next: @R?, all: list<@R> }\n\
        func rename(v0: @R, v1: str) noinline {\nb0:\nrecord.set 0 v0, v1\nreturn\n}\n";

    #[test]
    fn what_a_record_keeps_takes_no_share() {
        let text = counted(&format!(
            "{RECORDS}func f(v0: @R) -> int {{\nb0:\nv1: @R? = record.get 1 v0\nv2: @R = convert v1\n\
             v3: str = record.get 0 v0\nv4 = str.len v3\nv5: list<@R> = record.get 2 v0\nv6: @R = list.get v5, v4\n\
             v7: str = record.get 0 v6\nv8 = str.len v7\nreturn v8\n}}\n"
        ));
        let f = text.split("func f(").nth(1).expect("f is printed");
        assert!(f.contains("v3: str = record.peek 0 v0\nv4 = str.len v3\nv5: list<@R> = record.peek 2 v0"), "{f}");
        assert!(f.contains("v6: @R = list.peek v5, v4\nv7: str = record.peek 0 v6\nv8 = str.len v7\nreturn"), "{f}");
    }

    #[test]
    fn who_holds_what_is_used_is_dropped_after_it() {
        let text = counted(&format!(
            "{RECORDS}func f(v0: str) -> bool {{\nb0:\nv1: @R = record.new\nrecord.init 0 v1, v0\n\
             v2: str = record.get 0 v1\nv3 = str.eq v2, v0\nreturn v3\n}}\n"
        ));
        assert!(text.contains("v2: str = record.peek 0 v1\nv3 = str.eq v2, v0\ndrop v1\n"), "{text}");
        let text = counted(&format!(
            "{RECORDS}func f(v0: str) -> str {{\nb0:\nv1: @R = record.new\nrecord.init 0 v1, v0\n\
             v2: str = record.get 0 v1\nreturn v2\n}}\n"
        ));
        assert!(text.contains("v2: str = record.peek 0 v1\ndup v2\ndrop v1\nreturn v2"), "{text}");
    }

    #[test]
    fn what_may_be_written_meanwhile_takes_a_share() {
        for write in ["record.set 0 v1, v2", "call rename(v1, v2)"] {
            let text = counted(&format!(
                "{RECORDS}func f(v0: @R, v1: @R, v2: str) {{\nb0:\nv3: str = record.get 0 v0\n{write}\nprint v3\n\
                 return\n}}\n"
            ));
            assert!(text.contains("v3: str = record.get 0 v0"), "{write}: {text}");
        }
        // Another field, another type of lists.
        for write in ["record.take 1 v0", "record.get 1 v1"] {
            let text = counted(&format!(
                "{RECORDS}func f(v0: @R, v1: @R, v2: list<str>, v3: int, v4: str) {{\nb0:\nv5: str = record.get 0 v0\n\
                 v6: @R? = {write}\nlist.set v2, v3, v4\nprint v5\nreturn\n}}\n"
            ));
            assert!(text.contains("v5: str = record.peek 0 v0"), "{write}: {text}");
        }
    }

    #[test]
    fn a_list_that_grows_in_place_lends_nothing_meanwhile() {
        let text = counted(&format!(
            "{RECORDS}func f(v0: list<str>, v1: str, v2: int) -> list<str> {{\nb0:\nv3: str = list.get v0, v2\n\
             v4: list<str> = list.append v0, v1\nprint v3\nreturn v4\n}}\n"
        ));
        assert!(text.contains("v3: str = list.get v0, v2\nv4: list<str> = list.append v0, v1\n"), "{text}");
    }
}
