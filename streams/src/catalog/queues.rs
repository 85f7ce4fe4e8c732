//! Creating, changing, settling and deleting queues.

use std::sync::Arc;

use types::{CommandMeta, Epoch, Kind, PartitionId, QueueName, Rejected, Scope};

use super::{State, limit_exceeded, not_active};
use crate::queues::{Queue, QueueChange, QueueCommand, QueueRef, QueueStatus};
use crate::{Stream, StreamMode};

impl State {
    /// The queue of that name.
    pub(crate) fn queue(&self, scope: &Scope, name: &QueueName) -> Option<&Arc<Queue>> {
        self.queues.get(&(scope.clone(), name.clone()))
    }

    /// All queues, by scope and name.
    pub(crate) fn queues(&self) -> impl Iterator<Item = &Arc<Queue>> {
        self.queues.values()
    }

    /// How many queues read a stream.
    pub(crate) fn queues_of(&self, stream: Epoch) -> usize {
        self.queues.values().filter(|queue| queue.stream.epoch == stream).count()
    }

    /// Refuses what a stream with queues does not allow.
    pub(super) fn check_no_queues(&self, stream: Epoch, what: &str) -> Result<(), Rejected> {
        match self.queues_of(stream) {
            0 => Ok(()),
            count => {
                let message = format!("The stream has {count} queues; delete them before it is {what}.");
                Err(Rejected { kind: Kind::InUse, message })
            }
        }
    }

    pub(super) fn apply_queue(&mut self, meta: CommandMeta, command: QueueCommand) -> Result<(), Rejected> {
        match command {
            command @ QueueCommand::Create { .. } => self.create_queue(meta, command),
            QueueCommand::Update { of, change, settle } => self.update_queue(&of, change, settle),
            QueueCommand::Delete { of, transitions_max, settle } => self.delete_queue(&of, transitions_max, settle),
            QueueCommand::Settle { of } => self.settle_queue(&of),
        }
    }

    fn create_queue(&mut self, meta: CommandMeta, command: QueueCommand) -> Result<(), Rejected> {
        let QueueCommand::Create {
            scope,
            name,
            stream: of,
            start,
            offsets,
            attributes,
            tags,
            consumers_max,
            transitions_max,
            settle,
        } = command
        else {
            return Err(super::invalid("not a command that creates a queue".into()));
        };
        if self.queue(&scope, &name).is_some() {
            let message = format!("Queue {name} under account {} already exists.", scope.account);
            return Err(Rejected { kind: Kind::InUse, message });
        }
        self.check_readers(&of.scope, of.epoch, consumers_max)?;
        self.check_queue_transitions(&scope, QueueStatus::Creating, transitions_max)?;
        let stream = self.change(&of)?;
        check_stream(stream)?;
        let status = if settle { QueueStatus::Active } else { QueueStatus::Creating };
        let queue = Queue {
            scope: scope.clone(),
            name: name.clone(),
            epoch: Epoch(meta.offset.0),
            created: meta.time,
            status,
            attributes,
            start,
            tags,
            policy: None,
            stream: of,
            offsets,
            journal: PartitionId::opened_by(meta.offset, 0),
        };
        self.queues.insert((scope, name), Arc::new(queue));
        Ok(())
    }

    /// Consumers and queues share one quota (developer guide).
    pub(super) fn check_readers(&self, scope: &Scope, stream: Epoch, max: Option<u32>) -> Result<(), Rejected> {
        let Some(max) = max else { return Ok(()) };
        let consumers = self.by_epoch(stream).map_or(0, |stream| stream.consumers.len());
        let queues = self.queues_of(stream);
        if consumers + queues < max as usize {
            return Ok(());
        }
        Err(limit_exceeded(format!(
            "The stream of account {} has {consumers} consumers and {queues} queues, as many as it may.",
            scope.account
        )))
    }

    fn check_queue_transitions(&self, scope: &Scope, status: QueueStatus, max: Option<u32>) -> Result<(), Rejected> {
        let there = self.queues.values().filter(|queue| queue.scope == *scope && queue.status == status).count();
        if max.is_none_or(|max| there < max as usize) {
            return Ok(());
        }
        Err(limit_exceeded(format!("{there} queues of account {} are {}.", scope.account, status.as_str())))
    }

    fn update_queue(&mut self, of: &QueueRef, change: QueueChange, settle: bool) -> Result<(), Rejected> {
        let queue = self.change_queue(of)?;
        if queue.status != QueueStatus::Active {
            return Err(queue_not_active(queue));
        }
        queue.attributes = change.over(queue.attributes);
        if !settle {
            queue.status = QueueStatus::Updating;
        }
        Ok(())
    }

    fn delete_queue(&mut self, of: &QueueRef, transitions_max: Option<u32>, settle: bool) -> Result<(), Rejected> {
        if settle {
            self.change_queue(of)?;
            self.remove_queue(of);
            return Ok(());
        }
        // DeleteQueue knows no ResourceInUseException: a second call changes nothing.
        if self.change_queue(of)?.status != QueueStatus::Deleting {
            self.check_queue_transitions(&of.scope, QueueStatus::Deleting, transitions_max)?;
            self.change_queue(of)?.status = QueueStatus::Deleting;
        }
        Ok(())
    }

    fn settle_queue(&mut self, of: &QueueRef) -> Result<(), Rejected> {
        let queue = self.change_queue(of)?;
        if queue.status == QueueStatus::Deleting {
            self.remove_queue(of);
        } else {
            queue.status = QueueStatus::Active;
        }
        Ok(())
    }

    fn remove_queue(&mut self, of: &QueueRef) {
        if let Some(queue) = self.queues.remove(&(of.scope.clone(), of.name.clone())) {
            self.dropped.push(queue.journal);
        }
    }

    fn change_queue(&mut self, of: &QueueRef) -> Result<&mut Queue, Rejected> {
        let found = self.named_queue(&of.scope, &of.name)?;
        if found.epoch == of.epoch { Ok(found) } else { Err(queue_not_found(&of.scope, &of.name)) }
    }

    pub(super) fn named_queue(&mut self, scope: &Scope, name: &QueueName) -> Result<&mut Queue, Rejected> {
        let found = self.queues.get_mut(&(scope.clone(), name.clone()));
        found.map(Arc::make_mut).ok_or_else(|| queue_not_found(scope, name))
    }
}

fn check_stream(stream: &Stream) -> Result<(), Rejected> {
    if !stream.serves() {
        return Err(not_active(stream));
    }
    if stream.mode != StreamMode::OnDemand {
        let message = format!("A queue needs a stream in ON_DEMAND mode; {} is PROVISIONED.", stream.name);
        return Err(Rejected { kind: Kind::Unsupported, message });
    }
    Ok(())
}

fn queue_not_found(scope: &Scope, name: &QueueName) -> Rejected {
    Rejected { kind: Kind::NotFound, message: format!("Queue {name} under account {} not found.", scope.account) }
}

fn queue_not_active(queue: &Queue) -> Rejected {
    let (name, account, status) = (&queue.name, &queue.scope.account, queue.status.as_str());
    let message = format!("Queue {name} under account {account} not ACTIVE, instead in state {status}");
    Rejected { kind: Kind::InUse, message }
}
