//! JSON as SDKs write it: strings without escapes, found by their end; see `puts.rs` for what `None` means.

use std::ops::Range;

use bytes::Bytes;
use memchr::memchr2;

use super::DATA_BYTES_MAX;

/// A position in a body.
pub(super) struct Reader<'b> {
    body: &'b [u8],
    at: usize,
    /// The payloads, one behind the other.
    data: Vec<u8>,
}

impl<'b> Reader<'b> {
    pub(super) fn new(body: &'b [u8]) -> Self {
        Self { body, at: 0, data: Vec::new() }
    }

    /// The next byte that is no space.
    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.body.get(self.at)?;
            self.at += 1;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// Consumes the end of a structure or list that is empty, if it is here.
    fn ends_here(&mut self, end: u8) -> bool {
        let at = self.at;
        let ends = self.next() == Some(end);
        if !ends {
            self.at = at;
        }
        ends
    }

    /// What stands between two quotes, not yet known to be text.
    fn quoted(&mut self) -> Option<&'b [u8]> {
        self.expect(b'"')?;
        let rest = self.body.get(self.at..)?;
        let length = memchr2(b'"', b'\\', rest)?;
        self.at += length + 1;
        (rest[length] == b'"').then(|| &rest[..length])
    }

    /// Calls `each` before each part of what stands between `open` and `close`.
    fn parts(&mut self, open: u8, close: u8, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(open)?;
        if self.ends_here(close) {
            return Some(());
        }
        loop {
            each(self)?;
            match self.next()? {
                b',' => {}
                byte => return (byte == close).then_some(()),
            }
        }
    }
}

impl<'b> super::Reader<'b> for Reader<'b> {
    type Place = Range<usize>;

    fn members(&mut self, mut each: impl FnMut(&mut Self, &'b [u8]) -> Option<()>) -> Option<()> {
        self.parts(b'{', b'}', |reader| {
            let name = reader.quoted()?;
            reader.expect(b':')?;
            each(reader, name)
        })
    }

    fn elements(&mut self, each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.parts(b'[', b']', each)
    }

    fn text(&mut self) -> Option<&'b str> {
        let text = self.quoted()?;
        // Control characters have to be escaped.
        text.iter().all(|byte| *byte >= b' ').then_some(())?;
        std::str::from_utf8(text).ok()
    }

    fn data(&mut self) -> Option<Range<usize>> {
        let base64 = self.quoted()?;
        if self.data.capacity() == 0 {
            // All payloads of the body have room in this, so it never grows; what is not written is not touched.
            self.data.reserve_exact(self.body.len() / 4 * 3);
        }
        let start = self.data.len();
        base64_simd::STANDARD.decode_append(base64, &mut self.data).ok()?;
        let place = start..self.data.len();
        (place.len() <= DATA_BYTES_MAX).then_some(place)
    }

    fn payloads(mut self, _: &Bytes) -> Option<impl Fn(Range<usize>) -> Bytes> {
        self.next().is_none().then_some(())?;
        let data = Bytes::from(self.data);
        Some(move |place| data.slice(place))
    }
}
