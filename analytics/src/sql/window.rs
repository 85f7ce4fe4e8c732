//! Window table functions: `TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))` is read from the tokens and
//! replaced by the name of a virtual table, which sqlparser and DataFusion then take for any other table.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Word};

use super::SqlError;
use super::tokens::{Cursor, is_keyword};
use crate::run::window::Windowing;

/// Windows that one row may fall into, so that a small slide does not multiply the input without end.
const WINDOWS_PER_ROW_MAX: i64 = 1440;

/// A window table function in a query.
#[derive(Debug, Clone)]
pub(crate) struct WindowFunction {
    /// The name that stands for it in the rewritten query.
    pub(crate) name: String,
    pub(crate) place: Location,
    pub(crate) table: String,
    pub(crate) table_place: Location,
    /// The DESCRIPTOR column.
    pub(crate) time_column: String,
    pub(crate) time_place: Location,
    pub(crate) windowing: Windowing,
}

const FUNCTIONS: [&str; 4] = ["TUMBLE", "HOP", "CUMULATE", "SESSION"];

/// Replaces every window table function of a query by a name; names start with a character no user can type.
pub(crate) fn extract(tokens: &[TokenWithSpan]) -> Result<(Vec<TokenWithSpan>, Vec<WindowFunction>), SqlError> {
    let (mut rewritten, mut functions) = (Vec::with_capacity(tokens.len()), Vec::new());
    let mut index = 0;
    while index < tokens.len() {
        let mut cursor = Cursor::new(&tokens[index..], tokens[index].span.start);
        let wrapped = is_keyword(cursor.peek(), "TABLE") && cursor.peek_ahead(1) == &Token::LParen;
        let name = cursor.peek_ahead(if wrapped { 2 } else { 0 });
        let known = FUNCTIONS.iter().any(|function| is_keyword(name, function));
        let table_first = |c: &Cursor<'_>| {
            let first = c.peek_ahead(2);
            is_keyword(first, "TABLE") || is_keyword(first, "DATA")
        };
        if !(known && (wrapped || (cursor.peek_ahead(1) == &Token::LParen && table_first(&cursor)))) {
            rewritten.push(tokens[index].clone());
            index += 1;
            continue;
        }
        if wrapped {
            cursor.advance();
            cursor.advance();
        }
        let function = parse_function(&mut cursor, functions.len())?;
        if wrapped {
            cursor.expect(&Token::RParen)?;
        }
        let word = Word { value: function.name.clone(), quote_style: Some('`'), keyword: Keyword::NoKeyword };
        rewritten.push(TokenWithSpan { token: Token::Word(word), span: tokens[index].span });
        functions.push(function);
        index += cursor.index();
    }
    Ok((rewritten, functions))
}

/// The arguments, by position or by name.
#[derive(Debug, Default)]
struct Arguments {
    table: Option<(String, Location)>,
    time: Option<(String, Location)>,
    /// Intervals in milliseconds with the name they were given, if any.
    intervals: Vec<(Option<String>, i64)>,
}

fn parse_function(cursor: &mut Cursor<'_>, index: usize) -> Result<WindowFunction, SqlError> {
    let place = cursor.place();
    let function = cursor.identifier("a window function")?.to_ascii_uppercase();
    if function == "SESSION" {
        return Err(SqlError::at(place, "SESSION windows are not supported yet; use TUMBLE, HOP or CUMULATE"));
    }
    cursor.expect(&Token::LParen)?;
    let mut arguments = Arguments::default();
    loop {
        parse_argument(cursor, &mut arguments)?;
        if !cursor.take(&Token::Comma) {
            break;
        }
    }
    cursor.expect(&Token::RParen)?;
    let (Some((table, table_place)), Some((time_column, time_place))) = (arguments.table, arguments.time) else {
        let usage = format!("write {function}(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND)");
        return Err(SqlError::at(place, usage));
    };
    let windowing = windowing(&function, &arguments.intervals).map_err(|message| SqlError::at(place, message))?;
    let name = format!("\u{1}{function} {index}");
    Ok(WindowFunction { name, place, table, table_place, time_column, time_place, windowing })
}

fn parse_argument(cursor: &mut Cursor<'_>, arguments: &mut Arguments) -> Result<(), SqlError> {
    let mut name = None;
    if cursor.peek_ahead(1) == &Token::RArrow {
        name = Some(cursor.identifier("an argument name")?.to_ascii_uppercase());
        cursor.advance();
    }
    let place = cursor.place();
    let expected = match name.as_deref() {
        Some("DATA") => "TABLE",
        Some("TIMECOL") => "DESCRIPTOR",
        Some(_) => "INTERVAL",
        None if arguments.table.is_none() => "TABLE",
        None if arguments.time.is_none() => "DESCRIPTOR",
        None => "INTERVAL",
    };
    match expected {
        "TABLE" => {
            cursor.expect_keyword("TABLE")?;
            let table_place = cursor.place();
            if cursor.peek() == &Token::LParen {
                return Err(SqlError::at(table_place, "a window is taken over a declared table, not over a subquery"));
            }
            arguments.table = Some((cursor.identifier("a table name")?, table_place));
        }
        "DESCRIPTOR" => {
            cursor.expect_keyword("DESCRIPTOR")?;
            cursor.expect(&Token::LParen)?;
            let time_place = cursor.place();
            arguments.time = Some((cursor.identifier("the time column")?, time_place));
            cursor.expect(&Token::RParen)?;
        }
        _ => {
            let millis = parse_interval(cursor)?;
            if arguments.intervals.iter().any(|(known, _)| known.is_some() && *known == name) {
                return Err(SqlError::at(place, "the argument is given twice"));
            }
            arguments.intervals.push((name, millis));
        }
    }
    Ok(())
}

/// `INTERVAL '5' SECOND`, also with a sign and the compound `'1 02:03:04.5' DAY TO SECOND` forms; milliseconds.
fn parse_interval(cursor: &mut Cursor<'_>) -> Result<i64, SqlError> {
    cursor.expect_keyword("INTERVAL")?;
    let mut sign = if cursor.take(&Token::Minus) { -1 } else { 1 };
    let place = cursor.place();
    let text = cursor.string("the length in single quotes")?;
    let number = text.trim();
    let number = number.strip_prefix('-').inspect(|_| sign = -sign).unwrap_or(number);
    let unit_place = cursor.place();
    let unit = cursor.identifier("a unit such as SECOND")?.to_ascii_uppercase();
    if cursor.take(&Token::LParen) {
        cursor.number("the precision")?;
        cursor.expect(&Token::RParen)?;
    }
    if cursor.take_keywords(&["TO"]) {
        return Err(SqlError::at(place, "write the length in one unit, such as INTERVAL '90' SECOND"));
    }
    let unit_millis = match unit.trim_end_matches('S') {
        "SECOND" => 1000,
        "MINUTE" => 60_000,
        "HOUR" => 3_600_000,
        "DAY" => 86_400_000,
        "MONTH" | "YEAR" | "QUARTER" => {
            return Err(SqlError::at(unit_place, "windows have a fixed length; use SECOND, MINUTE, HOUR or DAY"));
        }
        _ => return Err(SqlError::at(unit_place, "the units are SECOND, MINUTE, HOUR and DAY")),
    };
    let wrong = || SqlError::at(place, format!("'{text}' is not a length in {unit}"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (unit_millis != 1000 && number.contains('.')) || fraction.len() > 3 {
        return Err(wrong());
    }
    let whole: i64 = whole.parse().map_err(|_| wrong())?;
    let fraction: i64 = format!("{fraction:0<3}").parse().map_err(|_| wrong())?;
    let millis = whole.checked_mul(unit_millis).and_then(|millis| millis.checked_add(fraction)).ok_or_else(wrong)?;
    Ok(sign * millis)
}

fn windowing(function: &str, intervals: &[(Option<String>, i64)]) -> Result<Windowing, String> {
    let names: &[&str] = match function {
        "TUMBLE" => &["SIZE", "OFFSET"],
        "HOP" => &["SLIDE", "SIZE", "OFFSET"],
        _ => &["STEP", "SIZE", "OFFSET"],
    };
    let mut values = [None; 3];
    for (position, (name, millis)) in intervals.iter().enumerate() {
        let index = match name {
            Some(name) => names.iter().position(|known| known == name),
            None => (position < names.len()).then_some(position),
        };
        let known = || format!("{function} takes {}", names.join(", "));
        *values.get_mut(index.ok_or_else(known)?).ok_or_else(known)? = Some(*millis);
    }
    let required = |index: usize| values[index].ok_or_else(|| format!("{function} needs {}", names[index]));
    let (step, size, offset) = match function {
        "TUMBLE" => (required(0)?, required(0)?, values[1].unwrap_or(0)),
        _ => (required(0)?, required(1)?, values[2].unwrap_or(0)),
    };
    if step <= 0 || size <= 0 {
        return Err(format!("the lengths of {function} are positive"));
    }
    if size % step != 0 {
        return Err(format!("SIZE of {function} must be a multiple of {}", names[0]));
    }
    if size / step > WINDOWS_PER_ROW_MAX {
        return Err(format!("a row would fall into more than {WINDOWS_PER_ROW_MAX} windows"));
    }
    Ok(match function {
        "TUMBLE" => Windowing::tumble(size, offset),
        "HOP" => Windowing::hop(step, size, offset),
        _ => Windowing::cumulate(step, size, offset),
    })
}
