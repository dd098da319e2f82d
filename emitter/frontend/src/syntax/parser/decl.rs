//! Declarations: functions, types, imports, and what belongs to agents, streams and logic.

use super::{Kind, Parse, Parser, Wanted};
use crate::diagnostic::{Code, Diagnostic};
use crate::modules::alias_of;
use crate::source::Span;
use crate::syntax::ast::{
    AgentItem, Block, Condition, Expr, Field, FunDecl, Member, Name, Param, Predicate, Stmt, StmtKind, Term, TypeDecl,
    TypeDeclKind, Variant,
};
use crate::syntax::literal;

impl Parser<'_> {
    /// `[ "export" ] "fun" Ident [ typeParams ] "(" [ params ] ")" [ ":" type ] [ effects ] block`.
    pub(super) fn fun_decl(&mut self) -> Parse<FunDecl> {
        let doc = self.doc(self.at);
        let exported = self.eat(Kind::Export);
        self.expect(Kind::Fun)?;
        let mut marks = Vec::new();
        while self.is_runtime() && self.kind() == Kind::Ident && self.kind_ahead(1) == Kind::Ident {
            marks.push(self.name()?);
        }
        let name = self.name()?;
        let type_params = self.type_params()?;
        let params = self.params()?;
        let result = self.result_type()?;
        let effects = self.effect_list()?;
        let body = self.body_of_function()?;
        Ok(FunDecl { exported, name, type_params, params, result, effects, body, doc, marks })
    }

    /// A block that runs later: what it calls is no effect of the current statement.
    pub(super) fn body_of_function(&mut self) -> Parse<Block> {
        let effects = self.effects;
        let body = self.block();
        self.effects = effects;
        body
    }

    /// `[ "<" Ident {"," Ident} ">" ]`.
    pub(super) fn type_params(&mut self) -> Parse<Vec<Name>> {
        if !self.eat(Kind::Less) {
            return Ok(Vec::new());
        }
        let names = self.comma_separated(Self::name)?;
        self.expect(Kind::Greater)?;
        Ok(names)
    }

    /// `"(" [ params ] ")"`.
    pub(super) fn params(&mut self) -> Parse<Vec<Param>> {
        self.expect(Kind::OpenParen)?;
        self.list_until(Kind::CloseParen, |p| {
            let owned = p.is_runtime() && p.is_word("own") && p.kind_ahead(1) == Kind::Ident;
            if owned {
                p.bump();
            }
            Ok(Param { name: p.name()?, ty: p.result_type()?, owned })
        })
    }

    /// `[ "!" Ident {"," Ident} ]`.
    pub(super) fn effect_list(&mut self) -> Parse<Option<Vec<Name>>> {
        if self.eat(Kind::Not) { self.comma_separated(Self::name).map(Some) } else { Ok(None) }
    }

    /// The name and body of a `test` or `bench`.
    pub(super) fn test(&mut self) -> Parse<(String, Span, Block)> {
        self.bump();
        let (name, span) = self.string()?;
        Ok((name, span, self.block()?))
    }

    /// A string literal that is no expression: a path or a name.
    pub(super) fn string(&mut self) -> Parse<(String, Span)> {
        if self.kind() != Kind::Str {
            return self.unexpected(Wanted::Text("a string"));
        }
        let token = self.bump();
        let bytes = literal::string(self.text(token)).unwrap_or_default();
        Ok((String::from_utf8_lossy(&bytes).into_owned(), self.token_span(token)))
    }

    /// Runtime dialect: `"const" Ident ":" type "=" expr`.
    pub(super) fn const_decl(&mut self) -> Parse<StmtKind> {
        self.bump();
        let Field { name, ty } = self.field()?;
        self.expect(Kind::Eq)?;
        Ok(StmtKind::Const { name, ty, value: self.expr()? })
    }

    /// ```text
    /// "type" Ident ( ["="] "{" member {[","] member} [","] "}"
    ///              | "=" variant "|" variant {"|" variant} | "=" variantWithFields | "=" type )
    /// ```
    pub(super) fn type_decl(&mut self) -> Parse<TypeDecl> {
        let doc = self.doc(self.at);
        self.bump();
        let name = self.name()?;
        let is_alias = self.eat(Kind::Eq);
        let kind = match (self.kind(), self.kind_ahead(1)) {
            (Kind::OpenBrace, next) if !is_alias || next != Kind::CloseBrace => {
                self.bump();
                TypeDeclKind::Struct(self.members()?)
            }
            (_, _) if !is_alias => return self.unexpected(Wanted::Token(Kind::OpenBrace)),
            (Kind::Ident, Kind::Bar) => self.union()?,
            (Kind::Ident, Kind::OpenParen | Kind::OpenBrace) if self.starts_variant_fields(1) => self.union()?,
            _ => TypeDeclKind::Alias(self.type_expr()?),
        };
        Ok(TypeDecl { name, kind, doc })
    }

    fn members(&mut self) -> Parse<Vec<Member>> {
        self.nested(|p| {
            let mut members = Vec::new();
            loop {
                let start = p.at;
                members.push(match p.kind() {
                    Kind::Fun | Kind::Export => {
                        let method = p.fun_decl()?;
                        Member::Method(method, p.span_since(start))
                    }
                    _ => Member::Field(p.field()?),
                });
                let comma = p.eat(Kind::Comma);
                if p.eat(Kind::CloseBrace) {
                    return Ok(members);
                }
                if !comma && !matches!(p.kind(), Kind::Ident | Kind::Fun | Kind::Export) {
                    return p.unexpected(Wanted::Token(Kind::CloseBrace));
                }
            }
        })
    }

    fn union(&mut self) -> Parse<TypeDeclKind> {
        let mut variants = vec![self.variant()?];
        while self.eat(Kind::Bar) {
            variants.push(self.variant()?);
        }
        Ok(TypeDeclKind::Union(variants))
    }

    /// `Ident [ "(" field {"," field} [","] ")" | "{" { field } "}" ]`.
    fn variant(&mut self) -> Parse<Variant> {
        let name = self.name()?;
        let mut fields = Vec::new();
        if self.starts_variant_fields(0) {
            if self.bump().kind == Kind::OpenParen {
                fields = self.open_list_until(Kind::CloseParen, Self::field)?;
            } else {
                while !self.eat(Kind::CloseBrace) {
                    if self.kind() != Kind::Ident {
                        return self.unexpected(Wanted::Token(Kind::CloseBrace));
                    }
                    fields.push(self.field()?);
                }
            }
        }
        Ok(Variant { name, fields })
    }

    /// Whether the fields of a variant start `ahead` tokens from here, rather than the
    /// next statement.
    fn starts_variant_fields(&self, ahead: usize) -> bool {
        let next = (self.kind_ahead(ahead + 1), self.kind_ahead(ahead + 2));
        match self.kind_ahead(ahead) {
            Kind::OpenParen => next == (Kind::Ident, Kind::Colon),
            Kind::OpenBrace => next == (Kind::Ident, Kind::Colon) || next.0 == Kind::CloseBrace,
            _ => false,
        }
    }

    /// `"import" [ Ident ] String [ "as" Ident ] [ "auto" ]`; in the runtime's dialect also
    /// `"import" ( "wasi" | String String ) Ident "(" [ params ] ")" [ ":" type ]`.
    pub(super) fn import(&mut self) -> Parse<StmtKind> {
        let start = self.at;
        self.bump();
        if self.is_runtime() && self.is_word("wasi") && self.kind_ahead(1) == Kind::Ident {
            self.bump();
            return self.import_host(None);
        }
        if self.is_runtime() && self.kind() == Kind::Str && self.kind_ahead(1) == Kind::Str {
            let (module, field) = (self.string()?.0, self.string()?.0);
            return self.import_host(Some((module, field)));
        }
        let language = if self.kind() == Kind::Ident { Some(self.name()?) } else { None };
        let (path, path_span) = self.string()?;
        let alias = if self.eat_word("as") { Some(self.name()?) } else { None };
        let auto = self.eat_word("auto");
        if let Some(language) = &language {
            const LANGUAGES: [&str; 7] = ["go", "python", "typescript", "zig", "lua", "clj", "clojure"];
            if !LANGUAGES.contains(&language.text.as_str()) {
                let message = format!("`{}` is not a language to import from", language.text);
                // At the statement, as in the reference.
                let span = self.span_since(start);
                self.report_shape(Diagnostic::error(Code::P064, span, message));
            }
        }
        if language.is_none() {
            let name = alias.as_ref().map_or_else(|| alias_of(&path), |alias| alias.text.as_str());
            self.modules.insert(name.to_owned());
        }
        Ok(StmtKind::Import { language, path, path_span, alias, auto })
    }

    fn import_host(&mut self, from: Option<(String, String)>) -> Parse<StmtKind> {
        let (name, params, result) = (self.name()?, self.params()?, self.result_type()?);
        Ok(StmtKind::ImportHost { from, name, params, result })
    }

    /// `"extern" ( "type" | "object" | "var" | "let" | "fun" ) …`.
    pub(super) fn extern_decl(&mut self) -> Parse<StmtKind> {
        self.bump();
        match self.kind() {
            Kind::Type => {
                self.bump();
                Ok(StmtKind::ExternType { name: self.name()? })
            }
            Kind::Var | Kind::Let => {
                let mutable = self.bump().kind == Kind::Var;
                let path = self.path()?;
                self.expect(Kind::Colon)?;
                Ok(StmtKind::ExternVar { mutable, path, ty: self.type_expr()? })
            }
            Kind::Fun => {
                self.bump();
                Ok(StmtKind::ExternFun { path: self.path()?, params: self.params()?, result: self.result_type()? })
            }
            _ if self.eat_word("object") => Ok(StmtKind::ExternObject { name: self.name()? }),
            _ => self.unexpected(Wanted::Text("`type`, `var`, `let`, `fun` or `object`")),
        }
    }

    /// `Ident { "." Ident }`.
    fn path(&mut self) -> Parse<Vec<Name>> {
        let mut path = vec![self.name()?];
        while self.eat(Kind::Dot) {
            path.push(self.name()?);
        }
        Ok(path)
    }

    /// `"rule" pred ":-" cond {"," cond}`.
    pub(super) fn rule(&mut self) -> Parse<StmtKind> {
        self.bump();
        let head = self.predicate()?;
        self.expect(Kind::Turnstile)?;
        let body = self.comma_separated(|p| {
            if p.kind_ahead(1) != Kind::NotEq {
                return p.predicate().map(Condition::Holds);
            }
            let left = p.name()?;
            p.bump();
            Ok(Condition::Differ(left, p.name()?))
        })?;
        Ok(StmtKind::Rule { head, body })
    }

    /// `Ident "(" [ term {"," term} ] ")"`.
    pub(super) fn predicate(&mut self) -> Parse<Predicate> {
        let start = self.at;
        let name = self.name()?;
        self.expect(Kind::OpenParen)?;
        let terms = self.list_until(Kind::CloseParen, |p| match p.kind() {
            Kind::Ident => p.name().map(Term::Var),
            Kind::Str => p.string().map(|(text, span)| Term::Str(text, span)),
            Kind::Int => {
                let token = p.bump();
                Ok(Term::Int(p.int_value(token), p.token_span(token)))
            }
            _ => p.unexpected(Wanted::Text("a name, a string or a number")),
        })?;
        Ok(Predicate { name, terms, span: self.span_since(start) })
    }

    /// `"stream" Ident "{" { Ident ":" type } "}"`.
    pub(super) fn stream(&mut self) -> Parse<StmtKind> {
        self.bump();
        let name = self.name()?;
        self.expect(Kind::OpenBrace)?;
        let mut fields = Vec::new();
        while self.kind() == Kind::Ident {
            fields.push(self.field()?);
        }
        self.expect(Kind::CloseBrace)?;
        Ok(StmtKind::Stream { name, fields })
    }

    /// `"model" Ident "{" { Ident ":" expr } "}"`.
    pub(super) fn model(&mut self) -> Parse<StmtKind> {
        self.bump();
        let name = self.name()?;
        self.expect(Kind::OpenBrace)?;
        let mut settings = Vec::new();
        while self.kind() == Kind::Ident {
            settings.push(self.named_value()?);
        }
        self.expect(Kind::CloseBrace)?;
        Ok(StmtKind::Model { name, settings })
    }

    /// `Ident ":" expr`.
    pub(super) fn named_value(&mut self) -> Parse<(Name, Expr)> {
        let name = self.name()?;
        self.expect(Kind::Colon)?;
        Ok((name, self.expr()?))
    }

    /// `"on" Ident "as" Ident block`.
    pub(super) fn on_handler(&mut self) -> Parse<StmtKind> {
        self.bump();
        let stream = self.name()?;
        self.expect_word("as")?;
        let var = self.name()?;
        Ok(StmtKind::On { stream, var, body: self.block()? })
    }

    /// `"emit" Ident "{" [ Ident ":" expr {"," Ident ":" expr} ] [","] "}"`.
    pub(super) fn emit(&mut self) -> Parse<StmtKind> {
        self.bump();
        let stream = self.name()?;
        self.expect(Kind::OpenBrace)?;
        Ok(StmtKind::Emit { stream, fields: self.open_list_until(Kind::CloseBrace, Self::named_value)? })
    }

    /// `"agent" Ident "{" { let | var | assign | on | intent } "}"`.
    pub(super) fn agent(&mut self) -> Parse<StmtKind> {
        self.bump();
        let name = self.name()?;
        self.expect(Kind::OpenBrace)?;
        let mut body = Vec::new();
        while !self.eat(Kind::CloseBrace) {
            let start = self.at;
            let kind = match self.kind() {
                Kind::Let | Kind::Var => self.variable()?,
                Kind::On => self.on_handler()?,
                Kind::Ident => self.assignment()?,
                Kind::Intent => {
                    body.push(self.intent()?);
                    continue;
                }
                _ => return self.unexpected(Wanted::Token(Kind::CloseBrace)),
            };
            body.push(AgentItem::Stmt(Stmt { kind, span: self.span_since(start) }));
        }
        Ok(StmtKind::Agent { name, body })
    }

    /// `"intent" Ident "(" [ params ] ")" [ ":" type ] block`.
    fn intent(&mut self) -> Parse<AgentItem> {
        let start = self.at;
        self.bump();
        let name = self.name()?;
        let params = self.params()?;
        let result = self.result_type()?;
        let body = self.block()?;
        Ok(AgentItem::Intent { name, params, result, body, span: self.span_since(start) })
    }
}
