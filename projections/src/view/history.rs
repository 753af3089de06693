//! The history of a definition: every revision, with who, when, why, and what changed.

use std::collections::BTreeSet;

use aegis_domain::aggregate::Definition;
use aegis_domain::aggregate::definition::{Content, DefinitionEvent};
use aegis_domain::aggregate::policy::FailoverPolicy;
use aegis_domain::{Aggregate as _, Recorded, Sequence};
use chrono::{DateTime, Utc};

use super::EventView;

/// One version of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The version of the aggregate.
    pub revision: u64,
    /// The event that made it.
    pub sequence: Sequence,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// What was done.
    pub action: Action,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// What is different from the version before, field by field; nothing when the log has lost that one.
    pub changes: Vec<FieldChange>,
}

/// What was done to a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was made, or made anew after it had been retired.
    Defined,
    /// It was changed.
    Amended,
    /// It was taken out of use.
    Retired,
    /// It was brought back.
    Reinstated,
}

/// One field that is different. A side without a value is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The field as the API names it; a label is `labels.<key>`.
    pub field: String,
    /// Its value before.
    pub before: Option<String>,
    /// Its value after.
    pub after: Option<String>,
}

/// An event of a definition, with what its history says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    revision: u64,
    sequence: Sequence,
    at: DateTime<Utc>,
    by: String,
    event: DefinitionEvent,
}

impl Entry {
    /// From the log; `None` when it is no event of a definition.
    #[must_use]
    pub fn recorded(recorded: &Recorded) -> Option<Self> {
        let envelope = &recorded.envelope;
        Some(Self {
            revision: envelope.version.get(),
            sequence: recorded.sequence,
            at: envelope.context.time,
            by: envelope.context.actor.to_string(),
            event: Definition::event(&envelope.event)?.clone(),
        })
    }

    /// From the index; `None` when it is no event of a definition, or of a type that this program does not know.
    #[must_use]
    pub fn indexed(view: &EventView) -> Option<Self> {
        let event = Definition::event(&view.event()?)?.clone();
        let (revision, sequence, at, by) = (view.version, view.sequence, view.time, view.actor.clone());
        Some(Self { revision, sequence, at, by, event })
    }
}

/// Every version that the events of one definition made, in the order in which they come.
#[must_use]
pub fn history(entries: impl IntoIterator<Item = Entry>) -> Vec<Revision> {
    let mut content: Option<Content> = None;
    let mut retired = false;
    let mut revisions = Vec::new();
    for Entry { revision, sequence, at, by, event } in entries {
        let reason = event.reason().map(str::to_owned);
        let was = status(content.is_some(), retired);
        let (action, after, now_retired) = match event {
            DefinitionEvent::Defined { content, .. } => (Action::Defined, Some(content), false),
            DefinitionEvent::Amended { content, .. } => (Action::Amended, Some(content), false),
            DefinitionEvent::Retired { .. } => (Action::Retired, None, true),
            DefinitionEvent::Reinstated { .. } => (Action::Reinstated, None, false),
        };
        // What a version has changed is not known when the log has lost the one before.
        let is_known = content.is_some() || revision <= 1;
        let mut changes = after.as_ref().map(|after| diff(content.as_ref(), after)).unwrap_or_default();
        content = after.or(content);
        retired = now_retired;
        changes.extend(change("status", was, status(content.is_some(), retired)));
        changes.retain(|_| is_known);
        revisions.push(Revision { revision, sequence, at, by, action, reason, changes });
    }
    revisions
}

/// Reads one field, if it has a value.
type Field = fn(&Content) -> Option<String>;

/// What is different between two contents, field by field; before the first one everything is absent.
#[must_use]
pub fn diff(before: Option<&Content>, after: &Content) -> Vec<FieldChange> {
    let old = |field: Field| before.and_then(field);
    let fields: [(&str, Field); 9] = [
        ("owner", |c| Some(c.owner.clone())),
        ("description", |c| Some(c.description.clone())),
        ("version", |c| Some(c.version.to_string())),
        ("minInstances", |c| c.min_instances.map(|n| n.to_string())),
        ("maxInstances", |c| c.max_instances.map(|n| n.to_string())),
        ("p99LimitMs", |c| c.p99_limit_ms.map(|n| n.to_string())),
        ("errorLimitPercent", |c| c.error_limit_percent.map(|n| n.to_string())),
        ("failover", |c| c.failover.map(failover)),
        ("registration", |c| Some(c.registration.as_str().to_owned())),
    ];
    let mut changes: Vec<_> =
        fields.into_iter().filter_map(|(name, field)| change(name, old(field), field(after))).collect();
    let keys: BTreeSet<_> =
        before.iter().flat_map(|content| content.labels.keys()).chain(after.labels.keys()).collect();
    changes.extend(keys.into_iter().filter_map(|key| {
        let old = before.and_then(|content| content.labels.get(key)).cloned();
        change(&format!("labels.{key}"), old, after.labels.get(key).cloned())
    }));
    changes
}

/// The policy in words, its lease too where it is of one's own.
#[must_use]
pub fn failover(policy: FailoverPolicy) -> String {
    match policy {
        FailoverPolicy::Aggressive | FailoverPolicy::Balanced | FailoverPolicy::Conservative => {
            policy.as_str().to_owned()
        }
        FailoverPolicy::Custom { lease_ms } => format!("custom, lease {lease_ms} ms"),
    }
}

fn status(defined: bool, retired: bool) -> Option<String> {
    defined.then(|| if retired { "retired" } else { "active" }.to_owned())
}

fn change(field: &str, before: Option<String>, after: Option<String>) -> Option<FieldChange> {
    (before != after).then(|| FieldChange { field: field.to_owned(), before, after })
}
