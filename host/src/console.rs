//! A running program's output, shared by the program and those who may end it.
//!
//! A Mochi program buffers its standard output in its own memory and exports where: the global
//! `mochi_stdout` holds the address of {start: u32, length: u32}. Whoever ends the program – a trap, the
//! deadline, a signal – writes what is pending there first. The thread that runs the program can simply look;
//! the others read the program's memory through the system (`/proc/self/mem`), which needs no unsafe code, cannot
//! fault, and sees at worst a torn pair of numbers, which are clamped to the memory's size at start. Without that
//! file (elsewhere than on Linux) the pending part is lost when a deadline or signal ends the program.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// The export that says where pending output is.
pub(crate) const PENDING_EXPORT: &str = "mochi_stdout";

/// How long a process that must end waits for its output to be taken: no longer than that takes, but on a busy machine
/// the thread that writes must have had a turn.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// Where a program's bytes go.
pub(crate) struct Streams {
    pub(crate) stdout: Box<dyn Write + Send>,
    pub(crate) stderr: Box<dyn Write + Send>,
    /// Bytes that may still be written.
    pub(crate) left: Option<u64>,
    /// For each stream, whether controls are shown on a terminal instead of obeyed.
    pub(crate) filters: [Option<Filter>; 2],
    /// The last write has happened: the process is being ended.
    closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Why a write did not happen.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// Nobody reads any more.
    BrokenPipe,
    Limit,
    Io(io::Error),
}

pub(crate) struct Console {
    streams: Mutex<Streams>,
    stopping: AtomicBool,
    pending: OnceLock<Pending>,
}

/// Where the running program's memory and its pending output are.
#[derive(Clone, Copy)]
pub(crate) struct Pending {
    /// The host's address of the linear memory, for as long as it cannot move.
    pub(crate) base: usize,
    pub(crate) size: usize,
    /// The program's address of {start, length}.
    pub(crate) at: u32,
}

impl Streams {
    pub(crate) fn new(stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>) -> Streams {
        Streams { stdout, stderr, left: None, filters: [None; 2], closed: false }
    }

    /// The process's own streams, unbuffered: programs buffer themselves.
    pub(crate) fn of_process() -> Streams {
        Streams::new(process_stdout(), Box::new(io::stderr()))
    }

    fn write(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), WriteError> {
        let allowed =
            self.left.map_or(bytes.len(), |left| bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        let (now, beyond) = bytes.split_at(allowed);
        let (to, filter) = match stream {
            Stream::Stdout => (&mut self.stdout, &mut self.filters[0]),
            Stream::Stderr => (&mut self.stderr, &mut self.filters[1]),
        };
        let result = match filter {
            Some(filter) => to.write_all(&filter.visible(now)),
            None => to.write_all(now),
        };
        result.and_then(|()| to.flush()).map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => WriteError::BrokenPipe,
            _ => WriteError::Io(error),
        })?;
        self.left = self.left.map(|left| left - now.len() as u64);
        if beyond.is_empty() { Ok(()) } else { Err(WriteError::Limit) }
    }
}

#[cfg(unix)]
fn process_stdout() -> Box<dyn Write + Send> {
    use std::os::fd::AsFd;
    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(fd) => Box::new(std::fs::File::from(fd)),
        Err(_) => Box::new(io::stdout()),
    }
}

#[cfg(not(unix))]
fn process_stdout() -> Box<dyn Write + Send> {
    Box::new(io::stdout())
}

impl Console {
    pub(crate) fn new(streams: Streams) -> Console {
        Console { streams: Mutex::new(streams), stopping: AtomicBool::new(false), pending: OnceLock::new() }
    }

    /// Writes for the program. Does not return once the process is being ended.
    pub(crate) fn write(&self, stream: Stream, bytes: &[u8]) -> Result<(), WriteError> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let result = if streams.closed { Ok(()) } else { streams.write(stream, bytes) };
        if self.stopping.load(Ordering::SeqCst) {
            // What the program handed over is written, and it does not get to hand over more. Were it to return, it
            // might be between writing and forgetting what it wrote when its pending output is looked at.
            streams.closed |= stream == Stream::Stdout;
            drop(streams);
            loop {
                thread::park();
            }
        }
        result
    }

    /// Tells where the pending output of the program is that starts to run.
    pub(crate) fn watch(&self, pending: Pending) {
        // A console serves one program; a second call would change nothing.
        let _ = self.pending.set(pending);
    }

    /// Ends that: the memory is about to go, and with it what was pending.
    pub(crate) fn close(&self) {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
    }

    /// Ends the process with `code`, whatever the program is doing: writes its pending output and then `message`, each
    /// only as long as somebody takes it.
    pub(crate) fn end_process(self: &Arc<Self>, code: u8, message: String) -> ! {
        self.stopping.store(true, Ordering::SeqCst);
        let console = Arc::clone(self);
        within(DRAIN_TIME, move || console.drain_from_outside());
        within(DRAIN_TIME, move || io::stderr().write_all(message.as_bytes()).unwrap_or_default());
        crate::output::remove_temporaries();
        std::process::exit(i32::from(code))
    }

    fn drain_from_outside(&self) {
        let Some(pending) = self.pending.get() else { return };
        let until = Instant::now() + DRAIN_TIME;
        loop {
            let mut streams = match self.streams.try_lock() {
                Ok(streams) => streams,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                Err(TryLockError::WouldBlock) => return,
            };
            if !streams.closed {
                streams.closed = true;
                let bytes = pending.read().unwrap_or_default();
                // The process ends for another reason already; that this could not be written comes second.
                let _ = streams.write(Stream::Stdout, &bytes);
            }
            return;
        }
    }
}

impl Pending {
    /// Where the output is, given the two words at `at`: inside the memory or nowhere.
    pub(crate) fn range(state: [u8; 8], size: usize) -> Option<std::ops::Range<usize>> {
        let [a, b, c, d, e, f, g, h] = state;
        let start = u32::from_le_bytes([a, b, c, d]) as usize;
        let length = u32::from_le_bytes([e, f, g, h]) as usize;
        let end = start.checked_add(length)?.min(size);
        (start < end).then_some(start..end)
    }

    #[cfg(target_os = "linux")]
    fn read(&self) -> Option<Vec<u8>> {
        use std::os::unix::fs::FileExt;
        let memory = std::fs::File::open("/proc/self/mem").ok()?;
        let mut state = [0; 8];
        if self.at as usize + state.len() > self.size {
            return None;
        }
        memory.read_exact_at(&mut state, (self.base + self.at as usize) as u64).ok()?;
        let range = Pending::range(state, self.size)?;
        let mut bytes = vec![0; range.len()];
        memory.read_exact_at(&mut bytes, (self.base + range.start) as u64).ok()?;
        Some(bytes)
    }

    #[cfg(not(target_os = "linux"))]
    fn read(&self) -> Option<Vec<u8>> {
        None
    }
}

/// Does `work` on another thread and waits for it no longer than `time`.
fn within(time: Duration, work: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let started = thread::Builder::new().spawn(move || {
        work();
        let _ = done.send(());
    });
    if started.is_ok() {
        let _ = wait.recv_timeout(time);
    }
}

/// Replaces controls that a terminal would obey – escape sequences above all – by pictures of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Filter {
    /// The last byte of the write before.
    previous: u8,
}

impl Filter {
    fn visible(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            match byte {
                b'\n' | b'\t' | b'\r' => shown.push(byte),
                // U+2400 and up: the pictures of the controls.
                0..0x20 => shown.extend_from_slice(&[0xe2, 0x90, 0x80 + byte]),
                0x7f => shown.extend_from_slice("\u{2421}".as_bytes()),
                // The second half of U+0080 to U+009F, controls too; the first half alone shows as a fault.
                0x80..0xa0 if self.previous == 0xc2 => shown.push(b'?'),
                _ => shown.push(byte),
            }
            self.previous = byte;
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_pictures() {
        let visible = |bytes: &[u8]| Filter::default().visible(bytes);
        assert_eq!(visible(b"a\tb\n\x1b[31m\x07\x7f"), "a\tb\n\u{241b}[31m\u{2407}\u{2421}".as_bytes());
        assert_eq!(visible("\u{e9}\u{ff}\u{a0}".as_bytes()), "\u{e9}\u{ff}\u{a0}".as_bytes());
        assert_eq!(visible("\u{9b}31m".as_bytes()), b"\xc2?31m");
    }

    #[test]
    fn a_control_split_over_two_writes_is_found() {
        let mut filter = Filter::default();
        assert_eq!([filter.visible(b"\xc2"), filter.visible(b"\x9b31m")].concat(), b"\xc2?31m");
    }

    #[test]
    fn pending_output_lies_inside_the_memory() {
        let range = |start: u32, length: u32, size| {
            let mut state = [0; 8];
            state[..4].copy_from_slice(&start.to_le_bytes());
            state[4..].copy_from_slice(&length.to_le_bytes());
            Pending::range(state, size)
        };
        assert_eq!(range(16, 4, 100), Some(16..20));
        assert_eq!(range(16, 0, 100), None);
        assert_eq!(range(90, 20, 100), Some(90..100));
        assert_eq!(range(100, 1, 100), None);
        assert_eq!(range(u32::MAX, u32::MAX, 100), None);
    }
}
