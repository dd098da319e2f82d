//! simplify – replaces operations on Wasm values by shorter ones.
//!
//!     v2 = i64.const 0
//!     v3 = i64.eq v1, v2         =>   branch v4, b2, b1      where v3 = i64.eqz v1
//!     v4 = i32.eqz v3                                        has become  v4 = i64.ne v1, v2
//!     branch v4, b1, b2
//!
//! Identities of arithmetic, tests of tests, and a constant added to a sum with a constant. Each
//! makes the code smaller; what only makes it faster is left to Cranelift, which knows more such
//! rules. Constants computed on the way come from the interpreter. One walk in block order, so
//! that operands are in their final form when their users are looked at.

use super::{Pass, Run};
use crate::analysis::{Cfg, Uses};
use crate::ir::interp::evaluate;
use crate::ir::{Block, Function, Imm, Inst, Op, Terminator, Type, Value, ValueDef, WasmOp};

pub const PASS: Pass = Pass { name: "simplify", run: Run::OnFunction(simplify) };

fn simplify(func: &mut Function) {
    let cfg = Cfg::new(func);
    let uses = Uses::new(func);
    let mut ctx = Ctx { same: (0..func.values.len()).map(Value::new).collect(), func, uses };
    for &block in cfg.rpo() {
        ctx.block(block);
    }
    let Ctx { func, same, uses: _ } = ctx;
    // Arguments of edges back to blocks that had been visited are still old.
    for block in &mut func.blocks {
        block.term.map_uses(|value| same[value.index()]);
    }
}

struct Ctx<'a> {
    func: &'a mut Function,
    uses: Uses,
    /// What each value has turned out to be; itself if nothing else.
    same: Vec<Value>,
}

/// What becomes of an instruction with one result.
enum Change {
    /// The result is a value that exists already.
    Is(Value),
    /// Another operation computes it.
    Op(WasmOp, Vec<Value>),
    /// It is a constant.
    Word(u64),
    /// The operation with a constant as its second operand.
    OpConst(WasmOp, Value, u64),
}

impl Ctx<'_> {
    fn block(&mut self, block: Block) {
        let old = std::mem::take(&mut self.func.block_mut(block).insts);
        let mut new = Vec::with_capacity(old.len());
        for inst in old {
            let same = &self.same;
            self.func.inst_mut(inst).args.iter_mut().for_each(|arg| *arg = same[arg.index()]);
            self.inst(inst, &mut new);
        }
        self.func.block_mut(block).insts = new;
        let same = &self.same;
        let data = self.func.block_mut(block);
        data.term.map_uses(|value| same[value.index()]);
        let Terminator::Branch { cond, then: _, otherwise: _ } = data.term else { return };
        let (tested, negated) = self.tested(cond);
        if let Terminator::Branch { cond, then, otherwise } = &mut self.func.block_mut(block).term {
            *cond = tested;
            if negated {
                std::mem::swap(then, otherwise);
            }
        }
    }

    /// Changes an instruction as long as a rule fits, and puts it into `new` if it is still there.
    fn inst(&mut self, inst: Inst, new: &mut Vec<Inst>) {
        // Every rule makes the operation smaller or moves a constant to the right, so this ends.
        while let Some(change) = self.rule(inst) {
            let result = self.func.inst(inst).results[0];
            match change {
                Change::Is(value) => {
                    self.same[result.index()] = value;
                    return;
                }
                Change::Op(op, args) => self.set(inst, op, args, Imm::None),
                Change::Word(word) => {
                    let (op, imm) = constant(self.func.ty(result), word);
                    self.set(inst, op, vec![], imm);
                }
                Change::OpConst(op, value, word) => {
                    let ty = self.func.ty(value);
                    let (const_op, imm) = constant(ty, word);
                    let made = self.func.make_inst(const_op.into(), vec![], imm, &[ty], None);
                    let made_value = self.func.inst(made).results[0];
                    self.same.push(made_value);
                    new.push(made);
                    self.set(inst, op, vec![value, made_value], Imm::None);
                }
            }
        }
        new.push(inst);
    }

    fn set(&mut self, inst: Inst, op: WasmOp, args: Vec<Value>, imm: Imm) {
        let data = self.func.inst_mut(inst);
        data.op = op.into();
        data.args = args;
        data.imm = imm;
    }

    fn def(&self, value: Value) -> Option<(WasmOp, &[Value], Imm)> {
        let ValueDef::Result(inst, _) = self.func.def(value) else { return None };
        let data = self.func.inst(inst);
        match data.op {
            Op::Wasm(op) => Some((op, &data.args, data.imm)),
            Op::Call | Op::CallIndirect | Op::CallValue | Op::Mochi(_) => None,
        }
    }

    fn constant(&self, value: Value) -> Option<u64> {
        match self.def(value)?.2 {
            Imm::I32(value) => Some(u64::from(value as u32)),
            Imm::I64(value) => Some(value as u64),
            Imm::F64(bits) => Some(bits),
            Imm::None
            | Imm::Offset(_)
            | Imm::Func(_)
            | Imm::Sig(_)
            | Imm::Record(_)
            | Imm::Global(_)
            | Imm::Data(_)
            | Imm::Shape(_) => None,
        }
    }

    fn is_zero(&self, value: Value) -> bool {
        self.constant(value) == Some(0)
    }

    /// Whether the value is 0 or 1.
    fn is_test(&self, value: Value) -> bool {
        self.def(value).is_some_and(|(op, _, _)| op.is_test()) || matches!(self.constant(value), Some(0 | 1))
    }

    /// A value that is zero exactly when `cond` is – or exactly when `cond` is not, if so marked.
    fn tested(&self, cond: Value) -> (Value, bool) {
        let (mut value, mut negated) = (cond, false);
        loop {
            match self.def(value) {
                Some((WasmOp::I32Eqz, &[inner], _)) => {
                    value = inner;
                    negated = !negated;
                }
                Some((WasmOp::I32Ne, &[inner, zero], _)) if self.is_zero(zero) => value = inner,
                _ => return (value, negated),
            }
        }
    }

    fn rule(&self, inst: Inst) -> Option<Change> {
        let data = self.func.inst(inst);
        let Op::Wasm(op) = data.op else { return None };
        match data.args[..] {
            [a] => self.unary(op, a),
            [a, b] if data.results.len() == 1 => self.binary(op, a, b),
            [a, b, cond] if matches!(op, WasmOp::I32Select | WasmOp::I64Select | WasmOp::F64Select) => {
                self.select(op, a, b, cond)
            }
            _ => None,
        }
    }

    fn unary(&self, op: WasmOp, a: Value) -> Option<Change> {
        let (inner, args, _) = self.def(a)?;
        match (op, inner) {
            (WasmOp::I32Eqz, _) if inner.negated().is_some() => Some(Change::Op(inner.negated()?, args.to_vec())),
            (WasmOp::I32Eqz, WasmOp::I32Eqz) if self.is_test(args[0]) => Some(Change::Is(args[0])),
            (WasmOp::I64Eqz, WasmOp::I64ExtendI32S | WasmOp::I64ExtendI32U) => {
                Some(Change::Op(WasmOp::I32Eqz, args.to_vec()))
            }
            (WasmOp::I32WrapI64, WasmOp::I64ExtendI32S | WasmOp::I64ExtendI32U)
            | (WasmOp::F64ReinterpretI64, WasmOp::I64ReinterpretF64)
            | (WasmOp::I64ReinterpretF64, WasmOp::F64ReinterpretI64) => Some(Change::Is(args[0])),
            (WasmOp::I32WrapI64, WasmOp::I64And)
                if self.constant(args[1]).is_some_and(|mask| mask as u32 == u32::MAX) =>
            {
                Some(Change::Op(WasmOp::I32WrapI64, vec![args[0]]))
            }
            _ => None,
        }
    }

    fn binary(&self, op: WasmOp, a: Value, b: Value) -> Option<Change> {
        use WasmOp::*;
        if a == b {
            match op {
                I32And | I32Or | I64And | I64Or => return Some(Change::Is(a)),
                I32Sub | I32Xor | I64Sub | I64Xor => return Some(Change::Word(0)),
                I32Eq | I32LeS | I32LeU | I32GeS | I32GeU | I64Eq | I64LeS | I64LeU | I64GeS | I64GeU => {
                    return Some(Change::Word(1));
                }
                I32Ne | I32LtS | I32LtU | I32GtS | I32GtU | I64Ne | I64LtS | I64LtU | I64GtS | I64GtU => {
                    return Some(Change::Word(0));
                }
                _ => {}
            }
        }
        let Some(right) = self.constant(b) else {
            return (is_commutative(op) && self.constant(a).is_some()).then(|| Change::Op(op, vec![b, a]));
        };
        let ones = if self.func.ty(b) == Type::I32 { u64::from(u32::MAX) } else { u64::MAX };
        match (op, right) {
            (
                I32Add | I32Sub | I32Or | I32Xor | I32Shl | I32ShrS | I32ShrU | I32Rotl | I64Add | I64Sub | I64Or
                | I64Xor | I64Shl | I64ShrS | I64ShrU | I64Rotl,
                0,
            )
            | (I32Mul | I32DivS | I32DivU | I64Mul | I64DivS | I64DivU, 1) => Some(Change::Is(a)),
            (I32And | I32Mul | I64And | I64Mul, 0) | (I32RemS | I32RemU | I64RemS | I64RemU, 1) => {
                Some(Change::Word(0))
            }
            (I32And | I64And, _) if right == ones => Some(Change::Is(a)),
            (I32Or | I64Or, _) if right == ones => Some(Change::Word(ones)),
            (I32And, 1) if self.is_test(a) => Some(Change::Is(a)),
            (I32Eq, 0) => Some(Change::Op(I32Eqz, vec![a])),
            (I64Eq, 0) => Some(Change::Op(I64Eqz, vec![a])),
            (I32Ne, 0) | (I32Eq, 1) if self.is_test(a) => Some(Change::Is(a)),
            (I32Ne, 1) if self.is_test(a) => Some(Change::Op(I32Eqz, vec![a])),
            (I32LtU, 1) | (I32LeU, 0) => Some(Change::Op(I32Eqz, vec![a])),
            (I64LtU, 1) | (I64LeU, 0) => Some(Change::Op(I64Eqz, vec![a])),
            // Conditions have no use for the comparison.
            (I32GtU, 0) => Some(Change::Op(I32Ne, vec![a, b])),
            (I64GtU, 0) => Some(Change::Op(I64Ne, vec![a, b])),
            // The exponent is shorter than the power from two bytes on.
            (I32Mul, _) if right.is_power_of_two() && right >= 64 => {
                Some(Change::OpConst(I32Shl, a, u64::from(right.trailing_zeros())))
            }
            (I64Mul, _) if right.is_power_of_two() && right >= 64 => {
                Some(Change::OpConst(I64Shl, a, u64::from(right.trailing_zeros())))
            }
            (I32Add | I32Sub, _) => self.sum(op, a, right, I32Add, I32Sub),
            (I64Add | I64Sub, _) => self.sum(op, a, right, I64Add, I64Sub),
            _ => None,
        }
    }

    /// A constant added to a sum with a constant that has no other use.
    fn sum(&self, op: WasmOp, a: Value, right: u64, add: WasmOp, sub: WasmOp) -> Option<Change> {
        let (inner, args, _) = self.def(a)?;
        if !(inner == add || inner == sub) || !self.uses.is_single(a) {
            return None;
        }
        let left = self.constant(args[1])?;
        let total = evaluate(if inner == op { add } else { sub }, &[left, right], Imm::None)?;
        Some(Change::OpConst(inner, args[0], total))
    }

    fn select(&self, op: WasmOp, a: Value, b: Value, cond: Value) -> Option<Change> {
        if a == b {
            return Some(Change::Is(a));
        }
        if let Some(cond) = self.constant(cond) {
            return Some(Change::Is(if cond != 0 { a } else { b }));
        }
        let (tested, negated) = self.tested(cond);
        if negated {
            return Some(Change::Op(op, vec![b, a, tested]));
        }
        if tested != cond {
            return Some(Change::Op(op, vec![a, b, tested]));
        }
        if op == WasmOp::I32Select && self.is_test(cond) {
            match (self.constant(a), self.constant(b)) {
                (Some(1), Some(0)) => return Some(Change::Is(cond)),
                (Some(0), Some(1)) => return Some(Change::Op(WasmOp::I32Eqz, vec![cond])),
                _ => {}
            }
        }
        None
    }
}

fn is_commutative(op: WasmOp) -> bool {
    use WasmOp::*;
    matches!(
        op,
        I32Add
            | I32Mul
            | I32And
            | I32Or
            | I32Xor
            | I32Eq
            | I32Ne
            | I64Add
            | I64Mul
            | I64And
            | I64Or
            | I64Xor
            | I64Eq
            | I64Ne
    )
}

fn constant(ty: Type, word: u64) -> (WasmOp, Imm) {
    match ty {
        Type::I32 => (WasmOp::I32Const, Imm::I32(word as i32)),
        Type::I64 => (WasmOp::I64Const, Imm::I64(word as i64)),
        _ => panic!("no rule makes a constant {ty}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::after_legalized;
    use super::PASS;

    /// The lines of a function of two `i32`s and two `i64`s that computes `lines` and returns
    /// the last value, without the constants.
    fn simplified(lines: &str) -> Vec<String> {
        let last = lines.lines().last().and_then(|line| line.split_whitespace().next()).expect("a value");
        let ty = if lines.lines().last().is_some_and(|line| line.contains(" = i64.")) { "i64" } else { "i32" };
        let text = format!(
            "func f(v0: i32, v1: i32, v2: i64, v3: i64) -> {ty} legalized {{\nb0:\n{lines}\nreturn {last}\n}}\n"
        );
        let text = after_legalized(&text, PASS);
        let code = text.lines().skip(2).filter(|line| !line.contains(".const") && !line.contains('}'));
        code.map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn tests_of_tests_are_one_test() {
        assert_eq!(simplified("v4 = i64.lt_s v2, v3\nv5 = i32.eqz v4")[1], "v5 = i64.ge_s v2, v3");
        assert_eq!(simplified("v4 = i32.const 0\nv5 = i64.const 0\nv6 = i64.eq v2, v5\nv7 = i32.ne v6, v4").len(), 2);
        // Not for orders of floats: both fail when an operand is NaN.
        let kept = simplified("v4 = f64.convert_i64_s v2\nv5 = f64.lt v4, v4\nv6 = i32.eqz v5");
        assert_eq!(kept.len(), 4, "{kept:?}");
    }

    #[test]
    fn constants_in_sums_meet() {
        let lines = "v4 = i64.const 3\nv5 = i64.const 5\nv6 = i64.add v2, v4\nv7 = i64.sub v6, v5\nv8 = i64.add v5, v7";
        let code = simplified(lines);
        assert_eq!(code[code.len() - 2], "v10 = i64.add v2, v9", "{code:?}");
        let text = simplified("v4 = i32.const 4\nv5 = i32.add v4, v0\nv6 = i32.sub v5, v4");
        assert_eq!(text.last().expect("a return"), "return v0");
    }

    #[test]
    fn neutral_operands_go() {
        for line in ["v5 = i32.add v0, v4", "v5 = i32.or v4, v0", "v5 = i32.shl v0, v4", "v5 = i32.sub v0, v4"] {
            assert_eq!(simplified(&format!("v4 = i32.const 0\n{line}")), ["return v0"], "{line}");
        }
    }

    #[test]
    fn a_branch_looks_at_what_is_tested() {
        let text = after_legalized(
            r#"
func f(v0: i32) legalized {
b0:
    v1 = i32.eqz v0
    branch v1, b1, b2
b1:
    unreachable
b2:
    return
}
"#,
            PASS,
        );
        assert!(text.contains("branch v0, b2, b1"), "{text}");
    }
}
