//! `programs/`: what programs print, in every way that this project can run them.
//!
//! A case is `name.mochi` with its standard output in `name.out`; `name.in` is its standard input,
//! and `name.err` says that it fails with exit code 1 and this on standard error. What is in the folder `name.files` lies
//! in the directory `.` that the program is given, and what it is to find there at its end in `name.written`. Each program is compiled
//! optimised, unoptimised and with a pass left out, each of these twice (the bytes must agree) and validated with
//! exactly the promised features; the first two run in Wasmtime and in the IR interpreter, and their debug builds must end
//! without live objects. Its unoptimised IR as text is a program too, which does the same.
//!
//! Which passes are left out depends on the program's name: a quarter of them each, so that each pass is left out
//! in a quarter of the programs. `MOCHI_EACH_PASS=1` leaves out each pass in each program, in three times the time.

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use mochi_emitter::ir::CapturingWasi;
use mochi_emitter::ir::interp::{Interpreter, TrapKind};
use mochi_emitter::{Language, Modules, OptLevel, Options, SourceFile, Stage};
use mochi_wasm::{Directory, Grants, ModuleFiles, RunOptions};

use crate::files;

pub(crate) fn trials() -> Vec<Trial> {
    let cases = files::find("programs", "mochi");
    cases.into_iter().map(|path| Trial::test(files::name(&path), move || check(&path))).collect()
}

/// What a run left behind.
struct Ran {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    exit: i32,
    /// What is in the directory that it was given, if it was.
    files: Option<Files>,
}

/// The contents of a directory by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What a program is given.
struct Given {
    stdin: Vec<u8>,
    files: Option<Files>,
}

pub(crate) fn load(path: &Path) -> Result<SourceFile, Failed> {
    let text = String::from_utf8(files::read(path)?)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(SourceFile::new(name, text))
}

/// What a case is compiled with: it can import the modules around its file.
pub(crate) fn options(path: &Path, source: &SourceFile) -> Options {
    const MAX_SOURCE: u64 = 1 << 20;
    let modules = Modules::new(ModuleFiles::around(path, &source.name, MAX_SOURCE));
    Options { modules, ..Options::default() }
}

fn check(path: &Path) -> Result<(), Failed> {
    let source = load(path)?;
    let standard = options(path, &source);
    let files = given_files(path)?;
    let written = folder(&path.with_extension("written"))?;
    let expected: Option<Files> = files.as_ref().map(|files| {
        let mut expected = files.clone();
        expected.extend(written.unwrap_or_default());
        expected
    });
    let stdin = std::fs::read(path.with_extension("in")).unwrap_or_default();
    let given = Given { stdin, files };
    let stdout = files::read(&path.with_extension("out"))?;
    let stderr = std::fs::read(path.with_extension("err")).ok();
    let exit = i32::from(stderr.is_some());

    let builds = [
        ("optimised", standard.clone()),
        ("unoptimised", Options { opt: OptLevel::None, ..standard.clone() }),
        ("debug memory", Options { debug_memory: true, ..standard.clone() }),
        ("unoptimised debug memory", Options { opt: OptLevel::None, debug_memory: true, ..standard.clone() }),
    ];
    // Each pass can be left out: what it does must not be what another relies on.
    let each = std::env::var_os("MOCHI_EACH_PASS").is_some();
    let start: usize = files::name(path).bytes().map(usize::from).sum();
    let left_out = mochi_emitter::opt::names().enumerate().filter(|(at, _)| each || (start + at).is_multiple_of(4));
    let without = left_out.map(|(_, pass)| {
        let skip_passes = vec![pass.to_owned()];
        (pass, Options { skip_passes, ..standard.clone() })
    });
    for (pass, options) in without {
        let ran = in_wasmtime(&compile(&source, &options)?, &given)?;
        files::expect_same(&format!("standard output (without {pass})"), &ran.stdout, &stdout)?;
    }
    let text = mochi_emitter::print_ir(&source, &standard, Stage::Built)
        .map_err(|failure| format!("{:?}", failure.diagnostics))?;
    let text = SourceFile::new("case.mir", text);
    let ran = in_wasmtime(&compile(&text, &Options { language: Language::Ir, ..standard.clone() })?, &given)?;
    files::expect_same("standard output (from its IR)", &ran.stdout, &stdout)?;
    for (build, options) in builds {
        let wasm = compile(&source, &options)?;
        for (engine, ran) in
            [("Wasmtime", in_wasmtime(&wasm, &given)?), ("interpreter", interpreted(&source, &options, &given)?)]
        {
            let how = format!("{build}, {engine}");
            if ran.exit != exit {
                let error = String::from_utf8_lossy(&ran.stderr);
                return Err(format!("{how}: exit code {} instead of {exit}\n{error}", ran.exit).into());
            }
            files::expect_same(&format!("standard output ({how})"), &ran.stdout, &stdout)?;
            expect_files(&how, ran.files.as_ref(), expected.as_ref())?;
            if let Some(expected) = &stderr {
                // Our host adds source line and stack below what the program itself writes.
                let own = ran.stderr.len().min(expected.len());
                files::expect_same(&format!("standard error ({how})"), &ran.stderr[..own], expected)?;
            }
        }
    }
    Ok(())
}

/// Compiles twice, compares and validates.
pub(crate) fn compile(source: &SourceFile, options: &Options) -> Result<Vec<u8>, Failed> {
    let compile = || {
        mochi_emitter::compile(source, options).map_err(|failure| {
            let messages: Vec<String> = failure.diagnostics.iter().map(|found| found.message.clone()).collect();
            Failed::from(format!("does not compile:\n{}", messages.join("\n")))
        })
    };
    let wasm = compile()?.wasm;
    if wasm != compile()?.wasm {
        return Err("two compilations gave different bytes".into());
    }
    wasmparser::Validator::new_with_features(promised_features()).validate_all(&wasm)?;
    Ok(wasm)
}

/// The feature set that every module keeps to, spelled out here a second time on purpose.
fn promised_features() -> wasmparser::WasmFeatures {
    use wasmparser::WasmFeatures;
    WasmFeatures::FLOATS
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::MUTABLE_GLOBAL
}

/// What is in the directory that a case is given, if it is. One that only writes is given an empty directory.
pub(crate) fn given_files(path: &Path) -> Result<Option<Files>, Failed> {
    let writes = path.with_extension("written").is_dir();
    Ok(folder(&path.with_extension("files"))?.or(writes.then(Files::new)))
}

/// The files of a folder, if there is one.
fn folder(path: &Path) -> Result<Option<Files>, Failed> {
    if !path.is_dir() {
        return Ok(None);
    }
    let mut files = Files::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path())?);
    }
    Ok(Some(files))
}

fn expect_files(how: &str, got: Option<&Files>, want: Option<&Files>) -> Result<(), Failed> {
    let names = |files: Option<&Files>| files.map(|files| files.keys().cloned().collect::<Vec<_>>());
    if names(got) != names(want) {
        return Err(format!("{how}: there are files {:?} instead of {:?}", names(got), names(want)).into());
    }
    for ((name, got), (_, want)) in got.into_iter().flatten().zip(want.into_iter().flatten()) {
        files::expect_same(&format!("{name} ({how})"), got, want)?;
    }
    Ok(())
}

fn in_wasmtime(wasm: &[u8], given: &Given) -> Result<Ran, Failed> {
    let mut options = RunOptions { stdin: given.stdin.clone(), ..RunOptions::default() };
    let folder_of_files = given.files.as_ref().map(|_| tempfile::tempdir()).transpose()?;
    if let (Some(folder), Some(files)) = (&folder_of_files, &given.files) {
        for (name, contents) in files {
            std::fs::write(folder.path().join(name), contents)?;
        }
        let directory = Directory { host: folder.path().to_owned(), guest: ".".to_owned(), writable: true };
        options.grants = Grants { dirs: vec![directory], ..options.grants };
    }
    let engine = options.engine().map_err(|error| format!("{error:?}"))?;
    let outcome = mochi_wasm::run_module(&engine, wasm, &options).map_err(|error| format!("{error:?}"))?;
    let files = folder_of_files.map(|files| folder(files.path())).transpose()?.flatten();
    Ok(Ran { stdout: outcome.stdout, stderr: outcome.stderr, exit: outcome.exit.into(), files })
}

fn interpreted(source: &SourceFile, options: &Options, given: &Given) -> Result<Ran, Failed> {
    let module = mochi_emitter::legalized(source, options).map_err(|failure| format!("{:?}", failure.diagnostics))?;
    let mut wasi = CapturingWasi::with_stdin(given.stdin.clone());
    wasi.files = given.files.clone();
    let mut interpreter = Interpreter::new(&module, wasi);
    let exit = match interpreter.run_start() {
        Ok(_) => 0,
        Err(trap) => match trap.kind {
            TrapKind::Exit(code) => code,
            _ => return Err(format!("the interpreter trapped: {trap}").into()),
        },
    };
    let CapturingWasi { stdout, stderr, files, .. } = interpreter.host;
    Ok(Ran { stdout, stderr, exit, files })
}
