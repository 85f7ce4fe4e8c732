//! SUM and AVG with Flink's result types: the type of the argument, or DECIMAL(38, …) for decimals.
//!
//! Integers and decimals are added in 128 bits. Where Flink wraps around silently, a result outside its type fails the
//! application: a loud failure instead of a wrong number. A sum of FLOAT is added in 64 bits.

use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type, Int64Type};
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::expr::AggregateFunctionParams;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility};

use super::invalid;
use crate::sql::SqlType;

/// SUM, or AVG with the same state.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Sum {
    average: bool,
    signature: Signature,
}

impl Sum {
    pub(super) fn total() -> Self {
        Self { average: false, signature: Signature::user_defined(Volatility::Immutable) }
    }

    pub(super) fn average() -> Self {
        Self { average: true, ..Self::total() }
    }
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        if self.average { "avg" } else { "sum" }
    }

    /// Unlike DataFusion's own names this one shows casts, so that SUM(x) and SUM(CAST(x AS BIGINT)) differ.
    fn schema_name(&self, params: &AggregateFunctionParams) -> Result<String> {
        let filter = params.filter.as_ref().map(|filter| format!(" FILTER {filter}")).unwrap_or_default();
        let arguments: Vec<_> = params.args.iter().map(ToString::to_string).collect();
        Ok(format!("{}({}){filter}", self.name(), arguments.join(", ")))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [a] if a.is_integer() || matches!(a, DataType::Float32 | DataType::Float64 | DataType::Decimal128(..)) => {
                Ok(arguments.to_vec())
            }
            _ => plan_err!("{} takes one number", self.name().to_uppercase()),
        }
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(match &arguments[0] {
            DataType::Decimal128(_, scale) if self.average => DataType::Decimal128(38, (*scale).max(6)),
            DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
            other => other.clone(),
        })
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        exec_err!("{} only runs over groups", self.name())
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        let input = args.expr_fields[0].data_type();
        let exact = !matches!(input, DataType::Float32 | DataType::Float64);
        let scale = if let DataType::Decimal128(_, scale) = input { *scale } else { 0 };
        let result = args.return_field.data_type().clone();
        let totals = if exact { Totals::Exact { sums: Vec::new(), scale } } else { Totals::Float(Vec::new()) };
        Ok(Box::new(SumGroups { average: self.average, result, totals, counts: Vec::new() }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let sum = state_type(args.input_fields[0].data_type());
        Ok(vec![
            Arc::new(Field::new(format_state_name(args.name, "sum"), sum, false)),
            Arc::new(Field::new(format_state_name(args.name, "count"), DataType::Int64, false)),
        ])
    }
}

fn state_type(input: &DataType) -> DataType {
    match input {
        DataType::Float32 | DataType::Float64 => DataType::Float64,
        DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
        _ => DataType::Decimal128(38, 0),
    }
}

/// The running sums, by group.
enum Totals {
    Exact { sums: Vec<i128>, scale: i8 },
    Float(Vec<f64>),
}

struct SumGroups {
    average: bool,
    result: DataType,
    totals: Totals,
    /// Values added; a group without any is NULL.
    counts: Vec<i64>,
}

impl SumGroups {
    fn grow(&mut self, groups: usize) {
        self.counts.resize(groups, 0);
        match &mut self.totals {
            Totals::Exact { sums, .. } => sums.resize(groups, 0),
            Totals::Float(sums) => sums.resize(groups, 0.0),
        }
    }

    /// Adds `values`, already of the state's type; `counts` are how many values each of them stands for.
    fn add(
        &mut self,
        values: &ArrayRef,
        counts: Option<&Int64Array>,
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let taken = |row: usize| values.is_valid(row) && filter.is_none_or(|f| f.is_valid(row) && f.value(row));
        for (row, group) in groups.iter().copied().enumerate().filter(|(row, _)| taken(*row)) {
            self.counts[group] += counts.map_or(1, |counts| counts.value(row));
            match &mut self.totals {
                Totals::Exact { sums, .. } => {
                    let value = values.as_primitive::<Decimal128Type>().value(row);
                    let sum = sums[group].checked_add(value).ok_or_else(|| invalid("a sum exceeds 38 digits"))?;
                    sums[group] = sum;
                }
                Totals::Float(sums) => sums[group] += values.as_primitive::<Float64Type>().value(row),
            }
        }
        Ok(())
    }

    fn state_type(&self) -> DataType {
        match &self.totals {
            Totals::Exact { scale, .. } => DataType::Decimal128(38, *scale),
            Totals::Float(_) => DataType::Float64,
        }
    }

    fn exact_results(&self, sums: &[i128], scale: i8, counts: &[i64]) -> Result<ArrayRef> {
        let (average, result_scale) = match &self.result {
            DataType::Decimal128(_, result_scale) => (self.average, *result_scale),
            _ => (self.average, 0),
        };
        let lift = 10i128.pow(u32::try_from(result_scale - scale).unwrap_or(0));
        let values = sums.iter().zip(counts).map(|(sum, count)| -> Result<Option<i128>> {
            if *count == 0 {
                return Ok(None);
            }
            if !average {
                return Ok(Some(*sum));
            }
            let lifted = sum.checked_mul(lift).ok_or_else(|| invalid("an average exceeds 38 digits"))?;
            let count = i128::from(*count);
            // Java truncates the average of integers; decimals are rounded half up.
            let rounded = matches!(self.result, DataType::Decimal128(..));
            // With an odd count there is no exact half, so the truncated count / 2 rounds rightly too.
            let half = if rounded { count / 2 * lifted.signum() } else { 0 };
            Ok(Some((lifted + half) / count))
        });
        let decimals = values.collect::<Result<Decimal128Array>>()?;
        let (precision, scale) = if let DataType::Decimal128(p, s) = &self.result { (*p, *s) } else { (38, 0) };
        let decimals = decimals.with_precision_and_scale(precision, scale)?;
        decimals.validate_decimal_precision(precision).map_err(|_| invalid("a sum exceeds 38 digits"))?;
        let name = SqlType::of_arrow(&self.result).map_or_else(|| self.result.to_string(), |t| t.to_string());
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(&decimals, &self.result, &strict)
            .map_err(|_| invalid(format!("a sum does not fit {name}; CAST the argument to a wider type")))
    }

    fn float_results(&self, sums: &[f64], counts: &[i64]) -> Result<ArrayRef> {
        let values = sums.iter().zip(counts).map(|(sum, count)| match count {
            0 => None,
            _ if self.average => Some(sum / *count as f64),
            _ => Some(*sum),
        });
        Ok(cast(&values.collect::<Float64Array>(), &self.result)?)
    }
}

impl GroupsAccumulator for SumGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        let values = cast(&values[0], &self.state_type())?;
        self.add(&values, None, group_indices, opt_filter)
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        self.add(&values[0], Some(values[1].as_primitive::<Int64Type>()), group_indices, opt_filter)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let counts = emit_to.take_needed(&mut self.counts);
        match &mut self.totals {
            Totals::Exact { sums, scale } => {
                let (sums, scale) = (emit_to.take_needed(sums), *scale);
                self.exact_results(&sums, scale, &counts)
            }
            Totals::Float(sums) => {
                let sums = emit_to.take_needed(sums);
                self.float_results(&sums, &counts)
            }
        }
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let counts: ArrayRef = Arc::new(Int64Array::from(emit_to.take_needed(&mut self.counts)));
        let sums: ArrayRef = match &mut self.totals {
            Totals::Exact { sums, scale } => {
                let scale = *scale;
                let sums = Decimal128Array::from(emit_to.take_needed(sums));
                Arc::new(sums.with_precision_and_scale(38, scale)?)
            }
            Totals::Float(sums) => Arc::new(Float64Array::from(emit_to.take_needed(sums))),
        };
        Ok(vec![sums, counts])
    }

    fn size(&self) -> usize {
        let sums = match &self.totals {
            Totals::Exact { sums, .. } => sums.len() * 16,
            Totals::Float(sums) => sums.len() * 8,
        };
        sums + self.counts.len() * 8
    }
}
