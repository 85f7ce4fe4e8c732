//! The master keys of encrypted streams: from a file, or from the environment, which is stronger.
//!
//! Owns: where master keys are, and which of them may be used. Refuses: what is done with them, which is
//! `streams::MasterKey`, and calling a service that keeps keys. Read `master_keys/file.rs` next for the format.
//!
//! The file is read again each time that a key is asked for, which is at most once in five minutes for each data key in
//! use. So a key that is added, disabled or removed needs no restart.

mod file;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use streams::{KeyId, MasterKey, MasterKeyError, MasterKeys};
use types::Random;
use zeroize::Zeroizing;

pub(crate) use file::MasterKeysError;

/// The file in the data directory, unless the operator names another.
const FILE_NAME: &str = "master-keys";
/// The key that AWS makes for every account. It is the only one that is made here too: any other name that is not
/// there is more likely a mistake than a wish.
const MANAGED: &str = "alias/aws/kinesis";
/// Holds the managed key; with `_` and the name of a key, that key.
const VARIABLE: &str = "THALWEG_MASTER_KEY";

/// How a variable of the environment is read; `std::env::var` outside tests.
pub(crate) type Lookup = fn(&str) -> Option<String>;

/// See the module text.
pub(crate) struct LocalMasterKeys {
    path: PathBuf,
    /// Whether the managed key is made when it is needed: in the data directory only, for a file elsewhere is the
    /// operator's.
    makes: bool,
    lookup: Lookup,
    random: Arc<dyn Random>,
    /// Held while a key is made, so that two starts of encryption do not make two.
    making: Mutex<()>,
}

impl LocalMasterKeys {
    /// The keys of `file`, or of the data directory. What is there and cannot be used is an error now and not when a
    /// stream needs it.
    pub(crate) fn open(
        data_dir: &std::path::Path,
        file: Option<PathBuf>,
        lookup: Lookup,
        random: Arc<dyn Random>,
    ) -> Result<Self, MasterKeysError> {
        let makes = file.is_none();
        let path = file.unwrap_or_else(|| data_dir.join(FILE_NAME));
        let keys = Self { path, makes, lookup, random, making: Mutex::default() };
        match file::read(&keys.path)? {
            None if !makes => return Err(MasterKeysError::Missing { path: keys.path }),
            _ => {}
        }
        if let Some(text) = keys.variable(VARIABLE) {
            file::decode(&text).ok_or(MasterKeysError::Variable { name: VARIABLE })?;
        }
        Ok(keys)
    }

    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.lookup)(name).filter(|text| !text.is_empty()).map(Zeroizing::new)
    }

    fn of_environment(&self, id: &KeyId) -> Option<Result<MasterKey, MasterKeyError>> {
        let managed = || self.variable(VARIABLE).filter(|_| id.as_str() == MANAGED);
        let text = self.variable(&variable_of(id)).or_else(managed)?;
        Some(file::decode(&text).map(MasterKey::new).ok_or_else(|| {
            tracing::error!(key = id.as_str(), "the master key in the environment is not 32 bytes in base64");
            MasterKeyError::InvalidState
        }))
    }

    fn find(&self, id: &KeyId) -> Result<MasterKey, MasterKeyError> {
        if let Some(found) = self.of_environment(id) {
            return found;
        }
        let keys = file::read(&self.path).map_err(|error| unusable(&error))?.unwrap_or_default();
        let found = keys.into_iter().find(|key| key.id == *id).ok_or(MasterKeyError::NotFound)?;
        found.usable()
    }

    /// As [`Self::find`], but makes the managed key if it is not there yet.
    fn find_or_make(&self, id: &KeyId) -> Result<MasterKey, MasterKeyError> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        match self.find(id) {
            Err(MasterKeyError::NotFound) if self.makes && id.as_str() == MANAGED => {
                file::add(&self.path, id, &*self.random).map_err(|error| unusable(&error))?;
                tracing::info!(key = MANAGED, file = %self.path.display(), "made a master key; keep a copy of it");
                self.find(id)
            }
            found => found,
        }
    }
}

fn unusable(error: &MasterKeysError) -> MasterKeyError {
    tracing::error!(%error, "the file of master keys cannot be used");
    MasterKeyError::InvalidState
}

/// `alias/my-key` is in `THALWEG_MASTER_KEY_ALIAS_MY_KEY`: names of variables have no other characters.
fn variable_of(id: &KeyId) -> String {
    let letters = id.as_str().chars();
    let letters = letters.map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    format!("{VARIABLE}_{}", letters.collect::<String>())
}

impl MasterKeys for LocalMasterKeys {
    fn wrap(&self, id: &KeyId, context: &[u8], data_key: &[u8; 32]) -> Result<Vec<u8>, MasterKeyError> {
        Ok(self.find_or_make(id)?.wrap(&*self.random, id, context, data_key))
    }

    fn unwrap(&self, id: &KeyId, context: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
        self.find(id)?.unwrap(id, context, wrapped)
    }
}

#[cfg(test)]
mod tests;
