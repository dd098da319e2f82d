//! The command line as its users see it.

use crate::commands;
use crate::failure::{Exit, Failure, Result};
use crate::report::{Reporter, say};
use clap::{Args, Parser, Subcommand, ValueEnum};
use mochi_frontend::diagnostic::Format;
use std::ffi::OsString;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;

/// Compiles Mochi to WebAssembly and to machine code, and runs both in a sandbox.
#[derive(Parser, Debug)]
#[command(name = "mochi-wasm", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say more about what is done
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Compile a program to FILE.wasm and, for this machine, FILE.cwasm
    Compile(CompileArgs),
    /// Compile a program if needed, and run it
    Run(RunArgs),
    /// Run the test blocks of programs
    Test(TestArgs),
    /// Measure the bench blocks of programs
    Bench(BenchArgs),
    /// Report a program's mistakes without compiling it
    Check(CheckArgs),
    /// Show how a program's queries are run
    Explain(CheckArgs),
    /// List the targets that --target accepts
    Targets,
    /// Say what an artifact is and who made it
    Inspect(InspectArgs),
    /// Manage whose precompiled code runs here
    Trust {
        #[command(subcommand)]
        action: TrustAction,
    },
    /// Manage compiled modules of earlier runs
    Cache {
        #[command(subcommand)]
        action: CacheAction,
    },
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// Where the program comes from and how it is read.
#[derive(Args, Debug)]
pub(crate) struct SourceArgs {
    /// Compile TEXT instead of a file
    #[arg(short = 'e', long = "eval", value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// What text is written in [default: by the file's name]
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) lang: Option<LanguageArg>,
    /// Treat what strict checking rejects as errors
    #[arg(long)]
    pub(crate) strict: bool,
    /// Refuse larger sources
    #[arg(long, value_name = "SIZE", default_value = "16M")]
    pub(crate) max_source: String,
    #[command(flatten)]
    pub(crate) errors: ErrorArgs,
}

/// How diagnostics are shown.
#[derive(Args, Debug)]
pub(crate) struct ErrorArgs {
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) error_format: FormatArg,
    /// Show at most this many errors; 0 shows all
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub(crate) error_limit: usize,
}

/// How the code is made.
#[derive(Args, Debug)]
pub(crate) struct CodegenArgs {
    #[arg(long, value_name = "GOAL", default_value = "speed")]
    pub(crate) opt: OptArg,
    /// Leave out an optimizer pass (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub(crate) skip_pass: Vec<String>,
    /// Poison freed memory and report leaks at exit
    #[arg(long)]
    pub(crate) debug_memory: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CompileArgs {
    /// Program (.mochi), IR text (.mir) or module (.wasm); - is standard input
    #[arg(required_unless_present = "text", conflicts_with = "text")]
    pub(crate) file: Option<PathBuf>,
    /// Write one output to PATH; - is standard output
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// What to make: ir, wat, wasm, cwasm, …
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub(crate) emit: Vec<EmitArg>,
    /// Compile ahead of time for TRIPLE (may be repeated)
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Vec<String>,
    /// The stage that --emit ir shows
    #[arg(long, value_name = "PHASE", default_value = "optimized")]
    pub(crate) phase: PhaseArg,
    /// Leave out function names and line tables
    #[arg(long)]
    pub(crate) strip: bool,
    /// Say where values have no static type
    #[arg(long)]
    pub(crate) report: bool,
    #[command(flatten)]
    pub(crate) codegen: CodegenArgs,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Program; - is standard input
    #[arg(required_unless_present = "text", conflicts_with = "text")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Program, module or artifact (- is standard input), then the program's own arguments
    #[arg(value_name = "FILE [ARGS]", trailing_var_arg = true, required_unless_present_any = ["text", "explain_limits"])]
    pub(crate) file_and_args: Vec<OsString>,
    #[command(flatten)]
    pub(crate) sandbox: SandboxArgs,
    /// Print the limits and end
    #[arg(long)]
    pub(crate) explain_limits: bool,
    /// Run precompiled code by a signer who is not trusted
    #[arg(long)]
    pub(crate) trust_cwasm: bool,
    #[command(flatten)]
    pub(crate) codegen: CodegenArgs,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    pub(crate) blocks: BlockArgs,
    /// Write the results to PATH as JUnit XML, too
    #[arg(long, value_name = "PATH")]
    pub(crate) junit: Option<PathBuf>,
    /// Show what failing tests printed
    #[arg(long)]
    pub(crate) show_output: bool,
}

#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) blocks: BlockArgs,
    /// How often each block is measured, after a run that does not count
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
}

/// Blocks that are run one by one, each in a sandbox of its own.
#[derive(Args, Debug)]
pub(crate) struct BlockArgs {
    /// Programs, or directories whose programs are meant; - is standard input
    #[arg(value_name = "FILE|DIR", required_unless_present = "text", conflicts_with = "text")]
    pub(crate) files: Vec<PathBuf>,
    /// Only blocks whose names have TEXT in them
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// How results are printed; json is one object a line
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: FormatArg,
    #[command(flatten)]
    pub(crate) sandbox: SandboxArgs,
    #[command(flatten)]
    pub(crate) codegen: CodegenArgs,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

/// What a program is given, and what it may use.
#[derive(Args, Debug)]
pub(crate) struct SandboxArgs {
    /// Grant a directory: HOST[::GUEST][:rw]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Vec<String>,
    /// Set an environment variable, or pass one on: NAME[=VALUE]
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Vec<String>,
    /// Grant `fetch` a host: HOST, HOST:PORT, *.DOMAIN or *
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) allow_net: Vec<String>,
    /// Grant `generate` a provider: echo, or the URL of a service like https://api.openai.com/v1, whose key is in
    /// the environment variable MOCHI_LLM_KEY
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) llm: Option<String>,
    /// The model to ask where the program names none
    #[arg(long, value_name = "NAME")]
    pub(crate) llm_model: Option<String>,
    /// How long the provider may take for an answer [default: 5m]
    #[arg(long, value_name = "TIME")]
    pub(crate) llm_timeout: Option<String>,
    /// Answer what is fetched or generated from a file or directory of recorded answers
    #[arg(long, value_name = "PATH")]
    pub(crate) replay: Option<PathBuf>,
    /// Record what the network answers, for --replay
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// End the program after this time (30, 1.5s, 200ms, 2m)
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<String>,
    /// End compiling after this time
    #[arg(long, value_name = "TIME")]
    pub(crate) compile_timeout: Option<String>,
    /// Limit the program's memory [default: 1G]
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_memory: Option<String>,
    /// Limit the program's stack [default: 256M]
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_stack: Option<String>,
    /// Limit what the program prints
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_output: Option<String>,
    /// Limit the number of instructions
    #[arg(long, value_name = "COUNT")]
    pub(crate) fuel: Option<u64>,
    /// Set strict values for all limits
    #[arg(long)]
    pub(crate) untrusted: bool,
    /// Make clocks, random numbers and NaN bits the same in every run
    #[arg(long)]
    pub(crate) deterministic: bool,
    /// Neither use nor keep compiled code
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    pub(crate) file: PathBuf,
}

#[derive(Subcommand, Debug)]
pub(crate) enum TrustAction {
    /// Run code that is signed with this key
    Add {
        /// 64 hexadecimal digits
        key: String,
        /// Whose key it is
        comment: Option<String>,
    },
    /// Show the trusted keys, one's own first
    List,
    /// Stop trusting a key
    Remove { key: String },
}

#[derive(Subcommand, Debug)]
pub(crate) enum CacheAction {
    /// Remove all entries
    Clean,
    /// Print where the cache is
    Dir,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LanguageArg {
    Mochi,
    Mir,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormatArg {
    Human,
    Json,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptArg {
    Speed,
    Size,
    None,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhaseArg {
    Built,
    Optimized,
    Legalized,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmitArg {
    Ir,
    Wat,
    Wasm,
    Cwasm,
    Component,
    Service,
    Library,
    Web,
    Oci,
    Exe,
}

impl FormatArg {
    pub(crate) fn format(self) -> Format {
        match self {
            FormatArg::Human => Format::Human,
            FormatArg::Json => Format::Json,
        }
    }
}

/// Commands that are decided on but do not exist yet.
const PLANNED: &[&str] = &["profile", "serve-http", "completions"];

/// Runs one command line, its first element being the program's name, and gives the exit code.
///
/// A time limit or a signal ends the whole process.
pub fn main_with_args(args: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let reporter = reporter(&cli);
    match panic::catch_unwind(AssertUnwindSafe(|| execute(&cli, &reporter))) {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => {
            if !failure.message.is_empty() {
                reporter.failure(&failure);
            }
            failure.exit.code()
        }
        Err(_) => bug(),
    }
}

fn execute(cli: &Cli, reporter: &Reporter) -> Result<u8> {
    match &cli.command {
        Command::Compile(args) => commands::compile::compile(args, reporter).map(|()| Exit::Done.code()),
        Command::Run(args) => commands::run::run(args, reporter),
        Command::Test(args) => commands::test::test(args, reporter),
        Command::Bench(args) => commands::bench::bench(args, reporter),
        Command::Check(args) => commands::check::check(args, reporter).map(|()| Exit::Done.code()),
        Command::Explain(args) => commands::explain::explain(args, reporter).map(|()| Exit::Done.code()),
        Command::Targets => commands::targets::list().map(|()| Exit::Done.code()),
        Command::Inspect(args) => commands::inspect::inspect(&args.file).map(|()| Exit::Done.code()),
        Command::Trust { action } => commands::trust::trust(action).map(|()| Exit::Done.code()),
        Command::Cache { action } => commands::cache::cache(action).map(|()| Exit::Done.code()),
        Command::Other(words) => {
            let name = words.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            Err(if PLANNED.contains(&name.as_str()) {
                Failure::not_available(format_args!("`mochi-wasm {name}`"))
            } else {
                Failure::usage(format!("there is no command `{name}`")).help("mochi-wasm --help lists the commands")
            })
        }
    }
}

fn reporter(cli: &Cli) -> Reporter {
    let format = match &cli.command {
        Command::Compile(args) => args.source.errors.error_format.format(),
        Command::Run(args) => args.source.errors.error_format.format(),
        Command::Test(args) => args.blocks.source.errors.error_format.format(),
        Command::Bench(args) => args.blocks.source.errors.error_format.format(),
        Command::Check(args) | Command::Explain(args) => args.source.errors.error_format.format(),
        Command::Targets | Command::Inspect(_) | Command::Trust { .. } | Command::Cache { .. } | Command::Other(_) => {
            Format::Human
        }
    };
    Reporter::new(format, cli.verbose)
}

/// Help goes to standard output, mistakes to standard error.
fn usage(error: &clap::Error) -> u8 {
    let text = error.render();
    let text = if anstyled(error) { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        say(&text);
        Exit::Usage.code()
    } else {
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
        Exit::Done.code()
    }
}

fn anstyled(error: &clap::Error) -> bool {
    use std::io::IsTerminal;
    error.use_stderr() && Reporter::new(Format::Human, false).color
        || !error.use_stderr() && std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// The panic's own message is on standard error already.
fn bug() -> u8 {
    say(&Failure::new(Exit::Bug, "mochi-wasm has a bug: it stopped where it never should")
        .help(concat!(
            "please report it, with the program and the message above, at ",
            env!("CARGO_PKG_REPOSITORY"),
            "/issues"
        ))
        .help(concat!("mochi-wasm ", env!("CARGO_PKG_VERSION")))
        .render(false));
    Exit::Bug.code()
}
