//! Functions of numbers.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::{cast, kernels::arity::unary};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use datafusion_common::Result;

use super::spec::Types;
use super::text::is_int;
use super::{Spec, invalid};

pub(super) static FUNCTIONS: [Spec; 10] = [
    Spec { name: "abs", usage: "ABS(integer, FLOAT or DOUBLE)", types: same_number, body: absolute },
    Spec { name: "ceil", usage: "CEIL(FLOAT or DOUBLE)", types: same_float, body: |a, t| float(a, t, f64::ceil) },
    Spec { name: "floor", usage: "FLOOR(FLOAT or DOUBLE)", types: same_float, body: |a, t| float(a, t, f64::floor) },
    Spec { name: "round", usage: "ROUND(FLOAT or DOUBLE [, digits])", types: rounding, body: round },
    Spec { name: "sqrt", usage: "SQRT(number)", types: to_double, body: |a, t| float(a, t, f64::sqrt) },
    Spec { name: "exp", usage: "EXP(number)", types: to_double, body: |a, t| float(a, t, f64::exp) },
    Spec { name: "ln", usage: "LN(number)", types: to_double, body: |a, t| float(a, t, f64::ln) },
    Spec { name: "log10", usage: "LOG10(number)", types: to_double, body: |a, t| float(a, t, f64::log10) },
    Spec { name: "power", usage: "POWER(number, number)", types: two_to_double, body: |a, _| power(a) },
    Spec { name: "sign", usage: "SIGN(FLOAT or DOUBLE)", types: same_float, body: |a, t| float(a, t, sign) },
];

fn is_float(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float32 | DataType::Float64)
}

fn is_number(data_type: &DataType) -> bool {
    is_int(data_type) || is_float(data_type) || matches!(data_type, DataType::Decimal128(..))
}

fn same_number(a: &[DataType]) -> Option<Types> {
    let fits = a.len() == 1 && (is_float(&a[0]) || is_int(&a[0])) && a[0] != DataType::Null;
    fits.then(|| (a.to_vec(), a[0].clone()))
}

fn same_float(a: &[DataType]) -> Option<Types> {
    (a.len() == 1 && is_float(&a[0])).then(|| (a.to_vec(), a[0].clone()))
}

fn to_double(a: &[DataType]) -> Option<Types> {
    (a.len() == 1 && is_number(&a[0])).then(|| (vec![DataType::Float64], DataType::Float64))
}

fn two_to_double(a: &[DataType]) -> Option<Types> {
    (a.len() == 2 && a.iter().all(is_number)).then(|| (vec![DataType::Float64; 2], DataType::Float64))
}

fn rounding(a: &[DataType]) -> Option<Types> {
    let fits = matches!(a.len(), 1 | 2) && is_float(&a[0]) && a[1..].iter().all(is_int);
    fits.then(|| ([a[0].clone(), DataType::Int32][..a.len()].to_vec(), a[0].clone()))
}

fn float(arrays: &[ArrayRef], wanted: &DataType, body: impl Fn(f64) -> f64) -> Result<ArrayRef> {
    Ok(match wanted {
        DataType::Float32 => {
            Arc::new(unary::<_, _, Float32Type>(arrays[0].as_primitive::<Float32Type>(), |x| body(f64::from(x)) as f32))
        }
        _ => Arc::new(unary::<_, _, Float64Type>(arrays[0].as_primitive::<Float64Type>(), body)),
    })
}

/// Java's `Math.signum`: 0 stays 0.
fn sign(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() { x } else { x.signum() }
}

fn absolute(arrays: &[ArrayRef], wanted: &DataType) -> Result<ArrayRef> {
    let array = &arrays[0];
    Ok(match wanted {
        DataType::Int8 => Arc::new(unary::<_, _, Int8Type>(array.as_primitive::<Int8Type>(), i8::wrapping_abs)),
        DataType::Int16 => Arc::new(unary::<_, _, Int16Type>(array.as_primitive::<Int16Type>(), i16::wrapping_abs)),
        DataType::Int32 => Arc::new(unary::<_, _, Int32Type>(array.as_primitive::<Int32Type>(), i32::wrapping_abs)),
        DataType::Int64 => Arc::new(unary::<_, _, Int64Type>(array.as_primitive::<Int64Type>(), i64::wrapping_abs)),
        _ => float(arrays, wanted, f64::abs)?,
    })
}

fn power(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (bases, exponents) = (arrays[0].as_primitive::<Float64Type>(), arrays[1].as_primitive::<Float64Type>());
    let powers = bases.iter().zip(exponents).map(|(base, exponent)| Some(base?.powf(exponent?)));
    Ok(Arc::new(powers.collect::<Float64Array>()))
}

fn round(arrays: &[ArrayRef], wanted: &DataType) -> Result<ArrayRef> {
    let numbers = arrays[0].clone();
    let digits = arrays.get(1).map(|array| array.as_primitive::<Int32Type>());
    let text = |row: usize| -> Result<Option<f64>> {
        if numbers.is_null(row) || digits.is_some_and(|d| arrow::array::Array::is_null(d, row)) {
            return Ok(None);
        }
        let places = digits.map_or(0, |d| d.value(row));
        // FLOAT is rounded by its own shortest decimal form, not by that of the DOUBLE next to it.
        let shortest = match wanted {
            DataType::Float32 => format!("{:e}", numbers.as_primitive::<Float32Type>().value(row)),
            _ => format!("{:e}", numbers.as_primitive::<Float64Type>().value(row)),
        };
        round_half_up(&shortest, i64::from(places)).map(Some)
    };
    let rounded = (0..numbers.len()).map(text).collect::<Result<Float64Array>>()?;
    Ok(cast(&rounded, wanted)?)
}

/// Rounds the shortest decimal form (`-1.2675e0`) half up, as Flink does through BigDecimal: 1.005 becomes 1.01.
fn round_half_up(shortest: &str, places: i64) -> Result<f64> {
    let parse = |text: &str| text.parse::<f64>().map_err(|error| invalid(format!("ROUND of {shortest}: {error}")));
    let Some((mantissa, exponent)) = shortest.split_once('e') else { return parse(shortest) };
    let exponent: i64 = exponent.parse().map_err(|_| invalid(format!("ROUND of {shortest}")))?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    // The digit at `kept` is the first one dropped.
    let kept = exponent + 1 + places;
    if kept >= digits.len() as i64 {
        return parse(shortest);
    }
    let Ok(kept) = usize::try_from(kept) else { return Ok(0.0) };
    let carry = u128::from(digits.as_bytes()[kept] >= b'5');
    let head: u128 = if kept == 0 { 0 } else { digits[..kept].parse().unwrap_or(0) };
    parse(&format!("{sign}{}e{}", head + carry, -places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_up_on_the_decimal_form() {
        for (number, places, rounded) in [
            (1.005, 2, 1.01),
            (2.675, 2, 2.68),
            (-2.5, 0, -3.0),
            (0.4, 0, 0.0),
            (0.5, 0, 1.0),
            (1234.5, -2, 1200.0),
            (9.99, 1, 10.0),
            (12.0, 3, 12.0),
            (1e300, 2, 1e300),
        ] {
            assert_eq!(round_half_up(&format!("{number:e}"), places).unwrap(), rounded, "{number} {places}");
        }
    }
}
