//! What DataFusion's SQL planner is told: the tables, the functions and Flink's type names.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{DataFusionError, Result, TableReference, plan_err};
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::logical_plan::builder::LogicalTableSource;
use datafusion_expr::planner::{ContextProvider, ExprPlanner, PlannerResult, TypePlanner};
use datafusion_expr::{AggregateUDF, Expr, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use datafusion_functions_aggregate::planner::AggregateFunctionPlanner;
use datafusion_sql::planner::{ParserOptions, SqlToRel};
use sqlparser::ast::{DataType as AstType, ExactNumberInfo, TimezoneInfo};

use super::SqlType;
use crate::functions;

static OPTIONS: LazyLock<ConfigOptions> = LazyLock::new(ConfigOptions::default);

/// The settings every plan is made with.
pub(crate) fn options() -> &'static ConfigOptions {
    &OPTIONS
}

/// The names a query may use.
#[derive(Debug)]
pub(crate) struct Context {
    tables: HashMap<String, SchemaRef>,
    expressions: Vec<Arc<dyn ExprPlanner>>,
    types: Arc<dyn TypePlanner>,
}

impl Context {
    /// A context with these tables.
    pub(crate) fn new(tables: HashMap<String, SchemaRef>) -> Self {
        Self {
            tables,
            expressions: vec![Arc::new(SpecialForms), Arc::new(AggregateFunctionPlanner)],
            types: Arc::new(TypeNames),
        }
    }

    /// A planner over this context, set to Flink's reading of names and numbers.
    pub(crate) fn planner(&self) -> SqlToRel<'_, Self> {
        let options = ParserOptions::new()
            .with_enable_ident_normalization(false)
            .with_parse_float_as_decimal(true)
            .with_map_string_types_to_utf8view(false)
            .with_collect_spans(true);
        SqlToRel::new_with_options(self, options)
    }
}

impl ContextProvider for Context {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        match self.tables.get(name.table()) {
            Some(schema) if name.schema().is_none() => Ok(Arc::new(LogicalTableSource::new(schema.clone()))),
            _ => plan_err!("there is no table {name}; it must be created above"),
        }
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.expressions
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(self.types.clone())
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        functions::scalar(name)
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        functions::aggregate(name)
    }

    fn get_window_meta(&self, _name: &str) -> Option<Arc<WindowUDF>> {
        None
    }

    fn get_variable_type(&self, _variable_names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        options()
    }

    fn udf_names(&self) -> Vec<String> {
        functions::scalar_names()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        ["count", "min", "max", "sum", "avg"].map(String::from).to_vec()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The forms that SQL writes with keywords inside the brackets.
#[derive(Debug)]
struct SpecialForms;

fn call(name: &str, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
    let function = functions::scalar(name)
        .ok_or_else(|| DataFusionError::Plan(format!("{} is not supported", name.to_uppercase())))?;
    Ok(PlannerResult::Planned(Expr::ScalarFunction(ScalarFunction::new_udf(function, args))))
}

impl ExprPlanner for SpecialForms {
    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call("extract", args)
    }

    fn plan_substring(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call("substring", args)
    }

    fn plan_position(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call("strpos", args)
    }
}

#[derive(Debug)]
struct TypeNames;

impl TypePlanner for TypeNames {
    fn plan_type_field(&self, sql_type: &AstType) -> Result<Option<FieldRef>> {
        let Some(known) = named(sql_type) else { return plan_err!("type {sql_type} is not supported here") };
        Ok(Some(Arc::new(Field::new("", known.arrow(), true))))
    }
}

/// The type that a CAST or a typed literal names.
fn named(sql_type: &AstType) -> Option<SqlType> {
    Some(match sql_type {
        AstType::Boolean => SqlType::Boolean,
        AstType::TinyInt(None) => SqlType::TinyInt,
        AstType::SmallInt(None) => SqlType::SmallInt,
        AstType::Int(None) | AstType::Integer(None) => SqlType::Int,
        AstType::BigInt(None) => SqlType::BigInt,
        AstType::Float(ExactNumberInfo::None) => SqlType::Float,
        AstType::Double(ExactNumberInfo::None) | AstType::DoublePrecision => SqlType::Double,
        AstType::Decimal(info) | AstType::Dec(info) | AstType::Numeric(info) => decimal(info)?,
        AstType::String(None) => SqlType::Text,
        // A length would have to cut the text, as Flink's CAST does; without one there is nothing to cut.
        AstType::Varchar(None) => SqlType::Text,
        AstType::Date => SqlType::Date,
        AstType::Timestamp(None | Some(3), TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => SqlType::Timestamp,
        AstType::Custom(name, arguments) => {
            let local = name.to_string().eq_ignore_ascii_case("TIMESTAMP_LTZ");
            if !local || !matches!(arguments.as_slice(), [precision] if precision == "3") {
                return None;
            }
            SqlType::TimestampLtz
        }
        _ => return None,
    })
}

fn decimal(info: &ExactNumberInfo) -> Option<SqlType> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => (10, 0),
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, u64::try_from(*scale).ok()?),
    };
    ((1..=38).contains(&precision) && scale <= precision).then_some(SqlType::Decimal(precision as u8, scale as i8))
}
