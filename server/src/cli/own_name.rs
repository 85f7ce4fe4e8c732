//! What a user types to run this very binary again: lines to paste must work right after `cargo run`, too.

use std::path::Path;

use super::env::quoted;

/// `thalweg` where the shell finds this binary by that name, else its path as a shell word.
pub(crate) fn own_name() -> String {
    let Ok(binary) = std::env::current_exe() else { return "thalweg".into() };
    let folders = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    name_of(&binary, &folders.unwrap_or_default())
}

fn name_of(binary: &Path, folders: &[impl AsRef<Path>]) -> String {
    let name = binary.file_name().unwrap_or_default();
    let found = folders.iter().map(|folder| folder.as_ref().join(name)).find(|path| path.is_file());
    if found.is_some_and(|found| found == binary) {
        name.to_string_lossy().into()
    } else {
        quoted(&binary.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_shell_finds_first_goes_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("1 st"), folder.path().join("2"));
        for folder in [&first, &second] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("thalweg"), "").unwrap();
        }
        assert_eq!(name_of(&second.join("thalweg"), &[&second]), "thalweg");
        let hidden = name_of(&first.join("thalweg"), &[&second, &first]);
        assert_eq!(hidden, format!("'{}'", first.join("thalweg").display()));
    }
}
