//! Tokens to syntax tree: recursive descent, with binding powers for operators.
//!
//! This file holds what all parts share: the cursor, errors and recovery, and the two
//! limits that keep every walk over the tree from running out of stack. *Nesting* counts
//! the constructs that are open around the current token (the parser's own recursion).
//! *Height* bounds the finished tree, whose chains (`a + b + …`, `f(1)(2)…`, `else if …`)
//! the parser builds in loops, yet every later stage descends into.
//!
//! The functions that recursion passes through are marked `inline(never)` where a merged
//! frame would hold the locals of every alternative: a release build then took 10 KB of
//! stack for one parenthesis, now 2.
//!
//! After an error the statement is given up and reading resumes where a statement most
//! likely starts; the error's token is the furthest that any reading reached, which is
//! also where the reference reports it.

mod decl;
mod expr;
mod stmt;
mod types;

use std::collections::BTreeSet;

use super::Dialect;
use super::ast::{Name, Program};
use super::token::{Doc, Kind, Token};
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::source::{SourceFile, Span};

/// The deepest nesting of expressions, blocks and types.
pub(super) const NESTING_LIMIT: u32 = 256;
/// The greatest height of a tree. Of 1,421 programs of the reference's collections none
/// exceeds 60; the stages that walk a tree of this height need a few megabytes of stack.
pub(super) const HEIGHT_LIMIT: u32 = 1000;

pub(super) fn parse(
    file: &SourceFile,
    file_index: u32,
    dialect: Dialect,
    tokens: Vec<Token>,
    docs: Vec<Doc>,
) -> (Program, Vec<Diagnostic>) {
    let mut parser = Parser {
        file,
        file_index,
        dialect,
        tokens,
        docs,
        at: 0,
        grammar: Findings::default(),
        shapes: Findings::default(),
        last_error: None,
        is_trying: false,
        nesting: 0,
        open_blocks: 0,
        height: 0,
        effects: 0,
        exports: BTreeSet::new(),
        modules: BTreeSet::new(),
    };
    let mut program = parser.program();
    program.exports = parser.exports;
    let mut diagnostics = parser.grammar.into_vec();
    diagnostics.extend(parser.shapes.into_vec());
    (program, diagnostics)
}

/// A construct could not be read; the reason has been reported.
#[derive(Debug)]
struct Failed;

type Parse<T> = Result<T, Failed>;

/// What the grammar asks for at a token that it does not find there.
#[derive(Clone, Copy)]
enum Wanted {
    Token(Kind),
    Expr,
    Type,
    /// A name for the variable that `let` or `var` declares.
    VariableName,
    Name,
    /// The next statement or, in a block, its brace.
    EndOfStatement,
    /// In words.
    Text(&'static str),
}

struct Parser<'a> {
    file: &'a SourceFile,
    file_index: u32,
    dialect: Dialect,
    tokens: Vec<Token>,
    docs: Vec<Doc>,
    at: usize,
    /// Text that is not in the grammar.
    grammar: Findings,
    /// Text that is in the grammar but not in the language.
    shapes: Findings,
    /// The token of the last error: a second one at the same place says nothing new.
    last_error: Option<usize>,
    /// Whether failing is an answer here and not an error, see [`Parser::try_parse`].
    is_trying: bool,
    nesting: u32,
    open_blocks: u32,
    /// The greatest height among the trees finished so far inside the innermost nesting.
    height: u32,
    /// How many calls and the like were read so far that run with the current statement.
    effects: u32,
    exports: BTreeSet<String>,
    /// The names that imports of modules of the language have given so far.
    modules: BTreeSet<String>,
}

impl Parser<'_> {
    fn token(&self) -> Token {
        self.tokens[self.at]
    }

    fn kind(&self) -> Kind {
        self.tokens[self.at].kind
    }

    fn kind_ahead(&self, ahead: usize) -> Kind {
        self.tokens.get(self.at + ahead).map_or(Kind::End, |token| token.kind)
    }

    fn text(&self, token: Token) -> &str {
        &self.file.text[token.start as usize..token.end as usize]
    }

    /// Whether the current token is the contextual word `word`.
    fn is_word(&self, word: &str) -> bool {
        self.is_word_ahead(0, word)
    }

    fn is_word_ahead(&self, ahead: usize, word: &str) -> bool {
        self.kind_ahead(ahead) == Kind::Ident && self.text(self.tokens[self.at + ahead]) == word
    }

    fn is_runtime(&self) -> bool {
        self.dialect == Dialect::Runtime
    }

    fn token_span(&self, token: Token) -> Span {
        Span { file: self.file_index, start: token.start, end: token.end }
    }

    fn span(&self) -> Span {
        self.token_span(self.token())
    }

    /// From the start of the token at index `start` to the end of the last token read.
    fn span_since(&self, start: usize) -> Span {
        let end = self.tokens[self.at.saturating_sub(1).max(start)].end;
        Span { file: self.file_index, start: self.tokens[start].start, end }
    }

    fn bump(&mut self) -> Token {
        let token = self.token();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    fn eat(&mut self, kind: Kind) -> bool {
        let found = self.kind() == kind;
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, kind: Kind) -> Parse<Token> {
        if self.kind() == kind { Ok(self.bump()) } else { self.unexpected(Wanted::Token(kind)) }
    }

    fn expect_word(&mut self, word: &'static str) -> Parse<()> {
        if self.eat_word(word) { Ok(()) } else { self.unexpected(Wanted::Text(word)) }
    }

    fn name(&mut self) -> Parse<Name> {
        self.name_for(Wanted::Name)
    }

    fn name_for(&mut self, wanted: Wanted) -> Parse<Name> {
        if self.kind() != Kind::Ident {
            return self.unexpected(wanted);
        }
        let token = self.bump();
        Ok(Name { text: self.text(token).to_string(), span: self.token_span(token) })
    }

    /// `item { "," item }`.
    fn comma_separated<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat(Kind::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `[ item { "," item } ] close`.
    fn list_until<T>(&mut self, close: Kind, item: impl FnMut(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        if self.eat(close) {
            return Ok(Vec::new());
        }
        let items = self.comma_separated(item)?;
        self.expect(close)?;
        Ok(items)
    }

    /// `[ item { "," item } ] [ "," ] close`.
    fn open_list_until<T>(&mut self, close: Kind, mut item: impl FnMut(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        let mut items = Vec::new();
        while self.kind() != close && self.kind() != Kind::Comma {
            items.push(item(self)?);
            if self.kind() != Kind::Comma || self.kind_ahead(1) == close {
                break;
            }
            self.bump();
            if self.kind() == Kind::Comma {
                return self.unexpected(Wanted::Token(close));
            }
        }
        self.eat(Kind::Comma);
        self.expect(close)?;
        Ok(items)
    }

    /// Reads one level of nesting.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.nesting == NESTING_LIMIT {
            return self.too_large(format!("more than {NESTING_LIMIT} constructs are nested in each other here"));
        }
        self.nesting += 1;
        let outer = std::mem::replace(&mut self.height, 0);
        let result = read(self);
        self.nesting -= 1;
        let result = result.and_then(|value| self.grow(1).map(|()| value));
        self.height = self.height.max(outer);
        result
    }

    /// Records that the trees read so far have become the parts of one that is `levels` higher.
    fn grow(&mut self, levels: u32) -> Parse<()> {
        self.height += levels;
        if self.height > HEIGHT_LIMIT {
            return self
                .too_large(format!("more than {HEIGHT_LIMIT} operations or branches depend on each other here"));
        }
        Ok(())
    }

    /// Gives up on the file: whatever comes inside of a construct that was cut off would
    /// be misread.
    fn too_large<T>(&mut self, message: String) -> Parse<T> {
        if !self.is_trying {
            let span = self.span();
            self.report(Diagnostic::error(Code::M002, span, message));
            self.give_up();
        }
        Err(Failed)
    }

    fn give_up(&mut self) {
        self.at = self.tokens.len() - 1;
        self.last_error = Some(self.at);
    }

    /// Reads something that may turn out to be something else; then nothing is read.
    fn try_parse<T>(&mut self, read: impl FnOnce(&mut Self) -> Parse<T>) -> Option<T> {
        let (at, height, nesting, effects) = (self.at, self.height, self.nesting, self.effects);
        let was_trying = std::mem::replace(&mut self.is_trying, true);
        let result = read(self);
        self.is_trying = was_trying;
        if result.is_err() {
            (self.at, self.height, self.nesting, self.effects) = (at, height, nesting, effects);
        }
        result.ok()
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.is_trying || self.last_error == Some(self.at) {
            return;
        }
        self.last_error = Some(self.at);
        self.grammar.push(diagnostic);
        if self.grammar.is_full() {
            self.give_up();
        }
    }

    fn report_shape(&mut self, diagnostic: Diagnostic) {
        if !self.is_trying {
            self.shapes.push(diagnostic);
        }
    }

    fn unexpected<T>(&mut self, wanted: Wanted) -> Parse<T> {
        if self.is_trying {
            return Err(Failed);
        }
        let token = self.token();
        // The reference derives the code from the words of its parser generator's message;
        // this order of questions gives the same codes.
        let code = match (wanted, token.kind) {
            (Wanted::Token(Kind::OpenBrace | Kind::CloseBrace), _) => Code::P001,
            (Wanted::EndOfStatement, _) if self.open_blocks > 0 => Code::P001,
            (Wanted::VariableName, Kind::Colon) => Code::P031,
            (Wanted::Token(Kind::OpenParen | Kind::CloseParen), _) => Code::P052,
            (_, Kind::Dot) => Code::P055,
            (_, Kind::Let) => Code::P056,
            (_, _) => Code::P999,
        };
        let wanted = match wanted {
            Wanted::Token(kind) => format!("expected `{}`", kind.spelling().unwrap_or_default()),
            Wanted::Expr => "expected an expression".to_string(),
            Wanted::Type => "expected a type".to_string(),
            Wanted::VariableName | Wanted::Name => "expected a name".to_string(),
            Wanted::EndOfStatement if token.kind == Kind::Eq => {
                "only a name, then indexes, then fields can be assigned".to_string()
            }
            Wanted::EndOfStatement if self.open_blocks > 0 => "expected a statement or `}`".to_string(),
            Wanted::EndOfStatement => "expected a statement".to_string(),
            Wanted::Text(text) => format!("expected {text}"),
        };
        let message = format!("{wanted}, found {}", self.describe(token));
        let span = self.span();
        self.report(Diagnostic::error(code, span, message));
        Err(Failed)
    }

    /// A token as a message names it.
    fn describe(&self, token: Token) -> String {
        match token.kind {
            Kind::End => "the end of the file".to_string(),
            Kind::Str => "a string".to_string(),
            Kind::Ident | Kind::Int | Kind::Float => {
                let text = self.text(token);
                let cut = text.char_indices().nth(32).map_or(text.len(), |(at, _)| at);
                format!("`{}{}`", &text[..cut], if cut < text.len() { "…" } else { "" })
            }
            keyword_or_sign => format!("`{}`", keyword_or_sign.spelling().unwrap_or_default()),
        }
    }

    /// Skips to where a statement most likely starts, or to the end of the current block.
    /// `start` is the first token of the statement that failed.
    fn recover(&mut self, start: usize) {
        let mut open_braces = self.tokens[start..self.at].iter().fold(0u32, |open, token| match token.kind {
            Kind::OpenBrace => open + 1,
            Kind::CloseBrace => open.saturating_sub(1),
            _ => open,
        });
        // The statement's own braces may lack their partners, but only blocks have
        // statements in them, and those recover by themselves.
        let own_braces = open_braces;
        loop {
            let token = self.token();
            match token.kind {
                Kind::End => return,
                Kind::CloseBrace if open_braces == 0 => return,
                Kind::CloseBrace => open_braces -= 1,
                Kind::OpenBrace => open_braces += 1,
                kind if open_braces <= own_braces
                    && token.starts_line
                    && self.at > start
                    && (stmt::starts_with_keyword(kind)
                        || kind == Kind::Ident && matches!(self.kind_ahead(1), Kind::Eq | Kind::OpenParen)) =>
                {
                    return;
                }
                _ => {}
            }
            self.bump();
        }
    }

    /// The doc lines above the token at index `token`.
    fn doc(&self, token: usize) -> Vec<String> {
        self.docs
            .binary_search_by_key(&token, |doc| doc.token)
            .map_or_else(|_| Vec::new(), |at| self.docs[at].lines.clone())
    }
}
