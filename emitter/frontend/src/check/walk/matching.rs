//! `match` as an expression and as a statement: tests in the order of the arms.
//!
//! What a pattern needs to be tested for depends on the target's type, and so does whether an
//! arm can be reached at all: variants that earlier arms have taken are not tested again, and
//! the last one that is left needs no test. Arms that cannot be reached are not walked.

use std::collections::BTreeSet;

use super::Walk;
use super::exprs::wrap;
use crate::check::resolved::{ArmBody, ExprId, MatchArm, Pattern, Place};
use crate::check::shape;
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use crate::typed::{self, Expr, ExprKind, LocalId, StmtKind};
use crate::types::{Kind, RecordId, Type};

/// The target, which can be used several times, and which of its values earlier arms have left.
struct Subject {
    of: Expr,
    /// Of a record or a union.
    variants: Vec<RecordId>,
    /// Of a bool: `false` and `true`.
    bools: [bool; 2],
    /// Whether it can be none.
    none: bool,
}

/// When an arm is taken.
enum Test {
    Never,
    /// If it holds; the locals that are present then, and else.
    If(super::Value),
    Always,
}

/// An arm that can be reached.
struct Arm {
    test: Test,
    /// Sets the variables of the pattern.
    sets: typed::Block,
    body: Body,
    span: Span,
}

enum Body {
    Value(Expr),
    Block(typed::Block),
}

impl<'p> Walk<'_, 'p, '_> {
    /// `match` for its value.
    pub(super) fn match_value(&mut self, target: ExprId, arms: &'p [MatchArm<'_>], span: Span) -> Expr {
        let of = self.expr(target);
        if of.ty == Type::NEVER {
            return shape::unknown(span);
        }
        let mut sets = Vec::new();
        let of = self.bind(of, &mut sets);
        let (arms, is_complete, _) = self.arms(of, arms, false);
        let mut ty = if is_complete { Type::NEVER } else { Type::NONE };
        for arm in &arms {
            let value = match &arm.body {
                Body::Value(value) => value.ty,
                Body::Block(_) => Type::NONE,
            };
            ty = self.infer.join_types(ty, value);
        }
        if ty == Type::NEVER {
            return shape::unknown(span);
        }
        let mut result = shape::convert(shape::none(span), ty);
        for Arm { test, sets, body, span } in arms.into_iter().rev() {
            let value = match body {
                Body::Value(value) => with_statements(sets, shape::convert(value, ty), span),
                Body::Block(block) => {
                    let end = if ty.nullable {
                        shape::convert(shape::none(span), ty)
                    } else {
                        shape::fail("unreachable", ty, span)
                    };
                    with_statements(sets.into_iter().chain(block).collect(), end, span)
                }
            };
            result = match test {
                Test::If(cond) => {
                    let choice = shape::choice(cond.expr, value, result, span);
                    shape::expr(choice.kind, ty, span)
                }
                Test::Always | Test::Never => value,
            };
        }
        wrap(sets, result)
    }

    /// `match` for its effects; whether its end can be reached.
    pub(super) fn match_stmt(
        &mut self,
        target: ExprId,
        arms: &'p [MatchArm<'_>],
        span: Span,
        out: &mut typed::Block,
    ) -> bool {
        let of = self.expr(target);
        if of.ty == Type::NEVER {
            return true;
        }
        let of = self.keep(of, out);
        let (arms, _, completes) = self.arms(of, arms, true);
        let mut otherwise = typed::Block::new();
        for Arm { test, sets: mut then, body, span } in arms.into_iter().rev() {
            match body {
                Body::Value(value) if shape::is_droppable(&value) => {}
                Body::Value(value) => then.push(typed::Stmt { kind: StmtKind::Expr(value), span }),
                Body::Block(block) => then.extend(block),
            }
            otherwise = match test {
                Test::If(cond) => {
                    vec![typed::Stmt { kind: StmtKind::If { cond: cond.expr, then, otherwise }, span }]
                }
                Test::Always | Test::Never => then,
            };
        }
        out.push(typed::Stmt { kind: StmtKind::Block(otherwise), span });
        completes
    }

    /// The arms that can be reached, whether one of them is always taken, and whether the end of one, or of all
    /// tests, can be reached.
    fn arms(&mut self, of: Expr, arms: &'p [MatchArm<'_>], is_stmt: bool) -> (Vec<Arm>, bool, bool) {
        let mut subject = Subject::new(self, of);
        let mut exits: Vec<BTreeSet<LocalId>> = Vec::new();
        let mut result = Vec::new();
        let mut is_complete = false;
        for arm in arms {
            let mut test = self.test(&mut subject, &arm.pattern, arm.span);
            if subject.is_spent() && !matches!(test, Test::Never) {
                test = Test::Always;
            }
            let failed = match &test {
                Test::Never => continue,
                Test::If(cond) => {
                    let mut failed = self.present.clone();
                    failed.extend(&cond.no);
                    self.present.extend(&cond.yes);
                    failed
                }
                Test::Always => {
                    is_complete = true;
                    BTreeSet::new()
                }
            };
            let sets = self.bindings(&subject.of, &arm.pattern, arm.span);
            let (body, completes) = match &arm.body {
                ArmBody::Expr(value) => {
                    let nested = match &self.program.expr(*value).kind {
                        crate::check::resolved::ExprKind::Match { target, arms } if is_stmt => Some((*target, arms)),
                        _ => None,
                    };
                    match nested {
                        Some((target, arms)) => {
                            let mut block = typed::Block::new();
                            let completes = self.match_stmt(target, arms, arm.span, &mut block);
                            (Body::Block(block), completes)
                        }
                        None => (Body::Value(self.expr(*value)), true),
                    }
                }
                ArmBody::Block(block) => {
                    let (block, completes) = self.block(block);
                    (Body::Block(block), completes)
                }
            };
            let after = std::mem::replace(&mut self.present, failed);
            if completes {
                exits.push(after);
            }
            result.push(Arm { test, sets, body, span: arm.span });
            if is_complete {
                break;
            }
        }
        if !is_complete {
            exits.push(std::mem::take(&mut self.present));
        }
        let completes = !exits.is_empty();
        self.present = exits.into_iter().reduce(|a, b| &a & &b).unwrap_or_default();
        (result, is_complete, completes)
    }

    fn test(&mut self, subject: &mut Subject, pattern: &Pattern<'_>, span: Span) -> Test {
        match pattern {
            Pattern::Wildcard => Test::Always,
            Pattern::Literal(value) => {
                let value = self.expr(*value);
                let is_possible = subject.take(&value);
                let test = self.binary(BinaryOp::Eq, subject.of.clone(), value, span);
                match test.expr.kind {
                    ExprKind::Bool(false) => Test::Never,
                    _ if !is_possible => Test::Never,
                    ExprKind::Bool(true) => Test::Always,
                    _ => Test::If(test),
                }
            }
            Pattern::Variant { name, record: _, fields: _ } => self.test_name(subject, name, span),
        }
    }

    /// Whether the target's type has that name.
    fn test_name(&mut self, subject: &mut Subject, name: &str, span: Span) -> Test {
        let of = subject.of.clone();
        let is_local = match of.kind {
            ExprKind::Local(local) if of.ty.nullable => vec![local],
            _ => Vec::new(),
        };
        match of.ty.kind {
            Kind::Record(_) | Kind::Union(_) => {
                let variant =
                    subject.variants.iter().position(|variant| self.program.records[variant.index()].name == name);
                let Some(variant) = variant.map(|at| subject.variants.remove(at)) else { return Test::Never };
                let is_known = matches!(of.ty.kind, Kind::Record(_)) || subject.variants.is_empty();
                let is_absent = of.ty.nullable && subject.none;
                let expr = match (is_known, is_absent) {
                    (true, false) => return Test::Always,
                    (true, true) => shape::not(shape::is_none(of)),
                    (false, false) => self.is_variant(shape::present(of), variant, span),
                    (false, true) => {
                        self.unless_none(of, shape::bool(false, span), |walk, of| walk.is_variant(of, variant, span))
                    }
                };
                Test::If(super::Value { expr, yes: is_local, no: Vec::new() })
            }
            Kind::Row(row) => {
                // A map without a name. Should it become a map that may have one, this is looked at again.
                self.row_has(row, "__name");
                Test::Never
            }
            Kind::Never => Test::Never,
            Kind::Int
            | Kind::Float
            | Kind::Bool
            | Kind::String
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Func(_)
            | Kind::Any => {
                let actual = self.field(of, "__name", span);
                let expected = shape::string(name, span);
                Test::If(self.binary(BinaryOp::Eq, actual, expected, span))
            }
        }
    }

    /// Statements that set the variables of a pattern, in an arm where it has matched.
    fn bindings(&mut self, of: &Expr, pattern: &Pattern<'_>, span: Span) -> typed::Block {
        let Pattern::Variant { name, record, fields } = pattern else { return Vec::new() };
        // The declaration that the target's type says, or else the one that the name says.
        let variants: &[RecordId] = match of.ty.kind {
            Kind::Record(ref record) => std::slice::from_ref(record),
            Kind::Union(union) => &self.program.unions[union.index()].variants,
            _ => record.as_slice(),
        };
        let record = variants.iter().copied().find(|record| self.program.records[record.index()].name == *name);
        let mut out = typed::Block::new();
        for (index, &local) in fields.iter().enumerate() {
            let Some(local) = local else { continue };
            let field = record.and_then(|record| self.program.records[record.index()].fields.get(index));
            let value = match (field, of.ty.kind, record) {
                (Some(field), Kind::Union(_), Some(record)) => {
                    let of = self.as_variant(shape::present(of.clone()), record);
                    self.field(of, field.name, span)
                }
                (Some(field), Kind::Record(_), _) => self.field(shape::present(of.clone()), field.name, span),
                (Some(field), _, _) => self.field(of.clone(), field.name, span),
                (None, _, _) => shape::none(span),
            };
            let span = self.func.locals[local.index()].span;
            let kind = self.declare(Place::Local(local), value);
            out.push(typed::Stmt { kind, span });
        }
        out
    }
}

impl Subject {
    fn new(walk: &mut Walk<'_, '_, '_>, of: Expr) -> Subject {
        let variants = match of.ty.kind {
            Kind::Record(record) => vec![record],
            Kind::Union(union) => walk.variants(union),
            _ => Vec::new(),
        };
        let none = of.ty.nullable;
        Subject { of, variants, bools: [true, true], none }
    }

    /// Leaves out what equals a literal; whether anything was left that does.
    fn take(&mut self, literal: &Expr) -> bool {
        match literal.kind {
            ExprKind::None => std::mem::take(&mut self.none),
            ExprKind::Bool(value) if self.of.ty.kind == Kind::Bool => {
                std::mem::take(&mut self.bools[usize::from(value)])
            }
            _ => true,
        }
    }

    /// Whether the arms so far have taken everything.
    fn is_spent(&self) -> bool {
        let has_more = match self.of.ty.kind {
            Kind::Record(_) | Kind::Union(_) => !self.variants.is_empty(),
            Kind::Bool => self.bools != [false, false],
            Kind::Never => false,
            Kind::Int
            | Kind::Float
            | Kind::String
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Row(_)
            | Kind::Func(_)
            | Kind::Any => true,
        };
        !has_more && !self.none
    }
}

/// `then` after statements.
fn with_statements(body: typed::Block, then: Expr, span: Span) -> Expr {
    if body.is_empty() {
        return then;
    }
    let ty = then.ty;
    shape::expr(ExprKind::Block { body, then: Box::new(then) }, ty, span)
}
