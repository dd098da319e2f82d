//! Imports of foreign modules and `extern` declarations.
//!
//! The modules are libraries of the compiler's own (`libraries/*.mochi`), which have the members that
//! programs are known to use; others are refused by name. As in the reference numbers come back
//! as floats. A declaration says no more than that a member is there: its types are annotations, and
//! what is declared outside of all modules is none.

use std::sync::LazyLock;

use super::imports::Imported;
use super::{Resolver, prelude};
use crate::check::resolved::{ExprId, ExprKind};
use crate::diagnostic::Code;
use crate::modules::alias_of;
use crate::source::Span;
use crate::syntax::ast;

/// What an import makes known under a name.
#[derive(Clone, Copy)]
pub(super) struct Module {
    language: &'static str,
    path: &'static str,
    library: fn() -> &'static ast::Program,
}

macro_rules! modules {
    ($($language:literal $path:literal $file:literal;)*) => {
        const MODULES: &[Module] = &[$(Module {
            language: $language,
            path: $path,
            library: || {
                static LIBRARY: LazyLock<ast::Program> = LazyLock::new(|| {
                    prelude::parse($file, include_str!(concat!("../../libraries/", $file)))
                });
                &LIBRARY
            },
        },)*];
    };
}

modules! {
    "python" "math" "python_math.mochi";
    "go" "math" "go_math.mochi";
    "go" "strings" "go_strings.mochi";
    "go" "os" "go_os.mochi";
    "go" "mochi/runtime/ffi/go/testpkg" "go_testpkg.mochi";
}

impl Module {
    fn names(self) -> Vec<&'static str> {
        let mut names: Vec<&str> = (self.library)().stmts.iter().filter_map(member_name).collect();
        names.dedup();
        names
    }
}

/// Members are constants and what is exported; other functions are the library's own.
fn member_name(stmt: &ast::Stmt) -> Option<&str> {
    match &stmt.kind {
        ast::StmtKind::Fun(decl) if decl.exported => Some(&decl.name.text),
        ast::StmtKind::Let { name, .. } => Some(&name.text),
        _ => None,
    }
}

impl<'a> Resolver<'a> {
    /// An import, or an extern declaration, wherever it stands: they hold for the whole module.
    pub(super) fn declare_import(&mut self, stmt: &'a ast::Stmt) {
        match &stmt.kind {
            ast::StmtKind::Import { language, path, path_span, alias, auto: _ } => {
                let name = alias.as_ref().map_or_else(|| alias_of(path), |alias| alias.text.as_str());
                let imported = match language {
                    Some(language) => self.foreign_module(language, path, *path_span),
                    // One that is not there has been said.
                    None => self.unit.imports.get(path_span).map_or(Imported::Refused, |&at| Imported::Module(at)),
                };
                self.names_mut().modules.insert(name, imported);
            }
            ast::StmtKind::ExternVar { mutable: _, path, ty: _ } | ast::StmtKind::ExternFun { path, .. } => {
                if let [name] = &path[..] {
                    self.names_mut().externs.insert(&name.text);
                }
            }
            ast::StmtKind::ExternObject { name } => {
                self.names_mut().externs.insert(&name.text);
            }
            _ => {}
        }
    }

    fn foreign_module(&mut self, language: &ast::Name, path: &str, span: Span) -> Imported {
        let known = MODULES.iter().filter(|module| module.language == language.text);
        if let Some(&module) = known.clone().find(|module| module.path == path) {
            return Imported::Foreign(module);
        }
        let paths: Vec<String> = known.map(|module| format!("`{}`", module.path)).collect();
        let others = match &paths[..] {
            [] => format!("there are no modules of {}", language.text),
            _ => format!("there are {}", paths.join(", ")),
        };
        let message = format!("the {} module `{path}` is not supported: {others}", language.text);
        self.error(Code::M001, span, message);
        Imported::Refused
    }

    /// A declaration of a member says that it is there.
    pub(super) fn check_extern(&mut self, path: &'a [ast::Name]) {
        let [module, members @ ..] = path else { return };
        let known = match self.names().modules.get(module.text.as_str()) {
            Some(&Imported::Foreign(known)) => known,
            // What follows from an import that was refused was said with it; other modules say what they have.
            Some(Imported::Refused | Imported::Module(_)) => return,
            None if self.names().types.contains_key(module.text.as_str()) => return,
            None => {
                if let [member, ..] = members {
                    let message = format!("`{}` is not supported: there is no module `{}`", member.text, module.text);
                    self.error(Code::M001, member.span, message);
                }
                return;
            }
        };
        if let [member] = members
            && !known.names().contains(&member.text.as_str())
        {
            self.refuse_member(known, &member.text, member.span);
        }
    }

    /// The module that an expression names, if it is one.
    pub(super) fn imported(&self, of: &ast::Expr) -> Option<Imported> {
        let ast::ExprKind::Name(name) = &of.kind else { return None };
        if self.is_bound(name) || self.names().variables.contains(name.as_str()) {
            return None;
        }
        let imported = self.names().modules.get(name.as_str()).copied();
        // The reference knows this package without an import.
        imported.or_else(|| {
            let is_strings = name == "strings" && !self.names().externs.contains("strings");
            let mut known = MODULES.iter().copied();
            let strings = known.find(|module| is_strings && module.language == "go" && module.path == "strings");
            strings.map(Imported::Foreign)
        })
    }

    fn refuse_member(&mut self, module: Module, name: &str, span: Span) {
        let names = module.names().join(", ");
        let (language, path) = (module.language, module.path);
        let message = format!("`{name}` of the {language} module `{path}` is not supported: there are {names}");
        self.error(Code::M001, span, message);
    }

    /// `module.name(args)`.
    pub(super) fn call_foreign(
        &mut self,
        module: Module,
        name: &'a ast::Name,
        args: &'a [ast::Expr],
        span: Span,
    ) -> ExprId {
        let library = (module.library)();
        if !module.names().contains(&name.text.as_str()) {
            self.refuse_member(module, &name.text, name.span);
            return self.push(ExprKind::Refused, span);
        }
        let Some(decl) = prelude::functions(library, &name.text).find(|decl| decl.params.len() == args.len()) else {
            let arities = prelude::functions(library, &name.text).map(|decl| decl.params.len().to_string());
            match arities.collect::<Vec<_>>() {
                none if none.is_empty() => self.error(Code::T004, span, format!("`{}` is not callable", name.text)),
                arities => {
                    let arities = arities.join(" or ");
                    let message = format!("function {} expects {arities} arguments, got {}", name.text, args.len());
                    self.error(Code::T039, span, message);
                }
            }
            return self.push(ExprKind::Refused, span);
        };
        let function = self.library_function(library, decl, span);
        self.call_function(function, args, span)
    }

    /// `module.name` as a value.
    pub(super) fn foreign_member(&mut self, module: Module, name: &'a ast::Name, span: Span) -> ExprId {
        let library = (module.library)();
        for stmt in &library.stmts {
            match &stmt.kind {
                ast::StmtKind::Let { name: known, value: Some(value), .. } if known.text == name.text => {
                    let kind = match value.kind {
                        ast::ExprKind::Float(value) => ExprKind::Float(value),
                        ref other => unreachable!("a library's constant is a float: {other:?}"),
                    };
                    return self.push(kind, span);
                }
                ast::StmtKind::Fun(decl) if decl.exported && decl.name.text == name.text => {
                    let function = self.library_function(library, decl, span);
                    self.func.values.insert(function);
                    return self.push(ExprKind::Closure { function, captures: Vec::new() }, span);
                }
                _ => {}
            }
        }
        self.refuse_member(module, &name.text, name.span);
        self.push(ExprKind::Refused, span)
    }

    /// A name that is declared `extern` and nothing else: the reference has no value for it.
    pub(super) fn is_extern(&self, name: &str) -> bool {
        self.names().externs.contains(name)
    }

    /// Whether a name stands for a module, which is no value.
    pub(super) fn is_module_name(&self, name: &str) -> bool {
        self.names().modules.contains_key(name)
    }
}

/// The module member that an expression is or calls: the module's name, and the member's.
pub(super) fn member(expr: &ast::Expr) -> Option<(&ast::Expr, &ast::Name)> {
    let access = match &expr.kind {
        ast::ExprKind::Call { callee, args: _ } => callee,
        _ => expr,
    };
    match &access.kind {
        ast::ExprKind::Field { of, name, optional: false } => Some((of, name)),
        _ => None,
    }
}
