//! The file of master keys: TOML, for its owner only.
//!
//! ```toml
//! [[key]]
//! id = "alias/aws/kinesis"
//! secret = "32 bytes in base64"
//! state = "enabled"          # or "disabled", or "pending-deletion"; enabled if it is left out
//! ```

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use streams::{KeyId, MasterKey, MasterKeyError};
use types::Random;
use zeroize::Zeroizing;

/// A key is about a hundred bytes; more is somebody else's file.
const BYTES_MAX: u64 = 1 << 20;

/// Why the master keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasterKeysError {
    #[error("{action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{} can be read by others; run: chmod 600 {}", path.display(), path.display())]
    Readable { path: PathBuf },
    #[error("{} has more than {BYTES_MAX} bytes", path.display())]
    TooLong { path: PathBuf },
    #[error("{} line {line}: {message}", path.display())]
    Syntax { path: PathBuf, line: usize, message: String },
    #[error("the secret of master key {id} in {} is not 32 bytes in base64", path.display())]
    Secret { path: PathBuf, id: String },
    #[error("{} does not exist", path.display())]
    Missing { path: PathBuf },
    #[error("{name} is not 32 bytes in base64")]
    Variable { name: &'static str },
}

/// One key of the file.
pub(super) struct FileKey {
    pub(super) id: KeyId,
    secret: Zeroizing<[u8; 32]>,
    state: State,
}

/// What the operator says about a key, in KMS's words.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    #[default]
    Enabled,
    Disabled,
    PendingDeletion,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    key: Vec<WrittenKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    id: String,
    secret: String,
    #[serde(default)]
    state: State,
}

impl FileKey {
    pub(super) fn usable(self) -> Result<MasterKey, MasterKeyError> {
        match self.state {
            State::Enabled => Ok(MasterKey::new(self.secret)),
            State::Disabled => Err(MasterKeyError::Disabled),
            State::PendingDeletion => Err(MasterKeyError::InvalidState),
        }
    }
}

/// The 32 bytes of a key.
pub(super) fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(base64_simd::STANDARD.decode_to_vec(text.trim()).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

/// The keys of the file; `None` if it does not exist.
pub(super) fn read(path: &Path) -> Result<Option<Vec<FileKey>>, MasterKeysError> {
    let Some(text) = read_text(path)? else { return Ok(None) };
    let written: Written = toml::from_str(&text).map_err(|error: toml::de::Error| {
        // The line and not its text, which may be a secret.
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        MasterKeysError::Syntax { path: path.into(), line, message: "this is not a list of [[key]]".into() }
    })?;
    let keys = written.key.into_iter().map(|key| match decode(&Zeroizing::new(key.secret)) {
        Some(secret) => Ok(FileKey { id: KeyId::parse(&key.id), secret, state: key.state }),
        None => Err(MasterKeysError::Secret { path: path.into(), id: key.id }),
    });
    keys.collect::<Result<_, _>>().map(Some)
}

fn read_text(path: &Path) -> Result<Option<Zeroizing<String>>, MasterKeysError> {
    let io = |source| MasterKeysError::Io { action: "cannot read", path: path.into(), source };
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(io)?,
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
            return Err(MasterKeysError::Readable { path: path.into() });
        }
    }
    let mut text = Zeroizing::new(String::new());
    file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(io)?;
    if text.len() as u64 > BYTES_MAX { Err(MasterKeysError::TooLong { path: path.into() }) } else { Ok(Some(text)) }
}

/// Adds a new key. When this returns it is durable: a data key that it wraps must not outlive it. Written aside and
/// renamed, so that a crash leaves the old file or the new one.
pub(super) fn add(path: &Path, id: &KeyId, random: &dyn Random) -> Result<(), MasterKeysError> {
    let mut text = read_text(path)?.unwrap_or_default();
    let mut secret = Zeroizing::new([0; 32]);
    random.fill(&mut *secret);
    let secret = Zeroizing::new(base64_simd::STANDARD.encode_to_string(*secret));
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&format!("[[key]]\nid = \"{}\"\nsecret = \"{}\"\n", id.as_str(), *secret));
    let aside = path.with_extension("new");
    write(path, &aside, text.as_bytes()).map_err(|source| MasterKeysError::Io {
        action: "cannot write",
        path: path.into(),
        source,
    })
}

fn write(path: &Path, aside: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(aside)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(aside, path)?;
    // Elsewhere a folder cannot be opened, and a rename is durable by itself.
    #[cfg(unix)]
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}
