//! The protocol: which steps are possible. Any step may be put off for any number of ticks, which is what a
//! pause, a slow task and a slow network are. What each step does is in `step`.

use stateright::{Model, Property};

use super::properties;
use super::step::Step;
use super::world::{Keeper, Owner, Passing, Revision, Session, World};

/// What is explored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    pub(crate) members: usize,
    /// How many sessions begin at most, of all members together.
    pub(crate) sessions: u8,
    /// The highest term written.
    pub(crate) terms: u8,
    /// How many crashes happen at most, of all members together.
    pub(crate) crashes: u8,
    /// Whether calls arrive and have effects.
    pub(crate) calls: bool,
    /// Whether members claim vacant groups for themselves.
    pub(crate) claim: bool,
    /// Whether members give vacant groups to others.
    pub(crate) appoint: bool,
    /// Whether owners name a successor.
    pub(crate) hand_over: bool,
    /// Whether members cease to stand for the group.
    pub(crate) resign: Resign,
    pub(crate) breakage: Option<Breakage>,
    /// What must be reached, so that nothing holds only because nothing happens.
    pub(crate) goals: &'static [fn() -> Property<Lease>],
}

/// Whether members cease to stand for the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resign {
    Never,
    /// For good, as on a clean stop.
    ForGood,
    /// For a while, as one that is unhealthy and recovers.
    ForAWhile,
}

/// A rule of the protocol taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breakage {
    /// A claim expects no revision.
    BlindClaim,
    /// An appointment expects no revision.
    BlindAppointment,
    /// A hand-over expects no revision.
    BlindHandOver,
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
    /// A record that names a member opens its guard, however old it is.
    OldWord,
    /// An owner takes calls until it knows that its successor is written.
    ServesWhilePassing,
    /// An owner takes calls again although what it wrote may still be applied.
    ResumesAtOnce,
    /// An owner that gives the group up forgets that it does, and takes its own record for leave to serve.
    ForgetsPassing,
}

impl Lease {
    pub(crate) fn broken(&self, breakage: Breakage) -> bool {
        self.breakage == Some(breakage)
    }

    /// Whether a member may come to own the group by what another writes.
    pub(crate) fn named(&self) -> bool {
        self.appoint || self.hand_over
    }

    /// Whether a member's guard lets a call in.
    pub(crate) fn admits(&self, world: &World, member: usize) -> Option<u8> {
        let it = &world.members[member];
        let serves = it.passing == Passing::No || self.broken(Breakage::ServesWhilePassing);
        let open = it.open > 0 || self.broken(Breakage::NoGuard);
        it.holds.filter(|_| open && serves && !it.resigned)
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

    /// What a member's keeper may do.
    fn keep(&self, world: &World, n: usize, steps: &mut Vec<Step>) {
        let sessions: u8 = world.members.iter().map(|member| member.lives).sum();
        let keeper = world.members[n].keeper;
        match keeper {
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
        if world.crashes < self.crashes && keeper != Keeper::Idle {
            steps.push(Step::Crash(n));
        }
    }

    /// What a member's elector may do, and what others may do to the member.
    fn elect(&self, world: &World, n: usize, steps: &mut Vec<Step>) {
        let member = &world.members[n];
        let term = world.owner.map_or(0, |owner| owner.term);
        let others = (0..self.members).any(|other| other != n && !world.members[other].resigned);
        if others && self.silent(world, n) {
            steps.push(Step::Fence(n));
        }
        let vacant = term < self.terms && Self::vacant(world);
        if self.claim && vacant && member.life().is_some() && !member.resigned {
            steps.push(Step::Claim(n));
        }
        if let Some(life) = world.sessions[n]
            && self.appoint
            && vacant
            && others
        {
            steps.push(Step::Appoint(Session { member: n, life }));
        }
        if !member.resigned || self.named() {
            if self.matters(world, n) {
                steps.push(Step::Look(n));
            }
            match member.heard {
                Some(_) => steps.push(Step::Note(n)),
                None if self.matters(world, n) => steps.push(Step::Hear(n)),
                None => {}
            }
            self.pass(world, n, steps);
        }
    }

    /// How a member gives the group up, or takes that back.
    fn pass(&self, world: &World, n: usize, steps: &mut Vec<Step>) {
        let member = &world.members[n];
        // Whoever is never named by another need not resign before it owns the group.
        if !member.resigned && (member.holds.is_some() || self.named() && member.life().is_some()) {
            if self.resign != Resign::Never {
                steps.push(Step::Resign(n));
            }
        } else if member.resigned && self.resign == Resign::ForAWhile {
            steps.push(Step::Return(n));
        }
        if let Some(own) = Self::own(world, n) {
            if member.resigned {
                steps.push(Step::Pass(n, Owner { holder: None, ..own }));
            }
            if self.hand_over && own.term < self.terms {
                let successors = (0..self.members).filter(|other| *other != n);
                // The last session of theirs that the member may have seen, alive or not.
                let sessions = successors.flat_map(|member| {
                    let ended = Some(world.ended[member]).filter(|life| *life > 0);
                    let lives = world.sessions[member].into_iter().chain(ended);
                    lives.map(move |life| Session { member, life })
                });
                let term = own.term + 1;
                steps.extend(sessions.map(|session| Step::Pass(n, Owner { term, holder: Some(session) })));
            }
            if member.passing == Passing::Sent && !member.resigned {
                steps.push(Step::Rewrite(n));
            }
        }
        let may = member.passing == Passing::Rewritten
            || member.passing == Passing::Sent && self.broken(Breakage::ResumesAtOnce);
        if may {
            steps.push(Step::Resume(n));
        }
    }

    /// The owner key, if it names this member under the term that it holds: then it may write there.
    pub(crate) fn own(world: &World, n: usize) -> Option<Owner> {
        let member = &world.members[n];
        let life = member.life()?;
        let owner = world.owner.filter(|owner| owner.holder == Some(Session { member: n, life }))?;
        (member.holds == Some(owner.term)).then_some(owner)
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

impl Model for Lease {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.members)]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        steps.push(Step::Tick);
        steps.extend(world.network.iter().copied().map(Step::Arrive));
        for (n, member) in world.members.iter().enumerate() {
            if self.broken(Breakage::ClockStops) {
                steps.push(Step::TickWithout(n));
            }
            self.keep(world, n, steps);
            self.elect(world, n, steps);
            if self.calls && self.admits(world, n).is_some() {
                steps.push(Step::Admit(n));
            }
            if member.call.is_some() {
                steps.push(Step::Effect(n));
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
