//! The operators of an application, without tasks, clocks or streams: pages go in, rows come out, state is saved.
//!
//! Everything that decides what is computed is here and is synchronous, so that tests can replay any history; `job` brings
//! the pages and takes the rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::TimestampMillisecondType;
use streams::PutEntry;
use types::{Offset, Random, Record, Timestamp};

use super::JobError;
use super::aggregate::{OpenWindows, filter};
use super::checkpoint::{Checkpoint, Counters, Header, ShardKey, ShardPosition, SourceState};
use super::decode::decode;
use super::encode::encode;
use super::watermark::{UNKNOWN, Watermarks};
use crate::program::{Insert, Operator, Program, WindowColumns};

/// Bytes that the open windows of one application may hold: the checkpoint and all their rows must fit one append.
pub(crate) const STATE_BYTES_MAX: usize = 16 << 20;

/// A running program.
pub(crate) struct Execution {
    program: Arc<Program>,
    random: Arc<dyn Random>,
    sources: Vec<SourceProgress>,
    /// By INSERT; `None` for those without aggregation.
    windows: Vec<Option<OpenWindows>>,
    /// Rows made since they were last taken, by sink.
    outputs: Vec<Vec<PutEntry>>,
    counters: Counters,
}

#[derive(Debug)]
struct SourceProgress {
    watermarks: Watermarks,
    shards: Vec<ShardPosition>,
}

impl Execution {
    /// The program at its beginning: no shard is known.
    pub(crate) fn new(program: Arc<Program>, random: Arc<dyn Random>) -> Result<Self, JobError> {
        let progress = |idle| SourceProgress { watermarks: Watermarks::new(idle), shards: Vec::new() };
        let windows = program.inserts.iter().map(|insert| insert.aggregate.as_ref().map(OpenWindows::new).transpose());
        Ok(Self {
            sources: program.sources.iter().map(|source| progress(source.idle_timeout)).collect(),
            windows: windows.collect::<Result<_, _>>()?,
            outputs: program.sinks.iter().map(|_| Vec::new()).collect(),
            counters: Counters::default(),
            program,
            random,
        })
    }

    /// The state of a checkpoint.
    pub(crate) fn restore(&mut self, checkpoint: &Checkpoint, now: Timestamp) -> Result<(), JobError> {
        if checkpoint.header.sources.len() != self.sources.len() {
            return Err(JobError::Checkpoint("it belongs to another program".into()));
        }
        self.counters = checkpoint.header.counters;
        for (index, state) in checkpoint.header.sources.iter().enumerate() {
            self.sources[index].watermarks.restore(state.watermark.unwrap_or(UNKNOWN));
            for shard in &state.shards {
                self.open_shard(index, *shard, now);
            }
        }
        for (insert, state) in &checkpoint.windows {
            let windows = self.windows.get_mut(*insert).and_then(Option::as_mut);
            let plan = self.program.inserts.get(*insert).and_then(|insert| insert.aggregate.as_ref());
            let (Some(windows), Some(plan)) = (windows, plan) else {
                return Err(JobError::Checkpoint("it belongs to another program".into()));
            };
            windows.restore(plan, state)?;
        }
        Ok(())
    }

    /// The state as a checkpoint of the given descent.
    pub(crate) fn snapshot(&mut self, lineage: Offset) -> Result<Checkpoint, JobError> {
        let known = |watermark: i64| (watermark != UNKNOWN).then_some(watermark);
        let sources = self.sources.iter().map(|source| SourceState {
            watermark: known(source.watermarks.combined()),
            shards: source
                .shards
                .iter()
                .map(|shard| ShardPosition { watermark: known(source.watermarks.of(shard.key)), ..*shard })
                .collect(),
        });
        let header = Header { lineage, sources: sources.collect(), counters: self.counters, windows: Vec::new() };
        let mut windows = Vec::new();
        for (index, (open, insert)) in self.windows.iter_mut().zip(&self.program.inserts).enumerate() {
            if let (Some(open), Some(plan)) = (open, &insert.aggregate) {
                windows.push((index, open.snapshot(plan)?));
            }
        }
        Ok(Checkpoint { header, windows })
    }

    /// A shard of a source begins where `shard` says.
    pub(crate) fn open_shard(&mut self, source: usize, shard: ShardPosition, now: Timestamp) {
        let progress = &mut self.sources[source];
        progress.watermarks.open(shard.key, shard.watermark.unwrap_or(UNKNOWN), now);
        if shard.ended {
            progress.watermarks.end(shard.key);
        }
        progress.shards.push(shard);
    }

    /// Every shard of a source that was opened.
    pub(crate) fn shards(&self, source: usize) -> &[ShardPosition] {
        &self.sources[source].shards
    }

    /// Runs records of a shard through every query that reads the source; `next` is the position after them, `None` when
    /// they end inside an aggregate: then no snapshot may be taken before the rest is fed.
    pub(crate) fn feed(
        &mut self,
        source: usize,
        shard: ShardKey,
        records: &[Record],
        next: Option<Offset>,
        now: Timestamp,
    ) -> Result<(), JobError> {
        let program = self.program.clone();
        if !records.is_empty() {
            let decoded = decode(&program.sources[source], shard.shard, records)?;
            self.counters.records_in += records.len() as u64;
            self.counters.ignored += decoded.ignored;
            for (index, insert) in program.inserts.iter().enumerate().filter(|(_, insert)| insert.source == source) {
                self.run(index, insert, &decoded.rows)?;
            }
            self.sources[source].watermarks.observe(shard, decoded.watermark, now);
        }
        let position = self.sources[source].shards.iter_mut().find(|known| known.key == shard);
        if let (Some(position), Some(next)) = (position, next) {
            position.next = next;
        }
        self.check_size()?;
        self.advance(source, now)
    }

    /// The shard is closed and was read to its end; its children must be open already.
    pub(crate) fn end_shard(&mut self, source: usize, shard: ShardKey) {
        let progress = &mut self.sources[source];
        if let Some(position) = progress.shards.iter_mut().find(|known| known.key == shard) {
            position.ended = true;
        }
        progress.watermarks.end(shard);
    }

    /// Looks at the clock: shards may have become idle, and windows may fire for it.
    pub(crate) fn advance(&mut self, source: usize, now: Timestamp) -> Result<(), JobError> {
        if !self.sources[source].watermarks.advance(now) {
            return Ok(());
        }
        let watermark = self.sources[source].watermarks.combined();
        let program = self.program.clone();
        for (index, insert) in program.inserts.iter().enumerate().filter(|(_, insert)| insert.source == source) {
            let (Some(windows), Some(plan)) = (&mut self.windows[index], &insert.aggregate) else { continue };
            for result in windows.fire(plan, watermark)? {
                let rows = apply(&insert.after, result)?;
                self.emit(insert.sink, &rows)?;
            }
        }
        Ok(())
    }

    /// When the clock should be looked at next, if nothing comes before.
    pub(crate) fn next_idle(&self, now: Timestamp) -> Option<Timestamp> {
        self.sources.iter().filter_map(|source| source.watermarks.next_idle(now)).min()
    }

    /// The rows made since the last call, by sink.
    pub(crate) fn take_outputs(&mut self) -> Vec<Vec<PutEntry>> {
        self.outputs.iter_mut().map(std::mem::take).collect()
    }

    /// How many rows wait to be taken.
    pub(crate) fn output_count(&self) -> usize {
        self.outputs.iter().map(Vec::len).sum()
    }

    /// What was counted since the application began.
    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    /// The lowest watermark of the sources that have one, in milliseconds since 1970.
    pub(crate) fn watermark(&self) -> Option<i64> {
        let bearing = self.sources.iter().zip(&self.program.sources).filter(|(_, source)| source.watermark.is_some());
        bearing.map(|(progress, _)| progress.watermarks.combined()).min().filter(|watermark| *watermark != UNKNOWN)
    }

    fn run(&mut self, index: usize, insert: &Insert, rows: &RecordBatch) -> Result<(), JobError> {
        let rows = match &insert.windows {
            Some(windows) => with_windows(windows, rows)?,
            None => rows.clone(),
        };
        let rows = apply(&insert.before, rows)?;
        match (&mut self.windows[index], &insert.aggregate) {
            (Some(windows), Some(plan)) => {
                let watermark = self.sources[insert.source].watermarks.combined();
                self.counters.late += windows.add(plan, &rows, watermark)?;
                Ok(())
            }
            _ => self.emit(insert.sink, &rows),
        }
    }

    fn emit(&mut self, sink: usize, rows: &RecordBatch) -> Result<(), JobError> {
        let entries = encode(&self.program.sinks[sink], rows, &*self.random)?;
        self.counters.rows_out += entries.len() as u64;
        self.outputs[sink].extend(entries);
        Ok(())
    }

    fn check_size(&self) -> Result<(), JobError> {
        let bytes = self.windows.iter().flatten().map(OpenWindows::bytes).sum();
        if bytes > STATE_BYTES_MAX {
            return Err(JobError::StateTooLarge { bytes, bytes_max: STATE_BYTES_MAX });
        }
        Ok(())
    }
}

/// Runs stateless operators.
fn apply(operators: &[Operator], mut rows: RecordBatch) -> Result<RecordBatch, JobError> {
    for operator in operators {
        rows = match operator {
            Operator::Filter(predicate) => filter(predicate, &rows)?,
            Operator::Project { expressions, schema } => {
                let count = rows.num_rows();
                let columns = expressions.iter().map(|expression| expression.evaluate(&rows)?.into_array(count));
                let columns = columns.collect::<datafusion_common::Result<Vec<ArrayRef>>>()?;
                let options = RecordBatchOptions::new().with_row_count(Some(count));
                RecordBatch::try_new_with_options(schema.clone(), columns, &options)?
            }
        };
    }
    Ok(rows)
}

/// Adds window_start, window_end and window_time; a row that falls into several windows is there once for each.
fn with_windows(windows: &WindowColumns, rows: &RecordBatch) -> Result<RecordBatch, JobError> {
    let times = rows.column(windows.time).as_primitive::<TimestampMillisecondType>();
    let several = windows.windowing.per_row_max() > 1;
    let (mut indices, mut starts, mut ends) =
        (Vec::new(), Vec::with_capacity(times.len()), Vec::with_capacity(times.len()));
    for (row, time) in times.values().iter().enumerate() {
        for window in windows.windowing.of(*time) {
            indices.push(row as u32);
            starts.push(window.start);
            ends.push(window.end);
        }
    }
    let indices = UInt32Array::from(indices);
    let mut columns = Vec::with_capacity(windows.schema.fields().len());
    for column in rows.columns() {
        columns.push(if several { take(column, &indices, None)? } else { column.clone() });
    }
    let time_column = |millis: Vec<i64>| -> ArrayRef {
        Arc::new(arrow::array::PrimitiveArray::<TimestampMillisecondType>::from_iter_values(millis))
    };
    let last = ends.iter().map(|end| end.saturating_sub(1)).collect();
    columns.extend([time_column(starts), time_column(ends), time_column(last)]);
    Ok(RecordBatch::try_new(windows.schema.clone(), columns)?)
}
