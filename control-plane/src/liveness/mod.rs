//! Records instances whose heartbeats are missing as unhealthy, and later as expired. Runs on a timer; idempotent; any number of
//! replicas write each transition once, because the journal takes one writer at a head.

mod judge;
mod memory;
mod preservation;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::Command;
use aegis_domain::wire::subject;
use aegis_domain::{Actor, AggregateId, Context, Sequence};
use aegis_journal::Journal;
use aegis_nats::bucket::Bucket;
use aegis_nats::{Connection, ConnectionState};
use aegis_projections::Live;
use aegis_projections::beats::{self, HeartbeatVisibility};
use aegis_projections::live::Beat;
use aegis_projections::state::InstanceKey;
use aegis_projections::view::InstanceView;
use anyhow::Context as _;
use chrono::Utc;

use crate::background::{Failures, Task};
use crate::legacy::Wellness;
use judge::{Heard, Verdict, Visibility, judge};
use memory::Memory;
use preservation::Preservation;

/// Whether this replica sees a mass silence: so many instances have fallen silent at once that the fault is taken to be
/// with the observers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct MassSilence(Arc<AtomicBool>);

impl MassSilence {
    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Monitor {
    connection: Connection,
    journal: Journal,
    live: Live,
    visibility: HeartbeatVisibility,
    wellness: Wellness,
    silence: MassSilence,
    memory: Memory,
    preservation: Preservation,
    /// Silence counts from here at the earliest: this replica has not received earlier heartbeats.
    listening_since: Option<Instant>,
}

impl Task for Monitor {
    const NAME: &'static str = "liveness";
    const PERIOD: Duration = Duration::from_millis(250);

    async fn activate(&mut self) -> anyhow::Result<String> {
        let preserved = self.live.read().state.installation.self_preservation.is_some();
        let listening_since = self.listens(preserved).await?;
        let heard = self.heard(listening_since);
        let judgement = judge(&heard, preserved);
        let silent = matches!(judgement.outlook, Visibility::Silent { .. });
        self.silence.0.store(silent, Ordering::Relaxed);
        let mut failures = Failures::default();
        failures.take(self.preservation.observe(judgement.outlook, heard.len(), preserved).await);
        for (key, verdict) in judgement.verdicts {
            failures.take(self.carry_out(&key, verdict).await);
        }
        let missing = heard.iter().filter(|heard| heard.missed() > 0).count();
        let preserved =
            if preserved { "; self-preservation: silent instances are not marked down" } else { "" };
        failures
            .or(|| format!("{} instances, {missing} of them with missing heartbeats{preserved}", heard.len()))
    }
}

impl Monitor {
    pub(crate) fn new(
        connection: Connection,
        journal: Journal,
        live: Live,
        visibility: HeartbeatVisibility,
        wellness: Wellness,
    ) -> Self {
        let (silence, memory) = (MassSilence::default(), Memory::default());
        let preservation = Preservation::new(connection.clone(), journal.clone());
        Self {
            connection,
            journal,
            live,
            visibility,
            wellness,
            silence,
            memory,
            preservation,
            listening_since: None,
        }
    }

    pub(crate) fn silence(&self) -> MassSilence {
        self.silence.clone()
    }

    /// Whether anybody can be judged now; what is known of silence begins anew when not.
    async fn listens(&mut self, preserved: bool) -> anyhow::Result<Instant> {
        let connected = *self.connection.state().borrow() == ConnectionState::Connected;
        if connected && self.visibility.is_readable() {
            return Ok(*self.listening_since.get_or_insert_with(Instant::now));
        }
        self.listening_since = Some(Instant::now());
        anyhow::ensure!(connected, "NATS is away: silent instances are not marked down");
        self.preservation.blind(self.alive(), preserved).await?;
        anyhow::bail!("the heartbeat stream cannot be read: silent instances are not marked down")
    }

    fn alive(&self) -> usize {
        self.live.read().state.instances.values().filter(|view| view.state.is_alive()).count()
    }

    fn heard(&mut self, listening_since: Instant) -> Vec<Heard> {
        let contents = self.live.read();
        let (now, time) = (Instant::now(), contents.time());
        let instances = &contents.state.instances;
        self.memory.retain(|key| instances.get(key).is_some_and(|view| view.state.is_alive()));
        let mut all = Vec::new();
        for (key, view) in contents.state.instances.iter().filter(|(_, view)| view.state.is_alive()) {
            let Some(registration) = &view.state.registration else { continue };
            let beat = contents.beats.get(key);
            // No heartbeat of this life could be assigned before it was known, so no beat of the one before counts as its own, whatever
            // the instance's clock said in both.
            let known_since = self.memory.since(key, view.registered_sequence, now).max(listening_since);
            let last = beat.map_or(known_since, |beat| beat.received.max(known_since));
            let heartbeat = Duration::from_millis(registration.heartbeat_ms);
            let age = |beat: &Beat| contents.age(beat, now);
            // One that was already old when it arrived here was not heard since.
            let heard = beat.filter(|beat| beat.received > listening_since && age(beat) < heartbeat * 2);
            let silent_for = now.saturating_duration_since(last);
            let fading_for =
                beat.map_or(silent_for, age).min(now.saturating_duration_since(known_since)).max(silent_for);
            let mut heard = Heard {
                key: key.clone(),
                silent_for,
                fading_for,
                steady_for: Duration::ZERO,
                heard_since_listening: heard.is_some(),
                heartbeat,
                record_ttl: Duration::from_millis(registration.record_ttl_ms),
                liveness: view.state.liveness,
                flapping: view.is_flapping(time),
                unwell: beat.is_some_and(|beat| beat.heartbeat.unwell.is_some())
                    || view.is_legacy() && !self.wellness.is_well(key, view.sequence),
            };
            let misses = heard.missed() > 0 || !heard.heard_since_listening;
            heard.steady_for = self.memory.steady_for(key, misses, now);
            all.push(heard);
        }
        all
    }

    async fn carry_out(&self, key: &InstanceKey, verdict: Verdict) -> anyhow::Result<()> {
        let (last_beat, heard, legacy) = {
            let contents = self.live.read();
            let beat = contents.beats.get(key);
            let (last_beat, heard) = (beat.map(|beat| beat.recorded_at), beat.map(|beat| beat.sequence));
            (last_beat, heard, contents.state.instances.get(key).is_some_and(InstanceView::is_legacy))
        };
        let down = matches!(verdict, Verdict::Unhealthy { .. } | Verdict::Overdue);
        if down && !legacy && !self.is_silent(key, heard).await? {
            return Ok(());
        }
        let command = match verdict {
            Verdict::Unhealthy { missed } => Command::MarkUnhealthy { last_beat, missed, reason: None },
            Verdict::Recovered => Command::Recover,
            // It has no record of ours, and a refresh of its own would have been a sign of life.
            Verdict::Overdue if legacy => Command::Expire { last_beat },
            Verdict::Overdue => match self.has_record(key).await {
                Ok(false) => Command::Expire { last_beat },
                Ok(true) => return Ok(()),
                Err(error) => {
                    tracing::warn!(%error, "the registry cannot be read");
                    return Err(error).context("the registry cannot be read");
                }
            },
        };
        let id = AggregateId::Instance(key.0.clone(), key.1.clone());
        let context = Context::new(Actor::system("liveness"), Utc::now());
        if let Err(error) = self.journal.execute::<Instance>(&id, command, &context).await {
            tracing::warn!(%error, aggregate = %id, "a change of liveness was not recorded; trying again");
            return Err(error).context("a change of liveness was not recorded");
        }
        Ok(())
    }

    /// Whether the stream, too, has heard nothing later: a follower may have fallen silent itself, and it takes
    /// a while to notice that.
    async fn is_silent(
        &self,
        (service, instance): &InstanceKey,
        heard: Option<Sequence>,
    ) -> anyhow::Result<bool> {
        match beats::last_heard(&self.connection, service, instance).await {
            // Not «later»: a stream that was made anew counts from the beginning.
            Ok(last) => Ok(last.is_none() || last == heard),
            Err(error) => {
                tracing::warn!(%error, %service, %instance, "an instance seems silent, and the heartbeats cannot be read");
                anyhow::bail!("an instance seems silent, and the heartbeats cannot be read: {error}")
            }
        }
    }

    async fn has_record(&self, key: &InstanceKey) -> Result<bool, aegis_nats::bucket::ReadError> {
        let bucket = Bucket::new(&self.connection, self.connection.namespace().instances_bucket());
        Ok(bucket.read(&subject::instance_key(&key.0, &key.1)).await?.value.is_some())
    }
}
