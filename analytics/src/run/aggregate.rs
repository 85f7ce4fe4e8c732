//! GROUP BY over windows: an ordered map of window to group table, with DataFusion's vectorised accumulators.
//!
//! A window's table is dropped when it fires, so a key and window give one row, once. The state goes into a checkpoint
//! as columns (the keys, then what each accumulator calls its state) and is merged into fresh accumulators on restore.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema, SchemaRef, TimestampMillisecondType};
use arrow::row::{RowConverter, SortField};
use datafusion_common::Result as PlanResult;
use datafusion_expr::{EmitTo, GroupsAccumulator};
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::GroupsAccumulatorAdapter;
use datafusion_physical_expr::PhysicalExpr;

use super::JobError;
use super::window::Window;
use crate::program::{AggregateCall, WindowAggregate};

/// Bytes a group costs beside its key and accumulators: the entries of the map and the list.
const GROUP_OVERHEAD_BYTES: usize = 64;

/// The open windows of one aggregation.
pub(crate) struct OpenWindows {
    converter: RowConverter,
    windows: BTreeMap<Window, Groups>,
}

impl std::fmt::Debug for OpenWindows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenWindows").field("windows", &self.windows.len()).finish_non_exhaustive()
    }
}

/// The groups of one window, numbered in the order they came.
struct Groups {
    numbers: HashMap<Arc<[u8]>, usize>,
    keys: Vec<Arc<[u8]>>,
    key_bytes: usize,
    accumulators: Vec<Box<dyn GroupsAccumulator>>,
}

impl Groups {
    fn new(calls: &[AggregateCall]) -> PlanResult<Self> {
        let accumulators = calls.iter().map(accumulator).collect::<PlanResult<_>>()?;
        Ok(Self { numbers: HashMap::new(), keys: Vec::new(), key_bytes: 0, accumulators })
    }

    fn number(&mut self, key: &[u8]) -> usize {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        let key: Arc<[u8]> = key.into();
        self.key_bytes += key.len() + GROUP_OVERHEAD_BYTES;
        self.keys.push(key.clone());
        self.numbers.insert(key, self.keys.len() - 1);
        self.keys.len() - 1
    }

    fn bytes(&self) -> usize {
        self.key_bytes + self.accumulators.iter().map(|accumulator| accumulator.size()).sum::<usize>()
    }
}

fn accumulator(call: &AggregateCall) -> PlanResult<Box<dyn GroupsAccumulator>> {
    if call.function.groups_accumulator_supported() {
        return call.function.create_groups_accumulator();
    }
    let function = call.function.clone();
    Ok(Box::new(GroupsAccumulatorAdapter::new(move || function.create_accumulator())))
}

impl OpenWindows {
    /// No window is open.
    pub(crate) fn new(aggregate: &WindowAggregate) -> Result<Self, JobError> {
        let keys = aggregate.schema.fields().iter().take(aggregate.keys.len());
        let converter = RowConverter::new(keys.map(|key| SortField::new(key.data_type().clone())).collect())?;
        Ok(Self { converter, windows: BTreeMap::new() })
    }

    /// What the state weighs in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.windows.values().map(Groups::bytes).sum()
    }

    /// Adds rows to their windows. Rows of windows that have fired are dropped; answers how many.
    pub(crate) fn add(&mut self, plan: &WindowAggregate, rows: &RecordBatch, watermark: i64) -> Result<u64, JobError> {
        let keys = evaluate(&plan.keys, rows)?;
        let (windows, late) = by_window(&keys[plan.start], &keys[plan.end], watermark);
        if windows.is_empty() {
            return Ok(late);
        }
        let mut arguments = Vec::with_capacity(plan.calls.len());
        for call in &plan.calls {
            let filter = call.filter.as_ref().map(|filter| evaluate(std::slice::from_ref(filter), rows)).transpose()?;
            arguments.push((evaluate(&call.function.expressions(), rows)?, filter.map(|mut f| f.remove(0))));
        }
        let encoded = self.converter.convert_columns(&keys)?;
        for (window, rows_of_window) in windows {
            let groups = match self.windows.entry(window) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => entry.insert(Groups::new(&plan.calls)?),
            };
            let row_key = |row: &u32| encoded.row(*row as usize);
            let numbers: Vec<_> = rows_of_window.iter().map(|row| groups.number(row_key(row).as_ref())).collect();
            let all = rows_of_window.len() == rows.num_rows();
            let indices = UInt32Array::from(rows_of_window);
            let pick = |array: &ArrayRef| if all { Ok(array.clone()) } else { take(array, &indices, None) };
            let total = groups.keys.len();
            for (accumulator, (values, filter)) in groups.accumulators.iter_mut().zip(&arguments) {
                let values = values.iter().map(pick).collect::<Result<Vec<_>, _>>()?;
                let filter = filter.as_ref().map(pick).transpose()?;
                let filter = filter.as_ref().map(|filter| filter.as_boolean());
                accumulator.update_batch(&values, &numbers, filter, total)?;
            }
        }
        Ok(late)
    }

    /// The results of the windows that end at the watermark or before, earliest first, and forgets them.
    pub(crate) fn fire(&mut self, plan: &WindowAggregate, watermark: i64) -> Result<Vec<RecordBatch>, JobError> {
        let mut results = Vec::new();
        while let Some(entry) = self.windows.first_entry()
            && has_fired(*entry.key(), watermark)
        {
            let mut groups = entry.remove();
            let mut columns = keys_of(&self.converter, &groups)?;
            for accumulator in &mut groups.accumulators {
                columns.push(accumulator.evaluate(EmitTo::All)?);
            }
            results.push(RecordBatch::try_new(plan.schema.clone(), columns)?);
        }
        Ok(results)
    }

    /// The state of all open windows as one batch.
    pub(crate) fn snapshot(&mut self, plan: &WindowAggregate) -> Result<RecordBatch, JobError> {
        let schema = state_schema(plan)?;
        let mut batches = Vec::with_capacity(self.windows.len());
        for groups in self.windows.values_mut() {
            let mut columns = keys_of(&self.converter, groups)?;
            let (numbers, total) = ((0..groups.keys.len()).collect::<Vec<_>>(), groups.keys.len());
            for (accumulator, call) in groups.accumulators.iter_mut().zip(&plan.calls) {
                // Taking the state empties an accumulator, so it goes back into a fresh one.
                let state = accumulator.state(EmitTo::All)?;
                *accumulator = self::accumulator(call)?;
                accumulator.merge_batch(&state, &numbers, None, total)?;
                columns.extend(state);
            }
            batches.push(RecordBatch::try_new(schema.clone(), columns)?);
        }
        Ok(arrow::compute::concat_batches(&schema, &batches)?)
    }

    /// Takes up the state of a checkpoint.
    pub(crate) fn restore(&mut self, plan: &WindowAggregate, state: &RecordBatch) -> Result<(), JobError> {
        let keys = &state.columns()[..plan.keys.len()];
        let encoded = self.converter.convert_columns(keys)?;
        for (window, rows) in by_window(&keys[plan.start], &keys[plan.end], i64::MIN).0 {
            let mut groups = Groups::new(&plan.calls)?;
            let numbers: Vec<_> = rows.iter().map(|row| groups.number(encoded.row(*row as usize).as_ref())).collect();
            let indices = UInt32Array::from(rows);
            let mut column = plan.keys.len();
            for (accumulator, call) in groups.accumulators.iter_mut().zip(&plan.calls) {
                let width = call.function.state_fields()?.len();
                let columns = &state.columns()[column..column + width];
                let values = columns.iter().map(|array| take(array, &indices, None)).collect::<Result<Vec<_>, _>>()?;
                accumulator.merge_batch(&values, &numbers, None, groups.keys.len())?;
                column += width;
            }
            self.windows.insert(window, groups);
        }
        Ok(())
    }
}

/// Whether a window's result is out: Flink fires when the watermark reaches its last millisecond.
fn has_fired(window: Window, watermark: i64) -> bool {
    watermark >= window.end.saturating_sub(1)
}

/// The rows of each window that is still open, and the number of the others.
fn by_window(starts: &ArrayRef, ends: &ArrayRef, watermark: i64) -> (BTreeMap<Window, Vec<u32>>, u64) {
    let starts = starts.as_primitive::<TimestampMillisecondType>();
    let ends = ends.as_primitive::<TimestampMillisecondType>();
    let (mut windows, mut late) = (BTreeMap::<Window, Vec<u32>>::new(), 0);
    for (row, (start, end)) in starts.values().iter().zip(ends.values()).enumerate() {
        let window = Window { start: *start, end: *end };
        if has_fired(window, watermark) {
            late += 1;
        } else {
            windows.entry(window).or_default().push(row as u32);
        }
    }
    (windows, late)
}

fn evaluate(expressions: &[Arc<dyn PhysicalExpr>], rows: &RecordBatch) -> PlanResult<Vec<ArrayRef>> {
    expressions.iter().map(|e| e.evaluate(rows)?.into_array(rows.num_rows())).collect()
}

fn keys_of(converter: &RowConverter, groups: &Groups) -> Result<Vec<ArrayRef>, JobError> {
    let parser = converter.parser();
    Ok(converter.convert_rows(groups.keys.iter().map(|key| parser.parse(key)))?)
}

fn state_schema(plan: &WindowAggregate) -> PlanResult<SchemaRef> {
    let mut fields: Vec<Arc<Field>> = plan.schema.fields().iter().take(plan.keys.len()).cloned().collect();
    for call in &plan.calls {
        let nullable = |field: Arc<Field>| Arc::new(field.as_ref().clone().with_nullable(true));
        fields.extend(call.function.state_fields()?.into_iter().map(nullable));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// The rows for which a predicate is true; NULL is not.
pub(crate) fn filter(predicate: &Arc<dyn PhysicalExpr>, rows: &RecordBatch) -> Result<RecordBatch, JobError> {
    let kept = predicate.evaluate(rows)?.into_array(rows.num_rows())?;
    let kept: &BooleanArray = kept.as_boolean();
    Ok(arrow::compute::filter_record_batch(rows, kept)?)
}
