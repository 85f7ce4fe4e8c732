//! The statements of an application, in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sqlparser::tokenizer::{Location, Token, TokenWithSpan};
use types::limits::SQL_TEXT_CHARACTERS_MAX;

use super::SqlError;
use super::options::parse_duration;
use super::query::compile_insert;
use super::source::SourceTable;
use super::table::{TableDeclaration, parse_table};
use super::tokens::{Cursor, is_keyword, tokenize};
use crate::program::{Program, Sink};

/// Tables and statements of one application, so that planning stays quick.
const STATEMENTS_MAX: usize = 200;

/// What is known after the statements read so far.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) tables: HashMap<String, TableDeclaration>,
    /// `table.exec.source.idle-timeout`
    idle_timeout: Duration,
    /// Tables planned as sources or sinks, by name, with their index in the program.
    sources: HashMap<String, usize>,
    sinks: HashMap<String, usize>,
    pub(crate) planned: Vec<SourceTable>,
    program: Vec<crate::program::Insert>,
    program_sinks: Vec<Arc<Sink>>,
}

/// Reads the whole text.
pub(crate) fn compile(text: &str) -> Result<Program, SqlError> {
    let start = Location { line: 1, column: 1 };
    if text.chars().count() > SQL_TEXT_CHARACTERS_MAX {
        return Err(SqlError::at(start, format!("the text is longer than {SQL_TEXT_CHARACTERS_MAX} characters")));
    }
    let tokens = tokenize(text)?;
    let mut script = Script::default();
    let mut set = None;
    let mut count = 0;
    for statement in tokens.split(|token| token.token == Token::SemiColon) {
        let Some(first) = statement.first() else { continue };
        count += 1;
        if count > STATEMENTS_MAX {
            return Err(SqlError::at(first.span.start, format!("more than {STATEMENTS_MAX} statements")));
        }
        script.statement(statement, &mut set)?;
    }
    if let Some(place) = set {
        return Err(SqlError::at(place, "the statement set is not closed; write END; after its last INSERT"));
    }
    if script.program.is_empty() {
        return Err(SqlError::at(start, "the application does nothing; write INSERT INTO sink SELECT … FROM source"));
    }
    let sources = script.planned.into_iter().map(|planned| planned.source).collect();
    Ok(Program { sources, sinks: script.program_sinks, inserts: script.program })
}

impl Script {
    /// Reads one statement; `set` is where the open statement set began.
    fn statement(&mut self, tokens: &[TokenWithSpan], set: &mut Option<Location>) -> Result<(), SqlError> {
        let place = tokens[0].span.start;
        let end = tokens[tokens.len() - 1].span.end;
        let mut cursor = Cursor::new(tokens, end);
        if cursor.take_keywords(&["EXECUTE", "STATEMENT", "SET", "BEGIN"])
            || cursor.take_keywords(&["EXECUTE", "STATEMENT", "SET"])
            || cursor.take_keywords(&["BEGIN", "STATEMENT", "SET"])
        {
            cursor.take_keywords(&["BEGIN"]);
            if set.replace(place).is_some() {
                return Err(SqlError::at(place, "a statement set stands in no other"));
            }
            return if cursor.at_end() { Ok(()) } else { self.statement(&tokens[cursor.index()..], set) };
        }
        if is_keyword(cursor.peek(), "END") && set.is_some() {
            cursor.advance();
            *set = None;
            return cursor.expect_end();
        }
        if is_keyword(cursor.peek(), "INSERT") {
            return self.insert(tokens, &mut cursor);
        }
        if set.is_some() {
            return Err(SqlError::at(place, "a statement set holds INSERT statements only"));
        }
        if cursor.take_keywords(&["CREATE", "TABLE"]) || cursor.take_keywords(&["CREATE", "TEMPORARY", "TABLE"]) {
            let optional = is_keyword(cursor.peek(), "IF");
            let table = parse_table(&mut cursor)?;
            if self.tables.contains_key(&table.name) {
                if optional {
                    return Ok(());
                }
                return Err(SqlError::at(table.place, format!("table {} is created twice", table.name)));
            }
            self.tables.insert(table.name.clone(), table);
            return Ok(());
        }
        if cursor.take_keywords(&["SET"]) {
            return self.set(&mut cursor);
        }
        Err(SqlError::at(place, "write CREATE TABLE, INSERT INTO … SELECT, EXECUTE STATEMENT SET or SET"))
    }

    fn set(&mut self, cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
        let place = cursor.place();
        let key = cursor.string("a setting in single quotes")?;
        cursor.expect(&Token::Eq)?;
        let value = cursor.string("its value in single quotes")?;
        cursor.expect_end()?;
        match (key.as_str(), value.as_str()) {
            ("table.exec.source.idle-timeout", value) => {
                let parsed = parse_duration(value);
                self.idle_timeout = parsed.ok_or_else(|| SqlError::at(place, "write a duration such as '5 s'"))?;
                Ok(())
            }
            ("table.local-time-zone", "UTC" | "GMT" | "Z" | "+00:00") => Ok(()),
            ("table.local-time-zone", _) => Err(SqlError::at(place, "the session time zone is UTC")),
            _ => Err(SqlError::at(place, format!("the setting '{key}' is not supported"))),
        }
    }

    fn insert(&mut self, tokens: &[TokenWithSpan], cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
        let place = cursor.place();
        cursor.expect_keyword("INSERT")?;
        if !cursor.take_keywords(&["INTO"]) {
            return Err(SqlError::at(place, "write INSERT INTO sink SELECT … FROM source"));
        }
        let sink_place = cursor.place();
        let name = cursor.identifier("the name of the sink table")?;
        let mut columns = None;
        if cursor.take(&Token::LParen) {
            let names = columns.insert(Vec::new());
            loop {
                let place = cursor.place();
                names.push((cursor.identifier("a column name")?, place));
                if !cursor.take(&Token::Comma) {
                    break;
                }
            }
            cursor.expect(&Token::RParen)?;
        }
        let sink = self.sink(&name, sink_place)?;
        let query = &tokens[cursor.index()..];
        let Some(first) = query.first() else { return Err(cursor.unexpected("SELECT")) };
        let table = self.program_sinks[sink].clone();
        let mut insert = compile_insert(self, query, first.span.start, &table, columns.as_deref())?;
        insert.sink = sink;
        self.program.push(insert);
        Ok(())
    }

    /// The index of the table as a source; planned when it is first read.
    pub(crate) fn source(&self, name: &str) -> Option<usize> {
        self.sources.get(name).copied()
    }

    /// Plans a table that a query reads.
    pub(crate) fn plan_source(&mut self, name: &str) -> Result<(), SqlError> {
        let Some(table) = self.tables.get(name) else { return Ok(()) };
        if !self.sources.contains_key(name) {
            let planned = SourceTable::plan(table, self.idle_timeout)?;
            self.sources.insert(name.into(), self.planned.len());
            self.planned.push(planned);
        }
        Ok(())
    }

    fn sink(&mut self, name: &str, place: Location) -> Result<usize, SqlError> {
        if let Some(index) = self.sinks.get(name) {
            return Ok(*index);
        }
        let Some(table) = self.tables.get(name) else {
            return Err(SqlError::at(place, format!("there is no table {name}; it must be created above")));
        };
        self.program_sinks.push(Arc::new(super::source::plan_sink(table)?));
        self.sinks.insert(name.into(), self.program_sinks.len() - 1);
        Ok(self.program_sinks.len() - 1)
    }
}
