//! Identifiers. None of them is generated here: code with I/O generates them and passes them in.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text::{check_line, is_hidden};
use crate::{GroupName, ServiceName, Term};

/// The id of one event: the CloudEvents `id`, and the JetStream de-duplication id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// An id from a UUID that the caller has drawn.
    #[must_use]
    pub fn from_uuid(id: Uuid) -> Self {
        Self(id.to_string())
    }

    /// The deterministic id of the election of one term, `service/group/term`: whoever records it
    /// records the same event.
    #[must_use]
    pub fn of_term(service: &ServiceName, group: &GroupName, term: Term) -> Self {
        Self(format!("{service}/{group}/{term}"))
    }

    /// An id read from the wire.
    #[must_use]
    pub fn from_wire(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The longest idempotency key, in characters.
const KEY_MAX: usize = 256;

/// A text by which a command is known when it comes again: its effects are recorded once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

/// A text that cannot be an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an idempotency key is refused: use 1 to {KEY_MAX} characters on one line, none that cannot be seen, and no blanks around"
)]
pub struct InvalidKey;

impl IdempotencyKey {
    /// A key of 1 to 256 characters on one line, without blanks around it.
    ///
    /// # Errors
    /// See [`InvalidKey`].
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidKey> {
        let key = key.into();
        let whole = key.trim() == key && check_line(&key, KEY_MAX).is_ok();
        if whole { Ok(Self(key)) } else { Err(InvalidKey) }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One life of an instance: drawn anew at each start of its process. What one life says never touches another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LifeId(Uuid);

impl LifeId {
    /// An id from a UUID that the caller has drawn.
    #[must_use]
    pub fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for LifeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One session of an instance in the lease store: drawn anew at each start, and again after each lost session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SessionId(Uuid);

impl SessionId {
    /// An id from a UUID that the caller has drawn.
    #[must_use]
    pub fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A name by which the actor cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name {0:?} of whoever acts is refused: use up to {ACTOR_NAME_MAX} characters, at least one letter or digit, no control or invisible characters, no blanks around"
)]
pub struct InvalidActor(String);

/// The longest name of an actor, in characters.
const ACTOR_NAME_MAX: usize = 128;

/// Who caused an event: a person (`user:alice`), an instance (`instance:echo/echo-1`) or the control
/// plane itself (`system:control-plane`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(String);

impl Actor {
    /// A person or a token, by name.
    #[must_use]
    pub fn user(name: &str) -> Self {
        Self(format!("user:{name}"))
    }

    /// The name, if a record that says who acted can bear it.
    ///
    /// # Errors
    /// See [`InvalidActor`].
    pub fn check_name(name: &str) -> Result<&str, InvalidActor> {
        // Two names that look the same must be the same.
        let told = name.contains(char::is_alphanumeric)
            && name.trim() == name
            && name.chars().count() <= ACTOR_NAME_MAX
            && !name.contains(is_hidden);
        if told { Ok(name) } else { Err(InvalidActor(name.chars().take(ACTOR_NAME_MAX).collect())) }
    }

    /// A service instance.
    #[must_use]
    pub fn instance(service: &ServiceName, instance: &crate::InstanceName) -> Self {
        Self(format!("instance:{service}/{instance}"))
    }

    /// A part of the control plane.
    #[must_use]
    pub fn system(part: &str) -> Self {
        Self(format!("system:{part}"))
    }

    /// An actor read from the wire.
    #[must_use]
    pub fn from_wire(actor: &str) -> Self {
        Self(actor.to_owned())
    }

    /// The actor as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
