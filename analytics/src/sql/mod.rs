//! SQL text in Flink's dialect to a `Program`.
//!
//! Owns: what SQL means and what is refused, each refusal with its place in the text. Refuses: running anything.
//! `script` splits the text; `table` reads CREATE TABLE; `window` takes window functions out of queries; `syntax` is the
//! whitelist of query syntax; `guard` that of types; DataFusion plans the rest and `lower` turns its plan into operators.

mod context;
mod error;
mod guard;
mod lower;
mod options;
mod physical;
mod query;
mod script;
mod source;
mod sql_type;
mod syntax;
mod table;
mod tokens;
mod window;

pub use error::SqlError;
pub(crate) use options::{InitialPosition, StreamReference};
pub(crate) use script::compile;
pub(crate) use sql_type::SqlType;
pub(crate) use table::MetadataKey;

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod soup;
