//! Error codes with their HTTP status, and the bodies that carry them.
//!
//! No Kinesis exception has a status in the model, so every client fault is 400, not-found and throttling included.

/// Names of the errors that are not modelled by one service alone.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $text;)*

        /// Every code of this module with its status.
        const STATUSES: &[(&str, u16)] = &[$(($text, $status)),*];
    };
}

codes! {
    /// The caller may not do this.
    ACCESS_DENIED = "AccessDeniedException", 400;
    /// The SQL text is wrong.
    CODE_VALIDATION = "CodeValidationException", 400;
    /// The state moved under the caller.
    CONCURRENT_MODIFICATION = "ConcurrentModificationException", 400;
    /// A dry run would have succeeded.
    DRY_RUN_OPERATION = "DryRunOperationException", 400;
    /// The iterator is older than five minutes.
    EXPIRED_ITERATOR = "ExpiredIteratorException", 400;
    /// The page token is older than five minutes.
    EXPIRED_NEXT_TOKEN = "ExpiredNextTokenException", 400;
    /// The Authorization header lacks a part or cannot be read.
    INCOMPLETE_SIGNATURE = "IncompleteSignatureException", 400;
    /// A fault of the server, as Firehose's per-record results and undeclared faults name it.
    INTERNAL_FAILURE = "InternalFailure", 500;
    /// A fault of the server, as the Kinesis model names it.
    INTERNAL_FAILURE_EXCEPTION = "InternalFailureException", 500;
    /// An application's configuration is wrong.
    INVALID_APPLICATION_CONFIGURATION = "InvalidApplicationConfigurationException", 400;
    /// The meaning of an argument is wrong.
    INVALID_ARGUMENT = "InvalidArgumentException", 400;
    /// The request is wrong (Analytics).
    INVALID_REQUEST = "InvalidRequestException", 400;
    /// The signature is wrong, out of date or made for something else.
    INVALID_SIGNATURE = "InvalidSignatureException", 400;
    /// A quota is used up.
    LIMIT_EXCEEDED = "LimitExceededException", 400;
    /// The request is not signed.
    MISSING_AUTHENTICATION_TOKEN = "MissingAuthenticationTokenException", 400;
    /// A shard is over its rate.
    PROVISIONED_THROUGHPUT_EXCEEDED = "ProvisionedThroughputExceededException", 400;
    /// The name is taken, or the state does not allow the call.
    RESOURCE_IN_USE = "ResourceInUseException", 400;
    /// No such resource.
    RESOURCE_NOT_FOUND = "ResourceNotFoundException", 400;
    /// The body is not what the protocol says.
    SERIALIZATION = "SerializationException", 400;
    /// Not now; the name that SDKs retry for every service.
    SERVICE_UNAVAILABLE = "ServiceUnavailable", 503;
    /// Not now (Firehose, Analytics).
    SERVICE_UNAVAILABLE_EXCEPTION = "ServiceUnavailableException", 503;
    /// Too fast.
    THROTTLING = "ThrottlingException", 400;
    /// More than fifty tags.
    TOO_MANY_TAGS = "TooManyTagsException", 400;
    /// No such operation, or one that is not built.
    UNKNOWN_OPERATION = "UnknownOperationException", 400;
    /// No such access key, or a session token that nobody issued.
    UNRECOGNIZED_CLIENT = "UnrecognizedClientException", 400;
    /// The operation exists but not for this resource.
    UNSUPPORTED_OPERATION = "UnsupportedOperationException", 400;
    /// The model's constraints are broken.
    VALIDATION = "ValidationException", 400;
}

/// The status that goes with a code; 400 for codes that are not listed here.
pub fn status(code: &str) -> u16 {
    STATUSES.iter().find(|(name, _)| *name == code).map_or(400, |(_, status)| *status)
}

/// How the message is spelled in an error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageMember {
    /// `message`: Kinesis and Firehose.
    Lower,
    /// `Message`: Analytics, and SerializationException in every service.
    Upper,
}

impl MessageMember {
    fn name(self) -> &'static str {
        match self {
            Self::Lower => "message",
            Self::Upper => "Message",
        }
    }
}

/// The JSON body of an error. Send the code in the header `x-amzn-ErrorType` as well.
pub fn json_body(code: &str, member: MessageMember, message: &str) -> Vec<u8> {
    // A map of text to text, so the two values are all there is to escape.
    let text = |value: &str| serde_json::Value::from(value).to_string();
    format!("{{\"__type\":{},\"{}\":{}}}", text(code), member.name(), text(message)).into_bytes()
}

/// The same in legacy CBOR, for clients that would call a JSON body an invalid CBOR token.
pub fn cbor_body(code: &str, member: MessageMember, message: &str) -> Vec<u8> {
    // A map of two pairs; every text is written with a 32-bit length, which is longer than needed and legal.
    let mut out = vec![0xa2];
    for text in ["__type", code, member.name(), message] {
        out.push(0x7a);
        out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_faults_are_400() {
        assert_eq!(status(RESOURCE_NOT_FOUND), 400);
        assert_eq!(status(PROVISIONED_THROUGHPUT_EXCEEDED), 400);
        assert_eq!(status("SomethingNewException"), 400);
        assert_eq!((status(INTERNAL_FAILURE), status(SERVICE_UNAVAILABLE_EXCEPTION)), (500, 503));
    }

    #[test]
    fn cbor_bodies_are_maps_of_text() {
        let body = cbor_body("A", MessageMember::Lower, "b");
        let expected: &[u8] = b"\xa2\x7a\0\0\0\x06__type\x7a\0\0\0\x01A\x7a\0\0\0\x07message\x7a\0\0\0\x01b";
        assert_eq!(body, expected);
    }

    #[test]
    fn bodies_are_json() {
        let body = json_body(VALIDATION, MessageMember::Lower, "a \"b\"\n");
        assert_eq!(String::from_utf8(body).unwrap(), r#"{"__type":"ValidationException","message":"a \"b\"\n"}"#);
        let body = json_body(SERIALIZATION, MessageMember::Upper, "x");
        assert_eq!(String::from_utf8(body).unwrap(), r#"{"__type":"SerializationException","Message":"x"}"#);
    }
}
