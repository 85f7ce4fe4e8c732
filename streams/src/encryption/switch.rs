//! StartStreamEncryption and StopStreamEncryption.

use types::{Scope, StreamName};
use zeroize::Zeroizing;

use super::keyring::{context, kms, unwrap};
use super::master::KEY_BYTES;
use super::{KeyId, WrappedKey};
use crate::command::Change;
use crate::{StreamStatus, Streams, StreamsError};

impl Streams {
    /// Seals new records of a stream with a new data key under the master key; with another master key than now it is a
    /// rotation, with the same one it changes nothing. Records that are there stay as they are.
    ///
    /// # Errors
    /// [`StreamsError::Kms`] when the master key cannot be used.
    pub async fn start_encryption(&self, scope: &Scope, name: &StreamName, key_id: &str) -> Result<(), StreamsError> {
        let stream = self.stream(scope, name)?;
        let id = KeyId::parse(key_id);
        let is_same = stream.keys.current().is_some_and(|(_, current)| {
            // A master key whose bytes were replaced does not open the data key any more: then a new one is needed.
            KeyId::parse(&current.key_id) == id && unwrap(&self.parts, &stream, current).is_ok()
        });
        if is_same && stream.status == StreamStatus::Active {
            return Ok(());
        }
        let mut data_key = Zeroizing::new([0; KEY_BYTES]);
        self.parts.random.fill(&mut *data_key);
        let wrapped = self.parts.master_keys.wrap(&id, context(&stream).as_bytes(), &data_key);
        let wrapped = wrapped.map_err(|problem| kms(problem, key_id, &stream))?;
        let wrapped = base64_simd::STANDARD.encode_to_string(wrapped);
        let key = Some(WrappedKey { key_id: key_id.to_owned(), wrapped });
        let per_day = self.parts.config.quotas.encryption_switches_per_day;
        self.change(scope, name, Change::Encryption { key, per_day }).await
    }

    /// Leaves new records of a stream unsealed; one that is not encrypted stays as it is. The master key is not needed.
    pub async fn stop_encryption(&self, scope: &Scope, name: &StreamName) -> Result<(), StreamsError> {
        let stream = self.stream(scope, name)?;
        if stream.keys.current().is_none() && stream.status == StreamStatus::Active {
            return Ok(());
        }
        let per_day = self.parts.config.quotas.encryption_switches_per_day;
        self.change(scope, name, Change::Encryption { key: None, per_day }).await
    }
}
