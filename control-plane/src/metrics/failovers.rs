//! The vacancy of groups whose owner was lost.

use std::collections::HashMap;
use std::time::Duration;

use aegis_domain::aggregate::leadership::ElectionReason;
use aegis_domain::{Sequence, ServiceName};
use aegis_projections::Live;
use aegis_projections::live::Contents;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::background::Task;

/// The lease of a service whose instances tell none: that of the policy `balanced`.
const LEASE_MS: u64 = 1_000;

type OfService = [(&'static str, String); 1];

/// Failovers since the start.
#[derive(Debug, Clone)]
pub(crate) struct Failovers {
    gaps: Family<OfService, Histogram>,
    slow: Family<OfService, Counter>,
}

/// Counts them.
#[derive(Debug)]
pub(crate) struct Counting {
    failovers: Failovers,
    live: Live,
    /// The last event that was looked at.
    known: Option<Sequence>,
}

impl Default for Failovers {
    fn default() -> Self {
        let buckets =
            || Histogram::new([0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.15, 1.5, 2.5, 4.0, 6.0, 10.0, 30.0, 60.0]);
        Self { gaps: Family::new_with_constructor(buckets), slow: Family::default() }
    }
}

impl Failovers {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "failover_seconds",
            "How long groups were without an owner after theirs was lost, of the terms that began since the start",
            self.gaps.clone(),
        );
        registry.register(
            "failovers_slow",
            "Of these, those that took longer than the service's policy promises",
            self.slow.clone(),
        );
    }

    /// Who counts what begins from its first activation on: that has to wait until the registry has caught up.
    pub(crate) fn counting(&self, live: &Live) -> Counting {
        Counting { failovers: self.clone(), live: live.clone(), known: None }
    }

    fn count(&self, contents: &Contents, known: Sequence) {
        let mut limits: HashMap<&ServiceName, f64> = HashMap::new();
        let plans = &contents.state.installation.plans;
        for leader in contents.state.leaders.values() {
            // Exported as 0 at first, so that Prometheus sees the first increase.
            let limit = *limits.entry(&leader.service).or_insert_with(|| {
                drop(self.slow.get_or_create(&of(&leader.service)));
                limit_seconds(contents, &leader.service)
            });
            let began = leader.sequence > known && leader.reason == ElectionReason::OwnerLost;
            let (true, Some(_), Some(ms)) = (began, &leader.instance, leader.vacancy_ms) else { continue };
            if plans.in_maintenance(&leader.service, &leader.group) {
                continue;
            }
            let seconds = Duration::from_millis(ms).as_secs_f64();
            self.gaps.get_or_create(&of(&leader.service)).observe(seconds);
            if seconds > limit {
                self.slow.get_or_create(&of(&leader.service)).inc();
            }
        }
    }
}

impl Task for Counting {
    const NAME: &'static str = "failovers";
    /// Of two terms of a group within this time the last one is counted.
    const PERIOD: Duration = Duration::from_millis(500);

    async fn activate(&mut self) -> anyhow::Result<String> {
        let contents = self.live.read();
        let position = contents.state.position;
        match self.known {
            Some(known) if position > known => self.failovers.count(&contents, known),
            // Another history, or one that is read anew: what it tells is past.
            Some(_) => {}
            None => self.failovers.count(&contents, position),
        }
        self.known = Some(position);
        Ok(format!("counted up to event {position}"))
    }
}

fn of(service: &ServiceName) -> OfService {
    [("service", service.as_str().to_owned())]
}

/// What the policy promises (`docs/leadership.md`): the lease, and 15 % of it or a tenth of a second, whichever is more.
fn limit_seconds(contents: &Contents, service: &ServiceName) -> f64 {
    let leases = contents.instances_of(service).filter_map(|(key, view)| {
        let lease = contents.beats.get(key)?.heartbeat.metrics.lease?;
        view.state.is_alive().then_some(lease.ms)
    });
    let lease = leases.max().unwrap_or(LEASE_MS);
    Duration::from_millis(lease + (lease * 15 / 100).max(100)).as_secs_f64()
}
