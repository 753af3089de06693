//! Texts that many events share, stored once. An id is given at the first mention in the log, so that the same
//! log gives the same ids. A text that no event of the index mentions any more is forgotten with the events.

use std::collections::HashMap;

use aegis_domain::Sequence;

#[derive(Debug, Default)]
pub(super) struct Names {
    texts: HashMap<String, Name>,
    /// The highest id that was ever given: none is given twice.
    highest: i64,
    /// The ids of those that are in the table, and were mentioned since the last snapshot.
    recent: Vec<i64>,
    /// Where that was.
    snapshot: Sequence,
}

#[derive(Debug, Clone, Copy)]
struct Name {
    id: i64,
    /// The last snapshot before the last mention.
    mentioned_after: Sequence,
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) mentioned_after: Sequence,
}

impl Names {
    /// What the table holds, with the highest id that was ever given and the ids that were mentioned since the last
    /// snapshot.
    pub(super) fn restored(stored: Vec<Stored>, highest: i64, recent: Vec<i64>, snapshot: Sequence) -> Self {
        let highest = stored.iter().map(|name| name.id).fold(highest, i64::max);
        let name = |Stored { id, text, mentioned_after }| (text, Name { id, mentioned_after });
        let mut names = Self { texts: stored.into_iter().map(name).collect(), highest, recent, snapshot };
        // They are written as mentioned with the next snapshot.
        let recent: std::collections::HashSet<i64> = names.recent.iter().copied().collect();
        for name in names.texts.values_mut().filter(|name| recent.contains(&name.id)) {
            name.mentioned_after = snapshot;
        }
        names
    }

    /// The id of a text that is mentioned now; a new one goes to `new`, too.
    pub(super) fn id(&mut self, text: &str, new: &mut Vec<Stored>) -> i64 {
        if let Some(name) = self.texts.get_mut(text) {
            if name.mentioned_after < self.snapshot {
                name.mentioned_after = self.snapshot;
                self.recent.push(name.id);
            }
            return name.id;
        }
        // No process holds so many texts that they could not be counted.
        self.highest = self.highest.saturating_add(1);
        let name = Name { id: self.highest, mentioned_after: self.snapshot };
        self.texts.insert(text.to_owned(), name);
        new.push(Stored { id: name.id, text: text.to_owned(), mentioned_after: self.snapshot });
        name.id
    }

    /// A snapshot is taken here: answers the ids that were mentioned since the last one, and where that was.
    pub(super) fn snapshot(&mut self, at: Sequence) -> (Sequence, Vec<i64>) {
        (std::mem::replace(&mut self.snapshot, at), std::mem::take(&mut self.recent))
    }

    /// Events up to this snapshot leave the index: answers the ids of the texts that leave with them.
    pub(super) fn forget(&mut self, through: Sequence) -> Vec<i64> {
        let gone = self.texts.extract_if(|_, name| name.mentioned_after < through).map(|(_, name)| name.id);
        let mut gone: Vec<i64> = gone.collect();
        gone.sort_unstable();
        gone
    }

    /// The highest id that was ever given.
    pub(super) fn highest(&self) -> i64 {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_mentioned_any_more_is_forgotten_and_its_id_is_not_given_again() {
        let mut names = Names::default();
        let mut new = vec![];
        assert_eq!(["a", "b", "a", "c"].map(|text| names.id(text, &mut new)), [1, 2, 1, 3]);
        assert_eq!(names.snapshot(Sequence(10)), (Sequence::ZERO, vec![]));
        assert_eq!(["b", "b", "d"].map(|text| names.id(text, &mut new)), [2, 2, 4]);
        assert_eq!(names.snapshot(Sequence(20)), (Sequence(10), vec![2]));
        assert_eq!(names.id("d", &mut new), 4);
        assert_eq!(names.forget(Sequence(10)), [1, 3]);
        assert_eq!(names.forget(Sequence(20)), [2]);
        assert_eq!((names.texts.len(), names.highest()), (1, 4));
        assert_eq!(names.id("a", &mut new), 5, "the id that it had stands for nothing else");
    }
}
