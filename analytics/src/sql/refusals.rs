//! What is refused, where in the text, and with which words. `^` in a text marks the place that must be named.

use super::compile;

const TABLES: &str = "\
CREATE TABLE t (k STRING, n INT, d DOUBLE, m DECIMAL(5, 2), b BOOLEAN, ts TIMESTAMP(3), other TIMESTAMP(3), day DATE, \
WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'kinesis', 'stream' = 't', 'format' = 'json');
CREATE TABLE s (k STRING, n INT) WITH ('connector' = 'kinesis', 'stream' = 's', 'format' = 'json');
";

/// Checks that the text is refused at its `^`, with a message that holds `words`.
fn refused(text: &str, words: &str) {
    let place = text.find('^').expect("the text marks the place");
    let line = text[..place].matches('\n').count() as u64 + 1;
    let column = text[..place].rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    let error = compile(&text.replacen('^', "", 1)).expect_err(text);
    assert!(error.message.contains(words), "{text}\n{error}");
    assert_eq!((error.line, error.column), (line, column), "{text}\n{error}");
}

fn query_refused(query: &str, words: &str) {
    refused(&format!("{TABLES}{query}"), words);
}

fn table_refused(columns: &str, options: &str, words: &str) {
    refused(&format!("CREATE TABLE t (\n  {columns}\n) WITH (\n  {options});"), words);
}

const WITH: &str = "'connector' = 'kinesis', 'stream' = 't', 'format' = 'json'";

#[test]
fn statements() {
    refused("^", "does nothing");
    refused("^DROP TABLE t", "write CREATE TABLE");
    refused("^SELECT 1", "write CREATE TABLE");
    refused("SET ^'parallelism.default' = '4'", "is not supported");
    refused("SET ^'table.local-time-zone' = 'Europe/Berlin'", "UTC");
    refused("SELECT ^\"a\"", "double quotes");
    refused("SELECT ^/*+ OPTIONS('a'='b') */ 1", "hints");
    refused("SELECT ^'a", "Unterminated");
    query_refused("^EXECUTE STATEMENT SET BEGIN INSERT INTO s SELECT k, n FROM t;", "not closed");
    query_refused("EXECUTE STATEMENT SET BEGIN ^SET 'a' = 'b'; END;", "INSERT statements only");
    query_refused("CREATE TABLE ^t (n INT) WITH ('connector' = 'kinesis', 'stream' = 't', 'format' = 'json')", "twice");
    query_refused("^INSERT OVERWRITE s SELECT k, n FROM t", "INSERT INTO sink");
    query_refused("INSERT INTO s ^VALUES ('a', 1)", "SELECT");
}

#[test]
fn tables() {
    table_refused("n ^ROW<a INT>", WITH, "nested types");
    table_refused("n ^BYTES", WITH, "binary");
    table_refused("n ^NUMBER", WITH, "known are");
    table_refused("n ^DECIMAL(40, 2)", WITH, "1 to 38");
    table_refused("n ^TIMESTAMP", WITH, "TIMESTAMP(3)");
    table_refused("n ^TIMESTAMP_LTZ(6)", WITH, "TIMESTAMP_LTZ(3)");
    table_refused("n INT ^UNIQUE", WITH, "expected a comma");
    table_refused("n INT, ^PRIMARY KEY (n) NOT ENFORCED", WITH, "keys are not supported");
    table_refused("n INT, ^n INT", WITH, "declared twice");
    table_refused("n INT ^METADATA FROM 'offset'", WITH, "'sequence-number'");
    table_refused("n INT ^METADATA FROM 'timestamp'", WITH, "TIMESTAMP_LTZ(3)");
    table_refused(
        "n INT",
        "^'topic' = 't', 'connector' = 'kinesis', 'stream' = 't', 'format' = 'json'",
        "is not supported",
    );
    table_refused("n INT", "'connector' = ^'kafka', 'stream' = 't', 'format' = 'json'", "'kinesis'");
    table_refused("n INT", "'connector' = 'kinesis', 'stream' = 't', 'format' = ^'avro'", "'json'");
    table_refused("n INT", "'connector' = 'kinesis', 'stream.arn' = ^'arn:x', 'format' = 'json'", "not the ARN");
    table_refused("n INT", "'connector' = 'kinesis', 'stream' = ^'a/b', 'format' = 'json'", "not a valid stream name");
    let position = |value: &str| format!("{WITH}, 'source.init.position' = {value}");
    table_refused("n INT", &position("^'EARLIEST'"), "TRIM_HORIZON");
    table_refused("n INT", &position("^'AT_TIMESTAMP'"), "source.init.timestamp");
    table_refused("n INT", &format!("{WITH}, ^'format' = 'json'"), "given twice");
    table_refused("n INT", &format!("{WITH}, 'scan.watermark.idle-timeout' = ^'soon'"), "duration");
    table_refused("n INT", &format!("{WITH}, 'json.ignore-parse-errors' = ^'yes'"), "'true' or 'false'");
    refused("CREATE TABLE ^t (n INT) WITH ('connector' = 'kinesis', 'format' = 'json')", "stream.arn");
    refused("CREATE TABLE ^t (n INT)", "needs WITH");
    refused("CREATE TABLE ^db.t (n INT)", "databases");
}

#[test]
fn computed_columns_and_watermarks() {
    let read = |columns: &str, words: &str| {
        let rest = format!(") WITH ({WITH}); CREATE TABLE s (n INT) WITH ({WITH}); INSERT INTO s SELECT n FROM t");
        refused(&format!("CREATE TABLE t (n INT, text STRING, ts TIMESTAMP(3), {columns}{rest}"), words);
    };
    read("e AS ^PROCTIME()", "PROCTIME is not supported");
    read("e AS ^missing + 1", "missing");
    read("^e AS text + 1", "STRING + INT");
    read("WATERMARK FOR ^x AS x", "no column x");
    read("WATERMARK FOR ^n AS n", "TO_TIMESTAMP_LTZ");
    read("WATERMARK FOR ts AS ^n + 1", "a watermark is a time");
    read("WATERMARK FOR ts AS ts, ^WATERMARK FOR ts AS ts", "at most one");
}

#[test]
fn windows() {
    let windowed = |window: &str, words: &str| {
        let rest = "GROUP BY window_start, window_end, k";
        query_refused(&format!("INSERT INTO s SELECT k, MAX(n) FROM {window} {rest}"), words);
    };
    windowed("TABLE(^SESSION(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))", "SESSION windows");
    windowed("TABLE(^TUMBLE(TABLE t, DESCRIPTOR(ts)))", "needs SIZE");
    windowed("TABLE(^HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '7' SECOND))", "multiple of SLIDE");
    windowed("TABLE(^TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '0' SECOND))", "positive");
    windowed("TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' ^MONTH))", "fixed length");
    windowed("TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL ^'x' SECOND))", "not a length");
    windowed("TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), ^5))", "expected INTERVAL");
    windowed("TABLE(TUMBLE(TABLE t, DESCRIPTOR(^other), INTERVAL '5' SECOND))", "has no watermark");
    windowed("TABLE(TUMBLE(TABLE t, DESCRIPTOR(^nothing), INTERVAL '5' SECOND))", "no column nothing");
    windowed("TABLE(TUMBLE(TABLE ^u, DESCRIPTOR(ts), INTERVAL '5' SECOND))", "no table u");
    windowed("TABLE(TUMBLE(TABLE ^(SELECT * FROM t), DESCRIPTOR(ts), INTERVAL '5' SECOND))", "subquery");
    windowed("TABLE(^HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '1' DAY))", "windows");
    let grouped = |group: &str| {
        let from = "FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))";
        query_refused(&format!("INSERT INTO s (n) ^SELECT MAX(n) {from} {group}"), "needs a window");
    };
    grouped("");
    grouped("GROUP BY k");
    grouped("GROUP BY window_start");
    query_refused("INSERT INTO s ^SELECT k, MAX(n) FROM t GROUP BY k", "needs a window");
    query_refused(
        "INSERT INTO s SELECT k, MAX(n) FROM t GROUP BY ^TUMBLE(ts, INTERVAL '5' SECOND), k",
        "write windows as",
    );
}

#[test]
fn queries() {
    query_refused("INSERT INTO ^x SELECT k, n FROM t", "no table x");
    query_refused("INSERT INTO s (k, ^x) SELECT k, n FROM t", "no column x");
    query_refused("INSERT INTO s ^SELECT k FROM t", "takes 2 columns, the query gives 1");
    query_refused("INSERT INTO s ^SELECT k, d FROM t", "is DOUBLE, s.n is INT");
    query_refused("INSERT INTO s ^SELECT k, n + 3000000000 FROM t", "is BIGINT, s.n is INT");
    query_refused("INSERT INTO s SELECT ^x, n FROM t", "x");
    query_refused("INSERT INTO s SELECT k, ^N FROM t", "N");
    query_refused("INSERT INTO s ^SELECT DISTINCT k, n FROM t", "DISTINCT");
    query_refused("INSERT INTO s SELECT t.k, t.n FROM t JOIN ^s ON t.k = s.k", "joins");
    query_refused("INSERT INTO s ^SELECT t.k, t.n FROM t, s", "joins");
    query_refused("INSERT INTO s SELECT k, n FROM t ORDER BY ^n", "ORDER BY");
    query_refused("INSERT INTO s ^SELECT k, n FROM t LIMIT 5", "LIMIT");
    query_refused("INSERT INTO s ^SELECT k, n FROM t UNION ALL SELECT k, n FROM t", "two INSERT");
    query_refused("INSERT INTO s SELECT k, n FROM t WHERE ^n IN (SELECT n FROM t)", "not supported");
    query_refused("INSERT INTO s SELECT k, ^ROW_NUMBER() OVER (ORDER BY n) FROM t", "ROW_NUMBER is not supported");
    query_refused("INSERT INTO s SELECT k, ^SUM(n) OVER (ORDER BY ts) FROM t", "OVER");
    query_refused("INSERT INTO s SELECT k, ^SUM(DISTINCT n) FROM t", "COUNT(DISTINCT x) only");
    query_refused("INSERT INTO s SELECT ^RANDOM(), n FROM t", "is not supported");
    query_refused("INSERT INTO s SELECT k, n FROM t junk ^junk", "");
}

#[test]
fn types_that_flink_would_not_mix() {
    query_refused("INSERT INTO s SELECT k, n FROM t WHERE ^k = 1", "STRING = INT");
    query_refused("INSERT INTO s SELECT k, n FROM t WHERE ^ts > '2024-01-01 00:00:00'", "TIMESTAMP(3) > STRING");
    query_refused("INSERT INTO s SELECT k, n FROM t WHERE ^n", "the condition of WHERE is INT, not BOOLEAN");
    query_refused("INSERT INTO s SELECT ^CASE WHEN b THEN 1 ELSE 'x' END, n FROM t", "mixes");
    query_refused("INSERT INTO s SELECT ^COALESCE(k, 1), n FROM t", "mixes");
    query_refused("INSERT INTO s SELECT k, CAST(^m / 3 AS INT) FROM t", "CAST one side to DOUBLE");
    query_refused("INSERT INTO s SELECT CAST(^ts AS STRING), n FROM t", "DATE_FORMAT");
    query_refused("INSERT INTO s SELECT CAST(^b AS STRING), n FROM t", "CASE WHEN");
    query_refused("INSERT INTO s SELECT CAST(^d AS STRING), n FROM t", "DECIMAL");
    query_refused("INSERT INTO s ^SELECT CAST(k AS VARCHAR(3)), n FROM t", "VARCHAR(3)");
    query_refused("INSERT INTO s SELECT k, CAST(^ts - other AS INT) FROM t", "the difference of two times");
    query_refused("INSERT INTO s ^SELECT k, ROUND(n) FROM t", "ROUND(FLOAT or DOUBLE");
}
