//! Names that AWS gives to accounts, regions and resources; each is parsed once, at the edge.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that does not fit the pattern of the name it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {what}: 1 to {length_max} of [a-zA-Z0-9_.-]")]
pub struct InvalidName {
    /// What the text was meant to be, in words.
    pub what: &'static str,
    /// The refused text.
    pub value: String,
    /// The longest allowed form, in characters.
    pub length_max: usize,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $length_max:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(std::sync::Arc<str>);

        impl $type {
            /// Checks the AWS pattern `[a-zA-Z0-9_.-]+` and the length.
            pub fn parse(value: &str) -> Result<Self, InvalidName> {
                let fits = (1..=$length_max).contains(&value.len())
                    && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
                if fits {
                    Ok(Self(value.into()))
                } else {
                    Err(InvalidName { what: $what, value: value.into(), length_max: $length_max })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(value: String) -> Result<Self, InvalidName> {
                Self::parse(&value)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.to_string()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name!(
    /// A Data Streams stream: 1 to 128 characters (model shape `StreamName`).
    StreamName, "stream name", 128
);
name!(
    /// A registered consumer of a stream: 1 to 128 characters (model shape `ConsumerName`).
    ConsumerName, "consumer name", 128
);
name!(
    /// A queue over a stream: 1 to 128 characters (model shape `QueueName`).
    QueueName, "queue name", 128
);
name!(
    /// A channel of streams: 1 to 128 characters (model shape `ChannelName`).
    ChannelName, "channel name", 128
);
name!(
    /// A Firehose stream: 1 to 64 characters (model shape `DeliveryStreamName`).
    DeliveryStreamName, "delivery stream name", 64
);
name!(
    /// An Analytics application: 1 to 128 characters (model shape `ApplicationName`).
    ApplicationName, "application name", 128
);
name!(
    /// An AWS account: 12 digits on AWS; only the characters are checked here.
    AccountId, "account id", 12
);
name!(
    /// An AWS region such as `us-east-1`, as it stands in the credential scope of a signature.
    Region, "region", 64
);

/// Whose resource it is: names are separate per account and region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The owning account.
    pub account: AccountId,
    /// The region the request was signed for.
    pub region: Region,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_the_aws_pattern() {
        assert!(StreamName::parse("a.B_c-9").is_ok());
        for bad in ["", "a b", "a/b", "ä", &"x".repeat(129)] {
            assert!(StreamName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(DeliveryStreamName::parse(&"x".repeat(65)).is_err());
    }

    #[test]
    fn a_name_read_back_is_checked_again() {
        assert!(serde_roundtrip("\"ok\""));
        assert!(!serde_roundtrip("\"not ok\""));
    }

    fn serde_roundtrip(json: &str) -> bool {
        use serde::de::value::{Error, StrDeserializer};
        let text = json.trim_matches('"');
        StreamName::deserialize(StrDeserializer::<Error>::new(text)).is_ok()
    }
}
