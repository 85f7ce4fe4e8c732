//! The way of a batch from memory to its bucket: compress, key, put, checkpoint, trim.
//!
//! (The delimiter is already in the body: the size of an object counts it.) The checkpoint moves only after the object
//! is stored, and nothing is read past a batch that is not: a failing destination costs time, never records or their
//! order, with one exception that AWS makes too: a DirectPut batch that has been failing for 24 hours is given up.

use std::sync::Arc;

use bytes::Bytes;
use streams::{Commit, Streams};
use tokio::sync::watch;
use types::{Backoff, Clock, Random, limits};

use crate::buffer::Batch;
use crate::checkpoint::{self, Positions};
use crate::compress::compress;
use crate::config::SourceConfig;
use crate::destinations::s3::Buckets;
use crate::flow::{Flow, Target};
use crate::stats::Meter;
use crate::worker::Run;

/// The flow is deleted: what was not delivered is dropped.
#[derive(Debug)]
pub(crate) struct Deleted;

/// See the module text.
pub(crate) struct Flush {
    pub(crate) flow: Arc<Flow>,
    pub(crate) buckets: Buckets,
    pub(crate) streams: Streams,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) run: watch::Receiver<Run>,
}

impl Flush {
    /// Delivers a batch, however long that takes; then `positions` is the checkpoint.
    pub(crate) async fn flush(&mut self, batch: Batch, positions: Positions) -> Result<(), Deleted> {
        // Records without a byte make no object.
        if !batch.body.is_empty() {
            let flow = self.flow.clone();
            let body = compress(flow.compression, batch.body.clone()).await;
            self.put(&batch, &flow.target, body, batch.records - batch.misfits).await?;
        }
        if let Some(dead) = self.flow.dead_letters.clone().filter(|_| !batch.dead_letters.is_empty()) {
            self.put(&batch, &dead.target, batch.dead_letters.clone(), batch.misfits).await?;
        }
        self.checkpoint(positions.clone()).await?;
        self.trim(&positions).await;
        self.meter.counts().delivered = positions;
        Ok(())
    }

    /// Puts an object of `records` under one key until it is stored or given up.
    async fn put(&mut self, batch: &Batch, target: &Target, body: Bytes, records: u64) -> Result<(), Deleted> {
        let key = target.keys.key(batch.oldest, &*self.random);
        let mut backoff = Backoff::default();
        loop {
            let Err(error) = self.buckets.put(&target.bucket, &key, body.clone()).await else {
                self.meter.delivered(records, body.len() as u64);
                tracing::debug!(flow = %self.flow, key, records, "object delivered");
                return Ok(());
            };
            self.meter.failed(self.clock.now(), error.to_string());
            tracing::warn!(flow = %self.flow, key, %error, "the destination failed; it is tried again");
            if self.is_too_old(batch) {
                self.meter.lost(records);
                tracing::error!(flow = %self.flow, key, records, "records lost: the destination failed for 24 hours");
                return Ok(());
            }
            self.wait(&mut backoff).await?;
        }
    }

    /// DirectPut records are kept for 24 hours; those of a stream as long as the stream keeps them, and then the cursor
    /// skips them.
    fn is_too_old(&self, batch: &Batch) -> bool {
        let is_direct = matches!(self.flow.source, SourceConfig::DirectPut { .. });
        is_direct && self.clock.now().since(batch.newest) > limits::DELIVERY_BUFFER_RETENTION
    }

    async fn checkpoint(&mut self, positions: Positions) -> Result<(), Deleted> {
        let checkpoint = (self.flow.checkpoints, checkpoint::encode(&positions));
        let mut backoff = Backoff::default();
        loop {
            let commit = Commit { checkpoint: checkpoint.clone(), outputs: vec![] };
            let Err(error) = self.streams.commit(commit).await else { return Ok(()) };
            tracing::warn!(flow = %self.flow, %error, "the checkpoint failed; it is tried again");
            self.wait(&mut backoff).await?;
        }
    }

    /// Frees the disk; what a failure leaves is freed by the next trim.
    async fn trim(&self, positions: &Positions) {
        let Some(buffer) = self.flow.buffer else { return };
        let Some(before) = positions.get(&buffer) else { return };
        if let Err(error) = self.streams.buffer_trim(buffer, *before).await {
            tracing::warn!(flow = %self.flow, %error, "the buffer was not trimmed");
        }
    }

    /// Waits for the next attempt. A shutdown cuts the first wait short, for one more attempt; a deletion ends it.
    async fn wait(&mut self, backoff: &mut Backoff) -> Result<(), Deleted> {
        let wait = self.clock.sleep(backoff.next(&*self.random));
        if *self.run.borrow_and_update() != Run::Delete {
            tokio::select! {
                () = wait => {}
                Ok(()) = self.run.changed() => {}
            }
        }
        if *self.run.borrow() == Run::Delete { Err(Deleted) } else { Ok(()) }
    }
}
