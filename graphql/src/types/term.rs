//! The terms of a group.

use aegis_projections::view::term;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};

use super::scalar::Long;

/// Why a term began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "term::Cause")]
pub(crate) enum TermCause {
    /// Nobody had owned the group before.
    First,
    /// The owner before it was lost.
    OwnerLost,
    /// The owner before it gave the group up by itself: it stopped, was drained, or is not well.
    Resigned,
    /// Somebody had asked the owner before it to hand over.
    SteppedDown,
    /// The owner before it was lost, or gave the group up, in a maintenance: nobody was to take it over.
    Maintenance,
    /// A reason that this version does not know.
    Unknown,
}

/// How a term ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "term::EndKind")]
pub(crate) enum TermEnding {
    /// The owner gave the group up.
    Resigned,
    /// The owner was lost.
    Lost,
    /// The log has the next election only.
    Succeeded,
}

/// A term of a group: who owned it, and how that came and went.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Term {
    /// The fencing token.
    term: Long,
    owner: String,
    /// When the log took the election.
    from: DateTime<Utc>,
    /// When it ended; null while it lasts.
    to: Option<DateTime<Utc>>,
    ending: Option<TermEnding>,
    /// How long nobody owned the group before this term, in milliseconds, as the claimer measured it: the gap ends at `from`.
    /// Null where it was not measured.
    gap_ms: Option<Long>,
    cause: TermCause,
    /// Who asked the owner before to hand over, where somebody did.
    by: Option<String>,
    /// Why the owner before gave the group up, where that was said.
    reason: Option<String>,
    /// Sequence of the election.
    elected_sequence: Long,
    /// Sequence of the event that ended it.
    ended_sequence: Option<Long>,
}

/// Terms of a group, oldest first.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Terms {
    pub(crate) nodes: Vec<Term>,
    /// Whether there are older ones: ask with `before` the first one's `electedSequence`.
    pub(crate) more: bool,
    pub(crate) as_of_sequence: Long,
}

impl From<term::TermView> for Term {
    fn from(view: term::TermView) -> Self {
        let end = view.end.as_ref();
        Self {
            term: view.term.get().into(),
            owner: view.instance.to_string(),
            from: view.from,
            to: end.map(|end| end.at),
            ending: end.map(|end| end.kind.into()),
            gap_ms: view.vacancy_ms.map(Into::into),
            cause: view.cause.into(),
            by: view.by,
            reason: view.reason,
            elected_sequence: view.elected.into(),
            ended_sequence: end.map(|end| end.sequence.into()),
        }
    }
}
