//! The typed program's contract, checked in debug builds: what the builder may rely on.
//!
//! Every construct is compared with the documentation in [`crate::typed`]. A violation is a
//! defect of the checker, never of the program.

use super::fields::stored;
use super::shape::operands;
use crate::builtins::Builtin;
use crate::data::{Format, Shape};
use crate::typed::{Block, CastTo, Expr, ExprKind, Function, LocalId, Program, StmtKind};
use crate::types::{Kind, ListId, RowId, Type};

/// Panics when the program breaks the contract.
pub(super) fn verify(program: &Program) {
    for function in &program.functions {
        Verifier { program, function }.block(&function.body, 0);
    }
}

struct Verifier<'a> {
    program: &'a Program,
    function: &'a Function,
}

impl Verifier<'_> {
    fn block(&self, block: &Block, loops: u32) {
        for stmt in block {
            let broken = |what: &str| -> ! {
                panic!("{} of function {} at {:?}: {:?}", what, self.function.name, stmt.span, stmt.kind)
            };
            let expect = |holds: bool, what: &str| {
                if !holds {
                    broken(what)
                }
            };
            match &stmt.kind {
                StmtKind::SetLocal { local, value } => {
                    expect(value.ty == self.function.locals[local.index()].ty, "type of a local's value");
                    self.expr(value);
                }
                StmtKind::SetGlobal { global, value } => {
                    expect(value.ty == self.program.globals[global.index()].ty, "type of a global's value");
                    self.expr(value);
                }
                StmtKind::SetIndex { of, index, value } => {
                    expect(self.element(of.ty) == Some(value.ty), "type of an element");
                    expect(index.ty == Type::INT, "type of an index");
                    self.expr(of);
                    self.expr(index);
                    self.expr(value);
                }
                StmtKind::SetEntry { of, key, value } => {
                    expect(self.value(of.ty) == Some(value.ty) && is_key(key.ty), "entry of a map");
                    [of, key, value].into_iter().for_each(|part| self.expr(part));
                }
                StmtKind::SetField { of, index, value } => {
                    expect(self.field(of.ty, *index) == Some(value.ty), "type of a field's value");
                    self.expr(of);
                    self.expr(value);
                }
                StmtKind::AnySetIndex { of, index, value } => {
                    expect([of.ty, index.ty, value.ty] == [Type::ANY; 3], "types of a dynamic assignment");
                    [of, index, value].into_iter().for_each(|part| self.expr(part));
                }
                StmtKind::AnySetField { of, name: _, value } => {
                    expect([of.ty, value.ty] == [Type::ANY; 2], "types of a dynamic assignment");
                    self.expr(of);
                    self.expr(value);
                }
                StmtKind::NewCell { local, value } => {
                    let local = &self.function.locals[local.index()];
                    expect(local.is_cell && value.ty == local.ty, "type of a cell's value");
                    self.expr(value);
                }
                StmtKind::Expr(value) => self.expr(value),
                StmtKind::Return(None) => expect(self.function.result == Type::NONE, "return without a value"),
                StmtKind::Return(Some(value)) => {
                    expect(value.ty == self.function.result, "type of a returned value");
                    self.expr(value);
                }
                StmtKind::If { cond, then, otherwise } => {
                    expect(cond.ty == Type::BOOL, "type of a condition");
                    self.expr(cond);
                    self.block(then, loops);
                    self.block(otherwise, loops);
                }
                StmtKind::While { cond, body } => {
                    expect(cond.ty == Type::BOOL, "type of a condition");
                    self.expr(cond);
                    self.block(body, loops + 1);
                }
                StmtKind::ForRange { var, assigned: _, start, end, body } => {
                    let is_bound = |ty: Type| matches!(ty.kind, Kind::Int) || ty == Type::NONE;
                    expect(is_bound(start.ty) && is_bound(end.ty), "type of a bound");
                    expect(self.function.locals[var.index()].ty == Type::INT, "type of a counter");
                    self.expr(start);
                    self.expr(end);
                    self.block(body, loops + 1);
                }
                StmtKind::ForString { var, of, body } => {
                    expect(of.ty.kind == Kind::String, "type of an iterated string");
                    expect(self.function.locals[var.index()].ty == Type::STRING, "type of an element");
                    self.expr(of);
                    self.block(body, loops + 1);
                }
                StmtKind::ForList { var, of, body } => {
                    let element = self.element(of.ty.without_none());
                    expect(element == Some(self.function.locals[var.index()].ty), "type of an element");
                    self.expr(of);
                    self.block(body, loops + 1);
                }
                StmtKind::Break | StmtKind::Continue => expect(loops > 0, "jump out of no loop"),
                StmtKind::Expect { cond, text: _ } => {
                    expect(cond.ty == Type::BOOL, "type of an expectation");
                    self.expr(cond);
                }
                StmtKind::Block(block) => self.block(block, loops),
            }
        }
    }

    /// The element type of a list that is not none.
    fn element(&self, ty: Type) -> Option<Type> {
        match ty {
            Type { kind: Kind::List(list), nullable: false } => Some(self.program.element(list)),
            _ => None,
        }
    }

    /// The type of the values of a map that is not none.
    fn value(&self, ty: Type) -> Option<Type> {
        match ty {
            Type { kind: Kind::Map(map), nullable: false } => Some(self.program.value(map)),
            _ => None,
        }
    }

    /// The type of a field of a record that is not none.
    fn field(&self, ty: Type, index: u32) -> Option<Type> {
        match ty {
            Type { kind: Kind::Record(record), nullable: false } => {
                self.program.record(record).fields.get(index as usize).map(|field| field.ty)
            }
            Type { kind: Kind::Row(row), nullable: false } => {
                self.program.records[row.index()].fields.get(index as usize).map(|field| field.ty)
            }
            _ => None,
        }
    }

    fn expr(&self, expr: &Expr) {
        let mut open = vec![expr];
        while let Some(expr) = open.pop() {
            self.node(expr);
            open.extend(operands(expr));
            if let ExprKind::Block { body, then: _ } = &expr.kind {
                // A jump in it belongs to a loop around it, which is not looked for.
                self.block(body, 1);
            }
        }
    }

    fn node(&self, expr: &Expr) {
        let ty = expr.ty;
        let expect = |holds: bool, what: &str| {
            assert!(holds, "{what} of function {} at {:?}: {expr:?}", self.function.name, expr.span);
        };
        expect(ty != Type::NEVER && (ty.kind != Kind::Any || ty.nullable), "type");
        let nullable_if = |kind: Kind, nullable: bool| Type { kind, nullable };
        match &expr.kind {
            ExprKind::Int(_) => expect(ty == Type::INT, "type of an int literal"),
            ExprKind::Float(_) => expect(ty == Type::FLOAT, "type of a float literal"),
            ExprKind::Bool(_) => expect(ty == Type::BOOL, "type of a bool literal"),
            ExprKind::Str(_) => expect(ty == Type::STRING, "type of a string literal"),
            ExprKind::None => expect(ty.nullable, "type of none"),
            ExprKind::Local(local) => expect(ty == self.function.locals[local.index()].ty, "type of a local"),
            ExprKind::Global(global) => expect(ty == self.program.globals[global.index()].ty, "type of a global"),
            ExprKind::List(elements) => {
                let element = self.element(ty);
                expect(element.is_some() && elements.iter().all(|value| Some(value.ty) == element), "list");
            }
            ExprKind::ListIndex { of, index } => {
                expect(self.element(of.ty) == Some(ty) && index.ty == Type::INT, "index of a list");
            }
            ExprKind::ListSlice { of, start, end } => {
                let is_bound = |bound: &Option<Box<Expr>>| bound.as_ref().is_none_or(|bound| bound.ty == Type::INT);
                let is_list = self.element(of.ty).is_some() && of.ty == ty;
                expect(is_list && is_bound(start) && is_bound(end), "slice of a list");
            }
            ExprKind::ListConcat { lhs, rhs } => {
                expect(self.element(ty).is_some() && lhs.ty == ty && rhs.ty == ty, "concatenation of lists");
            }
            ExprKind::ListContains { of, item } => {
                expect(self.element(of.ty) == Some(item.ty) && ty == Type::BOOL, "search in a list");
            }
            ExprKind::Cell(local) => {
                let local = &self.function.locals[local.index()];
                expect(local.is_cell && ty == local.ty, "type of a cell");
            }
            ExprKind::Map(entries) => {
                let value = self.value(ty);
                let is_entry = |(key, item): &(Expr, Expr)| is_key(key.ty) && Some(item.ty) == value;
                expect(value.is_some() && entries.iter().all(is_entry), "map");
            }
            ExprKind::MapIndex { of, key } => {
                let value = self.value(of.ty).map(Type::or_none);
                expect(value == Some(ty) && is_key(key.ty), "index of a map");
            }
            ExprKind::MapContains { of, key } => {
                expect(self.value(of.ty).is_some() && is_key(key.ty) && ty == Type::BOOL, "search in a map");
            }
            ExprKind::MapKeys(of) => {
                expect(self.value(of.ty).is_some() && self.element(ty) == Some(Type::STRING), "keys of a map");
            }
            ExprKind::MapValues(of) => {
                let value = self.value(of.ty);
                expect(value.is_some() && self.element(ty) == value, "values of a map");
            }
            ExprKind::Record { record, fields } => {
                let declared = self.program.record(*record).fields.iter().map(|field| field.ty);
                let is_row = self.program.record(*record).is_row;
                let kind = if is_row { Kind::Row(RowId(record.0)) } else { Kind::Record(*record) };
                expect(ty == Type::of(kind), "type of a record");
                expect(declared.eq(fields.iter().map(|field| field.ty)), "fields of a record");
            }
            ExprKind::Field { of, index } => expect(self.field(of.ty, *index) == Some(ty), "field of a record"),
            ExprKind::IsVariant { of, record } => {
                let union = self.program.record(*record).union.map(|union| Type::of(Kind::Union(union)));
                expect(union == Some(of.ty) && ty == Type::BOOL, "test for a variant");
            }
            ExprKind::Closure { function, captures } => {
                let callee = &self.program.functions[function.index()];
                let (first, written) = callee.params.split_at(callee.captures);
                let types = |params: &[LocalId]| -> Vec<Type> {
                    params.iter().map(|param| callee.locals[param.index()].ty).collect()
                };
                let is_capture = types(first).into_iter().eq(captures.iter().map(|capture| capture.ty));
                let Kind::Func(func) = ty.kind else { return expect(false, "type of a function value") };
                let func = self.program.func(func);
                expect(is_capture && !ty.nullable, "captures");
                expect(func.params.len() == written.len(), "type of a function value");
                expect(func.result == stored(callee.result), "result of a function value");
            }
            ExprKind::CallValue { of, args } => {
                let Type { kind: Kind::Func(func), nullable: false } = of.ty else {
                    return expect(false, "call of a value");
                };
                let func = self.program.func(func);
                let is_call = func.params.iter().copied().eq(args.iter().map(|arg| arg.ty)) && ty == func.result;
                expect(is_call, "call of a value");
            }
            ExprKind::Intrinsic { intrinsic, args } => {
                let takes = intrinsic.params().iter().copied().eq(args.iter().map(|arg| arg.ty));
                expect(takes && ty == intrinsic.result(), "types of an intrinsic");
            }
            ExprKind::AnyIndex { of, index } => expect([of.ty, index.ty, ty] == [Type::ANY; 3], "dynamic index"),
            ExprKind::AnySlice { of, start, end } => {
                let is_any = |bound: &Option<Box<Expr>>| bound.as_ref().is_none_or(|bound| bound.ty == Type::ANY);
                expect([of.ty, ty] == [Type::ANY; 2] && is_any(start) && is_any(end), "dynamic slice");
            }
            ExprKind::AnyField { of, name: _ } => expect([of.ty, ty] == [Type::ANY; 2], "dynamic field"),
            ExprKind::AnyContains { of, item } => {
                expect([of.ty, item.ty] == [Type::ANY; 2] && ty == Type::BOOL, "dynamic search");
            }
            ExprKind::AnyKey(of) => expect([of.ty, ty] == [Type::ANY, Type::INT], "key"),
            ExprKind::SortedRows(of) => {
                let holds = of.ty == Type::ANY && self.element(ty) == Some(Type::INT);
                expect(holds, "order of rows");
            }
            ExprKind::AnyIter(of) => {
                expect(of.ty == Type::ANY && self.element(ty) == Some(Type::ANY), "dynamic iteration");
            }
            ExprKind::CastElements { of, target: _ } => {
                expect(of.ty == Type::ANY && self.element(ty) == Some(Type::ANY), "cast to a list");
            }
            ExprKind::CastKeys { of, target: _ } => {
                expect(of.ty == Type::ANY && self.element(ty) == Some(Type::STRING), "cast to a map");
            }
            ExprKind::Copy(of) => expect(of.ty == ty, "type of a copy"),
            ExprKind::AnyCall { of, args } => {
                let is_any = args.iter().all(|arg| arg.ty == Type::ANY);
                expect(of.ty == Type::ANY && is_any && ty == Type::ANY, "dynamic call");
            }
            ExprKind::Arith { op: _, lhs, rhs } => {
                expect(
                    matches!(lhs.ty.kind, Kind::Int | Kind::Float | Kind::Any) && lhs.ty.kind == rhs.ty.kind,
                    "operands",
                );
                expect(ty == nullable_if(lhs.ty.kind, lhs.ty.nullable || rhs.ty.nullable), "type of arithmetic");
            }
            ExprKind::Neg(of) => {
                expect(matches!(of.ty.kind, Kind::Int | Kind::Float | Kind::Any) && ty == of.ty, "negation")
            }
            ExprKind::Concat { lhs, rhs } => {
                expect(lhs.ty == Type::STRING && rhs.ty == Type::STRING && ty == Type::STRING, "concatenation");
            }
            ExprKind::Compare { op: _, lhs, rhs } => {
                expect(lhs.ty.kind == rhs.ty.kind && lhs.ty.kind != Kind::Never && ty == Type::BOOL, "comparison");
            }
            ExprKind::Contains { of, part } => {
                expect(of.ty == Type::STRING && part.ty == Type::STRING && ty == Type::BOOL, "search");
            }
            ExprKind::Not(of) => expect(of.ty == Type::BOOL && ty == Type::BOOL, "negation"),
            ExprKind::Truthy(of) => expect(of.ty.kind != Kind::Never && ty == Type::BOOL, "test of truth"),
            ExprKind::IsNone(of) => expect(of.ty.nullable && ty == Type::BOOL, "test for none"),
            ExprKind::And { lhs, rhs } | ExprKind::Or { lhs, rhs } => {
                expect([lhs.ty, rhs.ty, ty] == [Type::BOOL; 3], "logic");
            }
            ExprKind::Choose { op: _, lhs, rhs } => expect(lhs.ty == ty && rhs.ty == ty, "choice of an operand"),
            ExprKind::If { cond, then, otherwise } => {
                expect(cond.ty == Type::BOOL && then.ty == ty && otherwise.ty == ty, "choice");
            }
            ExprKind::Call { function, args } => {
                let callee = &self.program.functions[function.index()];
                let params = callee.params.iter().map(|param| callee.locals[param.index()].ty);
                expect(params.eq(args.iter().map(|arg| arg.ty)) && ty == callee.result, "call");
            }
            ExprKind::Builtin { builtin, args } => {
                let types: Vec<Type> = args.iter().map(|arg| arg.ty).collect();
                let overload = builtin.overload(&types);
                let mut result = overload.map(|overload| overload.result);
                let first = types.first().copied().unwrap_or(Type::NONE);
                match (builtin, first.kind) {
                    (Builtin::Input, _) => result = Some(Type { nullable: ty.nullable, ..Type::STRING }),
                    (Builtin::Len, Kind::Any | Kind::Map(_)) => result = Some(Type::INT),
                    (Builtin::Json, _) => result = Some(Type::NONE),
                    (Builtin::TextSplit | Builtin::Digest, _) => {
                        return expect(overload.is_some() && matches!(ty.kind, Kind::List(_)), "call of a builtin");
                    }
                    (Builtin::Append, Kind::Any) => {
                        return expect([first, ty] == [Type::ANY; 2] && types.get(1) == Some(&Type::ANY), "append");
                    }
                    (Builtin::Append, _) => {
                        // None is an empty list.
                        let list = first.without_none();
                        expect(ty == list && self.element(list) == types.get(1).copied(), "append");
                        return;
                    }
                    _ => {}
                }
                let is_first = result.is_some_and(|result| matches!(result.kind, Kind::Any | Kind::List(ListId::ANY)));
                expect(result == Some(ty) || (is_first && ty == first), "call of a builtin");
            }
            ExprKind::StringIndex { of, index } => {
                expect(of.ty == Type::STRING && index.ty == Type::INT && ty == Type::STRING, "index");
            }
            ExprKind::StringSlice { of, start, end } => {
                let is_bound = |bound: &Option<Box<Expr>>| bound.as_ref().is_none_or(|bound| bound.ty == Type::INT);
                expect(of.ty == Type::STRING && is_bound(start) && is_bound(end) && ty == Type::STRING, "slice");
            }
            ExprKind::Cast { of, to } => {
                let numbers = matches!(of.ty.kind, Kind::Int | Kind::Float | Kind::String | Kind::Any);
                let (result, is_source) = match to {
                    CastTo::Int | CastTo::BigInt => (Type::INT, numbers || of.ty.kind == Kind::Bool),
                    CastTo::Float => (Type::FLOAT, numbers),
                    CastTo::BigRat => (Type::ANY, of.ty.kind == Kind::Any),
                    CastTo::Bool => (Type::BOOL, of.ty.kind == Kind::Any),
                    CastTo::String => (Type::STRING, of.ty.kind == Kind::Any),
                };
                expect(ty == result && is_source, "cast");
            }
            ExprKind::Convert(of) => {
                let is_nullability = of.ty.kind == ty.kind && of.ty.nullable != ty.nullable;
                let is_none = of.ty == Type::NONE && ty.nullable;
                let is_float = of.ty.kind == Kind::Int && ty == nullable_if(Kind::Float, of.ty.nullable);
                let is_any = ty.kind == Kind::Any && of.ty.kind != Kind::Any;
                let is_variant = match (of.ty.kind, ty.kind) {
                    (Kind::Record(record), Kind::Union(union)) | (Kind::Union(union), Kind::Record(record)) => {
                        self.program.record(record).union == Some(union) && of.ty.nullable == ty.nullable
                    }
                    _ => false,
                };
                expect(is_nullability || is_none || is_float || is_any || is_variant, "conversion");
            }
            ExprKind::Load { path: _, format, shape } => {
                let rows = match self.program.shapes.get(shape.index()) {
                    Some(Shape::List { list, element: _ }) => Some(Type::of(Kind::List(*list))),
                    _ => None,
                };
                expect(rows == Some(ty) && has_options(format), "rows that are loaded");
            }
            ExprKind::Save { value, path: _, format } => {
                let is_list = matches!(value.ty.kind, Kind::List(_)) && !value.ty.nullable || value.ty == Type::ANY;
                expect(is_list && has_options(format) && ty == Type::NONE, "rows that are saved");
            }
            ExprKind::Sequence { first: _, then } => expect(then.ty == ty, "type of a sequence"),
            ExprKind::Let { local, value, then } => {
                expect(self.function.locals[local.index()].ty == value.ty && then.ty == ty, "type of a let");
            }
            ExprKind::Block { body: _, then } => expect(then.ty == ty, "type of a block"),
            ExprKind::Fail { message: _ } => {}
        }
    }
}

/// Whether the options of a format have the types that they should.
fn has_options(format: &Format<Box<Expr>>) -> bool {
    match format {
        Format::Csv { header, delimiter } => header.ty == Type::BOOL && delimiter.ty == Type::STRING,
        Format::Json | Format::Jsonl | Format::Yaml => true,
    }
}

/// Whether a value of the type can be a key as it is.
fn is_key(ty: Type) -> bool {
    [Type::INT, Type::STRING, Type::ANY].contains(&ty)
}
