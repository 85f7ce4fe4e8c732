//! The page `docs/performance.md`: its measured parts stand between markers and are replaced as a whole.
//!
//! Owns the markers and the folder of plots. Refuses to touch a word outside of them.

use crate::place;

/// Puts `text` between `<!-- NAME begins -->` and `<!-- NAME ends -->`.
pub(crate) fn replace(name: &str, text: &str) -> Result<(), String> {
    let path = place::root().join("docs").join("performance.md");
    let page = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let page = between(&page, name, text).ok_or_else(|| format!("{} has no part {name}", path.display()))?;
    std::fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("xtask: wrote the part {name} of {}", path.display());
    Ok(())
}

fn between(page: &str, name: &str, text: &str) -> Option<String> {
    let (begins, ends) = (format!("<!-- {name} begins -->\n"), format!("<!-- {name} ends -->"));
    let start = page.find(&begins)? + begins.len();
    let end = start + page[start..].find(&ends)?;
    Some(format!("{}\n{}\n\n{}", &page[..start], text.trim(), &page[end..]))
}

/// Writes a plot beside the page.
pub(crate) fn plot(name: &str, svg: &str) -> Result<(), String> {
    let folder = place::root().join("docs").join("performance");
    let path = folder.join(format!("{name}.svg"));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, svg));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let page = "a\n<!-- x begins -->\nold\n<!-- x ends -->\nb\n";
        let expected = "a\n<!-- x begins -->\n\nnew\n\n<!-- x ends -->\nb\n";
        assert_eq!(between(page, "x", "new\n").as_deref(), Some(expected));
        assert_eq!(between(expected, "x", "new").as_deref(), Some(expected));
        assert_eq!(between(page, "y", "new"), None);
    }
}
