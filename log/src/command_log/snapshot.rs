//! A machine's image in the log: cut into pieces, and put together again.

use bytes::{Bytes, BytesMut};
use types::{Clock, Offset};

use super::entry::{PartEnd, SnapshotEnd, piece_record};
use super::machine::{Image, Part};
use crate::{COMMAND_PARTITION, Log, LogError, NewRecord, PartitionAppend};

/// The pieces of one append: a frame of that size is about what the commit thread gathers, so puts do not wait longer
/// for it than for each other.
const PIECES_PER_APPEND: usize = 4;

/// Appends `image` in pieces of `piece_bytes`; answers where its first piece is and how many bytes it took. Each append is durable before the
/// next is made, so an end never stands behind pieces that the log refused. Nobody else may append meanwhile.
pub(super) async fn write(
    log: &dyn Log,
    clock: &dyn Clock,
    image: &Image,
    piece_bytes: usize,
) -> Result<(Offset, u64), LogError> {
    let pieces: Vec<Bytes> = image.parts.iter().flat_map(|part| cut(&part.bytes, piece_bytes)).collect();
    let bytes = pieces.iter().map(|piece| piece.len() as u64).sum();
    let count = u32::try_from(pieces.len()).map_err(|_| LogError::Overloaded)?;
    let parts = image.parts.iter().map(Part::end).collect();
    let end = SnapshotEnd::new(image.commands, parts, count, image.hash().sha256);
    let mut records: Vec<NewRecord> = (0..count).zip(pieces).map(|(n, piece)| piece_record(n, piece)).collect();
    records.push(end.to_record());
    let mut first = None;
    while !records.is_empty() {
        let rest = records.split_off(records.len().min(PIECES_PER_APPEND));
        let append = vec![PartitionAppend { partition: COMMAND_PARTITION, records }];
        let appended = log.append(append, clock.now()).await?;
        first = first.or(appended.first().map(|appended| appended.first));
        records = rest;
    }
    let first = first.ok_or_else(|| LogError::Stopped("the log answered nothing".into()))?;
    Ok((first, bytes))
}

fn cut(bytes: &Bytes, length: usize) -> impl Iterator<Item = Bytes> {
    (0..bytes.len()).step_by(length).map(move |at| bytes.slice(at..bytes.len().min(at + length)))
}

/// The pieces that were read so far.
#[derive(Debug, Default)]
pub(super) struct Pieces(Vec<Bytes>);

impl Pieces {
    /// Takes the next record in. One with number 0 begins anew: what was before it is left from a crash.
    pub(super) fn push(&mut self, number: u32, bytes: Bytes) {
        if number == 0 {
            self.0.clear();
        }
        // Where the beginning is missing, the rest is no use.
        if self.0.len() == number as usize {
            self.0.push(bytes);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The image that `end` makes of them. The error says why they are not what it names.
    pub(super) fn assemble(&mut self, end: &SnapshotEnd) -> Result<Image, String> {
        let pieces = std::mem::take(&mut self.0);
        if pieces.len() != end.pieces as usize {
            return Err(format!("{} of the {} pieces of a snapshot are there", pieces.len(), end.pieces));
        }
        let mut bytes = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
        pieces.into_iter().for_each(|piece| bytes.extend_from_slice(&piece));
        let mut rest = bytes.freeze();
        let mut parts = Vec::with_capacity(end.parts.len());
        for PartEnd { name, bytes, sha256: _ } in &end.parts {
            let length = usize::try_from(*bytes).ok().filter(|length| *length <= rest.len());
            let length = length.ok_or_else(|| format!("the pieces of a snapshot end inside {name:?}"))?;
            parts.push(Part { name: name.clone(), bytes: rest.split_to(length) });
        }
        let image = Image { commands: end.commands, parts };
        if let Some(part) = image.parts.iter().zip(&end.parts).find(|(part, end)| part.end() != **end) {
            return Err(format!("the state of {:?} in a snapshot does not have its hash", part.1.name));
        }
        if !rest.is_empty() || image.hash().sha256 != end.sha256 {
            return Err("a snapshot does not have its hash".into());
        }
        Ok(image)
    }
}
