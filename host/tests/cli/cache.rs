//! Compiled code of earlier runs: used when sound, replaced when not, done without when impossible.

use crate::support::{Bench, HELLO, program};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn ran() -> Bench {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    bench.tool(["run", "hello.wasm"]).expect(0);
    bench
}

fn entries(bench: &Bench) -> Vec<PathBuf> {
    let Ok(engines) = fs::read_dir(bench.home().join("cache/v1")) else { return Vec::new() };
    engines
        .flat_map(|engine| fs::read_dir(engine.expect("an entry").path()).expect("a directory"))
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

#[test]
fn the_second_run_uses_the_first_ones_code() {
    let bench = ran();
    assert_eq!(entries(&bench).len(), 1);
    bench.tool(["-v", "run", "hello.wasm"]).expect(0).prints("hello\n").says("from the cache");
    bench.tool(["run", "--fuel", "100000", "hello.wasm"]).expect(0);
    assert_eq!(entries(&bench).len(), 2, "fuel is another engine");
}

#[test]
fn a_bad_entry_is_a_miss_and_is_rewritten() {
    let bench = ran();
    let entry = entries(&bench).remove(0);
    let good = fs::read(&entry).expect("an entry");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    for bad in [&flipped[..], b"", b"garbage", &good[..good.len() / 2], &good[..good.len() - 1]] {
        fs::write(&entry, bad).expect("written");
        let done = bench.tool(["-v", "run", "hello.wasm"]).expect(0).prints("hello\n");
        assert!(!done.stderr.contains("from the cache"), "{done:?}");
        assert!(fs::read(&entry).expect("an entry") == good, "rewritten");
    }
}

#[test]
fn an_entry_for_another_module_is_a_miss() {
    let bench = ran();
    let entry = entries(&bench).remove(0);
    let hello = fs::read(&entry).expect("an entry");
    bench.wasm("other.wasm", &program("(call $proc_exit (i32.const 3))"));
    bench.tool(["run", "other.wasm"]).expect(3);
    let other = entries(&bench).into_iter().find(|path| *path != entry).expect("a second entry");
    fs::write(&other, hello).expect("written");
    bench.tool(["run", "other.wasm"]).expect(3);
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    bench.tool(["run", "--no-cache", "hello.wasm"]).expect(0).prints("hello\n");
    assert!(entries(&bench).is_empty());
}

#[test]
fn the_cache_is_cleaned() {
    let bench = ran();
    bench.tool(["cache", "clean"]).expect(0).prints("removed 1 files\n");
    assert!(entries(&bench).is_empty());
    bench.tool(["cache", "clean"]).expect(0).prints("removed 0 files\n");
    let dir = bench.tool(["cache", "dir"]).expect(0).stdout;
    assert!(dir.trim_end().ends_with("home/cache"), "{dir}");
}

#[cfg(unix)]
#[test]
fn an_unusable_directory_is_done_without() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    fs::create_dir_all(bench.home()).expect("a home");
    let cache = bench.home().join("cache");

    fs::write(&cache, "a file").expect("written");
    bench.tool(["-v", "run", "hello.wasm"]).expect(0).prints("hello\n").says("cache is not used");
    let quiet = bench.tool(["run", "hello.wasm"]).expect(0);
    assert_eq!(quiet.stderr, "");
    fs::remove_file(&cache).expect("removed");

    fs::create_dir(&cache).expect("a directory");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).expect("permissions");
    bench.tool(["-v", "run", "hello.wasm"]).expect(0).prints("hello\n").says("written by others");
    fs::remove_dir(&cache).expect("removed");

    fs::create_dir(bench.path("elsewhere")).expect("a directory");
    symlink(bench.path("elsewhere"), &cache).expect("a link");
    bench.tool(["-v", "run", "hello.wasm"]).expect(0).prints("hello\n").says("symbolic link");
}

#[cfg(unix)]
#[test]
fn without_a_home_programs_still_run() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    let mut command = bench.command(["run", "hello.wasm"]);
    command.env_remove("MOCHI_WASM_HOME").env("HOME", "/dev/null");
    crate::support::Done::of(command.output().expect("the tool runs")).expect(0).prints("hello\n");
}

#[cfg(unix)]
#[test]
fn directories_and_entries_are_private() {
    use std::os::unix::fs::MetadataExt;
    let bench = ran();
    for dir in ["home/cache", "home/cache/v1", "home/keys"] {
        assert_eq!(fs::metadata(bench.path(dir)).expect("a directory").mode() & 0o777, 0o700, "{dir}");
    }
    for entry in entries(&bench) {
        assert_eq!(fs::metadata(entry).expect("an entry").mode() & 0o777, 0o600);
    }
}

#[test]
fn many_first_runs_at_once_all_succeed() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    let children: Vec<_> =
        (0..16).map(|_| bench.command(["run", "hello.wasm"]).spawn().expect("the tool starts")).collect();
    for child in children {
        crate::support::Done::of_child(child).expect(0).prints("hello\n");
    }
    assert_eq!(entries(&bench).len(), 1, "no temporary files are left");
    bench.tool(["-v", "run", "hello.wasm"]).expect(0).says("from the cache");
}

#[test]
fn files_of_any_time_are_used() {
    let bench = ran();
    let entry = entries(&bench).remove(0);
    let abandoned = bench.path(".hello.cwasm.mochi-wasm-1");
    let (past, future) = (Duration::ZERO, Duration::from_secs(200 * 366 * 86_400));
    for since_1970 in [past, future] {
        let set = |path: &Path| {
            let file = fs::File::options().write(true).open(path).expect("a file");
            file.set_modified(SystemTime::UNIX_EPOCH + since_1970).expect("a time");
        };
        fs::write(&abandoned, "").expect("written");
        set(&entry);
        set(&bench.path("hello.wasm"));
        set(&abandoned);
        bench.tool(["-v", "run", "hello.wasm"]).expect(0).prints("hello\n").says("from the cache");
        bench.tool(["compile", "hello.wasm"]).expect(0);
        set(&bench.path("hello.cwasm"));
        bench.tool(["run", "hello.cwasm"]).expect(0).prints("hello\n");
        // What nobody can be writing any more is removed; what seems to be of the future stays.
        assert_eq!(abandoned.exists(), since_1970 == future);
        fs::remove_file(bench.path("hello.cwasm")).expect("removed");
    }
    bench.tool(["cache", "clean"]).expect(0).prints("removed 1 files\n");
}
