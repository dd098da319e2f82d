//! What may be known by two names: collections are shared, so a second name must not allow
//! writes that the first one forbids.

use super::places::bare_name;
use super::types::Type;
use super::{Checked, Checker, fail};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

impl<'a> Checker<'a> {
    /// Refuses to give what an immutable variable holds to a mutable one.
    pub(super) fn stays_immutable(&self, span: Span, value: &Expr) -> Checked<()> {
        let Some(name) = bare_name(value) else { return Ok(()) };
        match self.scopes.variable(name) {
            Some(variable) if !variable.mutable && variable.ty.is_shared() => {
                fail(Code::T051, span, format!("cannot alias immutable aggregate `{name}` into a mutable binding"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses to know what a place holds by a wider type, through which the wrong elements
    /// could be stored.
    pub(super) fn keeps_elements(&self, span: Span, value: &Expr, actual: &Type, wanted: &Type) -> Checked<()> {
        let is_wider = actual.is_shared() && wanted.is_shared() && !self.nominals.is_same(actual, wanted);
        match place(value).filter(|_| is_wider) {
            Some(place) => {
                let (actual, wanted) = (self.nominals.show(actual), self.nominals.show(wanted));
                fail(Code::T052, span, format!("cannot alias `{place}` ({actual}) into a binding of type {wanted}"))
            }
            None => Ok(()),
        }
    }

    /// The same for what a literal of lists and maps stores.
    pub(super) fn literal_keeps_elements(&mut self, value: &'a Expr, wanted: &Type) -> Checked<()> {
        match (&value.kind, wanted) {
            (ExprKind::List(elements), Type::List(of)) => {
                elements.iter().try_for_each(|element| self.part_keeps_elements(element, of))
            }
            (ExprKind::Map(entries), Type::Map(parts)) => {
                entries.iter().try_for_each(|entry| self.part_keeps_elements(&entry.value, &parts.1))
            }
            _ => Ok(()),
        }
    }

    fn part_keeps_elements(&mut self, part: &'a Expr, wanted: &Type) -> Checked<()> {
        if place(part).is_some() && wanted.is_shared() {
            let actual = self.expr(part)?;
            self.keeps_elements(part.span, part, &actual, wanted)?;
        }
        self.literal_keeps_elements(part, wanted)
    }
}

/// How an expression that names a place is shown: `a`, `a.b`, `a[...]`. A slice is a copy.
fn place(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(_) => bare_name(expr).map(str::to_owned),
        ExprKind::Field { of, name, optional: false } => Some(format!("{}.{}", place(of)?, name.text)),
        ExprKind::Index { of, index: _, optional: false } => Some(format!("{}[...]", place(of)?)),
        _ => None,
    }
}
