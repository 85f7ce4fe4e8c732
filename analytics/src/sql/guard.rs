//! Types that DataFusion would bring together in its own way and Flink in another (or not at all) are refused before
//! DataFusion adds its casts, so that no query silently means something else here.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{DFSchema, DataFusionError, Result, plan_err};
use datafusion_expr::expr::{InList, Like};
use datafusion_expr::{Between, BinaryExpr, Case, Cast, Expr, ExprSchemable, Operator, TryCast};

use super::SqlType;

/// What can be compared and assigned without a CAST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Number,
    Text,
    Boolean,
    Date,
    Time,
    Interval,
    /// NULL fits everything.
    Any,
}

fn family(data_type: &DataType) -> Result<Family> {
    Ok(match data_type {
        DataType::Null => Family::Any,
        DataType::Boolean => Family::Boolean,
        DataType::Utf8 => Family::Text,
        DataType::Date32 => Family::Date,
        DataType::Timestamp(TimeUnit::Millisecond, _) => Family::Time,
        DataType::Interval(_) => Family::Interval,
        number if number.is_numeric() => Family::Number,
        DataType::Duration(_) => return plan_err!("the difference of two times is not supported"),
        other => return plan_err!("values of type {other} are not supported"),
    })
}

fn name(data_type: &DataType) -> String {
    SqlType::of_arrow(data_type).map_or_else(|| data_type.to_string(), |known| known.to_string())
}

/// Checks every part of an expression over `schema`.
pub(crate) fn check(expression: &Expr, schema: &DFSchema) -> Result<()> {
    expression.apply(|part| {
        check_one(part, schema)?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

fn check_one(expression: &Expr, schema: &DFSchema) -> Result<()> {
    match expression {
        Expr::BinaryExpr(binary) => check_binary(binary, schema),
        Expr::Between(Between { expr, low, high, .. }) => same_family(schema, "BETWEEN", [&**expr, low, high]),
        Expr::InList(InList { expr, list, .. }) => {
            same_family(schema, "IN", std::iter::once(&**expr).chain(list.iter()))
        }
        Expr::Case(Case { expr, when_then_expr, else_expr }) => {
            let results = when_then_expr.iter().map(|(_, then)| &**then).chain(else_expr.as_deref());
            same_family(schema, "the results of CASE", results)?;
            match expr {
                Some(expr) => same_family(
                    schema,
                    "the values of CASE",
                    std::iter::once(&**expr).chain(when_then_expr.iter().map(|(when, _)| &**when)),
                ),
                None => Ok(()),
            }
        }
        Expr::Cast(Cast { expr, field }) => check_cast(&expr.get_type(schema)?, field.data_type(), false),
        Expr::TryCast(TryCast { expr, field }) => check_cast(&expr.get_type(schema)?, field.data_type(), true),
        Expr::ScalarFunction(function) if ["coalesce", "nullif"].contains(&function.name()) => {
            same_family(schema, &function.name().to_uppercase(), function.args.iter())
        }
        Expr::Like(Like { expr, pattern, .. }) => {
            same_family(schema, "LIKE", [&**expr, &**pattern, &datafusion_expr::lit("")])
        }
        Expr::AggregateFunction(function) if ["min", "max"].contains(&function.func.name()) => {
            let [argument] = function.params.args.as_slice() else { return plan_err!("MIN and MAX take one value") };
            family(&argument.get_type(schema)?).map(|_| ())
        }
        Expr::AggregateFunction(function) if function.func.name() == "count" && function.params.args.len() != 1 => {
            plan_err!("COUNT takes one value")
        }
        Expr::Column(_)
        | Expr::Literal(..)
        | Expr::Alias(_)
        | Expr::Not(_)
        | Expr::Negative(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNotFalse(_)
        | Expr::IsNotUnknown(_)
        | Expr::ScalarFunction(_)
        | Expr::AggregateFunction(_) => Ok(()),
        other => plan_err!("the expression {other} is not supported"),
    }
}

fn same_family<'a>(schema: &DFSchema, what: &str, parts: impl IntoIterator<Item = &'a Expr>) -> Result<()> {
    let mut known: Option<(Family, DataType)> = None;
    for part in parts {
        let data_type = part.get_type(schema)?;
        let family = family(&data_type)?;
        match &known {
            _ if family == Family::Any => {}
            None => known = Some((family, data_type)),
            Some((first, _)) if *first == family => {}
            Some((_, first)) => {
                return plan_err!("{what} mixes {} and {}; CAST one of them", name(first), name(&data_type));
            }
        }
    }
    Ok(())
}

fn check_binary(binary: &BinaryExpr, schema: &DFSchema) -> Result<()> {
    let (left, right) = (binary.left.get_type(schema)?, binary.right.get_type(schema)?);
    let families = (family(&left)?, family(&right)?);
    let op = binary.op;
    let mixed = || {
        let message = format!("{} {op} {} is not supported; CAST one of them", name(&left), name(&right));
        Err(DataFusionError::Plan(message))
    };
    match op {
        Operator::And | Operator::Or => match families {
            (Family::Boolean | Family::Any, Family::Boolean | Family::Any) => Ok(()),
            _ => mixed(),
        },
        Operator::StringConcat => match families {
            (Family::Text | Family::Any, Family::Text | Family::Any) => Ok(()),
            _ => mixed(),
        },
        Operator::Plus | Operator::Minus if families == (Family::Time, Family::Interval) => Ok(()),
        Operator::Plus if families == (Family::Interval, Family::Time) => Ok(()),
        Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo => match families {
            (Family::Number | Family::Any, Family::Number | Family::Any) => check_decimal(op, &left, &right),
            _ => mixed(),
        },
        _ => match families {
            (Family::Any, _) | (_, Family::Any) => Ok(()),
            (a, b) if a == b && a != Family::Interval => Ok(()),
            _ => mixed(),
        },
    }
}

/// The scale of a decimal quotient is a rule of each engine; a DOUBLE has none.
fn check_decimal(op: Operator, left: &DataType, right: &DataType) -> Result<()> {
    let decimal = |t: &DataType| matches!(t, DataType::Decimal128(..) | DataType::Decimal256(..));
    let float = |t: &DataType| matches!(t, DataType::Float32 | DataType::Float64);
    let divides = matches!(op, Operator::Divide | Operator::Modulo);
    if divides && (decimal(left) || decimal(right)) && !float(left) && !float(right) {
        return plan_err!("{} {op} {} would lose digits; CAST one side to DOUBLE", name(left), name(right));
    }
    Ok(())
}

fn check_cast(from: &DataType, to: &DataType, attempt: bool) -> Result<()> {
    let (Some(to_type), from_type) = (SqlType::of_arrow(to), SqlType::of_arrow(from)) else {
        return plan_err!("CAST to {to} is not supported");
    };
    let from_family = family(from)?;
    let taken = match (from_family, family(to)?) {
        (Family::Any, _) => true,
        (Family::Number, Family::Number) => !(attempt && to_type == SqlType::Boolean),
        (a, b) if a == b => true,
        (Family::Text, Family::Number | Family::Date | Family::Time) => true,
        (Family::Number, Family::Text) => !matches!(from_type, Some(SqlType::Float | SqlType::Double)),
        (Family::Date, Family::Time) | (Family::Time, Family::Date) | (Family::Date, Family::Text) => true,
        _ => false,
    };
    if taken {
        return Ok(());
    }
    let hint = match (from_family, to_type) {
        (Family::Time, SqlType::Text) => "; write DATE_FORMAT(time, 'yyyy-MM-dd HH:mm:ss.SSS')",
        (Family::Boolean, _) | (_, SqlType::Boolean) => "; write CASE WHEN … THEN … ELSE … END",
        (Family::Number, SqlType::Text) => "; CAST it to DECIMAL(p, s) first, which has one written form",
        _ => "",
    };
    plan_err!("CAST of {} to {to_type} is not supported{hint}", name(from))
}
