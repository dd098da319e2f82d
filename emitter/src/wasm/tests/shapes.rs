//! The code of small functions, line by line: `cases/*.mir` and what they become, `*.wat`.
//!
//! `BLESS=1` writes the expectations anew.

use std::path::Path;

use crate::ir::{FuncId, parse, verify_function};
use crate::wasm::{EmitOptions, emit, print};

#[test]
fn small_functions_have_the_expected_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wasm/cases");
    let bless = std::env::var_os("BLESS").is_some();
    let mut failures = String::new();
    let mut cases: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "mir"));
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        let parsed =
            parse(&std::fs::read_to_string(&case).unwrap()).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        // Not the module: its start function takes arguments, which only a case may do.
        for index in 0..parsed.module.functions.len() {
            verify_function(&parsed.module, FuncId::new(index)).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        }
        let bytes = emit(&parsed.module, &EmitOptions::default()).unwrap();
        let actual = print(&bytes);
        let expected = case.with_extension("wat");
        if bless {
            std::fs::write(&expected, &actual).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != actual {
            failures += &format!("{name} became\n{actual}\n");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
