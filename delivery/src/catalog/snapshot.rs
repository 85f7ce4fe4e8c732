//! The catalog as bytes, for the snapshots of the command log (version 1): JSON, everything in order of scope and name, so that equal catalogs give equal bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use types::PartitionId;

use super::{DeliveryStream, State};
use crate::channels::Channel;

/// The persisted form; written over borrowed parts and read into owned ones.
#[derive(Serialize, Deserialize)]
struct Persisted<S, C> {
    streams: Vec<S>,
    /// Not in the snapshots of versions without channels.
    #[serde(default = "Vec::new")]
    channels: Vec<C>,
    retired: Vec<PartitionId>,
}

pub(super) fn write(state: &State) -> Vec<u8> {
    let streams: Vec<&DeliveryStream> = state.streams.values().map(|stream| &**stream).collect();
    let channels: Vec<&Channel> = state.channels.values().map(|channel| &**channel).collect();
    let persisted = Persisted { streams, channels, retired: state.retired.clone() };
    serde_json::to_vec(&persisted)
        .expect("delivery streams and channels hold only strings, numbers and string-keyed maps")
}

pub(super) fn read(bytes: &[u8]) -> Result<State, String> {
    let Persisted { streams, channels, retired } =
        serde_json::from_slice::<Persisted<DeliveryStream, Channel>>(bytes).map_err(|error| error.to_string())?;
    let keyed = |stream: DeliveryStream| ((stream.scope.clone(), stream.name.clone()), Arc::new(stream));
    let named = |channel: Channel| ((channel.scope.clone(), channel.name.clone()), Arc::new(channel));
    let channels = channels.into_iter().map(named).collect();
    Ok(State { streams: streams.into_iter().map(keyed).collect(), channels, retired })
}
