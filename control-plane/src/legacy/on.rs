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

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::Command;
use aegis_domain::{Actor, Aggregate as _, AggregateId, Context, Sequence};
use aegis_journal::AppendError;
use aegis_journal::Journal;
use aegis_legacy::adoption::{Finding, Logged, Seen};
use aegis_legacy::announced::Heard;
use aegis_legacy::{Announced, LegacyError, Records};
use aegis_nats::Connection;
use aegis_nats::bucket::ReadError;
use aegis_projections::Live;
use aegis_projections::state::InstanceKey;
use anyhow::{Context as _, bail, ensure};
use chrono::Utc;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use prometheus_client::registry::Registry;

use crate::adapter::Adapter;
use crate::background::{Background, Failures, Task};
use crate::meters::{Count, Total, is_at};

/// What the control plane subscribes to for them.
pub(crate) const SUBJECTS: &[&str] = &["internal.>"];

/// How long a subscription that was refused waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// Who does not call itself unhealthy, and as of which event of its history that is known. A heartbeat alone
/// lets no instance recover: another replica may have read in a record what this one is yet to read. Cheap to
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
struct Unreadable(Arc<AtomicU64>);

impl Unreadable {
    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, place: &str, error: &LegacyError) {
        self.0.fetch_add(1, Ordering::Relaxed);
        // Anybody may send such things, at any rate.
        tracing::debug!(place, %error, "not a message of the python sdk");
    }
}

/// What is known of instances of the Python SDK. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) wellness: Wellness,
    unreadable: Unreadable,
}

/// What is measured of them.
#[derive(Debug)]
pub(crate) struct Gauges {
    alive: Count,
    unreadable: Total,
    known: Known,
}

impl Gauges {
    pub(crate) fn new(registry: &mut Registry, known: &Known) -> Self {
        let (alive, unreadable) = (Count::default(), Total::default());
        registry.register(
            "legacy_instances",
            "Instances of the Python SDK whose life goes on",
            alive.clone(),
        );
        registry.register(
            "legacy_unreadable",
            "Messages and records of the Python SDK's wire that cannot be read",
            unreadable.clone(),
        );
        Self { alive, unreadable, known: known.clone() }
    }

    pub(crate) fn read(&self, live: &Live) {
        let contents = live.read();
        let alive =
            contents.state.instances.values().filter(|view| view.state.is_alive() && view.is_legacy());
        self.alive.set(alive.count() as u64);
        is_at(&self.unreadable, self.known.unreadable.count());
    }
}

/// Starts the task that records what they say, once the registry has caught up with the log.
pub(crate) fn start(
    background: &Background,
    caught_up: impl Future<Output = ()> + Send + 'static,
    adapter: &Arc<Adapter>,
    known: &Known,
) {
    let Adapter { connection, journal, live, .. } = &**adapter;
    // That wire knows no namespaces: its instances are those of the default.
    if !connection.namespace().is_default() {
        return;
    }
    let (connection, journal) = (connection.clone(), journal.clone());
    let (live, known) = (live.clone(), known.clone());
    background.start_after(caught_up, move || {
        Legacy::new(connection.clone(), journal.clone(), live.clone(), known.clone())
    });
}

struct Legacy {
    connection: Connection,
    journal: Journal,
    live: Live,
    known: Known,
    seen: Seen,
    /// How far their records were read.
    records: aegis_legacy::Known,
    /// What is heard, while the subjects are subscribed to.
    messages: Option<BoxStream<'static, Heard>>,
    /// Not subscribed to again before.
    refused_until: Option<Instant>,
}

impl Task for Legacy {
    const NAME: &'static str = "legacy-instances";
    const PERIOD: Duration = Duration::from_secs(1);

    async fn activate(&mut self) -> anyhow::Result<String> {
        self.listens().await?;
        let mut failures = Failures::default();
        failures.take(self.read_bucket().await.context("the registry of the python sdk cannot be read now"));
        let now = Instant::now();
        let findings = {
            let contents = self.live.read();
            let log = |who: &InstanceKey| {
                let view = contents.state.instances.get(who)?;
                Some(Logged { state: &view.state, sequence: view.sequence })
            };
            self.seen.findings(log, now)
        };
        let well = self.seen.well(now);
        let status = format!("{} instances that do not call themselves unhealthy", well.len());
        self.known.wellness.replace(well);
        for (who, finding) in findings {
            failures.take(carry_out(&self.journal, &who, finding).await);
        }
        self.seen.forget(now);
        failures.or(|| status)
    }

    /// Takes in what is heard.
    async fn between(&mut self) {
        while let Some(messages) = &mut self.messages {
            match messages.next().await {
                Some(heard) => self.take(heard),
                None => {
                    (self.messages, self.refused_until) = (None, Some(Instant::now() + PAUSE));
                }
            }
        }
        std::future::pending().await
    }
}

impl Legacy {
    fn new(connection: Connection, journal: Journal, live: Live, known: Known) -> Self {
        Self {
            connection,
            journal,
            live,
            known,
            seen: Seen::default(),
            records: None,
            messages: None,
            refused_until: None,
        }
    }

    /// Subscribes to what is not subscribed to, unless that was refused a moment ago.
    async fn listens(&mut self) -> anyhow::Result<()> {
        if self.messages.is_some() {
            return Ok(());
        }
        let early = self.refused_until.is_some_and(|until| Instant::now() < until);
        ensure!(!early, "the subjects of the python sdk cannot be subscribed to");
        match Announced::listen(&self.connection).await {
            Ok(messages) => self.messages = Some(messages),
            Err(error) => {
                tracing::warn!(%error, "the subjects of the python sdk cannot be subscribed to");
                self.refused_until = Some(Instant::now() + PAUSE);
                bail!("the subjects of the python sdk cannot be subscribed to: {error}");
            }
        }
        Ok(())
    }

    fn take(&mut self, heard: Heard) {
        let now = Instant::now();
        match heard {
            Ok(Announced::Registered(who)) => self.seen.registered(who, now),
            Ok(Announced::Unregistered(who)) => self.seen.unregistered(&who, now),
            Ok(Announced::Beat(who, metrics)) => {
                self.seen.beat(who.clone(), *metrics, now);
                self.pass_on(&who, now);
            }
            Err((subject, error)) => self.known.unreadable.add(&subject, &error),
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

    /// Reads the records, if anything has changed in their bucket, and if there is one.
    async fn read_bucket(&mut self) -> Result<(), ReadError> {
        let Some(records) = Records::read(&self.connection, self.records).await? else { return Ok(()) };
        for (key, error) in &records.unreadable {
            self.known.unreadable.add(key, error);
        }
        let now = Instant::now();
        for who in self.seen.records(records.standing, now) {
            self.pass_on(&who, now);
        }
        self.records = records.known;
        Ok(())
    }
}

async fn carry_out(
    journal: &Journal,
    who: &InstanceKey,
    Finding { command, after }: Finding,
) -> anyhow::Result<()> {
    let id = AggregateId::Instance(who.0.clone(), who.1.clone());
    let adopts = matches!(command, Command::Adopt(_));
    let outcome = async {
        let loaded = journal.load::<Instance>(&id).await?;
        // Somebody has written meanwhile, or the projection is behind: it is looked at again.
        if loaded.head.sequence != after {
            return Ok(false);
        }
        let events = loaded.state.decide(command)?.into_iter().map(Into::into).collect();
        let context = Context::new(Actor::system("legacy"), Utc::now());
        match journal.append(&id, loaded.head, events, &context).await {
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
            tracing::warn!(%error, aggregate = %id, "a legacy instance was not recorded; trying again");
            bail!("a legacy instance was not recorded: {error}");
        }
    }
    Ok(())
}
