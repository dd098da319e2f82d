//! Calls of builtins, and indexing and slicing.
//!
//! The reference runs all of these on values of any kind and fails when the kind is wrong;
//! what is statically wrong becomes that failure, in its place, with its words.

use super::Walk;
use super::exprs::wrap;
use crate::builtins::Builtin;
use crate::check::resolved::{CastTarget, ExprId};
use crate::check::shape;
use crate::source::Span;
use crate::typed::{Expr, ExprKind, Stmt, StmtKind};
use crate::types::{Kind, Type};

impl Walk<'_, '_, '_> {
    pub(super) fn builtin(&mut self, id: ExprId, builtin: Builtin, mut args: Vec<Expr>, span: Span) -> Expr {
        if builtin == Builtin::Print {
            let ty = args.first().map_or(Type::NONE, |first| first.ty);
            return shape::builtin(builtin, args, ty, span);
        }
        if builtin == Builtin::Concat {
            return self.concat_lists(id, args, span);
        }
        let extra = args.split_off(builtin.arity().min(args.len()));
        let mut sets = Vec::new();
        if extra.iter().any(|extra| !shape::is_droppable(extra)) {
            args = args.into_iter().map(|arg| self.bind(arg, &mut sets)).collect();
        }
        let types: Vec<Type> = args.iter().map(|arg| arg.ty).collect();
        let mut args = args.into_iter();
        let mut next = || args.next().unwrap_or_else(|| shape::none(span));
        let mut call = match builtin {
            Builtin::Print | Builtin::Concat => unreachable!("handled above"),
            Builtin::IsInt
            | Builtin::IsFloat
            | Builtin::IsBool
            | Builtin::IsString
            | Builtin::IsList
            | Builtin::IsMap
            | Builtin::HoldsInts
            | Builtin::HoldsFloats
            | Builtin::TextIndex
            | Builtin::TextSplit
            | Builtin::TextRepeat
            | Builtin::TextTrim
            | Builtin::TextShown
            | Builtin::Digest => unreachable!("the prelude's operations are walked elsewhere"),
            Builtin::Json => self.json(next(), span),
            Builtin::ToJson => {
                let of = next();
                if of.ty == Type::NEVER {
                    return shape::unknown(span);
                }
                let of = self.view(of);
                shape::builtin(Builtin::ToJson, vec![of], Type::STRING, span)
            }
            Builtin::Exists => self.look_at_list(id, builtin, next(), span),
            Builtin::Count | Builtin::First => {
                let of = self.rows_of(id, next(), builtin.row().name, span);
                self.look_at_list(id, builtin, of, span)
            }
            Builtin::Sum | Builtin::Avg | Builtin::Min | Builtin::Max => {
                let of = self.rows_of(id, next(), builtin.row().name, span);
                self.aggregate(id, builtin, of, span)
            }
            Builtin::Keys | Builtin::Values => self.map_parts(id, builtin, next(), span),
            Builtin::Len => {
                let of = next();
                if self.may_be_group(of.ty) { self.group_len(id, of, span) } else { self.len(of, span) }
            }
            Builtin::Append => {
                let (of, value) = (next(), next());
                self.append(id, of, value, span)
            }
            Builtin::Str => {
                let of = next();
                self.as_text(of, span)
            }
            Builtin::Int => self.cast(next(), CastTarget::Int, span),
            Builtin::Float => {
                let of = next();
                let of = if of.ty.kind == Kind::Bool { self.cast(of, CastTarget::Int, span) } else { of };
                self.cast(of, CastTarget::Float, span)
            }
            Builtin::Num | Builtin::Denom => {
                let of = next();
                let of = self.view(of);
                shape::builtin(builtin, vec![of], Type::INT, span)
            }
            Builtin::Substring => {
                let (of, start, end) = (next(), next(), next());
                self.slice(of, Some(start), Some(end), span)
            }
            Builtin::Upper => {
                let of = next();
                let invalid = shape::fail("upper expects string", Type::STRING, span);
                let upper = |of: Expr| shape::builtin(Builtin::Upper, vec![of], Type::STRING, span);
                match of.ty.kind {
                    Kind::String => self.unless_none(of, invalid, |_, of| upper(of)),
                    Kind::Any => {
                        let mut sets = Vec::new();
                        let of = self.bind(of, &mut sets);
                        let is_string = shape::builtin(Builtin::IsString, vec![of.clone()], Type::BOOL, span);
                        let text = self.cast(of, CastTarget::String, span);
                        wrap(sets, shape::choice(is_string, upper(text), invalid, span))
                    }
                    Kind::Never
                    | Kind::Int
                    | Kind::Float
                    | Kind::Bool
                    | Kind::List(_)
                    | Kind::Map(_)
                    | Kind::Row(_)
                    | Kind::Record(_)
                    | Kind::Union(_)
                    | Kind::Func(_) => shape::sequence(of, invalid, span),
                }
            }
            Builtin::Lower => {
                let of = next();
                let of = self.as_text(of, span);
                shape::builtin(Builtin::Lower, vec![of], Type::STRING, span)
            }
            Builtin::Input | Builtin::Now | Builtin::Mem => {
                let result = builtin.overload(&types).map_or(Type::NEVER, |overload| overload.result);
                let may_end = builtin == Builtin::Input && self.program.tests_for_nil;
                shape::builtin(builtin, Vec::new(), if may_end { result.or_none() } else { result }, span)
            }
        };
        for extra in extra.into_iter().rev() {
            call = shape::sequence(extra, call, span);
        }
        wrap(sets, call)
    }

    /// `json(of)`, whose value is `of`.
    fn json(&mut self, of: Expr, span: Span) -> Expr {
        if of.ty == Type::NEVER {
            return of;
        }
        let mut sets = Vec::new();
        let of = self.bind(of, &mut sets);
        // Objects and ints are written as they are; words of other kinds have to say what they are.
        let is_plain = matches!(
            of.ty.kind,
            Kind::Int | Kind::List(_) | Kind::Map(_) | Kind::Row(_) | Kind::Record(_) | Kind::Union(_)
        );
        let shown = if is_plain { of.clone() } else { self.view(of.clone()) };
        let write = shape::builtin(Builtin::Json, vec![shown], Type::NONE, span);
        let body = vec![Stmt { kind: StmtKind::Expr(write), span }];
        let ty = of.ty;
        wrap(sets, shape::expr(ExprKind::Block { body, then: Box::new(of) }, ty, span))
    }

    /// `keys(of)` or `values(of)`, the expression `id`.
    fn map_parts(&mut self, id: ExprId, builtin: Builtin, of: Expr, span: Span) -> Expr {
        let name = builtin.row().name;
        match of.ty.kind {
            Kind::Map(map) if !of.ty.nullable => match builtin {
                Builtin::Keys => self.map_keys(id, of, span),
                _ => self.map_values(id, of, map, span),
            },
            Kind::Row(row) if !of.ty.nullable => match builtin {
                Builtin::Keys => self.row_key_list(id, of, row, span),
                _ => self.row_values(id, of, row, span),
            },
            Kind::Map(_) | Kind::Row(_) | Kind::Record(_) | Kind::Union(_) | Kind::Any => {
                self.call_helper(id, vec![of], span)
            }
            Kind::Never if !of.ty.nullable => shape::unknown(span),
            _ => shape::sequence(of, shape::fail(format!("{name} expects map"), Type::NONE, span), span),
        }
    }

    pub(super) fn len(&mut self, of: Expr, span: Span) -> Expr {
        if of.ty.kind == Kind::Any {
            return shape::builtin(Builtin::Len, vec![of], Type::INT, span);
        }
        self.unless_none(of, shape::int(0, span), |walk, of| match of.ty.kind {
            Kind::String | Kind::List(_) | Kind::Map(_) | Kind::Int | Kind::Float => {
                shape::builtin(Builtin::Len, vec![of], Type::INT, span)
            }
            Kind::Row(row) => walk.row_len(of, row, span),
            Kind::Record(_) | Kind::Union(_) => walk.record_len(of, span),
            Kind::Never | Kind::Bool | Kind::Func(_) | Kind::Any => {
                shape::sequence(of, shape::fail("invalid len operand", Type::INT, span), span)
            }
        })
    }

    /// The text that `str` makes of a value.
    pub(super) fn as_text(&mut self, of: Expr, span: Span) -> Expr {
        if of.ty.kind == Kind::String || of.ty == Type::NONE {
            return self.unless_none(of, shape::string("<nil>", span), |_, of| of);
        }
        shape::builtin(Builtin::Str, vec![of], Type::STRING, span)
    }

    // Strings and lists.

    pub(super) fn index(&mut self, of: Expr, index: Expr, span: Span) -> Expr {
        let of = self.renewed(of);
        if matches!(of.kind, ExprKind::Copy(_)) && shape::is_droppable(&index) {
            return self.index_of_copy(of, index, span);
        }
        match of.ty.kind {
            Kind::String | Kind::List(_) | Kind::Map(_) => {}
            Kind::Row(_) => return self.row_index(of, index, span),
            Kind::Any => return self.any_index(of, index, span),
            Kind::Record(_) | Kind::Union(_) => {
                return match &index.kind {
                    ExprKind::Str(name) => {
                        let name = String::from_utf8_lossy(name).into_owned();
                        self.field(of, &name, span)
                    }
                    _ => self.part_of_record(of, index, span),
                };
            }
            Kind::Never => {
                let ty = of.ty;
                let none = shape::expr(ExprKind::None, ty, span);
                return shape::sequence(of, shape::sequence(index, none, span), span);
            }
            Kind::Int | Kind::Float | Kind::Bool | Kind::Func(_) => {
                let invalid = shape::fail("cannot index value of this kind", Type::NONE, span);
                return self.unless_any_none(vec![of, index], shape::none(span), |_, operands| {
                    in_order(operands, invalid, span)
                });
            }
        }
        let element = match of.ty.kind {
            Kind::List(list) => self.element(list),
            Kind::Map(map) => match self.infer.value(map, self.id) {
                Type::NEVER => Type::NEVER,
                value => value.or_none(),
            },
            _ => Type::STRING,
        };
        if element == Type::NEVER {
            return shape::unknown(span);
        }
        let ty = Type { nullable: element.nullable || of.ty.nullable, ..element };
        if of.ty.nullable {
            // The index of none is none, whatever the index is.
            let mut sets = Vec::new();
            let (of, index) = (self.bind(of, &mut sets), self.bind(index, &mut sets));
            let result = self.unless_none(of, shape::none(span), |walk, of| {
                let element = walk.index(of, index, span);
                shape::convert(element, ty)
            });
            return wrap(sets, result);
        }
        if let Kind::List(list) = of.ty.kind {
            return self.element_at(of, list, index, span);
        }
        if let Kind::Map(map) = of.ty.kind {
            return self.entry_at(of, map, index, span);
        }
        let index = self.number_of_any(index);
        let invalid = shape::fail("string index must be int", Type::STRING, span);
        if index.ty == Type::NEVER {
            return shape::expr(ExprKind::None, ty, span);
        }
        if index.ty.kind != Kind::Int {
            return in_order(vec![of, index], invalid, span);
        }
        let mut sets = Vec::new();
        let of = if index.ty.nullable { self.bind(of, &mut sets) } else { of };
        let result = self.unless_none(index, invalid, |_, index| {
            let kind = ExprKind::StringIndex { of: Box::new(of), index: Box::new(index) };
            shape::expr(kind, Type::STRING, span)
        });
        wrap(sets, result)
    }

    /// An element of a copy, of which nothing else is wanted: a copy of the element.
    fn index_of_copy(&mut self, of: Expr, index: Expr, span: Span) -> Expr {
        let ExprKind::Copy(of) = of.kind else { unreachable!("a copy was selected") };
        let element = match &of.kind {
            // Elements that are not words are made words one by one, too.
            ExprKind::CastElements { of: held, target: _ } if index.ty == Type::INT => {
                let mut sets = Vec::new();
                let held = self.bind((**held).clone(), &mut sets);
                let is_list = shape::builtin(Builtin::IsList, vec![held.clone()], Type::BOOL, span);
                let found = self.any_index(held.clone(), index.clone(), span);
                let ExprKind::CastElements { of: _, target } = of.kind else { unreachable!("it was one") };
                let cast = ExprKind::CastElements { of: Box::new(held), target };
                let otherwise = self.index(shape::expr(cast, of.ty, span), index, span);
                if otherwise.ty == Type::NEVER {
                    return otherwise;
                }
                wrap(sets, shape::choice(is_list, found, shape::convert(otherwise, Type::ANY), span))
            }
            _ => self.index(*of, index, span),
        };
        self.copy(element)
    }

    /// `of[start:end]`.
    pub(super) fn slice(&mut self, of: Expr, start: Option<Expr>, end: Option<Expr>, span: Span) -> Expr {
        if of.ty.kind == Kind::Any {
            return self.any_slice(of, start, end, span);
        }
        let (start, end) = (start.map(|start| self.number_of_any(start)), end.map(|end| self.number_of_any(end)));
        let is_plain = |bound: &Option<Expr>| bound.as_ref().is_none_or(|bound| bound.ty == Type::INT);
        let make = |of: Expr, start: Option<Expr>, end: Option<Expr>| {
            let (start, end) = (start.map(Box::new), end.map(Box::new));
            let ty = of.ty;
            let of = Box::new(of);
            let kind = match ty.kind {
                Kind::List(_) => ExprKind::ListSlice { of, start, end },
                _ => ExprKind::StringSlice { of, start, end },
            };
            shape::expr(kind, ty, span)
        };
        let has_slices = matches!(of.ty.kind, Kind::String | Kind::List(_));
        if has_slices && !of.ty.nullable && is_plain(&start) && is_plain(&end) {
            return make(of, start, end);
        }
        let mut sets = Vec::new();
        let of = self.bind(of, &mut sets);
        let mut bound = |bound: Option<Expr>| bound.map(|bound| self.bind(bound, &mut sets));
        let (start, end) = (bound(start), bound(end));
        let is_unknown = |of: Option<&Expr>| of.is_some_and(|of| of.ty == Type::NEVER);
        if is_unknown(Some(&of)) || is_unknown(start.as_ref()) || is_unknown(end.as_ref()) {
            return shape::unknown(span);
        }
        let ty = if has_slices { of.ty.without_none() } else { Type::STRING };
        let bad_target = shape::fail("invalid index target", ty, span);
        let bad_bound = || shape::fail("invalid index", ty, span);
        if !has_slices {
            return wrap(sets, bad_target);
        }
        let result = self.unless_none(of, bad_target, |walk, of| {
            let of_int = |bound: &Option<Expr>| bound.as_ref().is_none_or(|bound| bound.ty.kind == Kind::Int);
            if !of_int(&start) || !of_int(&end) {
                return bad_bound();
            }
            let bounds: Vec<Expr> = [&start, &end].into_iter().flatten().cloned().collect();
            walk.unless_any_none(bounds, bad_bound(), |_, bounds| {
                let mut bounds = bounds.into_iter();
                let start = start.as_ref().and_then(|_| bounds.next());
                let end = end.as_ref().and_then(|_| bounds.next());
                make(of, start, end)
            })
        });
        wrap(sets, result)
    }
}

/// `last` after the others were evaluated for their effects.
fn in_order(first: Vec<Expr>, last: Expr, span: Span) -> Expr {
    first.into_iter().rev().fold(last, |then, first| shape::sequence(first, then, span))
}
