//! `bench`: how long the bench blocks of programs take, over several runs.
//!
//! Each run has an instance of its own, so that all of them do the same work. The time is taken inside the program,
//! around the block alone.

use crate::cli::{BenchArgs, FormatArg};
use crate::commands::blocks::{Block, Ran, Suite, Suites};
use crate::commands::test::print_line;
use crate::failure::{Exit, Failure, Result, visible};
use crate::output;
use crate::report::{Reporter, say};
use mochi_emitter::Blocks;
use serde::Serialize;

pub(crate) fn bench(args: &BenchArgs, reporter: &Reporter) -> Result<u8> {
    if args.blocks.sandbox.deterministic {
        return Err(Failure::usage("--deterministic stops the clock: there would be nothing to measure"));
    }
    let suites = Suites::new(&args.blocks, reporter, Blocks::Benches);
    let is_human = args.blocks.format == FormatArg::Human;
    let (mut measured, mut failed) = (0, 0);
    for file in suites.files()? {
        let suite = match suites.prepare(file.as_deref()) {
            Ok(suite) => suite,
            Err(failure) if failure.exit == Exit::Errors && failure.message.is_empty() => {
                failed += 1;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if is_human && !suite.blocks.is_empty() {
            output::write_stdout(format!("{}\n", visible(&suite.name)).as_bytes())?;
        }
        for block in &suite.blocks {
            match measure(&suite, block, args.runs)? {
                Ok(statistics) if is_human => output::write_stdout(statistics.row(block).as_bytes())?,
                Ok(statistics) => print_line(&statistics.record(&suite.name, block))?,
                Err(ran) => {
                    let (message, details) = ran.failure();
                    say(&format!("error: bench `{}` failed: {}\n{details}", visible(&block.name), visible(&message)));
                    failed += 1;
                }
            }
            measured += 1;
        }
    }
    if measured == 0 && failed == 0 {
        say("warning: there is no bench block to measure\n");
    }
    Ok(if failed == 0 { Exit::Done.code() } else { Exit::Errors.code() })
}

/// What the runs of a block took, in nanoseconds.
struct Statistics {
    runs: u32,
    least: u64,
    median: u64,
    most: u64,
    /// By how much memory grew in the last run.
    bytes: i64,
}

/// A result for tools; the names are public.
#[derive(Serialize)]
struct Record<'a> {
    file: &'a str,
    name: &'a str,
    line: u32,
    runs: u32,
    least_ns: u64,
    median_ns: u64,
    most_ns: u64,
    memory_bytes: i64,
}

/// The first run, which warms up caches, does not count. A run that fails is given back.
fn measure(suite: &Suite, block: &Block, runs: u32) -> Result<std::result::Result<Statistics, Ran>> {
    let mut times = Vec::new();
    let mut bytes = 0;
    for run in 0..=runs {
        let ran = suite.run(block)?;
        let measured = if ran.is_ok() { measurement(&ran.outcome.stdout) } else { None };
        let Some((time, growth)) = measured else { return Ok(Err(ran)) };
        if run > 0 {
            times.push(time);
            bytes = growth;
        }
    }
    Ok(Ok(Statistics::of(times, bytes)))
}

/// The last line that the program prints: nanoseconds and bytes.
fn measurement(stdout: &[u8]) -> Option<(u64, i64)> {
    let text = String::from_utf8_lossy(stdout);
    let (time, bytes) = text.trim_end().rsplit('\n').next()?.split_once(' ')?;
    Some((time.parse().ok()?, bytes.parse().ok()?))
}

impl Statistics {
    fn of(mut times: Vec<u64>, bytes: i64) -> Statistics {
        times.sort_unstable();
        let middle = times.len() / 2;
        let median = if times.len() % 2 == 1 { times[middle] } else { times[middle - 1].midpoint(times[middle]) };
        let at = |place: Option<&u64>| place.copied().unwrap_or_default();
        Statistics { runs: times.len() as u32, least: at(times.first()), median, most: at(times.last()), bytes }
    }

    fn row(&self, block: &Block) -> String {
        let Statistics { runs, least, median, most, bytes } = self;
        let times = [("least", least), ("median", median), ("most", most)];
        let times = times.map(|(word, &time)| format!("{word} {:>9}", duration(time))).join("  ");
        format!("   bench {:<30} {times}  memory {bytes} B  ({runs} runs)\n", visible(&block.name))
    }

    fn record<'a>(&self, file: &'a str, block: &'a Block) -> Record<'a> {
        let &Statistics { runs, least, median, most, bytes } = self;
        let Block { name, line, .. } = block;
        Record { file, name, line: *line, runs, least_ns: least, median_ns: median, most_ns: most, memory_bytes: bytes }
    }
}

/// Three digits or more, in the unit that suits.
fn duration(nanos: u64) -> String {
    let of = |unit: f64, name: &str| {
        let value = nanos as f64 / unit;
        let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
        format!("{value:.digits$} {name}")
    };
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => of(1e3, "µs"),
        1_000_000..1_000_000_000 => of(1e6, "ms"),
        _ => of(1e9, "s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_ones() {
        let statistics = Statistics::of(vec![40, 10, 30, 20], 0);
        assert_eq!((statistics.least, statistics.median, statistics.most), (10, 25, 40));
        assert_eq!(Statistics::of(vec![7], 0).median, 7);
    }

    #[test]
    fn a_measurement_is_the_last_line() {
        assert_eq!(measurement(b"1 2\n1500 65536\n"), Some((1500, 65536)));
        assert_eq!(measurement(b"1500 -8"), Some((1500, -8)));
        assert_eq!(measurement(b"done\n"), None);
        assert_eq!(measurement(b""), None);
    }

    #[test]
    fn durations_have_three_digits() {
        assert_eq!(duration(999), "999 ns");
        assert_eq!(duration(1_500), "1.50 µs");
        assert_eq!(duration(12_340_000), "12.3 ms");
        assert_eq!(duration(123_400_000_000), "123 s");
    }
}
