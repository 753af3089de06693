//! The replica's metrics, in the OpenMetrics text format.

use std::sync::atomic::AtomicU64;

use aegis_domain::aggregate::instance::Hearing;
use aegis_projections::beats::Sight;
use aegis_projections::engine::{Figure, Progress};
use aegis_projections::{Live, Store};
use aegis_sdk::Connection;
use chrono::Utc;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::clock::ServerClock;
use crate::findings::Findings;
use crate::legacy::Unreadable;
use crate::liveness::Silence;
use crate::roundtrip::answers;

type Count = Gauge<u64, AtomicU64>;

/// What is measured, and where from.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    gauges: Gauges,
    /// In the order of the projection's figures.
    projection: Vec<Gauge<f64, AtomicU64>>,
    /// In the same order, of the rollups.
    rollups: Vec<Gauge<f64, AtomicU64>>,
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
    pub(crate) sight: Sight,
    pub(crate) silence: Silence,
    pub(crate) unreadable: Unreadable,
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
    heartbeats: Count,
    unreadable_heartbeats: Count,
    self_preservation: Count,
    legacy_instances: Count,
    unreadable_legacy: Count,
    slow_consumers: Count,
    clocks_off: Count,
    unreadable_leases: Count,
    panics: Count,
    clock_ahead: Gauge<f64, AtomicU64>,
    log_lines_dropped: Count,
    failed_sign_ins: Count,
    certificate_not_after: Gauge,
}

impl Metrics {
    pub(crate) fn new(of: Sources) -> Self {
        let mut registry = Registry::with_prefix("aegis");
        let gauges = Gauges::default();
        let mut gauge = |name, help, gauge: &Count| registry.register(name, help, gauge.clone());
        gauge("dead_letters", "Events put aside because they cannot be read", &gauges.dead_letters);
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
        gauge("heartbeats_received", "Heartbeats received since the start", &gauges.heartbeats);
        gauge(
            "heartbeats_unreadable",
            "Messages on heartbeat subjects that are none",
            &gauges.unreadable_heartbeats,
        );
        gauge(
            "self_preservation",
            "1 while the log says that none is marked down",
            &gauges.self_preservation,
        );
        gauge("legacy_instances", "Instances of the Python SDK whose life goes on", &gauges.legacy_instances);
        gauge(
            "legacy_unreadable",
            "Messages and records of the Python SDK's wire that cannot be read",
            &gauges.unreadable_legacy,
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
        gauge(
            "sign_ins_failed",
            "Sign-ins with what is no credential, since the start",
            &gauges.failed_sign_ins,
        );
        gauge("log_lines_dropped", "Lines of the log that nobody read in time", &gauges.log_lines_dropped);
        gauge("panics", "Panics of tasks that were begun again, since the start", &gauges.panics);
        gauge("nats_slow_consumers", "Times that messages were dropped unread", &gauges.slow_consumers);
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
        let mut figures = |prefix: &str, progress: &Progress| {
            let all = progress.figures(Utc::now()).into_iter();
            let gauges = all.map(|Figure { name, help, .. }| {
                let gauge = Gauge::default();
                registry.register(format!("{prefix}_{name}"), help, gauge.clone());
                gauge
            });
            gauges.collect::<Vec<_>>()
        };
        let (projection, rollups) =
            (figures("projection", of.store.progress()), figures("rollups", &of.folded));
        let (requests, sockets) = (Counter::default(), Count::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("websockets", "Open subscriptions' connections", sockets.clone());
        Self { registry, gauges, projection, rollups, requests, sockets, of }
    }

    pub(crate) fn count_request(&self) {
        self.requests.inc();
    }

    pub(crate) fn sockets(&self) -> &Count {
        &self.sockets
    }

    /// The text, with everything read anew.
    pub(crate) async fn render(&self) -> Result<String, std::fmt::Error> {
        let (dead_letters, connected) =
            tokio::join!(self.of.store.dead_letters(), answers(&self.of.connection));
        {
            let contents = self.of.live.read();
            let state = &contents.state;
            let alive = || state.instances.values().filter(|view| view.state.is_alive());
            let unhealthy = alive().filter(|view| view.state.hearing == Hearing::Unhealthy);
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
            self.gauges.legacy_instances.set(alive().filter(|view| view.is_legacy()).count() as u64);
            self.gauges.groups.set(state.leaders.len() as u64);
            self.gauges.vacant_groups.set(vacant.count() as u64);
        }
        for (gauges, progress) in
            [(&self.projection, self.of.store.progress()), (&self.rollups, &self.of.folded)]
        {
            for (gauge, figure) in gauges.iter().zip(progress.figures(Utc::now())) {
                gauge.set(figure.value);
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
        self.gauges.sees_heartbeats.set(u64::from(self.of.sight.sees()));
        self.gauges.general_silence.set(u64::from(self.of.silence.is_general()));
        self.gauges.heartbeats.set(self.of.sight.received());
        self.gauges.unreadable_heartbeats.set(self.of.sight.unreadable());
        self.gauges.unreadable_legacy.set(self.of.unreadable.count());
        self.gauges.unreadable_leases.set(self.of.findings.unreadable_lease_count());
        self.gauges.certificate_not_after.set(crate::http::certificate_not_after());
        self.gauges.failed_sign_ins.set(crate::http::failed_sign_ins());
        self.gauges.log_lines_dropped.set(aegis_sdk::logs::dropped_lines());
        self.gauges.panics.set(aegis_sdk::supervise::panics());
        self.gauges.slow_consumers.set(self.of.connection.slow_consumers());
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
