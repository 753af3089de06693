//! The members, the network between them and the store, and what each event of a schedule does to them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::wire::subject::LeaseKey;
use aegis_domain::{GroupName, InstanceName, SessionId, Term};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use uuid::Uuid;

use super::checks::{Acting, Checks};
use super::event::{Call, Event, Queue, What};
use super::faults::{self, Fault};
use super::member::{Clock, Member, Process, Watch};
use super::store::{self, Store};
use crate::leadership::election::{self, Answer, Ask, Effect, Ticket, Wait};
use crate::leadership::session;
use crate::leadership::store::{Change, PauseRecord};
use crate::leadership::{Accept, Policy, Roster};

/// How long a call of an election waits for its answer.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long the calls of a group take at most until they have ended.
const DRAIN_MS: u64 = 20;
/// How many groups are declared; one more is taken on demand.
const DECLARED: usize = 3;

pub(super) struct World {
    seed: u64,
    random: SmallRng,
    now: Duration,
    policy: Policy,
    groups: Vec<GroupName>,
    members: Vec<Member>,
    store: Store,
    /// What the history of terms knows.
    history: BTreeMap<GroupName, Term>,
    queue: Queue,
    checks: Checks,
    pub(super) is_traced: bool,
}

/// What a schedule has come to.
pub(super) struct Outcome {
    pub(super) terms_beyond_the_first: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let epoch = Instant::now();
        let groups: Vec<_> = (0..=DECLARED).map(|n| GroupName::new(format!("ACC-{n}")).unwrap()).collect();
        let count = random.random_range(2..=3);
        let members = (0..count).map(|n| {
            let declared = groups[..DECLARED].iter().cloned().collect();
            let on_demand = Some(Arc::new(|_: &GroupName| true) as Accept);
            Member {
                name: InstanceName::new(format!("t-{n}")).unwrap(),
                // Two clocks may part by less than the margin over a lease.
                clock: Clock::new(epoch, random.random_range(-10_000..=10_000)),
                roster: Roster { declared, on_demand },
                life: 0,
                process: None,
                suspended: Duration::ZERO,
                cut: Duration::ZERO,
                stalled: Duration::ZERO,
            }
        });
        let members: Vec<_> = members.collect();
        Self {
            seed,
            now: Duration::ZERO,
            policy: Policy::custom(Duration::from_millis(150)).unwrap(),
            groups,
            members,
            store: Store::new("desk".parse().unwrap()),
            history: BTreeMap::new(),
            queue: Queue::default(),
            checks: Checks::default(),
            is_traced: false,
            random,
        }
    }

    pub(super) fn run(&mut self) -> Outcome {
        for member in 0..self.members.len() {
            let at = self.up_to(Duration::from_millis(100));
            self.queue.schedule(at, Event::Start(member));
        }
        for (at, fault) in faults::draw(&mut self.random, self.members.len(), self.groups.len()) {
            self.queue.schedule(at, Event::Fault(fault));
        }
        while let Some((at, event)) = self.queue.next() {
            if at > faults::END {
                break;
            }
            self.now = at;
            if self.is_traced {
                println!("{:>9.3?} {event:?}", self.now);
            }
            self.happen(event);
        }
        self.check_the_end();
        Outcome { terms_beyond_the_first: self.checks.changes }
    }

    /// Only what happens to a member makes it act for more than before, so only that one is looked at.
    fn check(&mut self, member: usize) {
        for (number, group) in self.groups.iter().enumerate() {
            let it = &self.members[member];
            let Some(term) = it.acts(group, self.now) else { continue };
            let now = Acting { term, by: (member, it.life) };
            if let Some(before) = self.checks.acts(number, now) {
                let (other, life) = before.by;
                let other = &self.members[other];
                let both = other.life == life && before.by != now.by && other.acts(group, self.now).is_some();
                assert!(!both, "two act for {group}: {before:?} and {now:?}");
            }
        }
    }

    fn check_the_end(&self) {
        let seed = self.seed;
        for group in &self.groups[..DECLARED] {
            let owners = self.members.iter().filter(|member| member.acts(group, self.now).is_some()).count();
            assert_eq!(owners, 1, "seed {seed}: nobody acts for {group}");
        }
        for member in &self.members {
            let process = member.process.as_ref().expect("every process is started again");
            let name = &member.name;
            assert!(process.waiting.is_empty(), "seed {seed}: {name} owes answers: {:?}", process.waiting);
            assert!(process.election.is_idle(), "seed {seed}: {name} is not done: {:?}", process.election);
        }
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).unwrap();
        self.now + Duration::from_micros(self.random.random_range(0..=micros))
    }

    /// When what is sent now is there.
    fn latency(&mut self) -> Duration {
        let most = if self.random.random_bool(0.02) { 40_000 } else { 1_500 };
        self.now + Duration::from_micros(self.random.random_range(50..=most))
    }

    fn to(&mut self, at: Duration, member: usize, what: What) {
        let life = self.members[member].life;
        self.queue.schedule(at, Event::To { member, life, what });
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Fault(fault) => self.hurt(fault),
            Event::Start(member) => self.start(member),
            Event::To { member, life, what } => {
                let it = &self.members[member];
                if it.life != life || it.process.is_none() {
                    return;
                }
                // Whatever comes meanwhile waits.
                if self.now < it.suspended {
                    let at = it.suspended;
                    return self.queue.schedule(at, Event::To { member, life, what });
                }
                self.take(member, what);
                self.check(member);
            }
            Event::Unpause(key) => {
                self.overwrite(&key, None);
            }
            Event::Arrives { member, life, call } => self.arrive(member, life, call),
        }
    }

    fn start(&mut self, member: usize) {
        let (policy, history, now) = (self.policy, self.history.clone(), self.now);
        self.members[member].start(policy, history, now);
        self.to(now, member, What::Session { op: 0, input: session::Input::Serving(true) });
        self.to(now, member, What::BeginWatch);
    }

    fn process(&mut self, member: usize) -> &mut Process {
        self.members[member].process.as_mut().expect("looked at before")
    }

    fn take(&mut self, member: usize, what: What) {
        match what {
            What::Election(input) => self.step(member, vec![input]),
            What::Session { op, input } => {
                let told = matches!(input, session::Input::Serving(_) | session::Input::Eligible(_));
                if told || self.process(member).session_op == op {
                    self.step_session(member, input);
                }
            }
            What::Wake(wake) => {
                if self.process(member).wake == wake {
                    self.step(member, Vec::new());
                }
            }
            What::Told { watch, up_to } => self.tell(member, watch, up_to),
            What::LookAtWatch(watch) => self.look_at_watch(member, watch),
            What::BeginWatch => self.begin_watch(member),
            What::Logged(group, term) => {
                self.process(member).guard.recorded(&group, term);
            }
            What::Gone(away) => {
                self.members[member].process = None;
                let at = self.now + away;
                self.queue.schedule(at, Event::Start(member));
            }
        }
    }

    fn step(&mut self, member: usize, inputs: Vec<election::Input>) {
        let now = self.members[member].clock.now(self.now);
        let process = self.process(member);
        let session = process.guard.session();
        let changed = (session != process.election.session()).then_some(election::Input::Session(session));
        let effects = process.election.step(changed.into_iter().chain(inputs), now);
        process.wake += 1;
        let (wake, next) = (process.wake, process.election.next_step());
        let at = self.members[member].clock.time(next).max(self.now);
        self.to(at, member, What::Wake(wake));
        for effect in effects {
            if self.is_traced {
                println!("{:>9.3?}   {} {effect:?}", self.now, self.members[member].name);
            }
            self.perform(member, effect);
        }
    }

    fn perform(&mut self, member: usize, effect: Effect) {
        match effect {
            Effect::Guard(change) => self.change_guard(member, change),
            Effect::Call(id, call) => self.send(member, Call::Election(id, call), PATIENCE),
            Effect::Wait(id, wait) => {
                let at = match wait {
                    Wait::Retry { attempt, at_most } => self.pause(attempt, at_most),
                    Wait::Until(instant) => self.members[member].clock.time(instant).max(self.now),
                };
                self.to(at, member, What::Election(election::Input::Waited(id)));
            }
            Effect::Drain(id, group, term) => {
                let held = self.process(member).guard.leave(&group, term).is_some();
                let at = if held { self.up_to(Duration::from_millis(DRAIN_MS)) } else { self.now };
                self.to(at, member, What::Election(election::Input::Drained(id, held)));
            }
            Effect::Record(group, election::Record::Elected { tenure, .. }) => {
                self.checks.recorded(&group, &tenure);
                let known = self.history.entry(group.clone()).or_insert(tenure.term);
                *known = tenure.term.max(*known);
                let at = self.latency();
                self.to(at, member, What::Logged(group, tenure.term));
            }
            Effect::Record(_, election::Record::Resigned { .. }) | Effect::HoldHistory(_) => {}
            Effect::Answer(ticket, answer) => self.answer(member, ticket, &answer),
        }
    }

    fn change_guard(&mut self, member: usize, change: election::GuardChange) {
        // Every second schedule has a strict audit.
        let recorded = self.seed.is_multiple_of(2);
        let guard = &self.process(member).guard;
        match change {
            election::GuardChange::Grant(session, groups) => guard.grant(session, groups, recorded),
            election::GuardChange::Release(group, term) => guard.release(&group, term),
            election::GuardChange::Stay(group, term) => guard.stay(&group, term),
            election::GuardChange::Hear(group, owner) => guard.hear(&group, owner),
            election::GuardChange::Eligible(eligible) => {
                guard.set_eligible(eligible);
                let at = self.up_to(Duration::from_millis(1));
                let input = session::Input::Eligible(eligible);
                self.to(at, member, What::Session { op: 0, input });
            }
        }
    }

    fn answer(&mut self, member: usize, ticket: Ticket, answer: &Answer) {
        let process = self.process(member);
        let waited = process.waiting.len();
        process.waiting.retain(|waiting| *waiting != ticket);
        assert_eq!(process.waiting.len() + 1, waited, "{ticket:?} is answered twice: {answer:?}");
        if let Some((stopping, away)) = process.stops
            && stopping == ticket
        {
            process.stops = None;
            process.guard.revoke();
            let revision = process.session.revision();
            process.session_op += 1;
            if let Some(revision) = revision {
                let call = Call::Session(0, session::StoreCall::End(revision));
                self.send(member, call, PATIENCE);
            }
            let at = self.now;
            self.to(at, member, What::Gone(away));
        }
    }

    fn step_session(&mut self, member: usize, input: session::Input) {
        let fresh = SessionId::from_uuid(Uuid::from_u128(self.random.random()));
        let now = self.members[member].clock.at(self.now);
        let process = self.process(member);
        let effects = process.session.step(input, now, fresh);
        for effect in effects {
            if self.is_traced {
                println!("{:>9.3?}   {} {effect:?}", self.now, self.members[member].name);
            }
            let process = self.process(member);
            let waited = |process: &mut Process| {
                process.session_op += 1;
                What::Session { op: process.session_op, input: session::Input::Waited }
            };
            match effect {
                session::Effect::Guard(change) => match change {
                    session::GuardChange::Begin(session) => process.guard.begin(session),
                    session::GuardChange::Revoke => process.guard.revoke(),
                    session::GuardChange::Extend(until) => process.guard.extend(until),
                    session::GuardChange::Renewed(_) => {}
                },
                session::Effect::Call(call, patience) => {
                    process.session_op += 1;
                    let call = Call::Session(process.session_op, call);
                    self.send(member, call, patience.unwrap_or(PATIENCE));
                }
                session::Effect::Retry { attempt, at_most } => {
                    let what = waited(process);
                    let at = self.pause(attempt, at_most);
                    self.to(at, member, what);
                }
                session::Effect::Until(until) => {
                    let what = waited(process);
                    let at = self.members[member].clock.time(until).max(self.now);
                    self.to(at, member, what);
                }
            }
        }
        // The election hears of a session that began or ended a moment later.
        let process = self.process(member);
        if process.guard.session() != process.election.session() {
            process.wake += 1;
            let wake = process.wake;
            let at = self.up_to(Duration::from_millis(1));
            self.to(at, member, What::Wake(wake));
        }
    }

    /// The pause between tries, as [`aegis_nats::backoff`] has it.
    fn pause(&mut self, attempt: usize, at_most: Duration) -> Duration {
        let doublings = u32::try_from(attempt.saturating_sub(2)).unwrap().min(6);
        let ceiling = Duration::from_millis(20) * (1 << doublings);
        let pause = self.up_to(ceiling) - self.now;
        self.now + pause.min(at_most)
    }

    /// Sends a call to the store: lost, late, or there in a moment.
    fn send(&mut self, member: usize, call: Call, patience: Duration) {
        let life = self.members[member].life;
        let given_up = self.now + patience;
        let what = store::unanswered(&call, patience < PATIENCE);
        self.to(given_up, member, what);
        let mut at = self.latency();
        let cut = self.members[member].cut;
        if self.now < cut {
            // What was sent into a broken connection is lost, or lies somewhere on the way.
            if self.random.random_bool(0.5) {
                return;
            }
            at = at.max(cut);
        }
        self.queue.schedule(at, Event::Arrives { member, life, call });
    }

    fn arrive(&mut self, member: usize, life: u64, call: Call) {
        let before = self.store.written();
        let what = self.store.call(&self.members[member].name, call);
        self.announce_what_was_written_since(before);
        // The acknowledgement may be lost, and is while the member is cut off.
        let lost =
            self.now < self.members[member].cut || self.now < faults::UNTIL && self.random.random_bool(0.01);
        if !lost {
            let at = self.latency();
            self.queue.schedule(at, Event::To { member, life, what });
        }
    }

    fn announce_what_was_written_since(&mut self, before: usize) {
        if self.store.written() > before {
            for member in 0..self.members.len() {
                if self.members[member].process.is_some() {
                    self.announce(member);
                }
            }
        }
    }

    /// Somebody else than a member writes.
    fn overwrite(&mut self, key: &LeaseKey, record: Option<&PauseRecord>) {
        let before = self.store.written();
        self.store.overwrite(key, record);
        self.announce_what_was_written_since(before);
    }

    /// The watch of this member will tell of all that was written up to now.
    fn announce(&mut self, member: usize) {
        let at = self.latency().max(self.members[member].stalled).max(self.members[member].cut);
        let (watch, up_to) = (self.process(member).watch.number, self.store.written());
        self.to(at, member, What::Told { watch, up_to });
    }

    fn begin_watch(&mut self, member: usize) {
        let stands = self.store.stands();
        let (position, heard) = (self.store.written(), self.now);
        let process = self.process(member);
        let number = process.watch.number + 1;
        process.watch = Watch { number, stands, position, heard };
        self.step(member, vec![election::Input::WatchBegan]);
        self.announce(member);
        let at = self.now + self.policy.lease();
        self.to(at, member, What::LookAtWatch(number));
    }

    fn tell(&mut self, member: usize, watch: u64, up_to: usize) {
        let now = self.now;
        let process = self.members[member].process.as_mut().expect("looked at before");
        if process.watch.number != watch {
            return;
        }
        process.watch.heard = now;
        let mut changes: Vec<Change> = std::mem::take(&mut process.watch.stands);
        changes.extend(self.store.changes(process.watch.position, up_to));
        process.watch.position = process.watch.position.max(up_to);
        self.step(member, changes.into_iter().map(election::Input::Changed).collect());
    }

    /// Own renewals are among the changes: while they are acknowledged and none is heard, the watch has stalled.
    fn look_at_watch(&mut self, member: usize, watch: u64) {
        let lease = self.policy.lease();
        let now = self.members[member].clock.at(self.now);
        let Watch { number, heard, .. } = self.process(member).watch;
        if number != watch {
            return;
        }
        let due = heard + lease;
        if due <= self.now && self.process(member).guard.deadline() > now {
            let at = self.latency();
            return self.to(at, member, What::BeginWatch);
        }
        let at = if due > self.now { due } else { self.now + lease };
        self.to(at, member, What::LookAtWatch(watch));
    }

    fn hurt(&mut self, fault: Fault) {
        let now = self.now;
        match fault {
            Fault::Crash(member, away) => {
                let it = &mut self.members[member];
                if it.process.take().is_some() {
                    it.suspended = Duration::ZERO;
                    self.queue.schedule(now + away, Event::Start(member));
                }
            }
            Fault::Suspend(member, time) => self.members[member].suspended = now + time,
            Fault::Cut(member, time) => self.members[member].cut = now + time,
            Fault::Stall(member, time) => self.members[member].stalled = now + time,
            Fault::StepDown { member, group, to } => {
                let group = self.groups[group].clone();
                let to = to.map(|to| self.members[to].name.clone());
                self.ask(member, |answer| Ask::StepDown { group, to, reason: "asked".to_owned(), answer });
            }
            Fault::Activate { member, group } => {
                let group = self.groups[group].clone();
                self.ask(member, |answer| Ask::Activate { group, answer });
            }
            Fault::Pause(group, time) => {
                let group = group.map(|group| self.groups[group].clone());
                let key = self.store.pause_key(group);
                let remaining_ms = u64::try_from(time.as_millis()).unwrap();
                let record = PauseRecord { remaining_ms, ..PauseRecord::default() };
                self.overwrite(&key, Some(&record));
                self.queue.schedule(now + time, Event::Unpause(key));
            }
            Fault::Drain(member, time) => {
                let resign = Ask::Resign { reason: "drain".to_owned(), done: None };
                self.to(now, member, What::Election(election::Input::Asked(resign)));
                self.to(now + time, member, What::Election(election::Input::Asked(Ask::TakeGroups)));
            }
            Fault::Stop(member, away) => {
                let ticket =
                    self.ask(member, |ticket| Ask::Resign { reason: "stop".to_owned(), done: Some(ticket) });
                if let Some(ticket) = ticket {
                    self.process(member).stops = Some((ticket, away));
                }
            }
        }
    }

    fn ask(&mut self, member: usize, ask: impl FnOnce(Ticket) -> Ask) -> Option<Ticket> {
        let process = self.members[member].process.as_mut()?;
        process.last_ticket += 1;
        let ticket = Ticket(process.last_ticket);
        process.waiting.push(ticket);
        let at = self.now;
        self.to(at, member, What::Election(election::Input::Asked(ask(ticket))));
        Some(ticket)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("it was the schedule of seed {}, after {:?}", self.seed, self.now);
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("seed", &self.seed).finish_non_exhaustive()
    }
}
