//! What is known of the instances of a service, and which of it is believed. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use aegis_domain::InstanceName;
use aegis_domain::aggregate::instance::Status;
use aegis_domain::wire::heartbeat::Heartbeat;

use super::candidate::{Candidate, Meter};

/// The instances of one service.
#[derive(Debug, Default)]
pub(super) struct Book {
    known: BTreeMap<InstanceName, Known>,
}

#[derive(Debug)]
struct Known {
    revision: u64,
    heartbeat: Heartbeat,
    /// Its record ran out: not by its own doing, so it may be the registry that is at fault.
    ran_out: bool,
    /// Nobody answered on its subject while this was its revision.
    evicted: Option<u64>,
    meter: Arc<Meter>,
}

/// What happened to a record.
#[derive(Debug)]
pub(super) enum Change {
    /// It was written.
    Put(Box<Heartbeat>),
    /// The instance has removed it: it stops.
    Left,
    /// It ran out, or was removed by somebody else.
    RanOut,
}

impl Book {
    /// Takes a change in. One that is older than what is known says nothing.
    pub(super) fn change(&mut self, instance: &InstanceName, revision: u64, change: Change) {
        let known = self.known.get_mut(instance);
        if known.as_ref().is_some_and(|known| known.revision >= revision) {
            return;
        }
        match (change, known) {
            (Change::Put(heartbeat), Some(known)) => {
                (known.revision, known.heartbeat, known.ran_out) = (revision, *heartbeat, false);
            }
            (Change::Put(heartbeat), None) => {
                let (heartbeat, meter) = (*heartbeat, Arc::default());
                let known = Known { revision, heartbeat, ran_out: false, evicted: None, meter };
                self.known.insert(instance.clone(), known);
            }
            (Change::Left, Some(_)) => {
                self.known.remove(instance);
            }
            (Change::RanOut, Some(known)) => (known.revision, known.ran_out) = (revision, true),
            (Change::Left | Change::RanOut, None) => {}
        }
    }

    /// The registry was read whole: these are the instances that stand in it. The others have run out.
    pub(super) fn replace(&mut self, entries: Vec<(InstanceName, u64, Heartbeat)>) {
        for known in self.known.values_mut() {
            known.ran_out = true;
        }
        for (instance, revision, heartbeat) in entries {
            if let Some(known) = self.known.get_mut(&instance)
                && known.revision == revision
            {
                known.ran_out = false;
            }
            self.change(&instance, revision, Change::Put(Box::new(heartbeat)));
        }
    }

    /// Nobody answers on the instance's subject: it is left out until it writes its record again.
    pub(super) fn evict(&mut self, instance: &InstanceName) {
        if let Some(known) = self.known.get_mut(instance) {
            known.evicted = Some(known.revision);
        }
    }

    /// Whom to call. Instances whose records have run out count only while there are no others, so that a registry
    /// that was emptied, or could not be written for a while, takes nobody away who still answers. Whoever does not
    /// answer is evicted by the first call.
    pub(super) fn candidates(&mut self) -> Vec<Arc<Candidate>> {
        let serves = |known: &Known| {
            let beat = &known.heartbeat;
            beat.status == Status::Running && beat.unwell.is_none() && known.evicted != Some(known.revision)
        };
        let any = self.known.values().any(|known| serves(known) && !known.ran_out);
        if any {
            self.known.retain(|_, known| !known.ran_out);
        }
        self.known
            .values()
            .filter(|known| serves(known))
            .map(|known| Arc::new(Candidate::of(&known.heartbeat, known.ran_out, Arc::clone(&known.meter))))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use aegis_domain::wire::heartbeat::Metrics;
    use aegis_domain::{ServiceName, Version};
    use chrono::DateTime;

    use super::*;

    fn name(text: &str) -> InstanceName {
        InstanceName::new(text).unwrap()
    }

    fn beat(instance: &str, status: Status) -> Heartbeat {
        Heartbeat {
            service: ServiceName::new("echo").unwrap(),
            instance: name(instance),
            version: Version::new("1.0.0").unwrap(),
            status,
            unwell: None,
            groups: vec![],
            labels: [].into(),
            capabilities: vec![],
            started_at: DateTime::UNIX_EPOCH,
            sent_at: DateTime::UNIX_EPOCH,
            metrics: Metrics::default(),
        }
    }

    fn put(book: &mut Book, instance: &str, revision: u64) {
        book.change(&name(instance), revision, Change::Put(Box::new(beat(instance, Status::Running))));
    }

    fn shown(book: &mut Book) -> Vec<(String, bool)> {
        book.candidates().iter().map(|one| (one.instance.to_string(), one.suspect)).collect()
    }

    fn fresh(names: &[&str]) -> Vec<(String, bool)> {
        names.iter().map(|name| ((*name).to_owned(), false)).collect()
    }

    #[test]
    fn an_instance_that_leaves_is_gone_and_one_that_does_not_run_is_not_called() {
        let mut book = Book::default();
        put(&mut book, "a", 1);
        put(&mut book, "b", 2);
        book.change(&name("c"), 3, Change::Put(Box::new(beat("c", Status::Draining))));
        let unwell = Heartbeat { unwell: Some("no market data".to_owned()), ..beat("d", Status::Running) };
        book.change(&name("d"), 4, Change::Put(Box::new(unwell)));
        assert_eq!(shown(&mut book), fresh(&["a", "b"]));
        book.change(&name("a"), 4, Change::Left);
        assert_eq!(shown(&mut book), fresh(&["b"]));
        book.change(&name("b"), 5, Change::Left);
        assert_eq!(shown(&mut book), [], "whoever says so itself is believed, also the last");
    }

    #[test]
    fn the_last_ones_are_kept_when_their_records_run_out() {
        let mut book = Book::default();
        put(&mut book, "a", 1);
        put(&mut book, "b", 2);
        book.change(&name("a"), 3, Change::RanOut);
        assert_eq!(shown(&mut book), fresh(&["b"]));
        book.change(&name("b"), 4, Change::RanOut);
        assert_eq!(shown(&mut book), [("b".to_owned(), true)]);
        book.evict(&name("b"));
        assert_eq!(shown(&mut book), [], "nobody answers there");
        put(&mut book, "a", 5);
        assert_eq!(shown(&mut book), fresh(&["a"]));
    }

    #[test]
    fn a_registry_that_is_read_empty_takes_nobody_away() {
        let mut book = Book::default();
        put(&mut book, "a", 1);
        put(&mut book, "b", 2);
        book.replace(vec![]);
        assert_eq!(shown(&mut book), [("a".to_owned(), true), ("b".to_owned(), true)]);
        book.replace(vec![(name("b"), 2, beat("b", Status::Running))]);
        assert_eq!(shown(&mut book), fresh(&["b"]));
    }

    #[test]
    fn an_evicted_instance_is_back_with_its_next_record() {
        let mut book = Book::default();
        put(&mut book, "a", 1);
        put(&mut book, "b", 2);
        book.evict(&name("a"));
        assert_eq!(shown(&mut book), fresh(&["b"]));
        put(&mut book, "a", 3);
        assert_eq!(shown(&mut book), fresh(&["a", "b"]));
        put(&mut book, "b", 1);
        book.change(&name("b"), 2, Change::Left);
        assert_eq!(shown(&mut book), fresh(&["a", "b"]), "what is old news says nothing");
    }
}
