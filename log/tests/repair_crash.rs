//! Crashes in the middle of a repair: after any of them the next repair gets at least as far, what was shown stays, and
//! the damaged bytes are still there, in the segment or in the quarantine.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::PathBuf;

use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::{CrashStates, DiskImage, FaultVfs};
use support::rot::{Sample, is_part_of, small, with};
use support::{State, run, say, spread, state};

/// One byte in so many is damaged.
const STRIDE: usize = 127;

fn repair(image: &DiskImage) -> (FaultVfs, State, usize) {
    let vfs = FaultVfs::from_image(image);
    let log = EmbeddedLog::open(EmbeddedConfig { repair: true, ..small(&vfs) }).unwrap();
    let opened = vfs.moment();
    let shown = run(state(&*log)).unwrap();
    drop(log);
    (vfs, shown, opened)
}

/// Whether some file still has these bytes.
fn holds(image: &DiskImage, bytes: &[u8]) -> bool {
    image.values().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
}

#[test]
fn a_repair_can_be_repeated_after_any_crash() {
    let sample = Sample::make();
    let places: Vec<(&PathBuf, usize)> = sample
        .segments()
        .into_iter()
        .flat_map(|path| (0..sample.image[path].len()).step_by(STRIDE).map(move |position| (path, position)))
        .filter(|(path, position)| *position < 36 || (4096..sample.image[*path].len()).contains(position))
        .collect();
    let crash = |(path, position): &(&PathBuf, usize), states: &mut usize| {
        let mut bytes = sample.image[*path].to_vec();
        bytes[*position] ^= 0x10;
        // Frames begin at multiples of eight, so that these are of one.
        let around = bytes[position / 8 * 8..position / 8 * 8 + 8].to_vec();
        let is_zeros = around.iter().filter(|byte| **byte != 0).count() < 3;
        let image = with(&sample.image, path, bytes);
        let (vfs, shown, opened) = repair(&image);
        let changed = shown != *sample.kept();
        let mut disk = CrashStates::from_image(&image);
        for (moment, event) in vfs.journal().iter().enumerate() {
            disk.advance(event);
            for survival in disk.survivals(3, 2) {
                *states += 1;
                let image = disk.image(survival);
                let what = format!("{} byte {position}, crash after change {moment}, {survival:?}", path.display());
                let (_, again, _) = repair(&image);
                assert!(is_part_of(&shown, &again) && is_part_of(&again, sample.untrimmed()), "{what}");
                assert!(moment + 1 < opened || again == shown, "{what}: shown, then lost");
                assert!(!changed || is_zeros || holds(&image, &around), "{what}: the damaged bytes are gone");
            }
        }
    };
    let states = spread(&places, crash, |total: &mut usize, part| *total += part);
    say(&format!("crashes in a repair: {states} states of {} repairs: 0 lost, 0 copies missing", places.len()));
}
