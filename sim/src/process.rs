//! One process of the server: the log, the command log and Data Streams over the disk, and what takes the log's steps.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use log::embedded::{EmbeddedConfig, EmbeddedLog, Step, Threads};
use log::{CommandLog, CommandLogConfig, LogError};
use streams::{Catalog, NoMasterKeys, Parts, Streams, StreamsConfig};
use tokio::sync::{Notify, watch};
use types::{Applier, Domain};

use crate::clock::ProcessClock;
use crate::dice::Bytes;
use crate::watermark::Watermark;
use crate::world::World;

/// Milliseconds without a request after which the log marks its last frame.
const IDLE_MS: u64 = 50;

/// See the module text.
pub(crate) struct Process {
    pub(crate) number: u64,
    pub(crate) streams: Streams,
}

/// The life of a process, from before its start.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) number: u64,
    /// For its clock.
    pub(crate) alive: Arc<AtomicBool>,
    /// Becomes true at its death.
    pub(crate) dead: watch::Sender<bool>,
}

impl Life {
    pub(crate) fn new(number: u64) -> Self {
        Self { number, alive: Arc::new(AtomicBool::new(true)), dead: watch::Sender::new(false) }
    }

    pub(crate) fn is_over(&self) -> bool {
        *self.dead.borrow()
    }
}

/// Starts a process on what the disk holds.
pub(crate) async fn start(world: &Arc<World>, life: &Life) -> Result<Process, LogError> {
    let clock = Arc::new(ProcessClock { clock: world.clock.clone(), alive: Arc::clone(&life.alive) });
    let wake = Arc::new(Notify::new());
    let noted = Arc::clone(&wake);
    let watermark = Arc::new(Watermark::default());
    let probe = {
        let (watermark, world) = (Arc::clone(&watermark), Arc::clone(world));
        Arc::new(move || watermark.check(&world))
    };
    let (config, random) = {
        let mut random = world.dice();
        let random = Arc::new(Bytes::new(random.fork()));
        let config = EmbeddedConfig {
            vfs: world.disk().mount(probe),
            random: random.clone(),
            segment_bytes: world.plan.segment_bytes,
            queue_bytes: 1 << 20,
            cache_bytes: 256 << 10,
            threads: Threads::Stepped(Arc::new(move || noted.notify_one())),
            ..EmbeddedConfig::at("/data")
        };
        (config, random)
    };
    let log = EmbeddedLog::open(config)?;
    let steps = Steps { world: Arc::clone(world), life: life.clone(), log: Arc::clone(&log), watermark };
    tokio::spawn(steps.take(wake));
    let catalog = Arc::new(Catalog::default());
    let appliers = HashMap::from([(Domain::Streams, catalog.clone() as Arc<dyn Applier>)]);
    let commands = CommandLogConfig {
        commands_max: world.plan.commands_max,
        inline: true,
        random: random.clone(),
        ..CommandLogConfig::default()
    };
    let commands = Arc::new(CommandLog::open_with(log.clone(), clock.clone(), appliers, commands).await?);
    let streams = Streams::new(Parts {
        catalog,
        log,
        commands,
        clock,
        random,
        token_secret: [1; 32],
        master_keys: Arc::new(NoMasterKeys),
        config: StreamsConfig {
            transition: Duration::from_millis(world.plan.transition_ms),
            ..StreamsConfig::default()
        },
    });
    streams.resume().await.map_err(|error| LogError::Stopped(error.to_string()))?;
    let retention = streams.clone();
    tokio::spawn(async move { retention.run_retention().await });
    Ok(Process { number: life.number, streams })
}

/// What takes the log's steps as its threads would.
struct Steps {
    world: Arc<World>,
    life: Life,
    log: Arc<EmbeddedLog>,
    watermark: Arc<Watermark>,
}

impl Steps {
    /// Takes them, each after some time, until the process is dead.
    async fn take(self, wake: Arc<Notify>) {
        let world = Arc::clone(&self.world);
        let mut unmarked = false;
        while !self.life.is_over() {
            let is_idle = tokio::select! {
                biased;
                () = wake.notified() => false,
                () = world.clock.sleep_ms(IDLE_MS), if unmarked => true,
            };
            world.flush_time().await;
            if is_idle {
                self.step(Step::Idle);
            }
            while self.step(Step::Commit) {
                world.flush_time().await;
            }
            // The maintenance thread is not always as quick as the commit thread.
            let jobs = if is_idle { u64::MAX } else { world.dice().below(3) };
            let _none_left = (0..jobs).all(|_| self.step(Step::Maintain));
            unmarked = !is_idle;
        }
    }

    /// Takes one step, in the midst of which the power may go, and answers whether there is more to do.
    fn step(&self, step: Step) -> bool {
        let (world, life) = (&self.world, &self.life);
        if life.is_over() {
            return false;
        }
        let before = world.disk().moment();
        self.watermark.begin(world, &self.log);
        let worked = self.log.step(step);
        self.watermark.end();
        let after = world.disk().moment();
        if *self.log.stopped().borrow() {
            world.note(format_args!("the log of process {} stopped", life.number));
            world.count("stops of the log", 1);
            world.die(life, None);
            return false;
        }
        if worked && after > before && world.is_cut_due() {
            let moment = before + world.dice().below((after - before + 1) as u64) as usize;
            world.count("power cuts in a step", 1);
            world.die(life, Some(moment));
            return false;
        }
        worked
    }
}
