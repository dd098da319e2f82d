//! Runs a module with what was granted to it and no more.

use crate::console::{Console, PENDING_EXPORT, Pending, Stream, WriteError};
use crate::engine::{HOST_STACK, Settings};
use crate::failure::{Exit, Failure, Result, show};
use crate::limits::{self, Limits};
use crate::outside::{self, Asking, Outside};
use crate::stdio::{self, Stdio, Stop};
use crate::trace::{Place, Trace};
use mochi_frontend::source::SourceFile;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};
use wasmtime::{Engine, Extern, Instance, Linker, Module, ResourceLimiter, Store, Trap, Val, WasmBacktrace};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::{Deterministic, FsPerms, HostMonotonicClock, HostWallClock, WasiCtxBuilder};

/// A directory of the host that a program may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    pub host: PathBuf,
    /// Its name for the program.
    pub guest: String,
    pub writable: bool,
}

/// What a program gets from outside, besides its standard streams.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// The program's name and its arguments.
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub dirs: Vec<Directory>,
    /// What it may ask the network.
    pub outside: Outside,
    /// Clocks and random numbers that are the same in every run.
    pub deterministic: bool,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub exit: u8,
    /// What the host has to say about it: empty, or lines for standard error.
    pub report: String,
}

/// The host's side of one running program.
pub(crate) struct State {
    pub(crate) wasi: WasiP1Ctx,
    pub(crate) stdio: Stdio,
    pub(crate) console: Arc<Console>,
    pub(crate) asking: Asking,
    limiter: Limiter,
}

/// A loaded program with all that its run needs.
pub(crate) struct Program<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) settings: &'a Settings,
    pub(crate) module: &'a Module,
    pub(crate) limits: &'a Limits,
    pub(crate) grants: &'a Grants,
    /// What it was compiled from, for showing lines of it; empty where that is not known.
    pub(crate) files: &'a [SourceFile],
}

/// Bounds memory and tables, and remembers having refused: the trap that follows is then an exhausted memory.
struct Limiter {
    memory: u64,
    table_elements: usize,
    denied: bool,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired as u64 <= self.memory;
        self.denied |= !granted;
        Ok(granted)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.denied = true;
        Ok(())
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= self.table_elements)
    }

    fn instances(&self) -> usize {
        1
    }
}

/// Runs the program to its end on a thread with a stack of the size that its engine counts on.
pub(crate) fn run(program: &Program<'_>, console: &Arc<Console>, stdio: Stdio) -> Result<Ending> {
    let stack = program.settings.max_stack + HOST_STACK;
    thread::scope(|scope| {
        let guest = thread::Builder::new()
            .name("program".to_owned())
            .stack_size(stack)
            .spawn_scoped(scope, || run_here(program, console, stdio))
            .map_err(|error| {
                Failure::host(format!("cannot start a thread with {} of stack", limits::size(stack as u64)))
                    .because(error)
                    .help("--max-stack asks for less")
            })?;
        guest.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn run_here(program: &Program<'_>, console: &Arc<Console>, stdio: Stdio) -> Result<Ending> {
    let &Program { engine, settings, module, limits, grants, files } = program;
    let state = State {
        wasi: wasi_context(grants)?,
        stdio,
        console: Arc::clone(console),
        asking: Asking::new(&grants.outside),
        limiter: Limiter { memory: limits.memory, table_elements: limits.table_elements, denied: false },
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    if settings.fuel {
        store
            .set_fuel(limits.fuel.unwrap_or(u64::MAX))
            .map_err(|error| Failure::host("cannot set fuel").with_chain(&error))?;
    }
    if settings.interruptible {
        store.set_epoch_deadline(1);
    }
    let linker = linker(engine, module)?;
    let instance = match linker.instantiate(&mut store, module) {
        Ok(instance) => instance,
        Err(error) => {
            let missing = missing_imports(module, &linker, &mut store);
            if !missing.is_empty() {
                return Err(Failure::cannot_execute("the module needs what this host does not provide")
                    .because(format!("it imports {}", missing.join(", "))));
            }
            return instantiation_failed(&error, store.data(), limits);
        }
    };
    let Ok(start) = instance.get_typed_func::<(), ()>(&mut store, "_start") else {
        return Err(Failure::cannot_execute("the module has no `_start`: it is a library, not a program"));
    };
    let pending = pending_output(&mut store, &instance);
    if let Some(pending) = pending
        && !settings.small_address_space
    {
        // With a small address space memory moves when it grows, and its address here would go stale.
        console.watch(pending);
    }
    let result = start.call(&mut store, ());
    let drained = pending.map_or(Ok(()), |pending| drain(&mut store, &instance, pending));
    console.close();
    let ending = match result {
        Ok(()) => Ending { exit: 0, report: String::new() },
        Err(error) => ending(&error, store.data(), limits, files),
    };
    // A program that ended well but whose last output could not be written did not end well.
    Ok(match drained {
        Err(stop) if ending.exit == 0 => stopped(&stop, limits),
        _ => ending,
    })
}

/// What the module may import. Most programs need only our own functions; the others take longer to define than a
/// small program runs.
fn linker(engine: &Engine, module: &Module) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let others = if module.imports().all(|import| stdio::provides(&import) || outside::provides(&import)) {
        Ok(())
    } else {
        p1::add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi)
    };
    others
        .and_then(|()| stdio::add_to_linker(&mut linker))
        .and_then(|()| {
            let asks = module.imports().any(|import| outside::provides(&import));
            if asks { outside::add_to_linker(&mut linker) } else { Ok(()) }
        })
        .map_err(|error| Failure::host("cannot provide WASI").with_chain(&error))?;
    Ok(linker)
}

/// Everything the module imports that the linker does not have.
fn missing_imports(module: &Module, linker: &Linker<State>, store: &mut Store<State>) -> Vec<String> {
    module
        .imports()
        .filter(|import| linker.get_by_import(&mut *store, import).is_none())
        .map(|import| format!("{}.{}", import.module(), import.name()))
        .collect()
}

/// A module that asks for more than its limits, or that traps before it starts.
fn instantiation_failed(error: &wasmtime::Error, state: &State, limits: &Limits) -> Result<Ending> {
    if error.is::<Trap>() || error.is::<Stop>() {
        return Ok(ending(error, state, limits, &[]));
    }
    let failure = if error.chain().any(|cause| cause.is::<std::io::Error>()) {
        Failure::host("cannot reserve memory for the program")
    } else {
        Failure::cannot_execute("the module cannot be started")
    };
    let failure = failure.with_chain(error);
    Err(if state.limiter.denied {
        failure.help(format!("--max-memory allows {}", limits::size(limits.memory)))
    } else {
        failure
    })
}

/// Where the program says its pending output is.
fn pending_output(store: &mut Store<State>, instance: &Instance) -> Option<Pending> {
    let memory = instance.get_memory(&mut *store, "memory")?;
    let Some(Extern::Global(global)) = instance.get_export(&mut *store, PENDING_EXPORT) else { return None };
    let Val::I32(at) = global.get(&mut *store) else { return None };
    Some(Pending { base: memory.data_ptr(&*store) as usize, size: memory.data_size(&*store), at: at.cast_unsigned() })
}

/// Writes what the program left in its buffer.
fn drain(store: &mut Store<State>, instance: &Instance, pending: Pending) -> std::result::Result<(), Stop> {
    let Some(memory) = instance.get_memory(&mut *store, "memory") else { return Ok(()) };
    let bytes = memory.data(&*store);
    let at = pending.at as usize;
    let bytes = at
        .checked_add(8)
        .and_then(|end| bytes.get(at..end))
        .and_then(|state| state.try_into().ok())
        .and_then(|state| Pending::range(state, bytes.len()))
        .and_then(|range| bytes.get(range))
        .unwrap_or_default();
    if bytes.is_empty() {
        return Ok(());
    }
    store.data().console.write(Stream::Stdout, bytes).map_err(|error| match error {
        WriteError::BrokenPipe => Stop::BrokenPipe,
        WriteError::Limit => Stop::OutputLimit,
        WriteError::Io(error) => Stop::Output(error),
    })
}

/// What an error out of a running program means.
fn ending(error: &wasmtime::Error, state: &State, limits: &Limits, files: &[SourceFile]) -> Ending {
    let trace = error.downcast_ref::<WasmBacktrace>().map(Trace::new).unwrap_or_default();
    if let Some(stop) = error.downcast_ref::<Stop>() {
        let mut ending = stopped(stop, limits);
        if matches!(stop, Stop::Exit(1)) && trace.is_failure() {
            ending.report = failed(trace, state.stdio.said(), files);
        }
        return ending;
    }
    let mut place = trace.place();
    let message = match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => {
            // The message says where.
            place = None;
            trace.innermost().map_or_else(|| "stack overflow".to_owned(), |at| format!("stack overflow at {at}"))
        }
        Some(Trap::OutOfFuel) => format!("out of fuel (limit {})", limits.fuel.unwrap_or_default()),
        Some(Trap::Interrupt) => {
            let limit =
                limits.timeout.map_or_else(String::new, |limit| format!(": more than {}", limits::duration(limit)));
            return Ending { exit: Exit::TimeLimit.code(), report: format!("error: time limit reached{limit}\n") };
        }
        Some(Trap::UnreachableCodeReached) if state.limiter.denied => {
            format!("out of memory (limit {})", limits::size(limits.memory))
        }
        // More than any memory has.
        Some(Trap::UnreachableCodeReached) if trace.is_out_of_memory() => "out of memory".to_owned(),
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    let place = place.map_or_else(String::new, |place| format!("  at {place}\n"));
    let report = format!("error: {message}\n{place}{}", trace.report(files));
    Ending { exit: Exit::Trap.code(), report }
}

/// What is to be added to the report of a program that failed, whose end is given.
fn failed(mut trace: Trace, said: &[u8], files: &[SourceFile]) -> String {
    trace.correct(Place::reported(said).as_ref());
    trace.report(files)
}

fn stopped(stop: &Stop, limits: &Limits) -> Ending {
    let (exit, report) = match stop {
        Stop::Exit(code @ 0..=125) => (*code as u8, String::new()),
        Stop::Exit(code) => {
            let code = code.cast_signed();
            (
                1,
                format!(
                    "warning: the program ended with code {code}, which is not within 0 to 125; 1 is used instead\n"
                ),
            )
        }
        Stop::BrokenPipe => (Exit::Done.code(), String::new()),
        Stop::OutputLimit => {
            let limit = limits.output.map_or_else(String::new, limits::size);
            (Exit::Trap.code(), format!("error: output limit reached (limit {limit})\n"))
        }
        Stop::Output(_) => (Exit::Host.code(), format!("error: {stop}\n")),
    };
    Ending { exit, report }
}

fn wasi_context(grants: &Grants) -> Result<WasiP1Ctx> {
    let mut builder = WasiCtxBuilder::new();
    // Only for `poll_oneoff`: reading and writing are ours (see `stdio`).
    builder.inherit_stdio().args(&grants.args).envs(&grants.env).allow_tcp(false).allow_udp(false);
    builder.allow_blocking_current_thread(true);
    for Directory { host, guest, writable } in &grants.dirs {
        let perms = if *writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
        builder
            .preopened_dir(host, guest, perms)
            .map_err(|error| Failure::usage(format!("cannot grant the directory {}", show(host))).with_chain(&error))?;
    }
    builder.wall_clock(SystemClock);
    if grants.deterministic {
        let seed = b"mochi-wasm --deterministic".to_vec();
        builder.secure_random(Deterministic::new(seed.clone())).insecure_random(Deterministic::new(seed));
        builder.insecure_random_seed(0).wall_clock(SteadyClock::default()).monotonic_clock(SteadyClock::default());
    }
    Ok(builder.build_p1())
}

/// The machine's clock. Wasmtime's own one panics where that was never set and shows a time before 1970.
struct SystemClock;

impl HostWallClock for SystemClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        since_1970(SystemTime::now())
    }
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// A clock for repeatable runs: it starts at the beginning of 2000 and every reading takes one microsecond.
#[derive(Default)]
struct SteadyClock {
    readings: AtomicU64,
}

const YEAR_2000: Duration = Duration::from_secs(946_684_800);

impl SteadyClock {
    fn read(&self) -> Duration {
        Duration::from_micros(self.readings.fetch_add(1, Ordering::Relaxed))
    }
}

impl HostWallClock for SteadyClock {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        YEAR_2000 + self.read()
    }
}

impl HostMonotonicClock for SteadyClock {
    fn resolution(&self) -> u64 {
        1_000
    }

    fn now(&self) -> u64 {
        u64::try_from(self.read().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_are_its_beginning() {
        let second = Duration::from_secs(1);
        assert_eq!(since_1970(SystemTime::UNIX_EPOCH - second), Duration::ZERO);
        assert_eq!(since_1970(SystemTime::UNIX_EPOCH + second), second);
    }
}
