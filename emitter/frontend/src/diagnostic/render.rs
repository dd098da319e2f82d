//! Draws diagnostics for people and as JSON Lines for tools.
//!
//! The drawing itself is annotate-snippets'. It gets one line, the one where the span
//! starts, already cut to what a terminal shows and free of characters that a terminal
//! would obey instead of print: a source file is not trusted, and may be 10 MB without a
//! line end.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use super::{Diagnostic, Severity};
use crate::source::SourceFile;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// A header, the place, the line with a mark under the span, and help.
    #[default]
    Human,
    /// One JSON object on one line.
    Json,
}

/// The text for one diagnostic, ending in a newline. `files` is indexed by `Span::file`.
pub fn render(diagnostic: &Diagnostic, files: &[SourceFile], format: Format, color: bool) -> String {
    let file = files.get(diagnostic.span.file as usize);
    match format {
        Format::Human => human(diagnostic, file, color),
        Format::Json => json(diagnostic, file),
    }
}

/// Appends `c` as a terminal shows it without being steered by it: control characters,
/// and those that are invisible or change the direction of the text, by their number.
pub(crate) fn push_visible(out: &mut String, c: char) {
    let is_invisible = c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    if is_invisible {
        out.push_str(&format!("<U+{:04X}>", c as u32));
    } else {
        out.push(c);
    }
}

fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        push_visible(&mut out, c);
        out
    })
}

fn human(diagnostic: &Diagnostic, file: Option<&SourceFile>, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(visible(&diagnostic.message)).id(diagnostic.code.name()));
    let mut place = None;
    if let Some(file) = file {
        let name = visible(&file.name);
        let (line, column) = file.line_column(diagnostic.span.start);
        let shown = ShownLine::new(file, line, diagnostic.span.start, diagnostic.span.end);
        if shown.text.is_empty() {
            group = group.element(Origin::path(name).line(line as usize).char_column(column as usize));
        } else {
            let shown_column = shown.text[..shown.start].chars().count() + 1;
            place = Some((format!("{name}:{line}:{shown_column}"), format!("{name}:{line}:{column}")));
            let mark = AnnotationKind::Primary.span(shown.start..shown.end);
            group = group.element(Snippet::source(shown.text).line_start(line as usize).path(name).annotation(mark));
        }
    }
    let help = if diagnostic.help.is_empty() { diagnostic.code.help() } else { &diagnostic.help };
    group = group.element(Level::HELP.message(visible(help)));
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = renderer.decor_style(DecorStyle::Ascii).render(&[group]);
    if let (Some((drawn, real)), Some(header_end)) = (place, text.find('\n')) {
        // The renderer counts the column in the line it was given, not in the file's.
        let rest = text[header_end..].replacen(&drawn, &real, 1);
        text.replace_range(header_end.., &rest);
    }
    text.push('\n');
    text
}

/// The part of a source line around a span, fit to print, and the span in it.
struct ShownLine {
    text: String,
    start: usize,
    end: usize,
}

/// How many code points of a line are shown before and after the start of the span.
const SHOWN_BEFORE: usize = 60;
const SHOWN_AFTER: usize = 80;
const TAB: &str = "    ";
const CUT: &str = "...";

impl ShownLine {
    /// `start` and `end` are offsets in the file; a span of several lines ends with its first.
    fn new(file: &SourceFile, line: u32, start: u32, end: u32) -> ShownLine {
        let text = file.line_text(line);
        let base = file.line_start(line);
        let start = text.floor_char_boundary((start - base) as usize);
        let end = text.floor_char_boundary((end.saturating_sub(base)) as usize).max(start);
        let from = text[..start].char_indices().rev().nth(SHOWN_BEFORE - 1).map_or(0, |(at, _)| at);
        let to = text[start..].char_indices().nth(SHOWN_AFTER).map_or(text.len(), |(at, _)| start + at);

        let mut shown = ShownLine { text: String::new(), start: 0, end: 0 };
        if from > 0 {
            shown.text.push_str(CUT);
        }
        for (at, c) in text[from..to].char_indices() {
            if from + at == start {
                shown.start = shown.text.len();
            }
            if from + at == end {
                shown.end = shown.text.len();
            }
            if c == '\t' { shown.text.push_str(TAB) } else { push_visible(&mut shown.text, c) }
        }
        if start >= to {
            shown.start = shown.text.len();
        }
        if end >= to {
            shown.end = shown.text.len();
        }
        if to < text.len() {
            shown.text.push_str(CUT);
        }
        shown
    }
}

/// What tools get; the names are public.
#[derive(Serialize)]
struct Record<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    help: &'a str,
    file: &'a str,
    /// Lines and columns count from one, columns in code points; the end is exclusive.
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

fn json(diagnostic: &Diagnostic, file: Option<&SourceFile>) -> String {
    let place = |offset| file.map_or((0, 0), |file| file.line_column(offset));
    let (line, column) = place(diagnostic.span.start);
    let (end_line, end_column) = place(diagnostic.span.end);
    let record = Record {
        code: diagnostic.code.name(),
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        help: if diagnostic.help.is_empty() { diagnostic.code.help() } else { &diagnostic.help },
        file: file.map_or("", |file| &file.name),
        line,
        column,
        end_line,
        end_column,
    };
    let mut text = serde_json::to_string(&record).expect("a record of strings and numbers is always JSON");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::Span;

    fn human_plain(text: &str, start: usize, end: usize) -> String {
        let file = SourceFile::new("a.mochi", text);
        let diagnostic =
            Diagnostic::error(Code::T002, Span::new(0, start, end), "undefined variable: x").with_help("Look.");
        render(&diagnostic, &[file], Format::Human, false)
    }

    #[test]
    fn a_mark_stands_under_the_span() {
        let expected = "\
error[T002]: undefined variable: x
 --> a.mochi:2:9
  |
2 | let y = xyz + 1
  |         ^^^
  |
  = help: Look.
";
        assert_eq!(human_plain("let z = 1\nlet y = xyz + 1\n", 18, 21), expected);
    }

    #[test]
    fn tabs_wide_and_combining_characters_keep_the_mark_in_place() {
        let lines = |text: &str, start, end| {
            human_plain(text, start, end).lines().skip(3).take(2).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(lines("\tlet\tx", 5, 6), "1 |     let    x\n  |            ^");
        assert_eq!(lines("\"日本\" x", 9, 10), "1 | \"日本\" x\n  |        ^");
        assert_eq!(lines("e\u{301} x", 4, 5), "1 | e\u{301} x\n  |   ^");
    }

    #[test]
    fn characters_that_steer_terminals_are_shown_by_number() {
        let drawn = human_plain("\u{202e}\u{1b}[2J\0 x", 9, 10);
        assert!(drawn.contains("<U+202E><U+001B>[2J<U+0000> x"), "{drawn}");
        let file = SourceFile::new("a\n\u{1b}.mochi", "x");
        let diagnostic = Diagnostic::warning(Code::T002, Span::new(0, 0, 1), "a\u{7}b");
        let drawn = render(&diagnostic, &[file], Format::Human, false);
        assert!(drawn.starts_with("warning[T002]: a<U+0007>b\n --> a<U+000A><U+001B>.mochi:1:1\n"), "{drawn}");
    }

    #[test]
    fn long_lines_are_cut_around_the_span() {
        let text = format!("{}here{}", "a ".repeat(5_000_000), " b".repeat(5_000_000));
        let drawn = human_plain(&text, 10_000_000, 10_000_004);
        assert!(drawn.contains(" --> a.mochi:1:10000001\n") && drawn.contains("a a here b b"), "{drawn}");
        assert!(drawn.lines().all(|line| line.len() < 160), "{drawn}");
        let drawn = human_plain(&text, 0, 20_000_000);
        assert!(drawn.lines().all(|line| line.len() < 160), "{drawn}");
    }

    #[test]
    fn odd_spans_are_drawn() {
        for (text, start, end) in
            [("", 0, 0), ("a\n", 2, 2), ("a\r\nb", 1, 4), ("é", 1, 1), ("{\n\n}", 0, 4), ("a", 7, 9)]
        {
            let drawn = human_plain(text, start, end);
            assert!(drawn.contains("= help: Look."), "{text:?} {drawn}");
        }
    }

    #[test]
    fn json_has_one_valid_line_and_exclusive_ends() {
        let file = SourceFile::new("odd \"name\"\n.mochi", "let s = \u{1}\"é\u{2028}\"\nx");
        let diagnostic = Diagnostic::error(Code::P040, Span::new(0, 9, 14), "a \"quoted\" \u{0} text");
        let line = render(&diagnostic, &[file], Format::Json, true);
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["code"], "P040");
        assert_eq!(value["severity"], "error");
        assert_eq!(value["message"], "a \"quoted\" \u{0} text");
        assert_eq!(value["file"], "odd \"name\"\n.mochi");
        assert_eq!((value["line"].as_u64(), value["column"].as_u64()), (Some(1), Some(10)));
        assert_eq!((value["end_line"].as_u64(), value["end_column"].as_u64()), (Some(1), Some(12)));
        assert_eq!(value["help"], Code::P040.help());
    }
}
