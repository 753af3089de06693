//! The states of an instance over time, out of its events.

use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::{Actor, AggregateId, AggregateVersion, Event, Sequence};
use chrono::{DateTime, Utc};

use super::{EventView, InstanceStatus, InstanceView};
use crate::fact::Fact;

/// A state, until the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The state.
    pub status: InstanceStatus,
    /// Why, when there is more to say.
    pub reason: Option<String>,
    /// When the log took the event that it began with.
    pub from: DateTime<Utc>,
    /// When the log took the event that ended it; none while it lasts.
    pub to: Option<DateTime<Utc>>,
    /// The event that it began with.
    pub sequence: Sequence,
}

/// The states of an instance, and what they sum up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lifeline {
    /// Oldest first.
    pub stretches: Vec<Stretch>,
    /// When each life began.
    pub starts: Vec<DateTime<Utc>>,
    /// When it was heard again after it had been silent.
    pub recoveries: Vec<DateTime<Utc>>,
}

impl Lifeline {
    /// Out of the events of one instance, in the order in which they come.
    #[must_use]
    pub fn of<'a>(events: impl IntoIterator<Item = &'a EventView>) -> Self {
        let mut lifeline = Self::default();
        let mut view: Option<InstanceView> = None;
        for told in events {
            let (Some(event), Ok(aggregate)) = (told.event(), told.aggregate.parse::<AggregateId>()) else {
                continue;
            };
            let (Event::Instance(event), AggregateId::Instance(service, instance)) = (&event, &aggregate)
            else {
                continue;
            };
            let whole = Event::Instance(event.clone());
            let fact = Fact {
                sequence: told.sequence,
                aggregate: &aggregate,
                version: AggregateVersion(told.version),
                time: told.recorded_at,
                actor: &Actor::system("index"),
                event: &whole,
            };
            match event {
                InstanceEvent::Registered(_) => lifeline.starts.push(told.recorded_at),
                InstanceEvent::Recovered {} => lifeline.recoveries.push(told.recorded_at),
                InstanceEvent::StatusChanged { .. }
                | InstanceEvent::ConfigurationReported { .. }
                | InstanceEvent::Unhealthy { .. }
                | InstanceEvent::DrainRequested { .. }
                | InstanceEvent::Conflicted { .. }
                | InstanceEvent::ConflictEnded {}
                | InstanceEvent::Deregistered { .. }
                | InstanceEvent::Expired { .. }
                | InstanceEvent::Forgotten { .. } => {}
            }
            let after = InstanceView::fold(view.take(), service, instance, event, &fact);
            lifeline.take(&after, told);
            view = Some(after);
        }
        lifeline
    }

    fn take(&mut self, after: &InstanceView, told: &EventView) {
        if self.stretches.last().is_some_and(|last| last.status == after.status) {
            return;
        }
        if let Some(last) = self.stretches.last_mut() {
            last.to = Some(told.recorded_at);
        }
        self.stretches.push(Stretch {
            status: after.status,
            reason: after.reason.clone(),
            from: told.recorded_at,
            to: None,
            sequence: told.sequence,
        });
    }

    /// The share of a range of time in which it ran, of the part of it in which a state is known; none where none is.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn up_percent(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<f64> {
        let (mut up, mut known) = (0, 0);
        for stretch in &self.stretches {
            let (begin, end) = (stretch.from.max(from), stretch.to.unwrap_or(to).min(to));
            let lasted = end.signed_duration_since(begin).num_milliseconds().max(0);
            known += lasted;
            if matches!(stretch.status, InstanceStatus::Running | InstanceStatus::Draining) {
                up += lasted;
            }
        }
        (known > 0).then(|| up as f64 * 100.0 / known as f64)
    }
}
