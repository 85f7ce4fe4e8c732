//! Splits, merges and scaling: which shards close and which open in their place.
//!
//! A reshard is a command that stores a [`Plan`] with the stream, then one `Advance` command for each round of it. In
//! between, the driver closes the round's parents in the log. A shard opens only after its parents are closed, so the
//! records of a key are in order across them; a put that meets a closed shard waits for the children and is routed
//! again. A crash anywhere leaves the plan in the state, and the driver goes on after the restart.
//!
//! Owns: planning ([`plan`]) and driving (`drive.rs`). Refuses: changing the state, which `catalog/reshard.rs` does.

mod drive;
mod plan;
mod request;

pub(crate) use plan::{Plan, Step, halve, scale};
pub use request::Scaled;
