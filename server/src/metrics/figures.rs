//! The names: every AWS/Kinesis metric that is recorded, with its unit and how Prometheus is told of it.

use companions::cloudwatch::Unit;

/// The namespace on CloudWatch.
pub(crate) const NAMESPACE: &str = "AWS/Kinesis";

/// How a figure looks to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A counter of the samples' sum.
    Sum,
    /// A counter of the samples' sum, milliseconds here and seconds there.
    Seconds,
    /// Two counters: the samples' sum, and, with `_calls` in the place of `_success`, how many there were.
    Success,
    /// A gauge of the largest sample of the last minute that has one, milliseconds here and seconds there.
    Age,
    /// Not at all: it says what another one says.
    Hidden,
}

/// What is known of a figure.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Its name on CloudWatch.
    pub(crate) name: &'static str,
    /// Its unit on CloudWatch.
    pub(crate) unit: Unit,
    /// Its name for Prometheus without prefix, unit and suffix.
    pub(crate) short: &'static str,
    /// How Prometheus is told.
    pub(crate) shown: Shown,
    /// What it is, in words.
    pub(crate) help: &'static str,
}

/// Makes an enum of figures and the table of their facts, in the same order.
macro_rules! figures {
    ($(#[$doc:meta])* $type:ident { $($variant:ident: $name:literal, $unit:ident, $short:literal, $shown:ident, $help:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $type { $(#[doc = $help] $variant),* }

        impl $type {
            /// Their facts, in order.
            pub(crate) const FACTS: &[Facts] = &[$(Facts {
                name: $name,
                unit: Unit::$unit,
                short: $short,
                shown: Shown::$shown,
                help: $help,
            }),*];
            /// How many there are.
            pub(crate) const COUNT: usize = Self::FACTS.len();
        }
    };
}

figures! {
    /// Figures of a stream; the dimension is StreamName.
    OfStream {
        GetRecordsBytes: "GetRecords.Bytes", BYTES, "get_records", Sum, "Bytes read by GetRecords";
        GetRecordsAge: "GetRecords.IteratorAgeMilliseconds", MILLISECONDS, "get_records_iterator_age", Age, "Age of the last record that GetRecords returned, 0 for a reader that has caught up";
        GetRecordsAgeOld: "GetRecords.IteratorAge", MILLISECONDS, "", Hidden, "As GetRecords.IteratorAgeMilliseconds, under its former name";
        GetRecordsLatency: "GetRecords.Latency", MILLISECONDS, "get_records_latency", Seconds, "Time taken by GetRecords";
        GetRecordsRecords: "GetRecords.Records", COUNT, "get_records_records", Sum, "Records read by GetRecords";
        GetRecordsSuccess: "GetRecords.Success", COUNT, "get_records_success", Success, "GetRecords calls that succeeded";
        IncomingBytes: "IncomingBytes", BYTES, "incoming", Sum, "Bytes put by PutRecord and PutRecords";
        IncomingRecords: "IncomingRecords", COUNT, "incoming_records", Sum, "Records put by PutRecord and PutRecords";
        PutRecordBytes: "PutRecord.Bytes", BYTES, "put_record", Sum, "Bytes put by PutRecord";
        PutRecordLatency: "PutRecord.Latency", MILLISECONDS, "put_record_latency", Seconds, "Time taken by PutRecord";
        PutRecordSuccess: "PutRecord.Success", COUNT, "put_record_success", Success, "PutRecord calls that succeeded";
        PutRecordsBytes: "PutRecords.Bytes", BYTES, "put_records", Sum, "Bytes put by PutRecords";
        PutRecordsLatency: "PutRecords.Latency", MILLISECONDS, "put_records_latency", Seconds, "Time taken by PutRecords";
        PutRecordsRecords: "PutRecords.Records", COUNT, "", Hidden, "As PutRecords.SuccessfulRecords, under its former name";
        PutRecordsSuccess: "PutRecords.Success", COUNT, "put_records_success", Success, "PutRecords calls of which at least one record succeeded";
        PutRecordsTotal: "PutRecords.TotalRecords", COUNT, "put_records_total_records", Sum, "Records in PutRecords calls";
        PutRecordsSuccessful: "PutRecords.SuccessfulRecords", COUNT, "put_records_successful_records", Sum, "Records put by PutRecords";
        PutRecordsFailed: "PutRecords.FailedRecords", COUNT, "put_records_failed_records", Sum, "Records in PutRecords calls on which the server failed";
        PutRecordsThrottled: "PutRecords.ThrottledRecords", COUNT, "put_records_throttled_records", Sum, "Records in PutRecords calls that were over the rate";
        ReadExceeded: "ReadProvisionedThroughputExceeded", COUNT, "read_provisioned_throughput_exceeded", Sum, "GetRecords calls that were over the rate";
        WriteExceeded: "WriteProvisionedThroughputExceeded", COUNT, "write_provisioned_throughput_exceeded", Sum, "Records refused because they were over the rate";
    }
}

figures! {
    /// Figures of a registered consumer; the dimensions are StreamName and ConsumerName.
    OfConsumer {
        RateExceeded: "SubscribeToShard.RateExceeded", COUNT, "subscribe_to_shard_rate_exceeded", Sum, "Subscriptions refused because there was one already or they came too fast";
        Success: "SubscribeToShard.Success", COUNT, "subscribe_to_shard_success", Success, "Subscriptions made";
        EventSuccess: "SubscribeToShardEvent.Success", COUNT, "subscribe_to_shard_event_success", Success, "Events published";
        EventBytes: "SubscribeToShardEvent.Bytes", BYTES, "subscribe_to_shard_event", Sum, "Bytes of records in events";
        EventRecords: "SubscribeToShardEvent.Records", COUNT, "subscribe_to_shard_event_records", Sum, "Records in events";
        EventAge: "SubscribeToShardEvent.MillisBehindLatest", MILLISECONDS, "subscribe_to_shard_event_behind_latest", Age, "How far an event was behind the newest record";
    }
}

figures! {
    /// Figures of a shard, kept while enhanced monitoring has them on; the dimensions are StreamName and ShardId.
    OfShard {
        IncomingBytes: "IncomingBytes", BYTES, "shard_incoming", Sum, "Bytes put to the shard";
        IncomingRecords: "IncomingRecords", COUNT, "shard_incoming_records", Sum, "Records put to the shard";
        IteratorAge: "IteratorAgeMilliseconds", MILLISECONDS, "shard_iterator_age", Age, "Age of the last record that GetRecords returned of the shard";
        OutgoingBytes: "OutgoingBytes", BYTES, "shard_outgoing", Sum, "Bytes read of the shard";
        OutgoingRecords: "OutgoingRecords", COUNT, "shard_outgoing_records", Sum, "Records read of the shard";
        ReadExceeded: "ReadProvisionedThroughputExceeded", COUNT, "shard_read_provisioned_throughput_exceeded", Sum, "GetRecords calls of the shard that were over the rate";
        WriteExceeded: "WriteProvisionedThroughputExceeded", COUNT, "shard_write_provisioned_throughput_exceeded", Sum, "Records refused because the shard was over its rate";
    }
}
