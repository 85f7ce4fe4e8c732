//! The rules for tags (API reference, AddTagsToStream): what a model pattern does not say.

use std::collections::BTreeMap;

use types::limits::TAGS_MAX;

use crate::StreamsError;

/// Refuses too many tags, keys that AWS keeps for itself, and characters that tags cannot have.
///
/// # Errors
/// [`StreamsError::Invalid`].
pub fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), StreamsError> {
    if tags.len() > TAGS_MAX {
        let count = tags.len();
        return Err(StreamsError::Invalid(format!("A stream has at most {TAGS_MAX} tags; {count} were given.")));
    }
    for (key, value) in tags {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(StreamsError::Invalid(format!("Tag key {key} starts with aws:, which is reserved.")));
        }
        if let Some(wrong) = key.chars().chain(value.chars()).find(|c| !is_allowed(*c)) {
            return Err(StreamsError::Invalid(format!("Tag {key} holds {wrong:?}, which tags cannot have.")));
        }
    }
    Ok(())
}

fn is_allowed(character: char) -> bool {
    character.is_alphanumeric() || character.is_whitespace() || "_.:/=+-@".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, value: &str) -> bool {
        check_tags(&BTreeMap::from([(key.to_owned(), value.to_owned())])).is_ok()
    }

    #[test]
    fn tags_keep_to_the_rules() {
        assert!(check("a_.:/=+-@ Ж", "büro 7"));
        for (key, value) in [("aws:x", ""), ("AWS:x", ""), ("a%", ""), ("a", "b;")] {
            assert!(!check(key, value), "{key} {value}");
        }
        let many = (0..=TAGS_MAX).map(|n| (n.to_string(), String::new())).collect();
        assert!(check_tags(&many).is_err());
    }
}
