//! Encodes single operations.

use wasm_encoder::{Instruction, MemArg, ValType};

use crate::ir::{Imm, Init, Kind, WasmOp};

/// What link-time constants become.
pub(super) trait Addresses {
    fn data(&self, data: crate::ir::DataId) -> u32;
    fn heap_base(&self) -> u32;
    fn function_number(&self, func: crate::ir::FuncId) -> u32;
    fn global(&self, global: crate::ir::GlobalId) -> u32;
}

/// The Wasm type of a machine type.
pub(super) fn val_type(kind: Kind) -> ValType {
    match kind {
        Kind::I32 => ValType::I32,
        Kind::I64 => ValType::I64,
        Kind::F64 => ValType::F64,
        _ => panic!("{kind:?} is not a machine type"),
    }
}

pub(super) fn const_expr(init: Init) -> wasm_encoder::ConstExpr {
    match init {
        Init::I32(value) => wasm_encoder::ConstExpr::i32_const(value),
        Init::I64(value) => wasm_encoder::ConstExpr::i64_const(value),
        Init::F64(bits) => wasm_encoder::ConstExpr::f64_const(wasm_encoder::Ieee64::new(bits)),
    }
}

macro_rules! encode {
    ($op:expr, $imm:expr, $addresses:expr; plain { $($plain:ident)* } memory { $($access:ident $size:literal)* } $($rest:tt)*) => {
        match $op {
            $(WasmOp::$plain => Instruction::$plain,)*
            $(WasmOp::$access => Instruction::$access(mem_arg($imm, $size)),)*
            $($rest)*
        }
    };
}

/// The instruction of an operation with its immediate.
pub(super) fn instruction(op: WasmOp, imm: Imm, addresses: &impl Addresses) -> Instruction<'static> {
    encode! { op, imm, addresses;
        plain {
            I32Eqz I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU I32Clz I32Ctz I32Popcnt
            I32Add I32Sub I32Mul I32DivS I32DivU I32RemS I32RemU I32And I32Or I32Xor I32Shl I32ShrS I32ShrU
            I32Rotl I32WrapI64 I32Extend8S I32Extend16S I64Eqz I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS
            I64LeU I64GeS I64GeU I64Clz I64Ctz I64Popcnt I64Add I64Sub I64Mul I64DivS I64DivU I64RemS I64RemU
            I64And I64Or I64Xor I64Shl I64ShrS I64ShrU I64Rotl I64ExtendI32S I64ExtendI32U I64Extend32S F64Eq
            F64Ne F64Lt F64Gt F64Le F64Ge F64Abs F64Neg F64Sqrt F64Ceil F64Floor F64Trunc F64Nearest F64Add
            F64Sub F64Mul F64Div F64Copysign F64ConvertI32S F64ConvertI64S F64ConvertI64U F64ReinterpretI64
            I64ReinterpretF64 I64TruncSatF64S I32TruncSatF64S
        }
        memory {
            I32Load 4 I64Load 8 F64Load 8 I32Load8U 1 I32Load8S 1 I32Load16U 2 I64Load32U 4 I32Store 4
            I64Store 8 F64Store 8 I32Store8 1 I32Store16 2 I64Store32 4
        }
        WasmOp::I32Const
        | WasmOp::I64Const
        | WasmOp::F64Const
        | WasmOp::DataAddr
        | WasmOp::FuncIndex
        | WasmOp::HeapBase => constant(op, imm, addresses),
        WasmOp::I32Select | WasmOp::I64Select | WasmOp::F64Select => Instruction::Select,
        WasmOp::MemorySize => Instruction::MemorySize(0),
        WasmOp::MemoryGrow => Instruction::MemoryGrow(0),
        WasmOp::MemoryCopy => Instruction::MemoryCopy { src_mem: 0, dst_mem: 0 },
        WasmOp::MemoryFill => Instruction::MemoryFill(0),
        WasmOp::GlobalGet => Instruction::GlobalGet(global(imm, addresses)),
        WasmOp::GlobalSet => Instruction::GlobalSet(global(imm, addresses)),
    }
}

fn constant(op: WasmOp, imm: Imm, addresses: &impl Addresses) -> Instruction<'static> {
    match imm {
        Imm::I32(value) => Instruction::I32Const(value),
        Imm::I64(value) => Instruction::I64Const(value),
        Imm::F64(bits) => Instruction::F64Const(wasm_encoder::Ieee64::new(bits)),
        Imm::Data(data) => Instruction::I32Const(addresses.data(data) as i32),
        Imm::Func(func) => Instruction::I32Const(addresses.function_number(func) as i32),
        Imm::None if op == WasmOp::HeapBase => Instruction::I32Const(addresses.heap_base() as i32),
        Imm::None | Imm::Offset(_) | Imm::Sig(_) | Imm::Record(_) | Imm::Global(_) | Imm::Shape(_) => {
            panic!("{} with {imm:?}", op.name())
        }
    }
}

fn global(imm: Imm, addresses: &impl Addresses) -> u32 {
    match imm {
        Imm::Global(global) => addresses.global(global),
        Imm::None
        | Imm::I32(_)
        | Imm::I64(_)
        | Imm::F64(_)
        | Imm::Offset(_)
        | Imm::Func(_)
        | Imm::Sig(_)
        | Imm::Record(_)
        | Imm::Data(_)
        | Imm::Shape(_) => panic!("a global is named by {imm:?}"),
    }
}

/// An access of `size` bytes at a constant offset, said to be aligned as it usually is: engines
/// take that for a hint.
fn mem_arg(imm: Imm, size: u64) -> MemArg {
    match imm {
        Imm::Offset(offset) => MemArg { offset: u64::from(offset), align: size.trailing_zeros(), memory_index: 0 },
        Imm::None
        | Imm::I32(_)
        | Imm::I64(_)
        | Imm::F64(_)
        | Imm::Func(_)
        | Imm::Sig(_)
        | Imm::Record(_)
        | Imm::Global(_)
        | Imm::Data(_)
        | Imm::Shape(_) => panic!("an offset is given by {imm:?}"),
    }
}
