//! Calls that their callers have given up: heard on a subject of the whole service, since a caller does not know
//! which instance has its call.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::call::Cancel;

/// So many cancellations are kept for calls that have not begun to wait: the two come on different subscriptions.
const EARLY: usize = 256;

/// The calls that can be cancelled, by their reply subject.
#[derive(Debug, Default)]
pub(super) struct Cancels {
    known: Mutex<Known>,
    /// Whether the instance no longer waits for handlers.
    left: AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
    live: HashMap<String, Arc<Cancel>>,
    early: VecDeque<String>,
}

/// A call that can be cancelled as long as this lives.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    cancels: &'a Cancels,
    reply_to: String,
}

impl Cancels {
    pub(super) fn enter(&self, reply_to: &str, cancel: &Arc<Cancel>) -> Entry<'_> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.early.iter().any(|early| early == reply_to) {
            cancel.give_up();
        }
        known.live.insert(reply_to.to_owned(), Arc::clone(cancel));
        if self.has_left() {
            cancel.leave();
        }
        Entry { cancels: self, reply_to: reply_to.to_owned() }
    }

    /// The instance no longer waits for any handler, now or later.
    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::SeqCst);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for cancel in known.live.values() {
            cancel.leave();
        }
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.load(Ordering::SeqCst)
    }

    fn cancel(&self, reply_to: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.live.get(reply_to) {
            Some(cancel) => cancel.give_up(),
            None => {
                if known.early.len() == EARLY {
                    known.early.pop_front();
                }
                known.early.push_back(reply_to.to_owned());
            }
        }
    }

    /// A caller says which call it has given up.
    pub(super) fn hear(&self, reply_to: &[u8]) {
        // Longer ones are no subjects that a call came with.
        if let Ok(reply_to) = std::str::from_utf8(reply_to)
            && reply_to.len() <= 1024
        {
            self.cancel(reply_to);
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.cancels.known.lock().unwrap_or_else(PoisonError::into_inner).live.remove(&self.reply_to);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn a_cancellation_reaches_its_call_before_and_after_that_begins_to_wait() {
        let (cancels, cancel) = (Cancels::default(), Arc::new(Cancel::default()));
        let entry = cancels.enter("a", &cancel);
        cancels.cancel("b");
        assert!(!cancel.is_given_up());
        cancels.cancel("a");
        assert!(cancel.is_given_up());
        drop(entry);
        let later = Arc::new(Cancel::default());
        let _entry = cancels.enter("b", &later);
        assert!(later.is_given_up());
    }

    #[test]
    fn a_call_is_left_behind_whether_it_has_begun_to_wait_or_does_later() {
        let (cancels, cancel, later) =
            (Cancels::default(), Arc::new(Cancel::default()), Arc::new(Cancel::default()));
        let is_left = |cancel: &Cancel| cancel.poll_left(&Context::from_waker(Waker::noop()));
        let _entry = cancels.enter("a", &cancel);
        assert!(!is_left(&cancel) && !cancels.has_left());
        cancels.leave();
        let _later = cancels.enter("b", &later);
        assert!(is_left(&cancel) && is_left(&later) && cancels.has_left());
        assert!(!cancel.is_given_up(), "its caller waits for a word");
    }

    #[test]
    fn memory_is_bounded() {
        let cancels = Cancels::default();
        for n in 0..EARLY * 3 {
            cancels.cancel(&n.to_string());
            drop(cancels.enter(&format!("live {n}"), &Arc::default()));
        }
        let known = cancels.known.lock().unwrap();
        assert_eq!((known.early.len(), known.live.len()), (EARLY, 0));
    }
}
