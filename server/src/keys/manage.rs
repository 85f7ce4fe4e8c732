//! Adding, listing and removing keys in the credentials file. A server that runs takes a change up within a second.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use types::{AccountId, Random};

use super::file::{self, Profile, is_profile_name, is_user_name};
use super::{FILE_BYTES_MAX, FILE_NAME, KeysError, make, private, read_private, read_profiles};
use crate::auth::policy::Policy;

/// Held while the file is changed, so that two changes at once do not lose one.
const LOCK_NAME: &str = "credentials.lock";

/// What a new key is to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewKey {
    /// The profile; made from the access key id when absent.
    pub(crate) name: Option<String>,
    pub(crate) account: Option<AccountId>,
    pub(crate) user: Option<String>,
    /// A policy as JSON on one line, or the path of a file.
    pub(crate) policy: Option<String>,
}

/// What [`remove`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Removed,
    /// There is no such key.
    Nothing,
}

/// The profiles of a data directory.
pub(crate) fn list(data_dir: &Path) -> Result<Vec<Profile>, KeysError> {
    read_profiles(&data_dir.join(FILE_NAME))
}

/// Makes a key and keeps it.
pub(crate) fn add(data_dir: &Path, new: NewKey, random: &dyn Random) -> Result<Profile, KeysError> {
    let pair = make(random);
    let name = new.name.unwrap_or_else(|| pair.access_key_id.clone());
    if !is_profile_name(&name) {
        return Err(KeysError::Refused(format!("{name:?} cannot be the name of a profile")));
    }
    if let Some(user) = new.user.as_ref().filter(|user| !is_user_name(user)) {
        return Err(KeysError::Refused(format!("{user:?} cannot be the name of a user")));
    }
    check_policy(data_dir, &name, new.policy.as_deref())?;
    let profile = Profile { name, pair, account: new.account, user: new.user, policy: new.policy };
    change(data_dir, |text, profiles| {
        if profiles.iter().any(|other| other.name == profile.name) {
            return Err(KeysError::Refused(format!("there is a profile [{}] already", profile.name)));
        }
        let between = if text.is_empty() || text.ends_with("\n\n") {
            ""
        } else if text.ends_with('\n') {
            "\n"
        } else {
            "\n\n"
        };
        Ok(Some(format!("{text}{between}{}", profile.render())))
    })?;
    Ok(profile)
}

/// Removes the key with that access key id or profile name. The last one stays: without any, nobody could sign.
pub(crate) fn remove(data_dir: &Path, key: &str) -> Result<Change, KeysError> {
    let mut done = Change::Nothing;
    change(data_dir, |text, profiles| {
        let by_id = profiles.iter().find(|profile| profile.pair.access_key_id == key);
        let Some(found) = by_id.or_else(|| profiles.iter().find(|profile| profile.name == key)) else {
            return Ok(None);
        };
        if profiles.len() == 1 {
            return Err(KeysError::Refused(format!("{key} is the only key, so it stays; add another first")));
        }
        done = Change::Removed;
        Ok(Some(file::without(text, &found.name)))
    })?;
    Ok(done)
}

/// A policy that the server would refuse to load must not get into the file.
fn check_policy(data_dir: &Path, profile: &str, policy: Option<&str>) -> Result<(), KeysError> {
    let Some(policy) = policy else { return Ok(()) };
    if policy.contains(['\n', '\r']) {
        return Err(KeysError::Refused("a policy is JSON on one line, or the path of a file".into()));
    }
    let read = || read_private(&data_dir.join(policy), FILE_BYTES_MAX, false);
    let text = if policy.starts_with('{') { policy.to_owned() } else { read()? };
    let parsed = Policy::parse_for_identity(&text);
    parsed.map(drop).map_err(|source| KeysError::Policy { profile: profile.to_owned(), source })
}

/// Replaces the file by what `edit` makes of its text and profiles; `None` leaves it.
fn change(
    data_dir: &Path,
    edit: impl FnOnce(&str, &[Profile]) -> Result<Option<String>, KeysError>,
) -> Result<(), KeysError> {
    let io = |action, path: &Path| {
        let path = path.to_path_buf();
        move |source| KeysError::Io { action, path, source }
    };
    let lock_path = data_dir.join(LOCK_NAME);
    let lock = private(OpenOptions::new().write(true).create(true).truncate(false)).open(&lock_path);
    let lock = lock.map_err(io("cannot open", &lock_path))?;
    lock.lock().map_err(io("cannot lock", &lock_path))?;

    let path = data_dir.join(FILE_NAME);
    let text = read_private(&path, FILE_BYTES_MAX, true)?;
    let Some(changed) = edit(&text, &read_profiles(&path)?)? else { return Ok(()) };
    let aside = path.with_extension("new");
    write(&aside, changed.as_bytes()).map_err(io("cannot write", &aside))?;
    // Whoever reads sees the old file or the new one.
    std::fs::rename(&aside, &path).map_err(io("cannot replace", &path))
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use types::SystemRandom;

    use super::*;

    #[test]
    fn keys_come_and_go_and_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path();
        super::super::find_or_make(data_dir, |_| None, &SystemRandom).unwrap();
        let named = |name: &str| NewKey { name: Some(name.into()), ..NewKey::default() };
        let first = add(data_dir, named("ada"), &SystemRandom).unwrap();
        add(data_dir, NewKey::default(), &SystemRandom).unwrap();
        assert_eq!(list(data_dir).unwrap().len(), 3);
        assert!(matches!(add(data_dir, named("ada"), &SystemRandom), Err(KeysError::Refused(_))));
        assert!(matches!(add(data_dir, named("a]b"), &SystemRandom), Err(KeysError::Refused(_))));
        let broken = NewKey { policy: Some("{}".into()), ..NewKey::default() };
        assert!(matches!(add(data_dir, broken, &SystemRandom), Err(KeysError::Policy { .. })));

        assert_eq!(remove(data_dir, "nobody").unwrap(), Change::Nothing);
        assert_eq!(remove(data_dir, &first.pair.access_key_id).unwrap(), Change::Removed);
        assert_eq!(remove(data_dir, "default").unwrap(), Change::Removed);
        let last = list(data_dir).unwrap().remove(0);
        assert!(matches!(remove(data_dir, &last.name), Err(KeysError::Refused(_))));
    }
}
