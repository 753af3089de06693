//! A page of a followed list: the rows that a subscriber has, and the changes to them.

use std::collections::BTreeMap;
use std::ops::Range;

/// What a follower was shown, and of which page.
#[derive(Debug)]
pub(crate) struct FollowedPage<K, V> {
    offset: usize,
    first: usize,
    shown: Vec<(K, V)>,
    total: usize,
}

/// The changes of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PageDelta<K, V> {
    /// Rows that changed, and those that have come onto the page.
    pub(crate) changed: Vec<(K, V)>,
    /// Rows that are gone from it.
    pub(crate) removed: Vec<K>,
    /// All rows of the page in order, when that has changed.
    pub(crate) order: Option<Vec<K>>,
}

impl<K: Clone + Ord, V: Clone + PartialEq> FollowedPage<K, V> {
    /// The page of so many rows from there on.
    pub(crate) fn new(offset: u32, first: u32) -> Self {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self { offset: size(offset), first: size(first), shown: vec![], total: 0 }
    }

    /// What the page shows now; it is taken as shown.
    pub(crate) fn begin(&mut self, rows: &[(K, V)]) -> Vec<(K, V)> {
        self.total = rows.len();
        self.shown = rows[self.range(rows.len())].to_vec();
        self.shown.clone()
    }

    /// What is different from what was shown; it is taken as shown. None if nothing is, the length of the list included.
    pub(crate) fn delta(&mut self, rows: &[(K, V)]) -> Option<PageDelta<K, V>> {
        let now = &rows[self.range(rows.len())];
        if self.total == rows.len() && self.shown == now {
            return None;
        }
        self.total = rows.len();
        let stays = self.shown.iter().map(|(key, _)| key).eq(now.iter().map(|(key, _)| key));
        let mut before: BTreeMap<_, _> = std::mem::take(&mut self.shown).into_iter().collect();
        let mut changed = Vec::new();
        for (key, version) in now {
            if before.remove(key).as_ref() != Some(version) {
                changed.push((key.clone(), version.clone()));
            }
        }
        self.shown = now.to_vec();
        let order = (!stays).then(|| now.iter().map(|(key, _)| key.clone()).collect());
        Some(PageDelta { changed, removed: before.into_keys().collect(), order })
    }

    fn range(&self, length: usize) -> Range<usize> {
        let start = self.offset.min(length);
        start..start.saturating_add(self.first).min(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_tells_what_changed_on_it_and_nothing_else() {
        let mut page = FollowedPage::new(1, 2);
        assert_eq!(page.begin(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]), [("b", 1), ("c", 1)]);
        assert_eq!(page.delta(&[("a", 2), ("b", 1), ("c", 1), ("d", 2)]), None, "nothing on it");
        let delta = page.delta(&[("a", 2), ("b", 2), ("c", 1), ("d", 2)]).unwrap();
        assert_eq!((delta.changed, delta.removed, delta.order), (vec![("b", 2)], vec![], None));
        let delta = page.delta(&[("b", 2), ("c", 1), ("d", 2)]).unwrap();
        assert_eq!(
            (delta.changed, delta.removed, delta.order),
            (vec![("d", 2)], vec!["b"], Some(vec!["c", "d"]))
        );
        let delta = page.delta(&[("b", 2), ("c", 1), ("d", 2), ("e", 1)]).unwrap();
        assert_eq!((delta.changed, delta.order), (vec![], None), "the list is longer");
        let delta = page.delta(&[]).unwrap();
        assert_eq!((delta.removed, delta.order), (vec!["c", "d"], Some(vec![])));
    }
}
