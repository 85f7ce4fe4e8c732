//! What a planted bug is: a file of `log/mutants/` that says what it breaks and which text it puts in place of which.
//!
//! The first lines say what breaks. Then, for each place: `=== FILE`, the text to find, `=== instead`, the text to put
//! there, `===`. The text to find may begin and end within a line; it must be there exactly once, so that a bug never
//! lands where it was not meant.
//!
//! Owns the format. Refuses to run anything. Read next: `mod.rs`.

use std::path::{Path, PathBuf};

/// A planted bug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// The name of its file.
    pub(crate) name: String,
    /// What it breaks, in a sentence.
    pub(crate) breaks: String,
    edits: Vec<Edit>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Edit {
    file: PathBuf,
    find: String,
    put: String,
}

impl Recipe {
    /// Reads every recipe in the folder, by name.
    pub(crate) fn all(folder: &Path) -> Result<Vec<Self>, String> {
        let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
        let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut recipes = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            recipes.push(Self::parse(&name, &read(&path)?)?);
        }
        recipes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(recipes)
    }

    fn parse(name: &str, text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("the planted bug {name}: {what}");
        let (breaks, places) = text.split_once("\n=== ").ok_or_else(|| wrong("it names no file"))?;
        let mut edits = Vec::new();
        for place in places.split("\n=== log/").enumerate().map(|(index, place)| match index {
            0 => place.to_owned(),
            _ => format!("log/{place}"),
        }) {
            let (file, rest) = place.split_once('\n').ok_or_else(|| wrong("it ends behind a file's name"))?;
            let (find, put) = rest.split_once("\n=== instead\n").ok_or_else(|| wrong("it has no `=== instead`"))?;
            let put = put.trim_end().strip_suffix("===").ok_or_else(|| wrong("no `===` ends it"))?;
            let put = put.strip_suffix('\n').unwrap_or(put);
            edits.push(Edit { file: PathBuf::from(file.trim()), find: find.to_owned(), put: put.to_owned() });
        }
        Ok(Self { name: name.to_owned(), breaks: breaks.split_whitespace().collect::<Vec<_>>().join(" "), edits })
    }

    /// The files that it changes under `root`, changed.
    pub(crate) fn apply(&self, root: &Path) -> Result<Vec<(PathBuf, String)>, String> {
        let mut changed: Vec<(PathBuf, String)> = Vec::new();
        for Edit { file, find, put } in &self.edits {
            let path = root.join(file);
            let known = changed.iter().position(|(other, _)| *other == path);
            let index = match known {
                Some(index) => index,
                None => {
                    let text =
                        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                    changed.push((path, text));
                    changed.len() - 1
                }
            };
            let text = &mut changed[index].1;
            match text.matches(find.as_str()).count() {
                1 => *text = text.replacen(find.as_str(), put, 1),
                found => {
                    return Err(format!(
                        "{} does not apply: {found} places in {} are\n{find}",
                        self.name,
                        file.display()
                    ));
                }
            }
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_read_and_applied() {
        let text =
            "It breaks\nthis.\n=== log/a.rs\none\n=== instead\ntwo\n===\n=== log/a.rs\nthree\n=== instead\n===\n";
        let recipe = Recipe::parse("name", text).unwrap();
        assert_eq!(recipe.breaks, "It breaks this.");
        let folder = std::env::temp_dir().join(format!("thalweg-recipe-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("log")).unwrap();
        std::fs::write(folder.join("log/a.rs"), "zero\none\nthree\n").unwrap();
        let changed = recipe.apply(&folder).unwrap();
        std::fs::write(folder.join("log/a.rs"), "one\none\nthree\n").unwrap();
        let twice = recipe.apply(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(changed, [(folder.join("log/a.rs"), "zero\ntwo\n\n".to_owned())]);
        assert!(twice.unwrap_err().contains("2 places"));
        assert!(Recipe::parse("name", "nothing").is_err());
    }

    #[test]
    fn every_planted_bug_still_applies() {
        let root = crate::place::root();
        let recipes = Recipe::all(&root.join(super::super::FOLDER)).unwrap();
        let stale: Vec<String> = recipes.iter().filter_map(|recipe| recipe.apply(&root).err()).collect();
        assert!(stale.is_empty(), "{}", stale.join("\n\n"));
        assert!(recipes.len() >= 25, "{} planted bugs are too few", recipes.len());
    }
}
