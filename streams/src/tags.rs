//! The rules for tags (API reference, AddTagsToStream): what a model pattern does not say.

use std::collections::{BTreeMap, BTreeSet};

use types::Scope;
use types::limits::TAGS_MAX;

use crate::StreamsError;
use crate::resource::Resource;

/// Refuses too many tags, keys that AWS keeps for itself, and characters that tags cannot have.
pub(crate) fn check_tags(
    scope: &Scope,
    resource: &Resource,
    set: &BTreeMap<String, String>,
) -> Result<(), StreamsError> {
    check_tags_of(&named(scope, resource), set)
}

/// As AWS checks the tags of every resource of Data Streams; `resource` names it to the caller, `channel c`.
///
/// # Errors
/// [`StreamsError::Invalid`].
pub fn check_tags_of(resource: &str, set: &BTreeMap<String, String>) -> Result<(), StreamsError> {
    if set.len() > TAGS_MAX {
        return Err(StreamsError::Invalid(too_many(resource)));
    }
    if let Some(key) = set.keys().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(StreamsError::Invalid(format!("Tag key {key} starts with aws:, which is reserved.")));
    }
    check_characters(resource, "add", set.iter().flat_map(|(key, value)| [key, value]))
}

/// Refuses keys that no tag can have.
pub(crate) fn check_removed(scope: &Scope, resource: &Resource, keys: &BTreeSet<String>) -> Result<(), StreamsError> {
    check_characters(&named(scope, resource), "remove", keys)
}

/// Two services look at tags: the first lets `%` through, which the second does not, and each has its own words.
fn check_characters<'a>(
    resource: &str,
    verb: &str,
    texts: impl IntoIterator<Item = &'a String>,
) -> Result<(), StreamsError> {
    let mut has_percent = false;
    for character in texts.into_iter().flat_map(|text| text.chars()) {
        has_percent |= character == '%';
        if character != '%' && !is_allowed(character) {
            return Err(StreamsError::Invalid(
                "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + \
                 - % @."
                    .into(),
            ));
        }
    }
    if !has_percent {
        return Ok(());
    }
    Err(StreamsError::Invalid(format!(
        "Failed to {verb} tags {} {} because some tags contained illegal characters. The allowed characters are Unicode \
         letters, white-spaces, '_',',','/','=','+','-','@'.",
        if verb == "add" { "to" } else { "from" },
        resource
    )))
}

/// That the resource has no room for the tags.
pub(crate) fn too_many_tags(scope: &Scope, resource: &Resource) -> String {
    too_many(&named(scope, resource))
}

fn too_many(resource: &str) -> String {
    format!(
        "Failed to add tags to {resource} because a given stream cannot have more than {TAGS_MAX} tags associated with it."
    )
}

fn named(scope: &Scope, resource: &Resource) -> String {
    match resource {
        Resource::Stream(name) | Resource::Consumer { stream: name, .. } => {
            format!("stream {name} under account {}", scope.account)
        }
        Resource::Queue(name) => format!("queue {name} under account {}", scope.account),
    }
}

/// Spaces of all kinds, but no tab and no line break.
fn is_allowed(character: char) -> bool {
    let is_space = character.is_whitespace() && !character.is_control();
    character.is_alphanumeric() || is_space || "_.:/=+-@".contains(character)
}

#[cfg(test)]
mod tests {
    use types::{AccountId, Region, StreamName};

    use super::*;

    fn refusal(set: &BTreeMap<String, String>) -> Option<String> {
        let scope =
            Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("us-east-1").unwrap() };
        let resource = Resource::Stream(StreamName::parse("s").unwrap());
        check_tags(&scope, &resource, set).err().map(|error| error.to_string())
    }

    fn refused(key: &str, value: &str) -> Option<String> {
        refusal(&BTreeMap::from([(key.to_owned(), value.to_owned())]))
    }

    #[test]
    fn tags_keep_to_the_rules() {
        assert_eq!(refused("a_.:/=+-@ Ж", "büro 7"), None);
        for (key, value, words) in [
            ("aws:x", "", "reserved"),
            ("AWS:x", "", "reserved"),
            ("a%", "", "Failed to add tags to stream s under account 000000000000 because some tags contained illegal"),
            ("a", "b;", "Some tags contain invalid characters"),
            ("a\tb", "", "Some tags contain invalid characters"),
        ] {
            assert!(refused(key, value).is_some_and(|text| text.contains(words)), "{key} {value}");
        }
        let many = (0..=TAGS_MAX).map(|n| (n.to_string(), String::new())).collect();
        assert!(refusal(&many).is_some_and(|text| text.contains("more than 50 tags")));
    }
}
