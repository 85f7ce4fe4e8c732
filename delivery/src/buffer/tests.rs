use types::{Epoch, SequenceNumber};

use super::*;
use crate::tests::ManualClock;
use crate::validate::tests::destination;
use crate::{AppendDelimiter, BufferingHints, Processing};

const PARTITION: PartitionId = PartitionId(9);

fn record(offset: u64, arrival: u64, data: &'static [u8]) -> Record {
    let sequence_number = SequenceNumber::of(Epoch(1), Offset(offset));
    Record {
        sequence_number,
        arrival: Timestamp(arrival),
        partition_key: String::new(),
        data: Bytes::from_static(data),
    }
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
    buffer.push(PARTITION, Offset(4), &record(4, 200, b"b"));
    buffer.push(PartitionId(3), Offset(0), &record(0, 100, b"a"));
    buffer.push(PARTITION, Offset(5), &record(5, 300, b""));
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
    buffer.push(PARTITION, Offset(0), &record(0, 0, b"a"));
    clock.advance(Duration::from_secs(29));
    buffer.push(PARTITION, Offset(1), &record(1, 0, b"a"));
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
    assert!(!plain.push(PARTITION, Offset(0), &record(0, 0, &HALF[1..])));
    assert!(!plain.push(PARTITION, Offset(1), &record(1, 0, &HALF[1..])));
    assert!(plain.push(PARTITION, Offset(2), &record(2, 0, b"12")));

    let delimiter = AppendDelimiter { delimiter: Some("\\r\\n".into()) };
    let processing = Processing { enabled: true, append_delimiter: Some(delimiter) };
    let (mut delimited, _clock) = buffer(|destination| destination.processing = Some(processing));
    assert!(!delimited.push(PARTITION, Offset(0), &record(0, 0, &HALF[2..])));
    assert!(delimited.push(PARTITION, Offset(1), &record(1, 0, &HALF[2..])));
    assert!(delimited.take().unwrap().body.ends_with(b"\0\r\n"));
}
