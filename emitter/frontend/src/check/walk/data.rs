//! `load` and `save`: the types of what is loaded, and which values can be saved.

use std::collections::BTreeMap;

use super::Walk;
use crate::check::classes;
use crate::check::resolved::{CastTarget, ExprId, Shape};
use crate::check::shape;
use crate::data::{self, Format, ShapeId};
use crate::source::Span;
use crate::typed::{Expr, ExprKind};
use crate::types::{Kind, RecordId, Type};

/// The shapes that are done or on the way: of structs, and of the containers around that contain themselves.
#[derive(Default)]
struct Loaded {
    structs: BTreeMap<RecordId, ShapeId>,
    containers: BTreeMap<ExprId, (ShapeId, Type)>,
}

impl Walk<'_, '_, '_> {
    pub(super) fn load(
        &mut self,
        id: ExprId,
        path: Option<&str>,
        format: &Format<ExprId>,
        row: &Shape,
        span: Span,
    ) -> Expr {
        let (element, ty) = self.loaded(row, &mut Loaded::default(), span);
        let (shape, ty) = self.loaded_list(id, element, ty, span);
        let Some(format) = self.format(format) else { return shape::unknown(span) };
        shape::expr(ExprKind::Load { path: path.map(str::to_owned), format, shape }, ty, span)
    }

    pub(super) fn save(&mut self, value: ExprId, path: Option<&str>, format: &Format<ExprId>, span: Span) -> Expr {
        const NO_ROWS: &str = "save source must be list of maps";
        let value = self.expr(value);
        let Some(format) = self.format(format) else { return shape::unknown(span) };
        let rows = match value.ty.kind {
            _ if value.ty == Type::NEVER => return shape::unknown(span),
            Kind::List(_) => self.settle(value, NO_ROWS, span),
            // A none is found when the program runs.
            Kind::Any => value,
            _ => return shape::sequence(value, shape::fail(NO_ROWS, Type::NONE, span), span),
        };
        let path = path.map(str::to_owned);
        shape::expr(ExprKind::Save { value: Box::new(rows), path, format }, Type::NONE, span)
    }

    /// The options as they are; nothing as long as the type of one is not known.
    fn format(&mut self, format: &Format<ExprId>) -> Option<Format<Box<Expr>>> {
        let mut option = |id: ExprId| {
            let option = self.expr(id);
            (option.ty != Type::NEVER).then(|| Box::new(option))
        };
        Some(match *format {
            Format::Csv { header, delimiter } => Format::Csv { header: option(header)?, delimiter: option(delimiter)? },
            Format::Json => Format::Json,
            Format::Jsonl => Format::Jsonl,
            Format::Yaml => Format::Yaml,
        })
    }

    /// What becomes a value of a shape, with its type.
    fn loaded(&mut self, of: &Shape, known: &mut Loaded, span: Span) -> (ShapeId, Type) {
        match of {
            Shape::Scalar(target) => {
                let (shape, ty) = match target {
                    CastTarget::Int => (data::Shape::Int, Type::INT),
                    CastTarget::BigInt => (data::Shape::BigInt, Type::INT),
                    CastTarget::BigRat => (data::Shape::BigRat, Type::ANY),
                    CastTarget::Float => (data::Shape::Float, Type::FLOAT),
                    CastTarget::Bool => (data::Shape::Bool, Type::BOOL),
                    CastTarget::String => (data::Shape::String, Type::STRING),
                    CastTarget::Unchanged => (data::Shape::Any, Type::ANY),
                };
                (self.infer.shape(shape), ty)
            }
            Shape::List(id, element) if !element.has_enclosing(*id) => {
                let (element, ty) = self.loaded(element, known, span);
                self.loaded_list(*id, element, ty, span)
            }
            Shape::Map { id, value, int_keys } if !value.has_enclosing(*id) => {
                let (value, held) = self.loaded(value, known, span);
                let ty = self.infer.new_container(self.id, *id, classes::Shape::Map, 1);
                self.infer.join_part(ty.kind, 0, held, span);
                let ty = self.infer.canonical(ty);
                (self.infer.shape(container_of(ty, value, *int_keys)), ty)
            }
            Shape::List(id, part) | Shape::Map { id, value: part, int_keys: _ } => {
                let (kind, int_keys) = match *of {
                    Shape::Map { id: _, value: _, int_keys } => (classes::Shape::Map, int_keys),
                    _ => (classes::Shape::List, false),
                };
                let ty = self.infer.new_container(self.id, *id, kind, 1);
                let shape = self.infer.open_shape(container_of(ty, ShapeId(u32::MAX), int_keys));
                known.containers.insert(*id, (shape, ty));
                let (part, held) = self.loaded(part, known, span);
                known.containers.remove(id);
                self.infer.join_part(ty.kind, 0, held, span);
                let ty = self.infer.canonical(ty);
                self.infer.set_shape(shape, container_of(ty, part, int_keys));
                (shape, ty)
            }
            Shape::Enclosing(id) => {
                let (shape, ty) = known.containers[id];
                (shape, self.infer.canonical(ty))
            }
            &Shape::Record(record) => {
                let ty = Type::of(Kind::Record(record));
                if let Some(&shape) = known.structs.get(&record) {
                    return (shape, ty);
                }
                self.infer.make_record(record);
                let shape = self.infer.record_shape(record);
                known.structs.insert(record, shape);
                let program = self.program;
                let mut fields = Vec::new();
                for (index, field) in (0..).zip(&program.loaded[&record]) {
                    let (field, ty) = self.loaded(field, known, span);
                    self.infer.join_field(record, index, ty, span);
                    fields.push(field);
                }
                self.infer.set_shape(shape, data::Shape::Record { record, fields });
                (shape, ty)
            }
        }
    }

    /// The lists that the expression `id` makes.
    fn loaded_list(&mut self, id: ExprId, element: ShapeId, held: Type, span: Span) -> (ShapeId, Type) {
        let ty = self.infer.new_container(self.id, id, classes::Shape::List, 1);
        self.infer.join_part(ty.kind, 0, held, span);
        let ty = self.infer.canonical(ty);
        (self.infer.shape(container_of(ty, element, false)), ty)
    }
}

/// What becomes a list or map of the type.
fn container_of(ty: Type, part: ShapeId, int_keys: bool) -> data::Shape {
    match ty.kind {
        Kind::List(list) => data::Shape::List { list, element: part },
        Kind::Map(map) => data::Shape::Map { map, value: part, int_keys },
        _ => unreachable!("a list or map was made"),
    }
}
