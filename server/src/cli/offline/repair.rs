//! `thalweg repair`: moves damage aside so that a server starts again, and loses no record that can still be read.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use log::embedded::{Offline, Plan, Which};
use log::{COMMAND_PARTITION, LogError, StoredRecord};
use serde::Serialize;
use types::PartitionId;

use super::names::Names;
use super::{CLEAN, DAMAGED, UNREADABLE, WhereArgs, lines, records};
use crate::cli::{Error, out, text};

/// More stretches than this are counted, not listed.
const STRETCHES_SHOWN: usize = 1_000;

/// Flags of `repair`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RepairArgs {
    #[command(flatten)]
    place: WhereArgs,
    /// Say what would be lost, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write every good record to DIR/records.ndjson, and change nothing else
    #[arg(long, value_name = "DIR", conflicts_with = "dry_run")]
    export: Option<PathBuf>,
}

pub(in crate::cli) fn run(args: &RepairArgs) -> Result<ExitCode, Error> {
    let Some(data_dir) = args.place.data_dir() else { return Ok(ExitCode::from(UNREADABLE)) };
    let outcome = super::open(&data_dir).and_then(|offline| work(args, &data_dir, offline));
    Ok(ExitCode::from(outcome.unwrap_or_else(|error| {
        eprintln!("thalweg: {error}");
        UNREADABLE
    })))
}

fn work(args: &RepairArgs, data_dir: &Path, offline: Offline) -> Result<u8, LogError> {
    let verified = offline.verify(&mut super::verify::progress())?;
    let plan = offline.plan()?;
    let names = Names::read(&offline, true);
    if let Some(failure) = &names.failure {
        eprintln!("thalweg: the control plane cannot be read, so partitions have no names: {failure}");
    }
    if let Some(dir) = &args.export {
        let path = dir.join("records.ndjson");
        std::fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
        let count = export(&plan, Which::All, &names, &path)?;
        out(&format!("wrote {count} records to {}\n", path.display()));
        let clean = verified.damage.is_empty() && names.failure.is_none();
        return Ok(if clean { CLEAN } else { DAMAGED });
    }
    if let Some(refusal) = plan.refusal {
        return Err(refusal);
    }
    if verified.damage.is_empty() && plan.lost.is_empty() && plan.aside.is_empty() {
        if names.failure.is_some() {
            out("no file is damaged, so there is nothing that a repair could mend\n");
            return Ok(DAMAGED);
        }
        out("nothing is damaged\n");
        return Ok(CLEAN);
    }
    for finding in &verified.damage {
        out(&format!("damage: {} at byte {}: {}\n", finding.file.display(), finding.position, finding.what));
    }
    out(&told(&plan, &names, args.dry_run));
    if args.dry_run {
        return Ok(DAMAGED);
    }
    if let Some(which) = unreachable(&plan) {
        let path = free_name(&data_dir.join("log").join("quarantine"))?;
        let count = export(&plan, which, &names, &path)?;
        out(&format!("wrote {count} good records to {}\n", path.display()));
    }
    offline.repair()?;
    look_again(data_dir)
}

/// The good records that nobody could reach after the repair. With a part of the control plane the streams that it made
/// are gone, and which records were theirs cannot be known.
fn unreachable(plan: &Plan) -> Option<Which> {
    if loses_commands(plan) {
        return Some(Which::All);
    }
    (!plan.aside.is_empty()).then_some(Which::Aside)
}

fn loses_commands(plan: &Plan) -> bool {
    plan.lost.iter().chain(&plan.aside).any(|stretch| stretch.partition == COMMAND_PARTITION)
}

/// Whether a server starts now.
fn look_again(data_dir: &Path) -> Result<u8, LogError> {
    let offline = super::open(data_dir)?;
    let left = offline.verify(&mut |_, _| ())?;
    let names = Names::read(&offline, false);
    if let Some(failure) = &names.failure {
        eprintln!("thalweg: the files are repaired, but the control plane cannot be read: {failure}");
        return Ok(DAMAGED);
    }
    if left.damage.is_empty() {
        out("repaired; a server starts here again\n");
        return Ok(CLEAN);
    }
    for finding in &left.damage {
        eprintln!("thalweg: still damaged: {} at byte {}: {}", finding.file.display(), finding.position, finding.what);
    }
    Ok(DAMAGED)
}

fn told(plan: &Plan, names: &Names, dry_run: bool) -> String {
    let will = if dry_run { "would be" } else { "are" };
    let mut text = String::new();
    for (name, bytes) in &plan.moved {
        text.push_str(&format!("moved to log/quarantine/{name}: {}\n", text::bytes(*bytes)));
    }
    if !plan.lost.is_empty() {
        text.push_str(&format!("{} records {will} lost:\n", records(&plan.lost)));
        text.push_str(&lines(&plan.lost, names, STRETCHES_SHOWN));
    }
    if !plan.aside.is_empty() {
        let count = records(&plan.aside);
        text.push_str(&format!(
            "{count} good records before damage {will} no longer readable, but kept in quarantine/ as NDJSON:\n"
        ));
        text.push_str(&lines(&plan.aside, names, STRETCHES_SHOWN));
    }
    if loses_commands(plan) {
        text.push_str(
            "that is a part of the control plane: streams that it made are gone from the server. All good records are \
             kept in quarantine/ as NDJSON\n",
        );
    }
    if plan.lost.is_empty() {
        text.push_str(&format!("no record {will} known to be lost\n"));
    }
    text
}

/// A record as a line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
    partition: u64,
    offset: u64,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition_key: Option<&'a str>,
    /// Where the key is no text: the record of an encrypted stream, whose data is sealed too.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_base64: Option<String>,
    data: String,
}

impl<'a> Line<'a> {
    fn new(names: &'a Names, partition: PartitionId, record: &'a StoredRecord) -> Self {
        let encode = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
        let name = names.shard(partition);
        let key = std::str::from_utf8(&record.key);
        Self {
            stream: name.map(|name| name.stream.as_str()),
            shard: name.map(|name| name.shard.as_str()),
            sequence_number: name.map(|name| name.sequence_number(record.offset).to_string()),
            partition: partition.0,
            offset: record.offset.0,
            time: text::time(record.time),
            partition_key: key.ok(),
            key_base64: key.is_err().then(|| encode(&record.key)),
            data: encode(&record.value),
        }
    }
}

/// Writes records to a new file, durably; answers how many.
fn export(plan: &Plan, which: Which, names: &Names, path: &Path) -> Result<u64, LogError> {
    let io = |error: std::io::Error| failed(path, &error);
    let mut file = BufWriter::new(File::create_new(path).map_err(io)?);
    let count = plan.export(which, &mut |partition, record| {
        let mut line =
            serde_json::to_vec(&Line::new(names, partition, record)).expect("it holds only numbers and strings");
        line.push(b'\n');
        file.write_all(&line).map_err(io)
    })?;
    let file = file.into_inner().map_err(|error| io(error.into_error()))?;
    file.sync_all().map_err(io)?;
    // Its name too: what the file keeps is about to become unreadable elsewhere.
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all()).map_err(io)?;
    Ok(count)
}

fn failed(path: &Path, error: &std::io::Error) -> LogError {
    LogError::Io { action: "write", path: path.display().to_string(), message: error.to_string() }
}

/// A file that no earlier repair has written.
fn free_name(dir: &Path) -> Result<PathBuf, LogError> {
    std::fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    let name = |n: u32| dir.join(format!("records-{n}.ndjson"));
    (1..).map(name).find(|path| !path.exists()).ok_or(LogError::Overloaded)
}
