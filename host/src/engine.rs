//! The one place that configures Wasmtime.
//!
//! An artifact loads only into an engine with the same settings as the one that compiled it,
//! so compiler and runner both come here. What varies is [`Settings`]; everything else is fixed.
//!
//! Accepted modules: what Mochi programs promise to use (MVP, multi-value, sign extension,
//! saturating conversions, bulk memory, mutable globals) and, because foreign modules made by
//! LLVM, Go or AssemblyScript use them and every tier-one Wasmtime target runs them, reference
//! types, SIMD, tail calls and extended constants. Off: garbage collection, exceptions, typed
//! references, threads, 64-bit and multiple memories, relaxed SIMD (its results differ between
//! machines) and components. Off also means that a module which needs one is refused with its
//! name, and that the artifacts stay loadable by a runner built without that feature.

use crate::failure::{Exit, Failure, Result};
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;
use wasmtime::{Config, Engine, ModuleVersionStrategy, WasmBacktraceDetails, WasmFeatures};

/// The Wasmtime release that this crate is built with; a test compares it with `Cargo.lock`.
pub const WASMTIME: &str = "48.0.8";

/// Room that host functions have below a program's stack.
pub(crate) const HOST_STACK: usize = 2 << 20;

/// Frames captured of a trap's stack.
pub(crate) const BACKTRACE_FRAMES: usize = 64;

/// How hard Cranelift tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Effort {
    None,
    Size,
    #[default]
    Speed,
}

impl Effort {
    pub(crate) fn from_byte(byte: u8) -> Option<Effort> {
        [Effort::None, Effort::Size, Effort::Speed].into_iter().find(|effort| *effort as u8 == byte)
    }
}

/// What may differ between two engines. All but `max_stack` are part of the compiled code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A target triple; `None` is this very machine with all its processor's features.
    pub target: Option<String>,
    pub effort: Effort,
    /// Count instructions, so that a run can be given a budget.
    pub fuel: bool,
    /// Check an interruption flag at loop heads. Costly in tight loops: for runs inside a process that must survive them.
    pub interruptible: bool,
    /// Give every NaN the same bits.
    pub canonical_nan: bool,
    /// Reserve little address space, at the price of bounds checks.
    pub small_address_space: bool,
    /// Bytes of stack for the program.
    pub max_stack: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            target: None,
            effort: Effort::Speed,
            fuel: false,
            interruptible: false,
            canonical_nan: false,
            small_address_space: false,
            max_stack: 256 << 20,
        }
    }
}

impl Settings {
    /// Settings for compiling to `target`.
    pub fn for_target(target: Option<&str>, effort: Effort) -> Settings {
        Settings { target: target.map(str::to_owned), effort, ..Settings::default() }
    }

    /// The triple that code made under these settings is for.
    pub fn triple(&self) -> String {
        self.target.clone().unwrap_or_else(host_triple)
    }
}

/// The triple of the machine this runs on.
pub fn host_triple() -> String {
    target_lexicon::Triple::host().to_string()
}

/// The features of modules that are accepted; see the head of this file.
const ACCEPTED: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST);

/// Wasmtime's configuration for `settings`.
pub fn config(settings: &Settings) -> Result<Config> {
    let mut config = Config::new();
    if let Some(target) = &settings.target {
        config.target(target).map_err(|error| {
            Failure::usage(format!("unknown target `{target}`")).with_chain(&error).help(TARGETS_HELP)
        })?;
    }
    config.concurrency_support(false);
    config.wasm_features(ACCEPTED.complement(), false).wasm_features(ACCEPTED, true);
    // Modules say which branches hardly ever happen, so that slow paths leave the hot loops' straight line.
    config.wasm_branch_hinting(true);
    config.cranelift_opt_level(match settings.effort {
        Effort::None => wasmtime::OptLevel::None,
        Effort::Size => wasmtime::OptLevel::SpeedAndSize,
        Effort::Speed => wasmtime::OptLevel::Speed,
    });
    config
        .cranelift_nan_canonicalization(settings.canonical_nan)
        .consume_fuel(settings.fuel)
        .epoch_interruption(settings.interruptible);
    // Names and lines of failures come from the module; they are part of the artifact and independent of the environment.
    config
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES));
    // Symbols and unwind tables in the ELF file serve native debuggers only, except that Windows insists on the latter.
    config.debug_symbols(false);
    if !settings.triple().contains("windows") {
        config.native_unwind_info(false);
    }
    config.max_wasm_stack(settings.max_stack).async_stack_size(settings.max_stack + HOST_STACK);
    if settings.small_address_space {
        config
            .memory_reservation(0)
            .memory_reservation_for_growth(1 << 20)
            .memory_guard_size(64 << 10)
            .guard_before_linear_memory(false);
    }
    let version = format!("mochi-wasm {} on Wasmtime {WASMTIME}", env!("CARGO_PKG_VERSION"));
    config
        .module_version(ModuleVersionStrategy::Custom(version))
        .map_err(|error| Failure::host("cannot configure the engine").with_chain(&error))?;
    Ok(config)
}

const TARGETS_HELP: &str = "`mochi-wasm targets` lists those that are known to work";

/// An engine for `settings`.
pub fn engine(settings: &Settings) -> Result<Engine> {
    Engine::new(&config(settings)?).map_err(|error| match &settings.target {
        Some(target) => {
            Failure::usage(format!("cannot compile for target `{target}`")).with_chain(&error).help(TARGETS_HELP)
        }
        None => Failure::host("cannot start the engine").with_chain(&error),
    })
}

/// Identifies everything that compiled code depends on besides the module: equal fingerprints mean loadable artifacts.
pub fn fingerprint(engine: &Engine) -> [u8; 32] {
    let mut hasher = StableHasher(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    // The strategy above hides the full Wasmtime version from that hash; this names it.
    ModuleVersionStrategy::WasmtimeVersion.hash(&mut hasher);
    hasher.0.finalize().into()
}

/// Compiles a core module ahead of time; the result is Wasmtime's ELF image without our trailer.
pub fn precompile(engine: &Engine, wasm: &[u8]) -> Result<Vec<u8>> {
    engine.precompile_module(wasm).map_err(|error| invalid_module(&error))
}

/// The refusal of a module that does not validate; the validator's sentence names the missing feature or the fault.
pub(crate) fn invalid_module(error: &wasmtime::Error) -> Failure {
    Failure::new(Exit::CannotExecute, "not a valid module for this engine").with_chain(error)
}

/// Feeds `Hash` implementations to SHA-256, so that a fingerprint means the same in every process.
/// (`DefaultHasher` promises nothing across Rust releases.)
struct StableHasher(Sha256);

impl Hasher for StableHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        digest.iter().take(8).fold(0, |value, &byte| (value << 8) | u64::from(byte))
    }
}
