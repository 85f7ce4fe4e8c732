//! The task of a running application: brings pages to the execution, and commits its rows together with its state.
//!
//! Rows leave only through [`Streams::commit`], in one atomic append with the checkpoint they belong to. Whatever breaks
//! between two commits is done again from the last one, with the same result: exactly once. A failed job starts again
//! after a pause, as Flink's does; how it failed shows in [`JobStatus`]. The task is never aborted, only told to stop:
//! an abort could leave an append under way that the next run does not know of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use streams::{Commit, Start, Streams, StreamsError};
use tokio::sync::watch;
use types::{Clock, Kind, Random, Scope, StreamName, Timestamp};

use super::JobError;
use super::checkpoint::{Checkpoint, ShardKey, ShardPosition};
use super::execution::Execution;
use super::shards::{Pages, ShardPage, cursor, initial, keys, pages, resolve};
use super::status::{JobState, JobStatus, ShardLag};
use crate::catalog::Application;
use crate::program::Program;

/// State without new rows is saved this often; it only bounds the work that is done again after a crash.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);
/// Rows after which pages no longer join a commit. A commit never waits for more rows.
const COMMIT_ROWS_MAX: usize = 5000;
/// Pages that may join one commit, so that a job that only filters still stops and saves in time.
const COMMIT_PAGES_MAX: usize = 64;
/// The pause before the first restart; it doubles with each failure in a row, as Flink's exponential delay.
const RESTART_DELAY_MIN: Duration = Duration::from_secs(1);
/// The longest pause.
const RESTART_DELAY_MAX: Duration = Duration::from_secs(60);
/// The pause after the log was too busy for a commit, and how often it is tried before the job fails.
const BUSY_DELAY: Duration = Duration::from_millis(50);
const BUSY_TRIES_MAX: usize = 200;

/// What a job is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Go on.
    On,
    /// Save the state and stop.
    Stop,
    /// Stop at once; the last checkpoint stays.
    ForceStop,
}

/// What a job stands on.
#[derive(Clone)]
pub(crate) struct JobParts {
    pub(crate) streams: Streams,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// Runs an application until it is told to stop.
pub(crate) async fn run(
    parts: JobParts,
    application: Arc<Application>,
    status: watch::Sender<JobStatus>,
    mut told: watch::Receiver<Run>,
) {
    let mut delay = RESTART_DELAY_MIN;
    loop {
        let commits_before = status.borrow().commits;
        let failure = match attempt(&parts, &application, &status, &mut told).await {
            Ok(()) => return,
            Err(failure) => failure,
        };
        if status.borrow().commits > commits_before + 1 {
            delay = RESTART_DELAY_MIN;
        }
        tracing::warn!(application = %application.name, error = %failure, delay_ms = delay.as_millis() as u64, "application failed and will start again");
        status.send_modify(|status| status.failed(failure.to_string(), parts.clock.now()));
        tokio::select! {
            () = parts.clock.sleep(delay) => {}
            () = stopped(&mut told) => return,
        }
        delay = (delay * 2).min(RESTART_DELAY_MAX);
    }
}

async fn stopped(told: &mut watch::Receiver<Run>) {
    // A sender that is gone means that nobody owns the job any more.
    let _gone = told.wait_for(|run| *run != Run::On).await;
}

/// One run from the last checkpoint; `Ok` when it was told to stop.
async fn attempt(
    parts: &JobParts,
    application: &Arc<Application>,
    status: &watch::Sender<JobStatus>,
    told: &mut watch::Receiver<Run>,
) -> Result<(), JobError> {
    let program = crate::sql::compile(&application.definition.sql);
    let program = Arc::new(program.map_err(|error| JobError::Checkpoint(error.to_string()))?);
    let mut job = Job::open(parts, application, program, status).await?;
    let mut next_checkpoint = parts.clock.now().after(CHECKPOINT_INTERVAL);
    loop {
        let now = parts.clock.now();
        let wake = job.execution.next_idle(now).map_or(next_checkpoint, |idle| idle.min(next_checkpoint));
        tokio::select! {
            biased;
            () = stopped(told) => {
                if *told.borrow() == Run::Stop {
                    job.commit().await?;
                }
                return Ok(());
            }
            page = job.pages.next(), if !job.pages.is_empty() => {
                if let Some(page) = page {
                    job.take(page?).await?;
                }
                job.take_ready().await?;
            }
            () = parts.clock.sleep(wake.since(now).max(Duration::from_millis(1))) => {}
        }
        let now = parts.clock.now();
        for source in 0..job.program.sources.len() {
            job.execution.advance(source, now)?;
        }
        if job.execution.output_count() > 0 || (job.unsaved && now >= next_checkpoint) {
            job.commit().await?;
        }
        if now >= next_checkpoint {
            next_checkpoint = now.after(CHECKPOINT_INTERVAL);
        }
        job.report();
    }
}

struct Job<'a> {
    parts: &'a JobParts,
    application: &'a Arc<Application>,
    program: Arc<Program>,
    status: &'a watch::Sender<JobStatus>,
    execution: Execution,
    /// The stream of each source and of each sink.
    sources: Vec<(Scope, StreamName)>,
    sinks: Vec<(Scope, StreamName)>,
    pages: Pages,
    lag: BTreeMap<(usize, ShardKey), ShardLag>,
    /// Whether records were read since the last commit.
    unsaved: bool,
}

impl<'a> Job<'a> {
    async fn open(
        parts: &'a JobParts,
        application: &'a Arc<Application>,
        program: Arc<Program>,
        status: &'a watch::Sender<JobStatus>,
    ) -> Result<Self, JobError> {
        let scope = &application.scope;
        let sources = program.sources.iter().map(|s| resolve(scope, &s.name, &s.stream)).collect::<Result<_, _>>()?;
        let sinks: Vec<_> =
            program.sinks.iter().map(|s| resolve(scope, &s.name, &s.stream)).collect::<Result<_, _>>()?;
        for (scope, name) in &sinks {
            parts.streams.expect_stream(scope, name)?;
        }
        let execution = Execution::new(program.clone(), parts.random.clone())?;
        let (pages, lag) = (Pages::new(), BTreeMap::new());
        let mut job =
            Self { parts, application, program, status, execution, sources, sinks, pages, lag, unsaved: false };
        let saved = job.load().await?;
        let is_new = saved.is_none();
        job.restore(saved).await?;
        if is_new {
            // From now on LATEST means this moment, also after a crash.
            job.commit().await?;
        }
        job.status.send_modify(|status| status.state = JobState::Running);
        job.report();
        Ok(job)
    }

    /// The last checkpoint, if this run continues it.
    async fn load(&mut self) -> Result<Option<Checkpoint>, JobError> {
        let record = self.parts.streams.load_checkpoint(self.application.checkpoints()).await?;
        let Some(record) = record else { return Ok(None) };
        let checkpoint = Checkpoint::decode(&record)?;
        Ok((checkpoint.header.lineage == self.application.lineage).then_some(checkpoint))
    }

    /// Takes up the state and opens every shard there is.
    async fn restore(&mut self, saved: Option<Checkpoint>) -> Result<(), JobError> {
        let is_new = saved.is_none();
        if let Some(mut saved) = saved {
            for (state, (scope, name)) in saved.header.sources.iter_mut().zip(&self.sources) {
                let existing = keys(&*self.parts.streams.stream(scope, name)?);
                state.shards.retain(|shard| existing.contains(&shard.key));
            }
            self.execution.restore(&saved, self.parts.clock.now())?;
            for source in 0..self.sources.len() {
                for shard in self.execution.shards(source).to_vec().into_iter().filter(|shard| !shard.ended) {
                    self.read(source, shard.key, Start::At(shard.next)).await?;
                }
            }
        }
        for source in 0..self.sources.len() {
            // Shards that opened while nobody looked are read whole.
            let start = if is_new { initial(self.program.sources[source].position) } else { Start::Horizon };
            self.discover(source, start).await?;
        }
        Ok(())
    }

    /// Opens the shards of a source that are not known yet.
    async fn discover(&mut self, source: usize, start: Start) -> Result<(), JobError> {
        let (scope, name) = &self.sources[source];
        let stream = self.parts.streams.stream(scope, name)?;
        let known: Vec<_> = self.execution.shards(source).iter().map(|shard| shard.key).collect();
        let mut unknown: Vec<_> = keys(&stream).into_iter().filter(|key| !known.contains(key)).collect();
        unknown.sort();
        for key in unknown {
            let next = self.read(source, key, start).await?;
            let shard = ShardPosition { key, next, ended: false, watermark: None };
            self.execution.open_shard(source, shard, self.parts.clock.now());
        }
        Ok(())
    }

    /// Begins to read a shard; answers from where.
    async fn read(&mut self, source: usize, key: ShardKey, start: Start) -> Result<types::Offset, JobError> {
        let (scope, name) = &self.sources[source];
        let stream = self.parts.streams.stream(scope, name)?;
        let gone = || StreamsError::NotFound(format!("{} of stream {name} is gone", key.shard));
        let cursor = cursor(&self.parts.streams, &stream, key, start).await?.ok_or_else(gone)?;
        let next = cursor.position();
        self.pages.push(pages(source, key, cursor));
        Ok(next)
    }

    async fn take(&mut self, event: ShardPage) -> Result<(), JobError> {
        let ShardPage { source, shard, page, next } = event;
        let now = self.parts.clock.now();
        if page.ended {
            // The children hold the watermark before the parent lets go of it.
            self.discover(source, Start::Horizon).await?;
        }
        self.execution.feed(source, shard, &page.records, next, now)?;
        if page.ended {
            self.execution.end_shard(source, shard);
        }
        let arrival = page.records.last().map(|record| record.arrival);
        self.lag.insert((source, shard), ShardLag { records_behind: page.records_behind, arrival });
        self.unsaved = true;
        Ok(())
    }

    /// Takes the pages that are there already, so that they share a commit.
    async fn take_ready(&mut self) -> Result<(), JobError> {
        for _ in 0..COMMIT_PAGES_MAX {
            if self.execution.output_count() >= COMMIT_ROWS_MAX {
                break;
            }
            let Some(Some(page)) = self.pages.next().now_or_never() else { break };
            self.take(page?).await?;
        }
        Ok(())
    }

    /// Writes the state and the rows that came with it, all or none.
    async fn commit(&mut self) -> Result<(), JobError> {
        let checkpoint = self.execution.snapshot(self.application.lineage)?.encode()?;
        let rows = self.execution.take_outputs();
        let outputs = self.sinks.iter().zip(rows).filter(|(_, rows)| !rows.is_empty());
        let outputs = outputs.map(|((scope, name), rows)| (scope.clone(), name.clone(), rows)).collect();
        let commit = Commit { checkpoint: (self.application.checkpoints(), checkpoint), outputs };
        let mut tries = 0;
        loop {
            match self.parts.streams.commit(commit.clone()).await {
                Ok(()) => break,
                // Nothing was written, so the same commit can be tried again.
                Err(error) if error.kind() == Kind::Throttled && tries < BUSY_TRIES_MAX => tries += 1,
                Err(error) => return Err(error.into()),
            }
            self.parts.clock.sleep(BUSY_DELAY).await;
        }
        self.unsaved = false;
        self.status.send_modify(|status| status.commits += 1);
        self.report();
        Ok(())
    }

    fn report(&self) {
        let (counters, watermark) = (self.execution.counters(), self.execution.watermark());
        self.status.send_if_modified(|status| status.progress(counters, watermark, &self.lag));
    }
}

/// How long ago the oldest record arrived that is still to be read, as far as is known.
pub(crate) fn behind(lag: &BTreeMap<(usize, ShardKey), ShardLag>, now: Timestamp) -> Duration {
    let waiting = lag.values().filter(|lag| lag.records_behind > 0);
    waiting.filter_map(|lag| lag.arrival).map(|arrival| now.since(arrival)).max().unwrap_or_default()
}
