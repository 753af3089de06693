//! Definitions, and the inputs and outcomes of changing them.

use std::collections::BTreeMap;

use aegis_domain::aggregate::definition::{Change, Content};
use aegis_domain::aggregate::policy::{self, Percent};
use aegis_domain::{ServiceName, Version};
use aegis_projections::view::DefinitionView;
use async_graphql::{Enum, InputObject, Json, MaybeUndefined, SimpleObject, Union};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::policy::{Failover, FailoverInput, RegistrationPolicy};
use super::rejected::{Rejected, invalid};
use super::scalar::Long;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum DefinitionStatus {
    Active,
    Retired,
}

#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Definition {
    pub(super) service: String,
    owner: String,
    description: String,
    version: String,
    status: DefinitionStatus,
    min_instances: Option<Long>,
    max_instances: Option<Long>,
    /// The 99th percentile of latency that is still well, in milliseconds, over a minute.
    p99_limit_ms: Option<Long>,
    /// The share of calls that may fail, in percent, over a minute.
    error_limit_percent: Option<f64>,
    /// Null where each instance's own setting holds.
    failover: Option<Failover>,
    registration: RegistrationPolicy,
    labels: Json<BTreeMap<String, String>>,
    /// Version of the aggregate: pass it back when amending or retiring.
    revision: Long,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    updated_by: String,
    as_of_sequence: Long,
}

impl From<&DefinitionView> for Definition {
    fn from(view: &DefinitionView) -> Self {
        let content = view.content.clone();
        Self {
            service: view.service.to_string(),
            owner: content.owner,
            description: content.description,
            version: content.version.to_string(),
            status: if view.retired { DefinitionStatus::Retired } else { DefinitionStatus::Active },
            min_instances: content.min_instances.map(Into::into),
            max_instances: content.max_instances.map(Into::into),
            p99_limit_ms: content.p99_limit_ms.map(Into::into),
            error_limit_percent: content.error_limit_percent.map(Percent::get),
            failover: content.failover.map(Into::into),
            registration: content.registration.into(),
            labels: Json(content.labels),
            revision: view.revision.into(),
            created_at: view.created_at,
            updated_at: view.updated_at,
            updated_by: view.updated_by.clone(),
            as_of_sequence: view.sequence.into(),
        }
    }
}

#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct DefinitionFilter {
    #[graphql(default = false)]
    pub(crate) include_retired: bool,
}

#[derive(Debug, Clone, InputObject)]
pub(crate) struct DefineInput {
    pub(crate) service: String,
    owner: String,
    description: String,
    version: String,
    min_instances: Option<Long>,
    max_instances: Option<Long>,
    /// 1 to 60000.
    p99_limit_ms: Option<Long>,
    /// 0 to 100, with two decimals at most.
    error_limit_percent: Option<f64>,
    failover: Option<FailoverInput>,
    registration: Option<RegistrationPolicy>,
    labels: Option<Json<Value>>,
    /// Why, for the record.
    reason: Option<String>,
}

/// A field that is absent stays as it is; `null` takes the value away where there need not be one.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct AmendInput {
    pub(crate) service: String,
    pub(crate) expected_revision: Long,
    owner: Option<String>,
    description: Option<String>,
    version: Option<String>,
    min_instances: MaybeUndefined<Long>,
    max_instances: MaybeUndefined<Long>,
    p99_limit_ms: MaybeUndefined<Long>,
    error_limit_percent: MaybeUndefined<f64>,
    failover: MaybeUndefined<FailoverInput>,
    registration: Option<RegistrationPolicy>,
    labels: Option<Json<Value>>,
    /// Why, for the record.
    reason: Option<String>,
}

#[derive(Debug, Clone, InputObject)]
pub(crate) struct RetireInput {
    pub(crate) service: String,
    pub(crate) expected_revision: Long,
    pub(crate) reason: String,
}

#[derive(Debug, Clone, InputObject)]
pub(crate) struct ReinstateInput {
    pub(crate) service: String,
    pub(crate) expected_revision: Long,
    pub(crate) reason: String,
}

/// The change was recorded at `sequence`; the projection shows it once its `asOfSequence` is at least
/// that.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct DefinitionChanged {
    pub(crate) service: String,
    pub(crate) revision: Long,
    pub(crate) sequence: Long,
}

#[derive(Debug, Clone, Union)]
pub(crate) enum DefinitionResult {
    Changed(DefinitionChanged),
    Rejected(Rejected),
}

impl DefineInput {
    pub(crate) fn read(self) -> Result<(ServiceName, Content, Option<String>), Rejected> {
        let content = Content {
            owner: self.owner,
            description: self.description,
            version: version(&self.version)?,
            min_instances: self.min_instances.map(|count| small("minInstances", count)).transpose()?,
            max_instances: self.max_instances.map(|count| small("maxInstances", count)).transpose()?,
            p99_limit_ms: self.p99_limit_ms.map(|limit| small("p99LimitMs", limit)).transpose()?,
            error_limit_percent: self.error_limit_percent.map(percent).transpose()?,
            failover: self.failover.map(FailoverInput::read).transpose()?,
            registration: self.registration.map(policy::RegistrationPolicy::from).unwrap_or_default(),
            labels: self.labels.map(labels).transpose()?.unwrap_or_default(),
        };
        Ok((service(&self.service)?, content, self.reason))
    }
}

impl AmendInput {
    pub(crate) fn read(self) -> Result<(ServiceName, Change, Option<String>), Rejected> {
        let change = Change {
            owner: self.owner,
            description: self.description,
            version: self.version.as_deref().map(version).transpose()?,
            min_instances: counted("minInstances", self.min_instances)?,
            max_instances: counted("maxInstances", self.max_instances)?,
            p99_limit_ms: counted("p99LimitMs", self.p99_limit_ms)?,
            error_limit_percent: read(self.error_limit_percent, percent)?,
            failover: read(self.failover, FailoverInput::read)?,
            registration: self.registration.map(Into::into),
            labels: self.labels.map(labels).transpose()?,
        };
        Ok((service(&self.service)?, change, self.reason))
    }
}

fn counted(field: &str, count: MaybeUndefined<Long>) -> Result<Option<Option<u32>>, Rejected> {
    read(count, |count| small(field, count))
}

fn percent(number: f64) -> Result<Percent, Rejected> {
    Percent::new(number).map_err(|e| invalid("errorLimitPercent", e.to_string()))
}

/// A number of instances or of milliseconds.
fn small(field: &str, count: Long) -> Result<u32, Rejected> {
    u32::try_from(count.0).map_err(|_large| invalid(field, format!("use {} at most", u32::MAX)))
}

/// Absent, or `null`, or a value, which is read.
fn read<T, U>(
    field: MaybeUndefined<T>,
    value: impl FnOnce(T) -> Result<U, Rejected>,
) -> Result<Option<Option<U>>, Rejected> {
    Ok(match field {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(given) => Some(Some(value(given)?)),
    })
}

pub(crate) fn service(name: &str) -> Result<ServiceName, Rejected> {
    ServiceName::new(name).map_err(|e| invalid("service", e.to_string()))
}

fn version(text: &str) -> Result<Version, Rejected> {
    Version::new(text).map_err(|e| invalid("version", e.to_string()))
}

fn labels(value: Json<Value>) -> Result<BTreeMap<String, String>, Rejected> {
    serde_json::from_value(value.0)
        .map_err(|_other| invalid("labels", "labels are an object of texts".to_owned()))
}
