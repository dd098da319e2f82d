//! A directory of its own for each test, and the tool run in it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A scratch directory with the tool's own home in it.
pub(crate) struct Bench {
    dir: tempfile::TempDir,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench { dir: tempfile::tempdir().expect("a scratch directory") }
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Writes a file and gives its name back.
    pub(crate) fn write<'a>(&self, name: &'a str, bytes: impl AsRef<[u8]>) -> &'a str {
        fs::write(self.path(name), bytes).expect("a written file");
        name
    }

    /// Writes a module given as text.
    pub(crate) fn wasm<'a>(&self, name: &'a str, text: &str) -> &'a str {
        self.write(name, assemble(text))
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("a readable file")
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The names in the scratch directory, without the tool's home.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.dir.path())
            .expect("a readable directory")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name != "home")
            .collect();
        names.sort();
        names
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mochi-wasm"));
        command.args(args).current_dir(self.dir.path()).env_clear().env("MOCHI_WASM_HOME", self.home());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn tool<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Done {
        Done::of(self.command(args).output().expect("the tool runs"))
    }

    /// Runs a program, whose memory is looked at, with these flags.
    pub(crate) fn run(&self, text: &str, flags: &[&str]) -> Done {
        self.write("p.mochi", text);
        let mut args = vec!["run", "--no-cache", "--debug-memory"];
        args.extend(flags);
        args.push("p.mochi");
        self.tool(args)
    }

    pub(crate) fn tool_with_stdin<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, stdin: &[u8]) -> Done {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().expect("the tool starts");
        // A tool that does not read to the end closes the pipe.
        let _ = child.stdin.take().expect("a pipe").write_all(stdin);
        Done::of(child.wait_with_output().expect("the tool ends"))
    }
}

impl Done {
    pub(crate) fn of(output: Output) -> Done {
        Done {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn of_child(child: Child) -> Done {
        Done::of(child.wait_with_output().expect("the tool ends"))
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Done {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Done {
        assert!(self.stderr.contains(part), "no `{part}` in {self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Done {
        assert_eq!(self.stdout, text, "{self:?}");
        self
    }
}

pub(crate) fn assemble(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a well-formed module")
}

/// A module with the usual imports and a buffer at 16 in which "pending\n" waits; `body` is that of `_start`.
pub(crate) fn program(body: &str) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global (export "mochi_stdout") i32 (i32.const 16))
  (data (i32.const 16) "\80\00\00\00\00\00\00\00")
  (data (i32.const 128) "pending\n")
  (data (i32.const 256) "hello\n")
  (func $pend (i32.store (i32.const 20) (i32.const 8)))
  (func $write (param $fd i32) (param $at i32) (param $length i32)
    (i32.store (i32.const 32) (local.get $at))
    (i32.store (i32.const 36) (local.get $length))
    (drop (call $fd_write (local.get $fd) (i32.const 32) (i32.const 1) (i32.const 40))))
  (func $hello (call $write (i32.const 1) (i32.const 256) (i32.const 6)))
  (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
  (func (export "_start") {body}))"#
    )
}

pub(crate) const HELLO: &str = "(call $hello)";
pub(crate) const FOREVER: &str = "(call $pend) (loop $again (br $again))";
