//! Limits on what one principal or one address may have at a time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// So many places for each holder.
#[derive(Debug)]
pub(crate) struct Places<K: Eq + Hash> {
    each: usize,
    taken: Mutex<HashMap<K, usize>>,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place<K: Eq + Hash> {
    of: Arc<Places<K>>,
    holder: K,
}

impl<K: Eq + Hash + Clone> Places<K> {
    pub(crate) fn new(each: usize) -> Arc<Self> {
        Arc::new(Self { each, taken: Mutex::default() })
    }

    /// A place for this holder; none when it has as many as it may.
    pub(crate) fn take(self: &Arc<Self>, holder: &K) -> Option<Place<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(holder.clone()).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        Some(Place { of: Arc::clone(self), holder: holder.clone() })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.of.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_holder_has_its_own_places_and_gives_them_back() {
        let places = Places::new(2);
        let taken = [places.take(&"a").unwrap(), places.take(&"a").unwrap()];
        assert!(places.take(&"a").is_none());
        assert!(places.take(&"b").is_some());
        drop(taken);
        assert!(places.take(&"a").is_some());
        assert_eq!(places.taken.lock().unwrap().len(), 0, "a holder without places takes no memory");
    }
}
