//! A compiled application: what its SQL text means, ready to run. Made by `sql::compile`, run by `run::Execution`.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::aggregate::AggregateFunctionExpr;

use crate::run::window::Windowing;
use crate::sql::{InitialPosition, MetadataKey, SqlType, StreamReference};
use crate::time_text::TimestampFormat;

/// All statements of one application: one job.
#[derive(Debug)]
pub(crate) struct Program {
    /// The tables that are read, each once.
    pub(crate) sources: Vec<Source>,
    /// The tables that are written.
    pub(crate) sinks: Vec<Arc<Sink>>,
    /// The INSERT statements, in order of the text.
    pub(crate) inserts: Vec<Insert>,
}

/// A table that is read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) stream: StreamReference,
    pub(crate) position: InitialPosition,
    /// How long a shard may be silent before the watermark goes on without it; zero waits for ever.
    pub(crate) idle_timeout: Duration,
    pub(crate) ignore_parse_errors: bool,
    pub(crate) fail_on_missing_field: bool,
    pub(crate) timestamps: TimestampFormat,
    /// What is read from a record.
    pub(crate) inputs: Vec<Input>,
    /// The columns `inputs` make.
    pub(crate) input_schema: SchemaRef,
    /// All columns of the table.
    pub(crate) columns: Vec<TableColumn>,
    pub(crate) schema: SchemaRef,
    pub(crate) watermark: Option<Watermark>,
}

/// A value read from a record.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) sql_type: SqlType,
    pub(crate) kind: InputKind,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum InputKind {
    /// A field of the JSON object.
    Field { not_null: bool },
    /// A property of the record.
    Metadata(MetadataKey),
}

/// A column of a source table.
#[derive(Debug)]
pub(crate) enum TableColumn {
    /// The input of that index.
    Input(usize),
    /// Computed from the inputs.
    Computed(Arc<dyn PhysicalExpr>),
}

/// How far event time has come, as each row tells it.
#[derive(Debug)]
pub(crate) struct Watermark {
    /// The time column, an index into the table's columns.
    pub(crate) column: usize,
    /// Over the table's columns; a TIMESTAMP(3) or TIMESTAMP_LTZ(3).
    pub(crate) expression: Arc<dyn PhysicalExpr>,
}

/// One INSERT: rows flow from a source through the operators to a sink.
#[derive(Debug)]
pub(crate) struct Insert {
    /// Index of the source.
    pub(crate) source: usize,
    /// Adds the columns window_start, window_end and window_time.
    pub(crate) windows: Option<WindowColumns>,
    /// What happens to each row as it comes.
    pub(crate) before: Vec<Operator>,
    pub(crate) aggregate: Option<WindowAggregate>,
    /// What happens to each row of a window's result.
    pub(crate) after: Vec<Operator>,
    /// Index of the sink; the last operator gives its columns.
    pub(crate) sink: usize,
}

/// A window table function over the source.
#[derive(Debug)]
pub(crate) struct WindowColumns {
    /// The time column, an index into the source's columns.
    pub(crate) time: usize,
    pub(crate) windowing: Windowing,
    /// The source's columns and the three of the window.
    pub(crate) schema: SchemaRef,
}

/// A step that needs no state.
#[derive(Debug)]
pub(crate) enum Operator {
    /// Keeps the rows for which it is true.
    Filter(Arc<dyn PhysicalExpr>),
    /// Makes new columns.
    Project { expressions: Vec<Arc<dyn PhysicalExpr>>, schema: SchemaRef },
}

/// GROUP BY window_start, window_end and keys.
#[derive(Debug)]
pub(crate) struct WindowAggregate {
    /// Every GROUP BY expression, the two of the window among them.
    pub(crate) keys: Vec<Arc<dyn PhysicalExpr>>,
    /// Which key is window_start.
    pub(crate) start: usize,
    /// Which key is window_end.
    pub(crate) end: usize,
    pub(crate) calls: Vec<AggregateCall>,
    /// The keys, then the results of the calls.
    pub(crate) schema: SchemaRef,
}

/// An aggregate function with its arguments.
#[derive(Debug)]
pub(crate) struct AggregateCall {
    pub(crate) function: Arc<AggregateFunctionExpr>,
    /// `FILTER (WHERE …)`
    pub(crate) filter: Option<Arc<dyn PhysicalExpr>>,
}

/// A table that is written.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) name: String,
    pub(crate) stream: StreamReference,
    pub(crate) columns: Vec<SinkColumn>,
    pub(crate) timestamps: TimestampFormat,
    /// The columns whose values make the partition key; none: a random key.
    pub(crate) partitioned_by: Vec<usize>,
    pub(crate) partition_delimiter: String,
}

/// A field of the JSON objects of a sink.
#[derive(Debug)]
pub(crate) struct SinkColumn {
    pub(crate) name: String,
    pub(crate) sql_type: SqlType,
    pub(crate) not_null: bool,
}
