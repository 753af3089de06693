//! Subscriptions over graphql-transport-ws, driven here because of what the ready-made server does not
//! do: it closes with the right codes, bounds what one client may hold, and cuts off a slow reader.

mod protocol;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::Utc;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Error as Unread;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use super::identity::{Started, bearer, session};
use super::places::Places;
use super::request_id::RequestId;
use super::{App, Core};
use crate::auth::Grant;
use protocol::{
    Client, End, GOING_AWAY, NO_PROTOCOL, NO_TEXT, Reason, SILENT, SLOW_READER, SUBPROTOCOL, TOO_BIG,
    UNAUTHENTICATED,
};

const PROTOCOL: &str = "graphql-transport-ws";
/// The largest message from a client, in bytes.
const MESSAGE_MAX: usize = 64 * 1024;
/// A message of more bytes ends the connection without a word: nothing of it is read.
const FRAME_MAX: usize = 1024 * 1024;
/// What is read of a client at once, in bytes: there are many clients, and they say little.
const READ_BUFFER: usize = 4 * 1024;
/// How long a client may take to introduce itself.
const INTRODUCTION: Duration = Duration::from_secs(10);
/// How often a client is asked whether it is there. Any websocket client answers by itself.
const PING: Duration = Duration::from_secs(10);
/// How long a client may say nothing at all: pings go unanswered then.
const SILENCE: Duration = Duration::from_secs(60);
/// How long one message may wait for a slow reader.
const SLOW: Duration = Duration::from_secs(3);
/// How long a client has to take a close, and to stop sending.
const FAREWELL: Duration = Duration::from_secs(2);

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
    let upgrade = upgrade.read_buffer_size(READ_BUFFER);
    upgrade.on_upgrade(move |socket| async move {
        // A stop waits until it has told the client.
        let awaited = app.tasks.token();
        core.metrics.sockets().inc();
        let workers = app.workers.clone();
        let (metrics, name) = (Arc::clone(&core.metrics), id.as_str().to_owned());
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

async fn converse(socket: WebSocket, app: &App, core: &Core, grant: Option<Grant>, id: RequestId) {
    let acceptable = socket.protocol().is_some_and(|protocol| protocol.as_bytes() == PROTOCOL.as_bytes());
    let (mut sink, mut source) = socket.split();
    let end = if acceptable {
        answer(&mut sink, &mut source, app, core, grant, id).await
    } else {
        End::Told(SUBPROTOCOL)
    };
    match end {
        End::Told(reason) => close(sink, source, reason).await,
        // A client that has said farewell is answered.
        End::Gone => drop(tokio::time::timeout(FAREWELL, sink.close()).await),
    }
}

/// Until the conversation ends.
async fn answer(
    sink: &mut SplitSink<WebSocket, Message>,
    source: &mut SplitStream<WebSocket>,
    app: &App,
    core: &Core,
    grant: Option<Grant>,
    id: RequestId,
) -> End {
    let mut client = Client::new(app, core, grant, id);
    let begun = Instant::now();
    let mut heard = begun;
    let mut ping = tokio::time::interval_at(begun + PING, PING);
    loop {
        let (introduced, expires) = client.standing();
        let left = expires.map(|expires| (expires - Utc::now()).to_std().unwrap_or_default());
        let said = tokio::select! {
            text = client.next() => Ok(Some(Message::text(text))),
            message = source.next() => {
                heard = Instant::now();
                match message {
                    Some(Ok(message)) => client.hear(message).map(|text| text.map(Message::text)),
                    Some(Err(error)) => Err(why(error)),
                    None => Err(End::Gone),
                }
            }
            _ = ping.tick() => Ok(Some(Message::Ping(vec![].into()))),
            () = app.stop.cancelled() => Err(End::Told(GOING_AWAY)),
            () = tokio::time::sleep(left.unwrap_or_default()), if left.is_some() => Err(End::Told(UNAUTHENTICATED)),
            () = tokio::time::sleep_until(begun + INTRODUCTION), if !introduced => Err(End::Told(UNAUTHENTICATED)),
            () = tokio::time::sleep_until(heard + SILENCE) => Err(End::Told(SILENT)),
        };
        match said {
            Ok(None) => {}
            Ok(Some(message)) => match send(sink, message).await {
                Ok(()) => {}
                Err(SendError::Gone) => return End::Gone,
                Err(SendError::Slow) => return End::Told(SLOW_READER),
            },
            Err(end) => return end,
        }
    }
}

/// How a conversation ends with a frame that cannot be read.
fn why(error: axum::Error) -> End {
    match error.into_inner().downcast_ref::<Unread>() {
        Some(Unread::Capacity(_)) => End::Told(TOO_BIG),
        Some(Unread::Utf8(_)) => End::Told(NO_TEXT),
        Some(Unread::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => End::Gone,
        Some(Unread::Protocol(_)) => End::Told(NO_PROTOCOL),
        _ => End::Gone,
    }
}

enum SendError {
    Gone,
    Slow,
}

async fn send(sink: &mut SplitSink<WebSocket, Message>, message: Message) -> Result<(), SendError> {
    match tokio::time::timeout(SLOW, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_gone)) => Err(SendError::Gone),
        Err(_elapsed) => Err(SendError::Slow),
    }
}

/// Says farewell, and reads on until the client has heard it: a connection that is closed while something of the client is
/// unread is reset, and the farewell is lost.
async fn close(
    mut sink: SplitSink<WebSocket, Message>,
    mut source: SplitStream<WebSocket>,
    (code, text): Reason,
) {
    let frame = CloseFrame { code, reason: text.into() };
    let farewell = async {
        // A client that has gone needs none.
        if sink.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        while let Some(read) = source.next().await {
            if read.is_err() {
                // Nothing more can be read: the client has until the time-out to take the close.
                std::future::pending::<()>().await;
            }
        }
    };
    let _elapsed = tokio::time::timeout(FAREWELL, farewell).await;
}
