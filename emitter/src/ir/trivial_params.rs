//! Block parameters that are always one value.
//!
//!     b0: jump b1(v0)                 b0: jump b1
//!     b1(v1): branch v2, b1(v1), b2   b1: branch v2, b1, b2       and v0 for v1
//!
//! All parameters are taken for copies until an edge says otherwise, so that rings of parameters that only pass a value
//! on to each other are seen through ("Constant Propagation with Conditional Branches", Wegman & Zadeck, TOPLAS 1991,
//! for copies).

use super::{Block, ENTRY, Function, Value, ValueDef};

/// Removes block parameters that every edge gives the same value (or themselves), to a fixpoint.
pub fn remove_trivial_params(func: &mut Function) {
    loop {
        let Copies { of, is_final } = copies(func);
        let has_copies = of.iter().enumerate().any(|(index, &of)| of != Value::new(index));
        if has_copies {
            replace(func, &of);
        }
        if is_final || !has_copies {
            return;
        }
    }
}

struct Copies {
    /// What each value is a copy of; itself if of none.
    of: Vec<Value>,
    /// Whether there are no more once these are replaced.
    is_final: bool,
}

fn copies(func: &Function) -> Copies {
    let arguments = Arguments::new(func);
    // Nothing is known of parameters at first. Each changes twice at most: to a copy, to a value of its own.
    let mut known: Vec<Option<Value>> = (0..func.values.len()).map(|index| Some(Value::new(index))).collect();
    let params = || func.blocks.iter().skip(1).flat_map(|block| &block.params).copied();
    params().for_each(|param| known[param.index()] = None);
    let mut is_final = true;
    let mut changed = true;
    while changed {
        changed = false;
        for param in params() {
            let before = known[param.index()];
            if before == Some(param) {
                continue;
            }
            let mut values = arguments.of(param).iter().filter_map(|arg| known[arg.index()]);
            let Some(first) = values.next() else { continue };
            let is_one = values.all(|value| value == first) && before.is_none_or(|before| before == first);
            let after = if is_one { first } else { param };
            if before != Some(after) {
                // What was a copy of another value before may be one of a parameter now.
                is_final &= before.is_none();
                known[param.index()] = Some(after);
                changed = true;
            }
        }
    }
    let of = known.iter().enumerate().map(|(index, known)| known.unwrap_or(Value::new(index))).collect();
    Copies { of, is_final }
}

/// What all edges give each parameter, but for itself.
struct Arguments {
    /// The arguments of all parameters one after the other; `starts` tells by value whose begin where.
    args: Vec<Value>,
    starts: Vec<u32>,
}

impl Arguments {
    fn new(func: &Function) -> Arguments {
        let pairs = || {
            let targets = func.blocks.iter().flat_map(|block| block.term.targets());
            let pairs = targets.flat_map(|target| func.block(target.block).params.iter().zip(&target.args));
            pairs.filter(|(param, arg)| param != arg)
        };
        let mut starts = vec![0; func.values.len() + 1];
        pairs().for_each(|(param, _)| starts[param.index() + 1] += 1);
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut args = vec![Value::new(0); starts[func.values.len()] as usize];
        for (param, &arg) in pairs() {
            let place = &mut next[param.index()];
            args[*place as usize] = arg;
            *place += 1;
        }
        Arguments { args, starts }
    }

    fn of(&self, param: Value) -> &[Value] {
        &self.args[self.starts[param.index()] as usize..self.starts[param.index() + 1] as usize]
    }
}

/// Puts what they are copies of in the place of parameters.
fn replace(func: &mut Function, of: &[Value]) {
    let is_kept = |param: Value| of[param.index()] == param;
    let params: Vec<Vec<Value>> = func.blocks.iter_mut().map(|block| std::mem::take(&mut block.params)).collect();
    let shrinks: Vec<bool> = params.iter().map(|params| params.iter().any(|&param| !is_kept(param))).collect();
    for block in &mut func.blocks {
        for target in block.term.targets_mut() {
            let target_block = target.block.index();
            if shrinks[target_block] {
                let mut params = params[target_block].iter();
                target.args.retain(|_| params.next().is_some_and(|&param| is_kept(param)));
            }
        }
        block.term.map_uses(|value| of[value.index()]);
    }
    for (index, mut params) in params.into_iter().enumerate() {
        if shrinks[index] {
            params.retain(|&param| is_kept(param));
            for (position, param) in params.iter().enumerate() {
                func.values[param.index()].def = ValueDef::Param(Block::new(index), position as u32);
            }
        }
        func.blocks[index].params = params;
    }
    for inst in &mut func.insts {
        inst.args.iter_mut().for_each(|arg| *arg = of[arg.index()]);
    }
    debug_assert!(func.block(ENTRY).params.iter().all(|&param| is_kept(param)));
}

#[cfg(test)]
mod tests {
    use super::remove_trivial_params;
    use crate::ir::{FuncId, Spans, parse, print_function, verify_function};

    fn after(blocks: &str) -> String {
        let text = format!("func f(v0: i32, v1: i32) -> i32 legalized {{\n{blocks}}}\n");
        let mut module = parse(&text).unwrap_or_else(|errors| panic!("{errors:?}")).module;
        remove_trivial_params(&mut module.functions[0]);
        assert!(verify_function(&module, FuncId::new(0)).is_ok());
        print_function(&module, &module.functions[0], Spans::Omit)
    }

    /// Two parameters that pass a value on to each other.
    #[test]
    fn rings_are_seen_through() {
        let text = after(
            "b0:\n    jump b1(v0, v0)\nb1(v2: i32, v3: i32):\n    branch v1, b1(v3, v2), b2\nb2:\n    return v3\n",
        );
        assert!(text.contains("return v0") && !text.contains("b1("), "{text}");
    }

    /// `v4` is `v0` until `v2`, which it is a copy of, is found to vary.
    #[test]
    fn copies_of_what_varies_are_found() {
        let text = after(concat!(
            "b0:\n    jump b1(v0)\nb1(v2: i32):\n    jump b2(v2)\nb2(v4: i32):\n    branch v4, b1(v1), b3\n",
            "b3:\n    return v4\n",
        ));
        assert!(text.contains("return v2") && text.contains("b1(v2: i32)") && !text.contains("b2("), "{text}");
    }

    #[test]
    fn parameters_with_two_values_stay() {
        let text = after("b0:\n    branch v0, b1(v0), b1(v1)\nb1(v2: i32):\n    return v2\n");
        assert!(text.contains("b1(v2: i32)"), "{text}");
    }
}
