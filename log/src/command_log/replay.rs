//! A start: the machine becomes what the log says.
//!
//! A log that was trimmed begins with a snapshot. Later snapshots are there when a crash came before the trim (or with
//! `keep_all`): the commands before them were applied here, so the state must be the one they hold.

use types::CommandMeta;

use super::config::Growth;
use super::entry::{Entry, SnapshotEnd, corrupt};
use super::machine::{Image, Machine};
use super::snapshot::Pieces;
use crate::{Bounds, COMMAND_PARTITION, Log, LogError, StoredRecord};

/// Bytes read at a time.
const PAGE_BYTES: usize = 1 << 20;

/// Applies what stands in `log` to a new `machine`; answers what came after the last snapshot.
pub(super) async fn replay(log: &dyn Log, machine: &mut Machine) -> Result<Growth, LogError> {
    let Some(bounds) = log.bounds(COMMAND_PARTITION) else { return Ok(Growth::default()) };
    let mut replay = Replay::new(machine, bounds);
    let mut next = bounds.start;
    while next < bounds.end {
        let page = log.read(COMMAND_PARTITION, next, usize::MAX, PAGE_BYTES).await?;
        if page.records.is_empty() {
            return Err(corrupt(next.0, "a command inside the bounds is missing".into()));
        }
        for record in page.records {
            replay.take(&record).await?;
            next = record.offset.next();
        }
    }
    Ok(Growth { log_bytes_then: log.bytes_appended(), ..replay.growth })
}

struct Replay<'m> {
    machine: &'m mut Machine,
    pieces: Pieces,
    growth: Growth,
    /// Whether the machine holds all that is before: it began with the first command or with a snapshot.
    whole: bool,
    warned: bool,
}

impl<'m> Replay<'m> {
    fn new(machine: &'m mut Machine, bounds: Bounds) -> Self {
        let whole = bounds.start.0 == 0;
        Self { machine, pieces: Pieces::default(), growth: Growth::default(), whole, warned: false }
    }

    async fn take(&mut self, record: &StoredRecord) -> Result<(), LogError> {
        match Entry::read(record)? {
            Entry::Piece(number, bytes) => self.pieces.push(number, bytes),
            Entry::SnapshotEnd(end) => self.meet(record.offset.0, &end).await?,
            Entry::Command(command) => {
                self.pieces.clear();
                if !self.whole && !std::mem::replace(&mut self.warned, true) {
                    tracing::error!(offset = record.offset.0, "what is before this command was lost in a repair");
                }
                let meta = CommandMeta { offset: record.offset, time: record.time };
                let body = command.body.get().as_bytes();
                if let Err(rejected) = self.machine.apply(meta, command.id, command.domain, body) {
                    tracing::debug!(offset = record.offset.0, %rejected, "command refused again on replay");
                }
                self.growth.add(record.value.len());
            }
        }
        Ok(())
    }

    /// A snapshot at `offset`: the state to begin with, or the one to be at.
    async fn meet(&mut self, offset: u64, end: &SnapshotEnd) -> Result<(), LogError> {
        let image = match self.pieces.assemble(end) {
            Ok(image) => image,
            Err(what) if self.whole => return Err(corrupt(offset, what)),
            Err(what) => {
                tracing::error!(offset, what, "a snapshot was damaged in a repair");
                return Ok(());
            }
        };
        if self.whole {
            self.compare(offset, &image).await?;
        } else {
            self.machine.restore(&image).map_err(|what| corrupt(offset, what))?;
            self.whole = true;
        }
        let snapshot_bytes = image.parts.iter().map(|part| part.bytes.len() as u64).sum();
        self.growth = Growth { snapshot_bytes, ..Growth::default() };
        Ok(())
    }

    /// Refuses a replayed state that is not `there`. An older version may have written the same state in other bytes,
    /// so what differs is read and written by this version before it is called different.
    async fn compare(&mut self, offset: u64, there: &Image) -> Result<(), LogError> {
        let here = self.machine.image().await?;
        if here.differences(there).is_empty() {
            return Ok(());
        }
        self.machine.restore(there).map_err(|what| corrupt(offset, what))?;
        let differences = here.differences(&self.machine.image().await?);
        if differences.is_empty() { Ok(()) } else { Err(LogError::Diverged { offset, what: differences.join(", ") }) }
    }
}
