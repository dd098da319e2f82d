//! Casts: changes of a value into one of a type that the program names.
//!
//! The reference converts the operand to a plain value first, which copies it to any depth. A cast that
//! changes nothing is such a copy; any other makes new containers, part by part.

use super::Walk;
use super::exprs::wrap;
use crate::builtins::Builtin;
use crate::check::classes::Shape;
use crate::check::infer::settled;
use crate::check::resolved::{self, CastTarget, ExprId};
use crate::check::shape;
use crate::source::Span;
use crate::typed::{Block, CastTo, Expr, ExprKind, LocalId, Stmt, StmtKind};
use crate::types::{Kind, RecordId, Type};

impl Walk<'_, '_, '_> {
    pub(super) fn cast(&mut self, of: Expr, to: CastTarget, span: Span) -> Expr {
        let from = of.ty;
        if to == CastTarget::BigRat {
            let of = self.view(of);
            if of.ty == Type::NEVER {
                return shape::unknown(span);
            }
            return shape::expr(ExprKind::Cast { of: Box::new(of), to: CastTo::BigRat }, Type::ANY, span);
        }
        let target = match to {
            CastTarget::Int | CastTarget::BigInt => Kind::Int,
            CastTarget::Float => Kind::Float,
            CastTarget::Bool => Kind::Bool,
            CastTarget::String => Kind::String,
            CastTarget::BigRat | CastTarget::Unchanged => return self.copy(of),
        };
        if from == Type::NEVER {
            return shape::expr(ExprKind::None, Type::of(target), span);
        }
        if from == Type::of(target) {
            return of;
        }
        if from.kind == Kind::Any {
            let (to, ty) = match to {
                CastTarget::Int => (CastTo::Int, Type::INT),
                CastTarget::BigInt => (CastTo::BigInt, Type::INT),
                CastTarget::Float => (CastTo::Float, Type::FLOAT),
                CastTarget::Bool => (CastTo::Bool, Type::BOOL),
                CastTarget::String => (CastTo::String, Type::STRING),
                CastTarget::BigRat | CastTarget::Unchanged => return of,
            };
            return shape::expr(ExprKind::Cast { of: Box::new(of), to }, ty, span);
        }
        let number = |of: Expr, to: CastTo, ty: Type| shape::expr(ExprKind::Cast { of: Box::new(of), to }, ty, span);
        match (to, from.kind) {
            (CastTarget::BigInt, Kind::Int | Kind::Never) => of,
            (CastTarget::BigInt, Kind::Float | Kind::String) => number(of, CastTo::BigInt, Type::INT),
            (CastTarget::Int, Kind::Never) => shape::sequence(of, shape::int(0, span), span),
            (CastTarget::Int, Kind::Int | Kind::Float | Kind::Bool | Kind::String) => {
                number(of, CastTo::Int, Type::INT)
            }
            (CastTarget::Float, Kind::Never) => shape::sequence(of, shape::float(0.0, span), span),
            (CastTarget::Float, Kind::Int | Kind::Float | Kind::String) => number(of, CastTo::Float, Type::FLOAT),
            (
                CastTarget::Int | CastTarget::Float | CastTarget::BigInt,
                Kind::Bool
                | Kind::List(_)
                | Kind::Map(_)
                | Kind::Row(_)
                | Kind::Record(_)
                | Kind::Union(_)
                | Kind::Func(_)
                | Kind::Any,
            ) => {
                let (absent, name) = match to {
                    CastTarget::Int => (shape::int(0, span), "int"),
                    CastTarget::Float => (shape::float(0.0, span), "float"),
                    _ => (shape::fail("cannot cast <nil> to bigint", Type::INT, span), "bigint"),
                };
                self.unless_none(of, absent, |_, of| cannot_cast(of, target, name, span))
            }
            (CastTarget::Bool | CastTarget::String, _) => {
                let name = Type::of(target).to_string();
                let invalid = shape::fail(format!("cannot cast <nil> to {name}"), Type::of(target), span);
                self.unless_none(of, invalid, |_, of| cannot_cast(of, target, &name, span))
            }
            (CastTarget::BigRat | CastTarget::Unchanged, _) => of,
        }
    }

    /// The value, which shares nothing that can be changed with any other.
    pub(super) fn copy(&mut self, of: Expr) -> Expr {
        let (ty, span) = (of.ty, of.span);
        match ty.kind {
            Kind::List(_) | Kind::Map(_) | Kind::Row(_) | Kind::Record(_) | Kind::Union(_) | Kind::Any
                if !is_new(&of) =>
            {
                shape::expr(ExprKind::Copy(Box::new(of)), ty, span)
            }
            _ => of,
        }
    }

    // Lists and maps.

    /// `of` as the list that the expression `id` makes, whose elements are what `value` makes of `part`.
    pub(super) fn cast_to_list(
        &mut self,
        id: ExprId,
        of: Expr,
        part: ExprId,
        value: ExprId,
        target: &str,
        span: Span,
    ) -> Expr {
        let ty = self.infer.new_container(self.id, id, Shape::List, 1);
        let mut of = self.settle(of, &format!("cannot cast <nil> to {target}"), span);
        if of.ty.kind == Kind::Any {
            let elements = self.infer.new_container(self.id, part, Shape::List, 1);
            self.infer.join_part(elements.kind, 0, Type::ANY, span);
            let (boxed, target) = (Box::new(self.boxed(of)), target.to_owned());
            let elements = self.infer.canonical(elements);
            of = shape::expr(ExprKind::CastElements { of: boxed, target }, elements, span);
        }
        let Kind::List(list) = of.ty.kind else {
            return if of.ty == Type::NEVER { shape::unknown(span) } else { fails_as(of, target, ty, span) };
        };
        let (element, local) = (self.element(list), self.part(part));
        if element == Type::NEVER {
            return shape::unknown(span);
        }
        let slot = self.join_local(local, element, span);
        let value = self.expr(value);
        if value.ty == Type::NEVER {
            return shape::unknown(span);
        }
        if value.ty == element && is_part(&value, local) {
            self.infer.unify(ty, of.ty);
            return self.copy(of);
        }
        self.infer.join_part(ty.kind, 0, value.ty, span);
        let held = self.infer.part(ty.kind, 0, self.id);
        let ty = self.infer.canonical(ty);
        let result = self.temporary(ty, span);
        let so_far = shape::expr(ExprKind::Local(result), ty, span);
        let longer = shape::builtin(Builtin::Append, vec![so_far, shape::convert(value, held)], ty, span);
        // The local has a type of its own where other casts of this expression were of another.
        let element = self.infer.canonical(element);
        let counted = self.temporary(element, span);
        let taken = shape::convert(shape::expr(ExprKind::Local(counted), element, span), settled(slot.ty));
        let body = vec![
            Stmt { kind: StmtKind::SetLocal { local, value: taken }, span },
            Stmt { kind: StmtKind::SetLocal { local: result, value: longer }, span },
        ];
        let each = StmtKind::ForList { var: counted, of, body };
        made_by(result, shape::expr(ExprKind::List(Vec::new()), ty, span), each)
    }

    /// `of` as the map that the expression `id` makes, whose values are what `value` makes of `part`.
    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    pub(super) fn cast_to_map(
        &mut self,
        id: ExprId,
        of: Expr,
        part: ExprId,
        value: ExprId,
        int_keys: bool,
        target: &str,
        span: Span,
    ) -> Expr {
        let ty = self.infer.new_container(self.id, id, Shape::Map, 1);
        let mut of = self.settle(of, &format!("cannot cast <nil> to {target}"), span);
        of.ty = self.infer.open_row(of.ty);
        let held = match of.ty.kind {
            Kind::Map(map) => self.infer.value(map, self.id),
            Kind::Record(_) | Kind::Union(_) | Kind::Any => {
                of = self.boxed(of);
                Type::ANY
            }
            _ if of.ty == Type::NEVER => return shape::unknown(span),
            _ => return fails_as(of, target, ty, span),
        };
        if held == Type::NEVER {
            return shape::unknown(span);
        }
        let local = self.part(part);
        let slot = self.join_local(local, held, span);
        let value = self.expr(value);
        if value.ty == Type::NEVER {
            return shape::unknown(span);
        }
        let is_map = of.ty.kind != Kind::Any;
        if is_map && !int_keys && value.ty == held && is_part(&value, local) {
            self.infer.unify(ty, of.ty);
            return self.copy(of);
        }
        let mut sets = Vec::new();
        let of = self.bind(of, &mut sets);
        let keys = self.infer.new_container(self.id, part, Shape::List, 1);
        self.infer.join_part(keys.kind, 0, Type::STRING, span);
        let keys = self.infer.canonical(keys);
        let (from, target) = (Box::new(of.clone()), target.to_owned());
        let list = if is_map { ExprKind::MapKeys(from) } else { ExprKind::CastKeys { of: from, target } };
        let list = shape::expr(list, keys, span);
        self.infer.join_part(ty.kind, 0, value.ty, span);
        let into = self.infer.part(ty.kind, 0, self.id);
        let ty = self.infer.canonical(ty);
        let (result, key) = (self.temporary(ty, span), self.temporary(Type::STRING, span));
        let key_text = shape::expr(ExprKind::Local(key), Type::STRING, span);
        let found = self.index(of, key_text.clone(), span);
        // The key is one of the map's own.
        let found = if held.nullable { found } else { shape::present(found) };
        let key_of_new = if int_keys {
            shape::expr(ExprKind::Cast { of: Box::new(key_text), to: CastTo::Int }, Type::INT, span)
        } else {
            key_text
        };
        let entry = StmtKind::SetEntry {
            of: shape::expr(ExprKind::Local(result), ty, span),
            key: key_of_new,
            value: shape::convert(value, into),
        };
        let body = vec![
            Stmt { kind: StmtKind::SetLocal { local, value: shape::convert(found, settled(slot.ty)) }, span },
            Stmt { kind: entry, span },
        ];
        let each = StmtKind::ForList { var: key, of: list, body };
        let made = made_by(result, shape::expr(ExprKind::Map(Vec::new()), ty, span), each);
        wrap(sets, made)
    }

    /// The local that a part of a container is in while it is cast.
    fn part(&self, part: ExprId) -> LocalId {
        match self.program.expr(part).kind {
            resolved::ExprKind::Local(local) => local,
            _ => unreachable!("a part that is cast is in a local"),
        }
    }

    // Structs.

    /// `of` as a struct of type `record`: what it is already, or `new`, which is made of `local` set to it.
    pub(super) fn cast_to_record(
        &mut self,
        of: Expr,
        local: LocalId,
        record: RecordId,
        new: ExprId,
        span: Span,
    ) -> Expr {
        let ty = Type::of(Kind::Record(record));
        let name = self.program.records[record.index()].name;
        if of.ty == Type::NEVER {
            return shape::unknown(span);
        }
        let none = shape::fail(format!("cannot cast <nil> to {name}"), ty, span);
        self.unless_none(of, none, |walk, of| match of.ty.kind {
            Kind::Record(from) if from == record => walk.copy(of),
            Kind::Union(union) if walk.program.records[record.index()].union == Some(union) => {
                let mut sets = Vec::new();
                let of = walk.bind(of, &mut sets);
                let (cond, same) = (walk.is_variant(of.clone(), record, span), walk.as_variant(of.clone(), record));
                let same = walk.copy(same);
                let new = walk.made_of(of, local, new, span);
                wrap(sets, shape::choice(cond, same, new, span))
            }
            Kind::Record(_) | Kind::Union(_) | Kind::Map(_) | Kind::Row(_) | Kind::Any => {
                walk.made_of(of, local, new, span)
            }
            Kind::Never | Kind::Int | Kind::Float | Kind::Bool | Kind::String | Kind::List(_) | Kind::Func(_) => {
                fails_as(of, name, ty, span)
            }
        })
    }

    /// `new`, which uses `local`, with that set to `of`.
    fn made_of(&mut self, of: Expr, local: LocalId, new: ExprId, span: Span) -> Expr {
        let slot = self.join_local(local, of.ty, of.span);
        let value = shape::convert(of, settled(slot.ty));
        let then = self.expr(new);
        let ty = then.ty;
        shape::expr(ExprKind::Let { local, value: Box::new(value), then: Box::new(then) }, ty, span)
    }

    /// The part of `of` that becomes a field of `record`; it fails when there is none.
    pub(super) fn entry(&mut self, of: LocalId, record: RecordId, index: u32, span: Span) -> Expr {
        let of = self.local(of, span).expr;
        let declared = &self.program.records[record.index()];
        let name = declared.fields[index as usize].name;
        let missing = format!("missing field {name} for {}", declared.name);
        let has = match of.ty.kind {
            Kind::Record(_) | Kind::Union(_) => {
                self.by_variant(of.clone(), |from| shape::bool(from.field(name).is_some(), span), span)
            }
            _ => self.contains(shape::string(name, span), of.clone(), span),
        };
        if matches!(has.kind, ExprKind::Bool(false)) {
            return shape::fail(missing, Type::NONE, span);
        }
        let value = self.field(of, name, span);
        if value.ty == Type::NEVER {
            return shape::unknown(span);
        }
        let fails = shape::fail(missing, value.ty, span);
        match has.kind {
            ExprKind::Bool(true) => value,
            _ => shape::choice(has, value, fails, span),
        }
    }
}

/// What a cast to a type gives that the value, which is not none, is not of.
fn cannot_cast(of: Expr, target: Kind, name: &str, span: Span) -> Expr {
    if of.ty.kind == target {
        return of;
    }
    fails_as(of, name, Type::of(target), span)
}

/// The failure of a cast to the type with the name `target`, of which `of` never is.
fn fails_as(of: Expr, target: &str, ty: Type, span: Span) -> Expr {
    let from = match of.ty.kind {
        Kind::Never => "<nil>",
        Kind::Int => "int",
        Kind::Float => "float64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::List(_) => "[]interface {}",
        Kind::Map(_) | Kind::Row(_) | Kind::Record(_) | Kind::Union(_) => "map[string]interface {}",
        Kind::Func(_) => "*vm.closure",
        Kind::Any => "value",
    };
    let invalid = shape::fail(format!("cannot cast {from} to {target}"), ty, span);
    shape::sequence(of, invalid, span)
}

/// `result` after it was set to something empty that a loop fills.
fn made_by(result: LocalId, empty: Expr, each: StmtKind) -> Expr {
    let (ty, span) = (empty.ty, empty.span);
    let body: Block =
        vec![Stmt { kind: StmtKind::SetLocal { local: result, value: empty }, span }, Stmt { kind: each, span }];
    let then = Box::new(shape::expr(ExprKind::Local(result), ty, span));
    shape::expr(ExprKind::Block { body, then }, ty, span)
}

/// Whether a cast left a part as it is, or only copied it.
fn is_part(value: &Expr, local: LocalId) -> bool {
    match &value.kind {
        ExprKind::Local(found) => *found == local,
        ExprKind::Copy(of) => is_part(of, local),
        _ => false,
    }
}

/// Whether the value is a literal of which nothing is shared, so that it needs no copy.
fn is_new(of: &Expr) -> bool {
    let is_plain = |part: &Expr| matches!(part.ty.kind, Kind::Int | Kind::Float | Kind::Bool | Kind::String);
    let mut work = vec![of];
    while let Some(of) = work.pop() {
        if is_plain(of) {
            continue;
        }
        match &of.kind {
            ExprKind::None => {}
            ExprKind::Convert(of) => work.push(of),
            ExprKind::List(parts) | ExprKind::Record { record: _, fields: parts } => work.extend(parts),
            ExprKind::Map(entries) => work.extend(entries.iter().map(|(_, value)| value)),
            _ => return false,
        }
    }
    true
}
