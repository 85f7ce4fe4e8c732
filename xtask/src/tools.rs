//! Programs that tests and checks use and that cargo can install: built once, kept in the cache.
//!
//! Owns their versions. Refuses to install into the user's own cargo home. Read next: `lint.rs`, `test.rs`.

use std::path::PathBuf;

use crate::{place, run};

/// A program from the registry, at one version.
pub(crate) struct Tool {
    package: &'static str,
    version: &'static str,
    features: &'static [&'static str],
}

/// Checks licences, duplicate and banned crates.
pub(crate) const CARGO_DENY: Tool = Tool { package: "cargo-deny", version: "0.20.2", features: &[] };

/// An S3 server over a folder, so that deliveries are tested against S3's protocol and not against our idea of it.
/// 0.14 is the last line that builds with Rust 1.95.
pub(crate) const S3S_FS: Tool = Tool { package: "s3s-fs", version: "0.14.1", features: &["binary"] };

/// Where the tool is, or would be, in the cache.
pub(crate) fn location(tool: &Tool) -> Result<PathBuf, String> {
    let directory = directory(tool)?;
    Ok(directory.join("bin").join(format!("{}{}", tool.package, std::env::consts::EXE_SUFFIX)))
}

/// The tool's program, built now when the cache does not have it.
pub(crate) fn ensure(tool: &Tool) -> Result<PathBuf, String> {
    let program = location(tool)?;
    if program.exists() {
        return Ok(program);
    }
    let cache = place::cache()?;
    let _held = place::lock(&cache, tool.package)?;
    if program.exists() {
        return Ok(program);
    }
    let mut command = place::cargo();
    // A debug build takes a third of the time, and these tools do little work.
    command.args(["install", "--quiet", "--locked", "--debug", "--version", tool.version, tool.package, "--root"]);
    command.arg(directory(tool)?);
    for feature in tool.features {
        command.args(["--features", feature]);
    }
    // Its own build directory: ours may be a CI cache, and the two would evict each other's artefacts.
    let build = cache.join(format!("build-{}", tool.package));
    run::check(command.env("CARGO_TARGET_DIR", &build))?;
    // Only the program is worth the disk; a leftover costs space and nothing else.
    let _ = std::fs::remove_dir_all(&build);
    Ok(program)
}

fn directory(tool: &Tool) -> Result<PathBuf, String> {
    Ok(place::cache()?.join("tools").join(format!("{}-{}", tool.package, tool.version)))
}
