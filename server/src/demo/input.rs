//! Records from a file or the standard input, one per line. A JSON object is taken as it stands; any other text becomes
//! `{"source":"input","line":…}`. With `follow` the end of the file is where more is awaited, also after the file was
//! truncated or replaced.
//!
//! Owns: lines. Refuses: the stream (`feed.rs`).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::sync::mpsc;

use super::feed::Entry;

/// A longer line would not fit into a record once it is wrapped; the rest of it is left out.
const LINE_BYTES_MAX: usize = types::limits::RECORD_BYTES_MAX_DEFAULT / 2;
/// How often the end of a followed file is looked at.
const FOLLOW_PAUSE: Duration = Duration::from_millis(200);
/// Lines are spread over this many keys, so that one file uses all shards.
const KEYS: u64 = 64;

/// Where lines come from.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) follow: bool,
}

impl Input {
    fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }
}

/// Opens the input, so that a wrong name fails before anything starts, and reads it on a thread of its own.
pub(super) fn spawn(input: Input, queue: mpsc::Sender<Entry>) -> io::Result<()> {
    let file = if input.is_stdin() { None } else { Some(open(&input.path)?) };
    let read = move || {
        let mut count = 0;
        let mut send = |line: &[u8]| {
            count += 1;
            queue.blocking_send(entry(count, line)).is_ok()
        };
        let done = match file {
            None => read_lines(&mut io::stdin().lock(), &mut Lines::default(), &mut send).map(drop),
            Some(file) if input.follow => follow(&input.path, file, &|| queue.is_closed(), &mut send),
            Some(file) => read_to_end(file, &mut send),
        };
        match done {
            Ok(()) => tracing::info!(lines = count, "the input has ended"),
            Err(error) => tracing::warn!(%error, lines = count, "the input cannot be read any more"),
        }
    };
    std::thread::Builder::new().name("input".into()).spawn(read).map(drop)
}

/// A folder opens like a file on unix and fails at the first read; say it at once.
fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
}

fn entry(count: u64, line: &[u8]) -> Entry {
    Entry { partition_key: format!("input/{}", count % KEYS), data: record(line) }
}

/// The line as a record: a JSON object stays, other text is wrapped.
fn record(line: &[u8]) -> Bytes {
    let is_object = line.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok();
    if is_object {
        let mut data = line.to_vec();
        data.push(b'\n');
        return data.into();
    }
    format!("{}\n", json!({"source": "input", "line": String::from_utf8_lossy(line)})).into()
}

/// The line that is being read; it survives the end of the file, where the rest of it may still come.
#[derive(Debug, Default)]
struct Lines {
    part: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES_MAX - self.part.len();
        self.part.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Ends the line and hands it on if there is anything in it.
    fn end(&mut self, send: &mut impl FnMut(&[u8]) -> bool) -> bool {
        let line = std::mem::take(&mut self.part);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        line.trim_ascii().is_empty() || send(line)
    }
}

/// Hands on every complete line up to the end of what there is now; false when nobody takes them any more.
fn read_some(reader: &mut impl BufRead, lines: &mut Lines, send: &mut impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
    loop {
        let buffer = match reader.fill_buf() {
            Ok([]) => return Ok(true),
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let newline = buffer.iter().position(|byte| *byte == b'\n');
        lines.push(&buffer[..newline.unwrap_or(buffer.len())]);
        let used = newline.map_or(buffer.len(), |at| at + 1);
        reader.consume(used);
        if newline.is_some() && !lines.end(send) {
            return Ok(false);
        }
    }
}

/// As [`read_some`], and at the end the line without a newline too.
fn read_lines(reader: &mut impl BufRead, lines: &mut Lines, send: &mut impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
    Ok(read_some(reader, lines, send)? && lines.end(send))
}

fn read_to_end(file: impl Read, send: &mut impl FnMut(&[u8]) -> bool) -> io::Result<()> {
    read_lines(&mut BufReader::new(file), &mut Lines::default(), send).map(drop)
}

fn follow(
    path: &Path,
    file: File,
    is_over: &impl Fn() -> bool,
    send: &mut impl FnMut(&[u8]) -> bool,
) -> io::Result<()> {
    let mut reader = BufReader::new(file);
    let mut lines = Lines::default();
    while read_some(&mut reader, &mut lines, send)? {
        if is_over() {
            return Ok(());
        }
        std::thread::sleep(FOLLOW_PAUSE);
        if let Some(file) = replaced(path, &mut reader)? {
            // What was written to the old file between the last look and the swap, and its last line.
            if !read_lines(&mut reader, &mut lines, send)? {
                return Ok(());
            }
            reader = BufReader::new(file);
        }
    }
    Ok(())
}

/// The file that now stands at `path`, if it is another one or has become shorter than what was read.
fn replaced(path: &Path, reader: &mut BufReader<File>) -> io::Result<Option<File>> {
    // Between the removal of a file and the creation of the next one there is none.
    let Ok(file) = File::open(path) else { return Ok(None) };
    let shorter = file.metadata()?.len() < reader.stream_position()?;
    Ok((shorter || !is_same(&file, reader.get_ref())?).then_some(file))
}

#[cfg(unix)]
fn is_same(a: &File, b: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (a, b) = (a.metadata()?, b.metadata()?);
    Ok((a.dev(), a.ino()) == (b.dev(), b.ino()))
}

/// Elsewhere a file that is open is not replaced, only truncated.
#[cfg(not(unix))]
fn is_same(_: &File, _: &File) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests;
