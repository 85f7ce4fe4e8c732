//! What an engine offers. Kafka will implement the same words, so nothing here knows of files.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use tokio::sync::watch;
use types::{Offset, PartitionId, Timestamp};

use crate::{Lane, LogError};

/// An answer that comes later.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, LogError>> + Send + 'static>>;

/// A record to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Opaque to the log; the partition key of a stream's record.
    pub key: Bytes,
    /// Opaque to the log.
    pub value: Bytes,
}

/// Records for one partition, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionAppend {
    /// Where to.
    pub partition: PartitionId,
    /// What; may be empty.
    pub records: Vec<NewRecord>,
}

/// Where the records of one [`PartitionAppend`] went: `first`, `first + 1`, ….
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record; the partition's end when there was none.
    pub first: Offset,
    /// The time all of them bear.
    pub time: Timestamp,
}

/// A record that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its place.
    pub offset: Offset,
    /// When it was appended; never decreasing in a partition.
    pub time: Timestamp,
    /// See [`NewRecord::key`].
    pub key: Bytes,
    /// See [`NewRecord::value`].
    pub value: Bytes,
}

/// The state of a partition: records `start..end` are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first record left after trimming.
    pub start: Offset,
    /// One past the last durable record.
    pub end: Offset,
    /// When it was closed, if it was; `end` is then final.
    pub closed: Option<Timestamp>,
    /// The time of the last durable record or close; zero when there was none.
    pub last_time: Timestamp,
}

/// A page of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In order, without gaps, from the offset asked for.
    pub records: Vec<StoredRecord>,
    /// The partition at the moment of the read.
    pub bounds: Bounds,
}

/// What a log takes of the disk, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Space {
    /// Files that hold records, dead ones among them.
    pub segments: u64,
    /// About what of `segments` can still be read; the rest waits for its neighbours to be trimmed.
    pub live: u64,
    /// Empty files made ahead.
    pub ready: u64,
    /// Files of dead records that are kept to be written again.
    pub retired: u64,
}

/// A durable log of many partitions.
///
/// A partition comes into being with the first append to it and is known by [`Log::bounds`] from then on.
/// Everything that is read is durable: a reader never sees a record that a crash could take back.
pub trait Log: Send + Sync + 'static {
    /// Appends all of `batch` as one atomic unit: after a crash either every record of it is there or none is.
    /// Answers when it is durable, one [`Appended`] for each part in order. Parts of one call keep their order, and two
    /// calls made one after the other by one caller (the second before the first answered) keep theirs. A part may
    /// name a partition that another part names too. If any partition is closed nothing is appended. `now` is the
    /// caller's time; the log raises it where the partition's last record is later.
    fn append(&self, batch: Vec<PartitionAppend>, now: Timestamp) -> Pending<Vec<Appended>>;

    /// As [`Log::append`], for small records without which a full disk would stay full: a command that deletes
    /// something, a checkpoint behind which records can be trimmed. An engine takes them into room that it keeps from
    /// other appends.
    fn append_vital(&self, batch: Vec<PartitionAppend>, now: Timestamp) -> Pending<Vec<Appended>> {
        self.append(batch, now)
    }

    /// Reads from `from` until `records_max` records or, after the first one, `bytes_max` bytes of keys and values.
    /// A `from` at or past the end gives an empty page; before the start, [`LogError::Trimmed`].
    fn read(&self, partition: PartitionId, from: Offset, records_max: usize, bytes_max: usize) -> Pending<Page>;

    /// The first offset whose time is `time` or later; the end when there is none.
    fn offset_at_time(&self, partition: PartitionId, time: Timestamp) -> Pending<Offset>;

    /// Closes the partition for ever, durably, and answers its end. Closing twice answers the same.
    fn close(&self, partition: PartitionId, now: Timestamp) -> Pending<Offset>;

    /// The partition's state; `None` if nothing was ever appended to it or it was dropped.
    fn bounds(&self, partition: PartitionId) -> Option<Bounds>;

    /// A channel that always holds the durable end of the partition (zero before it exists) and wakes its readers
    /// with each commit and with the close.
    fn watch(&self, partition: PartitionId) -> watch::Receiver<Offset>;

    /// Forgets every record before `before` (clamped to the end), durably: they are never readable again.
    fn trim(&self, partition: PartitionId, before: Offset) -> Pending<()>;

    /// Forgets the partition, durably. Its id must not be used again.
    fn drop_partition(&self, partition: PartitionId) -> Pending<()>;

    /// Says how long the records of a partition live, so that an engine can put them beside others that die with them.
    /// It is a hint and not durable: the owner of the partition gives it again at each start, and whenever it changes.
    /// Without one, a partition is of [`Lane::Day`], or stays where it was.
    fn classify(&self, _partition: PartitionId, _lane: Lane) {}

    /// Bytes of keys and values that were made durable since the log was opened.
    fn bytes_appended(&self) -> u64;

    /// What it takes of the disk; nothing when it has none of its own.
    fn space(&self) -> Space {
        Space::default()
    }

    /// Refuses new appends, finishes the waiting ones and flushes.
    fn shutdown(&self) -> Pending<()>;
}
