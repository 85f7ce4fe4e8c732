//! When the command log writes a snapshot.

use std::fmt;
use std::sync::Arc;

use types::{Random, SystemRandom};

/// Commands between two snapshots. A restart applies at most so many: well under a second, also where a command costs
/// 50 µs.
const COMMANDS_MAX: u64 = 10_000;
/// The same in bytes of commands, for large ones: what a restart reads.
const COMMAND_BYTES_MAX: u64 = 8 << 20;
/// The same in bytes of the whole log. One live command keeps its whole segment (64 MiB) on disk, and with it the
/// neighbours' records that retention has given up. So a command now and then must not pin more than a few segments.
const LOG_BYTES_MAX: u64 = 256 << 20;
/// The pieces that a snapshot is cut into: as long as the records that the log is made for.
const PIECE_BYTES: usize = 1 << 20;

/// The numbers of a command log; start from the default.
#[derive(Clone)]
pub struct CommandLogConfig {
    /// A snapshot is written after so many commands,
    pub commands_max: u64,
    /// or so many bytes of commands,
    pub command_bytes_max: u64,
    /// or, at the next command, after so many bytes of the whole log.
    pub log_bytes_max: u64,
    /// Bytes of a piece of a snapshot.
    pub piece_bytes: usize,
    /// Keep what a snapshot covers: every start then goes through all of it and compares all snapshots. The log grows
    /// for ever, so this is for tests and for finding where a state went wrong.
    pub keep_all: bool,
    /// Write the state down in the task that applies commands, without a thread: for a simulator.
    pub inline: bool,
    /// Where the ids of commands come from.
    pub random: Arc<dyn Random>,
}

impl Default for CommandLogConfig {
    fn default() -> Self {
        Self {
            commands_max: COMMANDS_MAX,
            command_bytes_max: COMMAND_BYTES_MAX,
            log_bytes_max: LOG_BYTES_MAX,
            piece_bytes: PIECE_BYTES,
            keep_all: false,
            inline: false,
            random: Arc::new(SystemRandom),
        }
    }
}

impl CommandLogConfig {
    /// The same with numbers that can be worked with: at least one command between two snapshots, and pieces that are
    /// not empty.
    pub(super) fn bounded(mut self) -> Self {
        self.commands_max = self.commands_max.max(1);
        self.command_bytes_max = self.command_bytes_max.max(1);
        self.log_bytes_max = self.log_bytes_max.max(1);
        self.piece_bytes = self.piece_bytes.max(1);
        self
    }
}

impl fmt::Debug for CommandLogConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandLogConfig")
            .field("commands_max", &self.commands_max)
            .field("command_bytes_max", &self.command_bytes_max)
            .field("log_bytes_max", &self.log_bytes_max)
            .field("piece_bytes", &self.piece_bytes)
            .field("keep_all", &self.keep_all)
            .finish_non_exhaustive()
    }
}

/// What came into the log since the last snapshot.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Growth {
    pub(super) commands: u64,
    pub(super) command_bytes: u64,
    /// [`crate::Log::bytes_appended`] at the last snapshot.
    pub(super) log_bytes_then: u64,
    /// Bytes of that snapshot.
    pub(super) snapshot_bytes: u64,
}

impl Growth {
    /// One more command.
    pub(super) fn add(&mut self, bytes: usize) {
        self.commands += 1;
        self.command_bytes += bytes as u64;
    }

    /// Whether a snapshot should be written, the log having grown to `log_bytes`. Never before as much was written as
    /// the last one took: snapshots of a large state would else be most of what the disk does.
    pub(super) fn is_due(&self, config: &CommandLogConfig, log_bytes: u64) -> bool {
        let log_bytes = log_bytes.saturating_sub(self.log_bytes_then);
        let is_long = self.commands >= config.commands_max
            || self.command_bytes >= config.command_bytes_max
            || self.commands > 0 && log_bytes >= config.log_bytes_max;
        is_long && log_bytes.max(self.command_bytes) >= self.snapshot_bytes
    }

    /// After a snapshot that failed, the next attempt comes when a tenth of the way was gone again.
    pub(super) fn postpone(&mut self, config: &CommandLogConfig, log_bytes: u64) {
        let most = |of: u64| of.saturating_sub((of / 10).max(1));
        self.commands = self.commands.min(most(config.commands_max));
        self.command_bytes = self.command_bytes.min(most(config.command_bytes_max));
        self.log_bytes_then = log_bytes.saturating_sub(most(config.log_bytes_max));
    }
}
