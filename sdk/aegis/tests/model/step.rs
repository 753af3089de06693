//! The steps, and what each does.

use super::lease::{Breakage, Lease, Resign};
use super::world::{Call, Change, Keeper, LEASE, Owner, Passing, Revision, Sent, Session, World, Write};

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
    /// A member finds the group vacant and gives it to a session that lives. Which one it is leaves no trace.
    Appoint(Session),
    /// A member reads the owner key, or learns at once that its claim was applied.
    Look(usize),
    /// The owner key is on its way to a member, by a watch or in a late answer.
    Hear(usize),
    /// A member brings its guard in line with what it heard.
    Note(usize),
    /// A member ceases to serve and to stand for the group.
    Resign(usize),
    /// A member that had resigned stands again.
    Return(usize),
    /// Whoever holds the group stops taking calls and writes its successor, or that there is none. It may be
    /// sent again, to another successor too, while the outcome is unclear.
    Pass(usize, Owner),
    /// Whoever has no certain outcome of that writes its own record once more.
    Rewrite(usize),
    /// It knows that this was applied, and that what it sent before can therefore only conflict.
    Resume(usize),
    /// A call arrives and passes the guard.
    Admit(usize),
    /// The effect of an admitted call reaches the sink, perhaps not for the first time.
    Effect(usize),
}

impl Lease {
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
            Step::Appoint(session) => {
                let term = world.owner.map_or(0, |before| before.term) + 1;
                let change = Change::Own(Owner { term, holder: Some(session) });
                world.network.insert(Write { change, blind: self.broken(Breakage::BlindAppointment) });
            }
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
            Step::Resign(member) => self.resign(world, member),
            Step::Return(member) => world.members[member].resigned = false,
            Step::Pass(member, owner) => {
                let it = &mut world.members[member];
                it.passing = Passing::Sent;
                if self.broken(Breakage::ForgetsPassing) {
                    (it.holds, it.passing) = (None, Passing::No);
                }
                let blind = self.broken(Breakage::BlindHandOver) && owner.holder.is_some();
                world.network.insert(Write { change: Change::Own(owner), blind });
            }
            Step::Rewrite(member) => {
                if let Some(own) = Self::own(world, member) {
                    world.network.insert(Write { change: Change::Own(own), blind: false });
                }
            }
            Step::Resume(member) => world.members[member].passing = Passing::No,
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
                if owner == before {
                    rewritten(world, owner);
                }
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

    /// For good: it lets go of the group, and gives it up if it owns it.
    fn resign(&self, world: &mut World, member: usize) {
        let own = Self::own(world, member);
        let it = &mut world.members[member];
        it.resigned = true;
        if self.resign == Resign::ForGood {
            it.heard = None;
            it.lets_go(self.named());
            let change = own.map(|own| Change::Own(Owner { holder: None, ..own }));
            world.network.extend(change.map(|change| Write { change, blind: false }));
        }
    }

    fn note(&self, world: &mut World, member: usize, owner: Owner) {
        let it = &mut world.members[member];
        let session = it.life().map(|life| Session { member, life });
        let mine = session.is_some() && owner.holder == session;
        let news = owner.term > it.gone && it.holds.is_none_or(|term| term < owner.term);
        if mine {
            if news || self.broken(Breakage::OldWord) && it.holds.is_none() {
                it.lets_go(self.named());
                it.holds = Some(owner.term);
            }
        } else if let Some(term) = it.holds {
            let vacated = owner.holder.is_none() && (term == owner.term || self.broken(Breakage::OldVacancy));
            if term < owner.term || vacated {
                it.lets_go(self.named());
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
            it.lets_go(false);
            (it.keeper, it.open, it.gone) = (Keeper::Idle, 0, 0);
        }
    }
}

/// The owner's record was written again: it may come to know that.
fn rewritten(world: &mut World, owner: Owner) {
    let Some(Session { member, life }) = owner.holder else { return };
    let it = &mut world.members[member];
    if it.life() == Some(life) && it.holds == Some(owner.term) && it.passing == Passing::Sent {
        it.passing = Passing::Rewritten;
    }
}
