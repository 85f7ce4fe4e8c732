//! Which windows a row falls into.

/// A window of event time, half-open, in milliseconds since 1970. The order is that of emission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Window {
    /// The first millisecond after it.
    pub(crate) end: i64,
    /// Its first millisecond.
    pub(crate) start: i64,
}

/// The rule of a window table function; lengths in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windowing {
    kind: Kind,
    step: i64,
    size: i64,
    offset: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Windows of `size` every `step`; a tumbling window is one whose step is its size.
    Hop,
    /// Windows that share a start every `size` and end every `step` after it.
    Cumulate,
}

impl Windowing {
    /// Windows of `size`, one after the other.
    pub(crate) fn tumble(size: i64, offset: i64) -> Self {
        Self::hop(size, size, offset)
    }

    /// Windows of `size` that start every `step`; `size` is a multiple of `step`.
    pub(crate) fn hop(step: i64, size: i64, offset: i64) -> Self {
        Self { kind: Kind::Hop, step, size, offset }
    }

    /// Windows that grow by `step` until `size`.
    pub(crate) fn cumulate(step: i64, size: i64, offset: i64) -> Self {
        Self { kind: Kind::Cumulate, step, size, offset }
    }

    /// Most windows that one row falls into.
    pub(crate) fn per_row_max(&self) -> usize {
        (self.size / self.step) as usize
    }

    /// The windows of a row at `time`, earliest end first. Times at the ends of the calendar saturate.
    pub(crate) fn of(&self, time: i64) -> impl Iterator<Item = Window> {
        let Self { kind, step, size, offset } = *self;
        let count = size / step;
        let aligned = |unit: i64| time.saturating_sub(time.saturating_sub(offset).rem_euclid(unit));
        let (start, first_end) = match kind {
            Kind::Hop => {
                let last_start = aligned(step);
                (last_start, last_start.saturating_add(step))
            }
            Kind::Cumulate => {
                let start = aligned(size);
                let passed = time.saturating_sub(start) / step;
                (start, start.saturating_add((passed + 1) * step))
            }
        };
        let windows = match kind {
            Kind::Hop => count,
            Kind::Cumulate => (start.saturating_add(size) - first_end) / step + 1,
        };
        (0..windows).map(move |index| {
            let end = first_end.saturating_add(index * step);
            Window { end, start: if kind == Kind::Hop { end.saturating_sub(size) } else { start } }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spans(windowing: Windowing, time: i64) -> Vec<(i64, i64)> {
        windowing.of(time).map(|window| (window.start, window.end)).collect()
    }

    #[test]
    fn windows_are_half_open_and_aligned_to_1970() {
        assert_eq!(spans(Windowing::tumble(10, 0), 9), [(0, 10)]);
        assert_eq!(spans(Windowing::tumble(10, 0), 10), [(10, 20)]);
        assert_eq!(spans(Windowing::tumble(10, 0), -1), [(-10, 0)]);
        assert_eq!(spans(Windowing::tumble(10, -3), 8), [(7, 17)]);
        assert_eq!(spans(Windowing::hop(5, 10, 0), 7), [(0, 10), (5, 15)]);
        assert_eq!(spans(Windowing::cumulate(5, 15, 0), 7), [(0, 10), (0, 15)]);
    }

    proptest! {
        /// The naive model: try every window near the row.
        #[test]
        fn assignment_agrees_with_trying_every_window(
            time in -5_000i64..5_000, step in 1i64..60, multiple in 1i64..8, offset in -200i64..200,
        ) {
            let size = step * multiple;
            let holds = |start: i64, end: i64| start <= time && time < end;
            let naive_hop: Vec<_> = (-6_000i64..6_000)
                .filter(|start| (start - offset).rem_euclid(step) == 0 && holds(*start, start + size))
                .map(|start| (start, start + size))
                .collect();
            prop_assert_eq!(spans(Windowing::hop(step, size, offset), time), naive_hop);
            let naive_cumulate: Vec<_> = (-6_000i64..6_000)
                .filter(|start| (start - offset).rem_euclid(size) == 0)
                .flat_map(|start| (1..=multiple).map(move |n| (start, start + n * step)))
                .filter(|(start, end)| holds(*start, *end))
                .collect();
            prop_assert_eq!(spans(Windowing::cumulate(step, size, offset), time), naive_cumulate);
        }
    }
}
