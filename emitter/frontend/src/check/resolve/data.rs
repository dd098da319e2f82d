//! `load` and `save`: the type behind `as` becomes the shape of rows, the options behind `with` the format.
//!
//! Options that are written as literals are known here, so that a program has only the formats that it names.
//! Any other options are a value like others, of which the program finds out when it runs.

use super::Resolver;
use super::casts::Container;
use crate::check::resolved::{CastTarget, ExprId, ExprKind, Shape};
use crate::data::{Format, FormatName};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::ast;
use crate::syntax::ast::BinaryOp;
use crate::typed::LocalId;

/// What is known of an option.
enum Setting<'a> {
    Default,
    Bool(bool),
    Text(&'a [u8]),
    /// It is an entry of the options, if these are a map.
    Unknown,
}

impl<'a> Setting<'a> {
    /// An option that is set to a literal; absent for any other expression.
    fn of(value: &'a ast::Expr) -> Setting<'a> {
        match &value.kind {
            ast::ExprKind::Bool(value) => Setting::Bool(*value),
            ast::ExprKind::Str(bytes) => Setting::Text(bytes),
            ast::ExprKind::Int(_) | ast::ExprKind::Float(_) | ast::ExprKind::None => Setting::Default,
            _ => Setting::Unknown,
        }
    }
}

struct Settings<'a> {
    format: Setting<'a>,
    header: Setting<'a>,
    delimiter: Setting<'a>,
    /// Whether the options are more than literals, and to be evaluated.
    is_value: bool,
}

impl<'a> Settings<'a> {
    fn new(with: Option<&'a ast::Expr>) -> Settings<'a> {
        let mut settings = Settings {
            format: Setting::Default,
            header: Setting::Default,
            delimiter: Setting::Default,
            is_value: false,
        };
        let Some(with) = with else { return settings };
        let Some(entries) = literal_entries(with) else {
            let [format, header, delimiter] = [Setting::Unknown, Setting::Unknown, Setting::Unknown];
            return Settings { format, header, delimiter, is_value: true };
        };
        // As in a map, the last entry of a name counts.
        for (name, value) in entries {
            let setting = Setting::of(value);
            settings.is_value |= matches!(setting, Setting::Unknown);
            match name {
                b"format" => settings.format = setting,
                b"header" => settings.header = setting,
                b"delimiter" => settings.delimiter = setting,
                _ => {}
            }
        }
        settings
    }
}

/// The entries of a map literal whose keys are known.
fn literal_entries(with: &ast::Expr) -> Option<Vec<(&[u8], &ast::Expr)>> {
    let ast::ExprKind::Map(entries) = &with.kind else { return None };
    let entry = |entry: &'_ ast::MapEntry| -> Option<()> {
        match &entry.key {
            ast::MapKey::Name(_) => Some(()),
            ast::MapKey::Expr(key) => matches!(key.kind, ast::ExprKind::Str(_)).then_some(()),
        }
    };
    entries.iter().try_for_each(entry)?;
    let entries = entries.iter().map(|entry| {
        let name = match &entry.key {
            ast::MapKey::Name(name) => name.text.as_bytes(),
            ast::MapKey::Expr(ast::Expr { kind: ast::ExprKind::Str(name), span: _ }) => name.as_slice(),
            ast::MapKey::Expr(_) => unreachable!("keys are names or literals"),
        };
        (name, &entry.value)
    });
    Some(entries.collect())
}

/// Whether the first line has names where nothing says it.
#[derive(Clone, Copy)]
enum Header {
    Expected,
    Absent,
}

impl<'a> Resolver<'a> {
    /// `load path as ty with { … }`.
    pub(super) fn load(
        &mut self,
        path: Option<&'a str>,
        ty: &'a ast::TypeExpr,
        with: Option<&'a ast::Expr>,
        span: Span,
    ) -> ExprId {
        let path = path.filter(|&path| path != "-");
        let row = self.shape(ty);
        self.with_format(with, Header::Expected, span, |cx, format| {
            cx.push(ExprKind::Load { path, format, row: row.clone() }, span)
        })
    }

    /// `save value to path with { … }`.
    pub(super) fn save(
        &mut self,
        value: &'a ast::Expr,
        path: Option<&'a str>,
        with: Option<&'a ast::Expr>,
        span: Span,
    ) -> ExprId {
        let path = path.filter(|&path| path != "-");
        let of = self.expr(value);
        // The options are evaluated after the value, and once.
        let local = self.hidden_local(value.span);
        let value = self.push(ExprKind::Local(local), value.span);
        let then = self.with_format(with, Header::Absent, span, |cx, format| {
            cx.push(ExprKind::Save { value, path, format }, span)
        });
        self.push(ExprKind::Let { local, value: of, then }, span)
    }

    /// What `make` gives for the format that the options name; a choice where they are not known.
    fn with_format(
        &mut self,
        with: Option<&'a ast::Expr>,
        header: Header,
        span: Span,
        mut make: impl FnMut(&mut Self, Format<ExprId>) -> ExprId,
    ) -> ExprId {
        let settings = Settings::new(with);
        let Some(with) = with.filter(|_| settings.is_value) else {
            return self.by_format(&settings, None, header, span, &mut make);
        };
        let value = self.expr(with);
        let local = self.hidden_local(with.span);
        let then = self.by_format(&settings, Some(local), header, span, &mut make);
        self.push(ExprKind::Let { local, value, then }, span)
    }

    fn by_format(
        &mut self,
        settings: &Settings<'a>,
        options: Option<LocalId>,
        header: Header,
        span: Span,
        make: &mut impl FnMut(&mut Self, Format<ExprId>) -> ExprId,
    ) -> ExprId {
        let format = match settings.format {
            Setting::Default | Setting::Bool(_) => FormatName::Csv,
            Setting::Text(text) => match FormatName::from_text(text) {
                Some(format) => format,
                None => {
                    let known = FormatName::ALL.map(|name| format!("`{}`", name.text())).join(", ");
                    let text = String::from_utf8_lossy(text);
                    let message = format!("the format `{text}` is not supported: there are {known}");
                    self.error(Code::M001, span, message);
                    return self.push(ExprKind::Refused, span);
                }
            },
            Setting::Unknown => {
                let mut arms = Vec::new();
                for name in FormatName::ALL {
                    let named = self.option(options, "_text_option", b"format", ExprKind::Str(b"csv"), span);
                    let wanted = self.push(ExprKind::Str(name.text().as_bytes()), span);
                    let cond = self.push(ExprKind::Binary(BinaryOp::Eq, named, wanted), span);
                    let format = self.format(name, settings, options, header, span);
                    arms.push((cond, make(self, format)));
                }
                let otherwise = self.push(ExprKind::Fail(b"unknown format"), span);
                return self.push(ExprKind::If { arms, otherwise: Some(otherwise) }, span);
            }
        };
        let format = self.format(format, settings, options, header, span);
        make(self, format)
    }

    fn format(
        &mut self,
        name: FormatName,
        settings: &Settings<'a>,
        options: Option<LocalId>,
        header: Header,
        span: Span,
    ) -> Format<ExprId> {
        match name {
            FormatName::Csv | FormatName::Tsv => {
                let otherwise = ExprKind::Bool(matches!(header, Header::Expected));
                let header = match settings.header {
                    Setting::Bool(header) => self.push(ExprKind::Bool(header), span),
                    Setting::Default | Setting::Text(_) => self.push(otherwise, span),
                    Setting::Unknown => self.option(options, "_flag_option", b"header", otherwise, span),
                };
                let delimiter = match settings.delimiter {
                    _ if name == FormatName::Tsv => self.push(ExprKind::Str(b"\t"), span),
                    Setting::Text(text) if !text.is_empty() => self.push(ExprKind::Str(text), span),
                    Setting::Default | Setting::Bool(_) | Setting::Text(_) => self.push(ExprKind::Str(b","), span),
                    Setting::Unknown => self.option(options, "_text_option", b"delimiter", ExprKind::Str(b","), span),
                };
                Format::Csv { header, delimiter }
            }
            FormatName::Json => Format::Json,
            FormatName::Jsonl => Format::Jsonl,
            FormatName::Yaml => Format::Yaml,
        }
    }

    /// An option that is looked for when the program runs.
    fn option(
        &mut self,
        options: Option<LocalId>,
        helper: &'static str,
        name: &'static [u8],
        otherwise: ExprKind<'a>,
        span: Span,
    ) -> ExprId {
        let options = match options {
            Some(options) => self.push(ExprKind::Local(options), span),
            None => unreachable!("what is not known is in a local"),
        };
        let (name, otherwise) = (self.push(ExprKind::Str(name), span), self.push(otherwise, span));
        self.call_helper(helper, vec![options, name, otherwise], span)
    }

    /// What data becomes that is loaded as a type.
    fn shape(&mut self, ty: &'a ast::TypeExpr) -> Shape {
        self.shape_inside(ty, &mut Vec::new())
    }

    /// Inside of the containers that are written at the places.
    fn shape_inside(&mut self, ty: &'a ast::TypeExpr, open: &mut Vec<(Span, ExprId)>) -> Shape {
        if let Some(record) = self.record_of(ty) {
            if !self.program.loaded.contains_key(&record) {
                self.program.loaded.insert(record, Vec::new());
                let fields = self.program.records[record.index()].fields.clone();
                let any = || Shape::Scalar(CastTarget::Unchanged);
                let fields = fields.iter().map(|field| field.ty.map_or_else(any, |ty| self.shape(ty)));
                let fields = fields.collect();
                self.program.loaded.insert(record, fields);
            }
            return Shape::Record(record);
        }
        let Some((container, at)) = self.container_with_span(ty) else {
            return Shape::Scalar(self.cast_target(ty));
        };
        if let Some(&(_, id)) = open.iter().find(|(open, _)| *open == at) {
            return Shape::Enclosing(id);
        }
        let id = self.own_container(ty.span);
        open.push((at, id));
        let shape = match container {
            Container::List(element) => Shape::List(id, Box::new(self.shape_inside(element, open))),
            Container::Map(key, value) => {
                let int_keys = self.cast_target(key) == CastTarget::Int;
                Shape::Map { id, value: Box::new(self.shape_inside(value, open)), int_keys }
            }
        };
        open.pop();
        shape
    }
}
