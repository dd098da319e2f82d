//! From a module to machine code, which is kept for the next time.

use crate::artifact::sha256;
use crate::cache::Cache;
use crate::engine::{self, Settings};
use crate::failure::{Exit, Failure, Result};
use crate::input::Origin;
use crate::places::Places;
use crate::report::Reporter;
use wasmtime::{Engine, Module};

/// What makes machine code for this machine.
pub(super) struct Machine<'a> {
    pub(super) reporter: &'a Reporter,
    pub(super) settings: Settings,
    pub(super) places: Result<Places>,
    /// Neither use nor keep compiled code.
    pub(super) no_cache: bool,
}

impl Machine<'_> {
    /// Machine code for `wasm`, from the cache if it is there. `origin` is named in a refusal; a module that
    /// we have made ourselves must not be refused.
    pub(super) fn compile(&self, wasm: &[u8], origin: Option<&Origin>) -> Result<(Engine, Module)> {
        let engine = engine::engine(&self.settings)?;
        let cache = self.cache(&engine);
        if let Some(module) = cache.as_ref().and_then(|cache| cache.get(&engine, &sha256(wasm))) {
            self.reporter.detail("loaded from the cache");
            return Ok((engine, module));
        }
        let module = Module::new(&engine, wasm).map_err(|error| {
            let invalid = engine::invalid_module(&error);
            match origin {
                Some(origin) => Failure { message: format!("{}: {}", origin.shown(), invalid.message), ..invalid },
                None => {
                    Failure { exit: Exit::Bug, message: "the compiler made an invalid module".to_owned(), ..invalid }
                }
            }
        })?;
        if let Some(cache) = cache
            && let Err(why) = cache.put(&engine, &self.settings, wasm, &module)
        {
            self.reporter.detail(&format!("warning: not kept in the cache: {why}"));
        }
        Ok((engine, module))
    }

    fn cache(&self, engine: &Engine) -> Option<Cache> {
        if self.no_cache {
            return None;
        }
        let opened = match &self.places {
            Ok(places) => Cache::open(places, engine),
            Err(failure) => Err(failure.message.clone()),
        };
        opened.map_err(|why| self.reporter.detail(&format!("warning: the cache is not used: {why}"))).ok()
    }
}
