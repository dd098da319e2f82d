//! The WASI functions that the host implements itself: those on the standard streams, and `proc_exit`.
//!
//! They replace those of `wasmtime-wasi` because a program's output is counted, must be in order with what the
//! host drains, ends the program when nobody reads it, and should cost one system call a buffer (wasmtime-wasi
//! copies it in pieces of 4 KB and starts an asynchronous runtime of several threads for it, which takes longer
//! than a small program runs). Other descriptors are passed on.

use crate::console::{Stream, WriteError};
use crate::sandbox::State;
use std::fmt;
use std::io::{self, Cursor, ErrorKind, IsTerminal, Read};
use wasmtime::{AsContextMut, Caller, Extern, ImportType, Linker, Memory};
use wasmtime_wasi::p1::wasi_snapshot_preview1 as wasi;
use wiggle::GuestMemory;

pub(crate) const MODULE: &str = "wasi_snapshot_preview1";

const SUCCESS: i32 = 0;
const EFAULT: i32 = 21;
const EIO: i32 = 29;
const EPIPE: i32 = 64;

/// Carries a program's end out of a host function.
#[derive(Debug)]
pub(crate) enum Stop {
    Exit(u32),
    /// The reader of standard output went away.
    BrokenPipe,
    OutputLimit,
    /// Standard output cannot be written: its disk is full, for example.
    Output(io::Error),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Exit(code) => write!(f, "exited with code {code}"),
            Stop::BrokenPipe => f.write_str("nobody reads standard output"),
            Stop::OutputLimit => f.write_str("output limit reached"),
            Stop::Output(error) => write!(f, "cannot write standard output: {error}"),
        }
    }
}

impl std::error::Error for Stop {}

/// The program's end of its standard streams, besides what it writes.
pub(crate) struct Stdio {
    pub(crate) stdin: Box<dyn Read + Send>,
    /// Which of the three are terminals.
    pub(crate) terminals: [bool; 3],
    /// The last that the program wrote to standard error.
    said: Vec<u8>,
}

/// How much of standard error is remembered: a failure's last line, which names a file.
const REMEMBERED: usize = 8192;

impl Stdio {
    /// The streams of this process; input is unbuffered, since programs buffer themselves.
    pub(crate) fn of_process() -> Stdio {
        let terminals = [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()];
        #[cfg(unix)]
        {
            use std::os::fd::AsFd;
            if let Ok(fd) = io::stdin().as_fd().try_clone_to_owned() {
                return Stdio { stdin: Box::new(std::fs::File::from(fd)), terminals, said: Vec::new() };
            }
        }
        Stdio { stdin: Box::new(io::stdin()), terminals, said: Vec::new() }
    }

    pub(crate) fn reading(bytes: Vec<u8>) -> Stdio {
        Stdio { stdin: Box::new(Cursor::new(bytes)), terminals: [false; 3], said: Vec::new() }
    }

    /// The end of what the program wrote to standard error.
    pub(crate) fn said(&self) -> &[u8] {
        &self.said
    }

    fn remember(&mut self, part: &[u8]) {
        self.said.extend_from_slice(&part[part.len().saturating_sub(REMEMBERED)..]);
        self.said.drain(..self.said.len().saturating_sub(REMEMBERED));
    }
}

/// Whether the import is one of those defined here, as far as names go.
pub(crate) fn provides(import: &ImportType<'_>) -> bool {
    import.module() == MODULE && ["fd_write", "fd_read", "fd_fdstat_get", "proc_exit"].contains(&import.name())
}

/// Defines the functions over those that may already be in `linker`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, "fd_read", fd_read)?;
    linker.func_wrap(MODULE, "fd_fdstat_get", fd_fdstat_get)?;
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Stop::Exit(code.cast_unsigned())))
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Calls the function of `wasmtime-wasi` for a descriptor that is none of ours. (These functions are declared for its
/// own use; they are the only way to it once ours stand in their place.)
macro_rules! pass_on {
    ($caller:ident, $memory:ident, $function:ident($($argument:expr),*)) => {{
        let fuel = $caller.as_context_mut().hostcall_fuel();
        let (bytes, state) = $memory.data_and_store_mut(&mut $caller);
        wasi::WasiSnapshotPreview1::set_hostcall_fuel(&mut state.wasi, fuel);
        let mut bytes = GuestMemory::Unshared(bytes);
        wasmtime_wasi::runtime::in_tokio(wasi::$function(&mut state.wasi, &mut bytes, $($argument),*))
    }};
}

fn fd_write(mut caller: Caller<'_, State>, fd: i32, vectors: i32, count: i32, written: i32) -> wasmtime::Result<i32> {
    let memory = memory_of(&mut caller)?;
    let stream = match fd {
        1 => Stream::Stdout,
        2 => Stream::Stderr,
        _ => {
            return pass_on!(caller, memory, fd_write(fd, vectors, count, written));
        }
    };
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let mut total: u32 = 0;
    for at in 0..count.cast_unsigned() {
        let Some(part) = vector(bytes, vectors, at).and_then(|range| bytes.get(range)) else { return Ok(EFAULT) };
        if stream == Stream::Stderr {
            state.stdio.remember(part);
        }
        match state.console.write(stream, part) {
            Ok(()) => total = total.wrapping_add(part.len() as u32),
            Err(WriteError::Limit) => return Err(wasmtime::Error::new(Stop::OutputLimit)),
            Err(WriteError::BrokenPipe) if stream == Stream::Stdout => {
                return Err(wasmtime::Error::new(Stop::BrokenPipe));
            }
            Err(WriteError::Io(error)) if stream == Stream::Stdout => {
                return Err(wasmtime::Error::new(Stop::Output(error)));
            }
            // What cannot be said on standard error cannot be said at all; the program may go on.
            Err(WriteError::BrokenPipe) => return Ok(EPIPE),
            Err(WriteError::Io(_)) => return Ok(EIO),
        }
    }
    Ok(store(bytes, written, &total.to_le_bytes()))
}

fn fd_read(mut caller: Caller<'_, State>, fd: i32, vectors: i32, count: i32, read: i32) -> wasmtime::Result<i32> {
    let memory = memory_of(&mut caller)?;
    if fd != 0 {
        return pass_on!(caller, memory, fd_read(fd, vectors, count, read));
    }
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    for at in 0..count.cast_unsigned() {
        let Some(range) = vector(bytes, vectors, at) else { return Ok(EFAULT) };
        if range.is_empty() {
            continue;
        }
        let Some(into) = bytes.get_mut(range) else { return Ok(EFAULT) };
        let length = loop {
            match state.stdio.stdin.read(into) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(length) => break length,
                Err(_) => return Ok(EIO),
            }
        };
        return Ok(store(bytes, read, &(length as u32).to_le_bytes()));
    }
    Ok(store(bytes, read, &[0; 4]))
}

/// A stream is a character device if it is a terminal; a program flushes at each line's end then.
fn fd_fdstat_get(mut caller: Caller<'_, State>, fd: i32, result: i32) -> wasmtime::Result<i32> {
    const CHARACTER_DEVICE: u8 = 2;
    const FD_READ: u64 = 1 << 1;
    const FD_WRITE: u64 = 1 << 6;
    let memory = memory_of(&mut caller)?;
    let Some(&is_terminal) = usize::try_from(fd).ok().and_then(|fd| caller.data().stdio.terminals.get(fd)) else {
        return pass_on!(caller, memory, fd_fdstat_get(fd, result));
    };
    // {type: u8, flags: u16, rights: u64, rights that descriptors made from it inherit: u64}
    let mut status = [0; 24];
    status[0] = if is_terminal { CHARACTER_DEVICE } else { 0 };
    let rights = if fd == 0 { FD_READ } else { FD_WRITE }.to_le_bytes();
    status[8..16].copy_from_slice(&rights);
    status[16..].copy_from_slice(&rights);
    Ok(store(memory.data_mut(&mut caller), result, &status))
}

fn memory_of(caller: &mut Caller<'_, State>) -> wasmtime::Result<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(wasmtime::Error::msg("the module exports no `memory`")),
    }
}

/// The range that the `at`th {start, length} of a list names.
fn vector(bytes: &[u8], vectors: i32, at: u32) -> Option<std::ops::Range<usize>> {
    let entry = vectors.cast_unsigned() as usize + at as usize * 8;
    let entry: [u8; 8] = bytes.get(entry..entry + 8)?.try_into().ok()?;
    let [a, b, c, d, e, f, g, h] = entry;
    let start = u32::from_le_bytes([a, b, c, d]) as usize;
    let length = u32::from_le_bytes([e, f, g, h]) as usize;
    Some(start..start + length)
}

fn store(bytes: &mut [u8], at: i32, value: &[u8]) -> i32 {
    let at = at.cast_unsigned() as usize;
    match bytes.get_mut(at..at + value.len()) {
        Some(place) => {
            place.copy_from_slice(value);
            SUCCESS
        }
        None => EFAULT,
    }
}
