//! The key pair that clients sign with: made at the first start, kept in `DATA_DIR/credentials`, mode 0600, in the
//! format of `~/.aws/credentials` (so `AWS_SHARED_CREDENTIALS_FILE` can point at it); or given by the environment.
//!
//! Owns: making, keeping and refusing pairs. Refuses: checking signatures (`auth.rs`, read it next).

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use types::Random;

const FILE_NAME: &str = "credentials";
/// A credentials file is about 130 bytes; more is somebody else's file.
const FILE_BYTES_MAX: u64 = 64 << 10;
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
    #[error("{KEY_ID_VARIABLE} and {SECRET_VARIABLE} are set together or not at all")]
    HalfPair,
    #[error("{KEY_ID_VARIABLE} and {SECRET_VARIABLE} hold printable characters without spaces")]
    Unprintable,
}

/// The pair of the environment if there is one, else that of the data directory, made if there is none yet.
pub(crate) fn find_or_make(
    data_dir: &Path,
    lookup: impl Fn(&str) -> Option<String>,
    random: &dyn Random,
) -> Result<Found, KeysError> {
    if let Some(pair) = from_environment(lookup)? {
        return Ok(Found { pair, is_new: false });
    }
    let path = data_dir.join(FILE_NAME);
    match load(&path) {
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
        Err(source) if source.kind() == ErrorKind::AlreadyExists => Ok(Found { pair: load(&path)?, is_new: false }),
        Err(source) => Err(KeysError::Io { action: "cannot create", path, source }),
        Ok(()) => Ok(Found { pair, is_new: true }),
    }
}

fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<KeyPair>, KeysError> {
    let text = |name| lookup(name).filter(|value| !value.is_empty());
    let (access_key_id, secret_access_key) = match (text(KEY_ID_VARIABLE), text(SECRET_VARIABLE)) {
        (None, None) => return Ok(None),
        (Some(key_id), Some(secret)) => (key_id, secret),
        _ => return Err(KeysError::HalfPair),
    };
    // A key id stands in a header between slashes and commas.
    let printable = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
    if !printable(&access_key_id) || !printable(&secret_access_key) || access_key_id.contains(['/', ',']) {
        return Err(KeysError::Unprintable);
    }
    Ok(Some(KeyPair { access_key_id, secret_access_key }))
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
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let text = format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        pair.access_key_id, pair.secret_access_key
    );
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a file would be taken for damage at the next start.
        let _ = std::fs::remove_file(path);
    }
    written
}

fn load(path: &Path) -> Result<KeyPair, KeysError> {
    let io = |source| KeysError::Io { action: "cannot read", path: path.into(), source };
    let file = std::fs::File::open(path).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
            return Err(KeysError::Readable { path: path.into() });
        }
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(io)?;
    parse(&text).ok_or_else(|| KeysError::Damaged { path: path.into() })
}

fn parse(text: &str) -> Option<KeyPair> {
    let value = |key: &str| {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let found = pairs.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == key);
        found.map(|(_, value)| value.to_string()).filter(|value| !value.is_empty())
    };
    Some(KeyPair { access_key_id: value("aws_access_key_id")?, secret_access_key: value("aws_secret_access_key")? })
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
        assert!(matches!(error, KeysError::Damaged { .. }), "{error}");
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
