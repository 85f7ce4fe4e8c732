//! Receipt handles: opaque, authenticated, good for one receipt of one record of one incarnation of a queue.
//!
//! The handle is base64 of 48 bytes: version (1), shelf (0 queue, 1 dead letters), queue epoch (u64, big-endian like all
//! that follow), shard index (u32), offset (u64), receipt (u64), and 18 bytes of HMAC-SHA-256 over a label and the 30
//! bytes before it.

use aws_lc_rs::hmac;
use types::{Epoch, Offset, ShardId};

use super::Shelf;
use super::shelves::Place;

const VERSION: u8 = 1;
const BODY: usize = 30;
const HANDLE: usize = 48;
/// Keeps handles apart from the other tokens that the secret signs.
const LABEL: &[u8] = b"queue receipt";

/// What a handle says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle {
    pub(super) queue: Epoch,
    pub(super) shelf: Shelf,
    pub(super) place: Place,
    pub(super) receipt: u64,
}

impl Handle {
    pub(super) fn seal(self, secret: &[u8; 32]) -> String {
        let mut bytes = [0; HANDLE];
        bytes[0] = VERSION;
        bytes[1] = u8::from(self.shelf == Shelf::DeadLetters);
        bytes[2..10].copy_from_slice(&self.queue.0.to_be_bytes());
        bytes[10..14].copy_from_slice(&self.place.0.0.to_be_bytes());
        bytes[14..22].copy_from_slice(&self.place.1.0.to_be_bytes());
        bytes[22..BODY].copy_from_slice(&self.receipt.to_be_bytes());
        let tag = sign(secret, &bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&tag.as_ref()[..HANDLE - BODY]);
        base64_simd::STANDARD.encode_to_string(bytes)
    }

    /// Reads a handle that this server gave; `None` for any other text.
    pub(super) fn open(secret: &[u8; 32], text: &str) -> Option<Self> {
        let decoded = base64_simd::STANDARD.decode_to_vec(text).ok()?;
        let bytes: &[u8; HANDLE] = decoded.as_slice().try_into().ok()?;
        let tag = sign(secret, &bytes[..BODY]);
        aws_lc_rs::constant_time::verify_slices_are_equal(&tag.as_ref()[..HANDLE - BODY], &bytes[BODY..]).ok()?;
        let number = |at: usize| Some(u64::from_be_bytes(bytes[at..at + 8].try_into().ok()?));
        let shard = ShardId(u32::from_be_bytes(bytes[10..14].try_into().ok()?));
        let shelf = if bytes[1] == 0 { Shelf::Queue } else { Shelf::DeadLetters };
        let handle =
            Self { queue: Epoch(number(2)?), shelf, place: (shard, Offset(number(14)?)), receipt: number(22)? };
        (bytes[0] == VERSION).then_some(handle)
    }
}

fn sign(secret: &[u8; 32], body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    context.update(LABEL);
    context.update(body);
    context.sign()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    proptest! {
        #[test]
        fn handles_round_trip_and_no_bit_can_be_changed(
            queue: u64, dead: bool, shard: u32, offset: u64, receipt: u64, bit in 0..HANDLE * 8
        ) {
            let shelf = if dead { Shelf::DeadLetters } else { Shelf::Queue };
            let handle = Handle { queue: Epoch(queue), shelf, place: (ShardId(shard), Offset(offset)), receipt };
            let text = handle.seal(&SECRET);
            prop_assert_eq!(Handle::open(&SECRET, &text), Some(handle));
            prop_assert_eq!(Handle::open(&[8; 32], &text), None);
            let mut bytes = base64_simd::STANDARD.decode_to_vec(&text).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Handle::open(&SECRET, &base64_simd::STANDARD.encode_to_string(bytes)), None);
        }

        #[test]
        fn any_text_is_refused_not_a_panic(text in ".{0,80}") {
            prop_assert_eq!(Handle::open(&SECRET, &text), None);
        }
    }
}
