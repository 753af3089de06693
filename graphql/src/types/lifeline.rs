//! The states of an instance over time.

use aegis_projections::view::lifeline;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use super::instance::InstanceStatus;
use super::scalar::Long;

/// A state of an instance, until the next one.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Stretch {
    status: InstanceStatus,
    reason: Option<String>,
    from: DateTime<Utc>,
    /// Null while it lasts.
    to: Option<DateTime<Utc>>,
    /// Sequence of the event that it began with.
    sequence: Long,
}

/// The states of an instance in a range of time, and what they sum up to.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Lifeline {
    /// Oldest first, as far back as the index goes.
    stretches: Vec<Stretch>,
    /// The share of the time of which a state is known in which it ran, draining included, in percent; null where none is.
    up_percent: Option<f64>,
    /// How often it was heard again after it had been silent.
    recoveries: Long,
    /// How often it started.
    starts: Long,
    as_of_sequence: Long,
}

impl Lifeline {
    pub(crate) fn of(
        whole: lifeline::Lifeline,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        as_of: aegis_domain::Sequence,
    ) -> Self {
        let within = |times: &[DateTime<Utc>]| {
            (times.iter().filter(|at| (from..to).contains(*at)).count() as u64).into()
        };
        Self {
            up_percent: whole.up_percent(from, to),
            recoveries: within(&whole.recoveries),
            starts: within(&whole.starts),
            stretches: whole
                .stretches
                .into_iter()
                .filter(|stretch| stretch.to.is_none_or(|end| end > from) && stretch.from < to)
                .map(Into::into)
                .collect(),
            as_of_sequence: as_of.into(),
        }
    }
}

impl From<lifeline::Stretch> for Stretch {
    fn from(stretch: lifeline::Stretch) -> Self {
        let lifeline::Stretch { status, reason, from, to, sequence } = stretch;
        Self { status: status.into(), reason, from, to, sequence: sequence.into() }
    }
}
