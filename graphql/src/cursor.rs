//! Positions in the log that clients give back: told apart from malformed ones, expired ones, and those that are not there
//! yet, so that nothing is skipped in silence.

use aegis_domain::{ErrorCode, Sequence};
use aegis_projections::Store;
use aegis_projections::store::{EventFilter, Window};
use async_graphql::Result;

use crate::error::{error, store_error};
use crate::ports::Status;

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
    let begin = store.begins_after().await.map_err(|e| store_error(&e))?;
    if cursor < begin {
        let detail = format!(
            "the index begins at {}, after {cursor}: begin there or without a position, or replay the log",
            begin.next()
        );
        return Err(error(ErrorCode::CursorExpired, detail));
    }
    match id {
        // What the index has forgotten cannot be compared.
        Some(id) if cursor > begin => is_event(store, cursor, id).await,
        Some(_) | None => Ok(()),
    }
}

/// Whether this event stands at this position, which the projection has come to.
pub(crate) async fn is_event(store: &Store, at: Sequence, id: &str) -> Result<()> {
    let found = event_at(store, at).await?;
    if found.as_deref() == Some(id) {
        return Ok(());
    }
    let there = found.map_or("no event".to_owned(), |found| format!("event {found}"));
    let told: String = id.chars().filter(|c| !c.is_control()).take(100).collect();
    let detail = format!("the log has {there} at {at}, not {told}: begin anew without a position");
    Err(error(ErrorCode::HistoryReplaced, detail))
}

/// The id of the event at this position, if there is one in the index.
pub(crate) async fn event_at(store: &Store, at: Sequence) -> Result<Option<String>> {
    let Some(before) = at.get().checked_sub(1) else { return Ok(None) };
    let window = Window::First { count: 1, after: Sequence(before) };
    let page = store.events(&EventFilter::default(), window).await.map_err(|e| store_error(&e))?;
    Ok(page.events.into_iter().next().filter(|event| event.sequence == at).map(|event| event.id.clone()))
}
