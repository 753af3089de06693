//! Whether enough instances of a service ran, over time.

use aegis_projections::view::uptime;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};

use super::scalar::Long;

/// Whether as many instances ran as are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum Supply {
    /// As many as are needed, or more.
    Enough,
    /// Some, and fewer than are needed.
    Few,
    /// None at all.
    Nothing,
}

/// A time in which that did not change.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct SupplySpan {
    supply: Supply,
    /// The fewest that ran in it.
    fewest: Long,
    from: DateTime<Utc>,
    /// Null while it lasts.
    to: Option<DateTime<Utc>>,
    /// Sequence of the event that it began with; 0 where that is not known.
    sequence: Long,
}

/// How a service was supplied with instances in a range of time, and what that sums up to.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct ServiceLifeline {
    /// Oldest first.
    spans: Vec<SupplySpan>,
    /// How many have to run: what the definition asks for now, one without.
    needed: Long,
    /// The share of the time of which that is known in which enough ran, draining included, in percent; null where none is.
    up_percent: Option<f64>,
    /// How often enough had run, and then did not any more.
    shortfalls: Long,
    /// Where the range begins: later than asked for when there were too many events.
    from: DateTime<Utc>,
    as_of_sequence: Long,
}

impl ServiceLifeline {
    pub(crate) fn of(
        whole: uptime::Uptime,
        needed: u64,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        as_of: aegis_domain::Sequence,
    ) -> Self {
        Self {
            needed: needed.into(),
            up_percent: whole.up_percent(from, to),
            shortfalls: whole.shortfalls(from, to).into(),
            spans: whole
                .spans
                .into_iter()
                .filter(|span| span.to.is_none_or(|end| end > from) && span.from < to)
                .map(Into::into)
                .collect(),
            from,
            as_of_sequence: as_of.into(),
        }
    }
}

impl From<uptime::Span> for SupplySpan {
    fn from(span: uptime::Span) -> Self {
        let uptime::Span { supply, fewest, from, to, sequence } = span;
        let supply = match supply {
            uptime::Supply::Enough => Supply::Enough,
            uptime::Supply::Few => Supply::Few,
            uptime::Supply::Nothing => Supply::Nothing,
        };
        Self { supply, fewest: fewest.into(), from, to, sequence: sequence.into() }
    }
}
