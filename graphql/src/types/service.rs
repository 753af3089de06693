//! A service, seen through its definition, its instances and its leaders.

use std::collections::BTreeSet;

use aegis_domain::ServiceName;
use aegis_projections::live::Contents;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use super::{Definition, Instance, InstanceFilter, Leader};

/// A service, seen through its definition, its instances and its leaders.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Service {
    name: String,
    /// Its definition, when it has one.
    definition: Option<Definition>,
    #[graphql(complexity = "20 * child_complexity")]
    instances: Vec<Instance>,
    #[graphql(complexity = "20 * child_complexity")]
    leaders: Vec<Leader>,
    versions: Vec<String>,
}

impl Service {
    /// The names of all services that have a definition, or an instance worth showing.
    pub(crate) fn names(contents: &Contents, now: DateTime<Utc>) -> BTreeSet<ServiceName> {
        let filter = InstanceFilter::default();
        let instances = contents.state.instances.iter().filter(|(_, view)| filter.takes(view, now));
        let names = instances.map(|((service, _), _)| service.clone());
        names.chain(contents.state.definitions.keys().cloned()).collect()
    }

    pub(crate) fn of(contents: &Contents, name: &ServiceName, now: DateTime<Utc>) -> Self {
        let filter = InstanceFilter::default();
        let views = contents.state.instances.iter();
        let mine = views.filter(|((service, _), view)| service == name && filter.takes(view, now));
        let instances: Vec<_> = mine.clone().map(|(key, view)| Instance::of(contents, key, view)).collect();
        let versions: BTreeSet<_> = mine
            .filter_map(|(_, view)| Some(view.state.registration.as_ref()?.version.to_string()))
            .collect();
        let leaders = contents.state.leaders.iter().filter(|((service, _), _)| service == name);
        Self {
            name: name.to_string(),
            definition: contents.state.definitions.get(name).map(Into::into),
            instances,
            leaders: leaders.map(|(_, leader)| leader.into()).collect(),
            versions: versions.into_iter().collect(),
        }
    }
}
