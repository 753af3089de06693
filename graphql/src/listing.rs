//! Lists of instances that are followed: filtered and ordered once for all who follow the same list.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use aegis_projections::live::Contents;
use aegis_projections::state::InstanceKey;

use crate::types::{InstanceFilter, InstanceOrder, InstanceStatus};

/// A list is made again at most so often.
const PACE: Duration = Duration::from_millis(250);
/// All lists together take at most one part in so many of a core: the more and the longer they are, the later each is made
/// again. What the rows of a page say is told as fast as ever.
const SHARE: u32 = 5;
/// Some instances leave a list by the mere passing of time.
const DRIFT: Duration = Duration::from_secs(5);

/// Which list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) filter: InstanceFilter,
    pub(crate) order: InstanceOrder,
}

/// All lists that somebody follows. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listings(Arc<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    listings: Mutex<HashMap<Question, Weak<Listing>>>,
    followed: Arc<AtomicU32>,
}

/// A list that somebody follows.
#[derive(Debug)]
pub(crate) struct Listing {
    question: Question,
    followed: Arc<AtomicU32>,
    made: Mutex<Option<Made>>,
}

/// A list as it stood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// The instances in order.
    pub(crate) keys: Vec<InstanceKey>,
    /// How many instances there are in each status, whichever statuses the list shows.
    pub(crate) counts: BTreeMap<InstanceStatus, u64>,
    /// Those of them that flap, which ends without a change.
    pub(crate) flapping: BTreeSet<InstanceKey>,
}

#[derive(Debug)]
struct Made {
    list: Arc<List>,
    at: Instant,
    took: Duration,
    last_change: u64,
    last_change_by_event: u64,
}

impl Listings {
    /// The list that answers this; the same one for all who ask.
    pub(crate) fn of(&self, question: Question) -> Arc<Listing> {
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

impl Drop for Listing {
    fn drop(&mut self) {
        self.followed.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Listing {
    /// The list as it stands: the same one as before if nothing in it has moved. If something may have moved that is not
    /// looked at yet, also when to ask again.
    pub(crate) fn current(&self, contents: &Contents) -> (Arc<List>, Option<Instant>) {
        let now = Instant::now();
        let mut slot = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*slot {
            let elapsed = now.saturating_duration_since(made.at);
            let moved = contents.last_change_by_event() != made.last_change_by_event
                || (contents.last_change() != made.last_change
                    && (self.question.order.is_by_figures() || elapsed >= DRIFT));
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
            last_change_by_event: contents.last_change_by_event(),
        });
        (list, None)
    }
}

impl List {
    /// What tells the present state of an instance of the list from all others: the number of its last change, and whether it
    /// flaps. Zero of one that is gone.
    pub(crate) fn number(&self, contents: &Contents, key: &InstanceKey) -> u64 {
        let change = contents.change_of(key).unwrap_or_default();
        change * 2 + u64::from(self.flapping.contains(key))
    }
}

impl Question {
    fn answer(&self, contents: &Contents) -> List {
        let now = contents.time();
        let (mut counts, mut flapping) = (BTreeMap::new(), BTreeSet::new());
        let mut ranked = Vec::new();
        for (key, view) in &contents.state.instances {
            if !self.filter.takes_in_any_status(view) {
                continue;
            }
            *counts.entry(view.status.into()).or_default() += 1;
            if self.filter.takes_status(view, now) {
                ranked.push((self.order.rank(contents, key, view), key));
                if view.is_flapping(now) {
                    flapping.insert(key.clone());
                }
            }
        }
        // They come in order of name, and what is equal by rank stays so.
        ranked.sort_by(|(a, _), (b, _)| a.cmp(b));
        List { keys: ranked.into_iter().map(|(_, key)| key.clone()).collect(), counts, flapping }
    }
}
