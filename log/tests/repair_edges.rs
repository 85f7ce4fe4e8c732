//! Repairs whose damage ends just where something else begins.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use log::Log;
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::FaultVfs;
use support::{Call, live, run, sized, state};

/// Where the frames of a segment end: docs/log-format.md.
fn end_of_frames(file: &[u8]) -> usize {
    let mut position = 4096;
    while file[position..].starts_with(b"TW") && file[position + 8..position + 16] == file[24..32] {
        let length = u32::from_le_bytes(file[position + 32..position + 36].try_into().unwrap()) as usize;
        position += (40 + length).next_multiple_of(8);
    }
    position
}

/// A repair makes the file longer, so that a seal fits; with the old length in mind the seal would be cut off.
#[test]
fn a_file_that_was_cut_behind_its_last_frame_goes_on_after_a_repair() {
    let vfs = FaultVfs::default();
    live(&vfs, &[Call::Append(vec![(0, vec![100])]), Call::Append(vec![(0, vec![200])])]);
    let mut image = vfs.live();
    let is_segment = |file: &[u8]| file.get(4096..4100) == Some(b"TWFR");
    let (path, file) = image.iter().find(|(_, file)| is_segment(file)).map(|(p, f)| (p.clone(), f.to_vec())).unwrap();
    for more in [0, 8, 32] {
        image.insert(path.clone(), file[..end_of_frames(&file) + more].to_vec().into());
        let vfs = FaultVfs::from_image(&image);
        let log = EmbeddedLog::open(EmbeddedConfig { repair: true, ..sized(&vfs, 1) }).unwrap();
        for number in 2..9 {
            run(Call::Append(vec![(0, vec![1_500])]).make(&*log, number)).unwrap();
        }
        let kept = run(state(&*log)).unwrap();
        assert_eq!(kept[&0].1.len(), 9, "{more}");
        run(log.shutdown()).unwrap();
        drop(log);
        // Without the indexes, which would hide that a segment has no seal.
        let files = vfs.live().into_iter().filter(|(path, _)| path.extension().is_none_or(|kind| kind != "idx"));
        let log = EmbeddedLog::open(sized(&FaultVfs::from_image(&files.collect()), 1)).unwrap();
        assert_eq!(run(state(&*log)).unwrap(), kept, "{more}");
    }
}
