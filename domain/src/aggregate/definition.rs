//! What a service is meant to be: owner, description, version, how many instances, how it fails over.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::{FailoverPolicy, LEASE_MS_MAX, LEASE_MS_MIN, Percent, RegistrationPolicy};
use super::{Aggregate, Event, Registry, Snapshots};
use crate::text::{REASON_MAX, check_line, is_hidden};
use crate::{AggregateVersion, ErrorCode, ServiceName, Version};

/// The longest owner, in characters.
pub const OWNER_MAX: usize = 100;
/// The longest description, in characters.
pub const DESCRIPTION_MAX: usize = 500;
/// The highest limit of latency, in milliseconds: what takes longer counts as a minute.
pub const LIMIT_MS_MAX: u32 = 60_000;
/// The most labels.
pub const LABELS_MAX: usize = 64;

/// What a definition says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Content {
    /// The team or person who answers for the service.
    pub owner: String,
    /// What it does.
    pub description: String,
    /// The version that should run.
    pub version: Version,
    /// The fewest instances that should run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_instances: Option<u32>,
    /// The most instances that should run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_instances: Option<u32>,
    /// The 99th percentile of latency that is still well, in milliseconds, over a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_limit_ms: Option<u32>,
    /// The share of calls that may fail, over a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_limit_percent: Option<Percent>,
    /// How fast a lost owner of a group is to be replaced; without one, each instance's own setting holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<FailoverPolicy>,
    /// What becomes of an instance that starts while this definition is not in use.
    #[serde(default, skip_serializing_if = "RegistrationPolicy::is_default")]
    pub registration: RegistrationPolicy,
    /// Free labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// A change to some fields; `None` leaves a field as it is, `Some(None)` takes away what may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// New owner.
    pub owner: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New version.
    pub version: Option<Version>,
    /// New fewest instances.
    pub min_instances: Option<Option<u32>>,
    /// New most instances.
    pub max_instances: Option<Option<u32>>,
    /// New limit of latency.
    pub p99_limit_ms: Option<Option<u32>>,
    /// New limit of failures.
    pub error_limit_percent: Option<Option<Percent>>,
    /// New failover policy.
    pub failover: Option<Option<FailoverPolicy>>,
    /// New registration policy.
    pub registration: Option<RegistrationPolicy>,
    /// New labels, replacing all.
    pub labels: Option<BTreeMap<String, String>>,
}

/// What may be asked of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Define a service that has no definition, or only a retired one.
    Define {
        /// The service.
        service: ServiceName,
        /// What its definition says.
        content: Content,
        /// Why, where there is more to say.
        reason: Option<String>,
    },
    /// Change an active definition.
    Amend {
        /// The version that the caller has seen.
        expected: AggregateVersion,
        /// What changes.
        change: Change,
        /// Why, where there is more to say.
        reason: Option<String>,
    },
    /// Take a definition out of use. Its history stays.
    Retire {
        /// The version that the caller has seen.
        expected: AggregateVersion,
        /// Why.
        reason: String,
    },
    /// Bring a retired definition back as it was.
    Reinstate {
        /// The version that the caller has seen.
        expected: AggregateVersion,
        /// Why.
        reason: String,
    },
}

/// What happened to a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DefinitionEvent {
    /// The service was defined.
    Defined {
        /// What its definition says.
        #[serde(flatten)]
        content: Content,
        /// Why, where there was more to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The definition was changed.
    Amended {
        /// The new content, whole.
        #[serde(flatten)]
        content: Content,
        /// Why, where there was more to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The definition was taken out of use.
    Retired {
        /// Why.
        reason: String,
    },
    /// The definition was brought back.
    Reinstated {
        /// Why.
        reason: String,
    },
}

impl DefinitionEvent {
    /// Why it happened, where somebody said so.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Defined { reason, .. } | Self::Amended { reason, .. } => reason.as_deref(),
            Self::Retired { reason } | Self::Reinstated { reason } => Some(reason),
        }
    }
}

impl From<DefinitionEvent> for Event {
    fn from(event: DefinitionEvent) -> Self {
        Self::Definition(event)
    }
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There already is an active definition.
    #[error("the service is already defined: amend it instead")]
    AlreadyDefined,
    /// There is no definition to change.
    #[error("the service has no active definition: define it first")]
    NotDefined,
    /// The definition is not retired.
    #[error("the definition is not retired")]
    NotRetired,
    /// Somebody changed it in between.
    #[error(
        "the definition was changed meanwhile: it is at revision {current}; read it again and repeat the change"
    )]
    Conflict {
        /// The version that stands.
        current: AggregateVersion,
    },
    /// A field breaks a rule.
    #[error("{field}: {rule}")]
    Invalid {
        /// The field at fault.
        field: &'static str,
        /// What a valid value looks like.
        rule: String,
    },
}

impl Rejection {
    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::AlreadyDefined => ErrorCode::DefinitionExists,
            Self::NotDefined | Self::NotRetired => ErrorCode::DefinitionNotFound,
            Self::Conflict { .. } => ErrorCode::DefinitionConflict,
            Self::Invalid { .. } => ErrorCode::InvalidInput,
        }
    }
}

/// The state: nothing, active, or retired.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// How many events made it.
    pub version: AggregateVersion,
    /// What it says, once defined.
    pub content: Option<Content>,
    /// Whether it was taken out of use.
    pub retired: bool,
}

impl Definition {
    /// The content, while the definition is in use.
    #[must_use]
    pub fn active(&self) -> Option<&Content> {
        self.content.as_ref().filter(|_| !self.retired)
    }

    fn expect(&self, expected: AggregateVersion) -> Result<(), Rejection> {
        if expected == self.version { Ok(()) } else { Err(Rejection::Conflict { current: self.version }) }
    }
}

impl Aggregate for Definition {
    type Schema = Registry;
    type Command = Command;
    type Event = DefinitionEvent;
    type Rejection = Rejection;

    const KIND: &'static str = "definition";
    const SNAPSHOTS: Option<Snapshots> = None;

    fn decide(&self, command: Command) -> Result<Vec<DefinitionEvent>, Rejection> {
        match command {
            Command::Define { service, content, reason } => {
                if !service.is_definable() {
                    return Err(invalid(
                        "service",
                        "a lower-case letter, then lower-case letters, digits or single '-', 3 to 64 characters, ending in a letter or digit",
                    ));
                }
                if self.active().is_some() {
                    return Err(Rejection::AlreadyDefined);
                }
                validate(&content)?;
                let reason = reason.map(reasonable).transpose()?;
                Ok(vec![DefinitionEvent::Defined { content, reason }])
            }
            Command::Amend { expected, change, reason } => {
                let current = self.active().ok_or(Rejection::NotDefined)?;
                self.expect(expected)?;
                let amended = apply(current, change);
                validate(&amended)?;
                let reason = reason.map(reasonable).transpose()?;
                if &amended == current {
                    return Ok(vec![]);
                }
                Ok(vec![DefinitionEvent::Amended { content: amended, reason }])
            }
            Command::Retire { expected, reason } => {
                self.active().ok_or(Rejection::NotDefined)?;
                self.expect(expected)?;
                Ok(vec![DefinitionEvent::Retired { reason: reasonable(reason)? }])
            }
            Command::Reinstate { expected, reason } => {
                if self.content.is_none() || !self.retired {
                    return Err(Rejection::NotRetired);
                }
                self.expect(expected)?;
                Ok(vec![DefinitionEvent::Reinstated { reason: reasonable(reason)? }])
            }
        }
    }

    fn evolve(&mut self, event: &DefinitionEvent) {
        self.version = self.version.next();
        match event {
            DefinitionEvent::Defined { content, .. } | DefinitionEvent::Amended { content, .. } => {
                self.content = Some(content.clone());
                self.retired = false;
            }
            DefinitionEvent::Retired { .. } => self.retired = true,
            DefinitionEvent::Reinstated { .. } => self.retired = false,
        }
    }

    fn event(event: &Event) -> Option<&DefinitionEvent> {
        match event {
            Event::Definition(event) => Some(event),
            Event::Instance(_) | Event::Leadership(_) | Event::Installation(_) => None,
        }
    }
}

fn apply(current: &Content, change: Change) -> Content {
    let current = current.clone();
    Content {
        owner: change.owner.unwrap_or(current.owner),
        description: change.description.unwrap_or(current.description),
        version: change.version.unwrap_or(current.version),
        min_instances: change.min_instances.unwrap_or(current.min_instances),
        max_instances: change.max_instances.unwrap_or(current.max_instances),
        p99_limit_ms: change.p99_limit_ms.unwrap_or(current.p99_limit_ms),
        error_limit_percent: change.error_limit_percent.unwrap_or(current.error_limit_percent),
        failover: change.failover.unwrap_or(current.failover),
        registration: change.registration.unwrap_or(current.registration),
        labels: change.labels.unwrap_or(current.labels),
    }
}

fn validate(content: &Content) -> Result<(), Rejection> {
    within("owner", &content.owner, OWNER_MAX)?;
    within("description", &content.description, DESCRIPTION_MAX)?;
    if let (Some(min), Some(max)) = (content.min_instances, content.max_instances)
        && min > max
    {
        return Err(invalid("minInstances", "at most maxInstances"));
    }
    if content.p99_limit_ms.is_some_and(|limit| !(1..=LIMIT_MS_MAX).contains(&limit)) {
        return Err(Rejection::Invalid { field: "p99LimitMs", rule: format!("1 to {LIMIT_MS_MAX} ms") });
    }
    if content.failover.is_some_and(|policy| !policy.is_possible()) {
        let rule = format!("a lease of {LEASE_MS_MIN} to {LEASE_MS_MAX} ms");
        return Err(Rejection::Invalid { field: "failover", rule });
    }
    if !labels_are_bounded(&content.labels) {
        return Err(invalid(
            "labels",
            "at most 64, keys of 1 to 64 bytes, values of at most 256 bytes, and nothing in them that cannot be seen",
        ));
    }
    Ok(())
}

fn reasonable(reason: String) -> Result<String, Rejection> {
    within("reason", &reason, REASON_MAX)?;
    Ok(reason)
}

fn within(field: &'static str, text: &str, max: usize) -> Result<(), Rejection> {
    check_line(text, max).map_err(|invalid| Rejection::Invalid { field, rule: invalid.to_string() })
}

/// Whether there are [`LABELS_MAX`] labels at most, with keys of 1 to 64 bytes and values of 256 bytes at most, of characters
/// that can be seen. They are
/// in every heartbeat of an instance.
#[must_use]
pub fn labels_are_bounded(labels: &BTreeMap<String, String>) -> bool {
    let fits = |(key, value): (&String, &String)| (1..=64).contains(&key.len()) && value.len() <= 256;
    let seen = |(key, value): (&String, &String)| !key.contains(is_hidden) && !value.contains(is_hidden);
    labels.len() <= LABELS_MAX && labels.iter().all(|label| fits(label) && seen(label))
}

fn invalid(field: &'static str, rule: &str) -> Rejection {
    Rejection::Invalid { field, rule: rule.to_owned() }
}
