//! One run: starts the stage and the callers, injects faults, ends them, and reads the history.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_projections::verify::{Scope, verify};
use aegis_sdk::CallOptions;
use anyhow::{Context as _, ensure};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::caller::Callers;
use crate::fault::befall;
use crate::history::{History, Invocation, Method, Outcome, Progress};
use crate::schedule::{Act, Schedule};
use crate::sink;
use crate::stage::{Setting, Stage};

/// How long callers wait. The short ones give up in the middle of a failover, the long ones see its end.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(700), Duration::from_millis(1_500)];
const PAUSE: Duration = Duration::from_millis(25);
const APPENDERS: u64 = 3;
const READERS: u64 = 2;
/// How long the first owners may take, and how long a group may take to answer once everything is healed:
/// many leases, and longer than a client's longest pause between two attempts to connect.
const SETTLE: Duration = Duration::from_secs(20);
/// How long the log may take to catch up with the terms that were seen.
const CATCH_UP: Duration = Duration::from_secs(10);

/// What a run has left.
#[derive(Debug, Clone)]
pub struct Run {
    /// What it is judged by.
    pub history: History,
    /// How often each kind of fault has befallen somebody.
    pub faults: BTreeMap<&'static str, usize>,
    /// What the members have said.
    pub said: Vec<String>,
}

/// Plays the schedule.
///
/// # Errors
/// When the stage cannot be set, or what is left cannot be read. That says nothing about the service.
pub async fn play(setting: Setting, schedule: &Schedule) -> anyhow::Result<Run> {
    let groups = setting.groups;
    let stage = Arc::new(Stage::set(setting).await?);
    let callers = Callers::new(&stage.connection, groups, &PATIENCE, PAUSE);
    let settled = answers_of_all(&callers, groups, "first").await;
    let mut invocations = settled.0;
    ensure!(settled.1.iter().all(|progress| progress.answered_ms.is_some()), "no owner at the start");

    let stop = CancellationToken::new();
    let mut calling = Vec::new();
    for group in 0..groups {
        for n in 0..APPENDERS + READERS {
            let method = if n < APPENDERS { Method::Append } else { Method::Read };
            let seed = schedule.seed.wrapping_mul(1_000).wrapping_add(group as u64 * 10 + n);
            calling.push(tokio::spawn(callers.clone().run(group, method, seed, stop.clone())));
        }
    }
    let begun = Instant::now();
    let faults = schedule.steps.iter().map(|step| {
        let (stage, owners, step) = (Arc::clone(&stage), callers.owners.clone(), *step);
        async move {
            tokio::time::sleep_until((begun + Duration::from_millis(step.at_ms)).into()).await;
            // A task of its own: what it does to a process or to the server may block for a moment.
            let befell = tokio::spawn(async move { befall(&stage, &owners, step).await }).await;
            befell.map(|befell| befell.then_some(step.act))
        }
    });
    let befallen = join_all(faults).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    stage.heal();
    let (last, progress) = answers_of_all(&callers, groups, "last").await;
    invocations.extend(last);
    stop.cancel();
    for caller in calling {
        invocations.extend(caller.await?);
    }
    let history = conclude(&stage, groups, invocations, progress).await?;
    Ok(Run { history, faults: count(befallen.into_iter().flatten()), said: stage.said() })
}

/// Reads what is left once nobody writes any more.
pub(crate) async fn conclude(
    stage: &Stage,
    groups: usize,
    invocations: Vec<Invocation>,
    progress: Vec<Progress>,
) -> anyhow::Result<History> {
    let mut seen: HashMap<String, u64> = HashMap::new();
    let answers = invocations.iter().filter_map(|call| match &call.outcome {
        Outcome::Answered { term, .. } => Some((&call.group, *term)),
        Outcome::NotDone { .. } | Outcome::Unknown | Outcome::Failed { .. } => None,
    });
    let effects = sink::effects(&stage.connection).await.context("the sink")?;
    for (group, term) in answers.chain(effects.iter().map(|effect| (&effect.group, effect.term))) {
        let highest = seen.entry(group.clone()).or_default();
        *highest = term.max(*highest);
    }
    let caught_up = aegis_testkit::try_wait_until(CATCH_UP, async || {
        let log = sink::log(&stage.connection, groups).await.map_err(|error| format!("{error:#}"))?;
        let behind = seen
            .iter()
            .find(|(group, term)| !log.iter().any(|tenure| tenure.group == **group && tenure.term >= **term));
        behind.map_or(Ok(()), |behind| Err(format!("{behind:?} is not there")))
    });
    // The checker says what is missing.
    caught_up.await.ok();
    stage.end();
    let effects = sink::effects(&stage.connection).await.context("the sink")?;
    let log = sink::log(&stage.connection, groups).await.context("the log")?;
    let scope = Scope { settle: Duration::ZERO, ..Scope::default() };
    let report = verify(&stage.connection, scope).await.context("the verification of the log")?;
    // No projector is there, so KV entries are not either.
    let unverified =
        report.findings.iter().filter(|finding| !finding.is_repairable()).map(ToString::to_string);
    let unverified = unverified.collect();
    let panics = panics(&stage.said());
    Ok(History { invocations, effects, log, progress, panics, unverified })
}

/// Calls each group until it answers.
async fn answers_of_all(callers: &Callers, groups: usize, when: &str) -> (Vec<Invocation>, Vec<Progress>) {
    let calls = (0..groups).map(|group| async move {
        let begun = Instant::now();
        let mut calls: Vec<Invocation> = Vec::new();
        while begun.elapsed() < SETTLE {
            let request = format!("{when}-{group}-{}", calls.len());
            let options = CallOptions::within(Duration::from_secs(1)).idempotent();
            calls.push(callers.call(group, Method::Append, request, options).await);
            let answered = calls.last().is_some_and(|call| matches!(call.outcome, Outcome::Answered { .. }));
            if answered {
                let answered_ms = u64::try_from(begun.elapsed().as_millis()).ok();
                return (calls, Progress { group: crate::member::group(group), answered_ms });
            }
        }
        (calls, Progress { group: crate::member::group(group), answered_ms: None })
    });
    let (calls, progress): (Vec<_>, Vec<_>) = join_all(calls).await.into_iter().unzip();
    (calls.into_iter().flatten().collect(), progress)
}

fn count(befallen: impl Iterator<Item = Act>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for act in befallen {
        *counts.entry(act.name()).or_default() += 1;
    }
    counts
}

/// The panics that nobody has planted: the line after the place of a panic says which it is.
fn panics(said: &[String]) -> Vec<String> {
    let after = said.iter().skip(1).map(String::as_str).chain(["", ""]);
    let places = said.iter().zip(after).filter(|(line, _)| line.contains("panicked at"));
    places.filter(|(_, text)| !text.contains("planted by a test")).map(|(line, _)| line.clone()).collect()
}
