//! The figures of services and instances over time.

use std::time::Instant;

use aegis_domain::{ErrorCode, InstanceName, ServiceName};
use aegis_projections::Rollups;
use aegis_projections::live::methods::together;
use aegis_projections::load::heard;
use aegis_projections::rollups::Range;
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};

use crate::error::{error, require, store_error};
use crate::ports::Feed;
use crate::ports::Role;
use crate::types::{Method, MetricsSeries, Sparkline};

const POINTS_MAX: u32 = 1000;
const SPARKS_MAX: u32 = 60;
/// So many methods of a service are told at most.
const METHODS_MAX: usize = 500;

#[derive(Debug, Default)]
pub(super) struct MetricsQuery;

#[Object]
impl MetricsQuery {
    /// What each of these instances (`<service>/<instance>`, 100 at most) did over time, in the order in which they are named:
    /// at most so many points each (1 to 60).
    async fn sparklines(
        &self,
        context: &Context<'_>,
        #[graphql(validator(max_items = 100, list, max_length = 400))] ids: Vec<String>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        #[graphql(default = 30)] points: u32,
    ) -> Result<Vec<Sparkline>> {
        require(context, Role::Viewer)?;
        if !(1..=SPARKS_MAX).contains(&points) || from >= to {
            let message = format!("ask for 1 to {SPARKS_MAX} points, from before to");
            return Err(error(ErrorCode::InvalidInput, message));
        }
        let (rollups, range) = (context.data::<Rollups>()?, Range { from, to, points });
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            let named = id.split_once('/').and_then(|(service, instance)| {
                Some((ServiceName::new(service).ok()?, InstanceName::new(instance).ok()?))
            });
            let (service, instance) =
                named.ok_or_else(|| error(ErrorCode::InvalidInput, "an id is <service>/<instance>"))?;
            let answer =
                rollups.series(&service, Some(&instance), range).await.map_err(|e| store_error(&e))?;
            all.push(Sparkline::of(ID(id), &answer));
        }
        Ok(all)
    }

    /// What an instance did with single methods, events and commands in the last minute, or all instances of a service
    /// together, by what they do with them and by name. Instances tell of the 24 with the most to do at a time; those that
    /// are not heard are left out, and those that were heard for the first time only just now. 500 methods at most.
    async fn methods(
        &self,
        context: &Context<'_>,
        service: String,
        instance: Option<String>,
    ) -> Result<Vec<Method>> {
        require(context, Role::Viewer)?;
        let (service, instance) = names(service, instance)?;
        let contents = context.data::<Feed>()?.contents();
        let heard = heard(&contents, &service, Instant::now());
        let asked = heard.filter(|(key, _)| instance.as_ref().is_none_or(|instance| key.1 == *instance));
        let methods = asked.flat_map(|(key, _)| contents.methods_of(key).map(move |method| (key, method)));
        let told = together(methods, contents.time());
        Ok(told.into_iter().take(METHODS_MAX).map(Method::from).collect())
    }

    /// What an instance did over time, or all instances of a service together: at most so many points (1 to 1000), in
    /// the finest resolution that is kept back to `from`. Where no heartbeat came there is no point.
    async fn metrics(
        &self,
        context: &Context<'_>,
        service: String,
        instance: Option<String>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        #[graphql(default = 300)] points: u32,
    ) -> Result<MetricsSeries> {
        require(context, Role::Viewer)?;
        if !(1..=POINTS_MAX).contains(&points) {
            return Err(error(ErrorCode::InvalidInput, format!("ask for 1 to {POINTS_MAX} points")));
        }
        if from >= to {
            return Err(error(ErrorCode::InvalidInput, "from must be before to"));
        }
        let (service, instance) = names(service, instance)?;
        let range = Range { from, to, points };
        let answer = context.data::<Rollups>()?.series(&service, instance.as_ref(), range).await;
        Ok(answer.map_err(|e| store_error(&e))?.into())
    }
}

fn names(service: String, instance: Option<String>) -> Result<(ServiceName, Option<InstanceName>)> {
    let invalid = |what| move |_broken| error(ErrorCode::InvalidInput, format!("that is no name of {what}"));
    let service = ServiceName::new(service).map_err(invalid("a service"))?;
    Ok((service, instance.map(InstanceName::new).transpose().map_err(invalid("an instance"))?))
}
