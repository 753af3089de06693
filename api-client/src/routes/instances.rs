//! Instances, and what is asked of them.

use serde::Serialize;

use super::{Filtered, Paging, Window, keyed};
use crate::key::IdempotencyKey;
use crate::query::query;
use crate::route::{self, Route};
use crate::transport::Outgoing;
use crate::types::{
    Configuration, Instance, InstanceOrderField, InstanceStatus, LogSet, Named, Page, Reason, Series, SetLog,
};
use crate::{Client, Error};

/// Which instances.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InstancesFilter {
    /// Those of this service.
    pub service: Option<String>,
    /// Those with one of these statuses; of all when empty.
    pub statuses: Vec<InstanceStatus>,
    /// Those with this in the name of their service or their own.
    pub text: Option<String>,
    /// Those with all of these labels, each a key, or a key and a value: `zone=a`.
    pub labels: Vec<String>,
    /// Those of exactly this version.
    pub version: Option<String>,
    /// What the list is ordered by. Without it, those that need somebody come first.
    pub order_by: Option<InstanceOrderField>,
    /// The other way round; only with `order_by`. Those without such a figure come last all the same.
    pub descending: Option<bool>,
}

impl Client {
    /// Instances, those that need somebody first unless the filter says otherwise.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn instances(
        &self,
        filter: &InstancesFilter,
        paging: &Paging,
    ) -> Result<Page<Instance>, Error> {
        let path = route::INSTANCES.with(&[]) + &query(&Filtered { filter, paging });
        self.fetch(Outgoing::new(&route::INSTANCES, path)).await
    }

    /// One instance.
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND`; see [`Error`].
    pub async fn instance(&self, service: &str, instance: &str) -> Result<Instance, Error> {
        self.fetch(Outgoing::new(&route::INSTANCE, route::INSTANCE.with(&[service, instance]))).await
    }

    /// What an instance reported of its configuration.
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND`; see [`Error`].
    pub async fn configuration(&self, service: &str, instance: &str) -> Result<Configuration, Error> {
        let path = route::CONFIGURATION.with(&[service, instance]);
        self.fetch(Outgoing::new(&route::CONFIGURATION, path)).await
    }

    /// What an instance did over time.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn instance_metrics(
        &self,
        service: &str,
        instance: &str,
        window: &Window,
    ) -> Result<Series, Error> {
        let path = route::INSTANCE_METRICS.with(&[service, instance]) + &query(window);
        self.fetch(Outgoing::new(&route::INSTANCE_METRICS, path)).await
    }

    /// Asks an instance to hand its groups over, finish its calls, and end.
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND`; see [`Error`].
    pub async fn drain(
        &self,
        service: &str,
        instance: &str,
        reason: &str,
        key: Option<&IdempotencyKey>,
    ) -> Result<Named, Error> {
        self.ask_of(&route::DRAIN, service, instance, reason, key).await
    }

    /// Takes an instance that has ended out of the registry before its time. Its history stays in the log.
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND`, `ILLEGAL_TRANSITION` while it lives; see [`Error`].
    pub async fn forget(
        &self,
        service: &str,
        instance: &str,
        reason: &str,
        key: Option<&IdempotencyKey>,
    ) -> Result<Named, Error> {
        self.ask_of(&route::FORGET, service, instance, reason, key).await
    }

    /// Has an instance log what passes a filter, from now on and until it starts anew.
    ///
    /// # Errors
    /// `INVALID_INPUT` when the filter cannot be read, or the instance keeps a log of its own; `INSTANCE_NOT_FOUND` when it is not
    /// registered; `NO_RESPONDERS` when it does not run; see [`Error`].
    pub async fn set_log(
        &self,
        service: &str,
        instance: &str,
        filter: &str,
        key: Option<&IdempotencyKey>,
    ) -> Result<LogSet, Error> {
        let outgoing = Outgoing::new(&route::SET_LOG, route::SET_LOG.with(&[service, instance]));
        self.fetch(keyed(outgoing.json(&SetLog { filter: filter.to_owned() }), key)).await
    }

    async fn ask_of(
        &self,
        route: &Route,
        service: &str,
        instance: &str,
        reason: &str,
        key: Option<&IdempotencyKey>,
    ) -> Result<Named, Error> {
        let outgoing = Outgoing::new(route, route.with(&[service, instance]));
        self.fetch(keyed(outgoing.json(&Reason { reason: reason.to_owned() }), key)).await
    }
}
