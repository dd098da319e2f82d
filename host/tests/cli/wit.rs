//! The interfaces of `wit/` are well formed.

use wit_parser::UnresolvedPackageGroup;

#[test]
fn the_package_parses() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let group = UnresolvedPackageGroup::parse_dir(&path).expect("well-formed WIT");
    let interfaces: Vec<&str> =
        group.main.interfaces.iter().filter_map(|(_, interface)| interface.name.as_deref()).collect();
    assert_eq!(interfaces, ["types", "llm", "dataset", "events", "agent"]);
}
