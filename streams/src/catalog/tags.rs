//! Tags and policies of streams, consumers and queues.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use types::limits::TAGS_MAX;
use types::{ConsumerName, Kind, Rejected, Scope, StreamName};

use super::{State, invalid, not_active};
use crate::resource::Resource;
use crate::{Consumer, Stream, StreamStatus};

impl State {
    pub(super) fn tag(
        &mut self,
        scope: &Scope,
        resource: &Resource,
        set: BTreeMap<String, String>,
        remove: &BTreeSet<String>,
    ) -> Result<(), Rejected> {
        let tags = match resource {
            Resource::Stream(name) => {
                let stream = self.named(scope, name)?;
                if stream.status == StreamStatus::Creating {
                    return Err(not_active(stream));
                }
                &mut stream.tags
            }
            Resource::Consumer { stream, name, created_seconds } => {
                &mut self.registered(scope, stream, name, *created_seconds)?.tags
            }
            Resource::Queue(name) => &mut self.named_queue(scope, name)?.tags,
        };
        let new = set.keys().filter(|key| !tags.contains_key(*key)).count();
        if tags.len() + new > TAGS_MAX {
            return Err(invalid(format!(
                "A resource has at most {TAGS_MAX} tags; it has {} and {new} more were given.",
                tags.len()
            )));
        }
        tags.retain(|key, _| !remove.contains(key));
        tags.extend(set);
        Ok(())
    }

    pub(super) fn set_policy(
        &mut self,
        scope: &Scope,
        resource: &Resource,
        policy: Option<String>,
    ) -> Result<(), Rejected> {
        let place = match resource {
            Resource::Stream(name) => &mut self.named(scope, name)?.policy,
            Resource::Consumer { stream, name, created_seconds } => {
                &mut self.registered(scope, stream, name, *created_seconds)?.policy
            }
            Resource::Queue(name) => &mut self.named_queue(scope, name)?.policy,
        };
        if policy.is_none() && place.is_none() {
            return Err(Rejected { kind: Kind::NotFound, message: "The resource has no policy.".into() });
        }
        *place = policy;
        Ok(())
    }

    fn named(&mut self, scope: &Scope, name: &StreamName) -> Result<&mut Stream, Rejected> {
        let found = self.by_name.get_mut(&(scope.clone(), name.clone()));
        found.map(Arc::make_mut).ok_or_else(|| Rejected {
            kind: Kind::NotFound,
            message: format!("Stream {name} under account {} not found.", scope.account),
        })
    }

    fn registered(
        &mut self,
        scope: &Scope,
        stream: &StreamName,
        name: &ConsumerName,
        created_seconds: u64,
    ) -> Result<&mut Consumer, Rejected> {
        let stream = self.named(scope, stream)?;
        let found = stream.consumers.get_mut(name).filter(|there| there.created_seconds == created_seconds);
        found.ok_or_else(|| Rejected { kind: Kind::NotFound, message: format!("Consumer {name} not found.") })
    }
}
