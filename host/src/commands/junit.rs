//! Results of tests as the XML that continuous integration reads: JUnit's, as far as its readers agree on it.

use std::fmt::Write;
use std::time::Duration;

/// The tests of one file.
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
}

pub(super) struct Case {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) time: Duration,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    Passed,
    Failed {
        kind: &'static str,
        message: String,
        details: String,
    },
    /// The file could not be compiled.
    Refused {
        message: String,
    },
}

impl Outcome {
    pub(super) fn is_failure(&self) -> bool {
        !matches!(self, Outcome::Passed)
    }
}

/// The whole document.
pub(super) fn document(name: &str, suites: &[Suite]) -> String {
    let all = suites.iter().flat_map(|suite| &suite.cases);
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(text, "<testsuites name=\"{}\"{}>", escaped(name), counts(all));
    for suite in suites {
        let counts = counts(suite.cases.iter());
        let _ = writeln!(text, "  <testsuite name=\"{}\"{counts} skipped=\"0\">", escaped(&suite.name));
        for case in &suite.cases {
            let Case { name, line, time, outcome } = case;
            let file = escaped(&suite.name);
            let _ = write!(
                text,
                "    <testcase name=\"{}\" classname=\"{file}\" file=\"{file}\" line=\"{line}\" time=\"{:.6}\"",
                escaped(name),
                time.as_secs_f64()
            );
            let _ = match outcome {
                Outcome::Passed => writeln!(text, "/>"),
                Outcome::Failed { kind, message, details } => {
                    let (message, details) = (escaped(message), escaped(details));
                    writeln!(
                        text,
                        ">\n      <failure message=\"{message}\" type=\"{kind}\">{details}</failure>\n    </testcase>"
                    )
                }
                Outcome::Refused { message } => {
                    writeln!(
                        text,
                        ">\n      <error message=\"{}\" type=\"compile\"/>\n    </testcase>",
                        escaped(message)
                    )
                }
            };
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let (mut tests, mut failures, mut errors, mut time) = (0, 0, 0, Duration::ZERO);
    for case in cases {
        tests += 1;
        time += case.time;
        match case.outcome {
            Outcome::Passed => {}
            Outcome::Failed { .. } => failures += 1,
            Outcome::Refused { .. } => errors += 1,
        }
    }
    let time = time.as_secs_f64();
    format!(" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{time:.6}\"")
}

/// Text as XML has it; characters that no XML may have become the replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_or_message_breaks_the_document() {
        assert_eq!(escaped("a<b>&\"c\"\n\u{1b}\u{ffff}é"), "a&lt;b&gt;&amp;&quot;c&quot;&#10;\u{fffd}\u{fffd}é");
    }
}
