//! The terms of a group, from its events: owner, begin, end, and reasons.

use aegis_domain::aggregate::leadership::{ElectionReason, LeadershipEvent};
use aegis_domain::aggregate::{Aggregate as _, Leadership};
use aegis_domain::{GroupName, InstanceName, Sequence, ServiceName, Term};
use chrono::{DateTime, TimeDelta, Utc};

use super::EventView;
use super::maintenance::Maintenances;

/// A term of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermView {
    /// Its number.
    pub term: Term,
    /// The owner.
    pub instance: InstanceName,
    /// When the log took the election. The owner served from then on, or a moment before.
    pub from: DateTime<Utc>,
    /// The vacancy before it, in milliseconds, as the claimer measured it; none where that is not known.
    pub vacancy_ms: Option<u64>,
    /// Why it began.
    pub cause: Cause,
    /// Who asked for the hand-over that it began by, or why the owner before gave the group up, in its words.
    pub by: Option<String>,
    /// The same of the reason.
    pub reason: Option<String>,
    /// Its election.
    pub elected: Sequence,
    /// How it ended; none while it lasts.
    pub end: Option<TermEnd>,
}

/// How a term ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermEnd {
    /// When the log took that.
    pub at: DateTime<Utc>,
    /// The event that says so: that of the loss or the resignation, or the next election where the log has neither.
    pub sequence: Sequence,
    /// How.
    pub kind: EndKind,
    /// Why, in the words of the owner that gave it up.
    pub reason: Option<String>,
}

/// Why a term began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Nobody had owned the group before.
    First,
    /// The owner before it was lost.
    OwnerLost,
    /// The owner before it gave the group up by itself: it stopped, was drained, or is not well.
    Resigned,
    /// Somebody had asked the owner before it to hand over.
    SteppedDown,
    /// The owner before it was lost, or gave the group up, in a maintenance: no other member was to take it over.
    Maintenance,
    /// A reason that this version does not know.
    Unknown,
}

/// How a term ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndKind {
    /// The owner gave the group up.
    Resigned,
    /// The owner was lost.
    Lost,
    /// The log has the next election only.
    Succeeded,
}

impl TermView {
    /// The same, of a group that was vacant in one of these.
    pub fn in_maintenance(&mut self, service: &ServiceName, group: &GroupName, times: &Maintenances) {
        let Some(vacancy) = self.vacancy_ms.and_then(|ms| TimeDelta::try_milliseconds(ms.try_into().ok()?))
        else {
            return;
        };
        let begun = self.from.checked_sub_signed(vacancy).unwrap_or(self.from);
        let by_itself = matches!(self.cause, Cause::OwnerLost | Cause::Resigned);
        if by_itself && times.holds(service, group, (begun, self.from)) {
            self.cause = Cause::Maintenance;
        }
    }
}

/// The terms that these events of one group tell of, in the order in which they come. What comes before the first election
/// is passed over.
#[must_use]
pub fn terms<'a>(events: impl IntoIterator<Item = &'a EventView>) -> Vec<TermView> {
    let mut terms = Vec::<TermView>::new();
    // Who asked for a hand-over in the term that lasts, and why.
    let mut asked: Option<(String, String)> = None;
    for view in events {
        let Some(event) = view.event() else { continue };
        let Some(event) = Leadership::event(&event) else { continue };
        match event {
            LeadershipEvent::LeaderElected { term, instance, reason, vacancy_ms, .. } => {
                if terms.last().is_some_and(|last| last.term >= *term) {
                    continue;
                }
                let before = terms.last_mut();
                let resigned = before.as_ref().and_then(|last| last.end.as_ref()?.reason.clone());
                if let Some(last) = before.filter(|last| last.end.is_none()) {
                    let (at, sequence) = (view.recorded_at, view.sequence);
                    last.end = Some(TermEnd { at, sequence, kind: EndKind::Succeeded, reason: None });
                }
                let asked = asked.take();
                let cause = match reason {
                    ElectionReason::First => Cause::First,
                    ElectionReason::OwnerLost => Cause::OwnerLost,
                    ElectionReason::OwnerResigned if asked.is_some() => Cause::SteppedDown,
                    ElectionReason::OwnerResigned => Cause::Resigned,
                    ElectionReason::Unknown(_) => Cause::Unknown,
                };
                let asked = asked.filter(|_| cause == Cause::SteppedDown);
                let (by, why) = asked.unzip();
                terms.push(TermView {
                    term: *term,
                    instance: instance.clone(),
                    from: view.recorded_at,
                    vacancy_ms: *vacancy_ms,
                    cause,
                    by,
                    reason: why.or(resigned).filter(|_| cause != Cause::OwnerLost),
                    elected: view.sequence,
                    end: None,
                });
            }
            LeadershipEvent::LeaderResigned { term, reason, .. } => {
                end(&mut terms, *term, view, EndKind::Resigned, Some(reason.clone()));
            }
            LeadershipEvent::LeaderLost { term, .. } => end(&mut terms, *term, view, EndKind::Lost, None),
            LeadershipEvent::StepDownRequested { reason, .. } => {
                asked = Some((view.actor.clone(), reason.clone()));
            }
        }
    }
    terms
}

fn end(terms: &mut [TermView], term: Term, view: &EventView, kind: EndKind, reason: Option<String>) {
    if let Some(last) = terms.last_mut().filter(|last| last.term == term && last.end.is_none()) {
        last.end = Some(TermEnd { at: view.recorded_at, sequence: view.sequence, kind, reason });
    }
}
