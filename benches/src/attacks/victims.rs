//! What others notice of an attack: health checks from a connection of their own, and the subscription of somebody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::{Actor, AggregateId, Context, Event, InstanceName, ServiceName};
use aegis_sdk::journal::Head;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use chrono::Utc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::replica::Replica;
use crate::feed;

const HEALTH: Duration = Duration::from_millis(20);
/// How often something happens that the subscription shows.
const EVENT: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);

/// They go on until dropped.
#[derive(Debug)]
pub(super) struct Victims {
    worst: Arc<Mutex<Worst>>,
    tasks: JoinSet<anyhow::Result<()>>,
}

/// The longest that each had to wait.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Worst {
    pub(super) health: Duration,
    pub(super) update: Duration,
}

impl Worst {
    pub(super) fn max(self, other: Self) -> Self {
        Self { health: self.health.max(other.health), update: self.update.max(other.update) }
    }
}

impl Victims {
    pub(super) async fn start(replica: &Replica, nats: &str) -> anyhow::Result<Self> {
        let worst = Arc::<Mutex<Worst>>::default();
        let mut tasks = JoinSet::new();
        let url = format!("{}/healthz", replica.url);
        let of_health = Arc::clone(&worst);
        tasks.spawn(async move {
            let client = reqwest::Client::builder().pool_max_idle_per_host(1).timeout(PATIENCE).build()?;
            let mut ticks = every(HEALTH);
            loop {
                ticks.tick().await;
                let begun = Instant::now();
                // One that fails has waited in vain.
                let answered = client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success());
                let took = if answered { begun.elapsed() } else { PATIENCE };
                note(&of_health, |worst| worst.health = worst.health.max(took));
            }
        });
        let mut shown = feed::listen(feed::subscribe_at(&replica.url, &replica.somebody).await?);
        let connection = Connection::open(ConnectOptions::new(nats, "bench")).await?;
        let of_update = Arc::clone(&worst);
        tasks.spawn(async move {
            let journal = Journal::new(&connection);
            let id = AggregateId::Instance(ServiceName::new("others")?, InstanceName::new("others-1")?);
            let (mut head, mut ticks) = (Head::EMPTY, every(EVENT));
            let mut under_way = HashMap::new();
            loop {
                tokio::select! {
                    _ = ticks.tick() => {
                        let begun = Instant::now();
                        let event = Event::from(InstanceEvent::Unhealthy { last_beat: None, missed: 1, reason: None });
                        let context = Context::new(Actor::system("bench"), Utc::now());
                        let recorded = journal.append(&id, head, vec![event], &context).await?;
                        head = recorded.last().map_or(head, Head::after);
                        under_way.insert(head.sequence.get(), begun);
                    }
                    next = shown.recv() => {
                        let (sequence, at) = next.ok_or_else(|| anyhow::anyhow!("the subscription of somebody else ended"))?;
                        let begun = under_way.remove(&sequence);
                        let took = begun.map(|begun| at.saturating_duration_since(begun)).unwrap_or_default();
                        note(&of_update, |worst| worst.update = worst.update.max(took));
                    }
                }
                // What is still under way counts as long as it has taken already.
                if let Some(oldest) = under_way.values().map(Instant::elapsed).max() {
                    note(&of_update, |worst| worst.update = worst.update.max(oldest));
                }
            }
        });
        Ok(Self { worst, tasks })
    }

    /// The worst since the last time that it was asked for.
    pub(super) fn take(&mut self) -> anyhow::Result<Worst> {
        while let Some(ended) = self.tasks.try_join_next() {
            ended??;
        }
        let mut worst = self.worst.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *worst))
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn note(worst: &Mutex<Worst>, change: impl FnOnce(&mut Worst)) {
    change(&mut worst.lock().unwrap_or_else(PoisonError::into_inner));
}
