//! A definition with its history.

use aegis_domain::aggregate::definition::{Content, DefinitionEvent};
use aegis_domain::aggregate::{Aggregate, Definition};
use aegis_domain::{Sequence, ServiceName};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::fact::Fact;

/// A definition as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionView {
    /// The service.
    pub service: ServiceName,
    /// What it says.
    pub content: Content,
    /// Whether it was taken out of use.
    pub retired: bool,
    /// The version of the aggregate.
    pub revision: u64,
    /// When the service was first defined.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Who changed it last.
    pub updated_by: String,
    /// The last event that changed it.
    pub sequence: Sequence,
}

impl DefinitionView {
    /// The view after this event. An event that changes nothing that was ever defined is passed over.
    #[must_use]
    pub fn fold(
        before: Option<Self>,
        service: &ServiceName,
        event: &DefinitionEvent,
        fact: &Fact<'_>,
    ) -> Option<Self> {
        let mut aggregate = Definition {
            version: fact.version,
            content: before.as_ref().map(|view| view.content.clone()),
            retired: before.as_ref().is_some_and(|view| view.retired),
        };
        aggregate.evolve(event);
        Some(Self {
            service: service.clone(),
            content: aggregate.content?,
            retired: aggregate.retired,
            revision: fact.version.get(),
            created_at: before.map_or(fact.time, |view| view.created_at),
            updated_at: fact.time,
            updated_by: fact.actor.to_string(),
            sequence: fact.sequence,
        })
    }
}
