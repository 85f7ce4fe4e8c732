//! Who may import whom: the table of ARCHITECTURE.md as data, held against `cargo metadata`.
//!
//! Owns the table. A new crate or arrow starts here, in the same commit as the document. Read next: `main.rs`.

use std::process::Command;

use serde_json::Value;

struct Room {
    name: &'static str,
    imports: &'static [&'static str],
    /// What only its tests may stand on.
    tests_import: &'static [&'static str],
}

const fn room(name: &'static str, imports: &'static [&'static str], tests_import: &'static [&'static str]) -> Room {
    Room { name, imports, tests_import }
}

const PRODUCT: &[&str] =
    &["analytics", "companions", "delivery", "functions", "log", "server", "streams", "types", "wire"];

const ROOMS: &[Room] = &[
    room("types", &[], &[]),
    room("wire", &[], &[]),
    room("log", &["types"], &[]),
    room("streams", &["log", "types"], &[]),
    // The tests of consumers run over an in-memory log, which they have to make.
    room("functions", &["streams", "types"], &["log"]),
    room("delivery", &["streams", "types"], &["log"]),
    room("analytics", &["streams", "types"], &["log"]),
    room("companions", &["log", "types"], &[]),
    room("server", &["analytics", "companions", "delivery", "functions", "log", "streams", "types", "wire"], &[]),
    room("sim", PRODUCT, &[]),
    room("xtask", &[], &[]),
];

/// Every arrow and crate that the table does not have.
pub(crate) fn violations() -> Vec<String> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: Vec<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert!(ours.contains(&"types"), "cargo metadata lists {ours:?}");
    packages.iter().flat_map(package_violations).collect()
}

fn package_violations(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap();
    let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
        return vec![format!("{name} is not in the table of rooms (sim/tests/tidy/arrows.rs)")];
    };
    let dependencies = package["dependencies"].as_array().unwrap();
    // A path marks a crate of ours; a crate of the registry may have the same name (`log` does).
    let inner = dependencies.iter().filter(|dependency| dependency["path"].is_string());
    let forbidden = inner.filter_map(|dependency| {
        let target = dependency["name"].as_str().unwrap();
        let in_tests = dependency["kind"].as_str() == Some("dev");
        let allowed = room.imports.contains(&target) || (in_tests && room.tests_import.contains(&target));
        (!allowed).then(|| format!("{name} -> {target}{}", if in_tests { " (in tests)" } else { "" }))
    });
    forbidden.collect()
}

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(super::tree::root())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}
