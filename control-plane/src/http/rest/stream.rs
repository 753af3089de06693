//! The live log as server-sent events, driven by the subscription of the schema.

use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_graphql::data_json;
use async_graphql::Response as Told;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse as _, Response};
use chrono::Utc;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::call::{Caller, read_json};
use super::page::PAGE;
use super::types::{Data, Event, event_fields};
use crate::http::problem::Problem;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
/// How often a client is told that the connection lives.
const PING: Duration = Duration::from_secs(15);
/// How long a client waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);
/// How many messages wait for a slow reader; then nothing more is read for it, until the connection ends it.
const WAITING: usize = 4;

const EVENTS: &str = concat!(
    "subscription($after: Long, $id: String, $snapshot: Int!, $filter: EventFilter) {
        data: events(afterSequence: $after, afterId: $id, snapshot: $snapshot, filter: $filter) {
            ... on EventSnapshot { events {",
    event_fields!(),
    "} } ... on EventBatch { events {",
    event_fields!(),
    "} } } }"
);

#[derive(Debug, Deserialize)]
struct Batch {
    events: Vec<Event>,
}

/// The events after this position, or the last so many, and then every new one.
pub(super) fn follow(
    caller: Caller,
    headers: &HeaderMap,
    after: Option<u64>,
    last: Option<u32>,
    filter: &Value,
) -> Result<Response, Problem> {
    let (after, id) = match resumed(headers)? {
        Some((sequence, id)) => (Some(sequence), id),
        None => (after, None),
    };
    if after.is_some() && last.is_some() && !headers.contains_key(LAST_EVENT_ID) {
        return Err(Problem::invalid("give after or last, not both"));
    }
    let place = caller.app.limits.subscriptions.take(&caller.principal().name).ok_or_else(|| {
        let detail = "too many subscriptions of one principal: close some";
        Problem::new(ErrorCode::RateLimited, detail).with_retry_after(Some(RETRY))
    })?;
    let variables = json!({ "after": after, "id": id, "snapshot": last.unwrap_or(PAGE), "filter": filter });
    let (sender, mut waiting) = mpsc::channel::<Bytes>(WAITING);
    caller.app.workers.clone().spawn(async move {
        // A stop waits until it has told the client.
        let awaited = caller.app.tasks.token();
        converse(&caller, variables, &sender).await;
        drop((place, awaited));
    });
    let body = stream::poll_fn(move |cx| waiting.poll_recv(cx)).map(Ok::<_, std::convert::Infallible>);
    // nginx would keep a message until more of them fill its buffer.
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (UNBUFFERED, "no")];
    Ok((headers, Body::from_stream(body)).into_response())
}

async fn converse(caller: &Caller, variables: Value, sender: &mpsc::Sender<Bytes>) {
    let mut told = caller.core.schema.execute_stream(caller.request(EVENTS, variables)).boxed();
    let mut ping = tokio::time::interval(PING);
    let mut next = format!("retry: {}\n\n", RETRY.as_millis());
    loop {
        let sent = tokio::select! {
            sent = sender.send(next.into()) => sent,
            // A client that takes nothing is not told, either.
            () = caller.app.stop.cancelled() => return,
        };
        if sent.is_err() {
            return;
        }
        let left = caller.grant.expires.map(|expires| (expires - Utc::now()).to_std().unwrap_or_default());
        let end = tokio::select! {
            batch = told.next() => match batch.map(|batch| events(&batch, caller)) {
                Some(Ok(text)) => {
                    next = text;
                    continue;
                }
                Some(Err(problem)) => problem,
                None => Problem::new(ErrorCode::Unavailable, "the log is no longer followed: connect again"),
            },
            _ = ping.tick() => {
                next = ":\n\n".to_owned();
                continue;
            }
            () = sender.closed() => return,
            () = caller.app.stop.cancelled() => {
                Problem::new(ErrorCode::Unavailable, "the replica is stopping: connect again, to another one")
            }
            () = tokio::time::sleep(left.unwrap_or_default()), if left.is_some() => {
                Problem::new(ErrorCode::Unauthenticated, "the credential has ended: sign in again")
            }
        };
        // Nothing is left to be done for a client that has gone, or that does not read.
        let _unsent = sender.try_send(last_words(&end, caller).into());
        return;
    }
}

/// The events as they are sent.
fn events(told: &Told, caller: &Caller) -> Result<String, Problem> {
    if let Some(error) = told.errors.first() {
        return Err(Problem::of_error(error));
    }
    let Data { data: Batch { events } } = read_json(&data_json(told), &caller.id)?;
    let mut text = String::new();
    for event in events {
        let data = serde_json::to_string(&event).expect("events are JSON");
        text += &format!("id: {}:{}\nevent: event\ndata: {data}\n\n", event.sequence, event.id);
    }
    Ok(text)
}

/// How it ends. A position that leads nowhere is taken from the client, so that it begins anew when it comes back.
fn last_words(problem: &Problem, caller: &Caller) -> String {
    let leads_nowhere = matches!(problem.code(), ErrorCode::HistoryReplaced | ErrorCode::CursorExpired);
    let forget = if leads_nowhere { "id:\n" } else { "" };
    let body = problem.body(caller.app.outside.base(), caller.id.as_str());
    format!("{forget}event: problem\ndata: {body}\n\n")
}

/// The sequence and the id of the event that the client saw last.
fn resumed(headers: &HeaderMap) -> Result<Option<(u64, Option<String>)>, Problem> {
    let Some(last) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let malformed =
        || Problem::invalid("Last-Event-ID: give the id of a message of this stream, or a sequence");
    let last = last.to_str().map_err(|_no_text| malformed())?;
    if last.is_empty() {
        return Ok(None);
    }
    let (sequence, id) = match last.split_once(':') {
        Some((sequence, id)) => (sequence, Some(id.to_owned())),
        None => (last, None),
    };
    Ok(Some((sequence.parse().map_err(|_no_number| malformed())?, id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_goes_on_after_the_event_that_was_seen_last() {
        let of = |last: &str| {
            let headers: HeaderMap = [(LAST_EVENT_ID, last.parse().unwrap())].into_iter().collect();
            resumed(&headers).map_err(|problem| problem.code())
        };
        assert_eq!(of("7:abc"), Ok(Some((7, Some("abc".to_owned())))));
        assert_eq!(of("7"), Ok(Some((7, None))));
        assert_eq!(of(""), Ok(None));
        assert_eq!(of("x"), Err(ErrorCode::InvalidInput));
    }
}
