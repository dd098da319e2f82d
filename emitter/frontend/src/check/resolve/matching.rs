//! `match`: patterns, the variables that they bind, and the arms.

use std::collections::HashMap;

use super::Resolver;
use crate::check::resolved::{ArmBody, ExprId, ExprKind, MatchArm, Pattern};
use crate::source::Span;
use crate::syntax::ast;

impl<'a> Resolver<'a> {
    pub(super) fn match_expr(&mut self, target: &'a ast::Expr, arms: &'a [ast::MatchArm], span: Span) -> ExprId {
        let target = self.expr(target);
        let arms = arms.iter().map(|arm| self.match_arm(arm)).collect();
        self.push(ExprKind::Match { target, arms }, span)
    }

    fn match_arm(&mut self, arm: &'a ast::MatchArm) -> MatchArm<'a> {
        self.func.blocks.push(HashMap::new());
        let pattern = self.pattern(&arm.pattern);
        let body = match &arm.body {
            ast::ArmBody::Expr(value) => ArmBody::Expr(self.expr(value)),
            ast::ArmBody::Block(block) => ArmBody::Block(self.block(block)),
        };
        self.func.blocks.pop();
        MatchArm { pattern, body, span: arm.span }
    }

    /// A name never binds a variable: it is the name of a type. Only names that stand for fields do; nested
    /// patterns are not looked at.
    fn pattern(&mut self, pattern: &'a ast::Pattern) -> Pattern<'a> {
        match pattern {
            ast::Pattern::Wildcard(_) => Pattern::Wildcard,
            ast::Pattern::Literal(value) => Pattern::Literal(self.expr(value)),
            ast::Pattern::Name(name) => {
                Pattern::Variant { name: &name.text, record: self.matched_record(name), fields: Vec::new() }
            }
            ast::Pattern::Constructor { name, args, span: _ } => {
                let fields = args.iter().map(|arg| match arg {
                    ast::Pattern::Name(name) => Some(self.local(name)),
                    // Here it is a name like others.
                    &ast::Pattern::Wildcard(span) => Some(self.variable("_", span)),
                    ast::Pattern::Constructor { .. } | ast::Pattern::Literal(_) => None,
                });
                let fields = fields.collect();
                Pattern::Variant { name: &name.text, record: self.matched_record(name), fields }
            }
        }
    }
}
