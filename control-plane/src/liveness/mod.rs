//! Marks instances that are no longer heard of. No input but a timer; idempotent; any number of
//! replicas write each transition once, because the journal takes one writer at a head.

mod judge;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::Command;
use aegis_domain::wire::subject;
use aegis_domain::{Actor, AggregateId, Context};
use aegis_projections::Live;
use aegis_projections::beats::Sight;
use aegis_projections::state::InstanceKey;
use aegis_sdk::nats::bucket::Bucket;
use aegis_sdk::{Connection, ConnectionState, Journal};
use chrono::Utc;
use tokio_util::sync::CancellationToken;

use judge::{Heard, Verdict, judge};

const TICK: Duration = Duration::from_millis(250);

/// Whether so many instances have fallen silent at once that the fault is thought to be with whoever
/// listens. Then nothing is marked. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Silence(Arc<AtomicBool>);

impl Silence {
    pub(crate) fn is_general(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub(crate) struct Liveness {
    connection: Connection,
    journal: Journal,
    live: Live,
    sight: Sight,
    silence: Silence,
}

impl Liveness {
    pub(crate) fn new(connection: Connection, journal: Journal, live: Live, sight: Sight) -> Self {
        Self { connection, journal, live, sight, silence: Silence::default() }
    }

    pub(crate) fn silence(&self) -> Silence {
        self.silence.clone()
    }

    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // Silence counts from here at the earliest: what was before, this replica has not heard.
        let mut listening_since = Instant::now();
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let connected = *self.connection.state().borrow() == ConnectionState::Connected;
            if !connected || !self.sight.sees() {
                listening_since = Instant::now();
                continue;
            }
            let judgement = judge(&self.heard(listening_since));
            let was_general = self.silence.0.swap(judgement.general_silence, Ordering::Relaxed);
            if judgement.general_silence && !was_general {
                tracing::warn!("most instances fell silent at once: marking none of them");
            }
            for (key, verdict) in judgement.verdicts {
                self.carry_out(&key, verdict).await;
            }
        }
    }

    fn heard(&self, listening_since: Instant) -> Vec<Heard> {
        let contents = self.live.read();
        let now = Instant::now();
        let mut all = Vec::new();
        for (key, view) in contents.state.instances.iter().filter(|(_, view)| view.state.is_alive()) {
            let Some(registration) = &view.state.registration else { continue };
            let beat = contents.beats.get(key);
            // A beat of the life before says nothing of this one.
            let beat = beat
                .filter(|beat| beat.heartbeat.sent_at >= view.registered_at - chrono::TimeDelta::seconds(1));
            let last = beat.map_or(listening_since, |beat| beat.received.max(listening_since));
            all.push(Heard {
                key: key.clone(),
                silent_for: now.saturating_duration_since(last),
                heard_since_listening: beat.is_some_and(|beat| beat.received > listening_since),
                heartbeat: Duration::from_millis(registration.heartbeat_ms),
                record_ttl: Duration::from_millis(registration.record_ttl_ms),
                hearing: view.state.hearing,
            });
        }
        all
    }

    async fn carry_out(&self, key: &InstanceKey, verdict: Verdict) {
        let last_beat = self.live.read().beats.get(key).map(|beat| beat.heartbeat.sent_at);
        let command = match verdict {
            Verdict::Unhealthy { missed } => Command::MarkUnhealthy { last_beat, missed },
            Verdict::Recovered => Command::Recover,
            Verdict::Overdue => match self.has_record(key).await {
                Ok(false) => Command::Expire { last_beat },
                Ok(true) => return,
                Err(error) => {
                    tracing::warn!(%error, "the registry cannot be read");
                    return;
                }
            },
        };
        let id = AggregateId::Instance(key.0.clone(), key.1.clone());
        let context = Context::new(Actor::system("liveness"), Utc::now());
        if let Err(error) = self.journal.execute::<Instance>(&id, command, &context).await {
            tracing::warn!(%error, aggregate = %id, "a change of hearing was not recorded; trying again");
        }
    }

    async fn has_record(&self, key: &InstanceKey) -> Result<bool, aegis_sdk::nats::bucket::ReadError> {
        let bucket = Bucket::new(&self.connection, self.connection.namespace().instances_bucket());
        Ok(bucket.read(&subject::instance_key(&key.0, &key.1)).await?.value.is_some())
    }
}
