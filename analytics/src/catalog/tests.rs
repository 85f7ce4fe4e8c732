use super::*;
use types::{AccountId, Offset, Region, Timestamp};

use crate::{Checkpointing, Configuration, Monitoring, Parallelism};

fn scope() -> Scope {
    Scope { account: AccountId::parse("1").unwrap(), region: Region::parse("us-east-1").unwrap() }
}

fn name(text: &str) -> ApplicationName {
    ApplicationName::parse(text).unwrap()
}

fn create(text: &str) -> Command {
    let configuration = Configuration {
        runtime_environment: "FLINK-1_20".into(),
        service_execution_role: "arn:aws:iam::1:role/r".into(),
        description: Some("\"quoted\" ü".into()),
        mode: None,
        sql: Some("INSERT INTO b SELECT * FROM a".into()),
        snapshots_enabled: true,
        checkpointing: Some(Checkpointing { interval_ms: 1, min_pause_ms: 2 }),
        parallelism: Some(Parallelism { parallelism: 3, per_kpu: 4, auto_scaling: false }),
        monitoring: Some(Monitoring { metrics_level: Some("TASK".into()), log_level: None }),
        properties: BTreeMap::from([("g".into(), BTreeMap::from([("k".into(), "v".into())]))]),
        log_streams: vec!["arn".into()],
    };
    let tags = BTreeMap::from([("t".into(), "u".into())]);
    Command::Create { scope: scope(), name: name(text), configuration: Box::new(configuration), tags }
}

fn apply(catalog: &Catalog, offset: u64, command: &Command) {
    let meta = CommandMeta { offset: Offset(offset), time: Timestamp(1000 + offset) };
    catalog.apply(meta, &serde_json::to_vec(command).unwrap()).unwrap();
}

#[test]
fn a_catalog_read_back_is_the_same() {
    let catalog = Catalog::default();
    for (offset, text) in ["c", "a", "b"].into_iter().enumerate() {
        apply(&catalog, offset as u64, &create(text));
    }
    apply(&catalog, 3, &Command::Start { scope: scope(), name: name("a"), epoch: Epoch(1), afresh: true });
    apply(&catalog, 4, &Command::Delete { scope: scope(), name: name("b"), epoch: Epoch(2) });
    let bytes = catalog.snapshot();

    let again = Catalog::default();
    again.restore(&bytes).unwrap();
    assert_eq!(**again.state.load(), **catalog.state.load());
    assert_eq!(again.snapshot(), bytes);
    assert!(again.restore(b"{}").is_err());
    assert_eq!(again.snapshot(), bytes, "a refused restore changes nothing");
}
