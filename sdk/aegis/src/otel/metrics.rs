//! Export of metrics: cumulative values of the meters, sent periodically, so that the next message makes up for a lost one.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aegis_domain::wire::heartbeat::Messages;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum,
};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use super::collector::{Collector, Failed};
use super::resource::{self, attribute};
use super::source::Source;
use super::traces::Lost;
use crate::process::Usage;
use aegis_telemetry::metrics::{BOUNDS_US, Counts, Read, Role, Value as Own};

/// All roles, and how their metrics are called: the duration as OpenTelemetry has it, and what the others begin with.
const ROLES: [(Role, &str, &str, &str); 4] = [
    (Role::Serve, "rpc.server.call.duration", "aegis.server", "rpc.method"),
    (Role::Call, "rpc.client.call.duration", "aegis.client", "rpc.method"),
    (Role::Publish, "messaging.client.operation.duration", "aegis.publish", "messaging.destination.name"),
    (Role::Consume, "messaging.process.duration", "aegis.consume", "messaging.destination.name"),
];

/// What is read, and since when it counts.
pub(super) struct MetricsExporter {
    source: Source,
    lost: Arc<Lost>,
    begun: u64,
}

/// A message being put together.
struct Snapshot {
    begun: u64,
    now: u64,
    metrics: Vec<Metric>,
}

impl MetricsExporter {
    pub(super) fn new(source: Source, lost: Arc<Lost>) -> Self {
        Self { source, lost, begun: resource::nanos(SystemTime::now()) }
    }

    pub(super) async fn run(self, collector: &Collector, every: Duration, stop: &CancellationToken) {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let last = tokio::select! {
                biased;
                () = stop.cancelled() => true,
                _ = ticks.tick() => false,
            };
            let sent = collector.send("v1/metrics", self.message()).await;
            // One that cannot be reached is told by the collector itself.
            if let Err(failed @ Failed::Refused { .. }) = sent {
                tracing::warn!(%failed, "metrics were not exported");
            }
            if last {
                return;
            }
        }
    }

    fn message(&self) -> Bytes {
        let now = resource::nanos(SystemTime::now());
        let mut snapshot = Snapshot { begun: self.begun, now, metrics: vec![] };
        let Source { connection, stats, sender } = &self.source;
        for (role, duration, prefix, key) in ROLES {
            snapshot.operations(
                duration,
                prefix,
                key,
                &operations(role, sender, connection.telemetry().meters.each(role)),
            );
        }
        snapshot.gauge("aegis.service.in_flight", "{call}", count(stats.handled()));
        snapshot.gauge("aegis.service.queue_depth", "{call}", count(stats.queued()));
        snapshot.counter("aegis.service.refused", "{call}", count(stats.refused()));
        let kinds = [("event", stats.events.messages()), ("command", stats.commands.messages())];
        let messages = kinds.iter().flat_map(|(kind, messages)| outcomes(kind, *messages));
        snapshot.sum("aegis.messages", "{message}", true, messages.collect());
        let lags = [stats.events.lags(), stats.commands.lags()].concat();
        let lags = lags.iter().map(|lag| {
            (vec![attribute("messaging.consumer.group.name", &*lag.consumer)], count(lag.pending))
        });
        snapshot.gauges("aegis.consumer.lag", "{message}", lags.collect());
        if let Some(usage) = Usage::now() {
            snapshot.counter("process.cpu.time", "s", Value::AsDouble(usage.cpu().as_secs_f64()));
            let memory = count(usage.memory_bytes());
            snapshot.sum("process.memory.usage", "By", false, vec![(vec![], memory)]);
        }
        snapshot.counter("aegis.events.lost", "{position}", count(stats.events.lost()));
        for read in connection.metrics().each() {
            snapshot.own(read);
        }
        let uptime = stats.uptime().as_secs_f64();
        snapshot.gauge("process.uptime", "s", Value::AsDouble(uptime));
        snapshot.counter("aegis.otel.spans_dropped", "{span}", count(self.lost.count()));
        let metrics = snapshot.metrics;
        let scope_metrics =
            vec![ScopeMetrics { scope: Some(resource::scope()), metrics, schema_url: String::new() }];
        let resource = Some(sender.resource());
        let resource_metrics = vec![ResourceMetrics { resource, scope_metrics, schema_url: String::new() }];
        ExportMetricsServiceRequest { resource_metrics }.encode_to_vec().into()
    }
}

/// What one method, event or command has come to, and how it is named.
struct Operation {
    name: String,
    counts: Counts,
    /// Counts up to each bound, and how long all of them took.
    durations: (Vec<u64>, Duration),
}

fn operations(
    role: Role,
    sender: &resource::Sender,
    meters: Vec<(String, Counts, (Vec<u64>, Duration))>,
) -> Vec<Operation> {
    let full = |name: String| match role {
        Role::Serve => format!("{}/{name}", sender.service),
        // Names of services have no dots.
        Role::Call => name.replacen('.', "/", 1),
        Role::Publish | Role::Consume => name,
    };
    let named = |(name, counts, durations)| Operation { name: full(name), counts, durations };
    meters.into_iter().map(named).collect()
}

type Point = (Vec<KeyValue>, Value);

fn outcomes(kind: &str, messages: Messages) -> [Point; 5] {
    let Messages { published, consumed, failed, retried, dead_lettered } = messages;
    [
        ("published", published),
        ("consumed", consumed),
        ("failed", failed),
        ("retried", retried),
        ("dead_lettered", dead_lettered),
    ]
    .map(|(outcome, n)| (vec![attribute("aegis.kind", kind), attribute("aegis.outcome", outcome)], count(n)))
}

fn count(n: u64) -> Value {
    Value::AsInt(i64::try_from(n).unwrap_or(i64::MAX))
}

impl Snapshot {
    fn operations(&mut self, duration: &str, prefix: &str, key: &str, all: &[Operation]) {
        let system = || (key == "rpc.method").then(|| attribute("rpc.system.name", "aegis"));
        let named = |one: &Operation| {
            let mut attributes = vec![attribute(key, &*one.name)];
            attributes.extend(system());
            attributes
        };
        let points = all.iter().map(|one| self.histogram(named(one), one)).collect::<Vec<_>>();
        if points.is_empty() {
            return;
        }
        let temporality = AggregationTemporality::Cumulative.into();
        let data = Data::Histogram(Histogram { data_points: points, aggregation_temporality: temporality });
        self.push(duration, "s", data);
        let failed = all.iter().flat_map(|one| {
            one.counts.codes.iter().map(|(code, n)| {
                let mut attributes = named(one);
                attributes.push(attribute("error.type", &**code));
                (attributes, count(*n))
            })
        });
        self.sum(&format!("{prefix}.failed"), "{failure}", true, failed.collect());
        let in_flight = all.iter().map(|one| (named(one), count(one.counts.in_flight)));
        self.gauges(&format!("{prefix}.in_flight"), "{operation}", in_flight.collect());
    }

    #[expect(clippy::cast_precision_loss, reason = "bounds end at a minute")]
    fn histogram(&self, attributes: Vec<KeyValue>, one: &Operation) -> HistogramDataPoint {
        let (buckets, sum) = &one.durations;
        HistogramDataPoint {
            attributes,
            start_time_unix_nano: self.begun,
            time_unix_nano: self.now,
            count: buckets.iter().sum(),
            sum: Some(sum.as_secs_f64()),
            bucket_counts: buckets.clone(),
            explicit_bounds: BOUNDS_US.iter().map(|micros| *micros as f64 / 1e6).collect(),
            ..HistogramDataPoint::default()
        }
    }

    /// A metric of the program's own, under its own name.
    fn own(&mut self, read: Read) {
        let Read { name, help, values } = read;
        let (mut counters, mut gauges, mut histograms) = (vec![], vec![], vec![]);
        for (labels, value) in values {
            let attributes: Vec<_> = labels.iter().map(|(label, value)| attribute(label, &**value)).collect();
            match value {
                Own::Counter(n) => counters.push((attributes, count(n))),
                Own::Gauge(value) => gauges.push((attributes, Value::AsDouble(value))),
                Own::Histogram { bounds, counts, sum } => histograms.push(HistogramDataPoint {
                    attributes,
                    start_time_unix_nano: self.begun,
                    time_unix_nano: self.now,
                    count: counts.iter().sum(),
                    sum: Some(sum),
                    bucket_counts: counts,
                    explicit_bounds: bounds,
                    ..HistogramDataPoint::default()
                }),
            }
        }
        let unit = if name.ends_with("_seconds") { "s" } else { "" };
        let before = self.metrics.len();
        self.sum(&name, unit, true, counters);
        self.gauges(&name, unit, gauges);
        if !histograms.is_empty() {
            let temporality = AggregationTemporality::Cumulative.into();
            let data = Histogram { data_points: histograms, aggregation_temporality: temporality };
            self.push(&name, unit, Data::Histogram(data));
        }
        for metric in &mut self.metrics[before..] {
            metric.description.clone_from(&help);
        }
    }

    fn counter(&mut self, name: &str, unit: &str, value: Value) {
        self.sum(name, unit, true, vec![(vec![], value)]);
    }

    fn gauge(&mut self, name: &str, unit: &str, value: Value) {
        self.gauges(name, unit, vec![(vec![], value)]);
    }

    fn sum(&mut self, name: &str, unit: &str, is_monotonic: bool, points: Vec<Point>) {
        let temporality = AggregationTemporality::Cumulative.into();
        let data_points = self.points(points);
        if !data_points.is_empty() {
            let sum = Sum { data_points, aggregation_temporality: temporality, is_monotonic };
            self.push(name, unit, Data::Sum(sum));
        }
    }

    fn gauges(&mut self, name: &str, unit: &str, points: Vec<Point>) {
        let data_points = self.points(points);
        if !data_points.is_empty() {
            self.push(name, unit, Data::Gauge(Gauge { data_points }));
        }
    }

    fn points(&self, points: Vec<Point>) -> Vec<NumberDataPoint> {
        let point = |(attributes, value)| NumberDataPoint {
            attributes,
            start_time_unix_nano: self.begun,
            time_unix_nano: self.now,
            value: Some(value),
            ..NumberDataPoint::default()
        };
        points.into_iter().map(point).collect()
    }

    fn push(&mut self, name: &str, unit: &str, data: Data) {
        let (name, unit) = (name.to_owned(), unit.to_owned());
        self.metrics.push(Metric { name, unit, data: Some(data), ..Metric::default() });
    }
}
