//! Tables, conditional writes and transactions.

use super::*;
use crate::CancellationReason;

#[tokio::test]
async fn a_lease_is_taken_once() {
    let world = World::with_leases().await;
    let absent = || {
        let expected = Expected { exists: Some(false), ..Expected::default() };
        conditions([("leaseKey".to_owned(), expected)].into(), ConditionalOperator::And).unwrap()
    };
    let lease = item([("leaseKey", text("s0")), ("leaseOwner", text("w1")), ("leaseCounter", number(0))]);
    let written = world.write(Action::Put(lease.clone()), absent()).await.unwrap();
    assert_eq!((written.old, written.new.as_deref()), (None, Some(&lease)));
    let refused = world.write(Action::Put(lease.clone()), absent()).await.unwrap_err();
    assert_eq!(refused, CompanionsError::ConditionFailed { item: Some(Arc::new(lease.clone())) });
    assert_eq!(refused.to_string(), "The conditional request failed");
    assert_eq!(world.commands(), 2, "a write that is refused leaves nothing in the log");

    let put = |value| AttributeUpdate { action: "PUT".into(), value: Some(value) };
    let add = |value| AttributeUpdate { action: "ADD".into(), value: Some(value) };
    let changes = [("leaseOwner".to_owned(), put(text("w2"))), ("leaseCounter".to_owned(), add(number(1)))];
    let take = Action::Update(lease_key("s0"), updates(changes.into()).unwrap());
    let seen = || condition("leaseOwner = :o AND leaseCounter = :c", [(":o", text("w1")), (":c", number(0))]);
    let written = world.write(take.clone(), seen()).await.unwrap();
    assert_eq!(written.new.unwrap()["leaseCounter"], number(1));
    assert!(matches!(world.write(take, seen()).await, Err(CompanionsError::ConditionFailed { item: Some(_) })));
    let deleted = world.write(Action::Delete(lease_key("s0")), Condition::ALWAYS).await.unwrap();
    assert_eq!(deleted.old.unwrap()["leaseOwner"], text("w2"));
    assert_eq!(world.db.get_item(&scope(), &leases(), &lease_key("s0"), None), Ok(None));
    assert_eq!(world.write(Action::Delete(lease_key("s0")), Condition::ALWAYS).await.unwrap(), Written::default());
}

#[tokio::test]
async fn an_update_makes_an_item_unless_it_only_deletes() {
    let world = World::with_leases().await;
    let delete = AttributeUpdate { action: "DELETE".into(), value: None };
    let only_deletes = updates([("leaseOwner".to_owned(), delete)].into()).unwrap();
    let written = world.write(Action::Update(lease_key("s0"), only_deletes), Condition::ALWAYS).await.unwrap();
    assert_eq!(written, Written::default());
    let written = world.write(Action::Update(lease_key("s0"), Update::default()), Condition::ALWAYS).await.unwrap();
    assert_eq!(written.new.as_deref(), Some(&lease_key("s0")));
}

#[tokio::test]
async fn items_must_go_with_the_keys() {
    let world = World::new().await;
    let all = spec(vec![owners(Projected::All)]);
    world.db.create_table(&scope(), leases(), all).await.unwrap();
    let invalid = "One or more parameter values were invalid: ";
    for (wrong, message) in [
        (item([("a", text("x"))]), format!("{invalid}Missing the key leaseKey in the item")),
        (item([("leaseKey", number(1))]), format!("{invalid}Type mismatch for key leaseKey expected: S actual: N")),
        (
            item([("leaseKey", text("x")), ("leaseOwner", number(1))]),
            format!(
                "{invalid}Type mismatch for Index Key leaseOwner Expected: S Actual: N IndexName: \
                 LeaseOwnerToLeaseKeyIndex"
            ),
        ),
        (
            item([("leaseKey", text("x")), ("a", text(&"x".repeat(400 << 10)))]),
            "Item size has exceeded the maximum allowed size".into(),
        ),
    ] {
        assert_eq!(world.put(wrong).await.unwrap_err(), CompanionsError::Invalid(message));
    }
    let two = item([("leaseKey", text("x")), ("a", text("y"))]);
    let refused = world.db.get_item(&scope(), &leases(), &two, None).unwrap_err();
    assert_eq!(refused.to_string(), "The provided key element does not match the schema");
    let renames = Action::Update(lease_key("s0"), update("SET leaseKey = :k", [(":k", text("s1"))]));
    let refused = world.write(renames, Condition::ALWAYS).await.unwrap_err().to_string();
    assert!(refused.ends_with("Cannot update attribute leaseKey. This attribute is part of the key"), "{refused}");
    let elsewhere = Write {
        table: TableName::parse(&scope(), "other").unwrap(),
        action: Action::Put(lease_key("s0")),
        condition: Condition::ALWAYS,
    };
    let refused = world.db.write(&scope(), elsewhere).await.unwrap_err();
    assert_eq!(refused, CompanionsError::NotFound("Requested resource not found".into()));
}

#[tokio::test]
async fn tables_come_and_go() {
    let world = World::with_leases().await;
    let again = world.db.create_table(&scope(), leases(), spec(vec![])).await.unwrap_err();
    assert_eq!(again, CompanionsError::InUse("Table already exists: my-app".into()));
    let arn = world.db.describe_table(&scope(), &leases()).unwrap().about.arn();
    assert_eq!(arn, "arn:aws:dynamodb:us-east-1:000000000000:table/my-app");
    assert_eq!(TableName::parse(&scope(), &arn), Ok(leases()));
    assert!(TableName::parse(&scope(), "arn:aws:dynamodb:eu-west-1:000000000000:table/my-app").is_err());

    let protect = |on| TableChange { deletion_protection: Some(on), ..TableChange::default() };
    world.db.update_table(&scope(), &leases(), protect(true)).await.unwrap();
    assert!(world.db.delete_table(&scope(), &leases()).await.is_err());
    world.db.update_table(&scope(), &leases(), protect(false)).await.unwrap();
    assert_eq!(world.db.list_tables(&scope(), None, 10), (vec![leases()], false));
    world.db.delete_table(&scope(), &leases()).await.unwrap();
    let gone = world.db.describe_table(&scope(), &leases()).unwrap_err();
    assert_eq!(gone.to_string(), "Requested resource not found: Table: my-app not found");
}

#[tokio::test]
async fn billing_changes_both_ways() {
    let world = World::with_leases().await;
    let throughput = Throughput { read: 5, write: 6 };
    for billing in [Some(throughput), None] {
        let change = TableChange { throughput: Some(billing), ..TableChange::default() };
        world.db.update_table(&scope(), &leases(), change).await.unwrap();
        for world in [&world, &world.restarted().await] {
            assert_eq!(world.db.describe_table(&scope(), &leases()).unwrap().about.throughput, billing);
        }
    }
}

fn transaction() -> Vec<Write> {
    let write = |action, condition| Write { table: leases(), action, condition };
    vec![
        write(Action::Check(lease_key("lock")), condition("ownerName = :me", [(":me", text("w1"))])),
        write(Action::Put(lease_key("new")), condition("attribute_not_exists(leaseKey)", [])),
        write(Action::Delete(lease_key("old")), Condition::ALWAYS),
        write(Action::Update(lease_key("sum"), update("ADD n :1", [(":1", number(1))])), Condition::ALWAYS),
    ]
}

#[tokio::test]
async fn a_transaction_happens_whole_or_not() {
    let world = World::with_leases().await;
    world.put(lease_key("old")).await.unwrap();
    let refused = world.db.transact(&scope(), transaction(), None).await.unwrap_err();
    let none = CancellationReason::None;
    let failed = CancellationReason::ConditionFailed { item: None };
    assert_eq!(
        refused.to_string(),
        "Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None, \
         None, None]"
    );
    assert_eq!(refused, CompanionsError::TransactionCanceled(vec![failed, none.clone(), none.clone(), none]));
    assert!(world.db.get_item(&scope(), &leases(), &lease_key("old"), None).unwrap().is_some());

    world.put(item([("leaseKey", text("lock")), ("ownerName", text("w1"))])).await.unwrap();
    world.db.transact(&scope(), transaction(), None).await.unwrap();
    let get = |key: &str| world.db.get_item(&scope(), &leases(), &lease_key(key), None).unwrap();
    assert_eq!((get("old"), get("new"), get("sum").unwrap()["n"].clone()), (None, Some(lease_key("new")), number(1)));
    let twice = vec![transaction().remove(2), transaction().remove(2)];
    let refused = world.db.transact(&scope(), twice, None).await.unwrap_err().to_string();
    assert_eq!(refused, "Transaction request cannot include multiple operations on one item");
}

#[tokio::test]
async fn a_token_makes_a_repetition_harmless() {
    let world = World::with_leases().await;
    let add = || vec![transaction().remove(3)];
    let token = || Some("token".to_owned());
    for world in [&world, &world.restarted().await] {
        world.db.transact(&scope(), add(), token()).await.unwrap();
        let sum = world.db.get_item(&scope(), &leases(), &lease_key("sum"), None).unwrap().unwrap();
        assert_eq!(sum["n"], number(1));
        let other = world.db.transact(&scope(), vec![transaction().remove(2)], token()).await.unwrap_err();
        assert_eq!(other, CompanionsError::IdempotentParameterMismatch);
    }
    world.pass(Duration::from_secs(601));
    let later = world.restarted().await;
    later.put(lease_key("any")).await.unwrap();
    later.db.transact(&scope(), add(), token()).await.unwrap();
    let sum = later.db.get_item(&scope(), &leases(), &lease_key("sum"), None).unwrap().unwrap();
    assert_eq!(sum["n"], number(2));
}
