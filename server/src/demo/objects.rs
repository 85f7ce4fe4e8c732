//! What has arrived in the bucket, told by the bucket itself: objects, their bytes, and the lines in them.
//!
//! Owns: looking. Refuses: asking the server what it delivered: the count on the screen is a proof, not a claim.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flate2::bufread::MultiGzDecoder;
use types::{Clock, SystemClock};

use super::board::Board;

/// How often the folders are looked at.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// Bytes made durable in the log since the start, and bytes of its files.
pub(super) type Meter = Arc<dyn Fn() -> (u64, u64) + Send + Sync>;

/// What this run has delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Delivered {
    pub(super) objects: u64,
    pub(super) bytes: u64,
    pub(super) records: u64,
}

/// Looks at a bucket again and again and counts what is new.
#[derive(Debug, Clone)]
pub(super) struct Watcher {
    bucket: PathBuf,
    seen: HashSet<PathBuf>,
    delivered: Delivered,
}

impl Watcher {
    /// Objects that are there already belong to earlier runs.
    pub(super) fn new(bucket: &Path) -> Self {
        let seen = files_under(bucket).into_iter().collect();
        Self { bucket: bucket.into(), seen, delivered: Delivered::default() }
    }

    /// Everything delivered since `new`. Blocks while it reads new objects.
    pub(super) fn look(&mut self) -> Delivered {
        for path in files_under(&self.bucket) {
            if self.seen.contains(&path) {
                continue;
            }
            match count_lines(&path) {
                Ok((bytes, records)) => {
                    self.delivered.objects += 1;
                    self.delivered.bytes += bytes;
                    self.delivered.records += records;
                }
                // Somebody may take objects away while the demo runs; they were delivered all the same.
                Err(error) => tracing::warn!(path = %path.display(), %error, "an object cannot be counted"),
            }
            self.seen.insert(path);
        }
        self.delivered
    }
}

/// Keeps the board up to date until the task is dropped.
pub(super) async fn watch(mut watcher: Watcher, meter: Meter, board: Arc<Board>) {
    loop {
        let looked = tokio::task::spawn_blocking(move || {
            let delivered = watcher.look();
            (watcher, delivered)
        });
        let Ok((back, delivered)) = looked.await else { return };
        watcher = back;
        board.stored(delivered, meter());
        SystemClock.sleep(LOOK_PAUSE).await;
    }
}

fn count_lines(path: &Path) -> io::Result<(u64, u64)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut reader = BufReader::new(MultiGzDecoder::new(BufReader::new(file)));
    let mut lines = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok((bytes, lines));
        }
        lines += buffer.iter().filter(|byte| **byte == b'\n').count() as u64;
        let length = buffer.len();
        reader.consume(length);
    }
}

/// Every finished object; `object_store` writes under a name with `#` and renames when all is there. What cannot be
/// read is left out: files come and go meanwhile.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if !entry.file_name().to_string_lossy().contains('#') {
                files.push(entry.path());
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn object(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(File::create(path).unwrap(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();
    }

    #[test]
    fn only_what_is_new_and_whole_counts() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = folder.path().join("demo");
        object(&bucket.join("2026/11/24/20/old.gz"), "1\n");
        let mut watcher = Watcher::new(&bucket);
        assert_eq!(watcher.look(), Delivered::default());
        object(&bucket.join("2026/11/24/21/new.gz"), "1\n2\n3\n");
        object(&bucket.join("2026/11/24/21/part.gz#1"), "1\n");
        let seen = watcher.look();
        assert_eq!((seen.objects, seen.records), (1, 3));
        assert!(seen.bytes > 20);
        assert_eq!(watcher.look(), seen);
    }
}
