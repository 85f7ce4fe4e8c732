//! How much of what was written stays in the system's page cache: a window behind the head, and no more.
//!
//! Memory that nobody used for long is dear where the machine is a virtual one: the host has to find it, page by page,
//! while the commit thread waits (measured: 2.4 core-seconds for each GB, 0.2 in pages that were in use a moment ago). A
//! log that only grows always writes into such memory, unless it gives back what it wrote: then the system takes the same
//! pages again. It also leaves the cache to those who read. Owns the window; the advice itself is `VfsFile::forget`.

use std::collections::VecDeque;
use std::sync::Arc;

use super::segment::Segment;
use crate::Lane;

/// Less is not worth a call.
const PIECE_BYTES: u64 = 4 << 20;

/// A part of a segment that is durable and still cached.
struct Piece {
    segment: Arc<Segment>,
    position: u64,
    bytes: u64,
}

/// See the module text.
pub(crate) struct PageCache {
    pieces: VecDeque<Piece>,
    bytes: u64,
    bytes_max: u64,
}

impl PageCache {
    /// A window of `bytes_max` behind the head.
    pub(crate) fn new(bytes_max: u64) -> Self {
        Self { pieces: VecDeque::new(), bytes: 0, bytes_max }
    }

    /// Takes in `bytes` at `position` that were written and flushed, and lets go of the oldest above the window.
    pub(crate) fn wrote(&mut self, segment: &Arc<Segment>, position: u64, bytes: u64) {
        self.bytes += bytes;
        // The last pieces may be those of other lanes.
        let mut newest = self.pieces.iter_mut().rev().take(Lane::ALL.len());
        match newest.find(|piece| Arc::ptr_eq(&piece.segment, segment)) {
            Some(piece) if piece.bytes < PIECE_BYTES => piece.bytes += bytes,
            _ => self.pieces.push_back(Piece { segment: Arc::clone(segment), position, bytes }),
        }
        while self.bytes > self.bytes_max && self.pieces.len() > 1 {
            let Some(piece) = self.pieces.pop_front() else { break };
            self.bytes -= piece.bytes;
            piece.segment.file.forget(piece.position, piece.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use super::super::format::SegmentHeader;
    use super::*;
    use crate::vfs::VfsFile;

    /// Remembers what it was told to forget.
    #[derive(Default)]
    struct Told(Mutex<Vec<(u64, u64)>>);

    impl VfsFile for Told {
        fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
            Ok(0)
        }
        fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
            Ok(())
        }
        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }
        fn preallocate(&self, _: u64) -> io::Result<()> {
            Ok(())
        }
        fn set_len(&self, _: u64) -> io::Result<()> {
            Ok(())
        }
        fn len(&self) -> io::Result<u64> {
            Ok(0)
        }
        fn forget(&self, position: u64, len: u64) {
            self.0.lock().unwrap().push((position, len));
        }
    }

    #[test]
    fn what_is_behind_the_window_is_given_back_once_and_in_order() {
        let told = Arc::new(Told::default());
        let segment = |id| {
            let header = SegmentHeader { id, salt: 0, lane: Lane::Day, copy: false };
            Arc::new(Segment::new(header, "seg".into(), 64 << 20, told.clone() as _))
        };
        let (one, two) = (segment(1), segment(2));
        let mut cache = PageCache::new(8 << 20);
        for step in 0..12 {
            cache.wrote(&one, step << 20, 1 << 20);
        }
        cache.wrote(&two, 4096, 1 << 20);
        // Lanes take turns.
        cache.wrote(&one, 12 << 20, 1 << 20);
        cache.wrote(&two, 4096 + (1 << 20), 1 << 20);
        assert_eq!(*told.0.lock().unwrap(), [(0, 4 << 20), (4 << 20, 4 << 20)]);
        assert_eq!(cache.bytes, 7 << 20);
    }
}
