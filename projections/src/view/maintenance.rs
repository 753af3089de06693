//! When automatic failover was stopped, out of the events of the installation.

use aegis_domain::aggregate::installation::InstallationEvent;
use aegis_domain::aggregate::plan::Scope;
use aegis_domain::aggregate::{Aggregate as _, Installation};
use aegis_domain::{GroupName, ServiceName};
use chrono::{DateTime, Utc};

use super::EventView;

/// The maintenance that there was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintenances(Vec<Span>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    scope: Scope,
    from: DateTime<Utc>,
    /// When it ended; until then, when it is to end.
    to: DateTime<Utc>,
    is_over: bool,
}

impl Maintenances {
    /// What these events say, which come in order.
    #[must_use]
    pub fn of<'a>(events: impl IntoIterator<Item = &'a EventView>) -> Self {
        let mut spans = Vec::<Span>::new();
        for view in events {
            let Some(event) = view.event() else { continue };
            let open = |scope: &Scope, spans: &mut Vec<Span>| {
                spans.iter().rposition(|span| !span.is_over && span.scope == *scope)
            };
            match Installation::event(&event) {
                Some(InstallationEvent::MaintenanceBegun(begun)) => match open(&begun.scope, &mut spans) {
                    // One that had ended unheard is another one.
                    Some(at) if spans[at].to >= view.recorded_at => spans[at].to = begun.until,
                    Some(_) | None => spans.push(Span {
                        scope: begun.scope.clone(),
                        from: view.recorded_at,
                        to: begun.until,
                        is_over: false,
                    }),
                },
                Some(InstallationEvent::MaintenanceEnded(end)) => {
                    if let Some(at) = open(&end.scope, &mut spans) {
                        let span = &mut spans[at];
                        (span.to, span.is_over) = (span.to.min(view.recorded_at), true);
                    }
                }
                Some(_) | None => {}
            }
        }
        Self(spans)
    }

    /// Whether any part of this time was in a maintenance of the group.
    #[must_use]
    pub fn holds(
        &self,
        service: &ServiceName,
        group: &GroupName,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> bool {
        self.0.iter().any(|span| span.scope.holds(service, group) && span.from < to && from < span.to)
    }
}
