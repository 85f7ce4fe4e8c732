//! Page tokens: everything that the next page needs, so that the server keeps nothing between pages.
//!
//! A token is not authenticated, for it opens nothing: the stream in it is looked up with the rights of whoever sends
//! it, like a name. It is read strictly and works for five minutes.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use types::{Timestamp, limits};
use wire::error_code;

use crate::error::ApiError;

/// A page's successor and when it was promised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token<T> {
    issued: Timestamp,
    next: T,
}

/// The text of a token.
pub(super) fn seal<T: Serialize>(next: T, now: Timestamp) -> String {
    let json =
        serde_json::to_vec(&Token { issued: now, next }).expect("tokens are plain structures of text and numbers");
    base64_simd::STANDARD.encode_to_string(json)
}

/// What a token promised; `operation` only stands in the texts of errors.
pub(super) fn open<T: DeserializeOwned>(text: &str, now: Timestamp, operation: &str) -> Result<T, ApiError> {
    let json = base64_simd::STANDARD.decode_to_vec(text).ok();
    let token: Option<Token<T>> = json.and_then(|json| serde_json::from_slice(&json).ok());
    let token =
        token.ok_or_else(|| ApiError::invalid_argument(format!("NextToken is not one that {operation} gave.")))?;
    if now.since(token.issued) > limits::NEXT_TOKEN_LIFETIME {
        return Err(ApiError::new(
            error_code::EXPIRED_NEXT_TOKEN,
            format!(
                "NextToken expired. It was created at time {} while right now it is {}, which is further in the future than \
                 the tolerated delay of {} milliseconds.",
                token.issued.0,
                now.0,
                limits::NEXT_TOKEN_LIFETIME.as_millis()
            ),
        ));
    }
    Ok(token.next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_round_trip_for_five_minutes() {
        let token = seal("orders".to_owned(), Timestamp(1_000_000));
        assert_eq!(open::<String>(&token, Timestamp(1_300_000), "X").unwrap(), "orders");
        assert_eq!(open::<String>(&token, Timestamp(1_300_001), "X").unwrap_err().code, "ExpiredNextTokenException");
        for wrong in ["", "AAAA", "%", &seal(5, Timestamp(0))] {
            assert_eq!(open::<String>(wrong, Timestamp(0), "X").unwrap_err().code, "InvalidArgumentException");
        }
    }
}
