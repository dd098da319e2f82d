//! Types.

use super::{Kind, Parse, Parser, Wanted};
use crate::syntax::ast::{Field, Name, TypeExpr, TypeExprKind};

impl Parser<'_> {
    /// ```text
    /// type = ( "fun" "(" [ type {"," type} ] ")" [ ":" type ]
    ///        | Ident "<" type {"," type} ">" | "{" [ field {"," field} ] [","] "}" | Ident ) [ "?" ]
    /// ```
    pub(super) fn type_expr(&mut self) -> Parse<TypeExpr> {
        self.nested(|p| {
            let start = p.at;
            let kind = match p.kind() {
                Kind::Fun => {
                    p.bump();
                    p.expect(Kind::OpenParen)?;
                    let params = p.list_until(Kind::CloseParen, Self::type_expr)?;
                    let result = p.result_type()?.map(Box::new);
                    TypeExprKind::Fun { params, result }
                }
                Kind::OpenBrace => {
                    p.bump();
                    TypeExprKind::Struct(p.open_list_until(Kind::CloseBrace, Self::field)?)
                }
                Kind::Ident => {
                    let name = p.qualified_name()?;
                    if p.kind() == Kind::Less {
                        TypeExprKind::Generic { name, args: p.type_arguments()? }
                    } else {
                        TypeExprKind::Name(name)
                    }
                }
                _ => return p.unexpected(Wanted::Type),
            };
            let mut ty = TypeExpr { kind, span: p.span_since(start) };
            if p.eat(Kind::Question) {
                ty = TypeExpr { kind: TypeExprKind::Optional(Box::new(ty)), span: p.span_since(start) };
            }
            Ok(ty)
        })
    }

    /// `[ Ident "." ] Ident`: a type of this module or of one that is imported above, whose name keeps its dot. (The
    /// reference knows only those of this module; the dot in `x as T.f` leads to a field.)
    pub(super) fn qualified_name(&mut self) -> Parse<Name> {
        let mut name = self.name()?;
        if self.kind() == Kind::Dot && self.kind_ahead(1) == Kind::Ident && self.modules.contains(&name.text) {
            self.bump();
            let member = self.name()?;
            name = Name { text: format!("{}.{}", name.text, member.text), span: name.span.to(member.span) };
        }
        Ok(name)
    }

    /// `"<" type {"," type} ">"`.
    pub(super) fn type_arguments(&mut self) -> Parse<Vec<TypeExpr>> {
        self.expect(Kind::Less)?;
        let args = self.comma_separated(Self::type_expr)?;
        self.expect(Kind::Greater)?;
        Ok(args)
    }

    /// The type after `as`. In `x as int < y` the sign is a comparison.
    pub(super) fn cast_type(&mut self) -> Parse<TypeExpr> {
        let is_qualified = self.kind_ahead(1) == Kind::Dot && self.modules.contains(self.text(self.token()));
        let end = if is_qualified { 3 } else { 1 };
        if self.kind() != Kind::Ident || self.kind_ahead(end) != Kind::Less {
            return self.type_expr();
        }
        if let Some(ty) = self.try_parse(Self::type_expr) {
            return Ok(ty);
        }
        let name = self.qualified_name()?;
        let span = name.span;
        Ok(TypeExpr { kind: TypeExprKind::Name(name), span })
    }

    /// `[ ":" type ]`.
    pub(super) fn result_type(&mut self) -> Parse<Option<TypeExpr>> {
        if self.eat(Kind::Colon) { self.type_expr().map(Some) } else { Ok(None) }
    }

    /// `Ident ":" type`.
    pub(super) fn field(&mut self) -> Parse<Field> {
        let name = self.name()?;
        self.expect(Kind::Colon)?;
        Ok(Field { name, ty: self.type_expr()? })
    }
}
