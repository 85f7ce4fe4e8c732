use super::*;
use crate::tests::ManualClock;
use crate::validate::tests::destination;
use crate::{AppendDelimiter, BufferingHints, Processing};

const PARTITION: PartitionId = PartitionId(9);

fn one(data: &'static [u8]) -> [Bytes; 1] {
    [Bytes::from_static(data)]
}

fn buffer(change: impl FnOnce(&mut Destination)) -> (Buffer, Arc<ManualClock>) {
    let clock = Arc::<ManualClock>::default();
    let mut destination = destination();
    destination.buffering = BufferingHints { size_mb: 1, interval_seconds: 30 };
    change(&mut destination);
    (Buffer::new(clock.clone(), &destination), clock)
}

fn is_due(buffer: &mut Buffer) -> bool {
    futures_util::FutureExt::now_or_never(buffer.due()).is_some()
}

#[test]
fn a_batch_knows_its_times_and_positions() {
    let (mut buffer, _clock) = buffer(|_| {});
    assert!(buffer.take().is_none());
    buffer.push(PARTITION, Offset(4), Timestamp(200), &one(b"b"));
    buffer.push(PartitionId(3), Offset(0), Timestamp(100), &one(b"a"));
    buffer.push(PARTITION, Offset(5), Timestamp(300), &one(b""));
    assert_eq!(buffer.oldest(), Some(Timestamp(100)));
    let batch = buffer.take().unwrap();
    assert_eq!((&batch.body[..], batch.records), (&b"ba"[..], 3));
    assert_eq!((batch.oldest, batch.newest), (Timestamp(100), Timestamp(300)));
    assert_eq!(batch.positions, Positions::from([(PARTITION, Offset(6)), (PartitionId(3), Offset(1))]));
    assert!(buffer.take().is_none());
}

#[test]
fn the_interval_starts_with_the_first_record() {
    let (mut buffer, clock) = buffer(|_| {});
    assert!(!is_due(&mut buffer));
    clock.advance(Duration::from_secs(100));
    buffer.push(PARTITION, Offset(0), Timestamp(0), &one(b"a"));
    clock.advance(Duration::from_secs(29));
    buffer.push(PARTITION, Offset(1), Timestamp(0), &one(b"a"));
    assert!(!is_due(&mut buffer));
    clock.advance(Duration::from_secs(1));
    assert!(is_due(&mut buffer));
    buffer.take();
    assert!(!is_due(&mut buffer));
}

#[test]
fn the_size_counts_delimiters() {
    static HALF: [u8; 1 << 19] = [0; 1 << 19];
    let (mut plain, _clock) = buffer(|_| {});
    assert!(!plain.push(PARTITION, Offset(0), Timestamp(0), &one(&HALF[1..])));
    assert!(!plain.push(PARTITION, Offset(1), Timestamp(0), &one(&HALF[1..])));
    assert!(plain.push(PARTITION, Offset(2), Timestamp(0), &one(b"12")));

    let delimiter = AppendDelimiter { delimiter: Some("\\r\\n".into()) };
    let processing = Processing { enabled: true, append_delimiter: Some(delimiter) };
    let (mut delimited, _clock) = buffer(|destination| destination.processing = Some(processing));
    assert!(!delimited.push(PARTITION, Offset(0), Timestamp(0), &one(&HALF[2..])));
    assert!(delimited.push(PARTITION, Offset(1), Timestamp(0), &one(&HALF[2..])));
    assert!(delimited.take().unwrap().body.ends_with(b"\0\r\n"));
}

#[test]
fn an_aggregate_goes_into_one_object_whole() {
    static BIG: [u8; 1 << 20] = [0; 1 << 20];
    let (mut buffer, _clock) = buffer(|_| {});
    let parts = [Bytes::from_static(b"a"), Bytes::from_static(&BIG), Bytes::from_static(b"b")];
    assert!(buffer.push(PARTITION, Offset(0), Timestamp(5), &parts));
    let batch = buffer.take().unwrap();
    assert_eq!((batch.records, batch.body.len(), batch.oldest), (3, BIG.len() + 2, Timestamp(5)));

    assert!(!buffer.push(PARTITION, Offset(1), Timestamp(6), &[]));
    assert!(buffer.take().is_none() && !is_due(&mut buffer), "nothing to deliver makes no object");
    buffer.push(PartitionId(3), Offset(7), Timestamp(7), &one(b"c"));
    let positions = buffer.take().unwrap().positions;
    assert_eq!(positions, Positions::from([(PARTITION, Offset(2)), (PartitionId(3), Offset(8))]));
}
