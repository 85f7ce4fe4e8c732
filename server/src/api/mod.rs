//! The operations: a folder for each service, a file for each operation.
//!
//! Owns: turning a wire shape into one domain call and its answer into a wire shape. Refuses: rules of the services
//! (they are in `streams`, `delivery`, `analytics`) and HTTP. Read `kinesis/describe_stream_summary.rs` as the pattern.
//!
//! # How to add an operation, say `kinesis:DescribeLimits`
//! 1. Add `"DescribeLimits"` to the table in `xtask/src/codegen/mod.rs` and run `cargo xtask codegen`.
//! 2. Write `api/kinesis/describe_limits.rs`:
//!    ```ignore
//!    pub(crate) async fn handle(app: &App, caller: &Caller, _: DescribeLimitsInput) -> Result<DescribeLimitsOutput, ApiError> {
//!        let open = app.streams.open_shards_of(&caller.scope.account);
//!        Ok(DescribeLimitsOutput { open_shard_count: Some(to_count(open)), ..Default::default() })
//!    }
//!    ```
//!    The input is decoded and validated already: what the model requires is `Some`. An operation whose model has no
//!    output shape returns `Result<(), ApiError>`; its answer has an empty body.
//! 3. Add the line `DescribeLimits => describe_limits,` to `operations!` in `api/kinesis/mod.rs`, and
//!    `mod describe_limits;`. A test compares that list with what is generated.

pub(crate) mod analytics;
pub(crate) mod firehose;
pub(crate) mod kinesis;

use wire::{Check, Decode, Encode};

use crate::error::ApiError;

/// Lists the operations of a service, `Operation => module_with_handle,`, and makes from the list what dispatch calls:
/// `call(app, caller, operation, body)`, which decodes, validates, handles and encodes, and `OPERATIONS`, their names.
macro_rules! operations {
    ($($operation:ident => $module:ident,)*) => {
        /// The operations that [`call`] answers, in order of name.
        #[cfg(test)]
        pub(crate) const OPERATIONS: &[&str] = &[$(stringify!($operation)),*];

        /// The JSON of the answer to one request.
        pub(crate) async fn call(
            app: &crate::app::App,
            caller: &crate::auth::Caller,
            operation: &str,
            body: &[u8],
        ) -> Result<Vec<u8>, crate::error::ApiError> {
            match operation {
                $(stringify!($operation) => {
                    let input = crate::api::input(body)?;
                    let output = $module::handle(app, caller, input).await?;
                    Ok(crate::api::output(&output))
                })*
                _ => Err(crate::error::ApiError::unknown_operation()),
            }
        }
    };
}
pub(crate) use operations;

/// The input of an operation, with its constraints checked.
fn input<T: Decode + Check>(body: &[u8]) -> Result<T, ApiError> {
    let input = wire::json::decode(body)?;
    wire::validate(&input).map_err(ApiError::validation)?;
    Ok(input)
}

/// The body of an answer; empty for `()`.
fn output<T: Encode>(output: &T) -> Vec<u8> {
    wire::json::encode(output)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_generated_is_served() {
        assert_eq!(super::analytics::OPERATIONS, wire::analytics::BUILT);
        assert_eq!(super::firehose::OPERATIONS, wire::firehose::BUILT);
        assert_eq!(super::kinesis::OPERATIONS, wire::kinesis::BUILT);
    }
}
