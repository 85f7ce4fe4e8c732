//! Where encoders write to: memory, or nothing but a count.
//!
//! An answer is walked twice, first to learn its length and then into one buffer of just that size. Ten megabytes of
//! records that grew by doubling were copied once more on the way, and every size on the way was memory that the
//! kernel had to clear first.

use std::io;

/// Takes what an encoder writes. Writing does not fail.
pub(crate) trait Sink: io::Write {
    fn push(&mut self, byte: u8);
    fn append(&mut self, bytes: &[u8]);
    fn base64(&mut self, bytes: &[u8]);
    /// What was written last.
    fn last(&self) -> Option<u8>;
}

impl Sink for Vec<u8> {
    fn push(&mut self, byte: u8) {
        self.push(byte);
    }

    fn append(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn base64(&mut self, bytes: &[u8]) {
        base64_simd::STANDARD.encode_append(bytes, self);
    }

    fn last(&self) -> Option<u8> {
        self.as_slice().last().copied()
    }
}

/// Counts the bytes and forgets them.
#[derive(Debug, Default)]
pub(crate) struct Count {
    bytes: usize,
    last: Option<u8>,
}

impl Count {
    /// An empty buffer with room for as many bytes as were counted.
    pub(crate) fn buffer(&self) -> Vec<u8> {
        Vec::with_capacity(self.bytes)
    }
}

impl Sink for Count {
    fn push(&mut self, byte: u8) {
        self.bytes += 1;
        self.last = Some(byte);
    }

    fn append(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        self.last = bytes.last().copied().or(self.last);
    }

    fn base64(&mut self, bytes: &[u8]) {
        self.bytes += base64_simd::STANDARD.encoded_length(bytes.len());
        // Any digit stands for the last one: encoders ask only for what opens a list or a structure.
        self.last = if bytes.is_empty() { self.last } else { Some(b'A') };
    }

    fn last(&self) -> Option<u8> {
        self.last
    }
}

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
