//! Expressions, queries and patterns.

use super::{Kind, Parse, Parser, Wanted};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{
    ArmBody, BinaryOp, Expr, ExprKind, JoinKind, Lambda, LambdaBody, MapEntry, MapKey, MatchArm, Name, Pattern, Query,
    QueryFrom, QueryGroup, QueryJoin, Stmt, StmtKind, UnaryOp,
};
use crate::syntax::literal;
use crate::syntax::token::Token;

/// A binary operator where one can stand.
struct Operator {
    op: BinaryOp,
    /// Tighter operators have larger numbers; all associate to the left.
    power: u8,
    /// How many tokens spell it.
    tokens: usize,
}

impl Parser<'_> {
    /// Whether the current token can start an expression.
    pub(super) fn starts_expr(&self) -> bool {
        self.starts_expr_ahead(0)
    }

    fn starts_expr_ahead(&self, ahead: usize) -> bool {
        use Kind::*;
        matches!(
            self.kind_ahead(ahead),
            Ident
                | Int
                | Float
                | Str
                | True
                | False
                | Fun
                | If
                | Generate
                | Match
                | Fetch
                | Load
                | Save
                | None
                | Minus
                | Not
                | OpenParen
                | OpenBracket
                | OpenBrace
        )
    }

    pub(super) fn expr(&mut self) -> Parse<Expr> {
        self.nested(|p| p.binary(0))
    }

    /// The expression whose first primary has been read.
    pub(super) fn expr_after_primary(&mut self, first: Expr, start: usize) -> Parse<Expr> {
        self.nested(|p| {
            let operand = p.postfix(first, start)?;
            p.binary_after(operand, start, 0)
        })
    }

    fn binary(&mut self, least: u8) -> Parse<Expr> {
        let start = self.at;
        let operand = self.unary()?;
        self.binary_after(operand, start, least)
    }

    fn binary_after(&mut self, mut left: Expr, start: usize, least: u8) -> Parse<Expr> {
        while let Some(operator) = self.operator().filter(|operator| operator.power >= least) {
            for _ in 0..operator.tokens {
                self.bump();
            }
            let left_height = std::mem::replace(&mut self.height, 0);
            let right = self.binary(operator.power + 1)?;
            self.height = self.height.max(left_height);
            self.grow(1)?;
            let kind = ExprKind::Binary(operator.op, Box::new(left), Box::new(right));
            left = Expr { kind, span: self.span_since(start) };
        }
        Ok(left)
    }

    fn operator(&self) -> Option<Operator> {
        let row = |op, power, tokens| Some(Operator { op, power, tokens });
        match self.kind() {
            Kind::Ident => match self.text(self.token()) {
                "union" if self.kind_ahead(1) == Kind::All => row(BinaryOp::UnionAll, 0, 2),
                // Words that may also be variables: operators only before an operand.
                "union" if self.starts_operand_ahead(1) => row(BinaryOp::Union, 0, 1),
                "except" if self.starts_operand_ahead(1) => row(BinaryOp::Except, 0, 1),
                "intersect" if self.starts_operand_ahead(1) => row(BinaryOp::Intersect, 0, 1),
                _ => None,
            },
            Kind::QuestionQuestion => row(BinaryOp::Else, 1, 1),
            Kind::OrOr => row(BinaryOp::Or, 2, 1),
            Kind::AndAnd => row(BinaryOp::And, 3, 1),
            Kind::EqEq => row(BinaryOp::Eq, 4, 1),
            Kind::NotEq => row(BinaryOp::Ne, 4, 1),
            Kind::In => row(BinaryOp::In, 4, 1),
            Kind::Less if self.is_shift(2, Kind::Less) => row(BinaryOp::Shl, 9, 2),
            Kind::Less => row(BinaryOp::Lt, 5, 1),
            Kind::LessEq => row(BinaryOp::Le, 5, 1),
            Kind::Greater if self.is_shift(3, Kind::Greater) => row(BinaryOp::ShrU, 9, 3),
            Kind::Greater if self.is_shift(2, Kind::Greater) => row(BinaryOp::Shr, 9, 2),
            Kind::Greater => row(BinaryOp::Gt, 5, 1),
            Kind::GreaterEq => row(BinaryOp::Ge, 5, 1),
            Kind::Bar if self.is_runtime() => row(BinaryOp::BitOr, 6, 1),
            Kind::Caret => row(BinaryOp::BitXor, 7, 1),
            Kind::And => row(BinaryOp::BitAnd, 8, 1),
            Kind::Plus => row(BinaryOp::Add, 10, 1),
            Kind::Minus => row(BinaryOp::Sub, 10, 1),
            Kind::Star => row(BinaryOp::Mul, 11, 1),
            Kind::Slash => row(BinaryOp::Div, 11, 1),
            Kind::Percent => row(BinaryOp::Rem, 11, 1),
            _ => None,
        }
    }

    /// Whether a word before the token `ahead` can be an operator. In `union(a, b)` it is a
    /// function's name: no operand has a comma between its parentheses.
    fn starts_operand_ahead(&self, ahead: usize) -> bool {
        if self.kind_ahead(ahead) != Kind::OpenParen {
            return self.starts_expr_ahead(ahead);
        }
        let mut open = 0;
        for token in &self.tokens[self.at + ahead..] {
            match token.kind {
                Kind::OpenParen | Kind::OpenBracket | Kind::OpenBrace => open += 1,
                Kind::CloseParen | Kind::CloseBracket | Kind::CloseBrace if open == 1 => break,
                Kind::CloseParen | Kind::CloseBracket | Kind::CloseBrace => open -= 1,
                Kind::Comma if open == 1 => return false,
                _ => {}
            }
        }
        self.kind_ahead(ahead + 1) != Kind::CloseParen
    }

    /// Runtime dialect: whether `count` tokens `kind` follow each other without space.
    fn is_shift(&self, count: usize, kind: Kind) -> bool {
        let tokens = self.tokens.get(self.at..self.at + count).unwrap_or_default();
        self.is_runtime()
            && tokens.len() == count
            && tokens.iter().all(|token| token.kind == kind)
            && tokens.windows(2).all(|pair| pair[0].end == pair[1].start)
    }

    /// `{ "-" | "!" } postfix`.
    #[inline(never)]
    fn unary(&mut self) -> Parse<Expr> {
        let first = self.at;
        while matches!(self.kind(), Kind::Minus | Kind::Not) {
            self.bump();
        }
        let operand = self.at;
        let primary = self.primary()?;
        let mut expr = self.postfix(primary, operand)?;
        for at in (first..operand).rev() {
            self.grow(1)?;
            let op = if self.tokens[at].kind == Kind::Minus { UnaryOp::Neg } else { UnaryOp::Not };
            expr = Expr { kind: ExprKind::Unary(op, Box::new(expr)), span: self.span_since(at) };
        }
        Ok(expr)
    }

    /// `{ call | ["?"] "." Ident | ["?"] index | "as" type }` after `expr`.
    #[inline(never)]
    fn postfix(&mut self, mut expr: Expr, start: usize) -> Parse<Expr> {
        loop {
            let of = |expr| Box::new(expr);
            let kind = match self.kind() {
                Kind::OpenParen => {
                    self.bump();
                    let args = self.list_until(Kind::CloseParen, Self::expr)?;
                    self.effects += 1;
                    ExprKind::Call { callee: of(expr), args }
                }
                Kind::Dot => {
                    self.bump();
                    ExprKind::Field { of: of(expr), name: self.name()?, optional: false }
                }
                Kind::Question if self.kind_ahead(1) == Kind::Dot => {
                    self.bump();
                    self.bump();
                    ExprKind::Field { of: of(expr), name: self.name()?, optional: true }
                }
                Kind::Question if self.kind_ahead(1) == Kind::OpenBracket => {
                    self.bump();
                    self.bump();
                    let index = Box::new(self.expr()?);
                    self.expect(Kind::CloseBracket)?;
                    ExprKind::Index { of: of(expr), index, optional: true }
                }
                Kind::OpenBracket => self.index(expr)?,
                Kind::Ident if self.is_word("as") && self.starts_type_ahead(1) => {
                    self.bump();
                    ExprKind::Cast { of: of(expr), ty: self.cast_type()? }
                }
                _ => return Ok(expr),
            };
            self.grow(1)?;
            expr = Expr { kind, span: self.span_since(start) };
        }
    }

    fn starts_type_ahead(&self, ahead: usize) -> bool {
        matches!(self.kind_ahead(ahead), Kind::Ident | Kind::Fun | Kind::OpenBrace)
    }

    /// `"[" [ expr ] [ ":" [ expr ] ] [ ":" [ expr ] ] "]"`.
    #[inline(never)]
    fn index(&mut self, of: Expr) -> Parse<ExprKind> {
        let open = self.bump();
        let part = |p: &mut Self| {
            if matches!(p.kind(), Kind::Colon | Kind::CloseBracket) {
                Ok(None)
            } else {
                p.expr().map(Box::new).map(Some)
            }
        };
        let start = part(self)?;
        let is_slice = self.eat(Kind::Colon);
        let end = if is_slice { part(self)? } else { None };
        let step = if is_slice && self.eat(Kind::Colon) { part(self)? } else { None };
        let close = self.expect(Kind::CloseBracket)?;
        let of = Box::new(of);
        match start {
            Some(index) if !is_slice => Ok(ExprKind::Index { of, index, optional: false }),
            start => {
                if start.is_none() && end.is_none() && step.is_none() {
                    let span = self.token_span(open).to(self.token_span(close));
                    self.report_shape(Diagnostic::error(Code::P060, span, "this index is empty"));
                }
                Ok(ExprKind::Slice { of, start, end, step })
            }
        }
    }

    #[inline(never)]
    fn primary(&mut self) -> Parse<Expr> {
        let start = self.at;
        let kind = match self.kind() {
            Kind::Ident => return self.primary_with_name(),
            Kind::Int | Kind::Float | Kind::Str | Kind::True | Kind::False | Kind::None => self.literal(),
            Kind::OpenParen => {
                self.bump();
                let inner = self.expr()?;
                self.expect(Kind::CloseParen)?;
                inner.kind
            }
            Kind::OpenBracket => {
                self.bump();
                ExprKind::List(self.open_list_until(Kind::CloseBracket, Self::expr)?)
            }
            Kind::OpenBrace => {
                self.bump();
                ExprKind::Map(self.rest_of_map()?)
            }
            Kind::If => {
                self.bump();
                let cond = self.expr()?;
                return self.if_expr_after_condition(start, cond);
            }
            Kind::Fun => self.lambda()?,
            Kind::Match => self.match_expr()?,
            Kind::Generate => {
                self.bump();
                let target = self.name()?;
                self.expect(Kind::OpenBrace)?;
                let fields = self.open_list_until(Kind::CloseBrace, Self::named_value)?;
                self.effects += 1;
                ExprKind::Generate { target, fields }
            }
            Kind::Fetch => {
                self.bump();
                let url = self.expr()?;
                return self.fetch_expr_after_url(start, url);
            }
            Kind::Load => self.load()?,
            Kind::Save => self.save()?,
            _ => return self.unexpected(Wanted::Expr),
        };
        Ok(Expr { kind, span: self.span_since(start) })
    }

    /// What starts with a name: a struct literal, a query, or just the name.
    #[inline(never)]
    fn primary_with_name(&mut self) -> Parse<Expr> {
        let start = self.at;
        let ahead = (self.kind_ahead(1), self.kind_ahead(2), self.kind_ahead(3));
        let kind = match ahead {
            // No block starts with one of these, so nothing else can be meant by the brace.
            (Kind::OpenBrace, Kind::CloseBrace | Kind::Comma, _) | (Kind::OpenBrace, Kind::Ident, Kind::Colon) => {
                let name = self.name()?;
                self.bump();
                ExprKind::Struct { name, fields: self.open_list_until(Kind::CloseBrace, Self::named_value)? }
            }
            (Kind::Dot, Kind::Ident, Kind::OpenBrace)
                if self.kind_ahead(4) == Kind::Ident
                    && self.kind_ahead(5) == Kind::Colon
                    && self.modules.contains(self.text(self.token())) =>
            {
                let name = self.qualified_name()?;
                self.bump();
                ExprKind::Struct { name, fields: self.open_list_until(Kind::CloseBrace, Self::named_value)? }
            }
            (Kind::Ident, Kind::In, _) if self.is_word("from") => ExprKind::Query(Box::new(self.query()?)),
            (Kind::Ident, Kind::OpenParen, _) if self.is_word("query") => {
                self.bump();
                ExprKind::LogicQuery(self.predicate()?)
            }
            (Kind::Less, _, _) if self.is_runtime() => {
                let call = self.try_parse(|p| {
                    let callee = p.name()?;
                    let type_args = p.type_arguments()?;
                    p.expect(Kind::OpenParen)?;
                    Ok((callee, type_args))
                });
                match call {
                    Some((callee, type_args)) => {
                        let args = self.list_until(Kind::CloseParen, Self::expr)?;
                        self.effects += 1;
                        ExprKind::GenericCall { callee, type_args, args }
                    }
                    None => ExprKind::Name(self.name()?.text),
                }
            }
            _ => ExprKind::Name(self.name()?.text),
        };
        Ok(Expr { kind, span: self.span_since(start) })
    }

    #[inline(never)]
    fn literal(&mut self) -> ExprKind {
        let token = self.bump();
        match token.kind {
            Kind::Int => ExprKind::Int(self.int_value(token)),
            Kind::Float => ExprKind::Float(literal::float(self.text(token)).unwrap_or_else(|| {
                self.report_range(token, "a 64-bit float");
                0.0
            })),
            Kind::True => ExprKind::Bool(true),
            Kind::False => ExprKind::Bool(false),
            Kind::None => ExprKind::None,
            // The lexer has reported escapes that do not exist.
            _ => ExprKind::Str(literal::string(self.text(token)).unwrap_or_default()),
        }
    }

    /// The value of the int literal that has just been read.
    pub(super) fn int_value(&mut self, token: Token) -> i64 {
        let read = if self.is_runtime() { literal::machine_int } else { literal::int };
        read(self.text(token)).unwrap_or_else(|| {
            self.report_range(token, "a 64-bit signed integer");
            0
        })
    }

    fn report_range(&mut self, token: Token, target: &str) {
        let message = format!("{} is out of range for {target}", self.describe(token));
        let mut span = self.token_span(token);
        // The reference counts the white space before the literal as part of it.
        let before = self.at.checked_sub(2).map_or(0, |at| self.tokens[at].end);
        if !token.starts_line {
            span.start = before;
        }
        self.report(Diagnostic::error(Code::P045, span, message));
    }

    /// `[ entry {"," entry} ] [","] "}"`, after the brace.
    pub(super) fn rest_of_map(&mut self) -> Parse<Vec<MapEntry>> {
        self.open_list_until(Kind::CloseBrace, |p| {
            let key = p.expr()?;
            p.map_value(key)
        })
    }

    /// `":" expr` after the key. A name in parentheses is a variable, without them a text.
    fn map_value(&mut self, key: Expr) -> Parse<MapEntry> {
        self.expect(Kind::Colon)?;
        let key = match key.kind {
            ExprKind::Name(text) if is_bare(&text, key.span) => MapKey::Name(Name { text, span: key.span }),
            _ => MapKey::Expr(key),
        };
        Ok(MapEntry { key, value: self.expr()? })
    }

    /// The map literal whose brace and first key have been read.
    fn map_after_first_key(&mut self, key: Expr) -> Parse<ExprKind> {
        let mut entries = vec![self.map_value(key)?];
        if self.kind() == Kind::Comma && self.kind_ahead(1) != Kind::CloseBrace {
            self.bump();
            entries.append(&mut self.rest_of_map()?);
        } else {
            self.eat(Kind::Comma);
            self.expect(Kind::CloseBrace)?;
        }
        Ok(ExprKind::Map(entries))
    }

    /// `( "{" expr "}" | "then" expr ) [ "else" ifExpr | "else" ( "{" expr "}" | expr ) ]`.
    pub(super) fn if_expr_after_condition(&mut self, start: usize, cond: Expr) -> Parse<Expr> {
        // Read in a loop and folded from the end: the chain may be long.
        let then = self.branch()?;
        let mut chain = vec![(start, cond, then)];
        let mut last = None;
        while self.eat(Kind::Else) {
            if self.kind() != Kind::If {
                last = Some(Box::new(self.else_branch()?));
                break;
            }
            let start = self.at;
            self.bump();
            let cond = self.expr()?;
            let then = self.branch()?;
            self.grow(1)?;
            chain.push((start, cond, then));
        }
        while let Some((start, cond, then)) = chain.pop() {
            let kind = ExprKind::If { cond: Box::new(cond), then: Box::new(then), otherwise: last.take() };
            let expr = Expr { kind, span: self.span_since(start) };
            if chain.is_empty() {
                return Ok(expr);
            }
            last = Some(Box::new(expr));
        }
        unreachable!("the chain holds at least the first condition")
    }

    fn branch(&mut self) -> Parse<Expr> {
        if self.eat(Kind::Then) {
            return self.expr();
        }
        self.expect(Kind::OpenBrace)?;
        let value = self.expr()?;
        self.expect(Kind::CloseBrace)?;
        Ok(value)
    }

    /// After `else`, braces hold one expression, or else they are a map literal.
    fn else_branch(&mut self) -> Parse<Expr> {
        let start = self.at;
        if self.kind() != Kind::OpenBrace || matches!(self.kind_ahead(1), Kind::CloseBrace | Kind::Comma) {
            return self.expr();
        }
        self.bump();
        let value = self.expr()?;
        if self.kind() == Kind::Colon {
            let kind = self.map_after_first_key(value)?;
            let map = Expr { kind, span: self.span_since(start) };
            return self.expr_after_primary(map, start);
        }
        self.expect(Kind::CloseBrace)?;
        Ok(value)
    }

    /// `"fun" [ typeParams ] "(" [ params ] ")" [ ":" type ] [ effects ] ( block | "=>" expr )`.
    #[inline(never)]
    fn lambda(&mut self) -> Parse<ExprKind> {
        self.bump();
        let type_params = self.type_params()?;
        let params = self.params()?;
        let result = self.result_type()?;
        let effects = self.effect_list()?;
        let body = if self.eat(Kind::Arrow) {
            let effects_outside = self.effects;
            let value = self.expr()?;
            self.effects = effects_outside;
            LambdaBody::Expr(value)
        } else if self.kind() == Kind::OpenBrace {
            LambdaBody::Block(self.body_of_function()?)
        } else {
            return self.unexpected(Wanted::Token(Kind::OpenBrace));
        };
        Ok(ExprKind::Lambda(Box::new(Lambda { type_params, params, result, effects, body })))
    }

    /// `"match" expr "{" { pattern "=>" ( expr | block ) } "}"`.
    #[inline(never)]
    fn match_expr(&mut self) -> Parse<ExprKind> {
        self.bump();
        let target = Box::new(self.expr()?);
        self.expect(Kind::OpenBrace)?;
        let mut arms = Vec::new();
        while !self.eat(Kind::CloseBrace) {
            if !self.starts_expr() {
                return self.unexpected(Wanted::Token(Kind::CloseBrace));
            }
            let start = self.at;
            let pattern = self.expr()?;
            let span = pattern.span;
            self.expect(Kind::Arrow)?;
            if self.kind() == Kind::CloseBrace {
                self.report_shape(Diagnostic::error(Code::P061, span, "this arm has no result"));
                continue;
            }
            let pattern = pattern_of(pattern).unwrap_or_else(|| {
                self.report_shape(Diagnostic::error(Code::P063, span, "this is not a pattern"));
                Pattern::Wildcard(span)
            });
            let body = self.arm_body()?;
            arms.push(MatchArm { pattern, body, span: self.span_since(start) });
        }
        Ok(ExprKind::Match { target, arms })
    }

    /// An expression, where braces are a map literal if they can be read as one, else a block.
    #[inline(never)]
    fn arm_body(&mut self) -> Parse<ArmBody> {
        let start = self.at;
        if self.kind() != Kind::OpenBrace || matches!(self.kind_ahead(1), Kind::CloseBrace | Kind::Comma) {
            return self.expr().map(ArmBody::Expr);
        }
        self.bump();
        // The first statement of a block or the first key of a map: both start with an
        // expression, and only a key is followed by a colon.
        let effects = self.effects;
        let mut stmts: Vec<Stmt> = Vec::new();
        if self.starts_expr() {
            let first = self.at;
            match self.nested(Self::stmt) {
                Ok(Stmt { kind: StmtKind::Expr(key), span: _ }) if self.kind() == Kind::Colon => {
                    self.effects += effects;
                    let kind = self.map_after_first_key(key)?;
                    let map = Expr { kind, span: self.span_since(start) };
                    return self.expr_after_primary(map, start).map(ArmBody::Expr);
                }
                Ok(stmt) => {
                    self.check_use(&stmt);
                    stmts.push(stmt);
                }
                Err(_) => self.recover(first),
            }
        }
        let body = self.rest_of_block(stmts)?;
        self.effects += effects + 1;
        Ok(ArmBody::Block(body))
    }

    /// `"load" [ String ] "as" type [ "with" expr ]`.
    #[inline(never)]
    fn load(&mut self) -> Parse<ExprKind> {
        let token = self.bump();
        let path = if self.kind() == Kind::Str { Some(self.string()?.0) } else { None };
        self.expect_word("as")?;
        let ty = self.cast_type()?;
        let with = self.with_clause()?;
        self.check_path(token, path.as_deref());
        self.effects += 1;
        Ok(ExprKind::Load { path, ty, with })
    }

    /// `"save" expr [ "to" String ] [ "with" expr ]`.
    #[inline(never)]
    fn save(&mut self) -> Parse<ExprKind> {
        let token = self.bump();
        let value = Box::new(self.expr()?);
        let path = if self.is_word("to") && self.kind_ahead(1) == Kind::Str {
            self.bump();
            Some(self.string()?.0)
        } else {
            None
        };
        let with = self.with_clause()?;
        self.check_path(token, path.as_deref());
        self.effects += 1;
        Ok(ExprKind::Save { value, path, with })
    }

    fn check_path(&mut self, keyword: Token, path: Option<&str>) {
        if path == Some("") {
            let span = self.token_span(keyword);
            let message = format!("the path of this {} is empty", self.describe(keyword));
            self.report_shape(Diagnostic::error(Code::P062, span, message));
        }
    }

    /// `[ "with" expr ]`.
    pub(super) fn with_clause(&mut self) -> Parse<Option<Box<Expr>>> {
        if self.is_word("with") && self.starts_expr_ahead(1) {
            self.bump();
            return self.expr().map(Box::new).map(Some);
        }
        Ok(None)
    }

    /// `[ "with" expr ]` after the URL.
    pub(super) fn fetch_expr_after_url(&mut self, start: usize, url: Expr) -> Parse<Expr> {
        let with = self.with_clause()?;
        self.effects += 1;
        Ok(Expr { kind: ExprKind::Fetch { url: Box::new(url), with }, span: self.span_since(start) })
    }

    /// ```text
    /// "from" Ident "in" expr { "from" Ident "in" expr }
    /// { [ "left"|"right"|"outer" ] "join" [ "from" ] Ident "in" expr "on" expr }
    /// [ "where" expr ] [ "group" "by" expr {"," expr} "into" Ident [ "having" expr ] ]
    /// [ ("sort"|"order") "by" expr ] [ "skip" expr ] [ "take" expr ] "select" [ "distinct" ] expr
    /// ```
    #[inline(never)]
    fn query(&mut self) -> Parse<Query> {
        // What a query calls runs once per row, or never: no effect of the statement.
        let effects = self.effects;
        let mut froms = Vec::new();
        while self.eat_word("from") {
            let var = self.name()?;
            self.expect(Kind::In)?;
            froms.push(QueryFrom { var, source: self.expr()? });
        }
        let mut joins = Vec::new();
        while let Some(kind) = self.join_kind() {
            self.eat_word("from");
            let var = self.name()?;
            self.expect(Kind::In)?;
            let source = self.expr()?;
            self.expect(Kind::On)?;
            joins.push(QueryJoin { kind, var, source, on: self.expr()? });
        }
        let cond = self.clause("where")?;
        let group = if self.eat_word("group") { Some(self.group()?) } else { None };
        let mut sort = None;
        if self.eat_word("sort") || self.eat_word("order") {
            self.expect_word("by")?;
            sort = Some(self.expr()?);
        }
        let skip = self.clause("skip")?;
        let take = self.clause("take")?;
        self.expect_word("select")?;
        let distinct = self.is_word("distinct") && self.starts_expr_ahead(1);
        if distinct {
            self.bump();
        }
        let select = self.expr()?;
        self.effects = effects;
        Ok(Query { froms, joins, cond, group, sort, skip, take, distinct, select })
    }

    fn clause(&mut self, word: &str) -> Parse<Option<Expr>> {
        if self.eat_word(word) { self.expr().map(Some) } else { Ok(None) }
    }

    /// `[ "left" | "right" | "outer" ] "join"`, if it is there.
    fn join_kind(&mut self) -> Option<JoinKind> {
        let kind = match self.text(self.token()) {
            "join" => JoinKind::Inner,
            "left" => JoinKind::Left,
            "right" => JoinKind::Right,
            "outer" => JoinKind::Outer,
            _ => return None,
        };
        if kind != JoinKind::Inner {
            if !self.is_word_ahead(1, "join") {
                return None;
            }
            self.bump();
        }
        self.bump();
        Some(kind)
    }

    /// `"by" expr {"," expr} "into" Ident [ "having" expr ]`.
    fn group(&mut self) -> Parse<QueryGroup> {
        self.expect_word("by")?;
        let keys = self.comma_separated(Self::expr)?;
        self.expect_word("into")?;
        let into = self.name()?;
        Ok(QueryGroup { keys, into, having: self.clause("having")? })
    }
}

/// Whether a name expression is written without parentheses.
pub(super) fn is_bare(text: &str, span: Span) -> bool {
    span.end - span.start == text.len() as u32
}

/// The pattern that an expression spells.
///
/// Patterns are read as expressions, as in the reference, so that what is no pattern is
/// named as such instead of as a missing `=>`.
fn pattern_of(expr: Expr) -> Option<Pattern> {
    let span = expr.span;
    match expr.kind {
        ExprKind::Name(text) if text == "_" => Some(Pattern::Wildcard(span)),
        ExprKind::Name(text) => Some(Pattern::Name(Name { text, span })),
        ExprKind::Call { callee, args } => match callee.kind {
            ExprKind::Name(text) => Some(Pattern::Constructor {
                name: Name { text, span: callee.span },
                args: args.into_iter().map(pattern_of).collect::<Option<_>>()?,
                span,
            }),
            _ => None,
        },
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Str(_) | ExprKind::None => {
            Some(Pattern::Literal(expr))
        }
        _ => None,
    }
}
