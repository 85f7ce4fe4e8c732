//! Numbers as DynamoDB has them: exact decimals of up to 38 significant digits, never binary fractions.
//!
//! Owns: reading, writing, order and addition of decimals. Refuses: rounding; what does not fit is an error.
//! Source of the bounds: "Naming rules and data types", DynamoDB developer guide.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Most significant digits.
const DIGITS_MAX: usize = 38;
/// The largest decimal exponent of the leading digit: 9.99…E+125.
const MAGNITUDE_MAX: i32 = 125;
/// The smallest: 1E-130.
const MAGNITUDE_MIN: i32 = -130;
/// Longest text that is looked at; the longest plain form of a legal number has 170 characters.
const TEXT_BYTES_MAX: usize = 512;

/// A decimal, `coefficient * 10^exponent`, in its one normal form: no trailing zeros in the coefficient, and zero is
/// `0 * 10^0` without a sign. Equal numbers are therefore equal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Number {
    negative: bool,
    coefficient: u128,
    exponent: i32,
}

/// Why a text or a sum is not a number here; the text is DynamoDB's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not a number at all.
    #[error("The parameter cannot be converted to a numeric value")]
    NotANumber,
    /// More than 38 significant digits.
    #[error("Attempting to store more than 38 significant digits in a Number")]
    TooManyDigits,
    /// 1E+126 or above.
    #[error("Number overflow. Attempting to store a number with magnitude larger than supported range")]
    Overflow,
    /// Below 1E-130.
    #[error("Number underflow. Attempting to store a number with magnitude smaller than supported range")]
    Underflow,
}

impl Number {
    const ZERO: Self = Self { negative: false, coefficient: 0, exponent: 0 };

    /// Reads `-12.50`, `1e3` and the like.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(NumberError::NotANumber);
        }
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().map_err(|_| NumberError::NotANumber)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: String = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NumberError::NotANumber);
        }
        let significant = digits.trim_start_matches('0');
        let normal = significant.trim_end_matches('0');
        if normal.len() > DIGITS_MAX {
            return Err(NumberError::TooManyDigits);
        }
        let coefficient = if normal.is_empty() { 0 } else { normal.parse().map_err(|_| NumberError::NotANumber)? };
        let dropped = significant.len() - normal.len();
        Self::normal(negative, coefficient, i32::from(exponent) - fraction.len() as i32 + dropped as i32)
    }

    /// The number of a count.
    pub fn of_count(count: usize) -> Self {
        let within = Self::normal(false, count as u128, 0);
        within.expect("a machine word has fewer than 38 digits")
    }

    fn normal(negative: bool, mut coefficient: u128, mut exponent: i32) -> Result<Self, NumberError> {
        if coefficient == 0 {
            return Ok(Self::ZERO);
        }
        while coefficient.is_multiple_of(10) {
            coefficient /= 10;
            exponent += 1;
        }
        let number = Self { negative, coefficient, exponent };
        match number.magnitude() {
            _ if number.digits() > DIGITS_MAX => Err(NumberError::TooManyDigits),
            magnitude if magnitude > MAGNITUDE_MAX => Err(NumberError::Overflow),
            magnitude if magnitude < MAGNITUDE_MIN => Err(NumberError::Underflow),
            _ => Ok(number),
        }
    }

    /// How many digits the coefficient has; zero has one.
    pub(crate) fn digits(self) -> usize {
        self.coefficient.checked_ilog10().unwrap_or(0) as usize + 1
    }

    /// The decimal exponent of the leading digit.
    fn magnitude(self) -> i32 {
        self.exponent + self.digits() as i32 - 1
    }

    /// The sum, exact.
    pub fn plus(self, other: Self) -> Result<Self, NumberError> {
        if self.coefficient == 0 || other.coefficient == 0 {
            return Ok(if self.coefficient == 0 { other } else { self });
        }
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        // The lowest digit of a normal form is not zero, so the sum ends at `low.exponent` unless both do. A `high` that
        // does not fit 128 bits there has 39 digits and more, and less than 10^38 taken from it leaves too many.
        let shift = high.exponent.abs_diff(low.exponent);
        let scale = 10u128.checked_pow(shift).ok_or(NumberError::TooManyDigits)?;
        let aligned = high.coefficient.checked_mul(scale).ok_or(NumberError::TooManyDigits)?;
        let (negative, sum) = if high.negative == low.negative {
            (high.negative, aligned.checked_add(low.coefficient).ok_or(NumberError::TooManyDigits)?)
        } else if aligned >= low.coefficient {
            (high.negative, aligned - low.coefficient)
        } else {
            (low.negative, low.coefficient - aligned)
        };
        Self::normal(negative, sum, low.exponent)
    }

    /// The difference, exact.
    pub fn minus(self, other: Self) -> Result<Self, NumberError> {
        self.plus(Self { negative: !other.negative && other.coefficient != 0, ..other })
    }

    fn cmp_size(self, other: Self) -> Ordering {
        self.magnitude().cmp(&other.magnitude()).then_with(|| {
            // Equal magnitude: both have the leading digit in the same place, so the shorter one is padded.
            let (mine, theirs) = (self.digits(), other.digits());
            let pad = |value: u128, by: usize| value * 10u128.pow(by as u32);
            let width = mine.max(theirs);
            pad(self.coefficient, width - mine).cmp(&pad(other.coefficient, width - theirs))
        })
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.coefficient, number.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => self.cmp_size(*other),
            _ => other.cmp_size(*self),
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The plain form, as DynamoDB answers: `1500`, `-0.25`, never an exponent.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.coefficient.to_string();
        if self.negative {
            f.write_str("-")?;
        }
        if self.exponent >= 0 {
            return write!(f, "{digits}{}", "0".repeat(self.exponent as usize));
        }
        let places = self.exponent.unsigned_abs() as usize;
        if places < digits.len() {
            let (whole, fraction) = digits.split_at(digits.len() - places);
            return write!(f, "{whole}.{fraction}");
        }
        write!(f, "0.{}{digits}", "0".repeat(places - digits.len()))
    }
}

impl TryFrom<String> for Number {
    type Error = NumberError;
    fn try_from(text: String) -> Result<Self, NumberError> {
        Self::parse(&text)
    }
}

impl From<Number> for String {
    fn from(number: Number) -> Self {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn one_normal_form() {
        for (text, plain) in [
            ("0", "0"),
            ("-0.00", "0"),
            ("007", "7"),
            ("1e3", "1000"),
            ("-12.50", "-12.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1E-3", "0.001"),
            ("+100", "100"),
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
        ] {
            assert_eq!(number(text).to_string(), plain, "{text}");
        }
        assert_eq!(number("1e125").to_string().len(), 126);
        assert_eq!(number("1e-130").to_string().len(), 132);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in ["", "-", ".", "1e", "0x1", "NaN", "1 ", "--1", "1e99999", "é"] {
            assert_eq!(Number::parse(text), Err(NumberError::NotANumber), "{text:?}");
        }
        assert_eq!(Number::parse("1.00000000000000000000000000000000000001"), Err(NumberError::TooManyDigits));
        assert_eq!(Number::parse("1e126"), Err(NumberError::Overflow));
        assert_eq!(Number::parse("1e-131"), Err(NumberError::Underflow));
    }

    #[test]
    fn sums_are_exact_or_refused() {
        let sum = |a: &str, b: &str| number(a).plus(number(b)).map(|sum| sum.to_string());
        assert_eq!(sum("0.1", "0.2"), Ok("0.3".into()));
        assert_eq!(sum("1", "-1"), Ok("0".into()));
        assert_eq!(sum("-5", "3"), Ok("-2".into()));
        assert_eq!(sum("9007199254740993", "1"), Ok("9007199254740994".into()));
        assert_eq!(sum("1e38", "-1"), Ok("9".repeat(38)));
        assert_eq!(sum("1e100", "1"), Err(NumberError::TooManyDigits));
        assert_eq!(sum("9e125", "9e125"), Err(NumberError::Overflow));
        assert_eq!(number("1").minus(number("0.75")).unwrap().to_string(), "0.25");
        assert_eq!(number("0").minus(number("2")).unwrap().to_string(), "-2");
    }

    proptest! {
        #[test]
        fn small_integers_behave_as_integers(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000) {
            let (x, y) = (number(&a.to_string()), number(&b.to_string()));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.plus(y).unwrap().to_string(), (a + b).to_string());
            prop_assert_eq!(x.minus(y).unwrap().to_string(), (a - b).to_string());
        }

        #[test]
        fn text_round_trips(a in any::<i64>(), exponent in -100i32..100) {
            let read = number(&format!("{a}e{exponent}"));
            prop_assert_eq!(number(&read.to_string()), read);
        }
    }
}
