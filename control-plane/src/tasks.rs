//! Which background tasks a replica has, and when they begin.

use std::sync::Arc;

use aegis_projections::registry::UnwrittenLetters;
use futures_util::FutureExt as _;

use crate::adapter::Adapter;
use crate::background::Background;
use crate::legacy;
use crate::liveness::Monitor;
use crate::metrics::{Failovers, Servers};
use crate::plans::Executor;
use crate::retention::{EventsRetention, Retain};
use crate::terms::Terms;
use crate::upkeep::{DeadLetters, Heartbeats};
use crate::webhook::{Place, Webhook};

/// What the tasks work with, beside the adapter.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) liveness: Monitor,
    pub(crate) legacy: legacy::Known,
    pub(crate) letters: UnwrittenLetters,
    pub(crate) failovers: Failovers,
    pub(crate) servers: Servers,
    pub(crate) events_retention: Option<EventsRetention>,
    pub(crate) webhook: Option<Place>,
}

/// Starts all of them. Those that draw conclusions from the registry wait until it is `caught_up`: before, it lacks what the
/// log has.
pub(crate) fn start(
    background: &Background,
    caught_up: impl Future<Output = ()> + Send + 'static,
    adapter: &Arc<Adapter>,
    parts: Parts,
) {
    let Parts { liveness, legacy: known, letters, failovers, servers, events_retention, webhook } = parts;
    let caught_up = caught_up.boxed().shared();
    let of = || (adapter.connection.clone(), adapter.journal.clone(), adapter.live.clone());

    let (connection, clock) = (adapter.connection.clone(), adapter.clock.clone());
    background.start(move || clock.asking(&connection));
    let asked = Arc::clone(adapter);
    background.start(move || servers.asking(&asked));
    background.start(move || DeadLetters(letters.clone()));
    let live = adapter.live.clone();
    background.start(move || Heartbeats(live.clone()));

    background.start_after(caught_up.clone(), move || liveness.clone());
    let ((connection, journal, live), findings) = (of(), adapter.findings.clone());
    background.start_after(caught_up.clone(), move || {
        Terms::new(connection.clone(), journal.clone(), live.clone(), findings.clone())
    });
    let ((connection, journal, live), clock) = (of(), adapter.clock.clone());
    background.start_after(caught_up.clone(), move || {
        Executor::new(connection.clone(), journal.clone(), live.clone(), clock.clone())
    });
    let live = adapter.live.clone();
    background.start_after(caught_up.clone(), move || failovers.counting(&live));
    if let Some(wanted) = events_retention {
        let connection = adapter.connection.clone();
        background.start(move || Retain::new(connection.clone(), wanted));
    }
    if let Some(place) = webhook {
        let adapter = Arc::clone(adapter);
        background.start_after(caught_up.clone(), move || Webhook::new(&adapter, &place));
    }
    legacy::start(background, caught_up, adapter, &known);
}
