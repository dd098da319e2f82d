//! `explain`: how the queries of a program are run.

use crate::cli::CheckArgs;
use crate::commands::source;
use crate::failure::{Exit, Failure, Result};
use crate::input::Kind;
use crate::output;
use crate::report::{Reporter, reported};

pub(crate) fn explain(args: &CheckArgs, reporter: &Reporter) -> Result<()> {
    let input = source::read(args.file.as_deref(), &args.source, Exit::Errors)?;
    if input.kind != Kind::Text {
        return Err(Failure::usage(format!("{} is an artifact, not a program's text", input.origin.shown())));
    }
    let options = source::options(&input, &args.source, None, false)?;
    let file = source::text(input)?;
    match source::with_stack(|| mochi_emitter::explain(&file, &options))? {
        Ok(plans) => output::write_stdout(plans.as_bytes()),
        Err(failure) => {
            let limit = args.source.errors.error_limit;
            reporter.diagnostics(&failure.diagnostics, &failure.files, limit, true);
            Err(reported())
        }
    }
}
