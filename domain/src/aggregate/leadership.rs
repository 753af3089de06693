//! Who leads a group: the history of its terms.
//!
//! The lease store is the authority on who leads now; this aggregate is the record of it. So its
//! `decide` never prevents an election that the lease store has already decided: it only keeps every
//! term in the log exactly once, in order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Aggregate, Event, Registry, Shape, Snapshots};
use crate::text::{InvalidLine, check_reason};
use crate::{ErrorCode, InstanceName, SessionId, Term};

/// Why a term began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ElectionReason {
    /// Nobody had led the group before.
    First,
    /// The owner before it was lost: it crashed, stalled or was cut off.
    OwnerLost,
    /// The owner before it gave the group up.
    OwnerResigned,
    /// A reason that this version does not know, as it was written.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(String),
}

impl ElectionReason {
    /// The name used on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::First => "first",
            Self::OwnerLost => "owner_lost",
            Self::OwnerResigned => "owner_resigned",
            Self::Unknown(reason) => reason,
        }
    }
}

/// One owner's time in office, as the lease store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenure {
    /// Its term.
    pub term: Term,
    /// The owner.
    pub instance: InstanceName,
    /// The session that it owns the group under.
    pub session: SessionId,
    /// Why the term began.
    pub reason: ElectionReason,
    /// Why the owner before it gave the group up, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resignation: Option<String>,
}

/// What may be asked of a leadership record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Record that a term has begun, and whichever of its predecessors the log lacks.
    Elect {
        /// The term that has begun.
        tenure: Tenure,
        /// The terms before it that the lease store remembers, oldest first.
        predecessors: Vec<Tenure>,
        /// How long nobody owned the group before it, in milliseconds, as the claimer saw it.
        vacancy_ms: Option<u64>,
    },
    /// Record that the owner gave the group up.
    Resign {
        /// Its term.
        term: Term,
        /// Why.
        reason: String,
    },
    /// Record that the owner was lost, and that nobody has taken its place.
    Lose {
        /// Its term.
        term: Term,
    },
    /// Ask the owner to hand over.
    RequestStepDown {
        /// To this member, or to any.
        to: Option<InstanceName>,
        /// Why.
        reason: String,
    },
}

/// What happened to a leadership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeadershipEvent {
    /// A term began.
    LeaderElected {
        /// Its number, the fencing token.
        term: Term,
        /// The owner.
        instance: InstanceName,
        /// The session that it owns the group under.
        session: SessionId,
        /// Who owned it before, as far as the log knows.
        previous: Option<InstanceName>,
        /// Why the term began.
        reason: ElectionReason,
        /// How long nobody owned the group before, in milliseconds, as the claimer saw it.
        vacancy_ms: Option<u64>,
    },
    /// The owner gave the group up.
    LeaderResigned {
        /// Its term.
        term: Term,
        /// The owner.
        instance: InstanceName,
        /// Why.
        reason: String,
    },
    /// The owner was lost: it crashed, stalled or was cut off.
    LeaderLost {
        /// Its term.
        term: Term,
        /// The owner.
        instance: InstanceName,
    },
    /// Somebody asked the owner to hand over.
    StepDownRequested {
        /// The term in force.
        term: Term,
        /// To this member, or to any.
        to: Option<InstanceName>,
        /// Why.
        reason: String,
    },
}

impl LeadershipEvent {
    /// The term that it tells of.
    #[must_use]
    pub fn term(&self) -> Term {
        match self {
            Self::LeaderElected { term, .. }
            | Self::LeaderResigned { term, .. }
            | Self::LeaderLost { term, .. }
            | Self::StepDownRequested { term, .. } => *term,
        }
    }
}

impl From<LeadershipEvent> for Event {
    fn from(event: LeadershipEvent) -> Self {
        Self::Leadership(event)
    }
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The log is already past this term.
    #[error("term {term} is over: the group is at term {current}")]
    StaleTerm {
        /// The term of the command.
        term: Term,
        /// The term that stands.
        current: Term,
    },
    /// No election can have come so far.
    #[error("no election can have made term {term}: the group is at term {current}")]
    ImplausibleTerm {
        /// The term of the command.
        term: Term,
        /// The term that stands.
        current: Term,
    },
    /// Nobody leads.
    #[error("nobody leads the group")]
    Vacant,
    /// The reason is not fit for the record.
    #[error("reason: {0}")]
    Reason(#[from] InvalidLine),
}

impl Rejection {
    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::StaleTerm { .. } | Self::ImplausibleTerm { .. } => ErrorCode::StaleTerm,
            Self::Vacant => ErrorCode::NotActive,
            Self::Reason(_) => ErrorCode::InvalidInput,
        }
    }
}

/// The state: the last term, and its owner while it lasts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leadership {
    /// The highest term so far; zero before the first.
    pub term: Term,
    /// Its owner, until it resigns or is lost.
    pub holder: Option<InstanceName>,
    /// Its owner, also afterwards.
    pub last: Option<InstanceName>,
}

impl Aggregate for Leadership {
    type Schema = Registry;
    type Command = Command;
    type Event = LeadershipEvent;
    type Rejection = Rejection;

    const KIND: &'static str = "leadership";
    const SNAPSHOTS: Option<Snapshots> = Some(Snapshots { every: 200, shape: Shape::Version(3) });

    fn decide(&self, command: Command) -> Result<Vec<LeadershipEvent>, Rejection> {
        match command {
            Command::Elect { tenure, predecessors, vacancy_ms } => {
                if tenure.term == self.term && self.last.as_ref() == Some(&tenure.instance) {
                    return Ok(vec![]);
                }
                if tenure.term <= self.term {
                    return Err(Rejection::StaleTerm { term: tenure.term, current: self.term });
                }
                if !tenure.term.may_follow(self.term) {
                    return Err(Rejection::ImplausibleTerm { term: tenure.term, current: self.term });
                }
                let mut state = self.clone();
                let mut events = Vec::new();
                // They come from the lease store, which anybody with its credentials writes: the order of
                // terms in the log does not rest on it.
                let mut missing = predecessors;
                missing.retain(|p| p.term > self.term && p.term < tenure.term);
                missing.sort_by_key(|p| p.term);
                missing.dedup_by_key(|p| p.term);
                for (tenure, vacancy_ms) in
                    missing.into_iter().map(|p| (p, None)).chain([(tenure.clone(), vacancy_ms)])
                {
                    for event in state.election(tenure, vacancy_ms) {
                        state.evolve(&event);
                        events.push(event);
                    }
                }
                Ok(events)
            }
            Command::Resign { term, reason } => {
                if term != self.term {
                    return Err(Rejection::StaleTerm { term, current: self.term });
                }
                Ok(match &self.holder {
                    Some(instance) => {
                        vec![LeadershipEvent::LeaderResigned { term, instance: instance.clone(), reason }]
                    }
                    None => vec![],
                })
            }
            Command::Lose { term } => {
                if term != self.term {
                    return Err(Rejection::StaleTerm { term, current: self.term });
                }
                let lost = self.holder.clone();
                Ok(lost.map(|instance| LeadershipEvent::LeaderLost { term, instance }).into_iter().collect())
            }
            Command::RequestStepDown { to, reason } => {
                self.holder.as_ref().ok_or(Rejection::Vacant)?;
                check_reason(&reason)?;
                Ok(vec![LeadershipEvent::StepDownRequested { term: self.term, to, reason }])
            }
        }
    }

    fn evolve(&mut self, event: &LeadershipEvent) {
        match event {
            // Whoever may write to the log may write any term: one that cannot follow changes nothing.
            LeadershipEvent::LeaderElected { term, instance, .. } if term.may_follow(self.term) => {
                self.term = *term;
                self.holder = Some(instance.clone());
                self.last = Some(instance.clone());
            }
            LeadershipEvent::LeaderResigned { term, .. } | LeadershipEvent::LeaderLost { term, .. }
                if *term >= self.term =>
            {
                self.holder = None;
            }
            LeadershipEvent::LeaderElected { .. }
            | LeadershipEvent::LeaderResigned { .. }
            | LeadershipEvent::LeaderLost { .. }
            | LeadershipEvent::StepDownRequested { .. } => {}
        }
    }

    fn event(event: &Event) -> Option<&LeadershipEvent> {
        match event {
            Event::Leadership(event) => Some(event),
            Event::Definition(_) | Event::Instance(_) | Event::Installation(_) => None,
        }
    }
}

impl Leadership {
    /// The events of one election on this state: the end of an owner of which the log has not heard yet,
    /// then the election itself.
    fn election(&self, tenure: Tenure, vacancy_ms: Option<u64>) -> Vec<LeadershipEvent> {
        let term = self.term;
        // The reason tells of the term right before this one, and of no other.
        let resigned = tenure.reason == ElectionReason::OwnerResigned && tenure.term == term.next();
        let end = self.holder.clone().map(|instance| {
            if resigned {
                let reason = tenure.resignation.clone().unwrap_or_default();
                LeadershipEvent::LeaderResigned { term, instance, reason }
            } else {
                LeadershipEvent::LeaderLost { term, instance }
            }
        });
        let elected = LeadershipEvent::LeaderElected {
            term: tenure.term,
            instance: tenure.instance,
            session: tenure.session,
            previous: self.last.clone(),
            reason: tenure.reason,
            vacancy_ms,
        };
        end.into_iter().chain([elected]).collect()
    }
}
