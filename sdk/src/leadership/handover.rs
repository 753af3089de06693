//! Handing a group over: its calls end, its record names the successor in one write, and the successor
//! serves as soon as it hears of it.

use aegis_domain::{GroupName, InstanceName, Term};
use chrono::Utc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Elector;
use super::request::Answer;
use super::store::{Holder, LeaseStore, OwnerRecord, Versioned};
use crate::nats::bucket::CasError;
use crate::nats::connection::backoff;

/// How many hand-overs are under way at a time.
pub(super) const AT_ONCE: usize = 256;
/// How often it is tried to give up a group that is not taken here; after that it waits for the end of
/// the session.
const DISOWN_TRIES: usize = 100;

/// A group that is to be handed over.
#[derive(Debug)]
pub(super) struct HandOver {
    pub(super) group: GroupName,
    pub(super) term: Term,
    /// To this member; to any when absent.
    pub(super) to: Option<InstanceName>,
    pub(super) reason: String,
    /// Who is told. When somebody is, the group stays here if nobody is there to take it.
    pub(super) answer: Option<Answer>,
}

/// A hand-over whose calls have ended.
#[derive(Debug)]
pub(super) struct Drained {
    pub(super) hand_over: HandOver,
    /// Kept until the end: it bounds how many are under way.
    pub(super) slot: OwnedSemaphorePermit,
}

/// How a hand-over ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The group is the successor's, or nobody's.
    Done(Versioned<OwnerRecord>),
    /// The group was no longer ours.
    Lost(Option<Versioned<OwnerRecord>>),
}

impl<S: LeaseStore> Elector<S> {
    /// Takes no new call for the group and waits until those that run have ended, for the drain time at
    /// most. What runs after that is left to the fencing token.
    pub(super) async fn drain(
        &self,
        hand_over: HandOver,
        slots: std::sync::Arc<Semaphore>,
    ) -> Result<Drained, HandOver> {
        let Ok(slot) = slots.acquire_owned().await else { return Err(hand_over) };
        let HandOver { group, term, .. } = &hand_over;
        let Some(mut calls) = self.guard.leave(group, *term) else { return Err(hand_over) };
        let ended = calls.wait_for(|calls| *calls == 0);
        if tokio::time::timeout(self.drain, ended).await.is_err() {
            tracing::warn!(%group, "a group is handed over although calls are in flight");
        }
        Ok(Drained { hand_over, slot })
    }

    /// Writes the successor, or a vacancy, over the record of this term. Ends when it is certain what
    /// became of it, or when the session is lost.
    ///
    /// A write without a certain outcome may still be applied later. So the group is not served again, and
    /// not offered to another, before the record has been written anew: that makes whatever is still on
    /// its way conflict.
    pub(super) async fn transfer(
        &self,
        hand_over: &HandOver,
        to: Option<&Holder>,
        known: Option<Versioned<OwnerRecord>>,
    ) -> Ending {
        let HandOver { group, term, reason, .. } = hand_over;
        let session = self.guard.session();
        let is_mine = |found: &Versioned<OwnerRecord>| {
            let record = found.record.as_ref().filter(|record| record.term == *term);
            let holder = record.and_then(|record| record.holder.as_ref());
            holder.is_some_and(|holder| Some(holder.session) == session)
        };
        let mut current = known.filter(is_mine);
        let mut unclear = false;
        for attempt in 1.. {
            if self.guard.session() != session {
                return Ending::Lost(None);
            }
            tokio::time::sleep(backoff(attempt).min(self.policy.rank_step())).await;
            let Some(Versioned { revision, record: Some(record) }) = current.take() else {
                match self.owner(group).await {
                    Ok(found) if is_mine(&found) => current = Some(found),
                    Ok(found) if attempt > 1 && self.is_result(&found, hand_over) => {
                        return Ending::Done(found);
                    }
                    Ok(found) => return Ending::Lost(Some(found)),
                    Err(error) => tracing::warn!(%group, %error, "a hand-over waits for the lease store"),
                }
                continue;
            };
            let next = match (unclear, to) {
                (true, _) => record,
                (false, Some(to)) => record.handed_over(to.clone(), reason, Utc::now()),
                (false, None) => record.vacated(reason),
            };
            match self.store.put_owner(group, &next, revision).await {
                Ok(revision) if unclear => {
                    unclear = false;
                    current = Some(Versioned { revision, record: Some(next) });
                }
                Ok(revision) => return Ending::Done(Versioned { revision, record: Some(next) }),
                Err(CasError::Conflict) => {}
                Err(error) => {
                    tracing::warn!(%group, %error, "a hand-over has no certain outcome; looking again");
                    unclear = true;
                }
            }
        }
        unreachable!("the attempts never end")
    }

    /// Gives up a group that this member was appointed to and does not stand for: those that do claim it.
    /// It is never served here, so nothing has to end first.
    pub(super) async fn disown(&self, group: &GroupName, found: Versioned<OwnerRecord>) {
        let Versioned { revision, record: Some(record) } = found else { return };
        for attempt in 1..=DISOWN_TRIES {
            tokio::time::sleep(backoff(attempt)).await;
            let vacated = record.vacated("the member does not stand for the group");
            match self.store.put_owner(group, &vacated, revision).await {
                Ok(_) | Err(CasError::Conflict) => return,
                Err(error) => {
                    tracing::warn!(%group, %error, "a group that is not taken here was not given up")
                }
            }
        }
    }

    /// Whether this record is what the hand-over has written.
    fn is_result(&self, found: &Versioned<OwnerRecord>, hand_over: &HandOver) -> bool {
        found.record.as_ref().is_some_and(|record| {
            let last = record.predecessors.last();
            last.is_some_and(|last| last.term == hand_over.term && last.instance == self.me)
                && record.resignation.as_deref() == Some(hand_over.reason.as_str())
        })
    }
}
