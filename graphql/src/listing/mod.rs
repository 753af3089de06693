//! Lists of subscriptions: computed once for all subscribers of the same list.

mod groups;
mod instances;
mod page;
mod services;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use aegis_projections::live::Contents;

pub(crate) use groups::GroupQuestion;
pub(crate) use instances::{InstanceList, InstanceQuestion};
pub(crate) use page::FollowedPage;
pub(crate) use services::ServiceQuestion;

/// A list is made again at most so often.
const PACE: Duration = Duration::from_millis(250);
/// All lists of a kind together take at most one part in so many of a core: the more and the longer they are, the later each
/// is made again. What the rows of a page say is told as fast as ever.
const SHARE: u32 = 5;
/// Some rows leave a list, or tell other figures, by the mere passing of time.
pub(crate) const DRIFT: Duration = Duration::from_secs(5);

/// Which list.
pub(crate) trait Question: Clone + Eq + Hash + Send + Sync {
    /// What answers it.
    type List: PartialEq + Send + Sync;

    /// The list as it stands.
    fn answer(&self, contents: &Contents) -> Self::List;

    /// Whether heartbeats alone move what is in it.
    fn is_by_figures(&self) -> bool;

    /// What tells that an event may have changed it.
    fn mark(contents: &Contents) -> u64;
}

/// All lists of a kind that somebody follows. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Listings<Q: Question>(Arc<Followed<Q>>);

#[derive(Debug)]
struct Followed<Q: Question> {
    listings: Mutex<HashMap<Q, Weak<Listing<Q>>>>,
    followed: Arc<AtomicU32>,
}

/// A list that somebody follows.
#[derive(Debug)]
pub(crate) struct Listing<Q: Question> {
    question: Q,
    followed: Arc<AtomicU32>,
    made: Mutex<Option<Made<Q::List>>>,
}

#[derive(Debug)]
struct Made<L> {
    list: Arc<L>,
    at: Instant,
    took: Duration,
    last_change: u64,
    mark: u64,
}

impl<Q: Question> Default for Listings<Q> {
    fn default() -> Self {
        Self(Arc::new(Followed { listings: Mutex::default(), followed: Arc::default() }))
    }
}

impl<Q: Question> Listings<Q> {
    /// The list that answers this; the same one for all who ask.
    pub(crate) fn of(&self, question: Q) -> Arc<Listing<Q>> {
        let mut listings = self.0.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listing) = listings.get(&question).and_then(Weak::upgrade) {
            return listing;
        }
        listings.retain(|_, listing| listing.strong_count() > 0);
        let followed = Arc::clone(&self.0.followed);
        followed.fetch_add(1, Ordering::Relaxed);
        let listing = Arc::new(Listing { question: question.clone(), followed, made: Mutex::new(None) });
        listings.insert(question, Arc::downgrade(&listing));
        listing
    }
}

impl<Q: Question> Drop for Listing<Q> {
    fn drop(&mut self) {
        self.followed.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<Q: Question> Listing<Q> {
    /// The list as it stands: the same one as before if nothing in it has moved. If something may have moved that is not
    /// looked at yet, also when to ask again.
    pub(crate) fn current(&self, contents: &Contents) -> (Arc<Q::List>, Option<Instant>) {
        let (now, mark) = (Instant::now(), Q::mark(contents));
        let mut slot = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*slot {
            let elapsed = now.saturating_duration_since(made.at);
            let moved = mark != made.mark
                || (contents.last_change() != made.last_change
                    && (self.question.is_by_figures() || elapsed >= DRIFT));
            if !moved {
                return (Arc::clone(&made.list), None);
            }
            let wait = PACE.max(made.took * self.followed.load(Ordering::Relaxed) * SHARE);
            if elapsed < wait {
                return (Arc::clone(&made.list), Some(made.at + wait));
            }
        }
        let list = self.question.answer(contents);
        let list = match slot.take() {
            Some(made) if *made.list == list => made.list,
            Some(_) | None => Arc::new(list),
        };
        *slot = Some(Made {
            list: Arc::clone(&list),
            at: now,
            took: now.elapsed(),
            last_change: contents.last_change(),
            mark,
        });
        (list, None)
    }
}
