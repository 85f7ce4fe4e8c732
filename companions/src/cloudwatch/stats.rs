//! The four figures that a bucket keeps, from which five statistics are told.

use serde::{Deserialize, Serialize};

/// Figures over some samples; adding two gives the figures over both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Stats {
    /// How many samples; whole unless a client put it otherwise.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub minimum: f64,
    /// The largest.
    pub maximum: f64,
}

impl Stats {
    /// No samples; nothing is told of them.
    pub const EMPTY: Self = Self { count: 0.0, sum: 0.0, minimum: f64::INFINITY, maximum: f64::NEG_INFINITY };

    /// One sample.
    pub fn of(value: f64) -> Self {
        Self { count: 1.0, sum: value, minimum: value, maximum: value }
    }

    /// The same sample `count` times.
    pub fn repeated(value: f64, count: f64) -> Self {
        Self { count, sum: value * count, minimum: value, maximum: value }
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.count == 0.0
    }

    /// Takes the samples of `other` in too.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
    }

    /// The mean; zero of no samples.
    pub fn average(&self) -> f64 {
        if self.is_empty() { 0.0 } else { self.sum / self.count }
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Persisted as `COUNT SUM MINIMUM MAXIMUM`, each the shortest text that reads back as the same double: a JSON number
/// would be read back one unit in the last place off now and then.
impl From<Stats> for String {
    fn from(stats: Stats) -> Self {
        format!("{} {} {} {}", stats.count, stats.sum, stats.minimum, stats.maximum)
    }
}

impl TryFrom<String> for Stats {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let mut figures = text.split(' ').map(str::parse::<f64>);
        let mut next = || figures.next().and_then(Result::ok).filter(|figure| figure.is_finite());
        let read = (|| Some(Self { count: next()?, sum: next()?, minimum: next()?, maximum: next()? }))();
        read.ok_or_else(|| format!("{text:?} is not COUNT SUM MINIMUM MAXIMUM"))
    }
}
