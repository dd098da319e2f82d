//! Expressions.
//!
//! A chain of operators leans left (`a + b + c` is `(a + b) + c`) and may have a hundred
//! thousand links, so [`FunctionCtx::expr`] goes down the first operands in a loop and applies
//! the operators on the way back; only the other operands recurse.

use mochi_frontend::builtins::Builtin;
use mochi_frontend::typed::{ArithOp, ChooseOp, Expr, ExprKind};
use mochi_frontend::types;

use crate::ir::{Block, FuncId, Imm, Kind, MochiOp, RecordType, Type, Value};

use super::FunctionCtx;
use super::any::any_arith;
use super::types::lower_type;
use super::walk::first_operand;

pub(super) fn float_bits(value: f64) -> Imm {
    Imm::F64(value.to_bits())
}

impl FunctionCtx<'_, '_> {
    /// The expression's value, of its type; absent when evaluation does not come back. What
    /// can only be none is an `any`.
    pub(super) fn expr(&mut self, expr: &Expr) -> Option<Value> {
        let mut chain = Vec::new();
        let mut at = expr;
        while let Some(first) = first_operand(at) {
            chain.push(at);
            at = first;
        }
        let mut value = self.start(at)?;
        for expr in chain.into_iter().rev() {
            value = self.apply(expr, value)?;
        }
        Some(value)
    }

    /// Evaluates for the effect alone.
    pub(super) fn effect(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::None
            | ExprKind::Local(_)
            | ExprKind::Cell(_)
            | ExprKind::Global(_) => {}
            ExprKind::Call { function: _, args: _ } => {
                self.call(expr);
            }
            ExprKind::Builtin { builtin: Builtin::Print, args } => {
                self.print(args, expr.span);
            }
            ExprKind::Sequence { first, then } => {
                self.effect(first);
                if !self.fb.is_unreachable() {
                    self.effect(then);
                }
            }
            ExprKind::Let { local, value, then } => {
                self.set_local(*local, value, expr.span);
                if !self.fb.is_unreachable() {
                    self.effect(then);
                }
            }
            ExprKind::If { cond, then, otherwise } => {
                let (yes, no, join) = (self.fb.create_block(), self.fb.create_block(), self.fb.create_block());
                self.condition(cond, yes, no);
                for (block, value) in [(yes, then), (no, otherwise)] {
                    self.enter(block);
                    if !self.fb.is_unreachable() {
                        self.effect(value);
                    }
                    self.jump_if_reachable(join);
                }
                self.enter(join);
            }
            ExprKind::Convert(of) => self.effect(of),
            ExprKind::Block { body, then } => {
                self.body(body);
                if !self.fb.is_unreachable() {
                    self.effect(then);
                }
            }
            ExprKind::Arith { .. }
            | ExprKind::Neg(_)
            | ExprKind::Concat { .. }
            | ExprKind::Compare { .. }
            | ExprKind::Contains { .. }
            | ExprKind::Not(_)
            | ExprKind::Truthy(_)
            | ExprKind::IsNone(_)
            | ExprKind::And { .. }
            | ExprKind::Or { .. }
            | ExprKind::Choose { .. }
            | ExprKind::Builtin { .. }
            | ExprKind::Intrinsic { .. }
            | ExprKind::StringIndex { .. }
            | ExprKind::StringSlice { .. }
            | ExprKind::List(_)
            | ExprKind::ListIndex { .. }
            | ExprKind::ListSlice { .. }
            | ExprKind::ListConcat { .. }
            | ExprKind::ListContains { .. }
            | ExprKind::Map(_)
            | ExprKind::MapIndex { .. }
            | ExprKind::MapContains { .. }
            | ExprKind::MapKeys(_)
            | ExprKind::MapValues(_)
            | ExprKind::Record { .. }
            | ExprKind::Field { .. }
            | ExprKind::IsVariant { .. }
            | ExprKind::Closure { .. }
            | ExprKind::CallValue { .. }
            | ExprKind::AnyIndex { .. }
            | ExprKind::AnySlice { .. }
            | ExprKind::AnyField { .. }
            | ExprKind::AnyContains { .. }
            | ExprKind::AnyIter(_)
            | ExprKind::AnyKey(_)
            | ExprKind::SortedRows(_)
            | ExprKind::AnyCall { .. }
            | ExprKind::Copy(_)
            | ExprKind::CastElements { .. }
            | ExprKind::CastKeys { .. }
            | ExprKind::Cast { .. }
            | ExprKind::Load { .. }
            | ExprKind::Save { .. }
            | ExprKind::Fail { .. } => {
                self.expr(expr);
            }
        }
    }

    /// Goes to `yes` or `no` by a bool, or nowhere when it does not come back. Neither target
    /// may be sealed yet.
    pub(super) fn condition(&mut self, cond: &Expr, yes: Block, no: Block) {
        let (mut cond, mut yes, mut no) = (cond, yes, no);
        // What remains to be tested, innermost last: the block that tests, the right operand,
        // and where that goes.
        let mut rest: Vec<(Block, &Expr, Block, Block)> = Vec::new();
        loop {
            match &cond.kind {
                ExprKind::And { lhs, rhs } => {
                    let more = self.fb.create_block();
                    rest.push((more, rhs, yes, no));
                    (cond, yes) = (lhs, more);
                }
                ExprKind::Or { lhs, rhs } => {
                    let more = self.fb.create_block();
                    rest.push((more, rhs, yes, no));
                    (cond, no) = (lhs, more);
                }
                ExprKind::Not(of) => (cond, yes, no) = (of, no, yes),
                ExprKind::Bool(value) => {
                    self.fb.jump(if *value { yes } else { no }, Vec::new());
                    break;
                }
                _ => {
                    if let Some(value) = self.expr(cond) {
                        self.fb.set_span(Some(cond.span));
                        self.fb.branch(value, yes, no);
                    }
                    break;
                }
            }
        }
        for (block, cond, yes, no) in rest.into_iter().rev() {
            self.enter(block);
            if !self.fb.is_unreachable() {
                self.condition(cond, yes, no);
            }
        }
    }

    /// An expression that does not start with an operand of an operator.
    fn start(&mut self, expr: &Expr) -> Option<Value> {
        self.fb.set_span(Some(expr.span));
        let value = match &expr.kind {
            ExprKind::Int(value) => self.fb.int_const(*value),
            ExprKind::Float(value) => self.fb.value(MochiOp::FloatConst, Vec::new(), float_bits(*value), Type::FLOAT),
            ExprKind::Bool(value) => self.fb.bool_const(*value),
            ExprKind::Str(bytes) => self.string(bytes),
            ExprKind::None => self.none_of(expr.ty),
            ExprKind::Local(local) => match self.read_local(*local) {
                Some(value) => value,
                None => self.none_of(expr.ty),
            },
            ExprKind::Cell(local) => match self.locals[local.index()] {
                Some(variable) => self.fb.use_var(variable),
                None => self.none_of(expr.ty),
            },
            ExprKind::Global(global) => match lower_type(self.program.globals[global.index()].ty) {
                Some(ty) => self.fb.value(MochiOp::LoadGlobal, Vec::new(), Self::global(*global), ty),
                None => self.none_of(expr.ty),
            },
            ExprKind::List(elements) => self.list(expr, elements)?,
            ExprKind::Record { record, fields } => self.record(expr, *record, fields)?,
            ExprKind::Closure { function, captures } => self.closure(expr, *function, captures)?,
            ExprKind::Block { body, then } => {
                self.body(body);
                if self.fb.is_unreachable() {
                    return None;
                }
                self.expr(then)?
            }
            ExprKind::Map(entries) => self.map(expr, entries)?,
            ExprKind::If { cond, then, otherwise } => {
                let (yes, no) = (self.fb.create_block(), self.fb.create_block());
                self.condition(cond, yes, no);
                self.choose(expr.ty, (yes, Arm::Expr(then)), (no, Arm::Expr(otherwise)))?
            }
            ExprKind::Call { function: _, args: _ } => self.call(expr)?,
            ExprKind::Builtin { builtin, args } => self.builtin(expr, *builtin, args)?,
            ExprKind::Intrinsic { intrinsic, args } => self.intrinsic(expr, *intrinsic, args)?,
            ExprKind::Load { path, format, shape } => self.load_rows(expr, path.as_deref(), format, *shape)?,
            ExprKind::Save { value, path, format } => self.save_rows(expr, value, path.as_deref(), format)?,
            ExprKind::Sequence { first, then } => {
                self.effect(first);
                if self.fb.is_unreachable() {
                    return None;
                }
                self.expr(then)?
            }
            ExprKind::Let { local, value, then } => {
                self.set_local(*local, value, expr.span);
                if self.fb.is_unreachable() {
                    return None;
                }
                self.expr(then)?
            }
            ExprKind::Fail { message } => {
                let message = self.pool.bytes(message.as_bytes());
                self.fb.effect(MochiOp::Fail, Vec::new(), Imm::Data(message));
                self.fb.unreachable();
                return None;
            }
            ExprKind::Arith { .. }
            | ExprKind::Neg(_)
            | ExprKind::Concat { .. }
            | ExprKind::Compare { .. }
            | ExprKind::Contains { .. }
            | ExprKind::Not(_)
            | ExprKind::Truthy(_)
            | ExprKind::IsNone(_)
            | ExprKind::And { .. }
            | ExprKind::Or { .. }
            | ExprKind::Choose { .. }
            | ExprKind::StringIndex { .. }
            | ExprKind::StringSlice { .. }
            | ExprKind::ListIndex { .. }
            | ExprKind::ListSlice { .. }
            | ExprKind::ListConcat { .. }
            | ExprKind::ListContains { .. }
            | ExprKind::MapIndex { .. }
            | ExprKind::MapContains { .. }
            | ExprKind::MapKeys(_)
            | ExprKind::MapValues(_)
            | ExprKind::Field { .. }
            | ExprKind::IsVariant { .. }
            | ExprKind::CallValue { .. }
            | ExprKind::AnyIndex { .. }
            | ExprKind::AnySlice { .. }
            | ExprKind::AnyField { .. }
            | ExprKind::AnyContains { .. }
            | ExprKind::AnyIter(_)
            | ExprKind::AnyKey(_)
            | ExprKind::SortedRows(_)
            | ExprKind::AnyCall { .. }
            | ExprKind::Copy(_)
            | ExprKind::CastElements { .. }
            | ExprKind::CastKeys { .. }
            | ExprKind::Cast { .. }
            | ExprKind::Convert(_) => unreachable!("{:?} starts with an operand", expr.kind),
        };
        Some(value)
    }

    /// An operator on its first operand, evaluating the others.
    fn apply(&mut self, expr: &Expr, first: Value) -> Option<Value> {
        let value = match &expr.kind {
            ExprKind::Arith { op, lhs: _, rhs } => {
                let second = self.expr(rhs)?;
                self.fb.set_span(Some(expr.span));
                let Some(ty) = lower_type(expr.ty) else { return Some(self.none_of(expr.ty)) };
                self.fb.value(arith_op(*op, ty.kind), vec![first, second], Imm::None, ty)
            }
            ExprKind::Neg(_) => {
                self.fb.set_span(Some(expr.span));
                let Some(ty) = lower_type(expr.ty) else { return Some(self.none_of(expr.ty)) };
                let op = match ty.kind {
                    Kind::Float => MochiOp::FloatNeg,
                    Kind::Any => MochiOp::AnyNeg,
                    _ => MochiOp::IntNeg,
                };
                self.fb.value(op, vec![first], Imm::None, ty)
            }
            ExprKind::Concat { lhs: _, rhs } => {
                let second = self.expr(rhs)?;
                self.fb.set_span(Some(expr.span));
                self.fb.value(MochiOp::StrConcat, vec![first, second], Imm::None, Type::STR)
            }
            ExprKind::Compare { op, lhs: _, rhs } => {
                let second = self.expr(rhs)?;
                self.fb.set_span(Some(expr.span));
                self.compare(*op, first, second)
            }
            ExprKind::Contains { of: _, part } => {
                let part = self.expr(part)?;
                self.fb.set_span(Some(expr.span));
                self.fb.value(MochiOp::StrContains, vec![first, part], Imm::None, Type::BOOL)
            }
            ExprKind::Not(_) => {
                self.fb.set_span(Some(expr.span));
                self.fb.value(MochiOp::BoolNot, vec![first], Imm::None, Type::BOOL)
            }
            ExprKind::Truthy(of) => {
                self.fb.set_span(Some(expr.span));
                self.truth(of.ty, first)
            }
            ExprKind::IsNone(_) => {
                self.fb.set_span(Some(expr.span));
                self.is_none(first)
            }
            ExprKind::And { lhs: _, rhs } => self.short_circuit(expr.ty, first, first, Some(rhs), None)?,
            ExprKind::Or { lhs: _, rhs } => self.short_circuit(expr.ty, first, first, None, Some(rhs))?,
            ExprKind::Choose { op, lhs, rhs } => {
                self.fb.set_span(Some(expr.span));
                let (test, yes, no): (_, Option<&Expr>, Option<&Expr>) = match op {
                    ChooseOp::And => (self.truth(lhs.ty, first), Some(rhs), None),
                    ChooseOp::Or => (self.truth(lhs.ty, first), None, Some(rhs)),
                    ChooseOp::Else => (self.is_none(first), Some(rhs), None),
                };
                self.short_circuit(expr.ty, first, test, yes, no)?
            }
            ExprKind::Cast { of, to } => {
                self.fb.set_span(Some(expr.span));
                self.cast(of.ty, first, *to)
            }
            ExprKind::Convert(of) => {
                self.fb.set_span(Some(expr.span));
                match (lower_type(of.ty), lower_type(expr.ty)) {
                    (Some(_), Some(to)) => self.convert(first, to),
                    (None, _) => self.none_of(expr.ty),
                    (Some(_), None) => panic!("a conversion of {} to {}", of.ty, expr.ty),
                }
            }
            ExprKind::StringIndex { of: _, index } => {
                let index = self.expr(index)?;
                self.fb.set_span(Some(expr.span));
                self.fb.value(MochiOp::StrAt, vec![first, index], Imm::None, Type::STR)
            }
            ExprKind::StringSlice { of: _, start, end } | ExprKind::ListSlice { of: _, start, end } => {
                let start = match start {
                    Some(start) => self.expr(start)?,
                    None => self.fb.int_const(0),
                };
                let end = match end {
                    Some(end) => self.expr(end)?,
                    None => self.fb.int_const(i32::MAX.into()),
                };
                self.fb.set_span(Some(expr.span));
                let ty = self.fb.ty(first);
                let op = if ty.kind == Kind::Str { MochiOp::StrSlice } else { MochiOp::ListSlice };
                self.fb.value(op, vec![first, start, end], Imm::None, ty)
            }
            ExprKind::ListIndex { of: _, index } => {
                let index = self.expr(index)?;
                self.fb.set_span(Some(expr.span));
                let element = self.element(self.fb.ty(first));
                self.fb.value(MochiOp::ListGet, vec![first, index], Imm::None, element)
            }
            ExprKind::ListConcat { lhs: _, rhs } => {
                let second = self.expr(rhs)?;
                self.fb.set_span(Some(expr.span));
                let ty = self.fb.ty(first);
                self.fb.value(MochiOp::ListConcat, vec![first, second], Imm::None, ty)
            }
            ExprKind::ListContains { of: _, item } => {
                let item = self.expr(item)?;
                self.fb.set_span(Some(expr.span));
                self.fb.value(MochiOp::ListContains, vec![first, item], Imm::None, Type::BOOL)
            }
            ExprKind::Field { of: _, index } => {
                self.fb.set_span(Some(expr.span));
                self.field(first, *index)
            }
            ExprKind::IsVariant { of: _, record } => {
                self.fb.set_span(Some(expr.span));
                let record = Imm::Record(RecordType::new(record.index()));
                self.fb.value(MochiOp::RecordIs, vec![first], record, Type::BOOL)
            }
            ExprKind::CallValue { of: _, args } => self.call_value(expr, first, args)?,
            ExprKind::MapIndex { of: _, key } => {
                let key = self.expr(key)?;
                self.fb.set_span(Some(expr.span));
                self.map_get(first, key)
            }
            ExprKind::MapContains { of: _, key } => {
                let key = self.expr(key)?;
                self.fb.set_span(Some(expr.span));
                self.fb.value(MochiOp::MapHas, vec![first, key], Imm::None, Type::BOOL)
            }
            ExprKind::MapKeys(_) | ExprKind::MapValues(_) => {
                self.fb.set_span(Some(expr.span));
                let op = if matches!(expr.kind, ExprKind::MapKeys(_)) { MochiOp::MapKeys } else { MochiOp::MapValues };
                let ty = lower_type(expr.ty).expect("a list has a type");
                self.fb.value(op, vec![first], Imm::None, ty)
            }
            ExprKind::AnyIndex { .. }
            | ExprKind::AnySlice { .. }
            | ExprKind::AnyField { .. }
            | ExprKind::AnyContains { .. }
            | ExprKind::AnyIter(_)
            | ExprKind::CastElements { .. }
            | ExprKind::CastKeys { .. }
            | ExprKind::AnyKey(_)
            | ExprKind::SortedRows(_)
            | ExprKind::AnyCall { .. } => self.any_operation(expr, first)?,
            ExprKind::Copy(_) => {
                self.fb.set_span(Some(expr.span));
                let ty = self.fb.ty(first);
                self.fb.value(MochiOp::Copy, vec![first], Imm::None, ty)
            }
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::None
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::Cell(_)
            | ExprKind::List(_)
            | ExprKind::Map(_)
            | ExprKind::Record { .. }
            | ExprKind::Closure { .. }
            | ExprKind::Block { .. }
            | ExprKind::If { .. }
            | ExprKind::Call { .. }
            | ExprKind::Builtin { .. }
            | ExprKind::Intrinsic { .. }
            | ExprKind::Load { .. }
            | ExprKind::Save { .. }
            | ExprKind::Sequence { .. }
            | ExprKind::Let { .. }
            | ExprKind::Fail { .. } => unreachable!("{:?} has no first operand", expr.kind),
        };
        Some(value)
    }

    /// None as a value of a typed type.
    pub(super) fn none_of(&mut self, ty: types::Type) -> Value {
        match lower_type(ty) {
            Some(ty) => self.none(ty),
            None => self.none(Type::ANY),
        }
    }

    /// Arguments, without those that can only be none.
    pub(super) fn args(&mut self, args: &[Expr]) -> Option<Vec<Value>> {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            let value = self.expr(arg)?;
            if lower_type(arg.ty).is_some() {
                values.push(value);
            }
        }
        Some(values)
    }

    fn call(&mut self, expr: &Expr) -> Option<Value> {
        let ExprKind::Call { function, args } = &expr.kind else { unreachable!("{:?} is a call", expr.kind) };
        let values = self.args(args)?;
        self.fb.set_span(Some(expr.span));
        let result = self.program.functions[function.index()].result;
        let results: Vec<Type> = lower_type(result).into_iter().collect();
        let value = self.fb.call(FuncId::new(function.index()), values, &results);
        if result == types::Type::NEVER {
            self.fb.unreachable();
            return None;
        }
        Some(value.unwrap_or_else(|| self.none(Type::ANY)))
    }

    /// `first`, or what the expression for the outcome of `test` gives, where there is one.
    fn short_circuit(
        &mut self,
        ty: types::Type,
        first: Value,
        test: Value,
        yes: Option<&Expr>,
        no: Option<&Expr>,
    ) -> Option<Value> {
        let blocks = (self.fb.create_block(), self.fb.create_block());
        self.fb.branch(test, blocks.0, blocks.1);
        let yes = yes.map_or(Arm::Value(first), Arm::Expr);
        let no = no.map_or(Arm::Value(first), Arm::Expr);
        self.choose(ty, (blocks.0, yes), (blocks.1, no))
    }

    /// The value of one of two arms, each in the block that gets control for it.
    fn choose(&mut self, ty: types::Type, yes: (Block, Arm<'_>), no: (Block, Arm<'_>)) -> Option<Value> {
        let join = self.fb.create_block();
        let variable = lower_type(ty).map(|ty| self.fb.declare_variable(ty));
        for (block, arm) in [yes, no] {
            self.enter(block);
            if self.fb.is_unreachable() {
                continue;
            }
            let value = match arm {
                Arm::Value(value) => Some(value),
                Arm::Expr(expr) => self.expr(expr),
            };
            if let Some(value) = value {
                if let Some(variable) = variable {
                    self.fb.def_var(variable, value);
                }
                self.fb.jump(join, Vec::new());
            }
        }
        self.enter(join);
        if self.fb.is_unreachable() {
            return None;
        }
        Some(match variable {
            Some(variable) => self.fb.use_var(variable),
            None => self.none_of(ty),
        })
    }
}

/// What one way through a choice gives.
enum Arm<'a> {
    Value(Value),
    Expr(&'a Expr),
}

fn arith_op(op: ArithOp, kind: Kind) -> MochiOp {
    match (kind, op) {
        (Kind::Int, ArithOp::Add) => MochiOp::IntAdd,
        (Kind::Int, ArithOp::Sub) => MochiOp::IntSub,
        (Kind::Int, ArithOp::Mul) => MochiOp::IntMul,
        (Kind::Int, ArithOp::Div) => MochiOp::IntDiv,
        (Kind::Int, ArithOp::Rem) => MochiOp::IntRem,
        (Kind::Float, ArithOp::Add) => MochiOp::FloatAdd,
        (Kind::Float, ArithOp::Sub) => MochiOp::FloatSub,
        (Kind::Float, ArithOp::Mul) => MochiOp::FloatMul,
        (Kind::Float, ArithOp::Div) => MochiOp::FloatDiv,
        (Kind::Float, ArithOp::Rem) => MochiOp::FloatRem,
        (Kind::Any, _) => any_arith(op),
        _ => panic!("{op:?} of {kind:?} is refused when checking"),
    }
}
