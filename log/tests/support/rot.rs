//! A small log on a disk that rots, and what may become of it: wrong bytes are never served, and nothing that was known
//! durable goes without a word.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::{DiskImage, FaultVfs};
use log::{Log, LogError};

use super::{Call, PARTITIONS, State, run, sized, state, stepped, view};

/// A disk with sealed segments, their sidecars, an active segment and a spare one.
pub(crate) struct Sample {
    pub(crate) image: DiskImage,
    /// The disk after each call.
    pub(crate) earlier: Vec<DiskImage>,
    /// What the log showed after each call.
    pub(crate) states: Vec<State>,
}

impl Sample {
    pub(crate) fn make() -> Self {
        run(async {
            let vfs = FaultVfs::default();
            let log = EmbeddedLog::open(small(&vfs)).unwrap();
            // Segments that die first, so that those that follow are recycled and have old frames behind their own.
            for number in 100..108 {
                Call::Append(vec![(5, vec![1_900])]).make(&*log, number).await.unwrap();
            }
            Call::Trim(5, 8).make(&*log, 108).await.unwrap();
            for _patience in 0..500 {
                std::thread::sleep(std::time::Duration::from_millis(1));
                if vfs.live().keys().any(|path| path.extension().is_some_and(|kind| kind == "free")) {
                    break;
                }
            }
            let (mut states, mut earlier) = (Vec::new(), Vec::new());
            let appends = (0..14).map(|number| Call::Append(vec![(number % 3, vec![200, 0, 300]), (4, vec![30])]));
            for (number, call) in appends.chain([Call::Close(1), Call::Trim(4, 3), Call::Drop(3)]).enumerate() {
                call.make(&*log, number).await.unwrap();
                states.push(state(&*log).await.unwrap());
                earlier.push(vfs.live());
            }
            log.shutdown().await.unwrap();
            Self { image: vfs.live(), earlier, states }
        })
    }

    /// What the log showed at last.
    pub(crate) fn kept(&self) -> &State {
        self.states.last().expect("there are calls")
    }

    /// What it showed before anything was trimmed or dropped.
    pub(crate) fn untrimmed(&self) -> &State {
        &self.states[14]
    }

    /// The segments and sidecars.
    pub(crate) fn files(&self) -> Vec<&PathBuf> {
        self.image.keys().filter(|path| path.to_string_lossy().contains("seg-")).collect()
    }

    pub(crate) fn segments(&self) -> Vec<&PathBuf> {
        self.files().into_iter().filter(|path| path.extension().is_some_and(|e| e == "log")).collect()
    }

    /// The newest segment with frames, and where its last frame ends (`docs/log-format.md`).
    pub(crate) fn end(&self) -> (&Path, usize) {
        let end = |path: &PathBuf| {
            let bytes = &self.image[path];
            let mut end = 4096;
            while bytes.get(end..end + 2) == Some(b"TW") && bytes[end + 8..end + 16] == bytes[24..32] {
                let length = u32::from_le_bytes(bytes[end + 32..end + 36].try_into().unwrap());
                end += (40 + length as usize).next_multiple_of(8);
            }
            end
        };
        let sealed = |path: &&PathBuf| self.image.contains_key(&path.with_extension("idx"));
        let open = self.segments().into_iter().filter(|path| !sealed(path));
        open.map(|path| (path.as_path(), end(path))).find(|(_, end)| *end > 4096).expect("one segment is active")
    }

    /// Whether a segment holds bytes of records that were trimmed long before: it was recycled.
    pub(crate) fn is_recycled(&self) -> bool {
        let old =
            |bytes: &[u8]| (100..108).any(|n| String::from_utf8_lossy(bytes).contains(&format!("{n}.0.0;{n}.0.0;")));
        self.segments().iter().any(|path| old(&self.image[*path]))
    }
}

/// Segments in which old frames have room behind the page of zeros that recycling writes.
pub(crate) fn small(vfs: &FaultVfs) -> EmbeddedConfig {
    sized(vfs, 10 << 10)
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// All is there.
    Harmless,
    /// The log did not open, or some reads were refused and all others were right.
    Detected,
    /// The log shows what it showed after an earlier call.
    Earlier,
    /// Something else is shown.
    Wrong(String),
}

/// Opens a log on `image` and looks what is left of the sample.
pub(crate) fn fate(image: &DiskImage, sample: &Sample) -> Fate {
    let vfs = FaultVfs::from_image(image);
    let log = match EmbeddedLog::open(stepped(small(&vfs))) {
        Ok(log) => log,
        Err(LogError::Corrupt { path, .. }) if path.contains("/log") => return Fate::Detected,
        Err(other) => return Fate::Wrong(format!("it did not open: {other}")),
    };
    run(async {
        let mut found = State::new();
        let mut refused = false;
        for id in 0..PARTITIONS {
            match view(&*log, id).await {
                Ok(Some(view)) => drop(found.insert(id, view)),
                Ok(None) => {}
                Err(LogError::Corrupt { path, .. }) if path.contains("/log") => {
                    refused = true;
                    found.extend(sample.kept().get(&id).map(|view| (id, view.clone())));
                }
                Err(other) => return Fate::Wrong(format!("a read: {other}")),
            }
        }
        match (found == *sample.kept(), refused) {
            (true, false) => Fate::Harmless,
            (true, true) => Fate::Detected,
            (false, false) if sample.states.contains(&found) => Fate::Earlier,
            _ => Fate::Wrong(format!("{found:?}")),
        }
    })
}

/// Opens a log on `image` with repair and checks that it serves nothing wrong, goes on, and opens again.
pub(crate) fn mend(image: &DiskImage, sample: &Sample, what: &str) {
    let vfs = FaultVfs::from_image(image);
    let config = EmbeddedConfig { repair: true, ..small(&vfs) };
    run(async {
        let log = EmbeddedLog::open(config).unwrap_or_else(|error| panic!("{what}: {error}"));
        let found = state(&*log).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(is_part_of(&found, sample.untrimmed()), "{what}");
        Call::Append(vec![(5, vec![10])]).make(&*log, 99).await.unwrap();
        let repaired = state(&*log).await.unwrap();
        log.shutdown().await.unwrap();
        drop(log);
        let again = EmbeddedLog::open(small(&vfs)).unwrap_or_else(|error| panic!("{what}, again: {error}"));
        assert_eq!(state(&*again).await.unwrap(), repaired, "{what}");
        let aside = vfs.live().keys().any(|path| path.to_string_lossy().contains("quarantine"));
        assert!(found == *sample.kept() || aside, "{what}: nothing goes without a copy");
    });
}

/// Whether everything that `found` shows is as it was.
pub(crate) fn is_part_of(found: &State, kept: &State) -> bool {
    found.iter().all(|(partition, (_, records))| {
        kept.get(partition).is_some_and(|(_, all)| records.iter().all(|record| all.contains(record)))
    })
}

/// The image with other bytes in one file.
pub(crate) fn with(image: &DiskImage, path: &Path, bytes: Vec<u8>) -> DiskImage {
    let mut image = image.clone();
    image.insert(path.to_owned(), Arc::new(bytes));
    image
}
