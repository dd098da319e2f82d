//! What the reference's checker rejects: types as annotations claim them, exhaustive matches,
//! aliases, options, effects.
//!
//! It is a checker of its own over the syntax tree, and decides nothing but diagnostics.
//! Inference ([`crate::check`]) finds what values are and how a program runs; the rules here are
//! local and about what is written. They are kept apart because they disagree: `let x: float = 3`
//! is wrong here and an int there, `m[k]` is an option here and nullable there, and constructs
//! that do not compile yet are checked all the same. Codes, positions and words are the
//! reference's, whose rules are followed also where they are narrow. Where it contradicts itself
//! (a declared alias that is unknown in a signature, a field after an index that is ignored),
//! the rule that it states elsewhere is applied.
//!
//! Checking ends a statement of the file at the first error in it: what follows from an error
//! would be noise.

mod aliases;
mod builtins;
mod calls;
mod declarations;
mod effects;
mod expressions;
mod matching;
mod operators;
mod places;
mod queries;
mod relate;
mod scopes;
mod statements;
#[cfg(test)]
mod tests;
mod types;

use self::declarations::Announced;
use self::scopes::Scopes;
use self::types::{Nominals, Type};
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Program, StmtKind};

/// Checks a program that was parsed without errors. The findings are errors, at most one a
/// statement of the file besides those about names of types and about effects, in the order of
/// the text.
pub(crate) fn check(files: &[SourceFile], program: &Program) -> Vec<Diagnostic> {
    let mut checker = Checker {
        files,
        nominals: Nominals::default(),
        scopes: Scopes::new(),
        copies: 0,
        body: Body { result: Type::Unit, is_loop: false },
        found: Vec::new(),
    };
    checker.program(program);
    let mut found = checker.found;
    found.sort_by_key(|finding| (finding.span, finding.code));
    found.dedup_by_key(|finding| (finding.span, finding.code));
    found.truncate(Findings::LIMIT);
    found
}

type Checked<T> = Result<T, Stop>;

/// What ends the check of a statement.
enum Stop {
    Found(Box<Diagnostic>),
    /// The statement uses a variable whose declaration has an error, which has been said.
    Known,
}

struct Checker<'a> {
    files: &'a [SourceFile],
    nominals: Nominals,
    scopes: Scopes<'a>,
    /// How many copies of type parameters calls have made.
    copies: u32,
    body: Body,
    found: Vec<Diagnostic>,
}

/// What the statements around a place allow: a `return` of that type, and perhaps `break`.
#[derive(Clone)]
struct Body {
    result: Type,
    is_loop: bool,
}

impl<'a> Checker<'a> {
    fn program(&mut self, program: &'a Program) {
        let mut announced: Vec<Announced> = Vec::new();
        for stmt in &program.stmts {
            if let StmtKind::Type(decl) = &stmt.kind {
                announced.push(self.announce(decl));
            }
        }
        self.signatures(program);
        for announced in announced {
            let result = self.define(announced);
            self.note(result);
        }
        for stmt in &program.stmts {
            if !matches!(stmt.kind, StmtKind::Type(_)) {
                let result = self.stmt(stmt, &Type::Unit, false);
                self.note(result);
            }
        }
    }

    fn note(&mut self, result: Checked<()>) {
        if let Err(Stop::Found(finding)) = result {
            self.found.push(*finding);
        }
    }

    /// Does something in a scope of its own.
    fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.enter();
        let result = work(self);
        self.scopes.leave();
        result
    }
}

fn fail<T>(code: Code, span: Span, message: impl Into<String>) -> Checked<T> {
    Err(Stop::Found(Box::new(Diagnostic::error(code, span, message))))
}
