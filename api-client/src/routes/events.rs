//! The log in pages; live it is [`Follow`](crate::Follow).

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::query::query;
use crate::route;
use crate::transport::Outgoing;
use crate::types::{AggregateKind, EventPage};
use crate::{Client, Error};

/// Which events.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventsFilter {
    /// Those of these kinds; of all when empty.
    pub kinds: Vec<AggregateKind>,
    /// Those of these types; of all when empty.
    pub types: Vec<String>,
    /// Those that concern this service.
    pub service: Option<String>,
    /// Those of this aggregate.
    pub aggregate: Option<String>,
    /// Those that this actor has caused, for example `user:alice`.
    pub actor: Option<String>,
    /// Those that belong together by this id.
    pub correlation_id: Option<String>,
    /// Recorded at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Recorded before this time.
    pub to: Option<DateTime<Utc>>,
    /// Those with this in their summary, type or aggregate.
    pub text: Option<String>,
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventWindow {
    /// So many, 500 at most, after this sequence; from the oldest on without one.
    First(u32, Option<u64>),
    /// So many, 500 at most, before this sequence; the newest without one.
    Last(u32, Option<u64>),
}

#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct EventsQuery {
    #[serde(flatten)]
    pub(crate) filter: EventsFilter,
    pub(crate) first: Option<u32>,
    pub(crate) after: Option<u64>,
    pub(crate) last: Option<u32>,
    pub(crate) before: Option<u64>,
}

impl Client {
    /// One page of the log, in order of sequence.
    ///
    /// # Errors
    /// `CURSOR_EXPIRED` when the index begins after the position, `HISTORY_REPLACED` when the log ends before it; see
    /// [`Error`].
    pub async fn events(&self, filter: &EventsFilter, window: EventWindow) -> Result<EventPage, Error> {
        let filter = filter.clone();
        let asked = match window {
            EventWindow::First(first, after) => {
                EventsQuery { filter, first: Some(first), after, ..EventsQuery::default() }
            }
            EventWindow::Last(last, before) => {
                EventsQuery { filter, last: Some(last), before, ..EventsQuery::default() }
            }
        };
        self.fetch(Outgoing::new(&route::EVENTS, route::EVENTS.with(&[]) + &query(&asked))).await
    }
}
