//! `test`: the test blocks of programs, each in an instance of its own.
//!
//! What is printed has the reference's form; where a test failed is said on standard error below its line.

use crate::cli::{FormatArg, TestArgs};
use crate::commands::blocks::{Block, Ran, Suite, Suites};
use crate::commands::junit::{self, Case, Outcome};
use crate::failure::{Exit, Failure, Result, visible};
use crate::output;
use crate::report::{Reporter, say};
use mochi_emitter::Blocks;
use serde::Serialize;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

pub(crate) fn test(args: &TestArgs, reporter: &Reporter) -> Result<u8> {
    let suites = Suites::new(&args.blocks, reporter, Blocks::Tests);
    let printer = Printer::new(args);
    let files = suites.files()?;
    let mut results = Vec::new();
    for file in &files {
        let result = match suites.prepare(file.as_deref()) {
            Ok(suite) => printer.run(&suite)?,
            Err(failure) if failure.exit == Exit::Errors => printer.refused(file.as_deref(), &failure, reporter)?,
            Err(failure) => return Err(failure),
        };
        results.push(result);
    }
    if let Some(path) = &args.junit {
        output::write(path, junit::document("mochi-wasm test", &results).as_bytes())?;
    }
    let cases = results.iter().flat_map(|suite| &suite.cases);
    let failed = cases.clone().filter(|case| case.outcome.is_failure()).count();
    if args.blocks.filter.is_some() && cases.clone().next().is_none() {
        say("warning: no test has such a name\n");
    }
    if args.blocks.format == FormatArg::Json {
        let time = cases.clone().map(|case| case.time).sum::<Duration>();
        print_line(&Summary { tests: cases.count(), failed, files: files.len(), seconds: time.as_secs_f64() })?;
    }
    let failed_files = results.iter().filter(|suite| suite.cases.iter().any(|case| case.outcome.is_failure())).count();
    match (failed, files.as_slice()) {
        (0, _) => Ok(Exit::Done.code()),
        (_, [_]) => Err(Failure::new(Exit::Errors, format!("test failed: {failed} test(s) failed"))),
        _ => Err(Failure::new(Exit::Errors, format!("{failed_files} file(s) failed"))),
    }
}

/// A result for tools; the names are public.
#[derive(Serialize)]
struct Record<'a> {
    file: &'a str,
    name: &'a str,
    line: u32,
    /// `ok`, `fail`, or `error` for a file that does not compile.
    status: &'a str,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
}

/// The last line for tools.
#[derive(Serialize)]
struct Summary {
    tests: usize,
    failed: usize,
    files: usize,
    seconds: f64,
}

struct Printer<'a> {
    args: &'a TestArgs,
    color: bool,
}

impl<'a> Printer<'a> {
    fn new(args: &'a TestArgs) -> Printer<'a> {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Printer { args, color: !refused && io::stdout().is_terminal() }
    }

    fn run(&self, suite: &Suite) -> Result<junit::Suite> {
        let is_human = self.args.blocks.format == FormatArg::Human;
        let mut result = junit::Suite { name: suite.name.clone(), cases: Vec::new() };
        if suite.blocks.is_empty() && self.args.blocks.filter.is_some() {
            return Ok(result);
        }
        if is_human {
            output::write_stdout(format!("{}\n", self.paint("36", &visible(&suite.name))).as_bytes())?;
        }
        for block in &suite.blocks {
            if is_human {
                let start = format!("   {} {:<30} ...", self.paint("33", "test"), visible(&block.name));
                output::write_stdout(start.as_bytes())?;
            }
            let ran = suite.run(block)?;
            let case = case(block, &ran);
            if is_human {
                self.report(&case, &ran)?;
            } else {
                print_line(&record(&suite.name, &case))?;
            }
            result.cases.push(case);
        }
        let failed = result.cases.iter().filter(|case| case.outcome.is_failure()).count();
        if failed > 0 && is_human {
            say(&format!("\n{} {failed} test(s) failed.\n", self.paint("31", "[FAIL]")));
        }
        Ok(result)
    }

    /// A file that could not be compiled: one failure.
    fn refused(&self, file: Option<&Path>, failure: &Failure, reporter: &Reporter) -> Result<junit::Suite> {
        let name = file.map_or_else(|| "<text>".to_owned(), |file| file.to_string_lossy().into_owned());
        if !failure.message.is_empty() {
            reporter.failure(failure);
        }
        let message = if failure.message.is_empty() { "the file does not compile" } else { &failure.message };
        let outcome = Outcome::Refused { message: message.to_owned() };
        let case = Case { name: name.clone(), line: 1, time: Duration::ZERO, outcome };
        if self.args.blocks.format == FormatArg::Json {
            print_line(&record(&name, &case))?;
        }
        Ok(junit::Suite { name, cases: vec![case] })
    }

    /// The end of the line that names the test, and more about a failure.
    fn report(&self, case: &Case, ran: &Ran) -> Result<()> {
        let time = duration(case.time);
        let Outcome::Failed { message, details, .. } = &case.outcome else {
            return output::write_stdout(format!(" {} ({time})\n", self.paint("32", "ok")).as_bytes());
        };
        let end = format!(" {} {} ({time})\n", self.paint("31", "fail"), visible(message));
        output::write_stdout(end.as_bytes())?;
        say(&indented(details));
        if self.args.show_output && !ran.outcome.stdout.is_empty() {
            say(&format!("     printed:\n{}", indented(&String::from_utf8_lossy(&ran.outcome.stdout))));
        }
        Ok(())
    }

    fn paint(&self, color: &str, text: &str) -> String {
        if self.color { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn case(block: &Block, ran: &Ran) -> Case {
    let outcome = if ran.is_ok() {
        Outcome::Passed
    } else {
        let (message, details) = ran.failure();
        let kind = match ran.outcome.exit {
            code if code == Exit::TimeLimit.code() => "timeout",
            code if code == Exit::Trap.code() => "trap",
            _ => "failure",
        };
        Outcome::Failed { kind, message, details }
    };
    Case { name: block.name.clone(), line: block.line, time: ran.time, outcome }
}

fn record<'a>(file: &'a str, case: &'a Case) -> Record<'a> {
    let (status, message, details) = match &case.outcome {
        Outcome::Passed => ("ok", None, None),
        Outcome::Failed { kind: _, message, details } => ("fail", Some(message.as_str()), Some(details.as_str())),
        Outcome::Refused { message } => ("error", Some(message.as_str()), None),
    };
    Record { file, name: &case.name, line: case.line, status, seconds: case.time.as_secs_f64(), message, details }
}

pub(super) fn print_line(value: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_string(value).map_err(|error| Failure::host("cannot write JSON").because(error))?;
    line.push('\n');
    output::write_stdout(line.as_bytes())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("     {}\n", visible(line))).collect()
}

/// As the reference writes it: whole units with a zero behind the point, seconds with two digits.
fn duration(time: Duration) -> String {
    match time.as_nanos() {
        nanos @ 0..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}.0µs", time.as_micros()),
        1_000_000..1_000_000_000 => format!("{}.0ms", time.as_millis()),
        _ => format!("{:.2}s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_look_like_the_reference_s() {
        let shown = |nanos| duration(Duration::from_nanos(nanos));
        assert_eq!(shown(999), "999ns");
        assert_eq!(shown(91_900), "91.0µs");
        assert_eq!(shown(1_999_999), "1.0ms");
        assert_eq!(shown(2_344_000_000), "2.34s");
    }
}
