//! What a run may use, and how that is written on the command line.

use crate::failure::{Failure, Result};
use std::time::Duration;

/// The bounds of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time of the program, without the time to compile it.
    pub timeout: Option<Duration>,
    /// Bytes of linear memory.
    pub memory: u64,
    /// Bytes of stack.
    pub stack: u64,
    /// Bytes on standard output and standard error together.
    pub output: Option<u64>,
    /// Wasm instructions, roughly.
    pub fuel: Option<u64>,
    /// Elements of all tables.
    pub table_elements: usize,
    /// Wall-clock time for compiling a module that is not trusted to be harmless.
    pub compile: Option<Duration>,
}

impl Limits {
    /// For programs of one's own.
    pub fn trusted() -> Limits {
        Limits {
            timeout: None,
            memory: 1 << 30,
            stack: 256 << 20,
            output: None,
            fuel: None,
            table_elements: 100_000,
            compile: None,
        }
    }

    /// For programs of strangers.
    pub fn untrusted() -> Limits {
        Limits {
            timeout: Some(Duration::from_secs(30)),
            memory: 256 << 20,
            stack: 16 << 20,
            output: Some(64 << 20),
            compile: Some(Duration::from_secs(30)),
            ..Limits::trusted()
        }
    }

    /// The values as a table for people.
    pub fn explain(&self) -> String {
        let Limits { timeout, memory, stack, output, fuel, table_elements, compile } = self;
        let time = |limit: &Option<Duration>| limit.map_or_else(|| "none".to_owned(), duration);
        let rows = [
            ("time", time(timeout), "--timeout"),
            ("memory", size(*memory), "--max-memory"),
            ("stack", size(*stack), "--max-stack"),
            ("output", output.map_or_else(|| "none".to_owned(), size), "--max-output"),
            ("fuel", fuel.map_or_else(|| "none".to_owned(), |fuel| fuel.to_string()), "--fuel"),
            ("table elements", table_elements.to_string(), ""),
            ("time to compile", time(compile), "--compile-timeout"),
        ];
        rows.iter()
            .map(|(what, value, flag)| format!("{what:<16} {value:<12} {flag}").trim_end().to_owned() + "\n")
            .collect()
    }
}

/// `1.5s`, `200ms`, `2m`, `1h`, or a bare number of seconds.
pub(crate) fn parse_duration(text: &str) -> Result<Duration> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let scale = match unit {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => f64::NAN,
    };
    number
        .parse::<f64>()
        .ok()
        .and_then(|number| Duration::try_from_secs_f64(number * scale).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| Failure::usage(format!("`{text}` is not a time; write 30, 1.5s, 200ms or 2m")))
}

/// `65536`, `64k`, `256M`, `1GiB`: powers of 1024.
pub(crate) fn parse_size(text: &str) -> Result<u64> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let shift = match unit.to_ascii_lowercase().trim_end_matches("ib").trim_end_matches('b') {
        "" => Some(0),
        "k" => Some(10),
        "m" => Some(20),
        "g" => Some(30),
        _ => None,
    };
    let value = number.trim().parse::<u64>().ok();
    value
        .zip(shift)
        .and_then(|(value, shift)| value.checked_mul(1 << shift))
        .ok_or_else(|| Failure::usage(format!("`{text}` is not a size; write 65536, 64K, 256M or 1G")))
}

/// A number of bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    let (shift, unit) = match bytes {
        b if b >= 1 << 30 && b % (1 << 30) == 0 => (30, "GiB"),
        b if b >= 1 << 20 && b % (1 << 20) == 0 => (20, "MiB"),
        b if b >= 1 << 10 && b % (1 << 10) == 0 => (10, "KiB"),
        _ => (0, "bytes"),
    };
    format!("{} {unit}", bytes >> shift)
}

/// A time for people.
pub(crate) fn duration(time: Duration) -> String {
    if time.subsec_nanos() == 0 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, millis) in [("30", 30_000), ("1.5s", 1_500), ("200ms", 200), ("2m", 120_000), ("1h", 3_600_000)] {
            assert_eq!(parse_duration(text).expect(text), Duration::from_millis(millis));
        }
        for text in ["", "s", "-1", "0", "1x", "1e400", "NaN", "inf", "1 s", "99999999999999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("65536", 65_536), ("64k", 65_536), ("64KB", 65_536), ("256M", 256 << 20), ("1GiB", 1 << 30)]
        {
            assert_eq!(parse_size(text).expect(text), bytes);
        }
        for text in ["", "k", "-1", "1.5M", "1x", "1ib2", "99999999999G"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
        assert_eq!(size(1 << 30), "1 GiB");
        assert_eq!(size(3 << 19), "1536 KiB");
        assert_eq!(size(1001), "1001 bytes");
    }
}
