use types::{AccountId, DeliveryStreamName, Epoch, Region, Scope, SequenceNumber};

use super::*;
use crate::catalog::DeliveryStream;
use crate::config::SourceConfig;
use crate::tests::ManualClock;
use crate::validate::tests::destination;
use crate::{AppendDelimiter, BufferingHints, Destination, Processing};

const PARTITION: PartitionId = PartitionId(9);

fn one(data: &'static [u8]) -> [Bytes; 1] {
    [Bytes::from_static(data)]
}

fn buffer(change: impl FnOnce(&mut Destination)) -> (Buffer, Arc<ManualClock>) {
    let (buffer, clock, _) = changeable_buffer(change);
    (buffer, clock)
}

fn changeable_buffer(
    change: impl FnOnce(&mut Destination),
) -> (Buffer, Arc<ManualClock>, tokio::sync::watch::Sender<Duration>) {
    let clock = Arc::<ManualClock>::default();
    let mut destination = destination();
    destination.buffering = BufferingHints { size_mb: 1, interval_seconds: 30 };
    change(&mut destination);
    let stream = DeliveryStream {
        scope: Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("r").unwrap() },
        name: DeliveryStreamName::parse("orders").unwrap(),
        epoch: Epoch(0),
        created: Timestamp(0),
        source: SourceConfig::DirectPut { throughput_hint_mb: None },
        destination,
        tags: Default::default(),
        starts: vec![],
        checkpoints: PartitionId(1),
        buffer: PARTITION,
    };
    let flow = Flow::of_delivery_stream(&stream).unwrap();
    let (interval, told) = watch::channel(flow.interval);
    (Buffer::new(clock.clone(), Arc::new(flow), told), clock, interval)
}

fn push(buffer: &mut Buffer, partition: PartitionId, offset: Offset, arrival: Timestamp, payloads: &[Bytes]) -> bool {
    let sequence_number = SequenceNumber::of(Epoch(0), offset);
    let record =
        Record { sequence_number, arrival, partition_key: String::new(), data: Bytes::new(), encrypted: false };
    buffer.push(partition, offset, &record, payloads)
}

#[test]
fn a_new_interval_holds_for_the_open_object() {
    let (mut buffer, clock, interval) = changeable_buffer(|_| {});
    push(&mut buffer, PARTITION, Offset(0), Timestamp(0), &one(b"a"));
    clock.advance(Duration::from_secs(10));
    assert!(!is_due(&mut buffer));
    interval.send_replace(Duration::from_secs(12));
    assert!(!is_due(&mut buffer));
    clock.advance(Duration::from_secs(2));
    assert!(is_due(&mut buffer));
}

fn is_due(buffer: &mut Buffer) -> bool {
    futures_util::FutureExt::now_or_never(buffer.due()).is_some()
}

#[test]
fn a_batch_knows_its_times_and_positions() {
    let (mut buffer, _clock) = buffer(|_| {});
    assert!(buffer.take().is_none());
    push(&mut buffer, PARTITION, Offset(4), Timestamp(200), &one(b"b"));
    push(&mut buffer, PartitionId(3), Offset(0), Timestamp(100), &one(b"a"));
    push(&mut buffer, PARTITION, Offset(5), Timestamp(300), &one(b""));
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
    push(&mut buffer, PARTITION, Offset(0), Timestamp(0), &one(b"a"));
    clock.advance(Duration::from_secs(29));
    push(&mut buffer, PARTITION, Offset(1), Timestamp(0), &one(b"a"));
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
    assert!(!push(&mut plain, PARTITION, Offset(0), Timestamp(0), &one(&HALF[1..])));
    assert!(!push(&mut plain, PARTITION, Offset(1), Timestamp(0), &one(&HALF[1..])));
    assert!(push(&mut plain, PARTITION, Offset(2), Timestamp(0), &one(b"12")));

    let delimiter = AppendDelimiter { delimiter: Some("\\r\\n".into()) };
    let processing = Processing { enabled: true, append_delimiter: Some(delimiter) };
    let (mut delimited, _clock) = buffer(|destination| destination.processing = Some(processing));
    assert!(!push(&mut delimited, PARTITION, Offset(0), Timestamp(0), &one(&HALF[2..])));
    assert!(push(&mut delimited, PARTITION, Offset(1), Timestamp(0), &one(&HALF[2..])));
    assert!(delimited.take().unwrap().body.ends_with(b"\0\r\n"));
}

#[test]
fn an_aggregate_goes_into_one_object_whole() {
    static BIG: [u8; 1 << 20] = [0; 1 << 20];
    let (mut buffer, _clock) = buffer(|_| {});
    let parts = [Bytes::from_static(b"a"), Bytes::from_static(&BIG), Bytes::from_static(b"b")];
    assert!(push(&mut buffer, PARTITION, Offset(0), Timestamp(5), &parts));
    let batch = buffer.take().unwrap();
    assert_eq!((batch.records, batch.body.len(), batch.oldest), (3, BIG.len() + 2, Timestamp(5)));

    assert!(!push(&mut buffer, PARTITION, Offset(1), Timestamp(6), &[]));
    assert!(buffer.take().is_none() && !is_due(&mut buffer), "nothing to deliver makes no object");
    push(&mut buffer, PartitionId(3), Offset(7), Timestamp(7), &one(b"c"));
    let positions = buffer.take().unwrap().positions;
    assert_eq!(positions, Positions::from([(PARTITION, Offset(2)), (PartitionId(3), Offset(8))]));
}
