//! Error codes with their HTTP status, and the bodies that carry them.
//!
//! No Kinesis exception has a status in the model, so every client fault is 400, not-found and throttling included.

use crate::cbor;

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
    /// A fault of the server, as CloudWatch names it.
    INTERNAL_SERVICE_FAULT = "InternalServiceFault", 500;
    /// A fault of the server, as the Kinesis model names it.
    INTERNAL_FAILURE_EXCEPTION = "InternalFailureException", 500;
    /// An application's configuration is wrong.
    INVALID_APPLICATION_CONFIGURATION = "InvalidApplicationConfigurationException", 400;
    /// The meaning of an argument is wrong.
    INVALID_ARGUMENT = "InvalidArgumentException", 400;
    /// Members that do not go together (CloudWatch).
    INVALID_PARAMETER_COMBINATION = "InvalidParameterCombinationException", 400;
    /// The meaning of a member is wrong (CloudWatch).
    INVALID_PARAMETER_VALUE = "InvalidParameterValueException", 400;
    /// The request is wrong (Analytics).
    INVALID_REQUEST = "InvalidRequestException", 400;
    /// The signature is wrong, out of date or made for something else.
    INVALID_SIGNATURE = "InvalidSignatureException", 400;
    /// The master key of an encrypted stream may not be used, or is not the one it was encrypted with.
    KMS_ACCESS_DENIED = "KMSAccessDeniedException", 400;
    /// The master key is switched off.
    KMS_DISABLED = "KMSDisabledException", 400;
    /// The master key is in no state to be used.
    KMS_INVALID_STATE = "KMSInvalidStateException", 400;
    /// There is no such master key.
    KMS_NOT_FOUND = "KMSNotFoundException", 400;
    /// The account has not subscribed to the keeper of its master keys.
    KMS_OPT_IN_REQUIRED = "KMSOptInRequired", 400;
    /// The keeper of master keys is asked too often.
    KMS_THROTTLING = "KMSThrottlingException", 400;
    /// A quota is used up.
    LIMIT_EXCEEDED = "LimitExceededException", 400;
    /// The request is not signed.
    MISSING_AUTHENTICATION_TOKEN = "MissingAuthenticationTokenException", 400;
    /// A member is missing (CloudWatch).
    MISSING_REQUIRED_PARAMETER = "MissingRequiredParameterException", 400;
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

/// The code and status under which the query protocol knows an error; what is not listed is the same in both.
pub fn query_code(code: &'static str) -> (&'static str, u16) {
    match code {
        ACCESS_DENIED => ("AccessDenied", 403),
        INCOMPLETE_SIGNATURE => ("IncompleteSignature", 400),
        INTERNAL_SERVICE_FAULT => ("InternalServiceError", 500),
        INVALID_PARAMETER_COMBINATION => ("InvalidParameterCombination", 400),
        INVALID_PARAMETER_VALUE => ("InvalidParameterValue", 400),
        INVALID_SIGNATURE => ("SignatureDoesNotMatch", 403),
        MISSING_AUTHENTICATION_TOKEN => ("MissingAuthenticationToken", 403),
        MISSING_REQUIRED_PARAMETER => ("MissingParameter", 400),
        SERIALIZATION => ("MalformedInput", 400),
        THROTTLING => ("Throttling", 400),
        UNKNOWN_OPERATION => ("InvalidAction", 400),
        UNRECOGNIZED_CLIENT => ("InvalidClientTokenId", 403),
        VALIDATION => ("ValidationError", 400),
        other => (other, status(other)),
    }
}

/// How a service spells the parts of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelling {
    /// The member of the message; SerializationException has `Message` in every service.
    message: &'static str,
    /// What stands before the code in `__type`, the `#` included.
    namespace: &'static str,
}

impl Spelling {
    /// `message`, and the bare name: Kinesis, Firehose.
    pub const LOWER: Self = Self { message: "message", namespace: "" };
    /// `Message`, and the bare name: Analytics.
    pub const UPPER: Self = Self { message: "Message", namespace: "" };
    /// `message`, and the name of the shape in full.
    pub const DYNAMODB: Self = Self { message: "message", namespace: "com.amazonaws.dynamodb.v20120810#" };
    /// `message`, and the name of the shape in full.
    pub const CLOUDWATCH: Self = Self { message: "message", namespace: "com.amazonaws.cloudwatch#" };

    fn message_of(self, code: &str) -> &'static str {
        if code == SERIALIZATION { "Message" } else { self.message }
    }

    /// The JSON body of an error; `members` are further members and their JSON. Send the code in the header
    /// `x-amzn-ErrorType` as well.
    pub fn json_body(self, code: &str, message: &str, members: &[(&'static str, String)]) -> Vec<u8> {
        let text = |value: &str| serde_json::Value::from(value).to_string();
        let kind = text(&format!("{}{code}", self.namespace));
        let mut body = format!("{{\"__type\":{kind}");
        // AWS says nothing of a body that it could not parse, nor of an operation that it does not know.
        if !message.is_empty() {
            body.push_str(&format!(",\"{}\":{}", self.message_of(code), text(message)));
        }
        for (name, json) in members {
            body.push_str(&format!(",\"{name}\":{json}"));
        }
        body.push('}');
        body.into_bytes()
    }

    /// The same in CBOR, for clients that would call a JSON body an invalid CBOR token.
    pub fn cbor_body(self, code: &str, message: &str) -> Vec<u8> {
        let kind = format!("{}{code}", self.namespace);
        let members: &[_] = &[("__type", &*kind), (self.message_of(code), message)];
        cbor::texts(if message.is_empty() { &members[..1] } else { members })
    }
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
        let body = Spelling::LOWER.cbor_body("A", "b");
        assert_eq!(body, b"\xbf\x66__type\x61A\x67message\x61b\xff");
    }

    #[test]
    fn bodies_are_json_as_each_service_spells_it() {
        let body = |spelling: Spelling, code, members: &[_]| {
            String::from_utf8(spelling.json_body(code, "a \"b\"\n", members)).unwrap()
        };
        let plain = body(Spelling::LOWER, VALIDATION, &[]);
        assert_eq!(plain, r#"{"__type":"ValidationException","message":"a \"b\"\n"}"#);
        let upper = body(Spelling::UPPER, VALIDATION, &[]);
        assert_eq!(upper, r#"{"__type":"ValidationException","Message":"a \"b\"\n"}"#);
        let serialization = body(Spelling::LOWER, SERIALIZATION, &[]);
        assert_eq!(serialization, r#"{"__type":"SerializationException","Message":"a \"b\"\n"}"#);
        let full = body(Spelling::DYNAMODB, "X", &[("CancellationReasons", "[{}]".to_owned())]);
        let expected =
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#X","message":"a \"b\"\n","CancellationReasons":[{}]}"#;
        assert_eq!(full, expected);
    }
}
