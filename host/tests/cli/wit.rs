//! The interfaces of `wit/` are well formed, and compiled programs import what they say.

use mochi_emitter::{Options, SourceFile};
use std::path::{Path, PathBuf};
use wasmparser::{Parser, Payload, TypeRef, ValType};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, UnresolvedPackageGroup};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

#[test]
fn the_package_parses() {
    let group = UnresolvedPackageGroup::parse_dir(folder()).expect("well-formed WIT");
    let interfaces: Vec<&str> =
        group.main.interfaces.iter().filter_map(|(_, interface)| interface.name.as_deref()).collect();
    assert_eq!(interfaces, ["types", "llm", "dataset", "events", "agent"]);
}

/// Its interfaces, and those parts of WASI 0.2 that programs import.
fn interfaces() -> Resolve {
    let mut resolve = Resolve::default();
    for (name, text) in [("io.wit", include_str!("../wit/io.wit")), ("http.wit", include_str!("../wit/http.wit"))] {
        resolve.push_str(name, text).expect(name);
    }
    let own = std::fs::read_to_string(folder().join("host.wit")).expect("a readable file");
    // The worlds include all of WASI.
    let own = own.split("\nworld ").next().expect("a text");
    resolve.push_str("host.wit", own).expect("host.wit");
    resolve
}

fn machine_types(types: &[WasmType]) -> Vec<ValType> {
    let machine = |ty: &WasmType| match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    };
    types.iter().map(machine).collect()
}

/// Module, name, parameters and results of what a program imports besides WASI preview 1.
fn imports(text: &str) -> Vec<(String, String, Vec<ValType>, Vec<ValType>)> {
    let source = SourceFile::new("p.mochi", text.to_owned());
    let wasm = mochi_emitter::compile(&source, &Options::default()).expect("it compiles").wasm;
    let (mut types, mut found) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(&wasm) {
        match payload.expect("a module") {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    types.push(ty.expect("a type"));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.expect("an import");
                    let TypeRef::Func(ty) = import.ty else { panic!("{} is no function", import.name) };
                    let ty = &types[ty as usize];
                    if import.module != "wasi_snapshot_preview1" {
                        let (params, results) = (ty.params().to_vec(), ty.results().to_vec());
                        found.push((import.module.to_owned(), import.name.to_owned(), params, results));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

const ASKS: &str = r#"
let a = fetch "http://a.test/" with { method: "POST", headers: {"a": "b"}, body: 1, timeout: 1.0 }
let b = generate text { prompt: "b", temperature: 0.5, stop: ["."], seed: 1 }
let c = generate embedding { text: "c", dimensions: 2 }
fun f(x: int): int { return x }
let d = generate text { prompt: "d", tools: [f] }
print(a, b, c, d)
"#;

#[test]
fn programs_import_what_the_interfaces_declare() {
    let resolve = interfaces();
    let imported = imports(ASKS);
    assert!(imported.len() > 30, "{imported:?}");
    for (module, name, params, results) in imported {
        let interface = resolve
            .interfaces
            .iter()
            .find(|&(id, _)| resolve.id_of(id).as_deref() == Some(module.as_str()))
            .unwrap_or_else(|| panic!("no interface {module}"))
            .1;
        if let Some(resource) = name.strip_prefix("[resource-drop]") {
            assert!(interface.types.contains_key(resource), "{module} has no {resource}");
            assert_eq!((params, results), (vec![ValType::I32], vec![]), "{module} {name}");
            continue;
        }
        let function = interface.functions.get(&name).unwrap_or_else(|| panic!("{module} has no {name}"));
        let declared = resolve.wasm_signature(AbiVariant::GuestImport, function);
        let declared = (machine_types(&declared.params), machine_types(&declared.results));
        assert_eq!((params, results), declared, "{module} {name}");
    }
}

#[test]
fn programs_import_only_what_they_ask_for() {
    assert_eq!(imports("print(1)"), []);
    let asks = |text: &str, package: &str| imports(text).iter().any(|(module, ..)| module.starts_with(package));
    let (fetch, generate) = ("print(fetch \"http://a.test/\")", "print(generate text { prompt: \"a\" })");
    assert!(asks(fetch, "wasi:http/") && !asks(fetch, "mochi:"));
    assert!(asks(generate, "mochi:host/llm") && !asks(generate, "wasi:"));
    // What no program runs is not asked for.
    assert_eq!(imports("fun f() { print(fetch \"http://a.test/\") }\nprint(1)"), []);
}
