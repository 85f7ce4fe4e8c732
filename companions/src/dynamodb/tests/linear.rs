//! Conditional writes from several tasks have one order, which a restart repeats.
//!
//! Every write that happens leaves a number of its own, so from what the clients were told the order can be read: each
//! write names the one it found. The order must also agree with the clock of those who looked on: what was answered
//! before something was asked came first.

use proptest::prelude::*;

use super::*;

/// What one task does next.
#[derive(Debug, Clone)]
enum Step {
    /// Takes the counter up by one if it is what the task saw last.
    IfSeen(u8),
    /// Takes it up in any case.
    Add(u8),
    /// Puts a new item if there is none.
    Create(u8),
    /// Deletes if the counter is even.
    DeleteIfEven(u8),
}

fn step() -> impl Strategy<Value = Step> {
    (0u8..3, 0u8..4).prop_map(|(key, kind)| match kind {
        0 => Step::IfSeen(key),
        1 => Step::Add(key),
        2 => Step::Create(key),
        _ => Step::DeleteIfEven(key),
    })
}

/// A write that was answered.
#[derive(Debug, Clone)]
struct Event {
    key: u8,
    asked: u64,
    answered: u64,
    condition: Condition,
    told: Result<(Option<Item>, Option<Item>), Option<Item>>,
}

async fn run_task(world: Arc<World>, time: Arc<AtomicU64>, task: usize, steps: Vec<Step>) -> Vec<Event> {
    let mut seen: BTreeMap<u8, Value> = BTreeMap::new();
    let mut events = Vec::new();
    for (number_of_step, step) in steps.into_iter().enumerate() {
        let mark = text(&format!("{task}-{number_of_step}"));
        let add = |key: u8| {
            let change = update("SET mark = :m ADD n :1", [(":m", mark.clone()), (":1", number(1))]);
            Action::Update(lease_key(&format!("s{key}")), change)
        };
        let (key, action, condition) = match step {
            Step::IfSeen(key) => {
                let last = seen.get(&key).cloned().unwrap_or_else(|| number(1));
                (key, add(key), condition("n = :n", [(":n", last)]))
            }
            Step::Add(key) => (key, add(key), Condition::ALWAYS),
            Step::Create(key) => {
                let new = item([("leaseKey", text(&format!("s{key}"))), ("mark", mark), ("n", number(1))]);
                (key, Action::Put(new), condition("attribute_not_exists(leaseKey)", []))
            }
            Step::DeleteIfEven(key) => {
                let even = condition("n IN (:2, :4)", [(":2", number(2)), (":4", number(4))]);
                (key, Action::Delete(lease_key(&format!("s{key}"))), even)
            }
        };
        let asked = time.fetch_add(1, Ordering::SeqCst);
        let told = match world.write(action, condition.clone()).await {
            Ok(Written { old, new }) => Ok((old.as_deref().cloned(), new.as_deref().cloned())),
            Err(CompanionsError::ConditionFailed { item }) => Err(item.as_deref().cloned()),
            Err(other) => panic!("{other}"),
        };
        let answered = time.fetch_add(1, Ordering::SeqCst);
        let found = match &told {
            Ok((_, new)) => new.as_ref(),
            Err(item) => item.as_ref(),
        };
        found.and_then(|item| item.get("n")).into_iter().for_each(|n| drop(seen.insert(key, n.clone())));
        events.push(Event { key, asked, answered, condition, told });
        tokio::task::yield_now().await;
    }
    events
}

/// Searches the order of one key's writes: each found what the one before left, and none was asked after a later one
/// was answered. Only deletions leave equal states, so the search hardly ever turns back.
fn order(writes: &[&Event], state: Option<&Item>, done: &mut Vec<usize>, end: &Option<Item>) -> bool {
    if done.len() == writes.len() {
        return state == end.as_ref();
    }
    let earliest_answer = (0..writes.len()).filter(|i| !done.contains(i)).map(|i| writes[i].answered).min();
    for index in 0..writes.len() {
        let Ok((old, new)) = &writes[index].told else { continue };
        let in_time = earliest_answer.is_none_or(|answer| writes[index].asked < answer);
        if done.contains(&index) || old.as_ref() != state || !in_time {
            continue;
        }
        done.push(index);
        if order(writes, new.as_ref(), done, end) {
            return true;
        }
        done.pop();
    }
    false
}

fn check(events: &[Event], end: &Option<Item>) {
    let writes: Vec<&Event> = events.iter().filter(|event| event.told.is_ok()).collect();
    let mut done = Vec::new();
    assert!(order(&writes, None, &mut done, end), "no order explains {writes:#?}");
    for refused in events {
        let Err(found) = &refused.told else { continue };
        assert!(!refused.condition.holds(found.as_ref().unwrap_or(&Item::new())), "refused without a reason");
        // The states that stood at some moment between question and answer.
        let stood = (0..=done.len()).any(|place| {
            let state = place.checked_sub(1).and_then(|last| writes[done[last]].told.as_ref().unwrap().1.as_ref());
            let began = place.checked_sub(1).is_none_or(|last| writes[done[last]].asked < refused.answered);
            let ended = done.get(place).is_some_and(|next| writes[*next].answered < refused.asked);
            state == found.as_ref() && began && !ended
        });
        assert!(stood, "{refused:#?} was told a state that did not stand then");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conditional_writes_are_linearisable_and_replayed(
        tasks in proptest::collection::vec(proptest::collection::vec(step(), 1..12), 2..6)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(async {
            let world = Arc::new(World::with_leases().await);
            let time = Arc::<AtomicU64>::default();
            let running: Vec<_> = tasks.into_iter().enumerate().map(|(task, steps)| {
                tokio::spawn(run_task(world.clone(), time.clone(), task, steps))
            }).collect();
            let mut events = Vec::new();
            for task in running {
                events.extend(task.await.unwrap());
            }
            for key in 0..3u8 {
                let of_key: Vec<Event> = events.iter().filter(|event| event.key == key).cloned().collect();
                let end = world.db.get_item(&scope(), &leases(), &lease_key(&format!("s{key}")), None).unwrap();
                check(&of_key, &end);
            }
            let snapshot = world.catalog.snapshot();
            assert_eq!(world.restarted().await.catalog.snapshot(), snapshot, "a replay gives the same state");
            let restored = Catalog::default();
            restored.restore(&snapshot).unwrap();
            assert_eq!(restored.snapshot(), snapshot, "what was written down reads as the same state");
        });
    }
}

#[tokio::test]
async fn a_restored_state_is_indexed_and_a_wrong_one_refused() {
    let world = World::new().await;
    let spec = spec(vec![owners(Projected::All)]);
    world.db.create_table(&scope(), leases(), spec).await.unwrap();
    world.put(item([("leaseKey", text("s0")), ("leaseOwner", text("w1"))])).await.unwrap();
    let add = Write { table: leases(), action: Action::Delete(lease_key("x")), condition: Condition::ALWAYS };
    world.db.transact(&scope(), vec![add], Some("t".into())).await.unwrap();
    let snapshot = world.catalog.snapshot();
    let restored = Catalog::default();
    restored.restore(&snapshot).unwrap();
    assert_eq!(restored.snapshot(), snapshot);
    let entries = restored.tables.lock().table(&scope(), &leases()).unwrap().entries[0].len();
    assert_eq!(entries, 1);
    for wrong in ["", "{}", r#"{"version":9,"tables":null,"metrics":null}"#] {
        assert!(restored.restore(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert_eq!(restored.snapshot(), snapshot, "a refused state changes nothing");
}
