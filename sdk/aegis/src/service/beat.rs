//! Heartbeats, and the instance's record in the registry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, Status};
use aegis_domain::wire::heartbeat::{Heartbeat, Lease, Metrics, Owned};
use aegis_domain::wire::subject;
use async_nats::{StatusCode, Subscriber};
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::identity::Identity;
use super::settings::Settings;
use crate::stats::Stats;
use crate::{Connection, Journal};
use aegis_leases::leadership::Guard;
use aegis_nats::bucket::{Bucket, CasError};
use aegis_nats::provision::MARKER_TTL;

/// The most bytes that one group takes in a heartbeat: its name, its term and what stands around them.
const GROUP_BYTES: usize = 200;

/// One heartbeat in so many is acknowledged, so that a stream that somebody has removed is missed.
const ACKNOWLEDGED: u64 = 5;
/// After so many heartbeats without the acknowledgement that they asked for, their stream is looked for.
const UNANSWERED: u32 = 2;

/// By so many calls the load has to change for the record to be written anew out of turn.
const MARKED_CHANGE: u64 = 8;

/// Sends the heartbeats, and keeps the record. The two do not wait for each other: the registry may be slow or away, and
/// the record must not run out between two heartbeats that are far apart.
pub(super) struct Beater {
    pub(super) connection: Connection,
    pub(super) journal: Journal,
    pub(super) identity: Identity,
    pub(super) settings: Settings,
    pub(super) every: Duration,
    pub(super) ttl: Duration,
    /// How long the lease of its session is.
    pub(super) lease_ms: u64,
    pub(super) guard: Guard,
    pub(super) stats: Arc<Stats>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) unwell: watch::Receiver<Option<String>>,
    /// The status that the record in the registry tells.
    pub(super) recorded: watch::Sender<Status>,
    /// Whether the name is this process's own, as far as it knows.
    pub(super) named: watch::Sender<bool>,
}

/// What the record is to say.
#[derive(Debug, Clone, Default)]
struct Said {
    status: Status,
    body: Vec<u8>,
}

/// The record as this instance last wrote it.
#[derive(Default)]
struct Record {
    revision: u64,
    written: Option<Instant>,
    /// Until then the log may still get an Expired that was decided while the record was away.
    doubted_until: Option<Instant>,
    /// Another process has the name: this one has said so, and leaves the record to it.
    yielded: bool,
}

/// Whether those who choose by load are misled by a record: the load is twice or half what it tells, and by more than a
/// few calls.
fn is_misleading(told: u64, load: u64) -> bool {
    let (low, high) = (load.min(told), load.max(told));
    high >= low * 2 && high - low >= MARKED_CHANGE
}

impl Beater {
    pub(super) async fn run(self, stop: CancellationToken) {
        let (said, saying) = watch::channel(Said::default());
        let beating = async {
            self.beats(said, &stop).await;
            self.beat(&self.body(&self.stats.take()), None).await;
        };
        let (record, ()) = tokio::join!(self.keep(saying, &stop), beating);
        self.remove(&record).await;
        if let Err(error) = self.connection.client().flush().await {
            tracing::debug!(%error, "the last heartbeat may not have been sent");
        }
    }

    /// Sends a heartbeat at each turn and each change, until stopped, and says what the record is to tell from then on.
    async fn beats(&self, said: watch::Sender<Said>, stop: &CancellationToken) {
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut owning, mut status, mut unwell) =
            (self.guard.changes(), self.status.clone(), self.unwell.clone());
        let mut metrics = Metrics::default();
        let mut told = None;
        // Groups come and go by the thousand: what they change is told ten times in a beat at most.
        let mut spaced = tokio::time::Instant::now();
        let inbox = self.connection.client().new_inbox();
        let mut acks = self.connection.client().subscribe(inbox.clone()).await.ok();
        let (mut beats, mut unanswered) = (0_u64, 0_u32);
        loop {
            let owned = async {
                tokio::time::sleep_until(spaced).await;
                owning.changed().await
            };
            let changed = tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => { metrics = self.stats.take(); false }
                changed = owned => changed.is_ok(),
                changed = status.changed() => changed.is_ok(),
                Ok(()) = unwell.changed() => true,
                Some(ack) = next(&mut acks) => {
                    unanswered = 0;
                    if ack.status == Some(StatusCode::NO_RESPONDERS) {
                        tracing::warn!("no stream takes heartbeats");
                        self.connection.restore_installation();
                    }
                    continue;
                }
            };
            let status = *self.status.borrow();
            let body = self.body(&metrics);
            let acknowledged = beats.is_multiple_of(ACKNOWLEDGED);
            self.beat(&body, acknowledged.then_some(&inbox)).await;
            unanswered += u32::from(acknowledged);
            if acknowledged && unanswered > UNANSWERED {
                self.connection.restore_installation_if_gone(self.subject());
            }
            beats += 1;
            let load = metrics.in_flight + metrics.queue_depth;
            let at_once = changed || told.is_none_or(|told| is_misleading(told, load));
            told = if at_once { Some(load) } else { told };
            // Otherwise it is told with the next refresh.
            said.send_if_modified(|it| {
                *it = Said { status, body };
                at_once
            });
            spaced = tokio::time::Instant::now() + self.every / 10;
        }
    }

    /// Writes the record when what it is to say has changed, and every third of its time to live, until stopped.
    async fn keep(&self, mut saying: watch::Receiver<Said>, stop: &CancellationToken) -> Record {
        let mut record = Record::default();
        // One that is cut off begins anew, so it has time for all its steps, however short the heartbeats are.
        let patience = self.every.max(self.connection.options().request_timeout);
        let mut next = None;
        loop {
            let stale = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return record,
                Ok(()) = saying.changed() => {}
                () = stale => {}
            }
            let Said { status, body } = saying.borrow_and_update().clone();
            let before = record.revision;
            // The registry may be away; the heartbeats are not. What a refresh that was cut off has written, the next
            // one finds.
            if tokio::time::timeout(patience, self.refresh(&mut record, &body)).await.is_err() {
                tracing::warn!("the record in the registry was not refreshed in time");
            }
            self.named.send_if_modified(|named| std::mem::replace(named, !record.yielded) == record.yielded);
            let written = record.revision != before;
            if written {
                self.recorded.send_replace(status);
            }
            let pause = if written { self.ttl / 3 } else { self.every.min(self.ttl / 3) };
            next = Some(tokio::time::Instant::now() + pause);
        }
    }

    fn body(&self, metrics: &Metrics) -> Vec<u8> {
        let identity = &self.identity;
        // An instance that owns more than a message holds is heard all the same.
        let server = self.connection.client().server_info();
        let room = server.max_payload / 2 / GROUP_BYTES;
        let nats_server = Some(server.server_name).filter(|name| !name.is_empty());
        let lowest = self.guard.lowest_lease();
        let lease = lowest.map(|lowest_percent| Lease { ms: self.lease_ms, lowest_percent });
        let groups = self.guard.some_groups(room);
        let groups = groups.into_iter().map(|(group, term)| Owned { group, term }).collect();
        let heartbeat = Heartbeat {
            service: identity.service.clone(),
            instance: identity.instance.clone(),
            version: identity.registration.version.clone(),
            status: *self.status.borrow(),
            life: Some(identity.life),
            groups,
            labels: identity.labels.clone(),
            capabilities: identity.capabilities.clone(),
            unwell: self.unwell.borrow().clone(),
            started_at: identity.started_at,
            sent_at: Utc::now(),
            metrics: Metrics { nats_server, lease, ..metrics.clone() },
        };
        serde_json::to_vec(&heartbeat).expect("a heartbeat holds only strings and finite numbers")
    }

    fn subject(&self) -> String {
        let identity = &self.identity;
        self.connection.namespace().heartbeat_subject(&identity.service, &identity.instance)
    }

    /// Sent without waiting: the next one heals a lost one. The stream acknowledges it to the inbox, if there is one.
    async fn beat(&self, body: &[u8], inbox: Option<&String>) {
        let subject = self.subject();
        let (client, body) = (self.connection.client(), body.to_vec().into());
        let sent = match inbox {
            Some(inbox) => client.publish_with_reply(subject, inbox.clone(), body).await,
            None => client.publish(subject, body).await,
        };
        if let Err(error) = sent {
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
                    if self.is_of_another(slot.value.as_deref()) && self.has_lost_its_name(record).await {
                        return;
                    }
                    if slot.value.is_none() && (record.written.is_some() || record.yielded) {
                        record.yielded = false;
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

    /// Whether the record is of another life.
    fn is_of_another(&self, value: Option<&[u8]>) -> bool {
        let found = value.and_then(|value| Heartbeat::read(value, DateTime::UNIX_EPOCH).ok());
        found.and_then(|found| found.heartbeat.life).is_some_and(|life| life != self.identity.life)
    }

    /// Whether the log has given the name to a process that registered later. Then the record is that one's, and the log
    /// gets to know, once, that this one still runs.
    async fn has_lost_its_name(&self, record: &mut Record) -> bool {
        let (id, life) = (self.identity.aggregate(), self.identity.life);
        let state = match self.journal.load::<Instance>(&id).await {
            Ok(loaded) => loaded.state,
            Err(error) => {
                tracing::warn!(%error, "the log cannot be read");
                return true;
            }
        };
        if !state.is_alive() || state.life().is_none_or(|current| current == life) {
            record.yielded = false;
            return false;
        }
        if !record.yielded {
            tracing::error!(
                instance = %self.identity.instance,
                "another process has registered under this name: give each process a name of its own; the registry shows the other one, and calls to the instance go to that"
            );
            record.yielded = true;
        }
        // The other may have begun anew since, or taken this one for gone. At its end this one says that itself.
        if state.conflict != Some(life) && !self.status.borrow().is_final() {
            let report = Command::ReportConflict { life };
            if let Err(error) = self.journal.execute::<Instance>(&id, report, &self.identity.context()).await
            {
                tracing::warn!(%error, "the conflict was not recorded; trying again");
            }
        }
        // What is there next is not this one's: nothing of it is taken away at the end.
        record.written = None;
        true
    }

    /// After the record had run out, the log may say that this life is over: begins another, with all that the log has of one.
    /// What is recorded already is not recorded twice, so that a return that was recorded in part is completed.
    async fn register_again(&self) {
        let id = self.identity.aggregate();
        let alive = match self.journal.load::<Instance>(&id).await {
            Ok(loaded) => loaded.state.is_alive(),
            Err(error) => {
                tracing::warn!(%error, "the log cannot be read");
                return;
            }
        };
        let register = (!alive).then(|| Command::Register(self.identity.registration.clone()));
        let status = Command::ChangeStatus { to: *self.status.borrow(), reason: Some("returned".to_owned()) };
        let status = self.identity.own(status);
        for command in register.into_iter().chain([status]) {
            if let Err(error) = self.journal.execute::<Instance>(&id, command, &self.identity.context()).await
            {
                tracing::warn!(%error, "the return was not recorded; trying again with the next refresh");
                return;
            }
        }
        if let Err(error) = self.settings.report().await {
            tracing::warn!(%error, "the configuration was not recorded; trying again with the next refresh");
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

async fn next(acks: &mut Option<Subscriber>) -> Option<async_nats::Message> {
    match acks {
        Some(acks) => acks.next().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_written_out_of_turn_when_the_load_has_doubled_or_halved_by_eight_calls() {
        assert!(is_misleading(0, 8) && is_misleading(8, 16) && is_misleading(16, 8));
        assert!(!is_misleading(0, 7) && !is_misleading(100, 150) && !is_misleading(10, 3));
        assert!(!is_misleading(0, 0));
    }
}
