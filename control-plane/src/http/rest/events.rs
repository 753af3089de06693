//! The log: pages as JSON or as lines of it, and the live log as server-sent events.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::call::{Caller, Params, json as answer_json};
use super::page::{PAGE, length, listed};
use super::stream;
use super::types::{AggregateKind, Data, Event, event_fields};
use crate::http::accept::{Accepted, accepted};
use crate::http::bounded::ANSWER_MAX;
use crate::http::problem::Problem;

/// The longest page.
const EVENTS_MAX: u32 = 500;
const NDJSON: &str = "application/x-ndjson";
const SSE: &str = "text/event-stream";

const LIST: &str = concat!(
    "query($first: Int, $after: String, $last: Int, $before: String, $filter: EventFilter) {
        data: events(first: $first, after: $after, last: $last, before: $before, filter: $filter) { nodes {",
    event_fields!(),
    "} pageInfo { hasPreviousPage hasNextPage startCursor endCursor } asOfSequence } }"
);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct Asked {
    /// So many after `after`, from the oldest on without it. Without `first` and `last`, the last 50.
    #[param(minimum = 1, maximum = 500)]
    first: Option<u32>,
    /// The sequence of the event before the page.
    after: Option<u64>,
    /// So many before `before`, or the newest.
    #[param(minimum = 1, maximum = 500)]
    last: Option<u32>,
    /// The sequence of the event after the page.
    before: Option<u64>,
    /// Those of these kinds.
    #[param(style = Form, explode = false)]
    #[serde(default, deserialize_with = "listed")]
    kinds: Option<Vec<AggregateKind>>,
    /// Those of these types.
    #[param(style = Form, explode = false)]
    #[serde(default, deserialize_with = "listed")]
    types: Option<Vec<String>>,
    service: Option<String>,
    aggregate: Option<String>,
    /// Caused by this actor, for example `user:alice`.
    actor: Option<String>,
    correlation_id: Option<String>,
    /// Recorded at this time or later.
    from: Option<DateTime<Utc>>,
    /// Recorded before this time.
    to: Option<DateTime<Utc>>,
    /// Part of the summary, type or aggregate.
    text: Option<String>,
}

/// One page of the log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventPage {
    /// In order of sequence.
    items: Vec<Event>,
    /// Where the page after this one begins (`first` and `after`), when there is more.
    next_cursor: Option<String>,
    /// Where the page before this one ends (`last` and `before`), when there is more.
    previous_cursor: Option<String>,
    /// Sequence of the last event that the answer takes into account.
    as_of_sequence: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    nodes: Vec<Event>,
    page_info: Ends,
    as_of_sequence: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ends {
    has_previous_page: bool,
    has_next_page: bool,
    start_cursor: Option<String>,
    end_cursor: Option<String>,
}

/// The forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Lines,
    Live,
}

/// The log: a page as JSON, the same page as lines of JSON (`application/x-ndjson`), or the live log
/// (`text/event-stream`).
#[utoipa::path(get, path = "/api/events", tag = "events",
    params(Asked, ("Last-Event-ID" = Option<String>, Header, pattern = "^[0-9]{1,19}(:[!-~]*)?$", description = "With server-sent events: go on after this one.")),
    responses((status = 200, description = "A page of events, or the live log.",
        content((EventPage = "application/json"), (String = "application/x-ndjson"), (String = "text/event-stream")),
        headers(("Link" = String, description = "The next page, and the previous one.")))))]
pub(super) async fn list(
    caller: Caller,
    Params(asked): Params<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = form(&headers)?;
    let filter = json!({
        "kinds": asked.kinds, "types": asked.types, "service": asked.service, "aggregate": asked.aggregate,
        "actor": asked.actor, "correlationId": asked.correlation_id, "from": asked.from, "to": asked.to,
        "text": asked.text,
    });
    if form == Form::Live {
        if asked.first.is_some() || asked.before.is_some() {
            return Err(Problem::invalid("first and before are of pages: the live log takes after, or last"));
        }
        let last = asked.last.map(|last| length(Some(last), PAGE, EVENTS_MAX)).transpose()?;
        return stream::follow(caller, &headers, asked.after, last, &filter);
    }
    for asked in [asked.first, asked.last].into_iter().flatten() {
        length(Some(asked), PAGE, EVENTS_MAX)?;
    }
    // Whoever says where a page begins may leave the usual length away.
    let first = asked.first.or(asked.after.filter(|_| asked.last.is_none()).map(|_| PAGE));
    let variables = json!({
        "first": first, "after": asked.after.map(|after| after.to_string()),
        "last": asked.last, "before": asked.before.map(|before| before.to_string()), "filter": filter,
    });
    let Data { data }: Data<Found> = caller.ask(LIST, variables).await?;
    page(&caller, form, data, asked.first.or(asked.last).unwrap_or(PAGE))
}

fn page(caller: &Caller, form: Form, found: Found, length: u32) -> Result<Response, Problem> {
    let Ends { has_previous_page, has_next_page, start_cursor, end_cursor } = found.page_info;
    let page = EventPage {
        next_cursor: end_cursor.filter(|_| has_next_page),
        previous_cursor: start_cursor.filter(|_| has_previous_page),
        as_of_sequence: found.as_of_sequence,
        items: found.nodes,
    };
    let length = length.to_string();
    let mut response = match form {
        Form::Json | Form::Live => answer_json(StatusCode::OK, &page)?,
        Form::Lines => ([(header::CONTENT_TYPE, NDJSON)], lines(&page.items)?).into_response(),
    };
    if let Some(cursor) = &page.next_cursor
        && let Some(link) =
            caller.link("next", &[("first", &length), ("after", cursor), ("last", ""), ("before", "")])
    {
        response.headers_mut().append(header::LINK, link);
    }
    if let Some(cursor) = &page.previous_cursor
        && let Some(link) =
            caller.link("prev", &[("last", &length), ("before", cursor), ("first", ""), ("after", "")])
    {
        response.headers_mut().append(header::LINK, link);
    }
    Ok(response)
}

fn lines(events: &[Event]) -> Result<String, Problem> {
    let mut lines = String::new();
    for event in events {
        lines += &serde_json::to_string(event).expect("events are JSON");
        lines.push('\n');
    }
    if lines.len() > ANSWER_MAX {
        return Err(Problem::invalid("the page has too many bytes: ask for a shorter one"));
    }
    Ok(lines)
}

/// The form that the client prefers. One that says nothing gets plain JSON.
fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let form = |kind: &str| match kind {
        "application/json" | "application/*" | "*/*" => Some(Form::Json),
        NDJSON => Some(Form::Lines),
        SSE => Some(Form::Live),
        _ => None,
    };
    match accepted(headers, form) {
        Accepted::Any => Ok(Form::Json),
        Accepted::Form(form) => Ok(form),
        Accepted::Neither => {
            let detail = format!("accept application/json, {NDJSON} or {SSE}");
            Err(Problem::invalid(detail).with_status(StatusCode::NOT_ACCEPTABLE))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_one_that_the_client_prefers() {
        let of = |accept: &str| {
            let headers: HeaderMap = [(header::ACCEPT, accept.parse().unwrap())].into_iter().collect();
            form(&headers).ok()
        };
        assert_eq!(form(&HeaderMap::new()).ok(), Some(Form::Json));
        assert_eq!(of("text/event-stream"), Some(Form::Live));
        assert_eq!(of("application/json;q=0.1, application/x-ndjson"), Some(Form::Lines));
        assert_eq!(of("*/*"), Some(Form::Json));
        assert_eq!(of("text/html"), None);
    }
}
