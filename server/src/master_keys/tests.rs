use types::SystemRandom;

use super::*;

const CONTEXT: &[u8] = b"a stream";
const KEY: [u8; 32] = [5; 32];

fn open(folder: &std::path::Path, file: Option<PathBuf>, lookup: Lookup) -> Result<LocalMasterKeys, MasterKeysError> {
    LocalMasterKeys::open(folder, file, lookup, Arc::new(SystemRandom))
}

fn wrap(keys: &LocalMasterKeys, id: &str) -> Result<Vec<u8>, MasterKeyError> {
    keys.wrap(&KeyId::parse(id), CONTEXT, &KEY)
}

fn secret(byte: u8) -> String {
    base64_simd::STANDARD.encode_to_string([byte; 32])
}

fn write(path: &std::path::Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[test]
fn the_managed_key_is_made_once_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let keys = open(folder.path(), None, |_| None).unwrap();
    assert_eq!(wrap(&keys, "alias/mine"), Err(MasterKeyError::NotFound));
    assert!(!folder.path().join(FILE_NAME).exists(), "made on first use");
    let wrapped = wrap(&keys, "arn:aws:kms:us-east-1:000000000000:alias/aws/kinesis").unwrap();
    let again = open(folder.path(), None, |_| None).unwrap();
    assert_eq!(*again.unwrap(&KeyId::parse(MANAGED), CONTEXT, &wrapped).unwrap(), KEY);
    assert!(wrap(&again, MANAGED).is_ok());
    assert_eq!(file::read(&folder.path().join(FILE_NAME)).unwrap().unwrap().len(), 1);
    // It is added to what the operator wrote.
    let other = tempfile::tempdir().unwrap();
    write(&other.path().join(FILE_NAME), &format!("[[key]]\nid = 'alias/mine'\nsecret = '{}'", secret(1)));
    let keys = open(other.path(), None, |_| None).unwrap();
    assert!(wrap(&keys, MANAGED).is_ok() && wrap(&keys, "alias/mine").is_ok());
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let keys = open(folder.path(), None, |_| None).unwrap();
    wrap(&keys, MANAGED).unwrap();
    let path = folder.path().join(FILE_NAME);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    assert_eq!(wrap(&keys, MANAGED), Err(MasterKeyError::InvalidState));
    assert!(matches!(open(folder.path(), None, |_| None), Err(MasterKeysError::Readable { .. })));
}

#[test]
fn the_state_of_a_key_counts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    assert!(matches!(open(folder.path(), Some(path.clone()), |_| None), Err(MasterKeysError::Missing { .. })));
    write(&path, "");
    let keys = open(folder.path(), Some(path.clone()), |_| None).unwrap();
    assert_eq!(wrap(&keys, MANAGED), Err(MasterKeyError::NotFound), "an operator's file is not written to");
    for (state, expected) in [
        ("", None),
        ("state = 'enabled'", None),
        ("state = 'disabled'", Some(MasterKeyError::Disabled)),
        ("state = 'pending-deletion'", Some(MasterKeyError::InvalidState)),
        ("state = 'on'", Some(MasterKeyError::InvalidState)),
    ] {
        write(&path, &format!("[[key]]\nid = 'arn:aws:kms:r:a:key/1-2'\nsecret = '{}'\n{state}", secret(1)));
        assert_eq!(wrap(&keys, "1-2").err(), expected, "{state}");
    }
}

#[test]
fn mistakes_are_named_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    for text in ["[[key]]\nid = 'a'\nsecret = 'geheim'", "[[key]]\nsecret = 'geheim'", "secret = 'geheim'", "geheim"] {
        write(&path, text);
        let error = open(folder.path(), None, |_| None).err().unwrap().to_string();
        assert!(error.contains("master-keys") && !error.contains("geheim"), "{error}");
    }
}

#[test]
fn the_environment_is_stronger_than_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (managed, other) = (KeyId::parse(MANAGED), KeyId::parse("alias/my-key"));
    let lookup: Lookup = |name| match name {
        "THALWEG_MASTER_KEY" => Some(secret(1)),
        "THALWEG_MASTER_KEY_ALIAS_MY_KEY" => Some(secret(2)),
        "THALWEG_MASTER_KEY_BAD" => Some("geheim".into()),
        _ => None,
    };
    let keys = open(folder.path(), None, lookup).unwrap();
    for (id, byte) in [(&managed, 1), (&other, 2)] {
        let wrapped = keys.wrap(id, CONTEXT, &KEY).unwrap();
        let key = MasterKey::new(Zeroizing::new([byte; 32]));
        assert_eq!(*key.unwrap(id, CONTEXT, &wrapped).unwrap(), KEY);
    }
    assert_eq!(wrap(&keys, "bad"), Err(MasterKeyError::InvalidState));
    assert!(!folder.path().join(FILE_NAME).exists());
    let bad: Lookup = |name| (name == VARIABLE).then(|| "short".into());
    assert!(matches!(open(folder.path(), None, bad), Err(MasterKeysError::Variable { .. })));
}
