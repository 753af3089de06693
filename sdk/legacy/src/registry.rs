//! The registry wire of the Python SDK, as far as the control plane listens to it: three subjects of core NATS
//! and one bucket, all JSON. Nothing here fails on bad input other than by saying so.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use aegis_domain::wire::heartbeat::Metrics;
use aegis_domain::{GroupName, InstanceName, InvalidName, ServiceName, Version};

/// Where an instance says that it begins.
pub const REGISTER: &str = "internal.registry.register";
/// Where an instance says that it ends.
pub const UNREGISTER: &str = "internal.registry.unregister";
/// Where all instances send their heartbeats.
pub const ALL_HEARTBEATS: &str = "internal.heartbeat.*";
/// The bucket of the instances' records. It belongs to the Python SDK: it is read, and never made.
pub const BUCKET: &str = "service_registry";
/// The keys of instances in the bucket; definitions stand beside them.
pub const INSTANCE_PREFIX: &str = "service-instances__";

/// How often the Python SDK sends a heartbeat, unless it is told otherwise, in milliseconds.
pub const HEARTBEAT_MS: u64 = 10_000;
/// How long it lets a record live without a refresh, unless it is told otherwise, in milliseconds.
pub const RECORD_TTL_MS: u64 = 30_000;
/// The largest message that is looked at, in bytes: heartbeats with thousands of counters stay far below.
pub const MESSAGE_MAX: usize = 64 * 1024;

/// Why a message is none of this wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LegacyError {
    /// It is larger than anything that the Python SDK sends.
    #[error("{size} bytes are too many: at most {MESSAGE_MAX} are read")]
    TooLarge {
        /// Its size.
        size: usize,
    },
    /// It is not the JSON that belongs here.
    #[error("the body cannot be read: {detail}")]
    Body {
        /// What is wrong with it.
        detail: String,
    },
    /// A name breaks its rule.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The key of a record names another instance than the record, or none.
    #[error("the key does not belong to the instance that the record names")]
    Key,
}

/// Who registers, unregisters or beats.
pub type Who = (ServiceName, InstanceName);

/// What an instance says of itself in its record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Who.
    pub who: Who,
    /// The version that it runs.
    pub version: Version,
    /// How it is, by its own account.
    pub status: Status,
    /// The group that it stands for election in, if any.
    pub group: Option<GroupName>,
    /// Its metadata, as far as they are plain values.
    pub labels: BTreeMap<String, String>,
    /// When it says that it beat last.
    pub last_heartbeat: Option<DateTime<Utc>>,
}

/// How an instance is, by its own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It serves.
    Active,
    /// It serves, and waits for its turn as the active one.
    Standby,
    /// It serves, and says that it is not well.
    Unhealthy,
    /// It ends.
    Shutdown,
}

#[derive(Deserialize)]
struct Announcement {
    service_name: String,
    instance_id: String,
}

#[derive(Deserialize)]
struct Beat {
    instance_id: String,
    #[serde(default)]
    metrics: Value,
}

#[derive(Deserialize)]
struct Instance {
    #[serde(alias = "serviceName")]
    service_name: String,
    #[serde(alias = "instanceId")]
    instance_id: String,
    version: String,
    #[serde(default = "active")]
    status: Status,
    #[serde(default, alias = "lastHeartbeat")]
    last_heartbeat: Option<String>,
    #[serde(default, alias = "stickyActiveGroup")]
    sticky_active_group: Option<String>,
    #[serde(default)]
    metadata: Option<BTreeMap<String, Value>>,
}

fn active() -> Status {
    Status::Active
}

/// The subject of the heartbeats of one service.
#[must_use]
pub fn heartbeat(service: &ServiceName) -> String {
    format!("internal.heartbeat.{service}")
}

/// Reads a message of [`REGISTER`] or [`UNREGISTER`].
///
/// # Errors
/// What is wrong with it. Count it, and go on.
pub fn read_announcement(body: &[u8]) -> Result<Who, LegacyError> {
    let Announcement { service_name, instance_id } = json(body)?;
    Ok((ServiceName::new(service_name)?, InstanceName::new(instance_id)?))
}

/// Reads a heartbeat.
///
/// # Errors
/// What is wrong with it. Count it, and go on.
pub fn read_heartbeat(subject: &str, body: &[u8]) -> Result<(Who, Metrics), LegacyError> {
    let service = ServiceName::new(subject.strip_prefix("internal.heartbeat.").unwrap_or_default())?;
    let Beat { instance_id, metrics } = json(body)?;
    let metrics = metrics_of(&service, &metrics);
    Ok(((service, InstanceName::new(instance_id)?), metrics))
}

/// Reads the record that stands under this key; `None` when the key is not one of an instance.
///
/// # Errors
/// What is wrong with it. Count it, and go on.
pub fn read_record(key: &str, body: &[u8]) -> Result<Option<Record>, LegacyError> {
    let Some(rest) = key.strip_prefix(INSTANCE_PREFIX) else { return Ok(None) };
    let found: Instance = json(body)?;
    let who = (ServiceName::new(found.service_name)?, InstanceName::new(found.instance_id)?);
    // Names may hold two underscores, so the key is written and compared, and not taken apart.
    if rest != format!("{}__{}", who.0, who.1) {
        return Err(LegacyError::Key);
    }
    let plain = |(key, value): (String, Value)| match value {
        Value::String(text) => Some((key, text)),
        Value::Number(number) => Some((key, number.to_string())),
        Value::Bool(flag) => Some((key, flag.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let time = found.last_heartbeat.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
    Ok(Some(Record {
        who,
        version: Version::new(found.version)?,
        status: found.status,
        // A group name of its own making is no reason to leave the instance out.
        group: found.sticky_active_group.and_then(|group| GroupName::new(group).ok()),
        labels: found.metadata.unwrap_or_default().into_iter().filter_map(plain).take(64).collect(),
        last_heartbeat: time.map(|time| time.to_utc()),
    }))
}

/// The figures that have a counterpart here: calls and errors are the counters `rpc.<service>.<method>.success`
/// and `.error`; queue depth and calls in flight are gauges, where a service keeps them. What is missing or
/// absurd stays at nothing.
fn metrics_of(service: &ServiceName, metrics: &Value) -> Metrics {
    let prefix = format!("rpc.{service}.");
    let sum = |suffix: &str| {
        let counters = metrics.get("counters").and_then(Value::as_object).into_iter().flatten();
        let mine = counters.filter(|(name, _)| name.starts_with(&prefix) && name.ends_with(suffix));
        mine.fold(0_u64, |sum, (_, value)| sum.saturating_add(whole(value)))
    };
    let gauge = |name: &str| metrics.get("gauges").and_then(|gauges| gauges.get(name)).map_or(0, whole);
    let errors = sum(".error");
    Metrics {
        uptime_seconds: metrics.get("uptime_seconds").map_or(0, whole),
        in_flight: gauge("rpc.in_flight"),
        queue_depth: gauge("rpc.queue_depth"),
        calls: sum(".success").saturating_add(errors),
        errors,
        ..Metrics::default()
    }
}

/// A figure as a whole number; Python sends floats for what it counts, too.
fn whole(value: &Value) -> u64 {
    let float = || value.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "negative numbers are taken out above, and the cast saturates"
    )]
    value.as_u64().or_else(|| float().map(|number| number as u64)).unwrap_or(0)
}

fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, LegacyError> {
    if body.len() > MESSAGE_MAX {
        return Err(LegacyError::TooLarge { size: body.len() });
    }
    serde_json::from_slice(body).map_err(|e| LegacyError::Body { detail: e.to_string() })
}
