//! The known instances of a service, and which of them count as callable. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use aegis_domain::InstanceName;

use super::candidate::{Candidate, Meter};
use super::record::{Record, Registry};

/// The instances of one service.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Each registry counts revisions of its own.
    known: BTreeMap<(InstanceName, Registry), Known>,
}

#[derive(Debug)]
struct Known {
    revision: u64,
    record: Record,
    /// Its record ran out: not by its own doing, so it may be the registry that is at fault.
    ran_out: bool,
    /// A call to its subject had no responders while this was its revision.
    evicted: Option<u64>,
    meter: Arc<Meter>,
}

/// What happened to a record.
#[derive(Debug)]
pub(super) enum Change {
    /// It was written.
    Put(Box<Record>),
    /// The instance has removed it: it stops.
    Left,
    /// It ran out, or was removed by somebody else.
    RanOut,
}

impl Book {
    /// Takes a change in. One that is older than what is known says nothing.
    pub(super) fn change(
        &mut self,
        registry: Registry,
        instance: &InstanceName,
        revision: u64,
        change: Change,
    ) {
        let key = (instance.clone(), registry);
        let known = self.known.get_mut(&key);
        if known.as_ref().is_some_and(|known| known.revision >= revision) {
            return;
        }
        match (change, known) {
            (Change::Put(record), Some(known)) => {
                (known.revision, known.record, known.ran_out) = (revision, *record, false);
            }
            (Change::Put(record), None) => {
                let (record, meter) = (*record, Arc::default());
                let known = Known { revision, record, ran_out: false, evicted: None, meter };
                self.known.insert(key, known);
            }
            (Change::Left, Some(_)) => {
                self.known.remove(&key);
            }
            (Change::RanOut, Some(known)) => (known.revision, known.ran_out) = (revision, true),
            (Change::Left | Change::RanOut, None) => {}
        }
    }

    /// The registry was read whole: these are the instances that stand in it. Its others have run out.
    pub(super) fn replace(&mut self, registry: Registry, entries: Vec<(InstanceName, u64, Record)>) {
        for (_, known) in self.known.iter_mut().filter(|((_, of), _)| *of == registry) {
            known.ran_out = true;
        }
        for (instance, revision, record) in entries {
            if let Some(known) = self.known.get_mut(&(instance.clone(), registry))
                && known.revision == revision
            {
                known.ran_out = false;
            }
            self.change(registry, &instance, revision, Change::Put(Box::new(record)));
        }
    }

    /// The instance's subject has no responders: it is left out until it writes its record again.
    pub(super) fn evict(&mut self, instance: &InstanceName) {
        for (_, known) in self.known.iter_mut().filter(|((name, _), _)| name == instance) {
            known.evicted = Some(known.revision);
        }
    }

    /// Whether an instance of the Python SDK is known, in whatever condition. Ask after [`Self::candidates`], which
    /// forgets.
    pub(super) fn knows_legacy(&self) -> bool {
        self.known.keys().any(|(_, registry)| registry.is_legacy())
    }

    /// Whom to call. Instances whose records have run out count only while there are no others, so that a registry
    /// that was emptied, or could not be written for a while, removes no instance that still answers. One that does not
    /// answer is evicted by the first call.
    pub(super) fn candidates(&mut self) -> Vec<Arc<Candidate>> {
        let serves = |known: &Known| known.record.serves && known.evicted != Some(known.revision);
        let any = self.known.values().any(|known| serves(known) && !known.ran_out);
        if any {
            self.known.retain(|_, known| !known.ran_out);
        }
        self.known
            .values()
            .filter(|known| serves(known))
            .map(|known| Arc::new(Candidate::of(&known.record, known.ran_out, Arc::clone(&known.meter))))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use aegis_domain::aggregate::instance::Status;
    use aegis_domain::wire::heartbeat::{Heartbeat, Metrics};
    use aegis_domain::{ServiceName, Version};
    use chrono::DateTime;

    use Registry::Aegis;

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
            life: None,
            groups: vec![],
            labels: [].into(),
            capabilities: vec![],
            started_at: DateTime::UNIX_EPOCH,
            sent_at: DateTime::UNIX_EPOCH,
            metrics: Metrics::default(),
        }
    }

    fn put(book: &mut Book, instance: &str, revision: u64) {
        book.change(
            Aegis,
            &name(instance),
            revision,
            Change::Put(Box::new(beat(instance, Status::Running).into())),
        );
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
        book.change(Aegis, &name("c"), 3, Change::Put(Box::new(beat("c", Status::Draining).into())));
        let unwell = Heartbeat { unwell: Some("no market data".to_owned()), ..beat("d", Status::Running) };
        book.change(Aegis, &name("d"), 4, Change::Put(Box::new(unwell.into())));
        assert_eq!(shown(&mut book), fresh(&["a", "b"]));
        book.change(Aegis, &name("a"), 4, Change::Left);
        assert_eq!(shown(&mut book), fresh(&["b"]));
        book.change(Aegis, &name("b"), 5, Change::Left);
        assert_eq!(shown(&mut book), [], "whoever says so itself is believed, also the last");
    }

    #[test]
    fn the_last_ones_are_kept_when_their_records_run_out() {
        let mut book = Book::default();
        put(&mut book, "a", 1);
        put(&mut book, "b", 2);
        book.change(Aegis, &name("a"), 3, Change::RanOut);
        assert_eq!(shown(&mut book), fresh(&["b"]));
        book.change(Aegis, &name("b"), 4, Change::RanOut);
        assert_eq!(shown(&mut book), [("b".to_owned(), true)]);
        book.evict(&name("b"));
        assert_eq!(shown(&mut book), [], "nobody answers there");
        put(&mut book, "a", 5);
        assert_eq!(shown(&mut book), fresh(&["a"]));
    }

    #[test]
    fn a_registry_that_is_read_empty_removes_no_instance() {
        let mut book = Book::default();
        put(&mut book, "a", 1);
        put(&mut book, "b", 2);
        book.replace(Aegis, vec![]);
        assert_eq!(shown(&mut book), [("a".to_owned(), true), ("b".to_owned(), true)]);
        book.replace(Aegis, vec![(name("b"), 2, beat("b", Status::Running).into())]);
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
        book.change(Aegis, &name("b"), 2, Change::Left);
        assert_eq!(shown(&mut book), fresh(&["a", "b"]), "what is old news says nothing");
    }

    #[cfg(feature = "legacy")]
    #[test]
    fn the_registries_stand_side_by_side_and_the_one_that_ran_out_is_forgotten() {
        const PYTHON: Registry = Registry::Python(crate::legacy::Wire);
        let mut book = Book::default();
        let python = |name: &str| Record { registry: PYTHON, ..beat(name, Status::Running).into() };
        book.replace(PYTHON, vec![(name("a"), 70, python("a")), (name("p"), 71, python("p"))]);
        put(&mut book, "a", 1);
        let of = |book: &mut Book| -> Vec<_> {
            book.candidates().iter().map(|one| (one.instance.to_string(), one.legacy)).collect()
        };
        let all = [("a".to_owned(), false), ("a".to_owned(), true), ("p".to_owned(), true)];
        assert_eq!(of(&mut book), all, "a name may stand in both");
        book.replace(Aegis, vec![]);
        assert_eq!(of(&mut book), all[1..], "whose record ran out is no better than one that stands");
        assert!(book.knows_legacy());
        put(&mut book, "b", 2);
        book.replace(PYTHON, vec![]);
        assert_eq!((of(&mut book), book.knows_legacy()), (vec![("b".to_owned(), false)], false));
    }
}
