//! The heartbeat: the whole state of an instance, so that each one makes up for a lost one before it.
//! The same body stands in the instance's KV record.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use super::capability::Capability;
use super::latency::{self, Latency};
use crate::aggregate::instance::Status;
use crate::{GroupName, InstanceName, LifeId, ServiceName, Term, Version};

/// The most methods that a heartbeat names, and the most commands, and the most patterns of events.
pub const CAPABILITIES_MAX: usize = 64;
/// The most methods, events and commands that a heartbeat has figures of: those with the most to do.
pub const MEASURED_MAX: usize = 24;

/// The most services that a heartbeat tells as called.
pub const CALLED_MAX: usize = 64;

/// What one instance says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Its service.
    pub service: ServiceName,
    /// Its name.
    pub instance: InstanceName,
    /// The version it runs.
    pub version: Version,
    /// Where it is in its life.
    pub status: Status,
    /// Its life: which start of which process sends this.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "if_readable")]
    pub life: Option<LifeId>,
    /// The groups that it owns, or as many of them as half a message holds. The lease store knows all.
    #[serde(default)]
    pub groups: Vec<Owned>,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The methods that it serves, the commands that it takes and the events that it subscribes to, in this order,
    /// [`CAPABILITIES_MAX`] of each at most. `$SRV.INFO` tells all of them, with schemas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
    /// Why it calls itself unhealthy, while it does: it takes no balanced calls and owns no groups then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwell: Option<String>,
    /// When it started, by its own clock.
    pub started_at: DateTime<Utc>,
    /// When it sent this, by its own clock.
    pub sent_at: DateTime<Utc>,
    /// Metrics since the heartbeat before.
    pub metrics: Metrics,
}

fn if_readable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LifeId>, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(deserializer)?).ok())
}

/// The most metrics of a program's own in a heartbeat.
pub const OWN_MAX: usize = 32;

/// A group that the instance owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// The group.
    pub group: GroupName,
    /// Its term.
    pub term: Term,
}

/// The figures of an instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Seconds since it started.
    pub uptime_seconds: u64,
    /// Calls being handled now.
    pub in_flight: u64,
    /// Calls waiting for a free place now.
    pub queue_depth: u64,
    /// Calls since it started.
    pub calls: u64,
    /// Failed calls since it started.
    pub errors: u64,
    /// Calls a second, since the heartbeat before.
    pub calls_per_second: f64,
    /// Median latency in milliseconds since the heartbeat before; none when nothing was called.
    #[serde(default)]
    pub p50_ms: Option<f64>,
    /// 99th percentile of latency in milliseconds since the heartbeat before.
    #[serde(default)]
    pub p99_ms: Option<f64>,
    /// Share of one core that the process used since the heartbeat before, in percent.
    #[serde(default)]
    pub cpu_percent: Option<f64>,
    /// Resident memory of the process, in bytes.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// The number of the window that these figures are of, from 1 on. A heartbeat that is sent within a window, because
    /// the status has changed, repeats the metrics of the one before and its number; 0 where windows are not counted.
    #[serde(default)]
    pub window: u64,
    /// The latencies of the window, to be merged with those of others; none when nothing was called. Text that is
    /// no histogram counts as none: the instance is heard all the same.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "latency::if_readable")]
    pub latency: Option<Latency>,
    /// The figures of single methods, events and commands, [`MEASURED_MAX`] at most: those that were busiest in the window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Measured>,
    /// The services that it has called since it started, in order of name, [`CALLED_MAX`] at most. They stay, whether
    /// their methods are among the busiest or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub called: Vec<String>,
    /// Events since it started.
    #[serde(default, skip_serializing_if = "Messages::is_none")]
    pub events: Messages,
    /// Commands since it started.
    #[serde(default, skip_serializing_if = "Messages::is_none")]
    pub commands: Messages,
    /// The name of the NATS server that it is connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats_server: Option<String>,
    /// How its lease is doing, while it takes part in elections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// How much waits for its consumers: of 64 of them at most for events and for commands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lag: Vec<Lag>,
    /// Metrics of the program's own, [`OWN_MAX`] at most, in order of name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<Own>,
}

/// A metric of a program's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Own {
    /// Its name, with its labels as Prometheus writes them: `orders_placed{side="buy"}`.
    pub name: String,
    /// Its value.
    pub value: f64,
}

/// What became of the messages of one kind since the instance started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Messages {
    /// Sent.
    pub published: u64,
    /// Handled well.
    pub consumed: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Tries that were put off after one that failed.
    pub retried: u64,
    /// Put aside for good.
    pub dead_lettered: u64,
}

impl Messages {
    /// Whether there were none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What has been added since those counts were told.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        self.with(before, u64::saturating_sub)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    fn with(self, other: Self, each: fn(u64, u64) -> u64) -> Self {
        Self {
            published: each(self.published, other.published),
            consumed: each(self.consumed, other.consumed),
            failed: each(self.failed, other.failed),
            retried: each(self.retried, other.retried),
            dead_lettered: each(self.dead_lettered, other.dead_lettered),
        }
    }
}

/// How the lease of an instance is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// How long it is, in milliseconds.
    pub ms: u64,
    /// What was left of it at worst when a renewal was acknowledged, over the last minute, in percent.
    pub lowest_percent: u8,
}

/// How much waits for one consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// The consumer.
    pub consumer: String,
    /// Messages that were not delivered to it yet, when it was last asked.
    pub pending: u64,
}

/// The figures of one method, event or command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// What the instance does with it.
    pub role: Role,
    /// Its name: the method that is served, `<service>.<method>` of one that is called, the subject of others. Of what is
    /// consumed that is the filter of its subscription, or `commands.<service>.<command>`; of events that are published,
    /// what lies between the domain and the last part of the type is `*`.
    pub name: String,
    /// How often since the start.
    pub count: u64,
    /// How often it failed since the start.
    pub errors: u64,
    /// How many are under way now.
    pub in_flight: u64,
    /// Failures since the start by their code; the 16 that came first, the rest as `OTHER`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, u64>,
    /// The latencies of the window, to be merged with those of others.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "latency::if_readable")]
    pub latency: Option<Latency>,
}

/// What an instance does with a method, an event or a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It answers the calls.
    Serve,
    /// It makes the calls.
    Call,
    /// It publishes the events, commands or messages.
    Publish,
    /// It handles the events, commands or messages.
    Consume,
}
