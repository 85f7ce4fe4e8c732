//! What recent commands answered, by id, so that a command submitted again takes effect once.
//!
//! It is part of the state: it changes only with commands, in their order, so a replay ends with the same window.

use std::collections::{HashMap, VecDeque};

use types::{Applied, CommandId};

/// Commands remembered. A caller submits again within seconds; a busy server takes some hundred commands a second.
const RECENT_MAX: usize = 4_096;
/// Bytes of refusals remembered; their texts can be long.
const RECENT_BYTES_MAX: usize = 1 << 20;

/// See the module text.
#[derive(Debug, Default)]
pub(super) struct Recent {
    by_id: HashMap<CommandId, Applied>,
    /// The oldest first.
    order: VecDeque<CommandId>,
    bytes: usize,
}

impl Recent {
    /// What the command with that id answered.
    pub(super) fn get(&self, id: CommandId) -> Option<&Applied> {
        self.by_id.get(&id)
    }

    /// Remembers an answer and forgets the oldest ones above the bounds.
    pub(super) fn insert(&mut self, id: CommandId, applied: Applied) {
        self.bytes += text_bytes(&applied);
        if let Some(replaced) = self.by_id.insert(id, applied) {
            self.bytes -= text_bytes(&replaced);
        } else {
            self.order.push_back(id);
        }
        while self.order.len() > RECENT_MAX || self.bytes > RECENT_BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.by_id.remove(&oldest).as_ref().map_or(0, text_bytes);
        }
    }

    /// The window as bytes: JSON, `[[id, {"Ok": {offset, time}} or {"Err": {kind, message}}], …]`, the oldest first.
    pub(super) fn write(&self) -> Vec<u8> {
        let entries: Vec<_> = self.order.iter().map(|id| (id, &self.by_id[id])).collect();
        serde_json::to_vec(&entries).expect("an answer holds only strings and numbers")
    }

    /// The window that [`Self::write`] wrote.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let entries: Vec<(CommandId, Applied)> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let mut recent = Self::default();
        entries.into_iter().for_each(|(id, applied)| recent.insert(id, applied));
        Ok(recent)
    }
}

fn text_bytes(applied: &Applied) -> usize {
    applied.as_ref().err().map_or(0, |rejected| rejected.message.len())
}

#[cfg(test)]
mod tests {
    use types::{CommandMeta, Kind, Offset, Rejected, SystemRandom, Timestamp};

    use super::*;

    #[test]
    fn the_window_is_bounded_and_reads_back() {
        let mut recent = Recent::default();
        let ids: Vec<_> = (0..RECENT_MAX + 2).map(|_| CommandId::new(&SystemRandom)).collect();
        for (offset, id) in ids.iter().enumerate() {
            recent.insert(*id, Ok(CommandMeta { offset: Offset(offset as u64), time: Timestamp(7) }));
        }
        assert_eq!(recent.get(ids[1]), None);
        assert!(recent.get(ids[2]).is_some());
        let long = |bytes| Err(Rejected { kind: Kind::Conflict, message: "m".repeat(bytes) });
        recent.insert(ids[0], long(RECENT_BYTES_MAX - 1));
        recent.insert(ids[1], long(1));
        assert!(recent.get(ids[0]).is_some());
        let again = Recent::read(&recent.write()).unwrap();
        assert_eq!(again.write(), recent.write());
        assert_eq!((again.bytes, again.order.len()), (recent.bytes, recent.order.len()));
        recent.insert(ids[2], long(1));
        assert_eq!((recent.get(ids[0]), recent.bytes), (None, 2), "the oldest of the long ones went");
        assert!(Recent::read(b"{}").is_err());
    }
}
