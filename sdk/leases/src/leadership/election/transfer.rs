//! Writes the successor of a group, and vacates a group that this member was appointed to and does not take.

use aegis_domain::GroupName;
use aegis_nats::bucket::CasError;

use super::effect::{StoreCall, Wait};
use super::hand_over::{Ending, HandOver};
use super::input::Reply;
use super::{Election, Op};
use crate::leadership::store::{Holder, OwnerRecord, Versioned};
use aegis_domain::SessionId;

/// How often it is tried to give up a group that is not taken here; after that it waits for the end of
/// the session.
const DISOWN_TRIES: usize = 100;

/// Writes the successor, or a vacancy, over the record of this term. Ends when it is certain what
/// became of it, or when the session is lost.
///
/// A write without a certain outcome may still be applied later. So the group is not served again, and
/// not offered to another, before the record has been written anew: that makes whatever is still on
/// its way conflict.
#[derive(Debug)]
pub(super) struct Transfer {
    hand_over: HandOver,
    to: Option<Holder>,
    /// The session under which the group is held.
    session: Option<SessionId>,
    /// Our record, if it is known to be in the store.
    current: Option<Versioned<OwnerRecord>>,
    /// A write has no certain outcome.
    unclear: bool,
    attempt: usize,
    /// What is being written.
    writing: Option<Box<OwnerRecord>>,
}

/// Vacates a group that this member was appointed to and does not take: eligible members claim it.
/// It is never served here, so nothing has to end first.
#[derive(Debug)]
pub(super) struct Relinquishment {
    group: GroupName,
    record: Box<OwnerRecord>,
    revision: u64,
    attempt: usize,
}

impl Election {
    pub(super) fn transfer(&mut self, hand_over: HandOver, to: Option<Holder>) {
        let known = self.observer.owner(&hand_over.group);
        let session = self.session;
        let mut transfer =
            Transfer { hand_over, to, session, current: None, unclear: false, attempt: 1, writing: None };
        transfer.current = known.filter(|known| transfer.is_ours(known));
        self.go_on_with_transfer(transfer);
    }

    /// The next read or write.
    pub(super) fn go_on_with_transfer(&mut self, mut transfer: Transfer) {
        if self.session != transfer.session {
            return self.transferred(transfer.hand_over, Ending::Lost(None));
        }
        let group = transfer.hand_over.group.clone();
        let Some(Versioned { revision, record: Some(record) }) = transfer.current.take() else {
            return self.call(Op::Transfer(transfer), StoreCall::Owner(group));
        };
        let reason = &transfer.hand_over.reason;
        let next = match (transfer.unclear, &transfer.to) {
            (true, _) => record,
            (false, Some(to)) => record.handed_over(to.clone(), reason, self.now.wall),
            (false, None) => record.vacated(reason),
        };
        transfer.writing = Some(Box::new(next.clone()));
        self.call(Op::Transfer(transfer), StoreCall::PutOwner(group, Box::new(next), revision));
    }

    pub(super) fn transfer_replied(&mut self, mut transfer: Transfer, reply: Reply) {
        let written = transfer.writing.take().map(|record| *record);
        match reply {
            Reply::Owner(found) => match self.read_owner(&transfer.hand_over.group, found) {
                Ok(found) if transfer.is_ours(&found) => transfer.current = Some(found),
                Ok(found) if transfer.attempt > 1 && self.is_result(&found, &transfer.hand_over) => {
                    return self.transferred(transfer.hand_over, Ending::Done(found));
                }
                Ok(found) => return self.transferred(transfer.hand_over, Ending::Lost(Some(found))),
                Err(error) => {
                    tracing::warn!(group = %transfer.hand_over.group, %error, "a hand-over waits for the lease store");
                }
            },
            Reply::OwnerWritten(Ok(revision)) => {
                let found = Versioned { revision, record: written };
                if !transfer.unclear {
                    return self.transferred(transfer.hand_over, Ending::Done(found));
                }
                transfer.unclear = false;
                transfer.current = Some(found);
            }
            Reply::OwnerWritten(Err(CasError::Conflict)) => {}
            Reply::OwnerWritten(Err(error)) => {
                tracing::warn!(group = %transfer.hand_over.group, %error, "a hand-over has no certain outcome; looking again");
                transfer.unclear = true;
            }
            // Nothing else is asked of the store.
            Reply::Session(_) | Reply::SessionEnded(_) => {}
        }
        if self.session != transfer.session {
            return self.transferred(transfer.hand_over, Ending::Lost(None));
        }
        transfer.attempt += 1;
        let at_most = self.settings.policy.rank_step();
        let wait = Wait::Retry { attempt: transfer.attempt, at_most };
        self.wait(Op::Transfer(transfer), wait);
    }

    pub(super) fn disown(&mut self, group: &GroupName, found: &Versioned<OwnerRecord>) {
        let Versioned { revision, record: Some(record) } = found else { return };
        let (group, record, revision) = (group.clone(), Box::new(record.clone()), *revision);
        self.go_on_with_disowning(Relinquishment { group, record, revision, attempt: 1 });
    }

    pub(super) fn go_on_with_disowning(&mut self, disowning: Relinquishment) {
        let vacated = disowning.record.vacated("the member does not stand for the group");
        let call = StoreCall::PutOwner(disowning.group.clone(), Box::new(vacated), disowning.revision);
        self.call(Op::Relinquishment(disowning), call);
    }

    pub(super) fn disowning_replied(
        &mut self,
        mut disowning: Relinquishment,
        written: Result<u64, CasError>,
    ) {
        let Err(error @ (CasError::Ambiguous | CasError::Refused { .. })) = written else { return };
        tracing::warn!(group = %disowning.group, %error, "a group that is not taken here was not given up");
        if disowning.attempt < DISOWN_TRIES {
            disowning.attempt += 1;
            let wait = Wait::Retry { attempt: disowning.attempt, at_most: std::time::Duration::MAX };
            self.wait(Op::Relinquishment(disowning), wait);
        }
    }

    /// Whether this record is what the hand-over has written.
    fn is_result(&self, found: &Versioned<OwnerRecord>, hand_over: &HandOver) -> bool {
        found.record.as_ref().is_some_and(|record| {
            let last = record.predecessors.last();
            last.is_some_and(|last| last.term == hand_over.term && last.instance == self.settings.me)
                && record.resignation.as_deref() == Some(hand_over.reason.as_str())
        })
    }
}

impl Transfer {
    /// Whether this is the record of the term that is handed over, under the session that holds it.
    fn is_ours(&self, found: &Versioned<OwnerRecord>) -> bool {
        let record = found.record.as_ref().filter(|record| record.term == self.hand_over.term);
        let holder = record.and_then(|record| record.holder.as_ref());
        holder.is_some_and(|holder| Some(holder.session) == self.session)
    }
}
