//! The signing key: made once, kept private, never silently replaced.

use crate::support::{Bench, HELLO, program};
use std::fs;

fn compiled() -> Bench {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    bench.tool(["compile", "hello.wasm"]).expect(0);
    bench
}

#[cfg(unix)]
#[test]
fn the_key_is_private() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let bench = compiled();
    let key = bench.home().join("keys/signing.key");
    assert_eq!(fs::metadata(&key).expect("a key").mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("permissions");
    bench.tool(["compile", "hello.wasm"]).expect(125).says("chmod 600");
    bench.tool(["run", "hello.cwasm"]).expect(125).says("chmod 600");
    // A module needs no key.
    bench.tool(["run", "hello.wasm"]).expect(0).prints("hello\n");
}

#[test]
fn a_corrupt_key_is_an_error_and_stays() {
    let bench = compiled();
    let key = bench.home().join("keys/signing.key");
    for garbage in ["", "ed25519-secret 00", "nonsense"] {
        fs::write(&key, garbage).expect("written");
        bench.tool(["compile", "hello.wasm"]).expect(125).says("corrupt");
        assert_eq!(fs::read_to_string(&key).expect("the key"), garbage);
    }
}

#[test]
fn the_key_is_made_once() {
    let bench = compiled();
    let key = bench.home().join("keys/signing.key");
    let first = fs::read(&key).expect("a key");
    bench.tool(["compile", "hello.wasm"]).expect(0);
    assert_eq!(fs::read(&key).expect("a key"), first);
}

#[test]
fn wrong_public_keys_are_usage_errors() {
    let bench = Bench::new();
    for key in ["", "00", "zz", &"g".repeat(64), &"é".repeat(32), &"0".repeat(64), &"0".repeat(66)] {
        bench.tool(["trust", "add", key]).expect(2);
    }
    bench.tool(["trust", "remove", &format!("{:064x}", 3)]).expect(2);
}

#[test]
fn a_damaged_trust_list_is_an_error() {
    let bench = compiled();
    fs::write(bench.home().join("trusted"), "nonsense\n").expect("written");
    bench.tool(["run", "hello.cwasm"]).expect(125).says("trusted:1");
}

#[test]
fn xdg_directories_are_used() {
    let bench = Bench::new();
    bench.wasm("hello.wasm", &program(HELLO));
    let mut command = bench.command(["compile", "hello.wasm"]);
    command.env_remove("MOCHI_WASM_HOME").env("HOME", bench.path("h")).env("XDG_DATA_HOME", bench.path("data"));
    crate::support::Done::of(command.output().expect("the tool runs")).expect(0);
    assert!(bench.exists("data/mochi-wasm/keys/signing.key"));
}
