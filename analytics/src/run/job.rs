//! The task of one running application: reads pages, feeds the operators, commits.
//!
//! A commit is one atomic append of the checkpoint and the rows made since the last one. Rows that are not committed
//! exist in memory only; a job that is dropped at any moment goes on from its last commit and makes them again, from the
//! same records in the same state: every row is written exactly once. A job that fails is started again from its
//! checkpoint after a while, as Flink does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use streams::{Commit, PutEntry, Streams};
use tokio::sync::{oneshot, watch};
use types::{Backoff, Clock, Random, Scope, Sleep, StreamName, Timestamp};

use super::JobError;
use super::checkpoint::Checkpoint;
use super::execution::Execution;
use super::portions::Portions;
use super::reading::{PAGE_RECORDS_MAX, Read, Reading, key_of, start_of, stream_name, stream_of};
use crate::Application;
use crate::program::Program;
use crate::stats::Meter;

/// How long a row may wait for others before it is committed.
const OUTPUT_DELAY: Duration = Duration::from_millis(100);
/// Rows that are committed without waiting for more.
const OUTPUT_ROWS_MAX: usize = 5_000;
/// Bytes of rows in one commit; well below what the log takes in one append.
const OUTPUT_BYTES_MAX: usize = 32 << 20;
/// How often positions and state are saved when no row makes them be saved, unless the application says otherwise.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(5);
/// How often new shards are looked for.
const RECHECK: Duration = Duration::from_secs(1);
/// The wait before a commit is tried again that found the log's queue full.
const OVERLOAD_PAUSE: Duration = Duration::from_millis(50);

/// What a job is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Go on.
    On,
    /// Commit and end.
    Stop,
}

/// What a job is made of.
pub(crate) struct Job {
    pub(crate) application: Arc<Application>,
    pub(crate) program: Arc<Program>,
    pub(crate) streams: Streams,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) run: watch::Receiver<Run>,
}

/// Runs until it is told to stop. `opened` is told when the positions from which it reads are durable, or when the first
/// attempt failed.
pub(crate) async fn run(job: Job, opened: oneshot::Sender<()>) {
    let mut opened = Some(opened);
    let mut delay = Backoff::default();
    loop {
        let error = match attempt(&job, &mut opened, &mut delay).await {
            Ok(()) => return,
            Err(error) => error,
        };
        let wait = delay.next(&*job.random);
        tracing::warn!(application = %job.application.arn(), %error, ?wait, "the application failed and is started again from its checkpoint");
        {
            let mut stats = job.meter.stats();
            stats.failure = Some((job.clock.now(), error.to_string()));
            stats.restarts += 1;
        }
        tell(&mut opened);
        let mut run = job.run.clone();
        tokio::select! {
            () = job.clock.sleep(wait) => {}
            () = stopped(&mut run) => return,
        }
    }
}

async fn attempt(job: &Job, opened: &mut Option<oneshot::Sender<()>>, delay: &mut Backoff) -> Result<(), JobError> {
    let mut attempt = Attempt::open(job).await?;
    tell(opened);
    attempt.work(delay).await
}

fn tell(opened: &mut Option<oneshot::Sender<()>>) {
    if let Some(opened) = opened.take() {
        // Nobody has to wait for it.
        let _gone = opened.send(());
    }
}

/// Completes when the job is told to stop, or everybody who could tell it is gone.
async fn stopped(run: &mut watch::Receiver<Run>) {
    let _gone = run.wait_for(|run| *run == Run::Stop).await;
}

/// The application from its last checkpoint to its next failure.
struct Attempt<'a> {
    job: &'a Job,
    execution: Execution,
    reading: Reading,
    sinks: Vec<(Scope, StreamName)>,
    interval: Duration,
    /// When the next commit is due; `None` while nothing has changed.
    due: Option<(Timestamp, Sleep)>,
    last_commit: Timestamp,
    tick: Sleep,
}

enum Step {
    Stop,
    Commit,
    Read(Box<Read>),
    Tick,
}

impl<'a> Attempt<'a> {
    /// Takes up the checkpoint, or begins where the tables say; either way the positions are durable when it answers.
    async fn open(job: &'a Job) -> Result<Self, JobError> {
        let now = job.clock.now();
        let (application, program) = (&job.application, &job.program);
        let mut sinks = Vec::with_capacity(program.sinks.len());
        for sink in &program.sinks {
            stream_of(&job.streams, &application.scope, &sink.name, &sink.stream)?;
            sinks.push(stream_name(&application.scope, &sink.name, &sink.stream)?);
        }
        let checkpoint = load(job).await?;
        let is_new = checkpoint.is_none();
        let mut execution = Execution::new(program.clone(), job.random.clone())?;
        if let Some(checkpoint) = checkpoint {
            execution.restore(&checkpoint, now)?;
        }
        let custom = application.configuration.checkpointing;
        let mut attempt = Self {
            job,
            execution,
            reading: Reading::new(job.streams.clone(), application.scope.clone()),
            sinks,
            interval: custom.map_or(CHECKPOINT_INTERVAL, |custom| Duration::from_millis(custom.interval_ms)),
            due: None,
            last_commit: now,
            tick: job.clock.sleep(RECHECK),
        };
        for index in 0..program.sources.len() {
            attempt.refresh(index, is_new).await?;
        }
        if is_new {
            attempt.commit().await?;
        }
        Ok(attempt)
    }

    async fn work(&mut self, delay: &mut Backoff) -> Result<(), JobError> {
        let mut run = self.job.run.clone();
        loop {
            let step = tokio::select! {
                biased;
                () = stopped(&mut run) => Step::Stop,
                () = due(&mut self.due) => Step::Commit,
                // Before the pages: under load there is always one, and a silent shard must still become idle.
                () = &mut self.tick => Step::Tick,
                read = self.reading.next() => Step::Read(Box::new(read)),
            };
            match step {
                Step::Stop => return self.commit().await,
                Step::Commit => {
                    self.commit().await?;
                    delay.reset();
                }
                Step::Read(read) => self.take(*read).await?,
                Step::Tick => self.tick().await?,
            }
        }
    }

    async fn take(&mut self, read: Read) -> Result<(), JobError> {
        let Read { source, key, range, page, cursor } = read;
        // Its part of the budget is given back when this returns.
        let held = page?;
        let (ended, behind) = (held.page.ended, held.page.records_behind);
        let now = self.job.clock.now();
        for portion in Portions::of(held.page.records, range, PAGE_RECORDS_MAX) {
            self.execution.feed(source, key, &portion.records, portion.next, now)?;
            if portion.next.is_some() {
                self.plan_commit(now).await?;
            }
        }
        self.execution.feed(source, key, &[], Some(cursor.position()), now)?;
        if ended {
            self.reading.end(source, key);
            // The children hold the watermark from now on, so they come before the parent lets it go.
            self.refresh(source, false).await?;
            self.execution.end_shard(source, key);
            self.execution.advance(source, now)?;
        } else {
            self.reading.read_on(source, key, range, cursor);
        }
        self.job.meter.stats().records_behind = behind;
        self.plan_commit(now).await
    }

    /// Looks for new shards and at the clock.
    async fn tick(&mut self) -> Result<(), JobError> {
        let now = self.job.clock.now();
        for index in 0..self.job.program.sources.len() {
            self.refresh(index, false).await?;
            self.execution.advance(index, now)?;
        }
        let idle = self.execution.next_idle(now).map_or(RECHECK, |idle| idle.since(now));
        self.tick = self.job.clock.sleep(idle.clamp(Duration::from_millis(1), RECHECK));
        if self.execution.output_count() > 0 {
            self.plan_commit(now).await?;
        }
        Ok(())
    }

    /// Opens what is not open yet of a source. Only a source that begins starts where its table says; a shard that turns
    /// up later is read whole.
    async fn refresh(&mut self, index: usize, is_new: bool) -> Result<(), JobError> {
        let source = &self.job.program.sources[index];
        let start = if is_new { start_of(source.position) } else { streams::Start::Horizon };
        let known = self.execution.shards(index).to_vec();
        let now = self.job.clock.now();
        for shard in self.reading.refresh(index, source, &known, start).await? {
            self.execution.open_shard(index, shard, now);
        }
        Ok(())
    }

    /// Commits at once when much waits; otherwise sets the time for it.
    async fn plan_commit(&mut self, now: Timestamp) -> Result<(), JobError> {
        let rows = self.execution.output_count();
        if rows >= OUTPUT_ROWS_MAX {
            return self.commit().await;
        }
        let wanted = self.last_commit.after(if rows > 0 { OUTPUT_DELAY } else { self.interval });
        if self.due.as_ref().is_none_or(|(due, _)| wanted < *due) {
            self.due = Some((wanted, self.job.clock.sleep(wanted.since(now))));
        }
        Ok(())
    }

    /// Makes the state and the rows since the last commit durable, together.
    async fn commit(&mut self) -> Result<(), JobError> {
        let checkpoint = self.execution.snapshot(self.job.application.lineage)?.encode()?;
        let outputs: Vec<(Scope, StreamName, Vec<PutEntry>)> = self
            .sinks
            .iter()
            .cloned()
            .zip(self.execution.take_outputs())
            .filter(|(_, rows)| !rows.is_empty())
            .map(|((scope, name), rows)| (scope, name, rows))
            .collect();
        check_size(&outputs)?;
        loop {
            let commit =
                Commit { checkpoint: (self.job.application.checkpoints, checkpoint.clone()), outputs: outputs.clone() };
            match self.job.streams.commit(commit).await {
                Ok(()) => break,
                Err(error) if error.kind() == types::Kind::Throttled => self.job.clock.sleep(OVERLOAD_PAUSE).await,
                Err(error) => return Err(error.into()),
            }
        }
        self.due = None;
        self.last_commit = self.job.clock.now();
        self.report();
        Ok(())
    }

    fn report(&self) {
        let counters = self.execution.counters();
        let mut stats = self.job.meter.stats();
        stats.records_in = counters.records_in;
        stats.rows_out = counters.rows_out;
        stats.late = counters.late;
        stats.ignored = counters.ignored;
        stats.watermark = self.execution.watermark();
        stats.failure = None;
    }
}

async fn due(due: &mut Option<(Timestamp, Sleep)>) {
    match due {
        Some((_, sleep)) => sleep.await,
        None => std::future::pending().await,
    }
}

fn check_size(outputs: &[(Scope, StreamName, Vec<PutEntry>)]) -> Result<(), JobError> {
    let rows = outputs.iter().flat_map(|(_, _, rows)| rows);
    let bytes = rows.map(|row| row.data.len() + row.partition_key.as_ref().map_or(0, Bytes::len)).sum();
    if bytes > OUTPUT_BYTES_MAX {
        return Err(JobError::OutputTooLarge { bytes, bytes_max: OUTPUT_BYTES_MAX });
    }
    Ok(())
}

/// The last checkpoint if it belongs to this descent, without the shards that are no more.
async fn load(job: &Job) -> Result<Option<Checkpoint>, JobError> {
    // A job that was cut off may have left a commit in the log's queue. Appends are decided in order, so behind this
    // empty one its outcome is known.
    job.streams.buffer_append(job.application.checkpoints, Vec::new()).await?;
    let Some(record) = job.streams.load_checkpoint(job.application.checkpoints).await? else { return Ok(None) };
    let mut checkpoint = Checkpoint::decode(&record)?;
    if checkpoint.header.lineage != job.application.lineage {
        return Ok(None);
    }
    for (source, state) in job.program.sources.iter().zip(&mut checkpoint.header.sources) {
        let stream = stream_of(&job.streams, &job.application.scope, &source.name, &source.stream)?;
        state.shards.retain(|known| stream.shards.iter().any(|shard| key_of(shard) == known.key));
    }
    Ok(Some(checkpoint))
}
