//! Where a user's data lives on each platform: the XDG base directories, `Library/Application Support`, `%LOCALAPPDATA%`.

use std::path::{Path, PathBuf};

/// How a platform names the folder for a user's data.
#[derive(Debug, Clone, Copy)]
enum Platform {
    Unix,
    Mac,
    Windows,
}

const HERE: Platform = if cfg!(target_os = "macos") {
    Platform::Mac
} else if cfg!(windows) {
    Platform::Windows
} else {
    Platform::Unix
};

/// The default of `--data-dir`; `None` when the environment does not even name a home.
pub(crate) fn data_dir_default() -> Option<PathBuf> {
    user_data(HERE, |name| std::env::var(name).ok()).map(|folder| folder.join("thalweg"))
}

/// The default of `demo --data-dir`: beside the server's, so that a demo never writes into real data.
pub(crate) fn demo_dir_default() -> Option<PathBuf> {
    user_data(HERE, |name| std::env::var(name).ok()).map(|folder| folder.join("thalweg-demo"))
}

fn user_data(platform: Platform, lookup: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    // The XDG specification tells readers to ignore relative paths; for the others they make no sense either.
    let absolute = |name: &str| lookup(name).map(PathBuf::from).filter(|path| path.has_root());
    let below_home = |folder: &str| absolute("HOME").map(|home| home.join(Path::new(folder)));
    match platform {
        Platform::Unix => absolute("XDG_DATA_HOME").or_else(|| below_home(".local/share")),
        Platform::Mac => below_home("Library/Application Support"),
        Platform::Windows => absolute("LOCALAPPDATA"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_platform_has_its_custom() {
        let check = |platform, variables: &[(&str, &str)], expected: Option<&str>| {
            let lookup = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string());
            assert_eq!(user_data(platform, lookup), expected.map(PathBuf::from));
        };
        check(Platform::Unix, &[("HOME", "/home/u")], Some("/home/u/.local/share"));
        check(Platform::Unix, &[("HOME", "/home/u"), ("XDG_DATA_HOME", "/data")], Some("/data"));
        check(Platform::Unix, &[("HOME", "/home/u"), ("XDG_DATA_HOME", "data")], Some("/home/u/.local/share"));
        check(Platform::Unix, &[], None);
        check(Platform::Mac, &[("HOME", "/Users/u")], Some("/Users/u/Library/Application Support"));
        check(Platform::Windows, &[("LOCALAPPDATA", "/appdata")], Some("/appdata"));
    }
}
