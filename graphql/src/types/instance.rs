//! An instance: what the log says of it, with its last heartbeat.

use aegis_domain::wire::header;
use aegis_domain::wire::heartbeat::{self, Messages};
use aegis_projections::live::{self, Beat, Contents};
use aegis_projections::state::InstanceKey;
use aegis_projections::view::{InstanceStatus as ViewStatus, InstanceView, LeaderView};
use async_graphql::{Enum, ID, Json, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::figures::Figures;
use super::scalar::Long;

/// The most bytes of the name of a metric of a program's own, labels and all.
const OWN_NAME_MAX: usize = 512;
/// So many groups that an instance stands for are told.
const STANDS_FOR: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[graphql(remote = "ViewStatus")]
pub(crate) enum InstanceStatus {
    Init,
    Starting,
    Running,
    Draining,
    Stopping,
    Stopped,
    Failed,
    Unhealthy,
    Expired,
    /// A status that this version does not know; the reason tells what the event says.
    Unknown,
}

#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Instance {
    /// `<service>/<instance>`
    id: ID,
    service: String,
    instance: String,
    version: String,
    status: InstanceStatus,
    /// Why the instance has this status, when there is more to say than the status.
    reason: Option<String>,
    /// When the status last changed.
    status_since: DateTime<Utc>,
    registered_at: DateTime<Utc>,
    /// Groups that this instance owns now.
    groups: Vec<LedGroup>,
    labels: Json<Value>,
    /// False when the service has no definition, or a retired one.
    defined: bool,
    /// It goes silent and comes back again and again: three recoveries within five minutes. It counts as
    /// recovered only after it was heard for 30 s without a miss. Clears by itself.
    flapping: bool,
    /// Another process, of an earlier start, still runs under its name: give each process a name of its own.
    conflict: bool,
    /// How far its clock is ahead of that of NATS, in seconds; negative when it is behind. Null as long as it is off by no
    /// more than a second. Nothing is decided by it, but times that the instance tells are off by as much.
    clock_offset_seconds: Option<f64>,
    /// It speaks the wire of the Python SDK, and the control plane keeps its history for it.
    legacy: bool,
    /// The methods that it serves, by their names; the commands that it takes as `command:rebalance`; the events that it
    /// subscribes to as `event:orders.*.placed`. At most 64 of each; none of instances of the Python SDK.
    capabilities: Vec<String>,
    /// The services that it has called since it started, in order of name, 64 at most.
    dependencies: Vec<String>,
    /// When the server took the last heartbeat; null before the first one.
    last_beat_at: Option<DateTime<Utc>>,
    metrics: Option<InstanceMetrics>,
    /// Null of one that has ended or is not heard: what it did last is no news.
    minute: Option<Figures>,
    /// How often it sends a heartbeat, in milliseconds; null while it has not registered.
    heartbeat_interval_ms: Option<Long>,
    /// The groups that it stands for election in: the first 100.
    stands_for: Vec<String>,
    /// How many they are.
    stands_for_count: Long,
    /// Sequence of the last event that changed this instance.
    as_of_sequence: Long,
}

#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct LedGroup {
    group: String,
    term: Long,
    since: DateTime<Utc>,
}

/// Figures of the last heartbeat, over the window since the one before.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct InstanceMetrics {
    uptime_seconds: Long,
    in_flight: Long,
    queue_depth: Long,
    /// Calls since the instance started.
    calls: Long,
    /// Failed calls since the instance started.
    errors: Long,
    calls_per_second: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    cpu_percent: Option<f64>,
    memory_bytes: Option<Long>,
    /// Since the instance started.
    events: MessageCounts,
    /// Since the instance started.
    commands: MessageCounts,
    /// What waits for each consumer that the instance takes events or commands by.
    lag: Vec<ConsumerLag>,
    /// Metrics of the program's own, in order of name; the first 32.
    own: Vec<OwnMetric>,
}

/// A metric of a program's own.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct OwnMetric {
    /// Its name, with its labels as Prometheus writes them: `orders_placed{side="buy"}`. Of a histogram there are the `_count` and
    /// the `_sum`.
    name: String,
    value: f64,
}

/// What became of messages.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct MessageCounts {
    /// Those that it sent.
    published: Long,
    /// Those that it handled well.
    consumed: Long,
    /// Tries that failed.
    failed: Long,
    /// Failed tries after which there is another.
    retried: Long,
    /// Those that it gave up: they are among the `deadLetters` until somebody decides on them.
    dead_lettered: Long,
}

/// How much waits for a consumer.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct ConsumerLag {
    consumer: String,
    /// Messages that were not delivered to it yet, when the instance last asked.
    pending: Long,
}

/// Whoever beats may say more, and longer.
fn own(metrics: &heartbeat::Metrics) -> Vec<OwnMetric> {
    let told = metrics.own.iter().take(heartbeat::OWN_MAX);
    told.map(|own| OwnMetric { name: header::text(&own.name, OWN_NAME_MAX), value: own.value }).collect()
}

impl Instance {
    pub(crate) fn of(contents: &Contents, key: &InstanceKey, view: &InstanceView) -> Self {
        let registration = view.state.registration.as_ref();
        let group = |leader: &LeaderView| LedGroup {
            group: leader.group.to_string(),
            term: leader.term.get().into(),
            since: leader.since,
        };
        let beat = contents.beats.get(key).map(|beat| &beat.heartbeat);
        Self {
            id: id(key),
            service: view.service.to_string(),
            instance: view.instance.to_string(),
            version: registration.map(|r| r.version.to_string()).unwrap_or_default(),
            status: view.status.into(),
            reason: view.reason.clone(),
            status_since: view.status_since,
            registered_at: view.registered_at,
            groups: contents.owned_by(key).map(group).collect(),
            labels: Json(registration.map_or(Value::Null, |r| {
                r.labels.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect()
            })),
            defined: contents.state.is_defined(&view.service),
            flapping: view.is_flapping(contents.time()),
            conflict: view.state.conflict.is_some(),
            clock_offset_seconds: contents.beats.get(key).and_then(|beat| {
                let millis = beat.clock_offset()?.num_milliseconds();
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "nobody asks for the millisecond of a century"
                )]
                Some(millis as f64 / 1e3)
            }),
            legacy: view.is_legacy(),
            capabilities: beat
                .map(|beat| beat.capabilities.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            dependencies: beat.map(|beat| beat.metrics.called.clone()).unwrap_or_default(),
            last_beat_at: contents.beats.get(key).map(|beat| beat.recorded_at),
            metrics: beat.map(|beat| InstanceMetrics {
                uptime_seconds: beat.metrics.uptime_seconds.into(),
                in_flight: beat.metrics.in_flight.into(),
                queue_depth: beat.metrics.queue_depth.into(),
                calls: beat.metrics.calls.into(),
                errors: beat.metrics.errors.into(),
                calls_per_second: beat.metrics.calls_per_second,
                p50_ms: beat.metrics.p50_ms,
                p99_ms: beat.metrics.p99_ms,
                cpu_percent: beat.metrics.cpu_percent,
                memory_bytes: beat.metrics.memory_bytes.map(Long::from),
                events: beat.metrics.events.into(),
                commands: beat.metrics.commands.into(),
                lag: beat
                    .metrics
                    .lag
                    .iter()
                    .map(|lag| ConsumerLag::of((&lag.consumer, &lag.pending)))
                    .collect(),
                own: own(&beat.metrics),
            }),
            minute: contents.beats.get(key).and_then(|beat| minute(beat, view)).map(Figures::from),
            heartbeat_interval_ms: registration.map(|registration| registration.heartbeat_ms.into()),
            stands_for: registration
                .map(|registration| {
                    registration.groups.iter().take(STANDS_FOR).map(ToString::to_string).collect()
                })
                .unwrap_or_default(),
            stands_for_count: registration.map_or(0, |registration| registration.groups.len() as u64).into(),
            as_of_sequence: view.sequence.into(),
        }
    }
}

/// The figures of the last minute of one that is heard.
pub(super) fn minute<'a>(beat: &'a Beat, view: &InstanceView) -> Option<&'a live::MinuteMetrics> {
    let is_heard = view.state.is_alive() && view.status != ViewStatus::Unhealthy;
    is_heard.then(|| beat.minute.metrics()).filter(|metrics| metrics.seconds > 0)
}

impl From<Messages> for MessageCounts {
    fn from(messages: Messages) -> Self {
        let Messages { published, consumed, failed, retried, dead_lettered } = messages;
        Self {
            published: published.into(),
            consumed: consumed.into(),
            failed: failed.into(),
            retried: retried.into(),
            dead_lettered: dead_lettered.into(),
        }
    }
}

impl ConsumerLag {
    pub(crate) fn of((consumer, pending): (&String, &u64)) -> Self {
        Self { consumer: consumer.clone(), pending: (*pending).into() }
    }
}

pub(crate) fn id(key: &InstanceKey) -> ID {
    ID(format!("{}/{}", key.0, key.1))
}
