//! The `mochi-wasm` command line; everything is in the library, for tests to call.

fn main() {
    std::process::exit(i32::from(mochi_wasm::main_with_args(std::env::args_os())));
}
