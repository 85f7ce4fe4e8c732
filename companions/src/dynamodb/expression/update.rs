//! The grammar of updates: the clauses SET, REMOVE, ADD and DELETE, each at most once.

use super::parser::{Parsed, Parser};
use crate::dynamodb::path::Path;
use crate::dynamodb::update::{Term, Update};
use crate::dynamodb::value::Value;

pub(super) fn parse(parser: &mut Parser<'_>) -> Parsed<Update> {
    let mut update = Update::default();
    while parser.peek().is_some() {
        let clause = clause(parser)?;
        let taken = match clause {
            "SET" => !std::mem::replace(&mut update.set, parser.list(assignment)?).is_empty(),
            "REMOVE" => !std::mem::replace(&mut update.remove, parser.list(Parser::path)?).is_empty(),
            "ADD" => !std::mem::replace(&mut update.add, parser.list(added)?).is_empty(),
            _ => !std::mem::replace(&mut update.delete, parser.list(deleted)?).is_empty(),
        };
        if taken {
            return Err(format!("The \"{clause}\" section can only be used once in an update expression;"));
        }
    }
    Ok(update)
}

fn clause(parser: &mut Parser<'_>) -> Parsed<&'static str> {
    let clauses = ["SET", "REMOVE", "ADD", "DELETE"];
    clauses.into_iter().find(|clause| parser.take_keyword(clause)).ok_or_else(|| parser.syntax_error())
}

fn assignment(parser: &mut Parser<'_>) -> Parsed<(Path, Term)> {
    let path = parser.path()?;
    parser.expect("=")?;
    let left = term(parser)?;
    let term_of_two = if parser.take("+") {
        Term::Plus
    } else if parser.take("-") {
        Term::Minus
    } else {
        return Ok((path, left));
    };
    let right = term(parser)?;
    Ok((path, term_of_two(Box::new(left), Box::new(right))))
}

fn term(parser: &mut Parser<'_>) -> Parsed<Term> {
    if let Some(value) = parser.value() {
        return value.map(Term::Value);
    }
    let term = match parser.take_call() {
        None => return parser.path().map(Term::Path),
        Some("if_not_exists") => {
            let path = parser.path()?;
            parser.expect(",")?;
            Term::IfNotExists(path, Box::new(parser.deeper(term)?))
        }
        Some("list_append") => {
            let first = parser.deeper(term)?;
            parser.expect(",")?;
            Term::ListAppend(Box::new(first), Box::new(parser.deeper(term)?))
        }
        Some(name) => return Err(format!("Invalid function name; function: {name}")),
    };
    parser.expect(")")?;
    Ok(term)
}

fn valued(parser: &mut Parser<'_>) -> Parsed<(Path, Value)> {
    let path = parser.path()?;
    let value = parser.value().ok_or_else(|| parser.syntax_error())??;
    Ok((path, value))
}

fn added(parser: &mut Parser<'_>) -> Parsed<(Path, Value)> {
    let (path, value) = valued(parser)?;
    match value {
        Value::N(_) | Value::Strings(_) | Value::Numbers(_) | Value::Binaries(_) => Ok((path, value)),
        other => Err(wrong_operand("ADD", &other)),
    }
}

fn deleted(parser: &mut Parser<'_>) -> Parsed<(Path, Value)> {
    let (path, value) = valued(parser)?;
    match value {
        Value::Strings(_) | Value::Numbers(_) | Value::Binaries(_) => Ok((path, value)),
        other => Err(wrong_operand("DELETE", &other)),
    }
}

fn wrong_operand(operator: &str, value: &Value) -> String {
    format!(
        "Incorrect operand type for operator or function; operator: {operator}, operand type: {}",
        value.type_name()
    )
}
