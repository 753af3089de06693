//! The schedule of faults: drawn from a seed, and nothing else.

use std::fmt;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// How many members a stage has, and how many groups.
pub const MEMBERS: usize = 3;
pub const GROUPS: usize = 3;

/// When the last fault begins at the latest.
const SPAN_MS: u64 = 3_000;

/// The faults of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// What it was drawn from.
    pub seed: u64,
    /// In the order in which they begin.
    pub steps: Vec<Step>,
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When it begins.
    pub at_ms: u64,
    /// How long it lasts; for what is killed, how long it stays away.
    pub for_ms: u64,
    /// Whom it befalls.
    pub target: Target,
    /// What it is.
    pub act: Act,
}

/// Whom a fault befalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// This member.
    Member(usize),
    /// Whoever owns this group when the fault begins.
    OwnerOf(usize),
    /// The server.
    Server,
}

/// What befalls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// SIGKILL, and a new process after a while.
    Kill,
    /// SIGSTOP, then SIGCONT.
    Suspend,
    /// SIGTERM, and a new process once it has ended.
    Terminate,
    /// An operator asks it to drain, and a new process comes once it has ended.
    Drain,
    /// An operator asks it to hand the group over: to this member, or to any.
    StepDown(Option<usize>),
    /// Nothing crosses its links.
    Cut,
    /// Nothing crosses the link of its heartbeats, renewals and elections; calls go on.
    CutPulse,
    /// On that link it is heard, and hears nothing.
    DeafPulse,
    /// Both links are slow, by so many milliseconds in each direction.
    Delay(u64),
    /// The link of its renewals and elections is.
    DelayPulse(u64),
    /// Its connections are closed; it may make new ones.
    Drop,
    /// The server is killed with SIGKILL, and started again on the same data.
    Restart,
    /// Another writer keeps the server's disk busy.
    SlowDisk,
    /// The thread of its heartbeats, renewals and elections panics.
    PanicPulse,
    /// The server announces its end, and is started again on the same data once it has ended.
    LameDuck,
}

/// Which faults to draw from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// All of them.
    All,
    /// Suspensions of owners for longer than a lease.
    Suspensions,
    /// Cuts of owners' pulse.
    PulseCuts,
    /// Owners that are killed while all elections are slow: claims that cross.
    CrossedClaims,
}

impl Schedule {
    /// The schedule of this seed: always the same.
    #[must_use]
    pub fn draw(seed: u64, mix: Mix) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut steps = match mix {
            Mix::All => (0..rng.random_range(6..=10)).map(|_| any(&mut rng)).collect(),
            Mix::Suspensions => owners(&mut rng, 6, |rng| (Act::Suspend, rng.random_range(450..700))),
            Mix::PulseCuts => owners(&mut rng, 4, |rng| (Act::CutPulse, rng.random_range(600..1_200))),
            Mix::CrossedClaims => {
                let mut steps = owners(&mut rng, 5, |rng| (Act::Kill, rng.random_range(400..600)));
                // Longer there and back than one rank waits for the one before it.
                steps.extend((0..MEMBERS).map(|index| {
                    let act = Act::DelayPulse(rng.random_range(80..100));
                    Step { at_ms: 0, for_ms: SPAN_MS + 1_000, target: Target::Member(index), act }
                }));
                steps
            }
        };
        steps.sort_by_key(|step| step.at_ms);
        Self { seed, steps }
    }
}

fn owners(rng: &mut StdRng, count: usize, mut draw: impl FnMut(&mut StdRng) -> (Act, u64)) -> Vec<Step> {
    let mut step = |_| {
        let (act, for_ms) = draw(rng);
        let target = Target::OwnerOf(rng.random_range(0..GROUPS));
        Step { at_ms: rng.random_range(0..SPAN_MS), for_ms, target, act }
    };
    (0..count).map(&mut step).collect()
}

fn any(rng: &mut StdRng) -> Step {
    let at_ms = rng.random_range(0..SPAN_MS);
    // The loss of an owner is what it is all about.
    let target = if rng.random_bool(0.65) {
        Target::OwnerOf(rng.random_range(0..GROUPS))
    } else {
        Target::Member(rng.random_range(0..MEMBERS))
    };
    let (target, act, for_ms) = match rng.random_range(0..29) {
        0..3 => (target, Act::Kill, rng.random_range(50..800)),
        3..7 => (target, Act::Suspend, rng.random_range(50..=600)),
        7..9 => (target, Act::Terminate, 0),
        9..11 => (target, Act::Cut, rng.random_range(100..900)),
        11..13 => (target, Act::CutPulse, rng.random_range(100..900)),
        13..15 => (target, Act::DeafPulse, rng.random_range(100..900)),
        15 => (target, Act::Delay(rng.random_range(5..200)), rng.random_range(200..1_000)),
        16..18 => (target, Act::DelayPulse(rng.random_range(5..200)), rng.random_range(200..1_000)),
        18 => (target, Act::Drop, 0),
        19 => (Target::Server, Act::Restart, rng.random_range(20..500)),
        20 => (target, Act::Drain, 0),
        21..25 => {
            let to = rng.random_bool(0.5).then(|| rng.random_range(0..MEMBERS));
            (Target::OwnerOf(rng.random_range(0..GROUPS)), Act::StepDown(to), 0)
        }
        25 | 26 => (target, Act::PanicPulse, 0),
        27 => (Target::Server, Act::LameDuck, rng.random_range(100..600)),
        _ => (Target::Server, Act::SlowDisk, rng.random_range(300..1_200)),
    };
    Step { at_ms, for_ms, target, act }
}

impl Act {
    /// What it is called in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill -9",
            Self::Suspend => "SIGSTOP",
            Self::Terminate => "SIGTERM",
            Self::Drain => "drain",
            Self::StepDown(_) => "step-down",
            Self::Cut => "cut",
            Self::CutPulse => "pulse cut",
            Self::DeafPulse => "pulse deaf",
            Self::Delay(_) => "delay",
            Self::DelayPulse(_) => "pulse delay",
            Self::Drop => "drop",
            Self::Restart => "server kill -9",
            Self::SlowDisk => "slow disk",
            Self::PanicPulse => "pulse panic",
            Self::LameDuck => "lame duck",
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "  {step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:4} ms  {:12} {}", self.at_ms, self.target.to_string(), self.act.name())?;
        if let Act::Delay(ms) | Act::DelayPulse(ms) = self.act {
            write!(f, " by {ms} ms")?;
        }
        if let Act::StepDown(Some(member)) = self.act {
            write!(f, " to member-{member}")?;
        }
        write!(f, ", {} ms", self.for_ms)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(index) => write!(f, "member-{index}"),
            Self::OwnerOf(group) => write!(f, "owner of G-{}", group + 1),
            Self::Server => f.write_str("server"),
        }
    }
}
