//! CBOR as SDKs write it: payloads and keys of known lengths, which stay in the body; see `puts.rs` for what `None` means.

use bytes::Bytes;

use super::DATA_BYTES_MAX;
use crate::cbor::{BREAK, INDEFINITE, major};

/// The rest of a body.
pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) fn new(body: &'b [u8]) -> Self {
        Self { rest: body }
    }

    fn take(&mut self, length: u64) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    /// The length of the item that is next, if it is of that kind; `Some(None)` for an unknown length.
    fn length(&mut self, kind: u8) -> Option<Option<u64>> {
        let first = self.take(1)?[0];
        (first >> 5 == kind).then_some(())?;
        match first & 31 {
            info @ 0..=23 => Some(Some(info.into())),
            info @ 24..=27 => {
                let bytes = self.take(1 << (info - 24))?;
                Some(Some(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))))
            }
            INDEFINITE => Some(None),
            _ => None,
        }
    }

    /// Bytes or text in one piece.
    fn whole(&mut self, kind: u8) -> Option<&'b [u8]> {
        let length = self.length(kind)??;
        self.take(length)
    }

    /// Calls `each` before each part of the item that is next.
    fn parts(&mut self, kind: u8, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        let mut left = self.length(kind)?;
        loop {
            match &mut left {
                Some(0) => return Some(()),
                Some(left) => *left -= 1,
                None if self.rest.first() == Some(&BREAK) => return self.take(1).map(|_| ()),
                None => {}
            }
            each(self)?;
        }
    }
}

impl<'b> super::Reader<'b> for Reader<'b> {
    type Place = &'b [u8];

    fn members(&mut self, mut each: impl FnMut(&mut Self, &'b [u8]) -> Option<()>) -> Option<()> {
        self.parts(major::MAP, |reader| {
            let name = reader.whole(major::TEXT)?;
            each(reader, name)
        })
    }

    fn elements(&mut self, each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.parts(major::ARRAY, each)
    }

    fn text(&mut self) -> Option<&'b str> {
        std::str::from_utf8(self.whole(major::TEXT)?).ok()
    }

    fn data(&mut self) -> Option<&'b [u8]> {
        self.whole(major::BYTES).filter(|data| data.len() <= DATA_BYTES_MAX)
    }

    fn payloads(self, body: &Bytes) -> Option<impl Fn(&'b [u8]) -> Bytes> {
        self.rest.is_empty().then_some(())?;
        let body = body.clone();
        Some(move |data: &'b [u8]| body.slice_ref(data))
    }
}
