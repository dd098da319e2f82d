//! The stages by name: run to one, print one.
//!
//! Builds with debug assertions verify the module after every stage and pass. A module that a
//! stage broke is our bug, never the user's: it panics, and the host says so.

use mochi_frontend::check::{self, Blocks, CheckOptions};
use mochi_frontend::diagnostic::{Code, Diagnostic, Severity};
use mochi_frontend::modules::{self, Modules};
use mochi_frontend::plan;
use mochi_frontend::source::{SourceFile, Span};
use mochi_frontend::syntax;
use mochi_frontend::typed;

use crate::build::build;
use crate::ir::{
    LineStarts, Module, Phase, Spans, TextError, print_function, print_module, read_program, verify_module,
};
use crate::legalize::{self, LegalizeOptions};
use crate::opt;
use crate::wasm::{self, EmitOptions};

/// What the text of a compilation is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    Mochi,
    /// Mochi IR text, the public input for other front ends.
    Ir,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OptLevel {
    None,
    Size,
    #[default]
    Speed,
}

/// Where the pipeline can be stopped and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Built,
    Optimized,
    Legalized,
}

#[derive(Clone, Debug, Default)]
pub struct Options {
    pub language: Language,
    pub opt: OptLevel,
    /// Names of passes left out.
    pub skip_passes: Vec<String>,
    pub strict: bool,
    /// Poison freed memory and report live objects at exit.
    pub debug_memory: bool,
    /// Leave out function names and line tables.
    pub strip: bool,
    /// When the `test` and `bench` blocks of the program run.
    pub blocks: Blocks,
    /// Who finds and reads the modules that the program imports.
    pub modules: Modules,
}

/// A finished module and what there is to say about it.
#[derive(Clone, Debug)]
pub struct Compiled {
    pub wasm: Vec<u8>,
    pub warnings: Vec<Diagnostic>,
    /// Those of which a run is one, by the numbers that choose them.
    pub blocks: Vec<typed::NamedBlock>,
    /// The program's file and those of all modules that it imports, as the spans of warnings count them.
    pub files: Vec<SourceFile>,
}

/// Why there is no module: every error that was found, warnings among them.
#[derive(Clone, Debug)]
pub struct Failure {
    pub diagnostics: Vec<Diagnostic>,
    /// As those of [`Compiled`].
    pub files: Vec<SourceFile>,
}

/// What the frontend finds.
#[derive(Clone, Debug)]
pub struct Findings {
    /// In the order of the text, file after file.
    pub diagnostics: Vec<Diagnostic>,
    /// As those of [`Compiled`].
    pub files: Vec<SourceFile>,
}

/// Compiles one program to a WebAssembly module.
pub fn compile(source: &SourceFile, options: &Options) -> Result<Compiled, Failure> {
    let Started { mut module, warnings, blocks, files } = start(source, options)?;
    optimize(&mut module, options);
    legalize(&mut module, options);
    match wasm::emit(&module, &EmitOptions { strip: options.strip }) {
        Ok(wasm) => Ok(Compiled { wasm, warnings, blocks, files }),
        Err(error) => {
            let too_large = Diagnostic::error(Code::M005, Span::default(), error.to_string());
            Err(Failure { diagnostics: warnings.into_iter().chain([too_large]).collect(), files })
        }
    }
}

/// All findings of the frontend.
pub fn check(source: &SourceFile, options: &Options) -> Findings {
    match options.language {
        Language::Mochi => {
            let Front { program: _, mut diagnostics, files } = front(source, options);
            if options.strict {
                // Strict checking judges the program, whether or not it can be compiled yet.
                let refused = diagnostics.iter_mut().filter(|diagnostic| diagnostic.code == Code::M001);
                refused.for_each(|diagnostic| diagnostic.severity = Severity::Warning);
            }
            Findings { diagnostics, files }
        }
        Language::Ir => {
            Findings { diagnostics: parse_ir(source).err().unwrap_or_default(), files: vec![source.clone()] }
        }
    }
}

/// The module in its last phase, for the interpreter.
pub fn legalized(source: &SourceFile, options: &Options) -> Result<Module, Failure> {
    let mut module = start(source, options)?.module;
    optimize(&mut module, options);
    legalize(&mut module, options);
    Ok(module)
}

/// The text form of the IR after `stage`.
pub fn print_ir(source: &SourceFile, options: &Options, stage: Stage) -> Result<String, Failure> {
    let mut module = start(source, options)?.module;
    match stage {
        Stage::Built => {}
        Stage::Optimized => optimize(&mut module, options),
        Stage::Legalized => {
            optimize(&mut module, options);
            legalize(&mut module, options);
        }
    }
    Ok(print_module(&module, Spans::Omit))
}

/// How the program's queries are run, as text.
pub fn explain(source: &SourceFile, options: &Options) -> Result<String, Failure> {
    match options.language {
        Language::Mochi => match front(source, options) {
            Front { program: Some(program), diagnostics: _, files } => Ok(plan::show(&program.plans, &files)),
            Front { program: None, diagnostics, files } => Err(Failure { diagnostics, files }),
        },
        Language::Ir => Ok(String::new()),
    }
}

/// What the frontend makes of a program: there is one when nothing found is an error.
struct Front {
    program: Option<typed::Program>,
    diagnostics: Vec<Diagnostic>,
    files: Vec<SourceFile>,
}

/// Reads the program and what it imports, and checks it.
fn front(source: &SourceFile, options: &Options) -> Front {
    let (unit, mut diagnostics) = modules::load(source.clone(), &options.modules);
    if options.strict {
        // What the reference's parser rejects ends there.
        let rejected = diagnostics.iter_mut().filter(|diagnostic| diagnostic.code == Code::P065);
        rejected.for_each(|diagnostic| diagnostic.severity = Severity::Error);
        for (index, file) in (0..).zip(&unit.files) {
            diagnostics.extend(syntax::numbers_in_names(file, index));
        }
        let is_rejected = |found: &Diagnostic| found.severity == Severity::Error && found.code.is_of_the_parser();
        if diagnostics.iter().any(is_rejected) {
            return Front { program: None, diagnostics, files: unit.files };
        }
    }
    let check_options = CheckOptions { strict: options.strict, blocks: options.blocks };
    let (program, found) = check::check(&unit, &check_options);
    diagnostics.extend(found);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    let is_sound = diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error);
    Front { program: program.filter(|_| is_sound), diagnostics, files: unit.files }
}

/// The module in the pure phase, and what was found on the way there.
struct Started {
    module: Module,
    warnings: Vec<Diagnostic>,
    blocks: Vec<typed::NamedBlock>,
    files: Vec<SourceFile>,
}

fn start(source: &SourceFile, options: &Options) -> Result<Started, Failure> {
    let mut unknown = options.skip_passes.iter().filter(|&name| opt::names().all(|pass| pass != name)).peekable();
    if unknown.peek().is_some() {
        let known = opt::names().collect::<Vec<_>>().join(", ");
        let error = |name| {
            let message = format!("there is no pass `{name}`");
            Diagnostic::error(Code::M007, Span::default(), message).with_help(format!("The passes are {known}."))
        };
        return Err(Failure { diagnostics: unknown.map(error).collect(), files: vec![source.clone()] });
    }
    match options.language {
        Language::Mochi => match front(source, options) {
            Front { program: Some(program), diagnostics: warnings, files } => {
                let mut module = build(&program, &files);
                module.line_starts = LineStarts(files.iter().map(|file| file.line_starts().to_vec()).collect());
                verify(&module, "build");
                Ok(Started { module, warnings, blocks: program.blocks, files })
            }
            Front { program: None, diagnostics, files } => Err(Failure { diagnostics, files }),
        },
        Language::Ir => {
            let files = vec![source.clone()];
            match parse_ir(source) {
                Ok(module) => Ok(Started { module, warnings: Vec::new(), blocks: Vec::new(), files }),
                Err(diagnostics) => Err(Failure { diagnostics, files }),
            }
        }
    }
}

fn parse_ir(source: &SourceFile) -> Result<Module, Vec<Diagnostic>> {
    let error = |error: TextError| {
        Diagnostic::error(Code::M006, Span { file: 0, start: error.start, end: error.end }, error.message)
    };
    read_program(&source.name, &source.text).map_err(|errors| errors.into_iter().map(error).collect())
}

fn optimize(module: &mut Module, options: &Options) {
    optimize_phase(module, Phase::Pure, options);
}

fn optimize_phase(module: &mut Module, phase: Phase, options: &Options) {
    match options.opt {
        OptLevel::None => {}
        OptLevel::Size | OptLevel::Speed => {
            let mut skip = options.skip_passes.clone();
            if options.opt == OptLevel::Size {
                skip.extend([opt::split_loops::PASS, opt::detour::PASS].map(|pass| pass.name.to_owned()));
            }
            let mut verify = |pass: &opt::Pass, module: &Module| verify(module, pass.name);
            opt::optimize(module, phase, &skip, if cfg!(debug_assertions) { Some(&mut verify) } else { None });
        }
    }
}

/// From the pure to the legalized phase, the passes on that included.
fn legalize(module: &mut Module, options: &Options) {
    opt::count(module);
    verify(module, "count");
    let line_starts = std::mem::take(&mut module.line_starts);
    let line = |span: Span| line_starts.line(span);
    let legalize_options = LegalizeOptions {
        debug_memory: options.debug_memory,
        line: &line,
        list_facts: options.opt != OptLevel::None && options.skip_passes.iter().all(|pass| pass != opt::LIST_FACTS),
    };
    legalize::legalize(module, &legalize_options);
    module.line_starts = line_starts;
    verify(module, "legalize");
    optimize_phase(module, Phase::Legalized, options);
}

/// Panics if the stage that ran last broke the module. A release build trusts the tests.
fn verify(module: &Module, stage: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    if let Err(errors) = verify_module(module) {
        let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let func = errors.iter().find_map(|error| error.func);
        let func = func.map_or(String::new(), |func| print_function(module, module.func(func), Spans::Omit));
        panic!("{stage} broke the module:\n{}\n{func}", text.join("\n"));
    }
}
