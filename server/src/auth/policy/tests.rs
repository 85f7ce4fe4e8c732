//! The language by tables: (policy, request) to decision, then what is refused, then texts that nobody wrote.

use std::net::IpAddr;

use proptest::prelude::*;
use serde_json::{Value, json};
use types::{AccountId, Region, Scope, Timestamp};

use super::*;
use crate::auth::Action;

const ARN: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/orders";
const ADA: &str = "arn:aws:iam::222222222222:user/ada";

/// A request that tests change in one place each.
#[derive(Clone)]
struct Asked {
    operation: &'static str,
    resource: &'static str,
    principal: &'static str,
    user: Option<&'static str>,
    account: &'static str,
    region: &'static str,
    ip: Option<&'static str>,
    is_secure: bool,
    now: u64,
}

impl Asked {
    fn usual() -> Self {
        Self {
            operation: "GetRecords",
            resource: ARN,
            principal: ADA,
            user: Some("ada"),
            account: "222222222222",
            region: "us-east-1",
            ip: Some("203.0.113.9"),
            is_secure: true,
            now: 1_440_938_160_000,
        }
    }

    fn of(self, policy: &Policy) -> Decision {
        self.with(|context| policy.evaluate(context))
    }

    fn with<T>(&self, use_it: impl FnOnce(&Context<'_>) -> T) -> T {
        let account = |text| AccountId::parse(text).unwrap();
        let (owner, region) = (account("111111111111"), Region::parse(self.region).unwrap());
        let scope = Scope { account: account(self.account), region };
        use_it(&Context {
            action: Action::new("kinesis", self.operation),
            resource: Resource::Named { arn: self.resource, owner: &owner },
            scope: &scope,
            principal: self.principal,
            user: self.user,
            source_ip: self.ip.map(|ip| ip.parse::<IpAddr>().unwrap()),
            is_secure: self.is_secure,
            now: Timestamp(self.now),
        })
    }
}

fn policy(statements: Value) -> Policy {
    Policy::parse(&json!({"Version": "2012-10-17", "Statement": statements}).to_string()).unwrap()
}

/// A statement that allows everything, with some members replaced.
fn allow(changes: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    for (key, value) in changes.as_object().unwrap() {
        let taken = key.strip_prefix("Not").unwrap_or(key);
        statement.as_object_mut().unwrap().remove(taken);
        statement[key] = value.clone();
    }
    statement
}

#[test]
fn principals_actions_and_resources() {
    use Decision::{Allowed, AllowedToAccount, Silent};
    for (changes, expected) in [
        (json!({}), Allowed),
        (json!({"Principal": {"AWS": "*"}}), Allowed),
        (json!({"Principal": {"AWS": ADA}}), Allowed),
        (json!({"Principal": {"AWS": ["333333333333", ADA]}}), Allowed),
        (json!({"Principal": {"AWS": "222222222222"}}), AllowedToAccount),
        (json!({"Principal": {"AWS": "arn:aws:iam::222222222222:root"}}), AllowedToAccount),
        (json!({"Principal": {"AWS": "arn:aws:iam::222222222222:user/bob"}}), Silent),
        (json!({"Principal": {"AWS": "333333333333"}}), Silent),
        (json!({"Principal": {"Service": "firehose.amazonaws.com"}}), Silent),
        (json!({"NotPrincipal": {"AWS": "333333333333"}}), Allowed),
        (json!({"NotPrincipal": {"AWS": "222222222222"}}), Silent),
        (json!({"Action": "kinesis:GetRecords"}), Allowed),
        (json!({"Action": "KINESIS:getrecords"}), Allowed),
        (json!({"Action": ["kinesis:Put*", "kinesis:Get*"]}), Allowed),
        (json!({"Action": "kinesis:Get?ecords"}), Allowed),
        (json!({"Action": "kinesis:Get"}), Silent),
        (json!({"Action": "firehose:*"}), Silent),
        (json!({"NotAction": "kinesis:Put*"}), Allowed),
        (json!({"NotAction": ["kinesis:Put*", "kinesis:GetRecords"]}), Silent),
        (json!({"Resource": ARN}), Allowed),
        (json!({"Resource": "arn:aws:kinesis:*:111111111111:stream/ord*"}), Allowed),
        (json!({"Resource": "arn:aws:kinesis:us-east-1:111111111111:stream/Orders"}), Silent),
        (json!({"NotResource": "arn:aws:kinesis:*:*:stream/other"}), Allowed),
        (json!({"NotResource": "arn:aws:kinesis:*:*:stream/orders"}), Silent),
        (json!({"Resource": "arn:aws:kinesis:us-east-1:111111111111:stream/${aws:username}"}), Silent),
        (json!({"Resource": "${aws:PrincipalOrgID, '*'}"}), Silent),
        (json!({"Resource": "arn:aws:kinesis:us-east-1:111111111111:stream/${aws:nothing, 'orders'}"}), Allowed),
    ] {
        assert_eq!(Asked::usual().of(&policy(allow(changes.clone()))), expected, "{changes}");
    }
    let own = Asked { resource: "arn:aws:kinesis:us-east-1:111111111111:stream/ada", ..Asked::usual() };
    let by_name = allow(json!({"Resource": "arn:aws:kinesis:us-east-1:111111111111:stream/${aws:username}"}));
    assert_eq!(own.of(&policy(by_name)), Allowed);
}

#[test]
fn conditions() {
    for (condition, expected) in [
        (json!({}), true),
        (json!({"StringEquals": {"aws:PrincipalAccount": "222222222222"}}), true),
        (json!({"StringEquals": {"AWS:principalaccount": ["1", "222222222222"]}}), true),
        (json!({"StringEquals": {"aws:PrincipalAccount": "2222*"}}), false),
        (json!({"StringLike": {"aws:PrincipalAccount": "2222*"}}), true),
        (json!({"StringNotEquals": {"aws:PrincipalAccount": ["1", "222222222222"]}}), false),
        (json!({"StringNotLike": {"aws:PrincipalAccount": "3*"}}), true),
        (json!({"StringEqualsIgnoreCase": {"aws:username": "ADA"}}), true),
        (json!({"StringEquals": {"aws:username": "ADA"}}), false),
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), false),
        (json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}), true),
        (json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}), true),
        (json!({"Null": {"aws:PrincipalOrgID": "true", "aws:username": false}}), true),
        (json!({"Null": {"aws:username": true}}), false),
        (json!({"StringEquals": {"aws:SourceAccount": "222222222222"}}), false),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:firehose:*:*:deliverystream/*"}}), false),
        (json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::222222222222:user/*"}}), true),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*"}}), false),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:*:user/ada"}}), false),
        (json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/bob"}}), true),
        (json!({"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}), true),
        (json!({"Bool": {"aws:SecureTransport": true}}), true),
        (json!({"Bool": {"aws:SecureTransport": "false"}}), false),
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), true),
        (json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.9"]}}), false),
        (json!({"DateGreaterThan": {"aws:CurrentTime": "2015-08-30T12:35:59Z"}}), true),
        (json!({"DateLessThan": {"aws:CurrentTime": "2015-08-30"}}), false),
        (json!({"NumericLessThanEquals": {"aws:EpochTime": 1_440_938_160}}), true),
        (json!({"NumericGreaterThan": {"aws:EpochTime": "1440938160"}}), false),
        (json!({"NumericNotEquals": {"aws:username": "5"}}), true),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}), true),
        (json!({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}), false),
        (json!({"ForAnyValue:StringLike": {"aws:username": ["b*", "a*"]}}), true),
        (json!({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}), false),
        (json!({"StringNotEquals": {"aws:username": "${aws:PrincipalOrgID}"}}), false),
        (json!({"StringEquals": {"aws:username": "ada"}, "Bool": {"aws:SecureTransport": "false"}}), false),
    ] {
        let decision = Asked::usual().of(&policy(allow(json!({"Condition": condition}))));
        assert_eq!(decision == Decision::Allowed, expected, "{condition}");
    }
}

#[test]
fn a_deny_wins_in_any_order() {
    let (yes, no) = (allow(json!({})), allow(json!({"Effect": "Deny", "Action": "kinesis:GetRecords"})));
    for statements in [json!([yes, no]), json!([no, yes])] {
        let policy = policy(statements);
        assert_eq!(Asked::usual().of(&policy), Decision::Denied);
        assert_eq!(Asked { operation: "PutRecords", ..Asked::usual() }.of(&policy), Decision::Allowed);
    }
}

/// The strict statement lets in exactly one request: whatever else changes shuts it.
#[test]
fn every_part_of_a_statement_counts() {
    let strict = policy(json!({
        "Effect": "Allow", "Principal": {"AWS": ADA}, "Action": "kinesis:GetRecords", "Resource": ARN,
        "Condition": {
            "StringEquals": {"aws:RequestedRegion": "us-east-1", "aws:PrincipalAccount": "222222222222"},
            "IpAddress": {"aws:SourceIp": "203.0.113.0/28"},
            "Bool": {"aws:SecureTransport": "true"},
            "DateLessThan": {"aws:CurrentTime": "2015-08-31"},
        },
    }));
    let usual = Asked::usual;
    assert_eq!(usual().of(&strict), Decision::Allowed);
    for changed in [
        Asked { operation: "PutRecord", ..usual() },
        Asked { resource: "arn:aws:kinesis:us-east-1:111111111111:stream/orders2", ..usual() },
        Asked { principal: "arn:aws:iam::222222222222:user/bob", ..usual() },
        Asked { account: "333333333333", ..usual() },
        Asked { region: "eu-west-1", ..usual() },
        Asked { ip: Some("203.0.113.16"), ..usual() },
        Asked { ip: None, ..usual() },
        Asked { is_secure: false, ..usual() },
        Asked { now: 1_440_979_200_000, ..usual() },
    ] {
        assert_eq!(changed.of(&strict), Decision::Silent);
    }
}

#[test]
fn an_unknown_resource_is_allowed_by_a_star_alone_and_denied_by_anything() {
    let of = |changes: Value| {
        Asked::usual()
            .with(|context| policy(allow(changes)).evaluate(&Context { resource: Resource::Unknown, ..*context }))
    };
    assert_eq!(of(json!({})), Decision::Allowed);
    assert_eq!(of(json!({"Resource": ["x", "*"]})), Decision::Allowed);
    assert_eq!(of(json!({"Resource": "arn:aws:kinesis:*"})), Decision::Silent);
    assert_eq!(of(json!({"NotResource": "x"})), Decision::Silent);
    assert_eq!(of(json!({"Effect": "Deny", "Resource": "x"})), Decision::Denied);
}

#[test]
fn what_is_not_a_policy_is_refused_with_its_place() {
    let statement = |changes: Value| json!({"Statement": [allow(json!({})), allow(changes)]}).to_string();
    for (text, words) in [
        ("{".to_owned(), "line 1"),
        ("[]".to_owned(), "not a JSON object"),
        ("{}".to_owned(), "Statement"),
        (r#"{"Statement":[]}"#.to_owned(), "Statement"),
        (json!({"Version": "2013-01-01", "Statement": [allow(json!({}))]}).to_string(), "Version"),
        (json!({"Version": 2012, "Statement": [allow(json!({}))]}).to_string(), "Version"),
        (json!({"statement": []}).to_string(), "statement"),
        (statement(json!({"Effect": "allow"})), "Statement 2: Effect"),
        (statement(json!({"Conditions": {}})), "Conditions"),
        (statement(json!({"Action": []})), "Action"),
        (statement(json!({"Action": "GetRecords"})), "GetRecords"),
        (statement(json!({"Action": "kin*:GetRecords"})), "kin*"),
        (statement(json!({"Action": 5})), "Action"),
        (statement(json!({"Resource": ""})), "Resource"),
        (statement(json!({"Principal": "222222222222"})), "Principal"),
        (statement(json!({"Principal": {"AWS": "ada"}})), "ada"),
        (statement(json!({"Principal": {"AWS": "arn:aws:iam::*:root"}})), "principal"),
        (statement(json!({"Principal": {"AWS": "arn:aws:iam::222222222222:user/*"}})), "principal"),
        (statement(json!({"Principal": {"AWS": []}})), "principal"),
        (statement(json!({"Principal": {"Nobody": "x"}})), "principal"),
        (statement(json!({"Sid": 5})), "Sid"),
        (statement(json!({"Condition": []})), "Condition"),
        (statement(json!({"Condition": {"StringIs": {"a": "b"}}})), "StringIs"),
        (statement(json!({"Condition": {"IpAddress": {"aws:SourceIp": "everywhere"}}})), "IpAddress"),
        (statement(json!({"Condition": {"Bool": {"aws:SecureTransport": "yes"}}})), "Bool"),
        (statement(json!({"Condition": {"NumericEquals": {"a": {}}}})), "NumericEquals"),
        (format!("{}{}", "[".repeat(5000), "]".repeat(5000)), "line 1"),
        (format!("{{\"Id\":\"{}\"}}", "x".repeat(BYTES_MAX)), "at most 20480"),
    ] {
        let error = Policy::parse(&text).unwrap_err().to_string();
        assert!(error.contains(words), "{text:.200}: {error}");
    }
    let both =
        json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "NotAction": "*", "Resource": "*"}});
    assert!(Policy::parse(&both.to_string()).unwrap_err().to_string().contains("exclude each other"));
    assert!(Policy::parse_for_identity(&statement(json!({}))).unwrap_err().to_string().contains("Principal"));
}

#[test]
fn what_lies_on_a_stream_is_about_that_stream() {
    let check = |changes: Value| {
        let statement =
            allow(json!({"Principal": {"AWS": "222222222222"}, "Action": "kinesis:GetRecords", "Resource": ARN}));
        let mut statement = statement.as_object().unwrap().clone();
        for (key, value) in changes.as_object().unwrap() {
            statement.remove(key.strip_prefix("Not").unwrap_or(key));
            statement.insert(key.clone(), value.clone());
        }
        statement.retain(|_, value| !value.is_null());
        validate(&json!({"Version": "2012-10-17", "Statement": [statement]}).to_string(), ResourceKind::Stream, ARN)
    };
    for sound in [
        json!({}),
        json!({"Action": ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords"]}),
        json!({"Action": "kinesis:*"}),
        json!({"Effect": "Deny", "NotAction": "kinesis:GetRecords"}),
        json!({"Principal": {"AWS": "arn:aws:iam::222222222222:role/reader"}}),
    ] {
        assert_eq!(check(sound.clone()), Ok(()), "{sound}");
    }
    for (wrong, words) in [
        (json!({"Principal": null}), "Principal"),
        (json!({"Resource": null}), "Resource"),
        (json!({"Resource": "*"}), "Resource"),
        (json!({"Resource": [ARN, "arn:aws:kinesis:us-east-1:111111111111:stream/other"]}), "stream/other"),
        (json!({"NotResource": ARN}), "Resource"),
        (json!({"Action": "kinesis:DeleteStream"}), "DeleteStream"),
        (json!({"Action": "dynamodb:GetItem"}), "GetItem"),
        (json!({"NotAction": "kinesis:PutRecord"}), "NotAction"),
        (json!({"Principal": {"AWS": "nobody"}}), "nobody"),
    ] {
        let error = check(wrong.clone()).unwrap_err();
        assert!(error.contains(words) && error.starts_with("Invalid policy: "), "{wrong}: {error}");
    }
    assert!(validate("not json", ResourceKind::Stream, ARN).unwrap_err().contains("not valid JSON"));
    let consumer = json!({"Statement": allow(json!({"Action": "kinesis:GetRecords", "Resource": "c"}))}).to_string();
    assert!(validate(&consumer, ResourceKind::Consumer, "c").is_err());
    assert!(validate(&consumer.replace("GetRecords", "SubscribeToShard"), ResourceKind::Consumer, "c").is_ok());
}

/// A policy that uses everything, for mutations.
fn rich() -> String {
    json!({"Version": "2012-10-17", "Id": "a", "Statement": [
        {"Sid": "1", "Effect": "Deny", "NotPrincipal": {"AWS": [ADA, "111111111111"]}, "NotAction": "kinesis:Get*",
         "NotResource": ["arn:aws:kinesis:*:*:stream/${aws:username}*"]},
        {"Sid": "2", "Effect": "Allow", "Principal": {"AWS": ADA, "Service": "firehose.amazonaws.com"},
         "Action": ["kinesis:Get*", "kinesis:ListShards"], "Resource": ARN, "Condition": {
            "ForAnyValue:StringLikeIfExists": {"aws:PrincipalAccount": ["22*", "${aws:PrincipalAccount, 'x'}"]},
            "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Null": {"aws:SourceArn": true},
            "NumericGreaterThan": {"aws:EpochTime": 5}, "DateGreaterThan": {"aws:CurrentTime": "2014-01-01T00:00:00Z"}}},
    ]})
    .to_string()
}

/// JSON that is a policy here and there.
fn scraps() -> impl Strategy<Value = Value> {
    let words = proptest::sample::select(vec![
        "Version",
        "2012-10-17",
        "Statement",
        "Effect",
        "Allow",
        "Deny",
        "Principal",
        "AWS",
        "*",
        "Action",
        "Resource",
        "kinesis:*",
        ARN,
        ADA,
        "Condition",
        "StringLike",
        "ForAllValues:IpAddress",
        "Null",
        "aws:SourceIp",
        "true",
        "${aws:username}",
        "${",
        "NotAction",
        "1.2.3.4/0",
    ]);
    let leaf = prop_oneof![words.clone().prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(Value::Null)];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((words.clone(), inner), 0..6).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        _ = Policy::parse(&text);
        _ = validate(&text, ResourceKind::Queue, &text);
    }

    #[test]
    fn no_json_panics(value in scraps()) {
        for text in [value.to_string(), json!({"Statement": value}).to_string()] {
            if let Ok(policy) = Policy::parse(&text) {
                Asked::usual().of(&policy);
            }
        }
    }

    /// Bytes of a sound policy are changed, taken out and put in. Whatever comes of it is refused or decides, and a
    /// stranger is never let in: no small change makes this policy one for everybody.
    #[test]
    fn mutations_let_no_stranger_in(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..3), 1..4)) {
        let mut bytes = rich().into_bytes();
        for (at, byte, kind) in changes {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte & 0x7f,
                1 => _ = bytes.remove(at),
                _ => bytes.insert(at, byte & 0x7f),
            }
        }
        let Ok(policy) = Policy::parse(&String::from_utf8(bytes).unwrap()) else { return Ok(()) };
        _ = Asked::usual().of(&policy);
        let stranger = Asked { principal: "arn:aws:iam::999999999999:user/eve", account: "999999999999", ..Asked::usual() };
        let decision = stranger.of(&policy);
        prop_assert!(matches!(decision, Decision::Silent | Decision::Denied), "{:?}", decision);
    }
}
