//! The walk over the log: every message once, in order. Pure; memory grows with the number of aggregates.

use std::collections::BTreeMap;

use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::wire::DecodeError;
use aegis_domain::wire::chain::{Digest, Hash};
use aegis_domain::{AggregateVersion, Event, EventId, Recorded, Sequence, Term};

use super::finding::{ChainFault, Finding};
use super::heads::{ChainHead, Heads};

/// The last event of an aggregate that the walk has met.
#[derive(Debug, Clone)]
struct Link {
    sequence: Sequence,
    version: AggregateVersion,
    hash: Hash,
    id: EventId,
    /// The highest term, of a group.
    term: Option<Term>,
}

/// An event, as far as its chain goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chained {
    /// Its aggregate.
    pub aggregate: String,
    /// The version that it made.
    pub version: AggregateVersion,
    /// The hash of the event before it, as its writer has seen that.
    pub previous: Hash,
    /// Its id.
    pub id: EventId,
    /// The term that it elects for, of an election.
    pub term: Option<Term>,
}

/// One message, as far as the walk needs it.
#[derive(Debug)]
pub struct Met<'a> {
    /// Its position.
    pub sequence: Sequence,
    /// Its subject.
    pub subject: &'a str,
    /// The hash that its chain has of it.
    pub hash: Hash,
    /// The hash over all of it, its time of record included.
    pub record: Hash,
    /// The event that it is, or why it is none.
    pub event: Result<Chained, &'a DecodeError>,
}

/// How far the walk has come, and what it has found.
#[derive(Debug)]
pub struct Walk {
    /// Messages met.
    pub messages: u64,
    /// Events among them.
    pub events: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    last: Sequence,
    digest: Digest,
    records: Digest,
    links: BTreeMap<String, Link>,
    against: Option<PendingHeads>,
}

/// Heads that are still to be met.
#[derive(Debug)]
struct PendingHeads {
    sequence: Sequence,
    digest: String,
    records: Option<String>,
    at: BTreeMap<Sequence, (String, String)>,
    met: bool,
}

impl From<&Recorded> for Chained {
    fn from(recorded: &Recorded) -> Self {
        let envelope = &recorded.envelope;
        let term = match &envelope.event {
            Event::Leadership(LeadershipEvent::LeaderElected { term, .. }) => Some(*term),
            Event::Leadership(_) | Event::Definition(_) | Event::Instance(_) | Event::Installation(_) => None,
        };
        Self {
            aggregate: envelope.aggregate.to_string(),
            version: envelope.version,
            previous: envelope.previous,
            id: envelope.id.clone(),
            term,
        }
    }
}

impl Walk {
    /// At the beginning of the log. With heads, the log is held to them on the way.
    #[must_use]
    pub fn new(against: Option<&Heads>) -> Self {
        let against = against.map(|heads| {
            let by_place = |(aggregate, head): (&String, &ChainHead)| {
                (head.sequence, (aggregate.clone(), head.hash.clone()))
            };
            PendingHeads {
                sequence: heads.sequence,
                digest: heads.digest.clone(),
                records: heads.records.clone(),
                at: heads.heads.iter().map(by_place).collect(),
                met: heads.sequence == Sequence::ZERO,
            }
        });
        Self {
            messages: 0,
            events: 0,
            findings: Vec::new(),
            last: Sequence::ZERO,
            digest: Digest::default(),
            records: Digest::default(),
            links: BTreeMap::new(),
            against,
        }
    }

    /// The last message met.
    #[must_use]
    pub fn last(&self) -> Sequence {
        self.last
    }

    /// How many aggregates there are.
    #[must_use]
    pub fn aggregates(&self) -> usize {
        self.links.len()
    }

    /// The next message.
    pub fn meet(&mut self, met: Met<'_>) {
        self.skip_to(met.sequence);
        self.messages += 1;
        self.last = met.sequence;
        self.digest.add(met.sequence, &met.hash);
        self.records.add(met.sequence, &met.record);
        let (sequence, hash) = (met.sequence, met.hash);
        match met.event {
            Ok(chained) => self.follow(sequence, chained, hash),
            Err(error) => self.findings.push(Finding::Unreadable {
                sequence: met.sequence,
                subject: met.subject.to_owned(),
                reason: error.to_string(),
            }),
        }
        self.hold_to_heads(sequence, hash);
    }

    /// The log ends here, although the last message met may have been an earlier one.
    pub fn end(&mut self, last: Sequence) {
        self.skip_to(last.next());
        if let Some(against) = self.against.take()
            && !against.met
        {
            let detail = if against.sequence > last {
                format!("the heads cover {} messages, and the log ends with message {last}", against.sequence)
            } else {
                format!("the heads end with message {}, which is missing", against.sequence)
            };
            self.findings.push(Finding::Head { detail });
            let missing = against.at.into_iter().map(|(sequence, (aggregate, _))| Finding::Head {
                detail: format!("event {sequence} of {aggregate}, which the heads name, is missing"),
            });
            self.findings.extend(missing);
        }
    }

    /// The heads of all chains as they stand.
    #[must_use]
    pub fn heads(&self, stream: String, taken_at: chrono::DateTime<chrono::Utc>) -> Heads {
        let head = |link: &Link| ChainHead {
            sequence: link.sequence,
            version: link.version,
            hash: link.hash.to_string(),
        };
        let heads = self.links.iter().map(|(aggregate, link)| (aggregate.clone(), head(link))).collect();
        let digests = (self.digest.to_string(), self.records.to_string());
        Heads::new(stream, taken_at, self.last, digests, heads)
    }

    fn skip_to(&mut self, next: Sequence) {
        let expected = self.last.next();
        if next > expected {
            let last = Sequence(next.get() - 1);
            self.findings.push(Finding::Gap { first: expected, last });
        }
    }

    fn follow(&mut self, sequence: Sequence, event: Chained, hash: Hash) {
        self.events += 1;
        let Chained { aggregate, version, previous, id, term: elected } = event;
        let before = self.links.get(&aggregate);
        let mut findings = Vec::new();
        let expected_hash = before.map_or(Hash::GENESIS, |link| link.hash);
        let place = before.map(|link| link.sequence);
        let fault = |what| Finding::Chain { sequence, aggregate: aggregate.clone(), before: place, what };
        if previous != expected_hash {
            findings.push(fault(ChainFault::Hash));
        }
        let expected = before.map_or(AggregateVersion::ZERO, |link| link.version).next();
        if version != expected {
            let (expected, found) = (expected.get(), version.get());
            findings.push(fault(ChainFault::Version { expected, found }));
        }
        if before.is_some_and(|link| link.id == id) {
            let (aggregate, id) = (aggregate.clone(), id.to_string());
            findings.push(Finding::Repeated { sequence, aggregate, id });
        }
        let highest = before.and_then(|link| link.term);
        let mut term = highest;
        if let Some(elected) = elected {
            match highest {
                Some(before) if elected <= before => {
                    let aggregate = aggregate.clone();
                    findings.push(Finding::Term { sequence, aggregate, before, term: elected });
                }
                Some(_) | None => term = Some(elected),
            }
        }
        let link = Link { sequence, version, hash, id, term };
        self.links.insert(aggregate, link);
        self.findings.append(&mut findings);
    }

    fn hold_to_heads(&mut self, sequence: Sequence, found: Hash) {
        let Some(against) = &mut self.against else { return };
        if let Some((aggregate, hash)) = against.at.remove(&sequence)
            && found.to_string() != hash
        {
            let detail =
                format!("event {sequence} of {aggregate} is not the one that the heads name: it was changed");
            self.findings.push(Finding::Head { detail });
        }
        if sequence == against.sequence {
            against.met = true;
            if self.digest.to_string() != against.digest {
                let detail = format!(
                    "the messages up to {sequence} are not those that the heads were taken of: at least one was changed, removed or put in"
                );
                self.findings.push(Finding::Head { detail });
            } else if against.records.as_ref().is_some_and(|records| *records != self.records.to_string()) {
                let detail = format!(
                    "the events up to {sequence} are those that the heads were taken of, and at least one has another time of record or other headers"
                );
                self.findings.push(Finding::Head { detail });
            }
            let missing =
                std::mem::take(&mut against.at).into_iter().map(|(sequence, (aggregate, _))| Finding::Head {
                    detail: format!("event {sequence} of {aggregate}, which the heads name, is missing"),
                });
            self.findings.extend(missing);
        }
    }
}
