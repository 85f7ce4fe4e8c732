//! Every protocol from the head to the answer. The formats themselves are tested in `wire`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const RPC_PATH: &str = "/service/GraniteServiceVersion20100801/operation/ListMetrics";

impl Call {
    fn cbor(target: &str, body: &[u8]) -> Self {
        Self::to(target, "").header("content-type", "application/x-amz-cbor-1.1").body(body)
    }

    fn form(service: &'static str, body: &str) -> Self {
        let call = Self::to("", body).header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        Self { service, ..call.header("x-amz-target", "") }
    }

    fn rpc(body: &[u8]) -> Self {
        let call = Self::to("", "").header("x-amz-target", "").header("content-type", "application/cbor").body(body);
        let call = call.header("smithy-protocol", "rpc-v2-cbor");
        Self { service: "monitoring", uri: RPC_PATH, ..call }
    }
}

fn header(response: &Response<reply_body::ReplyBody>, name: &str) -> String {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
}

async fn body(response: Response<reply_body::ReplyBody>) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn kinesis_speaks_the_cbor_of_java() {
    let bench = Bench::strict().await;
    // An indefinite map, as Jackson writes it.
    let create = b"\xbf\x6aStreamName\x61s\x6aShardCount\x01\xff";
    let response = bench.send(Call::cbor("Kinesis_20131202.CreateStream", create)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(body(response).await, b"");
    let response = bench.send(Call::cbor("Kinesis_20131202.ListStreams", b"\xa0")).await;
    assert_eq!(header(&response, "content-type"), "application/x-amz-cbor-1.1");
    let list = body(response).await;
    assert!(list.windows(4).any(|part| part == b"\x9f\x61s\xff"), "{list:02x?}");

    let describe = b"\xa1\x6aStreamName\x64none";
    let response = bench.send(Call::cbor("Kinesis_20131202.DescribeStreamSummary", describe)).await;
    assert_eq!(header(&response, "x-amzn-errortype"), "ResourceNotFoundException");
    assert!(body(response).await.starts_with(b"\xbf\x66__type\x78\x19ResourceNotFoundException\x67message"));
    let wrong_key = Call::cbor("Kinesis_20131202.ListStreams", b"\xa0");
    let stranger = Signer { access_key_id: "AKIDSTRANGER", ..wrong_key.signer.unwrap() };
    let response = bench.send(Call { signer: Some(stranger), ..wrong_key }).await;
    assert_eq!(header(&response, "content-type"), "application/x-amz-cbor-1.1");
    assert!(body(response).await.starts_with(b"\xbf\x66__type\x78\x1bUnrecognizedClientException"));
}

#[tokio::test]
async fn each_service_speaks_only_its_own_protocols() {
    let bench = Bench::strict().await;
    let json_1_0 = Call::list_streams().header("content-type", "application/x-amz-json-1.0");
    assert_eq!(
        bench.answer(json_1_0).await,
        (404, "UnknownOperationException".into(), b"<UnknownOperationException/>\n".to_vec())
    );
    let dynamo = Call { service: "dynamodb", ..Call::to("DynamoDB_20120810.ListTables", "{}") };
    assert_eq!(bench.answer(dynamo.clone()).await.0, 404);
    let (status, _, _) = bench.answer(dynamo.header("content-type", "application/x-amz-json-1.0")).await;
    assert_ne!(status, 404);
}

#[tokio::test]
async fn dynamodb_names_its_errors_in_full() {
    let bench = Bench::strict().await;
    let call = Call { service: "dynamodb", ..Call::to("DynamoDB_20120810.GetItem", r#"{"TableName":1}"#) };
    let response = bench.send(call.header("content-type", "application/x-amz-json-1.0")).await;
    assert_eq!(header(&response, "content-type"), "application/x-amz-json-1.0");
    let body = String::from_utf8(body(response).await).unwrap();
    assert!(body.starts_with(r#"{"__type":"com.amazonaws.dynamodb.v20120810#SerializationException""#), "{body}");
}

#[tokio::test]
async fn forms_are_for_the_service_that_they_are_signed_for() {
    let bench = Bench::strict().await;
    let whoami = "Action=GetCallerIdentity&Version=2011-06-15";
    let response = bench.send(Call::form("sts", "Action=Nothing&Version=2011-06-15")).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-type").as_str()), (400, "text/xml"));
    let id = header(&response, "x-amzn-requestid");
    let xml = String::from_utf8(body(response).await).unwrap();
    assert!(
        xml.contains("<Type>Sender</Type><Code>InvalidAction</Code><Message>Could not find operation Nothing"),
        "{xml}"
    );
    assert!(
        xml.contains(&format!("<RequestId>{id}</RequestId>"))
            && xml.contains("https://sts.amazonaws.com/doc/2011-06-15/")
    );
    let elsewhere = bench.answer(Call::form("monitoring", whoami)).await;
    assert_eq!(elsewhere.1, "UnknownOperationException", "{elsewhere:?}");
    let foreign = bench.answer(Call::form("kinesis", whoami)).await;
    assert_eq!((foreign.0, foreign.1.as_str()), (403, "AccessDeniedException"), "{foreign:?}");
    let unsigned = bench.answer(Call::form("sts", whoami).unsigned()).await;
    assert_eq!((unsigned.0, unsigned.1.as_str()), (403, "MissingAuthenticationTokenException"));
    assert!(String::from_utf8(unsigned.2).unwrap().contains("<Code>MissingAuthenticationToken</Code>"));
}

#[tokio::test]
async fn cloudwatch_is_addressed_by_path() {
    let bench = Bench::strict().await;
    // A Dimensions member that is a text is refused in the protocol, with the code of query beside it.
    let response = bench.send(Call::rpc(b"\xa1\x6aDimensions\x61x")).await;
    assert_eq!(header(&response, "content-type"), "application/cbor");
    assert_eq!(header(&response, "smithy-protocol"), "rpc-v2-cbor");
    assert_eq!(header(&response, "x-amzn-query-error"), "MalformedInput;Sender");
    let answer = body(response).await;
    assert!(answer.windows(45).any(|part| part == b"com.amazonaws.cloudwatch#SerializationExcepti"), "{answer:02x?}");
    let unknown = Call { uri: "/service/GraniteServiceVersion20100801/operation/Nope", ..Call::rpc(b"\xa0") };
    assert_eq!(bench.answer(unknown).await.1, "UnknownOperationException");
    let json = Call { service: "monitoring", ..Call::to("GraniteServiceVersion20100801.ListMetrics", "[]") };
    let response = bench.send(json.header("content-type", "application/x-amz-json-1.0")).await;
    assert_eq!(header(&response, "x-amzn-query-error"), "MalformedInput;Sender");
}

#[tokio::test]
async fn compressed_bodies_are_unpacked() {
    let bench = Bench::strict().await;
    let packed = |plain: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    };
    let call = |body: Vec<u8>| Call::list_streams().header("content-encoding", "gzip").body(body);
    assert_eq!(bench.answer(call(packed(b"{}"))).await.0, 200);
    let bomb = packed(&vec![b' '; types::limits::REQUEST_BODY_BYTES_MAX + 1]);
    assert_eq!(bench.answer(call(bomb)).await.0, 413);
    assert_eq!(bench.answer(call(b"{}".to_vec())).await.1, "SerializationException");
    let form = packed(b"Action=GetCallerIdentity&Version=2010-08-01");
    let call = Call::form("monitoring", "").header("content-encoding", "gzip").body(form);
    assert_eq!(bench.answer(call).await.1, "UnknownOperationException", "the action is read from what was packed");
}

#[tokio::test]
async fn json_without_a_version_is_answered_in_its_own_form() {
    let bench = Bench::strict().await;
    for (sent, status, code) in [
        ("{}", 404, "UnknownOperationException"),
        ("hello", 400, "SerializationException"),
        ("[]", 400, "SerializationException"),
    ] {
        let call = Call::list_streams().header("content-type", " application/json ; x").unsigned().body(sent);
        let response = bench.send(call).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "content-type").as_str()),
            (status, "application/json")
        );
        let expected = format!(r#"{{"Output":{{"__type":"com.amazon.coral.service#{code}"}},"Version":"1.0"}}"#);
        assert_eq!(String::from_utf8(body(response).await).unwrap(), expected, "{sent}");
    }
}
