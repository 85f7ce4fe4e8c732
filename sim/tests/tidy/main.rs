//! The tidy test: the rules of the house that a compiler does not check, each with its own failing line.
//!
//! Owns the rules and the ratchet. Refuses style questions, which are rustfmt's and clippy's. Read next: `scan.rs` for
//! how functions are found, `arrows.rs` for who may import whom, `ratchet.txt` for what is still too long.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the checkout has nothing better to do than panic")]

mod arrows;
mod ratchet;
mod scan;
mod tree;

use ratchet::Ratchet;
use tree::{Source, sources};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Names that say nothing about what is inside, so that everything ends up inside.
const EMPTY_NAMES: [&str; 7] = ["common", "util", "utils", "core", "helper", "helpers", "misc"];

#[test]
fn crates_import_only_what_the_house_allows() {
    fail_on("an arrow that the house does not have", arrows::violations());
}

#[test]
fn no_file_is_too_long() {
    let ratchet = Ratchet::load("file");
    let measured = sources()
        .iter()
        .filter(|source| !source.generated() && (source.is_python() || !source.is_test()))
        .map(|source| (source.path.clone(), source.text.lines().count()))
        .collect();
    fail_on("too long", ratchet.compare(measured, FILE_LINES_MAX));
}

#[test]
fn no_function_is_too_long() {
    let ratchet = Ratchet::load("function");
    let measured = sources()
        .iter()
        .filter(|source| source.is_rust() && !source.generated())
        .flat_map(|source| {
            let path = source.path.clone();
            scan::functions(&source.text).into_iter().map(move |(name, lines)| (format!("{path}::{name}"), lines))
        })
        .collect();
    fail_on("too long", ratchet.compare(measured, FUNCTION_LINES_MAX));
}

#[test]
fn each_module_opens_with_what_it_owns() {
    let silent = |source: &&Source| {
        let first = source.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        // `foo/tests.rs` is told by `foo.rs`.
        let tests_of_a_module = source.path.ends_with("/tests.rs");
        source.is_rust() && !source.generated() && !tests_of_a_module && !first.starts_with("//!")
    };
    fail_on("does not open with `//!`", sources().iter().filter(silent).map(|source| source.path.clone()).collect());
}

#[test]
fn no_marker_is_forgotten() {
    // Put together here, so that this file does not find itself.
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]].map(|parts| parts.concat());
    let macros = [["dbg", "!"], ["unimplemented", "!"], ["todo", "!"]].map(|parts| parts.concat());
    let mut found = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            let marked = words.iter().any(|word| scan::has_word(line, word))
                || (source.is_rust() && macros.iter().any(|name| scan::has_macro(line, name)));
            if marked {
                found.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
            }
        }
    }
    fail_on("a forgotten marker", found);
}

#[test]
fn no_room_is_a_bag() {
    let is_bag = |source: &&Source| {
        let parts = source.path.split('/').map(|part| part.split('.').next().unwrap_or_default());
        parts.into_iter().any(|part| EMPTY_NAMES.contains(&part))
    };
    fail_on("named after nothing", sources().iter().filter(is_bag).map(|source| source.path.clone()).collect());
}

#[test]
fn each_allow_says_why() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.is_rust() && !source.generated()) {
        for line in scan::allows_without_reason(&source.text) {
            found.push(format!("{}:{line}", source.path));
        }
    }
    fail_on("an `allow` without a reason", found);
}

#[test]
fn the_documents_exist() {
    let names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"];
    let missing = names.iter().filter(|name| !tree::root().join(name).is_file());
    fail_on("missing", missing.map(|name| (*name).to_owned()).collect());
}

fn fail_on(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}\n", found.join("\n  "));
}
