//! Running a program: records in, rows out, exactly once.
//!
//! `execution` holds the operators and is synchronous; `decode` and `encode` are its ends, `window`, `watermark` and
//! `aggregate` its middle, `checkpoint` its persisted form. `job` is the task around it, `reading` its cursors.

mod aggregate;
mod checkpoint;
mod decode;
mod encode;
mod error;
mod execution;
pub(crate) mod job;
mod portions;
mod reading;
mod watermark;
pub(crate) mod window;

pub(crate) use error::JobError;

#[cfg(test)]
mod golden;
