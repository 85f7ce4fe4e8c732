//! Bodies that clients compressed (PutMetricData from ten kilobytes on): unpacked within the limits of plain ones.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use hyper::header::{self, HeaderMap};
use types::limits::REQUEST_BODY_BYTES_MAX;

use super::body::{BodyBudget, BodyError, Share, Taken};

/// Bytes unpacked before the budget is asked for more.
const STEP_BYTES: u64 = 64 << 10;

/// The body as it was before `Content-Encoding`. The signature covers what was sent, so it is checked before this.
pub(super) fn unpacked(headers: &HeaderMap, body: Taken, budget: &BodyBudget) -> Result<Taken, BodyError> {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let encoding = encodings.next().map_or("identity", |value| value.to_str().unwrap_or("?").trim());
    if encodings.next().is_some() {
        return Err(BodyError::Broken("it has several content encodings".into()));
    }
    if encoding.eq_ignore_ascii_case("identity") || encoding.is_empty() {
        return Ok(body);
    }
    if !encoding.eq_ignore_ascii_case("gzip") {
        return Err(BodyError::Broken("its content encoding is not gzip".into()));
    }
    let mut packed = MultiGzDecoder::new(&body.bytes[..]);
    let mut plain = Vec::new();
    let mut share = Share::default();
    loop {
        budget.grow(&mut share, STEP_BYTES as usize)?;
        let read = packed.by_ref().take(STEP_BYTES).read_to_end(&mut plain);
        let read = read.map_err(|error| BodyError::Broken(format!("it is not gzip: {error}")))?;
        if plain.len() > REQUEST_BODY_BYTES_MAX {
            return Err(BodyError::TooLarge);
        }
        if read < STEP_BYTES as usize {
            return Ok(Taken::new(plain.into(), share));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use bytes::Bytes;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use hyper::header::HeaderValue;

    use super::*;

    fn unpack(encoding: &'static str, body: impl Into<Bytes>) -> Result<Bytes, BodyError> {
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static(encoding))]);
        unpacked(&headers, Taken::new(body.into(), Share::default()), &BodyBudget::new()).map(|taken| taken.bytes)
    }

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn bodies_are_unpacked() {
        for length in [0, 1, 1000, 64 << 10, (64 << 10) + 1, 1 << 20] {
            let plain: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            assert_eq!(unpack("gzip", packed(&plain)).unwrap(), plain);
        }
        assert_eq!(unpack("identity", "abc").unwrap(), "abc");
    }

    #[test]
    fn bombs_and_other_encodings_are_refused() {
        let bomb = packed(&vec![0; REQUEST_BODY_BYTES_MAX + 1]);
        assert!(bomb.len() < 1 << 20, "{}", bomb.len());
        assert_eq!(unpack("gzip", bomb), Err(BodyError::TooLarge));
        let cut = packed(b"abc");
        assert!(matches!(unpack("gzip", cut[..cut.len() - 9].to_vec()), Err(BodyError::Broken(_))));
        assert!(matches!(unpack("gzip", "plain"), Err(BodyError::Broken(_))));
        assert!(matches!(unpack("br", "plain"), Err(BodyError::Broken(_))));
    }
}
