//! What a caller may do about an error; the server maps each crate's errors to AWS codes in one place.

use serde::{Deserialize, Serialize};

/// The kinds of failure, by what the caller can do. The command log stores the kind of a refusal; no name changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No such resource: create it or ask for another.
    NotFound,
    /// It exists already, or its state does not allow the call: wait or choose another name.
    InUse,
    /// The request itself is wrong: change it.
    Invalid,
    /// The operation is not one of this kind of resource: use another.
    Unsupported,
    /// A quota is used up: free something.
    LimitExceeded,
    /// Too fast: back off and retry.
    Throttled,
    /// An iterator or page token is too old: ask for a new one.
    Expired,
    /// The state moved under the caller: read it again and retry.
    Conflict,
    /// The server cannot serve now (shutting down, disk full): retry later.
    Unavailable,
    /// A fault of the server.
    Internal,
}
