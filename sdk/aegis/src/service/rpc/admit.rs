//! Who may handle a call of a group, and what the others are told.

use std::time::Duration;

use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, GroupName};

use super::dispatch::{Dispatcher, Way};
use super::replies::Outcome;
use aegis_domain::Fault;
use aegis_leases::leadership::Permit;
use aegis_nats::transport::Headers;

/// How long a call waits for its group before it is refused. A group that passes on has two owners
/// subscribed for a moment, who both get the call: the answer of the one that takes it is to come first.
const REFUSE_AFTER: Duration = Duration::from_millis(2);
/// How much longer it waits while the group is on its way to another.
const HAND_OVER: Duration = Duration::from_millis(8);
/// When it is worth to try again after a refusal: with a new owner that may still be subscribing, and
/// while nobody knows of one.
const SUCCESSOR_KNOWN_MS: u64 = 1;
const SUCCESSOR_UNKNOWN_MS: u64 = 10;

/// Leave to handle a call, for the group that it is for, if it is for one.
pub(super) type Tenancy = Option<(GroupName, Permit)>;

impl Dispatcher {
    /// Leave, if it comes within a moment.
    pub(super) async fn admit(&self, way: &Way) -> Result<Tenancy, Outcome> {
        match way {
            Way::Balanced => Ok(None),
            Way::Group(group) | Way::Left(group) => {
                let permit = self.enter(way, group).await.ok_or_else(|| self.not_active(group))?;
                Ok(Some((group.clone(), permit)))
            }
        }
    }

    async fn enter(&self, way: &Way, group: &GroupName) -> Option<Permit> {
        let until = tokio::time::Instant::now() + REFUSE_AFTER;
        if matches!(way, Way::Left(_)) {
            tokio::time::sleep_until(until).await;
            return None;
        }
        let held_until = until + HAND_OVER;
        let mut changes = self.guard.changes();
        let mut was_leaving = false;
        loop {
            changes.mark_unchanged();
            if let Some(permit) = self.guard.enter(group) {
                return Some(permit);
            }
            // A call that came before the successor has subscribed is nobody else's: it is told where to go as
            // soon as that is known.
            let leaving = self.guard.is_leaving(group);
            if was_leaving && !leaving {
                return None;
            }
            was_leaving = leaving;
            let until = if leaving { held_until } else { until };
            tokio::time::timeout_at(until, changes.changed()).await.ok()?.ok()?;
        }
    }

    /// The refusal for want of ownership, with what this instance knows of the owner.
    pub(super) fn not_active(&self, group: &GroupName) -> Outcome {
        let mut headers = Headers::default();
        headers.insert(header::GROUP, group.as_str());
        let owner = self.guard.owner_of(group).filter(|owner| owner.instance != self.handle.instance);
        let retry_after = if owner.is_some() { SUCCESSOR_KNOWN_MS } else { SUCCESSOR_UNKNOWN_MS };
        headers.insert(header::RETRY_AFTER_MS, &retry_after.to_string());
        let text = match owner {
            Some(owner) => {
                headers.insert(header::OWNER, owner.instance.as_str());
                headers.insert(header::TERM, &owner.term.to_string());
                format!("this instance does not own {group}: {} does, in term {}", owner.instance, owner.term)
            }
            None => format!("this instance does not own {group} now"),
        };
        (headers, Err(Fault::of(ErrorCode::NotActive, text)))
    }

    /// The refusal of a call for want of room. It ends the call, which the owner of the group may have too: only the
    /// owner may refuse it.
    pub(super) fn overloaded(&self, way: &Way) -> Outcome {
        match way {
            Way::Left(group) => self.not_active(group),
            Way::Group(group) if self.guard.admit(group).is_none() => self.not_active(group),
            Way::Balanced | Way::Group(_) => {
                let text = "too many calls are waiting: slow down and try again";
                (Headers::default(), Err(Fault::of(ErrorCode::Overloaded, text)))
            }
        }
    }
}
