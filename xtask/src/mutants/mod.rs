//! `cargo xtask mutants`: bugs are planted in a copy of the log, one at a time, and its tests must fail for each.
//!
//! Owns the copy (`target/mutants/tree`), which tests run and in which order: those that find most bugs soonest. Refuses
//! to touch the checkout. Read next: `recipe.rs` for what a planted bug is.

mod recipe;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use recipe::Recipe;

use crate::{place, run};

/// Where the planted bugs are.
const FOLDER: &str = "log/mutants";
/// What the log is built from.
const CRATES: [&str; 2] = ["types", "log"];
/// The tests that run first.
const FIRST: [&str; 8] = ["faults", "conformance", "restart", "crash", "model", "blocks", "flips", "commands"];
/// Crash states for each bug: a bug that this many do not find is not one that the full number finds for sure.
const CRASH_STATES: &str = "10000";
/// One byte in so many rots, likewise.
const ROT_STRIDE: &str = "11";
/// A suite that takes longer, its build included, hangs: which is a way to notice a bug.
const PATIENCE: Duration = Duration::from_secs(300);

#[allow(clippy::disallowed_methods, reason = "says how long each takes")]
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let mut recipes = Recipe::all(&place::root().join(FOLDER))?;
    if let Some(unknown) = arguments.iter().find(|name| !recipes.iter().any(|recipe| recipe.name == **name)) {
        return Err(format!("no planted bug is named {unknown}; see {FOLDER}"));
    }
    recipes.retain(|recipe| arguments.is_empty() || arguments.contains(&recipe.name));
    let tree = Tree::copy()?;
    // Who names some is at work on them and has run the tests.
    if arguments.is_empty()
        && let Some(failed) = tree.first_failure()?
    {
        return Err(format!("without any planted bug {failed} fails, so the others would prove nothing"));
    }
    let mut missed = Vec::new();
    let mut lines = Vec::new();
    for recipe in &recipes {
        let begin = Instant::now();
        let caught = tree.with(recipe)?;
        let outcome = match &caught {
            Some(test) => format!("caught by {test}"),
            None => "MISSED".to_owned(),
        };
        let line = format!("{}: {outcome} ({} s): {}", recipe.name, begin.elapsed().as_secs(), recipe.breaks);
        println!("{line}");
        lines.push(line);
        missed.extend(caught.is_none().then_some(recipe.name.as_str()));
    }
    println!();
    lines.iter().for_each(|line| println!("{line}"));
    println!("mutants: {} caught, {} missed", recipes.len() - missed.len(), missed.len());
    if missed.is_empty() { Ok(()) } else { Err(format!("missed: {}", missed.join(", "))) }
}

/// The copy of the log and of what it is built from.
struct Tree {
    root: PathBuf,
    /// The integration tests, in the order in which they run.
    tests: Vec<String>,
}

impl Tree {
    fn copy() -> Result<Self, String> {
        let root = place::target_directory()?.join("mutants/tree");
        let io = |error: std::io::Error| format!("{}: {error}", root.display());
        if root.exists() {
            fs::remove_dir_all(&root).map_err(io)?;
        }
        fs::create_dir_all(&root).map_err(io)?;
        for name in CRATES {
            copy_folder(&place::root().join(name), &root.join(name)).map_err(io)?;
        }
        fs::copy(place::root().join("Cargo.lock"), root.join("Cargo.lock")).map_err(io)?;
        let manifest = fs::read_to_string(place::root().join("Cargo.toml")).map_err(io)?;
        fs::write(root.join("Cargo.toml"), workspace_of(&manifest)).map_err(io)?;
        let mut tests: Vec<String> = fs::read_dir(root.join("log/tests"))
            .map_err(io)?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
            .collect();
        tests.sort_by_key(|name| (FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()), name.clone()));
        Ok(Self { root, tests })
    }

    /// Plants the bug, runs the tests until one fails, and takes the bug out again.
    fn with(&self, recipe: &Recipe) -> Result<Option<String>, String> {
        let changed = recipe.apply(&self.root)?;
        let write =
            |path: &Path, text: &str| fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()));
        let mut originals = Vec::new();
        for (path, text) in &changed {
            originals.push((path, fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?));
            write(path, text)?;
        }
        let compiles = run::watch_within(PATIENCE, &mut self.cargo("build"), |_| {});
        let caught = match compiles {
            Ok(true) => self.first_failure(),
            _ => Err(format!("{} does not compile", recipe.name)),
        };
        for (path, text) in &originals {
            write(path, text)?;
        }
        caught
    }

    /// The first test that fails, or the suite that does not end.
    fn first_failure(&self) -> Result<Option<String>, String> {
        let unit = std::iter::once(("the unit tests", vec!["--lib".to_owned()]));
        let others = self.tests.iter().map(|name| (name.as_str(), vec!["--test".to_owned(), name.clone()]));
        for (suite, selection) in unit.chain(others) {
            let mut failed = None;
            let mut command = self.cargo("test");
            command
                .args(["--quiet", "--package", "log@0.1.0"])
                .args(selection)
                .env("THALWEG_CRASH_STATES", CRASH_STATES)
                .env("THALWEG_ROT_STRIDE", ROT_STRIDE);
            command.stderr(std::process::Stdio::null());
            let outcome = run::watch_within(PATIENCE, &mut command, |line| {
                let name = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"));
                if let Some(name) = name {
                    failed.get_or_insert(name.to_owned());
                }
            });
            match outcome {
                Ok(true) => {}
                Ok(false) => return Ok(Some(format!("{suite}, {}", failed.as_deref().unwrap_or("which aborts")))),
                Err(_) => return Ok(Some(format!("{suite}, which hangs"))),
            }
        }
        Ok(None)
    }

    fn cargo(&self, verb: &str) -> Command {
        let mut command = place::cargo();
        command.arg(verb).current_dir(self.root.join("log"));
        command.env("CARGO_TARGET_DIR", self.root.with_file_name("build")).env("RUST_BACKTRACE", "0");
        command
    }
}

/// The manifest of a workspace of nothing but [`CRATES`].
fn workspace_of(manifest: &str) -> String {
    let line = |line: &str| {
        if line.starts_with("members = ") {
            format!("members = {CRATES:?}")
        } else if line.starts_with("default-members = ") {
            String::new()
        } else {
            line.to_owned()
        }
    };
    manifest.lines().map(|text| line(text) + "\n").collect()
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::workspace_of;

    #[test]
    fn the_copy_is_a_workspace_of_its_own() {
        let manifest = "[workspace]\nmembers = [\"a\", \"b\"]\ndefault-members = [\"a\"]\n\n[profile.dev]\n";
        assert_eq!(workspace_of(manifest), "[workspace]\nmembers = [\"types\", \"log\"]\n\n\n[profile.dev]\n");
    }
}
