//! Subscriptions over graphql-transport-ws, driven here because of what the ready-made server does not
//! do: it closes with the right codes, bounds what one client may hold, and cuts off a slow reader.

mod protocol;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Data;
use async_graphql::http::{ClientMessage, WebSocketProtocols, WsMessage};
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::Utc;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::headers::RequestId;
use super::identity::{Started, bearer, session};
use super::places::Places;
use super::{App, Core};
use crate::auth::Grant;
use protocol::{Client, GOING_AWAY, Reason, SLOW_READER, SUBPROTOCOL, UNAUTHENTICATED};

const PROTOCOL: &str = "graphql-transport-ws";
/// The largest message from a client, in bytes.
const MESSAGE_MAX: usize = 64 * 1024;
/// A message of more bytes ends the connection without a word: nothing of it is read.
const FRAME_MAX: usize = 1024 * 1024;
/// How long a client may take to introduce itself.
const INTRODUCTION: Duration = Duration::from_secs(10);
/// How often a client is asked whether it is there. Any websocket client answers by itself.
const PING: Duration = Duration::from_secs(10);
/// How long a client may say nothing at all.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// How long one message may wait for a slow reader.
const SLOW: Duration = Duration::from_secs(3);
/// How long a client has to take a close, and to stop sending.
const FAREWELL: Duration = Duration::from_secs(2);
/// How many messages of a client wait for those before them.
const WAITING: usize = 16;

/// What one principal may have at a time, over all of its connections. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) sockets: Arc<Places<String>>,
    pub(crate) subscriptions: Arc<Places<String>>,
}

pub(super) async fn upgrade(
    State(app): State<App>,
    id: RequestId,
    headers: HeaderMap,
    Started(core): Started,
    upgrade: WebSocketUpgrade,
) -> Response {
    let presented = bearer(&headers).or_else(|| session(&headers));
    let grant = presented.and_then(|presented| app.auth.identify(presented));
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(FRAME_MAX).max_frame_size(FRAME_MAX);
    upgrade.on_upgrade(move |socket| async move {
        // A stop waits until it has told the client.
        let awaited = app.tasks.token();
        core.metrics.sockets().inc();
        let workers = app.workers.clone();
        let (metrics, name) = (Arc::clone(&core.metrics), id.0.clone());
        let conversation = workers.spawn(async move {
            converse(socket, &app, &core, grant, id).await;
            drop(awaited);
        });
        if let Err(panic) = conversation.await {
            tracing::error!(request = name, %panic, "a connection of subscriptions ended: its work panicked");
        }
        metrics.sockets().dec();
    })
}

/// What a client may say when it introduces itself.
#[derive(Deserialize)]
struct Introduction {
    token: Option<String>,
}

async fn converse(socket: WebSocket, app: &App, core: &Core, grant: Option<Grant>, id: RequestId) {
    let acceptable = socket.protocol().is_some_and(|protocol| protocol.as_bytes() == PROTOCOL.as_bytes());
    let (mut sink, mut source) = socket.split();
    let reason = if acceptable {
        answer(&mut sink, &mut source, app, core, grant, id).await
    } else {
        Some(told(SUBPROTOCOL))
    };
    match reason {
        Some((code, text)) => close(sink, source, code, text).await,
        // A client that has said farewell is answered.
        None => drop(tokio::time::timeout(FAREWELL, sink.close()).await),
    }
}

/// Until the conversation ends; the reason is told to the client, if there is one.
async fn answer(
    sink: &mut SplitSink<WebSocket, Message>,
    source: &mut SplitStream<WebSocket>,
    app: &App,
    core: &Core,
    grant: Option<Grant>,
    id: RequestId,
) -> Option<(u16, std::borrow::Cow<'static, str>)> {
    let client = Client::new(app.limits.clone());
    let (asked, mut waiting) = mpsc::channel::<ClientMessage>(WAITING);
    let incoming = futures_util::stream::poll_fn(move |cx| waiting.poll_recv(cx)).map(Ok);
    let (auth, known) = (Arc::clone(&app.auth), client.clone());
    let introduce = move |payload: serde_json::Value| async move {
        let token =
            serde_json::from_value::<Introduction>(payload).ok().and_then(|introduction| introduction.token);
        let grant = token.map_or(grant, |token| auth.identify(&token));
        let principal = known.introduce(grant).ok_or_else(|| async_graphql::Error::new("refused"))?;
        let mut data = Data::default();
        data.insert(principal);
        data.insert(aegis_graphql::RequestId(id.0));
        Ok(data)
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
    let mut ping = tokio::time::interval_at(begun + PING, PING);
    loop {
        let (introduced, expires) = client.standing();
        let left = expires.map(|expires| (expires - Utc::now()).to_std().unwrap_or_default());
        let heard = async {
            let room = asked.reserve().await;
            (source.next().await, room)
        };
        let message = tokio::select! {
            message = outgoing.next() => message,
            (message, room) = heard => {
                let message = client.read(&message?.ok()?);
                if let Some(verdict) = client.verdict() {
                    return Some(told(verdict));
                }
                // Nobody takes it when the other side has just ended, which is heard next.
                if let Ok(room) = room {
                    room.send(message?);
                }
                continue;
            }
            _ = ping.tick() => {
                send(sink, Message::Ping(vec![].into())).await.ok()?;
                continue;
            }
            () = app.stop.cancelled() => return Some(told(GOING_AWAY)),
            () = tokio::time::sleep(left.unwrap_or_default()), if left.is_some() => return Some(told(UNAUTHENTICATED)),
            () = tokio::time::sleep_until(begun + INTRODUCTION), if !introduced => return Some(told(UNAUTHENTICATED)),
        };
        if let Some(verdict) = client.verdict() {
            return Some(told(verdict));
        }
        match message? {
            WsMessage::Text(text) => {
                let Some(text) = client.answer(text) else { continue };
                match send(sink, Message::Text(text.into())).await {
                    Ok(()) => {}
                    Err(Unsent::Gone) => return None,
                    Err(Unsent::Slow) => return Some(told(SLOW_READER)),
                }
            }
            WsMessage::Close(code, text) => return Some((code, text.into())),
        }
    }
}

fn told((code, text): Reason) -> (u16, std::borrow::Cow<'static, str>) {
    (code, text.into())
}

enum Unsent {
    Gone,
    Slow,
}

async fn send(sink: &mut SplitSink<WebSocket, Message>, message: Message) -> Result<(), Unsent> {
    match tokio::time::timeout(SLOW, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_gone)) => Err(Unsent::Gone),
        Err(_elapsed) => Err(Unsent::Slow),
    }
}

/// Says farewell, and reads on until the client has heard it: a connection that is closed while something of the client is
/// unread is reset, and the farewell is lost.
async fn close(
    mut sink: SplitSink<WebSocket, Message>,
    mut source: SplitStream<WebSocket>,
    code: u16,
    text: std::borrow::Cow<'static, str>,
) {
    let frame = CloseFrame { code, reason: text.as_ref().into() };
    let farewell = async {
        // A client that has gone needs none.
        let _gone = sink.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_unread)) = source.next().await {}
    };
    let _elapsed = tokio::time::timeout(FAREWELL, farewell).await;
}
