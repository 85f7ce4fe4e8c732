//! Classes of retention: records that die at about the same time stand together, so that whole files of them can go.

use std::time::Duration;

/// How long the records of a partition live, roughly. It is a hint: it decides which files records are written to, and
/// nothing that a caller can see but how soon the room of dead ones comes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Up to a day; and all that is written anew again and again, as commands and checkpoints are.
    #[default]
    Day,
    /// Up to a week.
    Week,
    /// Longer: Kinesis keeps records for 365 days at most.
    Year,
}

impl Lane {
    /// The shortest-lived first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Year];

    /// The lane of records that live so long.
    pub fn of_retention(retention: Duration) -> Self {
        match retention.as_secs().div_ceil(24 * 60 * 60) {
            0..=1 => Self::Day,
            2..=7 => Self::Week,
            _ => Self::Year,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_goes_up_to_its_last_second() {
        let lane = |hours: u64, more: u64| Lane::of_retention(Duration::from_secs(hours * 3600 + more));
        assert_eq!((lane(1, 0), lane(24, 0), lane(24, 1)), (Lane::Day, Lane::Day, Lane::Week));
        assert_eq!((lane(168, 0), lane(168, 1), lane(8760, 0)), (Lane::Week, Lane::Year, Lane::Year));
    }
}
