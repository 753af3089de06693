//! A campaign: many runs in parallel, and their results.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;

use crate::checker::{Property, Violation, check};
use crate::history::{History, Outcome};
use crate::run::{Run, play};
use crate::sabotage::Sabotage;
use crate::schedule::{GROUPS, MEMBERS, Mix, Schedule};
use crate::stage::Setting;

/// How many records of one property are shown; the kept history has all.
const SHOWN: usize = 3;

/// Which runs.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The program that becomes a member when told so.
    pub program: PathBuf,
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds, each the next number.
    pub seeds: u64,
    /// How many runs side by side.
    pub lanes: usize,
    /// What is taken away.
    pub sabotage: Option<Sabotage>,
    /// Whether every run says a line.
    pub verbose: bool,
    /// Where the histories of runs with a violation are kept.
    pub keep: PathBuf,
}

/// What came out.
#[derive(Debug, Default)]
pub struct Verdict {
    /// How many runs were played to their end.
    pub schedules: usize,
    /// The seeds with a violation, and what fell in each.
    pub violations: BTreeMap<u64, Vec<Violation>>,
    /// The seeds whose run could not be played, and why.
    pub errors: BTreeMap<u64, String>,
    totals: Totals,
}

#[derive(Debug, Default)]
struct Totals {
    calls: usize,
    answered: usize,
    not_done: usize,
    unknown: usize,
    failed: usize,
    effects: usize,
    failovers: usize,
    slowest_ms: u64,
    faults: BTreeMap<&'static str, usize>,
}

impl Campaign {
    /// Plays all runs and says what came out of each.
    ///
    /// # Errors
    /// When standard output or the folder of histories cannot be written.
    pub async fn run(&self) -> anyhow::Result<Verdict> {
        let seeds = self.first_seed..self.first_seed.saturating_add(self.seeds);
        let runs = futures_util::stream::iter(seeds).map(|seed| self.play(seed)).buffer_unordered(self.lanes);
        let mut runs = std::pin::pin!(runs);
        let mut verdict = Verdict::default();
        while let Some((schedule, run)) = runs.next().await {
            let seed = schedule.seed;
            let line = match run {
                Err(error) => {
                    let line = format!("seed {seed}: not played: {error:#}\n");
                    verdict.errors.insert(seed, format!("{error:#}"));
                    line
                }
                Ok(run) => {
                    verdict.schedules += 1;
                    let found = check(&run.history);
                    let line = self.line(&schedule, &run, &found)?;
                    verdict.totals.add(&run);
                    if !found.is_empty() {
                        verdict.violations.insert(seed, found);
                    }
                    line
                }
            };
            write!(std::io::stdout(), "{line}")?;
        }
        Ok(verdict)
    }

    async fn play(&self, seed: u64) -> (Schedule, anyhow::Result<Run>) {
        let schedule = Schedule::draw(seed, self.sabotage.map_or(Mix::All, Sabotage::mix));
        let setting = Setting {
            program: self.program.clone(),
            groups: GROUPS,
            members: MEMBERS,
            sabotage: self.sabotage,
            sync: true,
        };
        // A task of its own: the testkit panics when a server does not start.
        let task = {
            let schedule = schedule.clone();
            tokio::spawn(async move { play(setting, &schedule).await })
        };
        let run = task.await.map_err(anyhow::Error::from).flatten();
        (schedule, run)
    }

    fn line(&self, schedule: &Schedule, run: &Run, found: &[Violation]) -> anyhow::Result<String> {
        let seed = schedule.seed;
        let fallen = fallen(found);
        let calls = run.history.invocations.len();
        let (effects, failovers) = (run.history.effects.len(), run.history.failovers());
        let mut text = format!("seed {seed}: {calls} calls, {effects} effects, {failovers} failovers");
        if found.is_empty() {
            text += "\n";
            return Ok(if self.verbose { text } else { String::new() });
        }
        for property in &fallen {
            write!(text, "; ({}) fell: {}", property.number(), property.claim())?;
        }
        text += "\n";
        if self.sabotage.is_some() && !self.verbose {
            return Ok(text);
        }
        write!(text, "{schedule}")?;
        for property in fallen {
            let of_it: Vec<_> = found.iter().filter(|found| found.property == property).collect();
            writeln!(text, "  ({}) {}, {} times:", property.number(), property.claim(), of_it.len())?;
            for violation in of_it.into_iter().take(SHOWN) {
                writeln!(text, "    {}", violation.records.join("\n      "))?;
            }
        }
        let kept = keep(&self.keep, &format!("seed-{seed}"), run)?;
        writeln!(text, "  the history is in {}", kept.display())?;
        let sabotage = self.sabotage.map(|it| format!(" --sabotage {}", it.name())).unwrap_or_default();
        writeln!(text, "  again: cargo xtask chaos leadership --seeds 1 --first-seed {seed}{sabotage}")?;
        Ok(text)
    }
}

impl Verdict {
    /// All that fell in any run.
    #[must_use]
    pub fn fallen(&self) -> BTreeSet<Property> {
        self.violations.values().flat_map(|found| fallen(found)).collect()
    }

    /// What happened in all, so that nobody takes it for a success that nothing did; and the last line.
    #[must_use]
    pub fn summary(&self) -> String {
        let Totals { calls, answered, not_done, unknown, failed, effects, failovers, slowest_ms, faults } =
            &self.totals;
        let faults: Vec<_> = faults.iter().map(|(name, count)| format!("{name} {count}")).collect();
        format!(
            "calls {calls}: answered {answered}, not done {not_done}, unknown {unknown}, failed {failed}; \
             effects {effects}; failovers {failovers}; healed within {slowest_ms} ms\nfaults: {}\n\
             schedules {}, violations {}\n",
            faults.join(", "),
            self.schedules,
            self.violations.len()
        )
    }
}

impl Totals {
    fn add(&mut self, run: &Run) {
        let History { invocations, effects, progress, .. } = &run.history;
        self.calls += invocations.len();
        for call in invocations {
            match call.outcome {
                Outcome::Answered { .. } => self.answered += 1,
                Outcome::NotDone { .. } => self.not_done += 1,
                Outcome::Unknown => self.unknown += 1,
                Outcome::Failed { .. } => self.failed += 1,
            }
        }
        self.effects += effects.len();
        self.failovers += run.history.failovers();
        let slowest = progress.iter().filter_map(|progress| progress.answered_ms).max();
        self.slowest_ms = self.slowest_ms.max(slowest.unwrap_or_default());
        for (name, count) in &run.faults {
            *self.faults.entry(name).or_default() += count;
        }
    }
}

fn fallen(found: &[Violation]) -> BTreeSet<Property> {
    found.iter().map(|violation| violation.property).collect()
}

/// Keeps the history of a run, and what its members have said.
pub(crate) fn keep(folder: &Path, name: &str, run: &Run) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(format!("{name}.log")), run.said.join("\n"))?;
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, serde_json::to_string_pretty(&run.history)?)?;
    Ok(path)
}
