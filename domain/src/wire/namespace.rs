//! The subjects of the events of aggregates.

use crate::{AggregateId, AggregateKind, Namespace, Registry, Schema, ServiceName};

impl Namespace {
    /// The subject of the events of one aggregate.
    #[must_use]
    pub fn event_subject(&self, aggregate: &AggregateId) -> String {
        self.subject_of::<Registry>(aggregate)
    }

    /// The subjects of all events of a schema.
    #[must_use]
    pub fn all_of<S: Schema>(&self) -> String {
        format!("{}.>", S::prefix(self))
    }

    /// The subject of the events of one aggregate of a schema.
    #[must_use]
    pub fn subject_of<S: Schema>(&self, id: &S::Id) -> String {
        format!("{}.{id}", S::prefix(self))
    }

    /// The aggregate of a schema that a subject names.
    #[must_use]
    pub fn aggregate_of<S: Schema>(&self, subject: &str) -> Option<S::Id> {
        let id = subject.strip_prefix(&S::prefix(self))?.strip_prefix('.')?;
        id.parse().ok()
    }

    /// The subjects of the events of every group of one service, or of all services.
    #[must_use]
    pub fn leadership_events(&self, service: Option<&ServiceName>) -> String {
        let service = service.map_or("*", ServiceName::as_str);
        format!("{}.event.{}.{service}.*", self.as_str(), AggregateKind::Leadership.as_str())
    }

    /// The aggregate that an event subject names.
    #[must_use]
    pub fn parse_event_subject(&self, subject: &str) -> Option<AggregateId> {
        self.aggregate_of::<Registry>(subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_subject_names_no_aggregate() {
        let namespace = Namespace::default();
        for subject in [
            "aegis.event",
            "aegis.event.",
            "aegis.event.unknown.a",
            "aegis.event.definition.a.b",
            "aegis.event.instance.a",
            "aegis.event.leadership.a.b.c",
            "aegis.event.installation.a",
            "other.event.definition.a",
        ] {
            assert_eq!(namespace.parse_event_subject(subject), None, "{subject}");
        }
    }
}
