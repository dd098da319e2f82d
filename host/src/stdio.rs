//! The WASI functions that the host implements itself: reading and writing the standard streams, and `proc_exit`.
//!
//! They replace those of `wasmtime-wasi` because a program's output is counted, must be in order with what the
//! host drains, ends the program when nobody reads it, and should cost one system call a buffer (wasmtime-wasi
//! copies it in pieces of 4 KB and starts an asynchronous runtime of several threads for it). Other descriptors
//! are passed on.

use crate::console::{Stream, WriteError};
use crate::sandbox::State;
use std::fmt;
use std::io::{self, ErrorKind, Read};
use wasmtime::{AsContextMut, Caller, Extern, Linker, Memory};
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

/// Defines the functions over those already in `linker`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, "fd_read", fd_read)?;
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Stop::Exit(code.cast_unsigned())))
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

fn fd_write(mut caller: Caller<'_, State>, fd: i32, vectors: i32, count: i32, written: i32) -> wasmtime::Result<i32> {
    let memory = memory_of(&mut caller)?;
    let stream = match fd {
        1 => Stream::Stdout,
        2 => Stream::Stderr,
        _ => {
            let fuel = caller.as_context_mut().hostcall_fuel();
            let (bytes, state) = memory.data_and_store_mut(&mut caller);
            wasi::WasiSnapshotPreview1::set_hostcall_fuel(&mut state.wasi, fuel);
            let mut bytes = GuestMemory::Unshared(bytes);
            return wasmtime_wasi::runtime::in_tokio(wasi::fd_write(
                &mut state.wasi,
                &mut bytes,
                fd,
                vectors,
                count,
                written,
            ));
        }
    };
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let mut total: u32 = 0;
    for at in 0..count.cast_unsigned() {
        let Some(part) = vector(bytes, vectors, at).and_then(|range| bytes.get(range)) else { return Ok(EFAULT) };
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
    Ok(store(bytes, written, total))
}

fn fd_read(mut caller: Caller<'_, State>, fd: i32, vectors: i32, count: i32, read: i32) -> wasmtime::Result<i32> {
    let memory = memory_of(&mut caller)?;
    if fd != 0 {
        let fuel = caller.as_context_mut().hostcall_fuel();
        let (bytes, state) = memory.data_and_store_mut(&mut caller);
        wasi::WasiSnapshotPreview1::set_hostcall_fuel(&mut state.wasi, fuel);
        let mut bytes = GuestMemory::Unshared(bytes);
        return wasmtime_wasi::runtime::in_tokio(wasi::fd_read(&mut state.wasi, &mut bytes, fd, vectors, count, read));
    }
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    for at in 0..count.cast_unsigned() {
        let Some(range) = vector(bytes, vectors, at) else { return Ok(EFAULT) };
        if range.is_empty() {
            continue;
        }
        let Some(into) = bytes.get_mut(range) else { return Ok(EFAULT) };
        let length = loop {
            match state.stdin.read(into) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(length) => break length,
                Err(_) => return Ok(EIO),
            }
        };
        return Ok(store(bytes, read, length as u32));
    }
    Ok(store(bytes, read, 0))
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

fn store(bytes: &mut [u8], at: i32, value: u32) -> i32 {
    let at = at.cast_unsigned() as usize;
    match bytes.get_mut(at..at + 4) {
        Some(place) => {
            place.copy_from_slice(&value.to_le_bytes());
            SUCCESS
        }
        None => EFAULT,
    }
}

/// Standard input of the process, unbuffered: programs buffer themselves.
pub(crate) fn process_stdin() -> Box<dyn Read + Send> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        if let Ok(fd) = io::stdin().as_fd().try_clone_to_owned() {
            return Box::new(std::fs::File::from(fd));
        }
    }
    Box::new(io::stdin())
}
