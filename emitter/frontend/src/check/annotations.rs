//! What the reference's checker rejects: its rules about declared types, for strict checking.
//!
//! Inference ([`super::infer`]) finds what values are and decides how a program runs; the rules
//! here are about what annotations claim, and decide nothing but diagnostics. They are kept
//! apart because they disagree: an unannotated parameter is `any` here, whatever is passed,
//! and `let x: float = 3` is wrong here and an int there. Every function is checked once,
//! reached or not. Codes, positions and words are the reference's.
//!
//! An expression that was reported, or whose type has no rules here, is [`Claim::UNKNOWN`]
//! and agrees with everything.

use super::resolved::{
    Annotation as Claim, ArmBody, Base, Block, CastTarget, ExprId, ExprKind, Function, Pattern, Place, Program, Stmt,
    StmtKind,
};
use crate::builtins::Builtin;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::typed::LocalId;

/// Checks all functions; the findings are errors if `strict`, else warnings.
pub(super) fn check(program: &Program<'_>, file: &SourceFile, strict: bool) -> Vec<Diagnostic> {
    let mut checker = Checker {
        program,
        function: &program.functions[program.main.index()],
        file,
        strict,
        diagnostics: Vec::new(),
        globals: program.globals.iter().map(|_| Claim::UNKNOWN).collect(),
        locals: Vec::new(),
        changes: Vec::new(),
        result: Claim::UNIT,
    };
    // The start function first: its declarations say what the globals are.
    let main = program.main.index();
    let others = (0..program.functions.len()).filter(|&index| index != main);
    for index in std::iter::once(main).chain(others) {
        let function = &program.functions[index];
        if function.is_prelude {
            continue;
        }
        checker.function = function;
        checker.locals = function.locals.iter().map(|_| Local { declared: Claim::ANY, narrowed: None }).collect();
        checker.result = if index == main { Claim::UNIT } else { function.result.unwrap_or(Claim::ANY) };
        for &param in &function.params {
            checker.locals[param.index()].declared = function.locals[param.index()].annotation.unwrap_or(Claim::ANY);
        }
        checker.block(&function.body);
    }
    checker.effects();
    checker.diagnostics
}

struct Checker<'p, 'a> {
    program: &'p Program<'a>,
    /// The function that is being checked.
    function: &'p Function<'a>,
    file: &'p SourceFile,
    strict: bool,
    diagnostics: Vec<Diagnostic>,
    globals: Vec<Claim>,
    locals: Vec<Local>,
    /// What locals were before the changes in the open scopes: an assignment changes a variable's
    /// type until the end of its block.
    changes: Vec<(LocalId, Local)>,
    result: Claim,
}

#[derive(Clone, Copy)]
struct Local {
    declared: Claim,
    /// The type after a test against none.
    narrowed: Option<Claim>,
}

/// Locals that are narrowed when a condition holds, and when it does not.
#[derive(Default)]
struct Narrowing {
    yes: Vec<LocalId>,
    no: Vec<LocalId>,
}

impl<'p> Checker<'p, '_> {
    fn report(&mut self, code: Code, span: Span, message: impl Into<String>) -> Claim {
        let report = if self.strict { Diagnostic::error } else { Diagnostic::warning };
        self.diagnostics.push(report(code, span, message.into()));
        Claim::UNKNOWN
    }

    // Statements.

    fn block(&mut self, block: &'p Block) {
        let mark = self.changes.len();
        for stmt in block {
            self.stmt(stmt);
        }
        self.undo(mark);
    }

    fn stmt(&mut self, stmt: &'p Stmt) {
        let span = stmt.span;
        match &stmt.kind {
            StmtKind::Declare { place, value } => {
                let annotation = match place {
                    Place::Local(local) => self.function.locals[local.index()].annotation,
                    Place::Global(global) => self.program.globals[global.index()].variable.annotation,
                };
                let claim = match (annotation, *value) {
                    (Some(annotation), Some(value)) => {
                        let actual = self.expect(value, annotation);
                        if !actual.is_assignable(annotation) {
                            let message = format!("type mismatch: expected {annotation}, got {actual}");
                            self.report(Code::T008, span, message);
                        }
                        annotation
                    }
                    (None, Some(value)) => self.expr(value),
                    (annotation, None) => annotation.unwrap_or(Claim::UNKNOWN),
                };
                self.set(*place, claim);
            }
            StmtKind::Assign { place, value } => {
                let declared = match place {
                    Place::Local(local) => self.locals[local.index()].declared,
                    Place::Global(global) => self.globals[global.index()],
                };
                let actual = self.expect(*value, declared);
                if actual.base != Base::Any || declared.base == Base::Any {
                    self.set(*place, if actual == Claim::UNKNOWN { declared } else { actual });
                } else {
                    self.set(*place, declared);
                }
            }
            StmtKind::AssignElement { place: _, name: _, indexes, value } => {
                for index in indexes {
                    self.expr(*index);
                }
                self.expr(*value);
            }
            StmtKind::AssignField { place: _, name: _, indexes, fields: _, value } => {
                for index in indexes {
                    self.expr(*index);
                }
                self.expr(*value);
            }
            StmtKind::Expr(expr) => {
                self.expr(*expr);
            }
            StmtKind::Return(None) => {
                if !Claim::UNIT.unifies(self.result) {
                    let message = format!("return type mismatch: expected {}, got unit", self.result);
                    self.report(Code::T010, span, message);
                }
            }
            StmtKind::Return(Some(value)) => {
                self.expect(*value, self.result);
            }
            StmtKind::If { arms, otherwise } => {
                let mark = self.changes.len();
                for arm in arms {
                    let narrowing = self.cond(arm.cond);
                    let inner = self.changes.len();
                    self.narrow(&narrowing.yes);
                    self.block(&arm.body);
                    self.undo(inner);
                    self.narrow(&narrowing.no);
                }
                self.block(otherwise);
                self.undo(mark);
            }
            StmtKind::While { cond, body, assigns: _ } => {
                self.cond(*cond);
                self.block(body);
            }
            StmtKind::ForRange { var, start, end, body, assigns: _ } => {
                let (start_claim, end_claim) = (self.expr(*start), self.expr(*end));
                if !start_claim.is_index() || !end_claim.is_index() {
                    let head = Span { end: self.program.expr(*end).span.end, ..span };
                    self.report(Code::T023, head, "range loop requires integer start and end expressions");
                }
                let counter = if start_claim.base == Base::Int64 { Base::Int64 } else { Base::Int };
                self.set(Place::Local(*var), Claim::of(counter));
                self.block(body);
            }
            StmtKind::ForIn { var, iter, body, assigns: _ } => {
                let claim = self.expr(*iter);
                let element = match claim {
                    Claim { base: Base::String, is_optional: false } => claim,
                    Claim { base: Base::Unknown, is_optional: _ } => Claim::UNKNOWN,
                    _ => {
                        let head = Span { end: self.program.expr(*iter).span.end, ..span };
                        self.report(Code::T022, head, format!("cannot iterate over type {claim}"))
                    }
                };
                self.set(Place::Local(*var), element);
                self.block(body);
            }
            StmtKind::Break | StmtKind::Continue => {}
            StmtKind::Expect { cond, text: _ } => {
                self.expect(*cond, Claim::BOOL);
            }
            StmtKind::Block(block) => self.block(block),
        }
    }

    fn set(&mut self, place: Place, claim: Claim) {
        match place {
            Place::Local(local) => {
                let before =
                    std::mem::replace(&mut self.locals[local.index()], Local { declared: claim, narrowed: None });
                self.changes.push((local, before));
            }
            Place::Global(global) => self.globals[global.index()] = claim,
        }
    }

    fn narrow(&mut self, locals: &[LocalId]) {
        for &id in locals {
            let local = &mut self.locals[id.index()];
            self.changes.push((id, *local));
            local.narrowed = Some(Claim { is_optional: false, ..local.declared });
        }
    }

    fn undo(&mut self, mark: usize) {
        for (id, before) in self.changes.drain(mark..).rev() {
            self.locals[id.index()] = before;
        }
    }

    // Expressions.

    /// The type of an expression in a place for `expected`; unknown if it was reported.
    fn expect(&mut self, id: ExprId, expected: Claim) -> Claim {
        let actual = match &self.program.expr(id).kind {
            ExprKind::If { arms, otherwise } => self.choice(arms, *otherwise, Some(expected)),
            _ => self.expr(id),
        };
        if actual.unifies(expected) || actual.is_assignable(expected) {
            return actual;
        }
        let message = format!("type mismatch: expected {expected}, got {actual}");
        self.report(Code::T008, self.program.expr(id).span, message)
    }

    fn expr(&mut self, id: ExprId) -> Claim {
        self.evaluate(id).0
    }

    /// A condition of `if` or `while`.
    fn cond(&mut self, id: ExprId) -> Narrowing {
        let (claim, narrowing) = self.evaluate(id);
        if !claim.unifies(Claim::BOOL) {
            self.report(Code::T040, self.program.expr(id).span, "`if` condition must be boolean");
        }
        narrowing
    }

    /// Chains lean to the left and can be long, so they are walked in a loop.
    fn evaluate(&mut self, id: ExprId) -> (Claim, Narrowing) {
        let mut chain = Vec::new();
        let mut leaf = id;
        while let Some(first) = self.program.expr(leaf).kind.first_operand() {
            chain.push(leaf);
            leaf = first;
        }
        let mut first = leaf;
        let mut result = (self.operand(leaf), Narrowing::default());
        while let Some(id) = chain.pop() {
            result = self.step(id, first, result);
            first = id;
        }
        result
    }

    fn step(&mut self, id: ExprId, first: ExprId, (claim, narrowing): (Claim, Narrowing)) -> (Claim, Narrowing) {
        let claim = match self.program.expr(id).kind {
            ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), _, rhs) => {
                let mark = self.changes.len();
                self.narrow(if op == BinaryOp::And { &narrowing.yes } else { &narrowing.no });
                let (right, inner) = self.evaluate(rhs);
                self.undo(mark);
                let (yes, no) = if op == BinaryOp::And {
                    ([narrowing.yes, inner.yes].concat(), Vec::new())
                } else {
                    (Vec::new(), [narrowing.no, inner.no].concat())
                };
                return (self.binary(op, first, claim, rhs, right), Narrowing { yes, no });
            }
            ExprKind::Binary(op, _, rhs) => {
                let tested = self.tested_local(op, first, rhs);
                let right = self.expr(rhs);
                let claim = self.binary(op, first, claim, rhs, right);
                let narrowing = match (tested, op) {
                    (Some(local), BinaryOp::Ne) => Narrowing { yes: vec![local], no: Vec::new() },
                    (Some(local), _) => Narrowing { yes: Vec::new(), no: vec![local] },
                    (None, _) => Narrowing::default(),
                };
                return (claim, narrowing);
            }
            // The reference checks no unary operator.
            ExprKind::Unary(UnaryOp::Neg | UnaryOp::Not, _) => claim,
            ExprKind::Index { of, index } => self.index(of, claim, &[Some(index)]),
            ExprKind::Slice { of, start, end } => self.index(of, claim, &[start, end]),
            ExprKind::Cast { of, to, annotation } => self.cast(of, claim, to, annotation),
            // What is declared about structs is not looked at yet.
            ExprKind::Field { of: _, name: _ } => Claim::UNKNOWN,
            ExprKind::Method { of: _, name: _, ref args } => {
                for &arg in args {
                    self.expr(arg);
                }
                Claim::UNKNOWN
            }
            ExprKind::CallValue { of: _, ref args } => {
                for &arg in args {
                    self.expr(arg);
                }
                Claim::UNKNOWN
            }
            ExprKind::CastRecord { .. } | ExprKind::CastList { .. } | ExprKind::CastMap { .. } => Claim::UNKNOWN,
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::None
            | ExprKind::Absent
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::Cell(_)
            | ExprKind::List(_)
            | ExprKind::Map(_)
            | ExprKind::Record { .. }
            | ExprKind::Match { .. }
            | ExprKind::Entry { .. }
            | ExprKind::If { .. }
            | ExprKind::Call { .. }
            | ExprKind::Closure { .. }
            | ExprKind::Builtin { .. }
            | ExprKind::Intrinsic { .. }
            | ExprKind::Fail(_)
            | ExprKind::Refused => unreachable!("an expression without a first operand"),
        };
        (claim, Narrowing::default())
    }

    fn operand(&mut self, id: ExprId) -> Claim {
        let span = self.program.expr(id).span;
        match &self.program.expr(id).kind {
            ExprKind::Int(_) => Claim::INT,
            ExprKind::Float(_) => Claim::of(Base::Float),
            ExprKind::Bool(_) => Claim::BOOL,
            ExprKind::Str(_) => Claim::STRING,
            ExprKind::None => Claim { is_optional: true, ..Claim::ANY },
            ExprKind::Local(local) => {
                let local = self.locals[local.index()];
                local.narrowed.unwrap_or(local.declared)
            }
            ExprKind::Global(global) => self.globals[global.index()],
            ExprKind::If { arms, otherwise } => self.choice(arms, *otherwise, None),
            ExprKind::Call { function, args } => {
                let callee = &self.program.functions[function.index()];
                for (at, &arg) in args.iter().enumerate() {
                    match callee.params.get(at) {
                        Some(param) => {
                            let expected = callee.locals[param.index()].annotation.unwrap_or(Claim::ANY);
                            let actual = self.expect(arg, expected);
                            if !actual.unifies(expected) {
                                let message = format!("argument {}: expected {expected}, got {actual}", at + 1);
                                self.report(Code::T007, span, message);
                            }
                        }
                        None => {
                            self.expr(arg);
                        }
                    }
                }
                callee.result.unwrap_or(Claim::UNKNOWN)
            }
            ExprKind::Builtin { builtin, args } => self.builtin(*builtin, args, span),
            ExprKind::List(elements) => {
                for element in elements {
                    self.expr(*element);
                }
                Claim::UNKNOWN
            }
            ExprKind::Record { record: _, fields } => {
                for &(_, value) in fields {
                    self.expr(value);
                }
                Claim::UNKNOWN
            }
            ExprKind::Match { target, arms } => {
                self.expr(*target);
                for arm in arms {
                    if let Pattern::Variant { name: _, record: _, fields } = &arm.pattern {
                        for &local in fields.iter().flatten() {
                            self.locals[local.index()].declared = Claim::UNKNOWN;
                        }
                    }
                    match &arm.body {
                        ArmBody::Expr(value) => {
                            self.expr(*value);
                        }
                        ArmBody::Block(block) => self.block(block),
                    }
                }
                Claim::UNKNOWN
            }
            ExprKind::Map(entries) => {
                for &(key, value) in entries {
                    self.expr(key);
                    self.expr(value);
                }
                Claim::UNKNOWN
            }
            ExprKind::Closure { function: _, captures } => {
                for &capture in captures {
                    self.expr(capture);
                }
                Claim::UNKNOWN
            }
            ExprKind::Cell(_)
            | ExprKind::Entry { .. }
            | ExprKind::Absent
            | ExprKind::Intrinsic { .. }
            | ExprKind::Fail(_)
            | ExprKind::Refused => Claim::UNKNOWN,
            ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::Field { .. }
            | ExprKind::Method { .. }
            | ExprKind::CallValue { .. }
            | ExprKind::CastRecord { .. }
            | ExprKind::CastList { .. }
            | ExprKind::CastMap { .. }
            | ExprKind::Cast { .. } => unreachable!("an expression with a first operand"),
        }
    }

    fn choice(&mut self, arms: &[(ExprId, ExprId)], otherwise: Option<ExprId>, expected: Option<Claim>) -> Claim {
        let mark = self.changes.len();
        // Each branch is expected to be what the one before it is.
        let mut expected = expected;
        let mut result = Claim::UNKNOWN;
        for (at, &(cond, then)) in arms.iter().enumerate() {
            let narrowing = self.cond(cond);
            let inner = self.changes.len();
            self.narrow(&narrowing.yes);
            let claim = self.branch(then, expected);
            self.undo(inner);
            self.narrow(&narrowing.no);
            if at == 0 {
                result = claim;
            }
            expected = Some(claim);
        }
        if let Some(otherwise) = otherwise {
            self.branch(otherwise, expected);
        }
        self.undo(mark);
        result
    }

    fn branch(&mut self, id: ExprId, expected: Option<Claim>) -> Claim {
        match expected {
            Some(expected) => self.expect(id, expected),
            None => self.expr(id),
        }
    }

    fn builtin(&mut self, builtin: Builtin, args: &[ExprId], span: Span) -> Claim {
        let (expected, result): (&[Claim], Claim) = match builtin {
            Builtin::Print => (&[], Claim::UNIT),
            Builtin::Len => (&[Claim::ANY], Claim::INT),
            Builtin::Append
            | Builtin::Concat
            | Builtin::First
            | Builtin::Sum
            | Builtin::Min
            | Builtin::Max
            | Builtin::Keys
            | Builtin::Values => (&[], Claim::UNKNOWN),
            Builtin::Count => (&[], Claim::INT),
            Builtin::Exists => (&[], Claim::BOOL),
            Builtin::Avg => (&[], Claim::of(Base::Float)),
            Builtin::Str | Builtin::Lower => (&[Claim::ANY], Claim::STRING),
            Builtin::Int => (&[Claim::ANY], Claim::INT),
            Builtin::Float => (&[], Claim::UNKNOWN),
            Builtin::Substring => (&[Claim::STRING, Claim::INT, Claim::INT], Claim::STRING),
            Builtin::Upper => (&[Claim::STRING], Claim::STRING),
            Builtin::Input => (&[], Claim::STRING),
            Builtin::Now => (&[], Claim::of(Base::Int64)),
        };
        for (at, &arg) in args.iter().enumerate() {
            let claim = match expected.get(at) {
                Some(&expected) => self.expect(arg, expected),
                None => self.expr(arg),
            };
            let has_length = matches!(claim.base, Base::String | Base::Any | Base::Unknown) && !claim.is_optional;
            if builtin == Builtin::Len && !has_length {
                self.report(Code::T036, span, format!("cannot take length of type {claim}"));
            }
        }
        result
    }

    fn index(&mut self, of: ExprId, claim: Claim, bounds: &[Option<ExprId>]) -> Claim {
        let claims: Vec<Claim> = bounds.iter().flatten().map(|&bound| self.expr(bound)).collect();
        match claim {
            Claim { base: Base::String, is_optional: false } => {
                if claims.iter().all(|bound| bound.is_index()) {
                    return claim;
                }
                let end = self.program.expr(of).span.end;
                let bracket = self.after(end, "[");
                self.report(Code::T015, bracket, "index must be an integer")
            }
            Claim { base: Base::Any, is_optional: false } | Claim { base: Base::Unknown, is_optional: _ } => claim,
            _ => {
                let message = format!("type {claim} does not support indexing");
                self.report(Code::T018, self.program.expr(of).span, message)
            }
        }
    }

    fn cast(&mut self, of: ExprId, claim: Claim, to: CastTarget, annotation: Option<Claim>) -> Claim {
        let Some(target) = annotation else { return claim };
        let is_unchecked = |claim: Claim| matches!(claim.base, Base::Any | Base::Unknown) && !claim.is_optional;
        if claim == target || is_unchecked(claim) || is_unchecked(target) || claim.is_number() && target.is_number() {
            return target;
        }
        debug_assert!(to != CastTarget::Unchanged || target.is_optional, "{target} has a meaning");
        let end = self.program.expr(of).span.end;
        let word = self.after(end, "as");
        self.report(Code::T046, word, format!("invalid cast: `{claim}` as `{target}` is not allowed"));
        target
    }

    fn binary(&mut self, op: BinaryOp, lhs: ExprId, left: Claim, rhs: ExprId, right: Claim) -> Claim {
        let any = |claim: Claim| claim == Claim::ANY;
        let unknown = |claim: Claim| claim.base == Base::Unknown;
        let has_string = left == Claim::STRING || right == Claim::STRING;
        let (is_fine, result) = match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => {
                let is_concat = op == BinaryOp::Add && has_string;
                if is_concat {
                    (true, Claim::STRING)
                } else if unknown(left) || unknown(right) {
                    (true, Claim::UNKNOWN)
                } else if any(left) || any(right) {
                    (true, Claim::ANY)
                } else {
                    (left.is_number() && right.is_number(), left.join(right))
                }
            }
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                if left.unifies(right) || left.is_number() && right.is_number() {
                    return Claim::BOOL;
                }
                let at = self.operator(lhs, rhs, op);
                if matches!(op, BinaryOp::Eq | BinaryOp::Ne) && left.is_optional != right.is_optional {
                    let other = if left.is_optional { right } else { left };
                    let message = format!("comparison with `none` requires an optional operand, got {other}");
                    self.report(Code::T059, at, message);
                } else {
                    self.report(Code::T013, at, "incompatible types in comparison");
                }
                return Claim::BOOL;
            }
            BinaryOp::In if unknown(right) => (true, Claim::BOOL),
            BinaryOp::In => (left.unifies(Claim::STRING) && right.unifies(Claim::STRING), Claim::BOOL),
            BinaryOp::And | BinaryOp::Or => (left.unifies(Claim::BOOL) && right.unifies(Claim::BOOL), Claim::BOOL),
            BinaryOp::Else => {
                let value = Claim { is_optional: false, ..left };
                if unknown(left) || any(left) {
                    (true, left)
                } else if !left.is_optional {
                    (false, left)
                } else if right.is_optional {
                    (true, left)
                } else if value.unifies(right) {
                    (true, value)
                } else {
                    (value.is_number() && right.is_number(), value.join(right))
                }
            }
            BinaryOp::Union
            | BinaryOp::UnionAll
            | BinaryOp::Except
            | BinaryOp::Intersect
            | BinaryOp::BitAnd
            | BinaryOp::BitOr
            | BinaryOp::BitXor
            | BinaryOp::Shl
            | BinaryOp::Shr
            | BinaryOp::ShrU => (true, Claim::UNKNOWN),
        };
        if is_fine {
            return result;
        }
        let at = self.operator(lhs, rhs, op);
        let message = format!("operator `{}` cannot be used on types {left} and {right}", symbol(op));
        self.report(Code::T020, at, message);
        if result == Claim::BOOL { result } else { Claim::UNKNOWN }
    }

    /// The local of optional type that the comparison tests against none.
    fn tested_local(&self, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> Option<LocalId> {
        if !matches!(op, BinaryOp::Eq | BinaryOp::Ne) {
            return None;
        }
        match (&self.program.expr(lhs).kind, &self.program.expr(rhs).kind) {
            (&ExprKind::Local(local), ExprKind::None) | (ExprKind::None, &ExprKind::Local(local)) => {
                self.locals[local.index()].declared.is_optional.then_some(local)
            }
            _ => None,
        }
    }

    // Positions that the tree does not keep.

    /// The operator between two operands.
    fn operator(&self, lhs: ExprId, rhs: ExprId, op: BinaryOp) -> Span {
        let end = self.program.expr(lhs).span.end;
        let at = self.after(end, symbol(op));
        if at.end <= self.program.expr(rhs).span.start { at } else { self.program.expr(rhs).span }
    }

    /// Where `text` stands next after an offset.
    fn after(&self, offset: u32, text: &str) -> Span {
        let rest = self.file.text.get(offset as usize..).unwrap_or_default();
        let start = offset as usize + rest.find(text).unwrap_or(0);
        Span::new(self.program.file, start, start + text.len())
    }

    // Effects.

    /// Compares the effects that functions declare with those that their bodies have.
    fn effects(&mut self) {
        const LABELS: [&str; 5] = ["io", "fs", "net", "time", "meta"];
        let functions = &self.program.functions;
        let mut found: Vec<[bool; LABELS.len()]> = Vec::new();
        for function in functions {
            let labels = function.builtins.iter().filter_map(|builtin| builtin.row().effect.label());
            let mut set = [false; LABELS.len()];
            labels.filter_map(|label| LABELS.iter().position(|&known| known == label)).for_each(|at| set[at] = true);
            found.push(set);
        }
        let declared: Vec<Option<[bool; LABELS.len()]>> = functions
            .iter()
            .map(|function| {
                let effects = function.effects?;
                Some(LABELS.map(|label| effects.iter().any(|effect| effect.text == label)))
            })
            .collect();
        // A caller has the effects of its callees: the declared ones, or else what is found.
        let mut changed = true;
        while changed {
            changed = false;
            for (at, function) in functions.iter().enumerate() {
                for callee in &function.callees {
                    let theirs = declared[callee.index()].unwrap_or(found[callee.index()]);
                    for (mine, theirs) in found[at].iter_mut().zip(theirs) {
                        changed |= theirs && !*mine;
                        *mine |= theirs;
                    }
                }
            }
        }
        for (at, function) in functions.iter().enumerate() {
            for effect in function.effects.into_iter().flatten() {
                if !LABELS.contains(&effect.text.as_str()) {
                    let message = format!("unknown effect label `{}`", effect.text);
                    self.report(Code::T064, function.head(), message);
                }
            }
            let Some(declared) = declared[at] else { continue };
            if found[at].iter().zip(declared).any(|(&found, declared)| found && !declared) {
                let names = |set: [bool; LABELS.len()]| {
                    let names: Vec<&str> =
                        LABELS.into_iter().zip(set).filter(|(_, has)| *has).map(|(name, _)| name).collect();
                    if names.is_empty() { "pure".to_owned() } else { names.join(", ") }
                };
                let message = format!(
                    "function `{}` declares effects {} but its body produces {}",
                    function.name,
                    names(declared),
                    names(found[at])
                );
                self.report(Code::T065, function.head(), message);
            }
        }
    }
}

impl Claim {
    const UNIT: Claim = Claim::of(Base::Unit);
    const INT: Claim = Claim::of(Base::Int);
    const BOOL: Claim = Claim::of(Base::Bool);
    const STRING: Claim = Claim::of(Base::String);

    fn is_number(self) -> bool {
        !self.is_optional && matches!(self.base, Base::Int | Base::Int64 | Base::BigInt | Base::Float)
    }

    /// Whether the value can be an index or a bound.
    fn is_index(self) -> bool {
        self.unifies(Claim::INT) || self.unifies(Claim::of(Base::Int64))
    }

    /// The reference's `unify`, which is not symmetric.
    fn unifies(self, other: Claim) -> bool {
        if self.base == Base::Unknown || other.base == Base::Unknown || other == Claim::ANY || self == Claim::ANY {
            return true;
        }
        if self.is_optional || other.is_optional {
            let inner = |claim: Claim| Claim { is_optional: false, ..claim };
            return self.is_optional && other.is_optional && inner(self).unifies(inner(other));
        }
        self.base == other.base
            || matches!(
                (self.base, other.base),
                (Base::Int, Base::BigInt) | (Base::Int64, Base::Int) | (Base::BigInt, Base::Int | Base::Int64)
            )
    }

    /// Whether a value of this type can flow into a place of type `to`.
    fn is_assignable(self, to: Claim) -> bool {
        if self.base == Base::Unknown || to.base == Base::Unknown || to == Claim::ANY || self == to {
            return true;
        }
        let inner = |claim: Claim| Claim { is_optional: false, ..claim };
        if to.is_optional {
            return (self.is_optional && self.base == Base::Any) || inner(self).is_assignable(inner(to));
        }
        !self.is_optional
            && matches!((self.base, to.base), (Base::Int, Base::Int64 | Base::BigInt) | (Base::Int64, Base::BigInt))
    }

    /// The type of arithmetic with both.
    fn join(self, other: Claim) -> Claim {
        match (self.base, other.base) {
            (Base::Float, Base::BigInt) | (Base::BigInt, Base::Float) => Claim::UNKNOWN,
            (Base::Float, _) | (_, Base::Float) => Claim::of(Base::Float),
            (Base::BigInt, _) | (_, Base::BigInt) => Claim::of(Base::BigInt),
            (Base::Int64, _) | (_, Base::Int64) => Claim::of(Base::Int64),
            _ => Claim::INT,
        }
    }
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::In => "in",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
        BinaryOp::Else => "??",
        BinaryOp::Union | BinaryOp::UnionAll => "union",
        BinaryOp::Except => "except",
        BinaryOp::Intersect => "intersect",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitOr => "|",
        BinaryOp::BitXor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::ShrU => ">>>",
    }
}
