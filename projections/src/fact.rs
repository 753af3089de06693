//! What a fold takes from an event.

use aegis_domain::{Actor, AggregateId, AggregateVersion, Event, Recorded, Sequence};
use chrono::{DateTime, Utc};

/// What the fold takes from an event, and nothing else: so it is the same from the log and from the index.
#[derive(Debug, Clone, Copy)]
pub struct Fact<'a> {
    /// Its position in the log.
    pub sequence: Sequence,
    /// The aggregate it belongs to.
    pub aggregate: &'a AggregateId,
    /// The version of the aggregate after it.
    pub version: AggregateVersion,
    /// When the log took it, by the server's clock: what a writer says of its own clock decides nothing.
    pub time: DateTime<Utc>,
    /// Who caused it.
    pub actor: &'a Actor,
    /// What happened.
    pub event: &'a Event,
}

/// As if the log had taken it when its writer says. The message has the time:
/// [`Fact::recorded_at`].
impl<'a> From<&'a Recorded> for Fact<'a> {
    fn from(recorded: &'a Recorded) -> Self {
        let envelope = &recorded.envelope;
        Self {
            sequence: recorded.sequence,
            aggregate: &envelope.aggregate,
            version: envelope.version,
            time: envelope.context.time,
            actor: &envelope.context.actor,
            event: &envelope.event,
        }
    }
}

impl Fact<'_> {
    /// The same, taken by the log at this time.
    #[must_use]
    pub fn recorded_at(self, time: DateTime<Utc>) -> Self {
        Self { time, ..self }
    }
}
