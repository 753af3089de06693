//! Metrics of each service, summed up anew at each scrape. Instances, groups and methods are no labels: their number has no
//! bound.

use std::collections::BTreeMap;
use std::fmt;

use aegis_domain::ServiceName;
use aegis_domain::aggregate::instance::Liveness;
use aegis_projections::Live;
use aegis_projections::live::{Contents, Minute, MinuteMetrics};
use chrono::{DateTime, Utc};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;

/// So many services are told, in order of name: the number of series has a bound.
const MOST: usize = 500;

/// Tells of each service.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) live: Live,
}

/// What a service is like now.
#[derive(Debug, Default)]
struct Sum<'a> {
    healthy: u64,
    unhealthy: u64,
    groups: u64,
    vacant: u64,
    vacant_since: Option<DateTime<Utc>>,
    minutes: Vec<&'a Minute>,
    queued: u64,
    lag: u64,
    lowest_lease: Option<u8>,
}

/// The services by name, and how many there are beyond those that are told.
fn sums(contents: &Contents) -> (BTreeMap<&ServiceName, Sum<'_>>, usize) {
    let mut sums: BTreeMap<&ServiceName, Sum<'_>> = BTreeMap::new();
    for (key, view) in &contents.state.instances {
        if !view.state.is_alive() {
            continue;
        }
        let sum = sums.entry(&key.0).or_default();
        if view.state.liveness == Liveness::Unhealthy {
            sum.unhealthy += 1;
            continue;
        }
        sum.healthy += 1;
        let Some(beat) = contents.beats.get(key) else { continue };
        let metrics = &beat.heartbeat.metrics;
        sum.minutes.push(&beat.minute);
        sum.queued = sum.queued.saturating_add(metrics.queue_depth);
        sum.lag = metrics.lag.iter().fold(sum.lag, |lag, each| lag.saturating_add(each.pending));
        let lowest = metrics.lease.map(|lease| lease.lowest_percent);
        sum.lowest_lease = [sum.lowest_lease, lowest].into_iter().flatten().min();
    }
    let plans = &contents.state.installation.plans;
    for leader in contents.state.leaders.values() {
        let sum = sums.entry(&leader.service).or_default();
        sum.groups += 1;
        if leader.instance.is_none() && !plans.in_maintenance(&leader.service, &leader.group) {
            sum.vacant += 1;
            sum.vacant_since = [sum.vacant_since, Some(leader.since)].into_iter().flatten().min();
        }
    }
    let more = sums.len().saturating_sub(MOST);
    if more > 0 {
        sums = sums.into_iter().take(MOST).collect();
    }
    (sums, more)
}

impl Collector for Services {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let contents = self.live.read();
        let now = contents.time();
        let (sums, more) = sums(&contents);
        let help = "Services beyond the first 500 by name, of which no other metric tells";
        tell_one(&mut encoder, "services_untold", help, Some(as_f64(more as u64)))?;
        let mut gauge = |name: &str, help: &str, value: &dyn Fn(&Sum<'_>) -> Option<f64>| {
            let rows = sums.iter().map(|(service, sum)| ([("service", service.as_str())], value(sum)));
            tell(&mut encoder, name, help, rows)
        };
        gauge("service_groups", "Groups of the service that were ever led", &|sum| Some(as_f64(sum.groups)))?;
        gauge(
            "service_groups_vacant",
            "Groups of the service that have no owner now, those in a maintenance left out",
            &|sum| Some(as_f64(sum.vacant)),
        )?;
        gauge(
            "service_vacancy_longest_seconds",
            "How long the one of these that has waited longest has been without an owner; 0 when there is none",
            &|sum| Some(sum.vacant_since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0))),
        )?;
        gauge(
            "service_queue_depth",
            "Calls that wait for a place, over all instances that are heard",
            &|sum| Some(as_f64(sum.queued)),
        )?;
        gauge("service_consumer_lag", "Messages that wait for the consumers of the service", &|sum| {
            Some(as_f64(sum.lag))
        })?;
        gauge(
            "lease_lowest_ratio",
            "What was left of a lease at worst when a renewal was acknowledged, over the last minute and all instances",
            &|sum| sum.lowest_lease.map(|percent| f64::from(percent) / 100.0),
        )?;
        let minutes: BTreeMap<_, _> = sums
            .iter()
            .map(|(service, sum)| (*service, MinuteMetrics::of(sum.minutes.iter().copied(), now.timestamp())))
            .collect();
        let rows = minutes
            .iter()
            .map(|(service, minute)| ([("service", service.as_str())], Some(minute.calls_per_second())));
        tell(&mut encoder, "service_calls_per_second", "Calls that ended, over the last minute", rows)?;
        let rows = minutes.iter().map(|(service, minute)| {
            let (ended, failed) = (minute.calls.ended, minute.calls.failed);
            ([("service", service.as_str())], (ended > 0).then(|| as_f64(failed) / as_f64(ended)))
        });
        tell(&mut encoder, "service_error_ratio", "Share of the calls of the last minute that failed", rows)?;
        let rows = minutes.iter().flat_map(|(service, minute)| {
            let of = [("0.5", minute.p50_ms), ("0.9", minute.p90_ms), ("0.99", minute.p99_ms)];
            of.map(|(quantile, ms)| {
                ([("service", service.as_str()), ("quantile", quantile)], ms.map(|ms| ms / 1e3))
            })
        });
        let help =
            "The latency that this share of the calls of the last minute did not exceed, over all instances";
        tell(&mut encoder, "service_latency_seconds", help, rows)?;
        let rows = sums.iter().flat_map(|(service, sum)| {
            [("healthy", sum.healthy), ("unhealthy", sum.unhealthy)].map(|(health, count)| {
                ([("service", service.as_str()), ("health", health)], Some(as_f64(count)))
            })
        });
        tell(&mut encoder, "service_instances", "Instances whose life goes on", rows)
    }
}

/// A gauge without labels; left out without a value.
pub(super) fn tell_one(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: Option<f64>,
) -> fmt::Result {
    let Some(gauge) = value.map(ConstGauge::new) else { return Ok(()) };
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

/// A family of gauges; what has no value is left out, and so is a family without any.
pub(super) fn tell<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: impl IntoIterator<Item = (L, Option<f64>)>,
) -> fmt::Result {
    let mut rows = rows.into_iter().filter_map(|(labels, value)| Some((labels, value?))).peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let kind = ConstGauge::new(0.0_f64).metric_type();
    let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
    for (labels, value) in rows {
        ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floating point numbers")]
pub(super) fn as_f64(count: u64) -> f64 {
    count as f64
}
