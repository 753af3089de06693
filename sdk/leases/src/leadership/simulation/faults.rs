//! The faults of a schedule, and the requests to members.

use std::time::Duration;

use rand::Rng as _;
use rand::rngs::SmallRng;

/// When faults begin to happen, and from when on nothing goes wrong any more.
pub(super) const FROM: Duration = Duration::from_millis(400);
pub(super) const UNTIL: Duration = Duration::from_millis(1_200);
/// When everything must have come to rest.
pub(super) const END: Duration = Duration::from_millis(3_400);

/// To one member, by its number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// The process is killed, and another of its name starts after this time.
    Crash(usize, Duration),
    /// The process is suspended for so long.
    Suspend(usize, Duration),
    /// Nothing comes through between the member and the store for so long: it is lost, or comes late.
    Cut(usize, Duration),
    /// Its watch tells nothing for so long.
    Stall(usize, Duration),
    /// It is asked to hand a group over: to this member, or to any.
    StepDown { member: usize, group: usize, to: Option<usize> },
    /// It is asked for the owner of a group.
    Activate { member: usize, group: usize },
    /// Automatic failover of a group, or of all of them, is paused for so long.
    Pause(Option<usize>, Duration),
    /// It is asked to take no groups for so long.
    Drain(usize, Duration),
    /// It stops, and another of its name starts after this time.
    Stop(usize, Duration),
}

fn within(random: &mut SmallRng, longest_ms: u64) -> Duration {
    Duration::from_micros(random.random_range(0..longest_ms * 1_000))
}

/// The faults of a schedule, each with its time.
pub(super) fn draw(random: &mut SmallRng, members: usize, groups: usize) -> Vec<(Duration, Fault)> {
    let count = random.random_range(1..=6);
    let mut faults = Vec::new();
    for _ in 0..count {
        let at = FROM + within(random, u64::try_from((UNTIL - FROM).as_millis()).unwrap());
        let (member, group) = (random.random_range(0..members), random.random_range(0..groups));
        let fault = match random.random_range(0..12) {
            0 | 1 => Fault::Crash(member, within(random, 600)),
            2 => Fault::Suspend(member, within(random, 600)),
            3 => Fault::Cut(member, within(random, 600)),
            4 => Fault::Stall(member, within(random, 600)),
            5..=7 => {
                let to = random.random_bool(0.5).then(|| random.random_range(0..members));
                Fault::StepDown { member, group, to }
            }
            8 => Fault::Activate { member, group },
            9 => Fault::Drain(member, within(random, 600)),
            10 => Fault::Pause(random.random_bool(0.5).then_some(group), within(random, 600)),
            _ => Fault::Stop(member, within(random, 600)),
        };
        faults.push((at, fault));
    }
    faults
}
