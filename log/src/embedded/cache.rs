//! The indexes of sealed segments in memory, least recently used out first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::index::Footer;
use super::segment::Segment;

/// A sealed segment, open and with its index.
pub(crate) struct SealedSegment {
    pub(crate) segment: Segment,
    pub(crate) footer: Arc<Footer>,
}

#[derive(Default)]
struct Entries {
    by_id: HashMap<u64, (Arc<SealedSegment>, u64)>,
    bytes: usize,
    uses: u64,
}

/// See the module text; the bound is on bytes of indexes, and one index is always kept.
pub(crate) struct Cache {
    entries: Mutex<Entries>,
    bytes_max: usize,
}

/// An open file and the entry itself weigh something too, so that the bound also bounds open files.
const ENTRY_OVERHEAD_BYTES: usize = 32 << 10;

fn weight(sealed: &SealedSegment) -> usize {
    sealed.footer.memory_bytes() + ENTRY_OVERHEAD_BYTES
}

impl Cache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { entries: Mutex::default(), bytes_max }
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<SealedSegment>> {
        let mut entries = self.entries();
        entries.uses += 1;
        let uses = entries.uses;
        let (sealed, last_use) = entries.by_id.get_mut(&id)?;
        *last_use = uses;
        Some(Arc::clone(sealed))
    }

    pub(crate) fn insert(&self, sealed: Arc<SealedSegment>) {
        let mut entries = self.entries();
        entries.uses += 1;
        entries.bytes += weight(&sealed);
        let newest = (Arc::clone(&sealed), entries.uses);
        if let Some((old, _)) = entries.by_id.insert(sealed.segment.id, newest) {
            entries.bytes -= weight(&old);
        }
        while entries.bytes > self.bytes_max && entries.by_id.len() > 1 {
            let oldest = entries.by_id.iter().min_by_key(|(_, (_, last_use))| *last_use).map(|(id, _)| *id);
            let Some((old, _)) = oldest.and_then(|id| entries.by_id.remove(&id)) else { break };
            entries.bytes -= weight(&old);
        }
    }

    pub(crate) fn remove(&self, id: u64) {
        let mut entries = self.entries();
        if let Some((old, _)) = entries.by_id.remove(&id) {
            entries.bytes -= weight(&old);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
