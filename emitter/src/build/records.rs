//! Records, the variables that live in cells, and blocks inside expressions.
//!
//! A cell is a record with one field. The variable that lives in it is, for the function, the
//! address of the cell, which changes only where the variable is declared.

use std::collections::BTreeMap;

use mochi_frontend::source::Span;
use mochi_frontend::typed::{self, Expr, ExprKind};

use crate::ir::{Imm, Kind, MochiOp, Module, Record, RecordForm, RecordType, Type, Value};

use super::FunctionCtx;
use super::lists::is_same;
use super::places::Place;
use super::types::{lower_field, lower_type};

/// The type of the cells that hold variables of a type.
pub(super) fn cell_of(module: &mut Module, ty: Type) -> Type {
    let is_it = |record: &Record| record.form == RecordForm::Cell && record.fields[0].1 == ty;
    let index = module.records.iter().position(is_it).unwrap_or_else(|| {
        let name = format!("cell.{}", module.records.len());
        let fields = vec![("value".to_owned(), ty)];
        module.records.push(Record { name, fields, methods: Vec::new(), union: None, form: RecordForm::Cell });
        module.records.len() - 1
    });
    Type::of(Kind::Record(RecordType::new(index)))
}

impl FunctionCtx<'_, '_> {
    /// The fields are evaluated before there is a record, so that a failure leaves none.
    pub(super) fn record(
        &mut self,
        expr: &Expr,
        record: mochi_frontend::types::RecordId,
        fields: &[Expr],
    ) -> Option<Value> {
        let mut values = Vec::with_capacity(fields.len());
        for field in fields {
            values.push(self.expr(field)?);
        }
        self.fb.set_span(Some(expr.span));
        let ty = Type::of(Kind::Record(RecordType::new(record.index())));
        Some(self.new_record(ty, values))
    }

    fn new_record(&mut self, ty: Type, fields: Vec<Value>) -> Value {
        let record = self.fb.value(MochiOp::RecordNew, Vec::new(), Imm::None, ty);
        for (index, value) in fields.into_iter().enumerate() {
            self.fb.effect(MochiOp::RecordInit, vec![record, value], Imm::I32(index as i32));
        }
        record
    }

    /// The type of a field of a record.
    fn field_type(&self, record: Value, index: u32) -> Type {
        let Kind::Record(record) = self.fb.ty(record).kind else { panic!("{record} is no record") };
        self.pool.module.records[record.index()].fields[index as usize].1
    }

    pub(super) fn field(&mut self, record: Value, index: u32) -> Value {
        let ty = self.field_type(record, index);
        self.load(Place::Field { record, index }, ty)
    }

    /// `of.field = value`: the record, then the value.
    pub(super) fn set_field(&mut self, of: &Expr, index: u32, value: &Expr, span: Span) {
        let Some(record) = self.expr(of) else { return };
        let ty = self.field_type(record, index);
        let is_place = |expr: &Expr| match &expr.kind {
            ExprKind::Field { of: read, index: at } => *at == index && is_same(of, read),
            _ => false,
        };
        self.set_place(Place::Field { record, index }, ty, value, is_place, span);
    }

    /// A new cell for a variable of the function.
    pub(super) fn new_cell(&mut self, local: typed::LocalId, value: Value) {
        let Some(variable) = self.locals[local.index()] else { return };
        let ty = self.local_type(local).expect("a variable has a type");
        let cell = self.new_record(ty, vec![value]);
        self.fb.def_var(variable, cell);
    }

    /// The type of a local's variable in this function: that of its value, or of the cell that it lives in.
    pub(super) fn local_type(&mut self, local: typed::LocalId) -> Option<Type> {
        let local = &self.func.locals[local.index()];
        let ty = lower_type(local.ty)?;
        Some(if local.is_cell { cell_of(self.pool.module, ty) } else { ty })
    }

    /// Whether the local lives in a cell.
    pub(super) fn is_cell(&self, local: typed::LocalId) -> bool {
        self.func.locals[local.index()].is_cell
    }

    /// The value of a local; absent if it can be nothing but none.
    pub(super) fn read_local(&mut self, local: typed::LocalId) -> Option<Value> {
        let variable = self.locals[local.index()]?;
        let value = self.fb.use_var(variable);
        Some(if self.is_cell(local) { self.field(value, 0) } else { value })
    }

    /// Gives a local a value that has been built, in a new cell if it lives in one.
    pub(super) fn declare_local(&mut self, local: typed::LocalId, value: Value) {
        let Some(variable) = self.locals[local.index()] else { return };
        match self.is_cell(local) {
            true => self.new_cell(local, value),
            false => self.fb.def_var(variable, value),
        }
    }

    /// `local = value`.
    pub(super) fn set_local(&mut self, local: typed::LocalId, value: &Expr, span: Span) {
        match self.locals[local.index()] {
            Some(variable) if self.is_cell(local) => {
                let record = self.fb.use_var(variable);
                let ty = self.field_type(record, 0);
                let is_place = |expr: &Expr| matches!(&expr.kind, ExprKind::Local(read) if *read == local);
                self.set_place(Place::Field { record, index: 0 }, ty, value, is_place, span);
            }
            Some(variable) => {
                if let Some(value) = self.expr(value) {
                    self.fb.def_var(variable, value);
                }
            }
            None => self.effect(value),
        }
    }

    /// A record whose fields hold the first values of their types, for variables that must hold something.
    pub(super) fn default_record(&mut self, ty: Type) -> Value {
        self.fb.value(MochiOp::RecordNew, Vec::new(), Imm::None, ty)
    }
}

/// Adds the records and unions to the module, each with the number that it has in the typed program.
pub(super) fn lower_records(program: &typed::Program, module: &mut Module) {
    let mut names = Names::default();
    for record in &program.records {
        let fields = record.fields.iter().map(|field| (field.name.clone(), lower_field(field.ty))).collect();
        let union = record.union.map(|union| crate::ir::UnionType::new(union.index()));
        let methods = record.methods.clone();
        let form = if record.is_row { RecordForm::Row } else { RecordForm::Struct };
        module.records.push(Record { name: names.unique(&record.name), fields, methods, union, form });
    }
    let mut names = Names::default();
    for union in &program.unions {
        let variants = union.variants.iter().map(|record| RecordType::new(record.index())).collect();
        module.unions.push(crate::ir::Union { name: names.unique(&union.name), variants });
    }
}

/// Makes names unique: types of several modules or blocks may have one name.
#[derive(Default)]
struct Names<'a>(BTreeMap<&'a str, u32>);

impl<'a> Names<'a> {
    fn unique(&mut self, name: &'a str) -> String {
        let count = self.0.entry(name).or_default();
        *count += 1;
        if *count == 1 { name.to_owned() } else { format!("{name}.{count}") }
    }
}
