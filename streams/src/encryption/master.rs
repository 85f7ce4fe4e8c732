//! Master keys: what wraps data keys. Where they are kept is the business of who implements [`MasterKeys`].

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use types::Random;
use zeroize::Zeroizing;

/// Bytes of a data key and of a master key: AES-256.
pub(crate) const KEY_BYTES: usize = 32;

/// A master key's name in the one form that all of AWS's are brought to: `alias/NAME`, or the id of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// Takes a key id, a key ARN, an alias or an alias ARN. Account and region of an ARN are left out: the server has one
    /// set of master keys. A text of no known form names a key that nobody has.
    pub fn parse(text: &str) -> Self {
        let mut fields = text.splitn(6, ':');
        let name = match (fields.next(), fields.next(), fields.next(), fields.nth(2)) {
            (Some("arn"), Some(_), Some("kms"), Some(resource)) => resource.strip_prefix("key/").unwrap_or(resource),
            _ => text,
        };
        Self(name.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a master key did not do it; each has its exception in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MasterKeyError {
    /// There is no such key.
    NotFound,
    /// It may not be used, or it is not the one that wrapped the data key.
    AccessDenied,
    /// It is switched off.
    Disabled,
    /// It is there but in no state to be used.
    InvalidState,
    /// Too many calls of the key's keeper.
    Throttled,
    /// The account has not subscribed to the key's keeper.
    OptInRequired,
}

/// Whoever keeps the master keys. Called at a start of encryption and once in minutes for each data key in use, from
/// asynchronous code: an answer takes no longer than reading a small file.
pub trait MasterKeys: Send + Sync + 'static {
    /// Wraps a data key for the `context`, without which it cannot be unwrapped.
    fn wrap(&self, id: &KeyId, context: &[u8], data_key: &[u8; 32]) -> Result<Vec<u8>, MasterKeyError>;

    /// Unwraps what [`Self::wrap`] made for the same key and context.
    fn unwrap(&self, id: &KeyId, context: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, MasterKeyError>;
}

/// For a service whose streams are never encrypted.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMasterKeys;

impl MasterKeys for NoMasterKeys {
    fn wrap(&self, _: &KeyId, _: &[u8], _: &[u8; 32]) -> Result<Vec<u8>, MasterKeyError> {
        Err(MasterKeyError::NotFound)
    }

    fn unwrap(&self, _: &KeyId, _: &[u8], _: &[u8]) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
        Err(MasterKeyError::NotFound)
    }
}

/// A master key that is at hand as bytes: wraps by AES-256-GCM under a random nonce, with the key's name and the context
/// authenticated. A wrap is a rare control operation, so random nonces cannot meet.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// The key with those bytes.
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Nonce, ciphertext and tag: 60 bytes.
    pub fn wrap(&self, random: &dyn Random, id: &KeyId, context: &[u8], data_key: &[u8; 32]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut wrapped = nonce.to_vec();
        let mut body = data_key.to_vec();
        let sealed = cipher(&self.0).seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(named(id, context)),
            &mut body,
        );
        sealed.expect("32 bytes are within what GCM takes");
        wrapped.append(&mut body);
        wrapped
    }

    /// The data key; access is denied when another key, or for another name or context, wrapped it.
    pub fn unwrap(&self, id: &KeyId, context: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
        let (nonce, body) = wrapped.split_first_chunk::<NONCE_LEN>().ok_or(MasterKeyError::AccessDenied)?;
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = cipher(&self.0).open_in_place(nonce, Aad::from(named(id, context)), &mut body);
        let opened = opened.map_err(|_| MasterKeyError::AccessDenied)?;
        let key: &[u8; KEY_BYTES] = (&*opened).try_into().map_err(|_| MasterKeyError::AccessDenied)?;
        Ok(Zeroizing::new(*key))
    }
}

pub(crate) fn cipher(key: &[u8; KEY_BYTES]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("AES-256 takes 32 bytes"))
}

/// The length keeps a name from reaching into the context.
fn named(id: &KeyId, context: &[u8]) -> Vec<u8> {
    let mut text = (id.0.len() as u64).to_be_bytes().to_vec();
    text.extend_from_slice(id.0.as_bytes());
    text.extend_from_slice(context);
    text
}

#[cfg(test)]
mod tests {
    use types::SystemRandom;

    use super::*;

    #[test]
    fn every_form_of_a_key_id_has_one_name() {
        let guid = "1234abcd-12ab-34cd-56ef-1234567890ab";
        for (text, name) in [
            (guid, guid),
            ("arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab", guid),
            ("alias/orders", "alias/orders"),
            ("arn:aws-cn:kms:cn-north-1:1:alias/orders", "alias/orders"),
            ("arn:aws:kinesis:us-east-1:1:key/x", "arn:aws:kinesis:us-east-1:1:key/x"),
            ("arn:aws:kms", "arn:aws:kms"),
            ("", ""),
        ] {
            assert_eq!(KeyId::parse(text).as_str(), name, "{text}");
        }
    }

    #[test]
    fn a_wrapped_key_opens_for_its_name_and_context_only() {
        let key = |byte| MasterKey::new(Zeroizing::new([byte; 32]));
        let (id, data_key) = (KeyId::parse("alias/a"), [9; 32]);
        let mut wrapped = key(1).wrap(&SystemRandom, &id, b"of", &data_key);
        assert_eq!(*key(1).unwrap(&id, b"of", &wrapped).unwrap(), data_key);
        let denied = Err(MasterKeyError::AccessDenied);
        assert_eq!(key(2).unwrap(&id, b"of", &wrapped), denied);
        assert_eq!(key(1).unwrap(&KeyId::parse("alias/b"), b"of", &wrapped), denied);
        assert_eq!(key(1).unwrap(&id, b"", &wrapped), denied);
        for bit in 0..wrapped.len() * 8 {
            wrapped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key(1).unwrap(&id, b"of", &wrapped), denied, "{bit}");
            wrapped[bit / 8] ^= 1 << (bit % 8);
        }
        for end in 0..wrapped.len() {
            assert_eq!(key(1).unwrap(&id, b"of", &wrapped[..end]), denied);
        }
    }
}
