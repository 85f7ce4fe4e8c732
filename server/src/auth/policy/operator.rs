//! Condition operators: their names, and how each compares a request's value with a policy's.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::Context;
use super::pattern::Pattern;

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    String,
    StringIgnoringCase,
    StringLike,
    Arn,
    Numeric(Wanted),
    Date(Wanted),
    Bool,
    Ip,
    /// `Null`: whether the request has the key at all.
    Null,
}

/// Which order fulfils a comparison of numbers or dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Over which values of a key with several a condition has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// The key has one value.
    Single,
    ForAnyValue,
    ForAllValues,
}

/// An operator such as `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) family: Family,
    pub(super) negated: bool,
    pub(super) if_exists: bool,
    pub(super) quantifier: Quantifier,
}

/// The names of the language, each with what it compares and whether it is negated.
const NAMES: [(&str, Family, bool); 27] = [
    ("StringEquals", Family::String, false),
    ("StringNotEquals", Family::String, true),
    ("StringEqualsIgnoreCase", Family::StringIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Family::StringIgnoringCase, true),
    ("StringLike", Family::StringLike, false),
    ("StringNotLike", Family::StringLike, true),
    // All four of the ARN operators know wildcards (IAM user guide).
    ("ArnEquals", Family::Arn, false),
    ("ArnLike", Family::Arn, false),
    ("ArnNotEquals", Family::Arn, true),
    ("ArnNotLike", Family::Arn, true),
    ("NumericEquals", Family::Numeric(Wanted::Equal), false),
    ("NumericNotEquals", Family::Numeric(Wanted::Equal), true),
    ("NumericLessThan", Family::Numeric(Wanted::Less), false),
    ("NumericLessThanEquals", Family::Numeric(Wanted::LessOrEqual), false),
    ("NumericGreaterThan", Family::Numeric(Wanted::Greater), false),
    ("NumericGreaterThanEquals", Family::Numeric(Wanted::GreaterOrEqual), false),
    ("DateEquals", Family::Date(Wanted::Equal), false),
    ("DateNotEquals", Family::Date(Wanted::Equal), true),
    ("DateLessThan", Family::Date(Wanted::Less), false),
    ("DateLessThanEquals", Family::Date(Wanted::LessOrEqual), false),
    ("DateGreaterThan", Family::Date(Wanted::Greater), false),
    ("DateGreaterThanEquals", Family::Date(Wanted::GreaterOrEqual), false),
    ("Bool", Family::Bool, false),
    ("BinaryEquals", Family::String, false),
    ("IpAddress", Family::Ip, false),
    ("NotIpAddress", Family::Ip, true),
    ("Null", Family::Null, false),
];

impl Operator {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (quantifier, rest) = match text.split_once(':') {
            Some(("ForAnyValue", rest)) => (Quantifier::ForAnyValue, rest),
            Some(("ForAllValues", rest)) => (Quantifier::ForAllValues, rest),
            Some(_) => return None,
            None => (Quantifier::Single, text),
        };
        let (name, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |name| (name, true));
        let (_, family, negated) = NAMES.into_iter().find(|(known, ..)| *known == name)?;
        if family == Family::Null && (if_exists || quantifier != Quantifier::Single) {
            return None;
        }
        Some(Self { family, negated, if_exists, quantifier })
    }
}

impl Family {
    /// Whether a value of a policy can be compared with anything; one that cannot is a mistake of its author.
    pub(super) fn takes(self, value: &str) -> bool {
        match self {
            Self::Numeric(_) => number(value).is_some(),
            Self::Date(_) => date(value).is_some(),
            Self::Bool | Self::Null => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
            Self::Ip => Network::parse(value).is_some(),
            _ => true,
        }
    }

    /// Whether the request's value fits the policy's; `None` when the policy's names a variable without a value.
    pub(super) fn fits(self, value: &str, wanted: &Pattern, context: &Context<'_>) -> Option<bool> {
        let plain = || wanted.plain(context);
        Some(match self {
            Self::String => value == plain()?,
            Self::StringIgnoringCase => value.to_lowercase() == plain()?.to_lowercase(),
            Self::StringLike => wanted.matches(value, context)?,
            Self::Arn => wanted.matches_arn(value, context)?,
            Self::Bool | Self::Null => value.eq_ignore_ascii_case(&plain()?),
            Self::Numeric(order) => order.accepts(number(value), number(&plain()?)),
            Self::Date(order) => order.accepts(date(value), date(&plain()?)),
            Self::Ip => {
                let (address, network) = (value.parse().ok(), Network::parse(&plain()?));
                address.zip(network).is_some_and(|(address, network)| network.contains(address))
            }
        })
    }
}

impl Wanted {
    fn accepts<T: PartialOrd>(self, value: Option<T>, wanted: Option<T>) -> bool {
        let Some(order) = value.zip(wanted).and_then(|(value, wanted)| value.partial_cmp(&wanted)) else {
            return false;
        };
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Seconds since 1970, or ISO 8601 with or without a time of day; as milliseconds since 1970.
fn date(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(1000);
    }
    let time = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse::<jiff::Timestamp>());
    time.ok().map(|time| time.as_millisecond())
}

/// `203.0.113.0/24`, or one address.
struct Network {
    address: u128,
    mask: u128,
    is_v4: bool,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().ok()?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let length: u32 = length.map_or(Some(bits_max), |length| length.parse().ok())?;
        let zeros = bits_max.checked_sub(length)?;
        let mask = u128::MAX.checked_shl(zeros).unwrap_or(0);
        Some(Self { address: Self::bits(address) & mask, mask, is_v4: address.is_ipv4() })
    }

    fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.is_v4 && Self::bits(address) & self.mask == self.address
    }

    fn bits(address: IpAddr) -> u128 {
        match address {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_their_ends() {
        let read = |text| Operator::parse(text).map(|one| (one.negated, one.if_exists, one.quantifier));
        assert_eq!(read("StringEquals"), Some((false, false, Quantifier::Single)));
        assert_eq!(read("ForAnyValue:ArnNotLikeIfExists"), Some((true, true, Quantifier::ForAnyValue)));
        for wrong in ["", "stringequals", "NullIfExists", "ForAllValues:Null", "ForSome:StringLike", "StringEqualsX"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn networks() {
        for (network, address, expected) in [
            ("203.0.113.0/24", "203.0.113.9", true),
            ("203.0.113.7/24", "203.0.113.9", true),
            ("203.0.113.0/24", "203.0.114.9", false),
            ("203.0.113.9", "203.0.113.9", true),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ] {
            let contains = Network::parse(network).unwrap().contains(address.parse().unwrap());
            assert_eq!(contains, expected, "{network} {address}");
        }
        for wrong in ["", "1.2.3.4/33", "1.2.3.4/-1", "::/129", "1.2.3", "x/8"] {
            assert!(Network::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn dates() {
        assert_eq!(date("2015-08-30T12:36:00Z"), Some(1_440_938_160_000));
        assert_eq!(date("2015-08-30"), Some(1_440_892_800_000));
        assert_eq!(date("1440938160"), Some(1_440_938_160_000));
        assert_eq!(date("yesterday"), None);
    }
}
