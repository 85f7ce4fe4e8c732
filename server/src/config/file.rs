//! The TOML file: read, and parsed with the place of each mistake.

use std::path::Path;

use super::{ConfigError, Layer};

/// Reads the file at `path`; relative paths in it are relative to its folder.
pub(crate) fn read_file(path: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::ReadFile { path: path.into(), source })?;
    let layer = parse(path, &text)?;
    Ok(layer.anchored(path.parent().unwrap_or(Path::new(""))))
}

/// Reads the text of the file at `path`. The message names line and column and never quotes the line, which may hold
/// a secret.
pub(super) fn parse(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(1, |tail| tail.chars().count() + 1);
        ConfigError::Parse { path: path.into(), line, column, message: error.message().trim_end().replace('\n', " ") }
    })
}

/// Whether others on this machine can read the secret in the file. A warning and not an error: orchestrators mount
/// secrets readable into containers where there are no others.
#[cfg(unix)]
pub(crate) fn secret_is_readable(path: &Path, layer: &Layer) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    layer.buckets.secret_access_key.is_some() && mode & 0o077 != 0
}

/// Other platforms guard a user's files with lists that std does not read.
#[cfg(not(unix))]
pub(crate) fn secret_is_readable(_: &Path, _: &Layer) -> bool {
    false
}
