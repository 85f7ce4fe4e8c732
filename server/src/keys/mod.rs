//! The keys that clients sign with: the first is made at the first start, all are kept in `DATA_DIR/credentials`, mode
//! 0600, in the format of `~/.aws/credentials` (so `AWS_SHARED_CREDENTIALS_FILE` can point at it); the environment can
//! give one more.
//!
//! Owns: making, keeping, changing and refusing keys. Refuses: checking signatures (`auth/gate.rs`). Read `file.rs`
//! next for the format, `reload.rs` for how a change comes into effect, `manage.rs` for `thalweg keys`.

mod file;
mod manage;
mod reload;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use types::{AccountId, Random};

pub(crate) use file::{Profile, SyntaxError};
pub(crate) use manage::{Change, NewKey, add, list, remove};
pub(crate) use reload::{KeySource, keep_current};

use crate::auth::policy::PolicyError;

const FILE_NAME: &str = "credentials";
/// A profile is some hundred bytes without an inline policy; more is somebody else's file.
const FILE_BYTES_MAX: u64 = 1 << 20;
const KEY_ID_VARIABLE: &str = "THALWEG_ACCESS_KEY_ID";
const SECRET_VARIABLE: &str = "THALWEG_SECRET_ACCESS_KEY";

/// An access key id and its secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyPair {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// A pair and whether this call made it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) pair: KeyPair,
    /// True once in the life of a data directory: then the pair is shown.
    pub(crate) is_new: bool,
}

/// Why there is no pair.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("{action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{} can be read by others; run: chmod 600 {}", path.display(), path.display())]
    Readable { path: PathBuf },
    #[error("{} holds no key pair; restore it, or remove it and a new pair is made", path.display())]
    Damaged { path: PathBuf },
    #[error("{}: {source}", path.display())]
    Syntax { path: PathBuf, source: SyntaxError },
    #[error("the policy of profile [{profile}]: {source}")]
    Policy { profile: String, source: PolicyError },
    #[error("{} has more than {FILE_BYTES_MAX} bytes", path.display())]
    TooLong { path: PathBuf },
    #[error("{0}")]
    Refused(String),
    #[error("{KEY_ID_VARIABLE} and {SECRET_VARIABLE} are set together or not at all")]
    HalfPair,
    #[error("{KEY_ID_VARIABLE} and {SECRET_VARIABLE} hold printable characters without spaces")]
    Unprintable,
}

/// The pair to show to users: that of the environment if there is one, else the first of the data directory, made if
/// there is none yet.
pub(crate) fn find_or_make(
    data_dir: &Path,
    lookup: impl Fn(&str) -> Option<String>,
    random: &dyn Random,
) -> Result<Found, KeysError> {
    if let Some(pair) = from_environment(lookup)? {
        return Ok(Found { pair, is_new: false });
    }
    let path = data_dir.join(FILE_NAME);
    match first_pair(&path) {
        Err(KeysError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
        loaded => return Ok(Found { pair: loaded?, is_new: false }),
    }
    create_data_dir(data_dir).map_err(|source| KeysError::Io {
        action: "cannot create",
        path: data_dir.into(),
        source,
    })?;
    let pair = make(random);
    match save(&path, &pair) {
        // Another process was quicker: its pair is the pair.
        Err(source) if source.kind() == ErrorKind::AlreadyExists => {
            Ok(Found { pair: first_pair(&path)?, is_new: false })
        }
        Err(source) => Err(KeysError::Io { action: "cannot create", path, source }),
        Ok(()) => Ok(Found { pair, is_new: true }),
    }
}

/// The pair that the environment gives, if it does.
pub(crate) fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<KeyPair>, KeysError> {
    let text = |name| lookup(name).filter(|value| !value.is_empty());
    let (access_key_id, secret_access_key) = match (text(KEY_ID_VARIABLE), text(SECRET_VARIABLE)) {
        (None, None) => return Ok(None),
        (Some(key_id), Some(secret)) => (key_id, secret),
        _ => return Err(KeysError::HalfPair),
    };
    let pair = KeyPair { access_key_id, secret_access_key };
    if pair.is_printable() { Ok(Some(pair)) } else { Err(KeysError::Unprintable) }
}

impl KeyPair {
    /// Whether it can stand in a header: a key id stands there between slashes and commas.
    fn is_printable(&self) -> bool {
        let printable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        printable(&self.access_key_id) && printable(&self.secret_access_key) && !self.access_key_id.contains(['/', ','])
    }
}

/// An account id: 12 digits.
pub(crate) fn account(text: &str) -> Option<AccountId> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    AccountId::parse(text).ok().filter(|_| is_account)
}

/// A pair that looks like one of AWS: `AKIA` and 16 of base32, and a secret of 40 from a 64-letter alphabet (240 bits).
fn make(random: &dyn Random) -> KeyPair {
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut id, mut secret) = ([0; 16], [0; 40]);
    random.fill(&mut id);
    random.fill(&mut secret);
    let letters = |bytes: &[u8], alphabet: &[u8]| -> String {
        bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect()
    };
    KeyPair { access_key_id: format!("AKIA{}", letters(&id, BASE32)), secret_access_key: letters(&secret, BASE64) }
}

/// Creates the directory, closed to others.
pub(crate) fn create_data_dir(data_dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data_dir)
}

fn save(path: &Path, pair: &KeyPair) -> std::io::Result<()> {
    let profile = Profile { name: "default".into(), pair: pair.clone(), account: None, user: None, policy: None };
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    let written = file.write_all(profile.render().as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a file would be taken for damage at the next start.
        let _ = std::fs::remove_file(path);
    }
    written
}

/// A file that is made for its owner only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// `[default]`, or the first profile.
fn first_pair(path: &Path) -> Result<KeyPair, KeysError> {
    let mut profiles = read_profiles(path)?;
    let index = profiles.iter().position(|profile| profile.name == "default").unwrap_or(0);
    Ok(profiles.swap_remove(index).pair)
}

/// At least one profile, or an error.
fn read_profiles(path: &Path) -> Result<Vec<Profile>, KeysError> {
    let text = read_private(path, FILE_BYTES_MAX, true)?;
    let profiles = file::parse(&text).map_err(|source| KeysError::Syntax { path: path.into(), source })?;
    if profiles.is_empty() { Err(KeysError::Damaged { path: path.into() }) } else { Ok(profiles) }
}

/// A small text file; a secret one must not be readable by others.
fn read_private(path: &Path, bytes_max: u64, is_secret: bool) -> Result<String, KeysError> {
    let io = |source| KeysError::Io { action: "cannot read", path: path.into(), source };
    let file = std::fs::File::open(path).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if is_secret && file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
            return Err(KeysError::Readable { path: path.into() });
        }
    }
    let mut text = String::new();
    file.take(bytes_max + 1).read_to_string(&mut text).map_err(io)?;
    if text.len() as u64 > bytes_max { Err(KeysError::TooLong { path: path.into() }) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use types::SystemRandom;

    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn the_pair_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("new/data");
        let first = find_or_make(&data_dir, none, &SystemRandom).unwrap();
        let second = find_or_make(&data_dir, none, &SystemRandom).unwrap();
        assert!(first.is_new && !second.is_new);
        assert_eq!(first.pair, second.pair);
        assert_eq!((first.pair.access_key_id.len(), first.pair.secret_access_key.len()), (20, 40));
        assert!(first.pair.access_key_id.starts_with("AKIA"));
        assert!(!format!("{first:?}").contains(&first.pair.secret_access_key));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_private_or_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        find_or_make(&data_dir, none, &SystemRandom).unwrap();
        let path = data_dir.join("credentials");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&data_dir)), (0o600, 0o700));
        for mode in [0o640, 0o604] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = find_or_make(&data_dir, none, &SystemRandom).unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn a_damaged_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        save(&path, &KeyPair { access_key_id: String::new(), secret_access_key: "x".into() }).unwrap();
        let error = find_or_make(folder.path(), none, &SystemRandom).unwrap_err();
        assert!(matches!(error, KeysError::Syntax { .. }), "{error}");
        let again = save(&path, &make(&SystemRandom)).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    }

    #[test]
    fn containers_bring_their_own_pair() {
        let folder = tempfile::tempdir().unwrap();
        let both = |name: &str| Some(if name == KEY_ID_VARIABLE { "id" } else { "secret" }.to_string());
        let found = find_or_make(folder.path(), both, &SystemRandom).unwrap();
        assert_eq!((found.pair.access_key_id.as_str(), found.is_new), ("id", false));
        assert!(!folder.path().join("credentials").exists());
        let half = |name: &str| (name == KEY_ID_VARIABLE).then(|| "id".to_string());
        assert!(matches!(find_or_make(folder.path(), half, &SystemRandom), Err(KeysError::HalfPair)));
        let spaced = |_: &str| Some("a b".to_string());
        assert!(matches!(find_or_make(folder.path(), spaced, &SystemRandom), Err(KeysError::Unprintable)));
    }
}
