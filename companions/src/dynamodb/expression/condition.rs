//! The grammar of conditions: OR over AND over NOT over comparisons and functions.

use super::parser::{Parsed, Parser};
use super::token::Token;
use crate::dynamodb::condition::{Comparator, Condition, Operand};
use crate::dynamodb::value::Value;

/// Most operands of IN (API reference).
const IN_OPERANDS_MAX: usize = 100;

pub(super) fn parse(parser: &mut Parser<'_>) -> Parsed<Condition> {
    let mut parts = vec![conjunction(parser)?];
    while parser.take_keyword("OR") {
        parts.push(conjunction(parser)?);
    }
    Ok(one_or(parts, Condition::Or))
}

fn conjunction(parser: &mut Parser<'_>) -> Parsed<Condition> {
    let mut parts = vec![negation(parser)?];
    while parser.take_keyword("AND") {
        parts.push(negation(parser)?);
    }
    Ok(one_or(parts, Condition::And))
}

fn one_or(mut parts: Vec<Condition>, all: fn(Vec<Condition>) -> Condition) -> Condition {
    if parts.len() > 1 { all(parts) } else { parts.swap_remove(0) }
}

fn negation(parser: &mut Parser<'_>) -> Parsed<Condition> {
    if parser.take_keyword("NOT") {
        return parser.deeper(|parser| Ok(Condition::Not(Box::new(negation(parser)?))));
    }
    if parser.take("(") {
        let inner = parser.deeper(parse)?;
        parser.expect(")")?;
        return Ok(inner);
    }
    match (parser.peek(), parser.peek_after(1)) {
        (Some(Token::Word("size")), Some(Token::Symbol("("))) => comparison(parser),
        (Some(Token::Word(_)), Some(Token::Symbol("("))) => function(parser),
        _ => comparison(parser),
    }
}

fn function(parser: &mut Parser<'_>) -> Parsed<Condition> {
    let Some(name) = parser.take_call() else { return Err(parser.syntax_error()) };
    let condition = match name {
        "attribute_exists" => Condition::Exists(parser.path()?),
        "attribute_not_exists" => Condition::Missing(parser.path()?),
        "attribute_type" => {
            let path = parser.path()?;
            parser.expect(",")?;
            Condition::HasType(path, type_name(operand(parser)?)?)
        }
        "begins_with" | "contains" => {
            let whole = operand(parser)?;
            parser.expect(",")?;
            let part = operand(parser)?;
            if name == "contains" { Condition::Contains(whole, part) } else { begins_with(whole, part)? }
        }
        _ => return Err(format!("Invalid function name; function: {name}")),
    };
    parser.expect(")")?;
    Ok(condition)
}

fn type_name(operand: Operand) -> Parsed<Operand> {
    const TYPES: [&str; 10] = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"];
    match &operand {
        Operand::Value(Value::S(name)) if TYPES.contains(&name.as_str()) => Ok(operand),
        Operand::Value(Value::S(name)) => Err(format!("Invalid attribute type name found; type: {name}")),
        _ => Err("Incorrect operand type for operator or function; operator or function: attribute_type".into()),
    }
}

fn begins_with(whole: Operand, prefix: Operand) -> Parsed<Condition> {
    match &prefix {
        Operand::Value(value) if !matches!(value, Value::S(_) | Value::B(_)) => Err(format!(
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: {}",
            value.type_name()
        )),
        _ => Ok(Condition::BeginsWith(whole, prefix)),
    }
}

fn comparison(parser: &mut Parser<'_>) -> Parsed<Condition> {
    let left = operand(parser)?;
    if parser.take_keyword("BETWEEN") {
        let low = operand(parser)?;
        if !parser.take_keyword("AND") {
            return Err(parser.syntax_error());
        }
        return Ok(Condition::Between(left, low, operand(parser)?));
    }
    if parser.take_keyword("IN") {
        parser.expect("(")?;
        let list = parser.list(operand)?;
        parser.expect(")")?;
        if list.len() > IN_OPERANDS_MAX {
            return Err(format!("The IN operator has too many operands; number of operands: {}", list.len()));
        }
        return Ok(Condition::In(left, list));
    }
    let comparator = match parser.peek() {
        Some(Token::Symbol("=")) => Comparator::Equal,
        Some(Token::Symbol("<>")) => Comparator::NotEqual,
        Some(Token::Symbol("<")) => Comparator::Less,
        Some(Token::Symbol("<=")) => Comparator::LessOrEqual,
        Some(Token::Symbol(">")) => Comparator::Greater,
        Some(Token::Symbol(">=")) => Comparator::GreaterOrEqual,
        _ => return Err(parser.syntax_error()),
    };
    parser.skip();
    Ok(Condition::Compare(left, comparator, operand(parser)?))
}

fn operand(parser: &mut Parser<'_>) -> Parsed<Operand> {
    if let Some(value) = parser.value() {
        return value.map(Operand::Value);
    }
    match parser.take_call() {
        Some("size") => {
            let of = parser.path()?;
            parser.expect(")")?;
            Ok(Operand::Size(Box::new(Operand::Path(of))))
        }
        Some(name) => {
            Err(format!("The function is not allowed to be used this way in an expression; function: {name}"))
        }
        None => parser.path().map(Operand::Path),
    }
}
