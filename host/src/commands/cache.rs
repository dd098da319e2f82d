//! `cache`: looking after the compiled modules of earlier runs.

use crate::cache;
use crate::cli::CacheAction;
use crate::failure::{Failure, Result};
use crate::output;
use crate::places::Places;

pub(crate) fn cache(action: &CacheAction) -> Result<()> {
    let places = Places::of_user()?;
    match action {
        CacheAction::Dir => output::write_stdout(format!("{}\n", places.cache.display()).as_bytes()),
        CacheAction::Clean => {
            let removed =
                cache::clean(&places).map_err(|error| Failure::host("cannot clean the cache").because(error))?;
            output::write_stdout(format!("removed {removed} files\n").as_bytes())
        }
    }
}
