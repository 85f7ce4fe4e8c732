//! The engine without threads of its own: a simulator calls the steps that the threads would take, one at a time and in
//! an order that it chooses, so that a history can be repeated.
//!
//! Owns: what one step is. Refuses: when to take it. Read `committer.rs` and `maintenance.rs` for what the steps do.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::committer::Committer;
use super::maintenance::{self, Job};
use super::shared::SharedRef;

/// Who takes the steps of the commit and maintenance threads.
#[derive(Clone, Default)]
pub enum Threads {
    /// Two threads of the log; reads go to the blocking threads of the runtime.
    #[default]
    Own,
    /// The owner, by [`EmbeddedLog::step`](super::EmbeddedLog::step). Reads are done by whoever polls them. The function
    /// is called whenever there is a reason for a step, from within calls of the log: it must only take note.
    Stepped(Arc<dyn Fn() + Send + Sync>),
}

impl Threads {
    /// Whether nothing may be handed to a thread.
    pub(crate) fn are_stepped(&self) -> bool {
        matches!(self, Self::Stepped(_))
    }

    /// Says that there is a reason for a step.
    pub(crate) fn wake(&self) {
        if let Self::Stepped(wake) = self {
            wake();
        }
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.are_stepped() { "Stepped" } else { "Own" })
    }
}

/// One step of a log whose [`Threads`] are stepped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Commit what waits, as one frame; when the log was closed and nothing waits, end.
    Commit,
    /// Nothing waited for a while: say in the log that the last frame is durable.
    Idle,
    /// Do one job of the maintenance thread.
    Maintain,
}

/// What the threads would own.
pub(crate) struct Stepped {
    shared: SharedRef,
    /// `None` once it has ended.
    committer: Option<Committer>,
    orders: Receiver<Job>,
}

impl Stepped {
    pub(crate) fn new(shared: SharedRef, committer: Committer, orders: Receiver<Job>) -> Self {
        Self { shared, committer: Some(committer), orders }
    }

    /// Takes a step and answers whether there was something to do.
    pub(crate) fn step(&mut self, step: Step) -> bool {
        match step {
            Step::Commit | Step::Idle => self.commit(step == Step::Idle),
            Step::Maintain => match self.orders.try_recv() {
                Ok(job) => {
                    if maintenance::work(&self.shared, job).is_break() {
                        self.shared.end();
                    }
                    true
                }
                Err(_) => false,
            },
        }
    }

    fn commit(&mut self, is_idle: bool) -> bool {
        let Some(committer) = &mut self.committer else { return false };
        let (worked, flow) = committer.try_turn(is_idle);
        if flow == ControlFlow::Break(()) {
            self.committer = None;
            self.shared.order(Job::End);
        }
        worked
    }
}
