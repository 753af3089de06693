//! Whole elections in virtual time: members with their clocks, sessions and guards, a lease store in memory, and a network
//! between them that loses, delays and reorders. One seed is one schedule, the same each time. After each event of a
//! schedule the invariants of the module above are held against all members; once the faults have ended, every group must
//! get an owner, and every request an answer.
//!
//! `AEGIS_SCHEDULES=100000` tries so many instead of the few that every run of the tests tries; `AEGIS_SEED=17` repeats one
//! and prints what happened.

mod checks;
mod event;
mod faults;
mod member;
mod store;
mod world;

use std::time::Instant;

use world::World;

/// How many schedules each run of the tests tries, and what they begin with.
const SCHEDULES: u64 = 2_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

/// Tries schedules from this seed on; answers how many took an owner away.
fn run(first: u64, count: u64) -> u64 {
    (first..first + count).map(|seed| World::new(seed).run().terms_beyond_the_first).sum()
}

#[test]
fn in_every_schedule_at_most_one_member_acts_terms_grow_and_every_group_gets_an_owner() {
    if let Some(seed) = number("AEGIS_SEED") {
        let mut world = World::new(seed);
        world.is_traced = true;
        world.run();
        return;
    }
    let (count, begun) = (number("AEGIS_SCHEDULES").unwrap_or(SCHEDULES), Instant::now());
    let workers = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let share = count.div_ceil(workers);
    let threads: Vec<_> =
        (0..workers).map(|worker| std::thread::spawn(move || run(worker * share, share))).collect();
    let changes: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    let (tried, time) = (share * workers, begun.elapsed());
    println!(
        "{tried} schedules, {changes} changes of owner, {time:.1?}: {:.0} a second",
        tried as f64 / time.as_secs_f64()
    );
    assert!(changes > tried, "the faults hardly ever take an owner away: {changes} in {tried}");
}
