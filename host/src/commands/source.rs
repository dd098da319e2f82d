//! From the command line's input to a module: what `compile`, `run` and `check` share.

use crate::cli::{CodegenArgs, LanguageArg, OptArg, SourceArgs};
use crate::engine::Effort;
use crate::failure::{Exit, Failure, Result};
use crate::input::{self, Input, Kind, Origin, describe};
use crate::limits::parse_size;
use crate::modules::ModuleFiles;
use crate::report::{Reporter, has_errors, reported};
use mochi_emitter::{Blocks, Compiled, Language, Modules, OptLevel, Options, SourceFile, opt};
use std::path::Path;
use std::thread;

/// Reads the input of a command.
pub(crate) fn read(file: Option<&Path>, args: &SourceArgs, unreadable: Exit) -> Result<Input> {
    let origin = match (&args.text, file) {
        (Some(_), _) | (None, None) => Origin::CommandLine,
        (None, Some(file)) => Origin::new(file),
    };
    input::read(origin, args.text.as_deref(), parse_size(&args.max_source)?, unreadable)
}

/// What the frontend is told.
pub(crate) fn options(
    input: &Input,
    source: &SourceArgs,
    codegen: Option<&CodegenArgs>,
    strip: bool,
) -> Result<Options> {
    for name in codegen.into_iter().flat_map(|codegen| &codegen.skip_pass) {
        if opt::names().all(|pass| pass != name) {
            let known: Vec<&str> = opt::names().collect();
            return Err(Failure::usage(format!("there is no pass `{name}`"))
                .help(format!("the passes are {}", known.join(", "))));
        }
    }
    let language = match source.lang {
        Some(LanguageArg::Mir) => Language::Ir,
        Some(LanguageArg::Mochi) => Language::Mochi,
        None if input.origin.is_named_ir() => Language::Ir,
        None => Language::Mochi,
    };
    Ok(Options {
        language,
        opt: codegen.map_or(OptLevel::Speed, |codegen| match codegen.opt {
            OptArg::Speed => OptLevel::Speed,
            OptArg::Size => OptLevel::Size,
            OptArg::None => OptLevel::None,
        }),
        skip_passes: codegen.map_or_else(Vec::new, |codegen| codegen.skip_pass.clone()),
        strict: source.strict,
        debug_memory: codegen.is_some_and(|codegen| codegen.debug_memory),
        strip,
        blocks: Blocks::Inline,
        modules: Modules::new(ModuleFiles::beside(&input.origin, parse_size(&source.max_source)?)),
    })
}

pub(crate) fn effort(opt: OptArg) -> Effort {
    match opt {
        OptArg::Speed => Effort::Speed,
        OptArg::Size => Effort::Size,
        OptArg::None => Effort::None,
    }
}

/// The input as text of a program.
pub(crate) fn text(input: Input) -> Result<SourceFile> {
    let name = input.origin.name();
    if input.origin.is_named_artifact() {
        return Err(Failure::cannot_execute(format!("{} is not WebAssembly", input.origin.shown()))
            .because(describe(&input.bytes)));
    }
    match String::from_utf8(input.bytes) {
        Ok(text) => Ok(SourceFile::new(name, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
            let found = bytes.get(at).copied().unwrap_or_default();
            Err(Failure::new(Exit::Errors, format!("{name}:{line}: not UTF-8 text"))
                .because(format!("the byte at offset {at} is 0x{found:02x}")))
        }
    }
}

/// Does what recurses over a program on a thread with room for it, whatever the caller's stack is.
pub(crate) fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    const STACK: usize = 64 << 20;
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("compiler".to_owned()).stack_size(STACK).spawn_scoped(scope, work);
        match worker.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => Err(Failure::host("cannot start a thread").because(error)),
        }
    })
}

/// Compiles the input, unless it is a module already, and draws what the frontend finds.
pub(crate) fn module(
    input: Input,
    options: &Options,
    source: &SourceArgs,
    reporter: &Reporter,
    warn: bool,
) -> Result<Vec<u8>> {
    match input.kind {
        Kind::Wasm => Ok(input.bytes),
        Kind::Text => program(input, options, source, reporter, warn).map(|compiled| compiled.wasm),
        Kind::Component => Err(component(&input)),
        Kind::Elf => Err(Failure::usage(format!("{} is compiled already", input.origin.shown()))),
    }
}

/// Compiles a program's text, and draws what the frontend finds.
pub(crate) fn program(
    input: Input,
    options: &Options,
    source: &SourceArgs,
    reporter: &Reporter,
    warn: bool,
) -> Result<Compiled> {
    if input.kind != Kind::Text {
        return Err(Failure::usage(format!("{} is an artifact, not a program's text", input.origin.shown())));
    }
    let file = text(input)?;
    let found = with_stack(|| mochi_emitter::compile(&file, options))?;
    let (diagnostics, files) = match &found {
        Ok(compiled) => (&compiled.warnings, &compiled.files),
        Err(failure) => (&failure.diagnostics, &failure.files),
    };
    reporter.diagnostics(diagnostics, files, source.errors.error_limit, warn);
    found.map_err(|failure| match has_errors(&failure.diagnostics) {
        true => reported(),
        false => Failure::new(Exit::Bug, format!("{} was not compiled, and no error says why", file.name)),
    })
}

pub(crate) fn component(input: &Input) -> Failure {
    Failure::cannot_execute(format!("{} is a component", input.origin.shown()))
        .because("components are not available yet")
        .help("give the core module that it was made from")
}
