//! Which calls may be handled: within the limits of the service, and for a group by its owner alone.

use std::sync::Arc;
use std::time::Duration;

use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, Failure, GroupName, InstanceName, Term};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::job::Job;
use super::response::Outcome;
use super::routes::Way;
use super::turns::{TooMany, Turn, Turns, Waiting};
use crate::stats::Stats;
use aegis_leases::leadership::{Guard, Permit};
use aegis_nats::transport::Headers;

/// How long a call waits for its group before it is refused. A group that passes on has two owners
/// subscribed for a moment, who both get the call: the answer of the one that takes it is to come first.
const REFUSE_AFTER: Duration = Duration::from_millis(2);
/// How much longer it waits while the group is on its way to another.
const HAND_OVER: Duration = Duration::from_millis(8);
/// When it is worth to try again after a refusal: with a new owner that may still be subscribing, and
/// while none is known.
const SUCCESSOR_KNOWN_MS: u64 = 1;
const SUCCESSOR_UNKNOWN_MS: u64 = 10;

/// Why a call is refused for want of room.
pub(super) const TOO_MANY: &str = "too many calls are waiting: slow down and try again";
/// Why one is whose group has too many.
const TOO_MANY_OF_GROUP: &str = "too many calls are waiting for their turn: slow down and try again";
/// Why one is that waited when the instance stopped.
pub(super) const STOPPED: &str = "the instance stopped before the call began: try again, others take it";

/// Leave to handle a call, for the group that it is for, if it is for one.
pub(super) type Tenancy = Option<(GroupName, Permit)>;

/// Admits calls, and counts them while they are here.
#[derive(Debug)]
pub(super) struct Admission {
    instance: InstanceName,
    guard: Guard,
    stats: Arc<Stats>,
    /// For calls that are handled at once.
    places: Semaphore,
    /// For copies of calls that wait for the outcome of the first.
    copies: Arc<Semaphore>,
    max_waiting: u64,
    turns: Turns,
}

impl Admission {
    /// As many calls are handled at once as `max_in_flight` says, and as many wait.
    pub(super) fn new(instance: InstanceName, guard: Guard, stats: Arc<Stats>, max_in_flight: u64) -> Self {
        let places = places(max_in_flight);
        let (places, copies) = (Semaphore::new(places), Arc::new(Semaphore::new(places)));
        Self {
            instance,
            guard,
            stats,
            places,
            copies,
            max_waiting: max_in_flight,
            turns: Turns::new(max_in_flight),
        }
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Whether no more calls may wait.
    pub(super) fn is_full(&self) -> bool {
        // Those that wait for their turns have a room of their own.
        let queued = self.stats.queued();
        queued >= self.max_waiting && queued.saturating_sub(self.turns.waiting()) >= self.max_waiting
    }

    /// A call was refused before it began.
    pub(super) fn refused(&self) {
        self.stats.refuse();
    }

    /// A place for a call that would go first, if there is one. It begins.
    pub(super) fn try_begin(&self) -> bool {
        let has_place =
            self.stats.queued() == 0 && self.places.try_acquire().map(SemaphorePermit::forget).is_ok();
        if has_place {
            self.stats.begin();
        }
        has_place
    }

    /// A call waits for its place.
    pub(super) fn queue(&self) {
        self.stats.queue();
    }

    /// Puts a call among those of its group, if it takes turns: the order is that in which this is called.
    pub(super) fn enter_turns(&self, job: &Job) -> Option<Waiting> {
        match &job.way {
            Way::Group(group) if job.method.served.takes_turns => Some(self.turns.enter(group)),
            Way::Group(_) | Way::Left(_) | Way::Balanced => None,
        }
    }

    /// Waits until it has its turn. It holds no place meanwhile.
    pub(super) async fn turn(&self, way: &Way, waiting: Option<Waiting>) -> Result<Option<Turn>, Outcome> {
        let Some(waiting) = waiting else { return Ok(None) };
        let turn = waiting.turn().await;
        turn.map(Some).map_err(|TooMany| self.overloaded(way, TOO_MANY_OF_GROUP))
    }

    /// Waits until a call that is in the queue has a place. It begins.
    pub(super) async fn begin(&self) {
        self.take_place().await;
        self.stats.begin();
        self.stats.leave_queue();
    }

    /// A place for a call that has begun, and has given its own back to wait.
    pub(super) async fn take_place(&self) {
        if let Ok(place) = self.places.acquire().await {
            place.forget();
        }
    }

    /// The call has no use for its place any more.
    pub(super) fn release_place(&self) {
        self.places.add_permits(1);
    }

    /// The call has ended, and a stop does not wait for it any more.
    pub(super) fn end(&self) {
        self.stats.end();
    }

    /// A place for the copy of a call that waits for the outcome of the first.
    pub(super) fn try_copy(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.copies).try_acquire_owned().ok()
    }

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

    /// Whether the group is still held under the term in which its call was admitted.
    pub(super) fn still_holds(&self, group: &GroupName, term: Term) -> bool {
        self.guard.still_holds(group, term)
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
            // A call that came before the successor has subscribed went to this instance alone: it is told where to
            // go as soon as that is known.
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
    fn not_active(&self, group: &GroupName) -> Outcome {
        let mut headers = Headers::default();
        headers.insert(header::GROUP, group.as_str());
        let owner = self.guard.owner_of(group).filter(|owner| owner.instance != self.instance);
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
        (headers, Err(Failure::of(ErrorCode::NotActive, text)))
    }

    /// The refusal of a call for want of room. It ends the call, which the owner of the group may have too: only the
    /// owner may refuse it.
    pub(super) fn overloaded(&self, way: &Way, why: &str) -> Outcome {
        match way {
            Way::Left(group) => self.not_active(group),
            Way::Group(group) if self.guard.admit(group).is_none() => self.not_active(group),
            Way::Balanced | Way::Group(_) => {
                (Headers::default(), Err(Failure::of(ErrorCode::Overloaded, why)))
            }
        }
    }
}

/// The permits of a limit.
pub(super) fn places(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS)
}
