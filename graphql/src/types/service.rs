//! A service, seen through its definition, its instances and its leaders.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use aegis_domain::ServiceName;
use aegis_projections::Load;
use aegis_projections::live::Contents;
use aegis_projections::state::InstanceKey;
use aegis_projections::view::{InstanceView, LeaderView};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use super::{ConsumerLag, Definition, Instance, InstanceFilter, Leader};

/// A service, seen through its definition, its instances and its leaders.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Service {
    name: String,
    /// Its definition, when it has one.
    definition: Option<Definition>,
    instances: Vec<Instance>,
    leaders: Vec<Leader>,
    versions: Vec<String>,
    /// The latency that half of the calls did not exceed, in milliseconds: over all calls to all instances that are
    /// heard, in the last window of each. Like the other quantiles less than 1 % too high, and null when nothing was
    /// called.
    p50_ms: Option<f64>,
    /// The same for nine of ten calls.
    p90_ms: Option<f64>,
    /// The same for 99 of 100 calls.
    p99_ms: Option<f64>,
    /// Calls a second, over all instances that are heard; null when none is.
    calls_per_second: Option<f64>,
    /// The share of calls that failed, in percent; null when nothing was called.
    error_percent: Option<f64>,
    /// What waits for each consumer of the service, in order of name: the most that any instance says that is heard.
    /// Instances share consumers, so sums would count a message several times.
    lag: Vec<ConsumerLag>,
}

/// The instances and groups of each service, joined once for any number of services.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    instances: HashMap<&'a ServiceName, Vec<(&'a InstanceKey, &'a InstanceView)>>,
    leaders: HashMap<&'a ServiceName, Vec<&'a LeaderView>>,
}

impl<'a> Members<'a> {
    pub(crate) fn of(contents: &'a Contents) -> Self {
        let (mut instances, mut leaders) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for (key, view) in &contents.state.instances {
            instances.entry(&key.0).or_default().push((key, view));
        }
        for leader in contents.state.leaders.values() {
            leaders.entry(&leader.service).or_default().push(leader);
        }
        Self { instances, leaders }
    }
}

impl Service {
    /// The names of all services that have a definition, or an instance worth showing.
    pub(crate) fn names(contents: &Contents, now: DateTime<Utc>) -> BTreeSet<ServiceName> {
        let filter = InstanceFilter::default();
        let instances =
            contents.state.instances.iter().filter(|(_, view)| filter.takes(&contents.state, view, now));
        let names = instances.map(|((service, _), _)| service.clone());
        names.chain(contents.state.definitions.keys().cloned()).collect()
    }

    pub(crate) fn of(
        contents: &Contents,
        members: &Members<'_>,
        name: &ServiceName,
        now: DateTime<Utc>,
    ) -> Self {
        let filter = InstanceFilter::default();
        let views = members.instances.get(name).into_iter().flatten();
        let mine = views.filter(|(_, view)| filter.takes(&contents.state, view, now));
        let instances: Vec<_> = mine.clone().map(|(key, view)| Instance::of(contents, key, view)).collect();
        let versions: BTreeSet<_> = mine
            .filter_map(|(_, view)| Some(view.state.registration.as_ref()?.version.to_string()))
            .collect();
        let leaders = members.leaders.get(name).into_iter().flatten();
        let load = Load::of(contents, name, Instant::now());
        Self {
            name: name.to_string(),
            definition: contents.state.definitions.get(name).map(Into::into),
            instances,
            leaders: leaders.map(|leader| (*leader).into()).collect(),
            versions: versions.into_iter().collect(),
            p50_ms: load.latency.quantile_ms(0.5),
            p90_ms: load.latency.quantile_ms(0.9),
            p99_ms: load.latency.quantile_ms(0.99),
            calls_per_second: load.calls_per_second,
            error_percent: load.error_percent(),
            lag: load.lag.iter().map(ConsumerLag::of).collect(),
        }
    }
}
