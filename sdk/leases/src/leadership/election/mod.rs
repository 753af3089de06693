//! An election as one member takes part in it: pure. [`Election::step`] is told what happened and at what time, and says
//! what to do; it reads no clock, does no I/O and draws no random number, so that every order of events can be tested
//! without a server. Its driver carries the effects out: the elector with a lease store, the simulation in the tests
//! with virtual time.

mod activation;
mod appoint;
mod claims;
mod effect;
mod examine;
mod hand_over;
mod input;
mod observer;
mod owners;
mod pauses;
mod requests;
#[cfg(test)]
mod tests;
mod transfer;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use aegis_domain::{GroupName, InstanceName, SessionId, Term};
use chrono::{DateTime, Utc};

use super::{Policy, Roster};
use appoint::Appointment;
use effect::Effects;
pub(super) use effect::{Effect, GuardChange, Record, StoreCall, Wait};
use examine::Examination;
use hand_over::HandOver;
pub(super) use input::{Answer, Ask, Input, OpId, Reply, Ticket};
use observer::Observer;
use requests::Leaving;
use transfer::{Relinquishment, Transfer};

/// The history of terms waits while a group is vacant, unless it has been so for longer: there may be no member to take it.
const HISTORY_WAITS: Duration = Duration::from_secs(2);

/// What does not change during an election.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) me: InstanceName,
    pub(super) policy: Policy,
    pub(super) roster: Roster,
    /// The most groups that the member takes part in.
    pub(super) max_groups: usize,
}

/// The state of the member when it joins the election.
#[derive(Debug, Default)]
pub(super) struct Initial {
    pub(super) session: Option<SessionId>,
    pub(super) held: BTreeMap<GroupName, Term>,
    /// Whether it takes groups.
    pub(super) eligible: bool,
    /// The highest term known of each group, from the log: no claim goes below it, whatever becomes of the key.
    pub(super) terms: BTreeMap<GroupName, Term>,
}

/// When a step is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// By the clock that all rules about time go by.
    pub(super) instant: Instant,
    /// By the clock of people: it decides nothing.
    pub(super) wall: DateTime<Utc>,
}

#[derive(Debug)]
pub(super) struct Election {
    settings: Settings,
    now: Now,
    observer: Observer,
    session: Option<SessionId>,
    /// The groups that this member owns under that session, served or not.
    held: BTreeMap<GroupName, Term>,
    eligible: bool,
    /// The highest term known of each group.
    terms: BTreeMap<GroupName, Term>,
    ops: HashMap<OpId, Op>,
    last_op: u64,
    /// Members that start together find each other within a lease; groups are spread after that.
    settled: Instant,
    examining: BTreeSet<InstanceName>,
    /// The groups of which a claim is under way, and those to be claimed next.
    claiming: BTreeSet<GroupName>,
    to_claim: VecDeque<GroupName>,
    /// Who waits for which group to be activated.
    activating: BTreeMap<GroupName, Vec<Ticket>>,
    /// Those of them without an owner so far: their vacancy counts from now on.
    coming: BTreeSet<GroupName>,
    /// How many hand-overs of a group are under way.
    passing: BTreeMap<GroupName, usize>,
    /// How many hand-overs are under way, and those that come next.
    draining: usize,
    to_drain: VecDeque<HandOver>,
    leaving: Option<Leaving>,
    holds_history: bool,
    effects: Effects,
}

/// What goes on between steps.
#[derive(Debug)]
enum Op {
    /// A group gets an owner.
    Appointment(Appointment),
    /// A silent session is looked at, and fenced.
    Examination(Examination),
    /// The session of the member that is to have a group is looked at.
    Look(HandOver),
    /// The calls of a group that is handed over end.
    Drain(HandOver),
    /// The successor is written.
    Transfer(Transfer),
    /// A group that is not taken here is given up.
    Relinquishment(Relinquishment),
    /// Members that started together find each other.
    Settle(GroupName),
}

impl Election {
    pub(super) fn new(settings: Settings, initial: Initial, now: Now) -> Self {
        let (me, roster) = (settings.me.clone(), settings.roster.clone());
        let observer = Observer::new(me, settings.policy, roster, now.instant);
        let settled = now.instant + settings.policy.lease();
        let Initial { session, held, eligible, terms } = initial;
        Self {
            settings,
            now,
            observer,
            session,
            held,
            eligible,
            terms,
            ops: HashMap::new(),
            last_op: 0,
            settled,
            examining: BTreeSet::new(),
            claiming: BTreeSet::new(),
            to_claim: VecDeque::new(),
            activating: BTreeMap::new(),
            coming: BTreeSet::new(),
            passing: BTreeMap::new(),
            draining: 0,
            to_drain: VecDeque::new(),
            leaving: None,
            holds_history: false,
            effects: Effects::default(),
        }
    }

    /// Takes all that has happened, and says what to do about it. What follows from all of it together is looked for once.
    pub(super) fn step(&mut self, inputs: impl IntoIterator<Item = Input>, now: Now) -> Vec<Effect> {
        self.now = now;
        for input in inputs {
            self.take(input);
        }
        self.examine_the_silent();
        self.claim_what_is_due();
        self.hold_history();
        self.look_whether_left();
        self.effects.take()
    }

    /// When to take the next step, if nothing happens before.
    pub(super) fn next_step(&self) -> Instant {
        // While claims are under way, what follows is looked at when one of them has ended.
        let claims = self.candidacy().is_some() && self.claiming.is_empty();
        let lease = self.settings.policy.lease();
        self.observer.next_deadline(claims).unwrap_or(self.now.instant + lease)
    }

    /// Whether nothing is under way.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        let hand_overs = self.passing.len() + self.draining + self.to_drain.len();
        self.ops.is_empty() && hand_overs + self.claiming.len() + self.activating.len() == 0
    }

    /// The session that the member has, as far as it was told.
    pub(super) fn session(&self) -> Option<SessionId> {
        self.session
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Session(session) => self.begin_session(session),
            Input::WatchBegan => self.observer.doubt_pauses(self.now.instant),
            Input::Changed(change) => self.see(change),
            Input::Unreadable(group, revision) => self.see_unreadable(&group, revision),
            Input::Asked(ask) => self.ask(ask),
            Input::Replied(id, reply) => self.replied(id, reply),
            Input::Drained(id, held) => {
                if let Some(Op::Drain(hand_over)) = self.ops.remove(&id) {
                    self.drained(hand_over, held);
                }
            }
            Input::Waited(id) => match self.ops.remove(&id) {
                Some(Op::Transfer(transfer)) => self.go_on_with_transfer(transfer),
                Some(Op::Relinquishment(disowning)) => self.go_on_with_disowning(disowning),
                Some(Op::Settle(group)) => self.begin_activation(group),
                Some(op) => drop(self.ops.insert(id, op)),
                None => {}
            },
        }
    }

    fn replied(&mut self, id: OpId, reply: Reply) {
        match (self.ops.remove(&id), reply) {
            (Some(Op::Appointment(appointment)), reply) => self.appointment_replied(appointment, reply),
            (Some(Op::Examination(examination)), reply) => self.examination_replied(examination, reply),
            (Some(Op::Look(hand_over)), Reply::Session(found)) => self.looked(hand_over, found.ok()),
            (Some(Op::Transfer(transfer)), reply) => self.transfer_replied(transfer, reply),
            (Some(Op::Relinquishment(disowning)), Reply::OwnerWritten(written)) => {
                self.disowning_replied(disowning, written);
            }
            // Nothing else is asked of the store.
            (Some(op), _) => drop(self.ops.insert(id, op)),
            (None, _) => {}
        }
    }

    /// Goes on with an operation once the store has answered.
    fn call(&mut self, op: Op, call: StoreCall) {
        let id = self.begin(op);
        self.effects.push(Effect::Call(id, call));
    }

    /// Goes on with an operation after a pause.
    fn wait(&mut self, op: Op, wait: Wait) {
        let id = self.begin(op);
        self.effects.push(Effect::Wait(id, wait));
    }

    fn begin(&mut self, op: Op) -> OpId {
        self.last_op += 1;
        let id = OpId(self.last_op);
        self.ops.insert(id, op);
        id
    }

    /// The session under which this member may claim groups now. One that is leaving takes nothing new: it
    /// could not serve it. Nor does one whose session is over: the group would be vacant again at once, and be
    /// claimed again, term after term.
    fn candidacy(&self) -> Option<SessionId> {
        self.session.filter(|session| self.eligible && !self.observer.is_over(*session))
    }

    /// The highest term known of the group.
    fn highest(&self, group: &GroupName) -> Term {
        self.terms.get(group).copied().unwrap_or(Term::ZERO)
    }

    /// Owners for ten thousand groups come before their history, also where it is another member's turn to claim them: all
    /// write to one server.
    fn hold_history(&mut self) {
        let is_vacant = || self.observer.is_vacant_within(HISTORY_WAITS, self.now.instant);
        let holds = !self.claiming.is_empty() || is_vacant();
        if std::mem::replace(&mut self.holds_history, holds) != holds {
            self.effects.push(Effect::HoldHistory(holds));
        }
    }
}
