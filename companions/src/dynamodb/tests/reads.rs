//! Queries, scans and indexes.

use super::*;

fn all() -> PageRequest {
    PageRequest {
        table: leases(),
        index: None,
        filter: Condition::ALWAYS,
        projection: None,
        limit: None,
        start: None,
        consistent: false,
        all_attributes: false,
        what: What::Scan { segment: None },
    }
}

fn owned_by(owner: &str) -> PageRequest {
    let key = condition("leaseOwner = :o", [(":o", text(owner))]);
    PageRequest { index: Some("LeaseOwnerToLeaseKeyIndex".into()), what: What::Query { key, forward: true }, ..all() }
}

/// Every page, one after the other.
fn pages(world: &World, mut request: PageRequest) -> Vec<Page> {
    let mut pages = Vec::new();
    loop {
        let page = world.db.page(&scope(), &request).unwrap();
        request.start.clone_from(&page.last);
        pages.push(page);
        if request.start.is_none() {
            return pages;
        }
    }
}

fn keys(pages: &[Page]) -> Vec<String> {
    let key = |item: &Item| match &item["leaseKey"] {
        Value::S(key) => key.clone(),
        other => panic!("{other:?}"),
    };
    pages.iter().flat_map(|page| &page.items).map(key).collect()
}

async fn with_ten_leases() -> World {
    let world = World::with_leases().await;
    for index in 0..10 {
        let owner = if index % 2 == 0 { "even" } else { "odd" };
        let lease = [("leaseKey", text(&format!("s{index}"))), ("leaseOwner", text(owner)), ("n", number(index))];
        world.put(item(lease)).await.unwrap();
    }
    let change = TableChange { create_index: Some(owners(Projected::KeysOnly)), ..TableChange::default() };
    let info = world.db.update_table(&scope(), &leases(), change).await.unwrap();
    assert_eq!(info.indexes, [(10, false)], "CREATING at first");
    world
}

#[tokio::test]
async fn an_index_becomes_active_and_follows_every_write() {
    let world = with_ten_leases().await;
    let early = world.db.page(&scope(), &owned_by("odd")).unwrap_err().to_string();
    assert_eq!(early, "Cannot read from backfilling global secondary index: LeaseOwnerToLeaseKeyIndex");
    let second = TableChange {
        create_index: Some(IndexSpec { name: "another".into(), ..owners(Projected::All) }),
        ..TableChange::default()
    };
    let refused = world.db.update_table(&scope(), &leases(), second).await.unwrap_err();
    assert!(matches!(refused, CompanionsError::LimitExceeded(_)), "{refused}");
    world.pass(Duration::from_secs(1));
    assert_eq!(world.db.describe_table(&scope(), &leases()).unwrap().indexes, [(10, true)]);

    let take = Action::Update(lease_key("s1"), update("SET leaseOwner = :o", [(":o", text("even"))]));
    world.write(take, Condition::ALWAYS).await.unwrap();
    world.write(Action::Update(lease_key("s3"), update("REMOVE leaseOwner", [])), Condition::ALWAYS).await.unwrap();
    world.write(Action::Delete(lease_key("s5")), Condition::ALWAYS).await.unwrap();
    assert_eq!(keys(&pages(&world, owned_by("odd"))), ["s7", "s9"]);
    for limit in [None, Some(1), Some(2), Some(6)] {
        let read = pages(&world, PageRequest { limit, ..owned_by("even") });
        assert_eq!(keys(&read), ["s0", "s1", "s2", "s4", "s6", "s8"], "{limit:?}");
    }
    let page = &pages(&world, owned_by("odd"))[0];
    assert_eq!(page.items[0], item([("leaseKey", text("s7")), ("leaseOwner", text("odd"))]), "only the keys");
}

#[tokio::test]
async fn a_query_goes_both_ways_and_through_ranges() {
    let world = with_ten_leases().await;
    world.pass(Duration::from_secs(1));
    let query = |expression: &str, forward| {
        let values = [(":o", text("even")), (":a", text("s2")), (":b", text("s6"))];
        let key = condition(expression, values);
        pages(&world, PageRequest { limit: Some(2), what: What::Query { key, forward }, ..owned_by("") })
    };
    assert_eq!(keys(&query("leaseOwner = :o", false)), ["s8", "s6", "s4", "s2", "s0"]);
    for (range, expected) in [
        ("leaseKey = :a", vec!["s2"]),
        ("leaseKey > :a", vec!["s4", "s6", "s8"]),
        ("leaseKey <= :a", vec!["s0", "s2"]),
        ("leaseKey BETWEEN :a AND :b", vec!["s2", "s4", "s6"]),
        ("begins_with(leaseKey, :a)", vec!["s2"]),
    ] {
        assert_eq!(keys(&query(&format!("{range} AND leaseOwner = :o"), true)), expected, "{range}");
    }
}

#[tokio::test]
async fn wrong_queries_are_refused() {
    let world = with_ten_leases().await;
    world.pass(Duration::from_secs(1));
    let query = |expression: &str| {
        let key = condition(expression, [(":o", text("even")), (":n", number(1))]);
        PageRequest { what: What::Query { key, forward: true }, ..owned_by("") }
    };
    for (request, message) in [
        (query("leaseKey = :o"), "Query condition missed key schema element: leaseOwner"),
        (query("leaseOwner = :o AND n = :n"), "Query condition missed key schema element: leaseKey"),
        (query("leaseOwner < :o"), "Query key condition not supported"),
        (query("leaseOwner = :o OR leaseOwner = :o"), "Query key condition not supported"),
        (
            query("leaseOwner = :n"),
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (PageRequest { index: Some("nope".into()), ..all() }, "The table does not have the specified index: nope"),
        (
            PageRequest { consistent: true, ..owned_by("even") },
            "Consistent reads are not supported on global secondary indexes",
        ),
        (
            PageRequest { filter: condition("leaseKey = :k", [(":k", text("x"))]), ..owned_by("even") },
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: leaseKey",
        ),
        (PageRequest { start: Some(lease_key("s0")), ..owned_by("even") }, "The provided starting key is invalid"),
        (
            PageRequest {
                start: Some(item([("leaseKey", text("s1")), ("leaseOwner", text("odd"))])),
                ..owned_by("even")
            },
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
    ] {
        assert_eq!(world.db.page(&scope(), &request).unwrap_err().to_string(), message);
    }
    let all_attributes = world.db.page(&scope(), &PageRequest { all_attributes: true, ..owned_by("even") });
    assert!(all_attributes.unwrap_err().to_string().contains("Select type ALL_ATTRIBUTES is not supported"));
}

#[tokio::test]
async fn segments_are_disjoint_and_complete() {
    let world = with_ten_leases().await;
    let mut found: Vec<String> = (0..4)
        .flat_map(|segment| {
            let what = What::Scan { segment: Some((segment, 4)) };
            keys(&pages(&world, PageRequest { limit: Some(2), what, ..all() }))
        })
        .collect();
    found.sort();
    assert_eq!(found, keys(&pages(&world, all())));
    assert_eq!(found.len(), 10);
}

#[tokio::test]
async fn a_filter_counts_what_it_looked_at() {
    let world = with_ten_leases().await;
    let filter = condition("n > :n", [(":n", number(3))]);
    let projection = Some(vec![Path::attribute("n")]);
    let read = pages(&world, PageRequest { filter, projection, limit: Some(4), ..all() });
    let counts: Vec<_> = read.iter().map(|page| (page.items.len(), page.scanned)).collect();
    assert_eq!(counts, [(0, 4), (4, 4), (2, 2)]);
    assert_eq!(read[1].items[0], item([("n", number(4))]));
}

#[tokio::test]
async fn a_page_ends_at_a_megabyte() {
    let world = World::with_leases().await;
    for index in 0..6 {
        let lease = [("leaseKey", text(&format!("s{index}"))), ("data", text(&"x".repeat(300 << 10)))];
        world.put(item(lease)).await.unwrap();
    }
    let read = pages(&world, all());
    assert_eq!(read.iter().map(|page| page.items.len()).collect::<Vec<_>>(), [4, 2]);
    assert_eq!(keys(&read).len(), 6);
}
