//! What instances did with single methods, events and commands: in the last minute, and roughly in the five before now.

use std::collections::{BTreeMap, VecDeque};

use aegis_domain::ErrorCode;
use aegis_domain::wire::heartbeat::{Heartbeat, MEASURED_MAX, Measured, Role};
use chrono::{DateTime, Utc};

use super::minute::{Minute, MinuteMetrics, SLICE};
use crate::counters::{Calls, Counters};
use crate::state::InstanceKey;

/// Of so many methods of all instances together metrics are kept: some kilobytes each. Those that come later have none.
pub const METHODS_MAX: usize = 16_384;
/// How many slices a trace has: five minutes.
const TRACE: usize = 30;

/// One method, event or command of one instance.
#[derive(Debug, Clone)]
pub struct Method {
    /// What was told of it last: counters since the instance started, and what is under way.
    pub told: Measured,
    minute: Minute,
    /// What ended in each slice of ten seconds, by its number; slices without anything are missing.
    trace: VecDeque<(i64, Calls)>,
}

/// A method, event or command of several instances together.
#[derive(Debug, Clone, PartialEq)]
pub struct Together {
    /// What they do with it.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// How many instances tell of it.
    pub instances: usize,
    /// What was done in the last minute.
    pub metrics: MinuteMetrics,
    /// How many are under way, by the last heartbeats.
    pub in_flight: u64,
    /// Failures by their code since the instances started.
    pub codes: BTreeMap<String, u64>,
    /// Of several, the one that failed most often in the last minute, or took longest where none failed.
    pub worst: Option<InstanceKey>,
    /// When each slice of ten seconds began in which anything ended, and what did: of the last five minutes.
    pub trace: Vec<(DateTime<Utc>, Calls)>,
}

/// Those of all instances.
#[derive(Debug, Default)]
pub(super) struct Methods {
    of: BTreeMap<InstanceKey, Kept>,
    count: usize,
}

#[derive(Debug)]
struct Kept {
    life: DateTime<Utc>,
    methods: BTreeMap<(Role, String), Method>,
}

impl Methods {
    /// Takes in a heartbeat that tells of a window for the first time.
    pub(super) fn take(&mut self, key: &InstanceKey, heartbeat: &Heartbeat, at: DateTime<Utc>) {
        if heartbeat.metrics.methods.is_empty() {
            return;
        }
        let life = Counters::of(heartbeat).life;
        if !self.of.contains_key(key) {
            self.of.insert(key.clone(), Kept { life, methods: BTreeMap::new() });
        }
        let Some(kept) = self.of.get_mut(key) else { return };
        if kept.life != life {
            // What an earlier life called may never be called again.
            self.count -= kept.methods.len();
            *kept = Kept { life, methods: BTreeMap::new() };
        }
        for told in &heartbeat.metrics.methods {
            let name = (told.role, told.name.clone());
            match kept.methods.get_mut(&name) {
                Some(known) => known.go_on(told, at),
                None if self.count >= METHODS_MAX => {}
                None => {
                    // The busiest are told: of an instance with more of them than that, those that are told change.
                    if kept.methods.len() >= MEASURED_MAX {
                        let idle = kept.methods.iter().min_by_key(|(_, method)| method.last_slice());
                        let idle = idle.map(|(name, _)| name.clone());
                        self.count -= usize::from(idle.and_then(|name| kept.methods.remove(&name)).is_some());
                    }
                    self.count += 1;
                    kept.methods.insert(name, Method::begin(told, at));
                }
            }
        }
    }

    pub(super) fn forget(&mut self, key: &InstanceKey) {
        self.count -= self.of.remove(key).map_or(0, |kept| kept.methods.len());
    }

    pub(super) fn retain(&mut self, stays: impl Fn(&InstanceKey) -> bool) {
        let gone = self.of.extract_if(.., |key, _| !stays(key));
        let gone: usize = gone.map(|(_, kept)| kept.methods.len()).sum();
        self.count -= gone;
    }

    pub(super) fn of(&self, key: &InstanceKey) -> impl Iterator<Item = &Method> {
        self.of.get(key).into_iter().flat_map(|kept| kept.methods.values())
    }
}

impl Method {
    fn begin(told: &Measured, at: DateTime<Utc>) -> Self {
        let mut new = Self { told: told.clone(), minute: Minute::default(), trace: VecDeque::new() };
        // When the other ones ended that it has counted is not known.
        let ended = told.latency.as_ref().map_or(0, |latency| latency.count());
        let failed = if ended == told.count { failures(told) } else { 0 };
        new.add(Calls { ended, failed }, told, at);
        new
    }

    fn go_on(&mut self, told: &Measured, at: DateTime<Utc>) {
        let ended = told.count.saturating_sub(self.told.count);
        let failed = failures(told).saturating_sub(failures(&self.told)).min(ended);
        self.add(Calls { ended, failed }, told, at);
        self.told = Measured { latency: None, ..told.clone() };
    }

    fn add(&mut self, calls: Calls, told: &Measured, at: DateTime<Utc>) {
        self.minute.take(at, calls, told.latency.as_ref());
        let number = at.timestamp().div_euclid(SLICE);
        match self.trace.back_mut() {
            Some((last, sum)) if *last == number => *sum = sum.and(calls),
            _ if calls.ended == 0 => {}
            _ => self.trace.push_back((number, calls)),
        }
        while self.trace.len() > TRACE {
            self.trace.pop_front();
        }
    }

    fn last_slice(&self) -> i64 {
        self.trace.back().map_or(0, |(number, _)| *number)
    }
}

/// What failed since the start. Who does not own the group of a call refuses it, and another one answers it: the method is
/// well. Of who calls, a refusal is what was answered in the end.
fn failures(told: &Measured) -> u64 {
    let refused = told.codes.get(ErrorCode::NotActive.as_str()).filter(|_| told.role == Role::Serve);
    told.errors.saturating_sub(refused.copied().unwrap_or_default())
}

/// The methods of these instances together, by what is done with them and by name. A time is that of the server.
#[must_use]
pub fn together<'a>(
    methods: impl IntoIterator<Item = (&'a InstanceKey, &'a Method)>,
    now: DateTime<Utc>,
) -> Vec<Together> {
    let mut by_name: BTreeMap<(Role, &str), Vec<(&InstanceKey, &Method)>> = BTreeMap::new();
    for (key, method) in methods {
        by_name.entry((method.told.role, &method.told.name)).or_default().push((key, method));
    }
    by_name.into_iter().map(|((role, name), of)| Together::of(role, name, &of, now)).collect()
}

impl Together {
    fn of(role: Role, name: &str, of: &[(&InstanceKey, &Method)], now: DateTime<Utc>) -> Self {
        let seconds = now.timestamp();
        let first = seconds.div_euclid(SLICE) - i64::try_from(TRACE).unwrap_or(i64::MAX);
        let (mut codes, mut trace) = (BTreeMap::<String, u64>::new(), BTreeMap::<i64, Calls>::new());
        for (_, method) in of {
            for (code, count) in &method.told.codes {
                let sum = codes.entry(code.clone()).or_default();
                *sum = sum.saturating_add(*count);
            }
            for (number, calls) in method.trace.iter().filter(|(number, _)| *number > first) {
                let sum = trace.entry(*number).or_default();
                *sum = sum.and(*calls);
            }
        }
        let slice = |(number, calls)| Some((DateTime::from_timestamp(number * SLICE, 0)?, calls));
        Self {
            role,
            name: name.to_owned(),
            instances: of.len(),
            metrics: MinuteMetrics::of(of.iter().map(|(_, method)| &method.minute), seconds),
            in_flight: of.iter().fold(0, |sum, (_, method)| method.told.in_flight.saturating_add(sum)),
            codes,
            worst: worst(of, seconds),
            trace: trace.into_iter().filter_map(slice).collect(),
        }
    }
}

fn worst(of: &[(&InstanceKey, &Method)], now: i64) -> Option<InstanceKey> {
    if of.len() < 2 {
        return None;
    }
    let metrics = of.iter().map(|(key, method)| (*key, MinuteMetrics::of([&method.minute], now)));
    let called = metrics.filter(|(_, metrics)| metrics.calls.ended > 0);
    let badness = |it: &MinuteMetrics| (it.calls.failed_percent().unwrap_or(0.0), it.p99_ms.unwrap_or(0.0));
    let worse = |(a, b): (f64, f64), (c, d): (f64, f64)| a.total_cmp(&c).then(b.total_cmp(&d));
    called.max_by(|(_, one), (_, other)| worse(badness(one), badness(other))).map(|(key, _)| key.clone())
}

#[cfg(test)]
#[path = "methods_tests.rs"]
mod tests;
