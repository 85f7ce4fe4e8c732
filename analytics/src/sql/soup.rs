//! Whatever the text, compiling answers: no soup of words makes it panic.

use proptest::prelude::*;

use super::compile;

const TABLES: &str = "\
CREATE TABLE t (k STRING, n INT, d DOUBLE, m DECIMAL(5, 2), b BOOLEAN, ts TIMESTAMP(3), \
WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'kinesis', 'stream' = 't', 'format' = 'json');
CREATE TABLE s (k STRING, n INT) WITH ('connector' = 'kinesis', 'stream' = 's', 'format' = 'json');
";

const WORDS: [&str; 88] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "HAVING",
    "AS",
    "AND",
    "OR",
    "NOT",
    "NULL",
    "IS",
    "IN",
    "LIKE",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST",
    "(",
    ")",
    ",",
    ".",
    ";",
    "*",
    "+",
    "-",
    "/",
    "%",
    "=",
    "<",
    ">",
    "||",
    "t",
    "s",
    "k",
    "n",
    "d",
    "m",
    "b",
    "ts",
    "window_start",
    "window_end",
    "1",
    "0",
    "2.5",
    "1e9",
    "99999999999999999999",
    "'a'",
    "''",
    "'2024-01-01 00:00:00'",
    "TABLE",
    "TUMBLE",
    "HOP",
    "DESCRIPTOR",
    "INTERVAL",
    "'5'",
    "SECOND",
    "=>",
    "SIZE",
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "DISTINCT",
    "FILTER",
    "COALESCE",
    "ROUND",
    "SUBSTRING",
    "DATE_FORMAT",
    "TO_TIMESTAMP",
    "EXTRACT",
    "HOUR",
    "INT",
    "STRING",
    "TIMESTAMP",
    "CREATE",
    "WITH",
    "WATERMARK",
    "FOR",
    "METADATA",
    "INSERT",
    "INTO",
    "`",
    "INSERT INTO s SELECT k, n FROM t WHERE",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 1..25).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn words(text in soup()) {
        let _answered = compile(&text);
        let _answered = compile(&format!("{TABLES}INSERT INTO s SELECT {text}"));
        let _answered = compile(&format!("{TABLES}INSERT INTO s SELECT k, n FROM t WHERE {text}"));
        let _answered = compile(&format!("CREATE TABLE t ({text})"));
    }

    #[test]
    fn characters(text in "\\PC{0,80}") {
        let _answered = compile(&text);
        let _answered = compile(&format!("{TABLES}INSERT INTO s SELECT {text} FROM t"));
    }
}
