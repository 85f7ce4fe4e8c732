//! What happened, in order: a hash that names the whole history, and its last lines for whoever has to understand it.

use std::collections::VecDeque;
use std::fmt::Write;

/// Lines that are kept.
const TAIL: usize = 5_000;

/// See the module text.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    lines: VecDeque<String>,
}

impl Default for Trace {
    fn default() -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, lines: VecDeque::new() }
    }
}

impl Trace {
    pub(crate) fn note(&mut self, micros: u64, what: std::fmt::Arguments<'_>) {
        let mut line =
            if self.lines.len() >= TAIL { self.lines.pop_front().unwrap_or_default() } else { String::new() };
        line.clear();
        // Writing to a string does not fail.
        let _written = write!(line, "{:>12} {what}", micros);
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.lines.push_back(line);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn tail(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}
