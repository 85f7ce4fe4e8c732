//! The catalog as bytes, for the snapshots of the command log (version 1): JSON, delivery streams in order of scope and
//! name, so that equal catalogs give equal bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use types::PartitionId;

use super::{DeliveryStream, State};

/// The persisted form; written over borrowed delivery streams and read into owned ones.
#[derive(Serialize, Deserialize)]
struct Persisted<S> {
    streams: Vec<S>,
    retired: Vec<PartitionId>,
}

pub(super) fn write(state: &State) -> Vec<u8> {
    let streams: Vec<&DeliveryStream> = state.streams.values().map(|stream| &**stream).collect();
    let persisted = Persisted { streams, retired: state.retired.clone() };
    serde_json::to_vec(&persisted).expect("a delivery stream holds only strings, numbers and string-keyed maps")
}

pub(super) fn read(bytes: &[u8]) -> Result<State, String> {
    let Persisted { streams, retired } =
        serde_json::from_slice::<Persisted<DeliveryStream>>(bytes).map_err(|error| error.to_string())?;
    let keyed = |stream: DeliveryStream| ((stream.scope.clone(), stream.name.clone()), Arc::new(stream));
    Ok(State { streams: streams.into_iter().map(keyed).collect(), retired })
}
