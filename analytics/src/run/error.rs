//! Why a running application stopped; it is started again from its checkpoint after a while.

use arrow::error::ArrowError;
use datafusion_common::DataFusionError;
use streams::StreamsError;
use types::{SequenceNumber, ShardId};

/// The failure of a job.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// A record is not what the table says.
    #[error("table {table}, {shard}, record {sequence_number}: {message}")]
    Record { table: String, shard: ShardId, sequence_number: SequenceNumber, message: String },
    /// An expression failed on the values of a record.
    #[error("{}", plain(.0))]
    Evaluate(#[from] DataFusionError),
    /// An operation on columns failed.
    #[error(transparent)]
    Columns(#[from] ArrowError),
    /// A NOT NULL column of a sink got NULL.
    #[error("table {table}: column {column} is NOT NULL, but the query gave NULL")]
    SinkNull { table: String, column: String },
    /// The open windows hold more than an application may.
    #[error(
        "the open windows hold {bytes} bytes, more than {bytes_max}: use fewer groups, smaller windows, or a smaller watermark delay"
    )]
    StateTooLarge { bytes: usize, bytes_max: usize },
    /// The rows of one commit are more than the log takes at once.
    #[error("the query gave {bytes} bytes of rows at once, more than {bytes_max}: use fewer groups or shorter rows")]
    OutputTooLarge { bytes: usize, bytes_max: usize },
    /// The checkpoint cannot be read.
    #[error("the checkpoint cannot be read: {0}")]
    Checkpoint(String),
    /// A stream could not be read or written.
    #[error(transparent)]
    Streams(#[from] StreamsError),
    /// A table names a stream that this application may not use.
    #[error("table {table}: {message}")]
    Stream { table: String, message: String },
}

/// What failed, without DataFusion's name for the kind of failure.
fn plain(error: &DataFusionError) -> String {
    let text = error.find_root().strip_backtrace();
    text.strip_prefix("Execution error: ").map_or(text.clone(), ToOwned::to_owned)
}
