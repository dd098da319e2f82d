//! inline – puts the body of a small function in the place of a call.
//!
//!     v1 = call @half(v0)             v1 = int.div v0, 2
//!     print v1                   =>   print v1
//!
//! Worth it because Cranelift does not inline, a call costs more than the work of an accessor, and
//! facts about arguments only meet the body's checks once both stand in one function.
//!
//! Functions are visited callees first, so that a body is final before it is copied; a call inside
//! a strongly connected component of the call graph stays, except that a small function is copied once
//! into itself. One walk over each function.
//! The same surgery serves both phases with values: `inline` works on the user's functions in the
//! pure phase, `inline-runtime` on legalized code, where the runtime's primitives are.

use std::collections::BTreeSet;

use super::closures::{call_directly, forward_captures};
use super::{Pass, Run};
use crate::ir::{
    Block, FuncId, Function, Imm, InlineHint, InlinedCall, Inst, Module, Op, Phase, Scope, Target, Terminator, Value,
    ValueDef,
};

/// Most instructions of a user's function that is copied to each of its calls.
const USER_LIMIT: usize = 24;
/// Most instructions of a legalized function that is copied without having asked for it.
const LEGALIZED_LIMIT: usize = 8;
/// How often function values that became known are looked at.
const ROUNDS: usize = 4;
/// No function grows beyond this many instructions by inlining.
const CALLER_LIMIT: usize = 20_000;

pub const PASS: Pass = Pass { name: "inline", run: Run::OnModule(run) };
pub const RUNTIME_PASS: Pass = Pass { name: "inline-runtime", run: Run::OnModule(run_runtime) };

/// Inlines small functions of the user, and those that are nothing but what a function value does; the
/// module is in the pure phase.
fn run(module: &mut Module) {
    let mut calls = vec![0u32; module.functions.len()];
    for inst in module.functions.iter().flat_map(|func| &func.insts) {
        if let (Op::Call, Imm::Func(callee)) = (inst.op, inst.imm) {
            calls[callee.index()] += 1;
        }
    }
    inline_where(module, Phase::Pure, |caller, id, callee| {
        let is_only_call = caller.closure.is_some() && calls[id.index()] == 1;
        callee.inline != InlineHint::Never && (callee.insts.len() <= USER_LIMIT || is_only_call)
    });
}

/// Inlines the runtime's primitives; the module is legalized.
fn run_runtime(module: &mut Module) {
    inline_where(module, Phase::Legalized, |_, _, callee| match callee.inline {
        InlineHint::Always => true,
        InlineHint::Auto => callee.insts.len() <= LEGALIZED_LIMIT,
        InlineHint::Never => false,
    });
}

fn inline_where(module: &mut Module, phase: Phase, wanted: impl Fn(&Function, FuncId, &Function) -> bool) {
    let (order, component) = callees_first(module);
    for id in order {
        if module.func(id).import.is_some() || module.func(id).phase != phase {
            continue;
        }
        let mut func = std::mem::replace(module.func_mut(id), Function::new("", Default::default(), phase));
        let head = Function { closure: func.closure.clone(), ..Function::new("", Default::default(), phase) };
        let body = |callee: FuncId| {
            let body = module.func(callee);
            let fits = component[callee.index()] != component[id.index()]
                && body.import.is_none()
                && body.phase == phase
                && !body.cold
                && wanted(&head, callee, body);
            fits.then_some(body)
        };
        call_directly(&mut func);
        inline_calls(&mut func, body);
        // What takes a function value may now stand where that is known, which may be passed on.
        for _ in 0..ROUNDS {
            if !call_directly(&mut func) {
                break;
            }
            inline_calls(&mut func, body);
        }
        if phase == Phase::Pure {
            forward_captures(&mut func);
        }
        if phase == Phase::Pure && func.insts.len() <= USER_LIMIT {
            unroll_recursion(&mut func, id);
        }
        *module.func_mut(id) = func;
    }
}

/// Puts one copy of a small function in the place of each of its calls of itself, so that an activation
/// does the work of several: calls are most of what a small recursive function costs.
fn unroll_recursion(func: &mut Function, id: FuncId) {
    let body = func.clone();
    inline_calls(func, |callee| (callee == id).then_some(&body));
}

/// Replaces the calls outside cold blocks for which `body` gives a function.
fn inline_calls<'a>(func: &mut Function, body: impl Fn(FuncId) -> Option<&'a Function>) {
    for index in 0..func.blocks.len() {
        if func.blocks[index].cold {
            continue;
        }
        let mut block = Block::new(index);
        let mut from = 0;
        while func.insts.len() < CALLER_LIMIT {
            let found = func.block(block).insts[from..].iter().enumerate().find_map(|(at, &inst)| {
                let data = func.inst(inst);
                match (data.op, data.imm) {
                    (Op::Call, Imm::Func(callee)) => body(callee).map(|body| (from + at, inst, body)),
                    _ => None,
                }
            });
            let Some((at, inst, callee)) = found else { break };
            block = splice(func, block, at, inst, callee);
            from = 0;
        }
    }
}

/// Puts `callee`'s blocks between the two halves of `block`, cut at instruction `at`, the call `inst`.
/// Returns the block that continues after the call.
fn splice(func: &mut Function, block: Block, at: usize, inst: Inst, callee: &Function) -> Block {
    let (span, scope) = (func.span(inst), func.scope(inst));
    let call = func.inst(inst).clone();
    let after = func.add_block();
    let tail = func.block_mut(block).insts.split_off(at);
    let term = std::mem::replace(&mut func.block_mut(block).term, Terminator::Unreachable);
    let data = func.block_mut(after);
    data.insts = tail[1..].to_vec();
    data.term = term;
    data.params = call.results.clone();
    for (position, &result) in call.results.iter().enumerate() {
        func.values[result.index()].def = ValueDef::Param(after, position as u32);
    }

    let mut values: Vec<Option<Value>> = vec![None; callee.values.len()];
    for (&param, &arg) in callee.params().iter().zip(&call.args) {
        values[param.index()] = Some(arg);
    }
    let blocks: Vec<Block> = callee
        .block_ids()
        .map(|id| {
            if id == crate::ir::ENTRY {
                return block;
            }
            let copy = func.add_block();
            func.block_mut(copy).cold = callee.block(id).cold;
            for &param in &callee.block(id).params {
                values[param.index()] = Some(func.add_param(copy, callee.ty(param)));
            }
            copy
        })
        .collect();
    let scopes = adopt_scopes(func, callee, inst);
    // Results first: a block may come before the one that defines what it uses.
    let mut copies = Vec::new();
    for id in callee.block_ids() {
        for &inst in &callee.block(id).insts {
            let data = callee.inst(inst);
            let types: Vec<_> = data.results.iter().map(|&result| callee.ty(result)).collect();
            let copy = func.append_inst(
                blocks[id.index()],
                data.op,
                data.args.clone(),
                data.imm,
                &types,
                callee.span(inst).or(span),
            );
            func.scopes[copy.index()] = match callee.span(inst) {
                Some(_) => scopes[callee.scope(inst).index()],
                None => scope,
            };
            func.inst_mut(copy).consumed = data.consumed;
            for (&old, &new) in data.results.iter().zip(&func.inst(copy).results.clone()) {
                values[old.index()] = Some(new);
            }
            copies.push(copy);
        }
    }
    let map = |value: Value| values[value.index()].expect("a definition dominates its uses");
    for copy in copies {
        func.inst_mut(copy).args.iter_mut().for_each(|arg| *arg = map(*arg));
    }
    for id in callee.block_ids() {
        let mut term = callee.block(id).term.clone();
        term.map_uses(map);
        for target in term.targets_mut() {
            target.block = blocks[target.block.index()];
        }
        if let Terminator::Return(values) = term {
            term = Terminator::Jump(Target { block: after, args: values });
        }
        func.block_mut(blocks[id.index()]).term = term;
    }
    after
}

/// Gives the code of a callee that takes the place of the call `inst` scopes in its caller: by the callee's.
/// Code without places, which that of the runtime is, has that of the call.
fn adopt_scopes(func: &mut Function, callee: &Function, inst: Inst) -> Vec<Scope> {
    if callee.spans.iter().all(Option::is_none) {
        return Vec::new();
    }
    let call = InlinedCall { callee: callee.name.clone(), span: func.span(inst), scope: func.scope(inst) };
    let mut scopes = vec![func.add_inlined(call)];
    for call in &callee.inlined {
        let scope = scopes[call.scope.index()];
        scopes.push(func.add_inlined(InlinedCall { scope, ..call.clone() }));
    }
    scopes
}

/// The functions in an order in which callees come before callers, and each one's strongly
/// connected component of the call graph. (Tarjan, 1972, with an explicit stack.)
pub(super) fn callees_first(module: &Module) -> (Vec<FuncId>, Vec<u32>) {
    let callees: Vec<Vec<usize>> = module
        .functions
        .iter()
        .map(|func| {
            let calls: BTreeSet<usize> = func
                .blocks
                .iter()
                .flat_map(|block| &block.insts)
                .filter_map(|&inst| match (func.inst(inst).op, func.inst(inst).imm) {
                    (Op::Call, Imm::Func(callee)) => Some(callee.index()),
                    _ => None,
                })
                .collect();
            calls.into_iter().collect()
        })
        .collect();
    let count = callees.len();
    let (mut number, mut low) = (vec![u32::MAX; count], vec![0; count]);
    let (mut component, mut components) = (vec![u32::MAX; count], 0);
    let (mut order, mut open, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..count {
        if number[root] != u32::MAX {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some(&mut (at, ref mut edge)) = path.last_mut() {
            if *edge == 0 {
                number[at] = next;
                low[at] = next;
                next += 1;
                open.push(at);
            }
            if let Some(&callee) = callees[at].get(*edge) {
                *edge += 1;
                if number[callee] == u32::MAX {
                    path.push((callee, 0));
                } else if component[callee] == u32::MAX {
                    low[at] = low[at].min(number[callee]);
                }
                continue;
            }
            path.pop();
            if let Some(&(caller, _)) = path.last() {
                low[caller] = low[caller].min(low[at]);
            }
            if low[at] == number[at] {
                loop {
                    let member = open.pop().expect("the component's root is on the stack");
                    component[member] = components;
                    order.push(FuncId::new(member));
                    if member == at {
                        break;
                    }
                }
                components += 1;
            }
        }
    }
    (order, component)
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::opt::testing::after;

    #[test]
    fn a_small_function_takes_the_place_of_its_calls() {
        let text = after(
            "start main\nfunc half(v0: int) -> int {\nb0:\nv1: int = int.const 2\nv2: int = int.div v0, v1\nreturn v2\n}\n\
             func main() {\nb0:\nv0: int = int.const 8\nv1: int = call half(v0)\nprint v1\nreturn\n}\n",
            run,
        );
        let main = text.split("func main").nth(1).expect("main is printed");
        assert!(main.contains("int.div") && !main.contains("call"), "{text}");
    }

    #[test]
    fn several_returns_meet_after_the_call() {
        let text = after(
            "start main\nfunc sign(v0: int) -> int {\nb0:\nv1: int = int.const 0\nv2 = int.lt v0, v1\nbranch v2, b1, b2\n\
             b1:\nv3: int = int.const -1\nreturn v3\nb2:\nv4: int = int.const 1\nreturn v4\n}\n\
             func main() {\nb0:\nv0: int = int.const 8\nv1: int = call sign(v0)\nprint v1\nreturn\n}\n",
            run,
        );
        let main = text.split("func main").nth(1).expect("main is printed");
        assert!(!main.contains("call") && main.matches("jump").count() >= 2, "{text}");
    }

    #[test]
    fn mutual_recursion_stays_and_self_recursion_is_unrolled_once() {
        let text = after(
            "start main\nfunc a(v0: int) -> int {\nb0:\nv1: int = call b(v0)\nreturn v1\n}\n\
             func b(v0: int) -> int {\nb0:\nv1: int = call a(v0)\nreturn v1\n}\n\
             func c(v0: int) -> int {\nb0:\nv1: int = int.neg v0\nv2: int = call c(v1)\nreturn v2\n}\n\
             func main() {\nb0:\nreturn\n}\n",
            run,
        );
        assert!(text.contains("call b(") && text.contains("call a("), "{text}");
        let c = text.split("func c").nth(1).expect("c is printed");
        assert_eq!(c.matches("int.neg").count(), 2, "{text}");
        assert_eq!(c.matches("call c").count(), 1, "{text}");
    }
}
