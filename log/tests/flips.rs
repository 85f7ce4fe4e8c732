//! Bit rot: every bit of every file of a small log flipped once is refused or changes nothing; wrong bytes are never
//! served. With repair the log opens and what it serves is still right.
//!
//! `THALWEG_ROT_STRIDE=N` flips the bits of every N-th byte only.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use log::LogError;
use log::embedded::EmbeddedLog;
use log::vfs::FaultVfs;
use support::rot::{Fate, Sample, fate, mend, small, with};
use support::{run, say, spread, state};

/// One byte in so many is flipped and repaired; a prime, so that all kinds of field are hit.
const MEND_STRIDE: usize = 61;

/// By the kind of file: flips, and how many of them were detected.
#[derive(Default)]
struct Flips {
    segments: [usize; 2],
    sidecars: [usize; 2],
}

#[test]
fn every_flipped_bit_is_detected_or_harmless() {
    let sample = Sample::make();
    assert!(sample.files().len() - sample.segments().len() >= 1, "a sidecar is there: {:?}", sample.files());
    assert!(sample.is_recycled(), "old frames stand behind those of a segment");
    let stride = std::env::var("THALWEG_ROT_STRIDE").ok().map_or(1, |text| text.parse().expect("a number"));
    let bytes: Vec<(&PathBuf, usize)> = sample
        .files()
        .into_iter()
        .flat_map(|path| (0..sample.image[path].len()).step_by(stride).map(move |position| (path, position)))
        .collect();
    let flip = |(path, position): &(&PathBuf, usize), flips: &mut Flips| {
        let is_segment = path.extension().is_some_and(|extension| extension == "log");
        for bit in 0..8 {
            let mut bytes = sample.image[*path].to_vec();
            bytes[*position] ^= 1 << bit;
            let kind = if is_segment { &mut flips.segments } else { &mut flips.sidecars };
            kind[0] += 1;
            match fate(&with(&sample.image, path, bytes), &sample) {
                Fate::Harmless => {}
                Fate::Detected => kind[1] += 1,
                other => panic!("{} byte {position} bit {bit}: {other:?}", path.display()),
            }
        }
    };
    let flips = spread(&bytes, flip, |total: &mut Flips, part| {
        for kind in 0..2 {
            total.segments[kind] += part.segments[kind];
            total.sidecars[kind] += part.sidecars[kind];
        }
    });
    let Flips { segments, sidecars } = flips;
    say(&format!(
        "bit rot: {} bits flipped, one at a time ({} in segments, {} of them detected; {} in sidecars, {} detected): the \
         others harmless, 0 wrong answers, 0 silent losses",
        segments[0] + sidecars[0],
        segments[0],
        segments[1],
        sidecars[0],
        sidecars[1],
    ));
    assert!(segments[1] * 10 > segments[0], "flips in records are detected");
}

#[test]
fn without_indexes_every_flip_is_still_detected_or_harmless() {
    let mut sample = Sample::make();
    sample.image.retain(|path, _| path.extension().is_some_and(|extension| extension == "log"));
    let frames = |path| (4096..sample.image[path].len()).map(move |position| (path, position));
    let bytes: Vec<(&PathBuf, usize)> = sample.segments().into_iter().flat_map(frames).collect();
    let flip = |(path, position): &(&PathBuf, usize), detected: &mut usize| {
        let mut bytes = sample.image[*path].to_vec();
        bytes[*position] ^= 1 << (position % 8);
        match fate(&with(&sample.image, path, bytes), &sample) {
            Fate::Harmless => {}
            Fate::Detected => *detected += 1,
            other => panic!("{} byte {position}: {other:?}", path.display()),
        }
    };
    let detected = spread(&bytes, flip, |total: &mut usize, part| *total += part);
    say(&format!("bit rot without indexes: {} bits flipped, {detected} detected, the others harmless", bytes.len()));
    assert!(detected * 4 > bytes.len());
}

#[test]
fn repair_moves_damage_aside_and_serves_the_rest() {
    let sample = Sample::make();
    let places: Vec<_> = sample
        .files()
        .into_iter()
        .flat_map(|path| (0..sample.image[path].len()).step_by(MEND_STRIDE).map(move |position| (path, position)))
        .collect();
    let repair = |(path, position): &(&PathBuf, usize), _: &mut ()| {
        let mut bytes = sample.image[*path].to_vec();
        bytes[*position] ^= 0x10;
        mend(&with(&sample.image, path, bytes), &sample, &format!("{} byte {position}", path.display()));
    };
    spread(&places, repair, |(), ()| ());
    say(&format!("repair: {} flipped bits, each repaired and opened again", places.len()));
}

#[test]
fn a_missing_segment_is_noticed() {
    let sample = Sample::make();
    for missing in sample.segments() {
        let mut image = sample.image.clone();
        image.remove(missing);
        match fate(&image, &sample) {
            // The one made ahead.
            Fate::Harmless => assert!(sample.image[missing][4096..].iter().all(|byte| *byte == 0)),
            Fate::Detected => mend_missing(&image, &sample, missing),
            other => panic!("{}: {other:?}", missing.display()),
        }
    }
}

/// There is nothing to put aside, so [`mend`] asks for too much.
fn mend_missing(image: &log::vfs::DiskImage, sample: &Sample, what: &std::path::Path) {
    let vfs = FaultVfs::from_image(image);
    let config = log::embedded::EmbeddedConfig { repair: true, ..small(&vfs) };
    let log = EmbeddedLog::open(config).unwrap();
    let found = run(async { state(&*log).await.unwrap() });
    assert!(support::rot::is_part_of(&found, sample.untrimmed()), "{}", what.display());
}

#[test]
fn misplaced_files_are_noticed() {
    let sample = Sample::make();
    let segments = sample.segments();
    let mut detected = 0;
    for (from, to) in segments.iter().flat_map(|from| segments.iter().map(move |to| (*from, *to))) {
        if from == to {
            continue;
        }
        let image = with(&sample.image, to, sample.image[from].to_vec());
        match EmbeddedLog::open(small(&FaultVfs::from_image(&image))) {
            Err(LogError::Corrupt { path, .. }) => assert_eq!(path, to.display().to_string()),
            other => panic!("{} in place of {}: {other:?}", from.display(), to.display()),
        }
        detected += 1;
        // An index of another segment is no index.
        let index = |path: &PathBuf| path.with_extension("idx");
        if let Some(bytes) = sample.image.get(&index(from)) {
            let mut image = sample.image.clone();
            image.insert(index(to), Arc::clone(bytes));
            assert_eq!(fate(&image, &sample), Fate::Harmless, "{}'s index for {}", from.display(), to.display());
        }
    }
    assert!(detected >= 6);
}

#[test]
fn an_index_of_earlier_contents_is_no_index() {
    let sample = Sample::make();
    let index = |path: &&&PathBuf| path.extension().is_some_and(|extension| extension == "idx");
    let (files, mut lies) = (sample.files(), 0);
    for path in files.iter().filter(index) {
        let mut bytes = sample.image[*path].to_vec();
        // Another salt, and one partition that ends elsewhere; all checksums are right (`docs/log-format.md`).
        bytes[24] ^= 1;
        bytes[64 + 16] ^= 1;
        let entries = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
        let directory = crc32c::crc32c(&bytes[64..64 + 36 * entries]);
        bytes[56..60].copy_from_slice(&directory.to_le_bytes());
        let header = crc32c::crc32c(&bytes[..60]);
        bytes[60..64].copy_from_slice(&header.to_le_bytes());
        assert_eq!(fate(&with(&sample.image, path, bytes), &sample), Fate::Harmless, "{}", path.display());
        lies += 1;
    }
    assert!(lies > 0);
}

#[test]
fn every_cut_file_is_noticed_or_harmless() {
    let sample = Sample::make();
    let lengths: Vec<(&PathBuf, usize)> = sample
        .files()
        .into_iter()
        .flat_map(|path| (0..sample.image[path].len()).step_by(8).map(move |len| (path, len)))
        .collect();
    let cut = |(path, len): &(&PathBuf, usize), earlier: &mut usize| {
        let bytes = sample.image[*path][..*len].to_vec();
        match fate(&with(&sample.image, path, bytes), &sample) {
            Fate::Harmless | Fate::Detected => {}
            Fate::Earlier => *earlier += 1,
            other => panic!("{} cut to {len}: {other:?}", path.display()),
        }
    };
    let earlier = spread(&lengths, cut, |total: &mut usize, part| *total += part);
    say(&format!("cut files: {} lengths, {earlier} lost calls without a word", lengths.len()));
    assert_eq!(earlier, 0);
}
