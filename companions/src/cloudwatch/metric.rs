//! What a series is named by.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A metric: two with the same dimensions in another order are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Metric {
    /// Who measures, `AWS/Kinesis` or a KCL application's name.
    pub namespace: String,
    /// What is measured.
    pub name: String,
    /// Names and values, in order.
    dimensions: Vec<(String, String)>,
}

impl Metric {
    /// Puts the dimensions in order.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, mut dimensions: Vec<(String, String)>) -> Self {
        dimensions.sort();
        Self { namespace: namespace.into(), name: name.into(), dimensions }
    }

    /// Names and values, in order.
    pub fn dimensions(&self) -> &[(String, String)] {
        &self.dimensions
    }

    /// Bytes of its texts.
    pub(super) fn text_bytes(&self) -> usize {
        let dimensions: usize = self.dimensions.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.namespace.len() + self.name.len() + dimensions
    }
}

/// What a value is counted in (model shape `StandardUnit`). Values of one metric in two units are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Unit(u8);

impl Unit {
    /// `None`, the unit of a value that was put without one.
    pub const NONE: Self = Self(26);
    /// `Count`.
    pub const COUNT: Self = Self(14);
    /// `Bytes`.
    pub const BYTES: Self = Self(3);
    /// `Milliseconds`.
    pub const MILLISECONDS: Self = Self(2);

    /// In the order of the model; what is persisted is the text.
    const ALL: [&'static str; 27] = [
        "Seconds",
        "Microseconds",
        "Milliseconds",
        "Bytes",
        "Kilobytes",
        "Megabytes",
        "Gigabytes",
        "Terabytes",
        "Bits",
        "Kilobits",
        "Megabits",
        "Gigabits",
        "Terabits",
        "Percent",
        "Count",
        "Bytes/Second",
        "Kilobytes/Second",
        "Megabytes/Second",
        "Gigabytes/Second",
        "Terabytes/Second",
        "Bits/Second",
        "Kilobits/Second",
        "Megabits/Second",
        "Gigabits/Second",
        "Terabits/Second",
        "Count/Second",
        "None",
    ];

    /// Reads a unit; `None` for what is not one.
    pub fn parse(text: &str) -> Option<Self> {
        (0..).zip(Self::ALL).find(|(_, unit)| *unit == text).map(|(index, _)| Self(index))
    }

    /// The unit as text.
    pub fn as_str(self) -> &'static str {
        Self::ALL[usize::from(self.0)]
    }
}

impl Default for Unit {
    fn default() -> Self {
        Self::NONE
    }
}

impl TryFrom<String> for Unit {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is not a unit"))
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        unit.as_str().into()
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
