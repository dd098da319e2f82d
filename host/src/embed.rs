//! Running a module inside this process, its streams captured: for tests and benchmarks.

use crate::console::{Console, Streams};
use crate::engine::{self, Settings};
use crate::failure::{Failure, Result};
use crate::limits::Limits;
use crate::sandbox::{self, Grants, Program};
use crate::stdio::Stdio;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use wasmtime::{Engine, Module};

/// What to run a module with. A time limit needs an engine whose settings are `interruptible`.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Must be the settings that the engine was made with.
    pub settings: Settings,
    pub limits: Limits,
    pub grants: Grants,
    pub stdin: Vec<u8>,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions {
            settings: Settings::default(),
            limits: Limits::trusted(),
            grants: Grants { args: vec!["program".to_owned()], ..Grants::default() },
            stdin: Vec::new(),
        }
    }
}

/// What a program left behind. `stderr` ends with what the host says about a failure or trap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub exit: u8,
}

impl RunOptions {
    /// Options whose engine can be interrupted after `limit`.
    pub fn with_timeout(limit: std::time::Duration) -> RunOptions {
        let options = RunOptions::default();
        RunOptions {
            settings: Settings { interruptible: true, ..options.settings },
            limits: Limits { timeout: Some(limit), ..options.limits },
            ..options
        }
    }

    /// An engine for these options; one can serve any number of runs, one after another.
    pub fn engine(&self) -> Result<Engine> {
        engine::engine(&self.settings)
    }
}

/// Compiles a core module and runs it to its end.
pub fn run_module(engine: &Engine, wasm: &[u8], options: &RunOptions) -> Result<Outcome> {
    let module = Module::new(engine, wasm).map_err(|error| engine::invalid_module(&error))?;
    run_compiled(engine, &module, options)
}

/// Runs a module that was compiled with `engine`.
pub fn run_compiled(engine: &Engine, module: &Module, options: &RunOptions) -> Result<Outcome> {
    let RunOptions { settings, limits, grants, stdin } = options;
    let program = Program { engine, settings, module, limits, grants, files: &[] };
    run_captured(&program, stdin.clone(), usize::MAX)
}

/// Runs a program with its streams captured: of each at least the last `keep` bytes.
pub(crate) fn run_captured(program: &Program<'_>, stdin: Vec<u8>, keep: usize) -> Result<Outcome> {
    let Program { engine, settings, module: _, limits, grants: _, files: _ } = program;
    let (stdout, stderr) = (Captured::keeping(keep), Captured::keeping(keep));
    let mut streams = Streams::new(Box::new(stdout.clone()), Box::new(stderr.clone()));
    streams.left = limits.output;
    let console = Arc::new(Console::new(streams));
    let input = Stdio::reading(stdin);
    let ending = match limits.timeout {
        Some(timeout) if settings.interruptible => thread::scope(|scope| {
            let (done, wait) = mpsc::channel::<()>();
            scope.spawn(move || {
                if wait.recv_timeout(timeout) == Err(mpsc::RecvTimeoutError::Timeout) {
                    engine.increment_epoch();
                }
            });
            let ending = sandbox::run(program, &console, input);
            drop(done);
            ending
        }),
        Some(_) => return Err(Failure::usage("a time limit within the process needs an interruptible engine")),
        None => sandbox::run(program, &console, input),
    }?;
    let mut stderr = stderr.take();
    stderr.extend_from_slice(ending.report.as_bytes());
    Ok(Outcome { stdout: stdout.take(), stderr, exit: ending.exit })
}

/// A stream into memory.
#[derive(Clone)]
struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    /// How many of the last bytes matter.
    keep: usize,
}

impl Captured {
    fn keeping(keep: usize) -> Captured {
        Captured { bytes: Arc::default(), keep }
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        if kept.len() / 2 > self.keep {
            let beyond = kept.len() - self.keep;
            kept.drain(..beyond);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
