//! The command line under test: the same entry as the `mochi-wasm` binary, built here so that
//! Cargo hands its path to the tests of this package.

fn main() {
    std::process::exit(i32::from(mochi_wasm::main_with_args(std::env::args_os())));
}
