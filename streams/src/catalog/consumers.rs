//! Registering and deregistering consumers.

use std::collections::BTreeMap;

use types::{CommandMeta, ConsumerName, Kind, Rejected};

use super::{State, limit_exceeded, not_active};
use crate::command::StreamRef;
use crate::{Consumer, ConsumerStatus};

/// What a registration asks for.
pub(super) struct Registration {
    pub(super) name: ConsumerName,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) consumers_max: Option<u32>,
    pub(super) creating_max: Option<u32>,
    pub(super) settle: bool,
}

impl State {
    pub(super) fn register(
        &mut self,
        meta: CommandMeta,
        of: &StreamRef,
        registration: Registration,
    ) -> Result<(), Rejected> {
        let Registration { name, tags, consumers_max, creating_max, settle } = registration;
        let stream = self.change(of)?;
        if !stream.serves() {
            return Err(not_active(stream));
        }
        if let Some(there) = stream.consumers.get(&name) {
            let message = format!("Consumer {} of stream {} already exists.", there.name, stream.name);
            return Err(Rejected { kind: Kind::InUse, message });
        }
        self.check_readers(&of.scope, of.epoch, consumers_max)?;
        let stream = self.change(of)?;
        let creating = stream.consumers.values().filter(|there| there.status == ConsumerStatus::Creating).count();
        if creating_max.is_some_and(|max| creating >= max as usize) {
            return Err(limit_exceeded(format!("{creating} consumers of stream {} are CREATING.", stream.name)));
        }
        let created_seconds = meta.time.seconds().max(stream.consumer_seconds + 1);
        let status = if settle { ConsumerStatus::Active } else { ConsumerStatus::Creating };
        let consumer = Consumer { name: name.clone(), created_seconds, status, tags, policy: None };
        stream.consumers.insert(name, consumer);
        Ok(())
    }

    pub(super) fn deregister(
        &mut self,
        of: &StreamRef,
        name: &ConsumerName,
        created_seconds: u64,
        settle: bool,
    ) -> Result<(), Rejected> {
        let stream = self.change(of)?;
        let found = stream.consumers.get_mut(name).filter(|there| there.created_seconds == created_seconds);
        let Some(consumer) = found else {
            let message = format!("Consumer {name} of stream {} not found.", of.name);
            return Err(Rejected { kind: Kind::NotFound, message });
        };
        consumer.status = ConsumerStatus::Deleting;
        stream.consumer_seconds = stream.consumer_seconds.max(created_seconds);
        if settle {
            stream.consumers.remove(name);
        }
        Ok(())
    }

    pub(super) fn settle_consumer(
        &mut self,
        of: &StreamRef,
        name: &ConsumerName,
        created_seconds: u64,
    ) -> Result<(), Rejected> {
        let stream = self.change(of)?;
        match stream.consumers.get_mut(name).filter(|there| there.created_seconds == created_seconds) {
            Some(there) if there.status == ConsumerStatus::Creating => there.status = ConsumerStatus::Active,
            Some(there) if there.status == ConsumerStatus::Deleting => {
                stream.consumers.remove(name);
            }
            _ => {}
        }
        Ok(())
    }
}
