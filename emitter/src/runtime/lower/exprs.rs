//! Expressions of the dialect. Operators on constants are evaluated by the interpreter.

use mochi_frontend::source::Span;
use mochi_frontend::syntax::ast::{self, BinaryOp, ExprKind, UnaryOp};

use super::super::source::ItemKind;
use super::{Binding, DataSource, Edges, Lowering, Operand, OperandKind, Result, Ty, declared, declared_type, intern};
use crate::ir::{Block, DataId, FuncId, Imm, Op, Type, WasmOp, interp};

impl<'a> Lowering<'a> {
    /// `wanted` gives literals their type; it is for the caller to check.
    pub(super) fn expr(&mut self, expr: &'a ast::Expr, wanted: Option<Ty>) -> Result<Operand> {
        match &expr.kind {
            ExprKind::Int(value) => self.int_literal(*value, wanted, expr.span),
            ExprKind::Float(value) => Ok(Operand::constant(Ty::F64, value.to_bits())),
            ExprKind::Bool(value) => Ok(Operand::constant(Ty::Bool, *value as u64)),
            ExprKind::Str(bytes) => Ok(self.data(DataSource::Bytes(bytes.clone()))),
            ExprKind::Name(name) => self.name(name, expr.span),
            ExprKind::Unary(UnaryOp::Neg, of) => {
                let of = self.expr(of, wanted)?;
                match of.ty {
                    Ty::I32 => Ok(self.emit(WasmOp::I32Sub, &[Operand::constant(Ty::I32, 0), of], Imm::None, Ty::I32)),
                    Ty::I64 => Ok(self.emit(WasmOp::I64Sub, &[Operand::constant(Ty::I64, 0), of], Imm::None, Ty::I64)),
                    Ty::F64 => Ok(self.emit(WasmOp::F64Neg, &[of], Imm::None, Ty::F64)),
                    Ty::Ptr | Ty::Bool => self.error(expr.span, "a number is wanted here"),
                }
            }
            ExprKind::Unary(UnaryOp::Not, of) => {
                let operand = self.expr(of, Some(Ty::Bool))?;
                self.expect_type(Ty::Bool, operand, of.span)?;
                Ok(self.emit(WasmOp::I32Eqz, &[operand], Imm::None, Ty::Bool))
            }
            ExprKind::Binary(BinaryOp::And | BinaryOp::Or, lhs, rhs) => self.logical(expr, lhs, rhs),
            ExprKind::Binary(op, lhs, rhs) => self.binary(*op, lhs, rhs, wanted, expr.span),
            ExprKind::Call { callee, args } => match self.call(callee, args, wanted, expr.span)? {
                Some(operand) => Ok(operand),
                None => self.error(expr.span, "the function has no result"),
            },
            ExprKind::Cast { of, ty } => {
                let to = declared_type(self.item, ty)?.plain();
                self.cast(of, to)
            }
            ExprKind::If { cond, then, otherwise: Some(otherwise) } => self.if_expr(cond, then, otherwise, wanted),
            _ => self.error(expr.span, "no expression of the dialect"),
        }
    }

    fn int_literal(&self, value: i64, wanted: Option<Ty>, span: Span) -> Result<Operand> {
        match wanted {
            Some(Ty::I64) => Ok(Operand::constant(Ty::I64, value as u64)),
            Some(Ty::F64 | Ty::Bool) => self.error(span, format!("{value} is an integer")),
            None | Some(Ty::I32 | Ty::Ptr) => {
                if !(i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&value) {
                    return self.error(span, format!("{value} does not fit 32 bits"));
                }
                Ok(Operand::constant(wanted.unwrap_or(Ty::I32), u64::from(value as u32)))
            }
        }
    }

    pub(super) fn name(&mut self, name: &str, span: Span) -> Result<Operand> {
        match self.local(name) {
            Some(Binding::Value(operand)) => return Ok(operand),
            Some(Binding::Variable(variable, ty) | Binding::Counter(variable, ty)) => {
                return Ok(Operand::value(ty, self.builder.use_var(variable)));
            }
            None => {}
        }
        if let Some(item) = self.source.get(name) {
            return match item.kind {
                ItemKind::Constant => item.constant().map(|constant| Operand::constant(constant.ty, constant.word)),
                ItemKind::Variable => {
                    let ty = item.constant()?.ty;
                    let global = self.global(item.name);
                    Ok(Operand::value(ty, self.builder.value(WasmOp::GlobalGet, vec![], global, ty.machine())))
                }
                ItemKind::Function | ItemKind::Import => self.error(span, format!("{name} is a function")),
            };
        }
        match name {
            "HEAP_BASE" => {
                let base = self.builder.value(WasmOp::HeapBase, vec![], Imm::None, Type::I32);
                Ok(Operand::value(Ty::Ptr, base))
            }
            "DEBUG_MEMORY" => Ok(Operand::constant(Ty::Bool, self.features.debug_memory as u64)),
            "HAS_ANY" => Ok(Operand::constant(Ty::Bool, self.features.any as u64)),
            "HAS_MAPS" => Ok(Operand::constant(Ty::Bool, self.features.maps as u64)),
            "HAS_FIELDS" => Ok(Operand::constant(Ty::Bool, self.features.fields as u64)),
            "HAS_RATIONALS" => Ok(Operand::constant(Ty::Bool, self.features.rationals as u64)),
            "HAS_TEXTS" => Ok(Operand::constant(Ty::Bool, self.features.texts as u64)),
            "HAS_LONG_INTS" => Ok(Operand::constant(Ty::Bool, self.features.long_ints as u64)),
            "HAS_CYCLES" => Ok(Operand::constant(Ty::Bool, self.features.cycles as u64)),
            "FILE_TABLE" => Ok(self.data(DataSource::FileTable)),
            _ => self.error(span, format!("{name} is not declared")),
        }
    }

    /// The address of static data.
    pub(super) fn data(&mut self, source: DataSource) -> Operand {
        let index = match source {
            DataSource::Scratch(_) => {
                self.data.push(source);
                self.data.len() - 1
            }
            DataSource::Bytes(_) | DataSource::String(_) | DataSource::FileTable => intern(&mut self.data, source),
        };
        let address = self.builder.value(WasmOp::DataAddr, vec![], Imm::Data(DataId::new(index)), Type::I32);
        Operand::value(Ty::Ptr, address)
    }

    /// An operation; its result when all operands are constants.
    pub(super) fn emit(&mut self, op: WasmOp, operands: &[Operand], imm: Imm, ty: Ty) -> Operand {
        let constants: Option<Vec<u64>> = operands
            .iter()
            .map(|operand| match operand.kind {
                OperandKind::Constant(word) => Some(word),
                OperandKind::Value(_) => None,
            })
            .collect();
        if let Some(word) = constants.and_then(|words| interp::evaluate(op, &words, imm)) {
            return Operand::constant(ty, word);
        }
        let args = operands.iter().map(|&operand| self.materialize(operand)).collect();
        Operand::value(ty, self.builder.value(op, args, imm, ty.machine()))
    }

    /// Two operands of one type: what is only a literal takes the other's.
    pub(super) fn pair(
        &mut self,
        lhs: &'a ast::Expr,
        rhs: &'a ast::Expr,
        wanted: Option<Ty>,
    ) -> Result<(Operand, Operand)> {
        let (left, right) = if is_literal(lhs) && !is_literal(rhs) {
            let right = self.expr(rhs, wanted)?;
            (self.expr(lhs, Some(right.ty))?, right)
        } else {
            let left = self.expr(lhs, wanted)?;
            (left, self.expr(rhs, Some(left.ty))?)
        };
        self.expect_type(left.ty, right, rhs.span)?;
        Ok((left, right))
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        lhs: &'a ast::Expr,
        rhs: &'a ast::Expr,
        wanted: Option<Ty>,
        span: Span,
    ) -> Result<Operand> {
        let compares = is_comparison(op);
        let (left, right) = self.pair(lhs, rhs, if compares { None } else { wanted })?;
        let Some(wasm) = binary_op(op, left.ty) else {
            return self.error(span, format!("{op:?} is not an operation of {:?}", left.ty));
        };
        let ty = match (compares, left.ty, right.ty) {
            (true, ..) => Ty::Bool,
            (false, Ty::Ptr, Ty::Ptr) if op == BinaryOp::Sub => Ty::I32,
            (false, Ty::I32, Ty::Ptr) => Ty::Ptr,
            (false, ty, _) => ty,
        };
        Ok(self.emit(wasm, &[left, right], Imm::None, ty))
    }

    /// `&&` and `||` as values: without a branch where the right side costs nothing.
    fn logical(&mut self, expr: &'a ast::Expr, lhs: &'a ast::Expr, rhs: &'a ast::Expr) -> Result<Operand> {
        if is_cheap(rhs) {
            let left = self.expr(lhs, Some(Ty::Bool))?;
            self.expect_type(Ty::Bool, left, lhs.span)?;
            let right = self.expr(rhs, Some(Ty::Bool))?;
            self.expect_type(Ty::Bool, right, rhs.span)?;
            let and = matches!(expr.kind, ExprKind::Binary(BinaryOp::And, ..));
            let op = if and { WasmOp::I32And } else { WasmOp::I32Or };
            return Ok(self.emit(op, &[left, right], Imm::None, Ty::Bool));
        }
        let then = self.builder.create_block();
        let otherwise = self.builder.create_block();
        let edges = self.condition(expr, then, otherwise)?;
        self.merge(edges, then, otherwise, |_, holds| Ok(Operand::constant(Ty::Bool, holds as u64)))
    }

    fn if_expr(
        &mut self,
        cond: &'a ast::Expr,
        then: &'a ast::Expr,
        otherwise: &'a ast::Expr,
        wanted: Option<Ty>,
    ) -> Result<Operand> {
        let then_block = self.builder.create_block();
        let otherwise_block = self.builder.create_block();
        let edges = self.condition(cond, then_block, otherwise_block)?;
        let mut ty = wanted;
        self.merge(edges, then_block, otherwise_block, |this, holds| {
            let branch = if holds { then } else { otherwise };
            let operand = this.expr(branch, ty)?;
            this.expect_type(*ty.get_or_insert(operand.ty), operand, branch.span)?;
            Ok(operand)
        })
    }

    /// The value that the reached branches compute, in a block after them.
    pub(super) fn merge(
        &mut self,
        edges: Edges,
        then: Block,
        otherwise: Block,
        mut branch: impl FnMut(&mut Self, bool) -> Result<Operand>,
    ) -> Result<Operand> {
        let join = self.builder.create_block();
        let mut merged = None;
        for (reached, block, holds) in [(edges.then, then, true), (edges.otherwise, otherwise, false)] {
            if reached {
                self.enter(block);
                let operand = branch(self, holds)?;
                let value = self.materialize(operand);
                if merged.is_none() {
                    let param = self.builder.add_block_param(join, operand.ty.machine());
                    merged = Some(Operand::value(operand.ty, param));
                }
                self.builder.jump(join, vec![value]);
            }
        }
        self.enter(join);
        Ok(merged.expect("one branch is reached"))
    }

    fn cast(&mut self, of: &'a ast::Expr, to: Ty) -> Result<Operand> {
        let wanted = if is_literal(of) && to == Ty::I64 { Some(Ty::I64) } else { None };
        let from = self.expr(of, wanted)?;
        let op = match (from.ty, to) {
            (Ty::I32, Ty::I64) => WasmOp::I64ExtendI32S,
            (Ty::Ptr | Ty::Bool, Ty::I64) => WasmOp::I64ExtendI32U,
            (Ty::I64, Ty::I32 | Ty::Ptr) => WasmOp::I32WrapI64,
            (Ty::I32, Ty::F64) => WasmOp::F64ConvertI32S,
            (Ty::I64, Ty::F64) => WasmOp::F64ConvertI64S,
            (Ty::I32 | Ty::Ptr | Ty::Bool, Ty::I32 | Ty::Ptr) => return Ok(Operand { ty: to, ..from }),
            (from_ty, _) if from_ty == to => return Ok(from),
            (from_ty, _) => return self.error(of.span, format!("{from_ty:?} cannot become {to:?}")),
        };
        Ok(self.emit(op, &[from], Imm::None, to))
    }

    /// A call of an intrinsic or of a function of the runtime.
    pub(super) fn call(
        &mut self,
        callee: &'a ast::Expr,
        args: &'a [ast::Expr],
        wanted: Option<Ty>,
        span: Span,
    ) -> Result<Option<Operand>> {
        let ExprKind::Name(name) = &callee.kind else {
            return self.error(span, "a function's name is wanted");
        };
        let Some(item) = self.source.get(name) else {
            return self.intrinsic(name, args, wanted, span);
        };
        let (params, result) = declared(item)?;
        if params.len() != args.len() {
            return self.error(span, format!("{name} takes {} arguments, not {}", params.len(), args.len()));
        }
        let mut operands = Vec::with_capacity(args.len());
        for (&(ty, _), arg) in params.iter().zip(args) {
            let operand = self.expr(arg, Some(ty.plain()))?;
            self.expect_type(ty.plain(), operand, arg.span)?;
            operands.push(operand);
        }
        let args = operands.into_iter().map(|operand| self.materialize(operand)).collect();
        let func = Imm::Func(FuncId::new(intern(&mut self.callees, item.name)));
        let results: Vec<Type> = result.iter().map(|ty| ty.machine()).collect();
        let inst = self.builder.inst(Op::Call, args, func, &results);
        let value = self.builder.func().inst(inst).results.first().copied();
        Ok(value.zip(result).map(|(value, ty)| Operand::value(ty.plain(), value)))
    }
}

/// Whether the type of an integer expression comes from its surroundings.
fn is_literal(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ExprKind::Int(_) => true,
        ExprKind::Unary(UnaryOp::Neg, of) => is_literal(of),
        ExprKind::Binary(op, lhs, rhs) => !is_comparison(*op) && is_literal(lhs) && is_literal(rhs),
        _ => false,
    }
}

/// Whether evaluating an expression in vain is harmless and fast.
pub(super) fn is_cheap(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Name(_) => true,
        ExprKind::Unary(_, of) | ExprKind::Cast { of, ty: _ } => is_cheap(of),
        ExprKind::Binary(op, lhs, rhs) => {
            !matches!(op, BinaryOp::Div | BinaryOp::Rem) && is_cheap(lhs) && is_cheap(rhs)
        }
        _ => false,
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge)
}

/// The operation of an operator on a type, if there is one.
fn binary_op(op: BinaryOp, ty: Ty) -> Option<WasmOp> {
    let [i32, i64, f64] = match op {
        BinaryOp::Add => [Some(WasmOp::I32Add), Some(WasmOp::I64Add), Some(WasmOp::F64Add)],
        BinaryOp::Sub => [Some(WasmOp::I32Sub), Some(WasmOp::I64Sub), Some(WasmOp::F64Sub)],
        BinaryOp::Mul => [Some(WasmOp::I32Mul), Some(WasmOp::I64Mul), Some(WasmOp::F64Mul)],
        BinaryOp::Div => [Some(WasmOp::I32DivS), Some(WasmOp::I64DivS), Some(WasmOp::F64Div)],
        BinaryOp::Rem => [Some(WasmOp::I32RemS), Some(WasmOp::I64RemS), None],
        BinaryOp::Eq => [Some(WasmOp::I32Eq), Some(WasmOp::I64Eq), Some(WasmOp::F64Eq)],
        BinaryOp::Ne => [Some(WasmOp::I32Ne), Some(WasmOp::I64Ne), Some(WasmOp::F64Ne)],
        BinaryOp::Lt => [Some(WasmOp::I32LtS), Some(WasmOp::I64LtS), Some(WasmOp::F64Lt)],
        BinaryOp::Le => [Some(WasmOp::I32LeS), Some(WasmOp::I64LeS), Some(WasmOp::F64Le)],
        BinaryOp::Gt => [Some(WasmOp::I32GtS), Some(WasmOp::I64GtS), Some(WasmOp::F64Gt)],
        BinaryOp::Ge => [Some(WasmOp::I32GeS), Some(WasmOp::I64GeS), Some(WasmOp::F64Ge)],
        BinaryOp::BitAnd => [Some(WasmOp::I32And), Some(WasmOp::I64And), None],
        BinaryOp::BitOr => [Some(WasmOp::I32Or), Some(WasmOp::I64Or), None],
        BinaryOp::BitXor => [Some(WasmOp::I32Xor), Some(WasmOp::I64Xor), None],
        BinaryOp::Shl => [Some(WasmOp::I32Shl), Some(WasmOp::I64Shl), None],
        BinaryOp::Shr => [Some(WasmOp::I32ShrS), Some(WasmOp::I64ShrS), None],
        BinaryOp::ShrU => [Some(WasmOp::I32ShrU), Some(WasmOp::I64ShrU), None],
        BinaryOp::In
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::Else
        | BinaryOp::Union
        | BinaryOp::UnionAll
        | BinaryOp::Except
        | BinaryOp::Intersect => [None; 3],
    };
    match ty {
        Ty::I32 | Ty::Ptr => i32,
        Ty::I64 => i64,
        Ty::F64 => f64,
        Ty::Bool => match op {
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor => i32,
            _ => None,
        },
    }
}
