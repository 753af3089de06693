//! Definitions, and the inputs and outcomes of changing them.

use std::collections::BTreeMap;

use aegis_domain::aggregate::definition::{Change, Content, Rejection};
use aegis_domain::aggregate::policy;
use aegis_domain::{ErrorCode, ServiceName, Version};
use aegis_projections::view::DefinitionView;
use async_graphql::{Enum, InputObject, Json, MaybeUndefined, SimpleObject, Union};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::policy::{Failover, FailoverInput, RegistrationPolicy};
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

/// An expected refusal: nothing was recorded.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Rejected {
    /// Stable code, for example `DEFINITION_CONFLICT`.
    code: String,
    message: String,
    /// The field of the input that is at fault, where there is one.
    field: Option<String>,
    /// The revision that stands, for conflicts.
    current_revision: Option<Long>,
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
            min_instances: self.min_instances.map(|count| instances("minInstances", count)).transpose()?,
            max_instances: self.max_instances.map(|count| instances("maxInstances", count)).transpose()?,
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
            failover: match given(self.failover) {
                Some(policy) => Some(policy.map(FailoverInput::read).transpose()?),
                None => None,
            },
            registration: self.registration.map(Into::into),
            labels: self.labels.map(labels).transpose()?,
        };
        Ok((service(&self.service)?, change, self.reason))
    }
}

fn counted(field: &str, count: MaybeUndefined<Long>) -> Result<Option<Option<u32>>, Rejected> {
    match given(count) {
        Some(count) => Ok(Some(count.map(|count| instances(field, count)).transpose()?)),
        None => Ok(None),
    }
}

/// A number of instances, which is a small one.
fn instances(field: &str, count: Long) -> Result<u32, Rejected> {
    u32::try_from(count.0).map_err(|_large| invalid(field, format!("use {} at most", u32::MAX)))
}

/// Absent, or `null`, or a value.
fn given<T>(field: MaybeUndefined<T>) -> Option<Option<T>> {
    match field {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
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

impl Rejected {
    pub(crate) fn new(code: ErrorCode, message: String) -> Self {
        Self { code: code.as_str().to_owned(), message, field: None, current_revision: None }
    }
}

pub(crate) fn invalid(field: &str, message: String) -> Rejected {
    Rejected { field: Some(field.to_owned()), ..Rejected::new(ErrorCode::InvalidInput, message) }
}

pub(crate) fn rejected(rejection: &Rejection) -> Rejected {
    let field = match rejection {
        Rejection::Invalid { field, .. } => Some((*field).to_owned()),
        Rejection::AlreadyDefined
        | Rejection::NotDefined
        | Rejection::NotRetired
        | Rejection::Conflict { .. } => None,
    };
    let current_revision = match rejection {
        Rejection::Conflict { current } => Some(current.get()),
        Rejection::AlreadyDefined
        | Rejection::NotDefined
        | Rejection::NotRetired
        | Rejection::Invalid { .. } => None,
    };
    Rejected {
        code: rejection.code().as_str().to_owned(),
        message: rejection.to_string(),
        field,
        current_revision: current_revision.map(Into::into),
    }
}
