//! CREATE TABLE: columns, watermark, partitioning and options, read from tokens because sqlparser has no Flink dialect.

use sqlparser::ast::Expr;
use sqlparser::tokenizer::{Location, Token};

use super::options::{TableOptions, WrittenOption};
use super::sql_type::parse_type;
use super::tokens::{Cursor, is_keyword};
use super::{SqlError, SqlType};

/// A declared table: a stream of records seen as rows.
#[derive(Debug, Clone)]
pub(crate) struct TableDeclaration {
    pub(crate) name: String,
    pub(crate) place: Location,
    pub(crate) columns: Vec<ColumnDeclaration>,
    pub(crate) watermark: Option<WatermarkDeclaration>,
    /// Names of the columns that make a sink's partition key.
    pub(crate) partitioned_by: Vec<String>,
    pub(crate) options: TableOptions,
}

/// One column of a table, in declared order.
#[derive(Debug, Clone)]
pub(crate) struct ColumnDeclaration {
    pub(crate) name: String,
    pub(crate) place: Location,
    pub(crate) kind: ColumnKind,
}

/// Where a column's values come from.
#[derive(Debug, Clone)]
pub(crate) enum ColumnKind {
    /// A field of the JSON object.
    Physical { sql_type: SqlType, not_null: bool },
    /// A property of the record around it.
    Metadata { sql_type: SqlType, key: MetadataKey },
    /// Computed from the other columns.
    Computed(Box<Expr>),
}

/// The properties of a record that a METADATA column can show (Flink's kinesis-legacy connector, and its partition key).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetadataKey {
    /// When the record arrived, `TIMESTAMP_LTZ(3)`.
    Timestamp,
    /// Its sequence number, a string.
    SequenceNumber,
    /// Its shard, a string.
    ShardId,
    /// Its partition key, a string.
    PartitionKey,
}

/// `WATERMARK FOR column AS expression`.
#[derive(Debug, Clone)]
pub(crate) struct WatermarkDeclaration {
    pub(crate) column: String,
    pub(crate) place: Location,
    pub(crate) expression: Box<Expr>,
}

/// Reads a table; the cursor stands after `CREATE [TEMPORARY] TABLE`.
pub(crate) fn parse_table(cursor: &mut Cursor<'_>) -> Result<TableDeclaration, SqlError> {
    cursor.take_keywords(&["IF", "NOT", "EXISTS"]);
    let place = cursor.place();
    let name = cursor.identifier("a table name")?;
    if cursor.peek() == &Token::Period {
        return Err(SqlError::at(place, "catalogs and databases are not supported; write the table's name alone"));
    }
    cursor.expect(&Token::LParen)?;
    let (mut columns, mut watermark) = (Vec::<ColumnDeclaration>::new(), None);
    loop {
        let element = cursor.place();
        if is_keyword(cursor.peek(), "WATERMARK") && is_keyword(cursor.peek_ahead(1), "FOR") {
            let declared = parse_watermark(cursor)?;
            if watermark.replace(declared).is_some() {
                return Err(SqlError::at(element, "a table has at most one WATERMARK"));
            }
        } else {
            let column = parse_column(cursor)?;
            if columns.iter().any(|known| known.name == column.name) {
                return Err(SqlError::at(element, format!("column {} is declared twice", column.name)));
            }
            columns.push(column);
        }
        if !cursor.take(&Token::Comma) {
            break;
        }
    }
    cursor.expect(&Token::RParen)?;
    if cursor.take_keywords(&["COMMENT"]) {
        cursor.string("the comment")?;
    }
    let partitioned_by = parse_partitioned_by(cursor, &columns)?;
    let options = TableOptions::parse(&parse_with(cursor, place)?, place)?;
    if cursor.take_keywords(&["LIKE"]) {
        return Err(SqlError::at(place, "LIKE is not supported; write the columns out"));
    }
    cursor.expect_end()?;
    Ok(TableDeclaration { name, place, columns, watermark, partitioned_by, options })
}

fn parse_watermark(cursor: &mut Cursor<'_>) -> Result<WatermarkDeclaration, SqlError> {
    cursor.take_keywords(&["WATERMARK", "FOR"]);
    let place = cursor.place();
    let column = cursor.identifier("the name of a timestamp column")?;
    cursor.expect_keyword("AS")?;
    Ok(WatermarkDeclaration { column, place, expression: Box::new(cursor.expression()?) })
}

fn parse_column(cursor: &mut Cursor<'_>) -> Result<ColumnDeclaration, SqlError> {
    let place = cursor.place();
    for constraint in ["PRIMARY", "CONSTRAINT", "UNIQUE"] {
        if is_keyword(cursor.peek(), constraint) && !matches!(cursor.peek_ahead(1), Token::Comma) {
            return Err(SqlError::at(place, "keys are not supported: the tables are append-only; leave the key out"));
        }
    }
    let name = cursor.identifier("a column name")?;
    let kind = if cursor.take_keywords(&["AS"]) {
        ColumnKind::Computed(Box::new(cursor.expression()?))
    } else {
        let sql_type = parse_type(cursor)?;
        let not_null = cursor.take_keywords(&["NOT", "NULL"]);
        if !not_null {
            cursor.take_keywords(&["NULL"]);
        }
        if is_keyword(cursor.peek(), "METADATA") {
            let key = parse_metadata(cursor, &name, sql_type)?;
            ColumnKind::Metadata { sql_type, key }
        } else {
            ColumnKind::Physical { sql_type, not_null }
        }
    };
    if cursor.take_keywords(&["COMMENT"]) {
        cursor.string("the comment")?;
    }
    if !matches!(cursor.peek(), Token::Comma | Token::RParen) {
        return Err(cursor.unexpected("a comma or closing bracket after the column"));
    }
    Ok(ColumnDeclaration { name, place, kind })
}

fn parse_metadata(cursor: &mut Cursor<'_>, column: &str, sql_type: SqlType) -> Result<MetadataKey, SqlError> {
    let place = cursor.place();
    cursor.take_keywords(&["METADATA"]);
    let written = if cursor.take_keywords(&["FROM"]) { cursor.string("the metadata key")? } else { column.to_string() };
    cursor.take_keywords(&["VIRTUAL"]);
    let (key, fits) = match written.as_str() {
        "timestamp" => (MetadataKey::Timestamp, sql_type.is_timestamp()),
        "sequence-number" => (MetadataKey::SequenceNumber, sql_type == SqlType::Text),
        "shard-id" => (MetadataKey::ShardId, sql_type == SqlType::Text),
        "partition-key" => (MetadataKey::PartitionKey, sql_type == SqlType::Text),
        _ => {
            let keys = "'timestamp', 'sequence-number', 'shard-id' and 'partition-key'";
            return Err(SqlError::at(place, format!("there is no metadata {written:?}; there are {keys}")));
        }
    };
    if fits {
        return Ok(key);
    }
    let wanted = if key == MetadataKey::Timestamp { "TIMESTAMP_LTZ(3)" } else { "STRING" };
    Err(SqlError::at(place, format!("the metadata '{written}' is a {wanted}, not a {sql_type}")))
}

fn parse_partitioned_by(cursor: &mut Cursor<'_>, columns: &[ColumnDeclaration]) -> Result<Vec<String>, SqlError> {
    let mut names = Vec::new();
    if !cursor.take_keywords(&["PARTITIONED", "BY"]) {
        return Ok(names);
    }
    cursor.expect(&Token::LParen)?;
    loop {
        let place = cursor.place();
        let name = cursor.identifier("a column name")?;
        let physical = |c: &&ColumnDeclaration| matches!(c.kind, ColumnKind::Physical { .. });
        if !columns.iter().filter(physical).any(|column| column.name == name) {
            return Err(SqlError::at(place, format!("PARTITIONED BY names {name}, which is not a column of the JSON")));
        }
        names.push(name);
        if !cursor.take(&Token::Comma) {
            break;
        }
    }
    cursor.expect(&Token::RParen)?;
    Ok(names)
}

fn parse_with(cursor: &mut Cursor<'_>, table: Location) -> Result<Vec<WrittenOption>, SqlError> {
    if !cursor.take_keywords(&["WITH"]) {
        let message = "the table needs WITH ('connector' = 'kinesis', 'stream.arn' = '…', 'format' = 'json')";
        return Err(if cursor.at_end() { SqlError::at(table, message) } else { cursor.unexpected("WITH") });
    }
    cursor.expect(&Token::LParen)?;
    let mut options = Vec::<WrittenOption>::new();
    loop {
        let place = cursor.place();
        let key = cursor.string("an option name in single quotes")?;
        cursor.expect(&Token::Eq)?;
        let value_place = cursor.place();
        let value = cursor.string("the option's value in single quotes")?;
        if options.iter().any(|known| known.key == key) {
            return Err(SqlError::at(place, format!("option '{key}' is given twice")));
        }
        options.push(WrittenOption { key, place, value, value_place });
        if !cursor.take(&Token::Comma) {
            break;
        }
    }
    cursor.expect(&Token::RParen)?;
    Ok(options)
}
