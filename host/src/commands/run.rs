//! `run`: whatever is named – text, module or artifact – becomes loaded code and runs.

use crate::artifact::{self, Refusal, Verified, sha256};
use crate::cli::{CodegenArgs, RunArgs, SandboxArgs};
use crate::commands::machine::Machine;
use crate::commands::source;
use crate::console::{Console, Filter, Streams};
use crate::engine::{self, Settings};
use crate::failure::{Exit, Failure, Result, show};
use crate::input::{Input, Kind, Origin, describe};
use crate::keys::Trust;
use crate::limits::{Limits, parse_duration, parse_size};
use crate::load;
use crate::output;
use crate::outside::Outside;
use crate::places::Places;
use crate::report::{Reporter, say};
use crate::sandbox::{self, Directory, Grants, Program};
use crate::stdio::Stdio;
use crate::supervisor::{self, Deadline};
use mochi_emitter::SourceFile;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime::{Engine, Module};

/// The seed of `now()`; it makes programs repeatable and gives nothing away, so it is passed on unasked.
const SEED: &str = "MOCHI_NOW_SEED";

/// Holds the key of the provider of models: what is on a command line, others see.
/// As elsewhere: a file of the certificates to trust, in PEM form.
const CERTIFICATES: &str = "SSL_CERT_FILE";
const LLM_KEY: &str = "MOCHI_LLM_KEY";

pub(crate) fn run(args: &RunArgs, reporter: &Reporter) -> Result<u8> {
    let limits = limits(&args.sandbox)?;
    if args.explain_limits {
        return output::write_stdout(limits.explain().as_bytes()).map(|()| Exit::Done.code());
    }
    let (file, program_args) = match &args.source.text {
        Some(_) => (None, args.file_and_args.as_slice()),
        None => match args.file_and_args.split_first() {
            Some((file, rest)) => (Some(Path::new(file)), rest),
            None => return Err(Failure::usage("name a program to run")),
        },
    };
    let places = Places::of_user();
    let input = source::read(file, &args.source, Exit::CannotExecute)?;
    let grants = grants(&args.sandbox, &input.origin, program_args, places.as_ref().ok())?;
    let console = console(&limits, &args.sandbox);
    supervisor::obey_signals(Arc::clone(&console));

    let (settings, limits) = fit_address_space(settings(&args.sandbox, &args.codegen, &limits), limits);
    let job = Job { args, machine: Machine { reporter, settings, places, no_cache: args.sandbox.no_cache } };
    let loaded = {
        let _deadline =
            limits.compile.map(|limit| Deadline::start(Arc::clone(&console), limit, "compiling")).transpose()?;
        job.load(input)?
    };
    let Loaded { engine, settings, module, files } = &loaded;
    let program = Program { engine, settings, module, limits: &limits, grants: &grants, files };
    let ending = {
        let _deadline =
            limits.timeout.map(|limit| Deadline::start(Arc::clone(&console), limit, "the program")).transpose()?;
        sandbox::run(&program, &console, Stdio::of_process())?
    };
    say(&ending.report);
    Ok(ending.exit)
}

/// Code that is ready to run, with the engine that it is loaded in.
struct Loaded {
    engine: Engine,
    settings: Settings,
    module: Module,
    /// What it was compiled from, if that was text.
    files: Vec<SourceFile>,
}

struct Job<'a> {
    args: &'a RunArgs,
    machine: Machine<'a>,
}

impl Job<'_> {
    fn load(&self, input: Input) -> Result<Loaded> {
        match input.kind {
            Kind::Elf => self.load_artifact(&input),
            Kind::Component => Err(source::component(&input)),
            Kind::Wasm => self.compile(&input.bytes, Some(&input.origin)),
            Kind::Text if input.origin.is_named_artifact() => {
                Err(Failure::cannot_execute(format!("{} is not WebAssembly", input.origin.shown()))
                    .because(describe(&input.bytes)))
            }
            Kind::Text => {
                let options = source::options(&input, &self.args.source, Some(&self.args.codegen), false)?;
                let compiled = source::program(input, &options, &self.args.source, self.machine.reporter, false)?;
                Ok(Loaded { files: compiled.files, ..self.compile(&compiled.wasm, None)? })
            }
        }
    }

    fn compile(&self, wasm: &[u8], origin: Option<&Origin>) -> Result<Loaded> {
        let (engine, module) = self.machine.compile(wasm, origin)?;
        Ok(Loaded { engine, settings: self.machine.settings.clone(), module, files: Vec::new() })
    }

    fn load_artifact(&self, input: &Input) -> Result<Loaded> {
        let name = input.origin.shown();
        let verified = self.verify(&input.bytes).map_err(|failure| match failure {
            Unverified::Refused(refusal) => refusal.into_failure(&name),
            Unverified::Failed(failure) => failure,
        })?;
        if let Some((engine, settings)) = verified.engine_like(&self.machine.settings)? {
            let module = load::load(&engine, &verified)?;
            return Ok(Loaded { engine, settings, module, files: Vec::new() });
        }
        self.machine.reporter.detail(&format!("{name} was made for another machine, release or setting"));
        match sibling(&input.origin, &verified.metadata.wasm_sha256) {
            Some(wasm) => self.compile(&wasm, None),
            None => Err(self.misfit(&name, &verified)),
        }
    }

    fn verify<'a>(&self, file: &'a [u8]) -> std::result::Result<Verified<'a>, Unverified> {
        let trusted = |key: &crate::keys::PublicKey| -> Result<bool> {
            if self.args.trust_cwasm {
                return Ok(true);
            }
            let places = self.machine.places.as_ref().map_err(Failure::clone)?;
            Ok(Trust::load(places)?.contains(key))
        };
        let mut failed = None;
        let verified = artifact::verify(file, |key| {
            trusted(key).unwrap_or_else(|failure| {
                failed = Some(failure);
                false
            })
        });
        match (verified, failed) {
            (Ok(verified), _) => Ok(verified),
            (Err(_), Some(failure)) => Err(Unverified::Failed(failure)),
            (Err(refusal), None) => Err(Unverified::Refused(refusal)),
        }
    }

    fn misfit(&self, name: &str, artifact: &Verified<'_>) -> Failure {
        let metadata = &artifact.metadata;
        let this = engine::host_triple();
        let failure = Failure::cannot_execute(format!("{name} does not fit this machine or these options"));
        let failure = if metadata.triple != this {
            failure.because(format!("it was made for {}, and this is {this}", metadata.triple))
        } else if (metadata.tool.as_str(), metadata.wasmtime.as_str()) != (env!("CARGO_PKG_VERSION"), engine::WASMTIME)
        {
            failure.because(format!(
                "it was made by mochi-wasm {} with Wasmtime {}, and this is {} with {}",
                metadata.tool,
                metadata.wasmtime,
                env!("CARGO_PKG_VERSION"),
                engine::WASMTIME
            ))
        } else {
            failure.because(format!(
                "it was made for {this} too, but for another processor or for a run without --fuel, --deterministic or a limited address space"
            ))
        };
        failure.help("keep the .wasm it was made from beside it, or run that")
    }
}

enum Unverified {
    Refused(Refusal),
    Failed(Failure),
}

/// The module beside an artifact that it was made from: `dir/prog.wasm` for `dir/prog.cwasm` and `dir/prog.TRIPLE.cwasm`.
fn sibling(origin: &Origin, wanted: &[u8; 32]) -> Option<Vec<u8>> {
    let Origin::Path(path) = origin else { return None };
    let mut candidates = vec![path.with_extension("wasm")];
    if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
        candidates
            .extend(name.match_indices('.').map(|(dot, _)| path.with_file_name(format!("{}.wasm", &name[..dot]))));
    }
    candidates.into_iter().filter_map(|candidate| fs::read(candidate).ok()).find(|wasm| sha256(wasm) == *wanted)
}

pub(super) fn limits(args: &SandboxArgs) -> Result<Limits> {
    let mut limits = if args.untrusted { Limits::untrusted() } else { Limits::trusted() };
    if let Some(text) = &args.timeout {
        limits.timeout = Some(parse_duration(text)?);
    }
    if let Some(text) = &args.compile_timeout {
        limits.compile = Some(parse_duration(text)?);
    }
    if let Some(text) = &args.max_memory {
        limits.memory = parse_size(text)?;
    }
    if let Some(text) = &args.max_stack {
        limits.stack = parse_size(text)?;
        if !(MIN_STACK..=MAX_STACK).contains(&limits.stack) {
            return Err(Failure::usage(format!("--max-stack {text} is not within 64K and 64G")));
        }
    }
    if let Some(text) = &args.max_output {
        limits.output = Some(parse_size(text)?);
    }
    limits.fuel = args.fuel.or(limits.fuel);
    Ok(limits)
}

const MIN_STACK: u64 = 64 << 10;
const MAX_STACK: u64 = 64 << 30;

pub(super) fn settings(args: &SandboxArgs, codegen: &CodegenArgs, limits: &Limits) -> Settings {
    Settings {
        effort: source::effort(codegen.opt),
        fuel: limits.fuel.is_some(),
        canonical_nan: args.deterministic,
        max_stack: limits.stack as usize,
        ..Settings::default()
    }
}

/// Under `ulimit -v` there is no room for the usual reservations of 4 GiB for memory and much of a stack.
#[cfg(unix)]
pub(super) fn fit_address_space(settings: Settings, limits: Limits) -> (Settings, Limits) {
    const PLENTY: u64 = 16 << 30;
    match rustix::process::getrlimit(rustix::process::Resource::As).current {
        Some(available) if available < PLENTY => {
            let stack = limits.stack.min(available / 8).max(MIN_STACK);
            (Settings { small_address_space: true, max_stack: stack as usize, ..settings }, Limits { stack, ..limits })
        }
        _ => (settings, limits),
    }
}

#[cfg(not(unix))]
pub(super) fn fit_address_space(settings: Settings, limits: Limits) -> (Settings, Limits) {
    (settings, limits)
}

fn console(limits: &Limits, args: &SandboxArgs) -> Arc<Console> {
    let mut streams = Streams::of_process();
    streams.left = limits.output;
    if args.untrusted {
        streams.filters =
            [io::stdout().is_terminal(), io::stderr().is_terminal()].map(|terminal| terminal.then(Filter::default));
    }
    Arc::new(Console::new(streams))
}

pub(super) fn grants(
    args: &SandboxArgs,
    origin: &Origin,
    program_args: &[OsString],
    places: Option<&Places>,
) -> Result<Grants> {
    let mut words = vec![origin.name()];
    for word in program_args {
        let text =
            word.to_str().ok_or_else(|| Failure::usage(format!("the program's argument {word:?} is not UTF-8")))?;
        words.push(text.to_owned());
    }
    let mut env = Vec::new();
    if let Ok(seed) = std::env::var(SEED) {
        env.push((SEED.to_owned(), seed));
    } else if args.deterministic {
        env.push((SEED.to_owned(), "0".to_owned()));
    }
    for assignment in &args.env {
        let (name, value) = match assignment.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (assignment.as_str(), std::env::var(assignment).ok()),
        };
        if name.is_empty() {
            return Err(Failure::usage(format!("--env {assignment} names no variable")));
        }
        // A variable that is not set here is not set there.
        if let Some(value) = value {
            env.retain(|(other, _)| other != name);
            env.push((name.to_owned(), value));
        }
    }
    let dirs = args.dir.iter().map(|text| directory(text, places)).collect::<Result<_>>()?;
    let outside = outside(args)?;
    Ok(Grants { args: words, env, dirs, outside, deterministic: args.deterministic })
}

fn outside(args: &SandboxArgs) -> Result<Outside> {
    let mut outside = Outside::default();
    args.allow_net.iter().try_for_each(|rule| outside.allow(rule))?;
    if let Some(path) = &args.replay {
        outside.replay(path)?;
    }
    if let Some(path) = &args.record {
        outside.record(path)?;
    }
    if let Some(provider) = &args.llm {
        let key = std::env::var(LLM_KEY).ok().filter(|key| !key.is_empty());
        let patience = args.llm_timeout.as_deref().map(parse_duration).transpose()?;
        outside.provider(provider, args.llm_model.clone(), key, patience)?;
    }
    if let Some(path) = std::env::var_os(CERTIFICATES).filter(|path| !path.is_empty())
        && (args.llm.is_some() || !args.allow_net.is_empty())
    {
        outside.certificates(Path::new(&path))?;
    }
    Ok(outside)
}

/// `HOST[::GUEST][:rw]`
fn directory(text: &str, places: Option<&Places>) -> Result<Directory> {
    let (rest, writable) = match text.strip_suffix(":rw") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (host, guest) = rest.split_once("::").unwrap_or((rest, rest));
    if host.is_empty() || guest.is_empty() {
        return Err(Failure::usage(format!("--dir {text} names no directory")));
    }
    let path = PathBuf::from(host);
    let real = fs::canonicalize(&path)
        .map_err(|error| Failure::usage(format!("cannot grant the directory {}", show(&path))).because(error))?;
    if !real.is_dir() {
        return Err(Failure::usage(format!("cannot grant {}", show(&path))).because("it is not a directory"));
    }
    for own in places.into_iter().flat_map(|places| [&places.data, &places.config, &places.cache]) {
        let own = fs::canonicalize(own).unwrap_or_else(|_| own.clone());
        if own.starts_with(&real) || real.starts_with(&own) {
            return Err(Failure::usage(format!("the directory {} is not granted", show(&path)))
                .because(format!("keys or compiled code of mochi-wasm lie in {}", show(&own))));
        }
    }
    Ok(Directory { host: path, guest: guest.to_owned(), writable })
}
