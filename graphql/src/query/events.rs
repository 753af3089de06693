//! The log, a page at a time.

use std::sync::Arc;

use aegis_domain::{ErrorCode, Sequence};
use aegis_projections::Store;
use aegis_projections::store::Window;
use aegis_projections::view::EventView;
use async_graphql::connection::{Connection, DefaultConnectionName, DefaultEdgeName, Edge, EmptyFields};
use async_graphql::{Context, Object, Result, SimpleObject};

use crate::cursor;
use crate::error::{error, require, store_error};
use crate::ports::Role;
use crate::schema::Status;
use crate::types::{Event, EventFilter, Long, cursor_of_sequence};

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

#[Object]
impl EventsQuery {
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
