//! What a module needs of the runtime, as far as it is known before the runtime is looked at.
//!
//! Freeing, comparing and showing work on objects of all kinds; without the kinds that a module
//! cannot have, they are a fraction of that. The sources ask with `HAS_ANY` and the like, which
//! are constants.

use crate::analysis::Rings;
use crate::ir::{Function, Kind, MochiOp, Module, Op, Shape, Type};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Poison what is freed, count what lives.
    pub debug_memory: bool,
    /// Words that are not ints.
    pub any: bool,
    pub maps: bool,
    /// Objects with a descriptor: records, cells, function values.
    pub fields: bool,
    /// Words of rational numbers.
    pub rationals: bool,
    /// Words of strings.
    pub texts: bool,
    /// Look for rings of objects, which counts alone never free.
    pub cycles: bool,
    /// Ints that get long in few steps: products, texts that are read, and words that are not ints. Sums take as
    /// long to become long as digits do to be written one after the other.
    pub long_ints: bool,
}

impl Features {
    /// What a module has before it is legalized.
    pub fn of(module: &Module, rings: &Rings, debug_memory: bool) -> Features {
        let is_any = |ty: &Type| ty.kind == Kind::Any;
        let parts = module.lists.iter().chain(&module.maps);
        let fields = module.records.iter().flat_map(|record| record.fields.iter().map(|(_, ty)| ty));
        let globals = module.globals.iter().map(|global| &global.ty);
        let makes_rationals =
            |op: Op| matches!(op, Op::Mochi(MochiOp::AnyToRational | MochiOp::AnyNumerator | MochiOp::AnyDenominator));
        let makes_long_ints = |op: Op| matches!(op, Op::Mochi(MochiOp::IntMul | MochiOp::StrToInt));
        let makes_parts = |func: &Function| {
            func.insts.iter().any(|inst| {
                let is_conversion = inst.op == Op::Mochi(MochiOp::Convert);
                let mut of = inst.args.iter().chain(&inst.results).map(|&value| func.values[value.index()].ty.kind);
                is_conversion && of.any(|kind| !matches!(kind, Kind::Int | Kind::Float | Kind::Bool | Kind::Any))
            })
        };
        // Data that becomes what it is in the data may have maps.
        let loads = |shape: &Shape| module.shapes.contains(shape);
        let ops = || module.functions.iter().flat_map(|func| func.insts.iter().map(|inst| inst.op));
        let reads_json = ops().any(|op| op == Op::Mochi(MochiOp::ReadJson));
        let mut values = module.functions.iter().flat_map(|func| func.values.iter().map(|value| &value.ty));
        let any = parts.chain(fields).chain(globals).any(is_any) || values.any(is_any);
        Features {
            debug_memory,
            any,
            // Only what is converted, or read, can be or have a string.
            texts: any && (!module.shapes.is_empty() || reads_json || module.functions.iter().any(makes_parts)),
            maps: !module.maps.is_empty() || loads(&Shape::Any) || reads_json,
            fields: !module.records.is_empty() || !module.func_types.is_empty(),
            rationals: ops().any(makes_rationals) || loads(&Shape::BigRat),
            cycles: !rings.is_empty(),
            long_ints: any || !module.shapes.is_empty() || ops().any(makes_long_ints),
        }
    }

    #[cfg(test)]
    pub(super) fn all() -> impl Iterator<Item = Features> {
        (0..256).map(|set| {
            let has = |bit: usize| set >> bit & 1 == 1;
            Features {
                texts: has(7),
                debug_memory: has(6),
                any: has(5),
                maps: has(4),
                fields: has(3),
                rationals: has(2),
                cycles: has(1),
                long_ints: has(0),
            }
        })
    }
}
