//! The handle that the API holds, and the jobs behind it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use streams::Streams;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use types::{ApplicationName, Clock, Command, Commands, Domain, Random, Scope, Timestamp};

use crate::catalog::{Application, Catalog};
use crate::command::{AnalyticsCommand, Definition};
use crate::error::AnalyticsError;
use crate::run::job::{self, JobParts, Run};
use crate::run::status::{JobState, JobStatus};

/// What Analytics stands on; everything that a simulator replaces is here.
pub struct Parts {
    /// The state machine that the command log feeds.
    pub catalog: Arc<Catalog>,
    /// Where records come from and go to, and where checkpoints are kept.
    pub streams: Streams,
    /// Where control operations go.
    pub commands: Arc<dyn Commands>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where the partition keys of rows without PARTITIONED BY come from.
    pub random: Arc<dyn Random>,
}

/// Analytics. Cheap to clone.
#[derive(Clone)]
pub struct Analytics {
    parts: Arc<Parts>,
    jobs: Arc<Mutex<Jobs>>,
}

impl std::fmt::Debug for Analytics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analytics").finish_non_exhaustive()
    }
}

type Key = (Scope, ApplicationName);

#[derive(Default)]
struct Jobs {
    running: HashMap<Key, Handle>,
    /// Applications that an operation changes right now, and what they show meanwhile.
    changing: HashMap<Key, Status>,
    stopping: bool,
}

/// A running job.
struct Handle {
    run: watch::Sender<Run>,
    status: watch::Receiver<JobStatus>,
    task: JoinHandle<()>,
}

/// The status of an application (model shape `ApplicationStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does not run.
    Ready,
    /// It takes up its positions.
    Starting,
    /// It runs, or waits to run again after a failure.
    Running,
    /// It saves its state and stops.
    Stopping,
    /// It stops without saving.
    ForceStopping,
    /// It is being deleted.
    Deleting,
}

impl Status {
    /// The model's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
            Self::ForceStopping => "FORCE_STOPPING",
            Self::Deleting => "DELETING",
        }
    }
}

/// An application and how it is.
#[derive(Debug, Clone)]
pub struct Described {
    /// What it is.
    pub application: Arc<Application>,
    /// How it is.
    pub status: Status,
    /// Its last failure since it was started.
    pub failure: Option<String>,
}

/// A page of applications, in order of name.
#[derive(Debug, Clone)]
pub struct ApplicationPage {
    /// The applications.
    pub applications: Vec<Described>,
    /// Whether there are more after the last one.
    pub has_more: bool,
}

/// What a running application did since its state began, and how far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records read.
    pub records_in: u64,
    /// Rows written to sinks.
    pub rows_out: u64,
    /// Rows that came after their window had fired (for HOP and CUMULATE: row and window pairs).
    pub late_rows: u64,
    /// Records and fields passed over by `json.ignore-parse-errors`.
    pub ignored: u64,
    /// Event time up to which windows have fired, in milliseconds since 1970.
    pub watermark_millis: Option<i64>,
    /// Records that wait to be read.
    pub records_behind: u64,
    /// How long ago the last record read had arrived, where more are waiting.
    pub behind: Duration,
    /// Restarts after a failure.
    pub restarts: u64,
    /// The last failure.
    pub failure: Option<String>,
    /// When it was.
    pub failed_at: Option<Timestamp>,
}

impl Analytics {
    /// The service over `parts`. Nothing runs before [`Self::resume`].
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), jobs: Arc::default() }
    }

    /// Runs every application that should run, and drops the checkpoints of deleted ones that a crash may have left. To be
    /// called once, when the command log was replayed.
    ///
    /// # Errors
    /// When the log cannot drop a partition.
    pub async fn resume(&self) -> Result<(), AnalyticsError> {
        for partition in self.parts.catalog.retired() {
            self.parts.streams.drop_partition(partition).await?;
        }
        for application in self.parts.catalog.all().into_iter().filter(|application| application.should_run) {
            self.spawn(&application);
        }
        Ok(())
    }

    /// Saves the state of every running application and stops it; [`Self::resume`] of the next process goes on there.
    pub async fn shutdown(&self) {
        let handles = {
            let mut jobs = self.jobs();
            jobs.stopping = true;
            std::mem::take(&mut jobs.running)
        };
        join_all(handles.into_values().map(|handle| stop(handle, Run::Stop))).await;
    }

    /// Creates an application, not started.
    ///
    /// # Errors
    /// [`AnalyticsError::Code`] when the SQL is wrong or not supported; [`AnalyticsError::InUse`] when the name is taken.
    pub async fn create(
        &self,
        scope: &Scope,
        name: ApplicationName,
        definition: Definition,
    ) -> Result<Described, AnalyticsError> {
        let runtime = &definition.runtime_environment;
        if !runtime.starts_with("FLINK-") && runtime != "SQL-1_0" {
            return Err(AnalyticsError::Invalid(format!("Runtime environment {runtime} is not supported")));
        }
        if self.parts.catalog.get(scope, &name).is_some() {
            return Err(AnalyticsError::InUse(format!("Application {name} already exists")));
        }
        crate::sql::compile(&definition.sql)?;
        let command = AnalyticsCommand::Create { scope: scope.clone(), name: name.clone(), definition };
        self.submit(&command).await?;
        self.describe(scope, &name)
    }

    /// The application of that name.
    ///
    /// # Errors
    /// [`AnalyticsError::NotFound`].
    pub fn describe(&self, scope: &Scope, name: &ApplicationName) -> Result<Described, AnalyticsError> {
        self.application(scope, name).map(|application| self.described(application))
    }

    /// The applications after `after`, at most `limit`.
    pub fn list(&self, scope: &Scope, after: Option<&ApplicationName>, limit: usize) -> ApplicationPage {
        let mut applications = self.parts.catalog.list(scope, after);
        let has_more = applications.len() > limit;
        applications.truncate(limit);
        let applications = applications.into_iter().map(|application| self.described(application)).collect();
        ApplicationPage { applications, has_more }
    }

    /// Runs an application from its last checkpoint or, if `fresh`, from where its tables say. Answers when it has taken up
    /// its positions (records put after that are read) or failed to, in which case it keeps trying.
    ///
    /// # Errors
    /// [`AnalyticsError::InUse`] when it is not READY.
    pub async fn start(&self, scope: &Scope, name: &ApplicationName, fresh: bool) -> Result<(), AnalyticsError> {
        let _changing = self.change(scope, name, Status::Starting, |status| status == Status::Ready)?;
        let command = AnalyticsCommand::Start { scope: scope.clone(), name: name.clone(), fresh };
        self.submit(&command).await?;
        let application = self.application(scope, name)?;
        if let Some(mut status) = self.spawn(&application) {
            // An error means that the server stops; the next process starts the job.
            let _stopped = status.wait_for(|status| status.state != JobState::Starting).await;
        }
        Ok(())
    }

    /// Stops an application; unless `force`, its state is saved first.
    ///
    /// # Errors
    /// [`AnalyticsError::InUse`] when it is not RUNNING.
    pub async fn stop(&self, scope: &Scope, name: &ApplicationName, force: bool) -> Result<(), AnalyticsError> {
        let shown = if force { Status::ForceStopping } else { Status::Stopping };
        let _changing = self.change(scope, name, shown, |status| status == Status::Running)?;
        self.stop_job(scope, name, if force { Run::ForceStop } else { Run::Stop }).await;
        self.submit(&AnalyticsCommand::Stop { scope: scope.clone(), name: name.clone() }).await
    }

    /// Stops an application if it runs, and forgets it with its checkpoints.
    ///
    /// # Errors
    /// [`AnalyticsError::Invalid`] when it was not created at `created`, compared to the second because clients carry
    /// timestamps as floating-point numbers.
    pub async fn delete(
        &self,
        scope: &Scope,
        name: &ApplicationName,
        created: Timestamp,
    ) -> Result<(), AnalyticsError> {
        let application = self.application(scope, name)?;
        if application.created.seconds().abs_diff(created.seconds()) > 1 {
            let message =
                format!("CreateTimestamp is not that of application {name}; take it from DescribeApplication");
            return Err(AnalyticsError::Invalid(message));
        }
        let idle = |status| matches!(status, Status::Ready | Status::Running);
        let _changing = self.change(scope, name, Status::Deleting, idle)?;
        self.stop_job(scope, name, Run::ForceStop).await;
        self.submit(&AnalyticsCommand::Delete { scope: scope.clone(), name: name.clone() }).await?;
        Ok(self.parts.streams.drop_partition(application.checkpoints()).await?)
    }

    /// What a running application did; zeros when it does not run.
    ///
    /// # Errors
    /// [`AnalyticsError::NotFound`].
    pub fn stats(&self, scope: &Scope, name: &ApplicationName) -> Result<Stats, AnalyticsError> {
        self.application(scope, name)?;
        let jobs = self.jobs();
        let Some(handle) = jobs.running.get(&(scope.clone(), name.clone())) else { return Ok(Stats::default()) };
        let status = handle.status.borrow();
        Ok(Stats {
            records_in: status.counters.records_in,
            rows_out: status.counters.rows_out,
            late_rows: status.counters.late,
            ignored: status.counters.ignored,
            watermark_millis: status.watermark,
            records_behind: status.lag.values().map(|lag| lag.records_behind).sum(),
            behind: job::behind(&status.lag, self.parts.clock.now()),
            restarts: status.restarts,
            failure: status.failure.as_ref().map(|(message, _)| message.clone()),
            failed_at: status.failure.as_ref().map(|(_, time)| *time),
        })
    }

    fn application(&self, scope: &Scope, name: &ApplicationName) -> Result<Arc<Application>, AnalyticsError> {
        self.parts.catalog.get(scope, name).ok_or_else(|| AnalyticsError::NotFound(name.clone()))
    }

    fn described(&self, application: Arc<Application>) -> Described {
        let key = (application.scope.clone(), application.name.clone());
        let jobs = self.jobs();
        let job = jobs.running.get(&key).map(|handle| handle.status.borrow().clone());
        let status = match jobs.changing.get(&key) {
            Some(changing) => *changing,
            None if !application.should_run => Status::Ready,
            None if job.as_ref().is_some_and(|job| job.state == JobState::Starting) => Status::Starting,
            None => Status::Running,
        };
        Described { application, status, failure: job.and_then(|job| job.failure).map(|(message, _)| message) }
    }

    /// Claims an application for one operation; other operations are refused until the guard is dropped.
    fn change(
        &self,
        scope: &Scope,
        name: &ApplicationName,
        shown: Status,
        allowed: impl Fn(Status) -> bool,
    ) -> Result<Changing, AnalyticsError> {
        let status = self.describe(scope, name)?.status;
        // A job that still starts can be stopped like one that runs.
        let effective =
            if status == Status::Starting && !self.is_changing(scope, name) { Status::Running } else { status };
        let key = (scope.clone(), name.clone());
        let mut jobs = self.jobs();
        if jobs.stopping {
            return Err(AnalyticsError::Stopping);
        }
        if !allowed(effective) || jobs.changing.contains_key(&key) {
            return Err(AnalyticsError::InUse(format!(
                "Application {name} cannot be changed while it is {}",
                status.as_str()
            )));
        }
        jobs.changing.insert(key.clone(), shown);
        Ok(Changing { jobs: self.jobs.clone(), key })
    }

    fn is_changing(&self, scope: &Scope, name: &ApplicationName) -> bool {
        self.jobs().changing.contains_key(&(scope.clone(), name.clone()))
    }

    async fn submit(&self, command: &AnalyticsCommand) -> Result<(), AnalyticsError> {
        let body = serde_json::to_vec(command).map_err(|error| AnalyticsError::Commands(error.to_string()))?;
        let command = Command { domain: Domain::Analytics, body: Bytes::from(body) };
        self.parts.commands.submit(command).await?;
        Ok(())
    }

    fn spawn(&self, application: &Arc<Application>) -> Option<watch::Receiver<JobStatus>> {
        let mut jobs = self.jobs();
        let key = (application.scope.clone(), application.name.clone());
        if jobs.stopping || jobs.running.contains_key(&key) {
            return None;
        }
        let (run, told) = watch::channel(Run::On);
        let (publish, status) = watch::channel(JobStatus::default());
        let parts = &self.parts;
        let (streams, clock, random) = (parts.streams.clone(), parts.clock.clone(), parts.random.clone());
        let job = job::run(JobParts { streams, clock, random }, application.clone(), publish, told);
        let handle = Handle { run, status: status.clone(), task: tokio::spawn(job) };
        jobs.running.insert(key, handle);
        Some(status)
    }

    async fn stop_job(&self, scope: &Scope, name: &ApplicationName, how: Run) {
        let handle = self.jobs().running.remove(&(scope.clone(), name.clone()));
        if let Some(handle) = handle {
            stop(handle, how).await;
        }
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn stop(handle: Handle, how: Run) {
    handle.run.send_replace(how);
    if let Err(error) = handle.task.await {
        tracing::error!(%error, "an application's task ended badly");
    }
}

/// The claim of an operation on an application.
struct Changing {
    jobs: Arc<Mutex<Jobs>>,
    key: Key,
}

impl Drop for Changing {
    fn drop(&mut self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).changing.remove(&self.key);
    }
}
