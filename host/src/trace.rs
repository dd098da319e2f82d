//! Where a program was when it ended badly, in its author's terms: the line, and who called whom.
//!
//! ```text
//!   |  total = total + xs[i]
//! stack: sum_of (prices.mochi:14) < main (prices.mochi:20)
//! ```
//!
//! Functions are named by the module's names and placed by its line tables, which also tell the calls that were
//! inlined; a precompiled module has all of that too. All
//! of this comes from outside and is shown with its controls escaped.

use crate::engine::BACKTRACE_FRAMES;
use crate::failure::visible;
use mochi_frontend::source::SourceFile;
use wasmtime::{FrameInfo, FrameSymbol, WasmBacktrace};

/// What the emitter's names for functions of the language runtime begin with.
const RUNTIME_PREFIX: &str = "runtime.";

/// What the names of code between a call of a function value and the function have that no other name has.
const BETWEEN: char = '/';

/// The names of the runtime's functions that end a program because it failed. A program that ends of its own will,
/// even with code 1, calls none of them.
const REPORTERS: [&str; 2] = ["runtime.fail_", "runtime.end_error"];

/// The runtime's function that gives up when there is no memory for something.
const OUT_OF_MEMORY: &str = "runtime.out_of_memory";

/// A line of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    file: String,
    line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame {
    name: String,
    place: Option<Place>,
}

/// The program's functions on the stack, innermost first; those of the language runtime say nothing to the program's
/// author and are left out if there are others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    frames: Vec<Frame>,
    /// Whether the program has reported a failure and ended for it.
    is_failure: bool,
    /// The program has asked for more memory than there can be.
    is_out_of_memory: bool,
    /// There were more frames than are captured.
    is_cut: bool,
}

impl Place {
    /// The place that a failure's message on standard error ends with: `  at FILE:LINE`.
    pub(crate) fn reported(message: &[u8]) -> Option<Place> {
        let message = message.strip_suffix(b"\n")?;
        let line = message.rsplit(|&byte| byte == b'\n').next()?;
        let place = String::from_utf8_lossy(line.strip_prefix(b"  at ")?);
        let (file, line) = place.rsplit_once(':')?;
        Some(Place { file: file.to_owned(), line: line.parse().ok()? })
    }
}

impl Trace {
    pub(crate) fn new(backtrace: &WasmBacktrace) -> Trace {
        let captured = backtrace.frames();
        let mut frames: Vec<Frame> = captured.iter().flat_map(frames_of).collect();
        let is_cut = captured.len() >= BACKTRACE_FRAMES || frames.len() > BACKTRACE_FRAMES;
        frames.truncate(BACKTRACE_FRAMES);
        Trace::of(frames, is_cut)
    }

    fn of(mut frames: Vec<Frame>, is_cut: bool) -> Trace {
        let is_failure = frames.iter().any(|frame| REPORTERS.iter().any(|start| frame.name.starts_with(start)));
        let is_out_of_memory = frames.first().is_some_and(|frame| frame.name == OUT_OF_MEMORY);
        // Code that checks for room on the stack comes from no line. A function that recurses is on the stack with one.
        if let Some((first, others)) = frames.split_first_mut()
            && first.place.is_none()
        {
            first.place = others.iter().find(|frame| frame.name == first.name).and_then(|frame| frame.place.clone());
        }
        let is_ours = |frame: &Frame| frame.name.starts_with(RUNTIME_PREFIX) || frame.name.contains(BETWEEN);
        if !frames.iter().all(is_ours) {
            frames.retain(|frame| !is_ours(frame));
        }
        Trace { frames, is_failure, is_out_of_memory, is_cut }
    }

    pub(crate) fn is_failure(&self) -> bool {
        self.is_failure
    }

    pub(crate) fn is_out_of_memory(&self) -> bool {
        self.is_out_of_memory
    }

    /// The checks of a function share the code that reports; only the report tells which of them it was.
    pub(crate) fn correct(&mut self, reported: Option<&Place>) {
        if let (Some(frame), Some(place)) = (self.frames.first_mut(), reported) {
            frame.place = Some(place.clone());
        }
    }

    /// The innermost function with its place.
    pub(crate) fn innermost(&self) -> Option<String> {
        self.frames.first().map(Frame::shown)
    }

    /// Where it happened.
    pub(crate) fn place(&self) -> Option<String> {
        self.frames.first()?.place.as_ref().map(Place::shown)
    }

    /// The source line, if it is of one of the program's files, and the stack, each on a line of its own as far as known.
    pub(crate) fn report(&self, files: &[SourceFile]) -> String {
        let mut report = String::new();
        let place = self.frames.first().and_then(|frame| frame.place.as_ref());
        if let Some(line) = place.and_then(|place| place.line_of(files)) {
            report.push_str(&format!("  |  {line}\n"));
        }
        if !self.frames.is_empty() {
            report.push_str(&format!("stack: {}\n", self.shorten().join(" < ")));
        }
        report
    }

    /// A deep recursion is the same few frames over and over: repetitions are counted, and of what is still long the
    /// innermost and outermost frames are enough.
    fn shorten(&self) -> Vec<String> {
        const INNERMOST: usize = 8;
        const OUTERMOST: usize = 4;
        let same = self.frames.chunk_by(|a, b| a == b);
        let mut frames: Vec<String> = same
            .filter_map(|same| match same {
                [frame] => Some(frame.shown()),
                [frame, ..] => Some(format!("{} {} times", frame.shown(), same.len())),
                [] => None,
            })
            .collect();
        if frames.len() > INNERMOST + OUTERMOST + 1 {
            let left_out = frames.len() - INNERMOST - OUTERMOST;
            frames.splice(INNERMOST..frames.len() - OUTERMOST, [format!("… {left_out} more …")]);
        }
        if self.is_cut {
            frames.push("…".to_owned());
        }
        frames
    }
}

/// The function of a frame and, before it, those whose calls in it were inlined, innermost first.
fn frames_of(frame: &FrameInfo) -> Vec<Frame> {
    let symbols = frame.symbols();
    let own = frame.func_name().map_or_else(|| format!("function {}", frame.func_index()), str::to_owned);
    let place = |symbol: &FrameSymbol| Some(Place { file: symbol.file()?.to_owned(), line: symbol.line()? });
    let Some((last, inlined)) = symbols.split_last() else { return vec![Frame { name: own, place: None }] };
    let inlined =
        inlined.iter().filter_map(|symbol| Some(Frame { name: symbol.name()?.to_owned(), place: place(symbol) }));
    inlined.chain([Frame { name: own, place: place(last) }]).collect()
}

/// Characters of a function's name that are shown.
const LONGEST_NAME: usize = 100;

impl Frame {
    fn shown(&self) -> String {
        // Copies of a function for other types have its name and a number.
        let name = match self.name.rsplit_once('.') {
            Some((name, copy)) if copy.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => &self.name,
        };
        let mut name = visible(name);
        if let Some((end, _)) = name.char_indices().nth(LONGEST_NAME) {
            name.truncate(end);
            name.push('…');
        }
        self.place.as_ref().map_or(name.clone(), |place| format!("{name} ({})", place.shown()))
    }
}

impl Place {
    fn shown(&self) -> String {
        format!("{}:{}", visible(&self.file), self.line)
    }

    /// The line at this place, without indentation, cut if it is long; none if it is blank.
    fn line_of(&self, files: &[SourceFile]) -> Option<String> {
        const WIDTH: usize = 120;
        let file = files.iter().find(|file| file.name == self.file)?;
        let is_there = (1..=file.line_starts().len() as u32).contains(&self.line);
        let line = if is_there { file.line_text(self.line).trim() } else { "" };
        if line.is_empty() {
            return None;
        }
        let mut shown = visible(line);
        if let Some((end, _)) = shown.char_indices().nth(WIDTH) {
            shown.truncate(end);
            shown.push('…');
        }
        Some(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, line: u32) -> Option<Place> {
        Some(Place { file: file.to_owned(), line })
    }

    fn trace(frames: &[(&str, u32)]) -> Trace {
        let frame = |&(name, line): &(&str, u32)| Frame { name: name.to_owned(), place: place("p.mochi", line) };
        Trace::of(frames.iter().map(frame).collect(), false)
    }

    #[test]
    fn reports_end_with_their_place() {
        assert_eq!(Place::reported(b"error: x\n  at a b:c.mochi:14\n"), place("a b:c.mochi", 14));
        for other in ["", "\n", "error: x\n", "error: x\n  at a\n", "error: x\n  at a:b\n", "  at a:1"] {
            assert_eq!(Place::reported(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn the_runtime_is_not_shown() {
        let failed = trace(&[
            ("runtime.end_error", 0),
            ("runtime.fail_message", 0),
            ("f", 3),
            ("main", 9),
            ("runtime.start", 0),
        ]);
        assert!(failed.is_failure());
        assert_eq!(failed.report(&[]), "stack: f (p.mochi:3) < main (p.mochi:9)\n");
        assert!(!trace(&[("runtime.exit_program", 0), ("fail_", 1)]).is_failure());
        assert_eq!(trace(&[("runtime.start", 1)]).report(&[]), "stack: runtime.start (p.mochi:1)\n");
        assert_eq!(trace(&[]).report(&[]), "");
    }

    #[test]
    fn the_report_knows_the_line_best() {
        let mut failed = trace(&[("f", 3), ("main", 9)]);
        failed.correct(place("p.mochi", 5).as_ref());
        let text = "1\n2\n3\n4\r\n\t 5\x1b[2J\r\n6";
        let report = failed.report(&[SourceFile::new("q.mochi", "other"), SourceFile::new("p.mochi", text)]);
        assert_eq!(report, "  |  5\\u{1b}[2J\nstack: f (p.mochi:5) < main (p.mochi:9)\n");
        assert_eq!(failed.report(&[SourceFile::new("q.mochi", text)]), "stack: f (p.mochi:5) < main (p.mochi:9)\n");
    }

    #[test]
    fn a_frame_without_a_line_has_that_of_its_recursion() {
        let mut frames = trace(&[("f", 0), ("g", 3), ("f", 2)]).frames;
        frames[0].place = None;
        assert_eq!(Trace::of(frames, false).innermost().as_deref(), Some("f (p.mochi:2)"));
    }

    #[test]
    fn long_stacks_are_folded() {
        let deep = Trace::of(trace(&[("f", 1); 64]).frames, true);
        assert_eq!(deep.report(&[]), "stack: f (p.mochi:1) 64 times < …\n");
        let turns: Vec<(&str, u32)> = (0..20).map(|line| ("f", line)).collect();
        let report = trace(&turns).report(&[]);
        assert!(report.contains("f (p.mochi:7) < … 8 more … < f (p.mochi:16)"), "{report}");
    }
}
