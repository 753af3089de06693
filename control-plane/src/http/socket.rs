//! Subscriptions over graphql-transport-ws, driven here because of what the ready-made server does not
//! do: it closes with the right codes, bounds what one client may hold, and cuts off a slow reader.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aegis_domain::ErrorCode;
use async_graphql::Data;
use async_graphql::http::{ClientMessage, WebSocketProtocols, WsMessage};
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::Utc;
use futures_util::{SinkExt, StreamExt as _};
use serde::Deserialize;

use super::error::ApiError;
use super::headers::RequestId;
use super::identity::{Started, bearer, session};
use super::{App, Core};
use crate::auth::Grant;

const PROTOCOL: &str = "graphql-transport-ws";
/// The largest message from a client, in bytes.
const MESSAGE_MAX: usize = 64 * 1024;
/// The most operations on one connection at a time.
const OPERATIONS: usize = 32;
/// How long a client may take to introduce itself.
const INTRODUCTION: Duration = Duration::from_secs(10);
/// How long a client may say nothing at all; it is expected to send pings.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// How long one message may wait for a slow reader.
const SLOW: Duration = Duration::from_secs(3);

pub(super) async fn upgrade(
    State(app): State<App>,
    id: RequestId,
    headers: HeaderMap,
    Started(core): Started,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_same_origin(&headers) {
        let message = "websockets are taken only from pages of this server";
        return ApiError::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, message, &id).into_response();
    }
    let presented = bearer(&headers).or_else(|| session(&headers));
    let grant = presented.and_then(|presented| app.auth.identify(presented));
    upgrade.protocols([PROTOCOL]).max_message_size(MESSAGE_MAX).on_upgrade(move |socket| async move {
        // A stop waits until it has told the client.
        let _awaited = app.tasks.token();
        core.metrics.sockets().inc();
        converse(socket, &app, &core, grant, id).await;
        core.metrics.sockets().dec();
    })
}

/// What a client may say when it introduces itself.
#[derive(Deserialize)]
struct Introduction {
    token: Option<String>,
}

/// Why the conversation has to end, with the code that graphql-transport-ws gives it.
type Reason = (u16, &'static str);

const UNAUTHENTICATED: Reason = (4401, "Unauthenticated");
const DUPLICATE: Reason = (4409, "An operation with this id is under way");
const TOO_MANY: Reason = (4429, "Too many operations on one connection");
const MALFORMED: Reason = (4400, "Not a message of graphql-transport-ws");
const SLOW_READER: Reason = (4408, "Messages were not taken in time");
const GOING_AWAY: Reason = (1001, "The server is stopping");

#[derive(Default)]
struct Shared {
    verdict: Option<Reason>,
    running: HashSet<String>,
    grant: Option<Grant>,
    introduced: bool,
}

async fn converse(socket: WebSocket, app: &App, core: &Core, grant: Option<Grant>, id: RequestId) {
    let (mut sink, source) = socket.split();
    let shared = Arc::new(Mutex::new(Shared { grant, ..Shared::default() }));
    let heard = Arc::clone(&shared);
    let incoming = source.scan(heard, |heard, message| {
        std::future::ready(message.ok().and_then(|message| read(message, heard)))
    });
    let (auth, known) = (Arc::clone(&app.auth), Arc::clone(&shared));
    let introduce = move |payload: serde_json::Value| async move {
        let token =
            serde_json::from_value::<Introduction>(payload).ok().and_then(|introduction| introduction.token);
        let mut shared = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = token {
            shared.grant = auth.identify(&token);
        }
        shared.introduced = true;
        match &shared.grant {
            Some(grant) => {
                let mut data = Data::default();
                data.insert(grant.principal.clone());
                data.insert(aegis_graphql::RequestId(id.0));
                Ok(data)
            }
            None => {
                shared.verdict = Some(UNAUTHENTICATED);
                Err(async_graphql::Error::new("unauthenticated"))
            }
        }
    };
    let mut outgoing = std::pin::pin!(
        async_graphql::http::WebSocket::from_message_stream(
            core.schema.clone(),
            incoming,
            WebSocketProtocols::GraphQLWS
        )
        .on_connection_init(introduce)
        .keepalive_timeout(KEEPALIVE)
    );
    let begun = tokio::time::Instant::now();
    let reason = loop {
        let (introduced, expires) = {
            let shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            (shared.introduced, shared.grant.as_ref().and_then(|grant| grant.expires))
        };
        let left = expires.map(|expires| (expires - Utc::now()).to_std().unwrap_or_default());
        let message = tokio::select! {
            message = outgoing.next() => message,
            () = app.stop.cancelled() => break Some(GOING_AWAY),
            () = tokio::time::sleep(left.unwrap_or_default()), if left.is_some() => break Some(UNAUTHENTICATED),
            () = tokio::time::sleep_until(begun + INTRODUCTION), if !introduced => break Some(UNAUTHENTICATED),
        };
        let verdict = shared.lock().unwrap_or_else(PoisonError::into_inner).verdict;
        if verdict.is_some() {
            break verdict;
        }
        match message {
            Some(WsMessage::Text(text)) => {
                note_end(&text, &shared);
                match tokio::time::timeout(SLOW, sink.send(Message::Text(text.into()))).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_gone)) => return,
                    Err(_elapsed) => break Some(SLOW_READER),
                }
            }
            Some(WsMessage::Close(code, text)) => {
                close(&mut sink, code, &text).await;
                return;
            }
            None => break None,
        }
    };
    if let Some((code, text)) = reason {
        close(&mut sink, code, text).await;
    }
}

/// Reads one message of the client; none ends the conversation.
fn read(message: Message, shared: &Mutex<Shared>) -> Option<serde_json::Result<ClientMessage>> {
    let text = match message {
        Message::Text(text) => text,
        // Answered by the library, and nothing to the protocol above it. A blank keeps the stream going.
        Message::Ping(_) | Message::Pong(_) => return Some(Ok(ClientMessage::Pong { payload: None })),
        Message::Binary(_) => {
            shared.lock().unwrap_or_else(PoisonError::into_inner).verdict = Some(MALFORMED);
            return None;
        }
        Message::Close(_) => return None,
    };
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(message) = serde_json::from_str::<ClientMessage>(&text) else {
        shared.verdict = Some(MALFORMED);
        return None;
    };
    match &message {
        ClientMessage::Start { .. } if !shared.introduced => {
            shared.verdict = Some(UNAUTHENTICATED);
            return None;
        }
        ClientMessage::Start { id, .. } => {
            if shared.running.len() >= OPERATIONS {
                shared.verdict = Some(TOO_MANY);
                return None;
            }
            if !shared.running.insert(id.clone()) {
                shared.verdict = Some(DUPLICATE);
                return None;
            }
        }
        ClientMessage::Stop { id } => {
            shared.running.remove(id);
        }
        ClientMessage::ConnectionInit { .. }
        | ClientMessage::ConnectionTerminate
        | ClientMessage::Ping { .. }
        | ClientMessage::Pong { .. } => {}
    }
    Some(Ok(message))
}

/// An operation that the server has ended frees its id.
fn note_end(text: &str, shared: &Mutex<Shared>) {
    #[derive(Deserialize)]
    struct Ended<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        id: Option<String>,
    }
    if let Ok(Ended { kind: "complete" | "error", id: Some(id) }) = serde_json::from_str(text) {
        shared.lock().unwrap_or_else(PoisonError::into_inner).running.remove(&id);
    }
}

async fn close(sink: &mut (impl SinkExt<Message> + Unpin), code: u16, text: &str) {
    let frame = CloseFrame { code, reason: text.into() };
    // A client that has gone needs no farewell.
    let _gone = tokio::time::timeout(SLOW, sink.send(Message::Close(Some(frame)))).await;
}

/// A browser tells where the page came from that opens a websocket; others tell nothing.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    origin.is_some() && origin == host
}
