//! Many callers, and owners that are killed one after another: what was acknowledged is there, once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio_util::sync::CancellationToken;

use crate::caller::Callers;
use crate::campaign::keep;
use crate::checker::{Property, Violation, check};
use crate::fault::befall;
use crate::history::{Method, Outcome};
use crate::run::{Run, conclude};
use crate::schedule::{Act, Step, Target};
use crate::stage::{Setting, Stage};

const GROUPS: usize = 8;
const PATIENCE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
const PAUSE: Duration = Duration::from_millis(20);
/// How long a killed member stays away.
const AWAY_MS: u64 = 300;
/// How long the first owners may take.
const SETTLE: Duration = Duration::from_secs(20);

/// How much, and for how long.
#[derive(Debug, Clone)]
pub struct Load {
    /// The program that becomes a member when told so.
    pub program: PathBuf,
    /// For how long.
    pub time: Duration,
    /// How many call at once.
    pub callers: usize,
    /// How many owners are killed.
    pub kills: u32,
    /// Where the history is kept if something is violated.
    pub keep: PathBuf,
}

/// What came out.
#[derive(Debug)]
pub struct Tally {
    /// Appends that were answered.
    pub acknowledged: usize,
    /// Appends that nobody can tell the outcome of.
    pub unknown: usize,
    /// Appends that were reported as not done.
    pub not_done: usize,
    /// Owners that were killed.
    pub kills: usize,
    /// Every breach.
    pub violations: Vec<Violation>,
}

impl Load {
    /// Puts the load on.
    ///
    /// # Errors
    /// When the stage cannot be set, or what is left cannot be read.
    pub async fn run(&self) -> anyhow::Result<Tally> {
        let setting = Setting {
            program: self.program.clone(),
            groups: GROUPS,
            members: 3,
            sabotage: None,
            sync: false,
        };
        let stage = Arc::new(Stage::set(setting).await?);
        let callers = Callers::new(&stage.connection, GROUPS, &PATIENCE, PAUSE);
        let stop = CancellationToken::new();
        let calling: Vec<_> = (0..self.callers)
            .map(|n| {
                let caller = callers.clone();
                tokio::spawn(caller.run(n % GROUPS, Method::Append, n as u64, stop.clone()))
            })
            .collect();
        let settled = aegis_testkit::try_wait_until(SETTLE, async || {
            let missing = (0..GROUPS).find(|group| callers.owners.of(*group).is_none());
            missing.map_or(Ok(()), |group| Err(format!("nobody answers for group {group}")))
        });
        settled.await.map_err(anyhow::Error::msg)?;
        let begun = Instant::now();
        let mut kills = 0;
        for n in 1..=self.kills {
            tokio::time::sleep_until((begun + self.time * n / (self.kills + 1)).into()).await;
            let target = Target::OwnerOf(n as usize % GROUPS);
            let step = Step { at_ms: 0, for_ms: AWAY_MS, target, act: Act::Kill };
            kills += usize::from(befall(&stage, &callers.owners, step).await);
        }
        tokio::time::sleep_until((begun + self.time).into()).await;
        stop.cancel();
        let mut invocations = Vec::new();
        for caller in calling {
            invocations.extend(caller.await?);
        }
        let history = conclude(&stage, GROUPS, invocations, vec![]).await.context("what is left")?;
        ensure!(!history.effects.is_empty(), "nothing was done at all");
        let violations = check(&history);
        let count = |wanted: fn(&Outcome) -> bool| {
            history.invocations.iter().filter(|call| wanted(&call.outcome)).count()
        };
        let tally = Tally {
            acknowledged: count(|outcome| matches!(outcome, Outcome::Answered { .. })),
            unknown: count(|outcome| matches!(outcome, Outcome::Unknown | Outcome::Failed { .. })),
            not_done: count(|outcome| matches!(outcome, Outcome::NotDone { .. })),
            kills,
            violations,
        };
        if !tally.violations.is_empty() {
            let faults = BTreeMap::from([(Act::Kill.name(), kills)]);
            keep(&self.keep, "load", &Run { history, faults, said: stage.said() })?;
        }
        Ok(tally)
    }
}

impl Tally {
    /// What came out, in one line, and every breach that the line does not tell.
    #[must_use]
    pub fn summary(&self) -> String {
        let Self { acknowledged, unknown, not_done, kills, violations } = self;
        let count = |property| violations.iter().filter(|found| found.property == property).count();
        let (lost, twice) = (count(Property::NothingLost), count(Property::NothingTwice));
        let mut text = String::new();
        for Violation { property, records } in violations {
            // Writing to a string does not fail.
            let _ok = writeln!(text, "({}) {}: {}", property.number(), property.claim(), records.join(", "));
        }
        text + &format!(
            "acknowledged {acknowledged}, lost {lost}, duplicated {twice}, unknown {unknown}, \
             not done {not_done}, kills {kills}\n"
        )
    }
}
