//! Heartbeats, and the instance's record in the registry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, Registration, Status};
use aegis_domain::wire::capability::Capability;
use aegis_domain::wire::heartbeat::{Heartbeat, Metrics, Owned};
use aegis_domain::wire::subject;
use aegis_domain::{Actor, AggregateId, Context, InstanceName, ServiceName};
use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::stats::Stats;
use crate::leadership::Guard;
use crate::nats::bucket::{Bucket, CasError};
use crate::nats::provision::MARKER_TTL;
use crate::{Connection, Journal};

/// The most bytes that one group takes in a heartbeat: its name, its term and what stands around them.
const GROUP_BYTES: usize = 200;

/// By so many calls the load has to change for the record to be written anew out of turn.
const MARKED_CHANGE: u64 = 8;

/// Who the instance is.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) service: ServiceName,
    pub(super) instance: InstanceName,
    pub(super) registration: Registration,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) capabilities: Vec<Capability>,
    pub(super) started_at: DateTime<Utc>,
}

impl Identity {
    pub(super) fn aggregate(&self) -> AggregateId {
        AggregateId::Instance(self.service.clone(), self.instance.clone())
    }

    pub(super) fn context(&self) -> Context {
        Context::new(Actor::instance(&self.service, &self.instance), Utc::now())
    }
}

pub(super) struct Beater {
    pub(super) connection: Connection,
    pub(super) journal: Journal,
    pub(super) identity: Identity,
    pub(super) every: Duration,
    pub(super) ttl: Duration,
    pub(super) guard: Guard,
    pub(super) stats: Arc<Stats>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) unwell: watch::Receiver<Option<String>>,
    /// The status that the record in the registry tells.
    pub(super) recorded: watch::Sender<Status>,
}

/// The record as this instance last wrote it.
#[derive(Default)]
struct Record {
    revision: u64,
    written: Option<Instant>,
    /// The load that it tells.
    load: u64,
    /// Until then the log may still get an Expired that was decided while the record was away.
    doubted_until: Option<Instant>,
}

impl Record {
    /// Whether those who choose by load are misled by it: it is twice or half what the record tells, and by more than
    /// a few calls.
    fn is_told_otherwise(&self, metrics: &Metrics) -> bool {
        let load = metrics.in_flight + metrics.queue_depth;
        let (low, high) = (load.min(self.load), load.max(self.load));
        high >= low * 2 && high - low >= MARKED_CHANGE
    }
}

impl Beater {
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut owning = self.guard.changes();
        let mut record = Record::default();
        let mut metrics = Metrics::default();
        // Groups come and go by the thousand: what they change is told ten times in a beat at most.
        let mut spaced = tokio::time::Instant::now();
        loop {
            let owned = async {
                tokio::time::sleep_until(spaced).await;
                owning.changed().await
            };
            let changed = tokio::select! {
                () = stop.cancelled() => break,
                _ = ticks.tick() => { metrics = self.stats.take(); false }
                changed = owned => changed.is_ok(),
                changed = self.status.changed() => changed.is_ok(),
                Ok(()) = self.unwell.changed() => true,
            };
            let status = *self.status.borrow();
            let body = self.body(&metrics);
            self.beat(&body).await;
            let changed = changed || record.is_told_otherwise(&metrics);
            let stale = record.written.is_none_or(|written| written.elapsed() >= self.ttl / 3);
            if changed || stale {
                // The registry may be away; the heartbeats are not. What a refresh that was cut off has written,
                // the next one finds.
                record.load = metrics.in_flight + metrics.queue_depth;
                let before = record.revision;
                let refreshed = tokio::time::timeout(self.every, self.refresh(&mut record, &body)).await;
                if refreshed.is_err() {
                    tracing::warn!("the record in the registry was not refreshed in time");
                }
                if record.revision != before {
                    self.recorded.send_replace(status);
                }
            }
            spaced = tokio::time::Instant::now() + self.every / 10;
        }
        let body = self.body(&self.stats.take());
        self.beat(&body).await;
        self.remove(&record).await;
        if let Err(error) = self.connection.client().flush().await {
            tracing::debug!(%error, "the last heartbeat may not have been sent");
        }
    }

    fn body(&self, metrics: &Metrics) -> Vec<u8> {
        let identity = &self.identity;
        // An instance that owns more than a message holds is heard all the same.
        let room = self.connection.client().server_info().max_payload / 2 / GROUP_BYTES;
        let groups = self.guard.some_groups(room);
        let groups = groups.into_iter().map(|(group, term)| Owned { group, term }).collect();
        let heartbeat = Heartbeat {
            service: identity.service.clone(),
            instance: identity.instance.clone(),
            version: identity.registration.version.clone(),
            status: *self.status.borrow(),
            groups,
            labels: identity.labels.clone(),
            capabilities: identity.capabilities.clone(),
            unwell: self.unwell.borrow().clone(),
            started_at: identity.started_at,
            sent_at: Utc::now(),
            metrics: metrics.clone(),
        };
        serde_json::to_vec(&heartbeat).expect("a heartbeat holds only strings and finite numbers")
    }

    /// Sent without waiting: the next one heals a lost one.
    async fn beat(&self, body: &[u8]) {
        let identity = &self.identity;
        let subject = self.connection.namespace().heartbeat_subject(&identity.service, &identity.instance);
        if let Err(error) = self.connection.client().publish(subject, body.to_vec().into()).await {
            tracing::debug!(%error, "a heartbeat was not sent");
        }
    }

    async fn refresh(&self, record: &mut Record, body: &[u8]) {
        let bucket = self.bucket();
        let key = self.key();
        let put = |revision| bucket.put(&key, body.to_vec().into(), revision, Some(self.ttl));
        let outcome = match put(record.revision).await {
            Err(CasError::Conflict | CasError::Ambiguous) => match bucket.read(&key).await {
                Ok(slot) => {
                    if slot.value.is_none() && record.written.is_some() {
                        tracing::warn!("the registry had lost this instance; entering it again");
                        record.doubted_until = Some(Instant::now() + self.ttl * 2);
                    }
                    put(slot.revision).await
                }
                Err(error) => {
                    tracing::warn!(%error, "the registry cannot be read");
                    return;
                }
            },
            outcome => outcome,
        };
        match outcome {
            Ok(revision) => {
                record.revision = revision;
                record.written = Some(Instant::now());
            }
            Err(error) => tracing::warn!(%error, "the record in the registry was not refreshed"),
        }
        if record.doubted_until.is_some_and(|until| Instant::now() < until) {
            self.register_again().await;
        }
    }

    /// After the record had run out, the log may say that this life is over: begin another.
    async fn register_again(&self) {
        let id = self.identity.aggregate();
        let alive = match self.journal.load::<Instance>(&id).await {
            Ok(loaded) => loaded.state.is_alive(),
            Err(error) => {
                tracing::warn!(%error, "the log cannot be read");
                return;
            }
        };
        if alive {
            return;
        }
        let register = Command::Register(self.identity.registration.clone());
        let status = Command::ChangeStatus { to: *self.status.borrow(), reason: Some("returned".to_owned()) };
        for command in [register, status] {
            if let Err(error) = self.journal.execute::<Instance>(&id, command, &self.identity.context()).await
            {
                tracing::warn!(%error, "the return was not recorded; trying again with the next refresh");
                return;
            }
        }
    }

    async fn remove(&self, record: &Record) {
        if record.written.is_some()
            && let Err(error) = self.bucket().delete(&self.key(), record.revision, MARKER_TTL).await
        {
            tracing::warn!(%error, "the record was not removed; it runs out by itself");
        }
    }

    fn bucket(&self) -> Bucket {
        Bucket::new(&self.connection, self.connection.namespace().instances_bucket())
    }

    fn key(&self) -> String {
        subject::instance_key(&self.identity.service, &self.identity.instance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_written_out_of_turn_when_the_load_has_doubled_or_halved_by_eight_calls() {
        let told = |load, in_flight, queue_depth| {
            let metrics = Metrics { in_flight, queue_depth, ..Metrics::default() };
            Record { load, ..Record::default() }.is_told_otherwise(&metrics)
        };
        assert!(told(0, 5, 3) && told(8, 16, 0) && told(16, 4, 4));
        assert!(!told(0, 7, 0) && !told(100, 150, 0) && !told(10, 3, 0) && !told(0, 0, 0));
    }
}
