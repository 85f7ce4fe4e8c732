use serde_json::{Value, json};
use types::Region;

use super::*;

const ARN: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/s";

fn account(digit: &str) -> AccountId {
    AccountId::parse(&digit.repeat(12)).unwrap()
}

/// Ada of account 1 or 2, asking for GetRecords, with a policy of her own or none.
fn ada(digit: &str, own: Option<Value>) -> Caller {
    let scope = Scope { account: account(digit), region: Region::parse("us-east-1").unwrap() };
    let policy = own
        .map(|statement| Arc::new(Policy::parse_for_identity(&json!({"Statement": statement}).to_string()).unwrap()));
    Caller { user: Some("ada".into()), policy, ..Caller::for_test(scope).asking("GetRecords") }
}

fn own(effect: &str) -> Option<Value> {
    Some(json!({"Effect": effect, "Action": "kinesis:GetRecords", "Resource": ARN}))
}

fn on_stream(effect: &str, principal: &str) -> Option<String> {
    let principal = json!({"AWS": principal});
    let statement = json!({"Effect": effect, "Principal": principal, "Action": "kinesis:*", "Resource": ARN});
    Some(json!({"Statement": statement}).to_string())
}

#[test]
fn the_table_of_aws() {
    const OK: &str = "";
    const NO_IDENTITY: &str = "because no identity-based policy allows the kinesis:GetRecords action";
    const NO_RESOURCE: &str = "because no resource-based policy allows the kinesis:GetRecords action";
    const DENY_IDENTITY: &str = "with an explicit deny in an identity-based policy";
    const DENY_RESOURCE: &str = "with an explicit deny in a resource-based policy";
    let other = Some(json!({"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": "*"}));
    let of_ada = |digit: &str| format!("arn:aws:iam::{}:user/ada", digit.repeat(12));
    for (digit, key, resource, expected) in [
        // In the owner's account.
        ("1", None, None, OK),
        ("1", None, on_stream("Allow", "222222222222"), OK),
        ("1", own("Allow"), None, OK),
        ("1", other.clone(), None, NO_IDENTITY),
        ("1", other.clone(), on_stream("Allow", &of_ada("1")), OK),
        ("1", other.clone(), on_stream("Allow", "111111111111"), NO_IDENTITY),
        ("1", own("Deny"), on_stream("Allow", "*"), DENY_IDENTITY),
        ("1", None, on_stream("Deny", "*"), DENY_RESOURCE),
        ("1", own("Allow"), on_stream("Deny", "111111111111"), DENY_RESOURCE),
        // In another.
        ("2", None, None, NO_RESOURCE),
        ("2", own("Allow"), None, NO_RESOURCE),
        ("2", None, on_stream("Allow", "111111111111"), NO_RESOURCE),
        ("2", None, on_stream("Allow", "222222222222"), OK),
        ("2", own("Allow"), on_stream("Allow", &of_ada("2")), OK),
        ("2", other.clone(), on_stream("Allow", &of_ada("2")), NO_IDENTITY),
        ("2", own("Deny"), on_stream("Allow", "222222222222"), DENY_IDENTITY),
        ("2", None, on_stream("Deny", "222222222222"), DENY_RESOURCE),
    ] {
        let done = ada(digit, key.clone()).authorize(ARN, &account("1"), resource.as_deref());
        let message = done.map_or_else(|error| error.message, |()| OK.to_owned());
        assert!(
            message.ends_with(expected) && message.is_empty() == expected.is_empty(),
            "{digit} {key:?} {resource:?}: {message}"
        );
    }
}

#[test]
fn the_sentence_is_that_of_aws() {
    let error = ada("2", None).authorize(ARN, &account("1"), None).unwrap_err();
    assert_eq!((error.code, error.status), ("AccessDeniedException", 400));
    assert_eq!(
        error.message,
        "User: arn:aws:iam::222222222222:user/ada is not authorized to perform: kinesis:GetRecords on resource: \
         arn:aws:kinesis:us-east-1:111111111111:stream/s because no resource-based policy allows the \
         kinesis:GetRecords action"
    );
}

#[test]
fn no_policy_lends_what_cannot_be_lent() {
    let everything = on_stream("Allow", "222222222222");
    let asking = |operation| ada("2", None).asking(operation).authorize(ARN, &account("1"), everything.as_deref());
    assert!(asking("PutRecords").is_ok());
    for operation in ["DeleteStream", "PutResourcePolicy", "SplitShard"] {
        assert_eq!(asking(operation).unwrap_err().code, "AccessDeniedException", "{operation}");
    }
}

#[test]
fn a_policy_that_cannot_be_read_lets_nobody_in() {
    let error = ada("1", None).authorize(ARN, &account("1"), Some("{}")).unwrap_err();
    assert_eq!(error.status, 500);
}

#[test]
fn the_gate_stops_keys_that_may_not_do_it_to_anything() {
    let everywhere = |effect| Some(json!({"Effect": effect, "Action": "kinesis:List*", "Resource": "*"}));
    let asking = |key, operation| ada("1", key).asking(operation).admit().map_err(|error| error.code);
    assert_eq!(asking(None, "ListStreams"), Ok(()));
    assert_eq!(asking(everywhere("Allow"), "ListStreams"), Ok(()));
    assert_eq!(asking(everywhere("Allow"), "DescribeLimits"), Err("AccessDeniedException"));
    assert_eq!(asking(everywhere("Deny"), "ListStreams"), Err("AccessDeniedException"));
    // What says whose key it is, nobody can be denied.
    let identity = Action::new("sts", "GetCallerIdentity");
    assert_eq!(Caller { action: identity, ..ada("1", everywhere("Deny")) }.admit(), Ok(()));
}
