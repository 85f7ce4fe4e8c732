//! Blocks that are not what was written there: of another place, of an earlier time, or zeros. They are refused or
//! change nothing. One case no single copy can tell: the block that holds the end of the log is as it was before the last
//! calls, and with it everything that says that there were any.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;

use support::rot::{Fate, Sample, fate, with};
use support::{say, spread};

/// A sector and a page.
const SIZES: [usize; 2] = [512, 4096];

/// A file, the range in it, and the bytes that stand there instead.
type Swap<'a> = (&'a PathBuf, Range<usize>, &'a [u8]);

#[derive(Debug, Default)]
struct Fates {
    swaps: usize,
    detected: usize,
    at_the_end: usize,
}

/// Every block of every file.
fn blocks(sample: &Sample) -> Vec<(&PathBuf, Range<usize>)> {
    let of = |path, len: usize, size| (0..len).step_by(size).map(move |start| (path, start..(start + size).min(len)));
    let files = sample.files().into_iter().flat_map(|path| SIZES.map(|size| (path, size)));
    files.flat_map(|(path, size)| of(path, sample.image[path].len(), size)).collect()
}

fn check(sample: &Sample, what: &str, swaps: Vec<Swap<'_>>) {
    // The same bytes in the same place are one case.
    let mut seen = HashSet::new();
    let swaps: Vec<_> = swaps
        .into_iter()
        .filter(|(path, range, bytes)| sample.image[*path][range.clone()] != **bytes)
        .filter(|swap| seen.insert(swap.clone()))
        .collect();
    let (active, end) = sample.end();
    let swap = |(path, range, bytes): &Swap<'_>, fates: &mut Fates| {
        let mut file = sample.image[*path].to_vec();
        file[range.clone()].copy_from_slice(bytes);
        fates.swaps += 1;
        match fate(&with(&sample.image, path, file), sample) {
            Fate::Harmless => {}
            Fate::Detected => fates.detected += 1,
            Fate::Earlier if path.as_path() == active && range.contains(&(end - 1)) => fates.at_the_end += 1,
            other => panic!("{what} in {} at {range:?}: {other:?}", path.display()),
        }
    };
    let fates = spread(&swaps, swap, |total: &mut Fates, part| {
        total.swaps += part.swaps;
        total.detected += part.detected;
        total.at_the_end += part.at_the_end;
    });
    say(&format!(
        "{what} blocks: {}, {} detected, {} over the end of the log, the others harmless, 0 wrong answers",
        fates.swaps, fates.detected, fates.at_the_end
    ));
    assert!(fates.detected * 8 > fates.swaps, "{what}: {fates:?}");
}

#[test]
fn zeroed_blocks_are_detected_or_harmless() {
    static ZEROS: [u8; 4096] = [0; 4096];
    let sample = Sample::make();
    let swaps = blocks(&sample).into_iter().map(|(path, range)| (path, range.clone(), &ZEROS[..range.len()]));
    check(&sample, "zeroed", swaps.collect());
}

#[test]
fn misdirected_blocks_are_detected_or_harmless() {
    let sample = Sample::make();
    let all = blocks(&sample);
    let mut swaps = Vec::new();
    for (to, range) in &all {
        let sources = all.iter().filter(|(_, source)| source.len() == range.len());
        swaps.extend(sources.map(|(from, source)| (*to, range.clone(), &sample.image[*from][source.clone()])));
    }
    check(&sample, "misdirected", swaps);
}

#[test]
fn stale_blocks_are_detected_or_harmless() {
    let sample = Sample::make();
    let mut swaps = Vec::new();
    for (path, range) in blocks(&sample) {
        let versions = sample.earlier.iter().filter_map(|image| image.get(path)?.get(range.clone()));
        swaps.extend(versions.map(|bytes| (path, range.clone(), bytes)));
    }
    check(&sample, "stale", swaps);
}
