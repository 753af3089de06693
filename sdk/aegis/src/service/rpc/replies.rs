//! The replies of exclusive calls, kept for a while, so that a call that arrives twice happens once.
//!
//! While a group passes from an owner that was suspended to its successor, both are subscribed for a
//! moment, and both get a call. The one that woke up says NOT_ACTIVE, which the caller takes as leave to
//! send the call again under the same id, although the successor has it already.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use aegis_domain::{ErrorCode, Failure, GroupName};
use bytes::Bytes;
use tokio::sync::watch;

use super::response::{Outcome, outcome_unknown};
use aegis_nats::transport::Headers;

/// The most replies kept, and the most bytes in their bodies and ids; the oldest make room.
const REPLIES: usize = 8_192;
const BYTES: usize = 16 * 1024 * 1024;

/// Ids of so many bytes count as nothing.
const ID: usize = 128;

type Key = (GroupName, String);

/// A call, by whether it is here for the first time.
pub(super) enum Arrival<'a> {
    /// It is: handle it, and say how it ended.
    First(Handling<'a>),
    /// It was here before: this is its outcome, once there is one.
    Again(watch::Receiver<Option<Outcome>>),
}

/// The one handling of a call.
pub(super) struct Handling<'a> {
    replies: &'a Replies,
    key: Key,
    outcome: watch::Sender<Option<Outcome>>,
}

#[derive(Debug, Default)]
pub(super) struct Replies {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    outcomes: HashMap<Key, watch::Receiver<Option<Outcome>>>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Replies {
    /// The outcome of a call that is here already, once there is one.
    pub(super) fn find(
        &self,
        group: &GroupName,
        request_id: &str,
    ) -> Option<watch::Receiver<Option<Outcome>>> {
        let key = (group.clone(), request_id.to_owned());
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).outcomes.get(&key).cloned()
    }

    pub(super) fn arrive(&self, group: &GroupName, request_id: &str) -> Arrival<'_> {
        let key = (group.clone(), request_id.to_owned());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = kept.outcomes.get(&key) {
            return Arrival::Again(outcome.clone());
        }
        let (sender, outcome) = watch::channel(None);
        kept.outcomes.insert(key.clone(), outcome);
        kept.bytes += id_size(&key);
        kept.order.push_back(key.clone());
        kept.make_room();
        Arrival::First(Handling { replies: self, key, outcome: sender })
    }
}

impl Handling<'_> {
    /// This is the outcome for copies that come later, too, unless it says that there is none: a copy of a call that was cut off is handled anew,
    /// as a successor would.
    pub(super) fn end(self, outcome: Outcome) {
        let is_unknown = |failure: &Failure| failure.code == ErrorCode::OutcomeUnknown.as_str();
        if outcome.1.as_ref().is_err_and(is_unknown) {
            return self.forget(outcome);
        }
        let mut kept = self.replies.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Unless it has made room meanwhile: then nothing of it is kept.
        if kept.outcomes.get(&self.key).is_some_and(|it| it.same_channel(&self.outcome.subscribe())) {
            kept.bytes += size(&outcome);
        }
        self.outcome.send_replace(Some(outcome));
        kept.make_room();
    }

    /// Those that wait now are told; nothing of it is kept.
    fn forget(self, outcome: Outcome) {
        let mut kept = self.replies.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.outcomes.get(&self.key).is_some_and(|it| it.same_channel(&self.outcome.subscribe())) {
            kept.outcomes.remove(&self.key);
            kept.order.retain(|key| *key != self.key);
            kept.bytes = kept.bytes.saturating_sub(id_size(&self.key));
        }
        self.outcome.send_replace(Some(outcome));
    }
}

impl Kept {
    /// Calls at work keep their places, so that copies of them join them: there are no more of them than the service handles at once.
    fn make_room(&mut self) {
        for _ in 0..self.order.len() {
            if self.order.len() <= REPLIES && self.bytes <= BYTES {
                return;
            }
            let Some(oldest) = self.order.pop_front() else { return };
            let at_work = |outcome: &watch::Receiver<Option<Outcome>>| {
                outcome.borrow().is_none() && outcome.has_changed().is_ok()
            };
            if self.outcomes.get(&oldest).is_some_and(at_work) {
                self.order.push_back(oldest);
            } else if let Some(outcome) = self.outcomes.remove(&oldest) {
                let of_reply = outcome.borrow().as_ref().map_or(0, size);
                self.bytes = self.bytes.saturating_sub(of_reply + id_size(&oldest));
            }
        }
    }
}

/// What became of a call that was here before, if that is known by then.
pub(super) async fn first_outcome(mut outcome: watch::Receiver<Option<Outcome>>, until: Instant) -> Outcome {
    let what = match tokio::time::timeout_at(until.into(), outcome.wait_for(Option::is_some)).await {
        Ok(Ok(outcome)) => match outcome.clone() {
            Some(outcome) => return outcome,
            None => "the first handling of this call has no outcome",
        },
        Ok(Err(_dropped)) => "the first handling of this call was cut off",
        Err(_elapsed) => "the first handling of this call goes on",
    };
    (Headers::default(), Err(outcome_unknown(what)))
}

/// Of an id that is longer than any of this SDK: callers choose them.
fn id_size((_, id): &Key) -> usize {
    if id.len() > ID { id.len() } else { 0 }
}

fn size((_, reply): &Outcome) -> usize {
    reply.as_ref().map_or(0, Bytes::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first<'a>(replies: &'a Replies, id: &str) -> Handling<'a> {
        match replies.arrive(&GroupName::new("ACC-1").unwrap(), id) {
            Arrival::First(handling) => handling,
            Arrival::Again(_) => panic!("{id} was here before"),
        }
    }

    fn again(replies: &Replies, group: &str, id: &str) -> Option<watch::Receiver<Option<Outcome>>> {
        match replies.arrive(&GroupName::new(group).unwrap(), id) {
            Arrival::First(_) => None,
            Arrival::Again(outcome) => Some(outcome),
        }
    }

    #[test]
    fn a_call_that_comes_again_gets_the_outcome_of_the_first_also_while_that_is_under_way() {
        let replies = Replies::default();
        let handling = first(&replies, "a");
        let waiting = again(&replies, "ACC-1", "a").unwrap();
        assert!(waiting.borrow().is_none());
        handling.end((Headers::default(), Ok("done".into())));
        assert_eq!(waiting.borrow().as_ref().unwrap().1.as_ref().unwrap(), "done");
        assert!(again(&replies, "ACC-1", "a").unwrap().borrow().is_some());
        assert!(again(&replies, "ACC-2", "a").is_none(), "another group, another call");
    }

    #[test]
    fn a_call_at_work_is_joined_however_many_come_after_it() {
        let replies = Replies::default();
        for round in 0..3 {
            let name = format!("slow {round}");
            let slow = first(&replies, &name);
            for n in 0..REPLIES {
                first(&replies, &format!("{round} {n}")).end((Headers::default(), Ok(Bytes::new())));
            }
            assert!(again(&replies, "ACC-1", &name).unwrap().borrow().is_none());
            slow.end((Headers::default(), Ok(vec![0; BYTES / 2].into())));
        }
        let kept = replies.kept.lock().unwrap();
        assert!(
            kept.bytes <= BYTES && kept.outcomes.len() <= REPLIES && kept.order.len() == kept.outcomes.len()
        );
    }

    #[test]
    fn a_call_that_was_cut_off_is_handled_anew_when_it_comes_again() {
        let replies = Replies::default();
        let handling = first(&replies, "a");
        let waiting = again(&replies, "ACC-1", "a").unwrap();
        handling.end((Headers::default(), Err(outcome_unknown("its term is over"))));
        assert!(waiting.borrow().is_some(), "those that wait are told");
        first(&replies, "a").end((Headers::default(), Ok("done".into())));
        // One that was dropped over it has none either, and makes room.
        drop(first(&replies, "b"));
        let kept = replies.kept.lock().unwrap();
        assert!(kept.order.len() == kept.outcomes.len() && kept.bytes == 4, "{}", kept.bytes);
    }

    #[test]
    fn memory_is_bounded_by_number_and_by_bytes() {
        let replies = Replies::default();
        for n in 0..REPLIES + 10 {
            first(&replies, &n.to_string()).end((Headers::default(), Ok(Bytes::new())));
        }
        assert_eq!(replies.kept.lock().unwrap().outcomes.len(), REPLIES);
        for n in 0..40 {
            first(&replies, &format!("large {n}")).end((Headers::default(), Ok(vec![0; BYTES / 16].into())));
        }
        let kept = replies.kept.lock().unwrap();
        assert!(
            kept.bytes <= BYTES && kept.outcomes.len() <= 16,
            "{} in {}",
            kept.bytes,
            kept.outcomes.len()
        );
        drop(kept);
        for n in 0..100 {
            first(&replies, &format!("{n}{}", "x".repeat(BYTES / 20)))
                .end((Headers::default(), Ok(Bytes::new())));
        }
        assert!(replies.kept.lock().unwrap().outcomes.len() < 20, "ids are as long as their callers like");
    }
}
