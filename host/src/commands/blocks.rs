//! The blocks of programs that are run one by one: what `test` and `bench` share.
//!
//! A file is compiled once. Each run of a block has an instance of its own, which starts with the other statements of
//! the file, so that no block sees what another left behind. Its standard input is empty.

use crate::cli::BlockArgs;
use crate::commands::machine::Machine;
use crate::commands::{run, source};
use crate::console::{Console, Streams};
use crate::embed::{Outcome, run_captured};
use crate::engine::Settings;
use crate::failure::{Exit, Failure, Result, show};
use crate::limits::Limits;
use crate::places::Places;
use crate::report::Reporter;
use crate::sandbox::{Grants, Program};
use crate::supervisor::{self, Deadline};
use mochi_emitter::{Blocks, SourceFile};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::{Engine, Module};

/// The environment variable that chooses a block, by its number.
const CHOICE: &str = "MOCHI_BLOCK";

/// How much of what a block prints is kept.
const KEPT_OUTPUT: usize = 64 << 10;

/// A file with blocks, compiled.
pub(super) struct Suite {
    /// Its name as artifacts and messages have it.
    pub(super) name: String,
    /// Those that are to be run.
    pub(super) blocks: Vec<Block>,
    engine: Engine,
    module: Module,
    settings: Settings,
    limits: Limits,
    grants: Grants,
    /// Its text and those of what it imports.
    files: Vec<SourceFile>,
}

pub(super) struct Block {
    pub(super) name: String,
    pub(super) line: u32,
    number: usize,
}

/// One run of a block.
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    pub(super) time: Duration,
}

/// Prepares the files that a command names, one at a time.
pub(super) struct Suites<'a> {
    args: &'a BlockArgs,
    reporter: &'a Reporter,
    console: Arc<Console>,
    kind: Blocks,
}

impl<'a> Suites<'a> {
    /// Signals end the process from now on.
    pub(super) fn new(args: &'a BlockArgs, reporter: &'a Reporter, kind: Blocks) -> Suites<'a> {
        let console = Arc::new(Console::new(Streams::of_process()));
        supervisor::obey_signals(Arc::clone(&console));
        Suites { args, reporter, console, kind }
    }

    /// The files that are named, and for a directory all programs below it in the order of their paths.
    pub(super) fn files(&self) -> Result<Vec<Option<PathBuf>>> {
        let mut files = Vec::new();
        for path in &self.args.files {
            // The reference's way to say that a directory is meant with all below it, which one always is.
            let path = path.to_str().and_then(|text| text.strip_suffix("/...")).map_or(path.as_path(), Path::new);
            if path.is_dir() {
                let mut below = Vec::new();
                programs_below(path, &mut below)?;
                below.sort();
                files.extend(below.into_iter().map(Some));
            } else {
                files.push(Some(path.to_owned()));
            }
        }
        if self.args.source.text.is_some() {
            files.push(None);
        }
        Ok(files)
    }

    /// Compiles a file, none being the text of the command line. What is wrong with it has been said when the failure
    /// has no message.
    pub(super) fn prepare(&self, file: Option<&Path>) -> Result<Suite> {
        let BlockArgs { sandbox, codegen, source: source_args, filter, files: _, format: _ } = self.args;
        let places = Places::of_user();
        let input = source::read(file, source_args, Exit::Errors)?;
        let options = source::options(&input, source_args, Some(codegen), false)?;
        let options = mochi_emitter::Options { blocks: self.kind, ..options };
        let grants = run::grants(sandbox, &input.origin, &[], places.as_ref().ok())?;
        let limits = run::limits(sandbox)?;
        let (settings, limits) = run::fit_address_space(run::settings(sandbox, codegen, &limits), limits);
        // A block that takes too long must not end the others.
        let settings = Settings { interruptible: limits.timeout.is_some(), ..settings };
        let compile = |limit| Deadline::start(Arc::clone(&self.console), limit, "compiling");
        let _deadline = limits.compile.map(compile).transpose()?;
        let compiled = source::program(input, &options, source_args, self.reporter, false)?;
        let machine =
            Machine { reporter: self.reporter, settings: settings.clone(), places, no_cache: sandbox.no_cache };
        let (engine, module) = machine.compile(&compiled.wasm, None)?;
        let wanted = |name: &str| filter.as_ref().is_none_or(|filter| name.contains(filter.as_str()));
        let blocks = compiled.blocks.into_iter().enumerate().filter(|(_, block)| wanted(&block.name));
        let files = compiled.files;
        let line = |start: u32| files[0].line(start);
        let blocks = blocks.map(|(number, block)| Block { line: line(block.span.start), name: block.name, number });
        let blocks = blocks.collect();
        Ok(Suite { name: files[0].name.clone(), blocks, engine, module, settings, limits, grants, files })
    }
}

impl Suite {
    /// Runs one of its blocks.
    pub(super) fn run(&self, block: &Block) -> Result<Ran> {
        let mut grants = self.grants.clone();
        grants.env.push((CHOICE.to_owned(), block.number.to_string()));
        let Suite { engine, module, settings, limits, files, name: _, blocks: _, grants: _ } = self;
        let program = Program { engine, settings, module, limits, grants: &grants, files };
        let start = Instant::now();
        let outcome = run_captured(&program, Vec::new(), KEPT_OUTPUT)?;
        Ok(Ran { outcome, time: start.elapsed() })
    }
}

impl Ran {
    pub(super) fn is_ok(&self) -> bool {
        self.outcome.exit == Exit::Done.code()
    }

    /// Why the block failed, in one line and what else is known of it.
    pub(super) fn failure(&self) -> (String, String) {
        let said = String::from_utf8_lossy(&self.outcome.stderr);
        let (message, details) = said.split_once('\n').unwrap_or((&said, ""));
        let message = message.strip_prefix("error: ").unwrap_or(message);
        // As in the reference: where it stands, the details say.
        const EXPECT: &str = "expect condition failed";
        let message = if message.starts_with(EXPECT) { EXPECT } else { message };
        match message {
            "" => (format!("exit code {}", self.outcome.exit), details.to_owned()),
            message => (message.to_owned(), details.to_owned()),
        }
    }
}

fn programs_below(dir: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Errors, format!("cannot read the directory {}", show(dir))).because(error)
    };
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        // A link to a directory is not followed: it may lead around in a circle.
        if entry.file_type().map_err(failed)?.is_dir() {
            programs_below(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "mochi") {
            found.push(path);
        }
    }
    Ok(())
}
