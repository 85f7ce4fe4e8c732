//! Lines from files, one after the other, on a thread of their own: reading blocks.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use streams::aggregation::UserRecord;
use tokio::sync::mpsc;

use super::key::KeySpec;

/// Lines that wait to be put.
const QUEUE_COUNT_MAX: usize = 2000;
/// The largest record that a stream can be set to take (API reference, UpdateMaxRecordSize).
const LINE_BYTES_MAX: usize = 10 << 20;

/// What the thread says.
pub(super) enum Line {
    /// A line with its key.
    Record(UserRecord),
    /// A line that cannot be put; the reason is told already.
    Skipped,
    /// A file that cannot be read.
    Failed(PathBuf, std::io::Error),
}

/// Reads until the end or until nobody listens.
pub(super) fn spawn(files: Vec<PathBuf>, key: KeySpec) -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(QUEUE_COUNT_MAX);
    std::thread::spawn(move || {
        let files = if files.is_empty() { vec![PathBuf::from("-")] } else { files };
        for path in files {
            if let Err(error) = read(&path, &key, &sender) {
                // Nobody listens any more: then nobody has to know.
                let _gone = sender.blocking_send(Line::Failed(path, error));
                return;
            }
        }
    });
    receiver
}

fn read(path: &Path, key: &KeySpec, sender: &mpsc::Sender<Line>) -> std::io::Result<()> {
    let mut source: Box<dyn BufRead> = match path.as_os_str() == "-" {
        true => Box::new(BufReader::new(std::io::stdin())),
        false => Box::new(BufReader::with_capacity(1 << 16, File::open(path)?)),
    };
    let mut number = 0u64;
    let mut line = Vec::new();
    loop {
        line.clear();
        number += 1;
        if source.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let too_long = line.len() > LINE_BYTES_MAX && !line.ends_with(b"\n");
        if too_long {
            skip_line(&mut source)?;
        }
        while line.ends_with(b"\n") || line.ends_with(b"\r") {
            line.pop();
        }
        if line.is_empty() {
            continue;
        }
        let keyed = if too_long { Err("it is longer than 10 MiB") } else { key.of(&line) };
        let said = match keyed {
            Ok(partition_key) => {
                let data = Bytes::copy_from_slice(&line);
                Line::Record(UserRecord { partition_key, explicit_hash_key: None, data })
            }
            Err(reason) => {
                eprintln!("thalweg: line {number} of {} is not put: {reason}", path.display());
                Line::Skipped
            }
        };
        if sender.blocking_send(said).is_err() {
            return Ok(());
        }
    }
}

/// Past the rest of a line, without keeping it.
fn skip_line(source: &mut dyn BufRead) -> std::io::Result<()> {
    loop {
        let buffered = source.fill_buf()?;
        let (length, ended) = match buffered.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffered.len(), buffered.is_empty()),
        };
        source.consume(length);
        if ended {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_file_is_a_record() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("1"), folder.path().join("2"));
        std::fs::write(&first, "a\n\nb\r\n").unwrap();
        std::fs::write(&second, [b"c\n".to_vec(), vec![b'x'; LINE_BYTES_MAX + 5], b"\nd".to_vec()].concat()).unwrap();
        let missing = folder.path().join("3");
        let mut lines = spawn(vec![first, second, missing.clone()], KeySpec::Fixed("k".into()));
        let mut seen = Vec::new();
        while let Some(line) = lines.blocking_recv() {
            seen.push(match line {
                Line::Record(record) => String::from_utf8(record.data.to_vec()).unwrap(),
                Line::Skipped => "skipped".into(),
                Line::Failed(path, _) => path.display().to_string(),
            });
        }
        assert_eq!(seen, ["a", "b", "c", "skipped", "d", &missing.display().to_string()]);
    }
}
