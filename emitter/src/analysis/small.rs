//! Which int words are proven small, that is in `[-2^61, 2^61)`.
//!
//! In the same way: which lists and records are proven not to be none, which checks need not ask then.
//!
//! A fact for legalization: what is small needs no counting, and comparisons and divisions of it
//! need fewer checks. Found optimistically over the whole module: everything is small until
//! something that may not be reaches it through block parameters, calls, returns or operations
//! that keep smallness. Narrower ranges are found elsewhere: the range pass turns what it proves
//! into `small.*` operations, whose results are small by definition.

use crate::ir::{ENTRY, FuncId, Function, Imm, Inst, Kind, MochiOp, Module, Op, Terminator, Type, Value, ValueDef};

/// The values of kind int or any that are small on every path, and the lists and records that are never none.
#[derive(Clone, Debug)]
pub struct SmallInts {
    /// The number of each function's first value.
    bases: Vec<u32>,
    others: Vec<bool>,
}

impl SmallInts {
    /// Functions are taken to be called from inside the module only; the code of closures by anyone.
    pub fn new(module: &Module) -> SmallInts {
        let mut finder = Finder::new(module);
        for (index, _) in module.called_by_value().into_iter().enumerate().filter(|&(_, called)| called) {
            let base = finder.bases[index];
            module.functions[index].params().iter().for_each(|param| finder.refute(base + param.0));
        }
        for (index, func) in module.functions.iter().enumerate() {
            finder.function(FuncId::new(index), func);
        }
        finder.propagate();
        let Finder { module: _, bases, others, results: _, work: _, heads: _, links: _ } = finder;
        SmallInts { bases, others }
    }

    /// Whether `value` of `func`, an int or any, is proven small, or, a list or record, not to be none;
    /// such an int is not none either.
    pub fn contains(&self, func: FuncId, value: Value) -> bool {
        !self.others[self.bases[func.index()] as usize + value.index()]
    }
}

/// The int that `value` is a constant of.
pub fn constant_int(func: &Function, value: Value) -> Option<i64> {
    match func.def(value) {
        ValueDef::Result(inst, _) => match (func.inst(inst).op, func.inst(inst).imm) {
            (Op::Mochi(MochiOp::IntConst), Imm::I64(constant)) => Some(constant),
            _ => None,
        },
        ValueDef::Param(..) => None,
    }
}

/// A list or record whose type says that it is never none; which it may be where a global is read too early.
fn is_object(ty: Type) -> bool {
    matches!(ty.kind, Kind::List(_) | Kind::Record(_)) && !ty.nullable
}

const LIMIT: i64 = 1 << 61;
const NO_LINK: u32 = u32::MAX;

/// Numbers all values of the module, and all results of its functions after them.
struct Finder<'a> {
    module: &'a Module,
    bases: Vec<u32>,
    /// The number of each function's first result.
    results: Vec<u32>,
    others: Vec<bool>,
    /// Found not to be small, dependents not yet told.
    work: Vec<u32>,
    /// The first link of each number's list of dependents, which are small only if it is.
    heads: Vec<u32>,
    /// A dependent and the next link.
    links: Vec<(u32, u32)>,
}

impl<'a> Finder<'a> {
    fn new(module: &'a Module) -> Finder<'a> {
        let mut count = 0;
        let mut number = |size: usize| {
            let first = count;
            count += size as u32;
            first
        };
        let bases = module.functions.iter().map(|func| number(func.values.len())).collect();
        let results = module.functions.iter().map(|func| number(func.sig.results.len())).collect();
        let heads = vec![NO_LINK; count as usize];
        Finder {
            module,
            bases,
            results,
            others: vec![false; count as usize],
            work: Vec::new(),
            heads,
            links: Vec::new(),
        }
    }

    fn refute(&mut self, number: u32) {
        if !std::mem::replace(&mut self.others[number as usize], true) {
            self.work.push(number);
        }
    }

    fn depend(&mut self, number: u32, on: u32) {
        self.links.push((number, self.heads[on as usize]));
        self.heads[on as usize] = self.links.len() as u32 - 1;
    }

    fn propagate(&mut self) {
        while let Some(number) = self.work.pop() {
            let mut link = self.heads[number as usize];
            while link != NO_LINK {
                let (dependent, next) = self.links[link as usize];
                self.refute(dependent);
                link = next;
            }
        }
    }

    fn function(&mut self, id: FuncId, func: &Function) {
        let base = self.bases[id.index()];
        for block in &func.blocks {
            for &inst in &block.insts {
                self.inst(func, base, inst);
            }
            for target in block.term.targets() {
                for (&param, &arg) in func.block(target.block).params.iter().zip(&target.args) {
                    self.depend(base + param.0, base + arg.0);
                }
            }
            if let Terminator::Return(values) = &block.term {
                for (value, result) in values.iter().zip(self.results[id.index()]..) {
                    self.depend(result, base + value.0);
                }
            }
        }
    }

    fn inst(&mut self, func: &Function, base: u32, inst: Inst) {
        let data = func.inst(inst);
        let op = match (data.op, data.imm) {
            (Op::Mochi(op), _) => op,
            (Op::Call, Imm::Func(callee)) => {
                let callee_base = self.bases[callee.index()];
                let module = self.module;
                for (&param, &arg) in module.func(callee).params().iter().zip(&data.args) {
                    debug_assert!(matches!(module.func(callee).def(param), ValueDef::Param(ENTRY, _)));
                    self.depend(callee_base + param.0, base + arg.0);
                }
                for (value, result) in data.results.iter().zip(self.results[callee.index()]..) {
                    self.depend(base + value.0, result);
                }
                return;
            }
            (Op::Call | Op::CallIndirect | Op::CallValue | Op::Wasm(_), _) => {
                return data.results.iter().for_each(|&result| self.refute(base + result.0));
            }
        };
        let [result] = data.results[..] else { return };
        let number = base + result.0;
        match op {
            MochiOp::IntConst => {
                if !matches!(data.imm, Imm::I64(value) if (-LIMIT..LIMIT).contains(&value)) {
                    self.refute(number);
                }
            }
            MochiOp::Convert if matches!(func.ty(data.args[0]).kind, Kind::Int | Kind::Any) => {
                self.depend(number, base + data.args[0].0);
            }
            // A remainder is closer to zero than its divisor; the quotient than its dividend,
            // but for a divisor of -1.
            MochiOp::IntRem if func.ty(data.args[0]) == Type::INT => self.depend(number, base + data.args[1].0),
            MochiOp::IntDiv if constant_int(func, data.args[1]).is_some_and(|divisor| !matches!(divisor, -1 | 0)) => {
                self.depend(number, base + data.args[0].0);
            }
            MochiOp::ListNew
            | MochiOp::ListOf
            | MochiOp::ListPush
            | MochiOp::ListSlice
            | MochiOp::ListConcat
            | MochiOp::RecordNew => {}
            // What is in a place that is not none, and where none is no value.
            MochiOp::ListGet
            | MochiOp::ListPeek
            | MochiOp::ListIndex
            | MochiOp::ListPeekIndex
            | MochiOp::ListAt
            | MochiOp::ListPeekAt
            | MochiOp::RecordGet
            | MochiOp::RecordPeek
                if is_object(func.ty(result)) =>
            {
                self.depend(number, base + data.args[0].0);
            }
            MochiOp::Convert if is_object(func.ty(data.args[0])) && is_object(func.ty(result)) => {
                self.depend(number, base + data.args[0].0);
            }
            MochiOp::BoolToInt if func.ty(result).nullable => self.refute(number),
            MochiOp::BoolToInt
            | MochiOp::SmallAdd
            | MochiOp::SmallSub
            | MochiOp::SmallMul
            | MochiOp::SmallDiv
            | MochiOp::SmallRem
            | MochiOp::SmallNeg
            | MochiOp::IntLen
            | MochiOp::FloatLen
            | MochiOp::StrLen
            | MochiOp::ListLen
            | MochiOp::MapLen
            | MochiOp::RangeStart
            | MochiOp::RangeEnd => {}
            _ => self.refute(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse;

    /// Which of the values of the first function are small.
    #[track_caller]
    fn small(text: &str) -> Vec<u32> {
        let module = parse(text).expect("well-formed text").module;
        let small = SmallInts::new(&module);
        let func = FuncId::new(0);
        (0..module.func(func).values.len() as u32).filter(|&value| small.contains(func, Value(value))).collect()
    }

    #[test]
    fn counters_of_small_steps_are_small_and_sums_are_not() {
        let text = "
            func f(v0: int) -> int pure {
            b0:
                v1: int = int.const 1
                jump b1(v1, v1)
            b1(v2: int, v3: int):
                v4 = small.add v2, v1
                v5: int = int.add v3, v2
                v6: int = int.const 100
                v7: int = int.rem v5, v6
                v8: int = int.div v7, v6
                v9 = int.lt v4, v0
                branch v9, b1(v4, v5), b2
            b2:
                return v3
            }
            func main() pure {
            b0:
                v0: int = int.const 2305843009213693952
                v1: int = call f(v0)
                return
            }";
        assert_eq!(small(text), [1, 2, 4, 6, 7, 8]);
    }

    #[test]
    fn lists_that_are_made_here_are_not_none_and_words_of_them_are_not_small() {
        let text = "
            func f(v0: list<str>?) pure {
            b0:
                v1: list<list<str>> = list.new 0
                v2: int = int.const 0
                v3: list<str> = list.get v1, v2
                v4: list<str> = convert v0
                v5: any = convert v1
                return
            }
            func main() pure {
            b0:
                v0: list<str>? = none
                call f(v0)
                return
            }";
        assert_eq!(small(text), [1, 2, 3]);
    }

    #[test]
    fn lengths_of_lists_are_small_and_their_elements_may_be_anything() {
        let text = "
            func f(v0: list<int>) pure {
            b0:
                v1 = list.len v0
                v2: int = list.get v0, v1
                v3: int = list.at v0, v1
                v4: int = int.const 7
                v5: list<int> = list.append v0, v4
                return
            }";
        assert_eq!(small(text)[..3], [0, 1, 4]);
    }

    #[test]
    fn calls_pass_smallness_in_and_out() {
        let text = "
            func f(v0: int, v1: int, v2: int?) -> int pure {
            b0:
                v3: int = call g(v0)
                v4: int = call g(v1)
                return v4
            }
            func g(v0: int) -> int pure {
            b0:
                return v0
            }
            func main() pure {
            b0:
                v0: int = int.const 1
                v1: int? = none
                v2: int = call f(v0, v0, v1)
                v3: int = call f(v0, v2, v1)
                return
            }";
        assert_eq!(small(text), [0, 1, 3, 4]);
        assert_eq!(small(&text.replace("int.const 1", "int.const 2305843009213693952")), [] as [u32; 0]);
    }
}
