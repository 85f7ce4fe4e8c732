//! Bytes of strangers in every decoder: the first byte chooses the protocol, the rest is the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::{Codec, Decode, Encode};

/// What was read can be written, and read again.
fn round<T: Decode + Encode>(codec: Codec, body: &[u8]) {
    if let Ok(value) = codec.decode::<T>(body) {
        let cbor = Codec::LegacyCbor.encode(&value);
        assert!(Codec::LegacyCbor.decode::<T>(&cbor).is_ok());
        _ = Codec::Query.encode(&value);
    }
}

/// Where the one pass takes a body of puts, the generic way takes it too and reads the same.
fn puts(codec: Codec, body: &[u8]) {
    use wire::kinesis::{PutRecordInput, PutRecordsInput};
    if let Some(puts) = wire::puts::of_records(codec, &body.to_vec().into()) {
        let input: PutRecordsInput = codec.decode(body).expect("the generic way takes it");
        assert!(wire::validate(&input).is_ok() && puts == input.into());
    }
    if let Some(puts) = wire::puts::of_record(codec, &body.to_vec().into()) {
        let input: PutRecordInput = codec.decode(body).expect("the generic way takes it");
        assert!(wire::validate(&input).is_ok() && puts == input.into());
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let codecs = [Codec::Json11, Codec::Json10, Codec::LegacyCbor, Codec::RpcCbor, Codec::Query];
    let codec = codecs[usize::from(*choice) % codecs.len()];
    puts(codec, body);
    round::<wire::kinesis::PutRecordsInput>(codec, body);
    round::<wire::kinesis::GetShardIteratorInput>(codec, body);
    round::<wire::cloudwatch::PutMetricDataInput>(codec, body);
    round::<wire::dynamodb::TransactWriteItemsInput>(codec, body);
    _ = wire::query::find(body, "Action");
});
