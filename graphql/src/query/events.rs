//! The log, a page at a time.

use std::sync::Arc;

use aegis_domain::{ErrorCode, GroupName, InstanceName, Sequence, ServiceName};
use aegis_projections::State;
use aegis_projections::Store;
use aegis_projections::store::{self, AsOfError, At, Window, part_micros};
use aegis_projections::view::EventView;
use async_graphql::connection::{Connection, DefaultConnectionName, DefaultEdgeName, Edge, EmptyFields};
use async_graphql::{Context, Json, Object, Result, SimpleObject};
use serde_json::Value;

use crate::cursor;
use crate::error::{error, require, store_error};
use crate::ports::Role;
use crate::ports::Status;
use crate::types::{Event, EventBucket, EventChange, EventFilter, Long, cursor_of_sequence};

const PAGE: u32 = 50;
const PAGE_MAX: u32 = 1000;

#[derive(Debug, Default)]
pub(super) struct EventsQuery;

#[derive(Debug, SimpleObject)]
struct AsOf {
    /// Sequence of the last event that the answer takes into account.
    as_of_sequence: Long,
}

type Page = Connection<String, Event, AsOf, EmptyFields, DefaultConnectionName, DefaultEdgeName>;

/// How the events of a range of time are spread over it.
#[derive(Debug, SimpleObject)]
struct EventDensity {
    /// How long each part is, in seconds.
    part_seconds: f64,
    /// The parts in which there are events, in order.
    buckets: Vec<EventBucket>,
}

#[Object]
impl EventsQuery {
    /// One event, by its sequence, its id, or both; null where there is none, or the index has forgotten it. With both, an
    /// event of another history is `HISTORY_REPLACED`.
    async fn event(
        &self,
        context: &Context<'_>,
        sequence: Option<Long>,
        #[graphql(validator(max_length = 200))] id: Option<String>,
    ) -> Result<Option<Event>> {
        require(context, Role::Viewer)?;
        let store = context.data::<Store>()?;
        let event = match (sequence.map(|sequence| Sequence(sequence.0)), id) {
            (Some(sequence), id) => {
                if let Some(id) = &id {
                    cursor::is_event(store, sequence, id).await?;
                }
                found(store, sequence).await?
            }
            (None, Some(id)) => {
                let filter = store::EventFilter { id: Some(id), ..store::EventFilter::default() };
                let page = store.events(&filter, Window::Last { count: 1, before: None }).await;
                page.map_err(|e| store_error(&e))?.events.into_iter().next()
            }
            (None, None) => return Err(error(ErrorCode::InvalidInput, "give a sequence, an id, or both")),
        };
        Ok(event.as_deref().map(Event::from))
    }

    /// What the event at this sequence has changed. The registry is folded for it anew. Null where no event stands there, or
    /// the index does not reach back to the one before it.
    async fn event_change(&self, context: &Context<'_>, sequence: Long) -> Result<Option<EventChange>> {
        require(context, Role::Auditor)?;
        let (store, sequence) = (context.data::<Store>()?, Sequence(sequence.0));
        let Some(view) = found(store, sequence).await? else { return Ok(None) };
        let side = async |at: Sequence| match store.as_of(At::Sequence(at)).await {
            Ok(state) => Ok(Some(of_aggregate(&state, &view.aggregate))),
            Err(AsOfError::Forgotten { .. }) => Ok(None),
            Err(cause @ AsOfError::Ahead { .. }) => Err(error(ErrorCode::InvalidInput, cause.to_string())),
            Err(AsOfError::Store(cause)) => Err(store_error(&cause)),
        };
        let Some(before) = side(Sequence(sequence.get().saturating_sub(1))).await? else { return Ok(None) };
        let Some(after) = side(sequence).await? else { return Ok(None) };
        Ok(Some(EventChange { before: before.map(Json), after: after.map(Json) }))
    }

    /// How many events the filter takes in each of so many equal parts (1 to 1000) of the time from its `from` to its `to`,
    /// which must both be given.
    async fn event_density(
        &self,
        context: &Context<'_>,
        filter: EventFilter,
        #[graphql(default = 100)] points: u32,
    ) -> Result<EventDensity> {
        require(context, Role::Viewer)?;
        let filter: store::EventFilter = filter.into();
        let (Some(from), Some(to)) = (filter.from_time, filter.to_time) else {
            return Err(error(ErrorCode::InvalidInput, "say from when to when: filter.from and filter.to"));
        };
        if !(1..=PAGE_MAX).contains(&points) || from >= to {
            let message = format!("ask for 1 to {PAGE_MAX} parts of a time that ends after it begins");
            return Err(error(ErrorCode::InvalidInput, message));
        }
        let width = part_micros((from, to), points);
        let counted = context.data::<Store>()?.density(&filter, (from, to), points).await;
        let buckets = counted.map_err(|e| store_error(&e))?.into_iter();
        #[expect(clippy::cast_precision_loss, reason = "a length for people")]
        let part_seconds = width as f64 / 1e6;
        Ok(EventDensity {
            part_seconds,
            buckets: buckets.map(|bucket| EventBucket::of(bucket, from, width)).collect(),
        })
    }

    /// Events in order of sequence: the `first` after a cursor, or the `last` before one. Without
    /// either, the last 50. A cursor before the oldest event of the index is `CURSOR_EXPIRED`, one beyond the end of the log
    /// `HISTORY_REPLACED`.
    async fn events(
        &self,
        context: &Context<'_>,
        first: Option<u32>,
        after: Option<String>,
        last: Option<u32>,
        before: Option<String>,
        filter: Option<EventFilter>,
    ) -> Result<Page> {
        require(context, Role::Viewer)?;
        // The beginning of the index is asked for without a cursor; that of the log, with one.
        let from_oldest = after.is_none();
        let window = window(first, after, last, before)?;
        let store = context.data::<Store>()?;
        let position = match window {
            Window::First { after, .. } => (!from_oldest).then_some(after),
            // What precedes an event is what follows the one before it, for whoever asks whether it is there.
            Window::Last { before, .. } => before.map(|before| Sequence(before.get().saturating_sub(1))),
        };
        if let Some(position) = position {
            cursor::check(store, context.data::<Status>()?, position, None).await?;
        }
        let page =
            store.events(&filter.unwrap_or_default().into(), window).await.map_err(|e| store_error(&e))?;
        let (previous, next) = match window {
            Window::First { after, .. } => (after > Sequence::ZERO, page.more),
            Window::Last { before, .. } => (page.more, before.is_some()),
        };
        let mut connection =
            Connection::with_additional_fields(previous, next, AsOf { as_of_sequence: page.as_of.into() });
        let edge = |event: &Arc<EventView>| Edge::new(event.sequence.to_string(), Event::from(&**event));
        connection.edges.extend(page.events.iter().map(edge));
        Ok(connection)
    }
}

/// The event at this sequence, if there is one in the index.
async fn found(store: &Store, sequence: Sequence) -> Result<Option<Arc<EventView>>> {
    let Some(before) = sequence.get().checked_sub(1) else { return Ok(None) };
    let window = Window::First { count: 1, after: Sequence(before) };
    let page = store.events(&store::EventFilter::default(), window).await.map_err(|e| store_error(&e))?;
    Ok(page.events.into_iter().next().filter(|event| event.sequence == sequence))
}

/// What the registry has under an aggregate.
fn of_aggregate(state: &State, aggregate: &str) -> Option<Value> {
    let mut parts = aggregate.split('.');
    let (kind, service, name) = (parts.next()?, parts.next(), parts.next());
    let service = service.and_then(|service| ServiceName::new(service).ok());
    match kind {
        "definition" => serde_json::to_value(state.definitions.get(&service?)?).ok(),
        "instance" => {
            let key = (service?, InstanceName::new(name?).ok()?);
            serde_json::to_value(state.instances.get(&key)?).ok()
        }
        "leadership" => {
            let key = (service?, GroupName::new(name?).ok()?);
            serde_json::to_value(state.leaders.get(&key)?).ok()
        }
        _ => serde_json::to_value(&state.installation).ok(),
    }
}

fn window(
    first: Option<u32>,
    after: Option<String>,
    last: Option<u32>,
    before: Option<String>,
) -> Result<Window> {
    let count = first.or(last).unwrap_or(PAGE);
    if count > PAGE_MAX {
        return Err(error(ErrorCode::InvalidInput, format!("a page has {PAGE_MAX} events at most")));
    }
    let cursor = |cursor: Option<String>| cursor.as_deref().map(cursor_of_sequence).transpose();
    match (first, last) {
        (Some(_), Some(_)) => Err(error(ErrorCode::InvalidInput, "give first or last, not both")),
        (Some(_), None) if before.is_none() => {
            Ok(Window::First { count, after: cursor(after)?.unwrap_or(Sequence::ZERO) })
        }
        (None, _) if after.is_none() => Ok(Window::Last { count, before: cursor(before)? }),
        (Some(_), None) | (None, _) => {
            Err(error(ErrorCode::InvalidInput, "give after with first, and before with last"))
        }
    }
}
