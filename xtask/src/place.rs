//! Where things are: the checkout, the build directory and the cache that outlives both.
//!
//! Owns paths. Refuses to create anything but the cache's own directory. Read next: `venv.rs`, `tools.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("xtask lies one folder below the root").to_path_buf()
}

/// The cargo that started us, so that a toolchain override keeps working.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // `cargo run` tells us about our own package. Some build scripts are run again when these variables change, so
    // passing them on would build half of the dependencies anew whenever a plain `cargo build` comes before or after.
    let own = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"];
    for (name, _) in std::env::vars_os() {
        if own.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// Where cargo puts what it builds; asks cargo, because a user may have moved it.
pub(crate) fn target_directory() -> Result<PathBuf, String> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata printed no JSON: {error}"))?;
    let directory = metadata["target_directory"].as_str().ok_or("cargo metadata names no target_directory")?;
    Ok(PathBuf::from(directory))
}

/// The executable `name` of the profile `debug` or `release`.
pub(crate) fn executable(profile: &str, name: &str) -> Result<PathBuf, String> {
    Ok(target_directory()?.join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

/// What is slow to make and the same for every checkout: `$THALWEG_CACHE`, else the platform's cache directory.
pub(crate) fn cache() -> Result<PathBuf, String> {
    let directory = match std::env::var_os("THALWEG_CACHE") {
        Some(directory) => PathBuf::from(directory),
        None => platform_cache()
            .ok_or("no home directory for the cache: set THALWEG_CACHE to a folder that may be written")?
            .join("thalweg"),
    };
    std::fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    // Absolute, since the commands that get it run in other directories.
    std::path::absolute(&directory).map_err(|error| format!("{}: {error}", directory.display()))
}

fn platform_cache() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        return variable("LOCALAPPDATA");
    }
    if cfg!(target_os = "macos") {
        return variable("HOME").map(|home| home.join("Library/Caches"));
    }
    variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))
}

/// Holds other runs off while a shared thing in the cache is being made; released when dropped.
pub(crate) fn lock(cache: &Path, name: &str) -> Result<std::fs::File, String> {
    let path = cache.join(format!("{name}.lock"));
    let file = std::fs::File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    file.lock().map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(file)
}
