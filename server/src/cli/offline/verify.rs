//! `thalweg verify`: reads the whole log and says whether it is as it was written.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use log::embedded::{Finding, Verified};
use serde::Serialize;

use super::names::Names;
use super::{CLEAN, DAMAGED, UNREADABLE, WhereArgs};
use crate::cli::{Error, out, own_name, quoted, text};

/// Shorter logs are read before anybody asks how far it is.
const PROGRESS_BYTES_MIN: u64 = 1 << 30;

/// Flags of `verify`.
#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    #[command(flatten)]
    place: WhereArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(args: &VerifyArgs) -> Result<ExitCode, Error> {
    let Some(data_dir) = args.place.data_dir() else { return Ok(ExitCode::from(UNREADABLE)) };
    let verified = super::open(&data_dir).and_then(|offline| {
        let verified = offline.verify(&mut progress())?;
        let names = Names::read(&offline, !verified.damage.is_empty());
        Ok((verified, names))
    });
    let (verified, names) = match verified {
        Ok(verified) => verified,
        Err(error) => {
            eprintln!("thalweg: {error}");
            return Ok(ExitCode::from(UNREADABLE));
        }
    };
    let clean = verified.damage.is_empty() && names.failure.is_none();
    match args.json {
        true => out(&json(&data_dir, &verified, &names)),
        false => out(&report(&data_dir, &verified, &names)),
    }
    Ok(ExitCode::from(if clean { CLEAN } else { DAMAGED }))
}

/// Shows on stderr how far it is: one line that changes on a terminal, a line every tenth elsewhere.
pub(super) fn progress() -> impl FnMut(u64, u64) {
    let terminal = std::io::stderr().is_terminal();
    let mut shown = None;
    move |done, total| {
        let step = if terminal { 100 } else { 10 };
        let part = done.saturating_mul(step) / total.max(1);
        if total < PROGRESS_BYTES_MIN || shown.replace(part) == Some(part) {
            return;
        }
        let line = format!("read {} of {}", text::bytes(done), text::bytes(total));
        let end = if terminal && done < total { "\r" } else { "\n" };
        // Nobody's loss when it cannot be shown.
        let _ = write!(std::io::stderr(), "{line}{end}");
    }
}

fn report(data_dir: &Path, verified: &Verified, names: &Names) -> String {
    let Verified { segments, blank, indexes, partitions, records, bytes, file_bytes, .. } = verified;
    let mut text = format!(
        "{}: {segments} segments and {blank} made ahead, {}\n{partitions} partitions, {records} records, {}, {indexes} indexes\n",
        data_dir.join("log").display(),
        text::bytes(*file_bytes),
        text::bytes(*bytes),
    );
    if let Some((commands, hash)) = &names.state {
        let streams = names.streams;
        text.push_str(&format!("control plane: {streams} streams after {commands} commands, state {hash}\n"));
    }
    match &verified.torn_tail {
        Some(torn) => text.push_str(&format!("torn tail: yes, {}\n", told(torn))),
        None => text.push_str("torn tail: no\n"),
    }
    verified.harmless.iter().for_each(|finding| text.push_str(&format!("harmless: {}\n", told(finding))));
    verified.damage.iter().for_each(|finding| text.push_str(&format!("damage: {}\n", told(finding))));
    if let Some(failure) = &names.failure {
        text.push_str(&format!("damage: the control plane: {failure}\n"));
    }
    if verified.damage.is_empty() && names.failure.is_none() {
        return text + "clean\n";
    }
    text.push_str(match verified.refusal.is_some() || names.failure.is_some() {
        true => "a server refuses to start here\n",
        false => "a server starts here, and refuses to serve the damaged records\n",
    });
    let command = format!("{} repair --data-dir {}", own_name(), quoted(&data_dir.display().to_string()));
    text + &format!("what a repair would do and lose: {command} --dry-run\n")
}

fn told(finding: &Finding) -> String {
    format!("{} at byte {}: {}", finding.file.display(), finding.position, finding.what)
}

/// The report for programs; fields are added, never given another meaning.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    clean: bool,
    starts: bool,
    segments: u64,
    segments_ahead: u64,
    indexes: u64,
    partitions: u64,
    records: u64,
    bytes: u64,
    file_bytes: u64,
    streams: usize,
    state: Option<&'a str>,
    torn_tail: Option<ToldFinding<'a>>,
    damage: Vec<ToldFinding<'a>>,
    harmless: Vec<ToldFinding<'a>>,
    control_plane: Option<String>,
}

#[derive(Serialize)]
struct ToldFinding<'a> {
    file: &'a Path,
    position: u64,
    what: &'a str,
}

impl<'a> From<&'a Finding> for ToldFinding<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self { file: &finding.file, position: finding.position, what: &finding.what }
    }
}

fn json(_data_dir: &Path, verified: &Verified, names: &Names) -> String {
    let told = Told {
        clean: verified.damage.is_empty() && names.failure.is_none(),
        starts: verified.refusal.is_none() && names.failure.is_none(),
        segments: verified.segments,
        segments_ahead: verified.blank,
        indexes: verified.indexes,
        partitions: verified.partitions,
        records: verified.records,
        bytes: verified.bytes,
        file_bytes: verified.file_bytes,
        streams: names.streams,
        state: names.state.as_ref().map(|(_, hash)| hash.as_str()),
        torn_tail: verified.torn_tail.as_ref().map(Into::into),
        damage: verified.damage.iter().map(Into::into).collect(),
        harmless: verified.harmless.iter().map(Into::into).collect(),
        control_plane: names.failure.as_ref().map(ToString::to_string),
    };
    serde_json::to_string_pretty(&told).expect("it holds only numbers and strings") + "\n"
}
