//! Packing the body of an object.

use std::io::Write;

use bytes::Bytes;
use flate2::write::GzEncoder;

use crate::config::Compression;

/// Bodies up to this size are packed in place: about a millisecond of work.
const INLINE_BYTES_MAX: usize = 32 << 10;

/// Packs `body`; a large one on a thread of its own, so that requests are not held up.
pub(crate) async fn compress(compression: Compression, body: Bytes) -> Bytes {
    match compression {
        Compression::Uncompressed => body,
        Compression::Gzip => pack(body, gzip).await,
        Compression::Zstd => pack(body, zstandard).await,
    }
}

async fn pack(body: Bytes, how: fn(&[u8]) -> Bytes) -> Bytes {
    if body.len() <= INLINE_BYTES_MAX {
        return how(&body);
    }
    let input = body.clone();
    // The thread is lost only when the runtime stops; then nobody waits for this task to be quick.
    tokio::task::spawn_blocking(move || how(&input)).await.unwrap_or_else(|_| how(&body))
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::default());
    encoder.write_all(body).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail").into()
}

fn zstandard(body: &[u8]) -> Bytes {
    zstd::bulk::compress(body, zstd::DEFAULT_COMPRESSION_LEVEL).expect("the output has room for the worst case").into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[tokio::test]
    async fn unpacked_is_what_was_given() {
        for size in [0, 100, INLINE_BYTES_MAX + 1] {
            let body = Bytes::from(vec![7; size]);
            let packed = compress(Compression::Gzip, body.clone()).await;
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, body);
            let packed = compress(Compression::Zstd, body.clone()).await;
            assert_eq!(zstd::decode_all(&packed[..]).unwrap(), body);
            assert_eq!(compress(Compression::Uncompressed, body.clone()).await, body);
        }
    }
}
