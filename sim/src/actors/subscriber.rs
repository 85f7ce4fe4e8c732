//! A fan-out subscriber: a registered consumer to which the records of one shard after the other are pushed.

use std::collections::BTreeMap;
use std::sync::Arc;

use streams::{Position, Subscription, SubscriptionEvent};
use tokio::sync::watch;
use types::{ConsumerArn, ConsumerName, StreamName};

use super::shards::Shards;
use crate::dice::Dice;
use crate::network::{Reply, call};
use crate::world::{Phase, World};

/// Is pushed to until the clients drain.
pub(crate) async fn subscriber(world: Arc<World>, mut dice: Dice, name: StreamName, number: u64) {
    let consumer = ConsumerName::parse(&format!("pushed-{number}")).expect("a valid name");
    let mut shards = Shards::default();
    loop {
        world.clock.sleep_ms(dice.between(5, 900)).await;
        if world.phase() >= Phase::Drain {
            return;
        }
        let Some(arn) = register(&world, &mut dice, &name, &consumer).await else { continue };
        match shards.refresh(&world, &mut dice, &name, Position::TrimHorizon).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => {
                shards = Shards::default();
                continue;
            }
        }
        let ids: Vec<_> = shards.tails.keys().copied().collect();
        let Some(id) = dice.pick(&ids).copied() else { continue };
        let Some(tail) = shards.tails.get_mut(&id) else { continue };
        let position = tail.position(false);
        // The life that it belongs to: what a dead process still has in memory was never sent.
        let subscribed = call(&world, &mut dice, async |process| {
            let dead = world.current_life().dead.subscribe();
            process.streams.subscribe(&arn, id, position).await.map(|subscription| (subscription, dead))
        });
        let Reply::Answered(Ok((mut subscription, mut dead))) = subscribed.await else { continue };
        world.count("subscriptions", 1);
        for _ in 0..dice.between(1, 20) {
            let Some(event) = next(&world, &mut subscription, &mut dead).await else { break };
            let Some(tail) = shards.tails.get_mut(&id) else { break };
            world.count("events pushed", 1);
            if !event.records().is_empty() {
                tail.take(&world, event.records(), world.clock.micros());
            }
            if event.continuation.is_none() {
                shards.end(&world, id, &event.children);
                break;
            }
        }
    }
}

/// Registers the consumer, or finds it.
async fn register(
    world: &Arc<World>,
    dice: &mut Dice,
    name: &StreamName,
    consumer: &ConsumerName,
) -> Option<ConsumerArn> {
    let registered = call(world, dice, async |process| {
        let stream = process.streams.stream(&world.scope, name).ok()?;
        if let Some(known) = stream.consumers.get(consumer) {
            return Some(known.arn(&stream));
        }
        let made =
            process.streams.register_consumer(&world.scope, name, consumer.clone(), BTreeMap::new()).await.ok()?;
        Some(made.arn(&stream))
    });
    let Reply::Answered(arn) = registered.await else { return None };
    arn
}

/// The next event, unless the process dies, the subscription ends or nothing comes for a while.
async fn next(
    world: &Arc<World>,
    subscription: &mut Subscription,
    dead: &mut watch::Receiver<bool>,
) -> Option<SubscriptionEvent> {
    tokio::select! {
        biased;
        _ = dead.wait_for(|dead| *dead) => None,
        event = subscription.next() => event?.ok(),
        () = world.clock.sleep_ms(3_000) => None,
    }
}
