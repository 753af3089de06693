//! Who leads a group, as the log has it.

use aegis_domain::aggregate::leadership::{ElectionReason, LeadershipEvent};
use aegis_domain::{GroupName, InstanceName, Sequence, ServiceName, Term};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::fact::Fact;

/// Who leads a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderView {
    /// The service.
    pub service: ServiceName,
    /// The group.
    pub group: GroupName,
    /// The last term.
    pub term: Term,
    /// Its owner, until it resigns or is lost.
    pub instance: Option<InstanceName>,
    /// When the term began, or the vacancy.
    pub since: DateTime<Utc>,
    /// Why the term began.
    pub reason: ElectionReason,
    /// The vacancy before the term, in milliseconds, where known.
    pub vacancy_ms: Option<u64>,
    /// The last event that changed it.
    pub sequence: Sequence,
}

impl LeaderView {
    /// The view after this event.
    #[must_use]
    pub fn fold(
        before: Option<Self>,
        service: &ServiceName,
        group: &GroupName,
        event: &LeadershipEvent,
        fact: &Fact<'_>,
    ) -> Option<Self> {
        let since = fact.time;
        let sequence = fact.sequence;
        match event {
            LeadershipEvent::LeaderElected { term, instance, reason, vacancy_ms, .. }
                if term.may_follow(before.as_ref().map_or(Term::ZERO, |view| view.term)) =>
            {
                Some(Self {
                    service: service.clone(),
                    group: group.clone(),
                    term: *term,
                    instance: Some(instance.clone()),
                    since,
                    reason: reason.clone(),
                    vacancy_ms: *vacancy_ms,
                    sequence,
                })
            }
            LeadershipEvent::LeaderResigned { term, .. } | LeadershipEvent::LeaderLost { term, .. } => before
                .map(|view| {
                    if *term < view.term {
                        return view;
                    }
                    Self { instance: None, since, sequence, ..view }
                }),
            // A term that nobody can have reached, and one that is over, say nothing.
            LeadershipEvent::LeaderElected { .. } | LeadershipEvent::StepDownRequested { .. } => before,
        }
    }
}
