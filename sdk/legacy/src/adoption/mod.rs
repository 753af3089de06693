//! Adoption: compares the announcements of each instance with the log, and tells which events are missing. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, Liveness, Registration, Status};
use aegis_domain::wire::heartbeat::{Heartbeat, Metrics};
use aegis_domain::{Sequence, Version};
use chrono::{DateTime, TimeDelta, Utc};

use crate::registry::{self, HEARTBEAT_MS, RECORD_TTL_MS, Record, Who};

/// So many are remembered at most: anybody may speak on the subjects. Further ones are left out.
const MOST: usize = 10_000;
/// Who was heard without a record waits this long for it, since that knows the version.
const RECORD_WAIT: Duration = Duration::from_secs(2);
/// A heartbeat so shortly after an end was under way before it.
const LATE: Duration = Duration::from_millis(HEARTBEAT_MS / 2);
/// What is read of a record within this time may have been written before: records are read every second.
const SETTLE: Duration = Duration::from_secs(2);
/// Who was not heard for so long, and has no record, is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(60 * 60);
/// The version of an instance that has told none.
const NO_VERSION: &str = "0.0.0";

/// What is to be recorded, on top of the history that ends with this event.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What the instance's history is to take in.
    pub command: Command,
    /// The last event of the history that it was found on; `ZERO` where there is none.
    pub after: Sequence,
}

/// An instance as the log has it.
#[derive(Debug, Clone, Copy)]
pub struct Logged<'a> {
    /// What its events come to.
    pub state: &'a Instance,
    /// The last of them.
    pub sequence: Sequence,
}

/// What was heard, by instance.
#[derive(Debug, Clone, Default)]
pub struct Seen(BTreeMap<Who, Sign>);

#[derive(Debug, Clone)]
struct Sign {
    first: Instant,
    /// The last heartbeat.
    beat: Option<Instant>,
    /// The last word that cannot have been under way before an end: a registration, a changed record.
    word: Option<Instant>,
    /// When it said that it ends, if it has said nothing else since.
    ended: Option<Instant>,
    /// When it last said that it ends.
    goodbye: Option<Instant>,
    record: Option<(u64, Record)>,
    metrics: Metrics,
    /// The end of its life in the log, and when that was noticed here.
    over: Option<(Sequence, Instant)>,
    /// The event that made it unhealthy in the log, and when that was noticed here.
    unhealthy: Option<(Sequence, Instant)>,
}

impl Seen {
    /// The instance says that it begins.
    pub fn registered(&mut self, who: Who, now: Instant) {
        if let Some(sign) = self.sign(who, now) {
            sign.word = Some(now);
            sign.ended = None;
        }
    }

    /// The instance says that it ends.
    pub fn unregistered(&mut self, who: &Who, now: Instant) {
        if let Some(sign) = self.sign(who.clone(), now) {
            sign.says_goodbye(now);
        }
    }

    /// The instance beats.
    pub fn beat(&mut self, who: Who, metrics: Metrics, now: Instant) {
        if let Some(sign) = self.sign(who, now) {
            sign.beat = Some(now);
            sign.metrics = metrics;
            if sign.ended.is_some_and(|ended| now.saturating_duration_since(ended) >= LATE) {
                sign.ended = None;
            }
        }
    }

    /// All records that stand now, with their revisions. Answers who has refreshed its own since the last
    /// time: that is a sign of life.
    pub fn records(&mut self, records: Vec<(u64, Record)>, now: Instant) -> Vec<Who> {
        let mut refreshed = Vec::new();
        let mut standing = BTreeSet::new();
        for (revision, record) in records {
            let who = record.who.clone();
            standing.insert(who.clone());
            let Some(sign) = self.sign(who.clone(), now) else { continue };
            let known = sign.record.as_ref().map(|(revision, _)| *revision);
            if known == Some(revision) {
                continue;
            }
            match record.status {
                registry::Status::Shutdown => sign.says_goodbye(now),
                registry::Status::Active | registry::Status::Standby | registry::Status::Unhealthy => {
                    // One that is seen for the first time may be as old as can be.
                    if known.is_some() {
                        sign.word = Some(now);
                        refreshed.push(who);
                        if sign.ended.is_some_and(|ended| now.saturating_duration_since(ended) >= SETTLE) {
                            sign.ended = None;
                        }
                    }
                }
            }
            sign.record = Some((revision, record));
        }
        for (who, sign) in &mut self.0 {
            if !standing.contains(who) {
                sign.record = None;
            }
        }
        refreshed
    }

    /// Its last figures in the form of a heartbeat.
    pub fn heartbeat(
        &self,
        who: &Who,
        registration: Option<Registration>,
        sent_at: DateTime<Utc>,
    ) -> Option<Heartbeat> {
        let sign = self.0.get(who)?;
        let registration = registration.or_else(|| sign.registration())?;
        let uptime = i64::try_from(sign.metrics.uptime_seconds).ok().and_then(TimeDelta::try_seconds);
        Some(Heartbeat {
            service: who.0.clone(),
            instance: who.1.clone(),
            version: registration.version,
            status: Status::Running,
            life: None,
            groups: vec![],
            labels: registration.labels,
            capabilities: vec![],
            unwell: None,
            started_at: uptime.and_then(|uptime| sent_at.checked_sub_signed(uptime)).unwrap_or(sent_at),
            sent_at,
            metrics: sign.metrics.clone(),
        })
    }

    /// Who is unhealthy in the log, by which event, and does not call itself so in a record that was read
    /// after it.
    pub fn well(&self, now: Instant) -> BTreeMap<Who, Sequence> {
        let well = self.0.iter().filter(|(_, sign)| !sign.is_unwell());
        let since = well.filter_map(|(who, sign)| Some((who, sign.unhealthy?)));
        let settled = since.filter(|(_, (_, noticed))| now.saturating_duration_since(*noticed) >= SETTLE);
        settled.map(|(who, (sequence, _))| (who.clone(), sequence)).collect()
    }

    /// What the log lacks.
    pub fn findings<'a>(
        &mut self,
        log: impl Fn(&Who) -> Option<Logged<'a>>,
        now: Instant,
    ) -> Vec<(Who, Finding)> {
        let mut findings = Vec::new();
        for (who, sign) in &mut self.0 {
            let logged = log(who);
            let after = logged.map_or(Sequence::ZERO, |logged| logged.sequence);
            if let Some(command) = sign.missing(logged, now) {
                findings.push((who.clone(), Finding { command, after }));
            }
        }
        findings
    }

    /// Forgets who was not heard for long and has no record.
    pub fn forget(&mut self, now: Instant) {
        self.0.retain(|_, sign| {
            let last = sign.beat.max(sign.word).max(sign.ended).unwrap_or(sign.first);
            sign.record.is_some() || now.saturating_duration_since(last) < FORGET_AFTER
        });
    }

    fn sign(&mut self, who: Who, now: Instant) -> Option<&mut Sign> {
        if self.0.len() >= MOST && !self.0.contains_key(&who) {
            return None;
        }
        Some(self.0.entry(who).or_insert_with(|| Sign {
            first: now,
            beat: None,
            word: None,
            ended: None,
            goodbye: None,
            record: None,
            metrics: Metrics::default(),
            over: None,
            unhealthy: None,
        }))
    }
}

impl Sign {
    fn says_goodbye(&mut self, now: Instant) {
        self.ended = Some(now);
        self.goodbye = Some(now);
    }

    fn is_unwell(&self) -> bool {
        self.record.as_ref().is_some_and(|(_, record)| record.status == registry::Status::Unhealthy)
    }

    fn missing(&mut self, logged: Option<Logged<'_>>, now: Instant) -> Option<Command> {
        let unhealthy =
            logged.filter(|Logged { state, .. }| state.is_alive() && state.liveness == Liveness::Unhealthy);
        self.unhealthy = unhealthy.map(|logged| noticed(self.unhealthy, logged.sequence, now));
        let Some(Logged { state, sequence }) = logged else {
            self.over = None;
            return self.may_begin(now).then(|| self.registration()).flatten().map(Command::Adopt);
        };
        if state.is_alive() {
            self.over = None;
            // Of an instance that keeps its own log there is nothing to say.
            if state.registration.as_ref().is_none_or(|registration| !registration.legacy) {
                return None;
            }
            if self.ended.is_some() {
                return Some(Command::Deregister {
                    reason: "said so on the wire of the Python SDK".to_owned(),
                });
            }
            let heard = state.liveness == Liveness::Alive;
            return (heard && self.is_unwell()).then_some(Command::MarkUnhealthy {
                last_beat: None,
                missed: 0,
                reason: None,
            });
        }
        let (sequence, over) = noticed(self.over, sequence, now);
        self.over = Some((sequence, over));
        // The end in the log may be that of its last goodbye, and be noticed here after it has come back.
        let came_back = state.status == Status::Stopped && self.goodbye.is_some() && self.word > self.goodbye;
        let again = came_back
            || self.word.is_some_and(|word| word > over)
            || self.beat.is_some_and(|beat| beat > over && beat - over >= LATE);
        (again && self.may_begin(now)).then(|| self.registration()).flatten().map(Command::Adopt)
    }

    /// Whether it lives, and has told all that it is going to tell.
    fn may_begin(&self, now: Instant) -> bool {
        let lives = self.record.is_some() || self.beat.is_some() || self.word.is_some();
        let waited = now.saturating_duration_since(self.first) >= RECORD_WAIT;
        lives && self.ended.is_none() && (self.record.is_some() || waited)
    }

    fn registration(&self) -> Option<Registration> {
        let record = self.record.as_ref().map(|(_, record)| record);
        Some(Registration {
            version: record
                .map_or_else(|| Version::new(NO_VERSION).ok(), |record| Some(record.version.clone()))?,
            groups: record.and_then(|record| record.group.clone()).into_iter().collect(),
            labels: record.map(|record| record.labels.clone()).unwrap_or_default(),
            heartbeat_ms: HEARTBEAT_MS,
            record_ttl_ms: RECORD_TTL_MS,
            legacy: true,
            life: None,
        })
    }
}

/// The event that stands, and when it was first noticed.
fn noticed(before: Option<(Sequence, Instant)>, stands: Sequence, now: Instant) -> (Sequence, Instant) {
    match before {
        Some((sequence, noticed)) if sequence == stands => (sequence, noticed),
        Some(_) | None => (stands, now),
    }
}

#[cfg(test)]
mod tests;
