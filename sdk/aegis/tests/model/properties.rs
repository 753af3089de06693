//! What must always hold, and what must be reached.

use stateright::Property;

use super::lease::Lease;
use super::step::Step;
use super::world::{Keeper, Passing, World};

pub(crate) const ONE_GUARD: &str = "at most one guard is open";
pub(crate) const OWN_TERM: &str = "no two sessions have effects under one term";
pub(crate) const EFFECTS_ADVANCE: &str = "terms of accepted effects never go back";
pub(crate) const TERMS_GROW: &str = "terms grow with each change of owner";
pub(crate) const DEAD_FOR_GOOD: &str = "a session that has ended never lives again";
pub(crate) const NEVER_LETS_GO_EARLY: &str = "no owner lets go for a record older than its own";
pub(crate) const RECOVERS: &str = "whoever is left leads once faults stop";

pub(crate) fn safety() -> Vec<Property<Lease>> {
    vec![
        Property::always(ONE_GUARD, |model: &Lease, world: &World| open_guards(model, world) <= 1),
        Property::always(OWN_TERM, |_: &Lease, world: &World| !world.breaches.term_shared),
        Property::always(EFFECTS_ADVANCE, |_: &Lease, world: &World| !world.breaches.effects_went_back),
        Property::always(TERMS_GROW, |_: &Lease, world: &World| !world.breaches.owner_term_stood),
        Property::always(DEAD_FOR_GOOD, |_: &Lease, world: &World| !world.breaches.session_rose),
        Property::always(NEVER_LETS_GO_EARLY, |_: &Lease, world: &World| !world.breaches.let_go_for_older),
    ]
}

/// The owner was fenced while it ran, does not know it, and another acts.
pub(crate) fn silent_owner_is_succeeded() -> Property<Lease> {
    Property::sometimes("a silent owner is succeeded", |model: &Lease, world: &World| {
        let overtaken = |n| holds_in_vain(world, n) && world.crashes == 0;
        open_guards(model, world) == 1 && (0..model.members).any(overtaken)
    })
}

/// An owner crashed, and its next life acts under a new term.
pub(crate) fn crashed_owner_returns() -> Property<Lease> {
    Property::sometimes("a crashed owner returns under a new term", |model: &Lease, world: &World| {
        let returned = |n: usize| world.members[n].lives > 1 && model.admits(world, n) == Some(2);
        world.crashes > 0 && (0..model.members).any(returned)
    })
}

/// The sink sees a call of a term that is over.
pub(crate) fn late_call_is_refused() -> Property<Lease> {
    Property::sometimes("a late call meets a newer term", |_: &Lease, world: &World| {
        let newest = world.sink.map_or(0, |last| last.term);
        world.members.iter().any(|member| member.call.is_some_and(|call| call.term < newest))
    })
}

/// An owner resigned, and another acts while the one before it still lives.
pub(crate) fn resigned_owner_is_succeeded() -> Property<Lease> {
    Property::sometimes("an owner that resigned is succeeded", |model: &Lease, world: &World| {
        let gone = world.members.iter().any(|member| member.resigned && member.life().is_some());
        gone && world.ended.iter().all(|life| *life == 0) && open_guards(model, world) == 1
    })
}

/// An owner named a successor, and that one acts while the one before it still lives.
pub(crate) fn successor_serves() -> Property<Lease> {
    Property::sometimes("a successor serves after a hand-over", |model: &Lease, world: &World| {
        let serves = |n| model.admits(world, n).is_some_and(|term| term > 1);
        world.ended.iter().all(|life| *life == 0) && (0..model.members).any(serves)
    })
}

/// A group went to and fro between two sessions.
pub(crate) fn group_comes_back() -> Property<Lease> {
    Property::sometimes("a group comes back to the session it left", |model: &Lease, world: &World| {
        let served = |n: usize| world.members[n].gone > 0 && model.admits(world, n).is_some();
        world.ended.iter().all(|life| *life == 0) && (0..model.members).any(served)
    })
}

/// The group was handed to a session that has ended, of a member that never knew of it, by an owner whose
/// session lasts; and from there another comes to lead.
pub(crate) fn dead_successor_is_succeeded() -> Property<Lease> {
    Property::sometimes("a hand-over to a dead session is claimed by another", |model, world: &World| {
        let unaware = |n: usize| world.ended[n] > 0 && world.members[n].life().is_none();
        let lasts = |n: usize| world.ended[n] == 0 && world.members[n].holds == Some(1);
        let term = world.owner.map_or(0, |owner| owner.term);
        let handed = term == 2 && Lease::vacant(world) && (0..model.members).any(unaware);
        handed && (0..model.members).any(|n| lasts(n) && comes_to_lead(model, world, n) == Some(3))
    })
}

/// A hand-over without a certain outcome was taken back.
pub(crate) fn hand_over_is_taken_back() -> Property<Lease> {
    Property::sometimes("a hand-over is taken back", |_: &Lease, world: &World| {
        world.members.iter().any(|member| member.passing == Passing::Rewritten && member.open > 0)
    })
}

/// Where nobody claims, whoever serves was appointed.
pub(crate) fn appointee_serves() -> Property<Lease> {
    Property::sometimes("an appointee serves", |model: &Lease, world: &World| {
        !model.claim && open_guards(model, world) == 1
    })
}

/// One that had resigned was appointed, passed the group on, and another serves.
pub(crate) fn unfit_appointee_passes_on() -> Property<Lease> {
    Property::sometimes("one that resigned and was appointed passes the group on", |model, world: &World| {
        let passed = world.members.iter().any(|member| member.resigned && member.gone == 1);
        passed && world.ended.iter().all(|life| *life == 0) && open_guards(model, world) == 1
    })
}

/// From here, if all but one member stop for ever, and that one neither crashes nor pauses and all its
/// messages arrive, its guard opens within a few leases.
pub(crate) fn recovers() -> Property<Lease> {
    Property::always(RECOVERS, |model: &Lease, world: &World| {
        (0..model.members).all(|survivor| comes_to_lead(model, world, survivor).is_some())
    })
}

/// Under which term the member leads within a few leases, if it is left alone from here.
fn comes_to_lead(model: &Lease, world: &World, survivor: usize) -> Option<u8> {
    let mut world = world.clone();
    (0..ROUNDS).find_map(|_| {
        fair_round(model, &mut world, survivor);
        model.admits(&world, survivor)
    })
}

/// Each round is a tick: a lease until a silent session is fenced, the claim, and as much again for a
/// claimer that finds that its own session has ended.
const ROUNDS: usize = 8;

/// The member does all that is to be done, then time passes.
fn fair_round(model: &Lease, world: &mut World, n: usize) {
    deliver(model, world);
    let keeper = match world.members[n].keeper {
        Keeper::Idle => Some(Step::Begin(n)),
        Keeper::Live { renewal: None, .. } => Some(Step::Renew(n)),
        Keeper::Beginning(..) | Keeper::Live { .. } => None,
    };
    keeper.into_iter().for_each(|step| model.step(world, step));
    deliver(model, world);
    let answer = match world.members[n].keeper {
        Keeper::Beginning(_, sent) | Keeper::Live { renewal: Some(sent), .. } if sent.applied.is_some() => {
            Some(Step::Acknowledge(n))
        }
        Keeper::Live { renewal: Some(_), .. } => Some(Step::Adopt(n)),
        Keeper::Beginning(..) => Some(Step::GiveUp(n)),
        Keeper::Idle | Keeper::Live { .. } => None,
    };
    answer.into_iter().for_each(|step| model.step(world, step));
    for other in (0..model.members).filter(|other| *other != n) {
        if model.silent(world, other) {
            model.step(world, Step::Fence(other));
            deliver(model, world);
        }
    }
    if world.members[n].life().is_some() && Lease::vacant(world) {
        model.step(world, Step::Claim(n));
        deliver(model, world);
    }
    model.step(world, Step::Note(n));
    model.step(world, Step::Look(n));
    if world.members[n].passing == Passing::Sent {
        model.step(world, Step::Rewrite(n));
        deliver(model, world);
        model.step(world, Step::Look(n));
    }
    if world.members[n].passing == Passing::Rewritten {
        model.step(world, Step::Resume(n));
    }
    model.step(world, Step::Tick);
}

fn deliver(model: &Lease, world: &mut World) {
    // One that arrives makes others conflict.
    for write in world.network.clone() {
        if world.network.contains(&write) {
            model.step(world, Step::Arrive(write));
        }
    }
}

fn open_guards(model: &Lease, world: &World) -> usize {
    (0..model.members).filter(|n| model.admits(world, *n).is_some()).count()
}

/// Whether the member believes in a session that the store has ended.
fn holds_in_vain(world: &World, n: usize) -> bool {
    let member = &world.members[n];
    member.holds.is_some() && member.life().is_some_and(|life| life <= world.ended[n])
}
