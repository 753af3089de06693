//! The metrics of a service in the text format of OpenMetrics, which Prometheus reads.

use std::fmt;
use std::time::Duration;

use aegis_telemetry::metrics::{BOUNDS_US, Counts, Labels, Read, Role, Value};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::Told;
use crate::process::Usage;

pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the metrics of each role begin with, and what the label of its name is called.
const ROLES: [(Role, &str, &str); 4] = [
    (Role::Serve, "aegis_server", "method"),
    (Role::Call, "aegis_client", "method"),
    (Role::Publish, "aegis_publish", "destination"),
    (Role::Consume, "aegis_consume", "destination"),
];

/// All metrics as they are now.
pub(super) fn write(told: &Told) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot::of(told)));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

type Meters = Vec<(String, Counts, (Vec<u64>, Duration))>;

#[derive(Debug)]
struct Snapshot {
    meters: Vec<(&'static str, &'static str, Meters)>,
    gauges: Vec<(&'static str, &'static str, Option<Unit>, f64)>,
    counters: Vec<(&'static str, &'static str, u64)>,
    messages: Vec<(Labels, u64)>,
    lags: Vec<(Labels, u64)>,
    own: Vec<Read>,
}

fn labels<const N: usize>(labels: [(&str, &str); N]) -> Labels {
    labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

impl Snapshot {
    fn of(told: &Told) -> Self {
        let Told { connection, stats, guard, .. } = told;
        let meters = &connection.telemetry().meters;
        let mut gauges = vec![
            ("aegis_service_in_flight", "Calls being handled", None, whole(stats.handled())),
            ("aegis_service_queue_depth", "Calls that wait for a place", None, whole(stats.queued())),
            (
                "aegis_service_groups",
                "Groups that the instance takes calls for",
                None,
                whole(guard.serving().len() as u64),
            ),
            (
                "aegis_service_uptime",
                "How long the instance has been there",
                Some(Unit::Seconds),
                stats.uptime().as_secs_f64(),
            ),
            (
                "aegis_service_ready",
                "Whether the instance takes calls",
                None,
                if told.not_ready().is_none() { 1.0 } else { 0.0 },
            ),
        ];
        if let Some(usage) = Usage::now() {
            gauges.push((
                "process_resident_memory",
                "Resident memory",
                Some(Unit::Bytes),
                whole(usage.memory_bytes()),
            ));
        }
        let kinds = [("event", stats.events.messages()), ("command", stats.commands.messages())];
        let messages = kinds.into_iter().flat_map(|(kind, messages)| {
            [
                ("published", messages.published),
                ("consumed", messages.consumed),
                ("failed", messages.failed),
                ("retried", messages.retried),
                ("dead_lettered", messages.dead_lettered),
            ]
            .map(|(outcome, n)| (labels([("kind", kind), ("outcome", outcome)]), n))
        });
        let lags = [stats.events.lags(), stats.commands.lags()].concat();
        Self {
            meters: ROLES.map(|(role, prefix, label)| (prefix, label, meters.each(role))).into(),
            gauges,
            counters: vec![
                (
                    "aegis_service_refused",
                    "Calls that were refused before they came to their method",
                    stats.refused(),
                ),
                (
                    "aegis_lost_events",
                    "Positions that a stream has let go of before a durable subscription had come to them",
                    stats.events.lost(),
                ),
            ],
            messages: messages.collect(),
            lags: lags.iter().map(|lag| (labels([("consumer", &lag.consumer)]), lag.pending)).collect(),
            own: connection.metrics().each(),
        }
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (prefix, label, meters) in &self.meters {
            operations(&mut encoder, (prefix, label), meters)?;
        }
        for (name, help, unit, value) in &self.gauges {
            let mut metric = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
            metric.encode_gauge(value)?;
        }
        for (name, help, value) in &self.counters {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            metric.encode_counter::<NoLabelSet, _, u64>(value, None)?;
        }
        let mut metric = encoder.encode_descriptor(
            "aegis_messages",
            "Events and commands, by what became of them",
            None,
            MetricType::Counter,
        )?;
        for (labels, n) in &self.messages {
            metric.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(n, None)?;
        }
        let mut metric = encoder.encode_descriptor(
            "aegis_consumer_lag",
            "Messages that wait for a consumer of the service",
            None,
            MetricType::Gauge,
        )?;
        for (labels, n) in &self.lags {
            metric.encode_family(labels)?.encode_gauge(&whole(*n))?;
        }
        self.own.iter().try_for_each(|read| own(&mut encoder, read))
    }
}

fn operations(
    encoder: &mut DescriptorEncoder<'_>,
    (prefix, label): (&str, &str),
    meters: &Meters,
) -> fmt::Result {
    let bounds: Vec<_> = BOUNDS_US.iter().map(|micros| whole(*micros) / 1e6).collect();
    let name = format!("{prefix}_duration");
    let help = "How long it took";
    let mut metric = encoder.encode_descriptor(&name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
    for (name, _, (counts, sum)) in meters {
        histogram(&mut metric.encode_family(&labels([(label, name)]))?, &bounds, counts, sum.as_secs_f64())?;
    }
    let name = format!("{prefix}_failed");
    let mut metric =
        encoder.encode_descriptor(&name, "How often it failed, by code", None, MetricType::Counter)?;
    for (name, counts, _) in meters {
        for (code, n) in &counts.codes {
            let labels = labels([(label, name), ("code", code)]);
            metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(n, None)?;
        }
    }
    Ok(())
}

/// A metric of the program's own.
fn own(encoder: &mut DescriptorEncoder<'_>, read: &Read) -> fmt::Result {
    let Some((_, first)) = read.values.first() else { return Ok(()) };
    let kind = match first {
        Value::Counter(_) => MetricType::Counter,
        Value::Gauge(_) => MetricType::Gauge,
        Value::Histogram { .. } => MetricType::Histogram,
    };
    let mut metric = encoder.encode_descriptor(&read.name, &read.help, None, kind)?;
    for (labels, value) in &read.values {
        // Without labels a family would write empty braces.
        if labels.is_empty() {
            series(&mut metric, value)?;
        } else {
            series(&mut metric.encode_family(labels)?, value)?;
        }
    }
    Ok(())
}

fn series(metric: &mut MetricEncoder<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Counter(n) => metric.encode_counter::<NoLabelSet, _, u64>(n, None),
        Value::Gauge(value) => metric.encode_gauge(value),
        Value::Histogram { bounds, counts, sum } => histogram(metric, bounds, counts, *sum),
    }
}

fn histogram(metric: &mut MetricEncoder<'_>, bounds: &[f64], counts: &[u64], sum: f64) -> fmt::Result {
    let uppers = bounds.iter().copied().chain([f64::INFINITY]);
    let buckets: Vec<_> = uppers.zip(counts.iter().copied()).collect();
    metric.encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
}

#[expect(clippy::cast_precision_loss, reason = "counters stay far below 2^53")]
fn whole(n: u64) -> f64 {
    n as f64
}
