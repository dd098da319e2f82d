//! `check`: the frontend's findings and nothing else.

use crate::cli::CheckArgs;
use crate::commands::source;
use crate::failure::{Exit, Failure, Result};
use crate::input::Kind;
use crate::report::{Reporter, has_errors, reported};

pub(crate) fn check(args: &CheckArgs, reporter: &Reporter) -> Result<()> {
    let input = source::read(args.file.as_deref(), &args.source, Exit::Errors)?;
    if input.kind != Kind::Text {
        return Err(Failure::usage(format!("{} is an artifact, not a program's text", input.origin.shown())));
    }
    let options = source::options(&input, &args.source, None, false)?;
    let file = source::text(input)?;
    let found = source::with_stack(|| mochi_emitter::check(&file, &options))?;
    reporter.diagnostics(&found.diagnostics, &found.files, args.source.errors.error_limit, true);
    if has_errors(&found.diagnostics) { Err(reported()) } else { Ok(()) }
}
