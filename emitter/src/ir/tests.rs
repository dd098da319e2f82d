//! Tests of the text form, the verifier and the ownership rule.

mod text;
mod verify;

use super::{Module, Spans, parse, print_module};

/// Reads text that must be well formed.
#[track_caller]
fn module(text: &str) -> Module {
    match parse(text) {
        Ok(parsed) => parsed.module,
        Err(errors) => panic!("{}\n{text}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// Checks that text is what the printer writes for the module that it describes.
#[track_caller]
fn round_trip(text: &str) {
    assert_eq!(print_module(&module(text), Spans::Write), text);
}
