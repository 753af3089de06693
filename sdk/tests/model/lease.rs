//! The protocol: which steps are possible, and what each does. Any step may be put off for any number of
//! ticks, which is what a pause, a slow task and a slow network are.

use stateright::{Model, Property};

use super::properties;
use super::world::{Call, Change, Keeper, LEASE, Owner, Revision, Sent, Session, World, Write};

/// What is explored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    pub(crate) members: usize,
    /// How many sessions begin at most, of all members together.
    pub(crate) sessions: u8,
    /// The highest term claimed.
    pub(crate) terms: u8,
    /// How many crashes happen at most, of all members together.
    pub(crate) crashes: u8,
    /// Whether calls arrive and have effects.
    pub(crate) calls: bool,
    /// Whether owners resign.
    pub(crate) resign: bool,
    pub(crate) breakage: Option<Breakage>,
    /// What must be reached, so that nothing holds only because nothing happens.
    pub(crate) goals: &'static [fn() -> Property<Lease>],
}

/// A rule of the protocol taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breakage {
    /// A claim expects no revision.
    BlindClaim,
    /// An owner acts without looking at its deadline.
    NoGuard,
    /// A fencing expects no revision.
    BlindFence,
    /// The deadline counts from the arrival of an acknowledgement.
    DeadlineFromArrival,
    /// A session is fenced before a whole lease has passed.
    EarlyTakeover,
    /// A renewal expects no revision.
    BlindRenewal,
    /// The sink takes effects of any term.
    OpenSink,
    /// A member's clock stands still while it is suspended.
    ClockStops,
    /// Nobody fences.
    NoFence,
    /// A vacant record makes an owner let go, however old it is.
    OldVacancy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Time passes for everybody.
    Tick,
    /// Time passes for everybody but one member (a breakage).
    TickWithout(usize),
    Crash(usize),
    /// A write reaches the store.
    Arrive(Write),
    /// A keeper sends the first write of a session.
    Begin(usize),
    /// A keeper sends a renewal.
    Renew(usize),
    /// A keeper's write is acknowledged.
    Acknowledge(usize),
    /// A keeper's write has no certain outcome, or its session was not created.
    GiveUp(usize),
    /// A renewal conflicts: the keeper reads its key, and adopts it or begins anew.
    Adopt(usize),
    /// A member examines the silent session of another and fences it. Which one it is leaves no trace.
    Fence(usize),
    /// A member finds the group vacant and claims it.
    Claim(usize),
    /// A member reads the owner key, or learns at once that its claim was applied.
    Look(usize),
    /// The owner key is on its way to a member, by a watch or in a late answer.
    Hear(usize),
    /// A member brings its guard in line with what it heard.
    Note(usize),
    /// An owner gives up the group for good.
    Resign(usize),
    /// A call arrives and passes the guard.
    Admit(usize),
    /// The effect of an admitted call reaches the sink, perhaps not for the first time.
    Effect(usize),
}

impl Lease {
    pub(crate) fn broken(&self, breakage: Breakage) -> bool {
        self.breakage == Some(breakage)
    }

    /// Whether a member's guard lets a call in.
    pub(crate) fn admits(&self, world: &World, member: usize) -> Option<u8> {
        let it = &world.members[member];
        it.holds.filter(|_| it.open > 0 || self.broken(Breakage::NoGuard))
    }

    /// Whether nobody owns the group, by reading both keys.
    pub(crate) fn vacant(world: &World) -> bool {
        let holder = world.owner.and_then(|owner| owner.holder);
        holder.is_none_or(|holder| !world.lives(holder))
    }

    /// Whether a session has stood at its revision for a whole lease.
    pub(crate) fn silent(&self, world: &World, member: usize) -> bool {
        !self.broken(Breakage::NoFence) && world.sessions[member].is_some() && world.patience[member] == 0
    }

    /// Does a step that is possible, beyond any bound too.
    pub(crate) fn step(&self, world: &mut World, step: Step) {
        match step {
            Step::Tick => self.tick(world, None),
            Step::TickWithout(member) => self.tick(world, Some(member)),
            Step::Crash(member) => {
                world.crashes += 1;
                world.members[member] = world.members[member].crashed();
            }
            Step::Arrive(write) => self.arrive(world, write),
            Step::Begin(member) => {
                let it = &mut world.members[member];
                it.lives += 1;
                let life = it.lives;
                it.keeper = Keeper::Beginning(life, Sent { credit: LEASE, applied: None });
                let change = Change::Put(Session { member, life });
                world.network.insert(Write { change, blind: false });
            }
            Step::Renew(member) => self.renew(world, member),
            Step::Acknowledge(member) => acknowledge(world, member),
            Step::GiveUp(member) => match &mut world.members[member].keeper {
                Keeper::Live { renewal, .. } => *renewal = None,
                keeper @ (Keeper::Idle | Keeper::Beginning(..)) => *keeper = Keeper::Idle,
            },
            Step::Adopt(member) => adopt(world, member),
            Step::Fence(other) => {
                let blind = self.broken(Breakage::BlindFence);
                world.network.insert(Write { change: Change::End(other), blind });
            }
            Step::Claim(member) => self.claim(world, member),
            Step::Look(member) => {
                if let Some(owner) = world.owner {
                    self.note(world, member, owner);
                }
            }
            Step::Hear(member) => world.members[member].heard = world.owner,
            Step::Note(member) => {
                if let Some(owner) = world.members[member].heard.take() {
                    self.note(world, member, owner);
                }
            }
            Step::Resign(member) => resign(world, member),
            Step::Admit(member) => {
                let life = world.members[member].life();
                if let (Some(term), Some(life)) = (self.admits(world, member), life) {
                    world.members[member].call = Some(Call { term, session: Session { member, life } });
                }
            }
            Step::Effect(member) => self.effect(world, member),
        }
    }

    fn tick(&self, world: &mut World, without: Option<usize>) {
        let arrival = self.broken(Breakage::DeadlineFromArrival);
        world.patience.iter_mut().for_each(|patience| *patience = patience.saturating_sub(1));
        for (n, member) in world.members.iter_mut().enumerate() {
            if without == Some(n) {
                continue;
            }
            member.open = member.open.saturating_sub(1);
            match &mut member.keeper {
                Keeper::Beginning(_, sent) | Keeper::Live { renewal: Some(sent), .. } if !arrival => {
                    sent.credit = sent.credit.saturating_sub(1);
                }
                Keeper::Idle | Keeper::Beginning(..) | Keeper::Live { .. } => {}
            }
        }
    }

    fn arrive(&self, world: &mut World, write: Write) {
        world.moves_on(write.change.key());
        match write.change {
            Change::Put(session) => {
                let (life, ended) = (session.life, &mut world.ended[session.member]);
                world.breaches.session_rose |= life <= *ended;
                let before = world.sessions[session.member].replace(life);
                *ended = before.filter(|before| *before != life).unwrap_or(0).max(*ended);
                let early = self.broken(Breakage::EarlyTakeover);
                world.patience[session.member] = if early { LEASE - 1 } else { LEASE };
                match &mut world.members[session.member].keeper {
                    Keeper::Beginning(waits, sent)
                    | Keeper::Live { life: waits, renewal: Some(sent), .. }
                        if *waits == life =>
                    {
                        sent.applied = Some(Revision::Current);
                    }
                    Keeper::Idle | Keeper::Beginning(..) | Keeper::Live { .. } => {}
                }
            }
            Change::End(member) => {
                let before = world.sessions[member].take();
                world.ended[member] = before.unwrap_or(0).max(world.ended[member]);
                world.patience[member] = 0;
            }
            Change::Own(owner) => {
                let before = world.owner.replace(owner).unwrap_or_default();
                let given_up = owner.holder.is_none() && owner.term == before.term;
                let changed = owner.holder != before.holder && !given_up;
                world.breaches.owner_term_stood |= changed && owner.term <= before.term;
            }
        }
    }

    fn renew(&self, world: &mut World, member: usize) {
        if let Keeper::Live { life, revision, renewal } = &mut world.members[member].keeper {
            *renewal = Some(Sent { credit: LEASE, applied: None });
            let blind = self.broken(Breakage::BlindRenewal);
            if blind || *revision == Revision::Current {
                let change = Change::Put(Session { member, life: *life });
                world.network.insert(Write { change, blind });
            }
        }
    }

    fn claim(&self, world: &mut World, member: usize) {
        let Some(life) = world.members[member].life() else { return };
        let before = world.owner;
        if let Some(before) = before {
            self.note(world, member, before);
        }
        let term = before.map_or(0, |before| before.term) + 1;
        let change = Change::Own(Owner { term, holder: Some(Session { member, life }) });
        world.network.insert(Write { change, blind: self.broken(Breakage::BlindClaim) });
    }

    fn note(&self, world: &mut World, member: usize, owner: Owner) {
        let it = &mut world.members[member];
        let session = it.life().map(|life| Session { member, life });
        let mine = session.is_some() && owner.holder == session;
        if mine {
            it.holds = Some(owner.term);
        } else if let Some(term) = it.holds {
            let vacated = owner.holder.is_none() && (term == owner.term || self.broken(Breakage::OldVacancy));
            if term < owner.term || vacated {
                it.holds = None;
                world.breaches.let_go_for_older |= owner.term < term;
            }
        }
    }

    fn effect(&self, world: &mut World, member: usize) {
        let Some(call) = world.members[member].call else { return };
        if let Some(last) = world.sink {
            if call.term < last.term && !self.broken(Breakage::OpenSink) {
                return;
            }
            world.breaches.effects_went_back |= call.term < last.term;
            world.breaches.term_shared |= call.term == last.term && call.session != last.session;
        }
        world.sink = Some(call);
    }
}

fn acknowledge(world: &mut World, member: usize) {
    let it = &mut world.members[member];
    let (life, sent) = match it.keeper {
        Keeper::Beginning(life, sent) | Keeper::Live { life, renewal: Some(sent), .. } => (life, sent),
        Keeper::Idle | Keeper::Live { .. } => return,
    };
    if let Some(revision) = sent.applied {
        it.keeper = Keeper::Live { life, revision, renewal: None };
        it.open = it.open.max(sent.credit);
    }
}

fn adopt(world: &mut World, member: usize) {
    let found = world.sessions[member];
    let it = &mut world.members[member];
    if let Keeper::Live { life, revision, renewal } = &mut it.keeper {
        if found == Some(*life) {
            (*revision, *renewal) = (Revision::Current, None);
        } else {
            (it.keeper, it.holds, it.open) = (Keeper::Idle, None, 0);
        }
    }
}

fn resign(world: &mut World, member: usize) {
    let it = &mut world.members[member];
    it.resigned = true;
    it.heard = None;
    let term = it.holds.take();
    let owner = world.owner.filter(|owner| Some(owner.term) == term && owner.holder.is_some());
    if let Some(owner) = owner {
        let change = Change::Own(Owner { holder: None, ..owner });
        world.network.insert(Write { change, blind: false });
    }
}

impl Model for Lease {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.members)]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        steps.push(Step::Tick);
        let sessions: u8 = world.members.iter().map(|member| member.lives).sum();
        steps.extend(world.network.iter().copied().map(Step::Arrive));
        for (n, member) in world.members.iter().enumerate() {
            if self.broken(Breakage::ClockStops) {
                steps.push(Step::TickWithout(n));
            }
            match member.keeper {
                Keeper::Idle if sessions < self.sessions => steps.push(Step::Begin(n)),
                Keeper::Idle => {}
                Keeper::Beginning(_, sent) => {
                    steps.push(Step::GiveUp(n));
                    steps.extend(sent.applied.map(|_| Step::Acknowledge(n)));
                }
                Keeper::Live { renewal: None, .. } => steps.push(Step::Renew(n)),
                Keeper::Live { revision, renewal: Some(sent), .. } => {
                    steps.push(Step::GiveUp(n));
                    steps.extend(sent.applied.map(|_| Step::Acknowledge(n)));
                    // A renewal that arrived twice conflicts although it was applied.
                    if sent.applied.is_some() || revision == Revision::Past {
                        steps.push(Step::Adopt(n));
                    }
                }
            }
            if world.crashes < self.crashes && member.keeper != Keeper::Idle {
                steps.push(Step::Crash(n));
            }
            if self.calls && self.admits(world, n).is_some() {
                steps.push(Step::Admit(n));
            }
            if member.call.is_some() {
                steps.push(Step::Effect(n));
            }
            let watched = (0..self.members).any(|other| other != n && !world.members[other].resigned);
            if watched && self.silent(world, n) {
                steps.push(Step::Fence(n));
            }
            if !member.resigned {
                self.elect(world, n, steps);
            }
        }
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        let mut next = world.clone();
        self.step(&mut next, step);
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::safety().into_iter().chain(self.goals.iter().map(|goal| goal())).collect()
    }
}

impl Lease {
    /// What a member's elector may do.
    fn elect(&self, world: &World, n: usize, steps: &mut Vec<Step>) {
        let member = &world.members[n];
        let term = world.owner.map_or(0, |owner| owner.term);
        if member.life().is_some() && term < self.terms && Self::vacant(world) {
            steps.push(Step::Claim(n));
        }
        if self.matters(world, n) {
            steps.push(Step::Look(n));
        }
        match member.heard {
            Some(_) => steps.push(Step::Note(n)),
            None if self.matters(world, n) => steps.push(Step::Hear(n)),
            None => {}
        }
        if self.resign && member.holds.is_some() {
            steps.push(Step::Resign(n));
        }
    }

    /// Whether the owner key as it is may ever change the member's guard: it names a session of the member,
    /// or can make it let go.
    fn matters(&self, world: &World, member: usize) -> bool {
        let holds = world.members[member].holds;
        world.owner.is_some_and(|owner| match owner.holder {
            Some(holder) if holder.member == member => holds != Some(owner.term),
            Some(_) => holds.is_some_and(|term| term < owner.term),
            None => holds.is_some() || self.broken(Breakage::OldVacancy),
        })
    }
}
