use proptest::prelude::*;

use super::*;
use crate::cloudwatch::{GetMetricDataOutput, GetMetricStatisticsInput, MetricDataResult, PutMetricDataInput};
use crate::kinesis::CreateStreamInput;
use crate::sts::GetCallerIdentityResponse;
use crate::{Timestamp, validate};

/// What botocore sends for two metrics, the second with a time and a set of statistics.
const PUT: &[u8] = b"Action=PutMetricData&Version=2010-08-01&Namespace=app%2Fone&MetricData.member.1.MetricName=a\
&MetricData.member.1.Value=1.5&MetricData.member.1.StorageResolution=60&MetricData.member.10.MetricName=c\
&MetricData.member.2.MetricName=b&MetricData.member.2.Timestamp=2015-08-30T12%3A36%3A00Z\
&MetricData.member.2.Dimensions.member.1.Name=Operation&MetricData.member.2.Dimensions.member.1.Value=x+y\
&MetricData.member.2.StatisticValues.Sum=3&MetricData.member.2.StatisticValues.SampleCount=2\
&MetricData.member.2.StatisticValues.Minimum=1&MetricData.member.2.StatisticValues.Maximum=2\
&StrictEntityValidation=true&MetricData.member.1.Dimensions=";

#[test]
fn paths_become_shapes() {
    let input: PutMetricDataInput = decode(PUT).unwrap();
    assert_eq!((input.namespace.as_deref(), input.strict_entity_validation), (Some("app/one"), Some(true)));
    let data = input.metric_data.as_ref().unwrap();
    let names: Vec<_> = data.iter().map(|datum| datum.metric_name.as_deref().unwrap()).collect();
    assert_eq!(names, ["a", "b", "c"], "elements are ordered by number, not by text");
    assert_eq!((data[0].value, data[0].storage_resolution), (Some(1.5), Some(60)));
    assert_eq!(data[0].dimensions.as_deref(), Some(&[][..]));
    assert_eq!(data[1].timestamp, Some(Timestamp(1_440_938_160_000)));
    let dimension = &data[1].dimensions.as_ref().unwrap()[0];
    assert_eq!((dimension.name.as_deref(), dimension.value.as_deref()), (Some("Operation"), Some("x y")));
    assert_eq!(data[1].statistic_values.as_ref().unwrap().sum, Some(3.0));
    validate(&input).unwrap();
}

#[test]
fn maps_have_entries() {
    let body = b"Tags.entry.1.key=a&Tags.entry.1.value=1&Tags.entry.2.key=b&Tags.entry.2.value=2&Tags.entry.3.key=c";
    let input: CreateStreamInput = decode(body).unwrap();
    let tags: Vec<_> = input.tags.unwrap().into_iter().collect();
    assert_eq!(tags, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
}

#[test]
fn texts_that_are_no_numbers_are_refused() {
    for body in [&b"Period=soon"[..], b"StartTime=yesterday", b"Statistics.member.1.x=1", b"Namespace.x=1"] {
        assert!(matches!(decode::<GetMetricStatisticsInput>(body), Err(DecodeError::WrongType(_))), "{body:?}");
    }
    assert_eq!(decode::<GetMetricStatisticsInput>(b"Period=60").unwrap().period, Some(60));
    let deep = vec!["a"; 40].join(".");
    assert!(matches!(decode::<PutMetricDataInput>(deep.as_bytes()), Err(DecodeError::Malformed(_))));
}

#[test]
fn answers_are_xml() {
    let output = GetMetricDataOutput {
        metric_data_results: Some(vec![MetricDataResult {
            id: Some("a<b".into()),
            timestamps: Some(vec![Timestamp(1_440_938_160_000)]),
            values: Some(vec![1.0, 0.25]),
            ..MetricDataResult::default()
        }]),
        ..GetMetricDataOutput::default()
    };
    let xml = String::from_utf8(answer("GetMetricData", "urn:x", "id-1", &encode(&output))).unwrap();
    let expected = "<GetMetricDataResponse xmlns=\"urn:x\"><GetMetricDataResult><MetricDataResults><member><Id>a&lt;b</Id>\
                    <Timestamps><member>2015-08-30T12:36:00Z</member></Timestamps><Values><member>1</member>\
                    <member>0.25</member></Values></member></MetricDataResults></GetMetricDataResult><ResponseMetadata>\
                    <RequestId>id-1</RequestId></ResponseMetadata></GetMetricDataResponse>";
    assert_eq!(xml, expected);
    let nothing = String::from_utf8(answer("PutMetricData", "urn:x", "id-1", &encode(&()))).unwrap();
    assert!(!nothing.contains("Result>"), "{nothing}");
    let tags = CreateStreamInput { tags: Some([("k&".into(), "v".into())].into()), ..CreateStreamInput::default() };
    let xml = String::from_utf8(encode(&tags)).unwrap();
    assert_eq!(xml, "<Tags><entry><key>k&amp;</key><value>v</value></entry></Tags>");
    let me = GetCallerIdentityResponse { account: Some("1".into()), ..GetCallerIdentityResponse::default() };
    assert_eq!(encode(&me), b"<Account>1</Account>");
}

#[test]
fn errors_name_whose_fault_they_are() {
    let xml = String::from_utf8(error("InvalidAction", 400, "no <x>\u{1}", "urn:x", "id-1")).unwrap();
    assert!(xml.contains("<Type>Sender</Type><Code>InvalidAction</Code><Message>no &lt;x&gt; </Message>"), "{xml}");
    assert_eq!(fault(500), "Receiver");
}

proptest! {
    #[test]
    fn no_form_panics(body in "[a-zA-Z0-9.&=%+]{0,80}") {
        _ = decode::<PutMetricDataInput>(body.as_bytes());
        _ = decode::<PutMetricDataInput>(format!("MetricData.member.{body}").as_bytes());
        _ = find(body.as_bytes(), "Action");
    }
}
