//! Metrics: over time, and now.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Paging;
use crate::query::query;
use crate::route;
use crate::transport::Outgoing;
use crate::types::{LiveInstance, Page, Series};
use crate::{Client, Error};

/// Which stretch of time.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Window {
    /// Since when; an hour before `to` when absent.
    pub from: Option<DateTime<Utc>>,
    /// Until when; now when absent.
    pub to: Option<DateTime<Utc>>,
    /// The most windows: 1 to 1,000.
    pub points: Option<u32>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct MetricsQuery<'a> {
    service: &'a str,
    instance: Option<&'a str>,
    #[serde(flatten)]
    window: &'a Window,
}

impl Client {
    /// What the instances of a service did over time, or one of them.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn metrics(
        &self,
        service: &str,
        instance: Option<&str>,
        window: &Window,
    ) -> Result<Series, Error> {
        let path = route::METRICS.with(&[]) + &query(&MetricsQuery { service, instance, window });
        self.fetch(Outgoing::new(&route::METRICS, path)).await
    }

    /// The figures of all instances now.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn live_metrics(&self, paging: &Paging) -> Result<Page<LiveInstance>, Error> {
        let path = route::LIVE_METRICS.with(&[]) + &query(paging);
        self.fetch(Outgoing::new(&route::LIVE_METRICS, path)).await
    }
}
