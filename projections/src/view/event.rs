//! One line of the event index.

use aegis_domain::aggregate::definition::DefinitionEvent;
use aegis_domain::aggregate::installation::{ConsumerDeletion, InstallationEvent, Letter};
use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::aggregate::plan::{
    Maintenance, MaintenanceEnd, Scope, Switchover, SwitchoverBegin, SwitchoverCancel, SwitchoverEnd,
};
use aegis_domain::schema::Schema as _;
use aegis_domain::{AggregateId, AggregateKind, Event, Recorded, Registry, Sequence};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;

/// One event as readers get to see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventView {
    /// Its position in the log.
    pub sequence: Sequence,
    /// Its CloudEvents id.
    pub id: String,
    /// Its CloudEvents type.
    pub event_type: String,
    /// The kind of aggregate.
    pub kind: AggregateKind,
    /// The aggregate.
    pub aggregate: String,
    /// The service that it concerns, if it concerns one alone.
    pub service: Option<String>,
    /// The version of the aggregate after it.
    pub version: u64,
    /// When it happened, by the clock of its recorder.
    pub time: DateTime<Utc>,
    /// When the log took it, by the server's clock; never before that of an earlier event.
    pub recorded_at: DateTime<Utc>,
    /// Who caused it.
    pub actor: String,
    /// What it belongs to.
    pub correlation: Option<String>,
    /// What caused it.
    pub causation: Option<String>,
    /// One line for people.
    pub summary: String,
    /// Its fields.
    pub data: Value,
}

impl EventView {
    /// The line of this event.
    #[must_use]
    pub fn of(recorded: &Recorded, recorded_at: DateTime<Utc>) -> Self {
        let envelope = &recorded.envelope;
        Self {
            sequence: recorded.sequence,
            id: envelope.id.to_string(),
            event_type: envelope.event.event_type(),
            kind: envelope.aggregate.kind(),
            aggregate: envelope.aggregate.to_string(),
            service: envelope.event.service(&envelope.aggregate).map(ToString::to_string),
            version: envelope.version.get(),
            time: envelope.context.time,
            recorded_at,
            actor: envelope.context.actor.to_string(),
            correlation: envelope.context.correlation.clone(),
            causation: envelope.context.causation.clone(),
            summary: summary(&envelope.aggregate, &envelope.event),
            // An event that was read from JSON can be written as JSON.
            data: envelope.event.body().unwrap_or(Value::Null),
        }
    }
}

impl EventView {
    /// The event itself, if this program knows its type.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        let id = self.aggregate.parse().ok()?;
        let body = serde_json::to_vec(&self.data).ok()?;
        Registry::read(&id, &self.event_type, &body).ok()
    }
}

/// One line for people.
pub(crate) fn summary(aggregate: &AggregateId, event: &Event) -> String {
    let who = match aggregate {
        AggregateId::Definition(service) => service.to_string(),
        AggregateId::Instance(_, instance) => instance.to_string(),
        AggregateId::Leadership(_, group) => format!("{group}:"),
        AggregateId::Installation => "the control plane".to_owned(),
    };
    let what = match event {
        Event::Definition(event) => match event {
            DefinitionEvent::Defined { content, reason } => {
                format!("defined at version {}, owner {}{}", content.version, content.owner, why(reason))
            }
            DefinitionEvent::Amended { content, reason } => {
                format!("amended: version {}, owner {}{}", content.version, content.owner, why(reason))
            }
            DefinitionEvent::Retired { reason } => format!("retired: {reason}"),
            DefinitionEvent::Reinstated { reason } => format!("reinstated: {reason}"),
        },
        Event::Instance(event) => match event {
            InstanceEvent::Registered(registration) => {
                let how = if registration.legacy { ", by the wire of the Python SDK" } else { "" };
                format!("registered, version {}{how}", registration.version)
            }
            InstanceEvent::StatusChanged { from, to, reason } => {
                format!("went from {} to {}{}", word(from.as_str()), word(to.as_str()), why(reason))
            }
            InstanceEvent::ConfigurationReported { .. } => "reported its configuration".to_owned(),
            InstanceEvent::Unhealthy { missed: 0, reason, .. } => {
                format!("is unhealthy: it says so itself{}", why(reason))
            }
            InstanceEvent::Unhealthy { missed, .. } => {
                format!("is unhealthy: {missed} heartbeats are missing")
            }
            InstanceEvent::Recovered {} => "recovered: heartbeats arrive again".to_owned(),
            InstanceEvent::DrainRequested { reason } => format!("was asked to drain: {reason}"),
            InstanceEvent::Deregistered { reason } => format!("deregistered: {reason}"),
            InstanceEvent::Conflicted { life } => {
                format!("shares its name: a process of the earlier life {life} still runs under it")
            }
            InstanceEvent::ConflictEnded {} => "has its name for itself again".to_owned(),
            InstanceEvent::Expired { .. } => {
                "expired: it was silent, and its registration ran out".to_owned()
            }
            InstanceEvent::Forgotten { reason } => format!("was forgotten: {reason}"),
        },
        Event::Leadership(event) => match event {
            LeadershipEvent::LeaderElected { term, instance, vacancy_ms, .. } => {
                let after =
                    vacancy_ms.map(|ms| format!(", after {ms} ms without an owner")).unwrap_or_default();
                format!("{instance} owns it, term {term}{after}")
            }
            LeadershipEvent::LeaderResigned { term, instance, reason } => {
                format!("{instance} gave up term {term}: {reason}")
            }
            LeadershipEvent::LeaderLost { term, instance } => format!("{instance} was lost in term {term}"),
            LeadershipEvent::StepDownRequested { to, reason, .. } => {
                let whom = to.as_ref().map_or_else(|| "any member".to_owned(), ToString::to_string);
                format!("the owner was asked to hand over to {whom}: {reason}")
            }
        },
        Event::Installation(event) => match event {
            InstallationEvent::SelfPreservationEntered { silent, alive } => {
                format!("cannot see {silent} of {alive} instances: none is marked down")
            }
            InstallationEvent::SelfPreservationLeft {} => {
                "sees its instances again: each is judged by itself".to_owned()
            }
            InstallationEvent::DeadLetterRedriven(Letter { sequence, subject, reason, .. }) => {
                format!("dead letter {sequence} went back to {subject}: {reason}")
            }
            InstallationEvent::DeadLetterDiscarded(Letter { sequence, subject, reason, .. }) => {
                format!("dead letter {sequence} of {subject} was discarded: {reason}")
            }
            InstallationEvent::ConsumerDeleted(deletion) => {
                let ConsumerDeletion { stream, consumer, pending, unacknowledged, reason, .. } = deletion;
                let lost = pending.saturating_add(*unacknowledged);
                format!(
                    "the consumer {consumer} of {stream} was deleted with {lost} messages that were not processed: {reason}"
                )
            }
            InstallationEvent::MaintenanceBegun(Maintenance { scope, until, reason }) => {
                let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
                format!("{}: nobody takes over what is lost until {until}: {reason}", of(scope))
            }
            InstallationEvent::MaintenanceEnded(MaintenanceEnd { scope, reason }) => {
                format!("{}: what is lost is taken over again{}", of(scope), why(reason))
            }
            InstallationEvent::SwitchoverScheduled(Switchover { service, group, to, at, reason }) => {
                let whom = to.as_ref().map_or_else(|| "any member".to_owned(), ToString::to_string);
                let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
                format!("{group} of {service} is to be handed over to {whom} at {at}: {reason}")
            }
            InstallationEvent::SwitchoverCancelled(SwitchoverCancel { service, group, reason }) => {
                format!("{group} of {service} is not to be handed over at a time: {reason}")
            }
            InstallationEvent::SwitchoverBegun(SwitchoverBegin { service, group, .. }) => {
                format!("{group} of {service} is being handed over, as planned")
            }
            InstallationEvent::SwitchoverEnded(SwitchoverEnd { service, group, failure: None }) => {
                format!("{group} of {service} was handed over, as planned")
            }
            InstallationEvent::SwitchoverEnded(SwitchoverEnd { service, group, failure: Some(failure) }) => {
                format!("{group} of {service} was not handed over as planned: {failure}")
            }
        },
    };
    match event {
        Event::Installation(
            InstallationEvent::SelfPreservationEntered { .. } | InstallationEvent::SelfPreservationLeft {},
        )
        | Event::Definition(_)
        | Event::Instance(_)
        | Event::Leadership(_) => format!("{who} {what}"),
        // The others name their subject themselves.
        Event::Installation(_) => what,
    }
}

fn of(scope: &Scope) -> String {
    match &scope.group {
        Some(group) => format!("{group} of {}", scope.service),
        None => format!("all groups of {}", scope.service),
    }
}

/// A status as people write it.
fn word(status: &str) -> String {
    status.to_ascii_lowercase()
}

fn why(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default()
}
