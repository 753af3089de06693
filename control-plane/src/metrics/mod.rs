//! The replica's metrics, in the text format of OpenMetrics or in that of Prometheus. What each is for: `docs/runbooks` and `deploy/observability`.

mod exposition;
mod failovers;
mod process;
mod servers;
mod services;
mod tasks;
mod tokens;

use std::sync::atomic::{AtomicU64, Ordering};

use aegis_domain::aggregate::instance::Liveness;
use aegis_nats::Connection;
use aegis_projections::beats::HeartbeatVisibility;
use aegis_projections::engine::{Metric, Progress};
use aegis_projections::{Live, Store};
use chrono::Utc;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub(crate) use self::exposition::Exposition;
pub(crate) use self::failovers::Failovers;
use self::process::Process;
pub(crate) use self::servers::Servers;
use self::services::Services;
use self::tasks::Tasks;
pub(crate) use self::tokens::Tokens;
use crate::background::Background;
use crate::clock::ServerClock;
use crate::findings::Findings;
use crate::legacy;
use crate::liveness::MassSilence;
use crate::meters::{Count, Total, is_at};
use crate::roundtrip::answers;

/// A metric of a projection, by whether it only grows.
#[derive(Debug)]
enum Measure {
    Gauge(Gauge<f64, AtomicU64>),
    Total(Counter<f64, AtomicU64>),
}

impl Measure {
    fn register(registry: &mut Registry, prefix: &str, Metric { name, help, is_total, .. }: Metric) -> Self {
        let name = format!("{prefix}_{name}");
        if is_total {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            Self::Total(counter)
        } else {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            Self::Gauge(gauge)
        }
    }

    fn set(&self, value: f64) {
        match self {
            Self::Gauge(gauge) => drop(gauge.set(value)),
            Self::Total(counter) => counter.inner().store(value.to_bits(), Ordering::Relaxed),
        }
    }
}

/// What is measured, and where from.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Metrics whose names do not begin with `aegis_`.
    common: Registry,
    gauges: Gauges,
    legacy: legacy::Gauges,
    /// In the order of the projection's metrics.
    projection: Vec<Measure>,
    /// In the same order, of the rollups.
    rollups: Vec<Measure>,
    requests: Counter,
    sockets: Count,
    of: Sources,
}

/// Where the values come from.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) connection: Connection,
    pub(crate) clock: ServerClock,
    pub(crate) findings: Findings,
    pub(crate) store: Store,
    pub(crate) folded: Progress,
    pub(crate) live: Live,
    pub(crate) visibility: HeartbeatVisibility,
    pub(crate) silence: MassSilence,
    pub(crate) legacy: legacy::Known,
    pub(crate) servers: Servers,
    pub(crate) failovers: Failovers,
    pub(crate) tokens: Tokens,
    pub(crate) background: Background,
}

#[derive(Debug, Default)]
struct Gauges {
    dead_letters: Count,
    instances: Count,
    unhealthy: Count,
    groups: Count,
    vacant_groups: Count,
    connected: Count,
    sees_heartbeats: Count,
    general_silence: Count,
    heartbeats: Total,
    unreadable_heartbeats: Total,
    self_preservation: Count,
    slow_consumers: Total,
    clocks_off: Count,
    unreadable_leases: Count,
    panics: Total,
    clock_ahead: Gauge<f64, AtomicU64>,
    log_lines_dropped: Total,
    failed_sign_ins: Total,
    certificate_not_after: Gauge,
}

impl Metrics {
    pub(crate) fn new(of: Sources) -> Self {
        let mut registry = Registry::with_prefix("aegis");
        let gauges = Gauges::default();
        let mut gauge = |name, help, gauge: &Count| registry.register(name, help, gauge.clone());
        gauge(
            "dead_letters",
            "Events that this replica has put aside because they cannot be read",
            &gauges.dead_letters,
        );
        gauge("instances", "Instances whose life goes on", &gauges.instances);
        gauge("instances_unhealthy", "Instances with missing heartbeats", &gauges.unhealthy);
        gauge("groups", "Groups that were ever led", &gauges.groups);
        gauge("groups_vacant", "Groups without an owner", &gauges.vacant_groups);
        gauge("nats_connected", "1 while NATS answers within a second", &gauges.connected);
        gauge("heartbeats_visible", "1 while the heartbeat stream can be read", &gauges.sees_heartbeats);
        gauge(
            "general_silence",
            "1 while most instances have fallen silent at once",
            &gauges.general_silence,
        );
        gauge(
            "self_preservation",
            "1 while the log says that none is marked down",
            &gauges.self_preservation,
        );
        gauge(
            "instances_clock_off",
            "Instances whose clock is off by more than a second",
            &gauges.clocks_off,
        );
        gauge(
            "leases_unreadable",
            "Records of the lease store that cannot be read",
            &gauges.unreadable_leases,
        );
        let legacy = legacy::Gauges::new(&mut registry, &of.legacy);
        let mut total = |name, help, counter: &Total| registry.register(name, help, counter.clone());
        total("heartbeats_received", "Heartbeats received since the start", &gauges.heartbeats);
        total("heartbeats_unreadable", "Undecodable heartbeat messages", &gauges.unreadable_heartbeats);
        total(
            "sign_ins_failed",
            "Sign-ins with what is no credential, since the start",
            &gauges.failed_sign_ins,
        );
        total("log_lines_dropped", "Lines of the log that nobody read in time", &gauges.log_lines_dropped);
        total("panics", "Panics of tasks that were begun again, since the start", &gauges.panics);
        total("nats_slow_consumers", "Times that messages were dropped unread", &gauges.slow_consumers);
        registry.register(
            "tls_certificate_not_after_seconds",
            "Until when the certificate is good, since 1970; 0 without one",
            gauges.certificate_not_after.clone(),
        );
        registry.register(
            "nats_clock_ahead_seconds",
            "How far the clock of NATS is ahead of this machine's",
            gauges.clock_ahead.clone(),
        );
        let mut registered = |prefix: &str, progress: &Progress| {
            let all = progress.metrics(Utc::now()).into_iter();
            all.map(|metric| Measure::register(&mut registry, prefix, metric)).collect::<Vec<_>>()
        };
        let (projection, rollups) =
            (registered("projection", of.store.progress()), registered("rollups", &of.folded));
        registry.register(
            "build",
            "The version that runs",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register_collector(Box::new(Services { live: of.live.clone() }));
        registry.register_collector(Box::new(of.tokens.clone()));
        registry.register_collector(Box::new(Tasks(of.background.clone())));
        of.servers.register(&mut registry);
        of.failovers.register(&mut registry);
        let mut common = Registry::default();
        common.register_collector(Box::new(Process::begin()));
        let (requests, sockets) = (Counter::default(), Count::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("websockets", "Open subscriptions' connections", sockets.clone());
        Self { registry, common, gauges, legacy, projection, rollups, requests, sockets, of }
    }

    pub(crate) fn count_request(&self) {
        self.requests.inc();
    }

    pub(crate) fn sockets(&self) -> &Count {
        &self.sockets
    }

    /// The text in this format, with everything read anew.
    pub(crate) async fn render(&self, exposition: Exposition) -> Result<String, std::fmt::Error> {
        let (dead_letters, connected) =
            tokio::join!(self.of.store.dead_letters(), answers(&self.of.connection));
        {
            let contents = self.of.live.read();
            let state = &contents.state;
            let alive = || state.instances.values().filter(|view| view.state.is_alive());
            let unhealthy = alive().filter(|view| view.state.liveness == Liveness::Unhealthy);
            let vacant = state.leaders.values().filter(|leader| leader.instance.is_none());
            let off = contents.beats.iter().filter(|(key, beat)| {
                let lives = state.instances.get(*key).is_some_and(|view| view.state.is_alive());
                lives && beat.clock_offset().is_some()
            });
            self.gauges.clocks_off.set(off.count() as u64);
            self.gauges.instances.set(alive().count() as u64);
            self.gauges.unhealthy.set(unhealthy.count() as u64);
            let preserved = state.installation.self_preservation.is_some();
            self.gauges.self_preservation.set(u64::from(preserved));
            self.gauges.groups.set(state.leaders.len() as u64);
            self.gauges.vacant_groups.set(vacant.count() as u64);
        }
        for (measures, progress) in
            [(&self.projection, self.of.store.progress()), (&self.rollups, &self.of.folded)]
        {
            for (measure, metric) in measures.iter().zip(progress.metrics(Utc::now())) {
                measure.set(metric.value);
            }
        }
        match dead_letters {
            Ok(count) => {
                self.gauges.dead_letters.set(count);
            }
            Err(error) => tracing::warn!(%error, "dead letters cannot be counted"),
        }
        self.gauges.clock_ahead.set(self.of.clock.ahead_seconds());
        self.gauges.connected.set(u64::from(connected));
        self.gauges.sees_heartbeats.set(u64::from(self.of.visibility.is_readable()));
        self.gauges.general_silence.set(u64::from(self.of.silence.is_on()));
        is_at(&self.gauges.heartbeats, self.of.visibility.received());
        is_at(&self.gauges.unreadable_heartbeats, self.of.visibility.unreadable());
        self.legacy.read(&self.of.live);
        self.gauges.unreadable_leases.set(self.of.findings.unreadable_lease_count());
        self.gauges.certificate_not_after.set(crate::certificate::not_after());
        is_at(&self.gauges.failed_sign_ins, crate::auth::failures::failed_sign_ins());
        is_at(&self.gauges.log_lines_dropped, aegis_sdk::logs::dropped_lines());
        is_at(&self.gauges.panics, aegis_nats::supervise::panics());
        is_at(&self.gauges.slow_consumers, self.of.connection.slow_consumers());
        let mut text = String::new();
        encode_registry(&mut text, &self.common)?;
        encode_registry(&mut text, &self.registry)?;
        encode_eof(&mut text)?;
        Ok(exposition.write(text))
    }
}
