//! Queues: many receivers share the records of an on-demand stream, each record to one of them at a time, until it is
//! acknowledged. What AWS leaves open is written down in `docs/queues.md`.
//!
//! Owns: what a queue is ([`Queue`]), which record is where in it (`shelves.rs`), and how that survives a crash: one
//! desk per queue (`desk.rs`) is the only one that changes it, writes each change to the queue's journal
//! (`journal.rs`) and answers when that is durable. Refuses: HTTP and AWS shapes. Read `shelves.rs` next.

mod control;
mod desk;
mod handle;
mod journal;
mod queue;
mod receive;
mod settle;
mod shelves;

pub use control::{CreateQueue, QueuePage};
pub use queue::{Queue, QueueAttributes, QueueChange, QueueStart, QueueStatus};
pub use receive::{QueueRecord, Receive};
pub use settle::{QueueAction, QueueRefusal};
pub use shelves::Shelf;

pub(crate) use desk::Desks;
pub(crate) use queue::{QueueCommand, QueueRef};

/// Records that a queue may hold between their first receipt and their acknowledgement (AWS: in flight), and dead
/// letters that it may hold.
pub(crate) const HELD_MAX: usize = 120_000;
