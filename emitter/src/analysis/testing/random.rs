//! Random legalized functions that can be run.
//!
//! Block graphs are random forward graphs, plus edges back to dominators that a count of turns
//! bounds: every reducible shape is among them, whether or not a program would have it.

use proptest::prelude::*;

use crate::ir::{
    DataBlob, DataId, FuncId, Function, FunctionBuilder, GlobalData, GlobalId, Imm, Init, Module, Op, Param, Phase,
    Signature, Type, Value, Variable, WasmOp,
};

const LONGS: usize = 4;
const SHORTS: usize = 3;
const TURNS: GlobalId = GlobalId(0);
const STATE: GlobalId = GlobalId(1);
const HELPER: FuncId = FuncId(0);
const PAIR: FuncId = FuncId(1);

/// One statement: what to do, where to put it, and with what.
type Action = (u8, usize, usize, usize, i64);
/// Statements, the kind of ending, two targets, a condition, and whether the block is cold.
type Plan = (Vec<Action>, u8, usize, usize, usize, bool);

/// Any module of [`module`]'s kind.
pub(crate) fn random_module() -> impl Strategy<Value = Module> {
    plans().prop_map(|plans| module(&plans))
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let constant = prop_oneof![Just(0), Just(1), -5i64..70, any::<i64>()];
    let action = (0u8..18, 0usize..12, 0usize..12, 0usize..12, constant);
    let plan =
        (prop::collection::vec(action, 0..6), 0u8..10, 0usize..24, 0usize..24, 0usize..12, prop::bool::weighted(0.2));
    prop::collection::vec(plan, 1..24)
}

struct Body {
    b: FunctionBuilder,
    longs: Vec<Variable>,
    shorts: Vec<Variable>,
}

impl Body {
    fn long(&mut self, which: usize) -> Value {
        self.b.use_var(self.longs[which % LONGS])
    }

    fn short(&mut self, which: usize) -> Value {
        self.b.use_var(self.shorts[which % SHORTS])
    }

    fn act(&mut self, (kind, to, left, right, constant): Action) {
        let binary = [WasmOp::I64Add, WasmOp::I64Sub, WasmOp::I64Mul, WasmOp::I64Xor];
        let test = [WasmOp::I64LtS, WasmOp::I64Eq, WasmOp::I64GeU, WasmOp::I64Ne];
        let (long, short) = (self.longs[to % LONGS], self.shorts[to % SHORTS]);
        let (a, b) = (self.long(left), self.long(right));
        match kind {
            0..=3 => {
                let value = self.b.value(binary[kind as usize], vec![a, b], Imm::None, Type::I64);
                self.b.def_var(long, value);
            }
            4 | 5 => {
                let constant = self.b.i64_const(constant);
                let value = self.b.value(binary[right % 4], vec![a, constant], Imm::None, Type::I64);
                self.b.def_var(long, value);
            }
            6 => {
                let value = self.b.i64_const(constant);
                self.b.def_var(long, value);
            }
            7 => self.b.def_var(long, a),
            8 => {
                let value = self.b.value(test[to % 4], vec![a, b], Imm::None, Type::I32);
                self.b.def_var(short, value);
            }
            9 => {
                let value = self.short(left);
                let value = self.b.value(WasmOp::I32Eqz, vec![value], Imm::None, Type::I32);
                self.b.def_var(short, value);
            }
            10 => {
                let (cond, value) = (self.short(to), self.short(left));
                let wide = self.b.value(WasmOp::I64ExtendI32U, vec![value], Imm::None, Type::I64);
                let value = self.b.value(WasmOp::I64Select, vec![wide, b, cond], Imm::None, Type::I64);
                self.b.def_var(long, value);
            }
            11 | 12 => {
                let address = self.address(left);
                let value = self.b.value(WasmOp::I64Load, vec![address], Imm::Offset(8), Type::I64);
                self.b.def_var(long, value);
            }
            13 => {
                let address = self.address(right);
                self.b.effect(WasmOp::I64Store, vec![address, a], Imm::Offset(8));
            }
            14 => {
                let value = self.b.value(WasmOp::GlobalGet, vec![], Imm::Global(STATE), Type::I64);
                self.b.def_var(long, value);
            }
            15 => self.b.effect(WasmOp::GlobalSet, vec![a], Imm::Global(STATE)),
            16 => {
                let value = self.b.call(HELPER, vec![a, b], &[Type::I64]).unwrap();
                self.b.def_var(long, value);
            }
            _ => {
                let inst = self.b.inst(Op::Call, vec![a], Imm::Func(PAIR), &[Type::I32, Type::I64]);
                let results = self.b.func().inst(inst).results.clone();
                self.b.def_var(short, results[0]);
                self.b.def_var(long, results[1]);
                if constant == 1 {
                    let value = self.b.value(WasmOp::I64DivU, vec![a, b], Imm::None, Type::I64);
                    self.b.def_var(long, value);
                }
            }
        }
    }

    fn address(&mut self, which: usize) -> Value {
        let base = self.b.value(WasmOp::DataAddr, vec![], Imm::Data(DataId(0)), Type::I32);
        let index = self.short(which);
        let eight = self.b.i32_const(8);
        let index = self.b.value(WasmOp::I32And, vec![index, eight], Imm::None, Type::I32);
        self.b.value(WasmOp::I32Add, vec![base, index], Imm::None, Type::I32)
    }

    /// All variables in one.
    fn digest(&mut self) -> Value {
        let mut digest = self.long(0);
        for which in 1..LONGS + SHORTS {
            let three = self.b.i64_const(3);
            digest = self.b.value(WasmOp::I64Mul, vec![digest, three], Imm::None, Type::I64);
            let next = if which < LONGS {
                self.long(which)
            } else {
                let short = self.short(which);
                self.b.value(WasmOp::I64ExtendI32S, vec![short], Imm::None, Type::I64)
            };
            digest = self.b.value(WasmOp::I64Add, vec![digest, next], Imm::None, Type::I64);
        }
        digest
    }
}

fn build(plans: &[Plan]) -> Function {
    let param = |ty| Param { ty, owned: false };
    let sig =
        Signature { params: vec![param(Type::I64), param(Type::I32), param(Type::I64)], results: vec![Type::I64] };
    let mut b = FunctionBuilder::new(Function::new("random", sig, Phase::Legalized));
    let params = b.func().params().to_vec();
    let longs: Vec<Variable> = (0..LONGS).map(|_| b.declare_variable(Type::I64)).collect();
    let shorts: Vec<Variable> = (0..SHORTS).map(|_| b.declare_variable(Type::I32)).collect();
    for (number, &variable) in longs.iter().enumerate() {
        let value = [params[0], params[2]].get(number).copied().unwrap_or_else(|| b.i64_const(number as i64));
        b.def_var(variable, value);
    }
    for (number, &variable) in shorts.iter().enumerate() {
        let value = if number == 0 { params[1] } else { b.i32_const(number as i32) };
        b.def_var(variable, value);
    }
    let count = plans.len();
    let blocks: Vec<_> =
        plans.iter().map(|plan| if plan.5 { b.create_cold_block() } else { b.create_block() }).collect();
    b.jump(blocks[0], vec![]);
    let mut body = Body { b, longs, shorts };
    // Dominators in the forward graph as sets of bits; none for blocks that are not reached.
    let mut dominators: Vec<Option<u32>> = vec![None; count];
    dominators[0] = Some(0);
    for (at, (actions, ending, first, second, cond, _)) in plans.iter().enumerate() {
        let Some(above) = dominators[at] else { continue };
        let own = above | 1 << at;
        body.b.switch_to(blocks[at]);
        actions.iter().for_each(|&action| body.act(action));
        let forward = |choice: usize| (at + 1 < count).then(|| at + 1 + choice % (count - at - 1).min(4));
        let mut reach = |to: usize| dominators[to] = Some(dominators[to].map_or(own, |others| others & own));
        let cond = body.short(*cond);
        match (ending, forward(*first), forward(*second)) {
            (0, _, _) | (_, None, _) | (_, _, None) => {
                let digest = body.digest();
                body.b.ret(vec![digest]);
            }
            (1, _, _) if plans[at].5 => body.b.unreachable(),
            (1 | 2, Some(to), _) => {
                reach(to);
                body.b.jump(blocks[to], vec![]);
            }
            (3..=5, Some(to), _) => {
                reach(to);
                // One more turn, if any are left, to one of the blocks that all paths here pass.
                let left = body.b.value(WasmOp::GlobalGet, vec![], Imm::Global(TURNS), Type::I64);
                let one = body.b.i64_const(1);
                let left = body.b.value(WasmOp::I64Sub, vec![left, one], Imm::None, Type::I64);
                body.b.effect(WasmOp::GlobalSet, vec![left], Imm::Global(TURNS));
                let zero = body.b.i64_const(0);
                let some = body.b.value(WasmOp::I64GtS, vec![left, zero], Imm::None, Type::I32);
                let again = body.b.value(WasmOp::I32And, vec![some, cond], Imm::None, Type::I32);
                let headers: Vec<usize> = (0..=at).filter(|&header| own & 1 << header != 0).collect();
                let header = headers[headers.len() - 1 - second % headers.len()];
                if second % 2 == 0 {
                    body.b.branch(again, blocks[header], blocks[to]);
                } else {
                    let done = body.b.value(WasmOp::I32Eqz, vec![again], Imm::None, Type::I32);
                    body.b.branch(done, blocks[to], blocks[header]);
                }
            }
            (_, Some(then), Some(otherwise)) => {
                reach(then);
                reach(otherwise);
                body.b.branch(cond, blocks[then], blocks[otherwise]);
            }
        }
    }
    for (at, &block) in blocks.iter().enumerate() {
        if dominators[at].is_some() {
            body.b.seal(block);
        }
    }
    body.b.finish()
}

/// `helper(a, b)` reads and writes memory and the global; `pair(a)` has two results.
fn helpers(module: &mut Module) {
    let param = |ty| Param { ty, owned: false };
    let sig = Signature { params: vec![param(Type::I64), param(Type::I64)], results: vec![Type::I64] };
    let mut b = FunctionBuilder::new(Function::new("helper", sig, Phase::Legalized));
    let params = b.func().params().to_vec();
    let address = b.value(WasmOp::DataAddr, vec![], Imm::Data(DataId(0)), Type::I32);
    let old = b.value(WasmOp::I64Load, vec![address], Imm::Offset(8), Type::I64);
    b.effect(WasmOp::I64Store, vec![address, params[0]], Imm::Offset(8));
    let state = b.value(WasmOp::GlobalGet, vec![], Imm::Global(STATE), Type::I64);
    b.effect(WasmOp::GlobalSet, vec![params[1]], Imm::Global(STATE));
    let sum = b.value(WasmOp::I64Add, vec![old, state], Imm::None, Type::I64);
    b.ret(vec![sum]);
    assert_eq!(module.add_function(b.finish()), HELPER);

    let sig = Signature { params: vec![param(Type::I64)], results: vec![Type::I32, Type::I64] };
    let mut b = FunctionBuilder::new(Function::new("pair", sig, Phase::Legalized));
    let a = b.func().params()[0];
    let short = b.value(WasmOp::I32WrapI64, vec![a], Imm::None, Type::I32);
    let three = b.i64_const(3);
    let long = b.value(WasmOp::I64Mul, vec![a, three], Imm::None, Type::I64);
    b.ret(vec![short, long]);
    assert_eq!(module.add_function(b.finish()), PAIR);
}

/// The functions `helper`, `pair` and, last, `random`: `(i64, i32, i64) -> i64`, the start.
fn module(plans: &[Plan]) -> Module {
    let mut module = Module::default();
    for (name, value) in [("turns", 30), ("state", 5)] {
        module.globals.push(GlobalData { name: name.to_owned(), ty: Type::I64, init: Init::I64(value) });
    }
    let bytes = (1..=24).collect();
    module.add_data(DataBlob { bytes, size: 24, align: 8, ..DataBlob::default() });
    helpers(&mut module);
    let random = build(plans);
    module.start = Some(module.add_function(random));
    module
}
