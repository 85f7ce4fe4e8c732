//! The AWS protocols: shapes generated from the service models, their JSON form, their constraints, SigV4, error codes.
//!
//! Owns: what stands on the wire and whether it is well formed. Refuses: any rule of the services; it imports nothing
//! of ours, and time comes in as a number. Read `decode` and `validate` for the way in, `encode` for the way out,
//! [`sigv4`] for signatures, and `xtask/src/codegen` for how `generated/` is made.
//!
//! A request: [`json::decode`] gives the input shape with every member optional, [`validate`] makes sure that the
//! required ones are there, the handler answers with an output shape, [`json::encode`] writes it.

mod cbor;
mod codec;
mod decode;
mod encode;
pub mod error_code;
pub mod event_stream;
mod generated;
pub mod json;
pub mod puts;
pub mod query;
pub mod sigv4;
mod sink;
mod time;
mod validate;
mod value;

pub use codec::{Codec, DecodeError};
pub use decode::{Decode, Structure};
pub use encode::{Encode, Encoder};
pub use generated::{analytics, cloudwatch, dynamodb, firehose, kinesis, sts};
pub use validate::{Check, Path, Problems, Rules, must_not_be_null, validate};
pub use value::{Blob, Timestamp};
