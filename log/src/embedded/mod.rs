//! The engine of one machine: one shared log for all partitions, in segments of preallocated files.
//!
//! Owns: the format of the files (`docs/log-format.md`), group commit, recovery, reading, retention. Refuses: the
//! meaning of keys and values, and any clock but its own idle timer.
//!
//! A call goes to the queue (`queue.rs`), the commit thread (`committer.rs`) makes one frame of all that waits
//! (`draft.rs`, `run.rs`, `format.rs`), flushes it once, publishes it in the table (`table.rs`) and answers. Readers
//! (`reader.rs`) go from the table to a run in the tail ring (`ring.rs`) or in a segment. The maintenance thread
//! (`maintenance.rs`) makes segments ahead and retires dead ones, which are used again (`spares.rs`); `scrub.rs` looks
//! for rot. On open, `recovery.rs` gets the state back (`scan.rs`), or refuses, or repairs (`repair.rs`). `verify.rs` and
//! `rescue.rs` look at a folder that no server uses. Start with `engine.rs`.
//!
//! The command log and all streams share one lane of segments: a segment dies when nothing in it is live, and one that is
//! kept alive by little is copied without its dead (`rewrite.rs`).

mod cache;
mod committer;
mod config;
mod draft;
mod engine;
mod format;
mod head;
mod index;
mod maintenance;
mod page_cache;
mod placement;
mod queue;
mod reader;
mod recovery;
mod repair;
mod replay;
mod rescue;
mod rewrite;
mod ring;
mod room;
mod run;
mod scan;
mod scrub;
mod segment;
mod shared;
mod spares;
mod steps;
mod table;
mod tails;
mod verify;

pub use config::EmbeddedConfig;
pub use engine::EmbeddedLog;
pub use rescue::{Plan, Stretch, Which};
pub use scrub::Scrubbed;
pub use steps::{Step, Threads};
pub use verify::{Finding, Offline, Verified};
