//! Account settings: the commitment to pay for a minimum throughput, which opens on-demand advantages (warm throughput,
//! more consumers). It lasts a day at least (API reference, UpdateAccountSettings).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{Scope, Timestamp};

use crate::command::StreamCommand;
use crate::{Streams, StreamsError};

/// The shortest commitment.
const COMMITMENT_MIN: Duration = Duration::from_secs(24 * 3600);

/// A commitment, as it stands in the state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// When it began; `None` if there never was one.
    pub started: Option<Timestamp>,
    /// When it ends or ended; `None` while it goes on.
    pub ends: Option<Timestamp>,
}

/// What a commitment is at a time (model shape `MinimumThroughputBillingCommitmentOutputStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitmentStatus {
    /// It goes on.
    Enabled,
    /// It ends by itself as soon as it may.
    EnabledUntilEarliestAllowedEnd,
    /// There is none.
    Disabled,
}

impl Commitment {
    /// What it is at `now`.
    pub fn status(&self, now: Timestamp) -> CommitmentStatus {
        match (self.started, self.ends) {
            (None, _) => CommitmentStatus::Disabled,
            (Some(_), None) => CommitmentStatus::Enabled,
            (Some(_), Some(end)) if now < end => CommitmentStatus::EnabledUntilEarliestAllowedEnd,
            (Some(_), Some(_)) => CommitmentStatus::Disabled,
        }
    }

    /// The first moment at which it may end.
    pub fn earliest_end(&self) -> Option<Timestamp> {
        self.started.map(|started| started.after(COMMITMENT_MIN))
    }

    /// The commitment after the account asked for it, or for its end, at `now`.
    pub(crate) fn changed(self, committed: bool, now: Timestamp) -> Self {
        match (committed, self.status(now)) {
            (true, CommitmentStatus::Disabled) => Self { started: Some(now), ends: None },
            (true, _) => Self { ends: None, ..self },
            (false, CommitmentStatus::Enabled) => Self { ends: self.earliest_end().max(Some(now)), ..self },
            (false, _) => self,
        }
    }
}

impl Streams {
    /// The commitment of an account in a region.
    pub fn commitment(&self, scope: &Scope) -> Commitment {
        self.parts.catalog.current().commitment(scope)
    }

    /// Starts the commitment, or ends it as soon as it may end.
    pub async fn set_commitment(&self, scope: &Scope, committed: bool) -> Result<Commitment, StreamsError> {
        self.submit(StreamCommand::Account { scope: scope.clone(), committed }).await?;
        Ok(self.commitment(scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_lasts_a_day() {
        let (start, hour) = (Timestamp(1_000_000), Duration::from_secs(3600));
        let begun = Commitment::default().changed(true, start);
        assert_eq!(begun.status(start), CommitmentStatus::Enabled);
        let ending = begun.changed(false, start.after(hour));
        assert_eq!(ending.status(start.after(hour)), CommitmentStatus::EnabledUntilEarliestAllowedEnd);
        assert_eq!(ending.status(start.after(COMMITMENT_MIN)), CommitmentStatus::Disabled);
        assert_eq!(ending.changed(true, start.after(hour)), begun, "a change of mind within the day goes on");
        let late = begun.changed(false, start.after(COMMITMENT_MIN * 2));
        assert_eq!(late.status(start.after(COMMITMENT_MIN * 2)), CommitmentStatus::Disabled);
    }
}
