//! Modules of the language: what a program imports from other files.
//!
//! The statements of a module become part of the start function, at the first import of it that is reached, so that a
//! module runs once and before whoever imports it goes on. Its `test` and `bench` blocks are not the program's.
//! All of its variables are globals: what other modules and other files of its directory see is one storage.

use std::collections::HashMap;

use super::types::Named;
use super::{Bound, Resolver, foreign};
use crate::check::resolved::{Block, ExprId, ExprKind, Place};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::GlobalId;
use crate::types::RecordId;

/// What the name that an import makes known stands for.
#[derive(Clone, Copy)]
pub(super) enum Imported {
    Foreign(foreign::Module),
    /// By number.
    Module(usize),
    /// It has been said why not.
    Refused,
}

impl<'a> Resolver<'a> {
    /// The module of the file in which something is written.
    pub(super) fn module_of(&self, span: Span) -> usize {
        self.modules_of_files.get(span.file as usize).copied().unwrap_or_default()
    }

    /// Makes globals of the variables of all modules but the program.
    pub(super) fn share_variables(&mut self) {
        for (index, module) in self.unit.modules.iter().enumerate().skip(1) {
            self.module = index;
            for stmt in &module.ast.stmts {
                if let ast::StmtKind::Let { name, .. } | ast::StmtKind::Fetch { into: name, .. } = &stmt.kind {
                    self.global(&name.text, name.span);
                }
            }
        }
        for (module, name, _) in self.function_variables.clone().into_iter().filter(|of| of.0 > 0) {
            self.module = module;
            self.global(&name.text, name.span);
        }
    }

    /// Runs the modules that a statement of the top level imports, unless they have run.
    pub(super) fn initialize_imports(&mut self, stmt: &'a ast::Stmt, out: &mut Block) {
        let mut declarations = Vec::new();
        ast::whole_program_declarations(std::slice::from_ref(stmt), &mut declarations);
        for declaration in declarations {
            if let ast::StmtKind::Import { path_span, .. } = &declaration.kind
                && let Some(&module) = self.unit.imports.get(path_span)
                && self.initialized.insert(module)
            {
                self.initialize(module, out);
            }
        }
    }

    fn initialize(&mut self, module: usize, out: &mut Block) {
        let importer = std::mem::replace(&mut self.module, module);
        let blocks = std::mem::replace(&mut self.func.blocks, vec![HashMap::new()]);
        for (_, name, _) in self.function_variables.clone().into_iter().filter(|of| of.0 == module) {
            let global = self.global(&name.text, name.span);
            self.bind(&name.text, Bound::Variable(Place::Global(global)));
        }
        for stmt in &self.unit.modules[module].ast.stmts {
            self.initialize_imports(stmt, out);
            if !matches!(stmt.kind, ast::StmtKind::Test { .. } | ast::StmtKind::Bench { .. }) {
                self.top_level_stmt(stmt, out);
            }
        }
        self.func.blocks = blocks;
        self.module = importer;
    }

    // Members.

    /// `module.name(args)`.
    pub(super) fn call_member(
        &mut self,
        module: usize,
        name: &'a ast::Name,
        args: &'a [ast::Expr],
        span: Span,
    ) -> ExprId {
        if !self.expect_exported(module, &name.text, name.span) {
            self.exprs(args);
            return self.push(ExprKind::Refused, span);
        }
        if let Some(&function) = self.names[module].functions.get(name.text.as_str()) {
            return self.call_function(function, args, span);
        }
        if let Some(variant) = self.construct(module, &name.text, args, span) {
            return variant;
        }
        let of = self.module_value(module, name, span);
        let args = self.exprs(args);
        self.push(ExprKind::CallValue { of, args }, span)
    }

    /// `module.name` as a value.
    pub(super) fn module_value(&mut self, module: usize, name: &'a ast::Name, span: Span) -> ExprId {
        if !self.expect_exported(module, &name.text, name.span) {
            return self.push(ExprKind::Refused, span);
        }
        if let Some(&function) = self.names[module].functions.get(name.text.as_str()) {
            self.func.values.insert(function);
            return self.push(ExprKind::Closure { function, captures: Vec::new() }, span);
        }
        if let Some(variant) = self.construct(module, &name.text, &[], span) {
            return variant;
        }
        match self.exported_variable(module, name) {
            Some(global) => self.push(ExprKind::Global(global), span),
            None => {
                self.error(Code::T002, name.span, format!("undefined variable: {} (it is a type)", name.text));
                self.push(ExprKind::Refused, span)
            }
        }
    }

    /// A variable that a module exports, which is about to be used.
    pub(super) fn exported_variable(&mut self, module: usize, name: &ast::Name) -> Option<GlobalId> {
        if !self.names[module].exports.contains(name.text.as_str()) {
            return None;
        }
        let &global = self.names[module].globals.get(name.text.as_str())?;
        self.func.reads.insert(global);
        if self.func.is_main && !self.func.declared.contains(&global) {
            self.program.globals[global.index()].read_early = true;
        }
        Some(global)
    }

    /// The variable of another module that an assignment sets, with the fields that are left of it; nothing when there is
    /// none, which has been said.
    pub(super) fn assigned_member(
        &mut self,
        target: &'a ast::Name,
        indexes: &[ExprId],
        fields: &'a [ast::Name],
    ) -> Option<Option<(GlobalId, &'a [ast::Name])>> {
        let &Imported::Module(module) = self.names().modules.get(target.text.as_str())? else { return None };
        let ([], [member, rest @ ..]) = (indexes, fields) else { return None };
        if self.is_bound(&target.text) || self.names().variables.contains(target.text.as_str()) {
            return None;
        }
        if !self.expect_exported(module, &member.text, member.span) {
            return Some(None);
        }
        let global = self.exported_variable(module, member);
        if global.is_none() {
            self.error(Code::T001, member.span, format!("assignment to undeclared variable: {}", member.text));
        }
        Some(global.map(|global| (global, rest)))
    }

    /// A type that a module exports, or a variant of a union that it exports.
    pub(super) fn exported_type(&self, module: usize, name: &str) -> Option<Named<'a>> {
        let named = *self.names[module].types.get(name)?;
        (self.names[module].exports.contains(name) || self.is_exported_variant(module, named)).then_some(named)
    }

    fn is_exported_variant(&self, module: usize, named: Named<'a>) -> bool {
        let Named::Record(record) = named else { return false };
        let union = self.program.records[record.index()].union;
        union.is_some_and(|union| self.names[module].exports.contains(self.program.unions[union.index()].name))
    }

    /// The struct or variant that the name in a pattern means: one of this module's, or a variant of an imported union,
    /// since patterns have no other names for those.
    pub(super) fn matched_record(&self, name: &ast::Name) -> Option<RecordId> {
        self.named_record(name).or_else(|| {
            let imports = self.unit.imports.iter().filter(|(span, _)| self.module_of(**span) == self.module);
            imports.into_iter().find_map(|(_, &module)| match self.exported_type(module, &name.text)? {
                Named::Record(record) => Some(record),
                Named::Union | Named::Alias(_) | Named::Foreign => None,
            })
        })
    }

    /// Whether a module exports a name; says so if not.
    fn expect_exported(&mut self, module: usize, name: &str, span: Span) -> bool {
        let names = &self.names[module];
        if names.exports.contains(name) || self.exported_type(module, name).is_some() {
            return true;
        }
        let is_private =
            names.functions.contains_key(name) || names.variables.contains(name) || names.types.contains_key(name);
        let file = &self.unit.modules[module].name;
        let (message, help) = if is_private {
            let help = format!("Write `export` before its declaration in {file}.");
            (format!("name \"{name}\" is not exported by package \"{file}\""), help)
        } else {
            let mut exports: Vec<&str> = names.exports.iter().copied().collect();
            exports.sort_unstable();
            let help = match exports.as_slice() {
                [] => "It exports nothing.".to_owned(),
                _ => format!("It exports {}.", exports.join(", ")),
            };
            (format!("package \"{file}\" has no name \"{name}\""), help)
        };
        self.diagnostics.push(Diagnostic::error(Code::M010, span, message).with_help(help));
        false
    }

    /// `module.Name { … }` of a type that there is not.
    pub(super) fn unknown_type_of_module(
        &mut self,
        name: &'a ast::Name,
        values: &'a [(ast::Name, ast::Expr)],
    ) -> ExprId {
        for (_, value) in values {
            self.expr(value);
        }
        let (alias, member) = name.text.split_once('.').unwrap_or_default();
        match self.names().modules.get(alias) {
            Some(&Imported::Module(module)) => {
                if self.expect_exported(module, member, name.span) {
                    self.error(Code::T026, name.span, format!("{} is not a struct", name.text));
                }
            }
            Some(Imported::Refused) => {}
            Some(Imported::Foreign(_)) | None => {
                self.error(Code::T025, name.span, format!("unknown type: {}", name.text));
            }
        }
        self.push(ExprKind::Refused, name.span)
    }
}
