//! Data keys in use, unwrapped for minutes, and the nonces to seal with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::aead::{LessSafeKey, NONCE_LEN};
use log::{NewRecord, StoredRecord};
use types::{Epoch, PartitionId, Random, Record, SequenceNumber, Timestamp};

use super::master::cipher;
use super::{KeyId, MasterKeyError, WrappedKey, sealed};
use crate::service::Parts;
use crate::{Stream, StreamsError};

/// How long a data key is used before its master key is asked again. AWS asks about as often, so a master key that is
/// taken away is in effect after this time.
const UNWRAPPED_FOR: Duration = Duration::from_secs(300);
/// Data keys kept unwrapped at a time; all are forgotten when one more is needed.
const UNWRAPPED_MAX: usize = 4096;

/// See the module text.
#[derive(Default)]
pub(crate) struct Keyring {
    unwrapped: Mutex<HashMap<(Epoch, u32), Unwrapped>>,
    nonces: Mutex<Nonces>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(..)")
    }
}

/// The cipher is erased by its library when the last user drops it.
#[derive(Clone)]
struct Unwrapped {
    cipher: Arc<LessSafeKey>,
    until: Timestamp,
}

/// Nonces of this process: a random prefix of 64 bits and a counter of 32, with a new prefix whenever the counter is used
/// up and at each start.
///
/// Two records get the same nonce only if two prefixes are the same. All keys share the prefixes, so their number is that
/// of starts plus one for each 2^32 records. With 65,536 of them (2^48 records) the chance that any two are the same is
/// 2^-33, below the 2^-32 that NIST SP 800-38D asks for; and it matters only if the same key used both.
#[derive(Default)]
struct Nonces {
    prefix: [u8; 8],
    /// How many are left under the prefix; none before the first use.
    left: u64,
}

impl Nonces {
    fn next(&mut self, random: &dyn Random) -> [u8; NONCE_LEN] {
        if self.left == 0 {
            random.fill(&mut self.prefix);
            self.left = 1 << 32;
        }
        self.left -= 1;
        let mut nonce = [0; NONCE_LEN];
        nonce[..8].copy_from_slice(&self.prefix);
        // Below 2^32, so nothing is cut off.
        nonce[8..].copy_from_slice(&(self.left as u32).to_be_bytes());
        nonce
    }
}

/// Seals the records of one batch.
pub(crate) struct Sealer<'a> {
    parts: &'a Parts,
    keyring: &'a Keyring,
    number: u32,
    cipher: Arc<LessSafeKey>,
}

impl Sealer<'_> {
    /// The record as it goes to the log. Sealed anew each time, also when an append is tried again.
    pub(crate) fn seal(&self, partition: PartitionId, record: &NewRecord) -> NewRecord {
        let nonce = self.keyring.nonces.lock().unwrap_or_else(PoisonError::into_inner).next(&*self.parts.random);
        sealed::seal(&self.cipher, self.number, nonce, partition, record)
    }
}

/// Opens the records of one page.
pub(crate) struct Opener<'a> {
    parts: &'a Parts,
    keyring: &'a Keyring,
    stream: &'a Stream,
    partition: PartitionId,
    epoch: Epoch,
    /// The key of the record before, which is nearly always that of the next too.
    last: Option<(u32, Arc<LessSafeKey>)>,
}

impl Opener<'_> {
    /// What a sealed record holds.
    pub(crate) fn open(&mut self, record: &StoredRecord) -> Result<Record, StreamsError> {
        let sequence_number = SequenceNumber::of(self.epoch, record.offset);
        let damaged = || StreamsError::Sealed(format!("record {sequence_number} of stream {}", self.stream.name));
        let number = sealed::key_number(&record.key).ok_or_else(damaged)?;
        let cipher = match &self.last {
            Some((last, cipher)) if *last == number => cipher,
            _ => &self.last.insert((number, self.keyring.unwrapped(self.parts, self.stream, number)?)).1,
        };
        let (partition_key, data) = sealed::open(cipher, self.partition, record).ok_or_else(damaged)?;
        Ok(Record { sequence_number, arrival: record.time, partition_key, data, encrypted: true })
    }
}

impl Keyring {
    /// What seals new records of the stream; nothing where encryption is off.
    pub(crate) fn sealer<'a>(&'a self, parts: &'a Parts, stream: &Stream) -> Result<Option<Sealer<'a>>, StreamsError> {
        let Some((number, _)) = stream.keys.current() else { return Ok(None) };
        let cipher = self.unwrapped(parts, stream, number)?;
        Ok(Some(Sealer { parts, keyring: self, number, cipher }))
    }

    /// What opens sealed records of a partition of the stream.
    pub(crate) fn opener<'a>(
        &'a self,
        parts: &'a Parts,
        stream: &'a Stream,
        (partition, epoch): (PartitionId, Epoch),
    ) -> Opener<'a> {
        Opener { parts, keyring: self, stream, partition, epoch, last: None }
    }

    fn unwrapped(&self, parts: &Parts, stream: &Stream, number: u32) -> Result<Arc<LessSafeKey>, StreamsError> {
        let (place, now) = ((stream.epoch, number), parts.clock.now());
        let found = self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        if let Some(found) = found.filter(|found| now < found.until) {
            return Ok(found.cipher);
        }
        // The stream may be of before a rotation and the record of after it.
        let newest = parts.catalog.current().by_epoch(stream.epoch).cloned();
        let wrapped = newest.as_deref().unwrap_or(stream).keys.numbered(number);
        let wrapped = wrapped.ok_or_else(|| StreamsError::Sealed(format!("key {number} of stream {}", stream.name)))?;
        let cipher = Arc::new(unwrap(parts, stream, wrapped)?);
        let mut kept = self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= UNWRAPPED_MAX {
            kept.clear();
        }
        kept.insert(place, Unwrapped { cipher: cipher.clone(), until: now.after(UNWRAPPED_FOR) });
        Ok(cipher)
    }
}

/// Asks the master key for the data key.
pub(super) fn unwrap(parts: &Parts, stream: &Stream, wrapped: &WrappedKey) -> Result<LessSafeKey, StreamsError> {
    let refused = |problem| kms(problem, &wrapped.key_id, stream);
    let bytes = base64_simd::STANDARD.decode_to_vec(&wrapped.wrapped);
    let bytes = bytes.map_err(|_| refused(MasterKeyError::InvalidState))?;
    let key = parts.master_keys.unwrap(&KeyId::parse(&wrapped.key_id), context(stream).as_bytes(), &bytes);
    Ok(cipher(&*key.map_err(refused)?))
}

/// The incarnation of the stream: a data key of a deleted stream does not open for a new one of the same name.
pub(super) fn context(stream: &Stream) -> String {
    format!("{} {}", stream.arn(), stream.epoch.0)
}

/// The error of a stream whose master key did not do it.
pub(super) fn kms(problem: MasterKeyError, key_id: &str, stream: &Stream) -> StreamsError {
    let what = match problem {
        MasterKeyError::NotFound => "cannot be found",
        MasterKeyError::AccessDenied => "may not be used, or is not the key that the stream was encrypted with",
        MasterKeyError::Disabled => "is disabled",
        MasterKeyError::InvalidState => "is in a state in which it cannot be used",
        MasterKeyError::Throttled => "is asked for too often",
        MasterKeyError::OptInRequired => "needs a subscription",
    };
    let message = format!("The master key {key_id} of stream {} {what}.", stream.name);
    StreamsError::Kms { problem, message }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use types::SystemRandom;

    use super::*;

    #[test]
    fn a_nonce_never_comes_again() {
        let mut nonces = Nonces::default();
        let mut seen = HashSet::new();
        assert!((0..1000).all(|_| seen.insert(nonces.next(&SystemRandom))));
        let prefix = nonces.prefix;
        nonces.left = 1;
        let last = nonces.next(&SystemRandom);
        assert_eq!((&last[..8], &last[8..]), (&prefix[..], &[0; 4][..]));
        assert!(seen.insert(last) && seen.insert(nonces.next(&SystemRandom)));
        assert_ne!(nonces.prefix, prefix, "the counter was used up");
        assert_ne!(nonces.next(&SystemRandom), Nonces::default().next(&SystemRandom), "another process");
    }
}
