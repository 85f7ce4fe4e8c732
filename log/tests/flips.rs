//! Bit rot: a flipped bit in any file is refused or changes nothing; wrong bytes are never served. With repair the log
//! opens and what it serves is still right.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::Path;

use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::{DiskImage, FaultVfs};
use log::{Log, LogError};
use support::{Call, State, run, state, tiny};

/// One bit of every so many bytes is flipped; a prime, so that all kinds of field are hit.
const STRIDE: usize = 7;

/// A disk with sealed segments, their sidecars, and an active segment; what it holds, and what it held before a trim.
async fn sample() -> (DiskImage, State, State) {
    let vfs = FaultVfs::default();
    let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
    for number in 0..20 {
        let parts = vec![(number % 3, vec![200, 0, 150]), (4, vec![30])];
        Call::Append(parts).make(&*log, number as usize).await.unwrap();
    }
    Call::Close(1).make(&*log, 20).await.unwrap();
    let untrimmed = state(&*log).await.unwrap();
    Call::Trim(4, 3).make(&*log, 21).await.unwrap();
    let kept = state(&*log).await.unwrap();
    log.shutdown().await.unwrap();
    (vfs.live(), kept, untrimmed)
}

/// Whether everything that `found` shows is as it was.
fn is_part_of(found: &State, kept: &State) -> bool {
    found.iter().all(|(partition, (_, records))| {
        kept.get(partition).is_some_and(|(_, all)| records.iter().all(|record| all.contains(record)))
    })
}

async fn flip(image: &DiskImage, path: &Path, position: usize, mask: u8, kept: &State) -> bool {
    let vfs = FaultVfs::from_image(image);
    vfs.flip(path, position, mask);
    let what = || format!("{} byte {position} mask {mask}", path.display());
    let refused = match EmbeddedLog::open(tiny(&vfs)) {
        Err(error) => Err(error),
        Ok(log) => state(&*log).await,
    };
    match refused {
        Ok(found) => {
            assert_eq!(found, *kept, "{}", what());
            false
        }
        Err(LogError::Corrupt { path, .. }) => {
            assert!(path.contains("/log"), "the message names the file");
            true
        }
        Err(other) => panic!("{}: {other}", what()),
    }
}

#[test]
fn every_flip_is_detected_or_harmless() {
    run(async {
        let (image, kept, _) = sample().await;
        let files: Vec<_> = image.keys().filter(|path| path.to_string_lossy().contains("seg-")).cloned().collect();
        let sealed = files.iter().filter(|path| path.extension().is_some_and(|e| e == "idx")).count();
        assert!(sealed >= 2, "the sample has sealed segments: {files:?}");
        let (mut flips, mut detected) = (0, 0);
        for path in &files {
            let bytes = &image[path];
            // The padding of the header page is long and all the same.
            let header = if path.extension().is_some_and(|e| e == "log") { 64..4090 } else { 0..0 };
            for position in (0..bytes.len()).step_by(STRIDE).filter(|position| !header.contains(position)) {
                flips += 1;
                detected += usize::from(flip(&image, path, position, 1 << (position % 8), &kept).await);
            }
        }
        println!("{flips} flips, {detected} detected, the others harmless");
        assert!(detected * 10 > flips, "flips in records are detected");
    });
}

#[test]
fn a_missing_segment_is_noticed() {
    run(async {
        let (image, kept, untrimmed) = sample().await;
        let segments: Vec<_> = image.keys().filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
        for missing in segments {
            let mut image = image.clone();
            image.remove(missing);
            let vfs = FaultVfs::from_image(&image);
            let what = missing.display();
            match EmbeddedLog::open(tiny(&vfs)) {
                // The one made ahead.
                Ok(log) => assert_eq!(state(&*log).await.unwrap(), kept, "{what}"),
                Err(LogError::Corrupt { .. }) => {
                    let log = EmbeddedLog::open(EmbeddedConfig { repair: true, ..tiny(&vfs) }).unwrap();
                    assert!(is_part_of(&state(&*log).await.unwrap(), &untrimmed), "{what}");
                }
                Err(other) => panic!("{what}: {other}"),
            }
        }
    });
}

#[test]
fn repair_moves_damage_aside_and_serves_the_rest() {
    run(async {
        let (image, kept, untrimmed) = sample().await;
        let segments = image.keys().filter(|path| path.extension().is_some_and(|e| e == "log"));
        for path in segments {
            for position in [3, 4100, 4180, 4800, 5600] {
                let vfs = FaultVfs::from_image(&image);
                vfs.flip(path, position, 0x10);
                let what = format!("{} byte {position}", path.display());
                let config = EmbeddedConfig { repair: true, ..tiny(&vfs) };
                let log = EmbeddedLog::open(config).unwrap_or_else(|error| panic!("{what}: {error}"));
                let found = state(&*log).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert!(is_part_of(&found, &untrimmed), "{what}");
                Call::Append(vec![(5, vec![10])]).make(&*log, 99).await.unwrap();
                let repaired = state(&*log).await.unwrap();
                log.shutdown().await.unwrap();
                drop(log);
                let again = EmbeddedLog::open(tiny(&vfs)).unwrap_or_else(|error| panic!("{what}, again: {error}"));
                assert_eq!(state(&*again).await.unwrap(), repaired, "{what}");
                let changed = found != kept;
                let aside = vfs.live().keys().any(|path| path.to_string_lossy().contains("quarantine"));
                assert!(!changed || aside, "{what}: nothing goes without a copy");
            }
        }
    });
}
