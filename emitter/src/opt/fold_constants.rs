//! fold-constants – computes what is known before the program runs.
//!
//!     v1 = i32.const 2                b0: jump b1
//!     v2 = i32.const 3                b1: v5 = i32.const 5
//!     v3 = i32.add v1, v2        =>       …
//!     branch v3, b1(v3), b2
//!
//! Conditional constant propagation ("Constant Propagation with Conditional Branches", Wegman &
//! Zadeck, 1991): a block counts once a path to it is possible, a parameter is a constant if all
//! possible edges agree, and both are assumed until refuted. Values come from the interpreter and
//! nowhere else. Worth it because inlined bodies meet constant arguments: whole arms go, and with
//! them the functions that only they call.
//!
//! NaN is not folded: which of its bit patterns an engine makes is up to the engine.

use super::{Pass, Run};
use crate::analysis::Cfg;
use crate::ir::interp::evaluate;
use crate::ir::{
    Block, DataId, ENTRY, Effect, Function, Imm, Inst, Kind, Op, Terminator, Type, Value, ValueDef, WasmOp,
    remove_unreachable_blocks,
};

pub const PASS: Pass = Pass { name: "fold-constants", run: Run::OnFunction(fold) };

/// A constant of any machine type: its word, or where data lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Constant {
    Word(u64),
    Data(DataId),
}

/// What is known of a value on the paths found so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// No path gives it a value yet.
    Nothing,
    Is(Constant),
    Varies,
}

impl Known {
    fn join(self, other: Known) -> Known {
        match (self, other) {
            (Known::Nothing, known) | (known, Known::Nothing) => known,
            (Known::Is(a), Known::Is(b)) if a == b => self,
            (Known::Is(_) | Known::Varies, Known::Is(_) | Known::Varies) => Known::Varies,
        }
    }
}

fn fold(func: &mut Function) {
    let cfg = Cfg::new(func);
    let facts = propagate(func, &cfg);
    rewrite(func, &cfg, &facts);
    remove_unreachable_blocks(func);
}

struct Facts {
    known: Vec<Known>,
    reached: Vec<bool>,
}

/// Rounds over the blocks until nothing changes; each loop around a fact costs one more.
fn propagate(func: &Function, cfg: &Cfg) -> Facts {
    let mut facts = Facts { known: vec![Known::Nothing; func.values.len()], reached: vec![false; func.blocks.len()] };
    facts.reached[ENTRY.index()] = true;
    func.params().iter().for_each(|param| facts.known[param.index()] = Known::Varies);
    let mut changed = true;
    while changed {
        changed = false;
        for &block in cfg.rpo().iter() {
            if facts.reached[block.index()] {
                changed |= facts.visit(func, block);
            }
        }
    }
    facts
}

impl Facts {
    fn of(&self, value: Value) -> Known {
        self.known[value.index()]
    }

    fn visit(&mut self, func: &Function, block: Block) -> bool {
        let data = func.block(block);
        let mut changed = false;
        for &inst in &data.insts {
            let known = self.result(func, inst);
            for &result in &func.inst(inst).results {
                changed |= self.known[result.index()] != known;
                self.known[result.index()] = known;
            }
        }
        let (then, otherwise) = match &data.term {
            Terminator::Branch { cond, then: _, otherwise: _ } => match self.of(*cond) {
                Known::Nothing => (false, false),
                Known::Is(constant) => (is_true(constant), !is_true(constant)),
                Known::Varies => (true, true),
            },
            Terminator::Jump(_) | Terminator::Return(_) | Terminator::Unreachable => (true, true),
        };
        for (target, _) in data.term.targets().zip([then, otherwise]).filter(|&(_, taken)| taken) {
            changed |= !std::mem::replace(&mut self.reached[target.block.index()], true);
            for (&arg, &param) in target.args.iter().zip(&func.block(target.block).params) {
                let joined = self.of(param).join(self.of(arg));
                changed |= joined != self.of(param);
                self.known[param.index()] = joined;
            }
        }
        changed
    }

    fn result(&self, func: &Function, inst: Inst) -> Known {
        let data = func.inst(inst);
        let Op::Wasm(op) = data.op else { return Known::Varies };
        if let Imm::Data(id) = data.imm {
            return Known::Is(Constant::Data(id));
        }
        if let (WasmOp::I32Select | WasmOp::I64Select | WasmOp::F64Select, [a, b, cond]) = (op, &data.args[..]) {
            return match self.of(*cond) {
                Known::Nothing => Known::Nothing,
                Known::Is(cond) => self.of(if is_true(cond) { *a } else { *b }),
                Known::Varies => self.of(*a).join(self.of(*b)),
            };
        }
        let mut args = Vec::with_capacity(data.args.len());
        for &arg in &data.args {
            match self.of(arg) {
                Known::Nothing => return Known::Nothing,
                Known::Is(Constant::Word(word)) => args.push(word),
                Known::Is(Constant::Data(_)) | Known::Varies => return Known::Varies,
            }
        }
        match evaluate(op, &args, data.imm) {
            Some(word) if op.results() == [Type::F64] && op != WasmOp::F64Const && f64::from_bits(word).is_nan() => {
                Known::Varies
            }
            Some(word) => Known::Is(Constant::Word(word)),
            None => Known::Varies,
        }
    }
}

/// Static data never lies at address 0.
fn is_true(constant: Constant) -> bool {
    match constant {
        Constant::Word(word) => word != 0,
        Constant::Data(_) => true,
    }
}

fn rewrite(func: &mut Function, cfg: &Cfg, facts: &Facts) {
    let mut replaced: Vec<Option<Value>> = vec![None; func.values.len()];
    for &block in cfg.rpo().iter().filter(|block| facts.reached[block.index()]) {
        let insts = func.block(block).insts.clone();
        for inst in insts {
            fold_inst(func, facts, inst);
        }
        if block != ENTRY {
            let mut constants = Vec::new();
            for param in func.block(block).params.clone() {
                if let Known::Is(constant) = facts.of(param) {
                    let ty = func.ty(param);
                    let (op, imm) = operation(constant, ty);
                    let inst = func.make_inst(op.into(), vec![], imm, &[ty], None);
                    replaced[param.index()] = Some(func.inst(inst).results[0]);
                    constants.push(inst);
                }
            }
            func.block_mut(block).insts.splice(0..0, constants);
        }
        let term = &mut func.block_mut(block).term;
        if let Terminator::Branch { cond, then, otherwise } = term
            && let Known::Is(constant) = facts.of(*cond)
        {
            *term = Terminator::Jump(if is_true(constant) { then.clone() } else { otherwise.clone() });
        }
    }
    let resolve = |value: Value| replaced.get(value.index()).copied().flatten().unwrap_or(value);
    for inst in &mut func.insts {
        inst.args.iter_mut().for_each(|arg| *arg = resolve(*arg));
    }
    for block in &mut func.blocks {
        block.term.map_uses(resolve);
    }
}

/// Makes a known result a constant, in place.
fn fold_inst(func: &mut Function, facts: &Facts, inst: Inst) {
    let data = func.inst(inst);
    let [result] = data.results[..] else { return };
    let (Known::Is(constant), false) = (facts.of(result), data.args.is_empty()) else { return };
    match data.op.effect() {
        Effect::Pure | Effect::Fail => {}
        Effect::Alloc | Effect::Read | Effect::Write => return,
    }
    let (op, imm) = operation(constant, func.ty(result));
    debug_assert!(matches!(func.def(result), ValueDef::Result(def, 0) if def == inst));
    let data = func.inst_mut(inst);
    data.op = op.into();
    data.args.clear();
    data.imm = imm;
}

/// The operation that makes a constant.
fn operation(constant: Constant, ty: Type) -> (WasmOp, Imm) {
    match (constant, ty.kind) {
        (Constant::Data(data), _) => (WasmOp::DataAddr, Imm::Data(data)),
        (Constant::Word(word), Kind::I32) => (WasmOp::I32Const, Imm::I32(word as i32)),
        (Constant::Word(word), Kind::I64) => (WasmOp::I64Const, Imm::I64(word as i64)),
        (Constant::Word(word), Kind::F64) => (WasmOp::F64Const, Imm::F64(word)),
        (Constant::Word(_), _) => panic!("{ty} is not a machine type"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::after_legalized;
    use super::PASS;

    #[test]
    fn arms_that_cannot_be_reached_go_and_what_meets_is_one_constant() {
        let text = after_legalized(
            r#"
func f(v0: i32) -> i32 legalized {
b0:
    v1 = i32.const 2
    v2 = i32.const 3
    branch v0, b1(v2), b2
b1(v3: i32):
    v4 = i32.sub v3, v1
    branch v4, b3, b4
b2:
    jump b1(v2)
b3:
    return v4
b4:
    return v0
}
"#,
            PASS,
        );
        assert_eq!(
            text,
            "\
func f(v0: i32) -> i32 legalized {
b0:
    v1 = i32.const 2
    v2 = i32.const 3
    branch v0, b1(v2), b2
b1(v3: i32):
    v4 = i32.const 3
    v5 = i32.const 1
    jump b3
b2:
    jump b1(v2)
b3:
    return v5
}
"
        );
    }

    #[test]
    fn a_loop_variable_that_never_changes_is_a_constant() {
        let text = after_legalized(
            r#"
func f(v0: i64) -> i64 legalized {
b0:
    v1 = i64.const 7
    jump b1(v0, v1)
b1(v2: i64, v3: i64):
    v4 = i64.sub v2, v3
    v5 = i64.const 0
    v6 = i64.mul v5, v3
    v7 = i64.add v6, v3
    v8 = i64.gt_s v4, v5
    branch v8, b1(v4, v7), b2
b2:
    return v3
}
"#,
            PASS,
        );
        assert!(text.contains("return v4") && text.contains("v4 = i64.const 7"), "{text}");
    }

    #[test]
    fn divisions_that_trap_and_nan_stay() {
        let text = after_legalized(
            r#"
func f() -> f64 legalized {
b0:
    v0 = i32.const 0
    v1 = i32.div_s v0, v0
    v2 = f64.const 0.0
    v3 = f64.div v2, v2
    return v3
}
"#,
            PASS,
        );
        assert!(text.contains("i32.div_s v0, v0") && text.contains("f64.div v2, v2"), "{text}");
    }
}
