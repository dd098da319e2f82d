//! The `mochi-wasm` command line.
