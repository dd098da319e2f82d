//! Records: structs and variants of unions; their making, their fields and their methods.
//!
//! A value of a union has the fields of whichever variant it is. In the reference all of these
//! are maps, so a field that is not there is none, and so is every field of none.

use super::Walk;
use super::exprs::wrap;
use crate::check::fields::stored;
use crate::check::resolved::{ExprId, Place, Record};
use crate::check::shape;
use crate::diagnostic::Code;
use crate::source::Span;
use crate::typed::{self, Expr, ExprKind, LocalId, StmtKind};
use crate::types::{Kind, RecordId, Type, UnionId};

/// The field of every record that holds the name of its type.
const NAME: &str = "__name";

impl Walk<'_, '_, '_> {
    /// `Name { field: value, … }`, the values with the numbers of their fields.
    pub(super) fn record(&mut self, record: RecordId, values: &[(u32, ExprId)], span: Span) -> Expr {
        self.infer.make_record(record);
        let count = self.program.records[record.index()].fields.len();
        let mut sets = Vec::new();
        let is_in_order = values.is_sorted_by(|(first, _), (second, _)| first < second);
        let mut fields: Vec<Option<Expr>> = vec![None; count];
        for &(index, value) in values {
            let mut value = self.expr(value);
            if !is_in_order {
                value = self.bind(value, &mut sets);
            }
            fields[index as usize] = Some(value);
        }
        let fields: Vec<Expr> = fields.into_iter().map(|value| value.unwrap_or_else(|| shape::none(span))).collect();
        for (index, value) in (0..).zip(&fields) {
            self.store_field(record, index, value.ty, value.span);
        }
        let fields = (0..).zip(fields).map(|(index, value)| {
            let ty = stored(self.infer.field_type(record, index));
            shape::convert(value, ty)
        });
        let fields = fields.collect();
        wrap(sets, shape::expr(ExprKind::Record { record, fields }, Type::of(Kind::Record(record)), span))
    }

    /// Lets a value flow into a field.
    fn store_field(&mut self, record: RecordId, index: u32, ty: Type, from: Span) {
        self.infer.join_field(record, index, ty, from);
    }

    /// `of.name`.
    pub(super) fn field(&mut self, of: Expr, name: &str, span: Span) -> Expr {
        if let ExprKind::Copy(of) = of.kind {
            // Nothing else of the copy is wanted.
            let value = self.field(*of, name, span);
            return self.copy(value);
        }
        let of = self.renewed(of);
        let ty = match of.ty.kind {
            Kind::Row(row) => self.row_type(row, name),
            Kind::Record(record) => {
                let declared = &self.program.records[record.index()];
                match (declared.field(name), declared.method(name)) {
                    (None, Some(method)) => return self.method_value(of, record, (method, Vec::new()), span),
                    _ => self.field_type(record, name),
                }
            }
            Kind::Union(union) => self.union_field_type(union, name),
            Kind::Any => return self.part_of_any(of, name, None, span),
            Kind::Never
            | Kind::Int
            | Kind::Float
            | Kind::Bool
            | Kind::String
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Func(_) => return self.index(of, shape::string(name, span), span),
        };
        if ty == Type::NEVER {
            return shape::unknown(span);
        }
        let ty = Type { nullable: ty.nullable || of.ty.nullable, ..ty };
        self.unless_none(of, shape::none(span), |walk, of| {
            let value = match of.ty.kind {
                Kind::Row(row) => walk.row_field(of, row, name, span),
                Kind::Record(record) => walk.record_field(of, record, name, span),
                Kind::Union(union) => walk.union_field(of, union, name, ty, span),
                _ => unreachable!("records and unions were selected"),
            };
            shape::convert(value, ty)
        })
    }

    /// What a value has under a name, or else `otherwise`.
    pub(super) fn member(&mut self, of: LocalId, name: &str, otherwise: Option<ExprId>, span: Span) -> Expr {
        let of = self.local(of, span).expr;
        if of.ty == Type::NEVER {
            return shape::unknown(span);
        }
        let has = match of.ty.kind {
            Kind::Record(_) | Kind::Union(_) => {
                let has = |from: &Record<'_>| shape::bool(from.field(name).is_some(), span);
                self.by_variant(shape::present(of.clone()), has, span)
            }
            Kind::Map(_) | Kind::Row(_) | Kind::Any => {
                let of = shape::present(of.clone());
                self.contains(shape::string(name, span), of, span)
            }
            Kind::Never | Kind::Int | Kind::Float | Kind::Bool | Kind::String | Kind::List(_) | Kind::Func(_) => {
                shape::bool(false, span)
            }
        };
        let has = match has.kind {
            ExprKind::Bool(_) => has,
            _ => self.unless_none(of.clone(), shape::bool(false, span), |_, _| has),
        };
        if matches!(has.kind, ExprKind::Bool(true)) {
            return self.field(of, name, span);
        }
        let is_never = matches!(has.kind, ExprKind::Bool(false));
        let otherwise = match otherwise {
            Some(otherwise) => self.expr(otherwise),
            None => {
                if is_never {
                    self.error(Code::T002, span, format!("undefined variable: {name}"));
                }
                shape::none(span)
            }
        };
        if is_never {
            return otherwise;
        }
        let value = self.field(of, name, span);
        if value.ty == Type::NEVER || otherwise.ty == Type::NEVER {
            return shape::unknown(span);
        }
        let ty = self.infer.join_types(value.ty, otherwise.ty);
        let (value, otherwise) = (shape::convert(value, ty), shape::convert(otherwise, ty));
        let choice = shape::choice(has, value, otherwise, span);
        shape::expr(choice.kind, ty, span)
    }

    /// The type of a record's field, also of one that it does not have.
    fn field_type(&mut self, record: RecordId, name: &str) -> Type {
        let declared = &self.program.records[record.index()];
        match declared.field(name) {
            Some(index) => self.infer.field(record, index, self.id).ty,
            None if name == NAME => Type::STRING,
            None => Type::NONE,
        }
    }

    /// A field of a record that is not none.
    fn record_field(&mut self, of: Expr, record: RecordId, name: &str, span: Span) -> Expr {
        let ty = self.field_type(record, name);
        let declared = &self.program.records[record.index()];
        match declared.field(name) {
            Some(_) if ty == Type::NONE => shape::sequence(of, shape::none(span), span),
            Some(index) => shape::expr(ExprKind::Field { of: Box::new(of), index }, ty, span),
            None if name == NAME => shape::sequence(of, shape::string(declared.name, span), span),
            None => shape::sequence(of, shape::none(span), span),
        }
    }

    /// The variants of a union that the program makes, in the order of the declaration.
    pub(super) fn variants(&mut self, union: UnionId) -> Vec<RecordId> {
        let variants = self.program.unions[union.index()].variants.iter().copied();
        variants.filter(|&variant| self.infer.is_made(variant, self.id)).collect()
    }

    fn union_field_type(&mut self, union: UnionId, name: &str) -> Type {
        let mut result = Type::NEVER;
        for variant in self.variants(union) {
            let ty = self.field_type(variant, name);
            result = self.infer.join_types(result, ty);
        }
        result
    }

    /// A field of type `ty` of a union's value that is not none.
    fn union_field(&mut self, of: Expr, union: UnionId, name: &str, ty: Type, span: Span) -> Expr {
        let mut sets = Vec::new();
        let of = self.bind(of, &mut sets);
        let mut result: Option<Expr> = None;
        for variant in self.variants(union).into_iter().rev() {
            let record = self.as_variant(of.clone(), variant);
            let value = self.record_field(record, variant, name, span);
            let value = shape::convert(value, ty);
            result = Some(match result {
                Some(otherwise) => shape::choice(self.is_variant(of.clone(), variant, span), value, otherwise, span),
                None => value,
            });
        }
        wrap(sets, result.unwrap_or_else(|| shape::unknown(span)))
    }

    /// Whether a union's value, which is not none, is of the variant.
    pub(super) fn is_variant(&mut self, of: Expr, record: RecordId, span: Span) -> Expr {
        shape::expr(ExprKind::IsVariant { of: Box::new(of), record }, Type::BOOL, span)
    }

    /// A union's value, which is not none, as the variant that it is known to be.
    pub(super) fn as_variant(&mut self, of: Expr, record: RecordId) -> Expr {
        let span = of.span;
        shape::expr(ExprKind::Convert(Box::new(of)), Type::of(Kind::Record(record)), span)
    }

    /// `test` of the declaration of whichever record a record or a union's value is, which is not none. All
    /// results are of one type.
    pub(super) fn by_variant(&mut self, of: Expr, test: impl Fn(&Record<'_>) -> Expr, span: Span) -> Expr {
        let variants = match of.ty.kind {
            Kind::Record(record) => vec![record],
            Kind::Union(union) => self.variants(union),
            _ => Vec::new(),
        };
        let mut sets = Vec::new();
        let of = if variants.len() > 1 { self.bind(of, &mut sets) } else { of };
        let program = self.program;
        let mut results = variants.iter().map(|variant| test(&program.records[variant.index()]));
        let Some(first) = results.next() else { return shape::unknown(span) };
        let result = variants.iter().skip(1).zip(results).fold(first, |otherwise, (&variant, result)| {
            shape::choice(self.is_variant(of.clone(), variant, span), result, otherwise, span)
        });
        wrap(sets, if variants.len() > 1 { result } else { shape::sequence(of, result, span) })
    }

    /// How many entries a record that is not none has: its fields, its methods and its name.
    pub(super) fn record_len(&mut self, of: Expr, span: Span) -> Expr {
        let len = |record: &Record<'_>| shape::int((record.fields.len() + record.methods.len() + 1) as i64, span);
        self.by_variant(of, len, span)
    }

    /// `of.name(args)`, the expression `id`.
    pub(super) fn method(&mut self, id: ExprId, of: Expr, name: &str, args: Vec<Expr>, span: Span) -> Expr {
        if of.ty == Type::NEVER {
            return shape::unknown(span);
        }
        let of = match of.ty.kind {
            Kind::String | Kind::List(_) | Kind::Map(_) | Kind::Row(_) | Kind::Any => {
                match self.map_method(id, of, name, &args, span) {
                    Ok(result) => return result,
                    Err(of) => of,
                }
            }
            _ => of,
        };
        let method = match of.ty.kind {
            Kind::Record(record) => self.program.records[record.index()].method(name).map(|method| (record, method)),
            Kind::Any => return self.part_of_any(of, name, Some((id, args)), span),
            _ => None,
        };
        let Some((record, function)) = method else {
            let of = self.field(of, name, span);
            return self.call_value(id, of, args, span);
        };
        let declared = &self.program.records[record.index()];
        let leading = declared.leading();
        let missing = self.program.functions[function.index()].params.len().saturating_sub(leading + args.len());
        if missing > 0 {
            return self.method_value(of, record, (function, args), span);
        }
        let mut sets = Vec::new();
        let of = self.bind(of, &mut sets);
        let is_nullable = of.ty.nullable;
        let args = if is_nullable { args.into_iter().map(|arg| self.bind(arg, &mut sets)).collect() } else { args };
        let result = self.unless_none(of, shape::none(span), |walk, of| {
            let mut values = walk.leading_values(&of, record, span);
            values.extend(args);
            let call = walk.call(id, function, values, span);
            let ty = if is_nullable { call.ty.or_none() } else { call.ty };
            shape::convert(call, ty)
        });
        wrap(sets, result)
    }

    /// `place[i]….f….g = value`. The containers come first, then the value.
    pub(super) fn assign_field(
        &mut self,
        place: (Place, Span),
        indexes: &[ExprId],
        fields: &[String],
        value: ExprId,
        span: Span,
        out: &mut typed::Block,
    ) {
        let Some((name, outer)) = fields.split_last() else { return };
        let mut of = self.place(place.0, place.1);
        for &index in indexes {
            let index = self.expr(index);
            of = self.index(of, index, span);
        }
        for field in outer {
            of = self.field(of, field, span);
        }
        let value = self.expr(value);
        self.set_field(of, name, value, span, out);
    }

    pub(super) fn set_field(&mut self, of: Expr, name: &str, value: Expr, span: Span, out: &mut typed::Block) {
        let invalid = "invalid index target";
        let mut of = self.renewed(of);
        if let Kind::Row(row) = of.ty.kind
            && !self.row_has(row, name)
        {
            of.ty = self.infer.open_row(of.ty);
        }
        match of.ty.kind {
            Kind::Row(row) => {
                let of = self.settle(of, invalid, span);
                if let Some(kind) = self.set_row_field(of, row, name, value) {
                    out.push(typed::Stmt { kind, span });
                }
            }
            Kind::Record(record) => {
                let of = self.settle(of, invalid, span);
                if let Some(kind) = self.set_record_field(of, record, name, value, span) {
                    out.push(typed::Stmt { kind, span });
                }
            }
            Kind::Union(union) => {
                let mut of = self.settle(of, invalid, span);
                of = self.keep(of, out);
                let value = self.keep(value, out);
                let mut variants = self.variants(union);
                variants.retain(|variant| self.program.records[variant.index()].field(name).is_some());
                let message = format!("no field `{name}` in this variant");
                let fails = StmtKind::Expr(shape::fail(message, Type::NONE, span));
                let mut rest = vec![typed::Stmt { kind: fails, span }];
                for variant in variants.into_iter().rev() {
                    let cond = self.is_variant(of.clone(), variant, span);
                    let record = self.as_variant(of.clone(), variant);
                    let set = self.set_record_field(record, variant, name, value.clone(), span);
                    let then = set.into_iter().map(|kind| typed::Stmt { kind, span }).collect();
                    rest = vec![typed::Stmt { kind: StmtKind::If { cond, then, otherwise: rest }, span }];
                }
                out.append(&mut rest);
            }
            Kind::Any => {
                self.infer.store_through_any_field(name, value.ty);
                let value = self.boxed(value);
                out.push(typed::Stmt { kind: StmtKind::AnySetField { of, name: name.to_owned(), value }, span });
            }
            Kind::Never if !of.ty.nullable => {}
            Kind::Map(_) => {
                let key = shape::string(name, span);
                self.set_element(of, key, value, span, out);
            }
            Kind::Never | Kind::Int | Kind::Float | Kind::Bool | Kind::String | Kind::List(_) | Kind::Func(_) => {
                let fails = shape::fail(invalid, Type::NONE, span);
                let fails = shape::sequence(of, shape::sequence(value, fails, span), span);
                out.push(typed::Stmt { kind: StmtKind::Expr(fails), span });
            }
        }
    }

    /// Sets a field of a record that is not none.
    fn set_record_field(
        &mut self,
        of: Expr,
        record: RecordId,
        name: &str,
        value: Expr,
        span: Span,
    ) -> Option<StmtKind> {
        let declared = &self.program.records[record.index()];
        let Some(index) = declared.field(name) else {
            self.error(Code::T026, span, format!("unknown field `{name}` on {}", declared.name));
            return None;
        };
        self.store_field(record, index, value.ty, value.span);
        if value.ty == Type::NEVER {
            return None;
        }
        let ty = stored(self.infer.field_type(record, index));
        Some(StmtKind::SetField { of, index, value: shape::convert(value, ty) })
    }
}
