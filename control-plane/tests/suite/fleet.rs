//! Instances as the wire has them, whose heartbeats come and stop as a test needs it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use aegis_domain::aggregate::instance::{Command, InstanceEvent, Registration, Status};
use aegis_domain::aggregate::{Installation, Instance, installation::InstallationEvent};
use aegis_domain::wire::heartbeat::{Heartbeat, Metrics};
use aegis_domain::{Actor, Aggregate as _, AggregateId, Context, InstanceName, ServiceName, Version};
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::{NatsServer, wait_until};
use chrono::Utc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::PATIENCE;

pub(crate) const BEAT: Duration = Duration::from_millis(200);

/// One instance of `echo`; its heart stops with it.
pub(crate) struct Member {
    pub(crate) name: String,
    beats: Arc<AtomicBool>,
    /// How far its clock is ahead, in milliseconds.
    clock: Arc<AtomicI64>,
    metrics: watch::Sender<Metrics>,
    heart: JoinHandle<()>,
}

impl Member {
    /// Registered and running, with a record that nobody wrote, so that it is gone once it is silent.
    pub(crate) async fn start(connection: &Connection, name: &str) -> Self {
        Self::with_clock(connection, name, 0).await
    }

    /// One whose clock is ahead by so many milliseconds.
    pub(crate) async fn with_clock(connection: &Connection, name: &str, ahead_ms: i64) -> Self {
        let clock = Arc::new(AtomicI64::new(ahead_ms));
        let now = {
            let clock = Arc::clone(&clock);
            move || Utc::now() + chrono::TimeDelta::milliseconds(clock.load(Ordering::Relaxed))
        };
        let (service, instance) = key(name);
        let version = Version::new("1.0.0").unwrap();
        let registration = Registration {
            version: version.clone(),
            groups: vec![],
            labels: BTreeMap::new(),
            heartbeat_ms: u64::try_from(BEAT.as_millis()).unwrap(),
            record_ttl_ms: 1_500,
            legacy: false,
            life: None,
        };
        let id = AggregateId::Instance(service.clone(), instance.clone());
        let context = Context::new(Actor::instance(&service, &instance), now());
        let journal = Journal::new(connection);
        for command in
            [Command::Register(registration), Command::ChangeStatus { to: Status::Running, reason: None }]
        {
            journal.execute::<Instance>(&id, command, &context).await.unwrap();
        }
        let beats = Arc::new(AtomicBool::new(true));
        let (metrics, figures) = watch::channel(Metrics::default());
        let heart = tokio::spawn({
            let (beats, connection) = (Arc::clone(&beats), connection.clone());
            let subject = connection.namespace().heartbeat_subject(&service, &instance);
            let started_at = now();
            async move {
                let mut ticks = tokio::time::interval(BEAT);
                loop {
                    ticks.tick().await;
                    if beats.load(Ordering::Relaxed) {
                        let heartbeat = Heartbeat {
                            service: service.clone(),
                            instance: instance.clone(),
                            version: version.clone(),
                            status: Status::Running,
                            groups: vec![],
                            labels: BTreeMap::new(),
                            capabilities: vec![],
                            unwell: None,
                            life: None,
                            started_at,
                            sent_at: now(),
                            metrics: figures.borrow().clone(),
                        };
                        let body = serde_json::to_vec(&heartbeat).unwrap();
                        let _lost = connection.client().publish(subject.clone(), body.into()).await;
                    }
                }
            }
        });
        Self { name: name.to_owned(), beats, clock, metrics, heart }
    }

    /// From its next heartbeat on, these are its figures.
    pub(crate) fn says(&self, metrics: Metrics) {
        self.metrics.send_replace(metrics);
    }

    /// Sets its clock.
    pub(crate) fn set_clock(&self, ahead_ms: i64) {
        self.clock.store(ahead_ms, Ordering::Relaxed);
    }

    pub(crate) fn stop(&self) {
        self.beats.store(false, Ordering::Relaxed);
    }

    pub(crate) fn go_on(&self) {
        self.beats.store(true, Ordering::Relaxed);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.heart.abort();
    }
}

pub(crate) async fn connection(nats: &NatsServer) -> Connection {
    Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap()
}

pub(crate) fn key(name: &str) -> (ServiceName, InstanceName) {
    (ServiceName::new("echo").unwrap(), InstanceName::new(name).unwrap())
}

/// The events of an instance of this service, in a word each.
pub(crate) async fn life(connection: &Connection, service: &str, name: &str) -> Vec<&'static str> {
    let id = AggregateId::Instance(ServiceName::new(service).unwrap(), InstanceName::new(name).unwrap());
    let events = Journal::new(connection).events(&id).await.unwrap();
    let word = |event: &InstanceEvent| match event {
        InstanceEvent::Registered(_) => "registered",
        InstanceEvent::StatusChanged { .. } => "status",
        InstanceEvent::ConfigurationReported { .. } => "configuration",
        InstanceEvent::Unhealthy { .. } => "unhealthy",
        InstanceEvent::Recovered {} => "recovered",
        InstanceEvent::DrainRequested { .. } => "drain",
        InstanceEvent::Deregistered { .. } => "deregistered",
        InstanceEvent::Expired { .. } => "expired",
        InstanceEvent::Forgotten { .. } => "forgotten",
        InstanceEvent::Conflicted { .. } => "conflicted",
        InstanceEvent::ConflictEnded {} => "conflict ended",
    };
    events.iter().filter_map(|it| Instance::event(&it.envelope.event)).map(word).collect()
}

/// Waits until that is its life, and no more.
pub(crate) async fn lives(connection: &Connection, service: &str, name: &str, expected: &[&str]) {
    wait_until(&format!("{name}: {expected:?}"), PATIENCE, || async {
        let life = life(connection, service, name).await;
        if life == expected { Ok(()) } else { Err(format!("{life:?}")) }
    })
    .await;
}

/// The events of the installation.
pub(crate) async fn installation(connection: &Connection) -> Vec<InstallationEvent> {
    let events = Journal::new(connection).events(&AggregateId::Installation).await.unwrap();
    events.iter().filter_map(|it| Installation::event(&it.envelope.event).cloned()).collect()
}

/// What an instance says of itself where that is of no matter.
pub(crate) fn registration() -> Registration {
    Registration {
        version: Version::new("1.0.0").unwrap(),
        groups: vec![],
        labels: [].into(),
        heartbeat_ms: 1000,
        record_ttl_ms: 15_000,
        legacy: false,
        life: None,
    }
}
