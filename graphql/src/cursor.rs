//! Positions in the log that clients give back: told apart from those that are none, that are gone, or that are not there
//! yet, so that nothing is skipped in silence.

use aegis_domain::{ErrorCode, Sequence};
use aegis_projections::Store;
use aegis_projections::store::{EventFilter, Window};
use async_graphql::Result;

use crate::error::{error, store_error};
use crate::schema::Status;

/// Whether all that follows a position of the log can be told. With the id of the event there, a position of a history
/// that is gone is noticed for certain.
pub(crate) async fn check(store: &Store, status: &Status, cursor: Sequence, id: Option<&str>) -> Result<()> {
    let replaced = |detail: String| Err(error(ErrorCode::HistoryReplaced, detail));
    // Another replica may have been further than this one.
    if cursor > *store.newest().borrow() {
        let head = status.head().await;
        if cursor > head {
            return replaced(format!(
                "the log ends at {head}, before {cursor}: begin anew without a position"
            ));
        }
        return Ok(());
    }
    if cursor == Sequence::ZERO {
        return Ok(());
    }
    let oldest = store.oldest().await.map_err(|e| store_error(&e))?;
    if let Some(oldest) = oldest
        && cursor.get() + 1 < oldest.get()
    {
        let detail = format!(
            "the index begins at {oldest}, after {cursor}: begin there or without a position, or replay the log"
        );
        return Err(error(ErrorCode::CursorExpired, detail));
    }
    let Some(id) = id else { return Ok(()) };
    let window = Window::First { count: 1, after: Sequence(cursor.get() - 1) };
    let page = store.events(&EventFilter::default(), window).await.map_err(|e| store_error(&e))?;
    match page.events.first() {
        Some(event) if event.sequence == cursor && event.id != id => replaced(format!(
            "event {cursor} of the log is another one than {id}: begin anew without a position"
        )),
        Some(_) | None => Ok(()),
    }
}
