//! All keys of a server, read again whenever their files change.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use types::{AccountId, Clock};

use super::file::{Profile, is_user_name};
use super::{FILE_NAME, KeyPair, KeysError, read_private, read_profiles};
use crate::auth::policy::{self, Policy};
use crate::auth::{Identity, Keys};

/// How soon a change comes into effect. The files are some hundred bytes, so reading them costs less than a watcher.
const PERIOD: Duration = Duration::from_secs(1);

/// Where keys come from: the credentials file of the data directory and, besides, the environment.
#[derive(Debug, Clone)]
pub(crate) struct KeySource {
    pub(crate) data_dir: PathBuf,
    /// The pair of the environment, which belongs to the default account.
    pub(crate) environment: Option<KeyPair>,
    /// The account of profiles that name none.
    pub(crate) account: AccountId,
}

impl KeySource {
    /// Reads all keys, with their policies.
    pub(crate) fn load(&self) -> Result<Vec<Identity>, KeysError> {
        let path = self.data_dir.join(FILE_NAME);
        let profiles = match read_profiles(&path) {
            Err(KeysError::Io { source, .. }) if source.kind() == ErrorKind::NotFound && self.environment.is_some() => {
                Vec::new()
            }
            read => read?,
        };
        let given = self.environment.as_ref().map(|pair| self.root(pair));
        // The environment is the nearer source, should both name one key.
        let given_id = given.as_ref().map(|identity| identity.access_key_id.clone());
        let others = profiles.into_iter().filter(|profile| Some(&profile.pair.access_key_id) != given_id.as_ref());
        given.map(Ok).into_iter().chain(others.map(|profile| self.identity(profile))).collect()
    }

    fn root(&self, pair: &KeyPair) -> Identity {
        Identity {
            access_key_id: pair.access_key_id.clone(),
            secret_access_key: pair.secret_access_key.clone(),
            account: self.account.clone(),
            user: None,
            policy: None,
        }
    }

    fn identity(&self, profile: Profile) -> Result<Identity, KeysError> {
        let policy = profile.policy.as_deref().map(|policy| self.policy(&profile.name, policy)).transpose()?;
        let user = profile.user.or_else(|| Some(profile.name).filter(|name| is_user_name(name)));
        Ok(Identity {
            access_key_id: profile.pair.access_key_id,
            secret_access_key: profile.pair.secret_access_key,
            account: profile.account.unwrap_or_else(|| self.account.clone()),
            user: user.map(Arc::from),
            policy: policy.map(Arc::new),
        })
    }

    /// JSON as it stands, or the file that the text names, relative to the credentials file.
    fn policy(&self, profile: &str, text: &str) -> Result<Policy, KeysError> {
        let read = |path: &Path| read_private(path, policy::BYTES_MAX as u64 + 1, false);
        let text = if text.starts_with('{') { text.to_owned() } else { read(&self.data_dir.join(text))? };
        Policy::parse_for_identity(&text).map_err(|source| KeysError::Policy { profile: profile.to_owned(), source })
    }
}

/// Brings changes of the files into effect for as long as it runs. A file that cannot be used leaves the keys as they
/// are: half a file, written by an editor, must lock nobody out.
pub(crate) async fn keep_current(source: KeySource, keys: Arc<Keys>, clock: Arc<dyn Clock>) {
    let mut reported = None;
    loop {
        clock.sleep(PERIOD).await;
        let read = source.clone();
        let Ok(loaded) = tokio::task::spawn_blocking(move || read.load()).await else { continue };
        match loaded {
            Ok(identities) => {
                reported = None;
                let count = identities.len();
                if keys.replace(identities) {
                    tracing::info!(keys = count, "the keys were read again");
                }
            }
            Err(error) => {
                let text = error.to_string();
                if reported.as_ref() != Some(&text) {
                    tracing::error!(error = %text, "the keys cannot be read again; those from before stay in effect");
                    reported = Some(text);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Change, NewKey, add, remove};
    use super::*;
    use types::SystemRandom;

    fn source(folder: &Path) -> KeySource {
        let account = AccountId::parse("000000000000").unwrap();
        KeySource { data_dir: folder.into(), environment: None, account }
    }

    #[test]
    fn profiles_become_identities() {
        let folder = tempfile::tempdir().unwrap();
        super::super::find_or_make(folder.path(), |_| None, &SystemRandom).unwrap();
        std::fs::write(folder.path().join("p.json"), r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#)
            .unwrap();
        let account = AccountId::parse("123456789012").unwrap();
        let new = NewKey { account: Some(account), policy: Some("p.json".into()), ..NewKey::default() };
        let added = add(folder.path(), new, &SystemRandom).unwrap();
        let loaded = source(folder.path()).load().unwrap();
        assert_eq!(loaded.len(), 2);
        assert_eq!((loaded[0].account.as_str(), loaded[0].user.as_deref()), ("000000000000", Some("default")));
        assert_eq!(loaded[1].access_key_id, added.pair.access_key_id);
        assert!(loaded[1].account.as_str() == "123456789012" && loaded[1].policy.is_some());

        std::fs::write(folder.path().join("p.json"), "{}").unwrap();
        assert!(matches!(source(folder.path()).load(), Err(KeysError::Policy { .. })));
        let Change::Removed = remove(folder.path(), &added.name).unwrap() else { panic!("the key is there") };
        assert_eq!(source(folder.path()).load().unwrap(), loaded[..1]);
    }

    #[test]
    fn the_environment_stands_beside_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let pair = KeyPair { access_key_id: "ENV".into(), secret_access_key: "s".into() };
        let given = KeySource { environment: Some(pair), ..source(folder.path()) };
        assert!(source(folder.path()).load().is_err());
        assert_eq!(given.load().unwrap().len(), 1);
        super::super::find_or_make(folder.path(), |_| None, &SystemRandom).unwrap();
        assert_eq!(given.load().unwrap().len(), 2);
    }
}
