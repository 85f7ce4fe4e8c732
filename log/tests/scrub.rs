//! The scrub finds what rots, and takes no segment that is recycled under it for rot.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use log::embedded::EmbeddedLog;
use log::vfs::FaultVfs;
use support::{Call, run, tiny};

#[test]
fn a_flipped_bit_is_found_once() {
    run(async {
        let vfs = FaultVfs::default();
        let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
        for number in 0..40 {
            Call::Append(vec![(0, vec![900])]).make(&*log, number).await.unwrap();
        }
        let clean = log.scrub();
        assert!(clean.damaged.is_empty() && clean.passes == 1 && clean.bytes > 30_000, "{clean:?}");
        let oldest = vfs.live().into_keys().find(|path| path.extension().is_some_and(|e| e == "log")).unwrap();
        vfs.flip(&oldest, 5_000, 0x10);
        let found = log.scrub();
        assert_eq!((found.damaged.len(), found.passes), (1, 2), "{found:?}");
        assert_eq!(log.scrub().damaged, found.damaged);
    });
}

#[test]
fn recycled_segments_are_no_damage() {
    let vfs = FaultVfs::default();
    let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            run(async {
                for number in 0..4_000 {
                    let call = match number % 6 {
                        5 => Call::Trim(0, 1 << 40),
                        _ => Call::Append(vec![(0, vec![900])]),
                    };
                    call.make(&*log, number).await.unwrap();
                }
            });
            ended.store(true, Ordering::Relaxed);
        });
        while !ended.load(Ordering::Relaxed) {
            let found = log.scrub();
            assert!(found.damaged.is_empty(), "{found:?}");
        }
    });
    assert!(log.scrubbed().bytes > 0);
}
