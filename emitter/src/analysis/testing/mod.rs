//! Functions for tests: block graphs by their edges, and random ones.

mod random;

use proptest::prelude::*;

pub(crate) use random::random_module;

use crate::ir::{Block, ENTRY, Function, FunctionBuilder, Imm, Phase, Signature, Target, Terminator, Type, WasmOp};

/// A function whose block `n` goes to the blocks `edges[n]`: none, one or two.
pub(crate) fn graph(edges: &[&[u32]]) -> Function {
    let mut func = Function::new("graph", Signature::default(), Phase::Legalized);
    let cond = func.append_inst(ENTRY, WasmOp::I32Const.into(), vec![], Imm::I32(1), &[Type::I32], None);
    let cond = func.inst(cond).results[0];
    for _ in 1..edges.len() {
        func.add_block();
    }
    let target = |block: u32| Target { block: Block(block), args: vec![] };
    for (index, targets) in edges.iter().enumerate() {
        func.blocks[index].term = match **targets {
            [] => Terminator::Return(vec![]),
            [only] => Terminator::Jump(target(only)),
            [then, otherwise] => Terminator::Branch { cond, then: target(then), otherwise: target(otherwise) },
            _ => panic!("a block has at most two targets"),
        };
    }
    func
}

/// Any block graph at all, irreducible ones included.
pub(crate) fn random_graph(most: usize) -> impl Strategy<Value = Function> {
    prop::collection::vec(prop::collection::vec(0..most as u32, 0..3), 1..most).prop_map(|mut edges| {
        let count = edges.len() as u32;
        edges.iter_mut().flatten().for_each(|target| *target %= count);
        let edges: Vec<&[u32]> = edges.iter().map(Vec::as_slice).collect();
        graph(&edges)
    })
}

/// A function over any block graph whose blocks read and write a few variables.
pub(crate) fn random_function(most: usize) -> impl Strategy<Value = Function> {
    const VARIABLES: usize = 4;
    let block = (
        prop::collection::vec((0..VARIABLES, 0..VARIABLES, 0..VARIABLES), 0..4),
        prop::collection::vec(0..most, 0..3),
        0..VARIABLES,
    );
    prop::collection::vec(block, 1..most).prop_map(|blocks| {
        let sig = Signature { params: vec![], results: vec![Type::I32] };
        let mut b = FunctionBuilder::new(Function::new("random", sig, Phase::Legalized));
        let variables: Vec<_> = (0..VARIABLES).map(|_| b.declare_variable(Type::I32)).collect();
        for (number, &variable) in variables.iter().enumerate() {
            let value = b.i32_const(number as i32);
            b.def_var(variable, value);
        }
        let ids: Vec<Block> = blocks.iter().map(|_| b.create_block()).collect();
        b.jump(ids[0], vec![]);
        for (at, (steps, targets, used)) in blocks.iter().enumerate() {
            b.switch_to(ids[at]);
            for &(to, left, right) in steps {
                let (left, right) = (b.use_var(variables[left]), b.use_var(variables[right]));
                let sum = b.value(WasmOp::I32Add, vec![left, right], Imm::None, Type::I32);
                b.def_var(variables[to], sum);
            }
            let used = b.use_var(variables[*used]);
            match targets[..] {
                [] => b.ret(vec![used]),
                [only] => b.jump(ids[only % ids.len()], vec![]),
                _ => b.branch(used, ids[targets[0] % ids.len()], ids[targets[1] % ids.len()]),
            }
        }
        // Blocks that nothing reaches cannot be sealed: their variables have no values.
        let reached = reached(b.func());
        ids.iter().filter(|id| reached[id.index()]).for_each(|&id| b.seal(id));
        b.func().clone()
    })
}

fn reached(func: &Function) -> Vec<bool> {
    let mut reached = vec![false; func.blocks.len()];
    let mut work = vec![ENTRY];
    while let Some(block) = work.pop() {
        if !std::mem::replace(&mut reached[block.index()], true) {
            work.extend(func.block(block).term.targets().map(|target| target.block));
        }
    }
    reached
}
