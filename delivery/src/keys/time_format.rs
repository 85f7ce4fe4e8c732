//! The part of Java's `DateTimeFormatter` patterns that makes sense in a key: dates and times, no zones.
//!
//! The meaning of a letter depends on how often it stands in a row; text in single quotes is literal and two quotes are
//! one. Names are English and weeks are those of the United States, as on AWS: they start on Sunday and the first
//! week of a year is the one with January 1. Beware: `YYYY` is the year of the week and `DD` the day of the year.

use std::fmt::Write;

use jiff::ZonedDateTime;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// Longest run of a year's letter that Java takes.
const YEAR_WIDTH_MAX: usize = 19;

/// A pattern that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TimeFormatError {
    #[error("the pattern is empty")]
    Empty,
    #[error("{letter:?} is not a pattern letter that is supported; quote it if it is text")]
    UnknownLetter { letter: char },
    #[error("too many pattern letters: {letter}")]
    TooManyLetters { letter: char },
    #[error("{character:?} is reserved; quote it if it is text")]
    Reserved { character: char },
    #[error("a quote is not closed")]
    UnclosedQuote,
}

#[derive(Debug, PartialEq, Eq)]
enum Item {
    Text(String),
    Letter { letter: char, count: usize },
}

/// See the module text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TimeFormat {
    items: Vec<Item>,
}

impl TimeFormat {
    pub(super) fn parse(pattern: &str) -> Result<Self, TimeFormatError> {
        if pattern.is_empty() {
            return Err(TimeFormatError::Empty);
        }
        let mut items = Vec::new();
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let (item, length) = match first {
                '\'' => quoted(rest)?,
                '{' | '}' | '#' | '[' | ']' => return Err(TimeFormatError::Reserved { character: first }),
                letter if letter.is_ascii_alphabetic() => {
                    let count = rest.bytes().take_while(|byte| char::from(*byte) == letter).count();
                    (checked(letter, count)?, count)
                }
                other => (Item::Text(other.into()), other.len_utf8()),
            };
            items.push(item);
            rest = &rest[length..];
        }
        Ok(Self { items })
    }

    pub(super) fn format(&self, at: &ZonedDateTime) -> String {
        let mut text = String::new();
        for item in &self.items {
            match item {
                Item::Text(literal) => text.push_str(literal),
                Item::Letter { letter, count } => push_letter(&mut text, *letter, *count, at),
            }
        }
        text
    }
}

/// The literal at the start of `rest`, which starts with a quote, and its length in bytes with the quotes.
fn quoted(rest: &str) -> Result<(Item, usize), TimeFormatError> {
    if rest.starts_with("''") {
        return Ok((Item::Text("'".into()), 2));
    }
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        if character != '\'' {
            text.push(character);
        } else if characters.next_if(|(_, next)| *next == '\'').is_some() {
            text.push('\'');
        } else {
            return Ok((Item::Text(text), index + 1));
        }
    }
    Err(TimeFormatError::UnclosedQuote)
}

fn checked(letter: char, count: usize) -> Result<Item, TimeFormatError> {
    let count_max = match letter {
        'y' | 'u' | 'Y' => YEAR_WIDTH_MAX,
        'M' | 'L' | 'E' => 5,
        'd' | 'H' | 'h' | 'K' | 'k' | 'm' | 's' | 'w' => 2,
        'D' => 3,
        'S' => 9,
        'a' => 1,
        _ => return Err(TimeFormatError::UnknownLetter { letter }),
    };
    if count > count_max {
        return Err(TimeFormatError::TooManyLetters { letter });
    }
    Ok(Item::Letter { letter, count })
}

fn push_letter(text: &mut String, letter: char, count: usize, at: &ZonedDateTime) {
    let (hour, month) = (i64::from(at.hour()), at.month() as usize);
    match letter {
        'y' | 'u' => push_year(text, at.year(), count),
        'Y' => push_year(text, week_end(at).0, count),
        'M' | 'L' if count >= 3 => push_name(text, MONTHS[month - 1], count),
        'E' => push_name(text, DAYS[at.weekday().to_sunday_zero_offset() as usize], count),
        'a' => text.push_str(if hour < 12 { "AM" } else { "PM" }),
        'S' => text.push_str(&format!("{:09}", at.subsec_nanosecond())[..count]),
        'M' | 'L' => push_number(text, month as i64, count),
        'd' => push_number(text, at.day().into(), count),
        'D' => push_number(text, at.day_of_year().into(), count),
        'w' => push_number(text, week_end(at).1, count),
        'H' => push_number(text, hour, count),
        'k' => push_number(text, (hour + 23) % 24 + 1, count),
        'K' => push_number(text, hour % 12, count),
        'h' => push_number(text, (hour + 11) % 12 + 1, count),
        'm' => push_number(text, at.minute().into(), count),
        's' => push_number(text, at.second().into(), count),
        _ => unreachable!("`checked` lets only these letters through"),
    }
}

/// The year that the Saturday of this week is in, and that Saturday's week of it: the year and week of the whole week.
fn week_end(at: &ZonedDateTime) -> (i16, i64) {
    let days_left = 6 - i64::from(at.weekday().to_sunday_zero_offset());
    let days = jiff::Span::new().days(days_left);
    let saturday = at.date().checked_add(days).unwrap_or(at.date());
    (saturday.year(), (i64::from(saturday.day_of_year()) - 1) / 7 + 1)
}

fn push_year(text: &mut String, year: i16, count: usize) {
    match count {
        2 => push_number(text, i64::from(year.rem_euclid(100)), 2),
        _ => push_number(text, year.into(), count),
    }
}

fn push_number(text: &mut String, number: i64, width: usize) {
    write!(text, "{number:0width$}").expect("writing to memory does not fail");
}

/// One to three letters are the short form, four the full one, five the first letter.
fn push_name(text: &mut String, name: &str, count: usize) {
    text.push_str(match count {
        4 => name,
        5 => &name[..1],
        _ => &name[..3],
    });
}
