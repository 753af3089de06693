//! One member: a process with its clock, its guard, its session and its election.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aegis_domain::{GroupName, InstanceName, Term};
use chrono::DateTime;

use crate::leadership::election::{self, Election, Initial, Settings, Ticket};
use crate::leadership::session::Session;
use crate::leadership::store::Change;
use crate::leadership::{Guard, Policy, Roster};

pub(super) struct Member {
    pub(super) name: InstanceName,
    pub(super) clock: Clock,
    pub(super) roster: Roster,
    /// Counts the processes that have run under the name.
    pub(super) life: u64,
    pub(super) process: Option<Process>,
    /// Until when the process is suspended, and until when it is cut off.
    pub(super) suspended: Duration,
    pub(super) cut: Duration,
    /// Until when its watch tells nothing.
    pub(super) stalled: Duration,
}

pub(super) struct Process {
    pub(super) guard: Guard,
    pub(super) session: Session,
    pub(super) election: Election,
    /// Which call or pause of the session is under way: answers to others come too late.
    pub(super) session_op: u64,
    /// Which of the times to take a step is the last that was asked for.
    pub(super) wake: u64,
    pub(super) watch: Watch,
    /// Who has asked and is not answered.
    pub(super) waiting: Vec<Ticket>,
    pub(super) last_ticket: u64,
    /// Whether it stops once nothing is held any more.
    pub(super) stops: Option<(Ticket, Duration)>,
}

/// What a watch has yet to tell: what stood when it began, and the changes after that.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) number: u64,
    pub(super) stands: Vec<Change>,
    pub(super) position: usize,
    pub(super) heard: Duration,
}

/// A clock that goes a little wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    epoch: Instant,
    /// How much it gains in a second of true time, in parts per million.
    drift: i64,
}

impl Clock {
    pub(super) fn new(epoch: Instant, drift: i64) -> Self {
        Self { epoch, drift }
    }

    /// What it shows at that time.
    pub(super) fn at(self, time: Duration) -> Instant {
        let nanos = i128::try_from(time.as_nanos()).unwrap();
        let shown = nanos + nanos * i128::from(self.drift) / 1_000_000;
        self.epoch + Duration::from_nanos(u64::try_from(shown).unwrap())
    }

    /// When it will show this; never before that.
    pub(super) fn time(self, instant: Instant) -> Duration {
        let shown = i128::try_from(instant.saturating_duration_since(self.epoch).as_nanos()).unwrap();
        let nanos = shown * 1_000_000 / (1_000_000 + i128::from(self.drift)) + 1_000;
        Duration::from_nanos(u64::try_from(nanos).unwrap())
    }

    pub(super) fn now(self, time: Duration) -> election::Now {
        election::Now { instant: self.at(time), wall: DateTime::UNIX_EPOCH + time }
    }
}

impl Member {
    /// Starts a process, with what the log knows of terms.
    pub(super) fn start(&mut self, policy: Policy, terms: BTreeMap<GroupName, Term>, now: Duration) {
        self.life += 1;
        let settings =
            Settings { me: self.name.clone(), policy, roster: self.roster.clone(), max_groups: 100 };
        let initial = Initial { session: None, held: BTreeMap::new(), eligible: true, terms };
        self.process = Some(Process {
            guard: Guard::default(),
            session: Session::new(policy, None, true),
            election: Election::new(settings, initial, self.clock.now(now)),
            session_op: 0,
            wake: 0,
            watch: Watch::default(),
            waiting: Vec::new(),
            last_ticket: 0,
            stops: None,
        });
    }

    /// The term under which the process may act for the group now.
    pub(super) fn acts(&self, group: &GroupName, now: Duration) -> Option<Term> {
        if now < self.suspended {
            return None;
        }
        self.process.as_ref()?.guard.admit_at(group, self.clock.at(now))
    }
}
