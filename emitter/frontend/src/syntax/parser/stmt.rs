//! Statements and blocks.

use super::expr::is_bare;
use super::{Failed, Kind, Parse, Parser, Wanted};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Block, Else, Expr, ExprKind, IfStmt, MapEntry, Name, Program, Stmt, StmtKind, TypeDecl};

/// Whether `kind` is a keyword that only a statement starts with, or nearly so.
pub(super) fn starts_with_keyword(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        Test | Expect
            | Agent
            | On
            | Stream
            | Emit
            | Type
            | Fun
            | Extern
            | Import
            | Return
            | Break
            | Continue
            | Let
            | Var
            | If
            | For
            | While
            | Fetch
            | Export
            | Fact
            | Rule
    )
}

impl Parser<'_> {
    /// `[ "package" Ident ] { stmt }`.
    pub(super) fn program(&mut self) -> Program {
        let mut program = Program::default();
        if self.eat(Kind::Package) {
            program.package = self.name().ok();
        }
        loop {
            self.stmts(&mut program.stmts);
            if self.kind() == Kind::End {
                return program;
            }
            self.skip_what_starts_no_stmt();
        }
    }

    /// `"{" { stmt } "}"`.
    pub(super) fn block(&mut self) -> Parse<Block> {
        self.expect(Kind::OpenBrace)?;
        self.rest_of_block(Vec::new())
    }

    /// The block whose brace and first statements have been read.
    pub(super) fn rest_of_block(&mut self, mut stmts: Vec<Stmt>) -> Parse<Block> {
        self.open_blocks += 1;
        let block = self.nested(|p| {
            loop {
                p.stmts(&mut stmts);
                match p.kind() {
                    Kind::CloseBrace => {
                        p.bump();
                        return Ok(std::mem::take(&mut stmts));
                    }
                    Kind::End => return p.unexpected(Wanted::Token(Kind::CloseBrace)),
                    _ => p.skip_what_starts_no_stmt(),
                }
            }
        });
        self.open_blocks -= 1;
        block
    }

    fn skip_what_starts_no_stmt(&mut self) {
        let start = self.at;
        // The failure has been reported and there is nothing to give up but this token.
        let _: Parse<()> = self.unexpected(Wanted::EndOfStatement);
        self.bump();
        self.recover(start);
    }

    /// Statements up to a token that starts none.
    fn stmts(&mut self, stmts: &mut Vec<Stmt>) {
        while self.starts_stmt() {
            let start = self.at;
            // Statements stand side by side: the highest counts, not their sum.
            let highest = std::mem::replace(&mut self.height, 0);
            let stmt = self.stmt();
            self.height = self.height.max(highest);
            match stmt {
                Ok(stmt) => {
                    self.check_use(&stmt);
                    stmts.push(stmt);
                }
                Err(_) => {
                    if self.at == start {
                        self.bump();
                    }
                    self.recover(start);
                }
            }
        }
    }

    fn starts_stmt(&self) -> bool {
        starts_with_keyword(self.kind()) || self.starts_expr()
    }

    /// A statement; an expression among them is not checked for being useless yet.
    pub(super) fn stmt(&mut self) -> Parse<Stmt> {
        let start = self.at;
        self.effects = 0;
        let kind = match self.kind() {
            Kind::Let | Kind::Var => self.variable()?,
            Kind::Return => {
                self.bump();
                StmtKind::Return(if self.starts_returned_value() { Some(self.expr()?) } else { None })
            }
            Kind::If => self.if_stmt()?,
            Kind::While => {
                self.bump();
                StmtKind::While { cond: self.expr()?, body: self.block()? }
            }
            Kind::For => self.for_stmt()?,
            Kind::Break => {
                self.bump();
                StmtKind::Break
            }
            Kind::Continue => {
                self.bump();
                StmtKind::Continue
            }
            Kind::Expect => {
                self.bump();
                StmtKind::Expect(self.expr()?)
            }
            Kind::Fun if matches!(self.kind_ahead(1), Kind::OpenParen | Kind::Less) => self.expr_stmt()?,
            // The reference describes these exports and cannot read them.
            Kind::Export
                if self.open_blocks == 0 && matches!(self.kind_ahead(1), Kind::Let | Kind::Var | Kind::Type) =>
            {
                self.bump();
                let stmt = self.stmt()?;
                if let StmtKind::Let { name, .. } | StmtKind::Type(TypeDecl { name, .. }) = &stmt.kind {
                    self.exports.insert(name.text.clone());
                }
                stmt.kind
            }
            Kind::Fun | Kind::Export => StmtKind::Fun(self.fun_decl()?),
            Kind::Test => {
                let (name, name_span, body) = self.test()?;
                StmtKind::Test { name, name_span, body }
            }
            Kind::Fetch => self.fetch_stmt()?,
            Kind::Type => StmtKind::Type(self.type_decl()?),
            Kind::Import => self.import()?,
            Kind::Extern => self.extern_decl()?,
            Kind::Fact => {
                self.bump();
                StmtKind::Fact(self.predicate()?)
            }
            Kind::Rule => self.rule()?,
            Kind::Stream => self.stream()?,
            Kind::On => self.on_handler()?,
            Kind::Emit => self.emit()?,
            Kind::Agent => self.agent()?,
            Kind::Ident => match self.contextual_stmt() {
                Some(read) => read(self)?,
                None => self.expr_stmt()?,
            },
            _ => self.expr_stmt()?,
        };
        Ok(Stmt { kind, span: self.span_since(start) })
    }

    /// The statements that start with a word which is a name elsewhere.
    fn contextual_stmt(&self) -> Option<fn(&mut Self) -> Parse<StmtKind>> {
        match (self.text(self.token()), self.kind_ahead(1), self.kind_ahead(2)) {
            ("bench", Kind::Str, _) => Some(|p| {
                let (name, name_span, body) = p.test()?;
                Ok(StmtKind::Bench { name, name_span, body })
            }),
            ("model", Kind::Ident, Kind::OpenBrace) => Some(Self::model),
            ("update", Kind::Ident, Kind::Ident) if self.is_word_ahead(2, "set") => Some(Self::update),
            ("const", Kind::Ident, _) if self.is_runtime() => Some(Self::const_decl),
            _ => None,
        }
    }

    /// `( "let" | "var" ) Ident [ ":" type ] [ "=" expr ]`.
    pub(super) fn variable(&mut self) -> Parse<StmtKind> {
        let mutable = self.bump().kind == Kind::Var;
        let name = self.name_for(Wanted::VariableName)?;
        let ty = self.result_type()?;
        let value = if self.eat(Kind::Eq) { Some(self.expr()?) } else { None };
        Ok(StmtKind::Let { mutable, name, ty, value })
    }

    /// Whether `return` has a value. The reference tries to read one and otherwise does
    /// without, so that a declaration may follow a bare `return`.
    fn starts_returned_value(&self) -> bool {
        self.starts_expr() && !(self.kind() == Kind::Fun && self.kind_ahead(1) == Kind::Ident)
    }

    /// `"if" expr block { "else" "if" expr block } [ "else" block ]`, or the expression
    /// `if c then a else b` as a statement.
    #[inline(never)]
    fn if_stmt(&mut self) -> Parse<StmtKind> {
        let start = self.at;
        self.bump();
        let cond = self.expr()?;
        if self.kind() == Kind::Then {
            let first = self.if_expr_after_condition(start, cond)?;
            return Ok(StmtKind::Expr(self.expr_after_primary(first, start)?));
        }
        let then = self.block()?;
        // Read in a loop and folded from the end: the chain may be long.
        let mut chain = vec![(self.at, IfStmt { cond, then, otherwise: None })];
        let mut last = None;
        while self.eat(Kind::Else) {
            if self.kind() != Kind::If {
                last = Some(Else::Block(self.block()?));
                break;
            }
            let start = self.at;
            self.bump();
            let cond = self.expr()?;
            let then = self.block()?;
            self.grow(1)?;
            chain.push((start, IfStmt { cond, then, otherwise: None }));
        }
        while let Some((start, mut link)) = chain.pop() {
            link.otherwise = last.take();
            if chain.is_empty() {
                return Ok(StmtKind::If(link));
            }
            last = Some(Else::If(Box::new(link), self.span_since(start)));
        }
        unreachable!("the chain holds at least the first condition")
    }

    /// `"for" Ident "in" expr [ ".." expr ] block`.
    #[inline(never)]
    fn for_stmt(&mut self) -> Parse<StmtKind> {
        self.bump();
        let var = self.name()?;
        self.expect(Kind::In)?;
        let start = self.expr()?;
        if self.eat(Kind::DotDot) {
            let end = self.expr()?;
            return Ok(StmtKind::ForRange { var, start, end, body: self.block()? });
        }
        Ok(StmtKind::ForIn { var, iter: start, body: self.block()? })
    }

    /// `"fetch" expr "into" Ident [ "with" expr ]`, or the expression `fetch` as a statement.
    #[inline(never)]
    fn fetch_stmt(&mut self) -> Parse<StmtKind> {
        let start = self.at;
        self.bump();
        let url = self.expr()?;
        if self.eat_word("into") {
            let into = self.name()?;
            let with = self.with_clause()?.map(|with| *with);
            return Ok(StmtKind::Fetch { url, into, with });
        }
        let first = self.fetch_expr_after_url(start, url)?;
        Ok(StmtKind::Expr(self.expr_after_primary(first, start)?))
    }

    /// `"update" Ident "set" mapLit [ "where" expr ]`.
    #[inline(never)]
    fn update(&mut self) -> Parse<StmtKind> {
        self.bump();
        let target = self.name()?;
        self.expect_word("set")?;
        self.expect(Kind::OpenBrace)?;
        let set: Vec<MapEntry> = self.rest_of_map()?;
        let cond = if self.eat_word("where") { Some(self.expr()?) } else { None };
        Ok(StmtKind::Update { target, set, cond })
    }

    /// An expression, or the assignment whose left side it turns out to be.
    fn expr_stmt(&mut self) -> Parse<StmtKind> {
        let target = self.expr()?;
        if self.kind() != Kind::Eq {
            return Ok(StmtKind::Expr(target));
        }
        let (target, indexes, fields) = match assignment_target(target) {
            Ok(parts) => parts,
            Err(NoTarget::Slice(span)) => {
                self.report(Diagnostic::error(
                    Code::M001,
                    span,
                    "a slice is a list of its own, so it cannot be assigned to",
                ));
                return Err(Failed);
            }
            Err(NoTarget::Other) => return self.unexpected(Wanted::EndOfStatement),
        };
        self.bump();
        Ok(StmtKind::Assign { target, indexes, fields, value: self.expr()? })
    }

    /// `Ident { index } { "." Ident } "=" expr`, where only a name, all indexes and then
    /// all fields may be assigned.
    pub(super) fn assignment(&mut self) -> Parse<StmtKind> {
        match self.expr_stmt()? {
            StmtKind::Expr(_) => self.unexpected(Wanted::Token(Kind::Eq)),
            assignment => Ok(assignment),
        }
    }

    /// Warns about an expression statement that does nothing (P065).
    pub(super) fn check_use(&mut self, stmt: &Stmt) {
        if matches!(stmt.kind, StmtKind::Expr(_)) && self.effects == 0 {
            let message = "the value of this expression is not used";
            self.report_shape(Diagnostic::warning(Code::P065, stmt.span, message));
        }
    }
}

/// Why an expression is no place that can be assigned.
enum NoTarget {
    /// The grammar has it; nothing says what it should mean.
    Slice(Span),
    Other,
}

/// A name, the indexes and the fields of a place that is assigned.
fn assignment_target(expr: Expr) -> Result<(Name, Vec<Expr>, Vec<Name>), NoTarget> {
    let mut indexes = Vec::new();
    let mut fields = Vec::new();
    let mut place = expr;
    loop {
        match place.kind {
            ExprKind::Name(text) if is_bare(&text, place.span) => {
                indexes.reverse();
                fields.reverse();
                return Ok((Name { text, span: place.span }, indexes, fields));
            }
            ExprKind::Field { of, name, optional: false } if indexes.is_empty() => {
                fields.push(name);
                place = *of;
            }
            ExprKind::Index { of, index, optional: false } => {
                indexes.push(*index);
                place = *of;
            }
            ExprKind::Slice { .. } => return Err(NoTarget::Slice(place.span)),
            _ => return Err(NoTarget::Other),
        }
    }
}
