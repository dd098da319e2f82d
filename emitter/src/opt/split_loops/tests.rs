//! Loops before and after.

use proptest::prelude::*;

use super::PASS;
use crate::ir::interp::{Interpreter, NoHost};
use crate::ir::{
    FuncId, Function, FunctionBuilder, Imm, Module, Param, Phase, Signature, Spans, Type, Value, WasmOp, print_module,
    verify_function,
};
use crate::opt::testing::after_legalized;

/// The sum of what stands in memory for the ints from 0 up to `v1`, of which `v0` are in bounds.
fn sum(check: &str, end: &str) -> String {
    format!(
        "func slow(v0: i64) -> i64 legalized {{
b0:
return v0
}}
func f(v0: i32, v1: i64, v20: i64) -> i64 legalized {{
b0:
v2 = i64.const 0
v3 = i64.const 1
v4 = i64.extend_i32_u v0
jump b1(v2, v2)
b1(v5: i64, v6: i64):
{check}
b2 cold:
v7: i64 = call slow(v5)
jump b4(v7)
b3:
v8 = i32.wrap_i64 v5
v9 = i64.load v8
jump b4(v9)
b4(v10: i64):
v11 = i64.add v6, v10
v12 = i64.add v5, v3
{end}
b5(v14: i64):
return v14
}}
"
    )
}

const BOTTOM: &str = "    v13 = i64.lt_s v12, v1\n    branch v13, b1(v12, v11), b5(v11)";

#[test]
fn a_quick_round_asks_for_one_range() {
    let text = after_legalized(&sum("    v15 = i64.lt_u v5, v4\n    branch v15, b3, b2", BOTTOM), PASS);
    let quick = &text[text.find("\nb7(").expect("the quick round")..];
    assert!(quick.contains("branch v32, b7(v30, v29), b10") && quick.matches("branch").count() == 2, "{text}");
    assert_eq!(text.matches("i64.load").count(), 2, "{text}");
    assert_eq!(text.matches("call slow").count(), 1, "{text}");
}

#[test]
fn sums_with_constants_and_fixed_values_are_checked_before() {
    for index in ["v16 = i64.add v5, v3", "v16 = i64.sub v5, v3", "v16 = i64.add v5, v20", "v16 = i64.add v20, v5"] {
        let check = format!("    {index}\n    v15 = i64.ge_u v16, v4\n    branch v15, b2, b3");
        let text = after_legalized(&sum(&check, BOTTOM), PASS);
        let quick = &text[text.find("\nb7(").expect("the quick round")..];
        assert_eq!(quick.matches("branch").count(), 2, "{text}");
    }
}

#[test]
fn a_loop_without_checks_of_its_counter_stays() {
    for check in [
        "    branch v0, b2, b3",
        "    v15 = i64.lt_u v6, v4\n    branch v15, b3, b2",
        "    v16 = i64.mul v5, v5\n    v15 = i64.lt_u v16, v4\n    branch v15, b3, b2",
    ] {
        let text = after_legalized(&sum(check, BOTTOM), PASS);
        assert_eq!(text.matches("i64.load").count(), 1, "{text}");
    }
}

#[test]
fn a_test_for_another_one_is_no_gain() {
    let check = "    v15 = i64.lt_u v5, v4\n    branch v15, b3, b2";
    let text = after_legalized(&sum(check, "    v13 = i64.ne v11, v1\n    branch v13, b1(v12, v11), b5(v11)"), PASS);
    assert_eq!(text.matches("i64.load").count(), 1, "{text}");
}

const TESTS: [WasmOp; 8] = [
    WasmOp::I64LtS,
    WasmOp::I64LtU,
    WasmOp::I64LeS,
    WasmOp::I64LeU,
    WasmOp::I64GtS,
    WasmOp::I64GtU,
    WasmOp::I64GeS,
    WasmOp::I64GeU,
];

/// What is compared with a bound.
#[derive(Clone, Copy, Debug)]
enum Index {
    Counter,
    /// The counter and one of the bounds.
    Sum(usize),
    /// One of the bounds alone.
    Fixed(usize),
}

/// One branch of a random loop, and its cold side.
#[derive(Clone, Debug)]
struct Check {
    index: Index,
    offset: i64,
    /// A comparison of the index with a bound; none asks whether the index is a small int.
    test: Option<(usize, usize)>,
    /// Whether the cold side is where the test holds.
    is_cold_then: bool,
    cold: usize,
    /// Whether some rounds leave it out.
    is_conditional: bool,
}

#[derive(Clone, Debug)]
struct Plan {
    first: i64,
    step: i64,
    checks: Vec<Check>,
    /// What the loop itself asks: the comparison, the bound, whether it goes on where that holds.
    end: (usize, usize, bool),
    /// Whether it asks so before each round.
    is_tested_first: bool,
    /// Whether it asks so of the next round's counter.
    is_of_next: bool,
}

/// A loop `f(long, long, short)` that makes at most 40 rounds, of which the bounds are the arguments and what cold
/// blocks change.
fn random_loop(plan: &Plan) -> Module {
    let long = Param { ty: Type::I64, owned: false };
    let short = Param { ty: Type::I32, owned: false };
    let sig = Signature { params: vec![long.clone(), long, short], results: vec![Type::I64] };
    let mut b = FunctionBuilder::new(Function::new("f", sig, Phase::Legalized));
    let op = |b: &mut FunctionBuilder, op: WasmOp, args: Vec<Value>| b.value(op, args, Imm::None, op.results()[0]);
    let [long, other, short] = b.func().params()[..] else { unreachable!("three parameters") };
    let length = op(&mut b, WasmOp::I64ExtendI32U, vec![short]);
    let (zero, one, two, forty) = (b.i64_const(0), b.i64_const(1), b.i64_const(2), b.i64_const(40));
    let [counter, total, turns, changing] = [(); 4].map(|()| b.declare_variable(Type::I64));
    let first = b.i64_const(plan.first);
    for (variable, value) in [(counter, first), (total, zero), (turns, forty), (changing, long)] {
        b.def_var(variable, value);
    }
    let bound = |b: &mut FunctionBuilder, which: usize| match which % 4 {
        0 => long,
        1 => other,
        2 => length,
        _ => b.use_var(changing),
    };
    let [header, body, out] = [(); 3].map(|()| b.create_block());
    b.jump(header, vec![]);
    b.switch_to(header);
    let left = b.use_var(turns);
    let left = op(&mut b, WasmOp::I64Sub, vec![left, one]);
    b.def_var(turns, left);
    let is_last = op(&mut b, WasmOp::I64Eqz, vec![left]);
    b.branch(is_last, out, body);
    b.seal(body);
    b.switch_to(body);
    let end = |b: &mut FunctionBuilder, of: Value, again| {
        let (test, against, goes_on) = plan.end;
        let against = bound(b, against);
        let test = op(b, TESTS[test], vec![of, against]);
        if goes_on { b.branch(test, again, out) } else { b.branch(test, out, again) }
    };
    if plan.is_tested_first {
        let now = b.use_var(counter);
        let round = b.create_block();
        end(&mut b, now, round);
        b.seal(round);
        b.switch_to(round);
    }
    for check in &plan.checks {
        let [taken, quick, meets] = [(); 3].map(|()| b.create_block());
        let cold = b.create_cold_block();
        if check.is_conditional {
            let left = b.use_var(turns);
            let bit = op(&mut b, WasmOp::I64And, vec![left, two]);
            let is_taken = op(&mut b, WasmOp::I64Eqz, vec![bit]);
            b.branch(is_taken, taken, meets);
        } else {
            b.jump(taken, vec![]);
        }
        b.seal(taken);
        b.switch_to(taken);
        let now = b.use_var(counter);
        let base = match check.index {
            Index::Counter => now,
            Index::Fixed(which) => bound(&mut b, which),
            Index::Sum(which) => {
                let other = bound(&mut b, which);
                op(&mut b, WasmOp::I64Add, vec![now, other])
            }
        };
        let offset = b.i64_const(check.offset);
        let index = op(&mut b, WasmOp::I64Add, vec![base, offset]);
        let test = match check.test {
            Some((test, against)) => {
                let against = bound(&mut b, against);
                op(&mut b, TESTS[test], vec![index, against])
            }
            None => {
                let up = op(&mut b, WasmOp::I64Shl, vec![index, two]);
                let down = op(&mut b, WasmOp::I64ShrS, vec![up, two]);
                op(&mut b, if check.is_cold_then { WasmOp::I64Ne } else { WasmOp::I64Eq }, vec![down, index])
            }
        };
        if check.is_cold_then {
            b.branch(test, cold, quick)
        } else {
            b.branch(test, quick, cold)
        }
        b.seal(cold);
        b.seal(quick);
        b.switch_to(cold);
        let (sum, changed) = (b.use_var(total), b.use_var(changing));
        match check.cold % 4 {
            0 => {
                let seven = b.i64_const(7);
                let sum = op(&mut b, WasmOp::I64Mul, vec![sum, seven]);
                b.def_var(total, sum);
                b.jump(meets, vec![]);
            }
            1 => {
                let changed = op(&mut b, WasmOp::I64Add, vec![changed, one]);
                b.def_var(changing, changed);
                b.jump(meets, vec![]);
            }
            2 => {
                let result = op(&mut b, WasmOp::I64Sub, vec![now, changed]);
                b.def_var(total, result);
                b.jump(out, vec![]);
            }
            _ => {
                let next = op(&mut b, WasmOp::I64Add, vec![now, two]);
                b.def_var(counter, next);
                b.jump(header, vec![]);
            }
        }
        b.switch_to(quick);
        let sum = b.use_var(total);
        let sum = op(&mut b, WasmOp::I64Mul, vec![sum, two]);
        let sum = op(&mut b, WasmOp::I64Xor, vec![sum, index]);
        b.def_var(total, sum);
        b.jump(meets, vec![]);
        b.seal(meets);
        b.switch_to(meets);
    }
    let (now, step) = (b.use_var(counter), b.i64_const(plan.step));
    let next = op(&mut b, WasmOp::I64Add, vec![now, step]);
    b.def_var(counter, next);
    if plan.is_tested_first {
        b.jump(header, vec![]);
    } else {
        end(&mut b, if plan.is_of_next { next } else { now }, header);
    }
    b.seal(header);
    b.seal(out);
    b.switch_to(out);
    let (sum, now, changed) = (b.use_var(total), b.use_var(counter), b.use_var(changing));
    let result = op(&mut b, WasmOp::I64Add, vec![sum, now]);
    let result = op(&mut b, WasmOp::I64Xor, vec![result, changed]);
    b.ret(vec![result]);
    let mut module = Module::default();
    module.add_function(b.finish());
    module
}

/// Mostly what counters and lengths are; sometimes near what splits words.
fn word() -> impl Strategy<Value = i64> {
    let near = |limit: i64| (-3i64..4).prop_map(move |by| limit.saturating_add(by));
    prop_oneof![
        8 => -4i64..30,
        1 => near(super::BOUND_LIMIT),
        1 => near(i64::MAX),
        1 => near(i64::MIN),
        1 => near(1 << 61),
        1 => near(-(1 << 61)),
        1 => near(1 << 32),
    ]
}

fn check() -> impl Strategy<Value = Check> {
    let index = prop_oneof![4 => Just(Index::Counter), 1 => (0usize..4).prop_map(Index::Sum), 1 => (0usize..4).prop_map(Index::Fixed)];
    let offset = prop_oneof![3 => Just(0), 3 => -3i64..4, 1 => word()];
    let test = prop::option::weighted(0.85, (0..TESTS.len(), 0usize..4));
    (index, offset, test, any::<bool>(), 0usize..4, prop::bool::weighted(0.2)).prop_map(
        |(index, offset, test, is_cold_then, cold, is_conditional)| Check {
            index,
            offset,
            test,
            is_cold_then,
            cold,
            is_conditional,
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    let first = prop_oneof![4 => Just(0), 4 => -3i64..12, 1 => word()];
    let step = prop_oneof![5 => Just(1), 3 => -2i64..4, 1 => word()];
    let end = (0..TESTS.len(), 0usize..4, any::<bool>());
    (first, step, prop::collection::vec(check(), 1..4), end, any::<bool>(), prop::bool::weighted(0.7)).prop_map(
        |(first, step, checks, end, is_tested_first, is_of_next)| Plan {
            first,
            step,
            checks,
            end,
            is_tested_first,
            is_of_next,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn loops_keep_what_they_mean(plan in plan(), (a, b, c) in (word(), word(), 0i32..30)) {
        let mut module = random_loop(&plan);
        let text = print_module(&module, Spans::Omit);
        let run = |module: &Module| {
            Interpreter::new(module, NoHost).run_by_name("f", &[a as u64, b as u64, c as u64]).map_err(|trap| format!("{trap:?}"))
        };
        let expected = run(&module);
        PASS.run_on(&mut module);
        let after = print_module(&module, Spans::Omit);
        let verified = verify_function(&module, FuncId::new(0));
        prop_assert!(verified.is_ok(), "{:?}\n{}\nfrom\n{}", verified, after, text);
        prop_assert_eq!(run(&module), expected, "{}\nfrom\n{}", after, text);
    }
}
