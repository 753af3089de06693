//! Schedules come from their seeds alone.

use std::collections::BTreeSet;

use aegis_chaos::schedule::{Mix, Schedule, Target};

#[test]
fn a_seed_always_draws_the_same_schedule_and_others_draw_others() {
    for mix in [Mix::All, Mix::Suspensions, Mix::PulseCuts, Mix::CrossedClaims] {
        assert_eq!(Schedule::draw(7, mix), Schedule::draw(7, mix));
        assert_ne!(Schedule::draw(7, mix), Schedule::draw(8, mix));
    }
}

#[test]
fn two_hundred_seeds_draw_every_fault_and_mostly_strike_owners() {
    let steps: Vec<_> = (1..=200).flat_map(|seed| Schedule::draw(seed, Mix::All).steps).collect();
    let names: BTreeSet<_> = steps.iter().map(|step| step.act.name()).collect();
    assert_eq!(names.len(), 15, "{names:?}");
    let owners = steps.iter().filter(|step| matches!(step.target, Target::OwnerOf(_))).count();
    assert!(owners * 2 > steps.len(), "{owners} of {}", steps.len());
    assert!(steps.iter().all(|step| step.at_ms < 3_000 && step.for_ms < 1_200));
}
