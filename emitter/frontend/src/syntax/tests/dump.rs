//! Writes a syntax tree back as text with every grouping made visible, for comparisons:
//! operators in parentheses, blocks as `{a; b}`, lists of parts in their source order.

use crate::syntax::ast::*;

pub(super) fn program(program: &Program) -> String {
    let package = program.package.iter().map(|name| format!("package {}", name.text));
    package.chain(program.stmts.iter().map(stmt)).collect::<Vec<_>>().join("; ")
}

fn block(stmts: &Block) -> String {
    format!("{{{}}}", stmts.iter().map(stmt).collect::<Vec<_>>().join("; "))
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn option<T>(before: &str, value: &Option<T>, show: impl Fn(&T) -> String) -> String {
    value.as_ref().map_or_else(String::new, |value| format!("{before}{}", show(value)))
}

fn text(name: &Name) -> String {
    name.text.clone()
}

fn path(names: &[Name]) -> String {
    names.iter().map(text).collect::<Vec<_>>().join(".")
}

fn pair((name, value): &(Name, Expr)) -> String {
    format!("{}: {}", name.text, expr(value))
}

fn stmt(stmt: &Stmt) -> String {
    match &stmt.kind {
        StmtKind::Let { mutable, name, ty: of, value } => {
            let word = if *mutable { "var" } else { "let" };
            format!("{word} {}{}{}", name.text, option(": ", of, ty), option(" = ", value, expr))
        }
        StmtKind::Assign { target, indexes, fields, value } => {
            let indexes: String = indexes.iter().map(|index| format!("[{}]", expr(index))).collect();
            let fields: String = fields.iter().map(|field| format!(".{}", field.text)).collect();
            format!("{}{indexes}{fields} = {}", target.text, expr(value))
        }
        StmtKind::Fun(decl) => fun(decl),
        StmtKind::Return(value) => format!("return{}", option(" ", value, expr)),
        StmtKind::If(link) => if_stmt(link),
        StmtKind::While { cond, body } => format!("while {} {}", expr(cond), block(body)),
        StmtKind::ForRange { var, start, end, body } => {
            format!("for {} in {}..{} {}", var.text, expr(start), expr(end), block(body))
        }
        StmtKind::ForIn { var, iter, body } => format!("for {} in {} {}", var.text, expr(iter), block(body)),
        StmtKind::Break => "break".to_string(),
        StmtKind::Continue => "continue".to_string(),
        StmtKind::Expr(value) => expr(value),
        StmtKind::Test { name, name_span: _, body } => format!("test {name:?} {}", block(body)),
        StmtKind::Bench { name, name_span: _, body } => format!("bench {name:?} {}", block(body)),
        StmtKind::Expect(value) => format!("expect {}", expr(value)),
        StmtKind::Type(decl) => {
            let doc: String = decl.doc.iter().map(|line| format!("/// {line}\n")).collect();
            let kind = match &decl.kind {
                TypeDeclKind::Struct(members) => format!("{{{}}}", list(members, member)),
                TypeDeclKind::Union(variants) => format!(
                    "union {}",
                    variants
                        .iter()
                        .map(|v| format!("{}({})", v.name.text, list(&v.fields, field)))
                        .collect::<Vec<_>>()
                        .join(" | ")
                ),
                TypeDeclKind::Alias(of) => format!("alias {}", ty(of)),
            };
            format!("{doc}type {} {kind}", decl.name.text)
        }
        StmtKind::Import { language, path, path_span: _, alias, auto } => {
            let auto = if *auto { " auto" } else { "" };
            format!("import{} {path:?}{}{auto}", option(" ", language, text), option(" as ", alias, text))
        }
        StmtKind::ExternType { name } => format!("extern type {}", name.text),
        StmtKind::ExternVar { mutable, path: names, ty: of } => {
            format!("extern {} {}: {}", if *mutable { "var" } else { "let" }, path(names), ty(of))
        }
        StmtKind::ExternFun { path: names, params, result } => {
            format!("extern fun {}({}){}", path(names), list(params, param), option(": ", result, ty))
        }
        StmtKind::ExternObject { name } => format!("extern object {}", name.text),
        StmtKind::Fact(of) => format!("fact {}", predicate(of)),
        StmtKind::Rule { head, body } => {
            let condition = |condition: &Condition| match condition {
                Condition::Holds(of) => predicate(of),
                Condition::Differ(left, right) => format!("{} != {}", left.text, right.text),
            };
            format!("rule {} :- {}", predicate(head), list(body, condition))
        }
        StmtKind::Stream { name, fields } => format!("stream {} {{{}}}", name.text, list(fields, field)),
        StmtKind::Model { name, settings } => format!("model {} {{{}}}", name.text, list(settings, pair)),
        StmtKind::On { stream, var, body } => format!("on {} as {} {}", stream.text, var.text, block(body)),
        StmtKind::Emit { stream, fields } => format!("emit {} {{{}}}", stream.text, list(fields, pair)),
        StmtKind::Agent { name, body } => format!(
            "agent {} {{{}}}",
            name.text,
            body.iter()
                .map(|item| match item {
                    AgentItem::Stmt(of) => self::stmt(of),
                    AgentItem::Intent { name, params, result, body, span: _ } => {
                        format!(
                            "intent {}({}){} {}",
                            name.text,
                            list(params, param),
                            option(": ", result, ty),
                            block(body)
                        )
                    }
                })
                .collect::<Vec<_>>()
                .join("; ")
        ),
        StmtKind::Fetch { url, into, with } => {
            format!("fetch {} into {}{}", expr(url), into.text, option(" with ", with, expr))
        }
        StmtKind::Update { target, set, cond } => {
            format!("update {} set {{{}}}{}", target.text, list(set, entry), option(" where ", cond, expr))
        }
        StmtKind::Const { name, ty: of, value } => format!("const {}: {} = {}", name.text, ty(of), expr(value)),
        StmtKind::ImportHost { from: _, name, params, result } => {
            format!("import wasi {}({}){}", name.text, list(params, param), option(": ", result, ty))
        }
    }
}

fn if_stmt(link: &IfStmt) -> String {
    let otherwise = match &link.otherwise {
        None => String::new(),
        Some(Else::If(next, _)) => format!(" else {}", if_stmt(next)),
        Some(Else::Block(body)) => format!(" else {}", block(body)),
    };
    format!("if {} {}{otherwise}", expr(&link.cond), block(&link.then))
}

fn fun(decl: &FunDecl) -> String {
    let doc: String = decl.doc.iter().map(|line| format!("/// {line}\n")).collect();
    let marks: String = decl.marks.iter().map(|mark| format!("{} ", mark.text)).collect();
    let exported = if decl.exported { "export " } else { "" };
    let head = function_head(&decl.type_params, &decl.params, &decl.result, &decl.effects);
    format!("{doc}{exported}fun {marks}{}{head} {}", decl.name.text, block(&decl.body))
}

fn function_head(
    type_params: &[Name],
    params: &[Param],
    result: &Option<TypeExpr>,
    effects: &Option<Vec<Name>>,
) -> String {
    let type_params = if type_params.is_empty() { String::new() } else { format!("<{}>", list(type_params, text)) };
    let effects = option(" ! ", effects, |names| list(names, text));
    format!("{type_params}({}){}{effects}", list(params, param), option(": ", result, ty))
}

fn param(param: &Param) -> String {
    format!("{}{}{}", if param.owned { "own " } else { "" }, param.name.text, option(": ", &param.ty, ty))
}

fn field(field: &Field) -> String {
    format!("{}: {}", field.name.text, ty(&field.ty))
}

fn member(member: &Member) -> String {
    match member {
        Member::Field(of) => field(of),
        Member::Method(of, _) => fun(of),
    }
}

fn predicate(of: &Predicate) -> String {
    let term = |term: &Term| match term {
        Term::Var(name) => name.text.clone(),
        Term::Str(text, _) => format!("{text:?}"),
        Term::Int(value, _) => value.to_string(),
    };
    format!("{}({})", of.name.text, list(&of.terms, term))
}

fn ty(of: &TypeExpr) -> String {
    match &of.kind {
        TypeExprKind::Name(name) => name.text.clone(),
        TypeExprKind::Generic { name, args } => format!("{}<{}>", name.text, list(args, ty)),
        TypeExprKind::Fun { params, result } => {
            format!("fun({}){}", list(params, ty), option(": ", result, |result| ty(result)))
        }
        TypeExprKind::Struct(fields) => format!("{{{}}}", list(fields, field)),
        TypeExprKind::Optional(inner) => format!("({})?", ty(inner)),
    }
}

fn entry(entry: &MapEntry) -> String {
    let key = match &entry.key {
        MapKey::Name(name) => format!("'{}'", name.text),
        MapKey::Expr(key) => expr(key),
    };
    format!("{key}: {}", expr(&entry.value))
}

fn expr(of: &Expr) -> String {
    match &of.kind {
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Float(value) => format!("{value:?}"),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Str(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        ExprKind::None => "none".to_string(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Unary(op, operand) => format!("({}{})", if *op == UnaryOp::Neg { "-" } else { "!" }, expr(operand)),
        ExprKind::Binary(op, left, right) => format!("({} {} {})", expr(left), operator(*op), expr(right)),
        ExprKind::Call { callee, args } => format!("{}({})", expr(callee), list(args, expr)),
        ExprKind::Field { of, name, optional } => {
            format!("{}{}.{}", expr(of), if *optional { "?" } else { "" }, name.text)
        }
        ExprKind::Index { of, index, optional } => {
            format!("{}{}[{}]", expr(of), if *optional { "?" } else { "" }, expr(index))
        }
        ExprKind::Slice { of, start, end, step } => {
            let (start, end) = (option("", start, |value| expr(value)), option("", end, |value| expr(value)));
            format!("{}[{start}:{end}{}]", expr(of), option(":", step, |value| expr(value)))
        }
        ExprKind::Cast { of, ty: to } => format!("({} as {})", expr(of), ty(to)),
        ExprKind::If { cond, then, otherwise } => {
            format!("(if {} then {}{})", expr(cond), expr(then), option(" else ", otherwise, |value| expr(value)))
        }
        ExprKind::List(items) => format!("[{}]", list(items, expr)),
        ExprKind::Map(entries) => format!("{{{}}}", list(entries, entry)),
        ExprKind::Struct { name, fields } => format!("{} {{{}}}", name.text, list(fields, pair)),
        ExprKind::Lambda(lambda) => {
            let head = function_head(&lambda.type_params, &lambda.params, &lambda.result, &lambda.effects);
            match &lambda.body {
                LambdaBody::Expr(value) => format!("(fun{head} => {})", expr(value)),
                LambdaBody::Block(body) => format!("(fun{head} {})", block(body)),
            }
        }
        ExprKind::Match { target, arms } => format!("match {} {{{}}}", expr(target), list(arms, arm)),
        ExprKind::Query(of) => query(of),
        ExprKind::LogicQuery(of) => format!("query {}", predicate(of)),
        ExprKind::Generate { target, fields } => format!("generate {} {{{}}}", target.text, list(fields, pair)),
        ExprKind::Fetch { url, with } => format!("fetch {}{}", expr(url), option(" with ", with, |value| expr(value))),
        ExprKind::Load { path, ty: to, with } => {
            format!(
                "load{} as {}{}",
                option(" ", path, |path| format!("{path:?}")),
                ty(to),
                option(" with ", with, |value| expr(value))
            )
        }
        ExprKind::Save { value, path, with } => {
            let to = option(" to ", path, |path| format!("{path:?}"));
            format!("save {}{to}{}", expr(value), option(" with ", with, |value| expr(value)))
        }
        ExprKind::GenericCall { callee, type_args, args } => {
            format!("{}<{}>({})", callee.text, list(type_args, ty), list(args, expr))
        }
    }
}

fn arm(arm: &MatchArm) -> String {
    let body = match &arm.body {
        ArmBody::Expr(value) => expr(value),
        ArmBody::Block(body) => format!("block {}", block(body)),
    };
    format!("{} => {body}", pattern(&arm.pattern))
}

fn pattern(of: &Pattern) -> String {
    match of {
        Pattern::Wildcard(_) => "_".to_string(),
        Pattern::Name(name) => name.text.clone(),
        Pattern::Constructor { name, args, span: _ } => format!("{}({})", name.text, list(args, pattern)),
        Pattern::Literal(value) => expr(value),
    }
}

fn query(query: &Query) -> String {
    let mut out: Vec<String> =
        query.froms.iter().map(|from| format!("from {} in {}", from.var.text, expr(&from.source))).collect();
    for join in &query.joins {
        out.push(format!("{:?} join {} in {} on {}", join.kind, join.var.text, expr(&join.source), expr(&join.on)));
    }
    out.extend(query.cond.iter().map(|cond| format!("where {}", expr(cond))));
    out.extend(query.group.iter().map(|group| {
        format!(
            "group by {} into {}{}",
            list(&group.keys, expr),
            group.into.text,
            option(" having ", &group.having, expr)
        )
    }));
    out.extend(query.sort.iter().map(|key| format!("sort by {}", expr(key))));
    out.extend(query.skip.iter().map(|count| format!("skip {}", expr(count))));
    out.extend(query.take.iter().map(|count| format!("take {}", expr(count))));
    out.push(format!("select {}{}", if query.distinct { "distinct " } else { "" }, expr(&query.select)));
    format!("({})", out.join(" "))
}

fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::In => "in",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
        BinaryOp::Else => "??",
        BinaryOp::Union => "union",
        BinaryOp::UnionAll => "union all",
        BinaryOp::Except => "except",
        BinaryOp::Intersect => "intersect",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitOr => "|",
        BinaryOp::BitXor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::ShrU => ">>>",
    }
}
