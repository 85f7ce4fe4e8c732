//! The handle that the API holds, and the jobs behind it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use streams::Streams;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use types::{ApplicationName, Clock, Commands, Random, Scope};

use crate::run::job::{self, Job, Run};
use crate::stats::{Meter, Stats};
use crate::{AnalyticsError, Application, Catalog, Command, CreateApplication, Status, sql};

/// How long a start waits until the application stands at its first records.
const START_MAX: Duration = Duration::from_secs(10);
/// How long a stop waits for the last commit; without it the application repeats what came after the one before.
const STOP_MAX: Duration = Duration::from_secs(10);

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
    /// Where unguessable bytes come from.
    pub random: Arc<dyn Random>,
}

/// Data Analytics. Cheap to clone.
#[derive(Clone)]
pub struct Analytics {
    parts: Arc<Parts>,
    jobs: Arc<Mutex<Jobs>>,
    /// Held over each change of an application's life, so that there is never a second job of one application.
    lifecycle: Arc<tokio::sync::Mutex<()>>,
}

impl std::fmt::Debug for Analytics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analytics").finish_non_exhaustive()
    }
}

/// A page of applications, in order of name.
#[derive(Debug, Clone)]
pub struct ApplicationPage {
    /// The applications.
    pub applications: Vec<Arc<Application>>,
    /// Whether there are more after the last one.
    pub has_more: bool,
}

#[derive(Default)]
struct Jobs {
    running: BTreeMap<(Scope, ApplicationName), Handle>,
    stopping: bool,
}

/// A running job.
struct Handle {
    meter: Arc<Meter>,
    run: watch::Sender<Run>,
    task: JoinHandle<()>,
}

impl Analytics {
    /// The service over `parts`. Nothing runs before [`Self::resume`].
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), jobs: Arc::default(), lifecycle: Arc::default() }
    }

    /// Starts what ran when the server stopped, and drops the checkpoints of deleted applications that a crash may have
    /// left. To be called once, when the command log was replayed.
    pub async fn resume(&self) -> Result<(), AnalyticsError> {
        for partition in self.parts.catalog.retired() {
            self.parts.streams.drop_partition(partition).await?;
        }
        let running = self.parts.catalog.all().into_iter().filter(|application| application.status == Status::Running);
        for application in running {
            if let Err(error) = self.spawn(&application) {
                tracing::error!(application = %application.arn(), %error, "the application cannot run in this version");
            }
        }
        Ok(())
    }

    /// Stops every job after a last commit; what ran runs again after the restart.
    pub async fn shutdown(&self) {
        let handles = {
            let mut jobs = self.jobs();
            jobs.stopping = true;
            std::mem::take(&mut jobs.running)
        };
        join_all(handles.into_values().map(|handle| self.end(handle))).await;
    }

    /// Adds an application; its SQL is compiled now, so that what cannot run is refused now.
    pub async fn create(&self, scope: &Scope, request: CreateApplication) -> Result<Arc<Application>, AnalyticsError> {
        let CreateApplication { name, configuration, tags } = request;
        if let Some(text) = &configuration.sql {
            sql::compile(text)?;
        }
        let configuration = Box::new(configuration);
        self.submit(scope, &name, Command::Create { scope: scope.clone(), name: name.clone(), configuration, tags })
            .await?;
        self.describe(scope, &name)
    }

    /// The application of that name.
    pub fn describe(&self, scope: &Scope, name: &ApplicationName) -> Result<Arc<Application>, AnalyticsError> {
        let not_found = || AnalyticsError::NotFound { scope: scope.clone(), name: name.clone() };
        self.parts.catalog.get(scope, name).ok_or_else(not_found)
    }

    /// The applications of a scope after `after`, at most `limit`.
    pub fn list(&self, scope: &Scope, after: Option<&ApplicationName>, limit: usize) -> ApplicationPage {
        let all = self.parts.catalog.all();
        let mut rest = all.into_iter().filter(|one| one.scope == *scope && after.is_none_or(|after| one.name > *after));
        let applications = rest.by_ref().take(limit).collect();
        ApplicationPage { applications, has_more: rest.next().is_some() }
    }

    /// Runs an application from its last state, or from none with `afresh`. When this returns it stands at its first
    /// records: what is put from now on is seen, also where the table says LATEST.
    pub async fn start(&self, scope: &Scope, name: &ApplicationName, afresh: bool) -> Result<(), AnalyticsError> {
        let opened = {
            let _alone = self.lifecycle.lock().await;
            let application = self.describe(scope, name)?;
            if application.configuration.sql.is_none() {
                let message =
                    format!("Application {name} has no code; give its SQL as TextContent when it is created.");
                return Err(AnalyticsError::Invalid(message));
            }
            if self.jobs().stopping {
                return Err(AnalyticsError::Stopping);
            }
            let afresh = afresh || !application.configuration.snapshots_enabled;
            let (scope, name, epoch) = (scope.clone(), name.clone(), application.epoch);
            let command = Command::Start { scope: scope.clone(), name: name.clone(), epoch, afresh };
            self.submit(&scope, &name, command).await?;
            self.spawn(&self.describe(&scope, &name)?)?
        };
        tokio::select! {
            _opened_or_failed = opened => {}
            () = self.parts.clock.sleep(START_MAX) => {}
        }
        Ok(())
    }

    /// Stops an application after a last commit; `force` stops it where it is.
    pub async fn stop(&self, scope: &Scope, name: &ApplicationName, force: bool) -> Result<(), AnalyticsError> {
        let _alone = self.lifecycle.lock().await;
        let epoch = self.describe(scope, name)?.epoch;
        self.submit(scope, name, Command::Stop { scope: scope.clone(), name: name.clone(), epoch }).await?;
        self.stop_job(scope, name, force).await;
        Ok(())
    }

    /// Removes an application, stopping it first.
    pub async fn delete(&self, scope: &Scope, name: &ApplicationName) -> Result<(), AnalyticsError> {
        let _alone = self.lifecycle.lock().await;
        let application = self.describe(scope, name)?;
        let epoch = application.epoch;
        self.submit(scope, name, Command::Delete { scope: scope.clone(), name: name.clone(), epoch }).await?;
        self.stop_job(scope, name, true).await;
        self.parts.streams.drop_partition(application.checkpoints).await?;
        Ok(())
    }

    /// What an application did since its state began; all zero while it does not run.
    pub fn stats(&self, scope: &Scope, name: &ApplicationName) -> Result<Stats, AnalyticsError> {
        self.describe(scope, name)?;
        let jobs = self.jobs();
        let handle = jobs.running.get(&(scope.clone(), name.clone()));
        Ok(handle.map_or_else(Stats::default, |handle| handle.meter.stats().clone()))
    }

    /// The applications that run, of all scopes, in order.
    pub fn running(&self) -> Vec<(Scope, ApplicationName)> {
        self.jobs().running.keys().cloned().collect()
    }

    async fn submit(&self, scope: &Scope, name: &ApplicationName, command: Command) -> Result<(), AnalyticsError> {
        let submitted = self.parts.commands.submit(command.into_command()).await;
        submitted.map(|_| ()).map_err(|error| AnalyticsError::submitted(error, scope, name))
    }

    /// Starts the job of an application; the receiver is told when it stands at its first records.
    fn spawn(&self, application: &Arc<Application>) -> Result<oneshot::Receiver<()>, AnalyticsError> {
        let program = Arc::new(sql::compile(application.configuration.sql.as_deref().unwrap_or_default())?);
        let (run, told) = watch::channel(Run::On);
        let (tell, opened) = oneshot::channel();
        let meter = Arc::<Meter>::default();
        let job = Job {
            application: application.clone(),
            program,
            streams: self.parts.streams.clone(),
            clock: self.parts.clock.clone(),
            random: self.parts.random.clone(),
            meter: meter.clone(),
            run: told,
        };
        let mut jobs = self.jobs();
        if jobs.stopping {
            return Err(AnalyticsError::Stopping);
        }
        let task = tokio::spawn(job::run(job, tell));
        let key = (application.scope.clone(), application.name.clone());
        jobs.running.insert(key, Handle { meter, run, task });
        Ok(opened)
    }

    async fn stop_job(&self, scope: &Scope, name: &ApplicationName, force: bool) {
        let handle = self.jobs().running.remove(&(scope.clone(), name.clone()));
        match handle {
            Some(handle) if force => {
                handle.task.abort();
                // Its last append, if one is under way, belongs to the state that it leaves.
                let _ended = handle.task.await;
            }
            Some(handle) => self.end(handle).await,
            None => {}
        }
    }

    /// Lets a job commit and end, within bounds.
    async fn end(&self, mut handle: Handle) {
        handle.run.send_replace(Run::Stop);
        let in_time = tokio::select! {
            _ended = &mut handle.task => true,
            () = self.parts.clock.sleep(STOP_MAX) => false,
        };
        if !in_time {
            tracing::warn!("an application did not commit in time; it goes on from its commit before");
            handle.task.abort();
            let _ended = handle.task.await;
        }
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
