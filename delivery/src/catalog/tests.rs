use super::*;
use types::{AccountId, Region};

fn scope(account: &str) -> Scope {
    Scope { account: AccountId::parse(account).unwrap(), region: Region::parse("us-east-1").unwrap() }
}

fn name(text: &str) -> DeliveryStreamName {
    DeliveryStreamName::parse(text).unwrap()
}

fn create(account: &str, stream: &str) -> Command {
    Command::Create {
        scope: scope(account),
        name: name(stream),
        source: SourceConfig::DirectPut { throughput_hint_mb: None },
        destination: Box::new(crate::validate::tests::destination()),
        tags: BTreeMap::new(),
        starts: vec![],
    }
}

fn apply(catalog: &Catalog, offset: u64, command: &Command) -> Result<(), Rejected> {
    let meta = CommandMeta { offset: Offset(offset), time: Timestamp(1000 + offset) };
    catalog.apply(meta, &serde_json::to_vec(command).unwrap())
}

#[test]
fn a_delivery_stream_owns_two_partitions_of_its_command() {
    let catalog = Catalog::default();
    apply(&catalog, 7, &create("1", "a")).unwrap();
    let stream = catalog.get(&scope("1"), &name("a")).unwrap();
    assert_eq!((stream.epoch, stream.created), (Epoch(7), Timestamp(1007)));
    assert_eq!(stream.checkpoints, PartitionId::opened_by(Offset(7), 0));
    assert_eq!(stream.buffer, PartitionId::opened_by(Offset(7), 1));
    assert_eq!(catalog.get(&scope("2"), &name("a")), None);
}

#[test]
fn names_are_taken_and_freed_per_scope() {
    let catalog = Catalog::default();
    apply(&catalog, 0, &create("1", "a")).unwrap();
    let refused = apply(&catalog, 1, &create("1", "a")).unwrap_err();
    assert_eq!(refused.kind, Kind::InUse);
    assert_eq!(refused.message, "Firehose a under accountId 1 already exists");
    apply(&catalog, 2, &create("2", "a")).unwrap();

    let delete = Command::Delete { scope: scope("1"), name: name("a") };
    apply(&catalog, 3, &delete).unwrap();
    assert_eq!(catalog.retired(), [PartitionId::opened_by(Offset(0), 0), PartitionId::opened_by(Offset(0), 1)]);
    assert_eq!(apply(&catalog, 4, &delete).unwrap_err().kind, Kind::NotFound);
    apply(&catalog, 5, &create("1", "a")).unwrap();
    assert_eq!(catalog.get(&scope("1"), &name("a")).unwrap().epoch, Epoch(5));
}

#[test]
fn pages_are_alphabetical_and_stay_in_their_scope() {
    let catalog = Catalog::default();
    for (offset, (account, stream)) in [("1", "c"), ("1", "a"), ("2", "b"), ("1", "B")].into_iter().enumerate() {
        apply(&catalog, offset as u64, &create(account, stream)).unwrap();
    }
    let names = |after: Option<&str>| {
        let streams = catalog.of_scope(&scope("1"), after.map(name).as_ref());
        streams.iter().map(|stream| stream.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(None), ["B", "a", "c"]);
    assert_eq!(names(Some("a")), ["c"]);
    assert_eq!(names(Some("b")), ["c"]);
}

#[test]
fn a_body_that_cannot_be_read_is_refused() {
    let meta = CommandMeta { offset: Offset(0), time: Timestamp(0) };
    assert_eq!(Catalog::default().apply(meta, b"{}").unwrap_err().kind, Kind::Internal);
}

/// The command log of a released version must stay readable.
#[test]
fn the_persisted_form_is_fixed() {
    let golden = include_str!("golden_commands.jsonl");
    let catalog = Catalog::default();
    for (offset, line) in golden.lines().enumerate() {
        let meta = CommandMeta { offset: Offset(offset as u64), time: Timestamp(0) };
        catalog.apply(meta, line.as_bytes()).unwrap();
        let command: Command = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&command).unwrap(), line);
    }
    let kept: Vec<_> = catalog.all().iter().map(|stream| stream.name.to_string()).collect();
    assert_eq!(kept, ["orders"]);
    let channels: Vec<_> = catalog.all_channels().iter().map(|c| (c.name.to_string(), c.freshness_seconds)).collect();
    assert_eq!(channels, [("lake".to_owned(), 60)]);
    let pond = [PartitionId::opened_by(Offset(5), 0), PartitionId::opened_by(Offset(5), 1)];
    assert!(pond.iter().all(|partition| catalog.is_retired(*partition)));
}

#[test]
fn a_catalog_read_back_is_the_same() {
    let catalog = Catalog::default();
    for (offset, (account, stream)) in [("2", "c"), ("1", "a"), ("1", "b")].into_iter().enumerate() {
        apply(&catalog, offset as u64, &create(account, stream)).unwrap();
    }
    let lines = include_str!("golden_commands.jsonl").lines().enumerate();
    for (line, command) in lines {
        let meta = CommandMeta { offset: Offset(10 + line as u64), time: Timestamp(9) };
        let _refused = catalog.apply(meta, command.as_bytes());
    }
    apply(&catalog, 99, &Command::Delete { scope: scope("1"), name: name("b") }).unwrap();
    let bytes = catalog.snapshot();

    let again = Catalog::default();
    again.restore(&bytes).unwrap();
    assert_eq!(**again.state.load(), **catalog.state.load());
    assert_eq!(again.snapshot(), bytes);
    assert!(again.restore(b"{}").is_err());
    assert_eq!(again.snapshot(), bytes, "a refused restore changes nothing");
}

#[test]
fn a_snapshot_of_a_version_without_channels_opens() {
    let catalog = Catalog::default();
    catalog.restore(br#"{"streams":[],"retired":[65536]}"#).unwrap();
    assert_eq!((catalog.all_channels().len(), catalog.is_retired(PartitionId(65536))), (0, true));
}
