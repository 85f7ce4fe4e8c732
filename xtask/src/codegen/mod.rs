//! `cargo xtask codegen`: writes `wire/src/generated/` from the service models in `wire/models/`.
//!
//! Owns: which operations are built ([`SERVICES`]) and where the files go. Refuses: hand edits of the result; the test
//! below fails when the committed files are not what the models give. Read `model` (what is read), `emit` (what is
//! written) and `pattern` (Java's regular expressions in Rust's dialect) next.

mod emit;
mod layout;
mod model;
mod names;
mod pattern;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whatever stops the generator, in words for the person who ran it.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// A service, its model and the operations that the server implements.
struct Service {
    module: &'static str,
    model: &'static str,
    operations: &'static [&'static str],
}

/// The table of what is built: add an operation here, run `cargo xtask codegen`, then write its handler.
const SERVICES: &[Service] = &[
    Service {
        module: "analytics",
        model: "kinesisanalyticsv2-2018-05-23.json",
        operations: &[
            "CreateApplication",
            "DeleteApplication",
            "DescribeApplication",
            "ListApplications",
            "StartApplication",
            "StopApplication",
        ],
    },
    Service {
        module: "cloudwatch",
        model: "cloudwatch-2010-08-01.json",
        operations: &["GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"],
    },
    Service {
        module: "dynamodb",
        model: "dynamodb-2012-08-10.json",
        operations: &[
            "CreateTable",
            "DeleteItem",
            "DeleteTable",
            "DescribeContinuousBackups",
            "DescribeTable",
            "GetItem",
            "ListTables",
            "PutItem",
            "Query",
            "Scan",
            "TransactWriteItems",
            "UpdateContinuousBackups",
            "UpdateItem",
            "UpdateTable",
        ],
    },
    Service {
        module: "firehose",
        model: "firehose-2015-08-04.json",
        operations: &[
            "CreateDeliveryStream",
            "DeleteDeliveryStream",
            "DescribeDeliveryStream",
            "ListDeliveryStreams",
            "PutRecord",
            "PutRecordBatch",
        ],
    },
    Service {
        module: "kinesis",
        model: "kinesis-2013-12-02.json",
        operations: &[
            "AcknowledgeDeadLetterQueueRecords",
            "AcknowledgeQueueRecords",
            "AddTagsToStream",
            "CreateChannel",
            "CreateQueue",
            "CreateStream",
            "DecreaseStreamRetentionPeriod",
            "DeleteChannel",
            "DeleteQueue",
            "DeleteResourcePolicy",
            "DeleteStream",
            "DeregisterStreamConsumer",
            "DescribeAccountSettings",
            "DescribeChannel",
            "DescribeLimits",
            "DescribeQueue",
            "DescribeStream",
            "DescribeStreamConsumer",
            "DescribeStreamSummary",
            "DisableEnhancedMonitoring",
            "EnableEnhancedMonitoring",
            "GetRecords",
            "GetResourcePolicy",
            "GetShardIterator",
            "IncreaseStreamRetentionPeriod",
            "ListChannels",
            "ListQueues",
            "ListShards",
            "ListStreamConsumers",
            "ListStreams",
            "ListTagsForResource",
            "ListTagsForStream",
            "MergeShards",
            "PutRecord",
            "PutRecords",
            "PutResourcePolicy",
            "ReceiveDeadLetterQueueRecords",
            "ReceiveQueueRecords",
            "RegisterStreamConsumer",
            "RemoveTagsFromStream",
            "RestoreDeadLetterQueueRecords",
            "SplitShard",
            "StartStreamEncryption",
            "StopStreamEncryption",
            "SubscribeToShard",
            "TagResource",
            "UntagResource",
            "UpdateAccountSettings",
            "UpdateChannel",
            "UpdateDeadLetterQueueRecordsVisibility",
            "UpdateMaxRecordSize",
            "UpdateQueue",
            "UpdateQueueRecordsVisibility",
            "UpdateShardCount",
            "UpdateStreamMode",
            "UpdateStreamRecordDistributionStrategy",
            "UpdateStreamWarmThroughput",
        ],
    },
    Service { module: "sts", model: "sts-2011-06-15.json", operations: &["GetCallerIdentity"] },
];

/// Writes the generated files, or, with `check`, fails when they are not up to date.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    let wire = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire");
    let target = wire.join("src/generated");
    let fresh = generate(&wire.join("models"))?;
    let stale = stale(&target, &fresh)?;
    if stale.is_empty() {
        return Ok(());
    }
    if check {
        let names: Vec<_> = stale.iter().map(|path| path.display().to_string()).collect();
        return Err(format!("not up to date, run `cargo xtask codegen`: {}", names.join(", ")).into());
    }
    for path in stale {
        let file = target.join(&path);
        match fresh.get(&path) {
            None => std::fs::remove_file(&file)?,
            Some(text) => {
                std::fs::create_dir_all(file.parent().unwrap_or(&target))?;
                std::fs::write(&file, text)?;
            }
        }
    }
    Ok(())
}

/// Every generated file by its path under `wire/src/generated`, formatted.
fn generate(models: &Path) -> Result<BTreeMap<PathBuf, String>, Failure> {
    let mut files = BTreeMap::from([(PathBuf::from("mod.rs"), root())]);
    for service in SERVICES {
        let text = std::fs::read_to_string(models.join(service.model))?;
        let model = model::Model::parse(&text).map_err(|what| format!("{}: {what}", service.model))?;
        for (name, text) in emit::files(&model, service.operations)? {
            files.insert(PathBuf::from(service.module).join(name), text);
        }
    }
    files.into_iter().map(|(path, text)| Ok((path, format(&text)?))).collect()
}

fn root() -> String {
    let modules: String = SERVICES.iter().map(|s| format!("pub mod {};\n", s.module)).collect();
    format!("{}//! The shapes of every service, by module.\n\n{modules}", emit::HEADER)
}

/// The paths whose content on disk is not what was generated, files that should not be there included.
fn stale(target: &Path, fresh: &BTreeMap<PathBuf, String>) -> Result<Vec<PathBuf>, Failure> {
    let mut stale: Vec<PathBuf> = Vec::new();
    for (path, text) in fresh {
        if std::fs::read_to_string(target.join(path)).ok().as_ref() != Some(text) {
            stale.push(path.clone());
        }
    }
    let mut folders = vec![target.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten() {
            let path = entry?.path();
            let relative = path.strip_prefix(target)?.to_path_buf();
            if path.is_dir() {
                folders.push(path);
            } else if !fresh.contains_key(&relative) {
                stale.push(relative);
            }
        }
    }
    Ok(stale)
}

/// The text as `rustfmt` lays it out under the repository's `rustfmt.toml`.
fn format(text: &str) -> Result<String, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt does not start ({error}); `rustup component add rustfmt`"))?;
    // rustfmt reads all of its input before it writes, so writing first cannot block both sides.
    child.stdin.take().ok_or("no pipe to rustfmt")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("rustfmt refuses the generated code:\n{text}").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn committed_files_are_what_the_models_give() {
        super::run(true).unwrap();
    }
}
