//! Ends the process when its time is up or when it is told to.
//!
//! Ordinary artifacts contain no checks that would let a program be interrupted (they cost up to seven times in
//! tight loops), so the process ends, after the program's pending output has been written. This also covers
//! host calls that block.

use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::limits;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Ends the process on SIGINT and SIGTERM, from now on.
#[cfg(unix)]
pub(crate) fn obey_signals(console: Arc<Console>) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    // Without the thread the signals would be swallowed; a host that cannot start one is about to fail anyway.
    drop(thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let exit = if signal == SIGINT { Exit::Interrupted } else { Exit::Terminated };
            console.end_process(exit.code(), String::new());
        }
    }));
}

#[cfg(not(unix))]
pub(crate) fn obey_signals(_console: Arc<Console>) {}

/// A time limit that holds until it is dropped.
pub(crate) struct Deadline {
    over: Arc<(Mutex<bool>, Condvar)>,
}

impl Deadline {
    /// Starts the time for `what`.
    pub(crate) fn start(console: Arc<Console>, limit: Duration, what: &'static str) -> Result<Deadline, Failure> {
        let deadline = Deadline { over: Arc::default() };
        let over = Arc::clone(&deadline.over);
        let until = Instant::now() + limit;
        thread::Builder::new()
            .name("deadline".to_owned())
            .spawn(move || {
                let (lock, changed) = &*over;
                let mut is_over = lock.lock().unwrap_or_else(PoisonError::into_inner);
                while !*is_over {
                    let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                        let failure = Failure::new(
                            Exit::TimeLimit,
                            format!("time limit reached: {what} took more than {}", limits::duration(limit)),
                        );
                        console.end_process(Exit::TimeLimit.code(), failure.render(false));
                    };
                    is_over = changed.wait_timeout(is_over, left).unwrap_or_else(PoisonError::into_inner).0;
                }
            })
            .map_err(|error| Failure::host("cannot start a thread").because(error))?;
        Ok(deadline)
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        let (lock, changed) = &*self.over;
        *lock.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }
}
