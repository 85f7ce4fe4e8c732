//! The catalog as bytes, for the snapshots of the command log (version 1): JSON, applications in order of scope and
//! name, so that equal catalogs give equal bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use types::PartitionId;

use super::State;
use crate::Application;

/// The persisted form; written over borrowed applications and read into owned ones.
#[derive(Serialize, Deserialize)]
struct Persisted<A> {
    applications: Vec<A>,
    retired: Vec<PartitionId>,
}

pub(super) fn write(state: &State) -> Vec<u8> {
    let applications: Vec<&Application> = state.applications.values().map(|application| &**application).collect();
    let persisted = Persisted { applications, retired: state.retired.clone() };
    serde_json::to_vec(&persisted).expect("an application holds only strings, numbers and string-keyed maps")
}

pub(super) fn read(bytes: &[u8]) -> Result<State, String> {
    let Persisted { applications, retired } =
        serde_json::from_slice::<Persisted<Application>>(bytes).map_err(|error| error.to_string())?;
    let keyed = |found: Application| ((found.scope.clone(), found.name.clone()), Arc::new(found));
    Ok(State { applications: applications.into_iter().map(keyed).collect(), retired })
}
