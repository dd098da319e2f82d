//! `load` and `save`: what is opened, read and written, in the order in which it can fail.

use mochi_frontend::data::{Format, ShapeId};
use mochi_frontend::{data, typed};

use super::FunctionCtx;
use super::types::lower_type;
use crate::ir::{Imm, Kind, ListType, MapType, MochiOp, Module, RecordType, Shape, Type, Value};

/// The descriptors of the standard streams.
const STDIN: i32 = 0;
const STDOUT: i32 = 1;

/// Adds the shapes to the module, each with the number that it has in the typed program.
pub(super) fn lower_shapes(program: &typed::Program, module: &mut Module) {
    let lower = |id: ShapeId| crate::ir::ShapeId::new(id.index());
    module.shapes.extend(program.shapes.iter().map(|shape| match shape {
        data::Shape::Any => Shape::Any,
        data::Shape::Int => Shape::Int,
        data::Shape::BigInt => Shape::BigInt,
        data::Shape::BigRat => Shape::BigRat,
        data::Shape::Float => Shape::Float,
        data::Shape::Bool => Shape::Bool,
        data::Shape::String => Shape::Str,
        data::Shape::List { list, element } => {
            Shape::List { list: ListType::new(list.index()), element: lower(*element) }
        }
        data::Shape::Map { map, value, int_keys } => {
            Shape::Map { map: MapType::new(map.index()), value: lower(*value), int_keys: *int_keys }
        }
        data::Shape::Record { record, fields } => Shape::Record {
            record: RecordType::new(record.index()),
            fields: fields.iter().copied().map(lower).collect(),
        },
    }));
}

impl FunctionCtx<'_, '_> {
    /// A `load`.
    pub(super) fn load_rows(
        &mut self,
        expr: &typed::Expr,
        path: Option<&str>,
        format: &Format<Box<typed::Expr>>,
        shape: ShapeId,
    ) -> Option<Value> {
        let (op, _, options) = self.format(format)?;
        self.fb.set_span(Some(expr.span));
        let mut args = vec![self.descriptor(path, MochiOp::FileOpen, STDIN)];
        args.extend(options);
        let ty = lower_type(expr.ty).expect("rows have a type");
        Some(self.fb.value(op, args, Imm::Shape(crate::ir::ShapeId::new(shape.index())), ty))
    }

    /// A `save`, whose value is none.
    pub(super) fn save_rows(
        &mut self,
        expr: &typed::Expr,
        value: &typed::Expr,
        path: Option<&str>,
        format: &Format<Box<typed::Expr>>,
    ) -> Option<Value> {
        let rows = self.expr(value)?;
        let (_, op, options) = self.format(format)?;
        self.fb.set_span(Some(expr.span));
        let ty = self.fb.ty(rows);
        let is_rows = matches!(ty.kind, Kind::List(_))
            && matches!(
                self.element(ty),
                Type { kind: Kind::Map(_) | Kind::Record(_) | Kind::Union(_), nullable: false }
            );
        if !is_rows {
            self.fb.effect(MochiOp::RowsCheck, vec![rows], Imm::None);
        }
        let mut args = vec![rows, self.descriptor(path, MochiOp::FileCreate, STDOUT)];
        args.extend(options);
        self.fb.effect(op, args, Imm::None);
        Some(self.none(Type::ANY))
    }

    /// The operations that load and save a format, with its options.
    fn format(&mut self, format: &Format<Box<typed::Expr>>) -> Option<(MochiOp, MochiOp, Vec<Value>)> {
        let mut options = Vec::new();
        for option in format.options() {
            options.push(self.expr(option)?);
        }
        Some(match format {
            Format::Csv { header: _, delimiter: _ } => (MochiOp::LoadCsv, MochiOp::SaveCsv, options),
            Format::Json => (MochiOp::LoadJson, MochiOp::SaveJson, options),
            Format::Jsonl => (MochiOp::LoadJsonl, MochiOp::SaveJsonl, options),
            Format::Yaml => (MochiOp::LoadYaml, MochiOp::SaveYaml, options),
        })
    }

    /// What a path names, or the standard stream.
    fn descriptor(&mut self, path: Option<&str>, op: MochiOp, stream: i32) -> Value {
        match path {
            Some(path) => {
                let path = self.string(path.as_bytes());
                self.fb.value(op, vec![path], Imm::None, Type::I32)
            }
            None => self.fb.i32_const(stream),
        }
    }
}
