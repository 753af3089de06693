//! What happens in a schedule, and when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use aegis_domain::wire::subject::LeaseKey;
use aegis_domain::{GroupName, Term};

use super::faults::Fault;
use crate::leadership::election::{self, OpId};
use crate::leadership::session;

#[derive(Debug)]
pub(super) enum Event {
    Fault(Fault),
    /// To one process: nothing when that is over.
    To {
        member: usize,
        life: u64,
        what: What,
    },
    /// A process starts.
    Start(usize),
    /// A pause of automatic failover ends.
    Unpause(LeaseKey),
    /// A call reaches the store, also one of a process that is over.
    Arrives {
        member: usize,
        life: u64,
        call: Call,
    },
}

#[derive(Debug)]
pub(super) enum What {
    Election(election::Input),
    Session {
        op: u64,
        input: session::Input,
    },
    /// It is time for a step of the election.
    Wake(u64),
    /// The watch of this number tells of the writes up to there.
    Told {
        watch: u64,
        up_to: usize,
    },
    /// The driver looks whether its watch has fallen silent.
    LookAtWatch(u64),
    BeginWatch,
    /// A term is in the log.
    Logged(GroupName, Term),
    /// The process has ended its session, and is gone.
    Gone(Duration),
}

#[derive(Debug)]
pub(super) enum Call {
    Election(OpId, election::StoreCall),
    Session(u64, session::StoreCall),
}

/// What is still to happen, in the order of its times; what was scheduled first comes first at the same time.
#[derive(Default)]
pub(super) struct Queue {
    events: BinaryHeap<Reverse<Scheduled>>,
    last_number: u64,
}

impl Queue {
    pub(super) fn schedule(&mut self, at: Duration, event: Event) {
        self.last_number += 1;
        self.events.push(Reverse(Scheduled { at, number: self.last_number, event }));
    }

    pub(super) fn next(&mut self) -> Option<(Duration, Event)> {
        self.events.pop().map(|Reverse(next)| (next.at, next.event))
    }
}

struct Scheduled {
    at: Duration,
    number: u64,
    event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
