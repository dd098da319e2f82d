//! `compile`: text to modules and machine code, each output whole or not at all.

use crate::artifact;
use crate::cli::{CompileArgs, EmitArg, PhaseArg};
use crate::commands::source;
use crate::console::{Console, Streams};
use crate::engine::{self, Settings};
use crate::failure::{Exit, Failure, Result, show};
use crate::input::{Input, Kind, Origin};
use crate::keys::SigningKey;
use crate::output;
use crate::places::Places;
use crate::report::{Reporter, has_errors, reported};
use crate::supervisor;
use mochi_emitter::Stage;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One thing to make.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Product {
    Ir,
    Wat,
    Wasm,
    /// Machine code for a target, or for this machine.
    Cwasm(Option<String>),
}

pub(crate) fn compile(args: &CompileArgs, reporter: &Reporter) -> Result<()> {
    supervisor::obey_signals(Arc::new(Console::new(Streams::of_process())));
    if args.report {
        return Err(Failure::not_available("--report"));
    }
    let products = products(args)?;
    let input = source::read(args.file.as_deref(), &args.source, Exit::Errors)?;
    let plan = plan(args, &input, products)?;
    let ir = plan.iter().any(|(product, _)| *product == Product::Ir).then(|| ir(args, &input, reporter)).transpose()?;
    let is_only_ir = plan.iter().all(|(product, _)| *product == Product::Ir);
    let wasm = if is_only_ir { Vec::new() } else { wasm(args, input, reporter)? };
    // Everything is made before anything is written.
    let mut made = Vec::new();
    for (product, path) in plan {
        let bytes = match &product {
            Product::Ir => ir.clone().unwrap_or_default().into_bytes(),
            Product::Wat => wat(&wasm)?.into_bytes(),
            Product::Wasm => wasm.clone(),
            Product::Cwasm(target) => cwasm(&wasm, target.as_deref(), args)?,
        };
        made.push((path, bytes));
    }
    for (path, bytes) in &made {
        output::write(path, bytes)?;
        reporter.detail(&format!("wrote {} ({} bytes)", show(path), bytes.len()));
    }
    Ok(())
}

/// What is asked for, by `--emit`, by the name after `-o`, or by default.
fn products(args: &CompileArgs) -> Result<Vec<Product>> {
    let mut kinds = args.emit.clone();
    if kinds.is_empty() {
        kinds = match &args.output {
            Some(path) => vec![kind_of(path)?],
            None if is_text_or_unknown(args) => vec![EmitArg::Wasm, EmitArg::Cwasm],
            None => vec![EmitArg::Cwasm],
        };
    }
    if !args.target.is_empty() && !kinds.contains(&EmitArg::Cwasm) {
        return Err(Failure::usage("--target is for machine code, and no cwasm is asked for"));
    }
    let mut products = Vec::new();
    for kind in kinds {
        match kind {
            EmitArg::Ir => products.push(Product::Ir),
            EmitArg::Wat => products.push(Product::Wat),
            EmitArg::Wasm => products.push(Product::Wasm),
            EmitArg::Cwasm if args.target.is_empty() => products.push(Product::Cwasm(None)),
            EmitArg::Cwasm => products.extend(args.target.iter().cloned().map(Some).map(Product::Cwasm)),
            EmitArg::Component | EmitArg::Service | EmitArg::Library | EmitArg::Web | EmitArg::Oci | EmitArg::Exe => {
                return Err(Failure::not_available(format_args!("--emit {}", format!("{kind:?}").to_lowercase())));
            }
        }
    }
    let mut unique: Vec<Product> = Vec::new();
    for product in products {
        if !unique.contains(&product) {
            unique.push(product);
        }
    }
    Ok(unique)
}

/// A module as input is not written again beside itself.
fn is_text_or_unknown(args: &CompileArgs) -> bool {
    args.file.as_ref().is_none_or(|file| file.extension().is_none_or(|extension| extension != "wasm"))
}

fn kind_of(path: &Path) -> Result<EmitArg> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("wasm") => Ok(EmitArg::Wasm),
        Some("cwasm") => Ok(EmitArg::Cwasm),
        Some("wat") => Ok(EmitArg::Wat),
        Some("ir" | "mir") => Ok(EmitArg::Ir),
        _ => Err(Failure::usage(format!("{} does not say what to make", show(path)))
            .help("end the name in .wasm, .cwasm, .wat or .mir, or say --emit")),
    }
}

/// Where each product goes.
fn plan(args: &CompileArgs, input: &Input, products: Vec<Product>) -> Result<Vec<(Product, PathBuf)>> {
    if let (Some(_), [_, _, ..]) = (&args.output, products.as_slice()) {
        return Err(Failure::usage("-o names one output, and several are asked for"));
    }
    let mut plan = Vec::new();
    for product in products {
        let path = match (&args.output, &product, &input.origin) {
            (Some(path), _, _) => path.clone(),
            (None, Product::Ir | Product::Wat, _) => PathBuf::from("-"),
            (None, Product::Wasm | Product::Cwasm(_), Origin::Path(path)) => beside(path, &product),
            (None, Product::Wasm | Product::Cwasm(_), Origin::Stdin | Origin::CommandLine) => {
                return Err(Failure::usage("the program has no file name to derive an output's name from")
                    .help("give one with -o"));
            }
        };
        if let Origin::Path(source) = &input.origin {
            output::refuse_overwriting(&path, source)?;
        }
        plan.push((product, path));
    }
    Ok(plan)
}

/// `dir/prog.mochi` makes `dir/prog.wasm`, `dir/prog.cwasm` and `dir/prog.TRIPLE.cwasm`.
fn beside(source: &Path, product: &Product) -> PathBuf {
    let stem = match source.extension().and_then(|extension| extension.to_str()) {
        Some("mochi" | "mir" | "wasm") => source.file_stem().unwrap_or_default(),
        _ => source.file_name().unwrap_or_default(),
    };
    let mut name = stem.to_owned();
    match product {
        Product::Ir => name.push(".mir"),
        Product::Wat => name.push(".wat"),
        Product::Wasm => name.push(".wasm"),
        Product::Cwasm(None) => name.push(".cwasm"),
        Product::Cwasm(Some(target)) => name.push(format!(".{target}.cwasm")),
    }
    source.with_file_name(name)
}

fn ir(args: &CompileArgs, input: &Input, reporter: &Reporter) -> Result<String> {
    if input.kind != Kind::Text {
        return Err(Failure::usage(format!("{} is a module: it has no Mochi IR", input.origin.shown())));
    }
    let options = source::options(input, &args.source, Some(&args.codegen), args.strip)?;
    let file = source::text(Input { origin: input.origin.clone(), bytes: input.bytes.clone(), kind: input.kind })?;
    let stage = match args.phase {
        PhaseArg::Built => Stage::Built,
        PhaseArg::Optimized => Stage::Optimized,
        PhaseArg::Legalized => Stage::Legalized,
    };
    source::with_stack(|| mochi_emitter::print_ir(&file, &options, stage))?.map_err(|failure| {
        reporter.diagnostics(&failure.diagnostics, &failure.files, args.source.errors.error_limit, true);
        if has_errors(&failure.diagnostics) {
            reported()
        } else {
            Failure::new(Exit::Bug, format!("{} has no IR, and no error says why", file.name))
        }
    })
}

fn wasm(args: &CompileArgs, input: Input, reporter: &Reporter) -> Result<Vec<u8>> {
    let options = source::options(&input, &args.source, Some(&args.codegen), args.strip)?;
    source::module(input, &options, &args.source, reporter, true)
}

fn wat(wasm: &[u8]) -> Result<String> {
    wasmprinter::print_bytes(wasm)
        .map_err(|error| Failure::cannot_execute("the module cannot be shown as text").because(error))
}

fn cwasm(wasm: &[u8], target: Option<&str>, args: &CompileArgs) -> Result<Vec<u8>> {
    let settings = Settings::for_target(target, source::effort(args.codegen.opt));
    let engine = engine::engine(&settings)?;
    let elf = engine::precompile(&engine, wasm)?;
    let key = SigningKey::load_or_create(&Places::of_user()?)?;
    artifact::seal(elf, wasm, &engine, &settings, &key)
}
