//! Reads the sealed segments again and again, slowly, so that rot is found before somebody needs the bytes.
//!
//! Owns: the pace, and what was found. Refuses: changing anything; a start with `repair` does that. A segment may be
//! retired and recycled under the scrub: what it read is a finding only if the segment is still in use *after* the read,
//! because the table forgets a segment before its file is touched.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::format::{FrameKind, HEADER_BYTES};
use super::scan::Window;
use super::segment::{damaged, open};
use super::shared::Shared;
use crate::LogError;

/// Bytes between two pauses.
const STEP_BYTES: u64 = 1 << 20;
/// A start has other things to do first.
const REST_BEFORE: Duration = Duration::from_secs(60);
/// From the end of one pass to the next.
const REST_BETWEEN: Duration = Duration::from_secs(24 * 60 * 60);

/// What the scrub did since the log was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// How often it read every sealed segment.
    pub passes: u64,
    /// Bytes of frames that were as they were written.
    pub bytes: u64,
    /// Ids of segments with damage; the log names file and position of each.
    pub damaged: BTreeSet<u64>,
}

/// Scrubs until `stop` loses its sender or the log ends.
pub(crate) fn run(shared: &Shared, bytes_per_second: u64, stop: &Receiver<()>) {
    let rest = |time| matches!(stop.recv_timeout(time), Err(RecvTimeoutError::Timeout)) && !has_ended(shared);
    let mut owed = 0;
    let mut pace = |bytes: u64| {
        owed += bytes;
        if owed < STEP_BYTES {
            return true;
        }
        let micros = u128::from(std::mem::take(&mut owed)) * 1_000_000 / u128::from(bytes_per_second);
        rest(Duration::from_micros(micros as u64))
    };
    let mut goes_on = rest(REST_BEFORE);
    while goes_on {
        goes_on = pass(shared, &mut pace) && rest(REST_BETWEEN);
    }
}

/// Reads every segment that is sealed now. `pace` hears of each frame and may end the pass, which then answers `false`.
pub(crate) fn pass(shared: &Shared, pace: &mut dyn FnMut(u64) -> bool) -> bool {
    let mut segments: Vec<u64> = shared.table().sealed.keys().copied().collect();
    segments.sort_unstable();
    for id in segments {
        match check(shared, id, pace) {
            Ok(true) => {}
            Ok(false) => return false,
            Err(_) if has_ended(shared) || !shared.table().holds(id) => {}
            Err(error) => {
                if shared.scrubbed().damaged.insert(id) {
                    tracing::error!(%error, "the scrub found damage");
                }
            }
        }
    }
    shared.scrubbed().passes += 1;
    true
}

/// Once the log has ended, another process may use the files.
fn has_ended(shared: &Shared) -> bool {
    shared.ending.load(Ordering::Acquire)
}

/// Reads one segment up to its seal; `false` when `pace` said so.
fn check(shared: &Shared, id: u64, pace: &mut dyn FnMut(u64) -> bool) -> Result<bool, LogError> {
    if !shared.table().holds(id) {
        return Ok(true);
    }
    let segment = open(&*shared.config.vfs, &shared.config.dir, id)?;
    let mut window = Window::new(&segment);
    let mut position = HEADER_BYTES;
    loop {
        let Some((header, _)) = window.frame(position)? else {
            return Err(damaged(&segment.path, position, "a frame of a sealed segment is damaged"));
        };
        position += header.span();
        shared.scrubbed().bytes += header.span();
        if header.kind == FrameKind::Seal {
            return Ok(true);
        }
        if !pace(header.span()) {
            return Ok(false);
        }
    }
}
