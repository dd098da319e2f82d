//! The operations of the legalized phase: one for each instruction of WebAssembly that is used, and a few that become
//! one.

use super::{Effect, ImmKind};
use crate::ir::Type;
use crate::ir::interp::{Machine, TrapKind, Word};

macro_rules! wasm_type {
    (i32) => {
        Type::I32
    };
    (i64) => {
        Type::I64
    };
    (f64) => {
        Type::F64
    };
}

macro_rules! rust_type {
    (i32) => {
        i32
    };
    (i64) => {
        i64
    };
    (f64) => {
        f64
    };
}

macro_rules! wasm_ops {
    ($($variant:ident $name:literal ($($param:ident),*) -> ($($result:ident),*) $effect:ident $imm:ident
        = |$($arg:ident),* $(; $machine:ident)?| $eval:expr;)*) => {
        /// One WebAssembly instruction (or, where the comment says so, a link-time constant).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum WasmOp { $($variant,)* }

        impl WasmOp {
            pub const ALL: &[WasmOp] = &[$(WasmOp::$variant,)*];

            pub fn name(self) -> &'static str {
                match self { $(WasmOp::$variant => $name,)* }
            }

            pub fn params(self) -> &'static [Type] {
                match self { $(WasmOp::$variant => &[$(wasm_type!($param)),*],)* }
            }

            /// Empty for `global.get`, whose result has the global's type.
            pub fn results(self) -> &'static [Type] {
                match self { $(WasmOp::$variant => &[$(wasm_type!($result)),*],)* }
            }

            pub fn effect(self) -> Effect {
                match self { $(WasmOp::$variant => Effect::$effect,)* }
            }

            pub fn imm(self) -> ImmKind {
                match self { $(WasmOp::$variant => ImmKind::$imm,)* }
            }

            /// Runs the row: operands and immediate are the machine's, the result is its word.
            #[inline]
            pub(in crate::ir) fn eval(self, machine: &mut Machine<'_>) -> Result<u64, TrapKind> {
                let mut words = machine.args.into_iter();
                let mut next = || words.next().unwrap_or_default();
                let _ = &mut next;
                match self {
                    $(WasmOp::$variant => {
                        $(let $arg = <rust_type!($param)>::from_word(next());)*
                        $(let $machine = machine;)?
                        Ok(Word::to_word($eval))
                    })*
                }
            }
        }
    };
}

fn nonzero<T: PartialEq + Default>(divisor: T) -> Result<T, TrapKind> {
    if divisor == T::default() { Err(TrapKind::DivisionByZero) } else { Ok(divisor) }
}

wasm_ops! {
    I32Const "i32.const" () -> (i32) Pure I32 = |; m| m.i32();
    I64Const "i64.const" () -> (i64) Pure I64 = |; m| m.i64();
    F64Const "f64.const" () -> (f64) Pure F64 = |; m| m.f64();
    // The address of static data; an `i32.const` once addresses are chosen.
    DataAddr "data.addr" () -> (i32) Pure Data = |; m| m.data_address()?;
    // The number of a function in the table; an `i32.const` in the end.
    FuncIndex "func.index" () -> (i32) Pure Func = |; m| m.function_number()?;
    // The first address after static data, 16-aligned; an `i32.const` in the end.
    HeapBase "heap.base" () -> (i32) Pure None = |; m| m.heap_base()?;

    I32Eqz "i32.eqz" (i32) -> (i32) Pure None = |a| a == 0;
    I32Eq "i32.eq" (i32, i32) -> (i32) Pure None = |a, b| a == b;
    I32Ne "i32.ne" (i32, i32) -> (i32) Pure None = |a, b| a != b;
    I32LtS "i32.lt_s" (i32, i32) -> (i32) Pure None = |a, b| a < b;
    I32LtU "i32.lt_u" (i32, i32) -> (i32) Pure None = |a, b| (a as u32) < (b as u32);
    I32GtS "i32.gt_s" (i32, i32) -> (i32) Pure None = |a, b| a > b;
    I32GtU "i32.gt_u" (i32, i32) -> (i32) Pure None = |a, b| (a as u32) > (b as u32);
    I32LeS "i32.le_s" (i32, i32) -> (i32) Pure None = |a, b| a <= b;
    I32LeU "i32.le_u" (i32, i32) -> (i32) Pure None = |a, b| (a as u32) <= (b as u32);
    I32GeS "i32.ge_s" (i32, i32) -> (i32) Pure None = |a, b| a >= b;
    I32GeU "i32.ge_u" (i32, i32) -> (i32) Pure None = |a, b| (a as u32) >= (b as u32);
    I32Clz "i32.clz" (i32) -> (i32) Pure None = |a| a.leading_zeros() as i32;
    I32Ctz "i32.ctz" (i32) -> (i32) Pure None = |a| a.trailing_zeros() as i32;
    I32Popcnt "i32.popcnt" (i32) -> (i32) Pure None = |a| a.count_ones() as i32;
    I32Add "i32.add" (i32, i32) -> (i32) Pure None = |a, b| a.wrapping_add(b);
    I32Sub "i32.sub" (i32, i32) -> (i32) Pure None = |a, b| a.wrapping_sub(b);
    I32Mul "i32.mul" (i32, i32) -> (i32) Pure None = |a, b| a.wrapping_mul(b);
    I32DivS "i32.div_s" (i32, i32) -> (i32) Fail None = |a, b| a.checked_div(nonzero(b)?).ok_or(TrapKind::IntegerOverflow)?;
    I32DivU "i32.div_u" (i32, i32) -> (i32) Fail None = |a, b| ((a as u32) / (nonzero(b)? as u32)) as i32;
    I32RemS "i32.rem_s" (i32, i32) -> (i32) Fail None = |a, b| a.wrapping_rem(nonzero(b)?);
    I32RemU "i32.rem_u" (i32, i32) -> (i32) Fail None = |a, b| ((a as u32) % (nonzero(b)? as u32)) as i32;
    I32And "i32.and" (i32, i32) -> (i32) Pure None = |a, b| a & b;
    I32Or "i32.or" (i32, i32) -> (i32) Pure None = |a, b| a | b;
    I32Xor "i32.xor" (i32, i32) -> (i32) Pure None = |a, b| a ^ b;
    I32Shl "i32.shl" (i32, i32) -> (i32) Pure None = |a, b| a.wrapping_shl(b as u32);
    I32ShrS "i32.shr_s" (i32, i32) -> (i32) Pure None = |a, b| a.wrapping_shr(b as u32);
    I32ShrU "i32.shr_u" (i32, i32) -> (i32) Pure None = |a, b| (a as u32).wrapping_shr(b as u32) as i32;
    I32Rotl "i32.rotl" (i32, i32) -> (i32) Pure None = |a, b| a.rotate_left(b as u32 & 31);
    I32WrapI64 "i32.wrap_i64" (i64) -> (i32) Pure None = |a| a as i32;
    I32Extend8S "i32.extend8_s" (i32) -> (i32) Pure None = |a| a as i8 as i32;
    I32Extend16S "i32.extend16_s" (i32) -> (i32) Pure None = |a| a as i16 as i32;

    I64Eqz "i64.eqz" (i64) -> (i32) Pure None = |a| a == 0;
    I64Eq "i64.eq" (i64, i64) -> (i32) Pure None = |a, b| a == b;
    I64Ne "i64.ne" (i64, i64) -> (i32) Pure None = |a, b| a != b;
    I64LtS "i64.lt_s" (i64, i64) -> (i32) Pure None = |a, b| a < b;
    I64LtU "i64.lt_u" (i64, i64) -> (i32) Pure None = |a, b| (a as u64) < (b as u64);
    I64GtS "i64.gt_s" (i64, i64) -> (i32) Pure None = |a, b| a > b;
    I64GtU "i64.gt_u" (i64, i64) -> (i32) Pure None = |a, b| (a as u64) > (b as u64);
    I64LeS "i64.le_s" (i64, i64) -> (i32) Pure None = |a, b| a <= b;
    I64LeU "i64.le_u" (i64, i64) -> (i32) Pure None = |a, b| (a as u64) <= (b as u64);
    I64GeS "i64.ge_s" (i64, i64) -> (i32) Pure None = |a, b| a >= b;
    I64GeU "i64.ge_u" (i64, i64) -> (i32) Pure None = |a, b| (a as u64) >= (b as u64);
    I64Clz "i64.clz" (i64) -> (i64) Pure None = |a| a.leading_zeros() as i64;
    I64Ctz "i64.ctz" (i64) -> (i64) Pure None = |a| a.trailing_zeros() as i64;
    I64Popcnt "i64.popcnt" (i64) -> (i64) Pure None = |a| a.count_ones() as i64;
    I64Add "i64.add" (i64, i64) -> (i64) Pure None = |a, b| a.wrapping_add(b);
    I64Sub "i64.sub" (i64, i64) -> (i64) Pure None = |a, b| a.wrapping_sub(b);
    I64Mul "i64.mul" (i64, i64) -> (i64) Pure None = |a, b| a.wrapping_mul(b);
    I64DivS "i64.div_s" (i64, i64) -> (i64) Fail None = |a, b| a.checked_div(nonzero(b)?).ok_or(TrapKind::IntegerOverflow)?;
    I64DivU "i64.div_u" (i64, i64) -> (i64) Fail None = |a, b| ((a as u64) / (nonzero(b)? as u64)) as i64;
    I64RemS "i64.rem_s" (i64, i64) -> (i64) Fail None = |a, b| a.wrapping_rem(nonzero(b)?);
    I64RemU "i64.rem_u" (i64, i64) -> (i64) Fail None = |a, b| ((a as u64) % (nonzero(b)? as u64)) as i64;
    I64And "i64.and" (i64, i64) -> (i64) Pure None = |a, b| a & b;
    I64Or "i64.or" (i64, i64) -> (i64) Pure None = |a, b| a | b;
    I64Xor "i64.xor" (i64, i64) -> (i64) Pure None = |a, b| a ^ b;
    I64Shl "i64.shl" (i64, i64) -> (i64) Pure None = |a, b| a.wrapping_shl(b as u32);
    I64ShrS "i64.shr_s" (i64, i64) -> (i64) Pure None = |a, b| a.wrapping_shr(b as u32);
    I64ShrU "i64.shr_u" (i64, i64) -> (i64) Pure None = |a, b| (a as u64).wrapping_shr(b as u32) as i64;
    I64Rotl "i64.rotl" (i64, i64) -> (i64) Pure None = |a, b| a.rotate_left(b as u32 & 63);
    I64ExtendI32S "i64.extend_i32_s" (i32) -> (i64) Pure None = |a| a as i64;
    I64ExtendI32U "i64.extend_i32_u" (i32) -> (i64) Pure None = |a| a as u32 as i64;
    I64Extend32S "i64.extend32_s" (i64) -> (i64) Pure None = |a| a as i32 as i64;

    F64Eq "f64.eq" (f64, f64) -> (i32) Pure None = |a, b| a == b;
    F64Ne "f64.ne" (f64, f64) -> (i32) Pure None = |a, b| a != b;
    F64Lt "f64.lt" (f64, f64) -> (i32) Pure None = |a, b| a < b;
    F64Gt "f64.gt" (f64, f64) -> (i32) Pure None = |a, b| a > b;
    F64Le "f64.le" (f64, f64) -> (i32) Pure None = |a, b| a <= b;
    F64Ge "f64.ge" (f64, f64) -> (i32) Pure None = |a, b| a >= b;
    F64Abs "f64.abs" (f64) -> (f64) Pure None = |a| a.abs();
    F64Neg "f64.neg" (f64) -> (f64) Pure None = |a| -a;
    F64Sqrt "f64.sqrt" (f64) -> (f64) Pure None = |a| a.sqrt();
    F64Ceil "f64.ceil" (f64) -> (f64) Pure None = |a| a.ceil();
    F64Floor "f64.floor" (f64) -> (f64) Pure None = |a| a.floor();
    F64Trunc "f64.trunc" (f64) -> (f64) Pure None = |a| a.trunc();
    F64Nearest "f64.nearest" (f64) -> (f64) Pure None = |a| a.round_ties_even();
    F64Add "f64.add" (f64, f64) -> (f64) Pure None = |a, b| a + b;
    F64Sub "f64.sub" (f64, f64) -> (f64) Pure None = |a, b| a - b;
    F64Mul "f64.mul" (f64, f64) -> (f64) Pure None = |a, b| a * b;
    F64Div "f64.div" (f64, f64) -> (f64) Pure None = |a, b| a / b;
    F64Copysign "f64.copysign" (f64, f64) -> (f64) Pure None = |a, b| a.copysign(b);
    F64ConvertI32S "f64.convert_i32_s" (i32) -> (f64) Pure None = |a| a as f64;
    F64ConvertI64S "f64.convert_i64_s" (i64) -> (f64) Pure None = |a| a as f64;
    F64ConvertI64U "f64.convert_i64_u" (i64) -> (f64) Pure None = |a| a as u64 as f64;
    F64ReinterpretI64 "f64.reinterpret_i64" (i64) -> (f64) Pure None = |a| f64::from_bits(a as u64);
    I64ReinterpretF64 "i64.reinterpret_f64" (f64) -> (i64) Pure None = |a| a.to_bits() as i64;
    I64TruncSatF64S "i64.trunc_sat_f64_s" (f64) -> (i64) Pure None = |a| a as i64;
    I32TruncSatF64S "i32.trunc_sat_f64_s" (f64) -> (i32) Pure None = |a| a as i32;

    // The value when the condition, the last operand, is not zero comes first.
    I32Select "i32.select" (i32, i32, i32) -> (i32) Pure None = |a, b, c| if c != 0 { a } else { b };
    I64Select "i64.select" (i64, i64, i32) -> (i64) Pure None = |a, b, c| if c != 0 { a } else { b };
    F64Select "f64.select" (f64, f64, i32) -> (f64) Pure None = |a, b, c| if c != 0 { a } else { b };

    I32Load "i32.load" (i32) -> (i32) Read Offset = |p; m| i32::from_le_bytes(m.load(p)?);
    I64Load "i64.load" (i32) -> (i64) Read Offset = |p; m| i64::from_le_bytes(m.load(p)?);
    F64Load "f64.load" (i32) -> (f64) Read Offset = |p; m| f64::from_le_bytes(m.load(p)?);
    I32Load8U "i32.load8_u" (i32) -> (i32) Read Offset = |p; m| u8::from_le_bytes(m.load(p)?) as i32;
    I32Load8S "i32.load8_s" (i32) -> (i32) Read Offset = |p; m| i8::from_le_bytes(m.load(p)?) as i32;
    I32Load16U "i32.load16_u" (i32) -> (i32) Read Offset = |p; m| u16::from_le_bytes(m.load(p)?) as i32;
    I64Load32U "i64.load32_u" (i32) -> (i64) Read Offset = |p; m| u32::from_le_bytes(m.load(p)?) as i64;
    I32Store "i32.store" (i32, i32) -> () Write Offset = |p, v; m| m.store(p, v.to_le_bytes())?;
    I64Store "i64.store" (i32, i64) -> () Write Offset = |p, v; m| m.store(p, v.to_le_bytes())?;
    F64Store "f64.store" (i32, f64) -> () Write Offset = |p, v; m| m.store(p, v.to_le_bytes())?;
    I32Store8 "i32.store8" (i32, i32) -> () Write Offset = |p, v; m| m.store(p, (v as u8).to_le_bytes())?;
    I32Store16 "i32.store16" (i32, i32) -> () Write Offset = |p, v; m| m.store(p, (v as u16).to_le_bytes())?;
    I64Store32 "i64.store32" (i32, i64) -> () Write Offset = |p, v; m| m.store(p, (v as u32).to_le_bytes())?;
    MemorySize "memory.size" () -> (i32) Read None = |; m| m.pages();
    MemoryGrow "memory.grow" (i32) -> (i32) Write None = |n; m| m.grow(n);
    // Destination, source, length.
    MemoryCopy "memory.copy" (i32, i32, i32) -> () Write None = |to, from, n; m| m.copy(to, from, n)?;
    // Destination, byte, length.
    MemoryFill "memory.fill" (i32, i32, i32) -> () Write None = |to, byte, n; m| m.fill(to, byte, n)?;

    // Globals are typed by the module: one result of the global's machine type.
    GlobalGet "global.get" () -> () Read Global = |; m| m.global();
    // One operand of the global's machine type.
    GlobalSet "global.set" () -> () Write Global = |; m| m.set_global();
}

impl WasmOp {
    /// The operation that is true when this one is not. Orders of floats have none, because of NaN.
    pub fn negated(self) -> Option<WasmOp> {
        use WasmOp::*;
        Some(match self {
            I32Eq => I32Ne,
            I32Ne => I32Eq,
            I32LtS => I32GeS,
            I32LtU => I32GeU,
            I32GtS => I32LeS,
            I32GtU => I32LeU,
            I32LeS => I32GtS,
            I32LeU => I32GtU,
            I32GeS => I32LtS,
            I32GeU => I32LtU,
            I64Eq => I64Ne,
            I64Ne => I64Eq,
            I64LtS => I64GeS,
            I64LtU => I64GeU,
            I64GtS => I64LeS,
            I64GtU => I64LeU,
            I64LeS => I64GtS,
            I64LeU => I64GtU,
            I64GeS => I64LtS,
            I64GeU => I64LtU,
            F64Eq => F64Ne,
            F64Ne => F64Eq,
            _ => return None,
        })
    }

    /// Whether the result is 0 or 1.
    pub fn is_test(self) -> bool {
        use WasmOp::*;
        self.negated().is_some() || matches!(self, I32Eqz | I64Eqz | F64Lt | F64Gt | F64Le | F64Ge)
    }
}
