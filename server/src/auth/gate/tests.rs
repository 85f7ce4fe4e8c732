use wire::sigv4::{Signer, amz_date};

use super::*;

const NOW: u64 = 1_440_938_160_000;
const LIST: Action = Action::new("kinesis", "ListStreams");

fn identity(id: &str, secret: &str, account: &str) -> Identity {
    let account = AccountId::parse(account).unwrap();
    Identity {
        access_key_id: id.into(),
        secret_access_key: secret.into(),
        account,
        user: Some("ada".into()),
        policy: None,
    }
}

/// What the gate makes of a request signed with that pair, with that session token if there is one.
fn enter(keys: &Keys, id: &str, secret: &str, token: Option<&str>) -> Result<Caller, &'static str> {
    let date = amz_date(NOW as i64);
    let mut headers: Vec<(&str, &[u8])> = vec![("host", b"h"), ("x-amz-date", date.as_bytes())];
    headers.extend(token.map(|token| ("x-amz-security-token", token.as_bytes())));
    let unsigned = Request { method: "POST", path: "/", query: "", headers: &headers };
    let signer = Signer { access_key_id: id, secret_access_key: secret, region: "eu-west-1", service: "kinesis" };
    let authorization = signer.authorization(&unsigned, NOW as i64, b"{}");
    headers.push(("authorization", authorization.as_bytes()));
    let request = Request { method: "POST", path: "/", query: "", headers: &headers };
    let claim = keys.claim(&request, "kinesis", Timestamp(NOW)).map_err(|error| error.code)?;
    let default = AccountId::parse("000000000000").unwrap();
    let verified = claim.verify(&request, b"{}", &default).map_err(|error| error.code)?;
    verified.asking(LIST, Peer::default()).map_err(|error| error.code)
}

#[test]
fn the_key_says_whose_request_it_is() {
    let keys = Keys::new([identity("A", "a", "111111111111"), identity("B", "b", "222222222222")]);
    let caller = enter(&keys, "B", "b", None).unwrap();
    assert_eq!((caller.scope.account.as_str(), caller.scope.region.as_str()), ("222222222222", "eu-west-1"));
    assert_eq!(caller.arn(), "arn:aws:iam::222222222222:user/ada");
    assert_eq!(enter(&keys, "A", "b", None).unwrap_err(), "InvalidSignatureException");
    assert_eq!(enter(&keys, "C", "c", None).unwrap_err(), "UnrecognizedClientException");
    assert_eq!(enter(&keys, "A", "a", Some("token")).unwrap_err(), "UnrecognizedClientException");
}

#[test]
fn replaced_keys_are_forgotten_with_what_was_derived_from_them() {
    let keys = Keys::new([identity("A", "old", "111111111111")]);
    assert!(enter(&keys, "A", "old", None).is_ok());
    assert!(!keys.replace(vec![identity("A", "old", "111111111111")]));
    assert!(keys.replace(vec![identity("A", "new", "111111111111"), identity("B", "b", "222222222222")]));
    assert_eq!(enter(&keys, "A", "old", None).unwrap_err(), "InvalidSignatureException");
    assert!(enter(&keys, "A", "new", None).is_ok() && enter(&keys, "B", "b", None).is_ok());
    assert!(keys.replace(vec![identity("B", "b", "222222222222")]));
    assert_eq!(enter(&keys, "A", "new", None).unwrap_err(), "UnrecognizedClientException");
}

#[test]
fn dev_takes_anybody_and_accounts_by_their_number() {
    let keys = Keys::any([identity("A", "a", "111111111111")]);
    for (id, token, account) in [
        ("333333333333", None, "333333333333"),
        ("333333333333", Some("token"), "333333333333"),
        ("33333333333x", None, "000000000000"),
        ("AKIAIOSFODNN7EXAMPLE", None, "000000000000"),
        ("ASIAIOSFODNN7EXAMPLE", Some("token"), "000000000000"),
        ("test", None, "000000000000"),
        ("A", None, "111111111111"),
    ] {
        let caller = enter(&keys, id, "whatever", token).unwrap();
        assert_eq!(caller.scope.account.as_str(), account, "{id}");
    }
    let stranger = enter(&keys, "test", "whatever", None).unwrap();
    assert_eq!(stranger.arn(), "arn:aws:iam::000000000000:root");
}
