//! Lines to paste: how another terminal reaches the demo, and how the delivered files are queried.

use std::path::Path;

use super::setup::{DELIVERY_STREAM, STREAM};
use crate::cli::{export_lines, own_name, quoted};
use crate::keys::KeyPair;

/// The variables and three commands for another terminal.
pub(super) fn for_another_terminal(pair: &KeyPair, region: &str, url: &str) -> String {
    let exports = export_lines(pair, region, Some(url));
    let commands = aws_commands().join("\n");
    format!("{exports}\n{commands}\n")
}

/// What the demo prints before anything else.
pub(super) fn intro(url: &str, data_dir: &Path, bucket: &Path, paste: &str) -> String {
    format!(
        "Thalweg demo\n\nserver  {url}\ndata    {}\nbucket  {}\n\nIn another terminal:\n\n{paste}\n",
        data_dir.display(),
        bucket.display()
    )
}

/// One line instead of all the variables.
pub(super) fn short(data_dir: &Path) -> String {
    format!("eval \"$({} env --data-dir {})\" && aws kinesis list-streams", own_name(), shell_word(data_dir))
}

/// Commands of the AWS CLI that work while the demo runs.
pub(super) fn aws_commands() -> [String; 3] {
    let iterator = format!(
        "aws kinesis get-shard-iterator --stream-name {STREAM} --shard-id shardId-000000000000 \
         --shard-iterator-type TRIM_HORIZON --query ShardIterator --output text"
    );
    [
        "aws kinesis list-streams".into(),
        format!("aws kinesis describe-stream-summary --stream-name {STREAM}"),
        format!("aws kinesis get-records --limit 5 --shard-iterator \"$({iterator})\""),
    ]
}

/// How to look into the delivered files.
pub(super) fn for_the_files(bucket: &Path) -> String {
    let objects = format!("/*/*/*/*/{DELIVERY_STREAM}-*.gz");
    let in_sql = bucket.display().to_string().replace('\'', "''");
    // Named columns: what is fed by --input may have any others, and guesses at types fail on such a mixture.
    let columns = "columns = {source: 'VARCHAR', core: 'VARCHAR', cpu: 'DOUBLE'}";
    let query = format!(
        "SELECT core, count(*), avg(cpu), max(cpu) FROM read_json('{in_sql}{objects}', format = 'newline_delimited', \
         {columns}, ignore_errors = true) WHERE source = 'cpu' GROUP BY core ORDER BY core"
    );
    format!("gunzip -c {}{objects} | head\nduckdb -c \"{query}\"\n", shell_word(bucket))
}

fn shell_word(path: &Path) -> String {
    quoted(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_name_what_the_demo_made() {
        let pair = KeyPair { access_key_id: "AKIA".into(), secret_access_key: "s".into() };
        let text = for_another_terminal(&pair, "us-east-1", "http://127.0.0.1:4567");
        assert!(text.contains("export AWS_ENDPOINT_URL=http://127.0.0.1:4567\n"));
        assert_eq!(text.lines().filter(|line| line.starts_with("aws kinesis ")).count(), 3);
        let files = for_the_files(Path::new("/d/buckets/demo"));
        assert!(files.starts_with("gunzip -c /d/buckets/demo/*/*/*/*/telemetry"), "{files}");
        assert!(for_the_files(Path::new("/a b/demo")).starts_with("gunzip -c '/a b/demo'/*"));
    }
}
