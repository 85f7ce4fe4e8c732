//! How far a delivery stream has delivered, as it stands in the log.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use types::{Offset, PartitionId};

/// The next record to deliver, by the partition that it is read from.
pub(crate) type Positions = BTreeMap<PartitionId, Offset>;

/// The persisted form: JSON such as `{"version":1,"positions":[[65537,42]]}`, where each pair is a partition and the
/// offset of its first record that is not in a stored object.
#[derive(Debug, Serialize, Deserialize)]
struct Persisted {
    version: u32,
    positions: Vec<(PartitionId, Offset)>,
}

const VERSION: u32 = 1;

/// A checkpoint that this version cannot read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckpointError {
    /// Not the JSON it should be.
    #[error("the checkpoint is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// Written by a later version.
    #[error("the checkpoint has version {0}, this server knows {VERSION}")]
    Version(u32),
}

pub(crate) fn encode(positions: &Positions) -> Bytes {
    let pairs = positions.iter().map(|(partition, next)| (*partition, *next)).collect();
    let persisted = Persisted { version: VERSION, positions: pairs };
    serde_json::to_vec(&persisted).expect("numbers always have a JSON form").into()
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Positions, CheckpointError> {
    let persisted: Persisted = serde_json::from_slice(bytes)?;
    if persisted.version != VERSION {
        return Err(CheckpointError::Version(persisted.version));
    }
    Ok(persisted.positions.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_persisted_form_is_fixed() {
        let positions = Positions::from([(PartitionId(65537), Offset(42)), (PartitionId(7), Offset(0))]);
        let bytes = encode(&positions);
        assert_eq!(bytes, r#"{"version":1,"positions":[[7,0],[65537,42]]}"#);
        assert_eq!(decode(&bytes).unwrap(), positions);
    }

    #[test]
    fn a_stranger_is_refused() {
        assert!(matches!(decode(b"{"), Err(CheckpointError::Damaged(_))));
        assert!(matches!(decode(br#"{"version":2,"positions":[]}"#), Err(CheckpointError::Version(2))));
    }
}
