//! Instances of the Python SDK, which know nothing of the log: what they say on their own wire is turned into
//! events, so that they stand in the registry like all others, marked legacy.
//!
//! No input but what is heard and a timer; idempotent. Every replica hears all, and any number of them write
//! each transition once: an event is appended to the very history that the finding was made from, and not at
//! all when that has moved on.
//!
//! Their heartbeats are beats for `liveness`, which judges their silence as it does any other. They have no
//! record of ours: one is expired when it was silent for as long as the Python SDK lets its own record live,
//! since a refresh of that record is a sign of life, too.

mod seen;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::Command;
use aegis_domain::wire::legacy::{self, LegacyError};
use aegis_domain::{Actor, Aggregate as _, AggregateId, Context, Sequence};
use aegis_projections::Live;
use aegis_projections::state::InstanceKey;
use aegis_sdk::journal::AppendError;
use aegis_sdk::nats::bucket::{self, ReadError};
use aegis_sdk::{Connection, Journal};
use chrono::Utc;
use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, select_all};
use tokio_util::sync::CancellationToken;

use seen::{Finding, Seen};

/// How often what was heard is compared with the log.
const SCAN_EVERY: Duration = Duration::from_secs(1);
/// How long a subscription that was refused waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// Who does not call itself unhealthy, and as of which event of its history that is known. A heartbeat alone
/// makes nobody recover: another replica may have read in a record what this one is yet to read. Cheap to
/// clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wellness(Arc<RwLock<BTreeMap<InstanceKey, Sequence>>>);

impl Wellness {
    pub(crate) fn is_well(&self, key: &InstanceKey, as_of: Sequence) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key) == Some(&as_of)
    }

    fn replace(&self, well: BTreeMap<InstanceKey, Sequence>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = well;
    }
}

/// How many messages were heard and could not be read. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unreadable(Arc<AtomicU64>);

impl Unreadable {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, place: &str, error: &LegacyError) {
        self.0.fetch_add(1, Ordering::Relaxed);
        // Anybody may send such things, at any rate.
        tracing::debug!(place, %error, "not a message of the python sdk");
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Legacy {
    connection: Connection,
    journal: Journal,
    live: Live,
    seen: Seen,
    wellness: Wellness,
    unreadable: Unreadable,
    /// What the bucket held when it was read last.
    bucket: Option<bucket::Extent>,
}

impl Legacy {
    pub(crate) fn new(connection: Connection, journal: Journal, live: Live) -> Self {
        let (wellness, unreadable) = (Wellness::default(), Unreadable::default());
        Self { connection, journal, live, seen: Seen::default(), wellness, unreadable, bucket: None }
    }

    pub(crate) fn wellness(&self) -> Wellness {
        self.wellness.clone()
    }

    pub(crate) fn unreadable(&self) -> Unreadable {
        self.unreadable.clone()
    }

    pub(crate) async fn run(mut self, stop: CancellationToken) {
        // That wire knows no namespaces: its instances are those of the default.
        if !self.connection.namespace().is_default() {
            return stop.cancelled().await;
        }
        while let Some(heard) = stop.run_until_cancelled(self.listen()).await {
            match heard {
                Ok(messages) => {
                    if stop.run_until_cancelled(self.follow(messages)).await.is_none() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the subjects of the python sdk cannot be subscribed to")
                }
            }
            if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    }

    async fn listen(&self) -> Result<Messages, Box<dyn std::error::Error + Send + Sync>> {
        let client = self.connection.client();
        let mut all: Vec<Messages> = Vec::new();
        for subject in [legacy::REGISTER, legacy::UNREGISTER, legacy::ALL_HEARTBEATS] {
            let messages = client.subscribe(subject).await?;
            all.push(messages.map(|message| (message.subject.into_string(), message.payload.into())).boxed());
        }
        Ok(select_all(all).boxed())
    }

    /// Until the subscriptions end.
    async fn follow(&mut self, mut messages: Messages) {
        let mut ticks = tokio::time::interval(SCAN_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some((subject, body)) => self.take(&subject, &body),
                    None => return,
                },
                _ = ticks.tick() => self.reconcile().await,
            }
        }
    }

    fn take(&mut self, subject: &str, body: &[u8]) {
        let now = Instant::now();
        let taken = match subject {
            legacy::REGISTER => legacy::read_announcement(body).map(|who| self.seen.registered(who, now)),
            legacy::UNREGISTER => {
                legacy::read_announcement(body).map(|who| self.seen.unregistered(&who, now))
            }
            _ => legacy::read_heartbeat(subject, body).map(|(who, metrics)| {
                self.seen.beat(who.clone(), metrics, now);
                self.pass_on(&who, now);
            }),
        };
        if let Err(error) = taken {
            self.unreadable.add(subject, &error);
        }
    }

    /// A sign of life, as `liveness` and the page know it. It carries the time of this machine: that of the
    /// sender cannot be compared with anything.
    fn pass_on(&self, who: &InstanceKey, now: Instant) {
        let registration = {
            let contents = self.live.read();
            let view = contents.state.instances.get(who);
            // An instance that keeps its own log beats for itself.
            if view.is_some_and(|view| view.state.is_alive() && !view.is_legacy()) {
                return;
            }
            view.filter(|view| view.is_legacy()).and_then(|view| view.state.registration.clone())
        };
        // Of what comes past every stream, no server tells the time.
        let time = Utc::now();
        if let Some(heartbeat) = self.seen.heartbeat(who, registration, time) {
            self.live.beat(heartbeat, (Sequence::ZERO, time), now);
        }
    }

    async fn reconcile(&mut self) {
        if let Err(error) = self.read_bucket().await {
            tracing::debug!(%error, "the registry of the python sdk cannot be read now");
        }
        let now = Instant::now();
        let findings = self.seen.findings(&self.live.read().state.instances, now);
        self.wellness.replace(self.seen.well(now));
        for (who, finding) in findings {
            self.carry_out(&who, finding).await;
        }
        self.seen.forget(now);
    }

    /// Reads the records, if anything has changed in their bucket, and if there is one.
    async fn read_bucket(&mut self) -> Result<(), ReadError> {
        let bucket = legacy::BUCKET.to_owned();
        let extent = bucket::extent(&self.connection, &bucket).await?;
        if extent == self.bucket {
            return Ok(());
        }
        let entries = match extent {
            Some(_) => bucket::entries(&self.connection, bucket, &["*".to_owned()]).await?,
            None => vec![],
        };
        let mut records = Vec::new();
        for (key, slot) in entries {
            let Some(value) = slot.value else { continue };
            match legacy::read_record(&key, &value) {
                Ok(Some(record)) => records.push((slot.revision, record)),
                Ok(None) => {}
                Err(error) => self.unreadable.add(&key, &error),
            }
        }
        let now = Instant::now();
        for who in self.seen.records(records, now) {
            self.pass_on(&who, now);
        }
        self.bucket = extent;
        Ok(())
    }

    async fn carry_out(&self, who: &InstanceKey, Finding { command, after }: Finding) {
        let id = AggregateId::Instance(who.0.clone(), who.1.clone());
        let adopts = matches!(command, Command::Adopt(_));
        let outcome = async {
            let loaded = self.journal.load::<Instance>(&id).await?;
            // Somebody has written meanwhile, or the projection is behind: it is looked at again.
            if loaded.head.sequence != after {
                return Ok(false);
            }
            let events = loaded.state.decide(command)?.into_iter().map(Into::into).collect();
            let context = Context::new(Actor::system("legacy"), Utc::now());
            match self.journal.append(&id, loaded.head, events, &context).await {
                Ok(recorded) => Ok(!recorded.is_empty()),
                Err(AppendError::Conflict) => Ok(false),
                Err(error) => Err(error.into()),
            }
        };
        let outcome: Result<bool, Box<dyn std::error::Error + Send + Sync>> = outcome.await;
        match outcome {
            Ok(true) if adopts => tracing::info!(aggregate = %id, "adopted an instance of the python sdk"),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, aggregate = %id, "a legacy instance was not recorded; trying again")
            }
        }
    }
}

/// Subject and body.
type Messages = BoxStream<'static, (String, Vec<u8>)>;
