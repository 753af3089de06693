//! Services, instances, leaders and definitions, answered from memory.

use std::borrow::Cow;

use aegis_domain::{ErrorCode, InstanceName, ServiceName};
use aegis_projections::live::Contents;
use async_graphql::{Context, Json, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::error::{error, require};
use crate::listing::{Question as _, ServiceQuestion};
use crate::ports::{Feed, Role};
use crate::types::{
    Definition, DefinitionFilter, Instance, InstanceFilter, InstanceOrder, InstancePosition, Leader,
    LeaderFilter, LeaderOrder, LeaderPosition, Members, Page, Service, ServiceFilter, ServiceOrder,
    ServicePage, ServiceSummary, connection,
};

/// The longest page of services that are summed up.
const SUMMARIES_MAX: u32 = 500;

#[derive(Debug, Default)]
pub(super) struct RegistryQuery;

/// Where the value of a field of a configuration is from.
#[derive(Debug, SimpleObject)]
struct ConfigurationSource {
    field: String,
    source: String,
}

#[Object]
impl RegistryQuery {
    async fn services(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
    ) -> Result<Page<Service>> {
        let contents = contents(context)?;
        services(&contents, contents.time(), first, after.as_deref())
    }

    /// Services, each summed up: a page of `first` (500 at most) from `offset` on. `serviceChanges` follows it.
    async fn service_summaries(
        &self,
        context: &Context<'_>,
        filter: Option<ServiceFilter>,
        order_by: Option<ServiceOrder>,
        #[graphql(default = 50)] first: u32,
        #[graphql(default)] offset: u32,
    ) -> Result<ServicePage> {
        summaries(&*contents(context)?, (filter, order_by), (first, offset))
    }

    async fn service(&self, context: &Context<'_>, name: String) -> Result<Option<Service>> {
        let contents = contents(context)?;
        let now = contents.time();
        let name = Service::names(&contents, now).into_iter().find(|known| known.as_str() == name);
        Ok(name.map(|name| Service::of(&contents, &Members::of(&contents), &name, now)))
    }

    /// Without `orderBy`, those that live and need somebody come first, then the others that live, then those that have ended. A cursor belongs to the order that it was given in.
    async fn instances(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
        filter: Option<InstanceFilter>,
        order_by: Option<InstanceOrder>,
    ) -> Result<Page<Instance>> {
        let contents = contents(context)?;
        let (filter, order) = (filter.unwrap_or_default(), order_by.unwrap_or_default());
        instances(&contents, contents.time(), first, after.as_deref(), (&filter, order))
    }

    async fn instance(
        &self,
        context: &Context<'_>,
        service: String,
        instance: String,
    ) -> Result<Option<Instance>> {
        let contents = contents(context)?;
        // A name that breaks its rule names nothing.
        let (Ok(service), Ok(instance)) = (ServiceName::new(service), InstanceName::new(instance)) else {
            return Ok(None);
        };
        let key = (service, instance);
        Ok(contents.state.instances.get(&key).map(|view| Instance::of(&contents, &key, view)))
    }

    /// The configuration that the instance reported last, its secrets masked; null when it has reported none.
    async fn configuration(
        &self,
        context: &Context<'_>,
        service: String,
        instance: String,
    ) -> Result<Option<Json<Value>>> {
        let contents = contents(context)?;
        let (Ok(service), Ok(instance)) = (ServiceName::new(service), InstanceName::new(instance)) else {
            return Ok(None);
        };
        let view = contents.state.instances.get(&(service, instance));
        Ok(view.and_then(|view| view.state.configuration.clone()).map(Json))
    }

    /// Where the values of that configuration are from, in order of field: `default`, `file`, `environment`, `definition`,
    /// `operator`, or `program` for what the program has set itself. Empty where the instance does not say so.
    async fn configuration_sources(
        &self,
        context: &Context<'_>,
        service: String,
        instance: String,
    ) -> Result<Vec<ConfigurationSource>> {
        let contents = contents(context)?;
        let key = (ServiceName::new(service).ok(), InstanceName::new(instance).ok());
        let (Some(service), Some(instance)) = key else { return Ok(vec![]) };
        let view = contents.state.instances.get(&(service, instance));
        let sources = view.into_iter().flat_map(|view| &view.state.configuration_sources);
        let told = |(field, source): (&String, &String)| ConfigurationSource {
            field: field.clone(),
            source: source.clone(),
        };
        Ok(sources.map(told).collect())
    }

    /// Without `orderBy`, groups that nobody owns come first. A cursor belongs to the order that it was given in.
    async fn leaders(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
        filter: Option<LeaderFilter>,
        order_by: Option<LeaderOrder>,
    ) -> Result<Page<Leader>> {
        let (filter, order) = (filter.unwrap_or_default(), order_by.unwrap_or_default());
        leaders(&*contents(context)?, first, after.as_deref(), (&filter, order))
    }

    async fn definitions(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
        filter: Option<DefinitionFilter>,
    ) -> Result<Page<Definition>> {
        definitions(&*contents(context)?, first, after.as_deref(), &filter.unwrap_or_default())
    }

    async fn definition(&self, context: &Context<'_>, service: String) -> Result<Option<Definition>> {
        let contents = contents(context)?;
        let definitions = &contents.state.definitions;
        Ok(ServiceName::new(service).ok().and_then(|service| definitions.get(&service)).map(Into::into))
    }
}

fn contents<'a>(context: &Context<'a>) -> Result<std::sync::RwLockReadGuard<'a, Contents>> {
    require(context, Role::Viewer)?;
    Ok(context.data::<Feed>()?.contents())
}

/// The services of a registry, `now` being the moment that it shows.
pub(super) fn services(
    contents: &Contents,
    now: DateTime<Utc>,
    first: u32,
    after: Option<&str>,
) -> Result<Page<Service>> {
    let keys = Service::names(contents, now).into_iter().map(|name| (name.clone(), name)).collect();
    let members = Members::of(contents);
    let node = |name| Service::of(contents, &members, &name, now);
    connection(keys, first, after, contents.state.position, node)
}

/// A page of its services, each summed up.
pub(super) fn summaries(
    contents: &Contents,
    (filter, order): (Option<ServiceFilter>, Option<ServiceOrder>),
    (first, offset): (u32, u32),
) -> Result<ServicePage> {
    if first > SUMMARIES_MAX {
        let message = format!("first is {first}: use {SUMMARIES_MAX} at most");
        return Err(error(ErrorCode::InvalidInput, message));
    }
    let question = (filter.unwrap_or_default(), order.unwrap_or_default());
    let (filter, order) = question;
    let list = ServiceQuestion { filter, order }.answer(contents);
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let page = list.rows.iter().skip(size(offset)).take(size(first));
    let services = page.map(|(_, summary)| ServiceSummary::clone(summary)).collect();
    Ok(ServicePage::new(services, list.rows.len() as u64, contents.state.position))
}

/// Its instances.
pub(super) fn instances(
    contents: &Contents,
    now: DateTime<Utc>,
    first: u32,
    after: Option<&str>,
    (filter, order): (&InstanceFilter, InstanceOrder),
) -> Result<Page<Instance>> {
    let views = contents.state.instances.iter().filter(|(_, view)| filter.takes(&contents.state, view, now));
    let nodes = views.map(|(key, view)| {
        (InstancePosition(order.rank(contents, key, view, now), Cow::Borrowed(key)), (key, view))
    });
    let node = |(key, view)| Instance::of(contents, key, view);
    connection(nodes.collect(), first, after, contents.state.position, node)
}

/// Its groups.
pub(super) fn leaders(
    contents: &Contents,
    first: u32,
    after: Option<&str>,
    (filter, order): (&LeaderFilter, LeaderOrder),
) -> Result<Page<Leader>> {
    let views = contents.state.leaders.iter().filter(|(_, view)| filter.takes(&contents.state, view));
    let nodes =
        views.map(|(key, view)| (LeaderPosition(order.rank(view), Cow::Borrowed(key)), view)).collect();
    connection(nodes, first, after, contents.state.position, Leader::from)
}

/// Its definitions.
pub(super) fn definitions(
    contents: &Contents,
    first: u32,
    after: Option<&str>,
    filter: &DefinitionFilter,
) -> Result<Page<Definition>> {
    let views = contents.state.definitions.iter();
    let views = views.filter(|(_, view)| filter.include_retired || !view.retired);
    let nodes = views.map(|(key, view)| (key.clone(), view)).collect();
    connection(nodes, first, after, contents.state.position, Definition::from)
}
