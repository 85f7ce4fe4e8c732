//! The tables over an in-memory log: what a client sees, in one order, also after a restart.

mod linear;
mod reads;
mod writes;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use log::{CommandLog, MemoryLog};
use types::{AccountId, Applier, Clock, Domain, Region, Scope, Sleep, SystemRandom, Timestamp};

use super::*;
use crate::{Catalog, CompanionsError};

/// A clock that a test moves.
pub(super) struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::ready(()))
    }
}

/// A server's tables, and the log that they can be made from again.
pub(super) struct World {
    pub(super) db: DynamoDb,
    pub(super) catalog: Arc<Catalog>,
    pub(super) clock: Arc<Hand>,
    log: Arc<MemoryLog>,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::over(Arc::default(), Arc::new(Hand(AtomicU64::new(1_700_000_000_000)))).await
    }

    async fn over(log: Arc<MemoryLog>, clock: Arc<Hand>) -> Self {
        let catalog = Arc::<Catalog>::default();
        let appliers = HashMap::from([(Domain::Companions, catalog.clone() as Arc<dyn Applier>)]);
        let commands = CommandLog::open(log.clone(), clock.clone(), appliers).await.unwrap();
        let db = DynamoDb::new(Parts {
            tables: catalog.tables.clone(),
            commands: Arc::new(commands),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
        });
        Self { db, catalog, clock, log }
    }

    /// What the same log makes of a new process.
    pub(super) async fn restarted(&self) -> Self {
        Self::over(self.log.clone(), self.clock.clone()).await
    }

    pub(super) fn pass(&self, span: Duration) {
        self.clock.0.fetch_add(span.as_millis() as u64, Ordering::SeqCst);
    }

    /// How many commands were written.
    pub(super) fn commands(&self) -> u64 {
        use log::Log;
        self.log.bounds(log::COMMAND_PARTITION).map_or(0, |bounds| bounds.end.0)
    }

    /// The table of leases as KCL 3 makes it.
    pub(super) async fn with_leases() -> Self {
        let world = Self::new().await;
        world.db.create_table(&scope(), leases(), spec(vec![])).await.unwrap();
        world
    }

    pub(super) async fn put(&self, item: Item) -> Result<Written, CompanionsError> {
        self.write(Action::Put(item), Condition::ALWAYS).await
    }

    pub(super) async fn write(&self, action: Action, condition: Condition) -> Result<Written, CompanionsError> {
        self.db.write(&scope(), Write { table: leases(), action, condition }).await
    }
}

pub(super) fn scope() -> Scope {
    Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("us-east-1").unwrap() }
}

pub(super) fn leases() -> TableName {
    TableName::parse(&scope(), "my-app").unwrap()
}

fn key(name: &str) -> KeyAttribute {
    KeyAttribute { name: name.into(), kind: KeyType::S }
}

pub(super) fn spec(indexes: Vec<IndexSpec>) -> TableSpec {
    TableSpec {
        keys: KeySchema { hash: key("leaseKey"), range: None },
        indexes,
        throughput: None,
        deletion_protection: false,
        tags: BTreeMap::new(),
    }
}

/// KCL's index from owners to leases.
pub(super) fn owners(projected: Projected) -> IndexSpec {
    IndexSpec {
        name: "LeaseOwnerToLeaseKeyIndex".into(),
        keys: KeySchema { hash: key("leaseOwner"), range: Some(key("leaseKey")) },
        projected,
        throughput: None,
    }
}

pub(super) fn text(text: &str) -> Value {
    Value::S(text.into())
}

pub(super) fn number(number: u64) -> Value {
    Value::N(Number::of_count(number as usize))
}

pub(super) fn item<const N: usize>(attributes: [(&str, Value); N]) -> Item {
    attributes.map(|(name, value)| (name.to_owned(), value)).into()
}

pub(super) fn lease_key(shard: &str) -> Item {
    item([("leaseKey", text(shard))])
}

/// A condition without placeholders for names.
pub(super) fn condition<const N: usize>(expression: &str, values: [(&str, Value); N]) -> Condition {
    let values = (N > 0).then(|| values.map(|(name, value)| (name.to_owned(), value)).into());
    Expressions::new(None, values).condition(Role::Condition, expression).unwrap()
}

pub(super) fn update<const N: usize>(expression: &str, values: [(&str, Value); N]) -> Update {
    let values = (N > 0).then(|| values.map(|(name, value)| (name.to_owned(), value)).into());
    Expressions::new(None, values).update(expression).unwrap()
}
