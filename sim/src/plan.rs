//! What a seed has in store: which faults, how bad the network is, how large segments are.

use crate::dice::Dice;

/// Chances are of a hundred.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// How long faults and changes go on, in milliseconds.
    pub(crate) span_ms: u64,
    pub(crate) segment_bytes: u64,
    /// Commands between two snapshots of the command log.
    pub(crate) commands_max: u64,
    /// Milliseconds that changes of streams take.
    pub(crate) transition_ms: u64,
    /// A request or an answer is lost.
    pub(crate) loss: u64,
    /// The longest way through the network, in milliseconds.
    pub(crate) latency_ms: u64,
    pub(crate) faults: Vec<Fault>,
}

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    PowerCut,
    PowerCutInStep,
    Kill,
    DiskError,
    DiskFull,
    SlowDisk,
    ClockJump,
    /// Far enough for records to expire.
    DayPasses,
}

const FAULTS: [Fault; 8] = [
    Fault::PowerCut,
    Fault::PowerCutInStep,
    Fault::Kill,
    Fault::DiskError,
    Fault::DiskFull,
    Fault::SlowDisk,
    Fault::ClockJump,
    Fault::DayPasses,
];

impl Plan {
    pub(crate) fn of(dice: &mut Dice) -> Self {
        // Few kinds at a time: a fault that stops everything hides those that would come after it.
        let faults = FAULTS.into_iter().filter(|fault| dice.chance(if *fault == Fault::DayPasses { 20 } else { 40 }));
        Self {
            faults: faults.collect(),
            span_ms: dice.between(3_000, 12_000),
            segment_bytes: [16, 32, 64, 256][dice.below(4) as usize] << 10,
            commands_max: [1, 3, 20, 1000][dice.below(4) as usize],
            transition_ms: if dice.chance(50) { 0 } else { dice.between(1, 400) },
            loss: [0, 0, 2, 10][dice.below(4) as usize],
            latency_ms: [0, 2, 20, 200][dice.below(4) as usize],
        }
    }
}
